"""participate: online users join open nodes, which reward them, give reports and stories."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.codes import FULL16, NO_STORY
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw, draw32, stream
from koubei_sim.model.kernels import hunters
from koubei_sim.model.kernels.engagement import add_engagement, stick
from koubei_sim.model.kernels.release import file_report
from koubei_sim.model.kernels.segments import joining16
from koubei_sim.model.kernels.votes import note_vote
from koubei_sim.model.mechanisms.participation import DRAW_JOIN, DRAW_STORY, T_JOINS
from koubei_sim.model.mechanisms.release import DRAW_REPORT, T_REPORTS

BASE_JOIN, BASE_STORY, BASE_REPORT = 8, 16, 24  # offsets in State.bases


@part
def prepare(s, r, t):
    """Compute the bases of today's coins."""
    for j in range(r.n_nodes):
        s.bases[BASE_JOIN + j] = stream(r.key, r.replicate, DRAW_JOIN, t, j)
        s.bases[BASE_STORY + j] = stream(r.key, r.replicate, DRAW_STORY, t, j)
        s.bases[BASE_REPORT + j] = stream(r.key, r.replicate, DRAW_REPORT, t, j)
        hunters.prepare(s, r, j)


@part
def forget_stories(a):
    """Let a new user have no story."""
    a.story = NO_STORY


@part
def participate(s, r, i, t, row):
    """Let online user `i` pass all nodes in turn."""
    a = s.actor[i]
    level = r.class_level[a.agent_class]
    # Taken out of their blocks here, or every store below would have them read again.
    opens, channel_of, bases = r.node_opens, r.node_channel, s.bases
    join32, join_fatigue16 = r.join32, r.join_fatigue16
    own16 = s.join16[i] if r.own_on == 1 else FULL16
    segment16 = joining16(r, a)
    channels, joined = np.int64(a.channels), a.joined
    for j in range(r.n_nodes):
        channel = channel_of[j]
        if t < opens[j] or (channel >= 0 and (channels >> channel) & 1 == 0):
            continue
        times = np.int64((joined >> np.uint64(8 * j)) & np.uint64(255))
        threshold = (join32[j, level] * join_fatigue16[times]) >> 16
        threshold = (threshold * segment16) >> 16
        threshold = (threshold * own16) >> 16
        if draw32(bases[BASE_JOIN + j], i) >= threshold:
            continue
        if times < 255:
            a.joined += np.uint64(1) << np.uint64(8 * j)
        row[T_JOINS + j] += 1
        if hunters.hunts(s, r, i, j, row):
            continue
        note_vote(s, r, i, j)
        add_engagement(s, r, i, t, r.node_reward[j])
        if channel >= 0:
            stick(s, r, i, t, channel)
        if r.node_reports[j] == 1:
            row[T_REPORTS] += 1
            priority = draw(s.bases[BASE_REPORT + j], i)
            file_report(s, r, a.product, i, r.node_content16[j], priority)
        if draw32(s.bases[BASE_STORY + j], i) < r.story32[j]:
            a.story = j
            a.story_until = t + r.story_life
            a.last_story = t

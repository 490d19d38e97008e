"""release: staff read reports, the product learns, those who were heard are honoured.

Reports are kept in a max-heap by keyed priority, so that only as many are held as the staff
can read; one more report moves the priority of no other.
"""

from __future__ import annotations

import numpy as np

from koubei_sim.core.codes import USER
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, exp_neg_portable, stream
from koubei_sim.model.kernels import backlog
from koubei_sim.model.kernels.engagement import add_engagement
from koubei_sim.model.mechanisms.release import DRAW_RELEASE_STORY, T_REPORTS_READ


@part
def file_report(s, r, product, agent, content, priority):
    """Offer a report to the pool of `product`: kept while among the smallest priorities."""
    capacity = min(r.reading_capacity[product], s.reports.shape[1])
    if capacity == 0:
        return
    heap = s.reports[product]
    size = s.n_reports[product]
    if size < capacity:
        k = size
        s.n_reports[product] = size + 1
        while k > 0 and heap[(k - 1) >> 1].priority < priority:
            heap[k] = heap[(k - 1) >> 1]
            k = (k - 1) >> 1
    else:
        if priority >= heap[0].priority:
            return
        k = 0
        while True:
            child = 2 * k + 1
            if child >= size:
                break
            if child + 1 < size and heap[child + 1].priority > heap[child].priority:
                child += 1
            if heap[child].priority <= priority:
                break
            heap[k] = heap[child]
            k = child
    heap[k].priority = priority
    heap[k].agent = agent
    heap[k].content = content


@part
def file_reports(s, r, product, lines):
    """Offer reports that were collected elsewhere to the pool of `product`."""
    for m in range(lines.size):
        file_report(s, r, product, lines[m].agent, lines[m].content, lines[m].priority)


@part
def give_story(s, r, t, i):
    """Give user `i` the story of a release: true, and new today."""
    a = s.actor[i]
    a.story = r.n_nodes
    a.story_until = t + r.story_life
    a.last_story = t


@part
def release(s, r, t, row):
    """Run the releases due at `t`; return whether any took place."""
    any_release = False
    for k in range(r.n_products):
        since = t - r.launch[k]
        if since <= 0 or since % r.release_interval[k] != 0:
            continue
        any_release = True
        read = s.n_reports[k]
        heap = s.reports[k]
        expert, newbie = np.int64(0), np.int64(0)
        for m in range(read):
            level = np.int64(r.class_level[s.actor[heap[m].agent].agent_class])
            expert += level * heap[m].content
            newbie += (127 - level) * heap[m].content
        x = np.float64(expert) / (127.0 * 65536.0)
        y = np.float64(newbie) / (127.0 * 65536.0)
        q = s.quality[k] + (1.0 - s.quality[k]) * r.own_work[k]
        d = s.difficulty[k] - s.difficulty[k] * r.own_work[k]
        q_new = (
            q + (1.0 - q) * (1.0 - exp_neg_portable(x / r.scale_quality[k])) * r.learn_quality[k]
        )
        d_new = d - d * (1.0 - exp_neg_portable(y / r.scale_difficulty[k])) * r.learn_difficulty[k]
        s.quality[k] = q_new
        s.difficulty[k] = d_new
        row[T_REPORTS_READ] += read
        # Where users miss things, those are honoured who asked for what is met now.
        asked = s.needs_so_far[k] > 0
        met = np.uint64(0)
        if asked:
            backlog.count_votes(s, r, t, k)
            met = backlog.meet_needs(s, r, t, k, row)
        if asked or (read > 0 and (q_new - q) + (d - d_new) >= r.visible_progress[k]):
            base = stream(r.key, r.replicate, DRAW_RELEASE_STORY, t, k)
            for m in range(read):
                i = heap[m].agent
                if s.stage[i] != USER or (asked and not backlog.is_met(met, heap[m].content)):
                    continue
                add_engagement(s, r, i, t, r.honour_gain)
                if draw32(base, i) < r.release_story32:
                    give_story(s, r, t, i)
        s.n_reports[k] = 0
    return any_release


@part
def opens(r, t):
    """Say whether there is a product for a further segment from today on."""
    return (r.segment_opens == t).any()


@part
def fit_table(s, r, t):
    """Fill `fit16` for all products and classes: what the product is worth to whom, now."""
    for k in range(r.n_products):
        q, d = s.quality[k], s.difficulty[k]
        for c in range(r.class_level.size):
            f = q - d * (1.0 - r.class_level[c] / 127.0)
            f = f - backlog.missed_on_average(s, r, k, np.int64(r.class_level[c]))
            f = min(1.0, max(0.0, f))
            if r.product_taste[k] >= 0 and r.product_taste[k] != r.class_taste[c]:
                f = f * r.off_taste
            if t < r.open_to_all and r.class_enthusiast[c] == 0:
                f = f * r.admission
            closed = t < r.segment_opens[r.class_segment[c]]
            if closed or (r.class_pays[c] >> k) & 1 == 0 or t < r.launch[k]:
                f = 0.0
            s.fit16[k, c] = np.int64(f * 65536.0)

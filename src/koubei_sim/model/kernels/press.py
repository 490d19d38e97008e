"""press: own media, a message a day from outside, more of it where it follows what people say."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.codes import HOPS, RECRUITER_MEDIA
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import log_portable, stream
from koubei_sim.model.kernels.accounts import any_post32, followers
from koubei_sim.model.kernels.boards import UNIT32, expose, next_seers
from koubei_sim.model.kernels.copying import crowded
from koubei_sim.model.kernels.events import lifted
from koubei_sim.model.kernels.hearing import claim
from koubei_sim.model.mechanisms.media import DRAW_SEE_MEDIA
from koubei_sim.model.mechanisms.press import T_PRESS
from koubei_sim.model.mechanisms.telling import T_TELLS_HOP


@part
def runs(r, m, t):
    """Say whether campaign `m` can be seen today."""
    return r.media_start[m] <= t < r.media_end[m] and t >= r.channel_opens[r.media_channel[m]]


@part
def visible32(s, r, m, t):
    """Return the chance that a member sees campaign `m` today, in units of 2**-32."""
    much = np.float64(r.media_see32[m]) * (r.media_lead[m] + s.attention[m])
    visible = np.int64(min(4294967296.0, much))
    if r.media_lifted[m] == 1:
        visible = min(UNIT32, lifted(r, visible, r.media_channel[m], t))
    return crowded(s, any_post32(r, m, visible))


@part
def own_media(s, r, t, row):
    """Let the campaigns be seen by members of their channels, one after the other."""
    for m in range(r.media_channel.size):
        least = UNIT32 - visible32(s, r, m, t)
        if not runs(r, m, t) or least == UNIT32:
            continue
        c, product = r.media_channel[m], r.media_product[m]
        base = stream(r.key, r.replicate, DRAW_SEE_MEDIA, t, m)
        reading = (np.int64(0), np.int64(0), np.int64(0), r.media_hazard[m])
        w = s.first >> 6
        while w < (s.last + 63) >> 6:
            w, seers = next_seers(s, c, w, base, least)
            seers = followers(s, r, t, c, m, seers, row)
            for winner in range(expose(s, r, t, seers, product, reading, 8 + c, row)):
                claim(s, s.block_listener[s.block_message[winner]], RECRUITER_MEDIA, c, product)


@part
def evening(s, r, t, row):
    """Note how much there was of the campaigns, and let the press hear what was told."""
    if r.press_on == 0:
        return
    told = np.float64(row[T_TELLS_HOP : T_TELLS_HOP + HOPS].sum())
    for m in range(r.media_channel.size):
        if not runs(r, m, t):
            continue
        row[T_PRESS] += np.int64((r.media_lead[m] + s.attention[m]) * 65536.0)
        loud = log_portable((told * r.media_scale + 1.0) / (r.media_notice[m] + 1.0))
        s.attention[m] = (1.0 - r.media_forget[m]) * s.attention[m] + r.media_follow[m] * max(
            0.0, loud
        )

"""complain: an unhappy user may complain, which is participation too; some leave."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw, draw32, pick
from koubei_sim.model.kernels.engagement import add_engagement
from koubei_sim.model.kernels.participate import BASE_REPORT
from koubei_sim.model.kernels.release import file_report
from koubei_sim.model.mechanisms.complaints import T_COMPLAINTS
from koubei_sim.model.mechanisms.release import T_REPORTS

BASE_COMPLAIN, BASE_COMPLAIN_CHANNEL, BASE_LAPSE, BASE_CHURN = 1, 2, 3, 4
BASE_REPORT_OF_COMPLAINT = BASE_REPORT + 8
CHURN_CANDIDATE, LAPSE_CANDIDATE = 1, 2


@part
def service_channel(s, r, i, t):
    """Pick the channel on which `i` complains, or -1 when none would take it."""
    channels = s.actor[i].channels
    count = 0
    for c in range(r.n_channels):
        if r.service_capacity[c] > 0 and t >= r.channel_opens[c] and (channels >> c) & 1:
            count += 1
    if count == 0:
        return -1
    wanted = pick(draw32(s.bases[BASE_COMPLAIN_CHANNEL], i), count)
    for c in range(r.n_channels):
        if r.service_capacity[c] > 0 and t >= r.channel_opens[c] and (channels >> c) & 1:
            if wanted == 0:
                return c
            wanted -= 1
    return -1


@part
def complain(s, r, i, t, value, row):
    """Complaint coin and leaving coins of online user `i` with satisfaction `value`."""
    unhappy = value < 0.0
    if unhappy:
        a = s.actor[i]
        threshold = np.int64(min(1.0, (-value) * r.complaint_rate * s.squeak[0]) * 4294967296.0)
        if a.pending == 0 and draw32(s.bases[BASE_COMPLAIN], i) < threshold:
            channel = service_channel(s, r, i, t)
            if channel >= 0:
                a.pending = 1
                a.complained = t
                row[T_REPORTS] += 1
                row[T_COMPLAINTS + channel] += 1
                file_report(s, r, a.product, i, 65536, draw(s.bases[BASE_REPORT_OF_COMPLAINT], i))
                add_engagement(s, r, i, t, r.complaint_gain)
                k = s.n_complaints[channel]
                s.complaints[channel, k] = i
                s.n_complaints[channel] = k + 1
    kind = 0
    if r.churn32 > 0 and draw32(s.bases[BASE_CHURN], i) < r.churn32:
        kind = CHURN_CANDIDATE
    elif unhappy and draw32(s.bases[BASE_LAPSE], i) < r.lapse32:
        kind = LAPSE_CANDIDATE
    if kind != 0:
        k = s.n_leavers[0]
        s.leavers[k] = i
        s.leaver_kind[k] = kind
        s.n_leavers[0] = k + 1

"""complain: an unhappy user may complain, which is participation too."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw, draw32, stream
from koubei_sim.model.kernels.engagement import add_engagement
from koubei_sim.model.kernels.participate import BASE_REPORT
from koubei_sim.model.kernels.release import file_report
from koubei_sim.model.kernels.serve import readiness, service_channel
from koubei_sim.model.mechanisms.complaints import (
    DRAW_COMPLAIN,
    DRAW_COMPLAIN_CHANNEL,
    T_COMPLAINTS,
)
from koubei_sim.model.mechanisms.release import DRAW_REPORT, REPORT_OF_COMPLAINT, T_REPORTS

BASE_COMPLAIN, BASE_COMPLAIN_CHANNEL = 1, 2
BASE_REPORT_OF_COMPLAINT = BASE_REPORT + 8


@part
def prepare(s, r, t):
    """Compute the bases of today's coins."""
    s.bases[BASE_COMPLAIN] = stream(r.key, r.replicate, DRAW_COMPLAIN, t, 0)
    s.bases[BASE_COMPLAIN_CHANNEL] = stream(r.key, r.replicate, DRAW_COMPLAIN_CHANNEL, t, 0)
    s.bases[BASE_REPORT_OF_COMPLAINT] = stream(
        r.key, r.replicate, DRAW_REPORT, t, REPORT_OF_COMPLAINT
    )


@part
def complain(s, r, i, t, value, row):
    """Complaint coin of online user `i` with satisfaction `value`."""
    if value < 0.0:
        a = s.actor[i]
        threshold = np.int64(min(1.0, (-value) * r.complaint_rate * readiness(s)) * 4294967296.0)
        if a.pending == 0 and draw32(s.bases[BASE_COMPLAIN], i) < threshold:
            channel = service_channel(s, r, i, t, draw32(s.bases[BASE_COMPLAIN_CHANNEL], i))
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

"""complain: unhappy users turn to the staff, and some users think of leaving.

A complaint is participation too: it is a report and it binds.  Called by the schedule after
participate, once per online user; the queues and the leaving are settled in serve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.model.mechanisms.complaints import (
    DRAW_COMPLAIN,
    DRAW_COMPLAIN_CHANNEL,
    T_COMPLAINTS,
)
from koubei_sim.model.mechanisms.leaving import DRAW_LAPSE
from koubei_sim.model.mechanisms.release import REPORT_OF_COMPLAINT
from koubei_sim.model.reference.coins import pick
from koubei_sim.model.reference.engagement import add_engagement
from koubei_sim.model.reference.leaving import stays
from koubei_sim.model.reference.release import file_report
from koubei_sim.model.reference.serve import service_channels

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid

FULL_CONTENT16 = 65536


def complain(model: Pyramid, day: Day, user: Person, content: float) -> None:
    """Let one online user complain, and toss its coin of leaving unserved.

    Parameters
    ----------
    model : Pyramid
    day : Day
    user : Person
        After its joining.
    content : float
        Its satisfaction at the start of the turn; below 0 it is unhappy.
    """
    rules, t = model.rules, day.t
    if content < 0.0:
        rate = (-content) * rules.complaint_rate * model.squeak
        threshold = int(min(1.0, rate) * 4294967296.0)
        channels = service_channels(model, t, user)
        if (
            model.coins.coin(DRAW_COMPLAIN, t, 0, user.number) < threshold
            and not user.complaint_pending
            and channels
        ):
            bits = model.coins.coin(DRAW_COMPLAIN_CHANNEL, t, 0, user.number)
            file_complaint(model, day, user, channels[pick(bits, len(channels))])
        if stays(model, user):
            return
        if model.coins.coin(DRAW_LAPSE, t, 0, user.number) < rules.lapse32:
            day.lapse_candidates.append(user)


def file_complaint(model: Pyramid, day: Day, user: Person, c: int) -> None:
    """Complain on channel c."""
    user.complaint_pending = True
    user.complained_at = day.t
    file_report(model, day, user, REPORT_OF_COMPLAINT, FULL_CONTENT16)
    add_engagement(model, day.t, user, model.rules.complaint_gain)
    day.complaints.setdefault(c, []).append(user)
    day.row[T_COMPLAINTS + c] += 1

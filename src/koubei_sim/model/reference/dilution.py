"""dilution: replies fall with the share of enthusiasts among those who told in the last week.

Called by the schedule in the morning and in the evening.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import FULL16
from koubei_sim.core.draws import power_portable
from koubei_sim.model.mechanisms.dilution import T_TELLS_ENTHUSIAST, WEEK
from koubei_sim.model.mechanisms.telling import T_TELLS_NEGATIVE, T_TELLS_POSITIVE

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Pyramid


def look_back(model: Pyramid) -> None:
    """Reckon what is left of replies today, on each channel."""
    model.reply16 = [reply_left16(model, c) for c in range(model.rules.n_channels)]


def reply_left16(model: Pyramid, c: int) -> int:
    """Return the share of enthusiasts among last week's tellings of users, to its exponent."""
    exponent = model.rules.dilution[c]
    told = sum(day[c] for day, _ in model.week)
    if exponent <= 0.0 or told == 0:
        return FULL16
    share = sum(day[c] for _, day in model.week) / told
    return int(power_portable(share, exponent) * 65536.0)


def remember(model: Pyramid, day: Day) -> None:
    """Keep what users told today for a week."""
    channels = range(model.rules.n_channels)
    told = [day.row[T_TELLS_POSITIVE + c] + day.row[T_TELLS_NEGATIVE + c] for c in channels]
    model.week.append((told, [day.row[T_TELLS_ENTHUSIAST + c] for c in channels]))
    del model.week[:-WEEK]

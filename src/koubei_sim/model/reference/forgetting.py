"""forgetting: who has seen nothing for long no longer knows of the product.

Called by age.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import AWARE, UNAWARE
from koubei_sim.model.mechanisms.forgetting import DRAW_FORGET, T_FORGOT
from koubei_sim.model.reference.returns import come_back

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Pyramid

WEEK = 7


def forget(model: Pyramid, day: Day) -> None:
    """At the end of a week, let those forget the product who know of it, by what they last saw."""
    rules, t = model.rules, day.t
    if not rules.forget_on:
        return
    for person in model.people:
        if person.stage == AWARE:
            days = min(WEEK, t - max(0, person.touched))
            if model.coins.coin(DRAW_FORGET, t, 0, person.number) < rules.forget32[days]:
                come_back(t, person, UNAWARE)
                day.row[T_FORGOT] += 1

"""appeal: how much a telling pleases, and which ones the firm picks to show to everybody.

Called by tell, for whoever tells, and by hear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import KIND_RELAY
from koubei_sim.model.mechanisms.appeal import (
    CLASSES,
    DRAW_AMPLIFY_TIE,
    DRAW_APPEAL,
    DRAW_RIDE,
    MOST8,
    ONE8,
)
from koubei_sim.model.reference.coins import pick

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day, Telling
    from koubei_sim.model.reference.state import Person, Pyramid

MOST_RATE = 1 << 40


def eager(model: Pyramid, person: Person, kind: int, threshold: int) -> int:
    """Return the threshold of telling: a relay tells more of what pleased it."""
    if not model.rules.appeal_on or kind != KIND_RELAY:
        return threshold
    return min(MOST_RATE, threshold * person.heard_appeal >> 8)


def appeal_of(model: Pyramid, day: Day, person: Person, kind: int, c: int) -> int:
    """Return the appeal of what a person tells on channel c today, in units of 1/256."""
    rules, t = model.rules, day.t
    if not rules.appeal_on:
        return ONE8
    if kind == KIND_RELAY:
        appeal = person.heard_appeal * rules.fidelity16[c] >> 16
    else:
        appeal = rules.appeal8[pick(model.coins.coin(DRAW_APPEAL, t, c, person.number), CLASSES)]
    if model.coins.coin(DRAW_RIDE, t, c, person.number) < rules.ride32[c][t]:
        appeal = appeal * rules.ride16[c][t] >> 16
    return min(appeal, MOST8)


def weighed(model: Pyramid, limit: int, telling: Telling) -> int:
    """Return the threshold of seeing a telling on a feed."""
    if not model.rules.appeal_on:
        return limit
    return min(1 << 32, limit * telling.appeal >> 8)


def best_of(model: Pyramid, day: Day, c: int) -> list[Telling]:
    """Return the stories of the day on channel c that are shown to all, the best one first."""
    praise = [x for x in day.tellings if x.channel == c and x.sign > 0]

    def place(story: Telling) -> tuple[int, int, int]:
        number = story.teller.number
        return -story.appeal, model.coins.coin(DRAW_AMPLIFY_TIE, day.t, c, number), number

    praise.sort(key=place)
    return praise[: model.rules.amplify[c]]

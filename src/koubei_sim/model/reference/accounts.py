"""accounts: campaigns that post so many times a day, and people who have had enough of one.

How much of a campaign there is is asked for by press; who has left it, and who leaves, by hear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.draws import power_portable
from koubei_sim.model.mechanisms.accounts import (
    CLASSES,
    DRAW_TOLERANCE,
    DRAW_UNFOLLOW,
    T_UNFOLLOWS,
)
from koubei_sim.model.reference.coins import pick

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid

CERTAIN = 4294967296.0


def by_posts(model: Pyramid, m: int, seen: int) -> int:
    """Return the chance to see one at least of the posts of a day, each seen with this one."""
    posts = model.rules.media_posts[m]
    if posts == 1.0:
        return seen
    return int((1.0 - power_portable(1.0 - seen / CERTAIN, posts)) * CERTAIN)


def follows(model: Pyramid, person: Person, m: int) -> bool:
    """Say whether a person has not left a campaign."""
    return not model.rules.unfollow_on or m not in person.unfollowed


def perhaps_unfollow(model: Pyramid, day: Day, person: Person, m: int, c: int) -> None:
    """Let one who has seen a campaign on channel c leave it for good, by what it puts up with."""
    rules, t, i = model.rules, day.t, person.number
    if not rules.unfollow_on:
        return
    patience = pick(model.coins.coin(DRAW_TOLERANCE, 0, m, i), CLASSES)
    if model.coins.coin(DRAW_UNFOLLOW, t, m, i) < rules.unfollow32[m][patience]:
        person.unfollowed.add(m)
        day.row[T_UNFOLLOWS + c] += 1

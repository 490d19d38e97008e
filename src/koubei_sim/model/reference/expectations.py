"""expectations: who is served well comes to expect it, and who is surprised tells.

Called by satisfaction and by adoption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.model.mechanisms.expectations import DRAW_DELIGHT

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid


def told_to(model: Pyramid, user: Person) -> float:
    """Return what a user is told to expect of its product: experts expect more, or less."""
    rules, k = model.rules, user.product
    return rules.bar[k] + rules.bar_expert[k] * user.expertise


def expected(model: Pyramid, user: Person) -> float:
    """Return what a user expects of its product."""
    return user.expected if model.rules.expectations_on else told_to(model, user)


def follow(model: Pyramid, day: Day, user: Person, found: float) -> None:
    """Let expectations follow what was found; a surprise may be a story to tell."""
    rules = model.rules
    if not rules.expectations_on:
        return
    surprise = found - user.expected
    user.expected += rules.bar_rise * surprise
    if surprise > 0.0:
        limit = int(min(1.0, rules.delight * surprise) * 4294967296.0)
        if model.coins.coin(DRAW_DELIGHT, day.t, 0, user.number) < limit:
            user.story = rules.n_nodes
            user.story_until = day.t + rules.story_life
            user.last_story = day.t

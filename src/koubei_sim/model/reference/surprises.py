"""surprises: some of the users who tell get a present, by lot.

Called by `PyramidModel` in the morning, and by `tell`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.model.mechanisms.surprises import DRAW_SURPRISE, T_SURPRISES
from koubei_sim.model.reference.engagement import add_engagement

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid


def wrap(model: Pyramid) -> None:
    """Reckon the chance of a present on each channel, from what users told yesterday."""
    channels = range(model.rules.n_channels)
    model.surprise_chance = [chance_of_present(model, c) for c in channels]


def chance_of_present(model: Pyramid, c: int) -> int:
    """Return the chance of today on channel c, in units of 2**-32."""
    told = model.week[-1][0][c] if model.week else 0
    if told == 0:
        return 0
    return int(min(1.0, model.rules.surprises[c] / told) * 4294967296.0)


def gets_present(model: Pyramid, day: Day, user: Person, c: int) -> bool:
    """Toss the coin of a user who tells on channel c, and hand the present over."""
    coin = model.coins.coin(DRAW_SURPRISE, day.t, c, user.number)
    if coin >= model.surprise_chance[c]:
        return False
    day.row[T_SURPRISES + c] += 1
    add_engagement(model, day.t, user, model.rules.surprise_gain[c])
    return True

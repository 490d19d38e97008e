"""belonging: the more fans are among those whom one hears, the more one likes and believes.

Called by the schedule in the morning; hear, satisfaction and goods ask for what it is worth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import LOYAL, USER
from koubei_sim.model.mechanisms.belonging import FULL8, WEEK

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid


def look_around(model: Pyramid, day: Day) -> None:
    """Once a week, count the fans among those whom each person hears on the feed that counts."""
    if model.rules.tribe < 0 or day.t % WEEK != 0:
        return
    for person in model.people:
        heard = model.heard_there[person.number]
        fans = sum(is_fan(model.people[i]) for i in heard)
        person.fans8 = FULL8 * fans // len(heard) if heard else 0


def is_fan(person: Person) -> bool:
    """Say whether a person is a user above the lowest tier."""
    return person.stage == USER and person.tier >= LOYAL


def pulled(model: Pyramid, person: Person, y: int) -> int:
    """Return what praise does to a person among its fans."""
    return y * model.rules.pull16[person.fans8] >> 16


def among_fans(person: Person) -> float:
    """Return the share of fans at the last look, 0 to 1."""
    return person.fans8 / 255.0


def content_among_fans(model: Pyramid, user: Person) -> float:
    """Return the satisfaction of being among fans."""
    return model.rules.belonging * among_fans(user)


def wanted_among_fans(model: Pyramid, person: Person) -> float:
    """Return the utility that a good of ours has among fans."""
    return model.rules.tribe_weight * among_fans(person)

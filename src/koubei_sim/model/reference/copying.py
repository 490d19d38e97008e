"""copying: others follow the share of users, do the same, and crowd whatever is seen.

Called by the schedule in the morning; hear and press ask for what has room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import FULL16, USER

if TYPE_CHECKING:
    from koubei_sim.model.reference.state import Pyramid


def look_around(model: Pyramid) -> None:
    """Let others follow the share of users of yesterday, and reckon the room that they leave."""
    rules = model.rules
    model.room16 = FULL16
    if rules.copied > 0.0:
        users = sum(person.stage == USER for person in model.people)
        model.followed = model.followed + (users / rules.n - model.followed) * rules.copied_step
        model.room16 = int(65536.0 / (1.0 + rules.copied * model.followed))


def with_room(model: Pyramid, much: int) -> int:
    """Return what is left of an amount that is seen."""
    return much * model.room16 >> 16

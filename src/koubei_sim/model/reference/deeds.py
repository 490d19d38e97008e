"""deeds: what the staff did well is told, and learnt from.

Called by serve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.draws import exp_neg_portable
from koubei_sim.model.mechanisms.deeds import DRAW_DEED

if TYPE_CHECKING:
    from koubei_sim.model.reference.state import Person, Pyramid

CERTAIN = 1 << 32


def answer_chance32(model: Pyramid) -> int:
    """Return the chance that an answer helps today, by all that helped before, in 2**-32."""
    rules = model.rules
    if rules.deed_rate <= 0.0:
        return rules.answer32
    fails = (CERTAIN - rules.answer32) * float(exp_neg_portable(rules.deed_rate * model.helped))
    return CERTAIN - int(fails)


def perhaps_tell_of_it(model: Pyramid, t: int, user: Person, c: int) -> None:
    """Let an answer that helped on channel c be a story, as that of a release is."""
    if model.coins.coin(DRAW_DEED, t, c, user.number) < model.rules.deed32:
        user.story = model.rules.n_nodes
        user.story_until = t + model.rules.story_life
        user.last_story = t

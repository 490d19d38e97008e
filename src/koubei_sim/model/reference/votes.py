"""votes: who has ever voted wants what is to come more.

Called by `participate` and by `goods`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from koubei_sim.model.reference.state import Person, Pyramid


def note_vote(model: Pyramid, user: Person, j: int) -> None:
    """Remember for ever that a user voted."""
    if model.rules.node_votes[j]:
        user.voted = True


def wanted_by_voters(model: Pyramid, person: Person) -> float:
    """Return the utility that a good of ours has for one who voted."""
    return model.rules.vote_weight if person.voted else 0.0

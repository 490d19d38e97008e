"""segments: kinds of people join, tell, leave and become bound more or less than others.

Called by participate, tell, leaving and engagement, last in each product of factors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from koubei_sim.model.reference.state import Person, Pyramid

MOST_OFTEN = 2**40


def joins_as(model: Pyramid, user: Person, threshold: int) -> int:
    """Return the threshold of joining a node, for one of this segment."""
    return threshold * model.rules.segment_join16[user.segment] >> 16


def tells_as(model: Pyramid, user: Person, threshold: int) -> int:
    """Return the threshold of telling of a user of this segment."""
    if not model.rules.segments_differ:
        return threshold
    return min(threshold, MOST_OFTEN) * model.rules.segment_tell16[user.segment] >> 16


def leaves_as(model: Pyramid, user: Person, threshold: int) -> int:
    """Return the threshold of leaving of itself, for a user of this segment."""
    return threshold * model.rules.segment_leave16[user.segment] >> 16


def gains_as(model: Pyramid, user: Person, gain: float) -> float:
    """Return what a gain of engagement is to a user of this segment."""
    return gain * model.rules.segment_gain[user.segment]

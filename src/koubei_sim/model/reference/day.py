"""What is remembered within one tick and forgotten after it.

The schedule makes one `Day` per tick and hands it to each submodel in turn; the fields say
which submodel fills and which reads them.  Agents keep what outlives the tick.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from koubei_sim.model.mechanisms import TABLE_WIDTH
from koubei_sim.model.mechanisms.appeal import ONE8

if TYPE_CHECKING:
    from koubei_sim.model.reference.state import Person


@dataclass(frozen=True)
class Telling:
    """One message: a post on a board, or word to all listeners of the teller on a feed."""

    teller: Person
    channel: int
    sign: int  # +1 or -1
    hazard: int  # units of 2**-32, never negative
    hop: int
    product: int
    first: bool  # the teller's first positive telling on this channel
    appeal: int = ONE8  # units of 1/256


@dataclass(frozen=True)
class EventTelling:
    """A user's telling under an event with a gain (tell -> age)."""

    teller: Person
    channel: int
    replies: int  # 0 or 1


@dataclass
class Day:
    """One tick."""

    t: int
    row: list[int] = field(default_factory=lambda: [0] * TABLE_WIDTH)  # of the daily table
    online: list[Person] = field(default_factory=list)  # online talkers, ascending
    unhappy: set[int] = field(default_factory=set)  # numbers of unhappy online users
    complaints: dict[int, list[Person]] = field(default_factory=dict)  # by channel, to serve
    churn_candidates: list[Person] = field(default_factory=list)  # morning -> serve
    lapse_candidates: list[Person] = field(default_factory=list)  # complain -> serve
    tellings: list[Telling] = field(default_factory=list)  # tell -> hear
    event_tellings: list[EventTelling] = field(default_factory=list)  # tell -> age
    attendees: list[Person] = field(default_factory=list)  # meetings -> age, in keyed order
    newly_aware: list[Person] = field(default_factory=list)  # hear -> decide
    claimed: list[Person] = field(default_factory=list)
    rejected: list[Person] = field(default_factory=list)
    recruits: Counter[int] = field(default_factory=Counter)  # by recruiter, decide -> age

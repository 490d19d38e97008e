"""offline meetings: people come together, are moved by it, and leave with new ties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    Column,
    FloatArray,
    IntArray,
    Made,
    Mechanism,
    Module,
    Purpose,
    array,
    arrays,
    by_person,
    count,
    list_of_day,
)
from koubei_sim.model.mechanisms.events import occurrences
from koubei_sim.model.mechanisms.fields import (
    Part,
    Real,
    Truth,
    Whole,
    engagement,
    fraction,
    only_with,
    people,
    truth,
)
from koubei_sim.model.mechanisms.numbers import scaled, threshold, whole

DRAW_ATTEND = Purpose(31, "tick, meeting")
DRAW_MEET = Purpose(32, "tick, meeting; 64-bit order")
T_MEETING_ATTENDEES = Column(176, "meeting_attendees", "people at an offline meeting")

TIE = np.dtype([("target", "i4"), ("following", "i4"), ("channel", "i4")], align=True)


class Meeting(Part):
    """Of an event: a meeting in person on its first day."""

    offline: Truth = truth(False, "a meeting in person on its first day")
    attend: Real = only_with(
        "offline", fraction(0.1, "probability that an online user comes to a meeting")
    )
    size_cap: Whole = only_with("offline", people(100, "people who fit into a meeting"))
    meet_gain: Real = only_with(
        "offline", engagement(0.0, "engagement gained at a meeting", high=1000.0)
    )
    new_ties: Whole = only_with(
        "offline",
        people(0, "new ties a person makes in each direction of the table (feeds)", high=50),
    )


@dataclass(frozen=True)
class MeetingRules(Record):
    """The meetings, numbered among the offline events; M of them."""

    meeting_at: IntArray  # [T] meeting number or -1
    meeting_channel: IntArray  # [M]
    meeting_attend32: IntArray  # [M]
    meeting_cap: IntArray  # [M]
    meeting_gain: FloatArray  # [M]
    meeting_ties: IntArray  # [M]


def _any_meeting(rules: Any) -> bool:
    return bool((rules.meeting_at >= 0).any())


def _most_ties(rules: Any) -> int:
    most = 0
    for m in rules.meeting_at[rules.meeting_at >= 0]:
        most += 2 * min(rules.n, int(rules.meeting_cap[m])) * int(rules.meeting_ties[m])
    return max(1, most)


@arrays
class MeetingState(Record):
    """Who is there today, and the ties made so far: first of each person, following."""

    attendees: NDArray[np.int32] = list_of_day(np.int32, counter="n_attendees")
    n_attendees: IntArray = count()
    tie_head: NDArray[np.int32] = by_person(np.int32, fill=-1, needed=_any_meeting)
    ties: Any = array(TIE, _most_ties)
    n_ties: IntArray = array(np.int64, 1, fill=0)


def numbers(made: Made) -> MeetingRules:
    """Return the meetings: each on the first day of an occurrence of an offline event."""
    scenario, names = made.scenario, list(made.scenario.channels)
    meetings = [event for event in scenario.events.values() if event.offline]
    at = np.full(scenario.ticks, -1, dtype=np.int64)
    for m, event in enumerate(meetings):
        for start, _ in occurrences(event, scenario.ticks):
            at[start] = m
    return MeetingRules(
        meeting_at=at,
        meeting_channel=whole(names.index(e.channel) for e in meetings),
        meeting_attend32=whole(threshold(e.attend) for e in meetings),
        meeting_cap=whole(scaled(e.size_cap, scenario.people_per_agent) for e in meetings),
        meeting_gain=np.array([e.meet_gain for e in meetings], dtype=np.float64),
        meeting_ties=whole(e.new_ties for e in meetings),
    )


MEETINGS = Mechanism(
    "meetings",
    numbers=numbers,
    state=MeetingState,
    columns=(T_MEETING_ATTENDEES,),
    purposes=(DRAW_ATTEND, DRAW_MEET),
    modules=(Module("meetings", ("events.*.offline",), "meetings in person", "线下聚会"),),
    words={"meeting": ("a meeting in person", "线下聚会")},
)

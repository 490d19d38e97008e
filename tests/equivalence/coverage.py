"""What happened in a run: the mechanisms that left a mark on its history.

An equality of two engines proves nothing about a mechanism that never ran, so the tests assert
that each mechanism *fires* in a stated share of their cases.  Most are seen in the daily table or
the log (`fired`).  Others only change what happens elsewhere; they fire where switching them off
changes the history (`matters`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from tests import codes
from tests.quiet_worlds import NEUTRAL

from koubei_sim.model.compiled import run_compiled
from koubei_sim.model.world.arrays import History, World
from koubei_sim.runs.differences import difference

WEEK = 7


def flow(name: str) -> Callable[[World, History], bool]:
    """Return the question whether a block of columns of the daily table is ever above 0."""
    start, width = codes.TABLE_OFFSET[name], dict(codes.TABLE)[name]
    return lambda world, history: bool(history.table[:, start : start + width].any())


def adopted_on(medium: str) -> Callable[[World, History], bool]:
    """Return the question whether anybody was won on a feed, or on a board."""

    def question(world: World, history: History) -> bool:
        boards = world.rules.is_board.astype(bool)
        wanted = boards if medium == "board" else ~boards
        start = codes.T_ADOPTIONS_CHANNEL
        return bool(history.table[:, start : start + codes.MAX_CHANNELS][:, wanted].any())

    return question


def fans(history: History) -> np.ndarray:
    """Return the number of users above the casual tier, by tick."""
    return history.table[:, codes.T_TIER + 1 : codes.T_TIER + 4].sum(axis=1)


def promoted(world: World, history: History) -> bool:
    """Say whether more people stand above the casual tier than the day before."""
    return bool((np.diff(fans(history)) > 0).any())


def demoted(world: World, history: History) -> bool:
    """Say whether, at a weekly review, more fans vanished than users left."""
    left = history.table[1:, codes.T_LAPSES] + history.table[1:, codes.T_CHURNS]
    reviewed = (np.arange(1, len(history.table)) + 1) % WEEK == 0
    return bool((reviewed & (-np.diff(fans(history)) > left)).any())


def adoptions(history: History) -> np.ndarray:
    """Return the places of adoptions in the log."""
    return np.nonzero(history.log_kind == codes.LOG_ADOPT)[0]


def adopted_twice(world: World, history: History) -> bool:
    agents = history.log_agent[adoptions(history)]
    return len(np.unique(agents)) < len(agents)


def boards_grew(world: World, history: History) -> bool:
    members = history.table[:, codes.T_MEMBERS : codes.T_MEMBERS + codes.MAX_CHANNELS]
    return bool((members[-1] > members[0]).any())


# Name -> question about a world and its history.
MARKS: dict[str, Callable[[World, History], bool]] = {
    "adoption over a feed": adopted_on("feed"),
    "adoption over a board": adopted_on("board"),
    "adoption over own media": flow("adoptions_media"),
    "third generation": lambda w, h: bool((h.log_generation >= 3).any()),
    "several products adopted": lambda w, h: bool(h.log_product[adoptions(h)].any()),
    "second adoption of a person": adopted_twice,
    "new members of boards": boards_grew,
    "registration by interest": flow("registers"),
    "newly aware": flow("newly_aware"),
    "praise": flow("tells_positive"),
    "blame": flow("tells_negative"),
    "relay tells": flow("tells_relay"),
    "later hops": lambda w, h: bool(h.table[:, codes.T_TELLS_HOP + 2 :][:, :14].any()),
    "waiting person tells": flow("tells_waiting"),
    "rejecter tells": flow("tells_rejecter"),
    "rejection": flow("rejections"),
    "lapse": flow("lapses"),
    "churn": flow("churns"),
    "taken by the rival": flow("rival_taken"),
    "return": flow("returns"),
    "start of waiting": flow("waits"),
    "invite": flow("invited"),
    "sales round": flow("lottery"),
    "stock left": flow("stock"),
    "given up": flow("give_ups"),
    "given up for the rival": flow("give_ups_rival"),
    "complaint": flow("complaints"),
    "answer": flow("answered"),
    "unhelped": flow("unhelped"),
    "dropped": flow("dropped"),
    "joining a node": flow("joins"),
    "report": flow("reports"),
    "report read": flow("reports_read"),
    "report left unread": lambda w, h: (
        h.table[:, codes.T_REPORTS].sum() > h.table[:, codes.T_REPORTS_READ].sum()
    ),
    "better quality": lambda w, h: bool((np.diff(h.quality, axis=0) > 0).any()),
    "less difficulty": lambda w, h: bool((np.diff(h.difficulty, axis=0) < 0).any()),
    "reply": flow("replies"),
    "participant of an event": flow("event_participants"),
    "attendee of a meeting": flow("meeting_attendees"),
    "promotion": promoted,
    "demotion": demoted,
}


def fired(world: World, history: History) -> set[str]:
    """Return the mechanisms whose mark is in the history."""
    return {name for name, question in MARKS.items() if question(world, history)}


def matters(world: World, history: History) -> set[str]:
    """Return the mechanisms of `NEUTRAL` without which this history would be another."""
    return {
        name
        for name, switch_off in NEUTRAL.items()
        if difference(history, run_compiled(switch_off(world))) is not None
    }

"""The mechanisms of the fan pyramid, one file a submodel of docs/model.md, and what they make up.

A mechanism is declared once, as data (`declaration`): its parameters, what they become, its arrays,
columns, draws, words and prices.  `MECHANISMS` has them in the order of the text; from it come the
rules and the state of a run, the records of a person, the daily table, the modules that can be
switched off, and what is said and what is paid.  Both engines share these names and numbers, and
nothing else: the rules of a mechanism stand in `kernels` and in `reference`, each on its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from koubei_sim.model.mechanisms import (
    accounts,
    adoption,
    appeal,
    backlog,
    belonging,
    boards,
    bonds,
    channels,
    complaints,
    contests,
    copying,
    deeds,
    dilution,
    events,
    expectations,
    fatigue,
    fit,
    forgetting,
    goods,
    hearing,
    hunters,
    leaving,
    loyalty,
    media,
    meetings,
    observe,
    online,
    own,
    participation,
    population,
    press,
    registration,
    reinforcement,
    rejection,
    relays,
    release,
    returns,
    rival,
    seeding,
    segments,
    service,
    sharing,
    supply,
    surprises,
    talking_points,
    team,
    telling,
    trials,
    votes,
    waiting,
)
from koubei_sim.model.mechanisms.declaration import (
    Column,
    Composite,
    IntArray,
    Mechanism,
    Module,
    Price,
    Purpose,
    Sentence,
    Slot,
    arrays,
    arrays_of,
)

MECHANISMS: Final[tuple[Mechanism, ...]] = (
    population.POPULATION,
    channels.CHANNELS,
    seeding.SEEDING,
    release.RELEASE,
    backlog.BACKLOG,
    own.OWN,
    fit.FIT,
    expectations.EXPECTATIONS,
    online.ONLINE,
    segments.SEGMENTS,
    participation.PARTICIPATION,
    votes.VOTES,
    hunters.HUNTERS,
    loyalty.LOYALTY,
    complaints.COMPLAINTS,
    telling.TELLING,
    dilution.DILUTION,
    surprises.SURPRISES,
    sharing.SHARING,
    talking_points.TALKING_POINTS,
    bonds.BONDS,
    fatigue.FATIGUE,
    relays.RELAYS,
    waiting.WAITING,
    events.EVENTS,
    meetings.MEETINGS,
    contests.CONTESTS,
    belonging.BELONGING,
    copying.COPYING,
    appeal.APPEAL,
    hearing.HEARING,
    forgetting.FORGETTING,
    boards.BOARDS,
    registration.REGISTRATION,
    media.MEDIA,
    accounts.ACCOUNTS,
    press.PRESS,
    reinforcement.REINFORCEMENT,
    rejection.REJECTION,
    adoption.ADOPTION,
    rival.RIVAL,
    returns.RETURNS,
    supply.SUPPLY,
    goods.GOODS,
    trials.TRIALS,
    service.SERVICE,
    team.TEAM,
    deeds.DEEDS,
    leaving.LEAVING,
    observe.OBSERVE,
)


@arrays
class People(
    population.PopulationPeople,
    channels.ChannelPeople,
    seeding.SeedingPeople,
    fit.FitPeople,
    online.OnlinePeople,
    hearing.HearingPeople,
    reinforcement.ReinforcementPeople,
    rejection.RejectionPeople,
    goods.GoodsPeople,
):
    """Arrays of the people of a world, fixed for a run; one entry a person, but for the seeds."""


@dataclass(frozen=True)
class Rules(
    population.PopulationRules,
    channels.ChannelRules,
    seeding.SeedingRules,
    release.ReleaseRules,
    backlog.BacklogRules,
    own.OwnRules,
    fit.FitRules,
    expectations.ExpectationRules,
    segments.SegmentRules,
    participation.ParticipationRules,
    votes.VoteRules,
    hunters.HunterRules,
    loyalty.LoyaltyRules,
    complaints.ComplaintRules,
    telling.TellingRules,
    dilution.DilutionRules,
    surprises.SurpriseRules,
    sharing.SharingRules,
    talking_points.TalkingPointRules,
    bonds.BondRules,
    fatigue.FatigueRules,
    relays.RelayRules,
    waiting.WaitingRules,
    events.EventRules,
    meetings.MeetingRules,
    contests.ContestRules,
    belonging.BelongingRules,
    copying.CopyingRules,
    appeal.AppealRules,
    hearing.HearingRules,
    forgetting.ForgettingRules,
    boards.BoardRules,
    registration.RegistrationRules,
    media.MediaRules,
    accounts.AccountRules,
    press.PressRules,
    reinforcement.ReinforcementRules,
    rejection.RejectionRules,
    rival.RivalRules,
    supply.SupplyRules,
    goods.GoodsRules,
    trials.TrialRules,
    service.ServiceRules,
    team.TeamRules,
    deeds.DeedRules,
    leaving.LeavingRules,
):
    """What all parameters have become: scalars and tables, as docs/model.md names them.

    C channels, J nodes, K products, S segments, N people, T ticks.
    """


@arrays
class State(
    population.PopulationState,
    channels.ChannelState,
    seeding.SeedingState,
    release.ReleaseState,
    backlog.BacklogState,
    own.OwnState,
    fit.FitState,
    expectations.ExpectationState,
    online.OnlineState,
    votes.VoteState,
    loyalty.LoyaltyState,
    complaints.ComplaintState,
    telling.TellingState,
    dilution.DilutionState,
    surprises.SurpriseState,
    bonds.BondState,
    relays.RelayState,
    events.EventState,
    meetings.MeetingState,
    belonging.BelongingState,
    copying.CopyingState,
    appeal.AppealState,
    hearing.HearingState,
    boards.BoardState,
    registration.RegistrationState,
    accounts.AccountState,
    press.PressState,
    reinforcement.ReinforcementState,
    rejection.RejectionState,
    adoption.AdoptionState,
    rival.RivalState,
    returns.ReturnState,
    supply.SupplyState,
    goods.GoodsState,
    service.ServiceState,
    team.TeamState,
    deeds.DeedState,
    leaving.LeavingState,
    observe.ObserveState,
):
    """Arrays of a run, or of a part of it, that the kernels read and write.

    Two records carry the hot fields.  A *listener* (32 bytes, half a cache line) holds all that
    hearing touches; an *actor* (64 bytes, one line) holds all that an online user touches.  Sets of
    people are bitsets in id order: 125 kB per million, so testing a listener costs no cache miss.
    Work lists are allocated for the worst case and stay untouched, hence unmapped, until used.

    A part is the people `first` .. `last` - 1: a kernel that walks over people walks over these,
    and nobody else's are written to.  Parts of a run share the arrays of people and have work
    lists, counters, `change` and `outbox` of their own (docs/performance.md).
    """

    first: int  # a multiple of 64, so that no two parts share a word of a bitset
    last: int
    listener: Any  # [N] LISTENER
    actor: Any  # [N] ACTOR
    counts: IntArray  # all counters; each is a view of it
    daily: IntArray  # those that begin at nought every morning


def _record(slots: Iterable[Slot], size: int) -> np.dtype[Any]:
    """Return the record of these fields, the widest first; its size divides a line of the cache."""
    widest = sorted(slots, key=lambda slot: -np.dtype(slot.dtype).itemsize)
    return np.dtype(
        {
            "names": [slot.name for slot in widest],
            "formats": [slot.dtype for slot in widest],
            "itemsize": size,
        },
        align=True,
    )


LISTENER: Final = _record((slot for m in MECHANISMS for slot in m.listener), 32)
ACTOR: Final = _record((slot for m in MECHANISMS for slot in m.actor), 64)

#: The columns of the daily table in their order: int64, one row a tick.
COLUMNS: Final[tuple[Column, ...]] = tuple(sorted(c for m in MECHANISMS for c in m.columns))
TABLE: Final = tuple((column.name, column.width) for column in COLUMNS)
TABLE_OFFSET: Final = {column.name: int(column) for column in COLUMNS}
TABLE_WIDTH: Final = sum(column.width for column in COLUMNS)
#: Columns that are stocks, at the front of the table.
STOCKS: Final = int(supply.T_STOCK) + 1

PURPOSES: Final[tuple[Purpose, ...]] = tuple(sorted(p for m in MECHANISMS for p in m.purposes))
MODULES: Final[dict[str, Module]] = {
    module.name: module for module in sorted(module for m in MECHANISMS for module in m.modules)
}
SENTENCES: Final[tuple[Sentence, ...]] = tuple(
    sorted((s for m in MECHANISMS for s in m.sentences), key=lambda s: (s.section, s.place))
)
COMPOSITES: Final[tuple[Composite, ...]] = tuple(c for m in MECHANISMS for c in m.composites)
WORDS: Final = {name: said for m in MECHANISMS for name, said in m.words.items()}
PRICES: Final[tuple[Price, ...]] = tuple(
    sorted((price for m in MECHANISMS for price in m.prices), key=lambda price: price.place)
)

__all__ = [
    "ACTOR",
    "COLUMNS",
    "COMPOSITES",
    "LISTENER",
    "MECHANISMS",
    "MODULES",
    "PRICES",
    "PURPOSES",
    "SENTENCES",
    "STOCKS",
    "TABLE",
    "TABLE_OFFSET",
    "TABLE_WIDTH",
    "WORDS",
    "Mechanism",
    "People",
    "Rules",
    "State",
    "arrays_of",
]

"""tell: who says what, where and with what weight; replies, and the reward of recruiting."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Record
from koubei_sim.core.codes import HOPS, KIND_RELAY, KINDS, MAX_CHANNELS
from koubei_sim.core.draws import exp_neg_portable, hazard_units
from koubei_sim.model.mechanisms.declaration import (
    Column,
    Composite,
    Flows,
    IntArray,
    Made,
    Mechanism,
    Module,
    Money,
    Price,
    Purpose,
    Sentence,
    Slot,
    array,
    arrays,
    count,
)
from koubei_sim.model.mechanisms.fields import (
    STRUCTURE,
    TRIAL,
    Four,
    Part,
    Real,
    engagement,
    factor,
    fraction,
    infinite,
    money,
    only_with,
    parameter,
)
from koubei_sim.model.mechanisms.numbers import (
    UNIT32,
    fixed16,
    floor16,
    geometric,
    halving,
    threshold,
    weighted_mean,
)
from koubei_sim.model.mechanisms.participation import authenticities

DRAW_TELL = Purpose(29, "tick, channel")
DRAW_REPLY = Purpose(30, "tick, channel")
T_TELLS_POSITIVE = Column(
    67, "tells_positive", "tellings of users, by channel and sign", "channel", variable="tells"
)
T_TELLS_NEGATIVE = Column(
    75, "tells_negative", "tellings of users, by channel and sign", "channel", variable="tells"
)
T_TELLS_HOP = Column(107, "tells_hop", "all tellings by hop", "hop")
T_REPLIES = Column(123, "replies", "replies to tellings, by channel", "channel")

TOLD: Final = 256  # tellings of a person that are told apart
MOST_RATE32: Final = 1 << 40  # telling rates saturate here, so that later products fit 63 bits
FIRST: Final = 16  # of a message: added to its hop where it is the first praise of its teller
#: Sixteen bytes, four to a line of the cache.
MESSAGE = np.dtype(
    [("hazard", "i8"), ("teller", "i4"), ("product", "u1"), ("hop", "u1"), ("appeal", "u2")],
    align=True,
)


class Speaking(Part):
    """Of telling: how often users tell, and how much they are believed."""

    tier_factor: Four = factor(
        (1.0, 1.5, 2.5, 4.0),
        "factor on telling: casual, loyal, die-hard, core",
        neutral=(1.0, 1.0, 1.0, 1.0),
        source=TRIAL,
    )
    credibility: Four = factor(
        (0.6, 0.8, 1.0, 1.0),
        "factor on persuasion: casual, loyal, die-hard, core",
        neutral=(1.0, 1.0, 1.0, 1.0),
        high=1.0,
        source=TRIAL,
    )
    plain_authenticity: Real = fraction(1.0, "credibility of telling without a story", neutral=1.0)
    novelty_half_life: Real = infinite("days", "half-life of the urge to tell after the last story")
    novelty_floor: Real = fraction(0.0, "what is left of that urge in the end", neutral=STRUCTURE)
    repeat_fatigue: Real = fraction(
        1.0,
        "factor on a message for each earlier telling of the same person on the same channel",
        neutral=1.0,
        source="Leskovec, Adamic and Huberman 2007: recommendations lose force when repeated; "
        "the value is an assumption",
    )
    negativity: Real = factor(
        2.0,
        "force of a negative message against a positive one",
        high=8.0,
        source="Goldenberg et al. 2007 use about 2 (from memory)",
    )


class Referral(Part):
    """Of telling: recruiting is rewarded."""

    referral_reward: Real = fraction(0.0, "reward for recruiting, 1 the largest thought of")
    referral_tell: Real = only_with(
        "referral_reward", factor(1.0, "telling added by a reward of 1, as a factor")
    )
    referral_taint: Real = only_with(
        "referral_reward", fraction(0.3, "credibility of users lost by a reward of 1")
    )
    referral_weak_taint: Real = only_with(
        "referral_reward",
        fraction(0.3, "further loss across the weakest ties (channels with tie strength)"),
    )
    referral_crowding: Real = only_with(
        "referral_reward",
        factor(
            0.0,
            "how much a reward crowds out what is done for honour: honour and replies gain "
            "exp(-this times the reward) of what they gain without",
            high=100.0,
            source="Gneezy and Rustichini 2000; Titmuss 1970: paid for, a kindness is done less; "
            "form and value are assumptions",
        ),
    )


class Messages(Part):
    """Of a channel: how often people tell there, and what is left of a message."""

    visibility: Real = only_with(
        "medium=feed",
        fraction(
            0.3,
            "probability that a listener sees a message (boards: see readers_per_post)",
            source=TRIAL,
        ),
    )
    persuasion: Real = fraction(
        0.05,
        "probability that one message seen convinces, before credibility and fit",
        source=TRIAL,
    )
    tell: Real = parameter(
        0.02,
        "tellings a day of a casual user of activity 1",
        unit="1/day",
        neutral=0.0,
        low=0.0,
        high=100.0,
        source=TRIAL,
    )
    fidelity: Real = fraction(1.0, "what is left of a message at each retelling", neutral=1.0)


class Replies(Part):
    """Of a channel: tellings get replies."""

    reply: Real = fraction(0.0, "probability that a telling gets a reply")


class ReplyGain(Part):
    """Of loyalty: replies bind."""

    reply_gain: Real = engagement(0.0, "engagement gained by a reply")


class ReferralCosts(Part):
    """Price of recruits."""

    per_recruit: Real = money("cost of a referral reward of 1 for a recruit")


@dataclass(frozen=True)
class TellingRules(Record):
    """How often who tells where, and with what hazard."""

    tell32: IntArray  # [8, 7] rate / w by channel and kind, times 2**32 (may exceed 2**32)
    message_hazard: IntArray  # [8, 7, J + 2, 16] channel, kind, authenticity, hop; 2**-32
    novelty16: IntArray  # [T + 2] by ticks since the last story
    repeat16: IntArray  # [256] by tellings before
    negativity16: int
    reply32: IntArray  # [8]
    reply_gain: float


@arrays
class TellingState(Record):
    """What is told today: positive, negative; by channel; ascending tellers."""

    messages: Any = array(MESSAGE, 2, "used channels", "people")  # [2, C, N]: what is heard
    outbox: Any  # [2, C, N]: what the people of this part tell; `messages` in a run of one part
    told: IntArray = count(2, MAX_CHANNELS)  # [2, 8] messages
    bases: IntArray = array(np.uint64, 72, fill=0)  # stream bases of the tick


def for_honour(scenario: Any) -> float:
    """Return what is left of gains that no money brings, where recruiting is paid."""
    telling = scenario.telling
    return float(exp_neg_portable(telling.referral_crowding * telling.referral_reward))


def kind_factors(scenario: Any) -> tuple[list[float], list[float]]:
    """Return the factor on telling and the credibility of each of the seven kinds of tellers.

    Users: ``tier_factor (1 + referral_tell r)`` and ``credibility (1 - referral_taint r)`` with
    the referral reward r.  Relays, waiting and rejecting agents have factors of their own; a
    waiting agent is believed like a casual user.
    """
    telling = scenario.telling
    reward = telling.referral_reward
    rates = [factor * (1.0 + telling.referral_tell * reward) for factor in telling.tier_factor]
    rates += [telling.relay, telling.waiting, telling.rejecter]
    credibility = [c * (1.0 - telling.referral_taint * reward) for c in telling.credibility]
    credibility += [
        telling.relay_credibility,
        telling.credibility[0],
        telling.rejecter_credibility,
    ]
    return rates, credibility


def tells_a_day(scenario: Any, channel: Any) -> float:
    """Return the chance that a casual user of activity 1 tells on a channel on a day with news."""
    rates, _ = kind_factors(scenario)
    return float(min(scenario.participation.online, channel.tell * rates[0]))


def _tellings(scenario: Any) -> dict[str, float]:
    return {name: tells_a_day(scenario, channel) for name, channel in scenario.channels.items()}


def tellings_of_a_stay(
    scenario: Any, channel: Any, tell: float = 1.0, leave: float = 1.0
) -> NDArray[np.float64]:
    """Return the chance that a contented casual user of activity 1 tells more than n times [256].

    Day by day until the horizon: it is still there with ``(1 - churn)**day`` (who leaves on a day
    has its turn before), tells with `tells_a_day` as far as its news lasts (``novelty``), and the
    number told so far moves on.  `tell` and `leave` are the factors of its segment.
    """
    telling, online = scenario.telling, scenario.participation.online
    rates, _ = kind_factors(scenario)
    news = halving(telling.novelty_half_life, scenario.ticks + 1)
    news = telling.novelty_floor + (1.0 - telling.novelty_floor) * news
    stays = 1.0 - min(1.0, scenario.service.churn * leave)
    so_far, more = np.zeros(TOLD), np.zeros(TOLD)
    so_far[0] = 1.0
    for day in range(scenario.ticks):
        tells = online * min(1.0, channel.tell * rates[0] / online * news[day + 1] * tell)
        moved = tells * so_far
        more += stays**day * moved
        so_far = so_far - moved
        so_far[1:] += moved[:-1]
    return more


def numbers(made: Made) -> TellingRules:
    """Return rates and hazards of messages.

    ``tell32 = floor(tell factor / online 2**32)``;
    ``message_hazard = hazard(persuasion credibility authenticity fidelity**hop)``, of one seen.
    """
    scenario, telling = made.scenario, made.scenario.telling
    rates, credibility = kind_factors(scenario)
    authentic = authenticities(scenario)
    tell32 = np.zeros((MAX_CHANNELS, KINDS), dtype=np.int64)
    hazard = np.zeros((MAX_CHANNELS, KINDS, len(authentic), HOPS), dtype=np.int64)
    online = scenario.participation.online
    for c, channel in enumerate(scenario.channels.values()):
        kept = geometric(channel.fidelity, HOPS)
        for kind in range(KINDS):
            often, force = rates[kind], channel.persuasion
            if kind == KIND_RELAY:
                often, force = often * channel.retelling, force * channel.retelling_force
            tell32[c, kind] = min(int(channel.tell * often / online * UNIT32), MOST_RATE32)
            for a, truth in enumerate(authentic):
                for hop in range(HOPS):
                    hazard[c, kind, a, hop] = hazard_units(
                        force * credibility[kind] * truth * kept[hop]
                    )
    size = scenario.ticks + 2
    floor = telling.novelty_floor
    novelty = floor + (1.0 - floor) * halving(telling.novelty_half_life, size)
    if math.isinf(telling.novelty_half_life):
        novelty = np.ones(size)
    return TellingRules(
        tell32=tell32,
        message_hazard=hazard,
        novelty16=floor16(novelty),
        repeat16=floor16(geometric(telling.repeat_fatigue, 256)),
        negativity16=fixed16(telling.negativity),
        reply32=made.by_channel(np.int64, lambda channel: threshold(channel.reply)),
        reply_gain=scenario.loyalty.reply_gain * for_honour(scenario),
    )


def _told(scenario: Any, say: Callable[..., str]) -> Iterator[str]:
    telling = scenario.telling
    yield say(
        "tell",
        factor=", ".join(f"{x:g}" for x in telling.tier_factor),
        credibility=", ".join(f"{x:g}" for x in telling.credibility),
    )


def _referral(scenario: Any, flows: Flows) -> Money:
    recruited = flows.block("adoptions_channel").sum(axis=1)
    reward = scenario.costs.per_recruit * scenario.telling.referral_reward
    cost: Money = reward * recruited * flows.scale
    return cost


def _all_tell_alike(scenario: Any, weights: Sequence[float]) -> dict[str, Any]:
    """Let all tiers tell as often as the mean user, believed as much as the mean telling.

    So tellings, and their force in all, are what they were at these numbers of users.
    """
    telling = scenario.telling
    told = [weight * often for weight, often in zip(weights, telling.tier_factor)]
    believed = weighted_mean(telling.credibility, told if sum(told) else weights)
    return {
        "telling.tier_factor": (weighted_mean(telling.tier_factor, weights),) * 4,
        "telling.credibility": (believed,) * 4,
    }


TELLING = Mechanism(
    "tell",
    numbers=numbers,
    state=TellingState,
    actor=(
        Slot("told", "u8"),  # byte c: tellings on channel c so far
        Slot("last_story", "i2", -1),
        Slot("talk_until", "i2", -1),
        Slot("told_positive", "u1"),  # bit c: has told positively on c
    ),
    columns=(T_TELLS_POSITIVE, T_TELLS_NEGATIVE, T_TELLS_HOP, T_REPLIES),
    purposes=(DRAW_TELL, DRAW_REPLY),
    modules=(
        Module("fidelity", ("channels.*.fidelity",), "retelling loses content", "转述会走样"),
        Module("negativity", ("telling.negativity",), "bad word of mouth counts", "坏口碑起作用"),
        Module(
            "novelty",
            ("telling.novelty_half_life",),
            "the urge to tell fades without news",
            "没有新鲜事就不想说",
        ),
        Module("referral", ("telling.referral_reward",), "recruiting is rewarded", "拉新有奖励"),
        Module(
            "crowding_out",
            ("telling.referral_crowding",),
            "rewards crowd honour out",
            "金钱奖励挤出荣誉感",
        ),
        Module("replies", ("channels.*.reply",), "tellings get replies", "发言会得到回复"),
        Module(
            "tiers",
            ("telling.tier_factor", "telling.credibility"),
            "higher tiers tell more and are believed more",
            "高层粉丝说得更多、更可信",
            _all_tell_alike,
        ),
    ),
    sentences=(Sentence("do", 2, _told),),
    words={
        "tell": (
            "Casual, loyal, die-hard and core users tell at {factor} times the rate and are "
            "believed at {credibility}",
            "普通、忠诚、铁杆、核心用户的发言倍数 {factor}，可信度 {credibility}",
        ),
    },
    prices=(
        Price(
            12,
            "referral",
            "``costs.per_recruit * telling.referral_reward`` for each adoption recruited by a "
            "person",
            _referral,
        ),
    ),
    composites=(
        Composite(
            "telling",
            "chance that a casual user of activity 1 tells on a channel on a day, with fresh news",
            "1/day",
            _tellings,
        ),
    ),
)

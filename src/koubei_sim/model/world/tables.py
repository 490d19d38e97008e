"""From parameters to the integer tables of the engines: each entry by one plain formula.

Probabilities become thresholds ``floor(p 2**32)``, factors 16.16 fixed point, hazards integers in
units of 2**-32 (`core.draws.hazard_units`).  Logarithms and powers go through the portable
functions of `core.draws`, so a table has the same bytes on every processor.
Called by `build.build_rules`; schedules by day (events, media, supply, rival) are in
`model/world/schedules.py`.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.codes import ATTENTION_SIZE, HOPS, KINDS, LEVELS, MAX_CHANNELS, WORTH_BINS
from koubei_sim.core.compiling import kernel
from koubei_sim.core.draws import exp_neg_portable, hazard_units, log_portable
from koubei_sim.model.scenario import Channel, Scenario

UNIT32: Final = 4294967296.0
LN2: Final = 0.6931471805599453
MOST_RATE32: Final = 1 << 40  # telling rates saturate here, so that later products fit 63 bits
MOST_LIFT16: Final = 64 << 16

Table = NDArray[np.int64]


def threshold(probability: float) -> int:
    """Return ``floor(p 2**32)``, what a 32-bit draw must stay below.

    Examples
    --------
    >>> threshold(1.0) == 2**32, threshold(0.0)
    (True, 0)
    """
    return int(min(max(probability, 0.0), 1.0) * UNIT32)


def fixed16(factor: float) -> int:
    """Return ``floor(x 65536)``, a factor in 16.16 fixed point."""
    return int(factor * 65536.0)


@kernel
def halving(half_life, size):
    """Return ``0.5 ** (d / half_life)`` for d = 0 .. size-1 days (ones where it is infinite)."""
    out = np.ones(size)
    if half_life < np.inf:
        rate = 0.6931471805599453 / half_life
        for d in range(size):
            out[d] = exp_neg_portable(d * rate)
    return out


@kernel
def power(base, exponent):
    """Return ``base ** exponent`` for a base in [0, 1] and an exponent of at least 0."""
    if exponent == 0.0 or base == 1.0:
        return 1.0
    if base <= 0.0:
        return 0.0
    return exp_neg_portable(-exponent * log_portable(base))


def geometric(ratio: float, size: int) -> NDArray[np.float64]:
    """Return ``ratio ** k`` for k = 0 .. size-1 by repeated multiplication."""
    out = np.ones(size)
    for k in range(1, size):
        out[k] = out[k - 1] * ratio
    return out


def floor16(values: NDArray[np.float64]) -> Table:
    """Return `fixed16` of each value."""
    return np.floor(values * 65536.0).astype(np.int64)


# Telling -------------------------------------------------------------------------------------


def kind_factors(scenario: Scenario) -> tuple[list[float], list[float]]:
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


def authenticities(scenario: Scenario) -> list[float]:
    """Return the credibility of what is told: plain, a story of each node, the release story.

    A story of node j: ``authentic_j (1 - reward_taint rewarding_j)``; the release story: 1.
    """
    taint = scenario.participation.reward_taint
    stories = [n.authentic * (1.0 - taint * n.rewarding) for n in scenario.nodes.values()]
    return [scenario.telling.plain_authenticity, *stories, 1.0]


def telling_tables(scenario: Scenario) -> dict[str, Any]:
    """Return ``tell32`` [8, 7] and ``message_hazard`` [8, 7, J + 2, 16].

    ``tell32 = floor(tell factor / online 2**32)``;
    ``message_hazard = hazard(visibility persuasion credibility authenticity fidelity**hop)``,
    with visibility 1 on boards.
    """
    rates, credibility = kind_factors(scenario)
    authentic = authenticities(scenario)
    tell32 = np.zeros((MAX_CHANNELS, KINDS), dtype=np.int64)
    hazard = np.zeros((MAX_CHANNELS, KINDS, len(authentic), HOPS), dtype=np.int64)
    online = scenario.participation.online
    for c, channel in enumerate(scenario.channels.values()):
        kept = geometric(channel.fidelity, HOPS)
        base = (channel.visibility if channel.medium == "feed" else 1.0) * channel.persuasion
        for kind in range(KINDS):
            tell32[c, kind] = min(int(channel.tell * rates[kind] / online * UNIT32), MOST_RATE32)
            for a, truth in enumerate(authentic):
                for hop in range(HOPS):
                    hazard[c, kind, a, hop] = hazard_units(
                        base * credibility[kind] * truth * kept[hop]
                    )
    return {"tell32": tell32, "message_hazard": hazard}


def teller_tables(scenario: Scenario) -> dict[str, Any]:
    """Return novelty, repetition, negativity, and the switches of the tellers who are no users."""
    telling = scenario.telling
    size = scenario.ticks + 2
    floor = telling.novelty_floor
    novelty = floor + (1.0 - floor) * halving(telling.novelty_half_life, size)
    if math.isinf(telling.novelty_half_life):
        novelty = np.ones(size)
    waiting = abs(telling.scarcity_valence)
    return {
        "novelty16": floor16(novelty),
        "repeat16": floor16(geometric(telling.repeat_fatigue, 256)),
        "negativity16": fixed16(telling.negativity),
        "relay_on": int(telling.relay > 0 and telling.relay_days > 0),
        "relay_days": telling.relay_days if telling.relay > 0 else 0,
        "waiting_tells": int(telling.waiting > 0 and waiting > 0),
        "waiting_sign": -1 if telling.scarcity_valence < 0 else 1,
        "waiting16": fixed16(waiting),
        "rejecter_days": telling.rejecter_days if telling.rejecter > 0 else 0,
    }


# Hearing -------------------------------------------------------------------------------------


def tie_weights(channel: Channel, scenario: Scenario) -> Table:
    """Return the weight of a message by tie byte b, overlap o = b / 255, in 16.16 [256].

    ``(w0 + (1 - w0) o) (1 - referral_weak_taint r (1 - o))`` with w0 the tie floor and r the
    referral reward.
    """
    telling = scenario.telling
    overlap = np.arange(256) / 255.0
    weight = channel.tie_floor + (1.0 - channel.tie_floor) * overlap
    weight = weight * (
        1.0 - telling.referral_weak_taint * telling.referral_reward * (1.0 - overlap)
    )
    return floor16(weight)


def hearing_tables(scenario: Scenario) -> dict[str, Any]:
    """Return awareness, boards, ties, attention and the two leaks."""
    size = scenario.ticks + 2
    n_segments = len(scenario.segments)
    awareness = np.zeros(MAX_CHANNELS, dtype=np.int64)
    readers = np.zeros(MAX_CHANNELS)
    reading = np.full(MAX_CHANNELS, math.inf)
    tie_on = np.zeros(MAX_CHANNELS, dtype=np.uint8)
    tie16 = np.full((MAX_CHANNELS, 256), 65536, dtype=np.int64)
    attention = np.full((MAX_CHANNELS, n_segments, ATTENTION_SIZE), 65536, dtype=np.int64)
    arriving = np.arange(ATTENTION_SIZE, dtype=np.float64)
    for c, channel in enumerate(scenario.channels.values()):
        if channel.medium == "board":
            readers[c], reading[c] = channel.readers_per_post, channel.reading
            continue
        awareness[c] = hazard_units(channel.visibility)
        if channel.tie != "none":
            tie_on[c] = 1
            tie16[c] = tie_weights(channel, scenario)
        for s, segment in enumerate(scenario.segments.values()):
            if math.isfinite(segment.reading_budget):
                load = np.maximum(arriving + channel.background_load, 1e-300)
                attention[c, s] = floor16(np.minimum(1.0, segment.reading_budget / load))
    hearing = scenario.hearing
    return {
        "awareness_hazard": awareness,
        "readers_per_post": readers,
        "reading": reading,
        "tie_on": tie_on,
        "tie16": tie16,
        "attention_on": int(
            any(math.isfinite(s.reading_budget) for s in scenario.segments.values())
        ),
        "attention16": attention,
        "memory_leak": int(math.isfinite(hearing.memory_half_life)),
        "memory20": np.floor(halving(hearing.memory_half_life, size) * 1048576.0).astype(np.int64),
        "awareness_leak": int(math.isfinite(hearing.awareness_half_life)),
        "awareness20": np.floor(halving(hearing.awareness_half_life, size) * 1048576.0).astype(
            np.int64
        ),
    }


# Engagement ----------------------------------------------------------------------------------


def half_lives(scenario: Scenario) -> tuple[list[float], Table]:
    """Return the half-lives by rank (rank 0 is the base) and the rank of each channel [8].

    Ranks rise with the half-life; equal half-lives share a rank.  A channel that holds no longer
    than the base has rank 0: it never makes engagement fade faster.
    """
    base = scenario.loyalty.base_half_life
    longer = sorted({c.half_life for c in scenario.channels.values() if c.half_life > base})
    by_rank = [base, *longer]
    ranks = np.zeros(MAX_CHANNELS, dtype=np.int64)
    for c, channel in enumerate(scenario.channels.values()):
        if channel.half_life > base:
            ranks[c] = by_rank.index(channel.half_life)
    return by_rank, ranks


def loyalty_tables(scenario: Scenario) -> dict[str, Any]:
    """Return decay by rank, tiers and the gains of engagement."""
    loyalty, size = scenario.loyalty, scenario.ticks + 2
    by_rank, ranks = half_lives(scenario)
    thresholds = np.array([0.0, loyalty.loyal, loyalty.die_hard, loyalty.core])
    return {
        "channel_rank": ranks,
        "engagement_decay": np.stack([halving(h, size) for h in by_rank]),
        "tier_threshold": thresholds,
        "tier_keep": thresholds * loyalty.keep,
        "loyalty_bonus": loyalty.bonus,
        "honour_gain": loyalty.honour_gain,
        "release_story32": threshold(loyalty.release_story),
        "reply_gain": loyalty.reply_gain,
        "recruit_gain": loyalty.recruit_gain,
        "complaint_gain": loyalty.complaint_gain,
        "newcomer_engagement": loyalty.newcomer,
        "seed_engagement": scenario.seeding.engagement,
    }


def node_tables(scenario: Scenario) -> dict[str, Any]:
    """Return joining by level, fatigue, rewards, reports and stories of the nodes.

    ``join32 = floor(min(1, join need simple**(1 - x) / online) 2**32)`` at expertise
    x = level / 127; ``node_content16 = floor((1 - report_loss simple) 65536)``.
    """
    part, nodes = scenario.participation, list(scenario.nodes.values())
    names = list(scenario.channels)
    join32 = np.zeros((len(nodes), LEVELS), dtype=np.int64)
    for j, node in enumerate(nodes):
        for level in range(LEVELS):
            ease = power(node.simple, 1.0 - level / 127.0)
            join32[j, level] = threshold(part.join * node.need * ease / part.online)
    return {
        "node_opens": _whole(n.opens_at for n in nodes),
        "node_channel": _whole(-1 if n.channel is None else names.index(n.channel) for n in nodes),
        "join32": join32,
        "join_fatigue16": floor16(geometric(part.join_fatigue, 256)),
        "node_reward": np.array([n.rewarding for n in nodes], dtype=np.float64),
        "node_reports": np.array([n.gives_reports for n in nodes], dtype=np.uint8),
        "node_content16": _whole(fixed16(1.0 - part.report_loss * n.simple) for n in nodes),
        "story32": _whole(threshold(n.fun) for n in nodes),
        "story_life": part.story_life,
    }


# Products and service ------------------------------------------------------------------------


def product_tables(scenario: Scenario) -> dict[str, Any]:
    """Return the products; an unlimited reading capacity becomes the most reports there can be.

    With `people_per_agent` g, a simulated report stands for g: reading capacity (at least 1 where
    there is any) and the scales of learning are divided by g.
    """
    products, g = list(scenario.products.values()), scenario.people_per_agent
    capacity = []
    for p in products:
        most = scenario.n_agents * (len(scenario.nodes) + 1) * p.release_interval
        capacity.append(scaled(p.reading_capacity, g, most))

    def column(name: str, divide: float = 1.0) -> NDArray[np.float64]:
        return np.array([getattr(p, name) / divide for p in products], dtype=np.float64)

    return {
        "quality": column("quality"),
        "difficulty": column("difficulty"),
        "launch": _whole(p.launch_at for p in products),
        "release_interval": _whole(p.release_interval for p in products),
        "reading_capacity": _whole(capacity),
        "learn_quality": column("learn_quality"),
        "learn_difficulty": column("learn_difficulty"),
        "scale_quality": column("scale_quality", g),
        "scale_difficulty": column("scale_difficulty", g),
        "visible_progress": column("visible_progress"),
        "bar": column("bar"),
        "product_taste": _whole(-1 if p.taste_group is None else p.taste_group for p in products),
        "off_taste": scenario.market.off_taste,
        "admission": scenario.market.admission,
        "open_to_all": scenario.market.open_to_all,
    }


def scaled(number: float, people_per_agent: float, most: int = 2**31 - 1) -> int:
    """Return a number of people as simulated people: divided, rounded half up, at least 1 if any.

    Examples
    --------
    >>> scaled(100, 30), scaled(1, 30), scaled(0, 30)
    (3, 1, 0)
    """
    if number <= 0:
        return 0
    return (
        most if number / people_per_agent >= most else max(1, int(number / people_per_agent + 0.5))
    )


def service_tables(scenario: Scenario) -> dict[str, Any]:
    """Return complaints, answers and leaving.

    The worth of an answer after a latency of l days is ``floor(0.5**(l / half-life) 65536)``; the
    latency within a day is read off at the lower edge of each of 64 bins.
    """
    service, channels = scenario.service, list(scenario.channels.values())
    capacity = np.zeros(MAX_CHANNELS, dtype=np.int64)
    public = np.zeros(MAX_CHANNELS, dtype=np.uint8)
    reply = np.zeros(MAX_CHANNELS, dtype=np.int64)
    join_board = np.zeros(MAX_CHANNELS, dtype=np.int64)
    for c, channel in enumerate(channels):
        capacity[c] = scaled(channel.service_capacity, scenario.people_per_agent)
        public[c] = channel.service_public
        reply[c] = threshold(channel.reply)
        join_board[c] = threshold(channel.join_on_adoption)
    bins = (service.patience + 1) * WORTH_BINS
    return {
        "service_capacity": capacity,
        "service_public": public,
        "reply32": reply,
        "join_board32": join_board,
        "patience": service.patience,
        "answer32": threshold(service.answer_success),
        "answer_worth16": floor16(halving(service.answer_half_life * WORTH_BINS, bins)),
        "answer_gain": service.answer_gain,
        "service_bonus": service.bonus,
        "bonus_days": service.bonus_days,
        "squeaky_wheel": service.squeaky_wheel,
        "complaint_rate": service.complaint,
        "lapse32": threshold(service.lapse),
        "churn32": threshold(service.churn),
        "lapsed_return": service.lapsed_return,
    }


def _whole(numbers: Any) -> Table:
    return np.array(list(numbers), dtype=np.int64)

"""engagement: what binds a user, how it fades, and the tiers of the pyramid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import model_validator

from koubei_sim.core.block import Record
from koubei_sim.core.codes import MAX_CHANNELS
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms.declaration import (
    Bits,
    Column,
    FloatArray,
    IntArray,
    Made,
    Mechanism,
    Module,
    Slot,
    arrays,
    set_of_people,
)
from koubei_sim.model.mechanisms.fields import (
    STRUCTURE,
    TRIAL,
    Part,
    Real,
    engagement,
    factor,
    fraction,
    infinite,
)
from koubei_sim.model.mechanisms.numbers import Table, halving

T_TIER = Column(7, "tier", "users by tier at the end of the tick", "tier", variable="by_tier")
T_ENTHUSIAST_TIER = Column(11, "enthusiast_tier", "users who are enthusiasts, by tier", "tier")


class Tiers(Part):
    """Of loyalty: engagement, its decay, and the tiers of the pyramid."""

    base_half_life: Real = infinite(
        "days", "half-life of engagement of a user whom no channel holds", default=10.0
    )
    loyal: Real = engagement(2.0, "engagement of a loyal user", neutral=STRUCTURE, source=TRIAL)
    die_hard: Real = engagement(
        6.0, "engagement of a die-hard user", neutral=STRUCTURE, source=TRIAL
    )
    core: Real = engagement(12.0, "engagement of a core user", neutral=STRUCTURE)
    keep: Real = fraction(
        0.5,
        "share of a threshold below which the weekly review takes the tier away",
        source="half of the threshold (model text)",
    )
    bonus: Real = factor(0.0, "satisfaction that full loyalty adds", high=10.0)
    newcomer: Real = engagement(0.0, "engagement of a new user")
    recruit_gain: Real = engagement(0.0, "engagement gained by recruiting")

    @model_validator(mode="after")
    def _ascending(self) -> Tiers:
        if not self.loyal <= self.die_hard <= self.core:
            raise KoubeiError(
                "die_hard",
                "the tiers must rise: loyal <= die_hard <= core",
                got=(self.loyal, self.die_hard, self.core),
                fix="2, 6, 12",
            )
        return self


class Holding(Part):
    """Of a channel: how long it holds its people."""

    half_life: Real = infinite(
        "days",
        "half-life of engagement of those whom this channel holds",
        default=20.0,
        source=TRIAL,
    )


@dataclass(frozen=True)
class LoyaltyRules(Record):
    """Decay by rank, tiers and the gains of engagement."""

    channel_rank: IntArray  # [8] 1.. by half-life; 0 is the base half-life
    engagement_decay: FloatArray  # [ranks, T + 2]
    tier_threshold: FloatArray  # [4], [0] unused
    tier_keep: FloatArray  # [4], [0] unused: demoted below this at the review
    loyalty_bonus: float
    recruit_gain: float
    newcomer_engagement: float


@arrays
class LoyaltyState(Record):
    """Users above the lowest tier."""

    raised: Bits = set_of_people()


def half_lives(scenario: Any) -> tuple[list[float], Table]:
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


def numbers(made: Made) -> LoyaltyRules:
    """Return decay by rank, tiers and the gains of engagement."""
    loyalty, size = made.scenario.loyalty, made.scenario.ticks + 2
    by_rank, ranks = half_lives(made.scenario)
    thresholds = np.array([0.0, loyalty.loyal, loyalty.die_hard, loyalty.core])
    return LoyaltyRules(
        channel_rank=ranks,
        engagement_decay=np.stack([halving(h, size) for h in by_rank]),
        tier_threshold=thresholds,
        tier_keep=thresholds * loyalty.keep,
        loyalty_bonus=loyalty.bonus,
        recruit_gain=loyalty.recruit_gain,
        newcomer_engagement=loyalty.newcomer,
    )


LOYALTY = Mechanism(
    "engagement",
    numbers=numbers,
    state=LoyaltyState,
    actor=(
        Slot("engagement", "f8"),
        Slot("engaged", "i2"),  # tick of `engagement`
        Slot("rank", "u1"),
        Slot("tier", "u1"),
    ),
    columns=(T_TIER, T_ENTHUSIAST_TIER),
    modules=(
        Module(
            "decay",
            ("channels.*.half_life", "loyalty.base_half_life"),
            "engagement fades",
            "投入感会消退",
        ),
        Module("loyalty", ("loyalty.bonus",), "loyalty adds satisfaction", "忠诚提高满意度"),
    ),
)

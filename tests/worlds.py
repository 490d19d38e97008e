"""Random worlds for tests: everything on by chance, at rates at which small worlds are busy.

Both engines must agree on a `random_world` to the bit.  The names of `tests.quiet_worlds` can be
imported from here too.
"""

from __future__ import annotations

import numpy as np
from tests.quiet_worlds import (
    ALWAYS,
    FULL16,
    FULL20,
    NEUTRAL,
    ONE26,
    graphs_of,
    quiet_world,
    with_people,
    with_rules,
)

from koubei_sim.core.draws import HAZARD_ONE
from koubei_sim.model.world.arrays import People, World

__all__ = [
    "ALWAYS",
    "FULL16",
    "FULL20",
    "NEUTRAL",
    "ONE26",
    "Dice",
    "graphs_of",
    "quiet_world",
    "random_world",
    "unlimited",
    "with_people",
    "with_rules",
]

LARGEST_RESISTANCE = int(37.5 * ONE26)


class Dice:
    """Chances in the units of the built world."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def yes(self, p: float = 0.5) -> bool:
        return bool(self.rng.random() < p)

    def whole(self, low: int, high: int) -> int:
        """An integer of low..high, both possible."""
        return int(self.rng.integers(low, high + 1))

    def real(self, low: float, high: float, p: float = 1.0) -> float:
        """A float of low..high with probability p, else exactly 0."""
        return float(self.rng.uniform(low, high)) if self.yes(p) else 0.0

    def coin32(self, low: float, high: float, p: float = 1.0) -> int:
        return int(self.real(low, high, p) * ALWAYS)

    def ints(self, low: float, high: float, *shape: int) -> np.ndarray:
        return self.rng.uniform(low, high, shape).astype(np.int64)

    def hazards(self, low: float, high: float, *shape: int) -> np.ndarray:
        """Hazards of probabilities low..high; some exactly 0, some exactly certain."""
        p = self.rng.uniform(low, high, shape)
        units = (-np.log1p(-p) * ALWAYS).astype(np.int64)
        lot = self.rng.random(shape)
        units[lot < 0.06] = 0
        units[lot > 0.96] = HAZARD_ONE
        return units

    def resistances(self, n: int, scale: float) -> np.ndarray:
        units = np.minimum(self.rng.exponential(scale, n) * ONE26, LARGEST_RESISTANCE)
        units[self.rng.random(n) < 0.03] = 0  # convinced by anything at all
        return units.astype(np.uint32)

    def days(self, ticks: int, p: float) -> int:
        """Tick 0, or with probability p one of the first half."""
        return self.whole(1, max(1, ticks // 2)) if self.yes(p) else 0

    def decay(self, half_life: float, size: int, one: int) -> np.ndarray:
        """A table from `one` down, halving every `half_life`."""
        return (0.5 ** (np.arange(size) / half_life) * one).astype(np.int64)


def random_arcs(dice: Dice, members: np.ndarray) -> set[tuple[int, int]]:
    """A small graph among members: random directed, mutual, with a hub, or a ring."""
    m = len(members)
    if m < 2:
        return set()
    kind = dice.whole(0, 3)
    if kind == 3:
        order = dice.rng.permutation(members)
        pairs = {(int(order[k]), int(order[(k + 1) % m])) for k in range(m)}
    else:
        size = int(m * dice.real(1.5, 6.0))
        src, dst = dice.rng.choice(members, (2, size))
        pairs = {(int(u), int(v)) for u, v in zip(src, dst)}
    if kind == 2:
        hub = int(dice.rng.choice(members))
        pairs |= {(hub, int(v)) for v in members if dice.yes(0.5)}
    if kind in (1, 3):
        pairs |= {(v, u) for u, v in pairs}
    return {(u, v) for u, v in pairs if u != v}


def random_world(seed: int, n: int | None = None, ticks: int | None = None) -> World:
    """A valid world in which each mechanism is on with probability about one half.

    Parameters
    ----------
    seed : int
        Anything; the same seed gives the same world.
    n, ticks : int, optional
        Else drawn from 20..300 and 20..120.
    """
    dice = Dice(seed)
    drawn_n, drawn_ticks = dice.whole(20, 300), dice.whole(20, 120)
    n, ticks = n or drawn_n, ticks or drawn_ticks
    channels, products, segments = dice.whole(1, 8), dice.whole(1, 3), dice.whole(1, 4)
    boards = tuple(c for c in range(channels) if dice.yes(0.4))
    nodes = dice.whole(1, 8) if dice.yes(0.75) else 0

    member = dice.rng.random((8, n)) < dice.rng.uniform(0.3, 1.0, 8)[:, None]
    for c in boards:  # boards also start small and grow by adoption
        member[c] &= dice.rng.random(n) < dice.real(0.1, 1.0)
    member[channels:] = False
    arcs = {c: random_arcs(dice, np.nonzero(member[c])[0]) for c in range(channels)}
    arcs = {c: pairs for c, pairs in arcs.items() if c not in boards}
    base = quiet_world(n, ticks, arcs=arcs, boards=boards, nodes=nodes, products=products)
    tie_on = [c in arcs and dice.yes() for c in range(8)]
    ties = {c: dice.rng.integers(0, 256, len(arcs[c])).astype(np.uint8) for c in arcs if tie_on[c]}

    reinforcement = dice.yes()
    classes = dice.whole(3, 12)
    seed_count = min(n - 1, dice.whole(2, max(3, n // 8)))
    online = dice.rng.uniform(0.3, 1.3, n).clip(0, 1) * 0xFFFFFFFF
    people = People(
        online_threshold=online.astype(np.uint32),
        agent_class=dice.rng.integers(0, classes, n).astype(np.uint16),
        taste=dice.rng.normal(0.0, 0.15, n) if dice.yes() else np.zeros(n),
        channels=(member * (1 << np.arange(8))[:, None]).sum(axis=0).astype(np.uint8),
        resist_adopt=dice.resistances(n, dice.real(0.2, 1.0)),
        resist_reject=dice.resistances(n, dice.real(0.2, 1.0)),
        need=dice.rng.integers(1, 4, n).astype(np.uint16) if reinforcement else base.people.need,
        initial_stage=(dice.rng.random(n) < dice.real(0.05, 0.6, p=0.5)).astype(np.uint8),
        income=np.ones(1),
        seeds=np.sort(dice.rng.choice(n, seed_count, replace=False)).astype(np.int32),
        seed_day=base.people.seed_day,
    )
    changes: dict[str, object] = {
        "n_segments": segments,
        "key": np.uint64(dice.rng.integers(0, 1 << 64, dtype=np.uint64)),
        "replicate": dice.whole(0, 5),
        "tie_on": np.array(tie_on, np.uint8),
        "reinforcement_on": int(reinforcement),
    }
    changes |= random_classes(dice, classes, segments)
    changes |= random_channels(dice, ticks, channels, nodes, segments)
    changes |= random_time(dice, ticks)
    changes |= random_nodes(dice, ticks, channels, nodes)
    changes |= random_products(dice, ticks, products)
    changes |= random_users(dice)
    changes |= random_tellers(dice)
    changes |= random_events(dice, ticks, channels, products)
    changes |= random_market(dice, ticks)
    changes |= random_service(dice, channels)
    changes |= random_registration(dice)
    # Drawn last: a draw among the others would make other worlds of all of them.
    changes["promoter"] = dice.real(0.05, 0.5, p=0.7)
    if dice.yes(0.4):
        changes |= random_goods(dice, ticks, products)
        people = people._replace(income=dice.rng.lognormal(0.0, 0.7, n))
    changes["own_work"] = dice.rng.uniform(0.0, 0.2, products) * int(dice.yes(0.4))
    changes["bar_expert"] = dice.rng.uniform(-0.4, 0.4, products) * int(dice.yes(0.4))
    changes |= random_press(dice, len(changes["media_channel"]))
    changes |= random_appeal(dice, ticks, channels)
    changes |= random_segments(dice, segments)
    if dice.yes(0.25):
        turns = dice.rng.permutation(seed_count) / dice.real(0.2, 3.0)
        people = people._replace(seed_day=np.minimum(turns, ticks).astype(np.int32))
        changes["by_hand"] = 1
    changes |= random_forgetting(dice)
    changes |= random_tribe(dice, channels, arcs)
    changes |= random_accounts(dice, len(changes["media_channel"]))
    changes["moderation"] = dice.rng.uniform(0.0, 0.5, 8) * int(dice.yes(0.4))
    if dice.yes(0.4):
        changes |= {"copied": dice.real(0.2, 8.0), "copied_step": dice.real(0.05, 1.0, p=0.7)}
    changes["surprises"] = dice.rng.uniform(0.0, 6.0, 8) * int(dice.yes(0.4))
    changes["surprise_gain"] = dice.rng.uniform(0.0, 4.0, 8)
    changes["node_votes"] = (dice.rng.random(nodes) < 0.5).astype(np.uint8)
    changes["vote_weight"] = dice.real(0.5, 4.0, p=0.6)
    changes |= random_forum(dice, ticks, channels, nodes, segments)
    if "goods_on" in changes:
        changes |= random_launches(dice, ticks)
    return with_rules(World(people, graphs_of(n, arcs, ties), base.rules), **changes)


def random_forum(
    dice: Dice, ticks: int, channels: int, nodes: int, segments: int
) -> dict[str, object]:
    """Return staff, bonds, contests, talking points and sharing, each in four worlds of ten."""
    rng = dice.rng
    changes: dict[str, object] = {
        "staff_minutes": rng.uniform(0.0, 40.0, 8),
        "minutes_per_answer": dice.real(1.0, 20.0),
        "minutes_per_reply": dice.real(1.0, 10.0, p=0.4),
        "deed32": dice.coin32(0.4, 1.0, p=0.7),
        "deed_rate": dice.real(0.02, 0.5, p=0.4),
        "seeds_stay": int(dice.yes(0.4)),
        "segment_opens": rng.integers(0, max(2, ticks // 2), segments) * int(dice.yes(0.3)),
        "hunters32": dice.ints(0, ALWAYS, nodes) * int(dice.yes(0.4)),
        "share32": dice.ints(0, 0.4 * ALWAYS, 8) * int(dice.yes(0.4)),
        "share16": dice.ints(0, FULL16, 8),
    }
    if dice.yes(0.6):
        changes |= {
            "bonds_on": 1,
            "bond_growth": dice.real(0.1, 1.0, p=0.8),
            "bond_left": 0.5 ** (np.arange(ticks + 1) / dice.real(1.0, 40.0)),
            "bond_gain": dice.real(0.5, 7.0, p=0.8),
            "bond_weight": dice.real(0.5, 4.0, p=0.6),
            "meeting_visit": rng.uniform(0.3, 1.0, 8) * int(dice.yes(0.9)),
        }
    winners, news = np.zeros((8, ticks), np.int64), np.zeros((8, ticks), np.int64)
    prize, kept = np.zeros((8, ticks)), np.ones((8, ticks))
    retelling = np.full((8, ticks), FULL16, np.int64)
    for _ in range(dice.whole(0, 4)):
        c, start = dice.whole(0, channels - 1), dice.whole(0, ticks - 1)
        window = slice(start, start + dice.whole(1, 20))
        winners[c, window] = dice.whole(0, 3)
        prize[c, window], kept[c, window] = dice.real(0.1, 5.0, p=0.8), dice.real(0.2, 1.0)
        news[c, window] = dice.coin32(0.1, 1.0, p=0.7)
        retelling[c, window] = dice.whole(0, (64 if dice.yes(0.3) else 6) * FULL16)
    return changes | {
        "contests_on": int(winners.any()),
        "contest_winners": winners,
        "contest_prize": prize,
        "contest_kept": kept,
        "news_on": int(news.any()),
        "news32": news,
        "lift_retelling16": retelling,
    }


def random_launches(dice: Dice, ticks: int) -> dict[str, object]:
    """Return goods handed out to be tried, and shops that break, each in half of the worlds."""
    rng = dice.rng
    return {
        "breakage": rng.uniform(0.0, 2.0, 8) * int(dice.yes()),
        "trials": rng.integers(0, 5, 8) * int(dice.yes()),
        "trials_at": rng.integers(0, max(2, ticks // 2), 8),
        "trials_first": rng.integers(0, 2, 8),
        "trials_gain": rng.uniform(0.0, 4.0, 8),
    }


def random_press(dice: Dice, campaigns: int) -> dict[str, object]:
    """Return campaigns that follow talk in four worlds of ten, and else are as they are."""
    rng, on = dice.rng, dice.yes(0.6)
    follow = rng.uniform(0.1, 1.5, campaigns) * (rng.random(campaigns) < 0.8) * on
    lead = np.where(rng.random(campaigns) < 0.6, rng.uniform(0.0, 2.0, campaigns), 1.0)
    return {
        "press_on": int(on),
        "media_lead": lead if on else np.ones(campaigns),
        "media_follow": follow,
        "media_forget": rng.uniform(0.05, 0.9, campaigns),
        "media_scale": float(dice.whole(1, 3)),
        "media_notice": rng.uniform(0.0, 12.0, campaigns),
        "media_lifted": (rng.random(campaigns) < 0.6).astype(np.int64) * int(on),
    }


def random_tribe(dice: Dice, channels: int, arcs: dict[int, np.ndarray]) -> dict[str, object]:
    """Return that people look how many of their ties are fans, in four worlds of ten."""
    if not arcs or not dice.yes(0.4):
        return {}
    pull = dice.real(0.2, 6.0, p=0.7)
    return {
        "tribe": sorted(arcs)[dice.whole(0, len(arcs) - 1)],
        "belonging": dice.real(0.1, 1.0, p=0.7),
        "pull16": np.floor((1.0 + pull * (np.arange(256) / 255.0)) * FULL16).astype(np.int64),
        "tribe_weight": dice.real(0.2, 3.0, p=0.7),
    }


def random_accounts(dice: Dice, campaigns: int) -> dict[str, object]:
    """Return campaigns that post otherwise than once a day in four worlds of ten, and are left."""
    rng, on = dice.rng, dice.yes(0.4)
    posts = rng.uniform(0.2, 6.0, campaigns)
    limit = np.sort(rng.random((campaigns, 4096)), axis=1)[:, ::-1]
    limit *= rng.uniform(0.02, 0.6, (campaigns, 1)) * (rng.random((campaigns, 1)) < 0.8)
    return {
        "unfollow_on": int(on),
        "media_posts": posts if on else np.ones(campaigns),
        "unfollow32": (limit * ALWAYS * int(on)).astype(np.int64),
    }


def random_appeal(dice: Dice, ticks: int, channels: int) -> dict[str, object]:
    """Return tellings that differ in six worlds of ten, and some that are shown to all in four."""
    rng, on, shown = dice.rng, dice.yes(0.6), dice.yes(0.4)
    sigma = dice.real(0.2, 1.8)
    appeal = np.minimum(rng.lognormal(-(sigma**2) / 2, sigma, 4096) * 256.0, 65535.0)
    ride32 = np.zeros((8, ticks), np.int64)
    ride16 = np.full((8, ticks), FULL16, np.int64)
    for _ in range(dice.whole(0, 3)):
        c, start = dice.whole(0, channels - 1), dice.whole(0, ticks - 1)
        window = slice(start, start + dice.whole(3, 30))
        ride32[c, window] = dice.coin32(0.1, 1.0)
        ride16[c, window] = dice.whole(0, (64 if dice.yes(0.3) else 4) * FULL16)
    return {
        "appeal_on": int(on),
        "appeal8": appeal.astype(np.int64),
        "fidelity16": dice.ints(0.3 * FULL16, FULL16, 8),
        "ride32": ride32,
        "ride16": ride16,
        "amplify": rng.integers(0, 4, 8) * int(shown),
        "amplify32": dice.ints(0.0, 0.5 * ALWAYS, 8),
    }


def unlimited(world: World) -> World:
    """Return the world as shards can settle it: goods without end, small households, no tribe."""
    none = np.zeros(8, np.int64)
    return with_rules(world, stocked=none, trials=none, household=4, tribe=-1)


def random_goods(dice: Dice, ticks: int, products: int) -> dict[str, object]:
    """Return rules with goods: busy enough for a world of some weeks."""
    rng, number = dice.rng, dice.whole(1, 4)
    there = np.arange(8) < number
    stocked = there & (rng.random(8) < 0.5)

    def some(low: float, high: float, p: float) -> np.ndarray:
        return rng.uniform(low, high, 8) * (there & (rng.random(8) < p))

    prices = rng.uniform(0.2, 2.0, (8, 1)) * rng.uniform(0.5, 1.2, (8, ticks))
    units = rng.integers(0, 6, (8, ticks)) * (rng.random((8, ticks)) < 0.3)
    arrivals = np.cumsum(rng.uniform(0.0, 0.08, ticks)) * ONE26
    return {
        "goods_on": 1,
        "n_goods": number,
        "good_product": rng.integers(0, products, 8) * there,
        "good_launch": rng.integers(0, max(1, ticks // 3), 8) * there,
        "good_quality": some(0.0, 1.0, 1.0),
        "list_price": prices * there[:, None],
        "unit_cost": some(0.1, 1.5, 0.8),
        "curve": some(0.1, 0.8, 0.6),
        "first_units": rng.uniform(1.0, 20.0, 8),
        "markup": some(0.0, 1.0, 0.5),
        "cost_plus": (rng.random(8) < 0.5).astype(np.int64) * there,
        "stocked": stocked.astype(np.int64),
        "good_units": units * stocked[:, None],
        "orders": np.where(rng.random(8) < 0.4, rng.integers(1, 5, 8), 2**31 - 1),
        "users_first": rng.integers(0, 2, 8),
        "cancel32": (some(0.02, 0.4, 0.7) * ALWAYS).astype(np.int64),
        "accessory_rate": some(0.02, 0.3, 0.8),
        "arrivals": arrivals.astype(np.int64),
        "has_at_start32": dice.coin32(0.1, 0.9, p=0.7),
        "life_days": dice.whole(3, 40),
        "wait_days": dice.whole(1, 20),
        "find32": dice.coin32(0.1, 1.0, p=0.7),
        "quality_weight": dice.real(0.2, 3.0, p=0.8),
        "expert_weight": dice.real(0.2, 3.0, p=0.6),
        "price_weight": dice.real(0.2, 2.0, p=0.8),
        "word_weight": dice.real(0.2, 3.0, p=0.7),
        "link_weight": dice.real(0.2, 2.0, p=0.7),
        "wait_value": dice.real(-1.0, 1.0),
        "rival_quality": np.clip(rng.uniform(0.2, 0.9) + 0.002 * np.arange(ticks), 0.0, 1.0),
        "rival_price": rng.uniform(0.2, 2.0) * 0.998 ** np.arange(ticks),
        "income_growth": 1.001 ** np.arange(ticks),
        "gift32": dice.coin32(0.1, 1.0, p=0.7),
        "household": dice.whole(1, 8),
        "switch32": dice.coin32(0.2, 1.0, p=0.7),
        "g16": float(dice.whole(1, 3)),
    }


def random_forgetting(dice: Dice) -> dict[str, object]:
    """Return that the product is forgotten, in four worlds of ten."""
    if not dice.yes(0.4):
        return {}
    left = 0.5 ** (np.arange(8) / dice.real(2.0, 40.0))
    return {"forget_on": 1, "forget32": ((1.0 - left) * ALWAYS).astype(np.int64)}


def random_segments(dice: Dice, segments: int) -> dict[str, object]:
    """Return factors by segment, in five worlds of ten; some are exactly 0."""
    differ = dice.yes()

    def factors() -> np.ndarray:
        found = dice.rng.uniform(0.0, 2.5, segments)
        found[dice.rng.random(segments) < 0.15] = 0.0
        return found if differ else np.ones(segments)

    join, tell, leave = (np.floor(factors() * FULL16).astype(np.int64) for _ in range(3))
    return {
        "segments_differ": int(differ),
        "segment_join16": join,
        "segment_tell16": tell,
        "segment_leave16": leave,
        "segment_gain": factors(),
    }


def random_classes(dice: Dice, classes: int, segments: int) -> dict[str, object]:
    rng = dice.rng
    enthusiast = rng.integers(0, 2, classes)
    level = np.where(enthusiast, rng.integers(60, 128, classes), rng.integers(0, 100, classes))
    pays = np.where(rng.random(classes) < 0.8, 15, rng.integers(0, 16, classes))
    return {
        "class_level": level.astype(np.uint8),
        "class_segment": rng.integers(0, segments, classes).astype(np.uint8),
        "class_enthusiast": enthusiast.astype(np.uint8),
        "class_pays": pays.astype(np.uint8),
        "class_taste": rng.integers(0, 4, classes).astype(np.uint8),
    }


def random_channels(
    dice: Dice, ticks: int, channels: int, nodes: int, segments: int
) -> dict[str, object]:
    rng = dice.rng
    tell = dice.ints(0.01 * ALWAYS, dice.real(0.05, 0.7) * ALWAYS, 8, 7)
    tell[rng.random((8, 7)) < 0.1] *= dice.whole(2, 12)  # saturated rates: above 2**32 too
    arriving = np.arange(256)
    budget = rng.uniform(0.3, 6.0, (8, segments, 1))
    background = rng.uniform(0.0, 3.0, (8, 1, 1))
    attention = np.minimum(1.0, budget / np.maximum(arriving + background, 1e-9))
    weak = rng.uniform(0.0, 1.0, (8, 1))
    return {
        "channel_opens": np.array([dice.days(ticks, 0.2) for _ in range(8)], np.int64),
        "channel_rank": rng.permutation(8).astype(np.int64) + 1,
        "tell32": tell,
        "message_hazard": dice.hazards(0.01, dice.real(0.1, 0.6), 8, 7, nodes + 2, 16),
        "see_hazard": dice.hazards(0.05, 0.8, 8),
        "readers_per_post": rng.uniform(0.5, 40.0, 8),
        "reading": np.where(rng.random(8) < 0.4, np.inf, rng.uniform(0.3, 5.0, 8)),
        "tie16": ((weak + (1 - weak) * np.arange(256) / 255) * FULL16).astype(np.int64),
        "attention_on": int(dice.yes()),
        "attention16": (attention * FULL16).astype(np.int64),
        "join_board32": dice.ints(0, ALWAYS, 8) * (rng.random(8) < 0.8),
        "reply32": dice.ints(0, ALWAYS, 8) * int(dice.yes(0.8)),
        "dilution": rng.uniform(0.0, 3.0, 8) * int(dice.yes()),
    }


def random_time(dice: Dice, ticks: int) -> dict[str, object]:
    size = ticks + 2
    ages = np.arange(size)
    half_lives = np.sort(dice.rng.uniform(1.0, 30.0, 9))
    floor = dice.real(0.1, 0.9) if dice.yes(0.6) else 1.0
    novelty = (floor + (1 - floor) * 0.5 ** (ages / dice.real(1.0, 10.0))) * FULL16
    fatigue = dice.real(0.7, 0.99) if dice.yes(0.6) else 1.0
    engagement = 0.5 ** (ages[None, :] / half_lives[:, None])
    if dice.yes():  # a decay that does depend on when it is settled
        engagement = 1.0 / (1.0 + ages[None, :] / half_lives[:, None])
    memory = dice.decay(dice.real(1.0, 30.0), size, FULL20)
    memory[0] = 0  # never read: what is touched twice in a tick leaks once
    return {
        "novelty16": novelty.astype(np.int64),
        "repeat16": (fatigue ** np.arange(256) * FULL16).astype(np.int64),
        "recovery_on": int(dice.yes()),
        "recovery16": dice.decay(dice.real(1.0, 30.0), size, FULL16),
        "engagement_decay": engagement,
        "memory_leak": int(dice.yes()),
        "memory20": memory,
    }


def random_nodes(dice: Dice, ticks: int, channels: int, nodes: int) -> dict[str, object]:
    rng = dice.rng
    fatigue = dice.real(0.6, 1.0)
    return {
        "node_opens": np.array([dice.days(ticks, 0.3) for _ in range(nodes)], np.int64),
        "node_channel": rng.integers(-1, channels, nodes).astype(np.int64),
        "join32": dice.ints(0, 0.6 * ALWAYS, nodes, 128),
        "join_fatigue16": (fatigue ** np.arange(256) * FULL16).astype(np.int64),
        "node_reward": rng.uniform(0.05, 1.0, nodes) * (rng.random(nodes) < 0.8),
        "node_reports": (rng.random(nodes) < 0.7).astype(np.uint8),
        "node_content16": rng.integers(0, FULL16 + 1, nodes),
        "story32": dice.ints(0, ALWAYS, nodes) * (rng.random(nodes) < 0.7),
        "story_life": dice.whole(0, 8),
    }


def random_products(dice: Dice, ticks: int, products: int) -> dict[str, object]:
    rng = dice.rng
    launch = np.array([dice.days(ticks, 0.1 if k == 0 else 0.6) for k in range(products)])
    launch[0] = min(launch[0], 5)
    capacity = np.where(rng.random(products) < 0.7, rng.integers(1, 25, products), 100_000)
    progress = np.where(rng.random(products) < 0.3, 0.0, rng.uniform(0.0, 0.03, products))
    return {
        "quality": rng.uniform(0.3, 0.95, products),
        "difficulty": rng.uniform(0.0, 0.6, products),
        "launch": launch.astype(np.int64),
        "release_interval": rng.integers(1, 11, products),
        "reading_capacity": capacity.astype(np.int64),
        "learn_quality": rng.uniform(0.0, 0.5, products) * int(dice.yes(0.8)),
        "learn_difficulty": rng.uniform(0.0, 0.5, products) * int(dice.yes(0.8)),
        "scale_quality": rng.uniform(1.0, 40.0, products),
        "scale_difficulty": rng.uniform(1.0, 40.0, products),
        "visible_progress": progress,
        "bar": rng.uniform(0.2, 0.9, products),
        "product_taste": rng.integers(-1, 4, products).astype(np.int64),
        "off_taste": dice.real(0.2, 1.0),
        "admission": dice.real(0.0, 0.8),
        "open_to_all": dice.days(ticks, 0.5),
        "backlog_on": int(dice.yes()),
        "needs": rng.integers(0, 12, products),
        "new_needs": rng.uniform(0.0, 2.0, products) * (rng.random(products) < 0.7),
        "need_share": rng.uniform(0.05, 0.6, products),
        "need_exponent": rng.uniform(1.1, 4.0, products),
        "need_severity": rng.uniform(0.02, 0.3, products),
        "expert_needs32": dice.ints(0, ALWAYS, products),
        "fixes": rng.integers(0, 6, products),
        "fix_rule": rng.integers(0, 4, products),
        "regressions32": dice.ints(0, 0.8 * ALWAYS, products) * int(dice.yes()),
        "expectations_on": int(dice.yes()),
        "bar_rise": dice.real(0.01, 0.5, p=0.8),
        "delight": dice.real(0.2, 3.0, p=0.8),
        "honour_gain": dice.real(0.1, 1.0, p=0.6),
        "release_story32": dice.coin32(0.2, 1.0, p=0.6),
    }


def filling_world(seed: int, n: int) -> World:
    """A random world whose boards begin nearly empty and fill by interest, with many lurkers."""
    full = np.full(8, ALWAYS)
    world = random_world(seed, n=n)
    return with_rules(world, start32=full // 10, register16=full >> 18, lurk32=full // 3)


def random_registration(dice: Dice) -> dict[str, object]:
    """Return boards that fill, in three worlds of ten."""
    if not dice.yes(0.3):
        return {}
    return {
        "start32": dice.ints(0, ALWAYS, 8),
        "register16": dice.ints(0, FULL16, 8),
        "lurk32": dice.ints(0, 0.8 * ALWAYS, 8) * int(dice.yes()),
        "seed_home": dice.whole(-1, 7),
    }


def random_users(dice: Dice) -> dict[str, object]:
    threshold = np.array([0.0, *np.cumsum(dice.rng.uniform(0.3, 2.0, 3))])
    return {
        "loyalty_bonus": dice.real(0.05, 0.5, p=0.6),
        "service_bonus": dice.real(0.1, 0.8, p=0.75),
        "complaint_rate": dice.real(0.5, 8.0, p=0.85),
        "complaint_gain": dice.real(0.05, 0.5, p=0.6),
        "lapse32": dice.coin32(0.02, 0.3, p=0.6),
        "churn32": dice.ints(0, 0.06 * ALWAYS, 4) * int(dice.yes()),
        "reply_gain": dice.real(0.05, 0.8, p=0.7),
        "recruit_gain": dice.real(0.1, 1.5, p=0.7),
        "newcomer_engagement": dice.real(0.1, 2.0, p=0.7),
        "seed_engagement": dice.real(1.0, 12.0),
        "tier_threshold": threshold,
        "tier_keep": threshold / 2,
        "invite_grant": dice.rng.integers(0, 5, 4) * int(dice.yes(0.8)),
    }


def random_tellers(dice: Dice) -> dict[str, object]:
    return {
        "relay_on": int(dice.yes()),
        "relay_days": dice.whole(1, 12),
        "waiting_tells": int(dice.yes(0.85)),
        "waiting_sign": 1 if dice.yes() else -1,
        "waiting16": dice.whole(1, 3 * FULL16) if dice.yes(0.85) else 0,
        "negativity16": dice.whole(FULL16 // 2, 4 * FULL16) if dice.yes(0.8) else 0,
        "rejection_on": int(dice.yes(0.7)),
        "rejecter_days": dice.whole(0, 12),
    }


def random_events(dice: Dice, ticks: int, channels: int, products: int) -> dict[str, object]:
    rng = dice.rng
    lift_tell = np.full((8, ticks), FULL16, np.int64)
    lift_visibility = lift_tell.copy()
    gain, saturation = np.zeros((8, ticks)), np.ones((8, ticks))
    for _ in range(dice.whole(1, 4) if dice.yes(0.6) else 0):
        c, start = dice.whole(0, channels - 1), dice.whole(0, ticks - 1)
        window = slice(start, start + dice.whole(2, 15))
        lift_tell[c, window] = dice.whole(FULL16 // 4, 5 * FULL16)
        lift_visibility[c, window] = dice.whole(FULL16 // 4, 4 * FULL16)
        gain[c, window] = dice.real(0.1, 3.0, p=0.75)
        saturation[c, window] = dice.real(0.2, 4.0)

    meetings = dice.whole(1, 3) if dice.yes(0.6) else 0
    meeting_at = np.full(ticks, -1, np.int64)
    for m in range(meetings):  # a meeting may be held again
        meeting_at[rng.integers(0, ticks, dice.whole(1, 3))] = m
    campaigns = dice.whole(1, 3) if dice.yes(0.65) else 0
    media_start = rng.integers(0, ticks, campaigns)
    return {
        "lift_tell16": lift_tell,
        "lift_visibility16": lift_visibility,
        "event_gain": gain,
        "event_saturation": saturation,
        "meeting_at": meeting_at,
        "meeting_channel": rng.integers(0, channels, meetings).astype(np.int64),
        "meeting_attend32": dice.ints(0.3 * ALWAYS, ALWAYS, meetings),
        "meeting_cap": rng.integers(1, 25, meetings),
        "meeting_gain": rng.uniform(0.1, 2.0, meetings) * int(dice.yes(0.8)),
        "meeting_ties": rng.integers(0, 5, meetings),
        "media_channel": rng.integers(0, channels, campaigns).astype(np.int64),
        "media_product": rng.integers(0, products, campaigns).astype(np.int64),
        "media_start": media_start,
        "media_end": media_start + rng.integers(1, 25, campaigns),
        "media_see32": dice.ints(0.01 * ALWAYS, 0.5 * ALWAYS, campaigns),
        "media_hazard": dice.hazards(0.01, 0.6, campaigns),
    }


def random_market(dice: Dice, ticks: int) -> dict[str, object]:
    rng = dice.rng
    rounds = rng.random(ticks) < dice.real(0.03, 0.3)
    steps = rng.exponential(dice.real(0.2, 4.0) / ticks, ticks) * (rng.random(ticks) < 0.7)
    return {
        "supply_on": int(dice.yes(0.55)),
        "units": rng.integers(1, 8, ticks) * rounds,
        "give_up32": dice.coin32(0.02, 0.3, p=0.8),
        "give_up_rival32": dice.coin32(0.1, 0.9, p=0.8),
        "rival_on": int(dice.yes()),
        "rival_cumulative": np.cumsum((steps * ONE26).astype(np.int64)),
        "replacement_days": dice.whole(1, 20) if dice.yes(0.7) else 0,
        "rejected_return": dice.whole(1, 20) if dice.yes(0.7) else 0,
        "lapsed_return": dice.whole(1, 20) if dice.yes(0.7) else 0,
    }


def random_service(dice: Dice, channels: int) -> dict[str, object]:
    rng = dice.rng
    patience = max(0, dice.whole(-3, 3))  # impatience, or complaints are never dropped
    size = (patience + 1) * 64
    served = (rng.random(8) < 0.6) & (np.arange(8) < channels) & dice.yes(0.9)
    return {
        "service_capacity": rng.integers(1, dice.whole(2, 5), 8) * served,
        "service_public": (rng.random(8) < 0.6).astype(np.uint8),
        "patience": patience,
        "answer32": dice.coin32(0.3, 1.0) if dice.yes(0.8) else ALWAYS,
        "answer_worth16": dice.decay(dice.real(20.0, 300.0), size, FULL16),
        "answer_gain": dice.real(0.1, 1.5, p=0.8),
        "bonus_days": dice.whole(0, 8),
        "squeaky_wheel": dice.real(0.5, 4.0, p=0.6),
    }

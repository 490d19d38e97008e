"""Worlds for tests, made directly as arrays: quiet ones and random ones.

`quiet_world` has every mechanism at its neutral value and certain persuasion, so that a test can
switch on the one thing it is about and compute the outcome by hand.  `random_world` switches
everything on by chance, with rates at which things happen in small worlds; both engines must
agree on it to the bit.  `NEUTRAL` says how to switch a mechanism off again.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from koubei_sim.kernels.draws import HAZARD_ONE
from koubei_sim.world import Graphs, People, Rules, World

ALWAYS = 1 << 32  # the threshold of a coin that always falls
FULL16 = 65536
FULL20 = 1 << 20
ONE26 = 1 << 26  # a resistance of 1
LARGEST_RESISTANCE = int(37.5 * ONE26)


def with_rules(world: World, **changes: object) -> World:
    """The same world under other rules."""
    return world._replace(rules=world.rules._replace(**changes))


def with_people(world: World, **changes: object) -> World:
    """The same world with other people."""
    return world._replace(people=world.people._replace(**changes))


def arcs_to_csr(n: int, arcs: set[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Rows by teller, listeners sorted within a row."""
    ordered = sorted(arcs)
    counts = np.bincount([u for u, _ in ordered], minlength=n) if ordered else np.zeros(n, int)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return indptr, np.array([v for _, v in ordered], dtype=np.int32)


def graphs_of(n: int, arcs: dict[int, set[tuple[int, int]]], ties: dict[int, np.ndarray]) -> Graphs:
    """Graphs of all eight channels from the arcs of the feeds among them."""
    rows = [
        arcs_to_csr(n, arcs[c]) if c in arcs else (np.zeros(1, np.int64), np.empty(0, np.int32))
        for c in range(8)
    ]
    return Graphs(
        indptr=tuple(row[0] for row in rows),
        indices=tuple(row[1] for row in rows),
        ties=tuple(ties.get(c, np.empty(0, np.uint8)) for c in range(8)),
    )


def quiet_world(
    n: int = 2,
    ticks: int = 5,
    *,
    arcs: dict[int, set[tuple[int, int]]] | None = None,
    boards: tuple[int, ...] = (),
    nodes: int = 0,
    products: int = 1,
    seeds: tuple[int, ...] = (0,),
) -> World:
    """A world where nothing happens unless a test lets it.

    Everybody is on every channel, online every day, of level 127, with resistances of 1; every
    message and every sight is certain; but nobody tells (`tell32` is 0).  The feeds are the keys
    of `arcs`, the boards those of `boards`.
    """
    arcs = {0: set()} if arcs is None and not boards else (arcs or {})
    channels = len(arcs) + len(boards)
    assert sorted([*arcs, *boards]) == list(range(channels))

    def full(*shape: int, value: int = FULL16) -> np.ndarray:
        return np.full(shape, value, np.int64)

    def zeros(*shape: int) -> np.ndarray:
        return np.zeros(shape, np.int64)

    people = People(
        online_threshold=np.full(n, 0xFFFFFFFF, np.uint32),
        agent_class=np.zeros(n, np.uint16),
        taste=np.zeros(n),
        channels=np.full(n, (1 << channels) - 1, np.uint8),
        resist_aware=np.full(n, ONE26, np.uint32),
        resist_adopt=np.full(n, ONE26, np.uint32),
        resist_reject=np.full(n, ONE26, np.uint32),
        need=np.ones(1, np.uint16),
        initial_stage=np.zeros(n, np.uint8),
        seeds=np.array(seeds, np.int32),
    )
    rules = Rules(
        n=n,
        ticks=ticks,
        n_channels=channels,
        n_nodes=nodes,
        n_products=products,
        n_segments=1,
        key=np.uint64(20100816),
        replicate=0,
        class_level=np.array([127], np.uint8),
        class_segment=np.zeros(1, np.uint8),
        class_enthusiast=np.ones(1, np.uint8),
        class_pays=np.full(1, 15, np.uint8),
        class_taste=np.zeros(1, np.uint8),
        is_board=np.array([c in boards for c in range(8)], np.uint8),
        channel_opens=zeros(8),
        channel_rank=full(8, value=1),
        tell32=zeros(8, 7),
        message_hazard=full(8, 7, nodes + 2, 16, value=HAZARD_ONE),
        awareness_hazard=full(8, value=HAZARD_ONE),
        readers_per_post=np.full(8, np.inf),
        reading=np.full(8, np.inf),
        tie_on=np.zeros(8, np.uint8),
        tie16=full(8, 256),
        attention_on=0,
        attention16=full(8, 1, 1024),
        join_board32=zeros(8),
        reply32=zeros(8),
        service_capacity=zeros(8),
        service_public=np.zeros(8, np.uint8),
        novelty16=full(ticks + 2),
        repeat16=full(256),
        engagement_decay=np.ones((2, ticks + 2)),
        memory_leak=0,
        memory20=full(ticks + 2, value=FULL20),
        awareness_leak=0,
        awareness20=full(ticks + 2, value=FULL20),
        node_opens=zeros(nodes),
        node_channel=full(nodes, value=-1),
        join32=zeros(nodes, 128),
        join_fatigue16=full(256),
        node_reward=np.zeros(nodes),
        node_reports=np.zeros(nodes, np.uint8),
        node_content16=full(nodes),
        story32=zeros(nodes),
        story_life=3,
        quality=np.ones(products),
        difficulty=np.zeros(products),
        launch=zeros(products),
        release_interval=full(products, value=7),
        reading_capacity=full(products, value=100),
        learn_quality=np.zeros(products),
        learn_difficulty=np.zeros(products),
        scale_quality=np.ones(products),
        scale_difficulty=np.ones(products),
        visible_progress=np.full(products, 10.0),
        bar=np.zeros(products),
        product_taste=full(products, value=-1),
        off_taste=1.0,
        admission=1.0,
        open_to_all=0,
        honour_gain=0.0,
        release_story32=0,
        loyalty_bonus=0.0,
        service_bonus=0.0,
        complaint_rate=0.0,
        complaint_gain=0.0,
        lapse32=0,
        churn32=0,
        reply_gain=0.0,
        recruit_gain=0.0,
        newcomer_engagement=0.0,
        seed_engagement=12.0,
        tier_threshold=np.array([0.0, 2.0, 6.0, 10.0]),
        tier_keep=np.array([0.0, 1.0, 3.0, 5.0]),
        invite_grant=zeros(4),
        relay_on=0,
        relay_days=0,
        waiting_tells=0,
        waiting_sign=1,
        waiting16=FULL16,
        negativity16=FULL16,
        rejection_on=0,
        rejecter_days=0,
        reinforcement_on=0,
        lift_tell16=full(8, ticks),
        lift_visibility16=full(8, ticks),
        event_gain=np.zeros((8, ticks)),
        event_saturation=np.ones((8, ticks)),
        meeting_at=full(ticks, value=-1),
        meeting_channel=zeros(0),
        meeting_attend32=zeros(0),
        meeting_cap=zeros(0),
        meeting_gain=np.zeros(0),
        meeting_ties=zeros(0),
        media_channel=zeros(0),
        media_product=zeros(0),
        media_start=zeros(0),
        media_end=zeros(0),
        media_hazard=zeros(0),
        media_awareness=zeros(0),
        supply_on=0,
        units=zeros(ticks),
        give_up32=0,
        give_up_rival32=0,
        rival_on=0,
        rival_cumulative=zeros(ticks),
        replacement_days=0,
        rejected_return=0,
        lapsed_return=0,
        patience=3,
        answer32=ALWAYS,
        answer_worth16=full(4 * 64),
        answer_gain=0.0,
        bonus_days=0,
        squeaky_wheel=0.0,
    )
    return World(people, graphs_of(n, arcs, {}), rules)


# ---------------------------------------------------------------- random worlds


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
        resist_aware=dice.resistances(n, dice.real(0.3, 1.0)),
        resist_adopt=dice.resistances(n, dice.real(0.2, 1.0)),
        resist_reject=dice.resistances(n, dice.real(0.2, 1.0)),
        need=dice.rng.integers(1, 4, n).astype(np.uint16) if reinforcement else base.people.need,
        initial_stage=(dice.rng.random(n) < dice.real(0.05, 0.6, p=0.5)).astype(np.uint8),
        seeds=np.sort(dice.rng.choice(n, seed_count, replace=False)).astype(np.int32),
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
    return with_rules(World(people, graphs_of(n, arcs, ties), base.rules), **changes)


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
    arriving = np.arange(1024)
    budget = rng.uniform(0.3, 6.0, (8, segments, 1))
    background = rng.uniform(0.0, 3.0, (8, 1, 1))
    attention = np.minimum(1.0, budget / np.maximum(arriving + background, 1e-9))
    weak = rng.uniform(0.0, 1.0, (8, 1))
    return {
        "channel_opens": np.array([dice.days(ticks, 0.2) for _ in range(8)], np.int64),
        "channel_rank": rng.permutation(8).astype(np.int64) + 1,
        "tell32": tell,
        "message_hazard": dice.hazards(0.01, dice.real(0.1, 0.6), 8, 7, nodes + 2, 16),
        "awareness_hazard": dice.hazards(0.05, 0.8, 8),
        "readers_per_post": rng.uniform(0.5, 40.0, 8),
        "reading": np.where(rng.random(8) < 0.4, np.inf, rng.uniform(0.3, 5.0, 8)),
        "tie16": ((weak + (1 - weak) * np.arange(256) / 255) * FULL16).astype(np.int64),
        "attention_on": int(dice.yes()),
        "attention16": (attention * FULL16).astype(np.int64),
        "join_board32": dice.ints(0, ALWAYS, 8) * (rng.random(8) < 0.8),
        "reply32": dice.ints(0, ALWAYS, 8) * int(dice.yes(0.8)),
    }


def random_time(dice: Dice, ticks: int) -> dict[str, object]:
    size = ticks + 2
    ages = np.arange(size)
    half_lives = np.sort(dice.rng.uniform(1.0, 30.0, 9))
    floor = dice.real(0.1, 0.9) if dice.yes(0.6) else 1.0
    novelty = (floor + (1 - floor) * 0.5 ** (ages / dice.real(1.0, 10.0))) * FULL16
    fatigue = dice.real(0.7, 0.99) if dice.yes(0.6) else 1.0
    return {
        "novelty16": novelty.astype(np.int64),
        "repeat16": (fatigue ** np.arange(256) * FULL16).astype(np.int64),
        "engagement_decay": 0.5 ** (ages[None, :] / half_lives[:, None]),
        "memory_leak": int(dice.yes()),
        "memory20": dice.decay(dice.real(1.0, 30.0), size, FULL20),
        "awareness_leak": int(dice.yes()),
        "awareness20": dice.decay(dice.real(1.0, 30.0), size, FULL20),
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
        "honour_gain": dice.real(0.1, 1.0, p=0.6),
        "release_story32": dice.coin32(0.2, 1.0, p=0.6),
    }


def random_users(dice: Dice) -> dict[str, object]:
    threshold = np.array([0.0, *np.cumsum(dice.rng.uniform(0.3, 2.0, 3))])
    return {
        "loyalty_bonus": dice.real(0.05, 0.5, p=0.6),
        "service_bonus": dice.real(0.1, 0.8, p=0.75),
        "complaint_rate": dice.real(0.5, 8.0, p=0.85),
        "complaint_gain": dice.real(0.05, 0.5, p=0.6),
        "lapse32": dice.coin32(0.02, 0.3, p=0.6),
        "churn32": dice.coin32(0.005, 0.06, p=0.5),
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
        "waiting_tells": int(dice.yes(0.7)),
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
    campaigns = dice.whole(1, 3) if dice.yes() else 0
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
        "media_hazard": dice.hazards(0.01, 0.3, campaigns),
        "media_awareness": dice.hazards(0.01, 0.3, campaigns),
    }


def random_market(dice: Dice, ticks: int) -> dict[str, object]:
    rng = dice.rng
    rounds = rng.random(ticks) < dice.real(0.05, 0.5)
    steps = rng.exponential(dice.real(0.2, 4.0) / ticks, ticks) * (rng.random(ticks) < 0.7)
    return {
        "supply_on": int(dice.yes(0.45)),
        "units": rng.integers(1, 12, ticks) * rounds,
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
    patience = dice.whole(0, 4)
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


# ---------------------------------------------------------------- switching mechanisms off


def neutral(**changes: object) -> Callable[[World], World]:
    """Set fields to a neutral value; a number fills an array field and keeps its shape."""

    def switch_off(world: World) -> World:
        new = {}
        for name, value in changes.items():
            old = getattr(world.rules, name)
            new[name] = np.full_like(old, value) if isinstance(old, np.ndarray) else value
        return with_rules(world, **new)

    return switch_off


# Mechanism -> the same world without it.  A mechanism *fires* in a world when this changes the
# history of the run.
NEUTRAL: dict[str, Callable[[World], World]] = {
    "reinforcement": lambda w: with_people(
        with_rules(w, reinforcement_on=0), need=np.ones(1, np.uint16)
    ),
    "rejection": neutral(rejection_on=0),
    "relays": neutral(relay_on=0),
    "waiting tellers": neutral(waiting_tells=0),
    "attention": neutral(attention_on=0),
    "ties": neutral(tie_on=0),
    "memory leak": neutral(memory_leak=0),
    "awareness leak": neutral(awareness_leak=0),
    "supply": neutral(supply_on=0),
    "invites": neutral(invite_grant=0),
    "rounds": neutral(units=0),
    "give up": neutral(give_up32=0),
    "rival": neutral(rival_on=0),
    "media": neutral(media_hazard=0, media_awareness=0),
    "event lifts": neutral(lift_tell16=FULL16, lift_visibility16=FULL16),
    "event gains": neutral(event_gain=0.0),
    "meetings": neutral(meeting_at=-1),
    "meeting ties": neutral(meeting_ties=0),
    "service": neutral(service_capacity=0),
    "service bonus": neutral(service_bonus=0.0),
    "squeaky wheel": neutral(squeaky_wheel=0.0),
    "honour": neutral(honour_gain=0.0),
    "release stories": neutral(release_story32=0),
    "learning": neutral(learn_quality=0.0, learn_difficulty=0.0),
    "stories": neutral(story32=0),
    "node reports": neutral(node_reports=0),
    "replies": neutral(reply32=0),
    "recruit gain": neutral(recruit_gain=0.0),
    "stickiness": neutral(channel_rank=0),
    "churn": neutral(churn32=0),
    "lapse": neutral(lapse32=0),
    "returns": neutral(replacement_days=0, rejected_return=0, lapsed_return=0),
    "novelty": neutral(novelty16=FULL16),
    "repeats": neutral(repeat16=FULL16),
    "launches": neutral(launch=0),
    "gate": neutral(open_to_all=0),
    "taste groups": neutral(product_taste=-1),
    "late channels": neutral(channel_opens=0),
    "late nodes": neutral(node_opens=0),
    "board joining": neutral(join_board32=0),
    "reading limit": neutral(reading=np.inf),
    "demotion": neutral(tier_keep=0.0),
}

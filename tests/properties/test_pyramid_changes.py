"""What a change of a world may do, and what it must not, on the compiled engine.

Draws have addresses, so two worlds that differ in one thing share all else: one more person moves
no other, a change on day t is not foreseen, what has no path has no effect, more persuasion never
delays anybody where nothing pushes back, a module at its neutral value is not there, and the names
of people do not matter (in law, for draws are addressed by them).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, seed, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from tests.equivalence.compare import difference
from tests.properties.test_pyramid import SEEDS, up_to
from tests.strategies import scenarios
from tests.worlds import ALWAYS, FULL16, FULL20, random_world, with_people, with_rules

from koubei_sim.build import build_world
from koubei_sim.engines.compiled import run_compiled
from koubei_sim.kernels import codes
from koubei_sim.kernels.draws import HAZARD_ONE
from koubei_sim.spec.neutral import MODULES
from koubei_sim.world import Graphs, History, World

NEVER = np.iinfo(np.int32).max


def events_of(history: History, chosen: np.ndarray, fields: tuple[str, ...]) -> np.ndarray:
    """Return the chosen lines of the log, int64[lines, fields]."""
    return np.stack([getattr(history, "log_" + name)[chosen].astype(int) for name in fields], 1)


EVENT = ("tick", "agent", "kind", "product")
ALL_FIELDS = tuple(name[4:] for name in History._fields if name.startswith("log_"))

# ---------------------------------------------------------------- one more person


def with_stranger(world: World) -> World:
    """The world with one more person, who is on no channel and hears of nothing."""
    n = world.rules.n
    people = world.people
    longer = {
        name: np.append(values, values[:1] * 0)
        for name, values in people._asdict().items()
        if name != "seeds" and values.size == n
    }
    indptr = tuple(
        np.append(rows, rows[-1:]) if rows.size == n + 1 else rows for rows in world.graphs.indptr
    )
    return World(
        people._replace(**longer),
        world.graphs._replace(indptr=indptr),
        world.rules._replace(n=n + 1),
    )


@given(SEEDS)
def test_one_more_person_moves_no_event_of_another(seed: int) -> None:
    """Catches draws that run on from person to person instead of having addresses.

    The order in which tellers are heard has an offset drawn among n people, so *who* gets the
    credit may change: what hangs on the credit is off.
    """
    world = with_rules(
        random_world(seed),
        relay_on=0, supply_on=0, recruit_gain=0.0, event_gain=np.zeros((8, 120)),
        media_product=random_world(seed).rules.media_product * 0,
    )  # fmt: skip
    world = with_rules(world, event_gain=np.zeros((8, world.rules.ticks)))
    one, two = run_compiled(world), run_compiled(with_stranger(world))
    others = two.log_agent < world.rules.n
    everyone = np.ones(one.log_agent.size, bool)
    assert np.array_equal(events_of(one, everyone, EVENT), events_of(two, others, EVENT))
    assert one.quality.tobytes() == two.quality.tobytes()


@given(SEEDS)
def test_one_more_person_changes_nothing_where_order_is_free(seed: int) -> None:
    """Catches the same for recruiters, generations and tables: on boards nothing has an order."""
    world = random_world(seed)
    empty = tuple(rows * 0 for rows in world.graphs.indptr)
    nothing = tuple(rows[:0] for rows in world.graphs.indices)
    no_ties = tuple(rows[:0] for rows in world.graphs.ties)
    world = World(world.people, Graphs(empty, nothing, no_ties), world.rules)
    world = with_rules(world, meeting_ties=world.rules.meeting_ties * 0, rival_on=0)
    one, two = run_compiled(world), run_compiled(with_stranger(world))
    assert not (two.log_agent == world.rules.n).any()
    table = two.table.copy()
    table[:, codes.T_STAGE + codes.UNAWARE] -= 1
    assert difference(one, two._replace(table=table)) is None


# ---------------------------------------------------------------- no foresight


def festival(world: World, t: int) -> World:
    """An event with lifts and a gain on channel 0 from day t on."""
    rules = world.rules
    tell, see, gain = (
        a.copy() for a in (rules.lift_tell16, rules.lift_visibility16, rules.event_gain)
    )
    tell[0, t : t + 5] = see[0, t : t + 5] = 4 * FULL16
    gain[0, t : t + 5] = 1.0
    return with_rules(world, lift_tell16=tell, lift_visibility16=see, event_gain=gain)


def campaign(world: World, t: int) -> World:
    """Own media on channel 0 from day t on."""
    added = {"channel": 0, "product": 0, "start": t, "end": t + 9, "hazard": 1 << 31,
             "awareness": 1 << 31}  # fmt: skip
    return with_rules(world, **{
        f"media_{name}": np.append(getattr(world.rules, f"media_{name}"), value)
        for name, value in added.items()
    })  # fmt: skip


def meeting(world: World, t: int) -> World:
    """A meeting on channel 0 on day t."""
    rules = world.rules
    days = rules.meeting_at.copy()
    days[t] = rules.meeting_channel.size
    added = {"channel": 0, "attend32": ALWAYS, "cap": 50, "gain": 2.0, "ties": 2}
    return with_rules(world, meeting_at=days, **{
        f"meeting_{name}": np.append(getattr(rules, f"meeting_{name}"), value)
        for name, value in added.items()
    })  # fmt: skip


def from_day(**changes: int) -> Callable[[World, int], World]:
    """Set rules given by day (last axis) to new values from day t on."""

    def changed(world: World, t: int) -> World:
        new = {name: getattr(world.rules, name).copy() for name in changes}
        for name, value in changes.items():
            new[name][..., t:] = value
        return with_rules(world, **new)

    return changed


FROM_DAY_T: dict[str, Callable[[World, int], World]] = {
    "event": festival,
    "own media": campaign,
    "meeting": meeting,
    "units": from_day(units=5),
    "rival": lambda w, t: with_rules(
        w, rival_cumulative=w.rules.rival_cumulative + (np.arange(w.rules.ticks) >= t) * (1 << 27)
    ),
    "silence": from_day(lift_tell16=0),
}


@pytest.mark.parametrize("name", FROM_DAY_T)
def test_nobody_foresees(name: str) -> None:
    """Catches anything read from a day that has not come, and shifted days."""
    shown = [0]

    @given(SEEDS, st.data())
    @settings(max_examples=40)
    def check(seed: int, data: st.DataObject) -> None:
        world = random_world(seed)
        t = data.draw(st.integers(0, world.rules.ticks - 1), label="t")
        one, two = run_compiled(world), run_compiled(FROM_DAY_T[name](world, t))
        assert difference(up_to(one, t), up_to(two, t)) is None
        shown[0] += difference(up_to(one, t + 1), up_to(two, t + 1)) is not None

    check()
    assert shown[0] >= 2, "the change never showed on its own day"


# ---------------------------------------------------------------- no path, no effect


def in_halves(world: World) -> World:
    """Let people below n/2 live on the first half of the channels, the others on the rest.

    What all share - product quality, units, the squeak, own media aside - is off.
    """
    n, channels = world.rules.n, world.rules.n_channels
    first = (1 << (channels // 2)) - 1
    half = np.arange(n) < n // 2
    member = np.where(half, world.people.channels & first, world.people.channels & ~first & 255)
    indptr, indices, ties = [], [], []
    for c in range(8):
        rows, listeners, strength = (part[c] for part in world.graphs)
        if rows.size == n + 1:
            tellers = np.repeat(np.arange(n), np.diff(rows))
            on_c = (member >> c & 1).astype(bool)
            keep = on_c[tellers] & on_c[listeners]
            rows = np.append(0, np.cumsum(np.bincount(tellers[keep], minlength=n)))
            listeners, strength = listeners[keep], strength[keep] if strength.size else strength
        indptr.append(rows.astype(np.int64))
        indices.append(listeners)
        ties.append(strength)
    world = World(
        world.people._replace(channels=member.astype(np.uint8)),
        Graphs(tuple(indptr), tuple(indices), tuple(ties)),
        world.rules,
    )
    silent = {name: getattr(world.rules, name) * 0 for name in ("learn_quality", "join_board32")}
    silent["learn_difficulty"] = world.rules.learn_difficulty * 0
    return with_rules(world, supply_on=0, squeaky_wheel=0.0, **silent)


@pytest.mark.parametrize("name", ["event", "own media", "meeting"])
def test_what_has_no_path_has_no_effect(name: str) -> None:
    """Catches effects that leak over channels or between people who share nothing."""
    shown = [0]

    @given(SEEDS, st.data())
    @settings(max_examples=40)
    def check(seed: int, data: st.DataObject) -> None:
        world = random_world(seed)
        assume(world.rules.n_channels >= 2)
        world = in_halves(world)
        t = data.draw(st.integers(0, world.rules.ticks // 2), label="t")
        one, two = run_compiled(world), run_compiled(FROM_DAY_T[name](world, t))
        apart = [events_of(h, h.log_agent >= world.rules.n // 2, ALL_FIELDS) for h in (one, two)]
        assert np.array_equal(*apart)
        shown[0] += difference(one, two) is not None and apart[0].shape[0] > 3

    check()
    assert shown[0] >= 5, "the change had no effect, or the others did nothing"


# ---------------------------------------------------------------- more is never later


def monotone(world: World) -> World:
    """The world without all that pushes back: bad news, fatigue, forgetting, leaving, rivalry.

    Every user tells alike, whatever its tier, story or time as a user, and reads without limit.
    """
    rules = world.rules
    one_kind = np.repeat(rules.tell32[:, :1], codes.KINDS, axis=1)
    hazard = np.broadcast_to(rules.message_hazard[:, :1, :1, :1], rules.message_hazard.shape)
    return with_rules(
        world,
        tell32=one_kind,
        message_hazard=np.ascontiguousarray(hazard),
        media_product=rules.media_product * 0,
        **{name: getattr(rules, name) * 0 for name in (
            "learn_quality", "learn_difficulty", "join_board32",
        )},
        **dict.fromkeys((
            "supply_on", "negativity16", "rejection_on", "relay_on", "rival_on", "attention_on",
            "churn32", "lapse32", "memory_leak", "awareness_leak",
        ), 0),
        loyalty_bonus=0.0,
        service_bonus=0.0,
        meeting_at=np.full(rules.ticks, -1),
        novelty16=np.full(rules.ticks + 2, FULL16),
        repeat16=np.full(256, FULL16),
        reading=np.full(8, np.inf),
    )  # fmt: skip


def scaled(**factors: float) -> Callable[[World], World]:
    """Multiply rules, hazards staying within their range."""

    def changed(world: World) -> World:
        new = {}
        for name, factor in factors.items():
            values = getattr(world.rules, name)
            larger = (values * factor).astype(values.dtype)
            new[name] = np.minimum(larger, HAZARD_ONE) if "hazard" in name else larger
        return with_rules(world, **new)

    return changed


def one_more_seed(world: World) -> World:
    """Make the first person who is none a seed."""
    rest = np.setdiff1d(np.arange(world.rules.n), world.people.seeds)
    return with_people(
        world, seeds=np.sort(np.append(world.people.seeds, rest[:1])).astype(np.int32)
    )


def one_easier(world: World) -> World:
    """Halve every resistance to adoption."""
    return with_people(world, resist_adopt=world.people.resist_adopt // 2)


MORE: dict[str, Callable[[World], World]] = {
    "persuasion": scaled(message_hazard=1.7),
    "visibility": scaled(message_hazard=1.3, awareness_hazard=1.3),
    "telling": scaled(tell32=1.5),
    "lifts": scaled(lift_tell16=1.5, lift_visibility16=1.5),
    "own media": lambda w: campaign(w, w.rules.ticks // 4),
    "readers": scaled(readers_per_post=2.0),
    "one more seed": one_more_seed,
    "less resistance": one_easier,
}


def adoption_ticks(world: World) -> np.ndarray:
    """Return the tick of the first adoption by person, NEVER where there is none."""
    history = run_compiled(world)
    ticks = np.full(world.rules.n, NEVER)
    adopted = history.log_kind == codes.LOG_ADOPT
    np.minimum.at(ticks, history.log_agent[adopted], history.log_tick[adopted])
    return ticks


@pytest.mark.parametrize("name", MORE)
def test_more_never_delays_anybody(name: str) -> None:
    """Catches a wrong sign, and coins that are not shared between the worlds, draw for draw."""
    earlier = [0]

    @given(SEEDS)
    @settings(max_examples=60)
    def check(seed: int) -> None:
        world = monotone(random_world(seed))
        less, more = adoption_ticks(world), adoption_ticks(MORE[name](world))
        late = np.nonzero(more > less)[0]
        assert late.size == 0, f"later by more {name}: {late.tolist()}"
        earlier[0] += bool((more < less).any())

    check()
    assert earlier[0] >= 5, f"more {name} never brought anybody forward"


# ---------------------------------------------------------------- neutral is absent


def rules_like(world: World, **values: float) -> World:
    """Fill array rules with a value, set scalar ones to it."""
    new: dict[str, object] = {}
    for name, value in values.items():
        old = getattr(world.rules, name)
        new[name] = np.full_like(old, value) if isinstance(old, np.ndarray) else value
    return with_rules(world, **new)


def kind_silent(world: World, kind: int, **values: float) -> World:
    """Let tellers of one kind exist but never tell."""
    tell = world.rules.tell32.copy()
    tell[:, kind] = 0
    return rules_like(with_rules(world, tell32=tell), **values)


# Name -> the module absent, and the module there with a neutral value: two ways to have none.
TWO_WAYS: dict[str, tuple[Callable[[World], World], Callable[[World], World]]] = {
    "attention": (
        lambda w: rules_like(w, attention_on=0),
        lambda w: rules_like(w, attention_on=1, attention16=FULL16),
    ),
    "ties": (
        lambda w: rules_like(w, tie_on=0),
        lambda w: rules_like(w, tie16=FULL16),
    ),
    "memory": (
        lambda w: rules_like(w, memory_leak=0),
        lambda w: rules_like(w, memory_leak=1, memory20=FULL20),
    ),
    "awareness leak": (
        lambda w: rules_like(w, awareness_leak=0),
        lambda w: rules_like(w, awareness_leak=1, awareness20=FULL20),
    ),
    "reinforcement": (
        lambda w: rules_like(w, reinforcement_on=0),
        lambda w: with_people(
            rules_like(w, reinforcement_on=1), need=np.zeros(w.rules.n, np.uint16)
        ),
    ),
    "relays": (
        lambda w: kind_silent(w, codes.KIND_RELAY, relay_on=0),
        lambda w: kind_silent(w, codes.KIND_RELAY, relay_on=1, relay_days=9),
    ),
    "waiting tellers": (
        lambda w: rules_like(w, waiting_tells=0),
        lambda w: rules_like(w, waiting_tells=1, waiting16=0),
    ),
    "rejecters": (
        lambda w: kind_silent(w, codes.KIND_REJECTER, rejecter_days=0),
        lambda w: kind_silent(w, codes.KIND_REJECTER, rejecter_days=9),
    ),
    "rival": (
        lambda w: rules_like(w, rival_on=0),
        lambda w: rules_like(w, rival_on=1, rival_cumulative=0),
    ),
    "own media": (
        lambda w: with_rules(w, **{
            f"media_{name}": getattr(w.rules, f"media_{name}")[:0]
            for name in ("channel", "product", "start", "end", "hazard", "awareness")
        }),
        lambda w: with_rules(w, media_end=w.rules.media_start),
    ),
    "meetings": (
        lambda w: rules_like(w, meeting_at=-1),
        lambda w: rules_like(w, meeting_attend32=0),
    ),
    "places at meetings": (
        lambda w: rules_like(w, meeting_at=-1),
        lambda w: rules_like(w, meeting_cap=0),
    ),
    "service": (
        lambda w: rules_like(w, service_capacity=0),
        lambda w: rules_like(w, complaint_rate=0.0),
    ),
    "squeaky wheel": (
        lambda w: rules_like(w, squeaky_wheel=0.0),
        lambda w: rules_like(w, service_public=0),
    ),
    "honour": (
        lambda w: rules_like(w, honour_gain=0.0, release_story32=0),
        lambda w: rules_like(w, visible_progress=10.0),
    ),
    "learning": (
        lambda w: rules_like(w, learn_quality=0.0, learn_difficulty=0.0, visible_progress=9.0),
        lambda w: rules_like(w, scale_quality=np.inf, scale_difficulty=np.inf, visible_progress=9.0),
    ),
    "gate": (
        lambda w: rules_like(w, open_to_all=0),
        lambda w: rules_like(w, admission=1.0),
    ),
    "taste groups": (
        lambda w: rules_like(w, product_taste=-1),
        lambda w: rules_like(w, off_taste=1.0),
    ),
    "replies": (
        lambda w: rules_like(w, reply_gain=0.0, channel_rank=0, recruit_gain=0.0, event_gain=0.0),
        lambda w: rules_like(
            w, reply_gain=0.0, channel_rank=0, recruit_gain=0.0, event_saturation=np.inf
        ),
    ),
    "event gains": (
        lambda w: rules_like(w, lift_tell16=FULL16, lift_visibility16=FULL16, event_gain=0.0),
        lambda w: rules_like(w, lift_tell16=FULL16, lift_visibility16=FULL16, event_gain=0.0,
                             event_saturation=3.0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TWO_WAYS)
def test_a_neutral_module_is_an_absent_one(name: str) -> None:
    """Catches a switch that does more than its neutral value, or a neutral value that does less."""
    absent, neutral = TWO_WAYS[name]
    changed = 0
    for number in range(24):
        world = random_world(number)
        history = run_compiled(neutral(world))
        # Participants of events are counted wherever a gain is set, be it without effect.
        found = difference(run_compiled(absent(world)), history)
        assert found is None, f"random_world({number}): absent != neutral at {found}"
        changed += difference(run_compiled(world), history) is not None
    assert changed >= 2, "the module did nothing in these worlds to begin with"


def test_unlimited_units_are_no_scarcity() -> None:
    """Catches a sale that loses or delays somebody: with units for all, waiting takes no time."""
    books = [codes.T_WAITS, codes.T_LOTTERY, codes.T_STOCK]
    for number in range(24):
        world = rules_like(random_world(number), relay_on=0, invite_grant=0, waiting_tells=0)
        open_sale = run_compiled(rules_like(world, supply_on=0))
        sold = run_compiled(rules_like(world, supply_on=1, units=world.rules.n))
        assert (sold.table[:, codes.T_WAITS] == sold.table[:, codes.T_LOTTERY]).all()
        table = sold.table.copy()
        table[:, books] = 0
        assert difference(open_sale, sold._replace(table=table)) is None


@pytest.mark.parametrize("module", MODULES)
def test_neutral_twice_is_neutral_once(module: str) -> None:
    """Catches `Scenario.neutral` leaving something of a module on, or touching another twice."""

    @seed(7)
    @given(scenarios(n_max=80, ticks_max=25))
    @settings(max_examples=4)
    def check(scenario) -> None:
        once = scenario.neutral(module)
        again = once.neutral(module)
        assert again.digest() == once.digest()
        if module != "supply":
            both = scenario.neutral("supply", module)
            assert both.digest() == once.neutral("supply").digest()
        histories = [run_compiled(build_world(s, 5)) for s in (once, again)]
        assert difference(*histories) is None

    check()


# ---------------------------------------------------------------- names do not matter


def renamed(world: World, order: np.ndarray) -> World:
    """The same people and graphs where the person called i before is called order[i]."""
    n = world.rules.n
    old = np.argsort(order)  # new name -> old name
    people = {
        name: values[old] if name != "seeds" and values.size == n else values
        for name, values in world.people._asdict().items()
    }
    people["seeds"] = np.sort(order[world.people.seeds]).astype(np.int32)
    indptr, indices, ties = [], [], []
    for c in range(8):
        rows, listeners, strength = (part[c] for part in world.graphs)
        if rows.size == n + 1:
            tellers, heard = order[np.repeat(np.arange(n), np.diff(rows))], order[listeners]
            by_name = np.lexsort((heard, tellers))
            rows = np.append(0, np.cumsum(np.bincount(tellers, minlength=n))).astype(np.int64)
            listeners = heard[by_name].astype(np.int32)
            strength = strength[by_name] if strength.size else strength
        indptr.append(rows)
        indices.append(listeners)
        ties.append(strength)
    graphs = Graphs(tuple(indptr), tuple(indices), tuple(ties))
    return World(world.people._replace(**people), graphs, world.rules)


@pytest.mark.parametrize("number", [8, 13])
def test_names_do_not_matter_in_law(number: int) -> None:
    """Catches favour by name: low numbers told first, won first, served first.

    Null: final users of 200 runs under the old names and 200 under new ones have one
    distribution (two-sample Kolmogorov-Smirnov), and so has, for each person, the share of runs
    in which it ends as a user (largest of n two-sample z, Bonferroni).  Error rate 1e-6 each,
    fixed key.
    """
    runs, error = 200, 1e-6
    world = random_world(number, n=120)
    n = world.rules.n
    rng = np.random.default_rng(20100816)
    order = rng.permutation(n)
    other = renamed(world, order)

    def users(base: World, first: int, names: np.ndarray) -> np.ndarray:
        ends = np.zeros((runs, n), bool)
        for r in range(runs):
            resist = {
                name: np.minimum(rng.exponential(0.4, n) * (1 << 26), 1 << 31).astype(np.uint32)
                for name in ("resist_aware", "resist_adopt", "resist_reject")
            }
            run = with_people(with_rules(base, replicate=first + r), **resist)
            history = run_compiled(run)
            last = np.full(n, -1)
            last[history.log_agent] = history.log_kind  # in order of time: the last one stays
            ends[r] = (last == codes.LOG_ADOPT)[names]
        return ends

    one, two = users(world, 0, np.arange(n)), users(other, runs, order)
    assert one.sum(axis=1).std() > 1.0, "all runs end alike: the test would see nothing"
    assert ks_2samp(one.sum(axis=1), two.sum(axis=1)).pvalue > error
    p = (one.mean(axis=0) + two.mean(axis=0)) / 2
    spread = np.sqrt(np.maximum(p * (1 - p), 0.25 / runs) * 2 / runs)
    z = np.abs(one.mean(axis=0) - two.mean(axis=0)) / spread
    assert z.max() < 6.5  # 2 (1 - Phi(5.8)) = 1e-6 / 150; a margin for the binomial tail

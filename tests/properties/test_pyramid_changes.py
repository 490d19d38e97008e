"""Changes that must have no effect on somebody or some day, on the compiled engine.

Draws have addresses, so two worlds that differ in one thing share all else: one more person moves
no other, a change on day t is not foreseen, what has no path has no effect.  The names of people
do not matter either, though only in law, for draws are addressed by them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, ttest_ind
from tests import codes
from tests.properties.test_pyramid import SEEDS, up_to
from tests.worlds import ALWAYS, FULL16, quiet_world, random_world, with_people, with_rules

from koubei_sim.model.compiled import run_compiled
from koubei_sim.model.world.arrays import Graphs, History, World
from koubei_sim.runs.differences import difference


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
    world = random_world(seed)
    world = with_rules(
        world,
        relay_on=0,
        supply_on=0,
        recruit_gain=0.0,
        copied=0.0,  # by the share of users among all
        goods_on=0,  # one more may be given what another would have been
        n_goods=0,
        event_gain=np.zeros((8, world.rules.ticks)),
        media_product=world.rules.media_product * 0,
    )
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
    world = with_rules(world, goods_on=0, n_goods=0, copied=0.0)
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
             "see32": 1 << 31, "lead": 1.0, "follow": 0.0, "forget": 0.0, "notice": 0.0,
             "lifted": 0, "posts": 1.0}  # fmt: skip
    old = {name: getattr(world.rules, f"media_{name}") for name in added}
    return with_rules(world, unfollow32=np.pad(world.rules.unfollow32, ((0, 1), (0, 0))), **{
        f"media_{name}": np.append(old[name], value).astype(old[name].dtype)
        for name, value in added.items()
    })  # fmt: skip


def meeting(world: World, t: int) -> World:
    """A meeting on channel 0 on day t."""
    rules = world.rules
    days = rules.meeting_at.copy()
    assume(days[t] < 0)  # another meeting of that day would be called off
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

    What all share is off: product quality, what staff read, units, the squeak, joining of boards.
    """
    n, channels = world.rules.n, world.rules.n_channels
    first = (1 << (channels // 2)) - 1
    half = np.arange(n) < n // 2
    member = np.where(half, world.people.channels & first, world.people.channels & (255 - first))
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
    return with_rules(
        world,
        supply_on=0,
        backlog_on=0,
        goods_on=0,
        n_goods=0,
        press_on=0,
        copied=0.0,
        tribe=-1,
        moderation=np.zeros(8),
        surprises=np.zeros(8),
        minutes_per_reply=0.0,
        deed_rate=0.0,
        contests_on=0,
        squeaky_wheel=0.0,
        honour_gain=0.0,
        release_story32=0,
        **silent,
    )


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


def crowded_world() -> World:
    """A feed on which many tell on one day and one word in two convinces: the first one wins."""
    n, rng = 120, np.random.default_rng(7)
    arcs = {(int(u), int(v)) for u, v in rng.integers(0, n, (12 * n, 2)) if u != v}
    world = quiet_world(n, 3, arcs={0: arcs}, seeds=tuple(range(0, n, 12)))
    word = np.full_like(world.rules.message_hazard, int(np.log(2.0) * ALWAYS))
    return with_rules(world, tell32=np.full((8, 7), ALWAYS // 2), message_hazard=word)


# Two random worlds in which some hundred people are won by others, with and without supply.
def plain_world(number: int) -> World:
    """A random world without goods, whose households are numbers that follow each other."""
    return with_rules(random_world(number, n=120), goods_on=0, n_goods=0)


LAW_WORLDS: dict[str, Callable[[], World]] = {
    "crowded": crowded_world,
    "random, supply": lambda: plain_world(72),
    "random, no supply": lambda: plain_world(59),
}


def ends_and_recruits(
    base: World, replicates: range, names: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Run replicates with fresh resistances.

    Returns
    -------
    tuple of ndarray
        Who is a user at the end, bool[runs, n], and how many each won, int[runs, n]; person i
        being the one called ``names[i]``.
    """
    n = base.rules.n
    ends, recruits = np.zeros((len(replicates), n), bool), np.zeros((len(replicates), n), int)
    for run, replicate in enumerate(replicates):
        resist = {
            name: np.minimum(rng.exponential(0.4, n) * (1 << 26), 1 << 31).astype(np.uint32)
            for name in ("resist_adopt", "resist_reject")
        }
        history = run_compiled(with_people(with_rules(base, replicate=replicate), **resist))
        last = np.full(n, -1)
        last[history.log_agent] = history.log_kind  # in order of time: the last one stays
        ends[run] = (last == codes.LOG_ADOPT)[names]
        won = history.log_recruiter[history.log_recruiter >= 0]
        recruits[run] = np.bincount(won, minlength=n)[names]
    return ends, recruits


@pytest.mark.statistical
@pytest.mark.parametrize("name", LAW_WORLDS)
def test_names_do_not_matter_in_law(name: str) -> None:
    """Catches favour by name: low numbers told first, credited first, served first.

    Null: 200 runs under the old names and 200 under new ones have one law, seen in the number of
    users (two-sample Kolmogorov-Smirnov), and in whether users and recruiters are rather those
    whose new name is the higher one (Welch's t of the sum over people of new name less old name).
    Error rate 1e-6 each, fixed key.
    """
    runs, error = 200, 1e-6
    world = LAW_WORLDS[name]()
    rng = np.random.default_rng(20100816)
    old = np.arange(world.rules.n)
    new = rng.permutation(world.rules.n)
    ends_old, recruits_old = ends_and_recruits(world, range(runs), old, rng)
    ends_new, recruits_new = ends_and_recruits(renamed(world, new), range(runs, 2 * runs), new, rng)
    assert ends_old.sum(axis=1).std() > 1.0, "all runs end alike: the test would see nothing"
    assert recruits_old.sum(axis=1).mean() > 20.0
    assert ks_2samp(ends_old.sum(axis=1), ends_new.sum(axis=1)).pvalue > error
    for one, two in ((ends_old, ends_new), (recruits_old, recruits_new)):
        assert ttest_ind(one @ (new - old), two @ (new - old), equal_var=False).pvalue > error

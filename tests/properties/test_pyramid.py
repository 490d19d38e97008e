"""What holds in every world of the pyramid model, on the compiled engine.

Counts are conserved, recruitment is a forest, and a run is a pure function of its world: the same
again, in threads, in steps, and over any longer horizon.  What changes of a world do is tested in
`test_pyramid_changes.py`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import codes
from tests.equivalence.cases import over_built_worlds
from tests.worlds import random_world, with_rules

from koubei_sim.core.codes import CORE, LAPSED, REJECTED, RIVAL, UNAWARE, USER, WAITING
from koubei_sim.model.compiled import CompiledRun, run_compiled
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import History, World
from koubei_sim.model.world.build import build_world
from koubei_sim.runs.differences import difference

SEEDS = st.integers(0, 1_000_000)  # of random worlds
# Blocks of drawn scenarios that the comparison of the engines does not use.
BLOCKS = range(1000, 1004)


def columns(history: History, name: str) -> np.ndarray:
    """Return a block of columns of the daily table, int64[T, width]."""
    start, width = codes.TABLE_OFFSET[name], dict(codes.TABLE)[name]
    return history.table[:, start : start + width]


def flow(history: History, *names: str) -> np.ndarray:
    """Return the sum of blocks of columns, int64[T]."""
    return sum(columns(history, name).sum(axis=1) for name in names)


def change(stock: np.ndarray, start: int) -> np.ndarray:
    """Return what a stock gained in each tick, `start` being its value before the first."""
    return np.diff(stock, prepend=start)


def up_to(history: History, ticks: int) -> History:
    """Return the history of the first ticks only."""
    before = history.log_tick < ticks
    cut = {
        name: values[before] if name.startswith("log_") else values[:ticks]
        for name, values in history._asdict().items()
    }
    return History(**cut)


# ---------------------------------------------------------------- conservation


def assert_counts_are_conserved(world: World) -> None:
    """Check stocks against each other, against the flows, and flows against the log."""
    rules, history = world.rules, run_compiled(world)
    stage = columns(history, "stage")
    users = stage[:, USER]
    assert (stage >= 0).all()
    assert (stage.sum(axis=1) == rules.n).all()
    assert (columns(history, "tier").sum(axis=1) == users).all()
    assert (columns(history, "enthusiast_tier") <= columns(history, "tier")).all()
    assert (columns(history, "segment_users").sum(axis=1) == users).all()
    assert (columns(history, "members") <= rules.n).all()

    by_hand = bool(rules.by_hand)  # seeds come one by one, none before the first tick
    seeds, hand = 0 if by_hand else world.people.seeds.size, flow(history, "won_by_hand")
    bought = flow(history, "bought_in")
    told = flow(history, "adoptions_channel", "adoptions_media")
    adopted = told + bought
    left = flow(history, "lapses", "churns")
    waits, invited, drawn = (flow(history, name) for name in ("waits", "invited", "lottery"))
    back, to_rival = flow(history, "give_ups"), flow(history, "give_ups_rival")
    rejected, taken = flow(history, "rejections"), flow(history, "rival_taken")
    returns, newly_aware = flow(history, "returns"), flow(history, "newly_aware")
    won = (waits if rules.supply_on else told) + bought

    assert (change(users, seeds) == adopted + hand - left).all()
    assert (change(stage[:, WAITING], 0) == waits - invited - drawn - back - to_rival).all()
    away = stage[:, [LAPSED, REJECTED, RIVAL]].sum(axis=1)
    assert (change(away, 0) == left + rejected + taken + to_rival - returns).all()
    hearing = stage[:, :2].sum(axis=1)
    lost = won + hand + rejected + taken
    assert (change(hearing, rules.n - seeds) == returns + back - lost).all()
    learned = -np.diff(stage[:, UNAWARE])
    unlearned = flow(history, "returns_unaware") + flow(history, "forgot")
    gone = flow(history, "rival_taken_unaware") - unlearned
    assert (learned == newly_aware[1:] + gone[1:]).all()

    assert (flow(history, "adoptions_segment") == adopted + hand).all()
    if rules.supply_on:
        assert (invited + drawn == told).all()
        assert (change(flow(history, "stock"), 0) == rules.units - invited - drawn).all()
        assert (flow(history, "stock") >= 0).all()
    else:
        assert not (waits + invited + drawn + back + to_rival + flow(history, "stock")).any()

    tells = [name for name, _ in codes.TABLE if name.startswith("tells_") and name != "tells_hop"]
    assert (flow(history, "tells_hop") == flow(history, *tells)).all()
    assert (flow(history, "replies") <= flow(history, "tells_positive", "tells_negative")).all()
    assert (flow(history, "arcs_heard") <= flow(history, "arcs_told")).all()
    assert (flow(history, "unhappy_online") <= flow(history, "online_users")).all()
    settled = columns(history, "answered") + columns(history, "unhelped")
    core = np.append(seeds, columns(history, "tier")[:-1, CORE])  # of the evening before
    handled = rules.service_capacity + (rules.moderation * core[:, None]).astype(np.int64)
    assert (settled <= handled).all()
    closed = np.cumsum(settled + columns(history, "dropped"), axis=0)
    assert (closed <= np.cumsum(columns(history, "complaints"), axis=0)).all()
    reports = flow(history, "reports")
    assert (np.cumsum(flow(history, "reports_read")) <= np.cumsum(reports)).all()
    assert (reports >= flow(history, "complaints")).all()

    kinds = {
        codes.LOG_ADOPT: adopted + hand,
        codes.LOG_LAPSE: left,
        codes.LOG_REJECT: rejected,
        codes.LOG_RIVAL: taken + to_rival,
        codes.LOG_GIVE_UP: back,
    }
    for kind, counted in kinds.items():
        ticks = history.log_tick[(history.log_kind == kind) & (history.log_tick >= 0)]
        assert (np.bincount(ticks, minlength=rules.ticks) == counted).all(), codes.LOG_KINDS[kind]


@given(SEEDS)
def test_counts_are_conserved_in_random_worlds(seed: int) -> None:
    """Catches anybody lost, doubled or counted under a wrong name, in any tick."""
    assert_counts_are_conserved(random_world(seed))


@pytest.mark.parametrize("block", BLOCKS)
def test_counts_are_conserved_in_drawn_scenarios(block: int) -> None:
    """Catches the same in worlds made by `build_world`."""
    over_built_worlds(block, assert_counts_are_conserved)


@given(SEEDS)
def test_the_log_tells_who_is_a_user_at_the_end(seed: int) -> None:
    """Catches an event missing from the log, or one of an agent that did not take part in it."""
    run = CompiledRun(random_world(seed))
    run.advance()
    history = run.history()
    last: dict[int, int] = {}
    # Who stops waiting for one thing may get another on the same day: that comes first in a day.
    stops = history.log_kind == codes.LOG_GIVE_UP
    order = np.lexsort((history.log_agent, history.log_kind, ~stops, history.log_tick))
    agents, kinds = history.log_agent[order], history.log_kind[order]
    for agent, kind in zip(agents.tolist(), kinds.tolist(), strict=True):
        if kind == codes.LOG_ADOPT:
            assert last.get(agent) != codes.LOG_ADOPT, f"{agent} adopts while a user"
        if kind == codes.LOG_LAPSE:
            assert last.get(agent) == codes.LOG_ADOPT, f"{agent} leaves without being a user"
        last[agent] = kind
    users = {agent for agent, kind in last.items() if kind == codes.LOG_ADOPT}
    assert users == set(np.nonzero(run.stage == USER)[0].tolist())


# ---------------------------------------------------------------- the forest of recruitment


def assert_recruitment_is_a_forest(world: World) -> None:
    """Check root or parent of each adoption, its generation, and that there was a way."""
    rules, history = world.rules, run_compiled(world)
    feeds = {
        c: (world.graphs.indptr[c], world.graphs.indices[c])
        for c in range(rules.n_channels)
        if not rules.is_board[c]
        and not rules.amplify[c]  # shows stories to all its members
        and not (rules.meeting_channel == c).any()
    }
    may_tell_before = bool(rules.relay_on) or bool(rules.waiting_tells)
    generations: dict[int, list[tuple[int, int]]] = {}  # agent -> (tick, generation), in time
    adoptions = np.nonzero(history.log_kind == codes.LOG_ADOPT)[0]
    for event in adoptions.tolist():
        agent, tick = int(history.log_agent[event]), int(history.log_tick[event])
        generations.setdefault(agent, []).append((tick, int(history.log_generation[event])))

    for event in adoptions.tolist():
        agent, tick = int(history.log_agent[event]), int(history.log_tick[event])
        recruiter = int(history.log_recruiter[event])
        channel, generation = int(history.log_channel[event]), int(history.log_generation[event])
        assert recruiter == codes.RECRUITER_SEED or tick >= 0
        if recruiter == codes.RECRUITER_SEED:
            assert (tick >= 0) == bool(rules.by_hand)
            assert (channel, generation) == (-1, 0)
            assert agent in world.people.seeds
            continue
        if recruiter == codes.RECRUITER_GOODS:
            assert (channel, generation) == (-1, 1)
            continue
        assert 0 <= channel < rules.n_channels
        assert rules.channel_opens[channel] <= tick
        if recruiter == codes.RECRUITER_MEDIA:
            assert generation == 1
            assert channel in rules.media_channel
            continue
        assert 0 <= recruiter < rules.n
        assert recruiter != agent, f"{agent} recruits itself"
        known = [entry for entry in generations.get(recruiter, []) if entry[0] <= tick]
        before = [entry for entry in known if entry[0] < tick]
        parent = before[-1][1] if before else 0
        # One who relayed or waited may itself adopt on the day of its recruit.
        possible = {parent + 1} | ({known[-1][1] + 1} if known and may_tell_before else set())
        assert before or may_tell_before, f"{agent} is recruited by one who could not tell"
        assert generation in possible
        if channel in feeds:
            indptr, indices = feeds[channel]
            assert agent in indices[indptr[recruiter] : indptr[recruiter + 1]], "no arc"


@given(SEEDS)
def test_recruitment_is_a_forest_in_random_worlds(seed: int) -> None:
    """Catches self-recruits, recruiters from the future, wrong generations, words without arc."""
    assert_recruitment_is_a_forest(random_world(seed))


@pytest.mark.parametrize("block", BLOCKS)
def test_recruitment_is_a_forest_in_drawn_scenarios(block: int) -> None:
    """Catches the same in worlds made by `build_world`."""
    over_built_worlds(block, assert_recruitment_is_a_forest)


# ---------------------------------------------------------------- a run is a pure function


@given(SEEDS)
@settings(max_examples=50)
def test_a_run_repeats_and_only_reads_its_world(seed: int) -> None:
    """Catches state that outlives a run, uninitialised memory, and writing into the world."""
    world = random_world(seed)
    first = run_compiled(world)
    assert difference(first, run_compiled(world)) is None
    untouched = random_world(seed)
    for part, same in zip(world[:3], untouched[:3], strict=True):
        for name, value in part._asdict().items():
            values = value if isinstance(value, tuple) else (value,)
            others = getattr(same, name)
            others = others if isinstance(others, tuple) else (others,)
            assert all(np.array_equal(a, b) for a, b in zip(values, others, strict=True)), name


@given(SEEDS)
@settings(max_examples=25)
def test_threads_do_not_matter(seed: int) -> None:
    """Catches memory shared between runs: replicates side by side equal those one by one."""
    world = random_world(seed)
    worlds = [with_rules(world, replicate=r) for r in range(6)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(run_compiled, worlds))
    for side_by_side, alone in zip(together, map(run_compiled, worlds), strict=True):
        assert difference(side_by_side, alone) is None


@given(SEEDS, st.data())
@settings(max_examples=50)
def test_steps_and_horizon_do_not_matter(seed: int, data: st.DataObject) -> None:
    """Catches state lost between calls, log lines lost in draining, and peeking at the end."""
    world = random_world(seed)
    whole = run_compiled(world)
    stop = data.draw(st.integers(1, world.rules.ticks), label="stop")
    run = CompiledRun(world)
    while run.tick < world.rules.ticks:
        run.advance(run.tick + 1)
        if run.tick == stop:
            assert difference(run.history(), up_to(whole, stop)) is None
    assert difference(run.history(), whole) is None
    shorter = run_compiled(with_rules(world, ticks=stop))
    assert difference(shorter, up_to(whole, stop)) is None


def test_replicates_and_keys_differ() -> None:
    """Catches an address without the replicate or the key: all replicates would be one."""
    scenario = Scenario.load("tiny")
    worlds = [build_world(scenario, key, replicate) for key in (1, 2) for replicate in range(4)]
    histories = [run_compiled(world) for world in worlds]
    world = random_world(1)
    busy = [run_compiled(with_rules(world, replicate=r)) for r in range(4)]
    busy.append(run_compiled(with_rules(world, key=world.rules.key ^ np.uint64(1 << 63))))
    for runs in (histories, busy):
        assert len({run.table.tobytes() for run in runs}) == len(runs)

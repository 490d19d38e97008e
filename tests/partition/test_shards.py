"""What a shard holds, what travels, and what it is said to weigh."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.worlds import random_world, unlimited

from koubei_sim.errors import KoubeiError
from koubei_sim.model.compiled.allocation import allocate
from koubei_sim.model.compiled.parts import boundaries
from koubei_sim.model.compiled.records import forget, pack_records, unpack_records
from koubei_sim.model.mechanisms import State
from koubei_sim.model.mechanisms.telling import MESSAGE
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world import build
from koubei_sim.model.world.arrays import World
from koubei_sim.runs.partition import hub as hubs
from koubei_sim.runs.partition import partition_world, run_partitioned, workers
from koubei_sim.runs.partition.shard import Shard, parcel_of

SETS = ("hearing", "talkers", "waiting", "raised")
OPTIONAL = ("wait_since", "wait_recruiter", "wait_channel", "recruits_today")
PEOPLE = 200


@cache
def a_world(**wanted: bool) -> World:
    """The first random world of 400 people with feeds, supply, .. and registration as wanted."""
    for number in range(200):
        world = unlimited(random_world(3000 + number, n=400))
        rules = world.rules
        has = {
            "feeds": not rules.is_board[: rules.n_channels].all(),
            "supply": bool(rules.supply_on),
            "events": bool((rules.event_gain > 0).any()),
            "meetings": bool((rules.meeting_at >= 0).any()),
            "registration": bool(rules.register16.any() and rules.is_board.any()),
        }
        if all(has[name] == value for name, value in wanted.items()):
            return world
    raise AssertionError(wanted)


# ---------------------------------------------------------------- records


def shuffled_state(rng: np.random.Generator, full: bool) -> State:
    """A state with random bytes in every array that a record is made from."""
    state = allocate(a_world(supply=full, events=full))
    for name in ("listener", "actor", "stage", *OPTIONAL, *SETS, "members"):
        values = getattr(state, name)
        octets = values.reshape(-1).view(np.uint8)
        octets[:] = rng.integers(0, 256, octets.size)
    return state


def seen_of(state: State, agents: np.ndarray) -> dict[str, bytes]:
    """All that a record should carry of some people, taken from the arrays the slow way."""
    found = {
        name: octets_of(getattr(state, name))[agents].tobytes()
        for name in ("listener", "actor", "stage")
    }
    for name in OPTIONAL:
        values = getattr(state, name)
        if values.size > 1:
            found[name] = values[agents].tobytes()
    for name in SETS:
        found[name] = bits_of(getattr(state, name))[agents].tobytes()
    for c, members in enumerate(state.members):
        found[f"members {c}"] = bits_of(members)[agents].tobytes()
    return found


def octets_of(values: np.ndarray) -> np.ndarray:
    """A row of bytes for each person; picking records would leave the gaps in them undefined."""
    return values.view(np.uint8).reshape(values.shape[0], -1)


def bits_of(words: np.ndarray) -> np.ndarray:
    return np.unpackbits(words.view(np.uint8), bitorder="little")


@settings(max_examples=30)
@given(
    agents=st.sets(st.integers(0, 399), max_size=PEOPLE),
    seed=st.integers(0, 2**32 - 1),
    full=st.booleans(),
)
def test_records_bring_all_and_touch_nobody_else(agents: set[int], seed: int, full: bool) -> None:
    """Catches a field, set or membership that does not travel, a bit of a neighbour that changes,
    and arrays that exist only with some mechanisms read where they do not."""
    rng = np.random.default_rng(seed)
    here = shuffled_state(rng, full)
    there = shuffled_state(rng, full)
    who = rng.permutation(np.array(sorted(agents), np.int32)).astype(np.int32)
    others = np.setdiff1d(np.arange(400, dtype=np.int32), who)
    wanted, kept = seen_of(here, who), seen_of(there, others)
    records = pack_records(here, who)
    unpack_records(there, records)
    assert (records["agent"] == who).all()
    assert seen_of(there, who) == wanted
    assert seen_of(there, others) == kept


def test_forgotten_are_out_of_a_set() -> None:
    """Catches a neighbour's bit that goes too, or one that is set."""
    words = np.full(3, ~np.uint64(0))
    forget(words, np.array([0, 63, 64, 64, 191], np.int32))
    assert np.nonzero(bits_of(words) == 0)[0].tolist() == [0, 63, 64, 191]


# ---------------------------------------------------------------- memory


def test_a_shard_holds_its_own_people_only() -> None:
    """Catches arrays filled for everybody, and kernels that write outside of their shard: then a
    shard would take as much memory as the whole."""
    world = a_world(feeds=True, supply=True, meetings=True, registration=True)
    cuts = boundaries(world.rules.n, 3, smallest=64)
    shards = [Shard(parcel_of(world, cuts, number)) for number in range(3)]
    hub = hubs.Hub(world.rules, cuts, [workers._Here(shard) for shard in shards])
    for _ in range(world.rules.ticks):
        hub.day()
    arcs = 0
    for number, shard in enumerate(shards):
        outside = np.ones(world.rules.n, bool)
        outside[cuts[number] : cuts[number + 1]] = False
        state = shard._state
        for name in ("listener", "actor", "stage", "rival_level", "rival_offers", "board_heard"):
            values = getattr(state, name)
            if values.size > 1:
                assert not octets_of(values)[outside].any(), (name, number)
                assert octets_of(values)[~outside].any() or name == "board_heard", name
        sets = (*(getattr(state, name) for name in SETS), *state.members, *state.outside)
        for words in sets:
            assert not bits_of(words)[: world.rules.n][outside].any(), number
        for name in ("taste", "resist_adopt", "channels", "online_threshold"):
            values = getattr(shard._world.people, name)
            assert not values[outside].any(), name
        arcs += sum(indices.size for indices in shard._world.graphs.indices)
        for indices in shard._world.graphs.indices:
            assert not outside[indices].any(), "arcs to people of another shard"
    assert arcs == sum(indices.size for indices in world.graphs.indices)


# ---------------------------------------------------------------- traffic


def heavy(payload: Any) -> int:
    """Bytes of all arrays in what was sent, and 8 for a number that is no array."""
    if isinstance(payload, np.ndarray):
        return payload.nbytes
    if isinstance(payload, dict):
        return sum(heavy(value) for value in payload.values())
    if isinstance(payload, (list, tuple)):
        return sum(heavy(value) for value in payload)
    return 0


class Scales:
    """A handle that weighs all that passes, without knowing what it is."""

    def __init__(self, handle: Any, weighed: list[int]) -> None:
        self._handle, self._weighed = handle, weighed

    def call(self, method: str, *arguments: Any) -> Any:
        answer = self._handle.call(method, *arguments)
        value = answer.result()
        passed = heavy(arguments) + heavy(value)
        if method == "turns":  # tellings are counted once, where they arrive
            passed -= heavy(value.tellings)
        self._weighed.append(passed)
        return answer


@pytest.mark.parametrize("shards", [1, 2, 4])
def test_the_days_add_up_to_what_passed(shards: int) -> None:
    """Catches something that travels and is not counted, counted twice, or under a wrong size."""
    world = a_world(feeds=True, supply=True, meetings=True)
    cuts = boundaries(world.rules.n, shards, smallest=64)
    weighed: list[int] = []
    handles: list[Any] = [
        Scales(workers._Here(Shard(parcel_of(world, cuts, number))), weighed)
        for number in range(shards)
    ]
    hub = hubs.Hub(world.rules, cuts, handles)
    weighed.clear()  # what is said once, before the first day
    for _ in range(world.rules.ticks):
        hub.day()
    assert sum(day.total for day in hub.days) == sum(weighed)
    if shards == 1:
        assert not any(day.tellings or day.posts for day in hub.days)
    else:
        assert sum(day.tellings for day in hub.days) > 0


def test_tellings_go_where_they_are_heard_only() -> None:
    """Catches tellings sent to shards in which nobody listens: a ring of people who hear their
    neighbours only has one telling a border and day."""
    scenario = Scenario.load("tiny").replace(ticks=40)
    world = build.build_world(scenario, 3)
    n = world.rules.n
    ring = np.arange(n, dtype=np.int32)
    feeds = [c for c in range(8) if world.graphs.indptr[c].size > 1]
    indptr, indices, ties = (list(arrays) for arrays in world.graphs)
    for c in feeds:
        indptr[c] = np.arange(n + 1, dtype=np.int64)
        indices[c] = np.roll(ring, -1).copy()
        ties[c] = np.full(n if ties[c].size else 0, 200, np.uint8)
    world = world._replace(graphs=world.graphs._replace(
        indptr=tuple(indptr), indices=tuple(indices), ties=tuple(ties)
    ))  # fmt: skip
    found = partition_world(world, 4)
    everything = partition_world(build.build_world(scenario, 3), 4)
    assert found.traffic["tellings"].max() <= 4 * len(feeds) * 2 * MESSAGE.itemsize
    assert everything.traffic["tellings"].max() > 4 * len(feeds) * 2 * MESSAGE.itemsize


# ---------------------------------------------------------------- wrong arguments


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"shards": 0}, r"shards: out of range, got 0, allowed 1..31"),
        ({"shards": 1.5}, r"shards: not a whole number, got 1\.5"),
        ({"shards": True}, r"shards: not a whole number, got True"),
        ({"shards": 32}, r"shards: out of range, got 32, allowed 1..31"),
        ({"where": "mars"}, r"where: unknown, got 'mars', allowed 'here', 'dask'"),
        ({"address": "tcp://127.0.0.1:1"}, r"address: is for where='dask' only"),
        ({"rng": "seven"}, r"rng: wrong type, got str"),
        ({"rng": -1}, r"rng: out of range, got -1"),
        ({"rng": True}, r"rng: wrong type, got bool"),
        ({"replicate": 0.5}, r"replicate: not a whole number, got 0\.5"),
        ({"replicate": -1}, r"replicate: out of range, got -1, allowed 0\.\."),
        ({"scenario": "nowhere"}, r"nowhere"),
    ],
)
def test_wrong_arguments_are_one_line(
    words: dict[str, Any], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches a traceback of another library, a message of many lines, and work done before."""
    monkeypatch.setattr(build, "build_world", lambda *_: pytest.fail("worked before it looked"))
    with pytest.raises(KoubeiError, match=expected) as caught:
        run_partitioned(**{"scenario": "tiny", **words})
    assert "\n" not in str(caught.value)


def test_a_built_world_is_checked_too() -> None:
    """Catches a check that only the other door has."""
    world = unlimited(random_world(1, n=130))
    with pytest.raises(KoubeiError, match=r"shards: out of range, got 3, allowed 1..2"):
        partition_world(world, 3)
    with pytest.raises(KoubeiError, match=r"where: unknown, got 'there'"):
        partition_world(world, 2, where="there")

"""People and graphs that are handed on: only where these are the same to the byte.

And whoever asks: another run of the same process, another thread, another process with a folder.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario, parameter_table
from koubei_sim.networks import Layer, Network, small_world
from koubei_sim.runs.inputs import Inputs
from koubei_sim.runs.simulation import Simulation
from koubei_sim.runs.worlds import BOUND, FOLDER, WORLDS, Parts, Worlds, give_way
from koubei_sim.storage.provenance import array_digest

SMALL = Scenario.load("tiny").replace(n_agents=200, ticks=5)
KEY = 11


def others(value: Any) -> list[Any]:
    """Return other values of a parameter, of the same kind."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, max(0, value - 1), 2 * value]
    if isinstance(value, float):
        return [0.5 * value, 0.25 + 0.5 * value, 2.0 * value, 0.0, 1.0]
    return []


def bytes_of(parts: Parts) -> dict[str, str]:
    """Return the digest of each array of people and graphs."""
    return {name: array_digest(array) for name, array in parts.arrays()}


def drawn(simulation: Simulation, replicate: int = 0) -> Parts:
    """Return people and graphs that were drawn now, whatever is kept."""
    return Worlds().parts("", lambda: simulation._made(replicate))


def forget() -> None:
    """Let this process be like another one, which has made nothing."""
    WORLDS.clear()
    WORLDS._alive.clear()


@pytest.fixture(autouse=True)
def none_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin and end with a process that keeps nothing, under the usual bound."""
    for name in (BOUND, FOLDER):
        monkeypatch.delenv(name, raising=False)
    forget()
    yield
    forget()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets the name of each world that is made."""
    found: list[str] = []
    real = Simulation._made

    def noted(self: Simulation, replicate: int) -> Parts:
        found.append(self.name(replicate))
        return real(self, replicate)

    monkeypatch.setattr(Simulation, "_made", noted)
    return found


# What the name says -------------------------------------------------------------------------------


def test_whatever_has_one_name_would_have_drawn_the_same() -> None:
    """Catches a parameter that people or graphs hang on and that is taken for conduct."""
    scenario = SMALL.replace(**{"products.phone.price": 900.0, "market.taste_sd": 0.3})
    first = Simulation(scenario, KEY)
    name, people = first.name(0), bytes_of(drawn(first))
    shared = tried = 0
    for row in parameter_table(scenario):
        for value in others(row.value):
            try:
                changed = scenario.replace(**{row.path: value})
            except KoubeiError:
                continue
            if changed == scenario:
                continue
            tried += 1
            second = Simulation(changed, KEY)
            if second.name(0) == name:
                shared += 1
                assert bytes_of(drawn(second)) == people, row.path
            break
    assert tried > 150
    assert shared > 120


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"segments.newbie.activity_sigma": 0.5}, KEY),
        ({"channels.weibo.network.mean_degree": 8.0}, KEY),
        ({"market.taste_sd": 0.5}, KEY),
        ({"products.phone.price": 0.0}, KEY),
        ({}, KEY + 1),
    ],
)
def test_what_draws_others_has_another_name(changes: dict[str, Any], key: int) -> None:
    """Catches people of another law, or of another key."""
    assert Simulation(SMALL.replace(**changes), key).name(0) != Simulation(SMALL, KEY).name(0)


def test_channels_in_another_order_are_other_worlds() -> None:
    """Catches a name that forgets the order: channels are drawn by their number."""
    content = SMALL.to_dict()
    turned = {**content, "channels": dict(reversed(content["channels"].items()))}
    one, other = Simulation(SMALL, KEY), Simulation(Scenario.from_dict(turned), KEY)
    assert bytes_of(drawn(one)) != bytes_of(drawn(other))
    assert one.name(0) != other.name(0)


def test_replicates_have_worlds_of_their_own_unless_they_share() -> None:
    """Catches the world of another replicate, and a shared one that is made for each."""
    shared, own = Simulation(SMALL, KEY), Simulation(SMALL.replace(shared_world=False), KEY)
    assert shared.name(3) == shared.name(0) == own.name(0)
    assert own.name(3) != own.name(0)
    assert bytes_of(own.parts(0)) == bytes_of(drawn(shared))
    assert bytes_of(own.parts(3)) == bytes_of(drawn(own, 3)) != bytes_of(own.parts(0))


def test_what_is_supplied_is_in_the_name() -> None:
    """Catches drawn graphs in place of those that somebody gave, and 1 taken for "1"."""

    def name(networks: Any = None, agents: Any = None) -> str:
        return Simulation(SMALL, KEY, Inputs(networks, agents)).name(0)

    graph = small_world(200, 4.0, key=1)
    (layer,) = graph.layers
    numbers = np.arange(200) + 7
    names = [
        name(),
        name({"weibo": graph}),
        name({"wechat": graph}),
        name({"weibo": graph, "wechat": graph}),
        name({"weibo": Network((layer,), numbers)}),
        name({"weibo": Network((layer,), numbers.astype(str))}),
        name({"weibo": Network((layer,), numbers[::-1].copy())}),
        name(agents={"segment": ["newbie"] * 200}),
        name(agents={"segment": ["newbie"] * 199 + ["enthusiast"]}),
        name(agents={"segment": ["newbie"] * 200, "activity": [1.0] * 200}),
        name(agents={"segment": ["newbie"] * 200, "activity": [1.0] * 199 + [1.0 + 2e-16]}),
    ]
    assert len(set(names)) == len(names)
    assert name({"weibo": graph}) == name({"weibo": small_world(200, 4.0, key=1)})
    assert name(agents={"segment": ["newbie"] * 200, "age": [1] * 200}) == name(
        agents={"segment": ["newbie"] * 200, "age": [2] * 200}
    )


# Files and arrays of others that change -----------------------------------------------------------


def test_a_file_that_changed_is_another_world(tmp_path: Path, made: list[str]) -> None:
    """Catches the graph or the people of an earlier content of the same path."""
    ties, table = tmp_path / "friends.edges", tmp_path / "people.csv"
    scenario = SMALL.replace(
        agents_table=str(table),
        **{"seeding.purity": 0.0, "channels.weibo.network": {"kind": "file", "path": str(ties)}},
    )

    def written(shift: int, kind: str) -> str:
        ties.write_text("".join(f"{i} {(i + shift) % 200}\n" for i in range(200)))
        table.write_text("segment\n" + "newbie\n" * 199 + f"{kind}\n")
        return kb.run(scenario, rng=KEY).digest()

    stamp = (1_700_000_000, 1_700_000_000)
    found = []
    for shift, kind in ((1, "newbie"), (3, "newbie"), (3, "enthusiast"), (1, "newbie")):
        found.append(written(shift, kind))
        for path in (ties, table):
            os.utime(path, stamp)  # the time of a file says nothing about what it holds
    assert len(made) == 3  # the fourth is the first again
    assert found[3] == found[0]
    assert len(set(found)) == 3


def test_arrays_of_others_are_neither_locked_nor_looked_at_again() -> None:
    """Catches a table or a graph that its owner writes to, while a world is kept that shows it."""
    frame = pd.DataFrame({"segment": ["newbie"] * 200, "activity": np.ones(200)})
    frame["channels"] = "forum;weibo;wechat"  # of all, so that the graph is taken as it is
    starts, listeners = np.arange(201), np.arange(200, dtype=np.int32)
    networks = {"weibo": Network((Layer("weibo", starts, listeners),))}
    kept = Simulation(SMALL, KEY, Inputs(networks, frame)).parts(0)
    before = bytes_of(kept)
    frame.loc[:, "activity"] = np.where(np.arange(200) < 100, 1.5, 0.5)
    listeners[5] = 7
    assert bytes_of(kept) == before
    again = Simulation(SMALL, KEY, Inputs(networks, frame))
    assert bytes_of(again.parts(0)) == bytes_of(drawn(again)) != before


def test_a_stand_in_is_told_each_time() -> None:
    """Catches the note that is lost because the graph that stands in was kept."""
    network = {"kind": "file", "path": "nobody.edges", "stand_in": "small_world", "mean_degree": 4}
    scenario = SMALL.replace(**{"channels.weibo.network": network})
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"nobody\.edges is not here"):
            kb.run(scenario, rng=KEY)
    assert WORLDS.entries == 0


# Runs leave them as they are ----------------------------------------------------------------------


def test_runs_after_runs_give_the_same_bytes() -> None:
    """Catches an engine that writes into people or graphs, at any door."""
    from koubei_sim.runs.partition import run_partitioned

    tiny = Scenario.load("tiny").replace(n_agents=600, ticks=60)
    scenario = tiny.replace(**{"market.taste_sd": 0.2, "channels.wechat.tie": "overlap"})
    (first,) = kb.run(scenario, rng=KEY).histories
    kept = Simulation(scenario, KEY).parts(0)
    before = bytes_of(kept)
    with pytest.raises(ValueError, match="read-only"):
        kept.population.channels[0] = 1
    assert not any(array.flags.writeable for _, array in kept.arrays())
    run_partitioned(scenario, rng=KEY, shards=3)
    kb.run(scenario, rng=KEY, engine="reference")
    model = kb.KoubeiModel(scenario, rng=KEY)
    model.step()
    result = kb.run(scenario, rng=KEY, threads=4)
    result.fork(at=20, **{"market.admission": 0.3, "channels.wechat.tie": "none"})
    result.people.loc[:, "activity"] = 0.0
    assert bytes_of(kept) == before
    (last,) = kb.run(scenario, rng=KEY).histories
    assert Simulation(scenario, KEY).parts(0) is kept
    assert array_digest(*last) == array_digest(*first)


@pytest.mark.parametrize("shared", [True, False])
def test_all_doors_take_what_is_kept(shared: bool, made: list[str]) -> None:
    """Catches a door that makes people and graphs itself."""
    from koubei_sim.runs.partition import run_partitioned

    scenario = SMALL.replace(shared_world=shared)
    result = kb.run(scenario, replicates=2, rng=KEY)
    worlds = 1 if shared else 2
    assert len(made) == worlds
    kb.run(scenario, replicates=2, rng=KEY, **{"channels.weibo.tell": 0.01})
    result.fork(at=2, **{"channels.weibo.tell": 0.01})
    kb.sweep(scenario, {"seeding.purity": [0.1, 0.9]}, replicates=2, rng=KEY, outcomes=["users"])
    kb.compare({"a": scenario, "b": scenario.replace(**{"seeding.purity": 0.3})}, 2, rng=KEY)
    run_partitioned(scenario, rng=KEY, shards=2)
    kb.KoubeiModel(scenario, rng=KEY)
    assert len(made) == worlds


def test_whether_worlds_are_kept_changes_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a world that is another one for having been kept."""
    scenario = SMALL.replace(shared_world=False, ticks=20)
    changes: dict[str, Any] = {"channels.weibo.tell": 0.05}
    kb.run(scenario, replicates=3, rng=KEY)
    kept = kb.run(scenario, replicates=3, rng=KEY, **changes).digest()
    monkeypatch.setenv(BOUND, "0")
    assert kb.run(scenario, replicates=3, rng=KEY, **changes).digest() == kept


# Threads ------------------------------------------------------------------------------------------


def test_threads_make_one_world_once_and_others_side_by_side() -> None:
    """Catches a world made twice by two that ask at once, and one that waits for another."""
    worlds, (one, *_) = Worlds(), [drawn(Simulation(SMALL, KEY))]
    side_by_side = threading.Barrier(2, timeout=30)
    calls: list[str] = []

    def make(name: str) -> Parts:
        calls.append(name)
        side_by_side.wait()  # only where two different ones are being made at the same time
        return Parts(*vars(one).values())

    start = threading.Barrier(8, timeout=30)

    def ask(name: str) -> Parts:
        start.wait()
        return worlds.parts(name, lambda: make(name))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, ["a", "b"] * 4))
    assert sorted(calls) == ["a", "b"]
    assert len({id(parts) for parts in found}) == 2
    assert worlds.entries == 2


def test_a_world_that_failed_is_tried_again() -> None:
    """Catches a failure that is handed on, or a lock that stays taken."""
    worlds, good = Worlds(), drawn(Simulation(SMALL, KEY))

    def fail() -> Parts:
        raise KoubeiError("here", "not now")

    for _ in range(2):
        with pytest.raises(KoubeiError, match="not now"):
            worlds.parts("a", fail)
    assert worlds.parts("a", lambda: good) is good


# Memory -------------------------------------------------------------------------------------------


def test_the_bound_holds_and_the_least_recently_used_goes(
    monkeypatch: pytest.MonkeyPatch, made: list[str]
) -> None:
    """Catches memory without end, and a world let go that was just asked for."""
    scenario = SMALL.replace(shared_world=False)
    simulation = Simulation(scenario, KEY)
    size = drawn(simulation).nbytes
    monkeypatch.setenv(BOUND, str(2.5 * size / 2**30))
    for replicate in (0, 1, 0, 2, 0):
        simulation.parts(replicate)
        assert WORLDS.nbytes <= 2.5 * size
    assert WORLDS.entries == 2
    assert WORLDS.nbytes == sum(simulation.parts(r).nbytes for r in (0, 2))
    del made[:]
    simulation.parts(1)
    assert made == [simulation.name(1)]
    monkeypatch.setenv(BOUND, str(0.5 * size / 2**30))  # none fits
    simulation.parts(5)
    assert WORLDS.nbytes == WORLDS.entries == 0


def test_a_bound_of_nothing_keeps_what_replicates_share(
    monkeypatch: pytest.MonkeyPatch, made: list[str]
) -> None:
    """Catches a shared world that is made for each replicate where none is kept."""
    monkeypatch.setenv(BOUND, "0")
    kb.run(SMALL, replicates=4, rng=KEY)
    assert len(made) == 1
    assert WORLDS.entries == 0
    kb.run(SMALL, replicates=2, rng=KEY)
    assert len(made) == 2


@pytest.mark.parametrize("wrong", ["much", "-1", "nan", "inf"])
def test_a_wrong_bound_is_refused_before_any_work(
    wrong: str, monkeypatch: pytest.MonkeyPatch, made: list[str]
) -> None:
    """Catches a bound that is silently another one."""
    monkeypatch.setenv(BOUND, wrong)
    with pytest.raises(KoubeiError, match=BOUND):
        kb.run(SMALL, rng=KEY)
    assert not made


def test_kept_worlds_go_before_a_run_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a run that is refused for memory which only kept worlds hold."""
    import psutil

    kb.run(SMALL, rng=KEY)

    class Memory:
        """A machine that is full while worlds are kept."""

        total = 2**33

        @property
        def available(self) -> int:
            return 2**20 if WORLDS.entries else 2**33

    monkeypatch.setattr(psutil, "virtual_memory", Memory)
    assert WORLDS.entries == 1
    assert give_way(2.0**19) == 2**20
    assert WORLDS.entries == 1
    kb.run(SMALL.replace(n_agents=9_000), rng=KEY)  # needs more than a mebibyte
    assert WORLDS.entries == 1


# The disk -----------------------------------------------------------------------------------------


def test_a_folder_keeps_worlds_between_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[str], caplog: Any
) -> None:
    """Catches arrays that come back otherwise, and damage that is believed or not told."""
    place = tmp_path / "not there yet"
    monkeypatch.setenv(FOLDER, str(place))
    simulation = Simulation(SMALL, KEY)
    first = bytes_of(simulation.parts(0))
    (file,) = place.iterdir()
    content = file.read_bytes()

    def again() -> dict[str, str]:
        forget()
        other = Simulation(SMALL, KEY)
        parts = other.parts(0)
        assert not any(array.flags.writeable for _, array in parts.arrays())
        return bytes_of(parts)

    assert again() == first
    assert len(made) == 1
    hurt = bytearray(content)
    hurt[len(hurt) // 2] ^= 1
    for number, damage in enumerate((bytes(hurt), content[: len(content) // 3], b"", b"words")):
        file.write_bytes(damage)
        with caplog.at_level(logging.WARNING, "koubei_sim"):
            assert again() == first
        assert len(made) == 2 + number
        (line,) = caplog.messages
        assert "is damaged" in line
        caplog.clear()
        assert file.read_bytes() == content


def test_a_folder_of_another_version_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[str]
) -> None:
    """Catches a world that another version of the library has drawn."""
    from koubei_sim.runs import worlds

    monkeypatch.setenv(FOLDER, str(tmp_path))
    kb.run(SMALL, rng=KEY)
    forget()
    monkeypatch.setattr(worlds, "_sources", lambda: "other sources")
    kb.run(SMALL, rng=KEY)
    assert len(made) == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_written_costs_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """Catches a run that is lost because its world cannot be put away."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(FOLDER, str(tmp_path / "file" / "below"))
    with caplog.at_level(logging.WARNING, "koubei_sim"):
        kb.run(SMALL, rng=KEY)
    assert any("cannot be written" in line for line in caplog.messages)

"""The door `run`: what it refuses, what it repeats, and that threads change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world import build
from koubei_sim.runs import fitting, simulate
from koubei_sim.runs.loading import load_result
from koubei_sim.runs.simulation import Simulation

SMALL = Scenario.load("tiny").replace(n_agents=400, ticks=40, **{"seeding.number": 10})


def test_engines_give_the_same_digest():
    """Catches a door that feeds the two engines different worlds or keys."""
    short = SMALL.replace(ticks=15)
    compiled = simulate.run(short, 2, rng=5)
    reference = simulate.run(short, 2, rng=5, engine="reference")
    assert compiled.digest() == reference.digest()
    assert (compiled.engine, reference.engine) == ("compiled", "reference")


@pytest.mark.parametrize("shared", [True, False])
def test_threads_do_not_change_the_result(shared):
    """Catches replicates that share state, or come back in another order."""
    scenario = SMALL.replace(shared_world=shared)
    one = simulate.run(scenario, 5, rng=9)
    two = simulate.run(scenario, 5, rng=9, threads=3)
    assert one.digest() == two.digest()
    assert len({h.table.tobytes() for h in one.histories}) == 5


def test_replicates_are_addressed_not_counted():
    """Catches replicate r depending on how many others there are."""
    few, many = simulate.run(SMALL, 2, rng=9), simulate.run(SMALL, 4, rng=9)
    for a, b in zip(few.histories, many.histories):
        assert a.table.tobytes() == b.table.tobytes()


def test_rng_of_every_kind_is_recorded_as_a_key():
    """Catches a key that does not repeat the run, and fresh entropy that is not fresh."""
    for rng in (np.random.SeedSequence(3), np.random.default_rng(3), None):
        first = simulate.run(SMALL, rng=rng)
        assert simulate.run(SMALL, rng=first.key).digest() == first.digest()
    assert simulate.run(SMALL).key != simulate.run(SMALL).key


def test_a_result_a_recipe_and_a_folder_are_repeated(tmp_path):
    """Catches a recipe that forgets key, replicates, changes or the order of channels."""
    first = simulate.run(SMALL, 3, rng=11, **{"seeding.purity": 0.4})
    assert first.scenario.seeding.purity == 0.4
    folder = first.save(tmp_path / "run")
    for again in (first, first.recipe(), folder, str(folder / "recipe.json")):
        repeated = simulate.run(again)
        assert repeated.digest() == first.digest()
        assert (repeated.key, repeated.replicates) == (first.key, 3)
    other = simulate.run(folder, **{"seeding.purity": 0.9})
    assert (other.key, other.replicates) == (first.key, 3)
    assert other.digest() != first.digest()
    assert load_result(folder).digest() == first.digest()


def test_supplied_networks_must_be_supplied_again(tmp_path):
    """Catches a result with graphs of one's own being repeated on other graphs."""
    from koubei_sim.networks import erdos_renyi

    graphs = {name: erdos_renyi(400, mean_degree=6, key=n) for n, name in enumerate(SMALL.feeds)}
    first = simulate.run(SMALL, rng=2, networks=graphs)
    folder = first.save(tmp_path / "run")
    with pytest.raises(KoubeiError, match="networks of your own"):
        simulate.run(folder)
    with pytest.raises(KoubeiError, match="not the ones the result was made with"):
        simulate.run(folder, networks={n: erdos_renyi(400, mean_degree=6, key=99) for n in graphs})
    assert simulate.run(folder, networks=graphs).digest() == first.digest()
    # Changed, it is not run on drawn graphs in silence; others may be given.
    purer = {"seeding.purity": 0.9}
    for again in (first, first.data, folder):
        with pytest.raises(KoubeiError, match=r"networks of your own.* or its scenario"):
            simulate.run(again, changes=purer)
    kept = simulate.run(first.data, networks=graphs, changes=purer)
    assert kept.supplied == first.supplied and kept.digest() != first.digest()
    drawn = simulate.run(first.scenario, rng=2, changes=purer)
    assert not drawn.supplied and drawn.digest() != kept.digest()
    others = {n: erdos_renyi(400, mean_degree=6, key=99) for n in graphs}
    assert simulate.run(first, networks=others, changes=purer).supplied != first.supplied


def test_the_command_asks_for_networks_of_a_changed_result(tmp_path, capsys):
    """Catches drawn graphs in silence where a saved result with graphs of one's own is changed."""
    from koubei_sim.cli import main
    from koubei_sim.networks import erdos_renyi

    graphs = {name: erdos_renyi(400, mean_degree=6, key=n) for n, name in enumerate(SMALL.feeds)}
    folder = simulate.run(SMALL, rng=2, networks=graphs, ticks=3).save(tmp_path / "run")
    assert main(["run", str(folder), "--set", "seeding.purity=0.9", "--no-figures"]) != 0
    assert "the result was made with a file of its own, try --network" in capsys.readouterr().err


def test_agent_tables_are_digested(tmp_path):
    """Catches a table of people that the recipe does not know of."""
    import pandas as pd

    frame = pd.DataFrame(
        {
            "segment": [list(SMALL.segments)[i % 2] for i in range(400)],
            "channels": ";".join(SMALL.channels),
            "activity": 1.0,
            "income": 5000.0,
        }
    )
    first = simulate.run(SMALL, rng=2, agents=frame)
    assert first.digest() != simulate.run(SMALL, rng=2).digest()
    with pytest.raises(KoubeiError, match="agents of your own"):
        simulate.run(first)
    assert simulate.run(first, agents=frame).digest() == first.digest()
    frame.loc[0, "activity"] = 2.0
    with pytest.raises(KoubeiError, match="not the ones"):
        simulate.run(first, agents=frame)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"replicates": 0}, "replicates: out of range, got 0"),
        ({"replicates": True}, "replicates: not a whole number, got True"),
        ({"threads": 1.5}, "threads: not a whole number, got 1.5"),
        ({"engine": "compield"}, "engine: unknown, got 'compield', .* try compiled"),
        ({"rng": -1}, "rng: out of range, got -1"),
        ({"rng": "dice"}, "rng: wrong type, got str"),
        ({"agents": "absent.csv"}, "agents: no such file"),
        ({"scenario": 5}, "scenario: wrong type, got int"),
        ({"seeding.purty": 0.5}, "seeding.purty: unknown parameter"),
        ({"scenario": "xiaomy"}, "try xiaomi"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(arguments, message):
    """Catches tracebacks of other libraries, and work done before the refusal."""
    scenario = arguments.pop("scenario", SMALL)
    with pytest.raises(KoubeiError, match=message) as caught:
        simulate.run(scenario, **arguments)
    assert "\n" not in str(caught.value)


def test_too_many_people_are_refused_before_allocation(monkeypatch):
    """Catches a machine driven into swap: no world may be begun."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("work was begun")

    monkeypatch.setattr(build, "build_population", never)
    with pytest.raises(KoubeiError, match="n_agents: needs more memory than there is"):
        simulate.run(SMALL, n_agents=2_000_000_000)


def test_progress_counts_every_day_of_every_replicate():
    """Catches a bar that jumps back or never fills when replicates run side by side."""
    told: list[tuple[int, int]] = []
    simulate.run(
        SMALL, 3, rng=1, threads=2, progress=lambda done, total: told.append((done, total))
    )
    assert {total for _, total in told} == {120}
    assert told[-1][0] == 120
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_failing_replicate_stops_the_others():
    """Catches an interrupt that waits for every other replicate to finish."""

    class Stop(Exception):
        pass

    told = []

    def once(done: int, total: int) -> None:
        told.append(done)
        raise Stop

    with pytest.raises(Stop):
        simulate.run(SMALL, 8, rng=1, threads=2, progress=once)
    assert len(told) <= 3


def test_threads_left_over_work_inside_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches threads that are dropped, or given to a run that the memory had no room for."""
    shared = ((1, 5), (2, 5), (8, 2), (9, 4))
    assert [Simulation(SMALL, 1, threads=t).shared_out(r) for t, r in shared] == [
        (1, 1),
        (2, 1),
        (2, 4),
        (4, 2),
    ]
    scenario = Scenario.load("tiny")
    monkeypatch.setattr(fitting, "cores", lambda: 8)
    for fits, replicates, expected in ((8, 1, 8), (3, 3, 6), (2, 20, 2), (8, 20, 8)):
        monkeypatch.setattr(
            fitting, "fitting_threads", lambda *_, fits=fits, r=replicates: min(fits, r)
        )
        assert simulate.useful_threads(scenario, replicates) == expected


def test_a_run_on_several_threads_is_the_same_result(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Catches threads that change the bytes on the way through `run`, streamed or not, and threads
    that never reach the engine: then every run would be the same."""
    from koubei_sim.model import compiled

    made = []

    class Seen(compiled.Parts):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(len(self.parts))

    monkeypatch.setattr(compiled, "Parts", Seen)
    monkeypatch.setattr(compiled.parts, "PEOPLE_PER_PART", 1)
    monkeypatch.setattr(compiled.parts, "ALIGNED", 64)
    alone = simulate.run("tiny", rng=7, ticks=60, threads=1)
    assert made == []
    assert simulate.run("tiny", rng=7, ticks=60, threads=4).digest() == alone.digest()
    assert made == [4]
    streamed = simulate.run("tiny", rng=7, ticks=60, threads=3, out=tmp_path / "r", stream=True)
    assert streamed.digest() == alone.digest()
    assert made == [4, 3]

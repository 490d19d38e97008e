"""Worlds of a shipped posterior: which they are, that they are run as they stand, what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import koubei_sim as kb
from koubei_sim import plots
from koubei_sim.errors import KoubeiError
from koubei_sim.studies import Ensemble, Worlds, ensemble

SMALL = {"n_agents": 3_000, "people_per_agent": 5.0, "ticks": 40}


@pytest.fixture(scope="module")
def found() -> Worlds:
    """Three small worlds, run."""
    return ensemble("xiaomi", 3).replace(**SMALL).run(rng=5, threads=1)


def test_worlds_are_spread_over_the_weights() -> None:
    """Catches particles drawn without their weights, or other worlds at every call."""
    worlds = ensemble("xiaomi", 400)
    assert worlds.parameters.equals(ensemble("xiaomi", 400).parameters)
    assert len(worlds.parameters) == 400
    file = Path(kb.__file__).parent / "model" / "scenario" / "presets" / "xiaomi.posterior.csv"
    particles = pd.read_csv(file)
    name = "channels.forum.persuasion"
    drawn = np.searchsorted(np.sort(particles[name]), worlds.parameters[name] * (1 - 1e-9))
    share = np.bincount(drawn, minlength=len(particles)) / 400
    weight = particles.sort_values(name).weight.to_numpy()
    assert np.abs(share - weight / weight.sum()).max() <= 1.0 / 400 + 1e-12


def test_every_world_is_the_run_of_its_scenario(found: Worlds) -> None:
    """Catches parameters of another world, shared luck, and people shared where they may not be."""
    for k, scenario in enumerate(found.ensemble.scenarios):
        alone = kb.run(scenario, replicates=k + 1, rng=5, progress=False).histories[k]
        for ours, theirs in zip(found.histories[k], alone, strict=True):
            assert np.array_equal(ours, theirs)


def test_worlds_that_differ_in_people_share_none() -> None:
    """Catches a world that is run on the people of another."""
    base = kb.Scenario.load("xiaomi").replace(**SMALL)
    worlds = Ensemble(base, pd.DataFrame({"segments.newbie.activity_sigma": [0.0, 1.0]}))
    found = worlds.run(rng=3, threads=1)
    alone = kb.run(worlds.scenarios[1], replicates=2, rng=3, progress=False).histories[1]
    assert np.array_equal(found.histories[1].table, alone.table)


def test_a_world_that_never_gets_there_is_later_than_all_others(found: Worlds) -> None:
    """Catches medians over the worlds that made it, as if the others were none."""
    table = found.reached()
    assert (table["worlds"] == 0).all()
    assert table[["day", "low", "high"]].isna().all().all()
    one = found.histories[2]
    tall = (*found.histories[:2], one._replace(table=one.table * 10**5))
    mixed = Worlds(found.ensemble, tall, 5, 0.0).reached()
    assert mixed.loc["1,000,000 users", "worlds"] == 1
    assert np.isnan(mixed.loc["1,000,000 users", "day"])
    assert mixed.loc["1,000,000 users", "low"] == 0


def test_reported_counts_stand_beside_what_they_count(found: Worlds) -> None:
    """Catches registrations held against users, or against members of a feed."""
    table = found.reported().set_index("label")
    forum = list(found.scenario.channels).index("forum")
    members = found.series("members")[:, 31, forum]
    row = table.loc["forum registrations"]
    assert row["day"] == 31
    assert row["median"] == np.median(members)
    assert row["low"] <= row["median"] <= row["high"]


def test_tables_and_figure(found: Worlds, tmp_path: Path) -> None:
    """Catches a folder of something else overwritten, and a second call that is refused."""
    paths = found.save(tmp_path / "demo")
    assert [path.name for path in paths] == [
        "worlds.csv", "pyramid.csv", "reached.csv", "reported.csv",
    ]  # fmt: skip
    assert found.save(tmp_path / "demo") == paths
    assert next(iter(pd.read_csv(paths[0]).columns)) == "world"
    month = pd.read_csv(paths[1])
    assert month["users"].iloc[-1] == np.median(found.series("users")[:, -1])
    assert "band: 5-95 % of 3" in " ".join(text.get_text() for text in plots.pyramid(found).texts)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(KoubeiError, match="holds no result"):
        found.save(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_as_a_design_of_a_sweep() -> None:
    """Catches worlds that a sweep cannot take."""
    worlds = ensemble("xiaomi", 2)
    study = kb.sweep(kb.Scenario.load("xiaomi").replace(**SMALL), worlds, rng=1, outcomes=["users"])
    assert study.values("users").shape == (2, 1)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: ensemble("tiny", 2), r"preset: has no posterior, got 'tiny', allowed xiaomi"),
        (lambda: ensemble("xiaomi", 0), "number"),
        (
            lambda: ensemble("xiaomi", 2).replace(**{"service.churn": 0.1}),
            "service.churn: differs from world to world",
        ),
    ],
)
def test_refusals(call: object, said: str) -> None:
    """Catches a preset without a posterior, no worlds, and a parameter set for all of them."""
    with pytest.raises(KoubeiError, match=said):
        call()  # type: ignore[operator]


def test_the_demonstration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches a demonstration without its tables and figures, or wider than a terminal."""
    from koubei_sim import cli, studies

    small = ensemble("xiaomi", 3).replace(**SMALL)
    monkeypatch.setattr(studies, "ensemble", lambda preset, worlds: small)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    runs: list[object] = []
    with monkeypatch.context() as patch:
        patch.setattr(Ensemble, "run", lambda *_, **__: runs.append(1))
        assert cli.main(["demo", "--out", str(tmp_path / "mine")]) != 0
    assert not runs  # refused before any work, not after a minute
    assert "holds no result" in capsys.readouterr().err
    assert cli.main(["demo", "--out", str(tmp_path / "demo"), "--rng", "5"]) == 0
    said = capsys.readouterr().out
    lines = [line for line in said.splitlines() if str(tmp_path) not in line]
    assert max(map(len, lines)) <= 80
    assert "medians over worlds" in said
    assert "forum registrations, day 31" in said
    assert {path.name for path in (tmp_path / "demo").iterdir()} == {
        "worlds.csv", "pyramid.csv", "reached.csv", "reported.csv", "figures",
    }  # fmt: skip
    assert (tmp_path / "demo" / "figures" / "pyramid.png").stat().st_size > 10_000

"""Networks and people of one's own in sweeps, and readers of the journal."""

from __future__ import annotations

import importlib.util
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import koubei_sim as kb
from koubei_sim import metrics, studies
from koubei_sim.cli import main
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.networks import Network, small_world
from koubei_sim.runs.inputs import Inputs
from koubei_sim.studies.design import plan
from koubei_sim.studies.sweep import journal, work

GONE = {"channels.wechat": None, "events.meeting": None, "seeding.channel": None}
SMALL = Scenario.load("tiny").replace(n_agents=300, ticks=10, **{"seeding.number": 10, **GONE})
GRID = {"seeding.purity": [0.2, 0.8]}
GRAPH = small_world(300, 8.0, key=3)
OTHER = small_world(300, 8.0, key=4)
WORDS: dict[str, Any] = dict(replicates=2, rng=7)


def same(one: Any, other: Any) -> bool:
    """Whether two tables are equal bit for bit."""
    return journal.parquet_bytes(one) == journal.parquet_bytes(other)


def digest_of(networks: Any) -> str:
    """The digest of graphs in a plan."""
    return Inputs(networks).digests["networks"]


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    """A table of 300 people."""
    names = list(SMALL.segments)
    numbers = np.arange(300)
    return pd.DataFrame(
        {
            "segment": [names[n % len(names)] for n in numbers],
            "expertise": np.round((numbers * 37 % 300) / 300, 6),
        }
    )


@pytest.fixture(scope="module")
def table(people: pd.DataFrame) -> Any:
    """The tidy table of a sweep over a graph and people that were handed over."""
    own: dict[str, Any] = dict(networks={"weibo": GRAPH}, agents=people)
    return studies.sweep(SMALL, GRID, workers=1, **own, **WORDS).arrow()


@pytest.mark.parametrize("shared", [True, False])
def test_rows_are_what_run_gives(shared: bool, people: pd.DataFrame) -> None:
    """Catches a graph or people that are taken for some replicates only, or not at all."""
    base = SMALL.replace(shared_world=shared)
    own: dict[str, Any] = dict(networks={"weibo": GRAPH}, agents=people)
    frame = studies.sweep(base, GRID, workers=1, **own, **WORDS).table()
    for point, purity in enumerate(GRID["seeding.purity"]):
        result = kb.run(base, 2, rng=7, **own, **{"seeding.purity": purity})
        part = frame[frame["point"] == point]
        for name, values in metrics.outcomes(result).items():
            np.testing.assert_array_equal(part[name].to_numpy(), values, err_msg=name)
    bare = studies.sweep(base, GRID, workers=1, **WORDS).table()
    assert not bare["aware_share"].equals(frame["aware_share"])
    assert not set(bare["run_key"]) & set(frame["run_key"])


@pytest.mark.parametrize("backend", ["threads", "loky"])
def test_workers_have_the_same_graph(
    backend: str, table: Any, people: pd.DataFrame, tmp_path: Path
) -> None:
    """Catches workers that draw a graph of their own, and a file that differs from its frame."""
    people.to_csv(tmp_path / "people.csv", index=False)
    own: dict[str, Any] = dict(networks={"weibo": GRAPH}, agents=tmp_path / "people.csv")
    found = studies.sweep(SMALL, GRID, backend=backend, workers=2, **own, **WORDS)
    assert same(found.arrow(), table)


@pytest.mark.slow
def test_processes_of_one_sweep_do_not_keep_its_graph_for_the_next() -> None:
    """Catches a graph that stays in a kept process, with another one or with none after it."""
    how: dict[str, Any] = dict(backend="loky", workers=2, **WORDS)
    for own in (dict(networks={"weibo": GRAPH}), dict(networks=OTHER), {}):
        found = studies.sweep(SMALL, GRID, **how, **own)
        assert same(found.arrow(), studies.sweep(SMALL, GRID, workers=1, **own, **WORDS).arrow())


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="dask is not installed")
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_has_the_same_graph(table: Any, people: pd.DataFrame) -> None:
    """Catches a graph that stays with the caller, or a warning about its size."""
    from distributed import LocalCluster

    own: dict[str, Any] = dict(networks={"weibo": GRAPH}, agents=people)
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as made:
        found = studies.sweep(
            SMALL, GRID, backend="dask", scheduler=made.scheduler_address, **own, **WORDS
        )
    assert same(found.arrow(), table)


def test_a_folder_remembers_which_graph(tmp_path: Path, people: pd.DataFrame) -> None:
    """Catches two graphs in one journal, and a sweep finished without the graph it began with."""
    own: dict[str, Any] = dict(networks={"weibo": GRAPH}, agents=people)
    first = studies.sweep(SMALL, GRID, workers=1, out=tmp_path, batch_seconds=1e-6, **own, **WORDS)
    whole = first.arrow()
    journal.shards(tmp_path)[1].unlink()
    with pytest.raises(KoubeiError, match=r"another sweep \(other networks or agents\)"):
        studies.sweep(SMALL, GRID, workers=1, out=tmp_path, **{**own, "networks": OTHER}, **WORDS)
    with pytest.raises(KoubeiError, match=r"another sweep \(other networks or agents\)"):
        studies.sweep(SMALL, GRID, workers=1, out=tmp_path, **WORDS)
    with pytest.raises(KoubeiError, match="planned with agents and networks of your own"):
        studies.sweep(tmp_path)
    with pytest.raises(KoubeiError, match="agents: the sweep was planned with agents of your own"):
        studies.sweep(tmp_path, networks={"weibo": GRAPH})
    with pytest.raises(KoubeiError, match="networks: not what the sweep was planned with"):
        studies.sweep(tmp_path, **{**own, "networks": OTHER})
    assert studies.status(tmp_path).done == 3
    assert same(studies.sweep(tmp_path, workers=1, **own).arrow(), whole)


def test_a_plan_takes_what_it_was_made_with(people: pd.DataFrame, table: Any) -> None:
    """Catches a plan that loses its graph on the way to `sweep`, or takes one it never had."""
    made = studies.make_sweep(SMALL, GRID, networks={"weibo": GRAPH}, agents=people, **WORDS)
    assert same(studies.sweep(made, workers=1).arrow(), table)
    bare = studies.make_sweep(SMALL, GRID, **WORDS)
    with pytest.raises(KoubeiError, match="networks: not what the sweep was planned with"):
        studies.sweep(bare, networks={"weibo": GRAPH})


def test_without_any_plans_and_keys_are_what_they_were() -> None:
    """Catches folders of before that are refused, by numbers written down before graphs came."""
    made = studies.make_sweep(SMALL, GRID, **WORDS)
    assert set(made.plan()) == {
        "format", "version", "engine", "key", "replicates", "outcomes", "paths", "points",
        "scenario",
    }  # fmt: skip
    assert plan.run_key("ab", 7, 1, "compiled", "0.1") == "1db79cc5b1fc81f13891297b9a8f9138"


def test_names_of_nodes_are_part_of_a_graph() -> None:
    """Catches two graphs of the same arcs in which other people sit on the nodes."""
    arcs = ([0, 1, 2], [1, 2, 0])
    names = [Network.from_edges(*arcs, n=3, labels=order) for order in ([0, 1, 2], [2, 1, 0])]
    texts = Network.from_edges(*arcs, n=3, labels=["0", "1", "2"])
    bare = Network.from_edges(*arcs, n=3)
    found = [digest_of({"weibo": each}) for each in (*names, texts, bare)]
    assert len(set(found)) == 4
    assert found[3] == Inputs({"weibo": bare}).supplied["networks"]


def test_a_graph_arrives_as_it_left() -> None:
    """Catches arrays that can be written to on arrival, lost weights, labels or names."""
    net = Network.from_edges(
        ["a", "b", "c"], ["b", "c", "a"], weight=[1.0, 2.0, 3.0], labels="auto", name="weibo"
    )
    given = Inputs({"weibo": net})
    back = pickle.loads(pickle.dumps(given))
    assert digest_of(back.networks) == given.digests["networks"] == back.digests["networks"]
    layer = back.networks["weibo"].layer()
    assert layer.name == "weibo" and not layer.indices.flags.writeable


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"networks": {"weibo": small_world(200, 8.0, key=3)}}, "networks.weibo: another number"),
        ({"networks": small_world(200, 8.0, key=3)}, "networks: another number of people"),
        ({"networks": {"weebo": GRAPH}}, "networks.weebo: not a feed.*try weibo"),
        ({"networks": 3}, "network"),
        ({"agents": "none.csv"}, "agents: no such file"),
        ({"agents": 3}, "agents: wrong type"),
        ({"agents": pd.DataFrame({"segment": ["newbie"]})}, "agents: another number of people"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_runs(
    own: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches a graph of another size found run by run, as many failed rows."""
    monkeypatch.setattr(work, "_runs_of_a_point", lambda *_: pytest.fail("something ran"))
    with pytest.raises(KoubeiError, match=said) as caught:
        studies.sweep(SMALL, GRID, out=tmp_path / "made", **own, **WORDS)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "made").exists()


def test_a_sweep_file_names_graphs_and_people(
    tmp_path: Path, people: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches files looked for in the wrong folder, and a plan other than that of the call."""
    sources = GRAPH.layer().sources()
    edges = np.stack([sources, GRAPH.layer().indices], axis=1)
    np.savetxt(tmp_path / "friends.edges", edges, fmt="%d")
    people.to_csv(tmp_path / "people.csv", index=False)
    text = (
        f'scenario = "small.toml"\nreplicates = 2\nrng = 7\nout = "{tmp_path / "made"}"\n'
        'agents = "people.csv"\n[networks]\nweibo = "friends.edges"\n'
        "[grid]\nseeding.purity = [0.2, 0.8]\n"
    )
    SMALL.save(tmp_path / "small.toml")
    (tmp_path / "study.toml").write_text(text)
    assert main(["sweep", str(tmp_path / "study.toml"), "--workers", "1"]) == 0
    own = dict(
        networks={"weibo": kb.read_network(tmp_path / "friends.edges", directed=True)},
        agents=people,
    )
    wanted = studies.sweep(SMALL, GRID, workers=1, **own, **WORDS)
    assert same(kb.load(tmp_path / "made").arrow(), wanted.arrow())
    assert main(["sweep", str(tmp_path / "study.toml"), "--workers", "1"]) == 0
    capsys.readouterr()
    for old, new, said in (
        ("weibo =", "weebo =", "networks.weebo: unknown channel.*try weibo"),
        ("friends.edges", "none.edges", "none.edges"),
        ('"people.csv"', "3", "agents: must be text"),
    ):
        (tmp_path / "study.toml").write_text(text.replace(old, new))
        assert main(["sweep", str(tmp_path / "study.toml")]) == 2
        err = capsys.readouterr().err
        assert re.search(said, err) and err.count("\n") == 1


# ---------------------------------------------------------------- readers of the journal


def test_duckdb_polars_and_xarray_read_the_journal_in_place(tmp_path: Path) -> None:
    """Catches lines of docs/studies.md that do not run, and shards of differing columns."""
    duckdb, polars = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    points = {"seeding.purity": [0.2, 0.8], "telling.relay": [0.0, 0.4]}
    found = studies.sweep(SMALL, points, workers=1, out=tmp_path, batch_seconds=1e-6, **WORDS)
    assert len(journal.shards(tmp_path)) > 1
    wanted = found.table().groupby("point")["users"].mean()
    files = tmp_path / "runs" / "*.parquet"
    rows = duckdb.sql(f"select point, avg(users) from '{files}' group by point order by point")
    assert [value for _, value in rows.fetchall()] == pytest.approx(wanted.tolist())
    frame = polars.read_parquet(files).group_by("point").agg(polars.col("users").mean())
    assert frame.sort("point")["users"].to_list() == pytest.approx(wanted.tolist())
    lazy = polars.scan_parquet(files).select(polars.len()).collect().item()
    assert lazy == pd.read_parquet(tmp_path / "runs").shape[0] == 8
    cube = found.table().set_index([*points, "replicate"])["users"].to_xarray()
    assert cube.sizes == {"seeding.purity": 2, "telling.relay": 2, "replicate": 2}
    one = found.table().query("point == 3 and replicate == 1")["users"].item()
    assert float(cube.sel({"seeding.purity": 0.8, "telling.relay": 0.4, "replicate": 1})) == one

"""Cascade results outside the library: tables, folders, graphs for Gephi."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import fields, replace
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from koubei_sim import storage
from koubei_sim.cascades.result import _NAMES, TABLES, read_cascade
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.files.writers import write_tree


def _logs():
    if "koubei_cascade_logs" not in sys.modules:
        path = Path(__file__).resolve().parents[1] / "cascade_logs.py"
        spec = importlib.util.spec_from_file_location("koubei_cascade_logs", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["koubei_cascade_logs"] = module
        spec.loader.exec_module(module)
    return sys.modules["koubei_cascade_logs"]


logs = _logs()


@pytest.fixture
def result():
    found = logs.made(labels=np.array([f"name {k} <&'\">" for k in range(60)]))
    log = found.activations
    times = np.full((12, 60), np.nan, np.float32)
    times[log.replicate - 5, log.person] = log.time
    outcome = replace(
        found.outcome,
        removed=np.zeros((12, found.outcome.time.size), np.int64),
        node_count=np.bincount(log.person, minlength=60),
        node_time=np.bincount(log.person, log.time, minlength=60),
        times=times,
        kinds=np.where(np.isnan(times), -1, 0).astype(np.int8),
    )
    return replace(found, outcome=outcome)


def _equal(a, b):
    for field in fields(a):
        x, y = getattr(a, field.name), getattr(b, field.name)
        if field.name == "activations" or x is None:
            continue
        assert x.dtype == y.dtype, field.name
        np.testing.assert_array_equal(x, y, err_msg=field.name)


def test_what_is_saved_is_loaded(result, tmp_path):
    """Catches a field lost or changed on the way to disk and back, the key's 64th bit included."""
    folder = result.save(tmp_path / "run")
    assert sorted(p.name for p in folder.iterdir()) == [
        "data.nc", "events.parquet", "recipe.json", "timing.json",
    ]  # fmt: skip
    again = read_cascade(folder)
    _equal(result.outcome, again.outcome)
    for name in ("n", "kind_names", "steps", "key", "method", "seconds", "stopped"):
        assert getattr(again, name) == getattr(result, name)
    assert again.labels.tolist() == result.labels.tolist()
    assert repr(again.rule) == repr(result.rule)
    assert again.trees().equals(result.trees())
    assert again.summary().loc["size"].tolist() == result.summary().loc["size"].tolist()
    # From the loaded one, whose log lies in a file, to a second folder, and over the first.
    second = read_cascade(again.save(tmp_path / "second"))
    assert second.trees().equals(result.trees())
    assert read_cascade(again.save(tmp_path / "run") / "data.nc").digest() == result.digest()


def test_the_same_run_makes_the_same_bytes(result, tmp_path):
    """Catches dates and temporary names inside files."""
    for name in ("one", "two"):
        result.save(tmp_path / name)
    for name in ("data.nc", "events.parquet", "recipe.json"):
        first, second = ((tmp_path / run / name).read_bytes() for run in ("one", "two"))
        assert first == second, name


def test_a_result_without_log_or_people_is_saved_too(tmp_path):
    """Catches a log of an older result that stays beside a newer one without."""
    logs.made().save(tmp_path / "run")
    found = logs.made()
    bare = replace(found, outcome=replace(found.outcome, activations=None))
    bare.save(tmp_path / "run")
    assert not (tmp_path / "run" / "events.parquet").exists()
    again = read_cascade(tmp_path / "run")
    assert not again.has_log
    _equal(bare.outcome, again.outcome)
    assert again.outcome.node_count is None
    assert again.labels is None


def test_damage_and_strangers_are_refused(result, tmp_path):
    """Catches numbers that are not those of the recipe, and tracebacks for other folders."""
    folder = result.save(tmp_path / "run")
    recipe = json.loads((folder / "recipe.json").read_text())

    def with_recipe(**changes):
        (folder / "recipe.json").write_text(json.dumps(recipe | changes))

    with_recipe(digest="0" * 64)
    with pytest.raises(KoubeiError, match="do not hold the result of their recipe"):
        read_cascade(folder)
    with_recipe(what="scenario")
    with pytest.raises(KoubeiError, match=r"not a cascade, try koubei_sim\.load"):
        read_cascade(folder)
    with_recipe(format=99)
    with pytest.raises(KoubeiError, match="newer koubei_sim, got format 99"):
        read_cascade(folder)
    (folder / "recipe.json").write_text(json.dumps({"what": "cascade"}))
    with pytest.raises(KoubeiError, match="cannot be read"):
        read_cascade(folder)
    with_recipe()
    (folder / "data.nc").write_bytes(b"x" * 100)
    with pytest.raises(KoubeiError, match="cannot be read"):
        read_cascade(folder)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    with pytest.raises(KoubeiError, match="holds no result"):
        result.save(tmp_path / "notes")


def test_a_full_disk_leaves_the_old_result(result, tmp_path, monkeypatch):
    """Catches a finished result lost to a failed attempt to replace it."""
    folder = result.save(tmp_path / "run")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "_write_json", full)
    with pytest.raises(KoubeiError, match="No space left"):
        logs.made(key=2).save(folder)
    monkeypatch.undo()
    assert read_cascade(folder).digest() == result.digest()
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_the_dataset_has_every_array_under_a_name(result):
    """Catches arrays left out of netCDF, and labels that do not reach the people."""
    data = result.to_xarray()
    assert dict(data.sizes) == {
        "replicate": 12, "kind": 1, "time": result.outcome.time.size, "person": 60,
    }  # fmt: skip
    for field, (name, dims) in _NAMES.items():
        assert data[name].dims == dims
        np.testing.assert_array_equal(data[name], getattr(result.outcome, field))
    assert data["label"].values[3] == result.labels[3]
    assert data.attrs["key"] == str(2**63 + 7)
    assert data.attrs["time_unit"] == "step"


def test_every_table_goes_to_pandas_and_parquet(result, tmp_path):
    """Catches tables that cannot be written, and rows that do not match the arrays."""
    for name in TABLES:
        frame = result.to_pandas(name)
        path = result.to_parquet(tmp_path / f"{name}.parquet", name)
        stored = pd.read_parquet(path)
        assert len(stored) == len(frame)
        assert set(frame.columns) <= set(stored.columns)
        # The index has become a column where it has a name.
        assert (frame.index.name is None) or frame.index.name in stored.columns
    assert len(list(tmp_path.iterdir())) == len(TABLES)
    rows = result.to_pandas()
    assert rows.loc[7, "size"] == result.sizes[2]
    curve = result.to_pandas("curve")
    one = curve[(curve["replicate"] == 8) & (curve["kind"] == "a")]
    np.testing.assert_array_equal(one["new"], result.outcome.curve[3, 0])
    np.testing.assert_array_equal(one["cumulative"], result.outcome.curve[3, 0].cumsum())
    people = result.to_pandas("people")
    assert people.loc[11, "label"] == result.labels[11]
    np.testing.assert_array_equal(people["probability"], result.probability)
    with pytest.raises(KoubeiError, match="table: unknown, got 'tree', allowed 'replicates'"):
        result.to_pandas("tree")
    with pytest.raises(KoubeiError, match="no such folder"):
        result.to_parquet(tmp_path / "no" / "a.parquet")


def test_curves_of_two_kinds_are_not_mixed(tmp_path):
    """Catches a long table whose kinds and times run in another order than the array."""
    found = logs.made(replicates=2)
    log = found.activations
    log = log._replace(kind=(log.person % 2).astype(np.int8))
    result = logs.result_of(logs.outcome_of(log, found.outcome.replicates, 60), 60)
    curve = result.to_pandas("curve")
    for r, k in ((5, 0), (5, 1), (6, 0), (6, 1)):
        mine = curve[(curve["replicate"] == r) & (curve["kind"] == "ab"[k])]
        np.testing.assert_array_equal(mine["new"], result.outcome.curve[r - 5, k])
        np.testing.assert_array_equal(mine["time"], result.outcome.time)
    assert read_cascade(result.save(tmp_path / "run")).kind_names == ("a", "b")


def _read(path):
    return nx.read_gexf(path) if path.suffix == ".gexf" else nx.read_graphml(path)


@pytest.mark.parametrize("suffix", [".graphml", ".gexf"])
def test_a_forest_for_gephi_is_read_back_by_another_library(result, tmp_path, suffix):
    """Catches edges turned round, attributes of other people, and signs that break XML."""
    path = result.to_gephi(tmp_path / f"tree{suffix}", 7)
    graph = _read(path)
    log = result.log_of(7)
    forest = result.forest(7)
    assert graph.is_directed()
    assert graph.number_of_nodes() == log.person.size
    edges = {(str(p), str(v)) for p, v in zip(log.parent, log.person) if p >= 0}
    assert {(str(a), str(b)) for a, b in graph.edges} == edges
    for row, person in enumerate(log.person.tolist()):
        node = graph.nodes[str(person)]
        assert node["label"] == result.labels[person]
        assert (node["person"], node["time"]) == (person, log.time[row])
        assert (node["kind"], node["generation"]) == (0, forest.generation[row])
        assert node["tree_size"] == forest.below[forest.roots[forest.tree[row]]]
        assert "until" not in node
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".graphml", ".gexf"])
def test_one_tree_is_cut_out_whole(result, tmp_path, suffix):
    """Catches people of other trees, or a tree without its last generation."""
    shapes = result.trees(7)
    root = int(shapes["root"][1])
    label = result.labels[root]
    graph = _read(result.to_gephi(tmp_path / f"tree{suffix}", 7, label))
    assert graph.number_of_nodes() == shapes["size"][1]
    assert graph.number_of_edges() == shapes["size"][1] - 1
    assert [node for node, degree in graph.in_degree if degree == 0] == [str(root)]
    again = _read(result.to_gephi(tmp_path / f"again{suffix}", 7, root, by="row"))
    assert set(again.nodes) == set(graph.nodes)
    other = result.labels[next(p for p in range(60) if p not in set(shapes["root"]))]
    with pytest.raises(
        KoubeiError, match=r"root: not the root of a tree, got 'name .*such as 'name"
    ):
        result.to_gephi(tmp_path / f"tree{suffix}", 7, other)
    with pytest.raises(KoubeiError, match="root: no such person, got 999"):
        result.to_gephi(tmp_path / f"tree{suffix}", 7, 999, by="row")


def test_the_first_replicate_is_the_default(result, tmp_path):
    """Catches a default of 0 in a result whose replicates are numbered from 5."""
    graph = _read(result.to_gephi(tmp_path / "a.gexf"))
    assert graph.number_of_nodes() == result.sizes[0]


def test_infections_and_brands_in_gephi(tmp_path):
    """Catches two infections of one person merged into one node, and brands as bare numbers."""
    log = logs.log_of((0, 0, -1, 0.0), (0, 1, 0, 1.0), (0, 0, 1, 2.0))
    log = log._replace(until=np.array([1.5, np.inf, 3.0]))
    result = logs.result_of(logs.outcome_of(log, np.arange(1), 2), 2)
    graph = _read(result.to_gephi(tmp_path / "a.graphml"))
    assert set(graph.nodes) == {"0", "1", "0.2"}
    assert set(graph.edges) == {("0", "1"), ("1", "0.2")}
    assert graph.nodes["0.2"]["person"] == 0
    assert graph.nodes["0"]["until"] == 1.5
    assert "until" not in graph.nodes["1"]
    log = logs.log_of((0, 0, -1, 0.0), (0, 1, -1, 0.0))._replace(kind=np.array([0, 1], np.int8))
    outcome = logs.outcome_of(log, np.arange(1), 2)
    brands = logs.result_of(outcome, 2, kind_names=("小米", "rival"))
    graph = _read(brands.to_gephi(tmp_path / "b.gexf"))
    assert [graph.nodes[node]["kind"] for node in "01"] == ["小米", "rival"]


def test_trees_that_cannot_be_written_are_refused(tmp_path):
    """Catches unknown formats, columns of other lengths, and signs that no XML can hold."""
    above = np.array([-1, 0])
    with pytest.raises(KoubeiError, match=r"unknown kind of file, got \.dot, allowed \.graphml"):
        write_tree(tmp_path / "a.dot", ["a", "b"], above, {})
    with pytest.raises(KoubeiError, match=r"attributes\.time: wrong length"):
        write_tree(tmp_path / "a.gexf", ["a", "b"], above, {"time": np.arange(3)})
    with pytest.raises(KoubeiError, match=r"attributes\.time: wrong type"):
        write_tree(tmp_path / "a.gexf", ["a", "b"], above, {"time": np.array([None, None])})
    with pytest.raises(KoubeiError, match="no such folder"):
        write_tree(tmp_path / "no" / "a.gexf", ["a", "b"], above, {})
    for suffix in (".graphml", ".gexf"):
        path = write_tree(tmp_path / f"a{suffix}", ["a\x00", "b\x0b"], above, {})
        assert _read(path).number_of_edges() == 1

"""What a cascade result answers: sizes, curves, people, trees, its looks."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from koubei_sim.cascades import trees
from koubei_sim.cascades.stream import ActivationWriter
from koubei_sim.errors import KoubeiError


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
    return logs.made()


@pytest.fixture
def streamed(result, tmp_path):
    with ActivationWriter(tmp_path / "log.parquet") as writer:
        writer.append(result.outcome.activations)
    bare = replace(result.outcome, activations=None)
    return replace(result, outcome=bare, log_path=tmp_path / "log.parquet")


def _epidemic():
    """Two replicates of SIS over 4 people; person 0 is infected twice in the first."""
    log = logs.log_of(
        (0, 0, -1, 0.0), (0, 1, 0, 1.0), (0, 0, 1, 3.0), (1, 2, -1, 0.0), (1, 3, 2, 2.0)
    )
    log = log._replace(
        until=np.array([2.0, 4.0, 9.0, 1.0, 3.0]), kind=np.array([0, 0, 1, 0, 0], np.int8)
    )
    outcome = logs.outcome_of(log._replace(kind=np.zeros(5, np.int8)), np.arange(2), 4)
    removed = np.array([[0, 0, 1, 0], [0, 1, 0, 1]])
    return logs.result_of(replace(outcome, activations=log, removed=removed), 4)


def test_sizes_and_their_mean(result):
    """Catches sizes of other replicates, a share of the wrong total, seeds lost."""
    assert result.replicates == 12
    np.testing.assert_array_equal(result.share, result.sizes / 60)
    assert result.seeds.tolist() == [3] * 12
    found = result.mean_size()
    assert found.mean == pytest.approx(result.sizes.mean())
    assert found.low < found.mean < found.high
    assert result.mean_size("a").mean == found.mean  # the one kind is all there is
    np.testing.assert_array_equal(result.sizes_by_kind[:, 0], result.outcome.events)


def test_skewed_sizes_get_the_bootstrap_and_a_note():
    """Catches a normal interval round a mean that one replicate makes."""
    sizes = np.append(np.full(60, 3), 3000)
    outcome = replace(
        logs.outcome_of(logs.log_of(), np.arange(61), 5000), sizes=sizes, activations=None
    )
    result = logs.result_of(outcome, 5000)
    assert result.mean_size().method == "bootstrap"
    assert result.mean_size().low >= 3
    assert "are few for a normal" in result.notes[0]
    assert "(bootstrap)" in repr(result)
    assert "note: the largest replicate holds" in repr(result)


def test_kinds_are_known_by_name_and_number():
    """Catches brands under each other's name."""
    log = logs.log_of((0, 0, -1, 0.0), (0, 1, -1, 0.0), (0, 2, 1, 1.0), (0, 3, 1, 1.0))
    log = log._replace(kind=np.array([0, 1, 1, 1], np.int8))
    result = logs.result_of(
        logs.outcome_of(log, np.arange(1), 9), 9, kind_names=("xiaomi", "rival")
    )
    assert result.mean_size("rival").mean == result.mean_size(1).mean == 3
    assert result.mean_size("xiaomi").mean == 1
    assert result.curve.sel(kind="rival").values.tolist() == [[1, 3]]
    assert "rival" in repr(result)
    with pytest.raises(
        KoubeiError, match="kind: unknown, got 'rivel', allowed 'xiaomi', 'rival', try"
    ):
        result.mean_size("rivel")
    with pytest.raises(KoubeiError, match=r"kind: out of range, got 2, allowed 0\.\.1"):
        result.mean_size(2)


def test_take_off_needs_a_share_and_a_multiple_of_the_seeds(result):
    """Catches many seeds that count as a take-off, and a share of the wrong total."""
    sizes = result.sizes
    np.testing.assert_array_equal(result.took_off(0.5, 1), sizes >= 30)
    np.testing.assert_array_equal(result.took_off(0.01, 12), sizes >= 36)
    assert not result.took_off(0.0, 21).any()
    assert result.took_off(0.0, 0).all()


def test_curves_have_names_and_end_at_the_sizes(result):
    """Catches a curve that is not cumulative, or dimensions in another order."""
    assert result.curve.dims == result.new.dims == ("replicate", "kind", "time")
    assert result.curve.coords["replicate"].values.tolist() == list(range(5, 17))
    np.testing.assert_array_equal(result.curve.isel(time=-1, kind=0), result.sizes)
    np.testing.assert_array_equal(result.curve.diff("time"), result.new.isel(time=slice(1, None)))
    assert (result.curve.isel(time=0) == 3).all()


def test_prevalence_counts_who_is_active_now():
    """Catches recoveries counted twice or a step late."""
    result = _epidemic()
    assert result.prevalence.dims == ("replicate", "time")
    assert result.prevalence.values.tolist() == [[1, 2, 1, 2], [1, 0, 1, 0]]
    with pytest.raises(KoubeiError, match="prevalence: this rule knows no recovery, try curve"):
        _ = logs.made().prevalence


def test_people_from_every_source_agree(result, streamed):
    """Catches a second infection counted as a second person, and sources that disagree."""
    log = result.activations
    count = np.zeros(60, int)
    total = np.zeros(60)
    for person, time in zip(log.person, log.time):
        count[person] += 1
        total[person] += time
    times = np.full((12, 60), np.nan, np.float32)
    times[log.replicate - 5, log.person] = log.time
    bare = replace(result.outcome, activations=None)
    sums = replace(bare, node_count=count, node_time=total)
    seen = replace(bare, times=times)
    for found in (result, streamed, replace(result, outcome=sums), replace(result, outcome=seen)):
        np.testing.assert_allclose(found.probability, count / 12)
        with np.errstate(invalid="ignore"):
            np.testing.assert_allclose(found.first_passage, total / count)
    low, high = result.probability_interval()
    assert ((low <= count / 12) & (count / 12 <= high)).all()
    with pytest.raises(KoubeiError, match='nothing of single people, try record="people"'):
        _ = replace(result, outcome=bare).probability


def test_the_first_of_several_infections_counts():
    """Catches first-passage times of a later infection, and probabilities above 1."""
    result = _epidemic()
    assert result.outcome.events.tolist() == [3, 2]
    assert result.outcome.sizes.tolist() == [2, 2]
    assert result.probability.tolist() == [0.5] * 4
    assert result.first_passage.tolist() == [0.0, 1.0, 0.0, 2.0]


def test_a_streamed_log_gives_the_same_answers(result, streamed, monkeypatch):
    """Catches answers that depend on where the log lies; it is read in small parts here."""
    from koubei_sim.cascades import stream

    monkeypatch.setattr(
        stream.activation_parts, "__defaults__", (10,)
    )  # the default was bound when the function was made
    assert streamed.trees().equals(result.trees())
    assert streamed.generations().equals(result.generations())
    assert "activations" not in streamed.__dict__  # never read as a whole
    assert streamed.trees(9).equals(result.trees(9))
    for a, b in zip(streamed.activations, result.activations):
        np.testing.assert_array_equal(a, b)
    assert streamed.forest().tree.tolist() == result.forest().tree.tolist()


def test_trees_of_one_replicate_are_those_of_all(result):
    """Catches the wrong rows for a replicate; numbers start at 5 here."""
    table = result.trees()
    assert list(table.columns) == list(trees.CascadeTrees._fields)
    assert len(table) == 36
    for r in range(5, 17):
        mine = table[table["replicate"] == r].reset_index(drop=True)
        assert result.trees(r).equals(mine)
        assert mine["size"].sum() == result.sizes[r - 5]
    with pytest.raises(KoubeiError, match=r"replicate: not in the result, got 0, allowed 5\.\.16"):
        result.trees(0)


def test_generations_are_the_steps_here(result):
    """Catches generations that are not those of the log: in these logs, time is the generation."""
    table = result.generations()
    np.testing.assert_allclose(table["mean"], result.outcome.curve.sum(axis=1).mean(axis=0))
    assert table.index.name == "generation"


def test_a_run_without_a_log_says_so(result):
    """Catches empty tables where nothing was recorded."""
    bare = replace(result, outcome=replace(result.outcome, activations=None))
    assert not bare.has_log
    for ask in (bare.trees, bare.generations, bare.forest, lambda: bare.log_of(5)):
        with pytest.raises(KoubeiError, match='the run kept no log, try record="forest"'):
            ask()


def test_the_summary_holds_the_numbers_of_the_result(result):
    """Catches rows under the wrong name, and intervals that differ from mean_size."""
    table = result.summary()
    assert list(table.index) == [
        "size", "share", "end", "take_off", "size_off", "trees", "largest_tree", "depth",
        "breadth", "virality",
    ]  # fmt: skip
    found = result.mean_size()
    assert table.loc["size", ["mean", "low", "high"]].tolist() == list(found[:3])
    shapes = result.trees()
    largest = shapes.loc[shapes.groupby("replicate")["size"].idxmax()]
    for name in ("depth", "breadth", "virality"):
        ties = shapes.groupby("replicate")["size"].agg(lambda x: (x == x.max()).sum())
        if (ties == 1).all():
            assert table.loc[name, "mean"] == pytest.approx(largest[name].mean())
    assert table.loc["largest_tree", "mean"] == pytest.approx(largest["size"].mean())
    off = result.took_off()
    assert table.loc["take_off", "mean"] == pytest.approx(off.mean())
    assert table.loc["size_off", "n"] == off.sum()
    assert table.loc["size_off", "mean"] == pytest.approx(result.sizes[off].mean())
    assert "events" in _epidemic().summary().index


def test_quantiles_come_as_a_table(result):
    """Catches a single level that breaks, and rows in another order."""
    table = result.quantiles([0.5, 0.1])
    assert table.index.tolist() == [0.5, 0.1]
    ordered = np.sort(result.sizes)
    assert table["size"].tolist() == [ordered[5], ordered[1]]
    assert result.quantiles(0.5).shape == (1, 3)


def test_its_looks(result):
    """Catches lines too long for a terminal, and markup in names that reaches the browser."""
    text = repr(result)
    assert "'rule(p=0.1)', 60 people" in text
    assert "12 replicates, by hand, key 9223372036854775815, 0.5 s" in text
    assert f"{result.sizes.mean():.3g}" in text
    wild = replace(result, rule="<script>" + "x" * 200, stopped="precision", seconds=float("nan"))
    assert all(len(line) <= 100 for line in repr(wild).splitlines())
    assert "stopped by precision" in repr(wild)
    assert "nan" not in repr(wild)
    page = wild._repr_html_()
    assert "<script>" not in page
    assert "<polyline" in page
    single = logs.made(replicates=1)
    assert "1 replicate," in repr(single)
    assert "95 %" not in repr(single)
    assert single._repr_html_()


def test_a_result_is_frozen(result):
    """Catches a result that can be changed after the run."""
    with pytest.raises(AttributeError):
        result.key = 1

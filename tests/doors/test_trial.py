"""What a hostile trial of every door found: each is refused in one line, or done."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import koubei_sim as kb
from koubei_sim import KoubeiError, Network, cascade, metrics, plots, studies
from koubei_sim.cascades import FractionalThreshold, IndependentCascade, Precision, RandomSeeds
from koubei_sim.cli import main
from koubei_sim.compat import cynetdiff, eon, ndlib
from koubei_sim.runs.partition import run_partitioned
from koubei_sim.studies.design.points import design_of
from koubei_sim.theory import bass, branching, progeny

PATH = Network.from_edges([0, 1], [1, 2])
SURE = IndependentCascade(1.0)


@pytest.fixture(scope="module")
def result() -> Any:
    return kb.run("tiny", rng=1, ticks=10)


@pytest.mark.parametrize(
    "name", [name for name in metrics.__all__ if inspect.isfunction(getattr(metrics, name))]
)
def test_a_measure_says_what_it_wants(name: str, result: Any) -> None:
    """A measure of a history raised AttributeError for a Result, None, a table or a text."""
    measure = getattr(metrics, name)
    given = inspect.signature(measure).parameters
    place = next((k for k, one in enumerate(given) if one in ("history", "forest")), None)
    if place is None:
        return
    missing = ["adopted@3"] * place
    behind = [result.scenario] if "scenario" in given else ["stage"] if name == "block" else []
    for wrong in (result, None, result.data, result.events, "text"):
        with pytest.raises(KoubeiError, match=r"result\.histories\[0\]"):
            measure(*missing, wrong, *behind)


def test_numbers_of_the_measures(result: Any) -> None:
    """A cohort of -1 ticks raised numpy's ValueError, of 0 ticks ZeroDivisionError."""
    history = result.histories[0]
    for measure in (metrics.retention, metrics.reproduction_number):
        for wrong in (-1, 0, "7"):
            with pytest.raises(KoubeiError, match="cohort"):
                measure(history, wrong)
    with pytest.raises(KoubeiError, match="days"):
        metrics.retention(history, 5, ["a"])
    for measure, words in (
        (metrics.k_factor, (history, 2**70)),
        (metrics.k_factor, (history, 30, "forest")),
        (metrics.block, (history, "no such")),
        (metrics.took_off, (history, "a")),
        (metrics.first_day, (None, 3)),
        (metrics.dated_value, (None, history, result.scenario)),
        (metrics.measures, (result, None)),
    ):
        with pytest.raises(KoubeiError):
            measure(*words)
    with pytest.raises(KoubeiError, match=r"cumulative\(spend\(result"):
        metrics.cumulative(result)
    with pytest.raises(KoubeiError, match=r"result\.scenario"):
        metrics.spend(history, None)


def test_figures_of_trees_say_what_they_draw(result: Any) -> None:
    """`cascade_tree` and `forest` raised AttributeError, `save_all` TypeError for no folder."""
    cascade_result = cascade(PATH, SURE, [0], 2, rng=1)
    wrong = (None, result.data, pd.DataFrame(), "tiny", result.scenario, [result], cascade_result)
    for draw in (plots.cascade_tree, plots.forest):
        for one in wrong:
            with pytest.raises(KoubeiError, match=r"draws a Result, .* try what run\(\.\.\.\)"):
                draw(one)
    with pytest.raises(KoubeiError, match="folder: not a path"):
        plots.save_all(result, None)  # type: ignore[arg-type]


def test_nobody_starts_only_where_that_is_said() -> None:
    """Seeds None gave sizes of 0 without a word; the nodes of networkx were taken for brands."""
    with pytest.raises(
        KoubeiError, match=r"none given, allowed RandomSeeds\(1\), or \[\] for nobody"
    ):
        cascade(PATH, SURE, None, 2, rng=1)
    assert cascade(PATH, SURE, [], 2, rng=1).sizes.tolist() == [0, 0]
    assert cascade(PATH, SURE, RandomSeeds(1), 2, rng=1).sizes.min() >= 1
    graph = nx.path_graph(3)
    for people in (graph.nodes, graph.nodes(), dict.fromkeys(range(3)).keys(), graph.adj.keys()):
        assert cascade(graph, SURE, people, 2, rng=1).sizes.tolist() == [3, 3]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seeds", "ids:"], "names nobody"),
        (["--seeds", "nobody.txt"], "names nobody"),
        (["--seeds", "ids:01"], "not a number as it is written, got '01'"),
        (["--set", "p=0.1", "--set", "p=0.9"], "one name stands there twice, got p"),
        (["--directed", "--undirected"], "--undirected: given beside --directed"),
        (["--until-precision", "5"], "try 0.05 for 5 %"),
        (["--log", "log.csv"], ".parquet"),
    ],
)
def test_what_is_typed_is_not_half_read(
    words: list[str], said: str, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    """Empty seeds, the last of two values, 500 % and CSV that is none were taken silently."""
    monkeypatch.chdir(tmp_path)
    Path("nobody.txt").write_text("# nobody\n", encoding="utf-8")
    assert main(["cascade", "ring:20", "--rng", "1", *words]) == 2
    line = capsys.readouterr().err
    assert said in line
    assert line.count("\n") == 1
    assert not Path("log.csv").exists()


def test_a_point_before_a_number(capsys: Any) -> None:
    """``--set p=.9`` was text and refused, as was a change of ``.3``."""
    assert main(["cascade", "ring:20", "--rng", "1", "--replicates", "2", "--set", "p=.9"]) == 0
    assert "p=0.9" in capsys.readouterr().out
    change = ["--change", "a: seeding.purity=.3", "--replicates", "2", "--rng", "1"]
    assert main(["compare", "tiny", "--set", "ticks=5", *change]) == 0


def test_an_unknown_language_in_one_plain_line(capsys: Any) -> None:
    """``--lang de`` was answered with words of the library that reads options."""
    assert main(["run", "tiny", "--lang", "de"]) == 2
    said = capsys.readouterr().err
    assert "Value error" not in said
    assert "'en', 'zh'" in said


def test_columns_of_people_come_back_as_they_were(tmp_path: Path) -> None:
    """A column of whole numbers with an empty cell came back as floats: 2**60 + 1 was another."""
    base = kb.Scenario.load("tiny").changed({"n_agents": 40, "ticks": 3, "seeding.number": 1})
    table = pd.DataFrame(
        {
            "segment": [next(iter(base.segments))] * 40,
            "age": pd.array([None, 2**60 + 1] * 20, "Int64"),
            "kept": pd.Series([None, 2**60 + 1] * 20, dtype=object),
            "yes": pd.array([True, None] * 20, "boolean"),
            "text": pd.array(["a", None] * 20, "string"),
            "rank": pd.Categorical([1, 2] * 20, categories=[2, 1], ordered=True),
        }
    )
    run = kb.run(base, rng=1, agents=table)
    run.save(tmp_path / "run")
    pd.testing.assert_frame_equal(kb.load(tmp_path / "run").people, run.people)


def test_precision_is_a_share() -> None:
    """A precision of 5, meant as per cent, was 500 % and stopped at once."""
    with pytest.raises(KoubeiError, match=r"until.relative: .*got 5.*try 0\.05 for 5 %"):
        Precision(5)
    assert Precision(0.05).relative == 0.05


def test_a_file_is_of_the_kind_that_its_name_says(tmp_path: Path) -> None:
    """Parquet was written under the name log.csv, TOML under the name scenario.json."""
    with pytest.raises(KoubeiError, match=r"got lg\.csv, allowed \.parquet, try lg\.parquet"):
        cascade(PATH, SURE, [0], 2, rng=1, log=tmp_path / "lg.csv")
    with pytest.raises(KoubeiError, match=r"got sc\.json, allowed \.toml, try sc\.toml"):
        kb.Scenario.load("tiny").save(tmp_path / "sc.json")
    assert not list(tmp_path.iterdir())


def test_numbers_beyond_a_journal_are_refused(tmp_path: Path) -> None:
    """A luck of 2**63 raised OverflowError of pyarrow, after the runs."""
    points = {"seeding.purity": [0.1, 0.2]}
    for luck in (2**63, [2**63, 1]):
        with pytest.raises(KoubeiError, match="random_numbers: out of range"):
            studies.sweep(
                "tiny", points, replicates=1, rng=1, out=tmp_path / "s", random_numbers=luck
            )


def test_a_partitioned_run_takes_what_a_run_takes() -> None:
    """``progress=True`` raised TypeError on the first day; so did False."""
    base = kb.Scenario.load("tiny").replace(ticks=3)
    for progress in (True, False):
        for shards in (np.int64(2), 2.0):
            found = run_partitioned(base, 1, shards, progress=progress)  # type: ignore[arg-type]
            assert found.history.table.shape[0] == 3
    with pytest.raises(KoubeiError, match="progress: wrong type, got 'x'"):
        run_partitioned(base, 1, 2, progress="x")  # type: ignore[arg-type]
    few = base.changed({"n_agents": 40, "seeding.number": 2})
    with pytest.raises(KoubeiError, match=r"shards: .*got 2, allowed 1\.\.1$"):
        run_partitioned(few, 1, 2)
    assert run_partitioned(few, 1, 1).history.table.shape[0] == 3


def test_the_levels_that_are_advised_are_taken() -> None:
    """``{"ticks": "3"}`` was answered with ``['3']``, nested parts with a list of mappings."""
    for wrong, advised in (
        ({"ticks": "3"}, "[3]"),
        ({"seeding.purity": ".3"}, "[0.3]"),
        ({"seeding": {"purity": [0.1, 0.2]}}, "{'seeding.purity': [0.1, 0.2]}"),
    ):
        with pytest.raises(KoubeiError) as caught:
            studies.sweep("tiny", wrong, replicates=1, rng=1)
        assert caught.value.fix == advised
        levels = ast.literal_eval(advised)
        good = levels if isinstance(levels, dict) else dict.fromkeys(wrong, levels)
        assert studies.Grid(good).points(kb.Scenario.load("tiny"), 1).number == len(*good.values())


def test_lazy_frames_are_collected() -> None:
    """A lazy frame of polars was refused as points and as people."""
    polars = pytest.importorskip("polars")
    base = kb.Scenario.load("tiny").replace(ticks=2)
    found = design_of(polars.LazyFrame({"seeding.purity": [0.1, 0.2]}))
    assert found.points(base, 1).columns == {"seeding.purity": (0.1, 0.2)}
    table = {"segment": np.resize(list(base.segments), base.n_agents)}
    assert kb.run(base, rng=1, agents=polars.LazyFrame(table)).replicates == 1


def test_a_table_is_not_one_column_of_values() -> None:
    """A data frame of thresholds raised AttributeError: no tolist."""
    table = pd.DataFrame({"a": [0.1, 0.2, 0.3]})
    with pytest.raises(KoubeiError, match=r"a table, not one column .*\['a'\]"):
        cascade(PATH, FractionalThreshold(table), [0], 2, rng=1)
    assert cascade(PATH, FractionalThreshold(table["a"]), [0], 2, rng=1).replicates == 2


def test_the_mesa_model_takes_graphs_and_people_of_ones_own() -> None:
    """``networks=`` of `KoubeiModel` was an unknown parameter, with advice to try n_agents."""
    base = kb.Scenario.load("tiny").replace(ticks=5)
    ties = kb.networks.erdos_renyi(base.n_agents, mean_degree=6.0, key=1)
    graphs = dict.fromkeys([n for n, c in base.channels.items() if c.network], ties)
    table = pd.DataFrame({"segment": np.resize(list(base.segments), base.n_agents)})
    model = kb.KoubeiModel(base, rng=1, networks=graphs, agents=table)
    for _ in range(5):
        model.step()
    run = kb.run(base, rng=1, networks=graphs, agents=table)
    assert model.column("tier").sum() == kb.metrics.users(run.histories[0])[-1]


def test_what_was_guessed_of_people_is_said(tmp_path: Path) -> None:
    """The advice for other encodings named a word that `run` does not take; guesses were silent."""
    base = kb.Scenario.load("tiny").changed({"n_agents": 40, "ticks": 2, "seeding.number": 2})
    segment, channel = next(iter(base.segments)), next(iter(base.channels))
    rows = "".join(f"{segment},{channel if k else ''},小米\n" for k in range(40))
    text = "segment,channels,city\n" + rows
    (tmp_path / "people.csv").write_bytes(text.encode("gb18030"))
    notes = kb.run(base, rng=1, agents=tmp_path / "people.csv").notes
    assert "people.csv is read as GB18030" in notes
    assert "people.csv: 1 people are on no channel, their cells are empty" in notes
    (tmp_path / "latin.csv").write_bytes("segment,name\nx,José!\n".encode("latin-1"))
    with pytest.raises(KoubeiError, match=r"try saving it as UTF-8$"):
        kb.run(base, rng=1, agents=tmp_path / "latin.csv")
    (tmp_path / "points.csv").write_bytes("seeding.purity,é!\n0.1,é!\n".encode("latin-1"))
    with pytest.raises(KoubeiError, match=r"try saving it as UTF-8$"):
        studies.sweep(base, tmp_path / "points.csv", rng=1)
    (tmp_path / "real.xlsx").write_bytes(b"PK\x03\x04" + bytes(range(256)))
    with pytest.raises(KoubeiError, match=r"pandas\.read_excel"):
        kb.run(base, rng=1, agents=tmp_path / "real.xlsx")


LINE, ROWS = nx.path_graph(3), ([0, 1, 2], [1, 2])


def _other_doors() -> list[Any]:
    model = cynetdiff.IndependentCascadeModel(*ROWS)
    sick = ndlib.SIRModel(LINE, 1)
    return [
        lambda: model.set_seeds(["anna"]),  # type: ignore[list-item]
        lambda: model.set_seeds(None),  # type: ignore[arg-type]
        lambda: model.set_seeds([0.7]),  # type: ignore[list-item]
        lambda: model.compute_marginal_gains([0], [1, "x"], 5),  # type: ignore[list-item]
        lambda: cynetdiff.IndependentCascadeModel("a", "b"),
        lambda: cynetdiff.IndependentCascadeModel(*ROWS, activation_probs=["a"]),
        lambda: sick.iteration_bunch("3"),  # type: ignore[arg-type]
        lambda: sick.reset(5),  # type: ignore[arg-type]
        lambda: ndlib.SIRModel(LINE, "x"),
        lambda: sick.set_initial_status(None),  # type: ignore[arg-type]
        lambda: eon.discrete_SIR(LINE, None, (), 0),  # type: ignore[arg-type]
        lambda: eon.fast_SIR(LINE, 1.0, 1.0, rng="x"),
    ]


@pytest.mark.parametrize("call", _other_doors())
def test_the_doors_of_other_packages_refuse_in_one_line(call: Any) -> None:
    """They raised ValueError, TypeError and AttributeError of what lies beneath."""
    with pytest.raises(KoubeiError) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_loops_of_formulas_end_in_seconds() -> None:
    """Within their own bounds these ran for minutes."""
    for call in (
        lambda n: progeny.depth_cdf([0.5, 0.5], n),
        lambda n: branching.extinct_by(lambda s: 0.5 + 0.5 * s, 1, n),
        lambda n: branching.expected_counts([[1.1]], [1], n),
        lambda n: bass.discrete(0.03, 0.38, 1.0, n),
    ):
        assert len(call(100)) == 101
        with pytest.raises(KoubeiError, match="out of range, got 250000000"):
            call(250_000_000)

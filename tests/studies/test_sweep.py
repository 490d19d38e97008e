"""Sweeps: the tidy table, independence of how they are run, failures, and the command."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from koubei_sim import metrics, studies
from koubei_sim.cli import main
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world import build
from koubei_sim.runs import simulate, simulation, worlds
from koubei_sim.studies.design.plan import make_sweep
from koubei_sim.studies.design.points import Table
from koubei_sim.studies.sweep import backends as batches_of
from koubei_sim.studies.sweep import journal, work
from koubei_sim.studies.sweep.engine import Cells, Execution, SweepMeter
from koubei_sim.studies.sweep.sweep import run_sweep, run_together

ROOT = Path(__file__).resolve().parents[2]
SMALL = Scenario.load("tiny").replace(n_agents=300, ticks=10, **{"seeding.number": 10})
GRID = {"seeding.purity": [0.2, 0.5, 0.8], "telling.relay": [0.0, 0.4]}


def same(one, other) -> bool:
    """Whether two tables are equal bit for bit (Arrow holds NaN unequal to itself)."""
    return journal.parquet_bytes(one) == journal.parquet_bytes(other)


@pytest.fixture(scope="module")
def table():
    """The tidy table of the sweep that most tests repeat in another way."""
    return studies.sweep(SMALL, GRID, replicates=3, rng=7, workers=1).arrow()


def test_every_row_is_what_run_gives(table):
    """Catches a replicate that is not the one of `run`, a wrong point, or other luck by point."""
    frame = table.to_pandas()
    assert frame[["run", "point", "replicate"]].to_numpy().tolist() == [
        [run, *divmod(run, 3)] for run in range(18)
    ]
    for point in (0, 5):
        part = frame[frame["point"] == point]
        changes = {path: part[path].iloc[0] for path in GRID}
        result = simulate.run(SMALL, 3, rng=7, **changes)
        for name, values in metrics.outcomes(result).items():
            np.testing.assert_array_equal(part[name].to_numpy(), values, err_msg=name)
    assert frame["failed"].isna().all()
    assert frame["run_key"].nunique() == 18


@pytest.mark.parametrize("kept", [2.5, None])
def test_plans_of_the_same_worlds_make_each_once(kept, monkeypatch, tmp_path):
    """Catches arms done one after the other where few worlds fit, and runs that are lost."""
    own = {"luck": "own", "outcomes": ["users"]}
    points = {"telling.relay": [0.0, 0.2, 0.4, 0.6, 0.8], "hearing.memory_half_life": [9.0] * 5}
    plans = {
        purity: make_sweep(
            SMALL.replace(**{"seeding.purity": purity}), Table(points), 2, 7, "compiled", **own
        )
        for purity in (0.2, 0.8)
    }
    plans = {"a": plans[0.2], "b": plans[0.8], "b again": plans[0.8]}
    apart = {name: run_sweep(planned, Execution()).arrow() for name, planned in plans.items()}
    worlds.WORLDS.clear()
    if kept:  # of the worlds of an arm, as the memory of runs is reckoned
        bytes_of = build.predict_memory(SMALL) * len(plans)
        monkeypatch.setenv(worlds.BOUND, str(kept * bytes_of / 2**30))
    made, real = [], simulation.Simulation._made
    monkeypatch.setattr(
        simulation.Simulation, "_made", lambda self, r: made.append(self.name(r)) or real(self, r)
    )
    order, play = [], simulation.Simulation.play

    def noted(self, *words, **named):
        order.append(self.key)
        return play(self, *words, **named)

    monkeypatch.setattr(simulation.Simulation, "play", noted)
    folders = {name: tmp_path / planned.digest()[:8] for name, planned in plans.items()}
    with SweepMeter(None) as meter:
        found = run_together(plans, Execution(workers=1), meter, folders)
    assert {name: each.arrow() for name, each in found.items()} == apart
    assert len(set(made)) == len(made) == 5
    assert len(order) == 20  # equal plans are run once
    first_of_the_second_arm = order.index(order[0], 2)
    assert first_of_the_second_arm == (4 if kept else 10)


def test_failures_are_told_once_where_a_plan_is_done_in_pieces(monkeypatch):
    """Catches failures of an earlier piece that are counted again with the next."""
    planned = make_sweep(SMALL, {"telling.relay": [0.0, 0.2, 0.4]}, 1, 7, "compiled", ["users"])
    monkeypatch.setattr(
        simulation.Simulation, "play", lambda self, *a, **k: 1 / (self.scenario.telling.relay - 0.2)
    )
    with SweepMeter(None) as meter, Cells(planned, Execution(workers=1), meter) as cells:
        for run in range(3):
            cells.do([run])
        assert meter.failed == 3


@pytest.mark.parametrize("shared", [True, False])
def test_worlds_are_shared_only_where_the_scenario_says_so(shared):
    """Catches replicates that share a world which the scenario draws anew."""
    base = SMALL.replace(shared_world=shared)
    found = studies.sweep(base, {"ticks": [10]}, replicates=2, rng=3, workers=1).table()
    wanted = metrics.outcomes(simulate.run(base, 2, rng=3))["aware_share"]
    np.testing.assert_array_equal(found["aware_share"], wanted)


def test_the_reference_engine_gives_the_same_rows(table):
    """Catches an engine argument that is not passed on (run keys differ, numbers do not)."""
    points = {"seeding.purity": [0.2], "telling.relay": [0.0]}
    found = studies.sweep(SMALL, points, rng=7, engine="reference", workers=1).arrow()
    assert same(found.drop(["run_key"]), table.slice(0, 1).drop(["run_key"]))
    assert found["run_key"] != table["run_key"].slice(0, 1)


@pytest.mark.parametrize("seconds", [1e-6, 1.0])
@pytest.mark.parametrize("workers", [1, 3])
def test_threads_and_batches_change_nothing(table, workers, seconds, tmp_path):
    """Catches a result that depends on which worker or batch a run was in, or on its order."""
    found = studies.sweep(
        SMALL, GRID, replicates=3, rng=7, workers=workers, batch_seconds=seconds, out=tmp_path
    )
    assert same(found.arrow(), table)


def test_processes_change_nothing(table, tmp_path):
    """Catches a worker process that lacks something the parent has."""
    found = studies.sweep(
        SMALL, GRID, replicates=3, rng=7, backend="loky", workers=2, out=tmp_path / "a"
    )
    one = studies.export(tmp_path / "a", tmp_path / "a.parquet")[0].read_bytes()
    studies.sweep(SMALL, GRID, replicates=3, rng=7, workers=1, out=tmp_path / "b")
    assert one == studies.export(tmp_path / "b", tmp_path / "b.parquet")[0].read_bytes()
    assert same(found.arrow(), table)


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="dask is not installed")
@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_changes_nothing(table, tmp_path):
    """Catches a cluster that needs more than one argument, or gives other numbers."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        found = studies.sweep(
            SMALL, GRID, replicates=3, rng=7, backend="dask",
            scheduler=cluster.scheduler_address, out=tmp_path,
        )  # fmt: skip
    assert same(found.arrow(), table)


@pytest.mark.skipif(importlib.util.find_spec("distributed") is not None, reason="dask is there")
def test_without_dask_one_line_says_so():
    """Catches an ImportError with a traceback."""
    with pytest.raises(
        KoubeiError, match=r"dask is not installed, try installing koubei-sim\[dask"
    ):
        studies.sweep(SMALL, GRID, rng=7, backend="dask", scheduler="tcp://127.0.0.1:1")


def test_failures_are_rows_and_the_rest_goes_on(monkeypatch, tmp_path):
    """Catches a failure that stops the sweep, loses its message, or is run again unasked."""
    real, broken = simulation._engine_function("compiled", None, 1), []

    def engine(world, tell):
        if world.rules.replicate == 1 and not broken:
            raise FloatingPointError("two\nlines")
        return real(world, tell)

    monkeypatch.setattr(simulation, "_engine_function", lambda *_: engine)
    seen: list[studies.Progress] = []
    found = studies.sweep(
        SMALL, GRID, replicates=2, rng=7, workers=1, out=tmp_path, progress=seen.append
    )
    assert seen[-1][:3] == (12, 12, 6)
    failures = found.failures()
    assert failures["run"].tolist() == [1, 3, 5, 7, 9, 11]
    assert set(failures["failed"]) == {"run"}
    assert set(failures["message"]) == {"FloatingPointError: two lines"}
    assert found.table().loc[1, list(metrics.OUTCOMES)].isna().all()
    assert studies.status(tmp_path).failures == {"run: FloatingPointError: two lines": 6}
    again = studies.sweep(SMALL, GRID, replicates=2, rng=7, workers=1, out=tmp_path)
    assert len(again.failures()) == 6
    broken.append("mended")
    mended = studies.sweep(SMALL, GRID, replicates=2, rng=7, workers=1, out=tmp_path, retry=True)
    assert mended.failures().empty
    whole = studies.sweep(SMALL, GRID, replicates=2, rng=7, workers=1)
    assert same(mended.arrow(), whole.arrow())


def test_a_world_that_cannot_be_built_fails_alone(tmp_path):
    """Catches a fault of one point's files that takes the others down."""
    points = [
        {"agents_table": None, "ticks": 5},
        {"agents_table": str(tmp_path / "none.csv"), "ticks": 5},
    ]
    table = studies.sweep(SMALL, points, rng=7, workers=1).table()
    assert table["failed"].isna().tolist() == [True, False]
    assert table["failed"].iloc[1] == "world"
    assert "none.csv" in table["message"].iloc[1]


def test_progress_guesses_the_time_left():
    """Catches a guess that counts runs of earlier calls as work of this one."""
    seen: list[studies.Progress] = []
    studies.sweep(SMALL, GRID, rng=7, workers=1, batch_seconds=1e-6, progress=seen.append)
    assert [now.done for now in seen] == list(range(7))
    assert np.isnan(seen[0].seconds_left)
    assert seen[-1].seconds_left == 0.0
    assert all(now.runs == 6 and now.failed == 0 for now in seen)


WITHOUT_WIDGETS = """
import sys, types, warnings
warnings.simplefilter("error")
sys.modules["ipywidgets"] = None
shell = types.SimpleNamespace(config={"IPKernelApp": {}})
sys.modules["IPython"] = types.ModuleType("IPython")
sys.modules["IPython"].get_ipython = lambda: shell
display = types.ModuleType("IPython.display")
shown = []
display.display, display.HTML = shown.append, str
sys.modules["IPython.display"] = sys.modules["IPython"].display = display
from koubei_sim.core.progress import progress_bar
with progress_bar(True, 4, "run") as bar:
    bar.move(4, more="1 failed")
print(bool(shown), type(bar.line).__mro__[1].__module__)
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_notebook_shows_a_live_bar(monkeypatch):
    """Catches a bar that scrolls down a page of stderr where a widget could stand."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipywidgets")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    code = (
        "import warnings; warnings.simplefilter('error')\n"
        "from koubei_sim import studies\n"
        "studies.sweep('tiny', {'ticks': [3, 4]}, rng=1, progress=True)"
    )
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbclient.NotebookClient(page, timeout=120).execute()
    kinds = {kind for out in page.cells[0].outputs for kind in out.get("data", ())}
    assert "application/vnd.jupyter.widget-view+json" in kinds
    assert not [out for out in page.cells[0].outputs if out.output_type == "stream"]


def test_a_notebook_without_widgets_gets_the_plain_bar(fresh_python):
    """Catches the warning of tqdm that ipywidgets are missing, which stops a strict notebook."""
    assert fresh_python(WITHOUT_WIDGETS).split() == ["False", "tqdm.std"]


def test_batches_grow_and_end_between_points():
    """Catches batches that stay single, that jump past the wanted length, or tear points apart."""
    batches = batches_of.Batches(range(1000), replicates=4, workers=2, seconds=1.0)
    sizes = []
    for batch in batches:
        sizes.append(len(batch))
        batches.learn(len(batch), 10.0 if len(sizes) == 1 else 0.02 * len(batch))
        if len(batch) >= 4:
            assert batch[-1] % 4 == 3
    assert sum(sizes) == 1000
    assert sizes[0] == 1
    assert max(sizes) <= 50
    assert sizes.count(48) > 10


def test_summary_has_an_interval_for_each_point(table):
    """Catches a mean over the wrong rows."""
    found = studies.sweep(SMALL, GRID, replicates=3, rng=7, workers=1).summary("users")
    frame = table.to_pandas()
    for point, part in frame.groupby("point"):
        rows = part if not part["take_off"].any() else part[part["take_off"] == 1.0]
        typical = np.expm1(np.log1p(rows["users"]).mean())
        assert found.loc[point, "estimate"] == pytest.approx(typical)
        assert found.loc[point, "n"] == len(rows)
        assert found.loc[point, "take_off"] == part["take_off"].mean()
    known = found["low"].notna()
    assert (found["low"] <= found["estimate"])[known].all()
    with pytest.raises(KoubeiError, match="try users"):
        studies.sweep(SMALL, {"ticks": [5]}, outcomes=["users"]).summary("user")


def test_a_cost_per_head_of_a_point_is_that_of_its_summary():
    """Catches a table of a sweep that tells a number otherwise than `Result.summary`."""
    kept = ["cost_per_user"]
    found = studies.sweep(SMALL, {"ticks": [9]}, replicates=3, rng=7, workers=1, outcomes=kept)
    row = simulate.run(SMALL.replace(ticks=9), 3, rng=7).summary().loc["cost_per_user"]
    point = found.summary("cost_per_user").iloc[0]
    assert row["estimate"] > 0.0
    told = ["estimate", "low", "high", "n"]
    assert point[told].tolist() == row[told].tolist()
    assert found.values("cost_per_user").shape == (1, 3)


def test_kinds_of_columns_and_readers_of_the_folder(tmp_path):
    """Catches shards of differing types, and names that other readers stumble over."""
    points = [
        {"ticks": 5, "seeding.purity": 1, "shared_world": True, "seeding.strategy": "random"},
        {"ticks": 6, "seeding.purity": 0.5, "shared_world": False, "seeding.strategy": "degree"},
    ]
    found = studies.sweep(
        SMALL, points, rng=7, workers=1, batch_seconds=1e-6, out=tmp_path, outcomes=["users"]
    )
    types = {name: str(found.arrow().schema.field(name).type) for name in points[0]}
    assert list(types.values()) == ["int64", "double", "bool", "string"]
    for reader in (pd.read_parquet, _polars):
        frame = reader(tmp_path / "runs")
        if frame is not None:
            assert sorted(frame["users"]) == sorted(found.table()["users"])
            assert list(frame.columns) == list(found.table().columns)


def _polars(folder):
    if importlib.util.find_spec("polars") is None:
        return None
    import polars

    return polars.read_parquet(folder / "*.parquet").to_pandas()


# ---------------------------------------------------------------- the command

FILE = """
scenario = "tiny"
replicates = 2
rng = 7
out = "{out}"
outcomes = ["users", "loyal"]
[set]
ticks = 10
n_agents = 300
seeding.number = 10
"""
GRID_OF_FILE = "[grid]\nseeding.purity = [0.2, 0.8]\n'telling.relay' = [0, 0.4]\n"


@pytest.fixture
def call(capsys):
    """Run the command line in this process; returns (status, stdout, stderr)."""

    def run(*words):
        status = main([str(word) for word in words])
        out = capsys.readouterr()
        return status, out.out, out.err

    return run


def test_the_command_runs_resumes_and_exports(call, tmp_path):
    """Catches a file that means something else than the same call, and text in the JSON."""
    folder = tmp_path / "made"
    file = tmp_path / "study.toml"
    file.write_text(FILE.format(out=folder) + GRID_OF_FILE)
    assert call("sweep", file, "--workers", 1)[0] == 0
    status, out, err = call("sweep", file, "--json")
    assert (status, err, json.loads(out)["done"]) == (0, "", 8)
    assert call("sweep", folder)[0] == 0
    status, out, _ = call("status", folder)
    assert (status, "8 of 8 runs (100 %), 0 failed, finished" in out) == (0, True)
    assert call("export", folder, tmp_path / "t.csv")[0] == 0
    frame = pd.read_csv(tmp_path / "t.csv")
    wanted = studies.sweep(
        SMALL, {"seeding.purity": [0.2, 0.8], "telling.relay": [0.0, 0.4]}, replicates=2, rng=7,
        outcomes=["users", "loyal"], workers=1,
    ).table()  # fmt: skip
    assert frame["users"].tolist() == wanted["users"].tolist()
    assert frame["run_key"].tolist() == wanted["run_key"].tolist()


@pytest.mark.parametrize(
    "ways",
    [
        "[latin]\npoints = 3\n[latin.ranges]\nseeding.purity = {low = 0.1, high = 0.9}\n",
        "[sobol]\npoints = 4\n[sobol.ranges]\n'seeding.purity' = {low = 0.1, high = 0.9}\n",
        "[random]\npoints = 3\n[random.ranges]\nseeding.strategy = {choices = ['random']}\n",
        "[table]\nseeding.purity = [0.1, 0.2]\n",
        "[table]\nfile = 'points.csv'\n",
        "[ensemble]\npoints = 2\npaths = ['market.admission']\n",
        "[ensemble]\npoints = 2\n[ensemble.ranges]\nmarket.admission = {low = 0.1, high = 0.2}\n",
    ],
)
def test_every_way_to_choose_points_can_be_written_in_a_file(ways, tmp_path):
    """Catches a way that a file cannot express, or a table looked for in the wrong folder."""
    (tmp_path / "points.csv").write_text("seeding.purity,telling.relay\n0.5,0.1\n0.6,0.2\n")
    file = tmp_path / "study.toml"
    file.write_text(FILE.format(out="x") + ways)
    plan = studies.read_sweep(file).sweep
    assert plan.points.number >= 2
    plan.check()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scenario = 3\n[grid]\nticks = [3]", "scenario: must be text"),
        ("scenario = 'tinny'\n[grid]\nticks = [3]", "try tiny"),
        ("[grid]\nticks = [3]", "scenario: missing"),
        ("scenario = 'tiny'", "exactly one way"),
        ("scenario = 'tiny'\n[grid]\nticks = [3]\n[table]\nticks = [4]", "exactly one way"),
        ("scenario = 'tiny'\ngird = 1", "gird: unknown word.*try grid"),
        ("scenario = 'tiny'\n[grid]", "grid: empty"),
        ("scenario = 'tiny'\n[grid]\nticks = []", "ticks: empty grid"),
        ("scenario = 'tiny'\n[grid]\nticks = [3, 'x']", "mixed types"),
        ("scenario = 'tiny'\n[grid]\nseeding.purty = [0.5]", "seeding.purty: unknown parameter"),
        ("scenario = 'tiny'\n[set]\nseeding.purty = 1\n[grid]\nticks = [3]", "seeding.purty"),
        ("scenario = 'tiny'\n[latin]\npoints = 4", "latin.ranges: missing"),
        (
            "scenario = 'tiny'\n[latin]\nranges = {ticks = {low = 1, high = 3}}",
            "latin.points: missing",
        ),
        ("scenario = 'tiny'\n[table]\nfile = 'none.csv'", "none.csv: no such file"),
        (
            "scenario = 'tiny'\nreplicates = 'x'\n[grid]\nticks = [3]",
            "replicates: not a whole number, got 'x'",
        ),
        ("scenario = 'tiny'\nbackend = 'thread'\n[grid]\nticks = [3]", "try threads"),
        ("scenario = 'tiny'\nengine = 3\n[grid]\nticks = [3]", "engine: must be text"),
        ("scenario = [", "not valid TOML"),
    ],
)
def test_wrong_files_are_refused_in_one_line_with_status_2(call, text, said, tmp_path, monkeypatch):
    """Catches a wrong file that runs something first, or ends as a traceback."""
    monkeypatch.setattr(work, "_runs_of_a_point", lambda *_: pytest.fail("something ran"))
    file = tmp_path / "study.toml"
    file.write_text(text)
    status, out, err = call("sweep", file, "--out", tmp_path / "made")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert re.search(said, err), err
    assert not (tmp_path / "made").exists()


def test_a_folder_with_another_sweep_is_refused(call, tmp_path):
    """Catches two sweeps mixed in one folder, and other people's files in it."""
    file, folder = tmp_path / "study.toml", tmp_path / "made"
    file.write_text(FILE.format(out=folder) + GRID_OF_FILE)
    assert call("sweep", file)[0] == 0
    before = sorted(path.read_bytes() for path in folder.rglob("*.parquet"))
    file.write_text(FILE.format(out=folder).replace("rng = 7", "rng = 8") + GRID_OF_FILE)
    status, _, err = call("sweep", file)
    assert (status, "holds another sweep (key 7 there, 8 here)" in err) == (2, True)
    file.write_text(FILE.format(out=folder) + GRID_OF_FILE.replace("0.8", "0.9"))
    assert "holds another sweep (other points)" in call("sweep", file)[2]
    assert before == sorted(path.read_bytes() for path in folder.rglob("*.parquet"))
    file.write_text(FILE.format(out=tmp_path) + GRID_OF_FILE)
    status, _, err = call("sweep", file)
    assert (status, "is not empty and holds no sweep" in err) == (2, True)
    status, _, err = call("status", tmp_path)
    assert (status, "not the folder of a sweep" in err) == (2, True)
    assert call("export", folder, tmp_path / "t.xls")[0] == 2

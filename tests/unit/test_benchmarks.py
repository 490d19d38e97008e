"""The benchmarks can be run, and their comparison names what is slower and nothing else.

No test here takes a time: the comparison is given planned figures, the benchmarks are set up and
called at their smallest size.  `make bench-planted` and `make bench-noise` are the timed checks.
"""

from __future__ import annotations

import importlib
import itertools
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from koubei_sim.model.scenario.neutral import active

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # `benchmarks` is no part of the package

judge = importlib.import_module("benchmarks.compare.judge")
rows = importlib.import_module("benchmarks.compare.rows")
trees = importlib.import_module("benchmarks.compare.trees")
planted = importlib.import_module("benchmarks.compare.planted")
worker = importlib.import_module("benchmarks.compare.worker")

ALL = rows.all_rows()
EFFORT = judge.Effort(ratio=1.3, rounds=2, again=2)


def row(name: str, kind: str = "time") -> object:
    """A row with this name."""
    method = {"time": "time_it", "memory": "peakmem_it"}[kind]
    return rows.Row("some", "Class", method, (name, "small"), True)


@dataclass
class Planned:
    """Trees that answer with planned figures, and remember what they were asked."""

    base: dict[str, list[float]]
    head: dict[str, list[float]]
    failures: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    stops: int = 0

    def __post_init__(self) -> None:
        self.base = {name: itertools.cycle(values) for name, values in self.base.items()}
        self.head = {name: itertools.cycle(values) for name, values in self.head.items()}

    def prepare(self, row) -> dict[str, str]:
        return self.failures.get(row.params[0], {})

    def measure(self, side: str, row, seconds: float) -> float:
        self.asked.append((side, row.params[0]))
        return next(getattr(self, side)[row.params[0]])

    def drop(self) -> None:
        pass

    def stop(self) -> None:
        self.stops += 1


def compared(which: Planned, *names: str, kind: str = "time", effort=EFFORT):
    """The comparison of rows with these names, and its table."""
    found = judge.compare(which, [row(name, kind) for name in names], effort)
    return found, judge.table(found, effort.ratio, "base", "head")


# ---------------------------------------------------------------- the comparison


def test_a_slow_row_is_named_and_no_other():
    """Catches a comparison that lets a row of 1.5 times pass, or blames its neighbour."""
    slow = Planned({"a": [1.0], "b": [1.0]}, {"a": [1.01], "b": [1.5]})
    found, table = compared(slow, "a", "b")
    assert [one.verdict(1.3) for one in found] == ["ok", "SLOWER"]
    assert "SLOWER: some.time_it/b/small: 1.50 times the base" in table
    assert "SLOWER: some.time_it/a" not in table


@pytest.mark.parametrize(("head", "word"), [(1.25, "ok"), (1.2501, "SLOWER"), (0.79, "faster")])
def test_the_limit_itself_is_allowed(head, word):
    """Catches >= in place of >, and a limit that is not the one asked for."""
    effort = judge.Effort(ratio=1.25, rounds=1, again=0)
    found, _ = compared(Planned({"a": [1.0]}, {"a": [head]}), "a", effort=effort)
    assert found[0].verdict(1.25) == word


def test_minima_are_compared():
    """Catches means or last figures: noise only adds, so one quiet round of each side is enough."""
    noisy = Planned({"a": [1.0, 9.0]}, {"a": [9.0, 1.1]})
    found, _ = compared(noisy, "a")
    assert found[0].ratio == pytest.approx(1.1)


def test_the_two_trees_are_measured_in_turn():
    """Catches all rounds of one tree before the other: A B B A cancels what drifts."""
    which = Planned({"a": [1.0]}, {"a": [1.0]})
    compared(which, "a", effort=judge.Effort(rounds=3, again=0))
    sides = [side for side, _ in which.asked]
    assert sides == ["base", "head", "head", "base", "base", "head"]


def test_a_doubtful_row_is_measured_again_in_new_processes():
    """Catches a verdict from the first look, and a second look that nobody asked for."""
    # Slow in the first four rounds only, as where other work met the head twice.
    which = Planned({"a": [1.0], "b": [1.0]}, {"a": [2.0, 2.0, 1.05], "b": [1.0]})
    found, _ = compared(which, "a", "b")
    assert [(one.looks, one.verdict(1.3)) for one in found] == [(2, "ok"), (1, "ok")]
    assert which.stops == 1
    slow = Planned({"a": [1.0]}, {"a": [2.0]})
    found, _ = compared(slow, "a")
    assert found[0].looks == 1 + EFFORT.again
    assert found[0].bad(1.3)


def test_what_the_base_lacks_is_new_and_what_the_head_lacks_fails():
    """Catches a new benchmark that fails the comparison, and a broken one that passes it."""
    which = Planned({}, {}, {"a": {"base": "AttributeError: no a"}, "b": {"head": "TypeError: x"}})
    found, table = compared(which, "a", "b")
    assert [(one.verdict(1.3), one.bad(1.3)) for one in found] == [("new", False), ("FAILS", True)]
    assert "new: AttributeError: no a" in table
    assert "FAILS: some.time_it/b/small: TypeError: x" in table
    assert not which.asked


def test_a_peak_of_memory_counts_beyond_the_slack():
    """Catches allocator noise called more memory, and real growth that is let pass."""
    mib = 2.0**20
    which = Planned({"a": [2 * mib], "b": [50 * mib]}, {"a": [9 * mib], "b": [75 * mib]})
    found, table = compared(which, "a", "b", kind="memory")
    assert [one.verdict(1.3) for one in found] == ["ok", "MORE"]
    assert "MORE: some.peakmem_it/b/small: 1.50 times the base" in table
    # One low peak of the base, by luck, is no reason: the next look finds the usual one.
    lucky = Planned({"a": [10 * mib, 50 * mib]}, {"a": [50 * mib]})
    assert compared(lucky, "a", kind="memory")[0][0].verdict(1.3) == "ok"


def test_rows_beyond_the_limit_of_time_are_left_out_by_name():
    """Catches a comparison that runs on, and one that drops rows without a word."""
    ticks = itertools.count(0, 10)
    which = Planned({"a": [1.0], "b": [1.0]}, {"a": [1.0], "b": [1.0]})
    effort = judge.Effort(limit=15)
    found = judge.compare(which, [row("a"), row("b")], effort, clock=lambda: next(ticks))
    assert [one.verdict(1.3) for one in found] == ["ok", "left out"]
    assert "some.time_it/b" in judge.table(found, 1.3, "base", "head")


def test_rows_that_no_time_was_left_to_doubt_do_not_fail():
    """Catches noise called slower because time ran out, and a real slowdown let off for it."""
    ticks = itertools.count(0, 10)
    which = Planned({"a": [1.0], "b": [1.0]}, {"a": [1.5], "b": [1.6]})
    effort = judge.Effort(limit=15, more=10, again=1)
    found = judge.compare(which, [row("a"), row("b")], effort, clock=lambda: next(ticks) / 4)
    assert [one.verdict(1.3) for one in found] == ["SLOWER", "SLOWER"]
    late = itertools.chain([0, 1, 2], itertools.repeat(99))
    found = judge.compare(which, [row("a"), row("b")], effort, clock=lambda: next(late))
    assert [one.verdict(1.3) for one in found] == ["doubtful", "SLOWER"]


def test_tables_are_eighty_columns_wide():
    """Catches rows that a terminal breaks."""
    failures = {"b" * 60: {"base": "x" * 90}}
    which = Planned({"a" * 60: [1.0]}, {"a" * 60: [98.7]}, failures)
    found = judge.compare(which, [row("a" * 60), row("b" * 60)], EFFORT)
    lines = [judge.line(one, 1.3) for one in found]
    assert max(map(len, lines)) <= judge.WIDTH


# ---------------------------------------------------------------- trees


def git(folder: Path, *words: str) -> str:
    """Run git in a folder with a name of its own."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path):
    """A repository with one commit of a small library."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    package = tmp_path / "src" / "koubei_sim"
    package.mkdir(parents=True)
    (package / "a.py").write_text("A = 1\n")
    (package / "b.py").write_text("B = 1\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def test_the_base_is_the_parent_or_head_where_there_are_changes(repository):
    """Catches a change that is compared with itself."""
    with pytest.raises(trees.NoBase, match=r"no HEAD\^ .*shallow"):
        trees.parent(repository)
    first = git(repository, "rev-parse", "--short", "HEAD")
    (repository / "src" / "koubei_sim" / "a.py").write_text("A = 2\n")
    assert trees.parent(repository) == first
    git(repository, "commit", "-qam", "second")
    assert trees.parent(repository) == first


def test_a_folder_without_git_has_no_base(tmp_path):
    """Catches a crash where the sources were unpacked from an archive."""
    with pytest.raises(trees.NoBase, match=r"\w"):
        trees.parent(tmp_path)


def test_the_worktree_goes_away_whatever_happens(repository):
    """Catches worktrees left behind by an interrupted comparison."""
    with pytest.raises(KeyboardInterrupt), trees.checked_out(repository, "HEAD") as tree:
        assert (tree / "src" / "koubei_sim" / "a.py").is_file()
        raise KeyboardInterrupt
    assert not tree.exists()
    assert len(git(repository, "worktree", "list").splitlines()) == 1


def test_compiled_kernels_are_shared_by_equal_files_only(repository):
    """Catches a base that runs the kernels of the head: its changed file must keep its own time."""
    package = repository / "src" / "koubei_sim"
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "a.f-1.py311.nbi").write_bytes(b"compiled")
    with trees.checked_out(repository, "HEAD") as tree:
        (package / "b.py").write_text("B = 2\n")
        twin = tree / "src" / "koubei_sim"
        assert trees.share_caches(repository, tree) == 1
        assert (twin / "__pycache__" / "a.f-1.py311.nbi").read_bytes() == b"compiled"
        same = [
            (package / name).stat().st_mtime_ns == (twin / name).stat().st_mtime_ns
            for name in ("a.py", "b.py")
        ]
        assert same == [True, False]


@pytest.mark.parametrize("name", sorted(planted.PLANTS))
def test_planted_slowdowns_still_fit_their_kernels(name, tmp_path):
    """Catches a kernel that was rewritten, so that `make bench-planted` plants nothing."""
    plant = planted.PLANTS[name]
    (tmp_path / plant.file).parent.mkdir(parents=True)
    (tmp_path / plant.file).write_text((ROOT / plant.file).read_text())
    plant.put(tmp_path)
    assert plant.after in (tmp_path / plant.file).read_text()
    assert any(one.label.startswith(plant.rows) for one in ALL)
    with pytest.raises(ValueError, match="have changed"):
        (tmp_path / plant.file).write_text("nothing\n")
        plant.put(tmp_path)


# ---------------------------------------------------------------- the suite


def test_every_file_of_the_suite_has_times_and_each_names_its_sizes():
    """Catches a file that is not found, and a benchmark whose last parameter is no size."""
    helpers = {"sizes"}
    assert {one.module for one in ALL} == set(rows.modules()) - helpers
    assert {one.params[-1] for one in ALL} == {"small", "large", "huge"}
    for one in ALL:
        kind = type(one.instance())
        assert kind.param_names[-1] == "size", one.label
        assert len(kind.param_names) == len(kind.params), one.label
    assert len({one.label for one in ALL}) == len(ALL)


def test_asv_finds_the_same_benchmarks():
    """Catches a class that one of the two runners does not see (asv is in the extra `dev`)."""
    discovery = pytest.importorskip("asv_runner.discovery")
    suite = importlib.import_module(rows.SUITE)
    sys.modules["suite"] = suite  # asv imports the folder by its own name
    try:
        found = {one.name for one in discovery.disc_benchmarks(str(ROOT / "benchmarks" / "suite"))}
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "suite"]:
            del sys.modules[name]
    assert found == {one.name for one in ALL}


def test_w2_has_every_module_on():
    """Catches a new module that the speed quoted for every module lacks: put it into `_SINCE`."""
    workloads = importlib.import_module("benchmarks.workloads")
    on = active(workloads.w2(1_000))
    assert [module for module in on if not on[module]] == []


@pytest.mark.slow
@pytest.mark.parametrize("one", [r for r in ALL if r.quick], ids=lambda r: r.label)
def test_every_benchmark_runs_at_its_smallest_size(one):
    """Catches a benchmark that the library has left behind; a minute in all."""
    bench = worker.Bench()
    bench.row, bench.instance = one, one.instance()
    try:
        if hasattr(bench.instance, "setup"):
            bench.instance.setup(*one.params)
        # asv reads these from the instance: a setup that overwrites one changes what is timed.
        for name in ("number", "repeat", "timer", "params"):
            assert name not in vars(bench.instance), f"setup overwrites {name}"
        value = getattr(bench.instance, one.method)(*one.params)
        if one.kind == "rate":
            assert value == value
            assert value > 0 or one.method == "track_overhead"
    finally:
        bench.drop()


@pytest.mark.parametrize("regime", ["sparse", "macroscopic"])
def test_cascades_reach_as_many_as_their_regime_says(regime):
    """Catches a sparse row that walks the whole graph, and a macroscopic one that does nothing."""
    suite = importlib.import_module(f"{rows.SUITE}.cascades")
    for rule in ("independent", "weighted", "threshold_choice", "sir"):
        bench = suite.Cascades()
        bench.setup(rule, regime, "small")
        bench.time_cascade(rule, regime, "small")
        share = bench.result.sizes.mean() / suite.PEOPLE["small"]
        assert share < 0.02 if regime == "sparse" else share > 0.25, rule

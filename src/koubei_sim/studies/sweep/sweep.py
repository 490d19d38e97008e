"""`sweep`: many runs over points, in memory or with a journal that a killed process resumes from.

Makes the plan and hands it to the engine, which gives back a `SweepResult` whose tidy table is the
same bytes however the runs were done.
Called by people and by ``koubei sweep``, which reads what to sweep in a file: the scenario, changes
to it, and exactly one way to choose points, all checked before anything runs.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, cast

from pydantic import BeforeValidator, model_validator

from koubei_sim.checks import Backend, Engine
from koubei_sim.checks import path as path_of
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.memory import predict_memory
from koubei_sim.runs.options import options_from
from koubei_sim.runs.progress import Progress as Told
from koubei_sim.runs.worlds import bound
from koubei_sim.studies.design.plan import Sweep, make_sweep
from koubei_sim.studies.design.points import (
    Design,
    Grid,
    Table,
)
from koubei_sim.studies.design.priors import METHODS, prior_sample
from koubei_sim.studies.design.study_file import (
    Flat,
    Names,
    OfScenario,
    Ranges,
    Real,
    StudyFile,
    Whole,
    entry,
    table,
)
from koubei_sim.studies.sweep import journal
from koubei_sim.studies.sweep.engine import (
    Cells,
    Execution,
    SweepMeter,
    Tell,
    execution_from,
    kept_key,
    logger,
)
from koubei_sim.studies.sweep.result import SweepResult

if TYPE_CHECKING:
    import pandas as pd


def sweep(
    scenario: Scenario | Sweep | Mapping[str, Any] | str | Path,
    points: Any = None,
    *,
    replicates: int = 1,
    rng: object = None,
    out: str | Path | None = None,
    engine: Engine = "compiled",
    outcomes: Any = None,
    networks: object = None,
    agents: str | Path | pd.DataFrame | None = None,
    backend: Backend | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    threads: int | None = None,
    progress: bool | Tell | Told | None = None,
    retry: bool = False,
    batch_seconds: float = 1.0,
    random_numbers: str | int | Sequence[int] = "common",
    keep: str | Sequence[str] | None = None,
    every: int | None = None,
    luck: str | int | Sequence[int] | None = None,
) -> SweepResult:
    """Run a scenario at many points.

    Parameters
    ----------
    scenario : Scenario, mapping, str, Path or Sweep
        The base scenario (a preset's name, a TOML file); or a whole plan, or the folder of an
        earlier sweep, which is then finished.
    points : mapping, design, DataFrame, path or list of mappings
        A mapping of dotted paths to levels is a grid; `Grid`, `RandomPoints`, `LatinHypercube`,
        `SobolPoints`, `prior_sample` are designs; the rest is a table, one column a path.
    replicates : int
        Replicates of each point.
    rng : int, SeedSequence or Generator, optional
        Source of the one key of all points (common random numbers); fresh entropy without it,
        or the key of the folder `out` where that holds a sweep.
    out : path, optional
        Folder of the journal; everything stays in memory without it.  The same call again
        resumes: what is finished is not run again.
    engine : {"compiled", "reference"}
    outcomes : sequence of str or functions, or mapping of names to them, optional
        Which measures to keep (`koubei_sim.metrics.measure`), ``take_off`` always; all of
        `OUTCOMES` without it.  A function is called with a `Result` of one replicate, or, where it
        needs two things, with (history, scenario).  A folder knows it by its code and by what it
        uses: the same call with another function is refused.
    networks, agents : optional
        As in `koubei_sim.run`, for all points.  The plan holds their digests only: to finish the
        sweep of a folder they are given again.
    backend : {"threads", "loky", "dask"}, optional
        Threads suit short runs; ``loky`` starts processes; ``dask`` uses the cluster at
        `scheduler`, whose workers must have the same version installed.  Without it threads, or
        Dask where there is a scheduler.
    workers : int, optional
        Threads or processes; as many as cores and memory allow without it.
    scheduler : str, optional
        Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``.
    threads : int, optional
        `workers` of the backend of threads, under the name that other doors have for them.
    progress : bool or callable, optional
        True for a bar with time left and failures, on stderr or live in a notebook; None for one
        where somebody watches; a callable is told a `Progress`, one that takes two numbers (runs
        done, runs in all).
    retry : bool
        Run failed runs of an earlier call again.
    batch_seconds : float
        About how long a batch takes, and so how much a killed process loses.
    random_numbers : {"common", "own"}, int or sequence of int
        Whether all points share one key, so that differences between points are paired, or each
        has one of its own, so that points are independent worlds (for shares over a prior).  A
        number k makes run i replicate k + i: no two runs share draws, but shared worlds stay
        shared; several numbers name the first replicate of each point.
    keep : str or sequence of str, optional
        Daily curves to keep beside the outcomes: variables of `Result.data` (see
        docs/columns.md), read by `SweepResult.curves`.
    every : int, optional
        Keep days 0, every, 2 every, ... and the last one; every day without it.
    luck
        The old name of `random_numbers`, for one release.

    Returns
    -------
    SweepResult

    Raises
    ------
    KoubeiError
        Before anything runs, for whatever is wrong with arguments, points or folder.
    SweepStopped
        When it cannot go on (disk full, cluster gone); the journal is kept.

    Notes
    -----
    A worker that is killed does not end the sweep: its runs are done again, in the end each alone.
    A run that takes its worker along every time is a failed row of the stage ``worker``.

    Examples
    --------
    >>> found = sweep("tiny", {"seeding.purity": [0.2, 0.8], "ticks": [5]}, replicates=2, rng=7)
    >>> found.table()[["run", "point", "replicate", "seeding.purity", "failed"]].shape
    (4, 5)
    """
    if luck is not None:
        said = "luck= of sweep is called random_numbers= now; the old name goes next release"
        warnings.warn(said, DeprecationWarning, stacklevel=2)
        random_numbers = luck
    execution = execution_from(
        out, backend, workers, scheduler, threads, progress, retry, batch_seconds
    )
    planned, folder = _planned(
        scenario,
        points,
        replicates,
        rng,
        execution.out,
        engine,
        outcomes,
        networks,
        agents,
        random_numbers,
        keep,
        every,
    )
    return run_sweep(planned, replace(execution, out=folder))


def run_sweep(planned: Sweep, execution: Execution, meter: SweepMeter | None = None) -> SweepResult:
    """Do every run of a plan that is not done yet.

    Parameters
    ----------
    planned : Sweep
    execution : Execution
    meter : SweepMeter, optional
        That of a study of several plans, which expects the runs already.
    """
    if meter is None:
        with SweepMeter(execution.progress) as meter:
            meter.expect(planned.runs)
            return run_sweep(planned, execution, meter)
    return run_together({"": planned}, execution, meter, {"": execution.out}, told=True)[""]


def run_together(
    plans: Mapping[str, Sweep],
    execution: Execution,
    meter: SweepMeter,
    folders: Mapping[str, Path | None],
    replicates: int | None = None,
    told: bool = False,
    strict: bool = False,
) -> dict[str, SweepResult]:
    """Do every run of plans whose point p is one world under different rules, by name.

    A world's runs lie next to each other, as many worlds at a time as this process keeps
    (`runs.worlds`): people and graphs are made once a world, not once a plan.

    Parameters
    ----------
    plans : mapping of str to Sweep
        Of as many points and replicates each; equal ones are run once.
    execution : Execution
        But for its folder.
    meter : SweepMeter
        Expects the runs already.
    folders : mapping of str to Path or None
        Where each plan has its journal, by the name of the plan.
    replicates : int, optional
        Of each point, the first so many; all without it.  What is not done is NaN in the results,
        and done by a later call with more.
    told : bool
        Whether it is said of a folder that nothing was left to do.
    strict : bool
        Whether the first run that fails ends a plan that has functions of a user's own: it is
        the fault of the function, not a run without numbers.
    """
    with ExitStack() as opened:
        cells: dict[str, Cells] = {}
        same: dict[str, Cells] = {}
        for name, planned in plans.items():
            digest = planned.digest()
            if digest not in same:
                execution = replace(execution, out=folders[name])
                ends = strict and bool(planned.functions)
                made = Cells(planned, execution, meter, strict=ends)
                same[digest] = opened.enter_context(made)
            cells[name] = same[digest]
            if told and execution.out is not None and cells[name].kept.done.all():
                logger.warning(
                    "%s holds all %s runs already, none was begun", folders[name], planned.runs
                )
        first = next(iter(plans.values()))
        size, points = _worlds_at_once(list(plans.values())), first.points.number
        number = first.replicates if replicates is None else min(replicates, first.replicates)
        for start in range(0, points, size):
            chunk = range(start, min(start + size, points))
            asked = [point * first.replicates + r for point in chunk for r in range(number)]
            for each in same.values():
                each.do(asked)
        return {name: each.result() for name, each in cells.items()}


def _worlds_at_once(plans: Sequence[Sweep]) -> int:
    """Return of how many worlds people and graphs are kept, for plans that need them in turn."""
    points = plans[0].points.number
    needed = sum(predict_memory(planned.scenario) for planned in plans)
    fitting = bound() // needed
    return points if fitting >= points or not fitting or len(plans) == 1 else fitting


def _planned(
    scenario: Any,
    points: Any,
    replicates: int,
    rng: object,
    folder: Path | None,
    engine: Engine,
    outcomes: Any,
    networks: object,
    agents: Any,
    luck: str | int | Sequence[int],
    keep: Any,
    every: Any,
) -> tuple[Sweep, Path | None]:
    """Return the plan and the folder of its journal."""
    if points is None:
        given = options_from(networks=networks, agents=agents).inputs or None
        if isinstance(scenario, Sweep):
            return scenario.with_given(given or scenario.given), folder
        if isinstance(scenario, (str, os.PathLike)) and journal.is_journal(scenario):
            stored = path_of("scenario", scenario)
            plan = journal.read_plan(stored)
            planned = Sweep.from_plan(plan, str(stored)).with_given(given)
            return planned, stored if folder is None else folder
        raise KoubeiError("points", "none given", fix="{'seeding.purity': [0.1, 0.5, 0.9]}")
    if isinstance(scenario, Sweep):
        raise KoubeiError("points", "a plan has its points already", fix="leaving them out")
    rng = kept_key(rng, folder)
    planned = make_sweep(
        scenario,
        points,
        replicates,
        rng,
        engine,
        outcomes,
        networks,
        agents,
        luck,
        keep,
        every,
    )
    return planned, folder


Files = Annotated[dict[str, str], BeforeValidator(table)]
WAYS: Final = ("grid", *METHODS, "table", "ensemble")


class OverRanges(StudyFile):
    """Points over ranges: how many, and the ranges by dotted path."""

    points: Whole = entry(..., "How many points")
    ranges: Ranges = entry(..., "Dotted path -> { low, high, log } or { choices }")


class Ensemble(StudyFile):
    """Points over the prior ranges of the scenario's assumptions."""

    points: Whole = entry(..., "How many points")
    paths: Names | None = entry(None, "Which parameters; all that are assumptions without it")
    ranges: Ranges | None = entry(None, "Ranges of one's own, in place of `paths`")
    spread: Real = entry(2.0, "How far ranges reach, a factor")
    method: str = entry("latin", "How the points lie in the ranges")


class SweepFile(OfScenario):
    """What a sweep file may say."""

    replicates: Whole = entry(1, "Replicates of each point", low=1)
    rng: Whole | None = entry(None, "The one key of all points", low=0)
    engine: str = entry("compiled", "Which engine runs", allowed="compiled, reference")
    outcomes: Names | None = entry(None, "Which measures to keep; all without it")
    keep: Names | None = entry(None, "Daily curves to keep; none without it")
    every: Whole | None = entry(None, "Keep every so many days of the curves", low=1)
    out: str | None = entry(None, "Folder of the journal; the file's name without it")
    backend: str | None = entry(None, "threads, loky or dask")
    workers: Whole | None = entry(None, "Threads or processes; as many as fit without it", low=1)
    scheduler: str | None = entry(None, "Address of a Dask scheduler")
    networks: Files = entry({}, "Files of graphs by channel, beside this one")
    agents: str | None = entry(None, "Table of people, beside this one")
    grid: Flat | None = entry(None, "Levels by dotted path: every combination")
    random: OverRanges | None = entry(None, "Independent points")
    latin: OverRanges | None = entry(None, "A Latin hypercube")
    sobol: OverRanges | None = entry(None, "Sobol points")
    table: Flat | None = entry(None, "Points one by one: columns by dotted path, or a `file`")
    ensemble: Ensemble | None = entry(None, "The prior of the assumptions")

    @model_validator(mode="after")
    def _one_way(self) -> SweepFile:
        ways = [way for way in WAYS if getattr(self, way) is not None]
        if len(ways) != 1:
            raise KoubeiError(
                "", "needs exactly one way to choose points", got=", ".join(ways) or "none",
                allowed=", ".join(WAYS), fix="[grid]",
            )  # fmt: skip
        return self

    @property
    def way(self) -> str:
        """The way in which points are chosen."""
        return next(way for way in WAYS if getattr(self, way) is not None)

    def design(self, base: Scenario, path: Path) -> Design:
        """Return the design of the points; `path` is where the file stands."""
        if self.grid is not None:
            return Grid(self.grid)
        if self.table is not None:
            if "file" not in self.table:
                return Table(self.table)
            if set(self.table) != {"file"} or not isinstance(self.table["file"], str):
                raise KoubeiError(
                    f"{path}: table", "must be the name of a file alone, or columns",
                    got=repr(self.table), fix='file = "points.csv"',
                )  # fmt: skip
            return Table(path.parent / self.table["file"])
        if self.ensemble is not None:
            asked = self.ensemble
            chosen = asked.paths if asked.ranges is None else asked.ranges
            return prior_sample(base, asked.points, chosen, asked.spread, cast(Any, asked.method))
        ranged: OverRanges = getattr(self, self.way)
        found: Design = METHODS[self.way](ranged.ranges, ranged.points)
        return found

    def supplied(self, base: Scenario, path: Path) -> tuple[Any, Path | None]:
        """Return networks and agents that the file names: graphs read, the table's path."""
        from koubei_sim.networks import read_network

        found = {}
        for name, file in self.networks.items():
            if name not in base.channels:
                raise KoubeiError(
                    f"{path}: networks.{name}", "unknown channel",
                    allowed=", ".join(base.channels), fix=nearest(name, base.channels),
                )  # fmt: skip
            spec = base.channels[name].network
            directed = spec is not None and (spec.directed or spec.kind == "follow")
            found[name] = read_network(path.parent / file, directed=directed)
        return found or None, None if self.agents is None else path.parent / self.agents


class PlannedSweep(NamedTuple):
    """A sweep that a file describes: the plan, and how and where to run it."""

    sweep: Sweep
    out: Path
    backend: str
    workers: int | None
    scheduler: str | None


def read_sweep(file: str | Path, out: str | Path | None = None) -> PlannedSweep:
    """Read a sweep file.

    Parameters
    ----------
    file : path
        TOML; the paths of scenario, table, networks and agents in it are relative to it.
    out : path, optional
        Folder of the journal; ``out`` of the file without it, else the file's name without
        ending.  Where the file names no ``rng``, a folder with a sweep gives its key.

    Raises
    ------
    KoubeiError
        One line for the first thing that is wrong.
    """
    path = path_of("file", file)
    asked = SweepFile.read(path)
    base = asked.base(path)
    folder = path_of("out", (path.stem if asked.out is None else asked.out) if out is None else out)
    rng = asked.rng
    if rng is None and journal.is_journal(folder):
        rng = int(journal.read_plan(folder)["key"])
    planned = make_sweep(
        base,
        asked.design(base, path),
        asked.replicates,
        rng,
        cast(Any, asked.engine),
        asked.outcomes,
        *asked.supplied(base, path),
        keep=asked.keep,
        every=asked.every,
    )
    if asked.ensemble is None or asked.ensemble.ranges is not None:  # [set] may say around what
        asked.apart_from_set(f"{path}: {asked.way}", planned.points.columns)
    backend = asked.backend or ("threads" if asked.scheduler is None else "dask")
    return PlannedSweep(planned, folder, backend, asked.workers, asked.scheduler)

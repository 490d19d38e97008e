"""`sweep`: many runs over points, in memory or with a journal that a killed process resumes from.

Checks everything first, then hands batches to a backend, writes each finished batch, and gives
back a `SweepResult` whose tidy table is the same bytes however the runs were done.
Called by people and by ``koubei sweep``.
"""

from __future__ import annotations

import inspect
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from koubei_sim._version import __version__
from koubei_sim.checks import number, path, yes_no
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.runs.fitting import fitting_threads
from koubei_sim.runs.options import check_progress, options_from
from koubei_sim.runs.progress import Progress as Told
from koubei_sim.runs.progress import progress_bar
from koubei_sim.studies.design.plan import Sweep, make_sweep
from koubei_sim.studies.sweep import backends, journal
from koubei_sim.studies.sweep.result import SweepResult
from koubei_sim.studies.sweep.work import Row

logger = logging.getLogger("koubei_sim")

if TYPE_CHECKING:
    import pandas as pd


#: Bytes of a process with the library loaded, as measured, rounded up.
PROCESS: Final = 250e6


class Progress(NamedTuple):
    """How far a sweep is: told after every batch.

    `seconds_left` is NaN until it can be guessed.
    """

    done: int
    runs: int
    failed: int
    seconds_left: float


Tell = Callable[[Progress], None]


def sweep(
    scenario: Scenario | Sweep | Mapping[str, Any] | str | Path,
    points: Any = None,
    *,
    replicates: int = 1,
    rng: object = None,
    out: str | Path | None = None,
    engine: str = "compiled",
    outcomes: Sequence[str] | None = None,
    networks: object = None,
    agents: str | Path | pd.DataFrame | None = None,
    backend: str = "threads",
    workers: int | None = None,
    scheduler: str | None = None,
    threads: int | None = None,
    progress: bool | Tell | Told | None = None,
    retry: bool = False,
    batch_seconds: float = 1.0,
    luck: str | int | Sequence[int] = "common",
) -> SweepResult:
    """Run a scenario at many points.

    Parameters
    ----------
    scenario : Scenario, mapping, str, Path or Sweep
        The base scenario (a preset's name, a TOML file); or a whole plan, or the folder of an
        earlier sweep, which is then finished.
    points : mapping, design, DataFrame, path or list of mappings
        A mapping of dotted paths to levels is a grid; `Grid`, `RandomPoints`, `LatinHypercube`,
        `SobolPoints`, `ensemble` are designs; the rest is a table, one column a path.
    replicates : int
        Replicates of each point.
    rng : int, SeedSequence or Generator, optional
        Source of the one key of all points (common random numbers); fresh entropy without it,
        or the key of the folder `out` where that holds a sweep.
    out : path, optional
        Folder of the journal; everything stays in memory without it.  The same call again
        resumes: what is finished is not run again.
    engine : {"compiled", "reference"}
    outcomes : sequence of str, optional
        Which measures to keep (`koubei_sim.metrics.measure`); all of `OUTCOMES` without it.
    networks, agents : optional
        As in `koubei_sim.run`, for all points.  The plan holds their digests only: to finish the
        sweep of a folder they are given again.
    backend : {"threads", "loky", "dask"}
        Threads suit short runs; ``loky`` starts processes; ``dask`` uses the cluster at
        `scheduler`, whose workers must have the same version installed.
    workers : int, optional
        Threads or processes; as many as cores and memory allow without it.
    scheduler : str, optional
        Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``.
    threads : int, optional
        `workers` of the backend of threads, under the name that other doors have for them.
    progress : bool or callable, optional
        True for a bar with time left and failures, on stderr or live in a notebook; a callable is
        told a `Progress`, one that takes two numbers (runs done, runs in all).
    retry : bool
        Run failed runs of an earlier call again.
    batch_seconds : float
        About how long a batch takes, and so how much a killed process loses.
    luck : {"common", "own"}, int or sequence of int
        Whether all points share one key, so that differences between points are paired, or each
        has one of its own, so that points are independent worlds (for shares over a prior).  A
        number k makes run i replicate k + i: no two runs share luck, but shared worlds stay
        shared; several numbers name the first replicate of each point.

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
    workers = backends.check_backend(backend, workers, scheduler, threads)
    seconds = number("batch_seconds", batch_seconds, 0.0, 3600.0)
    if not seconds > 0.0:
        raise KoubeiError("batch_seconds", "out of range", got=seconds, allowed="above 0, to 3600")
    check_progress(progress)
    yes_no("retry", retry)
    planned, folder = _planned(
        scenario, points, replicates, rng, out, engine, outcomes, networks, agents, luck
    )
    if planned.version != __version__:
        raise KoubeiError(
            str(folder or "sweep"),
            "planned with another koubei_sim, whose numbers must not be mixed with this one's",
            got=planned.version,
            allowed=__version__,
            fix="another folder",
        )
    if folder is not None:
        journal.check_folder(folder, planned)
    else:
        _check_rows(planned)
    side_by_side = min(workers or fitting_threads(planned.scenario, planned.runs), planned.runs)
    if backend == "loky":
        _check_processes(side_by_side)
    scenarios = planned.check(1 if backend == "dask" else side_by_side)
    how = backends.How(backend, side_by_side, scheduler, seconds)
    with SweepMeter(progress, planned.runs) as meter:
        if folder is None:
            memory = _Memory(planned)
            _run(planned, memory, scenarios, how, meter)
            return SweepResult(planned, None, memory.rows)
        with journal.Journal(folder, planned) as kept:
            if retry:
                kept.forget_failures()
            if kept.done.all():
                logger.warning("%s holds all %s runs already, none was begun", folder, planned.runs)
            _run(planned, kept, scenarios, how, meter)
    return SweepResult(planned, folder)


def _planned(
    scenario: Any,
    points: Any,
    replicates: int,
    rng: object,
    out: str | Path | None,
    engine: str,
    outcomes: Sequence[str] | None,
    networks: object,
    agents: Any,
    luck: str | int | Sequence[int],
) -> tuple[Sweep, Path | None]:
    """Return the plan and the folder of its journal."""
    folder = None if out is None else path("out", out)
    if points is None:
        given = options_from(networks=networks, agents=agents).inputs or None
        if isinstance(scenario, Sweep):
            return scenario.with_given(given or scenario.given), folder
        if isinstance(scenario, (str, os.PathLike)) and journal.is_journal(scenario):
            stored = path("scenario", scenario)
            plan = journal.read_plan(stored)
            planned = Sweep.from_plan(plan, str(stored)).with_given(given)
            return planned, stored if folder is None else folder
        raise KoubeiError("points", "none given", fix="{'seeding.purity': [0.1, 0.5, 0.9]}")
    if isinstance(scenario, Sweep):
        raise KoubeiError("points", "a plan has its points already", fix="leaving them out")
    if rng is None and folder is not None and journal.is_journal(folder):
        rng = int(journal.read_plan(folder)["key"])
    planned = make_sweep(
        scenario, points, replicates, rng, engine, outcomes, networks, agents, luck
    )
    return planned, folder


def _check_rows(planned: Sweep) -> None:
    """Refuse a table that would not fit into memory, before anything runs."""
    import psutil

    need = planned.runs * (600.0 + 40.0 * len(planned.outcomes))  # as measured, rounded up
    have = psutil.virtual_memory().available
    if need > 0.9 * have:
        raise KoubeiError(
            "replicates", "a table of more rows than there is memory for",
            got=f"{planned.runs:,} runs, about {need / 2**30:.1f} GiB",
            allowed=f"{have / 2**30:.1f} GiB available", fix="fewer outcomes, or out='folder'",
        )  # fmt: skip


def _check_processes(number: int) -> None:
    """Refuse more processes than there is memory for, before one is begun."""
    import psutil

    need, have = number * PROCESS, psutil.virtual_memory().available
    fitting = int(0.5 * have / PROCESS)
    if need > 0.9 * have:
        raise KoubeiError(
            "workers", "more processes than there is memory for",
            got=f"{number}, about {need / 2**30:.1f} GiB",
            allowed=f"{have / 2**30:.1f} GiB available",
            fix=f"workers={fitting}" if fitting else "backend='threads'",
        )  # fmt: skip


class _Memory:
    """A journal without a disk."""

    def __init__(self, planned: Sweep) -> None:
        self.done: NDArray[np.bool_] = np.zeros(planned.runs, dtype=bool)
        self.failed = 0
        self.rows: list[Row] = []

    def add(self, rows: Sequence[Row]) -> None:
        self.rows += rows
        self.failed += sum(row.failed is not None for row in rows)


def _run(
    planned: Sweep,
    kept: journal.Journal | _Memory,
    scenarios: dict[int, Scenario],
    how: backends.How,
    meter: SweepMeter,
) -> None:
    """Do every run that the journal does not have."""
    todo = np.flatnonzero(~kept.done)
    done = planned.runs - todo.size
    meter.start(done, kept.failed)
    if not todo.size:
        return
    found = backends.execute(planned, todo.tolist(), how, scenarios)
    try:
        for rows in found:
            kept.add(rows)
            done += len(rows)
            meter.tell(done, kept.failed)
    finally:
        found.close()  # type: ignore[attr-defined]


def _telling(progress: Any) -> Tell:
    """Return what is told a `Progress`; what takes two numbers, as elsewhere, is told these."""
    try:
        inspect.signature(progress).bind(None)
    except TypeError:
        return lambda found: progress(found.done, found.runs)
    except ValueError:
        pass  # it does not say what it takes
    return cast(Tell, progress)


class SweepMeter:
    """Tells progress with the time left, to a bar or to a callable."""

    def __init__(self, progress: bool | Tell | Told | None, runs: int) -> None:
        self._runs, self._before, self._started = runs, 0, time.monotonic()
        self._call: Tell | None = _telling(progress) if callable(progress) else None
        self._bar: Any = None
        if progress is True:
            self._bar = progress_bar(runs, "run")

    def __enter__(self) -> SweepMeter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def start(self, done: int, failed: int) -> None:
        """Take note of what is finished already."""
        self._before, self._started = done, time.monotonic()
        if self._bar is not None:
            self._bar.initial = done  # runs of earlier calls say nothing about the speed
        self.tell(done, failed)

    def tell(self, done: int, failed: int) -> None:
        """Say how much is done, and reckon the time left."""
        new, took = done - self._before, time.monotonic() - self._started
        left = took / new * (self._runs - done) if new else float("nan")
        self.show(Progress(done, self._runs, failed, left))

    def show(self, found: Progress) -> None:
        """Hand on what was reckoned elsewhere, over several sweeps."""
        if self._bar is not None:
            self._bar.total = found.runs
            self._bar.set_postfix(failed=found.failed, refresh=False)
            self._bar.update(found.done - self._bar.n)
        if self._call is not None:
            self._call(found)

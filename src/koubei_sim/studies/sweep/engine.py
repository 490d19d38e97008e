"""The one engine of studies: runs of a plan where and how an `Execution` says, done once.

`Cells` is a plan of which (point, replicate) cells are done when they are asked for, in memory or
in a journal that a killed process goes on with; `sweep` asks for all of them at once.  `Study`
hands it whole scenarios under one key, for the studies that compare them cell by cell: it puts
equal scenarios together, and gives back numbers, histories, or the error of the first run that
failed.
Called by `sweep` and by every study of more than one scenario.
"""

from __future__ import annotations

import importlib.util
import inspect
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, cast, get_args

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim._version import __version__
from koubei_sim.checks import Backend
from koubei_sim.checks import progress as check_progress
from koubei_sim.core.progress import Bar, progress_bar
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import History
from koubei_sim.runs.fitting import fitting_threads, useful_threads
from koubei_sim.runs.options import MOST_WORKERS, RunOptions, threads_of
from koubei_sim.runs.progress import Progress as Told
from koubei_sim.runs.simulation import Outcome, measure
from koubei_sim.studies.design.functions import refuse_unsent, refuse_untold
from koubei_sim.studies.design.plan import Sweep, variants_sweep
from koubei_sim.studies.sweep import backends, journal
from koubei_sim.studies.sweep.curves import bytes_of
from koubei_sim.studies.sweep.result import SweepResult
from koubei_sim.studies.sweep.work import Row

logger = logging.getLogger("koubei_sim")

BACKENDS: Final[tuple[Backend, ...]] = get_args(Backend)
#: What is said until the first batch is back.
_BEGINS: Final = {
    "threads": "building the first worlds", "loky": "starting processes",
    "dask": "sending work to the cluster",
}  # fmt: skip
#: Bytes of a process with the library loaded, as measured, rounded up.
PROCESS: Final = 250e6


class Progress(NamedTuple):
    """How far a study is: told after every batch.

    `seconds_left` is NaN until it can be guessed.
    """

    done: int
    runs: int
    failed: int
    seconds_left: float


Tell = Callable[[Progress], None]


# Where and how ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Execution:
    """Where and how the runs of a study are done: nothing that a result depends on.

    Attributes
    ----------
    backend : {"threads", "loky", "dask"}
        Threads suit short runs; ``loky`` starts processes; ``dask`` uses the cluster at
        `scheduler`, whose workers must have the same version installed.
    workers : int or None
        Threads or processes; as many as cores and memory allow without it.
    scheduler : str or None
        Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``.
    out : Path or None
        Folder of the journal; everything stays in memory without it.  The same call again goes on
        with what is not finished.
    progress : bool, callable or None
        True for a bar with time left and failures; a callable is told a `Progress`, one that takes
        two numbers (runs done, runs in all).
    retry : bool
        Whether failed runs of an earlier call are run again.
    batch_seconds : float
        About how long a batch takes, and so how much a killed process loses.
    """

    backend: Backend = "threads"
    workers: int | None = None
    scheduler: str | None = None
    out: Path | None = None
    progress: bool | Tell | Told | None = None
    retry: bool = False
    batch_seconds: float = 1.0


def execution_from(
    out: object = None,
    backend: object = None,
    workers: object = None,
    scheduler: object = None,
    threads: object = None,
    progress: Any = None,
    retry: object = False,
    batch_seconds: object = 1.0,
) -> Execution:
    """Return where and how, from the words of a door; refuses what cannot be carried out.

    A scheduler alone means the backend ``dask``.  Workers that are threads may be called `threads`,
    as at the doors that have no other.

    Raises
    ------
    KoubeiError

    Examples
    --------
    >>> execution_from(threads=2).workers
    2
    """
    if backend is None:
        backend = "threads" if scheduler is None else "dask"
    backend = checks.word("backend", backend, BACKENDS)
    if threads is not None:
        if workers is not None:
            raise KoubeiError("threads", "given twice, as threads and as workers", got=threads)
        if backend != "threads":
            raise KoubeiError(
                "threads", f"the workers of {backend} are no threads", got=threads,
                fix=f"workers={threads}",
            )  # fmt: skip
        number = threads_of(threads)
    else:
        number = None if workers is None else checks.whole("workers", workers, 1, MOST_WORKERS)
    if backend != "dask":
        if scheduler is not None:
            raise KoubeiError(
                "scheduler", "only for the backend dask", got=repr(scheduler), fix='backend="dask"'
            )
    elif not isinstance(scheduler, str) or not scheduler.strip():
        raise KoubeiError(
            "scheduler", "the address of a Dask scheduler is needed", got=repr(scheduler),
            fix="tcp://127.0.0.1:8786",
        )  # fmt: skip
    elif importlib.util.find_spec("distributed") is None:
        raise KoubeiError("backend", "dask is not installed", fix="installing koubei-sim[dask]")
    seconds = checks.number("batch_seconds", batch_seconds, 0.0, 3600.0)
    if not seconds > 0.0:
        raise KoubeiError("batch_seconds", "out of range", got=seconds, allowed="above 0, to 3600")
    check_progress(progress)
    return Execution(
        backend,
        number,
        None if scheduler is None else str(scheduler),
        None if out is None else checks.path("out", out),
        progress,
        checks.yes_no("retry", retry),
        seconds,
    )


def kept_key(rng: object, out: Path | None) -> object:
    """Return `rng`; without it the key of the study that a folder holds, if it holds one."""
    if rng is None and out is not None:
        below = sorted(out.iterdir()) if out.is_dir() and os.access(out, os.R_OK | os.X_OK) else ()
        for folder in (out, *below):
            if journal.is_journal(folder):
                return int(journal.read_plan(folder)["key"])
    return rng


class SweepMeter:
    """Tells how far a study of one or many plans is, with the time left, to a bar or a callable.

    Attributes
    ----------
    runs, failed : int
        Runs of all plans, and those that failed so far.
    """

    def __init__(self, progress: bool | Tell | Told | None) -> None:
        self.runs = self.failed = self._done = self._fresh = 0
        self._started: float | None = None
        self._call: Tell | None = _telling(progress) if callable(progress) else None
        self._opened = progress_bar(progress, 0, "run")
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        self._bar = self._opened.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.__exit__(None, None, None)

    def say(self, doing: str) -> None:
        """Say what is being done now."""
        if self._bar is not None:
            self._bar.say(doing)

    def expect(self, runs: int) -> None:
        """Take note of runs to come."""
        self.runs += runs

    def found(self, done: int, failed: int) -> None:
        """Take note of what is finished already: it says nothing about the speed."""
        if self._started is None:
            self._started = time.monotonic()
        if self._bar is not None:
            self._bar.skip(done)
        self._done, self.failed = self._done + done, self.failed + failed
        self._tell()

    def add(self, done: int, failed: int) -> None:
        """Take note of runs that were done now."""
        self._fresh += done
        self._done, self.failed = self._done + done, self.failed + failed
        self._tell()

    def _tell(self) -> None:
        took = 0.0 if self._started is None else time.monotonic() - self._started
        left = took / self._fresh * (self.runs - self._done) if self._fresh else float("nan")
        if self._bar is not None:
            self._bar.move(self._done, self.runs, f"failed={self.failed}")
        if self._call is not None:
            self._call(Progress(self._done, self.runs, self.failed, left))


def _telling(progress: Any) -> Tell:
    """Return what is told a `Progress`; what takes two numbers, as elsewhere, is told these."""
    try:
        inspect.signature(progress).bind(None)
    except TypeError:
        return lambda found: progress(found.done, found.runs)
    except ValueError:
        pass  # it does not say what it takes
    return cast(Tell, progress)


# A plan and its cells -----------------------------------------------------------------------------


class Cells:
    """A plan whose runs are done when they are asked for; use it in a `with` block.

    Parameters
    ----------
    planned : Sweep
    execution : Execution
    meter : SweepMeter
        Is told what is found and what is done; expecting runs is left to the caller.
    functions : tuple of callable
        Of (history, scenario): numbers after those of the plan's outcomes (in memory only).
    strict : bool
        Whether the first run that fails ends it, and nothing is written of it.
    at_once : int, optional
        Runs that will be asked for at once, where these are not all.

    Raises
    ------
    KoubeiError
        For a plan of another version, points that make no scenario, a folder of something else, or
        what would not fit into memory; before anything runs.
    """

    def __init__(
        self,
        planned: Sweep,
        execution: Execution,
        meter: SweepMeter,
        functions: tuple[Callable[..., float], ...] = (),
        strict: bool = False,
        at_once: int | None = None,
    ) -> None:
        self.planned, self.execution, self.meter = planned, execution, meter
        self._functions, self._strict = functions, strict
        self._told = 0  # failures that the meter knows
        folder = execution.out
        if planned.version != __version__:
            raise KoubeiError(
                str(folder or "sweep"),
                "planned with another koubei_sim, whose numbers must not be mixed with this one's",
                got=planned.version,
                allowed=__version__,
                fix="another folder",
            )
        runs = planned.runs if at_once is None else at_once
        unknown = [name for name, own in planned.functions.items() if own.call is None]
        if unknown:
            raise KoubeiError(
                "outcomes", "functions of your own, which a folder does not hold",
                got=", ".join(unknown), fix="the call that made it, with the same folder",
            )  # fmt: skip
        if folder is not None:
            refuse_untold("outcomes", {name: own.digest for name, own in planned.functions.items()})
            journal.check_folder(folder, planned)
        else:
            _check_rows(planned, runs)
        side_by_side, _ = self._shared_out(runs)
        own = {name: one.call for name, one in planned.functions.items()}
        own |= {getattr(one, "__name__", "outcome"): one for one in functions}
        refuse_unsent(execution.backend, own)
        if execution.backend == "loky":
            _check_processes(side_by_side)
        self._scenarios = planned.check(1 if execution.backend == "dask" else side_by_side)
        self.kept: journal.Journal | _Memory
        self.kept = _Memory(planned) if folder is None else journal.Journal(folder, planned)

    def _shared_out(self, runs: int) -> tuple[int, int]:
        """Return how many runs are done at the same time, and on how many threads each."""
        asked, plan = self.execution.workers, self.planned
        if self.execution.backend != "threads":
            return min(asked or fitting_threads(plan.scenario, runs), runs), 1
        if asked is None:  # Python alone is no faster on several threads of one run
            fits = fitting_threads if plan.engine == "reference" else useful_threads
            asked = fits(plan.scenario, runs)
        side_by_side = max(1, min(asked, runs))
        return side_by_side, max(1, asked // side_by_side)

    def __enter__(self) -> Self:
        if isinstance(self.kept, journal.Journal):
            self.kept.__enter__()
            if self.execution.retry:
                self.kept.forget_failures()
        return self

    def __exit__(self, *_: object) -> None:
        if isinstance(self.kept, journal.Journal):
            self.kept.close()

    def do(self, runs: Sequence[int] | None = None) -> None:
        """Do runs that are not done yet; all of the plan without a list of them.

        Raises
        ------
        SweepStopped
            When it cannot go on; what was finished is kept.
        """
        asked = np.arange(self.planned.runs) if runs is None else np.asarray(runs, dtype=np.int64)
        todo = np.sort(asked[~self.kept.done[asked]])
        self.meter.found(int(asked.size - todo.size), self.kept.failed - self._told)
        self._told = self.kept.failed
        if not todo.size:
            return
        side_by_side, threads = self._shared_out(int(todo.size))
        how = backends.How(
            self.execution.backend,
            side_by_side,
            self.execution.scheduler,
            self.execution.batch_seconds,
            threads,
            self._functions,
            self.planned.keep,
        )
        self.meter.say(_BEGINS[self.execution.backend])
        found = backends.execute(self.planned, todo.tolist(), how, self._scenarios)
        try:
            for rows in found:
                good = [row for row in rows if row.failed is None] if self._strict else rows
                if good:
                    self.kept.add(good)
                if len(good) < len(rows):
                    raise self._fault(next(row for row in rows if row.failed is not None))
                self.meter.say("running")
                self.meter.add(len(rows), sum(row.failed is not None for row in rows))
        finally:
            self._told = self.kept.failed
            found.close()  # type: ignore[attr-defined]

    def _fault(self, row: Row) -> Exception:
        """Return why a run failed: its own error where it is at hand."""
        if row.error is not None:
            return row.error
        point = self.planned.points.at(row.point)
        place = ", ".join(f"{path} {value}" for path, value in point.items())
        return KoubeiError(place, f"replicate {row.replicate} failed ({row.failed}: {row.message})")

    def result(self) -> SweepResult:
        """Return the runs as a table."""
        if isinstance(self.kept, _Memory):
            return SweepResult(self.planned, None, self.kept.rows)
        return SweepResult(self.planned, self.kept.folder)

    def numbers(self) -> NDArray[np.float64]:
        """Return outcomes and functions of the runs in memory, [runs, numbers]; NaN: not done."""
        wide = len(self.planned.outcomes) + len(self._functions)
        found = np.full((self.planned.runs, wide), np.nan)
        for row in cast(_Memory, self.kept).rows:
            found[row.run] = row.values
        return found

    def history(self, run: int) -> History:
        """Return the history of a run that is done, of a plan that keeps them."""
        if isinstance(self.kept, _Memory):
            return self.kept.histories[run]
        return journal.read_history(self.kept.folder, run)


class _Memory:
    """A journal without a disk."""

    def __init__(self, planned: Sweep) -> None:
        self.done: NDArray[np.bool_] = np.zeros(planned.runs, dtype=bool)
        self.failed = 0
        self.rows: list[Row] = []
        self.histories: dict[int, History] = {}

    def add(self, rows: Sequence[Row]) -> None:
        """Take the rows of a batch."""
        self.histories.update({row.run: row.history for row in rows if row.history is not None})
        self.rows += rows
        self.done[[row.run for row in rows]] = True
        self.failed += sum(row.failed is not None for row in rows)


def _check_rows(planned: Sweep, runs: int) -> None:
    """Refuse a table that would not fit into memory, before anything runs."""
    import psutil

    need = runs * (600.0 + 40.0 * len(planned.outcomes))  # as measured, rounded up
    need += bytes_of(planned, planned.curves, runs)
    have = psutil.virtual_memory().available
    if need > 0.9 * have:
        raise KoubeiError(
            "replicates", "a table of more rows than there is memory for",
            got=f"{runs:,} runs, about {need / 2**30:.1f} GiB",
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


# Studies of whole scenarios -----------------------------------------------------------------------


class Study:
    """Runs of whole scenarios under one key, cell by cell; use it in a `with` block.

    Parameters
    ----------
    options : RunOptions
        Key, engine, networks and people.
    execution : Execution
        Its folder holds the journal of the study; that of a study which asks `several` times holds
        one for each time, named by the digest of what was asked.
    several : bool
    """

    def __init__(self, options: RunOptions, execution: Execution, several: bool = False) -> None:
        self._options, self._execution, self._several = options, execution, several
        self.meter = SweepMeter(execution.progress)
        if several and execution.out is not None and journal.is_journal(execution.out):
            raise KoubeiError(str(execution.out), "holds another study", fix="another folder")

    def __enter__(self) -> Self:
        self.meter.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.meter.__exit__()

    def cells(
        self,
        scenarios: Mapping[str, Scenario],
        replicates: int,
        outcome: Outcome | None = None,
        at_once: int | None = None,
        more: tuple[str, ...] = (),
    ) -> Cells:
        """Return the cells of scenarios that are all different.

        Parameters
        ----------
        scenarios : mapping of str to Scenario
        replicates : int
            Replicates of each at most.
        outcome : str or callable, optional
            What is kept of each run; without it its history.  A function has no name that a journal
            could hold it by: the journal keeps histories, and any function of them is taken later.
        at_once : int, optional
            Runs that will be asked for at once.
        more : tuple of str
            Measures that are kept before it.
        """
        measured = isinstance(outcome, str)
        in_memory = self._execution.out is None
        keep = outcome is None or not (measured or in_memory)
        functions = (outcome,) if callable(outcome) and in_memory else ()
        outcomes = tuple(dict.fromkeys((*more, str(outcome)) if measured else more))
        planned = variants_sweep(scenarios, replicates, self._options, outcomes, keep)
        execution = self._execution
        if self._several and execution.out is not None:
            execution = replace(execution, out=execution.out / planned.digest()[:16])
        return Cells(planned, execution, self.meter, functions, True, at_once)

    def values(
        self,
        scenarios: Mapping[str, Scenario],
        replicates: int,
        outcome: Outcome,
        asked: Iterable[tuple[str, int]] | None = None,
    ) -> dict[str, NDArray[np.float64]]:
        """Return the outcome of each replicate of each scenario, by name, [replicates]."""
        found = self.outcomes(scenarios, replicates, (outcome,), asked)
        return {name: values[0] for name, values in found.items()}

    def outcomes(
        self,
        scenarios: Mapping[str, Scenario],
        replicates: int,
        wanted: tuple[Outcome, ...],
        asked: Iterable[tuple[str, int]] | None = None,
    ) -> dict[str, NDArray[np.float64]]:
        """Return outcomes of each replicate of each scenario, by name, [outcomes, replicates].

        Parameters
        ----------
        scenarios : mapping of str to Scenario
            Equal ones are run once.
        replicates : int
        wanted : tuple
            Outcomes; all but the last are measures by name.
        asked : iterable of (str, int), optional
            Only these replicates of these scenarios; the others are NaN.

        Raises
        ------
        Exception
            What the first run that failed raised, where it was run in this process; else a
            KoubeiError that says it.
        """
        first: dict[str, str] = {}  # digest -> name of the first scenario that has it
        same = {name: first.setdefault(of.digest(), name) for name, of in scenarios.items()}
        rows = {name: row for row, name in enumerate(first.values())}
        runs = None
        if asked is not None:
            cells_of = {rows[same[name]] * replicates + replicate for name, replicate in asked}
            runs = sorted(cells_of)
        number = len(rows) * replicates if runs is None else len(runs)
        different = {name: scenarios[name] for name in rows}
        names = tuple(each for each in wanted if isinstance(each, str))
        shape = (len(rows), replicates)
        with self.cells(different, replicates, wanted[-1], number, names) as cells:
            self.meter.expect(number)
            cells.do(runs)
            if self._execution.out is None:
                table = cells.numbers().T.reshape(-1, *shape)
                kept = dict(zip(cells.planned.outcomes, table))
            else:
                kept = cells.result().all_values(names) if names else {}
            found = [kept[name] for name in names]
            if callable(outcome := wanted[-1]):
                if self._execution.out is None:
                    found.append(table[-1])
                else:
                    asked_for = range(number) if runs is None else runs
                    found.append(self._later(cells, outcome, asked_for).reshape(shape))
        every = np.array(found)
        return {name: every[:, rows[same[name]]] for name in scenarios}

    def _later(self, cells: Cells, outcome: Outcome, runs: Iterable[int]) -> NDArray[np.float64]:
        """Return a function of the histories that a journal holds, of the runs that were asked."""
        found = np.full(cells.planned.runs, np.nan)
        for run in runs:
            scenario = cells.planned.scenario_at(run // cells.planned.replicates)
            found[run] = measure(cells.history(run), scenario, self._options.key, outcome)
        return found

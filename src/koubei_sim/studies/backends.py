"""Where runs are done: threads here, fresh processes (loky), or the machines of a Dask cluster.

The batches of a sweep are handed out through joblib and come back in any order; only the caller
writes.  A batch grows until it takes about a second, so that handing it out costs little and being
killed loses little.  No result depends on any of this.  Called by `sweep`.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.studies.journal import SweepStopped
from koubei_sim.studies.plan import Sweep
from koubei_sim.studies.work import Row, Task, run_batch

BACKENDS: Final = ("threads", "loky", "dask")
#: A batch never has more runs than this, however short they are.
MOST_RUNS: Final = 2_000
#: A batch is at most this many times as large as those known to be quick enough.
_GROWTH: Final = 8


class Batches:
    """The runs still to do, cut into batches of about `seconds` each, cut as they are asked for.

    Parameters
    ----------
    runs : sequence of int
        Runs to do, ascending.
    replicates : int
        Runs of one point; a cut between points is preferred, because a point shares its world.
    workers : int
        Batches at the same time; the last ones are kept small enough for all to have one.
    seconds : float
        Wanted length of a batch.

    Examples
    --------
    >>> batches = iter(Batches(range(10), replicates=5, workers=1, seconds=1.0))
    >>> next(batches)
    [0]
    """

    def __init__(
        self, runs: Sequence[int], replicates: int, workers: int, seconds: float = 1.0
    ) -> None:
        self._runs, self._replicates = [int(run) for run in runs], replicates
        self._workers, self._seconds = workers, seconds
        self._each: float | None = None
        self._largest = 1

    def learn(self, runs: int, seconds: float) -> None:
        """Take note of how long a batch took.  The first one may have had to compile."""
        each = seconds / max(runs, 1)
        self._each = each if self._each is None else min(each, 2.0 * self._each)
        self._largest = max(self._largest, runs)

    def __iter__(self) -> Iterator[list[int]]:
        start = 0
        while start < len(self._runs):
            end = self._end(start)
            yield self._runs[start:end]
            start = end

    def _end(self, start: int) -> int:
        left = len(self._runs) - start
        size = 1
        if self._each is not None:
            wanted = self._seconds / max(self._each, 1e-9)
            size = int(min(wanted, _GROWTH * self._largest, MOST_RUNS, left / self._workers))
        end = start + max(1, size)
        if end >= len(self._runs):
            return len(self._runs)
        whole = end
        while whole > start and self._point(whole - 1) == self._point(whole):
            whole -= 1
        return whole if whole > start else end

    def _point(self, at: int) -> int:
        return self._runs[at] // self._replicates


def check_backend(backend: object, workers: object, scheduler: object) -> None:
    """Refuse what cannot be carried out, before anything runs.

    Raises
    ------
    KoubeiError
    """
    if backend not in BACKENDS:
        raise KoubeiError(
            "backend",
            "unknown backend",
            got=backend,
            allowed=", ".join(BACKENDS),
            fix=nearest(str(backend), BACKENDS),
        )
    if workers is not None and (
        isinstance(workers, bool) or not isinstance(workers, int) or workers < 1
    ):
        raise KoubeiError("workers", "must be a whole number", got=workers, allowed="1 or more")
    if backend != "dask":
        if scheduler is not None:
            raise KoubeiError("scheduler", "only for the backend dask", got=scheduler)
        return
    if not isinstance(scheduler, str) or not scheduler:
        raise KoubeiError(
            "scheduler", "the address of a Dask scheduler is needed", fix="tcp://127.0.0.1:8786"
        )
    if importlib.util.find_spec("distributed") is None:
        raise KoubeiError("backend", "dask is not installed", fix="installing koubei-sim[dask]")


def tasks(sweep: Sweep, batches: Batches, scenarios: dict[int, Any]) -> Iterator[Task]:
    """Yield the batches as tasks; `scenarios` are those that workers may use as they are."""
    for batch in batches:
        runs = tuple((run, *sweep.place(run)) for run in batch)
        points = {point for _, point, _ in runs}
        yield Task(
            runs,
            sweep.scenario,
            {point: sweep.points.at(point) for point in points if point not in scenarios},
            {point: scenarios[point] for point in points if point in scenarios},
            sweep.key,
            sweep.engine,
            sweep.outcomes,
            sweep.version,
            sweep.luck,
        )


def execute(
    todo: Iterator[Task], backend: str, workers: int, scheduler: str | None = None
) -> Iterator[tuple[list[Row], float]]:
    """Yield rows and seconds of each task as it is finished, in any order.

    Raises
    ------
    SweepStopped
        When a worker dies or the cluster cannot be reached.
    """
    if backend == "threads" and workers == 1:
        yield from map(run_batch, todo)
        return
    with contextlib.ExitStack() as stack:
        found = _parallel(todo, backend, workers, scheduler, stack)
        # Closed before the pool is, also when the caller stops asking.
        stack.callback(_close, found)
        yield from _plainly(found, backend)


def _parallel(
    todo: Iterator[Task],
    backend: str,
    workers: int,
    scheduler: str | None,
    stack: contextlib.ExitStack,
) -> Any:
    from joblib import Parallel, delayed, parallel_config

    job: Callable[[Task], Any] = delayed(run_batch)
    options: dict[str, Any] = {"return_as": "generator_unordered", "batch_size": 1}
    if backend == "dask":
        client = stack.enter_context(_client(str(scheduler)))
        stack.enter_context(parallel_config(backend="dask", client=client))
        return Parallel(n_jobs=-1, **options)(job(task) for task in todo)
    name = "threading" if backend == "threads" else "loky"
    return Parallel(n_jobs=workers, backend=name, max_nbytes=None, **options)(
        job(task) for task in todo
    )


def _client(scheduler: str) -> Any:
    client: Any = importlib.import_module("distributed").Client
    try:
        return client(scheduler, timeout=20, set_as_default=False)
    except (OSError, ValueError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise SweepStopped(
            "scheduler", f"cannot be reached ({said})", got=scheduler, fix="its tcp:// address"
        ) from None


def _close(found: Any) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what joblib says about work that is thrown away
        found.close()


def _plainly(found: Any, backend: str) -> Iterator[tuple[list[Row], float]]:
    """Yield what the pool gives back; a dead worker ends as one line."""
    try:
        yield from found
    except (KoubeiError, GeneratorExit, KeyboardInterrupt):
        raise
    except Exception as error:
        # Runs catch their own faults: what arrives here is the pool's (a killed worker).
        said = (str(error).strip().splitlines() or [""])[0][:200]
        raise SweepStopped(
            backend,
            f"a worker died or could not be reached ({type(error).__name__}: {said}), "
            "what is finished is kept",
            fix="fewer workers, then the same again",
        ) from None

"""Replicates side by side: pieces of a job in threads, put together in order.

The replicates are cut into pieces; threads take the pieces one by one, each with scratch space
of its own, and the outputs are put together in order of replicates.  Kernels release the
interpreter's lock.  Nothing in a result depends on the number of threads or on the cutting.

Whether what is asked for fits into memory is predicted before work, and again when the first
replicates have shown how large they are.  Called by `run`, which has checked everything.
"""

from __future__ import annotations

import math
import time as clock
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import local
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.frame import (
    CURVE_FULL,
    FOREST_FULL,
    ROWS,
    SCRATCH_FULL,
    WHY,
    Output,
    track_of,
)
from koubei_sim.cascades.outcome import (
    Activations,
    Outcome,
    Piece,
    Shape,
    new_log,
    none_of,
    sorted_log,
    together,
)
from koubei_sim.cascades.rules.base import Prepared, Wanted, block
from koubei_sim.cascades.seeds import SeedPlan
from koubei_sim.cascades.statistics import Budget, Precision
from koubei_sim.cascades.stream import ActivationWriter
from koubei_sim.cascades.varied import Varied
from koubei_sim.core.block import Block
from koubei_sim.core.workers import Workers
from koubei_sim.errors import KoubeiError

PILOT = 8  # replicates at most that find the width of bins in continuous time
BINS = 64  # of the curves at first
LONGEST = 0.25  # seconds that a piece should take: nobody waits longer for an interrupt
MOST = 4096  # replicates of a piece
SHORT = 1 << 22  # arcs and people that a replicate can look at in a fraction of a second
SHARE = 0.9  # of the memory there is that a call may take
ROW = 29  # bytes of an activation in the log
NUMBERS = 32  # bytes of size, events, end and number of a replicate
GROUP = Path("/sys/fs/cgroup")  # where Linux says what this process and its like may take


@dataclass(frozen=True)
class Job:
    """A call of `cascade`, checked."""

    prepared: Prepared
    seeds: SeedPlan
    key: int
    first: int
    replicates: int
    until: Precision | Budget | None
    record: frozenset[str]
    tick: float | None
    threads: int
    arcs: int  # or contacts
    method: str
    last: int  # step, for rules by steps
    labels: Any
    log: Path | None
    varied: Varied | None = None  # numbers of replicates


class Runner:
    """Runs pieces of a job in threads and puts their outputs together."""

    def __init__(self, job: Job, sink: ActivationWriter | None) -> None:
        self.job = job
        self.sink = sink
        self.pieces: list[Piece] = []
        self.own = local()
        self.people: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        self.forest = "forest" in job.record or sink is not None
        self.want = Wanted(self.forest, self.forest or bool(job.record))
        self.tick = job.prepared.tick if job.tick is None else job.tick
        self.bins = BINS
        self.rows = 1 << 12
        # How many replicates are sure to be done soon; those that go on for ever are not.
        reach = job.seeds.n + job.arcs
        self.soon = 1 if job.prepared.repeats else max(1, min(MOST, SHORT // reach))
        # Made once, whatever the number of looks: scratch space belongs to its threads.  What
        # may take long runs in a thread even where there is but one: see `workers`.
        self.pool = Workers(job.threads) if job.threads > 1 or self.soon == 1 else None

    # ---- which replicates ---------------------------------------------------------------------

    def run_all(self, progress: Any, started: float) -> str:
        """Run until it is enough; return why it stopped."""
        with nullcontext() if self.pool is None else self.pool:
            return self._run_all(progress, started)

    def _run_all(self, progress: Any, started: float) -> str:
        job = self.job
        if self.tick is None:
            self.tick = (
                self._pilot() if self.pool is None else next(self.pool.in_order(self._pilot, [()]))
            )
        if job.until is None:
            self._run(0, job.replicates, progress, job.replicates)
            return "replicates"
        done = 0
        while True:
            target = job.until.next_total(done, clock.perf_counter() - started)
            if target <= done:
                return "replicates"
            self._run(done, target - done, progress, None)
            done = target
            sizes = np.concatenate([piece.sizes for piece in self.pieces])
            if job.until.enough(sizes, clock.perf_counter() - started):
                return job.until.word

    def _run(self, start: int, count: int, progress: Any, total: int | None) -> None:
        job = self.job
        if job.method == "wide":
            for number in range(start, start + count):
                self.pieces.append(self._wide(number))
                if progress is not None:
                    progress(number + 1, total)
            return
        self.check_room(start + count)
        # On one thread the pieces only serve progress; on more they share the work out evenly.
        shares = 8 * job.threads if job.threads > 1 else (8 if progress or self.forest else 1)
        self.size = max(1, min(self.soon, -(-count // shares)))
        most = max(1, min(MOST, -(-count // shares)))
        for piece, seconds in self._in_order(start, count):
            done = piece.first - job.first + piece.sizes.size
            if done < start + count and done >= 2 * self.checked:
                self.check_room(start + count)
            # As long as pieces are short they grow, so that there are not too many.
            fitting = piece.sizes.size * LONGEST / max(seconds, 1e-6)
            self.size = int(max(1, min(most, 8 * self.size, fitting)))
            if self.sink is not None and piece.activations is not None:
                self.sink.append(piece.activations)
                piece.activations = None
            self.pieces.append(piece)
            if progress is not None:
                progress(piece.first - job.first + piece.sizes.size, total)

    def _in_order(self, start: int, count: int) -> Iterator[tuple[Piece, float]]:
        """Run pieces in threads, hand them on in order with their seconds, never far ahead."""

        def spans() -> Iterator[tuple[int, int]]:
            at, end = start, start + count
            while at < end:
                size = min(self.size, end - at)
                yield at, size
                at += size

        if self.pool is None:
            yield from (self._timed(*span) for span in spans())
        else:
            yield from self.pool.in_order(self._timed, spans())

    def _timed(self, start: int, count: int) -> tuple[Piece, float]:
        begun = clock.perf_counter()
        return self._piece(start, count), clock.perf_counter() - begun

    def check_room(self, replicates: int) -> None:
        """Refuse a number of replicates that memory does not hold, by what is known so far."""
        job, n = self.job, self.job.seeds.n
        done = sum(piece.sizes.size for piece in self.pieces)
        self.checked = max(done, 1)
        bins = max([self.bins, *(piece.curve.shape[-1] for piece in self.pieces[-1:])])
        curves = len(job.prepared.kind_names) + int(job.prepared.removal)
        lean = NUMBERS + 8 * bins * curves
        wide: float = n * (4 * ("times" in job.record) + ("kinds" in job.record))
        if self.forest and self.sink is None:
            events = sum(int(piece.events.sum()) for piece in self.pieces)
            wide += ROW * (events / done if done else job.seeds.least)
        fixed = 16 * n * job.threads if {"people", "times"} & job.record else 0
        # Pieces, and then all put together; what is held already is no longer free.
        held = done * (lean + wide)
        way = "record='people'" if wide else ""
        if self.forest and self.sink is None:
            way = "log='runs.parquet' in place of record='forest'"
        leaner = (way, 2 * replicates * lean + fixed) if way else None
        check_room(replicates, 2 * (lean + wide), fixed - held, leaner=leaner)

    # ---- one piece ----------------------------------------------------------------------------

    def _scratch(self, least: int, ready: Prepared) -> tuple[Block, Block]:
        """Scratch space and track of this thread, for `least` activations or more."""
        other = ready.holds and getattr(self.own, "ready", ready) is not ready
        if getattr(self.own, "least", 0) < least or other:
            want = self.want
            room = 4 * least + 1024 if ready.repeats else least + ready.spare
            track = track_of(self.job.seeds.n, room, want.forest, want.people, ready.keeps)
            self.own.space = block(ready.scratch(want, room)), block(track)
            self.own.least, self.own.ready = least, ready
        found: tuple[Block, Block] = self.own.space
        return found

    def _counters(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Per-person sums of this thread."""
        if not {"people", "times"} & self.job.record:
            return none_of(np.int64), none_of(np.int64)
        if not hasattr(self.own, "counters"):
            n = self.job.seeds.n
            self.own.counters = (np.zeros(n, np.int64), np.zeros(n, np.int64))
            self.people.append(self.own.counters)
        found: tuple[NDArray[np.int64], NDArray[np.int64]] = self.own.counters
        return found

    def _piece(self, start: int, count: int) -> Piece:
        """Run replicates ``first + start .. first + start + count - 1``."""
        job, ready = self.job, self.job.prepared
        n = job.seeds.n
        number = job.first + start
        kinds = len(ready.kind_names)
        seeds = block(job.seeds.arrays(job.key, number, count))
        counters = self._counters()
        bins = self.bins  # read once: other threads make it larger
        assert self.tick is not None
        piece = Piece(
            first=number,
            sizes=np.zeros(count, np.int64),
            events=np.zeros(count, np.int64),
            ends=np.zeros(count, np.float64),
            curve=np.zeros((count, kinds, bins), np.int64),
            removed=np.zeros((count, bins) if ready.removal else (0, 0), np.int64),
            times=np.empty((count, n) if "times" in job.record else (0, 0), np.float32),
            kinds=np.empty((count, n) if "kinds" in job.record else (0, 0), np.int8),
            tick=self.tick,
        )
        logs: list[Activations] = []
        rows = self.rows
        room = n
        lo = 0
        state = np.zeros(5, np.int64)
        stale = True
        end = 0 if job.varied is not None else count  # replicates up to which `ready` is theirs
        while lo < count:
            if lo >= end:
                assert job.varied is not None
                ready = job.varied.prepared(start + lo)
                end = min(job.varied.end(start + lo) - start, count)
            state[ROWS] = 0
            if stale:  # numbers of single replicates share their outputs
                log = new_log(rows if self.forest else 0)
                columns: tuple[Any, ...] = log
                out = block(Output._make((
                    ready.origin, piece.tick, piece.sizes, piece.events, piece.ends, piece.curve,
                    piece.removed, *counters, piece.times, piece.kinds, *columns, state,
                )))  # fmt: skip
                stale = False
            space = self._scratch(room, ready)
            at = ready.batch(ready.rows, ready.rule, *space, seeds, out, lo, end)
            used = int(state[ROWS])
            if used:
                logs.append(Activations._make(column[:used].copy() for column in log))
            if at < end:
                stale = True
                why = int(state[WHY])
                if why == CURVE_FULL:
                    piece.widen()
                    self.bins = max(self.bins, piece.curve.shape[-1])
                elif why == FOREST_FULL:
                    rows = rows if at > lo else 4 * rows
                elif why == SCRATCH_FULL:
                    room = max(2 * room, 1 << 10)
                else:  # pragma: no cover - a kernel must say why it stopped
                    raise RuntimeError(f"kernel stopped at {at} without a reason")
            lo = at
        self.rows = max(self.rows, min(rows, 1 << 24))
        if self.forest:
            piece.activations = sorted_log(logs)
        return piece

    def _wide(self, start: int) -> Piece:
        """Run one replicate of the independent cascade on all threads."""
        job = self.job
        number = job.first + start
        seeds = job.seeds.arrays(job.key, number, 1)
        ready = job.prepared
        assert ready.wide is not None
        rule = ready.rule if job.varied is None else job.varied.prepared(start).rule
        order, starts = ready.wide(ready.rows, rule, seeds, job.seeds.n, job.threads, job.last)
        counts = np.diff(starts)
        assert self.tick is not None
        piece = Piece(
            first=number,
            sizes=np.array([order.size], np.int64),
            events=np.array([order.size], np.int64),
            ends=np.array([float(counts.size - 1)]),
            curve=np.zeros((1, 1, max(counts.size, 2)), np.int64),
            removed=np.zeros((0, 0), np.int64),
            times=none_of(np.float32, 2),
            kinds=none_of(np.int8, 2),
            tick=self.tick,
        )
        piece.curve[0, 0, : counts.size] = counts
        return piece

    def _pilot(self) -> float:
        """Width of bins in continuous time: a round number, about a hundredth of the longest."""
        self.tick = 1.0
        piece = self._piece(0, min(PILOT, 1 + self.job.replicates // (2 * PILOT)))
        self.bins = BINS  # those of the pilot are far too many
        longest = float(piece.ends.max()) - self.job.prepared.origin
        if not longest > 0.0:
            longest = 1.0
        for counter in self.people:
            counter[0][:] = 0
            counter[1][:] = 0
        rough = longest / 100.0
        scale = 10.0 ** math.floor(math.log10(rough))
        return next(scale * m for m in (1.0, 2.0, 5.0, 10.0) if scale * m >= rough * 0.999)

    def outcome(self) -> Outcome:
        """Put everything together."""
        record = self.job.record
        shape = Shape(
            n=self.job.seeds.n,
            origin=self.job.prepared.origin,
            removal=self.job.prepared.removal,
            people=bool({"people", "times"} & record),
            times="times" in record,
            kinds="kinds" in record,
            log="forest" in record and self.sink is None,
        )
        return together(self.pieces, self.people, shape)


# Room ------------------------------------------------------------------------------------------


def available() -> int:
    """Return the bytes of memory that this process can still take.

    The least of what the machine has, what the limit of the process on its address space leaves
    (``ulimit -v``, batch systems) and what its control group leaves (containers).
    """
    import psutil

    left = [int(psutil.virtual_memory().available)]
    try:
        import resource
    except ImportError:  # pragma: no cover - Windows has no such limits
        pass
    else:
        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            left.append(limit - int(psutil.Process().memory_info().vms))
    try:
        most, used = ((GROUP / f"memory.{name}").read_text().strip() for name in ("max", "current"))
        left.append(int(most) - int(used))
    except (OSError, ValueError):  # none, or no limit
        pass
    return max(0, min(left))


def check_room(
    replicates: int,
    per_replicate: float,
    fixed: float = 0.0,
    *,
    leaner: tuple[str, float] | None = None,
    where: str = "replicates",
) -> None:
    """Refuse a call that needs more memory than there is.

    Parameters
    ----------
    replicates : int
    per_replicate, fixed : float
        Bytes of one replicate, and of what does not depend on their number.
    leaner : (str, float), optional
        What else to try beside fewer replicates, and the bytes that it needs.
    where : str
        The argument to blame.
    """
    needed = replicates * per_replicate + fixed
    if needed < 1 << 26:  # not worth a look
        return
    there = available()
    if needed <= SHARE * there:
        return
    fitting = int(max(0.0, 0.8 * SHARE * there - fixed) / per_replicate)
    ways = [leaner[0]] if leaner and leaner[1] <= 0.5 * there else []
    if fitting >= 1:
        digits = 10 ** max(0, len(str(fitting)) - 2)
        ways.append(f"replicates={fitting // digits * digits}")
    raise KoubeiError(
        where,
        "more than memory holds",
        got=f"{replicates:,} replicates, about {needed / 2**30:,.1f} GiB",
        allowed=f"{there / 2**30:,.1f} GiB are free",
        fix=" or ".join(ways) or "a smaller network",
    )

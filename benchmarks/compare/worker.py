"""The process of one tree: runs a benchmark when it is told to.

Started as ``python -m benchmarks.compare.worker SOURCE`` with that tree's ``src`` on the path;
reads one line of JSON a question from standard input and answers with one line.  The benchmarks
are always those of the head, so that both trees do the same work; the library is the tree's own,
which is checked once.  Called by `processes` only.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from .rows import Row

LEAST_SAMPLE = 0.02  # seconds: shorter calls are repeated within a sample
MOST_CALLS = 10_000


class Bench:
    """The benchmark that is set up at the moment."""

    def __init__(self) -> None:
        self.instance: Any = None
        self.row: Row | None = None

    def prepare(self, row: Row) -> dict[str, Any]:
        """Set a benchmark up, call it once, and find how many calls make a sample."""
        self.drop()
        self.row, self.instance = row, row.instance()
        if hasattr(self.instance, "setup"):
            self.instance.setup(*row.params)
        if row.kind == "memory":
            return {}
        self.sample(1)  # kernels compiled and loaded, memory touched
        calls = getattr(self.instance, "number", 1)
        while not hasattr(self.instance, "number"):
            seconds = self.sample(calls) * calls
            if seconds >= LEAST_SAMPLE or calls >= MOST_CALLS:
                break
            calls = min(
                MOST_CALLS, max(2 * calls, int(1.2 * calls * LEAST_SAMPLE / max(seconds, 1e-7)))
            )
        return {"calls": calls}

    def sample(self, calls: int) -> float:
        """Return the seconds a call of so many in a row."""
        assert self.row is not None
        action, params = getattr(self.instance, self.row.method), self.row.params
        clock = getattr(self.instance, "timer", time.perf_counter)
        gc.collect()
        gc.disable()
        try:
            start = clock()
            for _ in range(calls):
                action(*params)
            return (clock() - start) / calls
        finally:
            gc.enable()

    def measure(self, calls: int, seconds: float) -> float:
        """Return the least seconds a call in samples that take so long together (two at least)."""
        found, start = [], time.perf_counter()
        while len(found) < 2 or time.perf_counter() - start < seconds:
            found.append(self.sample(calls))
            if len(found) == 1 and time.perf_counter() - start > seconds:
                break  # a long one
        return min(found)

    def memory(self) -> float:
        """Return the bytes that the benchmark needs above what the process held before."""
        assert self.row is not None
        give_back()
        before = forget_peak()
        getattr(self.instance, self.row.method)(*self.row.params)
        return max(peak() - before, 0)

    def drop(self) -> None:
        """Tear the benchmark down."""
        if self.row is not None and hasattr(self.instance, "teardown"):
            self.instance.teardown(*self.row.params)
        self.instance = self.row = None


def give_back() -> None:
    """Give memory that is free, but kept by allocators, back to the system.

    What they keep after `setup` varies, and the call measured next could use it unseen.
    """
    gc.collect()
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
    with contextlib.suppress(OSError, AttributeError):  # glibc only
        ctypes.CDLL(None).malloc_trim(0)


def resident(mark: str) -> float:
    """Return a mark of this process (VmRSS, VmHWM) in bytes."""
    with open("/proc/self/status") as status:
        return 1024 * int(next(line for line in status if line.startswith(mark)).split()[1])


def forget_peak() -> float:
    """Forget the peak of memory so far where the system can; return what is held now."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
        return resident("VmRSS")
    except OSError:
        return peak()


def peak() -> float:
    """Return the peak of memory in bytes."""
    try:
        return resident("VmHWM")
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def answer(bench: Bench, question: dict[str, Any]) -> Any:
    """Do what is asked."""
    ask = question.pop("ask")
    if ask == "prepare":
        question["params"] = tuple(question["params"])
        return bench.prepare(Row(**question))
    return getattr(bench, ask)(**question)


def main() -> None:
    """Answer questions until there are no more."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a benchmark prints goes to the log
    import koubei_sim

    where = Path(koubei_sim.__file__).resolve()
    if Path(sys.argv[1]).resolve() not in where.parents:
        raise SystemExit(f"the library came from {where.parent}, not from {sys.argv[1]}")
    bench = Bench()
    for line in sys.stdin:
        try:
            reply = {"value": answer(bench, json.loads(line))}
        except Exception as error:  # of whatever kind: the library may be an old one
            first = (str(error).splitlines() or [""])[0]
            reply = {"error": f"{type(error).__name__}: {first}"}
        print(json.dumps(reply), file=out, flush=True)
    bench.drop()


if __name__ == "__main__":
    main()

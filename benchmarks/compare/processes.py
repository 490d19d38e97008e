"""Workers: one process a tree, asked by lines of JSON; and the pair of them that `judge` measures.

Called by the command.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from .rows import Row

ROOT = Path(__file__).resolve().parents[2]


class Failed(Exception):
    """A benchmark could not be run in a tree."""


class Worker:
    """The process of one tree."""

    def __init__(self, tree: Path, log: IO[str]) -> None:
        self.tree, self.log = tree, log
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> subprocess.Popen[str]:
        """Start it, where it does not run already."""
        if self.process is None:
            source = str(self.tree / "src")
            self.process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.compare.worker", source],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": source},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.log,
                text=True,
            )
        return self.process

    def tell(self, ask: str, **what: Any) -> None:
        """Ask something, without waiting for the answer."""
        pipe = self.start().stdin
        assert pipe is not None
        with contextlib.suppress(BrokenPipeError):  # `hear` says what happened
            print(json.dumps({"ask": ask, **what}), file=pipe, flush=True)

    def hear(self) -> Any:
        """Wait for the answer."""
        process = self.start()
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            self.stop()
            raise Failed(f"its process ended with status {process.returncode}")
        found = json.loads(line)
        if "error" in found:
            raise Failed(found["error"])
        return found["value"]

    def stop(self) -> None:
        """End the process."""
        if self.process is not None:
            for pipe in (self.process.stdin, self.process.stdout):
                assert pipe is not None
                with contextlib.suppress(OSError):
                    pipe.close()
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


class Pair:
    """The workers of base and head, and the benchmark that both have set up."""

    def __init__(self, base: Path, head: Path, log: IO[str]) -> None:
        self.workers = {"base": Worker(base, log), "head": Worker(head, log)}
        self.calls = 1

    def prepare(self, row: Row) -> dict[str, str]:
        """Set a benchmark up in both trees at the same time; return why one could not."""
        if row.kind == "memory":
            self.stop()  # each peak is that of a new process
        for worker in self.workers.values():
            worker.tell("prepare", **asdict(row))
        calls, failures = [], {}
        for side, worker in self.workers.items():
            try:
                calls.append(worker.hear().get("calls", 1))
            except Failed as why:
                failures[side] = str(why)
        self.calls = max(calls, default=1)
        return failures

    def measure(self, side: str, row: Row, seconds: float) -> float:
        """Return the seconds a call (least of some samples), or the bytes, of one tree."""
        worker = self.workers[side]
        if row.kind == "memory":
            worker.tell("memory")
        else:
            worker.tell("measure", calls=self.calls, seconds=seconds)
        return worker.hear()

    def drop(self) -> None:
        """Forget the benchmark."""
        for worker in self.workers.values():
            if worker.process is not None:
                worker.tell("drop")
                with contextlib.suppress(Failed):
                    worker.hear()

    def stop(self) -> None:
        """End both processes."""
        for worker in self.workers.values():
            worker.stop()


def compile_in(tree: Path, rows: list[Row], log: IO[str]) -> None:
    """Call every benchmark once in a tree, in two processes, so that its kernels are compiled."""
    with pair(tree, tree, log) as both:
        halves: dict[str, list[Row]] = {"base": [], "head": []}
        for module in dict.fromkeys(row.module for row in rows):
            # Rules of cascades have kernels of their own, and are most of it: every second one.
            part = [row for row in rows if row.module == module and row.kind == "time"]
            firsts = dict.fromkeys(row.params[0] for row in part)
            for place, first in enumerate(firsts):
                side = ("base", "head")[place % 2]
                halves[side] += [row for row in part if row.params[0] == first]
        for side, chosen in halves.items():
            for row in chosen:
                both.workers[side].tell("prepare", **asdict(row))
        for side, chosen in halves.items():
            for _ in chosen:
                with contextlib.suppress(Failed):  # it is said where the row is measured
                    both.workers[side].hear()


@contextlib.contextmanager
def pair(base: Path, head: Path, log: IO[str]) -> Iterator[Pair]:
    """Give the workers of two trees, ended at the end whatever happens."""
    both = Pair(base, head, log)
    try:
        yield both
    finally:
        both.stop()

"""Packages as processes that take turns: each in its own environment, one working at a time.

Called by ``python -m benchmarks.peers``; the other end is `worker`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from .environments import ENVIRONMENTS, HERE, ROOT
from .measure import Sample
from .works import ADAPTERS, Work

# One thread for everybody, whatever pool of threads a package brings.
POOLS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON")
ONE_THREAD = {f"{pool}_NUM_THREADS": "1" for pool in POOLS} | {"POLARS_MAX_THREADS": "1"}


class PackageStopped(RuntimeError):
    """The process of a package has ended without an answer."""


def available(name: str) -> bool:
    """Whether the environment of an adapter is there."""
    environment = ADAPTERS[name][2]
    return environment == HERE or ENVIRONMENTS[environment].ready()


class Package:
    """One adapter, running; use it in a ``with`` block."""

    def __init__(self, name: str) -> None:
        self.name, self.releases = name, ""
        self.environment = ADAPTERS[name][2]
        variables = os.environ | ONE_THREAD
        python = sys.executable
        if self.environment != HERE:
            variables.pop("PYTHONPATH", None)  # nothing of ours is to be found there
            python = str(ENVIRONMENTS[self.environment].python)
        self._process = subprocess.Popen(
            [python, "-W", "ignore", "-m", "benchmarks.peers.worker", name],
            cwd=ROOT, env=variables, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def __enter__(self) -> Package:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise PackageStopped(f"{self.name}: its process has stopped, see the lines above")
        return json.loads(answer)

    def load(self, path: Path) -> float:
        """Read a graph; return the seconds of CPU that this took."""
        shows = "numba" if self.environment == HERE else ENVIRONMENTS[self.environment].shows
        answer = self._ask({"load": str(path), "shows": shows})
        self.releases = answer["releases"]
        return float(answer["seconds"])

    def run(self, work: Work, seeds: list[int], runs: int, key: int) -> Sample:
        """Do a row once."""
        return self.call(work.method, work.arguments, seeds, runs, key)

    def call(
        self, method: str, arguments: dict[str, Any], seeds: list[int], runs: int, key: int
    ) -> Sample:
        """Call a method of the adapter once."""
        answer = self._ask({"run": method, "seeds": seeds, "runs": runs, "key": key, **arguments})
        return Sample(np.array(answer["sizes"], np.int64), float(answer["milliseconds"]))

    def close(self) -> None:
        """End the process."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


def rounds_of(
    work: Work, packages: dict[str, Package], seeds: list[int], rounds: int, first_key: int = 0
) -> dict[str, list[Sample]]:
    """Warm everybody up, then let all take turns; another `first_key` gives fresh cascades.

    A package that stops is told of and left out of the row.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in packages}
    for turn in range(-1, rounds):
        for number, (name, package) in enumerate(packages.items()):
            if name not in samples:
                continue
            runs = work.runs[name] if turn >= 0 else min(2, work.runs[name])
            try:
                sample = package.run(work, seeds, runs, first_key + 1000 * (turn + 2) + number)
            except PackageStopped as stopped:
                print(f"  {stopped}")
                del samples[name]
                continue
            if turn >= 0:
                samples[name].append(sample)
    return samples

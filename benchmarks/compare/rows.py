"""The rows of a comparison: every benchmark of the suite with every combination of parameters.

Found without asv, by its own conventions of names; called by the command, the worker and tests.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SUITE = "benchmarks.suite"
KINDS = {"time_": "time", "peakmem_": "memory", "track_": "rate"}


@dataclass(frozen=True)
class Row:
    """One benchmark with its parameters."""

    module: str  # name within the suite
    owner: str  # the class
    method: str
    params: tuple[str, ...]
    quick: bool  # small, and short enough for the quick set

    @property
    def kind(self) -> str:
        """Whether it is a time, a peak of memory or a rate."""
        return next(kind for start, kind in KINDS.items() if self.method.startswith(start))

    @property
    def label(self) -> str:
        """Name for people, without the class: ``cascades.time_cascade/sir/sparse/small``."""
        return "/".join([f"{self.module}.{self.method}", *self.params])

    @property
    def name(self) -> str:
        """Name that asv gives the benchmark."""
        return f"{self.module}.{self.owner}.{self.method}"

    def instance(self, suite: str = SUITE) -> Any:
        """Return a new object of the class."""
        return getattr(importlib.import_module(f"{suite}.{self.module}"), self.owner)()


def modules(suite: str = SUITE) -> list[str]:
    """Return the names of the files of the suite."""
    return sorted(
        found.name for found in pkgutil.iter_modules(importlib.import_module(suite).__path__)
    )


def rows_of(module: str, suite: str = SUITE) -> Iterator[Row]:
    """Give the rows of one file; importing it may fail where the library is older than it."""
    for owner, kind in vars(importlib.import_module(f"{suite}.{module}")).items():
        if owner.startswith("_") or not inspect.isclass(kind):
            continue
        for method, function in inspect.getmembers(kind, inspect.isfunction):
            if function is not None and method.startswith(tuple(KINDS)):
                for params in itertools.product(*kind.params):
                    quick = params[-1] == "small" and getattr(kind, "quick", True)
                    yield Row(module, owner, method, params, quick)


def all_rows(suite: str = SUITE) -> list[Row]:
    """Return all rows."""
    return [row for module in modules(suite) for row in rows_of(module, suite)]

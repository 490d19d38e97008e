"""Sweeps in TOML files: what ``koubei sweep FILE.toml`` reads.

A file names the scenario, changes to it, and exactly one way to choose points.  All of it is
checked before anything runs, and a wrong word gets the nearest right one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BeforeValidator, model_validator

from koubei_sim.checks import path as path_of
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.scenario import Scenario
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
            return prior_sample(base, asked.points, chosen, asked.spread, asked.method)
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
        asked.engine,
        asked.outcomes,
        *asked.supplied(base, path),
    )
    if asked.ensemble is None or asked.ensemble.ranges is not None:  # [set] may say around what
        asked.apart_from_set(f"{path}: {asked.way}", planned.points.columns)
    backend = asked.backend or ("threads" if asked.scheduler is None else "dask")
    return PlannedSweep(planned, folder, backend, asked.workers, asked.scheduler)

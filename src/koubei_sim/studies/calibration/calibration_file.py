"""Calibrations in TOML files: what ``koubei calibrate FILE.toml`` reads.

A file names the scenario, changes to it, the free parameters with their ranges, targets, and how to
fit.  All of it is checked before anything runs; a wrong word gets the nearest right one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BeforeValidator, WithJsonSchema, model_validator

from koubei_sim.checks import path as path_of
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.files import read_toml
from koubei_sim.studies.calibration.calibrate import calibrate
from koubei_sim.studies.calibration.calibration import Calibration
from koubei_sim.studies.calibration.simulator import ranges_from
from koubei_sim.studies.calibration.targets import Target, Targets
from koubei_sim.studies.design.study_file import (
    Flat,
    Names,
    OfScenario,
    Ranges,
    Real,
    Said,
    StudyFile,
    Whole,
    YesNo,
    entry,
)
from koubei_sim.studies.design.values import Range

_OPTIONS: Final = (
    "method", "particles", "simulations", "generations", "quantile", "replicates", "adjust", "rng",
    "backend", "workers", "wave_gap", "start",
)  # fmt: skip

#: A date, its text, or a day of the run.
Moment = Annotated[Any, WithJsonSchema({"type": ["string", "integer"]})]


def _list(value: Any) -> Any:
    if not isinstance(value, list):
        raise KoubeiError("", "must be a list", got=repr(value))
    return value


class Point(StudyFile):
    """An observed point before the run that only the baselines see."""

    date: Moment = entry(..., "When")
    count: Real = entry(..., "How many", above=0)


class OtherSeries(StudyFile):
    """Another series that goes with the counts; the baseline ``beside`` adds a constant to it."""

    name: Said = entry(..., "What it is called")
    dates: Annotated[list[Moment], BeforeValidator(_list)] = entry(..., "Dates, or days of the run")
    values: Annotated[list[Any], BeforeValidator(_list)] = entry(
        ..., "Cumulative counts, one a date, never falling"
    )
    source: str = entry("", "Where the numbers stand")


class OneTarget(StudyFile):
    """One observed number, see `Target`."""

    name: Said = entry(..., "What it is called")
    value: Real = entry(..., "What was observed")
    tolerance: Real = entry(..., "How near is near enough", above=0)
    statistic: Said = entry(..., "Which number of a run it is held against")
    level: str = entry(..., "Which kind of validity it speaks for")
    weight: Real = entry(1.0, "Weight of its squared distance; 0 shows it without fitting", low=0)
    log: YesNo = entry(True, "Whether distances are those of logarithms")
    source: str = entry("", "Where the number stands")
    hold_out: YesNo = entry(False, "Never shown to a fit")


class Series(StudyFile):
    """Observed numbers of one quantity on several dates, see `Targets.series`."""

    name: str = entry("series", "What it is called")
    quantity: str = entry("users", "What is counted")
    dates: Annotated[list[Moment], BeforeValidator(_list)] = entry(..., "Dates, or days of the run")
    values: Annotated[list[Any], BeforeValidator(_list)] = entry(
        ..., "What was observed, one a date"
    )
    tolerance: Annotated[Any, WithJsonSchema({"type": ["number", "array"]})] = entry(
        0.1, "How near is near enough: one number, or one a date"
    )
    level: str = entry("empirical-output", "Which kind of validity it speaks for")
    hold_out_after: Moment = entry(None, "Later points are held out")
    weight: Real = entry(1.0, "Weight of each squared distance", low=0)
    log: YesNo = entry(True, "Whether distances are those of logarithms")
    source: str = entry("", "Where the numbers stand")


class CalibrationFile(OfScenario):
    """What a calibration file may say."""

    ranges: Ranges | None = entry(None, "The free parameters: dotted path -> { low, high, log }")
    parameters: Names | None = entry(None, "The free parameters, with the ranges of `prior_sample`")
    start: Flat | None = entry(None, "Values of the first trial, for optuna")
    targets: list[OneTarget] = entry([], "Observed numbers", allowed="[[targets]]")
    series: list[Series] = entry([], "Observed curves", allowed="[[series]]")
    baseline_start: Point | None = entry(None, "An earlier point that only the baselines see")
    beside: OtherSeries | None = entry(None, "Another series that only the baselines see")
    predictive: Whole = entry(100, "Posterior predictive runs", low=1)
    out: str | None = entry(None, "Folder; the file's name without it")
    method: str = entry("abc-smc", "abc-smc, abc or optuna")
    particles: Whole = entry(200, "Particles of the posterior", low=1)
    simulations: Whole = entry(4_000, "Parameter sets simulated at most", low=1)
    generations: Whole = entry(5, "Generations at most", low=1)
    quantile: Real = entry(0.5, "Each generation accepts what is nearer than this quantile")
    replicates: Whole = entry(1, "Runs averaged for each parameter set", low=1)
    adjust: YesNo = entry(True, "Whether the posterior is adjusted by local linear regression")
    rng: Whole | None = entry(None, "The key", low=0)
    backend: str = entry("threads", "threads or loky")
    workers: Whole | None = entry(None, "Threads or processes", low=1)
    wave_gap: Real | None = entry(None, "Days between two waves", low=0)

    @model_validator(mode="after")
    def _whole(self) -> CalibrationFile:
        if (self.ranges is None) == (self.parameters is None):
            raise KoubeiError(
                "", "needs the free parameters", allowed="[ranges], or parameters = [..]"
            )
        if not self.targets and not self.series:
            raise KoubeiError("", "no targets", allowed="[[targets]] or [[series]]")
        return self

    def all_targets(self) -> Targets:
        """Return the points of all series, and the targets."""
        found: list[Target] = []
        for series in self.series:
            found += Targets.series(**{name: getattr(series, name) for name in Series.model_fields})
        return Targets([*found, *(Target(**target.model_dump()) for target in self.targets)])

    def options(self) -> dict[str, Any]:
        """Return the further arguments of `calibrate` that the file names."""
        found: dict[str, Any] = {
            name: getattr(self, name) for name in _OPTIONS if name in self.model_fields_set
        }
        if self.baseline_start is not None:
            found["baseline_start"] = (self.baseline_start.date, self.baseline_start.count)
        if self.beside is not None:
            found["beside"] = (self.beside.name, self.beside.dates, self.beside.values)
        return found


class PlannedCalibration(NamedTuple):
    """A calibration that a file describes.

    Attributes
    ----------
    scenario : Scenario
    targets : Targets
    ranges : mapping of str to range, or list of str
    options : dict
        Further arguments of `calibrate`.
    out : Path
    predictive : int
        Posterior predictive runs.
    """

    scenario: Scenario
    targets: Targets
    ranges: Any
    options: dict[str, Any]
    out: Path
    predictive: int

    def run(self, **changes: Any) -> Calibration:
        """Calibrate; `changes` replace arguments of `calibrate`."""
        options = {**self.options, "out": self.out, **changes}
        return calibrate(self.scenario, self.targets, self.ranges, **options)


def read_calibration(file: str | Path, out: str | Path | None = None) -> PlannedCalibration:
    """Read a calibration file.

    Parameters
    ----------
    file : path
        TOML; a scenario file named in it is relative to it.
    out : path, optional
        Folder; ``out`` of the file without it, else the file's name without ending.

    Raises
    ------
    KoubeiError
        One line for the first thing that is wrong.
    """
    path = path_of("file", file)
    return from_table(read_toml(path), path, out)


def from_table(
    content: Mapping[str, Any], path: Path, out: str | Path | None = None
) -> PlannedCalibration:
    """Return the calibration of a table as a file holds it; `path` is where it stands."""
    asked = CalibrationFile.of(content, str(path))
    base = asked.base(path)
    goal = path.stem if asked.out is None else asked.out
    if asked.ranges is not None:  # around `parameters` [set] may say what is the middle
        # A value that the range holds is what stood there before the fit, and the fit replaces it;
        # one outside it contradicts the range.
        prior = ranges_from(base, asked.ranges)
        apart = [name for name in prior if not _within(asked.set.get(name), prior[name])]
        asked.apart_from_set(f"{path}: ranges", apart)
    return PlannedCalibration(
        base,
        asked.all_targets(),
        list(asked.parameters or ()) if asked.ranges is None else asked.ranges,
        asked.options(),
        path_of(f"{path}: out", goal if out is None else out),
        asked.predictive,
    )


def _within(value: object, found: Range) -> bool:
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return plain and found.low <= value <= found.high  # type: ignore[operator]

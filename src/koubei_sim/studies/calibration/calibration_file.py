"""Calibrations in TOML files: what ``koubei calibrate FILE.toml`` reads.

A file names the scenario, changes to it, the free parameters with their ranges, targets, and how to
fit.  All of it is checked before anything runs; a wrong word gets the nearest right one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from koubei_sim.checks import path as path_of
from koubei_sim.checks import whole
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.files import read_toml
from koubei_sim.studies.calibration.calibrate import calibrate
from koubei_sim.studies.calibration.calibration import Calibration
from koubei_sim.studies.calibration.simulator import ranges_from
from koubei_sim.studies.calibration.targets import WORDS as TARGET_WORDS
from koubei_sim.studies.calibration.targets import Target, Targets
from koubei_sim.studies.design.values import Range
from koubei_sim.studies.sweep.sweep_file import apart_from_set, flat, scenario_in

_OPTIONS: Final = (
    "method", "particles", "simulations", "generations", "quantile", "replicates", "adjust", "rng",
    "backend", "workers", "wave_gap",
)  # fmt: skip
WORDS: Final = (
    "scenario", "set", "ranges", "parameters", "start", "targets", "series", "baseline_start",
    "predictive", "out", *_OPTIONS,
)  # fmt: skip
_SERIES: Final = (
    "name", "quantity", "dates", "values", "tolerance", "level", "hold_out_after", "weight", "log",
    "source",
)  # fmt: skip


class CalibrationFile(NamedTuple):
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


def read_calibration(file: str | Path, out: str | Path | None = None) -> CalibrationFile:
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
) -> CalibrationFile:
    """Return the calibration of a table as a file holds it; `path` is where it stands."""
    where = str(path)
    _known(where, content, WORDS)
    base = scenario_in(content, path)
    options = {word: content[word] for word in _OPTIONS if word in content}
    if "start" in content:
        options["start"] = flat(_table(f"{where}: start", content["start"]))
    if "baseline_start" in content:
        start = _table(f"{where}: baseline_start", content["baseline_start"])
        _known(f"{where}: baseline_start", start, ("date", "count"))
        if set(start) != {"date", "count"}:
            raise KoubeiError(f"{where}: baseline_start", "needs date and count")
        options["baseline_start"] = (start["date"], start["count"])
    predictive = content.get("predictive", 100)
    predictive = whole(f"{where}: predictive", predictive, 1)
    goal = path_of(f"{where}: out", content.get("out", path.stem) if out is None else out)
    ranges = _ranges(content, where)
    if "ranges" in content:  # around `parameters` [set] may say what is the middle
        # A value that the range holds is what stood there before the fit, and the fit replaces it;
        # one outside it contradicts the range.
        fixed = flat(content.get("set", {}))
        prior = ranges_from(base, ranges)
        apart = [path for path in prior if not _within(fixed.get(path), prior[path])]
        apart_from_set(f"{where}: ranges", apart, content)
    return CalibrationFile(
        base, _targets(content, where), ranges, options, goal, predictive,
    )  # fmt: skip


def _within(value: object, found: Range) -> bool:
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return plain and found.low <= value <= found.high  # type: ignore[operator]


def _known(where: str, content: Mapping[str, Any], words: tuple[str, ...]) -> None:
    for word in content:
        if word not in words:
            raise KoubeiError(
                f"{where}: {word}",
                "unknown word",
                allowed=", ".join(words),
                fix=nearest(word, words),
            )


def _table(where: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise KoubeiError(where, "must be a table", got=given)
    return given


def _ranges(content: Mapping[str, Any], where: str) -> Any:
    if ("ranges" in content) == ("parameters" in content):
        raise KoubeiError(
            where, "needs the free parameters", allowed="[ranges], or parameters = [..]"
        )
    if "parameters" in content:
        return content["parameters"]
    given = _table(f"{where}: ranges", content["ranges"])
    return flat(given, lambda entry: "low" in entry or "high" in entry or "choices" in entry)


def _targets(content: Mapping[str, Any], where: str) -> Targets:
    found: list[Target] = []
    for number, entry in enumerate(_list(content, "series", where)):
        here = f"{where}: series {number + 1}"
        _known(here, _table(here, entry), _SERIES)
        for word in ("dates", "values"):
            if not isinstance(entry.get(word), list):
                raise KoubeiError(f"{here}: {word}", "must be a list", got=entry.get(word))
        options = {word: entry[word] for word in _SERIES[4:] if word in entry}
        for word in ("name", "quantity"):
            if word in entry:
                options[word] = entry[word]
        found += Targets.series(entry["dates"], entry["values"], **options)
    words = tuple(word for word in TARGET_WORDS if word != "series")
    for number, entry in enumerate(_list(content, "targets", where)):
        here = f"{where}: target {number + 1}"
        _known(here, _table(here, entry), words)
        missing = [word for word in words[:5] if word not in entry]
        if missing:
            raise KoubeiError(here, f"lacks {', '.join(missing)}")
        found.append(Target(**entry))
    if not found:
        raise KoubeiError(where, "no targets", allowed="[[targets]] or [[series]]")
    return Targets(found)


def _list(content: Mapping[str, Any], word: str, where: str) -> list[Any]:
    given = content.get(word, [])
    if not isinstance(given, list):
        raise KoubeiError(f"{where}: {word}", "must be a list of tables", fix=f"[[{word}]]")
    return given

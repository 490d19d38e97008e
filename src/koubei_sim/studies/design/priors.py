"""Prior ensembles: how far results hang on the many values that are assumptions.

`prior_sample` takes the table of parameters and makes a range around every number that is in force
and has no source, so that a sweep over it says what is known before anything is fitted.
Called by people, by sweep files, and by sensitivity studies.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from koubei_sim.checks import number as number_of
from koubei_sim.checks import word
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.mechanisms.fields import STRUCTURE
from koubei_sim.model.scenario import Scenario, parameter_table
from koubei_sim.model.scenario.parameters import idle
from koubei_sim.runs.options import scenario_from, texts
from koubei_sim.studies.design.points import LatinHypercube, RandomPoints, SobolPoints
from koubei_sim.studies.design.values import Range, range_of

if TYPE_CHECKING:
    from koubei_sim.model.scenario import Row

METHODS: Final[dict[str, Callable[..., Any]]] = {
    "latin": LatinHypercube,
    "sobol": SobolPoints,
    "random": RandomPoints,
}
_BOTH = re.compile(r"^(-?[\d.e+-]+|-inf)\.\.([\d.e+-]+|inf)$")
_ABOVE = re.compile(r"^above (-?[\d.e+-]+)(?:, at most ([\d.e+-]+|inf))?$")


def prior_sample(
    scenario: Scenario | str | Path,
    number: int,
    paths: Sequence[str] | Mapping[str, Any] | None = None,
    spread: float = 2.0,
    method: Literal["latin", "sobol", "random"] = "latin",
) -> LatinHypercube | SobolPoints | RandomPoints:
    """Return a design over the prior ranges of a scenario's parameters.

    Parameters
    ----------
    scenario : Scenario, str or Path
        The scenario whose values are the centres.
    number : int
        Number of points.
    paths : sequence of str, or mapping of str to range, optional
        Which parameters; a mapping gives ranges of its own.  Without it: every number without a
        source (whose provenance is an assumption) that acts: its mechanism is on (value not
        neutral, and nothing neutral that it hangs on) and its range fits the rest of the scenario.
        Those that define kinds of people, tiers and loyalty are among them, also entries of lists
        and tables (``telling.tier_factor.1``, ``segments.newbie.membership.forum``); sizes, days
        and lengths of the run are not.
    spread : float
        A value v gets the range ``v / spread .. v * spread``, uniform in the logarithm, cut to
        what the parameter may be.  A share in 0..1 gets the range in which its odds are divided
        and multiplied by `spread`, uniform.  A named parameter at the end of its range gets all
        of it.
    method : {"latin", "sobol", "random"}
        How the points lie in it.

    Returns
    -------
    design
        For `sweep`; its ``ranges`` say what is varied and how far.

    Raises
    ------
    KoubeiError
        For an unknown path or method, a spread of 1 or less, or a parameter without a range.

    Examples
    --------
    >>> design = prior_sample("tiny", 16, ["seeding.purity", "telling.relay_days"])
    >>> design.ranges["seeding.purity"]
    Range(low=0.6667, high=0.8889, log=False, whole=False, choices=())
    >>> design.ranges["telling.relay_days"]
    Range(low=3, high=10, log=True, whole=True, choices=())
    """
    word("method", method, tuple(METHODS))
    spread = check_spread(spread)
    base = scenario_from("scenario", scenario)
    rows = {row.path: row for row in single_numbers(parameter_table(base))}
    ranges: dict[str, Range] = {}
    if paths is None:
        chosen = [path for path, row in rows.items() if _assumed(row) and not idle(row, rows)]
    else:
        chosen = texts("paths", paths)
    for path in chosen:
        if path not in rows:
            raise KoubeiError(path, "unknown parameter", fix=nearest(path, rows))
        whole = isinstance(rows[path].value, int)
        if isinstance(paths, Mapping):
            ranges[path] = range_of(path, paths[path], whole)
            continue
        found = _around(rows[path], float(spread))
        if found is not None and (paths is not None or _fits(base, path, found)):
            ranges[path] = found
        elif paths is not None:
            raise KoubeiError(
                path,
                "no range around this value",
                got=rows[path].value,
                allowed=rows[path].range,
                fix=f"paths={{'{path}': [one, other]}}",
            )
    if not ranges:
        raise KoubeiError("paths", "no parameter to vary", fix="paths=['seeding.purity']")
    design: LatinHypercube | SobolPoints | RandomPoints = METHODS[method](ranges, number)
    return design


def check_spread(spread: object) -> float:
    """Return how far ranges reach: a factor above 1."""
    found = number_of("spread", spread, 1.0, 1e6)
    if not found > 1.0:
        raise KoubeiError("spread", "out of range", got=found, allowed="above 1", fix="2.0")
    return found


def single_numbers(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows; of lists and tables of numbers also the entries, each as a row of its own."""
    for row in rows:
        yield row
        if isinstance(row.value, Mapping):
            entries = dict(row.value)
        elif isinstance(row.value, tuple) and all(map(_number, row.value)):
            entries = {str(place): value for place, value in enumerate(row.value)}
        else:
            continue
        for name, value in entries.items():
            of = row.neutral
            neutral = of[int(name)] if isinstance(of, tuple) and name.isdigit() else of
            yield row._replace(path=f"{row.path}.{name}", value=value, neutral=neutral)


#: What a scenario is about, and when things happen: no doubt about the world.
_SETTING: Final = (
    "n_agents", "people_per_agent", "ticks", "supply.every", "seeding.number",
    # Thresholds must rise: the lowest stands for all, so that no draw is against the rules.
    "loyalty.die_hard", "loyalty.core",
)  # fmt: skip
_NO_DOUBT: Final = ("day", "date", "name", "choice", "agents")


def _assumed(row: Row) -> bool:
    """Whether a parameter is a number in force without a source."""
    bounds = limits(row.range)
    edge = row.neutral == STRUCTURE and bounds is not None and row.value in bounds
    return (
        _number(row.value)
        and row.value not in (0, row.neutral)
        and not edge  # a list may end at what it can be at most, which is no assumption
        and row.unit not in _NO_DOUBT
        and row.path not in _SETTING
        and not row.path.startswith("milestones.")
        and "assumption" in row.provenance
    )


def _fits(base: Scenario, path: str, found: Range) -> bool:
    """Whether both ends of a range make a scenario, all else as it is."""
    try:
        base.replace(**{path: found.low})
        base.replace(**{path: found.high})
    except KoubeiError:
        return False
    return True


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _around(row: Row, spread: float) -> Range | None:
    """Return the range around the value of a row, or None where there is no sensible one."""
    bounds = limits(row.range)
    if not _number(row.value) or bounds is None:
        return None
    low, high = bounds
    value, whole = row.value, isinstance(row.value, int)
    if (low, high) == (0.0, 1.0) and not whole and 0 < value < 1:
        odds = value / (1.0 - value)
        least, most = (float(f"{end / (1.0 + end):.4g}") for end in (odds / spread, odds * spread))
        return Range(least, most)
    if value in bounds:
        if not (math.isfinite(low) and math.isfinite(high)):
            return None
        return Range(int(low), int(high), False, True) if whole else Range(low, high)
    ends = sorted((value / spread, value * spread))
    least, most = max(ends[0], low), min(ends[1], high)
    if whole:
        least, most = math.floor(least + 0.5), math.floor(most + 0.5)
    if not least < most:
        return None
    return Range(least, most, least > 0, whole)


def widened(around: Range, factor: float, low: float, high: float) -> Range:
    """Return a range `factor` times as wide at both ends, inside what the parameter may be.

    Ends are divided and multiplied; in a range 0..1 it is their odds.

    Examples
    --------
    >>> widened(Range(2.0, 8.0), 2.0, 0.0, math.inf)
    Range(low=1.0, high=16.0, log=False, whole=False, choices=())
    >>> widened(Range(0.2, 0.5), 2.0, 0.0, 1.0).low
    0.1111
    """
    if around.choices or factor <= 1.0:
        return around
    ends = [float(around.low), float(around.high)]
    if (low, high) == (0.0, 1.0) and not around.whole:
        for end, times in ((0, 1.0 / factor), (1, factor)):
            if 0.0 < ends[end] < 1.0:
                odds = ends[end] / (1.0 - ends[end]) * times
                ends[end] = float(f"{odds / (1.0 + odds):.4g}")
    else:
        ends[0] = ends[0] / factor if ends[0] > 0.0 else ends[0] * factor
        ends[1] = ends[1] * factor if ends[1] > 0.0 else ends[1] / factor
        ends = [max(low, ends[0]), min(high, ends[1])]
        if around.whole:
            ends = [math.floor(ends[0] + 0.5), math.floor(ends[1] + 0.5)]
    return Range(ends[0], ends[1], around.log and ends[0] > 0.0, around.whole)


def limits(text: str) -> tuple[float, float] | None:
    """Return the bounds that the range column of the table of parameters says.

    Examples
    --------
    >>> limits("0..1"), limits("above 0, at most inf"), limits("follow, lattice")
    ((0.0, 1.0), (0.0, inf), None)
    """
    if found := _BOTH.match(text):
        return float(found[1]), float(found[2])
    if found := _ABOVE.match(text):
        return float(found[1]), float(found[2] or "inf")
    return None

"""The points of a sensitivity study: ends of ranges, Morris' trajectories, Saltelli's rows.

Ranges come from the table of parameters through `prior_sample`, or are given; SALib chooses the
points in the unit cube, and `Range.at` turns shares of a range into values, so that whole
numbers and choices stay what they are. Called by `sensitivity`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import whole, word
from koubei_sim.core import draws
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario, parameter_table
from koubei_sim.runs.options import texts
from koubei_sim.studies.design.points import MOST_POINTS
from koubei_sim.studies.design.priors import prior_sample, single_numbers
from koubei_sim.studies.design.values import Range

METHODS: Final = ("oat", "morris", "sobol")
#: Trajectories (Morris) and base rows (Sobol) where nothing is said.
POINTS: Final = {"morris": 10, "sobol": 512}
#: More levels than this are taken for a mistake (Morris' grid has 4 to 10).
MOST_LEVELS: Final = 1_000
#: Purpose of the draw that seeds SALib's own generator (the model uses codes below 100).
DRAW_SALIB: Final = 185


class Design(NamedTuple):
    """Points of a study.

    Attributes
    ----------
    method : str
    ranges : dict of str to Range
    rows : int
        Trajectories or base rows; 1 for one at a time.
    levels : int
        Levels of Morris' grid.
    second : bool
        Whether there are rows for second order indices.
    shares : (points, K) array
        Where each point lies in the ranges, 0..1; empty for one at a time.
    columns : dict of str to list
        Values by path, for `Table`.
    """

    method: str
    ranges: dict[str, Range]
    rows: int
    levels: int
    second: bool
    shares: NDArray[np.float64]
    columns: dict[str, list[Any]]


def ranges_of(
    base: Scenario, paths: Sequence[str] | Mapping[str, Any] | str | None, spread: float
) -> dict[str, Range]:
    """Return the range of each path, in the order given.

    Raises
    ------
    KoubeiError
        For an unknown path, one that stands twice, none at all, or one without a range.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> found = ranges_of(Scenario(), {"seeding.purity": None, "telling.relay": (0.0, 0.5)}, 2.0)
    >>> found["telling.relay"]
    Range(low=0.0, high=0.5, log=False, whole=False, choices=())
    """
    if paths is None:
        return dict(prior_sample(base, 1, None, spread).ranges)
    names = texts("paths", paths)
    if not names:
        raise KoubeiError("paths", "no parameter to vary", fix="paths=['seeding.purity']")
    given = {n: r for n, r in paths.items() if r is not None} if isinstance(paths, Mapping) else {}
    found = dict(prior_sample(base, 1, given, spread).ranges) if given else {}
    others = [name for name in names if name not in given]
    if others:
        found.update(prior_sample(base, 1, others, spread).ranges)
    for name in names:
        if len(found[name].choices) == 1:
            raise KoubeiError(name, "one choice is no range", got=found[name].choices[0])
    return {name: found[name] for name in names}


def make_design(
    base: Scenario,
    ranges: dict[str, Range],
    method: str,
    points: int | None,
    levels: int,
    second: bool,
    key: int,
) -> Design:
    """Return the points of a study.

    Raises
    ------
    KoubeiError
        For an unknown method, a number of points or levels that the method cannot use, or where
        SALib is needed and not installed.
    """
    word("method", method, METHODS)
    parameters = len(ranges)
    if method == "oat":
        if points is not None:
            raise KoubeiError(
                "points", "one at a time needs none: two ends a parameter", got=points
            )
        columns = _one_at_a_time(base, ranges)
        return Design("oat", ranges, 1, 0, False, np.empty((0, parameters)), columns)
    rows = whole("points", POINTS[method] if points is None else points, 2)
    each = parameters + 1 if method == "morris" else (2 if second else 1) * parameters + 2
    if rows * each > MOST_POINTS:
        raise KoubeiError(
            "points", "too many", got=f"{rows:,} rows of {each}",
            allowed=f"up to {MOST_POINTS:,} points in all", fix=str(1 << 9),
        )  # fmt: skip
    if method == "sobol" and rows & (rows - 1):
        below = 1 << (rows.bit_length() - 1)
        raise KoubeiError(
            "points",
            "Sobol's rows must be a power of two, their balance is lost otherwise",
            got=rows,
            allowed=f"{below}, {2 * below}, ...",
            fix=str(2 * below),
        )
    levels = whole("levels", levels, 2, MOST_LEVELS)
    if method == "morris" and levels % 2:
        raise KoubeiError("levels", "must be even", got=levels, fix=str(levels + 1))
    problem = {
        "num_vars": parameters,
        "names": list(ranges),
        "bounds": [[0.0, 1.0]] * parameters,
    }
    seed = _seed(key)
    sampler = _salib(method)
    if method == "morris":
        shares = sampler.sample(problem, rows, num_levels=levels, seed=seed)
    else:
        shares = sampler.sample(problem, rows, calc_second_order=second, seed=seed)
    shares = np.clip(np.asarray(shares, dtype=np.float64), 0.0, 1.0)
    columns = {
        path: [a_range.at(float(share)) for share in shares[:, number]]
        for number, (path, a_range) in enumerate(ranges.items())
    }
    return Design(method, ranges, rows, levels, second and method == "sobol", shares, columns)


def ends_of(a_range: Range) -> tuple[Any, Any]:
    """Return the two ends of a range: low and high, or the first and the last choice."""
    if a_range.choices:
        return a_range.choices[0], a_range.choices[-1]
    return a_range.low, a_range.high


def _one_at_a_time(base: Scenario, ranges: dict[str, Range]) -> dict[str, list[Any]]:
    """Point 0 is the scenario as it is, 1 and 2 the ends of the first range, and so on."""
    values = {row.path: row.value for row in single_numbers(parameter_table(base))}
    columns: dict[str, list[Any]] = {}
    for number, (path, a_range) in enumerate(ranges.items()):
        column = [values[path]] * (1 + 2 * len(ranges))
        column[1 + 2 * number], column[2 + 2 * number] = ends_of(a_range)
        columns[path] = column
    return columns


def _seed(key: int) -> int:
    """Return the seed that SALib gets: 32 bits that the key decides, never 0."""
    return int(draws.drawn(1, key, DRAW_SALIB)[0] >> np.uint64(33)) + 1


def _salib(method: str) -> Any:
    try:
        return importlib.import_module(f"SALib.sample.{method}")
    except ImportError:
        raise KoubeiError(
            "method",
            f"{method} needs SALib, which is not installed",
            allowed="oat without it",
            fix="pip install 'koubei-sim[calibrate]'",
        ) from None

"""Break-even: the value of a parameter at which a programme begins, or ceases, to pay.

The effect of a programme is the paired difference between a scenario with it and without it, under
common random numbers.  As a parameter moves, the effect changes its sign somewhere; bisection
finds where, and twice more where the interval of the effect begins and ceases to hold zero: that
is the interval of the break-even.
Called by people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import Backend, Engine, whole
from koubei_sim.checks import number as number_of
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.looks import Look, wrapped
from koubei_sim.metrics import Interval
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.parameters import parameter_table
from koubei_sim.runs.options import options_from, scenario_from
from koubei_sim.runs.progress import Progress as Told
from koubei_sim.runs.simulation import Outcome
from koubei_sim.studies.compare.criterion import criterion_from, paired_interval
from koubei_sim.studies.sweep.engine import Study, Tell, execution_from, kept_key

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class BreakEven(Look):
    """Where an effect changes its sign.

    Attributes
    ----------
    path : str
        The parameter.
    value : float
        Where the mean effect is zero; for a whole-number parameter, the first value at which it
        has the sign of the upper end.
    low, high : float
        Between these the effect cannot be told from zero (95 %); an end of the search range where
        that holds up to there.
    bounded : tuple of bool
        Whether `low` and `high` were found inside the range.
    effects : dict of float to (R,) array
        The paired effect at every value that was tried.
    key : int
    shares : bool or None
        Whether the outcome happens or not (take-off), so that effects are differences of shares;
        None of a function, where the effects say it.
    """

    path: str
    value: float
    low: float
    high: float
    bounded: tuple[bool, bool]
    effects: dict[float, NDArray[np.float64]]
    key: int
    shares: bool | None = False

    def table(self) -> pd.DataFrame:
        """Return the mean effect and its 95 % interval at every value tried, in order."""
        return tried(self.path, self.effects, self.key, self.shares)

    def __repr__(self) -> str:
        """Say where the sign changes, and how surely."""
        low, high = (f"{end:.4g}" for end in (self.low, self.high))
        ends = f"{'' if self.bounded[0] else 'below '}{low} .. "
        ends += f"{'' if self.bounded[1] else 'above '}{high}"
        pairs = next((values.size for values in self.effects.values()), 0)
        return wrapped(
            f"BreakEven({self.path} {self.value:.4g} (95 % {ends}); "
            f"{len(self.effects)} values tried, {pairs} pairs, key {self.key})"
        )


def tried(
    path: str, effects: Mapping[float, NDArray[np.float64]], key: int, shares: bool | None
) -> pd.DataFrame:
    """Return mean effect and 95 % interval at each value of a search, in order."""
    from koubei_sim.looks.frames import Table

    found = {value: paired_interval(effects[value], key, 0, shares) for value in sorted(effects)}
    rows = [[value, *interval[:3]] for value, interval in found.items()]
    return Table(rows, columns=[path, "effect", "low", "high"]).set_index(path)


def break_even(
    scenario: Any,
    programme: Mapping[str, Any],
    path: str,
    low: float,
    high: float,
    outcome: Outcome = "users",
    replicates: int = 20,
    rng: object = None,
    tolerance: float | None = None,
    threads: int | None = None,
    *,
    networks: object = None,
    agents: Any = None,
    engine: Engine = "compiled",
    out: str | Path | None = None,
    backend: Backend | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool | Tell | Told | None = None,
) -> BreakEven:
    """Find the value of a parameter at which the effect of a programme changes its sign.

    Parameters
    ----------
    scenario : Scenario, preset name or path
        The world without the programme.
    programme : mapping
        Values at dotted paths that make it the world with the programme.
    path : str
        Dotted path of a number, which takes the same value in both worlds; it may stand in an
        entry that only the programme adds.
    low, high : float
        Range of the search.  The mean effect must have different signs at its ends.
    outcome : str or callable
        A measure (`metrics.measure`), or a function of (history, scenario), such as a profit;
        ``P(users >= 1000)`` is the chance of so many, ``log1p(users)`` a mean logarithm.
    replicates, rng, threads, networks, agents, engine, progress
        As in `koubei_sim.run`; two or more replicates, since the interval comes from them.  How
        many runs it takes is known at the end only, so the number in all grows on the way.
    out, backend, workers, scheduler : optional
        As in `sweep`: with a folder the same call again goes on with what is not finished.  It has
        a journal for each value that was tried.
    tolerance : float, optional
        Width at which the bisection ends; a thousandth of the range without it.  Whole numbers
        are searched to the unit.

    Returns
    -------
    BreakEven

    Raises
    ------
    KoubeiError
        Where the effect has one sign at both ends.

    Notes
    -----
    The interval inverts the test of no effect: a value is inside as long as the 95 % interval of
    the paired effect at it holds zero, of a chance (``take_off``, ``P(...)``) that of paired shares
    (`criterion.paired_interval`).  Bisection takes it that the effect changes its sign once;
    `BreakEven.table` shows what was seen.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> base = Scenario.load("tiny").replace(n_agents=300, ticks=15)
    >>> def profit(history, scenario):
    ...     from koubei_sim.metrics import adoptions, spend
    ...
    ...     cost = sum(part.sum() for part in spend(history, scenario).values())
    ...     return 100.0 * adoptions(history).sum() - cost
    >>> campaign = {"media.account.start": 2, "media.account.visibility": 0.5}
    >>> found = break_even(
    ...     base, campaign, "media.account.cost_per_day", 0.0, 2000.0, profit, 5, rng=1
    ... )
    >>> found.low < found.value < found.high
    True
    """
    execution = execution_from(out, backend, workers, scheduler, threads, progress)
    options = options_from(kept_key(rng, execution.out), networks, agents, engine)
    key, own = options.key, options.own_people
    scenario = scenario_from("scenario", scenario, own)
    judged = criterion_from(outcome)
    number = whole("replicates", replicates, 2)
    low, high = number_of("low", low), number_of("high", high)
    if not low < high:
        raise KoubeiError("low", "not below high", got=low, allowed=f"below {high}")
    changed, integer, common = _worlds(scenario, programme, path, (low, high), own)
    width = width_of(tolerance, (low, high), integer)
    known: dict[float, NDArray[np.float64]] = {}

    def at(value: float) -> Interval:
        if value not in known:
            change = {path: int(value) if integer else float(value)}
            arms = {
                "with": changed.changed(change, own),
                "without": scenario.changed(change, own) if common else scenario,
            }
            found = study.values(arms, number, judged.outcome)
            known[value] = judged.values(found["with"]) - judged.values(found["without"])
        return paired_interval(known[value], key, 0, judged.shares)

    ends = (float(low), float(high))
    with Study(options, execution, several=True) as study:
        found = crossing(at, ends, width, integer)
    if found is None:
        raise KoubeiError(
            path,
            "the effect has the same sign at both ends",
            got=f"{at(low).mean:.4g} at {low:g} and {at(high).mean:.4g} at {high:g}",
            fix="a wider range",
        )
    return BreakEven(path, *found, known, key, judged.shares)


class Crossing(NamedTuple):
    """Where an effect changes its sign, and between what it cannot be told from zero."""

    value: float
    low: float
    high: float
    bounded: tuple[bool, bool]


def crossing(
    at: Callable[[float], Interval], ends: tuple[float, float], width: float, integer: bool
) -> Crossing | None:
    """Return where the effect whose interval `at` gives changes its sign; None where it does not.

    Parameters
    ----------
    at : callable
        From a value to the mean effect with its interval.
    ends : tuple of float
        Range of the search.
    width : float
        Width at which the bisection ends.
    integer : bool
        Whether values are whole numbers.
    """
    value = root(lambda value: at(value).mean, ends, width, integer)
    if value is None:
        return None
    lower = root(lambda value: at(value).low, ends, width, integer)
    upper = root(lambda value: at(value).high, ends, width, integer)
    # Rising: the upper bound crosses zero first, on the left; falling: the lower bound does.
    left, right = (upper, lower) if at(ends[1]).mean > 0.0 else (lower, upper)
    return Crossing(
        value,
        ends[0] if left is None else left,
        ends[1] if right is None else right,
        (left is not None, right is not None),
    )


def _worlds(
    scenario: Scenario, programme: Any, path: str, ends: tuple[float, float], own_people: bool
) -> tuple[Scenario, bool, bool]:
    """Return the world with the programme, and whether the parameter counts and is in both."""
    if not isinstance(programme, Mapping) or not programme:
        raise KoubeiError(
            "programme", "changes nothing", got=repr(programme),
            allowed="a mapping of dotted paths to values",
        )  # fmt: skip
    if path in programme:
        raise KoubeiError(path, "is set by the programme itself", fix="another parameter")
    changed = scenario.changed(programme, own_people)
    integer = counts(changed, path, ends, own_people)
    return changed, integer, number_at(scenario, path) is not None


def counts(scenario: Scenario, path: str, ends: tuple[float, float], own_people: bool) -> bool:
    """Return whether a parameter that is searched for counts in whole numbers.

    Raises
    ------
    KoubeiError
        Where it is no number of the scenario, or an end of the range no value of it.
    """
    present = number_at(scenario, path)
    if present is None:
        paths = [row.path for row in parameter_table(scenario)]
        raise KoubeiError(
            "path", "not a number of the scenario", got=repr(path), fix=nearest(str(path), paths)
        )
    integer = isinstance(present, int)
    for end in ends:  # a wrong value is refused before anything runs
        scenario.changed({path: int(end) if integer else float(end)}, own_people)
    broken = next((end for end in ends if end % 1), None)
    if integer and broken is not None:
        raise KoubeiError(path, "counts in whole numbers", got=broken)
    return integer


def width_of(tolerance: float | None, ends: tuple[float, float], integer: bool) -> float:
    """Return the width at which a bisection ends; a thousandth of the range without a tolerance."""
    low, high = ends
    width = (high - low) / 1000.0 if tolerance is None else number_of("tolerance", tolerance)
    width = 1.0 if integer else width
    if not width > 0.0:
        raise KoubeiError("tolerance", "out of range", got=tolerance, allowed="above 0")
    return width


def root(
    of: Callable[[float], float], ends: tuple[float, float], width: float, integer: bool
) -> float | None:
    """Bisect a number made of the interval at a value; None where its sign is the same."""
    a, b = ends
    above = of(b) > 0.0
    if (of(a) > 0.0) == above:
        return None
    while b - a > width:
        middle = float((int(a) + int(b)) // 2) if integer else 0.5 * (a + b)
        if (of(middle) > 0.0) == above:
            b = middle
        else:
            a = middle
    return b if integer else 0.5 * (a + b)


def number_at(scenario: Scenario, path: str) -> int | float | None:
    """Return the present value of a parameter, None where there is no such number."""
    value = next((row.value for row in parameter_table(scenario) if row.path == path), None)
    return None if isinstance(value, bool) or not isinstance(value, (int, float)) else value

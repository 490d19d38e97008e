"""Exchange rate: how much of one thing is worth as much as a change of another.

A lever makes a world better: pure seeds in the place of mixed ones.  The world without it gets more
of a currency, such as ordinary seeds, yuan or days, until its outcome equals that of the world with
the lever, under common random numbers.  One number then says what no list of effects does: for how
many ordinary seeds a pure one may be had.
Called by people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import Backend, Engine, whole
from koubei_sim.checks import number as number_of
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look, wrapped
from koubei_sim.metrics import Interval
from koubei_sim.runs.options import options_from, scenario_from
from koubei_sim.runs.progress import Progress as Told
from koubei_sim.runs.simulation import Outcome
from koubei_sim.studies.compare.breakeven import (
    counts,
    crossing,
    number_at,
    root,
    tried,
    width_of,
)
from koubei_sim.studies.compare.criterion import Criterion, criterion_from, paired_interval
from koubei_sim.studies.sweep.engine import Study, Tell, execution_from, kept_key

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class ExchangeRate(Look):
    """How much of a currency equals a lever.

    Attributes
    ----------
    lever : dict
        What makes the better world, by dotted path.
    currency : str
        Dotted path of what the other world gets more of.
    present : float
        How much of it the scenario has.
    value : float
        How much of it makes the other world as good; between two whole numbers where these are
        tried, in the middle of the amounts that are equally good.
    low, high : float
        Between these the two worlds cannot be told apart (95 %); an end of the range searched where
        that holds up to there.
    bounded : tuple of bool
        Whether `low` and `high` were found inside the range.
    effects : dict of float to (R,) array
        Outcome with the lever minus that with so much of the currency, pair by pair.
    criterion : Criterion
        What is equal.
    key : int
    """

    lever: dict[str, Any]
    currency: str
    present: float
    value: float
    low: float
    high: float
    bounded: tuple[bool, bool]
    effects: dict[float, NDArray[np.float64]]
    criterion: Criterion
    key: int

    @property
    def replicates(self) -> int:
        """Number of pairs."""
        return len(next(iter(self.effects.values())))

    @property
    def more(self) -> tuple[float, float, float]:
        """What the lever is worth in units of the currency, with the ends of its interval."""
        low, value, high = (end - self.present for end in (self.low, self.value, self.high))
        return value, low, high

    @property
    def times(self) -> tuple[float, float, float]:
        """How many times what there is now, with the ends; where the lever bears on each unit
        (the purity of seeds), one of them with it is worth so many without; NaN where none is.
        """
        scale = self.present if self.present > 0.0 else float("nan")
        return self.value / scale, self.low / scale, self.high / scale

    def table(self) -> pd.DataFrame:
        """Return the mean effect and its 95 % interval at every amount tried, in order."""
        return tried(self.currency, self.effects, self.key, self.criterion.shares)

    def __repr__(self) -> str:
        """Say it in three lines."""
        lever = ", ".join(f"{path} = {value}" for path, value in self.lever.items())
        value, low, high = (f"{end:.4g}" for end in self.more)
        ends = f"{'' if self.bounded[0] else 'below '}{low} .. "
        ends += f"{'' if self.bounded[1] else 'above '}{high}"
        times, least, most = self.times
        lines = [
            f"{lever} is worth {value} more of {self.currency} (95 % {ends})",
            f"  {self.value:.4g} in the place of {self.present:.4g}: equal {self.criterion}, "
            f"{self.replicates} pairs, key {self.key}",
        ]
        if np.isfinite(times):
            lines.insert(1, f"  {times:.3g} times as much (95 % {least:.3g} .. {most:.3g})")
        return wrapped("\n".join(lines))


def exchange_rate(
    scenario: Any,
    lever: Mapping[str, Any],
    currency: tuple[str, float, float],
    outcome: Outcome = "take_off",
    replicates: int = 64,
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
) -> ExchangeRate:
    """Find how much of a currency is worth as much as a lever.

    Parameters
    ----------
    scenario : Scenario, preset name or path
        The world without the lever, which gets more of the currency.
    lever : mapping
        Values at dotted paths that make the better world: ``{"seeding.purity": 1.0}``.
    currency : tuple
        ``(path, low, high)``: dotted path of a number of the scenario, and the amounts between
        which the search is; the mean effect must have different signs at these.
    outcome : str or callable
        What is to be equal: a chance, ``take_off`` or ``P(users >= 1000)``; a mean logarithm,
        ``log1p(users)``; the mean of any measure, or of a function of (history, scenario).
    replicates, rng, tolerance, threads, networks, agents, engine, progress, out, backend, \
workers, scheduler
        As in `break_even`.

    Returns
    -------
    ExchangeRate

    Raises
    ------
    KoubeiError
        For wrong arguments, before anything runs; where no amount in the range is worth the lever.

    Notes
    -----
    The interval inverts the test of no difference, as that of `break_even` does: an amount is
    inside as long as the 95 % interval of the paired effect holds zero.  It needs an outcome that
    only rises (or only falls) with the currency.  The chance of reaching a fixed level does.  Size
    given take-off does not, and is not offered: with more seeds other runs take off, the weaker
    ones, so it may fall where everything gets better.  Take-off itself asks for ten times the
    seeds, and is refused where the worlds differ in these.

    A delay that costs as much as a lever brings is found from the other side: the scenario with the
    lever, a ``lever`` that takes it away, and the day of opening as the currency.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> base = Scenario.load("tiny").replace(n_agents=300, ticks=20, **{"seeding.purity": 0.2})
    >>> found = exchange_rate(
    ...     base, {"seeding.purity": 1.0}, ("seeding.number", 5, 120), "log1p(users)", 8, rng=1
    ... )
    >>> found.low <= found.value <= found.high
    True
    """
    execution = execution_from(out, backend, workers, scheduler, threads, progress)
    options = options_from(kept_key(rng, execution.out), networks, agents, engine)
    key, own = options.key, options.own_people
    base = scenario_from("scenario", scenario, own)
    judged = criterion_from(outcome)
    number = whole("replicates", replicates, 2)
    path, ends = _currency(currency)
    if not isinstance(lever, Mapping) or not lever:
        raise KoubeiError(
            "lever", "changes nothing", got=repr(lever),
            allowed="a mapping of dotted paths to values",
        )  # fmt: skip
    better = base.changed(lever, own)
    integer = counts(base, path, ends, own)
    if path in lever:
        raise KoubeiError(path, "is the lever itself", fix="another currency")
    width = width_of(tolerance, ends, integer)

    def paid(amount: float) -> Any:
        return base.changed({path: int(amount) if integer else float(amount)}, own)

    judged.check_bars([better, *(paid(end) for end in ends)])
    known: dict[float, NDArray[np.float64]] = {}
    with_lever: list[NDArray[np.float64]] = []

    def at(amount: float) -> Interval:
        if amount not in known:
            arms = {"currency": paid(amount)} | ({} if with_lever else {"lever": better})
            found = study.values(arms, number, judged.outcome)
            if not with_lever:
                with_lever.append(judged.values(found["lever"]))
            known[amount] = with_lever[0] - judged.values(found["currency"])
        return paired_interval(known[amount], key, 0, judged.shares)

    with Study(options, execution, several=True) as study:
        found = crossing(at, ends, width, integer)
        # Chances are equal over a stretch of amounts: the value is its middle.
        last = root(lambda amount: -at(amount).mean, ends, width, integer) if found else None
    if found is None:
        gaps = " and ".join(f"{at(end).mean:.4g} at {end:g}" for end in ends)
        raise KoubeiError(
            path, "no amount in the range is worth the lever", got=f"effects {gaps}",
            allowed="effects of different sign at its ends", fix="a wider range",
        )  # fmt: skip
    value = found.value if last is None else 0.5 * (found.value + last)
    present = number_at(base, path)
    return ExchangeRate(
        dict(lever),
        path,
        float("nan") if present is None else float(present),
        min(max(value, found.low), found.high),
        found.low,
        found.high,
        found.bounded,
        known,
        judged,
        key,
    )


def _currency(given: Any) -> tuple[str, tuple[float, float]]:
    """Return path and range of a currency."""
    if isinstance(given, (str, bytes)) or not hasattr(given, "__len__") or len(given) != 3:
        raise KoubeiError(
            "currency", "not a path with a range", got=repr(given),
            allowed="(path, low, high)", fix="('seeding.number', 50, 400)",
        )  # fmt: skip
    path, low, high = given
    low, high = number_of("currency: low", low), number_of("currency: high", high)
    if not low < high:
        raise KoubeiError("currency: low", "not below high", got=low, allowed=f"below {high}")
    return str(path), (low, high)

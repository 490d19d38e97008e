"""What a decision is judged by: a number of a run, and the interval of paired differences of it.

A launch takes off or it does not, so a mean over both kinds of run describes none of them.  The
chance that something happens is a sound criterion, and so is the mean of a logarithm; a size given
take-off is not, since what is compared also changes which runs take off.  Here the two are given
words, and differences that are 0, 1 or -1 get the interval of a difference of paired shares.
Called by `breakeven`, `exchange` and the room `decide`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import Interval, mean_interval
from koubei_sim.metrics.indices import TAKE_OFF_FOLD, TAKE_OFF_SHARE
from koubei_sim.model.scenario import Scenario
from koubei_sim.runs.options import outcome_from
from koubei_sim.runs.simulation import Outcome

#: The 0.975 quantile of the normal law.
_Z: Final = 1.959963984540054
_FORM: Final = re.compile(r"^\s*(P|log1p)\s*\((.+)\)\s*$")


class Criterion(NamedTuple):
    """What is measured of each run, and what is made of it.

    Attributes
    ----------
    outcome : str or callable
        A measure (`metrics.measure`), or a function of (history, scenario).
    form : str
        ``"P"``: 1 where the day came or the run took off, else 0; ``"log1p"``: the logarithm of 1
        plus the measure; empty: the measure itself.
    """

    outcome: Outcome
    form: str = ""

    def __str__(self) -> str:
        if callable(self.outcome):
            return getattr(self.outcome, "__name__", "a function")
        return f"{self.form}({self.outcome})" if self.form else self.outcome

    @property
    def shares(self) -> bool | None:
        """Whether it is of something that happens or not; None of a function, which may be."""
        if callable(self.outcome):
            return None
        return self.form == "P" or self.outcome == "take_off"

    def values(self, measured: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the criterion of runs whose outcome was measured; any shape.

        Examples
        --------
        >>> Criterion("day:users:100", "P").values(np.array([30.0, np.nan])).tolist()
        [1.0, 0.0]
        """
        if self.form == "P" and self.outcome != "take_off":
            return np.isfinite(measured).astype(np.float64)
        return np.log1p(measured) if self.form == "log1p" else measured

    def check_bars(self, scenarios: Iterable[Scenario]) -> None:
        """Refuse take-off where it asks more of one scenario than of another.

        A run took off with ten times its seeds (`metrics.took_off`), so that more seeds raise the
        bar: shares over different bars say nothing of each other.

        Raises
        ------
        KoubeiError
            With the measure that has one bar for all.
        """
        if self.outcome != "take_off":
            return
        bars = {take_off_bar(scenario) for scenario in scenarios}
        if len(bars) > 1:
            raise KoubeiError(
                "outcome", "take-off asks for ten times the seeds, whose number differs here",
                got=f"{min(bars):,} to {max(bars):,} people", allowed="one bar for all",
                fix=f"P(day:adopted:{max(bars)})",
            )  # fmt: skip


def criterion_from(given: object) -> Criterion:
    """Return what a text or function stands for.

    Examples
    --------
    >>> criterion_from("P(day:users:1000)")
    Criterion(outcome='day:users:1000', form='P')
    >>> str(criterion_from("log1p(users)"))
    'log1p(users)'
    """
    found = _FORM.match(given) if isinstance(given, str) else None
    if found is None:
        return Criterion(outcome_from(given))
    form, outcome = found[1], str(outcome_from(found[2]))
    if form == "P" and outcome != "take_off" and not re.fullmatch(r"day:[^/]+", outcome):
        raise KoubeiError(
            "outcome", "a chance is of something that happens or not", got=outcome,
            allowed="take_off, or a day that comes", fix="P(day:users:1000)",
        )  # fmt: skip
    return Criterion(outcome, form)


def take_off_bar(scenario: Scenario) -> int:
    """Return how many people must have adopted for a run of a scenario to count as taken off."""
    share = TAKE_OFF_SHARE * scenario.n_agents
    agents = max(share, TAKE_OFF_FOLD * max(1, scenario.seeding.number))
    return int(np.ceil(agents * scenario.people_per_agent))


def paired_interval(
    effects: NDArray[np.float64], key: int = 0, number: int = 0, shares: bool | None = None
) -> Interval:
    """Return the mean of paired differences with a 95 % interval that holds for shares too.

    Parameters
    ----------
    effects : (R,) array
        Differences, one a pair; NaN are left out.
    key, number : int
        As in `metrics.mean_interval`, which gives the interval of other numbers.
    shares : bool, optional
        Whether they are of something that happens or not, so that each is -1, 0 or 1.  None: they
        are where all look so and one is not 0.

    Notes
    -----
    Of paired shares it is the adjusted interval of Bonett and Price (2012, Journal of Educational
    and Behavioral Statistics 37:479-488), which adds one pair to either kind of pair that differs.
    Student's t takes a difference that was not seen for one that cannot be.

    Examples
    --------
    >>> found = paired_interval(np.array([1.0] * 8 + [0.0] * 8))
    >>> found.method, round(found.low, 3), round(found.high, 3)
    ('paired shares', 0.182, 0.707)
    """
    finite = effects[np.isfinite(effects)]
    whole = bool(np.isin(finite, (-1.0, 0.0, 1.0)).all()) and finite.size > 0
    if shares is None:
        shares = whole and bool(finite.any())
    if not (shares and whole):
        return mean_interval(effects, key, number)
    more, less, n = int((finite > 0).sum()), int((finite < 0).sum()), finite.size
    here, there = (more + 1.0) / (n + 2.0), (less + 1.0) / (n + 2.0)
    gap = here - there
    arm = _Z * math.sqrt((here + there - gap * gap) / (n + 2.0))
    return Interval((more - less) / n, max(-1.0, gap - arm), min(1.0, gap + arm), "paired shares")

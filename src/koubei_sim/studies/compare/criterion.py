"""What a decision is judged by: a number of a run, and the interval of paired differences of it.

A launch takes off or it does not, so a mean over both kinds of run describes none of them.  The
chance that something happens is a sound criterion, and so is the mean of a logarithm; a size given
take-off is not, since what is compared also changes which runs take off.  Here the two are given
words, and differences that are 0, 1 or -1 get the interval of a difference of paired shares.
Called by `breakeven`, `exchange` and the room `decide`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import Interval, mean_interval, paired_chances
from koubei_sim.metrics.indices import TAKE_OFF_FOLD, TAKE_OFF_SHARE
from koubei_sim.model.scenario import Scenario
from koubei_sim.runs.options import outcome_from
from koubei_sim.runs.simulation import Outcome

_FORM: Final = re.compile(r"^\s*(P|log1p)\s*\((.+)\)\s*$")
_REACHED: Final = re.compile(r"^(.+?)\s*>=\s*(\S+)$")


class Criterion(NamedTuple):
    """What is measured of each run, and what is made of it.

    Attributes
    ----------
    outcome : str or callable
        A measure (`metrics.measure`), or a function of (history, scenario).
    form : str
        ``"P"``: 1 where the measure reaches `level`, else 0; ``"log1p"``: the logarithm of 1 plus
        the measure; empty: the measure itself.
    level : float
    """

    outcome: Outcome
    form: str = ""
    level: float = 0.0

    def __str__(self) -> str:
        if callable(self.outcome):
            return str(getattr(self.outcome, "__name__", "a function"))
        if self.form == "P":
            return f"P({self.outcome} >= {self.level:.15g})"
        return f"{self.form}({self.outcome})" if self.form else self.outcome

    @property
    def shares(self) -> bool | None:
        """Whether it is of something that happens or not; None of a function, which may be."""
        if callable(self.outcome):
            return None
        return self.form == "P" or self.outcome.startswith("take_off")

    def values(self, measured: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the criterion of runs whose outcome was measured; any shape, NaN stay.

        Examples
        --------
        >>> Criterion("users", "P", 100.0).values(np.array([100.0, 99.0])).tolist()
        [1.0, 0.0]
        """
        if self.form == "P":
            return np.where(np.isnan(measured), np.nan, (measured >= self.level) * 1.0)
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
        if callable(self.outcome) or not self.outcome.startswith("take_off"):
            return
        bars = {take_off_bar(scenario) for scenario in scenarios}
        if len(bars) > 1:
            raise KoubeiError(
                "outcome",
                "take-off asks for ten times the seeds, whose number differs here",
                got=f"{min(bars):,} to {max(bars):,} people",
                allowed="one bar for all",
                fix=f"P(adoptions >= {max(bars)})",
            )


def criterion_from(given: object) -> Criterion:
    """Return what a text or function stands for.

    Examples
    --------
    >>> criterion_from("P(users@60 >= 1000)")
    Criterion(outcome='users@60', form='P', level=1000.0)
    >>> str(criterion_from("log1p(users)"))
    'log1p(users)'
    """
    found = _FORM.match(given) if isinstance(given, str) else None
    if found is None:
        return Criterion(outcome_from(given))
    if found[1] == "log1p":
        return Criterion(str(outcome_from(found[2])), "log1p")
    reached = _REACHED.match(found[2])
    try:
        level = float(reached[2]) if reached else float("nan")
    except ValueError:
        level = float("nan")
    if reached is None or not np.isfinite(level):
        raise KoubeiError(
            "outcome",
            "a chance is of a measure that reaches a level",
            got=given,
            allowed="P(measure >= number)",
            fix="P(users >= 1000)",
        )
    return Criterion(str(outcome_from(reached[1])), "P", level)


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
        As in `metrics.mean_interval`, which gives the interval of other numbers; that of shares is
        `metrics.paired_chances`, for Student's t takes a difference that was not seen for one that
        cannot be.
    shares : bool, optional
        Whether they are of something that happens or not, so that each is -1, 0 or 1.  None: they
        are where all look so and one is not 0.

    Examples
    --------
    >>> found = paired_interval(np.array([1.0] * 8 + [0.0] * 8))
    >>> found.method, round(found.low, 3), round(found.high, 3)
    ('paired shares', 0.168, 0.721)
    """
    finite = effects[np.isfinite(effects)]
    whole = bool(np.isin(finite, (-1.0, 0.0, 1.0)).all()) and finite.size > 0
    if shares is None:
        shares = whole and bool(finite.any())
    if not (shares and whole):
        return mean_interval(effects, key, number)
    return paired_chances(finite > 0.0, finite < 0.0)  # which pairs differ, either way

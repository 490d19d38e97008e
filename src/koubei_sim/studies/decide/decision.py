"""`Plan`: what each design brings in the worlds it was run in, and what is not known yet.

Made by `plan`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import path as path_of
from koubei_sim.checks import word
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look, count_text, money_text, span_text, wrapped
from koubei_sim.metrics import Interval, chance, wilson
from koubei_sim.reports.door import Reported
from koubei_sim.reports.page import Page
from koubei_sim.reports.words import said
from koubei_sim.runs.options import texts
from koubei_sim.storage import whole_file
from koubei_sim.studies.decide import information
from koubei_sim.studies.decide.noted import NOTES
from koubei_sim.studies.decide.racing import Race

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]

#: Take-offs from which an expected value has an interval.
LEAST_TAKEN: Final = 5
#: Resamples of the worlds for the frontier, and the purpose of their draws.
RESAMPLES: Final = 1000
_SHOWN: Final = ("outlay", "value", "low", "high", "take_off", "best", "regret", "may_be_best")


def expected(values: FloatArray, taken: FloatArray) -> Interval:
    """Return the mean of an outcome that takes off in some worlds and not in others.

    ``p m1 + (1 - p) m0``: the chance by Wilson, the mean given take-off as that of a log-normal
    (Cox; Zhou and Gao 1997, Statistics in Medicine 16:783-790) above the mean without, which has
    Student's t; put together by the method of variance estimates recovery (Zou, Huang and Zhang
    2009, Computational Statistics and Data Analysis 53:3755-3764).  No bounds below `LEAST_TAKEN`
    take-offs: then too few are known to say what one brings.

    Parameters
    ----------
    values : (n,) array
        Outcome of each world.
    taken : (n,) array
        Share of its replicates that took off.

    Examples
    --------
    >>> values = np.array([900.0, 1100.0, 1000.0, 1000.0, 1000.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    >>> found = expected(values, np.arange(10) < 5)
    >>> found.mean, round(found.low), round(found.high)
    (500.0, 233, 767)
    """
    from scipy.special import stdtrit

    took = taken >= 0.5
    n, k = values.size, int(took.sum())
    mean = float(values.mean()) if n else math.nan
    if n > 1 and float(np.ptp(values)) == 0.0 and k in (0, n):
        return Interval(mean, mean, mean, "exact")
    if k < LEAST_TAKEN:
        return Interval(mean, math.nan, math.nan, "few")
    rest, share = values[~took], k / n
    low, high = wilson(k, n)
    base = float(rest.mean()) if rest.size else min(0.0, float(values.min()))
    apart = float(values[took].mean()) - base
    down, up = _arms(values[took] - base, stdtrit)
    arm = 0.0
    if rest.size > 1:
        arm = float(stdtrit(rest.size - 1, 0.975) * rest.std(ddof=1) / np.sqrt(rest.size))
    below = math.hypot(apart * (share - low), share * down, (1.0 - share) * arm)
    above = math.hypot(apart * (high - share), share * up, (1.0 - share) * arm)
    return Interval(mean, mean - below, mean + above, "hurdle")


def _arms(excess: FloatArray, quantile: Any) -> tuple[float, float]:
    """Return how far the interval of a mean given take-off reaches down and up."""
    k, mean = excess.size, float(excess.mean())
    if (excess <= 0.0).any():
        arm = float(quantile(k - 1, 0.975) * excess.std(ddof=1) / np.sqrt(k))
        return arm, arm
    logs = np.log(excess)
    spread = float(logs.var(ddof=1))
    arm = float(quantile(k - 1, 0.975)) * math.sqrt(spread / k + spread**2 / (2.0 * (k + 1)))
    centre = float(logs.mean()) + 0.5 * spread
    ends = (math.exp(min(centre + sign * arm, 700.0)) for sign in (-1.0, 1.0))
    low, high = ends
    return max(0.0, mean - low), max(0.0, high - mean)


@dataclass(frozen=True, eq=False, repr=False)
class Plan(Look, Reported):
    """Designs in worlds: which pays, how surely, and what would be worth knowing first.

    Attributes
    ----------
    designs : dict of str to dict
        Changes of each design by its name, in the order of the arrays.
    worlds : dict of str to tuple
        What differs from world to world, by dotted path; empty where it is luck alone.
    values, spend, taken : (D, W, R) arrays
        Outcome, money spent, and whether it took off (1 or 0) of each replicate of each design in
        each world; NaN where a design was no longer run.
    outlay : (D,) array
        Money that each design spends whatever people do.
    over_budget : dict of str to float
        Designs that were left out, with their outlay.
    outcome : str
        What is decided by.
    take_off : str
        What counts as take-off: the same for all designs.
    budget : float or None
    race : Race or None
        What the worlds say against each design; None where the outcome has no known bounds.
    key : int
    currency : str
        What money is called; empty where that was not said.
    prices : dict of str to number
        Prices that the user gave, by dotted path; all others are those of the scenario.
    scenario : Scenario or None
        What designs and worlds change.
    asked : dict of str to value
        Words that were given to `plan` beside designs, worlds, prices, budget and key; without the
        outcome where that is a function.
    supplied : dict of str to str
        Digests of networks and of people that were handed over.
    """

    designs: dict[str, dict[str, Any]]
    worlds: dict[str, tuple[Any, ...]]
    values: FloatArray
    spend: FloatArray
    taken: FloatArray
    outlay: FloatArray
    over_budget: dict[str, float]
    outcome: str
    take_off: str
    budget: float | None
    race: Race | None
    key: int
    currency: str = ""
    prices: dict[str, Any] = field(default_factory=dict)
    scenario: Any = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    supplied: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the designs."""
        return tuple(self.designs)

    @property
    def by_world(self) -> FloatArray:
        """Outcome of each design in each world, the mean over replicates, [D, W]; NaN: not run."""
        return self.values.mean(axis=2)

    @property
    def runs(self) -> int:
        """Number of runs that were done."""
        return int(np.isfinite(self.taken).sum())

    @property
    def best(self) -> str:
        """The design with the highest expected value among those run in all worlds."""
        full = self._full
        means = np.where(full, np.nan_to_num(self.by_world).mean(axis=1), -np.inf)
        return self.names[int(means.argmax())]

    @property
    def _full(self) -> NDArray[np.bool_]:
        """Which designs were run in as many worlds as any."""
        run = np.isfinite(self.taken).all(axis=2).sum(axis=1)
        return np.asarray(run == run.max())

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known before the numbers are read: one sentence each."""
        found = []
        if self.prices:
            given = ", ".join(f"{path} = {money}" for path, money in self.prices.items())
            found.append(said(NOTES, "prices", "en", given=given))
        if self.values.shape[2] == 1:
            found.append(said(NOTES, "one_each", "en"))
        if not self._full.all():
            found.append(said(NOTES, "dropped", "en"))
        if self.race is None:
            found.append(said(NOTES, "no_bounds", "en"))
        return tuple(found)

    def table(self) -> pd.DataFrame:
        """Return one row a design, the best first.

        Returns
        -------
        DataFrame
            Index ``design``.  ``outlay``, ``spend`` (mean over worlds); ``value`` with its 95 %
            interval ``low, high`` (NaN: too few take-offs); ``take_off``, ``take_off_low,
            take_off_high``: `metrics.chance`; ``best, best_low, best_high``: share of worlds in
            which no design does better; ``regret``, ``most_regret``: what it misses in a world
            against the best design there, mean and maximum; ``may_be_best``: whether the worlds
            leave it open (its own error rate is that of the race); ``worlds`` it was run in.
        """
        from koubei_sim.looks.frames import Table

        values, taken = self.by_world, self.taken.mean(axis=2)
        done = np.isfinite(taken)
        top = np.max(np.where(done, values, -np.inf), axis=0)
        rows = {}
        for at, name in enumerate(self.names):
            run = done[at]
            missed = top[run] - values[at, run]
            value = expected(values[at, run], taken[at, run])
            took = self.taken[at][run].ravel()
            worlds, wins = int(run.sum()), int((missed <= 0.0).sum())
            ends, often = self._chance(self.taken[at][run]), chance(wins, worlds)
            rows[name] = {
                "outlay": self.outlay[at],
                "spend": float(self.spend[at][run].mean()),
                "value": value.mean,
                "low": value.low,
                "high": value.high,
                "take_off": float(took.mean()),
                "take_off_low": ends[0],
                "take_off_high": ends[1],
                "best": wins / worlds,
                "best_low": often.low,
                "best_high": often.high,
                "regret": float(missed.mean()),
                "most_regret": float(missed.max()),
                "may_be_best": bool(self.race is None or self.race.running[at]),
                "worlds": worlds,
            }
        frame = Table.from_dict(rows, orient="index").rename_axis("design").told(_SHOWN)
        return frame.sort_values(["worlds", "value"], ascending=False, kind="stable")

    def _chance(self, taken: FloatArray) -> tuple[float, float]:
        """Return the interval of a chance; replicates of a world are not independent."""
        worlds = taken.mean(axis=1)
        if taken.shape[1] == 1:
            return chance(int(worlds.sum()), worlds.size)[1:3]
        # As many independent runs as have the variance that the worlds have.
        share, n = float(worlds.mean()), worlds.size
        variance = float(worlds.var(ddof=1)) if n > 1 else 0.0
        alike = share * (1.0 - share) / variance if variance > 0.0 else 1.0
        runs = max(1, round(n * min(max(alike, 1.0), taken.shape[1])))
        return chance(round(share * runs), runs)[1:3]

    def frontier(self) -> pd.DataFrame:
        """Return the designs that no other beats with less or equal outlay, the cheapest first.

        Returns
        -------
        DataFrame
            Index ``design``: ``outlay``, ``value``, ``sure``: the share of 1,000 resamples of the
            worlds in which it is on the frontier too, and ``per_1000``: what 1,000 more outlay
            brings from the row above to this one (NaN for the first).  Dropped designs are left
            out.
        """
        from koubei_sim.looks.frames import Table

        full = np.flatnonzero(self._full)
        values = self.by_world[full]
        values = values[:, np.isfinite(values).all(axis=0)]
        cost = self.outlay[full]
        on = _efficient(cost, values.mean(axis=1))
        sure = self._resampled(values, cost)
        rows = {
            self.names[full[at]]: {
                "outlay": cost[at], "value": float(values[at].mean()), "sure": float(sure[at]),
            }
            for at in np.argsort(cost, kind="stable") if on[at]
        }  # fmt: skip
        found = Table.from_dict(rows, orient="index").rename_axis("design")
        found["per_1000"] = 1000.0 * found["value"].diff() / found["outlay"].diff()
        return found.told(note=f"outlay in {self.currency}" if self.currency else "")

    def _resampled(self, values: FloatArray, cost: FloatArray) -> FloatArray:
        from koubei_sim.core import draws
        from koubei_sim.metrics.intervals import DRAW_BOOTSTRAP

        worlds = values.shape[1]
        units = draws.units_drawn(RESAMPLES * worlds, self.key, DRAW_BOOTSTRAP, 0, 0, 0)
        picked = np.minimum((units * worlds).astype(np.intp), worlds - 1).reshape(RESAMPLES, worlds)
        return np.mean([_efficient(cost, values[:, row].mean(axis=1)) for row in picked], axis=0)

    def value_of_information(
        self, groups: Mapping[str, Sequence[str]] | None = None
    ) -> pd.DataFrame:
        """Return what it would gain a decision, on average, to know something beforehand.

        Parameters
        ----------
        groups : mapping of str to sequence of str, optional
            Names of groups of parameters in which the worlds differ; each alone without it.

        Returns
        -------
        DataFrame
            Index ``known``: ``the world and its luck`` (nothing can tell one that: an upper bound);
            ``the world`` (two or more replicates a world); ``all parameters`` together and each
            parameter or group, by regression.  ``value`` with its 95 % interval ``low, high``, in
            units of the outcome; ``at_most``, of the world an upper bound, whose `value` is a lower
            one; ``share`` of the expected value of the best design.

        Notes
        -----
        Parameters are worth what a rule gains that reads them and takes a design, in worlds to
        which it was not fitted (`information.gain_of_parameters`): luck is no part of that.  It is
        at least so much, because a better rule may gain more.  Only designs that were run in all
        worlds are chosen from.
        """
        import pandas as pd

        from koubei_sim.looks.frames import Table

        values = self.values[self._full]
        values = values[:, np.isfinite(values).all(axis=(0, 2))]
        means = values.mean(axis=2)
        if means.shape[1] < information.LEAST:
            raise KoubeiError(
                "worlds", "too few to say what knowing them is worth", got=means.shape[1],
                allowed=f"{information.LEAST} or more",
            )  # fmt: skip
        found: dict[str, tuple[Interval, float]] = {
            "the world and its luck": (information.gain_of_luck(values), math.nan)
        }
        if values.shape[2] > 1:
            found["the world"] = information.gain_of_world(values)
        columns = {path: column[: means.shape[1]] for path, column in self.worlds.items()}
        asked: dict[str, list[str]] = {}
        for name, paths in (groups or {}).items():
            asked[name] = [
                word(f"groups.{name}", path, list(columns)) for path in texts(name, paths)
            ]
        if groups is None:
            asked = {path: [path] for path in columns}
        if columns:
            asked = {"all parameters": list(columns), **asked}
        for name, paths in asked.items():
            features = information.features_of(columns, paths)
            found[name] = (information.gain_of_parameters(means, features), math.nan)
        scale = abs(float(means.mean(axis=1).max())) or math.nan
        rows = {
            name: {
                "value": gain.mean, "low": gain.low, "high": gain.high,
                "at_most": most, "share": gain.mean / scale,
            }
            for name, (gain, most) in found.items()
        }  # fmt: skip
        frame = Table.from_dict(rows, orient="index").rename_axis("known")
        fixed = [name for name in found if name not in asked or name == "all parameters"]
        rest = frame.drop(index=fixed).sort_values("value", ascending=False, kind="stable")
        return pd.concat([frame.loc[fixed], rest])

    def _page(self, lang: str) -> Page:
        from koubei_sim.studies.decide.page import page_of

        return page_of(self, lang)

    def save(self, file: str | Path) -> Path:
        """Write the table as CSV, whole or not at all; return its path."""
        path = path_of("file", file)
        with whole_file(path) as sink:
            sink.write(self.table().reset_index().to_csv(index=False, lineterminator="\n").encode())
        return path

    def __repr__(self) -> str:
        """Say it in a few plain lines."""
        table, best = self.table(), self.best
        row: Any = table.loc[best]
        designs, worlds, replicates = self.values.shape
        equal = designs * worlds * replicates
        lines = [
            f"{best} is the best of {designs} designs in {self._full_worlds} worlds: "
            f"{self.outcome} {_span(row.value, row.low, row.high)}",
            f"  take-off {_span(row.take_off, row.take_off_low, row.take_off_high)}, outlay "
            f"{money_text(row.outlay, self.currency)}, regret {count_text(row.regret)} a world and "
            f"{count_text(row.most_regret)} at most",
        ]
        if self.race is not None:
            rivals = [name for name in table.index[table.may_be_best] if name != best]
            said = f"every other is worse, with an error of {100 * self.race.error:g} % at most"
            if rivals:
                more = f" and {len(rivals) - 4} more" if len(rivals) > 4 else ""
                said = f"{len(rivals)} may be as good: {'; '.join(rivals[:4])}{more}"
            lines.append(f"  {said}; {self.runs:,} runs of {equal:,}")
        if self.over_budget:
            dear = "; ".join(self.over_budget)
            limit = money_text(self.budget or 0.0, self.currency)
            lines.append(f"  over the budget of {limit} and left out: {dear}")
        return wrapped("\n".join(lines + [f"  note: {note}" for note in self.notes]))

    @property
    def _full_worlds(self) -> int:
        return int(np.isfinite(self.taken).all(axis=2).sum(axis=1).max())


def _span(value: float, low: float, high: float) -> str:
    if not math.isfinite(low):
        return f"{count_text(value)} (too few take-offs for an interval)"
    return f"{count_text(value)} (95 % {span_text(low, high)})"


def _efficient(cost: FloatArray, value: FloatArray) -> NDArray[np.bool_]:
    """Return which designs no other beats: none is as cheap with more, or cheaper with as much."""
    order = np.lexsort((-value, cost))
    found, most = np.zeros(cost.size, dtype=bool), -np.inf
    for at in order:
        if value[at] > most:
            found[at], most = True, value[at]
    return found

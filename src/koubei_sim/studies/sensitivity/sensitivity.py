"""`sensitivity`: which parameters an outcome hangs on, how much, and which act together.

One at a time, Morris' screening and Sobol's indices over ranges from the table of parameters.  All
runs are one `sweep` under one key, so replicate r has the same luck at every point and differences
are paired; journal, back ends and resuming are those of the sweep.  Indices are taken for each
replicate and averaged (`indices`).  Take-off is always an outcome beside the others, and counts and
money are in the logarithm.
Called by people and by ``koubei sensitivity``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import Backend, Engine, whole, yes_no
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look, wrapped
from koubei_sim.metrics import (
    OUTCOMES,
    check_measure,
    kept_measure,
    luck_of,
    mean_interval,
    offset,
)
from koubei_sim.metrics.hurdle import enough
from koubei_sim.model.scenario import Scenario
from koubei_sim.reports.door import Reported
from koubei_sim.reports.page import Page
from koubei_sim.runs.options import options_from, scenario_from, texts
from koubei_sim.runs.progress import Progress as Told
from koubei_sim.studies.compare.strata import Parts, parts, scaled
from koubei_sim.studies.design.plan import make_sweep
from koubei_sim.studies.design.points import Table
from koubei_sim.studies.design.values import Range
from koubei_sim.studies.sensitivity.design import Design, ends_of, make_design, ranges_of
from koubei_sim.studies.sensitivity.indices import (
    Estimate,
    Sobol,
    elementary_effects,
    morris_indices,
    sobol_indices,
    split_variance,
)
from koubei_sim.studies.sweep.engine import Tell, execution_from, kept_key
from koubei_sim.studies.sweep.result import SweepResult
from koubei_sim.studies.sweep.sweep import run_sweep

if TYPE_CHECKING:
    import pandas as pd

#: An outcome of which more than this share of pairs, effects or rows is undefined is refused.
MOST_UNDEFINED: Final = 0.1

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Asked:
    """An outcome at the points of a design: what the functions below work on.

    Attributes
    ----------
    name : str
    number : int
        Of the outcome, for the addresses of draws.
    measured, taken : (points, replicates) arrays
        The outcome, and which runs took off.
    design : Design
    key : int
    horizon : float or None
        Days of a run; None where these differ.
    """

    name: str
    number: int
    measured: Values
    taken: Values
    design: Design
    key: int
    horizon: float | None

    @property
    def values(self) -> Values:
        """The outcome on the scale on which effects add up (`strata.scaled`)."""
        return scaled(self.name, self.measured, self.horizon)

    def against(self, one: int, other: int) -> Parts:
        """What a point does against another."""
        rows = [one, other]
        return parts(self.name, self.measured[rows], self.taken[rows], self.key, self.horizon)

    def check(self, kept: float, what: str) -> None:
        """Refuse an outcome of which too little is defined."""
        if 1.0 - kept > MOST_UNDEFINED:
            raise KoubeiError(
                f"outcome {self.name}",
                f"undefined in too many runs for {self.design.method}",
                got=f"{1.0 - kept:.0%} of the {what} undefined",
                allowed=f"up to {MOST_UNDEFINED:.0%}",
                fix="an outcome that always exists, such as users",
            )


def ends_columns(asked: Asked) -> dict[str, Any]:
    """Return the columns of one at a time: point 0 is the base, then two ends a parameter."""
    gaps = asked.values - asked.values[0]
    defined = np.isfinite(gaps[1::2]) & np.isfinite(gaps[2::2])
    asked.check(float(defined.mean()), "pairs are")
    rows = []
    for number, a_range in enumerate(asked.design.ranges.values()):
        low, high = 1 + 2 * number, 2 + 2 * number
        ends = asked.against(high, low)
        found = {
            "at_low": asked.against(low, 0).given,
            "at_high": asked.against(high, 0).given,
            "difference": ends.given,
            "take_off": ends.chance,
        }
        row: dict[str, Any] = {}
        for word, gap in found.items():
            row |= {word: gap.estimate, f"{word}_from": gap.low, f"{word}_to": gap.high}
        means = (0.0, _mean(gaps[low]), _mean(gaps[high]))
        row |= {"kind": ends.given.kind, "span": max(means) - min(means)}
        row |= {"gain": ends.given.gain, "n": ends.given.n, "of": ends.of}
        one, other = (asked.measured[point, ends.rows] for point in (low, high))
        rows.append(row | _elasticity(one, other, a_range, asked.key, 10_000 * asked.number + low))
    return {word: [row[word] for row in rows] for word in rows[0]}


def _mean(gaps: Values) -> float:
    known = gaps[np.isfinite(gaps)]
    return float(known.mean()) if known.size else np.nan


def _elasticity(
    low: Values, high: Values, a_range: Range, key: int, address: int
) -> dict[str, float]:
    """Logarithmic derivative between the ends; NaN where an outcome is not above 0."""
    found = mean_interval(np.empty(0))
    if a_range.log and (low > 0.0).all() and (high > 0.0).all():
        ratio = np.log(high / low) / np.log(a_range.high / a_range.low)
        found = enough(mean_interval(ratio, key, address), ratio.size)
    return {"elasticity": found.mean, "elasticity_from": found.low, "elasticity_to": found.high}


def morris_columns(asked: Asked) -> dict[str, Any]:
    """Return the columns of Morris' method."""
    shares = asked.design.shares
    found = morris_indices(shares, asked.values, asked.key, asked.number)
    asked.check(found.kept, "effects are")
    columns = _three("mu_star", found.mu_star) | _three("mu", found.mu)
    columns |= _three("sigma", found.sigma)
    mean = asked.values.mean(axis=1, keepdims=True)
    effects = np.abs(elementary_effects(shares, mean))[:, 0]
    known = np.isfinite(effects)
    with np.errstate(invalid="ignore"):
        columns["of_mean"] = np.where(known, effects, 0.0).sum(axis=0) / known.sum(axis=0)
    return columns | {"se_design": found.mu_star.design, "se_luck": found.mu_star.luck}


def sobol_of(asked: Asked) -> Sobol:
    """Return Sobol's indices of an outcome."""
    design = asked.design
    found = sobol_indices(asked.values, len(design.ranges), design.second, asked.key, asked.number)
    asked.check(found.kept, "rows are")
    return found


def sobol_columns(asked: Asked) -> dict[str, Any]:
    """Return the columns of Sobol's method."""
    found, design = sobol_of(asked), asked.design
    mean = asked.values.mean(axis=1, keepdims=True)
    of_mean = sobol_indices(mean, len(design.ranges), design.second, asked.key, asked.number)
    columns = _three("ST", found.total) | _three("S1", found.first)
    columns["of_mean"] = of_mean.total.value
    return columns | {"se_design": found.total.design, "se_luck": found.total.luck}


def _three(word: str, found: Estimate) -> dict[str, Any]:
    return {word: found.value, f"{word}_from": found.low, f"{word}_to": found.high}


_COLUMNS: Final = {"oat": ends_columns, "morris": morris_columns, "sobol": sobol_columns}
#: Column by which each method sorts its table.
SORTED_BY: Final = {"oat": "span", "morris": "mu_star", "sobol": "ST"}


def sensitivity(
    scenario: Scenario | Mapping[str, Any] | str | Path,
    paths: Sequence[str] | Mapping[str, Any] | str | None = None,
    *,
    method: Literal["oat", "morris", "sobol"] = "oat",
    outcome: Any = "users",
    replicates: int = 5,
    rng: object = None,
    spread: float = 2.0,
    points: int | None = None,
    levels: int = 4,
    second_order: bool = True,
    out: str | Path | None = None,
    engine: Engine = "compiled",
    networks: object = None,
    agents: Any = None,
    backend: Backend | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    threads: int | None = None,
    progress: bool | Tell | Told | None = None,
) -> Sensitivity:
    """Measure how outcomes hang on parameters.

    Parameters
    ----------
    scenario : Scenario, mapping, preset name or path
    paths : sequence of str, or mapping of str to range, optional
        Which parameters.  A mapping gives ranges of its own, ``(low, high)``,
        ``(low, high, "log")`` or a list of choices; None stands for the range from the table.
        Without it: every assumption in force, as `prior_sample` chooses them.
    method : {"oat", "morris", "sobol"}
        Two ends of each range, all else as it is (2 K + 1 points); screening by trajectories
        ((K + 1) `points`); shares of the variance ((K + 2) `points`, or (2 K + 2) `points` with
        `second_order`).
    outcome : str, function, sequence of these, or mapping of names to them
        Measures (`metrics.measure`), or functions as in `sweep`; all are read off the same runs,
        and ``take_off`` always.
    replicates : int
        Replicates of each point.
    rng : int, SeedSequence or Generator, optional
        Source of the one key: of the points and of all runs.  Without it that of the folder
        `out`, where there is a study, or a fresh one.
    spread : float
        How far ranges from the table reach, see `prior_sample`.
    points : int, optional
        Trajectories of Morris (10 without it), base rows of Sobol (512; a power of two).
    levels : int
        Levels of Morris' grid, even.
    second_order : bool
        Whether Sobol's design tells which pairs act together.
    out : path, optional
        Folder of the journal; the same call again resumes.
    engine, networks, agents, backend, workers, scheduler, threads, progress
        As in `sweep`.

    Returns
    -------
    Sensitivity

    Raises
    ------
    KoubeiError
        For wrong arguments, before anything runs; where SALib is not installed.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> base = Scenario.load("tiny").replace(n_agents=300, ticks=20)
    >>> found = sensitivity(base, ["seeding.purity", "telling.relay"], outcome="adoptions", rng=1)
    >>> found.table("adoptions").columns[:4].tolist()
    ['from', 'to', 'at_low', 'at_low_from']
    """
    execution = execution_from(out, backend, workers, scheduler, threads, progress)
    options = options_from(kept_key(rng, execution.out), networks, agents, engine)
    base = scenario_from("scenario", scenario, options.own_people)
    asked = _outcomes(outcome)
    replicates = whole("replicates", replicates, 1)
    yes_no("second_order", second_order)
    ranges = ranges_of(base, paths, spread)
    design = make_design(base, ranges, method, points, levels, second_order, options.key)
    planned = make_sweep(
        base,
        Table(design.columns),
        replicates,
        options.key,
        options.engine,
        asked,
        options.inputs,
    )
    # Functions of one's own come first: they are what was asked for.
    outcomes = tuple(dict.fromkeys((*planned.functions, *planned.measures)))
    return Sensitivity(design, outcomes, run_sweep(planned, execution))


def _outcomes(given: Any) -> Any:
    """Return the outcomes as `make_sweep` takes them, whether beside how much."""
    if callable(given) or isinstance(given, Mapping):
        return given
    if isinstance(given, (list, tuple)) and any(callable(one) for one in given):
        return given
    names = [check_measure(name) for name in texts("outcome", given)]
    if not names:
        raise KoubeiError("outcome", "none given", allowed=", ".join(OUTCOMES), fix="users")
    return tuple(dict.fromkeys((*names, "take_off")))


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity(Look, Reported):
    """What a sensitivity study found; made by `sensitivity`.

    Attributes
    ----------
    design : Design
        The points, their place in the ranges, and the method's numbers.
    outcomes : tuple of str
        The first is meant where no other is named; ``take_off`` is always among them.
    runs : SweepResult
        All runs: `runs.table()`, `runs.failures()`.
    """

    design: Design
    outcomes: tuple[str, ...]
    runs: SweepResult
    _values: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """``"oat"``, ``"morris"`` or ``"sobol"``."""
        return self.design.method

    @property
    def ranges(self) -> dict[str, Range]:
        """What was varied and how far, by dotted path."""
        return self.design.ranges

    @property
    def key(self) -> int:
        """The key of points and runs."""
        return self.runs.sweep.key

    @property
    def replicates(self) -> int:
        """Replicates of each point."""
        return self.runs.sweep.replicates

    def values(self, outcome: str | None = None) -> NDArray[np.float64]:
        """Return an outcome at every point and replicate, [points, replicates], NaN: undefined."""
        name = self._named(outcome)
        if name not in self._values:
            self._values[name] = self.runs.values(name)
        return self._values[name]

    def undefined(self, outcome: str | None = None) -> float:
        """Return the share of runs in which an outcome is undefined or that failed."""
        return float(np.isnan(self.values(outcome)).mean())

    def table(self, outcome: str | None = None) -> pd.DataFrame:
        """Return one row a parameter, the most important first, with 95 % intervals.

        Returns
        -------
        DataFrame
            Index ``parameter``; ``from``, ``to``: the range.

            One at a time: ``at_low``, ``at_high``: what the ends do against the scenario as it is;
            ``difference``: the high end against the low one; all three where both take off (where
            nothing takes off anywhere, in all pairs), ``times`` or a ``difference`` as ``kind``
            says.  ``take_off``: by how much the chance of take-off is larger at the high end.  Each
            with ``_from``, ``_to``, its interval, NaN with less than three pairs.  ``span``: from
            the least to the greatest of the three means over all pairs, of counts and money in the
            logarithm: both parts at once, for nothing but the order of the rows.  ``gain`` of
            pairing the ends; ``elasticity``: per cent of the outcome for one per cent of the
            parameter, for ranges in the logarithm; ``n`` pairs of ends, and ``of``, which.

            Morris: ``mu_star``, ``mu``, ``sigma`` per whole range, in units of the outcome, of
            counts and money in the logarithm (.69: twice), each with ``_from``, ``_to``.  Sobol:
            ``ST``, ``S1`` of the variance on the same scale.  For both ``of_mean``: mu* or ST of
            the outcome averaged over replicates first; ``se_design``, ``se_luck``: the two standard
            errors in the interval of the leading index.

        Raises
        ------
        KoubeiError
            For an outcome that was not kept, or undefined too often (`MOST_UNDEFINED`).
        """
        import pandas as pd

        from koubei_sim.looks.frames import Table

        name = self._named(outcome)
        columns = _COLUMNS[self.method](self._asked(name))
        ends = [ends_of(each) for each in self.ranges.values()]
        first = {"from": [low for low, _ in ends], "to": [high for _, high in ends]}
        paths = pd.Index(list(self.ranges), name="parameter")
        found = Table({**first, **columns}, index=paths)
        by = SORTED_BY[self.method]
        return found.sort_values(by, ascending=False, kind="stable")

    def interactions(self, outcome: str | None = None) -> pd.DataFrame | None:
        """Return the second order indices as a symmetric matrix, or None where there are none.

        Only Sobol's method with `second_order` has them; what is on the diagonal is NaN.
        """
        from koubei_sim.looks.frames import Table

        found = self._second(self._named(outcome))
        if found is None:
            return None
        matrix = np.where(np.isnan(found.value), found.value.T, found.value)
        return Table(matrix, index=list(self.ranges), columns=list(self.ranges))

    def pairs(self, outcome: str | None = None) -> pd.DataFrame | None:
        """Return second order indices with intervals, the largest first; None without them.

        Columns ``first, second, S2, S2_from, S2_to``.
        """
        from koubei_sim.looks.frames import Table

        found, paths = self._second(self._named(outcome)), list(self.ranges)
        if found is None:
            return None
        one, other = np.triu_indices(len(paths), 1)
        frame = Table(
            {
                "first": [paths[j] for j in one],
                "second": [paths[k] for k in other],
                "S2": found.value[one, other],
                "S2_from": found.low[one, other],
                "S2_to": found.high[one, other],
            }
        )
        order = frame["S2"].abs().sort_values(ascending=False, kind="stable").index
        return frame.loc[order].reset_index(drop=True)

    @property
    def noise(self) -> pd.DataFrame:
        """Where the variance over points and replicates comes from, one row an outcome.

        On the scale of the indices: of counts and money that of the logarithm.
        ``parameters``, ``luck`` (common to all points, cancels in every difference) and ``both``
        (does not) add up to 1; ``replicates`` = luck + both is what replicates make; ``gain`` =
        (luck + both) / both: how many times more replicates independent luck would need for the
        difference of two points anywhere in the design; neighbours share more.  NaN with one
        replicate.
        """
        from koubei_sim.looks.frames import Table

        rows = {}
        for name in self.outcomes:
            split = split_variance(self._asked(name).values)
            noise = split.luck + split.both
            gain = noise / split.both if split.both > 0.0 else np.inf * noise if noise else np.nan
            rows[name] = {**split._asdict(), "replicates": noise, "gain": gain}
        return Table.from_dict(rows, orient="index").rename_axis("outcome")

    def _page(self, lang: str) -> Page:
        from koubei_sim.studies.sensitivity.page import page_of

        return page_of(self, lang)

    def _named(self, outcome: str | None) -> str:
        return self.outcomes[0] if outcome is None else kept_measure(outcome, self.outcomes)

    def _second(self, name: str) -> Estimate | None:
        if not self.design.second:
            return None
        return sobol_of(self._asked(name)).second

    def _asked(self, name: str) -> Asked:
        number = luck_of(name) + (0 if name in OUTCOMES else self.outcomes.index(name))
        taken = self.values("take_off")
        horizon = None if "ticks" in self.ranges else float(self.runs.sweep.scenario.ticks)
        return Asked(name, number, self.values(name), taken, self.design, self.key, horizon)

    def __repr__(self) -> str:
        """Say the method, its cost, and the first parameters."""
        plan, name = self.runs.sweep, self.outcomes[0]
        head = (
            f"<Sensitivity {plan.scenario.name}: {self.method} over {len(self.ranges)} parameters, "
            f"{plan.points.number} points x {plan.replicates} replicates"
        )
        try:
            table = self.table(name)
        except KoubeiError:
            return wrapped(f"{head}\n  {name} undefined too often>")
        column, log = SORTED_BY[self.method], "log " if offset(name) is not None else ""
        said = ", ".join(f"{path} {value:.3g}" for path, value in table[column].head(3).items())
        return wrapped(f"{head}\n  {column} of {log}{name}: {said}>")

"""`simulated_moments`: numbers of a rule that bring simulated moments nearest to observed ones.

The method of simulated moments (McFadden 1989, Pakes and Pollard 1989) over groups that are alike
and apart, such as villages.  Every point of a grid of numbers is simulated with the same luck, so
that the criterion is smooth; moments are weighed by the inverse of their covariance over groups at
a first-step estimate.  Three statements of how sure it is stand side by side: the region in which
the criterion is not much worse than at its best, groups drawn anew, and the quasi-posterior
``exp(-J / 2)`` on the grid (Chernozhukov and Hong 2003).  J says whether the model fits at all;
where it does not, none of the three is more than a distance.  Called by people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import CascadeResult, cascade, checks
from koubei_sim.cascades.rules.base import Rule
from koubei_sim.checks import Naming
from koubei_sim.core.codes import DRAW_RULE_FIT
from koubei_sim.core.draws import units_drawn
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look, wrapped

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
Moments = Callable[[CascadeResult], FloatArray]

MOST_POINTS: Final = 100_000
DRAWS: Final = 2000  # times that groups are drawn anew
LEVEL: Final = 0.95
SINGULAR: Final = 1e-12  # share of the largest eigenvalue below which one is 0


@dataclass(frozen=True, eq=False, repr=False)
class SimulatedMoments(Look):
    """What the method found.

    Attributes
    ----------
    names : tuple of str
        Numbers of the rule, P of them.
    points : (M, P) array
        The grid.
    observed : (G, K) array
        Moments of each group.
    simulated : (M, G, K) array
        Means over replicates.
    criterion : (M,) array
        J of each point: ``G g' W g``, g the mean over groups of observed less simulated.
    best : dict of str to float
        Numbers of the smallest J.
    first_step : dict of str to float
        Numbers at which the weights were made.
    drawn : (draws,) array of int
        Best point of each draw of the groups.
    rank : int
        Of the covariance of the moments over groups: K, or fewer where some say the same.
    moment_names : tuple of str
    replicates : int
    key : int
    """

    names: tuple[str, ...]
    points: FloatArray
    observed: FloatArray
    simulated: FloatArray
    criterion: FloatArray
    best: dict[str, float]
    first_step: dict[str, float]
    drawn: NDArray[np.int64]
    rank: int
    moment_names: tuple[str, ...]
    replicates: int
    key: int

    @property
    def statistic(self) -> float:
        """J at its smallest: about `df` where the model is true and groups are many."""
        return float(self.criterion.min())

    @property
    def df(self) -> int:
        """Moments that differ from group to group, each of its own, less numbers; at least 0.

        A moment that is the same in all groups, or a sum of others, weighs nothing in J.
        """
        return max(self.rank - len(self.names), 0)

    @property
    def p_value(self) -> float:
        """Chance of a J this large where the model is true; NaN without degrees of freedom.

        By the law of Hotelling (1931), which minds that the weights are themselves estimated from
        G groups: ``J (G - df) / (df (G - 1))`` is F with df and G - df degrees of freedom.
        """
        from scipy.stats import f

        groups, df = self.observed.shape[0], self.df
        if df <= 0:
            return float("nan")
        return float(f.sf(self.statistic * (groups - df) / (df * (groups - 1)), df, groups - df))

    @property
    def region(self) -> NDArray[np.bool_]:
        """Which points a test at 5 % (of Hotelling) does not refuse against the best, (M,)."""
        from scipy.stats import f

        groups, wide = self.observed.shape[0], len(self.names)
        scale = wide * (groups - 1) / (groups - wide)
        return self.criterion - self.statistic <= scale * f.ppf(LEVEL, wide, groups - wide)

    @property
    def weights(self) -> FloatArray:
        """The quasi-posterior on the grid, uniform before, (M,), adding up to 1."""
        found = np.exp(-0.5 * (self.criterion - self.statistic))
        return np.asarray(found / found.sum())

    def of(self, name: str, value: Callable[[dict[str, float]], float] | FloatArray) -> pd.Series:
        """Return what the fit says of a number made of the numbers of the rule.

        Parameters
        ----------
        name : str
        value : function of ``{name: number}``, or (M,) array, one value a point

        Returns
        -------
        pandas.Series
            ``best``; ``low, high`` of the region; ``drawn_low, drawn_high`` (2.5 and 97.5 % over
            draws of the groups); ``q025, q50, q975`` of the quasi-posterior.
        """
        import pandas as pd

        if callable(value):
            each = np.array([float(value(dict(zip(self.names, p)))) for p in self.points])
        else:
            each = np.asarray(value, np.float64)
        if each.shape != self.criterion.shape:
            raise KoubeiError(
                name, "not one value a point", got=each.shape, allowed=str(self.criterion.shape)
            )
        inside = each[self.region]
        order = np.argsort(each)
        below = np.cumsum(self.weights[order])
        at = np.minimum(np.searchsorted(below, (0.025, 0.5, 0.975)), order.size - 1)
        quantiles = each[order][at]
        low, high = np.quantile(each[self.drawn], (0.025, 0.975), method="inverted_cdf")
        row = {
            "best": each[int(np.argmin(self.criterion))], "low": inside.min(),
            "high": inside.max(), "drawn_low": low, "drawn_high": high,
            "q025": quantiles[0], "q50": quantiles[1], "q975": quantiles[2],
        }  # fmt: skip
        return pd.Series(row, name=name)

    def table(self) -> pd.DataFrame:
        """Return `of` for every number of the rule, a row each."""
        from koubei_sim.looks.frames import Table

        rows = [self.of(name, self.points[:, k]) for k, name in enumerate(self.names)]
        return Table(rows).rename_axis("number")

    def moments(self) -> pd.DataFrame:
        """Return each moment as observed and at the best point, means over groups.

        Columns: ``observed, simulated, difference, se`` (of the difference, over groups), ``t``.
        """
        import pandas as pd

        from koubei_sim.looks.frames import Table

        gap = self.observed - self.simulated[int(np.argmin(self.criterion))]
        se = gap.std(axis=0, ddof=1) / np.sqrt(gap.shape[0])
        with np.errstate(divide="ignore", invalid="ignore"):
            t = gap.mean(axis=0) / se
        columns = {
            "observed": self.observed.mean(axis=0),
            "simulated": (self.observed - gap).mean(axis=0),
            "difference": gap.mean(axis=0),
            "se": se,
            "t": t,
        }
        return Table(columns, index=pd.Index(self.moment_names, name="moment"))

    def __repr__(self) -> str:
        """Say the numbers, their region, and whether the model fits."""
        lines = [
            f"<SimulatedMoments: {self.observed.shape[1]} moments, {self.observed.shape[0]} groups,"
            f" {self.points.shape[0]} points x {self.replicates} replicates",
            f"  J {self.statistic:.1f} on {self.df} degrees of freedom, p = {self.p_value:.2g}",
        ]
        for name, row in self.table().iterrows():
            lines.append(
                f"  {name} {row['best']:.4g}  (95 % {row['low']:.4g} .. {row['high']:.4g})"
            )
        return wrapped("\n".join(lines) + ">")


def simulated_moments(
    network: Any,
    rule: Rule,
    seed_agents: Any,
    observed: Any,
    moments: Moments,
    grid: Mapping[str, Sequence[float]],
    *,
    replicates: int = 40,
    rng: Any = None,
    horizon: float | None = None,
    record: Any = ("kinds",),
    by: Naming = "label",
    threads: int | None = None,
    draws: int = DRAWS,
    names: Sequence[str] | None = None,
) -> SimulatedMoments:
    """Fit numbers of a rule by simulated moments.

    Parameters
    ----------
    network, rule, seed_agents, horizon, record, by, threads
        As in `cascade`.
    observed : (G, K) array
        Moments of each of G groups, as `moments` makes them of data.
    moments : callable
        From a `CascadeResult` to (replicates, G, K); `TakeUp`, or a function of your own.
    grid : mapping of str to sequence of float
        Values of each number of the rule that are tried, all with all.
    replicates : int
        Of each point; all points have the same luck.
    rng : int, SeedSequence, Generator or None
    draws : int
        How often the groups are drawn anew.
    names : sequence of str, optional
        What the moments are called; ``moments.names`` where it has such.

    Returns
    -------
    SimulatedMoments

    Raises
    ------
    KoubeiError
        Wrong shapes, numbers that the rule does not have, fewer groups than moments.

    Examples
    --------
    Ten pairs, of whom the first was told: the share of second people who heard is the moment.

    >>> import koubei_sim as kb
    >>> from koubei_sim.cascades import IndependentCascade
    >>> pairs = kb.Network.from_edges(range(0, 20, 2), range(1, 20, 2))
    >>> heard = np.array([[1.0], [0.0]] * 5)
    >>> second = lambda found: (found.outcome.kinds[:, 1::2, None] == 0).astype(float)
    >>> fit = simulated_moments(
    ...     pairs, IndependentCascade(0.1), range(0, 20, 2), heard, second,
    ...     {"p": [0.1, 0.3, 0.5, 0.7, 0.9]}, replicates=200, rng=1, threads=1,
    ... )  # fmt: skip
    >>> fit.best, fit.df
    ({'p': 0.5}, 0)
    """
    seen = np.asarray(observed, np.float64)
    if seen.ndim != 2 or seen.size == 0 or not np.isfinite(seen).all():
        raise KoubeiError(
            "observed", "not one row a group", got=f"array of shape {seen.shape}",
            allowed="(groups, moments) finite numbers",
        )  # fmt: skip
    groups, number = seen.shape
    if groups < number + 2:
        raise KoubeiError(
            "observed", "too few groups to weigh the moments", got=groups,
            allowed=f"{number + 2} or more",
        )  # fmt: skip
    own, points = _points(rule, grid)
    if number < len(own):
        raise KoubeiError("grid", "more numbers than moments", got=len(own), allowed=str(number))
    key = checks.key(rng)
    replicates = checks.whole("replicates", replicates, 1)
    draws = checks.whole("draws", draws, 1)
    called = _called(moments, names, number)
    simulated = np.empty((points.shape[0], groups, number))
    rules = [rule.with_numbers(dict(zip(own, map(float, point)))) for point in points]
    for k, one in enumerate(rules):
        found = cascade(
            network, one, seed_agents, replicates, key, horizon=horizon, record=record, by=by,
            threads=threads,
        )  # fmt: skip
        made = np.asarray(moments(found), np.float64)
        if made.shape != (replicates, groups, number):
            raise KoubeiError(
                "moments", "of another shape than asked", got=made.shape,
                allowed=str((replicates, groups, number)),
            )  # fmt: skip
        simulated[k] = made.mean(axis=0)
    gaps = seen - simulated
    means = gaps.mean(axis=1)
    spread = np.maximum(seen.var(axis=0, ddof=1), 1e-12)
    first = int(np.argmin((means**2 / spread).sum(axis=1)))
    covariance = np.atleast_2d(np.cov(gaps[first].T))
    weight = np.linalg.pinv(covariance, rcond=SINGULAR, hermitian=True)
    rank = int(np.linalg.matrix_rank(covariance, rtol=SINGULAR, hermitian=True))
    criterion = groups * np.einsum("mk,kl,ml->m", means, weight, means)
    best = int(np.argmin(criterion))
    return SimulatedMoments(
        names=own,
        points=points,
        observed=seen,
        simulated=simulated,
        criterion=criterion,
        best=dict(zip(own, map(float, points[best]))),
        first_step=dict(zip(own, map(float, points[first]))),
        drawn=_drawn(gaps, weight, key, draws),
        rank=rank,
        moment_names=called,
        replicates=replicates,
        key=key,
    )


def _points(rule: Rule, grid: Any) -> tuple[tuple[str, ...], FloatArray]:
    """Return the names of the numbers and all points of the grid, (M, P)."""
    if not isinstance(rule, Rule):
        raise KoubeiError("rule", "not a rule", got=type(rule).__name__)
    if not isinstance(grid, Mapping) or not grid:
        raise KoubeiError(
            "grid", "not a mapping of names to values", got=type(grid).__name__,
            allowed=f"{{name: values}}, names of {', '.join(rule.per_replicate) or 'none'}",
        )  # fmt: skip
    for name in grid:
        if name not in rule.per_replicate:
            raise KoubeiError(
                f"grid[{name}]", f"not a number of {type(rule).__name__}",
                allowed=", ".join(rule.per_replicate) or "none",
            )  # fmt: skip
    axes = [
        np.unique(checks.values(f"grid[{name}]", v, -np.inf, np.inf)) for name, v in grid.items()
    ]
    if np.prod([axis.size for axis in axes]) > MOST_POINTS:
        raise KoubeiError("grid", "too many points", allowed=f"1..{MOST_POINTS:,}")
    return tuple(map(str, grid)), np.array(list(product(*axes)), np.float64)


def _called(moments: Any, names: Sequence[str] | None, number: int) -> tuple[str, ...]:
    given = getattr(moments, "names", None) if names is None else names
    found = tuple(f"moment {k + 1}" for k in range(number)) if given is None else tuple(given)
    if len(found) != number:
        raise KoubeiError("names", "not one a moment", got=len(found), allowed=str(number))
    return found


def _drawn(gaps: FloatArray, weight: FloatArray, key: int, draws: int) -> NDArray[np.int64]:
    """Return the best point of each draw of the groups with replacement."""
    groups = gaps.shape[1]
    shares = units_drawn(draws * groups, key, DRAW_RULE_FIT, 0, 0)
    chosen = (shares * groups).astype(np.int64).reshape(draws, groups)
    found = np.empty(draws, np.int64)
    for k, who in enumerate(chosen):
        counts = np.bincount(who, minlength=groups) / groups
        means = counts @ gaps  # (M, K)
        found[k] = np.argmin(np.einsum("mk,kl,ml->m", means, weight, means))
    return found

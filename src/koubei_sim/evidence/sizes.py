"""How large a tree will be: forecasts from its first hour or its first messages, and their errors.

Five forecasts, each made of trees whose sizes are known: *no growth*, *popularity* (one factor of
growth for all), *log-linear* (Szabo and Huberman 2010), *times + tree* (a regression on when
messages came and how they hang together) and *Hawkes* (messages excite messages).  `judge_sizes`
holds all of them against trees that they have not seen.  Called by users and by
`experiments/repost_shapes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.cascades.checks import key as key_of
from koubei_sim.cascades.statistics import quantile_interval
from koubei_sim.core.codes import DRAW_RESAMPLE
from koubei_sim.core.draws import draw_many, stream
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.reposts import RepostTrees
from koubei_sim.evidence.size_features import Young, young_first, young_until
from koubei_sim.evidence.size_hawkes import hawkes
from koubei_sim.looks import Look
from koubei_sim.metrics.intervals import wilson

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]

FORECASTS: Final = ("no growth", "popularity", "log-linear", "times", "times + tree", "Hawkes")
RIDGE: Final = 10.0  # of coefficients of columns that are scaled to a spread of 1
FEWEST: Final = 30  # trees whose size is known


def forecast_size(
    known: RepostTrees,
    young: RepostTrees,
    *,
    at: float | None = None,
    first: int | None = None,
    by: str = "times + tree",
    least: int = 1,
) -> pd.DataFrame:
    """Forecast the sizes of young trees.

    Parameters
    ----------
    known : RepostTrees
        Trees that have stopped growing.
    young : RepostTrees
        Trees that have been seen for `at` at least, or have `first` messages; later messages are
        not looked at.
    at : float, optional
        Time since the root up to which trees are seen, in the unit of the log.
    first : int, optional
        In place of `at`: messages after the root that are seen.
    by : {"no growth", "popularity", "log-linear", "times", "times + tree", "Hawkes"}
    least : int
        Messages that a tree must have by `at` to be learnt from.

    Returns
    -------
    pandas.DataFrame
        One row a tree of `young`: ``cascade, root, seen`` (messages after the root by then) and
        ``size`` (forecast of the messages after the root at the end); NaN where the tree has
        not got `first` messages.

    Examples
    --------
    Forty trees in which a message comes each second for ten to fourteen seconds:

    >>> from koubei_sim.evidence import trees_of
    >>> lengths = [10 + tree % 5 for tree in range(40)]
    >>> parents = [0 if k else -1 for n in lengths for k in range(n + 1)]
    >>> rows = {"parent": parents, "time": [k for n in lengths for k in range(n + 1)]}
    >>> import pandas as pd
    >>> log = pd.DataFrame(rows).assign(
    ...     message=rows["time"], cascade=[t for t, n in enumerate(lengths) for _ in range(n + 1)]
    ... )
    >>> log["parent"] = log["parent"].where(log["parent"] >= 0)
    >>> trees = trees_of(log)
    >>> forecast_size(trees, trees.where([0]), at=6.0, by="popularity")["size"].round(1).tolist()
    [11.9]
    """
    checks.word("by", by, FORECASTS)
    at, first = _when(at, first)
    for name, given in (("known", known), ("young", young)):
        if not isinstance(given, RepostTrees):
            raise KoubeiError(name, "no trees", got=type(given).__name__, fix="kb.trees_of(log)")
    least = checks.whole("least", least, 1)
    old, sizes = _usable(known, at, first, least)
    learnt = _young(old, at, first)
    names = young.trees()[["cascade", "root"]]
    total = young.trees()["size"].to_numpy() - 1
    there = np.ones(len(young), bool) if first is None else total >= first
    forecast = np.full(len(young), np.nan)
    seen = np.minimum(total, first or 0).astype(np.float64)
    if there.any():
        fresh = _young(young.where(there), at, first)
        forecast[there] = predicted(by, learnt, sizes, old, fresh)
        seen[there] = fresh.seen
    return names.assign(seen=seen.astype(np.int64), size=forecast)


def _when(at: Any, first: Any) -> tuple[float | None, int | None]:
    if (at is None) == (first is None):
        raise KoubeiError("at", "one of the two is wanted", fix="at=3600.0, or first=100")
    if at is not None:
        return checks.number("at", at, 1e-9), None
    return None, checks.whole("first", first, 4)


def _young(trees: RepostTrees, at: float | None, first: int | None) -> Young:
    if first is not None:
        return young_first(trees, first)
    assert at is not None
    return young_until(trees, at)


def _usable(
    trees: RepostTrees, at: float | None, first: int | None, least: int
) -> tuple[RepostTrees, FloatArray]:
    """Return the trees that a forecast is asked of, and their messages after the root."""
    size = trees.trees()["size"].to_numpy(np.float64) - 1.0
    if at is not None:
        if not trees.timed:
            raise KoubeiError("at", "the log tells no times", fix="first=100")
        ages = trees.age
        young = np.bincount(
            trees.forest.tree,
            weights=(ages <= at) & (trees.forest.above >= 0),
            minlength=len(trees),
        )
        seen = young.astype(np.float64)
    else:
        seen = size
    kept = seen >= (least if first is None else first)
    if kept.sum() < FEWEST:
        raise KoubeiError(
            "trees", "too few that have grown so far", got=int(kept.sum()),
            allowed=f"{FEWEST} or more",
        )  # fmt: skip
    return trees.where(kept), size[kept]


# Forecasts --------------------------------------------------------------------------------------


def predicted(
    by: str, learnt: Young, sizes: FloatArray, known: RepostTrees, fresh: Young
) -> FloatArray:
    """Return the forecast messages after the root of the trees `fresh`, from those learnt."""
    if by == "no growth":
        return fresh.seen.copy()
    if by == "Hawkes":
        return hawkes(learnt, sizes, known, fresh)
    growth = np.log(sizes / np.maximum(learnt.seen, 1.0))
    columns = {
        "popularity": lambda young: np.empty((young.seen.size, 0)),
        "log-linear": _one_number,
        "times": lambda young: young.times,
        "times + tree": lambda young: np.column_stack([young.times, young.shape]),
    }[by]
    found = _regression(columns(learnt), growth, columns(fresh))
    return np.maximum(fresh.seen, 1.0) * np.exp(np.maximum(found, 0.0))


def _one_number(young: Young) -> FloatArray:
    """Return the logarithm of messages by then; where all have as many, of the time taken."""
    return np.column_stack([np.log1p(young.seen), np.log(young.age)])


def _regression(x: FloatArray, y: FloatArray, new: FloatArray) -> FloatArray:
    """Return ridge forecasts: least squares with ``RIDGE |b|**2`` on scaled columns."""
    centre, spread = x.mean(axis=0), x.std(axis=0)
    used = spread > 1e-12
    z = (x[:, used] - centre[used]) / spread[used]
    middle = float(y.mean())
    b = np.linalg.solve(z.T @ z + RIDGE * np.eye(z.shape[1]), z.T @ (y - middle))
    return middle + ((new[:, used] - centre[used]) / spread[used]) @ b


# Judgement --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class SizeJudgement(Look):
    """Forecasts of sizes held against trees that they were not learnt from.

    Attributes
    ----------
    by_time : DataFrame or None
        One row a tree: ``cascade, root, fold, seen, size`` (messages after the root, by then and at
        the end) and a column a forecast.
    by_messages : DataFrame or None
        The same at a number of messages.
    at, k : float and int, or None
        When trees were looked at.
    middle : float
        Median size of the trees that have `k` messages.
    """

    by_time: pd.DataFrame | None
    by_messages: pd.DataFrame | None
    at: float | None
    k: int | None
    middle: float

    def table(self) -> pd.DataFrame:
        """Return one row a forecast.

        Columns ``error, low, high`` (median over trees of ``|forecast - size| / size``, with its 95
        % interval that assumes no law), ``trees``; ``twice, twice_low, twice_high`` (AUC of the
        forecast for whether a tree of k messages reaches 2 k; DeLong, DeLong and Clarke-Pearson
        1988), ``median, median_low, median_high`` (AUC for whether it reaches the median), and
        ``trees_k``.
        """
        import pandas as pd

        from koubei_sim.looks.frames import Table

        rows = []
        for name in FORECASTS:
            row: dict[str, float] = {}
            if self.by_time is not None:
                size = self.by_time["size"].to_numpy(np.float64)
                error = np.abs(self.by_time[name].to_numpy() / size - 1.0)
                found = quantile_interval(error, 0.5)
                row |= dict(zip(("error", "low", "high"), map(float, found), strict=True))
                row["trees"] = len(error)
            if self.by_messages is not None:
                assert self.k is not None
                size = self.by_messages["size"].to_numpy(np.float64)
                # One number for all trees of a fold: it moves with the trees left out, against
                # their sizes, and says nothing of any tree.
                score = np.ones(len(size)) if name == "popularity" else self.by_messages[name]
                for what, most in (("twice", 2 * self.k), ("median", self.middle)):
                    ends = auc(np.asarray(score), size >= most)
                    row |= dict(zip((what, f"{what}_low", f"{what}_high"), ends, strict=True))
                row["trees_k"] = len(size)
            rows.append(row)
        return Table(rows, index=pd.Index(FORECASTS, name="forecast"))

    def nearer(self, one: str, other: str) -> tuple[float, float, float]:
        """Return the share of trees of which one forecast is nearer than another, at the time.

        With its 95 % score interval (Wilson 1927); ties are left out.
        """
        if self.by_time is None:
            raise KoubeiError(
                "nearer", "no time was asked for", fix="judge_sizes(trees, at=3600.0)"
            )
        size = self.by_time["size"].to_numpy(np.float64)
        errors = [
            np.abs(self.by_time[checks.word("forecast", name, FORECASTS)].to_numpy() - size)
            for name in (one, other)
        ]
        won, lost = int((errors[0] < errors[1]).sum()), int((errors[0] > errors[1]).sum())
        low, high = wilson(won, won + lost)
        return (won / (won + lost) if won + lost else float("nan")), low, high

    def __repr__(self) -> str:
        """Show the table."""
        return f"SizeJudgement\n{self.table().round(3).to_string()}"


def judge_sizes(
    trees: RepostTrees,
    at: float | None = 3600.0,
    *,
    k: int | None = 100,
    least: int = 50,
    folds: int = 10,
    rng: Any = 0,
) -> SizeJudgement:
    """Hold forecasts of sizes against trees that they were not learnt from.

    Parameters
    ----------
    trees : RepostTrees
        Trees that have stopped growing.
    at : float or None
        Time since the root up to which trees are seen, in the unit of the log.
    k : int or None
        Messages after the root that are seen.
    least : int
        Messages that a tree must have by `at`: of fewer nothing can be said.
    folds : int
        Parts of the trees; each is forecast from the others.
    rng : int, SeedSequence, Generator or None
        Which tree is in which part.

    Returns
    -------
    SizeJudgement
        See `SizeJudgement.table`.
    """
    if not isinstance(trees, RepostTrees):
        raise KoubeiError("trees", "no trees", got=type(trees).__name__, fix="kb.trees_of(log)")
    if at is None and k is None:
        raise KoubeiError("at", "neither a time nor a number of messages", fix="k=100")
    if at is not None and not trees.timed:
        raise KoubeiError("at", "the log tells no times", fix="at=None, of judge_sizes")
    folds = checks.whole("folds", folds, 2, 1000)
    least = checks.whole("least", least, 1)
    key = key_of(rng)
    found: list[pd.DataFrame | None] = [None, None]
    at = None if at is None else _when(at, None)[0]
    k = None if k is None else _when(None, k)[1]
    for place, (time, first) in enumerate(((at, None), (None, k))):
        if time is None and first is None:
            continue
        old, sizes = _usable(trees, time, first, least)
        found[place] = _held_out(old, sizes, time, first, folds, key)
    middle = float("nan") if found[1] is None else float(found[1]["size"].median())
    return SizeJudgement(found[0], found[1], at, k, middle)


def _held_out(
    trees: RepostTrees, sizes: FloatArray, at: float | None, first: int | None, folds: int, key: int
) -> pd.DataFrame:
    """Return the forecasts of each tree from the folds that it is not in."""
    bits = np.empty(len(trees), np.uint64)
    draw_many(stream(np.uint64(key), 0, DRAW_RESAMPLE, 0, 169), 0, bits)
    order = np.argsort(bits, kind="stable")
    fold = np.empty(len(trees), np.int64)
    fold[order] = np.arange(len(trees)) % folds
    young = _young(trees, at, first)
    table = trees.trees()[["cascade", "root"]].assign(
        fold=fold, seen=young.seen.astype(np.int64), size=sizes.astype(np.int64)
    )
    forecasts = np.full((len(trees), len(FORECASTS)), np.nan)
    for part in range(min(folds, len(trees))):
        mine = fold == part
        known = trees.where(~mine)
        learnt, fresh = _some(young, ~mine), _some(young, mine)
        for column, name in enumerate(FORECASTS):
            forecasts[mine, column] = predicted(name, learnt, sizes[~mine], known, fresh)
    return table.assign(**dict(zip(FORECASTS, forecasts.T, strict=True)))


def _some(young: Young, chosen: NDArray[np.bool_]) -> Young:
    return Young(
        young.seen[chosen], young.age[chosen], young.times[chosen], young.shape[chosen],
        young.direct[chosen], young.rows.where(chosen),
    )  # fmt: skip


def auc(score: FloatArray, is_large: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Return the area under the ROC curve with its 95 % interval.

    The chance that a large one has a higher score than a small one, ties counted by half; the
    variance is that of DeLong, DeLong and Clarke-Pearson 1988 (Biometrics 44:837-845), the interval
    is normal on the logit scale.  NaN where all or none are large.

    Examples
    --------
    >>> auc(np.array([3.0, 1.0, 2.0]), np.array([True, False, False]))[0]
    1.0
    """
    from scipy.special import expit, logit
    from scipy.stats import rankdata

    large, small = score[is_large], score[~is_large]
    m, n = large.size, small.size
    if not m or not n:
        return float("nan"), float("nan"), float("nan")
    every = rankdata(np.concatenate([large, small]))
    above = (every[:m] - rankdata(large)) / n  # share of the small ones below each large one
    below = 1.0 - (every[m:] - rankdata(small)) / m
    area = float(above.mean())
    if m < 2 or n < 2:
        return area, float("nan"), float("nan")
    error = float(np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n))
    if error == 0.0 or not 0.0 < area < 1.0:
        return area, area, area
    half = 1.959963984540054 * error / (area * (1.0 - area))
    return area, float(expit(logit(area) - half)), float(expit(logit(area) + half))

"""How much messages differ: the law of appeal under which simulated trees look like real ones.

`fit_appeal` chooses the two numbers of a law of R (the reproduction number of a message) on one
half of the trees and judges them on the other, beside one R for all messages, a free mixture of ten
values, and the other half of the data itself, which nothing can beat.  Called by users and by
`experiments/repost_shapes`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.cascades.appeal import LAWS, Appeal, LawName
from koubei_sim.cascades.checks import key as key_of
from koubei_sim.core.codes import DRAW_RESAMPLE
from koubei_sim.core.draws import draw_many, stream
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.growing import SHAPES, TELLERS, Grown, Telling, audiences, grow, grow_on
from koubei_sim.evidence.reposts import RepostTrees
from koubei_sim.looks import Look, wrapped
from koubei_sim.networks import Network, as_network

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]

LEVELS: Final = np.geomspace(0.02, 1.5, 25)  # reproduction numbers at which trees are grown
MEANS: Final = np.geomspace(0.02, 1.5, 40)  # of the laws that are tried
SPREADS: Final = np.geomspace(0.1, 4.0, 30)
TEN: Final = np.linspace(0, LEVELS.size - 1, 10).round().astype(np.int64)  # of the free mixture
BINS: Final = 8  # of size, equal steps of the logarithm
POINTS: Final = 500  # values of a statistic at which laws are compared at most
FEWEST: Final = 20  # trees in the window
ROUNDS: Final = 200  # of the expectation-maximisation of the mixture
ONE, MIXED, OTHER = "one R", "ten values", "the other half"


class Law(NamedTuple):
    """Distribution functions of one kind of candidates, of which a fit chooses one."""

    name: str
    numbers: FloatArray  # (K, 2) mean of R, spread
    below: FloatArray  # (K, 2 P) shares at most, then shares below, at the points


class Points(NamedTuple):
    """Values at which distribution functions are compared."""

    names: tuple[str, ...]  # of the S statistics
    values: FloatArray  # (P,)
    owner: NDArray[np.int64]  # (P,) number of the statistic


@dataclass(frozen=True, eq=False, repr=False)
class AppealFit(Look):
    """The law of appeal of real trees.

    Attributes
    ----------
    appeal : Appeal
        Law of R, fitted to all trees in the window.
    splits : DataFrame
        One row a halving and candidate: ``split, candidate, R, spread, fitted`` (mean distance
        where chosen), ``unseen`` (mean distance on the other half), and the distance of each
        statistic there.
    curves : DataFrame
        Distribution functions: ``statistic, value, candidate, share`` (at most the value), of the
        candidates fitted to all trees, and of the trees.
    trees : int
        Trees in the window.
    stories : int
        Stories told to grow the trees that they are compared with.
    """

    appeal: Appeal
    splits: pd.DataFrame
    curves: pd.DataFrame
    trees: int
    stories: int

    def table(self) -> pd.DataFrame:
        """Return one row a candidate: means over the halvings.

        Columns ``R, spread, fitted, unseen, low, high`` (of `unseen`: from the 2.5 to the 97.5 %
        quantile of the halvings), and each statistic.  The last row is the other half of the data.
        """
        by = self.splits.drop(columns="split").groupby("candidate", sort=False)
        table = by.mean()
        ends = {low: by["unseen"].quantile(low) for low in (0.025, 0.975)}
        place = list(table.columns).index("unseen") + 1
        table.insert(place, "low", ends[0.025])
        table.insert(place + 1, "high", ends[0.975])
        return table

    def on(self, network: Any) -> Appeal:
        """Return the law of the probability of an arc that gives this law of R on a network.

        ``kb.cascade(network, IndependentCascade(), seeds, parameters={"p": fit.on(network)})``.
        """
        graph = network if isinstance(network, Network) else as_network(network)
        mean = float(graph.degrees().mean()) if graph.n_nodes else 0.0
        if mean <= 0.0:
            raise KoubeiError("network", "no arcs")
        most = min(1.0, self.appeal.most / mean)
        return Appeal(self.appeal.mean / mean, self.appeal.spread, self.appeal.law, most)

    def __repr__(self) -> str:
        """Say the law and how far it is."""
        table = self.table()
        unseen = dict(zip(table.index, table["unseen"].to_numpy(np.float64), strict=True))
        return wrapped(
            f"AppealFit: R {self.appeal.law} of mean {self.appeal.mean:.3g} and spread "
            f"{self.appeal.spread:.3g}, {self.trees:,} trees; distance from unseen trees "
            f"{unseen[self.appeal.law]:.3f}, one R {unseen[ONE]:.3f}, "
            f"other half {unseen[OTHER]:.3f}"
        )


def fit_appeal(
    trees: Any,
    *,
    law: LawName = "beta",
    statistics: Sequence[str] = ("virality", "depth", "broadcast_share"),
    window: tuple[int, int] = (100, 999),
    sizes: str = "data",
    exponent: float | None = 2.3,
    teller: str = "followers",
    comments: float = 0.0,
    network: Any = None,
    splits: int = 40,
    enough: int = 800,
    most: int = 2_000_000,
    rng: Any = 0,
) -> AppealFit:
    """Fit how much messages differ to the shapes of real trees.

    Trees are grown at 25 reproduction numbers; a law of R weighs them.  Of each law the mean and
    the spread are chosen whose trees have the smallest mean Kolmogorov-Smirnov distance from the
    real ones, on one half; told are the distances from the other half, over many halvings.

    Parameters
    ----------
    trees : RepostTrees or DataFrame
        From `trees_of`, or a table with columns ``size`` and those of `statistics`.
    law : {"beta", "gamma", "lognormal"}
        Law of the result; all three are judged.  Beta, on 0..1, holds messages that all die out in
        the end, and is nearest to the trees of Weibo.
    statistics : sequence of {"virality", "depth", "broadcast_share", "breadth_share", "size"}
        What is compared; "size" with ``sizes="model"`` only.
    window : (int, int)
        Sizes of the trees that are compared, real ones and simulated ones alike, both ends
        included: what a source left out above a cap is left out of both.
    sizes : {"data", "model"}
        Which sizes simulated trees have within the window: those of the data (in eight bins), where
        the source chose messages by their size; or their own.
    exponent : float or None
        Of the law of audiences, above 2; 2.3: Goel, Anderson, Hofman and Watts 2016.  None: all
        have as many (Poisson offspring).
    teller : {"followers", "anybody"}
        Who tells a story first: people in proportion to their audience, or anybody.
    comments : float
        Share of messages that hang on the first without being passed on, as comments do.
    network : Network or graph, optional
        Grow trees on it by independent cascades, in place of the branching process (then
        `exponent` and `comments` say nothing).
    splits : int
        Halvings.
    enough, most : int
        Trees in the window, and stories told for them, at each reproduction number.
    rng : int, SeedSequence, Generator or None

    Returns
    -------
    AppealFit

    Notes
    -----
    A distance of two laws is taken at up to 500 values of each statistic, so it is exact for that
    many trees and too small by .002 at most beyond.
    """
    checks.word("law", law, LAWS)
    checks.word("sizes", sizes, ("data", "model"))
    checks.word("teller", teller, TELLERS)
    low = checks.whole("window[0]", window[0], 2)
    high = checks.whole("window[1]", window[1], low, 1_000_000)
    names = tuple(checks.word("statistics", each, SHAPES) for each in statistics)
    if not names or len(set(names)) < len(names) or ("size" in names and sizes == "data"):
        raise KoubeiError(
            "statistics", "none, one twice, or sizes that are those of the data",
            got=", ".join(names), fix="sizes='model' to compare sizes",
        )  # fmt: skip
    if exponent is not None:
        exponent = checks.number("exponent", exponent, 2.0, 10.0)
        if exponent <= 2.0:
            raise KoubeiError("exponent", "audiences without a mean", got=exponent, allowed="> 2")
    comments = checks.number("comments", comments, 0.0, 0.99)
    splits = checks.whole("splits", splits, 1, 10_000)
    telling = Telling(
        (low, high),
        checks.whole("enough", enough, 10, 100_000),
        checks.whole("most", most, 1000, 1 << 31),
        key_of(rng),
    )
    table = table_of(trees, names, (low, high))
    if network is None:
        grown = grow(LEVELS, audiences(exponent, teller), comments, telling)
    else:
        graph = network if isinstance(network, Network) else as_network(network)
        grown = grow_on(graph, LEVELS, teller, telling)
    return _fitted(table, grown, law, names, sizes, splits, telling.key)


def table_of(trees: Any, names: Sequence[str], window: tuple[int, int]) -> pd.DataFrame:
    """Return the trees in a window as a table."""
    table = trees.trees() if isinstance(trees, RepostTrees) else trees
    if not hasattr(table, "columns"):
        raise KoubeiError("trees", "no trees", got=type(trees).__name__, fix="kb.trees_of(log)")
    if "broadcast_share" not in table.columns and {"broadcast", "size"} <= set(table.columns):
        table = table.assign(broadcast_share=table["broadcast"] / table["size"])
    if "breadth_share" not in table.columns and {"breadth", "size"} <= set(table.columns):
        table = table.assign(breadth_share=table["breadth"] / table["size"])
    for name in ("size", *names):
        if name not in table.columns:
            raise KoubeiError(
                "trees", f"no column {name!r}", got=", ".join(map(str, table.columns))
            )
    kept = table[table["size"].between(*window)].reset_index(drop=True)
    if len(kept) < FEWEST:
        raise KoubeiError(
            "trees", f"too few of {window[0]} to {window[1]} messages", got=len(kept),
            allowed=f"{FEWEST} or more", fix="window=",
        )  # fmt: skip
    return kept


def shape_distance(
    one: Any,
    other: Any,
    statistics: Sequence[str] = ("virality", "depth", "broadcast_share"),
    window: tuple[int, int] = (100, 999),
) -> pd.Series:
    """Return the Kolmogorov-Smirnov distance of two sets of trees, by statistic.

    Parameters
    ----------
    one, other : RepostTrees or DataFrame
    statistics : sequence of str
        As in `fit_appeal`.
    window : (int, int)
        Sizes that are compared, both ends included.

    Returns
    -------
    pandas.Series
        One number a statistic, and their ``mean``.
    """
    import pandas as pd
    from scipy.stats import ks_2samp

    names = tuple(checks.word("statistics", each, SHAPES) for each in statistics)
    tables = [table_of(each, names, window) for each in (one, other)]
    found = {
        name: float(ks_2samp(*(table[name] for table in tables), method="asymp").statistic)
        for name in names
    }
    return pd.Series({**found, "mean": float(np.mean(list(found.values())))})


# Laws at the points -----------------------------------------------------------------------------


def _points(table: pd.DataFrame, names: tuple[str, ...]) -> Points:
    values = []
    for name in names:
        every = np.unique(table[name].to_numpy(np.float64))
        if every.size > POINTS:
            every = every[np.linspace(0, every.size - 1, POINTS).round().astype(np.int64)]
        values.append(every)
    owner = np.repeat(np.arange(len(names)), [each.size for each in values])
    return Points(names, np.concatenate(values), owner)


def _counted(table: pd.DataFrame, points: Points) -> FloatArray:
    """Return how many trees are at most at each point, then how many are below it (2 P,)."""
    found = []
    for side in ("right", "left"):
        for k, name in enumerate(points.names):
            values = np.sort(table[name].to_numpy(np.float64))
            found.append(np.searchsorted(values, points.values[points.owner == k], side=side))  # type: ignore[call-overload]
    return np.concatenate(found).astype(np.float64)


def _distances(below: FloatArray, seen: FloatArray, points: Points) -> FloatArray:
    """Return the distances of laws (.., 2 P) from another (2 P,), by statistic (.., S).

    Between two values of the data only one of the two laws moves, so they are farthest at a value
    or just before it.
    """
    starts = np.searchsorted(points.owner, range(len(points.names)))
    starts = np.concatenate([starts, starts + points.values.size])
    found = np.maximum.reduceat(np.abs(below - seen), starts, axis=-1)
    found = found.reshape(*found.shape[:-1], 2, -1).max(axis=-2)
    return np.nan_to_num(found, nan=1.0)  # no tree in the window: no law


def _size_bins(table: pd.DataFrame, window: tuple[float, float], bins: int) -> NDArray[np.int64]:
    edges = np.geomspace(window[0], window[1] + 1.0, bins + 1)
    return np.searchsorted(edges[1:-1], table["size"].to_numpy(), side="right")


def _chances(
    grown: Grown, points: Points, which: NDArray[np.int64], bins: int
) -> tuple[FloatArray, FloatArray]:
    """Return chances of a story of each level, by bin of size.

    ``(B, M, 2 P)``: to have a tree in the bin that is at most (then: below) a point; ``(B, M)``: in
    the bin.
    """
    below = np.zeros((bins, grown.levels.size, 2 * points.values.size))
    there = np.zeros((bins, grown.levels.size))
    address = which * grown.levels.size + grown.trees["level"].to_numpy()
    for place, mine in grown.trees.groupby(address):
        at = divmod(int(str(place)), grown.levels.size)
        below[at], there[at] = _counted(mine, points), len(mine)
    return below / grown.told[:, None], there / grown.told


def _weighed(
    weights: FloatArray, below: FloatArray, there: FloatArray, shares: FloatArray
) -> FloatArray:
    """Return the laws (K, 2 P) of trees of stories that are at levels by weights (K, M).

    Within each bin of size stories have the weight that they have; bins have their shares.
    """
    chance = weights @ there.T  # (K, B)
    scale = np.divide(shares, chance, out=np.zeros_like(chance), where=chance > 0.0)
    each = scale[:, :, None] * weights[:, None, :]  # (K, B, M): what a story of a level counts
    found = each.reshape(len(weights), -1) @ below.reshape(-1, below.shape[-1])
    found[((chance == 0.0) & (shares > 0.0)).any(axis=1)] = np.nan  # sizes that do not happen
    return found


def _weights(appeal: Appeal) -> FloatArray:
    """Return the share of stories nearest to each level, on a logarithmic scale.

    What lies above the highest level is left out: it dies early or passes the window.
    """
    half = math.sqrt(LEVELS[1] / LEVELS[0])
    below = appeal.cdf(np.append(LEVELS / half, LEVELS[-1] * half))
    below[0] = 0.0  # the lowest level stands for all below
    return np.diff(below)


def _tried(law: LawName) -> Iterator[Appeal]:
    for mean in MEANS:
        for spread in SPREADS:
            if law != "beta" or (mean < 1.0 and spread < 0.999 * math.sqrt((1.0 - mean) / mean)):
                yield Appeal(float(mean), float(spread), law, most=_end(law))


def _end(law: LawName) -> float:
    """Return the largest R of a law: a beta law holds messages that all die out."""
    return 1.0 if law == "beta" else math.inf


# Fits -------------------------------------------------------------------------------------------


class Mixture(NamedTuple):
    """What the free mixture is fitted with: laws of ten levels, by bins of the first statistic."""

    below: FloatArray  # (B, 10, 2 P) laws within a bin of size
    there: FloatArray  # (B, 10) 1 where the level has trees in the bin
    shares: FloatArray  # (B,)
    cuts: NDArray[np.int64]  # places among the points that part the bins


def _mixture(below: FloatArray, there: FloatArray, shares: FloatArray, points: Points) -> Mixture:
    held = there[:, TEN] > 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        laws = below[:, TEN] / there[:, TEN, None]
    cuts = np.linspace(0, int((points.owner == 0).sum()) - 1, 41).round().astype(np.int64)[1:]
    return Mixture(
        np.where(held[..., None], laws, 0.0), held.astype(float), shares, np.unique(cuts)
    )


def _mix(mixture: Mixture, weights: FloatArray) -> FloatArray:
    return _weighed(weights[None], mixture.below, mixture.there, mixture.shares)[0]


def _free(mixture: Mixture, seen: FloatArray) -> FloatArray:
    """Return the weights of ten levels with the highest likelihood on the first statistic."""
    each = np.stack([_mix(mixture, row) for row in np.eye(len(TEN))])
    parts = np.diff(each[:, mixture.cuts], prepend=0.0, axis=1)
    parts = np.maximum(np.nan_to_num(parts), 1e-6)
    counts = np.diff(seen[mixture.cuts], prepend=0.0)
    weights = np.full(len(TEN), 1.0 / len(TEN))
    for _ in range(ROUNDS):
        belongs = weights[:, None] * parts
        belongs /= belongs.sum(axis=0)
        weights = belongs @ counts
        weights /= weights.sum()
    return weights


def _halves(n: int, splits: int, key: int) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Yield halves of n trees: places in an order drawn for each halving."""
    bits = np.empty(n, np.uint64)
    for k in range(splits):
        draw_many(stream(np.uint64(key), k, DRAW_RESAMPLE, 0, 168), 0, bits)
        order = np.argsort(bits, kind="stable")
        yield np.sort(order[: n // 2]), np.sort(order[n // 2 :])


def _fitted(
    table: pd.DataFrame,
    grown: Grown,
    law: LawName,
    names: tuple[str, ...],
    sizes: str,
    splits: int,
    key: int,
) -> AppealFit:
    import pandas as pd

    window = (float(table["size"].min()), float(table["size"].max()))
    grown = grown._replace(
        trees=grown.trees[grown.trees["size"].between(*window)].reset_index(drop=True)
    )
    bins = BINS if sizes == "data" else 1
    points = _points(table, names)
    shares = np.bincount(_size_bins(table, window, bins), minlength=bins) / len(table)
    chances = _chances(grown, points, _size_bins(grown.trees, window, bins), bins)
    candidates = []
    for name in LAWS:
        tried = list(_tried(name))
        numbers = np.array([(each.mean, each.spread) for each in tried])
        weights = np.array([_weights(each) for each in tried])
        candidates.append(Law(name, numbers, _weighed(weights, *chances, shares)))
    alone = np.column_stack([LEVELS, np.zeros(LEVELS.size)])
    candidates.append(Law(ONE, alone, _weighed(np.eye(LEVELS.size), *chances, shares)))
    mixture = _mixture(*chances, shares, points)
    rows = []
    for k, (mine, rest) in enumerate(_halves(len(table), splits, key)):
        near = _counted(table.iloc[mine], points) / mine.size
        far = _counted(table.iloc[rest], points) / rest.size
        chosen = _chosen(candidates, mixture, near, points)
        chosen.append((OTHER, np.full(2, np.nan), near))
        for said, numbers, below in chosen:
            apart = _distances(below, far, points)
            rows.append(
                {
                    "split": k, "candidate": said, "R": numbers[0], "spread": numbers[1],
                    "fitted": _distances(below, near, points).mean(), "unseen": apart.mean(),
                    **dict(zip(names, apart, strict=True)),
                }
            )  # fmt: skip
    seen = _counted(table, points) / len(table)
    whole = [*_chosen(candidates, mixture, seen, points), ("data", np.full(2, np.nan), seen)]
    curves = [
        pd.DataFrame(
            {
                "statistic": np.array(names)[points.owner], "value": points.values,
                "candidate": name, "share": below[: points.values.size],
            }
        )
        for name, _, below in whole
    ]  # fmt: skip
    numbers = {name: each for name, each, _ in whole}[law]
    return AppealFit(
        Appeal(float(numbers[0]), float(numbers[1]), law, most=_end(law)),
        pd.DataFrame(rows), pd.concat(curves, ignore_index=True), len(table),
        int(grown.told.sum()),
    )  # fmt: skip


def _chosen(
    candidates: Sequence[Law], mixture: Mixture, seen: FloatArray, points: Points
) -> list[tuple[str, FloatArray, FloatArray]]:
    """Return name, numbers and law of the candidate of each kind that is nearest."""
    found = []
    for kind in candidates:
        k = int(_distances(kind.below, seen, points).mean(axis=1).argmin())
        found.append((kind.name, kind.numbers[k], kind.below[k]))
    weights = _free(mixture, seen)
    mean = float(weights @ LEVELS[TEN])
    spread = math.sqrt(max(0.0, float(weights @ LEVELS[TEN] ** 2) - mean**2)) / mean
    found.append((MIXED, np.array([mean, spread]), _mix(mixture, weights)))
    return found

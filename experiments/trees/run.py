"""Trees of stories whose appeal differs, held against repost trees of Weibo.

``KOUBEI_DATA=... python experiments/trees/run.py`` (some minutes on one core) grows trees of who
retold whom on follow graphs, at many reproduction numbers; weighs them by the law of appeal of
`telling.appeal_sigma`; chooses its two numbers on half of the real trees and judges them, and
three rivals, on the other half.  Writes `shapes.csv`, `distances.csv`, `degrees.csv`,
`figure.png`, and the tables between the marks of README.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import log_ndtr

import koubei_sim as kb
from koubei_sim.cascades.outcome import Activations
from koubei_sim.cascades.trees import forest_of, trees_of
from koubei_sim.networks import Network, erdos_renyi, find_data, follow_graph
from koubei_sim.plots import drawing
from koubei_sim.plots.style import BLUE, GREY, ORANGE

HERE = Path(__file__).parent
DATA: Final = "weibo_repost_trees.csv.gz"
COLUMNS: Final = ["cascade", "message", "parent", "time_s", "rumour"]
BEGIN, END = "<!-- trees -->", "<!-- /trees -->"
KEY: Final = 20120531
STATISTICS: Final = ("size", "depth", "virality", "width")
SHAPES: Final = STATISTICS[1:]
WINDOW: Final = (100, 999)  # messages: what the source holds nearly all of
BINS: Final = 8  # of size, equal on a logarithmic scale
PEOPLE, FOLLOWED, EXPONENT, GRAPHS = 200_000, 15.0, 2.3, 4
LEVELS: Final = np.geomspace(0.02, 1.7, 25)  # reproduction numbers at which trees are grown
PLAIN: Final = np.geomspace(0.7, 1.2, 16)  # those of the rival with Poisson offspring
SIGMAS: Final = np.linspace(0.0, 1.5, 31)
MEDIUM: Final = np.geomspace(0.02, 3.0, 36)  # reproduction number of a story of appeal 1
ENOUGH, MOST = 800, 600_000  # trees in the window, and stories told for them, at each level
ADOPTERS: Final = 200_000  # people of the preset, for trees of adoptions
RESAMPLES: Final = 200

FloatArray = NDArray[np.float64]


# The data ---------------------------------------------------------------------------------------


def read_trees(path: Path) -> pd.DataFrame:
    """Return size, depth, virality and width of each tree of a file, and the number of the tree.

    The root post is message 0 and has no line of its own.  Width is the share of messages in the
    largest generation.
    """
    lines = pd.read_csv(path)
    if list(lines.columns) != COLUMNS:
        raise kb.KoubeiError(
            str(path), "not a file of repost trees", got=", ".join(map(str, lines.columns)),
            allowed=", ".join(COLUMNS),
        )  # fmt: skip
    numbers, tree = np.unique(lines["cascade"], return_inverse=True)
    roots = np.arange(numbers.size)
    tree = np.concatenate([roots, tree])
    person = np.concatenate([np.zeros(roots.size), lines["message"]]).astype(np.int32)
    parent = np.concatenate([np.full(roots.size, -1), lines["parent"]]).astype(np.int32)
    order = np.lexsort((person, tree))
    tree, person, parent = tree[order].astype(np.int32), person[order], parent[order]
    if np.any((np.diff(tree) == 0) & (np.diff(person) == 0)):
        raise kb.KoubeiError(str(path), "a message stands twice in one tree")
    rows = tree.size
    log = Activations(
        tree, person, parent, person.astype(np.float64), np.full(rows, np.inf),
        np.zeros(rows, np.int8),
    )  # fmt: skip
    forest = forest_of(log, int(max(person.max(), parent.max())) + 1)
    shapes = pd.DataFrame(trees_of(forest)._asdict())
    deeper = np.bincount(forest.tree, weights=forest.generation > 1)
    return _measured(shapes).assign(
        cascade=numbers, beyond=deeper / shapes["size"], star=shapes["broadcast"] / shapes["size"]
    )


def _measured(shapes: pd.DataFrame) -> pd.DataFrame:
    found = shapes[["size", "depth", "virality"]].copy()
    return found.assign(width=shapes["breadth"] / shapes["size"])


def within(trees: pd.DataFrame, window: tuple[int, int] = WINDOW) -> pd.DataFrame:
    """Return the trees whose size is in a window, both ends included."""
    return trees[trees["size"].between(*window)].reset_index(drop=True)


def halves(trees: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return trees at even and at odd places in the order of their numbers."""
    ordered = trees.sort_values("cascade", ignore_index=True)
    return ordered[::2].reset_index(drop=True), ordered[1::2].reset_index(drop=True)


# Trees that are grown ---------------------------------------------------------------------------


class Grown(NamedTuple):
    """Trees of stories, of each of M reproduction numbers."""

    levels: FloatArray  # (M,)
    told: NDArray[np.int64]  # (M,) stories
    alone: FloatArray  # (M,) share of stories that nobody retold
    deeper: FloatArray  # (M,) share of trees beyond one degree
    trees: pd.DataFrame  # those in the window: `STATISTICS`, and `level`, a number below M


def grow(
    graphs: Sequence[Network], levels: FloatArray, key: int, *, by_followers: bool = False,
    window: tuple[int, int] = WINDOW, enough: int = ENOUGH, most: int = MOST,
) -> Grown:  # fmt: skip
    """Tell stories, one after the other, until enough trees of each level are in a window.

    Each is told by a person at random, or with a chance in proportion to followers.  Who hears
    retells with the same chance everywhere, the level over the mean number of followers.
    """
    parts: list[pd.DataFrame] = []
    told = np.zeros(levels.size, np.int64)
    alone, deeper = np.zeros(levels.size), np.zeros(levels.size)
    followers = [graph.degrees().astype(np.float64) for graph in graphs]
    for m, level in enumerate(levels):
        # Above 1 a story may reach nearly everybody, which takes a thousand times as long.
        piece, last = (20_000, most) if level < 0.95 else (500, most // 200)
        random = np.random.default_rng((key, m))
        hits = turn = 0
        while hits < enough and told[m] < last:
            mine = followers[turn % len(graphs)]
            tellers: kb.RandomSeeds | list[list[int]] = kb.RandomSeeds(1)
            if by_followers:
                tellers = random.choice(mine.size, (piece, 1), p=mine / mine.sum()).tolist()
            found = kb.cascade(
                graphs[turn % len(graphs)], kb.IndependentCascade(level / mine.mean()), tellers,
                piece, key + m, first=int(told[m]), record="forest", threads=1,
            ).trees()  # fmt: skip
            told[m] += piece
            turn += 1
            alone[m] += (found["size"] == 1).sum()
            deeper[m] += (found["depth"] > 1).sum()
            parts.append(_measured(within(found, window)).assign(level=m))
            hits += len(parts[-1])
    return Grown(levels, told, alone / told, deeper / told, pd.concat(parts, ignore_index=True))


def by_appeal(levels: FloatArray, sigma: float, medium: float) -> FloatArray:
    """Return the share of stories nearest to each level, on a logarithmic scale.

    A story of appeal g is seen g times as often, and who has seen it retells it g times as often:
    its reproduction number is ``medium * g ** 2``, with g log-normal of mean 1.  What lies above
    the highest level is left out: it dies early or passes the window.
    """
    step = np.log(levels[1] / levels[0])
    edges = np.append(np.log(levels) - step / 2, np.log(levels[-1]) + step / 2)
    if sigma == 0.0:
        at = np.log(medium)
        return ((edges[:-1] <= at) & (at < edges[1:])).astype(np.float64)
    z = (edges - (np.log(medium) - sigma**2)) / (2.0 * sigma)
    z[0] = -np.inf  # the lowest level stands for all below
    low, high = log_ndtr(z[:-1]), log_ndtr(z[1:])
    return np.exp(high) - np.exp(low)


# Distances --------------------------------------------------------------------------------------


class Points(NamedTuple):
    """The values at which distribution functions are compared: all that occur in the data."""

    names: Sequence[str]  # of the S statistics
    values: FloatArray  # (P,)
    owner: NDArray[np.int64]  # (P,) number of the statistic


def points_of(trees: pd.DataFrame, names: Sequence[str] = STATISTICS) -> Points:
    """Return all values of the statistics of trees."""
    values = [np.unique(trees[name].to_numpy(np.float64)) for name in names]
    owner = np.repeat(np.arange(len(names)), [each.size for each in values])
    return Points(names, np.concatenate(values), owner)


def counted(trees: pd.DataFrame, points: Points) -> FloatArray:
    """Return how many trees are at most at each point, then how many are below it (2 P,)."""
    found = []
    for side in ("right", "left"):
        for k, name in enumerate(points.names):
            values = np.sort(trees[name].to_numpy(np.float64))
            found.append(np.searchsorted(values, points.values[points.owner == k], side=side))  # type: ignore[call-overload]
    return np.concatenate(found).astype(np.float64)


def distances(below: FloatArray, trees: pd.DataFrame, points: Points) -> FloatArray:
    """Return the Kolmogorov-Smirnov distance of laws (.., 2 P) from trees, by statistic (.., S).

    Between two values of the data only the law moves, so it is farthest at one of the two.
    """
    gap = below - counted(trees, points) / len(trees)
    starts = np.searchsorted(points.owner, range(len(points.names)))
    starts = np.concatenate([starts, starts + points.values.size])
    found = np.maximum.reduceat(np.abs(gap, out=gap), starts, axis=-1)
    found = found.reshape(*found.shape[:-1], 2, -1).max(axis=-2)
    return np.nan_to_num(found, nan=1.0)  # no tree in the window: no law


def size_bins(trees: pd.DataFrame, window: tuple[int, int] = WINDOW) -> NDArray[np.int64]:
    """Return the number of the bin of the size of each tree."""
    edges = np.geomspace(window[0], window[1] + 1, BINS + 1)
    return np.searchsorted(edges[1:-1], trees["size"].to_numpy(), side="right")


def laws(
    grown: Grown, points: Points, shares: FloatArray, window: tuple[int, int] = WINDOW
) -> FloatArray:
    """Return what makes laws of weights of levels: chances (B, M, 2 P) and hits (B, M) a story.

    One bin of size where `shares` has one entry: then sizes are those of the stories themselves.
    """
    bins = size_bins(grown.trees, window) if len(shares) > 1 else np.zeros(len(grown.trees), int)
    found = np.zeros((len(shares), grown.levels.size, 2 * points.values.size + 1))
    for (b, m), mine in grown.trees.groupby([bins, grown.trees["level"].to_numpy()]):
        found[b, m, :-1], found[b, m, -1] = counted(mine, points), len(mine)
    return found / grown.told[:, None]


def mixed(chances: FloatArray, weights: FloatArray, shares: FloatArray) -> FloatArray:
    """Return the laws (K, 2 P) of trees in the window of stories that are at levels by weights.

    Within each bin of size stories have the weight that they have; bins have their shares.
    """
    total = np.zeros((len(weights), chances.shape[-1] - 1))
    for part, share in zip(chances, shares, strict=True):
        found = weights @ part
        with np.errstate(invalid="ignore", divide="ignore"):
            total += share * found[:, :-1] / found[:, -1:]
    return total


class Family(NamedTuple):
    """Candidates of one kind, of which the fit chooses one."""

    name: str
    parameters: FloatArray  # (K, 2) sigma, reproduction number of a story of appeal 1
    below: FloatArray  # (K, 2 P)


def with_appeal(
    name: str, grown: Grown, points: Points, shares: FloatArray,
    window: tuple[int, int] = WINDOW,
) -> Family:  # fmt: skip
    """Return the candidates of two parameters: stories whose appeal differs."""
    pairs = np.array([(sigma, medium) for sigma in SIGMAS for medium in MEDIUM])
    weights = np.array([by_appeal(grown.levels, *pair) for pair in pairs])
    return Family(name, pairs, mixed(laws(grown, points, shares, window), weights, shares))


def without(name: str, grown: Grown, points: Points, shares: FloatArray) -> Family:
    """Return the candidates of one parameter: all stories at the same level."""
    one = np.column_stack([np.zeros(grown.levels.size), grown.levels])
    return Family(name, one, mixed(laws(grown, points, shares), np.eye(grown.levels.size), shares))


def best(family: Family, trees: pd.DataFrame, points: Points) -> int:
    """Return the number of the candidate with the smallest mean distance from trees."""
    return int(distances(family.below, trees, points).mean(axis=1).argmin())


def judged(
    kinds: Sequence[Family], chosen_on: pd.DataFrame, judged_on: pd.DataFrame, points: Points
) -> list[tuple[str, FloatArray, float, FloatArray]]:
    """Return name, parameters, mean distance where chosen, and distances (S,) where judged."""
    found = []
    for kind in kinds:
        k = best(kind, chosen_on, points)
        near = distances(kind.below[k], chosen_on, points).mean()
        found.append(
            (
                kind.name,
                kind.parameters[k],
                float(near),
                distances(kind.below[k], judged_on, points),
            )
        )
    other = distances(counted(chosen_on, points) / len(chosen_on), judged_on, points)
    return [*found, ("the other half of the data", np.full(2, np.nan), 0.0, other)]


def compared(
    kinds: Sequence[Family], data: pd.DataFrame, points: Points, criterion: str
) -> pd.DataFrame:
    """Return a row a candidate; intervals choose and judge anew on trees drawn with replacement."""
    one, other = halves(data)
    random = np.random.default_rng(KEY)
    drawn = [
        judged(kinds, one.iloc[random.integers(0, len(one), len(one))],
               other.iloc[random.integers(0, len(other), len(other))], points)
        for _ in range(RESAMPLES)
    ]  # fmt: skip
    rows = []
    for k, (name, parameters, near, far) in enumerate(judged(kinds, one, other, points)):
        means = [each[k][3].mean() for each in drawn]
        values = np.array([each[k][1] for each in drawn])
        row = {"criterion": criterion, "candidate": name}
        for j, what in enumerate(("sigma", "R")):
            row[what] = parameters[j]
            row[f"{what}_low"], row[f"{what}_high"] = np.quantile(values[:, j], (0.025, 0.975))
        row |= {"mean_chosen": near, "mean": far.mean()}
        row["mean_low"], row["mean_high"] = np.quantile(means, (0.025, 0.975))
        rows.append(row | dict(zip(points.names, far, strict=True)))
    return pd.DataFrame(rows)


# What is told of it -----------------------------------------------------------------------------


def described(data: pd.DataFrame) -> pd.DataFrame:
    """Return quantiles of the shapes of real trees, by size."""
    edges = (1, 100, 200, 400, 700, 1000)
    rows = []
    for low, high in pairwise(edges):
        mine = data[data["size"].between(low, high - 1)]
        row: dict[str, object] = {"messages": f"{low} .. {high - 1}", "trees": len(mine)}
        for name in (*SHAPES, "star", "beyond"):
            ten, half, ninety = mine[name].quantile([0.1, 0.5, 0.9])
            row[name] = f"{ten:.3g} {half:.3g} {ninety:.3g}"
        rows.append(row)
    return pd.DataFrame(rows)


def degrees(told: Sequence[tuple[str, Grown, FloatArray]], data: pd.DataFrame) -> pd.DataFrame:
    """Return how many trees are one person, and how many go beyond one degree, by what is meant."""
    rows = [("measured on seven services", "70 .. 95 %", "1 .. 4 %")]
    for name, grown, (sigma, medium) in told:
        weights = by_appeal(grown.levels, sigma, medium)
        weights = weights / weights.sum()
        rows.append((f"information, all stories, {name}, sigma {sigma:.2g}, R {medium:.2g}",
                     f"{weights @ grown.alone:.1%}", f"{weights @ grown.deeper:.1%}"))  # fmt: skip
    deeper = (data["depth"] > 1).mean()
    rows.append(("information, repost trees (chosen because they were large)",
                 f"{(data['size'] == 1).mean():.1%}", f"{deeper:.1%}"))  # fmt: skip
    base = kb.Scenario.load("xiaomi")
    people = base.n_agents * base.people_per_agent
    base = base.replace(n_agents=ADOPTERS, people_per_agent=people / ADOPTERS)
    for sigma in (0.0, told[0][2][0]):
        found = kb.run(base.replace(**{"telling.appeal_sigma": sigma}), replicates=1, rng=KEY,
                       threads=1)  # fmt: skip
        trees = kb.metrics.trees(kb.metrics.recruitment_forest(found.histories[0]))
        name = f"adoption, preset `xiaomi`, `telling.appeal_sigma` {sigma:g}"
        rows.append((name, f"{(trees.size == 1).mean():.1%}", f"{(trees.depth > 1).mean():.1%}"))
    return pd.DataFrame(rows, columns=["trees", "one person", "beyond one degree"])


def draw(kinds: dict[str, Sequence[Family]], points: dict[str, Points], rows: pd.DataFrame,
         held: pd.DataFrame) -> None:  # fmt: skip
    """Draw the distributions of the held-out half and of the candidates chosen."""
    import matplotlib.pyplot as plt

    titles = {"size": "Messages", "depth": "Generations", "virality": "Structural virality",
              "width": "Share in the largest generation"}  # fmt: skip
    looks = {"appeal": (BLUE, "-"), "appeal, anybody": (BLUE, ":"), "appeal off": (ORANGE, "-"),
             "off, anybody": (ORANGE, ":"), "Poisson": (GREY, "--")}  # fmt: skip
    ends = {"size": (*WINDOW, 100, 200, 400, 800), "depth": (1, 40, 1, 2, 5, 10, 20, 40),
            "virality": (1.95, 14, 2, 3, 5, 10)}  # fmt: skip
    with drawing("en"):
        figure, axes = plt.subplots(2, 4, figsize=(14.5, 6.6), sharey=True)
        for line, (criterion, at) in zip(axes, points.items(), strict=True):
            mine = rows[rows["criterion"] == criterion].set_index("candidate")
            half = at.values.size
            seen = counted(held, at)[:half] / len(held)
            for ax, name in zip(line, STATISTICS):
                if name not in at.names:
                    ax.axis("off")
                    ax.text(0.0, 0.6, "Sizes are those of the data:\nshapes alone are compared.",
                            transform=ax.transAxes, color="#444444")  # fmt: skip
                    continue
                where = at.owner == at.names.index(name)
                x = at.values[where]
                for kind in kinds[criterion]:
                    chosen = mine.loc[kind.name, ["sigma", "R"]].to_numpy(np.float64)
                    k = int(np.abs(kind.parameters - chosen).sum(axis=1).argmin())
                    colour, dashes = looks[kind.name]
                    ax.plot(x, kind.below[k, :half][where], color=colour, ls=dashes, lw=1.8,
                            drawstyle="steps-post",
                            label=f"{kind.name} ({mine.loc[kind.name, name]:.2f})")  # fmt: skip
                ax.plot(x, seen[where], color="black", lw=1.2, drawstyle="steps-post",
                        label="repost trees, held out")  # fmt: skip
                if name != "width":
                    low, high, *ticks = ends[name]
                    ax.set_xscale("log")
                    ax.set_xlim(low, high)
                    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
                    ax.minorticks_off()
                ax.set_title(titles[name], pad=8)
                ax.legend(facecolor="white", framealpha=1.0, edgecolor="none", fontsize=7.5,
                          loc="upper left" if name == "width" else "lower right")  # fmt: skip
            line[-len(at.names)].set_ylabel("share of trees at most")
        figure.savefig(HERE / "figure.png", dpi=110)
        plt.close(figure)


def markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown."""

    def cell(value: object) -> str:
        if isinstance(value, float):
            return "" if np.isnan(value) else f"{value:.3g}"
        return str(value)

    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|" + "---|" * table.shape[1]]
    lines += ["| " + " | ".join(map(cell, row)) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines)


def told_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the table of distances as it stands in the page."""

    def span(row: pd.Series, what: str, digits: str = ".2f") -> str:
        if np.isnan(row[what]):
            return ""
        middle, low, high = (format(row[what + end], digits) for end in ("", "_low", "_high"))
        return f"{middle} ({low} .. {high})"

    return pd.DataFrame(
        [
            {
                "compared": row["criterion"],
                "candidate": row["candidate"],
                "sigma": span(row, "sigma") if row["sigma_high"] > 0.0 else "",
                "R at appeal 1": span(row, "R"),
                **{name: "" if np.isnan(row[name]) else f"{row[name]:.2f}" for name in STATISTICS},
                "mean (95 %)": f"**{span(row, 'mean', '.3f')}**",
            }
            for _, row in rows.iterrows()
        ]
    )


def main() -> None:
    """Read, grow, choose, judge, write."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        whole = read_trees(find_data(DATA))
    except kb.KoubeiError as refused:
        raise SystemExit(str(refused)) from None
    data = within(whole)
    follow = [follow_graph(PEOPLE, FOLLOWED, EXPONENT, key=KEY, replicate=k) for k in range(GRAPHS)]
    told = grow(follow, LEVELS, KEY, by_followers=True)
    anybody = grow(follow, LEVELS, KEY)
    plain = grow([erdos_renyi(PEOPLE, FOLLOWED, key=KEY)], PLAIN, KEY)
    shares = np.bincount(size_bins(data), minlength=BINS) / len(data)
    criteria = {"four, in the window": (STATISTICS, np.ones(1)),
                "three, sizes of the data": (SHAPES, shares)}  # fmt: skip
    kinds: dict[str, Sequence[Family]] = {}
    points: dict[str, Points] = {}
    parts = []
    for criterion, (names, parted) in criteria.items():
        points[criterion] = at = points_of(data, names)
        kinds[criterion] = [
            with_appeal("appeal", told, at, parted),
            with_appeal("appeal, anybody", anybody, at, parted),
            without("appeal off", told, at, parted),
            without("off, anybody", anybody, at, parted),
            without("Poisson", plain, at, parted),
        ]
        parts.append(compared(kinds[criterion], data, at, criterion))
    rows = pd.concat(parts, ignore_index=True)
    draw(kinds, points, rows, halves(data)[1])
    chosen, of_anybody = rows.loc[:1, ["sigma", "R"]].to_numpy(np.float64)
    stories = [
        ("told in proportion to followers", told, chosen),
        ("told by anybody", anybody, chosen),
        ("told by anybody", anybody, of_anybody),
    ]
    tables = {
        "shapes": described(whole),
        "distances": rows,
        "degrees": degrees(stories, whole),
    }
    for name, table in tables.items():
        table.to_csv(HERE / f"{name}.csv", index=False, lineterminator="\n", float_format="%.4g")
    tables["distances"] = told_rows(rows)
    text = "\n\n".join(
        [f"{len(whole)} trees, {len(data)} of them of {WINDOW[0]} to {WINDOW[1]} messages, "
         f"{len(halves(data)[1])} held out; stories told in proportion to followers "
         f"{told.told.sum():,}, by anybody {anybody.told.sum():,}, of their trees "
         f"{len(told.trees):,} and {len(anybody.trees):,} in the window; key {KEY}.",
         *map(markdown, tables.values())]
    )  # fmt: skip
    print(text)
    page = HERE / "README.md"
    before, rest = page.read_text("utf-8").split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main()

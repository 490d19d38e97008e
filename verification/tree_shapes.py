"""The shape of real repost trees, and of the pyramid's recruitment beside it.

Trees of Weibo and of Twitter are read from files and measured by the same code as simulated ones:
large trees run from broad to deep, hardly related to their size.  Beside them stands who brought
whom in the preset `xiaomi`.  Cascades of sharing are mostly single and nearly never go beyond one
degree; recruitment in this model is neither, which is the pattern of signing up by invitation and
not that of sharing.
Called by the registry.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import koubei_sim as kb
from koubei_sim.cascades.outcome import Activations
from koubei_sim.cascades.statistics import quantile_interval
from koubei_sim.cascades.trees import CascadeTrees, forest_of, trees_of
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics.forest import recruitment_forest, trees
from koubei_sim.networks import find_data
from verification.verdict import (
    KEY,
    Check,
    Replication,
    absent,
    in_band,
    ordered,
    reported,
    sized,
)

TITLE = "Shapes of real trees, and of recruitment in the pyramid"
SOURCE = (
    "Goel, Watts and Goldstein 2012; Goel, Anderson, Hofman and Watts 2016; Anderson and others "
    "2015 (abstracts); quantiles of the two files: measured apart"
)
WEIBO, HIGGS = "weibo_repost_trees.csv.gz", "higgs_retweet_events.csv.gz"
SMALLEST, LARGEST = 100, 999
QUANTILES: Final = (0.1, 0.5, 0.9)
PEOPLE: Final = 200_000

#: Of trees of 100 to 999: 10 % quantile, median, 90 % quantile.
_MEASURED: Final = {
    "Weibo": {
        "virality": (2.25, 2.94, 4.92),
        "depth": (3.0, 5.0, 10.0),
        "largest broadcast": (0.33, 0.64, 0.88),
    },
    "Higgs": {"virality": (1.99, 2.05, 2.47), "largest broadcast": (0.75, 0.96, 0.99)},
}


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Measure the trees of two files, then those of recruitment."""
    rows: list[Check] = []
    shapes: dict[str, pd.DataFrame] = {}
    for name, file, read in (("Weibo", WEIBO, weibo_trees), ("Higgs", HIGGS, first_retweets)):
        try:
            path = find_data(file)
        except KoubeiError as refused:
            rows.append(absent(f"{name}: shapes of trees", str(refused)))
            continue
        shapes[name] = _large(read(pd.read_csv(path)))
        rows += _beside(name, shapes[name])
    if "Weibo" in shapes:
        rows += _relation(shapes["Weibo"])
    rows += _recruitment(sized(scale, 1, 6), key)
    return Replication("tree-shapes", TITLE, SOURCE, tuple(rows), scale, key,
                       draw=_drawn(shapes) if shapes else None)  # fmt: skip


def weibo_trees(table: pd.DataFrame) -> CascadeTrees:
    """Return the trees of a table of reposts.

    Parameters
    ----------
    table : DataFrame
        One row a repost: ``cascade``, ``message`` (1, 2, ..), ``parent`` (0: the root post, which
        has no row), ``time_s``.

    Examples
    --------
    >>> posts = pd.DataFrame(
    ...     {"cascade": [7, 7], "message": [1, 2], "parent": [0, 1], "time_s": [5, 9]}
    ... )
    >>> weibo_trees(posts).depth.tolist()
    [2]
    """
    # A time before that of the root is a clock gone wrong; the root comes first all the same.
    first = min(0, int(table["time_s"].min())) - 1
    numbers = np.unique(table["cascade"].to_numpy())
    root = pd.DataFrame({"cascade": numbers, "message": 0, "parent": -1, "time_s": first})
    all_ = pd.concat([root, table[list(root.columns)]]).sort_values(
        ["cascade", "time_s", "message"], kind="stable"
    )
    cascade, message, parent, time = (all_[column].to_numpy() for column in root.columns)
    return _trees(cascade, message, parent, time.astype(np.float64))


def first_retweets(table: pd.DataFrame) -> CascadeTrees:
    """Return the trees of who first passed it on after whom.

    Each person counts once, when it first retweets; its parent is the author retweeted.  An author
    who had done nothing before is the root of a tree.

    Parameters
    ----------
    table : DataFrame
        One row a retweet: ``retweeter``, ``author``, ``time_s``.

    Examples
    --------
    >>> tweets = pd.DataFrame({"retweeter": [1, 2, 1], "author": [0, 1, 2], "time_s": [5, 9, 10]})
    >>> found = first_retweets(tweets)
    >>> found.size.tolist(), found.depth.tolist()
    ([3], [2])
    """
    table = table.sort_values("time_s", kind="stable")
    seen: set[int] = set()
    person, parent, time = [], [], []
    for who, author, when in zip(
        table["retweeter"].tolist(), table["author"].tolist(), table["time_s"].tolist()
    ):
        if who in seen:
            continue
        if author not in seen:
            seen.add(author)
            person.append(author)
            parent.append(-1)
            time.append(when - 0.5)
        if who != author:
            seen.add(who)
            person.append(who)
            parent.append(author)
            time.append(float(when))
    order = np.lexsort((person, time))
    columns = (np.array(column)[order] for column in (person, parent, time))
    return _trees(np.zeros(order.size), *columns)


def _trees(
    replicate: NDArray[Any], person: NDArray[Any], parent: NDArray[Any], time: NDArray[Any]
) -> CascadeTrees:
    who = np.ascontiguousarray(person, dtype=np.int32)
    log = Activations(
        np.ascontiguousarray(replicate, dtype=np.int32),
        who,
        np.ascontiguousarray(parent, dtype=np.int32),
        np.ascontiguousarray(time, dtype=np.float64),
        np.full(time.size, np.inf),
        np.zeros(time.size, np.int8),
    )
    return trees_of(forest_of(log, int(who.max()) + 1))


def _large(found: CascadeTrees) -> pd.DataFrame:
    chosen = (found.size >= SMALLEST) & (found.size <= LARGEST)
    return pd.DataFrame(
        {
            "size": found.size[chosen],
            "virality": found.virality[chosen],
            "depth": found.depth[chosen].astype(float),
            "largest broadcast": found.broadcast[chosen] / found.size[chosen],
        }
    )


def _beside(name: str, shapes: pd.DataFrame) -> list[Check]:
    """Quantiles within the interval that so many trees leave, a little more for a convention."""
    rows = []
    for what, expected in _MEASURED[name].items():
        for q, value in zip(QUANTILES, expected):
            found, low, high = quantile_interval(shapes[what], q)
            band = max(found - low, high - found) + 0.005
            rows.append(in_band(f"{name}, {what}, q = {q}", value, found, band, "S",
                                f"{len(shapes)} trees"))  # fmt: skip
    return rows


def _relation(shapes: pd.DataFrame) -> list[Check]:
    relation = float(np.corrcoef(np.log(shapes["size"]), shapes["virality"])[0, 1])
    return [
        ordered(
            "Weibo: correlation of virality with log size",
            "nearly none (below .2)",
            f"{relation:.3f}",
            abs(relation) < 0.2,
            "R",
            "surprisingly independent of size, Goel et al. 2016",
        )
    ]


def _recruitment(runs: int, key: int) -> list[Check]:
    """Who brought whom in the preset: not the shape of sharing."""
    scenario = kb.Scenario.load("xiaomi").replace(n_agents=PEOPLE)
    alone, deeper, virality = [], [], []
    for history in kb.run(scenario, replicates=runs, rng=key, threads=1).histories:
        found = trees(recruitment_forest(history))
        alone.append(100.0 * float((found.size == 1).mean()))
        deeper.append(100.0 * float((found.depth > 1).mean()))
        virality.append(float(found.virality[np.argmax(found.size)]))
    source = "seven domains of sharing, Goel, Watts and Goldstein 2012"
    why = f"{source}; recruitment is sign-up by invitation, with hardly any arrivals of their own"
    return [
        in_band("preset xiaomi: trees of one person, %", 82.5, float(np.mean(alone)), 12.5, "R",
                why, known=True),
        in_band("preset xiaomi: trees beyond one degree, %", 2.5, float(np.mean(deeper)), 1.5, "R",
                why, known=True),
        ordered("preset xiaomi: recruitment beside sharing", "deeper",
                f"{np.mean(deeper):.0f} % beyond one degree", float(np.mean(deeper)) > 4.0, "R",
                "sign-up cascades of LinkedIn are qualitatively different from those of sharing "
                "(Anderson and others 2015); no number of theirs was read"),
        reported("preset xiaomi: virality of the largest tree", float(np.mean(virality))),
    ]  # fmt: skip


def _drawn(shapes: dict[str, pd.DataFrame]) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.plots.style import BLUE, ORANGE

        words = {"Weibo": "reposts on Weibo", "Higgs": "first retweets, Higgs"}
        for (name, found), colour in zip(shapes.items(), (BLUE, ORANGE)):
            ax.plot(found["largest broadcast"], found["virality"], color=colour, ls="none",
                    marker="o", ms=2.5, alpha=0.4, label=words[name])  # fmt: skip
        ax.set_yscale("log")
        ax.legend(frameon=False)
        ax.set_title("Real trees run from broad to deep")
        ax.set_xlabel("share of the tree that hangs on one post")
        ax.set_ylabel("structural virality")

    return draw

"""Readers of the files of real trees: repost trees of Weibo, first retweets of the Higgs days.

Both files are found by `networks.find_data` (``KOUBEI_DATA``); none is shipped.  Called by users
and by `experiments/repost_shapes`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.reposts import RepostTrees, trees_of
from koubei_sim.networks import find_data

if TYPE_CHECKING:
    import pandas as pd

WEIBO = "weibo_repost_trees.csv.gz"
HIGGS = "higgs_retweet_events.csv.gz"


def read_weibo_reposts(path: str | Path | None = None) -> RepostTrees:
    """Read repost trees of Sina Weibo (Song, Yang, Chen, Tu, Liu and Sun 2018).

    Parameters
    ----------
    path : path, optional
        A table with the columns ``cascade, message, parent, time_s`` (seconds after the root;
        parent 0: the root post, which has no row); found by `networks.find_data` unless given.

    Returns
    -------
    RepostTrees
        Messages earlier than their parents (ten of the file) are kept below them.

    Notes
    -----
    The source chose posts that were large and caps them near 1,000 messages; comments hang on the
    root beside reposts and cannot be told apart.
    """
    table = _table(path, WEIBO, ("cascade", "message", "parent", "time_s"))
    return trees_of(table, "time_s", root=0, early="keep")


def read_higgs_first(path: str | Path | None = None) -> RepostTrees:
    """Read the forest of first activations of the Higgs retweets (De Domenico and others 2013).

    Whoever is retweeted, or retweets, is active from then on.  Who is first seen as a retweeter
    hangs on the author; who is first seen as an author starts a tree, at the time of the first
    retweet, since the file does not say when the tweet was written.

    Parameters
    ----------
    path : path, optional
        A table with the columns ``retweeter, author, time_s``; found by `networks.find_data` unless
        given.

    Returns
    -------
    RepostTrees
        One cascade; messages are the numbers of users.
    """
    table = _table(path, HIGGS, ("retweeter", "author", "time_s"))
    return first_activations(table["retweeter"], table["author"], table["time_s"])


def first_activations(retweeter: Any, author: Any, time: Any) -> RepostTrees:
    """Return the forest of first activations of events ``retweeter passes on author at time``.

    Of events at the same time the one that stands first in the table comes first.

    Parameters
    ----------
    retweeter, author : (m,) arrays
        Names of users; who passes on himself is an author.
    time : (m,) array

    Examples
    --------
    >>> found = first_activations(["b", "c", "a"], ["a", "b", "c"], [1.0, 2.0, 3.0])
    >>> found.trees()[["root", "size", "depth"]].values.tolist()
    [['a', 3, 2]]
    """
    import pandas as pd

    events = pd.DataFrame({"retweeter": retweeter, "author": author, "time": time})
    if not len(events):
        raise KoubeiError("retweeter", "no events")
    if events.isna().to_numpy().any():
        raise KoubeiError("retweeter", "an event lacks a user or a time")
    events = events.sort_values("time", kind="stable", ignore_index=True)
    # Author, retweeter, author, ...: the order in which people are first seen.
    who = np.ravel(events[["author", "retweeter"]].to_numpy())
    code, names = pd.factorize(who)
    _, first = np.unique(code, return_index=True)
    event, passes = first // 2, first % 2 == 1
    rows = pd.DataFrame(
        {
            "message": names,
            "parent": np.where(passes, code[2 * event], -1),
            "time": events["time"].to_numpy()[event],
        }
    )
    rows = rows.iloc[np.argsort(first, kind="stable")]
    above = pd.Series(names[rows["parent"].to_numpy()], dtype=object)
    return trees_of(
        pd.DataFrame(
            {
                "message": rows["message"].to_numpy(),
                "parent": above.where(rows["parent"].to_numpy() >= 0, None),
                "time": rows["time"].to_numpy(),
            }
        )
    )


def _table(path: str | Path | None, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    found = find_data(name) if path is None else checks.path("path", path)
    if not found.is_file():
        raise KoubeiError(str(found), "no such file")
    try:
        table = pd.read_csv(found)
    except (ValueError, OSError) as error:
        raise KoubeiError(str(found), "not a table", got=str(error)) from None
    if not set(columns) <= set(table.columns):
        raise KoubeiError(
            str(found), "not the columns of such a file",
            got=", ".join(map(str, table.columns)), allowed=", ".join(columns),
        )  # fmt: skip
    return table

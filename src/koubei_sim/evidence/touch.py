"""`last_touch`: which channel the last telling before an adoption came by, as an analyst counts it.

What a channel is credited with so is not what would be lost without it: those whom it won tell
others elsewhere, and some would have heard anyway.  `experiments/known_truth` lays both side by
side, the loss by runs on the same luck.  Called by people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from koubei_sim.errors import KoubeiError
from koubei_sim.metrics.intervals import mean_interval
from koubei_sim.runs.fork import Fork
from koubei_sim.runs.result import Result

if TYPE_CHECKING:
    import pandas as pd


def last_touch(result: Result | Fork) -> pd.DataFrame:
    """Return what share of all adoptions came by each channel.

    Parameters
    ----------
    result : Result or Fork

    Returns
    -------
    DataFrame
        A row a channel (``media`` for one's own, ``goods`` for gifts): ``adoptions``, mean number
        a replicate (seeds are nobody's); ``share``, mean over the replicates with adoptions, with
        a 95 % interval ``low``, ``high``.

    Raises
    ------
    KoubeiError
        In one line: no result, or nobody adopts.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> run = kb.run("tiny", replicates=3, rng=7, ticks=60, n_agents=300)
    >>> table = kb.evidence.last_touch(run)
    >>> float(table.share.sum().round(6)), "forum" in table.index
    (1.0, True)
    """
    from koubei_sim.looks.frames import Table

    if not isinstance(result, (Result, Fork)):
        raise KoubeiError("result", "no Result", got=type(result).__name__, fix='kb.run("tiny")')
    log: Any = result.events
    log = log[(log.kind == "adopt") & (log.channel != "seed")]
    names = [name for name in log.channel.cat.categories if name != "seed"]
    counts = np.zeros((len(result.histories), len(names)))
    place = {name: k for k, name in enumerate(names)}
    at = log.channel.astype(str).map(place).to_numpy(np.int64)
    np.add.at(counts, (log.replicate.to_numpy(), at), 1.0)
    total = counts.sum(axis=1)
    if not total.any():
        raise KoubeiError("result", "nobody adopts but seeds", got="0 adoptions")
    shares = counts[total > 0.0] / total[total > 0.0, None]
    rows = []
    for k, name in enumerate(names):
        if name in result.scenario.channels or counts[:, k].any():
            found = mean_interval(shares[:, k], result.key, k, within=(0.0, 1.0))
            rows.append((name, counts[:, k].mean(), found.mean, found.low, found.high))
    columns = ["channel", "adoptions", "share", "low", "high"]
    return Table(rows, columns=columns).set_index("channel")

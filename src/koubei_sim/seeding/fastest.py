"""`fastest`: by when k people can be proven to reach so many, and by when nobody can.

Horizons are tried by bisection, each with the same key: sets grow with the horizon and share all
luck.  Every horizon tried costs a share of `delta`.  docs/seeding.md 8 is the norm.

Called by users.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.rules.base import Rule
from koubei_sim.checks import Naming
from koubei_sim.looks import wrapped
from koubei_sim.seeding.loop import maximise
from koubei_sim.seeding.pool import checked_law
from koubei_sim.seeding.result import Seeds
from koubei_sim.seeding.rows import Meetings

OCTAVES = 32  # times from 2**-32 to 2**32 are tried


@dataclass(frozen=True)
class Fastest:
    """By when so many can be reached.

    Parameters
    ----------
    reach : float
        How many, as asked.
    horizon : float or None
        By then the seeds reach them, proven; inf: without a horizon; None: not proven for any.
    too_soon : float or None
        By then no such people reach them, proven; inf: they never do; None: not proven for any.
    seeds : Seeds or None
        The people found for `horizon`.
    tried : int
        How many horizons were tried.
    """

    reach: float
    horizon: float | None
    too_soon: float | None
    seeds: Seeds | None
    tried: int

    def __repr__(self) -> str:
        """Say by when, and by when not."""
        said = "not proven by any horizon" if self.horizon is None else f"by {self.horizon:g}"
        early = "" if self.too_soon is None else f", not by {self.too_soon:g} whoever starts"
        who = "" if self.seeds is None else f" with {len(self.seeds.seeds)} people"
        return wrapped(
            f"Fastest({self.reach:g} reached {said}{who}{early}; {self.tried} horizons tried)"
        )


def fastest(
    network: Any,
    rule: Rule,
    k: int,
    reach: float,
    *,
    among: Any = None,
    audience: Any = None,
    given: Any = None,
    precision: float = 0.01,
    target: float = 0.9,
    delta: float = 0.01,
    rng: Any = None,
    sets: int = 1 << 24,
    by: Naming = "label",
) -> Fastest:
    """Find the least horizon by which `k` people can be proven to reach `reach`.

    Parameters
    ----------
    network, rule, k, among, audience, given, rng, sets, by
        As in `maximise`.
    reach : float
        Expected number of people (or sum of what they count) to be reached, at least 0.
    precision : float
        Rules in continuous time: horizons tried are a factor of 1 + precision apart, .001..1.
    target : float
        Share of the best to be proven at each horizon; nearer to 1, `horizon` and `too_soon`
        come nearer to each other.
    delta : float
        Probability with which any of what is said may be wrong, above 0 and below 1.

    Returns
    -------
    Fastest

    Raises
    ------
    KoubeiError
        In one line, before anything runs: as `maximise`, and a reach below 0.

    Notes
    -----
    Source of the question: Goyal, Bonchi, Lakshmanan and Venkatasubramanian 2013 (MINTIME).

    Examples
    --------
    >>> import koubei_sim as kb
    >>> tree = kb.Network.from_edges([0, 0, 1], [1, 2, 3])
    >>> found = fastest(tree, kb.IndependentCascade(1.0), 1, 2.5, rng=1)
    >>> found.horizon, found.too_soon, found.seeds.seeds.tolist()
    (1.0, 0.0, [0])
    """
    reach = checks.number("reach", reach, 0.0)
    delta = checks.number("delta", delta, 1e-9, 1.0 - 1e-9)
    precision = checks.number("precision", precision, 0.001, 1.0)
    key = checks.key(rng)
    horizons = _horizons(network, rule, precision, by)
    share = delta / (2 * horizons.size.bit_length())

    @cache
    def found(i: int) -> Seeds:
        limit = float(horizons[i])
        return maximise(
            network, rule, k, among=among, audience=audience, given=given,
            horizon=None if limit == math.inf else limit,
            target=target, delta=share, rng=key, sets=sets, by=by,
        )  # fmt: skip

    at = _first(0, horizons.size, lambda i: found(i).reach.low >= reach)
    over = _first(0, at, lambda i: found(i).at_most >= reach)
    proven = at < horizons.size
    return Fastest(
        reach=reach,
        horizon=float(horizons[at]) if proven else None,
        too_soon=float(horizons[over - 1]) if over else None,
        seeds=found(at) if proven else None,
        tried=found.cache_info().currsize,
    )


def _horizons(network: Any, rule: Rule, precision: float, by: str) -> NDArray[np.float64]:
    """Return the horizons worth a try, ascending; the last is infinite."""
    graph, _ = checked_law(network, rule, by)
    if isinstance(graph, Meetings):
        some = np.unique(graph.network.time)
    elif rule.by_steps:
        some = np.arange(graph.n - 1, dtype=np.float64)  # no path is longer than n - 1
    else:
        number = math.ceil(OCTAVES * math.log(2.0) / math.log1p(precision))
        some = (1.0 + precision) ** np.arange(-number, number + 1.0)
    return np.append(some, np.inf)


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """Return the first i of ``low .. high - 1`` that holds, `high` if none; those after it do."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low

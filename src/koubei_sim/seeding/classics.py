"""`imm` and `celf`: what the literature compares with.  Use `maximise` instead.

`imm` takes as many reverse sets as its theorem asks for (Tang, Shi and Xiao 2015), with the repair
of Chen 2018: new sets for the choice.  `celf` counts gains on forward worlds (Leskovec et al.
2007), the same for all people.  docs/seeding.md (other aims) is the norm.

Called by users.
"""

from __future__ import annotations

import math
import time as clock
from typing import Any, Final

import numpy as np

from koubei_sim.cascades import checks
from koubei_sim.cascades.rules import IndependentCascade, LinearThreshold
from koubei_sim.cascades.rules.base import Rule, block
from koubei_sim.cascades.statistics import size_interval
from koubei_sim.checks import Naming
from koubei_sim.errors import KoubeiError
from koubei_sim.seeding.compromise import Asked, Several, asked_of
from koubei_sim.seeding.kernels.search import BATCH, Roots
from koubei_sim.seeding.kernels.worlds import draw_worlds, judge, lazy_greedy
from koubei_sim.seeding.loop import lower, upper
from koubei_sim.seeding.pool import MOST_SETS, Pool, checked_graph
from koubei_sim.seeding.result import Reach, Seeds
from koubei_sim.seeding.rows import heard

GUESS, CHOICE, JUDGE = 5, 6, 7  # collections, none of which another method has
MOST_PAIRS: Final = 1 << 28
NONE = np.empty(0, np.int64)


def imm(
    network: Any,
    rule: Rule,
    k: int,
    *,
    eps: float = 0.1,
    exponent: float = 1.0,
    among: Any = None,
    rng: Any = None,
    by: Naming = "label",
) -> Seeds:
    """Choose `k` people by IMM.  `maximise` is faster, proves more, and reaches at least as much.

    Parameters
    ----------
    network : Network, or a graph of another library
    rule : IndependentCascade or LinearThreshold
        Rules with live edges.
    k : int
        How many to choose, at least 1.
    eps : float
        The choice reaches at least ``1 - 1/e - eps`` of the best, .01 to .6 ...
    exponent : float
        ... but with a probability of ``n**-exponent`` (l in the literature), .1 to 10.
    among : list of people, optional
        Who may be chosen.
    rng, by
        As in `maximise`.

    Returns
    -------
    Seeds
        ``ratio`` is what the theorem promises beforehand, ``1 - 1/e - eps``, and `at_most` the
        upper bound of the reach over it; the reach comes from as many sets again, which IMM itself
        does not make.  All bounds together hold with probability ``1 - 2 n**-exponent``.

    Raises
    ------
    KoubeiError
        In one line: wrong arguments before anything runs; more sets than there may be once their
        number is known.

    Notes
    -----
    Source: Tang, Shi and Xiao 2015, algorithms 1 to 3.  As published the sets on which a lower
    bound of the best was found are used again for the choice, and the proof does not hold (Chen
    2018); here the choice has new ones.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> star = kb.Network.from_edges([0] * 9, list(range(1, 10)))
    >>> found = imm(star, kb.IndependentCascade(0.5), 1, eps=0.3, rng=1)
    >>> found.seeds.tolist(), round(found.ratio, 3), found.reach.low <= 5.5 <= found.reach.high
    ([0], 0.332, True)
    """
    started = clock.perf_counter()
    arcs, labels = checked_graph(network, rule, by)
    q = asked_of(arcs, k, among, 0.0, 0.5, rng, MOST_SETS)
    eps = checks.number("eps", eps, 0.01, 0.6)
    exponent = checks.number("exponent", exponent, 0.1, 10.0)
    law = heard(rule, arcs, q.key, False)
    n = max(2, arcs.n)
    promise = 1.0 - 1.0 / math.e - eps
    log_n = math.log(n)
    # l is enlarged so that the union over both phases holds.
    l_log_n = exponent * (1.0 + math.log(2.0) / log_n) * log_n
    some = int(q.allowed.sum())
    choices = math.lgamma(some + 1) - math.lgamma(q.k + 1) - math.lgamma(some - q.k + 1)
    least = _least_best(q, law, n, eps * math.sqrt(2.0), choices + l_log_n)
    alpha = math.sqrt(l_log_n + math.log(2.0))
    beta = math.sqrt((1.0 - 1.0 / math.e) * (choices + l_log_n + math.log(2.0)))
    wanted = 2.0 * n * ((1.0 - 1.0 / math.e) * alpha + beta) ** 2 / (least * eps**2)
    number = _whole(wanted)
    ours, theirs = (
        Pool(law, Roots(np.uint64(q.key), collection, NONE, 0, NONE, NONE))
        for collection in (CHOICE, JUDGE)
    )
    _grow(ours, number)
    seeds = _greedy(q, ours)[0]
    theirs.grow(number)
    rank = np.full(arcs.n, q.k, np.int64)
    rank[seeds] = np.arange(q.k)
    met = np.concatenate([[0], np.cumsum(theirs.hits(rank, q.k))])
    a = exponent * log_n + math.log(2.0)
    unit = arcs.n / number
    low = max(float(q.k), lower(int(met[-1]), a) * unit)
    high = max(low, min(float(arcs.n), upper(int(met[-1]), a) * unit))
    return Seeds(
        seeds=seeds.astype(np.int32) if labels is None else labels[seeds],
        reach=Reach(float(met[-1]) * unit, low, high),
        at_most=min(float(arcs.n), high / promise),
        ratio=promise,
        curve=met * unit,
        stopped="target",
        sets=2 * number,
        pairs=ours.size + theirs.size,
        target=promise,
        delta=2.0 * n**-exponent,
        key=q.key,
        rule=rule,
        seconds=clock.perf_counter() - started,
    )


def _least_best(q: Asked, law: Any, n: int, eps: float, logs: float) -> float:
    """Return what the best choice reaches at least (algorithm 2): guesses n/2, n/4, ..."""
    rounds = max(1.0, math.log2(n))
    factor = (2.0 + 2.0 / 3.0 * eps) * (logs + math.log(rounds)) * n / eps**2
    pool = Pool(law, Roots(np.uint64(q.key), GUESS, NONE, 0, NONE, NONE))
    for i in range(1, math.ceil(rounds)):
        guess = n / 2.0**i
        _grow(pool, _whole(factor / guess))
        reach = n * _greedy(q, pool)[1]
        if reach >= (1.0 + eps) * guess:
            return reach / (1.0 + eps)
    return 1.0


def _whole(sets: float) -> int:
    """Return a number of sets as whole batches."""
    if sets > MOST_SETS:
        raise KoubeiError("eps", f"asks for {sets:.3g} sets", allowed=f"up to {MOST_SETS}")
    return BATCH * math.ceil(sets / BATCH)


def _grow(pool: Pool, number: int) -> None:
    """Make sets up to a number, if they are likely to fit."""
    if pool.made < number:
        pool.grow(max(pool.made, min(number, 64 * BATCH)))
        pairs = pool.size / pool.made * number
        if 2 * pairs > MOST_PAIRS:
            raise KoubeiError(
                "eps", f"asks for {2 * pairs:.3g} pairs of person and set", allowed=f"{MOST_PAIRS}"
            )
        pool.grow(number)


def _greedy(q: Asked, pool: Pool) -> tuple[Any, float]:
    """Return the greedy choice on the sets of a pool, and the share of them that it covers."""
    several = Several(q, [pool], pool.made, 0.0)
    seeds, shares = several.taken(np.arange(pool.made + 1, dtype=np.int64)[None, :])
    return seeds, float(shares[0])


def celf(
    network: Any,
    rule: Rule,
    k: int,
    *,
    worlds: int = 200,
    among: Any = None,
    rng: Any = None,
    by: Naming = "label",
) -> Seeds:
    """Choose `k` people by CELF on common worlds.  `maximise` is faster and proves what it found.

    Parameters
    ----------
    network : Network, or a graph of another library
    rule : IndependentCascade or LinearThreshold
        Rules with live edges.
    k : int
        How many to choose, at least 1.
    worlds : int
        Worlds on which gains are counted, 2 or more; as many again judge the choice.
    among : list of people, optional
        Who may be chosen.
    rng, by
        As in `maximise`.

    Returns
    -------
    Seeds
        Nothing is proven: `at_most` is everybody.  The reach is that of other worlds, with an
        interval of 95 %; ``sets`` counts worlds, ``pairs`` live arcs.

    Raises
    ------
    KoubeiError
        In one line, before anything runs.

    Notes
    -----
    World r has the coins of replicate r of `kb.cascade` with the same key: the first choose, the
    next judge.  Source: Kempe, Kleinberg and Tardos 2003; Leskovec et al. 2007 (lazy
    counting); Chen, Wang and Yang 2009 (worlds drawn once).

    Examples
    --------
    >>> import koubei_sim as kb
    >>> star = kb.Network.from_edges([0] * 9, list(range(1, 10)))
    >>> celf(star, kb.IndependentCascade(0.5), 1, rng=1).seeds.tolist()
    [0]
    """
    started = clock.perf_counter()
    arcs, labels = checked_graph(network, rule, by)
    q = asked_of(arcs, k, among, 0.0, 0.05, rng, MOST_SETS)
    worlds = checks.whole("worlds", worlds, 2, MOST_SETS)
    if worlds * arcs.n > MOST_PAIRS:
        raise KoubeiError("worlds", "too many", got=worlds, allowed=f"2..{MOST_PAIRS // arcs.n}")
    if not isinstance(rule, (IndependentCascade, LinearThreshold)):
        raise KoubeiError(
            "rule",
            "has no worlds of live arcs alone",
            got=type(rule).__name__,
            allowed="IndependentCascade, LinearThreshold",
        )
    law = heard(rule, arcs, q.key, True).rows
    seeds, sizes = np.empty(q.k, np.int64), np.zeros(worlds, np.int64)
    starts, targets = _worlds(law, arcs.n, q.key, 0, worlds)
    pairs = targets.size
    lazy_greedy(starts, targets, arcs.n, q.allowed, seeds, sizes)
    starts, targets = _worlds(law, arcs.n, q.key, worlds, worlds)
    gains, sizes = np.empty(q.k, np.int64), np.zeros(worlds, np.int64)
    judge(starts, targets, arcs.n, seeds, sizes, gains)
    mean, low, high, _ = size_interval(sizes, q.key)
    return Seeds(
        seeds=seeds.astype(np.int32) if labels is None else labels[seeds],
        reach=Reach(mean, max(float(q.k), low), min(float(arcs.n), high)),
        at_most=float(arcs.n),
        ratio=max(float(q.k), low) / arcs.n,
        curve=np.concatenate([[0.0], np.cumsum(gains) / worlds]),
        stopped="target",
        sets=2 * worlds,
        pairs=pairs + targets.size,
        target=0.0,
        delta=0.05,
        key=q.key,
        rule=rule,
        seconds=clock.perf_counter() - started,
    )


def _worlds(law: Any, n: int, key: int, first: int, many: int) -> tuple[Any, Any]:
    """Return the live arcs of worlds, as rows of arcs out of each person of each world."""
    found = np.empty(int(np.diff(law.indptr).max(initial=0)) + 1, np.int64)
    rows, starts = block(law), np.zeros(n * many + 1, np.int64)
    draw_worlds(rows, np.uint64(key), first, many, found, starts[1:], np.empty(0, np.int32))
    np.cumsum(starts, out=starts)
    targets = np.empty(int(starts[-1]), np.int32)
    if targets.size:
        draw_worlds(rows, np.uint64(key), first, many, found, starts[:-1].copy(), targets)
    return starts, targets

"""`maximise`: the people who reach most, with a proof of how near the best of any they come.

Seeds are chosen on one collection of reverse sets and judged on another, which had no part in the
choice; what no choice can exceed is bounded on the first.  Both double until the two bounds are
near enough (OPIM-C, Tang, Tang, Xiao and Yuan 2018), with the bound by duality of
`kernels.cover.dual_bound`.  docs/seeding.md 4 is the norm.

Called by users; what comes back is `result.Seeds`.
"""

from __future__ import annotations

import math
import time as clock
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs, for_people
from koubei_sim.cascades.rules.base import Rule, block
from koubei_sim.core.block import Block
from koubei_sim.core.draws import log_portable
from koubei_sim.errors import KoubeiError
from koubei_sim.seeding.kernels.cover import UNIT, Index, dual_bound, greedy, hits, invert, take
from koubei_sim.seeding.kernels.search import BATCH, Roots
from koubei_sim.seeding.pool import MOST_SETS, Pool, checked_law
from koubei_sim.seeding.result import Reach, Seeds
from koubei_sim.seeding.rows import Law, Meetings, heard

MOST_PAIRS: Final = 1 << 28  # of both collections: 2.4 GiB
STEPS: Final = 100  # of the bound, in a round
NEAR: Final = 0.99  # how near the bound on the cover is thought to come, to skip hopeless rounds
NONE = np.empty(0, np.int64)


@dataclass(frozen=True)
class Question:
    """What is asked, checked: rows in place of names."""

    arcs: Arcs | Meetings
    k: int
    allowed: NDArray[np.bool_]  # (n,)
    given: NDArray[np.int64]
    weights: NDArray[np.float64]  # (n,), what a person counts
    target: float
    delta: float
    rounds: int
    key: int


def lower(count: int, a: float) -> float:
    """Return what the mean number of hits exceeds but with probability e**-a, given the number."""
    root = math.sqrt(count + 2.0 * a / 9.0) - math.sqrt(a / 2.0)
    return max(0.0, root * root - a / 18.0) if root > 0.0 else 0.0


def upper(count: float, a: float) -> float:
    """Return what the mean number of hits does not exceed but with probability e**-a."""
    root = math.sqrt(count + a / 2.0) + math.sqrt(a / 2.0)
    return root * root


def most_cover(mean: float, a: float) -> float:
    """Return the number of hits up to which `upper` is at most `mean`; below 0 where none is."""
    root = math.sqrt(max(0.0, mean)) - math.sqrt(a / 2.0)
    return root * root - a / 2.0 if root > 0.0 else -1.0


def maximise(
    network: Any,
    rule: Rule,
    k: int,
    *,
    among: Any = None,
    audience: Any = None,
    given: Any = None,
    horizon: float | None = None,
    target: float = 0.9,
    delta: float = 0.01,
    rng: Any = None,
    sets: int = 1 << 24,
    by: str = "label",
) -> Seeds:
    """Choose the `k` people who reach most, and prove how near the best choice they come.

    Parameters
    ----------
    network : Network, TemporalNetwork, or a graph of another library
        An arc ``u -> v`` means that the word of u reaches v.  Several layers are used together.
        Contacts with time stamps (`TemporalNetwork`) need `IndependentCascade`.
    rule : IndependentCascade, LinearThreshold, DelayedCascade, SIR, FractionalSIR, NegativeCascade
        Rules with live edges; others have no reverse sets and are refused.  Under `NegativeCascade`
        those whom good word reaches count.
    k : int
        How many to choose, 0 to all who may be chosen.
    among : list of people, optional
        Who may be chosen; all without.
    audience : (n,) array, or values keyed by people, optional
        What reaching a person counts, at least 0; 1 for all without.
    given : list of people, optional
        Who starts anyway: people are chosen on top of them, and reach and bound count them too.
    horizon : float, optional
        Who is reached after this step or time does not count.
    target : float
        Sampling goes on until ``ratio`` is at least this, 0..1.
    delta : float
        Probability with which any of the bounds may fail, above 0 and below 1.
    rng : int, SeedSequence, Generator or None
        Source of the key of 64 bits; the same key gives the same bytes.
    sets : int
        Most sets in each of the two collections, 64 or more.  A target that they do not reach is
        said in the result.
    by : {"label", "row"}
        How people are named, given and returned.

    Returns
    -------
    Seeds

    Raises
    ------
    KoubeiError
        In one line, before anything runs: people, numbers, or a rule that do not fit.

    Notes
    -----
    Source: Borgs, Brautbar, Chayes and Lucier 2014 (reverse sets); Tang, Tang, Xiao and Yuan 2018
    (two collections and their bounds); the bound by duality is ours.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> star = kb.Network.from_edges([0] * 9, list(range(1, 10)))
    >>> found = maximise(star, kb.IndependentCascade(0.5), 1, rng=1)
    >>> found.seeds.tolist(), found.ratio >= 0.9, found.reach.low <= 5.5 <= found.reach.high
    ([0], True, True)
    """
    started = clock.perf_counter()
    arcs, labels = checked_law(network, rule, by)
    names = arcs.network.labels
    n = arcs.n
    allowed = np.full(n, among is None)
    if among is not None:
        allowed[checks.rows_of("among", among, n, names)] = True
    anyway = np.unique(checks.rows_of("given", given, n, names)).astype(np.int64)
    allowed[anyway] = False
    weights = np.ones(n)
    if audience is not None:
        value = checks.per_person("audience", audience, 0.0, math.inf)
        if isinstance(value, float):
            raise KoubeiError("audience", "not one value a person", got=value)
        weights = np.asarray(for_people("audience", value, arcs.network), np.float64)
        if not weights.any():
            raise KoubeiError("audience", "nobody counts", allowed="somebody above 0")
    most = checks.whole("sets", sets, 64, MOST_SETS)
    question = Question(
        arcs=arcs,
        k=checks.whole("k", k, 0, int(allowed.sum())),
        allowed=allowed,
        given=anyway,
        weights=weights,
        target=checks.number("target", target, 0.0, 1.0),
        delta=checks.number("delta", delta, 1e-12, 1.0 - 1e-12),
        rounds=(most // BATCH).bit_length(),
        key=checks.key(rng),
    )
    found = _choose(question, heard(rule, arcs, question.key, False, horizon))
    people = found.pop("rows")
    return Seeds(
        seeds=people.astype(np.int32) if labels is None else labels[people],
        target=question.target,
        delta=question.delta,
        key=question.key,
        rule=rule,
        horizon=horizon,
        seconds=clock.perf_counter() - started,
        **found,
    )


def _choose(q: Question, law: Law) -> dict[str, Any]:
    """Double the collections until the target is reached or there may be no more sets."""
    mass, weighted, cut = float(q.arcs.n), NONE, NONE
    if (q.weights != 1.0).any():
        weighted = np.flatnonzero(q.weights > 0.0)
        sums = np.cumsum(q.weights[weighted])
        mass = float(sums[-1])
        cut = np.floor(sums / mass * 2.0**52).astype(np.int64)
        cut[-1] = 1 << 52
    ours, theirs = (
        Pool(law, Roots(np.uint64(q.key), collection, NONE, 0, weighted, cut))
        for collection in (0, 1)
    )
    a = float(log_portable(3.0 * q.rounds / q.delta))
    sizes = [BATCH << i for i in range(q.rounds)]
    only = q.k in (0, int(q.allowed.sum()))  # there is one choice, so it is the best
    surely = math.fsum(q.weights[q.given])
    at = 0
    while True:
        ours.grow(sizes[at])
        while ours.size < q.arcs.n // 4 and at + 1 < q.rounds:
            at += 1  # smaller rounds cost more in loops over people than in sets
            ours.grow(sizes[at])
        number = sizes[at]
        theirs.grow(number)
        index, before, seeds, cover = _cover(ours, q)
        met = _hits(theirs, q.given, seeds, q.arcs.n)
        own = int(met[-1])
        # Whom seeds reach includes themselves.
        least = law.surely * min(mass, surely + math.fsum(q.weights[seeds]))
        low = max(least, lower(own, a) * mass / number)
        high = mass if q.k or q.given.size else 0.0
        high = max(low, min(high, upper(own, a) * mass / number))
        pairs = ours.size + theirs.size
        full = at + 1 == q.rounds or 3 * pairs > MOST_PAIRS
        at_most = high if only else mass
        need = min(number, most_cover(low / max(q.target, 1e-9) * number / mass, a))
        if not only and low < q.target * mass and (need >= cover or full):
            goal = math.floor(max(need, cover) * UNIT)
            bound = int(dual_bound(index, q.allowed, before, seeds, cover, goal, STEPS))
            at_most = max(low, min(mass, upper(bound / UNIT, a) * mass / number))
        ratio = low / at_most if at_most > 0.0 else 1.0
        if ratio >= q.target or full:
            break
        at += 1
        while at + 1 < q.rounds and _hopeless(own * sizes[at] // number, a, q.target):
            if 3 * pairs * sizes[at] > MOST_PAIRS * number:
                break
            at += 1
    mean = met * (mass / number)
    return {
        "rows": seeds,
        "reach": Reach(float(mean[-1]), low, high),
        "at_most": at_most,
        "ratio": ratio,
        "curve": mean,
        "stopped": "target" if ratio >= q.target else "sets" if at + 1 == q.rounds else "memory",
        "sets": 2 * number,
        "pairs": pairs,
    }


def _hopeless(count: int, a: float, target: float) -> bool:
    """Whether so many hits could not prove the target, even with a bound near the cover."""
    return lower(count, a) < target * upper(count / NEAR, a)


def _cover(pool: Pool, q: Question) -> tuple[Block, NDArray[np.uint64], NDArray[np.int64], int]:
    """Return the index of a collection, the sets that hold `given`, seeds, and sets covered."""
    starts, sets = np.zeros(q.arcs.n + 1, np.int64), np.empty(pool.size, np.int32)
    invert(pool.pairs, pool.ends, pool.batches, starts, sets)
    index = block(Index(starts, sets, pool.made))
    covered = np.zeros((pool.made + 63) >> 6, np.uint64)
    cover = sum(int(take(index, v, covered)) for v in q.given)
    before = covered.copy()
    seeds, gains = np.empty(q.k, np.int64), np.empty(q.k, np.int64)
    greedy(index, q.allowed, covered, seeds, gains)
    return index, before, seeds, cover + int(gains.sum())


def _hits(
    pool: Pool, given: NDArray[np.int64], seeds: NDArray[np.int64], n: int
) -> NDArray[np.int64]:
    """Return how many sets of a collection hold `given` or one of the first j seeds, j = 0..k."""
    rank = np.full(n, seeds.size + 1, np.int64)
    rank[seeds] = np.arange(1, seeds.size + 1)
    rank[given] = 0
    out = np.zeros(seeds.size + 1, np.int64)
    hits(pool.pairs, pool.ends, pool.batches, rank, out)
    total: NDArray[np.int64] = np.cumsum(out)
    return total

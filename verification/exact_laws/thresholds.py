"""Exact laws of the Linear Threshold model, along four independent roads.

Everybody draws a threshold from U(0, 1) once; in each round everybody adopts whose active tellers
have weights that add up to at least the threshold.
`threshold_law` follows the process, `threshold_cell_law` goes through all regions of thresholds,
`threshold_arc_law` through all choices of at most one live arc into each person, and
`threshold_paths` adds up simple paths; Kempe et al. prove that the first three are one law.
Called by the tests of the cascade kernels.

References
----------
[1] Kempe, D., Kleinberg, J. and Tardos, E. (2003), Maximizing the spread of influence through a
social network, KDD, 137-146 (section 2.2, claim 2.6).
[2] Goyal, A., Lu, W. and Lakshmanan, L. V. S. (2011), SIMPATH: an efficient algorithm for
influence maximization under the linear threshold model, ICDM, 211-220 (simple paths).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.theory.checks import few, numbers
from verification.exact_laws.cascades import ONE, spread_cases
from verification.exact_laws.chains import (
    Arc,
    FloatArray,
    State,
    StateLaw,
    arcs_of,
    by_rounds,
    few_people,
    ids,
    in_arcs,
    on_arcs,
    people_of,
)

MOST_CASES = 1 << 20


def _weights(n: int, arcs: Sequence[Arc], weights: ArrayLike) -> FloatArray:
    out = on_arcs("weights", n, arcs, weights)
    sums = np.bincount([v for _, v in arcs], weights=out, minlength=n)
    if not (sums <= 1.0 + 1e-9).all():
        raise KoubeiError(
            "weights", "those into one person exceed 1", got=float(sums.max()), allowed="0..1"
        )
    return out


def _drawn_below(thresholds: tuple[float, float]) -> Callable[[ArrayLike], FloatArray]:
    """Return the probability that a threshold drawn from U(low, high) is below a number."""
    ends = numbers("thresholds", thresholds)
    if ends.shape != (2,):
        raise KoubeiError("thresholds", "not a pair", got=repr(thresholds), fix="(0.0, 1.0)")
    low, high = ends.tolist()
    if not 0.0 <= low < high <= 1.0:
        raise KoubeiError(
            "thresholds", "out of range", got=str(thresholds), allowed="0 <= low < high <= 1"
        )
    return lambda x: np.clip((np.asarray(x) - low) / (high - low), 0.0, 1.0)


def threshold_law(
    n: int,
    arcs: Sequence[Arc],
    weights: ArrayLike,
    seeds: Sequence[int],
    thresholds: tuple[float, float] = (0.0, 1.0),
) -> StateLaw:
    """Return the law of the Linear Threshold model after every round, by following it.

    A person who has not adopted at a weight W of active tellers has a threshold that is uniform
    above W, so it adopts with probability ``w / (1 - W)`` when they gain the weight w (for
    thresholds from 0 to 1).

    Parameters
    ----------
    n : int
        People, up to 14.
    arcs : sequence of (int, int)
        From teller to listener.
    weights : float or (arcs,) array
        In [0, 1]; those into one person add up to at most 1.
    seeds : sequence of int
    thresholds : (float, float)
        Ends of the uniform law of thresholds.  Only from 0 to 1 is the model one of live arcs.

    Returns
    -------
    StateLaw
        Letters "inactive" and "active", rounds 0..n.

    Examples
    --------
    >>> threshold_law(3, [(0, 2), (1, 2)], [0.3, 0.5], [0, 1]).chance("active")[-1].tolist()
    [1.0, 1.0, 0.8]
    """
    n, arcs, seeds = few_people(n), arcs_of(arcs), ids("seeds", seeds)
    heard = in_arcs(n, arcs, _weights(n, arcs, weights))
    people_of(n, seeds)
    below = _drawn_below(thresholds)

    def moves(state: State) -> list[dict[int, float]]:
        out: list[dict[int, float]] = []
        for person, letter in enumerate(state):  # 0 inactive, 1 active, 2 active since last round
            if letter:
                out.append({1: 1.0})
                continue
            old = float(below(sum(w for u, w in heard[person] if state[u] == 1)))
            new = float(below(sum(w for u, w in heard[person] if state[u]))) - old
            left = 1.0 - old
            # What is left may be a rounding error of 0: then everybody has adopted before.
            won = min(1.0, new / left) if left > 1e-12 else float(new > 0.0)
            out.append({0: 1.0 - won, 2: won})
        return out

    start = tuple(2 if i in set(seeds) else 0 for i in range(n))
    return by_rounds({start: 1.0}, moves, ONE, (0, 1, 1))


def _counters(sizes: Sequence[int]) -> list[NDArray[np.int64]]:
    """Return all combinations of counters 0..size - 1, one array per counter."""
    cases = int(np.prod(np.array(sizes, dtype=np.float64)))
    if cases > MOST_CASES:
        raise KoubeiError(
            "arcs", "too many for enumeration", got=f"{cases} cases", allowed=f"{MOST_CASES}"
        )
    left, out = np.arange(cases, dtype=np.int64), []
    for size in sizes:
        out.append(left % size)
        left = left // size
    return out


def threshold_arc_law(
    n: int, arcs: Sequence[Arc], weights: ArrayLike, seeds: Sequence[int]
) -> StateLaw:
    """Return the law of the Linear Threshold model from live arcs, at most one into each person.

    Each person keeps one of the arcs into it with the probability of its weight, and none with
    the rest; those are active in round t whom at most t kept arcs join to a seed [1, claim 2.6].

    Parameters and return value are those of `threshold_law`; the product of (arcs into a person
    + 1) over all people is at most 2**20.

    Examples
    --------
    >>> threshold_arc_law(3, [(0, 1), (1, 2)], 0.5, [0]).mean("active").tolist()
    [1.0, 1.5, 1.75, 1.75]
    """
    n, arcs, seeds = few_people(n), arcs_of(arcs), ids("seeds", seeds)
    weight_of = _weights(n, arcs, weights)
    into: list[list[int]] = [[] for _ in range(n)]
    for e, (_, v) in enumerate(arcs):
        into[v].append(e)
    kept = _counters([len(own) + 1 for own in into])
    probability = np.ones(kept[0].size)
    live: list[NDArray[np.bool_]] = [np.zeros(0, dtype=np.bool_)] * len(arcs)
    for own, choice in zip(into, kept):
        law = np.array([*weight_of[own], max(0.0, 1.0 - weight_of[own].sum())])
        probability = probability * law[choice]
        for number, e in enumerate(own):
            live[e] = choice == number
    return spread_cases(n, arcs, live, probability, seeds)


def threshold_cell_law(
    n: int,
    arcs: Sequence[Arc],
    weights: ArrayLike,
    seeds: Sequence[int],
    thresholds: tuple[float, float] = (0.0, 1.0),
) -> StateLaw:
    """Return the law of the Linear Threshold model by integration over all thresholds.

    What a person does depends only on which sums of its weights are below its threshold.  These
    sums cut [0, 1] into cells; one process is run per combination of cells.

    Parameters and return value are those of `threshold_law`; the number of combinations is at
    most 2**20.

    Examples
    --------
    >>> threshold_cell_law(3, [(0, 2), (1, 2)], [0.3, 0.5], [0]).chance("active")[-1].tolist()
    [1.0, 0.0, 0.3]
    """
    n, arcs, seeds = few_people(n), arcs_of(arcs), ids("seeds", seeds)
    weight_of, below = _weights(n, arcs, weights), _drawn_below(thresholds)
    people_of(n, seeds)
    into: list[list[int]] = [[] for _ in range(n)]
    for e, (_, v) in enumerate(arcs):
        into[v].append(e)
    ranks, lengths = [], []
    for own in into:
        subsets = np.arange(1 << len(own))
        sums = np.zeros(subsets.size)
        for bit, e in enumerate(own):
            sums += np.where(subsets >> bit & 1, weight_of[e], 0.0)
        # Cell number r lies below the sum of rank r and above the one before; the last cell is
        # above all sums.  Sums equal but for rounding cut cells of no length: no harm.
        cuts, rank = np.unique(below(sums), return_inverse=True)
        ranks.append(rank)
        lengths.append(np.diff(np.array([0.0, *cuts, 1.0])))
    cells = _counters([length.size for length in lengths])
    probability = np.ones(cells[0].size)
    for length, cell in zip(lengths, cells):
        probability = probability * length[cell]
    active = np.full(probability.size, sum(1 << s for s in set(seeds)), dtype=np.int64)
    law = np.zeros((n + 1, 1 << n))
    for row in range(n + 1):
        law[row] = np.bincount(active, weights=probability, minlength=1 << n)
        before = active.copy()
        for v, own in enumerate(into):
            subset = np.zeros(active.size, dtype=np.int64)
            for bit, e in enumerate(own):
                subset |= (before >> arcs[e][0] & 1) << bit
            active |= (ranks[v][subset] >= cells[v]).astype(np.int64) << v
    return StateLaw(ONE, n, np.arange(n + 1, dtype=np.float64), law)


def threshold_paths(
    n: int, arcs: Sequence[Arc], weights: ArrayLike, seeds: Sequence[int]
) -> FloatArray:
    """Return the probability that each person adopts in the end, as a sum over simple paths [2].

    The path from a seed to the person may touch no other seed; it counts with the product of
    its weights.  The time taken grows with the number of paths.

    Parameters
    ----------
    n, arcs, weights, seeds
        As for `threshold_law`.

    Returns
    -------
    (n,) float array

    Examples
    --------
    >>> threshold_paths(3, [(0, 1), (1, 2), (0, 2)], [0.5, 0.4, 0.3], [0]).tolist()
    [1.0, 0.5, 0.5]
    """
    n, arcs, seeds = few_people(n), arcs_of(arcs), ids("seeds", seeds)
    chosen = set(seeds)
    people_of(n, chosen)
    tells: list[list[tuple[int, float]]] = [[] for _ in range(n)]
    for (u, v), weight in zip(arcs, _weights(n, arcs, weights)):
        tells[u].append((v, float(weight)))
    reach = np.zeros(n)
    for seed in chosen:
        walks = [(seed, 1.0, frozenset(chosen))]
        while walks:
            end, product, visited = walks.pop()
            reach[end] += product
            walks += [
                (v, product * weight, visited | {v})
                for v, weight in tells[end]
                if v not in visited and weight > 0.0
            ]
    return reach


def threshold_dag(
    n: int, arcs: Sequence[Arc], weights: ArrayLike, seeds: Sequence[int]
) -> FloatArray:
    """Return the probability that each person adopts, on a graph without directed cycles.

    There the answer is linear: ``reach_v = sum_u w_uv reach_u`` for everybody but seeds [1, 2].
    Takes graphs of any size.

    Parameters
    ----------
    n, arcs, weights, seeds
        As for `threshold_law`.

    Returns
    -------
    (n,) float array

    Raises
    ------
    KoubeiError
        Where arcs close a cycle.

    Examples
    --------
    >>> threshold_dag(3, [(0, 1), (1, 2), (0, 2)], [0.5, 0.4, 0.3], [0]).tolist()
    [1.0, 0.5, 0.5]
    """
    n, arcs, seeds = few("n", n, 1), arcs_of(arcs), ids("seeds", seeds)
    people_of(n, seeds)
    heard = in_arcs(n, arcs, _weights(n, arcs, weights))
    waiting = [len(own) for own in heard]
    listeners: list[list[int]] = [[] for _ in range(n)]
    for u, v in arcs:
        listeners[u].append(v)
    chosen, ready = set(seeds), [v for v in range(n) if waiting[v] == 0]
    reach = np.zeros(n)
    for v in ready:  # grows while it is walked
        reach[v] = 1.0 if v in chosen else sum(w * reach[u] for u, w in heard[v])
        for listener in listeners[v]:
            waiting[listener] -= 1
            if waiting[listener] == 0:
                ready.append(listener)
    if len(ready) < n:
        raise KoubeiError("arcs", "they close a cycle", allowed="a directed graph without cycles")
    return reach

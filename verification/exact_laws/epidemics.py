"""Exact laws of SIR, SIS and Bass adoption on graphs of a few people.

In rounds: all infected try all susceptible listeners, then each of them recovers with probability
g, both by the state after the round before; the newly infected try and recover from the next round
on.  In continuous time: infection at a rate per arc, recovery at a rate per person.
Bass: everybody adopts with hazard ``p + q * (share of its tellers who have)``.
Called by the tests of the epidemic and adoption kernels.

References
----------
[1] Kiss, I. Z., Miller, J. C. and Simon, P. L. (2017), Mathematics of Epidemics on Networks,
chapter 2 (exact equations of Markov epidemics on a graph).
[2] Fibich, G. and Gibori, R. (2010), Aggregate diffusion dynamics in agent-based models with a
spatial structure, Operations Research 58, 1450-1468 (the Bass model on a graph).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from koubei_sim.checks import whole
from koubei_sim.theory.checks import positive, real
from verification.exact_laws.cascades import ONE
from verification.exact_laws.chains import (
    Arc,
    State,
    StateLaw,
    arcs_of,
    by_rounds,
    few_people,
    ids,
    in_arcs,
    in_time,
    on_arcs,
    people_of,
)

SIR = ("susceptible", "infected", "recovered")
SIS = ("susceptible", "infected")


def _first(n: int, seeds: Sequence[int]) -> State:
    people_of(n, seeds)
    chosen = set(seeds)
    return tuple(int(i in chosen) for i in range(n))


# In rounds -----------------------------------------------------------------------------------


def _in_rounds(
    n: int,
    arcs: Sequence[Arc],
    p: ArrayLike,
    recovery: float,
    seeds: Sequence[int],
    rounds: int,
    letters: tuple[str, ...],
) -> StateLaw:
    n, arcs, seeds = few_people(n), arcs_of(arcs), ids("seeds", seeds)
    heard = in_arcs(n, arcs, on_arcs("p", n, arcs, p))
    rounds = whole("rounds", rounds)
    g, after = real("recovery", recovery, 0.0, 1.0), 2 if len(letters) == 3 else 0

    def moves(state: State) -> list[dict[int, float]]:
        out: list[dict[int, float]] = []
        for person, letter in enumerate(state):
            if letter == 0:
                escape = float(np.prod([1.0 - a for u, a in heard[person] if state[u] == 1]))
                out.append({0: escape, 1: 1.0 - escape})
            elif letter == 1:
                out.append({1: 1.0 - g, after: g})
            else:
                out.append({2: 1.0})
        return out

    return by_rounds({_first(n, seeds): 1.0}, moves, letters, range(len(letters)), rounds)


def sir_law(
    n: int,
    arcs: Sequence[Arc],
    p: ArrayLike,
    recovery: float,
    seeds: Sequence[int],
    rounds: int,
) -> StateLaw:
    """Return the law of a discrete SIR epidemic after every round.

    Parameters
    ----------
    n : int
        People, up to 9.
    arcs : sequence of (int, int)
        From the infected to the susceptible; `both_ways` makes the arcs of mutual ties.
    p : float or (arcs,) array
        Probability of infection per arc and round, in [0, 1].
    recovery : float
        g in [0, 1], per round; 1 makes an Independent Cascade.
    seeds : sequence of int
        Infected in round 0.
    rounds : int

    Returns
    -------
    StateLaw
        Letters "susceptible", "infected" and "recovered", rounds 0..rounds.

    Examples
    --------
    >>> found = sir_law(2, [(0, 1)], 0.5, 0.5, [0], 2)
    >>> found.mean("infected", "recovered").tolist()
    [1.0, 1.5, 1.625]
    """
    return _in_rounds(n, arcs, p, recovery, seeds, rounds, SIR)


def sis_law(
    n: int,
    arcs: Sequence[Arc],
    p: ArrayLike,
    recovery: float,
    seeds: Sequence[int],
    rounds: int,
) -> StateLaw:
    """Return the law of a discrete SIS epidemic after every round.

    Who recovers can be infected again from the next round on.  Parameters are those of
    `sir_law`, with up to 14 people; letters "susceptible" and "infected".

    Examples
    --------
    >>> found = sis_law(2, [(0, 1), (1, 0)], 0.5, 1.0, [0], 3)
    >>> found.chance("infected").tolist()
    [[1.0, 0.0], [0.0, 0.5], [0.25, 0.0], [0.0, 0.125]]
    """
    return _in_rounds(n, arcs, p, recovery, seeds, rounds, SIS)


# In continuous time --------------------------------------------------------------------------


def _in_time(
    n: int,
    arcs: Sequence[Arc],
    rate: ArrayLike,
    recovery: float,
    seeds: Sequence[int],
    times: ArrayLike,
    letters: tuple[str, ...],
) -> StateLaw:
    n, arcs, seeds = few_people(n), arcs_of(arcs), ids("seeds", seeds)
    heard = in_arcs(n, arcs, on_arcs("rate", n, arcs, rate, 1e9))
    g, after = real("recovery", recovery, 0.0, 1e9), 2 if len(letters) == 3 else 0

    def rates(state: State) -> Iterator[tuple[int, int, float]]:
        for person, letter in enumerate(state):
            if letter == 0:
                yield person, 1, sum(b for u, b in heard[person] if state[u] == 1)
            elif letter == 1:
                yield person, after, g

    return in_time(_first(n, seeds), rates, letters, times)


def sir_continuous(
    n: int,
    arcs: Sequence[Arc],
    rate: ArrayLike,
    recovery: float,
    seeds: Sequence[int],
    times: ArrayLike,
) -> StateLaw:
    """Return the law of a Markov SIR epidemic at the given times [1].

    Parameters
    ----------
    n : int
        People, up to 9.
    arcs : sequence of (int, int)
    rate : float or (arcs,) array
        Infections per arc and unit of time, at least 0.
    recovery : float
        Per infected person and unit of time, at least 0.
    seeds : sequence of int
        Infected at time 0.
    times : (T,) array
        Not decreasing.

    Returns
    -------
    StateLaw
        Letters "susceptible", "infected" and "recovered".

    Examples
    --------
    >>> found = sir_continuous(2, [(0, 1)], 1.0, 1.0, [0], [0.5, 50.0])
    >>> found.chance("susceptible")[:, 1].round(6).tolist()  # (1 + e^{-2t}) / 2
    [0.68394, 0.5]
    """
    return _in_time(n, arcs, rate, recovery, seeds, times, SIR)


def sis_continuous(
    n: int,
    arcs: Sequence[Arc],
    rate: ArrayLike,
    recovery: float,
    seeds: Sequence[int],
    times: ArrayLike,
) -> StateLaw:
    """Return the law of a Markov SIS epidemic at the given times [1].

    Parameters are those of `sir_continuous`, with up to 14 people; letters "susceptible" and
    "infected".

    Examples
    --------
    >>> sis_continuous(1, [], 0.0, 1.0, [0], [1.0]).mean("infected").round(6).tolist()
    [0.367879]
    """
    return _in_time(n, arcs, rate, recovery, seeds, times, SIS)


# Bass ----------------------------------------------------------------------------------------


def _pressure(n: int, arcs: Sequence[Arc], q: float) -> list[list[tuple[int, float]]]:
    """Return what each adopter among its tellers adds to a person's hazard: q / tellers."""
    on_arcs("arcs", n, arcs, 1.0)
    tellers = np.bincount([v for _, v in arcs], minlength=n)
    return in_arcs(n, arcs, np.array([real("q", q, 0.0, 1e9) / tellers[v] for _, v in arcs]))


def bass_continuous(
    n: int,
    arcs: Sequence[Arc],
    p: float,
    q: float,
    times: ArrayLike,
    seeds: Sequence[int] = (),
) -> StateLaw:
    """Return the law of Bass adoption on a graph at the given times [2].

    Parameters
    ----------
    n : int
        People, up to 14.
    arcs : sequence of (int, int)
        From teller to listener.
    p, q : float
        Hazards per unit of time of outside influence and of imitation; q is shared equally
        among the tellers of a person.
    times : (T,) array
        Not decreasing.
    seeds : sequence of int
        Adopters at time 0; by default none.

    Returns
    -------
    StateLaw
        Letters "inactive" and "active".

    Examples
    --------
    >>> found = bass_continuous(2, [(0, 1), (1, 0)], 0.03, 0.38, [5.0, 10.0])
    >>> (found.mean("active") / 2).round(5).tolist()  # as `bass.two_node`
    [0.20672, 0.40557]
    """
    n, arcs, seeds = few_people(n), arcs_of(arcs), ids("seeds", seeds)
    p, heard = real("p", p, 0.0, 1e9), _pressure(n, arcs, q)

    def rates(state: State) -> Iterator[tuple[int, int, float]]:
        for person, letter in enumerate(state):
            if letter == 0:
                yield person, 1, p + sum(a for u, a in heard[person] if state[u])

    return in_time(_first(n, seeds), rates, ONE, times)


def bass_law(
    n: int,
    arcs: Sequence[Arc],
    p: float,
    q: float,
    step: float,
    rounds: int,
    seeds: Sequence[int] = (),
) -> StateLaw:
    """Return the law of Bass adoption in steps: probability ``1 - exp(-hazard step)`` in each.

    Parameters are those of `bass_continuous`, with `rounds` steps of length `step`; all decide
    at once by the state after the step before.

    Examples
    --------
    >>> bass_law(1, [], 0.5, 0.0, 2.0, 1).mean("active").round(6).tolist()  # 1 - 1/e
    [0.0, 0.632121]
    """
    n, arcs, seeds = few_people(n), arcs_of(arcs), ids("seeds", seeds)
    rounds = whole("rounds", rounds)
    p, heard, step = real("p", p, 0.0, 1e9), _pressure(n, arcs, q), positive("step", step)

    def moves(state: State) -> list[dict[int, float]]:
        out: list[dict[int, float]] = []
        for person, letter in enumerate(state):
            hazard = p + sum(a for u, a in heard[person] if state[u])
            stay = float(np.exp(-hazard * step))
            out.append({1: 1.0} if letter else {0: stay, 1: 1.0 - stay})
        return out

    return by_rounds({_first(n, seeds): 1.0}, moves, ONE, (0, 1), rounds)

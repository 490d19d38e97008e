"""The law of the state of a few people, followed exactly through rounds or continuous time.

A state gives every person a small whole number (inactive, active, ..).  `by_rounds` follows
chains in which all people move at once, independently given the state; `in_time` those in which
one person moves at a time with a rate.  Both return a `StateLaw`: the probability of every state
at every time, from which sets, sizes, means and chances of single people are read.
Called by the modules beside it, which state the rules, and by tests that compare whole laws.

References
----------
Jensen, A. (1953), Markoff chains as an aid in the study of Markoff processes, Skandinavisk
Aktuarietidskrift 36, 87-91 (a chain in continuous time as a chain at Poisson times).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.stats import poisson

from koubei_sim.checks import whole
from koubei_sim.errors import KoubeiError
from koubei_sim.theory.checks import few, numbers

FloatArray = NDArray[np.float64]
State = tuple[int, ...]
Arc = tuple[int, int]
MOST_WORDS = 20_000  # states of all people together: 3**9, 2**14
MOST_STEPS = 1_000_000  # moves between two moments that a law is followed through
MOST_PEOPLE = 32  # beyond it no sets of people are counted


@dataclass(frozen=True)
class StateLaw:
    """Probability of every state of n people at every time.

    Attributes
    ----------
    letters : tuple of str
        What a person can be; their number is k.
    people : int
        n.
    times : (T,) float array
        Rounds 0, 1, .. or moments.
    law : (T, k**n) float array
        Probability of each word; person i is letter ``word // k**i % k``.  Rows sum to 1.

    Examples
    --------
    >>> pair = StateLaw(("out", "in"), 2, np.zeros(1), np.array([[0.1, 0.2, 0.3, 0.4]]))
    >>> pair.chance("in").round(12).tolist(), pair.sizes("in").round(12).tolist()
    ([[0.6, 0.7]], [[0.1, 0.5, 0.4]])
    >>> pair.mean("in").round(12).tolist(), pair.sets("out").tolist()
    ([1.3], [[0.4, 0.3, 0.2, 0.1]])
    """

    letters: tuple[str, ...]
    people: int
    times: FloatArray
    law: FloatArray

    def _holds(self, wanted: tuple[str, ...]) -> NDArray[np.bool_]:
        """Return (k**n, n): whether person i has one of the wanted letters in each word."""
        for letter in wanted:
            if letter not in self.letters:
                raise KoubeiError("letter", "unknown", got=letter, allowed=", ".join(self.letters))
        k = len(self.letters)
        chosen = np.array([letter in wanted for letter in self.letters])
        digits = np.arange(k**self.people)[:, None] // k ** np.arange(self.people) % k
        return np.asarray(chosen[digits])

    def chance(self, *letters: str) -> FloatArray:
        """Return (T, n): the probability that each person is one of `letters`."""
        return np.asarray(self.law @ self._holds(letters))

    def mean(self, *letters: str) -> FloatArray:
        """Return (T,): the expected number of people who are one of `letters`."""
        return np.asarray(self.chance(*letters).sum(axis=1))

    def sets(self, *letters: str) -> FloatArray:
        """Return (T, 2**n): the law of the set of people who are one of `letters`.

        Bit i of a column's number says whether person i is in the set.
        """
        masks = self._holds(letters) @ (1 << np.arange(self.people))
        return _gather(self.law, masks, 1 << self.people)

    def sizes(self, *letters: str) -> FloatArray:
        """Return (T, n + 1): the law of the number of people who are one of `letters`."""
        return _gather(self.law, self._holds(letters).sum(axis=1), self.people + 1)


def _gather(law: FloatArray, column: NDArray[np.int64], columns: int) -> FloatArray:
    out = np.zeros((law.shape[0], columns))
    for row, values in zip(out, law):
        row += np.bincount(column, weights=values, minlength=columns)
    return out


# What the rules share ------------------------------------------------------------------------


def both_ways(edges: Iterable[Arc]) -> list[Arc]:
    """Return the two arcs of every mutual tie, in the order of the ties.

    Examples
    --------
    >>> both_ways([(0, 1), (1, 2)])
    [(0, 1), (1, 0), (1, 2), (2, 1)]
    """
    return [arc for u, v in arcs_of(edges, "edges") for arc in ((u, v), (v, u))]


def ids(where: str, given: Any) -> list[int]:
    """Return the ids of a list, an array, a column or a set as Python's whole numbers.

    Those of numpy that are short (``uint8``) would wrap where sets are numbers of bits.
    """
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise KoubeiError(where, "not a list of people", got=repr(given), fix="[0]")
    return [whole(where, person) for person in given]


def arcs_of(given: Any, where: str = "arcs") -> list[Arc]:
    """Return pairs of ids as Python's whole numbers."""
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise KoubeiError(where, "not a list of pairs", got=repr(given), fix="[(0, 1)]")
    found = []
    for pair in given:
        if isinstance(pair, str) or np.shape(pair) != (2,):
            raise KoubeiError(where, "not a pair", got=repr(pair), allowed="(teller, listener)")
        found.append((whole(where, pair[0]), whole(where, pair[1])))
    return found


def few_people(n: Any, most: int = MOST_PEOPLE) -> int:
    """Return a number of people that an enumeration can begin with."""
    found = whole("n", n, 1)
    if found > most:
        raise KoubeiError("n", "too many states", got=str(found), allowed=f"up to {most} people")
    return found


def people_of(n: int, *groups: Iterable[int]) -> None:
    """Refuse ids outside 0..n - 1."""
    for person in itertools.chain(*groups):
        if not 0 <= person < n:
            raise KoubeiError("person", "no such person", got=person, allowed=f"0..{n - 1}")


def on_arcs(
    where: str, n: int, arcs: Sequence[Arc], values: ArrayLike, high: float = 1.0
) -> FloatArray:
    """Return one number in [0, high] per arc, after a check of the arcs.

    An arc (u, v) passes word from u to v; a person cannot tell himself.
    """
    people_of(n, *arcs)
    if any(u == v for u, v in arcs):
        raise KoubeiError("arcs", "somebody tells himself", allowed="arcs between two people")
    given = numbers(where, values)
    if given.ndim and given.shape != (len(arcs),):
        raise KoubeiError(
            where, "another number than arcs", got=str(given.shape), allowed=f"one or {len(arcs)}"
        )
    out = np.broadcast_to(given, (len(arcs),))
    if not ((out >= 0) & (out <= high)).all():
        raise KoubeiError(where, "out of range", allowed=f"0..{high:g}")
    return out


def in_arcs(n: int, arcs: Sequence[Arc], values: FloatArray) -> list[list[tuple[int, float]]]:
    """Return, for each person, who tells it and the value of that arc."""
    heard: list[list[tuple[int, float]]] = [[] for _ in range(n)]
    for (u, v), value in zip(arcs, values):
        heard[v].append((u, float(value)))
    return heard


def _words(n: int, k: int) -> None:
    if n > MOST_WORDS or k**n > MOST_WORDS:
        raise KoubeiError("n", "too many states", got=f"{k}**{n}", allowed=f"up to {MOST_WORDS}")


def _word(state: State, public: Sequence[int], k: int) -> int:
    return sum(public[letter] * k**i for i, letter in enumerate(state))


# Rounds --------------------------------------------------------------------------------------


def by_rounds(
    start: Mapping[State, float],
    moves: Callable[[State], Sequence[Mapping[int, float]]],
    letters: tuple[str, ...],
    public: Sequence[int],
    rounds: int | None = None,
) -> StateLaw:
    """Follow a chain in which all people move at once.

    Parameters
    ----------
    start : mapping
        Law of the first state.
    moves : callable
        From a state to one law of the next letter per person; given the state, people move
        independently.
    letters : tuple of str
        What the answer speaks of.
    public : sequence of int
        Number in `letters` of each inner letter (a rule may tell fresh adopters from old ones).
    rounds : int, optional
        By default, until nothing can change: the chain must come to rest in n rounds.

    Returns
    -------
    StateLaw
        With times 0, 1, .., rounds.
    """
    n, k = len(next(iter(start))), len(letters)
    _words(n, k)
    most = n if rounds is None else rounds
    most = few("rounds", most, 0, k**n)
    law = np.zeros((most + 1, k**n))
    now = dict(start)
    following: dict[State, list[tuple[State, float]]] = {}
    for row in range(most + 1):
        for state, weight in now.items():
            law[row, _word(state, public, k)] += weight
        if row == most:
            break
        then: dict[State, float] = {}
        for state, weight in now.items():
            if state not in following:
                options = [[(a, p) for a, p in one.items() if p > 0.0] for one in moves(state)]
                following[state] = [
                    (
                        tuple(letter for letter, _ in choice),
                        float(np.prod([p for _, p in choice])),
                    )
                    for choice in itertools.product(*options)
                ]
            for target, p in following[state]:
                then[target] = then.get(target, 0.0) + weight * p
        now = then
    return StateLaw(letters, n, np.arange(most + 1, dtype=np.float64), law)


# Continuous time -----------------------------------------------------------------------------


def in_time(
    start: State,
    rates: Callable[[State], Iterable[tuple[int, int, float]]],
    letters: tuple[str, ...],
    times: ArrayLike,
) -> StateLaw:
    """Follow a chain in which one person moves at a time, at the given moments.

    With total rates of at most L, the state at time t is that of a chain in rounds after a
    Poisson(L t) number of rounds: a sum of positive terms, so small probabilities keep their
    digits (uniformisation).

    Parameters
    ----------
    start : tuple of int
        Number in `letters` of each person at time 0.
    rates : callable
        From a state to (person, next letter, rate per unit of time), for all moves it allows.
    letters : tuple of str
    times : (T,) array
        Not decreasing, at least 0.

    Returns
    -------
    StateLaw
    """
    n, k = len(start), len(letters)
    _words(n, k)
    moments = np.atleast_1d(numbers("times", times))
    if moments.ndim != 1 or not (np.diff(moments, prepend=0.0) >= 0).all():
        raise KoubeiError("times", "out of order", allowed="0 or more, not decreasing")
    if not np.isfinite(moments).all():
        raise KoubeiError("times", "out of range", allowed="finite")
    number, states = {start: 0}, [start]
    rows, columns, values = [], [], []
    leaving = []
    for state in states:  # grows while it is walked
        total = 0.0
        for person, letter, rate in rates(state):
            if rate > 0.0:
                target = (*state[:person], letter, *state[person + 1 :])
                if target not in number:
                    number[target] = len(states)
                    states.append(target)
                rows.append(number[target])
                columns.append(number[state])
                values.append(rate)
                total += rate
        leaving.append(total)
    size, fastest = len(states), max([*leaving, 1e-300])
    flow = sparse.csr_array((values, (rows, columns)), shape=(size, size)) / fastest
    flow = flow + sparse.diags_array(1.0 - np.array(leaving) / fastest)
    now = np.zeros(size)
    now[0] = 1.0
    found = np.zeros((moments.size, size))
    before = 0.0
    for row, moment in enumerate(moments):
        expected = fastest * (moment - before)
        if expected > MOST_STEPS:
            raise KoubeiError(
                "times", "too long for such rates", got=f"{expected:g} moves",
                allowed=f"{MOST_STEPS:g} moves of all people together",
            )  # fmt: skip
        if expected > 0.0:
            most = int(np.ceil(expected + 12.0 * np.sqrt(expected) + 40.0))
            weights = poisson.pmf(np.arange(most + 1), expected)
            after = weights[0] * now
            for weight in weights[1:]:
                now = flow @ now
                after = after + weight * now
            now = after / weights.sum()
        found[row], before = now, moment
    law = np.zeros((moments.size, k**n))
    law[:, [_word(state, range(k), k) for state in states]] = found
    return StateLaw(letters, n, moments, law)

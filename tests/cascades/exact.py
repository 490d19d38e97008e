"""Rules on graphs of a few people with their exact laws: the nulls of the tests of whole laws.

`LAWS` names each; `words` turns a log of many replicates into states at a moment, in the
numbering of `verification.exact_laws.StateLaw`.  Used for the twins and for the library.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tests.cascades.laws import assert_law, by_word

from koubei_sim.cascades import rules
from koubei_sim.networks import Network
from verification import exact_laws as tiny

# Four people, every kind of trouble: mutual and one-way ties, a cycle, two ways to most places.
ARCS = [(0, 1), (0, 2), (1, 0), (1, 2), (1, 3), (2, 3), (3, 1)]  # rows in order: arc numbers
P = [0.3, 0.6, 0.2, 0.5, 0.4, 0.7, 0.25]
OTHER = [1.0 - p for p in P]
WEIGHTS = [0.6, 0.3, 0.9, 0.5, 0.2, 0.7, 0.3]
N = 4
INTO = np.bincount([v for _, v in ARCS])
EQUAL = [1.0 / INTO[v] for _, v in ARCS]
MOMENTS = [0.0, 0.7, 2.0, 7.0]


class Exact(NamedTuple):
    """A rule on the graph above and the law of its states.

    Attributes
    ----------
    rule, seeds, horizon
        As for `cascade`.
    law : callable
        Makes the law.
    letter : str
        What a state says of a person: "active", "kind", "sign", "infected" or "again".
    rows : tuple of int
        Times of the law that are compared.
    ever : bool
        Whether only the end is compared, whatever the time.
    """

    rule: rules.Rule
    seeds: Any
    law: Callable[[], tiny.StateLaw]
    letter: str = "active"
    horizon: float | None = None
    rows: tuple[int, ...] = (1, 2, -1)
    ever: bool = False


def network() -> Network:
    """The graph of the laws."""
    source, target = zip(*ARCS)
    return Network.from_edges(source, target, n=N)


def in_units(law: tiny.StateLaw, step: float) -> tiny.StateLaw:
    """Rounds as moments."""
    return tiny.StateLaw(law.letters, law.people, step * law.times, law.law)


ARRAY, WEIGHED = np.array(P), np.array(WEIGHTS)
BOTH = {"a": ARRAY, "b": np.array(OTHER)}
LAWS = {
    "independent": Exact(
        rules.IndependentCascade(ARRAY), [0], lambda: tiny.cascade_law(N, ARCS, P, [0])
    ),
    "weighted cascade": Exact(
        rules.IndependentCascade("weighted"), [0], lambda: tiny.cascade_law(N, ARCS, EQUAL, [0])
    ),
    "competing": Exact(
        rules.CompetingCascades(BOTH),
        {"a": [0], "b": [3]},
        lambda: tiny.competing_law(N, ARCS, [P, OTHER], [[0], [3]]),
        "kind",
    ),
    "competing, priority": Exact(
        rules.CompetingCascades(BOTH, tie="priority"),
        {"a": [0], "b": [3]},
        lambda: tiny.competing_law(N, ARCS, [P, OTHER], [[0], [3]], "priority"),
        "kind",
    ),
    "negative": Exact(
        rules.NegativeCascade(ARRAY, 0.7),
        [0],
        lambda: tiny.negative_law(N, ARCS, P, [0], 0.7),
        "sign",
    ),
    "linear, choice": Exact(
        rules.LinearThreshold(), [0], lambda: tiny.threshold_law(N, ARCS, EQUAL, [0])
    ),
    "linear, sum": Exact(
        rules.LinearThreshold(method="sum"),
        [0],
        lambda: tiny.threshold_law(N, ARCS, EQUAL, [0]),
    ),
    "linear, weights, choice": Exact(
        rules.LinearThreshold(WEIGHED), [0], lambda: tiny.threshold_law(N, ARCS, WEIGHTS, [0])
    ),
    "linear, weights, sum": Exact(
        rules.LinearThreshold(WEIGHED, method="sum"),
        [0],
        lambda: tiny.threshold_law(N, ARCS, WEIGHTS, [0]),
    ),
    "linear, another range": Exact(
        rules.LinearThreshold(WEIGHED, (0.25, 0.75)),
        [0],
        lambda: tiny.threshold_law(N, ARCS, WEIGHTS, [0], (0.25, 0.75)),
    ),
    "sir": Exact(
        rules.SIR(ARRAY, 0.6),
        [0],
        lambda: tiny.sir_continuous(N, ARCS, P, 0.6, [0], MOMENTS),
        "infected",
    ),
    "sir by steps": Exact(
        rules.SIR(ARRAY, 0.6, True),
        [0],
        lambda: tiny.sir_law(N, ARCS, P, 0.6, [0], 8),
        "infected",
    ),
    "sir, its end": Exact(
        rules.SIR(ARRAY, 0.6),
        [0],
        lambda: tiny.final_law(N, ARCS, P, tiny.exponential_period(0.6), [0]),
        rows=(-1,),
        ever=True,
    ),
    "sir, constant": Exact(
        rules.SIR(ARRAY, 0.6, duration="constant"),
        [0],
        lambda: tiny.final_law(N, ARCS, P, tiny.constant_period(1 / 0.6), [0]),
        rows=(-1,),
        ever=True,
    ),
    "sir by steps, its end": Exact(
        rules.SIR(ARRAY, 0.35, True),
        [0],
        lambda: tiny.final_law(N, ARCS, -np.log1p(-ARRAY), tiny.geometric_period(0.35), [0]),
        rows=(-1,),
        ever=True,
    ),
    "fractional sir": Exact(
        rules.FractionalSIR(2.0, 0.6),
        [0],
        lambda: tiny.sir_continuous(N, ARCS, 2.0 * np.array(EQUAL), 0.6, [0], MOMENTS),
        "infected",
    ),
    "sis": Exact(
        rules.SIS(ARRAY, 0.6),
        [0],
        lambda: tiny.sis_continuous(N, ARCS, P, 0.6, [0], MOMENTS),
        "again",
        7.0,
    ),
    "sis by steps": Exact(
        rules.SIS(ARRAY, 0.6, True),
        [0],
        lambda: tiny.sis_law(N, ARCS, P, 0.6, [0], 7),
        "again",
        7.0,
    ),
    "bass": Exact(
        rules.Bass(0.1, 0.9),
        [2],
        lambda: tiny.bass_continuous(N, ARCS, 0.1, 0.9, [0.0, 0.5, 1.5, 4.0], [2]),
        horizon=4.0,
    ),
    "bass by ticks": Exact(
        rules.Bass(0.1, 0.9, 0.5),
        [2],
        lambda: in_units(tiny.bass_law(N, ARCS, 0.1, 0.9, 0.5, 8, [2]), 0.5),
        horizon=4.0,
    ),
}


class Log(NamedTuple):
    """A log of many replicates, sorted by replicate and time."""

    replicate: NDArray[Any]
    person: NDArray[Any]
    time: NDArray[Any]
    kind: NDArray[Any]
    until: NDArray[Any]


def words(log: Log, replicates: int, at: float, letter: str, k: int) -> NDArray[np.int64]:
    """Return the state of each replicate at a moment; the last activation of a person counts."""
    if letter in ("active", "kind"):
        letters = 1 + (log.kind if letter == "kind" else np.zeros_like(log.kind))
    elif letter == "sign":
        letters = np.where(log.kind == 1, 1, 2)
    else:
        letters = np.where(at < log.until, 1, 2 if letter == "infected" else 0)
    state = np.zeros((replicates, N), np.int64)
    seen = log.time <= at
    state[log.replicate[seen], log.person[seen]] = letters[seen]
    return np.asarray(state @ (k ** np.arange(N)))


def assert_exact(exact: Exact, log: Log, replicates: int) -> None:
    """Compare a log with the law at each of its rows."""
    law = exact.law()
    for row in exact.rows:
        at = np.inf if exact.ever else float(law.times[row])
        found = words(log, replicates, at, exact.letter, len(law.letters))
        assert_law(found.tolist(), by_word(law.law[row]), len(exact.rows), f"time {at}")

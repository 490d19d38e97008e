"""The twins themselves have the right laws: whole laws on graphs of a few people.

Twins and kernels are both written from docs/cascades.md; if the text were wrong both would be.
So the twins are compared here with `verification.exact_laws`, which knows nothing of addresses,
coins or intervals.  Null in each test: the state at a round (or time) has the exact law; n as
given; error rate 1e-6 in all comparisons of a test together; fixed key.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from tests.cascades.exact import ARCS, LAWS, Log, N, P, assert_exact, network
from tests.cascades.laws import KEY, assert_law
from tests.cascades.twins.graph import Activation
from tests.cascades.twins.run import activations, graph_of

from koubei_sim.cascades import rules
from koubei_sim.networks import Network
from koubei_sim.networks.temporal import TemporalNetwork
from verification import exact_laws as tiny

RUNS = 8000
pytestmark = pytest.mark.statistical


def runs_of(
    rule: rules.Rule, seeds: object, horizon: float = math.inf, runs: int = RUNS, where: Any = None
) -> list[list[Activation]]:
    """Many replicates of the twin."""
    where = network() if where is None else where
    graph = graph_of(where)
    return [activations(where, rule, seeds, KEY, r, horizon, graph) for r in range(runs)]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", LAWS)
def test_whole_laws(name: str) -> None:
    """Catches a text that describes another rule: dependent coins, wrong ties, wrong times."""
    exact = LAWS[name]
    runs = runs_of(exact.rule, exact.seeds, math.inf if exact.horizon is None else exact.horizon)
    rows = [(r, e.person, e.time, e.kind, e.until) for r, events in enumerate(runs) for e in events]
    assert_exact(exact, Log(*(np.array(column) for column in zip(*rows))), RUNS)


def test_delays() -> None:
    """Catches latencies of another law or mean, on one arc that is live half of the time."""
    pair = Network.from_edges([0], [1], n=2)
    for latency, after in (
        (("exponential", 2.0), lambda t: math.exp(-t / 2.0)),
        (("geometric", 4.0), lambda t: 0.75 ** math.floor(t)),
        (1.5, lambda t: float(t < 1.5)),
    ):
        runs = runs_of(rules.DelayedCascade(0.5, latency), [0], where=pair)
        edges = [0.0, 1.2, 2.2, 3.2, 5.2]
        law = {k: 0.5 * (after(a) - after(b)) for k, (a, b) in enumerate(itertools.pairwise(edges))}
        law["late or never"] = 1.0 - sum(law.values())
        found = []
        for events in runs:
            time = events[-1].time if len(events) > 1 else math.inf
            found.append(int(np.searchsorted(edges, time)) - 1 if time <= 5.2 else "late or never")
        assert_law(found, law, 3, str(latency))


def test_parents_are_uniform_among_those_of_one_moment() -> None:
    """Catches a tie that goes to the first in the list, or to the person with most arcs twice."""
    star = Network.from_edges([0, 1, 2, 2], [3, 3, 3, 3], n=4, parallel="keep")
    law = {0: 0.25, 1: 0.25, 2: 0.5}
    for rule in (
        rules.IndependentCascade(1.0),
        rules.Reinforcement(4),
        rules.LinearThreshold(method="choice"),
        rules.SIR(1.0, 1.0, steps=True),
        rules.SIS(1.0, 1.0, steps=True),
    ):
        runs = runs_of(rule, [0, 1, 2], 1.0, where=star)
        found = [next(e.parent for e in events if e.person == 3) for events in runs]
        assert_law(found, law, 5, type(rule).__name__)


# ---------------------------------------------------------------- contacts with time stamps

MET = [(0, 1, 1.0), (0, 2, 1.0), (1, 2, 2.0), (2, 3, 2.0), (3, 1, 3.0), (1, 3, 4.0), (2, 0, 4.0)]


def meetings() -> TemporalNetwork:
    source, target, time = zip(*MET)
    return TemporalNetwork.from_contacts(source, target, time, n=N)


def reached(live: Sequence[bool]) -> int:
    """Who is reached from person 0 when it is known which contacts are live (a mask)."""
    when = {0: -math.inf}
    for (u, v, time), alive in zip(MET, live):
        if alive and u in when and when[u] < time and v not in when:
            when[v] = time
    return sum(1 << person for person in when)


def test_cascade_on_contacts() -> None:
    """Catches contacts of one stamp that feed each other, and one coin for several contacts."""
    law: dict[int, float] = {}
    for live in itertools.product((False, True), repeat=len(MET)):
        weight = math.prod(p if alive else 1.0 - p for p, alive in zip(P, live))
        law[reached(live)] = law.get(reached(live), 0.0) + weight
    runs = runs_of(rules.IndependentCascade(np.array(P)), [0], where=meetings())
    assert_law([sum(1 << e.person for e in events) for events in runs], law)


def test_infection_on_contacts() -> None:
    """Catches an infection that lasts too long, or a recovered person who can be infected."""
    twice = TemporalNetwork.from_contacts([0, 0, 0], [1, 1, 1], [0.0, 1.0, 2.0], n=2)
    gamma, beta = 0.7, 0.4
    stay = math.exp(-gamma)
    first, second = beta, (1 - beta) * stay * beta
    third = (1 - beta) ** 2 * stay**2 * beta
    law = {0.0: first, 1.0: second, 2.0: third, math.inf: 1 - first - second - third}
    runs = runs_of(rules.SIR(beta, gamma), [0], where=twice)
    assert_law([events[-1].time if len(events) > 1 else math.inf for events in runs], law, 2)
    # SIS: infected at 0, 1 or 2; again when the first infection is over by the next contact.
    runs = runs_of(rules.SIS(beta, gamma), [0], where=twice)
    counts = {0: 0.0, 1: 0.0, 2: 0.0, 3: 0.0}
    for alive in (1, 2, 3):  # contacts at which the source is still infected
        weight = stay ** (alive - 1) - (stay**alive if alive < 3 else 0.0)
        for coins in itertools.product((False, True), repeat=alive):
            chance = math.prod(beta if coin else 1 - beta for coin in coins)
            states = {(0, False): 1.0}  # infections of the target so far, infected now
            for coin in coins:
                after: dict[tuple[int, bool], float] = {}
                for (k, ill), w in states.items():
                    if ill:
                        moves = [((k, True), stay), ((k + coin, coin), 1 - stay)]
                    else:
                        moves = [((k + coin, coin), 1.0)]
                    for state, p in moves:
                        after[state] = after.get(state, 0.0) + w * p
                states = after
            for (k, _), w in states.items():
                counts[k] += weight * chance * w
    assert_law([len(events) - 1 for events in runs], counts, 2)


def test_thresholds_that_need_no_luck() -> None:
    """Catches a count that includes the present step, and >= taken for >."""
    graph = network()
    source, target = zip(*ARCS)
    for seeds in ([0], [0, 3], [2]):
        for needs in itertools.product((1, 2, 3), repeat=N):
            expected = tiny.threshold_rounds(N, source, target, needs, seeds)
            (events,) = runs_of(rules.Reinforcement(np.array(needs)), seeds, runs=1, where=graph)
            found = dict.fromkeys(range(N), -1) | {e.person: int(e.time) for e in events}
            assert list(found.values()) == expected.tolist()
    into = np.bincount(target, minlength=N)
    for m, strict in itertools.product((0, 1, 2), (False, True)):
        rule = rules.FractionalThreshold(m / 3, strict)
        needs = [next((k for k in range(9) if (3 * k > m * d if strict else 3 * k >= m * d)), 9)
                 for d in into]  # fmt: skip
        if m == 0 and not strict:
            continue  # need 0 is the next test's
        expected = tiny.threshold_rounds(N, source, target, needs, [0])
        (events,) = runs_of(rule, [0], runs=1, where=graph)
        found = dict.fromkeys(range(N), -1) | {e.person: int(e.time) for e in events}
        assert list(found.values()) == expected.tolist()


def test_need_zero_adopts_at_once_and_a_window_forgets() -> None:
    """Catches people without need who wait for a seed, and contacts that are never forgotten."""
    lone = Network.from_edges([0], [1], n=3)
    (events,) = runs_of(rules.FractionalThreshold(0.0), [], runs=1, where=lone)
    assert events == [Activation(1.0, person) for person in range(3)]
    (events,) = runs_of(rules.FractionalThreshold(0.0, strict=True), [0], runs=1, where=lone)
    assert events == [Activation(0.0, 0), Activation(1.0, 1, 0)]
    met = TemporalNetwork.from_contacts([0, 0, 0], [1, 1, 1], [1.0, 3.0, 4.0], n=2)
    for window, time in ((None, 3.0), (2.5, 3.0), (2.0, 4.0), (1.0, None)):
        (events,) = runs_of(rules.Reinforcement(2, window), [0], runs=1, where=met)
        assert [e.time for e in events[1:]] == ([] if time is None else [time])

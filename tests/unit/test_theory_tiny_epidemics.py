"""Exact laws of SIR, SIS and Bass on tiny graphs, along roads that share no code.

Rounds against cascades and hand counts, continuous time against the exponential of the generator,
final laws against both; laws are compared whole.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.linalg import expm

from koubei_sim.errors import KoubeiError
from koubei_sim.theory import bass
from verification import exact_laws as tiny

RING4 = tiny.both_ways([(0, 1), (1, 2), (2, 3), (3, 0)])


def uneven(arcs: list[tuple[int, int]]) -> list[float]:
    """One probability per arc, no two alike."""
    return [0.13 + 0.61803 * (7 * u + 3 * v + 1) % 0.71 for u, v in arcs]


# ---------------------------------------------------------------- epidemics


def test_recovery_at_once_is_a_cascade() -> None:
    """Catches newly infected who recover before they try, or try in the round they catch it."""
    p = uneven(RING4)
    sir = tiny.sir_law(4, RING4, p, 1.0, [0], 4)
    cascade = tiny.cascade_law(4, RING4, p, [0])
    assert sir.sets("infected", "recovered") == pytest.approx(cascade.sets("active"), abs=1e-13)


def test_rounds_of_sir_and_sis_by_hand() -> None:
    """Catches recovery before infection in a round, and reinfection in the round of recovery."""
    p, g = 0.3, 0.4
    pair = tiny.sir_law(2, tiny.both_ways([(0, 1)]), p, g, [0], 2)
    assert pair.chance("susceptible")[:, 1] == pytest.approx(
        [1, 1 - p, (1 - p) * (g + (1 - g) * (1 - p))]
    )
    assert pair.chance("infected")[2, 1] == pytest.approx(p * (1 - g) + (1 - p) * (1 - g) * p)
    loop = tiny.sis_law(2, tiny.both_ways([(0, 1)]), p, g, [0], 2)
    once = {"both": p * (1 - g), "first": (1 - p) * (1 - g), "second": p * g}
    assert loop.sets("infected")[1] == pytest.approx(
        [(1 - p) * g, once["first"], once["second"], once["both"]]
    )
    first = once["both"] * (1 - g) + once["first"] * (1 - g) + once["second"] * p
    assert loop.chance("infected")[2, 0] == pytest.approx(first)


def test_final_sizes_for_three_laws_of_the_infectious_period() -> None:
    """Catches arcs out of one person taken as independent: whole final laws on a ring with a tail.

    A constant period is a cascade, a geometric one SIR in rounds, an exponential one SIR in
    continuous time.
    """
    edges = [(0, 1), (1, 2), (2, 0), (2, 3)]
    arcs = tiny.both_ways(edges)
    hazard = np.array(uneven(arcs)) * 0.8
    seeds = [0]
    ever = ("infected", "recovered")

    constant = tiny.final_law(4, arcs, hazard, tiny.constant_period(1.7), seeds)
    cascade = tiny.live_arc_law(4, arcs, -np.expm1(-1.7 * hazard), seeds)
    assert constant.law == pytest.approx(cascade.law, abs=1e-12)

    geometric = tiny.final_law(4, arcs, hazard, tiny.geometric_period(0.4), seeds)
    rounds = tiny.sir_law(4, arcs, -np.expm1(-hazard), 0.4, seeds, 80)
    assert rounds.sets(*ever)[-1] == pytest.approx(geometric.sets("active")[-1], abs=1e-10)

    exponential = tiny.final_law(4, arcs, hazard, tiny.exponential_period(0.6), seeds)
    moments = tiny.sir_continuous(4, arcs, hazard, 0.6, seeds, [80.0])
    assert moments.sets(*ever)[-1] == pytest.approx(exponential.sets("active")[-1], abs=1e-12)

    # With one chance to reach a given person, longer-tailed periods fail all listeners more often.
    rays = [(0, 1), (0, 2), (0, 3)]
    spread = tiny.final_law(4, rays, 1.0, tiny.exponential_period(1.0), seeds)
    assert spread.chance("active")[-1].tolist() == pytest.approx([1, 0.5, 0.5, 0.5])
    assert spread.sizes("active")[-1] == pytest.approx([0, 0.25, 0.25, 0.25, 0.25])
    certain = tiny.final_law(2, [(0, 1)], np.inf, tiny.exponential_period(1.0), seeds)
    assert certain.mean("active")[-1] == 2.0


def generator(n: int, k: int, rates) -> np.ndarray:
    """A dense matrix of rates between words, built word by word."""
    q = np.zeros((k**n, k**n))
    for word in range(k**n):
        state = [word // k**i % k for i in range(n)]
        for i in range(n):
            for letter, rate in rates(state, i):
                q[word, word + (letter - state[i]) * k**i] += rate
    return q - np.diag(q.sum(axis=1))


@pytest.mark.parametrize("kind", ["sir", "sis", "bass"])
def test_continuous_chains_against_the_exponential_of_their_generator(kind: str) -> None:
    """Catches a rate forgotten, weights of the series cut short, and times taken as gaps."""
    arcs, times = [(0, 1), (1, 2), (2, 0), (1, 0)], [0.0, 0.4, 0.4, 3.0, 30.0]
    beta = np.array([0.9, 0.2, 1.4, 0.5])
    told = [[(u, b) for (u, v), b in zip(arcs, beta) if v == i] for i in range(3)]
    if kind == "bass":
        tellers = [2, 1, 1]

        def rates(state, i):
            share = sum(state[u] for u, _ in told[i]) / tellers[i]
            return [] if state[i] else [(1, 0.1 + 0.7 * share)]

        found, k, first = tiny.bass_continuous(3, arcs, 0.1, 0.7, times), 2, 0
    else:
        after, k = (2, 3) if kind == "sir" else (0, 2)

        def rates(state, i):
            if state[i] == 1:
                return [(after, 0.8)]
            return [(1, sum(b for u, b in told[i] if state[u] == 1))] if state[i] == 0 else []

        law = tiny.sir_continuous if kind == "sir" else tiny.sis_continuous
        found, first = law(3, arcs, beta, 0.8, [0], times), 1
    q = generator(3, k, rates)
    for row, time in enumerate(times):
        assert found.law[row] == pytest.approx(expm(q * time)[first], abs=1e-12)


# ---------------------------------------------------------------- Bass


def test_bass_on_pairs_circles_and_cliques() -> None:
    """Catches q not shared among tellers: the pair's curve, one circle whichever way it hears,
    and the order two people <= circle <= clique <= infinite clique."""
    p, q, times = 0.03, 0.38, [1.0, 5.0, 10.0, 20.0]
    n = 6
    both = tiny.both_ways((i, (i + 1) % n) for i in range(n))
    one = [(i, (i + 1) % n) for i in range(n)]
    everybody = tiny.both_ways(itertools.combinations(range(n), 2))
    share = {
        name: tiny.bass_continuous(n, arcs, p, q, times).mean("active") / n
        for name, arcs in {"both": both, "one": one, "all": everybody}.items()
    }
    assert share["both"] == pytest.approx(share["one"], abs=1e-12)
    pair = tiny.bass_continuous(2, [(0, 1), (1, 0)], p, q, times).mean("active") / 2
    assert pair == pytest.approx(bass.two_node(times, p, q), abs=1e-12)
    bounds = [pair, share["both"], share["all"], bass.cumulative(times, p, q)]
    assert (np.diff(bounds, axis=0) > 0).all()
    assert share["both"][0] == pytest.approx(bass.circle(1.0, p, q), abs=1e-7)
    seeded = tiny.bass_continuous(2, [(0, 1)], 0.0, q, times, seeds=[0])
    assert seeded.chance("active")[:, 1] == pytest.approx(1 - np.exp(-q * np.array(times)))


def test_bass_in_steps() -> None:
    """Catches hazards read in the middle of a step, and probabilities proportional to it."""
    p, q, step = 0.2, 0.5, 2.0
    pair = tiny.bass_law(2, [(0, 1), (1, 0)], p, q, step, 2)
    stay, told = np.exp(-p * step), np.exp(-(p + q) * step)
    assert pair.chance("active")[1] == pytest.approx([1 - stay] * 2)
    assert pair.chance("active")[2, 0] == pytest.approx(
        1 - stay * (stay * stay + (1 - stay) * told)
    )
    fine = tiny.bass_law(2, [(0, 1), (1, 0)], 0.03, 0.38, 0.01, 500).mean("active")[-1] / 2
    assert fine == pytest.approx(float(bass.two_node(5.0, 0.03, 0.38)), abs=1e-3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: tiny.sir_law(2, [(0, 1)], 0.5, 1.1, [0], 3),
        lambda: tiny.sir_law(2, [(0, 1)], 0.5, 0.1, [0], -1),
        lambda: tiny.sis_continuous(2, [(0, 1)], 0.5, 0.1, [0], [2.0, 1.0]),
        lambda: tiny.sis_continuous(2, [(0, 1)], 0.5, 0.1, [0], [np.inf]),
        lambda: tiny.bass_law(2, [(0, 1)], 0.5, 0.1, 0.0, 3),
        lambda: tiny.geometric_period(0.0),
    ],
)
def test_wrong_input_is_refused_in_one_line(call) -> None:
    """Catches numbers returned for questions that have no answer."""
    with pytest.raises(KoubeiError) as caught:
        call()
    assert "\n" not in str(caught.value)

"""One rule seen as another: where two rules are the same, `cascade` gives the same bits.

No twin is needed for these, and no tolerance: coins are addressed, so a cascade of constant delay 1
is an independent cascade arc by arc.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.cascades.cases import case
from tests.cascades.library import first_times as times
from tests.cascades.runs import NETWORKS, assert_earlier, runs
from tests.cascades.twins.graph import arcs_of
from tests.worlds import Dice

from koubei_sim.cascades import (
    SIR,
    Bass,
    CompetingCascades,
    DelayedCascade,
    FractionalSIR,
    FractionalThreshold,
    IndependentCascade,
    NegativeCascade,
    Reinforcement,
)
from koubei_sim.networks import Network
from koubei_sim.networks.temporal import TemporalNetwork

# ---------------------------------------------------------------- one rule seen as another


def test_reinforcement_by_one_is_breadth_first_search() -> None:
    """Catches a step that is skipped: the three must give distances, with the same parents."""
    for network, seeds in NETWORKS:
        arcs = arcs_of(network)
        distance = dict.fromkeys(seeds, 0)
        front = list(seeds)
        while front:
            ahead = {arcs.target[e]: distance[u] + 1 for u in front for e in arcs.out[u]}
            front = [v for v in ahead if v not in distance]
            distance |= {v: ahead[v] for v in front}
        (one,) = runs(network, Reinforcement(1), seeds, 1)
        (other,) = runs(network, IndependentCascade(1.0), seeds, 1)
        (third,) = runs(network, SIR(1.0, 1.0, steps=True), seeds, 1)
        assert one == other
        assert [e._replace(until=math.inf) for e in third] == one
        assert times(one) == distance


def test_one_brand_is_an_independent_cascade() -> None:
    """Catches coins of brands that are not those of the arcs."""
    for network, seeds in NETWORKS:
        plain = runs(network, IndependentCascade(0.4), seeds)
        for tie in ("random", "priority"):
            rule = CompetingCascades(0.4, ("only",), tie)
            assert runs(network, rule, {"only": seeds}) == plain


def test_brands_of_equal_chance_share_an_independent_cascade() -> None:
    """Catches brands that change who is reached, when, or (ties at random) through whom."""
    for network, seeds in NETWORKS:
        shares = {"a": seeds[::3], "b": seeds[1::3], "c": seeds[2::3]}
        plain = runs(network, IndependentCascade(0.5), seeds)
        found = runs(network, CompetingCascades(0.5, ("a", "b", "c")), shares)
        assert [[e._replace(kind=0) for e in events] for events in found] == plain
        for events in found:
            kind = {e.person: e.kind for e in events}
            assert all(e.kind == kind[e.parent] for e in events if e.parent >= 0)


@pytest.mark.parametrize("quality", [0.0, 1.0])
def test_certain_quality_is_an_independent_cascade(quality: float) -> None:
    """Catches signs that change who is reached, and T(quality) off by one at its ends."""
    for network, seeds in NETWORKS:
        plain = runs(network, IndependentCascade(0.4), seeds)
        found = runs(network, NegativeCascade(0.4, quality), seeds)
        kind = int(quality == 0.0)
        assert found == [[e._replace(kind=kind) for e in events] for events in plain]


def test_a_constant_delay_of_one_is_an_independent_cascade() -> None:
    """Catches a queue that loses one of several arrivals, or decides ties another way."""
    for network, seeds in NETWORKS:
        plain = runs(network, IndependentCascade(0.4), seeds)
        for latency in (1.0, ("geometric", 1.0), np.ones(max(1, network.n_arcs))):
            if network.n_arcs == 0 and isinstance(latency, np.ndarray):
                continue
            assert runs(network, DelayedCascade(0.4, latency), seeds) == plain
        half = runs(network, DelayedCascade(0.4, 0.5), seeds)
        assert half == [[e._replace(time=e.time / 2) for e in events] for events in plain]


def test_sir_of_constant_duration_reaches_whom_an_independent_cascade_reaches() -> None:
    """Catches another coin in SIR, or a strict bound on the wrong side."""
    for beta, gamma in ((0.4, 1.0), (0.2, 0.5), (1.7, 2.0)):
        chance = -math.expm1(-beta / gamma)
        assert abs(chance * 2**32 % 1.0 - 0.5) > 0.01  # the rounding of T decides nothing
        for network, seeds in NETWORKS:
            plain = runs(network, IndependentCascade(chance), seeds)
            found = runs(network, SIR(beta, gamma, duration="constant"), seeds)
            for a, b in zip(plain, found, strict=True):
                assert set(times(a)) == set(times(b))
                assert all(e.until == e.time + 1.0 / gamma for e in b)


def test_sir_by_steps_that_recovers_at_once_is_an_independent_cascade() -> None:
    """Catches a chance per step that is not 1 - exp(-c), and an infection a step too long."""
    for p in (0.2, 0.37, 0.8):
        for network, seeds in NETWORKS:
            plain = runs(network, IndependentCascade(p), seeds)
            found = runs(network, SIR(p, 1.0, steps=True), seeds)
            assert found == [[e._replace(until=e.time + 1.0) for e in events] for events in plain]


def test_divided_attention_on_a_regular_graph_is_plain_sir() -> None:
    """Catches attention divided by the wrong degree, or divided twice."""
    n, reach = 60, 2
    people = np.arange(n)
    source = np.tile(people, reach)
    target = np.concatenate([(people + k + 1) % n for k in range(reach)])
    ring = Network.from_edges(source, target, n=n, directed=False)
    for steps, beta in ((False, 2.8), (True, 0.8)):
        divided = runs(ring, FractionalSIR(beta, 0.5, steps), [0, 7], 8)
        plain = runs(ring, SIR(beta / 4, 0.5, steps), [0, 7], 8)
        assert divided == plain
        assert max(map(len, plain)) > 10


def test_bass_without_imitation_is_a_clock_for_each() -> None:
    """Catches adopters who hurry others when q is 0, and another law of resistance."""
    for network, seeds in NETWORKS[:6]:
        n = network.n_nodes
        lone = Network.from_edges([], [], n=n)
        for dt in (None, 0.25):
            with_ties = runs(network, Bass(0.3, 0.0, dt), seeds, horizon=9.0)
            without = runs(lone, Bass(0.3, 0.8, dt), seeds, horizon=9.0)
            # In exact time the hazard is summed up in pieces: equal but for rounding.
            assert_earlier(with_ties, without, 1e-9)
            assert_earlier(without, with_ties, 1e-9)
            assert dt is None or with_ties == without
    big = Network.from_edges([], [], n=4000)
    (events,) = runs(big, Bass(0.5, 0.0), [], 1, horizon=1e6)
    clocks = np.array([e.time for e in events])
    assert len(clocks) == 4000
    # Null: exponential of mean 2; n = 4000; error rate 1e-6 (4.9 standard errors).
    assert abs(clocks.mean() - 2.0) < 4.9 * 2.0 / math.sqrt(4000)


def test_rules_without_luck_do_not_see_names() -> None:
    """Catches rules of thresholds whose outcome depends on how people are numbered."""
    for number, (network, seeds) in enumerate(NETWORKS):
        permutation = Dice(number).rng.permutation(network.n_nodes)
        renamed = network.relabel(permutation)
        moved = permutation[seeds].tolist()
        for rule in (
            Reinforcement(2),
            FractionalThreshold(0.34),
            FractionalThreshold(1 / 3, strict=True),
            IndependentCascade(1.0),
        ):
            (one,) = runs(network, rule, seeds, 1)
            (other,) = runs(renamed, rule, moved, 1)
            assert {int(permutation[v]): t for v, t in times(one).items()} == times(other)


# ---------------------------------------------------------------- contacts


def meetings(number: int) -> tuple[TemporalNetwork, list[int]]:
    one = case("contacts_independent", number)
    return one.network, [0] if one.network.n_nodes == 1 else [0, one.network.n_nodes - 1]


def test_rules_on_contacts_that_are_the_same_rule() -> None:
    """Catches a rule on contacts with another coin, another tie or another idea of a moment."""
    for number in range(30):
        met, seeds = meetings(number)
        plain = runs(met, IndependentCascade(0.5), seeds)
        for rule in (NegativeCascade(0.5, 1.0), SIR(0.5, 0.0)):
            assert runs(met, rule, seeds) == plain
        assert runs(met, CompetingCascades(0.5, ("only",)), {"only": seeds}) == plain
        assert runs(met, Reinforcement(1), seeds) == runs(met, IndependentCascade(1.0), seeds)

"""`seeding.matching_random`: the number of random people, against every choice listed."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from tests.seeding.twin import spreads, tiny

import koubei_sim as kb
from koubei_sim.cascades import IndependentCascade, LinearThreshold
from koubei_sim.seeding import matching, matching_random


def network_of(arcs, n=7):
    return kb.Network.from_edges(*np.array(arcs).T, n)


def at_random(arcs, p):
    """Exact mean reach of m random people, m = 0..7."""
    return [np.mean(list(spreads(7, arcs, p, m).values())) for m in range(8)]


def test_the_number_is_that_of_all_choices_listed() -> None:
    """Catches people drawn with repeats, sets of a wrong size, a number one off: 40 graphs."""
    outside = 0
    for g in range(40):
        arcs, p = tiny(g)
        random = at_random(arcs, p)
        reach = spreads(7, arcs, p, 2)
        best = max(reach, key=reach.get)
        share = 0.9 if g % 2 else 1.0
        true = next(m for m in range(8) if random[m] >= share * reach[best] - 1e-9)
        found = matching_random(
            network_of(arcs), IndependentCascade(p), list(best), share=share, sets=1 << 15, rng=g
        )
        assert found.low <= found.number <= found.high
        outside += not found.low <= true <= found.high
        assert abs(found.reach.mean - reach[best]) < 0.2
        assert abs(found.random.mean - random[2]) < 0.2
    assert (
        outside <= 6
    )  # two-sided 5 % each: more than 6 of 40 has a chance of .3 %; keys are fixed


def test_a_mean_over_draws_is_the_exact_chance() -> None:
    """Catches a formula of misses that only holds for few people: all subsets of 9 listed."""
    sample = matching._Sample.__new__(matching._Sample)
    sample.n, sample.size = 9, np.array([1, 4, 9])
    for m in range(10):
        subsets = list(combinations(range(9), m))
        exact = [np.mean([min(one, default=9) >= s for one in subsets]) for s in (1, 4, 9)]
        assert np.allclose(sample.missed(m), exact)


def test_intervals_hold_the_number_that_many_sets_find() -> None:
    """Catches intervals too short by a third: 200 keys of 4,096 sets, null .95, z = 4.9."""
    rng = np.random.default_rng(4)
    network = kb.Network.from_edges(*rng.integers(0, 2000, (2, 6000)), 2000)
    seeds = kb.seeding.degree(network, 20, key=1)
    rule = IndependentCascade("weighted")
    true = matching_random(network, rule, seeds, precision=1e-3, sets=1 << 21, rng=999)
    assert true.high - true.low <= 3
    inside = 0
    for key in range(200):
        found = matching_random(network, rule, seeds, sets=1 << 12, rng=key)
        inside += found.low <= true.number <= found.high
    assert inside >= 190 - 4.9 * np.sqrt(200 * 0.95 * 0.05)
    assert inside < 200  # or they are so wide that this says nothing


def test_forward_runs_of_so_many_random_people_reach_as_much() -> None:
    """Catches a number for the graph turned round, or for another rule."""
    rng = np.random.default_rng(5)
    network = kb.Network.from_edges(rng.zipf(1.8, 6000) % 2000, rng.integers(0, 2000, 6000), 2000)
    for rule in (IndependentCascade(0.2), LinearThreshold()):
        seeds = kb.seeding.maximise(network, rule, 10, rng=1).seeds
        found = matching_random(network, rule, seeds, precision=0.02, rng=1)
        chosen = kb.cascade(network, rule, seeds, 2000, rng=2, threads=1).sizes
        drawn = kb.cascade(network, rule, kb.RandomSeeds(found.number), 2000, rng=3, threads=1)
        assert found.number > 15
        error = np.sqrt(chosen.var() / 2000 + drawn.sizes.var() / 2000)
        slack = 0.03 * chosen.mean()  # the number itself is known to 2 %
        assert abs(chosen.mean() - drawn.sizes.mean()) < 4 * error + slack
        assert found.reach.low - 4 * error <= chosen.mean() <= found.reach.high + 4 * error


def test_one_hub_all_alike_and_sets_that_run_out() -> None:
    """Catches ends of the range, and an interval that is believed from a handful of sets."""
    star = kb.Network.from_edges([0] * 99, list(range(1, 100)))
    hub = matching_random(star, IndependentCascade(1.0), [0], rng=1)
    assert (hub.number, hub.low, hub.high) == (100, 100, 100)
    assert hub.reach == (100.0, 100.0, 100.0)
    ring = kb.Network.from_edges(range(50), [(v + 1) % 50 for v in range(50)])
    alike = matching_random(ring, IndependentCascade(0.3), [0], rng=1)
    assert alike.low <= 1 <= alike.high <= 2
    alone = kb.Network.from_edges([], [], 100_000)
    few = matching_random(alone, IndependentCascade(0.3), [5], sets=4096, rng=1)
    assert (few.low, few.high, few.stopped) == (0, 100_000, "sets")
    assert "precision not reached" in " ".join(repr(few).split())


def test_seeds_are_not_judged_by_the_sets_that_chose_them() -> None:
    """Catches the sets of `maximise` used again: then all 12 intervals lie above the truth."""
    rng = np.random.default_rng(6)
    network = kb.Network.from_edges(*rng.integers(0, 3000, (2, 6000)), 3000)
    rule = IndependentCascade("weighted")
    above = 0
    for key in range(12):
        seeds = kb.seeding.maximise(network, rule, 50, rng=key, sets=4096, target=1.0).seeds
        found = matching_random(network, rule, seeds, sets=4096, rng=key)
        sizes = kb.cascade(network, rule, seeds, 1000, rng=99, threads=1).sizes
        above += found.reach.low > sizes.mean()
    assert above <= 3  # null: 2.5 % each, so more has a chance of 1e-4


def test_same_key_same_bytes() -> None:
    """Catches results that hang on the order of the seeds or on how many sets are made at once."""
    rng = np.random.default_rng(6)
    network = kb.Network.from_edges(*rng.integers(0, 3000, (2, 6000)), 3000)
    rule = IndependentCascade("weighted")
    seeds = kb.seeding.maximise(network, rule, 50, rng=1, sets=1024).seeds
    found = matching_random(network, rule, seeds, sets=1 << 16, rng=1)
    again = matching_random(network, rule, seeds[::-1], sets=1 << 16, rng=1)
    assert (found.number, found.low, found.high, found.reach) == (
        again.number, again.low, again.high, again.reach,
    )  # fmt: skip
    sample = matching._Sample(
        matching.heard(rule, kb.cascades.arcs.Arcs.of(network), 1, False), 3000, 1, seeds
    )
    sample._chunk = 64
    sample.grow(found.sets)
    assert sample.reach(sample.hit.astype(float)) == found.reach


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seeds": []}, "seeds: nobody"),
        ({"seeds": [9]}, "seeds: no such person"),
        ({"share": 0.0}, "share: out of range"),
        ({"share": 1.1}, "share: out of range"),
        ({"precision": 0.0}, "precision: out of range"),
        ({"sets": 64}, "sets: out of range"),
        ({"rule": kb.FractionalThreshold(0.3)}, "rule: has no reverse sets"),
    ],
    ids=str,
)
def test_wrong_questions_are_refused_in_one_line(options, said) -> None:
    """Catches a wrong question that is answered."""
    network = kb.Network.from_edges([0, 1], [1, 2])
    asked = {"rule": IndependentCascade(0.5), "seeds": [0], "rng": 1, **options}
    with pytest.raises(kb.KoubeiError, match=said):
        matching_random(network, asked.pop("rule"), asked.pop("seeds"), **asked)

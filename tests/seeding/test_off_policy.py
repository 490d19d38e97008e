"""Off-policy evaluation: chances of sets by listing orders, and the simulator as the truth."""

from __future__ import annotations

import itertools
import math
from functools import cache
from typing import Any

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim import KoubeiError
from koubei_sim.cascades.arcs import Arcs
from koubei_sim.seeding import off_policy
from koubei_sim.seeding.off_policy import log_chances, weights_of

PEOPLE, SEEDS, TRIALS, EXPERIMENTS = 300, 3, 400, 200
NET = kb.networks.follow_graph(PEOPLE, mean_degree=6, exponent=2.5, key=1)
RULE = kb.IndependentCascade(0.15)


def picked(weights: np.ndarray, k: int, number: int, seed: int) -> np.ndarray:
    """Return sets of people picked one after the other by weight, among those not picked yet.

    Who comes first after exponential times is picked so (`test_chances_are_those_of_all_orders`).
    """
    times = np.random.default_rng(seed).exponential(size=(number, weights.size))
    with np.errstate(divide="ignore"):
        return np.argpartition(times / weights, k, axis=1)[:, :k]


def reached(sets: np.ndarray, key: int) -> np.ndarray:
    """Return how many people each set reaches."""
    return np.asarray(kb.cascade(NET, RULE, list(sets), len(sets), rng=key, threads=1).sizes, float)


@cache
def experiments() -> tuple[np.ndarray, np.ndarray]:
    """Return seeds picked at random, and whom they reach; many experiments of many."""
    sets = picked(np.ones(PEOPLE), SEEDS, TRIALS * EXPERIMENTS, 1)
    return sets, reached(sets, 7)


def test_chances_are_those_of_all_orders() -> None:
    """Catches an integral that misses heavy or light people, and orders left out."""
    random = np.random.default_rng(0)
    for trial in range(200):
        n = int(random.integers(2, 8))
        weights = np.exp(3.0 * random.normal(size=n))
        weights[0] *= trial % 3 != 0
        k = int(random.integers(1, n))
        one = random.choice(np.flatnonzero(weights), min(k, n - 1), replace=False)
        exact = 0.0
        for order in itertools.permutations(one):
            chance, left = 1.0, weights.sum()
            for who in order:
                chance *= weights[who] / left
                left -= weights[who]
            exact += chance
        found = np.exp(log_chances([np.asarray(one)], weights)[0])
        assert found == pytest.approx(exact, rel=1e-9, abs=0.0)
    many = np.exp(log_chances([np.arange(60)], np.ones(100))[0])
    assert many == pytest.approx(1.0 / math.comb(100, 60), rel=1e-9)
    assert np.exp(log_chances([np.arange(3), np.arange(2)], np.ones(3))) == pytest.approx(
        [1, 1 / 3]
    )


def test_a_nominee_is_whom_a_random_person_names() -> None:
    """Catches arcs that are followed backwards, and tellers who name all of their listeners."""
    net = kb.Network.from_edges(["a", "a", "b"], ["b", "c", "c"], labels="auto")
    arcs = Arcs.of(net)
    found = dict(zip(net.people(range(3)), weights_of("strategy", "nomination", arcs), strict=True))
    assert found == {"a": 0.0, "b": 0.5, "c": 1.5}
    degree = dict(zip(net.people(range(3)), weights_of("strategy", "degree", arcs), strict=True))
    assert degree == {"a": 2.0, "b": 1.0, "c": 0.0}
    named = weights_of("strategy", {"a": 1.0, "b": 2.0, "c": 3.0}, arcs)
    assert named.tolist() == [{"a": 1.0, "b": 2.0, "c": 3.0}[who] for who in net.people(range(3))]


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["nomination", "degree"])
def test_the_truth_is_held(strategy: str) -> None:
    """Catches weights that are not normalised, chances of ordered sets, intervals without skew.

    400 times 200 experiments with random triples among 300 people, some of them hubs; the
    truth is the mean over 60,000 triples picked by the strategy itself. Mean logarithm, and chance
    of a reach of 30: held in .93 to .97 (standard error .011).
    """
    weights = weights_of("strategy", strategy, Arcs.of(NET))
    truth = reached(picked(weights, SEEDS, 60_000, 3), 9)
    sets, sizes = experiments()
    for measure in (np.log, lambda size: (size >= 30.0) * 1.0):
        held, asked = 0, 0
        for trial in range(TRIALS):
            part = slice(trial * EXPERIMENTS, (trial + 1) * EXPERIMENTS)
            try:
                found = off_policy(sets[part], measure(sizes[part]), strategy, network=NET)
            except KoubeiError as error:
                assert "too few experiments speak" in str(error)
                continue
            asked += 1
            held += found.value.low <= measure(truth).mean() <= found.value.high
        assert asked >= 0.85 * TRIALS
        assert 0.93 <= held / asked <= 0.97


def test_the_design_itself_is_its_own_strategy() -> None:
    """Catches weights of one side only: asked about the design, an experiment is a plain mean."""
    weights = weights_of("design", "nomination", Arcs.of(NET)) + 0.1
    sets = picked(weights, SEEDS, 60, 4)
    sizes = reached(sets, 2)
    found = off_policy(sets, sizes, weights, weights, network=NET)
    assert found.value == found.usual and found.effective == 60.0
    assert found.usual.mean == pytest.approx(sizes.mean())
    assert found.gain[:3] == (0.0, 0.0, 0.0) and found.weights == pytest.approx(np.ones(60))
    turned = off_policy(sets[:, ::-1], sizes, "random", weights, network=NET)
    again = off_policy(sets, sizes, "random", weights, network=NET)
    assert turned.value[:3] == pytest.approx(again.value[:3], rel=1e-12)
    assert 10.0 < again.effective < 60.0
    assert all(len(line) < 80 for line in repr(again).split("\n")) and "60 experiments" in repr(
        again
    )


NAMED = kb.Network.from_edges(["a", "a", "b", "c"], ["b", "c", "c", "a"], labels="auto")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seeds": "a"}, "seeds: not a list of lists of people"),
        ({"seeds": ["a"] * 20}, "seeds[0]: not a list of people"),
        ({"seeds": [["a", "x"]] * 20}, "seeds[0]"),
        ({"seeds": [["a", "a"]] * 20}, "seeds[0]: holds somebody twice"),
        ({"seeds": [[]] * 20}, "seeds[0]: holds nobody"),
        ({"seeds": []}, "seeds: no experiments"),
        ({"outcomes": [1.0] * 19}, "outcomes: not one an experiment"),
        ({"outcomes": [float("nan")] * 20}, "outcomes[0]: out of range"),
        ({"strategy": "best"}, "strategy"),
        ({"strategy": 1.0}, "strategy: not one weight a person"),
        ({"strategy": [0.0, 0.0, 0.0]}, "strategy: picks nobody"),
        ({"strategy": [1.0, -1.0, 0.0]}, "strategy[1]: out of range"),
        ({"design": [1.0, 1.0, 0.0]}, "strategy: may pick people whom the design never does"),
        ({"design": {"a": 1, "b": 0, "c": 1}, "strategy": {"a": 1, "b": 0, "c": 0}},
         "seeds[1]: cannot have been picked by the design"),
        ({"strategy": {"a": 0, "b": 0, "c": 1}}, "too few experiments speak of the strategy"),
        ({"by": "name"}, "by"),
    ],
)  # fmt: skip
def test_wrong_experiments_are_one_line(changes: dict[str, Any], says: str) -> None:
    """Catches data that would give a number that means nothing, or a traceback."""
    asked: dict[str, Any] = dict(
        seeds=[["a"], ["b"]] * 10, outcomes=[1.0] * 20, strategy="random", network=NAMED
    )
    with pytest.raises(KoubeiError) as error:
        off_policy(**{**asked, **changes})
    assert says in str(error.value) and "\n" not in str(error.value)

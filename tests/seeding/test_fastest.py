"""`seeding.fastest`: what it says holds where every choice and world can be listed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.seeding.test_laws import pleased
from tests.seeding.twin import spreads, tiny

import koubei_sim as kb
from koubei_sim.cascades import SIR, DelayedCascade, IndependentCascade, LinearThreshold
from koubei_sim.seeding import fastest

SMALL = {"target": 0.8, "delta": 0.1, "sets": 1 << 13}


def test_what_is_said_of_a_horizon_holds_where_all_can_be_listed() -> None:
    """Catches means taken for bounds, ends swapped, a horizon off by one: just above the best.

    12 graphs; what is asked is a hair more than anybody reaches in a step, so one step must never
    be proven, and by no step (seeds alone) nobody may be said to reach it.
    """
    ruled_out = 0
    for g in range(12):
        arcs, p = tiny(g)
        arcs, p = arcs[:8], p[:8]
        network = kb.Network.from_edges(*np.array(arcs).T, 7)
        groups = list(spreads(7, arcs, p, 2))
        best = [max(pleased(7, arcs, p, 1.0, h, groups).values()) for h in (0, 1, 2, None)]
        found = fastest(network, IndependentCascade(p), 2, best[1] * 1.0005, rng=g, **SMALL)
        assert found.horizon is None or found.horizon >= 2
        if found.too_soon is not None:
            ruled_out += 1
            assert found.too_soon in (0.0, 1.0) or best[-1] < found.reach
        less = fastest(network, IndependentCascade(p), 2, best[1] * 0.8, rng=g, **SMALL)
        if less.horizon is not None:
            exact = pleased(7, arcs, p, 1.0, min(less.horizon, 7), groups)
            assert exact[tuple(sorted(less.seeds.seeds.tolist()))] >= less.reach
        assert less.too_soon is None or less.too_soon < 1.0
    assert ruled_out >= 6


def test_time_is_found_to_the_precision_and_contacts_to_the_stamp() -> None:
    """Catches a horizon before what it takes, or one that is needlessly late."""
    path = kb.Network.from_edges([0, 1, 2], [1, 2, 3])
    late = fastest(path, DelayedCascade(1.0, 2.0), 1, 2.5, rng=1)
    assert 4.0 <= late.horizon <= 4.04
    assert 4.0 / 1.01**2 < late.too_soon < 4.0
    assert late.seeds.seeds.tolist() in ([0], [1])  # three people each
    steps = fastest(path, SIR(1.0, 0.0, steps=True), 1, 2.5, rng=1)
    assert (steps.horizon, steps.too_soon) == (2.0, 1.0)
    met = kb.TemporalNetwork.from_contacts([0, 1, 0, 2], [1, 2, 2, 3], [5.0, 9.0, 1.0, 7.0])
    stamps = fastest(met, IndependentCascade(1.0), 1, 2.5, rng=1)
    assert (stamps.horizon, stamps.too_soon) == (5.0, 1.0)
    assert stamps.seeds.seeds.tolist() == [0]


def test_never_and_at_once_are_said() -> None:
    """Catches a search that ends without an answer, and a horizon for what cannot be."""
    path = kb.Network.from_edges([0, 1, 2], [1, 2, 3])
    never = fastest(path, IndependentCascade(0.1), 1, 3.5, rng=1)
    assert (never.horizon, never.too_soon, never.seeds) == (None, math.inf, None)
    whole = fastest(path, LinearThreshold(), 1, 3.5, rng=1, target=0.99, sets=1 << 16)
    assert (whole.horizon, whole.too_soon) == (math.inf, 2.0)  # three steps: all there are
    once = fastest(path, IndependentCascade(0.5), 2, 2, rng=1)
    assert (once.horizon, once.too_soon) == (0.0, None)
    again = fastest(path, IndependentCascade(0.5), 2, 2, rng=1)
    assert again.seeds.reach == once.seeds.reach
    assert once.tried <= 2 * 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"reach": -1}, "reach: out of range"),
        ({"reach": 2, "precision": 0}, "precision: out of range"),
        ({"reach": 2, "k": 9}, "k: out of range"),
        ({"reach": 2, "delta": 1}, "delta: out of range"),
    ],
    ids=str,
)
def test_wrong_questions_are_refused_in_one_line(options, said) -> None:
    """Catches a question without sense that is searched for."""
    path = kb.Network.from_edges([0, 1, 2], [1, 2, 3])
    with pytest.raises(kb.KoubeiError, match=said):
        fastest(path, IndependentCascade(0.5), **{"k": 1, "rng": 1, **options})

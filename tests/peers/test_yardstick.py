"""The yardstick of the comparison is right itself: graph, textbook kernels, judgement."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
graphs, measure, textbook, frontier = (
    importlib.import_module(f"benchmarks.peers.{name}")
    for name in ("graphs", "measure", "textbook", "frontier")
)
sys.path.pop(0)

RUNS = 20_000
LIMIT = 4.9  # standard errors: 1e-6, two-sided
HUB = np.array([0])


@pytest.fixture(scope="module")
def triangle_with_tail():
    """Ties 0-1, 0-2, 1-2, 2-3."""
    return graphs.from_ties("small", 4, np.array([0, 0, 1, 2]), np.array([1, 2, 2, 3]))


def _distance(sample, mean):
    return abs(sample.mean - mean) / sample.error


@pytest.mark.parametrize("kind", ["Textbook", "DrawFirst", "Skip", "Frontier"])
def test_independent_cascade_has_the_exact_mean(triangle_with_tail, kind):
    """Would catch a skipped arc, a gap off by one, bits left over from the run before.

    Null: mean 1 + 2r + rp with r = p + p^2 - p^3 the chance to reach one corner from another.
    n = 20,000, error rate 1e-6, key 5.
    """
    package = getattr(frontier if kind == "Frontier" else textbook, kind)(triangle_with_tail)
    p = 0.3
    corner = p + p**2 - p**3
    sample = package.independent(p, HUB, RUNS, 5)
    assert _distance(sample, 1 + 2 * corner + corner * p) < LIMIT


def test_threshold_and_weighted_have_the_exact_means(triangle_with_tail):
    """Would catch influence taken from the source's degree in place of the target's.

    The seed is the end of the tail (from a corner both give the same mean).  It convinces 2 with
    1/3; then each of 0 and 1 with 1/2, or through the other with 1/2 * 1/2 (threshold: one live
    arc at most into each person) or 1/2 * 1/2 * 1/2 (weighted).
    n = 20,000, error rate 1e-6, key 5.
    """
    package, tail = textbook.Textbook(triangle_with_tail), np.array([3])
    weighted = 1 + (1 + 2 * (1 / 2 + 1 / 8)) / 3
    assert _distance(package.weighted(tail, RUNS, 5), weighted) < LIMIT
    threshold = 1 + (1 + 2 * (1 / 2 + 1 / 4)) / 3
    assert _distance(package.threshold(tail, RUNS, 5), threshold) < LIMIT


def test_sir_has_the_exact_chance_of_one_transmission():
    """Would catch recovery before transmission in a step, or rates turned round.

    Null: one tie; by steps b / (1 - (1 - b)(1 - g)), in time t / (t + g).
    n = 20,000, error rate 1e-6, key 5.
    """
    package = textbook.Textbook(graphs.from_ties("pair", 2, np.array([0]), np.array([1])))
    steps = package.sir_steps(0.3, 0.4, HUB, RUNS, 5)
    assert _distance(steps, 1 + 0.3 / (1 - 0.7 * 0.6)) < LIMIT
    times = package.sir_times(0.3, 0.4, HUB, RUNS, 5)
    assert _distance(times, 1 + 0.3 / 0.7) < LIMIT


def test_graph_is_simple_mutual_and_repeatable():
    """Would catch loops, repeated ties, a missing direction, or a graph that changes by itself."""
    one, other = graphs.chung_lu(3000, 10), graphs.chung_lu(3000, 10)
    assert np.array_equal(one.indices, other.indices)
    assert np.array_equal(one.seeds(10), other.seeds(10))
    rows = np.repeat(np.arange(one.n), one.degrees)
    arcs = set(zip(rows.tolist(), one.indices.tolist()))
    assert len(arcs) == one.indices.size == 2 * one.source.size
    assert all(u != v and (v, u) in arcs for u, v in arcs)
    assert 9 < one.degrees.mean() < 10
    assert one.indices.dtype == np.int32


def test_agreement_sees_a_shift_and_nothing_else():
    """Would catch a judgement that passes whatever it is given, or one that never does."""
    random = np.random.default_rng(3)
    base = measure.Sample(random.poisson(50, 5000), 1.0)
    same = measure.agreement(measure.Sample(random.poisson(50, 500), 1.0), base)
    assert abs(same.z) < LIMIT and same.p > 1e-6
    apart = measure.agreement(measure.Sample(random.poisson(53, 500), 1.0), base)
    assert apart.z > LIMIT and apart.p < 1e-6
    assert apart.difference == pytest.approx(0.06, abs=0.02)

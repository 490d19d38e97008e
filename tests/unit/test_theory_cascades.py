"""Branching, percolation and tiny exact cascades against values known independently.

The decimals are those of published formulas worked out once with other code, so a slip in a
formula, an index or a root shows as a wrong digit.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.special import expn

from koubei_sim.errors import KoubeiError
from koubei_sim.theory import branching, degrees, percolation
from verification import exact_laws as tiny

K3 = [(0, 1), (0, 2), (1, 2)]
K4 = list(itertools.combinations(range(4), 2))
K5 = list(itertools.combinations(range(5), 2))
STAR = [(0, leaf) for leaf in range(1, 10)]
PATH = [(i, i + 1) for i in range(4)]


def ring(n: int) -> list[tuple[int, int]]:
    return [(i, (i + 1) % n) for i in range(n)]


# ---------------------------------------------------------------- branching


@pytest.mark.parametrize(
    ("mean", "expected", "variance", "tails"),
    [
        (0.2, 1.25, 0.390625, {}),
        (0.5, 2.0, 4.0, {10: (0.013616, 1e-6), 100: (1.7e-11, 1e-12)}),
        (0.8, 5.0, 100.0, {10: (0.122602, 1e-6), 100: (0.0014252, 1e-7), 1000: (6e-14, 1e-14)}),
        (0.9, 10.0, 900.0, {10: (0.186271, 1e-6), 100: (0.0174197, 1e-7), 1000: (9.89e-6, 1e-8)}),
        (0.95, 20.0, 7600.0, {}),
    ],
)
def test_sizes_of_small_cascades(
    mean: float, expected: float, variance: float, tails: dict[int, tuple[float, float]]
) -> None:
    """Catches a wrong Borel law, moment, or a tail lost to cancellation."""
    sizes = np.arange(1, 20000)
    law = branching.borel_pmf(sizes, mean)
    assert law.sum() == pytest.approx(1.0, abs=1e-9)
    assert branching.borel_mean(mean) == pytest.approx(expected, rel=1e-12)
    assert branching.borel_variance(mean) == pytest.approx(variance, rel=1e-9)
    assert law @ sizes == pytest.approx(expected, rel=1e-6)
    assert law @ (sizes - expected) ** 2 == pytest.approx(variance, rel=1e-5)
    for size, (value, error) in tails.items():
        assert branching.borel_tail(size, mean) == pytest.approx(value, abs=error)


def test_the_first_borel_probabilities() -> None:
    """Catches a factorial or exponent off by one."""
    found = branching.borel_pmf(range(1, 9), 0.5)
    known = [0.606531, 0.183940, 0.083674, 0.045112, 0.026720, 0.016803, 0.011014, 0.007443]
    assert found == pytest.approx(known, abs=5e-7)


def test_borel_sums_to_extinction_where_cascades_may_last() -> None:
    """Catches a law rescaled to 1 although part of the cascades never ends."""
    total = branching.borel_pmf(np.arange(1, 2000), 2.0).sum()
    assert total == pytest.approx(branching.poisson_extinction(2.0), abs=1e-12)


@pytest.mark.parametrize("mean", [0.3, 1.0, 1.05, 1.5, 4.0])
def test_newton_finds_the_known_root_of_poisson_offspring(mean: float) -> None:
    """Catches convergence to the root 1 above the threshold, or past the smaller root."""
    found = branching.extinction(branching.poisson_pgf([[mean]]))[0]
    error = 1e-6 if mean == 1.0 else 1e-9  # a double root halves the digits that can be had
    assert found == pytest.approx(branching.poisson_extinction(mean), abs=error)


def test_extinction_of_binary_splitting() -> None:
    """Catches a root that is right for Poisson offspring only: g = 1 - a + a s**2, q = (1-a)/a."""
    found = branching.extinction(lambda s: 0.3 + 0.7 * s**2)
    assert found[0] == pytest.approx(3.0 / 7.0, abs=1e-12)


def test_extinction_with_popularity_that_varies() -> None:
    """Catches a solver that fails on a generating function given by an integral.

    Offspring Poisson(2 w / 1.5), w Pareto with density 3 w**-4: a mean of 2 as in the Poisson
    case, but more variance, hence more extinction.
    """
    found = branching.extinction(lambda s: 3.0 * expn(4, 2.0 * (1.0 - s) / 1.5))[0]
    assert 3.0 * expn(4, 2.0 * (1.0 - found) / 1.5) == pytest.approx(found, abs=1e-12)
    assert branching.poisson_extinction(2.0) < found < 0.5


def test_the_two_kind_example() -> None:
    """Catches left and right eigenvectors swapped, and heads of generations miscounted."""
    matrix = [[0.9, 1.2], [0.05, 0.9]]
    found = branching.growth(matrix)
    m = np.array(matrix)
    assert found.rate == pytest.approx(1.145, abs=5e-4)
    assert m @ found.value == pytest.approx(found.rate * found.value)
    assert found.composition @ m == pytest.approx(found.rate * found.composition)
    assert found.composition.sum() == pytest.approx(1.0)
    assert found.composition @ found.value == pytest.approx(1.0)
    assert found.value[0] / found.value[1] == pytest.approx(4.90, abs=5e-3)
    assert branching.head_start(matrix) == pytest.approx(11.7, abs=0.05)
    assert branching.head_start(matrix, 1, 0) == pytest.approx(-branching.head_start(matrix))
    pure = branching.expected_counts(matrix, [1, 0], 10)[10]
    newbies = branching.expected_counts(matrix, [0, 1], 10)[10]
    assert pure[0] / pure.sum() == pytest.approx(0.1706, abs=5e-5)
    assert newbies[0] / newbies.sum() == pytest.approx(0.1685, abs=5e-5)
    far = branching.expected_counts(matrix, [2, 3], 200)[200]
    limit = (np.array([2, 3]) @ found.value) * found.rate**200 * found.composition
    assert far == pytest.approx(limit, rel=1e-9)
    extinct = branching.extinction(branching.poisson_pgf(matrix), 2)
    assert branching.take_off(extinct, [5, 0]) == pytest.approx(0.91, abs=5e-3)
    assert branching.take_off(extinct, [0, 5]) == pytest.approx(0.47, abs=5e-3)
    assert branching.take_off(extinct, [100, 0]) == pytest.approx(1.0, abs=1e-5)
    assert branching.take_off(extinct, [0, 100]) == pytest.approx(1.0, abs=1e-5)


def test_extinction_by_generation_rises_to_extinction() -> None:
    """Catches the iterate taken in the wrong place, or rows shifted by a generation."""
    pgf = branching.poisson_pgf([[0.9, 1.2], [0.05, 0.9]])
    by = branching.extinct_by(pgf, 2, 400)
    assert by[0].tolist() == [0.0, 0.0]
    assert by[1] == pytest.approx(np.exp([-2.1, -0.95]))
    assert (np.diff(by, axis=0) >= 0).all()
    assert by[400] == pytest.approx(branching.extinction(pgf, 2), abs=1e-9)


def test_total_progeny_is_the_sum_over_generations() -> None:
    """Catches a transposed inverse."""
    matrix = [[0.3, 0.6], [0.05, 0.4]]
    for kind in range(2):
        counts = branching.expected_counts(matrix, np.eye(2)[kind], 300)
        assert branching.total_progeny(matrix)[kind] == pytest.approx(counts.sum(axis=0))


def test_conversion_follows_the_hazard_not_the_product() -> None:
    """Catches persuasion * fit: a message of half the hazard wins more than half as many."""
    found = branching.mean_matrix(np.full((2, 2), 10.0), 0.15, [1.0, 0.4])
    assert found[0] == pytest.approx([1.5, 10.0 * (1.0 - 0.85**0.4)])
    assert branching.mean_matrix([[3.0]], 1.0, [0.0])[0, 0] == 0.0


# ---------------------------------------------------------------- percolation


@pytest.mark.parametrize(
    ("c", "share", "rest"),
    [
        (1.05, 0.093702, 20.667),
        (1.1, 0.176134, 10.667),
        (1.2, 0.313698, 5.668),
        (1.5, 0.582812, 2.672),
        (2.0, 0.796812, 1.685),
        (2.5, 0.892645, 1.367),
        (3.0, 0.940480, 1.217),
        (4.0, 0.980173, 1.086),
    ],
)
def test_the_giant_component(c: float, share: float, rest: float) -> None:
    """Catches the wrong branch of the root."""
    assert percolation.giant_component(c) == pytest.approx(share, abs=5e-7)
    assert percolation.finite_component_mean(c) == pytest.approx(rest, abs=6e-4)
    assert 1.0 - share == pytest.approx(branching.poisson_extinction(c), abs=1e-6)


LAWS = {
    "poisson 4": degrees.poisson(4.0),
    "3-regular": degrees.regular(3),
    "4-regular": degrees.regular(4),
    "cut power": degrees.power_law(2.0, 1, 1000, 10.0),
    "power": degrees.power_law(2.5, 2, 100),
}


@pytest.mark.parametrize(
    ("name", "edge"),
    [
        ("poisson 4", 0.25),
        ("3-regular", 0.5),
        ("4-regular", 1 / 3),
        ("cut power", 0.328691),
        ("power", 0.087340),
    ],
)
def test_thresholds_of_transmission(name: str, edge: float) -> None:
    """Catches the second moment in place of the second factorial moment."""
    assert percolation.transmission_threshold(LAWS[name]) == pytest.approx(edge, abs=5e-7)


@pytest.mark.parametrize(
    ("name", "transmission", "size"),
    [
        ("poisson 4", 0.3, 0.313698),
        ("poisson 4", 0.5, 0.796812),
        ("poisson 4", 0.8, 0.952555),
        ("3-regular", 0.6, 0.703704),
        ("3-regular", 0.8, 0.984375),
        ("4-regular", 0.4, 0.541503),
        ("4-regular", 0.5, 0.854102),
        ("4-regular", 0.6, 0.956219),
        ("cut power", 0.5, 0.169177),
        ("cut power", 0.8, 0.432041),
        ("cut power", 1.0, 0.587257),
        ("power", 0.1, 0.030279),
        ("power", 0.2, 0.242509),
        ("power", 0.4, 0.596150),
    ],
)
def test_sizes_above_the_threshold(name: str, transmission: float, size: float) -> None:
    """Catches G0 and G1 swapped, or the root 1 returned."""
    assert percolation.outbreak(LAWS[name], transmission).size == pytest.approx(size, abs=1e-6)


def test_the_golden_ratio_of_four_neighbours() -> None:
    """Catches u confused with the size."""
    assert percolation.outbreak(LAWS["4-regular"], 0.5).miss == pytest.approx(0.618034, abs=5e-7)


@pytest.mark.parametrize(
    ("name", "transmission", "mean"),
    [
        ("poisson 4", 0.1, 1.6667),
        ("poisson 4", 0.2, 5.0),
        ("3-regular", 0.2, 2.0),
        ("3-regular", 0.4, 7.0),
        ("4-regular", 0.2, 3.0),
        ("cut power", 0.3, 7.16072),
        ("power", 0.05, 1.48482),
    ],
)
def test_mean_size_below_the_threshold(name: str, transmission: float, mean: float) -> None:
    """Catches the seed left out, or its ties counted like those of the won."""
    assert percolation.mean_outbreak(LAWS[name], transmission) == pytest.approx(mean, rel=2e-5)
    assert percolation.outbreak(LAWS[name], transmission).size == 0.0


# ---------------------------------------------------------------- tiny graphs


@pytest.mark.parametrize(
    ("edges", "n", "seed", "spread"),
    [
        ([(0, 1)], 2, 0, (1.1, 1.3, 1.5)),
        (PATH, 5, 0, (1.1111, 1.4251, 1.9375)),
        (STAR, 10, 0, (1.9, 3.7, 5.5)),
        (STAR, 10, 1, (1.18, 2.02, 3.5)),
        (K3, 3, 0, (1.2180, 1.7260, 2.2500)),
        (ring(4), 4, 0, (1.2217, 1.8097, 2.5625)),
        (ring(5), 5, 0, (1.22216, 1.84048, 2.75)),
        (ring(6), 6, 0, (1.222215, 1.851415, 2.859375)),
        (K4, 4, 0, (1.358104, 2.316556, 3.25)),
        (K5, 5, 0, (1.525363, 3.101130, 4.4140625)),
    ],
)
def test_spread_on_tiny_graphs(
    edges: list[tuple[int, int]], n: int, seed: int, spread: tuple[float, ...]
) -> None:
    """Catches a wrong weight, a direction left out, or a search stopped too soon."""
    for p, value in zip((0.1, 0.3, 0.5), spread):
        found = tiny.independent_cascade(n, edges, p, [seed])
        assert found.spread == pytest.approx(value, abs=1e-6)
        assert found.sizes.sum() == pytest.approx(1.0)
        assert found.sizes @ np.arange(n + 1) == pytest.approx(found.spread)


def test_one_way_ties_are_walked_one_way() -> None:
    """Catches a directed graph treated as mutual."""
    found = tiny.independent_cascade(3, [(0, 1), (2, 1)], 0.5, [0], directed=True)
    assert found.reach.tolist() == [1.0, 0.5, 0.0]


def test_spread_is_monotone_and_submodular() -> None:
    """Catches an enumeration that loses cases: theorem 2.2 of Kempe et al. holds exactly."""
    edges = [(0, 1), (1, 2), (2, 3), (3, 0), (1, 4), (4, 5), (5, 2)]
    p = [0.2, 0.5, 0.7, 0.4, 0.9, 0.3, 0.6]
    subsets = [s for size in range(4) for s in itertools.combinations(range(6), size)]
    value = {
        frozenset(s): tiny.independent_cascade(6, edges, p, s).spread if s else 0.0
        for s in [*subsets, *itertools.combinations(range(6), 4)]
    }
    for small, large in itertools.product(subsets, subsets):
        if set(small) <= set(large):
            for v in set(range(6)) - set(large):
                gain_small = value[frozenset(small) | {v}] - value[frozenset(small)]
                gain_large = value[frozenset(large) | {v}] - value[frozenset(large)]
                assert gain_small >= gain_large - 1e-12
                assert gain_large >= -1e-12


def test_the_closure_of_granovetters_riot() -> None:
    """Catches > in place of >=: thresholds 0..99 all join; without a 1 only the first does."""
    n = 100
    ends = [(u, v) for u in range(n) for v in range(n) if u != v]
    sources, targets = zip(*ends)
    thresholds = np.arange(n)
    need = np.maximum(thresholds, 1)
    assert tiny.threshold_closure(n, sources, targets, need, [0]).all()
    # Each joins one round after the one before.
    assert tiny.threshold_rounds(n, sources, targets, need, [0]).tolist() == list(range(n))
    need[1] = 2
    assert tiny.threshold_closure(n, sources, targets, need, [0]).sum() == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: branching.borel_pmf([0], 0.5),
        lambda: branching.borel_tail(3, 1.0),
        lambda: branching.extinction(lambda s: 0.5 * s),
        lambda: branching.growth([[1.0, 0.0], [0.0, 2.0]]),
        lambda: branching.total_progeny([[1.0]]),
        lambda: branching.mean_matrix([[1.0]], 0.5, [1.0, 1.0]),
        lambda: branching.take_off([0.5, 0.5], [1]),
        lambda: branching.head_start([[0.5, 0.5], [0.5, 0.5]]),
        lambda: percolation.outbreak([0.5, 0.4], 0.5),
        lambda: percolation.mean_outbreak([0.0, 1.0], 1.5),
        lambda: degrees.power_law(2.0, 5, 3),
        lambda: degrees.regular(-1),
        lambda: tiny.independent_cascade(3, [(0, 3)], 0.5, [0]),
        lambda: tiny.independent_cascade(30, [(0, 1)] * 21, 0.5, [0]),
        lambda: tiny.threshold_closure(3, [0], [1], 0, [0]),
    ],
)
def test_wrong_input_is_refused_in_one_line(call) -> None:
    """Catches numbers returned for questions that have no answer."""
    with pytest.raises(KoubeiError) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_outbreaks_are_found_at_every_transmission() -> None:
    """Catches a stop that waits for rounding to vanish: it refused one value in fifteen."""
    law = degrees.poisson(4.0)
    for transmission in np.linspace(0.2501, 1.0, 301):
        found = percolation.outbreak(law, transmission).size
        expected = percolation.giant_component(4.0 * transmission)
        assert found == pytest.approx(expected, abs=1e-10 + 1e-15 / (transmission - 0.25) ** 2)

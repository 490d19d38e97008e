"""Simple graphs, trees of recommendations and the lattice against other roads to the same number.

Closed forms of shapes are asked to agree with the enumeration of
`verification.exact_laws` and with printed decimals worked out with other code; trees with
distances found by walking.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.special import comb

from koubei_sim.errors import KoubeiError
from koubei_sim.theory import degrees, lattice, shapes, threshold, trees
from verification import exact_laws as tiny

ODDS = [0.0, 0.07, 0.3, 0.5, 0.83, 0.999999999, 1.0]


def same(found: shapes.Reach, exact: tiny.TinyCascade) -> None:
    """The closed spread, the sum of the closed reach and enumeration are one number."""
    assert found.spread == pytest.approx(exact.spread, abs=1e-12)
    assert found.reach == pytest.approx(exact.reach, abs=1e-12)


# ---------------------------------------------------------------- cascades


@pytest.mark.parametrize(
    ("spread", "known"),
    [
        (lambda p: shapes.path(2, p), ("1.1", "1.3", "1.5")),
        (lambda p: shapes.path(5, p), ("1.1111", "1.4251", "1.9375")),
        (lambda p: shapes.star(10, p), ("1.9", "3.7", "5.5")),
        (lambda p: shapes.star(10, p, seed=4), ("1.18", "2.02", "3.5")),
        (lambda p: shapes.complete(3, p), ("1.2180", "1.7260", "2.2500")),
        (lambda p: shapes.complete(4, p), ("1.358104", "2.316556", "3.25")),
        (lambda p: shapes.complete(5, p), ("1.525363", "3.101130", "4.4140625")),
        (lambda p: shapes.cycle(4, p), ("1.2217", "1.8097", "2.5625")),
        (lambda p: shapes.cycle(5, p), ("1.22216", "1.84048", "2.75")),
        (lambda p: shapes.cycle(6, p), ("1.222215", "1.851415", "2.859375")),
    ],
)
def test_printed_spreads(spread, known: tuple[str, ...]) -> None:
    """Catches a wrong exponent or a person left out, to every digit of the table."""
    for p, value in zip((0.1, 0.3, 0.5), known):
        places = len(value.partition(".")[2])
        assert f"{spread(p).spread:.{places}f}" == value


@pytest.mark.parametrize("p", ODDS)
def test_shapes_are_what_enumeration_finds(p: float) -> None:
    """Catches a formula right for one seed, size or probability only (p = 1 divides by 0)."""
    for n in (1, 2, 5, 7):
        for seed in range(n):
            line = [(i, i + 1) for i in range(n - 1)]
            same(shapes.path(n, p, seed), tiny.independent_cascade(n, line, p, [seed]))
            if n > 1:
                rays = [(0, i) for i in range(1, n)]
                same(shapes.star(n, p, seed), tiny.independent_cascade(n, rays, p, [seed]))
    for n in (3, 4, 7):
        ring = [(i, (i + 1) % n) for i in range(n)]
        same(shapes.cycle(n, p), tiny.independent_cascade(n, ring, p, [0]))
    for n in range(1, 6):
        everybody = list(itertools.combinations(range(n), 2))
        for seeds in range(1, n + 1):
            found = shapes.complete(n, p, seeds)
            exact = tiny.independent_cascade(n, everybody, p, range(seeds))
            assert found.spread == pytest.approx(exact.spread, abs=1e-12)
            assert found.sizes == pytest.approx(exact.sizes, abs=1e-12)


def test_trees_are_what_enumeration_finds() -> None:
    """Catches distances measured from the root in place of the seed."""
    parents = [-1, 0, 0, 1, 1, 3, 2]
    edges = [(parent, child) for child, parent in enumerate(parents) if parent >= 0]
    for seed in range(7):
        same(shapes.tree(parents, 0.4, seed), tiny.independent_cascade(7, edges, 0.4, [seed]))


def test_a_large_clique_is_the_giant_component() -> None:
    """Catches weight lost in the chain: sizes add up to 1, and Gilbert's recurrence agrees.

    Gilbert (1959): C_k, the probability that k people are all joined, is
    1 - sum_j binom(k-1, j-1) C_j (1-p)**(j (k-j)); the component of one person has size k with
    probability binom(n-1, k-1) C_k (1-p)**(k (n-k)).
    """
    n, p = 30, 0.12
    joined = [1.0]
    for k in range(2, n + 1):
        joined.append(
            1.0
            - sum(
                comb(k - 1, j - 1) * joined[j - 1] * (1 - p) ** (j * (k - j)) for j in range(1, k)
            )
        )
    k = np.arange(1, n + 1)
    law = comb(n - 1, k - 1) * np.array(joined) * (1 - p) ** (k * (n - k))
    found = shapes.complete(n, p)
    assert found.sizes.sum() == pytest.approx(1.0, abs=1e-12)
    assert found.sizes[1:] == pytest.approx(law, abs=1e-9)  # Gilbert's differences lose digits


@pytest.mark.parametrize("n", [3, 4, 6])
def test_threshold_shapes_are_what_enumeration_finds(n: int) -> None:
    """Catches both ways round a cycle counted as independent, and a path of a clique left out."""
    for weight in (0.2, 0.5):
        arcs = tiny.both_ways((i, (i + 1) % n) for i in range(n))
        exact = tiny.threshold_law(n, arcs, weight, [0]).chance("active")[-1]
        found = shapes.threshold_cycle(n, weight)
        assert found.reach == pytest.approx(exact, abs=1e-12)
        assert found.spread == pytest.approx(exact.sum(), abs=1e-12)
    everybody = tiny.both_ways(itertools.combinations(range(n), 2))
    exact = tiny.threshold_law(n, everybody, 1.0 / (n - 1), [0]).mean("active")[-1]
    assert shapes.threshold_complete(n) == pytest.approx(exact, abs=1e-12)


# ---------------------------------------------------------------- trees


def distances(parents: tuple[int, ...]) -> np.ndarray:
    """All distances of a tree, by sums over ever longer walks."""
    n = len(parents)
    far = np.where(np.eye(n, dtype=bool), 0, n * n)
    for child, parent in enumerate(parents):
        if parent >= 0:
            far[child, parent] = far[parent, child] = 1
    for middle in range(n):
        far = np.minimum(far, far[:, [middle]] + far[[middle], :])
    return far


def test_all_recursive_trees_of_six() -> None:
    """Catches a tie counted twice, and a wrong harmonic number: the mean over all 120 trees."""
    for n in range(2, 7):
        found = []
        for above in itertools.product(*(range(i) for i in range(1, n))):
            parents = (-1, *above)
            far = distances(parents)
            assert trees.wiener(parents) == far.sum() // 2
            assert trees.virality(parents) == pytest.approx(far.sum() / (n * (n - 1)), abs=1e-12)
            assert trees.depths(parents).tolist() == far[0].tolist()
            sizes = trees.subtree_sizes(parents)
            assert trees.depths(parents).sum() == sizes[1:].sum()
            assert n * sizes[1:].sum() - (sizes[1:] ** 2).sum() == trees.wiener(parents)
            bounds = trees.star_virality(n), trees.path_virality(n)
            assert bounds[0] - 1e-12 <= trees.virality(parents) <= bounds[1] + 1e-12
            found.append(trees.wiener(parents))
        assert trees.recursive_wiener(n) == pytest.approx(np.mean(found), abs=1e-12)
        assert trees.recursive_virality(n) == pytest.approx(2 * np.mean(found) / (n * (n - 1)))


def test_named_trees() -> None:
    """Catches formulas of star, chain and balanced tree off by one generation."""
    for n in (2, 3, 10, 41):
        assert trees.virality([-1] + [0] * (n - 1)) == pytest.approx(trees.star_virality(n))
        assert trees.virality([-1, *range(n - 1)]) == pytest.approx(trees.path_virality(n))
    for branches, height in [(1, 5), (2, 1), (2, 4), (3, 3), (5, 2)]:
        parents = [-1]
        rows = [[0]]
        for _ in range(height):
            rows.append([])
            for parent in rows[-2]:
                for _ in range(branches):
                    rows[-1].append(len(parents))
                    parents.append(parent)
        assert trees.balanced_wiener(branches, height) == trees.wiener(parents)
        assert trees.balanced_virality(branches, height) == pytest.approx(trees.virality(parents))
    for h in range(8):
        closed = (h - 2) * 4 ** (h + 1) + (h + 4) * 2 ** (h + 1)
        assert trees.balanced_wiener(2, h) == closed
    assert trees.balanced_virality(3, 40) == pytest.approx(2 * 40 - 4 / 2, abs=1e-9)
    assert trees.recursive_virality(10**5) == pytest.approx(2 * math.log(1e5) - 2.8456, abs=1e-3)
    assert math.isnan(trees.virality([-1]))


# ---------------------------------------------------------------- lattice and thresholds


@pytest.mark.parametrize(("need", "rounds"), [(2, 76), (3, 120)])
def test_times_on_the_lattice_of_centola_and_macy(need: int, rounds: int) -> None:
    """Catches a seed without its neighbours, a round counted twice, or borders not joined."""
    assert lattice.rounds_to_share(lattice.moore_rounds(100, need), 0.9) == rounds


def test_the_lattice_is_the_general_rule() -> None:
    """Catches a shifted neighbourhood: the same rounds as the rule on a list of arcs."""
    side = 7
    arcs = [
        (((i + a) % side) * side + (j + b) % side, i * side + j)
        for i, j in itertools.product(range(side), repeat=2)
        for a, b in lattice.AROUND
    ]
    sources, targets = zip(*arcs)
    seeds = [0, *(i % side * side + j % side for i, j in lattice.AROUND)]
    for need in (1, 2, 3, 4):
        exact = tiny.threshold_rounds(side * side, sources, targets, need, seeds)
        assert lattice.moore_rounds(side, need).ravel().tolist() == exact.tolist()
    assert lattice.rounds_to_share(lattice.moore_rounds(side, 4), 0.9) == -1


def test_more_than_or_at_least_the_threshold() -> None:
    """Catches one convention returned for both: they part at thresholds 1 / a whole number."""
    for phi, low, high in [(0.2, 1.1141, 3.8631), (0.18, 1.0207, 5.7647), (0.1, 1.0000, 11.9990)]:
        just_above = threshold.cascade_window(phi * (1 + 1e-6))
        assert threshold.cascade_window(phi, strict=True) == pytest.approx(just_above)
        assert threshold.cascade_window(phi, strict=True)[0] == pytest.approx(low, abs=5e-5)
        if phi != 0.1:
            assert threshold.cascade_window(phi, strict=True)[1] == pytest.approx(high, abs=5e-5)
    assert threshold.cascade_window(0.25) == pytest.approx((1.1141, 3.8631), abs=5e-5)
    law = degrees.poisson(3.0)
    for seeds in (1e-4, 1e-3):
        at_least = threshold.spread(law, [threshold.Kind(1.0, 0.25, seeds)])
        more = threshold.spread(law, [threshold.Kind(1.0, 0.25, seeds)], strict=True)
        above = threshold.spread(law, [threshold.Kind(1.0, 0.25 + 1e-6, seeds)])
        assert more.adopters == pytest.approx(above.adopters, abs=1e-12)
        assert at_least.adopters > more.adopters + 0.5
    # Just past the tipping share of .1264 at least matters and more than does not.
    kinds, six = threshold.two_kinds(0.13, 0.1, 0.3, 0.01), degrees.poisson(6.0)
    assert threshold.spread(six, kinds).adopters > 0.99
    assert threshold.spread(six, kinds, strict=True).adopters < 0.06


@pytest.mark.parametrize(
    "call",
    [
        lambda: shapes.path(0, 0.5),
        lambda: shapes.path(3, 1.5),
        lambda: shapes.star(4, 0.5, seed=4),
        lambda: shapes.cycle(2, 0.5),
        lambda: shapes.tree([-1, 1], 0.5),
        lambda: shapes.complete(501, 0.5),
        lambda: shapes.complete(5, 0.5, seeds=6),
        lambda: shapes.threshold_cycle(5, 0.6),
        lambda: trees.wiener([0, 0]),
        lambda: trees.virality([-1, 2, 0]),
        lambda: trees.balanced_wiener(0, 3),
        lambda: trees.path_virality(1),
        lambda: lattice.moore_rounds(2, 2),
        lambda: lattice.moore_rounds(5, 9),
        lambda: threshold.cascade_window(0.25, strict=True),
        lambda: threshold.cascade_window(0.26),
    ],
)
def test_wrong_input_is_refused_in_one_line(call) -> None:
    """Catches numbers returned for questions that have no answer."""
    with pytest.raises(KoubeiError) as caught:
        call()
    assert "\n" not in str(caught.value)

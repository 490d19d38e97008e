"""Sizes and depths of small cascades with any offspring, against closed laws and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import comb

from koubei_sim.errors import KoubeiError
from koubei_sim.theory import branching, degrees, percolation, progeny

SIZES = np.arange(1, 200)


@pytest.mark.parametrize("mean", [0.3, 0.95, 1.5, 6.0])
def test_poisson_offspring_is_borel(mean: float) -> None:
    """Catches a wrong index in the recurrence, or digits lost: relative error 1e-10 throughout."""
    found = progeny.size_pmf(SIZES, degrees.poisson(mean))
    known = branching.borel_pmf(SIZES, mean)
    usable = known > 1e-250
    assert usable.sum() > 100
    # The law of degrees is cut at 1e-17, which sets the digits of the far tail of small means.
    assert found[usable][:30] == pytest.approx(known[usable][:30], rel=1e-10)
    assert found == pytest.approx(known, rel=1e-6, abs=1e-30)


def test_sizes_far_out_keep_their_digits() -> None:
    """Catches underflow of f(0)**n: Catalan numbers of binary splitting up to 4,001 people."""
    a = 0.6  # two won with probability a, else nobody
    halves = np.array([0, 1, 2, 10, 500, 2000])
    n = 2 * halves + 1
    log_known = (
        np.log(comb(2 * halves[:4], halves[:4]) / (halves[:4] + 1))
        + halves[:4] * np.log(a)
        + (halves[:4] + 1) * np.log1p(-a)
    )
    found = progeny.size_pmf(n, [1 - a, 0.0, a])
    assert np.log(found[:4]) == pytest.approx(log_known, abs=1e-10)
    # Stirling: C_k ~ 4**k / (k**1.5 sqrt(pi)) (1 - 9/(8k))
    k = 2000.0
    far = k * np.log(4 * a * (1 - a)) + np.log1p(-a) - 1.5 * np.log(k) - 0.5 * np.log(np.pi)
    assert np.log(found[5]) == pytest.approx(far + np.log1p(-9 / (8 * k)), abs=1e-6)
    assert progeny.size_pmf([2, 4], [1 - a, 0.0, a]).tolist() == [0.0, 0.0]


def test_the_law_sums_to_extinction() -> None:
    """Catches a law that forgets cascades that may last (1 - a of binary splitting over a)."""
    a = 0.6
    total = progeny.size_pmf(np.arange(1, 500), [1 - a, 0.0, a]).sum()
    assert total == pytest.approx((1 - a) / a, abs=1e-6)
    assert progeny.mean_size([1 - a, 0.0, a]) == np.inf
    law = progeny.thinned(degrees.power_law(2.5, 1, 60), 0.3)
    sizes = np.arange(1, 400)
    found = progeny.size_pmf(sizes, law)
    assert found.sum() == pytest.approx(1.0, abs=1e-8)
    assert found @ sizes == pytest.approx(progeny.mean_size(law), rel=1e-6)


def test_several_seeds_are_independent() -> None:
    """Catches the factor r / n taken for 1 / n: two seeds are the convolution of one."""
    law = [0.5, 0.2, 0.2, 0.1]
    one = np.concatenate([[0.0], progeny.size_pmf(np.arange(1, 40), law)])
    for seeds, known in [(2, np.convolve(one, one)), (3, np.convolve(one, np.convolve(one, one)))]:
        found = progeny.size_pmf(np.arange(1, 40), law, seeds)
        assert found == pytest.approx(known[1:40], abs=1e-14)
        assert progeny.mean_size(law, seeds) == pytest.approx(seeds * progeny.mean_size(law))


def test_depths_are_the_iterates() -> None:
    """Catches generations shifted by one: entry 0 is the chance that the seed wins nobody."""
    law = degrees.poisson(1.3)
    found = progeny.depth_cdf(law, 30)
    by = branching.extinct_by(branching.poisson_pgf([[1.3]]), 1, 31)[1:, 0]
    assert found == pytest.approx(by, abs=1e-12)
    assert progeny.depth_cdf(law, 30, seeds=3) == pytest.approx(by**3, abs=1e-12)
    assert found[0] == pytest.approx(np.exp(-1.3))


def test_thinning() -> None:
    """Catches a shifted table, and underflow of (1 - T)**k: a thinned Poisson is Poisson."""
    found = progeny.thinned(degrees.poisson(30.0), 0.1)
    known = degrees.poisson(3.0)
    assert found[: known.size] == pytest.approx(known[: found.size], abs=1e-12)
    assert progeny.thinned(degrees.regular(2500), 0.5, 1250)[-1] == pytest.approx(
        np.sqrt(2.0 / (np.pi * 2500)), rel=1e-3
    )
    assert progeny.thinned([0.25, 0.75], 1.0).tolist() == [0.25, 0.75]
    assert progeny.thinned([0.25, 0.75], 0.0).tolist() == [1.0, 0.0]
    law = degrees.power_law(2.0, 1, 30_000)
    cut = progeny.thinned(law, 0.01, most=40)
    assert cut.size == 41
    k = np.arange(law.size)
    assert cut[0] == pytest.approx(law @ 0.99**k, rel=1e-10)
    assert cut[1] == pytest.approx(law @ (k * 0.01 * 0.99 ** (k - 1.0)), rel=1e-10)


@pytest.mark.parametrize(
    ("alpha", "reproduction", "least", "alone", "deeper", "near"),
    [
        (2.3, 0.5, 1, 0.721, 0.095, 0.75),
        (2.3, 0.5, 10, 0.742, 0.087, 0.75),
        (2.3, 0.3, 1, 0.816, 0.042, 0.91),
        (3.0, 0.5, 1, 0.580, 0.190, 0.75),
    ],
)
def test_follower_trees(
    alpha: float, reproduction: float, least: int, alone: float, deeper: float, near: float
) -> None:
    """Catches size-biased followers, and the depth of 1 taken for 0.

    The known values are those of a million simulated cascades with other code: error .0005 * 3.
    """
    law = degrees.power_law(alpha, least, 1_000_000)
    found = progeny.follower_tree(law, reproduction)
    assert found.mean == pytest.approx(1 / (1 - reproduction), abs=1e-12)
    assert found.alone == pytest.approx(alone, abs=0.0015)
    assert found.deeper == pytest.approx(deeper, abs=0.0015)
    assert found.near == pytest.approx(near, abs=1e-12)
    offspring = progeny.thinned(law, found.transmission, most=9)
    assert offspring[0] == pytest.approx(found.alone, rel=1e-9)
    below = progeny.size_pmf(np.arange(1, 10), offspring).sum()
    assert 1 - below == pytest.approx(
        {(2.3, 1, 0.5): 0.01327, (2.3, 10, 0.5): 0.01490, (2.3, 1, 0.3): 0.00433}.get(
            (alpha, least, reproduction), 0.01242
        ),
        abs=0.0005,
    )


def test_follower_tree_by_its_laws() -> None:
    """Catches closed forms that do not follow from the law of offspring."""
    law = degrees.power_law(2.5, 1, 50)
    found = progeny.follower_tree(law, 0.6)
    offspring = progeny.thinned(law, found.transmission)
    depth = progeny.depth_cdf(offspring, 1)
    assert [found.alone, 1 - found.deeper] == pytest.approx(depth, abs=1e-12)
    assert found.mean == pytest.approx(progeny.mean_size(offspring))


def test_sizes_of_outbreaks_on_random_graphs() -> None:
    """Catches the seed's ties counted like those of the won, and G1 taken for G0."""
    sizes = np.arange(1, 250)
    borel = branching.borel_pmf(sizes, 0.8)
    assert progeny.outbreak_sizes(sizes, degrees.poisson(4.0), 0.2) == pytest.approx(
        borel, rel=1e-9, abs=1e-15
    )
    for law in (degrees.regular(3), degrees.power_law(2.5, 2, 30)):
        t = 0.5 * percolation.transmission_threshold(law)
        found = progeny.outbreak_sizes(sizes, law, t)
        assert found.sum() == pytest.approx(1.0, abs=1e-4)
        assert found @ sizes == pytest.approx(percolation.mean_outbreak(law, t), rel=2e-3)
        above = progeny.outbreak_sizes(sizes, law, 0.9)
        miss = percolation.outbreak(law, 0.9)
        assert above.sum() == pytest.approx(1.0 - miss.size, abs=1e-9)
    assert progeny.outbreak_sizes([1, 2], [1.0], 0.5).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    "call",
    [
        lambda: progeny.size_pmf([0], [0.5, 0.5]),
        lambda: progeny.size_pmf([1], [0.5, 0.7]),
        lambda: progeny.size_pmf([1], [0.5, 0.5], seeds=0),
        lambda: progeny.depth_cdf([0.5, 0.4], 3),
        lambda: progeny.thinned([1.0], 1.5),
        lambda: progeny.outbreak_sizes([0], [1.0], 0.5),
        lambda: progeny.follower_tree([0.0, 1.0], 1.0),
        lambda: progeny.follower_tree([0.5, 0.5], 0.7),
    ],
)
def test_wrong_input_is_refused_in_one_line(call) -> None:
    """Catches numbers returned for questions that have no answer."""
    with pytest.raises(KoubeiError) as caught:
        call()
    assert "\n" not in str(caught.value)

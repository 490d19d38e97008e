"""Bass curves and threshold contagion against values known independently."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from koubei_sim.errors import KoubeiError
from koubei_sim.theory import bass, degrees, threshold
from koubei_sim.theory.threshold import Kind, two_kinds

TIMES = [1, 5, 10, 15, 20]
BASS = {
    (0.03, 0.38): (
        (6.1926, 0.4605, 0.11059),
        (6.5502, 9.0028),
        (0.03576, 0.33120, 0.81280, 0.97161, 0.99626),
        (0.03502, 0.24846, 0.55826, 0.78985, 0.91667),
        (0.03440, 0.20672, 0.40557, 0.55876, 0.67301),
    ),
    (0.01, 0.40): (
        (8.9973, 0.4875, 0.10506),
        (9.1163, 16.6743),
        (0.01221, 0.14168, 0.59139, 0.91941, 0.98886),
        (0.01192, 0.09442, 0.25435, 0.43916, 0.61296),
        (0.01168, 0.07526, 0.16070, 0.24024, 0.31250),
    ),
    (0.002, 0.40): (
        (13.1799, 0.4975, 0.10100),
        (13.2046, 39.6899),
        (0.00246, 0.03115, 0.21393, 0.67355, 0.93914),
        (0.00240, 0.01977, 0.05799, 0.11229, 0.17954),
        (0.00235, 0.01555, 0.03447, 0.05352, 0.07225),
    ),
}


@pytest.mark.parametrize("pq", list(BASS))
def test_curves_of_bass(pq: tuple[float, float]) -> None:
    """Catches a wrong exponent in any of the three curves, or a wrong peak."""
    peak, halves, complete, circle, pair = BASS[pq]
    assert (bass.peak_time(*pq), bass.peak_share(*pq), bass.peak_rate(*pq)) == pytest.approx(
        peak, abs=5.1e-5
    )
    assert bass.cumulative(TIMES, *pq) == pytest.approx(complete, abs=5.1e-6)
    assert bass.circle(TIMES, *pq) == pytest.approx(circle, abs=5.1e-6)
    assert bass.two_node(TIMES, *pq) == pytest.approx(pair, abs=5.1e-6)
    assert bass.time_to(0.5, *pq) == pytest.approx(halves[0], abs=5.1e-5)
    found = brentq(lambda t: float(bass.circle(t, *pq)) - 0.5, 0.0, 100.0)
    assert found == pytest.approx(halves[1], abs=5.1e-5)


def test_the_curves_solve_their_equations() -> None:
    """Catches a rate that is not the slope, and a peak that is not the top."""
    p, q = 0.03, 0.38
    t = np.linspace(0.0, 20.0, 2001)
    slope = np.gradient(bass.cumulative(t, p, q), t)
    assert slope[1:-1] == pytest.approx(bass.rate(t, p, q)[1:-1], abs=1e-5)
    assert bass.rate(bass.peak_time(p, q), p, q) == pytest.approx(bass.peak_rate(p, q))
    assert bass.rate(t, p, q).max() <= bass.peak_rate(p, q) + 1e-12
    assert bass.cumulative(bass.time_to(0.37, p, q), p, q) == pytest.approx(0.37)


def test_networks_slow_diffusion_down() -> None:
    """Catches bounds in the wrong order: pair <= circle <= complete."""
    t = np.linspace(0.0, 60.0, 301)
    for p, q in BASS:
        pair, ring, full = bass.two_node(t, p, q), bass.circle(t, p, q), bass.cumulative(t, p, q)
        assert (pair <= ring + 1e-12).all()
        assert (ring <= full + 1e-12).all()


def test_without_imitation_all_curves_are_exponential() -> None:
    """Catches a division by q, and the pair at q = p (a removable singularity)."""
    t = np.array([0.0, 1.0, 7.0])
    plain = 1.0 - np.exp(-0.1 * t)
    for curve in (bass.cumulative, bass.circle, bass.two_node):
        assert curve(t, 0.1, 0.0) == pytest.approx(plain)
    assert (bass.peak_time(0.2, 0.1), bass.peak_share(0.2, 0.1)) == (0.0, 0.0)
    assert bass.peak_rate(0.2, 0.1) == 0.2
    near = bass.two_node(t, 0.1, 0.1 + 1e-9)
    assert bass.two_node(t, 0.1, 0.1) == pytest.approx(near, abs=1e-9)


def test_steps_of_time() -> None:
    """Catches a hazard taken for a probability; the error must fall in proportion to the step."""
    assert bass.discrete(0.03, 0.38, 1.0, 10, euler=True)[-1] == pytest.approx(0.78264, abs=5e-6)
    assert bass.discrete(0.03, 0.38, 0.1, 100, euler=True)[-1] == pytest.approx(0.81037, abs=5e-6)
    exact = float(bass.cumulative(10.0, 0.03, 0.38))
    coarse, fine = (
        exact - bass.discrete(0.03, 0.38, step, round(10 / step))[-1] for step in (0.02, 0.01)
    )
    assert 0 < fine < coarse
    assert coarse / fine == pytest.approx(2.0, abs=0.05)
    # A step of a year, as in an independent agent run: about .731 where the curve has .813.
    assert bass.discrete(0.03, 0.38, 1.0, 10)[-1] == pytest.approx(0.7308, abs=5e-3)


# ---------------------------------------------------------------- thresholds


@pytest.mark.parametrize(
    ("phi", "low", "high"),
    [
        (0.10, 1.0000, 13.6593),
        (0.12, 1.0001, 10.6574),
        (0.15, 1.0037, 7.4771),
        (0.18, 1.0207, 5.7647),
        (0.20, 1.0207, 5.7647),
        (0.22, 1.1141, 3.8631),
        (0.25, 1.1141, 3.8631),
    ],
)
def test_the_window_of_cascades(phi: float, low: float, high: float) -> None:
    """Catches floor(1/phi) off by one: at 1/5 the degree 5 is still vulnerable."""
    assert threshold.cascade_window(phi) == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize(
    ("seeds", "by_degree"),
    [
        (
            1e-4,
            {
                1.5: 0.5803,
                2: 0.7966,
                3: 0.9405,
                4: 0.9802,
                5: 0.9930,
                5.5: 0.9958,
                6: 0.0024,
                7: 0.0004,
            },
        ),
        (1e-3, {1.5: 0.5813, 3: 0.9406, 5: 0.9930, 6: 0.9975, 6.5: 0.0086, 7: 0.0042}),
        (1e-2, {3: 0.9412, 7: 0.9991, 9: 0.9999, 10: 0.0197}),
        (5e-2, {14: 1.0}),
    ],
)
def test_final_adoption_with_one_threshold(seeds: float, by_degree: dict[float, float]) -> None:
    """Catches k in place of k - 1 at the end of a tie, and > in place of >=."""
    for z, adopters in by_degree.items():
        found = threshold.spread(degrees.poisson(z), [Kind(1.0, 0.18, seeds)])
        assert found.adopters == pytest.approx(adopters, abs=6e-5), z


PURITY = {
    0: 0.0149,
    0.02: 0.0169,
    0.05: 0.0211,
    0.08: 0.0284,
    0.10: 0.0373,
    0.12: 0.0577,
    0.15: 0.9975,
    0.20: 0.9975,
}


@pytest.mark.parametrize("share", list(PURITY))
def test_final_adoption_of_a_mixed_population(share: float) -> None:
    """Catches kinds mixed up, or shares applied to seeds twice."""
    found = threshold.spread(degrees.poisson(6.0), two_kinds(share, 0.1, 0.3, 0.01))
    assert found.adopters == pytest.approx(PURITY[share], abs=6e-5)
    mixed = share * found.by_kind[0] + (1 - share) * found.by_kind[1]
    assert found.adopters == pytest.approx(mixed, abs=1e-12)


@pytest.mark.parametrize(
    ("seeds", "placed", "tip"),
    [
        (1e-2, "easy", 0.1352),
        (1e-2, "random", 0.1264),
        (1e-2, "hard", 0.1252),
        (1e-4, "random", 0.1765),
    ],
)
def test_tipping_shares(seeds: float, placed: str, tip: float) -> None:
    """Catches seeds of one kind spread over both: pure seeds use enthusiasts up."""
    found = threshold.tipping_share(
        degrees.poisson(6.0),
        lambda share: two_kinds(share, 0.1, 0.3, seeds, placed),
        0.05,
        0.3,
    )
    assert found == pytest.approx(tip, abs=6e-5)


def test_two_equal_kinds_are_one() -> None:
    """Catches a weight forgotten in the sum over kinds."""
    law = degrees.poisson(3.0)
    one = threshold.spread(law, [Kind(1.0, 0.18, 1e-3)])
    two = threshold.spread(law, [Kind(0.3, 0.18, 1e-3), Kind(0.7, 0.18, 1e-3)])
    assert two.adopters == pytest.approx(one.adopters, abs=1e-12)


def test_threshold_one_over_degree_is_percolation() -> None:
    """Catches a wrong count of ties: where one neighbour suffices, the giant component adopts."""
    from koubei_sim.theory import percolation

    found = threshold.spread(degrees.poisson(2.0), [Kind(1.0, 0.01, 1e-9)])
    assert found.adopters == pytest.approx(percolation.giant_component(2.0), abs=1e-6)


def test_nobody_is_won_where_nobody_has_ties() -> None:
    """Catches a division by the mean degree 0."""
    found = threshold.spread([1.0], two_kinds(0.2, 0.1, 0.3, 0.05, "easy"))
    assert found.adopters == pytest.approx(0.05)


@pytest.mark.parametrize(
    "call",
    [
        lambda: bass.cumulative(-1.0, 0.03, 0.38),
        lambda: bass.cumulative(1.0, 0.0, 0.38),
        lambda: bass.time_to(1.0, 0.03, 0.38),
        lambda: bass.discrete(0.03, 0.38, 0.0, 3),
        lambda: bass.discrete(0.03, 0.38, 0.1, -3),
        lambda: threshold.spread([0.5, 0.5], [Kind(0.5, 0.1, 0.0)]),
        lambda: threshold.spread([0.5, 0.5], [Kind(1.0, 0.0, 0.0)]),
        lambda: two_kinds(0.005, 0.1, 0.3, 0.01, "easy"),
        lambda: two_kinds(0.1, 0.1, 0.3, 0.01, "core"),
        lambda: threshold.cascade_window(0.5),
        lambda: threshold.tipping_share([0.5, 0.5], lambda a: two_kinds(a, 0.1, 0.3, 0.01)),
    ],
)
def test_wrong_input_is_refused_in_one_line(call) -> None:
    """Catches numbers returned for questions that have no answer."""
    with pytest.raises(KoubeiError) as caught:
        call()
    assert "\n" not in str(caught.value)

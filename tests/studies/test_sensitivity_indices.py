"""Sensitivity indices against functions whose indices are known, and against SALib's own."""

from __future__ import annotations

import numpy as np
import pytest
from SALib.analyze import morris as morris_of_salib
from SALib.analyze import sobol as sobol_of_salib
from SALib.sample import morris as trajectories
from SALib.sample import sobol as saltelli

from koubei_sim.studies.sensitivity.indices import (
    elementary_effects,
    morris_indices,
    sobol_indices,
    split_variance,
)


def problem(parameters: int) -> dict:
    names = [f"x{k}" for k in range(parameters)]
    return {"num_vars": parameters, "names": names, "bounds": [[0.0, 1.0]] * parameters}


def ishigami(x: np.ndarray) -> np.ndarray:
    """sin u + 7 sin^2 v + 0.1 w^4 sin u, angles in -pi..pi (Ishigami and Homma 1990)."""
    u, v, w = (2.0 * x - 1.0).T * np.pi
    return np.sin(u) + 7.0 * np.sin(v) ** 2 + 0.1 * w**4 * np.sin(u)


def ishigami_indices() -> tuple[np.ndarray, np.ndarray, float]:
    """First and total order, and the one second order index (u, w), in closed form."""
    a, b, pi = 7.0, 0.1, np.pi
    u = 0.5 * (1.0 + b * pi**4 / 5.0) ** 2
    v = a**2 / 8.0
    both = b**2 * pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    whole = u + v + both
    return (
        np.array([u, v, 0.0]) / whole,
        np.array([u + both, v, both]) / whole,
        both / whole,
    )


def sobol_g(x: np.ndarray, a: np.ndarray) -> np.ndarray:
    return np.prod((np.abs(4.0 * x - 2.0) + a) / (1.0 + a), axis=1)


def sobol_g_indices(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    part = 1.0 / (3.0 * (1.0 + a) ** 2)
    whole = np.prod(1.0 + part) - 1.0
    total = part * np.prod(1.0 + part) / (1.0 + part)
    return part / whole, total / whole


def test_ishigami() -> None:
    """Catches a wrong estimator, rows taken for other rows, and S2 of the wrong pair.

    Tolerance .02: with 4,096 scrambled rows the errors were below .005 for ten seeds.
    """
    x = saltelli.sample(problem(3), 4096, seed=11)
    found = sobol_indices(ishigami(x)[:, None], 3)
    first, total, second = ishigami_indices()
    assert np.abs(found.first.value - first).max() < 0.02
    assert np.abs(found.total.value - total).max() < 0.02
    wanted = np.full((3, 3), np.nan)
    wanted[0, 1] = wanted[1, 2] = 0.0
    wanted[0, 2] = second
    assert found.second is not None
    np.testing.assert_allclose(found.second.value, wanted, atol=0.02)
    assert found.second.low[0, 2] > 0.1  # told from nothing
    assert found.second.low[0, 1] < 0.0 < found.second.high[0, 1]


def test_sobol_g_without_second_order() -> None:
    """Catches a design without BA read as one with it."""
    a = np.array([0.0, 1.0, 4.5, 9.0, 99.0])
    x = saltelli.sample(problem(5), 4096, calc_second_order=False, seed=12)
    found = sobol_indices(sobol_g(x, a)[:, None], 5, second=False)
    first, total = sobol_g_indices(a)
    assert found.second is None
    assert np.abs(found.first.value - first).max() < 0.02
    assert np.abs(found.total.value - total).max() < 0.02


@pytest.mark.parametrize("second", [True, False])
def test_one_replicate_gives_the_indices_of_salib(second: bool) -> None:
    """Catches another estimator than the field's, beyond what tolerances of theory see."""
    x = saltelli.sample(problem(3), 64, calc_second_order=second, seed=13)
    values = ishigami(x) + 40.0
    theirs = sobol_of_salib.analyze(problem(3), values, calc_second_order=second, seed=1)
    ours = sobol_indices(values[:, None], 3, second)
    np.testing.assert_allclose(ours.first.value, theirs["S1"], atol=1e-12)
    np.testing.assert_allclose(ours.total.value, theirs["ST"], atol=1e-12)
    # Their half-width of 100 resamples has an error of 7 %, ours of 1,000 of 2 %.
    np.testing.assert_allclose(ours.total.high - ours.total.value, theirs["ST_conf"], rtol=0.35)


def test_morris_of_salib() -> None:
    """Catches effects with the wrong sign, step or parameter."""
    a = np.array([0.0, 0.5, 3.0, 9.0])
    x = trajectories.sample(problem(4), 12, num_levels=6, seed=14)
    values = sobol_g(x, a)
    theirs = morris_of_salib.analyze(problem(4), x, values, num_levels=6, seed=1)
    ours = morris_indices(x, values[:, None])
    for name in ("mu", "mu_star", "sigma"):
        wanted = np.asarray(theirs[name], dtype=float)
        np.testing.assert_allclose(getattr(ours, name).value, wanted, atol=1e-12)


def test_a_linear_function_is_exact() -> None:
    """Catches any error of scale: mu is the slope, mu* its size, sigma nothing, no interval."""
    slopes = np.array([1.0, -2.0, 3.0, 0.0, 1e6])
    x = trajectories.sample(problem(5), 7, seed=15)
    found = morris_indices(x, (x @ slopes)[:, None] + np.array([[0.0, 5.0, -3.0]]), key=4)
    np.testing.assert_allclose(found.mu.value, slopes, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(found.mu_star.value, np.abs(slopes), rtol=1e-8, atol=1e-8)
    assert (found.sigma.value <= 1e-8).all()
    # Rounding of values about 1e6: no width beyond that, and none at all of what does nothing.
    assert ((found.mu.high - found.mu.low) <= 1e-7).all()


def test_luck_that_is_common_leaves_no_trace() -> None:
    """Catches indices of values from which the luck of the replicate was not taken."""
    x = trajectories.sample(problem(3), 9, seed=16)
    luck = np.array([[0.0, 2.0**20, -(2.0**24)]])  # exact in binary
    whole = np.round(1024.0 * (x @ np.array([3.0, 1.0, 0.0]) + x[:, 0] * x[:, 1]))[:, None]
    with_luck, without = (morris_indices(x, whole + add, key=3) for add in (luck, 0.0 * luck))
    for one, other in zip(with_luck[:3], without[:3]):
        np.testing.assert_array_equal(np.array(one), np.array(other))
    assert (without.mu_star.luck == 0.0).all() and without.mu_star.design[0] > 0.0


def test_what_does_nothing_is_exactly_nothing() -> None:
    """Catches S2 from sums that cancel only on average; SALib's estimator fails this."""
    x = saltelli.sample(problem(3), 32, seed=17)
    rng = np.random.Generator(np.random.PCG64(3))
    values = np.sin(5.0 * x[:, :1]) * x[:, 1:2] * rng.normal(2.0, 1.0, (1, 4))
    found = sobol_indices(values, 3)
    assert found.second is not None
    for estimate in (found.first.at(2), found.total.at(2), found.second.at(slice(0, 2), 2)):
        for part in estimate[:3]:
            assert (np.asarray(part) == 0.0).all()
    theirs = sobol_of_salib.analyze(problem(3), values[:, 0], seed=1)
    assert abs(theirs["S2"][0, 2]) > 1e-3


def test_replicates_weigh_by_their_variance() -> None:
    """Catches a dead replicate that turns indices into nothing, or drags them towards 0."""
    x = saltelli.sample(problem(3), 128, seed=18)
    alive = ishigami(x)[:, None]
    one = sobol_indices(alive, 3)
    found = sobol_indices(np.hstack([alive, 0.0 * alive + 7.0, alive]), 3)
    np.testing.assert_allclose(found.first.value, one.first.value, atol=1e-12)
    np.testing.assert_allclose(found.total.value, one.total.value, atol=1e-12)


def test_nothing_varies() -> None:
    """Catches an index of 0 / 0 shown as a number, and a warning from it."""
    x = saltelli.sample(problem(2), 8, seed=19)
    found = sobol_indices(np.full((len(x), 3), 5.0), 2)
    assert np.isnan(found.first.value).all() and np.isnan(found.total.low).all()
    path = trajectories.sample(problem(2), 4, seed=19)
    assert (morris_indices(path, np.full((len(path), 3), 5.0)).mu_star.high == 0.0).all()


def test_undefined_values_are_left_out() -> None:
    """Catches one undefined run that makes all indices undefined, or counts as 0."""
    x = trajectories.sample(problem(3), 20, seed=20)
    slopes = np.array([1.0, 2.0, 3.0])
    values = np.repeat((x @ slopes)[:, None], 3, axis=1)
    values[5, 1] = values[40, 2] = np.nan
    found = morris_indices(x, values)
    np.testing.assert_allclose(found.mu.value, slopes, atol=1e-9)
    spoilt = np.isnan(elementary_effects(x, values)).sum()
    assert 2 <= spoilt <= 4 and found.kept == pytest.approx(1.0 - spoilt / 180)

    rows = saltelli.sample(problem(3), 64, seed=21)
    values = np.repeat(ishigami(rows)[:, None], 2, axis=1)
    values[8 * 7 + 3, 0] = np.nan  # one value of base row 7
    found_rows = sobol_indices(values, 3)
    kept = np.delete(values[:, :1].reshape(64, 8), 7, axis=0).reshape(-1, 1)
    alone = sobol_indices(kept, 3).first.value
    assert found_rows.kept == pytest.approx(1.0 - 1.0 / 128.0)
    other = sobol_indices(values[:, 1:], 3).first.value
    assert np.all((found_rows.first.value - alone) * (found_rows.first.value - other) <= 1e-12)


def test_intervals_say_which_luck_they_hold() -> None:
    """Catches an interval over the design only, or over replicates only."""
    x = trajectories.sample(problem(2), 30, seed=22)
    slope = np.array([0.0, 1.0, 2.0, 3.0])
    only_luck = morris_indices(x, x[:, :1] * slope, key=5).mu
    assert only_luck.design[0] < 1e-12 and only_luck.luck[0] == pytest.approx(
        slope.std(ddof=1) / 2.0, rel=0.1
    )
    assert only_luck.high[0] - only_luck.value[0] == pytest.approx(
        3.18 * slope.std(ddof=1) / 2.0, rel=0.1
    )  # Student's t with 3 degrees of freedom
    curved = np.repeat((x[:, :1] * x[:, 1:]), 4, axis=1)
    only_design = morris_indices(x, curved, key=5).mu
    effects = elementary_effects(x, curved)[:, 0, 0]
    assert only_design.luck[0] == 0.0
    assert only_design.design[0] == pytest.approx(effects.std(ddof=1) / 30**0.5, rel=0.1)
    single = morris_indices(x, curved[:, :1], key=5).mu
    assert np.isnan(single.luck[0]) and np.isfinite(single.low[0])


@pytest.mark.slow
def test_intervals_cover() -> None:
    """Catches intervals that are too narrow where trajectories and replicates both vary.

    Null: the 95 % interval of mu covers the truth in at least 92 % of 400 studies of 10
    trajectories and 5 replicates; P(366 or fewer of 400 | .95) = .002, fixed key.  Measured:
    94 to 97 %.
    """
    rng = np.random.Generator(np.random.PCG64(31))
    hits = np.zeros(2)
    for study in range(400):
        x = trajectories.sample(problem(3), 10, seed=int(rng.integers(1, 2**31)))
        slope, joint, luck = rng.normal(1.0, 0.5, (3, 5))
        values = x[:, :1] * slope + 2.0 * x[:, :1] * x[:, 1:2] * joint + 3.0 * luck
        values += rng.normal(0.0, 0.2, values.shape)
        mu = morris_indices(x, values, key=study).mu
        hits += (mu.low[:2] <= [2.0, 1.0]) & (mu.high[:2] >= [2.0, 1.0])
    assert (hits > 366).all()


def test_the_split_of_variance() -> None:
    """Catches components that are mean squares, or under each other's name.

    Tolerance by the spread of variances of 400 points and 100 replicates, about 15 %.
    """
    rng = np.random.Generator(np.random.PCG64(32))
    values = 3.0 * rng.normal(size=(400, 1)) + 2.0 * rng.normal(size=(1, 100))
    values = values + 1.0 * rng.normal(size=(400, 100))
    found = split_variance(values)
    np.testing.assert_allclose(found, np.array([9.0, 4.0, 1.0]) / 14.0, atol=0.08)
    assert sum(found) == pytest.approx(1.0)
    noise_alone = split_variance(rng.normal(size=(2000, 2)))
    assert noise_alone.parameters < 0.1  # means of two vary by half the noise
    assert np.isnan(split_variance(values[:, :1])).all()
    assert np.isnan(split_variance(np.full((4, 4), 2.0))).all()


def test_draws_are_addressed() -> None:
    """Catches intervals that change from call to call, or are the same for all outcomes."""
    x = saltelli.sample(problem(3), 16, seed=23)
    values = np.hstack([ishigami(x)[:, None], ishigami(x[:, ::-1])[:, None]])
    one, again = (sobol_indices(values, 3, key=6, number=2) for _ in range(2))
    other = sobol_indices(values, 3, key=6, number=3)
    np.testing.assert_array_equal(one.first.low, again.first.low)
    assert (one.first.low != other.first.low).any()
    np.testing.assert_array_equal(one.first.value, other.first.value)

"""Likelihoods: against loops, derivatives against differences, tops against other climbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from tests.evidence.twin import drawn, loglik

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.design import model_of, rows_of
from koubei_sim.evidence.hazard import pulls_of
from koubei_sim.evidence.likelihood import Priors, additive, by_link, climb, with_priors

LINKS = ["additive", "cloglog", "logit", "probit"]
FORMULA = "calendar + crowd + ties(share) + age + degree"
NONE = Priors(0.0, float("inf"))


def laid(number: int, n: int = 40) -> tuple[Any, Any, Any, Any]:
    one = drawn(number, n=n)
    d = one.make()
    model = model_of(d, FORMULA)
    return one, d, model, rows_of(model, d)[0]


def somewhere(model: Any, link: str, rng: np.random.Generator) -> Any:
    theta = rng.normal(0.0, 0.4, len(model.names))
    if link == "additive":
        theta[: model.bins + 2] = rng.uniform(0.01, 0.5, model.bins + 2)
    else:
        theta[: model.bins] -= 1.0
    return theta


@given(st.integers(0, 10_000), st.sampled_from(LINKS))
@settings(max_examples=30, deadline=None)
def test_the_likelihood_is_that_of_plain_loops(number: int, link: str) -> None:
    """Catches a wrong hazard, traits that do not multiply, and centres that are forgotten."""
    one, _, model, rows = laid(number)
    theta = somewhere(model, link, np.random.default_rng(number))
    bins = model.bins
    age = sum(one.age) / one.n
    degree = [float(np.log1p(len(one.listens(i, 0, "both")))) for i in range(one.n)]
    mean = sum(degree) / one.n
    by_hand = [
        (took, t - one.start, [one.crowd(i, t), one.ties(i, t)],
         [one.age[i] - age, degree[i] - mean])
        for i, t, took in one.risk()
    ]  # fmt: skip
    whole = loglik(link, by_hand, theta[:bins], theta[bins : bins + 2], theta[bins + 2 :])
    height = additive(theta, rows) if link == "additive" else by_link(theta, rows, link)
    assert height.value == pytest.approx(whole, rel=1e-9)


@given(st.integers(0, 10_000), st.sampled_from(LINKS), st.booleans())
@settings(max_examples=30, deadline=None)
def test_derivatives_are_those_of_differences(number: int, link: str, believed: bool) -> None:
    """Catches a wrong sign or a missing piece of a gradient, a curvature, or a prior."""
    _, _, model, rows = laid(number)
    theta = somewhere(model, link, np.random.default_rng(number))
    pulls = pulls_of(model, rows, link, Priors(0.7, 1.5) if believed else NONE)

    def at(place: Any) -> Any:
        bare = additive(place, rows) if link == "additive" else by_link(place, rows, link)
        return with_priors(bare, place, link, pulls)

    here, step = at(theta), 1e-6
    for k in range(theta.size):
        up, down = theta.copy(), theta.copy()
        up[k] += step
        down[k] -= step
        high, low = at(up), at(down)
        size = 1.0 + abs(here.curvature[k, k])
        assert abs((high.value - low.value) / 2 / step - here.gradient[k]) < 1e-4 * size
        bent = (high.gradient - low.gradient) / 2 / step
        assert np.allclose(bent, here.curvature[k], rtol=1e-4, atol=1e-4 * size)


def test_priors_say_what_they_say() -> None:
    """Catches a prior with the wrong sign, or one of another strength than is written."""
    _, _, model, rows = laid(4)
    for link in LINKS:
        pulls = pulls_of(model, rows, link, Priors(0.7, 1.5))
        theta = somewhere(model, link, np.random.default_rng(1))
        bare = additive(theta, rows) if link == "additive" else by_link(theta, rows, link)
        more = with_priors(bare, theta, link, pulls).value - bare.value
        a, c = theta[: model.bins], theta[model.bins + 2 :]
        share = rows.adopted.mean()
        if link == "additive":
            m = -np.log1p(-share)
            base = 0.7 * sum(np.log(x / m) - x / m for x in a)
        else:
            m = {"cloglog": np.log(-np.log1p(-share)), "logit": np.log(share / (1 - share))}.get(
                link, pulls.mean
            )
            base = -0.35 * sum((x - m) ** 2 for x in a)
        normal = -0.5 * sum((x * s / 1.5) ** 2 for x, s in zip(c, model.spreads))
        assert more == pytest.approx(base + normal, rel=1e-9)
        assert pulls.mean == pytest.approx(m)


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("believed", [Priors(), NONE])
def test_the_top_of_an_additive_hazard_is_found_by_another_climber(
    number: int, believed: Priors
) -> None:
    """Catches a climb that ends below the top, or beside a weight that should rest at 0."""
    _, _, model, rows = laid(number, n=120)
    fit = kb.hazard(drawn(number, n=120).make(), FORMULA, priors=believed)
    pulls = pulls_of(model, rows, "additive", believed)

    def lost(theta: Any) -> tuple[float, Any]:
        height = with_priors(additive(theta, rows), theta, "additive", pulls)
        return -height.value, -height.gradient

    bounds = [(1e-12, None)] * (model.bins + 2) + [(None, None)] * 2
    start = np.full(len(model.names), 0.1)
    start[model.bins + 2 :] = 0.0
    other = optimize.minimize(lost, start, jac=True, bounds=bounds, method="L-BFGS-B",
                              options={"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-9})  # fmt: skip
    assert fit.posterior >= -other.fun - 1e-7
    assert np.allclose(fit.values, other.x, atol=2e-3)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_a_climb_ends_at_a_top(number: int) -> None:
    """Catches a climb that stops on the way: the slope at its end must point out of bounds only."""
    _, _, model, rows = laid(number)
    for link in LINKS:
        pulls = pulls_of(model, rows, link, Priors())
        start = np.full(len(model.names), 0.1)
        top = climb(start, rows, link, pulls)
        bare = additive(top.theta, rows) if link == "additive" else by_link(top.theta, rows, link)
        slope = with_priors(bare, top.theta, link, pulls).gradient
        assert np.abs(slope[top.free]).max() < 1e-3
        assert (slope[~top.free] <= 1e-9).all()
        if link == "additive":
            assert (top.theta[: model.bins + 2] >= 0.0).all()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Priors(-1.0), "priors.calendar: out of range"),
        (lambda: Priors(float("nan")), "priors.calendar: out of range"),
        (lambda: Priors(0.1, 0.0), "priors.traits: out of range"),
        (lambda: Priors(0.1, float("nan")), "priors.traits: out of range"),
    ],
)
def test_what_is_no_prior_is_refused(call: Any, says: str) -> None:
    """Catches a prior that would pull the wrong way."""
    with pytest.raises(KoubeiError) as caught:
        call()
    assert str(caught.value).startswith(says)

"""Random effects of groups: against integrals by scipy, differences, and known truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats
from tests.evidence import known
from tests.evidence.twin import chance, drawn

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.worlds import as_record, simulate, truth

PLAIN = "constant + ties(share) + age"
MIXED = PLAIN + " + groups(random)"


def integral(fit: Any, theta: Any) -> float:
    """Log-likelihood by adaptive integration over the effect of each group."""
    group = fit.record.group[fit.risk.person]
    pushed = theta[0] + fit.rows.pushes @ theta[1:2]
    trait = fit.rows.traits @ theta[2:3]
    total = 0.0
    for one in np.unique(group):
        rows = np.flatnonzero(group == one)

        def log_at(u: float, rows: Any = rows) -> float:
            found = 0.0
            for r in rows:
                h = chance(fit.link, float(pushed[r]), float(trait[r]) + u)
                found += np.log(h) if fit.rows.adopted[r] else np.log1p(-h)
            return float(found + stats.norm.logpdf(u, 0.0, theta[3]))

        grid = np.linspace(-4 * theta[3], 4 * theta[3], 81)
        top = max(map(log_at, grid))
        total += top + np.log(
            integrate.quad(lambda u, top=top, at=log_at: np.exp(at(u) - top), -9 * theta[3],
                           9 * theta[3], limit=200, epsabs=1e-12)[0]
        )  # fmt: skip
    return total


@pytest.mark.parametrize("link", ["additive", "cloglog", "logit", "probit"])
def test_the_likelihood_is_that_of_integrals(link: str) -> None:
    """Catches a wrong density, weight or width of the quadrature, and a wrong sum over groups."""
    fit = kb.hazard(drawn(2, n=60).make(), MIXED, link=link)
    assert fit.names == ("constant", "ties(share)", "age", "groups(random)")
    theta = fit.values.copy()
    theta[-1] = max(theta[-1], 0.4)
    assert fit.effects is not None
    assert fit.effects.height(theta)[1] == pytest.approx(integral(fit, theta), abs=1e-6)


@pytest.mark.parametrize("link", ["additive", "cloglog", "logit", "probit"])
def test_gradients_are_those_of_differences(link: str) -> None:
    """Catches a gradient that forgets an effect, a prior or the spread."""
    fit = kb.hazard(drawn(3, n=80).make(), MIXED, link=link)
    assert fit.effects is not None
    theta = np.array([0.15, 0.2, 0.1, 0.5])
    if link != "additive":
        theta[0] = -1.4
    gradient = fit.effects.height(theta)[2]
    for k in range(4):
        up, down = theta.copy(), theta.copy()
        up[k] += 1e-5
        down[k] -= 1e-5
        slope = (fit.effects.height(up)[0] - fit.effects.height(down)[0]) / 2e-5
        assert gradient[k] == pytest.approx(slope, rel=1e-4, abs=1e-3)


def worlds(spread: float, count: int) -> list[kb.Diffusion]:
    d = known.villages()
    model, theta = truth(d, PLAIN, {"constant": 0.05, "ties(share)": 0.2, "age": 0.3})
    rng = np.random.default_rng(6)
    out = []
    for r in range(count):
        scale = np.exp(spread * rng.normal(size=known.VILLAGES))[d.group]
        out.append(as_record(d, simulate(model, theta, d, 8, first=r, scale=scale)[0]))
    return out


def test_the_spread_of_villages_is_found() -> None:
    """Catches a spread of another scale, and a push that takes what villages differ in."""
    found = [kb.hazard(world, MIXED) for world in worlds(0.6, 6)]
    naive = [kb.hazard(world, PLAIN) for world in worlds(0.6, 6)]
    assert np.mean([fit.value("groups(random)") for fit in found]) == pytest.approx(0.6, abs=0.15)
    push = np.mean([fit.value("ties(share)") for fit in found])
    assert push == pytest.approx(0.2, abs=0.04)
    assert np.mean([fit.value("ties(share)") for fit in naive]) > push + 0.02
    fit = found[0]
    assert fit.p_value("groups(random)") < 1e-6
    low, high = fit.interval("groups(random)")
    assert low < fit.value("groups(random)") < high and 0.3 < low < 0.6 < high < 1.2
    for end in (low, high):
        fallen = fit.posterior - fit.without("groups(random)", end).posterior
        assert fallen == pytest.approx(1.9207, abs=5e-3)


def test_without_a_spread_it_is_the_plain_fit() -> None:
    """Catches effects that are there although nothing calls for them."""
    for world in worlds(0.0, 3):
        fit, plain = kb.hazard(world, MIXED), kb.hazard(world, PLAIN)
        none = fit.without("groups(random)")
        assert none.posterior == pytest.approx(plain.posterior, abs=1e-3)
        assert np.allclose(none.theta[:-1], plain.values, atol=2e-3)
        assert fit.loglik >= plain.loglik - 1e-3
        assert fit.value("groups(random)") < 0.35 and fit.p_value("groups(random)") > 0.01
        assert fit.aic == pytest.approx(2 * 4 - 2 * fit.loglik)


def test_a_fit_with_effects_is_played_and_predicts() -> None:
    """Catches effects that are drawn once for all worlds, or left out of what is expected."""
    (world,) = worlds(0.8, 1)
    fit = kb.hazard(world, MIXED)
    at = fit.simulate(worlds=40, rng=3)
    assert np.array_equal(at, fit.simulate(worlds=40, rng=3), equal_nan=True)
    share = np.array([[np.isfinite(at[r, world.group == g]).mean() for g in range(25)]
                      for r in range(40)])  # fmt: skip
    plain = kb.hazard(world, PLAIN).simulate(worlds=40, rng=3)
    other = np.array([[np.isfinite(plain[r, world.group == g]).mean() for g in range(25)]
                      for r in range(40)])  # fmt: skip
    assert share.std(axis=1).mean() > 1.3 * other.std(axis=1).mean()  # villages differ
    assert share.std(axis=0).mean() > 1.3 * other.std(axis=0).mean()  # anew in each world
    chances = fit.predict()
    assert chances.mean() == pytest.approx(fit.rows.adopted.mean(), rel=0.01)
    group = fit.rows.adopted, world.group[fit.risk.person]
    seen = np.array([group[0][group[1] == g].mean() for g in range(25)])
    told = np.array([chances[group[1] == g].mean() for g in range(25)])
    assert np.corrcoef(seen, told)[0, 1] > 0.95  # each village has its own
    other, expected = fit.predict(world.replace()), np.zeros(5)  # as if it were another record
    for u, weight in zip(*np.polynomial.hermite_e.hermegauss(31)):
        for r in range(5):
            h = chance("additive", fit.values[0] + fit.values[1] * fit.rows.pushes[r, 0],
                       fit.values[2] * fit.rows.traits[r, 0] + u * fit.values[3])  # fmt: skip
            expected[r] += h * weight / np.sqrt(2 * np.pi)
    assert np.allclose(other[:5], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda fit: fit.bootstrap(5), "formula: groups differ in the fit already"),
        (lambda fit: fit.robust(), "formula: groups differ in the fit already"),
        (lambda fit: fit.to_rule(), "formula: groups differ in the fit already"),
        (lambda fit: kb.hazard(fit.record, MIXED, link="logit").simulate(rng=1),
         "link: effects of groups are not played"),
        (lambda fit: kb.hazard(fit.record.replace(groups=None), MIXED), "formula: one group only"),
    ],
)  # fmt: skip
def test_what_effects_do_not_allow_is_refused(call: Any, says: str) -> None:
    """Catches a rule, a bootstrap or a world that forgets the effects."""
    with pytest.raises(KoubeiError) as caught:
        call(kb.hazard(drawn(2, n=60).make(), MIXED))
    assert str(caught.value).startswith(says)

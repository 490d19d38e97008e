"""Hazards by links are generalised linear models: equal to statsmodels on the same design."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.evidence.twin import drawn

import koubei_sim as kb
from koubei_sim.evidence import Priors
from koubei_sim.evidence.design import model_of, rows_of

NONE = Priors(0.0, float("inf"))
TO = 1e-6


def design(number: int, formula: str) -> tuple[Any, Any, Any]:
    """The record, and the columns of a design made without the likelihood's own layout."""
    d = drawn(number, n=400, periods=6).make()
    model = model_of(d, formula)
    rows = rows_of(model, d)[0]
    base = np.zeros((rows.adopted.size, model.bins))
    base[np.arange(rows.adopted.size), rows.period if model.bins > 1 else 0] = 1.0
    return d, rows.adopted.astype(float), np.hstack([base, rows.pushes, rows.traits])


@pytest.mark.parametrize("formula", ["calendar + crowd + ties(share) + age + degree",
                                     "constant + ties(count, lag=2, fading=.5) + age"])  # fmt: skip
@pytest.mark.parametrize("link", ["cloglog", "logit", "probit"])
@pytest.mark.parametrize("number", [1, 2])
def test_equal_to_statsmodels(number: int, link: str, formula: str) -> None:
    """Catches estimates, standard errors or log-likelihoods off by more than 1e-6."""
    api = pytest.importorskip("statsmodels.api")
    links = api.families.links
    of = {"cloglog": links.CLogLog, "logit": links.Logit, "probit": links.Probit}[link]
    d, adopted, columns = design(number, formula)
    model = api.GLM(adopted, columns, family=api.families.Binomial(of()))
    theirs = model.fit(tol=1e-14, maxiter=200)
    ours = kb.hazard(d, formula, link=link, priors=NONE)
    assert np.abs(ours.values - theirs.params).max() < TO
    observed = np.linalg.inv(-model.hessian(theirs.params, observed=True))
    assert np.abs(ours.errors - np.sqrt(np.diag(observed))).max() < TO
    assert abs(ours.loglik - theirs.llf) < TO
    assert abs(ours.aic - theirs.aic) < 1e-5
    assert np.abs(ours.predict() - theirs.fittedvalues).max() < TO


def test_a_ratio_of_likelihoods_is_that_of_two_fits() -> None:
    """Catches a term that is held at another value than 0, or half a p-value too much."""
    api = pytest.importorskip("statsmodels.api")
    stats = pytest.importorskip("scipy.stats")
    d, adopted, columns = design(3, "calendar + crowd + ties(share) + age")
    family = api.families.Binomial(api.families.links.CLogLog())
    full = api.GLM(adopted, columns, family=family).fit(tol=1e-14)
    less = api.GLM(adopted, columns[:, :-1], family=family).fit(tol=1e-14)
    ours = kb.hazard(d, "calendar + crowd + ties(share) + age", link="cloglog", priors=NONE)
    expected = stats.chi2.sf(2 * (full.llf - less.llf), 1)
    assert ours.p_value("age") == pytest.approx(expected, abs=1e-6)
    low, high = ours.interval("age")
    for end in (low, high):  # at the ends the profile has fallen by half a chi-square point
        fixed = api.GLM(adopted, columns[:, :-1], family=family, offset=end * columns[:, -1])
        assert 2 * (full.llf - fixed.fit(tol=1e-14).llf) == pytest.approx(3.8414588, abs=1e-3)

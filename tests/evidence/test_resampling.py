"""Resampled groups and errors by groups: against statsmodels, plain loops and known truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.evidence import known
from tests.evidence.test_statsmodels import NONE, design

import koubei_sim as kb
from koubei_sim.core import codes
from koubei_sim.core.draws import drawn as bits_of
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.worlds import as_record, simulate, truth

FORMULA = "calendar + crowd + ties(share) + age"


@pytest.mark.parametrize("by", ["groups", "people"])
@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_errors_by_clusters_are_those_of_statsmodels(link: str, by: str) -> None:
    """Catches scores summed over the wrong rows, and another correction for few groups."""
    api = pytest.importorskip("statsmodels.api")
    links = api.families.links
    d, adopted, columns = design(3, FORMULA)
    fit = kb.hazard(d, FORMULA, link=link, priors=NONE)
    clusters = fit.risk.person if by == "people" else d.group[fit.risk.person]
    of = {"cloglog": links.CLogLog, "logit": links.Logit}[link]
    model = api.GLM(adopted, columns, family=api.families.Binomial(of()))
    theirs = model.fit(tol=1e-14)
    slopes = model.score_obs(theirs.params)
    bread = np.linalg.inv(-model.hessian(theirs.params, observed=True))
    meat = np.zeros_like(bread)
    for one in np.unique(clusters):
        score = slopes[clusters == one].sum(axis=0)
        meat += np.outer(score, score)
    count = np.unique(clusters).size
    expected = np.sqrt(np.diag(bread @ meat @ bread) * count / (count - 1))
    ours = fit.robust(by)
    first = len(fit.names) - len(ours)
    assert np.abs(ours.error.to_numpy() - expected[first:]).max() < 1e-6
    if link == "logit":  # where statsmodels' own are by the observed information too
        own = model.fit(tol=1e-14, cov_type="cluster",
                        cov_kwds={"groups": clusters, "use_correction": False})  # fmt: skip
        scaled = own.bse * np.sqrt(count / (count - 1))
        assert np.abs(ours.error.to_numpy() - scaled[first:]).max() < 1e-6


def test_a_resample_is_a_fit_to_the_people_drawn() -> None:
    """Catches rows of others, groups drawn without replacement, and refits that stop early."""
    d, _, _ = design(4, FORMULA)
    fit = kb.hazard(d, "constant + ties(share) + age")
    many = fit.bootstrap(6, rng=5)
    assert np.array_equal(many.values, fit.bootstrap(9, rng=5).values[:6])
    groups = np.unique(d.group[fit.risk.person])
    for number in range(6):
        bits = bits_of(groups.size, 5, codes.DRAW_HAZARD_RESAMPLE, number)
        places = [int(x >> np.uint64(32)) * groups.size >> 32 for x in bits]
        index = np.concatenate(
            [np.flatnonzero(d.group[fit.risk.person] == groups[k]) for k in places]
        )
        from koubei_sim.evidence.hazard import begin
        from koubei_sim.evidence.likelihood import Rows, climb

        rows = Rows(fit.rows.adopted[index], fit.rows.period[index], fit.rows.bins,
                    fit.rows.pushes[index], fit.rows.traits[index])  # fmt: skip
        top = climb(begin(fit.model, rows, fit.link), rows, fit.link, fit.pulls)
        assert np.allclose(many.values[number], top.theta, atol=1e-6)
    low, high = many.interval("age")
    assert (low, high) == tuple(np.quantile(many.values[:, 2], [0.025, 0.975]))
    assert many.errors[2] == pytest.approx(np.std(many.values[:, 2], ddof=1))
    assert list(many.table().columns) == ["estimate", "error", "low", "high", "at 0"]


def alike(worlds: int) -> tuple[list[float], list[float], list[float]]:
    """Errors of a push on villages that differ for no known reason: plain, by groups, true."""
    d = known.villages()
    formula = "constant + age"
    model, theta = truth(d, formula, {"constant": 0.05, "age": 0.0})
    rng = np.random.default_rng(4)
    plain, robust, found = [], [], []
    village = np.repeat(rng.normal(size=known.VILLAGES), known.SIZE)
    same = d.replace(covariates={"age": village})  # a trait of villages
    model, theta = truth(same, formula, {"constant": 0.05, "age": 0.0})
    for r in range(worlds):
        scale = np.exp(0.6 * rng.normal(size=known.VILLAGES))[d.group]
        world = as_record(same, simulate(model, theta, same, 5, first=r, scale=scale)[0])
        fit = kb.hazard(world, formula)
        plain.append(float(fit.errors[1]))
        robust.append(float(fit.robust().error["age"]))
        found.append(fit.value("age"))
    return plain, robust, found


def test_errors_by_groups_are_right_where_villages_differ() -> None:
    """Catches errors that believe people of one village to be independent."""
    plain, robust, found = alike(40)
    spread = float(np.std(found, ddof=1))
    assert np.mean(plain) < 0.6 * spread  # far too sure
    assert 0.7 * spread < np.mean(robust) < 1.3 * spread


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda fit: fit.bootstrap(1), "resamples: "),
        (lambda fit: fit.bootstrap(5, by="villages"), "by: "),
        (lambda fit: fit.robust("villages"), "by: "),
        (lambda fit: fit.bootstrap(5), "by: one group only"),
        (lambda fit: fit.robust(), "by: one group only"),
        (lambda fit: fit.bootstrap(5, "people", rng=1).interval("p"), "name: "),
    ],
)
def test_what_cannot_be_drawn_is_refused(call: Any, says: str) -> None:
    """Catches an interval of no width from one group."""
    d = kb.Diffusion(kb.networks.ring(6, 2), [0, 1, 1, 2, None, None], until=3)
    with pytest.raises(KoubeiError) as caught:
        call(kb.hazard(d, "constant"))
    assert str(caught.value).startswith(says)

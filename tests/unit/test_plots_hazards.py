"""Figures of hazards: the numbers of a fit on them, both languages, small records."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim import plots
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics.intervals import wilson
from koubei_sim.plots import hazards

NET = kb.networks.erdos_renyi(300, 6, key=2)
DICE = np.random.default_rng(4)
TIMES = np.where(DICE.random(300) < 0.6, DICE.integers(3, 9, 300), np.nan)
RECORD = kb.Diffusion(NET, TIMES, until=8, start=3, covariates={"age": DICE.normal(size=300)})
FIT = kb.hazard(RECORD, "calendar + ties(share) + age")


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def _dots(ax):
    """Places and bars of what was observed."""
    data, _, (bars,) = ax.containers[0].lines
    return data.get_xdata(), data.get_ydata(), bars.get_segments()


def _texts(ax) -> set[str]:
    return {text.get_text() for text in ax.texts}


def test_the_hazard_by_period_and_what_is_expected():
    """Catches a period off by one, shares over all people, and a line of another fit."""
    ax = plots.hazard_curve(FIT)
    x, y, bars = _dots(ax)
    risk = RECORD.risk()
    assert x.tolist() == [3, 4, 5, 6, 7, 8]
    for k in range(6):
        seen, of = int(risk.adopted[risk.period == k].sum()), int((risk.period == k).sum())
        assert y[k] == seen / of
        np.testing.assert_allclose(bars[k][:, 1], wilson(seen, of))
    line = next(line for line in ax.lines if line.get_color() == hazards.ORANGE)
    expected = [FIT.predict()[FIT.risk.period == k].mean() for k in range(6)]
    np.testing.assert_allclose(line.get_ydata(), expected)
    assert {"observed", "fitted"} <= _texts(ax)
    alone = plots.hazard_curve(RECORD)
    assert _dots(alone)[1].tolist() == y.tolist() and "fitted" not in _texts(alone)


def test_calibration_by_tenths():
    """Catches tenths that are not sorted by chance, and another record's adoptions."""
    x, y, _ = _dots(plots.hazard_calibration(FIT))
    assert x.size == 10 and (np.diff(x) >= 0).all()
    assert np.mean(y) == pytest.approx(FIT.rows.adopted.mean(), abs=2e-3)
    half = RECORD.people(np.arange(300) < 150)
    other = _dots(plots.hazard_calibration(FIT, half))
    assert np.mean(other[1]) == pytest.approx(half.risk().adopted.mean(), abs=5e-3)


@pytest.mark.parametrize("by", ["period", "ties(share)", "age"])
def test_residuals_in_standard_deviations(by: str):
    """Catches what is left over that is not left over: sums over the wrong rows."""
    ax = plots.hazard_residuals(FIT, by)
    x, y = ax.lines[-1].get_data()
    if by == "period":
        chance = FIT.predict()[FIT.risk.period == 2]
        seen = FIT.rows.adopted[FIT.risk.period == 2]
        left = (seen.sum() - chance.sum()) / np.sqrt((chance * (1 - chance)).sum())
        assert y[2] == pytest.approx(left) and x[2] == 5
        assert np.abs(y).max() < 0.5  # a calendar meets each period
    assert np.abs(y).max() < 4.0


def test_thresholds_of_each_period():
    """Catches people without ties drawn at 0, and a mean over all periods."""
    found = kb.evidence.thresholds(RECORD)
    ax = plots.thresholds(found)
    dots = ax.collections[0].get_offsets()
    assert set(dots[:, 0]) == set(found.times[np.isfinite(found.exposure)])
    line = next(line for line in ax.lines if line.get_color() == hazards.ORANGE)
    first = found.exposure[found.times == line.get_xdata()[0]]
    assert line.get_ydata()[0] == pytest.approx(np.nanmean(first))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_both_languages_and_records_of_one_period(lang: str):
    """Catches a figure that needs several periods or adopters."""
    few = kb.Diffusion(kb.networks.ring(4, 2), [0, None, None, None], until=0)
    fit = kb.hazard(few, "constant")
    for ax in (
        plots.hazard_curve(few, lang=lang),
        plots.hazard_curve(fit, lang=lang),
        plots.hazard_calibration(fit, lang=lang),
        plots.hazard_residuals(fit, lang=lang),
        plots.thresholds(kb.evidence.thresholds(few), lang=lang),
    ):
        ax.figure.canvas.draw()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: plots.hazard_curve(np.arange(3)), "draws a record or fitted hazard"),
        (lambda: plots.hazard_calibration(RECORD), "draws a fitted hazard"),
        (lambda: plots.hazard_residuals(RECORD), "draws a fitted hazard"),
        (lambda: plots.hazard_residuals(FIT, "wealth"), "by: not in the fit, got wealth"),
        (lambda: plots.thresholds(RECORD), "draws a set of thresholds"),
    ],
)
def test_another_thing_is_refused(call, says: str):
    """Catches a traceback for what is no fit."""
    with pytest.raises(KoubeiError, match=says.replace("(", r"\(")):
        call()

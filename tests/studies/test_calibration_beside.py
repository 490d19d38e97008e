"""A curve that is told another series, and errors in days.

Null in each: series and curves written down here, whose constants and days of passing are known.
"""

from __future__ import annotations

import numpy as np
import pytest

from koubei_sim.errors import KoubeiError
from koubei_sim.studies.calibration import Beside, Target, Targets, calibrate, fit_baselines
from koubei_sim.studies.calibration.forecast import (
    NEAR_DAYS,
    Series,
    Told,
    baselines_of,
    errors,
    first_passage,
    forecasts,
    passages,
)

DAYS = np.array([0.0, 100.0, 200.0, 300.0, 400.0])
PHONES = Beside("phones", np.array([50.0, 250.0, 450.0]), np.array([0.0, 20.0, 120.0]))


def _series(counts: np.ndarray, seen: int) -> Series:
    shown = np.arange(DAYS.size) < seen
    return Series(
        "users", "users", DAYS + 7.0, [f"d{day:g}" for day in DAYS], counts, shown, ~shown,
        tuple(range(DAYS.size)),
    )  # fmt: skip


def test_the_constant_is_found_again() -> None:
    """Catches a constant fitted to points that the series does not cover, and a wrong sign."""
    for constant in (-3.0, 0.0, 4.0):
        counts = np.where(DAYS < 50.0, 1.0, np.nan_to_num(PHONES.at(DAYS)) + constant)
        (found,) = fit_baselines(DAYS, counts, names=["beside"], beside=PHONES)
        assert found.values[0] == pytest.approx(constant, abs=1e-6)
        assert (found.points, found.freedom) == (4, 3)
        assert found.error < 1e-7
        assert "covers 4 of 5 points" in found.note
        assert found.title == "phones + constant"
        # Between two points the series grows evenly; outside it nothing is known.
        assert found.curve(np.array([350.0]))[0] == pytest.approx(70.0 + constant)
        assert np.isnan(found.curve(np.array([0.0, 451.0]))).all()


def test_the_constant_goes_by_ratios() -> None:
    """Catches a fit in which the largest count decides alone."""
    counts = np.array([5.0, 10.0, 20.0, 45.0, 200.0])  # the last is twice the series
    (found,) = fit_baselines(DAYS, counts, names=["beside"], beside=PHONES)
    logs = lambda c: np.log((PHONES.at(DAYS[1:]) + c) / counts[1:])  # noqa: E731
    best = found.values[0]
    for other in (best - 0.05, best + 0.05):
        assert (logs(best) ** 2).sum() < (logs(other) ** 2).sum()


def test_it_is_left_out_where_nothing_is_told() -> None:
    """Catches a baseline that is there without its series, or vanishes where none is covered."""
    counts = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    assert "beside" not in [found.name for found in fit_baselines(DAYS, counts)]
    far = PHONES._replace(times=PHONES.times + 1e4)
    (found,) = fit_baselines(DAYS, counts, names=["beside"], beside=far)
    assert found.curve is None
    assert found.note == "the other series covers none of the points"


def test_days_of_passing() -> None:
    """Catches the last passage instead of the first, days between steps, and what never happens."""
    days, counts = np.array([0.0, 10.0, 20.0, 30.0]), np.array([1.0, 5.0, 3.0, 9.0])
    assert first_passage(days, counts, 1.0) == 0.0
    assert first_passage(days, counts, 4.0) == pytest.approx(7.5)
    assert first_passage(days, counts, 6.0) == pytest.approx(25.0)
    assert first_passage(days, counts, 10.0) == np.inf
    assert first_passage(days, np.array([np.nan, 5.0, 3.0, 9.0]), 4.0) == 10.0
    assert first_passage(days, np.full(4, np.nan), 4.0) == np.inf


def test_errors_in_days_are_those_of_the_curves() -> None:
    """Catches an origin forgotten, early taken for late, and points that were shown."""
    truth = 10.0 * np.exp(0.01 * DAYS)
    series = _series(truth, 3)
    # The series beside stands 20 days early, in days of the run.
    grid = np.arange(0.0, 500.0)
    beside = Beside("twin", grid + 7.0 - 20.0, 10.0 * np.exp(0.01 * grid))
    fitted, times = baselines_of(series, Told(None, None, beside))
    runs = np.array([10.0 * np.exp(0.01 * (grid - shift)) for shift in (30.0, 40.0, 50.0)])
    curves = {"fresh": (grid + 7.0, runs)}
    late = passages(series, fitted, times, curves).set_index("when")
    assert late["drift"].to_numpy() == pytest.approx(np.zeros(5), abs=1e-6)
    assert late.loc["d300", "fresh"] == pytest.approx(40.0, abs=0.01)
    assert late.loc["d300", ["fresh_low", "fresh_high"]].tolist() == pytest.approx(
        [30.0, 50.0], abs=0.01
    )
    assert late.loc["d400", "beside"] < -15.0
    values = np.array([np.interp(DAYS, grid, run) for run in runs])
    table = forecasts(series, fitted, times, {"fresh": values})
    found = errors(table, fitted, 2, late.reset_index()).set_index("forecast")
    assert found.loc["fresh", "days"] == pytest.approx(40.0, abs=0.01)
    assert found.loc["fresh", "near_days"] == 0.0
    assert found.loc["drift", "near_days"] == 1.0
    assert abs(found.loc["beside", "days"]) <= NEAR_DAYS
    without = errors(table, fitted, 2).set_index("forecast")
    assert without["days"].isna().all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            ("phones", [0, 10], [1.0]),
            "beside: one count a date, two or more, got 2 dates, 1 counts",
        ),
        (("phones", [10, 0], [1.0, 2.0]), "beside: dates must rise"),
        (("phones", [0, 10], [3.0, 2.0]), "beside: dates must rise and cumulative counts never"),
        (([0, 10], [3.0, 2.0]), "beside: must be a name, dates and counts"),
    ],
)
def test_a_wrong_series_is_refused_before_anything_runs(given, said) -> None:
    """Catches a series that is read by halves."""
    seen = Target("users", 300.0, 0.1, "users@20", "empirical-output")
    with pytest.raises(KoubeiError, match=said):
        calibrate("tiny", [seen], {"seeding.number": (50, 400)}, beside=given, rng=7)


def test_a_calibration_tells_its_baselines() -> None:
    """Catches a series that never reaches the tables, or moves the fit of the model."""
    curve = Targets.series([5, 10, 20, 29], [60.0, 90.0, 150.0, 200.0], hold_out_after=15)
    options = {"method": "abc", "particles": 4, "simulations": 8, "rng": 7, "workers": 1}
    ranges = {"seeding.number": (50, 400)}
    plain = calibrate("tiny", curve, ranges, **options)
    told = calibrate(
        "tiny", curve, ranges, beside=("goods", [0, 15, 40], [0.0, 60.0, 200.0]), **options
    )
    assert plain.best == told.best
    table, errors_ = told.passages(4), told.holdout(4).set_index("forecast")
    assert table["beside"].notna().all()
    assert np.isfinite(errors_.loc["beside", "days"])
    assert "beside" not in plain.passages(4)
    assert errors_.loc["beside", "title"] == "goods + constant"

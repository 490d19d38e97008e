"""What would have happened: a fit played with other values, in the same worlds."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

import koubei_sim as kb
from koubei_sim.evidence.design import model_of, rows_of
from koubei_sim.evidence.likelihood import additive

RING = kb.Network.from_edges(range(60), [*range(1, 60), 0])


@pytest.fixture(scope="module")
def fit() -> kb.evidence.Hazard:
    times = [i % 6 + i // 6 % 5 if i % 6 < 4 else None for i in range(60)]  # each after another
    d = kb.Diffusion(RING, times, until=11, covariates={"age": np.arange(60) % 7})
    return kb.hazard(d, "constant + ties(share) + age")


def test_a_change_moves_one_value_in_the_same_worlds(fit: kb.evidence.Hazard) -> None:
    """Catches a change that is not taken, that stays in the fit, and other luck beside it."""
    told = fit.simulate(worlds=200, rng=7)
    silent = fit.simulate(worlds=200, rng=7, change={"ties(share)": 0.0})
    assert (np.isfinite(told) | ~np.isfinite(silent)).all()
    assert np.isfinite(silent).sum() < np.isfinite(told).sum()
    # A hazard without ties is constant but for age: the share that is left after 12 periods.
    model = fit.model
    factor = np.exp(model.traits(fit.record) @ fit.values[2:])
    expected = 1 - np.exp(-12 * fit.values[0] * factor)
    assert np.isfinite(silent).mean() == pytest.approx(expected.mean(), abs=0.02)
    assert np.array_equal(fit.simulate(worlds=200, rng=7), told, equal_nan=True)
    same = {name: float(value) for name, value in zip(fit.names, fit.values)}
    again = fit.simulate(worlds=200, rng=7, change=same)
    assert np.array_equal(again, told, equal_nan=True)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"change": {"tie": 0.0}}, "change: unknown, got 'tie', allowed 'constant', "),
        ({"change": {"ties(share)": -0.1}}, "change.ties(share): out of range, got -0.1"),
        ({"change": {"age": float("nan")}}, "change.age: out of range, got nan"),
        ({"change": ["age"]}, "change: not values by name, got ['age']"),
        ({"since": 12}, "since: out of range, got 12, allowed 0..11"),
        ({"since": -1}, "since: out of range, got -1, allowed 0..11"),
    ],
)
def test_what_cannot_be_played_is_refused(
    fit: kb.evidence.Hazard, given: dict[str, Any], says: str
) -> None:
    """Catches a name that is passed over, talk that takes adopters away, and no such year."""
    with pytest.raises(kb.KoubeiError) as caught:
        fit.simulate(worlds=2, rng=1, **given)
    assert str(caught.value).startswith(says)


def test_a_trait_may_be_changed_either_way(fit: kb.evidence.Hazard) -> None:
    """Catches a floor of 0 under what multiplies."""
    fewer = fit.simulate(worlds=50, rng=7, change={"age": -1.0})
    assert fewer.shape == (50, 60)


@pytest.mark.filterwarnings("error")
def test_adopters_without_any_push_do_not_overflow() -> None:
    """Catches the square of a hazard of nothing: a warning in the middle of a climb."""
    d = kb.Diffusion(RING, [0, None, None, 1, *[None] * 56], until=30)
    assert np.isfinite(kb.hazard(d, "calendar + ties(share) + crowd").values).all()
    rows, _ = rows_of(model_of(d, "constant + ties(share)"), d)
    height = additive(np.zeros(2), rows)
    assert np.isfinite(height.curvature).all()


def test_missing_values_of_pandas_are_empty_cells() -> None:
    """Catches ``pd.NA``, which compares to nothing, taken for a time."""
    net = kb.Network.from_edges([0, 1], [1, 2])
    times = pd.Series([1, pd.NA, 3], dtype="Int64")
    d = kb.Diffusion(net, times, groups=pd.Series(["a", "b", "a"], dtype="string"))
    assert d.times.tolist()[::2] == [1.0, 3.0]
    assert np.isnan(d.times[1])


@pytest.mark.parametrize("day", ["2020-01-31", datetime.date(2020, 1, 31), pd.Timestamp(0)])
def test_dates_are_told_what_to_do(day: Any) -> None:
    """Catches a date refused without a word on periods."""
    net = kb.Network.from_edges([0, 1], [1, 2])
    with pytest.raises(kb.KoubeiError, match=r"^times: not a time, .* try days since the first"):
        kb.Diffusion(net, [day, None, None])


def test_a_record_without_a_trait_is_told_so(fit: kb.evidence.Hazard) -> None:
    """Catches the words of a formula where the other record is at fault."""
    assert fit.record is not None
    with pytest.raises(kb.KoubeiError, match=r"^record: lacks a trait of the model, got age$"):
        fit.predict(fit.record.replace(covariates=None))

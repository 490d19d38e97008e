"""Thresholds of adopters and residuals: by plain loops, and the published means of two surveys."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evidence.twin import drawn

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence import thresholds


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=25, deadline=None)
def test_thresholds_are_those_of_plain_loops(number: int, together: bool) -> None:
    """Catches seeds among adopters, people without ties at 0, and a period off by one."""
    one = drawn(number)
    found = thresholds(one.make(), together=together)
    by_hand = {}
    for i in range(one.n):
        when = one.when(i)
        if when is None or one.seed(i):
            continue
        heard = one.listens(i, when, "named")
        before = [j for j in heard if (w := one.when(j)) is not None
                  and (w < when or (together and w == when))]  # fmt: skip
        by_hand[i] = len(before) / len(heard) if heard else float("nan")
    assert found.people.tolist() == list(by_hand)
    assert np.allclose(found.exposure, list(by_hand.values()), equal_nan=True)


def test_classes_are_cut_at_mean_and_standard_deviation() -> None:
    """Catches classes by another law than Rogers', and thresholds classed by time."""
    one = drawn(7, n=120, periods=9)
    table = thresholds(one.make()).table()
    mean, spread = table.time.mean(), table.time.std()
    for _, row in table.iterrows():
        early = "early adopter" if row.time <= mean - spread else "early majority"
        late = "late majority" if row.time <= mean + spread else "laggard"
        assert row.by_time == (early if row.time <= mean else late)
    assert set(table.by_threshold) <= {"very low", "low", "high", "very high", ""}
    assert ((table.by_threshold == "") == table.threshold.isna()).all()
    assert table.threshold[table.by_threshold == "very high"].min() > table.threshold.mean()


@pytest.mark.parametrize(
    ("name", "mean", "as_written"),
    [("medical_innovation", 0.455, 0.455), ("korean_family_planning", 0.359, 0.307)],
)
def test_mean_thresholds_of_two_surveys(name: str, mean: float, as_written: float) -> None:
    """Catches exposure to others than those named; Korea's file has its times in another order."""
    try:
        table = pd.read_csv(kb.networks.find_data(f"{name}_adoption.csv"))
        arcs = np.loadtxt(kb.networks.find_data(f"{name}.edges.gz"), dtype=int)
    except KoubeiError:
        pytest.skip("needs the real data sets")
    net = kb.Network.from_edges(arcs[:, 1], arcs[:, 0], n=len(table))
    times = table.adoption_time.where(table.censored == 0).to_numpy(float)
    assert thresholds(kb.Diffusion(net, times)).mean == pytest.approx(as_written, abs=5e-4)
    if name.startswith("korean"):
        right = np.empty(len(table))
        right[np.argsort(table.original_id.to_numpy(), kind="stable")] = times
        times = right
    assert thresholds(kb.Diffusion(net, times)).mean == pytest.approx(mean, abs=5e-4)


def test_residuals_are_what_is_left_over() -> None:
    """Catches a residual of other people, and one that does not sum to nothing."""
    one = drawn(3, n=150)
    d = one.make()
    fit = kb.hazard(d, "constant + ties(share) + age")
    left, sign = fit.residuals(), fit.residuals("deviance")
    chance = fit.predict()
    for i in range(0, one.n, 7):
        rows = fit.risk.person == i
        if not rows.any():
            assert np.isnan(left[i]) and np.isnan(sign[i])
            continue
        assert left[i] == pytest.approx((fit.rows.adopted - chance)[rows].sum())
        assert sign[i] ** 2 == pytest.approx(-2.0 * fit.score()[rows].sum())
        assert np.sign(sign[i]) == np.sign(left[i])
    assert abs(np.nansum(left)) < 1.0
    with pytest.raises(KoubeiError, match="kind: "):
        fit.residuals("schoenfeld")


@pytest.mark.parametrize(
    ("term", "says"),
    [("age", "term: no push"), ("ties + crowd", "term: no push"), ("ties(", "formula: no term")],
)
def test_what_is_no_push_is_refused(term: str, says: str) -> None:
    """Catches a threshold of something that does not come from others."""
    with pytest.raises(KoubeiError) as caught:
        thresholds(drawn(1).make(), term)
    assert str(caught.value).startswith(says)
    for wrong in (kb.networks.ring(4, 2), kb.Diffusion(kb.networks.ring(4, 2), [None] * 4)):
        with pytest.raises(KoubeiError, match="record: "):
            thresholds(wrong)  # type: ignore[arg-type]

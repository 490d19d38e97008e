"""`kb.power`: in how many worlds an effect shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.evidence.test_judge import record

import koubei_sim as kb
from koubei_sim import KoubeiError
from koubei_sim.evidence.worlds import as_record, simulate
from koubei_sim.metrics.intervals import wilson

WORLD = record(groups=4, tie=0.2)
FORMULA = "constant + ties(share)"


def test_power_is_the_share_of_worlds_in_which_it_shows() -> None:
    """Catches worlds of another value, p-values of another parameter, a share of something else."""
    fit = kb.hazard(WORLD, FORMULA)
    found = kb.power(WORLD, fit, {"ties": 0.1}, worlds=12, rng=7)
    theta = fit.without("ties(share)", 0.1).theta
    at = simulate(fit.model, theta, WORLD, 7, 12)
    fits = [kb.hazard(as_record(WORLD, at[w]), FORMULA) for w in range(12)]
    np.testing.assert_allclose(found.p[0], [one.p_value("ties(share)") for one in fits], rtol=1e-6)
    row = found.table().iloc[0]
    shown = int((found.p[0] < 0.05).sum())
    assert row["power"] == shown / 12
    assert (row["power_low"], row["power_high"]) == wilson(shown, 12)
    low, high = fits[0].interval("ties(share)")
    assert (found.low[0, 0], found.high[0, 0]) == pytest.approx((low, high))
    kept = kb.power(WORLD, fit, {"ties": 0.1}, worlds=2, rng=7, others="kept")
    theta = fit.values.copy()
    theta[1] = 0.1
    one = as_record(WORLD, simulate(fit.model, theta, WORLD, 7, 1)[0])
    assert kept.estimates[0, 0] == pytest.approx(kb.hazard(one, FORMULA).value("ties(share)"))


def test_a_curve_rises_from_the_level_to_one() -> None:
    """Catches false alarms beyond the level (60 worlds, 1e-6) and power that does not rise."""
    found = kb.power(WORLD, FORMULA, values=[0.0, 0.1, 1.5], worlds=60, rng=7).table()
    assert found.index.name == "ties(share)" and found.index.tolist() == [0.0, 0.1, 1.5]
    assert found["power"].iloc[0] <= 13 / 60
    assert found["power"].is_monotonic_increasing and found["power"].iloc[2] == 1.0
    assert found["covers"].iloc[1:].min() > 0.75
    assert (found["width"] > 0.0).all()
    # All else is fitted anew for each value, so that there are about as many adoptions.
    assert abs(found["adopted"].iloc[:2] - WORLD.adopted.sum()).max() < 5
    again = kb.power(WORLD, FORMULA, {"ties(share)": 0.1}, worlds=60, rng=7).table()
    assert again["power"].iloc[0] == found["power"].iloc[1]


def test_traits_have_power_too() -> None:
    """Catches a trait that is refused a negative value."""
    found = kb.power(WORLD, "constant + age", {"age": -0.8}, worlds=8, rng=7)
    assert found.table()["power"].iloc[0] == 1.0
    assert (found.estimates < 0.0).all()


def test_worlds_in_which_nobody_adopts_show_nothing() -> None:
    """Catches empty worlds left out of the share, or a traceback."""
    net = kb.Network.from_edges([0, 1, 2, 3], [1, 2, 3, 4])
    d = kb.Diffusion(net, [0, None, None, None, None], until=1, start=0)
    found = kb.power(d, "constant + ties(share)", values=[0.0], worlds=30, rng=7)
    empty = int(np.isnan(found.p[0]).sum())
    assert 0 < empty < 30
    assert found.table()["power"].iloc[0] == (found.p[0] < 0.05).sum() / 30


@pytest.mark.parametrize(("words", "said"), [
    ({"change": {"crowd": 0.1}}, "not one parameter of the formula"),
    ({"change": {"ties": -0.1}}, "out of range"),
    ({"change": {"ties": 0.1, "constant": 0.1}}, "not one parameter"),
    ({"change": {"ties": "much"}}, "ties(share)"),
    ({}, "values"),
    ({"formula": "constant + age", "values": [0.1]}, "which parameter"),
    ({"values": [0.1], "worlds": 0}, "worlds"),
    ({"values": [0.1], "level": 2}, "level"),
    ({"values": [0.1], "others": "same"}, "others"),
])  # fmt: skip
def test_refused_in_one_line(words: dict[str, Any], said: str) -> None:
    """Catches questions that are not understood and answered all the same."""
    with pytest.raises(KoubeiError) as caught:
        kb.power(WORLD, **({"formula": FORMULA} | words))
    assert said in str(caught.value) and "\n" not in str(caught.value)

"""An experiment that was run: read by the estimators that designs were tried with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.evidence.effects import EFFECTS, Treatment, Trial
from koubei_sim.evidence.worlds import as_record, simulate, truth

NET = kb.networks.watts_strogatz(400, 6, 0.1, key=1)
CIRCLES = np.arange(400) // 20
FORMULA = "constant + ties(share)"
REWARDED = (CIRCLES % 2).astype(float)


def lived(key: int, values: dict[str, float], **changed: float) -> kb.Diffusion:
    """A record of circles of which every other is rewarded."""
    d = kb.Diffusion(NET, [None] * 400, 12, start=1, treatments={"treated": REWARDED})
    model, theta = truth(d, FORMULA, values)
    treatment = Treatment(changed.get("p", 1.0), changed.get("q", 1.0),
                          "teller" if "q" in changed else "listener")  # fmt: skip
    made = treatment.changes(model, theta, d, REWARDED[:, None] > 0.5, None)
    return as_record(d, simulate(model, theta, d, key, changes=made)[0])


RECORD = lived(3, {"constant": 0.02, "ties(share)": 0.2}, q=2.0)


def test_a_record_is_read_as_designs_are_tried() -> None:
    """Catches another estimator than the one that was tried, other units, and other luck."""
    found = kb.evidence.total_effect(RECORD, unit=CIRCLES, rng=7)
    record = as_record(RECORD, RECORD.at)
    record.treatments = {"treated": REWARDED, "unit": CIRCLES * 1.0, "counted": np.ones(400)}
    trial = Trial(record, None, Treatment(1.0, 2.0, "teller"), FORMULA, 7, 0)
    for name, estimator in EFFECTS.items():
        assert found.loc[name].tolist() == list(estimator(trial)[:3])
    alone = kb.evidence.total_effect(RECORD, rng=7)
    assert alone.equals(kb.evidence.total_effect(RECORD, unit=np.arange(400), rng=7))
    assert alone.estimate.tolist() == found.estimate.tolist()
    assert alone.high["difference"] < found.high["difference"]  # people are more than circles


def test_a_reward_is_found_where_it_acts() -> None:
    """Catches a teller taken for a listener, and a base taken for a push."""
    told = np.array([kb.evidence.total_effect(
        lived(key, {"constant": 0.02, "ties(share)": 0.2}, q=2.0), rng=key
    ).loc["model", "estimate"] for key in range(8)])  # fmt: skip
    assert told.mean() > 0.1
    shown = np.array([kb.evidence.total_effect(
        lived(key, {"constant": 0.04, "ties(share)": 0.1}, p=2.0), changes="p", on="listener",
        rng=key,
    ).loc["model", "estimate"] for key in range(8)])  # fmt: skip
    assert shown.mean() > 0.15
    none = np.array([kb.evidence.total_effect(
        lived(key, {"constant": 0.04, "ties(share)": 0.1}), rng=key
    ).loc["model", "estimate"] for key in range(8)])  # fmt: skip
    assert abs(none.mean()) < 0.05


def test_units_are_named_or_given() -> None:
    """Catches a column of clusters that is passed over, and a record that is changed."""
    d = RECORD.replace(covariates={"circle": CIRCLES.astype(str)})
    named = kb.evidence.total_effect(d, unit="circle", rng=7)
    assert named.equals(kb.evidence.total_effect(d, unit=CIRCLES, rng=7))
    assert list(d.treatments) == ["treated"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"treated": "reward"}, "treated: unknown, got 'reward', allowed 'treated'"),
        ({"changes": "r"}, "changes: unknown, got 'r'"),
        ({"changes": 3}, "changes: unknown, got 3"),
        ({"changes": "p, q"}, "changes: a base hazard is the listener's, got p, q, allowed q"),
        ({"on": "friend"}, "on: unknown, got 'friend'"),
        ({"formula": "constant"}, "formula: not one term ties, which the treatment changes"),
        ({"formula": "constant + ties(any)"}, "formula: what treated and untreated tell does not"),
        ({"unit": "circle"}, "unit: unknown, got 'circle'"),
        ({"unit": [1, 2]}, "unit: not one value a person, got shape (2,), allowed (400,)"),
    ],
)
def test_what_cannot_be_read_is_refused(given: dict[str, Any], says: str) -> None:
    """Catches work begun on an experiment that is none."""
    with pytest.raises(kb.KoubeiError) as caught:
        kb.evidence.total_effect(RECORD, rng=7, **given)
    assert str(caught.value).startswith(says)


@pytest.mark.parametrize(
    ("arm", "says"),
    [
        (np.full(400, 1.0), "treatments.treated: the same for everybody, got 1.0"),
        (np.arange(400) % 3, "treatments.treated: neither 1 nor 0, got 2.0"),
        (np.where(REWARDED, "yes", "no"), "treatments.treated: neither 1 nor 0, got 'no'"),
    ],
)
def test_arms_are_one_and_nought(arm: Any, says: str) -> None:
    """Catches a treatment in words or in three parts read as two arms."""
    with pytest.raises(kb.KoubeiError) as caught:
        kb.evidence.total_effect(RECORD.replace(treatments={"treated": arm}), rng=7)
    assert str(caught.value).startswith(says)


def test_a_record_without_treatments_is_refused() -> None:
    """Catches a bare KeyError."""
    with pytest.raises(kb.KoubeiError, match=r"^treated: the record has no treatments"):
        kb.evidence.total_effect(RECORD.replace(treatments=None), rng=7)

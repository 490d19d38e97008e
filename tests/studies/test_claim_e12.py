"""The twelfth claim as a program: it runs without data files and applies the rule it states."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "experiments" / "E12"


@pytest.fixture(scope="module")
def claim():
    """The module of the claim, which is no package."""
    spec = importlib.util.spec_from_file_location("claim_e12", FOLDER / "run.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Found:
    """A calibration as the verdict sees it."""

    simulations = 10

    def __init__(self, nearest: float) -> None:
        self.generations = [type("G", (), {"distances": pd.Series([nearest, 9.0])})]

    def identifiability(self):
        return pd.DataFrame({"parameter": ["a", "b"], "identified": [True, False]})


def errors(model: float, **others: float) -> pd.DataFrame:
    rows = {"fresh": model, "model": 0.001, **others, "two_logistic": float("nan")}
    notes = ["not enough points" if name == "two_logistic" else "" for name in rows]
    return pd.DataFrame(
        {
            "forecast": list(rows),
            "error": list(rows.values()),
            "coverage": 0.5,
            "days": 40.0,
            "near_days": 0.5,
            "note": notes,
        }
    )


def test_what_is_told_later_days_does_not_judge(claim):
    """Catches a verdict that goes by a curve which knows the days held out."""
    found = claim.verdict(Found(0.5), errors(0.09, bass=0.3, drift=0.1, beside=0.01))
    assert found["verdict"] == "supported"
    assert found["told"] == 0.01
    assert "| beside (told the shipments) | 0.010 | 40 | 50% |" in claim._markdown(found)


@pytest.mark.parametrize(
    ("nearest", "model", "word"),
    [(0.5, 0.09, "supported"), (0.5, 0.11, "rejected"), (2.5, 0.01, "void")],
)
def test_the_verdict_follows_the_rule(claim, nearest, model, word):
    """Catches a verdict that overlooks one curve, or counts one that could not be fitted."""
    found = claim.verdict(Found(nearest), errors(model, bass=0.3, drift=0.1))
    assert found["verdict"] == word
    assert found["not_fitted"] == {"two_logistic": "not enough points"}
    assert found["unidentified"] == ["b"]
    if word == "rejected":
        assert found["said"] == "no better: drift forecast better"


def test_the_result_kept_beside_the_claim_is_the_one_it_states(claim):
    """Catches tables that were made by another design, or a verdict edited by hand."""
    kept = pd.read_csv(FOLDER / "errors.csv").set_index("forecast")["error"]
    points = pd.read_csv(FOLDER / "results.csv")
    assert points["use"].tolist() == ["fitted"] * 3 + ["held out"] * 3
    import tomllib

    from koubei_sim.studies.calibration.calibration_file import from_table

    content = tomllib.loads(claim.CLAIM.read_text("utf-8"))
    described = from_table(content["design"]["calibration"], claim.CLAIM)
    series = [t for t in described.targets if t.series]
    assert [t.value for t in series] == points["observed"].tolist()
    assert len(described.ranges) <= 3
    readme = (FOLDER / "README.md").read_text("utf-8")
    for name in ("model", "fresh", "bass", "drift", "power"):
        assert f"{kept[name]:.3f}" in readme, name


@pytest.mark.slow
def test_the_claim_runs_quickly_and_twice_the_same(claim, tmp_path):
    """Catches a run that needs the data folder or forgets its key."""
    first = claim.calibrated(quick=True, out=tmp_path / "a")
    again = claim.calibrated(quick=True, out=tmp_path / "b", journal=tmp_path / "j")
    assert first == again
    for name in ("results.csv", "passages.csv", "errors.csv", "parameters.csv", "scorecard.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert (tmp_path / "a" / "figure.png").stat().st_size > 10_000

"""The ratio card: lines in their places, and words that follow from the numbers.

Null: the cards of the two experiments as they stand, and silent worlds written down here.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "experiments" / "ratio_card"


@pytest.fixture
def card():
    """The script, which is no package."""
    spec = importlib.util.spec_from_file_location("ratio_card", FOLDER / "run.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_met_either_way_is_no_evidence(card) -> None:
    """Catches words that overlook the silent worlds, or what was fitted."""
    line = {"near with": True, "near without": False, "how": "held out", "by": "xiaomi"}
    assert card.said(line) == "met"
    assert card.said(line | {"how": "fitted"}) == "met, fitted"
    assert card.said(line | {"near without": True}) == "met, and without it too"
    assert card.said(line | {"near with": False, "near without": True}) == "missed"


def test_each_line_is_laid_beside_its_own_ratio(card, monkeypatch) -> None:
    """Catches a ratio beside the source of its neighbour, and worlds of the other preset."""
    quiet = {"xiaomi": np.full((3, 10), 1.0), "xiaomi_phone": np.full((3, 10), 2.0)}
    quiet["xiaomi_phone"][1:, 5] = np.nan
    monkeypatch.setattr(card, "silent", lambda preset, worlds, threads: quiet[preset])
    frame = card.table(3, 1).set_index("ratio")
    assert len(frame) == 11
    first = pd.read_csv(FOLDER.parent / "xiaomi_shape" / "card.csv").set_index("ratio")
    phone = pd.read_csv(FOLDER.parent / "xiaomi_phone" / "card.csv").set_index("ratio")
    for name, row in frame.iterrows():
        if row["by"] == "xiaomi":
            assert (row["with"], row["without"]) == (first.loc[name, "median"], 1.0)
        elif row["by"] == "xiaomi_phone":
            assert row["with"] == phone.loc[name, "xiaomi_phone"]
        if row["by"] != "watch_launch":
            assert row["by"] == phone.loc[name, "by"]
    assert np.isnan(frame.loc["posts per visitor and day", "without"])
    assert frame.loc["registered per phone sold, 2012-02-10", "without"] == 2.0
    assert frame.loc["registered per phone sold, 2012-02-10", "says"] == "met, and without it too"
    assert frame.loc["watch: shares per group", "says"] == "missed"

"""What a page says of how to make a result again, and in which words: run, and read.

Beside `test_reports`, which reads what pages find.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.reports import numbers
from koubei_sim.reports.html import text_of
from koubei_sim.reports.page import Column, Page, Section, Table
from tests import reports as kit

BASE = kb.Scenario.load("tiny").replace(n_agents=300, ticks=15)
DESIGNS = {"few": {"seeding.number": 5}, "many": {"seeding.number": 25}}


def again(found: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, **known: Any) -> Any:
    """What the code on a page makes, with the file below it, and with what a person hands over."""
    listings = kit.Read(found.to_html()).listings
    sc = found.scenario if hasattr(found, "scenario") else found.sweep.scenario
    (folder / f"{sc.name}.toml").write_text(sc.to_toml(), encoding="utf-8")
    monkeypatch.chdir(folder)
    exec(next(code for title, code in listings.items() if "Python" in title), known)
    return known["found"]


def test_the_code_of_a_plan_makes_the_same_plan(tmp_path: Path, monkeypatch) -> None:
    """Catches a value of six digits, worlds in another order, words that were left out."""
    worlds = kb.prior_sample(BASE, 6, ["telling.relay"])
    found = kb.plan(
        BASE, DESIGNS, worlds, value_per_user=1234567.0, budget=90_000.0, currency="CNY",
        racing=True, error=0.1, bounds=(-1e6, 1e9), rng=3, threads=1,
    )  # fmt: skip
    other = again(found, tmp_path, monkeypatch)
    np.testing.assert_array_equal(other.values, found.values)
    assert repr(other) == repr(found) and other.worlds == found.worlds
    assert other.asked == found.asked
    assert other.currency == "CNY" and other.budget == found.budget


def test_a_plan_by_a_function_says_so(tmp_path: Path, monkeypatch) -> None:
    """Catches code that hands over ``'<lambda>'`` as an outcome."""
    fn = lambda r: float(r.data.users[0, -1])  # noqa: E731
    found = kb.plan(BASE, DESIGNS, 3, outcome=fn, rng=3, threads=1)
    assert "function of the user" in found.to_html()
    other = again(found, tmp_path, monkeypatch, outcome=fn)
    np.testing.assert_array_equal(other.values, found.values)


def test_money_of_a_plan_has_its_name() -> None:
    """Catches amounts without the currency, and a frontier without its price of more."""
    found = kb.plan(
        BASE, DESIGNS, 12, value_per_user=900.0, budget=90_000.0, currency="CNY", rng=1, threads=1
    )
    page = found._page("en")
    text = text_of(page)
    assert "at 900 CNY a user" in text and "outlay, CNY" in text and "it spends" in text
    row: Any = found.table().loc[found.best]
    assert f"{numbers.shown(row['spend'], 'count')} CNY" in text
    frontier = next(t for t in page.blocks(Table) if t.name == "frontier")
    assert "per_1000" in [column.name for column in frontier.columns]

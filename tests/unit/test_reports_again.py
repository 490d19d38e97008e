"""What a page says of how to make a result again, and in which words: run, and read.

Beside `test_reports`, which reads what pages find.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests import reports as kit

import koubei_sim as kb
from koubei_sim.reports import numbers
from koubei_sim.reports.html import text_of
from koubei_sim.reports.page import Table
from koubei_sim.studies.compare.stored import open_comparison
from koubei_sim.studies.sweep.page import recipe

BASE = kb.Scenario.load("tiny").replace(n_agents=300, ticks=15)
DESIGNS = {"few": {"seeding.number": 5}, "many": {"seeding.number": 25}}


def again(found: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, **known: Any) -> Any:
    """What the code on a page makes, with the file below it, and with what a person hands over."""
    listings = kit.Read(str(found.to_html())).listings
    sc = getattr(getattr(found, "runs", found), "sweep", found).scenario
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
    assert "function of the user" in str(found.to_html())
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


def test_the_code_of_a_sweep_makes_the_same_sweep(tmp_path: Path, monkeypatch) -> None:
    """Catches the old name of `random_numbers`, functions as text, curves or engine left out."""
    last = lambda r: float(r.data.users[0, -1])  # noqa: E731
    found = kb.sweep(
        BASE, {"seeding.number": [5, 20]}, replicates=2, rng=1, threads=1, random_numbers="own",
        outcomes={"users": "users", "last": last}, keep="users", every=7, engine="reference",
    )  # fmt: skip
    text = str(found.to_html())
    assert "luck=" not in text and "digest of all numbers" not in text
    assert "digest of the plan" in text and "Functions of the user" in text
    other = again(found, tmp_path, monkeypatch, last=last)
    np.testing.assert_array_equal(other.values("last"), found.values("last"))
    assert other.sweep.luck == "own" and other.sweep.outcomes == found.sweep.outcomes
    assert other.sweep.curves == found.sweep.curves and other.sweep.engine == "reference"


def test_a_page_names_no_folder_that_is_not_there(tmp_path: Path, monkeypatch) -> None:
    """Catches ``kb.load('sweep')`` of a sweep in memory, and the path of one machine."""
    monkeypatch.setitem(recipe.__globals__, "_LONGEST", 10)
    points = {"seeding.number": [5, 20]}
    text = str(kb.sweep(BASE, points, rng=1, threads=1).to_html())
    assert "kb.load" not in text and "kept in no folder" in text
    text = str(kb.sweep(BASE, points, rng=1, threads=1, out=tmp_path / "kept").to_html())
    assert "kb.load(&#x27;kept&#x27;)" in text and str(tmp_path) not in text


@pytest.mark.parametrize("method", ["oat", "morris"])
def test_the_code_of_a_sensitivity_study_is_its_own(
    method: Any, tmp_path: Path, monkeypatch
) -> None:
    """Catches a list of points in the place of the study."""
    found = kb.sensitivity(
        BASE, ["seeding.purity", "seeding.number"], method=method, outcome="users", rng=1,
        replicates=2, threads=1, points=None if method == "oat" else 2, levels=6,
    )  # fmt: skip
    assert "kb.sensitivity(" in kit.Read(str(found.to_html())).listings["In Python"]
    found_again = again(found, tmp_path, monkeypatch)
    assert found_again.table().equals(found.table()) and found_again.outcomes == found.outcomes


def test_a_sweep_in_which_all_runs_failed_has_a_page() -> None:
    """Catches a warning about the largest of no number."""

    def broken(result: Any) -> float:
        raise ValueError("no")

    found = kb.sweep(BASE, {"seeding.number": [5, 20]}, rng=1, threads=1, outcomes=[broken])
    assert "2 runs failed" in str(found.to_html())


def test_a_comparison_on_networks_of_ones_own_hands_them_over(tmp_path: Path, monkeypatch) -> None:
    """Catches code without the networks, and a page that says nothing of them."""
    graph = kb.networks.follow_graph(300, mean_degree=8, exponent=2.5, key=1)
    both = {"few": BASE, "more": BASE.replace(**{"seeding.number": 30})}
    found = kb.compare(
        both, 3, 1, networks={"weibo": graph}, threads=1, out=tmp_path / "kept"
    )  # fmt: skip
    stored = open_comparison(tmp_path / "kept")
    for one in (found, stored):
        text = str(one.to_html())
        assert ", networks=networks)" in text and "handed over as objects" in text


def test_the_sentence_of_take_off_has_its_intervals_and_chinese_its_words() -> None:
    """Catches chances without intervals, and English in a Chinese table."""
    found = kit.comparison()
    told = found.told("take_off", found.baseline)
    said = numbers.told(told.estimate, told.low, told.high, "share")
    assert f"{found.baseline} in {said};" in text_of(found._page("en"))
    tables = [t for t in found._page("zh").blocks(Table) if t.name.startswith("effects")]
    at = [column.name for column in tables[0].columns].index("of")
    assert {row[at] for row in tables[0].rows} <= {"两者都起飞", "都不起飞", "全部对"}


@pytest.mark.parametrize("number", [3, 6])
def test_worlds_are_told_by_one_rule(number: int, tmp_path: Path, monkeypatch) -> None:
    """Catches first numbers of some worlds beside a table of all, and bands of too few."""
    found = kb.ensemble("xiaomi", number).replace(n_agents=2000, ticks=60).run(rng=1)
    page = found._page("en")
    last = found.pyramid("month").iloc[-1]
    text = text_of(page)
    for level in ("users", "loyal", "die_hard"):
        assert f"<b>{numbers.shown(last[level], 'count')}</b>" in text
    table = next(t for t in page.blocks(Table) if t.name == "periods")
    assert table.rows[-1][2] == last["users"]
    few = number < 5
    assert ("too few for a band" in text) == few == ("90 %" not in repr(found))
    assert few == ("users_low" not in [column.name for column in table.columns])
    assert "median of all worlds" in repr(found)
    other = again(found, tmp_path, monkeypatch)
    assert other.pyramid().equals(found.pyramid())


def test_counts_of_the_world_stand_on_the_pyramid_whatever_days_are_drawn() -> None:
    """Catches a reported count on a day that is passed over, drawn twice, or outside the market."""
    told = [
        {"day": day, "count": count, "label": "users", "source": "assumption"}
        for day, count in ((7, 40.0), (7, 60.0), (401, 90.0), (402, 1e9), (500, 90.0))
    ]
    scenario = kb.Scenario.load("tiny").replace({"ticks": 500, "milestones": told})
    chart = kit.Read(kb.run(scenario, replicates=1, rng=7).to_html()).data["charts"][0]
    seen = [line["v"] for line in chart["lines"] if line.get("points")]
    found = {(chart["x"][k], v) for line in seen for k, v in enumerate(line) if v is not None}
    assert found == {(7, 40), (7, 60), (401, 90)}

"""Reports without a browser: the numbers are those of the tables, text stays text, bytes repeat."""

from __future__ import annotations

import base64
import hashlib
import importlib
import math
import re
import string
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests import reports
from tests.reports import NASTY, Read

import koubei_sim as kb
from koubei_sim import KoubeiError
from koubei_sim.metrics import taken_of
from koubei_sim.metrics.runs import users
from koubei_sim.reports import html, numbers, workbook
from koubei_sim.reports.page import (
    Cell,
    Column,
    Curves,
    Dot,
    Dots,
    Figures,
    Line,
    Listing,
    Page,
    Section,
    Sentences,
    Table,
)
from koubei_sim.reports.words import FURNITURE, Words
from koubei_sim.studies.compare.stored import open_comparison

ROOMS = (
    "runs.page_words", "studies.compare.page", "studies.sweep.page", "studies.decide.page",
    "studies.claims.page", "studies.sensitivity.page", "studies.calibration.page",
    "cascades.page", "evidence.page",
)  # fmt: skip
MOST = 400_000


def nasty_page(lang: str = "en") -> Page:
    """Every kind of block, with a name that would break out of any of them."""
    x, values = np.arange(3), np.array([1.0, np.nan, 3.0])
    blocks = [
        Figures([(NASTY, NASTY, NASTY)]),
        Sentences([NASTY], warning=True),
        Table(NASTY, NASTY, [Column(NASTY, NASTY), Column("n", NASTY, "count")],
              [[NASTY, 1.0], ["=1+1", Cell(2, "times")]], NASTY),
        Listing(NASTY, NASTY, NASTY + "\x00\ud800"),
        Curves(NASTY, NASTY, x, [Line(NASTY, values), Line(NASTY, values, thin=True)], NASTY,
               NASTY, NASTY),
        Dots(NASTY, NASTY, [Dot(NASTY, 1.0, 0.5, 2.0, NASTY)], note=NASTY),
    ]  # fmt: skip
    return Page(NASTY, NASTY, lang, [Section(NASTY, blocks, folded=True)])


# The same numbers -----------------------------------------------------------------------------


def test_the_table_on_the_page_is_the_summary_to_the_last_digit() -> None:
    """A column that is swapped, scaled or rounded before it is copied."""
    found = reports.run()
    read, summary = Read(found.to_html()), found.summary()
    rows = read.tables["summary"][1:]
    assert [row[-1] for row in rows] == list(summary.index)
    for row, (_, told) in zip(rows, summary.iterrows(), strict=True):
        for text, column in zip(row[1:4], ("estimate", "low", "high"), strict=True):
            known = float("nan") if text == "" else float(text)
            assert known == told[column] or (math.isnan(known) and math.isnan(told[column]))


def test_what_is_read_first_is_the_summary_too() -> None:
    """Findings that tell of other replicates than the table below them (of all, say)."""
    found = reports.run()
    summary = found.summary()
    text = " ".join(Read(found.to_html()).text)
    for outcome in ("users", "loyal", "die_hard", "cost"):
        row = summary.loc[outcome]
        assert numbers.told(row["estimate"], row["low"], row["high"], "count") in text
    chance = summary.loc["take_off"]
    assert numbers.told(chance["estimate"], chance["low"], chance["high"], "share") in text


def test_lines_are_medians_of_what_took_off_and_the_rest_is_grey() -> None:
    """A mean over the living and the dead, drawn as if it were a world."""
    found = reports.run()
    charts = {chart["name"]: chart for chart in Read(found.to_html()).data["charts"]}
    taken = taken_of(found)
    counts = np.stack([users(h) for h in found.histories]).astype(float)
    line = charts["pyramid"]["lines"][0]
    assert line["v"] == np.median(counts[taken], axis=0).tolist()
    thin = [one for one in charts["replicates"]["lines"] if one.get("thin")]
    assert [bool(one.get("faint")) for one in thin] == (~taken).tolist()
    assert all(one["v"] == counts[int(one["t"])].tolist() for one in thin)


def test_a_comparison_says_what_its_intervals_say() -> None:
    """A verdict that hangs on the estimate, or effects of other rows of the table."""
    found = reports.comparison()
    name = found.names[1]
    read, table = Read(found.to_html()), found.table(name)
    head, *of_page = next(t for n, t in read.tables.items() if n.startswith("effects "))
    rows = {row[-1]: row for row in of_page}
    for outcome, told in table.iterrows():
        at = head.index("effect")
        if math.isfinite(told["effect"]):
            assert float(rows[outcome][at]) == told["effect"]
    gap = found.effect("users", name)
    said = next(t for t in read.text if "changes users at the end by" in t)
    ending = "more." if gap.low > 1.0 else "fewer." if gap.high < 1.0 else "no difference."
    assert said.endswith(ending)


def test_a_plan_and_a_sweep_show_their_own_tables() -> None:
    """Rows in another order than their labels."""
    plan = reports.plan()
    rows = Read(plan.to_html()).tables["designs"][1:]
    table = plan.table()
    assert [row[0] for row in rows] == list(table.index)
    assert [float(row[3]) for row in rows] == table["value"].tolist()
    sweep = reports.sweep()
    read = Read(sweep.to_html())
    for outcome in ("take_off", "users", "loyal"):
        frame = sweep.summary(outcome)
        head, *rows = read.tables[outcome]
        at = head.index("estimate")
        assert [float(row[at]) for row in rows] == frame["estimate"].tolist()


def test_a_sweep_does_not_speak_of_take_off_where_there_is_none() -> None:
    """Outcomes of points that never took off, told as those of worlds that did."""
    sweep = reports.sweep()
    taken = sweep.values("take_off").mean(axis=1)
    assert [share > 0.0 for share in taken] == [True, True, False], "one point of another kind"
    text = " ".join(Read(sweep.to_html()).text)
    # Users, loyal fans and cost of that point, each in the table, the drawing and its words.
    assert text.count("none took off") == 9
    said = next(t for t in text.split("Where it takes off, ") if t.startswith("users at the end"))
    assert "seeding.number = 60" not in said.partition(". ")[0]


def test_a_sweep_tells_some_points_alike() -> None:
    """Points that are left out because the sweep is large must not change the others."""
    sweep = reports.sweep()
    whole, part = sweep.summary("users"), sweep.summary("users", points=[0, 2])
    assert part["point"].tolist() == [0, 2]
    assert part["estimate"].tolist() == whole["estimate"].iloc[[0, 2]].tolist()


def test_over_time_of_some_days_is_that_of_all_days() -> None:
    found = reports.comparison()
    some, every = found.over_time("users", ticks=[0, 7, 44]), found.over_time("users")
    assert some.equals(every.loc[[0, 7, 44]])
    with pytest.raises(KoubeiError, match=r"ticks: out of range, got 45, allowed 0..44"):
        found.over_time("users", ticks=[45])


# Text is text ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_names_are_text_wherever_they_stand(lang: str) -> None:
    """One place that is not escaped: a third script, or a name that is cut or doubled."""
    read = Read(html.text_of(nasty_page(lang)))
    assert len(read.scripts) == 2
    shown = NASTY.replace("\u202e", "\ufffd")  # it would turn round all text behind it
    assert read.data["charts"][0]["name"] == shown
    assert read.shown[shown][1][0] == shown
    assert sum(shown in text for text in read.text) >= 12
    assert not any("javascript:" in address for address in read.addresses)


def test_a_comparison_of_nasty_names_holds_them_as_text() -> None:
    read = Read(reports.comparison().to_html(title=NASTY))
    assert len(read.scripts) == 2
    assert NASTY.replace("\u202e", "\ufffd") in read.text


def test_only_the_script_of_the_page_may_run() -> None:
    """A policy that does not fit its script would leave the page dead, a loose one open."""
    text = html.text_of(nasty_page())
    digest = re.search(r"script-src 'sha256-([^']+)'", text)
    script = Read(text).scripts[1]
    assert digest is not None
    assert base64.b64decode(digest[1]) == hashlib.sha256(script.encode()).digest()
    assert "default-src 'none'" in text
    assert "unsafe-eval" not in text
    assert "Permission is hereby granted" in script  # the licence travels with uPlot


@pytest.mark.parametrize("kind", tuple(reports.KINDS))
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_kind_has_a_page_that_fetches_nothing(kind: str, lang: str) -> None:
    """An address that leaves the file, a file too large to mail, a page that is half English."""
    text = reports.made(kind).to_html(lang=lang)
    read = Read(text)
    assert all(address.startswith("#") for address in read.addresses)
    assert len(text.encode()) < MOST
    heads = re.findall(r"<h2[^>]*>([^<]*)</h2>", text)
    assert len(heads) >= 4
    if lang == "zh":
        assert all(re.search("[\u4e00-\u9fff]", head) for head in heads)


def test_ten_years_of_twenty_replicates_stay_small_and_say_that_days_are_left_out() -> None:
    """A chart with every day of every replicate in it: some 2 MB."""
    text = reports.long_run().to_html()
    assert len(text.encode()) < MOST
    pyramid = next(c for c in Read(text).data["charts"] if c["name"] == "pyramid")
    assert (pyramid["x"][0], pyramid["x"][-1]) == (0, 3649)
    assert len(pyramid["x"]) == html.POINTS
    assert "240 of 3,650 moments are drawn" in text


# The same bytes -------------------------------------------------------------------------------


def test_the_same_result_gives_the_same_bytes_saved_or_not(tmp_path: Path) -> None:
    """A clock, a set without order, or something that a saved result has lost."""
    found = reports.run()
    first = found.to_html()
    again = kb.run(found.scenario, replicates=5, rng=7, threads=2)
    assert again.to_html() == first
    assert kb.load(found.save(tmp_path / "run")).to_html() == first
    one, other = (found.to_excel(tmp_path / f"{k}.xlsx").read_bytes() for k in (1, 2))
    assert one == other


def test_the_code_on_the_page_makes_the_result_again(tmp_path: Path, monkeypatch) -> None:
    """A recipe that leaves something out, or that no longer runs."""
    found = reports.run()
    blocks = Read(found.to_html()).listings
    monkeypatch.chdir(tmp_path)
    Path("tiny.toml").write_text(blocks["The scenario: tiny.toml"], encoding="utf-8")
    exec(compile(blocks["In Python"], "recipe", "exec"), {})  # its last lines compare digests


# Workbooks ------------------------------------------------------------------------------------


def test_a_workbook_has_a_sheet_for_each_table_and_the_recipe(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("openpyxl")
    found = reports.run()
    sheets = pd.read_excel(found.to_excel(tmp_path / "run"), sheet_name=None)
    summary = found.summary()
    told = summary["estimate"].tolist()
    assert sheets["summary"]["estimate"].tolist() == pytest.approx(told, rel=1e-14, nan_ok=True)
    assert len(sheets["periods"]) == len(found.pyramid("month"))
    assert {"assumptions", "weekly", "recipe"} <= set(sheets)
    assert any("kb.run(sc" in str(cell) for cell in sheets["recipe"].iloc[:, 1])


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    """A name such as =HYPERLINK(...) that a workbook would run."""
    openpyxl = pytest.importorskip("openpyxl")
    path = tmp_path / "book.xlsx"
    path.write_bytes(workbook.bytes_of(nasty_page()))
    book = openpyxl.load_workbook(path)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert any(cell.value == "=1+1" for cell in cells)
    assert not any(cell.data_type == "f" for cell in cells)


def test_without_openpyxl_one_line_says_what_to_install(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(workbook.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(KoubeiError, match=r"pip install 'koubei-sim\[excel\]'"):
        reports.run().to_excel(tmp_path / "run.xlsx")
    assert not list(tmp_path.iterdir())


# Doors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"lang": "de"}, r"lang: unknown, got 'de', allowed 'en', 'zh'"),
        ({"path": "page.pdf"}, r"path: another kind of file, got page.pdf, allowed .html"),
        ({"path": 5}, r"path: not a path, got 5"),
        ({"title": 5}, r"title: not text, got 5"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_written(
    words: dict[str, Any], said: str, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KoubeiError, match=said):
        reports.run().to_html(**words)
    assert not list(tmp_path.iterdir())


def test_a_path_without_an_ending_gets_one(tmp_path: Path) -> None:
    path = reports.cascade().to_html(tmp_path / "page")
    assert path == tmp_path / "page.html"
    assert path.read_text(encoding="utf-8") == reports.cascade().to_html()


def test_comparisons_are_opened_from_their_journal(tmp_path: Path) -> None:
    """Histories of another scenario or replicate than the name says."""
    both = {"a": reports.base(), "b": reports.base().replace(**{"seeding.number": 9})}
    first = kb.compare(both, 3, 1, out=tmp_path / "journal", threads=1)
    again = open_comparison(tmp_path / "journal", baseline="b")
    assert again.names == ("b", "a")
    assert open_comparison(tmp_path / "journal").to_html() == first.to_html()
    with pytest.raises(KoubeiError, match="not the folder of a comparison"):
        open_comparison(tmp_path)


# Words ----------------------------------------------------------------------------------------


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("room", ROOMS)
def test_both_languages_say_every_word_with_the_same_values(room: str) -> None:
    """A number that only one language tells, or a word that is English in both."""
    words = importlib.import_module(f"koubei_sim.{room}").WORDS
    for word, (english, chinese) in [*words.items(), *FURNITURE.items()]:
        assert places(english) == places(chinese), word
        if re.search("[a-z]{4}", re.sub(r"\{[^}]*\}", "", english)) and word != "versions":
            assert re.search("[\u4e00-\u9fff]", chinese), word


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_says_a_word_of_every_page_with_other_values(room: str) -> None:
    """A room's own word that takes the place of one on every page, and lacks its values."""
    words = importlib.import_module(f"koubei_sim.{room}").WORDS
    shared = dict(FURNITURE)
    if room.startswith("studies"):  # these say the words of runs as well
        shared |= importlib.import_module("koubei_sim.runs.page_words").WORDS
    for word in words.keys() & shared.keys():
        assert places(words[word][0]) == places(shared[word][0]), word


def test_words_of_an_unknown_language_are_refused() -> None:
    with pytest.raises(KoubeiError, match="lang: unknown"):
        Words("fr")


# Numbers and drawings ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.0, "share", "0 %"), (0.9975, "share", "99.8 %"),
        (0.9999, "share", "100 %"), (1e9, "count", "1,000,000,000"),
        (-3.0, "count", "−3"), (1.0, "times", "× 1.00"), (123456.0, "number", "123,456"),
        (float("inf"), "count", "∞"), (None, "count", "–"), (0.0, "points", "0 points"),
        (2015, "plain", "2015"), (np.float64(2.5), "count", "2.5"), (np.bool_(True), "text", "yes"),
    ],
)  # fmt: skip
def test_numbers_are_shown_without_false_digits(value: Any, kind: str, text: str) -> None:
    assert numbers.shown(value, kind) == text


def test_dots_are_drawn_in_their_order_and_within_their_strip() -> None:
    """A scale upside down, or an infinite end that throws all others into a corner."""
    rows = [Dot("a", 1.0, 0.5, 2.0, "a"), Dot("b", 4.0, 2.0, math.inf, "b"),
            Dot("c", math.nan, math.nan, math.nan, "c")]  # fmt: skip
    text = html._dots(Dots("d", "d", rows, "times", 1.0, True), Words("en"), 60)
    at = [float(x) for x in re.findall(r'<circle cx="([\d.]+)%"', text)]
    ends = [float(x) for x in re.findall(r'class="span" x1="([\d.]+)%" x2="[\d.]+%"', text)]
    assert len(at) == 2
    assert 0.0 < at[0] < at[1] < 100.0
    assert ends[0] < at[0] < ends[1] < at[1]  # 0.5 < 1 < 2 < 4
    assert all(0.0 <= x <= 100.0 for x in map(float, re.findall(r'="([\d.]+)%"', text)))


def test_the_files_of_a_page_come_with_the_package() -> None:
    """A wheel without them would write no report."""
    folder = resources.files("koubei_sim.reports") / "assets"
    assert {each.name for each in folder.iterdir()} >= {
        "uPlot.iife.min.js", "uPlot.min.css", "uPlot.LICENSE.txt", "chart.js", "chart.css",
        "report.js", "report.css", "embedded.js",
    }  # fmt: skip
    assert "</script" not in html._script()[0]

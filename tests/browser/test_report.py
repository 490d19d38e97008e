"""Reports in a browser: nothing is fetched, charts answer, tables are copied, all can read it.

Each kind of result is opened with the network refused.  Pictures are kept where KOUBEI_SCREENSHOTS
says so: they are there to be looked at.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests import reports
from tests.unit.test_reports import nasty_page

from koubei_sim.reports import html

WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def page_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """A function kind, language -> the file of its report, written once."""
    folder = tmp_path_factory.mktemp("reports")

    def written(kind: str, lang: str = "en") -> Path:
        path = folder / f"{kind}-{lang}.html"
        if not path.exists():
            reports.made(kind).to_html(path, lang=lang)
        return path

    return written


def some_are_slow(*quick: str) -> list[Any]:
    """All kinds; only the quick ones are opened each time, for pages are alike."""
    marks = {kind: () if kind in quick else (pytest.mark.slow,) for kind in reports.KINDS}
    return [pytest.param(kind, marks=marks[kind]) for kind in reports.KINDS]


def quiet(seen: Any) -> None:
    """Nothing left for another host, and the console said nothing."""
    assert seen.left == []
    assert seen.console == []


@pytest.mark.parametrize("kind", some_are_slow("comparison", "claim", "plan"))
def test_every_kind_opens_offline_and_can_be_read_by_anybody(
    kind: str, visit: Any, axe: Any, page_of: Any
) -> None:
    """A request, an error of the script, a fault that axe-core knows, a page wider than a phone."""
    dark = {"color_scheme": "dark"} if kind in ("comparison", "plan", "claim") else {}
    seen = visit(page_of(kind), bypass_csp=True, **dark)
    if kind in ("run", "claim"):  # hundreds of rows of assumptions, which are alike elsewhere
        seen.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert axe(seen.page) == []
    seen.picture(f"report-{kind}")
    quiet(seen)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("lang", "scheme"), [("en", "light"), ("zh", "dark")])
def test_a_run_is_read_on_paper_white_and_black_wide_and_narrow(
    lang: str, scheme: str, width: int, visit: Any, axe: Any, page_of: Any
) -> None:
    """Contrast that is lost in the dark, a table that pushes a phone's page sideways."""
    seen = visit(page_of("run", lang), width, bypass_csp=True, color_scheme=scheme)
    assert axe(seen.page) == []
    wide = seen.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    assert seen.page.locator("canvas").count() == 5
    seen.picture(f"report-run-{lang}-{scheme}-{width}")
    quiet(seen)


@pytest.mark.parametrize("kind", some_are_slow("comparison"))
def test_other_pages_fit_a_phone(kind: str, visit: Any, page_of: Any) -> None:
    seen = visit(page_of(kind, "zh"), 390)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
    seen.picture(f"report-{kind}-zh-390")
    quiet(seen)


def test_the_page_runs_under_its_own_policy(visit: Any, page_of: Any) -> None:
    """A digest that does not fit: then the browser runs nothing, and there is no chart."""
    seen = visit(page_of("run"))
    assert seen.page.locator("canvas").count() == 5
    quiet(seen)


def test_names_run_nothing(visit: Any, tmp_path: Path) -> None:
    path = tmp_path / "nasty.html"
    path.write_bytes(html.text_of(nasty_page()).encode())
    seen = visit(path)
    assert seen.page.evaluate("window.hacked") is None
    assert seen.page.title() == reports.NASTY.replace("\u202e", "\ufffd")
    assert seen.page.locator("canvas").count() == 1
    quiet(seen)


# Charts -----------------------------------------------------------------------------------------


def chart_of(seen: Any, name: str) -> tuple[Any, dict[str, Any]]:
    data = seen.page.evaluate("JSON.parse(document.getElementById('report-data').textContent)")
    content = next(chart for chart in data["charts"] if chart["name"] == name)
    figure = seen.page.locator(f"figure#{content['id']}")
    figure.scroll_into_view_if_needed()
    return figure, content


def day_at(seen: Any, figure: Any, share: float) -> int:
    """Point at a chart, so far from its left edge, and read the day."""
    box = figure.locator(".u-over").bounding_box()
    seen.page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
    said = figure.locator(".legend li").first.text_content()
    return int(re.search(r"day (\d+)", said)[1])


def test_pointing_at_a_chart_reads_the_numbers_of_that_day(visit: Any, page_of: Any) -> None:
    """A reading of another day, or of the last one for ever."""
    seen = visit(page_of("run"))
    figure, content = chart_of(seen, "pyramid")
    days = {}
    for share in (0.1, 0.9):
        day = days[share] = day_at(seen, figure, share)
        users = content["lines"][0]
        at = content["x"].index(day)
        said = figure.locator(".legend li").nth(1).text_content()
        assert f"users: {users['v'][at]:,.0f} (" in said or f"{users['v'][at]:.3g} (" in said
        assert figure.locator("input[type=range]").input_value() == str(at)
    assert days == {0.1: 6, 0.9: 53}  # of 0 .. 59


def test_a_chart_is_zoomed_by_dragging_and_by_buttons(visit: Any, page_of: Any) -> None:
    """A drag that does nothing, a way in without a way out."""
    seen = visit(page_of("run"))
    figure, _ = chart_of(seen, "weekly")
    figure, _ = chart_of(seen, "pyramid")
    before = day_at(seen, figure, 0.1)
    box = figure.locator(".u-over").bounding_box()
    middle = box["y"] + box["height"] / 2
    seen.page.mouse.move(box["x"] + 0.5 * box["width"], middle)
    seen.page.mouse.down()
    seen.page.mouse.move(box["x"] + 0.8 * box["width"], middle, steps=4)
    seen.page.mouse.up()
    dragged = day_at(seen, figure, 0.1)
    assert before < 10
    assert 25 < dragged < 40
    seen.page.mouse.dblclick(box["x"] + 0.5 * box["width"], middle)
    assert day_at(seen, figure, 0.1) == before
    figure.locator("[data-zoom=in]").click()
    assert day_at(seen, figure, 0.9) - day_at(seen, figure, 0.1) < 30
    figure.locator("[data-zoom=whole]").click()
    assert day_at(seen, figure, 0.1) == before
    figure.locator("[data-zoom=in]").click()
    figure.locator("[data-zoom=out]").click()
    assert day_at(seen, figure, 0.1) == before
    quiet(seen)


def test_a_chart_is_read_and_changed_without_a_mouse(visit: Any, page_of: Any) -> None:
    """Numbers that only a mouse can reach; a line that cannot be hidden; a scale that stays."""
    seen = visit(page_of("run"))
    figure, content = chart_of(seen, "pyramid")
    slide = figure.locator("input[type=range]")
    slide.focus()
    seen.page.keyboard.press("Home")
    assert "day 0" in figure.locator(".legend li").first.text_content()
    seen.page.keyboard.press("ArrowRight")
    assert "day 1)" in slide.get_attribute("aria-valuetext")
    picture = figure.locator("canvas").screenshot()
    line = figure.locator(".legend button").first
    line.press("Enter")
    assert line.get_attribute("aria-pressed") == "false"
    hidden = figure.locator("canvas").screenshot()
    assert hidden != picture
    figure.locator("[data-log]").press("Enter")
    assert figure.locator("[data-log]").get_attribute("aria-pressed") == "false"
    assert figure.locator("canvas").screenshot() != hidden
    assert content["log"] is True
    quiet(seen)


def test_the_dark_page_draws_other_colours(visit: Any, page_of: Any) -> None:
    """Black lines on black: charts that were drawn for the light page only."""
    seen = visit(page_of("run"), color_scheme="light")
    figure, _ = chart_of(seen, "pyramid")
    light = figure.locator("canvas").evaluate("c => c.toDataURL()")
    seen.page.emulate_media(color_scheme="dark")
    seen.page.wait_for_timeout(200)
    assert figure.locator("canvas").evaluate("c => c.toDataURL()") != light


def test_a_page_can_be_printed(visit: Any, page_of: Any) -> None:
    """Buttons on paper; a dark page printed black."""
    seen = visit(page_of("run"), color_scheme="dark")
    assert seen.page.pdf()[:5] == b"%PDF-"
    seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    seen.page.emulate_media(media="print")
    assert not seen.page.locator(".tools").first.is_visible()
    paper = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    seen.picture("report-run-print")
    quiet(seen)


# Tables -----------------------------------------------------------------------------------------


def test_tables_are_copied_saved_and_searched(visit: Any, page_of: Any) -> None:
    """Copies of the rounded text, files that lose their quotes, a search that hides the wrong."""
    seen = visit(page_of("run"), permissions=["clipboard-read", "clipboard-write"])
    summary = reports.run().summary()
    table = seen.page.locator("table[data-name=summary]")
    place = table.get_attribute("id")
    seen.page.locator(f"[data-copy={place}]").click()
    seen.page.wait_for_function("document.getElementById('said').textContent === 'Copied'")
    copied = seen.page.evaluate("navigator.clipboard.readText()").split("\n")
    assert len(copied) == len(summary) + 1
    assert float(copied[1].split("\t")[1]) == summary["estimate"].iloc[0]
    with seen.page.expect_download() as loading:
        seen.page.locator(f"[data-csv={place}]").click()
    assert loading.value.suggested_filename == "summary.csv"
    with open(loading.value.path(), encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[1][0] == "users at the end"
    assert [float(row[1]) for row in rows[1:4]] == summary["estimate"].tolist()[:3]
    seen.page.locator(f"[data-filter={place}]").fill("LOYAL")
    shown = [row for row in table.locator("tbody tr").all() if row.is_visible()]
    assert 1 < len(shown) < 6
    quiet(seen)


def test_code_is_copied_as_it_stands(visit: Any, page_of: Any) -> None:
    seen = visit(page_of("run"), permissions=["clipboard-read", "clipboard-write"])
    seen.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    block = seen.page.locator("pre", has_text="kb.run(sc")
    seen.page.locator(f"[data-copy={block.get_attribute('id')}]").click()
    seen.page.wait_for_function("document.getElementById('said').textContent === 'Copied'")
    assert seen.page.evaluate("navigator.clipboard.readText()") == block.text_content()

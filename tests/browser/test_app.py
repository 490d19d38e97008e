"""The live page in a real browser, and under twenty visitors: `koubei app` as its users meet it.

Faults it catches: see each test.  They skip by name where marimo, chromium or playwright is absent.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.browser.page_client import PageClient

import koubei_sim as kb
from koubei_sim.app import show
from koubei_sim.app.design import Moved, opened, settings_from
from koubei_sim.app.desk import Desk
from koubei_sim.app.levers import levers_of
from koubei_sim.app.opening import KEY, VALUE, WORLDS
from koubei_sim.app.server import AWAY

pytest.importorskip("marimo", reason="marimo is not installed (the extra app)")
psutil = pytest.importorskip("psutil")

PEOPLE = 400
SOURCES = str(Path(kb.__file__).parents[1])


@contextmanager
def served(*words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The command, running: address and process; ended by SIGTERM, which must leave nothing."""
    command = [sys.executable, "-m", "koubei_sim", "app", "tiny", "--people", str(PEOPLE),
               "--port", "0", *words]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": SOURCES}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"http://\S+", said)
            assert found, said
            yield found[0], process
        finally:
            process.terminate()
            try:
                process.wait(180)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    """Address of a page, for all tests of this file."""
    with served() as (address, _):
        yield address


def shown(seen: Any) -> None:
    seen.page.wait_for_selector("koubei-chart canvas", timeout=90_000)


def numbers(seen: Any) -> Any:
    """What the first chart draws."""
    return seen.page.evaluate("JSON.parse(document.querySelector('koubei-chart').dataset.chart)")


def complete(seen: Any) -> None:
    seen.page.wait_for_function(
        f"document.querySelectorAll('.koubei-table').length == 2 "
        f"&& document.body.innerText.includes('{WORLDS} pairs of worlds,')",
        timeout=90_000,
    )


def test_a_lever_moves_the_picture(
    page: str, visit: Callable[..., Any], axe: Callable[[Any], list[str]]
) -> None:
    """A request that leaves, an error on the console, a lever without effect, poor markup."""
    seen = visit(page)
    shown(seen)
    before, chart = numbers(seen), seen.page.locator("koubei-chart canvas").first
    picture = chart.screenshot()
    purity = seen.page.locator("[role=slider]").first
    purity.focus()
    for _ in range(4):
        purity.press("PageDown")
    complete(seen)
    assert numbers(seen)["chart"]["lines"] != before["chart"]["lines"]
    assert chart.screenshot() != picture
    assert seen.page.locator("koubei-chart canvas").count() == 3
    said = seen.page.locator(".koubei-results").inner_text()
    steps = levers_of(kb.Scenario.load("tiny"))[0].steps
    value = min(steps, key=lambda step: abs(step - 0.4))
    assert table_of(value) in seen.page.locator(".koubei-results").inner_html()
    assert "Both designs on the same luck" in said and "Which design to take" in said
    assert seen.left == []
    assert [line for line in seen.console if line.startswith("error")] == []
    # What marimo puts beside the page is in no landmark; all else, its buttons too, has names.
    assert [line for line in axe(seen.page) if not line.startswith("moderate: region")] == []
    seen.picture("app_1280")


def test_a_chart_keeps_what_its_reader_has_set(page: str, visit: Callable[..., Any]) -> None:
    """A zoom, a hidden line or a linear scale that a new setting takes back; lost focus."""
    seen = visit(page)
    shown(seen)
    chart = seen.page.locator("koubei-chart").first
    chart.locator("[data-log]").click()
    chart.locator(".legend button").last.click()
    chart.locator("[data-zoom=in]").click()
    slide = chart.locator("input[type=range]")
    slide.focus()
    slide.press("Home")
    before = numbers(seen)
    seen.page.evaluate(  # as a lever does, but the focus stays in the chart
        """() => {const chart = document.querySelector('koubei-chart');
        const named = '"lines":[{"t":"';
        chart.dataset.chart = chart.dataset.chart.replace(named, named + "new ");}"""
    )
    assert numbers(seen) != before
    assert "new " in chart.locator(".legend").inner_text()
    assert chart.locator("[data-log]").get_attribute("aria-pressed") == "false"
    assert chart.locator(".legend button").last.get_attribute("aria-pressed") == "false"
    assert "day 0)" in chart.locator(".legend li").first.inner_text()
    assert slide.evaluate("field => field === document.activeElement")
    scale = chart.evaluate("chart => chart.drawn.plot.scales.x")
    assert scale["max"] - scale["min"] < 0.6 * before["chart"]["x"][-1]


def test_a_phone_can_use_it(page: str, visit: Callable[..., Any]) -> None:
    """Results that reach beyond the screen, levers that a phone does not show."""
    seen = visit(page, width=390, height=844)
    shown(seen)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
    box = seen.page.locator("koubei-chart canvas").first.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    seen.page.get_by_role("button", name="Levers", exact=True).click()
    purity = seen.page.locator("[role=dialog] [role=slider]").first
    purity.wait_for()
    purity.focus()
    purity.press("PageDown")
    seen.picture("app_390_levers")
    seen.page.mouse.click(380, 600)  # beside the levers: they go
    purity.wait_for(state="detached")
    complete(seen)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
    seen.picture("app_390")


def test_it_speaks_chinese(page: str, visit: Callable[..., Any]) -> None:
    """A language that is chosen and not spoken, or that loses what was moved."""
    seen = visit(page)
    shown(seen)
    purity = seen.page.locator("[role=slider]").first
    purity.focus()
    purity.press("PageDown")
    complete(seen)
    seen.page.locator("select").first.select_option(label="中文")
    seen.page.wait_for_selector("text=同一运气下的两个设计", timeout=90_000)
    moved = float(seen.page.locator("[role=slider]").first.get_attribute("aria-valuenow"))
    steps = levers_of(kb.Scenario.load("tiny"))[0].steps
    assert steps[int(moved)] == pytest.approx(0.7)
    assert seen.page.evaluate("document.documentElement.lang") == "zh"
    assert seen.page.get_by_role("button", name="收起或展开杠杆").count() == 1
    seen.picture("app_zh")


def test_bad_uploads_are_refused_on_the_page(
    page: str, visit: Callable[..., Any], tmp_path: Path
) -> None:
    """A traceback on the page, a file of the server that is read, a page that is dead then."""
    seen = visit(page)
    shown(seen)
    upload = seen.page.locator("input[type=file]").first
    for name, text, says in (
        ("files", 'agents_table = "/etc/passwd"', "names a file of its own"),
        ("half", "name = ", "not valid TOML"),
        ("script", "<script>alert(1)</script>", "script.toml: not valid TOML"),
    ):
        file = tmp_path / f"{name}.toml"
        file.write_text(text, encoding="utf-8")
        upload.set_input_files(str(file))
        seen.page.wait_for_selector(f".koubei-wrong:has-text('{says}')", timeout=60_000)
        assert "Traceback" not in seen.page.inner_text("body")
    good = tmp_path / "mine.toml"
    small = kb.Scenario.load("tiny").replace(title="Mine", n_agents=300)
    good.write_text(small.to_toml(), encoding="utf-8")
    upload.set_input_files(str(good))
    title = seen.page.locator("h2:has-text('Mine')").locator("visible=true")
    title.wait_for(timeout=60_000)
    seen.page.wait_for_selector("text=300 people each", timeout=60_000)


def test_everything_can_be_taken_along(
    page: str, visit: Callable[..., Any], tmp_path: Path
) -> None:
    """A download of another setting than what is seen, or of nothing."""
    seen = visit(page, accept_downloads=True)
    shown(seen)
    purity = seen.page.locator("[role=slider]").first
    purity.focus()
    purity.press("PageDown")
    complete(seen)
    texts = {}
    for label in ("Scenario (TOML)", "Python that makes it again", "Table (CSV)"):
        with seen.page.expect_download(timeout=60_000) as taken:
            seen.page.get_by_text(label).first.click()
        texts[label] = Path(taken.value.path()).read_text(encoding="utf-8")
    toml = tomllib.loads(texts["Scenario (TOML)"])
    assert toml["seeding"]["purity"] == pytest.approx(0.7) and toml["n_agents"] == PEOPLE
    assert '"seeding.purity": 0.7' in texts["Python that makes it again"]
    assert texts["Table (CSV)"].startswith("outcome,") and "\nusers," in texts["Table (CSV)"]


def test_a_design_is_kept(page: str, visit: Callable[..., Any]) -> None:
    """A button that does nothing, or moves the levers back."""
    seen = visit(page)
    shown(seen)
    purity = seen.page.locator("[role=slider]").first
    purity.focus()
    purity.press("PageDown")
    complete(seen)
    seen.page.get_by_text("Compare with this design from now on").first.click()
    seen.page.wait_for_function(
        "document.body.innerText.includes('Your design is the one it is compared with')",
        timeout=60_000,
    )
    purity = seen.page.locator("[role=slider]").first
    purity.focus()
    purity.press("PageDown")
    complete(seen)
    assert "the kept design" in seen.page.locator(".koubei-results").inner_text()
    assert table_of(0.6, Moved((("seeding.purity", 0.7),))) in (
        seen.page.locator(".koubei-results").inner_html()
    )


def test_a_move_is_answered_with_what_is_new(page: str) -> None:
    """Levers that are all drawn anew with every move, a first look that is left out."""
    visitor = PageClient(page)
    try:
        visitor.until(lambda html: "so far" in html or f"{WORLDS} pairs of worlds," in html)
        drawn = visitor.drawn
        assert drawn > 0
        visitor.seen.clear()
        visitor.send("purity", 33)
        visitor.until(lambda html: html.count('class="koubei-table"') == 2 and "worlds," in html)
        assert any("One pair has no interval" in html for html in visitor.seen)
        assert visitor.drawn == drawn
    finally:
        visitor.close()


# The door -----------------------------------------------------------------------------------------


def asked(address: str, **headers: str) -> tuple[int, str]:
    """Status of an answer, and where it sends one to."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.build_opener(Stay).open(request, timeout=60) as page:
            return int(page.status), ""
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("location", "")


def test_other_hosts_need_the_token() -> None:
    """A page that opens without its word, or with another; a word that is not told."""
    with served("--host", "0.0.0.0") as (address, process):
        home, _, token = address.replace("0.0.0.0", "127.0.0.1").partition("?access_token=")
        assert len(token) > 20
        assert asked(home) == (303, "/auth/login?next=%2F")
        assert asked(f"{home}?access_token={token[:-1]}")[1].startswith("/auth/login")
        assert asked(home, Authorization="Bearer wrong")[0] == 303
        assert asked(home, Authorization=f"Bearer {token}") == (200, "")
        status, goes = asked(f"{home}?access_token={token}")
        assert status == 303 and "login" not in goes and token not in goes
        with pytest.raises(Exception, match=r"HTTP 40\d|rejected"):
            PageClient(home, wait=20)
        assert asked(f"{home}?access_token={token}", Origin="http://evil.example")[0] == 403
        assert process.poll() is None


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to(how: signal.Signals) -> None:
    """A process that stays, with a visitor and a run in it; a port that stays taken."""
    with served() as (address, process):
        visitor = PageClient(address)
        visitor.until(lambda html: "koubei-chart" in html)
        visitor.send("people simulated", 200_000)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(how)
        status = process.wait(180)  # a few seconds; on a machine with much else to do, many
        assert status == {signal.SIGTERM: -signal.SIGTERM, signal.SIGINT: 130}[how]
        assert not any(child.is_running() for child in children)
        port = int(address.rstrip("/").rpartition(":")[2])
        with socket.socket() as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(("127.0.0.1", port))


@pytest.mark.slow
def test_who_closes_the_page_stops_its_run() -> None:
    """A run of hours that goes on for a visitor who has gone."""
    with served() as (address, process):
        visitor = PageClient(address)
        visitor.until(lambda html: "koubei-chart" in html)
        visitor.send("people simulated", 400_000)
        time.sleep(2.0)
        visitor.close()
        time.sleep(AWAY + 1.0)
        inside, end = psutil.Process(process.pid), time.monotonic() + 60
        while True:
            before = inside.cpu_times()
            time.sleep(2.0)
            after = inside.cpu_times()
            if after.user + after.system - before.user - before.system < 0.3:
                break
            assert time.monotonic() < end, "still at work"


# Twenty visitors ----------------------------------------------------------------------------------


def table_of(purity: float, first: Moved | None = None, desk: Desk | None = None) -> str:
    """The table of findings that a visitor must see in the end, made by the library itself."""
    tiny = opened("tiny")
    found = settings_from(
        tiny, PEOPLE, tiny.scenario.ticks, WORLDS, KEY, {"seeding.purity": purity}, [],
        first or Moved(), VALUE, 0.0,
    )  # fmt: skip
    return show.findings(list((desk or Desk()).answers(found))[-1], "en")


@pytest.mark.slow
def test_twenty_visitors_lose_nothing() -> None:
    """A setting that is lost, an answer to another one or to another visitor, memory that grows."""
    steps = levers_of(kb.Scenario.load("tiny"))[0].steps
    with served() as (address, process):
        inside = psutil.Process(process.pid)
        visitors = [PageClient(address) for _ in range(20)]
        for visitor in visitors:
            visitor.until(lambda html: f"{WORLDS} pairs of worlds," in html)
        before = inside.memory_info().rss
        for turn in range(5):
            for number, visitor in enumerate(visitors):
                visitor.send("purity", (number * 13 + turn * 7) % 75)
            time.sleep(0.3)
        last = [4 * number + 1 for number in range(20)]  # 0.8, the scenario's own, is 80
        for visitor, step in zip(visitors, last, strict=True):
            visitor.send("purity", step)
        desk = Desk()
        for visitor, step in zip(visitors, last, strict=True):
            wanted = table_of(steps[step], desk=desk)
            visitor.until(lambda html, wanted=wanted: wanted in html, wait=900.0)
        assert inside.memory_info().rss - before < 600e6
        for visitor in visitors:
            visitor.close()

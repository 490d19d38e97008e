"""Time what a visitor of the live page waits for: first paint, lever to picture, a full house.

``python -m benchmarks.bench_app [--people 100000] [--moves 20] [--visitors 20]``.  Serves the page
and looks at it in chromium: when something is seen and when the levers can be moved (of a fresh
server, and once more), and how long a new picture takes after a move of purity, by the clock and in
processor time of the server, which says what a quiet machine would take.  Then visitors without a
browser who all move their levers: how long until each has an answer to his last setting.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
from tests.browser.page_client import PageClient

import koubei_sim as kb
from koubei_sim.app import show
from koubei_sim.app.design import Moved, opened, settings_from
from koubei_sim.app.desk import Desk
from koubei_sim.app.levers import levers_of
from koubei_sim.app.opening import KEY, VALUE, WORLDS

SOURCES = str(Path(__file__).resolve().parents[1] / "src")
PICTURE = "koubei-chart"
NUMBERS = "data-chart"
TURNS = 5  # moves of each visitor of a full house
NEW = (
    "before => {const chart = document.querySelector('koubei-chart');"
    " return chart && chart.dataset.chart !== before && chart.querySelector('canvas')}"
)


def served(people: int, preset: str) -> tuple[subprocess.Popen[str], str, float]:
    """Start the command; return it, its address, and the seconds until it listened."""
    begin = time.perf_counter()
    words = ["-m", "koubei_sim", "app", preset, "--port", "0", "--people", str(people)]
    process = subprocess.Popen(
        [sys.executable, *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": SOURCES},
    )
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found
    return process, found[0], time.perf_counter() - begin


def paint(browser: Any, address: str, word: str) -> Any:
    """Open the page; print when it was seen, could be used and had its picture."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    begin = time.perf_counter()
    page.goto(address)
    page.wait_for_selector("[role=slider]", timeout=120_000)
    usable = time.perf_counter() - begin
    page.wait_for_selector(PICTURE, timeout=300_000)
    picture = time.perf_counter() - begin
    first = page.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"
    )
    print(
        f"{word}: first paint {first / 1000:.2f} s, levers {usable:.2f} s, picture {picture:.2f} s"
    )
    return page


def moves(page: Any, server: psutil.Process, number: int) -> None:
    """Move purity; print how long pictures take."""
    page.wait_for_selector("text=pairs of worlds,", timeout=300_000)
    purity = page.locator("[role=slider]").first
    purity.focus()
    walls, processors = [], []
    for turn in range(number):
        if turn % 8 == 0:  # values that were not run before
            purity.press("End")
            for _ in range(turn // 8):
                purity.press("ArrowLeft")
            page.wait_for_timeout(6_000)
        before = page.locator(PICTURE).first.get_attribute(NUMBERS)
        spent = server.cpu_times()
        begin = time.perf_counter()
        purity.press("PageDown")
        page.wait_for_function(NEW, arg=before, timeout=120_000, polling=20)
        walls.append(time.perf_counter() - begin)
        now = server.cpu_times()
        processors.append(now.user + now.system - spent.user - spent.system)
        page.wait_for_timeout(500)
    for word, found in (("picture", walls), ("processor", processors)):
        cut = statistics.quantiles(found, n=10)
        print(
            f"  lever to {word}: median {statistics.median(found):.2f} s, "
            f"10-90 % {cut[0]:.2f}..{cut[8]:.2f}, most {max(found):.2f}"
        )


def full_house(address: str, server: psutil.Process, words: argparse.Namespace) -> None:
    """Let visitors click; print how long they wait, what it takes, and whether all is right."""
    number = words.visitors
    steps = levers_of(kb.Scenario.load(words.preset))[0].steps
    visitors = [PageClient(address) for _ in range(number)]
    for visitor in visitors:
        visitor.until(lambda html: "pairs of worlds," in html, wait=600.0)
    before, most = server.memory_info().rss, 0
    begin = time.perf_counter()
    for turn in range(TURNS):
        for place, visitor in enumerate(visitors):
            visitor.send("purity", step_of(place, turn))
        most = max(most, server.memory_info().rss)
        time.sleep(0.5)
    clicked = time.perf_counter()
    for visitor in visitors:
        visitor.html = ""  # what comes from here on answers the last move
    waits = []
    for visitor in visitors:
        visitor.until(lambda html: html.count('class="koubei-table"') == 2, wait=600.0)
        waits.append(time.perf_counter() - clicked)
        most = max(most, server.memory_info().rss)
    for visitor in visitors:
        visitor.until(lambda html: "pairs of worlds," in html, wait=600.0)
        most = max(most, server.memory_info().rss)
    whole = time.perf_counter() - clicked
    for visitor in visitors:
        visitor.close()
    right = sum(
        first_look(words, steps[step_of(place, TURNS - 1)]) in "".join(visitor.seen)
        for place, visitor in enumerate(visitors)
    )
    print(
        f"{number} visitors, {TURNS * number} moves in {clicked - begin:.1f} s: first looks of all "
        f"after {max(waits):.1f} s more, all worlds after {whole:.1f} s; {right} of {number} were "
        f"shown what the library finds for their last move; memory {before / 2**20:.0f} MiB, at "
        f"most {most / 2**20:.0f} MiB"
    )


def step_of(place: int, turn: int) -> int:
    """Return the step of purity to which a visitor moves; the last ones all differ."""
    return (4 * place + 11 * turn) % 80


def first_look(words: argparse.Namespace, purity: float) -> str:
    """Return the table that a visitor must see after one pair of worlds, made by the library."""
    source = opened(words.preset)
    found = settings_from(
        source, words.people, source.scenario.ticks, WORLDS, KEY, {"seeding.purity": purity}, [],
        Moved(), VALUE, 0.0,
    )  # fmt: skip
    return show.findings(next(Desk().answers(found)), "en")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--preset", default="xiaomi")
    parser.add_argument("--moves", type=int, default=16)
    parser.add_argument("--visitors", type=int, default=20)
    words = parser.parse_args()
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    load = os.getloadavg()[0]
    print(f"{words.preset}, {words.people:,} people, {os.cpu_count()} processors, load {load:.1f}")
    process, address, seconds = served(words.people, words.preset)
    print(f"the server listens after {seconds:.1f} s")
    try:
        server = psutil.Process(process.pid)
        with sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            paint(browser, address, "fresh server, fresh browser")
            page = paint(browser, address, "once more")
            moves(page, server, words.moves)
            browser.close()
        if words.visitors:
            full_house(address, server, words)
    finally:
        process.terminate()
        process.wait(20)
    print(f"load at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()

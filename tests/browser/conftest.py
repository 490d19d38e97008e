"""A real browser for the pages that the library writes: Debian's chromium, headless, no network.

`visit` opens a page and keeps what a reader would never see: every request that left for another
host and every line of the console.  `axe` runs the accessibility checks of axe-core.  Tests of this
folder skip by name where chromium, playwright or axe-core is absent (`make browser-tools` installs
the last two).  Called by the tests of reports, of the live page and of the documentation.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest

AXE = Path(sys.prefix) / "share" / "axe-core" / "axe.min.js"
SCREENSHOTS = "KOUBEI_SCREENSHOTS"  # a folder in which `Visit.picture` keeps what it saw
AT_HOME = {"", "localhost", "127.0.0.1", "::1"}


@dataclass
class Visit:
    """A page that was opened, and what happened beside it."""

    page: Any
    left: list[str] = field(default_factory=list)  # addresses asked for on other hosts
    console: list[str] = field(default_factory=list)  # errors and warnings of the console

    def picture(self, name: str) -> bytes:
        """Return the whole page as PNG; kept as NAME.png where KOUBEI_SCREENSHOTS is set."""
        picture: bytes = self.page.screenshot(full_page=True)
        if os.environ.get(SCREENSHOTS):
            folder = Path(os.environ[SCREENSHOTS])
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.png").write_bytes(picture)
        return picture


def chromium() -> str:
    """Return the path of chromium, or skip the test."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("no chromium is here (Debian: apt install chromium)")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window; one for all tests of a worker."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = chromium()
    with api.sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield started
        started.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Visit]]:
    """A function address, width=1280 -> Visit; requests to other hosts are noted and refused."""
    contexts = []

    def open_page(
        address: str | Path, width: int = 1280, height: int = 900, **options: Any
    ) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        seen = Visit(context.new_page())

        def gate(route: Any) -> None:
            url = route.request.url
            host = urlparse(url).hostname or ""
            if host in AT_HOME or url.startswith(("data:", "blob:")):
                route.continue_()
            else:
                seen.left.append(url)
                route.abort()

        context.route("**/*", gate)
        seen.page.on(
            "console",
            lambda line: (
                seen.console.append(f"{line.type}: {line.text}")
                if line.type in ("error", "warning")
                else None
            ),
        )
        seen.page.on("pageerror", lambda error: seen.console.append(f"error: {error}"))
        seen.page.goto(address.as_uri() if isinstance(address, Path) else address)
        return seen

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def axe() -> Callable[[Any], list[str]]:
    """A function page -> what axe-core finds wrong, one line a rule."""
    if not AXE.is_file():
        pytest.skip("axe-core is not here (make browser-tools)")

    def check(page: Any) -> list[str]:
        page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run()")
        return [
            f"{rule['impact']}: {rule['id']}: {rule['help']}: "
            + "; ".join(str(node["target"][0]) for node in rule["nodes"][:5])
            for rule in found["violations"]
        ]

    return check

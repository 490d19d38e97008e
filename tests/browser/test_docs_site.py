"""The documentation site in a real browser: nothing leaves it, it searches offline, it can be read.

`make docs-check` names the folder of the site that it has built; skips where no folder is named.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

HTML = Path(os.environ.get("KOUBEI_SITE", "")).resolve()
pytestmark = pytest.mark.skipif(
    "KOUBEI_SITE" not in os.environ, reason="make docs-check looks at the site that it has built"
)
PAGES = (
    "index", "tutorial", "gallery", "how-to", "seeding", "model", "model-document", "api/index",
    "api/studies", "parameters", "experiments/E1/README", "notebooks/01_quickstart", "CHANGELOG",
    "search",
)  # fmt: skip
#: What people look for -> a page that must be among the first five found.
ASKED = {
    "edge list labels": "your-data",
    "maximise": "seeding",
    "sweep": "studies",
    "forecast": "calibration",
    "cluster": "clusters",
    "Chinese": "pictures",
    "referral": "evidence",
    "seeding.purity": "parameters",
}
#: Rules of axe-core that the theme breaks (label of its search button, arrows that unfold the
#: sidebar) and Sphinx (signatures of several lines are lists of definitions without terms).
OF_THE_THEME = ("label-content-name-mismatch", "summary-name", "definition-list")


class _Quiet(SimpleHTTPRequestHandler):
    """Files of the site, without a line a request."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The site on this machine alone."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(HTML)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("name", PAGES)
def test_pages_load_nothing_from_elsewhere_and_fit_a_telephone(visit: Any, name: str) -> None:
    """Catches a font or script of another host, an error, and a page wider than its screen."""
    seen = visit(HTML / f"{name}.html", width=390)
    seen.page.wait_for_load_state("networkidle")
    assert seen.left == [] and seen.console == []
    wide = seen.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"{wide} pixels beyond the screen"
    seen.picture(f"docs-{name.replace('/', '-')}-390")


def found_by(page: Any) -> list[str]:
    """Addresses of what a search has found, once it has ended."""
    page.wait_for_function(
        "document.querySelector('#search-results .search-summary')?.textContent.trim() &&"
        " !document.querySelector('#search-results h2')?.textContent.includes('Searching')"
    )
    links: list[str] = page.eval_on_selector_all(
        "#search-results ul.search a", "all => all.map(one => one.getAttribute('href'))"
    )
    return links


@pytest.mark.parametrize("where", ["served", "file"])
def test_the_search_works_without_a_network(visit: Any, address: str, where: str) -> None:
    """Catches a search that needs a server elsewhere, errors, or finds the page too late."""
    base = address if where == "served" else HTML.as_uri()
    asked = list(ASKED.items()) if where == "served" else list(ASKED.items())[:2]
    for words, wanted in asked:
        seen = visit(f"{base}/search.html?q={words.replace(' ', '+')}")
        links = found_by(seen.page)
        pages = list(dict.fromkeys(link.partition("#")[0].partition("?")[0] for link in links))
        assert any(wanted in page for page in pages[:5]), (words, pages[:8])
        assert seen.left == []
        # From a folder a browser lets no page read another, so extracts of text are missing there.
        unread = ("fetch", "ERR_FAILED") if where == "file" else ()
        assert [line for line in seen.console if not any(word in line for word in unread)] == []


@pytest.mark.parametrize("name", ["index", "how-to", "api/plots"])
def test_pages_can_be_used_by_everybody(visit: Any, axe: Any, name: str) -> None:
    """Catches pictures without words, faint text, and tables that cannot be scrolled by keys."""
    for scheme in ("light", "dark") if name == "index" else ("light",):
        seen = visit(HTML / f"{name}.html", color_scheme=scheme)
        faults = [fault for fault in axe(seen.page) if fault.split(": ")[1] not in OF_THE_THEME]
        assert faults == []

"""The browser of these tests sees what it must: requests that leave, errors, poor contrast.

Faults it catches: a gate that lets every request through, a console that nobody reads, checks of
accessibility that always pass.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

BAD = """<!doctype html><html><head><title>t</title></head><body>
<img src="https://example.org/picture.png"><script>console.error("seen"); missing();</script>
</body></html>"""
GOOD = """<!doctype html><html lang="en"><head><title>A page</title></head><body>
<main><h1>A page</h1><p>Nothing is wrong here.</p></main></body></html>"""


def test_a_bad_page_is_seen(
    tmp_path: Path, visit: Callable[..., Any], axe: Callable[[Any], list[str]]
) -> None:
    page = tmp_path / "bad.html"
    page.write_text(BAD, encoding="utf-8")
    seen = visit(page)
    assert seen.left == ["https://example.org/picture.png"]
    assert any("seen" in line for line in seen.console)
    assert any("missing is not defined" in line for line in seen.console)
    found = axe(seen.page)
    assert any("image-alt" in line for line in found)
    assert any("html-has-lang" in line for line in found)


def test_a_good_page_is_good(
    tmp_path: Path, visit: Callable[..., Any], axe: Callable[[Any], list[str]]
) -> None:
    page = tmp_path / "good.html"
    page.write_text(GOOD, encoding="utf-8")
    seen = visit(page)
    assert (seen.left, seen.console, axe(seen.page)) == ([], [], [])
    assert seen.picture("good").startswith(b"\x89PNG")

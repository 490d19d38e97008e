"""Read the built site as a browser would and name what is dead: links, anchors, foreign addresses.

Every link and every picture of every page must lead to a file of the site, and its anchor to an
element there; scripts, styles and pictures must come from the site itself.  Links of readers to
other hosts are counted, not opened.  Called by `make_site.py` and by the tests.
"""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: What a page loads by itself: element -> attribute.
LOADED = {"script": "src", "img": "src", "source": "src", "iframe": "src", "link": "href"}
#: Kinds of <link> that only say something and load nothing.
SAID = {"canonical", "author", "index", "search", "next", "prev", "copyright"}
_IMPORTED = re.compile(r"(?:url\(|@import)\s*['\"]?\s*((?:https?:)?//[^'\")\s]+)")


class Page(HTMLParser):
    """What a page refers to, and the anchors that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif LOADED.get(tag) in given and not set(given.get("rel", "").split()) & SAID:
            self.loads.append(given[LOADED[tag]])
        self.loads += _IMPORTED.findall(given.get("style", ""))


def read(path: Path) -> Page:
    """Return what a page refers to."""
    page = Page()
    page.feed(path.read_text("utf-8"))
    return page


def pages(html: Path) -> list[Path]:
    """Return the pages of a site: what the theme keeps among its own files is none."""
    found = sorted(html.rglob("*.html"))
    return [path for path in found if "_static" not in path.relative_to(html).parts]


def faults(html: Path) -> list[str]:
    """Return what is dead or comes from elsewhere, one line each.

    Parameters
    ----------
    html : Path
        Folder of the built site.
    """
    known = cache(read)
    found = []
    for path in pages(html):
        page, name = known(path), path.relative_to(html)
        for target in dict.fromkeys([*page.links, *page.loads]):
            parts = urlsplit(target)
            if parts.scheme in ("mailto", "data", "javascript"):
                continue
            if parts.scheme or parts.netloc:
                if target in page.loads:
                    found.append(f"{name}: loads from another host: {target}")
                elif parts.scheme not in ("http", "https") or "." not in parts.netloc:
                    found.append(f"{name}: not an address: {target}")
                continue
            goal = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            goal = goal / "index.html" if goal.is_dir() else goal
            if not goal.is_file() or not goal.is_relative_to(html.resolve()):
                found.append(f"{name}: dead link: {target}")
            elif parts.fragment and goal.suffix == ".html":
                missing = unquote(parts.fragment) not in known(goal).anchors
                found += [f"{name}: no such anchor: {target}"] if missing else []
    for path in sorted(html.rglob("*.css")):
        for target in _IMPORTED.findall(path.read_text("utf-8")):
            found.append(f"{path.relative_to(html)}: loads from another host: {target}")
    return found


def outside(html: Path) -> list[str]:
    """Return the addresses of other hosts that readers may follow."""
    links = {link for path in pages(html) for link in read(path).links}
    return sorted(link for link in links if link.startswith(("http:", "https:")))


def summary(html: Path, found: list[str]) -> str:
    """Say in one line what was looked at."""
    links = sum(len(read(path).links) for path in pages(html))
    size = sum(path.stat().st_size for path in html.rglob("*") if path.is_file())
    return (
        f"docs: {len(pages(html))} pages, {links} links, {len(found)} faults, "
        f"{len(outside(html))} addresses elsewhere (not opened), {size / 1e6:.0f} MB: {html}"
    )

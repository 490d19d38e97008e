"""A page as one HTML file that needs nothing else: styles, script, charts and numbers are in it.

Whatever a person wrote (names, notes, labels) is text, never markup; a content security policy lets
the browser run only the script of this file and fetch nothing.  The same page gives the same bytes.
Called by `door`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib import resources
from typing import Any, Final, NamedTuple

import numpy as np

from koubei_sim._version import __version__
from koubei_sim.reports import dots
from koubei_sim.reports.numbers import shown
from koubei_sim.reports.page import (
    Block,
    Cell,
    Curves,
    Dots,
    Figures,
    Line,
    Listing,
    Page,
    Section,
    Table,
)
from koubei_sim.reports.words import Words

#: Bytes that a file has at most, whatever was found: it goes by mail, and opens on a phone.
MOST_BYTES: Final = 395_000
#: Days of a chart and rows of a table that stand in the file.
POINTS: Final = 240
ROWS: Final = 400


class Caps(NamedTuple):
    """How much of each kind of block stands in the file; the workbook and Python have all."""

    rows: int = ROWS  # of a table
    folded: int = ROWS  # of a table of a folded section: assumptions are wanted whole
    dots: int = dots.MOST  # of a drawing of estimates
    points: int = POINTS  # of a chart
    lines: int = 10_000  # of a listing
    blocks: int = 10_000  # of a section


_FEWER: Final = tuple(round(ROWS * 0.8**step) for step in range(17))  # 400, 320, ... 11
#: From all there is to next to nothing: the first that fits is taken.  Tables give way first.
_LADDER: Final = (
    *map(Caps, _FEWER),
    *(Caps(_FEWER[-1], rows) for rows in _FEWER[1:]),
    Caps(10, 10, 40, 160), Caps(10, 10, 20, 80), Caps(10, 10, 10, 40), Caps(8, 8, 8, 30, 800),
    *(Caps(8, 8, 8, 30, 400, blocks) for blocks in (32, 16, 8, 4)), Caps(4, 4, 4, 20, 100, 2),
)  # fmt: skip
#: Tables of more rows than this have a field to look for rows.
_FILTERED: Final = 12
#: Signs that have no place in a document, or that would turn round the text behind a name.
_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


@cache
def _asset(name: str) -> str:
    folder = resources.files("koubei_sim.reports") / "assets"
    return (folder / name).read_text(encoding="utf-8").strip()


def _script_of_charts() -> str:
    licence = _asset("uPlot.LICENSE.txt").replace("*/", "* /")
    return f"/*\n{licence}\n*/\n{_asset('uPlot.iife.min.js')}\n{_asset('chart.js')}\n"


@cache
def _script() -> tuple[str, str]:
    """Return the script of every page, and the digest by which the policy knows it."""
    text = f"{_script_of_charts()}{_asset('report.js')}\n"
    digest = hashlib.sha256(text.encode()).digest()
    return text, "sha256-" + base64.b64encode(digest).decode()


def text_of(page: Page) -> str:
    """Return a page as the text of an HTML file of at most `MOST_BYTES`.

    Where more was found, the longest tables are cut, then drawings and charts; the page says so.

    Examples
    --------
    >>> text_of(Page("a < b", "", "en", ())).count("a &lt; b")
    2
    """
    whole = _text_with(page, _LADDER[0])
    if _fits(whole):
        return whole
    at = bisect_left(_LADDER, True, lo=1, key=lambda caps: _fits(_text_with(page, caps)))
    return _text_with(page, _LADDER[min(at, len(_LADDER) - 1)])


def _fits(text: str) -> bool:
    return len(text.encode("utf-8")) <= MOST_BYTES


def _text_with(page: Page, caps: Caps) -> str:
    """Return the text with so much of each block in it."""
    say = Words(page.lang)
    script, digest = _script()
    policy = (
        f"default-src 'none'; script-src '{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    charts: list[dict[str, Any]] = []
    parts = [_section(part, at, say, charts, caps) for at, part in enumerate(page.sections)]
    contents = "".join(
        f'<li><a href="#part-{at}">{_text(part.title)}</a></li>'
        for at, part in enumerate(page.sections)
    )
    data = {
        "lang": page.lang,
        "charts": charts,
        "words": {word: say(word) for word in ("copied", "not_copied")},
    }
    # "<" would end the element that holds the data, whatever JSON says.
    numbers = _json(data).replace("<", "\\u003c")
    lead = f'<p class="lead">{_text(page.lead)}</p>' if page.lead else ""
    usage = f'<p class="usage">{say("how_to_use")}</p>' if charts else ""
    noscript = f"<noscript><p>{say('no_script')}</p></noscript>" if charts else ""
    title = _text(page.title)
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh-CN" if page.lang == "zh" else "en"}">\n<head>\n'
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<meta name="generator" content="koubei_sim {__version__}">\n<title>{title}</title>\n'
        f"<style>\n{_asset('uPlot.min.css')}\n{_asset('chart.css')}\n"
        f"{_asset('report.css')}\n</style>\n</head>\n<body>\n"
        f'<header><h1>{title}</h1>{lead}<nav aria-label="{say("contents")}"><ul>{contents}</ul>'
        f"</nav></header>\n<main>\n{usage}{noscript}{''.join(parts)}</main>\n"
        f"<footer><p>{say('made_with', version=__version__)}</p>{_licence(say, charts)}</footer>\n"
        '<p id="said" role="status" class="unseen"></p>\n'
        f'<script type="application/json" id="report-data">{numbers}</script>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def _json(data: Any) -> str:
    return _clean(json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False))


# On a page of others ------------------------------------------------------------------------------


def head(within: str) -> str:
    """Return what the head of another page needs before it can show blocks (`embedded`).

    Parameters
    ----------
    within : str
        A selector: the look of blocks is that of what stands inside, and of nothing else.
    """
    look = _asset("chart.css").replace(":root", "&")
    return (
        f"<style>\n{_asset('uPlot.min.css')}\n{within} {{\n{look}\n}}\n</style>\n"
        f"<script>{_script_of_charts()}{_asset('embedded.js')}\n</script>"
    )


def embedded(block: Block, place: str, lang: str) -> str:
    """Return a block as a part of another page, which has `head` in its own.

    Parameters
    ----------
    block : Block
    place : str
        Its id on that page.
    lang : {"en", "zh"}

    Examples
    --------
    >>> from koubei_sim.reports.page import Sentences
    >>> embedded(Sentences(["a < b"]), "said", "en")
    '<ul class="findings"><li>a &lt; b</li></ul>'
    """
    charts: list[dict[str, Any]] = []
    html = _block(block, place, Words(lang), charts, Caps())
    if not charts:
        return html
    data = _json({"lang": lang, "html": html, "chart": charts[0]})
    return f'<koubei-chart data-chart="{escape(data)}"></koubei-chart>'


def _licence(say: Words, charts: list[dict[str, Any]]) -> str:
    if not charts:
        return ""
    licence = escape(_asset("uPlot.LICENSE.txt"))
    return (
        f'<details><summary>{say("licence")}</summary><pre tabindex="0">{licence}</pre></details>'
    )


def _clean(text: str) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _text(text: Any) -> str:
    """Return text that stands for itself, between tags and in attributes."""
    return escape(_clean(str(text)))


def _section(part: Section, at: int, say: Words, charts: list[dict[str, Any]], caps: Caps) -> str:
    if part.folded:
        caps = caps._replace(rows=caps.folded)
    inner = "".join(
        _block(block, f"b{at}-{k}", say, charts, caps)
        for k, block in enumerate(part.blocks[: caps.blocks])
    )
    if len(part.blocks) > caps.blocks:
        inner += _note(say("blocks_shown", shown=caps.blocks, blocks=len(part.blocks)))
    head = f'<h2 id="part-{at}">{_text(part.title)}</h2>'
    if part.folded:
        return f"<section><details><summary>{head}</summary>{inner}</details></section>\n"
    return f"<section>{head}{inner}</section>\n"


def _note(text: str) -> str:
    return f'<p class="note">{_text(text)}</p>' if text else ""


def _block(block: Block, place: str, say: Words, charts: list[dict[str, Any]], caps: Caps) -> str:
    if isinstance(block, Table):
        return _table(block, place, say, caps.rows)
    if isinstance(block, Curves):
        return _curves(block, place, say, charts, caps.points)
    if isinstance(block, Dots):
        return _dots(block, place, say, caps.dots)
    if isinstance(block, Listing):
        return _listing(block, place, say, caps.lines)
    if isinstance(block, Figures):
        cells = "".join(
            f"<div><dt>{_text(name)}</dt><dd><b>{_text(number)}</b><span>{_text(rest)}</span></dd>"
            "</div>"
            for name, number, rest in block.entries
        )
        return f'<dl class="figures">{cells}</dl>'
    if not block.texts:
        return ""
    kind = "mind" if block.warning else "findings"
    return f'<ul class="{kind}">{"".join(f"<li>{_text(one)}</li>" for one in block.texts)}</ul>'


def _buttons(place: str, title: str, say: Words, csv: bool) -> str:
    copy = _text(say("copy_of", title=title))
    found = f'<button type="button" data-copy="{place}" aria-label="{copy}">{say("copy")}</button>'
    if csv:
        save = _text(say("csv_of", title=title))
        found += (
            f'<button type="button" data-csv="{place}" aria-label="{save}">{say("csv")}</button>'
        )
    return f'<span class="buttons">{found}</span>'


# Tables ------------------------------------------------------------------------------------------


def _table(table: Table, place: str, say: Words, most: int) -> str:
    title = _text(table.title)
    kinds = [column.kind for column in table.columns]
    head = "".join(
        f'<th scope="col"{_side(kind)}>{_text(column.title)}</th>'
        for column, kind in zip(table.columns, kinds)
    )
    rows = []
    for at, row in enumerate(table.rows[:most]):
        of_row = table.kinds[at] if table.kinds is not None else "number"
        cells = [
            _cell(value, of_row if kind == "row" else kind, first=not k, lang=say.lang)
            for k, (value, kind) in enumerate(zip(row, kinds))
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    note = _note(table.note)
    if len(table.rows) > most:
        note += _note(say("rows_shown", shown=most, rows=len(table.rows)))
    field = ""
    if len(rows) > _FILTERED:
        field = (
            f'<label class="filter">{say("filter")} <input type="search" data-filter="{place}">'
            "</label>"
        )
    return (
        f'<div class="block"><div class="head"><h3>{title}</h3><div class="tools">{field}'
        f"{_buttons(place, table.title, say, csv=True)}</div></div>"
        f'<div class="wide" role="region" tabindex="0" aria-label="{title}"><table id="{place}" '
        f'data-name="{_text(table.name)}"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}'
        f"</tbody></table></div>{note}</div>"
    )


def _side(kind: str) -> str:
    return ' class="t"' if kind in ("text", "plain") else ""


def _cell(value: Any, kind: str, first: bool, lang: str) -> str:
    if isinstance(value, Cell):
        value, kind = value
    plain = value.item() if hasattr(value, "item") else value
    said = _text(shown(plain, kind, lang))
    if first:
        return f'<th scope="row" class="t">{said}</th>'
    if isinstance(plain, (int, float)) and not isinstance(plain, bool):
        # What is copied and saved is the number itself, not its rounded text.
        raw = "" if isinstance(plain, float) and math.isnan(plain) else repr(plain)
        return f'<td data-v="{raw}"{_side(kind)}>{said}</td>'
    return f'<td class="t">{said}</td>'


def _listing(listing: Listing, place: str, say: Words, most: int) -> str:
    title, lines = _text(listing.title), listing.text.splitlines()
    text, note = listing.text, ""
    if len(lines) > most:
        text = "\n".join(lines[:most])
        note = _note(say("lines_shown", shown=most, lines=len(lines)))
    return (
        f'<div class="block"><div class="head"><h3>{title}</h3><div class="tools">'
        f"{_buttons(place, listing.title, say, csv=False)}</div></div>"
        f'<pre id="{place}" tabindex="0" role="region" aria-label="{title}">{_text(text)}'
        f"</pre>{note}</div>"
    )


def _dots(given: Dots, place: str, say: Words, most: int) -> str:
    if not given.dots:
        return ""
    note = _note(given.note)
    if len(given.dots) > most:
        note += _note(say("dots_shown", shown=most, rows=len(given.dots)))
    drawn = _clean(dots.drawn(given, say.lang, say("estimate_of"), place, most))
    return f'<div class="block"><h3>{_text(given.title)}</h3>{drawn}{note}</div>'


# Charts ------------------------------------------------------------------------------------------


def sampled(days: int, most: int = POINTS) -> np.ndarray:
    """Return which days of a chart are drawn: all, or so many at even steps.

    Examples
    --------
    >>> sampled(5).tolist(), sampled(3650).size, int(sampled(3650)[-1])
    ([0, 1, 2, 3, 4], 240, 3649)
    """
    if days <= most:
        return np.arange(days)
    return np.unique(np.linspace(0, days - 1, most).round().astype(np.int64))


def _curves(curves: Curves, place: str, say: Words, charts: list[dict[str, Any]], most: int) -> str:
    at = sampled(len(curves.x), most)
    for line in curves.lines:  # no day that was seen in the world is passed over
        if line.points:
            at = np.union1d(at, np.flatnonzero(np.isfinite(line.values)))
    charts.append(
        {
            "id": place,
            "name": curves.name,
            "x": _numbers(np.asarray(curves.x)[at]),
            "start": None if curves.start is None else curves.start.isoformat(),
            "kind": curves.kind,
            "log": curves.log,
            "y": curves.y_title,
            "xTitle": curves.x_title or say("day"),
            "at": f"{curves.x_title} #" if curves.x_title else say("at_day", day="#"),
            "lines": [_line(line, at) for line in curves.lines],
        }
    )
    title = _text(curves.title)
    notes = [curves.note] if curves.note else []
    if at.size < len(curves.x):
        notes.append(say("sampled", shown=at.size, days=len(curves.x)))
    note = "".join(_note(one) for one in notes)
    zoom = "".join(
        f'<button type="button" data-zoom="{word}" aria-label="{_text(say(label))}: {title}">'
        f"{sign}</button>"
        for word, label, sign in (
            ("in", "zoom_in", "+"),
            ("out", "zoom_out", "−"),
            ("whole", "whole", say("whole")),
        )
    )
    if curves.log is not None:
        zoom += (
            f'<button type="button" data-log aria-pressed="{str(bool(curves.log)).lower()}" '
            f'aria-label="{say("log")}: {title}">{say("log")}</button>'
        )
    save = _text(say("csv_of", title=curves.title))
    zoom += f'<button type="button" data-series aria-label="{save}">{say("csv")}</button>'
    picture = _text(f"{say('chart_of', title=curves.title)}. {curves.alternative}")
    return (
        f'<figure class="block chart" id="{place}"><div class="head"><figcaption>'
        f'<h3>{title}</h3></figcaption><div class="tools"><span class="buttons">{zoom}</span></div>'
        "</div>"
        f'<div class="canvas" role="img" aria-label="{picture}"></div>'
        f'<label class="slide"><span class="unseen">{say("read_at")}: {title}</span>'
        f'<input type="range" min="0" max="{at.size - 1}" value="{at.size - 1}"></label>'
        f'<ul class="legend" aria-label="{say("lines")}"></ul>{note}</figure>'
    )


def _line(line: Line, at: np.ndarray) -> dict[str, Any]:
    found: dict[str, Any] = {"t": line.title, "v": _numbers(np.asarray(line.values)[at])}
    if line.low is not None and line.high is not None:
        found |= {"lo": _numbers(line.low[at]), "hi": _numbers(line.high[at])}
    if line.thin:
        found["thin"] = 1
    if line.faint:
        found["faint"] = 1
    if line.points:
        found["points"] = 1
    return found | {"c": line.colour}


def _numbers(values: Any) -> Sequence[int | float | None]:
    """Return numbers to six digits, as short as JSON has them; None for what is not defined."""
    found: list[int | float | None] = []
    for value in np.asarray(values, dtype=np.float64).tolist():
        if not math.isfinite(value):
            found.append(None)
            continue
        short = float(f"{value:.6g}")
        found.append(int(short) if short.is_integer() else short)
    return found

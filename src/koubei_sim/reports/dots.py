"""Estimates with intervals as rows of drawings: SVG in the page, no script.

Each row is a label, a strip with the interval and the estimate, and the same in figures, so that
the drawing is its own table, on a phone too.  Called by `html`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from koubei_sim.reports.numbers import shown
from koubei_sim.reports.page import Dot, Dots

#: Rows that are drawn at most, and ticks of the axis at least.
MOST: int = 60
_TICKS = 4
#: Signs of all labels of an axis together, as many as fit on a phone.
_SIGNS = 44


def drawn(given: Dots, lang: str, of_estimate: str, place_of: str, most: int = MOST) -> str:
    """Return the rows as HTML.

    Parameters
    ----------
    given : Dots
    lang : {"en", "zh"}
    of_estimate : str
        What the last column is called, for those who hear it.
    place_of : str
        Name of its place on the page, which no other drawing has.
    most : int
        How many rows, at most.
    """
    dots = given.dots[:most]
    low, high = _ends(given, dots)
    ticks = _ticks(low, high, given.log)

    def place(value: float) -> float:
        if given.log:
            value, least, most = math.log(value), math.log(low), math.log(high)
        else:
            least, most = low, high
        return 2.0 + 96.0 * min(1.0, max(0.0, (value - least) / (most - least)))

    guides = "".join(
        f'<line class="guide" x1="{place(tick):.2f}%" x2="{place(tick):.2f}%" y1="0" y2="100%"/>'
        for tick in ticks
    )
    if given.reference is not None and low <= given.reference <= high:
        at = f"{place(given.reference):.2f}%"
        guides += f'<line class="zero" x1="{at}" x2="{at}" y1="0" y2="100%"/>'
    # Drawn once, and used in each row: they would be half of the page.
    once, rows = f"{place_of}-guides", []
    for dot in dots:
        shapes = f'<use href="#{once}"/>'
        if _drawable(dot.low, given.log) and _drawable(dot.high, given.log):
            one, other = place(dot.low), place(dot.high)
            shapes += f'<line class="span" x1="{one:.2f}%" x2="{other:.2f}%" y1="50%" y2="50%"/>'
        if _drawable(dot.estimate, given.log):
            shapes += f'<circle cx="{place(dot.estimate):.2f}%" cy="50%" r="5"/>'
        rows.append(
            f'<tr><th scope="row">{escape(dot.label)}</th><td class="strip"><svg aria-hidden="true"'
            f' focusable="false">{shapes}</svg></td><td>{escape(dot.said)}</td></tr>'
        )
    # Labels that touch cannot be read, least of all on a phone.
    labels = [_tick(tick, given.kind, lang) for tick in ticks]
    step = -(-sum(len(label) + 2 for label in labels) // _SIGNS)
    axis = "".join(
        f'<text x="{place(tick):.2f}%" y="14" text-anchor="{_anchor(place(tick))}">'
        f"{escape(label)}</text>"
        for tick, label in list(zip(ticks, labels))[:: max(1, step)]
    )
    rows.append(
        f'<tr class="axis"><td></td><td class="strip"><svg aria-hidden="true" focusable="false">'
        f'<defs><g id="{once}">{guides}</g></defs>{axis}</svg></td><td></td></tr>'
    )
    return (
        f'<table class="dots"><caption class="unseen">{escape(given.title)}</caption><thead '
        f'class="unseen"><tr><th scope="col">{escape(given.title)}</th><td></td>'
        f'<th scope="col">{escape(of_estimate)}</th></tr></thead><tbody>{"".join(rows)}'
        "</tbody></table>"
    )


def _drawable(value: float, log: bool) -> bool:
    return not math.isnan(value) and not (log and value <= 0.0)


def _ends(given: Dots, dots: Sequence[Dot]) -> tuple[float, float]:
    """Return the ends of the axis: all estimates, and intervals as far as they are of use."""
    if given.kind == "share":
        return 0.0, 1.0
    values = [dot.estimate for dot in dots] + [end for dot in dots for end in (dot.low, dot.high)]
    values += [] if given.reference is None else [given.reference]
    values = [v for v in values if math.isfinite(v) and _drawable(v, given.log)]
    centres = [dot.estimate for dot in dots if math.isfinite(dot.estimate)]
    centres = [v for v in centres if _drawable(v, given.log)]
    if not values:
        return (0.5, 2.0) if given.log else (0.0, 1.0)
    low, high = min(values), max(values)
    if given.log and centres:
        # An interval over many powers of ten would press all others into one point.
        low, high = max(low, min(centres) / 100.0), min(high, max(centres) * 100.0)
        low, high = min(low, 0.8 * high), max(high, 1.25 * low)
        return low / (high / low) ** 0.04, high * (high / low) ** 0.04
    if low == high:
        pad = abs(low) or 1.0
        return low - 0.5 * pad, high + 0.5 * pad
    pad = 0.04 * (high - low)
    return low - pad, high + pad


def _ticks(low: float, high: float, log: bool) -> list[float]:
    """Return round numbers between the ends.

    Examples
    --------
    >>> _ticks(0.0, 1.0, False), _ticks(0.4, 30.0, True)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [1.0, 3.0, 10.0, 30.0])
    """
    if log and high > 8.0 * low:
        for factors in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0)):
            powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
            found = [f * 10.0**p for p in powers for f in factors if low <= f * 10.0**p <= high]
            if len(found) >= _TICKS:
                return found[:: -(-len(found) // (2 * _TICKS))]
        return found
    raw = (high - low) / _TICKS
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(f * unit for f in (5.0, 2.0, 1.0) if f * unit <= raw)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [float(f"{k * step:.9g}") for k in range(first, last + 1)]


def _anchor(place: float) -> str:
    return "start" if place < 4.0 else "end" if place > 96.0 else "middle"


def _tick(value: float, kind: str, lang: str) -> str:
    if kind == "points":
        return f"{100.0 * value:+.4g}".replace("-", "−") if value else "0"
    return f"×{value:g}" if kind == "times" else shown(value, kind, lang)

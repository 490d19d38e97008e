"""Numbers as text, lines that fit a terminal, and HTML in which whatever a user named is escaped.

In one place, so that a number looks the same wherever it is read.  Called by `frames`, and by all
classes that people read.
"""

from __future__ import annotations

import html
import math
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Final

#: Columns of a terminal that a line fills at most.
WIDTH: Final = 79


def count_text(value: float) -> str:
    """Return a number as a person writes it: thousands separated, no false digits.

    Examples
    --------
    >>> count_text(1234567.0), count_text(12.5), count_text(float("nan"))
    ('1,234,567', '12.5', '-')
    """
    if not math.isfinite(value):
        return "-" if math.isnan(value) else str(float(value))
    if abs(value) >= 100 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.3g}"


def span_text(low: float, high: float) -> str:
    """Return the ends of an interval as text, nothing where there is none.

    Examples
    --------
    >>> span_text(0.5, 1234.0), span_text(float("nan"), 1.0)
    ('0.5 .. 1,234', '')
    """
    if math.isnan(low) or math.isnan(high):
        return ""
    return f"{count_text(low)} .. {count_text(high)}"


def money_text(value: float, currency: str = "") -> str:
    """Return an amount with what its money is called.

    Examples
    --------
    >>> money_text(49920.0, "CNY"), money_text(12.5)
    ('49,920 CNY', '12.5')
    """
    return f"{value:,.6g}" + (f" {currency}" if currency else "")


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes; a Chinese sign takes two.

    Examples
    --------
    >>> columns("users"), columns("用户")
    (5, 4)
    """
    return sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in text)


def wrapped(text: str, indent: str = "    ") -> str:
    """Return the same lines, those that are too long for a terminal broken at blanks.

    Examples
    --------
    >>> print(wrapped("  note: " + "word " * 20))
      note: word word word word word word word word word word word word word word
          word word word word word word
    """
    lines = []
    for line in text.split("\n"):
        start = line[: len(line) - len(line.lstrip())]
        rest = start + indent
        lines += textwrap.wrap(
            line.lstrip(), WIDTH, initial_indent=start, subsequent_indent=rest,
            drop_whitespace=True, break_on_hyphens=False, break_long_words=True,
        ) or [""]  # fmt: skip
    return "\n".join(lines)


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Return a table of texts as HTML; the first `left` columns are headings of their row.

    Numbers are set to the right, all texts are escaped.
    """
    top = "".join(f"<th style='text-align:{_side(k, left)}'>{_safe(c)}</th>" for k, c in
                  enumerate(head))  # fmt: skip
    body = "".join(f"<tr>{''.join(_cell(k, c, left) for k, c in enumerate(row))}</tr>"
                   for row in rows)  # fmt: skip
    first = f"<thead><tr>{top}</tr></thead>" if any(head) else ""
    return f"<table>{first}<tbody>{body}</tbody></table>"


def _side(number: int, left: int) -> str:
    return "left" if number < left else "right"


def _cell(number: int, text: str, left: int) -> str:
    kind = "th" if number < left else "td"
    return f"<{kind} style='text-align:{_side(number, left)}'>{_safe(text)}</{kind}>"


def _safe(text: object) -> str:
    return html.escape(str(text))


def html_look(
    title: str,
    lines: Sequence[str] = (),
    body: str = "",
    notes: Sequence[str] = (),
) -> str:
    """Return what a notebook shows of a result.

    Parameters
    ----------
    title : str
        What it is, set in bold.
    lines : sequence of str
        The first stands behind the title, the others below it in small type.
    body : str
        HTML: tables and pictures.
    notes : sequence of str
        What must be known, below all.
    """
    said = [f"<b>{_safe(title)}</b> {_safe(lines[0]) if lines else ''}".rstrip()]
    said += [f"<small>{_safe(line)}</small>" for line in lines[1:]]
    below = "".join(f"<br><small>{_safe(note)}</small>" for note in notes)
    return f"<div>{'<br>'.join(said)}{body}{below}</div>"

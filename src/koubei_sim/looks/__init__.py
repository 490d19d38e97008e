"""How results show themselves: numbers as text, lines that fit a terminal, HTML for a notebook.

Every result has two faces: a few lines of text in a terminal, and a short table in a notebook.
Both are made here, so that a number looks the same wherever it is read and whatever a user named
is escaped once, in one place.  `frames` has the tables.  Called by all classes that people read.
"""

from __future__ import annotations

import html
import math
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Any, Final

#: Columns of a terminal that a line fills at most.
WIDTH: Final = 79
#: Rows of a table that a notebook shows of a result.
MOST_ROWS: Final = 20


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


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes; a Chinese sign takes two.

    Examples
    --------
    >>> columns("users"), columns("用户")
    (5, 4)
    """
    return sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in text)


def wrapped(text: str, indent: str = "  ") -> str:
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
            drop_whitespace=True, break_on_hyphens=False, break_long_words=False,
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


class Look:
    """A result with a table, which a notebook shows below the first line of its text."""

    __slots__ = ()

    def _shown(self) -> Any:
        """Return the table that a notebook shows."""
        return self.table()  # type: ignore[attr-defined]

    def _repr_html_(self) -> str:
        from koubei_sim.errors import KoubeiError
        from koubei_sim.looks.frames import html_of

        text = repr(self)
        try:
            shown = self._shown()
        except KoubeiError:  # nothing to tabulate: say what the text says
            return html_look("", text.splitlines())
        name, lines = type(self).__name__, text.split("\n  ")
        first = " ".join(lines[0].strip("<>").split())
        first = first.removeprefix(name).lstrip(" :(")
        first = first.removesuffix(")") if first.count(")") > first.count("(") else first
        return html_look(name, [first], html_of(shown, MOST_ROWS), getattr(self, "notes", ()))

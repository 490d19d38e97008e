"""Writing to the terminal: tables that fit into 80 columns, JSON, progress.

Used by the files of the commands.  Tables are plain text, the same on a terminal, in a pipe and in
a log.
"""

from __future__ import annotations

import codecs
import json
import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.cells import cell_len, chop_cells

from koubei_sim.core.progress import progress_bar

WIDTH = 80

# Other code pages -------------------------------------------------------------------------------

#: How the streams of the command treat a sign that they cannot encode: a run is not lost for it.
REPLACING = "koubei_sim.replacing"
#: Encodings that did not have every sign of what was printed.
replaced: set[str] = set()


def _replacing(error: UnicodeError) -> tuple[str, int]:
    """Put question marks for what an encoding does not have, and keep in mind that it was so."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    replaced.add(getattr(sys.stdout, "encoding", None) or error.encoding)
    return "?" * (error.end - error.start), error.end


codecs.register_error(REPLACING, _replacing)


def fits(text: str) -> bool:
    """Return whether the standard output can show every sign of a text."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def first_that_fits(*texts: str) -> str:
    """Return the first text that the standard output can show, the last if it can show none."""
    for text in texts:
        if fits(text):
            return text
        replaced.add(getattr(sys.stdout, "encoding", None) or "utf-8")
    return texts[-1]


# ------------------------------------------------------------------------------------------------


def write_json(content: Any) -> None:
    """Write `content` as JSON; what JSON cannot hold (NaN, infinities) becomes null."""
    write_json_text(json.dumps(_plain(content), ensure_ascii=False, indent=1, allow_nan=False))


def write_json_text(text: str) -> None:
    """Write JSON; signs that the output's encoding does not have stand there as escapes."""
    if not fits(text):
        text = re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)
    print(text)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if hasattr(value, "item"):  # numpy scalars
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def cut(text: str, width: int) -> str:
    """Return `text` in at most `width` columns, the end cut off with two dots.

    Examples
    --------
    >>> cut("abcdef", 4), cut("用户数", 4)
    ('ab..', '用..')
    """
    return text if cell_len(text) <= width else chop_cells(text, width - 2)[0] + ".."


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Return a table as text: the first `left` columns to the left, all others to the right."""
    widths = [max(map(cell_len, column)) for column in zip(head, *rows)]

    def row(cells: Sequence[str]) -> str:
        pads = [" " * (width - cell_len(cell)) for cell, width in zip(cells, widths)]
        shown = [c + pad if k < left else pad + c for k, (c, pad) in enumerate(zip(cells, pads))]
        return "  ".join(shown).rstrip()

    rule = "-" * min(WIDTH - 1, sum(widths) + 2 * (len(widths) - 1))
    return "\n".join([row(head), rule, *map(row, rows)])


def span(low: float, high: float, show: Callable[[float], str]) -> str:
    """Return an interval as text, nothing where there is none."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"{show(low)}..{show(high)}"


def brief(value: float) -> str:
    """Return a count in at most six signs or so.

    Examples
    --------
    >>> brief(12.34), brief(45678), brief(2345678), brief(float("nan"))
    ('12.3', '45.7k', '2.35M', '-')
    """
    if not math.isfinite(value):
        return "-"
    for least, unit, sign in ((999.5e6, 1e9, "G"), (999_500, 1e6, "M"), (9_999.5, 1e3, "k")):
        if abs(value) >= least:
            return f"{value / unit:.3g}{sign}"
    if abs(value) >= 100 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.3g}"


def duration(seconds: float) -> str:
    """Return seconds in one or two units.

    Examples
    --------
    >>> duration(42.3), duration(150), duration(7260)
    ('42 s', '2 min 30 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


# Progress ---------------------------------------------------------------------------------------


def loud(quiet: bool) -> bool | None:
    """Return the `progress` of a door: none for machines, else where somebody watches."""
    return False if quiet else None


@contextmanager
def progress(label: str, quiet: bool = False) -> Iterator[Callable[[int, int], None] | None]:
    """Show what is done on a terminal; yields what to tell, None when silent."""
    shown = not quiet and sys.stderr.isatty()
    with progress_bar(shown, None, "") as bar:
        if bar is None:
            yield None
            return
        bar.say(label)
        yield lambda done, total: bar.say(f"{label}, {done:,} of {total:,}")

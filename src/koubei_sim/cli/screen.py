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
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, chop_cells

if TYPE_CHECKING:
    from koubei_sim.studies import Progress

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


@contextmanager
def _bar(*columns: str) -> Iterator[Any]:
    """Show a bar on the terminal; it vanishes in the end."""
    from rich import progress as rich
    from rich.console import Console

    shown = [getattr(rich, name)() if name.isalpha() else rich.TextColumn(name) for name in columns]
    with rich.Progress(*shown, console=Console(stderr=True), transient=True) as bar:
        yield bar


@contextmanager
def progress(label: str, quiet: bool = False) -> Iterator[Callable[[int, int], None] | None]:
    """Show a bar with the time left on a terminal; yields what to tell, None when silent."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    columns = ("{task.description}", "BarColumn", "TaskProgressColumn", "TimeRemainingColumn")
    with _bar(*columns) as bar:
        task = bar.add_task(label, total=None)

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        with first_use(bar):
            yield tell


@contextmanager
def sweep_progress(quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    """Show a bar with the time left and the failures so far; None where nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    columns = ("BarColumn", "MofNCompleteColumn", "{task.fields[left]}", "{task.fields[failed]}")
    with _bar(*columns) as bar:
        task = bar.add_task("sweep", total=None, left="", failed="")

        def tell(now: Progress) -> None:
            known = math.isfinite(now.seconds_left)
            bar.update(
                task,
                completed=now.done,
                total=now.runs,
                left=f"{duration(now.seconds_left)} left" if known else "",
                failed=f"{now.failed:,} failed" if now.failed else "",
            )

        yield tell


#: About how many functions the first run of a scenario compiles; only the bar depends on it.
COMPILED_AT_FIRST = 160
PATIENCE = 1.0  # seconds of compiling before anything is said


@contextmanager
def first_use(bar: Any) -> Iterator[None]:
    """Say, once, that kernels are being compiled, and show how far that is.

    Nothing is said where all kernels come from disk, or one or two are missing.
    """
    from numba.core import event

    class Listener(event.Listener):
        began: float | None = None
        task: Any = None
        done = 0

        def on_start(self, compiling: Any) -> None:
            if self.began is None:
                self.began = time.perf_counter()
            elif self.task is None and time.perf_counter() - self.began > PATIENCE:
                bar.console.print("compiling kernels for this machine (once, about 20 s)")
                self.task = bar.add_task("compiling", total=COMPILED_AT_FIRST)

        def on_end(self, compiling: Any) -> None:
            self.done += 1
            if self.task is not None:
                bar.update(
                    self.task, completed=self.done, total=max(COMPILED_AT_FIRST, self.done + 1)
                )

    listener = Listener()
    event.register("numba:compile", listener)
    try:
        yield
    finally:
        event.unregister("numba:compile", listener)
        if listener.task is not None:
            bar.remove_task(listener.task)

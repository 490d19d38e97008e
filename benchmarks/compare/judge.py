"""Measure rows in turn, decide which are slower, and print the table.

Knows nothing of processes: whoever calls hands in something that prepares, measures and drops
(`processes.Pair`, or a list of planned figures in tests).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from .rows import Row

#: Bytes by which a peak may differ without being more: what allocators keep differs by this much.
SLACK = 8 * 2**20
WIDTH = 80


class Trees(Protocol):
    """What measures."""

    def prepare(self, row: Row) -> dict[str, str]:
        """Set a benchmark up in both trees; return why one could not, by side."""

    def measure(self, side: str, row: Row, seconds: float) -> float:
        """Return a figure of one side ("base" or "head")."""

    def drop(self) -> None:
        """Forget the benchmark."""

    def stop(self) -> None:
        """End all processes, so that the next question starts new ones."""


@dataclass(frozen=True)
class Effort:
    """How long to look."""

    ratio: float = 1.3  # beyond this a row is slower
    rounds: int = 4  # pairs of measurements, in changing order
    seconds: float = 0.08  # of samples, a measurement
    again: int = 3  # how often a row beyond the ratio is measured anew, with twice the rounds
    limit: float = float("inf")  # seconds for first looks; rows that are left then are left out
    more: float = 40.0  # seconds beyond the limit for further looks, worst rows first


@dataclass
class Found:
    """What was found out about a row."""

    row: Row
    figures: dict[str, list[float]] = field(default_factory=lambda: {"base": [], "head": []})
    failures: dict[str, str] = field(default_factory=dict)
    looks: int = 0  # 0: there was no time for it
    doubtful: bool = False  # beyond the ratio once, and not looked at again

    @property
    def compared(self) -> tuple[float, float]:
        """The figures of base and head that are compared: the least of each; nan where none is.

        Peaks vary both ways (threads hold more or fewer pieces at a time, allocators keep more or
        less), so the least of the head is set against the largest of the base.
        """
        most = max if self.row.kind == "memory" else min
        none = float("nan")
        return most(self.figures["base"], default=none), min(self.figures["head"], default=none)

    @property
    def ratio(self) -> float:
        """Head over base."""
        base, head = self.compared
        if self.row.kind == "memory":
            # A difference within the slack is none, and nothing is compared with next to nothing.
            return 1.0 if abs(head - base) <= SLACK else head / max(base, SLACK)
        return head / base

    def verdict(self, limit: float) -> str:
        """Return one of: ok, faster, less, doubtful, SLOWER, MORE, FAILS, new, left out."""
        if "head" in self.failures:
            return "FAILS"
        if "base" in self.failures:
            return "new"
        if not self.looks:
            return "left out"
        words = ("MORE", "less") if self.row.kind == "memory" else ("SLOWER", "faster")
        if self.ratio > limit:
            return "doubtful" if self.doubtful else words[0]
        return words[1] if self.ratio < 1 / limit else "ok"

    def bad(self, limit: float) -> bool:
        """Whether the comparison fails because of it."""
        return self.verdict(limit) in ("SLOWER", "MORE", "FAILS")


def look(trees: Trees, found: Found, effort: Effort, rounds: int) -> None:
    """Measure a row for some rounds: base and head directly after each other, order changing."""
    found.looks += 1
    found.failures = trees.prepare(found.row)
    if not found.failures:
        once = found.row.kind == "memory"  # a peak needs a new process, and hardly varies
        for turn in range(1 if once else rounds):
            for side in ("base", "head") if turn % 2 == 0 else ("head", "base"):
                figure = trees.measure(side, found.row, effort.seconds)
                found.figures[side].append(figure)
    trees.drop()


def compare(
    trees: Trees,
    rows: Iterable[Row],
    effort: Effort,
    say: Callable[[str], None] = lambda line: None,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Found]:
    """Measure all rows; those beyond the ratio again, in new processes, before they count.

    Where time runs out before all of those were looked at again, the rest are called doubtful and
    do not fail the comparison: the worst was looked at, and does if it is slower.
    """
    start = clock()
    all_found = []
    for row in rows:
        found = Found(row)
        if clock() - start < effort.limit:
            look(trees, found, effort, effort.rounds)
        say(line(found, effort.ratio))
        all_found.append(found)
    for number in range(1, effort.again + 1):
        beyond = [f for f in all_found if f.looks and not f.failures and f.bad(effort.ratio)]
        for place, found in enumerate(sorted(beyond, key=lambda f: f.ratio, reverse=True)):
            if place and clock() - start > effort.limit + effort.more:
                found.doubtful = found.looks == 1
                continue
            trees.stop()
            look(trees, found, effort, 2**number * effort.rounds)
            say(f"{line(found, effort.ratio)} (look {number + 1})")
    return all_found


# ---- the table -----------------------------------------------------------------------------------


def figure(kind: str, value: float) -> str:
    """Return a time or a peak of memory in 9 places."""
    if kind == "memory":
        return f"{value / 2**20:6.1f}MiB"
    return f"{1e3 * value:7.3g}ms" if value < 0.9995 else f"{value:7.4g}s"


def line(found: Found, limit: float) -> str:
    """Return a row of the table, 80 columns wide."""
    label, word = found.row.label.removesuffix("/small"), found.verdict(limit)
    if not all(found.figures.values()):
        why = next(iter(found.failures.values()), "no time left")
        return f"{label[:45]:45} {word}: {why}"[:WIDTH]
    base, head = (figure(found.row.kind, value) for value in found.compared)
    return f"{label[:45]:45} {base:>9} {head:>9} {found.ratio:5.2f} {word}"


def table(all_found: list[Found], limit: float, base: str, head: str) -> str:
    """Return the whole table and what follows from it."""
    lines = [f"{'row':45} {base[:9]:>9} {head[:9]:>9} ratio", "-" * WIDTH]
    lines += [line(found, limit) for found in all_found]
    lines.append("-" * WIDTH)
    words = [found.verdict(limit) for found in all_found]
    counts = ", ".join(f"{words.count(w)} {w}" for w in dict.fromkeys(sorted(words)))
    lines.append(f"{len(words)} rows: {counts}")
    times = [f for f in all_found if all(f.figures.values())]
    if times:
        most = max(times, key=lambda f: f.ratio)
        lines.append(f"largest ratio {most.ratio:.3f} ({most.row.label}); limit {limit:g}")
    for found in all_found:
        if found.bad(limit):
            why = found.failures.get("head", f"{found.ratio:.2f} times the base")
            lines.append(f"{found.verdict(limit)}: {found.row.label}: {why}")
    return "\n".join(lines)

"""Say whether two histories are the same bytes and, where not, where they part first.

`difference` is what every test of the two engines asks, and `check_mechanism`.  It looks at types,
shapes and bits (so that -0.0 differs from 0.0) and names the first tick that differs with every
column that differs there, because later ticks only show what followed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from koubei_sim.core.codes import LOG_KINDS, TABLE
from koubei_sim.model.world.arrays import History

COLUMNS = tuple(
    name if width == 1 else f"{name}[{k}]" for name, width in TABLE for k in range(width)
)
LOG_FIELDS = tuple(name for name in History._fields if name.startswith("log_"))


def difference(one: History, other: History, own: Sequence[str] = ()) -> str | None:
    """Return None where two histories are equal in every bit, else where they part first.

    Parameters
    ----------
    one, other : History
        Logs in canonical order.
    own : sequence of str, optional
        What the columns behind those of the library are called.

    Returns
    -------
    str or None
        One line, such as ``"tick 12: newly_aware 3 != 4; quality[0] 0.5 != 0.51"``.
    """
    pairs: list[tuple[str, Any, Any]] = list(zip(History._fields, one, other))
    unlike = [
        f"{name}: {a.dtype}{list(a.shape)} != {b.dtype}{list(b.shape)}"
        for name, a, b in pairs
        if a.dtype != b.dtype or (a.shape != b.shape and not name.startswith("log_"))
    ]
    if unlike:
        return "types or shapes: " + "; ".join(unlike)
    found = [*table_differences(one, other, own), *path_differences(one, other)]
    found += log_differences(one, other)
    if not found:
        return None
    first = min(tick for tick, _ in found)
    return f"tick {first}: " + "; ".join(what for tick, what in found if tick == first)


def table_differences(
    one: History, other: History, own: Sequence[str] = ()
) -> Iterator[tuple[int, str]]:
    """Yield (tick, column and both values) of the first row of the daily table that differs."""
    ticks, columns = np.nonzero(one.table != other.table)
    for tick, column in zip(ticks.tolist(), columns.tolist(), strict=True):
        if tick == ticks[0]:
            values = f"{one.table[tick, column]} != {other.table[tick, column]}"
            yield tick, f"{(*COLUMNS, *own)[column]} {values}"


def path_differences(one: History, other: History) -> Iterator[tuple[int, str]]:
    """Yield (tick, product and both values) where q or d first differ in a bit."""
    for name in ("quality", "difficulty"):
        a, b = getattr(one, name), getattr(other, name)
        ticks, products = np.nonzero(a.view(np.int64) != b.view(np.int64))
        for tick, k in zip(ticks.tolist(), products.tolist(), strict=True):
            if tick == ticks[0]:
                yield tick, f"{name}[{k}] {a[tick, k]!r} != {b[tick, k]!r}"


def log_differences(one: History, other: History) -> Iterator[tuple[int, str]]:
    """Yield (tick, both lines) of the first line of the event log that differs."""
    a, b = log_lines(one), log_lines(other)
    for x, y in zip([*a, None], [*b, None], strict=False):
        if x != y:
            yield min(line[0] for line in (x, y) if line), f"log {spoken(x)} != {spoken(y)}"
            return


def log_lines(history: History) -> list[tuple[int, ...]]:
    """Return the log as tuples in the order of `LOG_FIELDS`."""
    return list(zip(*(getattr(history, name).tolist() for name in LOG_FIELDS), strict=True))


def spoken(line: tuple[int, ...] | None) -> str:
    """Return a line of the log in words."""
    if line is None:
        return "nothing"
    _, agent, kind, recruiter, channel, product, generation = line
    rest = f"recruiter={recruiter} channel={channel} product={product} generation={generation}"
    return f"({LOG_KINDS[kind]} {agent} {rest})"

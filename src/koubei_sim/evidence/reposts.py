"""Trees of real logs: who passed on whose message, from a user's own table to sizes and shapes.

`trees_of` reads a table of messages and their parents into the forest that simulated cascades
have too (`cascades.trees`), so both are measured by the same code.  Everything here is columns of
numbers: no loop goes over messages.  Called by `repost_files` (real data), `appeal_fit`,
`sizes` and users.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.cascades import trees
from koubei_sim.cascades.outcome import Activations
from koubei_sim.errors import KoubeiError

if TYPE_CHECKING:
    import pandas as pd

MISSING = ("refuse", "root", "start")
EARLY = ("refuse", "keep")
COLUMNS = ("cascade", "message", "parent", "time")


@dataclass(frozen=True, eq=False, repr=False)
class RepostTrees:
    """Trees of a log of messages.

    Attributes
    ----------
    forest : CascadeForest
        The log and its structure: what `CascadeResult.forest` has too.  Its replicates are the
        numbers of the cascades, its people the numbers of messages within a cascade.
    cascades : (C,) array
        What the cascades are called in the log, in the order of their numbers.
    messages : (rows,) array
        What the message of each row is called.
    timed : bool
        Whether the log tells times; else the order of its rows stands for them.
    """

    forest: trees.CascadeForest
    cascades: NDArray[Any]
    messages: NDArray[Any]
    timed: bool

    def __len__(self) -> int:
        """Return the number of trees."""
        return int(self.forest.roots.size)

    def __repr__(self) -> str:
        """Say how much there is."""
        rows = self.forest.above.size
        return f"RepostTrees({len(self):,} trees, {rows:,} messages)"

    def trees(self) -> pd.DataFrame:
        """Return one row a tree.

        Returns
        -------
        pandas.DataFrame
            Columns ``cascade, root`` (names), ``time`` (of the root), ``size`` (messages, the root
            included), ``depth`` (generations below the root), ``breadth`` (largest generation),
            ``broadcast`` (most reposts of one message), ``virality`` (structural virality, the mean
            distance of two messages; NaN for a single one; Goel, Anderson, Hofman and Watts 2016)
            and ``broadcast_share`` (broadcast / size).
        """
        return self._table.copy()

    @cached_property
    def _table(self) -> pd.DataFrame:
        import pandas as pd

        found = trees.trees_of(self.forest)
        table = pd.DataFrame(found._asdict()).drop(columns=["replicate", "root"])
        table.insert(0, "cascade", self.cascades[found.replicate])
        table.insert(1, "root", self.messages[self.forest.roots])
        return table.assign(broadcast_share=found.broadcast / found.size)

    def generations(self) -> pd.DataFrame:
        """Return mean sizes of generations over cascades and the reproduction number of each.

        Columns as of `CascadeResult.generations`.
        """
        from koubei_sim.looks.frames import Table

        sums = trees.generation_sums(self.forest)
        table = Table(trees.generation_table(sums, self.cascades.size))
        table.index.name = "generation"
        return table

    @property
    def age(self) -> NDArray[np.float64]:
        """Time since the root of its tree, of each row, float64 (rows,)."""
        time = self.forest.activations.time
        return time - time[self.forest.roots[self.forest.tree]]

    @cached_property
    def place(self) -> NDArray[np.int64]:
        """Messages of its tree that come before each row in the log, int64 (rows,): 0 first."""
        tree = self.forest.tree
        order = np.argsort(tree, kind="stable")
        counts = np.bincount(tree, minlength=len(self))
        starts = np.cumsum(counts) - counts
        found = np.empty(tree.size, np.int64)
        found[order] = np.arange(tree.size) - starts[tree[order]]
        return found

    def until(self, age: float) -> RepostTrees:
        """Return the trees as they stood `age` after their roots.

        Raises
        ------
        KoubeiError
            When the log tells no times.
        """
        if not self.timed:
            raise KoubeiError("until", "the log tells no times", fix="first(k)")
        return self._kept(self.age <= checks.number("age", age, 0.0))

    def first(self, k: int) -> RepostTrees:
        """Return the trees as they stood at the `k`-th message after their roots."""
        return self._kept(self.place <= checks.whole("k", k, 0))

    def where(self, chosen: Any) -> RepostTrees:
        """Return some of the trees.

        Parameters
        ----------
        chosen : (T,) array of bool, or array of int
            A mask over the rows of `trees`, or their numbers.
        """
        found = np.asarray(chosen)
        mask = np.zeros(len(self), np.bool_)
        if found.dtype.kind == "b" and found.shape != mask.shape:
            raise KoubeiError("chosen", "not one a tree", got=found.shape, allowed=str(len(self)))
        if found.dtype.kind not in "biu" and found.size:
            raise KoubeiError("chosen", "not a mask or numbers of trees", got=found.dtype.name)
        if (
            found.dtype.kind != "b"
            and found.size
            and not (found.min() >= 0 and found.max() < len(self))
        ):
            raise KoubeiError("chosen", "no such tree", allowed=f"0..{len(self) - 1}")
        mask[found if found.size else []] = True
        return self._kept(mask[self.forest.tree], all_there=True)

    def _kept(self, kept: NDArray[np.bool_], all_there: bool = False) -> RepostTrees:
        """Return the trees of some rows; what loses its parent hangs on the root of its tree."""
        forest = self.forest
        kept = kept.copy()
        if not all_there:
            kept[forest.roots] = True
        log = forest.activations
        parent = log.parent.copy()
        inner = np.flatnonzero(kept & (forest.above >= 0))
        lost = inner[~kept[forest.above[inner]]]
        parent[lost] = log.person[forest.roots[forest.tree[lost]]]
        numbers, replicate = _renumbered(log.replicate[kept])
        rows = Activations(
            replicate, log.person[kept], parent[kept], log.time[kept], log.until[kept],
            log.kind[kept],
        )  # fmt: skip
        found = trees.forest_of(rows, _most(rows.person))
        return replace(
            self, forest=found, cascades=self.cascades[numbers], messages=self.messages[kept]
        )


def _renumbered(replicate: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return which numbers stand in a rising column, and the column with numbers from 0."""
    starts = trees.starts_of(replicate)
    counts = np.diff(starts) if starts.size > 1 else starts[:0]
    numbers = replicate[starts[:-1]].astype(np.int64)
    return numbers, np.repeat(np.arange(counts.size, dtype=np.int32), counts)


def _most(person: NDArray[np.int32]) -> int:
    return int(person.max(initial=-1)) + 1


# From a table to a forest -----------------------------------------------------------------------


def trees_of(
    parents: Any,
    times: Any = None,
    *,
    cascades: Any = None,
    root: Any = None,
    starts: Any = 0.0,
    missing: Literal["refuse", "root", "start"] = "refuse",
    early: Literal["refuse", "keep"] = "refuse",
) -> RepostTrees:
    """Read the trees of a log: who passed on whose message.

    Parameters
    ----------
    parents : DataFrame, mapping, Series, or array
        A frame with the columns ``message, parent`` and, if there are, ``cascade`` and ``time``; a
        mapping or a series ``message -> parent``; or an array with the row of the parent of each
        row, -1 for none.  A parent that is empty (None, NaN) is none: the message starts a tree.
    times : str, array, or mapping, optional
        When each message was sent: the name of a column of the frame, one value a row, or a mapping
        by message.  Numbers or dates (then seconds since the first).  Without times the order of
        the rows stands for them.
    cascades : array or mapping, optional
        Which cascade each message belongs to, where `parents` is not a frame; else all are one.
        Names of messages count within their cascade.
    root : optional
        The name by which rows call a first message that has no row of its own, such as 0.  It gets
        a row, of size 1 in its tree, in each cascade where it is named.
    starts : float or "first"
        Time of first messages without a row: a number, or that of the first message that there is.
    missing : {"refuse", "root", "start"}
        What becomes of a message whose parent is not in its cascade: refused; hung on the first
        root of the cascade (or starts a tree where there is none); or it starts a tree of its own.
    early : {"refuse", "keep"}
        What becomes of a message that is earlier than its parent: refused, or kept below it (clocks
        differ); sizes and shapes do not depend on times.

    Returns
    -------
    RepostTrees

    Raises
    ------
    KoubeiError
        In one line: a message twice in a cascade, parents that are missing, circles, children
        earlier than their parents, columns that do not fit.

    Examples
    --------
    >>> found = trees_of({"a": None, "b": "a", "c": "b"}).trees()
    >>> found[["root", "size", "depth", "broadcast"]].values.tolist()
    [['a', 3, 2, 1]]
    """
    checks.word("missing", missing, MISSING)
    checks.word("early", early, EARLY)
    log = _log(parents, times, cascades)
    log, rootless = _with_roots(log, root, starts)
    order = np.lexsort((log.time, log.cascade))
    above = _above(log, rootless, missing)
    place = np.empty(order.size, np.int64)
    place[order] = np.arange(order.size)
    above = np.where(above[order] >= 0, place[above[order]], -1)
    cascade, time = log.cascade[order], log.time[order]
    names = log.names[log.message[order]]
    child = np.flatnonzero(above >= 0)
    late = child[time[above[child]] > time[child]]
    if late.size and early == "refuse" and log.timed:
        raise _wrong(
            f"{late.size} messages are earlier than their parents", names, late[0], "early='keep'"
        )
    _no_circles(above, names)
    code, numbers = np.unique(cascade, return_inverse=True)
    counts = np.bincount(numbers, minlength=code.size)
    person = np.arange(order.size) - (np.cumsum(counts) - counts)[numbers]
    rows = Activations(
        numbers.astype(np.int32), person.astype(np.int32),
        np.where(above >= 0, person[above], -1).astype(np.int32),
        time, np.full(order.size, np.inf), np.zeros(order.size, np.int8),
    )  # fmt: skip
    forest = trees.forest_of(rows, _most(rows.person))
    return RepostTrees(forest, log.cascades[code], names, log.timed)


class _Log(NamedTuple):
    """A log as columns; messages and parents are numbers of names."""

    cascade: NDArray[np.int64]  # (rows,) number of the cascade
    cascades: NDArray[Any]  # names of the cascades
    message: NDArray[np.int64]  # (rows,)
    parent: NDArray[np.int64]  # (rows,), -1: none
    names: NDArray[Any]  # of messages
    time: NDArray[np.float64]  # (rows,)
    timed: bool
    dates: bool


def _wrong(what: str, names: NDArray[Any], row: int, fix: str | None = None) -> KoubeiError:
    name = names[row]
    return KoubeiError(
        "parents", what, got=f"such as message {getattr(name, 'item', lambda: name)()!r}", fix=fix
    )


def _column(where: str, values: Any, names: Any, rows: int) -> Any:
    """Return one value a row, from an array or from values by the names of messages."""
    import pandas as pd

    if isinstance(values, Mapping):
        absent = [name for name in names if name not in values]
        if absent:
            raise KoubeiError(where, "no value for a message", got=repr(absent[0]))
        return pd.Series([values[name] for name in names])
    found = pd.Series(values) if not isinstance(values, pd.Series) else values
    if len(found) != rows:
        raise KoubeiError(where, "not one a message", got=len(found), allowed=str(rows))
    return found.reset_index(drop=True)


def _log(parents: Any, times: Any, cascades: Any) -> _Log:
    """Read what was given into columns."""
    import pandas as pd

    if hasattr(parents, "columns"):
        for name in ("message", "parent"):
            if name not in parents.columns:
                raise KoubeiError(
                    "parents", f"no column {name!r}", got=", ".join(map(str, parents.columns)),
                    allowed=", ".join(COLUMNS),
                )  # fmt: skip
        message, parent = (pd.Series(parents[name]).reset_index(drop=True) for name in COLUMNS[1:3])
        if isinstance(times, str):
            checks.one_of("times", times, [str(name) for name in parents.columns], "no such column")
            times = parents[times]
        elif times is None and "time" in parents.columns:
            times = parents["time"]
        if cascades is None and "cascade" in parents.columns:
            cascades = parents["cascade"]
    elif isinstance(parents, (Mapping, pd.Series)):
        if isinstance(parents, pd.Series):
            message = pd.Series(parents.index)
            parent = parents.reset_index(drop=True)
        else:
            message, parent = pd.Series(list(parents)), pd.Series(list(parents.values()))
    else:
        above = pd.Series(checks.collected("parents", parents))
        message = pd.Series(np.arange(len(above)))
        if len(above) and above.dtype.kind not in "iuf":
            raise KoubeiError(
                "parents", "not rows of parents", got=above.dtype.name,
                allowed="whole numbers, -1 for none; or a frame, a mapping, a series",
            )  # fmt: skip
        parent = above.where(above >= 0)
    rows = len(message)
    if not rows:
        raise KoubeiError("parents", "no messages")
    if message.isna().any():
        raise KoubeiError(
            "parents", "a message has no name", got=f"row {int(message.isna().argmax())}"
        )
    numbers, called = _factors("cascades", cascades, message, rows)
    timed, dates, time = _times(times, message, rows)
    both = pd.concat([message, parent[parent.notna()]], ignore_index=True)
    code, names = pd.factorize(_plain(both))
    above_ = np.full(rows, -1, np.int64)
    above_[parent.notna().to_numpy()] = code[rows:]
    return _Log(numbers, called, code[:rows], above_, np.asarray(names), time, timed, dates)


def _plain(values: pd.Series) -> pd.Series:
    """Return names as whole numbers where all are, as a column with empty cells had them."""
    if values.dtype.kind == "O":
        values = values.infer_objects()
    if values.dtype.kind == "f" and (values == np.floor(values)).all():
        return values.astype(np.int64)
    return values


def _factors(
    where: str, given: Any, message: Any, rows: int
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    import pandas as pd

    if given is None:
        return np.zeros(rows, np.int64), np.zeros(1, np.int64)
    found = _column(where, given, message, rows)
    if found.isna().any():
        raise KoubeiError(where, "a message has none", got=f"row {int(found.isna().argmax())}")
    code, names = pd.factorize(found)
    return code.astype(np.int64), np.asarray(names)


def _times(times: Any, message: Any, rows: int) -> tuple[bool, bool, NDArray[np.float64]]:
    """Return whether there are times, whether they are dates, and the times."""
    if times is None:
        return False, False, np.arange(1.0, rows + 1.0)
    found = _column("times", times, message, rows)
    dates = found.dtype.kind == "M" or hasattr(found.dtype, "tz")
    if dates:
        time = (found - found.min()).dt.total_seconds().to_numpy(np.float64)
    else:
        try:
            time = found.to_numpy(np.float64)
        except (TypeError, ValueError):
            raise KoubeiError(
                "times", "not numbers or dates", got=repr(found.iloc[0]), fix="pandas.to_datetime"
            ) from None
    if not np.isfinite(time).all():
        raise KoubeiError("times", "not a time", got=f"row {int((~np.isfinite(time)).argmax())}")
    return True, dates, time


def _with_roots(log: _Log, root: Any, starts: Any) -> tuple[_Log, int]:
    """Give first messages without a row one; return the number of their name too, or -1."""
    first = isinstance(starts, str) and starts == "first"
    if not first:
        starts = checks.number("starts", starts)
    number = -1
    if root is not None:
        same = np.flatnonzero(log.names == root)
        number = int(same[0]) if same.size else -1
    if number < 0:
        return log, -1
    named = np.unique(log.cascade[log.parent == number])
    have = np.unique(log.cascade[log.message == number])
    new = np.setdiff1d(named, have)
    if first or log.dates:
        least = np.full(log.cascades.size, np.inf)
        np.minimum.at(least, log.cascade, log.time)
        begin = least[new]
    else:
        begin = np.full(new.size, starts if log.timed else 0.0)
    none = np.full(new.size, -1, np.int64)
    # In front, so that among equal times the root comes first.
    return log._replace(
        cascade=np.concatenate([new, log.cascade]),
        message=np.concatenate([np.full(new.size, number), log.message]),
        parent=np.concatenate([none, log.parent]),
        time=np.concatenate([begin, log.time]),
    ), number


def _above(log: _Log, rootless: int, missing: str) -> NDArray[np.int64]:
    """Return the row of the parent of each row, -1 for a root."""
    address = log.cascade * log.names.size + log.message
    order = np.argsort(address, kind="stable")
    held = address[order]
    twice = np.flatnonzero(held[1:] == held[:-1])
    if twice.size:
        raise _wrong("a message stands twice in a cascade", log.names[log.message], order[twice[0]])
    sought = log.cascade * log.names.size + log.parent
    at = np.minimum(np.searchsorted(held, sought), held.size - 1)
    there = (log.parent >= 0) & (held[at] == sought)
    above = np.where(there, order[at], -1)
    lost = np.flatnonzero((log.parent >= 0) & ~there)
    if lost.size and missing == "refuse":
        raise _wrong(
            f"the parents of {lost.size} messages are not in the log",
            log.names[log.message], lost[0], "missing='root', or 'start'",
        )  # fmt: skip
    if lost.size and missing == "root":
        roots = np.flatnonzero(log.parent < 0)
        roots = roots[np.argsort(log.time[roots], kind="stable")]
        first = np.full(log.cascades.size, -1, np.int64)
        first[log.cascade[roots[::-1]]] = roots[::-1]
        above[lost] = first[log.cascade[lost]]
    return above


def _no_circles(above: NDArray[np.int64], names: NDArray[Any]) -> None:
    """Refuse messages that are below themselves, by jumps of doubled length."""
    up = above
    for _ in range(int(above.size).bit_length() + 1):
        inner = up >= 0
        if not inner.any():
            return
        up = np.where(inner, up[up], -1)
    raise _wrong("messages are below themselves", names, int(np.flatnonzero(up >= 0)[0]))

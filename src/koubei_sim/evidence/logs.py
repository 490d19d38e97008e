"""`CascadeLog`: who took part in which cascade, in order, with times; and its reader.

Cascades lie one after another; each person takes part at most once in each.  Called by people and
by `credit`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import CascadeResult, checks
from koubei_sim.core.codes import DRAW_RULE_FIT
from koubei_sim.core.draws import units_drawn
from koubei_sim.errors import KoubeiError

SPLIT, SHUFFLE, REWIRE, RESAMPLE = 4, 2, 3, 5  # places of draws, see `core.codes`
#: What columns may be called.
PERSON: Final = ("person", "user", "site", "node")


@dataclass(frozen=True, eq=False)
class CascadeLog:
    """Cascades of people.

    Parameters
    ----------
    cascade : (m,) array
        Which cascade; any labels.
    person : (m,) array of int
        Who took part, 0..n-1.
    time : (m,) array, optional
        When; missing values come first, in the order of their rows, at the first time that their
        cascade knows (0 where it knows none).  Without it the order of the rows is the order.
    n : int, optional
        Number of people; one more than the largest `person` without it.

    Attributes
    ----------
    starts : (C + 1,) int64
        Rows of cascade c are ``starts[c] .. starts[c + 1] - 1``.
    names : (C,) array
        Labels of the cascades, ascending.

    Examples
    --------
    >>> log = CascadeLog([7, 7, 8], [0, 2, 1], [5.0, 3.0, 1.0])
    >>> log.person.tolist(), log.starts.tolist(), log.n
    ([2, 0, 1], [0, 2, 3], 3)
    """

    cascade: Any
    person: Any
    time: Any = None
    n: int | None = None

    def __post_init__(self) -> None:
        """Check, sort, and drop who takes part again."""
        person = np.asarray(self.person)
        cascade = np.asarray(self.cascade)
        if person.ndim != 1 or person.shape != cascade.shape or person.size == 0:
            raise KoubeiError(
                "person", "not one for each row", got=f"{person.shape} and {cascade.shape}"
            )
        if person.dtype.kind not in "iu":
            raise KoubeiError("person", "not whole numbers", got=person.dtype.name)
        most = int(person.max()) + 1
        n = most if self.n is None else checks.whole("n", self.n, most)
        if int(person.min()) < 0:
            raise KoubeiError(
                "person", "out of range", got=int(person.min()), allowed=f"0..{n - 1}"
            )
        rows = np.arange(person.size)
        time = rows.astype(np.float64) if self.time is None else _numbers(self.time)
        if time.shape != person.shape:
            raise KoubeiError("time", "not one for each row", got=time.shape)
        missing = np.isnan(time)
        names, which = np.unique(cascade, return_inverse=True)
        order = np.lexsort((rows, np.where(missing, -np.inf, time), which))
        which, person, time = which[order], person[order], time[order]
        code = which.astype(np.int64) * n + person
        by_code = np.argsort(code, kind="stable")
        keep = np.ones(person.size, bool)
        keep[by_code[1:][code[by_code][1:] == code[by_code][:-1]]] = False
        which, person, time = which[keep], person[keep], time[keep]
        # Those without a time come first; for what fades they count as the next that has one.
        known = np.flatnonzero(~np.isnan(time))
        first = np.zeros(names.size)
        first[which[known[::-1]]] = time[known[::-1]]
        time = np.where(np.isnan(time), first[which], time)
        starts = np.zeros(names.size + 1, np.int64)
        np.cumsum(np.bincount(which, minlength=names.size), out=starts[1:])
        for name, value in (
            ("cascade", which), ("person", person.astype(np.int32)),
            ("time", time), ("n", n), ("starts", starts), ("names", names),
        ):  # fmt: skip
            object.__setattr__(self, name, value)

    starts: Any = None
    names: Any = None

    @classmethod
    def of(cls, found: CascadeResult) -> CascadeLog:
        """Return the log of a run that kept who became active (``record="forest"``).

        Replicates are the cascades; people active in the same step stand in the order of their
        rows, which says nothing.
        """
        log = found.activations
        return cls(log.replicate, log.person, log.time, found.n)

    @property
    def number(self) -> int:
        """Number of cascades."""
        return int(self.starts.size - 1)

    def part(self, keep: NDArray[np.bool_]) -> CascadeLog:
        """Return some of the cascades, (C,) bool."""
        rows = keep[self.cascade]
        return CascadeLog(
            self.names[self.cascade[rows]], self.person[rows], self.time[rows], self.n
        )

    def split(self, share: float = 0.8, rng: Any = None) -> tuple[CascadeLog, CascadeLog]:
        """Return two logs: a share of the cascades at random, and the others."""
        share = checks.number("share", share, 0.0, 1.0)
        draws = units_drawn(self.number, checks.key(rng), DRAW_RULE_FIT, SPLIT, 0)
        first = np.zeros(self.number, bool)
        first[np.argsort(draws, kind="stable")[: round(share * self.number)]] = True
        if first.all() or not first.any():
            raise KoubeiError(
                "share", "leaves one side empty", got=share, allowed="between 0 and 1"
            )
        return self.part(first), self.part(~first)

    def shuffled(self, key: int) -> CascadeLog:
        """Return the log with the people of each cascade in random order, at the same times."""
        draws = units_drawn(self.person.size, key, DRAW_RULE_FIT, SHUFFLE, 0)
        order = np.lexsort((draws, self.cascade))
        return CascadeLog(self.names[self.cascade], self.person[order], self.time, self.n)

    def reversed(self) -> CascadeLog:
        """Return the log with the people of each cascade in reverse order, at the same times."""
        rows = np.arange(self.person.size)
        order = np.lexsort((-rows, self.cascade))
        return CascadeLog(self.names[self.cascade], self.person[order], self.time, self.n)

    def counts(self) -> NDArray[np.int64]:
        """Cascades in which each person took part, (n,)."""
        return np.bincount(self.person, minlength=self.n or 0)

    def __repr__(self) -> str:
        """Say how large it is."""
        return f"CascadeLog({self.number:,} cascades, {self.person.size:,} rows, {self.n:,} people)"


def _numbers(given: Any) -> NDArray[np.float64]:
    """Return times as numbers, NaN where they are missing."""
    if getattr(given, "dtype", np.dtype(float)).kind in "mM":
        raise KoubeiError("time", "dates, not numbers", got=str(given.dtype))
    try:
        found = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise KoubeiError("time", "not numbers", got=repr(np.asarray(given).ravel()[0])) from None
    if np.isinf(found).any():
        raise KoubeiError("time", "not finite", got="inf", allowed="numbers, NaN where missing")
    return found


def read_cascade_log(path: str | Path, n: int | None = None) -> CascadeLog:
    """Read a table of cascades: CSV (gzip too) with who took part in which, and when.

    Parameters
    ----------
    path : path, or the name of a file in the data folder
        Columns: ``cascade``; ``person``, ``user``, ``site`` or ``node``; and, where given, one that
        begins with ``time``.
    n : int, optional
        Number of people.

    Raises
    ------
    KoubeiError
        No such file, or columns missing.

    Examples
    --------
    >>> read_cascade_log("nowhere.csv")
    Traceback (most recent call last):
    ...
    koubei_sim.errors.KoubeiError: nowhere.csv: no such data file, ...
    """
    import pandas as pd

    from koubei_sim.networks import find_data

    goal = checks.path("path", path)
    goal = goal if goal.is_file() else Path(find_data(goal.name))
    try:
        table = pd.read_csv(goal)
    except (OSError, ValueError) as error:
        raise KoubeiError(str(goal), f"cannot be read ({type(error).__name__})") from None
    people = [name for name in PERSON if name in table.columns]
    times = [name for name in table.columns if str(name).startswith("time")]
    if "cascade" not in table.columns or not people:
        raise KoubeiError(
            str(goal), "columns missing", got=", ".join(map(str, table.columns)),
            allowed="cascade, person, time",
        )  # fmt: skip
    when = table[times[0]].to_numpy() if times else None
    return CascadeLog(table["cascade"].to_numpy(), table[people[0]].to_numpy(), when, n)

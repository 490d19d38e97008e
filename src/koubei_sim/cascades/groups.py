"""A story in chat groups, hour by hour: `Groups`, `random_groups`, `group_launch`, `GroupLaunch`.

A group is a hyperedge: what is put into it is before all its members at once.  Ticks are hours,
so that a launch of half a day can be written down.  It is no rule of `cascade`: what is counted
are shares, again and again into groups that have the story, and a sharer chooses among its own
groups.  docs/cascades.md 7 is the norm; `kernels.groups` runs one replicate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import thresholds
from koubei_sim.cascades.kernels.groups import (
    Conduct,
    Table,
    draw_members,
    launch,
    scratch_of,
)
from koubei_sim.cascades.statistics import quantile_interval
from koubei_sim.core.codes import DRAW_GROUP_SIZE
from koubei_sim.core.draws import UNIT, drawn, power_portable
from koubei_sim.core.workers import Workers
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look, wrapped
from koubei_sim.metrics.hurdle import chance

if TYPE_CHECKING:
    import pandas as pd

MOST_PEOPLE: Final = (1 << 31) - 1
MOST_PLACES: Final = 1 << 30  # memberships
MOST_HOURS: Final = 10_000
TAKEN_OFF: Final = 10  # shares a post from which on a launch has taken off
PIECE: Final = 16  # replicates that a thread takes at a time


@dataclass(frozen=True, eq=False, repr=False)
class Groups:
    """Who is in which chat group: n people, G groups.

    Parameters
    ----------
    starts : (G + 1,) array of int
        Group g has the members ``members[starts[g] : starts[g + 1]]``.
    members : array of int
        People 0..n-1, none twice in a group.
    people : int
        n; people in no group count too.

    Raises
    ------
    KoubeiError
        For what is no such table.

    Examples
    --------
    >>> table = Groups.from_lists([[0, 1, 2], [2, 3]], people=5)
    >>> table, table.sizes.tolist()
    (Groups(2 groups, 5 people, 5 memberships), [3, 2])
    """

    starts: NDArray[np.int64]
    members: NDArray[np.int32]
    people: int
    table: Table = field(init=False)

    def __post_init__(self) -> None:
        """Check the table and turn it round: the groups of each person."""
        people = checks.whole("people", self.people, 1, MOST_PEOPLE)
        starts = _whole_array("starts", self.starts, np.int64)
        members = _whole_array("members", self.members, np.int32)
        if starts.size < 2 or starts[0] != 0 or starts[-1] != members.size:
            raise KoubeiError("starts", "must run from 0 to the number of members", got=starts.size)
        sizes = np.diff(starts)
        if (sizes < 1).any():
            raise KoubeiError(f"group {int(np.argmax(sizes < 1))}", "has no members")
        group = np.repeat(np.arange(sizes.size, dtype=np.int32), sizes)
        wrong = (members < 0) | (members >= people)
        if wrong.any():
            at = int(np.argmax(wrong))
            raise KoubeiError(
                f"group {group[at]}", "no such person", got=members[at], allowed=f"0..{people - 1}"
            )
        order = np.lexsort((group, members))
        of_person, groups = members[order], group[order]
        twice = (of_person[1:] == of_person[:-1]) & (groups[1:] == groups[:-1])
        if twice.any():
            at = int(np.argmax(twice))
            raise KoubeiError(f"group {groups[at]}", "names a person twice", got=of_person[at])
        first = np.concatenate([[0], np.bincount(of_person, minlength=people).cumsum()])
        table = Table(starts, members, first.astype(np.int64), groups)
        for array in table:
            array.flags.writeable = False
        for name, value in (("starts", starts), ("members", members), ("people", people)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "table", table)

    @classmethod
    def from_lists(cls, groups: Sequence[Any], people: int | None = None) -> Groups:
        """Return the table of lists of members, one list a group.

        Parameters
        ----------
        groups : list of lists of int
        people : int, optional
            How many there are; as many as are named, unless given.
        """
        if isinstance(groups, (str, bytes)) or not hasattr(groups, "__len__") or not len(groups):
            raise KoubeiError("groups", "not lists of members", got=repr(groups))
        rows = [_whole_array(f"groups[{g}]", row, np.int32) for g, row in enumerate(groups)]
        starts = np.concatenate([[0], np.cumsum([row.size for row in rows])])
        members = np.concatenate(rows)
        most = int(members.max()) + 1 if members.size and members.max() >= 0 else 1
        return cls(starts, members, most if people is None else people)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Members of each group, shape (G,)."""
        return np.diff(self.starts)

    @property
    def memberships(self) -> NDArray[np.int64]:
        """Groups of each person, shape (n,)."""
        return np.diff(self.table.first)

    def __len__(self) -> int:
        """Return the number of groups."""
        return self.starts.size - 1

    def __repr__(self) -> str:
        """Say the numbers of groups, people and memberships."""
        return wrapped(
            f"Groups({len(self)} groups, {self.people} people, {self.members.size} memberships)"
        )


def _whole_array(where: str, given: Any, dtype: Any) -> NDArray[Any]:
    """Return a new array of one dimension of whole numbers that fit."""
    try:
        found = np.asarray(given)
    except ValueError:
        found = np.empty((0, 0))
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise KoubeiError(where, "not whole numbers in one row", got=repr(given)[:60])
    limits = np.iinfo(dtype)
    if found.size and (found.max() > limits.max or found.min() < limits.min):
        raise KoubeiError(where, "out of range", got=int(found.max()), allowed=f"0..{limits.max}")
    return np.ascontiguousarray(found, dtype=dtype).copy()


def random_groups(
    people: int,
    per_person: float,
    rng: Any = None,
    *,
    least: int = 30,
    most: int = 500,
    exponent: float = 2.0,
) -> Groups:
    """Draw chat groups with members at random.

    Groups are drawn until they have ``people * per_person`` places or more.  The size g of a group
    has the law ``P(g) ~ (least / g)**exponent`` on least..most (a Pareto law cut at both ends;
    exponent 0: all sizes equally likely); its members are different people, all equally likely.

    Parameters
    ----------
    people : int
        n.
    per_person : float
        Mean number of groups of a person, above 0.
    rng : int, SeedSequence, Generator or None
        Source of the key; the same key gives the same groups.
    least, most : int
        Smallest and largest size, 1..n.
    exponent : float
        0..10.

    Returns
    -------
    Groups

    Raises
    ------
    KoubeiError
        In one line, before anything is drawn.

    Examples
    --------
    >>> table = random_groups(10_000, 3.0, rng=1)
    >>> table
    Groups(345 groups, 10000 people, 30017 memberships)
    """
    people = checks.whole("people", people, 1, MOST_PEOPLE)
    least = checks.whole("least", least, 1, people)
    most = checks.whole("most", most, least, people)
    exponent = checks.number("exponent", exponent, 0.0, 10.0)
    places = int(np.ceil(people * checks.positive("per_person", per_person)))
    if places > MOST_PLACES - most:
        raise KoubeiError("per_person", "too many places in groups", got=places,
                          allowed=f"people * per_person up to {MOST_PLACES - most}")  # fmt: skip
    key = checks.key(rng)
    weights = [power_portable(least / g, exponent) for g in range(least, most + 1)]
    bounds = np.cumsum(weights)  # one after the other, so that they round alike everywhere
    bounds = np.floor(bounds / bounds[-1] * UNIT + 0.5).astype(np.int64)
    bits = drawn(-(-places // least), key, DRAW_GROUP_SIZE) >> np.uint64(32)
    sizes = least + np.searchsorted(bounds, bits.astype(np.int64), side="right")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    starts = starts[: int(np.searchsorted(starts, places)) + 1]
    members = np.empty(int(starts[-1]), np.int32)
    draw_members(np.uint64(key), starts, people, members)
    return Groups(starts, members, people)


@dataclass(frozen=True, eq=False, repr=False)
class GroupLaunch(Look):
    """Replicates of a launch in groups: R replicates, hours 0..H.

    Attributes
    ----------
    shares, orders, readers, groups : (R, H + 1) int64
        In each hour: shares of readers (posts are none), orders, people who read the story, and
        groups that carry it for the first time (at hour 0: the posts).
    replicates : (R,) int64
        Numbers of the replicates.
    posts : int
    key : int
    """

    shares: NDArray[np.int64]
    orders: NDArray[np.int64]
    readers: NDArray[np.int64]
    groups: NDArray[np.int64]
    replicates: NDArray[np.int64]
    posts: int
    key: int

    @property
    def took_off(self) -> NDArray[np.bool_]:
        """Whether a replicate made ten shares a post or more, shape (R,)."""
        return self.shares.sum(axis=1) >= TAKEN_OFF * self.posts

    def hour_of(
        self, share: float, what: Literal["orders", "shares", "readers", "groups"] = "orders"
    ) -> NDArray[np.float64]:
        """Return the hour by which a share of all orders (...) was there, NaN where there are none.

        Parameters
        ----------
        share : float
            Above 0, up to 1.
        what : {"orders", "shares", "readers", "groups"}

        Returns
        -------
        (R,) array of float
        """
        share = checks.number("share", share, 0.0, 1.0)
        if share == 0.0:
            raise KoubeiError("share", "must be above 0", got=share)
        name = checks.word("what", what, ("orders", "shares", "readers", "groups"))
        so_far = getattr(self, name).cumsum(axis=1)
        reached = so_far >= share * so_far[:, -1:]
        return np.where(so_far[:, -1] > 0, reached.argmax(axis=1).astype(np.float64), np.nan)

    def to_pandas(self) -> pd.DataFrame:
        """Return one row a replicate and hour, with the numbers of that hour."""
        from koubei_sim.looks.frames import Table

        hours = self.shares.shape[1]
        columns = {
            "replicate": np.repeat(self.replicates, hours),
            "hour": np.tile(np.arange(hours), self.replicates.size),
        }
        for name in ("shares", "orders", "readers", "groups"):
            columns[name] = getattr(self, name).ravel()
        return Table(columns)

    def _shown(self) -> pd.DataFrame:
        return self.summary()

    def summary(self) -> pd.DataFrame:
        """Return the chance of take-off, and the rest of the replicates that took off.

        Rows ``take_off`` (ten shares a post or more; interval of `koubei_sim.metrics.chance`),
        then medians: ``shares, orders, readers, groups, orders_per_share, shares_per_group,
        hour_of_orders`` (by which 95 % of the orders are there).  The 95 % interval of a median
        is that of the order statistics, good for any law; NaN where there are fewer than six.

        Returns
        -------
        DataFrame
            Columns ``estimate, low, high, q05, q95, n``.
        """
        from koubei_sim.looks.frames import Table

        off = self.took_off
        total = {
            name: getattr(self, name)[off].sum(axis=1).astype(np.float64)
            for name in ("shares", "orders", "readers", "groups")
        }
        total["orders_per_share"] = total["orders"] / total["shares"]
        total["shares_per_group"] = total["shares"] / total["groups"]
        total["hour_of_orders"] = self.hour_of(0.95)[off]
        found = chance(off)
        rows: dict[str, tuple[float, ...]]
        rows = {"take_off": (found.mean, found.low, found.high, np.nan, np.nan, off.size)}
        rows |= {name: _median(values[np.isfinite(values)]) for name, values in total.items()}
        columns = ["estimate", "low", "high", "q05", "q95", "n"]
        return Table.from_dict(rows, orient="index", columns=columns)

    def __repr__(self) -> str:
        """Say how many replicates took off."""
        return wrapped(
            f"GroupLaunch({self.replicates.size} replicates of {self.shares.shape[1] - 1} hours, "
            f"{int(self.took_off.sum())} took off)"
        )


def _median(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Median with the interval of the order statistics, quantiles .05 and .95, number."""
    if values.size == 0:
        return (*([np.nan] * 5), 0)
    _, low, high = quantile_interval(values, 0.5)
    q05, q95 = np.quantile(values, [0.05, 0.95])
    return float(np.median(values)), low, high, float(q05), float(q95), values.size


def group_launch(
    groups: Groups,
    posts: Any,
    *,
    order: float,
    share: float,
    waiting: Any,
    hours: int = 24,
    into: int = 1,
    replicates: int = 1000,
    rng: Any = None,
    first: int = 0,
    threads: int | None = None,
) -> GroupLaunch:
    """Launch something by a story in chat groups, hour by hour.

    Posts stand in groups at hour 0.  What stands in a group is before all members who have not
    read it: each opens the group after a waiting time, or never, and reads it once.  A reader
    orders with one chance, and with another shares it on into other groups of its own, in the
    hour of reading.  A group to which it comes again carries it again.

    Parameters
    ----------
    groups : Groups
        Who is in which group: `random_groups`, or `Groups.from_lists`.
    posts : int, or list of int
        So many groups at random, anew for each replicate; or the groups, none twice.
    order : float
        Chance that a reader orders, 0..1.
    share : float
        Chance that a reader shares it on, 0..1.
    waiting : list of float
        Chance that a member opens the group in the hour 1, 2, ... after the story came there (or
        came again); what is missing to 1 never does.
    hours : int
        Nothing happens after so many hours, 1 or more.
    into : int
        Other groups that a sharer puts it into, at random (all of them where it has fewer).
    replicates : int
    rng : int, SeedSequence, Generator or None
        Source of the key of 64 bits; the same key gives the same bytes.
    first : int
        Number of the first replicate.
    threads : int, optional
        Threads to use, all cores unless given; results do not depend on it.

    Returns
    -------
    GroupLaunch

    Raises
    ------
    KoubeiError
        In one line, before anything runs.

    Notes
    -----
    Groups as hyperedges: Bretto 2013.  While the groups that a story meets are new to it and share
    no more than one person each, it is a branching process of shares with reproduction number
    ``R = p share into (g - 1)`` (p: sum of `waiting`, g: mean size of the groups of a member), and
    ``orders / shares`` tends to ``order / (share into)`` where everybody has so many other groups.

    Examples
    --------
    >>> table = random_groups(20_000, 3.0, rng=1)
    >>> found = group_launch(
    ...     table, 10, order=0.1, share=0.02, waiting=[0.2, 0.1, 0.05], replicates=50, rng=1
    ... )
    >>> found
    GroupLaunch(50 replicates of 24 hours, 3 took off)
    >>> bool((found.orders <= found.readers).all())
    True
    """
    if not isinstance(groups, Groups):
        raise KoubeiError(
            "groups", "not a table of groups", got=type(groups).__name__,
            fix="kb.Groups.from_lists([[0, 1], [1, 2]])",
        )  # fmt: skip
    last = checks.whole("hours", hours, 1, MOST_HOURS)
    law = checks.values("waiting", waiting, 0.0, 1.0)
    if law.ndim != 1:
        raise KoubeiError("waiting", "has too many dimensions", got=law.shape, allowed="one")
    so_far = np.cumsum(law)
    if so_far[-1] > 1.0 + 1e-9:
        raise KoubeiError("waiting", "adds up to more than 1", got=float(so_far[-1]))
    conduct = Conduct(
        order=int(thresholds("order", checks.number("order", order))),
        share=int(thresholds("share", checks.number("share", share))),
        into=checks.whole("into", into, 1, len(groups)),
        hours=last,
        waiting=np.asarray(thresholds("waiting", np.minimum(1.0, so_far)), np.int64),
    )
    named, number = _posts(posts, len(groups))
    count = checks.whole("replicates", replicates, 1)
    start = checks.whole("first", first, 0)
    used = checks.threads(threads)
    key = checks.key(rng)

    def run(begin: int, size: int) -> NDArray[np.int64]:
        scratch = scratch_of(groups.table)
        found = np.zeros((size, 4, last + 1), np.int64)
        for k in range(size):
            launch(
                groups.table, conduct, scratch, named, number, np.uint64(key), begin + k, found[k]
            )
        return found

    spans = ((lo, min(PIECE, start + count - lo)) for lo in range(start, start + count, PIECE))
    with Workers(min(used, -(-count // PIECE))) as pool:
        found = np.concatenate(list(pool.in_order(run, spans)))
    shares, orders, readers, reached = (np.ascontiguousarray(found[:, k]) for k in range(4))
    numbers = start + np.arange(count, dtype=np.int64)
    return GroupLaunch(shares, orders, readers, reached, numbers, number, key)


def _posts(posts: Any, groups: int) -> tuple[NDArray[np.int32], int]:
    """Return the groups of the posts, none where they are drawn, and how many there are."""
    if np.ndim(posts) == 0:
        return np.empty(0, np.int32), checks.whole("posts", posts, 1, groups)
    named = _whole_array("posts", posts, np.int32)
    if not named.size or named.min() < 0 or named.max() >= groups:
        raise KoubeiError("posts", "no such group", got=named.tolist(), allowed=f"0..{groups - 1}")
    if np.unique(named).size < named.size:
        raise KoubeiError("posts", "names a group twice", got=named.tolist())
    return named, int(named.size)

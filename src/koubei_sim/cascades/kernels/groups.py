"""A story in chat groups, hour by hour: one replicate (docs/cascades.md 7).

Groups are hyperedges: what is put into one is before all its members at once, each of whom opens
the group some hours later, or not at all.  The loops go over what was touched only: an exposure
is one draw, an hour one walk over the people who have an hour of reading.  Called by
`cascades.groups`.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.core.codes import (
    DRAW_GROUP_ACT,
    DRAW_GROUP_CHOICE,
    DRAW_GROUP_MEMBER,
    DRAW_GROUP_POST,
    DRAW_GROUP_READ,
)
from koubei_sim.core.draws import draw, draw32, pick, stream

SHARES, ORDERS, READERS, GROUPS = range(4)  # rows of what is counted by the hour
READ: Final = -1  # in `due`: has read the story
NEVER: Final = 1 << 30  # in `due`: has no hour of reading


class Table(NamedTuple):
    """Who is in which group: the members of each group, and the groups of each person."""

    starts: NDArray[np.int64]  # (G + 1,) group g has members[starts[g] : starts[g + 1]]
    members: NDArray[np.int32]
    first: NDArray[np.int64]  # (n + 1,) person i is in groups[first[i] : first[i + 1]]
    groups: NDArray[np.int32]


class Conduct(NamedTuple):
    """What people do; chances in units of 2**-32."""

    order: int
    share: int
    into: int  # groups that a share goes to
    hours: int  # the horizon
    waiting: NDArray[np.int64]  # (W,) chance to have opened the group after 1, 2, ... hours


class Scratch(NamedTuple):
    """Left clean by every replicate."""

    due: NDArray[np.int64]  # (n,) hour of reading, `NEVER`, or `READ`
    source: NDArray[np.int32]  # (n,) the group in which it is read
    touched: NDArray[np.int32]  # (n,) people who have, or had, an hour of reading
    many: NDArray[np.int64]  # (1,) how many those are
    carried: NDArray[np.int64]  # (G,) how often a group has carried the story
    posted: NDArray[np.int32]  # (G,) groups of the posts


def scratch_of(table: Table) -> Scratch:
    """Return clean scratch for a table."""
    n, groups = table.first.size - 1, table.starts.size - 1
    return Scratch(
        np.full(n, NEVER, np.int64),
        np.zeros(n, np.int32),
        np.zeros(n, np.int32),
        np.zeros(1, np.int64),
        np.zeros(groups, np.int64),
        np.zeros(groups, np.int32),
    )


@njit(cache=True, nogil=True)
def draw_members(key: Any, starts: Any, people: Any, members: Any) -> None:
    """Fill each group with different people, all equally likely."""
    mark = np.full(people, -1, np.int64)
    for g in range(starts.size - 1):
        base = stream(key, 0, DRAW_GROUP_MEMBER, 0, g)
        attempt = 0
        place = starts[g]
        while place < starts[g + 1]:
            u = pick(draw32(base, attempt), people)
            attempt += 1
            if mark[u] != g:
                mark[u] = g
                members[place] = u
                place += 1


@njit(cache=True, nogil=True)
def _carry(table, conduct, s, key, replicate, g, hour, found):
    """Put the story before all members of a group."""
    base = stream(key, replicate, DRAW_GROUP_READ, s.carried[g], g)
    if s.carried[g] == 0:
        found[GROUPS, hour] += 1
    s.carried[g] += 1
    waiting = conduct.waiting
    for place in range(table.starts[g], table.starts[g + 1]):
        u = table.members[place]
        if s.due[u] == READ:
            continue
        bits = draw32(base, u)
        wait = 0
        while wait < waiting.size and bits >= waiting[wait]:
            wait += 1
        at = hour + 1 + wait
        if wait == waiting.size or at > conduct.hours:
            continue
        if s.due[u] == NEVER:
            s.touched[s.many[0]] = u
            s.many[0] += 1
        if at < s.due[u] or (at == s.due[u] and g < s.source[u]):
            s.due[u] = at
            s.source[u] = g


@njit(cache=True, nogil=True)
def _post(count, s, key, replicate):
    """Choose the groups of the posts: different ones, all equally likely."""
    base = stream(key, replicate, DRAW_GROUP_POST, 0, 0)
    attempt = 0
    m = 0
    while m < count:
        g = pick(draw32(base, attempt), s.carried.size)
        attempt += 1
        seen = False
        for k in range(m):
            seen = seen or s.posted[k] == g
        if not seen:
            s.posted[m] = g
            m += 1


@njit(cache=True, nogil=True)
def _share(table, conduct, s, key, replicate, u, hour, found):
    """Share into those of the other groups of `u` that have the smallest draws."""
    last = np.uint64(0)
    last_group = -1
    for _ in range(conduct.into):
        best = np.uint64(0)
        best_group = -1
        for place in range(table.first[u], table.first[u + 1]):
            g = table.groups[place]
            if g == s.source[u]:
                continue
            x = draw(stream(key, replicate, DRAW_GROUP_CHOICE, 0, g), u)
            if last_group >= 0 and (x < last or (x == last and g <= last_group)):
                continue
            if best_group < 0 or x < best or (x == best and g < best_group):
                best = x
                best_group = g
        if best_group < 0:
            break
        last = best
        last_group = best_group
        found[SHARES, hour] += 1
        _carry(table, conduct, s, key, replicate, best_group, hour, found)


@njit(cache=True, nogil=True)
def launch(table, conduct, s, posts, count, key, replicate, found):
    """Run one replicate.

    Parameters
    ----------
    table, conduct, s : Table, Conduct, Scratch
    posts : array of int32
        Groups of the posts; where it is empty, `count` groups are drawn.
    count : int
    key, replicate : int
    found : (4, hours + 1) int64
        Zeros; gets shares, orders, readers, and groups that carry the story for the first time.
    """
    if posts.size > 0:
        s.posted[: posts.size] = posts
        count = posts.size
    else:
        _post(count, s, key, replicate)
    for k in range(count):
        _carry(table, conduct, s, key, replicate, np.int64(s.posted[k]), 0, found)
    ordering = stream(key, replicate, DRAW_GROUP_ACT, 0, 0)
    sharing = stream(key, replicate, DRAW_GROUP_ACT, 0, 1)
    for hour in range(1, conduct.hours + 1):
        for k in range(s.many[0]):
            u = s.touched[k]
            if s.due[u] != hour:
                continue
            s.due[u] = READ
            found[READERS, hour] += 1
            found[ORDERS, hour] += draw32(ordering, u) < conduct.order
            if draw32(sharing, u) < conduct.share:
                _share(table, conduct, s, key, replicate, np.int64(u), hour, found)
    for k in range(s.many[0]):
        s.due[s.touched[k]] = NEVER
    s.many[0] = 0
    s.carried[:] = 0

"""Twin of groups and of a launch in them, written from docs/cascades.md 7 alone."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from tests.cascades.twins.luck import Luck, units

from koubei_sim.core import codes
from koubei_sim.core.draws import power_portable


class Launch(NamedTuple):
    """What is asked; the arguments of `group_launch`."""

    posts: int | list[int]
    order: float
    share: float
    waiting: list[float]
    hours: int
    into: int


def table(
    people: int, places: int, key: int, least: int, most: int, exponent: float
) -> list[list[int]]:
    """The members of all groups."""
    luck = Luck(key, 0)
    sums = [0.0]
    for size in range(least, most + 1):
        sums.append(sums[-1] + float(power_portable(least / size, exponent)))
    bounds = [units(x / sums[-1]) for x in sums]
    groups: list[list[int]] = []
    while sum(map(len, groups)) < places:
        number = len(groups)
        bits = luck.bits32(codes.DRAW_GROUP_SIZE, 0, 0, number)
        size = next(least + k for k in range(most - least + 1) if bits < bounds[k + 1])
        members: list[int] = []
        attempt = 0
        while len(members) < size:
            who = luck.bits32(codes.DRAW_GROUP_MEMBER, 0, number, attempt) * people >> 32
            attempt += 1
            if who not in members:
                members.append(who)
        groups.append(members)
    return groups


def launch(
    groups: list[list[int]], asked: Launch, key: int, replicate: int
) -> dict[str, list[int]]:
    """One replicate: shares, orders, readers, groups by hour."""
    luck = Luck(key, replicate)
    found = {name: [0] * (asked.hours + 1) for name in ("shares", "orders", "readers", "groups")}
    so_far, bounds = 0.0, []
    for x in asked.waiting:
        so_far += x
        bounds.append(units(min(1.0, so_far)))

    # Who reads when, and where: the earliest of all appointments, then the smallest group.
    plans: dict[int, set[tuple[int, int]]] = defaultdict(set)
    carried: dict[int, int] = defaultdict(int)
    has_read: dict[int, int] = {}

    def put(group: int, hour: int) -> None:
        time = carried[group]
        carried[group] += 1
        found["groups"][hour] += time == 0
        for who in groups[group]:
            bits = luck.bits32(codes.DRAW_GROUP_READ, time, group, who)
            waits = [k + 1 for k, bound in enumerate(bounds) if bits < bound]
            if waits:
                plans[who].add((hour + waits[0], group))

    if isinstance(asked.posts, list):
        posts = asked.posts
    else:
        posts, attempt = [], 0
        while len(posts) < asked.posts:
            group = luck.bits32(codes.DRAW_GROUP_POST, 0, 0, attempt) * len(groups) >> 32
            attempt += 1
            if group not in posts:
                posts.append(group)
    for group in posts:
        put(group, 0)
    for hour in range(1, asked.hours + 1):
        now = [who for who in plans if who not in has_read and min(plans[who])[0] == hour]
        for who in now:
            has_read[who] = min(plans[who])[1]
        for who in now:
            found["readers"][hour] += 1
            found["orders"][hour] += luck.bits32(codes.DRAW_GROUP_ACT, 0, 0, who) < units(
                asked.order
            )
            if luck.bits32(codes.DRAW_GROUP_ACT, 0, 1, who) < units(asked.share):
                others = [g for g, inside in enumerate(groups) if who in inside]
                others.remove(has_read[who])
                others.sort(key=lambda g: (luck.bits(codes.DRAW_GROUP_CHOICE, 0, g, who), g))
                for group in others[: asked.into]:
                    found["shares"][hour] += 1
                    put(group, hour)
    return found

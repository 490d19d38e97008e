"""Twin of the independent cascade by counts of live arcs (docs/cascades.md 2, *By counts*)."""

from __future__ import annotations

import math

from tests.cascades.twins.graph import Activation, Arcs
from tests.cascades.twins.luck import ONE, Luck

from koubei_sim.core import codes
from koubei_sim.core.draws import draw

MOST = 16


def longest_segment(threshold: int) -> int:
    """Arcs of a segment: the most of 16, 32 .. 1024 with no more than two live ones on average."""
    fitting = [16]
    fitting += [2**k for k in range(5, 11) if 2**k * threshold <= 2 * ONE]
    return max(fitting)


def cuts_of(threshold: int, arcs: int) -> list[int]:
    """Thresholds of at most 0, 1, .. live arcs among so many, in units of 2**-32."""
    p = threshold / ONE
    chance = [1.0] + [0.0] * (MOST - 1)
    for _ in range(arcs):
        before = [0.0, *chance]
        chance = [chance[c] * (1.0 - p) + before[c] * p for c in range(1, MOST)]
        chance.insert(0, before[1] * (1.0 - p))
    sums, total = [], 0.0
    for c in range(min(arcs, MOST)):
        total += chance[c]
        sums.append(math.floor(total * 2.0**32 + 0.5))
    return sums


class Counts:
    """Live arcs of segments; tables are kept."""

    def __init__(self, threshold: int) -> None:
        self.threshold = threshold
        self.longest = longest_segment(threshold)
        self.cuts: dict[int, list[int]] = {}

    def of_segment(self, luck: Luck, first: int, arcs: int) -> set[int]:
        """The live arcs of the segment of so many arcs that begins at `first`."""
        if arcs not in self.cuts:
            self.cuts[arcs] = cuts_of(self.threshold, arcs)
        word = luck.bits(codes.DRAW_ARC_COUNT, 0, 0, first)
        upper, lower = divmod(word, ONE)
        number = sum(upper >= cut for cut in self.cuts[arcs])
        if number == 0:
            return set()
        halves = [lower]
        for m in range(MOST):
            halves += divmod(int(draw(word, m)), ONE)
        left = list(range(first, first + arcs))  # those that are not live yet
        live = {left.pop(halves[0] * arcs // ONE)}
        if number > 1:
            live.add(left.pop(halves[1] * (arcs - 1) // ONE))
        chosen: set[int] = set()  # places among those left
        for k in range(2, number):
            last = arcs - number + k - 2
            place = halves[k] * (last + 1) // ONE
            chosen.add(last if place in chosen else place)
        return live | {left[place] for place in chosen}

    def of_row(self, luck: Luck, row: list[int]) -> list[int]:
        """The live arcs of a row, cut from its beginning."""
        live: set[int] = set()
        for at in range(0, len(row), self.longest):
            part = row[at : at + self.longest]
            live |= self.of_segment(luck, part[0], len(part))
        return sorted(live)


def independent(
    arcs: Arcs, luck: Luck, seeds: list[int], counts: Counts, horizon: float
) -> list[Activation]:
    """Independent cascade, one threshold for all arcs."""
    active = {person: Activation(0.0, person) for person in seeds}
    new, step = list(seeds), 0
    while new and step < horizon:
        step += 1
        convincing: dict[int, list[int]] = {}
        for person in new:
            for arc in counts.of_row(luck, arcs.out[person]):
                if arcs.target[arc] not in active:
                    convincing.setdefault(arcs.target[arc], []).append(arc)
        for person, live in convincing.items():
            parent = arcs.source[luck.first_among_equals(live)]
            active[person] = Activation(float(step), person, parent)
        new = list(convincing)
    return list(active.values())

"""Twin of seeds drawn for each replicate (docs/cascades.md 5)."""

from __future__ import annotations

from tests.cascades.twins.luck import Luck

from koubei_sim.core import codes


def random_seeds(
    luck: Luck, wanted: list[tuple[int, list[int] | None]], n: int, taken: set[int]
) -> list[list[int]]:
    """Draw seeds for each brand in turn.

    Parameters
    ----------
    wanted : list of (k, among)
        For each brand, how many and (unless None) of whom.
    taken : set of int
        Fixed seeds of other brands.
    """
    taken = set(taken)
    out = []
    attempt = 0
    for k, among in wanted:
        people = list(range(n)) if among is None else among
        found: list[int] = []
        while len(found) < k:
            drawn = luck.bits32(codes.DRAW_SEEDS_RANDOM, 0, 0, attempt)
            attempt += 1
            person = people[(drawn * len(people)) >> 32]
            if person not in taken:
                found.append(person)
                taken.add(person)
        out.append(sorted(found))
    return out

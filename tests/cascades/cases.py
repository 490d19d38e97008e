"""Cases for the twins: a rule with arguments, a graph, seeds, a key, named by one number.

`case(family, number)` makes one; families are the rules (and the ways to compute them).
"""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

import numpy as np
from tests.cascades.drawn_rules import BORDER_KEY, ON_CONTACTS, ON_NETWORKS
from tests.cascades.graphs import (
    LENGTHS,
    hub_network,
    large_network,
    long_rows,
    random_contacts,
    random_network,
)
from tests.worlds import Dice

from koubei_sim.cascades import RandomSeeds, rules


class Case(NamedTuple):
    """A call of `cascade`; `horizon` None: none is given."""

    network: Any
    rule: rules.Rule
    seeds: Any
    key: int
    first: int
    replicates: int
    horizon: float | None


def seed_people(dice: Dice, n: int, replicates: int) -> Any:
    """Seeds in one of their forms, without brands."""
    form = dice.whole(0, 5)
    count = min(n, dice.whole(1, 10))
    if form == 0:
        return RandomSeeds(count)
    if form == 1:
        return RandomSeeds(count, np.sort(dice.rng.permutation(n)[: max(count, n // 2)]))
    if form == 2:
        return [dice.rng.permutation(n)[: dice.whole(1, count)] for _ in range(replicates)]
    return dice.rng.permutation(n)[:count]


def brand_seeds(dice: Dice, n: int, brands: tuple[str, ...]) -> dict[str, Any]:
    """Seeds for each brand: people at random, given people, or none."""
    people = dice.rng.permutation(n).tolist()
    out: dict[str, Any] = {}
    left = n
    for brand in brands:
        count = min(dice.whole(0, 5), left)
        left -= count
        if dice.yes(0.3):
            among = np.sort(dice.rng.permutation(n)[: n // 2]) if n > 80 and dice.yes() else None
            out[brand] = RandomSeeds(count, among)
        else:
            out[brand], people = people[:count], people[count:]
    return out


FAMILIES = (*ON_NETWORKS, *ON_CONTACTS)


def case(family: str, number: int, large: bool = False) -> Case:
    """Return the case of that number; numbers run through the shapes of graphs.

    A large case has one replicate on a graph of tens of thousands of arcs, a tenth of the people
    as seeds, and no horizon where the rule can do without.
    """
    dice = Dice(zlib.crc32(f"{family} {number}".encode()))
    network: Any
    if family in ON_NETWORKS:
        network = random_network(dice, number, weighted=dice.yes(0.3))
        if family == "hubs":
            network = hub_network(dice)
        elif family == "rows":
            network = long_rows(dice)
        elif large:
            network = large_network(dice, 700 if family == "bass_exact" else 2500)
        elif family.startswith(("sis", "bass")) and (
            network.n_arcs > 1500 or network.n_nodes > 300
        ):
            network = random_network(Dice(number), 6)
        rule, horizon = ON_NETWORKS[family](dice, network)
    else:
        network = random_contacts(dice, large)
        rule = ON_CONTACTS[family](dice, network)
        times = network.time
        horizon = None
        if len(times) and dice.yes(0.3):  # often exactly at a contact
            horizon = max(0.0, float(times[dice.whole(0, len(times) - 1)]))
        if horizon is None and "sis" in family:
            horizon = 1e6
    replicates = dice.whole(1, 4) if dice.yes(0.7) else dice.whole(9, 20)  # pieces of 1, 2, 3
    brands = getattr(rule, "brands", None)
    if brands is None:
        seeds = seed_people(dice, network.n_nodes, replicates)
    else:
        seeds = brand_seeds(dice, network.n_nodes, brands)
    key = int(dice.rng.integers(0, 1 << 64, dtype=np.uint64))
    first = (0, 0, 7, 1000)[dice.whole(0, 3)]
    if "borders" in family:
        key, first = BORDER_KEY, 0
    if family == "rows":
        replicates, seeds = 2, list(range(len(LENGTHS)))
    if large:
        replicates = 1
        people = dice.rng.permutation(network.n_nodes)[: network.n_nodes // 10]
        seeds = (
            people
            if brands is None
            else {b: people[k :: len(brands)] for k, b in enumerate(brands)}
        )
        if not ("sis" in family or "bass" in family):
            horizon = None
    return Case(network, rule, seeds, key, first, replicates, horizon)

"""Graphs of all shapes for the twins: `random_network`, `random_contacts`, and what else they need.

A `Dice` (a numpy generator with a few words of our own) makes every choice, so a case is named by
one number.  Sizes run from 1 to 300 with small ones more often; rows of 0, 1, 7, 8, 9, 16 and 17
arcs occur, where groups of eight begin and end.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from tests.worlds import Dice

from koubei_sim.networks import Layer, Network
from koubei_sim.networks.temporal import TemporalNetwork

Ends = tuple[NDArray[np.int64], NDArray[np.int64]]
MOST = 300


def size(dice: Dice) -> int:
    """A number of people."""
    if dice.yes(0.2):
        return dice.whole(1, 12)
    return dice.whole(13, 80) if dice.yes(0.6) else dice.whole(81, MOST)


def erdos_renyi(dice: Dice, n: int) -> Ends:
    m = dice.whole(n // 2, 6 * n if n <= MOST else 2 * n)
    return dice.rng.integers(0, n, m), dice.rng.integers(0, n, m)


def heavy_tail(dice: Dice, n: int) -> Ends:
    stubs = np.repeat(np.arange(n), np.minimum(dice.rng.zipf(1.9, n), n))
    stubs = dice.rng.permutation(stubs)[: len(stubs) // 2 * 2]
    return stubs[::2], stubs[1::2]


def ring(dice: Dice, n: int) -> Ends:
    reach = dice.whole(1, 3)
    people = np.arange(n)
    return np.tile(people, reach), np.concatenate([(people + k + 1) % n for k in range(reach)])


def lattice(dice: Dice, n: int) -> Ends:
    side = max(1, int(n**0.5))
    people = np.arange(side * side)
    right = people[people % side < side - 1]
    down = people[: side * (side - 1)]
    return np.concatenate([right, down]), np.concatenate([right + 1, down + side])


def complete(dice: Dice, n: int) -> Ends:
    n = min(n, dice.whole(2, 40))
    one, other = np.triu_indices(n, 1)
    return one, other


def star(dice: Dice, n: int) -> Ends:
    n = min(n, dice.whole(2, 20)) if dice.yes(0.5) else n  # hubs of 7, 8, 9, 16, 17 arcs
    hub = dice.whole(0, n - 1)
    leaves = np.delete(np.arange(n), hub)
    return np.full(n - 1, hub), leaves


def path(dice: Dice, n: int) -> Ends:
    return np.arange(n - 1), np.arange(1, n)


def lone(dice: Dice, n: int) -> Ends:
    return np.empty(0, np.int64), np.empty(0, np.int64)


SHAPES: tuple[Callable[[Dice, int], Ends], ...] = (
    erdos_renyi,
    heavy_tail,
    ring,
    lattice,
    complete,
    star,
    path,
    erdos_renyi,
    heavy_tail,
    erdos_renyi,
    heavy_tail,
    complete,
    erdos_renyi,
    lone,
)


def one_network(dice: Dice, n: int, shape: int, weighted: bool) -> Network:
    """One layer: mutual or directed, perhaps with parallel arcs or weights in 0..1."""
    source, target = SHAPES[shape % len(SHAPES)](dice, n)
    keep = dice.yes(0.4)
    if keep and len(source):
        again = dice.rng.integers(0, len(source), dice.whole(0, len(source)))
        source, target = np.append(source, source[again]), np.append(target, target[again])
    weight = dice.rng.random(len(source)) if weighted else None
    if weight is not None:
        weight[dice.rng.random(len(source)) < 0.1] = 0.0
    if weight is not None and not keep:  # merged weights would add up to more than 1
        weight = weight / 64.0
    network = Network.from_edges(
        source,
        target,
        n=n,
        weight=weight,
        directed=dice.yes(0.5),
        parallel="keep" if keep else "merge",
        merge=None if keep else "add",
    )
    return with_loops(dice, network) if not weighted and dice.yes(0.08) else network


def with_loops(dice: Dice, network: Network) -> Network:
    """Add arcs from some people to themselves, which readers drop but a `Layer` may have."""
    layer = network.layer()
    own = dice.rng.random(network.n_nodes) < 0.3
    rows = [
        np.sort(np.append(layer.heard_by(u), [u] * int(own[u]))) for u in range(network.n_nodes)
    ]
    starts = np.append(0, np.cumsum([len(row) for row in rows]))
    return Network((Layer("ties", starts, np.concatenate(rows).astype(np.int32)),))


def random_network(dice: Dice, shape: int, weighted: bool = False) -> Network:
    """A network of one or two layers; people without ties occur in most shapes."""
    n = size(dice) if not dice.yes(0.04) else 1
    if SHAPES[shape % len(SHAPES)] is erdos_renyi and dice.yes(0.25):
        n = dice.whole(1000, 3000)  # a small cascade on a large graph is cleaned up otherwise
    first = one_network(dice, n, shape, weighted)
    if dice.yes(0.7):
        return first
    second = one_network(dice, n, dice.whole(0, len(SHAPES) - 1), weighted and dice.yes(0.7))
    return Network.stack({"near": first, "far": second})


def large_network(dice: Dice, n: int) -> Network:
    """Some 12 arcs a person, a hub that many hear and one that hears many.

    One step looks at tens of thousands of arcs, more than the kernels collect at a time.
    """
    hub = dice.rng.permutation(n)[: n // 3]
    source = np.concatenate([dice.rng.integers(0, n, 11 * n), np.zeros(n // 3, int), hub])
    target = np.concatenate([dice.rng.integers(0, n, 11 * n), hub, np.ones(n // 3, int)])
    return Network.from_edges(source, target, n=n, parallel="keep")


LENGTHS = (0, 1, 7, 8, 9, 15, 16, 17, 127, 128, 129, 130, 136, 137, 2047, 2048, 2049)
LENGTHS += (8191, 8192, 8193, 16390, 20001)


def long_rows(dice: Dice) -> Network:
    """People 0, 1, ... with rows of every length at which some block of arcs begins or ends."""
    n = 3000
    source = np.repeat(np.arange(len(LENGTHS)), LENGTHS)
    target = dice.rng.integers(len(LENGTHS), n, source.size)
    more = dice.rng.integers(len(LENGTHS), n, (2, n))
    return Network.from_edges(
        np.concatenate([source, more[0]]), np.concatenate([target, more[1]]), n, parallel="keep"
    )


def hub_network(dice: Dice) -> Network:
    """Hubs into which hundreds of arcs come, some from each of several steps: counts above 255."""
    n, hubs = 700, 8
    people = np.arange(hubs, n)
    source, target = [], []
    for hub in range(hubs):
        heard = dice.rng.permutation(people)[: dice.whole(250, 600)]
        source.append(np.repeat(heard, dice.rng.integers(1, 3, heard.size)))
        target.append(np.full(source[-1].size, hub))
    for k in range(1, 6):  # the others in a ring
        source.append(people)
        target.append(hubs + (people - hubs + k) % people.size)
    return Network.from_edges(np.concatenate(source), np.concatenate(target), n, parallel="keep")


def random_contacts(dice: Dice, large: bool = False) -> TemporalNetwork:
    """Contacts with time stamps, many of which coincide; times may be negative or fractions."""
    n = dice.whole(1, 60) if not large else 1500
    m = dice.whole(0, 500) if n > 1 else 0
    m = 20_000 if large else m
    stamps = dice.whole(1, 60)
    unit = 1.0 if dice.yes() else dice.real(0.1, 3.0)  # whole times meet ends exactly
    time = dice.rng.integers(0, stamps, m) * unit - dice.whole(0, 20)
    crowd = max(2, dice.whole(n // 3, n))
    source, target = dice.rng.integers(0, min(crowd, n), m), dice.rng.integers(0, n, m)
    return TemporalNetwork.from_contacts(
        source, target, time, n=n, directed=dice.yes(0.5), weight=dice.rng.random(m)
    )

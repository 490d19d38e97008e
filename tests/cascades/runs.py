"""Runs of `cascade` on a dozen networks, for tests of what must hold between runs."""

from __future__ import annotations

import math
from typing import Any

from tests.cascades.graphs import random_network
from tests.cascades.library import (
    by_replicate,
)
from tests.cascades.library import first_times as times
from tests.worlds import Dice

from koubei_sim.cascades import (
    cascade,
)
from koubei_sim.networks import Network

NUMBERS = range(12)
CHANCES = (0.0, 1 / 256, 0.1, 0.3, 0.5, 128.4 / 256, 0.9, 1.0)


def networks() -> list[tuple[Network, list[int]]]:
    """Networks with some seeds."""
    out = []
    for number in NUMBERS:
        dice = Dice(77_000 + number)
        network = random_network(dice, number)
        seeds = dice.rng.permutation(network.n_nodes)[: dice.whole(1, 5)].tolist()
        out.append((network, seeds))
    return out


NETWORKS = networks()


def runs(network: Any, rule: Any, seeds: Any, replicates: int = 3, **options: Any):
    """The log of some replicates of key 5."""
    result = cascade(network, rule, seeds, replicates, 5, record="forest", threads=1, **options)
    return by_replicate(result)


def assert_earlier(more: Any, less: Any, slack: float = 0.0) -> None:
    """Everybody active in a run of `less` is active in that of `more`, and no later."""
    for a, b in zip(more, less, strict=True):
        first, second = times(a), times(b)
        late = [v for v, t in second.items() if first.get(v, math.inf) > t + slack]
        assert not late, f"later or lost: {late[:5]}"

"""Other ways to the same numbers: one replicate on all threads, many settings in one walk.

Both must give in every bit what `cascade` gives in blocks, which `test_twins` compares with the
naive twin.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.cascades.cases import case, seed_people
from tests.cascades.drawn_rules import SPECIAL, chances
from tests.cascades.graphs import random_network
from tests.cascades.library import library
from tests.worlds import Dice

from koubei_sim.cascades import IndependentCascade, RandomSeeds, Reinforcement, cascade, paired
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Network

OUTPUTS = ("sizes", "events", "ends", "time", "curve")


def assert_same(one: Any, other: Any) -> None:
    for name in OUTPUTS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_a_replicate_on_several_threads_is_the_same(first: int) -> None:
    """Catches people claimed twice or by nobody, and a last step that is not counted."""
    for number in range(first, first + 20):
        one = case("independent", number)
        whole = library(one, record=()).outcome
        for threads in (1, 2, 3):
            assert_same(library(one, record=(), method="wide", threads=threads).outcome, whole)


def test_a_large_replicate_on_several_threads_is_the_same() -> None:
    """Catches races between threads: steps of many thousands, word borders of the bitset."""
    rng = np.random.default_rng(6)
    n = 100_003
    graph = Network.from_edges(rng.integers(0, n, 500_000), rng.integers(0, n, 500_000), n=n)
    rules = (
        IndependentCascade(0.35),
        IndependentCascade(rng.random(graph.n_arcs)),
        IndependentCascade(1.0),
    )
    for rule in rules:
        whole = cascade(graph, rule, RandomSeeds(50), 3, 8, threads=1, method="blocks").outcome
        assert whole.sizes.min() > 20_000
        for threads in (2, 3, 5):
            wide = cascade(
                graph, rule, RandomSeeds(50), 3, 8, threads=threads, method="wide"
            ).outcome
            assert_same(wide, whole)


def settings_of(dice: Dice, network: Network, replicates: int) -> dict[str, Any]:
    """Settings of all kinds: many constants, arrays shared or not, other rules, other seeds."""
    out: dict[str, Any] = {}
    seeds = [seed_people(dice, network.n_nodes, replicates) for _ in range(3)]
    ladder = [*SPECIAL, *dice.rng.random(dice.whole(1, 70))]
    for k, p in enumerate(ladder):
        out[f"constant {k}"] = (IndependentCascade(float(p)), seeds[dice.whole(0, 2)])
    for k in range(2):
        p = chances(dice, network.n_arcs) if network.n_arcs else 0.5
        rule = IndependentCascade(p)
        for j in range(dice.whole(1, 3)):
            out[f"array {k} {j}"] = (rule, seeds[j])
    if all(layer.weights is not None for layer in network.layers):
        out["weights"] = (IndependentCascade("weights"), seeds[0])
    out["weighted"] = (IndependentCascade("weighted"), seeds[1])
    out["reinforcement"] = (Reinforcement(1), seeds[2])
    return out


@pytest.mark.parametrize("number", range(12))
def test_settings_in_one_walk_are_the_same(number: int) -> None:
    """Catches lanes that leak into each other, and thresholds that tie in the top byte."""
    dice = Dice(31_000 + number)
    network = random_network(dice, number, weighted=dice.yes(0.3))
    replicates, key, first = dice.whole(1, 70), dice.whole(0, 1 << 40), dice.whole(0, 3)
    horizon = float(dice.whole(0, 5)) if dice.yes(0.4) else None
    settings = settings_of(dice, network, replicates)
    together = paired(network, settings, replicates, key, first=first, horizon=horizon, threads=2)
    for name, (rule, seeds) in settings.items():
        alone = cascade(
            network, rule, seeds, replicates, key, first=first, horizon=horizon, threads=1
        ).outcome
        row = together.names.index(name)
        np.testing.assert_array_equal(together.sizes[row], alone.sizes, name)
        np.testing.assert_array_equal(together.ends[row], alone.ends, name)


def test_progress_is_told_at_both_doors(capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a door that takes no bar, counts past the end, or takes a word for a callable."""
    graph = Network.from_edges([0, 1, 2], [1, 2, 3])
    settings = {"a": (IndependentCascade(0.5), [0]), "b": (Reinforcement(1), [0])}
    for run, total in (
        (lambda **named: cascade(graph, IndependentCascade(0.5), [0], 40, 1, **named), 40),
        (lambda **named: paired(graph, settings, 40, 1, **named), 80),
    ):
        told: list[tuple[int, int]] = []
        run(progress=lambda done, of, told=told: told.append((done, of)))
        assert told == sorted(told) and told[-1] == (total, total)
        run(progress=False)
        assert capsys.readouterr().err == ""
        run(progress=True)
        assert f"/{total} [" in capsys.readouterr().err
        with pytest.raises(KoubeiError, match="progress: wrong type, got 'no'"):
            run(progress="no")

"""Simulations that share people and graphs: only where these are the same to the byte."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario, parameter_table
from koubei_sim.runs.inputs import Inputs
from koubei_sim.runs.simulation import Simulation

SMALL = Scenario.load("tiny").replace(n_agents=200, ticks=5)
KEY = 11


def others(value: Any) -> list[Any]:
    """Return other values of a parameter, of the same kind."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, max(0, value - 1), 2 * value]
    if isinstance(value, float):
        return [0.5 * value, 0.25 + 0.5 * value, 2.0 * value, 0.0, 1.0]
    return []


def same(one: Any, other: Any) -> bool:
    """Say whether populations or graphs, tuples of arrays, have the same bytes."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    if hasattr(one, "__dict__"):
        return all(same(value, getattr(other, name)) for name, value in vars(one).items())
    return bool(one == other)


def test_whatever_shares_would_have_drawn_the_same() -> None:
    """Catches a parameter that people or graphs hang on and that is taken for conduct."""
    first = Simulation(SMALL, KEY)
    population, _, graphs = first.parts(0)
    shared = tried = 0
    for row in parameter_table(SMALL):
        for value in others(row.value):
            try:
                changed = SMALL.replace(**{row.path: value})
            except KoubeiError:
                continue
            if changed == SMALL:
                continue
            tried += 1
            second = Simulation(changed, KEY)
            if second.share(first):
                shared += 1
                drawn = second.parts(0)
                assert same(population, drawn.population), row.path
                assert same(graphs, drawn.graphs), row.path
            break
    assert tried > 150
    assert shared > 100


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"segments.newbie.activity_sigma": 0.5}, KEY),
        ({"channels.weibo.network.mean_degree": 8.0}, KEY),
        ({"market.taste_sd": 0.5}, KEY),
        ({}, KEY + 1),
        ({"shared_world": False}, KEY),
    ],
)
def test_what_draws_others_shares_nothing(changes: dict[str, Any], key: int) -> None:
    """Catches people of another law, of another key, or of a world of its own for each run."""
    assert not Simulation(SMALL.replace(**changes), key).share(Simulation(SMALL, KEY))


def test_graphs_that_are_supplied_are_shared_with_none() -> None:
    """Catches drawn graphs in place of those that somebody gave."""
    from koubei_sim.networks import small_world

    given = Inputs({"weibo": small_world(200, 4.0, key=1)})
    first = Simulation(SMALL, KEY)
    assert not Simulation(SMALL, KEY, given).share(first)
    assert Simulation(SMALL, KEY, given).share(Simulation(SMALL, KEY, given))
    chain = Simulation(SMALL, KEY)
    assert chain.share(first)
    assert chain.world(1).graphs is not None
    assert chain._shared is first._shared

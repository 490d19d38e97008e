"""The worlds on which the two engines are compared, in blocks that test processes can share.

Random worlds come straight from arrays and reach corners that no scenario would; in coarse ones
hazards are so small that every rounding decides about somebody.  Drawn scenarios go through
`build_world`, so that the tables real users get are compared too; there each engine makes its own.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from tests.strategies import scenarios
from tests.worlds import random_world

from koubei_sim.model.reference import make_tables
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import World
from koubei_sim.model.world.build import (
    build_graphs,
    build_networks,
    build_population,
    build_world,
)

Run = tuple[Scenario, int, int]  # scenario, key, replicate

RANDOM_BLOCK = 10  # random worlds in a block
RANDOM_WORLDS = 200  # in `make test`
RANDOM_WORLDS_FULL = 2_000  # in `make test-full`
COARSE_WORLDS = 60  # in `make test`
COARSE_WORLDS_FULL = 560  # in `make test-full`
COARSE_SHIFT = 22  # a hazard of 1 is 1,024 units instead of 2**32

SCENARIO_BLOCKS = 16  # in `make test`
SCENARIO_BLOCKS_FULL = 80  # in `make test-full`
# Hypothesis draws its first ten valid examples afresh and then mostly varies what it has; blocks
# of eleven (the first is always the smallest scenario) make ten unlike ones each.
SCENARIO_BLOCK = 11
LARGEST = (60, 120, 120, 250, 250, 600, 2000)  # people; small worlds are as busy and far faster

KEYS = st.integers(0, 2**64 - 1)


# Changes that wake what is rare in drawn scenarios; each is made in about every other one.
STIR: dict[str, dict[str, object]] = {
    "demotion": {"loyalty.keep": 0.95},
    "honour": {"loyalty.honour_gain": 0.5, "loyalty.release_story": 0.7},
    "progress": {"products.product0.visible_progress": 0.0},
    "overload": {"service.complaint": 9.0, "service.patience": 0},
    "squeaky wheel": {"service.squeaky_wheel": 3.0},
    "deeds": {"service.deed_story": 1.0, "service.deed_learning": 90.0},
    "needs for a device": {
        "buying.arrivals": [{"day": 0, "rate": 0.2}],
        "buying.life_days": 7,
        "buying.word_weight": 3.0,
        "buying.link_weight": 2.0,
        "buying.wait_value": -1.0,
        "buying.gift": 0.5,
        "buying.find": 0.5,
        "buying.switch": 1.0,
        "buying.vote_weight": 5.0,
    },
}


def coarse_world(number: int) -> World:
    """Return random world `number` with all hazards and resistances in few, coarse steps.

    With hazards in units of 2**-32 a rounding in the last bit changes the fate of one person in
    millions; here it changes that of one in some hundred.
    """
    world = random_world(number)
    rules, people = world.rules, world.people
    hazards = ("message_hazard", "media_hazard")  # what is seen is a coin, which stays
    resistances = ("resist_adopt", "resist_reject")
    return World(
        people._replace(**{name: getattr(people, name) >> COARSE_SHIFT for name in resistances}),
        world.graphs,
        rules._replace(**{name: getattr(rules, name) >> COARSE_SHIFT for name in hazards}),
    )


def twin_worlds(scenario: Scenario, key: int, replicate: int = 0) -> tuple[World, World]:
    """Return the worlds of the compiled and of the reference engine: the same people and graphs,
    but each with the tables that are its own."""
    population = build_population(scenario, key, replicate)
    networks = build_networks(scenario, key, replicate, population)
    graphs = build_graphs(scenario, networks, population)
    drawn = {"population": population, "graphs": graphs}
    return (
        build_world(scenario, key, replicate, **drawn),
        build_world(scenario, key, replicate, **drawn, tables=make_tables),
    )


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """Draw a scenario over all parameters, a key and a replicate."""
    scenario = draw(scenarios(n_max=draw(st.sampled_from(LARGEST))))
    changes: dict[str, object] = {}
    for name in sorted(STIR):
        if draw(st.booleans()):
            changes |= STIR[name]
    if draw(st.booleans()):
        changes["media.stir"] = {
            "channel": draw(st.sampled_from(sorted(scenario.channels))),
            "product": sorted(scenario.products)[-1],  # nobody else speaks of it first
            "start": draw(st.integers(0, scenario.ticks // 2)),
            "visibility": 0.3,
            "persuasion": 0.3,
        }
    return scenario.replace(**changes), draw(KEYS), draw(st.integers(0, 3))


def over_runs(block: int, check: Callable[[Scenario, int, int], None]) -> None:
    """Call `check` with each run of a block; the runs depend on nothing but the number.

    Parameters
    ----------
    block : int
        Number of the block, from 0.
    check : callable
        Raises where the world fails; hypothesis then looks for a smaller one.
    """

    @seed(block)
    @settings(
        max_examples=SCENARIO_BLOCK,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(runs())
    def each(run: Run) -> None:
        check(*run)

    each()


def over_built_worlds(block: int, check: Callable[[World], None]) -> None:
    """Call `check` with the world of each run of a block."""
    over_runs(block, lambda *run: check(build_world(*run)))

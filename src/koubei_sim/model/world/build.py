"""Scenario + networks + key -> world: the one place where names become arrays.

`build_world` makes what both engines read; `build_population` and `build_networks` make the
parts that replicates may share.  Nothing here is random but through addressed draws, so a world
is a pure function of scenario, key and replicate.
Called by `simulate`, `mesa_model` and tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms import MECHANISMS, TABLE_WIDTH
from koubei_sim.model.mechanisms.declaration import Made
from koubei_sim.model.mechanisms.population import enthusiasts
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import Graphs, Own, People, Rules, World
from koubei_sim.model.world.feeds import build_graphs, build_networks, complete_networks
from koubei_sim.model.world.memory import check_fits, expected_arcs, predict_memory
from koubei_sim.model.world.population import Population
from koubei_sim.model.world.seeds import choose_seeds, most_reach
from koubei_sim.model.world.who import build_population, who_is_who, with_files

__all__ = [
    "Population",
    "build_graphs",
    "build_networks",
    "build_people",
    "build_population",
    "build_rules",
    "build_world",
    "complete_networks",
    "expected_arcs",
    "predict_memory",
    "who_is_who",
    "with_files",
]


def build_world(
    scenario: Scenario,
    key: int,
    replicate: int = 0,
    networks: Any = None,
    population: Population | None = None,
    agents: Any = None,
    graphs: Graphs | None = None,
    tables: Callable[..., tuple[People, Rules]] | None = None,
) -> World:
    """Make the world of one replicate.

    Parameters
    ----------
    scenario : Scenario
    key : int
        Key of all randomness, 0..2**64 - 1.
    replicate : int
        Number of the replicate, from 0.
    networks : Network or mapping, optional
        Graphs of the feeds; without it they are drawn as the scenario says.
    population : Population, optional
        The people, where replicates share them.
    agents : table of people or Who, optional
        What `who_is_who` found, where it is known; it also says what people are called.
    graphs : Graphs, optional
        The finished arrays of the graphs of an earlier world with the same population.
    tables : callable, optional
        Makes the people's arrays and the rules of what has been drawn, in the place of the
        mechanisms: the reference engine has its own (`model.reference.make_tables`).

    Returns
    -------
    World

    Raises
    ------
    KoubeiError
        When it would not fit into memory, or a graph, a table or the seeds cannot be had.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> world = build_world(Scenario.load("tiny"), key=1)
    >>> world.rules.n, world.people.seeds.size
    (2000, 20)
    """
    replicate = checks.whole("replicate", replicate)
    if networks is None and graphs is None:
        check_fits(scenario)
    if graphs is None:
        networks = with_files(scenario, networks)
    who = who_is_who(scenario, networks, agents)
    if population is None:
        population = build_population(scenario, key, replicate, who)
    if population.n != scenario.n_agents:
        raise KoubeiError(
            "population",
            "another number of people than n_agents",
            got=population.n,
            allowed=str(scenario.n_agents),
        )
    if graphs is None:
        networks = complete_networks(scenario, networks, key, replicate, population)
        graphs = build_graphs(scenario, networks, population)
    if scenario.seeding.strategy == "reach":
        seeds = most_reach(scenario, population, graphs, who.table, key)
    else:
        seeds = choose_seeds(
            scenario,
            _seeding_rows(scenario, graphs),
            enthusiasts(scenario, population),
            key,
            replicate,
            names=who.names,
            table=who.table,
            activity=population.activity,
        )
    drawn = (scenario, key, replicate, population, graphs, seeds)
    people, rules = (tables or build_tables)(*drawn)
    return World(people, graphs, rules, own_rules(scenario))


def _seeding_rows(scenario: Scenario, graphs: Graphs) -> tuple[Any, Any] | None:
    """Return rows of the feed that the seeding strategy looks at."""
    feeds = scenario.feeds
    if not feeds:
        return None
    c = list(scenario.channels).index(scenario.seeding.channel or feeds[0])
    return graphs.indptr[c], graphs.indices[c]


def own_rules(scenario: Scenario) -> tuple[Own, ...]:
    """Return the mechanisms of the user's own, their columns behind those of the library."""
    found, column = [], TABLE_WIDTH
    for one in scenario.mechanisms:
        numbers = one.numbers(scenario, column)
        words = (one.name, one.when, one.readable, one.compiled)
        found.append(Own(*words, numbers, dict(one.people), len(one.columns)))
        column += len(one.columns)
    return tuple(found)


def build_tables(
    scenario: Scenario, key: int, replicate: int, population: Population, graphs: Graphs, seeds: Any
) -> tuple[People, Rules]:
    """Return the people's arrays and the rules as the mechanisms make them."""
    made = Made(scenario, key, replicate, population, graphs, {"seeds": seeds})
    return build_people(made), build_rules(made)


def build_people(made: Made) -> People:
    """Return the per-person arrays, each from the mechanism that declares it."""
    for mechanism in MECHANISMS:
        if mechanism.people is not None:
            made.people.update(mechanism.people(made))
    return People(**{name: made.people[name] for name in People._fields})


def build_rules(made: Made) -> Rules:
    """Return all scalars and tables, each from the mechanism that declares it.

    Parameters
    ----------
    made : Made
        With the people of the world.
    """
    numbers: dict[str, Any] = {}
    for mechanism in MECHANISMS:
        if mechanism.numbers is not None:
            numbers.update(mechanism.numbers(made)._asdict())
    return Rules(**numbers)

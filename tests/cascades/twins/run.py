"""One replicate of any rule by its twin: the arguments read off the rule, the seeds drawn.

`activations` is what the tests compare with the library, and `graph_of` makes the graph once
for many replicates.  Rules are told apart by name and read as plain data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.cascades.twins import arrivals, bass, meetings, reinfection, stepping, thresholds
from tests.cascades.twins.graph import Activation, Arcs, Contacts, arcs_of, contacts_of
from tests.cascades.twins.luck import Luck, units
from tests.cascades.twins.parameters import per_arc, per_contact, per_person
from tests.cascades.twins.seeds import random_seeds

Graph = Arcs | Contacts


def graph_of(network: Any) -> Graph:
    """Read a `Network` or a `TemporalNetwork`."""
    return arcs_of(network) if hasattr(network, "layers") else contacts_of(network)


def seeds_of(seed_agents: Any, luck: Luck, n: int, brands: tuple[str, ...]) -> dict[int, int]:
    """Return the brand (0 where there are none) of every seed of one replicate, ascending.

    `seed_agents` is a list of people, random seeds (anything with `count` and `among`), or a
    mapping of brand to these; fixed people come before random ones.
    """
    given = [seed_agents.get(name, []) for name in brands] if brands else [seed_agents]
    found: dict[int, int] = {}
    wanted: list[tuple[int, list[int] | None]] = []
    of_brand: list[int] = []
    for brand, part in enumerate(given):
        if hasattr(part, "among"):
            among = None if part.among is None else [int(v) for v in part.among]
            wanted.append((part.count, among))
            of_brand.append(brand)
        else:
            found |= {int(person): brand for person in part}
    for brand, people in zip(of_brand, random_seeds(luck, wanted, n, set(found))):
        found |= dict.fromkeys(people, brand)
    return dict(sorted(found.items()))


def chances_of(rule: Any, network: Any, arcs: Graph, key: int) -> list[list[int]]:
    """Return T_b(e) for each brand and arc (or contact); one brand where there are none."""
    if isinstance(rule.p, Mapping) and hasattr(rule, "brands"):
        values = list(rule.p.values())
    else:
        values = [rule.p] * len(getattr(rule, "brands", ("",)))
    kinds = getattr(rule, "kinds", None)
    out = []
    for value in values:
        if isinstance(arcs, Contacts):
            numbers = per_contact(value, arcs, network.weights, kinds)
        else:
            numbers = per_arc(value, arcs, network.names, key, kinds)
        out.append([units(number) for number in numbers])
    return out


def activations(
    network: Any,
    rule: Any,
    seed_agents: Any,
    key: int,
    replicate: int,
    horizon: float = float("inf"),
    graph: Graph | None = None,
) -> list[Activation]:
    """Run one replicate and return who became active, sorted by time and person."""
    graph = graph_of(network) if graph is None else graph
    luck = Luck(key, replicate)
    seeds = seeds_of(seed_agents, luck, graph.n, getattr(rule, "brands", ()))
    run = on_contacts if isinstance(graph, Contacts) else on_arcs
    return sorted(run(network, graph, rule, luck, seeds, key, horizon))


def on_arcs(
    network: Any,
    arcs: Arcs,
    rule: Any,
    luck: Luck,
    seeds: dict[int, int],
    key: int,
    horizon: float,
) -> list[Activation]:
    """Run one replicate of a rule on a network."""
    name, people, names = type(rule).__name__, list(seeds), network.names
    if name == "IndependentCascade":
        (chance,) = chances_of(rule, network, arcs, key)
        return stepping.independent(arcs, luck, people, chance, horizon)
    if name == "CompetingCascades":
        chances = chances_of(rule, network, arcs, key)
        return stepping.competing(arcs, luck, seeds, chances, rule.tie, horizon)
    if name == "NegativeCascade":
        (chance,) = chances_of(rule, network, arcs, key)
        return stepping.negative(arcs, luck, people, chance, rule.quality, horizon)
    if name == "LinearThreshold":
        weights = None if rule.weights is None else per_arc(rule.weights, arcs, names, key)
        if rule.method == "choice":
            return thresholds.linear_choice(arcs, luck, people, weights, horizon)
        if isinstance(rule.thresholds, tuple):
            interval, fixed = rule.thresholds, None
        else:
            interval, fixed = (0.0, 1.0), per_person(rule.thresholds, arcs.n)
        return thresholds.linear_sum(arcs, luck, people, weights, interval, fixed, horizon)
    if name == "FractionalThreshold":
        fractions = per_person(rule.threshold, arcs.n, rule.kinds)
        need = [
            thresholds.need_of_fraction(arcs.degree(v), fractions[v], rule.strict)
            for v in range(arcs.n)
        ]
        return thresholds.counting(arcs, luck, people, need, horizon)
    if name == "Reinforcement":
        need = per_person(rule.need, arcs.n, rule.kinds)
        return thresholds.counting(arcs, luck, people, need, horizon)
    if name == "Bass":
        p, q = per_person(rule.p, arcs.n), per_person(rule.q, arcs.n)
        if rule.dt is None:
            return bass.exact(arcs, luck, people, p, q, horizon)
        return bass.by_ticks(arcs, luck, people, p, q, rule.dt, horizon, rule.schedule)
    if name == "DelayedCascade":
        (chance,) = chances_of(rule, network, arcs, key)
        latency = rule.latency
        if not isinstance(latency, tuple):
            latency = per_arc(latency, arcs, names, key)
        return arrivals.delayed(arcs, luck, people, chance, latency, horizon)
    beta = per_arc(rule.beta, arcs, names, key)
    if name == "FractionalSIR":
        beta = [beta[e] / arcs.degree(arcs.target[e]) for e in range(len(beta))]
    if name in ("SIR", "FractionalSIR"):
        sir = arrivals.sir_steps if rule.steps else arrivals.sir
        constant = rule.duration == "constant"
        return sir(arcs, luck, people, beta, rule.gamma, constant, horizon)
    assert name == "SIS"
    sis = reinfection.sis_steps if rule.steps else reinfection.sis
    return sis(arcs, luck, people, beta, rule.gamma, horizon)


def on_contacts(
    network: Any,
    contacts: Contacts,
    rule: Any,
    luck: Luck,
    seeds: dict[int, int],
    key: int,
    horizon: float,
) -> list[Activation]:
    """Run one replicate of a rule on contacts with time stamps."""
    name = type(rule).__name__
    if name in ("IndependentCascade", "CompetingCascades", "NegativeCascade"):
        chances = chances_of(rule, network, contacts, key)
        if name == "IndependentCascade":
            return meetings.independent(contacts, luck, seeds, chances[0], horizon)
        if name == "CompetingCascades":
            return meetings.competing(contacts, luck, seeds, chances, rule.tie, horizon)
        return meetings.negative(contacts, luck, seeds, chances[0], rule.quality, horizon)
    if name == "Reinforcement":
        need = per_person(rule.need, contacts.n, rule.kinds)
        return meetings.reinforcement(contacts, luck, list(seeds), need, rule.window, horizon)
    assert name in ("SIR", "SIS")
    beta = per_contact(rule.beta, contacts, network.weights)
    constant = name == "SIR" and rule.duration == "constant"
    return meetings.infection(
        contacts, luck, list(seeds), beta, rule.gamma, constant, name == "SIS", horizon
    )

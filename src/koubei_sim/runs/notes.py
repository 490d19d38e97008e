"""What a result must say besides its numbers: what was guessed, and what rounding has changed.

Called by `simulate`.
"""

from __future__ import annotations

from koubei_sim.model.mechanisms.numbers import scaled
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.population import Who

#: Rounding that changes a number of people by this share or more is told.
_TOLD = 0.1


def notes_of(scenario: Scenario, who: Who) -> tuple[str, ...]:
    """Return one line for each thing that a reader of the numbers ought to know.

    Examples
    --------
    >>> notes_of(Scenario.load("tiny").replace(people_per_agent=1000.0), Who())[0]
    'seeding.number = 20 people become 1,000: an agent is 1,000 people'
    """
    found = []
    g = scenario.people_per_agent
    for where, wanted, agents in _rounded(scenario):
        if wanted > 0 and abs(agents * g - wanted) >= _TOLD * wanted:
            found.append(
                f"{where} = {wanted:,g} people become {agents * g:,g}: an agent is {g:,g} people"
            )
    if g > 1 and scenario.seeding.strategy == "ids":
        found.append(f"seeding.ids: each of them is {g:,g} people")
    return (*found, *who.notes)


def _rounded(scenario: Scenario) -> list[tuple[str, float, int]]:
    g = scenario.people_per_agent
    rows = []
    if scenario.seeding.strategy != "ids":
        rows.append(("seeding.number", float(scenario.seeding.number), scenario.seed_agents))
    for name, event in scenario.events.items():
        if event.offline:
            rows.append((f"events.{name}.size_cap", event.size_cap, scaled(event.size_cap, g)))
    for name, channel in scenario.channels.items():
        capacity = channel.service_capacity
        rows.append((f"channels.{name}.service_capacity", capacity, scaled(capacity, g)))
    return rows

"""How much memory a run will take, before it takes any.

Called by `build_world` and by `simulate.check_memory`.
"""

from __future__ import annotations

import math

from koubei_sim.core.codes import MAX_CHANNELS
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario

PEOPLE_BYTES = 34 + 35  # arrays of `world.People` and of `population.Population`, per person
STATE_BYTES = 180  # state of the compiled engine, per person
TABLE_ROW_BYTES = 8 * (4 * MAX_CHANNELS + 150)  # schedules and daily table, per tick


def expected_arcs(scenario: Scenario) -> dict[str, float]:
    """Return the expected number of arcs of each feed.

    A graph read from a file is reckoned at its `mean_degree` for all members.
    """
    arcs = {}
    for name, channel in scenario.channels.items():
        spec = channel.network
        if spec is None:
            continue
        share = sum(s.share * s.membership.get(name, 1.0) for s in scenario.segments.values())
        members = scenario.n_agents * min(1.0, share)
        degree = min(spec.mean_degree, max(members - 1.0, 0.0))
        if spec.kind == "complete":
            degree = max(members - 1.0, 0.0)
        elif spec.kind == "lattice":
            degree = 8.0 if spec.moore else 4.0
        arcs[name] = members * degree
    return arcs


def predict_memory(scenario: Scenario) -> int:
    """Return about how many bytes one world and one run of it take at their peak.

    Arcs take 4 bytes, 5 with tie strengths, and the graph being drawn takes 4 more for each of
    its own arcs; people, engine state and daily tables are added.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> small, large = (predict_memory(Scenario(n_agents=n)) for n in (10_000, 100_000))
    >>> small < large
    True
    """
    arcs = expected_arcs(scenario)
    total = 0.0
    for name, count in arcs.items():
        channel = scenario.channels[name]
        total += count * (4 if channel.tie == "none" else 5) + 8.0 * (scenario.n_agents + 1)
    total += 4.0 * max(arcs.values(), default=0.0)
    total += scenario.n_agents * (PEOPLE_BYTES + STATE_BYTES)
    total += scenario.ticks * TABLE_ROW_BYTES
    return math.ceil(total)


def check_fits(scenario: Scenario) -> None:
    """Refuse a world that would not fit into the memory that is free.

    Raises
    ------
    KoubeiError
    """
    import psutil

    needed, available = predict_memory(scenario), psutil.virtual_memory().available
    if needed > available:
        raise KoubeiError(
            "n_agents",
            f"needs about {needed / 2**30:.1f} GiB",
            got=f"{available / 2**30:.1f} GiB available",
            allowed=f"about {int(scenario.n_agents * available / needed):,} agents",
            fix="fewer agents with a larger people_per_agent",
        )

"""What fits: whether a run has room in memory, and how many threads it may use.

Called by `run`, by studies and by the command line.
"""

from __future__ import annotations

from koubei_sim.core.workers import cores
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms import TABLE_WIDTH
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world import build
from koubei_sim.runs.worlds import give_way


def check_memory(
    scenario: Scenario, worlds: int = 1, runs: int = 1, replicates: int | None = None
) -> None:
    """Refuse a run that would not fit into memory, before anything is allocated.

    Parameters
    ----------
    scenario : Scenario
    worlds, runs : int
        Worlds (networks and population) and engine states held at the same time.
    replicates : int, optional
        Replicates whose daily tables are kept to the end.

    Raises
    ------
    KoubeiError
    """
    # One prediction covers a world and a state; the larger count bounds the sum from above.
    needed = build.predict_memory(scenario) * max(worlds, runs)
    available = give_way(needed / 0.9)
    if needed > 0.9 * available:
        raise KoubeiError(
            "n_agents",
            "needs more memory than there is",
            got=f"{scenario.n_agents:,} agents, about {needed / 2**30:.1f} GiB",
            allowed=f"{available / 2**30:.1f} GiB available",
            fix="fewer agents with a larger people_per_agent"
            + (", or threads=1 (of sweeps workers=1)" if max(worlds, runs) > 1 else ""),
        )
    if replicates is None:
        return
    # The tables are kept twice for a moment, as arrays and with names on.
    a_day = 8 * (TABLE_WIDTH + 2 * len(scenario.products))
    kept = 2 * replicates * (scenario.ticks * a_day + 1000)
    available = give_way((needed + kept) / 0.9)
    if needed + kept > 0.9 * available:
        raise KoubeiError(
            "replicates",
            "their daily tables need more memory than there is",
            got=f"{replicates:,} replicates, about {kept / 2**30:.1f} GiB",
            allowed=f"{available / 2**30:.1f} GiB available",
            fix="kb.sweep, which keeps outcomes only, or fewer ticks",
        )


def fitting_threads(scenario: Scenario, replicates: int, worlds: int = 1) -> int:
    """Return how many replicates can run side by side: by cores, and by memory for `worlds` each.

    The result of a run does not depend on it.
    """
    needed, wanted = worlds * build.predict_memory(scenario), min(cores(), replicates)
    rooms = int(0.8 * give_way(wanted * needed / 0.8) // needed)
    return max(1, min(wanted, rooms))


def useful_threads(scenario: Scenario, replicates: int) -> int:
    """Return a number of threads for `run`: those that fit, and cores left over shared out.

    Where not all replicates fit side by side, none is left over.
    """
    side_by_side = fitting_threads(scenario, replicates)
    if side_by_side < replicates:
        return side_by_side
    return side_by_side * max(1, cores() // side_by_side)


def check_kept(where: str, scenario: Scenario, runs: int) -> None:
    """Refuse to keep more histories than there is memory, before any is made.

    Raises
    ------
    KoubeiError
        Naming what they need at least (tables by day; logs come on top) and what there is.
    """
    need = 8.0 * runs * scenario.ticks * TABLE_WIDTH
    have = give_way(need / 0.9)
    if need > 0.9 * have:
        raise KoubeiError(
            where, "needs more memory than there is",
            got=f"{runs:,} runs, about {need / 2**30:,.0f} GiB",
            allowed=f"{have / 2**30:.1f} GiB available",
            fix="a smaller at_most" if where == "at_most" else "fewer replicates",
        )  # fmt: skip

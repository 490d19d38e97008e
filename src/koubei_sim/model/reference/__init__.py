"""The reference engine: the model of docs/model.md as Mesa agents, written to be read.

One file per submodel, under its ODD name, in plain Python integers and floats; everywhere the
naive way (scan all agents, sort the whole pool) because its one virtue is to be obviously what
the text says.  It shares with the compiled engine only the draws, the codes and what has been drawn
(people, graphs, seeds); even its tables it makes itself (`tables`), so neither a wrong rule nor a
wrong table can hide in both.  Called by ``simulate`` where ``engine="reference"``
and by the equivalence tests.
"""

from __future__ import annotations

from collections.abc import Callable

from koubei_sim.errors import KoubeiError
from koubei_sim.model.reference.model import PyramidModel
from koubei_sim.model.reference.observe import history
from koubei_sim.model.reference.tables import make_tables
from koubei_sim.model.world.arrays import History, World

__all__ = ["PyramidModel", "make_tables", "run_reference"]


def run_reference(world: World, progress: Callable[[int, int], object] | None = None) -> History:
    """Run one replicate agent by agent.

    Parameters
    ----------
    world : World
        People, graphs and rules; only read.
    progress : callable, optional
        Called after each tick as ``progress(ticks_done, ticks)``.

    Returns
    -------
    History
        Daily table, product paths and event log in canonical order, equal in bits to what the
        compiled engine returns for the same world.

    Raises
    ------
    KoubeiError
        If `world` is not a `World`.

    Notes
    -----
    About 10**5 to 10**6 agent-ticks a second; meant for worlds of up to some thousand agents.
    """
    if not isinstance(world, World):
        raise KoubeiError(
            "world",
            "wrong type",
            got=type(world).__name__,
            allowed="koubei_sim.model.world.arrays.World",
            fix="build_world(scenario, key)",
        )
    model = PyramidModel(world)
    try:
        for done in range(model.rules.ticks):
            model.step()
            if progress is not None:
                progress(done + 1, model.rules.ticks)
        return history(model)
    finally:
        model.dissolve()

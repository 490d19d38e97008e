"""One run on several machines: people dealt to shards, the bytes of a run in one process.

`run_partitioned` is for populations that no single machine holds, and for showing what such a
run costs in memory and traffic; a run that fits is faster in one process (`run(threads=)`).  How
it works and what it would take to reach a billion people stands in docs/scale.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from koubei_sim.checks import Engine, whole
from koubei_sim.checks import progress as check_progress
from koubei_sim.core.progress import progress_bar
from koubei_sim.errors import KoubeiError
from koubei_sim.model.compiled.parts import boundaries
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.neutral import active
from koubei_sim.model.world.arrays import History, World
from koubei_sim.runs.options import options_from, refused, scenario_from
from koubei_sim.runs.partition.hub import Hub, table
from koubei_sim.runs.partition.shard import parcel_of
from koubei_sim.runs.partition.workers import Settle, check_where, opened
from koubei_sim.runs.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

#: Shards are cut at multiples of this: no two share a word of a set of people.
SMALLEST: Final = 64


__all__ = ["PartitionedRun", "partition_world", "run_partitioned"]


@dataclass(frozen=True)
class PartitionedRun:
    """What a partitioned run gives back.

    Attributes
    ----------
    history : History
        Tables and event log, the same as that of a run in one process.
    traffic : pandas.DataFrame
        A row a day: bytes by kind, seconds, and of these the time in which shards worked.
    memory : list of int
        Bytes of memory of the process of each shard at the end.
    """

    history: History
    traffic: pd.DataFrame
    memory: list[int]

    def __repr__(self) -> str:
        """Say how long it was, in how many parts, and what they took."""
        days, parts = self.history.table.shape[0], len(self.memory)
        gib = sum(self.memory) / 2**30
        return f"PartitionedRun({days} days in {parts} parts, {gib:.2f} GiB of memory in all)"


def run_partitioned(
    scenario: Scenario | str,
    rng: Any = None,
    shards: int = 2,
    where: str = "here",
    address: str | None = None,
    replicate: int = 0,
    progress: bool | Progress | None = None,
    *,
    networks: object = None,
    agents: Any = None,
    engine: Engine = "compiled",
    threads: int | None = None,
) -> PartitionedRun:
    """Run one replicate with its people dealt to shards.

    Parameters
    ----------
    scenario : Scenario or str
        A scenario, or what `Scenario.load` takes.
    rng : int, numpy.random.SeedSequence or Generator, optional
        Source of the key.
    shards : int
        Number of shards.
    where : {"here", "dask"}
        In this process, one after the other; or as actors on the workers of a Dask cluster.
    address : str, optional
        Of a Dask scheduler; without it a cluster of as many processes is started on this machine.
    replicate : int
        Number of the replicate.
    progress : bool or callable, optional
        True shows a bar; a callable is called as ``progress(tick, ticks)`` after each day.
    networks, agents : optional
        As in `koubei_sim.run`.
    engine, threads : optional
        Here only the compiled engine, and one thread a shard.

    Returns
    -------
    PartitionedRun

    Raises
    ------
    KoubeiError
        In one line, before any work, for a wrong argument.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> from koubei_sim.runs.partition import run_partitioned
    >>> found = run_partitioned("tiny", rng=7, shards=3)
    >>> bool((found.history.table == kb.run("tiny", rng=7).histories[0].table).all())
    True
    """
    check_where(where, address)
    refused("engine", engine, "compiled", "shards are of the compiled engine", fix="koubei_sim.run")
    refused("threads", threads, 1, "a shard has one thread", fix=f"shards={threads}")
    options = options_from(rng, networks, agents, engine, threads, progress)
    scenario = scenario_from("scenario", scenario, options.own_people)
    if scenario.mechanisms:
        raise KoubeiError(
            "scenario",
            "mechanisms of the user's own need all people in one process",
            got=", ".join(one.name for one in scenario.mechanisms),
            fix="kb.run(scenario, threads=4)",
        )
    _check_goods(
        [name for name, good in scenario.goods.items() if good.stocked or good.trials],
        scenario.buying.household if scenario.goods else 1,
    )
    _check_tribe(scenario.loyalty.tribe if active(scenario)["belonging"] else None)
    shards = _check_shards(shards, scenario.n_agents)
    replicate = whole("replicate", replicate, 0, 2**62)
    simulation = options.simulation(scenario)
    with opened(where, shards, address) as settle:
        world = simulation.world(replicate)
        del simulation  # its population is needed no more than `runs.worlds` says
        return _days(world, shards, settle, progress)


def partition_world(
    world: World,
    shards: int = 2,
    where: str = "here",
    address: str | None = None,
    progress: bool | Progress | None = None,
) -> PartitionedRun:
    """Run a world that is built already; parameters as those of `run_partitioned`."""
    check_where(where, address)
    shards = _check_shards(shards, world.rules.n)
    check_progress(progress)
    rules = world.rules
    limited = np.flatnonzero((rules.stocked > 0) | (rules.trials > 0))
    _check_goods(limited.tolist(), rules.household if rules.goods_on else 1)
    _check_tribe(None if rules.tribe < 0 else int(rules.tribe))
    with opened(where, shards, address) as settle:
        return _days(world, shards, settle, progress)


def _days(
    world: World, shards: int, settle: Settle, progress: bool | Progress | None
) -> PartitionedRun:
    """Deal the people to shards and run all days."""
    rules = world.rules
    cuts = boundaries(rules.n, shards, SMALLEST)
    hub = Hub(rules, cuts, settle(parcel_of(world, cuts, number) for number in range(shards)))
    with progress_bar(progress, rules.ticks, "day") as bar:
        while hub.tick < rules.ticks:
            hub.day()
            if bar is not None:
                bar.move(hub.tick)
            elif callable(progress):
                progress(hub.tick, rules.ticks)
    return PartitionedRun(hub.history(), table(hub.days, shards), hub.memory())


def _check_goods(goods: Sequence[object], household: int) -> None:
    """Refuse goods that run out or are handed out to a few, and households that are cut."""
    if goods:
        raise KoubeiError(
            "scenario",
            "goods of which there are not enough, or some to try, need all people in one process",
            got=", ".join(map(str, goods)),
            fix="kb.run(scenario, threads=4)",
        )
    if SMALLEST % household:
        raise KoubeiError(
            "buying.household",
            "shards would cut households of this size in two",
            got=household,
            allowed="1, 2, 4, 8",
            fix="kb.run(scenario, threads=4)",
        )


def _check_tribe(tribe: object) -> None:
    """Refuse people who look at all of their ties, wherever these live."""
    if tribe is not None:
        raise KoubeiError(
            "loyalty.tribe",
            "a shard does not know who of the people of others is a fan",
            got=tribe,
            allowed="none",
            fix="kb.run(scenario, threads=4)",
        )


def _check_shards(shards: object, n: int) -> int:
    """Return the number of shards, of so many people or more each."""
    return whole("shards", shards, 1, max(1, n // SMALLEST))

"""`fork`: continue a world from a day on with other rules, and everything else as it was.

People, graphs and all that has happened stay; from tick `at` on the new scenario holds.  Since
every draw has an address (docs/architecture.md, Randomness), a fork without changes gives the
bytes of the run it came from, and one that adds an event or a campaign that starts at `at` gives
the bytes of a run that had it in its calendar from the beginning.
Called by people; `compare` puts a fork beside the run it left.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from koubei_sim.checks import Engine, whole
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look, wrapped
from koubei_sim.metrics import PURPOSES, spend
from koubei_sim.model.compiled import CompiledRun
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.parameters import together
from koubei_sim.model.world.arrays import History, World
from koubei_sim.model.world.population import Who
from koubei_sim.runs.dataset import dataset_from
from koubei_sim.runs.fitting import check_memory, fitting_threads
from koubei_sim.runs.options import RunOptions, options_from, refused
from koubei_sim.runs.progress import Meter, Progress, apart, in_turn
from koubei_sim.runs.result import Result
from koubei_sim.runs.switching import switch
from koubei_sim.runs.worlds import Parts

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

#: What is past once a run has begun: who the people are, how they are tied, how it started.
PAST: Final = (
    "n_agents",
    "people_per_agent",
    "start_date",
    "shared_world",
    "agents_table",
    "segments.*.share",
    "segments.*.enthusiast",
    "segments.*.expertise_a",
    "segments.*.expertise_b",
    "segments.*.activity_sigma",
    "segments.*.membership",
    "segments.*.income_median",
    "segments.*.income_sigma",
    "channels.*.medium",
    "channels.*.network",
    "channels.*.members_at_start",
    "products.*.quality",
    "products.*.difficulty",
    "market.taste_sd",
    "market.taste_groups",
    "market.aware_at_start",
    "seeding",
)
#: Tables whose entries have numbers that the state refers to.
_NUMBERED: Final = ("segments", "channels", "products", "nodes")


@dataclass(frozen=True, eq=False)
class Fork(Look):
    """A run whose rules changed on the way.

    It has the `scenario`, `key` and `histories` that metrics, figures and `compare` look at.

    Attributes
    ----------
    steps : tuple of (int, Scenario)
        From which tick on which scenario held; the first is ``(0, ...)``.
    key : int
    histories : tuple of History
        Whole histories, the time before the fork included.
    who : Who or None
        What people are called, and their table.

    Notes
    -----
    `summary` prices the whole run by the last scenario; `spend` by the one that held.  A fork
    cannot be repeated by `koubei_sim.run`, which knows no steps: keep the run it came from, and
    the call.
    """

    steps: tuple[tuple[int, Scenario], ...]
    key: int
    histories: tuple[History, ...]
    who: Who | None = None

    @property
    def scenario(self) -> Scenario:
        """The scenario that held last."""
        return self.steps[-1][1]

    @property
    def at(self) -> int:
        """The tick of the last change."""
        return self.steps[-1][0]

    @property
    def replicates(self) -> int:
        """Number of replicates."""
        return len(self.histories)

    @cached_property
    def _result(self) -> Result:
        return Result(self.scenario, self.key, "compiled", self.histories, who=self.who)

    @cached_property
    def data(self) -> xr.Dataset:
        """Daily tables of all replicates, as `Result.data`."""
        # Not that of the result, whose recipe would make the last scenario from the first day on.
        return dataset_from(self.histories, self.scenario)

    @property
    def events(self) -> pd.DataFrame:
        """Event logs of all replicates, as `Result.events`."""
        return self._result.events

    def summary(self) -> pd.DataFrame:
        """Return every outcome with its interval, as `Result.summary`."""
        return self._result.summary()

    def _shown(self) -> pd.DataFrame:
        return self.summary()

    def digest(self) -> str:
        """Return the SHA-256 over tables and logs, as `Result.digest`."""
        return self._result.digest()

    def spend(self, replicate: int = 0) -> dict[str, np.ndarray]:
        """Return the money spent in each tick by purpose, each tick at the prices that held."""
        history = self.histories[replicate]
        total = {purpose: np.zeros(history.table.shape[0]) for purpose in PURPOSES}
        ends = [at for at, _ in self.steps[1:]] + [history.table.shape[0]]
        for (at, scenario), end in zip(self.steps, ends, strict=True):
            for purpose, money in spend(history, scenario).items():
                total[purpose][at:end] = money[at:end]
        return total

    def fork(self, at: int, **words: Any) -> Fork:
        """Continue this fork from a later day on: `fork` with the same words."""
        return fork(self, at, **words)

    def branch(self, at: int, **words: Any) -> Fork:
        """Do what `fork` does, under its old name."""
        warnings.warn("Fork.branch is Fork.fork now", DeprecationWarning, stacklevel=2)
        return fork(self, at, **words)

    def __repr__(self) -> str:
        """Say when the rules changed."""
        days = ", ".join(str(at) for at, _ in self.steps[1:])
        return wrapped(
            f"Fork({self.scenario.name}, rules changed on day {days}, "
            f"{self.replicates} replicates, key {self.key})"
        )


def fork(
    result: Result | Fork,
    at: int,
    *,
    rng: None = None,
    networks: object = None,
    agents: Any = None,
    engine: Engine = "compiled",
    threads: int | None = None,
    progress: bool | Progress | None = None,
    changes: Mapping[str, Any] | None = None,
    **more: Any,
) -> Fork:
    """Continue the worlds of a result from day `at` on, with changes.

    Parameters
    ----------
    result : Result or Fork
        The run to leave.  Its days before `at` are run again (results keep no states) and
        compared with what it says.
    at : int
        The first tick of the new rules, 1 .. ticks.
    networks, agents : optional
        What the result was made with, where that was handed over as objects.
    rng : None
        A fork has the key of its result.
    engine : {"compiled"}
        Only this one can be forked; both give the same bytes.
    threads, progress : optional
        As in `koubei_sim.run`.
    changes, **more
        Values at dotted paths, as in `Scenario.replace`.  ``ticks`` may be raised, which continues
        the run beyond its end.  What lies in the past (`PAST`) cannot be changed, nor can
        segments, channels, products or nodes be added or removed.

    Returns
    -------
    Fork

    Raises
    ------
    KoubeiError
        For a change of the past, or a result that does not repeat.

    Notes
    -----
    What is remembered goes on under the new rules: engagement, hazards and habits have the value
    that the old rules gave them on the evening before `at`.  Somebody who left before keeps the
    day of return that he drew; who had become aware before does not start to relay.  The rival's
    force is the old one up to `at` and the new one from then on.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> from koubei_sim.runs.fork import fork
    >>> first = kb.run("tiny", rng=7, ticks=20, n_agents=300)
    >>> fork(first, at=10).digest() == first.digest()
    True
    >>> more = fork(first, at=10, changes={"media.account.visibility": 0.5})
    >>> bool(more.data.users[0, 9] == first.data.users[0, 9]), more.at
    (True, 10)
    """
    if not isinstance(result, (Result, Fork)):
        raise KoubeiError(
            "result", "wrong type", got=type(result).__name__, allowed="a Result or a Fork"
        )
    steps = result.steps if isinstance(result, Fork) else ((0, result.scenario),)
    at = whole("at", at)
    refused("rng", rng, None, "a fork has the key of its result")
    refused(
        "engine", engine, "compiled", "only the compiled engine can be forked, to the same bytes",
        fix='engine="compiled"',
    )  # fmt: skip
    changes = together(changes, more)
    options = options_from(result.key, networks, agents, engine, threads, progress)
    own_people = options.own_people
    scenario = steps[-1][1].changed(changes, own_people)
    _check_day(at, steps[-1][0], scenario.ticks, steps[-1][1].ticks)
    _check_past(steps[-1][1], scenario)
    _check_supplied(result, options)
    # A longer calendar changes nothing in the days before its new end.
    longer = [
        (day, old.changed({"ticks": scenario.ticks}, own_people)) for day, old in steps if day < at
    ]
    path = (*longer, (at, scenario))
    fitting = options.threads or fitting_threads(scenario, result.replicates, worlds=2)
    side_by_side = min(fitting, result.replicates)
    check_memory(scenario, 2 * side_by_side)
    worlds = _Worlds(path, options)
    with Meter(progress, result.replicates * scenario.ticks) as meter:

        def one(replicate: int) -> History:
            run = _run(worlds.of(replicate), [day for day, _ in path], meter.callback())
            return run.history()

        histories = in_turn(one, range(result.replicates), side_by_side)
    for replicate, (new, old) in enumerate(zip(histories, result.histories, strict=True)):
        if not np.array_equal(new.table[:at], old.table[:at]):
            raise KoubeiError(
                "result",
                f"its days before {at} do not come out again in replicate {replicate}; it was made"
                " by another version, or with other networks or people",
                fix="running it again",
            )
    return Fork(path, result.key, tuple(histories), worlds.who)


def _run(worlds: list[World], days: list[int], tell: Progress) -> CompiledRun:
    """Run a world to its end, its rules changing on the way."""
    run, ticks = CompiledRun(worlds[0]), worlds[-1].rules.ticks
    changes = dict(zip(days[1:], worlds[1:], strict=True))
    stride = max(1, ticks // 50)
    for until in sorted({*changes, *range(stride, ticks, stride), ticks}):
        run.advance(until)
        tell(run.tick, ticks)
        if until in changes:
            switch(run, changes[until])
    return run


class _Worlds:
    """The worlds of all steps of a replicate: the same people and graphs under other rules."""

    def __init__(self, path: tuple[tuple[int, Scenario], ...], options: RunOptions) -> None:
        self._steps = [options.simulation(scenario) for _, scenario in path]
        self.who = apart(lambda: self._steps[0].who)

    def of(self, replicate: int) -> list[World]:
        parts: dict[str, Parts] = {}  # held here, so that steps share them whatever is kept
        worlds = []
        for step in self._steps:
            name = step.name(replicate)
            parts[name] = parts.get(name) or step.parts(replicate)
            worlds.append(step.world(replicate, parts[name]))
        if any(world.rules.reinforcement_on for world in worlds):
            return [_counting(world) for world in worlds]
        return worlds


def _counting(world: World) -> World:
    """Let tellings be counted where nobody needs two yet, for the step in which somebody does.

    A need of 0 is met by any count, so nothing else changes.
    """
    if world.rules.reinforcement_on:
        return world
    nobody = np.zeros(world.rules.n, dtype=np.uint16)
    people, rules = world.people._replace(need=nobody), world.rules._replace(reinforcement_on=1)
    return World(people, world.graphs, rules)


# Checks -----------------------------------------------------------------------------------------


def _check_day(at: int, last: int, ticks: int, before: int) -> None:
    low = max(1, last)
    if not low <= at <= before:
        raise KoubeiError("at", "no such day to leave from", got=at, allowed=f"{low}..{before}")
    if ticks <= at:
        raise KoubeiError(
            "ticks",
            f"nothing is left to run after day {at}",
            got=ticks,
            allowed=f"{at + 1} or more",
            fix=str(at + 1),
        )


def _check_past(old: Scenario, new: Scenario) -> None:
    for table in _NUMBERED:
        were, are = list(getattr(old, table)), list(getattr(new, table))
        if were != are:
            raise KoubeiError(
                table,
                "a fork can neither add nor remove nor reorder them",
                got=", ".join(are),
                allowed=", ".join(were),
            )
    before, after = old.to_dict(), new.to_dict()
    for pattern in PAST:
        for path in _paths(before, after, pattern.split("."), ""):
            raise KoubeiError(
                path,
                "is past once the run has begun, a fork cannot change it",
                fix="koubei_sim.run with it",
            )
    if old.supply.enabled and not new.supply.enabled:
        raise KoubeiError(
            "supply.enabled",
            "people who wait for a unit would wait for ever",
            got=False,
            allowed="true",
            fix="supply.rounds with units for all",
        )


def _paths(before: Any, after: Any, steps: list[str], where: str) -> list[str]:
    """Return the dotted paths of a pattern at which two nested dicts differ."""
    if not steps:
        return [where.lstrip(".")] if before != after else []
    if steps[0] == "*":
        names = list(before)
    else:
        names = [steps[0]]
    found = []
    for name in names:
        one, other = (part.get(name) if part else None for part in (before, after))
        found += _paths(one, other, steps[1:], f"{where}.{name}")
    return found


def _check_supplied(result: Result | Fork, options: RunOptions) -> None:
    """Refuse networks and people other than those that a result was made with."""
    needed = result.supplied if isinstance(result, Result) else {}
    given = options.inputs.supplied
    for name, digest in needed.items():
        if given.get(name) != digest:
            raise KoubeiError(
                name,
                f"the result was made with {name} of your own, which it does not hold",
                got="others" if name in given else None,
                fix=f"supplying the same {name}",
            )

"""What a set of seeds is worth, by runs of the true model on common luck.

World number r has the same luck for every set, so sets are compared pair by pair, and no world is
run twice for one set.  `ScenarioJudge` runs the fan pyramid, `RuleJudge` a rule of cascades.
Called by `improving`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades.paired import paired
from koubei_sim.cascades.rules import FractionalThreshold, Reinforcement
from koubei_sim.cascades.rules.base import Rule
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics.indices import TAKE_OFF_FOLD, TAKE_OFF_SHARE, took_off
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import History
from koubei_sim.networks import Network
from koubei_sim.runs.options import RunOptions
from koubei_sim.runs.simulation import Outcome, measure

Rows = NDArray[np.int64]
Values = NDArray[np.float64]


class Judge(ABC):
    """Values of seed sets, world by world.

    Parameters
    ----------
    runs : int
        Most runs.
    worlds : int
        How many worlds differ: 1 where there is no luck.
    tell : callable, optional
        Told (runs done, runs in all).

    Attributes
    ----------
    spent : int
        Runs so far.
    most : float
        No set is worth more in any world.
    """

    most = math.inf

    def __init__(
        self, runs: int, worlds: int, tell: Callable[[int, int], None] | None = None
    ) -> None:
        self.runs, self.worlds, self.tell = runs, worlds, tell
        self.spent = 0
        self._known: dict[tuple[int, ...], Values] = {}

    @abstractmethod
    def run(self, sets: Sequence[Rows], first: int, count: int) -> tuple[Values, Values]:
        """Run sets in worlds ``first ..``: values and whether it took off (0, 1), [S, count]."""

    def look(self, sets: Sequence[Rows], first: int, count: int) -> tuple[Values, Values]:
        """Run sets in worlds, and keep count."""
        found = self.run(sets, first, count)
        self.spent += len(sets) * count
        if self.tell is not None:
            self.tell(min(self.spent, self.runs), self.runs)
        if not np.isfinite(found[0]).all():
            raise KoubeiError(
                "outcome", "is not defined in every run, so that seeds cannot be compared by it",
                fix="outcome='users'",
            )  # fmt: skip
        return found

    def of(self, sets: Sequence[Rows], worlds: int) -> Values:
        """Return the values of sets in worlds 0 .. `worlds` - 1; only what is missing is run.

        Returns
        -------
        (S, worlds) array
        """
        worlds = min(worlds, self.worlds)
        keys = [name(rows) for rows in sets]
        lacking: dict[int, dict[tuple[int, ...], Rows]] = {}
        for key, rows in zip(keys, sets):
            had = self._known.setdefault(key, np.empty(0)).size
            if had < worlds:
                lacking.setdefault(had, {})[key] = rows
        for had, group in lacking.items():
            values, _ = self.look(list(group.values()), had, worlds - had)
            for key, new in zip(group, values):
                self._known[key] = np.concatenate([self._known[key], new])
        return np.array([self._known[key][:worlds] for key in keys])

    def known(self, rows: Rows) -> int:
        """Return in how many worlds a set was run."""
        return self._known.get(name(rows), np.empty(0)).size

    def lacking(self, rows: Rows, worlds: int) -> int:
        """Return how many runs it takes until a set is known in so many worlds."""
        return max(0, min(worlds, self.worlds) - self.known(rows))

    @property
    def looked(self) -> int:
        """The first world in which no set was run."""
        return max((values.size for values in self._known.values()), default=0)


def name(rows: Rows) -> tuple[int, ...]:
    """Return what a set of seeds is called, in whatever order."""
    return tuple(sorted(rows.tolist()))


class ScenarioJudge(Judge):
    """The fan pyramid: a measure of runs that begin with these people.

    Parameters
    ----------
    scenario : Scenario
        With a shared world, so that a number means the same person in every replicate.
    options : RunOptions
    outcome : str or callable
    """

    def __init__(
        self, scenario: Scenario, options: RunOptions, outcome: Outcome, runs: int,
        tell: Callable[[int, int], None] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(runs, runs, tell)
        self.scenario, self.options, self.outcome = scenario, options, outcome

    def run(self, sets: Sequence[Rows], first: int, count: int) -> tuple[Values, Values]:
        """Run sets in worlds."""
        found = np.empty((2, len(sets), count))
        for at, rows in enumerate(sets):
            changes = {"strategy": "ids", "ids": tuple(rows.tolist()), "ids_by": "row"}
            scenario = self.scenario.replace(
                **{f"seeding.{field}": value for field, value in changes.items()}
            )

            def of(history: History, scenario: Scenario = scenario) -> tuple[float, bool]:
                value = measure(history, scenario, self.options.key, self.outcome)
                return value, took_off(history)

            simulation = self.options.simulation(scenario)
            found[:, at] = np.array(simulation.each(of, range(first, first + count))).T
        return found[0], found[1]


class RuleJudge(Judge):
    """A rule of cascades: how many are reached.

    Parameters
    ----------
    network : Network
        Without labels.
    rule : Rule
    key : int
    threads : int
    """

    def __init__(
        self, network: Network, rule: Rule, key: int, threads: int, runs: int,
        tell: Callable[[int, int], None] | None = None,
    ) -> None:  # fmt: skip
        self.most = float(network.n_nodes)
        lucky = not isinstance(rule, (FractionalThreshold, Reinforcement))
        super().__init__(runs, runs if lucky else 1, tell)
        self.network, self.rule, self.key, self.threads = network, rule, key, threads

    def run(self, sets: Sequence[Rows], first: int, count: int) -> tuple[Values, Values]:
        """Run sets in worlds."""
        settings = {str(at): (self.rule, rows) for at, rows in enumerate(sets)}
        sizes = paired(
            self.network, settings, count, self.key, first=first, threads=self.threads
        ).sizes.astype(np.float64)
        least = np.array([max(1, len(rows)) for rows in sets])[:, None] * TAKE_OFF_FOLD
        large = math.ceil(TAKE_OFF_SHARE * self.network.n_nodes)
        return sizes, (sizes >= np.maximum(least, large)).astype(np.float64)


def halved(judge: Judge, sets: Sequence[Rows], budget: int) -> Rows:
    """Return the best of several sets: all are run in few worlds, the better half in more, ...

    Sequential halving (Karnin, Koren and Somekh 2013) on common luck; what was run before counts.
    Of equals the earlier one stays.

    Parameters
    ----------
    judge : Judge
    sets : sequence of rows
    budget : int
        Runs for it, roughly: every set is run once at least.
    """
    alive, worlds = list(sets), 0
    rounds = max(1, (len(alive) - 1).bit_length())
    while len(alive) > 1:
        worlds = min(judge.worlds, worlds + max(1, budget // (rounds * len(alive))))
        means = judge.of(alive, worlds).mean(axis=1)
        keep = 1 if worlds == judge.worlds else (len(alive) + 1) // 2
        order = np.argsort(-means, kind="stable")[:keep]
        alive = [alive[at] for at in np.sort(order)]
    return alive[0]

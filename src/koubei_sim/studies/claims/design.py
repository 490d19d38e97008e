"""From a claim to runs: worlds drawn from the prior, and one sweep for each arm over all of them.

Tests of one claim that ask the same arms in the same market share their runs.  World number w has
the same parameters and the same luck in every arm; worlds do not share luck with each other, so
that a share over worlds has the interval it says.
Called by `judge`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms.fields import STRUCTURE
from koubei_sim.model.scenario import Scenario, parameter_table
from koubei_sim.model.scenario.neutral import MODULES
from koubei_sim.studies.calibration.ensemble import ensemble
from koubei_sim.studies.claims.claim_file import Claim, Test
from koubei_sim.studies.claims.models import MODELS, Model
from koubei_sim.studies.design.plan import Sweep, make_sweep, point_key
from koubei_sim.studies.design.points import LatinHypercube, Table
from koubei_sim.studies.design.priors import prior_sample
from koubei_sim.studies.design.values import Range, range_of

#: Outcome by which worlds are told in which nothing happens.
TAKE_OFF: Final = "take_off"

Arm = Mapping[str, Any]
Array = NDArray[np.float64]


#: The main test alone is asked again in these: on a second key, in a model in which the claim is
#: false, and in the worlds of a calibrated ensemble.
AGAIN: Final = ("second", "null", "posterior")


@dataclass(frozen=True)
class Worlds:
    """Parameters of the worlds of one phase.

    Attributes
    ----------
    columns : dict of str to list
        Dotted path -> value in each world.
    refused : int
        Worlds that were drawn and cannot be: a draw against the rules of the scenario.
    """

    columns: dict[str, list[Any]]
    refused: int

    @property
    def number(self) -> int:
        """Number of worlds."""
        return len(next(iter(self.columns.values())))


@dataclass(frozen=True)
class Group:
    """Tests that ask the same market, with as many worlds and replicates.

    Attributes
    ----------
    tests : tuple of Test
    base : Scenario
        The market without what an arm changes.
    worlds : Worlds
    sweeps : dict of str to Sweep
        One for each different arm, by `identity`, with as many replicates as there may be.
    replicates : int
        Those of the first look.
    absent : str
        Why nothing can be run here: the data file that is not on this machine.
    """

    tests: tuple[Test, ...]
    base: Scenario
    worlds: Worlds
    sweeps: dict[str, Sweep]
    replicates: int
    absent: str = ""


def identity(arm: Arm) -> str:
    """Return a short name of what an arm changes; arms of one name in two tests may differ."""
    text = json.dumps(arm, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def groups(claim: Claim, phase: str) -> list[Group]:
    """Return the sweeps of a claim over the prior (``"prior"``), or of its main test (`AGAIN`).

    Raises
    ------
    KoubeiError
        For a range without a parameter, a lever that is doubtful as well, or no world left.
    """
    if phase == "null" and not (claim.null.off or claim.null.set):
        return []
    if phase == "posterior" and not claim.posterior.preset:
        return []
    found: dict[str, list[Test]] = {}
    for test in claim.tests if phase == "prior" else [t for t in claim.tests if t.main]:
        if test.model == "pyramid":
            points = test.points or claim.prior.points
            replicates = test.replicates or claim.prior.replicates
            name = json.dumps([test.market, points, replicates], sort_keys=True, default=str)
            found.setdefault(name, []).append(test)
    return [_group(claim, tuple(tests), phase) for tests in found.values()]


def _group(claim: Claim, tests: tuple[Test, ...], phase: str) -> Group:
    first = tests[0]
    base = claim.scenario.replace(**first.market) if first.market else claim.scenario
    if phase == "null" and claim.null.set:
        base = base.replace(**claim.null.set)
    if phase == "posterior":
        base = ensemble(claim.posterior.preset).scenario
        base = base.replace(**claim.posterior.set) if claim.posterior.set else base
    replicates = first.replicates or claim.prior.replicates
    missing = missing_data(base)
    if missing:
        return Group(tests, base, Worlds({}, 0), {}, 0, f"data file {missing} is not here")
    chosen = [
        arm for test in tests for name, arm in test.arms.items()
        if phase == "prior" or name in (test.claimed, *test.others)
    ]  # fmt: skip
    arms = {identity(arm): arm for arm in chosen}
    scenarios = {name: base.replace(**arm) for name, arm in arms.items()}
    levers = {path for test in tests for arm in test.arms.values() for path in arm}
    key = claim.confirm if phase == "second" else claim.key
    points = first.points or claim.prior.points
    if phase == "posterior":
        columns = ensemble(claim.posterior.preset, claim.posterior.worlds).parameters
        drawn_ = {str(path): list(values) for path, values in columns.items() if path not in levers}
    else:
        ranges = ranges_of(claim, base, scenarios, levers)
        made = LatinHypercube(ranges, points).points(base, key)
        drawn_ = {path: list(values) for path, values in made.columns.items()}
    off = claim.null.off if phase == "null" else ()
    worlds, tables = _possible_worlds(drawn_, scenarios, levers, off)
    outcomes: dict[str, list[str]] = {name: [TAKE_OFF] for name in arms}
    for test in tests:
        for arm in test.arms.values():
            kept = outcomes.get(identity(arm))
            if kept is not None and test.outcome not in kept:
                kept.append(test.outcome)
    sweeps = {
        name: make_sweep(
            scenario,
            Table(tables[name]),
            max(replicates, claim.decision.most),
            key,
            "compiled",
            claim.measured(outcomes[name]),
            luck="own",
        )
        for name, scenario in scenarios.items()
    }
    return Group(tests, base, worlds, sweeps, replicates)


def scaled_to(scenario: Scenario, agents: int) -> Scenario:
    """Return a market of another size in which what is counted per head stays so.

    What a team reads and answers, places and sizes of meetings, and what a product learns from, in
    proportion; seeds as many as they were, for whether it takes off hangs on their number.
    """
    heads = agents / scenario.n_agents
    changes: dict[str, Any] = {"n_agents": agents}
    for row in parameter_table(scenario):
        number = isinstance(row.value, (int, float)) and not isinstance(row.value, bool)
        if number and math.isfinite(row.value) and row.path.endswith(PER_HEAD):
            value = row.value * heads
            whole = isinstance(row.value, int)
            changes[row.path] = max(1, round(value)) if whole and row.value else value
    return scenario.replace(**changes)


#: What is so much per head.
PER_HEAD: Final = (
    ".reading_capacity", ".service_capacity", ".size_cap", ".scale_quality", ".scale_difficulty",
    ".units", ".first_units", ".orders_per_day",
)  # fmt: skip


def missing_data(scenario: Scenario) -> str:
    """Return the name of a graph file that a scenario needs and this machine lacks, else ""."""
    from koubei_sim.networks import find_data

    for channel in scenario.channels.values():
        network = channel.network
        if network is None or network.kind != "file" or network.stand_in != "refuse":
            continue
        try:
            find_data(str(network.path))
        except KoubeiError:
            if not Path(str(network.path)).is_file():
                return str(network.path)
    return ""


def ranges_of(
    claim: Claim, base: Scenario, scenarios: Mapping[str, Scenario], levers: set[str]
) -> dict[str, Range]:
    """Return the doubtful parameters of a claim's worlds and their ranges."""
    rows = {row.path: row for s in (base, *scenarios.values()) for row in parameter_table(s)}
    known = [*rows, *(row.path for row in parameter_table())]
    for text in claim.prior.exclude:
        if not any(fnmatchcase(path, text) for path in known):
            raise KoubeiError(f"prior.exclude: {text}", "matches no parameter of this market")
    found: dict[str, Range] = {}
    for path, around in prior_sample(base, 1, spread=claim.prior.spread).ranges.items():
        pulled = any(
            path == lever or path.startswith(f"{lever}.") or lever.startswith(f"{path}.")
            for lever in levers
        )
        if not pulled and not any(fnmatchcase(path, text) for text in claim.prior.exclude):
            found[path] = around
    for path, given in claim.prior.ranges.items():
        if path not in rows:
            raise KoubeiError(f"prior.ranges: {path}", "no parameter of this market or its arms")
        if path in levers:
            raise KoubeiError(f"prior.ranges: {path}", "is a lever, which an arm sets itself")
        whole = isinstance(rows[path].value, int) and not isinstance(rows[path].value, bool)
        found[path] = range_of(path, given, whole)
    if not found:
        raise KoubeiError("prior", "nothing is doubtful", fix="[prior.ranges]")
    return found


def _possible_worlds(
    columns: Mapping[str, list[Any]],
    scenarios: Mapping[str, Scenario],
    levers: set[str],
    off: Sequence[str],
) -> tuple[Worlds, dict[str, dict[str, list[Any]]]]:
    """Drop worlds that some arm cannot have, and return the columns of each arm."""
    points = len(next(iter(columns.values())))
    tables = {name: _of_arm(s, columns, off, levers) for name, s in scenarios.items()}
    good = [
        world
        for world in range(points)
        if all(_possible(s, tables[name], world) for name, s in scenarios.items())
    ]
    if not good:
        raise KoubeiError("prior", "no world that was drawn can be", got=points)
    kept = {name: _rows(table, good) for name, table in tables.items()}
    return Worlds(_rows(columns, good), points - len(good)), kept


def _rows(table: Mapping[str, Sequence[Any]], rows: Sequence[int]) -> dict[str, list[Any]]:
    return {path: [values[row] for row in rows] for path, values in table.items()}


def _possible(scenario: Scenario, table: Mapping[str, Sequence[Any]], world: int) -> bool:
    try:
        scenario.replace(**{path: values[world] for path, values in table.items()})
    except KoubeiError:
        return False
    return True


def _of_arm(
    scenario: Scenario, columns: Mapping[str, list[Any]], off: Sequence[str], levers: set[str]
) -> dict[str, list[Any]]:
    """Return the columns that an arm has: its own parameters, neutral where modules are off."""
    rows = {row.path: row for row in parameter_table(scenario)}
    table = {path: list(values) for path, values in columns.items() if _known(path, rows)}
    points = len(next(iter(columns.values())))
    for module in off:
        for path, neutral in neutral_numbers(module, rows).items():
            if path not in levers:  # what the arms are about is never switched off under them
                table[path] = [neutral] * points
                for entry in [one for one in table if one.startswith(f"{path}.")]:
                    del table[entry]
    return table


def _known(path: str, rows: Mapping[str, Any]) -> bool:
    """Whether a path names a parameter, or an entry of one that is a list or a table."""
    return path in rows or path.rpartition(".")[0] in rows


def neutral_numbers(module: str, rows: Mapping[str, Any]) -> dict[str, Any]:
    """Return the neutral values of a module's parameters, entry by entry.

    `scenario.neutral` empties whole tables (events, media, the rival's offers); here their numbers
    are made neutral one by one, so that worlds with and without differ in numbers alone.
    """
    found = {}
    for pattern in MODULES[module]:
        whole = pattern in ("events", "media", "market.rival")
        for path, row in rows.items():
            number = isinstance(row.value, (int, float)) and not isinstance(row.value, bool)
            if whole and path.startswith(f"{pattern}."):
                if number and row.neutral != STRUCTURE and not path.endswith((".start", ".day")):
                    found[path] = row.neutral
            elif (
                row.neutral != STRUCTURE
                and fnmatchcase(path, pattern)
                and path.count(".") == pattern.count(".")
            ):
                found[path] = row.neutral
    return found


# On other models than the pyramid, over their own priors ------------------------------------------


@dataclass(frozen=True)
class Found:
    """What the runs of one test gave over one prior: arrays [worlds, replicates] by arm.

    `base` is the market in which `columns` are set.  `absent` says why there is nothing, where a
    data file is not on this machine.
    """

    values: Mapping[str, Array]
    taken: Mapping[str, Array]
    columns: Mapping[str, Sequence[Any]]
    refused: int = 0
    absent: str = ""
    base: Scenario | None = None


def run_model(claim: Claim, test: Test) -> Found:
    """Run a test of another model over its prior.

    World w has a key of its own, the same in all arms.
    """
    model = MODELS[test.model]
    points = test.points or claim.prior.points
    replicates = test.replicates or claim.prior.replicates
    ranges = ranges_of_model(test, model)
    if ranges:
        drawn = LatinHypercube(ranges, points).points(claim.scenario, claim.key)
        columns = {name: list(values) for name, values in drawn.columns.items()}
    else:
        points, columns = 1, {}
    values: dict[str, list[Array]] = {name: [] for name in test.arms}
    taken: dict[str, list[Array]] = {name: [] for name in test.arms}
    for world in range(points):
        here = {**test.set, **{name: column[world] for name, column in columns.items()}}
        key = point_key(claim.key, world)
        for name, arm in test.arms.items():
            try:
                found = model.run({**here, **arm}, test.outcome, range(replicates), key)
            except KoubeiError as error:
                if "graph" in here and error.what.startswith("no such data file"):
                    return Found({}, {}, {}, absent=f"data file {here['graph']} is not here")
                raise
            values[name].append(found[test.outcome])
            taken[name].append(found["take_off"])
    return Found(
        {name: np.array(rows) for name, rows in values.items()},
        {name: np.array(rows) for name, rows in taken.items()},
        columns,
    )


def ranges_of_model(test: Test, model: Model) -> dict[str, Range]:
    """Return the doubtful parameters of another model."""
    return {
        name: range_of(name, given, isinstance(model.parameters[name].default, int))
        for name, given in test.ranges.items()
    }

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
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.draws import drawn
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms.fields import STRUCTURE
from koubei_sim.model.scenario import Scenario, parameter_table
from koubei_sim.model.scenario.neutral import MODULES
from koubei_sim.studies.claims.claim_file import Claim, Test
from koubei_sim.studies.claims.models import MODELS, Model
from koubei_sim.studies.design.plan import Sweep, make_sweep, point_key
from koubei_sim.studies.design.points import LatinHypercube, Table
from koubei_sim.studies.design.priors import limits, prior_sample, widened
from koubei_sim.studies.design.values import Range, range_of

#: Purposes of the draws of a design; tick: 0; j: number of the module.
DRAW_OFF: Final = 187
#: Outcome by which worlds are told in which nothing happens.
TAKE_OFF: Final = "take_off"

Arm = Mapping[str, Any]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Worlds:
    """Parameters of the worlds of one phase.

    Attributes
    ----------
    columns : dict of str to list
        Dotted path -> value in each world.
    off : dict of str to list of bool
        Module -> whether it is off in each world (stress only).
    refused : int
        Worlds that were drawn and cannot be: a draw against the rules of the scenario.
    """

    columns: dict[str, list[Any]]
    off: dict[str, list[bool]]
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
    worlds : Worlds
    sweeps : dict of str to Sweep
        One for each different arm, by `identity`.
    absent : str
        Why nothing can be run here: the data file that is not on this machine.
    """

    tests: tuple[Test, ...]
    worlds: Worlds
    sweeps: dict[str, Sweep]
    absent: str = ""


def identity(arm: Arm) -> str:
    """Return a short name of what an arm changes; arms of one name in two tests may differ."""
    text = json.dumps(arm, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def groups(claim: Claim, phase: str) -> list[Group]:
    """Return the sweeps of a claim over the prior (``"prior"``) or the stress prior.

    Raises
    ------
    KoubeiError
        For a range without a parameter, a lever that is doubtful as well, or no world left.
    """
    found: dict[str, list[Test]] = {}
    for test in claim.tests:
        if test.model == "pyramid":
            points = test.points or claim.prior.points
            replicates = test.replicates or claim.prior.replicates
            name = json.dumps([test.market, points, replicates], sort_keys=True, default=str)
            found.setdefault(name, []).append(test)
    return [_group(claim, tuple(tests), phase) for tests in found.values()]


def _group(claim: Claim, tests: tuple[Test, ...], phase: str) -> Group:
    first = tests[0]
    base = claim.scenario.replace(**first.market) if first.market else claim.scenario
    missing = missing_data(base)
    if missing:
        return Group(tests, Worlds({}, {}, 0), {}, f"data file {missing} is not here")
    arms = {identity(arm): arm for test in tests for arm in test.arms.values()}
    scenarios = {name: base.replace(**arm) for name, arm in arms.items()}
    levers = {path for arm in arms.values() for path in arm}
    stress = phase == "stress"
    points = claim.stress.points if stress else first.points or claim.prior.points
    replicates = claim.stress.replicates if stress else first.replicates or claim.prior.replicates
    worlds, tables = _draw(claim, base, scenarios, levers, points, stress)
    outcomes: dict[str, list[str]] = {name: [TAKE_OFF] for name in arms}
    for test in tests:
        for arm in test.arms.values():
            if test.outcome not in outcomes[identity(arm)]:
                outcomes[identity(arm)].append(test.outcome)
    sweeps = {
        name: make_sweep(
            scenario,
            Table(tables[name]),
            replicates,
            claim.key,
            "compiled",
            outcomes[name],
            luck="own",
        )
        for name, scenario in scenarios.items()
    }
    return Group(tests, worlds, sweeps)


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
    claim: Claim, base: Scenario, scenarios: Mapping[str, Scenario], levers: set[str], stress: bool
) -> dict[str, Range]:
    """Return the doubtful parameters of a claim's worlds and their ranges."""
    part = claim.stress if stress else claim.prior
    rows = {row.path: row for s in (base, *scenarios.values()) for row in parameter_table(s)}
    known = [*rows, *(row.path for row in parameter_table())]
    for text in claim.prior.exclude:
        if not any(fnmatchcase(path, text) for path in known):
            raise KoubeiError(f"prior.exclude: {text}", "matches no parameter of this market")
    explicit = {**claim.prior.ranges, **(claim.stress.ranges if stress else {})}
    found: dict[str, Range] = {}
    for path, around in prior_sample(base, 1, spread=part.spread).ranges.items():
        pulled = any(path == lever or path.startswith(f"{lever}.") for lever in levers)
        if not pulled and not any(fnmatchcase(path, text) for text in claim.prior.exclude):
            found[path] = around
    for path, given in explicit.items():
        if path not in rows:
            raise KoubeiError(f"prior.ranges: {path}", "no parameter of this market or its arms")
        if path in levers:
            raise KoubeiError(f"prior.ranges: {path}", "is a lever, which an arm sets itself")
        whole = isinstance(rows[path].value, int) and not isinstance(rows[path].value, bool)
        found[path] = range_of(path, given, whole)
        if stress and path not in claim.stress.ranges:
            bounds = limits(rows[path].range) or (-math.inf, math.inf)
            found[path] = widened(found[path], claim.stress.spread / claim.prior.spread, *bounds)
    if not found:
        raise KoubeiError("prior", "nothing is doubtful", fix="[prior.ranges]")
    return found


def _draw(
    claim: Claim,
    base: Scenario,
    scenarios: Mapping[str, Scenario],
    levers: set[str],
    points: int,
    stress: bool,
) -> tuple[Worlds, dict[str, dict[str, list[Any]]]]:
    """Draw worlds, drop those that some arm cannot have, and return the columns of each arm."""
    ranges = ranges_of(claim, base, scenarios, levers, stress)
    drawn = LatinHypercube(ranges, points).points(base, claim.key)
    columns = {path: list(values) for path, values in drawn.columns.items()}
    off = _switched(claim, points) if stress else {}
    tables = {name: _of_arm(s, columns, off, levers) for name, s in scenarios.items()}
    good = [
        world
        for world in range(points)
        if all(_possible(s, tables[name], world) for name, s in scenarios.items())
    ]
    if not good:
        raise KoubeiError("prior", "no world that was drawn can be", got=points)
    kept = {name: _rows(table, good) for name, table in tables.items()}
    return Worlds(_rows(columns, good), _rows(off, good), points - len(good)), kept


def _rows(table: Mapping[str, Sequence[Any]], rows: Sequence[int]) -> dict[str, list[Any]]:
    return {path: [values[row] for row in rows] for path, values in table.items()}


def _possible(scenario: Scenario, table: Mapping[str, Sequence[Any]], world: int) -> bool:
    try:
        scenario.replace(**{path: values[world] for path, values in table.items()})
    except KoubeiError:
        return False
    return True


def _switched(claim: Claim, points: int) -> dict[str, list[bool]]:
    """Return which modules are off in which world, each with a chance of one half."""
    found = {}
    for number, module in enumerate(claim.stress.off):
        bits = drawn(points, claim.key, DRAW_OFF, j=number)
        found[module] = [bool(bit >> np.uint64(63)) for bit in bits]
    return found


def _of_arm(
    scenario: Scenario,
    columns: Mapping[str, list[Any]],
    off: Mapping[str, list[bool]],
    levers: set[str],
) -> dict[str, list[Any]]:
    """Return the columns that an arm has: its own parameters, with modules off where they are."""
    rows = {row.path: row for row in parameter_table(scenario)}
    table = {path: list(values) for path, values in columns.items() if path in rows}
    for module, switched in off.items():
        for path, neutral in neutral_numbers(module, rows).items():
            if path in levers:
                continue  # what the arms are about is never switched off under them
            before = table.get(path, [rows[path].value] * len(switched))
            table[path] = [
                neutral if is_off else value for is_off, value in zip(switched, before, strict=True)
            ]
    return table


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

    `absent` says why there is nothing, where a data file is not on this machine.
    """

    values: Mapping[str, Array]
    taken: Mapping[str, Array]
    columns: Mapping[str, Sequence[Any]]
    refused: int = 0
    absent: str = field(default="")


def run_model(claim: Claim, test: Test, phase: str) -> Found:
    """Run a test of another model over the prior or the stress prior.

    World w has a key of its own, the same in all arms.
    """
    model = MODELS[test.model]
    stress = phase == "stress"
    points = claim.stress.points if stress else test.points or claim.prior.points
    replicates = claim.stress.replicates if stress else test.replicates or claim.prior.replicates
    ranges = ranges_of_model(claim, test, model, stress)
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


def ranges_of_model(claim: Claim, test: Test, model: Model, stress: bool) -> dict[str, Range]:
    """Return the doubtful parameters; without stress ranges those of the prior are widened."""
    given = {**test.ranges, **(test.stress_ranges if stress else {})}
    factor = claim.stress.spread / claim.prior.spread if stress else 1.0
    found = {}
    for name, entry in given.items():
        whole = isinstance(model.parameters[name].default, int)
        around = range_of(name, entry, whole)
        if stress and name not in test.stress_ranges:
            known = model.parameters[name]
            around = widened(around, factor, known.low, known.high)
        found[name] = around
    return found

"""Tests of a claim on other models than the pyramid (`models`), over their own priors.

Called by `judge`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.studies.claims.design import widened
from koubei_sim.studies.claims.models import MODELS, Model
from koubei_sim.studies.claims.parts import Claim, Test
from koubei_sim.studies.design.plan import point_key
from koubei_sim.studies.design.points import LatinHypercube
from koubei_sim.studies.design.values import Range, range_of

Array = NDArray[np.float64]


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

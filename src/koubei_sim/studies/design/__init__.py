"""What a study asks: values and ranges, points, priors, how many replicates, and the plan of runs.

Nothing here runs a model.  Called by the rooms beside it and by people.
"""

from koubei_sim.studies.design.plan import Sweep, make_sweep
from koubei_sim.studies.design.points import (
    Grid,
    LatinHypercube,
    Points,
    RandomPoints,
    SobolPoints,
    Table,
)
from koubei_sim.studies.design.precision import enough, enough_table, take_off
from koubei_sim.studies.design.priors import ensemble
from koubei_sim.studies.design.values import Range

__all__ = [
    "Grid",
    "LatinHypercube",
    "Points",
    "RandomPoints",
    "Range",
    "SobolPoints",
    "Sweep",
    "Table",
    "enough",
    "enough_table",
    "ensemble",
    "make_sweep",
    "take_off",
]

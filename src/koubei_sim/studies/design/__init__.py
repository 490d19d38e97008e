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
from koubei_sim.studies.design.precision import (
    required_replicates,
    required_replicates_table,
    take_off,
)
from koubei_sim.studies.design.priors import prior_sample
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
    "make_sweep",
    "prior_sample",
    "required_replicates",
    "required_replicates_table",
    "take_off",
]

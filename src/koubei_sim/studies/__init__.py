"""Studies: many runs of a scenario, and what they say together.

`sweep` runs it at many points with a journal that survives being killed.  Sits on `simulate`;
called by people and by the command line.
"""

from koubei_sim.studies.journal import SweepStopped
from koubei_sim.studies.plan import Sweep, make_sweep
from koubei_sim.studies.points import (
    Grid,
    LatinHypercube,
    Points,
    RandomPoints,
    SobolPoints,
    Table,
)
from koubei_sim.studies.priors import ensemble
from koubei_sim.studies.status import Status, export, status
from koubei_sim.studies.sweep import Progress, SweepResult, open_sweep, sweep
from koubei_sim.studies.sweep_file import read_sweep
from koubei_sim.studies.values import Range

__all__ = [
    "Grid",
    "LatinHypercube",
    "Points",
    "Progress",
    "RandomPoints",
    "Range",
    "SobolPoints",
    "Status",
    "Sweep",
    "SweepResult",
    "SweepStopped",
    "Table",
    "ensemble",
    "export",
    "make_sweep",
    "open_sweep",
    "read_sweep",
    "status",
    "sweep",
]

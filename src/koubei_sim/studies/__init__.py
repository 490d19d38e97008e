"""Studies: many runs of a scenario, and what they say together.

`sweep` runs it at many points with a journal that survives being killed; `compare` sets scenarios
side by side on the same luck; `fork` continues a run from a day with changes; `knock_out`,
`shapley`, `explain` and `break_even` say what an effect is made of; `sensitivity` says which
parameters an outcome hangs on; `calibrate` fits parameters to targets.  Sits on `simulate`; called
by people and by the command line.
"""

from typing import Any

from koubei_sim.runs.fork import Fork, fork
from koubei_sim.studies.breakeven import BreakEven, break_even
from koubei_sim.studies.calibration import (
    Calibration,
    Target,
    Targets,
    calibrate,
    rank_statistics,
    read_calibration,
    scorecard,
)
from koubei_sim.studies.compare import Comparison, compare
from koubei_sim.studies.explain import KnockOut, Shapley, knock_out, shapley
from koubei_sim.studies.journal import SweepStopped
from koubei_sim.studies.ladder import Explained, explain
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
from koubei_sim.studies.replicates import enough, enough_table, take_off
from koubei_sim.studies.sensitivity import Sensitivity, sensitivity
from koubei_sim.studies.status import Status, export, status
from koubei_sim.studies.sweep import Progress, SweepResult, open_sweep, sweep
from koubei_sim.studies.sweep_file import read_sweep
from koubei_sim.studies.values import Range

__all__ = [
    "BreakEven",
    "Calibration",
    "Comparison",
    "Explained",
    "Fork",
    "Grid",
    "KnockOut",
    "LatinHypercube",
    "Points",
    "Progress",
    "RandomPoints",
    "Range",
    "Sensitivity",
    "Shapley",
    "SobolPoints",
    "Status",
    "Sweep",
    "SweepResult",
    "SweepStopped",
    "Table",
    "Target",
    "Targets",
    "break_even",
    "calibrate",
    "compare",
    "enough",
    "enough_table",
    "ensemble",
    "explain",
    "export",
    "fork",
    "knock_out",
    "make_sweep",
    "open_sweep",
    "rank_statistics",
    "read_calibration",
    "read_sweep",
    "scorecard",
    "sensitivity",
    "shapley",
    "status",
    "sweep",
    "take_off",
]


def __getattr__(name: str) -> Any:
    """Give the old names of `Fork` and `fork`, for one release."""
    if name not in ("Branch", "branch"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import warnings

    new = {"Branch": "Fork", "branch": "fork"}[name]
    warnings.warn(f"studies.{name} is studies.{new} now", DeprecationWarning, stacklevel=2)
    return globals()[new]

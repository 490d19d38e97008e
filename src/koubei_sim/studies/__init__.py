"""Studies: many runs of a scenario, and what they say together.

`design` says what is asked, `sweep` is the engine that runs it, with a journal that survives being
killed; `compare` sets scenarios side by side on the same luck and says what a difference is made
of, `sensitivity` which parameters an outcome hangs on, `calibration` fits parameters to targets,
`claims` judges claims over priors.  Sits on `runs`; called by people and by the command line.
"""

from koubei_sim.errors import old_names
from koubei_sim.runs.fork import Fork, fork
from koubei_sim.studies.calibration import (
    Calibration,
    Target,
    Targets,
    calibrate,
    rank_statistics,
    read_calibration,
    scorecard,
)
from koubei_sim.studies.compare import (
    BreakEven,
    Comparison,
    Explained,
    KnockOut,
    Shapley,
    break_even,
    compare,
    explain,
    knock_out,
    shapley,
)
from koubei_sim.studies.design import (
    Grid,
    LatinHypercube,
    Points,
    RandomPoints,
    Range,
    SobolPoints,
    Sweep,
    Table,
    enough,
    enough_table,
    ensemble,
    make_sweep,
    take_off,
)
from koubei_sim.studies.sensitivity import Sensitivity, sensitivity
from koubei_sim.studies.sweep import (
    Progress,
    Status,
    SweepResult,
    SweepStopped,
    export,
    read_sweep,
    status,
    sweep,
)

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

__getattr__ = old_names(
    __name__,
    {
        "Branch": "koubei_sim.studies.Fork",
        "branch": "koubei_sim.studies.fork",
        "open_sweep": "koubei_sim.load",
    },
    __all__,
)

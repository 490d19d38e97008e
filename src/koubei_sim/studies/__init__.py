"""Studies: many runs of a scenario, and what they say together.

`design` says what is asked, `sweep` is the engine that runs it, with a journal that survives being
killed; `compare` sets scenarios side by side on the same luck and says what a difference is made
of, `sensitivity` which parameters an outcome hangs on, `maps` where over two of them it changes,
`calibration` fits parameters to targets, `claims` judges claims over priors, `decide` says which
design to take under a budget.
Sits on `runs`; called by people and by the command line.
"""

from koubei_sim.errors import old_names
from koubei_sim.runs.fork import Fork, fork
from koubei_sim.studies.calibration import (
    Calibration,
    Ensemble,
    RuleCalibration,
    RuleTarget,
    Target,
    Targets,
    Worlds,
    calibrate,
    ensemble,
    fit_rule,
    rank_statistics,
    read_calibration,
    scorecard,
)
from koubei_sim.studies.compare.attribution import Attribution, KnockOut, attribution, knock_out
from koubei_sim.studies.compare.breakeven import BreakEven, break_even
from koubei_sim.studies.compare.compare import compare
from koubei_sim.studies.compare.comparison import Comparison
from koubei_sim.studies.compare.exchange import ExchangeRate, exchange_rate
from koubei_sim.studies.compare.shapley import Shapley, shapley
from koubei_sim.studies.decide.decision import Plan
from koubei_sim.studies.decide.plan import plan
from koubei_sim.studies.decide.plan_file import read_plan
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
from koubei_sim.studies.maps.atlas import Map
from koubei_sim.studies.maps.mapping import map
from koubei_sim.studies.maps.tree import Tree, splitting_tree
from koubei_sim.studies.sensitivity.sensitivity import Sensitivity, sensitivity
from koubei_sim.studies.sweep.engine import Progress
from koubei_sim.studies.sweep.journal import SweepStopped
from koubei_sim.studies.sweep.result import Status, SweepResult, export, status
from koubei_sim.studies.sweep.sweep import read_sweep, sweep

__all__ = [
    "Attribution",
    "BreakEven",
    "Calibration",
    "Comparison",
    "Ensemble",
    "ExchangeRate",
    "Fork",
    "Grid",
    "KnockOut",
    "LatinHypercube",
    "Map",
    "Plan",
    "Points",
    "Progress",
    "RandomPoints",
    "Range",
    "RuleCalibration",
    "RuleTarget",
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
    "Tree",
    "Worlds",
    "attribution",
    "break_even",
    "calibrate",
    "compare",
    "ensemble",
    "exchange_rate",
    "export",
    "fit_rule",
    "fork",
    "knock_out",
    "make_sweep",
    "map",
    "plan",
    "prior_sample",
    "rank_statistics",
    "read_calibration",
    "read_plan",
    "read_sweep",
    "required_replicates",
    "required_replicates_table",
    "scorecard",
    "sensitivity",
    "shapley",
    "splitting_tree",
    "status",
    "sweep",
    "take_off",
]

__getattr__ = old_names(
    __name__,
    {
        "Branch": "koubei_sim.studies.Fork",
        "Explained": "koubei_sim.studies.Attribution",
        "branch": "koubei_sim.studies.fork",
        "enough": "koubei_sim.studies.required_replicates",
        "enough_table": "koubei_sim.studies.required_replicates_table",
        "explain": "koubei_sim.studies.attribution",
        "open_sweep": "koubei_sim.load",
    },
    __all__,
)

"""Calibration: targets, fits with their uncertainty, and what they say of points not shown.

`calibrate` fits parameters (`abc`, `optimise`) through runs (`simulator`) and returns a
`Calibration`; `scorecard` holds a scenario against targets without fitting; `fit_baselines` gives
the curves that must be beaten; `ensemble` opens the posterior of a preset; `rank_statistics` checks
the whole on worlds whose parameters are known.  `fit_rule` does the same for any rule of cascades.
Sits on the sweeps of `studies`; called by people and by ``koubei calibrate``.
"""

from koubei_sim.studies.calibration.baselines import BASELINES, Beside, Fitted, fit_baselines
from koubei_sim.studies.calibration.calibrate import bass_start, calibrate, ranges_around
from koubei_sim.studies.calibration.calibration import Calibration
from koubei_sim.studies.calibration.calibration_file import CalibrationFile, read_calibration
from koubei_sim.studies.calibration.ensemble import Ensemble, Worlds, ensemble, table_paths
from koubei_sim.studies.calibration.forecast import Predictive
from koubei_sim.studies.calibration.ranks import Ranks, rank_statistics
from koubei_sim.studies.calibration.rule_fit import RuleCalibration, fit_rule
from koubei_sim.studies.calibration.rule_targets import RuleTarget, group_share, several
from koubei_sim.studies.calibration.scorecard import Scorecard, scorecard
from koubei_sim.studies.calibration.targets import LEVELS, Target, Targets

__all__ = [
    "BASELINES",
    "LEVELS",
    "Beside",
    "Calibration",
    "CalibrationFile",
    "Ensemble",
    "Fitted",
    "Predictive",
    "Ranks",
    "RuleCalibration",
    "RuleTarget",
    "Scorecard",
    "Target",
    "Targets",
    "Worlds",
    "bass_start",
    "calibrate",
    "ensemble",
    "fit_baselines",
    "fit_rule",
    "group_share",
    "ranges_around",
    "rank_statistics",
    "read_calibration",
    "scorecard",
    "several",
    "table_paths",
]

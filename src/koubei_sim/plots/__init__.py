"""Figures of a result: functions from a `Result` or a `CascadeResult` to matplotlib Axes.

All take ``(result, ax=None, lang="en")`` and leave the person's matplotlib settings alone;
`save_all` writes the whole set for a `Result`.  Those of studies (`tornado`, `interactions`,
`heatmap`, `phase`, `compare`) take the study, `seeds_curve` takes `Seeds`,
those of hazards take a fit or a record.  matplotlib is imported
when something is drawn.

Called by people and by the command line; may import everything below it.
"""

from koubei_sim.plots.calibration import marginals, posterior_predictive
from koubei_sim.plots.cascades import (
    activation_tree,
    cascade_curve,
    cascade_generations,
    cascade_probability,
    cascade_sizes,
)
from koubei_sim.plots.claims import claim, claim_ladder, claim_worlds
from koubei_sim.plots.curves import (
    channels,
    growth,
    product,
    pyramid,
    reproduction,
    retention,
    stages,
)
from koubei_sim.plots.files import FIGURES, save_all
from koubei_sim.plots.hazards import (
    hazard_calibration,
    hazard_curve,
    hazard_residuals,
    thresholds,
)
from koubei_sim.plots.maps import phase
from koubei_sim.plots.seeds import seeds_curve
from koubei_sim.plots.sensitivity import interactions, tornado
from koubei_sim.plots.studies import compare, heatmap, strata
from koubei_sim.plots.style import drawing, settle
from koubei_sim.plots.trees import cascade_tree, forest

__all__ = [
    "FIGURES",
    "activation_tree",
    "cascade_curve",
    "cascade_generations",
    "cascade_probability",
    "cascade_sizes",
    "cascade_tree",
    "channels",
    "claim",
    "claim_ladder",
    "claim_worlds",
    "compare",
    "drawing",
    "forest",
    "growth",
    "hazard_calibration",
    "hazard_curve",
    "hazard_residuals",
    "heatmap",
    "interactions",
    "marginals",
    "phase",
    "posterior_predictive",
    "product",
    "pyramid",
    "reproduction",
    "retention",
    "save_all",
    "seeds_curve",
    "stages",
    "strata",
    "thresholds",
    "tornado",
]

settle()

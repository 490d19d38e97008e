"""What real adoption data say: read, estimated, judged, and tried in worlds with known truth.

`Diffusion` holds who adopted when; `hazard` estimates what moved them.  docs/evidence.md is the
norm.
"""

from __future__ import annotations

from koubei_sim.evidence.appeal_fit import AppealFit, fit_appeal, shape_distance
from koubei_sim.evidence.diffusion import Diffusion
from koubei_sim.evidence.hazard import Hazard, hazard
from koubei_sim.evidence.likelihood import Priors
from koubei_sim.evidence.repost_files import (
    first_activations,
    read_higgs_first,
    read_weibo_reposts,
)
from koubei_sim.evidence.reposts import RepostTrees, trees_of
from koubei_sim.evidence.sizes import SizeJudgement, forecast_size, judge_sizes

__all__ = [
    "AppealFit",
    "Diffusion",
    "Hazard",
    "Priors",
    "RepostTrees",
    "SizeJudgement",
    "first_activations",
    "fit_appeal",
    "forecast_size",
    "hazard",
    "judge_sizes",
    "read_higgs_first",
    "read_weibo_reposts",
    "shape_distance",
    "trees_of",
]

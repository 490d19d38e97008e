"""What real adoption data say: read, estimated, judged, and tried in worlds with known truth.

`Diffusion` holds who adopted when; `hazard` estimates what moved them.  docs/evidence.md is the
norm.
"""

from __future__ import annotations

from koubei_sim.evidence.appeal_fit import AppealFit, fit_appeal, shape_distance
from koubei_sim.evidence.benchmark import Bench, bench
from koubei_sim.evidence.credit import Credit, credit
from koubei_sim.evidence.data_sets import study
from koubei_sim.evidence.designs import clusters
from koubei_sim.evidence.diffusion import Diffusion
from koubei_sim.evidence.hazard import Hazard, hazard
from koubei_sim.evidence.judge import Judgement, judge
from koubei_sim.evidence.known import World
from koubei_sim.evidence.likelihood import Priors
from koubei_sim.evidence.logs import CascadeLog, read_cascade_log
from koubei_sim.evidence.moments import SimulatedMoments, simulated_moments
from koubei_sim.evidence.next_person import NextJudgement
from koubei_sim.evidence.observation import noisy, observe
from koubei_sim.evidence.power import Power, power
from koubei_sim.evidence.reading import read_diffusion
from koubei_sim.evidence.repost_files import first_activations, read_higgs_first, read_weibo_reposts
from koubei_sim.evidence.reposts import RepostTrees, trees_of
from koubei_sim.evidence.resampling import Bootstrap
from koubei_sim.evidence.sizes import SizeJudgement, forecast_size, judge_sizes
from koubei_sim.evidence.takeup import TakeUp
from koubei_sim.evidence.telling import Telling
from koubei_sim.evidence.thresholds import Thresholds, thresholds
from koubei_sim.evidence.total import total_effect
from koubei_sim.evidence.touch import last_touch
from koubei_sim.evidence.trial import Experiment, experiment

__all__ = [
    "AppealFit",
    "Bench",
    "Bootstrap",
    "CascadeLog",
    "Credit",
    "Diffusion",
    "Experiment",
    "Hazard",
    "Judgement",
    "NextJudgement",
    "Power",
    "Priors",
    "RepostTrees",
    "SimulatedMoments",
    "SizeJudgement",
    "TakeUp",
    "Telling",
    "Thresholds",
    "World",
    "bench",
    "clusters",
    "credit",
    "experiment",
    "first_activations",
    "fit_appeal",
    "forecast_size",
    "hazard",
    "judge",
    "judge_sizes",
    "last_touch",
    "noisy",
    "observe",
    "power",
    "read_cascade_log",
    "read_diffusion",
    "read_higgs_first",
    "read_weibo_reposts",
    "shape_distance",
    "simulated_moments",
    "study",
    "thresholds",
    "total_effect",
    "trees_of",
]

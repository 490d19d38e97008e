"""What real adoption data say: read, estimated, judged, and tried in worlds with known truth.

`Diffusion` holds who adopted when; `hazard` estimates what moved them.  docs/evidence.md is the
norm.
"""

from __future__ import annotations

from koubei_sim.evidence.benchmark import Bench, bench
from koubei_sim.evidence.data_sets import study
from koubei_sim.evidence.designs import clusters
from koubei_sim.evidence.diffusion import Diffusion
from koubei_sim.evidence.hazard import Hazard, hazard
from koubei_sim.evidence.judge import Judgement, judge
from koubei_sim.evidence.known import World
from koubei_sim.evidence.likelihood import Priors
from koubei_sim.evidence.observation import noisy, observe
from koubei_sim.evidence.power import Power, power
from koubei_sim.evidence.reading import read_diffusion
from koubei_sim.evidence.resampling import Bootstrap
from koubei_sim.evidence.thresholds import Thresholds, thresholds
from koubei_sim.evidence.total import total_effect
from koubei_sim.evidence.touch import last_touch
from koubei_sim.evidence.trial import Experiment, experiment

__all__ = [
    "Bench",
    "Bootstrap",
    "Diffusion",
    "Experiment",
    "Hazard",
    "Judgement",
    "Power",
    "Priors",
    "Thresholds",
    "World",
    "bench",
    "clusters",
    "experiment",
    "hazard",
    "judge",
    "last_touch",
    "noisy",
    "observe",
    "power",
    "read_diffusion",
    "study",
    "thresholds",
    "total_effect",
]

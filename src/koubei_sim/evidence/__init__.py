"""What real adoption data say: read, estimated, judged, and tried in worlds with known truth.

`Diffusion` holds who adopted when; `hazard` estimates what moved them.  docs/evidence.md is the
norm.
"""

from __future__ import annotations

from koubei_sim.evidence.data_sets import study
from koubei_sim.evidence.diffusion import Diffusion
from koubei_sim.evidence.hazard import Hazard, hazard
from koubei_sim.evidence.judge import Judgement, judge
from koubei_sim.evidence.likelihood import Priors
from koubei_sim.evidence.power import Power, power
from koubei_sim.evidence.reading import read_diffusion
from koubei_sim.evidence.resampling import Bootstrap
from koubei_sim.evidence.thresholds import Thresholds, thresholds

__all__ = [
    "Bootstrap",
    "Diffusion",
    "Hazard",
    "Judgement",
    "Power",
    "Priors",
    "Thresholds",
    "hazard",
    "judge",
    "power",
    "read_diffusion",
    "study",
    "thresholds",
]

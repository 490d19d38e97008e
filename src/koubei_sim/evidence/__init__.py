"""What real adoption data say: read, estimated, judged, and tried in worlds with known truth.

`Diffusion` holds who adopted when; `hazard` estimates what moved them.  docs/evidence.md is the
norm.
"""

from __future__ import annotations

from koubei_sim.evidence.credit import Credit, credit
from koubei_sim.evidence.diffusion import Diffusion
from koubei_sim.evidence.hazard import Hazard, hazard
from koubei_sim.evidence.likelihood import Priors
from koubei_sim.evidence.logs import CascadeLog, read_cascade_log
from koubei_sim.evidence.moments import SimulatedMoments, simulated_moments
from koubei_sim.evidence.next_person import Judgement
from koubei_sim.evidence.takeup import TakeUp
from koubei_sim.evidence.telling import Telling

__all__ = [
    "CascadeLog",
    "Credit",
    "Diffusion",
    "Hazard",
    "Judgement",
    "Priors",
    "SimulatedMoments",
    "TakeUp",
    "Telling",
    "credit",
    "hazard",
    "read_cascade_log",
    "simulated_moments",
]

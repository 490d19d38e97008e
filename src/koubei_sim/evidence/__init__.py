"""What real adoption data say: read, estimated, judged, and tried in worlds with known truth.

docs/evidence.md is the norm.
"""

from __future__ import annotations

from koubei_sim.evidence.moments import SimulatedMoments, simulated_moments
from koubei_sim.evidence.takeup import TakeUp
from koubei_sim.evidence.telling import Telling

__all__ = ["SimulatedMoments", "TakeUp", "Telling", "simulated_moments"]

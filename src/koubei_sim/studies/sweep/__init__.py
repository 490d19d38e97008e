"""The engine of all studies: runs on a backend, a journal that survives being killed, a tidy table.

`sweep` runs a scenario at many points; the other studies hand it their own plans.
"""

from koubei_sim.studies.sweep.engine import Execution, Progress
from koubei_sim.studies.sweep.journal import SweepStopped
from koubei_sim.studies.sweep.result import Status, SweepResult, export, open_sweep, status
from koubei_sim.studies.sweep.sweep import SweepFile, read_sweep, sweep

__all__ = [
    "Execution",
    "Progress",
    "Status",
    "SweepFile",
    "SweepResult",
    "SweepStopped",
    "export",
    "open_sweep",
    "read_sweep",
    "status",
    "sweep",
]

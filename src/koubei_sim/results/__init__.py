"""What a run gives back: `Result` (`result`), and those that were saved (`loading`).

Made by `simulate.run`; used by everybody upstairs.
"""

from __future__ import annotations

from koubei_sim.results.loading import load_result, scenario_of, stored_result
from koubei_sim.results.result import Result

__all__ = ["Result", "load_result", "scenario_of", "stored_result"]

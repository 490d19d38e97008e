"""What a run gives back: `Result` (`result`, `notes`), and those that were saved (`loading`).

Made by `simulate.run`; used by everybody upstairs.
"""

from __future__ import annotations

from koubei_sim.results.loading import load_result, scenario_of, stored_result
from koubei_sim.results.notes import notes_of
from koubei_sim.results.result import Result

__all__ = ["Result", "load_result", "notes_of", "scenario_of", "stored_result"]

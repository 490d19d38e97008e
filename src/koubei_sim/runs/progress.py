"""How far the replicates of a run are.

Called by `run` and by studies.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from koubei_sim.core.workers import progress_bar
from koubei_sim.runs.waiting import look

#: Told (ticks done, ticks in all) over all runs.
Progress = Callable[[int, int], None]


class Meter:
    """Adds up the ticks of runs, whichever thread reports them, for a bar or a callable.

    Parameters
    ----------
    progress : bool, callable or None
        As at every door.
    planned : int
        Ticks in all, as far as they are known beforehand.
    """

    def __init__(self, progress: bool | Progress | None, planned: int = 0) -> None:
        self._planned, self._announced, self._done = planned, 0, 0
        self._lock = threading.Lock()
        self._bar: Any = None
        self._tell: Progress | None = progress if callable(progress) else None
        if progress is True:
            self._bar = progress_bar(planned, "day")

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def announce(self, ticks: int) -> None:
        """Say that so many ticks are about to be run."""
        self._announced += ticks
        if self._bar is not None and self._announced > self._planned:
            self._bar.total = self._announced
            self._bar.refresh()

    def callback(self) -> Progress:
        """Return what the engine of one run tells how far it is."""
        before = 0

        def report(tick: int, _: int) -> None:
            nonlocal before
            look()
            with self._lock:
                self._done += tick - before
                if self._bar is not None:
                    self._bar.update(tick - before)
                before = tick
                if self._tell is not None:
                    self._tell(self._done, max(self._planned, self._announced))

        return report

"""How far the replicates of a run are, and how they are stopped.

Called by `run`; the bar also by studies.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from koubei_sim.model.scenario import Scenario

#: Told (ticks done, ticks in all) over all replicates.
Progress = Callable[[int, int], None]


def progress_bar(total: int, unit: str) -> Any:
    """Return a bar of tqdm with the time left: on stderr, or live in a notebook.

    In a notebook without ipywidgets it is the one on stderr, too, and nothing is said about that.
    """
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said where ipywidgets is absent, while it is imported
        from tqdm.auto import tqdm
    if any(kind.__module__ == "tqdm.notebook" for kind in tqdm.__mro__):
        return tqdm(total=total, unit=unit)  # as wide as its cell, and left in the page
    return tqdm(total=total, unit=unit, leave=False, ncols=79)


class Stopped(Exception):
    """Raised inside a replicate when another one failed or the person interrupted."""


class Meter:
    """Adds up the progress of replicates, whichever thread reports it, and stops them."""

    def __init__(self, progress: bool | Progress | None, replicates: int, scenario: Scenario):
        self._done = [0] * replicates
        self._total = replicates * scenario.ticks
        self._lock = threading.Lock()
        self.stopped = False
        self._bar: Any = None
        self._tell: Progress | None = progress if callable(progress) else None
        if progress is True:
            self._bar = progress_bar(self._total, "day")

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def stop(self) -> None:
        """Have all replicates end at their next report."""
        self.stopped = True

    def check(self) -> None:
        """Raise `Stopped` where somebody asked to stop."""
        if self.stopped:
            raise Stopped

    def callback(self, replicate: int) -> Progress:
        """Return what the engine of a replicate tells how far it is."""

        def report(tick: int, ticks: int) -> None:
            self.check()
            with self._lock:
                before = self._done[replicate]
                self._done[replicate] = tick
                if self._bar is not None:
                    self._bar.update(tick - before)
                if self._tell is not None:
                    self._tell(sum(self._done), self._total)

        return report

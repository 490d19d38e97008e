"""What all benchmarks share: sizes, clocks, and rates.

Times are CPU time of the process wherever one process does the work: it is what the work costs,
and less of the other work on the machine gets into it than into the time of the wall.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

import psutil

SMALL, LARGE, HUGE = "small", "large", "huge"
SIZES = [SMALL, LARGE]
KEY = 7

#: At least 3 samples, at most 10, and no more after so many seconds (asv's own attribute).
REPEAT = (3, 10, 3.0)

cpu = time.process_time


def cpu_of_children() -> float:
    """Return the CPU seconds of all processes that this one started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_of_family() -> float:
    """Return the CPU seconds of this process and of its children that still run."""
    times = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    return cpu() + sum(used.user + used.system for used in times)


def least(action: Callable[[], object], rounds: int = 3) -> float:
    """Return the least CPU seconds of some rounds, after one that is not counted."""
    action()
    found = []
    for _ in range(rounds):
        start = cpu()
        action()
        found.append(cpu() - start)
    return max(min(found), 1e-9)

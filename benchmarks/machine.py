"""What this machine can do at best: the yardstick beside every figure of speed.

Three probes on one core, each the minimum of a few rounds: bytes copied, independent random
accesses to records of 32 bytes (prefetched, in a 64 MB table), and draws.  The *floor* of a run
is the time that its unavoidable bytes and draws would take at these rates; nothing that moves
them can be faster, so the ratio to it says how much is left to win.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit

from koubei_sim.kernels.draws import draw32
from koubei_sim.kernels.prefetch import prefetch

RECORDS = 2_000_000


@dataclass(frozen=True)
class Machine:
    """Best rates of one core."""

    copy: float  # bytes a second, reading plus writing
    random: float  # records a second
    draws: float  # draws a second

    def floor(self, *, listeners: float, rows: float, arcs: float, draws: float) -> float:
        """Return the least seconds for a run.

        A heard arc is one random record; a telling is two random lines (bounds and arcs of its
        row) beyond the four bytes of each of its arcs; draws are independent.
        """
        return (listeners + 2 * rows) / self.random + 4 * arcs / self.copy + draws / self.draws


@njit
def _touch(table, order, base):
    for k in range(order.size):
        if k + 24 < order.size:
            prefetch(base + np.uintp(order[k + 24]) * np.uintp(32))
        table[order[k], 0] += 1


@njit
def _toss(n, base):
    heads = 0
    for i in range(n):
        heads += draw32(base, i) < 1 << 30
    return heads


def best(action: Callable[[], object], rounds: int = 5) -> float:
    """Return the least seconds of several rounds, after one that is not counted."""
    action()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def measure() -> Machine:
    """Probe the machine; takes about two seconds."""
    source = np.ones(16_000_000)
    target = np.empty_like(source)
    table = np.zeros((RECORDS, 4), np.int64)
    order = np.random.default_rng(1).permutation(RECORDS).astype(np.int64)
    base = np.uint64(table.ctypes.data)
    return Machine(
        copy=2 * source.nbytes / best(lambda: np.copyto(target, source)),
        random=RECORDS / best(lambda: _touch(table, order, base)),
        draws=20_000_000 / best(lambda: _toss(20_000_000, np.uint64(7))),
    )


def describe(machine: Machine) -> str:
    """Return the machine in one line."""
    return (
        f"{platform.machine()}, {os.cpu_count()} cores; one core: "
        f"copy {machine.copy / 1e9:.1f} GB/s, "
        f"random records {machine.random / 1e6:.0f} M/s, "
        f"draws {machine.draws / 1e6:.0f} M/s"
    )


if __name__ == "__main__":
    print(describe(measure()))

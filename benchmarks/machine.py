"""What this machine can do at best: the yardstick beside every figure of speed.

``python benchmarks/machine.py`` prints it in a quarter of a minute: bytes copied a second, draws a
second, and cache lines read at random a second from tables of 16 KiB to 1 GiB, on one thread and on
two, with small pages and with huge ones.  Each figure is the best of a few rounds.  Lines are
independent and asked for ahead (prefetched), so this is how many can be on their way at once, not
how long one takes.  `limits` counts what a kernel cannot avoid and turns it into time at these
rates.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numba import njit

from koubei_sim.core.draws import draw32
from koubei_sim.core.prefetch import prefetch

LINE = 64  # bytes in a cache line
RECORDS = 2_000_000
DRAWS = 20_000_000
VISITS = 1_000_000
SIZES = tuple(range(14, 31, 2))  # tables of the probe, as powers of 2
HUGE_PAGE = 1 << 21


@dataclass(frozen=True)
class Machine:
    """Best rates of one core."""

    copy: float  # bytes a second, reading plus writing
    random: float  # records a second
    draws: float  # draws a second
    stream: float  # bytes a second in order: read, written or copied, whichever is fastest


@njit
def _touch(table, order, base):
    for k in range(order.size):
        if k + 24 < order.size:
            prefetch(base + np.uintp(order[k + 24]) * np.uintp(32))
        table[order[k], 0] += 1


@njit(nogil=True)
def _toss(n, base):
    heads = 0
    for i in range(n):
        heads += draw32(base, i) < 1 << 30
    return heads


@njit(nogil=True)
def _read(values):
    total = 0
    for i in range(values.size):
        total += values[i]
    return total


@njit(nogil=True)
def _visit(table, order, base):
    found = 0
    for k in range(order.size):
        if k + 24 < order.size:
            prefetch(base + np.uintp(order[k + 24]) * np.uintp(64))
        found += table[order[k], 0]
    return found


def best(
    action: Callable[[], object],
    rounds: int = 5,
    clock: Callable[[], float] = time.process_time,
) -> float:
    """Return the least seconds of several rounds, after one that is not counted.

    Work of one thread is timed by the time that it had the core (`process_time`), so that
    neighbours on the machine cost it less.
    """
    action()
    seconds = []
    for _ in range(rounds):
        start = clock()
        action()
        seconds.append(clock() - start)
    return min(seconds)


def together(actions: list[Callable[[], object]], rounds: int = 5) -> float:
    """Return the least seconds in which all actions, a thread each, are done."""
    if len(actions) == 1:
        return best(actions[0], rounds)
    with ThreadPoolExecutor(len(actions)) as pool:
        return best(
            lambda: list(pool.map(lambda action: action(), actions)), rounds, time.perf_counter
        )


def measure() -> Machine:
    """Probe one core; takes about two seconds."""
    table = np.zeros((RECORDS, 4), np.int64)
    order = np.random.default_rng(1).permutation(RECORDS).astype(np.int64)
    base = np.uint64(table.ctypes.data)
    return Machine(
        copy=copying(1),
        random=RECORDS / best(lambda: _touch(table, order, base)),
        draws=drawing(1),
        stream=streaming(1),
    )


def copying(threads: int) -> float:
    """Return the bytes a second, read plus written, at which large arrays are copied."""
    source = [np.ones(16_000_000 // threads) for _ in range(threads)]
    target = [np.empty_like(one) for one in source]
    actions = [lambda a=a, b=b: np.copyto(b, a) for a, b in zip(source, target)]
    return 2 * sum(one.nbytes for one in source) / together(actions)


def streaming(threads: int) -> float:
    """Return the bytes a second that move in order, whether they are read, written or copied.

    A limit must not be beaten by code that only reads, so the fastest of the three counts.
    """
    arrays = [np.ones(16_000_000 // threads, np.int64) for _ in range(threads)]
    whole = sum(one.nbytes for one in arrays)
    read = together([lambda a=a: _read(a) for a in arrays])
    written = together([lambda a=a: a.fill(1) for a in arrays])
    return max(whole / read, whole / written, copying(threads))


def drawing(threads: int) -> float:
    """Return the draws a second."""
    actions = [lambda key=key: _toss(DRAWS, np.uint64(key)) for key in range(7, 7 + threads)]
    return threads * DRAWS / together(actions)


def table_of(size: int, huge: bool) -> np.ndarray:
    """Return a table of 2**size bytes, (lines, 8), on huge pages or on small ones.

    numpy asks for huge pages by itself, so both are asked for here; a system without the call, or
    one that gives none, leaves the pages as they are.
    """
    if hasattr(mmap, "MAP_PRIVATE"):  # shared memory, the default, has pages of its own rules
        whole = mmap.mmap(-1, (1 << size) + HUGE_PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    else:
        whole = mmap.mmap(-1, (1 << size) + HUGE_PAGE)
    advice = getattr(mmap, "MADV_HUGEPAGE" if huge else "MADV_NOHUGEPAGE", None)
    if advice is not None:
        with contextlib.suppress(OSError):
            whole.madvise(advice)
    raw = np.frombuffer(whole, np.uint8)
    start = -raw.ctypes.data % HUGE_PAGE
    table = raw[start : start + (1 << size)].view(np.int64).reshape(-1, LINE // 8)
    table[:] = 1  # zeros would all be one page of the system
    return table


@cache
def lines(size: int, huge: bool = True, threads: int = 1) -> float:
    """Return the cache lines a second that are read at random from a table of 2**size bytes.

    Every round goes to other lines, else the few of one round would end up in a cache.
    """
    table = table_of(max(size, 12), huge)
    random = np.random.default_rng(1)
    base = np.uint64(table.ctypes.data)
    orders = [random.integers(0, table.shape[0], VISITS) for _ in range(6 * threads)]

    def visit() -> None:
        _visit(table, orders.pop(), base)

    return threads * VISITS / together([visit] * threads, 5)


def seconds_a_line(size: float, huge: bool = True) -> float:
    """Return the least seconds for a random line of a table of `size` bytes.

    Between powers of 2 the logarithm of the time goes with the logarithm of the size.
    """
    power = float(np.log2(max(size, 4096.0)))
    low, high = int(np.floor(power)), int(np.ceil(power))
    slow, slower = -np.log(lines(low, huge)), -np.log(lines(high, huge))
    return float(np.exp(slow + (power - low) * (slower - slow)))


def seconds_of(count: float, size: float) -> float:
    """Return the least seconds for `count` random lines of a table of `size` bytes."""
    return count * seconds_a_line(size)


def caches() -> dict[str, int]:
    """Return the data caches of the first core in bytes, as far as the system tells."""
    found = {}
    for entry in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            level, kind, size = (
                (entry / name).read_text().strip() for name in ("level", "type", "size")
            )
        except OSError:
            continue
        if kind != "Instruction" and size.endswith("K"):
            found[f"L{level}"] = int(size[:-1]) * 1024
    return found


def processor() -> str:
    """Return the model of the processor and the number of cores, as far as the system tells."""
    kind = platform.machine()
    with contextlib.suppress(OSError, StopIteration):
        told = Path("/proc/cpuinfo").read_text().splitlines()
        kind = next(line for line in told if line.startswith("model name")).split(":")[1].strip()
    return f"{kind}, {os.cpu_count()} cores"


def describe(machine: Machine) -> str:
    """Return the machine in one line."""
    return (
        f"{platform.machine()}, {os.cpu_count()} cores; one core: "
        f"copy {machine.copy / 1e9:.1f} GB/s, "
        f"random records {machine.random / 1e6:.0f} M/s, "
        f"draws {machine.draws / 1e6:.0f} M/s"
    )


def size_text(size: float) -> str:
    """Return bytes in a person's unit.

    Examples
    --------
    >>> size_text(1 << 14), size_text(1 << 20), size_text(1.5 * (1 << 30))
    ('16 KiB', '1 MiB', '1.5 GiB')
    """
    for unit, power in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size >= 1 << power:
            return f"{size / (1 << power):.3g} {unit}"
    return f"{size:.0f} bytes"


def main() -> None:
    """Print all rates."""
    print(processor())
    print("data caches: " + ", ".join(f"{k} {size_text(v)}" for k, v in caches().items()))
    count = min(2, os.cpu_count() or 1)
    for label, rate, scale, unit in (
        ("copied", copying, 1e9, "GB/s, read and written"),
        ("in order, the fastest of reading, writing, copying", streaming, 1e9, "GB/s"),
        ("drawn", drawing, 1e6, "M draws/s"),
    ):
        print(f"{label}: one thread {rate(1) / scale:.1f}, two {rate(count) / scale:.1f} {unit}")
    print("lines read at random, M/s")
    print("table       one thread   two threads   one thread, small pages")
    for size in SIZES:
        rates = lines(size), lines(size, True, count), lines(size, False)
        one, two, small = (f"{rate / 1e6:,.0f}" for rate in rates)
        print(f"{size_text(1 << size):10}{one:>12}{two:>14}{small:>26}")


if __name__ == "__main__":
    main()

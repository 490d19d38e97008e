"""The command: ``python -m benchmarks.compare [--base REVISION] [--rows quick|all] [...]``.

Called by ``make bench-compare``, ``make bench-noise``, ``make bench-planted`` and ``.ci/run``.
Exit status 0: no row is slower than the ratio allows; 1: one is, or a benchmark fails on the
working tree; 2: wrong use, or nothing to compare with (0 and one line with ``--if-possible``).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from . import trees
from .judge import Effort, Found, compare, table
from .planted import PLANTS
from .processes import ROOT, compile_in, pair
from .rows import Row, all_rows

RESULTS = ROOT / "benchmarks" / "results"
COLD = trees.is_cold()  # asked first, for rows may compile a little
#: Files of the suite, those first that should not be left out where time is short.
FIRST = ("pyramid", "draws", "generators", "strategies", "reading", "starting", "sweeps")


def wanted(rows: list[Row], which: str, words: list[str]) -> list[Row]:
    """Return the rows to compare: times and peaks, small or all but the huge, with these words."""
    kept = [row for row in rows if row.kind != "rate" and "huge" not in row.params]
    if which == "quick":
        kept = [row for row in kept if row.quick]
    kept = [row for row in kept if not words or any(word in row.label for word in words)]

    def place(row: Row) -> tuple[bool, int]:
        # Peaks last, since each starts processes.
        last = len(FIRST)
        return row.kind == "memory", FIRST.index(row.module) if row.module in FIRST else last

    return sorted(kept, key=place)


@contextlib.contextmanager
def log_file() -> Iterator[Path]:
    """Give the file into which everything goes that benchmarks print."""
    RESULTS.mkdir(exist_ok=True)
    yield RESULTS / "compare.log"


def run(base: Path, head: Path, rows: list[Row], effort: Effort, quiet: bool) -> list[Found]:
    """Compare two trees."""
    started = time.perf_counter()
    if COLD and trees.same_kernels(head, base):
        with log_file() as path, path.open("w") as log:
            compile_in(head, rows, log)  # once for both; else each compiles its own, side by side
    copies = trees.share_caches(head, base)
    if not quiet:
        print(f"{copies} files of compiled kernels shared with the base", flush=True)
    with log_file() as path, path.open("w") as log, pair(base, head, log) as both:
        say = (lambda text: None) if quiet else (lambda text: print(text, flush=True))
        left = effort.limit - (time.perf_counter() - started)
        return compare(both, rows, replace(effort, limit=left), say)


def against(base: str, rows: list[Row], effort: Effort) -> int:
    """Compare the working tree with a revision; return the exit status."""
    started = time.perf_counter()
    print(f"working tree against {base}: {len(rows)} rows, limit {effort.ratio:g}", flush=True)
    with trees.checked_out(ROOT, base) as tree:
        found = run(tree, ROOT, rows, effort, quiet=not sys.stdout.isatty())
    print(table(found, effort.ratio, base, "head"))
    bad = any(one.bad(effort.ratio) for one in found)
    if not bad and not any(all(one.figures.values()) for one in found):
        raise trees.NoBase(f"no row could be measured on both, see {RESULTS.name}/compare.log")
    print(f"{'SLOWER' if bad else 'fine'} ({time.perf_counter() - started:.0f} s)", flush=True)
    return int(bad)


def spread(found: Found) -> float:
    """Return the ratio of two equal trees, the larger time over the smaller."""
    return found.ratio if found.row.kind == "memory" else max(found.ratio, 1 / found.ratio)


def noise(times: int, rows: list[Row], effort: Effort) -> int:
    """Compare the working tree with a copy of itself, so many times; print how ratios spread."""
    first, last = [], []
    for number in range(times):
        with trees.copied(ROOT) as tree:
            once = Effort(effort.ratio, effort.rounds, effort.seconds, again=0)
            found = [f for f in run(tree, ROOT, rows, once, quiet=True) if all(f.figures.values())]
            first += [(spread(f), f.row.label) for f in found]
            with (RESULTS / "compare.log").open("a") as log, pair(tree, ROOT, log) as both:
                for look in range(1, effort.again + 1):  # as `compare` does it
                    doubtful = [f for f in found if spread(f) > effort.ratio]
                    for one in doubtful:
                        both.stop()
                        more = compare(both, [one.row], look_of(effort, look))[0]
                        for side in one.figures:
                            one.figures[side] += more.figures[side]
            last += [(spread(f), f.row.label) for f in found]
        load = os.getloadavg()[0]
        print(
            f"time {number + 1} of {times}: largest {max(first)[0]:.3f} at the first look, ", end=""
        )
        print(f"{max(last)[0]:.3f} at the last; load {load:.1f}", flush=True)
    for name, ratios in (("first look", sorted(first)), ("last look", sorted(last))):
        print(f"\n{name}: {len(ratios)} ratios, the larger figure over the smaller")
        for share in (0.5, 0.9, 0.99):
            print(f"  {share:5.0%} below {ratios[int(share * (len(ratios) - 1))][0]:.3f}")
        print("  largest: " + ", ".join(f"{ratio:.3f} {label}" for ratio, label in ratios[-3:]))
    return 0


def look_of(effort: Effort, number: int) -> Effort:
    """Return the effort of a later look."""
    return Effort(effort.ratio, 2**number * effort.rounds, effort.seconds, again=0)


def planted(names: list[str], rows: list[Row], effort: Effort) -> int:
    """Show for each planted slowdown that it is caught, and that nothing is without it."""
    wrong = 0
    for name in names:
        plant = PLANTS[name]
        chosen = [row for row in rows if row.label.startswith(plant.near)]
        for sown in (False, True):
            with trees.copied(ROOT) as base, trees.copied(ROOT) as head:
                if sown:
                    plant.put(head)
                found = run(base, head, chosen, effort, quiet=True)
            caught = {one.row.label for one in found if one.bad(effort.ratio)}
            expected = {r.label for r in chosen if sown and r.label.startswith(plant.rows)}
            print(f"\n{name}: {'slowdown planted' if sown else 'nothing planted'}")
            print(table(found, effort.ratio, "as it is", "planted" if sown else "as it is"))
            good = caught == expected
            wrong += not good
            print(
                "as it should be" if good else f"WRONG: should name {sorted(expected)}", flush=True
            )
    return int(bool(wrong))


def main() -> int:
    """Read the command line, and do it."""
    words = argparse.ArgumentParser(prog="benchmarks.compare", description=__doc__.splitlines()[0])
    words.add_argument("words", nargs="*", help="only rows whose name has one of these")
    words.add_argument("--base", default="", help="revision (the parent, or HEAD with changes)")
    words.add_argument("--rows", choices=("quick", "all"), default="quick")
    words.add_argument("--ratio", type=float, default=Effort.ratio)
    words.add_argument("--rounds", type=int, default=Effort.rounds)
    words.add_argument(
        "--limit", type=float, default=Effort.limit, help="seconds; the rest is left"
    )
    words.add_argument("--if-possible", action="store_true", help="no base is no error")
    words.add_argument("--noise", type=int, metavar="TIMES", help="the tree against itself")
    words.add_argument("--planted", nargs="*", metavar="NAME", help=f"of {', '.join(PLANTS)}")
    words.add_argument("--list", action="store_true", help="print the rows")
    given = words.parse_args()
    if given.ratio <= 1:
        words.error(f"--ratio: got {given.ratio:g}, allowed above 1")
    if given.rounds < 1:
        words.error(f"--rounds: got {given.rounds}, allowed at least 1")
    unknown = sorted(set(given.planted or ()) - set(PLANTS))
    if unknown:
        words.error(f"--planted: got {unknown[0]}, allowed {', '.join(PLANTS)}")
    rows = wanted(all_rows(), given.rows, given.words)
    if not rows:
        words.error(f"no row has {' or '.join(given.words)} in its name, try --list")
    effort = Effort(ratio=given.ratio, rounds=given.rounds, limit=given.limit)
    if given.list:
        print("\n".join(row.label for row in rows))
        return 0
    if given.noise:
        return noise(given.noise, rows, effort)
    if given.planted is not None:
        return planted(given.planted or list(PLANTS), rows, effort)
    try:
        return against(given.base or trees.parent(ROOT), rows, effort)
    except trees.NoBase as why:
        print(f"comparison left out: {why}")
        return 0 if given.if_possible else 2


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that worktrees are taken away
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted")

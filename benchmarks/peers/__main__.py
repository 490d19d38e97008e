"""Compare with other packages: ``python -m benchmarks.peers install``, then without a word.

``python -m benchmarks.peers [rows] [--rounds 3] [--write]`` starts each package in its own
environment and hands all of them the same file of ties.  For each row all are warmed up, then take
turns for a few rounds, so that a noisy minute of the machine meets all of them.  Sizes are judged
first (`gate`): printed are the mean size with its error, its distance from the textbook kernel
in standard errors with the Kolmogorov-Smirnov p, the median CPU time of a cascade, and, where
sizes agree, the medians over rounds of the ratios to the textbook kernel and to koubei_sim.  At the
end the targets are set beside what was measured (`targets`).  With ``--write`` the table goes to
docs/peers.md, the lines to docs/figures/peers.json and the figure to docs/figures/peers.png;
``python -m benchmarks.peers draw`` makes table and figure anew from the lines that are there.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
import time
from pathlib import Path

from ..machine import processor
from .environments import ENVIRONMENTS, HERE, ROOT, install
from .gate import OTHER_LAWS, YARDSTICK
from .graphs import graph, save
from .report import draw, lines_of, markdown, print_line, put_table
from .targets import print_targets
from .turns import Package, PackageStopped, available, rounds_of
from .works import ADAPTERS, OURS, WORKS, Work

PAGE = ROOT / "docs" / "peers.md"
KEPT = ROOT / "docs" / "figures" / "peers.json"
FIGURE = KEPT.with_suffix(".png")


def wanted(works: list[Work], without: list[str]) -> list[str]:
    """Return the adapters that the rows need, in the order of the table; tell who is absent."""
    used = [name for name in ADAPTERS if any(name in work.runs for work in works)]
    chosen = [name for name in used if name not in without]
    for name in chosen:
        if not available(name):
            print(f"{name}: absent, python -m benchmarks.peers install {ADAPTERS[name][2]}")
    return [name for name in chosen if available(name)]


def compare(works: list[Work], options: argparse.Namespace) -> dict:
    """Run the rows; return the lines and what they were measured with."""
    kept: dict = {"processor": processor(), "rounds": options.rounds, "releases": {}, "lines": []}
    chosen = wanted(works, options.without)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as packages:
        running: dict[str, Package] = {}
        name, on = "", None
        for work in works:
            if work.graph != name:
                name, on = work.graph, graph(work.graph)
                path = Path(folder) / "ties.npz"
                save(on, path)
                print(f"{on.name}: {on.source.size:,} ties, largest degree {on.degrees.max():,}")
                on_it = [other for other in works if other.graph == name]
                needed = [one for one in chosen if any(one in other.runs for other in on_it)]
                for one in [one for one in running if one not in needed]:
                    running.pop(one).close()  # a process holds memory: end those that are done
                for one in needed:
                    if one not in running:
                        running[one] = packages.enter_context(Package(one))
                    try:
                        seconds = running[one].load(path)
                    except PackageStopped as stopped:
                        print(f"  {stopped}")
                        running.pop(one).close()
                        continue
                    kept["releases"][one] = running[one].releases
                    print(f"  [{one} loads it in {seconds:.2f} s; {running[one].releases}]")
            assert on is not None
            print(f"{work.key}: {work.label}")
            present = {one: running[one] for one in work.runs if one in running}
            seeds = on.seeds(work.seeds, work.degree).tolist()
            started = time.perf_counter()
            samples = rounds_of(work, present, seeds, options.rounds, options.key)
            lines = lines_of(work, samples)
            for line in lines:
                print_line(line)
            print(f"  ({time.perf_counter() - started:.0f} s)", flush=True)
            kept["lines"] += lines
            if options.json:
                part = options.json.with_suffix(".part")
                part.write_text(json.dumps(kept, indent=1) + "\n")
                part.replace(options.json)
    return kept


def write(kept: dict) -> None:
    """Write table and figure."""
    releases = kept["releases"]
    peers = [name for name in releases if ADAPTERS[name][2] != HERE]
    told = dict.fromkeys(f"{releases[name]}" for name in peers)
    text = (
        f"{markdown(kept['lines'])}\n\nMeasured on {kept['processor']}, median of "
        f"{kept['rounds']} rounds. Releases: {'; '.join(told)}; koubei_sim and the kernels with "
        f"{releases.get(OURS, 'nothing')}."
    )
    put_table(PAGE, text)
    draw(kept["lines"], FIGURE)
    print(f"written: {PAGE.relative_to(ROOT)}, {FIGURE.relative_to(ROOT)}")


def main() -> None:
    """Understand the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    keys = ", ".join(work.key for work in WORKS)
    parser.add_argument(
        "words", nargs="*", help=f"install [{', '.join(ENVIRONMENTS)}], draw, or rows: {keys}"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--key", type=int, default=0, help="1000000 or more: cascades not seen in a run before"
    )
    parser.add_argument("--without", nargs="*", default=[], help="packages left out")
    parser.add_argument("--json", type=Path, help="also write the lines to this file")
    parser.add_argument("--write", action="store_true", help="write table and figure to docs")
    options = parser.parse_args()
    words = options.words
    if words[:1] == ["install"]:
        raise SystemExit(install(words[1:]))
    if words[:1] == ["draw"]:
        write(json.loads(KEPT.read_text()))
        return
    if unknown := sorted(set(words) - {work.key for work in WORKS}):
        parser.error(f"no row {unknown[0]}, one of {keys}")
    laws = {YARDSTICK, *(law for law, _ in OTHER_LAWS.values())}
    if refused := sorted(laws & set(options.without)):
        parser.error(f"--without {refused[0]}: sizes are judged against it")
    works = [work for work in WORKS if not words or work.key in words]
    if options.write and words:
        parser.error("--write: all rows or none, a table of some would replace the whole one")
    started = time.perf_counter()
    kept = compare(works, options)
    print_targets(kept["lines"])
    if options.write:
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")
        write(kept)
    print(f"{time.perf_counter() - started:.0f} s in all")


if __name__ == "__main__":
    main()

"""One virtual environment for each package that we compare with, made by one command.

``python -m benchmarks.peers install [names]`` makes them under ``.venv-peers/`` at the root of the
project, which git ignores; `python -m benchmarks.peers` starts each package in its own.  So no
package holds another one, or us, back at an old numpy, and none is measured with libraries that
it was not made for.  Releases are pinned to those described in docs/coming-from.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv-peers"
HERE = "here"  # the environment of the project itself


@dataclass(frozen=True)
class Environment:
    """What is installed for one package; `shows` is the distribution whose release is told."""

    name: str
    shows: str
    pins: tuple[str, ...]

    @property
    def python(self) -> Path:
        """Its interpreter, there or not."""
        return FOLDER / self.name / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def stamp(self) -> Path:
        """File that holds the pins once all of them are installed."""
        return FOLDER / self.name / "installed.txt"

    def ready(self) -> bool:
        """Whether it is installed with the present pins."""
        return self.stamp.is_file() and self.stamp.read_text().split() == list(self.pins)


ENVIRONMENTS = {
    environment.name: environment
    for environment in (
        # What a package needs and does not say itself stands beside it: numpy for CyNetDiff and
        # epiworldpy, six for NDlib.
        Environment("cynetdiff", "cynetdiff", ("cynetdiff==0.1.18", "numpy>=2")),
        Environment("eon", "EoN", ("EoN==2.0",)),
        Environment("ndlib", "ndlib", ("ndlib==6.0.1", "six>=1.16")),
        Environment("epiworld", "epiworldpy", ("epiworldpy==0.17.0.post2", "numpy>=2")),
        Environment("mesa", "mesa", ("mesa==3.3.1",)),
        Environment("pynetim", "pynetim", ("pynetim==0.5.5", "numpy>=2")),
        # The only release in the registry, an early one; with the polars of its time.
        Environment("mesa-frames", "mesa-frames", ("mesa-frames==0.1.0a0", "polars==1.5.0")),
    )
}


def install(names: list[str]) -> int:
    """Make the environments of `names`, all where none is named; return how many failed."""
    unknown = sorted(set(names) - set(ENVIRONMENTS))
    if unknown:
        raise SystemExit(f"install: no environment {unknown[0]}, one of {', '.join(ENVIRONMENTS)}")
    failed = 0
    for name in names or ENVIRONMENTS:
        environment = ENVIRONMENTS[name]
        if environment.ready():
            print(f"{name}: there already ({' '.join(environment.pins)})")
            continue
        environment.stamp.unlink(missing_ok=True)
        print(f"{name}: {' '.join(environment.pins)}", flush=True)
        pip = [str(environment.python), "-m", "pip", "--disable-pip-version-check", "-qq"]
        try:
            subprocess.run(
                [sys.executable, "-m", "venv", "--clear", str(FOLDER / name)], check=True
            )
            subprocess.run([*pip, "install", *environment.pins], check=True)
        except subprocess.CalledProcessError as error:
            print(f"{name}: failed, {error}", file=sys.stderr)
            failed += 1
            continue
        environment.stamp.write_text("\n".join(environment.pins) + "\n")
    return failed

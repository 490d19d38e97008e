"""The rows of the comparison: which work, on which graph, how many cascades by each package.

Where a cascade is meant to be large, its seeds have a hundred neighbours or more, so that next to
none die at once: the mean of a time that is nothing or everything would need thousands of runs.
Runs are chosen so that one round of a package takes about a second or two; packages that need
seconds for one cascade get a handful.  koubei_sim runs all replicates of a round in one call, as a
person would ask for them: 1,000, where they do not take many seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .environments import HERE

OURS = "koubei_sim"
COUNTS = "koubei_sim, counts"  # the same by method="count"

# Names of adapters: module, class, environment; the order is that of the table.
ADAPTERS = {
    "koubei_sim": ("with_koubei", "Koubei", HERE),
    COUNTS: ("with_koubei", "Counts", HERE),
    "textbook numba": ("textbook", "Textbook", HERE),
    "draw first, bitset": ("textbook", "DrawFirst", HERE),
    "geometric skip": ("textbook", "Skip", HERE),
    "numpy frontier": ("frontier", "Frontier", HERE),
    "CyNetDiff": ("with_cynetdiff", "CyNetDiff", "cynetdiff"),
    "EoN": ("with_eon", "EoN", "eon"),
    "NDlib": ("with_ndlib", "NDlib", "ndlib"),
    "epiworld": ("with_epiworld", "Epiworld", "epiworld"),
    "Mesa": ("with_mesa", "Mesa", "mesa"),
    "Mesa in order": ("with_mesa", "MesaInOrder", "mesa"),
    "mesa-frames": ("with_mesa_frames", "MesaFrames", "mesa-frames"),
    "PyNetIM": ("with_pynetim", "PyNetIM", "pynetim"),
    "one infection or none": ("textbook", "OneOrNone", HERE),
}


@dataclass(frozen=True)
class Work:
    """One row: a method of the adapters with its arguments."""

    key: str
    label: str
    graph: str
    method: str
    arguments: dict[str, Any]
    seeds: int
    runs: dict[str, int] = field(default_factory=dict)  # adapter -> cascades in one round
    degree: int = 0  # least degree of a seed

    @property
    def short(self) -> str:
        """What stands before the first comma but one: rule and probability."""
        return ", ".join(self.label.split(", ")[:1])


WORKS = (
    Work(
        "ic02", "independent cascade p=.02, 10 seeds", "100k", "independent", {"p": 0.02}, 10,
        {"koubei_sim": 1000, COUNTS: 1000,
         "textbook numba": 5000, "draw first, bitset": 5000, "geometric skip": 5000,
         "numpy frontier": 500, "CyNetDiff": 5000, "EoN": 200, "NDlib": 5},
    ),
    Work(
        "ic10", "independent cascade p=.1, 10 large seeds", "100k", "independent", {"p": 0.1}, 10,
        {"koubei_sim": 1000, COUNTS: 1000,
         "textbook numba": 100, "draw first, bitset": 200, "geometric skip": 200,
         "numpy frontier": 50, "CyNetDiff": 50, "EoN": 4, "NDlib": 1},
        degree=100,
    ),
    Work(
        "wc100k", "weighted cascade, 100 seeds", "100k", "weighted", {}, 100,
        {"koubei_sim": 1000,
         "textbook numba": 2000, "draw first, bitset": 2000, "CyNetDiff": 2000, "EoN": 50},
    ),
    Work(
        "lt100k", "linear threshold, 100 seeds", "100k", "threshold", {}, 100,
        {"koubei_sim": 1000,
         "textbook numba": 1000, "CyNetDiff": 100, "NDlib": 1},
    ),
    Work(
        "sirt", "SIR in continuous time, tau=.1, gamma=.5, 100 seeds", "100k", "sir_times",
        {"tau": 0.1, "gamma": 0.5}, 100,
        {"koubei_sim": 100, "textbook numba": 20, "EoN": 1},
    ),
    Work(
        "sird", "SIR by steps, beta=.05, gamma=.25, 100 seeds", "100k", "sir_steps",
        {"beta": 0.05, "gamma": 0.25}, 100,
        {"koubei_sim": 100, "textbook numba": 20, "NDlib": 1, "epiworld": 4,
         "one infection or none": 20},
    ),
    Work(
        "bass", "Bass diffusion, p=.003, q=.15, 50 ticks, nobody at the start", "100k", "bass",
        {"p": 0.003, "q": 0.15, "looks": [10, 20, 30, 40, 50]}, 0,
        {"koubei_sim": 100, "textbook numba": 20, "Mesa": 1, "Mesa in order": 1, "mesa-frames": 1},
    ),
    Work(
        "ic10m", "independent cascade p=.1, 10 large seeds", "1M", "independent", {"p": 0.1}, 10,
        {"koubei_sim": 200, COUNTS: 200,
         "textbook numba": 6, "draw first, bitset": 15, "geometric skip": 10,
         "numpy frontier": 4, "CyNetDiff": 4},
        degree=100,
    ),
    Work(
        "wc", "weighted cascade, 1000 seeds", "1M", "weighted", {}, 1000,
        {"koubei_sim": 1000,
         "textbook numba": 200, "draw first, bitset": 200, "CyNetDiff": 200},
    ),
    Work(
        "lt", "linear threshold, 1000 seeds", "1M", "threshold", {}, 1000,
        {"koubei_sim": 1000,
         "textbook numba": 100, "CyNetDiff": 12},
    ),
    Work(
        "ic02m", "independent cascade p=.02, 10 large seeds", "1M deg 20", "independent",
        {"p": 0.02}, 10,
        {"koubei_sim": 500, COUNTS: 500,
         "textbook numba": 20, "draw first, bitset": 40, "geometric skip": 40,
         "numpy frontier": 10, "CyNetDiff": 15},
        degree=100,
    ),
)  # fmt: skip

"""Closed forms that the simulator must reproduce where it reduces to a known model.

Each module holds one theory: `bass` (S-curves), `branching` (small cascades, two kinds of
people), `progeny` (small cascades with any law of offspring), `percolation` (large cascades on
random graphs), `threshold` (complex contagion), `lattice` (the same where nothing is random),
`shapes` (paths, stars, cycles, trees and cliques), `trees` (the depth of a tree of
recommendations), `degrees` (laws of degrees that several need), `fitting` (growth curves fitted to
counts).
Nothing here simulates and nothing is random; numpy and scipy only.
Called by the tests of limits, by studies and by people who want a number to compare with.
"""

from __future__ import annotations

from koubei_sim.theory import (
    bass,
    branching,
    degrees,
    fitting,
    lattice,
    percolation,
    progeny,
    shapes,
    threshold,
    trees,
)

__all__ = [
    "bass",
    "branching",
    "degrees",
    "fitting",
    "lattice",
    "percolation",
    "progeny",
    "shapes",
    "threshold",
    "trees",
]

"""Closed forms that the simulator must reproduce where it reduces to a known model.

Each module holds one theory: `bass` (S-curves), `branching` (small cascades, two kinds of
people), `percolation` (large cascades on random graphs), `threshold` (complex contagion),
`tiny` (exact answers on graphs of a few people), `degrees` (laws of degrees that several need).
Nothing here simulates and nothing is random; numpy and scipy only.
Called by the tests of limits, by studies and by people who want a number to compare with.
"""

from __future__ import annotations

from koubei_sim.theory import bass, branching, degrees, percolation, threshold, tiny

__all__ = ["bass", "branching", "degrees", "percolation", "threshold", "tiny"]

"""Doors with the calling conventions of other packages, onto the kernels of this one.

`koubei_sim.compat.ndlib`, `.eon` and `.cynetdiff` take what scripts for NDlib, EoN and CyNetDiff
pass and give back what those scripts expect, for the models that both know.  A script changes one
import; the law of what it computes stays the same, except where that law is a fault
(docs/coming-from.md lists them).  For new work `koubei_sim.cascade` is the better door: many
replicates in one call, intervals, and results that can be kept.

Nothing here imports those packages, nor networkx.
"""

"""Kernels of the classic diffusion rules: docs/cascades.md in numba, one file per family.

Every family has one function that runs a replicate in a scratch space of its own, and a batch
kernel of one line, ``batch(rows, rule, scratch, track, seeds, out, lo, hi)``, which is the frame
(`frame.run_batch`) around it; all arguments but the last two are blocks (`core.block`).  Called by
`koubei_sim.cascades` only.
"""

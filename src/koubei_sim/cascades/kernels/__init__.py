"""Kernels of the classic diffusion rules: docs/cascades.md in numba, one file per family.

Every family has a batch kernel ``batch(rows, rule, scratch, seeds, out, key, first, lo, hi)`` that
runs replicates ``first + lo .. first + hi - 1`` one after the other in one scratch space; all
arguments but the last four are blocks (`core.block`).  Called by `koubei_sim.cascades` only.
"""

"""Kernels of reverse sets: live arcs into a person, search of 64 sets at a time, cover and bound.

docs/seeding.md is their norm.  Called by `koubei_sim.seeding.pool` and `koubei_sim.seeding.loop`.
"""

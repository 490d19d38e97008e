"""Graphs out of a key: one file a family.

Called through `koubei_sim.networks`.
"""

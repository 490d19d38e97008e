"""Graphs and contacts from files, and back: one file a format or a question about it.

Called through `koubei_sim.networks`.
"""

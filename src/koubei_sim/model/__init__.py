"""The fan pyramid: what a person writes (`scenario`), the arrays (`world`), the two engines.

`kernels` and `compiled` are the fast engine, `reference` the readable one; a wall stands between
them.  Everything up to a `History`; from there on it is `koubei_sim.runs`.
"""

"""Stages, the event log, calendars and keyed sorting: small tools of the pyramid kernels."""

from __future__ import annotations

import numpy as np

from koubei_sim.core.bits import number_of_bits
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import coins_below, draw
from koubei_sim.model.mechanisms.population import T_STAGE

MANY = 16  # with more people in a word of a set, all 64 coins at once are quicker


@part
def thinned(word, base, w, limit):
    """Return word `w` of a set; where it is full, only those whose coins are below `limit`.

    For rare coins; who is left must still be asked one by one.
    """
    return word & coins_below(base, w << 6, limit) if number_of_bits(word) > MANY else word


@part
def set_stage(s, i, stage):
    """Move an agent to a stage, in both places that hold it."""
    s.change[T_STAGE + s.stage[i]] -= 1
    s.change[T_STAGE + stage] += 1
    s.stage[i] = stage
    s.listener[i].stage = stage


@part
def log_event(s, t, i, kind, recruiter, channel, product, generation):
    """Write one line of the event log."""
    k = s.n_log[0]
    line = s.log[k]
    line.tick = t
    line.agent = i
    line.kind = kind
    line.recruiter = recruiter
    line.channel = channel
    line.product = product
    line.generation = generation
    s.n_log[0] = k + 1


@part
def keyed_order(ids, n, base, keys):
    """Sort the first `n` of `ids` by their 64-bit draws at `base`, in place."""
    for k in range(n):
        keys[k] = draw(base, ids[k])
    order = np.argsort(keys[:n])
    copy = ids[:n].copy()
    for k in range(n):
        ids[k] = copy[order[k]]


@part
def smallest(ids, n, wanted, base, keys):
    """Move the `wanted` ids with the smallest draws to the front, in ascending order of them."""
    if wanted >= n:
        keyed_order(ids, n, base, keys)
        return
    # A histogram of the upper 12 bits finds the draws that can matter; only those are sorted.
    histogram = np.zeros(4096, np.int64)
    for k in range(n):
        keys[k] = draw(base, ids[k])
        histogram[np.int64(keys[k] >> np.uint64(52))] += 1
    bins, covered = 0, 0
    while covered < wanted:
        covered += histogram[bins]
        bins += 1
    kept = 0
    for k in range(n):
        if np.int64(keys[k] >> np.uint64(52)) < bins:
            ids[kept] = ids[k]
            kept += 1
    keyed_order(ids, kept, base, keys)

"""expectations: who is served well comes to expect it, and who is surprised tells."""

from __future__ import annotations

import numpy as np
from numba import njit

from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, stream
from koubei_sim.core.prefetch import prefetch
from koubei_sim.model.kernels.release import give_story
from koubei_sim.model.mechanisms.expectations import DRAW_DELIGHT

BASE_DELIGHT = 7


@part
def prepare(s, r, t):
    """Compute the base of today's coins."""
    s.bases[BASE_DELIGHT] = stream(r.key, r.replicate, DRAW_DELIGHT, t, 0)


@njit(cache=True, inline="always")
def told_to(r, k, level):
    """Return what people of a level of expertise are told to expect of product `k`."""
    return r.bar[k] + r.bar_expert[k] * (level / 127.0)


@njit(cache=True, inline="always")
def fetch(s, r, i):
    """Have what user `i` expects brought into the cache: its turn comes soon."""
    if r.expectations_on == 1:
        prefetch(s.expected.ctypes.data + np.uintp(i) * np.uintp(8))


@part
def begin(s, r, i, k):
    """Let a new user of product `k` expect what it is told to."""
    if r.expectations_on == 1:
        s.expected[i] = told_to(r, k, np.int64(r.class_level[s.actor[i].agent_class]))


@njit(cache=True, inline="always")
def asked_for(s, r, i, k, level):
    """Return what user `i` of product `k` expects."""
    return s.expected[i] if r.expectations_on == 1 else told_to(r, k, level)


@part
def follow(s, r, i, t, found):
    """Let expectations follow what user `i` found; a surprise may be a story to tell."""
    if r.expectations_on == 0:
        return
    surprise = found - s.expected[i]
    s.expected[i] += r.bar_rise * surprise
    if surprise > 0.0:
        chance = np.int64(min(1.0, r.delight * surprise) * 4294967296.0)
        if draw32(s.bases[BASE_DELIGHT], i) < chance:
            give_story(s, r, t, i)

"""segments: factors of the kind of people that somebody belongs to; nothing where all are alike.

Each is asked for at the end of a product, by those who toss the coin in question.
"""

from __future__ import annotations

from numba import njit

from koubei_sim.core.codes import FULL16
from koubei_sim.model.mechanisms.telling import MOST_RATE32


@njit(cache=True, inline="always")
def joining16(r, a):
    """Return the factor on joining of the agent with record `a`."""
    if r.segments_differ == 0:
        return FULL16
    return r.segment_join16[r.class_segment[a.agent_class]]


@njit(cache=True, inline="always")
def telling(r, a, threshold):
    """Return the threshold of telling of the user with record `a`."""
    return (min(threshold, MOST_RATE32) * r.segment_tell16[r.class_segment[a.agent_class]]) >> 16


@njit(cache=True, inline="always")
def leaving(r, a, threshold):
    """Return the threshold of leaving of the user with record `a`."""
    if r.segments_differ == 0:
        return threshold
    return (threshold * r.segment_leave16[r.class_segment[a.agent_class]]) >> 16


@njit(cache=True, inline="always")
def most_leaving(r, threshold):
    """Return the largest threshold of leaving that any segment makes of this one."""
    if r.segments_differ == 0:
        return threshold
    return (threshold * r.segment_leave16.max()) >> 16


@njit(cache=True, inline="always")
def gaining(r, a, gain):
    """Return what a gain of engagement is to the user with record `a`."""
    if r.segments_differ == 0:
        return gain
    return gain * r.segment_gain[r.class_segment[a.agent_class]]

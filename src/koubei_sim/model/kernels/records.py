"""Records of people on their way between the process that owns them and the one that settles.

A record is all that settling (`schedule.settle`) reads or changes of a person; what it neither
reads nor changes stays at home.  Called by `partition`, for runs on several machines.
"""

from __future__ import annotations

import numpy as np

from koubei_sim.core.bits import has, insert, remove
from koubei_sim.core.block import view_uint8
from koubei_sim.core.compiling import kernel, part
from koubei_sim.model.kernels.state import ACTOR, LISTENER

RECORD = np.dtype(
    [
        ("actor", ACTOR),
        ("listener", LISTENER),
        ("agent", "i4"),
        ("wait_recruiter", "i4"),
        ("recruits_today", "i4"),
        ("wait_since", "i2"),
        ("wait_channel", "i1"),
        ("stage", "u1"),
        ("sets", "u1"),  # hearing, talkers, waiting, raised
        ("members", "u1"),  # bit c: of board or feed c
    ]
)
_ACTOR, _LISTENER = ACTOR.itemsize, LISTENER.itemsize


@kernel
def pack_records(s, agents, records):
    """Fill `records` with those of `agents` (distinct)."""
    width = records.itemsize
    octets = view_uint8(np.uint64(records.ctypes.data), records.size * width)
    actors = view_uint8(np.uint64(s.actor.ctypes.data), s.actor.size * _ACTOR)
    listeners = view_uint8(np.uint64(s.listener.ctypes.data), s.listener.size * _LISTENER)
    for k in range(agents.size):
        i = np.int64(agents[k])
        for b in range(_ACTOR):
            octets[k * width + b] = actors[i * _ACTOR + b]
        for b in range(_LISTENER):
            octets[k * width + _ACTOR + b] = listeners[i * _LISTENER + b]
        record = records[k]
        record.agent = i
        record.stage = s.stage[i]
        if s.wait_since.size > 1:
            record.wait_since = s.wait_since[i]
            record.wait_recruiter = s.wait_recruiter[i]
            record.wait_channel = s.wait_channel[i]
        if s.recruits_today.size > 1:
            record.recruits_today = s.recruits_today[i]
        record.sets = (
            np.uint8(has(s.hearing, i))
            | np.uint8(has(s.talkers, i)) << 1
            | np.uint8(has(s.waiting, i)) << 2
            | np.uint8(has(s.raised, i)) << 3
        )
        member = np.uint8(0)
        for c in range(s.members.shape[0]):
            member |= np.uint8(has(s.members[c], i)) << c
        record.members = member


@part
def _put(bits, i, wanted):
    if wanted != 0:
        insert(bits, i)
    else:
        remove(bits, i)


@kernel
def unpack_records(s, records):
    """Write records into the arrays of the people that they are of."""
    width = records.itemsize
    octets = view_uint8(np.uint64(records.ctypes.data), records.size * width)
    actors = view_uint8(np.uint64(s.actor.ctypes.data), s.actor.size * _ACTOR)
    listeners = view_uint8(np.uint64(s.listener.ctypes.data), s.listener.size * _LISTENER)
    for k in range(records.size):
        record = records[k]
        i = np.int64(record.agent)
        for b in range(_ACTOR):
            actors[i * _ACTOR + b] = octets[k * width + b]
        for b in range(_LISTENER):
            listeners[i * _LISTENER + b] = octets[k * width + _ACTOR + b]
        s.stage[i] = record.stage
        if s.wait_since.size > 1:
            s.wait_since[i] = record.wait_since
            s.wait_recruiter[i] = record.wait_recruiter
            s.wait_channel[i] = record.wait_channel
        if s.recruits_today.size > 1:
            s.recruits_today[i] = record.recruits_today
        _put(s.hearing, i, record.sets & 1)
        _put(s.talkers, i, record.sets & 2)
        _put(s.waiting, i, record.sets & 4)
        _put(s.raised, i, record.sets & 8)
        for c in range(s.members.shape[0]):
            _put(s.members[c], i, (record.members >> c) & 1)


@kernel
def forget(bits, agents):
    """Take `agents` out of a set."""
    for k in range(agents.size):
        remove(bits, np.int64(agents[k]))

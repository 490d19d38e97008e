"""Records of people on their way between the process that owns them and the one that settles.

Packed is all that settling reads or changes of a person (see `kernels.pyramid.schedule.settle`);
what it neither reads nor changes stays at home.  Called by `shard` and `hub`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.kernels.pyramid import state as st

#: Sets of people whose bit travels, in the order of the bits of `RECORD["sets"]`.
SETS: Final = ("hearing", "talkers", "waiting", "raised")

RECORD: Final = np.dtype(
    [
        ("agent", "i4"),
        ("actor", st.ACTOR),
        ("listener", st.LISTENER),
        ("stage", "u1"),
        ("sets", "u1"),
        ("members", "u1"),  # bit c: of board or feed c
        ("wait_channel", "i1"),
        ("wait_since", "i2"),
        ("wait_recruiter", "i4"),
        ("recruits_today", "i4"),
    ]
)
#: Fields that only some mechanisms need: there may be no array of them.
_OPTIONAL: Final = ("wait_channel", "wait_since", "wait_recruiter", "recruits_today")


def pack(state: st.State, agents: NDArray[np.int32]) -> NDArray[np.void]:
    """Return the records of `agents` (distinct)."""
    records = np.zeros(agents.size, RECORD)
    records["agent"] = agents
    for name in ("actor", "listener", "stage"):
        records[name] = getattr(state, name)[agents]
    for name in _OPTIONAL:
        values = getattr(state, name)
        if values.size > 1:
            records[name] = values[agents]
    for k, name in enumerate(SETS):
        records["sets"] |= _bits(getattr(state, name), agents) << k
    for c, members in enumerate(state.members):
        records["members"] |= _bits(members, agents) << c
    return records


def unpack(state: st.State, records: NDArray[np.void]) -> None:
    """Write the records into the arrays of `state`."""
    agents = records["agent"]
    for name in ("actor", "listener", "stage"):
        getattr(state, name)[agents] = records[name]
    for name in _OPTIONAL:
        values = getattr(state, name)
        if values.size > 1:
            values[agents] = records[name]
    for k, name in enumerate(SETS):
        _set_bits(getattr(state, name), agents, (records["sets"] >> k) & 1)
    for c, members in enumerate(state.members):
        _set_bits(members, agents, (records["members"] >> c) & 1)


def _bits(words: NDArray[np.uint64], agents: NDArray[np.int32]) -> NDArray[np.uint8]:
    return ((words[agents >> 6] >> (agents & 63).astype(np.uint64)) & np.uint64(1)).astype(np.uint8)


def _set_bits(
    words: NDArray[np.uint64], agents: NDArray[np.int32], values: NDArray[np.integer[Any]]
) -> None:
    bit = np.uint64(1) << (agents & 63).astype(np.uint64)
    on = values.astype(bool)
    np.bitwise_or.at(words, agents[on] >> 6, bit[on])
    np.bitwise_and.at(words, agents[~on] >> 6, ~bit[~on])

"""Records of people on their way between the process that owns them and the one that settles.

A record is all that settling (`compiled.schedule`) reads or changes of a person: the two records of
the engine, the sets that it is in, and the arrays that mechanisms declare to travel; what settling
neither reads nor changes stays at home.  Called by `runs.partition`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.codes import MAX_CHANNELS
from koubei_sim.model.compiled.allocation import ARRAYS
from koubei_sim.model.mechanisms import ACTOR, LISTENER, State
from koubei_sim.model.mechanisms.declaration import WORDS

_TRAVEL = {name: array for name, array in ARRAYS.items() if array.travels}
#: Arrays with a value a person, and sets: bits of one number; members of channels are another.
VALUES: Final = {name: a.dtype for name, a in _TRAVEL.items() if a.shape[-1] != WORDS}
SETS: Final = [name for name, a in _TRAVEL.items() if a.shape == (WORDS,)]
RECORD: Final = np.dtype(
    [
        ("actor", ACTOR),
        ("listener", LISTENER),
        ("agent", "i4"),
        *VALUES.items(),
        ("sets", "u1"),
        ("members", "u1"),  # bit c: of board or feed c
    ]
)
_LISTENS: Final = ACTOR.itemsize + LISTENER.itemsize


def _octets(records: NDArray[Any]) -> NDArray[np.uint8]:
    """Return records as rows of bytes: field by field, copying takes far longer."""
    return records.view(np.uint8).reshape(records.size, records.dtype.itemsize)


def _has(bits: NDArray[np.uint64], agents: NDArray[np.int32]) -> NDArray[np.uint8]:
    found = (bits[agents >> 6] >> (agents & 63).astype(np.uint64)) & np.uint64(1)
    return found.astype(np.uint8)


def _put(bits: NDArray[np.uint64], agents: NDArray[np.int32], wanted: NDArray[np.bool_]) -> None:
    mask = np.uint64(1) << (agents & 63).astype(np.uint64)
    np.bitwise_and.at(bits, agents >> 6, ~mask)
    np.bitwise_or.at(bits, agents[wanted] >> 6, mask[wanted])


def pack_records(state: State, agents: NDArray[np.int32]) -> NDArray[np.void]:
    """Return the records of `agents` (distinct)."""
    records = np.zeros(agents.size, RECORD)
    octets = _octets(records)
    octets[:, : ACTOR.itemsize] = _octets(state.actor)[agents]
    octets[:, ACTOR.itemsize : _LISTENS] = _octets(state.listener)[agents]
    records["agent"] = agents
    for name in VALUES:
        values = getattr(state, name)
        if values.size > 1:
            records[name] = values[agents]
    for k, name in enumerate(SETS):
        records["sets"] |= _has(getattr(state, name), agents) << k
    for c in range(MAX_CHANNELS):
        records["members"] |= _has(state.members[c], agents) << c
    return records


def unpack_records(state: State, records: NDArray[np.void]) -> None:
    """Write records into the arrays of the people that they are of."""
    octets, agents = _octets(records), records["agent"]
    _octets(state.actor)[agents] = octets[:, : ACTOR.itemsize]
    _octets(state.listener)[agents] = octets[:, ACTOR.itemsize : _LISTENS]
    for name in VALUES:
        values = getattr(state, name)
        if values.size > 1:
            values[agents] = records[name]
    for k, name in enumerate(SETS):
        _put(getattr(state, name), agents, (records["sets"] >> k) & 1 > 0)
    for c in range(MAX_CHANNELS):
        _put(state.members[c], agents, (records["members"] >> c) & 1 > 0)


def forget(bits: NDArray[np.uint64], agents: NDArray[np.int32]) -> None:
    """Take `agents` out of a set."""
    _put(bits, agents, np.zeros(agents.size, bool))

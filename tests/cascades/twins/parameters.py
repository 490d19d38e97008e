"""What the arguments of a rule mean on a network: one number an arc, or one a person.

Written from docs/cascades.md 2 and the docstrings of the rules; used by `run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from tests.cascades.twins.graph import Arcs, Contacts
from tests.cascades.twins.luck import Luck

from koubei_sim.core import codes


def per_arc(
    value: Any, arcs: Arcs, names: tuple[str, ...], key: int, kinds: Any = None
) -> list[float]:
    """Return the number that an argument gives to each arc."""
    every = range(len(arcs.source))
    if isinstance(value, str):
        if value == "weights":
            return list(arcs.weight)
        if value == "weighted":
            return [1.0 / arcs.degree(arcs.target[arc]) for arc in every]
        assert value == "trivalency"
        once = Luck(key, 0)
        places = [(once.bits32(codes.DRAW_TRIVALENCY, 0, 0, arc) * 3) >> 32 for arc in every]
        return [(0.1, 0.01, 0.001)[place] for place in places]
    if isinstance(value, Mapping):
        return [float(value[names[arcs.layer[arc]]]) for arc in every]
    if np.ndim(value) == 2:
        return [float(value[kinds[arcs.source[arc]]][kinds[arcs.target[arc]]]) for arc in every]
    if np.ndim(value) == 1:
        return [float(value[arc]) for arc in every]
    return [float(value)] * len(arcs.source)


def per_contact(
    value: Any, contacts: Contacts, weight: Any = None, kinds: Any = None
) -> list[float]:
    """Return the number that an argument gives to each contact."""
    count = len(contacts.source)
    if np.ndim(value) == 2:
        ends = zip(contacts.source, contacts.target)
        return [float(value[kinds[u]][kinds[v]]) for u, v in ends]
    if isinstance(value, str):
        assert value == "weights"
        return [float(w) for w in weight]
    if np.ndim(value) == 1:
        return [float(value[contact]) for contact in range(count)]
    return [float(value)] * count


def per_person(value: Any, n: int, kinds: Any = None) -> list[float]:
    """Return the number that an argument gives to each person."""
    if kinds is not None:
        return [float(value[kinds[person]]) for person in range(n)]
    if np.ndim(value) == 1:
        return [float(value[person]) for person in range(n)]
    return [float(value)] * n

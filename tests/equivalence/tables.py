"""Where the tables of two worlds differ: as the mechanisms and as the reference make them.

`unlike` compares worlds field by field, to the bit and with types; used by the twins and by the
tests of tables.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from koubei_sim.model.world.arrays import World


def unlike(made: World, own: World) -> dict[str, str]:
    """Return the fields of people and rules that differ, and how.

    Examples
    --------
    ``{"tell32": "[2, 0]: 5 by the mechanisms, 6 by the reference"}``
    """
    found = {}
    for one, other in ((made.people, own.people), (made.rules, own.rules)):
        assert one._fields == other._fields
        for name in one._fields:
            told = difference_of(getattr(one, name), getattr(other, name))
            if told:
                found[name] = told
    return found


def difference_of(one: Any, other: Any) -> str:
    """Say where two values part, "" where they are the same."""
    kinds = [(type(value), getattr(value, "dtype", None)) for value in (one, other)]
    shapes = [np.shape(value) for value in (one, other)]
    if kinds[0] != kinds[1] or shapes[0] != shapes[1]:
        return f"types or shapes: {kinds[0]} {shapes[0]}, {kinds[1]} {shapes[1]}"
    a, b = np.asarray(one), np.asarray(other)
    if a.tobytes() == b.tobytes():
        return ""
    bits = [np.ascontiguousarray(value).reshape(-1, 1).view(np.uint8) for value in (a, b)]
    place = np.unravel_index(int(np.argmax((bits[0] != bits[1]).any(axis=1))), a.shape)
    at = f"{[int(k) for k in place]}: " if a.shape else ""
    return f"{at}{a[place]!r} by the mechanisms, {b[place]!r} by the reference"

"""What differs between two scenarios, by dotted path.

Called by ``koubei diff``, and by results, which say how they differ from their preset.
"""

from __future__ import annotations

import json
from typing import Any


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Return nested plain data as one level of dotted paths.

    Examples
    --------
    >>> flat({"a": {"b": 1}, "c": [2, {"d": 3}]})
    {'a.b': 1, 'c.0': 2, 'c.1.d': 3}
    """
    entries: list[tuple[Any, Any]]
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, (list, tuple)):
        entries = list(enumerate(value))
    else:
        return {path: value}
    found: dict[str, Any] = {}
    for name, entry in entries:
        found.update(flat(entry, f"{path}.{name}" if path else str(name)))
    return found


def differences(first: Any, second: Any) -> dict[str, tuple[Any, Any]]:
    """Return what differs between two scenarios, by dotted path; None stands for absent."""
    ours, theirs = (flat(json.loads(scenario.canonical())) for scenario in (first, second))
    return {
        path: (ours.get(path), theirs.get(path))
        for path in sorted({*ours, *theirs})
        if ours.get(path) != theirs.get(path)
    }

"""Composites: what a world is like in a few numbers, each made of several parameters.

The mechanisms declare them (`model.mechanisms.declaration.Composite`); nothing in a run hangs on
them.  Called by people, by maps and by trees that ask which worlds behave alike.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model import mechanisms
from koubei_sim.model.scenario.scenario import Scenario


def composites(scenario: Scenario | str | Path, *names: str) -> dict[str, float]:
    """Return what a scenario is like: margins, reach, tellings, memory, reproduction number.

    Parameters
    ----------
    scenario : Scenario, preset name or path
    *names : str
        Only these; all without any.

    Returns
    -------
    dict of str to float
        By name; those of channels are ``name.channel``.  What they mean, with units and formulas,
        is section 9 of docs/model.md.  NaN where a scenario does not say: a margin of newbies where
        there are none, a reach on a graph that lies in a file.

    Examples
    --------
    >>> found = composites("tiny")
    >>> round(found["newbie_margin"], 2), round(found["reach.weibo"], 2)
    (-0.15, 4.5)
    """
    if isinstance(scenario, (str, os.PathLike)):
        scenario = Scenario.load(Path(scenario))
    kinds = {name.partition(".")[0] for name in names}
    found: dict[str, float] = {}
    for composite in mechanisms.COMPOSITES:
        if kinds and composite.name not in kinds:
            continue
        value = composite.of(scenario)
        if isinstance(value, Mapping):
            found |= {f"{composite.name}.{name}": each for name, each in value.items()}
        else:
            found[composite.name] = value
    unknown = next((name for name in names if name not in found), None)
    if unknown is not None:
        known = composites(scenario)
        raise KoubeiError(
            "composites", "unknown", got=unknown, allowed=", ".join(known),
            fix=nearest(unknown, known),
        )  # fmt: skip
    return {name: found[name] for name in names} if names else found

"""What is advised about fits of rules and credit of ties."""

from __future__ import annotations

from typing import Any

import numpy as np

import koubei_sim as kb
from koubei_sim.evidence import TakeUp, Telling

LINE = kb.Network.from_edges([0, 1], [1, 2], directed=False)


def told(record: Any) -> Any:
    """The six moments of a run that keeps `record`."""
    found = kb.cascade(LINE, Telling(0.5), [0], 2, 1, horizon=2, record=record)
    return TakeUp(LINE, [0], np.zeros(3))(found)


TRIED = {
    "'record=\"kinds\"'": (lambda: told(()), lambda: told("kinds")),
}

"""own: what mechanisms of the user's own may change, here that there are any at all.

They are declared by the user (`model.scenario.own`); the factors of a person are 1 again every
morning.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.core.codes import FULL16
from koubei_sim.model.mechanisms.declaration import IntArray, Made, Mechanism, arrays, by_person


@dataclass(frozen=True)
class OwnRules(Record):
    """Whether there are any."""

    own_on: int


@arrays
class OwnState(Record):
    """Factors of today, units of 2**-16."""

    tell16: IntArray = by_person(np.int64, fill=FULL16, needed="own_on")
    join16: IntArray = by_person(np.int64, fill=FULL16, needed="own_on")


def numbers(made: Made) -> OwnRules:
    """Return whether there are any."""
    return OwnRules(own_on=int(bool(made.scenario.mechanisms)))


OWN = Mechanism("own", numbers=numbers, state=OwnState)

"""How parameters become numbers of a run: P, F, A, left and power of docs/model.md, section 8.

Called by `tables` and `tables_content`, and by no rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.codes import MAX_CHANNELS, MAX_GOODS
from koubei_sim.core.draws import exp_neg_portable


def whole(values: Any) -> NDArray[np.int64]:
    """Return whole numbers as an array."""
    return np.array(values, dtype=np.int64)


def real(values: Any) -> NDArray[np.float64]:
    """Return numbers as an array."""
    return np.array(values, dtype=np.float64)


def flags(values: Any) -> NDArray[np.uint8]:
    """Return yes and no as an array of 1 and 0."""
    return np.array(values, dtype=np.uint8)


def chance32(probability: float) -> int:
    """Return the threshold that a coin of this probability stays below."""
    if probability >= 1.0:
        return 1 << 32
    return int(max(0.0, probability) * 4294967296.0)


def factor16(factor: float) -> int:
    """Return a factor in units of 2**-16."""
    return int(factor * 65536.0)


def left(days: float, half_life: float) -> float:
    """Return what is left after so many days."""
    if half_life == float("inf"):
        return 1.0
    return float(exp_neg_portable(days * (0.6931471805599453 / half_life)))


def powers(factor: float, size: int) -> list[float]:
    """Return the powers 0 .. size - 1, each the one before times the factor."""
    found = [1.0]
    while len(found) < size:
        found.append(found[-1] * factor)
    return found


def agents(number: float, scenario: Any, most: int = 2**31 - 1) -> int:
    """Return a number of people in agents, at least one if there are any."""
    if number <= 0:
        return 0
    found = number / scenario.people_per_agent
    if found >= most:
        return most
    return max(1, int(found + 0.5))


def each(scenario: Any, value: Callable[[Any], Any], nothing: Any = 0) -> list[Any]:
    """Return a value of each of the eight channels, `nothing` for those that are not there."""
    found = [value(channel) for channel in scenario.channels.values()]
    return found + [nothing] * (MAX_CHANNELS - len(found))


def each_good(scenario: Any, value: Callable[[Any], Any], nothing: Any = 0) -> list[Any]:
    """Return a value of each of the eight goods, `nothing` for those that are not there."""
    found = [value(good) for good in scenario.goods.values()]
    return found + [nothing] * (MAX_GOODS - len(found))


def number_of(name: str, named: Any) -> int:
    """Return the place of a name in a table of the scenario."""
    return list(named).index(name)


def number_or_none(name: str | None, named: Any) -> int:
    """Return the same, -1 where nothing is named."""
    return -1 if name is None else number_of(name, named)

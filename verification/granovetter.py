"""Granovetter's riots: the same people but one, and nothing happens.

A hundred people, all in sight of each other, who join when 0, 1, 2, ... 99 others have: all join.
Give the one with threshold 1 a threshold of 2, and one person riots alone.  With normal thresholds
the outcome jumps at a small change of their spread.
Called by the registry.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import Reinforcement, cascade
from koubei_sim.networks import complete
from verification.verdict import (
    KEY,
    Check,
    Replication,
    exactly,
    in_band,
    reported,
    sized,
)

TITLE = "Granovetter's crowd: one threshold changed, another outcome"
SOURCE = "Granovetter 1978, American Journal of Sociology 83:1420 (numbers from memory)"
PEOPLE: Final = 100
MEAN: Final = 25.0
#: How a threshold of 7.4 people is read.
_ROUND: Final = {"to the nearest": np.rint, "up": np.ceil, "down": np.floor}


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Run the two crowds, and crowds with normal thresholds."""
    uniform = np.arange(PEOPLE)
    changed = uniform.copy()
    changed[1] = 2
    rows: list[Check] = [
        exactly("thresholds 0..99: rioters", 100, _rioters(uniform, key)),
        exactly("threshold 1 made 2: rioters", 1, _rioters(changed, key)),
    ]
    spreads = np.arange(5.0, 20.0, 0.5 if scale == "quick" else 0.1)
    outcome = np.array([_rioters(_normal(float(spread)), key) for spread in spreads])
    by_hand = np.array([_equilibrium(_normal(float(spread))) for spread in spreads])
    rows.append(
        exactly(
            "normal thresholds: crowds unlike those counted by hand",
            0,
            int((outcome != by_hand).sum()),
        )
    )
    low, high = _tipping("to the nearest", sized(scale, 9, 16), key)
    rows += [
        in_band("spread at which the crowd tips", 12.2, high, 0.1, "M"),
        in_band("rioters just below it", 6.0, _rioters(_normal(low), key), 0.5, "M"),
        in_band("rioters just above it", 100.0, _rioters(_normal(high), key), 0.5, "M"),
    ]
    for rounding in ("up", "down"):
        _, high = _tipping(rounding, 9, key)
        rows.append(reported(f"the same, thresholds rounded {rounding}", high, 12.2, "M"))
    draw = _drawn(spreads, outcome)
    return Replication("granovetter", TITLE, SOURCE, tuple(rows), scale, key, draw=draw)


def _normal(spread: float, rounding: str = "to the nearest") -> NDArray[np.int64]:
    """Thresholds of a normal law, at its quantiles, as whole numbers of people."""
    from scipy.stats import norm

    at = norm.ppf((np.arange(PEOPLE) + 0.5) / PEOPLE, MEAN, spread)
    return np.maximum(0, _ROUND[rounding](at)).astype(np.int64)


def _tipping(rounding: str, halvings: int, key: int) -> tuple[float, float]:
    """Spreads just below and above the jump, by halving an interval."""
    low, high = 11.0, 14.0
    for _ in range(halvings):
        middle = 0.5 * (low + high)
        tipped = _rioters(_normal(middle, rounding), key) >= PEOPLE // 2
        low, high = (low, middle) if tipped else (middle, high)
    return low, high


def _rioters(needs: NDArray[np.int64], key: int) -> int:
    """Final size of a crowd in which person i joins when ``needs[i]`` others have."""
    # A need above everybody else never comes true; it is kept as one that cannot be met.
    rule = Reinforcement(np.minimum(needs, PEOPLE))
    return int(cascade(complete(PEOPLE), rule, [], 1, key).sizes[0])


def _equilibrium(needs: NDArray[np.int64]) -> int:
    """The same by counting: r people riot until no more than r have a threshold of at most r."""
    rioters = 0
    while (joined := int((needs <= rioters).sum())) > rioters:
        rioters = joined
    return rioters


def _drawn(spreads: NDArray[np.float64], outcome: NDArray[np.int64]) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.plots.style import BLUE

        ax.plot(spreads, outcome, color=BLUE, drawstyle="steps-mid")
        ax.set_ylim(0, PEOPLE * 1.03)
        ax.set_title("A crowd of 100 with thresholds of mean 25")
        ax.set_xlabel("standard deviation of the thresholds")
        ax.set_ylabel("rioters in the end")

    return draw

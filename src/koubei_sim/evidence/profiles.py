"""Where a profile of the likelihood has fallen by so much that a value can be told from the best.

Called by `Hazard.interval`.
"""

from __future__ import annotations

import math
from typing import Any, Final

from scipy import optimize

HALF: Final = 1.920729410347062  # half of the 95 % point of a chi-square law of one degree
NORMAL: Final = 1.959963984540054


def crossing(short: Any, best: float, step: float, bound: float) -> float:
    """Return where a profile has fallen by enough, on one side of the top.

    `step` is a standard error with its sign: the profile of a normal law crosses at 1.96 of it.
    """
    near, low, far = best, -HALF, best + NORMAL * step
    for _ in range(40):
        if math.isfinite(bound) and (bound - far) * step <= 0.0:
            far = bound
        high = short(far)
        if high > 0.0:
            break
        if far == bound:
            return bound
        # The profile is near a parabola: aim a little beyond where that would cross.
        reach = math.sqrt(HALF / max(high + HALF, 0.05 * HALF))
        near, low, far = far, high, best + 1.03 * reach * (far - best)
    else:
        return math.copysign(math.inf, step)
    if low >= 0.0:
        return near
    return float(optimize.brentq(short, near, far, xtol=1e-4 * abs(step), rtol=1e-7))

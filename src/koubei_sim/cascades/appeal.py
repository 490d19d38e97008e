"""Messages that differ: a law of two parameters from which each replicate draws its own number.

One probability for all messages makes trees that are far too alike; what real repost trees lack is
not another rule but messages of their own reproduction number (docs/evidence.md).  Called by
`evidence.appeal_fit`, which finds the two numbers, by `run` and by users.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.core.codes import DRAW_MESSAGE
from koubei_sim.core.draws import draw_many, stream
from koubei_sim.errors import KoubeiError

LawName = Literal["lognormal", "gamma", "beta"]
LAWS: Final[tuple[LawName, ...]] = get_args(LawName)
CLASSES: Final = 4096  # equally likely; each stands for the mean of its part of the law
_SHIFT: Final = np.uint64(52)


@dataclass(frozen=True)
class Appeal:
    """A law of two parameters for a number that each message has for itself.

    Parameters
    ----------
    mean : float
        Mean of the number, above 0: a probability, a rate or a reproduction number.
    spread : float
        Standard deviation over mean, 0 or more; 0: all messages alike.
    law : {"lognormal", "gamma", "beta"}
        Log-normal; gamma; or beta, on 0..most, whose mean is below `most` and whose spread is
        below ``sqrt((most - mean) / mean)``.
    most : float
        Largest number: the end of a beta law; of the others, what is above is set to it.  1 for
        probabilities, ``math.inf`` for rates.

    Notes
    -----
    Drawn from 4,096 classes of equal probability, each the mean of its part of the law, so that the
    mean is exact.  In the pyramid the same is said by ``telling.appeal_sigma``, the spread of the
    logarithm of g, where reproduction goes with g squared: see `sigma`.

    Examples
    --------
    >>> Appeal(0.1, 0.5).drawn(key=1, first=0, replicates=20_000).mean().round(3)
    np.float64(0.1)
    >>> Appeal(0.1).drawn(key=1, first=0, replicates=2).tolist()
    [0.1, 0.1]
    """

    mean: float
    spread: float = 0.0
    law: LawName = "lognormal"
    most: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        object.__setattr__(self, "mean", checks.positive("mean", self.mean))
        object.__setattr__(self, "spread", checks.number("spread", self.spread, 0.0))
        checks.word("law", self.law, LAWS)
        if self.most != math.inf:
            object.__setattr__(self, "most", checks.positive("most", self.most))
        if not math.isfinite(self.spread):
            raise KoubeiError("spread", "not finite", got=self.spread)
        if self.law == "beta":
            if self.mean >= self.most or self.most == math.inf:
                raise KoubeiError(
                    "mean", "of a beta law", got=self.mean, allowed="below `most`, a number"
                )
            top = math.sqrt((self.most - self.mean) / self.mean)
            if self.spread >= top:
                raise KoubeiError(
                    "spread", "of a beta law", got=self.spread, allowed=f"below {top:.6g}"
                )

    @property
    def sigma(self) -> float:
        """Standard deviation of the logarithm, of the log-normal law with this spread."""
        return math.sqrt(math.log1p(self.spread**2))

    def _below(self, x: Any, more: int = 0) -> Any:
        """Return the law at x; with `more` 1 that in which numbers count as often as large."""
        from scipy import special

        if self.law == "lognormal":
            with np.errstate(divide="ignore"):
                z = np.log(x / self.mean) / self.sigma
            return special.ndtr(z + self.sigma * (0.5 - more))
        if self.law == "gamma":
            shape = self.spread**-2
            return special.gammainc(shape + more, x / self.mean * shape)
        a, b = self._sides()
        return special.betainc(a + more, b, np.minimum(x / self.most, 1.0))

    def _sides(self) -> tuple[float, float]:
        mean = self.mean / self.most
        total = (1.0 - mean) / (mean * self.spread**2) - 1.0
        return mean * total, (1.0 - mean) * total

    def _quantile(self, share: NDArray[np.float64]) -> Any:
        from scipy import special

        if self.law == "lognormal":
            return self.mean * np.exp(self.sigma * special.ndtri(share) - self.sigma**2 / 2.0)
        if self.law == "gamma":
            shape = self.spread**-2
            return self.mean * special.gammaincinv(shape, share) / shape
        return self.most * special.betaincinv(*self._sides(), share)

    def cdf(self, x: Any) -> NDArray[np.float64]:
        """Return the probability that a number is at most x, before `most` is applied."""
        at = np.maximum(np.asarray(x, np.float64), 0.0)
        if self.spread == 0.0:
            return (at >= self.mean).astype(np.float64)
        return np.asarray(self._below(at))

    def classes(self) -> NDArray[np.float64]:
        """Return the numbers that can be drawn, all equally likely, float64 (4096,)."""
        if self.spread == 0.0:
            return np.full(CLASSES, min(self.mean, self.most))
        edges = np.linspace(0.0, 1.0, CLASSES + 1)
        # The mean of a part is what that part holds of the law in which numbers count by size.
        part = self._below(self._quantile(edges), 1)
        part[0], part[-1] = 0.0, 1.0
        values = CLASSES * self.mean * np.diff(part)
        # Twelve digits: a last bit of the maths library must not move a coin.
        digits = 11 - np.floor(np.log10(np.maximum(values, 1e-300))).astype(int)
        scale = 10.0 ** np.clip(digits, -300, 300)
        return np.minimum(np.round(values * scale) / scale, self.most)

    def drawn(self, key: int, first: int, replicates: int, number: int = 0) -> NDArray[np.float64]:
        """Return the numbers of replicates ``first .. first + replicates - 1``, float64 (R,).

        `number` tells laws apart that are drawn for the same replicates.
        """
        bits = np.empty(checks.whole("replicates", replicates, 0), np.uint64)
        draw_many(stream(np.uint64(key), 0, DRAW_MESSAGE, 0, number), first, bits)
        return self.classes()[(bits >> _SHIFT).astype(np.int64)]


def with_drawn(parameters: Any, names: Sequence[str], key: int, first: Any, replicates: Any) -> Any:
    """Return the numbers of replicates with those that a law gives drawn.

    Parameters
    ----------
    parameters : mapping, or what else `cascade` was given
    names : sequence of str
        Numbers that the rule may have, whose places tell the draws apart.
    key : int
    first, replicates : int
        As `cascade` was given them; 1,000 replicates without a number.
    """
    if not isinstance(parameters, Mapping):
        return parameters
    found = dict(parameters)
    for name, value in found.items():
        if isinstance(value, Appeal):
            begin = checks.whole("first", first, 0)
            count = 1000 if replicates is None else checks.whole("replicates", replicates, 1)
            number = list(names).index(name) if name in names else 0
            found[name] = value.drawn(key, begin, count, number)
    return found

"""The fading of a push that a formula leaves open (``fading=?``): the best of many.

It is sought in the same way in a record and in each draw of a control, for what a push adds with
the best of many fadings is more than what it adds with one.
Called by `hazard` and by `controls`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

import numpy as np
from scipy import optimize

from koubei_sim.evidence.design import Model

FADINGS: Final = (0.0, 0.3, 0.5, 0.7, 0.85, 0.95, 1.0)


class Fit(Protocol):
    """What was made as high as possible."""

    @property
    def posterior(self) -> float:
        """Log-likelihood with what the priors add."""


F = TypeVar("F", bound=Fit)


def with_fading(model: Model, place: int, fading: float) -> str:
    """Return the formula of a model with another fading of the term at a place.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> from koubei_sim.evidence.design import model_of
    >>> d = kb.Diffusion(kb.Network.from_edges([0, 1], [1, 2]), [0, 1, None], until=3)
    >>> with_fading(model_of(d, "constant + ties(share)"), 1, 0.5)
    'constant + ties(share, fading=0.5)'
    """
    terms = list(model.terms)
    options = terms[place].options | {"fading": float(fading)}
    terms[place] = terms[place]._replace(options=options)
    return " + ".join(map(str, terms))


def sought(of: Callable[[float], F]) -> F:
    """Return the fit of the best fading: of a grid, then by golden sections beside it."""
    heights = [of(fading).posterior for fading in FADINGS]
    best = int(np.argmax(heights))
    low, high = FADINGS[max(best - 1, 0)], FADINGS[min(best + 1, len(FADINGS) - 1)]
    found = optimize.minimize_scalar(
        lambda fading: -of(fading).posterior, bounds=(low, high), method="bounded",
        options={"xatol": 0.01},
    )  # fmt: skip
    return of(FADINGS[best] if heights[best] >= -found.fun else round(float(found.x), 3))

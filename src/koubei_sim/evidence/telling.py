"""`Telling`: the information model of Banerjee et al. 2013 as a rule of cascades.

Who has heard of a thing takes it up with a chance of its own and tells each neighbour in every step
from then on, more or less eagerly as it took it up or not.  The two chances of telling can be told
apart from who took it up alone, because only people who heard can take it up.  It runs through
`koubei_sim.cascade` as every other rule; called by people, and by fits (`simulated_moments`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs, for_people
from koubei_sim.cascades.rules.base import Prepared, Rule, block, last_step, rows_of
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.kernels.telling import TellingRule, telling_batch, telling_scratch

KINDS = ("heard", "took up")
MOST_STEPS = 4096  # a table of chances has one entry a step
UNIT = 4294967296.0


@dataclass(frozen=True, eq=False, repr=False)
class Telling(Rule):
    """Heard, taken up or not, and told on: in every step, along every arc.

    Parameters
    ----------
    takes : float, (n,) array, or values keyed by people
        Probability that a person who has heard takes it up, 0..1; decided once, when it hears.
    q_taker : float
        Probability that one who took it up tells a neighbour, per step and arc, 0..1.
    q_other : float
        The same for one who heard but did not take it up.

    Notes
    -----
    Needs a horizon, the number of steps in which word is passed.  Kinds of a result are "heard"
    (and not taken up) and "took up".  Source: Banerjee, Chandrasekhar, Duflo and Jackson 2013,
    *The diffusion of microfinance*, Science 341 (the information model).  With one chance for both
    kinds it is `SIR` by steps without recovery, in law.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> line = kb.Network.from_edges([0, 1], [1, 2], directed=False)
    >>> found = kb.cascade(
    ...     line, Telling(1.0, q_taker=1.0, q_other=0.0), [0], replicates=2, rng=1, horizon=2
    ... )
    >>> found.sizes_by_kind.tolist()
    [[0, 3], [0, 3]]
    """

    needs_horizon: ClassVar[bool] = True

    takes: Any = 0.2
    q_taker: float = 0.35
    q_other: float = 0.05

    def __post_init__(self) -> None:
        """Check the chances."""
        object.__setattr__(self, "takes", checks.per_person("takes", self.takes, 0.0, 1.0))
        for name in ("q_taker", "q_other"):
            object.__setattr__(self, name, checks.number(name, getattr(self, name), 0.0, 1.0))

    @property
    def per_replicate(self) -> tuple[str, ...]:
        """What may be one number a replicate."""
        return ("q_taker", "q_other")

    def on_arcs(self, arcs: Arcs, key: int, horizon: float | None) -> Prepared:
        """Step by step, with a table of the chances to have told within so many steps."""
        last = last_step(horizon)
        if last > MOST_STEPS:
            raise KoubeiError("horizon", "too many steps", got=horizon, allowed=f"0..{MOST_STEPS}")
        takes = self.takes
        if not isinstance(takes, float):
            takes = for_people("takes", takes, arcs.network)
        takes = np.floor(np.broadcast_to(np.asarray(takes, np.float64), (arcs.n,)) * UNIT + 0.5)
        rule = TellingRule(
            told_within(self.q_other, last), told_within(self.q_taker, last),
            takes.astype(np.int64), last,
        )  # fmt: skip
        return Prepared(
            batch=telling_batch,
            rows=rows_of(arcs),
            rule=block(rule),
            scratch=lambda want, room: telling_scratch(arcs.n, last),
            method="telling",
            keeps=("kind",),
            kind_names=KINDS,
        )


def told_within(q: float, steps: int) -> NDArray[np.int64]:
    """Return the chance to have told within 0, 1, .., `steps` steps, in units of 2**-32.

    Examples
    --------
    >>> (told_within(0.5, 3) / 2**32).tolist()
    [0.0, 0.5, 0.75, 0.875]
    """
    found = np.zeros(steps + 1, np.int64)
    silent = 1.0
    for step in range(1, steps + 1):
        silent *= 1.0 - q  # products only: a power would round as the processor's library does
        found[step] = int(np.floor((1.0 - silent) * UNIT + 0.5))
    return found

"""Complex contagion on a lattice, where nothing is random: when who is won.

On a torus in which everybody has the eight nearest others as neighbours (a Moore neighbourhood),
one person and its neighbours start, and whoever has enough adopters around follows.
Called by the test of the replication of Centola and Macy, as its row without rewiring.

References
----------
Centola, D. and Macy, M. (2007), Complex contagions and the weakness of long ties, American
Journal of Sociology 113, 702-734.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim.checks import whole
from koubei_sim.errors import KoubeiError
from koubei_sim.theory.checks import MOST, numbers, real

AROUND = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]


def moore_rounds(side: int, need: int) -> NDArray[np.int64]:
    """Return the round in which each person of the torus adopts.

    Round 0 has person (0, 0) and its eight neighbours; all decide at once by the round before.

    Parameters
    ----------
    side : int
        Length L of the torus, at least 3.
    need : int
        Adopting neighbours needed, 1..8.

    Returns
    -------
    (side, side) int64 array
        -1 for those who never adopt.

    Examples
    --------
    >>> moore_rounds(5, 2)[0].tolist(), int(moore_rounds(5, 4).min())
    ([0, 0, 1, 1, 0], -1)
    """
    side, need = whole("side", side, 3, math.isqrt(MOST)), whole("need", need, 1, 8)
    rounds = np.full((side, side), -1, dtype=np.int64)
    for i, j in [(0, 0), *AROUND]:
        rounds[i % side, j % side] = 0
    for now in range(1, side * side):
        adopted = (rounds >= 0).astype(np.int64)
        heard = sum(np.roll(adopted, shift, axis=(0, 1)) for shift in AROUND)
        new = (adopted == 0) & (heard >= need)
        if not new.any():
            break
        rounds[new] = now
    return rounds


def rounds_to_share(rounds: ArrayLike, share: float) -> int:
    """Return the first round by whose end at least `share` of all people have adopted.

    Parameters
    ----------
    rounds : int array
        Rounds of all cells, as returned by `moore_rounds`.
    share : float
        In [0, 1].

    Returns
    -------
    int
        -1 where it is never reached.

    Examples
    --------
    >>> rounds_to_share(moore_rounds(100, 2), 0.9), rounds_to_share(moore_rounds(100, 3), 0.9)
    (76, 120)
    """
    share = real("share", share, 0.0, 1.0)
    when = numbers("rounds", rounds, -1, MOST, whole=True).astype(np.int64)
    if when.size == 0:
        raise KoubeiError("rounds", "nobody", got=0, allowed="1 or more people")
    adopted = np.cumsum(np.bincount(when[when >= 0].ravel(), minlength=1))
    enough = np.flatnonzero(adopted >= share * when.size - 1e-9)
    return int(enough[0]) if enough.size else -1

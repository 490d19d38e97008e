"""Collection 1: the sets on which seeds are judged that were chosen on others.

Sets are kept while they are few: seeds that come later meet them again at no cost, and tell the
reach of the first j seeds.  Where sets are large and most hold a seed, it is cheaper to search
further sets anew for each choice, each up to its first seed, and to keep none.  docs/seeding.md 4
is the norm.

Called by `seeding.loop`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.seeding.kernels.search import BATCH, Roots
from koubei_sim.seeding.pool import Pool
from koubei_sim.seeding.rows import Law

KEPT: Final = 1 << 24  # pairs from which sets may go unkept
GAIN: Final = 2.5  # how many times fewer pairs must be met up to the first seed; rounds double


class Second:
    """Says how many sets of collection 1 hold one of the first j seeds.

    Parameters
    ----------
    law : Law
    roots : Roots
    drops : bool
        Whether sets may go unkept; those with time are kept.
    """

    def __init__(self, law: Law, roots: Roots, drops: bool = True) -> None:
        self.pool = Pool(law, roots)
        self.keeps = True  # whether further sets are kept
        self._asked = not drops or law.timing is not None
        self._n = law.rows.indptr.size - 1

    def hits(
        self, number: int, given: NDArray[np.int64], seeds: NDArray[np.int64]
    ) -> tuple[int, NDArray[np.float64]]:
        """Judge seeds on the first `number` sets.

        Returns
        -------
        hits : int
            How many hold `given` or a seed.
        curve : (k + 1,) float64 array
            The same for `given` and the first j seeds, by the sets that are kept.
        """
        pool = self.pool
        rank = np.full(self._n, seeds.size + 1, np.int64)
        rank[seeds] = np.arange(1, seeds.size + 1)
        rank[given] = 0
        starts = rank <= seeds.size
        while pool.made < number and self.keeps:
            if pool.size > KEPT and not self._asked:
                self._asked = True
                some = max(BATCH, pool.made // 64 // BATCH * BATCH)
                self.keeps = GAIN * pool.ended(0, some, starts)[1] > pool.pairs_up_to(some)
                continue
            some = max(BATCH, 2 * pool.made, KEPT * pool.made // max(1, pool.size) // BATCH * BATCH)
            pool.grow(number if self._asked else min(number, some))
        curve = np.cumsum(pool.hits(rank, seeds.size + 1)).astype(np.float64)
        if number <= pool.made:
            return int(curve[-1]), curve
        found = int(curve[-1]) + pool.ended(pool.made, number, starts)[0]
        return found, curve * (found / max(1.0, curve[-1]))

"""`TakeUp`: six numbers of each village that say how word of a thing came round.

They are the moments of Banerjee et al. 2013: who took up among those told first, near them, near
people who took up, and near nobody who did.  Made from a run of `Telling` and from data by the same
code.  Called by people, as `moments` of `simulated_moments`.

References
----------
Banerjee, A., Chandrasekhar, A. G., Duflo, E. and Jackson, M. O. (2013), The diffusion of
microfinance, Science 341, 1236498.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import CascadeResult, checks
from koubei_sim.cascades.arcs import Arcs
from koubei_sim.core.block import Block
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.kernels.takeup import Ties, takeup_numbers
from koubei_sim.networks import as_network

#: What the six are, in order; a share of nobody is 0, in data and in runs alike.
MOMENTS: Final = (
    "leaders who take up",
    "take up, no neighbour does",
    "take up, beside a leader who does",
    "take up, beside a leader who does not",
    "covariance with share of neighbours",
    "covariance with share at distance two",
)


class TakeUp:
    """Six numbers a group: call it with a run, or with who took up.

    Parameters
    ----------
    network : Network or a graph of another library
        A neighbour of i is who has an arc to i.
    leaders : list of people
        Who was told first.
    groups : (n,) array
        Group (village) of each person; any labels.

    Attributes
    ----------
    groups : array
        The different groups, ascending: the order of the rows.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> line = kb.Network.from_edges([0, 1, 2], [1, 2, 3], directed=False)
    >>> TakeUp(line, [0], [0, 0, 0, 0])(np.array([1, 1, 0, 0])).round(3).tolist()
    [[[1.0, 0.0, 1.0, 0.0, 0.125, -0.25]]]
    """

    names = MOMENTS

    def __init__(self, network: Any, leaders: Any, groups: Any) -> None:
        from scipy.sparse import csr_array

        network = as_network(network)
        rows = Arcs.of(network).rows
        n = network.n_nodes
        lead = np.zeros(n, bool)
        lead[checks.rows_of("leaders", leaders, n, network.labels)] = True
        names = np.asarray(groups)
        if names.shape != (n,):
            raise KoubeiError("groups", "not one a person", got=names.shape, allowed=f"({n},)")
        self.groups, group = np.unique(names, return_inverse=True)
        shape = (n, n)
        one = csr_array((np.ones(rows.indices.size), rows.indices, rows.indptr), shape=shape)
        one.sum_duplicates()
        two = (one @ one).tocoo()
        keep = (two.row != two.col) & (np.asarray(one[two.row, two.col]).ravel() == 0)
        further = csr_array((np.ones(int(keep.sum())), (two.row[keep], two.col[keep])), shape=shape)
        self._ties = Block(
            "Ties",
            Ties(
                one.indptr.astype(np.int64), one.indices.astype(np.int32),
                further.indptr.astype(np.int64), further.indices.astype(np.int32),
                np.bincount(one.indices, minlength=n).astype(np.float64),
                np.bincount(further.indices, minlength=n).astype(np.float64),
                lead, group.astype(np.int64),
            ),
        )  # fmt: skip
        self._n = n

    def __call__(self, found: CascadeResult | NDArray[Any]) -> NDArray[np.float64]:
        """Return the numbers, (replicates, groups, 6).

        Parameters
        ----------
        found : CascadeResult, or (n,) or (R, n) array
            A run of `Telling` with ``record="kinds"``, or 1 for who took up and 0 for others.

        Raises
        ------
        KoubeiError
            A run that kept no kinds; an array of another length.
        """
        if isinstance(found, CascadeResult):
            if found.outcome.kinds is None:
                raise KoubeiError("kinds", "the run kept none", fix='record="kinds"')
            takes = found.outcome.kinds == len(found.kind_names) - 1
        else:
            takes = np.atleast_2d(np.asarray(found)) == 1
        if takes.shape[1] != self._n:
            raise KoubeiError("takes", "not one a person", got=takes.shape[1], allowed=str(self._n))
        out = np.zeros((takes.shape[0], self.groups.size, len(MOMENTS)))
        takeup_numbers(self._ties, np.ascontiguousarray(takes), out)
        return out

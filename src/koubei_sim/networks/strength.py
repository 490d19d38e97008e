"""`tie_strength`: how much the circles of the two ends of a tie overlap.

The model weighs a message by the strength of the tie that it crosses; strength is measured from
the graph itself, in integers, so two engines and any machine see the same bytes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core import csr as graphs
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import overlap
from koubei_sim.networks.layer import Layer
from koubei_sim.networks.network import Network
from koubei_sim.networks.row_blocks import over_rows


def tie_strength(layer: Layer | Network) -> NDArray[np.uint8]:
    """Return the neighbourhood overlap of every arc in 255ths, rounded half up.

    Mutual layer: ``O = c / (k_u - 1 + k_v - 1 - c)`` with ``c`` common friends of the ends and
    ``k`` their numbers of friends; 0 where neither knows anybody else.
    Directed layer: the same share of the two audiences, ``|A & B| / |A | B|``, where A is those
    whom ``u`` reaches without ``v``, and B those whom ``v`` reaches without ``u``.

    Parameters
    ----------
    layer : Layer or Network
        A layer, or a network that has one; without parallel arcs.

    Returns
    -------
    (arcs,) uint8 array
        Beside ``layer.indices``; ``v / 255`` is the overlap.  Both arcs of a tie are equal.

    Raises
    ------
    KoubeiError
        Parallel arcs, or a layer said to be mutual that is not.

    Notes
    -----
    The time is about that of reading the shorter row of each tie.

    References
    ----------
    Onnela, J.-P. et al. (2007), Structure and tie strengths in mobile communication networks,
    PNAS 104, 7332-7336, equation for O_ij on page 7334.

    Examples
    --------
    >>> triangle_and_tail = Network.from_edges([0, 0, 1, 2], [1, 2, 2, 3], directed=False)
    >>> tie_strength(triangle_and_tail).tolist()  # 01 02 10 12 20 21 23 32
    [255, 128, 255, 128, 128, 128, 0, 0]
    """
    if isinstance(layer, Network):
        layer = layer.layer()
    if not isinstance(layer, Layer):
        raise KoubeiError(
            "tie_strength", "not a layer", got=type(layer).__name__, allowed="Layer or Network"
        )
    row = graphs.first_repeat(layer.indptr, layer.indices)
    if row >= 0:
        raise KoubeiError(
            f"layer {layer.name}", f"parallel arcs out of {row}", fix="parallel='merge'"
        )
    out = np.zeros(layer.n_arcs, dtype=np.uint8)
    kernel = overlap.overlap_directed if layer.directed else overlap.overlap_mutual
    rows = over_rows(kernel, layer.n_nodes, layer.indptr, layer.indices, out, work=layer.indptr)
    worst = max(int(row) for row in rows)
    if worst >= 0:
        raise KoubeiError(
            f"layer {layer.name}", f"an arc out of {worst} has no arc back", fix="directed=True"
        )
    return out

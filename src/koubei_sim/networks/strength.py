"""`tie_strength`: how much the circles of the two ends of a tie overlap.

The model weighs a message by the strength of the tie that it crosses; strength is measured from
the graph itself, in integers, so two engines and any machine see the same bytes.

Two ideas make the loops over common members of two sorted rows fast.  The longer row of a pair is
prepared once (copied into a padded buffer that fits the vector registers, or marked in a bitmap)
and the shorter is read against it without a branch.  And rows of far people are asked for from
memory some arcs before they are used.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core import csr as graphs
from koubei_sim.core.compiling import kernel, part
from koubei_sim.core.csr import find
from koubei_sim.core.prefetch import prefetch
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.layer import Layer
from koubei_sim.networks.network import Network
from koubei_sim.networks.row_blocks import over_rows

SHORT = 64  # rows up to this length are compared all with all
AHEAD = 8  # arcs between asking for a row and reading it


@part
def quantise(common, union):
    """``255 common / union`` rounded half up, in integers; 0 where the union is empty."""
    if union <= 0:
        return np.uint8(0)
    if union < 4_000_000:  # 32-bit division is several times faster
        return np.uint8((np.uint32(510 * common) + np.uint32(union)) // np.uint32(2 * union))
    return np.uint8((510 * common + union) // (2 * union))


@part
def mark(indices, a, b, bits):
    """Set the bits of the members of a row."""
    for k in range(a, b):
        x = np.uint32(indices[k])
        bits[x >> np.uint32(5)] |= np.uint32(1) << (x & np.uint32(31))


@part
def unmark(indices, a, b, bits):
    """Clear the words that `mark` touched."""
    for k in range(a, b):
        bits[np.uint32(indices[k]) >> np.uint32(5)] = np.uint32(0)


@part
def count_marked(indices, a, b, bits):
    """Count the members of a row whose bit is set."""
    common = np.uint32(0)
    for k in range(a, b):
        x = np.uint32(indices[k])
        common += (bits[x >> np.uint32(5)] >> (x & np.uint32(31))) & np.uint32(1)
    return np.int64(common)


@part
def pad_row(indices, a, b, padded):
    """Copy a short row into `padded`, filled with -1; return the width to compare."""
    length = b - a
    for k in range(length):
        padded[k] = indices[a + k]
    for k in range(length, SHORT):
        padded[k] = -1
    return length


@part
def count_compared(indices, a, b, padded, length):
    """Count common members, all with all; fixed widths so that the inner loop is unrolled."""
    common = np.int32(0)
    if length <= 8:
        for k in range(a, b):
            x = indices[k]
            for j in range(8):
                common += np.int32(padded[j] == x)
    elif length <= 16:
        for k in range(a, b):
            x = indices[k]
            for j in range(16):
                common += np.int32(padded[j] == x)
    elif length <= 24:
        for k in range(a, b):
            x = indices[k]
            for j in range(24):
                common += np.int32(padded[j] == x)
    elif length <= 32:
        for k in range(a, b):
            x = indices[k]
            for j in range(32):
                common += np.int32(padded[j] == x)
    else:
        for k in range(a, b):
            x = indices[k]
            for j in range(64):
                common += np.int32(padded[j] == x)
    return np.int64(common)


@part
def count_searched(indices, a, b, c, d):
    """Common members of a short row ``a:b`` and a far longer one ``c:d``, by binary search."""
    common = 0
    for k in range(a, b):
        c = find(indices, c, d, indices[k])
        if c == d:
            break
        if indices[c] == indices[k]:
            common += 1
            c += 1
    return common


@part
def count_below(indices, a, b, x):
    """Number of members of a short sorted row below `x`, without branches."""
    below = np.int32(0)
    for k in range(a, b):
        below += np.int32(indices[k] < x)
    return np.int64(below)


@kernel
def overlap(lo, hi, indptr, indices, mutual, out):
    """Overlap of every arc out of rows ``lo..hi-1``, of the audiences of its two ends.

    Of a mutual graph those of every tie whose better-connected end is among the rows: both arcs
    are written.  Returns the first row with an arc of a tie that has no arc back, or -1.
    """
    n = indptr.size - 1
    bits = np.zeros((n >> 5) + 1, dtype=np.uint32)
    padded = np.empty(SHORT, dtype=np.int32)
    end = indices.size
    at_indices, at_out = np.uintp(indices.ctypes.data), np.uintp(out.ctypes.data)
    for u in range(lo, hi):
        a, b = indptr[u], indptr[u + 1]
        degree = b - a
        if degree == 0:
            continue
        short = degree <= SHORT
        length = 0
        if short:
            length = pad_row(indices, a, b, padded)
        else:
            mark(indices, a, b, bits)
        for k in range(a, b):
            if k + AHEAD < end:
                start = indptr[indices[k + AHEAD]]
                prefetch(at_indices + np.uintp(start) * np.uintp(4))
                if mutual:
                    prefetch(at_indices + np.uintp(start + 16) * np.uintp(4))
                    prefetch(at_out + np.uintp(start))
            v = indices[k]
            c, d = indptr[v], indptr[v + 1]
            other = d - c
            if mutual and (other > degree or (other == degree and v > u)):
                continue  # the other end does this tie
            if not mutual and other > 16 * degree:
                common = count_searched(indices, a, b, c, d)
            elif short:
                common = count_compared(indices, c, d, padded, length)
            else:
                common = count_marked(indices, c, d, bits)
            if (short and mutual) or other <= SHORT:
                back = c + count_below(indices, c, d, u)
            else:
                back = find(indices, c, d, u)
            answered = back < d and indices[back] == u
            if mutual:
                if not answered:
                    return u
                out[k] = out[back] = quantise(common, degree + other - 2 - common)
            else:
                out[k] = quantise(common, degree - 1 + other - np.int64(answered) - common)
        if not short:
            unmark(indices, a, b, bits)
    return -1


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
    arcs = (layer.indptr, layer.indices, not layer.directed, out)
    rows = over_rows(overlap, layer.n_nodes, *arcs, work=layer.indptr)
    worst = max(int(row) for row in rows)
    if worst >= 0:
        raise KoubeiError(
            f"layer {layer.name}", f"an arc out of {worst} has no arc back", fix="directed=True"
        )
    return out

"""`Layer`: one graph of a network, as compressed rows, frozen.

Made and held by `Network`; read by the kernels that walk over arcs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core import csr as graphs
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import edges


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Layer:
    """One graph of a network.

    Parameters
    ----------
    name : str
        Name of the channel or relation.
    indptr : (n + 1,) int64 array
        Row starts: the word of ``u`` reaches ``indices[indptr[u]:indptr[u + 1]]``.
    indices : (arcs,) int32 array
        Those reached, ascending within a row.
    weights : (arcs,) float32 array, optional
        A number per arc, finite and at least 0.
    directed : bool
        False: mutual ties, each held as two arcs.

    Raises
    ------
    KoubeiError
        If the arrays are no compressed rows.  (`check` also tests that ties are mutual.)
    """

    name: str
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    weights: NDArray[np.float32] | None = None
    directed: bool = True

    def __post_init__(self) -> None:
        """Refuse arrays that are no compressed rows, and lock the others."""
        where = f"layer {self.name}"
        indptr = np.ascontiguousarray(self.indptr, dtype=np.int64)
        indices = np.ascontiguousarray(self.indices, dtype=np.int32)
        if indptr.ndim != 1 or indptr.size < 2:
            raise KoubeiError(
                where, "no people", got=f"indptr of shape {indptr.shape}", allowed="n + 1 starts"
            )
        if indptr[0] != 0 or indptr[-1] != indices.size:
            raise KoubeiError(
                where,
                "indptr does not fit indices",
                got=f"first {indptr[0]}, last {indptr[-1]}",
                allowed=f"first 0, last {indices.size}",
            )
        kind, row = graphs.first_fault(indptr, indices, indptr.size - 1)
        if kind:
            what = ("row start below the one before", "id out of range", "ids not ascending")[
                kind - 1
            ]
            raise KoubeiError(where, f"{what} in row {row}", fix="Network.from_edges")
        if self.weights is not None:
            weights = edges.checked_weights(self.weights, indices.size, where)
            object.__setattr__(self, "weights", edges.frozen(weights))
        object.__setattr__(self, "indptr", edges.frozen(indptr))
        object.__setattr__(self, "indices", edges.frozen(indices))

    @property
    def n_nodes(self) -> int:
        """Number of people."""
        return self.indptr.size - 1

    @property
    def n_arcs(self) -> int:
        """Number of arcs (a mutual tie counts twice)."""
        return self.indices.size

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return (
            self.indptr.nbytes
            + self.indices.nbytes
            + (0 if self.weights is None else self.weights.nbytes)
        )

    def degrees(self, direction: str = "out") -> NDArray[np.int64]:
        """Return the number of arcs out of (or ``"in"`` to) each person, int64 (n,)."""
        if direction == "out":
            return np.diff(self.indptr)
        if direction == "in":
            return np.bincount(self.indices, minlength=self.n_nodes).astype(np.int64, copy=False)
        raise KoubeiError("direction", "unknown", got=direction, allowed="'out', 'in'")

    def heard_by(self, node: int) -> NDArray[np.int32]:
        """Return those whom the word of `node` reaches (a read-only view)."""
        if not 0 <= node < self.n_nodes:
            raise KoubeiError("node", "out of range", got=node, allowed=f"0..{self.n_nodes - 1}")
        return self.indices[self.indptr[node] : self.indptr[node + 1]]

    def reverse(self) -> Layer:
        """Return the layer with every arc turned round (a mutual layer is returned as it is)."""
        if not self.directed:
            return self
        indptr = np.zeros(self.n_nodes + 1, dtype=np.int64)
        graphs.count_targets(self.indices, indptr)
        graphs.prefix_sum(indptr)
        indices = np.empty(self.n_arcs, dtype=np.int32)
        given = np.empty(0, dtype=np.float32) if self.weights is None else self.weights
        weights = np.empty(given.size, dtype=np.float32)
        graphs.transpose(self.indptr, self.indices, given, indptr[:-1].copy(), indices, weights)
        return replace(
            self, indptr=indptr, indices=indices, weights=None if self.weights is None else weights
        )

    def sources(self) -> NDArray[np.int32]:
        """Return the start of every arc, int32 (arcs,), beside `indices`."""
        return np.repeat(np.arange(self.n_nodes, dtype=np.int32), np.diff(self.indptr))

    def check(self) -> None:
        """Raise `KoubeiError` if a layer said to be mutual has an arc without its return."""
        if not self.directed:
            row = graphs.first_one_way(self.indptr, self.indices)
            if row >= 0:
                raise KoubeiError(
                    f"layer {self.name}",
                    f"an arc out of {row} has no arc back",
                    fix="directed=True",
                )

    def __repr__(self) -> str:
        """Say name, size and kind."""
        kind = "directed" if self.directed else "mutual"
        weighted = ", weighted" if self.weights is not None else ""
        return f"Layer({self.name!r}, {self.n_nodes} people, {self.n_arcs} arcs, {kind}{weighted})"

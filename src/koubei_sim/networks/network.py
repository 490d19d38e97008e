"""`Network`: who hears whom, as compressed rows, frozen.

An arc ``u -> v`` means that the word of ``u`` reaches ``v``.  A layer is one channel's graph; the
layers of a network lie over the same people.  Made by `Network.from_edges`, by the generators,
the readers and `as_network`; read by `build`, the cascade engine, seeding and plots.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim import checks
from koubei_sim.checks import Naming
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import html_look, html_table, wrapped
from koubei_sim.networks import edges, labelling
from koubei_sim.networks.layer import Layer, union_rows


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Network:
    """People and the layers of ties among them.

    Parameters
    ----------
    layers : sequence of Layer
        At least one, all over the same people, each with a name of its own.
    labels : (n,) int64 or str array, optional
        What the people were called where the graph came from, all different.
    notes : mapping, optional
        Remarks on how it was made; `from_edges` counts what it dropped and merged here.

    Examples
    --------
    >>> net = Network.from_edges([0, 0, 2], [1, 2, 1], n=4)
    >>> net
    Network(4 people; ties: 3 arcs, directed)
    >>> net.layer().heard_by(0).tolist()
    [1, 2]
    """

    layers: tuple[Layer, ...]
    labels: NDArray[Any] | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse layers that do not fit together."""
        layers = tuple(self.layers)
        if not layers:
            raise KoubeiError("layers", "none given", allowed="one or more")
        for number, layer in enumerate(layers):
            if not isinstance(layer, Layer):
                raise KoubeiError("layers", "not a Layer", got=type(layer).__name__)
            if layer.n_nodes != layers[0].n_nodes:
                raise KoubeiError(
                    f"layer {layer.name}",
                    "covers other people",
                    got=layer.n_nodes,
                    allowed=str(layers[0].n_nodes),
                )
            if layer.name in {other.name for other in layers[:number]}:
                raise KoubeiError("layers", "two have the same name", got=layer.name)
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "notes", dict(self.notes))
        if self.labels is not None:
            labels = labelling.checked_labels(self.labels, layers[0].n_nodes)
            object.__setattr__(self, "labels", edges.frozen(labels))

    @classmethod
    def from_edges(
        cls,
        src: ArrayLike,
        dst: ArrayLike,
        n: int | None = None,
        weight: ArrayLike | None = None,
        directed: bool = True,
        labels: ArrayLike | str | None = None,
        self_loops: Literal["drop", "error"] = "drop",
        parallel: Literal["merge", "keep", "error"] = "merge",
        name: str = "ties",
        *,
        merge: str | None = None,
    ) -> Network:
        """Build a network of one layer from a list of edges.

        Parameters
        ----------
        src, dst : (m,) arrays of int
            Ends of the edges; the word of ``src[e]`` reaches ``dst[e]``.
        n : int, optional
            Number of people, at least 1; ids are then the rows 0 to n - 1.  Where it is not given
            and some number below the largest id does not occur, nobody is made up: the ids are
            labels, and ``notes["read"]`` says so.
        weight : (m,) array, optional
            Finite, at least 0; kept as float32.
        directed : bool
            False: each edge makes two arcs.
        labels : "auto", (n,) array or None
            None: ids are rows (see `n`).  "auto": ids are names of any kind (sparse
            numbers, strings), numbered in ascending order and kept as labels.  An array: the
            name of each number.
        self_loops : {"drop", "error"}
            What to do with edges from a person to itself.
        parallel : {"merge", "keep", "error"}
            What to do with repeated arcs; merging goes by `merge`.  In a mutual graph ``u v`` and
            ``v u`` are the same tie.
        name : str
            Name of the layer.
        merge : {None, "add", "probability", "first", "last", "largest"}
            The weight of repeated arcs: their sum (counts), ``1 - (1 - p) (1 - p')``
            (probabilities), or one of them.  None adds those of one direction; a mutual tie
            listed in both directions is one tie of that weight, and refused where the two
            weights differ.  The other words take all lines of a mutual tie together, except in a
            list that is symmetric as a whole (a matrix written out), where each tie stands twice.

        Returns
        -------
        Network
            Its `notes` hold ``self_loops_dropped`` and ``parallel_merged`` (edges as given).

        Raises
        ------
        KoubeiError
            Unequal lengths; ids that are negative, too large, not whole or not numbers; n = 0.

        Examples
        --------
        >>> net = Network.from_edges(["b", "a"], ["a", "c"], labels="auto")
        >>> net.labels.tolist(), net.layer().heard_by(1).tolist()
        (['a', 'b', 'c'], [0])
        """
        if n is not None:
            n = edges.checked_count(n)
        directed = checks.yes_no("directed", directed)
        src, dst, n, found = labelling.with_labels(src, dst, n, labels)
        rows, notes = edges.compressed_rows(
            src, dst, n, weight, directed, self_loops, parallel, merge, found
        )
        layer = Layer(name, rows[0], rows[1], rows[2], directed)
        if labels is None and found is not None:
            notes["read"] = labelling.told(found)
        return cls((layer,), found, notes)

    @classmethod
    def stack(cls, networks: Mapping[str, Network]) -> Network:
        """Lay networks of one layer each over each other.

        Examples
        --------
        >>> a = Network.from_edges([0], [1], n=3)
        >>> b = Network.from_edges([1], [2], n=3, directed=False)
        >>> Network.stack({"weibo": a, "wechat": b})
        Network(3 people; weibo: 1 arcs, directed; wechat: 2 arcs, mutual)
        """
        if not networks:
            raise KoubeiError("stack", "no networks given", allowed="one or more")
        layers, notes = [], {}
        labels = None
        for name, network in networks.items():
            layers.append(replace(network.layer(), name=name))
            notes[name] = dict(network.notes)
            if network.labels is not None:
                if labels is not None and not np.array_equal(labels, network.labels):
                    raise KoubeiError(f"stack.{name}", "labels differ from those of another layer")
                labels = network.labels
        return cls(tuple(layers), labels, notes)

    @property
    def n_nodes(self) -> int:
        """Number of people."""
        return self.layers[0].n_nodes

    @property
    def n_arcs(self) -> int:
        """Number of arcs of all layers (a mutual tie counts twice)."""
        return sum(layer.n_arcs for layer in self.layers)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(layer.nbytes for layer in self.layers) + (
            0 if self.labels is None else self.labels.nbytes
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the layers."""
        return tuple(layer.name for layer in self.layers)

    def layer(self, name: str | None = None) -> Layer:
        """Return the layer of that name; without a name, the only layer."""
        if name is None:
            if len(self.layers) == 1:
                return self.layers[0]
            raise KoubeiError("layer", "several, say which", allowed=", ".join(self.names))
        checks.one_of("layer", name, self.names)
        return self.layers[self.names.index(name)]

    def degrees(self, layer: str | None = None, direction: str = "out") -> NDArray[np.int64]:
        """Return the number of arcs out of (or ``"in"`` to) each person, int64 (n,)."""
        return self.layer(layer).degrees(direction)

    def reverse(self) -> Network:
        """Return the network with every directed arc turned round."""
        return replace(self, layers=tuple(layer.reverse() for layer in self.layers))

    def index_of(
        self, people: ArrayLike, *, by: Naming = "label", where: str = "index_of"
    ) -> NDArray[np.int64]:
        """Return the rows of people as the user names them (int64, same shape).

        Parameters
        ----------
        people : array of int or str
            Labels where the network has labels, else rows 0..n-1.
        by : {"label", "row"}
            "row": `people` are rows although there are labels.
        where : str
            How a refusal calls the argument.

        Raises
        ------
        KoubeiError
            Somebody who is not in the network.

        Examples
        --------
        >>> net = Network.from_edges([20], [10], labels="auto")
        >>> net.index_of([10, 20]).tolist(), net.index_of([1], by="row").tolist()
        ([0, 1], [1])
        """
        checks.word("by", by, ("label", "row"))
        labels = self.labels if by == "label" else None
        return labelling.index_of(labels, self.n_nodes, people, where)

    def people(self, rows: ArrayLike) -> NDArray[Any]:
        """Return what the people at these rows are called: labels, or rows where there are none.

        Examples
        --------
        >>> Network.from_edges([20], [10], labels="auto").people([1]).tolist()
        [20]
        """
        found = labelling.rows_in(rows, self.n_nodes)
        return found if self.labels is None else self.labels[found]

    def arcs(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the two ends of every arc as people are called, in the order of the network.

        This is the order in which arrays of values per arc are taken: by row of the source, then
        by layer, then by row of the target.  A mutual tie is two arcs.

        Returns
        -------
        (arcs,) array, (arcs,) array
            Source and target: labels where there are labels, else rows.

        Examples
        --------
        >>> net = Network.from_edges(["b", "a"], ["a", "c"], labels="auto")
        >>> [ends.tolist() for ends in net.arcs()]
        [['a', 'b'], ['c', 'a']]
        """
        rows = union_rows(self)
        sources = np.repeat(np.arange(self.n_nodes), np.diff(rows.indptr))
        return self.people(sources), self.people(rows.indices)

    def subgraph(self, nodes: ArrayLike, *, by: Naming = "label") -> Network:
        """Return some people (as for `index_of`, or a mask of length n) and the ties among them.

        They are numbered in the order given; their labels (or old rows) are their labels.

        Examples
        --------
        >>> net = Network.from_edges(["li", "li"], ["wu", "zhao"], labels="auto")
        >>> net.subgraph(["zhao", "li"]).labels.tolist()
        ['zhao', 'li']
        """
        chosen = np.asarray(nodes)
        if chosen.dtype == bool:
            checks.word("by", by, ("label", "row"))
            if chosen.shape != (self.n_nodes,):
                raise KoubeiError(
                    "nodes",
                    "mask of a wrong length",
                    got=f"shape {chosen.shape}",
                    allowed=f"({self.n_nodes},)",
                )
            chosen = np.flatnonzero(chosen)
        else:
            chosen = self.index_of(nodes, by=by, where="nodes")
        chosen = edges.checked_ids(chosen, "nodes", self.n_nodes)
        if chosen.size == 0:
            raise KoubeiError("nodes", "nobody chosen", allowed="one or more")
        new = np.full(self.n_nodes, -1, dtype=np.int32)
        new[chosen] = np.arange(chosen.size, dtype=np.int32)
        if np.count_nonzero(new >= 0) != chosen.size:
            raise KoubeiError("nodes", "somebody chosen twice")
        labels = chosen.astype(np.int64) if self.labels is None else self.labels[chosen]
        return self._renumbered(new, chosen.size, labels)

    def relabel(self, permutation: ArrayLike) -> Network:
        """Return the same network with person ``i`` renumbered ``permutation[i]``."""
        n = self.n_nodes
        new = edges.checked_ids(permutation, "permutation", n)
        if new.size != n or np.bincount(new, minlength=n).max() > 1:
            raise KoubeiError(
                "permutation", "not each number once", allowed=f"0..{n - 1} in any order"
            )
        labels = self.labels
        if labels is not None:
            labels = np.empty_like(labels)
            labels[new] = self.labels
        return self._renumbered(new, n, labels)

    def _renumbered(self, new: NDArray[np.int32], n: int, labels: NDArray[Any] | None) -> Network:
        """Return the network of those with ``new >= 0``, renumbered; parallel arcs stay."""
        layers = []
        for layer in self.layers:
            src, dst, weight = new[layer.sources()], new[layer.indices], layer.weights
            kept = (src >= 0) & (dst >= 0)
            if not kept.all():
                src, dst = src[kept], dst[kept]
                weight = None if weight is None else weight[kept]
            # Both arcs of a mutual tie are listed, so they are sorted as if directed.
            rows, _ = edges.sorted_rows(src, dst, n, weight, True, parallel="keep")
            layers.append(replace(layer, indptr=rows[0], indices=rows[1], weights=rows[2]))
        return replace(self, layers=tuple(layers), labels=labels)

    def check(self) -> None:
        """Raise `KoubeiError` if a mutual layer is not mutual."""
        for layer in self.layers:
            layer.check()

    def __repr__(self) -> str:
        """Say the size and the layers."""
        parts = [
            f"{layer.name}: {layer.n_arcs} arcs, {'directed' if layer.directed else 'mutual'}"
            + (", weighted" if layer.weights is not None else "")
            for layer in self.layers
        ]
        return wrapped(f"Network({self.n_nodes} people; {'; '.join(parts)})")

    def _repr_html_(self) -> str:
        rows = [
            (
                layer.name,
                f"{layer.n_arcs:,}",
                f"{layer.n_arcs / layer.n_nodes:.2f}",
                "directed" if layer.directed else "mutual",
            )
            for layer in self.layers
        ]
        line = f"{self.n_nodes:,} people, {self.nbytes / 2**20:.1f} MiB"
        return html_look(
            "Network", [line], html_table(["layer", "arcs", "mean degree", "kind"], rows)
        )


def one_layer(
    name: str,
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    directed: bool,
    notes: Mapping[str, Any],
) -> Network:
    """Wrap the rows that a generator made."""
    return Network((Layer(name, indptr, indices, None, directed),), None, notes)

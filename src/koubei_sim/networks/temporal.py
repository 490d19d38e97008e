"""`TemporalNetwork`: contacts with time stamps, in the order in which they happened.

Where a `Network` says who could hear whom, this says when they did meet: a cascade on it can only
follow contacts forward in time.  Made by `TemporalNetwork.from_contacts` and `read_contacts`; read
by the cascade engine.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.networks import edges, labelling
from koubei_sim.networks.network import Layer, Network

EXACT = 2**53  # whole numbers up to this are held exactly by a float64


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TemporalNetwork:
    """People and their contacts, ordered by time.

    Parameters
    ----------
    n_nodes : int
        Number of people.
    source, target : (m,) int32 array
        In contact ``c`` the word of ``source[c]`` reaches ``target[c]``.
    time : (m,) float64 array
        When, ascending and finite; in any unit.
    weights : (m,) float32 array, optional
        A number per contact, finite and at least 0.
    directed : bool
        False: mutual contacts, each held as two in a row at the same time.
    labels : (n,) int64 or str array, optional
        What the people were called where the contacts came from, all different.
    notes : mapping, optional
        Remarks on how it was made; `from_contacts` counts what it dropped here.

    Raises
    ------
    KoubeiError
        If the arrays do not fit together or are not in order of time.

    Examples
    --------
    >>> met = TemporalNetwork.from_contacts([0, 1, 0], [1, 2, 2], [5.0, 9.0, 1.0])
    >>> met
    TemporalNetwork(3 people; 3 contacts from 1 to 9, directed)
    >>> met.source.tolist(), met.target.tolist()
    ([0, 0, 1], [2, 1, 2])
    """

    n_nodes: int
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    time: NDArray[np.float64]
    weights: NDArray[np.float32] | None = None
    directed: bool = True
    labels: NDArray[Any] | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together, and lock the others."""
        n = edges.checked_count(self.n_nodes)
        source = edges.checked_ids(self.source, "source", n)
        target = edges.checked_ids(self.target, "target", n)
        time = checked_times(self.time)
        if not source.size == target.size == time.size:
            raise KoubeiError(
                "source, target, time",
                "lengths differ",
                got=f"{source.size}, {target.size} and {time.size}",
                allowed="equal",
            )
        back = np.flatnonzero(time[1:] < time[:-1])
        if back.size:
            raise KoubeiError(
                f"time[{back[0] + 1}]",
                "earlier than the contact before",
                got=float(time[back[0] + 1]),
                fix="TemporalNetwork.from_contacts",
            )
        object.__setattr__(self, "n_nodes", n)
        object.__setattr__(self, "source", edges.frozen(source))
        object.__setattr__(self, "target", edges.frozen(target))
        object.__setattr__(self, "time", edges.frozen(time))
        object.__setattr__(self, "notes", dict(self.notes))
        if self.weights is not None:
            weights = edges.checked_weights(self.weights, time.size, "contacts")
            object.__setattr__(self, "weights", edges.frozen(weights))
        if self.labels is not None:
            labels = labelling.checked_labels(self.labels, n)
            object.__setattr__(self, "labels", edges.frozen(labels))

    @classmethod
    def from_contacts(
        cls,
        src: ArrayLike,
        dst: ArrayLike,
        time: ArrayLike,
        n: int | None = None,
        directed: bool = True,
        labels: ArrayLike | str | None = None,
        weight: ArrayLike | None = None,
    ) -> TemporalNetwork:
        """Order a list of contacts by time.

        Contacts of one time stay in the order given.  A contact of a person with itself is
        dropped and counted in the notes; repeated contacts are all kept.

        Parameters
        ----------
        src, dst : (m,) arrays of int
            Who met whom; the word of ``src[e]`` reaches ``dst[e]``.
        time : (m,) array of numbers, or of datetime64
            When, finite; dates become seconds since the start of 1970.
        n : int, optional
            Number of people, at least 1; the largest id plus one where not given.
        directed : bool
            False: each contact makes two, there and then back, at the same time.
        labels : "auto", (n,) array or None
            As for `Network.from_edges`: "auto" takes ids of any kind as names.
        weight : (m,) array, optional
            Finite, at least 0; kept as float32.

        Returns
        -------
        TemporalNetwork

        Raises
        ------
        KoubeiError
            Unequal lengths; wrong ids, times or weights.

        Examples
        --------
        >>> met = TemporalNetwork.from_contacts(
        ...     ["li", "wang"], ["wang", "zhao"], [2, 1], directed=False, labels="auto"
        ... )
        >>> met.labels.tolist(), met.source.tolist(), met.target.tolist(), met.time.tolist()
        (['li', 'wang', 'zhao'], [1, 2, 0, 1], [2, 1, 1, 0], [1.0, 1.0, 2.0, 2.0])
        """
        if n is not None:
            n = edges.checked_count(n)
        src, dst, n, names = labelling.with_labels(src, dst, n, labels)
        first, second = edges.checked_ids(src, "src", n), edges.checked_ids(dst, "dst", n)
        when = checked_times(time)
        if not first.size == second.size == when.size:
            raise KoubeiError(
                "src, dst, time",
                "lengths differ",
                got=f"{first.size}, {second.size} and {when.size}",
                allowed="equal",
            )
        if n is None:
            if first.size == 0:
                raise KoubeiError("n", "no contacts and no number of people", fix="n=1 or more")
            n = int(max(first.max(), second.max())) + 1
        weights = None if weight is None else edges.checked_weights(weight, when.size, "contacts")
        kept = first != second
        dropped = int(kept.size - np.count_nonzero(kept))
        chosen: Any = slice(None)
        if np.any(when[1:] < when[:-1]):
            chosen = np.argsort(when, kind="stable")
            chosen = chosen[kept[chosen]] if dropped else chosen
        elif dropped:
            chosen = kept
        first, second, when = first[chosen], second[chosen], when[chosen]
        weights = None if weights is None else weights[chosen]
        if not directed:
            first, second = _woven(first, second), _woven(second, first)
            when = np.repeat(when, 2)
            weights = None if weights is None else np.repeat(weights, 2)
        notes = {"self_contacts_dropped": dropped}
        return cls(n, first, second, when, weights, bool(directed), names, notes)

    @property
    def n_contacts(self) -> int:
        """Number of contacts (a mutual one counts twice)."""
        return self.time.size

    @property
    def start(self) -> float:
        """Time of the first contact; nan where there is none."""
        return float(self.time[0]) if self.time.size else math.nan

    @property
    def end(self) -> float:
        """Time of the last contact; nan where there is none."""
        return float(self.time[-1]) if self.time.size else math.nan

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        arrays = (self.source, self.target, self.time, self.weights, self.labels)
        return sum(array.nbytes for array in arrays if array is not None)

    def index_of(self, labels: ArrayLike) -> NDArray[np.int64]:
        """Return the numbers of the people with these labels (int64, same shape)."""
        return labelling.index_of(self.labels, self.n_nodes, labels)

    def window(self, a: float | None = None, b: float | None = None) -> TemporalNetwork:
        """Return the contacts with ``a <= time < b`` among the same people (no copy).

        None leaves that side open.  Neighbouring windows share no contact.

        Examples
        --------
        >>> met = TemporalNetwork.from_contacts([0, 1, 0], [1, 2, 2], [1, 2, 3])
        >>> met.window(2, 3)
        TemporalNetwork(3 people; 1 contacts from 2 to 2, directed)
        """
        for name, bound in (("a", a), ("b", b)):
            if bound is not None and math.isnan(bound):
                raise KoubeiError(f"window.{name}", "not a time", got=bound)
        if a is not None and b is not None and a > b:
            raise KoubeiError("window", "ends before it starts", got=f"{a:g} to {b:g}")
        lo = 0 if a is None else int(np.searchsorted(self.time, a))
        hi = self.time.size if b is None else int(np.searchsorted(self.time, b))
        return replace(
            self,
            source=self.source[lo:hi],
            target=self.target[lo:hi],
            time=self.time[lo:hi],
            weights=None if self.weights is None else self.weights[lo:hi],
        )

    def aggregate(self, weight: str = "contacts", name: str = "contacts") -> Network:
        """Forget the times: one arc where there was contact, weighted.

        Parameters
        ----------
        weight : {"contacts", "sum"}
            The number of contacts, or the sum of their weights.
        name : str
            Name of the layer.

        Examples
        --------
        >>> met = TemporalNetwork.from_contacts([0, 0, 1], [1, 1, 2], [1, 2, 3])
        >>> met.aggregate().layer().weights.tolist()
        [2.0, 1.0]
        """
        if weight not in ("contacts", "sum"):
            raise KoubeiError("weight", "unknown", got=weight, allowed="'contacts', 'sum'")
        if weight == "sum" and self.weights is None:
            raise KoubeiError("weight", "these contacts have no weights", fix="'contacts'")
        each = self.weights if weight == "sum" else np.ones(self.n_contacts, dtype=np.float32)
        # Both directions of a mutual contact are listed, so it is sorted as if directed.
        rows, _ = edges.sorted_rows(self.source, self.target, self.n_nodes, each, True)
        layer = Layer(name, rows[0], rows[1], rows[2], self.directed)
        return Network((layer,), self.labels, self.notes)

    def reverse_time(self) -> TemporalNetwork:
        """Return the contacts in the opposite order, at times ``start + end - time``.

        Directions stay: it is the null model in which only the order of events is turned.

        Examples
        --------
        >>> met = TemporalNetwork.from_contacts([0, 1], [1, 2], [0, 3])
        >>> back = met.reverse_time()
        >>> back.source.tolist(), back.target.tolist(), back.time.tolist()
        ([1, 0], [2, 1], [0.0, 3.0])
        """
        turned = self.time[::-1]
        if turned.size:
            # Rounding may not move the ends, nor put any time outside them.
            turned = np.clip(self.start + (self.end - turned), self.start, self.end)
        return replace(
            self,
            source=np.ascontiguousarray(self.source[::-1]),
            target=np.ascontiguousarray(self.target[::-1]),
            time=turned,
            weights=None if self.weights is None else np.ascontiguousarray(self.weights[::-1]),
        )

    def _span(self) -> str:
        return f" from {self.start:.10g} to {self.end:.10g}" if self.time.size else ""

    def _kind(self) -> str:
        kind = "directed" if self.directed else "mutual"
        return kind + (", weighted" if self.weights is not None else "")

    def __repr__(self) -> str:
        """Say the size, the span of time and the kind."""
        return (
            f"TemporalNetwork({self.n_nodes} people; {self.n_contacts} contacts{self._span()}, "
            f"{self._kind()})"
        )

    def _repr_html_(self) -> str:
        return (
            f"<b>TemporalNetwork</b> {self.n_nodes:,} people, {self.nbytes / 2**20:.1f} MiB"
            "<table><tr><th>contacts</th><th>time</th><th>per person</th><th>kind</th></tr>"
            f"<tr><td>{self.n_contacts:,}</td><td>{html.escape(self._span().strip())}</td>"
            f"<td>{self.n_contacts / self.n_nodes:.2f}</td><td>{self._kind()}</td></tr></table>"
        )


def checked_times(values: ArrayLike) -> NDArray[np.float64]:
    """Return times as float64 (m,); refuse what is no time or would lose its last digits."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise KoubeiError("time", "not one list of times", got=f"shape {array.shape}")
    if array.dtype.kind == "M":
        array = (array - np.datetime64(0, "s")) / np.timedelta64(1, "s")
    elif array.size == 0:
        return np.empty(0, dtype=np.float64)
    elif array.dtype.kind in "iu":
        low, high = int(array.min()), int(array.max())
        if max(-low, high) > EXACT:
            raise KoubeiError(
                "time",
                "whole numbers too large to be held exactly",
                got=high if high > EXACT else low,
                allowed="-2^53..2^53",
                fix="time minus the first time",
            )
    elif array.dtype.kind != "f":
        raise KoubeiError("time", "times are not numbers", got=str(array.dtype))
    times = np.ascontiguousarray(array, dtype=np.float64)
    # The least and the largest show nan and infinity, without an array of tests.
    if times.size and not (np.isfinite(times.min()) and np.isfinite(times.max())):
        at = int(np.argmax(~np.isfinite(times)))
        raise KoubeiError(f"time[{at}]", "not finite", got=float(times[at]))
    return times


def _woven(there: NDArray[Any], back: NDArray[Any]) -> NDArray[Any]:
    """Return there[0], back[0], there[1], back[1], ..."""
    both = np.empty(2 * there.size, dtype=there.dtype)
    both[0::2], both[1::2] = there, back
    return both

"""`TemporalNetwork`: contacts with time stamps, in the order in which they happened.

Where a `Network` says who could hear whom, this says when they did meet: a cascade on it can only
follow contacts forward in time.  Made by `TemporalNetwork.from_contacts` and `read_contacts`; read
by the cascade engine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim import checks
from koubei_sim.checks import Naming
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import html_look, html_table, wrapped
from koubei_sim.networks import edges, labelling
from koubei_sim.networks.layer import Layer
from koubei_sim.networks.network import Network

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
        time : (m,) numbers, or dates of numpy, pandas, polars or `datetime`
            When, finite; dates become seconds since the start of 1970, those with a time zone by
            universal time, others as the clock showed.
        n : int, optional
            As for `Network.from_edges`: ids are then rows, and without it nobody is made up.
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
        directed = checks.yes_no("directed", directed)
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
        notes: dict[str, Any] = {"self_contacts_dropped": dropped}
        if (dates := kind_of_dates(time)) is not None:
            notes["dates"] = dates
        if labels is None and names is not None:
            notes["read"] = labelling.told(names)
        return cls(n, first, second, when, weights, directed, names, notes)

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

    def index_of(
        self, people: ArrayLike, *, by: Naming = "label", where: str = "index_of"
    ) -> NDArray[np.int64]:
        """Return the rows of people as the user names them, as `Network.index_of` does."""
        checks.word("by", by, ("label", "row"))
        labels = self.labels if by == "label" else None
        return labelling.index_of(labels, self.n_nodes, people, where)

    def people(self, rows: ArrayLike) -> NDArray[Any]:
        """Return what the people at these rows are called: labels, or rows without any."""
        found = labelling.rows_in(rows, self.n_nodes)
        return found if self.labels is None else self.labels[found]

    def window(self, a: Any = None, b: Any = None) -> TemporalNetwork:
        """Return the contacts with ``a <= time < b`` among the same people (no copy).

        Bounds are numbers in the unit of the times, or dates where the times were dates.  None
        leaves that side open.  Neighbouring windows share no contact.

        Examples
        --------
        >>> met = TemporalNetwork.from_contacts([0, 1, 0], [1, 2, 2], [1, 2, 3])
        >>> met.window(2, 3)
        TemporalNetwork(3 people; 1 contacts from 2 to 2, directed)
        """
        a, b = (
            None if bound is None else one_time(f"window.{name}", bound, self.notes.get("dates"))
            for name, bound in (("a", a), ("b", b))
        )
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

    def aggregate(
        self, weight: Literal["contacts", "sum"] = "contacts", name: str = "contacts"
    ) -> Network:
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
        return wrapped(
            f"TemporalNetwork({self.n_nodes} people; {self.n_contacts} contacts{self._span()}, "
            f"{self._kind()})"
        )

    def _repr_html_(self) -> str:
        each = f"{self.n_contacts / self.n_nodes:.2f}"
        row = (f"{self.n_contacts:,}", self._span().strip(), each, self._kind())
        line = f"{self.n_nodes:,} people, {self.nbytes / 2**20:.1f} MiB"
        table = html_table(["contacts", "time", "per person", "kind"], [row], left=0)
        return html_look("TemporalNetwork", [line], table)


def one_time(where: str, value: Any, dates: str | None = None) -> float:
    """Return a time as `checked_times` does; infinite ones too, which leave a side open."""
    if isinstance(value, date) or getattr(getattr(value, "dtype", None), "kind", "") == "M":
        zoned = "zoned" if getattr(value, "tzinfo", None) is not None else "plain"
        if dates is not None and zoned != dates:
            raise KoubeiError(
                where,
                "one of the contacts and this date has a time zone, the other has none",
                got=repr(value),
                fix="a date as those of the contacts",
            )
        return float(checked_times(as_dates([value]))[0])
    found = value.item() if hasattr(value, "item") and np.ndim(value) == 0 else value
    if isinstance(found, bool) or not isinstance(found, (int, float)) or math.isnan(found):
        raise KoubeiError(where, "not a time", got=repr(value), allowed="a number or a date")
    return float(found)


def kind_of_dates(values: Any) -> str | None:
    """Return "zoned" or "plain" for dates with and without a time zone; None for numbers."""
    dtype = getattr(values, "dtype", None)
    if getattr(dtype, "tz", None) is not None or getattr(dtype, "time_zone", None) is not None:
        return "zoned"
    array = np.asarray(values)
    if array.dtype.kind == "M":
        return "plain"
    if array.dtype.kind != "O" or not array.size or not isinstance(array.flat[0], date):
        return None
    return "plain" if getattr(array.flat[0], "tzinfo", None) is None else "zoned"


def as_dates(values: Any) -> Any:
    """Return dates of any kind as datetime64; what holds no dates comes back as it is.

    Examples
    --------
    >>> from datetime import datetime
    >>> as_dates([datetime(2012, 12, 15, 8)])
    array(['2012-12-15T08:00:00.000000'], dtype='datetime64[us]')
    """
    if getattr(getattr(values, "dtype", None), "tz", None) is not None:  # pandas
        return np.asarray(getattr(values, "dt", values).tz_convert(None))
    array = np.asarray(values)
    if array.dtype.kind != "O" or not array.size:
        return array
    dates = [
        isinstance(item, (date, np.datetime64)) and not labelling.is_missing(item)
        for item in array.flat
    ]
    if not any(dates):
        return array
    if not all(dates):
        at = dates.index(False)
        raise KoubeiError(f"time[{at}]", "not a date", got=repr(array.flat[at]))
    zones = {getattr(item, "tzinfo", None) is not None for item in array.flat}
    if len(zones) > 1:
        raise KoubeiError("time", "dates with and without a time zone", fix="one or the other")
    if True in zones:
        return np.array(
            [item.astimezone(UTC).replace(tzinfo=None) for item in array.flat], "datetime64[us]"
        )
    return np.array(array.tolist(), dtype="datetime64[us]")


def refuse_days(times: NDArray[Any], where: str, fix: str) -> None:
    """Refuse numbers that are days written as YYYYMMDD: between two of them lie 1 or 70 days."""
    if (
        times.dtype.kind not in "iuf"
        or times.size == 0
        or not 19e6 < float(times.min()) <= float(times.max()) < 22e6
    ):
        return
    rest = times % 10_000
    month, day = np.divmod(rest, 100)
    if bool(((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (day % 1 == 0)).all()):
        raise KoubeiError(
            where, "times look like days written as one number", got=int(times[0]), fix=fix
        )


def checked_times(values: Any) -> NDArray[np.float64]:
    """Return times as float64 (m,); refuse what is no time or would lose its last digits."""
    array = as_dates(values)
    if array.ndim != 1:
        raise KoubeiError("time", "not one list of times", got=f"shape {array.shape}")
    if array.dtype.kind == "O":
        array = labelling.numbers(array, "time")
    if array.dtype.kind == "M":
        array = (array - np.datetime64(0, "s")) / np.timedelta64(1, "s")
    elif array.size == 0:
        return np.empty(0, dtype=np.float64)
    elif array.dtype.kind in "iu":
        refuse_days(array, "time", "pandas.to_datetime([str(time) for time in times])")
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
        fix = "pandas.to_datetime(times)" if array.dtype.kind == "U" else None
        raise KoubeiError(
            "time", "times are neither numbers nor dates", got=str(array.dtype), fix=fix
        )
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

"""`Diffusion`: who adopted when, on which network, up to when each person was watched.

What a survey of villages, a log of an app or a simulated world looks like to an estimator.  Time
goes by periods (years, months, days): whoever adopts in a period sees what had happened before it.
Made by people, by `observe` from a simulated world, and by the readers; read by every estimator.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import wrapped
from koubei_sim.networks import Network, TemporalNetwork, as_network

#: The place of those who were not seen to adopt, beyond all periods.
NEVER: Final = np.iinfo(np.int64).max
#: What begins like a date: 2020-01-31, 31.1.2020, 1/31/20.
DATED: Final = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")


class Risk(NamedTuple):
    """A row for each person and period in which the person could have adopted.

    Parameters
    ----------
    person, period : (rows,) int64 arrays
        Row of the network; place of the period, from 0.
    adopted : (rows,) bool array
        Whether the person adopted in that period.
    """

    person: NDArray[np.int64]
    period: NDArray[np.int64]
    adopted: NDArray[np.bool_]


class Diffusion:
    """Who adopted when, on which network.

    Parameters
    ----------
    network : Network, TemporalNetwork, or a graph of another library
        An arc ``u -> v`` means that the word of u reaches v: where a survey says "A named B", the
        arc goes from B to A.
    times : (n,) array, or values keyed by people
        The period in which each adopted, whole numbers unless `period` is given; NaN, None or an
        empty cell for who did not.
    until : int or (n,) array, optional
        The last period in which each was watched; the largest of `times` unless given.  Adoptions
        after it are not seen: the person counts as not yet adopted then.  Where it is the own time
        of (nine in ten) adopters, who adopted in several periods (when each adopted or was lost),
        these count as watched to the last period of the record: what comes after is known.
    start : int, optional
        The first period of the record, the smallest of `times` unless given.  Who adopted before it
        is a seed: active from the start, never at risk.
    seeds : list of people, optional
        People who were made to adopt, whatever their time says: active from their time on (from the
        start where they have none), never at risk.
    entered : int or (n,) array, optional
        The first period in which each could have adopted (`start` unless given).
    groups : (n,) array or values keyed by people, optional
        Village, class, city, ...: of any kind.
    covariates, treatments : DataFrame, or mapping of name to (n,) values, optional
        What is known of people, numbers or words, not changed by adoption (a number measured after
        adoption tells nothing about its cause).  A frame is matched by its index where the index
        names people, else by order.
    kinds : (n,) array or values keyed by people, optional
        What each adopted, where there is a choice of products.
    period : float, optional
        Length of a period, where times are not whole numbers: ``floor((time - origin) / period)``.
    origin : float
        When period 0 begins, where `period` is given.

    Raises
    ------
    KoubeiError
        In one line: lengths, people or values that do not fit.

    Notes
    -----
    `at` holds the place of the adoption among the periods of the record: 0 .. ``periods - 1``, -1
    for those active from the start, `NEVER`.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> line = kb.Network.from_edges(["li", "wu"], ["wu", "he"], labels="auto")
    >>> d = kb.Diffusion(line, {"li": 1, "wu": 3, "he": None}, until=4)
    >>> d
    Diffusion(3 people, 2 adopted, periods 1..4, 1 group, 2 arcs)
    >>> d.risk().adopted.sum(), len(d.risk().person)
    (np.int64(2), 8)
    """

    def __init__(
        self,
        network: Any,
        times: Any,
        until: Any = None,
        *,
        start: int | None = None,
        seeds: Any = None,
        entered: Any = None,
        groups: Any = None,
        covariates: Any = None,
        treatments: Any = None,
        kinds: Any = None,
        period: float | None = None,
        origin: float = 0.0,
    ) -> None:
        known = isinstance(network, (Network, TemporalNetwork))
        self.network: Any = network if known else as_network(network)
        n, labels = self.network.n_nodes, self.network.labels
        if period is not None and isinstance(self.network, TemporalNetwork):
            raise KoubeiError("period", "contacts have times of their own", got=period,
                              allowed="whole periods, in the units of the contacts")  # fmt: skip
        given = times_of("times", times, n, labels, period, origin)
        seen = given[given != NEVER]
        first = int(seen.min()) if seen.size else 0
        self.start: int = first if start is None else checks.whole("start", start, -(2**40))
        last = int(seen.max()) if seen.size else self.start
        ends = whole_each("until", last if until is None else until, n, labels)
        if ends.size and int(ends.max()) < self.start:
            raise KoubeiError("until", "before the first period", got=int(ends.max()),
                              allowed=f"{self.start} or more")  # fmt: skip
        self.periods: int = int(ends.max()) - self.start + 1
        if self.periods > 100_000:
            raise KoubeiError("times", "too many periods", got=self.periods,
                              allowed="100000 or fewer", fix="a longer period=")  # fmt: skip
        self.until: NDArray[np.int64] = ends - self.start
        opens = self.start if entered is None else entered
        self.entered: NDArray[np.int64] = np.maximum(
            whole_each("entered", opens, n, labels) - self.start, 0
        )
        place = np.where(given == NEVER, NEVER, given - self.start)
        at = np.where(place > self.until, NEVER, np.maximum(place, -1))
        self.seeded: NDArray[np.bool_] = at == -1
        if seeds is not None:
            chosen = checks.rows_of("seeds", seeds, n, labels)
            at[chosen] = np.where(given[chosen] == NEVER, -1, at[chosen])
            self.seeded[chosen] = True
        self.at: NDArray[np.int64] = at
        # A column of when each adopted or was lost is no end of a watch for those who adopted.
        own = (at != NEVER) & (at >= 0) & ~self.seeded
        each_own = np.ndim(until) > 0 or isinstance(until, Mapping)
        each_own = each_own and bool(own.any()) and bool(np.ptp(at[own]) > 0)
        if each_own and (self.until[own] == at[own]).mean() >= 0.9:
            self.until[(at != NEVER) & (self.until <= at)] = self.periods - 1
        self.groups, self.group = groups_of("groups", groups, n, labels)
        self.covariates = columns_of("covariates", covariates, n, labels)
        self.treatments = columns_of("treatments", treatments, n, labels)
        for name in self.treatments:
            if name in self.covariates:
                raise KoubeiError(f"treatments.{name}", "a covariate too", fix="another name")
        self.kind_names: list[Any] = []
        self.kind: NDArray[np.int64] | None = None
        if kinds is not None:
            self.kind_names, self.kind = groups_of("kinds", kinds, n, labels, missing=at == NEVER)

    @property
    def n(self) -> int:
        """Number of people."""
        return int(self.network.n_nodes)

    @property
    def adopted(self) -> NDArray[np.bool_]:
        """Who was seen to have adopted, seeds among them."""
        return np.asarray(self.at != NEVER)

    @property
    def times(self) -> NDArray[np.float64]:
        """The period of adoption of each person; NaN where none was seen."""
        found = np.full(self.n, np.nan)
        found[self.adopted] = self.at[self.adopted] + self.start
        return found

    def _given(self) -> NDArray[np.float64]:
        """Return times as they can be given again: of seeds beyond the record, far beyond it."""
        found = self.times
        found[self.seeded & ~self.adopted] = 2.0**39
        return found

    def risk(self, kind: Any = None) -> Risk:
        """Return a row for each person and period at risk.

        Parameters
        ----------
        kind : optional
            Adoptions of this product only; who takes another one is watched until then.
        """
        last = np.minimum(self.at, self.until)
        last = np.where(self.seeded, -1, last)
        count = np.maximum(last - self.entered + 1, 0)
        person = np.repeat(np.arange(self.n), count)
        begins = np.cumsum(count) - count
        period = np.arange(person.size) - np.repeat(begins, count) + self.entered[person]
        event = self.at[person] == period
        if kind is not None:
            event &= self.kind_of(kind)[person]
        return Risk(person, period, event)

    def kind_of(self, kind: Any) -> NDArray[np.bool_]:
        """Return who adopted one of the products."""
        if self.kind is None:
            raise KoubeiError("kind", "the record does not say what was adopted", got=kind)
        names = [str(name) for name in self.kind_names]
        checks.word("kind", str(kind), names)
        return np.asarray((self.kind == names.index(str(kind))) & self.adopted)

    def curve(self) -> NDArray[np.int64]:
        """Return the number of adoptions in each period (periods,), seeds of the start left out."""
        seen = self.at[self.adopted & (self.at >= 0)]
        return np.bincount(seen, minlength=self.periods).astype(np.int64)

    def replace(self, **changed: Any) -> Diffusion:
        """Return the record with other arguments; people and groups by row.

        Examples
        --------
        >>> import koubei_sim as kb
        >>> d = kb.Diffusion(kb.Network.from_edges([0, 1], [1, 2]), [0, 1, None], until=3)
        >>> d.replace(until=0).curve().tolist()
        [1]
        """
        now: dict[str, Any] = {
            "network": self.network,
            "times": self._given(),
            "until": self.until + self.start,
            "start": self.start,
            "entered": self.entered + self.start,
            "groups": [self.groups[code] for code in self.group],
            "covariates": self.covariates,
            "treatments": self.treatments,
            "kinds": None if self.kind is None else self.named_kinds(),
        }
        if self.seeded.any():
            now["seeds"] = self.network.people(np.flatnonzero(self.seeded))
        return Diffusion(**(now | changed))

    def named_kinds(self) -> list[Any]:
        """Return what each adopted, None for those who did not."""
        if self.kind is None:
            return [None] * self.n
        return [None if code < 0 else self.kind_names[code] for code in self.kind.tolist()]

    def people(self, rows: Any) -> Diffusion:
        """Return the record of some people, by row (numbers or a mask), and the ties among them.

        They keep their names; without names, their rows become their names.
        """
        chosen = np.asarray(rows)
        chosen = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else np.sort(chosen)
        names = self.network.people(chosen)
        return Diffusion(
            among(self.network, chosen),
            self._given()[chosen],
            self.until[chosen] + self.start,
            start=self.start,
            seeds=names[self.seeded[chosen]],
            entered=self.entered[chosen] + self.start,
            groups=[self.groups[code] for code in self.group[chosen]],
            covariates={name: column[chosen] for name, column in self.covariates.items()},
            treatments={name: column[chosen] for name, column in self.treatments.items()},
            kinds=None if self.kind is None else [self.named_kinds()[row] for row in chosen],
        )

    def __repr__(self) -> str:
        """Say how many, when, and on what."""
        arcs = getattr(self.network, "n_arcs", None)
        ties = f"{arcs} arcs" if arcs is not None else f"{self.network.n_contacts} contacts"
        groups = "1 group" if len(self.groups) == 1 else f"{len(self.groups)} groups"
        return wrapped(
            f"Diffusion({self.n} people, {int(self.adopted.sum())} adopted, periods {self.start}.."
            f"{self.start + self.periods - 1}, {groups}, {ties})"
        )


# What is given, in the order of rows ------------------------------------------------------------


def each(where: str, values: Any, n: int, labels: NDArray[Any] | None) -> NDArray[Any]:
    """Return one value a person in the order of the rows, of any kind."""
    named = checks.by_name(where, values)
    if named is not None:
        if getattr(values, "index", None) is not None and in_order(named, n, labels):
            named = None
        else:
            return checks.aligned(where, named, n, labels)
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
        raise KoubeiError(where, "not one value a person", got=repr(values))
    listed = values.to_numpy() if hasattr(values, "to_numpy") else values
    found = np.asarray(listed if isinstance(listed, np.ndarray) else list(listed))
    if found.shape != (n,):
        raise KoubeiError(
            where, "not one value a person", got=f"shape {found.shape}", allowed=f"({n},)"
        )
    return found


def in_order(named: Mapping[Any, Any], n: int, labels: NDArray[Any] | None) -> bool:
    """Whether an index counts rows although people have other names."""
    return labels is not None and list(named) == list(range(n)) and labels.dtype.kind == "U"


def times_of(
    where: str,
    values: Any,
    n: int,
    labels: NDArray[Any] | None,
    period: float | None,
    origin: float,
) -> NDArray[np.int64]:
    """Return the period of each adoption, `NEVER` where there is none."""
    found = each(where, values, n, labels)
    if found.dtype.kind == "M":
        raise KoubeiError(where, "dates, not periods", fix="days since the first one")
    if found.dtype.kind == "b":
        raise KoubeiError(where, "yes or no, not when", got=repr(found[0]))
    try:
        numbers = np.array([np.nan if _empty(one) else float(one) for one in found.tolist()])
    except (TypeError, ValueError):
        wrong = next(one for one in found.tolist() if not _number(one))
        fix = "days since the first one" if DATED.match(str(wrong)) else None
        raise KoubeiError(where, "not a time", got=repr(wrong), fix=fix) from None
    seen = np.isfinite(numbers)
    if np.isinf(numbers[~seen]).any():
        numbers[np.isposinf(numbers)] = np.nan
        if np.isinf(numbers).any():
            raise KoubeiError(where, "not a time", got="-inf")
    if period is not None:
        width = checks.positive("period", period)
        numbers = np.floor((numbers - checks.number("origin", origin)) / width)
    elif (numbers[seen] != np.floor(numbers[seen])).any():
        odd = numbers[seen][numbers[seen] != np.floor(numbers[seen])][0]
        raise KoubeiError(where, "not a whole number of periods", got=float(odd), fix="period=1.0")
    if seen.any() and np.abs(numbers[seen]).max() > 2.0**40:
        raise KoubeiError(where, "too large", got=float(np.abs(numbers[seen]).max()))
    out = np.full(n, NEVER)
    out[seen] = numbers[seen].astype(np.int64)
    return out


def _empty(one: Any) -> bool:
    if one is None or type(one).__name__ in ("NAType", "NaTType"):  # pandas' own compare to neither
        return True
    return bool(one != one) or one == ""


def _number(one: Any) -> bool:
    if _empty(one):
        return True
    try:
        float(one)
    except (TypeError, ValueError):
        return False
    return True


def whole_each(where: str, value: Any, n: int, labels: NDArray[Any] | None) -> NDArray[np.int64]:
    """Return a whole number for each person."""
    if np.ndim(value) == 0 and not isinstance(value, Mapping):
        return np.full(n, checks.whole(where, value, -(2**40), 2**40), np.int64)
    found = each(where, value, n, labels)
    if found.dtype.kind not in "iuf" or not np.array_equal(found, np.floor(found)):
        raise KoubeiError(where, "not whole numbers", got=repr(found.tolist()[:1]))
    far = ~(np.abs(found.astype(np.float64)) <= 2.0**40)
    if far.any():
        raise KoubeiError(where, "out of range", got=found[far][0].item(), allowed="up to 2^40")
    return found.astype(np.int64)


def groups_of(
    where: str,
    values: Any,
    n: int,
    labels: NDArray[Any] | None,
    missing: NDArray[np.bool_] | None = None,
) -> tuple[list[Any], NDArray[np.int64]]:
    """Return the groups there are, sorted, and the place of that of each person (-1: missing)."""
    if values is None:
        return ["all"], np.zeros(n, np.int64)
    found = each(where, values, n, labels).tolist()
    names: set[Any] = set()
    for row, one in enumerate(found):
        if _empty(one):
            if missing is None or not missing[row]:
                who = row if labels is None else labels[row]
                raise KoubeiError(where, "no value for a person", got=repr(np.asarray(who).item()))
        elif missing is None or not missing[row]:
            names.add(one)
    try:
        order = sorted(names)
    except TypeError:
        order = sorted(names, key=str)
    place = {name: code for code, name in enumerate(order)}
    out = missing is not None
    return order, np.array(
        [-1 if out and missing is not None and missing[row] else place[one]
         for row, one in enumerate(found)], np.int64,
    )  # fmt: skip


def columns_of(
    where: str, given: Any, n: int, labels: NDArray[Any] | None
) -> dict[str, NDArray[Any]]:
    """Return what is known of people, a column each: float64, or words."""
    if given is None:
        return {}
    if hasattr(given, "columns"):
        given = {str(name): given[name] for name in given.columns}
    if not isinstance(given, Mapping):
        raise KoubeiError(where, "neither a table nor columns by name", got=type(given).__name__)
    found = {}
    for name, values in given.items():
        column = each(f"{where}.{name}", values, n, labels)
        if column.dtype.kind in "biuf":
            column = column.astype(np.float64)
            bad = ~np.isfinite(column)
        else:
            bad = np.array([_empty(one) for one in column.tolist()])
            if not bad.any() and all(_number(one) for one in column.tolist()):
                column = np.array([float(one) for one in column.tolist()])
            elif not bad.any():
                column = np.array([str(one) for one in column.tolist()])
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            who = row if labels is None else labels[row]
            raise KoubeiError(
                f"{where}.{name}", "no value for a person", got=repr(np.asarray(who).item()),
                fix="a value for everybody, or leave the column out",
            )  # fmt: skip
        found[str(name)] = column
    return found


def among(network: Any, rows: NDArray[np.int64]) -> Any:
    """Return the network among some people, numbered anew in their order."""
    if isinstance(network, Network):
        return network.subgraph(rows, by="row")
    place = np.full(network.n_nodes, -1, np.int64)
    place[rows] = np.arange(rows.size)
    source, target = place[network.source], place[network.target]
    keep = (source >= 0) & (target >= 0)
    return TemporalNetwork(
        rows.size, source[keep], target[keep], network.time[keep],
        None if network.weights is None else network.weights[keep],
        network.directed, network.people(rows),
    )  # fmt: skip

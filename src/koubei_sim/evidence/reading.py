"""`read_diffusion`: a record from a list of ties and a table of people, files or frames.

Surveys and logs come as two tables: who is tied to whom, and a row for each person with when the
person adopted.  Here they become a `Diffusion`; what had to be guessed is said in
``d.network.notes``.  Called by people, by the named studies and by ``koubei judge``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.evidence.diffusion import NEVER, Diffusion, times_of
from koubei_sim.model.world.population import as_table
from koubei_sim.networks import Network, TemporalNetwork, as_network, labelling, read_network
from koubei_sim.networks.files.graph_files import FORMATS
from koubei_sim.networks.files.readers import suffix_of
from koubei_sim.networks.plain_edges import SOURCE_NAMES

if TYPE_CHECKING:
    import pandas as pd

#: What columns are usually called, in the order in which they are looked for.
IDS: Final = ("id", "node", "person", "name", "label", "user", "ego")
TIMES: Final = ("adoption_time", "time", "toa", "adopted_at", "period", "t")
#: What surveys call the two ends of a tie, beside the names that `read_network` knows.
ENDS: Final = (("ego", "alter"), ("who", "whom"), ("nominator", "nominee"))
KNOWN: Final = frozenset(SOURCE_NAMES)
DIRECTIONS: Final = ("names", "tells", "mutual")
#: What stands for nothing in tables of other programmes.
NOTHING: Final = ("", "na", "n/a", "nan", "null", "none", ".", "inf")
YES: Final = {"1": True, "true": True, "yes": True, "t": True, "1.0": True,
              "0": False, "false": False, "no": False, "f": False, "0.0": False}  # fmt: skip


def read_diffusion(
    edges: Any,
    people: Any,
    *,
    id: str | None = None,
    time: str | None = None,
    until: Any = None,
    censored: str | bool | None = None,
    entered: str | int | None = None,
    start: int | None = None,
    seeds: str | None = None,
    groups: str | None = None,
    covariates: Sequence[str] = (),
    treatments: Sequence[str] = (),
    kinds: str | None = None,
    direction: Literal["names", "tells", "mutual"] | None = None,
    source: str | None = None,
    target: str | None = None,
    weight: str | None = None,
    strangers: Literal["refuse", "drop"] = "refuse",
    period: float | None = None,
    origin: float = 0.0,
) -> Diffusion:
    """Read a record of adoption from a list of ties and a table of people.

    Parameters
    ----------
    edges : path, data frame, Network or graph
        A file of `read_network`, a frame of edges, or a network that is there already.
    people : path, data frame or mapping of columns
        A row for each person: CSV (comma, semicolon or tab, packed or not) or parquet, or a frame
        of pandas, polars or pyarrow.  People without ties are people too.
    id : str, optional
        Column of names, matched with the ends of the ties.  The first unless given of: id, node,
        person, name, label, user, ego; else the index of a frame.
    time : str, optional
        Column of the period of adoption, an empty cell (or NA) for who did not adopt.  The first
        unless given of: adoption_time, time, toa, adopted_at, period, t.
    until : int or str, optional
        The last period watched, or the column of it (for a column of times at which people were
        lost, that of the times itself).
    censored : str or False, optional
        Column of yes or no: who had not adopted when last seen, whatever the time says.  A column
        ``censored`` is taken so unless False.  One time that all of them share counts as the
        period after the last one watched.
    entered : str or int, optional
        The first period at risk, or its column.
    start : int, optional
        The first period of the record; who adopted earlier is a seed.
    seeds, groups, kinds : str, optional
        Columns: yes or no; village, city, ...; what was adopted.
    covariates, treatments : list of str, or "name, name"
        Columns that a formula may name.
    direction : {"names", "tells", "mutual"}, optional
        What a line "A B" of a list says.  *names* (a list, unless said): A named B, so the word of
        B reaches A.  *tells*: the word of A reaches B.  *mutual*: both.  A `Network` or graph says
        it itself: an arc is the way of the word.
    source, target, weight : str, optional
        Columns of the list of ties: A, B and how strong a tie is; the usual names unless given.
    strangers : {"refuse", "drop"}
        What is done with ties of people who have no row.
    period, origin : float
        As for `Diffusion`, where times are not whole numbers.

    Returns
    -------
    Diffusion
        ``d.network.notes["people"]`` says what was guessed or left out.

    Raises
    ------
    KoubeiError
        In one line: a column that is not there, a person twice, ties of strangers, people and
        ties that do not know each other.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> people = {"id": ["li", "wu", "he"], "year": ["1963", "1965", "NA"], "city": list("aab")}
    >>> named = [("wu", "li"), ("he", "wu")]
    >>> d = kb.read_diffusion(named, people, time="year", until=1966, groups="city")
    >>> d, d.network.arcs()[0].tolist()
    (Diffusion(3 people, 2 adopted, periods 1963..1966, 2 groups, 2 arcs), ['li', 'wu'])
    """
    checks.word("strangers", strangers, ("refuse", "drop"))
    if direction is not None:
        checks.word("direction", direction, DIRECTIONS)
    table, notes = _table(people)
    names = _names(table, id, notes)
    ready = isinstance(edges, (Network, TemporalNetwork)) or _is_graph(edges)
    given = _given(edges, names, {"source": source, "target": target, "weight": weight})
    network = _placed(given, names, direction, ready, strangers, notes)
    column = _found(table, "time", time, TIMES, notes)
    times = [None if _nothing(cell) else cell for cell in table[column].tolist()]
    at = times_of(f"people.{column}", times, len(table), names, period, origin)
    lost = _lost(table, censored, notes)
    watched = _watched(table, until, at, lost, period, origin, names)
    if isinstance(until, str) and until == column:  # when each adopted or was lost
        watched[(at != NEVER) & ~lost] = watched.max()
    at = np.where(lost, NEVER, at)
    values = np.where(at == NEVER, np.nan, at.astype(np.float64))
    opens = entered if not isinstance(entered, str) else _numbers(table, "entered", entered)
    chosen = None if seeds is None else np.flatnonzero(_flags(table, "seeds", seeds))
    network = replace(network, notes={**network.notes, "people": "; ".join(notes)})
    return Diffusion(
        network,
        values,
        watched,
        start=start,
        seeds=None if chosen is None else network.people(chosen),
        entered=opens,
        groups=None if groups is None else _words(table, "groups", groups),
        covariates=_columns(table, "covariates", covariates),
        treatments=_columns(table, "treatments", treatments),
        kinds=None if kinds is None else _words(table, "kinds", kinds),
    )


# Columns ----------------------------------------------------------------------------------------


def _table(people: Any) -> tuple[pd.DataFrame, list[str]]:
    try:
        table = as_table(people)
    except KoubeiError as error:
        where = error.where.replace("agents", "people", 1)
        advised = None if error.fix is None else error.fix.replace("agents", "people")
        raise KoubeiError(
            where, error.what, got=error.got, allowed=error.allowed, fix=advised
        ) from None
    return table, []


def _found(
    table: pd.DataFrame, where: str, given: str | None, usual: Sequence[str], notes: list[str]
) -> str:
    """Return a column by its name, or the first that is called as such columns usually are."""
    if given is not None:
        return _there(table, where, given)
    column = next((name for name in usual if name in table.columns), None)
    if column is None:
        raise KoubeiError(where, "no column of a usual name", got=_listed(table.columns),
                          allowed=", ".join(usual))  # fmt: skip
    notes.append(f"{where}: column {column!r}")
    return column


def _there(table: pd.DataFrame, where: str, name: Any) -> str:
    if not isinstance(name, str | int):
        raise KoubeiError(where, "not the name of a column", got=repr(name))
    if name not in table.columns:
        known = list(table.columns)
        near = nearest(str(name), known)
        raise KoubeiError(where, "no such column", got=repr(name), allowed=_listed(known), fix=near)
    return str(name)


def _listed(names: Any) -> str:
    known = [str(name) for name in names]
    return ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")


def _column(table: pd.DataFrame, where: str, name: str) -> list[Any]:
    return list(table[_there(table, where, name)].tolist())


def _words(table: pd.DataFrame, where: str, name: str) -> list[Any]:
    return [None if _nothing(one) else one for one in _column(table, where, name)]


def _columns(table: pd.DataFrame, where: str, names: Any) -> dict[str, NDArray[Any]]:
    if not isinstance(names, Iterable):
        raise KoubeiError(where, "not names of columns", got=repr(names), allowed="a list of names")
    listed = names.split(",") if isinstance(names, str) else list(names)
    found = {}
    for name in (one.strip() if isinstance(one, str) else one for one in listed):
        cells = table[_there(table, where, name)]
        values = cells.to_numpy()
        if values.dtype.kind not in "biuf":
            values = np.array([None if _nothing(one) else one for one in cells.tolist()], object)
        found[str(name)] = values
    return found


def _nothing(cell: Any) -> bool:
    if isinstance(cell, str):
        return cell.strip().lower() in NOTHING
    return labelling.is_missing(cell)


def _flags(table: pd.DataFrame, where: str, name: str) -> NDArray[np.bool_]:
    out = []
    for row, cell in enumerate(_column(table, where, name)):
        word = str(cell).strip().lower()
        if word not in YES:
            raise KoubeiError(f"people.{name}[{row}]", "neither yes nor no", got=repr(cell),
                              allowed="1, 0, yes, no, true, false")  # fmt: skip
        out.append(YES[word])
    return np.array(out, bool)


def _numbers(table: pd.DataFrame, where: str, name: str) -> NDArray[np.float64]:
    cells = _column(table, where, name)
    try:
        return np.array([np.nan if _nothing(one) else float(one) for one in cells])
    except (TypeError, ValueError):
        wrong = next(one for one in cells if not _nothing(one) and not _is_number(one))
        raise KoubeiError(f"people.{name}", "not a number", got=repr(wrong)) from None


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True


# Times ------------------------------------------------------------------------------------------


def _lost(table: pd.DataFrame, given: Any, notes: list[str]) -> NDArray[np.bool_]:
    """Return who had not adopted when last seen."""
    if given is None and "censored" in table.columns:
        notes.append("censored: column 'censored'")
        given = "censored"
    if given is None or given is False:
        return np.zeros(len(table), bool)
    if not isinstance(given, str):
        raise KoubeiError("censored", "not a column", got=repr(given), allowed="a name, or False")
    return _flags(table, "censored", given)


def _watched(
    table: pd.DataFrame, until: Any, at: NDArray[np.int64], lost: NDArray[np.bool_],
    period: float | None, origin: float, names: NDArray[Any],
) -> Any:  # fmt: skip
    """Return the last period in which each was watched."""
    seen = at[(at != NEVER) & ~lost]
    last = int(seen.max()) if seen.size else None
    if isinstance(until, str):
        ends = times_of(
            f"people.{until}", _numbers(table, "until", until), at.size, names, period, origin
        )
        open_ = ends == NEVER
        if open_.any() and last is None:
            raise KoubeiError("until", "no value for a person", got=names[open_][0])
        found: NDArray[np.int64] = np.where(open_, last or 0, ends)
        return found
    if until is not None:
        return until
    gone = np.unique(at[lost & (at != NEVER)])
    if gone.size > 1:
        raise KoubeiError(
            "until", "people were lost at several times", got=f"{gone[0]} and {gone[1]}",
            allowed="the last period, or the column of the last period of each",
        )  # fmt: skip
    if gone.size:
        return int(gone[0]) - 1 if last is None else max(last, int(gone[0]) - 1)
    return last


# Ties -------------------------------------------------------------------------------------------


def _names(table: pd.DataFrame, id: str | None, notes: list[str]) -> NDArray[Any]:
    if id is None and not any(name in table.columns for name in IDS):
        index = table.index
        if type(index).__name__ != "RangeIndex":
            notes.append("id: the index")
            return _distinct(index.tolist())
    column = _found(table, "id", id, IDS, notes)
    return _distinct(table[column].tolist())


def _distinct(cells: list[Any]) -> NDArray[Any]:
    for row, cell in enumerate(cells):
        if _nothing(cell) and not (isinstance(cell, str) and cell.strip()):
            raise KoubeiError(f"people.id[{row}]", "a person without a name")
    labels = labelling.as_labels(cells, "people.id")
    order = np.argsort(labels, kind="stable")
    twice = labels[order][1:] == labels[order][:-1]
    if twice.any():
        raise KoubeiError("people.id", "a person twice", fix="one row a person",
                          got=repr(labels[order][1:][twice][0].item()))  # fmt: skip
    return np.asarray(labels)


def _is_graph(edges: Any) -> bool:
    plain = isinstance(edges, (str, os.PathLike, list, tuple, np.ndarray)) or hasattr(
        edges, "columns"
    )
    return not plain


def _given(edges: Any, names: NDArray[Any], columns: dict[str, str | None]) -> Any:
    """Return the ties as a network of their own, of whomever they name."""
    asked = {name: column for name, column in columns.items() if column is not None}
    if asked and isinstance(edges, (list, tuple, Network, TemporalNetwork)):
        name, column = next(iter(asked.items()))
        what = "pairs have" if isinstance(edges, (list, tuple)) else "a network has"
        raise KoubeiError(name, f"{what} no columns", got=repr(column), allowed="a file or a frame")
    if isinstance(edges, TemporalNetwork):
        if edges.n_nodes == names.size and np.array_equal(
            edges.people(np.arange(edges.n_nodes)), names
        ):
            return edges
        raise KoubeiError(
            "edges", "contacts of other people than the table", got=f"{edges.n_nodes} people",
            allowed=f"the {names.size} of the table, in its order",
        )  # fmt: skip
    if isinstance(edges, Network):
        return edges
    if isinstance(edges, (list, tuple)) and not len(edges):
        return Network.from_edges([], [], n=1)
    if not isinstance(edges, (str, os.PathLike)):
        header = [str(name) for name in getattr(edges, "columns", ())]
        return _by_usual_ends(header, asked, lambda more: as_network(edges, **more))
    path = checks.path("edges", edges)
    ids = "text" if names.dtype.kind == "U" else "auto"
    try:
        return _directed(path, ids, asked)
    except KoubeiError as error:
        if "names no source and target column" not in error.what:
            raise
        header = re.split("[,;\t ]", str(error.got))
        return _by_usual_ends(
            [name.strip().strip('"') for name in header], asked,
            lambda more: _directed(path, ids, more),
        )  # fmt: skip


def _directed(path: Path, ids: Any, columns: dict[str, Any]) -> Network:
    """Read a file; a list of lines that says nothing of directions has them."""
    if suffix_of(path) in FORMATS:
        return read_network(path, ids=ids, **columns)
    found = read_network(path, True, ids=ids, **columns)
    if "undirected by a comment" in found.notes.get("read", ""):
        return read_network(path, ids=ids, **columns)
    return found


def _by_usual_ends(
    header: list[str], asked: dict[str, str], read: Callable[[dict[str, Any]], Network]
) -> Network:
    """Read with the two columns that a survey calls by one of its usual pairs of names."""
    plain = {name.lower(): name for name in header}
    pair = next((two for two in ENDS if set(two) <= set(plain)), None)
    if pair is not None and not {"source", "target"} & set(asked):
        asked = {**asked, "source": plain[pair[0]], "target": plain[pair[1]]}
    elif header and pair is None and "source" not in asked and not set(plain) & KNOWN:
        raise KoubeiError("edges", "no columns of usual names", got=_listed(header),
                          fix="source= and target=, the two columns of people")  # fmt: skip
    return read(asked)


def _placed(
    given: Any, names: NDArray[Any], direction: str | None, ready: bool, strangers: str,
    notes: list[str],
) -> Any:  # fmt: skip
    """Return the network of the people of the table, in their order, arcs the way of the word."""
    if isinstance(given, TemporalNetwork):
        return given
    layers = []
    for layer in given.layers:
        source = np.repeat(np.arange(given.n_nodes), np.diff(layer.indptr))
        layers.append((layer, source, layer.indices))
    here = given.people(np.arange(given.n_nodes))
    tied = np.zeros(given.n_nodes, bool)
    for _, source, target in layers:
        tied[source], tied[target] = True, True
    rows = _rows(here, names)
    unknown = tied & (rows < 0)
    if tied.any() and not (rows >= 0).any():
        raise KoubeiError(
            "edges", "names none of the people", got=repr(here[tied][0].item()),
            allowed=f"such as {names[0].item()!r}", fix="another column of names (id=)",
        )  # fmt: skip
    if unknown.any():
        if strangers == "refuse":
            raise KoubeiError(
                "edges", f"{int(unknown.sum())} of those tied have no row in the table of people",
                got=repr(here[unknown][0].item()), fix="strangers='drop'",
            )  # fmt: skip
        notes.append(f"ties of {int(unknown.sum())} people without a row are left out")
    alone = names.size - int((rows[tied] >= 0).sum())
    if alone:
        notes.append(f"{alone} people have no ties")
    way = direction or ("tells" if ready else "names")
    made = {}
    for layer, source, target in layers:
        keep = (rows[source] >= 0) & (rows[target] >= 0)
        ends = rows[source[keep]], rows[target[keep]]
        if way == "names" and layer.directed:
            ends = ends[1], ends[0]
        if not layer.directed:  # each tie is there as two arcs
            once = ends[0] < ends[1]
            ends, keep[keep] = (ends[0][once], ends[1][once]), once
        made[layer.name] = Network.from_edges(
            *ends, n=names.size, labels=names, name=layer.name, parallel="merge",
            weight=None if layer.weights is None else layer.weights[keep],
            directed=layer.directed and way != "mutual",
            merge="largest" if layer.weights is not None and way == "mutual" else None,
        )  # fmt: skip
    if any(layer.directed for layer, *_ in layers):
        said = {
            "names": "a line A B: A named B, the word of B reaches A",
            "tells": "an arc is the way of the word",
            "mutual": "ties go both ways",
        }
        notes.append(said[way])
    found = Network.stack(made)
    return replace(found, notes={**given.notes, **found.notes})


def _rows(here: NDArray[Any], names: NDArray[Any]) -> NDArray[np.int64]:
    """Return the row of each end among the names, -1 for strangers; '7' is 7."""
    if here.dtype.kind != names.dtype.kind:
        here, names = here.astype(np.str_), names.astype(np.str_)
    order = np.argsort(names, kind="stable")
    place = np.minimum(np.searchsorted(names, here, sorter=order), names.size - 1)
    found = order[place]
    return np.where(names[found] == here, found, -1)

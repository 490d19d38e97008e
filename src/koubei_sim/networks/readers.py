"""`read_network`: a graph from a file, in the formats in which graphs are handed round.

Ids of any kind become the numbers 0..n-1; where they were something else, they are kept as
labels.  Wrong files are refused in one line with the file and, for text, the line.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.networks import labelling
from koubei_sim.networks.network import Network
from koubei_sim.networks.table_edges import has_header, read_csv, read_parquet, short
from koubei_sim.networks.text_edges import EDGE, Edges, read_text

TEXT_SUFFIXES = (".edges", ".txt", ".tsv", ".edgelist", ".el", ".dat")
SUFFIXES = (*TEXT_SUFFIXES, ".csv", ".parquet", ".graphml")


def read_network(
    path: str | Path,
    directed: bool | None = None,
    *,
    n: int | None = None,
    source: str | None = None,
    target: str | None = None,
    weight: str | None = None,
    ids: str = "auto",
    self_loops: str = "drop",
    parallel: str = "merge",
    name: str | None = None,
) -> Network:
    """Read a graph from a file; the word of the source reaches the target.

    Parameters
    ----------
    path : str or Path
        By suffix (a further ``.gz`` is allowed for text and GraphML):
        ``.edges .txt .tsv .edgelist .el .dat`` one edge a line, ids separated by blanks, tabs or
        commas, perhaps a weight, comment lines with ``#``; ``.csv`` the same with a header;
        ``.parquet`` with columns; ``.graphml``.
    directed : bool, optional
        None: what the file says (a comment ``# directed: true``, GraphML, or the marks of
        `write_network`), else False.
    n : int, optional
        Number of people, where ids are their numbers.  None: what the file says
        (``# nodes: 10``), else the largest id plus one.
    source, target, weight : str, optional
        Column names for CSV and parquet; found by themselves where usual (source, src, from, u /
        target, dst, to, v / weight, w).
    ids : {"auto", "integer", "text"}
        auto: numbers where the first edge has numbers.  Numbers are taken as 0..n-1 when at
        least half of them occur or the file says how many there are; otherwise, like text, they
        are numbered in ascending order and kept as labels.
    self_loops, parallel : str
        As for `Network.from_edges`.
    name : str, optional
        Name of the layer; the stem of the file name where not given.

    Returns
    -------
    Network
        One layer.  In a mutual graph lines ``u v`` and ``v u`` are one tie.

    Raises
    ------
    KoubeiError
        Missing, empty or unknown file; a line or column that is wrong.
    """
    path = Path(path)
    checked_options(path, ids, directed)
    if suffix_of(path) == ".graphml":
        network = _read_graphml(path, directed, weight, name or _stem(path))
        if n is not None and n != network.n_nodes:
            raise KoubeiError("n", "differs from the file", got=n, allowed=str(network.n_nodes))
        return network
    found = read_edges(path, EDGE, {"source": source, "target": target, "weight": weight}, ids)
    return _network(path, found, directed, n, self_loops, parallel, name or _stem(path))


def checked_options(path: Path, ids: object, directed: object) -> None:
    """Refuse wrong options, and files that are missing, empty or of an unknown kind."""
    suffix_of(path)
    if ids not in ("auto", "integer", "text"):
        raise KoubeiError("ids", "unknown", got=ids, allowed="'auto', 'integer', 'text'")
    if directed is not None and not isinstance(directed, bool):
        raise KoubeiError("directed", "not a yes or no", got=directed, allowed="True, False, None")
    if not path.exists():
        raise KoubeiError(str(path), "no such file", fix=_near_file(path))
    if path.is_dir():
        raise KoubeiError(str(path), "a folder, not a file")
    if path.stat().st_size == 0:
        raise KoubeiError(str(path), "empty file")


def read_edges(path: Path, wanted: tuple[str, ...], given: Mapping[str, Any], ids: str) -> Edges:
    """Read text, CSV or parquet by the kind of the file; ids are text or whole numbers.

    Parameters
    ----------
    path : Path
    wanted : tuple of str
        `text_edges.EDGE` or `CONTACT`.
    given : mapping
        Which column is the source, the target, ...: names (CSV, parquet), or for contacts in
        text without header numbers from 0; None where the usual ones are meant.
    ids : {"auto", "integer", "text"}
        See `read_network`.
    """
    if suffix_of(path) == ".parquet":
        found = read_parquet(path, wanted, given)
    elif by_header(path):
        found = read_csv(path, wanted, given, ids)
    else:
        places = {role: place for role, place in given.items() if isinstance(place, int)}
        found = read_text(path, ids, wanted, places or None)
    if ids == "text" and found.src.dtype.kind != "U":
        found = found._replace(src=found.src.astype(np.str_), dst=found.dst.astype(np.str_))
    if ids == "integer" and found.src.dtype.kind == "U":
        raise KoubeiError(
            str(path), "ids are not whole numbers", got=str(found.src[0]), fix="ids='text'"
        )
    return found


def _network(
    path: Path,
    found: Edges,
    directed: bool | None,
    n: int | None,
    self_loops: str,
    parallel: str,
    name: str,
) -> Network:
    src, dst, n, labels = numbered(path, found, n)
    mutual_or_not = bool(found.directed) if directed is None else directed
    try:
        return Network.from_edges(
            src, dst, n, found.weight, mutual_or_not, labels, self_loops, parallel, name
        )
    except KoubeiError as error:
        raise KoubeiError(
            f"{path}: {error.where}",
            error.what,
            got=error.got,
            allowed=error.allowed,
            fix=error.fix,
        ) from None


def by_header(path: Path) -> bool:
    """Whether the columns of a file have names."""
    suffix = suffix_of(path)
    return suffix == ".parquet" or (suffix == ".csv" and has_header(path))


def numbered(
    path: Path, found: Edges, n: int | None
) -> tuple[NDArray[Any], NDArray[Any], int | None, NDArray[Any] | None]:
    """Decide whether ids are numbers of people or names; return (src, dst, n, labels)."""
    src, dst, labels = found.src, found.dst, found.labels
    if labels is not None:
        known = Network.from_edges([], [], n=labels.size, labels=labels)
        src, dst = known.index_of(src), known.index_of(dst)
    elif src.dtype.kind == "U":
        src, dst, labels = labelling.number_labels(src, dst)
    elif n is None and found.n is None:
        if src.size == 0:
            raise KoubeiError(str(path), "no edges in it")
        low = min(int(src.min()), int(dst.min()))
        if low < 0:
            raise KoubeiError(
                str(path), "negative id", got=low, allowed="0 or more", fix="ids='text'"
            )
        src, dst, n, labels = labelling.compact(src, dst, None)
    if labels is None:
        n = n if n is not None else found.n
    elif n is not None and n != labels.size:
        raise KoubeiError(
            "n", "differs from the people named in the file", got=n, allowed=str(labels.size)
        )
    return src, dst, n, labels


def suffix_of(path: Path) -> str:
    """Return the suffix that says what kind of file it is; refuse unknown kinds."""
    name = path.name.lower().removesuffix(".gz")
    for suffix in SUFFIXES:
        if name.endswith(suffix) and not (
            suffix == ".parquet" and path.name.lower().endswith(".gz")
        ):
            return suffix
    raise KoubeiError(
        str(path), "unknown kind of file", got=path.suffix, allowed=" ".join(SUFFIXES)
    )


def _stem(path: Path) -> str:
    return path.name.split(".")[0] or "ties"


def _near_file(path: Path) -> str | None:
    if path.parent.is_dir():
        return nearest(path.name, (entry.name for entry in path.parent.iterdir()))
    return None


def _read_graphml(path: Path, directed: bool | None, weight: str | None, name: str) -> Network:
    from xml.etree.ElementTree import ParseError

    import networkx

    from koubei_sim.networks.adapters import as_network

    try:
        graph = networkx.read_graphml(path)
    except (ParseError, networkx.NetworkXError, KeyError, ValueError, OSError, EOFError) as error:
        raise KoubeiError(str(path), f"not GraphML ({short(error)})") from None
    if graph.number_of_nodes() == 0:
        raise KoubeiError(str(path), "nobody in it")
    return as_network(graph, directed, weight=weight or "weight", name=name)

"""Graphs in the formats of other programs: GraphML, GEXF, GML, Pajek, METIS, MatrixMarket.

networkx reads those that it reads well; Pajek and METIS are read here, and so is MatrixMarket:
scipy's reader ends the process on some files that are wrong.  Formats that are left to other
libraries are refused with the call that reads them.  Called by `readers`.
"""

from __future__ import annotations

import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.files import text_blocks
from koubei_sim.networks.files.table_edges import short
from koubei_sim.networks.network import Network

if TYPE_CHECKING:
    from scipy.sparse import coo_array


#: Suffix -> the call that reads such a file, with the path in braces.
ELSEWHERE = {
    ".json": "as_network(networkx.node_link_graph(json.load(open({}, 'rb'))))",
    ".pkl": "as_network(pickle.load(open({}, 'rb')))",
    ".pickle": "as_network(pickle.load(open({}, 'rb')))",
    ".gpickle": "as_network(pickle.load(open({}, 'rb')))",
    ".xlsx": "as_network(pandas.read_excel({}))",
    ".xls": "as_network(pandas.read_excel({}))",
    ".npz": "as_network(scipy.sparse.load_npz({}))",
    ".npy": "as_network(numpy.load({}))",
    ".feather": "as_network(pandas.read_feather({}))",
    ".arrow": "as_network(pandas.read_feather({}))",
    ".g6": "as_network(networkx.read_graph6({}))",
    ".s6": "as_network(networkx.read_sparse6({}))",
    ".lgl": "as_network(igraph.Graph.Read_Lgl({}))",
    ".adjlist": "as_network(networkx.read_adjlist({}))",
}
#: How files of a format begin.
_STARTS = {
    ".mtx": re.compile(rb"%%MatrixMarket", re.I),
    ".net": re.compile(rb"\s*\*(?:vertices|network)\b", re.I),
    ".graphml": re.compile(rb"(?:\xef\xbb\xbf)?\s*<[^\0]*<graphml|\s*<graphml", re.I),
    ".gexf": re.compile(rb"(?:\xef\xbb\xbf)?\s*<[^\0]*<gexf|\s*<gexf", re.I),
    ".gml": re.compile(rb"\s*(?:Creator\s[^\n]*\n\s*)?graph\s*\[", re.I),
}
_RENAME = "a .txt suffix if it is a list of edges"
_WHOLE = re.compile(r"(?:0|[1-9][0-9]*)\Z")
TEXT_IDS = "koubei_ids"  # attribute of a GraphML graph whose ids are text though they look whole


def read_graph(
    path: Path, suffix: str, directed: bool | None, weight: str | None, ids: str, name: str
) -> Network:
    """Read a file of one of `FORMATS`; labels that are whole numbers become numbers."""
    network, note = FORMATS[suffix](path, directed, weight or "weight", name)
    labels = network.labels
    if labels is not None and labels.dtype.kind == "U" and ids == "integer":
        wrong = [label for label in labels.tolist() if not _WHOLE.match(label)]
        if wrong:
            raise KoubeiError(
                str(path), "ids are not whole numbers", got=repr(wrong[0]), fix="ids='text'"
            )
    if ids == "text":
        found = network.people(np.arange(network.n_nodes)).astype(np.str_)
        return replace(network, labels=found, notes={**network.notes, "read": note})
    if (
        labels is not None
        and labels.dtype.kind == "U"
        and not note.endswith("ids are text")
        and all(_WHOLE.match(one) and len(one) < 20 and int(one) < 2**63 for one in labels.tolist())
    ):
        labels = labels.astype(np.int64)
        if np.array_equal(labels, np.arange(labels.size)):
            labels = None
        network = replace(network, labels=labels)
    return replace(network, notes={**network.notes, "read": note})


def kind_by_content(path: Path) -> str | None:
    """Return the suffix of the format that the start of a file shows, whatever it is called."""
    with text_blocks.opened(path) as file:
        try:
            start = file.read(2000)
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise text_blocks.unreadable(path, error) from None
    for suffix, pattern in _STARTS.items():
        if pattern.match(start):
            return suffix
    return None


def refuse_elsewhere(path: Path) -> None:
    """Refuse a file that another library reads, with the call that does it."""
    suffix = path.suffix.lower()
    if suffix in ELSEWHERE:
        raise KoubeiError(
            str(path), "not read here", got=suffix, fix=ELSEWHERE[suffix].format(repr(str(path)))
        )


def _by_networkx(kind: str, read: Callable[[Any], Any]) -> Callable[..., tuple[Network, str]]:
    """Return a reader that hands the unpacked file to networkx."""

    def reader(path: Path, directed: bool | None, weight: str, name: str) -> tuple[Network, str]:
        from koubei_sim.networks.adapters import as_network

        try:
            with text_blocks.opened(path) as file:
                graph = read(file)
        except KoubeiError:
            raise
        except Exception as error:  # parsers raise whatever the wrong text makes them do
            raise KoubeiError(
                str(path), f"not {kind} that networkx reads ({short(error)})"
            ) from None
        if graph.number_of_nodes() == 0:
            raise KoubeiError(str(path), "nobody in it")
        note = f"{kind}, {'directed' if graph.is_directed() else 'undirected'} by the file"
        graph, named = _by_attribute(graph)
        note += named
        if graph.graph.get(TEXT_IDS) == "text":
            note += "; ids are text"
        return as_network(graph, directed, weight=weight, name=name), note

    return reader


def _by_attribute(graph: Any) -> tuple[Any, str]:
    """Call nodes by their attribute label (Gephi) or name (igraph), if all differ in it."""
    import networkx

    for word in ("label", "name"):
        found = {node: data.get(word) for node, data in graph.nodes(data=True)}
        told = [value for value in found.values() if value not in (None, "")]
        if not told or all(str(node) == str(value) for node, value in found.items()):
            continue
        if len(told) == len(found) == len(set(map(str, told))):
            return networkx.relabel_nodes(
                graph, found, copy=True
            ), f"; people by attribute {word!r}"
        return graph, f"; people by id, attribute {word!r} is missing or not different for all"
    return graph, ""


def _graphml(file: Any) -> Any:
    import networkx

    return networkx.read_graphml(file)


def _gexf(file: Any) -> Any:
    import networkx

    return networkx.read_gexf(file)


def _gml(file: Any) -> Any:
    import networkx

    text, _ = checks.decoded("the file", file.read())
    lines = text.splitlines()
    try:
        return networkx.parse_gml(lines, label="label")
    except networkx.NetworkXError as error:
        if "label" not in str(error):
            raise
        return networkx.parse_gml(lines, label="id")  # no labels, or two the same


def _lines(path: Path, remark: str) -> Iterator[tuple[int, str]]:
    with text_blocks.opened(path) as file:
        try:
            raw = file.read()
        except (OSError, EOFError) as error:
            raise text_blocks.unreadable(path, error) from None
    text, _ = checks.decoded(str(path), raw)
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith(remark):
            yield number, line.strip()


def _number(where: str, cell: str, n: int) -> int:
    if not checks.digits(cell) or not 1 <= int(cell) <= n:
        raise KoubeiError(where, "no such vertex", got=repr(cell), allowed=f"1..{n}")
    return int(cell) - 1


def _weight(where: str, cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise KoubeiError(where, "weight is not a number", got=repr(cell)) from None


def _vertices(where: str, line: str) -> int:
    """Return how many vertices a line ``*Vertices n`` says there are."""
    words = line.split()
    if len(words) < 2 or not checks.digits(words[1]) or int(words[1]) == 0:
        raise KoubeiError(where, "no number of vertices", got=line)
    if len(words) > 2:
        raise KoubeiError(
            where,
            "a two-mode graph: its vertices are of two kinds",
            got=line,
            fix="networkx.bipartite.projected_graph, and as_network on what it gives",
        )
    if int(words[1]) > 2**31 - 2:
        raise KoubeiError(where, "too many vertices", got=int(words[1]))
    return int(words[1])


def _ties(where: str, section: str, line: str, n: int, row: int) -> list[tuple[int, int, float]]:
    """Return the ties of a line of Pajek; `row` counts the lines of a matrix."""
    cells = line.split()
    if section in ("*arcs", "*edges"):
        if len(cells) < 2:
            raise KoubeiError(where, "not an edge", got=line)
        value = _weight(where, cells[2]) if len(cells) > 2 else 1.0
        return [(_number(where, cells[0], n), _number(where, cells[1], n), value)]
    if section in ("*arcslist", "*edgeslist"):
        first = _number(where, cells[0], n)
        return [(first, _number(where, cell, n), 1.0) for cell in cells[1:]]
    if section == "*matrix":
        values = [_weight(where, cell) for cell in cells]
        if len(values) != n or row >= n:
            raise KoubeiError(where, "not a row of the matrix", got=line, allowed=f"{n} cells")
        return [(row, at, value) for at, value in enumerate(values) if value != 0]
    if section != "*partition":
        raise KoubeiError(where, "a part of Pajek that is not read", got=section)
    return []


def _pajek(path: Path, directed: bool | None, weight: str, name: str) -> tuple[Network, str]:
    """Read ``*Vertices``, ``*Arcs``, ``*Edges``, ``*Arcslist``, ``*Edgeslist`` and ``*Matrix``."""
    n, section, row = 0, "", 0
    names: dict[int, str] = {}
    arcs: list[tuple[int, int, float]] = []
    edges: list[tuple[int, int, float]] = []
    weighted = False
    relations: set[str] = set()
    for number, line in _lines(path, "%"):
        if not line:
            continue
        where = f"{path}, line {number}"
        if line.startswith("*"):
            words = line.split()
            section = words[0].lower()
            relations.update(word for word in words[1:2] if word.startswith(":"))
            if len(relations) > 1:
                raise KoubeiError(
                    where, "several relations, which are different networks", got=line,
                    fix="a file for each of them",
                )  # fmt: skip
            if section == "*vertices":
                n = _vertices(where, line)
        elif n == 0 or section == "":
            raise KoubeiError(str(path), "not Pajek (no *Vertices)", fix=_RENAME)
        elif section == "*vertices":
            found = re.match(r'(\d+)(?:\s+(?:"([^"]*)"|(\S+)))?', line)
            if not found:
                raise KoubeiError(where, "not a vertex", got=line)
            at = _number(where, found[1], n)
            label = found[2] if found[2] is not None else found[3]
            if label:
                names[at] = label
        else:
            ties = _ties(where, section, line, n, row)
            (edges if section.startswith("*edge") else arcs).extend(ties)
            row += section == "*matrix"
            said = len(line.split()) > 2 and section in ("*arcs", "*edges")
            weighted |= said or any(value != 1.0 for *_, value in ties)
    if n == 0:
        raise KoubeiError(str(path), "not Pajek (no *Vertices)", fix=_RENAME)
    own = bool(arcs)
    ties = arcs + edges
    if own and directed is not False:  # an edge goes both ways among arcs
        ties = ties + [(v, u, value) for u, v, value in edges if u != v]
    distinct = len(names) == n == len(set(names.values()))
    labels: Any = [names[at] for at in range(n)] if distinct else np.arange(1, n + 1)
    note = "Pajek: " + ", ".join(
        part for part, there in (("arcs", arcs), ("edges", edges)) if there
    )
    if names and not distinct:
        note += "; vertices by number, since their labels are not all different"
    return _network(ties, n, weighted, own if directed is None else directed, labels, name), note


def _metis(path: Path, directed: bool | None, weight: str, name: str) -> tuple[Network, str]:
    """Read ``n m [fmt [ncon]]`` and a line of neighbours for each vertex, numbered from 1."""
    lines = _lines(path, "%")
    number, head = next(((k, line) for k, line in lines if line), (1, ""))
    words = head.split()
    if not 2 <= len(words) <= 4 or not all(map(checks.digits, words)):
        raise KoubeiError(
            f"{path}, line {number}",
            "not the first line of METIS",
            got=head,
            allowed="n m [fmt]",
            fix=_RENAME,
        )
    n, m = int(words[0]), int(words[1])
    code = words[2].zfill(3) if len(words) > 2 else "000"
    if not re.fullmatch("[01]{3}", code) or not 1 <= n < 2**31 - 1:
        raise KoubeiError(
            f"{path}, line {number}", "not the first line of METIS", got=head, fix=_RENAME
        )
    skipped = (int(words[3]) if len(words) > 3 else 1) * (code[1] == "1") + (code[0] == "1")
    weighted = code[2] == "1"
    ties: list[tuple[int, int, float]] = []
    back = at = 0
    for number, line in lines:
        where = f"{path}, line {number}"
        if at == n:
            if line:
                raise KoubeiError(where, "a line too many", got=line, allowed=f"{n} vertices")
            continue
        cells = line.split()[skipped:]
        if weighted and len(cells) % 2:
            raise KoubeiError(where, "not pairs of neighbour and weight", got=line)
        step = 2 if weighted else 1
        for place in range(0, len(cells), step):
            to = _number(where, cells[place], n)
            value = _weight(where, cells[place + 1]) if weighted else 1.0
            if at < to:
                ties.append((at, to, value))
            back += at > to
        at += 1
    if at != n or len(ties) != m or back != m:
        raise KoubeiError(
            str(path),
            "METIS lists other numbers than its first line says",
            got=f"{at} vertices, {len(ties)} edges forth, {back} back",
            allowed=f"{n} vertices, {m} edges, each at both ends",
            fix=_RENAME,
        )
    if directed:
        ties += [(v, u, value) for u, v, value in ties]
    labels = np.arange(1, n + 1)
    note = "METIS, undirected; vertices are numbered from 1"
    return _network(ties, n, weighted, bool(directed), labels, name), note


def _network(
    ties: list[tuple[int, int, float]], n: int, weighted: bool, directed: bool, labels: Any,
    name: str,
) -> Network:  # fmt: skip
    table = np.array(ties, dtype=np.float64).reshape(-1, 3)
    ends = table[:, :2].astype(np.int64)
    weights = table[:, 2] if weighted else None
    return Network.from_edges(ends[:, 0], ends[:, 1], n, weights, directed, labels, name=name)


def _matrix_market(
    path: Path, directed: bool | None, weight: str, name: str
) -> tuple[Network, str]:
    from koubei_sim.networks.adapters import as_network

    try:
        with text_blocks.opened(path) as file:
            matrix, symmetric = read_matrix(path, file)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise text_blocks.unreadable(path, error) from None
    if matrix.shape[0] != matrix.shape[1]:
        raise KoubeiError(
            str(path),
            "not a square matrix: rows and columns are different people",
            got=f"{matrix.shape[0]} x {matrix.shape[1]}",
            fix="as_network(scipy.sparse.csr_array(m @ m.T)), m being scipy.io.mmread(path)",
        )
    network = as_network(matrix, not symmetric if directed is None else directed, name=name)
    network = replace(network, labels=np.arange(1, network.n_nodes + 1))
    kind = "undirected (symmetric)" if symmetric else "directed (general)"
    return network, f"MatrixMarket, {kind}; rows are numbered from 1"


FORMATS: dict[str, Callable[..., tuple[Network, str]]] = {
    ".graphml": _by_networkx("GraphML", _graphml),
    ".gexf": _by_networkx("GEXF", _gexf),
    ".gml": _by_networkx("GML", _gml),
    ".net": _pajek,
    ".paj": _pajek,
    ".graph": _metis,
    ".metis": _metis,
    ".mtx": _matrix_market,
}


LAYOUTS = ("coordinate", "array")
FIELDS = ("real", "double", "integer", "unsigned-integer", "pattern")
SYMMETRIES = ("general", "symmetric", "skew-symmetric")
MOST = 2**31 - 1  # people in a network


def read_matrix(path: Path, file: IO[bytes]) -> tuple[coo_array, bool]:
    """Return the matrix of an open file, and whether it says that it is symmetric.

    Raises
    ------
    KoubeiError
        What is no MatrixMarket file, holds complex numbers, or holds more or less than it says.
    """
    from scipy.sparse import coo_array

    where = str(path)
    head = file.readline(1000).decode("latin-1").lower().split()
    if len(head) != 5 or head[0] != "%%matrixmarket" or head[1] != "matrix":
        raise KoubeiError(
            where, "not MatrixMarket", allowed="%%MatrixMarket matrix coordinate real general"
        )
    layout, field, symmetry = head[2:]
    for word, known in ((layout, LAYOUTS), (field, FIELDS), (symmetry, SYMMETRIES)):
        if word not in known:
            raise KoubeiError(
                where, "MatrixMarket of no graph", got=repr(word), allowed=", ".join(known)
            )
    sizes = _sizes(where, file, 3 if layout == "coordinate" else 2)
    if layout == "array":
        first, second, values = _dense(where, file, sizes, symmetry)
    else:
        first, second, values = _sparse(where, file, sizes, field == "pattern")
    if symmetry != "general":
        across = first != second
        mirrored = values[across] * (-1 if symmetry == "skew-symmetric" else 1)
        first, second = (
            np.concatenate([first, second[across]]),
            np.concatenate([second, first[across]]),
        )
        values = np.concatenate([values, mirrored])
    return coo_array((values, (first, second)), shape=tuple(sizes[:2])), symmetry == "symmetric"


def _sizes(where: str, file: IO[bytes], number: int) -> list[int]:
    """The line of sizes, after the comments."""
    for line in file:
        words = line.split()
        if not words or line.startswith(b"%"):
            continue
        shown = line[:60].decode("latin-1").strip()
        if len(words) != number or not all(word.isdigit() and len(word) < 19 for word in words):
            raise KoubeiError(
                where, f"the line of sizes needs {number} whole numbers", got=repr(shown)
            )
        sizes = [int(word) for word in words]
        if max(sizes[:2]) > MOST:
            raise KoubeiError(where, "too many people", got=repr(shown), allowed=f"up to {MOST}")
        return sizes
    raise KoubeiError(where, "the line of sizes is missing")


def _numbers(where: str, file: IO[bytes], columns: int, wanted: int) -> NDArray[np.float64]:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numpy, where there is no line at all
            found = np.loadtxt(file, comments="%", ndmin=2, encoding="latin-1")
    except (ValueError, OverflowError) as error:
        said = " ".join(str(error).split(";")[0].split())
        raise KoubeiError(where, f"not MatrixMarket ({said})") from None
    found = found.reshape(-1, columns) if found.size == 0 else found
    if found.shape != (wanted, columns):
        raise KoubeiError(
            where, "not as many numbers as the line of sizes says",
            got=f"{found.shape[0]} lines of {found.shape[1]}", allowed=f"{wanted} of {columns}",
        )  # fmt: skip
    return found


def _sparse(where: str, file: IO[bytes], sizes: list[int], pattern: bool) -> Any:
    found = _numbers(where, file, 2 if pattern else 3, sizes[2])
    places = found[:, :2]
    wrong = (places != np.floor(places)) | (places < 1) | (places > np.array(sizes[:2]))
    if wrong.any():
        got = found[np.flatnonzero(wrong.any(axis=1))[0], :2].tolist()
        raise KoubeiError(where, "row and column out of range", got=f"{got[0]:g} {got[1]:g}")
    first, second = (places[:, k].astype(np.int64) - 1 for k in (0, 1))
    return first, second, np.ones(len(found)) if pattern else found[:, 2]


def _dense(where: str, file: IO[bytes], sizes: list[int], symmetry: str) -> Any:
    """Column by column; of a symmetric matrix what is on and below the diagonal."""
    rows, columns = sizes
    lead = {"general": 0, "symmetric": 0, "skew-symmetric": 1}[symmetry]
    wanted = rows * columns
    if symmetry != "general":
        wanted = rows * (rows + 1 - 2 * lead) // 2
    values = _numbers(where, file, 1, wanted)[:, 0]
    if symmetry == "general":
        place = np.arange(wanted)
        second, first = place // max(rows, 1), place % max(rows, 1)
    else:
        second, first = np.triu_indices(rows, lead)
    kept = values != 0.0
    return first[kept], second[kept], values[kept]

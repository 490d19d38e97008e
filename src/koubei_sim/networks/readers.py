"""`read_network`: a graph from a file, in the formats in which graphs are handed round.

Ids of any kind become the numbers 0..n-1; where they were something else, they are kept as
labels.  Wrong files are refused in one line with the file and, for text, the line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.networks import edges, labelling
from koubei_sim.networks.network import Network
from koubei_sim.networks.text_edges import Edges, blocks, column_array, read_text

SOURCE_NAMES = ("source", "src", "from", "u", "i", "node1")
TARGET_NAMES = ("target", "dst", "to", "v", "j", "node2")
WEIGHT_NAMES = ("weight", "w", "strength")
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
    suffix = _suffix(path)
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
    if suffix == ".graphml":
        network = _read_graphml(path, directed, weight, name or _stem(path))
        if n is not None and n != network.n_nodes:
            raise KoubeiError("n", "differs from the file", got=n, allowed=str(network.n_nodes))
        return network
    if suffix == ".parquet":
        found = _read_parquet(path, source, target, weight)
    elif suffix == ".csv" and _has_header(path):
        found = _read_csv(path, source, target, weight, ids)
    else:
        found = read_text(path, ids)
    if ids == "text" and found.src.dtype.kind != "U":
        found = found._replace(src=found.src.astype(np.str_), dst=found.dst.astype(np.str_))
    if ids == "integer" and found.src.dtype.kind == "U":
        raise KoubeiError(
            str(path), "ids are not whole numbers", got=str(found.src[0]), fix="ids='text'"
        )
    return _network(path, found, directed, n, self_loops, parallel, name or _stem(path))


def _network(
    path: Path,
    found: Edges,
    directed: bool | None,
    n: int | None,
    self_loops: str,
    parallel: str,
    name: str,
) -> Network:
    src, dst, labels = found.src, found.dst, found.labels
    mutual_or_not = bool(found.directed) if directed is None else directed
    if labels is not None:
        known = Network.from_edges([], [], n=labels.size, labels=labels)
        src, dst = known.index_of(src), known.index_of(dst)
    elif src.dtype.kind == "U":
        src, dst, labels = labelling.number_labels(src, dst)
    elif n is None and found.n is None:
        if src.size == 0:
            raise KoubeiError(str(path), "no edges in it")
        low, high = min(int(src.min()), int(dst.min())), max(int(src.max()), int(dst.max()))
        if low < 0:
            raise KoubeiError(
                str(path), "negative id", got=low, allowed="0 or more", fix="ids='text'"
            )
        if high > 1000 and (
            high >= edges.MAX_NODES or high > 4 * src.size or _sparse(src, dst, high)
        ):
            src, dst, labels = labelling.number_labels(src, dst)
    if labels is None:
        n = n if n is not None else found.n
    elif n is not None and n != labels.size:
        raise KoubeiError(
            "n", "differs from the people named in the file", got=n, allowed=str(labels.size)
        )
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


def _sparse(src: NDArray[Any], dst: NDArray[Any], high: int) -> bool:
    """Whether fewer than half of the numbers 0..high occur."""
    seen = np.zeros(high + 1, dtype=bool)
    seen[src] = True
    seen[dst] = True
    return 2 * int(np.count_nonzero(seen)) < high + 1


def _suffix(path: Path) -> str:
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


def _first_line(path: Path) -> str:
    for block in blocks(path):
        for raw in block.split(b"\n"):
            line = raw.removeprefix(b"\xef\xbb\xbf").strip()
            if line and line[:1] != b"#":
                return line.decode("utf-8", "replace")
    raise KoubeiError(str(path), "no edges in it", allowed="a header line and edges")


def _has_header(path: Path) -> bool:
    """A CSV file whose first line is all numbers has no header."""
    cells = _first_line(path).split(",")
    return not all(cell.strip().replace(".", "", 1).isdigit() for cell in cells)


def column(
    where: str, given: str | None, usual: tuple[str, ...], names: list[str], needed: bool
) -> str | None:
    """Return the column to use: the one given, else the first usual name that is there."""
    if given is not None:
        if given not in names:
            raise KoubeiError(
                where,
                "no such column",
                got=given,
                allowed=", ".join(names),
                fix=nearest(given, names),
            )
        return given
    lower = {name.strip().lower(): name for name in reversed(names)}
    for word in usual:
        if word in lower:
            return lower[word]
    if needed:
        raise KoubeiError(
            where, f"no {usual[0]} column", got=", ".join(names), fix=f"{usual[0]}='{names[0]}'"
        )
    return None


def _read_csv(
    path: Path, source: str | None, target: str | None, weight: str | None, ids: str
) -> Edges:
    import pyarrow as pa
    from pyarrow import csv

    names = [cell.strip().strip('"') for cell in _first_line(path).split(",")]
    first = column(str(path), source, SOURCE_NAMES, names, True)
    second = column(str(path), target, TARGET_NAMES, names, True)
    third = column(str(path), weight, WEIGHT_NAMES, names, False)
    wanted = [name for name in (first, second, third) if name is not None]
    skipped = 0
    for block in blocks(path):
        for raw in block.split(b"\n"):
            if raw.strip() and raw.lstrip()[:1] != b"#":
                break
            skipped += 1
        break
    types = {third: pa.float64()} if third is not None else {}
    if ids == "text":
        types |= {name: pa.string() for name in wanted[:2]}
    try:
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(
                skip_rows=skipped + 1, column_names=names, block_size=1 << 23
            ),
            convert_options=csv.ConvertOptions(
                include_columns=wanted, column_types=types, null_values=[""]
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError, OSError) as error:
        raise _wrong_row(path, len(names), names.index(third) if third else None, error) from None
    return _from_table(path, table, first, second, third)


def _wrong_row(path: Path, columns: int, weight: int | None, error: BaseException) -> KoubeiError:
    """Go through a CSV file that pyarrow refused, only to say which line is wrong."""
    import csv
    import gzip

    opener = gzip.open if path.name.lower().endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8", errors="replace") as file:
        reader = csv.reader(file)
        header = True
        for cells in reader:
            if not cells or cells[0].startswith("#"):
                continue
            where = f"{path}, line {reader.line_num}"
            if len(cells) != columns:
                shown = ",".join(cells)
                return KoubeiError(where, "ragged line", got=shown, allowed=f"{columns} columns")
            if weight is not None and not header:
                try:
                    float(cells[weight])
                except ValueError:
                    return KoubeiError(where, "weight is not a number", got=cells[weight])
            header = False
    return KoubeiError(str(path), f"not a table ({_short(error)})")


def _read_parquet(path: Path, source: str | None, target: str | None, weight: str | None) -> Edges:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            first = column(str(path), source, SOURCE_NAMES, names, True)
            second = column(str(path), target, TARGET_NAMES, names, True)
            third = column(str(path), weight, WEIGHT_NAMES, names, False)
            table = file.read([name for name in (first, second, third) if name is not None])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise KoubeiError(str(path), f"not a parquet file ({_short(error)})") from None
    marks = table.schema.metadata or {}
    labels = None
    if marks.get(b"koubei.people") == b"rows without target":
        # The people, in order, are the rows that have no target.
        import pyarrow.compute as pc

        alone = pc.is_null(table.column(second))
        labels = column_array(table.filter(alone).column(first))
        table = table.filter(pc.invert(alone))
    found = _from_table(path, table, first, second, third)
    said = marks.get(b"koubei.directed")
    people = marks.get(b"koubei.n")
    return found._replace(
        directed=None if said is None else said == b"true",
        n=None if people is None else int(people),
        labels=labels,
    )


def _from_table(
    path: Path, table: Any, source: str | None, target: str | None, weight: str | None
) -> Edges:
    import pyarrow as pa
    import pyarrow.compute as pc

    ends = []
    for name in (source, target):
        cells = table.column(name)
        kind = cells.type.value_type if pa.types.is_dictionary(cells.type) else cells.type
        if cells.null_count:
            row = pc.index(pc.is_null(cells), True).as_py()
            raise KoubeiError(f"{path}, row {row + 1}, column {name}", "no id in it")
        if not (
            pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)
        ):
            if not (pa.types.is_null(kind) and len(table) == 0):
                raise KoubeiError(
                    f"{path}, column {name}",
                    "ids are neither whole numbers nor text",
                    got=str(kind),
                )
            cells = cells.cast(pa.int64())
        ends.append(column_array(cells))
    if ends[0].dtype.kind != ends[1].dtype.kind:
        ends = [end.astype(np.str_) for end in ends]
    weights = None
    if weight is not None:
        cells = table.column(weight)
        if cells.null_count or not (
            pa.types.is_floating(cells.type) or pa.types.is_integer(cells.type)
        ):
            raise KoubeiError(
                f"{path}, column {weight}", "weights are not all numbers", got=str(cells.type)
            )
        weights = cells.to_numpy()
    return Edges(ends[0], ends[1], weights)


def _short(error: BaseException) -> str:
    return str(error).split("\n")[0][:120]


def _read_graphml(path: Path, directed: bool | None, weight: str | None, name: str) -> Network:
    from xml.etree.ElementTree import ParseError

    import networkx

    from koubei_sim.networks.adapters import as_network

    try:
        graph = networkx.read_graphml(path)
    except (ParseError, networkx.NetworkXError, KeyError, ValueError, OSError, EOFError) as error:
        raise KoubeiError(str(path), f"not GraphML ({_short(error)})") from None
    if graph.number_of_nodes() == 0:
        raise KoubeiError(str(path), "nobody in it")
    return as_network(graph, directed, weight=weight or "weight", name=name)

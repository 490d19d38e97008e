"""Graphs as files: `write_network` for a layer, `write_tree` for who convinced whom.

A layer becomes parquet, GraphML or text that `read_network` reads back equal; a tree or forest
becomes GraphML or GEXF, which Gephi, networkx and most graph programs read.  Trees are written
line by line from arrays, so that a million people need no graph object.  The same graph makes the
same bytes: no date and no name of a tool is in them.

Called by people and by `koubei_sim.cascades.result`.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.networks.files.graph_files import TEXT_IDS
from koubei_sim.networks.layer import Layer
from koubei_sim.networks.network import Network
from koubei_sim.storage import whole_file

WRITABLE = (".parquet", ".csv", ".edges", ".txt", ".tsv", ".graphml")
PART = 1 << 22  # rows per write


def write_network(network: Network, path: str | Path, layer: str | None = None) -> Path:
    """Write one layer; return the path.

    Parameters
    ----------
    network : Network
    path : str or Path
        Suffix ``.parquet``, or ``.csv``, ``.edges``, ``.txt``, ``.tsv``, ``.graphml`` (these
        also with ``.gz``).
    layer : str, optional
        Which layer, where there are several.

    Returns
    -------
    Path
        The file.  Mutual ties are written once; people are written by label where there are
        labels.  What `read_network` makes of it is equal: direction, people without ties, the
        order of labels, text labels that look like numbers, weights to the last bit.

        CSV has the columns source, target, weight where there are weights, and type
        (``Directed`` or ``Undirected``, as Gephi writes it); people without ties are rows of
        type ``Person`` with an empty target; text labels are in quotes.  Other text says these
        things in comment lines at the top.

    Raises
    ------
    KoubeiError
        Unknown suffix, missing folder, or labels that a text file cannot hold.
    """
    path = checks.path("path", path)
    if not isinstance(network, Network):
        raise KoubeiError("network", "not a Network", got=type(network).__name__)
    chosen = network.layer(layer)
    kind = next(
        (word for word in WRITABLE if path.name.lower().removesuffix(".gz").endswith(word)), None
    )
    if kind is None or (kind == ".parquet" and path.name.lower().endswith(".gz")):
        raise KoubeiError(
            str(path), "unknown kind of file", got=path.suffix, allowed=" ".join(WRITABLE)
        )
    if not path.parent.is_dir():
        raise KoubeiError(str(path), "no such folder", got=str(path.parent))
    zipped = path.name.lower().endswith(".gz")
    _check_labels(network, kind)
    with whole_file(path) as file:
        if kind == ".parquet":
            _write_parquet(network, chosen, file)
        else:
            with _zipped(file) if zipped else nullcontext(file) as text:
                write = _write_graphml if kind == ".graphml" else _write_text
                write(network, chosen, text, kind)
    return path


def _parts(network: Network, layer: Layer) -> Any:
    """Yield (source, target, weight) for runs of arcs, mutual ties once, as numbers or labels."""
    bounds = np.unique(np.searchsorted(layer.indptr, np.arange(0, layer.n_arcs + PART, PART)))
    bounds = np.unique(np.concatenate(([0], np.minimum(bounds, layer.n_nodes), [layer.n_nodes])))
    for lo, hi in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        a, b = int(layer.indptr[lo]), int(layer.indptr[hi])
        source = np.repeat(np.arange(lo, hi, dtype=np.int32), np.diff(layer.indptr[lo : hi + 1]))
        target = layer.indices[a:b]
        weight = None if layer.weights is None else layer.weights[a:b]
        if not layer.directed:
            once = source < target
            source, target = source[once], target[once]
            weight = None if weight is None else weight[once]
        if network.labels is not None:
            source, target = network.labels[source], network.labels[target]
        yield source, target, weight


def _table(schema: Any, source: Any, target: Any, weight: Any) -> Any:
    import pyarrow as pa

    columns = [pa.array(source), pa.array(target)]
    if "weight" in schema.names:
        columns.append(pa.array(weight))
    return pa.table(
        [column.cast(kind.type) for column, kind in zip(columns, schema, strict=True)],
        schema=schema,
    )


def _schema(network: Network, layer: Layer) -> Any:
    import pyarrow as pa

    kind = pa.int32()
    if network.labels is not None:
        kind = pa.string() if network.labels.dtype.kind == "U" else pa.int64()
    fields = [pa.field("source", kind), pa.field("target", kind)]
    if layer.weights is not None:
        fields.append(pa.field("weight", pa.float32()))
    return pa.schema(fields)


def _write_parquet(network: Network, layer: Layer, file: BinaryIO) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    marks = {
        "koubei.n": str(network.n_nodes),
        "koubei.directed": "true" if layer.directed else "false",
    }
    if network.labels is not None:
        marks["koubei.people"] = "rows without target"
    schema = _schema(network, layer).with_metadata(marks)
    with pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=False) as writer:
        if network.labels is not None:
            nobody = pa.nulls(network.n_nodes, schema.field("target").type)
            unweighted = np.zeros(network.n_nodes, dtype=np.float32)
            columns = [
                pa.array(network.labels).cast(schema.field("source").type),
                nobody,
                pa.array(unweighted),
            ]
            writer.write_table(pa.table(columns[: len(schema)], schema=schema))
        for source, target, weight in _parts(network, layer):
            writer.write_table(_table(schema, source, target, weight))


def _check_labels(network: Network, kind: str) -> None:
    """Refuse labels that a kind of file cannot hold."""
    labels = network.labels
    if labels is None or labels.dtype.kind != "U" or kind == ".parquet":
        return
    signs = {".csv": "\n\r", ".graphml": ""}.get(kind, ' \t,;\n\r#%"')
    for sign in signs:
        wrong = np.char.find(labels, sign) >= 0
        if wrong.any():
            label = str(labels[wrong][0])
            raise KoubeiError(
                "labels",
                f"hold {sign!r}, which separates text",
                got=repr(label),
                fix="a .parquet file" if kind == ".csv" else "a .csv or .parquet file",
            )
    if kind == ".graphml":
        wrong = np.array([ILLEGAL.search(label) is not None for label in labels.tolist()])
        if wrong.any():
            got = repr(str(labels[wrong][0]))
            raise KoubeiError("labels", "hold what XML cannot", got=got, fix="a .parquet file")
    if (labels == "").any():
        raise KoubeiError("labels", "one is empty", got="''", fix="a .parquet file")


def _listed(network: Network, layer: Layer) -> Any:
    """Rows of the people whom a list of edges must name besides: those without ties, or all.

    All, in order, where reading in ascending order would number them otherwise.
    """
    labels = network.labels
    if labels is not None and not bool(np.all(labels[1:] > labels[:-1])):
        return np.arange(network.n_nodes)
    alone = np.diff(layer.indptr) == 0
    if layer.directed:
        heard = np.zeros(network.n_nodes, dtype=np.bool_)
        heard[layer.indices] = True
        alone &= ~heard
    return np.flatnonzero(alone)


def _write_text(network: Network, layer: Layer, file: BinaryIO, kind: str) -> None:
    import pyarrow as pa
    from pyarrow import csv

    comma = kind == ".csv"
    named = network.labels is not None and network.labels.dtype.kind == "U"
    schema = _schema(network, layer)
    options = csv.WriteOptions(
        include_header=False,
        delimiter="," if comma else "\t",
        quoting_style="needed" if comma and named else "none",  # "needed": all text
    )
    word = "Directed" if layer.directed else "Undirected"
    listed = _listed(network, layer) if comma or network.labels is not None else np.empty(0, int)
    people = network.people(listed).tolist()
    if comma:
        file.write((",".join((*schema.names, "type")) + "\n").encode())
        gap = "," * (len(schema) - 1)
        rows = (f"{_in_quotes(who) if named else who}{gap},Person\n" for who in people)
        file.write("".join(rows).encode())
    else:
        file.write(f"# directed: {word == 'Directed'}\n".lower().encode())
        if network.labels is None:
            file.write(f"# nodes: {network.n_nodes}\n".encode())
        elif named:
            file.write(b"# ids: text\n")
        file.write("".join(f"# person: {who}\n" for who in people).encode())
        file.write(("# " + "\t".join(schema.names) + "\n").encode())
    for source, target, weight in _parts(network, layer):
        table = _table(schema, source, target, weight)
        if comma:
            table = table.append_column("type", pa.repeat(word, len(table)))
        csv.write_csv(table, file, options)


def _in_quotes(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _write_graphml(network: Network, layer: Layer, file: BinaryIO, kind: str) -> None:
    import networkx

    graph: Any = networkx.DiGraph() if layer.directed else networkx.Graph()
    if network.labels is not None and network.labels.dtype.kind == "U":
        graph.graph[TEXT_IDS] = "text"
    graph.add_nodes_from(network.people(np.arange(network.n_nodes)).tolist())
    for source, target, weight in _parts(network, layer):
        pairs = zip(source.tolist(), target.tolist(), strict=True)
        if weight is None:
            graph.add_edges_from(pairs)
        else:
            values = weight.astype(np.float64).tolist()
            graph.add_weighted_edges_from((u, v, w) for (u, v), w in zip(pairs, values))
    networkx.write_graphml(graph, file)


def _zipped(raw: BinaryIO) -> Any:
    """Compress lightly, without name and time: the same network makes the same bytes."""
    return gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=3, mtime=0)


TREES: Final = (".graphml", ".gexf")
#: numpy kind of a column -> type in GraphML, in GEXF.
_KINDS: Final = {
    "i": ("long", "long"),
    "u": ("long", "long"),
    "f": ("double", "double"),
    "U": ("string", "string"),
}
#: What XML 1.0 cannot hold, escaped or not.
ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LINES: Final = 10_000  # joined into one write


def write_tree(
    path: str | Path,
    nodes: Sequence[str] | NDArray[Any],
    above: NDArray[np.int64],
    attributes: Mapping[str, NDArray[Any]],
    labels: Sequence[str] | NDArray[Any] | None = None,
) -> Path:
    """Write a forest as a directed graph, edges from who convinced to who was convinced.

    Parameters
    ----------
    path : str or Path
        Suffix ``.graphml`` or ``.gexf``.
    nodes : (m,) sequence
        Identifiers, all different; written as text.
    above : (m,) int64
        Place of the parent of each node in `nodes`, -1 for a root.
    attributes : mapping of str to (m,) array
        Columns: whole numbers, floats or text.  Numbers that are not finite are left out.
    labels : (m,) sequence, optional
        What a drawing shows; the identifiers without it.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    KoubeiError
        For another suffix, a missing folder, a full disk, or columns of other lengths.
    """
    path = Path(path).expanduser()
    kind = path.suffix.lower()
    if kind not in TREES:
        raise KoubeiError(
            str(path), "unknown kind of file", got=kind or "no suffix", allowed=" ".join(TREES)
        )
    columns = {name: np.asarray(values) for name, values in attributes.items()}
    for name, values in columns.items():
        if values.shape != (len(nodes),):
            raise KoubeiError(
                f"attributes.{name}", "wrong length", got=values.shape, allowed=f"({len(nodes)},)"
            )
        if values.dtype.kind not in _KINDS:
            raise KoubeiError(f"attributes.{name}", "wrong type", got=str(values.dtype))
    if not path.parent.is_dir():
        raise KoubeiError(str(path), "no such folder", got=str(path.parent))
    names = [quoteattr(_clean(node)) for node in nodes]
    shown = names if labels is None else [quoteattr(_clean(label)) for label in labels]
    lines = (_graphml if kind == ".graphml" else _gexf)(names, shown, above, columns)
    with whole_file(path) as file:
        while part := list(islice(lines, _LINES)):
            file.write(("\n".join(part) + "\n").encode())
    return path


def _clean(text: object) -> str:
    return ILLEGAL.sub("\ufffd", str(text))


def _values(columns: Mapping[str, NDArray[Any]]) -> list[list[str | None]]:
    """The columns as text; None where a number is not finite."""
    found: list[list[str | None]] = []
    for values in columns.values():
        if values.dtype.kind == "f":
            found.append([repr(x) if np.isfinite(x) else None for x in values.tolist()])
        else:
            found.append([_clean(x) for x in values.tolist()])
    return found


def _graphml(
    names: list[str],
    shown: list[str],
    above: NDArray[np.int64],
    columns: Mapping[str, NDArray[Any]],
) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
    yield '<key id="label" for="node" attr.name="label" attr.type="string"/>'
    for name, values in columns.items():
        title, kind = quoteattr(name), _KINDS[values.dtype.kind][0]
        yield f'<key id={title} for="node" attr.name={title} attr.type="{kind}"/>'
    yield '<graph edgedefault="directed">'
    titles = [quoteattr(name) for name in columns]
    for name, label, *row in zip(names, shown, *_values(columns)):
        data = "".join(
            f"<data key={title}>{escape(value)}</data>"
            for title, value in zip(titles, row)
            if value is not None
        )
        # `label` is quoted for an attribute, which is as good between tags without its quotes.
        yield f'<node id={name}><data key="label">{label[1:-1]}</data>{data}</node>'
    for place, parent in enumerate(above.tolist()):
        if parent >= 0:
            yield f"<edge source={names[parent]} target={names[place]}/>"
    yield "</graph>"
    yield "</graphml>"


def _gexf(
    names: list[str],
    shown: list[str],
    above: NDArray[np.int64],
    columns: Mapping[str, NDArray[Any]],
) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">'
    yield '<graph defaultedgetype="directed" mode="static">'
    yield '<attributes class="node" mode="static">'
    for number, (name, values) in enumerate(columns.items()):
        kind = _KINDS[values.dtype.kind][1]
        yield f'<attribute id="{number}" title={quoteattr(name)} type="{kind}"/>'
    yield "</attributes>"
    yield "<nodes>"
    for name, label, *row in zip(names, shown, *_values(columns)):
        data = "".join(
            f'<attvalue for="{number}" value={quoteattr(value)}/>'
            for number, value in enumerate(row)
            if value is not None
        )
        yield f"<node id={name} label={label}><attvalues>{data}</attvalues></node>"
    yield "</nodes>"
    yield "<edges>"
    numbers = np.cumsum(above >= 0).tolist()
    for place, parent in enumerate(above.tolist()):
        if parent >= 0:
            edge = numbers[place] - 1
            yield f'<edge id="{edge}" source={names[parent]} target={names[place]}/>'
    yield "</edges>"
    yield "</graph>"
    yield "</gexf>"

"""`write_network`: a layer as parquet or as a text edge list that `read_network` reads back.

The file is written under a temporary name beside its own and renamed when it is whole.
"""

from __future__ import annotations

import gzip
import os
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from koubei_sim.errors import KoubeiError
from koubei_sim.networks.network import Layer, Network

WRITABLE = (".parquet", ".csv", ".edges", ".txt", ".tsv")
PART = 1 << 22  # rows per write


def write_network(network: Network, path: str | Path, layer: str | None = None) -> Path:
    """Write one layer; return the path.

    Parameters
    ----------
    network : Network
    path : str or Path
        Suffix ``.parquet``, or ``.csv``, ``.edges``, ``.txt``, ``.tsv`` (also with ``.gz``).
    layer : str, optional
        Which layer, where there are several.

    Returns
    -------
    Path
        The file.  Mutual ties are written once; people are written by label where there are
        labels.  Parquet keeps labels in order and people without ties; text keeps the number
        of people of a network without labels.

    Raises
    ------
    KoubeiError
        Unknown suffix, missing folder, or labels that a text file cannot hold.
    """
    path = Path(path)
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
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    try:
        if kind == ".parquet":
            _write_parquet(network, chosen, temporary)
        else:
            _write_text(network, chosen, temporary, kind, path.name.lower().endswith(".gz"))
        # mkstemp makes private files; give this one the usual rights.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
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


def _write_parquet(network: Network, layer: Layer, temporary: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    marks = {
        "koubei.n": str(network.n_nodes),
        "koubei.directed": "true" if layer.directed else "false",
    }
    if network.labels is not None:
        marks["koubei.people"] = "rows without target"
    schema = _schema(network, layer).with_metadata(marks)
    with pq.ParquetWriter(temporary, schema, compression="zstd", use_dictionary=False) as writer:
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


def _write_text(network: Network, layer: Layer, temporary: str, kind: str, zipped: bool) -> None:
    from pyarrow import csv

    comma = kind == ".csv"
    if network.labels is not None and network.labels.dtype.kind == "U":
        for sign in (" ", "\t", ",", ";", "\n", "\r", "#", "%", '"'):
            wrong = np.char.find(network.labels, sign) >= 0
            if wrong.any():
                label = str(network.labels[wrong][0])
                raise KoubeiError(
                    "labels",
                    f"hold {sign!r}, which separates text",
                    got=label,
                    fix="a .parquet file",
                )
    schema = _schema(network, layer)
    options = csv.WriteOptions(
        include_header=False, delimiter="," if comma else "\t", quoting_style="none"
    )
    with open(temporary, "wb") as raw, _zipped(raw) if zipped else nullcontext(raw) as file:
        if comma:
            file.write((",".join(schema.names) + "\n").encode())
        else:
            file.write(f"# directed: {'true' if layer.directed else 'false'}\n".encode())
            if network.labels is None:
                file.write(f"# nodes: {network.n_nodes}\n".encode())
        for source, target, weight in _parts(network, layer):
            csv.write_csv(_table(schema, source, target, weight), file, options)


def _zipped(raw: BinaryIO) -> gzip.GzipFile:
    """Compress lightly, without name and time: the same network makes the same bytes."""
    return gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=3, mtime=0)

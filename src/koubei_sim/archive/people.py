"""The people of a result on disk: what they are called, and the table they came from.

``people.parquet`` stands in a result folder only where people have names or came from a table; all
else follows from the recipe.  Called by `files` and `results`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from koubei_sim.archive.disk import Disk, DiskFile
from koubei_sim.archive.folders import PEOPLE, folder_of
from koubei_sim.archive.reading import cannot_read
from koubei_sim.population import Who

_LABEL: Final = "label"
_NOTE: Final = b"koubei_sim"


def write_people(who: Who, path: Path) -> None:
    """Write names and table; columns of cells of mixed kinds are written as JSON."""
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    frame = pd.DataFrame() if who.table is None else who.table
    columns: dict[str, Any] = {}
    for name in frame.columns:
        try:
            columns[f"table.{name}"] = pa.Array.from_pandas(frame[name])
        except (pa.ArrowException, TypeError, ValueError):
            cells = frame[name].astype(object).tolist()
            columns[f"mixed.{name}"] = pa.array([json.dumps(cell, default=str) for cell in cells])
    if who.names is not None:
        columns = {_LABEL: pa.array(who.names.tolist()), **columns}
    kept = json.dumps({"table": who.table is not None})
    table = pa.table(columns).replace_schema_metadata({_NOTE: kept.encode()})
    with DiskFile(path, Disk()) as file:
        parquet.write_table(table, file, compression="zstd")


def read_people(path: Path | str) -> Who:
    """Return the names and the table of a saved result, nothing where it has none."""
    import pyarrow as pa
    from pyarrow import parquet

    file = folder_of(path) / PEOPLE
    if not file.is_file():
        return Who()
    try:
        table = parquet.read_table(file)
        kept = json.loads((table.schema.metadata or {})[_NOTE])
        names = None
        if _LABEL in table.column_names:
            labels = table.column(_LABEL).to_pylist()
            names = np.array(labels, dtype=np.int64 if isinstance(labels[0], int) else np.str_)
            table = table.drop_columns([_LABEL])
        frame = None
        if kept["table"]:
            frame = table.to_pandas()
            for name in frame.columns[frame.columns.str.startswith("mixed.")]:
                frame[name] = frame[name].map(json.loads).astype(object)
            frame.columns = frame.columns.str.partition(".", expand=False).str[2]
        return Who(names, frame)
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise cannot_read(file, error) from None

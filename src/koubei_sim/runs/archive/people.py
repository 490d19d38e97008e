"""The people of a result on disk: what they are called, and the table they came from.

``people.parquet`` stands in a result folder only where people have names or came from a table; all
else follows from the recipe.  Called by `files` and `results`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from koubei_sim.model.world.population import Who
from koubei_sim.runs.archive.reading import cannot_read
from koubei_sim.storage.disk import Disk, DiskFile
from koubei_sim.storage.folders import PEOPLE, folder_of

if TYPE_CHECKING:
    import pandas as pd

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
    kinds = {str(name): _name_of(frame[name].dtype) for name in frame.columns}
    kept = json.dumps({"table": who.table is not None, "kinds": kinds})
    table = pa.table(columns).replace_schema_metadata({_NOTE: kept.encode()})
    with DiskFile(path, Disk()) as file:
        parquet.write_table(table, file, compression="zstd")


def _name_of(dtype: Any) -> Any:
    """What `_kind` makes a dtype of: its name, or the categories and whether they have an order."""
    import pandas as pd

    if isinstance(dtype, pd.CategoricalDtype):
        names = dtype.categories.tolist()
        if all(isinstance(name, (str, int, float)) for name in names):
            return [names, bool(dtype.ordered)]
    return str(dtype)


def _frame(table: Any, kinds: dict[str, Any]) -> pd.DataFrame:
    """The table of people, each column of the kind that it was: 2**60 + 1 is no float."""
    import pandas as pd

    columns: dict[str, Any] = {}
    for full in table.column_names:
        form, _, name = full.partition(".")
        cells = table.column(full)
        kind = _kind(kinds.get(name))
        if form == "mixed":
            read = [json.loads(cell) for cell in cells.to_pylist()]
            columns[name] = pd.Series(read, dtype=object)
        elif hasattr(kind, "__from_arrow__"):
            columns[name] = pd.Series(kind.__from_arrow__(cells), dtype=kind)
        elif isinstance(kind, np.dtype) and kind.kind == "O":
            columns[name] = pd.Series(cells.to_pylist(), dtype=object)
        elif isinstance(kind, pd.CategoricalDtype) and kind.categories is not None:
            columns[name] = pd.Series(cells.to_pylist(), dtype=kind)
        else:
            columns[name] = cells.to_pandas()
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))


def _kind(name: Any) -> Any:
    """The dtype of a name; None for one that this pandas does not have."""
    import pandas as pd
    from pandas.api.types import pandas_dtype

    try:
        if isinstance(name, list):
            return pd.CategoricalDtype(name[0], ordered=name[1])
        return None if name is None else pandas_dtype(name)
    except TypeError:
        return None


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
            frame = _frame(table, kept.get("kinds", {}))
        return Who(names, frame)
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise cannot_read(file, error) from None

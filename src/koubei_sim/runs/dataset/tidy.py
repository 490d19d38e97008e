"""The tidy long form of the daily tables: one row a number.

Called by `results`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from koubei_sim import checks
from koubei_sim.errors import KoubeiError, nearest

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

#: Rows that are made together.
_ROWS: Final = 1 << 21
#: Bytes of a row while a frame is put together, about.
_ROW_BYTES: Final = 64
_ALWAYS: Final = ("replicate", "tick")


def chosen(data: xr.Dataset, variables: str | Sequence[str] | None) -> list[str]:
    """Return the variables asked for, all of them without a word."""
    known = [str(name) for name in data.data_vars]
    if variables is None:
        return known
    if isinstance(variables, str):
        variables = [variables]
    if not hasattr(variables, "__iter__"):
        raise KoubeiError("variables", "not a name or a list of names", got=checks.shown(variables))
    found = list(variables)
    for name in found:
        if name not in known:
            raise KoubeiError(
                "variables",
                "unknown",
                got=checks.shown(name),
                allowed=", ".join(known),
                fix=nearest(str(name), known),
            )
    if not found or len(set(found)) < len(found):
        raise KoubeiError("variables", "none, or one twice", got=checks.shown(found))
    return found


def tidy_frame(data: xr.Dataset, variables: str | Sequence[str] | None) -> pd.DataFrame:
    """Return some variables as one frame; see `Result.frame`."""
    import pandas as pd
    import psutil

    names = chosen(data, variables)
    rows = sum(data[name].size for name in names)
    available = psutil.virtual_memory().available
    if rows * _ROW_BYTES > 0.8 * available:
        raise KoubeiError(
            "frame",
            f"{rows:,} rows would not fit into memory",
            got=f"about {rows * _ROW_BYTES / 2**30:.1f} GiB",
            allowed=f"{available / 2**30:.1f} GiB available",
            fix="frame_batches(), or fewer variables",
        )
    return pd.concat(list(tidy_batches(data, names)), ignore_index=True)


def tidy_batches(data: xr.Dataset, variables: str | Sequence[str] | None) -> Iterator[pd.DataFrame]:
    """Yield the same in pieces of about two million rows, whole days of one variable each."""
    names = chosen(data, variables)
    wide = [str(d) for d in data.dims if d not in _ALWAYS]
    wide = [d for d in wide if any(d in data[name].dims for name in names)]
    return _pieces(data, names, wide)


def _pieces(data: xr.Dataset, names: list[str], wide: list[str]) -> Iterator[pd.DataFrame]:
    for name in names:
        variable = data[name].transpose("replicate", "tick", ...)
        replicates, ticks = variable.shape[:2]
        a_day = max(1, variable.size // max(1, replicates * ticks))
        step = max(1, _ROWS // a_day)
        for replicate in range(replicates):
            for begin in range(0, ticks, step):
                part = variable[replicate : replicate + 1, begin : begin + step]
                yield _rows(data, name, part, names, wide)


def _rows(
    data: xr.Dataset, name: str, part: Any, names: list[str], wide: list[str]
) -> pd.DataFrame:
    import pandas as pd

    shape = part.shape
    place = dict(zip(part.dims, np.indices(shape, dtype=np.int32, sparse=True), strict=True))

    def spread(dim: str) -> Any:
        return np.broadcast_to(place[dim], shape).ravel()

    columns: dict[str, Any] = {
        "replicate": part["replicate"].to_numpy()[spread("replicate")],
        "tick": part["tick"].to_numpy()[spread("tick")],
    }
    if "date" in part.coords:
        columns["date"] = part["date"].to_numpy()[spread("tick")]
    columns["variable"] = pd.Categorical.from_codes(
        np.full(part.size, names.index(name), np.int16), pd.Index(names)
    )
    for dim in wide:
        entries = data[dim].to_numpy().tolist() if dim in data.coords else range(data.sizes[dim])
        code = spread(dim).astype(np.int16) if dim in place else np.full(part.size, -1, np.int16)
        columns[dim] = pd.Categorical.from_codes(code, pd.Index(list(entries)))
    columns["value"] = part.to_numpy().ravel()
    return pd.DataFrame(columns)

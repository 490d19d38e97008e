"""Daily tables that are not spread over every combination of their names unasked.

A data frame of a Dataset has one row for each combination of all dimensions: the nine of a run
make 20 GB of a tiny one, nearly all of it repeats.  Such a frame is predicted, and refused where
it would be mostly repeats or would not fit; the tidy long form (`Result.frame`) is the way out.
Loaded only when tables are made, because it loads xarray.
"""

from __future__ import annotations

import math
from typing import Any, Final

import xarray as xr

from koubei_sim.errors import KoubeiError

#: A frame up to this size is made whatever it repeats.
_SMALL: Final = 1 << 28
#: How many times the numbers held a larger frame may be.
_TIMES: Final = 8


class DailyTables(xr.Dataset):
    """An xarray Dataset with a guard on data frames; everything else is xarray's."""

    __slots__ = ()

    def to_dataframe(self, dim_order: Any = None) -> Any:
        """Return a data frame over all combinations of the dimensions, as xarray does.

        Raises
        ------
        KoubeiError
            When it would not fit into memory, or be many times what there is to say.
        """
        check_spread(self, "to_dataframe")
        return super().to_dataframe(dim_order=dim_order)

    def to_dataarray(self, dim: Any = "variable", name: Any = None) -> Any:
        """Return one array over all combinations of the dimensions, guarded likewise."""
        check_spread(self, "to_dataarray")
        return super().to_dataarray(dim=dim, name=name)

    def to_array(self, dim: Any = "variable", name: Any = None) -> Any:
        """Return the same under the older name of xarray."""
        return self.to_dataarray(dim, name)


def check_spread(tables: xr.Dataset, where: str) -> None:
    """Refuse to spread tables over all their dimensions where that is out of proportion."""
    import psutil

    rows = math.prod(tables.sizes.values())
    needed = rows * 8 * (len(tables.data_vars) + len(tables.coords))
    held = sum(variable.nbytes for variable in tables.data_vars.values())
    available = psutil.virtual_memory().available
    if needed <= _SMALL or (needed <= _TIMES * held and needed <= 0.8 * available):
        return
    raise KoubeiError(
        where,
        f"{rows:,} rows, one for each combination of {len(tables.sizes)} dimensions",
        got=f"about {needed / 2**30:.1f} GiB for {held / 2**20:.1f} MiB of numbers",
        allowed=f"{available / 2**30:.1f} GiB available",
        fix="Result.frame(), the tidy long form, or one variable: data.members.to_dataframe()",
    )

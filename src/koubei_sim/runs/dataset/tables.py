"""Daily tables with names on: histories as an xarray Dataset, and back; and its long form.

The engines return bare integer tables; here every column gets its name, dimension, coordinate
and unit, and `people_per_agent` is multiplied in.  The way back (`tables_from`) is exact, so
that a saved result has the digest of the run it came from.

Called by `results`.  xarray is imported inside the functions: the package face must not load it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.core.codes import HOPS, STAGES, TIERS
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.mechanisms import COLUMNS, TABLE_OFFSET, TABLE_WIDTH
from koubei_sim.model.mechanisms.adoption import T_ADOPTIONS_CHANNEL
from koubei_sim.model.mechanisms.declaration import Column
from koubei_sim.model.mechanisms.goods import T_BOUGHT_IN
from koubei_sim.model.mechanisms.media import T_ADOPTIONS_MEDIA
from koubei_sim.model.world.arrays import History

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def names_of(scenario: Any) -> dict[str, list[str]]:
    """Return the names along each named dimension of a scenario's results."""
    return {
        "stage": list(STAGES),
        "tier": list(TIERS),
        "sign": ["positive", "negative"],
        "segment": list(scenario.segments),
        "channel": list(scenario.channels),
        "node": list(scenario.nodes),
        "product": list(scenario.products),
        "good": list(scenario.goods),
        "hop": [str(hop) for hop in range(HOPS)],
    }


def dates_of(scenario: Any) -> NDArray[np.datetime64] | None:
    """Return the calendar date of each tick, or None where the scenario has no start date."""
    start: date | None = getattr(scenario, "start_date", None)
    if start is None:
        return None
    first = np.datetime64(start.isoformat(), "D")
    return np.asarray(first + np.arange(int(scenario.ticks)).astype("m8[D]"))


def _blocks(names: dict[str, list[str]]) -> Iterator[tuple[Column, int]]:
    """Yield the columns of the whole table, and how many of each are used."""
    for column in COLUMNS:
        yield column, min(column.width, len(names[column.along])) if column.along else 1


def _own(scenario: Any) -> Iterator[tuple[str, str, int, str]]:
    """Yield (mechanism, column, its number, meaning) of the user's own mechanisms."""
    at = TABLE_WIDTH
    for mechanism in scenario.mechanisms:
        for column, meaning in mechanism.columns.items():
            yield mechanism.name, column, at, meaning
            at += 1


#: Units of columns that count nothing of which an agent stands for many.
NO_PEOPLE: Final = frozenset({"needs", "stories", "campaigns / 65536"})


def dataset_from(histories: Sequence[History], scenario: Any) -> xr.Dataset:
    """Return the daily tables of all replicates as one Dataset.

    Dimensions ``replicate``, ``tick`` and, by variable, ``stage``, ``tier``, ``segment``,
    ``channel``, ``node``, ``product``, ``good``, ``sign``, ``hop``.  Counts are persons (agents
    times ``people_per_agent``), int64 where that is a whole number; blocks of the table keep their
    names but for ``by_stage``, ``by_tier`` and ``tells``.  Coordinate ``date`` along ``tick``
    where the scenario has a start date.  Four sums are added for convenience: ``users``,
    ``loyal`` (loyal and above), ``die_hard`` (die-hard and core), ``adoptions``.
    """
    from koubei_sim.runs.dataset.guarded import DailyTables

    variables = variables_of(histories, scenario)
    ticks = histories[0].table.shape[0]
    return DailyTables(variables, coords=_coordinates(scenario, len(histories), ticks))


#: Dimensions, values and attributes of a variable.
Variable = tuple[tuple[str, ...], NDArray[Any], dict[str, str]]


def variables_of(
    histories: Sequence[History], scenario: Any, wanted: Collection[str] | None = None
) -> dict[str, Variable]:
    """Return the variables of `dataset_from`, all of them or those that are wanted, by name."""
    names = names_of(scenario)
    scale = scale_of(scenario)
    table = np.stack([history.table for history in histories])
    variables: dict[str, Variable] = {}

    def add(
        name: str, dims: tuple[str, ...], values: NDArray[Any], meaning: str, unit: str = "people"
    ) -> None:
        if wanted is not None and name not in wanted:
            return
        attributes = {"long_name": meaning, "units": unit}
        counts = values if unit in NO_PEOPLE else values * scale
        variables[name] = (("replicate", "tick", *dims), counts, attributes)

    for column, used in _blocks(names):
        if column.variable == "tells" or (column.along == "good" and not used):
            continue  # without goods a length of nothing would make every table of all names empty
        values = table[:, :, column : column + used]
        if column.along:
            add(column.variable, (column.along,), values, column.meaning, column.unit)
        else:
            add(column.variable, (), values[:, :, 0], column.meaning, column.unit)
    channels = len(names["channel"])
    signs = [column for column in COLUMNS if column.variable == "tells"]
    tells = np.stack([table[:, :, at : at + channels] for at in signs], axis=2)
    add("tells", ("sign", "channel"), tells, signs[0].meaning)
    tier = table[:, :, TABLE_OFFSET["tier"] :][:, :, :4]
    for mechanism, own, at, meaning in _own(scenario):
        add(f"{mechanism}_{own}", (), table[:, :, at], meaning)
    derived = {
        "users": tier.sum(axis=2),
        "loyal": tier[:, :, 1:].sum(axis=2),
        "die_hard": tier[:, :, 2:].sum(axis=2),
        "adoptions": sum(
            table[:, :, column : column + column.width].sum(axis=2)
            for column in (T_ADOPTIONS_CHANNEL, T_ADOPTIONS_MEDIA, T_BOUGHT_IN)
        ),
    }
    for name, values in derived.items():
        add(name, (), values, name)
    for name in ("quality", "difficulty"):
        if wanted is not None and name not in wanted:
            continue
        stacked = np.stack([getattr(history, name) for history in histories])
        attributes = {"long_name": f"{name} of the product", "units": "1"}
        variables[name] = (("replicate", "tick", "product"), stacked, attributes)
    return variables


def dims_of(scenario: Any) -> dict[str, tuple[str, ...]]:
    """Return the variables that the daily tables of a scenario have, with their own dimensions.

    Those beside ``replicate`` and ``tick``.
    """
    return {name: dims[2:] for name, (dims, _, _) in described(scenario).items()}


def described(scenario: Any, wanted: Collection[str] | None = None) -> dict[str, Variable]:
    """Return the variables of a run of one empty day: what they are called and what they mean."""
    products = len(scenario.products)
    day = np.zeros((1, TABLE_WIDTH + len(list(_own(scenario)))), dtype=np.int64)
    columns: dict[str, Any] = dict.fromkeys(History._fields, np.zeros((1, products)))
    empty = History(**{**columns, "table": day})
    return variables_of([empty], scenario, wanted)


def _coordinates(scenario: Any, replicates: int, ticks: int) -> dict[str, Any]:
    coordinates: dict[str, Any] = {
        name: np.array(values, dtype=str)
        for name, values in names_of(scenario).items()
        if name != "hop" and values
    }
    coordinates["replicate"] = np.arange(replicates)
    coordinates["tick"] = np.arange(ticks)
    coordinates["hop"] = np.arange(HOPS)
    dates = dates_of(scenario)
    if dates is not None:
        coordinates["date"] = ("tick", dates[:ticks].astype("datetime64[ns]"))
    return coordinates


def scale_of(scenario: Any) -> int | float:
    """Return `people_per_agent`, whole where it is."""
    scale = float(getattr(scenario, "people_per_agent", 1))
    return int(scale) if scale.is_integer() else scale


def tables_from(
    data: xr.Dataset, scenario: Any
) -> list[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]]:
    """Return table, quality and difficulty of each replicate that `dataset_from` was made of.

    They are the same bit for bit.

    Parameters
    ----------
    data : Dataset
        As made by `dataset_from`.
    scenario
        The scenario of the run.
    """
    names = names_of(scenario)
    scale = scale_of(scenario)
    replicates, ticks = data.sizes["replicate"], data.sizes["tick"]
    own = list(_own(scenario))
    table = np.zeros((replicates, ticks, TABLE_WIDTH + len(own)), dtype=np.int64)
    for mechanism, name, at, _ in own:
        table[:, :, at] = np.rint(data[f"{mechanism}_{name}"].to_numpy() / scale)
    for column, used in _blocks(names):
        if column.variable not in data:  # a result of before the column was there
            continue
        values = data[column.variable].to_numpy()
        if column.variable == "tells":
            values = values[:, :, 0 if column.name == "tells_positive" else 1]
        if not column.along:
            values = values[:, :, np.newaxis]
        divide = 1 if column.unit in NO_PEOPLE else scale
        table[:, :, column : column + used] = np.rint(values / divide)
    quality, difficulty = data["quality"].to_numpy(), data["difficulty"].to_numpy()
    return [(table[r], quality[r], difficulty[r]) for r in range(replicates)]


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

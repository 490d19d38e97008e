"""Histories with names on: the daily tables as an xarray Dataset, the event logs as a data frame.

The engines return bare integer tables; here every column gets its name, dimension, coordinate
and unit, and `people_per_agent` is multiplied in.  The way back (`tables_from`) is exact, so
that a saved result has the digest of the run it came from.

Called by `results` and `simulate`.  xarray and pandas are imported inside the functions: the
package face must not load them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.kernels.codes import (
    HOPS,
    LOG_ADOPT,
    LOG_KINDS,
    RECRUITER_MEDIA,
    RECRUITER_SEED,
    STAGES,
    TABLE,
    TABLE_OFFSET,
    TABLE_WIDTH,
    TIERS,
)
from koubei_sim.world import LOG_COLUMNS, LOG_TYPES, History, events_in, log_pieces

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

#: Dimension of each block of the table that is wider than one column.
_DIMENSION: Final = {
    "stage": "stage",
    "tier": "tier",
    "enthusiast_tier": "tier",
    "segment_users": "segment",
    "adoptions_segment": "segment",
    "tells_hop": "hop",
    "joins": "node",
}  # all others: channel
#: Blocks that do not count people or their acts, so that `people_per_agent` scales them too but
#: their unit differs.
_UNIT: Final = {"stock": "units of sale", "arcs_told": "arcs", "arcs_heard": "arcs"}

#: Variables that are not called like their block (a dimension has that name, or two are one).
_VARIABLE: Final = {
    "stage": "by_stage",
    "tier": "by_tier",
    "tells_positive": "tells",
    "tells_negative": "tells",
}
_MEANING: Final = {
    "by_stage": "people by stage at the end of the tick",
    "by_tier": "users by tier at the end of the tick",
    "enthusiast_tier": "users who are enthusiasts, by tier",
    "segment_users": "users by segment",
    "members": "members by channel",
    "stock": "units left unsold",
    "adoptions_channel": "adoptions recruited by a person, by channel",
    "adoptions_media": "adoptions recruited by own media, by channel",
    "adoptions_segment": "adoptions by segment",
    "newly_aware": "people who became aware",
    "lapses": "unserved unhappy users who left",
    "churns": "users who left for no reason in the model",
    "rejections": "people who rejected the product",
    "rival_taken": "people taken by an offer of the rival",
    "returns": "people who came back to the market",
    "waits": "people who started to wait",
    "invited": "adoptions on an invite",
    "lottery": "adoptions in a round of sales",
    "give_ups": "people who stopped waiting, back to aware",
    "give_ups_rival": "people who stopped waiting and went to the rival",
    "tells": "tellings of users, by channel and sign",
    "tells_relay": "tellings of aware non-users, by channel",
    "tells_waiting": "tellings of waiting people, by channel",
    "tells_rejecter": "tellings of rejecters, by channel",
    "tells_hop": "all tellings by hop",
    "replies": "replies to tellings, by channel",
    "joins": "participations by node",
    "reports": "reports filed, complaints too",
    "reports_read": "reports read by staff",
    "complaints": "complaints by channel",
    "answered": "complaints answered",
    "unhelped": "complaints handled without success",
    "dropped": "complaints dropped after waiting too long",
    "online_users": "users online in the tick",
    "unhappy_online": "users online and unhappy",
    "event_participants": "tellings under an event with a gain",
    "meeting_attendees": "people at an offline meeting",
    "arcs_told": "ties that carried a telling",
    "arcs_heard": "of these, ties to people who could still hear",
}


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
        "hop": [str(hop) for hop in range(HOPS)],
    }


def dates_of(scenario: Any) -> NDArray[np.datetime64] | None:
    """Return the calendar date of each tick, or None where the scenario has no start date."""
    start: date | None = getattr(scenario, "start_date", None)
    if start is None:
        return None
    first = np.datetime64(start.isoformat(), "D")
    return first + np.arange(int(scenario.ticks))


def _blocks(names: dict[str, list[str]]) -> Iterator[tuple[str, str, int, int, str | None]]:
    """Yield (variable, block, first column, columns used, dimension) for the whole table."""
    for block, width in TABLE:
        dimension = None if width == 1 else _DIMENSION.get(block, "channel")
        used = 1 if dimension is None else min(width, len(names[dimension]))
        yield _VARIABLE.get(block, block), block, TABLE_OFFSET[block], used, dimension


def dataset_from(histories: Sequence[History], scenario: Any) -> xr.Dataset:
    """Return the daily tables of all replicates as one Dataset.

    Dimensions ``replicate``, ``tick`` and, by variable, ``stage``, ``tier``, ``segment``,
    ``channel``, ``node``, ``product``, ``sign``, ``hop``.  Counts are persons (agents times
    ``people_per_agent``), int64 where that is a whole number; blocks of the table keep their names
    but for ``by_stage``, ``by_tier`` and ``tells``.  Coordinate ``date`` along ``tick``
    where the scenario has a start date.  Four sums are added for convenience: ``users``,
    ``loyal`` (loyal and above), ``die_hard`` (die-hard and core), ``adoptions``.
    """
    import xarray as xr

    names = names_of(scenario)
    scale = _scale(scenario)
    table = np.stack([history.table for history in histories])
    variables: dict[str, tuple[tuple[str, ...], NDArray[Any], dict[str, str]]] = {}

    def add(name: str, dims: tuple[str, ...], values: NDArray[Any], unit: str = "people") -> None:
        attributes = {"long_name": _MEANING.get(name, name), "units": unit}
        variables[name] = (("replicate", "tick", *dims), values * scale, attributes)

    for variable, block, start, used, dimension in _blocks(names):
        if variable == "tells":
            continue
        values = table[:, :, start : start + used]
        unit = _UNIT.get(block, "people")
        if dimension is None:
            add(variable, (), values[:, :, 0], unit)
        else:
            add(variable, (dimension,), values, unit)
    channels = len(names["channel"])
    signs = [TABLE_OFFSET["tells_positive"], TABLE_OFFSET["tells_negative"]]
    tells = np.stack([table[:, :, at : at + channels] for at in signs], axis=2)
    add("tells", ("sign", "channel"), tells)
    tier = table[:, :, TABLE_OFFSET["tier"] :][:, :, :4]
    flows = [TABLE_OFFSET["adoptions_channel"], TABLE_OFFSET["adoptions_media"]]
    derived = {
        "users": tier.sum(axis=2),
        "loyal": tier[:, :, 1:].sum(axis=2),
        "die_hard": tier[:, :, 2:].sum(axis=2),
        "adoptions": sum(table[:, :, at : at + 8].sum(axis=2) for at in flows),
    }
    for name, values in derived.items():
        add(name, (), values)
    for name in ("quality", "difficulty"):
        stacked = np.stack([getattr(history, name) for history in histories])
        attributes = {"long_name": f"{name} of the product", "units": "1"}
        variables[name] = (("replicate", "tick", "product"), stacked, attributes)
    return xr.Dataset(variables, coords=_coordinates(scenario, len(histories), table.shape[1]))


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


def _scale(scenario: Any) -> int | float:
    scale = float(getattr(scenario, "people_per_agent", 1))
    return int(scale) if scale.is_integer() else scale


def events_from(
    histories: Sequence[History], scenario: Any, *, numbers: bool = False
) -> pd.DataFrame:
    """Return the event logs of all replicates as one data frame, in the order of the logs.

    Columns ``replicate, tick, [date,] agent, kind, recruiter, channel, product, generation``.
    ``agent`` and ``recruiter`` are agent numbers (recruiter -1: seed, -2: own media); ``kind``,
    ``channel`` and ``product`` are categories with the scenario's names, ``channel`` also
    ``"seed"`` and ``"media"``, missing where an event has none.  The seeds adopt on tick -1.

    Parameters
    ----------
    histories, scenario
        As in `dataset_from`.
    numbers : bool
        Also ``channel_number`` and ``product_number`` as logged (files keep them: the name
        ``"media"`` hides the channel of the campaign).
    """
    columns: dict[str, NDArray[Any]] = {}
    for field, kind in LOG_TYPES.items():
        logs = [getattr(history, f"log_{field}") for history in histories]
        columns[field] = np.concatenate(logs) if logs else np.empty(0, kind)
    lengths = [events_in(history) for history in histories]
    columns["replicate"] = np.repeat(np.arange(len(histories), dtype=np.int32), lengths)
    return frame_from(columns, scenario, numbers=numbers)


def frame_from(
    column: Mapping[str, NDArray[Any]], scenario: Any, *, numbers: bool = False
) -> pd.DataFrame:
    """Return some lines of logs as `events_from` does.

    Parameters
    ----------
    column : mapping of str to array
        `world.LOG_COLUMNS` and ``replicate``, as numbers.
    scenario, numbers
        As in `events_from`.
    """
    import pandas as pd

    names = names_of(scenario)
    channels = names["channel"]
    code = np.where(column["channel"] < len(channels), column["channel"], -1).astype(np.int8)
    adopted = column["kind"] == LOG_ADOPT
    code[adopted & (column["recruiter"] == RECRUITER_SEED)] = len(channels)
    code[adopted & (column["recruiter"] == RECRUITER_MEDIA)] = len(channels) + 1
    # Widened first: -1 is no number of the log's own kind.
    numbered = column["product"].astype(np.int16)
    product = np.where(numbered < len(names["product"]), numbered, -1)

    def category(codes: NDArray[Any], categories: list[str]) -> Any:
        return pd.Categorical.from_codes(codes.astype(np.int8), pd.Index(categories, dtype=object))

    # A channel may itself be called "seed" or "media"; category names must differ.
    extra = [name if name not in channels else f"({name})" for name in ("seed", "media")]
    data: dict[str, Any] = {"replicate": column["replicate"], "tick": column["tick"]}
    dates = dates_of(scenario)
    if dates is not None:
        first = dates[:1].astype("datetime64[s]")[0]
        data["date"] = first + column["tick"].astype("timedelta64[D]")
    data["agent"] = column["agent"]
    data["kind"] = category(column["kind"], list(LOG_KINDS))
    data["recruiter"] = column["recruiter"]
    data["channel"] = category(code, channels + extra)
    data["product"] = category(product, names["product"])
    data["generation"] = column["generation"]
    if numbers:
        data["channel_number"] = column["channel"]
        data["product_number"] = column["product"]
    return pd.DataFrame(data, copy=False)


def rows_of(scenario: Any) -> Callable[[Mapping[str, NDArray[Any]]], pd.DataFrame]:
    """Return what makes the rows of ``events.parquet`` of lines of logs."""

    def rows(columns: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
        return frame_from(columns, scenario, numbers=True)

    return rows


def batches_from(
    histories: Sequence[History],
    scenario: Any,
    replicates: Iterable[int],
    ticks: tuple[int, int] | None = None,
) -> Iterator[pd.DataFrame]:
    """Yield the events of some replicates and ticks as `events_from` does, in bounded memory."""
    for number in replicates:
        for piece in log_pieces(histories[number], *LOG_COLUMNS, ticks=ticks):
            columns = dict(zip(LOG_COLUMNS, piece))
            if piece[0].size:
                columns["replicate"] = np.full(piece[0].size, number, np.int32)
                yield frame_from(columns, scenario)


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
    scale = _scale(scenario)
    replicates, ticks = data.sizes["replicate"], data.sizes["tick"]
    table = np.zeros((replicates, ticks, TABLE_WIDTH), dtype=np.int64)
    for variable, block, start, used, dimension in _blocks(names):
        values = data[variable].to_numpy()
        if variable == "tells":
            values = values[:, :, 0 if block == "tells_positive" else 1]
        if dimension is None:
            values = values[:, :, np.newaxis]
        table[:, :, start : start + used] = np.rint(values / scale)
    quality, difficulty = data["quality"].to_numpy(), data["difficulty"].to_numpy()
    return [(table[r], quality[r], difficulty[r]) for r in range(replicates)]

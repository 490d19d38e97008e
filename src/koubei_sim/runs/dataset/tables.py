"""Daily tables with names on: histories as an xarray Dataset, and back.

The engines return bare integer tables; here every column gets its name, dimension, coordinate
and unit, and `people_per_agent` is multiplied in.  The way back (`tables_from`) is exact, so
that a saved result has the digest of the run it came from.

Called by `results`.  xarray is imported inside the functions: the package face must not load it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.codes import HOPS, STAGES, TABLE, TABLE_OFFSET, TABLE_WIDTH, TIERS
from koubei_sim.model.world.arrays import History

if TYPE_CHECKING:
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


def _own(scenario: Any) -> Iterator[tuple[str, str, int, str]]:
    """Yield (mechanism, column, its number, meaning) of the user's own mechanisms."""
    at = TABLE_WIDTH
    for mechanism in scenario.mechanisms:
        for column, meaning in mechanism.columns.items():
            yield mechanism.name, column, at, meaning
            at += 1


def dataset_from(histories: Sequence[History], scenario: Any) -> xr.Dataset:
    """Return the daily tables of all replicates as one Dataset.

    Dimensions ``replicate``, ``tick`` and, by variable, ``stage``, ``tier``, ``segment``,
    ``channel``, ``node``, ``product``, ``sign``, ``hop``.  Counts are persons (agents times
    ``people_per_agent``), int64 where that is a whole number; blocks of the table keep their names
    but for ``by_stage``, ``by_tier`` and ``tells``.  Coordinate ``date`` along ``tick``
    where the scenario has a start date.  Four sums are added for convenience: ``users``,
    ``loyal`` (loyal and above), ``die_hard`` (die-hard and core), ``adoptions``.
    """
    from koubei_sim.runs.dataset.guarded import DailyTables

    names = names_of(scenario)
    scale = scale_of(scenario)
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
    for mechanism, column, at, meaning in _own(scenario):
        add(f"{mechanism}_{column}", (), table[:, :, at], "people")
        variables[f"{mechanism}_{column}"][2]["long_name"] = meaning
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
    return DailyTables(variables, coords=_coordinates(scenario, len(histories), table.shape[1]))


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
    for mechanism, column, at, _ in own:
        table[:, :, at] = np.rint(data[f"{mechanism}_{column}"].to_numpy() / scale)
    for variable, block, start, used, dimension in _blocks(names):
        values = data[variable].to_numpy()
        if variable == "tells":
            values = values[:, :, 0 if block == "tells_positive" else 1]
        if dimension is None:
            values = values[:, :, np.newaxis]
        table[:, :, start : start + used] = np.rint(values / scale)
    quality, difficulty = data["quality"].to_numpy(), data["difficulty"].to_numpy()
    return [(table[r], quality[r], difficulty[r]) for r in range(replicates)]

"""The files of a result folder: daily tables, recipe, wall time.

The event log, which may be long, has files of its own (`writing`, `reading`).  Called by
`results`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from koubei_sim.errors import KoubeiError
from koubei_sim.model.world.arrays import LOG_COLUMNS, History, log_pieces
from koubei_sim.model.world.population import Who
from koubei_sim.provenance import FORMAT
from koubei_sim.runs.archive.people import write_people
from koubei_sim.runs.archive.writing import EventWriter, Frame
from koubei_sim.storage.disk import Disk, DiskFile
from koubei_sim.storage.folders import (
    DATA,
    EVENTS,
    PEOPLE,
    RECIPE,
    TIMING,
    folder_of,
    whole_folder,
)

if TYPE_CHECKING:
    import xarray as xr


def write_result(
    goal: Path,
    data: xr.Dataset,
    histories: Sequence[History],
    frame: Frame,
    recipe: dict[str, Any],
    timing: dict[str, Any],
    who: Who | None = None,
) -> None:
    """Write a result folder, whole or not at all.

    Parameters
    ----------
    goal : Path
    data : Dataset
        Daily tables.
    histories : sequence of History
        Where the logs are.
    frame : callable
        Puts names on lines of logs, see `EventWriter`.
    recipe, timing : dict
    who : Who, optional
        What people are called, and their table.

    Raises
    ------
    KoubeiError
        When the folder cannot be written (disk full, no permission) or is not ours to replace.
    """
    with whole_folder(goal) as partial:
        with EventWriter(partial / EVENTS, frame) as log:
            for replicate, history in enumerate(histories):
                for piece in log_pieces(history, *LOG_COLUMNS):
                    log.append(replicate, dict(zip(LOG_COLUMNS, piece)))
        write_tables(partial, data, recipe, timing, who)


def write_tables(
    folder: Path,
    data: xr.Dataset,
    recipe: dict[str, Any],
    timing: dict[str, Any],
    who: Who | None = None,
) -> None:
    """Write all files but the event log; the recipe, by which a folder is a result, at the end."""
    _write_data(data, folder / DATA)
    if who is not None and (who.names is not None or who.table is not None):
        write_people(who, folder / PEOPLE)
    _write_json(timing, folder / TIMING)
    _write_json(recipe, folder / RECIPE)


def _write_data(data: xr.Dataset, path: Path) -> None:
    packing = {"zlib": True, "complevel": 1, "shuffle": True}
    encoding: dict[Any, dict[str, Any]] = {name: dict(packing) for name in data.data_vars}
    if "date" in data.coords:
        encoding["date"] = {"units": "days since 1970-01-01", "dtype": "int32"}
    try:
        data.to_netcdf(path, format="NETCDF4", engine="netcdf4", encoding=encoding)
    except RuntimeError as error:  # the netCDF library reports a full disk as "HDF error"
        raise OSError(28, f"{error}") from error


def _write_json(content: dict[str, Any], path: Path) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, default=str)
    with DiskFile(path, Disk()) as file:
        file.write((text + "\n").encode())


def read_recipe(path: Path | str) -> dict[str, Any]:
    """Return the recipe of a saved result.

    Raises
    ------
    KoubeiError
        When there is none, it cannot be read, or its format is newer than this library.
    """
    file = folder_of(path) / RECIPE
    try:
        recipe: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise KoubeiError(str(file), f"cannot be read ({error})") from None
    if not isinstance(recipe, dict) or "scenario" not in recipe or "key" not in recipe:
        cascade = isinstance(recipe, dict) and recipe.get("what") == "cascade"
        raise KoubeiError(
            str(file),
            "holds a cascade, not a run" if cascade else "not a recipe of this library",
            fix="koubei_sim.load" if cascade else None,
        )
    if recipe.get("format", 0) > FORMAT:
        raise KoubeiError(
            str(file),
            "written by a newer koubei_sim",
            got=f"format {recipe['format']}",
            allowed=f"up to {FORMAT}",
            fix="a newer koubei_sim",
        )
    return recipe


def read_data(path: Path | str) -> xr.Dataset:
    """Return the daily tables of a saved result, read into memory."""
    import xarray as xr

    file = folder_of(path) / DATA
    try:
        with xr.open_dataset(file, engine="netcdf4") as stored:
            data = stored.load()
    except (OSError, ValueError, RuntimeError) as error:
        raise KoubeiError(str(file), f"cannot be read ({_first_line(error)})") from None
    return data


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__

"""A result on disk: a folder that is written whole or not at all.

``data.nc`` (daily tables, netCDF 4), ``events.parquet`` (event log), ``recipe.json`` (how to make
it again) and ``timing.json`` (wall time, kept apart so that the other three have the same bytes
whenever the same run is made again with the same versions).

Everything is first written into a temporary folder beside the goal and then renamed; a full disk
or an interrupt leaves nothing behind.  Called by `results`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.provenance import FORMAT

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

DATA, EVENTS, RECIPE, TIMING = "data.nc", "events.parquet", "recipe.json", "timing.json"
_OURS = {DATA, EVENTS, RECIPE, TIMING}


def is_result(path: Path | str) -> bool:
    """Return whether `path` is a result folder (or the recipe in one)."""
    path = Path(path)
    return (path / RECIPE).is_file() or (path.name == RECIPE and path.is_file())


def folder_of(path: Path | str) -> Path:
    """Return the folder of a result, given it or a file in it.

    Raises
    ------
    KoubeiError
        When there is no result.
    """
    path = Path(path)
    folder = path.parent if path.name in _OURS and path.is_file() else path
    if not folder.exists():
        raise KoubeiError(str(path), "no such folder", fix="the folder given to save() or --out")
    if not (folder / RECIPE).is_file():
        raise KoubeiError(
            str(path), f"not a result (no {RECIPE})", fix="the folder given to save() or --out"
        )
    return folder


@contextlib.contextmanager
def whole_folder(goal: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes `goal` when the block ends well, else vanishes.

    An older result at `goal` is replaced, and lost only once the new one is complete; other files
    in that folder (figures, notes) are kept.  A goal that exists and is not a result is refused.
    """
    if goal.exists() and not goal.is_dir():
        raise KoubeiError(str(goal), "is a file, not a folder", fix="another name")
    if goal.is_dir() and any(goal.iterdir()) and not is_result(goal):
        raise KoubeiError(
            str(goal), "folder is not empty and holds no result", fix="a new or empty folder"
        )
    try:
        goal.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{goal.name}.", dir=goal.parent))
    except OSError as error:
        raise _cannot_write(goal, error) from None
    try:
        yield partial
        partial.chmod(0o777 & ~_umask())
        _replace(partial, goal)
    except OSError as error:
        raise _cannot_write(goal, error) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _umask() -> int:
    # The only portable way to read it; mkdtemp makes folders that others cannot read.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _replace(partial: Path, goal: Path) -> None:
    if not goal.is_dir():
        partial.rename(goal)
        return
    for kept in goal.iterdir():  # files that are not the result's own move along
        if kept.name not in _OURS:
            (shutil.copytree if kept.is_dir() else shutil.copy2)(kept, partial / kept.name)
    old = Path(tempfile.mkdtemp(prefix=f".{goal.name}.old.", dir=goal.parent))
    goal.rename(old / "result")
    try:
        partial.rename(goal)
    except OSError:
        (old / "result").rename(goal)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _cannot_write(goal: Path, error: OSError) -> KoubeiError:
    # Some libraries put a long story into the text; the number says it plainly.
    why = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
    return KoubeiError(str(goal), f"cannot be written ({why}), nothing was left behind")


def write_result(
    goal: Path,
    data: xr.Dataset,
    events: pd.DataFrame,
    recipe: dict[str, Any],
    timing: dict[str, Any],
) -> None:
    """Write a result folder, whole or not at all.

    Raises
    ------
    KoubeiError
        When the folder cannot be written (disk full, no permission) or is not ours to replace.
    """
    with whole_folder(goal) as partial:
        _write_data(data, partial / DATA)
        _write_events(events, partial / EVENTS)
        _write_json(recipe, partial / RECIPE)
        _write_json(timing, partial / TIMING)


def _write_data(data: xr.Dataset, path: Path) -> None:
    packing = {"zlib": True, "complevel": 1, "shuffle": True}
    encoding: dict[Any, dict[str, Any]] = {name: dict(packing) for name in data.data_vars}
    if "date" in data.coords:
        encoding["date"] = {"units": "days since 1970-01-01", "dtype": "int32"}
    try:
        data.to_netcdf(path, format="NETCDF4", engine="netcdf4", encoding=encoding)
    except RuntimeError as error:  # the netCDF library reports a full disk as "HDF error"
        raise OSError(28, f"{error}") from error


def _write_events(events: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.Table.from_pandas(events, preserve_index=False).replace_schema_metadata(None)
    parquet.write_table(table, path, compression="zstd")


def _write_json(content: dict[str, Any], path: Path) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, default=str)
    path.write_text(text + "\n", encoding="utf-8")


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
            fix="kb.cascades.load_cascade" if cascade else None,
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


def read_timing(path: Path | str) -> dict[str, Any]:
    """Return the wall time saved beside a result ({} where it is missing)."""
    file = folder_of(path) / TIMING
    try:
        timing: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return timing


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


def read_log(path: Path | str) -> dict[str, NDArray[Any]]:
    """Return the event log of a saved result as plain number columns."""
    import pyarrow as pa
    from pyarrow import parquet

    from koubei_sim.kernels.codes import LOG_KINDS

    file = folder_of(path) / EVENTS
    try:
        table = parquet.read_table(file)
        log = {
            name: table.column(name).to_numpy()
            for name in ("replicate", "tick", "agent", "recruiter", "generation")
        }
        log["channel"] = table.column("channel_number").to_numpy()
        log["product"] = table.column("product_number").to_numpy()
        kind = table.column("kind").combine_chunks()
    except (OSError, KeyError, pa.ArrowException) as error:
        raise KoubeiError(str(file), f"cannot be read ({_first_line(error)})") from None
    codes = np.array(
        [LOG_KINDS.index(name) for name in kind.dictionary.to_pylist()], dtype=np.uint8
    )
    log["kind"] = codes[kind.indices.to_numpy()]
    return log


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__

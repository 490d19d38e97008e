"""Tables of people as they come: CSV and parquet files, frames of other libraries, mappings.

Everything becomes one pandas frame with distinct columns named by text.  A file of text has no
types: a column becomes numbers only where writing them gives the same text again, so that '01'
stays '01'.  What a person left empty is never filled in.
Called by `build` and by studies that send tables on journeys.
"""

from __future__ import annotations

import csv
import io
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.model.world.noted import note
from koubei_sim.networks.files.text_blocks import opened

if TYPE_CHECKING:
    import pandas as pd

#: Columns that make a person; all others are carried along.
COLUMNS: Final = ("segment", "channels", "activity", "income", "expertise", "taste")
NUMBERS: Final = COLUMNS[2:]
#: Where a frame notes what a refusal calls it.
WHERE: Final = "koubei_sim_where"
#: Noted where cells were text: a name 7 may then be the text '7'.
TEXT: Final = "koubei_sim_text"
#: Where a frame notes what was guessed when it was read.
GUESSED: Final = "koubei_sim_guessed"
_INDEX: Final = "Unnamed: 0"  # what pandas calls an index that was written without a name
_WHOLE: Final = r"-?(?:0|[1-9]\d{0,17})"
_NUMBER: Final = r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?"
_ALLOWED: Final = "a data frame, a mapping of columns, or the path of a CSV or parquet file"


def as_table(agents: Any) -> pd.DataFrame:
    """Return a table of people as a pandas frame, its cells unchecked.

    Parameters
    ----------
    agents : data frame of pandas, polars or pyarrow, mapping of columns, Series, or path
        A Series is the column ``segment``.

    Raises
    ------
    KoubeiError
        For what is no table, two columns of one name, or a file that cannot be read.

    Examples
    --------
    >>> as_table({"segment": ["newbie"], "age": [31]}).columns.tolist()
    ['segment', 'age']
    """
    import pandas as pd

    if isinstance(agents, (str, os.PathLike)):
        return _from_file(agents)
    found = checks.collected("agents", agents)
    if isinstance(found, pd.Series):
        if found.name not in (None, "segment"):
            raise KoubeiError(
                "agents",
                "a single column, not a table",
                got=repr(found.name),
                fix="agents.to_frame('segment')",
            )
        found = found.to_frame("segment")
    elif isinstance(found, Mapping):
        try:
            found = pd.DataFrame(dict(found))
        except (ValueError, TypeError) as error:
            raise KoubeiError("agents", f"no table of columns ({_first_line(error)})") from None
    elif not isinstance(found, pd.DataFrame):
        if not hasattr(found, "to_pandas"):
            raise KoubeiError("agents", "wrong type", got=type(found).__name__, allowed=_ALLOWED)
        if hasattr(found, "collect") and not hasattr(found, "columns"):
            found = found.collect()
        found = found.to_pandas()
        if isinstance(found, pd.Series):
            return as_table(found)
    return _checked(found, found.attrs.get(WHERE, "agents"))


def read_agents(path: str | Path) -> pd.DataFrame:
    """Read a table of people from a file, unchecked; `population_from_table` takes it."""
    return _from_file(path)


def notes_of_table(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return what a reader of the numbers ought to know of a table, one line each."""
    notes = [frame.attrs[GUESSED]] if GUESSED in frame.attrs else []
    if "channels" in frame.columns:
        cells = frame["channels"].astype(object)
        nowhere = int((cells.isna() | (cells.astype(str).str.strip() == "")).sum())
        if nowhere:
            where = frame.attrs.get(WHERE, "agents")
            notes.append(note("nowhere", where=where, nowhere=nowhere))
    return tuple(notes)


def _checked(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    if frame.columns.nlevels > 1:
        raise KoubeiError(where, "columns of several levels", fix="one name a column")
    if not len(frame):
        raise KoubeiError(where, "nobody stands in it", allowed="one row a person")
    names = [str(name) for name in frame.columns]
    _distinct(names, where)
    if list(frame.columns) != names:
        frame = frame.set_axis(names, axis=1)
    return frame


def _distinct(names: list[str], where: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise KoubeiError(
                where, "two columns of one name", got=repr(name), fix="another name for one of them"
            )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


# Files ---------------------------------------------------------------------------------------


def _from_file(given: Any) -> pd.DataFrame:
    import pandas as pd

    path = checks.path("agents", given)
    if path.is_dir():
        raise KoubeiError("agents", "is a folder", got=str(path), allowed="a CSV or parquet file")
    if not path.is_file():
        path = _known(str(given))
    where = path.name
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            frame = pd.read_parquet(path)
        elif path.suffix.lower() in (".xlsx", ".xlsm", ".xls", ".ods"):
            allowed = "CSV or parquet, or what pandas.read_excel gives of it"
            raise KoubeiError(where, "a workbook of sheets", allowed=allowed)
        else:
            with opened(path) as file:  # unpacked where it is packed
                frame = _from_text(file.read(), where)
    except KoubeiError:
        raise
    except (OSError, ValueError, ImportError) as error:
        said = getattr(error, "strerror", None) or _first_line(error)
        raise KoubeiError(where, f"not a table: {said}", allowed="CSV or parquet") from None
    frame = _checked(frame, where)
    frame.attrs[WHERE] = where
    return frame


def _known(name: str) -> Path:
    from koubei_sim.networks import find_data

    try:
        return find_data(name)
    except KoubeiError:
        raise KoubeiError("agents", "no such file", got=name) from None


def _from_text(raw: bytes, where: str) -> pd.DataFrame:
    import pandas as pd

    text, encoding = checks.text_of(where, raw)
    allowed = "CSV with a header"
    if not text.strip():
        raise KoubeiError(where, "not a table: No columns to parse from file", allowed=allowed)
    head = text.lstrip("\r\n").splitlines()[0]
    sign = next((sign for sign in ",;\t" if sign in head), ",")
    names = next(csv.reader([head], delimiter=sign))
    _distinct([name for name in names if name], where)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                io.StringIO(text.strip("\r\n")),
                sep=sign,
                dtype=str,
                keep_default_na=False,
                skip_blank_lines=False,
                index_col=False,
            )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning) as error:
        said = _first_line(error)
        if isinstance(error, pd.errors.ParserWarning):
            said = "a row has more cells than the header"
        raise KoubeiError(where, f"not a table: {said}", allowed=allowed) from None
    frame = frame.rename(columns=str.strip)
    for name in frame.columns:
        cells = frame[name].fillna("").str.strip()
        frame[name] = cells if name in ("segment", "channels") else typed(cells, name)
    frame.attrs[TEXT] = True
    if encoding == "gb18030":
        frame.attrs[GUESSED] = note("read_as", where=where)
    if _INDEX in frame.columns:
        frame = frame.set_index(_INDEX).rename_axis(None)
    return frame


def typed(column: pd.Series[Any], name: str) -> pd.Series[Any]:
    """Return a column of text as numbers where it says numbers and nothing else.

    In the columns that make a person, text that is no number stays, for its row to be refused.
    """
    import pandas as pd

    filled = column[column != ""]
    if filled.empty:
        return column
    if column.str.fullmatch(_WHOLE).all():
        return column.astype(np.int64)
    person = name in NUMBERS
    if (person and filled.size < column.size) or not (
        person or filled.str.fullmatch(_NUMBER).all()
    ):
        return column
    numbers = pd.to_numeric(column.where(column != ""), errors="coerce")
    return column if numbers[filled.index].isna().any() else numbers

"""From the columns of a table to people, and from people back to a table.

Called by `build` and, for what a result shows, by `results`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.population.drawing import Population, draw_population
from koubei_sim.model.world.population.reading import COLUMNS, WHERE, as_table

if TYPE_CHECKING:
    import pandas as pd

_RANGES: Final = {
    "activity": (0.0, 1e6),
    "income": (0.0, math.inf),
    "expertise": (0.0, 1.0),
    "taste": (-10.0, 10.0),
}
#: Mean activity of a table: a sample of a heavy law may miss 1, another unit is far from it.
_MEAN: Final = (0.5, 2.0)


def population_from_table(
    scenario: Scenario, table: str | Path | pd.DataFrame, key: int, replicate: int = 0
) -> Population:
    """Return the people of a table, row by row; columns that it does not have are drawn as usual.

    Parameters
    ----------
    scenario : Scenario
    table : whatever `as_table` takes
        Columns ``segment`` (name), ``channels`` (names joined by ``;``, nothing for none),
        ``activity`` (mean 1), ``income``, ``expertise`` (0..1), ``taste``; only ``segment`` is
        needed.  Further columns are left alone.
    key, replicate : int
        As for `draw_population`.

    Raises
    ------
    KoubeiError
        Unknown segment or channel, an empty cell, a wrong number (with its row, the first being
        1), a column that looks like a misspelt one, or another number of rows than `n_agents`.
    """
    frame = as_table(table)
    where = str(frame.attrs.get(WHERE, "agents"))
    _check_columns(frame, where)
    n = len(frame)
    if n != scenario.n_agents:
        raise KoubeiError(
            where,
            "another number of people than n_agents",
            got=n,
            allowed=str(scenario.n_agents),
            fix=f"n_agents = {n}",
        )
    segment = _codes(frame["segment"], list(scenario.segments), where, "segment").astype(np.uint8)
    drawn = draw_population(scenario, key, replicate, segment)
    changes: dict[str, NDArray[Any]] = {}
    if "channels" in frame.columns:
        changes["channels"] = _memberships(frame["channels"], list(scenario.channels), where)
    for column, (low, high) in _RANGES.items():
        if column in frame.columns:
            values = _numbers(frame[column], low, high, where, column)
            if column == "expertise":
                changes["level"] = np.floor(values * 127.0 + 0.5).astype(np.uint8)
            else:
                changes[column] = values
    if "activity" in changes:
        _check_mean(float(changes["activity"].mean()), where)
    return drawn._replace(**changes)


def _check_columns(frame: pd.DataFrame, where: str) -> None:
    if "segment" not in frame.columns:
        unknown = [str(name) for name in frame.columns if name not in COLUMNS]
        near = nearest("segment", unknown)
        raise KoubeiError(
            where,
            "unknown column" if unknown and not near else "no column segment",
            got=unknown[0] if unknown and not near else None,
            allowed=", ".join(COLUMNS),
            fix=f"{near!r} renamed to 'segment'" if near else None,
        )
    import difflib

    for column in frame.columns:
        if column in COLUMNS:
            continue
        close = difflib.get_close_matches(str(column).lower(), COLUMNS, n=1, cutoff=0.8)
        if close and close[0] not in frame.columns:
            # Carried along it would change nothing, and nobody would know.
            raise KoubeiError(
                where,
                "unknown column",
                got=str(column),
                allowed=", ".join(COLUMNS) + ", or further columns",
                fix=close[0],
            )


def _check_mean(mean: float, where: str) -> None:
    if not _MEAN[0] <= mean <= _MEAN[1]:
        raise KoubeiError(
            f"{where} activity",
            "is relative to the average person, its mean must be about 1",
            got=f"mean {mean:g}",
            allowed=f"{_MEAN[0]:g}..{_MEAN[1]:g}",
            fix="activity / activity.mean()" if mean > 0 else "leaving the column out",
        )


def _is_empty(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value)) or (isinstance(value, str) and not value.strip())


def _codes(
    column: pd.Series[Any], names: Sequence[str], where: str, what: str
) -> NDArray[np.int64]:
    # As objects: categories and nullable text would map to their own kinds.
    cells = column.astype(object)
    numbers = cells.map({name: k for k, name in enumerate(names)})
    wrong = np.flatnonzero(numbers.isna().to_numpy())
    if wrong.size:
        cell = cells.iloc[int(wrong[0])]
        row = f"{where} row {int(wrong[0]) + 1}"
        if _is_empty(cell):
            raise KoubeiError(row, f"its {what} is empty", allowed=", ".join(names))
        raise KoubeiError(
            row,
            f"unknown {what}",
            got=cell if isinstance(cell, str) else repr(cell),
            allowed=", ".join(names),
            fix=nearest(str(cell), names),
        )
    return np.asarray(numbers.to_numpy(dtype=np.int64), dtype=np.int64)


def _memberships(column: pd.Series[Any], names: Sequence[str], where: str) -> NDArray[np.uint8]:
    """Return member bits; equal texts are looked at once."""
    texts = column.astype(object).where(column.notna(), "").astype(str)
    bits: dict[str, int] = {}
    for text in texts.unique():
        total = 0
        for name in filter(None, (part.strip() for part in text.split(";"))):
            if name not in names:
                row = int(np.flatnonzero((texts == text).to_numpy())[0]) + 1
                raise KoubeiError(
                    f"{where} row {row}",
                    "unknown channel",
                    got=name,
                    allowed=", ".join(names),
                    fix=nearest(name, names),
                )
            total |= 1 << list(names).index(name)
        bits[text] = total
    return np.asarray(texts.map(bits).to_numpy(dtype=np.uint8), dtype=np.uint8)


def _numbers(
    column: pd.Series[Any], low: float, high: float, where: str, what: str
) -> NDArray[np.float64]:
    import pandas as pd

    if pd.api.types.is_bool_dtype(column):
        raise KoubeiError(f"{where} row 1", f"{what} is yes or no", allowed=f"{low:g}..{high:g}")
    if pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column):
        column = column.astype(object)
    elif not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_complex_dtype(column):
        column = column.astype(object).map(str)
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.flatnonzero(~((values >= low) & (values <= high)))
    if wrong.size:
        row = int(wrong[0])
        cell = column.iloc[row]
        empty = _is_empty(cell)
        raise KoubeiError(
            f"{where} row {row + 1}",
            f"{what} is empty" if empty else f"{what} out of range",
            got=None if empty else str(cell),
            allowed=f"{low:g}..{high:g}",
        )
    return values


def people_frame(
    scenario: Scenario,
    population: Population | None,
    names: NDArray[Any] | None,
    table: pd.DataFrame | None,
) -> pd.DataFrame:
    """Return one row a person: what the model knows of them, then what a table says besides.

    Parameters
    ----------
    scenario : Scenario
    population : Population or None
        None where every replicate draws its own.
    names, table
        As in `Who`.
    """
    import pandas as pd

    index = pd.RangeIndex(scenario.n_agents) if names is None else pd.Index(names)
    columns: dict[str, Any] = {}
    if population is not None:
        segments = list(scenario.segments)
        columns["segment"] = pd.Categorical.from_codes(population.segment, pd.Index(segments))
        columns["channels"] = _joined(population.channels, list(scenario.channels))
        columns["activity"] = population.activity
        columns["income"] = population.income
        columns["expertise"] = population.level / 127.0
        columns["taste"] = population.taste
    if table is not None:
        further = [name for name in table.columns if name not in columns]
        columns |= {name: table[name].array for name in further}
    return pd.DataFrame(columns, index=index.rename("person"))


def _joined(bits: NDArray[np.uint8], names: Sequence[str]) -> Any:
    import pandas as pd

    kinds, code = np.unique(bits, return_inverse=True)
    texts = [";".join(name for c, name in enumerate(names) if int(kind) >> c & 1) for kind in kinds]
    return pd.Categorical.from_codes(code, pd.Index(texts))

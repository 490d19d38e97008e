"""Event logs with names on, as data frames; and what became of groups of people by them.

Called by `results` and `simulate`.  pandas is imported inside the functions: the package face must
not load it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.codes import (
    LOG_ADOPT,
    LOG_KINDS,
    RECRUITER_GOODS,
    RECRUITER_MEDIA,
    RECRUITER_SEED,
)
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.world.arrays import LOG_COLUMNS, LOG_TYPES, History, events_in, log_pieces
from koubei_sim.runs.dataset.tables import dates_of, names_of

if TYPE_CHECKING:
    import pandas as pd


def events_from(
    histories: Sequence[History],
    scenario: Any,
    *,
    numbers: bool = False,
    names: NDArray[Any] | None = None,
) -> pd.DataFrame:
    """Return the event logs of all replicates as one data frame, in the order of the logs.

    Columns ``replicate, tick, [date,] agent, kind, recruiter, channel, product, generation``.
    ``agent`` and ``recruiter`` are agent numbers (recruiter -1: seed, -2: own media, -3:
    got a good); ``kind``, ``channel`` and ``product`` are categories with the scenario's names,
    ``channel`` also ``"seed"``, ``"media"`` and, where there are goods, ``"goods"``, missing where
    an event has none.  The seeds adopt on tick -1.  Where people have names there are ``label`` and
    ``recruiter_label``, too (missing where no person won somebody).

    Parameters
    ----------
    histories, scenario
        As in `dataset_from`.
    numbers : bool
        Also ``channel_number`` and ``product_number`` as logged (files keep them: the name
        ``"media"`` hides the channel of the campaign).
    names : (N,) array, optional
        What people are called.
    """
    columns: dict[str, NDArray[Any]] = {}
    for field, kind in LOG_TYPES.items():
        logs = [getattr(history, f"log_{field}") for history in histories]
        columns[field] = np.concatenate(logs) if logs else np.empty(0, kind)
    lengths = [events_in(history) for history in histories]
    columns["replicate"] = np.repeat(np.arange(len(histories), dtype=np.int32), lengths)
    return frame_from(columns, scenario, numbers=numbers, called=names)


def frame_from(
    column: Mapping[str, NDArray[Any]],
    scenario: Any,
    *,
    numbers: bool = False,
    called: NDArray[Any] | None = None,
) -> pd.DataFrame:
    """Return some lines of logs as `events_from` does.

    Parameters
    ----------
    column : mapping of str to array
        `world.LOG_COLUMNS` and ``replicate``, as numbers.
    scenario, numbers, called
        As in `events_from` (`names`).
    """
    import pandas as pd

    names = names_of(scenario)
    channels = names["channel"]
    code = np.where(column["channel"] < len(channels), column["channel"], -1).astype(np.int8)
    adopted = column["kind"] == LOG_ADOPT
    code[adopted & (column["recruiter"] == RECRUITER_SEED)] = len(channels)
    code[adopted & (column["recruiter"] == RECRUITER_MEDIA)] = len(channels) + 1
    code[adopted & (column["recruiter"] == RECRUITER_GOODS)] = len(channels) + 2
    # Widened first: -1 is no number of the log's own kind.
    numbered = column["product"].astype(np.int16)
    product = np.where(numbered < len(names["product"]), numbered, -1)

    def category(codes: NDArray[Any], categories: list[str]) -> Any:
        return pd.Categorical.from_codes(codes.astype(np.int8), pd.Index(categories, dtype=object))

    # A channel may itself be called "seed" or "media"; category names must differ.
    ways = ("seed", "media", "goods") if scenario.goods else ("seed", "media")
    extra = [name if name not in channels else f"({name})" for name in ways]
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
    if called is not None:
        data["label"] = called[column["agent"]]
        data["recruiter_label"] = _recruiters(called, column["recruiter"])
    return pd.DataFrame(data, copy=False)


def _recruiters(called: NDArray[Any], recruiter: NDArray[Any]) -> Any:
    """Return what recruiters are called, missing where nobody was one."""
    import pandas as pd

    nobody = recruiter < 0
    found = called[np.where(nobody, 0, recruiter)]
    if found.dtype.kind == "i":
        return pd.arrays.IntegerArray(found, nobody)
    labels = found.astype(object)
    labels[nobody] = None
    return labels


def rows_of(
    scenario: Any, names: NDArray[Any] | None = None
) -> Callable[[Mapping[str, NDArray[Any]]], pd.DataFrame]:
    """Return what makes the rows of ``events.parquet`` of lines of logs."""

    def rows(columns: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
        return frame_from(columns, scenario, numbers=True, called=names)

    return rows


def batches_from(
    histories: Sequence[History],
    scenario: Any,
    replicates: Iterable[int],
    ticks: tuple[int, int] | None = None,
    names: NDArray[Any] | None = None,
) -> Iterator[pd.DataFrame]:
    """Yield the events of some replicates and ticks as `events_from` does, in bounded memory."""
    for number in replicates:
        for piece in log_pieces(histories[number], *LOG_COLUMNS, ticks=ticks):
            columns = dict(zip(LOG_COLUMNS, piece))
            if piece[0].size:
                columns["replicate"] = np.full(piece[0].size, number, np.int32)
                yield frame_from(columns, scenario, called=names)


def groups_from(
    histories: Sequence[Any], people: pd.DataFrame, by: Any, scale: float
) -> pd.DataFrame:
    """Return people and adopters of each group; see `Result.adopted_by`."""
    import pandas as pd

    group = _groups(people, by)
    code, entries = pd.factorize(group, sort=True, use_na_sentinel=False)
    size = np.bincount(code, minlength=len(entries))
    rows = []
    for replicate, history in enumerate(histories):
        adopted = np.zeros(len(people), dtype=bool)
        for agent, kind in log_pieces(history, "agent", "kind"):
            adopted[agent[kind == LOG_ADOPT]] = True
        found = np.bincount(code[adopted], minlength=len(entries))
        rows.append(
            pd.DataFrame(
                {
                    "replicate": replicate,
                    str(group.name): entries,
                    "people": size * scale,
                    "adopted": found * scale,
                    "share": found / size,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def _groups(people: pd.DataFrame, by: Any) -> Any:
    import pandas as pd

    if isinstance(by, str):
        if by not in people.columns:
            raise KoubeiError(
                "by",
                "no such column of the people",
                got=repr(by),
                allowed=", ".join(map(str, people.columns)),
                fix=nearest(by, map(str, people.columns)),
            )
        return people[by]
    found = by if isinstance(by, pd.Series) else None
    if found is None and hasattr(by, "__len__"):
        found = pd.Series(np.asarray(by), index=people.index) if len(by) == len(people) else None
    if found is None or len(found) != len(people):
        raise KoubeiError(
            "by", "not a column of the people, or one value a person", got=type(by).__name__,
            allowed=", ".join(map(str, people.columns)),
        )  # fmt: skip
    if not found.index.equals(people.index):
        if found.index.has_duplicates or not found.index.isin(people.index).all():
            raise KoubeiError("by", "its index does not name the people of the run")
        found = found.reindex(people.index)
    return found.rename(str(found.name or "group"))

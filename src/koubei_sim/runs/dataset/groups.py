"""What became of groups of people: users of each city, adoptions by age.

Called by `results`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from koubei_sim.core.codes import LOG_ADOPT
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.world.arrays import log_pieces

if TYPE_CHECKING:
    import pandas as pd


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

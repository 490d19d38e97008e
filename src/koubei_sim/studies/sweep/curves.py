"""Daily curves of a sweep, put together: an xarray Dataset over points, replicates and days.

The rows lie beside the outcomes, in memory or in the shards of a journal, one row a run; here they
get their dimensions and names again.  Whatever killed, resumed or backend made them, the same sweep
gives the same bytes.
Called by `SweepResult.curves`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import whole
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.runs import dataset
from koubei_sim.runs.options import texts
from koubei_sim.studies.design.kept_curves import COLUMN, Kept
from koubei_sim.studies.design.plan import Sweep
from koubei_sim.studies.design.values import cell

if TYPE_CHECKING:
    import xarray as xr

#: A curve of a run: its run, its name, and its row.
One = tuple[int, str, NDArray[np.float64]]


def bytes_of(planned: Sweep, kept: Kept, runs: int) -> float:
    """Return the bytes that curves of so many runs take."""
    widths = kept.widths(planned.scenario).values()
    days = len(kept.days(longest(planned)))
    return 8.0 * runs * days * sum(math.prod(length) for _, length in widths)


def longest(planned: Sweep) -> int:
    """Return the days of the longest point."""
    ticks = planned.points.columns.get("ticks")
    if ticks is not None and not planned.variants:
        return max(int(value) for value in ticks)
    return max((each.ticks for each in planned.variants), default=planned.scenario.ticks)


def ticks_of(planned: Sweep, point: int) -> int:
    """Return the days of a point."""
    return int(_number_of(planned, point, "ticks"))


def people_of(planned: Sweep, point: int) -> float:
    """Return how many people the market of a point has."""
    agents, each = (_number_of(planned, point, of) for of in ("n_agents", "people_per_agent"))
    return float(agents * each)


def _number_of(planned: Sweep, point: int, name: str) -> float:
    scenario = planned.variants[point] if planned.variants else planned.scenario
    own = float(getattr(scenario, name))
    return own if planned.variants else float(planned.points.at(point).get(name, own))


def chosen(planned: Sweep, names: Any, points: Any) -> tuple[Kept, list[int]]:
    """Return which of the kept curves are asked for, and of which points.

    Raises
    ------
    KoubeiError
    """
    kept = planned.curves
    if not kept.names:
        raise KoubeiError(
            "curves", "this sweep kept none", fix="another sweep, with keep=['users', 'loyal']"
        )
    if names is not None:
        for name in texts("names", names):
            if name not in kept.names:
                raise KoubeiError(
                    "names", "not kept in this sweep", got=repr(name),
                    allowed=", ".join(kept.names), fix=nearest(name, kept.names),
                )  # fmt: skip
        kept = Kept(tuple(texts("names", names)), kept.every)
    number = planned.points.number
    if points is None:
        return kept, list(range(number))
    each = [points] if np.ndim(points) == 0 else list(points)
    found = [whole("points", point, 0, number - 1) for point in each]
    if len(set(found)) < len(found):
        twice = next(point for point in found if found.count(point) > 1)
        raise KoubeiError("points", "one stands there twice", got=twice)
    return kept, found


def together(planned: Sweep, kept: Kept, points: list[int], rows: Iterable[One]) -> xr.Dataset:
    """Return curves as a Dataset; NaN where a run is not done, failed, or is over.

    Raises
    ------
    KoubeiError
        Where they would not fit into memory.
    """
    import psutil
    import xarray as xr

    need = bytes_of(planned, kept, len(points) * planned.replicates)
    have = psutil.virtual_memory().available
    if need > 0.8 * have:
        raise KoubeiError(
            "curves", "would not fit into memory", got=f"about {need / 2**30:.1f} GiB",
            allowed=f"{have / 2**30:.1f} GiB available", fix="fewer names, or points by and by",
        )  # fmt: skip
    scenario = planned.scenario
    days = kept.days(longest(planned))
    widths = kept.widths(scenario)
    whole_shape = (len(points), planned.replicates, len(days))
    values = {
        name: np.full((*whole_shape, *length), np.nan) for name, (_, length) in widths.items()
    }
    place = {point: at for at, point in enumerate(points)}
    days_of: dict[int, NDArray[np.int64]] = {}
    for run, name, row in rows:
        point, replicate = divmod(run, planned.replicates)
        if point not in place or name not in values:
            continue
        if point not in days_of:
            length = math.prod(widths[name][1])
            mine = kept.days(ticks_of(planned, point))
            if row.size != len(mine) * length:
                raise KoubeiError("curves", f"run {run} has another length than its plan says")
            days_of[point] = np.searchsorted(days, mine)
        shape = (len(days_of[point]), *widths[name][1])
        values[name][place[point], replicate, days_of[point]] = row.reshape(shape)
    dims = ("point", "replicate", "tick")
    meaning = {n: of[2] for n, of in dataset.described(scenario, kept.names).items()}
    data = xr.Dataset(
        {name: ((*dims, *widths[name][0]), found, meaning[name]) for name, found in values.items()},
        coords=_coordinates(planned, widths, points, days),
    )
    data.attrs = {
        "scenario": scenario.name, "key": str(planned.key), "engine": planned.engine,
        "version": planned.version, "plan": planned.digest(), "every": kept.every,
    }  # fmt: skip
    return data


def _coordinates(
    planned: Sweep, widths: Any, points: list[int], days: NDArray[np.int64]
) -> dict[str, Any]:
    """Return names along every dimension; what was varied lies along the points."""
    names = dataset.names_of(planned.scenario)
    used = dict.fromkeys(dim for dims, _ in widths.values() for dim in dims)
    found: dict[str, Any] = {dim: np.array(names[dim], dtype=str) for dim in used}
    found |= {"point": points, "replicate": np.arange(planned.replicates), "tick": days}
    dates = dataset.dates_of(planned.scenario)
    if dates is not None and "start_date" not in planned.points.columns:
        first = dates[0]
        found["date"] = ("tick", (first + days.astype("m8[D]")).astype("datetime64[ns]"))
    for path, column in planned.points.columns.items():
        cells = [cell(column[point], planned.kinds[path]) for point in points]
        if any(each is None for each in cells):  # removed at some points: told in words
            cells = ["none" if each is None else str(each) for each in cells]
        found[path] = ("point", np.array(cells))
    return found


def of_table(table: Any, names: Iterable[str]) -> Iterator[One]:
    """Yield the curves of a shard."""
    runs = table["run"].to_pylist()
    for name in names:
        for run, row in zip(runs, table[COLUMN + name]):
            if row.is_valid:
                yield run, name, row.values.to_numpy(zero_copy_only=False)

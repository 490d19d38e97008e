"""What a sweep gave: its tidy table, how far it is, and the table as one file.

`SweepResult` reads rows from memory or from the journal, also while another process writes it;
`status` and `export` are what ``koubei status`` and ``koubei export`` show and write.
Made by `sweep`; called by people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import path as path_of
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look, wrapped
from koubei_sim.metrics import kept_measure, told
from koubei_sim.reports.door import Reported
from koubei_sim.reports.page import Page
from koubei_sim.storage import whole_file, write_netcdf
from koubei_sim.studies.design.kept_curves import COLUMN
from koubei_sim.studies.design.plan import Sweep
from koubei_sim.studies.sweep import curves as curves_of
from koubei_sim.studies.sweep import journal
from koubei_sim.studies.sweep.work import Row

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import xarray as xr

#: Columns of the terminal that a printed table takes; outcomes without room are named below it.
ROOM = 74
FORMATS = (".parquet", ".csv", ".nc")


class SweepResult(Look, Reported):
    """The runs of a sweep; made by `sweep` and `open_sweep`, not by hand.

    Attributes
    ----------
    sweep : Sweep
        The plan.
    folder : Path or None
        The journal, None for a sweep in memory.
    """

    def __init__(
        self, planned: Sweep, folder: Path | None, rows: Sequence[Row] | None = None
    ) -> None:
        self.sweep, self.folder = planned, folder
        self._rows = None if rows is None else sorted(rows, key=lambda row: row.run)

    def arrow(self) -> pa.Table:
        """Return the tidy table as an Arrow table, sorted by run."""
        import pyarrow as pa

        schema = self.sweep.schema()
        if self.folder is None:
            return journal.table_of(self._rows or [], self.sweep)
        read = journal.batches_of(self.folder, schema.names)
        parts = [part.replace_schema_metadata(None) for _, part in read]
        whole = pa.concat_tables([schema.empty_table(), *parts])
        return whole.sort_by("run").combine_chunks()

    def table(self) -> pd.DataFrame:
        """Return the tidy table: one row a run, sorted by ``run``.

        Columns ``run, point, replicate``, one for each path, one for each outcome, ``failed``
        (the stage, None where all went well), ``message``, and ``run_key``, the hash of canonical
        scenario, key, replicate, engine and version.
        """
        from koubei_sim.looks.frames import Table

        frame = Table(self.arrow().to_pandas())
        varied = len(self.sweep.points.columns) + 3
        shown, names = list(frame.columns[:varied]), list(frame.columns[varied:-3])
        failed = ["failed"] if frame["failed"].notna().any() else []
        room = ROOM - sum(len(name) + 2 for name in [*shown, *failed])
        while names and (room := room - max(len(names[0]), 9) - 2) >= 0:
            shown.append(names.pop(0))
        return frame.told([*shown, *failed])

    def values(self, outcome: str) -> NDArray[np.float64]:
        """Return an outcome of every run, [points, replicates]; NaN: undefined, failed, not run.

        Raises
        ------
        KoubeiError
            For an outcome that was not kept.
        """
        return self.all_values((outcome,))[outcome]

    def all_values(self, outcomes: Iterable[str]) -> dict[str, NDArray[np.float64]]:
        """Return `values` of several outcomes by name; the table is read once."""
        kept = {name: kept_measure(name, self.sweep.outcomes) for name in outcomes}
        table = self.arrow()
        runs, shape = table["run"].to_numpy(), (self.sweep.points.number, self.sweep.replicates)
        found = {}
        for name, column in kept.items():
            values = np.full(self.sweep.runs, np.nan)
            values[runs] = table[column].to_numpy()
            found[name] = values.reshape(shape)
        return found

    def curves(self, names: Any = None, points: Any = None) -> xr.Dataset:
        """Return the daily curves that were kept (``keep=`` of the sweep).

        Parameters
        ----------
        names : str or sequence of str, optional
            Which of them; all without it.
        points : int or sequence of int, optional
            Of which points only: only these are held in memory.

        Returns
        -------
        Dataset
            Dimensions ``point``, ``replicate``, ``tick`` and those that the variable has in
            `Result.data`; what was varied is a coordinate along ``point``, by its dotted path, and
            ``date`` one along ``tick`` where the scenario has a start date.  Counts are people.
            NaN where a run is not done, has failed, or ended before that day.

        Raises
        ------
        KoubeiError
            Where none were kept, or they would not fit into memory.

        Examples
        --------
        >>> from koubei_sim.studies import sweep
        >>> found = sweep(
        ...     "tiny", {"seeding.purity": [0.2, 0.8]}, rng=7, keep=["users", "members"], every=30
        ... )
        >>> curves = found.curves()
        >>> dict(curves.users.sizes), curves["seeding.purity"].to_numpy().tolist()
        ({'point': 2, 'replicate': 1, 'tick': 5}, [0.2, 0.8])
        >>> curves.members.dims
        ('point', 'replicate', 'tick', 'channel')
        """
        kept, wanted = curves_of.chosen(self.sweep, names, points)
        return curves_of.together(self.sweep, kept, wanted, self._rows_of(kept.names))

    def _rows_of(self, names: Sequence[str]) -> Iterator[curves_of.One]:
        if self.folder is None:
            at = [self.sweep.curves.names.index(name) for name in names]
            for row in self._rows or ():
                for place, name in zip(at, names):
                    if row.curves is not None:
                        yield row.run, name, row.curves[place]
            return
        columns = ["run", *(COLUMN + name for name in names)]
        for _, table in journal.batches_of(self.folder, columns):
            yield from curves_of.of_table(table, names)

    def failures(self) -> pd.DataFrame:
        """Return the rows of failed runs, without outcomes."""
        table = self.table()
        kept = [name for name in table.columns if name not in self.sweep.outcomes]
        return table.loc[table["failed"].notna(), kept].reset_index(drop=True)

    def _page(self, lang: str) -> Page:
        from koubei_sim.studies.sweep.page import page_of

        self._check_told()
        return page_of(self, lang)

    def summary(self, outcome: str, points: Iterable[int] | None = None) -> pd.DataFrame:
        """Return one outcome by point, told as in `Result.summary`; of some points where asked.

        Columns: the paths of the point; ``take_off``, how many of its replicates did; ``estimate``
        with its 95 % interval ``low, high``: of the chance where the outcome is ``take_off``, else
        of the replicates that took off, where any did; ``n``, of how many.

        Raises
        ------
        KoubeiError
            For an outcome that was not kept.
        """
        from koubei_sim.looks.frames import Table

        self._check_told()
        outcome = kept_measure(outcome, self.sweep.outcomes)
        rows = []
        table = self.table()
        if points is not None:
            table = table[table["point"].isin(list(points))]
        paths = list(self.sweep.points.columns)
        first = table.drop_duplicates("point").sort_values("point")[paths]
        places: list[dict[Any, Any]] = first.to_dict("records")
        for where, (point, part) in zip(places, table.groupby("point"), strict=True):
            at: Any = point
            values, taken = (
                part[name].to_numpy(dtype=np.float64) for name in (outcome, "take_off")
            )
            horizon = float(curves_of.ticks_of(self.sweep, int(at)))
            people = curves_of.people_of(self.sweep, int(at))
            found = told(outcome, values, taken, self.sweep.key, horizon, people)
            share = float(np.nanmean(taken)) if np.isfinite(taken).any() else np.nan
            told_ = {"estimate": found.estimate, "low": found.low, "high": found.high, "n": found.n}
            rows.append({"point": point, **where, "take_off": share, **told_})
        return Table(rows)

    def _shown(self) -> pd.DataFrame:
        return self.summary(next(iter(self.sweep.outcomes), "take_off"))

    def _check_told(self) -> None:
        if "take_off" not in self.sweep.outcomes:
            raise KoubeiError(
                str(self.folder or "sweep"), "runs of another study, which kept no take_off",
                fix="koubei report PLAN.toml --journal FOLDER for a plan, else what made it",
            )  # fmt: skip

    def __repr__(self) -> str:
        """Return one line: what was run, and how much of it."""
        plan = self.sweep
        done = len(self._rows) if self._rows is not None else self.arrow().num_rows
        return wrapped(
            f"<SweepResult {plan.scenario.name}: {plan.points.number} points x {plan.replicates} "
            f"replicates over {', '.join(plan.points.columns)}; {done} of {plan.runs} runs>"
        )


def open_sweep(folder: str | Path) -> SweepResult:
    """Return what a journal holds so far, also while another process writes it.

    Raises
    ------
    KoubeiError
        When the folder is not a journal.
    """
    folder = path_of("folder", folder)
    return SweepResult(Sweep.from_plan(journal.read_plan(folder), str(folder)), folder)


class Status(NamedTuple):
    """How far a sweep is.

    `failures` counts failed runs by stage and message, the most frequent first; `running` says
    whether a process is at it now; `seconds_left` is guessed from the dates of the shards and NaN
    where nobody is at it or they say nothing.
    """

    runs: int
    done: int
    failed: int
    points: int
    replicates: int
    paths: tuple[str, ...]
    running: bool
    seconds_left: float
    failures: dict[str, int]


def status(folder: str | Path) -> Status:
    """Return how far the sweep in a folder is.

    Raises
    ------
    KoubeiError
        When the folder is not a journal, or a file of it cannot be read.
    """
    folder = path_of("folder", folder)
    plan = journal.read_plan(folder)
    points = len(plan["points"][plan["paths"][0]])
    runs = points * int(plan["replicates"])
    done, failures, dates = 0, dict[str, int](), []
    for path, table in journal.batches_of(folder, ["failed", "message"]):
        done += table.num_rows
        dates.append((path.stat().st_mtime, table.num_rows))
        for stage, message in zip(table["failed"].to_pylist(), table["message"].to_pylist()):
            if stage is not None:
                failures[f"{stage}: {message}"] = failures.get(f"{stage}: {message}", 0) + 1
    running = journal.in_use(folder)
    order = sorted(failures, key=lambda said: (-failures[said], said))
    return Status(
        runs,
        done,
        sum(failures.values()),
        points,
        int(plan["replicates"]),
        tuple(plan["paths"]),
        running,
        _left(sorted(dates), runs - done) if running else float("nan"),
        {said: failures[said] for said in order},
    )


def _left(dates: list[tuple[float, int]], left: int) -> float:
    """Return the seconds for `left` more runs at the pace of the last fifty shards."""
    last = dates[-50:]
    if len(last) < 2 or last[-1][0] <= last[0][0]:
        return float("nan")
    pace = sum(rows for _, rows in last[1:]) / (last[-1][0] - last[0][0])
    return left / pace


def export(folder: str | Path, path: str | Path) -> tuple[Path, int, int]:
    """Write the table of a sweep, or the curves that it kept, as one file, whole or not at all.

    Parameters
    ----------
    folder : path
        The journal; it need not be finished.
    path : path
        A ``.parquet`` or ``.csv`` file for the table, ``.nc`` for the curves; the same sweep gives
        the same bytes, whatever backend, workers and interruptions it had.

    Returns
    -------
    path, rows, runs
        The file, how many runs it holds, and how many the sweep has.
    """
    goal = path_of("path", path)
    if goal.suffix not in FORMATS:
        raise KoubeiError(
            str(path), "unknown format", got=goal.suffix, allowed=", ".join(FORMATS), fix=".parquet"
        )
    found = open_sweep(folder)
    table = found.arrow()
    if goal.suffix == ".nc":
        write_netcdf(goal, found.curves())
        return goal, table.num_rows, found.sweep.runs
    if goal.suffix == ".parquet":
        content = journal.parquet_bytes(table)
    else:
        content = table.to_pandas().to_csv(index=False, lineterminator="\n").encode()
    with whole_file(goal) as file:
        file.write(content)
    return goal, table.num_rows, found.sweep.runs

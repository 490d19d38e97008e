"""How far a sweep is, and its tidy table as one file: ``koubei status`` and ``koubei export``.

Both only read the journal and may be called while another process writes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from koubei_sim.checks import path as file_path
from koubei_sim.errors import KoubeiError
from koubei_sim.storage import whole_file
from koubei_sim.studies import journal
from koubei_sim.studies.sweep import open_sweep

FORMATS = (".parquet", ".csv")


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
    folder = file_path("folder", folder)
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
    """Write the tidy table of a sweep as one file, whole or not at all.

    Parameters
    ----------
    folder : path
        The journal; it need not be finished.
    path : path
        A ``.parquet`` or ``.csv`` file; the same sweep gives the same bytes, whatever
        backend, workers and interruptions it had.

    Returns
    -------
    path, rows, runs
        The file, how many runs it holds, and how many the sweep has.
    """
    goal = file_path("path", path)
    if goal.suffix not in FORMATS:
        raise KoubeiError(
            str(path), "unknown format", got=goal.suffix, allowed=", ".join(FORMATS), fix=".parquet"
        )
    found = open_sweep(folder)
    table = found.arrow()
    if goal.suffix == ".parquet":
        content = journal.parquet_bytes(table)
    else:
        content = table.to_pandas().to_csv(index=False, lineterminator="\n").encode()
    with whole_file(goal) as file:
        file.write(content)
    return goal, table.num_rows, found.sweep.runs

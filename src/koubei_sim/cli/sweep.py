"""The commands about sweeps: ``sweep``, ``status``, ``export``."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from koubei_sim.cli import screen

if TYPE_CHECKING:
    from koubei_sim.studies import Progress, Status

FINE, FAILED = 0, 1


def sweep(
    given: Path,
    *,
    out: Path | None,
    backend: str | None,
    workers: int | None,
    scheduler: str | None,
    retry: bool,
    as_json: bool,
) -> int:
    """Run or resume a sweep; exit status 1 where a run failed or the sweep had to stop."""
    from koubei_sim import studies

    if given.is_dir():
        found, folder = studies.open_sweep(given).sweep, given
        how, side_by_side, address = "threads", None, None
    else:
        found, folder, how, side_by_side, address = studies.read_sweep(given, out)
    address = address if scheduler is None else scheduler
    how = backend or ("dask" if scheduler is not None else how)
    if how != "dask" and scheduler is None:
        address = None
    try:
        with sweep_progress(quiet=as_json) as tell:
            studies.sweep(
                found,
                out=folder if out is None else out,
                backend=how,
                workers=side_by_side if workers is None else workers,
                scheduler=address,
                progress=tell,
                retry=retry,
            )
    except studies.SweepStopped as stopped:
        print(f"koubei: {stopped}", file=sys.stderr)
        return FAILED
    made = studies.status(folder if out is None else out)
    if as_json:
        screen.write_json({"folder": str(folder if out is None else out), **made._asdict()})
    else:
        _print(made)
        print(f"table   koubei export {folder if out is None else out} table.parquet")
    return FAILED if made.failed else FINE


def status(folder: Path, as_json: bool) -> int:
    """Say how far a sweep is."""
    from koubei_sim import studies

    found = studies.status(folder)
    if as_json:
        screen.write_json({"folder": str(folder), **found._asdict()})
    else:
        _print(found)
    return FINE


def export(folder: Path, file: Path) -> int:
    """Write the tidy table as one file."""
    from koubei_sim import studies

    path, rows, runs = studies.export(folder, file)
    print(f"{path}: {rows:,} of {runs:,} runs")
    return FINE


def _print(found: Status) -> None:
    paths = ", ".join(found.paths)
    print(f"{found.points:,} points x {found.replicates:,} replicates over {screen.cut(paths, 48)}")
    share = 100.0 * found.done / found.runs
    state = "running" if found.running else "finished" if found.done == found.runs else "stopped"
    line = (
        f"{found.done:,} of {found.runs:,} runs ({share:.0f} %), {found.failed:,} failed, {state}"
    )
    if math.isfinite(found.seconds_left):
        line += f", {duration(found.seconds_left)} left"
    print(line)
    for said, count in list(found.failures.items())[:5]:
        print(screen.cut(f"failed {count:,} x {said}", screen.WIDTH - 1))


def duration(seconds: float) -> str:
    """Return seconds in one or two units.

    Examples
    --------
    >>> duration(42.3), duration(150), duration(7260)
    ('42 s', '2 min 30 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


@contextmanager
def sweep_progress(quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    """Show a bar with the time left and the failures so far; None where nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns: tuple[Any, ...] = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.fields[failed]}"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("sweep", total=None, left="", failed="")

        def tell(now: Progress) -> None:
            known = math.isfinite(now.seconds_left)
            bar.update(
                task,
                completed=now.done,
                total=now.runs,
                left=f"{duration(now.seconds_left)} left" if known else "",
                failed=f"{now.failed:,} failed" if now.failed else "",
            )

        yield tell

"""The commands about studies, their arguments and help texts; the work is in `sweep`.

Imported by the entry point for its effect: the commands join the others of `commands.app`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from koubei_sim.cli.commands import AsJson, app

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of a sweep.")]


@app.command()
def sweep(
    file: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", help="Sweep file (TOML), or a sweep to finish.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder of the journal; the file's name without it.")
    ] = None,
    backend: Annotated[str | None, typer.Option(help="threads, loky or dask.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Side by side; as many as fit, without it.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler: runs go to its cluster.")
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Run failed runs again.")] = False,
    as_json: AsJson = False,
) -> int:
    """Run a scenario at many points; the same command again resumes."""
    from koubei_sim.cli import sweep as command

    return command.sweep(
        file,
        out=out,
        backend=backend,
        workers=workers,
        scheduler=scheduler,
        retry=retry,
        as_json=as_json,
    )


@app.command()
def status(folder: Folder, as_json: AsJson = False) -> int:
    """Say how far a sweep is, and what failed."""
    from koubei_sim.cli import sweep as command

    return command.status(folder, as_json)


@app.command()
def export(
    folder: Folder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".parquet or .csv")],
) -> int:
    """Write the tidy table of a sweep as one file."""
    from koubei_sim.cli import sweep as command

    return command.export(folder, file)


@app.command()
def calibrate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Calibration file (TOML).")],
    out: Annotated[
        Path | None, typer.Option(help="Folder of journals and tables; the file's name without it.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Side by side; as many as fit, without it.")
    ] = None,
    lang: Annotated[str, typer.Option(help="Language of the figures: en or zh.")] = "en",
    as_json: AsJson = False,
) -> int:
    """Fit parameters to targets; the same command again resumes."""
    from koubei_sim.cli import calibrate as command

    return command.calibrate(file, out=out, workers=workers, lang=lang, as_json=as_json)

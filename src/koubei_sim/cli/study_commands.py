"""The commands about studies, their arguments and help texts; the work is in the files beside it.

Imported by the entry point for its effect: the commands join the others of `commands.app`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from koubei_sim.cli.commands import AsJson, Changes, Lang, Language, Threads, app

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of a sweep.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Side by side; as many as fit, without it.")
]
Scheduler = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler: runs go to its cluster.")
]


@app.command()
def sweep(
    file: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", help="Sweep file (TOML), or a sweep to finish.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder of the journal; the file's name without it.")
    ] = None,
    backend: Annotated[str | None, typer.Option(help="threads, loky or dask.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
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
def claim(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME|FOLDER", help="Folder of a claim, or E1 for experiments/E1."),
    ],
    quick: Annotated[
        bool, typer.Option("--quick", help="A handful of worlds, to see that it runs; no verdict.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the journals; outputs beside the claim.")
    ] = None,
    backend: Annotated[str, typer.Option(help="threads, loky or dask.")] = "threads",
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
) -> int:
    """Run a claim over its priors and judge it; the same command again resumes."""
    from koubei_sim.cli import claims as command

    return command.claim(
        name,
        quick=quick,
        out=out,
        backend=backend if scheduler is None else "dask",
        workers=workers,
        scheduler=scheduler,
        as_json=as_json,
    )


@app.command()
def claims(
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="Folder of the claims.")
    ] = Path("experiments"),
    write: Annotated[
        bool, typer.Option("--write", help="Write the table into the folder's README.md.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Show the verdicts of all claims; exit status 1 where one is stale or not run."""
    from koubei_sim.cli import claims as command

    return command.claims(folder, write, as_json)


@app.command()
def compare(
    scenarios: Annotated[
        list[str],
        typer.Argument(metavar="SCENARIO...", help="Presets, TOML files, or saved results."),
    ],
    change: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'NAME: PATH=VALUE, ...'",
            help="The first scenario, changed (may be repeated).",
        ),
    ] = None,
    common: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change a value in all of them first."),
    ] = None,
    replicates: Annotated[int | None, typer.Option(min=1, help="Pairs; 20 without it.")] = None,
    rng: Annotated[
        int | None, typer.Option(min=0, help="Key of all randomness; fresh without it.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(metavar="NAME", help="What the others are compared with.")
    ] = None,
    precision: Annotated[
        float | None,
        typer.Option(help="Add pairs until the 95 % interval of OUTCOME is +- this."),
    ] = None,
    outcome: Annotated[
        str, typer.Option(metavar="OUTCOME", help="For --precision, such as users or loyal.")
    ] = "users",
    at_most: Annotated[
        int, typer.Option(min=1, help="Pairs after which no more are added.")
    ] = 1000,
    every: Annotated[bool, typer.Option("--all", help="Show all outcomes.")] = False,
    threads: Threads = None,
    as_json: AsJson = False,
) -> int:
    """Say how scenarios differ, on the same luck: differences with intervals."""
    from koubei_sim.cli import compare as command

    return command.compare(
        scenarios,
        changes=change or [],
        common=common or [],
        replicates=replicates,
        rng=rng,
        baseline=baseline,
        precision=precision,
        outcome=outcome,
        at_most=at_most,
        every=every,
        threads=threads,
        as_json=as_json,
    )


@app.command()
def sensitivity(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="Preset or TOML file.")],
    method: Annotated[str, typer.Option(help="oat (one at a time), morris or sobol.")] = "oat",
    outcome: Annotated[
        list[str] | None, typer.Option(help="What is measured; users without it (repeatable).")
    ] = None,
    path: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH[=RANGE]",
            help="Parameter; RANGE: 0.1..0.9, 5..50:log or a,b (repeatable). All assumptions "
            "without it.",
        ),
    ] = None,
    points: Annotated[
        int | None, typer.Option(help="Trajectories (morris: 10) or base rows (sobol: 512).")
    ] = None,
    levels: Annotated[int, typer.Option(help="Levels of the grid (morris).")] = 4,
    second_order: Annotated[bool, typer.Option(help="Pairs too (sobol).")] = True,
    replicates: Annotated[int, typer.Option(help="Replicates of each point.")] = 5,
    rng: Annotated[
        int | None, typer.Option(min=0, help="Key of all randomness; fresh without it.")
    ] = None,
    spread: Annotated[float, typer.Option(help="Ranges reach from value/SPREAD on.")] = 2.0,
    changes: Changes = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the journal; the same command resumes.")
    ] = None,
    backend: Annotated[str, typer.Option(help="threads or loky.")] = "threads",
    workers: Workers = None,
    as_json: AsJson = False,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the tornado (.png, .svg, .pdf).")
    ] = None,
    lang: Language = Lang.en,
) -> int:
    """Say which parameters an outcome hangs on."""
    from koubei_sim.cli import sensitivity as command

    return command.sensitivity(
        scenario,
        method=method,
        outcomes=outcome or [],
        paths=path or [],
        points=points,
        levels=levels,
        second_order=second_order,
        replicates=replicates,
        rng=rng,
        spread=spread,
        changes=changes or [],
        out=out,
        backend=backend,
        workers=workers,
        as_json=as_json,
        figure=figure,
        lang=lang.value,
    )


@app.command()
def calibrate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Calibration file (TOML).")],
    out: Annotated[
        Path | None, typer.Option(help="Folder of journals and tables; the file's name without it.")
    ] = None,
    workers: Workers = None,
    lang: Annotated[str, typer.Option(help="Language of the figures: en or zh.")] = "en",
    as_json: AsJson = False,
) -> int:
    """Fit parameters to targets; the same command again resumes."""
    from koubei_sim.cli import calibrate as command

    return command.calibrate(file, out=out, workers=workers, lang=lang, as_json=as_json)

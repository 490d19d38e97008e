"""The commands about studies that a file describes: sweeps, claims, calibrations."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from koubei_sim.cli import screen
from koubei_sim.cli.options import (
    FAILED,
    FINE,
    AsJson,
    Backend,
    Lang,
    Language,
    Scheduler,
    Workers,
    app,
)

if TYPE_CHECKING:
    import pandas as pd

    from koubei_sim.studies import Status
    from koubei_sim.studies.calibration import Calibration

#: Of a claim, beside it.
FIGURE = "figure.png"

# Sweeps ---------------------------------------------------------------------------------------


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
    from koubei_sim import studies
    from koubei_sim.studies.sweep.result import open_sweep

    if file.is_dir():
        found, folder = open_sweep(file).sweep, file
        how, side_by_side, address = "threads", None, None
    else:
        found, folder, how, side_by_side, address = studies.read_sweep(file, out)
    folder = folder if out is None else out
    address = address if scheduler is None else scheduler
    how = backend or ("dask" if scheduler is not None else how)
    if how != "dask" and scheduler is None:
        address = None
    studies.sweep(
        found,
        out=folder,
        backend=how,
        workers=side_by_side if workers is None else workers,
        scheduler=address,
        progress=screen.loud(as_json),
        retry=retry,
    )
    made = studies.status(folder)
    if as_json:
        screen.write_json({"folder": str(folder), **made._asdict()})
    else:
        _print_status(made)
        print(f"table   koubei export {folder} table.parquet")
    return FAILED if made.failed else FINE


Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of a sweep.")]


@app.command()
def status(folder: Folder, as_json: AsJson = False) -> int:
    """Say how far a sweep is, and what failed."""
    from koubei_sim import studies

    found = studies.status(folder)
    if as_json:
        screen.write_json({"folder": str(folder), **found._asdict()})
    else:
        _print_status(found)
    return FINE


@app.command()
def export(
    folder: Folder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".parquet or .csv; .nc for curves.")],
) -> int:
    """Write the tidy table of a sweep as one file, or the curves that it kept."""
    from koubei_sim import studies

    path, rows, runs = studies.export(folder, file)
    print(f"{path}: {rows:,} of {runs:,} runs")
    return FINE


def _print_status(found: Status) -> None:
    paths = ", ".join(found.paths)
    print(f"{found.points:,} points x {found.replicates:,} replicates over {screen.cut(paths, 48)}")
    share = 100.0 * found.done / found.runs
    state = "running" if found.running else "finished" if found.done == found.runs else "stopped"
    line = (
        f"{found.done:,} of {found.runs:,} runs ({share:.0f} %), {found.failed:,} failed, {state}"
    )
    if math.isfinite(found.seconds_left):
        line += f", {screen.duration(found.seconds_left)} left"
    print(line)
    for said, count in list(found.failures.items())[:5]:
        print(screen.cut(f"failed {count:,} x {said}", screen.WIDTH - 1))


# Claims ---------------------------------------------------------------------------------------


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
    backend: Backend = "threads",
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
) -> int:
    """Run a claim over its priors and judge it; the same command again resumes."""
    from koubei_sim.studies import claims as room

    asked = room.read_claim(name)
    found = room.claim(
        asked,
        quick=quick,
        out=out,
        backend=backend if scheduler is None else "dask",
        workers=workers,
        scheduler=scheduler,
        progress=screen.loud(as_json),
    )
    written = [] if quick else room.write_verdict(found)
    if not quick and found.worlds:
        written.append(_draw_claim(found, asked.folder / FIGURE))
    if as_json:
        screen.write_json(found.content)
        return FINE
    _print_claim(found.content)
    for path in written:
        print(f"written  {path}")
    if quick:
        print("a quick run: too few worlds for a verdict, nothing was filed")
    return FINE


def _draw_claim(found: Any, path: Path) -> Path:
    import matplotlib

    from koubei_sim.storage import whole_file

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from koubei_sim import plots

    figure = plots.claim(found)
    with whole_file(path) as file:
        # Without the version of matplotlib in it, so that the same verdict gives the same bytes.
        figure.savefig(file, dpi=110, format="png", metadata={"Software": None})
    plt.close(figure)
    return path


def _print_claim(content: dict[str, Any]) -> None:
    from koubei_sim.studies.claims.report import percent, said, size

    print(screen.cut(f"{content['id']}  {content['title']}", screen.WIDTH - 1))
    print(f"verdict  {content['verdict']}")
    for row in content["tests"]:
        mark = ">" if row.get("main") else " "
        print(screen.cut(f"{mark} {row.get('statement', row['id'])}", screen.WIDTH - 1))
        if "note" in row:
            print(screen.cut(f"    note: {row['note']}", screen.WIDTH - 1))
        if row.get("share") is None:
            print(f"    {row.get('verdict', 'no verdict')}: {row.get('why', '')}")
            continue
        print(
            f"    {said(row).replace('*', '')}: holds in {percent(row['share'])} "
            f"({percent(row['share_low'])}..{percent(row['share_high'])}) of {row['worlds']} worlds"
        )
        print(
            f"    effect {size(row, 'effect_median')} "
            f"({size(row, 'effect_q05')} .. {size(row, 'effect_q95')})"
        )
        if row.get("strata"):
            kinds = ("both", "claimed only", "other only", "neither")
            shares = [f"{kind} {percent(s[0])}" for kind, s in zip(kinds, row["strata"].values())]
            print(f"    takes off: {', '.join(shares)}")


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
    from koubei_sim.studies import claims as room

    rows = room.verdicts(folder)
    if write:
        room.write_overview(folder)
    if as_json:
        screen.write_json({"claims": rows})
    else:
        for row in rows:
            print(_claim_line(row))
    return FINE if all(row["state"] == "fresh" for row in rows) else FAILED


def _claim_line(row: dict[str, Any]) -> str:
    from koubei_sim.studies.claims.report import percent

    verdict = row["verdict"] or "not run"
    if row["state"] == "stale":
        verdict += " (stale)"
    holds = percent(row.get("share"))
    line = f"{row['id']:<4} {verdict:<18} {holds:>5}  {row.get('effect') or '':>8}  {row['title']}"
    return screen.cut(line, screen.WIDTH - 1)


# Calibrations ---------------------------------------------------------------------------------


@app.command()
def calibrate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Calibration file (TOML).")],
    out: Annotated[
        Path | None, typer.Option(help="Folder of journals and tables; the file's name without it.")
    ] = None,
    workers: Workers = None,
    lang: Language = Lang.en,
    as_json: AsJson = False,
) -> int:
    """Fit parameters to targets; the same command again resumes."""
    from koubei_sim.storage import whole_file
    from koubei_sim.studies import read_calibration

    found = read_calibration(file, out)
    changes: dict[str, Any] = {} if workers is None else {"workers": workers}
    made = found.run(progress=screen.loud(as_json), **changes)
    tables = _tables(made, found.predictive)
    for name, table in tables.items():
        with whole_file(found.out / f"{name}.csv") as sink:
            table.to_csv(sink, index=False, lineterminator="\n")
    _figures(made, found, lang)
    if as_json:
        records = {name: _plain(table) for name, table in tables.items() if name != "posterior"}
        screen.write_json(
            {
                "folder": str(found.out),
                "best": made.best,
                "simulations": made.simulations,
                **records,
            }
        )
    else:
        _print_calibration(made, tables, found.predictive)
        print(f"folder  {found.out}: tables (.csv), figures (.png), journals")
    return FINE


def _tables(made: Calibration, number: int) -> dict[str, pd.DataFrame]:
    tables = {"parameters": made.table()}
    if made.method != "optuna":
        tables["posterior"] = made.posterior
        tables["identifiability"] = made.identifiability()
    tables["scorecard"] = made.scorecard(number).table()
    if made.baselines():
        tables["forecasts"] = made.forecasts(number)
        if made.targets.held_out:
            tables["holdout"] = made.holdout(number)
    return tables


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as JSON can hold them (no NaN)."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _figures(made: Calibration, found: Any, lang: str) -> None:
    from koubei_sim import plots
    from koubei_sim.plots.files import write_figure

    def marginals(ax: Any, lang: Any) -> Any:
        return plots.marginals(made, ax, lang)

    def predictive(ax: Any, lang: Any) -> Any:
        return plots.posterior_predictive(made, ax, lang, number=found.predictive)

    if made.method != "optuna":
        write_figure(found.out / "marginals.png", marginals, lang)
    if made.baselines():
        write_figure(found.out / "predictive.png", predictive, lang)


def _print_calibration(made: Calibration, tables: dict[str, pd.DataFrame], number: int) -> None:
    print(f"{made.method}: {made.simulations:,} parameter sets simulated", end="")
    if made.method == "optuna":
        print(f", distance {made.particles.tolerance:.3g} tolerances")
    else:
        print(f", accepted within {made.particles.tolerance:.3g} tolerances")
    known: dict[str, str] = {}
    if "identifiability" in tables:
        rows = _plain(tables["identifiability"])
        known = {str(r["parameter"]): f"learnt {r['contraction']:4.2f}" for r in rows}
    for row in _plain(tables["parameters"]):
        ends = f"{row['q05']:.4g} .. {row['q95']:.4g}" if known else ""
        name = str(row["parameter"])
        print(
            f"  {screen.cut(name, 34):<34} {row['q50']:>9.4g}  {ends:<20} "
            f"{known.get(name, '')}".rstrip()
        )
    print("targets met, by level")
    for line in repr(made.scorecard(number)).splitlines():
        print(f"  {line}")
    if "holdout" in tables:
        print("points held out: typical error in log10, best first")
        for row in _plain(tables["holdout"]):
            said = "" if row["error"] is None else f"{row['error']:.3f}"
            line = f"  {row['title']:<38} {said:>9}  {row['note']}"
            print(screen.cut(line, screen.WIDTH - 1).rstrip())

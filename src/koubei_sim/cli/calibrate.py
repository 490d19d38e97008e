"""The command ``calibrate``: fit what a TOML file describes, say what came out, keep tables.

Called by `study_commands`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from koubei_sim.cli import screen
from koubei_sim.storage import whole_file

if TYPE_CHECKING:
    import pandas as pd

    from koubei_sim.studies.calibration import Calibration

FINE, FAILED = 0, 1


def calibrate(
    file: Path, *, out: Path | None, workers: int | None, lang: str, as_json: bool
) -> int:
    """Calibrate or resume; exit status 1 where it had to stop."""
    from koubei_sim.plots.words import check_language
    from koubei_sim.studies.calibration.calibration_file import read_calibration
    from koubei_sim.studies.sweep.journal import SweepStopped

    check_language(lang)
    found = read_calibration(file, out)
    changes: dict[str, Any] = {} if workers is None else {"workers": workers}
    loud = not as_json and sys.stderr.isatty()
    try:
        made = found.run(progress=loud or None, **changes)
        tables = _tables(made, found.predictive)
    except SweepStopped as stopped:
        print(f"koubei: {stopped}", file=sys.stderr)
        return FAILED
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
        _print(made, tables, found.predictive)
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

    if made.method != "optuna":
        write_figure(
            found.out / "marginals.png", lambda ax, lang: plots.marginals(made, ax, lang), lang
        )
    if made.baselines():
        write_figure(
            found.out / "predictive.png",
            lambda ax, lang: plots.posterior_predictive(made, ax, lang, number=found.predictive),
            lang,
        )


def _print(made: Calibration, tables: dict[str, pd.DataFrame], number: int) -> None:
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

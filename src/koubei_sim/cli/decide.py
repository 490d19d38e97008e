"""The command that decides between designs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from koubei_sim.cli import screen
from koubei_sim.cli.options import FINE, AsJson, Backend, Scheduler, Workers, app

#: Designs and parameters shown.
SHOWN = 12


@app.command()
def plan(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Plan file (TOML).")],
    out: Annotated[
        Path | None, typer.Option(help="Folder of the journal, to go on from; none without it.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the table of designs here.")] = None,
    backend: Backend = "threads",
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
) -> int:
    """Run designs under a budget in many worlds, and say which to take."""
    from koubei_sim import studies
    from koubei_sim.studies.decide.information import LEAST

    asked = studies.read_plan(file)
    found = studies.plan(
        **asked,
        out=out,
        backend=backend if scheduler is None else "dask",
        workers=workers,
        scheduler=scheduler,
        progress=screen.loud(as_json),
    )
    table, frontier = found.table(), found.frontier()
    known = found.value_of_information() if int(table.worlds.max()) >= LEAST else None
    if csv is not None:
        found.save(csv)
    if as_json:
        rows = {"designs": table, "frontier": frontier}
        rows |= {} if known is None else {"value_of_information": known}
        tables = {name: each.reset_index().to_dict("records") for name, each in rows.items()}
        screen.write_json({"best": found.best, "runs": found.runs, **tables})
        return FINE
    print(found)
    print(
        f"  {'design':<34} {'outlay':>10} {'value':>10} {'take-off':>8} {'best':>4} {'regret':>9}"
    )
    for name, row in table.head(SHOWN).iterrows():
        print(_line(str(name), row))
    if len(table) > SHOWN:
        print(f"  and {len(table) - SHOWN} more (--csv, --json)")
    print("efficient, the cheapest first: " + "; ".join(map(str, frontier.index)))
    if known is not None:
        print("worth knowing before, a decision:")
        for name, gain in known.head(SHOWN).iterrows():
            ends = f"{gain.low:.4g} .. {gain.high:.4g}"
            print(f"  {screen.cut(str(name), 40):<40} {gain.value:>11.4g}  ({ends})")
    return FINE


def _line(name: str, row: Any) -> str:
    mark = " " if row.may_be_best else "x"
    return (
        f"{mark} {screen.cut(name, 34):<34} {row.outlay:>10,.0f} {row.value:>10.4g} "
        f"{row.take_off:>8.2f} {row.best:>4.2f} {row.regret:>9.4g}"
    )

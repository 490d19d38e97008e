"""The command that decides between designs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from koubei_sim.cli import screen
from koubei_sim.cli.options import FINE, AsJson, Backend, Scheduler, Workers, app
from koubei_sim.looks import count_text, span_text

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
    head = ["  design", "outlay", "value", "95 %", "take-off", "best", "regret"]
    print(screen.table(head, [_row(str(name), row) for name, row in table.head(SHOWN).iterrows()]))
    if len(table) > SHOWN:
        print(f"  and {len(table) - SHOWN} more (--csv, --json)")
    print("efficient, the cheapest first: " + "; ".join(map(str, frontier.index)))
    if known is not None:
        print("worth knowing before, a decision:")
        for name, gain in known.head(SHOWN).iterrows():
            ends = span_text(gain.low, gain.high)
            print(f"  {screen.cut(str(name), 40):<40} {count_text(gain.value):>11}  ({ends})")
    return FINE


def _row(name: str, row: Any) -> list[str]:
    mark = " " if row.may_be_best else "x"
    return [
        f"{mark} {screen.cut(name, 20)}",
        count_text(row.outlay),
        count_text(row.value),
        span_text(row.low, row.high) or "too few",
        *map(count_text, (row.take_off, row.best, row.regret)),
    ]

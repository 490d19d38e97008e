"""The commands about claims: ``claim`` runs and judges one, ``claims`` shows all verdicts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from koubei_sim.cli import screen
from koubei_sim.cli.sweep import sweep_progress
from koubei_sim.storage import whole_file

FINE, FAILED = 0, 1
FIGURE = "figure.png"


def claim(
    name: str,
    *,
    quick: bool,
    out: Path | None,
    backend: str,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
) -> int:
    """Run a claim, judge it, and write verdict, table and figure beside it."""
    from koubei_sim import studies
    from koubei_sim.studies import claims as room

    asked = room.read_claim(name)
    try:
        with sweep_progress(quiet=as_json) as tell:
            found = room.claim(
                asked,
                quick=quick,
                out=out,
                backend=backend,
                workers=workers,
                scheduler=scheduler,
                progress=tell,
            )
    except studies.SweepStopped as stopped:
        print(f"koubei: {stopped}", file=sys.stderr)
        return FAILED
    written = [] if quick else room.write_verdict(found)
    if not quick and found.worlds:
        written.append(_draw(found, asked.folder / FIGURE))
    if as_json:
        screen.write_json(found.content)
        return FINE
    _print(found.content)
    for path in written:
        print(f"written  {path}")
    if quick:
        print("a quick run: too few worlds for a verdict, nothing was filed")
    return FINE


def _draw(found: Any, path: Path) -> Path:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from koubei_sim import plots

    figure = plots.claim(found)
    with whole_file(path) as file:
        # Without the version of matplotlib in it, so that the same verdict gives the same bytes.
        figure.savefig(file, dpi=110, format="png", metadata={"Software": None})
    plt.close(figure)
    return path


def _print(content: dict[str, Any]) -> None:
    from koubei_sim.studies.claims.report import percent, size

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
            f"    {row['verdict']}: holds in {percent(row['share'])} "
            f"({percent(row['share_low'])}..{percent(row['share_high'])}) of {row['worlds']} worlds"
        )
        print(
            f"    effect {size(row, 'effect_median')} "
            f"({size(row, 'effect_q05')} .. {size(row, 'effect_q95')}), "
            f"could fail {percent(row['could_fail'])}, reversed {percent(row['reversed'])}"
        )


def claims(folder: Path, write: bool, as_json: bool) -> int:
    """Show the verdicts of all claims of a folder; exit status 1 where one is stale or missing."""
    from koubei_sim.studies import claims as room

    rows = room.verdicts(folder)
    if write:
        room.write_overview(folder)
    if as_json:
        screen.write_json({"claims": rows})
    else:
        for row in rows:
            print(_line(row))
    return FINE if all(row["state"] == "fresh" for row in rows) else FAILED


def _line(row: dict[str, Any]) -> str:
    from koubei_sim.studies.claims.report import percent

    verdict = row["verdict"] or "not run"
    if row["state"] == "stale":
        verdict += " (stale)"
    holds = percent(row.get("share"))
    line = f"{row['id']:<4} {verdict:<18} {holds:>5}  {row.get('effect') or '':>8}  {row['title']}"
    return screen.cut(line, screen.WIDTH - 1)

"""The command ``koubei cascade``: run a rule of diffusion on a graph, say what came out."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from koubei_sim.cli import screen
from koubei_sim.cli.cascade_words import graph_from, rule_from, seeds_from, sparkline
from koubei_sim.cli.screen import brief
from koubei_sim.errors import KoubeiError
from koubei_sim.storage import whole_file

if TYPE_CHECKING:
    from koubei_sim.cascades import CascadeResult

FINE = 0
MOST_POINTS = 100  # of the mean curve in JSON


def cascade(
    given: str,
    *,
    rule: str,
    p: float | None,
    settings: list[str],
    seeds: list[str],
    replicates: int | None,
    rng: int | None,
    directed: bool | None,
    contacts: bool,
    horizon: float | None,
    tick: float | None,
    precision: float | None,
    seconds: float | None,
    record: list[str],
    method: str,
    threads: int | None,
    out: Path | None,
    log: Path | None,
    as_json: bool,
) -> int:
    """Run and report; see ``koubei cascade --help``."""
    made = rule_from(rule, settings, p)
    until = _until(replicates, precision, seconds)
    _writable(out)
    graph = graph_from(given, directed, contacts)
    from koubei_sim.cascades import cascade as run

    start = seeds_from(seeds, graph, tuple(getattr(made, "brands", ())))
    with screen.progress(rule, quiet=as_json) as tell:
        result = run(
            graph,
            made,
            start,
            replicates,
            rng,
            record=record,
            horizon=horizon,
            tick=tick,
            until=until,
            log=log,
            threads=threads,
            method=method,
            progress=tell,  # type: ignore[arg-type]  # a bar without a total where none is known
        )
    written = _write(result, out)
    if log is not None:
        written.append(log)
    if as_json:
        screen.write_json(content(result, given, graph, written))
    else:
        print(report(result, given, graph))
        for path in written:
            print(f"written to {path}")
    return FINE


def _until(replicates: int | None, precision: float | None, seconds: float | None) -> Any:
    from koubei_sim.cascades import Budget, Precision

    named = {"--replicates": replicates, "--until-precision": precision, "--seconds": seconds}
    given = [name for name, value in named.items() if value is not None]
    if len(given) > 1:
        raise KoubeiError(given[1], f"given beside {given[0]}", fix="one of the two")
    if precision is not None:
        return Precision(relative=precision)
    return None if seconds is None else Budget(seconds=seconds)


def _writable(out: Path | None) -> None:
    """Refuse what cannot be written before anything runs."""
    if out is None:
        return
    if out.suffix in (".parquet", ".csv"):
        if not out.parent.is_dir():
            raise KoubeiError(str(out), "its folder does not exist", got=str(out.parent))
    elif out.suffix:
        raise KoubeiError("--out", "unknown kind", got=out.name, allowed="a folder, .parquet, .csv")


def _write(result: CascadeResult, out: Path | None) -> list[Path]:
    """Write a folder with everything, or one row a replicate as parquet or CSV."""
    if out is None:
        return []
    if out.suffix == ".parquet":
        return [result.to_parquet(out)]
    if out.suffix == ".csv":
        with whole_file(out) as file:
            result.to_pandas().to_csv(file, lineterminator="\n")
        return [out]
    return [result.save(out)]


def content(result: CascadeResult, given: str, graph: Any, written: list[Path]) -> dict[str, Any]:
    """Return the result as plain data, for JSON."""
    time = result.outcome.time
    at = _points(time.size, MOST_POINTS)
    mean = result.outcome.curve.cumsum(axis=2).mean(axis=0)
    rule: Any = result.rule
    return {
        "graph": given,
        "people": result.n,
        "arcs": getattr(graph, "n_arcs", None),
        "rule": rule.describe(),
        "replicates": result.replicates,
        "key": result.key,
        "method": result.method,
        "stopped": result.stopped,
        "seconds": result.seconds,
        "digest": result.digest(),
        "summary": result.summary().drop(columns="meaning").to_dict(orient="index"),
        "time": [float(time[k]) for k in at],
        "mean_curve": {
            name: [float(mean[kind, k]) for k in at] for kind, name in enumerate(result.kind_names)
        },
        "notes": [*_read(graph), *result.notes],
        "written": [str(path) for path in written],
    }


def _read(graph: Any) -> list[str]:
    """What was guessed when a file was read."""
    said = graph.notes.get("read")
    return [f"read: {said}"] if isinstance(said, str) else []


def _points(count: int, most: int) -> list[int]:
    """At most `most` places of `count`, ends included."""
    if count <= most:
        return list(range(count))
    return sorted({round(k * (count - 1) / (most - 1)) for k in range(most)})


def report(result: CascadeResult, given: str, graph: Any) -> str:
    """Return what was run, the summary and the mean curve, at most 80 columns wide."""
    arcs = getattr(graph, "n_arcs", None)
    head = f"{result.rule!r} on {given}: {result.n:,} people"
    head += "" if arcs is None else f", {arcs:,} arcs"
    run = f"{result.replicates:,} replicates, {result.method}, key {result.key}"
    run += f", {result.seconds:.2f} s"
    if result.stopped != "replicates":
        run += f", stopped by {result.stopped}"
    lines = [screen.cut(head, 79), screen.cut(run, 79), ""]
    found = result.summary()
    found = found[found["n"] > 0]
    numbers = [
        [
            brief(row["mean"]),
            screen.span(row["low"], row["high"], brief),
            *[brief(row[name]) for name in ("q05", "q50", "q95")],
        ]
        for _, row in found.iterrows()
    ]
    names = ["mean", "interval", "5 %", "median", "95 %"]
    # What the numbers leave of the width is for the words.
    taken = [max(len(cells[c]) for cells in [names, *numbers]) + 2 for c in range(len(names))]
    room = max(12, screen.WIDTH - 1 - sum(taken))
    rows = [[screen.cut(said, room), *cells] for said, cells in zip(found["meaning"], numbers)]
    lines.append(screen.table(["outcome", *names], rows))
    lines += ["", *_curves(result)]
    lines += [textwrap.fill(f"note: {note}", 79) for note in (*_read(graph), *result.notes)]
    return "\n".join(lines) + "\n"


def _curves(result: CascadeResult) -> list[str]:
    """The mean of activations so far, one line of blocks a kind."""
    time = result.outcome.time
    if not time.size:
        return []
    mean = result.outcome.curve.cumsum(axis=2).mean(axis=0)
    unit = "step" if result.steps else "time"
    width = max(len(name) for name in result.kind_names)
    lines = [
        f"{name.ljust(width)}  {sparkline(mean[kind], 76 - width - 10)} {brief(mean[kind, -1])}"
        for kind, name in enumerate(result.kind_names)
    ]
    return [*lines, f"{' ' * width}  {unit} {brief(time[0])} to {brief(time[-1])}, mean so far"]

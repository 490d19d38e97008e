"""The command ``koubei cascade``: run a rule of diffusion on a graph, say what came out."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from koubei_sim.cli import screen
from koubei_sim.cli.cascade_words import graph_from, rule_from, seeds_from, sparkline
from koubei_sim.cli.options import FINE, AsJson, Rng, app
from koubei_sim.cli.screen import brief
from koubei_sim.errors import KoubeiError
from koubei_sim.storage import whole_file

if TYPE_CHECKING:
    from koubei_sim.cascades import CascadeResult

MOST_POINTS = 100  # of the mean curve in JSON


@app.command()
def cascade(
    given: Annotated[
        str, typer.Argument(metavar="GRAPH", help="File, or a generator such as follow:100000.")
    ],
    rule: Annotated[
        str,
        typer.Option(
            help="independent, linear-threshold, threshold, reinforcement, competing, negative, "
            "delayed, bass, sir, fractional-sir or sis."
        ),
    ] = "independent",
    p: Annotated[float | None, typer.Option(help="Probability or rate p of the rule.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Argument of the rule (may be repeated)."),
    ] = None,
    seeds: Annotated[
        list[str] | None,
        typer.Option(help="10, ids:3,5, degree:50 or a file; BRAND=.. for competing."),
    ] = None,
    replicates: Annotated[int | None, typer.Option(min=1, help="1,000 without it.")] = None,
    rng: Rng = None,
    directed: Annotated[
        bool, typer.Option("--directed", help="Read the file so: arcs have a direction.")
    ] = False,
    undirected: Annotated[
        bool, typer.Option("--undirected", help="Read the file so: ties go both ways.")
    ] = False,
    contacts: Annotated[bool, typer.Option(help="The file holds contacts with times.")] = False,
    horizon: Annotated[float | None, typer.Option(help="Last step or time.")] = None,
    tick: Annotated[float | None, typer.Option(help="Width of the bins of curves.")] = None,
    until_precision: Annotated[
        float | None, typer.Option(help="Go on until the mean is known to this share.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Go on for so many seconds.")] = None,
    record: Annotated[
        list[str] | None, typer.Option(help="people, times, kinds or forest (may be repeated).")
    ] = None,
    method: Annotated[str, typer.Option(help="How to compute it: auto, blocks, wide.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="All cores without it.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder, or a .parquet or .csv of replicates.")
    ] = None,
    log: Annotated[Path | None, typer.Option(help="Parquet file of who convinced whom.")] = None,
    as_json: AsJson = False,
) -> int:
    """Run a rule of diffusion on a graph many times."""
    if directed and undirected:
        raise KoubeiError("--undirected", "given beside --directed", fix="one of the two")
    made = rule_from(rule, settings, p)
    until = _until(replicates, until_precision, seconds)
    _writable(out)
    graph = graph_from(given, None if directed == undirected else directed, contacts)
    from koubei_sim.cascades import cascade as run

    words = ["1"] if seeds is None and rule != "bass" else seeds or []
    start = seeds_from(words, graph, tuple(getattr(made, "brands", ())))
    with screen.progress(rule, quiet=as_json) as tell:
        result = run(
            graph,
            made,
            start,
            replicates,
            rng,
            record=record or [],
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

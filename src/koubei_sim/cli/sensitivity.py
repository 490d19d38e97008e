"""The command ``koubei sensitivity``: which parameters an outcome hangs on.

Parameters come from ``--path``, with a range of their own where one is written behind it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from koubei_sim.cli import screen
from koubei_sim.cli.options import (
    FAILED,
    FINE,
    Agents,
    AsJson,
    Changes,
    Engine,
    Journal,
    Lang,
    Language,
    Networks,
    Rng,
    Scheduler,
    Workers,
    app,
    changes_of,
    drawable,
    graphs_of,
    scenario_from,
    value_of,
)
from koubei_sim.errors import KoubeiError

if TYPE_CHECKING:
    from koubei_sim.studies import Sensitivity

#: Rows of the table on the screen; JSON has all.
MOST_ROWS = 30


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
    rng: Rng = None,
    spread: Annotated[float, typer.Option(help="Ranges reach from value/SPREAD on.")] = 2.0,
    changes: Changes = None,
    engine: Engine = None,
    networks: Networks = None,
    agents: Agents = None,
    out: Journal = None,
    backend: Annotated[str | None, typer.Option(help="threads, loky or dask.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the tornado (.png, .svg, .pdf).")
    ] = None,
    lang: Language = Lang.en,
) -> int:
    """Say which parameters an outcome hangs on."""
    from koubei_sim import studies

    drawable(figure)
    base, _ = scenario_from(scenario, changes_of(changes), agents is not None)
    graphs = graphs_of(networks, base)
    study = studies.sensitivity(
        base,
        paths_of(path),
        method=method,
        outcome=outcome or "users",
        replicates=replicates,
        rng=rng,
        spread=spread,
        points=points,
        levels=levels,
        second_order=second_order,
        engine=engine or "compiled",
        networks=graphs,
        agents=agents,
        out=out,
        backend=backend,
        workers=workers,
        scheduler=scheduler,
        progress=screen.loud(as_json),
    )
    failed = len(study.runs.failures())
    if as_json:
        screen.write_json({**_plain(study), "failed": failed})
    else:
        for measured in _varied(study):
            _print(study, measured)
        _print_cost(study, failed)
    if figure is not None:
        for written in _draw(study, figure, lang):
            if not as_json:
                print(f"figure  {written}")
    return FAILED if failed else FINE


def paths_of(words: Sequence[str] | None) -> dict[str, Any] | None:
    """Return what ``--path`` words stand for: paths, some with a range; None where there are none.

    Raises
    ------
    KoubeiError
        For a range that cannot be read, or a path that stands twice.

    Examples
    --------
    >>> paths_of(["seeding.purity", "telling.relay=0.1..0.4", "ticks=30..90:log"])
    {'seeding.purity': None, 'telling.relay': (0.1, 0.4), 'ticks': (30, 90, 'log')}
    >>> paths_of(["seeding.strategy=random,degree"])
    {'seeding.strategy': ['random', 'degree']}
    """
    found: dict[str, Any] = {}
    for word in words or ():
        path, sign, text = (part.strip() for part in word.partition("="))
        if path in found:
            raise KoubeiError("--path", "one stands there twice", got=path)
        found[path] = _range(path, text) if sign else None
    return found or None


def _range(path: str, text: str) -> Any:
    span, _, scale = text.partition(":")
    ends = [value_of(part) for part in span.split("..")]
    numbers = all(isinstance(end, (int, float)) and not isinstance(end, bool) for end in ends)
    if len(ends) == 2 and numbers and scale in ("", "log"):
        return (*ends, "log") if scale else tuple(ends)
    if "," in text and ".." not in text:
        return [value_of(part) for part in text.split(",")]
    raise KoubeiError(
        f"--path {path}", "not a range", got=text, allowed="LOW..HIGH, LOW..HIGH:log or A,B,C",
        fix=f"{path}=0.1..0.9",
    )  # fmt: skip


def _varied(study: Sensitivity) -> list[str]:
    """Return the outcomes to be shown: without take-off where all runs take off, or none."""
    same = len(set(study.values("take_off").ravel().tolist())) == 1
    asked = [name for name in study.outcomes if name != "take_off"]
    return asked if same and asked else list(study.outcomes)


def _print(study: Sensitivity, outcome: str) -> None:
    from koubei_sim.metrics import offset

    table = study.table(outcome)
    shown = table.head(MOST_ROWS)
    sizes = offset(outcome) is not None
    what = f", {_SCALES[study.method]}" if sizes else ""
    print(f"{outcome}: {study.method} over {len(table)} parameters{what}")
    head = ["parameter", "range", *_HEADS[study.method]]
    rows = []
    for path, row in shown.iterrows():
        cells = [str(path), f"{_brief(row['from'])}..{_brief(row['to'])}"]
        for column, interval in _SHOWN[study.method]:
            cells.append(_brief(row[column]))
            if interval:
                cells.append(screen.span(row[f"{column}_from"], row[f"{column}_to"], _brief))
        rows.append(cells)
    others = [max(len(line[c]) for line in [head, *rows]) + 2 for c in range(1, len(head))]
    for cells in rows:
        cells[0] = _tail(cells[0], max(12, screen.WIDTH - 1 - sum(others)))
    print(screen.table(head, rows))
    if len(table) > len(shown):
        print(f"and {len(table) - len(shown)} more (--json has all)")
    pairs = study.pairs(outcome)
    if pairs is not None and len(pairs):
        print("pairs that act together most")
        for pair in pairs.head(3).to_dict(orient="records"):
            both = screen.cut(f"{pair['first']} x {pair['second']}", 50)
            print(
                f"  {both}  {pair['S2']:.3f}  {screen.span(pair['S2_from'], pair['S2_to'], _brief)}"
            )
    noise: Any = study.noise.to_dict(orient="index")[outcome]
    if math.isfinite(noise["replicates"]):
        print(
            f"variance: {noise['parameters']:.0%} parameters, {noise['luck']:.0%} common luck, "
            f"{noise['both']:.0%} both"
        )
    print()


def _tail(path: str, width: int) -> str:
    """Return the last part of a path that fits: its end tells more than its beginning."""
    return path if len(path) <= width else ".." + path[2 - width :]


#: How sizes are told.
_SCALES = {
    "oat": "times, where both take off",
    "morris": "in the logarithm (.69: twice)",
    "sobol": "variance of the logarithm",
}
#: Columns shown, and whether with interval.
_SHOWN = {
    "oat": (("at_low", False), ("at_high", False), ("difference", True), ("take_off", False)),
    "morris": (("mu_star", True), ("mu", False), ("sigma", False)),
    "sobol": (("ST", True), ("S1", True)),
}
_HEADS = {
    "oat": ("at low", "at high", "difference", "95 %", "take-off"),
    "morris": ("mu*", "95 %", "mu", "sigma"),
    "sobol": ("ST", "95 %", "S1", "95 %"),
}


def _brief(value: Any) -> str:
    if not isinstance(value, (int, float)) and not hasattr(value, "dtype"):
        return screen.cut(str(value), 10)
    if not math.isfinite(value):
        return "-"
    if 0 < abs(value) < 0.0005:
        return f"{value:.0e}"
    return screen.brief(round(float(value), 3) if abs(value) < 1 else float(value))


def _print_cost(study: Sensitivity, failed: int) -> None:
    plan = study.runs.sweep
    line = f"{plan.points.number:,} points x {plan.replicates:,} replicates, key {study.key}"
    taken = float(study.values("take_off").mean())
    line += f", {taken:.0%} take off"
    print(line + (f", {failed:,} failed" if failed else ""))


def _plain(study: Sensitivity) -> dict[str, Any]:
    plan = study.runs.sweep
    outcomes: dict[str, Any] = {}
    for name in study.outcomes:
        table, pairs = study.table(name).reset_index(), study.pairs(name)
        outcomes[name] = {
            "parameters": table.to_dict(orient="records"),
            "pairs": None if pairs is None else pairs.to_dict(orient="records"),
            "noise": study.noise.to_dict(orient="index")[name],
            "undefined": study.undefined(name),
        }
    return {
        "scenario": plan.scenario.name,
        "method": study.method,
        "key": study.key,
        "points": plan.points.number,
        "replicates": plan.replicates,
        "outcomes": outcomes,
    }


def _draw(study: Sensitivity, figure: Path, lang: str) -> list[Path]:
    """Write a tornado for each outcome, the first under the given name, the others beside it."""
    from koubei_sim.plots import tornado
    from koubei_sim.plots.files import write_figure

    written = []
    for number, outcome in enumerate(_varied(study)):
        plain = re.sub(r"[^A-Za-z0-9_.@-]+", "-", outcome)  # a measure may hold a slash
        name = figure if number == 0 else figure.with_stem(f"{figure.stem}-{plain}")

        def draw(ax: Any, lang: Any, outcome: str = outcome) -> Any:
            return tornado(study, outcome, ax=ax, lang=lang)

        written.append(write_figure(name, draw, lang))
    return written

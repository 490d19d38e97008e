"""The commands that run something: ``run``, ``demo``, ``plot``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from koubei_sim import storage
from koubei_sim.cli import screen
from koubei_sim.cli.options import (
    FAILED,
    FINE,
    Agents,
    AsJson,
    Changes,
    Engine,
    Format,
    Lang,
    Language,
    Networks,
    Replicates,
    Rng,
    Threads,
    app,
    changes_of,
    graphs_of,
    scenario_from,
)
from koubei_sim.cli.screen import brief
from koubei_sim.errors import KoubeiError

if TYPE_CHECKING:
    from koubei_sim.runs.result import Result
    from koubei_sim.studies import Worlds

_HEADINGS = {
    "en": ("end of", "die-hard", "loyal", "users", "95 %"),
    "zh": ("截至", "铁杆", "忠诚", "用户", "95%区间"),
}
_NOTES = {
    ("en", "replicates"): "typical of what took off; die-hard: with the core; loyal: with both",
    ("zh", "replicates"): "起飞者的典型值;铁杆含核心,忠诚含铁杆与核心",
    ("en", "worlds"): "medians over worlds; die-hard: with the core; loyal: with both",
    ("zh", "worlds"): "各世界的中位数;铁杆含核心,忠诚含铁杆与核心",
}
_FOOT = {
    "en": "n: of how many replicates; all but the first line: of those that took off",
    "zh": "n:重复次数;除首行外,均只计起飞者",
}
#: Outcomes shown after a run (`koubei run --json` has them all).
_SHOWN = (
    "take_off",
    "day_take_off",
    "day_die_hard_5000",
    "day_loyal_100000",
    "aware_share",
    "purity_core",
    "reputation",
    "net_promoters",
    "k_factor",
    "trees",
    "single_share",
    "tree_depth",
    "virality",
    "cost",
    "cost_per_loyal",
)


@app.command()
def run(
    given: Annotated[
        str, typer.Argument(metavar="SCENARIO|RESULT", help="Preset, TOML file, or a saved result.")
    ],
    replicates: Replicates = None,
    rng: Rng = None,
    engine: Engine = None,
    changes: Changes = None,
    ticks: Annotated[int | None, typer.Option(help="Days to simulate.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the result.")] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Write events to --out while running, not to memory.")
    ] = False,
    as_json: AsJson = False,
    lang: Language = Lang.en,
    threads: Threads = None,
    figures: Annotated[bool, typer.Option(help="Draw figures into the folder too.")] = True,
    agents: Agents = None,
    network: Networks = None,
) -> int:
    """Run a scenario, or repeat a saved result and compare."""
    from koubei_sim.runs import simulate

    out = _goal(out)
    _check_stream(given, out, stream)
    changed = changes_of(changes)
    if ticks is not None:
        if "ticks" in changed:
            raise KoubeiError("--ticks", "given again by --set ticks", got=str(ticks))
        changed["ticks"] = ticks
    scenario, recipe = scenario_from(given, changed, agents is not None)
    known = recipe or {"replicates": 1, "engine": "compiled", "key": None}
    number = int(known["replicates"]) if replicates is None else replicates
    graphs = graphs_of(network, scenario)
    if recipe:
        for name, given_now in (("agents", agents), ("networks", graphs)):
            if name in (recipe.get("supplied") or {}) and given_now is None:
                option = "--agents" if name == "agents" else "--network"
                raise KoubeiError(name, "the result was made with a file of its own", fix=option)
    result = simulate.run(
        scenario,
        number,
        rng=known["key"] if rng is None else rng,
        engine=known["engine"] if engine is None else engine,
        networks=graphs,
        agents=agents,
        progress=screen.loud(as_json),
        threads=threads,
        out=out if stream else None,  # else it is saved once it has been compared
        stream=stream,
    )
    status, verdict = FINE, None
    same_run = recipe and not changed and result.key == recipe["key"]
    if same_run and recipe and result.replicates == recipe["replicates"]:
        status, verdict = _compare(given, recipe, result)
    written = _write(result, out, lang, figures)
    if as_json:
        _as_json(result, written, verdict)
    else:
        print(_report(result, lang, threads))
        _say_written(written, out, stream)
        if verdict:
            print(verdict)
    return status


def _goal(out: Path | None) -> Path | None:
    """Return the folder to write, once it is sure that it may be written."""
    from koubei_sim import checks

    if out is None:
        return None
    goal = checks.path("--out", out)
    storage.check_goal(goal)
    return goal


def _check_stream(given: str, out: Path | None, stream: bool) -> None:

    if not stream:
        return
    if out is None:
        raise KoubeiError("--stream", "needs a folder to write events to", fix="--out FOLDER")
    if storage.is_result(given) and storage.folder_of(given).resolve() == out.resolve():
        raise KoubeiError(
            "--out",
            "holds the result that the repetition is to be compared with",
            got=str(out),
            fix="another folder",
        )


def _compare(given: str, recipe: dict[str, Any], result: Result) -> tuple[int, str]:
    """Say whether a repetition gave the same bytes, and what differs if not."""
    if result.digest() == recipe.get("digest"):
        return FINE, f"same bytes as {given} (digest {result.digest()[:16]})"
    from koubei_sim.runs.loading import load_result
    from koubei_sim.storage import provenance

    now = provenance.versions()
    changed = [
        f"{name} {old} -> {now.get(name, 'absent')}"
        for name, old in recipe.get("versions", {}).items()
        if now.get(name) != old
    ]
    try:
        where = first_difference(load_result(given), result)
    except KoubeiError as error:
        where = str(error)
    said = f"not the same bytes as {given}: {where}"
    said += f"; versions: {', '.join(changed)}" if changed else "; versions are the same"
    return FAILED, said


def first_difference(old: Result, new: Result) -> str:
    """Name the first cell of the tables, or column of the logs, in which two results differ."""
    import numpy as np

    from koubei_sim.model.mechanisms import TABLE, TABLE_OFFSET

    for number, (ours, theirs) in enumerate(zip(old.histories, new.histories)):
        if ours.table.shape != theirs.table.shape:
            return f"{ours.table.shape[0]} days against {theirs.table.shape[0]}"
        cells = np.argwhere(ours.table != theirs.table)
        if cells.size:
            tick, column = (int(cell) for cell in cells[0])
            block = max(
                (name for name, _ in TABLE if TABLE_OFFSET[name] <= column),
                key=lambda name: TABLE_OFFSET[name],
            )
            pair = f"{ours.table[tick, column]} -> {theirs.table[tick, column]}"
            return f"first at replicate {number}, day {tick}, {block}: {pair}"
        for field in ours._fields:
            if not np.array_equal(getattr(ours, field), getattr(theirs, field)):
                return f"first at replicate {number}, {field}"
    return "tables and logs are equal, the old file was changed"


def _write(result: Result, out: Path | None, lang: str, figures: bool) -> list[Path]:
    if out is None:
        return []
    streamed = result.stored is not None
    written = [out if streamed else result.save(out)]
    if figures:
        from koubei_sim import plots

        written += plots.save_all(result, out / "figures", lang, log=not streamed)
    return written


def _say_written(written: list[Path], out: Path | None, stream: bool = False) -> None:
    if out is not None:
        print(f"result  {out} (data.nc, events.parquet, recipe.json)")
        if len(written) > 1:
            print(f"figures {out / 'figures'} ({len(written) - 1} files)")
            if stream:
                print(f"others  koubei plot {out} (they read the log into memory)")


def _as_json(result: Result, written: list[Path], verdict: str | None) -> None:
    content: dict[str, Any] = {
        "scenario": result.scenario.name,
        "scenario_digest": result.scenario.digest(),
        "n_agents": result.scenario.n_agents,
        "people_per_agent": result.scenario.people_per_agent,
        "ticks": result.scenario.ticks,
        "key": result.key,
        "replicates": result.replicates,
        "engine": result.engine,
        "digest": result.digest(),
        "seconds": result.seconds,
        "summary": result.summary().drop(columns="meaning").to_dict(orient="index"),
        "pyramid": result.pyramid().reset_index().to_dict(orient="records"),
        "written": [str(path) for path in written],
        "notes": list(result.notes),
    }
    if verdict is not None:
        content["repeat"] = verdict
    screen.write_json(content)


def _report(result: Result, lang: str, threads: int | None) -> str:
    lines = [*repr(result).splitlines()[:2], ""]
    lines[1] += f", {result.seconds:.1f} s" if result.seconds == result.seconds else ""
    lines[2:2] = [f"note: {note}" for note in result.notes]
    lines.append(pyramid_text(result, lang))
    shown = result.summary().loc[list(_SHOWN)]
    shown = shown[shown["n"] > 0]
    if not shown["estimate"].loc[["cost"]].any():
        shown = shown.drop(index=["cost", "cost_per_loyal"], errors="ignore")
    rows = [
        [
            screen.cut(row["meaning"], 40),
            *_day_or_number(str(name), row, result.scenario.ticks),
            row["interval"] if row["interval"] not in ("none", "exact", "few") else "",
            str(row["n"]),
        ]
        for name, row in shown.iterrows()
    ]
    head = ["outcome", "", "95 %", "by", "n"]
    if result.replicates == 1:
        head, rows = head[:2], [row[:2] for row in rows]
    lines += ["", screen.table(head, rows)]
    lines += [_FOOT[lang]] if result.replicates > 1 else []
    return "\n".join(lines) + "\n"


def _day_or_number(name: str, row: Any, ticks: int) -> tuple[str, str]:
    """Return an estimate and its interval; of a day that never came, that it did not."""
    if name.startswith("day_") and row["n"] == 0:
        return ("-" if name == "day_take_off" else f"> {ticks}"), ""
    span = screen.span(row["low"], row["high"], brief)
    return brief(row["estimate"]), span or "too few"


def pyramid_text(result: Result | Worlds, lang: str = "en", of: str = "replicates") -> str:
    """Return the pyramid by quarter as a table of at most 79 columns."""
    when, *levels, interval = _HEADINGS[lang]
    if of == "worlds":
        interval = interval.replace("95", "90")
    found = result.pyramid()
    several = result.replicates > 1
    head = [when]
    for level in levels:
        head += [level, interval] if several else [level]
    rows = []
    for name, row in found.iterrows():
        cells = [str(name)]
        for level in ("die_hard", "loyal", "users"):
            cells.append(brief(row[level]))
            if several:
                cells.append(screen.span(row[f"{level}_low"], row[f"{level}_high"], brief))
        rows.append(cells)
    return screen.table(head, rows) + "\n" + _NOTES[lang, of]


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for tables and figures.")] = Path("demo"),
    worlds: Annotated[int, typer.Option(min=1, help="Number of worlds.")] = 8,
    rng: Annotated[int, typer.Option(min=0, help="Key of all randomness.")] = 20100816,
    lang: Language = Lang.en,
    threads: Threads = None,
) -> int:
    """Grow the Xiaomi pyramid in worlds drawn from its posterior: tables and figures."""
    from koubei_sim import plots
    from koubei_sim.studies import ensemble
    from koubei_sim.studies.calibration import table_paths

    table_paths(out)  # a folder that holds something else is refused before any work
    drawn = ensemble("xiaomi", worlds)
    scenario = drawn.scenario
    people = f"{scenario.n_agents * scenario.people_per_agent:,.0f} people, {scenario.ticks} days"
    print(f"{scenario.title}\n{worlds} worlds of {people}", file=sys.stderr)
    found = drawn.run(rng=rng, threads=threads)
    found.save(out)
    drawings = plots.save_all(found, out / "figures", lang)
    print(pyramid_text(found, lang, "worlds"))
    print("\n" + _dates_text(found))
    print(f"tables  {out} (worlds, pyramid, reached, reported: CSV)")
    print(f"figures {out / 'figures'} ({len(drawings)} files)")
    print("more    koubei run xiaomi --out FOLDER: one world, with events and network")
    return FINE


def _dates_text(found: Worlds) -> str:
    """Return the days of the levels, and what was reported beside what the worlds have."""
    days = [
        [
            str(level).replace("_", "-"),
            brief(row["day"]),
            screen.span(row["low"], row["high"], brief),
            f"{row['worlds']:.0f}",
        ]
        for level, row in found.reached().iterrows()
    ]
    head = ["reached", "day", "90 %", "worlds"]
    counts = [
        [
            f"{row['label']}, day {row['day']}",
            brief(row["reported"]),
            brief(row["median"]),
            screen.span(row["low"], row["high"], brief),
        ]
        for _, row in found.reported().iterrows()
    ]
    reported = screen.table(["reported in the world", "count", "worlds", "90 %"], counts)
    return screen.table(head, days) + "\n\n" + reported + "\n"


@app.command()
def plot(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="Folder of a saved result.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the figures; RESULT/figures without it.")
    ] = None,
    lang: Language = Lang.en,
    format: Annotated[Format, typer.Option(help="Format of the files.")] = Format.png,
) -> int:
    """Draw the figures of a saved result."""
    from koubei_sim import checks, plots
    from koubei_sim.runs.loading import load_result

    folder = storage.folder_of(result) / "figures" if out is None else checks.path("--out", out)
    for path in plots.save_all(load_result(result), folder, lang, format):
        print(path)
    return FINE

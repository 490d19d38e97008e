"""The commands that look: at scenarios, results and the installation; and ``verify``."""

from __future__ import annotations

import os
import sys
import textwrap
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from koubei_sim.cli import screen
from koubei_sim.cli.options import (
    FINE,
    AsJson,
    Changes,
    Lang,
    Language,
    app,
    changes_of,
    scenario_from,
)
from koubei_sim.cli.screen import brief
from koubei_sim.errors import KoubeiError
from koubei_sim.reports.words import said

#: What has a JSON schema -> its room and its class.
SCHEMAS = {
    "scenario": ("model.scenario", "Scenario"),
    "sweep": ("studies.sweep.sweep", "SweepFile"),
    "calibration": ("studies.calibration", "CalibrationFile"),
    "claim": ("studies.claims", "ClaimFile"),
}
WORDS: Final[dict[str, tuple[str, str]]] = {
    "row": ("{what}; allowed {allowed}; neutral {neutral}; {source}",
            "{what}；允许{allowed}；中性值{neutral}；来源：{source}"),
    "row_of_any": ("{what}; neutral {neutral}; {source}",
                   "{what}；中性值{neutral}；来源：{source}"),
    "number": ("{number} parameters", "{number}个参数"),
}  # fmt: skip

# Scenarios and results ------------------------------------------------------------------------


@app.command()
def describe(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO|WORD", help="A scenario, or a word to look up.")
    ],
    changes: Changes = None,
    lang: Language = Lang.en,
) -> int:
    """Say a scenario in plain words, or what a word means here."""
    from koubei_sim.cli import lookup
    from koubei_sim.model.scenario import Scenario

    path = scenario.endswith(".toml") or os.path.sep in scenario or os.path.exists(scenario)
    if not changes and not path and scenario not in Scenario.presets():
        print(lookup.told(scenario, lang.value))
        return FINE
    found, _ = scenario_from(scenario, changes_of(changes))
    print(found.describe(lang))
    return FINE


@app.command()
def params(
    given: Annotated[str | None, typer.Argument(metavar="[SCENARIO]")] = None,
    search: Annotated[
        str | None, typer.Option(help="Only parameters whose path or text has this.")
    ] = None,
    lang: Language = Lang.en,
    as_json: AsJson = False,
) -> int:
    """List all parameters: range, neutral value, provenance."""
    from koubei_sim.cli.lookup import wrapped
    from koubei_sim.model.scenario import parameter_table, parameter_table_json
    from koubei_sim.model.scenario.chinese import text_in

    scenario = None if given is None else scenario_from(given, {})[0]
    if as_json and search is None:
        screen.write_json_text(parameter_table_json(scenario, lang.value))
        return FINE
    rows = parameter_table(scenario, lang.value)
    if search is not None:
        wanted = search.lower()
        rows = [row for row in rows if wanted in f"{row.path} {row.description}".lower()]
    if as_json:
        screen.write_json([row._asdict() for row in rows])
        return FINE
    for row in rows:
        value = row.default if scenario is None else row.value
        head = f"{row.path} = {_short(value)}"
        unit = "" if row.unit in ("1", "name", "choice") else f" {row.unit}"
        print(screen.cut(head + unit, 79))
        values = {"allowed": row.range, "neutral": text_in(lang, "ranges", _short(row.neutral))}
        text = said(WORDS, "row" if row.range else "row_of_any", lang, **values,
                    what=row.description, source=row.provenance)  # fmt: skip
        print("\n".join(wrapped(text, lang.value)))
    print(said(WORDS, "number", lang, number=len(rows)))
    return FINE


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if value is None:
        return "none"
    return str(value)


@app.command()
def schema(
    kind: Annotated[
        str, typer.Argument(help="scenario, sweep, calibration or claim.")
    ] = "scenario",
) -> int:
    """Write the JSON schema of scenarios or of study files, for editors and forms."""
    from koubei_sim.checks import word

    room, name = SCHEMAS[word("kind", kind, tuple(SCHEMAS))]
    screen.write_json(getattr(import_module(f"koubei_sim.{room}"), name).json_schema())
    return FINE


@app.command()
def presets(as_json: AsJson = False) -> int:
    """List the scenarios that come with the library and with other packages."""
    from koubei_sim.model.scenario import Scenario, packages
    from koubei_sim.model.scenario.files import preset_names

    found = {name: Scenario.load(name) for name in preset_names()}
    brought = packages.names(packages.PRESETS, tuple(found))
    broken: list[str] = []
    for name in brought:
        try:
            found[name] = Scenario.load(name)
        except KoubeiError as error:  # of one package; the others are listed all the same
            broken.append(str(error))
    source = {name: packages.origin(point) for name, point in brought.items()}
    rules = {n: packages.origin(point) for n, point in packages.names(packages.MECHANISMS).items()}
    if as_json:
        rows_of = {
            name: {"title": s.title, "n_agents": s.n_agents, "ticks": s.ticks,
                   **({"package": source[name]} if name in source else {})}
            for name, s in found.items()
        }  # fmt: skip
        screen.write_json(rows_of)
        return FINE
    rows = [
        [name, f"{s.n_agents:,}", str(s.ticks), screen.cut(s.title, 44)]
        for name, s in found.items()
    ]
    width = max((len(row[1]) for row in rows), default=0)
    rows = [[name, people.rjust(width), days.rjust(5), title] for name, people, days, title in rows]
    print(screen.table(["preset", "people".rjust(width), " days", "title"], rows, left=4))
    for what, some in (("preset", source), ("mechanism", rules)):
        for name, package in some.items():
            print(f"{what} {name}: of the package {package}")
    for line in broken:
        print(f"koubei: note: {line}", file=sys.stderr)
    return FINE


@app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="Scenario or result.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Scenario or result.")],
    as_json: AsJson = False,
) -> int:
    """Say what differs between two scenarios or two results."""
    from koubei_sim.model.scenario.changes import differences
    from koubei_sim.runs.loading import load_result

    (one, recipe_one), (two, recipe_two) = (scenario_from(given, {}) for given in (first, second))
    changed = differences(one, two)
    outcome: dict[str, dict[str, Any]] = {}
    same = None
    if recipe_one and recipe_two:
        for name in ("key", "replicates", "engine"):
            if recipe_one[name] != recipe_two[name]:
                changed[f"({name})"] = (recipe_one[name], recipe_two[name])
        results = load_result(first), load_result(second)
        same = results[0].digest() == results[1].digest()
        ours, theirs = (result.summary() for result in results)
        for name in ours.index:
            pair = ours.loc[name, "estimate"], theirs.loc[name, "estimate"]
            if pair[0] != pair[1] and any(value == value for value in pair):
                outcome[name] = {"meaning": ours.loc[name, "meaning"], "a": pair[0], "b": pair[1]}
    if as_json:
        paths = {path: {"a": a, "b": b} for path, (a, b) in changed.items()}
        screen.write_json({"scenario": paths, "same_bytes": same, "outcome": outcome})
        return FINE
    print("scenario: no difference" if not changed else "scenario")
    for path, (a, b) in changed.items():
        print(screen.cut(f"  {path}: {_short(a)} -> {_short(b)}", 79))
    if same is None:
        return FINE
    print("outcome: same bytes" if same else "outcome (of what took off)")
    rows = [
        [screen.cut(entry["meaning"], 42), brief(entry["a"]), brief(entry["b"]), _change(entry)]
        for entry in outcome.values()
    ]
    if rows:
        print(textwrap.indent(screen.table(["", "A", "B", "change"], rows), "  "))
    return FINE


def _change(entry: dict[str, Any]) -> str:
    a, b = entry["a"], entry["b"]
    return f"{100 * (b - a) / abs(a):+.1f} %" if a and a == a and b == b else ""


# The installation -----------------------------------------------------------------------------


@app.command()
def warmup(
    parts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PART]...", help="pyramid, cascades, seeding, evidence; or all."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Compile all kernels and keep them, for a quick first run of everything."""
    from koubei_sim.core import store
    from koubei_sim.warming import warmup as warm

    def tell(name: str, seconds: float) -> None:
        print(f"{seconds:7.1f} s  {name}", flush=True)

    found = warm(parts or None, progress=screen.loud(as_json) if as_json else tell)
    kept = store.folder()
    if as_json:
        screen.write_json({"seconds": found, "kernel_cache": kept})
        return FINE
    print(f"{sum(found.values()):7.1f} s  in all; ", end="")
    print("kept nowhere: no folder can be written to" if kept is None else f"kept in {kept}")
    return FINE


@app.command()
def info(as_json: AsJson = False) -> int:
    """Show versions, cache folder, cores, memory, and what is kept of worlds."""
    import numba
    import psutil

    from koubei_sim.core import store
    from koubei_sim.core.workers import cores
    from koubei_sim.networks.files.readers import data_folder
    from koubei_sim.runs import worlds
    from koubei_sim.storage import provenance

    data = data_folder()
    memory = psutil.virtual_memory()
    content: dict[str, Any] = {
        "versions": provenance.all_versions(),
        "cores": cores(),
        "memory_gib": round(memory.total / 2**30, 1),
        "memory_available_gib": round(memory.available / 2**30, 1),
        "kernel_cache": store.folder(),
        "numba_threads": numba.config.NUMBA_NUM_THREADS,
        "numba_threading_layer": numba.config.THREADING_LAYER,
        "data_folder": None if data is None else str(data),
        "worlds_bound_gib": round(worlds.bound() / 2**30, 2),
        "worlds_kept": worlds.WORLDS.entries,
        "worlds_bytes": worlds.WORLDS.nbytes,
        "worlds_folder": None if (folder := worlds.folder()) is None else str(folder),
    }
    if as_json:
        screen.write_json(content)
        return FINE
    for name, version in content.pop("versions").items():
        print(f"{name:<24}{version}")
    for name, value in content.items():
        print(f"{name.replace('_', ' '):<24}{value if value is not None else '-'}")
    return FINE


def checkout() -> Path | None:
    """Return the folder of the project that holds the verifications; None where there is none.

    The one that this library stands in, else the current folder or one above it.
    """
    here = Path.cwd()
    for place in (Path(__file__).resolve().parents[3], here, *here.parents):
        if (place / "verification" / "verdict.py").is_file():
            return place
    return None


@app.command()
def verify(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Which one.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Larger runs, smaller errors.")] = False,
    rng: Annotated[
        int | None, typer.Option(min=0, help="Key of all randomness; a fixed one without it.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for tables and figures.")] = None,
    as_json: AsJson = False,
) -> int:
    """Make published results again, or list them (in a checkout)."""
    if context.info_name == "replicate":
        said = "koubei replicate is called koubei verify now; replicate goes with the next release"
        print(f"koubei: note: {said}", file=sys.stderr)
    place = checkout()
    if place is None:
        raise KoubeiError(
            "verify",
            "the verifications are not installed with the library",
            fix="a checkout or the unpacked source archive of koubei_sim, and the command there",
        )
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))
    report = import_module("verification.report")
    status: int = report.verify(
        name, everything=everything, full=full, rng=rng, out=out, as_json=as_json
    )
    return status


app.command("replicate", hidden=True)(verify)  # its old name, for one release

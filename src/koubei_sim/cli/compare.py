"""The command ``compare``: scenarios side by side on the same luck, what differs and how surely."""

from __future__ import annotations

import math
import re
import sys
import textwrap
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
    Engine,
    Journal,
    Networks,
    Rng,
    Scheduler,
    Threads,
    Workers,
    app,
    changes_of,
    graphs_of,
    scenario_from,
)
from koubei_sim.cli.screen import brief
from koubei_sim.errors import KoubeiError

if TYPE_CHECKING:
    from koubei_sim.studies import Comparison

#: Outcomes shown without ``--all``.
_SHOWN = (
    "users",
    "loyal",
    "die_hard",
    "adoptions",
    "lapses",
    "aware_share",
    "take_off",
    "purity_core",
    "reputation",
    "net_promoters",
    "k_factor",
    "cost",
    "cost_per_loyal",
)
_BASE = "as it is"
_OPENING, _CLOSING = "[{(", "]})"


@app.command()
def compare(
    scenarios: Annotated[
        list[str],
        typer.Argument(metavar="SCENARIO...", help="Presets, TOML files, or saved results."),
    ],
    change: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'NAME: PATH=VALUE, ...'",
            help="The first scenario, changed (may be repeated).",
        ),
    ] = None,
    common: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change a value in all of them first."),
    ] = None,
    replicates: Annotated[int | None, typer.Option(min=1, help="Pairs; 20 without it.")] = None,
    rng: Rng = None,
    baseline: Annotated[
        str | None, typer.Option(metavar="NAME", help="What the others are compared with.")
    ] = None,
    precision: Annotated[
        float | None,
        typer.Option(help="Add pairs until the effect on OUTCOME is known to +- this."),
    ] = None,
    outcome: Annotated[
        str, typer.Option(metavar="OUTCOME", help="For --precision, such as users or loyal.")
    ] = "users",
    at_most: Annotated[
        int, typer.Option(min=1, help="Pairs after which no more are added.")
    ] = 1000,
    every: Annotated[bool, typer.Option("--all", help="Show all outcomes.")] = False,
    engine: Engine = None,
    networks: Networks = None,
    agents: Agents = None,
    threads: Threads = None,
    out: Journal = None,
    backend: Annotated[str | None, typer.Option(help="threads, loky or dask.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
) -> int:
    """Say how scenarios differ, on the same luck: whether they take off, and what they do then."""
    from koubei_sim import studies

    compared = _scenarios(scenarios, change or [], common or [], agents is not None)
    first = next(iter(compared.values()))
    graphs = graphs_of(networks, getattr(first, "scenario", first))
    found = studies.compare(
        compared,
        replicates,
        rng,
        baseline=baseline,
        precision=precision,
        outcome=outcome,
        at_most=at_most,
        networks=graphs,
        agents=agents,
        engine=engine or "compiled",
        threads=threads,
        out=out,
        backend=backend,
        workers=workers,
        scheduler=scheduler,
        progress=screen.loud(as_json),
    )
    if as_json:
        screen.write_json(_content(found))
    else:
        print("\n\n".join(_text(found, name, every) for name in found.names[1:]))
        print("take_off: over all pairs; the rest where both take off, n of them")
        print("gain: times as many independent runs for the same interval")
        for note in found.notes:
            print("\n".join(textwrap.wrap(f"note: {note}", screen.WIDTH - 1)))
    if found.stopped != "at_most":
        return FINE
    print(
        f"koubei: {outcome}: not known to {precision:g} after {found.replicates} replicates, "
        "try more of --at-most",
        file=sys.stderr,
    )
    return FAILED


# What is compared -------------------------------------------------------------------------------


def _scenarios(
    given: list[str], changes: list[str], common: list[str], own_people: bool
) -> dict[str, Any]:
    """Return the scenarios, or finished runs, by name."""
    from koubei_sim.runs.loading import load_result

    results = [storage.is_result(word) for word in given]
    if len(given) > 1 and all(results) and not (changes or common):
        return _named({}, [(_name_of(word), load_result(word)) for word in given])
    everywhere = changes_of(common)
    found: dict[str, Any] = {}
    for word in given:
        # One scenario with changes is what they are changes of; several are named as they are.
        name = _BASE if len(given) == 1 else _name_of(word)
        _named(found, [(name, scenario_from(word, everywhere, own_people)[0])])
    base = next(iter(found.values()))
    for text in changes:
        name, pairs = parts_of(text)
        _named(found, [(name, base.changed(changes_of(pairs, "--change"), own_people))])
    if len(found) < 2:
        raise KoubeiError(
            "compare",
            "only one scenario",
            got=given[0],
            fix="--change 'purer: seeding.purity=0.9', or a second file",
        )
    return found


def _named(found: dict[str, Any], more: list[tuple[str, Any]]) -> dict[str, Any]:
    for name, entry in more:
        if name in found:
            raise KoubeiError("compare", "two have the same name", got=name)
        found[name] = entry
    return found


def _name_of(word: str) -> str:
    path = Path(word)
    return path.stem if path.suffix == ".toml" else path.name or word


def parts_of(text: str) -> tuple[str, list[str]]:
    """Return the name and the ``path=value`` words of a change; without a name, the text is it.

    Examples
    --------
    >>> parts_of("purer: seeding.purity=0.9, seeding.number=50")
    ('purer', ['seeding.purity=0.9', 'seeding.number=50'])
    >>> parts_of("supply.invites=[0, 1, 2, 4]")
    ('supply.invites=[0, 1, 2, 4]', ['supply.invites=[0, 1, 2, 4]'])
    """
    named = re.match(r"([^=:]+):(.*)", text, re.DOTALL)
    name, rest = (named[1].strip(), named[2]) if named else (text.strip(), text)
    pairs, depth, quote, start = [], 0, "", 0
    for at, sign in enumerate(rest):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in _OPENING:
            depth += 1
        elif sign in _CLOSING:
            depth -= 1
        elif sign == "," and depth == 0:
            pairs.append(rest[start:at])
            start = at + 1
    pairs = [pair.strip() for pair in [*pairs, rest[start:]] if pair.strip()]
    if not pairs or not name:
        raise KoubeiError(
            "--change", "no change", got=text, fix="--change 'purer: seeding.purity=0.9'"
        )
    return name, pairs


# What is said -----------------------------------------------------------------------------------


def _text(found: Comparison, name: str, every: bool) -> str:
    from koubei_sim.metrics import OUTCOMES

    table, base = found.table(name), found.baseline
    rows = []
    for outcome in OUTCOMES if every else _SHOWN:
        row: dict[Any, Any] = table.loc[outcome].to_dict()
        nothing = not row[base] and not row[name] and not row["changed"]
        if not row["n"] or (nothing and not every):
            continue
        sign = "x" if row["kind"] == "times" else ""
        shown = brief if sign else _signed
        rows.append(
            [
                outcome,
                brief(row[base]),
                brief(row[name]),
                sign + shown(row["effect"]) if row["changed"] else "same",
                screen.span(row["low"], row["high"], shown) if row["changed"] else "",
                brief(row["gain"]) if row["changed"] and math.isfinite(row["gain"]) else "",
                str(int(row["n"])),
            ]
        )
    # Names first: whoever reads B must know what it is, however long the name of A.
    names = [screen.cut(text, 45) for text in (name, base)]
    head = ["outcome", "A", "B", "effect", "95 %", "gain", "n"]
    lines = [f"B: {names[0]}", f"A: {names[1]}, {found.replicates} pairs, key {found.key}"]
    shares = found.strata(name=name)["share"].to_numpy()
    words = ("both", "only B", "only A", "neither")
    kinds = ", ".join(f"{word} {share:.0%}" for word, share in zip(words, shares, strict=True))
    return "\n".join([*lines, f"takes off: {kinds}", "", screen.table(head, rows)])


def _signed(value: float) -> str:
    """Return a number with its sign.

    Examples
    --------
    >>> _signed(12.34), _signed(-45678.0), _signed(0.0)
    ('+12.3', '-45.7k', '0')
    """
    return f"+{brief(value)}" if value > 0 else brief(value)


def _content(found: Comparison) -> dict[str, Any]:
    others = {}
    for name in found.names[1:]:
        table = found.table(name).rename(columns={found.baseline: "baseline", name: "value"})
        others[name] = table.to_dict(orient="index")
    return {
        "baseline": found.baseline,
        "key": found.key,
        "replicates": found.replicates,
        "stopped": found.stopped,
        "notes": list(found.notes),
        "scenarios": {name: run.scenario.digest() for name, run in found.runs.items()},
        "strata": {
            name: found.strata(name=name)
            .rename(columns={found.baseline: "baseline", name: "value"})
            .to_dict(orient="index")
            for name in found.names[1:]
        },
        "effects": others,
    }

"""The command ``koubei seeds``: whom to start with on a graph, proven, with names in and out.

A table of people beside the graph says who is of which group, what each costs and whom it matters
to reach; its rows find their people by name, as in ``koubei run --agents``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from koubei_sim import checks
from koubei_sim.cli import screen
from koubei_sim.cli.cascade import graph_from, people_from, rule_from
from koubei_sim.cli.options import (
    FINE,
    AsJson,
    Lang,
    Language,
    Rng,
    app,
    drawable,
    pairs_of,
)
from koubei_sim.cli.screen import brief
from koubei_sim.cli.seeds_in_scenario import is_scenario, seeds_in_scenario
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.looks import money_text
from koubei_sim.storage import whole_file

if TYPE_CHECKING:
    import pandas as pd

    from koubei_sim.networks import Network
    from koubei_sim.seeding import Seeds

#: Seeds on the screen; file and JSON have all.
MOST_ROWS = 20
#: Arguments of `maximise` that are options here.
OPTIONS = re.compile(
    r"(k|among|given|audience|groups|quotas|costs|budget|currency|horizon|target|delta|threads)\b"
)


@app.command()
def seeds(
    given: Annotated[
        str,
        typer.Argument(
            metavar="GRAPH|SCENARIO",
            help="Graph: file, or a generator such as follow:100000. Or preset, scenario file.",
        ),
    ],
    k: Annotated[int | None, typer.Option("--k", help="How many to choose.")] = None,
    rule: Annotated[
        str, typer.Option(help="independent, or linear-threshold, as in koubei cascade.")
    ] = "independent",
    p: Annotated[
        str | None,
        typer.Option(help="Chance that a word passes: 0.05, weighted, trivalency, weights."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Argument of the rule (may be repeated)."),
    ] = None,
    people: Annotated[
        Path | None, typer.Option(help="CSV or parquet table, one row a person of the graph.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of names in the table, or row.")
    ] = None,
    groups: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Group of each person; with --quotas.")
    ] = None,
    quotas: Annotated[
        str | None, typer.Option(metavar="GROUP=N,..", help="So many of each group.")
    ] = None,
    costs: Annotated[
        str | None,
        typer.Option(metavar="COLUMN|NUMBER", help="Cost of each person; with --budget."),
    ] = None,
    budget: Annotated[float | None, typer.Option(help="What all may cost together.")] = None,
    currency: Annotated[
        str | None, typer.Option(help="What the money is called, such as CNY.")
    ] = None,
    among: Annotated[
        str | None, typer.Option(help="Who may be chosen: COLUMN=VALUE, ids:3,5 or a file.")
    ] = None,
    started: Annotated[
        str | None, typer.Option("--given", help="Who starts anyway: ids:3,5 or a file.")
    ] = None,
    audience: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="What reaching each person counts.")
    ] = None,
    target: Annotated[float, typer.Option(help="Share of the best to be proven.")] = 0.9,
    delta: Annotated[float, typer.Option(help="Chance that a bound fails.")] = 0.01,
    horizon: Annotated[
        float | None, typer.Option(help="Who is reached after this step or time does not count.")
    ] = None,
    rng: Rng = None,
    threads: Annotated[int | None, typer.Option(help="Threads; all cores without.")] = None,
    outcome: Annotated[
        str | None, typer.Option(help="Scenario: what seeds are judged by; users without it.")
    ] = None,
    runs: Annotated[int | None, typer.Option(help="Scenario: most runs, 500 without it.")] = None,
    directed: Annotated[
        bool, typer.Option("--directed", help="Read the file so: arcs have a direction.")
    ] = False,
    undirected: Annotated[
        bool, typer.Option("--undirected", help="Read the file so: ties go both ways.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="CSV or parquet file of the seeds.")] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Reach by number (.png, .svg, .pdf).")
    ] = None,
    lang: Language = Lang.en,
    as_json: AsJson = False,
) -> int:
    """Choose whom to seed: on a graph, with a proof; in a scenario, by runs of it."""
    if is_scenario(given):
        only = {
            "--p": p, "--by": by, "--groups": groups, "--quotas": quotas, "--costs": costs,
            "--budget": budget, "--currency": currency, "--among": among,
            "--given": started, "--audience": audience,
            "--horizon": horizon, "--directed": directed, "--undirected": undirected,
            "--figure": figure,
        }  # fmt: skip
        asked = {
            "settings": settings, "k": k, "agents": people, "outcome": outcome, "runs": runs,
            "rng": rng, "threads": threads,
        }  # fmt: skip
        _writable(out)
        return seeds_in_scenario(given, only, asked, lambda rows: _write(rows, out), as_json)
    for option, value in (("--outcome", outcome), ("--runs", runs)):
        if value is not None:
            raise KoubeiError(option, "only of a scenario, but this is a graph", got=given)
    if directed and undirected:
        raise KoubeiError("--undirected", "given beside --directed", fix="one of the two")
    if currency is not None and budget is None:
        raise KoubeiError(
            "--currency", "there is no money to count", got=currency,
            fix="--budget 50000 --costs 80, without --k",
        )  # fmt: skip
    words = [*(settings or []), *([] if p is None else [f"p={p}"])]
    made = rule_from(rule, words, None)
    numbers = None if quotas is None else quotas_of(quotas)
    by_column = among is not None and "=" in among and not Path(among).exists()
    price = None if costs is None else _price(costs)
    columns = {
        "--groups": groups,
        "--costs": costs if price is None else None,
        "--audience": audience,
        "--among": among if by_column else None,
        "--by": by,
    }
    if people is None and any(columns.values()):
        first = next(name for name, column in columns.items() if column)
        raise KoubeiError(first, "needs a table of people", fix="--people people.csv")
    _writable(out)
    drawable(figure)
    graph: Any = graph_from(given, None if directed == undirected else directed, False)
    table, notes = None, _read(graph)
    if people is not None:
        table, more = table_of(people, by, graph)
        notes += more
    group = None if groups is None else column_of("--groups", groups, table).astype(str)
    cost: Any = price
    if costs is not None and price is None:
        cost = numbers_of("--costs", costs, table)
    if among is None:
        allowed = None
    elif by_column:
        allowed = _who_have(among, table)
    else:
        allowed = people_from("--among", among, graph)
    anyway = None if started is None else people_from("--given", started, graph)
    counts = None if audience is None else numbers_of("--audience", audience, table)
    from koubei_sim.seeding import maximise

    try:
        with screen.progress("choosing", quiet=as_json):
            found = maximise(
                graph,
                made,
                k,
                among=allowed,
                audience=counts,
                given=anyway,
                groups=group,
                quotas=numbers,
                costs=cost,
                budget=budget,
                currency=currency,
                horizon=horizon,
                target=target,
                delta=delta,
                rng=rng,
                threads=threads,
            )
    except KoubeiError as error:
        raise (error.within("--") if OPTIONS.match(error.where) else error) from None
    rows = rows_of(found, group)
    written = _write(rows, out)
    if figure is not None:
        written.append(_draw(found, figure, lang))
    if as_json:
        screen.write_json(content(found, rows, given, graph, notes, written))
    else:
        print(report(found, rows, given, graph, notes, written))
    return FINE


# Words ----------------------------------------------------------------------------------------


def quotas_of(text: str) -> dict[str, int]:
    """Return the numbers by group that ``fan=40,newbie=10`` says.

    Examples
    --------
    >>> quotas_of("fan=40, newbie=10")
    {'fan': 40, 'newbie': 10}
    """
    example = "--quotas fan=40,newbie=10"
    words = [word for word in re.split("[,\N{FULLWIDTH COMMA}]", text) if word.strip()]
    found = pairs_of("--quotas", words, "group=number", example)
    for name, number in found.items():
        if not checks.digits(number):
            raise KoubeiError(f"--quotas {name}", "not a number of people", got=repr(number))
    if not found:
        raise KoubeiError("--quotas", "names no group", got=repr(text), fix=example)
    return {name: int(number) for name, number in found.items()}


def _writable(out: Path | None) -> None:
    """Refuse what cannot be written before anything runs."""
    if out is None:
        return
    if out.suffix not in (".csv", ".parquet"):
        raise KoubeiError(
            "--out", "unknown kind", got=out.name, allowed=".csv, .parquet", fix=f"{out.stem}.csv"
        )
    if not out.parent.is_dir():
        raise KoubeiError(str(out), "its folder does not exist", got=str(out.parent))


# People ---------------------------------------------------------------------------------------


def table_of(path: Path, by: str | None, graph: Network) -> tuple[pd.DataFrame, list[str]]:
    """Return the table of people, indexed by what the graph calls them, and what was guessed."""
    import pandas as pd

    from koubei_sim.model.world.population import as_table, match, notes_of_table

    labels, n = graph.labels, graph.n_nodes
    try:
        read = as_table(path)
        table = match(read, labels, n, labels is None, by)
    except KoubeiError as error:
        fix = None if error.fix is None else error.fix.replace("agents_by='row'", "--by row")
        names = {"agents": "--people", "agents_by": "--by"}
        where = names.get(error.where, error.where)
        raise KoubeiError(
            where, error.what, got=error.got, allowed=error.allowed, fix=fix
        ) from None
    rows = table.table
    assert rows is not None
    if len(rows) != n:
        raise KoubeiError(path.name, "not one row a person", got=len(rows), allowed=str(n))
    notes = [note.replace("agents_by=", "--by") for note in (*table.notes, *notes_of_table(read))]
    index = pd.RangeIndex(n) if labels is None else pd.Index(labels)
    return rows.set_axis(index), notes


def column_of(where: str, name: str, table: Any) -> pd.Series[Any]:
    """Return a column of the table by person; an empty cell is refused."""
    if name not in table.columns:
        raise KoubeiError(
            where, "no such column in the table of people", got=repr(name),
            allowed=", ".join(table.columns), fix=nearest(name, table.columns),
        )  # fmt: skip
    column: pd.Series[Any] = table[name]
    empty = column.isna() | (column.astype(object) == "")
    if empty.any():
        who = column.index[empty.to_numpy()].tolist()
        more = f" ({len(who):,} such people)" if len(who) > 1 else ""
        raise KoubeiError(f"{where} {name}", f"says nothing of a person{more}", got=repr(who[0]))
    return column


def numbers_of(where: str, name: str, table: Any) -> pd.Series[Any]:
    """Return a column of numbers by person."""
    import pandas as pd

    column = column_of(where, name, table)
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        wrong = pd.to_numeric(column.map(str), errors="coerce").isna().to_numpy()
        at = int(wrong.argmax())
        raise KoubeiError(
            f"{where} {name}", f"not a number, of {column.index.tolist()[at]!r}",
            got=repr(column.tolist()[at]),
        )  # fmt: skip
    return column


def _who_have(among: str, table: Any) -> list[Any]:
    """Return the people whose cell says what ``column=value`` asks for."""
    ((name, value),) = pairs_of("--among", [among], "column=value").items()
    cells = column_of("--among", name, table).astype(str)
    if not (cells == value).any():
        there = sorted(set(cells))
        some = ", ".join(there[:8]) + (", .." if len(there) > 8 else "")
        raise KoubeiError(
            f"--among {name}", "nobody has it", got=value, allowed=some, fix=nearest(value, there)
        )
    found: list[Any] = cells.index[(cells == value).to_numpy()].tolist()
    return found


# Results --------------------------------------------------------------------------------------


def _price(costs: str) -> float | None:
    """Return the one cost of everybody, None where a column is named."""
    try:
        return float(costs)
    except ValueError:
        return None


def rows_of(found: Seeds, group: pd.Series[Any] | None) -> pd.DataFrame:
    """Return a row for each seed: rank, label, reach up to it, gain, and group or costs."""
    rows = found.table().rename_axis("rank").rename(columns={"seed": "label"})
    if group is not None:
        rows["group"] = group.loc[found.seeds.tolist()].to_numpy()
    return rows


def _write(rows: pd.DataFrame, out: Path | None) -> list[Path]:
    if out is None:
        return []
    with whole_file(out) as file:
        if out.suffix == ".parquet":
            rows.reset_index().to_parquet(file, index=False)
        else:
            rows.to_csv(file, lineterminator="\n")
    return [out]


def _draw(found: Seeds, figure: Path, lang: str) -> Path:
    from koubei_sim.plots import seeds_curve
    from koubei_sim.plots.files import write_figure

    return write_figure(figure, lambda ax, spoken: seeds_curve(found, ax=ax, lang=spoken), lang)


def _read(graph: Any) -> list[str]:
    """What was guessed when a file was read."""
    said = graph.notes.get("read")
    return [f"read: {said}"] if isinstance(said, str) else []


def content(
    found: Seeds, rows: pd.DataFrame, given: str, graph: Any, notes: list[str], written: list[Path]
) -> dict[str, Any]:
    """Return the result as plain data, for JSON."""
    return {
        "graph": given,
        "people": graph.n_nodes,
        "arcs": graph.n_arcs,
        "rule": found.rule.describe(),
        "key": found.key,
        "seeds": rows.reset_index().to_dict(orient="records"),
        "reach": found.reach._asdict(),
        "at_most": found.at_most,
        "ratio": found.ratio,
        "target": found.target,
        "delta": found.delta,
        "stopped": found.stopped,
        "sets": found.sets,
        "cost": found.cost,
        "currency": found.currency or None,
        "seconds": found.seconds,
        "notes": notes,
        "written": [str(path) for path in written],
    }


def report(
    found: Seeds, rows: pd.DataFrame, given: str, graph: Any, notes: list[str], written: list[Path]
) -> str:
    """Return what was asked, the seeds and what is proven, at most 80 columns wide."""
    import textwrap

    head = f"{found.rule!r} on {given}: {graph.n_nodes:,} people, {graph.n_arcs:,} arcs"
    run = f"{found.sets:,} reverse sets, key {found.key}, {found.seconds:.2f} s"
    lines = [screen.cut(head, 79), screen.cut(run, 79), ""]
    if len(rows):
        shown = rows.head(MOST_ROWS)
        kinds = [name for name in rows.columns if name != "label"]
        texts = [
            [screen.cut(str(cell), 14) if name == "group" else brief(cell) for cell in shown[name]]
            for name in kinds
        ]
        # What the numbers leave of the width is for the names.
        taken = [max(map(screen.cell_len, [name, *cells])) + 2 for name, cells in zip(kinds, texts)]
        names = [screen.cut(str(name), 79 - 6 - sum(taken)) for name in shown["label"]]
        cells = zip(map(str, shown.index), names, *texts)
        lines += [screen.table(["rank", "label", *kinds], [list(row) for row in cells], left=2), ""]
    if len(rows) > MOST_ROWS:
        lines += [f"{len(rows) - MOST_ROWS:,} more (--out seeds.csv has all)", ""]
    lines += [textwrap.fill(f"note: {note}", 79) for note in notes]
    lines += [f"written to {path}" for path in written]
    return "\n".join([*lines, *proof(found, found.curve[0] > 0)])


def proof(found: Seeds, anyway: bool) -> list[str]:
    """Return what is proven, the ratio last; `anyway`: somebody was given."""
    k, reach = len(found.seeds), found.reach
    who = f"{k:,} {'person' if k == 1 else 'people'}"
    who += "" if found.cost is None else f" for {money_text(found.cost, found.currency)}"
    who += ", with those given" if anyway else ""
    first = f"reach {reach.mean:,.5g} ({reach.low:,.5g}..{reach.high:,.5g}) by {who}"
    why = "memory" if found.stopped == "memory" else "sets"
    missed = [f"the target of {found.target:.0%} is not reached: {why} ran out"]
    said = f"{found.ratio:.1%} of the best is proven: no choice reaches more than "
    said += f"{found.at_most:,.5g}"
    return [first, *(missed if found.ratio < found.target else []), said]

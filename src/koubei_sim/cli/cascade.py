"""The command ``koubei cascade``: run a rule of diffusion on a graph, say what came out.

First how words become graphs, rules and seeds: each function takes what a person typed and returns
an object of the library, or refuses it in one line.
"""

from __future__ import annotations

import csv
import inspect
import math
import re
import sys
import textwrap
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from koubei_sim import checks
from koubei_sim.cli import screen
from koubei_sim.cli.options import FINE, AsJson, Rng, app, pairs_of, value_of
from koubei_sim.cli.screen import brief
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.storage import whole_file

if TYPE_CHECKING:
    from koubei_sim.cascades import CascadeResult, Rule
    from koubei_sim.networks import Network, TemporalNetwork


#: Name on the command line -> generator of `koubei_sim.networks`, and its first argument.
GENERATORS: dict[str, str] = {
    "follow": "follow_graph",
    "friends": "small_world",
    "erdos-renyi": "erdos_renyi",
    "barabasi-albert": "barabasi_albert",
    "watts-strogatz": "watts_strogatz",
    "ring": "ring",
    "complete": "complete",
}
#: Words over a column of people in a file of seeds.
HEADERS = re.compile(
    r"(user[ _]?)?(id|name|label)s?|nodes?|person|people|seeds?|users?"
    r"|姓名|名字|名称|用户名?|用户编号|编号|种子(用户)?",
    re.IGNORECASE,
)
GRAPH_KEY = 1  # a generated graph is the same in every call unless its own `key` is given


def values_of(where: str, words: list[str] | None, example: str) -> dict[str, Any]:
    """Return the values named by ``name=value`` words."""
    found = pairs_of(where, words, fix=example)
    return {name: value_of(text) for name, text in found.items()}


# Rules ----------------------------------------------------------------------------------------


def rule_from(name: str, words: list[str] | None, p: float | None) -> Rule:
    """Return the rule of a name with the arguments of ``--set name=value``.

    Examples
    --------
    >>> rule_from("sir", ["beta=0.3", "gamma=0.5"], None)
    SIR(beta=0.3, gamma=0.5, duration=exponential)
    """
    import numpy as np

    from koubei_sim.cascades.rules import FAMILIES

    rules = {kind.command: kind for kind in FAMILIES}
    plain = name.replace("_", "-").lower()
    if plain in ("weighted", "trivalency", "weights"):
        fix = f"--set p={plain}"
        raise KoubeiError("--rule", "a probability of the rule independent", got=name, fix=fix)
    if plain not in rules:
        raise KoubeiError(
            "--rule", "unknown", got=name, allowed=", ".join(rules), fix=nearest(plain, rules)
        )
    kind = rules[plain]
    known = [item.name for item in fields(kind)]
    given = values_of("--set", words, "--set quality=0.9")
    if p is not None:
        if "p" not in known:
            raise KoubeiError("--p", f"{plain} has none", got=p, fix=f"--set {known[0]}=..")
        if "p" in given:
            raise KoubeiError("--p", "given twice", got=p)
        given["p"] = p
    for one in given:
        if one not in known:
            raise KoubeiError(
                f"--set {one}",
                f"{plain} has no such argument",
                allowed=", ".join(known),
                fix=nearest(one, known),
            )
    for one, value in given.items():
        if isinstance(value, list):
            given[one] = tuple(value) if one in kind.sequences else np.asarray(value)
    return kind(**given)


# Graphs ---------------------------------------------------------------------------------------


def graph_from(given: str, directed: bool | None, contacts: bool) -> Network | TemporalNetwork:
    """Return the graph that a word names: a file, or a generator like ``follow:100000``.

    Further arguments of a generator follow after commas: ``erdos-renyi:1000,mean_degree=8,key=3``.
    """
    from koubei_sim.networks import read_contacts, read_network

    name, sign, rest = given.partition(":")
    if not sign or name not in GENERATORS or Path(given).exists():
        if sign and not Path(given).exists() and not Path(given).suffix:
            raise KoubeiError(
                "GRAPH",
                "neither a file nor a generator",
                got=given,
                allowed=", ".join(f"{one}:N" for one in GENERATORS),
                fix=nearest(name, GENERATORS),
            )
        options: dict[str, Any] = {} if directed is None else {"directed": directed}
        return read_contacts(given, **options) if contacts else read_network(given, **options)
    if contacts:
        raise KoubeiError("--contacts", "needs a file", got=given)
    return _generated(name, rest, directed)


def _generated(name: str, rest: str, directed: bool | None) -> Network:
    from koubei_sim import networks

    make: Callable[..., Network] = getattr(networks, GENERATORS[name])
    number, *more = rest.split(",")
    people = value_of(number.replace("_", ""))
    if isinstance(people, bool) or not isinstance(people, int):
        raise KoubeiError("GRAPH", "how many people", got=rest, fix=f"{name}:10000")
    options = values_of("GRAPH", more, f"{name}:{people},key=2")
    known = [one for one in inspect.signature(make).parameters if one not in ("n", "members")]
    for one in options:
        if one not in known:
            raise KoubeiError(
                f"GRAPH {one}",
                f"{name} has no such argument",
                allowed=", ".join(known),
                fix=nearest(one, known),
            )
    if directed is not None:
        if "directed" not in known:
            raise KoubeiError("--directed", f"{name} decides that itself", fix="leave it away")
        options["directed"] = directed
    if name == "erdos-renyi" and not {"mean_degree", "p"} & options.keys():
        options["mean_degree"] = 10.0
    options.setdefault("key", GRAPH_KEY)
    return make(people, **options)


# Seeds ----------------------------------------------------------------------------------------


def seeds_from(words: list[str], graph: Any, brands: tuple[str, ...]) -> Any:
    """Return the seeds that words name, for each brand where there are several.

    ``10``: that many at random, anew in each replicate; ``ids:3,5``: these people, by label where
    the graph has labels; ``rows:0,1``: these places; ``degree:50``: those with the most arcs out
    of them; anything else: a file with one person a line.  With brands: ``ours=10``, once for
    each.  What comes back names people as `koubei_sim.cascade` takes them.
    """
    if not brands:
        if len(words) > 1:
            raise KoubeiError("--seeds", "given more than once, but the rule has no brands")
        return _seeds(words[0], graph) if words else []
    found: dict[str, Any] = {}
    for word in words:
        brand, sign, rest = word.partition("=")
        if not sign or brand not in brands:
            raise KoubeiError(
                "--seeds",
                "not of the form brand=seeds",
                got=word,
                allowed=", ".join(brands),
                fix=f"--seeds {brands[0]}=10",
            )
        if brand in found:
            raise KoubeiError("--seeds", "a brand is given twice", got=word)
        found[brand] = _seeds(rest, graph)
    return found


def _seeds(word: str, graph: Any) -> Any:
    from koubei_sim.cascades import RandomSeeds

    if checks.digits(word):
        if not 0 < int(word) <= graph.n_nodes:
            raise KoubeiError(
                "--seeds", "how many people at random", got=word, allowed=f"1..{graph.n_nodes}",
                fix=f"ids:{word} for the person of this name",
            )  # fmt: skip
        return RandomSeeds(int(word))
    return people_from("--seeds", word, graph)


def people_from(where: str, word: str, graph: Any) -> Any:
    """Return the people that a word names, as the graph calls them; `where` is the option.

    ``ids:3,5``, ``rows:0,1``, ``degree:50`` or a file, as in `seeds_from`.
    """
    from koubei_sim.cascades.checks import rows_of
    from koubei_sim.networks import seeding

    kind, _, rest = word.partition(":")
    named = [one.strip() for one in rest.split(",") if one.strip()]
    if kind in ("ids", "rows") and not named:
        raise KoubeiError(where, "names nobody", got=word, fix="ids:3,5")
    if kind == "ids":
        return _people(where, named, graph)
    if kind == "rows":
        numbers = [_number(where, one) for one in named]
        return _called(rows_of(where, numbers, graph.n_nodes, None), graph)
    if kind == "degree":
        if not checks.digits(rest) or not 0 < int(rest) <= graph.n_nodes:
            raise KoubeiError(where, "how many", got=repr(word), allowed=f"1..{graph.n_nodes}")
        if not hasattr(graph, "layers"):
            raise KoubeiError(where, "degree is not defined on contacts", got=word)
        return seeding.degree(graph, int(rest))
    path = checks.path(where, word)
    if not path.is_file():
        raise KoubeiError(
            where, "no such file", got=word,
            allowed=("10, " if where == "--seeds" else "") + "ids:3,5, degree:50, a file",
            fix=f"ids:{word} if these are people",
        )  # fmt: skip
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise KoubeiError(where, f"cannot be read ({error.strerror})", got=word) from None
    text, encoding = checks.text_of(str(path), raw)
    if encoding != "utf-8":
        print(f"note: {path} is read as {encoding.upper()}", file=sys.stderr)
    return _of_lines(where, text, str(path), graph)


def _called(rows: Any, graph: Any) -> Any:
    return rows if graph.labels is None else graph.labels[rows]


def _of_lines(where: str, text: str, path: str, graph: Any) -> Any:
    """The people of a file: one a line, or several on its only line.

    A line may stand in quotes, names may hold blanks, and a header (a word such as ``id`` or
    ``name``) and comments behind ``#`` are left out; what is the label of a person never is.
    Of a table with a header, such as `koubei seeds` writes, the one column of names is read.
    """
    known = set() if graph.labels is None else set(map(str, graph.labels.tolist()))
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and (line in known or not line.startswith("#"))]
    named = _column_of_names(lines, known)
    if named is not None:
        return _people(where, named, graph)
    rows = [_fields(line, known) for line in lines]
    if rows and rows[0][0] not in known and HEADERS.fullmatch(rows[0][0]):
        rows = rows[1:]
    if len(rows) > 1 and max(map(len, rows)) > 1:
        at = next(k for k, row in enumerate(rows) if len(row) > 1)
        raise KoubeiError(
            path, "several columns, which names people is not said", got=repr(" ".join(rows[at])),
            allowed="one person a line",
        )  # fmt: skip
    if not rows:
        raise KoubeiError(path, "names nobody", allowed="one person a line")
    return _people(where, [name for row in rows for name in row], graph)


def _column_of_names(lines: list[str], known: set[str]) -> list[str] | None:
    """The names of a table in which just one column says by its header that it holds names."""
    rows = list(csv.reader(lines))
    if len(rows) < 2 or len(rows[0]) < 2 or any(word in known for word in rows[0]):
        return None
    at = [k for k, word in enumerate(rows[0]) if HEADERS.fullmatch(word.strip())]
    if len(at) != 1 or any(len(row) != len(rows[0]) for row in rows):
        return None
    return [row[at[0]].strip() for row in rows[1:]]


def _fields(line: str, known: set[str]) -> list[str]:
    """The names on a line: the whole line where somebody is called so."""
    if line in known:
        return [line]
    quoted = len(line) > 1 and line[0] == line[-1] == '"'
    plain = line[1:-1].replace('""', '"') if quoted else line.partition(" #")[0].strip()
    if quoted or plain in known:
        return [plain]
    parts = [part.strip() for part in re.split(r"[,;\t]", plain) if part.strip()]
    words = plain.split()
    # Blanks part names only where that gives names: numbers, or people who are known.
    if len(parts) == 1 and len(words) > 1 and (not known or all(word in known for word in words)):
        return words
    return parts or [plain]


def _people(where: str, names: list[str], graph: Any) -> Any:
    """What the people of these names are called, in the kind of the labels of the graph."""
    from koubei_sim.cascades.checks import rows_of

    labels = graph.labels
    text = labels is not None and labels.dtype.kind == "U"
    wanted: Any = names if text else [_number(where, name) for name in names]
    try:
        return _called(rows_of(where, wanted, graph.n_nodes, labels), graph)
    except KoubeiError as error:
        near = error.fix if error.fix and error.fix[0] in "\"'" else None
        ways = None if labels is None else f"{where} rows:0,1 for places"
        raise KoubeiError(
            error.where, error.what, got=error.got, allowed=error.allowed, fix=near or ways
        ) from None


def _number(where: str, text: str) -> int:
    try:
        if str(int(text)) != text:  # 01 may be another person than 1, in the file that has it
            fix = f"{int(text)}, if it is that one"
            raise KoubeiError(where, "not a number as it is written", got=repr(text), fix=fix)
        return int(text)
    except KoubeiError:
        raise
    except ValueError:
        raise KoubeiError(where, "not a number of a person", got=repr(text)) from None


# Looks ----------------------------------------------------------------------------------------


def sparkline(values: Any, width: int = 60) -> str:
    """Return numbers as a line of blocks, resampled to at most `width` signs.

    Where the standard output has no blocks, signs of ASCII stand for them.

    Examples
    --------
    >>> sparkline([0, 1, 2, 4, 8])
    '▁▂▃▅█'
    """
    blocks = screen.first_that_fits("▁▂▃▄▅▆▇█", "_.:-=+*#")
    numbers = [float(value) for value in values]
    if len(numbers) > width:
        step = (len(numbers) - 1) / (width - 1)
        numbers = [numbers[round(k * step)] for k in range(width)]
    top = max(numbers, default=0.0)
    if top <= 0.0 or not math.isfinite(top):
        return blocks[0] * len(numbers)
    return "".join(blocks[min(7, int(8 * max(0.0, value) / top))] for value in numbers)


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
    method: Annotated[str, typer.Option(help="auto, blocks, wide, count.")] = "auto",
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
        progress=screen.loud(as_json),
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
    own = " (luck of its own)" if result.method == "count" else ""
    run = f"{result.replicates:,} replicates, {result.method}{own}, key {result.key}"
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

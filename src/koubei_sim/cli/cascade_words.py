"""How words of the command line become graphs, rules and seeds of a cascade.

Each function takes what a person typed and returns an object of the library, or refuses it in one
line.  Called by `cascade`.
"""

from __future__ import annotations

import inspect
import math
import re
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from koubei_sim import checks
from koubei_sim.cli import screen
from koubei_sim.cli.words import pairs_of, value_of
from koubei_sim.errors import KoubeiError, nearest

if TYPE_CHECKING:
    from koubei_sim.cascades import Rule
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
    from koubei_sim.cascades.checks import rows_of
    from koubei_sim.networks import seeding

    kind, _, rest = word.partition(":")
    if checks.digits(word):
        if not 0 < int(word) <= graph.n_nodes:
            raise KoubeiError(
                "--seeds", "how many people at random", got=word, allowed=f"1..{graph.n_nodes}",
                fix=f"ids:{word} for the person of this name",
            )  # fmt: skip
        return RandomSeeds(int(word))
    named = [one.strip() for one in rest.split(",") if one.strip()]
    if kind in ("ids", "rows") and not named:
        raise KoubeiError("--seeds", "names nobody", got=word, fix="1 for one at random")
    if kind == "ids":
        return _people(named, graph)
    if kind == "rows":
        numbers = [_number(one) for one in named]
        return _called(rows_of("--seeds", numbers, graph.n_nodes, None), graph)
    if kind == "degree":
        if not checks.digits(rest) or not 0 < int(rest) <= graph.n_nodes:
            raise KoubeiError("--seeds", "how many", got=repr(word), allowed=f"1..{graph.n_nodes}")
        if not hasattr(graph, "layers"):
            raise KoubeiError("--seeds", "degree is not defined on contacts", got=word)
        return seeding.degree(graph, int(rest))
    path = checks.path("--seeds", word)
    if not path.is_file():
        raise KoubeiError(
            "--seeds", "no such file", got=word, allowed="10, ids:3,5, degree:50, a file",
            fix=f"ids:{word} if these are people",
        )  # fmt: skip
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise KoubeiError("--seeds", f"cannot be read ({error.strerror})", got=word) from None
    text, encoding = checks.text_of(str(path), raw)
    if encoding != "utf-8":
        print(f"note: {path} is read as {encoding.upper()}", file=sys.stderr)
    return _of_lines(text, str(path), graph)


def _called(rows: Any, graph: Any) -> Any:
    return rows if graph.labels is None else graph.labels[rows]


def _of_lines(text: str, path: str, graph: Any) -> Any:
    """The people of a file: one a line, or several on its only line.

    A line may stand in quotes, names may hold blanks, and a header (a word such as ``id`` or
    ``name``) and comments behind ``#`` are left out; what is the label of a person never is.
    """
    known = set() if graph.labels is None else set(map(str, graph.labels.tolist()))
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and (line in known or not line.startswith("#"))]
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
        raise KoubeiError(
            path, "names nobody", allowed="one person a line", fix="1 for one at random"
        )
    return _people([name for row in rows for name in row], graph)


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


def _people(names: list[str], graph: Any) -> Any:
    """What the people of these names are called, in the kind of the labels of the graph."""
    from koubei_sim.cascades.checks import rows_of

    labels = graph.labels
    text = labels is not None and labels.dtype.kind == "U"
    wanted: Any = names if text else [_number(name) for name in names]
    try:
        return _called(rows_of("--seeds", wanted, graph.n_nodes, labels), graph)
    except KoubeiError as error:
        near = error.fix if error.fix and error.fix[0] in "\"'" else None
        ways = None if labels is None else "--seeds rows:0,1 for places"
        raise KoubeiError(
            error.where, error.what, got=error.got, allowed=error.allowed, fix=near or ways
        ) from None


def _number(text: str) -> int:
    try:
        if str(int(text)) != text:  # 01 may be another person than 1, in the file that has it
            fix = f"{int(text)}, if it is that one"
            raise KoubeiError("--seeds", "not a number as it is written", got=repr(text), fix=fix)
        return int(text)
    except KoubeiError:
        raise
    except ValueError:
        raise KoubeiError("--seeds", "not a number of a person", got=repr(text)) from None


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

"""Sweeps in TOML files: what ``koubei sweep FILE.toml`` reads.

A file names the scenario, changes to it, and exactly one way to choose points.  All of it is
checked before anything runs, and a wrong word gets the nearest right one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from koubei_sim.checks import path as path_of
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.files import read_toml
from koubei_sim.studies.design.plan import Sweep, make_sweep
from koubei_sim.studies.design.points import (
    Design,
    Grid,
    LatinHypercube,
    RandomPoints,
    SobolPoints,
    Table,
)
from koubei_sim.studies.design.priors import ensemble
from koubei_sim.studies.sweep import journal

_RANGES: Final[dict[str, Callable[..., Design]]] = {
    "random": RandomPoints,
    "latin": LatinHypercube,
    "sobol": SobolPoints,
}
WAYS: Final = ("grid", *_RANGES, "table", "ensemble")
WORDS: Final = (
    "scenario", "set", "replicates", "rng", "engine", "outcomes", "out", "backend", "workers",
    "scheduler", "networks", "agents", *WAYS,
)  # fmt: skip


class SweepFile(NamedTuple):
    """A sweep that a file describes: the plan, and how and where to run it."""

    sweep: Sweep
    out: Path
    backend: str
    workers: int | None
    scheduler: str | None


def read_sweep(file: str | Path, out: str | Path | None = None) -> SweepFile:
    """Read a sweep file.

    Parameters
    ----------
    file : path
        TOML; the paths of scenario, table, networks and agents in it are relative to it.
    out : path, optional
        Folder of the journal; ``out`` of the file without it, else the file's name without
        ending.  Where the file names no ``rng``, a folder with a sweep gives its key.

    Raises
    ------
    KoubeiError
        One line for the first thing that is wrong.
    """
    path = path_of("file", file)
    where = str(file)
    content = read_toml(path)
    for word in content:
        if word not in WORDS:
            raise KoubeiError(
                f"{where}: {word}", "unknown word", allowed=", ".join(WORDS), fix=_near(word, WORDS)
            )
    ways = [way for way in WAYS if way in content]
    if len(ways) != 1:
        raise KoubeiError(
            where, "needs exactly one way to choose points", got=", ".join(ways) or "none",
            allowed=", ".join(WAYS), fix="[grid]",
        )  # fmt: skip
    base = scenario_in(content, path)
    folder = path_of("out", _text(content, "out", where, path.stem) if out is None else out)
    rng = content.get("rng")
    if rng is None and journal.is_journal(folder):
        rng = int(journal.read_plan(folder)["key"])
    planned = make_sweep(
        base,
        _design(ways[0], content[ways[0]], base, path),
        content.get("replicates", 1),
        rng,
        _text(content, "engine", where, "compiled"),
        content.get("outcomes"),
        *_supplied(content, path, base),
    )
    if ways[0] != "ensemble" or "ranges" in content["ensemble"]:  # [set] may say around what
        apart_from_set(f"{where}: {ways[0]}", planned.points.columns, content)
    scheduler = content.get("scheduler")
    backend = _text(content, "backend", where, "threads" if scheduler is None else "dask")
    return SweepFile(planned, folder, backend, content.get("workers"), scheduler)


def _near(word: str, known: Any) -> str | None:
    return nearest(word, known)


def _text(content: Mapping[str, Any], word: str, where: str, default: str) -> str:
    value = content.get(word, default)
    if not isinstance(value, str):
        raise KoubeiError(f"{where}: {word}", "must be text", got=value, fix=f'"{default}"')
    return value


def scenario_in(content: Mapping[str, Any], path: Path) -> Scenario:
    """Return the scenario that a file names (a preset, or a file beside it) with its ``[set]``.

    Raises
    ------
    KoubeiError
        Where it names none, or what it sets is wrong.
    """
    given = content.get("scenario")
    if not isinstance(given, str):
        raise KoubeiError(
            f"{path}: scenario", "must name a preset or a file", got=given, fix='scenario = "tiny"'
        )
    beside = path.parent / path_of(f"{path}: scenario", given)
    base = Scenario.load(beside if given not in Scenario.presets() and beside.is_file() else given)
    changes = content.get("set", {})
    if not isinstance(changes, Mapping):
        raise KoubeiError(f"{path}: set", "must be a table", got=changes, fix="[set]")
    return base.replace(**flat(changes)) if changes else base


def apart_from_set(where: str, varied: Iterable[str], content: Mapping[str, Any]) -> None:
    """Refuse a path that ``[set]`` fixes and the study varies.

    Raises
    ------
    KoubeiError
        Naming both, where one is the other or lies inside it.
    """
    fixed = flat(content.get("set", {}))
    for path in varied:
        for other in fixed:
            if path == other or path.startswith(f"{other}.") or other.startswith(f"{path}."):
                raise KoubeiError(
                    where, f"{path} is varied, and [set] fixes {other}",
                    fix="taking one of them away",
                )  # fmt: skip


def _supplied(content: Mapping[str, Any], path: Path, base: Scenario) -> tuple[Any, Path | None]:
    """Return networks and agents that the file names: graphs read, the table's path."""
    from koubei_sim.networks import read_network

    files, found = content.get("networks", {}), {}
    if not isinstance(files, Mapping):
        raise KoubeiError(
            f"{path}: networks", "must be a table of files by channel", got=files, fix="[networks]"
        )
    for name in files:
        if name not in base.channels:
            raise KoubeiError(
                f"{path}: networks.{name}",
                "unknown channel",
                allowed=", ".join(base.channels),
                fix=_near(name, base.channels),
            )
        spec = base.channels[name].network
        directed = spec is not None and (spec.directed or spec.kind == "follow")
        file = _text(files, name, f"{path}: networks", "friends.edges")
        found[name] = read_network(path.parent / file, directed=directed)
    if "agents" not in content:
        return found or None, None
    return found or None, path.parent / _text(content, "agents", str(path), "people.csv")


def _design(way: str, given: Any, base: Scenario, path: Path) -> Design:
    where = f"{path}: {way}"
    if not isinstance(given, Mapping):
        raise KoubeiError(where, "must be a table", got=given, fix=f"[{way}]")
    if way == "grid":
        return Grid(flat(given))
    if way == "table":
        if "file" not in given:
            return Table(flat(given))
        _only(where, given, ("file",))
        return Table(path.parent / _text(given, "file", where, "points.csv"))
    if way == "ensemble":
        _only(where, given, ("points", "paths", "spread", "method", "ranges"))
        ranges = given.get("ranges")
        chosen = given.get("paths") if ranges is None else flat(ranges, _is_range)
        return ensemble(
            base, _points(where, given), chosen, given.get("spread", 2.0),
            given.get("method", "latin"),
        )  # fmt: skip
    _only(where, given, ("points", "ranges"))
    ranges = given.get("ranges")
    if not isinstance(ranges, Mapping) or not ranges:
        raise KoubeiError(f"{where}.ranges", "must be a table of ranges", fix=f"[{way}.ranges]")
    return _RANGES[way](flat(ranges, _is_range), _points(where, given))


def _points(where: str, given: Mapping[str, Any]) -> Any:
    if "points" not in given:
        raise KoubeiError(where, "how many points?", fix="points = 64")
    return given["points"]


def _only(where: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for word in given:
        if word not in known:
            raise KoubeiError(
                f"{where}.{word}", "unknown word", allowed=", ".join(known), fix=_near(word, known)
            )


def _is_range(value: Mapping[str, Any]) -> bool:
    return "choices" in value or ("low" in value or "high" in value)


def flat(
    nested: Mapping[str, Any], ends: Callable[[Mapping[str, Any]], bool] = lambda _: False
) -> dict[str, Any]:
    """Return nested tables as one table of dotted paths; tables that `ends` accepts are values.

    TOML reads ``seeding.purity = 1`` as a table in a table, and a quoted path as a name.

    Examples
    --------
    >>> flat({"seeding": {"purity": 0.3}, "telling.relay": 0.1, "ticks": 20})
    {'seeding.purity': 0.3, 'telling.relay': 0.1, 'ticks': 20}
    """
    found: dict[str, Any] = {}
    for name, value in nested.items():
        inner = isinstance(value, Mapping) and value and not ends(value)
        parts = {f"{name}.{rest}": v for rest, v in flat(value, ends).items()} if inner else None
        for path, entry in ({name: value} if parts is None else parts).items():
            if path in found:  # once as a table in a table, once in quotes
                raise KoubeiError(path, "stands there twice", got=repr(entry), fix="one of them")
            found[path] = entry
    return found

"""Results out of their folders, and the scenario out of a recipe.

Called by `simulate` and by whoever loads a result.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from koubei_sim import checks, storage
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.own import Mechanism
from koubei_sim.model.scenario.scenario import class_with
from koubei_sim.model.world.population import Who
from koubei_sim.runs import archive, dataset
from koubei_sim.runs.result import Result
from koubei_sim.storage import provenance


def load_result(
    path: str | Path, stream: bool | None = None, mechanisms: Sequence[Mechanism | str] = ()
) -> Result:
    """Read a result that `Result.save` wrote, or a streamed run.

    Parameters
    ----------
    path : str or Path
        The folder, or a file in it.
    stream : bool, optional
        True leaves the event log on disk, from where the result takes what it is asked for; False
        reads it into memory.  Without it, as the result was made.

    mechanisms : sequence of Mechanism, optional
        Those of the user's own that it was made with.

    Raises
    ------
    KoubeiError
        When there is none, a file is damaged, or the numbers are not those the recipe promises;
        also when a log that is asked for would not fit into memory.
    """
    stream = None if stream is None else checks.yes_no("stream", stream)
    recipe = archive.read_recipe(path)
    scenario = scenario_of(recipe, str(path), class_with(Scenario, mechanisms))
    timing = storage.read_timing(path)
    file = storage.folder_of(path) / storage.EVENTS
    result = stored_result(
        scenario,
        int(recipe["key"]),
        str(recipe["engine"]),
        dataset.tables_from(storage.read_data(path), scenario),
        file,
        supplied=recipe.get("supplied"),
        who=archive.read_people(path),
        notes=recipe.get("notes", ()),
        seconds=float(timing.get("seconds", float("nan"))),
    )
    if not (timing.get("streamed", False) if stream is None else stream):
        result = result.in_memory()
    if recipe.get("digest") not in (None, result.digest()) or not _is_of(result, recipe):
        raise KoubeiError(
            str(path),
            "the files do not hold the result of their recipe",
            fix="koubei run FOLDER --out NEW, which makes it again",
        )
    return result


def _is_of(result: Result, recipe: dict[str, Any]) -> bool:
    """Whether the sizes of tables are those of the recipe, of which an old one has no seal."""
    found = (result.replicates, result.histories[0].table.shape[0])
    return found == (int(recipe["replicates"]), result.scenario.ticks)


def stored_result(
    scenario: Scenario,
    key: int,
    engine: str,
    tables: Sequence[tuple[Any, Any, Any]],
    events: Path,
    *,
    supplied: dict[str, str] | None = None,
    who: Who | None = None,
    notes: Sequence[str] = (),
    seconds: float = float("nan"),
    digest: str | None = None,
) -> Result:
    """Return a result whose log stays in its file.

    Parameters
    ----------
    scenario, key, engine, supplied, who, notes, seconds
        As in `Result`.
    tables : sequence of (array, array, array)
        Table, quality and difficulty of each replicate.
    events : Path
        The parquet file.
    digest : str, optional
        That of the result, where it is known.
    """
    file = archive.EventFile(events, len(tables))
    histories: Any = [
        archive.StoredHistory(*arrays, file, replicate) for replicate, arrays in enumerate(tables)
    ]
    words: dict[str, Any] = {"supplied": supplied, "who": who, "notes": notes, "seconds": seconds}
    result = Result(scenario, key, engine, histories, **words)
    if digest is not None:
        result.__dict__["_digest"] = digest  # as if it had been asked for already
    return result


def scenario_of(recipe: dict[str, Any], where: str, kind: type[Scenario] = Scenario) -> Scenario:
    """Return the scenario of a recipe.

    Raises
    ------
    KoubeiError
        When this version of the library cannot read it, or it was edited.
    """
    try:
        parts = dict(recipe["scenario"])
        orders = dict(parts.pop("order", {}))
        own = [name for name, _ in parts.pop("mechanisms", [])]
        known = {one.name: one for one in kind.mechanisms}
        kind = class_with(Scenario, [known.pop(n) for n in own if n in known] + [*known.values()])
        # JSON is kept sorted; the order of channels, nodes and products addresses draws.
        for name, order in orders.items():
            parts[name] = {entry: parts[name][entry] for entry in order}
        own_people = "agents" in (recipe.get("supplied") or {})
        missing = set(own) - {one.name for one in kind.mechanisms}
        if not missing:
            scenario = kind.from_dict(parts, own_people)
    except (KoubeiError, KeyError, TypeError, ValueError) as error:
        raise KoubeiError(where, f"its scenario cannot be read ({error})") from None
    if missing:
        names = ", ".join(name for name in own if name in missing)
        raise KoubeiError(
            where,
            f"made with mechanisms of the user's own ({names}), which it cannot hold",
            fix=f"mechanisms=[{names}]",
        )
    provenance.check_seal(recipe, where)
    return scenario

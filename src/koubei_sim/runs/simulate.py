"""The one call between what a person writes and what comes back: `run`.

Reads the scenario, has its replicates made by a `Simulation`, and hands back a `Result`.  Every
wrong argument is refused in one line before any work.

Called by people, by the command line, and by everything that wants a whole result.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from koubei_sim import checks, storage
from koubei_sim.checks import Engine
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.files import is_preset
from koubei_sim.model.scenario.own import Mechanism
from koubei_sim.model.scenario.parameters import together
from koubei_sim.model.scenario.scenario import class_with
from koubei_sim.runs import archive, dataset
from koubei_sim.runs.fitting import check_memory, fitting_threads, useful_threads
from koubei_sim.runs.loading import scenario_of, stored_result
from koubei_sim.runs.options import options_from
from koubei_sim.runs.progress import Meter, Progress, apart
from koubei_sim.runs.result import Result
from koubei_sim.runs.simulation import Simulation

__all__ = ["check_memory", "fitting_threads", "run", "useful_threads"]


def run(
    scenario: Scenario | Result | Mapping[str, Any] | str | Path,
    replicates: int | None = None,
    rng: object = None,
    engine: Engine | None = None,
    networks: object = None,
    agents: Any = None,
    progress: bool | Progress | None = None,
    threads: int | None = None,
    out: str | Path | None = None,
    stream: bool = False,
    mechanisms: Sequence[Mechanism | str] = (),
    changes: Mapping[str, Any] | None = None,
    **more: Any,
) -> Result:
    """Run a scenario, or repeat a result.

    Parameters
    ----------
    scenario : Scenario, str, Path, Result or mapping
        A scenario, the name of a preset or the path of a TOML file; or something to repeat: a
        `Result`, its `data`, the folder of a saved one, or its recipe.  A repetition takes
        replicates, key and engine from there, where these are not given.
    replicates : int, optional
        Number of replicates, numbered from 0; 1 without it.  Replicate r is the same whether
        run alone or among others.
    rng : int, numpy.random.SeedSequence or Generator, optional
        Source of the 64-bit key of all randomness (SPEC 7); fresh entropy without it.  The key is
        recorded in the result.
    engine : {"compiled", "reference"}, optional
        Both give the same bytes; the reference one is some hundred times slower.
    networks : Network, mapping of str to Network, or graphs of other libraries, optional
        Graphs that replace those of the scenario, by channel.
    agents : data frame (pandas, polars), mapping of columns, or path, optional
        Table of people that replaces the drawn population, one row each.  Its index or a column
        (``label``, ``id``, ``name``, ... or what ``agents_by`` says) names people as the graphs
        do; without names, and graphs without labels, row i is person i.
    progress : bool or callable, optional
        True for a bar on stderr, None for one on a terminal and in a notebook; a callable is told
        (ticks done, ticks in all).
    threads : int, optional
        Replicates run side by side; where there are more threads than replicates, each run of
        100,000 people and more uses several itself.  As many as cores and memory allow without
        it.  The result does not depend on it.
    out : str or Path, optional
        Folder to save the result in, as `Result.save` does: whole or not at all.  A result that
        is there is replaced at the end; any other folder that is not empty is refused at once.
    stream : bool
        Write events to ``out`` while the run goes on, so that memory does not grow with them.
        The folder is the same to the byte; the result that comes back leaves its log there (see
        docs/results.md).  The compiled engine only.
    mechanisms : sequence of Mechanism, optional
        Mechanisms of your own, or names of those that installed packages bring, see
        docs/own-mechanisms.md; the scenario carries them on.
    changes : mapping of str to object, optional
        Values at dotted paths to change first: ``run("tiny", changes={"seeding.purity": 0.3})``.
    **more
        The same as words: ``run("tiny", ticks=30)``.

    Returns
    -------
    Result

    Raises
    ------
    KoubeiError
        For anything wrong with the arguments, in one line; also when the run would not fit into
        memory.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> first = kb.run("tiny", rng=7, ticks=20)
    >>> again = kb.run(first)
    >>> first.digest() == again.digest()
    True
    """
    changes = together(changes, more)
    own_people = agents is not None or getattr(networks, "agents", None) is not None
    scenario, recipe = _read(scenario, own_people, class_with(Scenario, mechanisms))
    if recipe:
        replicates = recipe.get("replicates") if replicates is None else replicates
        rng = recipe.get("key") if rng is None else rng
        engine = recipe.get("engine") if engine is None else engine
    number = checks.whole("replicates", 1 if replicates is None else replicates, 1)
    engine = "compiled" if engine is None else engine
    if changes:
        scenario = scenario.changed(changes, own_people)
    goal = _goal(out, stream, engine)
    options = options_from(rng, networks, agents, engine, threads, progress)
    supplied = options.inputs.supplied
    _same_supplied(recipe, supplied, bool(changes))
    simulation = options.simulation(scenario)
    simulation.check_memory(number)
    who = apart(lambda: simulation.who)
    started = time.perf_counter()
    with Meter(progress, number * scenario.ticks) as meter:
        if goal is not None and stream:
            return _streamed(goal, simulation, number, meter, started)
        histories = simulation.histories(range(number), meter)
    words: dict[str, Any] = {"supplied": supplied, "who": who, "notes": simulation.notes()}
    seconds = time.perf_counter() - started
    result = Result(scenario, options.key, options.engine, histories, **words, seconds=seconds)
    if goal is not None:
        result.save(goal)
    return result


# What is asked for ------------------------------------------------------------------------------


def _read(
    given: object, own_people: bool = False, kind: type[Scenario] = Scenario
) -> tuple[Scenario, dict[str, Any]]:
    """Return the scenario and, for a repetition, the recipe."""
    if isinstance(given, os.PathLike):
        given = checks.path("scenario", given)
    if isinstance(given, Scenario):
        return given.with_mechanisms(*kind.mechanisms), {}
    if isinstance(given, Result):
        # The recipe without its digest, which is not needed here and takes a pass over the log.
        known = {"replicates": given.replicates, "key": given.key, "engine": given.engine}
        return given.scenario.with_mechanisms(*kind.mechanisms), {
            **known,
            "supplied": given.supplied,
        }
    kept = getattr(given, "attrs", None)
    if isinstance(kept, Mapping) and dataset.RECIPE in kept:
        given = dataset.recipe_in(kept)
    if isinstance(given, Mapping):
        if "scenario" not in given or "key" not in given:
            return kind.from_dict(given, own_people), {}
        recipe = dict(given)
        return scenario_of(recipe, "recipe", kind), recipe
    if isinstance(given, (str, Path)):
        if storage.is_result(given):
            recipe = archive.read_recipe(given)
            return scenario_of(recipe, str(given), kind), recipe
        if not is_preset(str(given)) and checks.path("scenario", given).is_dir():
            storage.folder_of(given)  # says what is missing
        return kind.load(given, own_people), {}
    raise KoubeiError(
        "scenario",
        "wrong type",
        got=type(given).__name__,
        allowed="Scenario, preset name, path, Result or recipe",
        fix="'tiny'",
    )


def _goal(out: str | Path | None, stream: object, engine: str) -> Path | None:
    """Return the folder to write, once it is sure that it may be written."""
    stream = checks.scalar(stream)
    if not isinstance(stream, bool):
        raise KoubeiError("stream", "wrong type", got=repr(stream), allowed="True or False")
    if out is None:
        if stream:
            raise KoubeiError("stream", "needs a folder to write events to", fix='out="folder"')
        return None
    if not isinstance(out, (str, os.PathLike)):
        raise KoubeiError("out", "wrong type", got=type(out).__name__, allowed="a path")
    if stream and engine == "reference":
        raise KoubeiError(
            "stream",
            "only the compiled engine streams (it gives the same bytes)",
            got=engine,
            fix='engine="compiled"',
        )
    goal = checks.path("out", out)
    storage.check_goal(goal)
    return goal


def _same_supplied(recipe: Mapping[str, Any], supplied: Mapping[str, str], changed: bool) -> None:
    """Refuse a repetition without the networks and people of the result; others, if unchanged."""
    for name, digest in (recipe.get("supplied") or {}).items():
        if name not in supplied:
            same = f"supplying the same {name} (digest {digest[:12]})"
            raise KoubeiError(
                name,
                f"the result was made with {name} of your own, which its recipe cannot hold",
                fix=f"{same}, or its scenario alone, to draw them" if changed else same,
            )
        if supplied[name] != digest and not changed:
            raise KoubeiError(
                name,
                "not the ones the result was made with",
                got=f"digest {supplied[name][:12]}",
                allowed=f"digest {digest[:12]}",
            )


def _streamed(
    goal: Path, simulation: Simulation, replicates: int, meter: Meter, started: float
) -> Result:
    """Run with the log going to the disk; the folder is there when all is over, or not at all."""
    scenario, who = simulation.scenario, simulation.who
    made_of = scenario, simulation.key, simulation.engine
    with storage.whole_folder(goal) as folder:
        with archive.EventStream(
            folder / storage.EVENTS, dataset.rows_of(scenario, who.names)
        ) as log:
            histories = simulation.histories(range(replicates), meter, log)
        tables = [(history.table, history.quality, history.difficulty) for history in histories]
        words: dict[str, Any] = {
            "supplied": simulation.inputs.supplied,
            "who": who,
            "notes": simulation.notes(),
            "seconds": time.perf_counter() - started,
        }
        made = stored_result(*made_of, tables, folder / storage.EVENTS, **words)
        made.settle(folder)
    return stored_result(*made_of, tables, goal / storage.EVENTS, digest=made.digest(), **words)

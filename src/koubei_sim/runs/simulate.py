"""The one call between what a person writes and what comes back: `run`.

Reads the scenario, makes the world (population and networks once, where replicates share them),
runs the replicates on one of the two engines, side by side in threads where asked, and hands
back a `Result`.  Every wrong argument is refused in one line before any work.

Called by people, by the command line, and by everything that runs many scenarios.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from koubei_sim import checks, provenance
from koubei_sim.core.draws import key_from
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.own import Mechanism, class_with
from koubei_sim.model.world import build
from koubei_sim.model.world.arrays import History
from koubei_sim.model.world.population import Who
from koubei_sim.runs import archive, dataset
from koubei_sim.runs.fitting import check_memory, fitting_threads, useful_threads
from koubei_sim.runs.loading import scenario_of, stored_result
from koubei_sim.runs.notes import notes_of
from koubei_sim.runs.progress import Meter, Progress, progress_bar
from koubei_sim.runs.result import Result
from koubei_sim.runs.waiting import alone, in_order

__all__ = [
    "as_networks",
    "check_memory",
    "fitting_threads",
    "progress_bar",
    "run",
    "useful_threads",
]

ENGINES = ("compiled", "reference")
_Engine = Callable[..., History]


def run(
    scenario: Scenario | Result | Mapping[str, Any] | str | Path,
    replicates: int | None = None,
    rng: object = None,
    engine: str | None = None,
    networks: object = None,
    agents: Any = None,
    progress: bool | Progress | None = None,
    threads: int = 1,
    out: str | Path | None = None,
    stream: bool = False,
    mechanisms: Sequence[Mechanism] = (),
    **changes: Any,
) -> Result:
    """Run a scenario, or repeat a result.

    Parameters
    ----------
    scenario : Scenario, str, Path, Result or mapping
        A scenario, the name of a preset or the path of a TOML file; or something to repeat: a
        `Result`, the folder of a saved one, or its recipe.  A repetition takes replicates, key
        and engine from there, where these are not given.
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
        True for a bar on stderr; a callable is told (ticks done, ticks in all).
    threads : int
        Replicates run side by side; where there are more threads than replicates, each run of
        100,000 people and more uses several itself.  The result does not depend on it.
    out : str or Path, optional
        Folder to save the result in, as `Result.save` does: whole or not at all.  A result that
        is there is replaced at the end; any other folder that is not empty is refused at once.
    stream : bool
        Write events to ``out`` while the run goes on, so that memory does not grow with them.
        The folder is the same to the byte; the result that comes back leaves its log there (see
        docs/results.md).  The compiled engine only.
    mechanisms : sequence of Mechanism, optional
        Mechanisms of your own, see docs/own-mechanisms.md; the scenario carries them on.
    **changes
        Values at dotted paths to change first: ``run("tiny", **{"seeding.purity": 0.3})``.

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
    kind = class_with(Scenario, mechanisms)
    scenario, recipe = _read(scenario, agents is not None, kind)
    if recipe:
        replicates = recipe.get("replicates") if replicates is None else replicates
        rng = recipe.get("key") if rng is None else rng
        engine = recipe.get("engine") if engine is None else engine
    number = _whole("replicates", 1 if replicates is None else replicates)
    threads, within = _shared_out(_whole("threads", threads), number)
    engine = _engine("compiled" if engine is None else engine)
    if changes:
        scenario = scenario.changed(changes, agents is not None)
    key = _key(rng)
    _check_progress(progress)
    goal = _goal(out, stream, engine)
    given = None if networks is None else alone(lambda: as_networks(networks))
    supplied = _supplied(given, agents)
    if not changes:
        _same_supplied(recipe, supplied)
    check_memory(scenario, 1 if scenario.shared_world else threads, threads, number)
    given = alone(lambda: build.with_files(scenario, given))
    who = alone(lambda: build.who_is_who(scenario, given, agents))
    started = time.perf_counter()
    with Meter(progress, number, scenario) as meter:
        run_engine = _engine_function(engine, within)
        work = partial(_replicates, scenario, key, number, run_engine, given, who, meter, threads)
        if goal is not None and stream:
            return _streamed(goal, work, (scenario, key, engine), supplied, who, started)
        histories = work()
    seconds = time.perf_counter() - started
    words: dict[str, Any] = {"supplied": supplied, "who": who, "notes": notes_of(scenario, who)}
    result = Result(scenario, key, engine, histories, **words, seconds=seconds)
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
    if isinstance(given, Mapping):
        if "scenario" not in given or "key" not in given:
            return kind.from_dict(given, own_people), {}
        recipe = dict(given)
        return scenario_of(recipe, "recipe", kind), recipe
    if isinstance(given, (str, Path)):
        if archive.is_result(given):
            recipe = archive.read_recipe(given)
            return scenario_of(recipe, str(given), kind), recipe
        if str(given) not in Scenario.presets() and checks.path("scenario", given).is_dir():
            archive.folder_of(given)  # says what is missing
        return kind.load(given, own_people), {}
    raise KoubeiError(
        "scenario",
        "wrong type",
        got=type(given).__name__,
        allowed="Scenario, preset name, path, Result or recipe",
        fix="'tiny'",
    )


def _whole(where: str, value: object) -> int:
    found = checks.scalar(value)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int):
        raise KoubeiError(
            where,
            "must be a whole number",
            got=checks.shown(value),
            allowed="1 or more",
            fix="1",
        )
    if found < 1:
        raise KoubeiError(where, "out of range", got=found, allowed="1 or more", fix="1")
    return found


def _key(rng: object) -> int:
    found = rng
    if getattr(rng, "ndim", None) == 0:
        found = checks.scalar(rng)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    try:
        return key_from(found)
    except (ValueError, TypeError) as error:
        raise _as_koubei("rng", error) from None


def _check_progress(progress: object) -> None:
    if progress is not None and not isinstance(progress, bool) and not callable(progress):
        raise KoubeiError(
            "progress",
            "wrong type",
            got=checks.shown(progress),
            allowed="True, False or what is called with (ticks done, ticks in all)",
        )


def _engine(name: object) -> str:
    if name not in ENGINES:
        raise KoubeiError(
            "engine",
            "unknown engine",
            got=name,
            allowed=", ".join(ENGINES),
            fix=nearest(str(name), ENGINES) or ENGINES[0],
        )
    return str(name)


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
    if stream and engine != "compiled":
        raise KoubeiError(
            "stream",
            "only the compiled engine streams (it gives the same bytes)",
            got=engine,
            fix='engine="compiled"',
        )
    goal = checks.path("out", out)
    archive.check_goal(goal)
    return goal


def _as_koubei(where: str, error: Exception) -> KoubeiError:
    """Turn the one-line message of a low room (``where: what, ...``) into our error."""
    said = str(error)
    return KoubeiError(where, said.removeprefix(f"{where}: "))


def _supplied(networks: object, agents: object) -> dict[str, str]:
    digests = {}
    if networks is not None:
        digests["networks"] = provenance.network_digest(networks)
    if agents is not None:
        digests["agents"] = provenance.agents_digest(agents)
    return digests


def as_networks(networks: object) -> object:
    """Return graphs of other libraries as networks: one, or one for each channel."""
    from koubei_sim.networks import as_network

    if isinstance(networks, Mapping):
        return {name: as_network(network) for name, network in networks.items()}
    return as_network(networks)


def _same_supplied(recipe: Mapping[str, Any], supplied: Mapping[str, str]) -> None:
    for name, digest in (recipe.get("supplied") or {}).items():
        if name not in supplied:
            raise KoubeiError(
                name,
                f"the result was made with {name} of your own, which its recipe cannot hold",
                fix=f"supplying the same {name} (digest {digest[:12]})",
            )
        if supplied[name] != digest:
            raise KoubeiError(
                name,
                "not the ones the result was made with",
                got=f"digest {supplied[name][:12]}",
                allowed=f"digest {digest[:12]}",
            )


# The work ---------------------------------------------------------------------------------------


def _shared_out(threads: int, replicates: int) -> tuple[int, int]:
    """Return how many replicates run side by side, and on how many threads each."""
    side_by_side = min(threads, replicates)
    return side_by_side, threads // side_by_side


def _engine_function(name: str, threads: int) -> _Engine:
    if name == "reference":
        from koubei_sim.model.reference import run_reference

        return run_reference
    from koubei_sim.model.compiled import run_compiled

    return partial(run_compiled, threads=threads)


def _streamed(
    goal: Path,
    work: Callable[[archive.EventStream], list[History]],
    made_of: tuple[Scenario, int, str],
    supplied: dict[str, str],
    who: Who,
    started: float,
) -> Result:
    """Run with the log going to the disk; the folder is there when all is over, or not at all."""
    with archive.whole_folder(goal) as folder:
        with archive.EventStream(
            folder / archive.EVENTS, dataset.rows_of(made_of[0], who.names)
        ) as log:
            histories = work(log)
        tables = [(history.table, history.quality, history.difficulty) for history in histories]
        words: dict[str, Any] = {
            "supplied": supplied,
            "who": who,
            "notes": notes_of(made_of[0], who),
            "seconds": time.perf_counter() - started,
        }
        made = stored_result(*made_of, tables, folder / archive.EVENTS, **words)
        made.settle(folder)
    return stored_result(*made_of, tables, goal / archive.EVENTS, digest=made.digest(), **words)


def _replicates(
    scenario: Scenario,
    key: int,
    replicates: int,
    run_engine: _Engine,
    networks: object,
    who: Who,
    meter: Meter,
    threads: int,
    log: archive.EventStream | None = None,
) -> list[History]:
    shared: dict[str, Any] = {"networks": networks}
    if scenario.shared_world:
        shared = alone(lambda: _shared(scenario, key, networks, who))

    def one(replicate: int) -> History:
        meter.check()
        try:
            world = build.build_world(scenario, key, replicate, agents=who, **shared)
            if log is None:
                return run_engine(world, meter.callback(replicate))
            history = run_engine(world, meter.callback(replicate), log.sink(replicate))
            log.finish(replicate)
            return history
        except BaseException:
            meter.stop()
            raise

    return in_order(one, replicates, threads, meter.stop)


def _shared(scenario: Scenario, key: int, networks: object, who: Who) -> dict[str, Any]:
    """Return population and graphs, where all replicates share them."""
    population = build.build_population(scenario, key, 0, who)
    drawn = build.complete_networks(scenario, networks, key, 0, population)
    return {"population": population, "graphs": build.build_graphs(scenario, drawn, population)}

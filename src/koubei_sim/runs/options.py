"""What every door that runs the model takes, checked in one place.

``rng``, ``networks``, ``agents``, ``engine``, ``threads`` and ``progress`` mean the same wherever
they stand, and are refused in the same words: a door hands them to `RunOptions` and makes its
`Simulation` from it.  The other checks here are shared by several doors, too.
Called by `run`, `fork`, `KoubeiModel`, `run_partitioned` and every study.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from koubei_sim import checks
from koubei_sim.checks import Engine
from koubei_sim.core.draws import key_from
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import check_measure
from koubei_sim.model.scenario import Scenario
from koubei_sim.runs.inputs import Inputs
from koubei_sim.runs.progress import Progress, apart
from koubei_sim.runs.simulation import ENGINES, Outcome, Simulation, takes

#: Threads or processes at most; each takes memory, and none makes more cores.
MOST_WORKERS: Final = 1_024


@dataclass(frozen=True, eq=False)
class RunOptions:
    """How the model is run, whatever is asked of it.

    Attributes
    ----------
    key : int
        The 64-bit key of all randomness.
    networks, agents : optional
        Graphs and people of one's own, as they were handed over; or an `Inputs` as `networks`,
        which has both.
    engine : {"compiled", "reference"}
        Both give the same bytes; the reference one is some hundred times slower.
    threads : int or None
        Replicates side by side, and what is left over inside large runs; None: as many as cores
        and memory allow.  No result depends on it.
    progress : bool, callable or None
        True for a bar on stderr; a callable is told (done, in all).
    """

    key: int
    networks: object = None
    agents: Any = None
    engine: Engine = "compiled"
    threads: int | None = None
    progress: bool | Progress | None = None

    @cached_property
    def inputs(self) -> Inputs:
        """Networks and people, converted and digested once for all that is run."""
        if isinstance(self.networks, Inputs):
            return self.networks
        return apart(Inputs, self.networks, self.agents)

    @property
    def own_people(self) -> bool:
        """Whether a table of people is handed over, whose shares then count."""
        given = self.networks.agents if isinstance(self.networks, Inputs) else self.agents
        return given is not None

    def simulation(self, scenario: Scenario) -> Simulation:
        """Return the maker of the replicates of a scenario."""
        return Simulation(scenario, self.key, self.inputs, self.engine, self.threads)


def options_from(
    rng: object = None,
    networks: object = None,
    agents: Any = None,
    engine: object = "compiled",
    threads: object = None,
    progress: Any = None,
) -> RunOptions:
    """Check the words that all doors share; networks and people when `inputs` is asked for.

    Raises
    ------
    KoubeiError

    Examples
    --------
    >>> options_from(rng=7, threads=2).key
    7
    >>> options_from(engine="compield")
    Traceback (most recent call last):
    ...
    koubei_sim.errors.KoubeiError: engine: unknown, got 'compield', allowed 'compiled', ...
    """
    engine = checks.word("engine", engine, ENGINES)
    threads = threads_of(threads)
    check_progress(progress)
    return RunOptions(key_of(rng), networks, agents, engine, threads, progress)


def key_of(rng: object) -> int:
    """Return the key of `rng`, with our error for a wrong one; 7.0 is 7."""
    found = checks.scalar(rng)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    try:
        return key_from(found)
    except (ValueError, TypeError) as error:
        raise KoubeiError("rng", str(error).removeprefix("rng: ")) from None


def threads_of(given: object) -> int | None:
    """Return a number of threads that a system can start; None: as many as fit."""
    return None if given is None else checks.whole("threads", given, 1, MOST_WORKERS)


check_progress = checks.progress


def refused(where: str, given: object, usual: object, why: str, fix: str | None = None) -> None:
    """Refuse a shared word at a door where it can only have its usual value.

    Raises
    ------
    KoubeiError
    """
    if given is not None and given != usual:
        raise KoubeiError(where, why, got=checks.shown(given), fix=fix)


def scenario_from(where: str, given: object, own_people: bool = False) -> Scenario:
    """Return the scenario that somebody named: itself, a preset, a path, a dict or a result.

    With `own_people` a table of people is handed over beside it.
    """
    if isinstance(given, Scenario):
        return given
    if hasattr(given, "histories") and hasattr(given, "scenario"):  # of a fork the last one
        found: Scenario = given.scenario
        return found
    if isinstance(given, (str, os.PathLike)):
        return Scenario.load(Path(given), own_people)
    if isinstance(given, Mapping):
        return Scenario.from_dict(given, own_people)
    raise KoubeiError(
        where,
        "wrong type",
        got=type(given).__name__,
        allowed="Scenario, preset name, path, mapping or Result",
    )


def texts(where: str, given: object) -> list[str]:
    """Return names as a list: one alone, or several of a list, a column, an array, a mapping.

    Raises
    ------
    KoubeiError
        For anything else, and where one stands twice.

    Examples
    --------
    >>> texts("modules", "relays"), texts("modules", ("relays", "events"))
    (['relays'], ['relays', 'events'])
    """
    if isinstance(given, str):
        return [given]
    if isinstance(given, bytes) or not isinstance(given, Iterable):
        raise KoubeiError(where, "not names", got=repr(given), allowed="text, or a list of texts")
    found = list(given)
    wrong = next((name for name in found if not isinstance(name, str)), None)
    if wrong is not None or None in found:
        raise KoubeiError(where, "not a name", got=repr(wrong), allowed="text")
    if len(set(found)) < len(found):
        twice = next(name for name in found if found.count(name) > 1)
        raise KoubeiError(where, "one stands there twice", got=repr(twice))
    return [str(name) for name in found]


def outcome_from(outcome: object) -> Outcome:
    """Return a known measure, or the function that was given.

    It is called with a `Result` of one replicate, or, where it needs two things, with
    (history, scenario).

    Raises
    ------
    KoubeiError
    """
    if not callable(outcome):
        return check_measure(outcome)
    if not takes(outcome, 1) and not takes(outcome, 2):
        raise KoubeiError(
            "outcome", "takes neither a result nor history and scenario", got=repr(outcome),
            allowed="a function of (result) or (history, scenario)",
            fix="lambda result: float(result.data.users[0, -1])",
        )  # fmt: skip
    return outcome

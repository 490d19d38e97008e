"""`compare`: run scenarios under common random numbers, as often as an effect needs.

Every scenario is run under one key, so that all share the luck of every person.  With
`precision` replicates are added until the paired differences are known well enough.  What the
runs say stands in `comparison`.
Called by people.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from koubei_sim.checks import Backend, Engine, whole, word
from koubei_sim.checks import number as number_of
from koubei_sim.errors import KoubeiError
from koubei_sim.runs.fitting import check_kept
from koubei_sim.runs.options import options_from, outcome_from, scenario_from
from koubei_sim.runs.progress import Progress as Told
from koubei_sim.runs.simulation import Outcome
from koubei_sim.studies.compare.comparison import Comparison, Made
from koubei_sim.studies.compare.stored import keep_baseline
from koubei_sim.studies.sweep.engine import Study, Tell, execution_from, kept_key

#: Fewer replicates than this say too little about a spread to stop by it.
LEAST_FOR_PRECISION: Final = 10
#: Columns and indices of the tables and pages in which each scenario is a column, too.
COLUMNS: Final = frozenset((
    "changed", "description", "effect", "gain", "high", "interval", "kind", "low", "meaning", "n",
    "of", "outcome", "pairs", "parameter", "scenario", "share", "share_high", "share_low",
    "stratum", "tick", "unit",
))  # fmt: skip


def compare(
    scenarios: Mapping[str, Any] | Sequence[Any],
    replicates: int | None = None,
    rng: object = None,
    *,
    baseline: str | None = None,
    precision: float | None = None,
    outcome: Outcome = "users",
    at_most: int = 1000,
    networks: object = None,
    agents: Any = None,
    engine: Engine = "compiled",
    threads: int | None = None,
    out: str | Path | None = None,
    backend: Backend | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool | Tell | Told | None = None,
) -> Comparison:
    """Run scenarios under common random numbers, or put finished runs side by side.

    Parameters
    ----------
    scenarios : mapping of str to Scenario, preset name, path, Result or Fork
        Two or more, by names that are no columns of the tables (`COLUMNS`: ``low``, ``effect``,
        ...); a list of them gets the names of the scenarios, numbered where these are equal.
        Where all are finished runs (`Result`, `Fork`) nothing is run; they must have one key and
        equally many replicates.
    replicates : int, optional
        Replicates of each, 20 without it; with `precision`, those of the first look.
    rng : int, SeedSequence or Generator, optional
        Source of the common key.
    baseline : str, optional
        What the others are compared with; the first without it.
    precision : float, optional
        Half-width of the 95 % interval of the effect on `outcome` (`Comparison.effect`) at which it
        is known well enough; replicates are added until all effects are.  Of counts and money it
        is one of the logarithm: .1 is about 10 %.
    outcome : str or callable
        The outcome on which the effect is to be known: a measure (`metrics.measure`), or a function
        of a `Result` of one replicate.
    at_most : int
        Replicates after which no more are added.
    networks, agents, engine, threads, progress : optional
        As in `koubei_sim.run`, for all scenarios.
    out, backend, workers, scheduler : optional
        As in `sweep`: with a folder the same call again goes on with what is not finished.  It
        holds the histories of all runs.

    Returns
    -------
    Comparison

    Raises
    ------
    KoubeiError
        For wrong arguments, before anything is run.

    Notes
    -----
    An interval that is looked at until it is narrow covers a little less than 95 % (it tends to
    95 % as `precision` falls: Chow and Robbins 1965, Annals of Mathematical Statistics
    36:457-462); each look at least doubles the replicates or adds what the spread so far asks for.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> base = Scenario.load("tiny").replace(n_agents=400, ticks=20)
    >>> more = base.replace(**{"media.account.start": 2, "media.account.visibility": 0.5})
    >>> found = compare({"as it is": base, "advertised": more}, replicates=5, rng=1)
    >>> found.effect("adoptions").estimate > 1.0
    True
    >>> split = found.programme_value()
    >>> bool(abs(split.value - split.acceleration - split.expansion).max() < 1e-9)
    True
    """
    scenarios = _by_name(scenarios)
    names = list(scenarios)
    base = names[0] if baseline is None else word("baseline", baseline, names)
    execution = execution_from(out, backend, workers, scheduler, threads, progress)
    finished = [hasattr(given, "histories") for given in scenarios.values()]
    if all(finished):
        return Comparison(_side_by_side(scenarios, replicates, rng, precision, out), base)
    if any(finished):
        raise KoubeiError(
            "scenarios", "some are finished runs and some are not", fix="result.scenario"
        )
    outcome = outcome_from(outcome)
    number = whole("replicates", 20 if replicates is None else replicates, 1)
    options = options_from(kept_key(rng, execution.out), networks, agents, engine)
    at_most = whole("at_most", at_most, 1)
    if precision is not None:
        precision = number_of("precision", precision)
        _check_precision(precision, number, at_most)
    asked = {
        name: scenario_from(f"scenarios.{name}", given, options.own_people)
        for name, given in scenarios.items()
    }
    for scenario in asked.values():
        check_kept("replicates", scenario, number * len(asked))
        if precision is not None:
            check_kept("at_most", scenario, at_most * len(asked))
    most = number if precision is None else at_most
    handed = dict(options.inputs.digests)
    runs: dict[str, Any] = {name: Made(asked[name], options.key, [], handed) for name in names}
    have, at_once = 0, number * len(asked)
    with Study(options, execution) as study, study.cells(asked, most, at_once=at_once) as cells:
        if execution.out is not None:
            keep_baseline(execution.out, base)
        while True:
            new = [[point * most + r for r in range(have, number)] for point in range(len(asked))]
            study.meter.expect((number - have) * len(asked))
            cells.do([run for of_one in new for run in of_one])
            for run, of_one in zip(runs.values(), new):
                run.histories.extend(map(cells.history, of_one))
            have = number
            found = Comparison(dict(runs), base, "replicates")
            if precision is None:
                return found
            gaps = [found.effect(outcome, name) for name in found.names[1:]]
            if all(gap.half_width <= precision for gap in gaps):
                return Comparison(found.runs, base, "precision", found._outcomes)
            if have >= at_most:
                return Comparison(found.runs, base, "at_most", found._outcomes)
            number = _next_look(have, max(gap.half_width for gap in gaps) / precision, at_most)


def _next_look(have: int, too_wide: float, at_most: int) -> int:
    """Return how many replicates there should be, by how many times too wide an interval is."""
    wanted = have * too_wide**2 if math.isfinite(too_wide) else 2 * have
    return int(min(at_most, 2 * have, max(have + 2, math.ceil(wanted))))


def _by_name(given: Any) -> dict[str, Any]:
    """Return what is compared by name."""
    if isinstance(given, Mapping):
        found = dict(given)
        wrong = next((name for name in found if not isinstance(name, str)), None)
        if wrong is not None or None in found:
            raise KoubeiError("scenarios", "a name must be text", got=repr(wrong))
    elif isinstance(given, (list, tuple)) or type(given).__name__ in ("ndarray", "Series"):
        if hasattr(given, "items") and all(isinstance(name, str) for name in given.index):
            return _by_name(dict(given.items()))  # a column with names of its own
        given = list(given)
        names = [_name_of(entry, at) for at, entry in enumerate(given)]
        found = {
            name if names.count(name) == 1 else f"{name} {names[: at + 1].count(name)}": entry
            for at, (name, entry) in enumerate(zip(names, given, strict=True))
        }
    else:
        raise KoubeiError(
            "scenarios", "not several scenarios", got=type(given).__name__,
            allowed="a mapping of names to scenarios or results, or a list of them",
        )  # fmt: skip
    taken = next((name for name in found if name in COLUMNS), None)
    if taken is not None:
        raise KoubeiError(
            "scenarios",
            "a name that is a column of the tables",
            got=taken,
            fix=f"'scenario {taken}'",
        )
    if len(found) < 2:
        raise KoubeiError("scenarios", "too few", got=len(found), allowed="2 or more")
    return found


def _name_of(entry: Any, at: int) -> str:
    if isinstance(entry, (str, os.PathLike)):
        return Path(entry).stem
    scenario = entry.scenario if hasattr(entry, "histories") else entry
    return str(getattr(scenario, "name", None) or f"scenario {at}")


def _check_precision(precision: float, number: int, at_most: int) -> None:
    if not precision > 0.0:
        raise KoubeiError("precision", "out of range", got=precision, allowed="above 0")
    if number < LEAST_FOR_PRECISION:
        raise KoubeiError(
            "replicates",
            "too few to judge a spread by",
            got=number,
            allowed=f"{LEAST_FOR_PRECISION} or more with precision",
            fix=str(LEAST_FOR_PRECISION),
        )
    if at_most < number:
        raise KoubeiError("at_most", "fewer than the first look", got=at_most, fix=str(number))


def _side_by_side(runs: Mapping[str, Any], *given_with: object) -> dict[str, Any]:
    for where, given in zip(("replicates", "rng", "precision", "out"), given_with):
        if given is not None:
            raise KoubeiError(where, "means nothing where all runs are finished", got=given)
    first = next(iter(runs.values()))
    for name, run in runs.items():
        if run.key != first.key:
            raise KoubeiError(
                f"scenarios.{name}",
                "run with another key, so that it shares no luck with the first",
                got=run.key,
                allowed=str(first.key),
                fix=f"rng={first.key}",
            )
        if len(run.histories) != len(first.histories):
            raise KoubeiError(
                f"scenarios.{name}",
                "another number of replicates than the first",
                got=len(run.histories),
                allowed=str(len(first.histories)),
            )
    return dict(runs)

"""`calibrate`: find the parameters with which a scenario meets its targets, and how surely.

Checks everything, hands the fit only what it may see (targets that are not held out, on days no
later than theirs), and returns a `Calibration`.  With a folder, a killed calibration goes on where
it was and ends with the same numbers.  Called by people and by ``koubei calibrate``.

`bass_start` and `ranges_around` say where to begin: in the Bass limit of the model (one board that
everybody reads, own media) own media win a share ``1 - exp(-p)`` of the others each day and a
message persuades with ``1 - exp(-q)``; elsewhere the two are a place to begin a search or a prior.

References
----------
Srinivasan, V. and Mason, C. H. (1986), Marketing Science 5, 169-178.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim._version import __version__
from koubei_sim.checks import Backend, Engine, number, one_of, whole, word, yes_no
from koubei_sim.core.progress import progress_bar
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.runs.options import options_from, scenario_from
from koubei_sim.storage import PARTIAL, CannotWrite, whole_file
from koubei_sim.studies.calibration import abc, optimise
from koubei_sim.studies.calibration.abc import Batch, Particles
from koubei_sim.studies.calibration.baselines import Beside, fit_baselines
from koubei_sim.studies.calibration.calibration import Calibration
from koubei_sim.studies.calibration.forecast import Told, series_of
from koubei_sim.studies.calibration.simulator import Model, ranges_from, shortened
from koubei_sim.studies.calibration.targets import Targets, check_told, moment_from, targets_from
from koubei_sim.studies.design.points import few_enough
from koubei_sim.studies.design.priors import check_spread
from koubei_sim.studies.design.values import Range
from koubei_sim.studies.sweep.engine import Execution, execution_from
from koubei_sim.studies.sweep.journal import SweepStopped


def bass_start(scenario: Any, targets: Any, media: str, channel: str) -> dict[str, float]:
    """Return start values for a medium and a channel from the points that a fit may see.

    Parameters
    ----------
    scenario : Scenario, preset name, path or mapping
    targets : Targets or sequence of Target
        The first series among them is taken; points held out are not looked at.
    media, channel : str
        Names of the medium that stands for outside influence and of the channel that stands for
        imitation.

    Returns
    -------
    dict of str to float
        ``media.<media>.persuasion``, of those who see it, and ``channels.<channel>.persuasion``.

    Raises
    ------
    KoubeiError
        For unknown names, or fewer than four points.

    Examples
    --------
    >>> import numpy as np
    >>> from koubei_sim.studies.calibration import Targets
    >>> from koubei_sim.theory import bass
    >>> days = np.arange(0, 400, 40)
    >>> curve = Targets.series(days, 1.0 + 20_000 * bass.cumulative(days, 0.0015, 0.019))
    >>> found = bass_start("bass", curve, "advertising", "market")
    >>> {path: round(value, 6) for path, value in found.items()}
    {'media.advertising.persuasion': 0.001499, 'channels.market.persuasion': 0.019}
    """
    base = scenario_from("scenario", scenario)
    for name, table in ((media, "media"), (channel, "channels")):
        one_of(table, name, getattr(base, table), "no such entry")
    series = series_of(targets_from(targets).seen, base)
    if not series:
        raise KoubeiError("targets", "no series among them", fix="Targets.series")
    days, counts = series[0].days, series[0].counts
    (fit,) = fit_baselines(days - days[0], counts, names=["bass"])
    if fit.curve is None:
        raise KoubeiError("targets", f"Bass cannot be fitted, {fit.note}")
    p, q, _ = fit.values
    seen = base.media[media].visibility or 1.0
    return {
        f"media.{media}.persuasion": min(1.0, -math.expm1(-p) / seen),
        f"channels.{channel}.persuasion": min(1.0, q),  # of a post that was read
    }


def ranges_around(start: Mapping[str, float], spread: float = 5.0) -> dict[str, Range]:
    """Return priors around start values: uniform in the logarithm, a factor `spread` either way.

    Cut at 1, since start values are probabilities.

    Examples
    --------
    >>> ranges_around({"media.advertising.persuasion": 0.01})["media.advertising.persuasion"]
    Range(low=0.002, high=0.05, log=True, whole=False, choices=())
    """
    spread = check_spread(spread)
    return {
        path: Range(value / spread, min(1.0, value * spread), True) for path, value in start.items()
    }


def share_of(path: str, found: Range, value: Any) -> float:
    """Return the share of a range that lies below a value: the inverse of `Range.at`.

    Raises
    ------
    KoubeiError
        For a value outside the range.

    Examples
    --------
    >>> round(share_of("x", Range(1.0, 100.0, log=True), 10.0), 9)
    0.5
    """
    value = number(f"start: {path}", value)
    if not found.low <= value <= found.high:
        raise KoubeiError(
            f"start: {path}", "outside its range", got=value, allowed=f"{found.low}..{found.high}"
        )
    low, high = float(found.low), float(found.high)
    if found.whole:
        low, high = low - 0.5, high + 0.5
    if found.log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


FloatArray = NDArray[np.float64]
METHODS: Final = ("abc-smc", "abc", "optuna")
#: What the folder of a calibration says about itself.
PLAN: Final = "calibration.json"
#: Told (runs done so far, name of the batch).
Tell = Callable[[int, str], None]


def calibrate(
    scenario: Any,
    targets: Any,
    ranges: Any,
    *,
    method: Literal["abc-smc", "abc", "optuna"] = "abc-smc",
    particles: int = 200,
    simulations: int = 4_000,
    generations: int = 5,
    quantile: float = 0.5,
    replicates: int = 1,
    adjust: bool = True,
    start: Mapping[str, float] | None = None,
    rng: object = None,
    out: str | Path | None = None,
    engine: Engine = "compiled",
    networks: object = None,
    agents: Any = None,
    backend: Backend = "threads",
    workers: int | None = None,
    threads: int | None = None,
    progress: bool | Tell | None = None,
    baseline_start: tuple[Any, float] | None = None,
    wave_gap: float | None = None,
    beside: tuple[str, Any, Any] | None = None,
) -> Calibration:
    """Fit parameters of a scenario to targets.

    Parameters
    ----------
    scenario : Scenario, preset name, path or mapping
    targets : Targets or sequence of Target
        Those with ``hold_out`` or weight 0 are not shown to the fit.
    ranges : mapping of str to range, or list of str
        The prior: dotted path -> ``(low, high)``, ``(low, high, "log")`` or `Range`; paths alone
        get the ranges of `prior_sample`.  Independent and uniform (in the logarithm).
    method : {"abc-smc", "abc", "optuna"}
        Sequential Monte Carlo (a posterior), rejection (a posterior, dearer and simpler), or a
        search for one best point.
    particles : int
        Particles of the posterior.
    simulations : int
        Parameter sets simulated at most; all of them are for ``abc`` (of which the nearest
        `particles` are kept) and for ``optuna``.
    generations, quantile : int, float
        ``abc-smc``: at most so many generations; each accepts what is nearer than this quantile
        of the distances before.
    replicates : int
        Runs averaged for each parameter set.
    adjust : bool
        Whether the posterior is adjusted by local linear regression (Beaumont, Zhang and Balding
        2002).
    start : mapping of str to float, optional
        For ``optuna``: values of the first trial, such as those of `bass_start`; parameters
        without one begin in the middle of their range.
    rng : int, SeedSequence or Generator, optional
        Source of the key; fresh entropy without it, or the key of the folder `out`.
    out : path, optional
        Folder of journals; the same call again resumes.
    engine, networks, agents, backend, workers, threads : see `sweep`
    progress : bool or callable, optional
        True for a line on stderr; a callable is told (runs done, name of the batch).
    baseline_start : (date or day, count), optional
        An observed point before the run that only the baselines see.
    wave_gap : float, optional
        Days between two waves, where something else says so (baseline ``two_logistic_dated``).
    beside : (name, dates or days, counts), optional
        Another series that goes with the counts, cumulative: the baseline ``beside`` is this
        series and a constant, and knows it on later days too.

    Returns
    -------
    Calibration

    Raises
    ------
    KoubeiError
        For whatever is wrong with the arguments, before anything runs.
    SweepStopped
        When it cannot go on (disk full, a worker killed); what was done is kept.

    Notes
    -----
    With ``abc`` and ``abc-smc`` every particle has luck of its own, so that the posterior does not
    hang on one draw of the luck; ``optuna`` gives all trials the same luck, so that they differ by
    their parameters alone.  Population and networks are one draw for all where the scenario says
    ``shared_world``.

    Examples
    --------
    >>> from koubei_sim.studies.calibration import Target, calibrate
    >>> seen = Target("users", 300.0, 0.1, "users@20", "empirical-output")
    >>> found = calibrate(
    ...     "tiny",
    ...     [seen],
    ...     {"seeding.number": (50, 400)},
    ...     method="abc",
    ...     particles=10,
    ...     simulations=20,
    ...     rng=7,
    ... )
    >>> found.posterior.shape
    (10, 3)
    """
    options = options_from(rng, networks, agents, engine)
    base = scenario_from("scenario", scenario, options.own_people)
    wanted = targets_from(targets)
    prior = ranges_from(base, ranges)
    wanted.check(base)
    if not {"n_agents", "people_per_agent"} & set(prior):
        wanted.check_values(base)
    if all(entry.hold_out or not entry.weight for entry in wanted):
        raise KoubeiError("targets", "all are held out or without weight: nothing to fit")
    seen = wanted.seen
    quantile = number("quantile", quantile, 0.0, 1.0)
    execution = _check(method, quantile, adjust, (out, backend, workers, threads, progress))
    first = _first(start, prior, method)
    told = Told(
        None if baseline_start is None else _origin(baseline_start, base),
        None if wave_gap is None else number("wave_gap", wave_gap, 0.0),
        None if beside is None else _beside(beside, base),
    )
    particles, simulations = whole("particles", particles, 1), whole("simulations", simulations, 1)
    generations, replicates = (
        whole("generations", generations, 1),
        whole("replicates", replicates, 1),
    )
    few_enough(simulations * replicates, "simulations")
    if method != "optuna" and simulations < particles:
        raise KoubeiError("simulations", "fewer than particles", got=simulations,
                          allowed=f"{particles} or more")  # fmt: skip
    folder = execution.out
    check_told(wanted, folder)
    stored = stored_plan(folder)
    key = int(stored["key"]) if rng is None and stored else options.key
    short = shortened(base, seen)
    plan = {
        "version": __version__, "method": method, "particles": particles, "key": key,
        "simulations": simulations, "generations": generations, "quantile": quantile,
        "replicates": replicates, "scenario": short.digest(),
        "start": None if first is None else first.tolist(),
        "ranges": {path: repr(found) for path, found in prior.items()},
        "targets": [
            [t.name, t.value, t.tolerance, t.said, t.weight, t.log] for t in seen
        ],
    }  # fmt: skip
    options = replace(options, key=key, networks=options.inputs, agents=None)
    if options.inputs:  # a plan without has the digest that it always had
        plan["supplied"] = options.inputs.digests
    if options.engine != "compiled":
        plan["engine"] = options.engine
    keep_plan(folder, plan, stored)
    with BatchMeter(progress) as tell:
        model = Model(base, prior, options, replicates, execution, tell)
        model_of_fit = replace(model, scenario=short)
        if method == "optuna":
            fitted = _search(model_of_fit, seen, simulations, first)
        else:
            sizes = (particles, simulations, generations, quantile)
            fitted = draw_posterior(model_of_fit, seen, method, sizes)
    generation, last, best, simulated, trials = fitted
    if adjust and method != "optuna":
        last = abc.adjusted(last)
    model = replace(model, tell=None)
    return Calibration(model, wanted, method, generation, last, best, simulated, trials, told)


class _Fit(NamedTuple):
    """What a fit gives: generations, posterior, best shares, simulated sets, trials."""

    generations: list[Particles]
    particles: Particles
    best: FloatArray
    simulated: int
    trials: tuple[FloatArray, FloatArray] | None = None


def draw_posterior(
    model: Any, seen: Targets, method: str, options: tuple[int, int, int, float]
) -> _Fit:
    """Draw a posterior; `model` is a `Model` or a `RuleModel`."""
    particles, simulations, generations, quantile = options
    gone: list[tuple[float, FloatArray, int]] = []

    def simulate(batch: Batch) -> FloatArray:
        name = f"generation-{batch.generation:02d}-{batch.turn:03d}"
        values = model.statistics(batch.shares, seen, name, batch.first_luck)
        near = seen.distance(values)
        at = int(np.argmin(near))
        gone.append((float(near[at]), batch.shares[at], len(near)))
        return seen.gaps(values)

    def distance(gaps: FloatArray) -> FloatArray:
        weights = np.array([entry.weight for entry in seen])
        with np.errstate(invalid="ignore"):
            squares = (gaps**2) @ (weights / weights.sum())
        return np.where(np.isfinite(squares), np.sqrt(squares), np.inf)

    wide = len(model.paths)
    if method == "abc":
        found = [abc.rejection(simulate, distance, wide, model.key, simulations, particles)]
    else:
        first = max(1, min(2, simulations // particles))
        found = abc.sequential(
            simulate, distance, wide, model.key, particles, generations, quantile,
            most=simulations, first=first,
        )  # fmt: skip
    best = min(gone, key=lambda entry: entry[0])[1]
    return _Fit(found, found[-1], best, sum(number for _, _, number in gone))


def _search(model: Model, seen: Targets, simulations: int, first: FloatArray | None) -> _Fit:
    """Look for one best point."""
    memory = replace(model, execution=replace(model.execution, out=None))

    def objective(shares: FloatArray) -> float:
        values = memory.statistics(shares[None, :], seen, "trial", own_luck=False)
        return float(seen.distance(values)[0])

    mark = f"{model.scenario.digest()}:{model.key}:{len(seen)}"
    shares, distances = optimise.search(
        objective, model.paths, model.key, simulations, model.execution.out, mark, first=first
    )
    at = int(np.argmin(distances))
    none = np.zeros((1, len(seen)))
    best = Particles(
        shares[at : at + 1], np.ones(1), none, distances[at : at + 1], float(distances[at]), 0,
        len(distances), np.zeros(1, dtype=np.int64),
    )  # fmt: skip
    return _Fit([], best, shares[at], len(distances), (shares, distances))


# What is asked for, and the folder ------------------------------------------------------------


def _check(
    method: object,
    quantile: float,
    adjust: object,
    how: tuple[Any, ...],
) -> Execution:
    out, backend, workers, threads, progress = how
    word("method", method, METHODS)
    if not 0.0 < quantile < 1.0:
        raise KoubeiError("quantile", "out of range", got=quantile, allowed="between 0 and 1")
    yes_no("adjust", adjust)
    if backend == "dask":
        raise KoubeiError("backend", "not for a calibration", got=backend, allowed="threads, loky")
    return execution_from(out, backend, workers, None, threads, progress)


def _first(start: object, prior: dict[str, Range], method: str) -> FloatArray | None:
    """Return the shares of the first trial."""
    if start is None:
        return None
    if method != "optuna":
        raise KoubeiError(
            "start", "a posterior has no start", got=method, allowed="method optuna",
            fix="ranges_around(start) as ranges",
        )  # fmt: skip
    if not isinstance(start, Mapping):
        raise KoubeiError("start", "must be a mapping", got=type(start).__name__)
    for path in start:
        if path not in prior:
            raise KoubeiError(f"start: {path}", "is not fitted", fix=nearest(str(path), prior))
    return np.array(
        [share_of(p, found, start[p]) if p in start else 0.5 for p, found in prior.items()]
    )


def _origin(given: tuple[Any, float], scenario: Any) -> tuple[float, float]:
    pair = isinstance(given, (tuple, list)) and len(given) == 2
    count = number("baseline_start", given[1], 0.0) if pair else 0.0
    if not count > 0.0:
        raise KoubeiError(
            "baseline_start", "must be a day or date and a number above 0", got=repr(given),
            fix="('2010-08-16', 100)",
        )  # fmt: skip
    return _day("baseline_start", moment_from(given[0]), scenario), count


def _beside(given: tuple[str, Any, Any], scenario: Any) -> Beside:
    """Return another series in days since the start of the run, checked."""
    if not (isinstance(given, (tuple, list)) and len(given) == 3 and isinstance(given[0], str)):
        raise KoubeiError(
            "beside", "must be a name, dates and counts", got=repr(given)[:60],
            fix="('phones shipped', [0, 365], [0, 7.2e6])",
        )  # fmt: skip
    name, dates, counts = given
    days = [_day("beside", moment_from(date), scenario) for date in dates]
    values = [number("beside", count, 0.0) for count in counts]
    if len(days) != len(values) or len(days) < 2:
        raise KoubeiError(
            "beside", "one count a date, two or more",
            got=f"{len(days)} dates, {len(values)} counts",
        )  # fmt: skip
    if not (np.diff(days) > 0).all() or not (np.diff(values) >= 0).all():
        raise KoubeiError("beside", "dates must rise and cumulative counts never fall")
    return Beside(name, np.array(days), np.array(values))


def _day(where: str, when: Any, scenario: Any) -> float:
    """Return a day of the run, of a date or a day."""
    if isinstance(when, int):
        return float(when)
    if scenario.start_date is None:
        raise KoubeiError(where, "the scenario has no start date", fix="a day")
    return float((when - scenario.start_date).days)


def stored_plan(folder: Path | None) -> dict[str, Any]:
    """Return the plan that a folder holds, empty without one."""
    if folder is None:
        return {}
    try:
        if not (folder / PLAN).is_file():
            if folder.is_dir() and not all(one.name.endswith(PARTIAL) for one in folder.iterdir()):
                raise KoubeiError(str(folder), "holds something else", fix="a new folder")
            return {}
        found = json.loads((folder / PLAN).read_text("utf-8"))
    except KoubeiError:
        raise
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or type(error).__name__
        raise KoubeiError(
            str(folder / PLAN), f"cannot be read ({said})", fix="a new folder"
        ) from None
    if not isinstance(found, dict) or not isinstance(found.get("key"), int):
        raise KoubeiError(
            str(folder / PLAN), "not the plan of a calibration, or edited", fix="a new folder"
        )
    return found


def keep_plan(folder: Path | None, plan: dict[str, Any], stored: dict[str, Any]) -> None:
    """Write the plan, or refuse a folder with another one."""
    if folder is None:
        return
    text = json.dumps(plan, sort_keys=True, ensure_ascii=False, indent=1) + "\n"
    if stored:
        plain = json.loads(text)
        other = [name for name in plain if stored.get(name) != plain[name]]
        if other:
            raise KoubeiError(
                str(folder), f"holds a calibration with another {other[0]}", fix="another folder"
            )
        return
    try:
        with whole_file(folder / PLAN) as file:
            file.write(text.encode())
    except CannotWrite as error:
        raise SweepStopped(str(folder), error.what) from None


class BatchMeter:
    """Tells progress to a callable, or on one line of stderr."""

    def __init__(self, progress: bool | Tell | None) -> None:
        self._call = progress if callable(progress) else None
        self._opened = progress_bar(progress, None, "run")

    def __enter__(self) -> Tell | None:
        bar = self._opened.__enter__()
        return self._call if bar is None else (lambda done, name: bar.move(done, more=name))

    def __exit__(self, *_: object) -> None:
        self._opened.__exit__(None, None, None)

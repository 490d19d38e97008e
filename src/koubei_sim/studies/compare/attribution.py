"""What comes from which module: of an outcome (`knock_out`), or of a difference (`attribution`).

Every module of the model has a neutral value that switches it off exactly (`scenario.neutral`),
and all variants of a study share their luck, so what a module makes is measured pair by pair.
Each module is switched off alone, and then one after the other, as rungs of a ladder.
`knock_out` asks what an outcome of one scenario comes from; `attribution` what the *difference*
of two comes from, with modules at their neutral values in both arms: an effect that vanishes
without relays is carried by relays. Called by people; claims take the ladder from here.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import whole
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import Interval, mean_interval
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.neutral import MODULES, active, neutral_paths
from koubei_sim.runs.options import RunOptions, options_from, outcome_from, scenario_from, texts
from koubei_sim.runs.progress import Progress as Told
from koubei_sim.runs.simulation import Outcome, measure
from koubei_sim.studies.compare.comparison import Comparison
from koubei_sim.studies.compare.strata import paired
from koubei_sim.studies.sweep.engine import Study, Tell, execution_from, kept_key

if TYPE_CHECKING:
    import pandas as pd

#: Numbers of the resampled intervals: rows of the table, so that none share their resamples.
_LEFT, _CARRIED, _RUNG, _STEP = 0, 1000, 2000, 3000


def switched_off(modules: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return what is off in each variant, by name: nothing, each module alone, then the rungs.

    The first rung is the first module alone.

    Examples
    --------
    >>> list(switched_off(["relays", "events"]))
    ['as it is', 'without relays', 'without events', 'without relays, events']
    """
    off = [(), *((name,) for name in modules)]
    off += [tuple(modules[:at]) for at in range(2, len(modules) + 1)]
    return {f"without {', '.join(each)}" if each else "as it is": tuple(each) for each in off}


def rungs(
    found: Mapping[str, NDArray[np.float64]], modules: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the numbers of the variants of `switched_off`: the whole, alone and ladder, [M, R]."""
    whole_one, *rest = found.values()
    alone = rest[:modules]
    return whole_one, np.array(alone), np.array([alone[0], *rest[modules:]])


def check_modules(names: Sequence[str]) -> None:
    """Refuse to switch off nothing."""
    if not names:
        raise KoubeiError("modules", "none given, or none active", allowed=", ".join(MODULES))


def _without(scenario: Scenario, modules: Sequence[str], own_people: bool) -> Scenario:
    return scenario.changed(neutral_paths(scenario, modules), own_people)


# Of an outcome ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class KnockOut:
    """Outcomes with modules switched off.

    Attributes
    ----------
    modules : tuple of str
    whole : (R,) array
        The outcome with all modules as they are.
    alone : (M, R) array
        With one module neutral.
    ladder : (M, R) array
        With this module and all before it neutral.
    key : int
    """

    modules: tuple[str, ...]
    whole: NDArray[np.float64]
    alone: NDArray[np.float64]
    ladder: NDArray[np.float64]
    key: int

    def table(self) -> pd.DataFrame:
        """Return one row a module, in order.

        ``without``: mean with this module off; ``effect``, ``low``, ``high``: what it adds to the
        whole, paired, with the ``gain`` of pairing; ``rung``: mean with this and all modules
        above off; ``step``, ``step_low``, ``step_high``: what this rung took away.
        """
        import pandas as pd

        rows = {}
        above = [self.whole, *self.ladder[:-1]]
        for number, module in enumerate(self.modules):
            one = paired(self.whole, self.alone[number], self.key, number)
            step = paired(above[number], self.ladder[number], self.key, 1000 + number)
            rows[module] = {
                "without": _mean(self.alone[number]),
                "effect": one.mean.mean,
                "low": one.mean.low,
                "high": one.mean.high,
                "gain": one.gain,
                "rung": _mean(self.ladder[number]),
                "step": step.mean.mean,
                "step_low": step.mean.low,
                "step_high": step.mean.high,
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("module")


def _mean(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else math.nan


def knock_out(
    scenario: Any,
    modules: Iterable[str] | None = None,
    outcome: Outcome = "users",
    replicates: int = 20,
    rng: object = None,
    threads: int | None = None,
    *,
    networks: object = None,
    agents: Any = None,
    engine: str = "compiled",
    out: str | Path | None = None,
    backend: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool | Tell | Told | None = None,
) -> KnockOut:
    """Switch modules off, each alone and one after the other.

    Parameters
    ----------
    scenario : Scenario, preset name or path
    modules : iterable of str, optional
        Names of `scenario.neutral.MODULES`, in the order of the ladder; all that are active without
        it.
    outcome : str or callable
        A measure (`metrics.measure`), or a function of (history, scenario).
    replicates, rng, threads, networks, agents, engine, progress
        As in `koubei_sim.run`; all variants share the key.
    out, backend, workers, scheduler : optional
        As in `sweep`: with a folder the same call again goes on with what is not finished.

    Returns
    -------
    KnockOut

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> base = Scenario.load("tiny").replace(n_agents=300, ticks=20)
    >>> found = knock_out(base, ["events", "relays"], "adoptions", replicates=3, rng=1)
    >>> list(found.table().index)
    ['events', 'relays']
    """
    execution = execution_from(out, backend, workers, scheduler, threads, progress)
    options = options_from(kept_key(rng, execution.out), networks, agents, engine)
    own = options.own_people
    scenario = scenario_from("scenario", scenario, own)
    on = [module for module, acts in active(scenario).items() if acts]
    names = on if modules is None else texts("modules", modules)
    check_modules(names)
    outcome, number = outcome_from(outcome), whole("replicates", replicates, 1)
    variants = {name: _without(scenario, off, own) for name, off in switched_off(names).items()}
    with Study(options, execution) as study:
        found = rungs(study.values(variants, number, outcome), len(names))
    return KnockOut(tuple(names), *found, options.key)


# Of a difference ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Attribution:
    """An effect with modules switched off in both arms.

    Attributes
    ----------
    name, baseline : str
        The effect is what `name` gives more than `baseline`.
    modules : tuple of str
        M modules, in the order of the ladder.
    whole : (R,) array
        The effect in each replicate with all modules as they are; NaN where it is not defined.
    alone : (M, R) array
        The effect with one module neutral in both arms.
    ladder : (M, R) array
        The effect with this module and all before it neutral in both arms.
    key : int
        Common key of all runs.
    """

    name: str
    baseline: str
    modules: tuple[str, ...]
    whole: NDArray[np.float64]
    alone: NDArray[np.float64]
    ladder: NDArray[np.float64]
    key: int

    @property
    def effect(self) -> Interval:
        """Mean and 95 % interval of the effect with all modules as they are."""
        return mean_interval(self.whole, self.key)

    def table(self) -> pd.DataFrame:
        """Return one row a module, in the order of the ladder.

        Returns
        -------
        DataFrame
            ``left``, ``left_low``, ``left_high``: the effect that is left with this module off,
            with its 95 % interval.  ``carried``, ``carried_low``, ``carried_high``: what the
            effect loses with it, paired; ``share``: that as a share of the effect (ratio of two
            means; NaN for an effect of 0; above 1 where the effect turns round, below 0 where
            the module works against it).  ``rung``, ``rung_low``, ``rung_high``: the effect
            with this and all modules above off; ``step``, ``step_low``, ``step_high``: what this
            rung took from it.  ``n``: pairs in which the effect is defined both ways.
        """
        import pandas as pd

        rows = {}
        above = [self.whole, *self.ladder[:-1]]
        for number, module in enumerate(self.modules):
            alone, rung = self.alone[number], self.ladder[number]
            both = np.isfinite(self.whole) & np.isfinite(alone)
            carried = paired(self.whole, alone, self.key, _CARRIED + number)
            total = float(self.whole[both].sum())
            rows[module] = {
                **_columns("left", mean_interval(alone, self.key, _LEFT + 1 + number)),
                **_columns("carried", carried.mean),
                "share": float((self.whole - alone)[both].sum()) / total if total else math.nan,
                **_columns("rung", mean_interval(rung, self.key, _RUNG + number)),
                **_columns("step", paired(above[number], rung, self.key, _STEP + number).mean),
                "n": carried.n,
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("module")

    def __repr__(self) -> str:
        """Say the effect and the modules that carry most of it."""
        mean, low, high, _ = self.effect
        lines = [
            f"{self.name} minus {self.baseline}: {mean:+.4g} (95 % {low:+.4g} .. {high:+.4g}), "
            f"{self.whole.size} pairs, key {self.key}"
        ]
        table = self.table()
        order = table["carried"].abs().sort_values(ascending=False, kind="stable").index[:5]
        for module, row in table.loc[order].iterrows():
            lines.append(
                f"  without {module}: {row['left']:+.4g} left "
                f"({row['left_low']:+.4g} .. {row['left_high']:+.4g})"
            )
        return "\n".join(lines)


def _columns(name: str, found: Interval) -> dict[str, float]:
    return {name: found.mean, f"{name}_low": found.low, f"{name}_high": found.high}


def attribution(
    comparison: Comparison | Mapping[str, Any],
    modules: Iterable[str] | None = None,
    outcome: Outcome = "users",
    name: str | None = None,
    replicates: int | None = None,
    rng: object = None,
    *,
    networks: object = None,
    agents: Any = None,
    engine: str = "compiled",
    threads: int | None = None,
    out: str | Path | None = None,
    backend: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool | Tell | Told | None = None,
) -> Attribution:
    """Find which modules carry the effect of one scenario against another.

    Parameters
    ----------
    comparison : Comparison, or mapping of two names to scenarios
        What `compare` gave back; or two scenarios by name, the first of which is the baseline.
    modules : iterable of str, optional
        Names of `scenario.neutral.MODULES`, in the order of the ladder; without it all that are
        active in one of the two scenarios.
    outcome : str or callable
        An outcome of `metrics.OUTCOMES`, or a function of (history, scenario) that gives one
        number; the scenario is the one that was run, with modules at their neutral values.
    name : str, optional
        Which scenario of the comparison; the first beside the baseline without it.
    replicates : int, optional
        Pairs of each variant; as many as the comparison has, or 20 of two scenarios, without it.
    rng : int, SeedSequence or Generator, optional
        Source of the key where two scenarios are given; a comparison has its own.
    networks, agents : optional
        What the comparison was made with, where that was handed over as objects.
    engine, threads, progress : optional
        As in `koubei_sim.run`.
    out, backend, workers, scheduler : optional
        As in `sweep`: with a folder the same call again goes on with what is not finished.

    Returns
    -------
    Attribution

    Raises
    ------
    KoubeiError
        For wrong arguments, a fork (its rules changed on the way), or a comparison whose runs
        do not come out again.

    Notes
    -----
    A module that only one arm has (the campaign that is the programme) carries all of the effect:
    without it both arms are one scenario, which is run once.  Modules may work together, then the
    losses add up to more or less than the effect; `shapley` divides it fairly.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> base = Scenario.load("tiny").replace(n_agents=300, ticks=20)
    >>> more = base.replace(**{"media.account.start": 2, "media.account.visibility": 0.5})
    >>> found = attribution(
    ...     {"as it is": base, "advertised": more},
    ...     ["media", "relays"],
    ...     "adoptions",
    ...     replicates=3,
    ...     rng=1,
    ... )
    >>> found.alone[0].tolist(), float(found.table().loc["media", "share"])
    ([0.0, 0.0, 0.0], 1.0)
    """
    outcome = outcome_from(outcome)
    execution = execution_from(out, backend, workers, scheduler, threads, progress)
    compared = isinstance(comparison, Comparison)
    key = rng if compared else kept_key(rng, execution.out)
    options = options_from(key, networks, agents, engine)
    own = options.own_people
    if replicates is not None:
        replicates = whole("replicates", replicates, 1)
    if isinstance(comparison, Comparison):
        if rng is not None:
            raise KoubeiError("rng", "a comparison has its key", got=comparison.key)
        names = (comparison._other(name), comparison.baseline)
        arms = tuple(comparison.runs[each].scenario for each in names)
        options = dataclasses.replace(options, key=comparison.key)
        number = replicates or comparison.replicates
    else:
        names, arms = _two(comparison, name, own)
        number = replicates or 20
    chosen = _modules(arms, modules)
    # Wrong modules, and combinations that no scenario can have, are refused before anything runs.
    every = {
        (who, off): _without(arm, modules_off, own)
        for who, arm in zip(names, arms)
        for off, modules_off in switched_off(chosen).items()
    }
    known = dict[str, NDArray[np.float64]]()
    if isinstance(comparison, Comparison):
        for who in names:
            values = _taken(comparison.runs[who], who, options, outcome)[:number]
            known[comparison.runs[who].scenario.digest()] = values
    scenarios = {f"{who}, {off}": scenario for (who, off), scenario in every.items()}
    have = {name: known.get(of.digest(), np.empty(0)) for name, of in scenarios.items()}
    asked = [(name, r) for name, values in have.items() for r in range(values.size, number)]
    with Study(options, execution) as study:
        made = study.values(scenarios, number, outcome, asked)
    for name, values in have.items():
        made[name][: values.size] = values
    effects = {off: made[f"{names[0]}, {off}"] - made[f"{names[1]}, {off}"] for _, off in every}
    return Attribution(*names, tuple(chosen), *rungs(effects, len(chosen)), options.key)


def _taken(run: Any, name: str, options: RunOptions, outcome: Outcome) -> NDArray[np.float64]:
    """Return what a comparison has run already, once its first replicate has come out again."""
    if hasattr(run, "steps"):
        raise KoubeiError(
            f"scenarios.{name}",
            "a fork has no one scenario whose modules could be switched off",
            fix="comparing scenarios",
        )
    again = options.simulation(run.scenario).history(0)
    if not np.array_equal(again.table, run.histories[0].table):
        raise KoubeiError(
            f"scenarios.{name}",
            "its first replicate does not come out again: it was made by another version, or "
            "with networks or people of your own",
            fix="supplying the same networks and agents",
        )
    return np.array([measure(each, run.scenario, options.key, outcome) for each in run.histories])


def _two(
    given: Any, name: str | None, own_people: bool
) -> tuple[tuple[str, str], tuple[Scenario, ...]]:
    if not isinstance(given, Mapping) or len(given) != 2:
        raise KoubeiError(
            "comparison",
            "not a comparison",
            got=f"{len(given)} scenarios" if isinstance(given, Mapping) else type(given).__name__,
            allowed="a Comparison, or two scenarios by name",
            fix="compare(...)",
        )
    baseline, other = given
    if name not in (None, other):
        raise KoubeiError("name", "the first of two scenarios is the baseline", got=name, fix=other)
    arms = tuple(
        scenario_from(f"scenarios.{each}", given[each], own_people) for each in (other, baseline)
    )
    return (other, baseline), arms


def _modules(arms: tuple[Scenario, ...], modules: Iterable[str] | None) -> list[str]:
    if modules is None:
        on = [active(arm) for arm in arms]
        names = [module for module in MODULES if any(each[module] for each in on)]
    else:
        names = texts("modules", modules)
    check_modules(names)
    neutral_paths(arms[0], names)
    return names

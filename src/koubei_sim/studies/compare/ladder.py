"""`explain`: which modules of the model carry an effect - the difference of two scenarios.

`knock_out` asks what an outcome of one scenario comes from; here the question is what the
*difference* of two comes from.  Each module is put at its neutral value in both arms, under the
luck of the comparison, and what is left of the effect is measured pair by pair: an effect that
vanishes without relays is carried by relays.  A ladder then switches modules off one after the
other.
Called by people who have a `Comparison`, or two scenarios.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import whole
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import Interval, mean_interval
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.neutral import MODULES, active, neutral_paths
from koubei_sim.runs.options import RunOptions, options_from, outcome_from, scenario_from, texts
from koubei_sim.runs.progress import Meter, Progress
from koubei_sim.runs.simulation import Outcome, measure
from koubei_sim.studies.compare.comparison import Comparison, paired

if TYPE_CHECKING:
    import pandas as pd

#: Numbers of the resampled intervals: rows of the table, so that none share their resamples.
_LEFT, _CARRIED, _RUNG, _STEP = 0, 1000, 2000, 3000


@dataclass(frozen=True, eq=False, repr=False)
class Explained:
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


def explain(
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
    progress: bool | Progress | None = None,
) -> Explained:
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

    Returns
    -------
    Explained

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
    >>> more = base.replace(**{"media.account.start": 2, "media.account.hazard": 0.05})
    >>> found = explain(
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
    options = options_from(rng, networks, agents, engine, threads, progress)
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
    alone = [_without(arms, [module], own) for module in chosen]
    rungs = [_without(arms, chosen[: at + 1], own) for at in range(len(chosen))]
    fresh = [*alone, *rungs] if isinstance(comparison, Comparison) else [arms, *alone, *rungs]
    every = {arm.digest(): arm.ticks for pair in fresh for arm in pair}
    with Meter(progress, number * sum(every.values())) as meter:
        arm_values = _Arms(options, number, outcome, meter)
        if isinstance(comparison, Comparison):
            for each in names:
                arm_values.take(comparison.runs[each], each)
        whole_effect = arm_values.effect(arms)
        without = np.array([arm_values.effect(pair) for pair in alone])
        ladder = np.array([arm_values.effect(pair) for pair in rungs])
    return Explained(names[0], names[1], tuple(chosen), whole_effect, without, ladder, options.key)


def _without(
    arms: tuple[Scenario, ...], modules: list[str], own_people: bool
) -> tuple[Scenario, ...]:
    return tuple(arm.changed(neutral_paths(arm, modules), own_people) for arm in arms)


class _Arms:
    """Outcomes of scenarios under one key; equal scenarios are run once."""

    def __init__(self, options: RunOptions, number: int, outcome: Outcome, meter: Meter) -> None:
        self._options, self._number, self._outcome = options, number, outcome
        self._meter = meter
        self._known: dict[str, NDArray[np.float64]] = {}

    def effect(self, arms: tuple[Scenario, ...]) -> NDArray[np.float64]:
        one, other = (self._of(arm) for arm in arms)
        return one - other

    def _of(self, scenario: Scenario) -> NDArray[np.float64]:
        digest = scenario.digest()
        if digest not in self._known:
            simulation = self._options.simulation(scenario)
            self._known[digest] = simulation.values(range(self._number), self._outcome, self._meter)
        return self._known[digest]

    def take(self, run: Any, name: str) -> None:
        """Take what a comparison has run already, once its first replicate has come out again."""
        if hasattr(run, "steps"):
            raise KoubeiError(
                f"scenarios.{name}",
                "a fork has no one scenario whose modules could be switched off",
                fix="comparing scenarios",
            )
        simulation = self._options.simulation(run.scenario)
        if not np.array_equal(simulation.history(0).table, run.histories[0].table):
            raise KoubeiError(
                f"scenarios.{name}",
                "its first replicate does not come out again: it was made by another version, or "
                "with networks or people of your own",
                fix="supplying the same networks and agents",
            )
        have = run.histories[: self._number]
        values = [measure(history, run.scenario, simulation.key, self._outcome) for history in have]
        more = range(len(have), self._number)
        rest = simulation.values(more, self._outcome, self._meter)
        self._known[run.scenario.digest()] = np.array([*values, *rest], dtype=np.float64)


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
    if not names:
        raise KoubeiError("modules", "none given, or none active", allowed=", ".join(MODULES))
    neutral_paths(arms[0], names)
    return names

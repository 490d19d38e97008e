"""What comes from which module: of an outcome (`knock_out`), or of a difference (`attribution`).

Every module of the model has a neutral value that switches it off exactly (`scenario.neutral`),
and all variants of a study share their luck, so what a module makes is measured pair by pair.
Each module is switched off alone, and then one after the other, as rungs of a ladder.  What a
module does is told in two parts (`strata.parts`): to the chance of take-off, and where all of the
runs that are compared take off.
`knock_out` asks what an outcome of one scenario comes from; `attribution` what the *difference*
of two comes from, with modules at their neutral values in both arms: an effect that vanishes
without relays is carried by relays. Called by people; claims take the ladder from here.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import Backend, Engine, whole
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look, wrapped
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.neutral import MODULES, active, neutral_paths
from koubei_sim.runs.options import RunOptions, options_from, outcome_from, scenario_from, texts
from koubei_sim.runs.progress import Progress as Told
from koubei_sim.runs.simulation import Outcome, measure
from koubei_sim.studies.compare.comparison import Comparison
from koubei_sim.studies.compare.criterion import Criterion
from koubei_sim.studies.compare.strata import Effect, Parts, parts, scaled
from koubei_sim.studies.sweep.engine import Study, Tell, execution_from, kept_key

if TYPE_CHECKING:
    import pandas as pd


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
    found: Mapping[Any, NDArray[np.float64]], modules: int
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


@dataclass(frozen=True, eq=False, repr=False)
class SwitchedOff(Look):
    """Runs with modules switched off: what `knock_out` and `attribution` have in common.

    Attributes
    ----------
    modules : tuple of str
        M modules, in the order of the ladder.
    outcome : str or callable
    seen : (V, ..., 2, R) array
        Take-off and outcome of each replicate of the variants of `switched_off`; of `attribution`
        in both arms, the one that is asked for first.
    horizon : float
        Days of a run: a day that never came counts as this.
    key : int
        Common key of all runs.
    """

    modules: tuple[str, ...]
    outcome: Outcome
    seen: NDArray[np.float64]
    horizon: float
    key: int

    @property
    def whole(self) -> NDArray[np.float64]:
        """The outcome with all modules as they are, (..., R)."""
        return self._rungs()[0][..., 1, :]

    @property
    def alone(self) -> NDArray[np.float64]:
        """The outcome with one module neutral, (M, ..., R)."""
        return self._rungs()[1][..., 1, :]

    @property
    def ladder(self) -> NDArray[np.float64]:
        """The outcome with this module and all before it neutral, (M, ..., R)."""
        return self._rungs()[2][..., 1, :]

    def _rungs(self) -> tuple[NDArray[np.float64], ...]:
        return rungs(dict(enumerate(self.seen)), len(self.modules))

    def _rows(self) -> Iterator[tuple[str, tuple[NDArray[np.float64], ...]]]:
        """Give each module with the runs: as it is, without it, the rung above, its rung."""
        full, alone, ladder = self._rungs()
        for at, module in enumerate(self.modules):
            yield module, (full, alone[at], ladder[at - 1] if at else full, ladder[at])

    def _parts(self, *runs: NDArray[np.float64]) -> Parts:
        """Both parts of what the first runs do against the second."""
        both = np.concatenate([each.reshape(-1, 2, each.shape[-1]) for each in runs])
        return parts(self.outcome, both[:, 1], both[:, 0], self.key, self.horizon)

    def _lines(self, texts: Mapping[str, tuple[Parts, Parts]]) -> list[str]:
        """Say one thing of the modules of which another is largest."""
        largest = sorted(texts, key=lambda each: texts[each][1].size, reverse=True)[:5]
        named = str(Criterion(self.outcome))
        return [f"  {module}: {texts[module][0].text(named)}" for module in largest]


def _columns(told: Mapping[str, Parts]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for word, found in told.items():
        row |= found.chance.columns(f"{word}_take_off") | found.given.columns(word)
        row[f"{word}_of"] = found.of
    return row


# Of an outcome ------------------------------------------------------------------------------------


class KnockOut(SwitchedOff):
    """Outcomes with modules switched off; made by `knock_out`."""

    def table(self) -> pd.DataFrame:
        """Return one row a module, in order.

        ``effect_take_off``: what it adds to the chance of take-off, over all runs; ``effect``: what
        it does to the outcome where both, with it and without, take off (where nothing takes off
        anywhere, and of a function: in all runs), ``times`` or a ``difference`` as ``kind`` says,
        in ``n`` pairs, with the ``gain`` of pairing.  ``step_take_off``, ``step``: the same of this
        rung of the ladder against the one above.  ``_of``: which pairs are told of.  Ends of 95 %
        intervals: ``_low``, ``_high``; NaN with less than three pairs.
        """
        from koubei_sim.looks.frames import Table

        rows = {}
        for module, (full, alone, above, rung) in self._rows():
            effect = self._parts(full, alone)
            row = _columns({"effect": effect, "step": self._parts(above, rung)})
            found = effect.given
            rows[module] = row | {"kind": found.kind, "gain": found.gain, "n": found.n}
        return Table.from_dict(rows, orient="index").rename_axis("module")

    def __repr__(self) -> str:
        """Say what the modules add that do most."""
        found = {name: self._parts(runs[0], runs[1]) for name, runs in self._rows()}
        head = f"{self.seen.shape[-1]} replicates, key {self.key}: what each module adds"
        return wrapped("\n".join([head, *self._lines({name: (p, p) for name, p in found.items()})]))


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
    engine: Engine = "compiled",
    out: str | Path | None = None,
    backend: Backend | None = None,
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
        A measure (`metrics.measure`), or a function of (history, scenario).  Measures are told of
        the runs that take off, like everywhere; a function of all runs, for it may itself be a
        chance, or a profit that counts failures.
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
        found = study.outcomes(variants, number, ("take_off", outcome))
    seen = np.array(list(found.values()))
    return KnockOut(tuple(names), outcome, seen, float(scenario.ticks), options.key)


# Of a difference ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Attribution(SwitchedOff):
    """An effect with modules switched off in both arms; made by `attribution`.

    The effect is what `name` does against `baseline`: the two arms of `whole` (2, R), `alone` and
    `ladder` (M, 2, R).
    """

    name: str
    baseline: str

    @property
    def effect(self) -> Effect:
        """The effect with all modules as they are, where both arms take off."""
        return self._parts(self.seen[0]).given

    @property
    def take_off(self) -> Effect:
        """The effect on the chance of take-off with all modules as they are."""
        return self._parts(self.seen[0]).chance

    def table(self) -> pd.DataFrame:
        """Return one row a module, in the order of the ladder.

        Returns
        -------
        DataFrame
            Each of four effects twice: on the chance of take-off, over all pairs
            (``left_take_off``), and on the outcome where all runs that are compared take off
            (``left``; where nothing takes off anywhere, and of a function: in all), ``times`` or a
            ``difference`` as ``kind`` says.  ``left``: with this module off.  ``carried``: by how
            much the effect is more than that, of times their ratio.  ``rung``: with this and all
            modules above off.  ``step``: what this rung took from it.  Ends of 95 % intervals:
            ``_low``, ``_high``; NaN with less than three pairs.  ``share_take_off``, ``share``:
            what is carried over the effect in the same pairs, of times in the logarithm (NaN for
            no effect; above 1 where the effect turns round, below 0 where the module works against
            it).  ``n``: pairs in which what is carried is defined.
        """
        from koubei_sim.looks.frames import Table

        rows = {}
        for module, (full, alone, above, rung) in self._rows():
            carried = self._parts(full, alone)
            row = _columns({
                "left": self._parts(alone), "carried": carried, "rung": self._parts(rung),
                "step": self._parts(above, rung),
            })  # fmt: skip
            sizes = (scaled(self.outcome, arms[:, 1, carried.rows], self.horizon,
                            arms[:, 0, carried.rows])
                     for arms in (full, alone))  # fmt: skip
            shares = {"share_take_off": _share(full[:, 0], alone[:, 0]), "share": _share(*sizes)}
            rows[module] = row | shares | {"kind": carried.given.kind, "n": carried.given.n}
        return Table.from_dict(rows, orient="index").rename_axis("module")

    def __repr__(self) -> str:
        """Say the effect and the modules that carry most of it."""
        whole = self._parts(self.seen[0]).text(str(Criterion(self.outcome)))
        lines = [
            f"{self.name} against {self.baseline}, {self.seen.shape[-1]} pairs, key {self.key}",
            f"  {whole}",
        ]
        found = {
            f"without {name}": (self._parts(runs[1]), self._parts(runs[0], runs[1]))
            for name, runs in self._rows()
        }
        return wrapped("\n".join(lines + self._lines(found)))


def _share(whole: NDArray[np.float64], alone: NDArray[np.float64]) -> float:
    """Return what is lost from an effect as a share of it, over the runs that have both."""
    gaps = np.array([whole[0] - whole[1], alone[0] - alone[1]])
    total, left = gaps[:, np.isfinite(gaps).all(axis=0)].sum(axis=1)
    return float((total - left) / total) if total else math.nan


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
    engine: Engine = "compiled",
    threads: int | None = None,
    out: str | Path | None = None,
    backend: Backend | None = None,
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
        As in `knock_out`; the scenario that a function is given is the one that was run, with
        modules at their neutral values.
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
    >>> row = found.table().loc["media"]
    >>> float(row["left"]), float(row["share"]), row["kind"]
    (1.0, 1.0, 'times')
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
    known = dict[str, NDArray[np.float64]]()  # [2, R]: take-off, and the outcome
    if isinstance(comparison, Comparison):
        for who in names:
            values = _known(comparison.runs[who], who, options, outcome)[:, :number]
            known[comparison.runs[who].scenario.digest()] = values
    scenarios = {f"{who}, {off}": scenario for (who, off), scenario in every.items()}
    have = {name: known.get(of.digest(), np.empty((2, 0))) for name, of in scenarios.items()}
    asked = [(name, r) for name, values in have.items() for r in range(values.shape[1], number)]
    with Study(options, execution) as study:
        made = study.outcomes(scenarios, number, ("take_off", outcome), asked)
    for name, values in have.items():
        made[name][:, : values.shape[1]] = values
    seen = np.array([[made[f"{who}, {off}"] for who in names] for off in switched_off(chosen)])
    horizon = float(min(arm.ticks for arm in arms))
    return Attribution(tuple(chosen), outcome, seen, horizon, options.key, *names)


def _known(run: Any, name: str, options: RunOptions, outcome: Outcome) -> NDArray[np.float64]:
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
    return np.array([
        [measure(each, run.scenario, options.key, wanted) for each in run.histories]
        for wanted in ("take_off", outcome)
    ])  # fmt: skip


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

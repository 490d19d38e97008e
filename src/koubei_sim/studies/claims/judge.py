"""`claim`: run what a claim file asks, and judge it by the rule that stands in the file.

Worlds over the prior give effects and the verdict; worlds over the stress prior the could-it-fail
score; the centre of the prior the knock-out ladder and the stability in the size of the market.

A claim file may name a script instead; it is run as a program of the person who asked for the
claim, so only claims that one trusts should be run, as with a Makefile.  The script has one
function, ``run(quick, outputs) -> dict``, and gives the verdict in the same words.
Called by people and by ``koubei claim``.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim._version import __version__
from koubei_sim.checks import yes_no
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import kept_measure, mean_interval
from koubei_sim.model.scenario.neutral import active
from koubei_sim.runs.options import refused
from koubei_sim.studies.claims import effects as effect
from koubei_sim.studies.claims.claim_file import Claim, Test, read_claim
from koubei_sim.studies.claims.design import (
    TAKE_OFF,
    Found,
    Group,
    groups,
    identity,
    missing_data,
    ranges_of_model,
    run_model,
)
from koubei_sim.studies.claims.models import MODELS
from koubei_sim.studies.compare.attribution import rungs, switched_off
from koubei_sim.studies.design.plan import Sweep, make_sweep
from koubei_sim.studies.design.points import Table
from koubei_sim.studies.sweep.engine import SweepMeter, execution_from
from koubei_sim.studies.sweep.result import SweepResult
from koubei_sim.studies.sweep.sweep import run_together

if TYPE_CHECKING:
    import pandas as pd


#: Runs the plans of arms over the same worlds; results by name.
Runner = Callable[[Mapping[str, Sweep]], dict[str, SweepResult]]
#: What `quick` makes of a claim: enough to see that everything runs, too little for a verdict.
_QUICK: Final = {"points": 6, "replicates": 2, "stress": 4, "ladder": 2}


@dataclass(frozen=True, eq=False, repr=False)
class Verdict:
    """The verdict of a claim.

    Attributes
    ----------
    claim : Claim
    content : dict
        All numbers, as they are written to ``verdict.json``.
    worlds : dict of str to (W,) array
        Effects of each test over the worlds that count.
    """

    claim: Claim
    content: dict[str, Any]
    worlds: dict[str, NDArray[np.float64]]

    @property
    def verdict(self) -> str:
        """supported, rejected, depends or undecided; with "void: " before it where it is void."""
        return str(self.content["verdict"])

    def table(self) -> pd.DataFrame:
        """Return one row a test."""
        import pandas as pd

        return pd.DataFrame(self.content["tests"]).drop(
            columns=["splits", "weak_splits"], errors="ignore"
        )

    def __repr__(self) -> str:
        """Return one line."""
        return f"<Verdict {self.claim.id} ({self.claim.title}): {self.verdict}>"


def claim(
    name: str | Path | Claim,
    *,
    quick: bool = False,
    out: str | Path | None = None,
    rng: None = None,
    networks: None = None,
    agents: None = None,
    engine: str = "compiled",
    backend: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    threads: int | None = None,
    progress: bool | Callable[..., None] | None = None,
) -> Verdict:
    """Run a claim and judge it.

    Parameters
    ----------
    name : str, Path or Claim
        The folder of a claim, or its name below ``experiments``.
    quick : bool
        A handful of worlds, to see that everything runs; no verdict to be quoted.
    out : path, optional
        Folder of the journals, ``outputs`` in the folder of the claim without it.  What is
        finished there is not run again.
    rng, networks, agents, engine : optional
        Not here: the key, graphs and people in files stand in the claim itself, so that its
        folder alone gives the verdict again, by the compiled engine.
    backend, workers, scheduler, threads, progress
        As in `koubei_sim.studies.sweep`.

    Returns
    -------
    Verdict
        Nothing is written but the journals; see `write_verdict`.

    Raises
    ------
    KoubeiError
        For anything wrong with the claim, before anything is run.
    """
    execution = execution_from(out, backend, workers, scheduler, threads, progress)
    for where, given in (("rng", rng), ("networks", networks), ("agents", agents)):
        refused(where, given, None, "stands in the claim itself, whose folder gives the verdict")
    refused("engine", engine, "compiled", "a claim is judged by the compiled engine")
    yes_no("quick", quick)
    asked = name if isinstance(name, Claim) else read_claim(name)
    outputs = execution.out or asked.folder / "outputs"
    if asked.script:
        return Verdict(asked, run_script(asked, quick, outputs), {})
    asked = _smaller(asked) if quick else asked
    with SweepMeter(progress) as meter:

        def run(plans: Mapping[str, Sweep]) -> dict[str, SweepResult]:
            # A folder for each plan: a changed claim finds what it still needs, and runs the rest.
            folders = {name: outputs / planned.digest()[:16] for name, planned in plans.items()}
            return run_together(plans, execution, meter, folders)

        return _run_and_judge(asked, quick, run, meter)


def _run_and_judge(asked: Claim, quick: bool, run: Runner, meter: SweepMeter) -> Verdict:
    phases = {phase: groups(asked, phase) for phase in ("prior", "stress")}
    for test in asked.tests:
        if test.model != "pyramid":  # wrong ranges are refused before the first run
            ranges_of_model(asked, test, MODELS[test.model], stress=True)
    extra = _extra_sweeps(asked)
    for planned in [
        *(s for found in phases.values() for group in found for s in group.sweeps.values()),
        *(s for arms in extra.values() for s in arms.values()),
    ]:
        meter.expect(planned.runs)
    found = _over_the_priors(asked, phases, run)
    tests, worlds = [], {}
    for number, test in enumerate(asked.tests):
        row, kept = _judged(asked, test, number, found["prior", test.id], found["stress", test.id])
        tests.append(row)
        worlds[test.id] = kept
    ladder, stability = _extra(asked, run, extra)
    main = next(row for row in tests if row["main"])
    content = {
        "id": asked.id,
        "title": asked.title,
        "statement": asked.statement,
        "verdict": main["verdict"],
        "claim": asked.digest,
        "version": __version__,
        "key": asked.key,
        "given": asked.prior.given,
        "quick": quick,
        "tests": tests,
        "ladder": ladder,
        "stability": stability,
        "runs": meter.runs,
        "failed": meter.failed,
    }
    return Verdict(asked, content, worlds)


def _over_the_priors(
    asked: Claim, phases: Mapping[str, Sequence[Group]], run: Runner
) -> dict[tuple[str, str], Found]:
    """Run all tests over the prior and the stress prior: (phase, test) -> what was found."""
    found: dict[tuple[str, str], Found] = {}
    for phase, all_groups in phases.items():
        for group in all_groups:
            if group.absent:
                for test in group.tests:
                    found[phase, test.id] = Found({}, {}, {}, absent=group.absent)
                continue
            asked_of = {arm: planned.outcomes for arm, planned in group.sweeps.items()}
            arms = {arm: f.all_values(asked_of[arm]) for arm, f in run(group.sweeps).items()}
            for test in group.tests:
                values = {k: arms[identity(arm)] for k, arm in test.arms.items()}
                outcome = kept_measure(test.outcome, next(iter(values.values())))
                found[phase, test.id] = Found(
                    {k: v[outcome] for k, v in values.items()},
                    {k: v[TAKE_OFF] for k, v in values.items()},
                    group.worlds.columns,
                    group.worlds.refused,
                )
    for test in asked.tests:
        if test.model != "pyramid":
            for phase in phases:
                found[phase, test.id] = run_model(asked, test, phase)
    return found


def _smaller(asked: Claim) -> Claim:
    few = _QUICK["points"]
    ladder, stability = asked.ladder, asked.stability
    changes = {
        "prior": {"points": few, "replicates": _QUICK["replicates"]},
        "stress": {"points": _QUICK["stress"], "replicates": 1},
        "ladder": {"replicates": min(ladder.replicates, _QUICK["ladder"])},
        "stability": {
            "agents": stability.agents[:1],
            "replicates": (2,) * len(stability.agents[:1]),
            "set": stability.set[:1],
        },
    }
    parts: dict[str, Any] = {
        name: getattr(asked, name).model_copy(update=update) for name, update in changes.items()
    }
    parts["tests"] = tuple(
        test.model_copy(
            update={"points": min(test.points, few), "replicates": min(test.replicates, 2)}
        )
        for test in asked.tests
    )
    return asked.model_copy(update=parts)


# Over the priors -------------------------------------------------------------------------------


def _effects(test: Test, found: Found, given: str) -> tuple[effect.Effects, NDArray[np.bool_]]:
    others = [found.values[name] for name in test.others]
    plus = effect.offset(test.outcome)
    made = effect.effects(found.values[test.claimed], others, test.effect, test.better, plus)
    live = np.ones(made.effect.size, dtype=bool)
    if given == "take_off":
        arms = [found.taken[name] for name in (test.claimed, *test.others)]
        live = np.any([np.nan_to_num(arm).max(axis=1) > 0 for arm in arms], axis=0)
    return made, live


def _judged(
    asked: Claim, test: Test, number: int, prior: Found, stress: Found
) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """Return the row of one test, and the effects of the worlds that count."""
    rule = asked.decision
    row: dict[str, Any] = {
        "id": test.id,
        "main": test.main,
        "statement": test.statement,
        "model": test.model,
        "outcome": test.outcome,
        "effect": test.effect,
        "better": test.better,
        "smallest": test.smallest,
        "claimed": test.claimed,
        "against": list(test.others),
    }
    same = [name for name in test.others if test.arms[name] == test.arms[test.claimed]]
    if same:
        row["note"] = f"arms {test.claimed} and {same[0]} are the same: they cannot differ"
    if prior.absent or stress.absent:
        return {**row, "verdict": "absent", "why": prior.absent or stress.absent}, np.empty(0)
    made, live = _effects(test, prior, asked.prior.given)
    kept = np.where(live, made.effect, np.nan)
    verdict = effect.judge_share(kept, test.smallest, rule.supported, rule.rejected)
    hard, hard_live = _effects(test, stress, asked.prior.given)
    hard_kept = np.where(hard_live, hard.effect, np.nan)
    score, reversed_ = effect.could_fail(hard_kept, test.smallest, verdict.verdict)
    void = math.isfinite(score) and score < rule.void
    known = kept[np.isfinite(kept)]
    quantiles = np.quantile(known, [0.05, 0.5, 0.95]) if known.size else [math.nan] * 3
    mean = mean_interval(known, asked.key, number)
    every = effect.judge_share(made.effect, test.smallest, rule.supported, rule.rejected)
    row |= {
        "verdict": f"void: {verdict.verdict}" if void else verdict.verdict,
        "share": verdict.share,
        "share_low": verdict.low,
        "share_high": verdict.high,
        "worlds": verdict.worlds,
        "drawn": int(made.effect.size),
        "undefined": int((live & ~np.isfinite(made.effect)).sum()),
        "refused": prior.refused,
        "share_of_all": every.share,
        "effect_q05": float(quantiles[0]),
        "effect_median": float(quantiles[1]),
        "effect_q95": float(quantiles[2]),
        "effect_mean": mean.mean,
        "mean_low": mean.low,
        "mean_high": mean.high,
        "could_fail": score,
        "reversed": reversed_,
        "stress_worlds": int(np.isfinite(hard_kept).sum()),
        "gain": made.gain,
        "noise": made.noise,
        "best_other": _best(test, made, np.isfinite(kept)),
    }
    if verdict.verdict == "depends":
        found = effect.splits(prior.columns, kept, test.smallest)
        row["splits"] = [split._asdict() for split in found]
        if not found:  # nothing splits surely: the strongest, so that one knows where to look
            weak = effect.splits(prior.columns, kept, test.smallest, most=3, below=2.0)
            row["weak_splits"] = [split._asdict() for split in weak]
    return row, known


def _best(test: Test, made: effect.Effects, live: NDArray[np.bool_]) -> dict[str, int]:
    counts = np.bincount(made.best[live], minlength=len(test.others))
    return {name: int(count) for name, count in zip(test.others, counts, strict=True)}


# At the centre -----------------------------------------------------------------------------------


def _extra_sweeps(asked: Claim) -> dict[tuple[str, str], dict[str, Sweep]]:
    """Return the one-point sweeps of ladder and stability: (kind, name) -> arm -> sweep."""
    test = asked.main
    if test.model != "pyramid":
        return {}
    base = asked.scenario.replace(**test.market) if test.market else asked.scenario
    if missing_data(base):
        return {}
    names = (test.claimed, *test.others)
    found: dict[tuple[str, str], dict[str, Sweep]] = {}

    def plan(of: Any, replicates: int) -> dict[str, Sweep]:
        scenarios = {name: of(base, test.arms[name]) for name in names}
        return {
            name: make_sweep(
                scenario,
                Table({"n_agents": [scenario.n_agents]}),
                replicates,
                asked.key,
                outcomes=[test.outcome],
            )
            for name, scenario in scenarios.items()
        }

    if asked.ladder.replicates:
        for name, off in switched_off(_ladder_of(asked)).items():
            found["ladder", name] = plan(
                lambda s, arm, off=off: s.replace(**arm).neutral(*off), asked.ladder.replicates
            )
    for agents, replicates, changes in asked.stability.rounds:
        found["stability", str(agents)] = plan(
            lambda s, arm, n=agents, c=changes: s.replace(n_agents=n, **c).replace(**arm),
            replicates,
        )
    return found


def _ladder_of(asked: Claim) -> list[str]:
    """Return the modules of the ladder, in order: those named, else all that are on."""
    base = asked.scenario.replace(**asked.main.market)
    return list(asked.ladder.modules or (name for name, on in active(base).items() if on))


def _extra(
    asked: Claim,
    run: Runner,
    extra: Mapping[tuple[str, str], Mapping[str, Sweep]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Run ladder and stability; return their rows."""
    test = asked.main
    pairs: dict[tuple[str, str], NDArray[np.float64]] = {}
    for where, arms in extra.items():
        values = {name: found.values(test.outcome) for name, found in run(arms).items()}
        made = effect.effects(
            values[test.claimed],
            [values[name] for name in test.others],
            test.effect,
            test.better,
            effect.offset(test.outcome),
        )
        pairs[where] = made.pairs[0]

    def shown(values: NDArray[np.float64], number: int) -> tuple[float, float, float]:
        return effect.interval(values, test.effect, test.better, asked.key, number)

    ladder: list[dict[str, Any]] = []
    variants = {name: values for (kind, name), values in pairs.items() if kind == "ladder"}
    if variants:
        modules = _ladder_of(asked)
        whole, *parts = rungs(variants, len(modules))
        mean, low, high = shown(whole, 500)
        ladder.append({"module": "(none)", "effect": mean, "low": low, "high": high})
        for number, (name, alone, rung) in enumerate(zip(modules, *parts, strict=True)):
            mean, low, high = shown(alone, 501 + number)
            lost, lost_low, lost_high = mean_interval(whole - alone, asked.key, 600 + number)[:3]
            ladder.append(
                {"module": name, "effect": mean, "low": low, "high": high,
                 "lost": lost, "lost_low": lost_low, "lost_high": lost_high,
                 "rung": shown(rung, 700 + number)[0]}
            )  # fmt: skip
    stability: list[dict[str, Any]] = []
    for number, (kind, name) in enumerate(pairs):
        if kind == "stability":
            of_size = pairs[kind, name]
            mean, low, high = shown(of_size, 800 + number)
            stability.append(
                {"agents": int(name), "replicates": int(of_size.size),
                 "effect": mean, "low": low, "high": high}
            )  # fmt: skip
    return ladder, stability


def stale(content: Mapping[str, Any], asked: Claim) -> bool:
    """Return whether a stored verdict is that of another claim file than the present one."""
    return content.get("claim") != asked.digest


def check_quick(content: Mapping[str, Any]) -> None:
    """Refuse to file a verdict of a quick run as the verdict.

    Raises
    ------
    KoubeiError
    """
    if content.get("quick"):
        raise KoubeiError(
            "claim", "a quick run has no verdict to be filed", fix="claim(..., quick=False)"
        )


_NEEDED = ("verdict", "tests")


def run_script(claim: Claim, quick: bool, outputs: Path) -> dict[str, Any]:
    """Run the script of a claim and return the content of its verdict.

    Raises
    ------
    KoubeiError
        Where the script has no ``run`` or gives back no verdict.
    """
    path = claim.folder / claim.script
    spec = importlib.util.spec_from_file_location(f"claim_{claim.id}", path)
    if spec is None or spec.loader is None:
        raise KoubeiError(str(path), "not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not callable(getattr(module, "run", None)):
        raise KoubeiError(str(path), "has no function run(quick, outputs)")
    found = module.run(quick, outputs)
    if not isinstance(found, dict) or any(word not in found for word in _NEEDED):
        raise KoubeiError(str(path), "gave back no verdict", allowed=", ".join(_NEEDED))
    return {
        "ladder": [],
        "stability": [],
        **found,  # what a script says of these cannot pass for what the file says
        "id": claim.id,
        "title": claim.title,
        "statement": claim.statement,
        "claim": claim.digest,
        "version": __version__,
        "key": claim.key,
        "quick": quick,
    }

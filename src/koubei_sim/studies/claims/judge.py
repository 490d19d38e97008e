"""`claim`: run what a claim file asks, and judge it by the rule that stands in the file.

Worlds over the prior give effects and the verdict; the main test is asked again on a second key, in
a model in which the claim is false, and in the worlds of a calibrated ensemble; the centre of the
prior gives the knock-out ladder, the first of its worlds the stability in the size of the market.

A claim file may name a script instead; it is run as a program of the person who asked for the
claim, so only claims that one trusts should be run, as with a Makefile.  The script has one
function, ``run(quick, outputs) -> dict``, and gives the verdict in the same words.
Called by people and by ``koubei claim``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim._version import __version__
from koubei_sim.checks import Backend, Engine, yes_no
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look, wrapped
from koubei_sim.metrics import kept_measure, mean_interval
from koubei_sim.model.scenario.neutral import active
from koubei_sim.reports.door import Reported
from koubei_sim.reports.page import Page
from koubei_sim.runs.options import refused
from koubei_sim.runs.simulation import Outcome
from koubei_sim.studies.claims import effects as effect
from koubei_sim.studies.claims.claim_file import Claim, Test, read_claim
from koubei_sim.studies.claims.design import (
    AGAIN,
    TAKE_OFF,
    Found,
    Group,
    groups,
    identity,
    missing_data,
    run_model,
    scaled_to,
)
from koubei_sim.studies.claims.own import loaded, module_of
from koubei_sim.studies.claims.rows import asked_again, effects_of, judged
from koubei_sim.studies.compare.attribution import rungs, switched_off
from koubei_sim.studies.design.plan import Sweep, make_sweep
from koubei_sim.studies.design.points import Table
from koubei_sim.studies.sweep.engine import SweepMeter, execution_from
from koubei_sim.studies.sweep.result import SweepResult
from koubei_sim.studies.sweep.sweep import run_together

if TYPE_CHECKING:
    import pandas as pd


#: Runs the plans of arms over the same worlds; results by name.
Runner = Callable[[Mapping[str, Sweep], int | None], dict[str, SweepResult]]
#: What `quick` makes of a claim: enough to see that everything runs, too little for a verdict.
_QUICK: Final = {"points": 6, "replicates": 2, "ladder": 2}


@dataclass(frozen=True, eq=False, repr=False)
class Verdict(Look, Reported):
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
        """supported, rejected, differs, wired, or undecided."""
        return str(self.content["verdict"])

    def table(self) -> pd.DataFrame:
        """Return one row a test."""
        from koubei_sim.looks.frames import Table

        return Table(self.content["tests"]).drop(
            columns=["splits", "tree", *AGAIN], errors="ignore"
        )

    def _page(self, lang: str) -> Page:
        from koubei_sim.studies.claims.page import page_of

        return page_of(self.content, self.claim.folder, lang)

    def __repr__(self) -> str:
        """Return one line."""
        return wrapped(f"<Verdict {self.claim.id} ({self.claim.title}): {self.verdict}>")


def claim(
    name: str | Path | Claim,
    *,
    quick: bool = False,
    outcomes: Mapping[str, Outcome] | None = None,
    out: str | Path | None = None,
    rng: None = None,
    networks: None = None,
    agents: None = None,
    engine: Engine = "compiled",
    backend: Backend | None = None,
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
    outcomes : mapping of str to callable, optional
        Functions that tests of the claim name as their outcome, as in `sweep`.  Such a verdict
        cannot be filed, for the folder does not give it again: a function of a file beside the
        claim (``outcome = "measures.py:NAME"``) can.
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
    if isinstance(name, Claim) and outcomes is not None:
        raise KoubeiError(
            "outcomes", "are handed over where the claim is read", got="a Claim",
            fix="read_claim(folder, outcomes)",
        )  # fmt: skip
    asked = name if isinstance(name, Claim) else read_claim(name, outcomes)
    outputs = execution.out or asked.folder / "outputs"
    if asked.script:
        return Verdict(asked, run_script(asked, quick, outputs), {})
    handed = sorted(asked.functions)
    asked = _with_functions(asked)
    asked = _smaller(asked) if quick else asked
    with SweepMeter(progress) as meter:

        def run(plans: Mapping[str, Sweep], replicates: int | None) -> dict[str, SweepResult]:
            # A folder for each plan: a changed claim finds what it still needs, and runs the rest.
            folders = {name: outputs / planned.digest()[:16] for name, planned in plans.items()}
            for planned in {planned.digest(): planned for planned in plans.values()}.values():
                meter.expect(planned.points.number * (replicates or planned.replicates))
            return run_together(plans, execution, meter, folders, replicates, strict=True)

        found = _run_and_judge(asked, quick, run, meter)
    if handed:
        found.content["handed"] = handed
    return found


def _with_functions(asked: Claim) -> Claim:
    """Return the claim with the functions of its files, and tests that name them."""
    said = {test.id: test.outcome for test in asked.tests}
    names, functions = loaded(asked.folder, said, asked.functions)
    tests = tuple(test.model_copy(update={"outcome": names[test.id]}) for test in asked.tests)
    return asked.model_copy(update={"functions": functions, "tests": tests})


def _run_and_judge(asked: Claim, quick: bool, run: Runner, meter: SweepMeter) -> Verdict:
    # Everything is made before anything runs, so that what is wrong is refused first.
    phases = {phase: groups(asked, phase) for phase in ("prior", *AGAIN)}
    extra = _extra_sweeps(asked)
    sizes = _of_sizes(asked)
    found = _over_the_priors(asked, phases, run)
    tests, worlds = [], {}
    for number, test in enumerate(asked.tests):
        again = {phase: found[phase, test.id] for phase in AGAIN if (phase, test.id) in found}
        row, kept = judged(asked, test, number, found["prior", test.id], again)
        tests.append(row)
        worlds[test.id] = kept
    ladder, stability = _ladder_rows(asked, run, extra), _sizes_rows(asked, run, sizes)
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
    """Run all tests over the prior, and the main one again: (phase, test) -> what was found.

    Of the main test replicates are added until luck is at most the share of the variance of
    effects that the rule allows, or there are as many as may be.
    """
    found: dict[tuple[str, str], Found] = {}
    rule, number = asked.decision, 0
    for phase, all_groups in phases.items():
        for group in all_groups:
            if group.absent:
                for test in group.tests:
                    found[phase, test.id] = Found({}, {}, {}, absent=group.absent)
                continue
            mains = [test for test in group.tests if test.main]
            replicates = number if phase == "second" else group.replicates
            while True:
                arms = _values(group, run(group.sweeps, replicates))
                for test in group.tests:
                    found[phase, test.id] = _found(test, group, arms, replicates)
                if phase != "prior" or not mains:
                    break
                made = effects_of(mains[0], found[phase, mains[0].id], asked.prior.given)
                number = replicates
                if not made.noise > rule.noise or replicates >= rule.most:
                    break
                replicates = min(2 * replicates, rule.most)
    for test in asked.tests:
        if test.model != "pyramid":
            found["prior", test.id] = run_model(asked, test)
    return found


def _values(
    group: Group, made: Mapping[str, SweepResult]
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return all outcomes of each arm, read once: arm -> outcome -> [worlds, replicates]."""
    return {arm: found.all_values(group.sweeps[arm].outcomes) for arm, found in made.items()}


def _found(
    test: Test, group: Group, arms: Mapping[str, Mapping[str, Any]], replicates: int
) -> Found:
    values = {name: arms[identity(arm)] for name, arm in test.arms.items() if identity(arm) in arms}
    outcome = kept_measure(test.outcome, next(iter(values.values())))
    return Found(
        {name: made[outcome][:, :replicates] for name, made in values.items()},
        {name: made[TAKE_OFF][:, :replicates] for name, made in values.items()},
        group.worlds.columns,
        group.worlds.refused,
        base=group.base,
    )


def _smaller(asked: Claim) -> Claim:
    few = _QUICK["points"]
    changes = {
        "prior": {"points": few, "replicates": _QUICK["replicates"]},
        "decision": {"most": _QUICK["replicates"]},
        "posterior": {"worlds": 2},
        "ladder": {"replicates": min(asked.ladder.replicates, _QUICK["ladder"])},
        "stability": {
            "agents": asked.stability.agents[:1], "worlds": (2,) * len(asked.stability.agents[:1]),
        },
    }  # fmt: skip
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


# At the centre -----------------------------------------------------------------------------------


def _extra_sweeps(asked: Claim) -> dict[str, dict[str, Sweep]]:
    """Return the one-point sweeps of the ladder: rung -> arm -> sweep."""
    test = asked.main
    if test.model != "pyramid" or not asked.ladder.replicates:
        return {}
    base = asked.scenario.replace(**test.market) if test.market else asked.scenario
    if missing_data(base):
        return {}
    found: dict[str, dict[str, Sweep]] = {}
    for name, off in switched_off(_ladder_of(asked)).items():
        found[name] = {
            arm: make_sweep(
                (scenario := base.replace(**test.arms[arm]).neutral(*off)),
                Table({"n_agents": [scenario.n_agents]}),
                asked.ladder.replicates,
                asked.key,
                outcomes=asked.measured([test.outcome]),
            )
            for arm in (test.claimed, *test.others)
        }
    return found


def _of_sizes(asked: Claim) -> dict[int, Group]:
    """Return the main test at other sizes of the market, in the first worlds of the prior."""
    found, test = {}, asked.main if asked.tests else None
    arms = {name: test.arms[name] for name in (test.claimed, *test.others)} if test else {}
    for agents, worlds in asked.stability.rounds:
        if asked.main.model != "pyramid":
            break
        base = asked.scenario.replace(**asked.main.market)
        alone = {"market": {}, "arms": arms, "interaction": ()}
        of_size = asked.model_copy(
            update={
                "scenario": scaled_to(base, agents),
                "tests": (asked.main.model_copy(update=alone | {"points": worlds}),),
                "decision": asked.decision.model_copy(update={"most": 1}),
                "prior": asked.prior.model_copy(update={"points": worlds, "replicates": 1}),
            }
        )
        (group,) = groups(of_size, "prior")
        if not group.absent:
            found[agents] = group
    return found


def _ladder_of(asked: Claim) -> list[str]:
    """Return the modules of the ladder, in order: those named, else all that are on."""
    base = asked.scenario.replace(**asked.main.market)
    return list(asked.ladder.modules or (name for name, on in active(base).items() if on))


def _ladder_rows(
    asked: Claim, run: Runner, extra: Mapping[str, Mapping[str, Sweep]]
) -> list[dict[str, Any]]:
    """Run the ladder: what is left of the main effect with mechanisms off, where both take off."""
    test, pairs = asked.main, dict[str, NDArray[np.float64]]()
    for name, arms in extra.items():
        made = run(arms, None)
        pairs[name] = effects_of(
            test,
            Found(
                {arm: found.values(test.outcome) for arm, found in made.items()},
                {arm: found.values(TAKE_OFF) for arm, found in made.items()},
                {},
            ),
            asked.prior.given,
        ).pairs[0]
    if not pairs:
        return []

    def shown(values: NDArray[np.float64], number: int) -> tuple[float, float, float]:
        return effect.interval(values, test.effect, test.better, asked.key, number)

    modules = _ladder_of(asked)
    whole, *parts = rungs(pairs, len(modules))
    mean, low, high = shown(whole, 500)
    ladder: list[dict[str, Any]] = [{"module": "(none)", "effect": mean, "low": low, "high": high}]
    for number, (name, alone, rung) in enumerate(zip(modules, *parts, strict=True)):
        mean, low, high = shown(alone, 501 + number)
        lost, lost_low, lost_high = mean_interval(whole - alone, asked.key, 600 + number)[:3]
        ladder.append(
            {"module": name, "effect": mean, "low": low, "high": high,
             "lost": lost, "lost_low": lost_low, "lost_high": lost_high,
             "rung": shown(rung, 700 + number)[0]}
        )  # fmt: skip
    return ladder


def _sizes_rows(asked: Claim, run: Runner, sizes: Mapping[int, Group]) -> list[dict[str, Any]]:
    """Run the main test at other sizes: strata, and the effect where both take off."""
    rows = []
    for agents, group in sizes.items():
        arms = _values(group, run(group.sweeps, 1))
        found = _found(group.tests[0], group, arms, 1)
        rows.append({"agents": agents, "drawn": group.worlds.number,
                     **asked_again(asked, group.tests[0], found)})  # fmt: skip
    return rows


def stale(content: Mapping[str, Any], asked: Claim) -> bool:
    """Return whether a stored verdict is that of another claim file than the present one."""
    return content.get("claim") != asked.digest


def check_quick(content: Mapping[str, Any]) -> None:
    """Refuse to file the verdict of a quick run, or one that the folder does not give again.

    Raises
    ------
    KoubeiError
    """
    if content.get("quick"):
        raise KoubeiError(
            "claim", "a quick run has no verdict to be filed", fix="claim(..., quick=False)"
        )
    for row in content["tests"]:
        if row.get("main") and row.get("worlds") == 0:
            raise KoubeiError(
                "claim", "no world counts: no verdict to be filed",
                got=f"{row.get('drawn')} worlds drawn, {content.get('failed')} runs failed",
            )  # fmt: skip
    if content.get("handed"):
        raise KoubeiError(
            "claim", "measures functions that its folder does not hold: no verdict to be filed",
            got=", ".join(content["handed"]),
            fix="a file beside it, and outcome = 'measures.py:NAME' in the claim",
        )  # fmt: skip


_NEEDED = ("verdict", "tests")


def run_script(claim: Claim, quick: bool, outputs: Path) -> dict[str, Any]:
    """Run the script of a claim and return the content of its verdict.

    Raises
    ------
    KoubeiError
        Where the script has no ``run`` or gives back no verdict.
    """
    path = claim.folder / claim.script
    module = module_of(path, f"claim_{claim.id}")
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

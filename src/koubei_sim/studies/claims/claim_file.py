"""A claim as its file states it: everything that was fixed before anything is run.

`read_claim` turns ``claim.toml`` into a `Claim` and refuses what is wrong in one line: unknown
words, arms that are not there, no main test, outcomes that no run has.  The words of the file are
explained in docs/claims.md.  Called by `judge`; its parts are used by everything else in this room.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, model_validator

from koubei_sim.checks import one_of, word
from koubei_sim.checks import path as path_of
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.metrics import check_measure
from koubei_sim.metrics.overview import SHARES
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.files import is_preset, read_toml
from koubei_sim.model.scenario.neutral import MODULES
from koubei_sim.studies.claims.models import MODELS
from koubei_sim.studies.claims.own import files_beside, handed_over, of_file
from koubei_sim.studies.design.study_file import (
    Flat,
    Ranges,
    Real,
    Said,
    StudyFile,
    Whole,
    YesNo,
    entry,
    flat,
    table,
)

FILE: Final = "claim.toml"
#: Key of all runs of a claim that names none: the day on which the MIUI forum opened.
KEY: Final = 20100816
#: Key of the confirmation: the day of MIUI's second winter.
SECOND: Final = 20111216
#: A model of a test that is none of `MODELS`: that of the library.
PYRAMID: Final = "pyramid"


# What may stand in the file ----------------------------------------------------------------------


def _one_of(*known: str) -> Any:
    return AfterValidator(lambda value: word("", value, known))


def _modules(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        one_of("", name, MODULES, "unknown module")
    return names


def _arms(value: Any) -> dict[str, dict[str, Any]]:
    return {name: flat(table(arm)) for name, arm in table(value).items()}


def _tables(value: Any) -> tuple[dict[str, Any], ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, Mapping) for one in value):
        raise KoubeiError("", "must be a list of tables", got=repr(value))
    return tuple(flat(one) for one in value)


def _sizes(value: Any) -> Any:
    fine = isinstance(value, (list, tuple)) and all(type(one) is int and one > 0 for one in value)
    if not fine:
        raise KoubeiError(
            "", "must be a list of whole numbers", got=repr(value), allowed="1 or more each"
        )
    return value


Modules = Annotated[tuple[str, ...], AfterValidator(_modules)]
Arms = Annotated[dict[str, dict[str, Any]], BeforeValidator(_arms)]
Sizes = Annotated[tuple[int, ...], BeforeValidator(_sizes)]
Sets = Annotated[tuple[dict[str, Any], ...], BeforeValidator(_tables)]


class Market(StudyFile):
    """The market of all arms: a scenario, and changes to it."""

    scenario: str = entry("xiaomi", "Name of a preset, or a file beside this one")
    set: Flat = entry({}, "Changes to it: dotted path -> value")


class Decision(StudyFile):
    """When a claim is supported, rejected, or differs from world to world (docs/claims.md)."""

    supported: Real = entry(
        0.75, "Supported where it surely holds in so many worlds", low=0.5, high=1.0
    )
    rejected: Real = entry(0.25, "Rejected where it surely holds in no more", low=0.0, high=0.5)
    noise: Real = entry(0.2, "Replicates are added until luck is so little", low=0.0, high=1.0)
    most: Whole = entry(4, "Replicates of a world at most", low=1)

    @model_validator(mode="after")
    def _apart(self) -> Decision:
        if self.rejected >= self.supported:
            raise KoubeiError("rejected", "not below supported", got=self.rejected)
        return self


class Prior(StudyFile):
    """Doubtful parameters: how many worlds, how far off, and which worlds count."""

    points: Whole = entry(96, "Worlds", low=2)
    replicates: Whole = entry(2, "Replicates of each world", low=1)
    spread: Real = entry(2.0, "How far ranges reach, a factor", low=1.0001, high=1e6)
    exclude: tuple[str, ...] = entry((), "Patterns of paths that are not doubtful")
    ranges: Ranges = entry({}, "Ranges of one's own")
    given: Annotated[str, _one_of("take_off", "all")] = entry("take_off", "Which worlds count")


class Null(StudyFile):
    """A model in which the claim is false: the main test must not hold there as well."""

    off: Modules = entry((), "Modules that are off")
    set: Flat = entry({}, "Changes to the market")


class Posterior(StudyFile):
    """Worlds of a calibrated ensemble, in which the main test is asked too."""

    preset: str = entry("", "The preset with a posterior; none without it")
    worlds: Whole = entry(32, "Worlds", low=1)
    set: Flat = entry({}, "Changes to the preset")


class Ladder(StudyFile):
    """Knock-outs of the main test; no modules named: all that are on; no replicates: none."""

    modules: Modules | None = entry(None, "Which, in order")
    replicates: Whole = entry(12, "Replicates; 0 for none", low=0)


class Stability(StudyFile):
    """Sizes of the market at which the main test is repeated, in the first worlds of the prior.

    Seeds stay as many, for whether it takes off hangs on their number; what a team can read or
    answer, places and what a product learns from stay as many per head.
    """

    agents: Sizes = entry((), "Numbers of people")
    worlds: Sizes = entry((), "Worlds of each size; 12 without them")

    @model_validator(mode="after")
    def _as_many(self) -> Stability:
        sizes = len(self.agents)
        if len(set(self.agents)) < sizes:
            raise KoubeiError("agents", "one size stands there twice", got=str(self.agents))
        if len(self.worlds) not in (0, sizes):
            raise KoubeiError(
                "", "as many worlds as sizes are needed",
                got=f"{sizes} sizes, {len(self.worlds)} worlds",
            )  # fmt: skip
        return self

    @property
    def rounds(self) -> list[tuple[int, int]]:
        """Size and worlds of each round."""
        return list(zip(self.agents, self.worlds or (12,) * len(self.agents), strict=True))


class Test(StudyFile):
    """One outcome of two or more arms, and the effect that would matter.

    `points` and `replicates` are those of the prior where they are 0.  `set` and `ranges` are for
    other models than the pyramid.
    """

    id: Said = entry(..., "A short name")
    statement: Said = entry(..., "What is claimed")
    outcome: Said = entry(..., "A measure, FILE.py:NAME of a function, or an outcome of the model")
    smallest: Real = entry(..., "The smallest effect that would matter", low=0.0, high=1e18)
    claimed: Said = entry(..., "The arm that is claimed to be better")
    against: tuple[str, ...] | None = entry(None, "The arms it is held against; all others")
    arms: Arms = entry({}, "Arms of its own: name -> changes")
    main: YesNo = entry(False, "Whether it decides")
    model: Annotated[str, _one_of(PYRAMID, *MODELS)] = entry(PYRAMID, "Which model")
    effect: Annotated[str, _one_of("ratio", "difference")] = entry("ratio", "Kind of the effect")
    better: Annotated[str, _one_of("more", "less")] = entry("more", "Which is better")
    market: Flat = entry({}, "Changes to the market")
    points: Whole = entry(0, "Worlds", low=0)
    replicates: Whole = entry(0, "Replicates of each world", low=0)
    set: Flat = entry({}, "Parameters of another model")
    ranges: Ranges = entry({}, "Doubtful parameters of another model")
    interaction: tuple[str, ...] = entry(
        (), "Four arms a, b, c, d: whether a does more against b than c against d"
    )

    @model_validator(mode="after")
    def _in_itself(self) -> Test:
        """Refuse what is wrong whatever market and arms the claim has."""
        if self.model == PYRAMID:
            for name in ("set", "ranges"):
                if name in self.model_fields_set:
                    raise KoubeiError(
                        name, "is for other models", fix="[tests.market], [prior.ranges]"
                    )
        else:
            MODELS[self.model].check_outcome("", self.outcome)
        if self.against is not None and not self.against:
            raise KoubeiError("against", "names no arm", fix="leaving it out: all others")
        if self.smallest > 1.0 and (self.effect == "ratio" or self.outcome in SHARES):
            raise KoubeiError(
                "smallest", "is a share, not a percentage", got=self.smallest, allowed="0..1",
                fix=f"{self.smallest / 100.0:g} for {self.smallest:g} %",
            )  # fmt: skip
        return self

    @property
    def others(self) -> tuple[str, ...]:
        """The arms that the claimed one is held against."""
        if self.against is not None:
            return self.against
        return tuple(name for name in self.arms if name != self.claimed)


class ClaimFile(StudyFile):
    """What a claim file may say."""

    id: Said = entry(..., "A short name, such as E1")
    title: Said = entry(..., "A few words")
    statement: Said = entry(..., "What is claimed, so that it can be wrong")
    source: Said = entry(..., "Who says so, and where")
    honest: str = entry("", "What must be said with it")
    rng: Whole = entry(KEY, "Key of all runs", low=0)
    confirm: Whole = entry(SECOND, "Key on which the main test is asked again", low=0)
    script: str = entry("", "A Python file beside it that judges the claim in a way of its own")
    market: Market = entry(Market(), "The market of all arms")
    arms: Arms = entry({}, "Arms of all tests without their own: name -> changes")
    decision: Decision = entry(Decision(), "When it is supported, rejected, differs")
    prior: Prior = entry(Prior(), "Doubtful parameters")
    null: Null = entry(Null(), "A model in which it is false")
    posterior: Posterior = entry(Posterior(), "Worlds of a calibrated ensemble")
    ladder: Ladder = entry(Ladder(replicates=0), "Knock-outs of the main test")
    stability: Stability = entry(Stability(), "Sizes at which the main test is repeated")
    tests: tuple[Test, ...] = entry((), "What is tested", allowed="[[tests]]")
    design: dict[str, Any] = entry({}, "Whatever a script wants to be told")


class Claim(ClaimFile):
    """A claim, checked against its market.

    Attributes
    ----------
    folder : Path
    digest : str
        SHA-256 of the file: a verdict says of which file it is the verdict.
    scenario : Scenario
        The market of all arms; `tests` have the arms that the file gives to all of them.
    functions : dict of str to callable
        Functions that tests name as their outcome; those of files only where it is run.
    """

    folder: Path
    digest: str
    scenario: Scenario
    functions: dict[str, Any] = entry({}, "Functions that tests measure")

    def measured(self, names: Iterable[str]) -> dict[str, Any]:
        """Return measures as they are and functions by name, as sweeps take them."""
        return {name: self.functions.get(name, name) for name in names}

    @property
    def key(self) -> int:
        """Key of all runs."""
        return self.rng

    @property
    def main(self) -> Test:
        """The test that decides."""
        return next(test for test in self.tests if test.main)


# Reading it --------------------------------------------------------------------------------------


def find_claim(name: str | Path) -> Path:
    """Return the folder of a claim: a folder or file that is named, or ``experiments/NAME``.

    Raises
    ------
    KoubeiError
        When there is no claim file.
    """
    given = path_of("claim", name)
    for folder in (given, given.parent, Path("experiments") / given, *_above(given)):
        if (folder / FILE).is_file() and (folder != given.parent or given.name == FILE):
            return folder
    known = [path.parent.name for path in Path("experiments").glob(f"*/{FILE}")]
    raise KoubeiError(
        str(name), f"no claim, looked for {FILE} there and in experiments/{name}",
        fix=nearest(str(name), known) or "the folder of a claim",
    )  # fmt: skip


def _above(name: Path) -> list[Path]:
    return [folder / "experiments" / name for folder in Path.cwd().parents[:3]]


def read_claim(name: str | Path, outcomes: object = None) -> Claim:
    """Return the claim of a folder, checked.

    Parameters
    ----------
    name : str or Path
    outcomes : mapping of str to callable, optional
        Functions that tests may name as their outcome.

    Raises
    ------
    KoubeiError
        In one line, naming the file and the word.
    """
    functions = handed_over(outcomes)
    folder = find_claim(name)
    path = folder / FILE
    content = read_toml(path)
    raw = path.read_bytes()
    market = content.get("market", {})
    beside = folder / str(market.get("scenario", "")) if isinstance(market, Mapping) else folder
    if beside.is_file():  # a market of its own is part of the claim
        raw += beside.read_bytes()
    script = folder / str(content.get("script", ""))
    if script.is_file():  # and so is the program that judges it
        raw += script.read_bytes()
    asked = ClaimFile.of(content, str(path))
    scenario = _scenario(asked.market, folder)
    tests = tuple(
        _with_arms(test, asked.arms, scenario, f"{path}: tests.{test.id}", functions)
        for test in asked.tests
    )
    _check_tests(asked, tests, path)
    for test in tests:
        _check_arms(scenario, test, f"{path}: tests.{test.id}", functions)
    raw += _files_of(tests, path, script)
    said = [test.outcome for test in tests]
    for idle in functions.keys() - set(said):
        raise KoubeiError("outcomes", "no test measures it", got=idle, allowed=", ".join(said))
    checked = {
        "folder": folder, "digest": hashlib.sha256(raw).hexdigest(), "scenario": scenario,
        "functions": functions,
    }  # fmt: skip
    return Claim.model_construct(**{**dict(asked), **checked, "tests": tests})


def _files_of(tests: Iterable[Test], path: Path, script: Path) -> bytes:
    """Return the bytes of the files whose functions are measured: they are part of the claim.

    So are those of the files beside them, or beside the script, that these import.
    """
    named: dict[str, Path] = {}
    for test in tests:
        place = of_file(test.outcome) if test.model == PYRAMID else None
        if place is None:
            continue
        named[place[0]] = path.parent / place[0]
        if not named[place[0]].is_file():
            raise KoubeiError(f"{path}: tests.{test.id}: outcome", "no such file", got=place[0])
    beside: dict[str, Path] = {}
    for file in (*named.values(), *([script] if script.is_file() else ())):
        beside |= files_beside(file)
    return b"".join(file.read_bytes() for file in (*named.values(), *beside.values()))


def _scenario(market: Market, folder: Path) -> Scenario:
    given = market.scenario
    if not is_preset(given) and (folder / given).is_file():
        given = str(folder / given)
    base = Scenario.load(given)
    changes = _with_new_entries(market.set, base)
    return base.replace(**changes) if changes else base


def _with_new_entries(changes: Mapping[str, Any], scenario: Scenario) -> dict[str, Any]:
    """Return changes of a market in which entries that it does not have yet are given whole.

    A file says ``[market.set.events.gala]`` and what a gala is, line by line; a scenario takes a
    new entry in one piece only.
    """
    found: dict[str, Any] = {}
    for path, value in changes.items():
        steps = path.split(".")
        entries = getattr(scenario, steps[0], None)
        if len(steps) == 3 and isinstance(entries, Mapping) and steps[1] not in entries:
            found.setdefault(f"{steps[0]}.{steps[1]}", {})[steps[2]] = value
        else:
            found[path] = value
    return found


def _with_arms(
    test: Test,
    shared: Mapping[str, Mapping[str, Any]],
    scenario: Scenario,
    where: str,
    functions: Mapping[str, Any],
) -> Test:
    """Return a test with the arms of the claim where it has none, and its market in whole."""
    arms = test.arms or shared
    if len(arms) < 2:
        raise KoubeiError(f"{where}: arms", "two or more are needed", got=len(arms))
    outcome = test.outcome
    if test.model == PYRAMID and not _is_function(test, functions):
        try:  # a test with a market of its own may have other days
            outcome = check_measure(outcome, None if test.market else scenario)
        except KoubeiError as error:
            raise error.within(f"{where}: ") from None
    for name in (test.claimed, *(test.against or ())):
        one_of(f"{where}: claimed", name, arms, "no such arm")
    for name in test.interaction:
        one_of(f"{where}: interaction", name, arms, "no such arm")
    if len(test.interaction) not in (0, 4):
        raise KoubeiError(
            f"{where}: interaction", "not four arms", got=", ".join(test.interaction),
            allowed="a, b, c, d: a against b, and c against d",
        )  # fmt: skip
    if test.claimed in (test.against or ()):
        raise KoubeiError(f"{where}: against", "holds the claimed arm itself", got=test.claimed)
    market = _with_new_entries(test.market, scenario)
    return test.model_copy(update={"arms": arms, "market": market, "outcome": outcome})


def _is_function(test: Test, functions: Mapping[str, Any]) -> bool:
    return test.outcome in functions or of_file(test.outcome) is not None


def _check_tests(asked: ClaimFile, tests: tuple[Test, ...], path: Path) -> None:
    if asked.script:
        if not (path.parent / asked.script).is_file():
            raise KoubeiError(f"{path}: script", "no such file", got=asked.script)
        return
    mains = [test.id for test in tests if test.main]
    if len(mains) != 1:
        raise KoubeiError(
            f"{path}: tests", "exactly one must be the main one",
            got=", ".join(mains) or "none", fix="main = true",
        )  # fmt: skip
    ids = [test.id for test in tests]
    if len(set(ids)) < len(ids):
        raise KoubeiError(f"{path}: tests", "two have one id", got=", ".join(ids))


def _check_arms(scenario: Scenario, test: Test, where: str, functions: Mapping[str, Any]) -> None:
    """Make the scenario of every arm once, so that a wrong path is refused before a run."""
    if test.model != PYRAMID:
        MODELS[test.model].check(where, test.set, test.arms, ranges=test.ranges)
        return
    market = scenario.replace(**test.market) if test.market else scenario
    digests: dict[str, str] = {}
    for name, arm in test.arms.items():
        try:
            changed = market.replace(**arm)
            if not _is_function(test, functions):
                check_measure(test.outcome, changed)
            digests[name] = changed.digest()
        except KoubeiError as error:
            raise error.within(f"{where}, arm {name}: ") from None
    same = [name for name in test.others if digests[name] == digests[test.claimed]]
    if test.main and same:
        raise KoubeiError(
            where, f"arms {test.claimed} and {same[0]} are the same market", fix="arms that differ"
        )

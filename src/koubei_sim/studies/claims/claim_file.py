"""Reading a claim: everything that was fixed before anything is run.

`read_claim` turns ``claim.toml`` into a `Claim` and refuses what is wrong in one line: unknown
words, arms that are not there, no main test, outcomes that no run has.  The words of the file are
explained in docs/claims.md.  Called by `judge`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from koubei_sim.checks import path as path_of
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.metrics import check_measure
from koubei_sim.metrics.overview import SHARES
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.files import read_toml
from koubei_sim.model.scenario.neutral import MODULES
from koubei_sim.studies.claims.models import MODELS
from koubei_sim.studies.claims.parts import (
    Claim,
    Decision,
    Ladder,
    Prior,
    Stability,
    Stress,
    Test,
)
from koubei_sim.studies.claims.words import Words
from koubei_sim.studies.sweep.sweep_file import flat

FILE: Final = "claim.toml"
#: Key of all runs of a claim that names none: the day on which the MIUI forum opened.
KEY: Final = 20100816


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


def read_claim(name: str | Path) -> Claim:
    """Return the claim of a folder, checked.

    Raises
    ------
    KoubeiError
        In one line, naming the file and the word.
    """
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
    return _claim(Words(str(path), content, ""), folder, raw)


def _claim(top: Words, folder: Path, raw: bytes) -> Claim:
    market = top.table("market")
    decision = _decision(top.table("decision"))
    scenario = _scenario(market, folder)
    shared = {name: flat(arm) for name, arm in top.tables("arms").items()}
    script = top.text("script", "")
    tests = tuple(_test(part, shared, scenario) for part in top.list_of_tables("tests"))
    if not script:
        mains = [test.id for test in tests if test.main]
        if len(mains) != 1:
            raise KoubeiError(
                f"{top.where}: tests", "exactly one must be the main one",
                got=", ".join(mains) or "none", fix="main = true",
            )  # fmt: skip
        ids = [test.id for test in tests]
        if len(set(ids)) < len(ids):
            raise KoubeiError(f"{top.where}: tests", "two have one id", got=", ".join(ids))
    elif not (folder / script).is_file():
        raise KoubeiError(f"{top.where}: script", "no such file", got=script)
    claim = Claim(
        folder,
        hashlib.sha256(raw).hexdigest(),
        top.text("id"),
        top.text("title"),
        top.text("statement"),
        top.text("source"),
        top.text("honest", ""),
        top.whole("rng", KEY, 0),
        script,
        scenario,
        decision,
        _prior(top.table("prior")),
        _stress(top.table("stress")),
        _ladder(top.table("ladder")),
        _stability(top.table("stability")),
        tests,
    )
    for test in tests:
        _check_arms(claim, test, top.where)
    return claim


def _scenario(market: Words, folder: Path) -> Scenario:
    given = market.text("scenario", "xiaomi")
    if given not in Scenario.presets() and (folder / given).is_file():
        given = str(folder / given)
    base = Scenario.load(given)
    changes = _with_new_entries(flat(market.table("set").content), base)
    return base.replace(**changes) if changes else base


def _with_new_entries(changes: Mapping[str, Any], scenario: Scenario) -> dict[str, Any]:
    """Return changes of a market in which entries that it does not have yet are given whole.

    A file says ``[market.set.events.gala]`` and what a gala is, line by line; a scenario takes a
    new entry in one piece only.
    """
    found: dict[str, Any] = {}
    for path, value in changes.items():
        steps = path.split(".")
        table = getattr(scenario, steps[0], None)
        if len(steps) == 3 and isinstance(table, Mapping) and steps[1] not in table:
            found.setdefault(f"{steps[0]}.{steps[1]}", {})[steps[2]] = value
        else:
            found[path] = value
    return found


def _decision(part: Words) -> Decision:
    found = Decision(
        part.real("supported", 0.9, 0.5, 1.0),
        part.real("rejected", 0.1, 0.0, 0.5),
        part.real("void", 0.05, 0.0, 0.5),
    )
    if found.rejected >= found.supported:
        raise KoubeiError(f"{part.where}: rejected", "not below supported", got=found.rejected)
    return found


def _prior(part: Words) -> Prior:
    given = part.text("given", "take_off")
    if given not in ("take_off", "all"):
        raise KoubeiError(f"{part.where}: given", "unknown", got=given, allowed="take_off, all")
    return Prior(
        part.whole("points", 96, 2),
        part.whole("replicates", 2, 1),
        part.real("spread", 2.0, 1.0001, 1e6),
        part.texts("exclude"),
        flat(part.table("ranges").content, _is_range),
        given,
    )


def _stress(part: Words) -> Stress:
    off = part.texts("off")
    _check_modules(part.where, off)
    return Stress(
        part.whole("points", 48, 1),
        part.whole("replicates", 1, 1),
        part.real("spread", 5.0, 1.0001, 1e6),
        off,
        flat(part.table("ranges").content, _is_range),
    )


def _ladder(part: Words) -> Ladder:
    modules = part.texts("modules") if "modules" in part.content else None
    _check_modules(part.where, modules or ())
    return Ladder(modules, part.whole("replicates", 12 if part.content else 0, 0))


def _check_modules(where: str, names: Sequence[str]) -> None:
    for name in names:
        if name not in MODULES:
            raise KoubeiError(
                where, "unknown module", got=name, allowed=", ".join(MODULES),
                fix=nearest(name, MODULES),
            )  # fmt: skip


def _stability(part: Words) -> Stability:
    agents = tuple(part.wholes("agents"))
    replicates = tuple(part.wholes("replicates"))
    given = part.content.get("set", [])
    if not isinstance(given, list) or not all(isinstance(table, Mapping) for table in given):
        raise KoubeiError(f"{part.where}: set", "must be a list of tables", got=str(given))
    if len(set(agents)) < len(agents):
        raise KoubeiError(f"{part.where}: agents", "one size stands there twice", got=str(agents))
    changes = tuple(flat(table) for table in given)
    if len(replicates) not in (0, len(agents)) or len(changes) not in (0, len(agents)):
        raise KoubeiError(part.where, "as many replicates (and changes) as sizes are needed",
                          got=f"{len(agents)} sizes, {len(replicates)} replicates")  # fmt: skip
    return Stability(agents, replicates or (8,) * len(agents), changes or ({},) * len(agents))


def _test(part: Words, shared: Mapping[str, Mapping[str, Any]], scenario: Scenario) -> Test:
    own = {name: flat(arm) for name, arm in part.tables("arms").items()}
    arms: Mapping[str, Mapping[str, Any]] = own or shared
    if len(arms) < 2:
        raise KoubeiError(f"{part.where}: arms", "two or more are needed", got=len(arms))
    model = part.text("model", "pyramid")
    if model != "pyramid" and model not in MODELS:
        known = ("pyramid", *MODELS)
        raise KoubeiError(
            f"{part.where}: model", "unknown model", got=model, allowed=", ".join(known),
            fix=nearest(model, known),
        )  # fmt: skip
    outcome = part.text("outcome")
    if model == "pyramid":
        outcome = check_measure(outcome, scenario if "market" not in part.content else None)
    else:
        MODELS[model].check_outcome(part.where, outcome)
    effect, better = part.text("effect", "ratio"), part.text("better", "more")
    for word, value, known in (
        ("effect", effect, ("ratio", "difference")),
        ("better", better, ("more", "less")),
    ):
        if value not in known:
            raise KoubeiError(
                f"{part.where}: {word}", "unknown", got=value, allowed=", ".join(known)
            )
    claimed = part.text("claimed")
    against = part.texts("against") or tuple(name for name in arms if name != claimed)
    for name in (claimed, *against):
        if name not in arms:
            raise KoubeiError(
                f"{part.where}: claimed", "no such arm", got=name, allowed=", ".join(arms),
                fix=nearest(name, arms),
            )  # fmt: skip
    if "against" in part.content and not part.content["against"]:
        raise KoubeiError(
            f"{part.where}: against", "names no arm", fix="leaving it out: all others"
        )
    for word in ("set", "ranges", "stress_ranges"):
        if model == "pyramid" and word in part.content:
            raise KoubeiError(
                f"{part.where}: {word}", "is for other models", fix="[tests.market], [prior.ranges]"
            )
    if claimed in against:
        raise KoubeiError(f"{part.where}: against", "holds the claimed arm itself", got=claimed)
    smallest = part.real("smallest", None, 0.0, 1e18)
    if smallest > 1.0 and (effect == "ratio" or outcome in SHARES):
        raise KoubeiError(
            f"{part.where}: smallest", "is a share, not a percentage", got=smallest,
            allowed="0..1", fix=f"{smallest / 100.0:g} for {smallest:g} %",
        )  # fmt: skip
    return Test(
        part.text("id"), part.text("statement"), outcome,
        smallest, claimed, against, arms,
        part.truth("main"), model, effect, better,
        _with_new_entries(flat(part.table("market").content), scenario),
        part.whole("points", 0, 0),
        part.whole("replicates", 0, 0), flat(part.table("set").content),
        flat(part.table("ranges").content, _is_range),
        flat(part.table("stress_ranges").content, _is_range),
    )  # fmt: skip


def _check_arms(claim: Claim, test: Test, where: str) -> None:
    """Make the scenario of every arm once, so that a wrong path is refused before a run."""
    if test.model != "pyramid":
        MODELS[test.model].check(f"{where}: tests.{test.id}", test)
        return
    market = claim.scenario.replace(**test.market) if test.market else claim.scenario
    digests: dict[str, str] = {}
    for name, arm in test.arms.items():
        try:
            scenario = market.replace(**arm)
            check_measure(test.outcome, scenario)
            digests[name] = scenario.digest()
        except KoubeiError as error:
            raise KoubeiError(
                f"{where}: tests.{test.id}, arm {name}: {error.where}", error.what,
                got=error.got, allowed=error.allowed, fix=error.fix,
            ) from None  # fmt: skip
    same = [name for name in test.against if digests[name] == digests[test.claimed]]
    if test.main and same:
        raise KoubeiError(
            f"{where}: tests.{test.id}", f"arms {test.claimed} and {same[0]} are the same market",
            fix="arms that differ",
        )  # fmt: skip


def _is_range(value: Mapping[str, Any]) -> bool:
    return "choices" in value or "low" in value or "high" in value

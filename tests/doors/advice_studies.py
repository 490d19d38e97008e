"""What is advised about runs and results, people, studies, figures and commands."""

# ruff: noqa: E501  # the texts stand as they are in the sources

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from tests.doors.advice_calls import (
    Trial,
    command,
    said,
    saved,
    within,
    write,
)
from tests.own.gifts import gifts

import koubei_sim as kb
from koubei_sim import KoubeiError, plots, studies
from koubei_sim.model.reference import run_reference
from koubei_sim.model.world import build
from koubei_sim.runs.dataset import guarded
from koubei_sim.runs.partition import run_partitioned
from koubei_sim.studies import Targets
from koubei_sim.studies.calibration import calibrate, ranges_around
from koubei_sim.studies.calibration.targets import Target
from koubei_sim.studies.claims import claim, read_claim, read_verdict, write_verdict
from koubei_sim.studies.sweep import journal

KIB = 2.0**10
NOBODY = "tcp://127.0.0.1:9"
FEW = kb.Scenario.load("tiny").replace(n_agents=30, ticks=2, **{"seeding.number": 2})
MORE = FEW.replace(n_agents=300)
GIFTED = FEW.with_mechanisms(gifts)
BASS = kb.Scenario.load("bass").replace(n_agents=100, ticks=21, **{"seeding.number": 10})
HAZARD = "media.advertising.persuasion"
PEOPLE = pd.DataFrame({"segment": ["newbie", "enthusiast"] * 15})
LOCKED = {"locked": lambda result, lock=threading.Lock(): float(result.replicates)}  # noqa: B008
CHANCE = {"points": {"ticks": [2]}, "rng": 1, "outcomes": ["users"], "workers": 1}
CLAIM = """
id = "S1"
title = "A script"
statement = "A script says so."
source = "a test"
script = "run.py"
"""


SO_FAR = {"so_far": lambda result: float(result.data.users[0, -1])}


def measuring() -> Path:
    """A claim whose test measures a function."""
    arms = "[arms.few]\nticks = 2\n[arms.more]\nticks = 3\n"
    test = '[[tests]]\nid = "a"\nmain = true\nstatement = "a"\noutcome = "so_far"\nsmallest = 0.1\n'
    text = CLAIM.replace('script = "run.py"', "") + arms + test + 'claimed = "more"\n'
    return write(text, "claim.toml")


def few_pairs() -> Any:
    return studies.compare({"a": FEW, "b": FEW.replace(ticks=9)}, 2, rng=1)


def target(**named: Any) -> Target:
    given = {"name": "a", "value": 10.0, "tolerance": 0.1, "statistic": "users"}
    return Target(**{**given, "level": "empirical-output", **named})


def series(**named: Any) -> Targets:
    return Targets.series([1, 2], [20.0, 10.0], **named)


def both() -> Any:
    return studies.compare({"a": saved(), "b": saved()})


def active(values: Any, column: str = "activity") -> Any:
    """A run of thirty people whose activity is this, or who have no such column."""
    return kb.run(FEW, rng=1, agents=PEOPLE.assign(**{column: values}))


def inactive() -> None:
    """Nobody is active, where there is no mean to divide by."""
    with pytest.raises(KoubeiError, match=r"leaving the column out$"):
        active(0.0)
    several(PEOPLE)


def counted(agents: Any = None) -> Any:
    """A run of thirty people, the seeds drawn among those of a city."""
    return kb.run(
        FEW, rng=1, agents=agents,
        **{"seeding.strategy": "random", "seeding.among": {"city": ["Wuhan"]}},
    )  # fmt: skip


def several(agents: Any) -> Any:
    return kb.run(FEW, rng=1, agents=agents)


def mapped(y: Any = ("telling.relay", 0.0, 1.0), **named: Any) -> Any:
    """A map of four points."""
    words = {"replicates": 6, "rng": 1, "cells": 1, "depth": 0, **named}
    return kb.map(FEW, ("market.taste_sd", 0.0, 0.3), y, **words)


def levels() -> pd.DataFrame:
    return PEOPLE.set_index(pd.MultiIndex.from_product([range(6), range(5)], names=["x", "y"]))


def found(**named: Any) -> Any:
    """A fit, as small as can be."""
    curve = Targets.series([5, 10, 20], [14, 22, 45], name="a", **named.pop("curve", {}))
    ranges = named.pop("ranges", {HAZARD: (0.001, 0.02, "log")})
    how = {"method": "optuna", "simulations": 2, **named}
    if how["method"] == "abc-smc":
        how.update(particles=10, simulations=30, generations=2)
    return calibrate(BASS, curve, ranges, rng=7, workers=1, **how)


def a_claim(folder: str = "S1", quick: bool = False) -> Any:
    Path(folder).mkdir(exist_ok=True)
    write(CLAIM, f"{folder}/claim.toml")
    answer = '{"verdict": "rejected", "tests": [{"id": "a", "main": True, "verdict": "rejected"}], "quick": quick}'
    write(f"def run(quick, outputs):\n    return {answer}\n", f"{folder}/run.py")
    return claim(folder, quick=quick)


def broken_verdict() -> None:
    a_claim()
    write("{}", "S1/verdict.json")
    read_verdict("S1")


def claimed() -> None:
    with contextlib.suppress(KoubeiError):
        broken_verdict()
    command("claim", "S1")()
    assert read_verdict("S1")


def altered() -> None:
    """Load a result whose recipe is that of other numbers."""
    saved(out="altered")
    recipe = json.loads(Path("altered/recipe.json").read_text("utf-8"))
    del recipe["seal"]
    write(json.dumps({**recipe, "digest": "0" * 64}), "altered/recipe.json")
    kb.load("altered")


def made_again() -> None:
    with contextlib.suppress(KoubeiError):
        altered()
    with contextlib.suppress(AssertionError):  # status 1: not what the recipe says
        command("run", "altered", "--out", "NEW", "--no-figures")()
    assert kb.load("NEW").digest() == saved().digest()


def swept(**named: Any) -> Any:
    """A sweep of 60 runs where the memory is left for 40 rows and a world."""
    how = {**CHANCE, "replicates": 60, **named}
    return within(48 * KIB, lambda: kb.sweep(FEW, **how))()


def in_processes(left: float, workers: int, backend: str = "loky") -> Any:
    """A sweep side by side, where so many bytes are left."""
    how = {**CHANCE, "workers": workers, "replicates": 9, "backend": backend}
    return within(left, lambda: kb.sweep(FEW, **how))()


def of_old(name: str, folder: str) -> Any:
    """Go on with the folder of an earlier version, which wrote an outcome otherwise."""
    planned = studies.make_sweep(FEW, {"ticks": [2]}, rng=1, outcomes=["users"])
    return studies.sweep(dataclasses.replace(planned, outcomes=(name,)), out=folder, workers=1)


def in_use(call: Any) -> Any:
    """Do this while another process is writing into the folder `sweep`."""
    planned = studies.make_sweep(FEW, {"ticks": [2]}, rng=1, outcomes=["users"])
    with patch.object(journal, "_PATIENCE", 0.01), journal.Journal(Path("sweep"), planned):
        return call(planned)


def drawn(backend: str) -> None:
    """Draw in a fresh interpreter, as matplotlib reads its environment when it is loaded."""
    import os
    import subprocess
    import sys

    code = (
        "from koubei_sim import KoubeiError\n"
        "from koubei_sim.plots.style import new_axes\n"
        "try: new_axes()\n"
        "except KoubeiError as error: print(repr((error.where, error.what, error.fix)))\n"
    )
    environment = {**os.environ, "MPLBACKEND": backend}
    shown = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout
    if shown:
        where, what, fix = eval(shown)
        raise KoubeiError(where, what, fix=fix)


def made(call: Callable[[kb.Result], Any]) -> Any:
    """Do this with a result where next to no memory is left."""
    result = kb.run(FEW, 3, rng=1)
    with patch.object(guarded, "_SMALL", 0):
        return within(KIB, lambda: call(result))()


def reaches_for(call: Callable[[str], Any]) -> None:
    """Do this at an address where nothing listens: there it is looked for, and not refused."""
    pytest.importorskip("distributed")
    with pytest.raises(KoubeiError, match=f"cannot be reached.*{NOBODY}"):
        call(NOBODY)


TRIED: dict[str, Trial] = {
    "f'replicates={value!r}'": (
        lambda: kb.run("tiny", n_replicates=3, ticks=2),
        lambda: kb.run("tiny", replicates=3, ticks=2),
        "replicates=3",
    ),
    "f'rng={value!r}'": (
        lambda: kb.run("tiny", seed=3, ticks=2),
        lambda: kb.run("tiny", rng=3, ticks=2),
        "rng=3",
    ),
    '"changes={\'seeding.purity\': 0.3}"': (
        lambda: kb.run("tiny", changes=0.3, ticks=2),
        lambda: kb.run("tiny", changes={"seeding.purity": 0.3}, ticks=2),
    ),
    "'the folder given to save() or --out'": (
        lambda: kb.load("nowhere"),
        lambda: (saved(out="somewhere"), kb.load("somewhere")),
    ),
    "'koubei run FOLDER --out NEW, which makes it again'": (altered, made_again),
    "f'--set {known[0]}=..'": (
        lambda: said("cascade", "ring:20", "--rule", "sir", "--p", "0.5"),
        command(
            *("cascade", "ring:20", "--rule", "sir", "--set", "beta=0.5", "--set", "gamma=0.5"),
            *("--replicates", "2", "--horizon", "9"),
        ),
    ),
    'f"via={{\'{name}\': \'products.{next(iter(scenario.products))}.bar\'}}"': (
        lambda: mapped(y=("newbie_margin", -0.1, 0.1)),
        lambda: mapped(
            y=("newbie_margin", -0.1, 0.1), via={"newbie_margin": "products.rom.bar"}
        ),
        "via={'newbie_margin': 'products.rom.bar'}",
    ),
    '"outcome=\'take_off\'"': (
        lambda: mapped(arms={"a": {}, "b": {}}, outcome="users"),
        lambda: mapped(arms={"a": {}, "b": {}}, outcome="take_off"),
    ),
    "'strata(...)'": (
        lambda: plots.compare(few_pairs(), outcomes=["take_off"]),
        lambda: plots.strata(few_pairs()),
    ),
    "f'rng={first.key}'": (
        lambda: studies.compare({"a": saved(), "b": kb.run("tiny", rng=2, ticks=2)}),
        lambda: studies.compare({"a": saved(), "b": kb.run("tiny", rng=1, ticks=2)}),
    ),
    "f'--seeds {brands[0]}=10'": (
        lambda: said("cascade", "ring:20", "--rule", "competing", "--seeds", "2"),
        command("cascade", "ring:20", "--rule", "competing", "--seeds", "a=10",
                "--replicates", "2"),
    ),
    "'out=\"folder\"'": (lambda: saved(stream=True), lambda: saved(stream=True, out="folder")),
    "f'shards={threads}'": (
        lambda: run_partitioned("tiny", 1, threads=2, progress=False),
        lambda: run_partitioned("tiny", 1, shards=2, progress=False),
    ),
    "f'workers={threads}'": (
        lambda: studies.sweep(FEW, **CHANCE | {"workers": None}, backend="loky", threads=2),
        lambda: studies.sweep(FEW, **CHANCE | {"workers": 2}, backend="loky"),
    ),
    "'kb.run(scenario, threads=4)'": (
        lambda: run_partitioned(GIFTED, rng=1, shards=2, progress=False),
        lambda: kb.run(GIFTED, rng=1, threads=4),
    ),
    "f'mechanisms=[{names}]'": (
        lambda: kb.load(kb.run(GIFTED, rng=1).save("gifted")),
        lambda: kb.load("gifted", mechanisms=[gifts]),
    ),
    "\"kb.parameter(0.1, 'what it is', unit='1', neutral=0.0, low=0.0, high=1.0)\"": (
        lambda: dataclasses.replace(gifts, parameters={"share": 0.1}),
        lambda: dataclasses.replace(
            gifts,
            parameters={
                "share": kb.parameter(0.1, "what it is", unit="1", neutral=0.0, low=0.0, high=1.0)
            },
        ),
    ),
    "'engine=\"compiled\"'": (
        lambda: saved(stream=True, out="streamed", engine="reference"),
        lambda: saved(stream=True, out="streamed", engine="compiled"),
    ),
    "'build_world(scenario, key)'": (
        lambda: run_reference(FEW),
        lambda: run_reference(build.build_world(FEW, 7)),
    ),
    "\"where='dask'\"": (
        lambda: run_partitioned(FEW, rng=1, address=NOBODY),
        lambda: reaches_for(
            lambda at: run_partitioned(FEW, rng=1, shards=1, where="dask", address=at)
        ),
    ),
    "'fewer agents with a larger people_per_agent' + (', or threads=1 (of sweeps workers=1)' if max(worlds, runs) > 1 else '')": (
        within(400 * KIB, lambda: kb.run(MORE, 8, rng=1, threads=8)),
        lambda: [
            within(400 * KIB, lambda: kb.run(MORE, 8, rng=1, threads=1))(),
            within(400 * KIB, lambda: kb.sweep(MORE, **CHANCE, replicates=2))(),
            within(400 * KIB, lambda: kb.run(
                MORE.replace(n_agents=10, people_per_agent=3), 8, rng=1, threads=8))(),
        ],
        "fewer agents with a larger people_per_agent, or threads=1 (of sweeps workers=1)",
    ),
    # Tables.
    "'Result.frame(), the tidy long form, or one variable: data.members.to_dataframe()'": (
        lambda: made(lambda result: result.data.to_dataframe()),
        lambda: (
            kb.run(FEW, 3, rng=1).frame(),
            made(lambda result: result.data.members.to_dataframe()),
        ),
    ),
    "'frame_batches(), or fewer variables'": (
        lambda: made(lambda result: result.frame()),
        lambda: (
            made(lambda result: list(result.frame_batches())),
            made(lambda result: result.frame("users")),
        ),
    ),
    # People.
    "\"agents.to_frame('segment')\"": (
        lambda: several(PEOPLE["segment"].rename("kind")),
        lambda: several(PEOPLE["segment"].rename("kind").to_frame("segment")),
    ),
    "'agents.reset_index()'": (
        lambda: several(levels()),
        lambda: several(levels().reset_index()),
    ),
    "'activity / activity.mean()'": (
        lambda: active(np.arange(30.0)),
        lambda: (active(np.arange(30.0) / np.arange(30.0).mean()), inactive()),
    ),
    "'agents= with this column'": (
        counted,
        lambda: counted(PEOPLE.assign(city=["Wuhan"] * 15 + ["Harbin"] * 15)),
    ),
    # Studies.
    "'read_claim(folder, outcomes)'": (
        lambda: claim(read_claim(measuring(), SO_FAR), outcomes=SO_FAR),
        lambda: read_claim(measuring(), SO_FAR),
    ),
    "'backend=\"threads\"'": (
        lambda: kb.sweep(FEW, **CHANCE | {"outcomes": LOCKED}, backend="loky"),
        lambda: kb.sweep(FEW, **CHANCE | {"outcomes": LOCKED}, backend="threads"),
    ),
    "'backend=\"dask\"'": (
        lambda: kb.sweep(FEW, **CHANCE, scheduler=NOBODY, backend="threads"),
        lambda: reaches_for(lambda at: kb.sweep(FEW, **CHANCE, scheduler=at, backend="dask")),
    ),
    "\"another sweep, with keep=['users', 'loyal']\"": (
        lambda: swept().curves(),
        lambda: swept(keep=["users", "loyal"]).curves(),
    ),
    "'lambda result: float(result.data.users[0, -1])'": (
        lambda: kb.knock_out(FEW, ["relays"], lambda: 1.0, 2, rng=1),
        lambda: kb.knock_out(
            FEW, ["relays"], lambda result: float(result.data.users[0, -1]), 2, rng=1
        ),
    ),
    "\"fewer outcomes, or out='folder'\"": (
        lambda: swept(outcomes=None),
        lambda: (swept(), swept(outcomes=None, out="folder")),
    ),
    "f'workers={fitting}'": (
        lambda: in_processes(600e6, 9),
        lambda: in_processes(600e6, 1),
        "workers=1",
    ),
    "\"backend='threads'\"": (
        lambda: in_processes(200e6, 1),
        lambda: in_processes(200e6, 1, backend="threads"),
    ),
    "'koubei status FOLDER'": (
        lambda: in_use(lambda planned: studies.sweep(planned, out="sweep")),
        lambda: in_use(lambda _: command("status", "sweep")()),
    ),
    "f'a new folder, with {check_measure(name)}'": (
        lambda: of_old("users@1/adoptions@1", "old"),
        lambda: of_old("users@1 / adoptions@1", "new"),
        "a new folder, with users@1 / adoptions@1",
    ),
    "f\"paths={{'{path}': [one, other]}}\"": (
        lambda: kb.prior_sample(FEW, 2, paths=["seeding.strategy"]),
        lambda: kb.sweep(
            FEW,
            kb.prior_sample(FEW, 2, paths={"seeding.strategy": ["random", "degree"]}),
            rng=1, outcomes=["users"], workers=1,
        ),
    ),
    "\"paths=['seeding.purity']\"": (
        lambda: kb.prior_sample("tiny", 2, paths=[]),
        lambda: kb.prior_sample("tiny", 2, paths=["seeding.purity"]),
    ),
    "'compare(...)'": (
        lambda: studies.attribution([FEW, FEW], replicates=2),
        lambda: studies.attribution(
            studies.compare({"a": FEW, "b": FEW.replace(**{"seeding.number": 4})}, 2, 1),
            modules=["media"],
        ),
    ),
    "'claim(..., quick=False)'": (
        lambda: write_verdict(a_claim(quick=True)),
        lambda: write_verdict(a_claim(quick=False)),
    ),
    "f'koubei claim {path.parent}'": (broken_verdict, claimed, "koubei claim S1"),
    "f'koubei claim {folder}'": (
        lambda: (Path("S1").mkdir(), write(CLAIM, "S1/claim.toml"), kb.load("S1")),
        lambda: (write_verdict(a_claim()), kb.load("S1")),
        "koubei claim S1",
    ),
    "'log=False'": (lambda: target(value=0.0, log=True), lambda: target(value=0.0, log=False)),
    "f'{self.tolerance / 100.0:g} for {self.tolerance:g} %, or log=False'": (
        lambda: target(tolerance=10.0, log=True),
        lambda: (target(tolerance=0.1, log=True), target(tolerance=10.0, log=False)),
    ),
    "'Target(...)'": (lambda: Targets([]), lambda: Targets([target()])),
    "\"quantity='users' for people in use\"": (
        lambda: series(quantity="adopted"),
        lambda: series(quantity="users"),
    ),
    "'ranges_around(start) as ranges'": (
        lambda: found(method="abc-smc", start={HAZARD: 0.005}),
        lambda: found(method="abc-smc", ranges=ranges_around({HAZARD: 0.005})),
    ),
    "'method=\"abc-smc\"'": (
        lambda: found().posterior,
        lambda: found(method="abc-smc").posterior,
    ),
    "'Targets.series(.., hold_out_after=)'": (
        lambda: found().holdout(2),
        lambda: found(curve={"hold_out_after": 10}).holdout(2),
    ),
    # Figures.
    "\"outcomes=['users']\"": (
        lambda: kb.plots.compare(both(), outcomes=[]),
        lambda: kb.plots.compare(both(), outcomes=["users"]),
    ),
    "'ax=plt.subplots()[1]'": (
        lambda: kb.plots.pyramid(saved(), ax=3),
        lambda: kb.plots.pyramid(saved(), ax=plt.subplots()[1]),
    ),
    "'MPLBACKEND=Agg in the environment'": (
        lambda: drawn("module://no_such_window"),
        lambda: drawn("Agg"),
    ),
    # Commands.
    "'--set seeding.purity=0.3'": (
        lambda: said("describe", "tiny", "--set", "seeding.purity"),
        command("describe", "tiny", "--set", "seeding.purity=0.3"),
    ),
    "'--out FOLDER'": (
        lambda: said("run", "tiny", "--ticks", "2", "--stream"),
        command("run", "tiny", "--ticks", "2", "--stream", "--out", "FOLDER", "--no-figures"),
    ),
    "\"--change 'purer: seeding.purity=0.9', or a second file\"": (
        lambda: said("compare", "tiny", "--replicates", "2"),
        command("compare", "tiny", "--set", "ticks=2", "--replicates", "2", "--threads", "1",
                "--change", "purer: seeding.purity=0.9"),
    ),
    "\"--change 'purer: seeding.purity=0.9'\"": (
        lambda: said("compare", "tiny", "--replicates", "2", "--change", "purer"),
        command("compare", "tiny", "--set", "ticks=2", "--replicates", "2", "--threads", "1",
                "--change", "purer: seeding.purity=0.9"),
    ),
    "'a NAME or --all'": (lambda: said("verify", "--full"), command("verify", "--json")),
}  # fmt: skip

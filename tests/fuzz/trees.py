"""TOML files that are right, as trees of values, and what reads each: scenarios and studies."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from koubei_sim import Scenario, run, studies
from koubei_sim.studies.calibration.calibration_file import read_calibration
from koubei_sim.studies.claims.claim_file import read_claim
from koubei_sim.studies.sweep.sweep import read_sweep

ROOT = Path(__file__).resolve().parents[2]


class Study(NamedTuple):
    """A kind of TOML file: its name, right contents, and what reads it."""

    name: str
    trees: Callable[[], tuple[dict[str, Any], ...]]
    read: Callable[[Path], Any]


def _small(scenario: Scenario) -> bool:
    return scenario.n_agents <= 2000 and scenario.ticks <= 30


def _scenario(path: Path) -> None:
    found = Scenario.load(path)
    found.describe()
    if _small(found):
        run(found, rng=1)


def _sweep(path: Path) -> None:
    found = read_sweep(path)
    if _small(found.sweep.scenario) and found.sweep.runs <= 8 and found.backend == "threads":
        with tempfile.TemporaryDirectory() as folder:
            studies.sweep(found.sweep, out=folder, workers=1)
            studies.status(folder)


def _claim(path: Path) -> None:
    (path.parent / "run.py").touch()  # E12 has a script of its own
    read_claim(path.parent)


@cache
def _presets() -> tuple[dict[str, Any], ...]:
    found = [
        tomllib.loads(path.read_text("utf-8"))
        for path in sorted((ROOT / "src/koubei_sim/model/scenario/presets").glob("*.toml"))
    ]
    found = [tree for tree in found if tree["name"] != "campus"]  # notes that its graph is absent
    for tree in found:
        tree["ticks"] = 5
        if tree["n_agents"] > 2000:
            tree["n_agents"] = 1000
        tree["seeding"] = {**tree.get("seeding", {}), "number": 20}
    return tuple(found)


@cache
def _sweeps() -> tuple[dict[str, Any], ...]:
    head = (
        'scenario = "tiny"\nreplicates = 1\nrng = 7\nout = "o"\nworkers = 1\nengine = "compiled"\n'
        'outcomes = ["users", "loyal@2"]\n[set]\nticks = 3\nn_agents = 200\n'
    )
    ways = (
        "[grid]\nseeding.purity = [0.1, 0.9]\ntelling.relay = [0.0, 0.4]\n",
        "[latin]\npoints = 3\n[latin.ranges]\nseeding.purity = { low = 0.1, high = 0.9 }\n"
        'seeding.strategy = { choices = ["random", "degree"] }\n',
        "[sobol]\npoints = 4\n[sobol.ranges]\n"
        "hearing.memory_half_life = { low = 5, high = 100, log = true }\n",
        "[random]\npoints = 2\n[random.ranges]\nseeding.number = { low = 10, high = 30 }\n",
        "[ensemble]\npoints = 2\nspread = 2.0\n",
    )
    return tuple(tomllib.loads(head + way) for way in ways)


@cache
def _claims() -> tuple[dict[str, Any], ...]:
    market = (ROOT / "experiments/market.toml").as_posix()  # the claims lie elsewhere here
    texts = (
        (ROOT / f"experiments/{name}/claim.toml").read_text("utf-8")
        for name in ("E1", "E4", "E7", "E12")
    )
    return tuple(tomllib.loads(text.replace("../market.toml", market)) for text in texts)


@cache
def _calibrations() -> tuple[dict[str, Any], ...]:
    text = """
scenario = "tiny"
method = "abc-smc"
particles = 20
simulations = 40
generations = 2
quantile = 0.5
rng = 7
baseline_start = { date = 2010-08-16, count = 100 }
[set]
ticks = 60
[ranges]
seeding.number = { low = 10, high = 200, log = true }
channels.forum.persuasion = { low = 0.01, high = 0.3 }
[[series]]
name = "users"
quantity = "users"
dates = [2010-09-01, 2010-09-15, 2010-10-01]
values = [100, 200, 300]
tolerance = 0.1
hold_out_after = 2010-09-20
level = "empirical-output"
[[targets]]
name = "days between releases"
value = 7
tolerance = 0.01
statistic = "users@20"
level = "empirical-input"
weight = 0
"""
    return (tomllib.loads(text),)


STUDIES = (
    Study("scenario.toml", _presets, _scenario),
    Study("sweep.toml", _sweeps, _sweep),
    Study("claim.toml", _claims, _claim),
    Study("calibration.toml", _calibrations, read_calibration),
)

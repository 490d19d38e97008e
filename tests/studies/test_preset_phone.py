"""The preset `xiaomi_phone`: both engines, its books, and that its fit saw no 2014."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.metrics import days_of, read_dated
from koubei_sim.metrics.runs import block
from koubei_sim.runs.simulation import Simulation

ROOT = Path(__file__).parents[2]
PRESET = kb.Scenario.load("xiaomi_phone")
MARKET = PRESET.n_agents * PRESET.people_per_agent
LAST_KNOWN = 868  # 2013-12-31
#: All three lines on sale within four months, in a market where a unit is an agent.
SOON = {
    "n_agents": 2_000,
    "ticks": 100,
    "seeding.number": 200_000,
    "goods.mi2.launch_at": 40,
    "goods.mi2.start": 42,
    "goods.redmi.launch_at": 60,
    "buying.arrivals": [{"day": 0, "rate": 0.02}],
}


def value_at(path: str) -> float:
    """The preset's own number at a dotted path."""
    found: object = PRESET.model_dump()
    for step in path.split("."):
        found = found[step]  # type: ignore[index]
    return float(found)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def history() -> object:
    """A run of the whole time in few agents."""
    few = PRESET.replace(n_agents=20_000, people_per_agent=MARKET / 20_000)
    return kb.run(few, replicates=1, rng=4, threads=1, progress=False).histories[0]


def test_engines_agree() -> None:
    """Catches a preset in which only one engine sells, books or gives phones as is written."""
    scenario = PRESET.replace(**SOON)
    fast = Simulation(scenario, 5, threads=1).history(0)
    slow = Simulation(scenario, 5, engine="reference").history(0)
    for ours, theirs in zip(fast, slow, strict=True):
        assert np.array_equal(ours, theirs)
    assert (block(fast, "sold").sum(axis=0)[:3] > 0).all()  # each line is on sale
    assert block(fast, "gifts").sum() > 0
    assert block(fast, "booked").sum() > 0


def test_books_balance(history: object) -> None:
    """Catches phones sold twice or never booked, and more sold than was delivered."""
    flows = {name: block(history, name)[:, :3].cumsum(axis=0)
             for name in ("asked", "sold", "gifts", "cancelled")}  # fmt: skip
    booked = block(history, "booked")[:, :3]
    bought = flows["sold"] - flows["gifts"]
    assert (flows["asked"] == bought + flows["cancelled"] + booked).all()
    units = np.zeros(PRESET.ticks)
    first = PRESET.goods["mi1"]
    units[first.start :: first.every] += first.units
    for one in first.rounds:
        units[one.day] += one.units
    assert (flows["sold"][:, 0] * (MARKET / 20_000) <= units.cumsum() + 1e-6).all()
    left = block(history, "repeated") + block(history, "switched_away")
    having = block(history, "having").sum(axis=1)
    assert (having == (block(history, "sold").sum(axis=1) - left).cumsum()).all()


def test_middle_of_its_posterior() -> None:
    """Catches numbers of the preset that are not those of the posterior that comes with it."""
    drawn = kb.ensemble("xiaomi_phone", 200).parameters
    ranges = runpy.run_path(str(ROOT / "experiments/xiaomi_phone/calibrate.py"))["RANGES"]
    assert list(drawn) == list(ranges)
    for path, (low, high, *_) in ranges.items():
        assert drawn[path].between(low, high).all(), path
        middle = float(drawn[path].median())
        assert value_at(path) == pytest.approx(middle, rel=0.03), path


def test_fit_sees_nothing_of_2014() -> None:
    """Catches a quarter that was to be held out among the targets, or a whole run read by one."""
    found = runpy.run_path(str(ROOT / "experiments/xiaomi_phone/calibrate.py"))["targets"]()
    short = PRESET.replace(n_agents=2_000, people_per_agent=MARKET / 2_000, ticks=LAST_KNOWN + 1)
    run = kb.run(short, replicates=1, rng=1, threads=1, progress=False).histories[0]
    whole = short.replace(ticks=PRESET.ticks)
    longer = kb.run(whole, replicates=1, rng=1, threads=1, progress=False).histories[0]
    for one in found:
        if isinstance(one.statistic, str):
            assert max(days_of(read_dated(one.statistic), PRESET)) <= LAST_KNOWN
        assert one.of(run, short) == one.of(longer, whole) or one.weight == 0.0, one.name

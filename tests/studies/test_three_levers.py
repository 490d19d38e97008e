"""The study of three levers: shares, exchange rate and worlds, against what is known."""

from __future__ import annotations

import importlib
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "experiments" / "three_levers"

MODULES = ("shares", "worlds", "budget", "analysis")


@pytest.fixture(scope="module")
def study() -> Any:
    """The modules of the study, which lie beside the library."""
    before = set(sys.modules)
    sys.path.insert(0, str(FOLDER))
    try:
        yield {name: importlib.import_module(name) for name in MODULES}
    finally:
        sys.path.remove(str(FOLDER))
        for name in set(sys.modules) - before:
            if name in MODULES:
                del sys.modules[name]


def test_parts_add_up_to_the_variance_over_designs(study: Any) -> None:
    """Catches parts that overlap, or a set of levers that is missing: an identity, to 1e-12."""
    values = np.random.default_rng(3).normal(size=(3, 2, 4, 5))
    found = study["shares"].parts(values)
    assert len(found) == 7
    total = sum(found.values())
    np.testing.assert_allclose(total, values.var(axis=(0, 1, 2)), rtol=1e-12)


def test_shares_of_a_known_law(study: Any) -> None:
    """Catches an interaction that is given to one lever, or a world's part left out.

    y = 2 a + b + a b w with a, b = +-1: parts 4, 1 and mean w squared; the interaction in halves.
    """
    worlds = np.array([0.0, 2.0, 4.0])
    values = np.array(
        [[2 * a + b + a * b * worlds for b in (-1.0, 1.0)] for a in (-1.0, 1.0)]
    )  # fmt: skip
    shares, _ = study["shares"].lever_shares(values)
    both = float((worlds**2).mean())
    assert shares == pytest.approx([(4 + both / 2) / (5 + both), (1 + both / 2) / (5 + both)])


def test_the_exchange_rate_of_a_known_chance(study: Any) -> None:
    """Catches a root on the wrong row, or between numbers that were not run.

    With chance 1 - exp(-n / 200) of n ordinary seeds a hundred pure ones that are worth 250 are
    found within the spacing of the numbers.
    """
    numbers = np.array(study["analysis"].NUMBERS, dtype=float)
    chance = 1.0 - np.exp(-numbers / 200.0)
    rows = np.vstack([np.full(1, 1.0 - np.exp(-250.0 / 200.0)), chance[:, None]])
    assert study["analysis"]._root(rows) == pytest.approx(250.0, rel=0.05)
    assert np.isinf(study["analysis"]._root(np.vstack([[1.0], chance[:, None]])))


def test_designs_set_the_three_levers_and_nothing_else(study: Any) -> None:
    """Catches a design that keeps what another one set, and levers that worlds set again."""
    worlds = study["worlds"]
    designs = worlds.designs()
    assert list(designs) == list(product(*worlds.LEVELS)) and len(designs) == 36
    paths = {path for changes in designs.values() for path in changes}
    assert all(set(changes) == paths for changes in designs.values())
    market = worlds.market()
    one, other = (market.replace(**changes) for changes in list(designs.values())[:2])
    assert one.digest() != other.digest()
    drawn = worlds.drawn_worlds(5, strata=2, each=1, tried=60)
    assert not paths & set(drawn.columns)
    assert {(int(a), int(b)) for a, b in zip(drawn.margin, drawn.speed)} <= set(
        product(range(2), repeat=2)
    )


def test_a_split_buys_what_it_pays_for(study: Any) -> None:
    """Catches money that is spent twice or not at all, and a lever that a world sets again."""
    budget, worlds = study["budget"], study["worlds"]
    assert len(budget.SPLITS) == 28
    assert all(sum(split) == pytest.approx(1.0) for split in budget.SPLITS)
    seeds, adverts, part = (budget.bought(split, 30_000, budget.PRICES) for split in np.eye(3))
    assert (seeds["seeding.number"], adverts["seeding.number"]) == (320, 20)
    assert adverts["media"]["adverts"]["visibility"] == pytest.approx(0.01)
    assert (part["media"], part["nodes.vote.fun"]) == ({}, pytest.approx(0.9))
    twice = budget.bought((0.0, 0.0, 1.0), 60_000, budget.PRICES)
    assert twice["nodes.vote.fun"] == pytest.approx(0.9), "more than the most cannot be bought"
    market = worlds.market().replace(**budget.bought((0.5, 0.5, 0.0), 30_000, budget.CHEAP))
    assert market.media["adverts"].visibility == pytest.approx(0.015)


def test_the_best_split_and_what_not_knowing_costs(study: Any) -> None:
    """Catches regret against the wrong best, and a split that is taken from another market.

    Every world's best split is worth 2,000 users, every other one 1,000; three worlds of four have
    their best at 5, the fourth at 9.  Knowing gives 2,000, the best on average 1,750: an eighth
    less.  In the last market the best is at 2 in all worlds.
    """
    budget = study["budget"]
    best = np.tile([5, 5, 5, 9], 12)
    users = np.full((len(budget.MARKETS) * 28, best.size), 1_000.0)
    for market in range(len(budget.MARKETS)):
        at = best if market < len(budget.MARKETS) - 1 else np.full(best.size, 2)
        users[market * 28 + at, np.arange(best.size)] = 2_000.0
    regret = budget.regrets(users).set_index(["budget", "rule"])
    row = regret.loc[(30_000, "best on average")]
    assert (row["regret"], row["P(best)"]) == (pytest.approx(0.125), pytest.approx(0.75))
    assert row["low"] < 0.125 < row["high"]
    assert regret.loc[(60_000, "equal"), "regret"] == pytest.approx(0.5)
    worlds = study["worlds"].Worlds(
        {}, {}, np.arange(best.size) % 8, np.zeros(best.size, np.int64), (np.zeros(1), np.zeros(1))
    )
    table = budget.best_splits(users, worlds, 1_500).set_index(["market", "worlds"])
    words = next(name for name in table if name.startswith("best"))
    last = table.loc[("adverts at a third", "all (48)")]
    assert last[words] == " / ".join(f"{share:.0%}" for share in budget.SPLITS[2])
    assert last["holds"] == 1.0
    assert last["an equal split loses"] == "0.50 (0.50 .. 0.50)"

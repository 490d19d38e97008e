"""How many replicates: the two rules against plain loops, and take-off reported apart."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from tests.synthetic import history_of

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.studies.design.precision import (
    required_replicates,
    required_replicates_table,
    take_off,
)


def sample(n: int, number: int) -> np.ndarray:
    rng = np.random.Generator(np.random.PCG64(number))
    return rng.normal(100.0, rng.uniform(1.0, 60.0), n)


@pytest.mark.parametrize("number", range(12))
def test_needed_is_the_first_number_that_is_narrow_enough(number: int) -> None:
    """Catches a normal quantile in place of t, and a number one too small or too large."""
    values = sample(20, number)
    found = required_replicates(values, half_width=9.0)
    spread = values.std(ddof=1)

    def arm(n: int) -> float:
        return float(stats.t.ppf(0.975, n - 1)) * spread / math.sqrt(n)

    assert found.half_width == pytest.approx(arm(20))
    first = next(n for n in range(2, 100_000) if arm(n) <= 9.0)
    assert found.needed == first
    assert required_replicates(values, relative=9.0 / values.mean()).needed == first


def slow_settled(values: np.ndarray, moves: float) -> float:
    """The rule as it is written, in plain loops."""
    cv = {
        n: float(values[:n].std(ddof=1) / abs(values[:n].mean())) for n in range(2, values.size + 1)
    }
    for n in range(2, values.size // 2 + 1):
        if all(abs(cv[n] - cv[m]) < moves for m in range(n + 1, values.size + 1)):
            return float(n)
    return math.nan


@pytest.mark.parametrize("number", range(12))
def test_the_coefficient_of_variation_settles_where_the_rule_says(number: int) -> None:
    """Catches running sums that cancel, an index off by one, a window that ends too early."""
    values = sample(200, number) + (1e6 if number % 3 == 0 else 0.0)
    for moves in (0.2, 0.05, 0.01, 1e-4):
        got, wanted = (
            required_replicates(values, cv_moves=moves).settled,
            slow_settled(values, moves),
        )
        assert got == wanted or (math.isnan(got) and math.isnan(wanted))


def test_both_rules_must_be_met() -> None:
    """Catches a verdict that looks at one rule alone."""
    values = sample(400, 3)
    assert required_replicates(values, relative=0.5, cv_moves=0.5).enough
    assert not required_replicates(values, relative=1e-4, cv_moves=0.5).enough
    assert not required_replicates(values, relative=0.5, cv_moves=1e-9).enough


def test_little_and_nothing() -> None:
    """Catches a division by zero, and "enough" said of one replicate."""
    assert not required_replicates([3.0]).enough and math.isnan(required_replicates([]).mean)
    assert required_replicates([2.0, 2.0, 2.0, 2.0]).enough
    assert not required_replicates([1.0, -1.0, 1.0, -1.0]).enough  # no mean: no relative precision
    assert required_replicates([1.0, np.nan, 3.0]).n == 2
    for wrong in ({"relative": 0.0}, {"half_width": -1.0}, {"cv_moves": math.nan}):
        with pytest.raises(KoubeiError, match="out of range"):
            required_replicates([1.0, 2.0], **wrong)


def test_a_table_of_all_outcomes() -> None:
    """Catches outcomes in another order than their rows."""
    run = kb.run("tiny", replicates=6, rng=1, n_agents=300, ticks=20)
    table = required_replicates_table(run)
    users = kb.metrics.outcomes(run)["users"]
    taken = kb.metrics.outcomes(run)["take_off"] == 1.0
    rows = taken if taken.any() else ~taken
    assert table.loc["users", "mean"] == pytest.approx(users[rows].mean())
    assert list(table.index) == list(kb.metrics.OUTCOMES)


def test_take_off_is_reported_apart() -> None:
    """Catches a mean over runs that died and runs that did not, and agents for people.

    Of four runs of 100 agents (5 people each) with one seed, two reach 40 and 60 adopters.
    """
    histories = [
        history_of([(-1, 0, -1), *((1 + k // 20, k, 0) for k in range(1, size))])
        for size in (1, 40, 3, 60)
    ]
    scenario = SimpleNamespace(people_per_agent=5.0)
    found = take_off(SimpleNamespace(scenario=scenario, histories=histories, key=1))
    assert (found.n, found.taken, found.probability) == (4, 2, 0.5)
    assert found.sizes.tolist() == [5.0, 200.0, 15.0, 300.0]
    assert found.size.mean == pytest.approx(np.sqrt(201 * 301) - 1)
    assert found.otherwise.mean == pytest.approx(np.sqrt(6 * 16) - 1)
    assert found.size.method == "few"
    assert (found.low, found.high) == kb.metrics.chance(2, 4)[1:3]
    strict = take_off(SimpleNamespace(scenario=scenario, histories=histories, key=1), share=0.5)
    assert strict.taken == 1

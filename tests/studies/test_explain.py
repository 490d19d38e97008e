"""Knock-outs, Shapley shares and break-even, against games and lines with known answers."""

from __future__ import annotations

from itertools import combinations, permutations
from typing import Any

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import adoptions, mean_interval, spend
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.neutral import active
from koubei_sim.studies.compare.attribution import knock_out
from koubei_sim.studies.compare.breakeven import break_even
from koubei_sim.studies.compare.shapley import exact_shares, sampled_shares, shapley

TINY = Scenario.load("tiny").replace(n_agents=300, ticks=20)


def outcome_of(scenario: Scenario, outcome: str = "adoptions", replicates: int = 3) -> np.ndarray:
    return kb.metrics.outcomes(kb.run(scenario, replicates=replicates, rng=6))[outcome]


def test_knock_outs_are_runs_at_neutral_values() -> None:
    """Catches a rung that forgets the modules above it, or an effect with the wrong sign."""
    names = ["relays", "events", "reinforcement"]
    found = knock_out(TINY, names, "adoptions", replicates=3, rng=6)
    assert np.array_equal(found.whole, outcome_of(TINY))
    for at, name in enumerate(names):
        assert np.array_equal(found.alone[at], outcome_of(TINY.neutral(name)))
        assert np.array_equal(found.ladder[at], outcome_of(TINY.neutral(*names[: at + 1])))
    table = found.table()
    gap = np.log1p(found.whole) - np.log1p(found.alone[2])  # nothing takes off anywhere here
    assert table.loc["reinforcement", "effect"] == pytest.approx(np.exp(gap.mean()))
    total = np.log1p(found.whole) - np.log1p(found.ladder[-1])
    assert table.step.prod() == pytest.approx(np.exp(total.mean()))


def test_all_active_modules_without_names() -> None:
    """Catches modules that are off taking part, and ones that are on being left out."""
    quiet = Scenario(n_agents=2000, ticks=3).neutral("relays", "rival")
    found = knock_out(quiet, replicates=2, rng=1)
    assert set(found.modules) == {m for m, on in active(quiet).items() if on}


# Shapley ----------------------------------------------------------------------------------------


def game(names: list[str], number: int) -> dict[frozenset[str], np.ndarray]:
    rng = np.random.Generator(np.random.PCG64(number))
    subsets = [frozenset(s) for k in range(len(names) + 1) for s in combinations(names, k)]
    return {s: rng.integers(-50, 50, 4).astype(float) for s in subsets}


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_exact_shares_are_means_over_all_orders(size: int) -> None:
    """Catches wrong weights, against the definition by orders; and shares that do not add up."""
    names = list("abcde"[:size])
    worth = game(names, size)
    shares, effect = exact_shares(names, worth)
    total = np.zeros((size, 4))
    orders = list(permutations(range(size)))
    for order in orders:
        have: frozenset[str] = frozenset()
        for player in order:
            total[player] += worth[have | {names[player]}] - worth[have]
            have = have | {names[player]}
    assert np.abs(shares - total / len(orders)).max() < 1e-12
    assert np.abs(shares.sum(axis=0) - effect).max() < 1e-12


def test_sampled_shares_add_up_and_are_unbiased() -> None:
    """Catches orders that favour somebody, and shares that miss part of the effect.

    Null: the mean over 4,000 replicates of one pair of orders each is the exact share; error rate
    1e-6 by the normal law (4.89 standard errors); fixed key.
    """
    names = list("abcd")
    worth = {s: float(v[0]) for s, v in game(names, 9).items()}
    exact, effect = exact_shares(names, {s: np.array([v]) for s, v in worth.items()})
    rows = []
    for replicate in range(4000):
        shares, whole = sampled_shares(names, worth.__getitem__, 5, replicate, 2)
        assert whole == effect[0] and abs(shares.sum() - whole) < 1e-12
        rows.append(shares)
    mean, error = np.mean(rows, axis=0), np.std(rows, axis=0) / np.sqrt(4000)
    assert (np.abs(mean - exact[:, 0]) < 4.89 * error + 1e-12).all() and (error > 0).all()


def test_shares_of_modules_add_up_to_their_effect() -> None:
    """Catches a module that is off where it should be on; one that does nothing has no share."""
    base = TINY.neutral("returns", "registration", "lurkers")  # enough people adopt
    found = shapley(base, ["relays", "returns", "reinforcement"], "adoptions", 3, rng=6)
    none = outcome_of(base.neutral("relays", "returns", "reinforcement"))
    assert np.array_equal(found.effect, np.log1p(outcome_of(base)) - np.log1p(none))
    assert np.abs(found.shares.sum(axis=0) - found.effect).max() < 1e-9
    assert (found.shares[1] == 0.0).all() and (found.shares[[0, 2]] != 0.0).any()
    table = found.table()
    assert table.loc["all", "share"] == pytest.approx(np.exp(found.effect.mean()))
    assert table.share[:-1].prod() == pytest.approx(table.loc["all", "share"])
    assert table.part[:-1].sum() == pytest.approx(1.0)


def test_shares_of_groups_of_changes() -> None:
    """Catches groups whose changes are made in both worlds, or in neither."""
    groups = {
        "campaign": {"media.account.start": 2, "media.account.visibility": 0.5},
        "talk": {"telling.relay": 1.0, "channels.weibo.tell": 0.2},
    }
    found = shapley(TINY, groups, "adoptions", 3, rng=6)
    both = TINY.replace(**groups["campaign"], **groups["talk"])
    a, b = (np.log1p(outcome_of(TINY.replace(**groups[name]))) for name in groups)
    zero, all_in = np.log1p(outcome_of(TINY)), np.log1p(outcome_of(both))
    assert np.array_equal(found.effect, all_in - zero)
    assert np.allclose(found.shares[0], ((a - zero) + (all_in - b)) / 2)


def test_seven_players_are_sampled_and_still_add_up() -> None:
    """Catches shares of sampled orders that add up only on average."""
    names = ["relays", "events", "media", "replies", "fatigue", "novelty", "negativity"]
    found = shapley(TINY.replace(ticks=10), names, "adoptions", 2, rng=6, orders=2)
    assert not found.exact and found.shares.shape == (7, 2)
    assert np.abs(found.shares.sum(axis=0) - found.effect).max() < 1e-9


@pytest.mark.parametrize(
    ("players", "more", "says"),
    [
        (["relys"], {}, "neutral: unknown module, got relys"),
        ([], {}, "modules: none given"),
        (["relays", "relays"], {}, "players: one stands there twice"),
        (["relays"], {"orders": 3}, "orders: must be even"),
        (["relays"], {"outcome": "usrs"}, "outcome: unknown outcome, got usrs"),
        ({"a": {"ticks": 5}, "b": {"ticks": 6}}, {}, "players.b: ticks is already changed by a"),
        ({"a": {"telling.rely": 5}}, {}, "telling.rely: unknown parameter"),
    ],
)
def test_wrong_players_are_one_line(players: Any, more: dict[str, Any], says: str) -> None:
    """Catches wrong players that are found out after the runs, or by a traceback."""
    with pytest.raises(KoubeiError) as error:
        shapley(TINY, players, **{"replicates": 2, "rng": 1, **more})
    assert says in str(error.value) and "\n" not in str(error.value)


# Break-even -------------------------------------------------------------------------------------

CAMPAIGN = {"media.account.start": 2, "media.account.visibility": 0.5}
COST = "media.account.cost_per_day"


def profit(history: Any, scenario: Scenario) -> float:
    """A hundred for each adopter, less what was spent."""
    return 100.0 * adoptions(history).sum() - sum(
        p.sum() for p in spend(history, scenario).values()
    )


def line(replicates: int) -> tuple[np.ndarray, float]:
    """Effect of the campaign at a cost of 0, and how much a unit of daily cost takes off.

    In the scenario as it is the campaign runs from day 10, with it from day 2; the rest of the
    profit does not depend on the price.
    """
    runs = [
        kb.run(s, replicates=replicates, rng=6)
        for s in (TINY.replace(**CAMPAIGN, **{COST: 0.0}), TINY.replace(**{COST: 0.0}))
    ]
    one, other = ([profit(h, r.scenario) for h in r.histories] for r in runs)
    return np.array(one) - np.array(other), 8.0


@pytest.mark.slow
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_break_even_of_a_straight_line(sign: float) -> None:
    """Catches bisection of the wrong number, an interval that is not that of the effect, and ends
    that change places where the effect rises (a loss in place of a profit).

    The effect falls in a straight line of the same slope in each replicate, so the break-even and
    both ends of its interval can be computed from the effect at a cost of 0.
    """
    gap, slope = line(8)
    wanted = mean_interval(gap, 6)

    def outcome(history: Any, scenario: Scenario) -> float:
        return sign * profit(history, scenario)

    found = break_even(TINY, CAMPAIGN, COST, 0.0, 4000.0, outcome, 8, rng=6, tolerance=0.5)
    assert found.value == pytest.approx(wanted.mean / slope, abs=0.25)
    assert found.low == pytest.approx(wanted.low / slope, abs=0.25)
    assert found.high == pytest.approx(wanted.high / slope, abs=0.25)
    assert found.bounded == (True, True)
    table = found.table()
    assert (np.diff(table.effect) * sign < 0).all() and len(table) == len(found.effects)


def test_an_interval_that_leaves_the_range_says_so() -> None:
    """Catches an end of the range that is passed off as an end of the interval."""
    gap, slope = line(4)
    wanted = mean_interval(gap, 6)
    least = (wanted.mean + wanted.low) / 2 / slope
    found = break_even(TINY, CAMPAIGN, COST, least, 1e5, profit, 4, rng=6, tolerance=1.0)
    assert found.low == least and found.bounded == (False, True)


def test_a_rising_effect_and_whole_numbers() -> None:
    """Catches ends that change places for a rising effect, and halves of a person."""

    def odd(history: Any, scenario: Scenario) -> float:
        noise = adoptions(history).sum() % 3 - 1.0
        on = scenario.telling.relay > 0.9
        return (scenario.seeding.number - 7.5 + noise) * on

    found = break_even(TINY, {"telling.relay": 1.0}, "seeding.number", 1, 19, odd, 8, rng=6)
    assert found.low <= found.value <= found.high
    assert all(value == int(value) for value in found.effects)
    means = {value: effect.mean() for value, effect in found.effects.items()}
    assert means[found.value] > 0.0 >= means[found.value - 1]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"high": 1.0}, "the effect has the same sign at both ends"),
        ({"low": 9e9}, "low: not below high"),
        ({"path": "media.account.channel"}, "not a number of the scenario"),
        ({"path": "media.acount.visibility"}, "not a number of the scenario"),
        ({"path": "media.account.visibility"}, "is set by the programme itself"),
        ({"programme": {}}, "programme: changes nothing"),
        ({"replicates": 1}, "replicates: out of range, got 1, allowed 2"),
        ({"low": -5.0}, "cost_per_day: "),
    ],
)
def test_wrong_searches_are_one_line(changes: dict[str, Any], says: str) -> None:
    """Catches searches that would end nowhere, or with a traceback."""
    asked: dict[str, Any] = {
        "scenario": TINY,
        "programme": CAMPAIGN,
        "path": COST,
        "low": 0.0,
        "high": 4000.0,
        "outcome": profit,
        "replicates": 2,
        "rng": 6,
    }
    with pytest.raises(KoubeiError) as error:
        break_even(**{**asked, **changes})
    assert says in str(error.value) and "\n" not in str(error.value)

"""`kb.judge`: what is held out, how it is scored, and own estimators beside formulas."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

import koubei_sim as kb
from koubei_sim import KoubeiError
from koubei_sim.evidence import scores
from koubei_sim.evidence.folds import folds_of
from koubei_sim.evidence.rivals import Persistence, carried
from koubei_sim.evidence.worlds import as_record, simulate, truth


def record(groups: int = 8, size: int = 25, tie: float = 0.0, trait: float = 0.0, key: int = 5):
    """Groups with ties inside, and one world in which ties and a covariate work so much."""
    rng = np.random.default_rng(key)
    n = groups * size
    group = np.repeat(np.arange(groups), size)
    source = rng.integers(0, size, 4 * n) + size * np.repeat(group, 4)
    target = np.repeat(np.arange(n), 4)
    keep = source != target
    net = kb.Network.from_edges(source[keep], target[keep], n=n)
    age = rng.normal(size=n)
    d = kb.Diffusion(net, [None] * n, until=9, start=0, groups=group, covariates={"age": age})
    model, theta = truth(d, "constant + age + ties(share)",
                         {"constant": 0.06, "age": trait, "ties(share)": tie})  # fmt: skip
    return as_record(d, simulate(model, theta, d, key)[0])


WORLD = record(tie=0.4, trait=0.6)


# Scores -----------------------------------------------------------------------------------------


def test_auc_within_strata_is_that_of_scikit_learn() -> None:
    """Catches ties between chances counted wrongly, and pairs across strata."""
    rng = np.random.default_rng(1)
    stratum = np.sort(rng.integers(0, 12, 400))
    chance = np.round(rng.random(400), 1)
    event = rng.random(400) < 0.3
    event[stratum == 3] = False
    right, pairs = scores.concordance(chance, event, stratum)
    for k in range(12):
        yes, no = chance[(stratum == k) & event], chance[(stratum == k) & ~event]
        naive = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a in yes for b in no)
        assert right[k] == naive and pairs[k] == yes.size * no.size
    metrics = pytest.importorskip("sklearn.metrics")
    for k in np.flatnonzero(pairs):
        one = metrics.roc_auc_score(event[stratum == k], chance[stratum == k])
        assert right[k] / pairs[k] == pytest.approx(one, abs=1e-12)


def test_the_interval_of_a_ratio_covers() -> None:
    """Catches an interval too narrow for clusters of unequal size: 95 % of 2,000 (error 1e-6)."""
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(2000):
        size = rng.integers(20, 60, 25).astype(float)
        gain = size * (0.1 + 0.05 * rng.normal(size=25)) + rng.normal(size=25)
        span = scores.ratio(gain, size)
        inside += span.low <= 0.1 <= span.high
    assert stats.binomtest(inside, 2000, 0.95).pvalue > 1e-6
    one = scores.ratio(np.array([3.0]), np.array([2.0]))
    assert one.value == 1.5 and np.isnan(one.low)
    same = scores.ratio(np.array([2.0, 4.0, 0.0]), np.array([1.0, 2.0, 0.0]))
    assert same.low == same.high == 2.0


def test_the_slope_of_calibration_is_that_of_a_logistic_regression() -> None:
    """Catches a slope of something else; chances that are too far apart have one below 1."""
    rng = np.random.default_rng(3)
    chance = rng.uniform(0.02, 0.4, 3000)
    event = rng.random(3000) < chance
    x = np.log(chance / (1 - chance))

    def minus(theta: Any) -> float:
        eta = theta[0] + theta[1] * x
        return float((np.logaddexp(0, eta) - event * eta).sum())

    best = optimize.minimize(minus, [0.0, 1.0], method="BFGS", options={"gtol": 1e-8}).x
    assert scores.slope(chance, event) == pytest.approx(best[1], abs=1e-5)
    wild = 1 / (1 + np.exp(-2.0 * x))
    assert scores.slope(wild, event) == pytest.approx(best[1] / 2, abs=1e-5)
    assert np.isnan(scores.slope(np.full(10, 0.2), np.arange(10) < 3))


# What is held out -------------------------------------------------------------------------------


@pytest.mark.parametrize("folds", ["groups", 5, "future"])
def test_nothing_that_is_held_out_is_learnt_from(folds: Any) -> None:
    """Catches a fit that has seen the outcomes on which it is judged."""
    base = kb.judge(WORLD, "calendar + age", folds, rivals="calendar", rng=7, worlds=20)
    rows: list[tuple[set[Any], set[Any]]] = []
    for part in folds_of(WORLD, folds, None, 7):
        both = [set(zip(*(column.tolist() for column in one.risk()[:2])))
                for one in (part.train, part.test)]  # fmt: skip
        rows.append((both[0], both[1]))
        assert not both[0] & both[1]
    held = [row for _, test in rows for row in test]
    assert len(held) == len(set(held)) == base.held.adopted.size
    if folds != "future":
        whole = WORLD.risk()
        assert set(held) == set(zip(whole.person.tolist(), whole.period.tolist()))
    else:
        assert min(period for _, period in held) > max(period for _, period in rows[0][0])


def test_held_out_chances_are_those_of_a_fit_without_them() -> None:
    """Catches folds mixed up: each group's chances come from a fit to the other groups."""
    found = kb.judge(WORLD, "calendar + age", rivals="calendar", rng=7, worlds=20)
    held = WORLD.group == 2
    keep = WORLD.people(~held)
    fit = kb.hazard(keep, "calendar + age")
    alone = WORLD.people(held)
    rows = held[found.held.person]
    told = found.seen["calendar + age"].chance[rows]
    # Traits are centred at the mean of all people there, of the others here: the priors differ.
    np.testing.assert_allclose(told, fit.predict(alone), rtol=2e-3)


def test_gain_is_the_log_score_over_the_calendar() -> None:
    """Catches a gain a row in place of a person, or with its sign turned."""
    found = kb.judge(WORLD, {"age": "calendar + age"}, rivals="calendar", rng=7, worlds=20)
    y = found.held.adopted
    log = {name: np.where(y, np.log(one.chance), np.log1p(-one.chance)).sum()
           for name, one in found.seen.items()}  # fmt: skip
    assert found.gain("age").value == pytest.approx((log["age"] - log["calendar"]) / WORLD.n)
    assert found.gain("calendar").value == 0.0
    assert found.auc("calendar").value == 0.5
    table = found.table()
    assert table.loc["age", "gain"] > 0.0 and table.loc["age", "low"] > 0.0
    brier = ((found.seen["age"].chance - y) ** 2).mean()
    assert table.loc["age", "brier"] == pytest.approx(brier)
    assert found.gain("calendar", over="age").value == -found.gain("age").value


def test_the_truth_wins_and_ties_add() -> None:
    """Catches a judge to whom the true formula is no better than plain rivals."""
    found = kb.judge(WORLD, ["calendar + age + ties(share)", "calendar + age"], rng=7, worlds=20)
    table = found.table()
    assert table["gain"].idxmax() == "calendar + age + ties(share)"
    span = found.ties_add("calendar + age + ties(share)")
    more = found.gain("calendar + age + ties(share)").value - found.gain("calendar + age").value
    assert span.value == pytest.approx(more) and span.value > 0.0


def test_the_calendar_is_not_laid_on_the_future() -> None:
    """Catches a calendar that speaks of periods which it has not seen."""
    found = kb.judge(WORLD, "calendar + age + ties(share)", "future", rng=7, worlds=20)
    assert found.base == "constant" and "calendar" not in found.seen
    assert found.table().loc["constant", "gain"] == 0.0
    later = kb.judge(WORLD, "constant + age", "future", since=4, rng=7, worlds=20)
    assert later.held.period.min() == 4
    with pytest.raises(KoubeiError, match="since"):
        kb.judge(WORLD, "constant + age", since=4)


def test_nobody_is_told_apart_by_the_calendar() -> None:
    """Catches pairs of two folds: who held out more adopters would say less of the rest."""
    found = kb.judge(WORLD, "calendar + age", 5, rivals="calendar", rng=7, worlds=20)
    assert found.auc("calendar").value == 0.5


def test_same_key_same_judgement() -> None:
    """Catches draws that are not addressed."""
    one, two = (kb.judge(WORLD, "calendar + age", 4, rng=7, worlds=20).table() for _ in range(2))
    assert one.equals(two)
    other = kb.judge(WORLD, "calendar + age", 4, rng=8, worlds=20).table()
    assert not one.equals(other)


# Curves -----------------------------------------------------------------------------------------


def test_curves_of_the_truth_lie_in_the_band() -> None:
    """Catches held-out curves played from a wrong start: of the truth 90 % lie in the band."""
    inside = []
    for key in range(6):
        d = record(tie=0.2, key=20 + key)
        table = kb.judge(d, "constant + ties(share)", rivals=["persistence"], rng=7).table()
        inside.append(table.loc["constant + ties(share)", "coverage"])
        future = kb.judge(d, "constant + ties(share)", "future", rivals=[], rng=7).table()
        inside.append(future.loc["constant + ties(share)", "coverage"])
    assert 0.8 < float(np.mean(inside)) < 0.99
    half = WORLD.replace(times=[time if k % 25 < 12 else None for k, time in
                                enumerate(WORLD.times)])  # fmt: skip
    found = kb.judge(half, "constant + ties(share)", rivals=[], rng=7, worlds=50)
    assert found.table()["curve_error"].max() < 0.3


def test_persistence_is_the_last_period_of_the_group() -> None:
    """Catches rates of another group or period, and worlds that do not follow them."""
    counts = carried(WORLD)
    g, t = 3, 4
    at = WORLD.at[WORLD.group == g]
    assert counts[0, g, t] == (at == t - 1).sum() and counts[1, g, t] == (at >= t - 1).sum()
    rule = Persistence(WORLD)
    risk = WORLD.risk()
    row = np.flatnonzero((WORLD.group[risk.person] == g) & (risk.period == t))[0]
    strength = rule.strength
    expected = (counts[0, g, t] + strength * rule.mean) / (counts[1, g, t] + strength)
    assert rule.predict(WORLD)[row] == pytest.approx(expected)
    rule.strength = 1e9  # a constant hazard: the mean of worlds is known
    played = rule.simulate(WORLD, 400, 7)
    share = np.isfinite(played).mean()
    assert share == pytest.approx(1 - (1 - rule.mean) ** 10, abs=0.01)


# Estimators of one's own ------------------------------------------------------------------------


def test_an_own_estimator_stands_beside_formulas() -> None:
    """Catches an estimator that is given other rows, or whose chances are put elsewhere."""

    def ages(d: kb.Diffusion) -> Any:
        fit = kb.hazard(d, "calendar + age")
        return SimpleNamespace(predict=fit.predict)

    found = kb.judge(WORLD, {"mine": ages, "theirs": "calendar + age"}, rng=7, worlds=20)
    mine, theirs = found.table().loc["mine"], found.table().loc["theirs"]
    assert mine["gain"] == theirs["gain"] and mine["auc"] == theirs["auc"]
    assert np.isnan(mine["coverage"]) and np.isfinite(theirs["coverage"])


@pytest.mark.parametrize(("predict", "said"), [
    (lambda d: [0.1], "not a chance for each row"),
    (lambda d: np.full(d.risk().person.size, 1.5), "no chance"),
    (lambda d: "no", "predict failed"),
])  # fmt: skip
def test_an_estimator_that_tells_no_chances_is_refused(predict: Any, said: str) -> None:
    """Catches wrong chances that are scored."""
    with pytest.raises(KoubeiError, match=said):
        kb.judge(WORLD, {"mine": lambda d: SimpleNamespace(predict=predict)}, rng=7)


@pytest.mark.parametrize(("words", "said"), [
    ({"folds": "villages"}, "folds"),
    ({"folds": 1}, "folds"),
    ({"formulas": "calender"}, "unknown term"),
    ({"formulas": 7}, "formulas"),
    ({"formulas": ["calendar", "calendar"]}, "twice"),
    ({"formulas": {"Bass": "calendar"}}, "twice"),
    ({"rivals": ["bass"]}, "rivals"),
    ({"controls": "rewire"}, "controls"),
    ({"link": "log"}, "link"),
    ({"draws": 0}, "draws"),
])  # fmt: skip
def test_refused_in_one_line(words: dict[str, Any], said: str) -> None:
    """Catches wrong words that start work, or end in a traceback."""
    with pytest.raises(KoubeiError) as caught:
        kb.judge(WORLD, **({"formulas": "calendar", "rng": 7} | words))
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_records_that_tell_little() -> None:
    """Catches odd records that end in a traceback: no ties or groups, all at once."""
    alone = kb.Network.from_edges([], [], n=30)
    times = [k % 7 if k % 3 else None for k in range(30)]
    d = kb.Diffusion(alone, times, until=7)
    with pytest.raises(KoubeiError, match="one group"):
        kb.judge(d, "calendar + ties(share)", rng=7)
    found = kb.judge(d, "calendar + ties(share)", 3, rng=7, worlds=20)
    assert found.ties_add("calendar + ties(share)").value == pytest.approx(0.0, abs=1e-9)
    at_once = kb.judge(kb.Diffusion(alone, [3] * 30), "calendar + degree", 3, rng=7, worlds=20)
    assert np.isfinite(at_once.table()["gain"]).all()
    with pytest.raises(KoubeiError, match="nobody adopts"):
        kb.judge(kb.Diffusion(alone, [None] * 30, until=5), "calendar", 3)
    with pytest.raises(KoubeiError, match="too many periods"):
        kb.judge(kb.Diffusion(alone, [300 * k for k in range(30)]), "calendar", 3)

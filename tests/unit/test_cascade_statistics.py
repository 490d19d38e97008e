"""Statistics of sizes: intervals, quantiles, notes, stopping rules."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import koubei_sim as kb
from koubei_sim.cascades import runner, statistics
from koubei_sim.cascades.statistics import Budget, Precision
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import mean_interval, wilson


def _logs():
    if "koubei_cascade_logs" not in sys.modules:
        path = Path(__file__).resolve().parents[1] / "cascade_logs.py"
        spec = importlib.util.spec_from_file_location("koubei_cascade_logs", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["koubei_cascade_logs"] = module
        spec.loader.exec_module(module)
    return sys.modules["koubei_cascade_logs"]


logs = _logs()


def _lognormal(number, key, sigma=1.5):
    return np.exp(sigma * stats.norm.ppf(logs.uniforms(number, key) + 2.0**-54))


def test_short_samples_are_those_of_the_metrics(key):
    """Catches a second, differing definition of the interval."""
    values = _lognormal(300, key)
    assert statistics.size_interval(values, 5, 2) == mean_interval(values, 5, 2)


def test_long_skewed_samples_are_resampled_in_blocks_round_their_mean(key):
    """Catches an interval that misses the mean: of blocks of 1 and 2 values, 1, 2, 1, 2, ...

    The large values all stand in the blocks of one, so the mean of the blocks is far too large.
    """
    values = np.sort(_lognormal(3000, key)).reshape(3, 1000)[::-1].T.ravel()
    blocks = [
        part.mean()
        for k in range(0, 3000, 3)
        for part in (values[k : k + 1], values[k + 1 : k + 3])
    ]
    wanted = mean_interval(np.array(blocks), key, 4)
    found = statistics.size_interval(values, key, 4)
    assert found.method == wanted.method == "bootstrap"
    assert found.mean == pytest.approx(values.mean(), rel=1e-12) != pytest.approx(wanted.mean, 0.1)
    assert found.low == pytest.approx(wanted.low - wanted.mean + found.mean, rel=1e-9)
    assert found.high == pytest.approx(wanted.high - wanted.mean + found.mean, rel=1e-9)


def test_long_samples_without_a_tail_get_students_interval(key):
    """Catches resampling where it is not needed, and a width that is not that of the mean."""
    values = logs.uniforms(5001, key)
    even = statistics.size_interval(values)
    assert even.method == "t"
    width = 2 * 1.96043 * values.std(ddof=1) / np.sqrt(5001)  # Student's t, 5,000 degrees
    assert even.high - even.low == pytest.approx(width, rel=1e-4)
    assert even.mean == values.mean()
    assert statistics.size_interval(np.full(3000, 7)) == (7.0, 7.0, 7.0, "exact")


def test_quantiles_are_order_statistics():
    """Catches interpolated sizes that no replicate had, and ranks moved by rounding."""
    values = np.arange(1, 101)
    for q in (0.07, 0.29, 0.57, 0.58, 0.95):
        assert statistics.quantile_interval(values, q)[0] == round(100 * q)
    assert statistics.quantile_interval(values, 0.0)[0] == 1
    assert statistics.quantile_interval(values, 1.0)[0] == 100
    assert np.isnan(statistics.quantile_interval([], 0.5)).all()
    with pytest.raises(KoubeiError, match=r"q: out of range, got 1\.2"):
        statistics.quantile_interval(values, 1.2)


@pytest.mark.parametrize(("n", "q"), [(20, 0.5), (100, 0.95), (1000, 0.05), (30000, 0.9)])
def test_quantile_intervals_cover_by_the_binomial_law(n, q):
    """Catches ends that are one order statistic short: exact coverage from the binomial law."""
    _, low, high = statistics.quantile_interval(np.arange(n), q)
    law = stats.binom(n, q)
    # X_(l+1) <= x_q fails when l or fewer values lie below it; x_q <= X_(u+1) when more than u do.
    assert law.cdf(low) <= 0.025 < law.cdf(low + 1)
    assert law.sf(high - 1) > 0.025 >= law.sf(high)


def test_too_few_replicates_bound_no_high_quantile():
    """Catches a largest value sold as an upper bound: 50 replicates say little of the 99 %."""
    _, low, high = statistics.quantile_interval(np.arange(50), 0.99)
    assert np.isnan(high)
    assert low < 49


def test_wilson_of_many_is_wilson_of_each():
    """Catches a slip in the vectorised formula."""
    low, high = statistics.wilson_intervals(np.arange(8), 7)
    for k in range(8):
        assert (low[k], high[k]) == pytest.approx(wilson(k, 7), rel=1e-14)
    assert np.isnan(statistics.wilson_intervals([0], 0)[0]).all()


def test_notes_speak_where_the_tail_rules_and_are_silent_elsewhere(key):
    """Catches false alarms and silence about a mean that rests on one replicate."""
    assert statistics.size_notes(logs.uniforms(100, key)) == ()
    assert statistics.size_notes([5]) == ()
    assert statistics.size_notes(np.zeros(30)) == ()
    notes = statistics.size_notes([1] * 99 + [10**4])
    assert len(notes) == 2
    assert "the largest replicate holds 99% of all" in notes[1]


def test_precision_stops_where_the_interval_is_short_enough(key):
    """Catches a wrong half-width, and a rule that trusts a normal interval of skewed sizes."""
    values = 100 + 10 * stats.norm.ppf(logs.uniforms(4000, key) + 2.0**-54)
    rule = Precision(relative=0.01, least=30)
    total, seen = 0, []
    while not (seen and rule.enough(values[:total])):
        total = rule.next_total(total)
        seen.append(total)
    # (1.96 * 0.1 / 0.01)^2 = 384 by theory; the steps before and after it are 343 and 515.
    assert seen[-2] < 384 <= seen[-1] <= 1.5 * 384 + 2
    assert not rule.enough(values[:29])
    skewed = np.append(np.full(999, 100.0), 101.0)  # half-width 6e-5 of the mean, skewness 31
    assert not rule.enough(skewed)
    assert rule.enough(np.full(30, 7))  # no spread at all: nothing more to learn


def test_precision_does_not_look_at_the_clock():
    """Catches a number of replicates that depends on the speed of the machine."""
    rule = Precision()
    for done in (0, 100, 150, 999_999, 10**6):
        assert rule.next_total(done, 0.0) == rule.next_total(done, 1e9)
    totals = [0]
    while totals[-1] != rule.next_total(totals[-1]):
        totals.append(rule.next_total(totals[-1]))
    assert totals[1] == 100
    assert totals[-1] == 10**6
    assert len(totals) < 30
    assert rule.word == "precision"


def test_a_budget_is_used_up_and_not_overdrawn_by_much():
    """Catches a batch that takes many times what is left: a clock of 0.013 s a replicate."""
    rule = Budget(seconds=10.0)
    done, elapsed, looks = 0, 0.0, 0
    while not (done and rule.enough(range(done), elapsed)):
        target = rule.next_total(done, elapsed)
        assert target > done
        elapsed += 0.013 * (target - done)
        done, looks = target, looks + 1
    assert 10.0 <= elapsed <= 10.0 + 0.013 * 2
    assert looks < 30
    assert Budget(seconds=1, most=5).next_total(5, 0.1) == 5
    assert rule.word == "seconds"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Precision(relative=0.0), r"until\.relative: out of range, got 0\.0"),
        (lambda: Precision(confidence=1.0), r"until\.confidence: out of range"),
        (lambda: Precision(least=1), r"until\.least: out of range, got 1, allowed 2 or more"),
        (lambda: Precision(most=50), r"until\.most: out of range, got 50, allowed 100 or more"),
        (lambda: Budget(seconds=-1), r"until\.seconds: out of range"),
        (lambda: Budget(seconds=float("nan")), r"until\.seconds: out of range"),
    ],
)
def test_rules_that_can_never_be_met_are_refused(make, message):
    """Catches a run that would go on for ever."""
    with pytest.raises(KoubeiError, match=message):
        make()


@pytest.mark.parametrize("rate", [0.02, 0.2])
def test_every_recovery_counts_on_any_number_of_threads(rate: float) -> None:
    """Catches late recoveries dropped where the bins of a piece end: how the replicates were cut
    into pieces would then be seen in `removed`."""
    graph = kb.networks.small_world(300, 6, key=1)
    for key in (3, 5):
        words = {"replicates": 40, "rng": key}
        one = kb.cascade(graph, kb.SIR(0.02, rate), [0, 1], threads=1, **words).outcome
        two = kb.cascade(graph, kb.SIR(0.02, rate), [0, 1], threads=2, **words).outcome
        assert one.removed.sum() == one.events.sum()
        assert np.array_equal(one.removed, two.removed)
        assert np.array_equal(one.time, two.time)


def test_a_replicate_that_did_not_fit_is_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches the dynamics repeated where curves and log are too small at first: from the second
    call on nobody would convince anybody, and a replicate run again would come out smaller."""
    graph = kb.networks.small_world(5000, 6, key=1)
    rule = kb.SIR(0.5, 0.02, steps=True)
    words = {"replicates": 1, "rng": 7, "record": ["forest"], "threads": 1}
    expected = kb.cascade(graph, rule, [0], **words).outcome
    prepare, calls = kb.SIR.prepare, []

    def prepared(self, *given):
        ready, deaf = prepare(self, *given), prepare(kb.SIR(1e-9, 0.5, steps=True), *given)

        def batch(rows, first, *rest):
            calls.append(rest)
            return ready.batch(rows, deaf.rule if len(calls) > 1 else first, *rest)

        return replace(ready, batch=batch)

    monkeypatch.setattr(kb.SIR, "prepare", prepared)
    found = kb.cascade(graph, rule, [0], **words).outcome
    assert len(calls) > 3  # more bins twice at least, and a longer log
    assert found.sizes == expected.sizes == 5000
    assert np.array_equal(found.removed, expected.removed)
    assert all(map(np.array_equal, found.activations, expected.activations))


def test_curves_have_one_width_whatever_other_threads_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches the number of bins read twice for a piece: another thread may have raised it between,
    and recoveries had more bins than infections."""
    graph = kb.networks.small_world(300, 6, key=1)
    words = {"replicates": 20, "rng": 3, "threads": 1}
    expected = kb.cascade(graph, kb.SIR(0.02, 0.02), [0, 1], **words).outcome
    raised = itertools.cycle((64, 256))
    bins = property(lambda self: next(raised), lambda self, value: None)
    monkeypatch.setattr(runner.Runner, "bins", bins, raising=False)
    found = kb.cascade(graph, kb.SIR(0.02, 0.02), [0, 1], **words).outcome
    assert np.array_equal(found.removed, expected.removed)
    assert np.array_equal(found.curve, expected.curve)

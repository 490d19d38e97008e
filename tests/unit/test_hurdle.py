"""Hurdle outcomes: intervals that hold what they say where some runs die and others do not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom, multinomial

from koubei_sim.metrics import chance, log_interval, paired_chances, told
from koubei_sim.metrics.hurdle import LEAST, enough, kept, more
from koubei_sim.studies.compare.strata import effect, strata, told_of

SHARES = np.linspace(0.05, 0.95, 91)
NUMBERS = (4, 6, 8, 12, 16, 19, 20, 24, 32, 64)


@pytest.mark.parametrize("n", NUMBERS)
def test_the_interval_of_a_chance_covers_92_percent_whatever_the_chance(n: int) -> None:
    """Catches Wilson's interval where it is too short (.875 at n = 4); exact, no sampling."""
    found = [chance(k, n) for k in range(n + 1)]
    low, high = (np.array([getattr(one, end) for one in found]) for end in ("low", "high"))
    for share in SHARES:
        held = (low <= share) & (share <= high)
        assert binom.pmf(np.arange(n + 1), n, share)[held].sum() >= 0.92
    assert (low[0], high[-1]) == (0.0, 1.0)


@pytest.mark.parametrize("n", (6, 8, 12, 20, 32))
def test_a_difference_of_chances_on_common_luck_covers_92_percent(n: int) -> None:
    """Catches an interval for independent samples, and one made of two single intervals.

    Where luck is shared only one of the two kinds of unlike pairs occurs: there Newcombe's interval
    falls to .85.  Exact over all counts of unlike pairs.
    """
    counts = [(i, j) for i in range(n + 1) for j in range(n - i + 1)]
    found = {}
    for i, j in counts:
        one = np.arange(n) < i
        other = (np.arange(n) >= i) & (np.arange(n) < i + j)
        found[i, j] = paired_chances(one, other)
    for only in (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9):
        for lone in (0.0, 0.02, 0.1, 0.3):
            if only + lone > 1.0:
                continue
            gap, rest = only - lone, max(0.0, 1.0 - only - lone)
            held = [c for c in counts if found[c].low <= gap + 1e-12 <= found[c].high + 2e-12]
            kinds = np.array([(i, j, n - i - j) for i, j in held])
            mass = multinomial.pmf(kinds, n, [only, lone, rest]).sum()
            assert mass >= 0.92, (only, lone)


@pytest.mark.parametrize("chance_of_life", (0.05, 0.1, 0.3, 0.5, 0.95))
@pytest.mark.parametrize("n", (4, 8, 16, 64))
def test_sizes_of_two_humps_are_covered_or_not_told(chance_of_life: float, n: int) -> None:
    """Catches a mean over the dead and the living, whose 95 % interval held the truth in .19.

    Living: log-normal, sigma 1, median 4,000; dead: about 150.  Coverage of the typical size of
    the living over the runs in which an interval is told; 95 % nominal, at least 92 % of 3,000
    trials less four standard errors; fixed key.
    """
    rng = np.random.Generator(np.random.PCG64(n))
    held = shown = 0
    for _ in range(1500):
        alive = rng.random(n) < chance_of_life
        size = np.where(alive, np.exp(rng.normal(np.log(4000.0), 1.0, n)), rng.normal(150, 20, n))
        found = told("users", size, alive)
        if found.of == "none took off" or not math.isfinite(found.low):
            assert alive.sum() < LEAST
            continue
        shown += 1
        held += found.low <= 4000.0 <= found.high
    if shown >= 100:
        assert held / shown >= 0.92 - 4.0 * math.sqrt(0.05 * 0.95 / shown)


def test_what_took_off_is_told_apart() -> None:
    """Catches a mean over both kinds, the wrong kind, and a day that never came left out."""
    values, taken = np.array([10.0, 1e6, 1e4, 1e5]), np.array([0, 1, 1, 1])
    found = told("users", values, taken)
    assert found.estimate == pytest.approx(1e5, rel=1e-4)
    assert (found.of, found.n, found.method) == ("taken off", 3, "log t")
    assert told("users", values, np.zeros(4)).of == "none took off"
    assert told("users", values, np.ones(4)).of == "all"
    assert told("take_off", taken.astype(float), taken).estimate == 0.75
    days = np.array([np.nan, 30.0, np.nan, 60.0])
    assert told("day_loyal_100000", days, taken, horizon=90.0).estimate == pytest.approx(60.0)
    assert told("day_loyal_100000", days, taken).n == 2
    never = told("day_loyal_100000", np.full(4, np.nan), taken, horizon=90.0)
    assert math.isnan(never.estimate) and (never.n, never.method) == (0, "none")


def test_too_few_are_said_to_be_too_few() -> None:
    """Catches an interval of two values, a hundred times as wide as they are apart."""
    few = told("users", np.array([5.0, 50.0, 2.0]), np.array([1, 1, 0]))
    assert few.method == "few" and math.isnan(few.low) and few.estimate > 5.0
    assert told("users", np.array([5.0, 2.0]), np.array([1, 0])).method == "none"
    same = told("users", np.array([5.0, 5.0]), np.array([1, 1]))
    assert (same.low, same.high, same.method) == (5.0, 5.0, "exact")
    assert (more(8, 2), more(16, 1), more(8, 3)) == (4, 32, 0)
    assert enough(chance(1, 2), 5) == chance(1, 2)


def test_a_geometric_mean_is_that_of_its_logarithms() -> None:
    """Catches a mean of counts, another offset, and a zero that makes all of it zero."""
    values = np.array([0.0, 9.0, 99.0, 999.0])
    found = log_interval(values)
    assert found.mean == pytest.approx(np.exp(np.log1p(values).mean()) - 1.0)
    half = 3.182446305 * np.log1p(values).std(ddof=1) / 2.0
    assert found.high == pytest.approx(np.exp(np.log1p(values).mean() + half) - 1.0)
    assert found.low >= 0.0
    assert log_interval(np.array([])).method == "none"


def test_wrong_counts_are_refused() -> None:
    """Catches more successes than trials, and two columns of different length."""
    with pytest.raises(Exception, match="taken: more than trials, got 5"):
        chance(5, 4)
    with pytest.raises(Exception, match="other: not as many as one, got 2, allowed 3"):
        paired_chances([1, 0, 1], [1, 0])
    assert math.isnan(paired_chances([np.nan], [1.0]).mean)
    assert kept([]).of == "all"


# Principal strata ---------------------------------------------------------------------------------


def worlds(n: int, key: int) -> tuple[np.ndarray, ...]:
    """Worlds of which the strata and the effect are known: .4 / .3 / .05 / .25, sizes x 1.5."""
    rng = np.random.Generator(np.random.PCG64(key))
    kinds = rng.choice(4, size=n, p=[0.4, 0.3, 0.05, 0.25])
    one, other = np.isin(kinds, (0, 1)), np.isin(kinds, (0, 2))
    base = rng.normal(8.0, 1.0, n)  # luck that both share
    sizes = [
        np.where(alive, np.exp(base + shift + rng.normal(0.0, 0.2, n)), 50.0)
        for alive, shift in ((one, np.log(1.5)), (other, 0.0))
    ]
    return one, other, *sizes


def test_known_strata_and_effects_are_found() -> None:
    """Catches strata swapped, shares over the wrong number, an effect over all pairs.

    200 trials of 48 worlds with a known answer: each of the four shares, and the effect where both
    live, lie in their 95 % intervals in 93 % to all but a few of the trials (exact intervals are
    a little wide).
    """
    truth = np.array([0.4, 0.3, 0.05, 0.25])
    held, sizes = np.zeros(4), 0
    for key in range(200):
        one, other, big, small = worlds(48, key)
        kinds = strata(one, other)
        for kind in range(4):
            found = chance(kinds == kind)
            held[kind] += found.low <= truth[kind] <= found.high
        rows, of = told_of(kinds)
        assert of == "both take off"
        gap = effect("users", big[rows], small[rows])
        sizes += gap.low <= 1.5 <= gap.high
    assert (held >= 0.92 * 200).all()
    assert 0.91 * 200 <= sizes <= 0.985 * 200
    naive = np.log((big + 1) / (small + 1)).mean()  # over all pairs: the answer of no stratum
    assert np.exp(naive) > 1.9


def test_effects_have_the_kind_of_their_outcome() -> None:
    """Catches a ratio of days or of shares, and pairing that saves nothing."""
    rng = np.random.Generator(np.random.PCG64(3))
    luck = rng.normal(5.0, 1.0, 40)
    one, other = np.exp(luck + 0.1), np.exp(luck)
    found = effect("loyal", one, other)
    assert found.kind == "times" and found.gain > 100.0
    assert found.half_width < 0.01 and found.changed == 1.0
    assert effect("reputation", one, other).kind == "difference"
    assert effect("take_off", one > 100.0, other > 100.0).method == "paired shares"
    days = effect("day:users:1000", np.array([5.0, np.nan]), np.array([9.0, 30.0]), horizon=40.0)
    assert (days.kind, days.estimate) == ("difference", 3.0)
    assert effect("users", one[:2], other[:2]).method == "few"
    assert effect("users", one[:0], other[:0]).n == 0


def test_nothing_took_off_anywhere() -> None:
    """Catches an empty table where no scenario of a comparison takes off."""
    kinds = strata(np.zeros(3, bool), np.zeros(3, bool))
    rows, of = told_of(kinds)
    assert rows.all() and of == "neither takes off"

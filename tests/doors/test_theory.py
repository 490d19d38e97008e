"""Closed forms and fits at the door: every argument as people have it, right or wrong."""

from __future__ import annotations

import datetime
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from koubei_sim.errors import KoubeiError
from koubei_sim.theory import (
    bass,
    branching,
    degrees,
    fitting,
    lattice,
    percolation,
    progeny,
    shapes,
    threshold,
    trees,
)
from verification import exact_laws as tiny

SOLD = [106.0, 319.0, 738.0, 922.0, 1236.0, 1258.0, 1145.0]
LAW = [0.25, 0.5, 0.25]
PAIR = [(0, 1), (1, 0)]
MEAN = [[0.9, 1.2], [0.05, 0.9]]
KINDS = [threshold.Kind(1.0, 0.3, 0.01)]
PGF = branching.poisson_pgf([[0.5]])

#: Every public function with arguments that are right.
CALLS = [
    (bass.cumulative, ([1.0, 2.0], 0.03, 0.38)),
    (bass.rate, ([1.0, 2.0], 0.03, 0.38)),
    (bass.peak_time, (0.03, 0.38)),
    (bass.peak_share, (0.03, 0.38)),
    (bass.peak_rate, (0.03, 0.38)),
    (bass.time_to, (0.5, 0.03, 0.38)),
    (bass.circle, ([1.0, 2.0], 0.03, 0.38)),
    (bass.two_node, ([1.0, 2.0], 0.03, 0.38)),
    (bass.discrete, (0.03, 0.38, 0.5, 4)),
    (branching.borel_pmf, ([1, 2], 0.5)),
    (branching.borel_tail, (4, 0.5)),
    (branching.borel_mean, (0.5,)),
    (branching.borel_variance, (0.5,)),
    (branching.poisson_extinction, (2.0,)),
    (branching.poisson_pgf, (MEAN,)),
    (branching.extinct_by, (PGF, 1, 3)),
    (branching.extinction, (PGF, 1)),
    (branching.take_off, ([0.5, 0.5], [1, 2])),
    (branching.mean_matrix, (MEAN, 0.5, [1.0, 0.5])),
    (branching.growth, (MEAN,)),
    (branching.head_start, (MEAN, 0, 1)),
    (branching.expected_counts, (MEAN, [1, 0], 3)),
    (branching.total_progeny, ([[0.1, 0.2], [0.3, 0.1]],)),
    (degrees.poisson, (3.0,)),
    (degrees.regular, (3,)),
    (degrees.power_law, (2.5, 1, 10, 5.0)),
    (degrees.mean, (LAW,)),
    (fitting.fit_sales, (SOLD,)),
    (fitting.fit_by_regression, ([3, 8, 16, 25, 25, 15, 6, 2],)),
    (fitting.fit_logs, (fitting.one_wave, [1, 2, 3, 4], [1, 3, 6, 9], [(0.1, 0.2, 20.0)],
                        (0.01, 0.01, 5.0), (0.9, 2.0, 90.0))),
    (fitting.one_wave, ([1.0, 2.0], [0.1, 0.2, 3.0])),
    (fitting.two_waves, ([1.0, 2.0], [0.1, 0.2, 3.0, 4.0, 1.0])),
    (fitting.logistic, ([1.0, 2.0], 10.0, 1.0, 3.0)),
    (lattice.moore_rounds, (5, 2)),
    (lattice.rounds_to_share, ([0, 1, 1], 0.5)),
    (percolation.giant_component, (2.0,)),
    (percolation.finite_component_mean, (2.0,)),
    (percolation.transmission_threshold, (LAW,)),
    (percolation.mean_outbreak, (LAW, 0.2)),
    (percolation.outbreak, ([0, 0, 0, 1], 0.6)),
    (progeny.thinned, (LAW, 0.5, 1)),
    (progeny.size_pmf, ([1, 2], LAW, 1)),
    (progeny.depth_cdf, (LAW, 2, 1)),
    (progeny.mean_size, ([0.75, 0.0, 0.25], 1)),
    (progeny.outbreak_sizes, ([1, 2], LAW, 0.5)),
    (progeny.follower_tree, ([0.0, 0.0, 1.0], 0.5)),
    (shapes.path, (5, 0.3, 1)),
    (shapes.star, (5, 0.3, 1)),
    (shapes.cycle, (5, 0.3)),
    (shapes.tree, ([-1, 0, 0], 0.3, 1)),
    (shapes.complete, (4, 0.3, 1)),
    (shapes.threshold_cycle, (4, 0.5)),
    (shapes.threshold_complete, (4,)),
    (threshold.need, ([0, 3], 0.1, False)),
    (threshold.spread, (LAW, KINDS, False)),
    (threshold.two_kinds, (0.1, 0.1, 0.3, 0.01, "easy")),
    (threshold.cascade_window, (0.18, False)),
    (tiny.both_ways, (PAIR,)),
    (tiny.cascade_law, (2, PAIR, 0.5, [0])),
    (tiny.live_arc_law, (2, PAIR, 0.5, [0])),
    (tiny.negative_law, (2, PAIR, 0.5, [0], 0.8)),
    (tiny.competing_law, (2, PAIR, 0.5, [[0], [1]], "random")),
    (tiny.contact_law, (2, [(0.0, 0, 1)], 0.5, [0])),
    (tiny.final_law, (2, PAIR, 1.0, tiny.exponential_period(1.0), [0])),
    (tiny.constant_period, (1.0,)),
    (tiny.exponential_period, (1.0,)),
    (tiny.geometric_period, (0.5,)),
    (tiny.threshold_law, (2, PAIR, 0.5, [0], (0.0, 1.0))),
    (tiny.threshold_arc_law, (2, PAIR, 0.5, [0])),
    (tiny.threshold_cell_law, (2, PAIR, 0.5, [0])),
    (tiny.threshold_paths, (2, PAIR, 0.5, [0])),
    (tiny.threshold_dag, (2, [(0, 1)], 0.5, [0])),
    (tiny.independent_cascade, (2, [(0, 1)], 0.5, [0], False)),
    (tiny.threshold_rounds, (4, [0, 1], [2, 2], [1, 1, 2, 1], [0, 1])),
    (tiny.threshold_closure, (4, [0, 1], [2, 2], [1, 1, 2, 1], [0, 1])),
    (tiny.sir_law, (2, PAIR, 0.5, 0.5, [0], 2)),
    (tiny.sis_law, (2, PAIR, 0.5, 0.5, [0], 2)),
    (tiny.sir_continuous, (2, PAIR, 0.5, 0.5, [0], [1.0])),
    (tiny.sis_continuous, (2, PAIR, 0.5, 0.5, [0], [1.0])),
    (tiny.bass_continuous, (2, PAIR, 0.03, 0.38, [1.0], [0])),
    (tiny.bass_law, (2, PAIR, 0.03, 0.38, 1.0, 2, [0])),
    (trees.subtree_sizes, ([-1, 0, 0],)),
    (trees.depths, ([-1, 0, 0],)),
    (trees.wiener, ([-1, 0, 0],)),
    (trees.virality, ([-1, 0, 0],)),
    (trees.star_virality, (4,)),
    (trees.path_virality, (4,)),
    (trees.balanced_wiener, (2, 2)),
    (trees.balanced_virality, (2, 2)),
    (trees.recursive_wiener, (4,)),
    (trees.recursive_virality, (4,)),
]  # fmt: skip
NEVER = [
    None, "x", "5", b"5", "", True, float("nan"), np.nan, pd.NA, pd.NaT, {}, {"a": 1}, object(),
    1j, np.datetime64("2012-01-01"), datetime.date(2012, 1, 1), ["5", "6"], [None, 1.0],
    [1.0, float("nan")], pd.Series(["a"]), pd.Series([1, None], dtype="Int64"),
    pd.date_range("2012-01-01", periods=2), [[1, 2], [3]], lambda: 3,
]  # fmt: skip
ODD = [-1, 0, 0.5, 2.5, -1e308, 1e308, 10**400, float("inf"), [], [1, 2, 3], [[1, 2], [3, 4]],
       np.zeros((2, 2, 2)), 10**13, np.uint8(1), Decimal("0.5")]  # fmt: skip
NAMES = [f"{call.__module__.rpartition('.')[2]}.{call.__name__}" for call, _ in CALLS]


@pytest.mark.parametrize(("call", "given"), CALLS, ids=NAMES)
def test_what_is_no_number_is_refused_in_one_line(call, given):
    """Catches text read as a number, a gap carried into a result, and raw errors of numpy."""
    for place in range(len(given)):
        for wrong in NEVER:
            both = (given[place], wrong)
            if all(isinstance(x, bool) for x in both) or all(callable(x) for x in both):
                continue
            if call is progeny.thinned and place == 2 and wrong is None:
                continue  # which is what stands there
            changed = (*given[:place], wrong, *given[place + 1 :])
            with pytest.raises(KoubeiError) as caught:
                call(*changed)
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("call", "given"), CALLS, ids=NAMES)
def test_numbers_that_are_odd_give_one_line_or_an_answer(call, given):
    """Catches memory asked for without a look, overflow, wrong shapes that broadcast."""
    call(*given)
    for place in range(len(given)):
        for odd in ODD:
            changed = (*given[:place], odd, *given[place + 1 :])
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                try:
                    call(*changed)
                except KoubeiError as error:
                    assert "\n" not in str(error)


def as_series(values):
    return pd.Series(values, index=range(5, 5 + len(values)))


def as_nullable(values):
    return pd.Series(values, dtype="Float64")


def as_polars(values):
    return pytest.importorskip("polars").Series(values)


@pytest.mark.parametrize("kind", [tuple, np.array, as_series, as_nullable, as_polars])
def test_sales_as_people_have_them(kind):
    """Catches a fit that takes arrays only: lists had no `size`."""
    for fit in (fitting.fit_sales, fitting.fit_by_regression):
        assert fit(kind(SOLD)) == fit(SOLD)
    assert bass.cumulative(kind(SOLD), 0.03, 0.38).tolist() == (
        bass.cumulative(SOLD, np.float64(0.03), np.array(0.38)).tolist()
    )


@pytest.mark.parametrize("fit", [fitting.fit_sales, fitting.fit_by_regression])
@pytest.mark.parametrize(
    ("sales", "said"),
    [
        ([*SOLD[:4], np.nan, *SOLD[5:]], "sales: number 5 is missing"),
        (as_nullable([*SOLD[:4], None]), "sales: number 5 is missing"),
        (np.zeros(7), "sales: nothing was sold"),
        ([*SOLD, -5.0], "sales: number 8 is out of range, got -5.0"),
        (["106", "319", "738", "922"], "sales: not numbers"),
        (SOLD[:3], "sales: too few periods"),
        ([], "sales: too few periods"),
        (np.array([SOLD, SOLD]), "sales: not one column"),
    ],
)
def test_sales_without_a_curve(fit, sales, said):
    """Catches a gap or a market of nothing that ends in scipy's words, or in numbers."""
    with pytest.raises(KoubeiError, match=f"^{said}"):
        fit(sales)


def test_the_advice_for_sales_that_grow_helps():
    """Catches a regression without a market that gives nan, and advice that is refused as well."""
    grow = [1.0, 2.0, 4.0, 8.0, 16.0]
    with pytest.raises(KoubeiError, match="try fit_sales"):
        fitting.fit_by_regression(grow)
    assert fitting.fit_sales(grow).error < 0.1


def test_short_whole_numbers_do_not_wrap():
    """Catches ids of eight bits that count as bits of a set: 1 << 9 was 0."""
    arcs = [(8, 9)]
    short = tiny.cascade_law(np.uint8(10), np.array(arcs, dtype=np.uint8), 0.5,
                             np.array([8], dtype=np.uint8))  # fmt: skip
    assert (
        short.mean("active").tolist()
        == tiny.cascade_law(10, arcs, 0.5, [8]).mean("active").tolist()
    )
    live = tiny.live_arc_law(10, np.array(arcs, dtype=np.uint8), 0.5, np.array([8], dtype=np.uint8))
    assert live.mean("active")[-1] == 1.5

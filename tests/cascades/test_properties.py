"""What must hold between runs of `cascade`: monotone, paired coin by coin, cut and threaded.

These need no twin.  All comparisons are exact, because draws are addressed; the graphs are those
of `cases`, so they include parallel arcs, two layers, isolated people and hubs.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from tests.cascades.cases import FAMILIES, Case, case
from tests.cascades.drawn_rules import ON_CONTACTS, ON_NETWORKS
from tests.cascades.library import (
    by_replicate,
    difference,
    library,
    outputs_fault,
)
from tests.cascades.library import first_times as times
from tests.cascades.runs import CHANCES, NETWORKS, NUMBERS, assert_earlier, runs
from tests.cascades.twins.graph import Activation

from koubei_sim.cascades import (
    SIR,
    Bass,
    CompetingCascades,
    DelayedCascade,
    FractionalSIR,
    FractionalThreshold,
    IndependentCascade,
    LinearThreshold,
    RandomSeeds,
    Reinforcement,
    cascade,
)
from koubei_sim.networks import Network

# ---------------------------------------------------------------- monotone


def rules_of(p: float) -> list[Any]:
    return [
        IndependentCascade(p),
        DelayedCascade(p),
        SIR(p, 0.5),
        SIR(p, 0.5, steps=True),
        FractionalSIR(2 * p, 0.5),
    ]


@pytest.mark.parametrize("which", range(5))
def test_more_chance_reaches_more_and_sooner(which: int) -> None:
    """Catches coins that depend on the probability: settings would not be paired any more."""
    for network, seeds in NETWORKS:
        found = [runs(network, rules_of(p)[which], seeds) for p in CHANCES]
        for less, more in itertools.pairwise(found):
            assert_earlier(more, less)
        assert {frozenset(times(events)) for events in found[0]} == {frozenset(seeds)}


@pytest.mark.parametrize(
    "rule",
    [
        IndependentCascade(0.3),
        LinearThreshold(method="choice"),
        LinearThreshold(method="sum"),
        FractionalThreshold(0.3),
        Reinforcement(2),
        DelayedCascade(0.4),
        SIR(0.4, 0.5),
        SIR(0.4, 0.5, steps=True),
        Bass(0.02, 0.5, 0.25),
        Bass(0.02, 0.5),
    ],
    ids=repr,
)
def test_more_seeds_reach_more_and_sooner(rule: Any) -> None:
    """Catches draws that move when somebody else starts, and people who are lost by a seed."""
    horizon = 20.0 if isinstance(rule, Bass) else None
    slack = 1e-9 if isinstance(rule, Bass) and rule.dt is None else 0.0  # sums in another order
    for network, seeds in NETWORKS:
        more = sorted({*seeds, *range(0, network.n_nodes, 7)})
        few = runs(network, rule, seeds, horizon=horizon)
        assert_earlier(runs(network, rule, more, horizon=horizon), few, slack)


# ---------------------------------------------------------------- cutting, threads, records


@pytest.mark.sampled(3)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_replicate_alone_equals_itself_in_a_batch(family: str) -> None:
    """Catches scratch space that is not clean, and draws that depend on the batch."""
    for number in NUMBERS:
        one = case(family, number)._replace(first=3, replicates=12)
        if isinstance(one.seeds, list) and one.seeds and hasattr(one.seeds[0], "__len__"):
            one = one._replace(seeds=one.seeds[0])
        whole = by_replicate(library(one))
        for k in (11, 0, 5):
            alone = by_replicate(library(one._replace(first=3 + k, replicates=1)))
            assert difference(alone, [whole[k]]) is None, (number, k)


@pytest.mark.parametrize("family", FAMILIES)
def test_threads_do_not_matter(family: str) -> None:
    """Catches scratch space shared by threads, and outputs put together in order of arrival."""
    for number in (1, 4):
        one = case(family, number)._replace(replicates=50)
        if isinstance(one.seeds, list) and one.seeds and hasattr(one.seeds[0], "__len__"):
            one = one._replace(seeds=one.seeds[0])
        everything = ("forest", "people", "times", "kinds")
        options = {"record": everything}
        if family in ON_CONTACTS or not one.rule.by_steps:
            options["tick"] = 0.125
        single = library(one, **options).outcome
        several = library(one, threads=3, **options).outcome
        for name in ("sizes", "events", "ends", "time", "curve", "node_count", "times", "kinds"):
            np.testing.assert_array_equal(getattr(single, name), getattr(several, name), name)
        for a, b in zip(single.activations, several.activations, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("family", FAMILIES)
def test_all_outputs_are_told_by_the_log(family: str) -> None:
    """Catches a curve, count or first time that does not belong to the activations."""
    for number in NUMBERS:
        assert outputs_fault(case(family, number)) is None, number


@pytest.mark.parametrize("family", FAMILIES)
def test_curves_on_a_grid_that_is_found_count_everybody(family: str) -> None:
    """Catches a pilot that leaves something behind, and events that fall out of the grid."""
    for number in NUMBERS:
        out = library(case(family, number)).outcome
        log, grid = out.activations, out.time
        slack = 1e-9 * (1.0 + np.abs(grid).max())
        new = out.curve.sum(axis=(0, 1)).cumsum()
        assert new[-1] == log.time.size
        assert (new >= np.searchsorted(np.sort(log.time), grid - slack, "right")).all()
        assert (new <= np.searchsorted(np.sort(log.time), grid + slack, "right")).all()


# ---------------------------------------------------------------- edges


def test_nobody_starts() -> None:
    """Catches a first front that is read though it is empty."""
    network, _ = NETWORKS[0]
    for rule in (*rules_of(0.5), LinearThreshold(), Reinforcement(1)):
        result = cascade(network, rule, [], 3, 1, record="forest", threads=1)
        assert result.outcome.sizes.tolist() == [0, 0, 0]
        assert by_replicate(result) == [[], [], []]


def test_everybody_starts() -> None:
    """Catches arcs into seeds that activate them again."""
    for network, _ in NETWORKS[:6]:
        everybody = list(range(network.n_nodes))
        for rule in (*rules_of(1.0), LinearThreshold(), Reinforcement(0), Bass(1.0, 1.0)):
            horizon = 5.0 if isinstance(rule, Bass) else None
            for events in runs(network, rule, everybody, horizon=horizon):
                assert [(e.time, e.person, e.parent) for e in events] == [
                    (0.0, v, -1) for v in everybody
                ]


def known(event: Activation, stop: float) -> Activation:
    """Forget a recovery after the horizon."""
    return event if event.until <= stop else event._replace(until=math.inf)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("family", list(ON_NETWORKS))
def test_a_horizon_cuts_and_changes_nothing_before(family: str) -> None:
    """Catches a horizon that is off by one step, or that moves what happens before it."""
    for number in NUMBERS:
        one = case(family, number)._replace(horizon=12.0)
        whole = by_replicate(library(one))
        stops = {e.time for events in whole for e in events} | {0.0}
        for stop in sorted(stops)[:: max(1, len(stops) // 4)]:
            cut = by_replicate(library(one._replace(horizon=stop)))
            kept = [[e for e in events if e.time <= stop] for events in whole]
            if family == "sis_steps":  # whose recovery lies beyond the horizon is not known
                kept = [[known(e, stop) for e in events] for events in kept]
            assert difference(cut, kept) is None, (number, stop)


def test_keys_and_replicates_differ() -> None:
    """Catches a key or replicate that is not part of the address."""
    network = Network.from_edges([0] * 40, range(1, 41), n=41)
    seen = {
        tuple(e.person for e in events)
        for key in range(5)
        for events in by_replicate(
            library(Case(network, IndependentCascade(0.5), [0], key, 0, 20, None))
        )
    }
    assert len(seen) == 100


def test_seeds_given_once_or_for_each_replicate_are_the_same() -> None:
    """Catches lists of seeds that go to the wrong replicate, or random ones that meet them."""
    for network, seeds in NETWORKS:
        if network.n_nodes < 12:
            continue
        once = runs(network, IndependentCascade(0.5), seeds, first=4)
        assert runs(network, IndependentCascade(0.5), [seeds] * 3, first=4) == once
        other = [seeds, seeds[:1], []]
        mixed = runs(network, IndependentCascade(0.5), other, first=4)
        alone = [
            runs(network, IndependentCascade(0.5), one, 1, first=4 + k)[0]
            for k, one in enumerate(other)
        ]
        assert mixed == alone
        rule = CompetingCascades(0.5, ("a", "b"))
        drawn = RandomSeeds(3)
        fixed = runs(network, rule, {"a": seeds, "b": drawn}, first=4)
        assert runs(network, rule, {"a": [seeds] * 3, "b": drawn}, first=4) == fixed

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
from tests.cascades.graphs import random_network
from tests.cascades.library import (
    by_replicate,
    difference,
    library,
    outputs_fault,
)
from tests.cascades.library import first_times as times
from tests.cascades.twins.graph import Activation, arcs_of
from tests.worlds import Dice

from koubei_sim.cascades import (
    SIR,
    Bass,
    CompetingCascades,
    DelayedCascade,
    FractionalSIR,
    FractionalThreshold,
    IndependentCascade,
    LinearThreshold,
    NegativeCascade,
    Reinforcement,
    cascade,
)
from koubei_sim.networks import Network
from koubei_sim.networks.temporal import TemporalNetwork

NUMBERS = range(12)
CHANCES = (0.0, 1 / 256, 0.1, 0.3, 0.5, 128.4 / 256, 0.9, 1.0)


def networks() -> list[tuple[Network, list[int]]]:
    """Networks with some seeds."""
    out = []
    for number in NUMBERS:
        dice = Dice(77_000 + number)
        network = random_network(dice, number)
        seeds = dice.rng.permutation(network.n_nodes)[: dice.whole(1, 5)].tolist()
        out.append((network, seeds))
    return out


NETWORKS = networks()


def runs(network: Any, rule: Any, seeds: Any, replicates: int = 3, **options: Any):
    """The log of some replicates of key 5."""
    result = cascade(network, rule, seeds, replicates, 5, record="forest", threads=1, **options)
    return by_replicate(result)


def assert_earlier(more: Any, less: Any, slack: float = 0.0) -> None:
    """Everybody active in a run of `less` is active in that of `more`, and no later."""
    for a, b in zip(more, less, strict=True):
        first, second = times(a), times(b)
        late = [v for v, t in second.items() if first.get(v, math.inf) > t + slack]
        assert not late, f"later or lost: {late[:5]}"


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


# ---------------------------------------------------------------- one rule seen as another


def test_reinforcement_by_one_is_breadth_first_search() -> None:
    """Catches a step that is skipped: the three must give distances, with the same parents."""
    for network, seeds in NETWORKS:
        arcs = arcs_of(network)
        distance = dict.fromkeys(seeds, 0)
        front = list(seeds)
        while front:
            ahead = {arcs.target[e]: distance[u] + 1 for u in front for e in arcs.out[u]}
            front = [v for v in ahead if v not in distance]
            distance |= {v: ahead[v] for v in front}
        (one,) = runs(network, Reinforcement(1), seeds, 1)
        (other,) = runs(network, IndependentCascade(1.0), seeds, 1)
        (third,) = runs(network, SIR(1.0, 1.0, steps=True), seeds, 1)
        assert one == other
        assert [e._replace(until=math.inf) for e in third] == one
        assert times(one) == distance


def test_one_brand_is_an_independent_cascade() -> None:
    """Catches coins of brands that are not those of the arcs."""
    for network, seeds in NETWORKS:
        plain = runs(network, IndependentCascade(0.4), seeds)
        for tie in ("random", "priority"):
            rule = CompetingCascades(0.4, ("only",), tie)
            assert runs(network, rule, {"only": seeds}) == plain


def test_brands_of_equal_chance_share_an_independent_cascade() -> None:
    """Catches brands that change who is reached, when, or (ties at random) through whom."""
    for network, seeds in NETWORKS:
        shares = {"a": seeds[::3], "b": seeds[1::3], "c": seeds[2::3]}
        plain = runs(network, IndependentCascade(0.5), seeds)
        found = runs(network, CompetingCascades(0.5, ("a", "b", "c")), shares)
        assert [[e._replace(kind=0) for e in events] for events in found] == plain
        for events in found:
            kind = {e.person: e.kind for e in events}
            assert all(e.kind == kind[e.parent] for e in events if e.parent >= 0)


@pytest.mark.parametrize("quality", [0.0, 1.0])
def test_certain_quality_is_an_independent_cascade(quality: float) -> None:
    """Catches signs that change who is reached, and T(quality) off by one at its ends."""
    for network, seeds in NETWORKS:
        plain = runs(network, IndependentCascade(0.4), seeds)
        found = runs(network, NegativeCascade(0.4, quality), seeds)
        kind = int(quality == 0.0)
        assert found == [[e._replace(kind=kind) for e in events] for events in plain]


def test_a_constant_delay_of_one_is_an_independent_cascade() -> None:
    """Catches a queue that loses one of several arrivals, or decides ties another way."""
    for network, seeds in NETWORKS:
        plain = runs(network, IndependentCascade(0.4), seeds)
        for latency in (1.0, ("geometric", 1.0), np.ones(max(1, network.n_arcs))):
            if network.n_arcs == 0 and isinstance(latency, np.ndarray):
                continue
            assert runs(network, DelayedCascade(0.4, latency), seeds) == plain
        half = runs(network, DelayedCascade(0.4, 0.5), seeds)
        assert half == [[e._replace(time=e.time / 2) for e in events] for events in plain]


def test_sir_of_constant_duration_reaches_whom_an_independent_cascade_reaches() -> None:
    """Catches another coin in SIR, or a strict bound on the wrong side."""
    for beta, gamma in ((0.4, 1.0), (0.2, 0.5), (1.7, 2.0)):
        chance = -math.expm1(-beta / gamma)
        assert abs(chance * 2**32 % 1.0 - 0.5) > 0.01  # the rounding of T decides nothing
        for network, seeds in NETWORKS:
            plain = runs(network, IndependentCascade(chance), seeds)
            found = runs(network, SIR(beta, gamma, duration="constant"), seeds)
            for a, b in zip(plain, found, strict=True):
                assert set(times(a)) == set(times(b))
                assert all(e.until == e.time + 1.0 / gamma for e in b)


def test_sir_by_steps_that_recovers_at_once_is_an_independent_cascade() -> None:
    """Catches a chance per step that is not 1 - exp(-c), and an infection a step too long."""
    for p in (0.2, 0.37, 0.8):
        for network, seeds in NETWORKS:
            plain = runs(network, IndependentCascade(p), seeds)
            found = runs(network, SIR(p, 1.0, steps=True), seeds)
            assert found == [[e._replace(until=e.time + 1.0) for e in events] for events in plain]


def test_divided_attention_on_a_regular_graph_is_plain_sir() -> None:
    """Catches attention divided by the wrong degree, or divided twice."""
    n, reach = 60, 2
    people = np.arange(n)
    source = np.tile(people, reach)
    target = np.concatenate([(people + k + 1) % n for k in range(reach)])
    ring = Network.from_edges(source, target, n=n, directed=False)
    for steps, beta in ((False, 2.8), (True, 0.8)):
        divided = runs(ring, FractionalSIR(beta, 0.5, steps), [0, 7], 8)
        plain = runs(ring, SIR(beta / 4, 0.5, steps), [0, 7], 8)
        assert divided == plain
        assert max(map(len, plain)) > 10


def test_bass_without_imitation_is_a_clock_for_each() -> None:
    """Catches adopters who hurry others when q is 0, and another law of resistance."""
    for network, seeds in NETWORKS[:6]:
        n = network.n_nodes
        lone = Network.from_edges([], [], n=n)
        for dt in (None, 0.25):
            with_ties = runs(network, Bass(0.3, 0.0, dt), seeds, horizon=9.0)
            without = runs(lone, Bass(0.3, 0.8, dt), seeds, horizon=9.0)
            # In exact time the hazard is summed up in pieces: equal but for rounding.
            assert_earlier(with_ties, without, 1e-9)
            assert_earlier(without, with_ties, 1e-9)
            assert dt is None or with_ties == without
    big = Network.from_edges([], [], n=4000)
    (events,) = runs(big, Bass(0.5, 0.0), [], 1, horizon=1e6)
    clocks = np.array([e.time for e in events])
    assert len(clocks) == 4000
    # Null: exponential of mean 2; n = 4000; error rate 1e-6 (4.9 standard errors).
    assert abs(clocks.mean() - 2.0) < 4.9 * 2.0 / math.sqrt(4000)


def test_rules_without_luck_do_not_see_names() -> None:
    """Catches rules of thresholds whose outcome depends on how people are numbered."""
    for number, (network, seeds) in enumerate(NETWORKS):
        permutation = Dice(number).rng.permutation(network.n_nodes)
        renamed = network.relabel(permutation)
        moved = permutation[seeds].tolist()
        for rule in (
            Reinforcement(2),
            FractionalThreshold(0.34),
            FractionalThreshold(1 / 3, strict=True),
            IndependentCascade(1.0),
        ):
            (one,) = runs(network, rule, seeds, 1)
            (other,) = runs(renamed, rule, moved, 1)
            assert {int(permutation[v]): t for v, t in times(one).items()} == times(other)


# ---------------------------------------------------------------- contacts


def meetings(number: int) -> tuple[TemporalNetwork, list[int]]:
    one = case("contacts_independent", number)
    return one.network, [0] if one.network.n_nodes == 1 else [0, one.network.n_nodes - 1]


def test_rules_on_contacts_that_are_the_same_rule() -> None:
    """Catches a rule on contacts with another coin, another tie or another idea of a moment."""
    for number in range(30):
        met, seeds = meetings(number)
        plain = runs(met, IndependentCascade(0.5), seeds)
        for rule in (NegativeCascade(0.5, 1.0), SIR(0.5, 0.0)):
            assert runs(met, rule, seeds) == plain
        assert runs(met, CompetingCascades(0.5, ("only",)), {"only": seeds}) == plain
        assert runs(met, Reinforcement(1), seeds) == runs(met, IndependentCascade(1.0), seeds)


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

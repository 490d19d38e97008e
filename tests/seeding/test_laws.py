"""Reverse sets of laws with time: the plain twin, forward cascades coin by coin, exact laws."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from tests.seeding.twin import kept, spreads, tiny, units
from tests.seeding.twin_laws import Laws

import koubei_sim as kb
from koubei_sim.cascades import (
    SIR,
    SIS,
    CompetingCascades,
    DelayedCascade,
    FractionalSIR,
    IndependentCascade,
    LinearThreshold,
    NegativeCascade,
)
from koubei_sim.networks import Layer, Network, TemporalNetwork
from koubei_sim.seeding import maximise, pool, reverse_sets
from koubei_sim.seeding.kernels.timed import latest_start

KEY, N = 23, 40
MOST_Z = 5.5  # about 2,000 comparisons in all: wrong once in ten thousand keys
SOME = np.random.default_rng(3)


def crowd(n=N, arcs=170):
    """Random arcs with weights; loops and doubles kept, two people whom half of all hear."""
    rng = np.random.default_rng(5)
    source, target = rng.integers(0, n, (2, arcs))
    half = np.arange(0, n, 2)
    source = np.concatenate([source, [3] * half.size, half])
    target = np.concatenate([target, half, [8] * half.size])
    return kept(source, target, n, rng.random(source.size) + 0.1)


def meetings(n=N, contacts=500):
    """Contacts, many at one time."""
    rng = np.random.default_rng(6)
    source, target = rng.integers(0, n, (2, contacts))
    time = np.sort(rng.integers(-5, 30, contacts)).astype(float)
    return TemporalNetwork(n, source, target, time, rng.random(contacts).astype(np.float32))


NET, MET = crowd(), meetings()
P = np.where(SOME.random(NET.n_arcs) < 0.1, 1.0, SOME.random(NET.n_arcs) * 0.5)
BETA = np.where(SOME.random(NET.n_arcs) < 0.1, 0.0, SOME.random(NET.n_arcs))
TENTHS = SOME.integers(1, 9, NET.n_arcs) / 10.0  # sums of them are rounded this way and that


def taking(plain, rule, j):
    """What passes in set j, and how long it takes; from the norm."""
    many = len(plain.ends)
    if isinstance(rule, SIR):
        beta = rule.beta
        if isinstance(beta, str):
            beta = NET.layers[0].weights.astype(np.float64)
        beta = np.broadcast_to(beta, many).astype(float)
        if isinstance(rule, FractionalSIR):
            beta = beta / np.array([len(plain.into[v]) for _, v in plain.ends])
        options = {"steps": rule.steps, "constant": rule.duration == "constant"}
        return plain.infected(j, beta.tolist(), rule.gamma, **options)
    p = rule.p
    if isinstance(p, str):
        p = 1.0 / np.array([len(plain.into[v]) for _, v in plain.ends])
    p = [units(x) for x in np.broadcast_to(p, many)]
    if isinstance(rule, DelayedCascade):
        return plain.delayed(j, p, rule.latency)
    return plain.steps(j, p)


TIMED = [
    (IndependentCascade(P), 0.0),
    (IndependentCascade(P), 2.9),
    (IndependentCascade("weighted"), 3),
    (IndependentCascade(1.0), 1),
    (DelayedCascade(P, TENTHS), None),
    (DelayedCascade(P, TENTHS), 0.9),
    (DelayedCascade(0.3, TENTHS), 1.2),
    (DelayedCascade(0.4, 0.3), 0.9),
    (DelayedCascade(P, ("exponential", 2.0)), 1.5),
    (DelayedCascade("weighted", ("geometric", 1.6)), 3.0),
    (SIR(0.5, 1.0), None),
    (SIR(0.5, 1.0), 0.7),
    (SIR(BETA, 0.8), 1.2),
    (SIR("weights", 0.8), 1.0),
    (SIR(0.3, 0.0), 1.0),
    (SIR(BETA, 0.7, duration="constant"), 1.0),
    (SIR(0.3, 0.5, steps=True), None),
    (SIR(BETA, 0.4, steps=True), 3),
    (SIR(BETA, 0.0, steps=True), 2),
    (SIR(0.3, 0.4, steps=True, duration="constant"), 4),
    (SIR(1.0, 1.0, steps=True), 2),
    (FractionalSIR(1.5, 0.5), None),
    (FractionalSIR(1.5, 0.5), 1.3),
]


@pytest.mark.parametrize("method", ["count", "coins"])
@pytest.mark.parametrize(("rule", "horizon"), TIMED, ids=str)
def test_sets_equal_those_of_the_plain_twin(rule, horizon, method, monkeypatch) -> None:
    """Catches first visit for least time, a duration an arc, a skip, a heap, a grown pool."""
    monkeypatch.setattr(pool, "ROOM", 64)
    found = reverse_sets(NET, rule, 60, method=method, horizon=horizon, rng=KEY)
    plain = Laws(NET, KEY, method == "coins")
    sizes = set()
    for j, one in enumerate(found):
        takes = taking(plain, rule, j)
        wanted = plain.set_of(plain.root(KEY, j), horizon, lambda s, t=takes: plain.times(s, t))
        assert set(one.tolist()) == wanted, j
        sizes.add(len(wanted))
    assert len(sizes) > 3 or horizon == 0.0


FORWARD = [
    *TIMED,
    (IndependentCascade("trivalency"), 2),
    (LinearThreshold(), 0),
    (LinearThreshold(), 2),
    (LinearThreshold(P * 0.01), 3),
    (DelayedCascade({"ties": 0.3}, 1.0), 2.0),
]


def forwards(network, rule, horizon, replicates, reached=None):
    """(replicate, root, start): whether the root is reached from the start alone."""
    n = network.n_nodes
    out = np.zeros((replicates, n, n), bool)
    for s in range(n):
        ran = kb.cascade(
            network, rule, [s], replicates=replicates, rng=KEY, horizon=horizon, threads=1,
            record=["times", "kinds"] if reached else "times",
        )  # fmt: skip
        there = np.isfinite(np.asarray(ran.outcome.times))
        out[:, :, s] = there if reached is None else reached(ran, there)
    return out


def backwards(network, rule, horizon, replicates, method="coins"):
    """(replicate, root, member), from sets of one root each."""
    n = network.n_nodes
    out = np.zeros((replicates, n, n), bool)
    for v in range(n):
        roots = [v] * replicates
        sets = reverse_sets(network, rule, roots=roots, method=method, horizon=horizon, rng=KEY)
        for r, one in enumerate(sets):
            out[r, v, one] = True
    return out


@pytest.mark.parametrize(("rule", "horizon"), FORWARD, ids=str)
def test_sets_by_coins_are_the_cascades_of_the_same_replicates(rule, horizon) -> None:
    """Catches a turned arc, a horizon off by one or by a rounding: all pairs, 64 replicates."""
    there, back = forwards(NET, rule, horizon, 64), backwards(NET, rule, horizon, 64)
    assert (there == back).all()
    assert 0 < back.sum() < back.size or horizon == 0


def test_rounded_times_at_the_horizon_are_those_of_the_cascade() -> None:
    """Catches sums from the root on: (.1 + .2) + .3 lies above .6, .1 + (.2 + .3) does not."""
    path = Network.from_edges([0, 1, 2], [1, 2, 3])
    rng = np.random.default_rng(8)
    differ = 0
    for _ in range(300):
        x = rng.integers(1, 30, 3) / 10.0
        rule = DelayedCascade(1.0, x)
        horizon = float(x[2] + x[1] + x[0])
        forward = float((x[0] + x[1]) + x[2])
        differ += forward > horizon
        found = reverse_sets(path, rule, roots=[3], horizon=horizon, rng=1)[0].tolist()
        assert (0 in found) == (forward <= horizon)
    assert differ > 20


def test_the_latest_start_is_the_largest_that_is_in_time() -> None:
    """Catches a start that rounds too late, or leaves some out: its neighbour must be late."""
    rng = np.random.default_rng(9)
    for _ in range(20_000):
        by = rng.random() * 10.0 ** rng.integers(-3, 4)
        near = by * (1.0 - 2.0**-53 * rng.integers(0, 9))
        delay = float(rng.choice([rng.random() * by, by / 2, near, by, by * 1e-17, by * 1.1]))
        at = latest_start(by, delay)
        if at < 0.0:
            assert delay > by
        else:
            assert at + delay <= by
            assert np.nextafter(at, np.inf) + delay > by
    assert latest_start(0.0, 5e-324) < 0.0
    assert latest_start(math.inf, 3.0) == math.inf


def test_the_way_that_leaves_most_time_counts_not_the_first_met() -> None:
    """Catches a search that settles people when first met: two slow arcs against three quick."""
    network = Network.from_edges([0, 0, 1, 2, 3], [3, 1, 2, 3, 4])
    source, target = (ends.tolist() for ends in network.arcs())
    quick = {(0, 1): 1.0, (1, 2): 1.0, (2, 3): 1.0, (0, 3): 9.0, (3, 4): 1.0}
    latency = [quick[pair] for pair in zip(source, target, strict=True)]
    rule = DelayedCascade(1.0, latency)
    for horizon, wanted in ((4.0, [0, 1, 2, 3, 4]), (3.9, [1, 2, 3, 4]), (0.5, [4])):
        found = reverse_sets(network, rule, roots=[4], horizon=horizon, rng=1)
        assert found[0].tolist() == wanted


def test_one_duration_holds_for_all_arcs_out_of_a_person() -> None:
    """Catches a duration drawn for each arc: then both of a pair would be reached far too seldom.

    One asks for two arcs of a person over two ways; of 20,000 sets, |z| below 5.5.
    """
    number = 20_000
    # From 0 to 2 and 3, each of which tells 1 surely and at once (1e9 is the rate).
    network = Network.from_edges([0, 0, 2, 3], [2, 3, 1, 1])
    beta = [1.0, 1.0, 1e9, 1e9]
    rule = SIR(beta, 1.0)
    sets = reverse_sets(network, rule, roots=[1] * number, rng=KEY)
    share = np.mean([0 in one for one in sets])
    # P(at least one of two | D) = 1 - e^(-2 D): 2/3; with a duration an arc 3/4.
    assert abs(share - 2 / 3) / math.sqrt(2 / 9 / number) < MOST_Z


# Contacts --------------------------------------------------------------------------------------


KINDS = np.arange(N) % 2
ON_CONTACTS = [
    (IndependentCascade(0.4), None),
    (IndependentCascade(0.4), 12.0),
    (IndependentCascade(1.0), 0.0),
    (IndependentCascade("weights"), 20.0),
    (IndependentCascade(SOME.random(MET.n_contacts) * 0.7), 17.0),
    (IndependentCascade(np.array([[0.1, 0.9], [0.0, 0.3]]), kinds=KINDS), 25.5),
]


@pytest.mark.parametrize("method", ["count", "coins"])
@pytest.mark.parametrize(("rule", "horizon"), ON_CONTACTS[:3], ids=str)
def test_sets_on_contacts_equal_those_of_the_plain_twin(rule, horizon, method) -> None:
    """Catches contacts in the order of a clock that runs forwards, or two of one moment used."""
    found = reverse_sets(MET, rule, 200, method=method, horizon=horizon, rng=KEY)
    plain = Laws(MET, KEY, method == "coins")
    p, when = [units(rule.p)] * MET.n_contacts, MET.time.tolist()
    for j, one in enumerate(found):
        live = plain.live(j, p)
        wanted = plain.set_of(plain.root(KEY, j), horizon, lambda s, e=live: plain.met(s, e, when))
        assert set(one.tolist()) == wanted, j


@pytest.mark.parametrize(("rule", "horizon"), ON_CONTACTS, ids=str)
def test_sets_on_contacts_are_the_cascades_of_the_same_replicates(rule, horizon) -> None:
    """Catches a wrong group of eight, a contact at the horizon left out: all pairs, 64 times."""
    back = backwards(MET, rule, horizon, 64)
    assert (forwards(MET, rule, horizon, 64) == back).all()
    assert 64 * N < back.sum() < back.size


def test_a_journey_back_in_time_is_none() -> None:
    """Catches contacts taken as arcs: 0 meets 1 after 1 has met 2, and at the same moment."""
    early = TemporalNetwork.from_contacts([0, 1], [1, 2], [5.0, 4.0])
    same = TemporalNetwork.from_contacts([0, 1], [1, 2], [5.0, 5.0])
    late = TemporalNetwork.from_contacts([0, 1], [1, 2], [5.0, 6.0])
    sure = IndependentCascade(1.0)
    assert [reverse_sets(met, sure, roots=[2])[0].tolist() for met in (early, same, late)] == [
        [1, 2], [1, 2], [0, 1, 2],
    ]  # fmt: skip


# Layers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [None, 2])
@pytest.mark.parametrize(
    "rule",
    [
        IndependentCascade({"friends": 0.3, "work": 0.1}),
        IndependentCascade("weighted"),
        LinearThreshold(),
        SIR({"friends": 0.5, "work": 0.2}, 1.0),
        DelayedCascade({"friends": 0.5, "work": 0.2}, 0.7),
    ],
    ids=repr,
)
def test_layers_are_laid_together_as_cascades_lay_them(rule, horizon) -> None:
    """Catches arcs of a second layer numbered apart, and p of the wrong layer."""
    rng = np.random.default_rng(10)
    layers = []
    for name in ("friends", "work"):
        one = kept(*rng.integers(0, 25, (2, 60)), 25).layers[0]
        layers.append(Layer(name, one.indptr, one.indices))
    network = Network(tuple(layers))
    back = backwards(network, rule, horizon, 64)
    assert (forwards(network, rule, horizon, 64) == back).all()


# Negative cascades -----------------------------------------------------------------------------


def depths(n, arcs, p):
    """Worlds (chance, steps between all pairs; n: no way), every arc on or off."""
    for world in range(1 << len(arcs)):
        chance, steps = 1.0, np.where(np.eye(n, dtype=bool), 0, n)
        for i, (u, v) in enumerate(arcs):
            on = world >> i & 1
            chance *= p[i] if on else 1.0 - p[i]
            if on:
                steps[u, v] = min(steps[u, v], 1)
        for k in range(n):
            steps = np.minimum(steps, steps[:, k, None] + steps[k])
        yield chance, steps


def pleased(n, arcs, p, quality, horizon, groups):
    """Exact number of people whom good word reaches, from each group of seeds."""
    out = dict.fromkeys(groups, 0.0)
    limit = n - 1 if horizon is None else horizon
    for chance, steps in depths(n, arcs, p):
        for group in groups:
            d = steps[list(group)].min(axis=0)
            out[group] += chance * float((quality ** (d[d <= limit] + 1.0)).sum())
    return out


@pytest.mark.parametrize("horizon", [None, 1])
def test_good_word_is_cut_with_the_chance_of_pleasing(horizon) -> None:
    """Catches a cut off by one, or none at the root: exact reach of pairs on 12 graphs."""
    number, worst = 8000, 0.0
    for g in range(12):
        arcs, p = tiny(g)
        arcs, p = arcs[:8], p[:8]
        network = Network.from_edges(*np.array(arcs).T, 7)
        rule = NegativeCascade(p, quality=0.7)
        sets = reverse_sets(network, rule, number, rng=g, horizon=horizon)
        member = np.zeros((number, 7), bool)
        for j, one in enumerate(sets):
            member[j, one] = True
        groups = [(s, t) for s in range(7) for t in range(s, 7)]
        for (s, t), exact in pleased(7, arcs, p, 0.7, horizon, groups).items():
            q = exact / 7
            share = (member[:, s] | member[:, t]).mean()
            worst = max(worst, abs(share - q) / math.sqrt(q * (1 - q) / number))
    assert worst < MOST_Z


def test_good_word_agrees_with_forward_cascades_of_groups() -> None:
    """Catches a law that holds for one seed only: 5 groups of 3, 8,000 runs and sets, |z|."""
    rule, number = NegativeCascade(0.3, quality=0.8), 8000
    sets = reverse_sets(NET, rule, number, rng=KEY, horizon=3)
    for start in range(5):
        group = [start, start + 11, start + 22]
        ran = kb.cascade(
            NET, rule, group, replicates=number, rng=4, horizon=3, record=["times", "kinds"],
            threads=1,
        )  # fmt: skip
        good = np.isfinite(np.asarray(ran.outcome.times)) & (np.asarray(ran.outcome.kinds) == 0)
        sizes = good.sum(axis=1)
        q = np.mean([bool(set(one.tolist()) & set(group)) for one in sets])
        error = math.hypot(sizes.std() / math.sqrt(number), N * math.sqrt(q * (1 - q) / number))
        assert abs(sizes.mean() - N * q) < MOST_Z * error


# In law, and choices ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "rule", "horizon"),
    [
        (NET, IndependentCascade("weighted"), 2),
        (NET, DelayedCascade("weighted", ("exponential", 1.0)), 2.0),
        (NET, SIR(0.4, 1.0), 1.0),
        (NET, SIR(0.3, 0.5, steps=True), 3),
        (MET, IndependentCascade(0.3), 12.0),
    ],
    ids=str,
)
def test_shares_of_sets_agree_with_forward_runs(network, rule, horizon) -> None:
    """Catches own draws of another law than the cascade's: reach of 6 groups, 8,000 each."""
    number = 8000
    sets = reverse_sets(network, rule, number, rng=KEY, horizon=horizon)
    for start in range(6):
        group = [start, start + 11, start + 22]
        sizes = kb.cascade(
            network, rule, group, replicates=number, rng=4, horizon=horizon, threads=1
        ).sizes
        q = np.mean([bool(set(one.tolist()) & set(group)) for one in sets])
        error = math.hypot(sizes.std() / math.sqrt(number), N * math.sqrt(q * (1 - q) / number))
        assert abs(sizes.mean() - N * q) < MOST_Z * error


def test_steps_within_a_horizon_have_the_exact_law() -> None:
    """Catches a horizon off by one under skipping: all pairs of people on 12 graphs."""
    number, worst = 8000, 0.0
    for g in range(12):
        arcs, p = tiny(g)
        arcs, p = arcs[:8], p[:8]
        network = Network.from_edges(*np.array(arcs).T, 7)
        sets = reverse_sets(network, IndependentCascade(p), number, rng=g, horizon=1)
        member = np.zeros((number, 7), bool)
        for j, one in enumerate(sets):
            member[j, one] = True
        for (s, t), exact in pleased(7, arcs, p, 1.0, 1, list(spreads(7, arcs, p, 2))).items():
            q = exact / 7
            share = (member[:, s] | member[:, t]).mean()
            worst = max(worst, abs(share - q) / math.sqrt(max(q * (1 - q), 1e-9) / number))
    assert worst < MOST_Z


@pytest.mark.parametrize(
    ("network", "rule", "horizon"),
    [
        (NET, IndependentCascade(P), 2),
        (NET, DelayedCascade(P, TENTHS), 1.0),
        (NET, SIR(0.5, 1.0), None),
        (NET, NegativeCascade(P), None),
        (MET, IndependentCascade(0.4), 12.0),
    ],
    ids=str,
)
def test_a_set_is_the_same_whatever_is_made_beside_it(network, rule, horizon, monkeypatch) -> None:
    """Catches scratch that is not clean: parts, a pool that grows in the middle, another first."""
    options = {"rng": KEY, "horizon": horizon}
    every = reverse_sets(network, rule, 300, **options)
    monkeypatch.setattr(pool, "ROOM", 64)
    for first, number in ((0, 300), (17, 1), (100, 200), (63, 66)):
        some = reverse_sets(network, rule, number, first=first, **options)
        assert all((a == b).all() for a, b in zip(every[first:], some, strict=False))
        assert len(some) == number


@pytest.mark.parametrize(("kind", "horizon"), [("steps", 1), ("good", None), ("good", 1)])
def test_bounds_hold_where_every_choice_can_be_listed(kind, horizon) -> None:
    """Catches seeds taken as surely pleased, and a bound that forgets the horizon: 20 graphs."""
    for g in range(20):
        arcs, p = tiny(g)
        arcs, p = arcs[:8], p[:8]
        network = Network.from_edges(*np.array(arcs).T, 7)
        quality = 0.6 if kind == "good" else 1.0
        rule = NegativeCascade(p, quality) if kind == "good" else IndependentCascade(p)
        exact = pleased(7, arcs, p, quality, horizon, list(spreads(7, arcs, p, 2)))
        found = maximise(
            network, rule, 2, horizon=horizon, rng=g, target=0.8, delta=0.1, sets=1 << 14
        )
        true, best = exact[tuple(sorted(found.seeds.tolist()))], max(exact.values())
        assert found.reach.low - 1e-9 <= true <= found.reach.high + 1e-9
        assert best <= found.at_most + 1e-9
        assert true >= (1 - 1 / math.e) * best  # and .94 was seen


@pytest.mark.parametrize(
    ("network", "rule", "horizon"),
    [
        (NET, DelayedCascade(P, TENTHS), 0.7),
        (NET, SIR(0.5, 1.0), 0.6),
        (NET, LinearThreshold(), 2),
        (MET, IndependentCascade(0.4), 8.0),
    ],
    ids=str,
)
def test_the_best_single_person_is_within_the_bounds(network, rule, horizon) -> None:
    """Catches a choice for another horizon: reach of everybody by 4,000 forward runs each."""
    found = maximise(network, rule, 1, horizon=horizon, rng=2, delta=0.01)
    reach = np.empty(N)
    for s in range(N):
        ran = kb.cascade(network, rule, [s], replicates=4000, rng=9, horizon=horizon, threads=1)
        reach[s] = ran.sizes.mean()
    error = 5 * N / 2 / math.sqrt(4000)
    assert reach.max() <= found.at_most + error
    chosen = reach[int(found.seeds[0])]
    assert found.reach.low - error <= chosen <= found.reach.high + error
    assert chosen >= 0.9 * reach.max()


def test_a_later_horizon_never_takes_anybody_out() -> None:
    """Catches draws that hang on the horizon: sets are nested, and end as those without one."""
    for rule in (IndependentCascade(P), DelayedCascade(P, TENTHS), SIR(0.5, 1.0)):
        rows = [
            [set(one.tolist()) for one in reverse_sets(NET, rule, 100, rng=KEY, horizon=h)]
            for h in (0.5, 1.0, 2.0, 1e9, None)
        ]
        for before, after in pairwise(rows):
            assert all(a <= b for a, b in zip(before, after, strict=True))
        assert rows[-2] == rows[-1]
        assert rows[0] != rows[2]


@pytest.mark.parametrize(
    ("network", "rule", "options", "said"),
    [
        (NET, IndependentCascade(0.1), {"horizon": -1}, "horizon: out of range"),
        (NET, IndependentCascade(0.1), {"horizon": "3"}, "horizon: not a number"),
        (NET, SIS(0.1, 0.5), {}, "rule: has no reverse sets, got SIS"),
        (NET, CompetingCascades(), {}, "rule: has no reverse sets"),
        (NET, NegativeCascade(0.1), {"method": "coins"}, "method: in a cascade .*'count'"),
        (NET, SIR("weights", 0.1, steps=True), {}, "beta, arc"),
        (MET, SIR(0.1, 0.1), {}, r"rule: has no reverse sets on contacts.*aggregate\(\)"),
        (MET, LinearThreshold(), {}, "rule: has no reverse sets on contacts"),
        (MET, NegativeCascade(0.1), {}, "rule: has no reverse sets on contacts"),
        (MET, IndependentCascade("weighted"), {}, "p: not defined on contacts"),
    ],
    ids=str,
)
def test_what_has_no_reverse_sets_is_refused_in_one_line(network, rule, options, said) -> None:
    """Catches a law without live edges that is taken as if it had them."""
    with pytest.raises(kb.KoubeiError, match=said):
        reverse_sets(network, rule, 5, rng=1, **options)


def test_callers_that_know_arcs_alone_are_not_given_other_laws() -> None:
    """Catches contacts read as arcs, and seeds taken as surely pleased, elsewhere."""
    with pytest.raises(kb.KoubeiError, match=r"network: contacts with time stamps.*aggregate\(\)"):
        pool.checked_graph(MET, IndependentCascade(0.1), "label")
    with pytest.raises(kb.KoubeiError, match="rule: seeds that may displease"):
        pool.checked_graph(NET, NegativeCascade(0.1), "label")
    arcs, _ = pool.checked_graph(NET, SIR(0.1), "label")
    assert arcs.count == NET.n_arcs

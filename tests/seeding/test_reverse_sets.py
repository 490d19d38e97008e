"""Reverse sets: equal to a plain twin, to forward cascades coin by coin, and right in law."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tests.seeding.twin import Plain, kept, spreads, tiny, units

import koubei_sim as kb
from koubei_sim.cascades import (
    SIS,
    CompetingCascades,
    FractionalThreshold,
    IndependentCascade,
    LinearThreshold,
    Reinforcement,
)
from koubei_sim.core.draws import draw32, stream
from koubei_sim.seeding import pool, reverse_sets

N, KEY = 300, 11
MOST_Z = 6.5  # some thousand comparisons: wrong once in ten million


def crowd(n=N, arcs=2400, hubs=True):
    """Random arcs, loops and doubles kept; `hubs`: three people whom all hear, and who hear all."""
    rng = np.random.default_rng(5)
    source, target = rng.integers(0, n, (2, arcs))
    if hubs:
        everybody = np.tile(np.arange(n), 3)
        some = np.repeat([3, 70, 71], n)
        source = np.concatenate([source, everybody, some])
        target = np.concatenate([target, some, everybody])
    return kept(source, target, n)


def arrays(network):
    """Chances of arcs: few small ones, none, certain, and anything."""
    rng = np.random.default_rng(6)
    p = rng.choice([0.0, 1e-9, 0.01, 0.02, 0.3], network.n_arcs, p=[0.2, 0.1, 0.3, 0.38, 0.02])
    p[rng.random(p.size) < 0.002] = 1.0
    return p


def by_arc(network, p):
    """The chance of each arc under a rule."""
    _, target = network.arcs()
    if isinstance(p, str) and p == "weighted":
        return (1.0 / np.maximum(np.bincount(target, minlength=network.n_nodes), 1))[target]
    if isinstance(p, str):
        base = stream(np.uint64(KEY), 0, 70, 0, 0)
        return np.array([(0.1, 0.01, 0.001)[draw32(base, e) * 3 >> 32] for e in range(target.size)])
    return np.broadcast_to(p, target.shape)


@pytest.mark.parametrize("p", ["weighted", 0.01, 0.12, 1.0, 0.0, "trivalency", "array"])
def test_sets_of_independent_cascades_equal_the_plain_twin(p, monkeypatch) -> None:
    """Catches a wrong skip, mark, ring or regrowth: 300 sets, another order of search."""
    monkeypatch.setattr(pool, "ROOM", 128)  # grows many times
    network = crowd()
    p = arrays(network) if isinstance(p, str) and p == "array" else p
    number = 300 if isinstance(p, str) or np.ndim(p) or p < 0.1 else 20
    found = reverse_sets(network, IndependentCascade(p), number, rng=KEY)
    plain, each = Plain(network), [units(x) for x in by_arc(network, p)]
    assert len(found) == number
    for j, one in enumerate(found):
        assert set(one.tolist()) == plain.counted(KEY, j, each), j


@pytest.mark.parametrize("weights", [None, "some"])
def test_sets_of_linear_threshold_equal_the_plain_twin(weights) -> None:
    """Catches a wrong end of an interval, and a walk that goes on after it has met itself."""
    network = crowd()
    if weights:
        weights = by_arc(network, "weighted") * np.random.default_rng(1).random(network.n_arcs)
    found = reverse_sets(network, LinearThreshold(weights), 2000, rng=KEY)
    plain = Plain(network)
    for j, one in enumerate(found):
        assert set(one.tolist()) == plain.picked(KEY, j, weights), j


@pytest.mark.sampled(9)
@pytest.mark.parametrize(
    "rule",
    [
        IndependentCascade("weighted"),
        IndependentCascade("trivalency"),
        IndependentCascade("array"),
        IndependentCascade(np.array([[0.02, 0.3], [0.0, 0.05]]), kinds=np.arange(60) % 2),
        IndependentCascade(1.0),
        LinearThreshold(),
        LinearThreshold("weights"),
    ],
    ids=repr,
)
def test_sets_by_coins_are_the_cascades_of_the_same_replicates(rule) -> None:
    """Catches a turned arc, a wrong group of eight, parallel arcs: all pairs, 64 replicates."""
    n, replicates = 60, 64
    plain = crowd(n, 260, hubs=False)
    source, target = plain.arcs()
    share = (by_arc(plain, "weighted") * 0.9).astype(np.float32)
    network = kept(source, target, n, share)
    if isinstance(rule, IndependentCascade) and isinstance(rule.p, str) and rule.p == "array":
        rule = IndependentCascade(np.random.default_rng(2).random(network.n_arcs) * 0.4)
    back = np.zeros((replicates, n, n), bool)  # replicate, root, member
    for r in range(replicates):
        sets = [
            reverse_sets(network, rule, roots=[v], method="coins", first=r, rng=KEY)[0]
            for v in range(n)
        ]
        for v, one in enumerate(sets):
            back[r, v, one] = True
    for s in range(n):
        ran = kb.cascade(
            network, rule, [s], replicates=replicates, rng=KEY, record="times", threads=1
        )
        reached = np.isfinite(np.asarray(ran.outcome.times))
        assert (reached == back[:, :, s]).all(), s


@pytest.mark.parametrize("method", ["count", "coins"])
def test_shares_of_sets_are_the_exact_reach(method) -> None:
    """Catches a wrong law, of roots, skips or acceptance: 40 graphs, all pairs of people."""
    number, worst = 8000, 0.0
    for g in range(40):
        arcs, p = tiny(g)
        network = kb.Network.from_edges(*np.array(arcs).T, 7)
        sets = reverse_sets(network, IndependentCascade(p), number, rng=g, method=method)
        member = np.zeros((number, 7), bool)
        for j, one in enumerate(sets):
            member[j, one] = True
        for (s, t), exact in spreads(7, arcs, p, 2).items():
            q = exact / 7
            share = (member[:, s] | member[:, t]).mean()
            worst = max(worst, abs(share - q) / math.sqrt(max(q * (1 - q), 1e-12) / number))
    assert worst < MOST_Z


def test_a_set_is_the_same_whatever_is_made_beside_it() -> None:
    """Catches a set that depends on its batch, on those before it, or on a thread beside it."""
    network, rule = crowd(), IndependentCascade("weighted")
    every = reverse_sets(network, rule, 500, rng=3)
    later = reverse_sets(network, rule, 100, first=333, rng=3)
    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(lambda _: reverse_sets(network, rule, 500, rng=3), range(2)))
    for j, one in enumerate(later):
        assert (one == every[333 + j]).all()
    for other in both:
        assert all((a == b).all() for a, b in zip(every, other, strict=True))


def test_sets_follow_arcs_backwards_and_speak_of_labels() -> None:
    """Catches the direction (a survey's A named B runs the other way) and lost labels."""
    network = kb.Network.from_edges(["li"], ["wu"], labels="auto")
    sure = IndependentCascade(1.0)
    found = reverse_sets(network, sure, roots=["wu", "li"], rng=1)
    assert [one.tolist() for one in found] == [["li", "wu"], ["li"]]
    rows = reverse_sets(network, sure, roots=[1], rng=1, by="row")
    assert rows[0].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (FractionalThreshold(0.3), r"has no reverse sets, got FractionalThreshold, .*improve"),
        (Reinforcement(2), "got Reinforcement"),
        (CompetingCascades({"a": 0.1, "b": 0.1}), "got CompetingCascades"),
        (SIS(0.1, 0.5), "got SIS"),
        (LinearThreshold(thresholds=(0.2, 0.6)), "weights are added up"),
        (LinearThreshold(method="sum"), r"try LinearThreshold\(method='choice'\)"),
        (0.1, "rule: not a rule"),
        (IndependentCascade("weights"), "the network has no weights"),
    ],
    ids=str,
)
def test_rules_without_live_edges_are_refused(rule, said) -> None:
    """Catches a rule whose word does not pass along live arcs and that is taken as if it did."""
    network = kb.Network.from_edges([0, 1], [1, 2])
    with pytest.raises(kb.KoubeiError, match=said):
        reverse_sets(network, rule, 5, rng=1)
    with pytest.raises(kb.KoubeiError, match=said):
        kb.seeding.maximise(network, rule, 1, rng=1)

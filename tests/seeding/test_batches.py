"""`seeding.adaptive`: the next best given what was seen, where all worlds can be listed."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from tests.seeding.twin import kept, tiny

import koubei_sim as kb
from koubei_sim.cascades import IndependentCascade, LinearThreshold
from koubei_sim.seeding import adaptive
from koubei_sim.seeding.batches import remaining


def closure(live, arcs, seeds):
    met, todo = set(seeds), list(seeds)
    while todo:
        u = todo.pop()
        new = [v for (a, v), on in zip(arcs, live, strict=True) if on and a == u and v not in met]
        met.update(new)
        todo += new
    return frozenset(met)


def cascades_of(arcs, p):
    """All worlds of an independent cascade: which arcs are live, and the chance of it."""
    for live in product((0, 1), repeat=len(arcs)):
        yield live, np.prod(np.where(live, p, 1 - np.asarray(p)))


def thresholds_of(arcs, weights):
    """All worlds of a linear threshold: the arc that each person follows, or none."""
    into = [[e for e, (_, v) in enumerate(arcs) if v == w] for w in range(7)]
    for picked in product(*[[*one, None] for one in into]):
        live, chance = [0] * len(arcs), 1.0
        for one, e in zip(into, picked, strict=True):
            chance *= 1 - sum(weights[i] for i in one) if e is None else weights[e]
            if e is not None:
                live[e] = 1
        if chance > 1e-12:
            yield tuple(live), chance


def given_seen(worlds, arcs, first):
    """What may be seen after `first`: chance, and the exact reach of each second person then."""
    seen: dict[frozenset[int], np.ndarray] = {}
    for live, chance in worlds:
        met = closure(live, arcs, [first])
        row = seen.setdefault(met, np.zeros(8))
        row[7] += chance
        for v in range(7):
            row[v] += chance * len(closure(live, arcs, [first, v]))
    return {met: (row[7], row[:7] / row[7]) for met, row in seen.items()}


def asked(kind, number):
    arcs, p = tiny(number)
    if kind == "cascade":
        return arcs, IndependentCascade(p), list(cascades_of(arcs, p))
    into = np.bincount([v for _, v in arcs], minlength=7)
    if number % 2:
        weights = np.array([1 / into[v] for _, v in arcs])
        return arcs, LinearThreshold(), list(thresholds_of(arcs, weights))
    weights = np.array([0.9 * q / into[v] for (_, v), q in zip(arcs, p, strict=True)])
    return arcs, LinearThreshold(weights), list(thresholds_of(arcs, weights))


@pytest.mark.parametrize(("kind", "graphs"), [("cascade", 8), ("threshold", 12)])
def test_the_next_is_the_best_given_what_was_seen(kind, graphs) -> None:
    """Catches what was seen being ignored, arcs tried twice, thresholds not made smaller: the gain
    of the second person, by listing all worlds that agree with what was seen."""
    tried = 0
    for g in range(graphs):
        arcs, rule, worlds = asked(kind, g)
        network = kb.Network.from_edges(*np.array(arcs).T, 7)
        first = int(adaptive(network, rule, 2, batches=2, rng=g).next()[0])
        for met, (chance, exact) in given_seen(worlds, arcs, first).items():
            if chance < 0.03 or len(met) == 7:
                continue
            policy = adaptive(network, rule, 2, batches=2, rng=g, target=1.0, sets=1 << 13)
            assert policy.next().tolist() == [first]
            second = int(policy.next(list(met))[0])
            gains = exact - len(met)
            assert second not in met
            assert gains[second] >= 0.97 * gains.max()
            assert abs(policy.last.reach.mean - gains[second]) < 0.1
            tried += 1
    assert tried > 3 * graphs


def test_the_remaining_rule_is_the_conditional_law() -> None:
    """Catches weights that are cut but not made larger, and arcs into the reached that stay."""
    arcs = kb.cascades.arcs.Arcs.of(kept([0, 0, 1, 2, 3], [2, 3, 2, 3, 4], 5))
    reached = np.array([True, False, False, False, False])
    left = remaining(IndependentCascade("weighted"), arcs, reached, 1)
    assert left.p.tolist() == [0.0, 0.0, 0.5, 0.5, 1.0]
    assert remaining(LinearThreshold(), arcs, reached, 1).weights.tolist() == [0, 0, 1, 1, 1]
    some = LinearThreshold([0.4, 0.2, 0.3, 0.2, 0.5])
    found = remaining(some, arcs, reached, 1).weights
    assert np.allclose(found, [0.0, 0.0, 0.5, 0.25, 0.5])


def test_one_batch_is_the_choice_at_once_and_batches_add_up() -> None:
    """Catches another choice for one batch, people chosen twice, sizes that do not add up."""
    rng = np.random.default_rng(3)
    network = kb.Network.from_edges(*rng.integers(0, 400, (2, 1000)), 400)
    rule = IndependentCascade("weighted")
    once = kb.seeding.maximise(network, rule, 7, rng=5).seeds
    assert (adaptive(network, rule, 7, batches=1, rng=5).next() == once).all()
    policy = adaptive(network, rule, 7, batches=3, rng=5, among=range(100))
    sizes, seen = [], []
    while policy.left:
        batch = policy.next(seen)
        sizes.append(batch.size)
        seen = [*seen, 200 + len(seen)]  # the seeds are counted although they are not named
    assert sizes == [3, 2, 2]
    assert np.unique(policy.seeds).size == 7
    assert policy.seeds.max() < 100
    everybody = adaptive(network, rule, 4, batches=2, rng=5)
    everybody.next()
    assert everybody.next(range(400)).size == 0


def test_watching_pays_where_it_must_and_is_counted_in_the_same_worlds() -> None:
    """Catches worlds that are not shared, and a gain with the wrong sign: a messenger who reaches
    the hub of 50 half of the time; after a failure the hub itself is taken, else another 20."""
    source = [0] + [1] * 50 + [60] * 20
    target = [1, *range(2, 52), *range(61, 81)]
    network = kb.Network.from_edges(source, target, 90)
    p = np.ones(len(source))
    p[0] = 0.9
    rule = IndependentCascade(p)
    found = adaptive(network, rule, 2, batches=2, rng=1, sets=4096).simulate(60, rng=2)
    # At once: hub or messenger, and the 20.  Watching can do no worse here than at once.
    assert (found.adaptive >= found.at_once).mean() > 0.8
    two = kb.Network.from_edges([0, 1, 2, 2], [2, 2, 3, 4], 5)
    fixed = adaptive(two, IndependentCascade([1.0, 1.0, 0.5, 0.5]), 1, batches=1, rng=1)
    same = fixed.simulate(40, rng=3)
    assert (same.adaptive == same.at_once).all()
    assert same.gain[:3] == (0.0, 0.0, 0.0)
    assert len(set(same.adaptive.tolist())) > 1
    tri = kb.Network.from_edges(*np.random.default_rng(1).integers(0, 200, (2, 2000)), 200)
    one = adaptive(tri, IndependentCascade("trivalency"), 3, batches=1, rng=4).simulate(20, rng=5)
    assert (one.adaptive == one.at_once).all()
    arcs = kb.cascades.arcs.Arcs.of(tri)
    known = remaining(IndependentCascade("trivalency"), arcs, np.zeros(200, bool), 4)
    seeds = kb.seeding.maximise(tri, IndependentCascade("trivalency"), 3, rng=4).seeds
    sizes = kb.cascade(tri, known, seeds, 20, rng=5, threads=1).sizes
    assert (one.at_once == sizes).all()  # the probabilities that the policy knew, other luck


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda net: adaptive(net, IndependentCascade(0.5), 4, batches=1), "k: out of range"),
        (lambda net: adaptive(net, IndependentCascade(0.5), 2, batches=3), "batches: out of range"),
        (lambda net: adaptive(net, kb.FractionalThreshold(0.2), 2, batches=2),
         "rule: what is left of it"),
        (lambda net: adaptive(net, IndependentCascade([0.5]), 2, batches=1), "p: not one value"),
        (lambda net: adaptive(net, IndependentCascade(0.5), 2, batches=2).next([9]),
         "observed: no such person"),
        (lambda net: adaptive(net, IndependentCascade(0.5), 2, batches=2).simulate(0),
         "replicates: out of range"),
    ],
)  # fmt: skip
def test_wrong_questions_are_refused_in_one_line(ask, said) -> None:
    """Catches a wrong question that is answered."""
    with pytest.raises(kb.KoubeiError, match=said):
        ask(kb.Network.from_edges([0, 1], [1, 2]))

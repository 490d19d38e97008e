"""`maximise` within limits: quotas by group, costs with a budget; and the proof under each."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from tests.seeding.twin import bound_twin, spreads, tiny

import koubei_sim as kb
from koubei_sim.cascades import IndependentCascade
from koubei_sim.cascades.rules.base import block
from koubei_sim.seeding import loop, maximise
from koubei_sim.seeding.kernels import cover
from koubei_sim.seeding.kernels.cover import BUDGET, UNIT, Index, Limits, dual_bound

SMALL = {"target": 0.8, "delta": 0.1, "sets": 1 << 14}
GROUPS = np.array(["fan", "fan", "fan", "new", "new", "new", "none"])


def network_of(arcs, n=7):
    return kb.Network.from_edges(*np.array(arcs).T, n)


def asked(number, kind):
    """Limits on the tiny graph of this number, and which choices of people keep to them."""
    rng = np.random.default_rng(1000 + number)
    if kind == "quotas":
        quotas = {"fan": int(rng.integers(0, 3)), "new": int(rng.integers(1, 3))}
        options = {"groups": GROUPS, "quotas": quotas}

        def fits(chosen):
            kinds = GROUPS[list(chosen)].tolist()
            return all(kinds.count(one) <= quotas.get(one, 0) for one in kinds)
    else:
        costs, budget = rng.integers(1, 8, 7) / 4.0, float(rng.integers(4, 13)) / 4.0
        budget = max(budget, float(costs.min()))
        options = {"costs": costs, "budget": budget}

        def fits(chosen):
            return costs[list(chosen)].sum() <= budget

    choices = [c for k in range(8) for c in combinations(range(7), k) if fits(c)]
    return options, choices


@pytest.mark.parametrize("kind", ["quotas", "budget"])
def test_bounds_hold_where_every_choice_within_the_limits_can_be_listed(kind) -> None:
    """Catches a bound that leaves a choice out, and a choice that breaks a limit: 40 graphs.

    On every other one people count differently.
    """
    wrong = 0
    for g in range(40):
        arcs, p = tiny(g)
        options, choices = asked(g, kind)
        weights = np.random.default_rng(g).random(7) if g % 2 else np.ones(7)
        reach = {c: x for k in range(8) for c, x in spreads(7, arcs, p, k, weights).items()}
        best = max(reach[c] for c in choices)
        options |= {"audience": weights} if g % 2 else {}
        found = maximise(network_of(arcs), IndependentCascade(p), rng=g, **SMALL, **options)
        chosen = tuple(sorted(found.seeds.tolist()))
        assert chosen in choices
        wrong += not found.reach.low - 1e-9 <= reach[chosen] <= found.reach.high + 1e-9
        wrong += not best <= found.at_most + 1e-9
        assert reach[chosen] >= (0.9 if kind == "quotas" else 0.8) * best
        assert found.ratio <= reach[chosen] / best + 1e-9 or wrong
        if kind == "budget":
            assert found.cost == sum(options["costs"][list(chosen)]) <= options["budget"]
    assert wrong == 0  # at most 4 allowed


def drawn_sets(number, people=9, sets=128):
    """An index of random sets, as lists and as the kernels want them."""
    rng = np.random.default_rng(number)
    member = rng.random((people, sets)) < rng.random(people)[:, None] * 0.5
    starts = np.concatenate([[0], np.cumsum(member.sum(1))])
    index = block(Index(starts, np.nonzero(member)[1].astype(np.int32), sets))
    return rng, member, index


def drawn_limits(rng, kind, people=9):
    allowed = rng.random(people) < 0.9
    group = rng.integers(0, 3, people)
    if kind == "quotas":
        return Limits(allowed, group, rng.integers(0, 3, 3), np.empty(0, np.int64), 0)
    units = (rng.integers(1, 9, people) * (BUDGET // rng.integers(8, 20))).astype(np.int64)
    group = np.zeros(people, np.int64)
    return Limits(allowed & (units <= BUDGET), group, np.array([people]), units, BUDGET)


def kept_to(limits, chosen):
    chosen = list(chosen)
    if limits.units.size:
        return limits.units[chosen].sum() <= limits.budget
    return (np.bincount(limits.group[chosen], minlength=3) <= limits.quota).all()


@pytest.mark.parametrize("kind", ["quotas", "budget"])
def test_no_choice_covers_more_than_the_bound_which_is_that_of_the_page(kind) -> None:
    """Catches a proof that is none and a kernel that is not the page: 80 cases, at every step."""
    near = []
    for number in range(80):
        rng, member, index = drawn_sets(number)
        limits = drawn_limits(rng, kind)
        given = rng.random(128) < 0.2 * (number % 2)
        words = np.packbits(given, bitorder="little").view(np.uint64)
        seeds, gains = loop.best_first(index, limits, words.copy())
        covered = int(given.sum() + gains.sum())
        assert covered == int((given | member[seeds].any(0)).sum())
        assert kept_to(limits, seeds)
        people = np.flatnonzero(limits.allowed)
        choices = (c for k in range(people.size + 1) for c in combinations(people, k))
        top = max(
            int((given | member[list(c)].any(0)).sum()) for c in choices if kept_to(limits, c)
        )
        bounds = [
            int(dual_bound(index, block(limits), words, seeds, covered, 0, steps))
            for steps in (1, 3, 20, 100)
        ]
        assert min(bounds) >= top * UNIT
        assert sorted(bounds, reverse=True) == bounds
        assert bounds[0] == bound_twin(member, limits, given, seeds, covered, 1)
        assert bounds[2] == bound_twin(member, limits, given, seeds, covered, 20)
        near.append(bounds[-1] / UNIT / max(top, 1))
    assert np.median(near) < 1.1  # a bound of all sets would pass what stands above


@pytest.mark.parametrize("kind", ["quotas", "budget"])
def test_the_best_choice_for_sums_is_bounded_and_closely(kind) -> None:
    """Catches a modular problem that is solved for other limits: against all choices listed."""
    for number in range(40):
        rng, member, index = drawn_sets(number, people=8)
        limits = drawn_limits(rng, kind, people=8)
        y = rng.integers(0, UNIT + 1, 128)
        people, ends = cover._candidates(index, block(limits))
        sums, count = np.empty(people.size, np.int64), np.zeros(128, np.int64)
        bound = cover.best_modular(index, block(limits), y, people, ends, sums, count)
        sums = member @ y
        choices = (c for k in range(people.size + 1) for c in combinations(people, k))
        best = max(int(sums[list(c)].sum()) for c in choices if kept_to(limits, c))
        assert bound == best if kind == "quotas" else best <= bound <= best + sums.max() + 3


def test_a_dear_hub_is_found_where_gain_for_money_alone_fails() -> None:
    """Catches greedy per cost taken as it is: one hub is worth the whole budget."""
    tellers = [0] * 60 + [61]
    listeners = [*range(1, 61), 62]
    star = kb.Network.from_edges(tellers, listeners, 63)
    costs = np.full(63, 50.0)
    costs[0], costs[61] = 100.0, 1.0  # 61 people for 100, or 2 people for 1
    among = [0, 61]
    found = maximise(
        star, IndependentCascade(1.0), costs=costs, budget=100.0, among=among, rng=1, target=0.95
    )
    assert found.seeds.tolist() == [0]
    assert found.cost == 100.0
    assert found.ratio >= 0.95
    richer = maximise(star, IndependentCascade(1.0), costs=costs, budget=101.0, among=among, rng=1)
    assert sorted(richer.seeds.tolist()) == [0, 61]
    assert richer.table()["spent"].iloc[-1] == richer.cost == 101.0


def covers(network, rule, settings):
    """Cover on collection 0, and best cover by duality, of 4,096 sets for each setting."""
    out = []
    for options in settings:
        seen = []

        def watched(index, limits, before, seeds, cover, goal, steps, seen=seen):
            seen.append((cover, dual_bound(index, limits, before, seeds, cover, 0, 400) / UNIT))
            return dual_bound(index, limits, before, seeds, cover, goal, steps)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "dual_bound", watched)
            found = maximise(network, rule, rng=3, sets=4096, target=1.0, **options)
        out.append((*seen[-1], found.at_most))
    return np.array(out).T


def test_more_is_never_worse() -> None:
    """Catches a limit that is read the wrong way round: higher quotas, more money, more cover."""
    rng = np.random.default_rng(8)
    network = kb.Network.from_edges(*rng.integers(0, 400, (2, 1200)), 400)
    kinds, costs = rng.integers(0, 2, 400), rng.integers(1, 9, 400) / 2.0
    quotas = [{0: a, 1: b} for a, b in [(0, 4), (2, 4), (5, 4), (5, 9), (30, 9), (30, 40)]]
    for settings in (
        [{"groups": kinds, "quotas": q} for q in quotas],
        [{"costs": costs, "budget": float(b)} for b in (1, 3, 10, 30, 100, 200)],
    ):
        best, bound, at_most = covers(network, IndependentCascade("weighted"), settings)
        assert (np.diff(best) > 0).all()
        assert (np.diff(bound) > 0).all()
        assert (np.diff(at_most) >= 0).all()
        assert (best <= bound).all()


def test_limits_that_do_not_bind_are_none() -> None:
    """Catches a quota or a price that changes what it need not: the same bytes as k people."""
    rng = np.random.default_rng(8)
    network = kb.Network.from_edges(*rng.integers(0, 400, (2, 1200)), 400)
    rule, small = IndependentCascade("weighted"), {"rng": 3, "sets": 4096}
    plain = maximise(network, rule, 20, **small)
    one = maximise(network, rule, groups=np.zeros(400, int), quotas={0: 20}, **small)
    assert one.seeds.tolist() == plain.seeds.tolist()
    assert (one.reach, one.at_most) == (plain.reach, plain.at_most)
    flat = maximise(network, rule, costs=np.full(400, 0.1), budget=2.0, **small)
    assert flat.seeds.tolist() == plain.seeds.tolist()  # 20 times .1 is 2
    assert flat.reach == plain.reach
    assert flat.at_most == pytest.approx(plain.at_most, rel=0.01)
    every = maximise(network, rule, costs=np.ones(400), budget=400.0, rng=3)
    assert every.at_most == 400.0  # nobody is paid for who adds no set
    assert every.reach.low >= 0.9 * 400.0


def test_names_of_groups_and_prices_by_label_are_put_in_order() -> None:
    """Catches values by row where they are keyed by people, and a group that is not asked for."""
    star = kb.Network.from_edges(["hub"] * 4 + ["d"], [*"abcd", "a"], labels="auto")
    kind = {"d": "fan", "hub": "staff", "a": "fan", "b": "new", "c": "new"}
    rule = IndependentCascade(1.0)
    found = maximise(star, rule, groups=kind, quotas={"fan": 1, "new": 1}, rng=1)
    assert found.seeds.tolist() == ["d", "b"]
    assert maximise(star, rule, groups=kind, quotas={"fan": 0}, rng=1).seeds.size == 0
    price = {"d": 1.0, "hub": 9.0, "a": 5.0, "b": 5.0, "c": 5.0}
    cheap = maximise(star, rule, costs=price, budget=5.0, rng=1)
    assert (cheap.seeds.tolist(), cheap.cost) == (["d"], 1.0)
    assert "for 1" in repr(cheap)
    assert found.cost is None


KINDS, ONES = ["fan", "fan", "new"], [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "k: missing, allowed k, groups and quotas, or costs and budget"),
        ({"k": 1, "groups": KINDS, "quotas": {"fan": 1}}, "quotas: given beside k"),
        ({"k": 1, "costs": ONES, "budget": 1.0}, "budget: given beside k"),
        ({"groups": KINDS, "quotas": {"fan": 1}, "costs": ONES, "budget": 1.0}, "given beside"),
        ({"groups": KINDS}, "quotas: missing beside groups"),
        ({"budget": 2.0}, "costs: missing beside budget"),
        (
            {"groups": KINDS, "quotas": {"fan": 3}},
            "quotas.'fan'.: out of range, got 3, allowed 0..2",
        ),
        ({"groups": KINDS, "quotas": {"fan": 2}, "given": [0]}, "allowed 0..1"),
        (
            {"groups": KINDS, "quotas": {"fna": 1}},
            "quotas.'fna'.: nobody is of this group, try fan",
        ),
        ({"groups": KINDS, "quotas": [1, 2]}, "quotas: not one number a group"),
        ({"groups": "kind", "quotas": {"fan": 1}}, "groups: not one name or number"),
        ({"groups": KINDS[:2], "quotas": {"fan": 1}}, "groups: not one value a person, got 2"),
        ({"groups": [["fan"], [], []], "quotas": {"fan": 1}}, "groups: not one name or number"),
        ({"costs": [0.0, 1.0, 1.0], "budget": 2.0}, "costs.0.: too low"),
        ({"costs": [-1.0, 1.0, 1.0], "budget": 2.0}, "costs.0.: out of range"),
        ({"costs": ONES, "budget": 0.5}, "budget: pays for nobody, got 0.5, allowed 1 or more"),
        ({"costs": ONES, "budget": 0.0}, "budget: must be above 0"),
    ],
    ids=str,
)
def test_wrong_limits_are_refused_in_one_line(options, said) -> None:
    """Catches a limit that is ignored, or that ends in a traceback of numpy."""
    network = kb.Network.from_edges([0, 1], [1, 2])
    with pytest.raises(kb.KoubeiError, match=said):
        maximise(network, IndependentCascade(0.5), rng=1, **options)


def test_limits_on_nethept_are_proven_as_closely_as_without(data_file, monkeypatch) -> None:
    """Catches a bound that is loose under limits: cover over bound at least .97 on four cases."""
    network = kb.read_network(data_file("nethept.edges.gz"), directed=False)
    shares = []

    def watched(index, limits, before, seeds, cover, goal, steps):
        bound = dual_bound(index, limits, before, seeds, cover, 0, steps)
        shares.append(cover * UNIT / bound)
        return bound

    monkeypatch.setattr(loop, "dual_bound", watched)
    kinds = np.where(np.random.default_rng(7).random(network.n_nodes) < 0.1, "fan", "newbie")
    degree = np.bincount(network.arcs()[0], minlength=network.n_nodes).astype(float)
    for options in (
        {"groups": kinds, "quotas": {"fan": 40, "newbie": 10}},
        {"groups": kinds, "quotas": {"fan": 50}},
        {"costs": 1.0 + degree / 4.0, "budget": 200.0},
        {"costs": np.maximum(degree, 1.0), "budget": 400.0},
    ):
        found = maximise(network, IndependentCascade("weighted"), rng=7, **options)
        assert found.ratio >= 0.9
        assert shares[-1] >= 0.97

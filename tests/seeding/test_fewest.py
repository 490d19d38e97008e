"""`seeding.fewest`: enough people, and no choice of fewer than it says, where all can be listed."""

from __future__ import annotations

import numpy as np
import pytest
from tests.seeding.twin import spreads, tiny

import koubei_sim as kb
from koubei_sim.cascades import IndependentCascade
from koubei_sim.seeding import fewest, maximise

SMALL = {"delta": 0.1, "sets": 1 << 14}


def network_of(arcs, n=7):
    return kb.Network.from_edges(*np.array(arcs).T, n)


@pytest.mark.slow
@pytest.mark.parametrize("extra", ["", "audience", "among", "given"])
def test_number_and_bound_hold_where_every_choice_can_be_listed(extra) -> None:
    """Catches people who are not enough, and a number that fewer can do with: 40 graphs."""
    wrong = tight = 0
    for g in range(40):
        arcs, p = tiny(g)
        weights = np.random.default_rng(g).random(7) if extra == "audience" else np.ones(7)
        options = {"audience": weights} if extra == "audience" else {}
        who = {1, 2, 4, 5} if extra == "among" else set(range(7))
        start = {3} if extra == "given" else set()
        options |= {"among": sorted(who)} if extra == "among" else {}
        options |= {"given": [3]} if extra == "given" else {}
        best, reach = {}, {}
        for k in range(8):
            for chosen, x in spreads(7, arcs, p, k, weights).items():
                if start <= set(chosen) and set(chosen) - start <= who:
                    reach[frozenset(chosen)] = x
                    size = len(set(chosen) - start)
                    best[size] = max(best.get(size, 0.0), x)
        wanted = float(weights.sum() * np.random.default_rng(g).uniform(0.2, 0.9))
        needed = min((k for k, x in best.items() if x >= wanted), default=max(best) + 1)
        found = fewest(network_of(arcs), IndependentCascade(p), wanted, rng=g, **SMALL, **options)
        true = reach[frozenset(found.seeds.tolist()) | start]
        proven = found.ratio > 0.0 or found.at_least == 0
        wrong += proven and true < wanted - 1e-9
        wrong += found.at_least > needed
        wrong += not found.reach.low - 1e-9 <= true <= found.reach.high + 1e-9
        assert proven or best[max(best)] < wanted * 1.1
        tight += found.at_least == needed
        assert len(found.seeds) <= needed + 2 or not proven
    assert wrong == 0  # at most 4 allowed
    assert tight >= 25  # a bound of 0 would never be wrong


def failures(network, number, keys):
    """How often the seeds reach less than was asked for, by more than the error of forward runs."""
    wrong = 0
    for key in range(keys):
        found = fewest(
            network, IndependentCascade("weighted"), number, rng=key, sets=512, delta=0.2
        )
        runs = kb.cascade(
            network, IndependentCascade("weighted"), found.seeds, replicates=1000, rng=99, threads=1
        )
        error = runs.sizes.std() / np.sqrt(1000)
        wrong += runs.sizes.mean() + 4 * error < number
    return wrong


def test_people_who_are_enough_on_their_own_sets_are_not(monkeypatch) -> None:
    """Catches a number chosen on the sets that people were chosen on: then it is too small."""
    rng = np.random.default_rng(4)
    network = kb.Network.from_edges(*rng.integers(0, 3000, (2, 6000)), 3000)
    assert failures(network, 300.0, 10) == 0
    made = kb.seeding.loop.Roots
    monkeypatch.setattr(kb.seeding.loop, "Roots", lambda key, c, *rest: made(key, 0, *rest))
    assert failures(network, 300.0, 10) >= 7


def test_planted_stars_need_one_person_each() -> None:
    """Catches an off-by-one in number or bound: stars of ten whom one person each reaches."""
    hubs = [10 * i for i in range(6)]
    stars = kb.Network.from_edges(np.repeat(hubs, 9), [v for v in range(60) if v % 10], 60)
    for wanted, number in ((0.0, 0), (9.5, 1), (19.0, 2), (35.0, 4), (55.0, 6)):
        found = fewest(stars, IndependentCascade(1.0), wanted, rng=1, target=1.0)
        assert set(found.seeds.tolist()) <= set(hubs)
        assert (len(found.seeds), found.at_least, found.ratio) == (number, number, 1.0)
        assert found.reach.low >= wanted
        assert len(found.table()) == number
    rest = fewest(stars, IndependentCascade(1.0), 35.0, given=[0, 10], rng=1, target=1.0)
    assert set(rest.seeds.tolist()) < set(hubs[2:])
    assert rest.at_least == 2


def test_greedy_that_needs_more_is_not_taken_for_a_bound() -> None:
    """Catches a number that follows from what greedy covers: here two do, and greedy takes three.

    Persons 0 and 1 reach ten others each, the trap 2 six of either: greedy begins with it.
    """
    tellers = [0] * 10 + [1] * 10 + [2] * 12
    listeners = [*range(3, 13), *range(13, 23), *range(3, 9), *range(13, 19)]
    network = kb.Network.from_edges(tellers, listeners, 23)
    found = fewest(network, IndependentCascade(1.0), 20.5, rng=1, sets=1 << 14)
    assert found.seeds[0] == 2
    assert (len(found.seeds), found.at_least) == (3, 2)


def test_what_no_choice_can_is_said() -> None:
    """Catches a search without end, and all people handed back as if they were enough."""
    stars = kb.Network.from_edges([0] * 9 + [10] * 9, [*range(1, 10), *range(11, 20)])
    found = fewest(stars, IndependentCascade(0.5), 15.0, among=[0, 1], rng=1, sets=1 << 14)
    assert (found.at_least, found.ratio, found.stopped) == (3, 0.0, "sets")
    assert sorted(found.seeds.tolist()) == [0, 1]
    assert "NOT proven" in " ".join(repr(found).split())
    assert found.reach.low < 15.0


def test_it_is_the_other_side_of_maximise() -> None:
    """Catches sets, order or reach that part from those of `maximise` on the same key."""
    rng = np.random.default_rng(4)
    network = kb.Network.from_edges(*rng.integers(0, 3000, (2, 6000)), 3000)
    rule = IndependentCascade("weighted")
    found = fewest(network, rule, 400.0, rng=1, sets=1 << 17)
    again = fewest(network, rule, 400.0, rng=1, sets=1 << 17)
    assert found.seeds.tolist() == again.seeds.tolist()
    assert found.at_least == again.at_least
    k = len(found.seeds)
    assert 0.9 * k <= found.at_least <= k
    other = maximise(network, rule, k, rng=1, sets=found.sets // 2, target=1.0)
    assert other.sets == found.sets
    assert other.seeds.tolist() == found.seeds.tolist()
    assert other.curve.tolist() == found.curve.tolist()
    assert other.reach.mean >= 400.0
    fewer = maximise(network, rule, found.at_least - 1, rng=2, sets=1 << 17)
    assert fewer.reach.low < 400.0


@pytest.mark.parametrize(
    ("reach", "options", "said"),
    [
        (4.0, {}, "reach: out of range, got 4.0, allowed 0..3"),
        (-1.0, {}, "reach: out of range"),
        (1.5, {"audience": [0.0, 1.0, 0.0]}, "reach: out of range"),
        (1.0, {"among": [9]}, "among: no such person"),
        ("all", {}, "reach: not a number"),
    ],
    ids=str,
)
def test_wrong_questions_are_refused_in_one_line(reach, options, said) -> None:
    """Catches a reach that nobody can have, searched for until memory ends."""
    network = kb.Network.from_edges([0, 1], [1, 2])
    with pytest.raises(kb.KoubeiError, match=said):
        fewest(network, IndependentCascade(0.5), reach, rng=1, **options)

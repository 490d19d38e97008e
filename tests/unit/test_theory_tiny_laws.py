"""Exact laws on tiny graphs: every law along two roads that share no code, over all graphs.

`walk` below is a third, plain way for cascades: one run by hand per set of live arcs and order of
tries.  Laws are compared whole (all sets, all rounds), so a slip in any case shows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest

from koubei_sim.errors import KoubeiError
from verification import exact_laws as tiny

Arc = tuple[int, int]
PAIRS3 = list(itertools.permutations(range(3), 2))
# Digraphs of four in which nobody tells person 0 (the seed, who has heard already).
PAIRS4 = [(u, v) for u, v in itertools.permutations(range(4), 2) if v]
DIAMOND = [(0, 2), (1, 2), (2, 3), (1, 4), (4, 3)]
RING4 = tiny.both_ways([(0, 1), (1, 2), (2, 3), (3, 0)])


def digraphs(pairs: list[Arc]) -> Iterator[list[Arc]]:
    for mask in range(1 << len(pairs)):
        yield [pair for bit, pair in enumerate(pairs) if mask >> bit & 1]


def groups(n: int) -> list[tuple[int, ...]]:
    return [s for size in range(1, n + 1) for s in itertools.combinations(range(n), size)]


def uneven(arcs: list[Arc]) -> list[float]:
    """One probability per arc, no two alike."""
    return [0.13 + 0.61803 * (7 * u + 3 * v + 1) % 0.71 for u, v in arcs]


def split(n: int, arcs: list[Arc]) -> list[float]:
    """Weights into each person that add up to 0.9, or to exactly 1 for odd persons."""
    raw = uneven(arcs)
    sums = np.bincount([v for _, v in arcs], weights=raw, minlength=n)
    return [w / sums[v] * (1.0 if v % 2 else 0.9) for (_, v), w in zip(arcs, raw)]


# ---------------------------------------------------------------- the form of the answers


def test_laws_are_read_as_they_are_written() -> None:
    """Catches people numbered from the wrong end of a word, and letters added up wrongly."""
    law = np.zeros((1, 27))
    law[0, 0 * 1 + 1 * 3 + 2 * 9] = 0.75  # persons 0, 1, 2 are letters 0, 1, 2
    law[0, 2 * 1 + 2 * 3 + 0 * 9] = 0.25
    found = tiny.StateLaw(("x", "y", "z"), 3, np.zeros(1), law)
    assert found.chance("z").tolist() == [[0.25, 0.25, 0.75]]
    assert found.mean("y", "z").tolist() == [2.0]
    assert found.sizes("z").tolist() == [[0.0, 0.75, 0.25, 0.0]]
    assert found.sets("z")[0].nonzero()[0].tolist() == [0b011, 0b100]
    assert found.sets("x", "y", "z")[0, 7] == 1.0


# ---------------------------------------------------------------- independent cascade


def test_coins_tossed_now_or_before_are_one_law() -> None:
    """Catches fresh adopters who try twice, and live arcs walked two rounds at once."""
    cases = [(3, arcs, s) for arcs in digraphs(PAIRS3) for s in groups(3)]
    cases += [(4, arcs, (0,)) for arcs in digraphs(PAIRS4)]
    for n, arcs, seeds in cases:
        p = uneven(arcs)
        forward = tiny.cascade_law(n, arcs, p, seeds)
        assert forward.law == pytest.approx(tiny.live_arc_law(n, arcs, p, seeds).law, abs=1e-13)
        assert forward.law.sum(axis=1) == pytest.approx(1.0)


def test_one_coin_per_tie_or_per_direction() -> None:
    """Catches a law that depends on it: only the direction tried first matters."""
    edges = [(0, 1), (1, 2), (2, 3), (3, 0), (1, 3), (3, 4)]
    for p in (0.2, 0.7, 1.0):
        one = tiny.independent_cascade(5, edges, p, [0])
        two = tiny.cascade_law(5, tiny.both_ways(edges), p, [0])
        assert two.sizes("active")[-1] == pytest.approx(one.sizes, abs=1e-13)
        assert two.chance("active")[-1] == pytest.approx(one.reach, abs=1e-13)


def test_contacts_follow_each_other_in_time() -> None:
    """Catches word passed on within a stamp, contacts used again, and order of writing for time.

    All coins of the contacts are tossed before, and each case walked stamp by stamp.
    """
    contacts = [(2.0, 1, 2), (1.0, 0, 1), (1.0, 1, 3), (3.0, 2, 3), (2.0, 0, 2), (2.0, 2, 3)]
    p, stamps = [0.3, 0.6, 0.9, 0.5, 0.2, 0.8], [1.0, 2.0, 3.0]
    exact = np.zeros((3, 16))
    for live in itertools.product((0, 1), repeat=6):
        weight = math.prod(a if on else 1 - a for a, on in zip(p, live))
        active = {0}
        for row, stamp in enumerate(stamps):
            tried = [c for c, on in zip(contacts, live) if on and c[0] == stamp]
            active = active | {v for _, u, v in tried if u in active}
            exact[row, sum(1 << i for i in active)] += weight
    found = tiny.contact_law(4, contacts, p, [0])
    assert found.times.tolist() == stamps
    assert found.law == pytest.approx(exact, abs=1e-14)
    # One contact per arc and round is the cascade whose tellers may try in every round.
    waves = [(float(t), u, v) for t in range(1, 5) for u, v in RING4]
    again = tiny.sir_law(4, RING4, 0.3, 0.0, [0], 4)
    assert tiny.contact_law(4, waves, 0.3, [0]).law == pytest.approx(
        again.sets("infected")[1:], abs=1e-13
    )


# ---------------------------------------------------------------- linear threshold


def test_kempes_equivalence_on_all_digraphs() -> None:
    """Catches thresholds drawn anew, two arcs kept, or > for >=: claim 2.6, set by set and round
    by round, on all digraphs of three and all of four that matter; and the simple paths."""
    cases = [(3, arcs, s) for arcs in digraphs(PAIRS3) for s in groups(3)]
    cases += [(4, arcs, (0,)) for arcs in digraphs(PAIRS4)]
    for n, arcs, seeds in cases:
        weights = split(n, arcs)
        process = tiny.threshold_law(n, arcs, weights, seeds)
        cells = tiny.threshold_cell_law(n, arcs, weights, seeds)
        kept = tiny.threshold_arc_law(n, arcs, weights, seeds)
        assert cells.law == pytest.approx(kept.law, abs=1e-12)
        assert process.law == pytest.approx(kept.law, abs=1e-12)
        paths = tiny.threshold_paths(n, arcs, weights, seeds)
        assert paths == pytest.approx(kept.chance("active")[-1], abs=1e-12)


def test_thresholds_from_a_part_of_the_range() -> None:
    """Catches the range ignored: from .3 to .6 the model is no longer one of live arcs."""
    arcs = [(0, 1), (0, 2), (1, 2), (2, 1), (2, 3), (1, 3)]
    weights = split(4, arcs)
    part = (0.3, 0.6)
    process = tiny.threshold_law(4, arcs, weights, [0], part)
    cells = tiny.threshold_cell_law(4, arcs, weights, [0], part)
    assert process.law == pytest.approx(cells.law, abs=1e-12)
    kept = tiny.threshold_arc_law(4, arcs, weights, [0])
    assert abs(process.mean("active")[-1] - kept.mean("active")[-1]) > 0.05
    one = tiny.threshold_law(2, [(0, 1)], 0.45, [0], part)
    assert one.chance("active")[-1, 1] == pytest.approx(0.5)


def test_threshold_on_graphs_without_cycles_is_linear() -> None:
    """Catches an order in which somebody is summed before its tellers, and seeds overwritten."""
    arcs = [(3, 1), (0, 3), (0, 1), (1, 2), (3, 2), (2, 4)]
    weights = split(5, arcs)
    for seeds in groups(5):
        exact = tiny.threshold_law(5, arcs, weights, seeds).chance("active")[-1]
        assert tiny.threshold_dag(5, arcs, weights, seeds) == pytest.approx(exact, abs=1e-12)


# ---------------------------------------------------------------- monotone and submodular


def every_value(n: int, value) -> dict[frozenset[int], float]:
    return {frozenset(s): value(s) for s in [(), *groups(n)]}


def violations(values: dict[frozenset[int], float], n: int) -> int:
    """How often a larger seed set gains more from one more person, or loses by it."""
    found = 0
    for large, value in values.items():
        for v in set(range(n)) - large:
            gain = values[large | {v}] - value
            found += gain < -1e-12
            for size in range(len(large)):
                for small in map(frozenset, itertools.combinations(large, size)):
                    found += values[small | {v}] - values[small] < gain - 1e-12
    return found


def test_cascades_and_linear_thresholds_are_submodular_on_all_graphs() -> None:
    """Catches a rule in which two tellers do more than the sum of each: theorems 2.2 and 2.5 of
    Kempe et al., exactly, on all 64 graphs of four people."""
    for edges in digraphs(list(itertools.combinations(range(4), 2))):
        arcs = tiny.both_ways(edges)
        p, weights = uneven(edges), split(4, arcs)

        def cascade(s, edges=edges, p=p) -> float:
            return tiny.independent_cascade(4, edges, p, s).spread

        def linear(s, arcs=arcs, weights=weights) -> float:
            return float(tiny.threshold_arc_law(4, arcs, weights, s).mean("active")[-1])

        assert violations(every_value(4, cascade), 4) == 0
        assert violations(every_value(4, linear), 4) == 0


def test_the_search_for_violations_finds_them() -> None:
    """Catches a search that sees nothing: complex contagion (two needed) is not submodular."""
    sources, targets = zip(*RING4)
    values = every_value(
        4, lambda s: float(tiny.threshold_closure(4, sources, targets, 2, list(s)).sum())
    )
    assert violations(values, 4) > 0
    arcs, part = [(0, 2), (1, 2)], (0.3, 0.6)
    values = every_value(
        3, lambda s: float(tiny.threshold_law(3, arcs, 0.3, s, part).mean("active")[-1])
    )
    assert violations(values, 3) > 0


# ---------------------------------------------------------------- brands and signs


def walk(n: int, arcs: list[Arc], live, order, start: dict[int, int], turn) -> list[list[int]]:
    """One cascade by hand: who holds which letter after each round, given all coins.

    Among live arcs that arrive together the one earlier in `order` counts; `turn` says what its
    letter becomes in the listener.
    """
    state = [start.get(i, 0) for i in range(n)]
    fresh, rows = set(start), [list(state)]
    for _ in range(n):
        came: dict[int, int] = {}
        for e in order:
            u, v = arcs[e]
            if live[e] and u in fresh and state[v] == 0 and v not in came:
                came[v] = turn(v, state[u])
        for v, letter in came.items():
            state[v] = letter
        fresh = set(came)
        rows.append(list(state))
    return rows


def by_hand(n: int, arcs, p, starts, turns, k: int, orders=None) -> np.ndarray:
    """The law of `walk` over all coins, orders of tries, starts and turns with their weights."""
    law = np.zeros((n + 1, k**n))
    orders = list(itertools.permutations(range(len(arcs)))) if orders is None else orders
    for live in itertools.product((0, 1), repeat=len(arcs)):
        coins = math.prod(a if on else 1 - a for a, on in zip(p, live))
        for (w_start, start), (w_turn, turn) in itertools.product(starts, turns):
            for order in orders:
                weight = coins * w_start * w_turn / len(orders)
                for row, state in enumerate(walk(n, arcs, live, order, start, turn)):
                    law[row, sum(a * k**i for i, a in enumerate(state))] += weight
    return law


# Orders that give each of two arcs arriving together the first place equally often.
ORDERS = [order for order in itertools.permutations(range(5)) if order.index(3) == 4]


def test_brands_with_ties_at_random() -> None:
    """Catches ties decided by the number of tellers of a brand or by loop order."""
    p = uneven(DIAMOND)
    exact = by_hand(5, DIAMOND, p, [(1.0, {0: 1, 1: 2})], [(1.0, lambda v, a: a)], 3)
    assert tiny.competing_law(5, DIAMOND, p, [[0], [1]]).law == pytest.approx(exact, abs=1e-13)


def test_brands_with_a_priority() -> None:
    """Catches the priority given to the higher number, or to a later arrival."""
    p = uneven(DIAMOND)
    # Person 2 hears brand 0 on arc 0; if that wins, person 3 hears it on arc 2, beside 1 on arc 4.
    first = [(0, 2, 4, 1, 3)]
    exact = by_hand(5, DIAMOND, p, [(1.0, {0: 1, 1: 2})], [(1.0, lambda v, a: a)], 3, first)
    found = tiny.competing_law(5, DIAMOND, p, [[0], [1]], tie="priority")
    assert found.law == pytest.approx(exact, abs=1e-13)
    loose = tiny.competing_law(5, DIAMOND, p, [[0], [1]])
    assert found.mean("0")[-1] > loose.mean("0")[-1] + 1e-3


def test_brands_together_are_one_cascade() -> None:
    """Catches people lost or won twice: users of any brand follow the law without brands."""
    p = uneven(RING4)
    one = tiny.cascade_law(4, RING4, p, [0, 1, 2])
    for tie in ("random", "priority"):
        many = tiny.competing_law(4, RING4, p, [[0], [1], [2]], tie)
        assert many.sets("0", "1", "2") == pytest.approx(one.sets("active"), abs=1e-13)
    own = tiny.competing_law(4, RING4, [[0.3], [0.6]], [[0], [2]])
    swapped = tiny.competing_law(4, RING4, [[0.6], [0.3]], [[2], [0]])
    assert own.chance("0") == pytest.approx(swapped.chance("1"), abs=1e-13)
    assert tiny.competing_law(2, [(0, 1)], [[0.3], [0.6]], [[], [0]]).mean("1")[-1] == 1.6


def test_word_that_may_turn_bad() -> None:
    """Catches a sign drawn per try, seeds that are always positive, or bad word that heals."""
    q, p = 0.7, uneven(DIAMOND)
    signs = [
        (math.prod(q if s == 2 else 1 - q for s in sign), sign)
        for sign in itertools.product((1, 2), repeat=5)
    ]
    exact = np.zeros((6, 3**5))
    for weight, sign in signs:
        start = {0: sign[0], 1: sign[1]}
        turn = lambda v, a, sign=sign: 1 if a == 1 else sign[v]  # noqa: E731
        exact += by_hand(5, DIAMOND, p, [(weight, start)], [(1.0, turn)], 3, ORDERS)
    found = tiny.negative_law(5, DIAMOND, p, [0, 1], q)
    assert found.law == pytest.approx(exact, abs=1e-13)
    cascade = tiny.cascade_law(5, DIAMOND, p, [0, 1]).sets("active")
    assert found.sets("negative", "positive") == pytest.approx(cascade, abs=1e-13)


def test_good_word_along_a_path() -> None:
    """Catches a quality counted once for all: p**d q**(d+1) at distance d (Chen et al. 2011)."""
    p, q = 0.6, 0.8
    found = tiny.negative_law(5, [(i, i + 1) for i in range(4)], p, [0], q)
    d = np.arange(5)
    assert found.chance("positive")[-1] == pytest.approx(p**d * q ** (d + 1), abs=1e-14)
    assert found.chance("negative")[-1] == pytest.approx(p**d * (1 - q ** (d + 1)), abs=1e-14)


@pytest.mark.parametrize(
    "call",
    [
        lambda: tiny.cascade_law(2, [(0, 2)], 0.5, [0]),
        lambda: tiny.cascade_law(2, [(0, 0)], 0.5, [0]),
        lambda: tiny.cascade_law(2, [(0, 1)], 1.5, [0]),
        lambda: tiny.cascade_law(2, [(0, 1)], [0.5, 0.5], [0]),
        lambda: tiny.cascade_law(20, [(0, 1)], 0.5, [0]),
        lambda: tiny.cascade_law(2, [(0, 1)], 0.5, [2]),
        lambda: tiny.live_arc_law(3, [(0, 1)] * 21, 0.5, [0]),
        lambda: tiny.threshold_law(3, [(0, 2), (1, 2)], 0.6, [0]),
        lambda: tiny.threshold_law(3, [(0, 2)], 0.6, [0], (0.5, 0.5)),
        lambda: tiny.threshold_dag(2, [(0, 1), (1, 0)], 0.5, [0]),
        lambda: tiny.competing_law(2, [(0, 1)], 0.5, [[0], [0]]),
        lambda: tiny.competing_law(2, [(0, 1)], 0.5, [[0], [1]], "first"),
        lambda: tiny.competing_law(2, [(0, 1)], [0.5, 0.5, 0.5], [[0], [1]]),
        lambda: tiny.negative_law(2, [(0, 1)], 0.5, [0], 1.1),
        lambda: tiny.contact_law(2, [], 0.5, [0]),
        lambda: tiny.contact_law(2, [(np.nan, 0, 1)], 0.5, [0]),
        lambda: tiny.cascade_law(2, [(0, 1)], 0.5, [0]).mean("infected"),
    ],
)
def test_wrong_input_is_refused_in_one_line(call) -> None:
    """Catches numbers returned for questions that have no answer."""
    with pytest.raises(KoubeiError) as caught:
        call()
    assert "\n" not in str(caught.value)

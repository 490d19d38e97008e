"""Independent cascade with ``method="count"``: twin, whole laws, and faults that must be seen.

The twin (twins/counted.py) is written from docs/cascades.md alone.  Laws are enumerated; error
rate 1e-6 in each test, shared among all numbers that it looks at; fixed key.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from tests.cascades.cases import Case, seed_people
from tests.cascades.drawn_rules import SPECIAL
from tests.cascades.exact import ARCS, Exact, Log, N, assert_exact, network
from tests.cascades.graphs import LENGTHS, large_network, long_rows, random_network
from tests.cascades.laws import KEY, assert_law, limit_z
from tests.cascades.library import Runs, by_replicate, difference, library, outputs_fault
from tests.cascades.planted import planted, source
from tests.cascades.twins.counted import Counts, cuts_of, independent
from tests.cascades.twins.graph import arcs_of
from tests.cascades.twins.luck import Luck, units
from tests.cascades.twins.run import seeds_of
from tests.worlds import Dice

import koubei_sim as kb
from koubei_sim.cascades import IndependentCascade, RandomSeeds, Reinforcement, cascade
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Network, TemporalNetwork
from koubei_sim.theory import shapes
from verification import exact_laws as tiny

RUNS = 100_000
CHANCES = (*SPECIAL, 0.1, 0.3, 0.02, 0.06, 1 / 16, 1 / 64, 0.001953125, 0.8)


def one_case(number: int) -> Case:
    """A call with one p for all arcs; every tenth on long rows, or where a step fills a block."""
    dice = Dice(91_000 + number)
    p = CHANCES[number % len(CHANCES)] if dice.yes(0.6) else dice.real(0.02, 0.5)
    key, first = int(dice.rng.integers(0, 1 << 64, dtype=np.uint64)), (0, 0, 7)[dice.whole(0, 2)]
    if number % 10 == 0:
        where = long_rows(dice) if number % 20 else large_network(dice, 2500)
        people = list(range(len(LENGTHS))) if number % 20 else list(range(0, 2500, 10))
        return Case(where, IndependentCascade(p), people, key, first, 1, 3.0)
    where = random_network(dice, number)
    count = dice.whole(1, 12)
    horizon = float(dice.whole(0, 5)) if dice.yes(0.3) else None
    seeds = seed_people(dice, where.n_nodes, count)
    return Case(where, IndependentCascade(p), seeds, key, first, count, horizon)


def twins(case: Case) -> Runs:
    """Run a case through the twin."""
    arcs, counts = arcs_of(case.network), Counts(units(case.rule.p))
    horizon = math.inf if case.horizon is None else case.horizon
    out = []
    for i in range(case.replicates):
        luck = Luck(case.key, case.first + i)
        seeds = case.seeds
        if isinstance(seeds, list) and seeds and hasattr(seeds[0], "__len__"):
            seeds = seeds[i]
        people = list(seeds_of(seeds, luck, arcs.n, ()))
        out.append(sorted(independent(arcs, luck, people, counts, horizon)))
    return out


def parts(case: Case, run: Callable[..., Any] = cascade) -> str | None:
    return difference(by_replicate(library(case, run, method="count")), twins(case))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("first", range(0, 120, 20))
def test_library_and_twin_agree(first: int) -> None:
    """Catches a draw, address, segment or rounding in which the kernel leaves the text."""
    activations = 0
    for number in range(first, first + 20):
        one = one_case(number)
        found = difference(by_replicate(library(one, method="count")), twins(one))
        assert found is None, f"one_case({number}), {one.rule}: library != twin: {found}"
        activations += sum(map(len, twins(one))) if number % 10 else 0
    assert activations > 500, "dull cases"


def test_outputs_are_those_of_the_log() -> None:
    """Catches sizes, curves and counts that depend on what is recorded."""
    for number in range(1, 10):

        def counted(*given: Any, **named: Any) -> Any:
            return cascade(*given, **named, method="count")

        assert outputs_fault(one_case(number), counted) is None, number


def test_bytes_do_not_depend_on_threads_or_on_the_others() -> None:
    """Catches scratch space that is not clean, and draws that depend on who runs beside one."""
    where = large_network(Dice(5), 2500)
    rule = IndependentCascade(0.07)
    whole = cascade(where, rule, RandomSeeds(30), 40, 9, threads=1, method="count")
    for threads in (2, 3):
        other = cascade(where, rule, RandomSeeds(30), 40, 9, threads=threads, method="count")
        assert other.digest() == whole.digest()
    for number in (39, 17, 0):
        alone = cascade(where, rule, RandomSeeds(30), 1, 9, first=number, method="count")
        assert alone.sizes[0] == whole.sizes[number]
        assert alone.outcome.ends[0] == whole.outcome.ends[number]


def test_more_seeds_reach_no_fewer() -> None:
    """Catches live arcs that depend on who is active: seeds share their luck, as the text says."""
    where = large_network(Dice(6), 2500)
    few, many = (
        library(Case(where, IndependentCascade(0.08), people, 3, 0, 5, None), method="count")
        for people in ([1, 2, 3], range(40))
    )
    for less, more in zip(by_replicate(few), by_replicate(many), strict=True):
        times = {event.person: event.time for event in more}
        assert all(times[event.person] <= event.time for event in less)


# ---------------------------------------------------------------- laws


@pytest.mark.parametrize("p", [2.0**-32, 0.001, 0.02, 0.1, 0.5, 1 - 2.0**-32, 1.0, 0.0])
def test_thresholds_are_those_of_the_binomial(p: float) -> None:
    """Catches sums that drift: within a unit of the exact rational numbers, of any length."""
    counts = Counts(units(p))
    share = Fraction(units(p), 1 << 32)
    for arcs in {1, 2, 15, 16, 17, counts.longest // 2 + 1, counts.longest}:
        if arcs > counts.longest:
            continue
        total = Fraction(0)
        for c, cut in enumerate(cuts_of(units(p), arcs)):
            total += math.comb(arcs, c) * share**c * (1 - share) ** (arcs - c)
            assert abs(cut - total * (1 << 32)) <= 1, (arcs, c)
        if arcs > 16:  # more than 16 do not happen: less than a unit
            last = math.comb(arcs, 16) * share**16 * (1 - share) ** (arcs - 16)
            assert (1 - total - last) * (1 << 32) < 0.5


@pytest.mark.statistical
@pytest.mark.parametrize("p", [0.15, 0.4, 0.75])
def test_whole_laws(p: float) -> None:
    """Catches another law: states at each step on four people against all worlds, 100,000 runs."""
    law = tiny.cascade_law(N, ARCS, [p] * len(ARCS), [0])
    exact = Exact(IndependentCascade(p), [0], lambda: law)
    result = cascade(network(), exact.rule, exact.seeds, RUNS, KEY, record="forest", method="count")
    log = result.outcome.activations
    assert_exact(exact, Log(log.replicate, log.person, log.time, log.kind, log.until), RUNS)


@pytest.mark.statistical
def test_sizes_in_a_clique() -> None:
    """Catches live arcs of one row that hang together: sizes among 12, 100,000 runs."""
    one, other = np.triu_indices(12, 1)
    where = Network.from_edges(one, other, directed=False)
    sizes = cascade(where, IndependentCascade(0.12), [5], RUNS, KEY, method="count").sizes
    law = shapes.complete(12, 0.12).sizes
    assert_law(sizes.tolist(), {k: float(chance) for k, chance in enumerate(law)})


@pytest.mark.statistical
@pytest.mark.parametrize("p", [0.3, 0.5, 0.8])
def test_every_set_of_leaves(p: float) -> None:
    """Catches a choice that favours some arcs or some pairs: all 64 sets, 100,000 runs."""
    star = Network.from_edges([0] * 6, range(1, 7))
    result = cascade(star, IndependentCascade(p), [0], RUNS, KEY, record="times", method="count")
    words = (~np.isnan(result.outcome.times[:, 1:])) @ (1 << np.arange(6))
    ones = [bin(word).count("1") for word in range(64)]
    law = {word: p**k * (1 - p) ** (6 - k) for word, k in enumerate(ones)}
    assert_law(words.tolist(), law)


@pytest.mark.statistical
@pytest.mark.parametrize(("leaves", "p"), [(150, 0.02), (40, 0.3), (3000, 0.001)])
def test_rows_of_several_segments(leaves: int, p: float) -> None:
    """Catches segments that share luck, or lose arcs: number live, each arc, each half.

    Null: binomial number; each leaf p; the two halves of the row independent (their sum has
    the binomial variance only then).  20,000 runs.
    """
    runs = 20_000
    star = Network.from_edges([0] * leaves, range(1, leaves + 1))
    result = cascade(star, IndependentCascade(p), [0], runs, KEY, record="people", method="count")
    law = {}
    for k in range(leaves + 1):
        log = math.lgamma(leaves + 1) - math.lgamma(k + 1) - math.lgamma(leaves - k + 1)
        law[k + 1] = math.exp(log + k * math.log(p) + (leaves - k) * math.log1p(-p))
    total = sum(law.values())
    assert_law(result.sizes.tolist(), {k: chance / total for k, chance in law.items()}, 2)
    scores = (result.outcome.node_count[1:] - runs * p) / math.sqrt(runs * p * (1 - p))
    assert np.abs(scores).max() < limit_z(2 * leaves) + 0.5  # a binomial of mean 20 is skewed
    assert float((scores**2).mean()) < 1.0 + 8.0 * math.sqrt(2.0 / leaves)


@pytest.mark.statistical
@pytest.mark.parametrize("p", [0.02, 0.1, 0.5])
def test_moments_are_those_of_coins(p: float) -> None:
    """Catches a law that differs on a graph too large to enumerate.

    Null: means of sizes, of their squares and of last steps agree; 4,000 runs with each method
    on a graph of 2,500 people with hubs; keys differ, so the samples are independent.
    """
    where = large_network(Dice(7), 2500)
    rule = IndependentCascade(p)
    blocks = cascade(where, rule, [3, 4], 4000, KEY, method="blocks").outcome
    counts = cascade(where, rule, [3, 4], 4000, KEY + 1, method="count").outcome
    for measure in (lambda o: o.sizes, lambda o: o.sizes.astype(float) ** 2, lambda o: o.ends):
        a, b = measure(blocks), measure(counts)
        error = math.sqrt((a.var() + b.var()) / 4000)
        assert abs(a.mean() - b.mean()) < limit_z(3) * error


# ---------------------------------------------------------------- the door


@pytest.mark.parametrize(
    ("p", "got"),
    [("weighted", "p=weighted"), (np.full(7, 0.5), "p="), (np.full((1, 1), 0.5), "p=")],
)
def test_other_probabilities_are_refused(p: Any, got: str) -> None:
    """Catches arcs of several chances that are counted with one."""
    kinds = np.zeros(N, int) if isinstance(p, np.ndarray) and p.ndim == 2 else None
    with pytest.raises(KoubeiError, match=r"method: 'count' needs one probability for all") as told:
        cascade(network(), IndependentCascade(p, kinds), [0], 2, 1, method="count")
    assert got in str(told.value)
    assert "method='blocks'" in str(told.value)


def test_layers_of_one_probability_are_counted() -> None:
    """Catches a mapping by layers taken for several chances where they are one."""
    both = Network.stack({"near": network(), "far": network()})
    one, other = (
        cascade(both, IndependentCascade(p), [0], 50, 1, method="count")
        for p in (0.4, {"near": 0.4, "far": 0.4})
    )
    assert one.digest() == other.digest()
    with pytest.raises(KoubeiError, match="one probability"):
        cascade(both, IndependentCascade({"near": 0.4, "far": 0.3}), [0], 5, 1, method="count")


def test_other_rules_and_contacts_have_no_count() -> None:
    """Catches a method that is taken and not followed."""
    met = TemporalNetwork.from_contacts([0, 1], [1, 2], [1.0, 2.0])
    for where, rule in ((network(), Reinforcement(1)), (met, IndependentCascade(0.5))):
        with pytest.raises(KoubeiError, match="method: unknown, got 'count'"):
            cascade(where, rule, [0], 2, 1, method="count")


def test_coins_stay_unless_asked_and_the_result_says_which() -> None:
    """Catches a default that moves to other luck, and a result that does not say its own."""
    rule = IndependentCascade(0.4)
    unasked, counted = (
        cascade(network(), rule, [0], 500, 1, **given) for given in ({}, {"method": "count"})
    )
    assert unasked.method == "blocks"
    assert "luck of its own" not in repr(unasked)
    assert counted.method == "count"
    assert "count (luck of its own)" in repr(counted)
    coins = kb.cascades.paired(network(), {"a": (rule, [0])}, 500, 1)
    assert (coins.of("a") == unasked.sizes).all()
    assert (coins.of("a") != counted.sizes).any()


# ---------------------------------------------------------------- planted faults

CALL = "                    count = count_live(rows, rule, s, base, segments)"
FAULTS = (
    ("one number for all replicates", "base = stream(key, replicate,", "base = stream(key, 0,"),
    ("the draw of a segment at its second arc",
     "np.uint64(first[i] + 1))", "np.uint64(first[i] + 2))"),
    ("the second arc as if the first were still there", "two += np.int64(two >= one)", "two += 0"),
    ("the second arc from the lower half",
     "mix64(w + GOLDEN) >> _S32)", "mix64(w + GOLDEN) & _LOW)"),
    ("always the first arc of a segment", "one = (np.int64(w & _LOW) * d) >> 32", "one = 0"),
    ("three at most", "while number < MOST and", "while number < 3 and"),
    ("an arc that was taken is taken twice", "if live[j] == e:", "if live[j] < 0:"),
    ("the others fall on the lower of the first two",
     "    start = count\n", "    start = count\n    low = high\n"),
    ("the others fall on the higher of the first two",
     "e += np.int64(e >= high)\n                break", "break"),
    ("a long row without its last segment", "while left > 0:", "while left > longest:"),
    ("one step beyond the horizon", "step < rule.horizon", "step <= rule.horizon"),
    ("a full block is forgotten", CALL, CALL.partition("count = ")[0] + "count = 0"),
    ("segments twice as long", "threshold << (shift + 1) <= MEAN", "threshold << shift <= MEAN"),
    ("the third arc without its source", "s.of[j] = s.source[i]", "s.of[j] = 0"),
)  # fmt: skip
MODULE = "cascades.kernels.counted"
QUICK = 3


def test_faults_are_written_for_the_present_code() -> None:
    """Catches a list that rots."""
    text = source(MODULE)
    assert {what: text.count(old) for what, old, _ in FAULTS} == dict.fromkeys(
        [what for what, _, _ in FAULTS], 1
    )


def caught(old: str, new: str) -> bool:
    with planted(MODULE, source(MODULE).replace(old, new)) as run:
        return any(parts(one_case(number), run) is not None for number in range(60))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("fault", FAULTS[:QUICK], ids=lambda fault: fault[0])
def test_a_planted_fault_is_caught(fault: tuple[str, str, str]) -> None:
    """Catches cases too tame to show a wrong rule."""
    assert caught(*fault[1:])


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS[QUICK:], ids=lambda fault: fault[0])
def test_every_planted_fault_is_caught(fault: tuple[str, str, str]) -> None:
    """Catches the same, for all faults."""
    assert caught(*fault[1:])

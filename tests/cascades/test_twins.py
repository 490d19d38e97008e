"""Every rule of `cascade` equals its naive twin in every bit: who, when, through whom, which kind.

The twins in tests/cascades/twins are written from docs/cascades.md alone, with dictionaries and
loops; they share only the draws with the library.  Cases are numbered (`cases.case`); the second
half asserts that they are worth something, and hypothesis looks for small graphs of its own.
"""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cascades.cases import FAMILIES, Case, case
from tests.cascades.drawn_rules import ON_CONTACTS, ON_NETWORKS
from tests.cascades.graphs import LENGTHS, long_rows
from tests.cascades.library import by_replicate, difference, library, twins
from tests.worlds import Dice

from koubei_sim.cascades import (
    SIR,
    SIS,
    Bass,
    CompetingCascades,
    DelayedCascade,
    FractionalSIR,
    FractionalThreshold,
    IndependentCascade,
    LinearThreshold,
    Rule,
)
from koubei_sim.networks import Network
from koubei_sim.networks.temporal import TemporalNetwork

CASES = 100  # of each family
# slow twins
FEWER = {"rows": 12, "hubs": 30, "bass_ticks": 50, "bass_long": 40, "bass_exact": 50}
FEWER["bass_schedule"] = 40
SHARE = 0.15  # of the cases of a family in which a mark must be seen


def assert_twins(one: Case, name: str) -> None:
    """Compare library and twin on a case."""
    found = difference(by_replicate(library(one)), twins(one))
    assert found is None, f"{name}, {one.rule}: library != twin: {found}"


@pytest.mark.sampled(4)
@pytest.mark.parametrize("family", FAMILIES)
def test_library_and_twin_agree(family: str) -> None:
    """Catches any rule, order, draw, address or rounding in which a kernel leaves the text."""
    for number in range(FEWER.get(family, CASES)):
        assert_twins(case(family, number), f"case({family!r}, {number})")


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_library_and_twin_agree_on_many(family: str) -> None:
    """Catches departures in rare coincidences."""
    for number in range(FEWER.get(family, CASES), 6 * FEWER.get(family, CASES)):
        assert_twins(case(family, number), f"case({family!r}, {number})")


# ---------------------------------------------------------------- large graphs


def over_large_cases(family: str, numbers: range) -> int:
    """Compare library and twin on large cases; return the number of activations."""
    activations = 0
    for number in numbers:
        one = case(family, number, large=True)
        events = twins(one)
        activations += sum(map(len, events))
        found = difference(by_replicate(library(one)), events)
        name = f"case({family!r}, {number}, large=True)"
        assert found is None, f"{name}, {one.rule}: library != twin: {found}"
    return activations


@pytest.mark.sampled(9)
@pytest.mark.parametrize("family", FAMILIES)
def test_library_and_twin_agree_on_large_graphs(family: str) -> None:
    """Catches arcs or people that are lost where a buffer is full."""
    assert over_large_cases(family, range(6)) > 1000, "dull cases"


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_library_and_twin_agree_on_many_large_graphs(family: str) -> None:
    """Catches the same with other rules."""
    over_large_cases(family, range(6, 40))


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "rule",
    [
        IndependentCascade(0.002),
        IndependentCascade("weighted"),
        CompetingCascades({"a": 0.003, "b": "weighted"}, tie="priority"),
        LinearThreshold(),
        LinearThreshold(method="sum"),
        FractionalThreshold(0.3),
        DelayedCascade(0.003),
        SIR(0.003, 1.0),
        FractionalSIR(0.9, 0.5, True),
        SIS(0.003, 1.0),
        SIS(0.002, 0.5, True),
        Bass(0.05, 0.9),
        Bass(0.05, 0.9, 0.5),
    ],
    ids=repr,
)
def test_rows_of_all_lengths(rule: Rule) -> None:
    """Catches rows that are cut at the wrong arc, and blocks that are full at the wrong one."""
    graph = long_rows(Dice(8))
    seeds = list(range(len(LENGTHS)))
    brands = {"a": seeds[::2], "b": seeds[1::2]}
    wanted = brands if isinstance(rule, CompetingCascades) else seeds
    assert_twins(Case(graph, rule, wanted, 77, 0, 2, 4.0), "long rows")


def test_linear_threshold_by_the_weights_of_the_network() -> None:
    """Catches weights of float32 that are added up in float32, or in another order of layers."""
    for number in range(20):
        dice = Dice(5_000 + number)
        n = 30
        source, target = dice.rng.integers(0, n, (2, 120))
        into = np.bincount(target, minlength=n)
        weight = dice.rng.random(120) / into[target]
        layers = {}
        for name, part in (("near", slice(0, 70)), ("far", slice(70, 120))):
            layers[name] = Network.from_edges(source[part], target[part], n, weight[part])
        for method in ("choice", "sum"):
            rule = LinearThreshold("weights", method=method)
            one = Case(Network.stack(layers), rule, [0, 1, 2, 3, 4], number, 0, 3, None)
            assert_twins(one, f"{method} {number}")


@pytest.mark.parametrize("last", [60.0, 200.0, 3000.0])
def test_a_person_who_is_reached_again_and_again_sooner(last: float) -> None:
    """Catches a queue whose room is used up by arrivals that sooner ones have replaced."""
    sources, targets = 60, 1500
    ahead = np.arange(sources - 1)
    source = np.concatenate([ahead, np.repeat(np.arange(sources), targets)])
    target = np.concatenate([ahead + 1, np.tile(sources + np.arange(targets), sources)])
    # Source k is reached at time k and reaches everybody at last - k / 2.
    wait = np.concatenate(
        [np.ones(sources - 1), last - 1.5 * np.repeat(np.arange(sources), targets)]
    )
    wait = np.maximum(wait, 0.25)
    graph = Network.from_edges(source, target)
    order = np.lexsort((target, source))
    rule = DelayedCascade(1.0, wait[order])
    assert_twins(Case(graph, rule, [0], 1, 0, 2, None), "improvements")


def test_more_infections_than_a_byte_can_number() -> None:
    """Catches numbers of infections that wrap around: 127 stands for all later ones."""
    one, other = np.triu_indices(6, 1)
    everybody = Network.from_edges(one, other, directed=False)
    for steps, horizon in ((False, 20.0), (True, 1000.0)):
        rule = SIS(0.9, 0.2, True) if steps else SIS(40.0, 10.0)
        one = Case(everybody, rule, [0], 3, 0, 3, horizon)
        expected = [[e._replace(kind=min(e.kind, 127)) for e in events] for events in twins(one)]
        assert max(map(len, expected)) > 6 * 128
        assert difference(by_replicate(library(one)), expected) is None


# ---------------------------------------------------------------- small graphs from hypothesis


@st.composite
def small_cases(draw: st.DrawFn) -> tuple[str, Case]:
    """A case whose graph hypothesis chooses arc by arc, and can shrink."""
    family = draw(st.sampled_from([name for name in FAMILIES if name not in ("hubs", "rows")]))
    n = draw(st.integers(1, 9))
    ends = st.integers(0, n - 1)
    arcs = draw(st.lists(st.tuples(ends, ends), max_size=40))
    source, target = ([a for a, _ in arcs], [b for _, b in arcs])
    dice = Dice(draw(st.integers(0, 1 << 20)))
    seeds = draw(st.lists(ends, max_size=n, unique=True))
    if family in ON_NETWORKS:
        network = Network.from_edges(source, target, n=n, parallel="keep")
        rule, horizon = ON_NETWORKS[family](dice, network)
    else:
        time = draw(st.lists(st.integers(0, 5), min_size=len(arcs), max_size=len(arcs)))
        weight = dice.rng.random(len(arcs))
        network = TemporalNetwork.from_contacts(source, target, time, n=n, weight=weight)
        rule, horizon = ON_CONTACTS[family](dice, network), 9.0
    if hasattr(rule, "brands"):
        seeds = {rule.brands[0]: seeds[::2], rule.brands[-1]: seeds[1::2]}
        if len(rule.brands) == 1:
            seeds = {rule.brands[0]: [*seeds[rule.brands[0]]]}
    return family, Case(network, rule, seeds, draw(st.integers(0, 99)), 0, 2, horizon)


@settings(max_examples=200)
@given(small_cases())
def test_library_and_twin_agree_on_small_graphs(drawn: tuple[str, Case]) -> None:
    """Catches departures that need a particular small graph: loops, parallel arcs, no arcs."""
    family, one = drawn
    assert_twins(one, family)


# ---------------------------------------------------------------- the cases are worth something


def test_twins_share_only_draws_and_codes_with_the_library() -> None:
    """Catches a twin that leans on what it is there to check."""
    files = sorted((Path(__file__).parent / "twins").glob("*.py"))
    assert len(files) >= 10
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                if name.startswith("koubei_sim"):
                    allowed = ("koubei_sim.core.draws.", "koubei_sim.core.codes")
                    assert name.startswith(allowed), f"{file.name} imports {name}"


def marks(one: Case) -> set[str]:
    """What happens in a case, by its twin."""
    found = set()
    for events in twins(one):
        seeds = sum(event.time == events[0].time and event.parent < 0 for event in events)
        times = [event.time for event in events]
        if len(events) > seeds:
            found.add("spreads")
        if len(set(times)) >= 4:
            found.add("goes on")
        if len(set(times)) < len(events) - seeds + 1:
            found.add("at the same time")
        if seeds < len(events) and len({e.person for e in events}) < one.network.n_nodes:
            found.add("leaves some out")
        if len({event.kind for event in events}) > 1:
            found.add("kinds")
        if len({event.person for event in events}) < len(events):
            found.add("again")
    return found


@pytest.mark.sampled(3)
@pytest.mark.parametrize("family", FAMILIES)
def test_cases_are_lively(family: str) -> None:
    """Catches cases in which nothing happens: their equality would prove nothing."""
    counts: Counter[str] = Counter()
    cases = FEWER.get(family, CASES)
    for number in range(cases):
        counts.update(marks(case(family, number)))
    wanted = ["spreads", "goes on"]
    if family not in ("bass_exact", "sir", "sis"):
        wanted.append("at the same time")
    if family not in ("bass_exact", "bass_ticks", "bass_schedule"):
        wanted.append("leaves some out")
    if family in ("competing", "negative", "contacts_competing", "contacts_negative"):
        wanted.append("kinds")
    if "sis" in family:
        wanted.append("again")
    rare = {mark: counts[mark] for mark in wanted if counts[mark] < SHARE * cases}
    assert not rare, f"of {cases} cases too few have: {rare}"


def test_a_difference_is_found_in_every_field() -> None:
    """Catches a comparison that skips a field, a replicate or a person too many."""
    one = case("independent", 3)
    runs = twins(one)
    assert difference(runs, runs) is None
    assert difference(runs, runs[:-1]) is not None
    longest = max(range(len(runs)), key=lambda r: len(runs[r]))
    for place, name in ((0, "time"), (-1, "person"), (-1, "parent"), (0, "kind"), (-1, "until")):
        changed = [list(events) for events in runs]
        event = changed[longest][place]
        value = np.nextafter(getattr(event, name), 0) if name == "until" else 99
        changed[longest][place] = event._replace(**{name: value})
        assert difference(runs, changed) is not None, name
    shorter = [list(events) for events in runs]
    shorter[longest].pop()
    assert difference(runs, shorter) is not None
    assert difference(shorter, runs) is not None

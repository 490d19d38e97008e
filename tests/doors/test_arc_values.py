"""Values per arc find their arcs by the people at both ends, in every rule and at every door."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim import KoubeiError
from koubei_sim.cascades import cascade, paired
from koubei_sim.cascades.rules import (
    SIR,
    CompetingCascades,
    DelayedCascade,
    IndependentCascade,
    LinearThreshold,
)
from koubei_sim.networks import as_network

networkx = pytest.importorskip("networkx")
pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

# The only way on from "b" is to "c": sizes say which arc got which number.
SURE = {("b", "c"): 1.0, ("b", "a"): 0.0, ("a", "c"): 0.0, ("c", "d"): 1.0}


def graph_of(values: dict[tuple[str, str], float], name: str = "chance") -> Any:
    graph = networkx.DiGraph()
    graph.add_nodes_from(sorted({who for arc in values for who in arc}))  # not in order of edges
    for (u, v), value in values.items():
        graph.add_edge(u, v, **{name: value})
    return graph


def reached(values: Any, graph: Any, by: str = "label") -> set[str]:
    rule = values if isinstance(values, kb.cascades.Rule) else IndependentCascade(values)
    people = ["b"] if by == "label" else [list(graph).index("b")]
    result = cascade(graph, rule, people, 3, 1, record=["people"], horizon=50, by=by)
    return {str(who) for who, share in zip(graph, result.probability, strict=True) if share == 1.0}


def forms(graph: Any) -> list[Any]:
    rows = [(u, v, x) for u, v, x in graph.edges(data="chance")]
    frame = pandas.DataFrame(rows, columns=["source", "target", "p"]).sample(frac=1, random_state=1)
    return [
        "chance",
        networkx.get_edge_attributes(graph, "chance"),
        frame,
        polars.from_pandas(frame.reset_index(drop=True)),
    ]


@pytest.mark.parametrize("form", range(4), ids=["attribute", "mapping", "pandas", "polars"])
def test_every_form_of_values_by_name_means_the_same(form: int) -> None:
    """Would catch values that go by the order of another library's edges."""
    graph = graph_of(SURE)
    assert reached(forms(graph)[form], graph) == {"b", "c", "d"}


def test_by_row_an_attribute_still_finds_its_arcs() -> None:
    """Would catch names looked up in a network that was told to forget them."""
    graph = graph_of(SURE)
    assert reached("chance", graph, by="row") == {"b", "c", "d"}


@pytest.mark.parametrize(
    "rule",
    [
        LinearThreshold("chance", thresholds=(0.5, 0.5)),
        DelayedCascade("chance", latency="chance_of_delay"),
        CompetingCascades({"mi": "chance"}),
        SIR({arc: 40.0 * x for arc, x in SURE.items()}, gamma=0.01),
    ],
    ids=["linear", "delayed", "competing", "sir"],
)
def test_other_rules_take_them_too(rule: Any) -> None:
    """Would catch a rule that takes arrays by position only."""
    graph = graph_of(SURE)
    networkx.set_edge_attributes(graph, 2.0, "chance_of_delay")
    seeds = {"mi": ["b"]} if isinstance(rule, CompetingCascades) else ["b"]
    result = cascade(graph, rule, seeds, 3, 1, record=["people"], horizon=50)
    assert dict(zip(graph, result.probability.tolist(), strict=True)) == {
        "a": 0.0, "b": 1.0, "c": 1.0, "d": 1.0,
    }  # fmt: skip


def test_paired_runs_take_them_too() -> None:
    """Would catch an object that is forgotten on the way to a setting that runs alone."""
    graph = graph_of(SURE)
    settings = {
        "together": (IndependentCascade("chance"), ["b"]),
        "alone": (DelayedCascade("chance", latency=1.0), ["b"]),
    }
    runs = paired(graph, settings, 3, rng=1)
    assert runs.sizes.tolist() == [[3, 3, 3], [3, 3, 3]]


def test_an_array_by_position_needs_the_order_of_the_network() -> None:
    """Would catch probabilities that land on other arcs, silently."""
    graph = graph_of(SURE)
    array = np.array([value for _, _, value in graph.edges(data="chance")])
    with pytest.raises(KoubeiError, match=r"p: an array by position goes by the order of .*arcs"):
        cascade(graph, IndependentCascade(array), ["b"], 3, 1)
    net = as_network(graph)
    by_pair = dict(zip(SURE, SURE.values(), strict=True))
    ordered = [by_pair[u, v] for u, v in zip(*(e.tolist() for e in net.arcs()), strict=True)]
    result = cascade(net, IndependentCascade(ordered), ["b"], 3, 1)
    assert result.sizes.tolist() == [3, 3, 3]
    sorted_graph = networkx.DiGraph(sorted([("a", "c"), ("a", "b"), ("b", "c")]))
    assert cascade(sorted_graph, IndependentCascade([1.0, 1.0, 1.0]), ["a"], 1, 1).sizes[0] == 3


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ("chanse", "p: no such edge attribute, got 'chanse', allowed weights, weighted, trival"),
        ({("b", "c"): 0.5}, "p: no value for an arc, got 'a' -> 'c'"),
        ({("b", "c"): 1.5}, "p[('b', 'c')]: out of range, got 1.5, allowed 0..1"),
        ({("b", "x"): 0.5}, "p: no person has this label, got 'x'"),
        (pandas.DataFrame({"u": ["b"], "v": ["c"]}), "p: which column holds the values"),
        ([0.5], "p: not one value an arc, got 1, allowed 4, try the name of an edge attribute"),
    ],
    ids=["attribute", "missing", "range", "person", "column", "length"],
)
def test_what_does_not_fit_is_refused(values: Any, line: str) -> None:
    """Would catch an arc without a value, or a value without an arc, taken for nought."""
    with pytest.raises(KoubeiError) as refusal:
        cascade(graph_of(SURE), IndependentCascade(values), ["b"], 3, 1)
    assert str(refusal.value).startswith(line)
    assert "\n" not in str(refusal.value)


def test_attributes_out_of_range_are_refused() -> None:
    """Would catch numbers that nobody checks because they come by name."""
    graph = graph_of({("b", "c"): 1.5})
    with pytest.raises(KoubeiError, match=r"p.*out of range, got 1.5"):
        cascade(graph, IndependentCascade("chance"), ["b"], 3, 1)
    graph = graph_of({("b", "c"): float("nan")})
    with pytest.raises(KoubeiError, match=r"p.*out of range, got nan"):
        cascade(graph, IndependentCascade("chance"), ["b"], 3, 1)

"""Graphs, tables and lists of other libraries: taken as they are meant, or refused in one line."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim import KoubeiError, Network, TemporalNetwork, as_network

networkx = pytest.importorskip("networkx")
pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")


def arcs(network: Network) -> set[tuple[Any, Any]]:
    return set(zip(*(ends.tolist() for ends in network.arcs()), strict=True))


def refusal(call: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(KoubeiError) as error:
        call(*arguments, **named)
    assert "\n" not in str(error.value)
    return str(error.value)


def frame(source: Any, target: Any = ("b", "c")) -> Any:
    return pandas.DataFrame({"source": source, "target": list(target)})


@pytest.mark.parametrize(
    "table",
    [
        frame(pandas.array([1, 2], dtype="Int64"), (2, 3)),
        frame([1.0, 2.0], (2, 3)),
        frame(np.array([1, 2], dtype=object), (2, 3)),
        frame(pandas.Categorical([1, 2]), (2, 3)),
        polars.DataFrame({"source": [1, 2], "target": [2, 3]}),
        polars.DataFrame({"source": [1.0, 2.0], "target": [2, 3]}).lazy(),
    ],
    ids=["nullable", "float", "object", "categorical", "polars", "lazy"],
)
def test_whole_numbers_are_whole_numbers_however_a_table_holds_them(table: Any) -> None:
    """Would catch 1.0 and 1 as two people, or ids as text because the column is nullable."""
    net = as_network(table)
    assert net.labels.dtype == np.int64
    assert arcs(net) == {(1, 2), (2, 3)}


@pytest.mark.parametrize(
    "table",
    [
        frame(pandas.array(["a", None], dtype="string")),
        frame(["a", None]),
        frame(["a", float("nan")]),
        frame(pandas.Categorical(["a", None])),
        frame(pandas.array([1, None], dtype="Int64"), (2, 3)),
        frame([1.0, float("nan")], (2, 3)),
        polars.DataFrame({"source": ["a", None], "target": ["b", "c"]}),
        polars.DataFrame({"source": [1, None], "target": [2, 3]}),
    ],
)
def test_an_empty_cell_is_nobody(table: Any) -> None:
    """Would catch a person called None, nan or <NA>, and raw errors about missing values."""
    said = refusal(as_network, table)
    assert said == "column source[1]: not a name, got an empty cell"


def test_columns_by_name() -> None:
    """Would catch a choice among equal names, and a column that is taken for another."""
    twice = pandas.DataFrame([[1, 2, 3]], columns=["source", "source", "target"])
    assert "two columns have the same name, got 'source'" in refusal(as_network, twice)
    other = pandas.DataFrame({"who": ["a"], "whom": ["b"], "often": [3]})
    assert "no source column, got who, whom, often" in refusal(as_network, other)
    net = as_network(other, source="who", target="whom", weight="often")
    assert arcs(net) == {("a", "b")}
    assert net.layer().weights.tolist() == [3.0]
    assert "try whom" in refusal(as_network, other, source="who", target="whomm")
    said = refusal(as_network, other, source="who", target="whom", weight="oftn")
    assert said == "weight: no such column, got oftn, allowed who, whom, often, try often"
    assert "columns of a frame" in refusal(as_network, networkx.path_graph(3), source="who")
    text = pandas.DataFrame({"source": ["a"], "target": ["b"], "weight": ["0.5"]})
    assert refusal(as_network, text) == "column weight: weights are not all numbers"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([("a", "b"), ("b", "c")], {("a", "b"), ("b", "c")}),
        ([(0, 1), (1, 2), (2, 0)], {(0, 1), (1, 2), (2, 0)}),
        ([[0, 1], [1, 2], [2, 0]], {(0, 1), (1, 2), (2, 0)}),
        (([0, 1], [1, 2]), {(0, 1), (1, 2)}),
        (list(zip((0, 1), (1, 2), (2, 3), (3, 0), strict=True)), {(0, 1), (1, 2), (2, 3), (3, 0)}),
        ((pandas.Series(["x", "y"]), pandas.Series(["y", "z"])), {("x", "y"), ("y", "z")}),
        ({"a": ["b", "c"], "b": [], "lone": []}, {("a", "b"), ("a", "c")}),
    ],
    ids=["two pairs", "pairs", "lists", "arrays", "zipped", "series", "neighbours"],
)
def test_lists_and_dicts_are_read_as_they_are_written(given: Any, wanted: Any) -> None:
    """Would catch a list of two edges that is taken for sources and targets."""
    net = as_network(given)
    assert arcs(net) == wanted
    if isinstance(given, dict):
        assert set(net.labels.tolist()) == {"a", "b", "c", "lone"}


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ([[0, 1], [1, 2]], "two pairs: either two edges, or two sources and two targets"),
        (((0, 1), (1, 2)), "two pairs: either two edges, or two sources and two targets"),
        ([(0, 1, 0.5), (1, 2, 0.5)], "try Network.from_edges(sources, targets, weight=weights)"),
        (np.zeros((5, 3)), "weight=array[:, 2]"),
        (np.eye(5), "try scipy.sparse.csr_array(array) if it is a matrix"),
        (np.zeros((2, 9)), "try array.T"),
        (pandas.Series([1, 2]), "not a frame of edges, got Series"),
        ({"a": {"b": {}}}, "try networkx.from_dict_of_dicts(obj)"),
        ({"a": "bc"}, "not a dict of lists"),
        ("edges.csv", "try read_network('edges.csv')"),
        (TemporalNetwork.from_contacts([0], [1], [1.0]), "try network.aggregate()"),
        ([], "no edges and no number of people, try n=1 or more"),
        ([1, 2, 3], "not a list of pairs"),
        (None, "not a graph, got NoneType"),
    ],
)
def test_what_is_no_graph_says_what_it_may_be(given: Any, line: str) -> None:
    """Would catch raw errors, and arrays of another shape that are read as edges."""
    assert line in refusal(as_network, given)


def test_an_attribute_that_is_named_must_be_there() -> None:
    """Would catch a misspelt attribute that gives a network of weight 1, silently."""
    graph = networkx.Graph()
    graph.add_edge("a", "b", p=0.5)
    graph.add_edge("b", "c")
    assert "an edge is without this attribute, got 'p'" in refusal(as_network, graph, weight="p")
    assert "no edge has this attribute, got 'q'" in refusal(as_network, graph, weight="q")
    assert as_network(graph).layer().weights is None
    graph["b"]["c"]["p"] = "0.5"
    assert "edge weights are not numbers, got '0.5'" in refusal(as_network, graph, weight="p")
    igraph = pytest.importorskip("igraph")
    other = igraph.Graph(edges=[(0, 1)])
    assert "no edge has this attribute, got 'q'" in refusal(as_network, other, weight="q")
    assert "not a name, got 5" in refusal(as_network, graph, weight=5)


def test_people_of_arrays_and_matrices_can_be_named() -> None:
    """Would catch labels that are dropped, or given to a graph that has its own."""
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.csr_array(np.array([[0, 1, 0], [0, 0, 2], [0, 0, 0]]))
    net = as_network(matrix, labels=["a", "b", "c"])
    assert arcs(net) == {("a", "b"), ("b", "c")}
    assert as_network([(0, 1)], n=5).n_nodes == 5
    assert "n: does not fit" in refusal(as_network, matrix, n=9)
    assert "the nodes of a graph are its people" in refusal(as_network, networkx.path_graph(2), n=9)
    assert "a Network has its own people" in refusal(as_network, net, n=9)


def test_what_is_handed_over_is_not_changed_nor_kept() -> None:
    """Would catch an array that is locked, sorted in place, or changed later by its owner."""
    source, target = np.array([3, 1, 1, 3]), np.array([1, 2, 2, 3])
    weight, labels = np.array([1.0, 2.0, 3.0, 4.0]), np.array(["a", "b", "c", "d"])
    net = Network.from_edges(source, target, 4, weight, labels=labels)
    labels[0] = weight[0] = source[0] = 9
    assert net.labels.tolist() == ["a", "b", "c", "d"]
    assert net.layer().weights.tolist() == [5.0, 1.0]
    matrix = pytest.importorskip("scipy.sparse").coo_array(([1.0, 2.0], ([0, 0], [1, 1])), (2, 2))
    as_network(matrix)
    assert matrix.data.tolist() == [1.0, 2.0]
    table = pandas.DataFrame({"u": [1, 2], "v": [2, 3]})
    before = table.copy()
    as_network(table)
    pandas.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize("name", kb.networks.seeding.__all__)
def test_seeds_are_people_of_any_graph(name: str) -> None:
    """Would catch rows where people have names, and graphs or counts of other libraries."""
    graph = networkx.Graph([("hub", who) for who in "abcd"])
    choose = getattr(kb.seeding, name)
    found = choose(graph, np.float64(2.0), key=1)
    assert set(found.tolist()) <= {"hub", "a", "b", "c", "d"}
    rows = choose(graph, np.int64(2), key=1, by="row")
    assert [list(graph)[row] for row in rows] == found.tolist()
    assert (
        kb.cascades.cascade(graph, kb.cascades.IndependentCascade(0.0), found, 2, 1).sizes[0] == 2
    )
    for wrong, line in (
        (2.5, "k: not a whole number, got 2.5"),
        ("2", "k: not a whole number, got '2'"),
        (9, "k: out of range, got 9, allowed 0..5"),
        (True, "k: not a whole number, got True"),
    ):
        assert line in refusal(choose, graph, wrong, key=1)
    assert "not a graph" in refusal(choose, "graph", 2, key=1)
    assert "key" in refusal(choose, graph, 2, key="one")


WHEN = pandas.to_datetime(["2012-12-15 08:00", "2012-12-15 09:00"])
CLOCK = [1355558400.0, 1355562000.0]


@pytest.mark.parametrize(
    ("given", "hours"),
    [
        (WHEN, 0),
        (list(WHEN), 0),
        (list(WHEN.to_pydatetime()), 0),
        (pandas.Series(WHEN), 0),
        (polars.Series(list(WHEN.to_pydatetime())), 0),
        (WHEN.tz_localize("Asia/Shanghai"), 8),
        (pandas.Series(WHEN.tz_localize("Asia/Shanghai")), 8),
        (list(WHEN.tz_localize("Asia/Shanghai")), 8),
        ([dt.datetime(2012, 12, 15, h, tzinfo=dt.UTC) for h in (8, 9)], 0),
    ],
)
def test_dates_of_any_kind_are_times(given: Any, hours: int) -> None:
    """Would catch dates that only numpy may hold, and time zones that are dropped."""
    met = TemporalNetwork.from_contacts([0, 1], [1, 2], given)
    assert met.time.tolist() == [second - 3600.0 * hours for second in CLOCK]
    bound = WHEN[1] if met.notes["dates"] == "plain" else WHEN[1].tz_localize("UTC")
    assert met.window(bound).n_contacts == (1 if hours == 0 else 0)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (["2012-12-15", "2012-12-16"], "times are neither numbers nor dates"),
        ([WHEN[0], None], "time[1]: not a date, got None"),
        ([WHEN[0], 3], "time[1]: not a date, got 3"),
        ([WHEN[0], WHEN.tz_localize("Asia/Shanghai")[0]], "with and without a time zone"),
        ([1, None], "time[1]: not a number, got an empty cell"),
        (pandas.array([1, None], dtype="Int64"), "time[1]: not"),
        ([True, False], "times are neither numbers nor dates"),
        ([WHEN[0], pandas.NaT], "time[1]: not a date, got NaT"),
    ],
)
def test_what_is_no_time_is_refused(given: Any, line: str) -> None:
    """Would catch a raw error, or a missing time that becomes a number."""
    assert line in refusal(TemporalNetwork.from_contacts, [0, 1], [1, 2], given)


def test_contacts_make_nobody_up_and_know_names() -> None:
    """Would catch ids with gaps that become people, and yes-or-no given as a word."""
    met = TemporalNetwork.from_contacts([1, 5], [5, 900], [1, 2])
    assert met.n_nodes == 3
    assert met.people([0, 2]).tolist() == [1, 900]
    assert met.index_of([900]).tolist() == [2]
    assert met.index_of([2], by="row").tolist() == [2]
    assert "ids with gaps" in met.notes["read"]
    assert "no person has this label, got 2" in refusal(met.index_of, [2])
    assert "not a yes or no" in refusal(
        TemporalNetwork.from_contacts, [0], [1], [1.0], directed="no"
    )


def contacts_file(folder: Any, kind: str) -> Any:
    dice = np.random.default_rng(3)
    people = dice.choice(np.arange(900, 1900), 40, replace=False)
    times = np.cumsum(20 * dice.integers(0, 4, 300)) + 20  # some of them are ids, too
    path = folder / "contacts.txt"
    with path.open("w") as file:
        for when in times:
            one, other = dice.choice(people, 2, replace=False)
            row = (when, one, other) if kind == "first" else (one, other, when)
            file.write(" ".join(map(str, row)) + "\n")
    return path


def test_contacts_with_the_time_first_are_seen(tmp_path: Any) -> None:
    """Would catch times taken for people because a few of their numbers are ids as well."""
    first = contacts_file(tmp_path, "first")
    met = kb.networks.read_contacts(first)
    assert met.n_nodes == 40
    assert (np.asarray(met.time) % 20 == 0).all()
    assert "time, source, target" in met.notes["read"]
    assert "the first column could be times" in refusal(kb.networks.read_network, first)
    last = kb.networks.read_contacts(contacts_file(tmp_path, "last"))
    assert last.n_nodes == 40
    doubt = tmp_path / "doubt.txt"
    doubt.write_text("20 1157 1232\n40 1157 1191\n")
    assert "the times could stand first or last" in refusal(kb.networks.read_contacts, doubt)
    told = kb.networks.read_contacts(doubt, columns="time source target")
    assert told.time.tolist() == [20.0, 40.0]

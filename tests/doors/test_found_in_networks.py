"""What a hostile trial of files and graphs found: silent wrong answers and raw errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim import KoubeiError, Network, TemporalNetwork, as_network, read_network
from koubei_sim.cascades import SIR, FractionalThreshold, IndependentCascade, cascade
from koubei_sim.networks import read_contacts

networkx = pytest.importorskip("networkx")
pandas = pytest.importorskip("pandas")
GEXF = """<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">
<graph defaultedgetype="directed">
<nodes><node id="0" label="anna"/><node id="1" label="bert"/></nodes>
<edges><edge id="0" source="0" target="1"/></edges></graph></gexf>"""


def written(name: str, text: str, encoding: str = "utf-8") -> Path:
    path = Path(name)
    path.write_bytes(text.encode(encoding))
    return path


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refusal(call: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(KoubeiError) as error:
        call(*arguments, **named)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("1353303380 1 2\n1353303400 1 3\n1353303420 2 3\n", [1353303380, 1353303400, 1353303420]),
        ("1 2 5\n1 3 6\n2 3 7\n", [5, 6, 7]),
    ],
)
def test_times_stand_where_the_people_are_not(text: str, times: list[int]) -> None:
    """Would catch times taken for people where the last column happens to rise, too."""
    assert read_contacts(written("a.txt", text)).time.tolist() == times
    doubt = written("b.txt", "20 1 2\n40 1 2\n60 1 2\n80 3 4\n100 3 4\n")
    assert "the times could stand first or last" in refusal(read_contacts, doubt)


def test_names_that_programs_keep_as_attributes() -> None:
    """Would catch people called 0, 1, n0 whom Gephi and igraph call by name."""
    assert read_network(written("x.gexf", GEXF)).labels.tolist() == ["anna", "bert"]
    graph = networkx.DiGraph()
    graph.add_node("n0", name="anna")
    graph.add_node("n1", name="bert")
    graph.add_edge("n0", "n1")
    networkx.write_graphml(graph, "x.graphml")
    net = read_network("x.graphml")
    assert net.labels.tolist() == ["anna", "bert"]
    assert "people by attribute 'name'" in net.notes["read"]
    graph.nodes["n1"]["name"] = "anna"
    networkx.write_graphml(graph, "x.graphml")
    net = read_network("x.graphml")
    assert net.labels.tolist() == ["n0", "n1"]
    assert "people by id" in net.notes["read"]


def test_names_that_hang_on_nodes_of_rustworkx() -> None:
    """Would catch names in dicts that are dropped, and two people of one name."""
    rustworkx = pytest.importorskip("rustworkx")

    def made(payloads: list[Any]) -> Any:
        graph = rustworkx.PyDiGraph()
        graph.add_nodes_from(payloads)
        graph.add_edges_from([(0, 1, 1.5)])
        return graph

    assert as_network(made([{"name": "a"}, {"name": "b"}])).labels.tolist() == ["a", "b"]
    assert "two people have the same label" in refusal(as_network, made(["a", "a"]))
    assert as_network(made([None, None])).labels is None


@pytest.mark.parametrize(
    "call",
    [
        lambda: SIR(0.3, 0.1, steps="no"),
        lambda: FractionalThreshold(0.5, strict="no"),
        lambda: kb.networks.erdos_renyi(10, 2.0, directed="no", key=1),
        lambda: kb.networks.lattice(3, 3, moore="no"),
        lambda: kb.networks.lattice(3, 3, wrap=0),
        lambda: kb.networks.barabasi_albert(10, 2, shuffle="no", key=1),
        lambda: kb.load("nowhere", stream="no"),
    ],
)
def test_no_is_not_yes(call: Any) -> None:
    """Would catch a word that is true because it is not empty."""
    assert "not a yes or no" in refusal(call)


def test_labels_have_an_order() -> None:
    """Would catch keys of a dict taken for names, and the order of a set."""
    for labels in ({0: "anna", 1: "bert"}, {"x", "y"}):
        assert "not a list of names" in refusal(Network.from_edges, [0], [1], labels=labels)
    names = {0: "anna", 1: "bert"}
    net = Network.from_edges([0], [1], labels=list(names.values()))
    assert net.labels.tolist() == ["anna", "bert"]


def test_a_column_of_types_counts_in_frames_and_parquet() -> None:
    """Would catch Gephi's Type that is asked in text files only."""
    table = pandas.DataFrame({"Source": ["a"], "Target": ["b"], "Type": ["Undirected"]})
    assert not as_network(table).layer().directed
    assert as_network(table, directed=True).layer().directed
    table["Type"] = "Directed"
    table.to_parquet("t.parquet")
    assert read_network("t.parquet").layer().directed
    for other in ("Undirected", None):  # an empty cell is neither
        both = pandas.DataFrame({"u": [0, 1], "v": [1, 2], "type": ["Directed", other]})
        both.to_parquet("both.parquet")
        for call, given in ((as_network, both), (read_network, "both.parquet")):
            assert "some edges are directed and some are not" in refusal(call, given)
    kinds = pandas.DataFrame({"u": [0], "v": [1], "type": [["friend", "kin"]]})
    kinds.to_parquet("kinds.parquet")  # a column of that name may be something else
    assert not read_network("kinds.parquet").layer().directed
    assert as_network(kinds).layer().directed


def test_relations_of_pajek_are_not_added() -> None:
    """Would catch likes and hates that become one tie."""
    text = '*Vertices 2\n1 "a"\n2 "b"\n*Arcs :1 "likes"\n1 2 1\n*Arcs :2 "hates"\n1 2 1\n'
    assert "several relations" in refusal(read_network, written("p.net", text))
    assert read_network(written("q.net", text.split("*Arcs :2", maxsplit=1)[0])).n_arcs == 1


def test_formats_that_need_their_library() -> None:
    """Would catch LGL read as a list of edges, its people lost as comments."""
    said = refusal(read_network, written("b.lgl", "# anna\nbert 1\ncarl 1\n# bert\ncarl 2\n"))
    assert "as_network(igraph.Graph.Read_Lgl('b.lgl'))" in said
    said = refusal(read_network, written("e.csv", "sep=;\nsource;target\na;b\n"))
    assert "a line for Excel" in said


def test_days_as_one_number_are_no_times() -> None:
    """Would catch 20120831 and 20120901, which would lie 70 apart."""
    path = written("d.csv", "source,target,date\na,b,20120831\nb,c,20120901\n")
    assert "days written as one number" in refusal(read_contacts, path)
    days = np.array([20120831, 20120901])
    assert "days written as one number" in refusal(
        TemporalNetwork.from_contacts, [0, 1], [1, 2], days
    )
    dates = pandas.to_datetime([str(day) for day in days])
    assert np.diff(TemporalNetwork.from_contacts([0, 1], [1, 2], dates).time) == 86400.0


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        ("Köln,Jörg", "latin-1"),
        ("張偉,王芳", "big5"),
        ("Пётр,Мария Ивановна", "cp1251"),
        ("たなか,さとう", "shift-jis"),
    ],
)
def test_only_chinese_is_taken_for_chinese(names: str, encoding: str) -> None:
    """Would catch people of other languages under Chinese names."""
    path = written("names.csv", f"source,target\n{names}\n", encoding)
    assert "text is not utf-8 or gb18030" in refusal(read_network, path)
    known = read_network(path, encoding=encoding)
    assert set(known.labels.tolist()) == set(names.split(","))
    path = written("cn.csv", "source,target\n张伟,刘婷\n李娜,王芳\n", "gb18030")
    assert "张伟" in read_network(path).labels.tolist()


def test_rows_are_rows() -> None:
    """Would catch -1 as the last person, and a raw IndexError."""
    net = as_network([("a", "b"), ("b", "c")])
    assert net.people([]).tolist() == []
    for wrong in ([-1], [99], ["a"]):
        assert refusal(net.people, wrong).startswith("people: ")


def test_none_is_no_weight() -> None:
    """Would catch an unknown weight that becomes 1."""
    graph = networkx.Graph()
    graph.add_edge("a", "b", weight=None)
    graph.add_edge("b", "c", weight=2)
    assert "an edge has None for a weight" in refusal(as_network, graph)
    assert as_network(graph, weight=None).n_arcs == 4


def test_what_the_file_says_and_does_not_hold_is_told() -> None:
    """Would catch a download that was cut, and a column that vanishes without a word."""
    note = read_network(written("s.txt", "# Nodes: 4 Edges: 2\n0 1\n1 2\n")).notes["read"]
    assert "the file says 4 people and 2 edges, 3 and 2 are there" in note
    note = read_network(written("k.txt", "% sym unweighted\n% 5 9 9\n1 2\n2 3\n")).notes["read"]
    assert "the file says 9 people and 5 edges, 3 and 2 are there" in note
    note = read_network(written("t.csv", "source,target,trust\n0,1,-1\n1,2,1\n")).notes["read"]
    assert "passed over: 'trust'" in note


def test_masked_entries_are_nobody() -> None:
    """Would catch what stands under a mask."""
    masked = np.ma.array([0, 1], mask=[0, 1])
    assert "src[1]" in refusal(Network.from_edges, masked, [1, 2])
    net = as_network([("a", "b"), ("b", "c")])
    seeds = np.ma.array(["a", "b"], mask=[0, 1])
    assert "seed_agents[1]" in refusal(cascade, net, IndependentCascade(0.5), seeds, 2, 1)
    assert "masked" in refusal(
        Network.from_edges, [0, 1], [1, 2], None, np.ma.array([1.0, 2.0], mask=[0, 1])
    )


def test_a_window_has_the_zone_of_its_contacts() -> None:
    """Would catch a window that is shifted by eight hours."""
    met = TemporalNetwork.from_contacts([0], [1], [pandas.Timestamp("2012-01-01")])
    bound = pandas.Timestamp("2012-01-01", tz="Asia/Shanghai")
    assert "time zone" in refusal(met.window, bound)
    assert met.window(pandas.Timestamp("2012-01-01")).n_contacts == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: kb.networks.follow_graph(2 * 10**9, 15, key=1),
        lambda: kb.networks.ring(10**9, 4),
        lambda: kb.networks.lattice(40_000, 40_000),
        lambda: kb.networks.barabasi_albert(10**9, 5, key=1),
        lambda: kb.networks.watts_strogatz(10**9, 10, 0.1, key=1),
        lambda: kb.networks.erdos_renyi(10**9, 10, key=1),
        lambda: Network.from_edges([0], [1], n=2 * 10**9),
    ],
)
def test_more_than_memory_holds_is_refused(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Would catch a process that the system kills in mid-work."""
    import psutil

    class Room:
        available = 8 * 2**30

    monkeypatch.setattr(psutil, "virtual_memory", lambda: Room)
    assert "more than memory holds" in refusal(call)


def test_a_missing_value_is_told_by_the_name_that_was_used() -> None:
    """Would catch advice on an argument that the user did not give."""
    graph = networkx.DiGraph()
    graph.add_edge("a", "b", p=0.5)
    graph.add_edge("b", "c")
    said = refusal(cascade, graph, IndependentCascade("p"), ["a"], 2, 1)
    assert said == "p: an edge is without this attribute, got 'p', try a value on every edge"

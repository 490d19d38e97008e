"""Graphs of other libraries: what goes in comes out as the same arcs, weights and names."""

from __future__ import annotations

import numpy as np
import pytest

from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Network, as_network

ARCS = [(0, 1), (0, 2), (3, 0)]  # of four people; person 4 is alone
WEIGHTS = [1.0, 2.0, 3.5]
DIRECTED = [[1, 2], [], [], [0], []]
MUTUAL = [[1, 2, 3], [0], [0], [0], []]


def rows(net: Network) -> list[list[int]]:
    return [net.layer().heard_by(u).tolist() for u in range(net.n_nodes)]


def arc_weights(net: Network) -> dict[tuple[int, int], float]:
    layer = net.layer()
    assert layer.weights is not None
    pairs = zip(layer.sources().tolist(), layer.indices.tolist(), strict=True)
    return dict(zip(pairs, layer.weights.tolist(), strict=True))


def _networkx(directed: bool):
    library = pytest.importorskip("networkx")
    graph = library.DiGraph() if directed else library.Graph()
    graph.add_nodes_from(range(5))
    graph.add_weighted_edges_from((u, v, w) for (u, v), w in zip(ARCS, WEIGHTS, strict=True))
    return graph


def _multi(directed: bool):
    library = pytest.importorskip("networkx")
    graph = library.MultiDiGraph() if directed else library.MultiGraph()
    graph.add_nodes_from(range(5))
    graph.add_weighted_edges_from([(0, 1, 0.25), (0, 1, 0.75), (0, 2, 2.0), (3, 0, 3.5)])
    return graph


def _igraph(directed: bool):
    library = pytest.importorskip("igraph")
    graph = library.Graph(n=5, edges=ARCS, directed=directed)
    graph.es["weight"] = WEIGHTS
    return graph


def _networkit(directed: bool):
    library = pytest.importorskip("networkit")
    graph = library.Graph(5, weighted=True, directed=directed)
    for (u, v), w in zip(ARCS, WEIGHTS, strict=True):
        graph.addEdge(u, v, w)
    return graph


def _rustworkx(directed: bool):
    library = pytest.importorskip("rustworkx")
    graph = library.PyDiGraph() if directed else library.PyGraph()
    graph.add_nodes_from(list(range(5)))
    graph.add_edges_from([(u, v, w) for (u, v), w in zip(ARCS, WEIGHTS, strict=True)])
    return graph


@pytest.mark.parametrize("make", [_networkx, _multi, _igraph, _networkit, _rustworkx])
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("asked", [None, True, False])
def test_graph_objects(make, own, asked) -> None:
    """Would catch arcs turned round, lost or doubled, weights on the wrong arc, people lost."""
    net = as_network(make(own), asked)
    directed = own if asked is None else asked
    assert net.layer().directed == directed
    assert rows(net) == (DIRECTED if own and directed else MUTUAL)
    expected = {(u, v): w for (u, v), w in zip(ARCS, WEIGHTS, strict=True)}
    if not (own and directed):
        expected |= {(v, u): w for (u, v), w in expected.items()}
    assert arc_weights(net) == expected
    assert net.labels is None
    assert as_network(make(own), weight=None).layer().weights is None


@pytest.mark.parametrize("form", ["csr_array", "coo_matrix", "csc_array", "dok_array"])
def test_sparse_matrices(form) -> None:
    """Would catch rows taken for columns, stored zeros taken for arcs, ties counted twice."""
    sparse = pytest.importorskip("scipy.sparse")
    dense = np.zeros((5, 5))
    for (u, v), w in zip(ARCS, WEIGHTS, strict=True):
        dense[u, v] = w
    matrix = getattr(sparse, form)(dense)
    assert rows(as_network(matrix)) == DIRECTED
    assert arc_weights(as_network(matrix)) == dict(zip(ARCS, WEIGHTS, strict=True))
    both = getattr(sparse, form)(dense + dense.T)
    mutual = as_network(both, directed=False)
    assert rows(mutual) == MUTUAL
    assert arc_weights(mutual)[2, 0] == 2.0
    assert mutual.notes["parallel_merged"] == 3  # each tie stands twice in a matrix
    pattern = as_network(getattr(sparse, form)(dense != 0))
    assert pattern.layer().weights is None
    with pytest.raises(KoubeiError, match=r"not a square sparse matrix, got \(2, 3\)"):
        as_network(getattr(sparse, form)(np.zeros((2, 3))))


def test_a_stored_zero_is_no_arc() -> None:
    """Would catch an explicit zero of a sparse matrix read as a tie."""
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.csr_array(([1.0, 0.0], ([0, 1], [1, 0])), shape=(2, 2))
    assert rows(as_network(matrix)) == [[1], []]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames(library) -> None:
    """Would catch columns taken by place, or text ids that lose their names."""
    frames = pytest.importorskip(library)
    frame = frames.DataFrame({"weight": WEIGHTS, "dst": [1, 2, 0], "src": [0, 0, 3]})
    net = as_network(frame)
    assert rows(net) == DIRECTED[:4]
    assert arc_weights(net) == dict(zip(ARCS, WEIGHTS, strict=True))
    named = as_network(frames.DataFrame({"source": ["li"], "target": ["an"]}), directed=False)
    assert named.labels.tolist() == ["an", "li"]
    assert rows(named) == [[1], [0]]
    with pytest.raises(KoubeiError, match="source: no source column, got a, b"):
        as_network(frames.DataFrame({"a": [1], "b": [2]}))
    with pytest.raises(KoubeiError, match=r"column source\[1\]: not a name, got an empty"):
        as_network(frames.DataFrame({"source": ["a", None], "target": ["b", "c"]}))
    with pytest.raises(KoubeiError, match=r"column source\[1\]: not a name, got an empty"):
        as_network(frames.DataFrame({"source": [1, None], "target": [2, 3]}))


def test_a_polars_query_is_run() -> None:
    """Would catch a query that has not run yet being refused."""
    polars = pytest.importorskip("polars")
    assert rows(as_network(polars.DataFrame({"u": [0], "v": [1]}).lazy())) == [[1], []]


def test_arrays() -> None:
    """Would catch a pair of arrays read as two edges, or an (m, 2) array read by columns."""
    array = np.array(ARCS)
    for edges in (array, (array[:, 0], array[:, 1]), [[0, 0, 3], [1, 2, 0]]):
        assert rows(as_network(edges)) == DIRECTED[:4]
        assert rows(as_network(edges, directed=False)) == MUTUAL[:4]
    assert as_network((["x"], ["a"])).labels.tolist() == ["a", "x"]


def test_a_network_is_taken_as_it_is() -> None:
    """Would catch a copy where none is needed, or a direction that is not changed when asked."""
    net = Network.from_edges([0], [1], weight=[2.0])
    assert as_network(net) is net
    assert as_network(net, True) is net
    mutual = as_network(net, False)
    assert rows(mutual) == [[1], [0]]
    assert arc_weights(mutual) == {(0, 1): 2.0, (1, 0): 2.0}
    again = as_network(mutual, True)
    assert again.layer().directed
    assert rows(again) == [[1], [0]]


def test_names_of_nodes_become_labels() -> None:
    """Would catch names that are lost or belong to the wrong person."""
    networkx = pytest.importorskip("networkx")
    net = as_network(networkx.Graph([("b", "a"), ("a", "c")]))
    assert net.labels.tolist() == ["b", "a", "c"]
    assert rows(net) == [[1], [0, 2], [1]]
    assert as_network(networkx.DiGraph([(5, 3)])).labels.tolist() == [5, 3]
    grid = as_network(networkx.grid_2d_graph(2, 2))
    assert grid.labels.tolist() == ["(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)"]
    with pytest.raises(KoubeiError, match="two people have the same label, got 1"):
        as_network(networkx.Graph([(1, "1")]))
    igraph = pytest.importorskip("igraph")
    named = igraph.Graph(edges=[(0, 1)])
    named.vs["name"] = ["x", "y"]
    assert as_network(named).labels.tolist() == ["x", "y"]
    rustworkx = pytest.importorskip("rustworkx")
    holes = rustworkx.PyDiGraph()
    holes.add_nodes_from(["a", "b", "c"])
    holes.add_edge(0, 2, None)
    holes.remove_node(1)
    net = as_network(holes)
    assert (net.labels.tolist(), rows(net)) == (["a", "c"], [[1], []])
    assert net.layer().weights is None
    networkit = pytest.importorskip("networkit")
    graph = networkit.Graph(3)
    graph.addEdge(0, 2)
    graph.removeNode(1)
    net = as_network(graph)
    assert (net.labels.tolist(), rows(net)) == ([0, 2], [[1], [0]])


def test_missing_edge_weights_are_one_and_words_are_refused() -> None:
    """Would catch an edge without weight that weighs nothing."""
    networkx = pytest.importorskip("networkx")
    graph = networkx.DiGraph([(0, 1), (1, 2, {"weight": 3})])
    assert arc_weights(as_network(graph)) == {(0, 1): 1.0, (1, 2): 3.0}
    graph.add_edge(2, 0, weight="much")
    with pytest.raises(
        KoubeiError, match="edge weights are not numbers, got 'much', try weight=None"
    ):
        as_network(graph)


@pytest.mark.parametrize(
    "wrong", [None, 3, "graph", {"a": 1}, [1, 2], np.zeros(3), np.zeros((2, 3))]
)
def test_what_is_no_graph_is_refused(wrong) -> None:
    """Would catch something odd turned into a graph nobody meant."""
    with pytest.raises(KoubeiError, match=r"^as_network: "):
        as_network(wrong)


def test_graphs_without_nodes_and_wrong_directions_are_refused() -> None:
    """Would catch a network of nobody."""
    networkx = pytest.importorskip("networkx")
    with pytest.raises(KoubeiError, match="a graph without nodes"):
        as_network(networkx.Graph())
    with pytest.raises(KoubeiError, match="directed: not a yes or no"):
        as_network(networkx.Graph([(0, 1)]), directed="no")  # type: ignore[arg-type]


def test_importing_networks_loads_no_other_library(fresh_python) -> None:
    """Would catch a heavy import at the top of a module: it would cost every start."""
    code = (
        "import sys, numba, time\n"
        "start = time.perf_counter()\n"
        "import koubei_sim.networks\n"
        "heavy = ('networkx', 'pandas', 'scipy', 'pyarrow', 'igraph', 'polars', 'matplotlib')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    before = fresh_python("import sys, numba\nprint('scipy' in sys.modules)")
    expected = "['scipy']" if before.strip() == "True" else "[]"
    assert fresh_python(code).strip() == expected

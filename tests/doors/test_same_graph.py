"""The same graph gives the same network through every adapter, writer and reader, by label."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from koubei_sim.cascades import IndependentCascade, cascade
from koubei_sim.networks import Network, as_network, read_network, write_network

networkx = pytest.importorskip("networkx")
pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")
sparse = pytest.importorskip("scipy.sparse")
NAMES = (
    "anna", "b", "01a", "NA", "nan", "li wei", "a,b", "a;b", '"q"', "#wuhan", "C#", "it's",
    "<&>", "小明", "José", "true", "1e3x", "Person", "source", "-",
)  # fmt: skip


class Drawn(NamedTuple):
    """A graph as its owner thinks of it: who, and which ties of which weight."""

    people: list[Any]  # in an order that means nothing
    ties: dict[tuple[Any, Any], float]  # a mutual tie stands once
    directed: bool
    start: Any

    @property
    def frame(self) -> Any:
        rows = [(u, v, w) for (u, v), w in self.ties.items()]
        return pandas.DataFrame(rows, columns=["source", "target", "weight"])

    @property
    def alone(self) -> bool:
        return {who for tie in self.ties for who in tie} != set(self.people)

    @property
    def plain(self) -> bool:
        """Whether names hold no sign that text with blanks cannot carry."""
        return all(not set(str(who)) & set(" ,;\"#%<&'") for who in self.people)


@st.composite
def drawn(draw: Any) -> Drawn:
    whole = draw(st.booleans())
    labels = st.integers(0, 40) if whole else st.sampled_from(NAMES)
    people = draw(st.lists(labels, min_size=2, max_size=7, unique=True))
    directed = draw(st.booleans())
    pairs = [(u, v) for i, u in enumerate(people) for j, v in enumerate(people) if i != j]
    if not directed:  # once, whichever end comes first
        pairs = [
            pair if draw(st.booleans()) else pair[::-1]
            for at, pair in enumerate(pairs)
            if pair[::-1] not in pairs[:at]
        ]
    chosen = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=12, unique=True))
    weights = st.integers(0, 8).map(lambda eighths: eighths / 8 + 0.125)
    ties = {pair: draw(weights) for pair in chosen}
    return Drawn(people, ties, directed, draw(st.sampled_from(list(ties)))[0])


# ------------------------------------------------------------------ adapters


def by_networkx(graph: Drawn, folder: Path) -> Network:
    return as_network(networkx_graph(graph))


def networkx_graph(graph: Drawn) -> Any:
    made = networkx.DiGraph() if graph.directed else networkx.Graph()
    made.add_nodes_from(graph.people)
    made.add_weighted_edges_from((u, v, w) for (u, v), w in graph.ties.items())
    return made


def by_multigraph(graph: Drawn, folder: Path) -> Network:
    made = networkx.MultiDiGraph() if graph.directed else networkx.MultiGraph()
    made.add_nodes_from(graph.people)
    for (u, v), w in graph.ties.items():  # in two parts that add up
        made.add_edge(u, v, weight=w - 0.0625)
        made.add_edge(u, v, weight=0.0625)
    return as_network(made)


def by_igraph(graph: Drawn, folder: Path) -> Network:
    igraph = pytest.importorskip("igraph")
    rows = {who: row for row, who in enumerate(graph.people)}
    made = igraph.Graph(
        n=len(rows), edges=[(rows[u], rows[v]) for u, v in graph.ties], directed=graph.directed
    )
    made.vs["name"] = graph.people
    made.es["weight"] = list(graph.ties.values())
    return as_network(made)


def by_rustworkx(graph: Drawn, folder: Path) -> Network:
    rustworkx = pytest.importorskip("rustworkx")
    made = rustworkx.PyDiGraph() if graph.directed else rustworkx.PyGraph()
    rows = dict(zip(graph.people, made.add_nodes_from(graph.people), strict=True))
    made.add_edges_from([(rows[u], rows[v], w) for (u, v), w in graph.ties.items()])
    return as_network(made)


def by_networkit(graph: Drawn, folder: Path) -> Network:
    networkit = pytest.importorskip("networkit")
    rows = {who: row for row, who in enumerate(graph.people)}
    made = networkit.Graph(len(rows), weighted=True, directed=graph.directed)
    for (u, v), w in graph.ties.items():
        made.addEdge(rows[u], rows[v], w)
    net = as_network(made)  # its nodes have numbers only
    return Network(net.layers, np.array(graph.people))


def by_scipy(graph: Drawn, folder: Path) -> Network:
    rows = {who: row for row, who in enumerate(graph.people)}
    ends = np.array([(rows[u], rows[v]) for u, v in graph.ties])
    size = (len(rows), len(rows))
    made = sparse.coo_array((list(graph.ties.values()), (ends[:, 0], ends[:, 1])), size)
    if not graph.directed:
        made = made + made.T
    return as_network(made.tocsr(), directed=graph.directed, labels=graph.people)


def by_pandas(graph: Drawn, folder: Path) -> Network:
    return as_network(graph.frame.convert_dtypes(), directed=graph.directed)


def by_polars(graph: Drawn, folder: Path) -> Network:
    return as_network(polars.from_pandas(graph.frame).lazy(), directed=graph.directed)


def by_arrays(graph: Drawn, folder: Path) -> Network:
    table = graph.frame
    return Network.from_edges(
        table["source"], table["target"], None, table["weight"], graph.directed, "auto"
    )


def by_pairs(graph: Drawn, folder: Path) -> Network:
    return as_network(list(graph.ties), directed=graph.directed)


def by_neighbours(graph: Drawn, folder: Path) -> Network:
    made: dict[Any, list[Any]] = {who: [] for who in graph.people}
    for u, v in graph.ties:
        made[u].append(v)
    return as_network(made, directed=graph.directed)


# ------------------------------------------------------------------ our files, and those of others


def through_ours(suffix: str, graph: Drawn, folder: Path) -> Network:
    net = as_network(networkx_graph(graph))
    return read_network(write_network(net, folder / f"ours{suffix}"))


def through_networkx(kind: str, graph: Drawn, folder: Path) -> Network:
    path = folder / f"theirs.{kind}"
    getattr(networkx, f"write_{kind}")(networkx_graph(graph), path)
    return read_network(path)


def through_pajek(graph: Drawn, folder: Path) -> Network:
    path = folder / "theirs.net"
    made = networkx.relabel_nodes(networkx_graph(graph), str)
    networkx.write_pajek(made, path)
    return read_network(path)


def through_csv(separator: str, graph: Drawn, folder: Path) -> Network:
    path = folder / "theirs.csv"
    graph.frame.to_csv(path, index=False, sep=separator)
    return read_network(path, directed=graph.directed, comment=signs(graph))


def through_gephi(graph: Drawn, folder: Path) -> Network:
    path = folder / "gephi.csv"
    table = graph.frame.rename(columns=str.title)
    table.insert(2, "Type", "Directed" if graph.directed else "Undirected")
    table.to_csv(path, index=False, sep=";", encoding="utf-8-sig")
    return read_network(path, comment=signs(graph))


def signs(graph: Drawn) -> str | None:
    """No line is a remark where a name begins like one; else let the reader find out."""
    return "" if any(str(who).startswith("#") for who in graph.people) else None


def through_parquet(graph: Drawn, folder: Path) -> Network:
    path = folder / "theirs.parquet"
    graph.frame.to_parquet(path)
    return read_network(path, directed=graph.directed)


def through_edgelist(graph: Drawn, folder: Path) -> Network:
    path = folder / "theirs.txt"
    networkx.write_weighted_edgelist(networkx_graph(graph), path)
    return read_network(path, directed=graph.directed, columns="source target weight")


def through_matrix_market(graph: Drawn, folder: Path) -> Network:
    from scipy.io import mmwrite

    path = folder / "theirs.mtx"
    order = graph.people
    made = networkx.to_scipy_sparse_array(networkx_graph(graph), nodelist=order)
    mmwrite(path, made, precision=17)
    net = read_network(path, directed=graph.directed)
    return Network(net.layers, np.array(order))


Door = Callable[[Drawn, Path], Network]
UNWEIGHTED = {"by_pairs", "by_neighbours"}
WITHOUT_LONE = {
    "by_pandas", "by_polars", "by_arrays", "by_pairs", "through_csv", "through_gephi",
    "through_parquet", "through_edgelist",
}  # fmt: skip


def doors(graph: Drawn) -> Iterator[tuple[str, Door]]:
    """Every way into the library that can carry this graph."""
    plain: list[Door] = [
        by_networkx, by_multigraph, by_igraph, by_rustworkx, by_networkit, by_scipy, by_pandas,
        by_polars, by_arrays, by_pairs, by_neighbours, through_gephi, through_parquet,
        through_matrix_market,
    ]  # fmt: skip
    text = all(isinstance(who, str) for who in graph.people)
    if graph.plain:
        plain += [through_edgelist, through_pajek]
    for door in plain:
        yield door.__name__, door
    for suffix in (".csv", ".parquet", ".graphml", ".edges", ".tsv", ".csv.gz", ".txt"):
        if graph.plain or suffix in (".csv", ".parquet", ".graphml", ".csv.gz"):
            yield f"through_ours {suffix}", functools.partial(through_ours, suffix)
    for kind in ("graphml", "gexf", "gml"):
        # networkx writes names that GML cannot hold, and reads them back otherwise.
        if kind != "gml" or (graph.plain and (not text or all(map(str.isascii, graph.people)))):
            yield f"through_networkx {kind}", functools.partial(through_networkx, kind)
    for separator in ",;\t":
        yield f"through_csv {separator!r}", functools.partial(through_csv, separator)


def told(net: Network) -> tuple[set[Any], bool, dict[tuple[Any, Any], float]]:
    """People, direction and arcs, by label."""
    layer = net.layer()
    weights = np.ones(layer.n_arcs) if layer.weights is None else layer.weights
    ends = [end.tolist() for end in net.arcs()]
    return (
        set(net.people(np.arange(net.n_nodes)).tolist()),
        layer.directed,
        dict(zip(zip(*ends, strict=True), weights.tolist(), strict=True)),
    )


def spread(net: Network, graph: Drawn, key: int) -> Any:
    """One seeded cascade: people in one order, so that coins fall alike, named by label."""
    ordered = net.subgraph(sorted(set(net.people(np.arange(net.n_nodes)).tolist()), key=str))
    chance = dict.fromkeys(zip(*(end.tolist() for end in ordered.arcs()), strict=True), 0.5)
    found = cascade(
        ordered, IndependentCascade(chance), [graph.start], 8, key, record=["people"], threads=1
    )
    reached = dict(zip(ordered.labels.tolist(), found.probability.tolist(), strict=True))
    return found.sizes.tolist(), {who: share for who, share in reached.items() if share}


def certain(net: Network, graph: Drawn) -> set[Any]:
    """Whom the word reaches over ties of weight above 1/2, in the order of the network itself."""
    _, _, arcs = told(net)
    sure = {arc: float(graph_weight(graph, arc) > 0.5) for arc in arcs}
    found = cascade(net, IndependentCascade(sure), [graph.start], 1, 1, record=["people"])
    people = net.people(np.arange(net.n_nodes)).tolist()
    return {who for who, share in zip(people, found.probability, strict=True) if share}


def graph_weight(graph: Drawn, arc: tuple[Any, Any]) -> float:
    return graph.ties[arc] if arc in graph.ties else graph.ties[arc[::-1]]


def same_through_every_door(graph: Drawn, key: int, tmp_path: Path) -> None:
    ties = dict(graph.ties)
    if not graph.directed:
        ties |= {(v, u): w for (u, v), w in graph.ties.items()}
    right: Any = (set(graph.people), graph.directed, ties)
    known = by_networkx(graph, tmp_path)
    runs = spread(known, graph, key)
    sure = certain(known, graph) if key % 5 == 0 else None
    for name, door in doors(graph):
        kind = name.split(" ")[0]
        if kind in WITHOUT_LONE and graph.alone:
            continue
        net = door(graph, tmp_path)
        people, directed, arcs = told(net)
        if kind in UNWEIGHTED:
            arcs = {arc: ties.get(arc, -1.0) for arc in arcs}
        assert (people, directed, arcs) == right, name
        assert spread(net, graph, key) == runs, name
        assert sure is None or certain(net, graph) == sure, name


LENIENT = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


#: All names; the lines tell apart which files can carry them: any, with signs beyond ASCII, few.
TOGETHER = (
    ("anna", "b", "01a", "NA", "nan", "true"),
    ("1e3x", "Person", "source", "-"),
    ("小明", "José", "b"),
    ("li wei", "a,b", "a;b", '"q"'),
    ("#wuhan", "C#", "it's", "<&>"),
)


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("names", TOGETHER, ids=lambda names: names[0])
def test_every_name_goes_through_every_door(
    names: tuple[str, ...], directed: bool, tmp_path: Path
) -> None:
    """Would catch a door that calls one of these otherwise, or takes it for nobody."""
    circle = dict(zip(zip(names, names[1:] + names[:1], strict=True), (0.25, 0.5, 1, 1, 1, 1)))
    both = {(names[1], names[0]): 0.75} if directed else {}
    same_through_every_door(Drawn([*names], circle | both, directed, names[0]), 0, tmp_path)


def test_no_name_is_left_out() -> None:
    """Would catch a name that only chance tries."""
    assert {name for names in TOGETHER for name in names} == {*NAMES}


@settings(max_examples=60, suppress_health_check=LENIENT)
@given(graph=drawn(), key=st.integers(0, 99))
def test_every_door_makes_the_same_network(graph: Drawn, key: int, tmp_path: Path) -> None:
    """Would catch a door that loses, doubles or turns a tie, or calls somebody otherwise."""
    same_through_every_door(graph, key, tmp_path)


@pytest.mark.slow
@settings(max_examples=1000, suppress_health_check=LENIENT)
@given(graph=drawn(), key=st.integers(0, 99))
def test_every_door_makes_the_same_networks(graph: Drawn, key: int, tmp_path: Path) -> None:
    """As the one above, more of them."""
    same_through_every_door(graph, key, tmp_path)

"""Files that are right, of every kind that is read, and what reads each."""

# ruff: noqa: E501  # tables of inputs are easier to read a line each

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from koubei_sim import Network, Scenario, read_contacts, read_network, run
from koubei_sim.cli.cascade import seeds_from


class Kind(NamedTuple):
    """A kind of file: its name, right contents, and what reads it."""

    name: str
    contents: tuple[bytes, ...]
    read: Callable[[Path], Any]


@cache
def named_people() -> Network:
    """A graph whose people have names, for the files of seeds."""
    names = ["anna", "bert", "小米", "a b", "#1"]
    return Network.from_edges([0, 1, 2, 3], [1, 2, 3, 4], 5, labels=names)


def _seeds(path: Path) -> Any:
    return seeds_from([str(path)], named_people(), ())


def _people(path: Path) -> Any:
    return run("tiny", rng=1, ticks=2, n_agents=6, agents=path, **{"seeding.number": 1})


def _followed(path: Path) -> Any:
    """A scenario that can be read can be run, a few days at least."""
    found = Scenario.load(path)
    if found.n_agents <= 2000 and found.ticks <= 400:
        run(found, rng=1)
    return found


def parquet() -> bytes:
    """A table of ties as parquet."""
    import pandas as pd

    file = io.BytesIO()
    frame = pd.DataFrame({"source": ["a", "b"], "target": ["b", "c"], "weight": [0.5, 1.0]})
    frame.to_parquet(file)
    return file.getvalue()


TEXT = (
    b"0 1\n1 2\n2 3\n",
    b"# Directed graph\n# Nodes: 4 Edges: 3\n# FromNodeId\tToNodeId\n10\t20\n20\t30\n30\t11\n",
    b"% asym unweighted\n% 3 4 4\n1 2\n2 3\n3 4\n",
    b"% bip weighted\n1 1 2.5\n2 1 0.5\n",
    b"anna bert 0.5\nbert carla 0.25\n",
    "小米,华为\n华为,魅族\n".encode(),
    b'"a b" c\nc "d"\n',
    b"1 2 {'weight': 0.5}\n2 3 {}\n",
)
TABLE = (
    b"source,target,weight\na,b,0.5\nb,c,1\n",
    b"Source;Target;Type;Id;Label;Weight\n1;2;Undirected;0;;1,5\n2;3;Undirected;1;;2\n",
    b"from\tto\n1\t2\n2\t3\n",
    b"# directed: true\n# nodes: 5\nsource,target\n0,1\n1,2\n",
)
CONTACTS = (
    b"0 1 20\n1 2 40\n2 0 40\n",
    b"20 1001 1002\n40 1002 1003\n60 1001 1003\n",
    b"source,target,time\na,b,2012-12-15 08:00\nb,c,2012-12-15 09:30\n",
    b"% sym positive\n1 2 1 1082040961\n2 3 1 1082155839\n",
)
GRAPHML = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
    b'<key id="w" for="edge" attr.name="weight" attr.type="double"/>\n'
    b'<graph edgedefault="directed"><node id="a"/><node id="b"/><node id="c"/>\n'
    b'<edge source="a" target="b"><data key="w">0.5</data></edge>\n'
    b'<edge source="b" target="c"/></graph></graphml>\n',
)
GEXF = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">\n'
    b'<graph mode="static" defaultedgetype="undirected"><nodes><node id="0" label="a"/>\n'
    b'<node id="1" label="b"/></nodes><edges><edge id="0" source="0" target="1" weight="2"/></edges>\n'
    b"</graph></gexf>\n",
)
GML = (
    b'graph [\n directed 1\n node [\n id 0\n label "a"\n ]\n node [\n id 1\n label "b"\n ]\n'
    b" edge [\n source 0\n target 1\n weight 0.5\n ]\n]\n",
)
PAJEK = (
    b'*Vertices 3\n1 "a" 0.1 0.2 0.5\n2 "b"\n3 "c d"\n*Arcs\n1 2 0.5\n*Edges\n2 3\n',
    b"*Vertices 2\n*Matrix\n0 1\n1 0\n",
    b"*Vertices 3\n*Arcslist\n1 2 3\n",
)
METIS = (b"3 2 001\n2 5\n1 5 3 2\n2 2\n", b"% a comment\n3 3\n2 3\n1 3\n1 2\n")
MATRIX = (
    b"%%MatrixMarket matrix coordinate real general\n% of\n3 3 2\n1 2 0.5\n2 3 1\n",
    b"%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n2 1\n3 2\n",
    b"%%MatrixMarket matrix array real general\n2 2\n0\n1\n1\n0\n",
)
SEEDS = (b"anna\nbert\n", "id\nanna\n小米\n".encode(), b'"a b"\n#1\n', b"anna, bert")
PEOPLE = (
    b"segment\n" + b"enthusiast\n" * 3 + b"newbie\n" * 3,
    b"segment,expertise,activity,income\n"
    + b"enthusiast,90,1.0,5000\n" * 3
    + b"newbie,5,1.0,3000\n" * 3,
)
KINDS = (
    Kind("text.txt", TEXT, read_network),
    Kind("text.csv", TABLE, read_network),
    Kind("text.edges", TEXT + TABLE, lambda path: read_network(path, ids="text", directed=True)),
    Kind("named.tsv", TABLE, lambda path: read_network(path, columns="source target weight")),
    Kind("contacts.txt", CONTACTS, read_contacts),
    Kind("contacts.csv", CONTACTS + TABLE, lambda path: read_contacts(path, directed=False)),
    Kind("graph.graphml", GRAPHML, read_network),
    Kind("graph.gexf", GEXF, read_network),
    Kind("graph.gml", GML, read_network),
    Kind("graph.net", PAJEK, read_network),
    Kind("graph.graph", METIS, read_network),
    Kind("graph.mtx", MATRIX, read_network),
    Kind("packed.txt.gz", TEXT, read_network),
    Kind("edges.parquet", (b"PARQUET",), read_network),
    Kind("contacts.parquet", (b"PARQUET",), read_contacts),
    Kind("graph.json", (b'{"nodes": [{"id": 1}], "links": []}',), read_network),
    Kind("seeds.txt", SEEDS, _seeds),
    Kind("people.csv", PEOPLE, _people),
    Kind("scenario.toml", (b'title = "mine"\nticks = 5\nn_agents = 100\n[seeding]\nnumber = 3\n',),
         _followed),
)  # fmt: skip

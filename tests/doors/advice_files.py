"""What is advised about files: how to say what a column is, and what reads a file that we do not."""

# ruff: noqa: E501  # the texts stand as they are in the sources

from __future__ import annotations

import json
import pickle
import warnings
from pathlib import Path
from typing import Any
from unittest.mock import patch

import igraph
import networkx as nx
import numpy as np
import pandas as pd
import scipy.io
import scipy.sparse
from tests.doors.advice_calls import FRAME, GRAPH, Call, Trial, read, write

import koubei_sim as kb
from koubei_sim import Network, as_network
from koubei_sim.networks import read_contacts

NAMED = "source,target\nsource,anna\n"
HEADED = "source,target\nanna,bert\n"
LATE = "anna bert\n" * 20_000 + "王 李\n"  # what the first lines do not show
NEIGHBOURS = "0 1 2\n1 2 0\n2 0 1\n"
TIMES_FIRST = "1 10 11\n5 11 10\n9 10 12\n12 12 13\n"
IN_DOUBT = "1 7 20\n2 8 3\n3 9 2\n4 5 1\n"
ENDS = "source,source,target\nanna,bert,carl\n"
OBLONG = "%%MatrixMarket matrix coordinate real general\n2 3 3\n1 1 1.0\n2 1 1.0\n2 3 1.0\n"
MOMENTS = "source,target,moment\nanna,bert,1\n"
SECONDS = "1 2 1000000000\n2 3 1000000001\n"
CHAIN = [[0, 1, 0], [0, 0, 1], [0, 0, 0]]


def matrix(separator: str, names: str = "") -> str:
    """Who reaches whom in a chain of three, as a text with or without names."""
    rows = [[str(cell) for cell in row] for row in CHAIN]
    if names:
        rows = [
            ["" if names.isdigit() else "x", *names],
            *([name, *row] for name, row in zip(names, rows, strict=True)),
        ]
    return "\n".join(map(separator.join, rows)) + "\n"


def meetings(text: str, **named: Any) -> Any:
    return read_contacts(write(text), **named)


def is_chain(network: Network) -> None:
    assert (network.n_nodes, network.n_arcs) == (3, 2)


def read_named_matrices() -> None:
    """Follow the advice for every separator, and for people called by numbers."""
    for separator, names in [(",", "abc"), (";", "abc"), ("\t", "abc"), (" ", "abc"), (",", "123")]:
        path = write(matrix(separator, names))
        fix = _refusal(lambda path=path: kb.read_network(path))
        is_chain(followed(fix, path=path))


def read_matrices() -> None:
    for separator in (" ", ",", ";", "\t"):
        path = write(matrix(separator))
        fix = _refusal(lambda path=path: kb.read_network(path))
        is_chain(followed(fix.removesuffix(" if it is one, or columns="), path=path))
        kb.read_network(path, columns="source target weight")


def followed(text: str, **named: Any) -> Any:
    """The value of an advice that is a whole expression."""
    known = {"as_network": as_network, "networkx": nx, "numpy": np, "pandas": pd, "json": json,
             "pickle": pickle, "scipy": scipy, "igraph": igraph}  # fmt: skip
    return eval(text, {**known, **named})


def _refusal(call: Call) -> str:
    try:
        call()
    except kb.KoubeiError as error:
        assert error.fix
        return error.fix
    raise AssertionError("nothing was refused")


def read_elsewhere() -> None:
    """Write a file of every kind that other libraries read, and follow the advice on it."""
    graph = nx.Graph([("anna", "bert")])
    whole = nx.Graph([(0, 1)])
    write(json.dumps(nx.node_link_data(graph)), "ties.json")
    for suffix in ("pkl", "pickle", "gpickle"):
        with open(f"ties.{suffix}", "wb") as file:
            pickle.dump(graph, file)
    scipy.sparse.save_npz("ties.npz", scipy.sparse.csr_array(np.array(CHAIN)))
    np.save("ties.npy", np.array([[0, 1], [1, 2]]))
    for suffix in ("feather", "arrow"):
        FRAME[:1].to_feather(f"ties.{suffix}")
    nx.write_graph6(whole, "ties.g6")
    nx.write_sparse6(whole, "ties.s6")
    nx.write_adjlist(graph, "ties.adjlist")
    write("# anna\nbert\n", "ties.lgl")
    for suffix in ("xlsx", "xls"):
        write("", f"ties.{suffix}")
    from koubei_sim.networks.files.graph_files import ELSEWHERE

    # The readers of spreadsheets are other packages; and one line closes no files.
    with patch.object(pd, "read_excel", lambda path: FRAME[:1]), warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for suffix in ELSEWHERE:
            path = f"ties{suffix}"
            found = followed(_refusal(lambda path=path: kb.read_network(path)))
            assert found.n_arcs > 0, suffix


def read_written_with_data() -> None:
    nx.write_edgelist(GRAPH, "ties.txt", data=False)
    assert kb.read_network("ties.txt", directed=True).n_arcs == 1


def matrix_of(path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # scipy 1.18 will give other matrices
        return scipy.io.mmread(path)


TRIED: dict[str, Trial] = {
    "\"comment='' if names begin with # or %\"": (
        lambda: read("#a\n#b\n"),
        lambda: read("#a #b\n#b #c\n", comment=""),
    ),
    "\"comment='#%' if it is a comment, comment='' if names begin with such a sign\"": (
        lambda: read("anna bert\n#carl dora\n"),
        lambda: [read("anna bert\n#carl dora\n", comment=sign) for sign in ("#%", "")],
    ),
    "'header=True or header=False'": (
        lambda: read(NAMED, "ties.csv"),
        lambda: (read(NAMED, "ties.csv", header=True), read(NAMED, "ties.csv", header=False)),
    ),
    "\"header=False if it is an edge, or header=True and columns='source target' in the order of the columns\"": (
        lambda: read("x,y\nanna,bert\n", "ties.csv"),
        lambda: (
            read("x,y\nanna,bert\n", "ties.csv", header=False),
            read("x,y\nanna,bert\n", "ties.csv", header=True, columns="source target"),
            read("y,x\nbert,anna\n", "ties.csv", header=True, columns="target source"),
        ),
    ),
    "f'n={high + 1}'": (
        lambda: read("# nodes: 5\n0 1\n1 9\n"),
        lambda: read("# nodes: 5\n0 1\n1 9\n", n=10),
    ),
    "\"ids='text'\"": (
        lambda: read("anna bert\n", ids="integer"),
        lambda: read("anna bert\n", ids="text"),
    ),
    "\"encoding='latin-1' or whatever the file was saved in\"": (
        lambda: kb.read_network(write(LATE, encoding="gb18030"), encoding="ascii"),
        lambda: [
            kb.read_network(write(LATE, encoding="gb18030"), encoding=name)
            for name in ("latin-1", "gb18030")
        ],
    ),
    "\"columns='source target'\"": (
        lambda: read("anna bert friend\nbert carl foe\n"),
        lambda: read("anna bert friend\nbert carl foe\n", columns="source target"),
    ),
    "\"columns='source target' in the order of the columns\"": (
        lambda: read(HEADED, header=False, source="source", target="target"),
        lambda: read(HEADED, header=False, columns="source target"),
    ),
    "'columns= for places of columns'": (
        lambda: read(HEADED, "ties.csv", source=1, target=0),
        lambda: read(HEADED, "ties.csv", columns={"source": 1, "target": 0}),
    ),
    "'columns= with their roles in order'": (
        lambda: read(ENDS, "ties.csv"),
        lambda: read(ENDS, "ties.csv", columns="source _ target"),
    ),
    "\"columns='source _ target' to pass over it\"": (
        lambda: read("anna -> bert\nbert -> carl\n"),
        lambda: read("anna -> bert\nbert -> carl\n", columns="source _ target"),
    ),
    "\"columns='time source target' or columns='source target time'\"": (
        lambda: meetings(IN_DOUBT),
        lambda: [
            meetings(IN_DOUBT, columns=order)
            for order in ("time source target", "source target time")
        ],
    ),
    "\"columns='time source target' or columns='source target weight'\"": (
        lambda: read(TIMES_FIRST),
        lambda: (
            meetings(TIMES_FIRST, columns="time source target"),
            read(TIMES_FIRST, columns="time source target"),
            read(TIMES_FIRST, columns="source target weight"),
        ),
    ),
    "\"as_network(networkx.read_adjlist(path)) or columns='source target weight'\"": (
        lambda: read(NEIGHBOURS),
        lambda: (
            as_network(nx.read_adjlist(write(NEIGHBOURS))),
            read(NEIGHBOURS, columns="source target weight"),
        ),
    ),
    "f'as_network(networkx.from_pandas_adjacency(pandas.read_csv(path, sep={how}, index_col=0, skipinitialspace=True).rename(str), networkx.DiGraph))'": (
        lambda: read(matrix(";", "abc")),
        read_named_matrices,
    ),
    "f'as_network(scipy.sparse.csr_array(numpy.loadtxt({how}))) if it is one, or columns='": (
        lambda: read(matrix(" ")),
        read_matrices,
    ),
    "'as_network(scipy.sparse.csr_array(m @ m.T)), m being scipy.io.mmread(path)'": (
        lambda: read(OBLONG, "ties.mtx"),
        lambda: followed(
            "as_network(scipy.sparse.csr_array(m @ m.T)).n_arcs / 2",
            m=matrix_of(write(OBLONG, "ties.mtx")),
        ),
    ),
    "'networkx.write_edgelist(..., data=False) when it is written'": (
        lambda: read("0 1 {'weight': 2}\n0 2 {'weight': much}\n"),
        read_written_with_data,
    ),
    "f'read_network({str(obj)!r})'": (
        lambda: as_network("ties.csv"),
        lambda: followed("read_network('ties.csv')", read_network=lambda at: read(HEADED, at)),
        "read_network('ties.csv')",
    ),
    "\"columns={'source': 'name', 'target': 'name'} for names in the file\"": (
        lambda: read("from,to\nanna,bert\n", "ties.csv", columns="from to"),
        lambda: read(
            "from,to\nanna,bert\n", "ties.csv", columns={"source": "from", "target": "to"}
        ),
    ),
    "f\"columns='{order}' for the first of them, _ for one to pass over\"": (
        lambda: read("anna bert 1 2 3\nbert carl 2 3 4\n"),
        lambda: [
            read("anna bert 1 2 3\nbert carl 2 3 4\n", columns=order)
            for order in ("source target", "source target _ weight", "_ _ source target")
        ],
        "columns='source target' for the first of them, _ for one to pass over",
    ),
    "f\"columns='{' '.join(wanted[:-1])}' if that is their order\"": (
        lambda: read("x,y\nanna,bert\n", "ties.csv", header=True),
        lambda: read("x,y\nanna,bert\n", "ties.csv", header=True, columns="source target"),
        "columns='source target' if that is their order",
    ),
    "f\"time='{rest[0]}'\"": (
        lambda: meetings(MOMENTS),
        lambda: meetings(MOMENTS, time="moment"),
        "time='moment'",
    ),
    "\"columns='source target weight', or columns='source target time' (read_contacts)\"": (
        lambda: read(SECONDS),
        lambda: (
            read(SECONDS, columns="source target weight"),
            meetings(SECONDS, columns="source target time"),
        ),
    ),
    "'as_network(networkx.read_adjlist(path)) if it is a list of neighbours'": (
        lambda: read("1 2\n2 3 4 5\n"),
        lambda: as_network(nx.read_adjlist(write("1 2\n2 3 4 5\n"))),
    ),
    "ELSEWHERE[suffix].format(repr(str(path)))": (
        lambda: read("[]", "ties.json"),
        read_elsewhere,
        "as_network(networkx.node_link_graph(json.load(open('ties.json', 'rb'))))",
    ),
}

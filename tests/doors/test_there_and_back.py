"""What `write_network` writes, `read_network` reads back equal, whatever the file."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Network, read_network, write_network

SUFFIXES = (".parquet", ".csv", ".csv.gz", ".edges", ".tsv", ".txt.gz", ".graphml", ".graphml.gz")
PLAIN = ("01", "1", "007", "anna", "NA", "nan", "true", "1.0", "1e3", "-1", "小明", "José")
ODD = ("li wei", "a,b", "a;b", '"quoted"', "#wuhan", "C#", "%", " blank ", "it's", "<&>", "Person")


def told(net: Network) -> dict[str, object]:
    """Everything that must come back, by label."""
    layer = net.layer()
    people = net.people(np.arange(net.n_nodes)).tolist()
    weights = [None] * layer.n_arcs if layer.weights is None else layer.weights.tolist()
    arcs = zip(layer.sources().tolist(), layer.indices.tolist(), weights, strict=True)
    return {
        "people": people,
        "directed": layer.directed,
        "arcs": sorted((people[u], people[v], w) for u, v, w in arcs),
    }


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize(
    "labels",
    [None, [7, 5, 900, 12345678901], [0, 1, 2, 3], [2, 0, 1, 3], ["01", "1", "2", "10"],
     ["b", "a", "小明", "z"], ["1", "2", "3", "4"], ["0", "1", "2", "3"]],
)  # fmt: skip
@pytest.mark.parametrize("weighted", [True, False])
def test_a_network_comes_back_equal(tmp_path, suffix, directed, labels, weighted) -> None:
    """Would catch direction, a person without ties, an order or a kind of labels that is lost."""
    weight = [0.1, 1e-30, 3.4e38] if weighted else None
    if directed:
        net = Network.from_edges([0, 2, 0], [2, 0, 3], 4, weight, True, labels, name="x")
    else:  # a tie once
        net = Network.from_edges([0, 0], [2, 3], 4, weight and weight[:2], False, labels)
    assert told(read_network(write_network(net, tmp_path / f"x{suffix}"))) == told(net)


@pytest.mark.parametrize("suffix", (".parquet", ".csv", ".csv.gz", ".graphml"))
def test_names_of_any_kind_come_back(tmp_path, suffix) -> None:
    """Would catch a name with a separator, a quote, a # or a blank that is cut."""
    names = [*PLAIN, *ODD]
    net = Network.from_edges(range(len(names) - 2), range(1, len(names) - 1), labels=names)
    assert told(read_network(write_network(net, tmp_path / f"x{suffix}"))) == told(net)


@pytest.mark.parametrize("suffix", (".edges", ".tsv", ".txt.gz"))
def test_text_keeps_names_without_signs_and_refuses_others(tmp_path, suffix) -> None:
    """Would catch a text file whose names are cut where it is read."""
    net = Network.from_edges(range(len(PLAIN) - 1), range(1, len(PLAIN)), labels=PLAIN)
    assert told(read_network(write_network(net, tmp_path / f"x{suffix}"))) == told(net)
    for name in (*(odd for odd in ODD if set(odd) & set(' ,;"#%')), ""):
        wrong = Network.from_edges([0], [1], labels=["a", name])
        with pytest.raises(KoubeiError, match=r"^labels: .* try a (\.csv or )?\.parquet file"):
            write_network(wrong, tmp_path / f"y{suffix}")
        read_network(write_network(wrong, tmp_path / "y.parquet"))


def test_nobody_has_ties(tmp_path) -> None:
    """Would catch a network of people without ties that cannot be read back."""
    for labels in (None, ["a", "01"], [4, 9]):
        net = Network.from_edges([], [], 2, labels=labels)
        for suffix in (".parquet", ".csv", ".graphml"):
            back = read_network(write_network(net, tmp_path / f"x{suffix}"), directed=True)
            assert told(back)["people"] == told(net)["people"]


def test_other_tools_read_the_csv(tmp_path) -> None:
    """Would catch marks at the top of a CSV file that stop pandas and spreadsheets."""
    pandas = pytest.importorskip("pandas")
    net = Network.from_edges([0, 1], [1, 2], 4, [0.5, 2], labels=["a b", "01", "#c", "lonely"])
    path = write_network(net, tmp_path / "x.csv")
    frame = pandas.read_csv(path, dtype={"source": str, "target": str})
    assert list(frame.columns) == ["source", "target", "weight", "type"]
    ties = frame[frame["type"] != "Person"]
    assert ties["source"].tolist() == ["a b", "01"]
    assert ties["weight"].tolist() == [0.5, 2.0]
    with path.open(newline="", encoding="utf-8") as file:
        assert len({len(row) for row in csv.reader(file)}) == 1


def test_graphml_of_the_library_is_that_of_networkx(tmp_path) -> None:
    """Would catch a GraphML file that other programs read otherwise."""
    networkx = pytest.importorskip("networkx")
    net = Network.from_edges([0], [1], 3, [0.25], labels=["x", "y", "lonely"])
    graph = networkx.read_graphml(write_network(net, tmp_path / "x.graphml"))
    assert (list(graph), list(graph.edges(data="weight"))) == (
        ["x", "y", "lonely"],
        [("x", "y", 0.25)],
    )
    with pytest.raises(KoubeiError, match=r"hold what XML cannot.* try a \.parquet file"):
        write_network(Network.from_edges([0], [1], labels=["a", "b\x01"]), tmp_path / "y.graphml")


def test_a_folder_that_is_no_folder_is_refused(tmp_path) -> None:
    """Would catch an error of the system in place of a line."""
    net = Network.from_edges([0], [1])
    (tmp_path / "file").write_text("x")
    with pytest.raises(KoubeiError, match="no such folder"):
        write_network(net, tmp_path / "file" / "x.csv")
    with pytest.raises(KoubeiError, match="not a path"):
        write_network(net, None)  # type: ignore[arg-type]
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(KoubeiError, match="cannot be written"):
        write_network(net, tmp_path / "x.csv")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "x.csv"]


def test_the_home_folder_is_known(tmp_path, monkeypatch) -> None:
    """Would catch ~ taken for the name of a folder where graphs are written or read."""
    monkeypatch.setenv("HOME", str(tmp_path))
    write_network(Network.from_edges([0], [1]), "~/my ties.csv")
    assert (tmp_path / "my ties.csv").exists()
    assert read_network("~/my ties.csv").layer().directed


NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\ufeff"),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_small_network_comes_back(tmp_path: Path, data) -> None:
    """Would catch any label, weight or tie that some kind of file does not hold."""
    names = data.draw(
        st.none()
        | st.lists(NAMES, min_size=1, max_size=6, unique=True)
        | st.lists(st.integers(0, 2**62), min_size=1, max_size=6, unique=True)
    )
    n = data.draw(st.integers(1, 6)) if names is None else len(names)
    ends = data.draw(
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), min_size=1, max_size=9)
    )
    ends = [pair for pair in dict.fromkeys(map(tuple, ends)) if pair[0] != pair[1]]
    directed = data.draw(st.booleans())
    if not directed:
        ends = list({tuple(sorted(pair)) for pair in ends})
    finite = st.floats(0, 2.0**127, width=32)
    weight = data.draw(st.none() | st.lists(finite, min_size=len(ends), max_size=len(ends)))
    src, dst = [u for u, _ in ends], [v for _, v in ends]
    net = Network.from_edges(src, dst, n, weight, directed, names)
    for suffix in (".parquet", ".csv", ".graphml", ".edges"):
        try:
            path = write_network(net, tmp_path / f"x{suffix}")
        except KoubeiError as refusal:
            assert refusal.where == "labels" and suffix in (".edges", ".graphml")
            continue
        if not ends and suffix == ".edges":
            continue  # a list without edges
        back = told(read_network(path))
        wanted = told(net)
        if not ends:
            back["directed"] = wanted["directed"]
        assert back == wanted

"""Files: every format read and written, every wrong file refused with its line."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from koubei_sim.errors import KoubeiError
from koubei_sim.networks import (
    Network,
    as_network,
    find_data,
    read_network,
    threads,
    write_network,
)
from koubei_sim.networks.files import table_edges, text_blocks, writers


def rows(net: Network) -> list[list[int]]:
    return [net.layer().heard_by(u).tolist() for u in range(net.n_nodes)]


def weights(net: Network) -> list[float]:
    found = net.layer().weights
    assert found is not None
    return found.tolist()


@pytest.mark.parametrize(
    "text",
    [
        "0 1\n2 1\n",
        "0\t1\n2\t1",
        "0,1\n2,1\n",
        "0, 1\n2 ,1\n",
        "0;1\n2;1\n",
        "# a comment\n\n0 1\n# more, 5 columns here: 1 2 3\n2 1\n\n",
        "  0   1  \r\n2 \t 1\r\n",
        "% konect\n0 1\n2 1\n",
        "\ufeff0 1\n2 1\n",
        "0 1 \n2 1 \n",
    ],
)
def test_text_in_all_its_dress(tmp_path, text) -> None:
    """Would catch a separator, comment or line end that shifts or loses an edge."""
    path = tmp_path / "a.edges"
    path.write_bytes(text.encode())
    assert rows(read_network(path, directed=True)) == [[1], [], [1]]
    assert rows(read_network(path)) == [[1], [0, 2], [1]]
    zipped = tmp_path / "b.txt.gz"
    zipped.write_bytes(gzip.compress(text.encode()))
    assert rows(read_network(zipped, directed=True)) == [[1], [], [1]]


def test_third_column_is_the_weight(tmp_path) -> None:
    """Would catch weights that are dropped, or parallel lines whose weights are not added."""
    path = tmp_path / "a.txt"
    path.write_text("0 1 0.5\n0 1 1e1\n1 2 3\n")
    net = read_network(path, directed=True)
    assert rows(net) == [[1], [2], []]
    assert weights(net) == [10.5, 3.0]


def test_what_the_comments_say_is_believed(tmp_path) -> None:
    """Would catch people without ties lost, or a directed file read as mutual."""
    path = tmp_path / "a.edges"
    path.write_text("# directed: true\n# nodes: 5\n0 1\n")
    assert rows(read_network(path)) == [[1], [], [], [], []]
    assert rows(read_network(path, directed=False)) == [[1], [0], [], [], []]
    assert read_network(path, n=7).n_nodes == 7


def test_sparse_and_text_ids_become_labels(tmp_path) -> None:
    """Would catch a network of a million people made of three."""
    path = tmp_path / "a.edges"
    path.write_text("7000000 12\n12 345678\n")
    net = read_network(path, directed=True)
    assert net.labels.tolist() == [12, 345678, 7000000]
    assert rows(net) == [[1], [], [0]]
    path.write_text("li zhang\nwang li\n小米 li\n")
    net = read_network(path, directed=True)
    assert net.labels.tolist() == ["li", "wang", "zhang", "小米"]
    assert rows(net) == [[2], [0], [], [0]]
    path.write_text("10 2\n")
    assert read_network(path, ids="text").labels.tolist() == ["10", "2"]


@pytest.mark.parametrize(("step", "labelled"), [(1, False), (2, True), (3, True)])
def test_numbers_of_whom_some_are_missing_are_names(tmp_path, step, labelled) -> None:
    """Would catch a graph padded with people whom nobody mentioned, or names where none are."""
    path = tmp_path / "a.edges"
    path.write_text("".join(f"{step * u} {step * (u - u % 7)}\n" for u in range(1, 2001)))
    net = read_network(path)
    assert (net.labels is not None) == labelled
    assert net.n_nodes == 2001


def test_blocks_are_cut_at_line_ends(tmp_path, monkeypatch) -> None:
    """Would catch an edge lost or split where a block of the file ends, and wrong line numbers."""
    monkeypatch.setattr(text_blocks, "BLOCK", 64)
    edges = [(i, (7 * i + 1) % 500) for i in range(500)]
    path = tmp_path / "a.edges"
    path.write_text("# head\n" + "".join(f"{u} {v}\n" for u, v in edges))
    net = read_network(path, directed=True)
    pairs = zip(net.layer().sources().tolist(), net.layer().indices.tolist(), strict=True)
    assert sorted(pairs) == sorted((u, v) for u, v in edges if u != v)
    path.write_text("# head\n" + "".join(f"{u} {v}\n" for u, v in edges) + "3 x\n")
    with pytest.raises(KoubeiError, match=r"a\.edges, line 502: id is not a whole number"):
        read_network(path)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    "odd",
    [
        "",
        "# a remark\n",
        "\n \n",
        "  4 5 \r\n",
        "\r\n4\t5\r\n",
        "4,5\n",
        "4 \t 5\n",
        "4\t2147483647\n",
        "4\t2147483648\n",
        "00000000000000000004\t5\n",
    ],
)
def test_odd_lines_in_the_middle_change_nothing_else(tmp_path, monkeypatch, odd, count) -> None:
    """Would catch a quick parser that misreads what the careful one reads, in any block."""
    monkeypatch.setattr(text_blocks, "BLOCK", 32)
    lines = [f"{u}\t{u + 1}\n" for u in range(40)]
    path = tmp_path / "a.edges"
    path.write_bytes(("".join(lines[:20]) + odd + "".join(lines[20:])).encode())
    pairs = {(u, u + 1) for u in range(40)}
    if odd.strip("# aremk\r\n"):
        pairs.add((4, int(odd.split()[-1].rpartition(",")[2])))
    with threads(count):
        net = read_network(path, directed=True, ids="integer")
    names = np.arange(net.n_nodes) if net.labels is None else net.labels
    layer = net.layer()
    found = zip(names[layer.sources()].tolist(), names[layer.indices].tolist(), strict=True)
    assert set(found) == pairs


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ("7\t-1\n", "line 21: id is not a whole number from 0, got -1"),
        ("7\t8\t9\n", "line 21: ragged line, got 7 8 9"),
        ("7\n", "line 21: ragged line, got 7"),
        ("7\t8x\n", "line 21: id is not a whole number from 0, got 8x"),
        ("7\t9999999999999999999\n7\n", "line 22: ragged line, got 7"),
        ("7\tx\n8\ty\n", "line 21: id is not a whole number from 0, got x"),
    ],
)
def test_the_first_wrong_line_is_named_whatever_the_block(
    tmp_path, monkeypatch, lines, line
) -> None:
    """Would catch a line number counted from the block, or the fault of a later block first."""
    monkeypatch.setattr(text_blocks, "BLOCK", 32)
    good = "".join(f"{u}\t{u + 1}\n" for u in range(20))
    path = tmp_path / "a.edges"
    path.write_text(good + lines + good + "a wrong line\n")
    with pytest.raises(KoubeiError) as refusal:
        read_network(path)
    assert str(refusal.value).startswith(f"{path}, {line}")


def test_sparse_numbers_spread_over_blocks_of_two_widths(tmp_path, monkeypatch) -> None:
    """Would catch ids cut to 32 bits, or blocks of 32 and 64 bits joined wrongly."""
    monkeypatch.setattr(text_blocks, "BLOCK", 32)
    edges = [(u, 3_000_000_000 + u) for u in range(30)] + [(5_000_000_000_000_000_000, 1)]
    path = tmp_path / "a.edges"
    path.write_text("".join(f"{u} {u + 1}\n" for u in range(9)) + "".join(
        f"{u} {v}\n" for u, v in edges))  # fmt: skip
    net = read_network(path, directed=True)
    assert net.labels.tolist() == sorted({end for edge in edges for end in edge})
    for u, v in edges:
        assert net.index_of(v) in net.layer().heard_by(int(net.index_of(u)))


def test_quick_and_careful_reading_of_csv_agree(tmp_path, monkeypatch) -> None:
    """Would catch a header read as an edge, columns the wrong way round, or a line lost."""
    monkeypatch.setattr(text_blocks, "BLOCK", 32)
    edges = [(7 * u % 50, (u + 1) % 50) for u in range(50)]
    path = tmp_path / "a.csv"
    expected = rows(Network.from_edges(*zip(*edges, strict=True)))
    for text in (
        "# made\n\nsource,target\n" + "".join(f"{u},{v}\n" for u, v in edges),
        "target,source\n" + "".join(f"{v},{u}\n" for u, v in edges),
        '"target","source"\n' + "".join(f'"{v}",{u}\n' for u, v in edges),
        "source,target\r\n" + "".join(f"{u},{v}\r\n" for u, v in edges),
    ):
        path.write_text(text, newline="")
        assert rows(read_network(path, directed=True)) == expected
    path.write_text("source,target\n" + "".join(f"{u},{v}\n" for u, v in edges) + "3,\n")
    with pytest.raises(KoubeiError, match=r"a\.csv, line 52, column target: no id in it"):
        read_network(path)


@pytest.mark.parametrize("kind", ["int8", "uint8", "int32", "uint32", "int64", "uint64", "wide"])
@pytest.mark.parametrize("size", [1000, 7])
def test_parquet_in_groups_of_rows(tmp_path, monkeypatch, kind, size) -> None:
    """Would catch a group of rows lost or misplaced, and numbers cut to 32 bits."""
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    monkeypatch.setattr(table_edges, "ROWS", 5)
    monkeypatch.delattr(table_edges, "_from_table")  # the careful way would hide a fault
    rng = np.random.default_rng(2)
    src, dst = rng.integers(0, 60, (2, 100)).astype("int64" if kind == "wide" else kind)
    weight = rng.integers(1, 9, 100).astype(np.float32)
    if kind == "wide":
        dst[50] = 2**40
    path = tmp_path / "x.parquet"
    columns = {"weight": weight, "target": dst, "source": src}
    parquet.write_table(arrow.table(columns), path, row_group_size=size)
    net = read_network(path, directed=True)
    expected = Network.from_edges(src, dst, weight=weight, labels="auto")
    assert rows(net) == rows(expected)
    assert weights(net) == weights(expected)
    assert net.labels.tolist() == expected.labels.tolist()


def test_csv_by_header(tmp_path) -> None:
    """Would catch columns taken by place instead of by name."""
    path = tmp_path / "a.csv"
    path.write_text("# made by hand\nWeight,Target,Source,note\n2.5,1,0,x\n4,0,2,y\n")
    net = read_network(path, directed=True)
    assert rows(net) == [[1], [], [0]]
    assert weights(net) == [2.5, 4.0]
    path.write_text("who,whom\nli,wang\n")
    named = read_network(path, directed=True, source="who", target="whom")
    assert named.labels.tolist() == ["li", "wang"]
    path.write_text("0,1\n1,2\n")
    assert rows(read_network(path, directed=True)) == [[1], [2], []]
    path.write_text("source,target\n1,2\n")
    assert read_network(path, ids="text").labels.tolist() == ["1", "2"]
    zipped = tmp_path / "b.csv.gz"
    zipped.write_bytes(gzip.compress(b"src,dst\n0,1\n"))
    assert rows(read_network(zipped, directed=True)) == [[1], []]


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".csv.gz", ".edges", ".tsv", ".txt.gz"])
@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("labels", [None, "numbers", "text"])
@pytest.mark.parametrize("weighted", [True, False])
def test_round_trip(tmp_path, monkeypatch, suffix, directed, labels, weighted) -> None:
    """Would catch any arc, weight, label or direction that does not come back."""
    monkeypatch.setattr(writers, "PART", 3)  # several writes
    src, dst = [0, 0, 3, 2, 1], [1, 2, 0, 3, 3]
    names = {None: None, "numbers": [10, 20, 3000, 40000], "text": ["a", "b", "c", "d"]}[labels]
    net = Network.from_edges(
        src, dst, 4, [1, 2, 3, 4, 5.5] if weighted else None, directed=directed, labels=names
    )
    path = write_network(net, tmp_path / f"x{suffix}")
    back = read_network(path, directed if suffix.startswith(".csv") else None)
    assert rows(back) == rows(net)
    assert back.layer().directed == directed
    assert (back.layer().weights is None) == (not weighted)
    if weighted:
        assert weights(back) == weights(net)
    assert (back.labels is None) == (labels is None)
    if labels is not None:
        assert back.labels.tolist() == names
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_parquet_keeps_people_without_ties_and_the_order_of_labels(tmp_path) -> None:
    """Would catch that a written network comes back with other numbers for its people."""
    net = Network.from_edges([2], [0], labels=["z", "lonely", "a"])
    back = read_network(write_network(net, tmp_path / "x.parquet"))
    assert back.labels.tolist() == ["z", "lonely", "a"]
    assert rows(back) == [[], [], [0]]
    empty = Network.from_edges([], [], n=3)
    for name in ("y.parquet",):
        assert read_network(write_network(empty, tmp_path / name)).n_nodes == 3


def test_parquet_of_others(tmp_path) -> None:
    """Would catch a reader that reads only its own files."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"from": ["b", "a"], "to": ["a", "c"], "w": [1, 2]})
    frame.to_parquet(tmp_path / "x.parquet")
    net = read_network(tmp_path / "x.parquet", directed=True)
    assert (net.labels.tolist(), rows(net), weights(net)) == (
        ["a", "b", "c"],
        [[2], [0], []],
        [2, 1],
    )


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch) -> None:
    """Would catch a half-written file under the final name, or rubbish left behind."""
    net = Network.from_edges([0], [1])
    path = write_network(net, tmp_path / "x.edges")
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(writers, "_parts", fail)
    with pytest.raises(KoubeiError, match=r"x\.edges: cannot be written \(disk full\)"):
        write_network(net, path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.edges"]


def test_what_cannot_be_written_is_refused(tmp_path) -> None:
    """Would catch labels that break the lines of a text file."""
    net = Network.from_edges([0], [1], labels=["li wang", "b"])
    with pytest.raises(KoubeiError, match=r"labels: hold ' '.* try a \.csv or \.parquet file"):
        write_network(net, tmp_path / "x.txt")
    assert read_network(write_network(net, tmp_path / "x.parquet")).labels.tolist()[0] == "li wang"
    with pytest.raises(KoubeiError, match="unknown kind of file"):
        write_network(net, tmp_path / "x.npz")
    with pytest.raises(KoubeiError, match="no such folder"):
        write_network(net, tmp_path / "no" / "x.txt")
    with pytest.raises(KoubeiError, match="several, say which"):
        plain = Network.from_edges([0], [1])
        write_network(Network.stack({"a": plain, "b": plain}), tmp_path / "x.txt")


def test_graphml(tmp_path) -> None:
    """Would catch direction, weights or names lost on the way through GraphML."""
    networkx = pytest.importorskip("networkx")
    graph = networkx.DiGraph()
    graph.add_edge("b", "a", weight=2.0)
    graph.add_edge("a", "c", weight=3.0)
    networkx.write_graphml(graph, tmp_path / "x.graphml")
    net = read_network(tmp_path / "x.graphml")
    assert (net.labels.tolist(), rows(net), weights(net)) == (
        ["b", "a", "c"],
        [[1], [2], []],
        [2, 3],
    )
    assert net.layer().name == "x"


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.edges", b"", "a.edges: empty file"),
        ("a.edges", b"# only\n# words\n", "a.edges: no edges in it"),
        ("a.edges", b"0 1\n1 2\n3\n", "a.edges, line 3: ragged line, got 3, allowed 2 columns"),
        ("a.edges", b"# c\n0 1\n\n1 2 3 4\n", "a.edges, line 4: ragged line, got 1 2 3 4"),
        ("a.edges", b"0 1 2 3\n", "a.edges, line 1: not an edge, got 4 columns"),
        ("a.edges", b"7\n8\n", "a.edges, line 1: not an edge, got 1 columns"),
        ("a.edges", b"0 1\n1 x\n", "a.edges, line 2: id is not a whole number from 0, got x"),
        ("a.edges", b"0 1\n1 2.5\n", "a.edges, line 2: id is not a whole number from 0, got 2.5"),
        ("a.edges", b"0 1\n-1 2\n", "a.edges, line 2: id is not a whole number from 0, got -1"),
        ("a.edges", b"0 1\nnan 2\n", "a.edges, line 2: id is not a whole number from 0, got nan"),
        ("a.edges", b"0 1 1\n1 2 heavy\n", "a.edges, line 2: weight is not a number, got heavy"),
        ("a.edges", b"0 1 1\n1 2 nan\n", "a.edges: edges.weight[1]: out of range, got nan"),
        ("a.edges", b"0 1 1\n1 2 -3\n", "a.edges: edges.weight[1]: out of range, got -3.0"),
        ("a.edges", b"left right\n0 1\n", "a.edges: no source column, got left, right"),
        ("a.edges", b"\x00\x01\x02junk\xff\n" * 9, "a.edges: not text"),
        ("a.edges.gz", b"\x1f\x8b\x08\x00broken", "a.edges.gz: broken gzip file"),
        (
            "a.edges.gz",
            gzip.compress(b"0 1\n" * 9999, mtime=0)[:40],
            "a.edges.gz: broken gzip file",
        ),
        ("a.csv", b"x,y\n0,1\n", "a.csv: no source column, got x, y"),
        ("a.csv", b"source,target\n0,1\n1\n", "a.csv, line 3: ragged line"),
        ("a.csv", b"source,target\n0,1\n1,\n", "a.csv, line 3, column target: no id in it"),
        ("a.csv", b"source,target\n0,1\n1,2.5\n", "a.csv, line 3, column target: id is not a"),
        (
            "a.csv",
            b"source,target,weight\n0,1,x\n",
            "a.csv, line 2, column weight: weight is not a number, got x",
        ),
        ("a.csv", b"source,target\n0,-1\n", "a.csv, line 2, column target: id is not a whole"),
        ("a.csv", b"source,target\n", "a.csv: no edges in it"),
        ("a.parquet", b"junk, no parquet" * 9, "a.parquet: not a parquet file"),
        ("a.graphml", b"junk", "a.graphml: not GraphML"),
        ("a.graphml", b"<graphml></graphml>", "a.graphml: not GraphML"),
        ("a.xlsx", b"junk", "a.xlsx: not read here, got .xlsx, try as_"),
        ("a", b"junk", "a, line 1: not an edge, got 1 columns"),
        ("a.parquet.gz", b"junk", "a.parquet.gz: a packed parquet file"),
    ],
)
def test_wrong_files_are_refused_in_one_line(tmp_path, monkeypatch, name, content, line) -> None:
    """Would catch a wrong file that is read, a traceback, or a message without file and line."""
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(content)
    with pytest.raises(KoubeiError) as refusal:
        read_network(name)
    assert str(refusal.value).startswith(line)
    assert "\n" not in str(refusal.value)


def test_missing_files_and_wrong_options(tmp_path, monkeypatch) -> None:
    """Would catch an operating system error in place of a line that helps."""
    monkeypatch.chdir(tmp_path)
    Path("edges.txt").write_text("0 1\n")
    with pytest.raises(KoubeiError, match=r"edgs\.txt: no such file, try edges\.txt"):
        read_network("edgs.txt")
    Path("folder.txt").mkdir()
    with pytest.raises(KoubeiError, match="a folder, not a file"):
        read_network("folder.txt")
    with pytest.raises(KoubeiError, match="ids: unknown, got 'number'"):
        read_network("edges.txt", ids="number")
    with pytest.raises(KoubeiError, match="directed: not a yes or no"):
        read_network("edges.txt", directed="yes")  # type: ignore[arg-type]
    with pytest.raises(KoubeiError, match=r"edges\.txt: dst\[0\]: id out of range, got 1"):
        read_network("edges.txt", n=1)
    Path("a.csv").write_text("source,target\n0,1\n")
    with pytest.raises(KoubeiError, match=r"no such column, got sauce, .* try source"):
        read_network("a.csv", source="sauce")
    with pytest.raises(KoubeiError, match="id is not a whole number from 0, got a, try ids='text'"):
        Path("b.csv").write_text("source,target\na,b\n")
        read_network("b.csv", ids="integer")


def test_find_data_looks_where_it_says(tmp_path, monkeypatch) -> None:
    """Would catch data that is found only on one machine, or a failure that names no folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "x.edges").write_text("0 1\n")
    monkeypatch.setenv("KOUBEI_DATA", str(folder))
    assert find_data("x.edges") == folder / "x.edges"
    with pytest.raises(
        KoubeiError, match=r"y\.edges: no such data file, looked in .*data; .*try x\.edges"
    ):
        find_data("y.edges")
    monkeypatch.delenv("KOUBEI_DATA")
    project = tmp_path / "project" / "deep"
    project.mkdir(parents=True)
    (tmp_path / "project" / "pyproject.toml").write_text("")
    shared = tmp_path / "shared" / "data"
    shared.mkdir(parents=True)
    (shared / "unlikely.edges").write_text("0 1\n")
    monkeypatch.chdir(project)
    assert find_data("unlikely.edges") == shared / "unlikely.edges"


@pytest.mark.parametrize(
    ("name", "people", "arcs"),
    [
        ("nethept", 15233, 2 * 31376),
        ("wiki_vote", 7115, 103689 - 0),
        ("higgs_retweet", 256491, 328132),
        ("ca_grqc", 5242, 2 * 14484),
    ],
)
def test_real_graphs_have_the_size_their_description_says(data_file, name, people, arcs) -> None:
    """Would catch loops, repeats or directions handled otherwise than the sources say."""
    net = read_network(data_file(f"{name}.edges.gz"))
    assert (net.n_nodes, net.n_arcs) == (people, arcs)
    assert net.labels is None
    assert np.all(net.degrees() >= 0)


def test_a_column_named_as_an_end_is_no_weight(tmp_path):
    """Catches a weight that is found by its name although the user says that it is an end."""
    import pandas as pd

    table = pd.DataFrame({"ego": ["a", "b"], "alter": ["b", "c"], "strength": ["x", "y"]})
    table.to_csv(tmp_path / "edges.csv", index=False)
    table.to_parquet(tmp_path / "edges.parquet")
    for given in (tmp_path / "edges.csv", tmp_path / "edges.parquet"):
        found = read_network(given, directed=True, source="ego", target="strength")
        assert found.n_arcs == 2 and found.layer().weights is None
    found = as_network(table, source="ego", target="strength")
    assert found.n_arcs == 2 and found.layer().weights is None
    for twice in ({"target": "ego"}, {"target": "alter", "weight": "alter"}):
        with pytest.raises(KoubeiError, match="one column for two things"):
            as_network(table, source="ego", **twice)

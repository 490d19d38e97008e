"""Contacts with time stamps: their order, what is cut out of them, files, refusals."""

from __future__ import annotations

import gzip
import math
import pickle
from pathlib import Path

import numpy as np
import pytest

from koubei_sim.errors import KoubeiError
from koubei_sim.networks import TemporalNetwork, read_contacts, read_network


def listed(net: TemporalNetwork) -> list[tuple[int, int, float]]:
    return list(zip(net.source.tolist(), net.target.tolist(), net.time.tolist(), strict=True))


def test_contacts_are_ordered_by_time_and_stay_in_order_within_one() -> None:
    """Would catch an unstable sort: contacts are known by their number, so draws would move."""
    rng = np.random.default_rng(1)
    src, dst = rng.integers(0, 50, 3000), rng.integers(50, 99, 3000)
    time = rng.integers(0, 20, 3000)
    weight = rng.random(3000).astype(np.float32)
    net = TemporalNetwork.from_contacts(src, dst, time, weight=weight)
    order = sorted(range(3000), key=lambda e: time[e])
    assert listed(net) == [(src[e], dst[e], time[e]) for e in order]
    assert net.weights.tolist() == weight[order].tolist()
    types = (net.source.dtype, net.target.dtype, net.time.dtype, net.weights.dtype)
    assert types == (np.int32, np.int32, np.float64, np.float32)
    again = TemporalNetwork.from_contacts(net.source, net.target, net.time, weight=net.weights)
    assert listed(again) == listed(net)


@pytest.mark.parametrize("time", [[3, 1, 2, 1], [1, 1, 2, 3]])
def test_contacts_with_oneself_are_dropped_and_counted(time) -> None:
    """Would catch loops that stay, with or without a sort, or take another contact's time along."""
    net = TemporalNetwork.from_contacts([0, 1, 2, 0], [0, 1, 1, 2], time, weight=[1, 2, 3, 4])
    kept = sorted([(time[2], 2, 1, 3.0), (time[3], 0, 2, 4.0)])
    assert [(t, u, v) for u, v, t in listed(net)] == [entry[:3] for entry in kept]
    assert net.weights.tolist() == [entry[3] for entry in kept]
    assert net.notes == {"self_contacts_dropped": 2}
    assert (net.n_nodes, net.n_contacts) == (3, 2)


def test_mutual_contacts_go_both_ways_at_the_same_time() -> None:
    """Would catch ways back that are lost, or listed after other contacts of the time."""
    net = TemporalNetwork.from_contacts([0, 2], [1, 1], [7, 7], directed=False, weight=[2, 3])
    assert listed(net) == [(0, 1, 7.0), (1, 0, 7.0), (2, 1, 7.0), (1, 2, 7.0)]
    assert net.weights.tolist() == [2, 2, 3, 3]
    together = net.aggregate()
    together.check()
    assert not together.layer().directed
    assert together.layer().heard_by(1).tolist() == [0, 2]


def test_window_holds_its_start_and_not_its_end() -> None:
    """Would catch a contact that is in two neighbouring windows, or in none; and a copy."""
    net = TemporalNetwork.from_contacts([0, 1, 2, 3], [1, 2, 3, 0], [1, 2, 2, 5], weight=range(4))
    assert listed(net.window(2, 5)) == [(1, 2, 2.0), (2, 3, 2.0)]
    assert net.window(2, 5).weights.tolist() == [1, 2]
    assert net.window(2, 5).n_nodes == 4
    parts = [net.window(None, 2), net.window(2, 5), net.window(5)]
    assert [contact for part in parts for contact in listed(part)] == listed(net)
    assert np.shares_memory(net.window(2).time, net.time)
    empty = net.window(3, 4)
    assert empty.n_contacts == 0
    assert math.isnan(empty.start)
    assert math.isnan(empty.end)
    assert repr(empty) == "TemporalNetwork(4 people; 0 contacts, directed, weighted)"
    for bounds, line in (((5, 2), "window: ends before it"), ((math.nan, 2), r"window\.a: not a")):
        with pytest.raises(KoubeiError, match=line):
            net.window(*bounds)


def test_aggregate_counts_contacts_or_adds_their_weights() -> None:
    """Would catch weights mixed up with counts, or arcs back that nobody went."""
    net = TemporalNetwork.from_contacts(
        [5, 5, 7], [7, 7, 5], [3, 1, 2], labels="auto", weight=[0.5, 0.25, 4]
    )
    together = net.aggregate(name="met")
    assert together.names == ("met",)
    assert together.labels.tolist() == [5, 7]
    assert together.layer().weights.tolist() == [2, 1]
    assert net.aggregate("sum").layer().weights.tolist() == [0.75, 4]
    assert [together.layer().heard_by(u).tolist() for u in (0, 1)] == [[1], [0]]
    with pytest.raises(KoubeiError, match="weight: unknown, got sums"):
        net.aggregate("sums")
    with pytest.raises(KoubeiError, match="these contacts have no weights"):
        TemporalNetwork.from_contacts([0], [1], [0]).aggregate("sum")
    assert TemporalNetwork.from_contacts([], [], [], n=2).aggregate().n_arcs == 0


def test_reverse_time_turns_order_and_not_direction() -> None:
    """Would catch arcs turned with the time, times out of order, or a second turn that differs."""
    rng = np.random.default_rng(3)
    src, dst = rng.integers(0, 9, 200), rng.integers(9, 19, 200)
    net = TemporalNetwork.from_contacts(src, dst, rng.random(200) / 3 - 1e6, weight=rng.random(200))
    back = net.reverse_time()
    assert np.array_equal(back.source, net.source[::-1])
    assert np.array_equal(back.target, net.target[::-1])
    assert np.array_equal(back.weights, net.weights[::-1])
    assert (back.start, back.end) == (net.start, net.end)
    assert np.all(np.diff(back.time) >= 0)
    twice = back.reverse_time()
    assert np.array_equal(twice.source, net.source)
    assert np.allclose(twice.time, net.time, rtol=0, atol=1e-9)
    assert TemporalNetwork.from_contacts([], [], [], n=1).reverse_time().n_contacts == 0


def test_dates_become_seconds() -> None:
    """Would catch dates counted in another unit or from another start."""
    time = np.array(["1970-01-01T00:00:01.5", "2012-07-04"], dtype="datetime64[ms]")
    assert TemporalNetwork.from_contacts([0, 1], [1, 0], time).time.tolist() == [1.5, 1341360000.0]


@pytest.mark.parametrize(
    ("arguments", "options", "line"),
    [
        (([0], [1, 2], [1]), {}, "src, dst, time: lengths differ, got 1, 2 and 1, allowed equal"),
        (([0], [1], []), {}, "src, dst, time: lengths differ"),
        (([-1], [1], [1]), {}, "src[0]: id out of range, got -1"),
        (([0], [4], [1]), {"n": 4}, "dst[0]: id out of range, got 4, allowed 0..3"),
        (([0], [1], [np.nan]), {}, "time[0]: not finite, got nan"),
        (([0, 1], [1, 0], [1, np.inf]), {}, "time[1]: not finite, got inf"),
        (([0], [1], [2**53 + 1]), {}, "time: whole numbers too large to be held exactly"),
        (([0], [1], [-(2**60)]), {}, "time: whole numbers too large to be held exactly, got -1152"),
        (([0], [1], ["noon"]), {}, "time: times are neither numbers nor dates, got <U4"),
        (([0], [1], [True]), {}, "time: times are neither numbers nor dates, got bool"),
        (([0], [1], [[1]]), {}, "time: not one list of times, got shape (1, 1)"),
        (([0], [1], np.array(["NaT"], "datetime64[s]")), {}, "time[0]: not finite"),
        (([], [], []), {}, "n: no contacts and no number of people"),
        (([0], [1], [0]), {"n": 0}, "n: out of range, got 0"),
        (([0], [1], [0]), {"weight": [-1]}, "contacts.weight[0]: out of range, got -1"),
        (([0], [1], [0]), {"labels": ["a"]}, "dst[0]: id out of range"),
        (([0], [1], [0]), {"labels": "all"}, "labels: unknown word, got 'all'"),
        (([0], [1], [0]), {"labels": ["a", "b"], "n": 3}, "n: does not fit the labels"),
    ],
)
def test_wrong_contacts_are_refused_in_one_line(arguments, options, line) -> None:
    """Would catch times that are cut, wrapped or compared with nan, or a vague message."""
    with pytest.raises(KoubeiError) as refusal:
        TemporalNetwork.from_contacts(*arguments, **options)
    assert str(refusal.value).startswith(line)
    assert "\n" not in str(refusal.value)


def test_arrays_out_of_order_are_refused() -> None:
    """Would catch an engine that walks back in time."""
    ends = (np.array([0, 1], np.int32), np.array([1, 0], np.int32))
    with pytest.raises(KoubeiError, match=r"time\[1\]: earlier than the contact before, got 1"):
        TemporalNetwork(2, *ends, np.array([2.0, 1.0]))
    with pytest.raises(KoubeiError, match="lengths differ, got 2, 2 and 1"):
        TemporalNetwork(2, *ends, np.array([2.0]))
    with pytest.raises(KoubeiError, match=r"source\[1\]: id out of range, got 1"):
        TemporalNetwork(1, *ends, np.array([1.0, 2.0]))


def test_frozen_labelled_and_shown() -> None:
    """Would catch arrays that a caller can change, lost labels, or a view without size."""
    net = TemporalNetwork.from_contacts(["b"], ["a"], [1.5], labels="auto", weight=[2])
    for array in (net.source, net.target, net.time, net.weights, net.labels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[0]
    copy = pickle.loads(pickle.dumps(net))
    assert listed(copy) == [(1, 0, 1.5)]
    assert copy.index_of("b") == 1
    assert net.nbytes == 4 + 4 + 8 + 4 + 8
    assert repr(net) == "TemporalNetwork(2 people; 1 contacts from 1.5 to 1.5, directed, weighted)"
    assert ">from 1.5 to 1.5</td>" in net._repr_html_()


# ---------------------------------------------------------------- files

EXPECTED = [(2, 0, 1.0), (0, 1, 2.5), (1, 2, 2.5)]


@pytest.mark.parametrize(
    ("name", "text", "options"),
    [
        ("a.txt", "# t\n0 1 2.5\n1 2 2.5\n2 0 1\n", {}),
        ("a.edges.gz", "0\t1\t2.5\n1\t2\t2.5\n2\t0\t1\n", {}),
        ("a.dat", "2.5 7 0 1\n2.5 7 1 2\n1 8 2 0\n", {"time": 0, "source": 2, "target": 3}),
        ("a.csv", "0,1,2.5\n1,2,2.5\n2,0,1\n", {}),
        ("a.csv", "t,note,v,u\n2.5,x,1,0\n2.5,y,2,1\n1,z,0,2\n", {}),
        (
            "a.csv.gz",
            "to whom,who,moment\n1,0,2.5\n2,1,2.5\n0,2,1\n",
            {"source": "who", "target": "to whom", "time": "moment"},
        ),
    ],
)
def test_contacts_from_files(tmp_path, name, text, options) -> None:
    """Would catch columns taken from a wrong place."""
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    net = read_contacts(path, **options)
    assert listed(net) == EXPECTED
    assert net.directed
    mutual = read_contacts(path, directed=False, n=9, **options)
    assert (mutual.n_contacts, mutual.n_nodes, mutual.directed) == (6, 9, False)


def test_contacts_from_parquet_with_weights_dates_and_names(tmp_path) -> None:
    """Would catch dates, weights or names that do not survive parquet."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "source": ["b", "a"],
            "target": ["a", "c"],
            "time": pandas.to_datetime(["1970-01-01 00:01", "1970-01-01 00:00"]),
            "weight": [1, 2],
        }
    )
    frame.to_parquet(tmp_path / "x.parquet")
    net = read_contacts(tmp_path / "x.parquet")
    assert net.labels.tolist() == ["a", "b", "c"]
    assert listed(net) == [(0, 2, 0.0), (1, 0, 60.0)]
    assert net.weights.tolist() == [2, 1]
    plain = frame.assign(source=[1, 0], target=[0, 2], time=[3, 1])
    plain.to_parquet(tmp_path / "y.parquet", row_group_size=1)
    assert listed(read_contacts(tmp_path / "y.parquet")) == [(0, 2, 1.0), (1, 0, 3.0)]


def test_text_remarks_and_weights_are_believed(tmp_path) -> None:
    """Would catch a mutual file read as directed, or the fourth column dropped."""
    path = tmp_path / "a.txt"
    path.write_text("# directed: false\nli wang 1 0.5\nwang zhao 0 2\n")
    net = read_contacts(path)
    assert net.labels.tolist() == ["li", "wang", "zhao"]
    assert listed(net) == [(1, 2, 0.0), (2, 1, 0.0), (0, 1, 1.0), (1, 0, 1.0)]
    assert net.weights.tolist() == [2, 2, 0.5, 0.5]
    path.write_text("# nodes: 5\n0 1 3\n")
    assert read_contacts(path).n_nodes == 5


@pytest.mark.parametrize(
    ("name", "content", "options", "line"),
    [
        ("a.txt", "0 1\n", {}, "a.txt, line 1: not a contact, got 2 columns, allowed source"),
        ("a.txt", "0 1 2\n1 2 x\n", {}, "a.txt, line 2: time is not a number, got x"),
        ("a.txt", "0 1 2\n1 2 inf\n", {}, "a.txt: time[1]: not finite, got inf"),
        ("a.txt", "0 1 2 1\n1 2 3 -1\n", {}, "a.txt: contacts.weight[1]: out of range"),
        ("a.txt", "0 1 2\n", {"time": 0}, "columns: some are not said"),
        ("a.txt", "0 1 2\n", {"time": "t"}, "time: this file has no header, got t"),
        ("a.txt", "0 1 2\n", {"source": 0, "target": 1, "time": 1}, "columns: two are the same"),
        ("a.txt", "0 1 2\n", {"source": 0, "target": 1, "time": 3}, "a.txt, line 1: not a contact"),
        ("a.txt", "# no\n", {}, "a.txt: no edges in it, allowed lines: source target time"),
        ("a.csv", "u,v\n0,1\n", {}, "a.csv: no time column, got u, v"),
        ("a.csv", "u,v,t\n0,1,x\n", {}, "a.csv, line 2, column t: times are neither"),
        ("a.csv", "u,v,t\n0,1,\n0,1,2\n", {}, "a.csv, line 2, column t: no time in it"),
        ("a.csv", "u,v,t\n0,1,2\n", {"time": 2}, "time: this file has a header, got 2"),
        ("a.csv", "u,v,t\n0,1,2\n", {"time": "T"}, "a.csv: no such column, got T"),
        ("a.graphml", "<graphml/>", {}, "a.graphml: contacts are not read from .graphml"),
    ],
)
def test_wrong_files_are_refused_in_one_line(
    tmp_path, monkeypatch, name, content, options, line
) -> None:
    """Would catch a wrong file that is read, a traceback, or a message without file and line."""
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(content)
    with pytest.raises(KoubeiError) as refusal:
        read_contacts(name, **options)
    assert str(refusal.value).startswith(line)
    assert "\n" not in str(refusal.value)


@pytest.mark.data
def test_higgs_retweets_add_up_to_the_network_of_retweets(data_file) -> None:
    """Would catch source and target swapped, events lost, or times out of the week of the data."""
    net = read_contacts(
        data_file("higgs_retweet_events.csv.gz"),
        source="author",
        target="retweeter",
        time="time_s",
        n=256491,
    )
    dropped = net.notes["self_contacts_dropped"]
    assert (net.n_nodes, net.n_contacts + dropped) == (256491, 354930)
    assert 0 <= net.start < net.end < 7 * 24 * 3600
    # The network holds "A retweeted B" as the arc A -> B; the word went from B to A.
    graph = read_network(data_file("higgs_retweet.edges.gz"), n=256491).layer().reverse()
    together = net.aggregate().layer()
    assert np.array_equal(together.indptr, graph.indptr)
    assert np.array_equal(together.indices, graph.indices)
    assert np.array_equal(together.weights, graph.weights)

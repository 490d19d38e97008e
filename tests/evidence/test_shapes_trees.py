"""Trees of real logs: read, refused, cut short; shapes against those worked out pair by pair.

Each test says what it would catch.  Data sets are read where they are; all else needs none.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import koubei_sim as kb
from koubei_sim import KoubeiError, trees_of
from koubei_sim.evidence import first_activations, read_higgs_first, read_weibo_reposts
from koubei_sim.theory import trees as closed

#: Cascade, message, parent, time: a star, a chain and a message answered before it was sent.
ROWS = [
    ("s", "b", "a", 1.0), ("s", "a", None, 0.0), ("s", "c", "a", 2.0), ("s", "d", "a", 3.0),
    ("p", "a", None, 5.0), ("p", "b", "a", 6.0), ("p", "c", "b", 7.0), ("p", "d", "c", 8.0),
]  # fmt: skip


def frame(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["cascade", "message", "parent", "time"])


@st.composite
def parents(draw: st.DrawFn) -> list[int]:
    """Parents of a tree in any order of its rows, -1 for the root."""
    n = draw(st.integers(1, 14))
    above = [-1, *(draw(st.integers(0, k - 1)) for k in range(1, n))]
    order = draw(st.permutations(range(n)))
    place = {node: row for row, node in enumerate(order)}
    return [-1 if above[node] < 0 else place[above[node]] for node in order]


def distances(above: list[int]) -> list[int]:
    """Distance of every pair of nodes, counted along the ancestors of both."""

    def line(node: int) -> list[int]:
        found = [node]
        while above[found[-1]] >= 0:
            found.append(above[found[-1]])
        return found

    lines = [line(node) for node in range(len(above))]
    out = []
    for i, one in enumerate(lines):
        for other in lines[:i]:
            shared = len(set(one) & set(other))
            out.append(len(one) + len(other) - 2 * shared)
    return out


@given(parents())
def test_shapes_are_those_of_all_pairs(above: list[int]) -> None:
    """Catches a formula for virality that is not the mean distance of all pairs, a size or a depth
    that leaves the root out, and children counted twice where rows stand in any order."""
    row = trees_of(above).trees().iloc[0]
    apart = distances(above)
    generations = [0] * len(above)
    for node in range(len(above)):
        at = node
        while above[at] >= 0:
            at, generations[node] = above[at], generations[node] + 1
    assert row["size"] == len(above)
    assert row["depth"] == max(generations)
    assert row["breadth"] == max(np.bincount(generations))
    assert row["broadcast"] == max(above.count(node) for node in range(len(above)))
    assert row["broadcast_share"] == row["broadcast"] / row["size"]
    if apart:
        assert row["virality"] == pytest.approx(np.mean(apart), rel=1e-12)
    else:
        assert np.isnan(row["virality"])


@pytest.mark.parametrize("n", [2, 5, 200])
def test_stars_and_chains_have_their_closed_forms(n: int) -> None:
    """Catches a virality that is right for small trees only (theory knows none of this code)."""
    star = trees_of([-1] + [0] * (n - 1)).trees()
    chain = trees_of(np.arange(n) - 1).trees()
    assert star["virality"][0] == pytest.approx(closed.star_virality(n), rel=1e-12)
    assert chain["virality"][0] == pytest.approx(closed.path_virality(n), rel=1e-12)


def test_a_frame_a_mapping_and_rows_are_the_same_log() -> None:
    """Catches names of messages that run into one another between cascades, and columns that are
    taken by place."""
    found = trees_of(frame(ROWS)).trees()
    assert found["cascade"].tolist() == ["s", "p"]
    assert found["root"].tolist() == ["a", "a"]
    assert found["time"].tolist() == [0.0, 5.0]
    assert found["depth"].tolist() == [1, 3]
    named = trees_of({m: p for c, m, p, t in ROWS if c == "p"}).trees()
    rows = trees_of([-1, 0, 1, 2], [5.0, 6.0, 7.0, 8.0]).trees()
    columns = ["size", "depth", "breadth", "broadcast", "virality"]
    assert named[columns].equals(rows[columns])
    assert named[columns].iloc[0].tolist() == found[columns].iloc[1].tolist()
    series = pd.Series({m: p for c, m, p, t in ROWS if c == "p"})
    assert trees_of(series).trees()[columns].equals(named[columns])


def test_a_log_is_the_forest_that_a_cascade_has() -> None:
    """Catches a second mechanism: the log of a simulated cascade read as a user's table has the
    trees that the result has."""
    net = kb.networks.follow_graph(400, mean_degree=6, exponent=2.3, key=2)
    result = kb.cascade(
        net, kb.IndependentCascade(0.15), kb.RandomSeeds(3), 20, rng=4, record="forest"
    )
    log = result.activations
    table = pd.DataFrame(
        {
            "cascade": log.replicate,
            "message": log.person,
            "parent": pd.Series(log.parent).where(log.parent >= 0),
            "time": log.time,
        }
    )
    shuffled = table.iloc[np.random.default_rng(1).permutation(len(table))]
    for given_ in (table, shuffled):
        found, wanted = trees_of(given_).trees(), result.trees()
        order = ["cascade", "root"]
        found = found.sort_values(order, ignore_index=True)
        wanted = wanted.sort_values(["replicate", "root"], ignore_index=True)
        assert found["root"].tolist() == wanted["root"].tolist()
        for name in ("size", "depth", "breadth", "broadcast", "virality", "time"):
            np.testing.assert_array_equal(found[name], wanted[name])
    assert trees_of(table).generations().equals(result.generations())


def test_a_first_message_without_a_row_gets_one() -> None:
    """Catches a root that is counted in one cascade only, or added where it has a row."""
    rows = [(1, 5, 0, 10.0), (1, 6, 5, 20.0), (2, 0, None, 3.0), (2, 7, 0, 9.0)]
    found = trees_of(frame(rows), root=0)
    assert found.trees()["size"].tolist() == [3, 2]
    assert found.trees()["time"].tolist() == [0.0, 3.0]
    first = trees_of(frame(rows), root=0, starts="first").trees()
    assert first["time"].tolist() == [10.0, 3.0]
    later = trees_of(frame(rows), root=0, starts=4.0).trees()
    assert later["time"].tolist() == [4.0, 3.0]


WRONG = {
    "a parent that is not there": (
        [(1, "a", None, 0.0), (1, "b", "x", 1.0)],
        "parents of 1 messages are not in the log, got such as message 'b'",
    ),
    "a circle": (
        [(1, "a", None, 0.0), (1, "b", "c", 1.0), (1, "c", "b", 1.0)],
        "messages are below themselves, got such as message 'b'",
    ),
    "itself": ([(1, "a", "a", 0.0)], "below themselves"),
    "a child before its parent": (
        [(1, "a", None, 5.0), (1, "b", "a", 1.0)],
        "1 messages are earlier than their parents, got such as message 'b'",
    ),
    "twice": (
        [(1, "a", None, 0.0), (1, "a", None, 1.0)],
        "a message stands twice in a cascade, got such as message 'a'",
    ),
    "the parent of another cascade": (
        [(1, "a", None, 0.0), (2, "b", "a", 1.0)],
        "not in the log",
    ),
    "no time": ([(1, "a", None, np.nan)], "times: not a time, got row 0"),
    "no name": ([(1, None, None, 0.0)], "a message has no name, got row 0"),
    "no cascade": ([(None, "a", None, 0.0)], "cascades: a message has none, got row 0"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_logs_are_refused_in_one_line(what: str) -> None:
    """Catches a log that is no forest and gets some shape or other."""
    rows, said = WRONG[what]
    with pytest.raises(KoubeiError) as refused:
        trees_of(frame(rows))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: trees_of([]), "no messages"),
        (lambda: trees_of(["a", "b"]), "not rows of parents"),
        (lambda: trees_of(pd.DataFrame({"message": [1]})), "no column 'parent'"),
        (lambda: trees_of(frame(ROWS), "when"), "no such column"),
        (lambda: trees_of([-1, 0], [1.0]), "times: not one a message"),
        (lambda: trees_of({"a": None}, {"b": 1.0}), "times: no value for a message"),
        (lambda: trees_of([-1, 0], ["x", "y"]), "times: not numbers or dates"),
        (lambda: trees_of([-1], missing="drop"), "missing"),
        (lambda: trees_of([-1], early="drop"), "early"),
        (lambda: trees_of([-1, 0]).until(3.0), "the log tells no times"),
        (lambda: trees_of([-1, 0]).where([True, False]), "chosen: not one a tree"),
        (lambda: trees_of([-1, 0]).where([2]), "chosen: no such tree"),
        (lambda: trees_of([-1, 5]), "not in the log"),
    ],
)  # fmt: skip
def test_wrong_calls_are_refused_in_one_line(call: Callable[[], object], said: str) -> None:
    """Catches an argument that is taken for something else."""
    with pytest.raises(KoubeiError, match=said):
        call()


def test_what_lacks_its_parent_is_taken_as_asked() -> None:
    """Catches lost messages that are hung on another cascade, or dropped in silence."""
    rows = frame([
        (1, "a", None, 0.0), (1, "b", "gone", 1.0), (1, "c", "b", 2.0), (2, "d", "gone", 3.0),
    ])  # fmt: skip
    hung = trees_of(rows, missing="root").trees()
    assert hung[["root", "size", "depth"]].values.tolist() == [["a", 3, 2], ["d", 1, 0]]
    own = trees_of(rows, missing="start").trees()
    assert own[["root", "size"]].values.tolist() == [["a", 1], ["b", 2], ["d", 1]]


def test_an_early_child_stays_below_its_parent() -> None:
    """Catches shapes that depend on clocks that differ."""
    rows = [(1, "a", None, 5.0), (1, "b", "a", 1.0), (1, "c", "b", 7.0)]
    found = trees_of(frame(rows), early="keep")
    assert found.trees()[["root", "size", "depth"]].values.tolist() == [["a", 3, 2]]
    # At its root's time the early child is there and its own child is not.
    assert found.until(0.0).trees()["size"].tolist() == [2]


def test_what_loses_its_parent_by_a_cut_hangs_on_the_root() -> None:
    """Catches a message that becomes a tree of its own because the clock of its parent is late."""
    found = trees_of([-1, 0, 1], [0.0, 10.0, 5.0], early="keep")
    assert found.until(6.0).trees()[["size", "depth"]].values.tolist() == [[2, 1]]
    assert found.until(10.0).trees()[["size", "depth"]].values.tolist() == [[3, 2]]


def test_a_cut_of_a_log_is_the_log_as_it_was_then() -> None:
    """Catches a message that is seen before it was sent, or that falls out with its tree."""
    rows = frame(ROWS)
    found = trees_of(rows)
    for age in (0.0, 1.0, 2.5, 9.0):
        cut = found.until(age).trees()
        begin = rows.groupby("cascade")["time"].transform("min")
        kept = rows[rows["time"] - begin <= age]
        assert cut.equals(trees_of(kept).trees().set_index("cascade").loc[["s", "p"]].reset_index())
    for k in range(4):
        assert found.first(k).trees()["size"].tolist() == [k + 1, k + 1]
    assert found.where([1]).trees()["cascade"].tolist() == ["p"]
    assert found.where([False, True]).trees().equals(found.where([1]).trees())
    assert len(found.where([])) == 0


def test_several_trees_of_a_cascade_are_cut_each_by_its_own_clock() -> None:
    """Catches ages that are counted from the first root of a cascade, or places over its trees."""
    found = trees_of([-1, -1, 0, 1, 1], [0.0, 10.0, 4.0, 12.0, 11.0])
    assert found.age.tolist() == [0.0, 4.0, 0.0, 1.0, 2.0]
    assert found.place.tolist() == [0, 1, 0, 1, 2]
    assert found.until(1.0).trees()["size"].tolist() == [1, 2]
    assert found.first(1).trees()["size"].tolist() == [2, 2]


def test_dates_are_seconds_since_the_first() -> None:
    """Catches dates read as nanoseconds, and roots at the year 1970."""
    times = pd.to_datetime(["2012-07-04 08:00", "2012-07-04 08:01", "2012-07-04 09:00"])
    found = trees_of([-1, 0, 1], times)
    assert found.age.tolist() == [0.0, 60.0, 3600.0]
    aware = trees_of([-1, 0, 1], times.tz_localize("Asia/Shanghai"))
    assert aware.age.tolist() == found.age.tolist()
    rows = pd.DataFrame({"message": [1, 2], "parent": [0, 0], "time": times[1:]})
    assert trees_of(rows, root=0).age.tolist() == [0.0, 0.0, 3540.0]


def test_first_activations_take_who_is_seen_first() -> None:
    """Catches a retweeter who hangs on a later author, an author who is retweeted and becomes a
    root although he retweeted before, and somebody who passes on himself."""
    found = first_activations(
        ["b", "c", "a", "b", "z"], ["a", "b", "c", "q", "z"], [1.0, 2.0, 3.0, 0.5, 4.0]
    )
    names = found.messages
    above = found.forest.above
    pairs = {name: None if above[row] < 0 else names[above[row]] for row, name in enumerate(names)}
    assert pairs == {"q": None, "b": "q", "a": None, "c": "b", "z": None}
    # At one moment the line that stands first comes first: b is there when c passes b on.
    same = first_activations(["b", "c", "a"], ["a", "b", "c"], [1.0, 1.0, 1.0])
    assert same.trees()["depth"].tolist() == [2]


# Data -------------------------------------------------------------------------------------------


def test_repost_trees_of_weibo(data_file: Callable[[str], Path]) -> None:
    """Catches another reading of the file: shapes of the trees of 100 to 999 messages were worked
    out apart, and 632,089 rows must take seconds."""
    path = data_file("weibo_repost_trees.csv.gz")
    read_weibo_reposts(path).trees()  # compiles
    started = time.perf_counter()
    found = read_weibo_reposts(path)
    table = found.trees()
    assert time.perf_counter() - started < 10.0
    assert (len(found), found.forest.above.size) == (1694, 633783)
    mine = table[table["size"].between(100, 999)]
    quantiles = mine[["virality", "depth", "broadcast_share"]].quantile([0.1, 0.5, 0.9])
    np.testing.assert_allclose(
        quantiles, [[2.25, 3, 0.33], [2.94, 5, 0.64], [4.85, 10, 0.88]], atol=0.006
    )
    assert found.first(100).trees()["size"].max() == 101


def test_first_retweets_of_the_higgs_days(data_file: Callable[[str], Path]) -> None:
    """Catches another reading of the events."""
    found = read_higgs_first(data_file("higgs_retweet_events.csv.gz"))
    assert found.forest.above.size == 256491  # everybody who is in an event, once
    table = found.trees()
    mine = table[table["size"].between(100, 999)]
    quantiles = mine[["virality", "broadcast_share"]].quantile([0.1, 0.5, 0.9])
    np.testing.assert_allclose(quantiles, [[1.99, 0.75], [2.05, 0.96], [2.47, 0.99]], atol=0.006)


def test_another_table_is_refused(tmp_path: Path) -> None:
    """Catches a file of other columns that is read by place."""
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(KoubeiError, match="not the columns of such a file"):
        read_weibo_reposts(path)
    with pytest.raises(KoubeiError, match="no such file"):
        read_higgs_first(tmp_path / "none.csv")

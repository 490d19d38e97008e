"""Tables of people, seeds and results of a run go by name wherever people have names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import koubei_sim as kb
from koubei_sim import KoubeiError

N = 40
NAMES = [f"p{i:02d}" for i in range(N)]
ORDER = np.random.default_rng(3).permutation(N)
EDGES = [(i, (i * 7 + step) % N) for i in range(N) for step in (1, 3, 8) if (i * 7 + step) % N != i]
NAMED = kb.Network.from_edges(
    [NAMES[a] for a, _ in EDGES], [NAMES[b] for _, b in EDGES], labels="auto"
)
NUMBERED = kb.Network.from_edges([a for a, _ in EDGES], [b for _, b in EDGES], n=N)
ONE_FEED: dict[str, Any] = {
    "n_agents": N,
    "ticks": 6,
    "channels.forum": None,
    "channels.wechat": None,
    "nodes": {},
    "events": {},
    "media": {},
    "seeding.channel": None,
    "seeding.number": 5,
    **{f"segments.{name}.membership": {} for name in kb.Scenario.load("tiny").segments},
}


def people() -> pd.DataFrame:
    """The first fifteen are enthusiasts; who is who stands in the index."""
    return pd.DataFrame(
        {
            "segment": ["enthusiast"] * 15 + ["newbie"] * (N - 15),
            "age": np.arange(N) + 20,
            "city": ["北京", "上海"] * (N // 2),
        },
        index=NAMES,
    )


def run(agents: Any, networks: Any = NAMED, **changes: Any) -> kb.Result:
    return kb.run("tiny", rng=7, networks=networks, agents=agents, **{**ONE_FEED, **changes})


@pytest.fixture(scope="module")
def right() -> kb.Result:
    """The run of the table in the order of the graph."""
    return run(people())


def shuffled() -> pd.DataFrame:
    return people().iloc[ORDER]


def as_file(kind: str, folder: Path) -> Any:
    frame = shuffled()
    path = folder / f"people.{'parquet' if kind == 'parquet' else 'csv'}"
    if kind == "parquet":
        frame.to_parquet(path)
    elif kind == "semicolons":
        frame.to_csv(path, sep=";")
    else:
        frame.to_csv(path, encoding=kind)
    return path


@pytest.mark.parametrize("kind", ["utf-8", "utf-8-sig", "gb18030", "semicolons", "parquet"])
def test_files_are_matched_by_name(kind: str, tmp_path: Path, right: kb.Result) -> None:
    """Catches a file whose rows are taken for rows of the graph, and one that cannot be read."""
    assert run(as_file(kind, tmp_path)).digest() == right.digest()


@pytest.mark.parametrize("column", ["id", "Name", "user", "label", "姓名"])
def test_a_column_names_people(column: str, right: kb.Result) -> None:
    """Catches a shuffled frame that gives every person another's segment, without a word."""
    frame = shuffled().rename_axis(column).reset_index()
    found = run(frame)
    assert found.digest() == right.digest()
    assert found.people.loc["p03", "age"] == 23
    assert column not in found.people.columns


def test_frames_of_every_kind(right: kb.Result) -> None:
    """Catches a traceback for polars, mappings, series, nullable and categorical columns."""
    polars = pytest.importorskip("polars")
    frame = shuffled().rename_axis("person")
    kinds = [
        frame,
        frame.convert_dtypes(),
        frame.astype({"segment": "category"}),
        frame.reset_index().to_dict("list"),
        polars.from_pandas(frame.reset_index()),
    ]
    for each in kinds:
        assert run(each).digest() == right.digest()
    assert run(frame["segment"]).digest() == right.digest()


def test_another_column_is_named(right: kb.Result) -> None:
    """Catches a column of names that cannot be chosen, in a call or in a scenario."""
    frame = shuffled().rename_axis("wechat").reset_index().assign(id=range(N))
    assert run(frame, agents_by="wechat").digest() == right.digest()
    with pytest.raises(KoubeiError, match="agents_by: no such column in agents, got 'wechatt'"):
        run(frame, agents_by="wechatt")


@pytest.mark.parametrize(
    ("table", "graph", "said"),
    [
        (people().reset_index(drop=True), NAMED, "does not say who is who"),
        (people().iloc[:-1], NAMED, "says nothing of somebody in the graph, got 'p39'"),
        (people().rename({"p00": "x"}), NAMED, "nothing of somebody in the graph, got 'p00'"),
        (people().rename({"p01": "p00"}), NAMED, "row 2: a person who stands in row 1 already"),
        (people().rename({"p01": None}), NAMED, r"row 2: names nobody \(its index is empty\)"),
        (people(), NUMBERED, r"names people \(by index\), and the graph has numbers"),
        (people().assign(activity=100.0), NAMED, "its mean must be about 1, got mean 100"),
        (people().assign(activty=1.0), NAMED, "unknown column, got activty, .* try activity"),
        (people().assign(activity=[None, *[1.0] * (N - 1)]), NAMED, "row 1: activity is empty"),
        (people().assign(activity=True), NAMED, "activity is yes or no"),
        (people().assign(segment=[None, *["newbie"] * (N - 1)]), NAMED, "its segment is empty"),
        ([1, 2], NAMED, "agents: wrong type, got list"),
        (pd.Series(["newbie"], name="x"), NAMED, "a single column, not a table, got 'x'"),
        (
            people().set_axis(["segment", "age", "age"], axis=1),
            NAMED,
            "two columns of one name, got 'age'",
        ),
        ({"segment": ["newbie"], "age": [1, 2]}, NAMED, "agents: no table of columns"),
        (people().iloc[:0], NAMED, "agents: nobody stands in it"),
        ({}, NAMED, "agents: nobody stands in it"),
        (people().assign(income=1j), NAMED, "row 1: income out of range"),
        (people().set_index("city", append=True), NAMED, "an index of several levels"),
    ],
)
def test_tables_that_do_not_fit_are_refused(table: Any, graph: Any, said: str) -> None:
    """Catches people who are taken for others, made up, or left to a traceback."""
    with pytest.raises(KoubeiError, match=said) as caught:
        run(table, graph)
    assert "\n" not in str(caught.value)


def test_the_way_out_by_row() -> None:
    """Catches advice that leads nowhere: agents_by='row' takes rows as they stand."""
    by_row = run(people().reset_index(drop=True), agents_by="row")
    assert by_row.digest() == run(people()).digest()
    assert run(people(), NUMBERED, agents_by="row").labels is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,segment\np00,newbie\n,newbie\n", r"row 2: names nobody \(its column 'id' is empty\)"),
        ("id,segment\np00,newbie\np01,\n", "row 2: its segment is empty"),
        ("segment\nnewbie\n\nnewbie\n", "row 2: its segment is empty"),
        ("segment,activity\nnewbie,1\nnewbie,\n", "row 2: activity is empty"),
        ("segment,activity\nnewbie,1\nnewbie\n", "row 2: activity is empty"),
        ("segment,age\nnewbie,1\nnewbie,2,3\n", "not a table"),
        ("segment,age,age\nnewbie,1,2\n", "two columns of one name"),
    ],
)
def test_empty_cells_are_no_people(text: str, said: str, tmp_path: Path) -> None:
    """Catches rows that move up past a blank line, and people who are called nan."""
    path = tmp_path / "people.csv"
    path.write_text(text)
    n = len(text.strip().splitlines()) - 1
    with pytest.raises(KoubeiError, match=said):
        kb.run("tiny", rng=1, ticks=2, agents=path, n_agents=n, **{"seeding.number": 0})


def test_a_filtered_frame_over_numbered_people() -> None:
    """Catches rows of a shuffled frame over numbered people, whose index still says who is who."""
    plain = people().reset_index(drop=True)
    first = run(plain, NUMBERED)
    assert run(plain.iloc[ORDER], NUMBERED).digest() == first.digest()
    with pytest.raises(KoubeiError, match="the graph has numbers"):
        run(plain.set_axis(plain.index + 100), NUMBERED)


def test_a_named_beside_a_numbered_graph_is_refused() -> None:
    """Catches two graphs in which row 3 is not the same person."""
    both = {k: v for k, v in ONE_FEED.items() if k not in ("channels.wechat", "seeding.channel")}
    with pytest.raises(KoubeiError, match=r"networks\.wechat: numbers its people"):
        kb.run("tiny", rng=1, networks={"weibo": NAMED, "wechat": NUMBERED}, **both)


def test_leading_zeros_stay(tmp_path: Path) -> None:
    """Catches '01' that becomes 1: two people, or a postcode, are lost."""
    path = tmp_path / "people.csv"
    path.write_text("id,segment,post\n01,newbie,010\n1,newbie,100\n")
    found = kb.run("tiny", rng=1, ticks=2, agents=path, n_agents=2, **{"seeding.number": 0})
    assert found.people.index.tolist() == ["01", "1"]
    assert found.people["post"].tolist() == ["010", "100"]


def test_shares_of_the_table_count() -> None:
    """Catches a table that is judged by the shares that it replaces, also when read back."""
    table = pd.DataFrame({"segment": ["enthusiast"] * 16 + ["newbie"] * 4})
    wanted: dict[str, Any] = {"n_agents": 20, "seeding.purity": 1.0, "seeding.number": 10}
    found = kb.run("tiny", rng=7, ticks=3, agents=table, **wanted)
    assert int(found.data.users[0, 0]) >= 10
    swept = kb.sweep(
        kb.Scenario.load("tiny").replace(n_agents=20, **{"seeding.number": 1}),
        {"seeding.number": [10]}, rng=7, agents=table, outcomes=["users"], workers=1,
    )  # fmt: skip
    assert swept.table()["users"].notna().all()
    with pytest.raises(KoubeiError, match="it takes 18 enthusiasts, 16 exist"):
        kb.run("tiny", rng=7, ticks=3, agents=table, **{**wanted, "seeding.number": 18})


def test_seeds_by_label_at_every_door(tmp_path: Path) -> None:
    """Catches seeds that are one person in Python and another in a file or a command."""
    from koubei_sim.cli import main
    from koubei_sim.networks import write_network

    wanted = {"seeding.strategy": "ids", "seeding.ids": ["p33", "p05"]}
    found = run(people(), **wanted)
    assert found.events.query("tick == -1").label.tolist() == ["p05", "p33"]
    again = kb.Scenario.from_dict(__import__("tomllib").loads(found.scenario.to_toml()))
    assert kb.run(again, rng=7, networks=NAMED, agents=people()).digest() == found.digest()
    write_network(NAMED, tmp_path / "graph.csv")
    people().to_csv(tmp_path / "people.csv")
    found.scenario.save(tmp_path / "s.toml")
    words = ["run", "s.toml", "--agents", "people.csv", "--network", "weibo=graph.csv"]
    words = [str(tmp_path / w) if w.endswith(("toml", "people.csv")) else w for w in words]
    words[-1] = f"weibo={tmp_path / 'graph.csv'}"
    assert main([*words, "--rng", "7", "--no-figures", "--out", str(tmp_path / "out")]) == 0
    assert kb.load(tmp_path / "out").digest() == found.digest()


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["p05", "zz"], "seeding.ids: no person has this label, got 'zz'"),
        ([5], "labels of this network are text, got 5, try seeding.ids_by = 'row' for rows"),
        (["p05", 6], "text and numbers are mixed"),
        ([True], "seeding.ids.0: must be a label of a person"),
        (["p05", "p05"], "the same person twice"),
    ],
)
def test_seeds_who_are_nobody(ids: list[Any], said: str) -> None:
    """Catches seeds that are taken for rows of a graph that has names."""
    with pytest.raises(KoubeiError, match=said):
        run(people(), **{"seeding.strategy": "ids", "seeding.ids": ids})


def test_seeds_by_row_where_asked() -> None:
    """Catches advice that leads nowhere."""
    wanted = {"seeding.strategy": "ids", "seeding.ids": np.array([5, 33]), "seeding.ids_by": "row"}
    assert run(people(), **wanted).events.label[:2].tolist() == ["p05", "p33"]
    with pytest.raises(KoubeiError, match=r"seeding\.ids: no such person, got 40, allowed 0\.\.39"):
        run(None, None, **{**wanted, "seeding.ids": [40]})


@pytest.mark.parametrize(
    "strategy", ["random", "active", "degree", "community", "staff_friends", "reach"]
)
def test_further_columns_choose_seeds(strategy: str) -> None:
    """Catches a column that is carried along and is of no use."""
    chosen = {"seeding.among": {"city": "北京", "age": list(range(20, 50))}}
    found = run(people(), **chosen, **{"seeding.strategy": strategy, "seeding.purity": 0.6})
    seeds = found.people.loc[found.events.query("tick == -1").label]
    assert len(seeds) == 5 and set(seeds.city) == {"北京"} and seeds.age.max() < 50
    with pytest.raises(KoubeiError, match=r"seeding\.among\.town: no such column"):
        run(people(), **{"seeding.among": {"town": "北京"}})
    with pytest.raises(KoubeiError, match=r"seeding\.among\.city: nobody has this, got '广州'"):
        run(people(), **{"seeding.among": {"city": ["广州"]}})


def test_groups(right: kb.Result) -> None:
    """Catches people who are counted in another's group."""
    found = right.adopted_by("city")
    adopted = set(right.events.query("kind == 'adopt'").label)
    cities = right.people.city
    for _, row in found.iterrows():
        assert row.adopted == sum(cities[name] == row.city for name in adopted)
    by_age = pd.Series(np.where(people().age < 40, "young", "old"), index=NAMES, name="age")
    assert right.adopted_by(by_age.iloc[ORDER]).equals(right.adopted_by(by_age))
    with pytest.raises(KoubeiError, match="by: no such column of the people, got 'town'"):
        right.adopted_by("town")


@pytest.mark.parametrize("stream", [False, True])
def test_names_there_and_back(stream: bool, tmp_path: Path) -> None:
    """Catches names that a saved result loses."""
    found = kb.run(
        "tiny",
        rng=7,
        networks=NAMED,
        agents=people().assign(mixed=[1, "a"] * (N // 2)),
        out=tmp_path / "r",
        stream=stream,
        **ONE_FEED,
    )
    back = kb.load(tmp_path / "r", stream=False)
    assert back.people.equals(found.people)
    assert back.people.mixed.tolist()[:2] == [1, "a"]
    pd.testing.assert_frame_equal(back.events, found.in_memory().events)
    assert pd.read_parquet(tmp_path / "r" / "events.parquet").label.tolist() == list(
        back.events.label
    )


def test_a_result_without_names_is_as_it_was(tmp_path: Path) -> None:
    """Catches columns or files that appear where people have no names."""
    found = kb.run("tiny", rng=7, ticks=3, n_agents=200, out=tmp_path / "r")
    assert "label" not in found.events.columns
    assert not (tmp_path / "r" / "people.parquet").exists()
    assert found.people.index.tolist() == list(range(200))
    assert set(kb.load(tmp_path / "r").people.segment) == {"enthusiast", "newbie"}


def test_files_of_graphs_keep_names(tmp_path: Path) -> None:
    """Catches two files in which row 3 is not the same person, and names that are dropped."""
    lines = [f"{NAMES[a]} {NAMES[b]}\n" for a, b in EDGES]
    (tmp_path / "one.txt").write_text("".join(lines))
    file = {"channels.weibo.network": {"kind": "file", "path": str(tmp_path / "one.txt"),
                                       "directed": True}}  # fmt: skip
    found = run(shuffled(), None, **file)
    assert found.digest() == run(people()).digest()
    bare = run(None, None, **file, **{"seeding.strategy": "ids", "seeding.ids": ["p07"]})
    assert bare.events.label[0] == "p07"
    more = {**file, "n_agents": N + 2}
    table = pd.concat([shuffled(), people().iloc[:2].set_axis(["zoe", "adam"])])
    assert run(table, None, **more).labels.tolist() == [*NAMES, "adam", "zoe"]


def test_a_branch_keeps_names() -> None:
    """Catches names that are lost once the rules change, and seeds who become others."""
    wanted = {"seeding.strategy": "ids", "seeding.ids": ["p33", "p05"]}
    first = run(people(), **wanted)
    words: dict[str, Any] = {"networks": NAMED, "agents": people()}
    branch = first.fork(at=3, **words, **{"channels.weibo.tell": 0.04})
    assert branch.events.label[:2].tolist() == ["p05", "p33"]
    base = kb.Scenario.load("tiny").replace(**ONE_FEED, **wanted)
    swept = kb.sweep(base, {"ticks": [6]}, rng=7, **words, outcomes=["users"], workers=1).table()[
        "users"
    ]
    assert swept.tolist() == [first.data.users[0, -1]]

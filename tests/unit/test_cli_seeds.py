"""``koubei seeds`` as a person meets it: names in and out, tables of people, refusals."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from rich.cells import cell_len

import koubei_sim as kb
from koubei_sim.cli import main

#: Three stars: their middles reach 6, 4 and 3 people for certain.
STARS = {"王小明": ["甲", "乙", "丙", "丁", "戊"], "li": ["an", "bo", "cy"], "zhao": ["x", "y"]}
QUICK = ["--p", "1", "--rng", "7"]


@pytest.fixture
def call(capsys, monkeypatch):
    """Run the command line in this process; returns (status, stdout, stderr)."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: object):
        status = main([str(word) for word in words])
        out = capsys.readouterr()
        return status, out.out, out.err

    return run


@pytest.fixture
def stars(tmp_path):
    """The stars in a file, and a table of people beside it in another order."""
    ties = [f"{middle},{end}" for middle, ends in STARS.items() for end in ends]
    (tmp_path / "ties.csv").write_text("\n".join(["source,target", *ties]), "utf-8")
    names = sorted({name for tie in ties for name in tie.split(",")}, reverse=True)
    price = {"王小明": 90, "li": 40, "zhao": 30}
    fans = {"zhao", "x"}
    rows = [f"{name},{'fan' if name in fans else 'other'},{price.get(name, 50)}" for name in names]
    (tmp_path / "people.csv").write_text("\n".join(["姓名,kind,price", *rows]), "utf-8")
    return ["seeds", tmp_path / "ties.csv", "--directed", *QUICK]


def _found(call, *words):
    status, out, err = call(*words, "--json")
    assert (status, err) == (0, ""), err
    return json.loads(out)


def _labels(found) -> list[str]:
    return [seed["label"] for seed in found["seeds"]]


def test_seeds_are_those_of_the_library(call, tmp_path):
    """Catches options that do not reach the search, and rows in place of labels."""
    net = kb.networks.follow_graph(300, mean_degree=6, exponent=2.3, key=4)
    net = kb.Network(net.layers, labels=np.array([f"p{k}" for k in range(300)]))
    kb.networks.write_network(net, tmp_path / "net.csv")
    (tmp_path / "some.txt").write_text("\n".join(f"p{k}" for k in range(0, 300, 2)))
    given = ["seeds", tmp_path / "net.csv", "--k", 4, "--p", "weighted", "--rng", 3]
    more = ["--target", "0.8", "--delta", "0.02", "--given", "ids:p0,p2"]
    found = _found(call, *given, *more, "--among", tmp_path / "some.txt")
    alone = kb.seeding.maximise(
        kb.read_network(tmp_path / "net.csv"),
        kb.IndependentCascade("weighted"),
        4,
        among=[f"p{k}" for k in range(0, 300, 2)],
        given=["p0", "p2"],
        target=0.8,
        delta=0.02,
        rng=3,
    )
    assert _labels(found) == alone.seeds.tolist()
    assert [seed["reach"] for seed in found["seeds"]] == alone.curve[1:].tolist()
    assert (found["ratio"], found["at_most"]) == (alone.ratio, alone.at_most)
    assert (found["key"], found["target"], found["delta"]) == (3, 0.8, 0.02)


def test_a_table_of_people_is_matched_by_name(call, stars, tmp_path):
    """Catches a table taken by place, groups or costs of others, and cells read as other kinds."""
    people = ["--people", tmp_path / "people.csv"]
    assert _labels(_found(call, *stars, "--k", 2)) == ["王小明", "li"]
    quotas = ["--groups", "kind", "--quotas", "fan=1,other=1"]
    found = _found(call, *stars, *people, *quotas)
    assert {seed["label"]: seed["group"] for seed in found["seeds"]} == {
        "王小明": "other",
        "zhao": "fan",
    }
    found = _found(call, *stars, *people, "--costs", "price", "--budget", 70)
    assert _labels(found) == ["li", "zhao"]
    assert [seed["cost"] for seed in found["seeds"]] == [40.0, 30.0]
    assert (found["seeds"][-1]["spent"], found["cost"]) == (70.0, 70.0)
    assert _labels(_found(call, *stars, *people, "--k", 1, "--among", "kind=fan")) == ["zhao"]
    found = _found(call, *stars, *people, "--k", 1, "--audience", "price")
    assert found["reach"]["low"] > 200  # 90 and five times 50; a count of people would be 6


def test_the_report_fits_a_terminal_and_ends_with_the_proof(call, stars, tmp_path):
    """Catches lines that wrap at 80 columns, names cut off, and a last line without the ratio."""
    long = ["--people", tmp_path / "people.csv", "--costs", "price", "--budget", "1000"]
    for words in (["--k", 3], long, ["--k", 1, "--given", "ids:li"]):
        status, out, err = call(*stars, *words)
        assert (status, err) == (0, "")
        assert max(map(cell_len, out.splitlines())) <= 80, out
        assert "王小明" in out
        assert "% of the best is proven" in out.splitlines()[-1]
    assert " by 1 person, with those given" in out
    status, out, _ = call("seeds", "follow:2000", "--k", 30, "--p", "0.01", "--rng", 1)
    assert "10 more (--out seeds.csv has all)" in out
    assert max(map(cell_len, out.splitlines())) <= 80


def test_a_target_out_of_reach_is_said(call, stars):
    """Catches a proof that claims what was asked for and not what was proven."""
    status, out, _ = call(*stars, "--k", 2, "--target", "1", "--delta", "1e-12")
    assert status == 0
    assert "the target of 100% is not reached: sets ran out" in out.splitlines()


def test_files_hold_the_seeds_and_can_be_given_again(call, stars, tmp_path):
    """Catches a file with rows for labels, and one that no other command reads."""
    status, _, err = call(
        *stars, "--k", 2, "--out", tmp_path / "seeds.csv", "--figure", tmp_path / "seeds.png"
    )
    assert (status, err) == (0, "")
    written = pd.read_csv(tmp_path / "seeds.csv")
    assert written.columns.tolist() == ["rank", "label", "reach", "gain"]
    assert written["label"].tolist() == ["王小明", "li"]
    assert written["rank"].tolist() == [1, 2]
    assert (tmp_path / "seeds.png").read_bytes().startswith(b"\x89PNG")
    call(*stars, "--k", 2, "--out", tmp_path / "seeds.parquet")
    assert pd.read_parquet(tmp_path / "seeds.parquet")["label"].tolist() == ["王小明", "li"]
    found = _found(call, *stars, "--k", 1, "--given", tmp_path / "seeds.csv")
    assert _labels(found) == ["zhao"]
    run = ["cascade", *stars[1:], "--seeds", tmp_path / "seeds.csv", "--replicates", 3]
    assert json.loads(call(*run, "--json")[1])["summary"]["size"]["mean"] == 10.0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--k: missing, allowed k, groups and quotas, or costs and budget"),
        (["--k", "99"], "--k: out of range, got 99, allowed 0..13"),
        (["--k", "1", "--rule", "weighted"], "--rule: a probability of the rule independent"),
        (["--k", "1", "--set", "p=0.2"], "--set: one name stands there twice, got p"),
        (["--groups", "kind", "--quotas", "fan=1"], "--groups: needs a table of people"),
        (["--k", "1", "--among", "kind=fan"], "--among: needs a table of people"),
        (["--k", "1", "--by", "kind"], "--by: needs a table of people"),
        (["PEOPLE", "--groups", "knd", "--quotas", "fan=1"], "--groups: no such column"),
        (["PEOPLE", "--groups", "kind"], "--quotas: missing beside groups"),
        (["PEOPLE", "--groups", "kind", "--quotas", "fan"], "--quotas: not of the form group="),
        (["PEOPLE", "--groups", "kind", "--quotas", "fan=x"], "--quotas fan: not a number of"),
        (["PEOPLE", "--groups", "kind", "--quotas", "fn=1"], "--quotas['fn']: nobody is of this"),
        (["PEOPLE", "--groups", "kind", "--quotas", "fan=9"], "--quotas['fan']: out of range"),
        (["PEOPLE", "--costs", "kind", "--budget", "9"], "--costs kind: not a number, of '"),
        (["PEOPLE", "--costs", "price", "--budget", "1"], "--budget: pays for nobody"),
        (["PEOPLE", "--k", "1", "--among", "kind=fans"], "--among kind: nobody has it, got fans"),
        (["PEOPLE", "--k", "1", "--by", "names"], "--by: no such column in people.csv"),
        (["--k", "1", "--people", "none.csv"], "--people: no such file, got none.csv"),
        (["--k", "1", "--given", "ids:wang"], "--given: no person has this label, got 'wang'"),
        (["--k", "1", "--among", "none.txt"], "--among: no such file, got none.txt"),
        (["--k", "1", "--out", "a.xlsx"], "--out: unknown kind, got a.xlsx"),
        (["--k", "1", "--figure", "a.gif"], "--figure: unknown format, got a.gif"),
        (["--k", "1", "--undirected"], "--undirected: given beside --directed"),
    ],
)
def test_mistakes_give_one_line_and_status_2(call, stars, tmp_path, words, message):
    """Catches tracebacks, and options that are silently passed over."""
    table = ["--people", tmp_path / "people.csv"]
    words = [one for word in words for one in (table if word == "PEOPLE" else [word])]
    status, out, err = call(*stars, *words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("li,other,40\n", ""), "people.csv: says nothing of somebody in the graph, got 'li'"),
        (("li,other,40", "liu,other,40\nli,other,40"), "no person has this label, got 'liu'"),
        (("li,other,40", "li,,40"), "--groups kind: says nothing of a person, got 'li'"),
        (("li,other,40", "zhao,other,40"), "a person who stands in row"),
    ],
)
def test_people_who_are_missing_or_unknown_are_refused(call, stars, tmp_path, change, message):
    """Catches people who drop out in silence, or who are taken for somebody else."""
    path = tmp_path / "people.csv"
    path.write_text(path.read_text("utf-8").replace(*change), "utf-8")
    words = ["--people", path, "--groups", "kind", "--quotas", "fan=1,other=1"]
    status, out, err = call(*stars, *words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err


def test_rules_without_reverse_sets_are_refused(call):
    """Catches a proof for a rule that has none."""
    status, out, err = call("seeds", "ring:9", "--k", 1, "--rule", "reinforcement")
    assert (status, out) == (2, "")
    assert "rule: has no reverse sets, got Reinforcement" in err


def test_people_by_place(call, tmp_path):
    """Catches a table longer or shorter than the graph beside people without names."""
    (tmp_path / "people.csv").write_text("price\n" + "5\n" * 9)
    words = ["--k", 1, "--people", tmp_path / "people.csv", "--audience", "price", *QUICK]
    assert _labels(_found(call, "seeds", "ring:9", *words))
    assert "people.csv: not one row a person, got 9" in call("seeds", "ring:10", *words)[2]


SMALL = ["seeds", "tiny", "--set", "n_agents=200", "--set", "ticks=20", "--runs", "100"]


def test_seeds_of_a_scenario_are_those_of_improve(call, tmp_path):
    """Catches options that do not reach the search, and a file without the seeds."""
    found = _found(call, *SMALL, "--rng", 5, "--outcome", "loyal", "--out", tmp_path / "s.csv")
    sc = kb.Scenario.load("tiny").replace(n_agents=200, ticks=20)
    best = kb.seeding.improve(sc, outcome="loyal", runs=100, rng=5)
    assert _labels(found) == best.seeds.tolist()
    assert (found["runs"], found["gain"]["low"]) == (best.runs, best.gain.low)
    assert pd.read_csv(tmp_path / "s.csv")["label"].tolist() == best.seeds.tolist()


def test_a_scenario_is_told_in_80_columns(call):
    """Catches lines that wrap, and a search that does not say what it gained."""
    status, out, err = call(*SMALL, "--rng", 5, "--k", 3)
    assert (status, err) == (0, "")
    assert max(map(cell_len, out.splitlines())) <= 80
    assert "first look" in out and "fresh worlds" in " ".join(out.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--p", "0.1"], "--p: only of a graph, but this is a scenario, got tiny"),
        (["--costs", "price", "--budget", "5"], "--costs: only of a graph"),
        (["--runs", "5"], "--runs: out of range"),
        (["--outcome", "fame"], "outcome"),
        (["--k", "0"], "--k"),
    ],
)
def test_what_a_scenario_does_not_take(call, words, said):
    """Catches options that are silently ignored."""
    status, _, err = call("seeds", "tiny", "--set", "n_agents=200", *words)
    assert status != 0 and said in err and len(err.strip().splitlines()) == 1, err


def test_runs_are_not_for_graphs(call, stars):
    """Catches options that are silently ignored."""
    status, _, err = call(*stars, "--k", 1, "--runs", 200)
    assert status != 0 and "--runs: only of a scenario" in err

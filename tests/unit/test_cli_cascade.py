"""``koubei cascade`` and ``koubei verify`` as a person meets them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len

from koubei_sim.cascades import IndependentCascade, cascade
from koubei_sim.cli import cascade as command
from koubei_sim.cli import main
from koubei_sim.loading import load
from koubei_sim.networks import follow_graph, read_network

QUICK = ["--replicates", "200", "--rng", "7", "--threads", "1"]


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
def edges(tmp_path):
    """A small directed graph in a file."""
    path = tmp_path / "small.edges"
    path.write_text("0 1\n1 2\n2 3\n0 3\n3 4\n")
    return path


def _narrow(text: str) -> bool:
    return max((cell_len(line) for line in text.splitlines()), default=0) <= 80


def test_a_cascade_is_that_of_the_library(call, edges):
    """Catches options that do not reach the run: equal sizes and key in JSON."""
    words = ["cascade", edges, "--directed", "--p", "0.4", "--seeds", "ids:0", *QUICK]
    status, out, err = call(*words, "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    graph = read_network(edges, directed=True)
    alone = cascade(graph, IndependentCascade(0.4), [0], 200, 7, threads=1)
    assert found["digest"] == alone.digest()
    assert (found["people"], found["arcs"], found["key"]) == (5, 5, 7)
    assert found["summary"]["size"]["mean"] == float(alone.sizes.mean())
    assert found["mean_curve"]["active"][-1] == float(alone.sizes.mean())
    undirected = json.loads(call(*words[:2], "--undirected", *words[3:], "--json")[1])
    assert undirected["arcs"] == 10


def test_the_report_fits_a_terminal(call):
    """Catches lines that wrap at 80 columns, and a report without the mean or the curve."""
    for words in (
        ["follow:20000", "--p", "0.02", "--seeds", "degree:10"],
        ["erdos-renyi:300,mean_degree=4", "--rule", "competing", "--set", "brands=['us','them']",
         "--seeds", "us=3", "--seeds", "them=ids:1,2"],
        ["complete:100", "--rule", "bass", "--horizon", "20"],
        ["ring:100,k=4", "--rule", "sir", "--set", "beta=0.8", "--set", "gamma=0.5"],
        ["friends:300,mean_degree=6", "--rule", "linear-threshold", "--record", "forest"],
    ):  # fmt: skip
        status, out, err = call("cascade", *words, *QUICK)
        assert (status, err) == (0, ""), (words, err)
        assert _narrow(out), [line for line in out.splitlines() if cell_len(line) > 80]
        assert "people ever active" in out
        assert "█" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["follow:100", "--rule", "sirr"], "--rule: unknown, got sirr"),
        (["follow:100", "--set", "quality=0.9"], "--set quality: independent has no such argument"),
        (["follow:100", "--set", "p"], "--set: not of the form name=value"),
        (["follow:100", "--p", "1.5"], "p: out of range, got 1.5, allowed 0..1"),
        (["follow:100", "--rule", "sir", "--p", "0.1"], "--p: sir has none"),
        (["follow:100", "--rule", "bass"], "horizon: Bass needs one"),
        (["follow:100", "--seeds", "absent.txt"], "--seeds: no such file"),
        (["follow:100", "--seeds", "ids:100"], "--seeds: no such person, got 100"),
        (["follow:100", "--seeds", "ids:x"], "--seeds: not a number of a person"),
        (["follow:100", "--seeds", "1", "--seeds", "2"], "--seeds: given more than once"),
        (["follow:100", "--rule", "competing", "--seeds", "5"], "--seeds: not of the form brand"),
        (["follow:100", "--replicates", "9", "--until-precision", ".1"], "given beside --repl"),
        (["follow:100", "--record", "all"], "record: unknown, got 'all'"),
        (["follow:100", "--out", "a.xlsx"], "--out: unknown kind, got a.xlsx"),
        (["follow:many"], "GRAPH: how many people, got many"),
        (["follow:100,mean=3"], "GRAPH mean: follow has no such argument"),
        (["folow:100"], "GRAPH: neither a file nor a generator"),
        (["absent.edges"], "absent.edges: no such file"),
        (["follow:100", "--directed"], "--directed: follow decides that itself"),
    ],
)
def test_mistakes_give_one_line_and_status_2(call, words, message):
    """Catches tracebacks, and options that are silently passed over."""
    status, out, err = call("cascade", *words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err


def test_results_are_written_whole(call, tmp_path, edges):
    """Catches files that hold something else than the run, and formats that are mixed up."""
    words = ["cascade", edges, "--directed", "--p", "0.4", "--seeds", "ids:0", *QUICK]
    status, out, _ = call(*words, "--out", tmp_path / "run", "--record", "forest")
    assert status == 0
    assert f"written to {tmp_path / 'run'}" in out
    kept = load(tmp_path / "run")
    assert kept.replicates == 200
    assert kept.has_log
    import pandas as pd

    call(*words, "--out", tmp_path / "sizes.parquet", "--log", tmp_path / "log.parquet")
    call(*words, "--out", tmp_path / "sizes.csv")
    sizes = pd.read_parquet(tmp_path / "sizes.parquet")["size"].to_numpy()
    assert np.array_equal(sizes, kept.sizes)
    assert np.array_equal(pd.read_csv(tmp_path / "sizes.csv")["size"].to_numpy(), kept.sizes)
    assert len(pd.read_parquet(tmp_path / "log.parquet")) == kept.sizes.sum()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "log.parquet", "run", "sizes.csv", "sizes.parquet", "small.edges",
    ]  # fmt: skip


def test_seeds_by_label_by_file_and_by_degree(call, tmp_path):
    """Catches names read as numbers, and the wrong end of the degrees."""
    path = tmp_path / "names.csv"
    path.write_text("source,target\nann,bob\nann,cas\nann,dee\nbob,cas\n")
    (tmp_path / "who.txt").write_text("ann\n")
    words = ["cascade", path, "--directed", "--p", "1", "--replicates", "3", "--rng", "1", "--json"]
    found = {
        word: json.loads(call(*words, "--seeds", word)[1])["summary"]["size"]["mean"]
        for word in ("ids:ann", "ids:cas", "degree:1", tmp_path / "who.txt")
    }
    assert list(found.values()) == [4.0, 1.0, 4.0, 4.0]


def test_contacts_in_time_order(call, tmp_path):
    """Catches a file of contacts that is read as a plain graph: 2 meets 3 before 1 meets 2."""
    path = tmp_path / "contacts.txt"
    path.write_text("1 2 10\n0 1 5\n2 3 1\n")
    words = ["cascade", path, "--directed", "--p", "1", "--seeds", "ids:0", "--replicates", "2"]
    timed = json.loads(call(*words, "--contacts", "--json")[1])
    assert timed["summary"]["size"]["mean"] == 3.0


def test_until_precision_stops_by_itself(call):
    """Catches a stopping rule that is not handed on."""
    words = ["cascade", "follow:500", "--p", "0.05", "--rng", "1", "--json"]
    found = json.loads(call(*words, "--until-precision", "0.05")[1])
    assert found["stopped"] == "precision"
    assert found["replicates"] > 100
    graph = follow_graph(500, key=command.GRAPH_KEY)
    assert found["arcs"] == graph.n_arcs


def test_every_rule_can_be_named():
    """Catches a rule of the library that the command line has forgotten, or two of one name."""
    from koubei_sim.cascades import rules

    classes = {getattr(rules, name) for name in rules.__all__} - {rules.Rule}
    assert set(rules.FAMILIES) == classes
    assert len({kind.command for kind in rules.FAMILIES} - {""}) == len(classes)
    for kind in rules.FAMILIES:
        assert type(command.rule_from(kind.command, [], None)) is kind


# ---------------------------------------------------------------- koubei verify


def test_verify_lists_runs_and_writes(call, tmp_path):
    """Catches a table that is too wide, and files that are missing or half-written."""
    status, out, err = call("verify")
    assert (status, err) == (0, "")
    assert _narrow(out)
    assert "nethept" in out
    status, out, err = call("verify", "granovetter", "--out", tmp_path / "figures")
    assert (status, err) == (0, "")
    plain = out.replace(str(tmp_path), "")
    assert _narrow(plain), [line for line in plain.splitlines() if cell_len(line) > 80]
    assert "yes" in out
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == [
        "granovetter.csv", "granovetter.png",
    ]  # fmt: skip
    found = json.loads(call("verify", "granovetter", "--json")[1])
    assert found["failures"] == {}
    assert found["replications"][0]["checks"][0]["expected"] == 100


def test_a_fault_gives_status_1_and_is_named(call, monkeypatch):
    """Catches an exit status of success where a check that should hold does not."""
    from verification import granovetter

    monkeypatch.setattr(granovetter, "_rioters", lambda needs, key: 50)
    status, out, _ = call("verify", "granovetter")
    assert status == 1
    assert "NO" in out
    assert "not reproduced: " in out
    found = call("verify", "granovetter", "--json")
    assert found[0] == 1
    assert "thresholds 0..99: rioters" in json.loads(found[1])["failures"]["granovetter"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["borell"], "replication: unknown, got borell"),
        (["borel", "--all"], "verify: a name and --all"),
        (["--full"], "verify: nothing named"),
        (["borel", "--rng", "-1"], "--rng"),
    ],
)
def test_verify_refuses_wrong_words(call, words, message):
    """Catches a misspelt name that runs everything, or nothing."""
    status, out, err = call("verify", *words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err


def test_the_old_name_of_verify_still_works_and_says_the_new_one(call):
    """Catches a script that stops at the renamed command, or is never told of the new name."""
    status, out, err = call("replicate", "--json")
    assert (status, json.loads(out)) == (0, json.loads(call("verify", "--json")[1]))
    assert err == (
        "koubei: note: koubei replicate is called koubei verify now; replicate goes with the next "
        "release\n"
    )
    assert "replicate " not in call("--help")[1]


def test_verify_says_where_it_runs_when_there_is_no_checkout(call, monkeypatch, tmp_path):
    """Catches an installed library that fails with a missing module, or runs what it finds."""
    from koubei_sim.cli import look

    (tmp_path / "verification").mkdir()
    monkeypatch.setattr(look, "__file__", str(tmp_path / "site" / "koubei_sim" / "cli" / "x.py"))
    monkeypatch.chdir(tmp_path)
    status, out, err = call("verify", "granovetter")
    assert (status, out) == (2, "")
    assert err == (
        "koubei: verify: the verifications are not installed with the library, try a checkout or "
        "the unpacked source archive of koubei_sim, and the command there\n"
    )
    monkeypatch.chdir(Path(__file__).parent)
    assert call("verify", "granovetter", "--json")[0] == 0


def test_verify_finds_its_folder_from_anywhere(fresh_python, tmp_path):
    """Catches verifications that are found only where the tests have them on their path."""
    code = f"import os; os.chdir({str(tmp_path)!r})\n"
    code += "from koubei_sim.cli import main\nmain(['verify', '--json'])"
    assert "granovetter" in json.loads(fresh_python(code))

"""``koubei compare``: the numbers of the study, in 80 columns, and mistakes in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from koubei_sim import studies
from koubei_sim.cli import main, screen
from koubei_sim.cli.compare import parts_of
from koubei_sim.model.scenario import Scenario

SMALL = ["--set", "n_agents=400", "--set", "ticks=25", "--rng", "7", "--replicates", "4"]
BASE = Scenario.load("tiny").replace(n_agents=400, ticks=25)
MORE = {"media.account.start": 2, "media.account.visibility": 0.5}
ADVERTISED = "advertised: media.account.start=2, media.account.visibility=0.5"


@pytest.fixture
def call(capsys: Any, monkeypatch: Any) -> Any:
    """Run the command line in this process; returns (status, stdout, stderr)."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: object) -> tuple[int, str, str]:
        status = main([str(word) for word in words])
        out = capsys.readouterr()
        return status, out.out, out.err

    return run


def test_the_numbers_are_those_of_the_study(call: Any) -> None:
    """Catches changes that reach the baseline, a difference turned round, another key."""
    status, out, err = call("compare", "tiny", *SMALL, "--change", ADVERTISED, "--json")
    assert (status, err) == (0, "")
    said = json.loads(out)
    wanted = studies.compare({"as it is": BASE, "advertised": BASE.replace(**MORE)}, 4, 7)
    for outcome, row in wanted.table().iterrows():
        ours = said["effects"]["advertised"][outcome]
        for name, column in (("baseline", "as it is"), ("value", "advertised")):
            assert ours[name] == pytest.approx(row[column]) or row[column] != row[column]
        for column in ("effect", "low", "high"):
            assert ours[column] == pytest.approx(row[column]) or row[column] != row[column]
    assert said["scenarios"]["as it is"] == BASE.digest()
    assert (said["key"], said["replicates"], said["stopped"]) == (7, 4, "replicates")


def test_a_table_for_each_scenario_in_80_columns(call: Any) -> None:
    """Catches a table that wraps, a scenario that is left out, a difference without its sign."""
    words = ["--change", ADVERTISED, "--change", "ticks=20", "--all"]
    status, out, err = call("compare", "tiny", *SMALL, *words)
    assert (status, err) == (0, "")
    assert max(cell_len(line) for line in out.splitlines()) <= 80
    assert out.count("A: as it is, 4 pairs, key 7") == 2
    assert "B: advertised" in out and "B: ticks=20" in out
    users = next(line for line in out.splitlines() if line.startswith("users"))
    gap = studies.compare({"a": BASE, "b": BASE.replace(**MORE)}, 4, 7).effect("users")
    assert f"x{screen.brief(gap.estimate)}" in users.split()


def test_files_and_results_are_compared_by_their_names(call: Any, tmp_path: Any) -> None:
    """Catches finished runs that are run again, and names that hide which file is which."""
    BASE.save(tmp_path / "plain.toml")
    BASE.replace(**MORE).save(tmp_path / "more.toml")
    files = [tmp_path / "plain.toml", tmp_path / "more.toml"]
    words = ["--rng", "7", "--replicates", "3"]
    status, out, _ = call("compare", *files, *words, "--json", "--baseline", "more")
    assert status == 0
    from_files = json.loads(out)
    assert (from_files["baseline"], list(from_files["effects"])) == ("more", ["plain"])
    for name in ("plain", "more"):
        done = call("run", tmp_path / f"{name}.toml", *words, "--out", tmp_path / name,
                    "--no-figures")  # fmt: skip
        assert done[0] == 0
    status, out, _ = call("compare", tmp_path / "more", tmp_path / "plain", "--json")
    assert status == 0
    assert json.loads(out)["effects"] == from_files["effects"]


def test_a_precision_that_is_not_reached_is_said_with_status_1(call: Any) -> None:
    """Catches an interval that is taken for narrow enough because the pairs ran out."""
    words = ["--change", ADVERTISED, "--precision", "0.001", "--at-most", "12"]
    few = [word if word != "4" else "10" for word in SMALL]
    status, out, err = call("compare", "tiny", *few, *words)
    assert (status, "12 pairs" in out) == (1, True)
    assert err == "koubei: users: not known to 0.001 after 12 replicates, try more of --at-most\n"
    wide = ["--change", ADVERTISED, "--precision", "1e6", "--outcome", "loyal"]
    assert call("compare", "tiny", *few, *wide)[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tiny"], "only one scenario, got tiny, try --change"),
        (["tiny", "tiny"], "two have the same name, got tiny"),
        (["tiny", "--change", "a: ticks=9", "--change", "a: ticks=8"], "same name, got a"),
        (["tiny", "--change", "a: tick=9"], "tick: unknown parameter"),
        (["tiny", "--change", "a:"], "--change: no change"),
        (["tiny", "--change", "a: ticks"], "not of the form path=value"),
        (["tinny", "campus"], "try tiny"),
        (["tiny", "--change", "ticks=9", "--baseline", "b"], "baseline: unknown, got 'b'"),
        (["tiny", "--change", "ticks=9", "--precision", "3", "--outcome", "user"], "try users"),
        (["tiny", "--change", "ticks=9", "--precision", "0"], "precision: out of range"),
    ],
)
def test_mistakes_are_one_line_with_status_2(call: Any, words: list[str], said: str) -> None:
    """Catches a mistake that runs something first, or ends as a traceback."""
    status, out, err = call("compare", *words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_values_with_commas_and_colons_stay_whole() -> None:
    """Catches a list cut at its commas, and a text at its colon."""
    text = "two: supply.invites=[0, 1, 2], start_date='2011-01-01', title=\"a, b: c\""
    assert parts_of(text) == (
        "two",
        ["supply.invites=[0, 1, 2]", "start_date='2011-01-01'", 'title="a, b: c"'],
    )
    bare = "events.one={channel = 'weibo', start = 3}"
    assert parts_of(bare) == (bare, [bare])


def test_doors_alike(call: Any, tmp_path: Path) -> None:
    """Catches an option of ``run`` that ``compare`` and ``sensitivity`` lack, or take otherwise."""
    people = tmp_path / "people.csv"
    kinds = ("enthusiast", "newbie")
    people.write_text("id,segment\n" + "".join(f"p{k},{kinds[k % 2]}\n" for k in range(60)))
    ties = tmp_path / "ties.csv"
    ties.write_text("source,target\n" + "".join(f"p{k},p{(k + 7) % 60}\n" for k in range(60)))
    small = [
        "--set",
        "ticks=8",
        "--set",
        "n_agents=60",
        "--set",
        "seeding.number=5",
        "--rng",
        "7",
        "--json",
    ]
    supplied = ["--agents", people, "--network", f"weibo={ties}", "--engine", "reference"]
    status, out, err = call("run", "tiny", *small, *supplied, "--replicates", "2")
    assert (status, err) == (0, "")
    users = json.loads(out)["summary"]["users"]["estimate"]
    words = ["--change", "purer: seeding.purity=0.9", "--replicates", "2"]
    status, out, err = call("compare", "tiny", *small, *supplied, *words, "--out", tmp_path / "j")
    assert (status, err) == (0, "")
    assert json.loads(out)["effects"]["purer"]["users"]["baseline"] == users
    again = call("compare", "tiny", *small, *supplied, *words, "--out", tmp_path / "j")
    assert again[:2] == (0, out)
    words = ["--path", "seeding.purity=0.1..0.9", "--replicates", "1"]
    assert call("sensitivity", "tiny", *small, *supplied, *words)[0] == 0

"""``koubei sensitivity`` as a person meets it: tables, JSON, resuming, mistakes in one line."""

from __future__ import annotations

import json

import pytest
from rich.cells import cell_len

from koubei_sim import studies
from koubei_sim.cli import main
from koubei_sim.model.scenario import Scenario

SMALL = [
    "tiny", "--set", "n_agents=300", "--set", "ticks=15", "--set", "seeding.number=10",
    "--replicates", "2",
]  # fmt: skip
PATHS = ["--path", "telling.relay=0.1..0.6", "--path", "hearing.memory_half_life"]


@pytest.fixture
def call(capsys, monkeypatch):
    """Run the command line in this process; returns (status, stdout, stderr)."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: object):
        status = main(["sensitivity", *[str(word) for word in words]])
        out = capsys.readouterr()
        return status, out.out, out.err

    return run


@pytest.mark.parametrize("method", ["oat", "morris", "sobol"])
def test_the_screen_has_80_columns(call, method) -> None:
    """Catches tables that break on a terminal, with long names and wide numbers."""
    points = {"oat": [], "morris": ["--points", 3], "sobol": ["--points", 4]}[method]
    more = ["--path", "seeding.strategy=random,degree", "--path", "segments.newbie.income_median"]
    status, out, err = call(*SMALL, *PATHS, *more, "--rng", 1, "--method", method, *points)
    assert (status, err) == (0, "")
    assert max(cell_len(line) for line in out.splitlines()) <= 80
    assert "telling.relay" in out and "key 1" in out
    assert ("pairs that act together" in out) == (method == "sobol")


def test_json_is_the_table_of_the_study(call) -> None:
    """Catches numbers for machines that are rounded, sorted or named otherwise."""
    status, out, err = call(
        *SMALL, *PATHS, "--rng", 5, "--method", "morris", "--points", 3, "--json",
        "--outcome", "adoptions", "--outcome", "users",
    )  # fmt: skip
    assert (status, err) == (0, "")
    found = json.loads(out)
    base = Scenario.load("tiny").replace(n_agents=300, ticks=15, **{"seeding.number": 10})
    paths = {"telling.relay": (0.1, 0.6), "hearing.memory_half_life": None}
    study = studies.sensitivity(
        base, paths, method="morris", points=3, outcome="adoptions", replicates=2, rng=5
    )
    table = study.table().reset_index()
    for row, wanted in zip(found["outcomes"]["adoptions"]["parameters"], table.itertuples()):
        assert row["parameter"] == wanted.parameter
        assert row["mu_star"] == wanted.mu_star and row["mu_star_to"] == wanted.mu_star_to
    assert list(found["outcomes"]) == ["adoptions", "users", "take_off"]
    assert (found["points"], found["replicates"], found["failed"]) == (9, 2, 0)


def test_a_figure_and_a_journal(call, tmp_path) -> None:
    """Catches a second call that runs again or takes another key, and a figure half written."""
    words = [*SMALL, *PATHS, "--out", tmp_path / "study", "--figure", tmp_path / "f" / "a.png"]
    status, out, err = call(*words)
    assert (status, err) == (0, "")
    files = sorted((tmp_path / "study" / "runs").iterdir())
    again = call(*words)
    assert again == (0, out, "")
    assert sorted((tmp_path / "study" / "runs").iterdir()) == files
    assert [path.name for path in (tmp_path / "f").iterdir()] == ["a.png"]
    assert (tmp_path / "f" / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tiny", "--method", "sobel"], "method: unknown, got 'sobel'"),
        (["tiny", "--method", "sobol", "--points", "6"], "power of two"),
        (["tiny", "--path", "telling.rely"], "telling.rely: unknown parameter"),
        (["tiny", "--path", "telling.relay=1"], "--path telling.relay: not a range"),
        (["tiny", "--path", "telling.relay=0.1..b"], "--path telling.relay: not a range"),
        (["tiny", "--path", "telling.relay=0.1..0.2:ln"], "--path telling.relay: not a range"),
        (["tiny", "--path", "ticks", "--path", "ticks=1..2"], "--path: one stands there twice"),
        (["tiny", "--outcome", "fans"], "outcome: unknown outcome, got fans"),
        (["tiny", "--figure", "a.bmp"], "--figure: unknown format, got a.bmp"),
        (["tiny", "--replicates", "0"], "replicates: out of range, got 0"),
        (["tini"], "tini"),
        ([*SMALL, *PATHS, "--outcome", "active_day_90"], "undefined in too many runs"),
    ],
)
def test_mistakes_are_one_line_and_status_2(call, words, said) -> None:
    """Catches a traceback, and a mistake found only after the runs."""
    status, out, err = call(*words)
    assert (status, out) == (2, "")
    assert said in err and err.count("\n") == 1 and err.startswith("koubei: ")

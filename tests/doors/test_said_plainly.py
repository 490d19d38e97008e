"""What results and the command say: intervals, whole tables, hints that lead on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import koubei_sim as kb
from koubei_sim import studies
from koubei_sim.cli import main

BASE = kb.Scenario.load("tiny").replace(n_agents=300, ticks=6)
SMALL = ("--set", "n_agents=300", "--set", "ticks=1", "--rng", "1")


@pytest.fixture
def call(capsys: Any, monkeypatch: Any, tmp_path: Path) -> Any:
    """Run the command in a folder of its own; returns (status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> tuple[int, str, str]:
        status = main([str(word) for word in words])
        out = capsys.readouterr()
        return status, out.out, out.err

    return run


def test_shares_are_said_with_their_intervals() -> None:
    """Catches a share that is printed as if it were known for sure."""
    found = studies.shapley(BASE, ["events", "relays"], "users", replicates=4, rng=1)
    said = " ".join(repr(found).split())
    row = found.table().loc["relays"]
    assert f"users x {row['share']:.4g} (95 % {row['low']:.4g} .. {row['high']:.4g})" in said
    assert f"(95 % {row['take_off_low']:+.2f} .. {row['take_off_high']:+.2f})" in said


def test_an_outcome_that_is_never_defined_is_said_so() -> None:
    """Catches an effect of ``+nan``."""
    found = kb.compare({"a": BASE, "b": BASE.replace(**{"seeding.number": 5})}, 2, 1, threads=1)
    assert str(found.effect(lambda run: float("nan"))) == "undefined in all pairs"


def test_main_tables_print_in_one_block() -> None:
    """Catches columns behind dots, and a second block that holds next to nothing."""
    few = {"few": {"seeding.number": 5}, "many": {"seeding.number": 25}}
    swept = kb.sweep(BASE, {"seeding.purity": [0.1, 0.9], "seeding.number": [5, 9]}, rng=1)
    long = kb.sweep(BASE.replace(ticks=1), {"seeding.number": [5, 9]}, replicates=31, rng=1)
    for found in (
        kb.compare({"as it is": BASE, "advertised": BASE.replace(**few["few"])}, 2, 1, threads=1),
        kb.plan(BASE, few, 3, value_per_user=90.0, rng=1),
        studies.shapley(BASE, ["events", "relays"], "users", replicates=3, rng=1),
        swept,
        long,
    ):
        said = repr(found.table())
        assert "\n\n" not in said and "..." not in said and "more columns: " in said
        assert max(map(len, said.splitlines())) <= 80
    assert "users" in repr(swept.table()).splitlines()[0]
    assert "run_key" not in repr(long.table()).split("more columns")[0]


def test_a_plan_is_said_alike_at_the_terminal(call: Any) -> None:
    """Catches 4.5e+04 at the terminal, and values without their intervals."""
    Path("plan.toml").write_text(
        'scenario = "tiny"\nworlds = 3\nvalue_per_user = 90.0\nrng = 3\n[set]\nn_agents = 400\n'
        'ticks = 6\n[designs.few]\n"seeding.number" = 5\n[designs.many]\n"seeding.number" = 25\n'
    )
    status, out, _ = call("plan", "plan.toml")
    row = next(line for line in out.splitlines() if line.startswith("  many "))
    assert status == 0 and "e+" not in out and "95 %" in out
    table = studies.plan(**studies.read_plan("plan.toml")).table().loc["many"]
    assert f"{table.outlay:,.0f}" in row and f"{table.value:,.0f}" in row


def test_hints_of_the_command_lead_on(call: Any) -> None:
    """Catches hints at another option, at a Python argument, and a wrong place of a mistake."""
    assert "try --rng 3 " in call("run", "tiny", "--seed", "3")[2]
    assert "try --rng 3 " in call("run", "tiny", "--seed=3")[2]
    assert "--rng" not in call("describe", "purity", "--seed", "3")[2]
    status, out, _ = call("run", "tiny", *SMALL, "--out", "R", "--no-figures", "--replicates", "2")
    assert status == 0 and ", 1 day," in f"{out.splitlines()[0]}," and "too few  few" not in out
    assert "--excel: another kind" in call("report", "R", "--excel", "a.txt")[2]
    assert "--out: another kind" in call("report", "R", "-o", "a.txt")[2]
    assert not list(Path().glob("*.html"))
    assert "made     new (" in call("report", "R", "-o", "new/x.html")[1]
    assert "made" not in call("report", "R", "-o", "new/y.html")[1]


def test_replicates_by_another_name() -> None:
    """Catches the hint at the number of people."""
    with pytest.raises(kb.KoubeiError, match="try replicates=3"):
        kb.run(BASE, n_replicates=3)


def test_a_mesa_model_says_what_it_is() -> None:
    """Catches the address of an object."""
    pytest.importorskip("mesa")
    model = kb.KoubeiModel("tiny", rng=7, ticks=3, n_agents=300)
    assert repr(model).startswith("KoubeiModel(tiny: day 0 of 3, ") and "key 7" in repr(model)

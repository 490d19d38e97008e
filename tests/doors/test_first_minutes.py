"""The first minutes of somebody new: the command without words, help, habits of other libraries.

Catches: a command that answers with nothing or an error where one asks what there is; names that
mean something else elsewhere (`seed`); a scenario that other libraries take for a list.
"""

from __future__ import annotations

import subprocess
import sys

import mesa
import pytest

import koubei_sim as kb
from koubei_sim.cli import main


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_help_is_given_to_who_asks_nothing(words, capsys):
    """Also catches a wrong exit status: whoever asks for help has done nothing wrong."""
    assert main(words) == 0
    said = capsys.readouterr().out
    assert said.startswith("Usage: koubei") and "\n  run " in said and "cascade" in said


def test_python_m_is_the_command():
    found = subprocess.run(
        [sys.executable, "-m", "koubei_sim", "--version"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (found.returncode, found.stdout) == (0, f"koubei {kb.__version__}\n")


def test_completion_of_a_shell_is_offered(capsys):
    assert main(["--help"]) == 0
    assert "--show-completion" in capsys.readouterr().out


def test_seed_is_told_apart_from_rng():
    with pytest.raises(kb.KoubeiError) as told:
        kb.run("tiny", seed=3)
    assert str(told.value) == "seed: seeds are people here, got 3, try rng=3"


def test_batch_run_takes_a_scenario_for_one_thing():
    """Catches a scenario that iterates: Mesa would run it once for each of its fields."""
    scenario = kb.Scenario.load("tiny").replace(ticks=3)
    rows = mesa.batch_run(
        kb.KoubeiModel,
        {"scenario": scenario, "seeding__purity": [0.1, 0.9]},
        max_steps=3, number_processes=1, display_progress=False,
    )  # fmt: skip
    assert [row["seeding__purity"] for row in rows] == [0.1, 0.9]
    with pytest.raises(TypeError, match="one thing"):
        list(scenario)


def test_scenario_is_shown_in_a_few_lines():
    shown = repr(kb.Scenario.load("xiaomi"))
    assert len(shown.splitlines()) < 9 and all(len(line) <= 110 for line in shown.splitlines())
    assert "weibo" in shown and str(kb.Scenario.load("xiaomi")) == shown

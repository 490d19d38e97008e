"""What is advised about reports: how to have something saved that can be reported."""

from __future__ import annotations

from pathlib import Path

from tests.doors.advice_calls import Trial, command, said, write

import koubei_sim as kb
from koubei_sim.studies.compare.stored import open_comparison

PLAN = """
scenario = "tiny"
worlds = 2
value_per_user = 90.0
rng = 1
[set]
n_agents = 300
ticks = 5
[designs.few]
"seeding.number" = 5
[designs.more]
"seeding.number" = 9
"""
SMALL = ("--set", "ticks=2", "--set", "n_agents=300", "--rng", "1")


def ran(folder: str) -> None:
    command("run", "tiny", *SMALL, "--out", folder)()


def planned() -> None:
    write(PLAN, "plan.toml")
    command("plan", "plan.toml", "--out", "P")()
    command("report", "plan.toml", "--journal", "P")()
    assert Path("plan.html").is_file()


def compared() -> None:
    base = kb.Scenario.load("tiny").replace(n_agents=300, ticks=2)
    both = {"a": base, "b": base.replace(**{"seeding.number": 5})}
    kb.compare(both, 1, 1, out="C", threads=1)
    open_comparison("C")


def of_a_plan() -> None:
    write(PLAN, "plan.toml")
    command("plan", "plan.toml", "--out", "P")()
    kb.load("P").to_html()


TRIED: dict[str, Trial] = {
    "'koubei report PLAN.toml --journal FOLDER for a plan, else what made it'": (
        of_a_plan,
        planned,
    ),
    "'compare(..., out=...)'": (lambda: open_comparison("nothing"), compared),
    "f'koubei run {word} --out FOLDER'": (
        lambda: said("report", "tiny"),
        lambda: (ran("R"), command("report", "R")()),
        "koubei run tiny --out FOLDER",
    ),
    "f'koubei run {wrong} --out FOLDER'": (
        lambda: (ran("R"), said("report", "R", "tiny")),
        lambda: (ran("R"), ran("S"), command("report", "R", "S", "-o", "both.html")()),
        "koubei run tiny --out FOLDER",
    ),
    "f'koubei report {wrong}, without the others'": (
        lambda: (ran("R"), compared(), said("report", "R", "C")),
        lambda: (compared(), command("report", "C")()),
        "koubei report C, without the others",
    ),
    "f'koubei plan {place} --out FOLDER, then --journal FOLDER'": (
        lambda: (write(PLAN, "plan.toml"), said("report", "plan.toml")),
        planned,
        "koubei plan plan.toml --out FOLDER, then --journal FOLDER",
    ),
}

"""What is advised about exchange rates, plans and races."""

from __future__ import annotations

from typing import Any

from tests.doors.advice_calls import Trial, command, said, write

import koubei_sim as kb
from koubei_sim.studies import Plan

FEW = kb.Scenario.load("tiny").replace(n_agents=30, ticks=2, **{"seeding.number": 2})
LEVERS = {"seeding.purity": [0.1, 0.9]}


FREE = kb.Scenario.from_dict({"n_agents": 60, "ticks": 2, "seeding": {"number": 2, "purity": 0.5}})


def planned(levers: Any = None, **named: Any) -> Plan:
    return kb.plan(FEW, LEVERS if levers is None else levers, 2, rng=1, workers=1, **named)


TIES = kb.Network.from_edges([0, 1, 2], [1, 2, 3])


def chosen(k: int | None = None, **named: Any) -> Any:
    return kb.seeding.maximise(TIES, kb.IndependentCascade(0.5), k, rng=1, **named)


TRIED: dict[str, Trial] = {
    "'--budget 50000 --costs 80, without --k'": (
        lambda: said(
            "seeds", str(write("anna bert\nbert carl\n")), "--k", "1", "--currency", "CNY"
        ),
        command("seeds", "ties.txt", "--currency", "CNY", "--budget", "50000", "--costs", "80"),
    ),
    "'budget=50_000'": (
        lambda: chosen(1, currency="CNY"),
        lambda: chosen(costs=9.0, currency="CNY", budget=50_000),
    ),
    "\"costs={'fan': 50, 'star': 5000}\"": (
        lambda: chosen(costs=9.0, groups=["fan", "star"] * 2, budget=60),
        lambda: chosen(costs={"fan": 50, "star": 5000}, groups=["fan", "star"] * 2, budget=60),
    ),
    "\"prices={'seeding.recruit_cost': 80.0}\"": (
        lambda: kb.plan(FREE, LEVERS, 2, outcome="users", budget=900.0, rng=1, workers=1),
        lambda: kb.plan(
            FREE,
            LEVERS,
            2,
            outcome="users",
            budget=900.0,
            rng=1,
            workers=1,
            prices={"seeding.recruit_cost": 80.0},
        ),
    ),
    "f'runs={int(np.ceil(least))}'": (
        lambda: kb.seeding.choose(FEW, LEVERS, "users", runs=11, rng=1),
        lambda: kb.seeding.choose(FEW, LEVERS, "users", runs=12, rng=1),
    ),
    "'P(users >= 1000)'": (
        lambda: planned(outcome="P(users)"),
        lambda: planned(outcome="P(users >= 1000)"),
    ),
    "f'P(adoptions >= {max(bars)})'": (
        lambda: planned({"seeding.number": [1, 3]}, outcome="take_off"),
        lambda: planned({"seeding.number": [1, 3]}, outcome="P(adoptions >= 30)"),
    ),
    "'value_per_user=100.0'": (planned, lambda: planned(value_per_user=100.0)),
    "'bounds=(0.0, 1000.0)'": (
        lambda: planned(outcome="adoptions", racing=True),
        lambda: planned(outcome="adoptions", racing=True, bounds=(0.0, 1000.0)),
    ),
    "\"outcome='users'\"": (
        lambda: planned(outcome="active_day_90"),
        lambda: planned(outcome="users"),
    ),
    "f'bounds=({min(least, self.low):.6g}, {max(most, self.high):.6g})'": (
        lambda: planned(outcome="adoptions", racing=True, bounds=(5.0, 1000.0)),
        lambda: planned(outcome="adoptions", racing=True, bounds=(0.0, 1000.0)),
    ),
}

"""Dotted changes: `changes={...}` beside words, at every door that takes them.

Catches: a door that knows one way and not the other, one that loses one of the two where both are
given, and one that lets the last win where they contradict each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

import koubei_sim as kb

TINY = kb.Scenario.load("tiny").replace(n_agents=300, ticks=12)
FIRST = {"seeding.purity": 0.3}
SECOND = {"media.account.visibility": 0.5}  # of the future: a fork takes it
Door = Callable[..., kb.Scenario]


def forked(changes: Any = None, **more: Any) -> kb.Scenario:
    return kb.run(TINY, rng=3).fork(at=6, changes=changes, **more).scenario


DOORS: Mapping[str, tuple[Door, dict[str, Any]]] = {
    "replace": (lambda changes=None, **more: TINY.replace(changes=changes, **more), FIRST),
    "run": (lambda changes=None, **more: kb.run(TINY, rng=3, changes=changes, **more).scenario,
            FIRST),
    "fork": (forked, SECOND),
    "mesa": (lambda changes=None, **more:
             kb.KoubeiModel(TINY, rng=3, changes=changes, **more).scenario_spec, FIRST),
    "ensemble": (lambda changes=None, **more:
                 kb.ensemble("xiaomi", 2).replace(changes=changes, **more).scenario, FIRST),
}  # fmt: skip


@pytest.mark.parametrize("name", DOORS)
def test_both_ways_mean_the_same(name: str) -> None:
    door, changes = DOORS[name]
    (path,) = changes
    assert door(changes=changes) == door(**changes) != door()
    both = door(changes=changes, ticks=20)
    assert both == door(**changes, ticks=20) and both.ticks == 20
    with pytest.raises(kb.KoubeiError, match=f"{path}: is changed twice"):
        door(changes=changes, **{path: 0.7})


@pytest.mark.parametrize("wrong", [0.3, "seeding.purity", [("seeding.purity", 0.3)], {3: 0.3}])
def test_what_is_no_change_is_refused(wrong: Any) -> None:
    for name, (door, _) in DOORS.items():
        with pytest.raises(kb.KoubeiError, match="changes: not values by dotted path, got"):
            door(changes=wrong)
            pytest.fail(name)

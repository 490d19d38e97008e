"""Laws of what sets people apart and binds them: kinds of people.

The compiled engine on scenarios a person could write.  Statistical tests have a fixed key and the
error rate 1e-6 (`tests.statistical.test_limits_support`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.quiet_worlds import with_people
from tests.statistical.test_limits_support import KEY, limit_z, share_scores

from koubei_sim.core import codes
from koubei_sim.model.compiled import CompiledRun, run_compiled
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.build import build_world
from koubei_sim.runs.differences import difference

TINY = Scenario.load("tiny").replace(n_agents=600, ticks=90, **{"participation.reward_taint": 0.0})


# ---------------------------------------------------------------- kinds of people


def halved(*paths: str) -> dict[str, Any]:
    """Return the changes that halve these parameters."""
    found: dict[str, Any] = {}
    for path in paths:
        value: Any = TINY
        for step in path.split("."):
            value = value[step] if isinstance(value, dict) else getattr(value, step)
        found[path] = tuple(x / 2 for x in value) if isinstance(value, tuple) else value / 2
    return found


GAINS = (
    *(f"loyalty.{gain}" for gain in ("recruit_gain", "reply_gain", "honour_gain")),
    *("loyalty.complaint_gain", "service.answer_gain"),
    *(f"nodes.{node}.rewarding" for node in TINY.nodes),
    *(f"events.{event}.gain" for event in TINY.events),
    *(f"events.{event}.meet_gain" for event in TINY.events),
)


@pytest.mark.parametrize(
    ("factor", "paths"),
    [
        ("join", ("participation.join",)),
        ("tell", ("telling.tier_factor",)),
        ("leave", ("service.churn",)),
        ("gain", GAINS),
    ],
)
def test_a_factor_of_all_segments_is_one_on_the_rate(factor: str, paths: tuple[str, ...]) -> None:
    """Catches a factor that forgets an act, or touches another (relays, lapses, first engagement).

    Halves are exact in all units, so the histories are the same to the byte.
    """
    base = TINY.replace(**{"service.churn": 0.02})
    by_segment = base.replace(**{f"segments.{name}.{factor}": 0.5 for name in base.segments})
    changes = halved(*paths) if factor != "leave" else {"service.churn": 0.01}
    by_rate = run_compiled(build_world(base.replace(**changes), KEY))
    assert difference(run_compiled(build_world(by_segment, KEY)), by_rate) is None
    assert difference(run_compiled(build_world(base, KEY)), by_rate) is not None


def test_each_segment_leaves_at_its_own_rate() -> None:
    """Catches the factor of another segment, and tiers counted twice.

    Null: of casual users of segment s (1 - .01 leave)^30 are left after 30 days.  n = 20,000.
    """
    changes = {
        "n_agents": 20_000,
        "ticks": 30,
        "participation.join": 0.0,
        "service.churn": 0.01,
        "service.lapse": 0.0,
        "service.stay": (1.0,) * 4,
        "segments.enthusiast.leave": 2.5,
        "segments.newbie.leave": 0.4,
    }
    world = build_world(TINY.replace(**changes), KEY)
    everybody = np.arange(world.rules.n, dtype=np.int32)
    run = CompiledRun(with_people(world, seeds=everybody))
    run.advance()
    segment = world.rules.class_segment[world.people.agent_class]
    here = np.bincount(segment[run.stage == codes.USER], minlength=2)
    scores = [
        share_scores(here[s], int((segment == s).sum()), (1.0 - 0.01 * leave) ** 30)
        for s, leave in enumerate((2.5, 0.4))
    ]
    assert np.abs(scores).max() < limit_z(2)

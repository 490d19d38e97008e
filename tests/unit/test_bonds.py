"""Laws of what sets people apart and binds them: kinds of people, seeds won by hand.

The compiled engine on scenarios a person could write.  Statistical tests have a fixed key and the
error rate 1e-6 (`tests.statistical.test_limits_support`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.quiet_worlds import with_people
from tests.statistical.test_limits_support import KEY, limit_z, share_scores

import koubei_sim as kb
from koubei_sim import metrics
from koubei_sim.core import codes
from koubei_sim.metrics.indices import people_who_know
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


# ---------------------------------------------------------------- seeds won by hand


SILENT: dict[str, Any] = {
    **{f"channels.{name}.tell": 0.0 for name in TINY.channels},
    "media": {},
    "market.rival": (),
    "service.churn": 0.0,
    "service.lapse": 0.0,
}


def won(scenario: Scenario) -> tuple[kb.Result, NDArray[np.int64], NDArray[np.int64]]:
    """Return a run, and who was won by hand and when, in the order of days."""
    result = kb.run(scenario, rng=KEY)
    history = result.histories[0]
    lines = (history.log_kind == codes.LOG_ADOPT) & (history.log_recruiter == codes.RECRUITER_SEED)
    return result, history.log_agent[lines], history.log_tick[lines]


def test_seeds_are_won_one_by_one_at_their_pace() -> None:
    """Catches other people, another pace, turns in the order of numbers, and a cost on day 0."""
    at_once = TINY.replace(**SILENT, **{"seeding.recruit_cost": 7.0})
    _, everybody, before = won(at_once)
    assert set(before) == {-1}
    by_hand = at_once.replace(**{"seeding.per_day": 2.5})
    result, agents, ticks = won(by_hand)
    assert sorted(agents) == sorted(everybody)
    assert list(agents) != sorted(agents)
    turn = np.sort((np.arange(20) / 2.5).astype(int))
    assert (ticks == turn).all()
    users = result.data["users"].values[0]
    assert (users == np.cumsum(np.bincount(turn, minlength=90))).all()
    spent = metrics.spend(result.histories[0], by_hand)["seeds"]
    assert (spent == 7.0 * np.bincount(turn, minlength=90)).all()
    order = {int(agent): int(tick) for agent, tick in zip(agents, ticks)}
    _, faster, days = won(at_once.replace(**{"seeding.per_day": 5.0}))
    assert all(order[int(agent)] // 2 == day for agent, day in zip(faster, days))


def test_what_knows_of_seeds_knows_of_those_won_later() -> None:
    """Catches a measure that takes only those of the start for seeds, or counts them twice."""
    scenario = TINY.replace(**SILENT, **{"seeding.per_day": 1.0})
    result = kb.run(scenario, rng=KEY)
    history = result.histories[0]
    assert metrics.seeds_of(history) == 20
    assert metrics.adoptions(history).sum() == 20
    assert metrics.measure(result, "adopted@9") == 10
    assert not metrics.took_off(history, share=0.0, fold=1.1)
    assert metrics.took_off(history, share=0.0, fold=1.0)
    forest = metrics.recruitment_forest(history)
    assert (forest.parent == -1).all()
    assert (forest.depth == 0).all()
    model = kb.KoubeiModel(scenario=scenario, rng=KEY)
    assert model.users == 0
    model.step()
    assert (model.users, model.adoptions) == (1, 1)


def test_who_uses_it_already_is_passed_over() -> None:
    """Catches one who is won twice, and a turn that somebody else takes."""
    changes = {"market.open_to_all": 0, "market.rival": (), "supply.enabled": False}
    scenario = TINY.replace(**changes, **{"seeding.per_day": 0.25})
    result, agents, _ = won(scenario)
    seeds = build_world(scenario, KEY).people.seeds
    assert set(agents) < set(seeds.tolist())
    assert agents.size == len(set(agents)) == result.data["won_by_hand"].sum()
    adopted = result.events[result.events["kind"] == "adopt"]
    for seed in set(seeds.tolist()) - set(agents.tolist()):
        assert (adopted["agent"] == seed).any()


def test_the_slower_the_staff_the_later_the_start() -> None:
    """Catches an effect against the direction: fewer seeds by a day never give more users.

    Users of day 30 at a pace of 20, 1 and .4 a day, on common luck, for eight keys.
    """
    total = [0, 0, 0]
    for key in range(8):
        for k, pace in enumerate((20.0, 1.0, 0.4)):
            scenario = TINY.replace(**{"seeding.per_day": pace, "ticks": 30})
            total[k] += int(kb.run(scenario, rng=key).data["users"].values[0, -1])
    assert total[0] > total[1] > total[2]


# ---------------------------------------------------------------- forgetting

AWARE: dict[str, Any] = {**SILENT, "n_agents": 20_000, "market.aware_at_start": 1.0}


def knowing(scenario: Scenario) -> NDArray[np.int64]:
    """Return how many know the product, by day, in agents."""
    found: NDArray[np.int64] = people_who_know(kb.run(scenario, rng=KEY).histories[0])
    return found


def test_who_sees_nothing_forgets_with_the_half_life() -> None:
    """Catches another law than 2^(-d / half-life), looked at on the last day of each week.

    n = 20,000 - 20 seeds; two weeks and six.
    """
    others = AWARE["n_agents"] - 20
    known = knowing(TINY.replace(**AWARE, **{"hearing.forget_half_life": 21.0})) - 20
    weeks = np.array([2, 6])
    scores = share_scores(known[7 * weeks - 1], others, 0.5 ** ((7 * weeks - 1) / 21.0))
    assert np.abs(scores).max() < limit_z(2)
    assert (np.diff(known) != 0).nonzero()[0].tolist() == [7 * k + 5 for k in range(12)]


def test_who_sees_something_every_day_never_forgets() -> None:
    """Catches days that are counted from becoming aware instead of from the last sight."""
    channel = "weibo"
    everybody = {f"segments.{name}.membership.{channel}": 1.0 for name in TINY.segments}
    media = {"media": {"poster": {"channel": channel, "visibility": 1.0, "persuasion": 0.0}}}
    changes = {**AWARE, **media, **everybody, f"channels.{channel}.opens_at": 0}
    scenario = TINY.replace(**changes, **{"hearing.forget_half_life": 3.0})
    assert (knowing(scenario) == scenario.n_agents).all()


def test_awareness_bought_early_is_gone_the_sooner_the_shorter_the_half_life() -> None:
    """Catches an effect against the direction: on common luck, a longer memory knows no less.

    Half a year after a campaign of a month, for the half-lives 10, 40 and infinite and four keys.
    """
    channel = "weibo"
    media = {"channel": channel, "visibility": 0.2, "persuasion": 0.0, "end": 30}
    for key in range(4):
        known = []
        for half_life in (10.0, 40.0, float("inf")):
            changes = {**SILENT, "media": {"poster": media}, "ticks": 210}
            scenario = TINY.replace(**changes, **{"hearing.forget_half_life": half_life})
            history = kb.run(scenario, rng=key).histories[0]
            known.append(int(people_who_know(history)[-1]))
        assert known[0] < known[1] < known[2]


# ---------------------------------------------------------------- the funnel


def test_the_funnel_counts_people_as_the_log_has_them(tmp_path: Path) -> None:
    """Catches acts counted for people, seeds left out, spells cut at a return, and a log on disk
    that is read in another way."""
    changes = {"service.churn": 0.02, "service.lapsed_return": 9, "ticks": 60}
    scenario = TINY.replace(**changes, **{"seeding.per_day": 3.0, "market.open_to_all": 0})
    result = kb.run(scenario, rng=KEY)
    found = metrics.funnel(result.histories[0], (7, 30))
    log = result.events
    adoptions, lapses = log[log["kind"] == "adopt"], log[log["kind"] == "lapse"]
    used = set(adoptions["agent"])
    assert found.people == 600
    assert found.adopted == len(used)
    first = adoptions.groupby("agent")["tick"].min().to_dict()
    lines = zip(adoptions["recruiter"], adoptions["tick"])
    assert found.recruited == len({who for who, tick in lines if first.get(who, 99) < tick})
    for day, share in found.kept.items():
        seen, kept = set(), set()
        for who, begun in zip(adoptions["agent"], adoptions["tick"]):
            ends = lapses["tick"][(lapses["agent"] == who) & (lapses["tick"] > begun)]
            if begun + day <= 59:
                seen.add(who)
                if not len(ends) or ends.min() > begun + day:
                    kept.add(who)
        assert share == len(kept) / len(seen)
    last = result.data.isel(replicate=0, tick=slice(-30, None))
    before = result.data["users"].values[0, -31:-1]
    online = 30 * last["online_users"].values.sum() / before.sum()
    assert found.online_days == pytest.approx(online)
    stored = kb.run(scenario, rng=KEY, out=tmp_path / "run", stream=True)
    assert metrics.funnel(stored.histories[0], (7, 30)) == found


def test_an_empty_funnel_says_so() -> None:
    """Catches a share of nobody that reads as 0, and a division by nobody."""
    scenario = TINY.replace(**SILENT, **{"seeding.number": 0})
    found = metrics.funnel(kb.run(scenario, rng=KEY).histories[0], (7,))
    assert (found.adopted, found.users, found.recruited) == (0, 0, 0)
    assert np.isnan(found.kept[7])
    assert np.isnan(found.online_days)

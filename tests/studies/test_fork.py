"""Branches: a world continued with other rules, against worlds that had them in their calendar."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import scenarios
from tests.worlds import (
    ONE26,
    Dice,
    filling_world,
    random_events,
    random_market,
    random_world,
    with_rules,
)

import koubei_sim as kb
from koubei_sim.core.codes import USER
from koubei_sim.core.draws import drawn
from koubei_sim.errors import KoubeiError
from koubei_sim.model.compiled import CompiledRun, run_compiled
from koubei_sim.model.mechanisms.registration import DRAW_LURK, T_REGISTERS
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.neutral import MODULES, neutral_paths
from koubei_sim.model.world.arrays import World
from koubei_sim.model.world.build import build_world
from koubei_sim.runs.differences import difference
from koubei_sim.runs.fork import fork
from koubei_sim.runs.switching import switch

TINY = Scenario.load("tiny").replace(n_agents=400, ticks=36)
#: Modules that say who the people are, or how it started.
PAST_MODULES = {
    "activity",
    "awareness",
    "by_hand",
    "homophily",
    "registration",
    "seeds_stay",
    "taste",
}


@pytest.fixture(scope="module")
def result() -> Any:
    return kb.run(TINY, replicates=2, rng=5)


def later_worlds(number: int) -> tuple[World, World, int]:
    """A random world, the same with another calendar from a day on, and that day."""
    dice = Dice(10_000 + number)
    old = random_world(number)
    r = old.rules
    at = dice.whole(1, r.ticks - 1)
    other = random_events(dice, r.ticks, r.n_channels, r.n_products)
    market = random_market(dice, r.ticks)
    total = r.rival_cumulative * r.rival_on
    late = total.copy()
    steps = np.diff(np.asarray(market["rival_cumulative"]), prepend=0)
    late[at:] = total[at - 1] + np.cumsum(steps[at:])
    changes: dict[str, object] = {"rival_cumulative": late, "rival_on": int(late[-1] > 0)}
    for name in ("lift_tell16", "lift_visibility16", "event_gain", "event_saturation"):
        changes[name] = np.concatenate([getattr(r, name)[:, :at], other[name][:, at:]], axis=1)
    changes["units"] = np.append(r.units[:at], np.asarray(market["units"])[at:])
    changes["meeting_at"] = np.append(r.meeting_at[:at], np.roll(r.meeting_at[at:], 1))
    start = np.maximum(np.asarray(other["media_start"]), at)
    for name in ("channel", "product", "see32", "hazard"):
        whole = np.append(getattr(r, f"media_{name}"), other[f"media_{name}"])
        changes[f"media_{name}"] = whole.astype(np.int64)
    for name in ("lead", "follow", "forget", "notice", "lifted", "posts"):
        old_ones = getattr(r, f"media_{name}")
        new_ones = np.full(start.size, 1.0 if name in ("lead", "posts") else 0.0)
        changes[f"media_{name}"] = np.append(old_ones, new_ones).astype(old_ones.dtype)
    changes["unfollow32"] = np.pad(r.unfollow32, ((0, start.size), (0, 0)))
    changes["media_start"] = np.append(r.media_start, start)
    changes["media_end"] = np.append(r.media_end, start + 10)
    if r.goods_on:
        more = np.cumsum(dice.rng.uniform(0.0, 0.1, r.ticks - at) * ONE26).astype(np.int64)
        changes["arrivals"] = np.append(r.arrivals[:at], r.arrivals[at - 1] + more)
    old = with_rules(old, rival_cumulative=total, rival_on=int(total[-1] > 0))
    return old, with_rules(old, **changes), at


def check_calendar(number: int) -> bool:
    """Run one case; return whether the calendars made any difference at all."""
    old, new, at = later_worlds(number)
    run = CompiledRun(old)
    run.advance(at)
    switch(run, new)
    run.advance()
    assert difference(run.history(), run_compiled(new)) is None, (number, at)
    return difference(run.history(), run_compiled(old)) is not None


def test_a_switch_equals_an_unbroken_run_with_the_calendar() -> None:
    """Catches a state that loses an array at the switch, a calendar of the rival not redrawn.

    Random worlds straight from arrays, in which each mechanism is on in about half; from a random
    day on events, meetings, campaigns, units and the rival's force differ.
    """
    told = [check_calendar(number) for number in range(20)]
    assert sum(told) >= 10  # the new calendars do matter


@pytest.mark.slow
def test_a_switch_equals_an_unbroken_run_in_200_worlds() -> None:
    """The same over 200 worlds."""
    told = [check_calendar(number) for number in range(20, 220)]
    assert sum(told) >= 100


def scheduled(scenario: Scenario, at: int, kind: int) -> dict[str, Any]:
    """A change that a scenario can have in its calendar from the beginning."""
    channel = list(scenario.channels)[-1]
    # Two events with a gain may not be on one channel at the same time.
    alone = all(event.channel != channel for event in scenario.events.values())
    event = {
        "channel": channel,
        "start": at,
        "length": 4,
        "lift_tell": 3.0,
        "lift_visibility": 2.0,
        "gain": 0.5 if alone else 0.0,
    }
    media = {"channel": channel, "start": at, "visibility": 0.2, "persuasion": 0.5}
    rival = [phase for phase in scenario.to_dict()["market"]["rival"] if phase["day"] < at]
    return (
        {},
        {"events.sudden": event},
        {"media.sudden": media},
        {"market.rival": [*rival, {"day": at, "hazard": 0.05}]},
        {"ticks": scenario.ticks + 5},
    )[kind]


def check_scenario(scenario: Scenario, at: int, kind: int, key: int) -> None:
    at = min(at, scenario.ticks - 1)
    changes = scheduled(scenario, at, kind)
    first = kb.run(scenario, rng=key)
    if kind == 3:  # what the rival would have done from `at` on is replaced
        before = first.scenario.replace(**{"market.rival": changes["market.rival"][:-1]})
        first = kb.run(before, rng=key)
    left = fork(first, at, **changes)
    assert left.digest() == kb.run(scenario.replace(**changes), rng=key).digest()
    if not changes:
        assert left.digest() == first.digest()


CASE = (scenarios(n_max=200, ticks_max=30), st.integers(1, 30), st.integers(0, 4))


@given(*CASE, st.integers(0, 2**64 - 1))
@settings(max_examples=20)
def test_a_branch_equals_the_scheduled_change(s: Scenario, at: int, kind: int, key: int) -> None:
    """Catches people, graphs or tables built anew for a branch, or built for another key."""
    check_scenario(s, at, kind, key)


@pytest.mark.slow
@given(*CASE, st.integers(0, 2**64 - 1))
@settings(max_examples=200)
def test_200_branches_equal_scheduled_changes(s: Scenario, at: int, kind: int, key: int) -> None:
    """The same over 200 drawn scenarios."""
    check_scenario(s, at, kind, key)


def test_nothing_changes_before_the_day_and_much_after(result: Any) -> None:
    """Catches rules that act before `at`, or never."""
    left = fork(result, 20, **{"channels.weibo.tell": 0.2, "telling.relay": 0.0})
    for new, old in zip(left.histories, result.histories, strict=True):
        assert np.array_equal(new.table[:20], old.table[:20])
        assert not np.array_equal(new.table[21:], old.table[21:])
    assert left.at == 20 and left.scenario.channels["weibo"].tell == 0.2


def test_two_branches_equal_one_run_with_both_events(result: Any) -> None:
    """Catches a second branch that forgets the rules of the first."""
    one = {"channel": "weibo", "start": 12, "length": 3, "lift_tell": 5.0}
    two = {**one, "start": 22}
    first = fork(result, 12, **{"events.one": one})
    second = fork(first, 22, **{"events.two": two})
    both = kb.run(TINY.replace(**{"events.one": one, "events.two": two}), replicates=2, rng=5)
    assert second.digest() == both.digest()
    assert [day for day, _ in second.steps] == [0, 12, 22]


def test_the_method_of_a_result_is_the_study(result: Any) -> None:
    """Catches a method that forgets changes, days or networks, or is no longer the same study."""
    event = {"channel": "weibo", "start": 12, "length": 3, "lift_tell": 5.0}
    left = result.fork(at=12, threads=2, **{"events.one": event})
    assert left.digest() == fork(result, 12, **{"events.one": event}).digest()
    whole = kb.run(TINY.replace(**{"events.one": event}), replicates=2, rng=5)
    assert left.digest() == whole.digest() != result.digest()
    again = left.fork(22, **{"telling.relay": 0.0})
    assert again.digest() == fork(left, 22, **{"telling.relay": 0.0}).digest() != left.digest()


def test_the_method_opens_the_room_of_studies_itself(fresh_python: Any) -> None:
    """Catches a method that works only where somebody has imported the studies before."""
    code = (
        "import sys\nfrom koubei_sim.runs.simulate import run\n"
        "first = run('tiny', rng=7, ticks=8, n_agents=200)\n"
        "assert 'koubei_sim.studies' not in sys.modules\n"
        "print(first.fork(at=3).digest() == first.digest(), first.fork(at=3).at)"
    )
    assert fresh_python(code).strip() == "True 3"


def test_worlds_of_their_own_and_threads(result: Any) -> None:
    """Catches replicates that are given the people of replicate 0, or an order by thread."""
    own = TINY.replace(shared_world=False)
    first = kb.run(own, replicates=3, rng=9)
    assert fork(first, 15, threads=2).digest() == first.digest()


def test_a_campaign_that_is_called_off_equals_one_that_ends(result: Any) -> None:
    """Catches rules of the old calendar that are still read after the switch."""
    left = fork(result, 18, **{"media.account": None})
    ended = kb.run(TINY.replace(**{"media.account.end": 18}), replicates=2, rng=5)
    assert left.digest() == ended.digest()


def test_tellings_of_before_count_when_two_are_asked_for() -> None:
    """Catches a count of tellers that begins only with the branch.

    A hears from B on day 0 .. and could adopt at once; from day `at` two tellers are asked for,
    of whom one may have told before.
    """
    one = TINY.replace(**{f"segments.{s}.reinforcement": 1 for s in TINY.segments})
    changes = {f"segments.{s}.reinforcement": 2 for s in TINY.segments}
    first = kb.run(one, replicates=1, rng=5)
    left = fork(first, 20, **changes)
    worlds = [build_world(s, 5) for s in (one, one.replace(**changes))]
    run = CompiledRun(worlds[0])  # nobody counts: the first part without a need to
    run.advance(20)
    switch(run, worlds[1])
    run.advance()
    late = left.histories[0].log_tick >= 20
    forgetful = run.history()
    assert int(late.sum()) > int((forgetful.log_tick >= 20).sum())


def stopped(changes: dict[str, Any], at: int = 20) -> tuple[CompiledRun, CompiledRun]:
    """Two equal runs that stand before day `at`; the second has the changed rules."""
    runs = []
    for _ in range(2):
        run = CompiledRun(build_world(TINY, 5))
        run.advance(at)
        runs.append(run)
    switch(runs[1], build_world(TINY.replace(**changes), 5))
    return runs[0], runs[1]


def test_engagement_of_the_evening_before_is_kept_when_half_lives_change() -> None:
    """Catches decay before the branch by the new law, and ranks read in the new order.

    The half-life of the stickiest channel becomes the shortest, so the ranks turn round.
    """
    before, after = stopped({"channels.forum.half_life": 12.0, "channels.weibo.half_life": 90.0})
    users = before.stage == USER
    assert users.sum() > 10
    assert np.array_equal(before.engagement()[users], after.engagement()[users])
    life = [12.0, 90.0, 30.0]  # forum, weibo, wechat
    old_rank, new_rank = before._state.actor["rank"][users], after._state.actor["rank"][users]
    channels = before.world.rules.channel_rank[:3].tolist()
    assert len(set(old_rank.tolist()) - {0}) == 3
    for rank in (1, 2, 3):
        (got,) = set(new_rank[old_rank == rank].tolist())
        decayed = after.world.rules.engagement_decay[got, 30]
        assert decayed == pytest.approx(0.5 ** (30 / life[channels.index(rank)]))


def test_hazards_leak_by_the_old_law_up_to_the_evening_before() -> None:
    """Catches the new half-life being applied to what was heard long before the branch."""
    before, after = stopped({"hearing.memory_half_life": 1.0})
    old, new = before._state.listener, after._state.listener
    since = 19 - old["touched"].astype(int)
    expected = (old["hazard"] * before.world.rules.memory20[np.maximum(since, 0)]) >> 20
    late = since > 0
    assert late.any() and np.array_equal(new["hazard"][late], expected[late])
    assert np.array_equal(new["hazard"][~late], old["hazard"][~late])
    assert (new["touched"] >= 19).all()


def test_a_switch_between_equal_rules_keeps_the_members() -> None:
    """Catches boards that begin anew with their first members at the switch."""
    late = 0
    for number in range(12):
        world = filling_world(7000 + number, 200)
        rival = world.rules.rival_cumulative * world.rules.rival_on  # as `build_world` makes it
        world = with_rules(world, rival_cumulative=rival, rival_on=int(rival[-1] > 0))
        run = CompiledRun(world)
        run.advance(3)
        switch(run, world)
        run.advance()
        assert difference(run.history(), run_compiled(world)) is None, number
        late += int(run.history().table[3:, T_REGISTERS : T_REGISTERS + 8].sum())
    assert late > 100


def test_interest_from_a_day_on_finds_who_was_left_outside() -> None:
    """Catches interest that wakes nobody, strangers who register, and members who are sent away.

    Without interest boards keep their first members and the users who join; from day 20 on
    everybody who belongs there and is aware registers as soon as it is online.
    """
    bored = TINY.replace(**{"channels.forum.interest": 0.0})
    first = kb.run(bored, replicates=2, rng=5)
    assert int(first.data.registers.sum()) == 0
    left = fork(first, 20, **{"channels.forum.interest": 1.0})
    registers = left.data.registers.sel(channel="forum").sum("replicate").to_numpy()
    assert registers[:20].sum() == 0 and registers[20] > 10 and registers[20] > registers[30]
    members = left.data.members.sel(channel="forum").to_numpy()
    assert (np.diff(members, axis=1) >= 0).all()
    again = fork(left, 25, **{"channels.forum.interest": 0.0})
    assert int(again.data.registers[:, 25:].sum()) == 0
    assert np.array_equal(again.data.members[:, :25], left.data.members[:, :25])


def test_lurkers_of_the_smaller_share_are_lurkers_of_the_larger() -> None:
    """Catches a coin of lurking that hangs on the day of the fork: who posts after more were made
    to lurk would have posted anyway."""
    many = TINY.replace(**{"channels.forum.lurkers": 0.6, "channels.forum.tell": 0.3})
    key, at = 5, 20
    run = CompiledRun(build_world(TINY.replace(**{"channels.forum.tell": 0.3}), key))
    run.advance(at)
    before = (run._state.actor["told"] & np.uint64(255)).copy()
    switch(run, build_world(many, key))
    run.advance()
    told = (run._state.actor["told"] & np.uint64(255)) > before
    share = drawn(TINY.n_agents, key, DRAW_LURK) >> np.uint64(32)
    assert told.sum() > 3 and (share[told] >= np.uint64(int(0.6 * 2**32))).all()
    assert (before > 0).sum() > 3 and (share[before > 0] >= np.uint64(int(0.3 * 2**32))).all()


def test_a_smaller_staff_keeps_the_reports_of_smallest_priority() -> None:
    """Catches a pool that stays larger than what can be read, or keeps the wrong reports."""
    before, after = stopped({"products.rom.reading_capacity": 3.0})
    pool = before._state.reports[0, : int(before._state.n_reports[0])]
    kept = after._state.reports[0, : int(after._state.n_reports[0])]
    assert pool.size > 3 and kept.size == 3
    assert sorted(kept["priority"]) == sorted(pool["priority"])[:3]
    assert kept["priority"][0] == kept["priority"].max()  # the root of a max-heap


def test_a_price_from_a_day_on_reads_incomes_that_were_not_drawn() -> None:
    """Catches a branch in which everybody can pay, because nothing had a price before."""
    free = TINY.replace(**{"products.phone.price": 0.0})
    first = kb.run(free, replicates=1, rng=5)
    dear = fork(first, 10, **{"products.rom.price": 1e9, "products.phone.price": 1e9})
    log = dear.histories[0]
    assert not ((log.log_tick >= 10) & (log.log_kind == 0) & (log.log_recruiter == -2)).any()
    assert dear.data.adoptions[0, 10:].sum() < first.data.adoptions[0, 10:].sum()


def test_spend_uses_the_prices_that_held(result: Any) -> None:
    """Catches a wage that is paid for the days before it was raised."""
    left = fork(result, 20, **{"channels.forum.staff_cost": 9500.0})
    old, new = kb.metrics.spend(result.histories[0], TINY)["staff"], left.spend()["staff"]
    assert np.array_equal(new[:20], old[:20])
    assert np.array_equal(new[20:], old[20:] + 9000.0)


@pytest.mark.parametrize(
    ("at", "changes", "says"),
    [
        (10, {"n_agents": 500}, "n_agents: is past"),
        (10, {"seeding.number": 30}, "seeding: is past"),
        (10, {"channels.weibo.network.mean_degree": 9.0}, "channels.weibo.network: is past"),
        (10, {"channels.forum.members_at_start": 1.0}, "members_at_start: is past"),
        (10, {"segments.newbie.share": 0.7, "segments.enthusiast.share": 0.3}, "share: is past"),
        (10, {"products.rom.quality": 0.9}, "products.rom.quality: is past"),
        (10, {"nodes.contest": None}, "nodes: a fork can neither add nor remove"),
        (10, {"supply.enabled": False}, "supply.enabled: people who wait"),
        (10, {"telling.rely": 1.0}, "telling.rely: unknown parameter"),
        (0, {}, "at: no such day to leave from, got 0, allowed 1"),
        (37, {}, "at: no such day"),
        (36, {}, "ticks: nothing is left"),
    ],
)
def test_what_is_past_is_refused_in_one_line(
    result: Any, at: int, changes: dict[str, Any], says: str
) -> None:
    """Catches changes that would silently do nothing, or silently make another world."""
    with pytest.raises(KoubeiError) as error:
        fork(result, at, **changes)
    assert says in str(error.value) and "\n" not in str(error.value)


def test_a_result_that_does_not_repeat_is_refused(result: Any) -> None:
    """Catches a branch that hangs on to a past which was another one."""
    forged = result.histories[0]._replace(table=result.histories[0].table.copy())
    forged.table[3, 0] += 1
    wrong = kb.Result(TINY, 5, "compiled", [forged, result.histories[1]])
    with pytest.raises(KoubeiError, match="do not come out again in replicate 0"):
        fork(wrong, 10)


def test_networks_of_ones_own_are_asked_for() -> None:
    """Catches a branch that quietly draws other graphs than those the result was made with."""
    gone = {"channels.wechat": None, "events.meeting": None, "seeding.channel": None}
    small = TINY.replace(**gone)
    graph = kb.networks.small_world(400, 8.0, key=3)
    first = kb.run(small, rng=2, networks={"weibo": graph})
    assert fork(first, 10, networks={"weibo": graph}).digest() == first.digest()
    with pytest.raises(KoubeiError, match="networks of your own"):
        fork(first, 10)


def test_the_rival_is_what_he_was_until_the_day(result: Any) -> None:
    """Catches offers of the new rival made for the days before the branch, all at once."""
    always = [{"day": 0, "hazard": 0.05}]
    quiet = TINY.replace(**{"market.rival": []})
    left = fork(kb.run(quiet, replicates=2, rng=5), 16, **{"market.rival": always})
    sudden = quiet.replace(**{"market.rival": [{"day": 16, "hazard": 0.05}]})
    assert left.digest() == kb.run(sudden, replicates=2, rng=5).digest()


def test_offers_that_are_due_are_not_lost() -> None:
    """Catches a calendar in which offers put off to the day of the branch lie in the past.

    At three offers a day most people always have one put off.
    """
    hot = [{"day": 0, "hazard": 3.0}]
    scenario = TINY.replace(**{"market.rival": hot, "market.replacement_days": 3})
    cooler = {"market.rival": [*hot, {"day": 16, "hazard": 0.3}]}
    left = fork(kb.run(scenario, rng=5), 16, **cooler)
    assert left.digest() == kb.run(scenario.replace(**cooler), rng=5).digest()


def test_who_left_before_keeps_his_day_of_return(result: Any) -> None:
    """Catches a calendar of returns that is thrown away when nobody new returns."""
    off = {"market.rejected_return": 0, "market.replacement_days": 0, "service.lapsed_return": 0}
    old = result.data.returns.sum("replicate").to_numpy()
    at = int(np.flatnonzero(old > 0)[2])
    new = fork(result, at, **off).data.returns.sum("replicate").to_numpy()
    assert new[at] == old[at] > 0  # all who return then had left before
    assert 0 < new[at:].sum() < old[at:].sum()


@pytest.mark.parametrize("channel", ["weibo", "wechat"])
def test_a_campaign_in_the_place_of_another(result: Any, channel: str) -> None:
    """Catches marks of who has heard a campaign that are read by number, or forgotten.

    A campaign counts as one teller by its channel; here it takes the number of the old one, which
    decides about its coins too: therefore everybody sees it.
    """
    other = {"channel": channel, "start": 18, "visibility": 1.0, "persuasion": 0.1}
    left = fork(result, 18, **{"media.account": None, "media.other": other})
    both = TINY.replace(**{"media.account.end": 18, "media.other": other})
    assert left.digest() == kb.run(both, replicates=2, rng=5).digest()


#: Everything matters from early on: a dear phone for the skilled, users who miss something,
#: complain, and come to expect more, and devices on sale.
UNHAPPY = {
    "ticks": 60,
    "seeding.number": 100,
    "products.rom.needs": 6,
    "products.rom.new_needs": 0.5,
    "loyalty.bar_rise": 0.3,
    "loyalty.delight": 1.0,
    "products.rom.bar": 0.6,
    "products.rom.bar_expert": 0.3,
    "products.rom.own_work": 0.05,
    "telling.appeal_sigma": 1.0,
    "channels.weibo.amplify": 3,
    "channels.weibo.amplify_visibility": 0.1,
    "media.account.follow": 0.5,
    "seeding.per_day": 10.0,
    "hearing.forget_half_life": 20.0,
    "media.account.posts": 4.0,
    "media.account.unfollow": 0.1,
    "market.copied": 3.0,
    "loyalty.tribe": "wechat",
    "loyalty.belonging": 0.3,
    "channels.forum.moderation": 0.5,
    "channels.weibo.surprises": 2.0,
    "channels.weibo.surprise_gain": 2.0,
    "telling.referral_reward": 0.5,
    "telling.referral_crowding": 1.0,
    "nodes.vote.vote": True,
    "buying.vote_weight": 3.0,
    "segments.newbie.tell": 0.5,
    "events.wave": {"channel": "weibo", "start": 9, "length": 20, "ride": 0.5, "ride_lift": 4.0,
                    "lift_retelling": 3.0, "talking_point": 0.5, "winners": 3.0, "prize": 2.0},
    "service.staff": 3.0,
    "service.minutes": 30.0,
    "service.minutes_per_reply": 2.0,
    "service.deed_story": 0.5,
    "service.deed_learning": 50.0,
    "seeding.stay": True,
    "segments.newbie.opens_at": 12,
    "telling.bond": 0.4,
    "telling.bond_gain": 3.0,
    "channels.weibo.retelling": 3.0,
    "channels.weibo.share": 0.2,
    "participation.hunting": 0.8,
    "goods.device": {"price": 900.0, "quality": 0.8, "trials": 10.0, "trials_at": 20},
    "buying.arrivals": [{"day": 0, "rate": 0.02}],
    "buying.has_at_start": 0.3,
    "buying.life_days": 20,
    "buying.word_weight": 1.0,
    "buying.price_weight": 1.0,
    "products.phone.launch_at": 2,
    "products.phone.effort": 0.4,
    "media.account.start": 2,
    "media.account.product": "phone",
    "media.account.visibility": 0.02,
    "supply.units": 20.0,  # so few that people wait
    "telling.waiting": 3.0,
}  # fmt: skip


@pytest.mark.sampled(9)
@pytest.mark.parametrize("module", sorted(set(MODULES) - PAST_MODULES))
def test_modules_can_be_switched_on_and_off(module: str) -> None:
    """Catches state of one element that the new rules read or write beyond its end.

    Everybody is in one stage at the end of each day, users are as many as the tiers hold, and
    what was switched on or off makes a difference.
    """
    whole = Scenario.load("tiny").replace(**UNHAPPY)
    off = neutral_paths(whole, [module])
    parts = whole.neutral(module)
    on = {path: _at(whole, path) for path in off}
    told = False
    for scenario, changes in ((whole, off), (parts, on)):
        if module == "supply" and scenario is whole:
            continue  # refused
        first = kb.run(scenario, rng=7)
        (history,) = fork(first, 8, **changes).histories
        stage, tier = (kb.metrics.block(history, name) for name in ("stage", "tier"))
        assert (stage.sum(axis=1) == 2000).all() and (stage >= 0).all()
        assert np.array_equal(stage[:, USER], tier.sum(axis=1))
        told |= not np.array_equal(history.table, first.histories[0].table)
    assert told


def _at(scenario: Scenario, path: str) -> Any:
    part: Any = scenario.to_dict()
    for step in path.split("."):
        part = part.get(step) if isinstance(part, dict) else part
    return part

"""Every table of the world against a straight formula, written again with the maths library.

`near` allows one unit in the last place of the fixed point: the library's tables use portable
logarithms, the formulas here those of the machine.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from tests.strategies import scenarios

from koubei_sim.core.codes import KIND_RELAY, KINDS
from koubei_sim.core.draws import HAZARD_CAP, HAZARD_ONE
from koubei_sim.model.mechanisms.declaration import Made
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import Rules
from koubei_sim.model.world.build import build_rules

NO_CLASSES = {
    name: np.zeros(1, dtype=np.uint8)
    for name in ("class_level", "class_segment", "class_enthusiast", "class_pays", "class_taste")
}


def rules_of(scenario: Scenario) -> Rules:
    people = {"classes": NO_CLASSES, "need": np.ones(1, np.uint16)}
    return build_rules(Made(scenario, 7, 3, None, None, people))


@cache
def tiny() -> tuple[Scenario, Rules]:
    scenario = Scenario.load("tiny")
    return scenario, rules_of(scenario)


def near(found, wanted, slack=1):
    assert abs(int(found) - math.floor(wanted)) <= slack, (int(found), wanted)


def hazard(p: float) -> int:
    return HAZARD_ONE if p >= 1 else math.floor(-math.log1p(-p) * 2**32)


def half(time: float, half_life: float) -> float:
    return 1.0 if math.isinf(half_life) else 0.5 ** (time / half_life)


@given(scenarios(n_max=100))
@settings(max_examples=20)
def test_telling(s):
    """Catches a factor left out of, or put twice into, rates and hazards.

    The hazard is that of a message which was seen: visibility is no part of it.
    """
    r = rules_of(s)
    t, part = s.telling, s.participation
    reward = t.referral_reward
    stories = [n.authentic * (1 - part.reward_taint * n.rewarding) for n in s.nodes.values()]
    authentic = [t.plain_authenticity, *stories, 1.0]
    for c, channel in enumerate(s.channels.values()):
        for kind in range(KINDS):
            if kind < 4:
                rate = t.tier_factor[kind] * (1 + t.referral_tell * reward)
                belief = t.credibility[kind] * (1 - t.referral_taint * reward)
            else:
                rate = (t.relay, t.waiting, t.rejecter)[kind - 4]
                belief = (t.relay_credibility, t.credibility[0], t.rejecter_credibility)[kind - 4]
            persuasion = channel.persuasion
            if kind == KIND_RELAY:
                rate, persuasion = rate * channel.retelling, persuasion * channel.retelling_force
            near(r.tell32[c, kind], channel.tell * rate / part.online * 2**32, 8)
            for a, truth in enumerate(authentic):
                for hop in (0, 1, 7, 15):
                    p = min(1.0, persuasion * belief * truth * channel.fidelity**hop)
                    found, wanted = int(r.message_hazard[c, kind, a, hop]), hazard(p)
                    assert abs(found - wanted) <= 2 + 1e-9 * wanted or p > 1 - 1e-12
    assert not r.tell32[len(s.channels) :].any()
    assert r.message_hazard.shape == (8, KINDS, len(s.nodes) + 2, 16)


@given(scenarios(n_max=100))
@settings(max_examples=20)
def test_tellers_and_time(s):
    """Catches a wrong half-life, a floor that is not reached, and switches of silent tellers."""
    r, t = rules_of(s), s.telling
    assert r.novelty16[0] == r.repeat16[0] == 65536
    for d in range(s.ticks + 2):
        near(
            r.novelty16[d],
            65536 * (t.novelty_floor + (1 - t.novelty_floor) * half(d, t.novelty_half_life)),
        )
        near(r.memory20[d], 2**20 * half(d, s.hearing.memory_half_life))
    for k in range(256):
        near(r.repeat16[k], 65536 * t.repeat_fatigue**k)
        near(r.join_fatigue16[k], 65536 * s.participation.join_fatigue**k)
    near(r.negativity16, 65536 * t.negativity, 0)
    near(r.waiting16, 65536 * abs(t.scarcity_valence), 0)
    assert r.waiting_sign == (-1 if t.scarcity_valence < 0 else 1)
    assert r.waiting_tells == (t.waiting > 0 and t.scarcity_valence != 0)
    assert r.relay_on == (t.relay > 0 and t.relay_days > 0)
    assert r.relay_days == (t.relay_days if t.relay > 0 else 0)
    assert r.rejecter_days == (t.rejecter_days if t.rejecter > 0 else 0)
    assert r.memory_leak == math.isfinite(s.hearing.memory_half_life)


@given(scenarios(n_max=100))
@settings(max_examples=20)
def test_hearing(s):
    """Catches attention on boards, ties turned round, and visibility put into boards."""
    r, reward = rules_of(s), s.telling.referral_reward
    budgets = [g.reading_budget for g in s.segments.values()]
    assert r.attention_on == any(math.isfinite(b) for b in budgets)
    for c, channel in enumerate(s.channels.values()):
        feed = channel.medium == "feed"
        assert r.is_board[c] == (not feed)
        assert r.channel_opens[c] == channel.opens_at
        assert abs(int(r.see_hazard[c]) - (hazard(channel.visibility) if feed else 0)) <= 2
        assert r.readers_per_post[c] == channel.readers_per_post
        assert r.reading[c] == (math.inf if feed else channel.reading)
        assert r.tie_on[c] == (channel.tie != "none")
        for b in (0, 1, 128, 255):
            weight = 1.0
            if channel.tie != "none":
                o = b / 255
                weight = channel.tie_floor + (1 - channel.tie_floor) * o
                weight *= 1 - s.telling.referral_weak_taint * reward * (1 - o)
            near(r.tie16[c, b], 65536 * weight)
        for g, budget in enumerate(budgets):
            for n in (0, 1, 2, 50, 255):
                load = n + channel.background_load
                scale = 1.0 if not feed or load == 0 else min(1.0, budget / load)
                near(r.attention16[c, g, n], 65536 * scale)


@given(scenarios(n_max=100))
@settings(max_examples=20)
def test_engagement(s):
    """Catches ranks out of order, and a channel that makes engagement fade faster."""
    r, base = rules_of(s), s.loyalty.base_half_life
    names = list(s.channels.values())
    for c, channel in enumerate(names):
        half_life = max(base, channel.half_life)
        for d in (0, 1, 5, s.ticks + 1):
            found = r.engagement_decay[r.channel_rank[c], d]
            assert found == pytest.approx(half(d, half_life), rel=1e-14)
        for e, other in enumerate(names):
            longer = max(base, channel.half_life) > max(base, other.half_life)
            assert longer == (r.channel_rank[c] > r.channel_rank[e])
    assert np.all(r.engagement_decay[:, 0] == 1.0)
    loyalty = s.loyalty
    assert r.tier_threshold.tolist() == [0, loyalty.loyal, loyalty.die_hard, loyalty.core]
    assert r.tier_keep.tolist() == [x * loyalty.keep for x in r.tier_threshold]
    for mine, theirs in (
        ("loyalty_bonus", "bonus"),
        ("newcomer_engagement", "newcomer"),
        ("recruit_gain", "recruit_gain"),
        ("complaint_gain", "complaint_gain"),
    ):
        assert getattr(r, mine) == getattr(loyalty, theirs)
    left = float(np.exp(-s.telling.referral_crowding * s.telling.referral_reward))
    assert r.reply_gain == pytest.approx(loyalty.reply_gain * left, rel=1e-12)
    assert r.honour_gain == pytest.approx(loyalty.honour_gain * left, rel=1e-12)
    near(r.release_story32, loyalty.release_story * 2**32, 0)
    assert r.seed_engagement == s.seeding.engagement


@given(scenarios(n_max=100))
@settings(max_examples=20)
def test_nodes_and_products(s):
    """Catches ease put on the wrong end of expertise, and products read in another order."""
    r, part = rules_of(s), s.participation
    names = list(s.channels)
    for j, node in enumerate(s.nodes.values()):
        for level in (0, 1, 64, 126, 127):
            if 0.0 < node.simple < np.finfo(float).tiny:
                continue  # portable powers are for normal numbers
            rate = part.join * node.need * node.simple ** (1 - level / 127) / part.online
            near(r.join32[j, level], 2**32 * min(1.0, rate), 8)
        near(r.node_content16[j], 65536 * (1 - part.report_loss * node.simple))
        near(r.story32[j], node.fun * 2**32, 0)
        assert r.node_reward[j] == node.rewarding
        assert r.node_reports[j] == node.gives_reports
        assert r.node_opens[j] == node.opens_at
        assert r.node_channel[j] == (-1 if node.channel is None else names.index(node.channel))
    assert r.story_life == part.story_life
    g = s.people_per_agent
    for k, product in enumerate(s.products.values()):
        for name in (
            "quality",
            "difficulty",
            "learn_quality",
            "learn_difficulty",
            "visible_progress",
            "bar",
        ):
            assert getattr(r, name)[k] == getattr(product, name)
        assert r.launch[k] == product.launch_at
        assert r.release_interval[k] == product.release_interval
        assert r.scale_quality[k] == product.scale_quality / g
        assert r.scale_difficulty[k] == product.scale_difficulty / g
        most = s.n_agents * (len(s.nodes) + 1) * product.release_interval
        if math.isinf(product.reading_capacity):
            assert r.reading_capacity[k] == most
        elif product.reading_capacity == 0:
            assert r.reading_capacity[k] == 0
        else:
            wanted = max(1, math.floor(product.reading_capacity / g + 0.5))
            assert r.reading_capacity[k] == min(wanted, most)
        assert r.product_taste[k] == (-1 if product.taste_group is None else product.taste_group)
    assert (r.off_taste, r.admission, r.open_to_all) == (
        s.market.off_taste,
        s.market.admission,
        s.market.open_to_all,
    )


@given(scenarios(n_max=100))
@settings(max_examples=20)
def test_service(s):
    """Catches a worth table that is too short or counts latency in the wrong unit."""
    r, service = rules_of(s), s.service
    for c, channel in enumerate(s.channels.values()):
        near(r.reply32[c], channel.reply * 2**32, 0)
        near(r.join_board32[c], channel.join_on_adoption * 2**32, 0)
        near(r.start32[c], channel.members_at_start * 2**32, 0)
        near(r.register16[c], channel.interest * 2**16)
        near(r.lurk32[c], channel.lurkers * 2**32, 0)
        capacity = channel.service_capacity / s.people_per_agent
        wanted = 0 if capacity == 0 else max(1, math.floor(capacity + 0.5))
        shares = sum(other.staff_share for other in s.channels.values())
        minutes = service.staff * service.minutes / s.people_per_agent
        minutes *= channel.staff_share / shares if shares else 0.0
        assert r.staff_minutes[c] == pytest.approx(minutes, rel=1e-12)
        wanted += math.floor(minutes / service.minutes_per_answer + 1e-12)
        assert r.service_capacity[c] == wanted
        assert r.service_public[c] == channel.service_public
    assert r.answer_worth16.size == (service.patience + 1) * 64
    for place in (0, 1, 63, r.answer_worth16.size - 1):
        near(r.answer_worth16[place], 65536 * half(place / 64, service.answer_half_life))
    near(r.answer32, service.answer_success * 2**32, 0)
    near(r.lapse32, service.lapse * 2**32, 0)
    for tier in range(4):
        near(r.churn32[tier], service.churn * service.stay[tier] * 2**32, 0)
    assert r.complaint_rate == service.complaint
    assert (r.patience, r.bonus_days, r.lapsed_return) == (
        service.patience,
        service.bonus_days,
        service.lapsed_return,
    )
    assert (r.service_bonus, r.answer_gain, r.squeaky_wheel) == (
        service.bonus,
        service.answer_gain,
        service.squeaky_wheel,
    )


@given(scenarios(n_max=100))
@settings(max_examples=30)
def test_events_by_day(s):
    """Catches an occurrence a day early or late, and a lift that replaces another."""
    r, names = rules_of(s), list(s.channels)
    meetings = [e for e in s.events.values() if e.offline]
    for c, name in enumerate(names):
        for t in range(s.ticks):
            tell = visible = 1.0
            gain, saturation = 0.0, 1.0
            for e in s.events.values():
                since = t - e.start
                if e.every and since >= 0:
                    since %= e.every
                if e.channel == name and 0 <= since < e.length:
                    left = 0.5 ** (since / e.fade)  # 1 where it never fades
                    tell *= 1.0 + (e.lift_tell - 1.0) * left
                    visible *= 1.0 + (e.lift_visibility - 1.0) * left
                    if e.gain:
                        gain, saturation = e.gain, e.saturation
            near(r.lift_tell16[c, t], 65536 * tell)
            near(r.lift_visibility16[c, t], 65536 * visible)
            assert (r.event_gain[c, t], r.event_saturation[c, t]) == (gain, saturation)
    for t in range(s.ticks):
        here = [
            m
            for m, e in enumerate(meetings)
            if t == e.start or (e.every and t > e.start and (t - e.start) % e.every == 0)
        ]
        assert r.meeting_at[t] == (here[0] if here else -1)
    for m, e in enumerate(meetings):
        assert r.meeting_channel[m] == names.index(e.channel)
        near(r.meeting_attend32[m], e.attend * 2**32, 0)
        cap = e.size_cap / s.people_per_agent
        assert r.meeting_cap[m] == (0 if cap == 0 else max(1, math.floor(cap + 0.5)))
        assert (r.meeting_gain[m], r.meeting_ties[m]) == (e.meet_gain, e.new_ties)


@given(scenarios(n_max=100))
@settings(max_examples=30)
def test_media_supply_and_market_by_day(s):
    """Catches units lost to rounding, offers counted before their day, media that never end."""
    r = rules_of(s)
    for m, media in enumerate(s.media.values()):
        assert r.media_channel[m] == list(s.channels).index(media.channel)
        assert r.media_product[m] == (list(s.products).index(media.product) if media.product else 0)
        assert r.media_start[m] == media.start
        assert r.media_end[m] == (s.ticks if media.end is None else media.end)
        near(r.media_see32[m], media.visibility * 2**32, 0)
        assert abs(int(r.media_hazard[m]) - hazard(media.persuasion)) <= 2
    supply, total = s.supply, 0.0
    for t in range(s.ticks):
        since = t - supply.start
        if since == 0 or (supply.every and since > 0 and since % supply.every == 0):
            total += supply.units
        total += sum(one.units for one in supply.rounds if one.day == t)
        near(r.units[: t + 1].sum(), total / s.people_per_agent)
    assert (r.units >= 0).all()
    assert r.supply_on == supply.enabled
    assert r.invite_grant.tolist() == list(supply.invites)
    near(r.give_up32, supply.give_up * 2**32, 0)
    near(r.give_up_rival32, supply.give_up_to_rival * 2**32, 0)
    so_far = 0.0
    for t in range(s.ticks):
        phases = [p.hazard for p in s.market.rival if p.day <= t]
        so_far += phases[-1] if phases else 0.0
        near(r.rival_cumulative[t], so_far * 2**26)
    assert r.rival_on == (so_far * 2**26 >= 1)
    assert r.rejection_on == s.market.rejection
    assert (r.rejected_return, r.replacement_days) == (
        s.market.rejected_return,
        s.market.replacement_days,
    )


def test_products_of_the_engines_stay_below_63_bits():
    """Catches a range widened until an integer of the engines overflows silently."""
    scenario, _ = tiny()
    extreme = rules_of(
        scenario.replace(
            **{
                "participation.online": 0.0001,
                "channels.forum.tell": 0.0001,
                "channels.weibo.tell": 0.0001,
                "channels.wechat.tell": 0.0001,
                "telling.tier_factor": [100.0] * 4,
                "telling.referral_reward": 1.0,
                "telling.referral_tell": 100.0,
                "telling.negativity": 8.0,
                "events.storm.lift_tell": 64.0,
                "events.storm.lift_visibility": 64.0,
                "channels.weibo.visibility": 1.0,
                "channels.weibo.persuasion": 1.0,
                "telling.credibility": [1.0] * 4,
                "telling.referral_taint": 0.0,
            }
        )
    )
    rate = int(extreme.tell32.max()) * int(extreme.novelty16.max())
    assert rate < 2**63
    assert (rate >> 16) * int(extreme.lift_tell16.max()) < 2**63
    most = int(extreme.message_hazard.max())
    assert most == HAZARD_ONE
    assert most * int(extreme.repeat16.max()) < 2**63
    assert most * int(extreme.negativity16) < 2**63
    see = int(extreme.see_hazard.max())
    assert see == HAZARD_ONE
    assert see * int(extreme.lift_visibility16.max()) < 2**63
    assert 2**32 * int(extreme.attention16.max()) < 2**63  # the coin of a certain sight
    assert HAZARD_CAP * 65536 < 2**63  # the fit to a page, which is cut at the cap
    assert HAZARD_CAP * 2**20 < 2**63  # the leak
    assert HAZARD_CAP * 17 * 65536 < 2**63  # the pull of fans


def test_rules_have_the_dtypes_of_the_world():
    """Catches an array of another type or layout, which the kernels would read as rubbish."""
    scenario, rules = tiny()
    floats = {
        "readers_per_post",
        "reading",
        "dilution",
        "new_needs",
        "need_share",
        "need_exponent",
        "need_severity",
        "engagement_decay",
        "node_reward",
        "quality",
        "difficulty",
        "learn_quality",
        "learn_difficulty",
        "scale_quality",
        "scale_difficulty",
        "visible_progress",
        "bar",
        "bar_expert",
        "own_work",
        "media_lead",
        "media_follow",
        "media_forget",
        "media_notice",
        "media_posts",
        "moderation",
        "surprises",
        "surprise_gain",
        "segment_gain",
        "good_quality",
        "list_price",
        "unit_cost",
        "curve",
        "first_units",
        "markup",
        "accessory_rate",
        "rival_quality",
        "rival_price",
        "income_growth",
        "tier_threshold",
        "tier_keep",
        "event_gain",
        "event_saturation",
        "meeting_gain",
        "meeting_visit",
        "staff_minutes",
        "bond_left",
        "contest_prize",
        "contest_kept",
        "breakage",
        "trials_gain",
    }
    bytes_ = {
        "class_level",
        "class_segment",
        "class_enthusiast",
        "class_pays",
        "class_taste",
        "is_board",
        "tie_on",
        "service_public",
        "node_reports",
        "node_votes",
    }
    for name, value in rules._asdict().items():
        if isinstance(value, np.ndarray):
            kind = np.float64 if name in floats else np.uint8 if name in bytes_ else np.int64
            assert value.dtype == kind, name
            assert value.flags.c_contiguous, name
            assert value.flags.owndata or value.base.flags.owndata, name
        else:
            assert type(value) in (int, float, np.uint64), name
    t = scenario.ticks
    shapes = {
        "tell32": (8, 7),
        "tie16": (8, 256),
        "see_hazard": (8,),
        "churn32": (4,),
        "novelty16": (t + 2,),
        "repeat16": (256,),
        "attention16": (8, 2, 256),
        "engagement_decay": (4, t + 2),
        "join32": (3, 128),
        "lift_tell16": (8, t),
        "units": (t,),
        "rival_cumulative": (t,),
        "quality": (2,),
        "meeting_at": (t,),
        "meeting_cap": (1,),
        "media_see32": (1,),
        "media_hazard": (1,),
    }
    for name, shape in shapes.items():
        assert getattr(rules, name).shape == shape, name
    assert (rules.n, rules.ticks, rules.key, rules.replicate) == (2000, t, 7, 3)

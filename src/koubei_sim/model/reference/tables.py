"""The tables of the reference engine: section 8 of docs/model.md, formula by formula.

The compiled engine has its tables from the mechanisms.  These are written a second time, from the
text alone, in loops over the scenario: so an error in a table cannot fool both engines either.
Shared are the functions of `core.draws` and the numbers of channels, kinds and hops.
`world.build.build_world` calls `make_tables` where it is told to: for runs with
``engine="reference"``, and for the tests that hold every field against that of the mechanisms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.codes import (
    ATTENTION_SIZE,
    HOPS,
    KIND_RELAY,
    KINDS,
    LEVELS,
    MAX_CHANNELS,
    WORTH_BINS,
)
from koubei_sim.core.draws import hazard_units, power_portable
from koubei_sim.model.reference.conversions import (
    agents,
    chance32,
    each,
    each_good,
    factor16,
    flags,
    left,
    number_of,
    number_or_none,
    powers,
    real,
    whole,
)
from koubei_sim.model.reference.people import classes, people, segments
from koubei_sim.model.reference.tables_content import (
    content,
    faded,
    first_days,
    for_honour,
    minutes_of,
    running,
    yearly,
)
from koubei_sim.model.world.arrays import Graphs, People, Rules

Fields = dict[str, Any]


def make_tables(
    scenario: Any, key: int, replicate: int, population: Any, graphs: Graphs, seeds: Any
) -> tuple[People, Rules]:
    """Return the people and the rules of a world.

    Parameters
    ----------
    scenario : Scenario
    key, replicate : int
        Address of the run.
    population : Population
        The people as drawn, or as a table gives them.
    graphs : Graphs
        Who hears whom on each channel.
    seeds : array
        Numbers of the people who start, ascending.

    Returns
    -------
    People, Rules
        Equal, bit by bit, to what the mechanisms make of the same.
    """
    kinds, number = classes(scenario, population)
    everybody = people(scenario, key, replicate, population, graphs, seeds, number)
    size = {
        "n": scenario.n_agents,
        "ticks": scenario.ticks,
        "n_segments": len(scenario.segments),
        "key": np.uint64(key),
        "replicate": replicate,
        "own_on": int(len(scenario.mechanisms) > 0),
        "seed_engagement": scenario.seeding.engagement,
        "seeds_stay": int(scenario.seeding.stay),
        "by_hand": int(scenario.seeding.per_day < float("inf")),
        "seed_home": number_or_none(scenario.seeding.home, scenario.channels),
        "reinforcement_on": int(len(everybody.need) > 1),
    }
    return everybody, Rules(
        **size,
        **kinds,
        **segments(scenario),
        **channels(scenario),
        **products(scenario),
        **backlog(scenario),
        **nodes(scenario),
        **engagement(scenario),
        **satisfaction(scenario),
        **telling(scenario),
        **stories(scenario),
        **hearing(scenario),
        **boards_and_media(scenario),
        **content(scenario),
        **events(scenario),
        **meetings(scenario),
        **market(scenario),
        **supply(scenario),
        **goods(scenario),
        **service(scenario),
    )


# Channels, products, nodes -----------------------------------------------------------------------


def channels(scenario: Any) -> Fields:
    """Return which channels there are, and who becomes a member."""
    return {
        "n_channels": len(scenario.channels),
        "is_board": flags(each(scenario, lambda c: c.medium == "board")),
        "channel_opens": whole(each(scenario, lambda c: c.opens_at)),
        "start32": whole(each(scenario, lambda c: chance32(c.members_at_start))),
        "register16": whole(each(scenario, lambda c: factor16(c.interest))),
        "join_board32": whole(each(scenario, lambda c: chance32(c.join_on_adoption))),
        "lurk32": whole(each(scenario, lambda c: chance32(c.lurkers))),
    }


def products(scenario: Any) -> Fields:
    """Return the products, how they learn, and what they ask of people."""
    found = list(scenario.products.values())
    a_day = scenario.n_agents * (len(scenario.nodes) + 1)  # reports, at most
    g = scenario.people_per_agent
    return {
        "n_products": len(found),
        "quality": real([p.quality for p in found]),
        "difficulty": real([p.difficulty for p in found]),
        "launch": whole([p.launch_at for p in found]),
        "release_interval": whole([p.release_interval for p in found]),
        "reading_capacity": whole(
            [agents(p.reading_capacity, scenario, a_day * p.release_interval) for p in found]
        ),
        "learn_quality": real([p.learn_quality for p in found]),
        "learn_difficulty": real([p.learn_difficulty for p in found]),
        "own_work": real([p.own_work for p in found]),
        "scale_quality": real([p.scale_quality / g for p in found]),
        "scale_difficulty": real([p.scale_difficulty / g for p in found]),
        "visible_progress": real([p.visible_progress for p in found]),
        "honour_gain": for_honour(scenario, scenario.loyalty.honour_gain),
        "release_story32": chance32(scenario.loyalty.release_story),
        "bar": real([p.bar for p in found]),
        "bar_expert": real([p.bar_expert for p in found]),
        "product_taste": whole([-1 if p.taste_group is None else p.taste_group for p in found]),
        "off_taste": scenario.market.off_taste,
        "admission": scenario.market.admission,
        "open_to_all": scenario.market.open_to_all,
    }


def backlog(scenario: Any) -> Fields:
    """Return what users miss, and how it is met."""
    found = list(scenario.products.values())
    rule = {"most_asked": 0, "loudest": 1, "severest": 2, "random": 3}
    return {
        "backlog_on": int(any(p.needs or p.new_needs for p in found)),
        "needs": whole([p.needs for p in found]),
        "new_needs": real([p.new_needs for p in found]),
        "need_share": real([p.need_share for p in found]),
        "need_exponent": real([p.need_exponent for p in found]),
        "need_severity": real([p.need_severity for p in found]),
        "expert_needs32": whole([chance32(p.expert_needs) for p in found]),
        "fixes": whole([p.fixes for p in found]),
        "fix_rule": whole([rule[p.fix_rule] for p in found]),
        "regressions32": whole([chance32(p.regressions) for p in found]),
    }


def nodes(scenario: Any) -> Fields:
    """Return the nodes: who joins them, and what comes of it; and how joining and telling tire."""
    part, found = scenario.participation, list(scenario.nodes.values())
    join32 = np.zeros((len(found), LEVELS), dtype=np.int64)
    for j, node in enumerate(found):
        for level in range(LEVELS):
            ease = power_portable(node.simple, 1.0 - level / 127.0)
            join32[j, level] = chance32(part.join * node.need * ease / part.online)
    recovery = [left(d, part.fatigue_half_life) for d in range(scenario.ticks + 2)]
    return {
        "n_nodes": len(found),
        "node_opens": whole([node.opens_at for node in found]),
        "node_channel": whole([number_or_none(n.channel, scenario.channels) for n in found]),
        "join32": join32,
        "join_fatigue16": whole([factor16(p) for p in powers(part.join_fatigue, 256)]),
        "node_reward": real([node.rewarding for node in found]),
        "node_reports": flags([node.gives_reports for node in found]),
        "node_content16": whole([factor16(1.0 - part.report_loss * n.simple) for n in found]),
        "story32": whole([chance32(node.fun) for node in found]),
        "story_life": part.story_life,
        "recovery_on": int(part.fatigue_half_life < float("inf")),
        "recovery16": whole([factor16(share) for share in recovery]),
    }


# Users -------------------------------------------------------------------------------------------


def engagement(scenario: Any) -> Fields:
    """Return how engagement fades, tiers, and what is gained."""
    loyalty = scenario.loyalty
    base = loyalty.base_half_life
    held = sorted({c.half_life for c in scenario.channels.values() if c.half_life > base})

    def rank(channel: Any) -> int:
        return 1 + held.index(channel.half_life) if channel.half_life in held else 0

    decay = [[left(d, life) for d in range(scenario.ticks + 2)] for life in (base, *held)]
    tiers = (0.0, loyalty.loyal, loyalty.die_hard, loyalty.core)
    return {
        "channel_rank": whole(each(scenario, rank)),
        "engagement_decay": real(decay),
        "tier_threshold": real(tiers),
        "tier_keep": real([tier * loyalty.keep for tier in tiers]),
        "recruit_gain": loyalty.recruit_gain,
        "newcomer_engagement": loyalty.newcomer,
        "reply_gain": for_honour(scenario, loyalty.reply_gain),
        "complaint_gain": loyalty.complaint_gain,
    }


def satisfaction(scenario: Any) -> Fields:
    """Return what contents users, and what they expect."""
    loyalty = scenario.loyalty
    return {
        "loyalty_bonus": loyalty.bonus,
        "promoter": loyalty.promoter,
        "service_bonus": scenario.service.bonus,
        "bonus_days": scenario.service.bonus_days,
        "expectations_on": int(loyalty.bar_rise > 0.0 or loyalty.delight > 0.0),
        "bar_rise": loyalty.bar_rise,
        "delight": loyalty.delight,
    }


# Telling and hearing -----------------------------------------------------------------------------


def telling(scenario: Any) -> Fields:
    """Return how often who tells, and what a message does to one who sees it."""
    said, w = scenario.telling, scenario.participation.online
    reward = said.referral_reward
    rate = [tier * (1.0 + said.referral_tell * reward) for tier in said.tier_factor]
    rate = [*rate, said.relay, said.waiting, said.rejecter]
    belief = [tier * (1.0 - said.referral_taint * reward) for tier in said.credibility]
    belief = [*belief, said.relay_credibility, said.credibility[0], said.rejecter_credibility]

    taint = scenario.participation.reward_taint
    truth = [said.plain_authenticity]
    for node in scenario.nodes.values():
        truth.append(node.authentic * (1.0 - taint * node.rewarding))
    truth.append(1.0)  # the story of a release

    tell32 = np.zeros((MAX_CHANNELS, KINDS), dtype=np.int64)
    hazard = np.zeros((MAX_CHANNELS, KINDS, len(truth), HOPS), dtype=np.int64)
    for c, channel in enumerate(scenario.channels.values()):
        kept = powers(channel.fidelity, HOPS)
        for kind in range(KINDS):
            often, force = rate[kind], channel.persuasion
            if kind == KIND_RELAY:
                often, force = often * channel.retelling, force * channel.retelling_force
            tell32[c, kind] = min(int(channel.tell * often / w * 4294967296.0), 1 << 40)
            for a in range(len(truth)):
                for hop in range(HOPS):
                    chance = min(1.0, force * belief[kind] * truth[a] * kept[hop])
                    hazard[c, kind, a, hop] = hazard_units(chance)
    return {
        "tell32": tell32,
        "message_hazard": hazard,
        "repeat16": whole([factor16(p) for p in powers(said.repeat_fatigue, 256)]),
        "negativity16": factor16(said.negativity),
        "reply32": whole(each(scenario, lambda c: chance32(c.reply))),
        "dilution": real(each(scenario, lambda c: c.dilution, 0.0)),
    }


def stories(scenario: Any) -> Fields:
    """Return how the urge to tell fades, and who else tells: relays, rejecters, the waiting."""
    said = scenario.telling
    floor, novelty = said.novelty_floor, []
    for d in range(scenario.ticks + 2):
        urge = floor + (1.0 - floor) * left(d, said.novelty_half_life)
        novelty.append(factor16(urge if said.novelty_half_life < float("inf") else 1.0))
    return {
        "novelty16": whole(novelty),
        "relay_on": int(said.relay > 0.0 and said.relay_days > 0),
        "relay_days": said.relay_days if said.relay > 0.0 else 0,
        "rejecter_days": said.rejecter_days if said.rejecter > 0.0 else 0,
        "waiting_tells": int(said.waiting > 0.0 and said.scarcity_valence != 0.0),
        "waiting_sign": 1 if said.scarcity_valence >= 0.0 else -1,
        "waiting16": factor16(abs(said.scarcity_valence)),
    }


def hearing(scenario: Any) -> Fields:
    """Return what is seen, what ties and attention do to it, and how it is forgotten."""
    said, segments = scenario.telling, list(scenario.segments.values())
    see = [0] * MAX_CHANNELS
    tie_on = [0] * MAX_CHANNELS
    tie16 = np.full((MAX_CHANNELS, 256), 65536, dtype=np.int64)
    attention16 = np.full((MAX_CHANNELS, len(segments), ATTENTION_SIZE), 65536, dtype=np.int64)
    for c, channel in enumerate(scenario.channels.values()):
        if channel.medium == "board":
            continue
        see[c] = int(hazard_units(channel.visibility))
        if channel.tie != "none":
            tie_on[c] = 1
            for byte in range(256):
                o = byte / 255.0
                carried = channel.tie_floor + (1.0 - channel.tie_floor) * o
                taint = 1.0 - said.referral_weak_taint * said.referral_reward * (1.0 - o)
                tie16[c, byte] = factor16(carried * taint)
        for s, segment in enumerate(segments):
            if segment.reading_budget == float("inf"):
                continue
            for arriving in range(ATTENTION_SIZE):
                load = max(arriving + channel.background_load, 1e-300)
                attention16[c, s, arriving] = factor16(min(1.0, segment.reading_budget / load))

    memory = scenario.hearing.memory_half_life
    forgets = scenario.hearing.forget_half_life
    return {
        "see_hazard": whole(see),
        "tie_on": flags(tie_on),
        "tie16": tie16,
        "attention_on": int(any(s.reading_budget < float("inf") for s in segments)),
        "attention16": attention16,
        "memory_leak": int(memory < float("inf")),
        "forget_on": int(forgets < float("inf")),
        "forget32": whole([chance32(1.0 - left(d, forgets)) for d in range(8)]),
        "memory20": whole([int(left(d, memory) * 1048576.0) for d in range(scenario.ticks + 2)]),
    }


def boards_and_media(scenario: Any) -> Fields:
    """Return how posts are read, and the campaigns."""

    def of_board(name: str, nothing: float) -> list[float]:
        return each(
            scenario, lambda c: getattr(c, name) if c.medium == "board" else nothing, nothing
        )

    media = list(scenario.media.values())
    product = [0 if m.product is None else number_of(m.product, scenario.products) for m in media]
    return {
        "readers_per_post": real(of_board("readers_per_post", 0.0)),
        "reading": real(of_board("reading", float("inf"))),
        "media_channel": whole([number_of(m.channel, scenario.channels) for m in media]),
        "media_product": whole(product),
        "media_start": whole([m.start for m in media]),
        "media_end": whole([scenario.ticks if m.end is None else m.end for m in media]),
        "media_see32": whole([chance32(m.visibility) for m in media]),
        "media_hazard": whole([hazard_units(m.persuasion) for m in media]),
    }


# Days --------------------------------------------------------------------------------------------


def events(scenario: Any) -> Fields:
    """Return lifts and gains, day by day."""
    ticks = scenario.ticks
    told = np.ones((MAX_CHANNELS, ticks))
    seen = np.ones((MAX_CHANNELS, ticks))
    passed_on = np.ones((MAX_CHANNELS, ticks))
    gain = np.zeros((MAX_CHANNELS, ticks))
    saturation = np.ones((MAX_CHANNELS, ticks))
    for event in scenario.events.values():
        c = number_of(event.channel, scenario.channels)
        for day, since in running(scenario, event):
            kept = left(since, event.fade)
            told[c, day] *= faded(event.lift_tell, kept)
            seen[c, day] *= faded(event.lift_visibility, kept)
            passed_on[c, day] *= faded(event.lift_retelling, kept)
            if event.gain > 0.0:
                gain[c, day] = event.gain
                saturation[c, day] = event.saturation

    def lifts(factors: NDArray[np.float64]) -> NDArray[np.int64]:
        rows = [[min(factor16(x), 64 << 16) for x in row] for row in factors.tolist()]
        return whole(rows)

    return {
        "lift_tell16": lifts(told),
        "lift_visibility16": lifts(seen),
        "lift_retelling16": lifts(passed_on),
        "event_gain": gain,
        "event_saturation": saturation,
    }


def meetings(scenario: Any) -> Fields:
    """Return the meetings, and on which days they are."""
    offline = [event for event in scenario.events.values() if event.offline]
    at = [-1] * scenario.ticks
    for m, event in enumerate(offline):
        for day in first_days(event, scenario.ticks):
            at[day] = m
    return {
        "meeting_at": whole(at),
        "meeting_channel": whole([number_of(e.channel, scenario.channels) for e in offline]),
        "meeting_attend32": whole([chance32(e.attend) for e in offline]),
        "meeting_cap": whole([agents(e.size_cap, scenario) for e in offline]),
        "meeting_gain": real([e.meet_gain for e in offline]),
        "meeting_ties": whole([e.new_ties for e in offline]),
        "meeting_visit": real([e.visit for e in offline]),
    }


def market(scenario: Any) -> Fields:
    """Return the offers of the rival up to each day, who can reject, and who comes back."""
    here = scenario.market
    phases = [(phase.day, phase.hazard) for phase in here.rival]
    offers_so_far = so_far_by_day(phases, scenario.ticks)
    return {
        "rival_on": int(offers_so_far[-1] > 0),
        "rival_cumulative": whole(offers_so_far),
        "replacement_days": here.replacement_days,
        "rejection_on": int(here.rejection),
        "rejected_return": here.rejected_return,
    }


def so_far_by_day(phases: list[tuple[int, float]], ticks: int) -> list[int]:
    """Return hazards added up by day, in units of 2**-26; each holds until the next phase."""
    so_far, found = 0.0, []
    for day in range(ticks):
        hazard = 0.0
        for first, value in phases:
            if first <= day:
                hazard = value
        so_far += hazard
        found.append(int(so_far * 67108864.0))
    return found


def supply(scenario: Any) -> Fields:
    """Return the units of each day, invites and giving up."""
    given = scenario.supply
    return {
        "supply_on": int(given.enabled),
        "units": whole(units_by_day(scenario, given)),
        "invite_grant": whole(given.invites),
        "give_up32": chance32(given.give_up),
        "give_up_rival32": chance32(given.give_up_to_rival),
    }


def units_by_day(scenario: Any, given: Any) -> list[int]:
    """Return what is delivered on each day, by regular rounds and by others."""
    units, so_far, before = [], 0.0, 0
    for day in range(scenario.ticks):
        for_sale = 0.0
        since = day - given.start
        if since == 0 or (given.every > 0 and since > 0 and since % given.every == 0):
            for_sale += given.units or 0.0
        for one in given.rounds:
            if one.day == day:
                for_sale += one.units
        so_far += for_sale
        agents_so_far = int(so_far / scenario.people_per_agent + 1e-9)
        units.append(agents_so_far - before)
        before = agents_so_far
    return units


def goods(scenario: Any) -> Fields:
    """Return the devices that are sold, when they are needed, and what counts in the choice."""
    given, found = scenario.buying, list(scenario.goods.values())
    days = range(scenario.ticks if found else 1)
    phases = [(phase.day, phase.rate) for phase in given.arrivals]

    def path(start: float, change: float) -> list[float]:
        return [start * yearly(change, t) for t in days]

    chances = ("has_at_start", "find", "gift", "switch")
    same = ("life_days", "wait_days", "wait_value", "household")
    weights = ("quality_weight", "expert_weight", "price_weight", "word_weight", "link_weight")
    return {
        "goods_on": int(len(found) > 0),
        "n_goods": len(found),
        "good_product": whole(
            each_good(
                scenario, lambda g: number_of(g.product, scenario.products) if g.product else 0
            )
        ),
        "good_launch": whole(each_good(scenario, lambda g: g.launch_at)),
        "good_quality": real(each_good(scenario, lambda g: g.quality)),
        "list_price": real(
            each_good(scenario, lambda g: path(g.price, g.price_change), [0.0] * len(days))
        ),
        "unit_cost": real(each_good(scenario, lambda g: g.unit_cost)),
        "curve": real(each_good(scenario, lambda g: g.cost_curve)),
        "first_units": real(each_good(scenario, lambda g: g.first_units, 1.0)),
        "markup": real(each_good(scenario, lambda g: 0.0 if g.markup is None else g.markup)),
        "cost_plus": whole(each_good(scenario, lambda g: g.markup is not None)),
        "stocked": whole(each_good(scenario, lambda g: g.units is not None or len(g.rounds) > 0)),
        "good_units": whole(
            each_good(scenario, lambda g: units_by_day(scenario, g), [0] * len(days))
        ),
        "orders": whole(each_good(scenario, lambda g: agents(g.orders_per_day, scenario))),
        "breakage": real(each_good(scenario, lambda g: g.breakage)),
        "users_first": whole(each_good(scenario, lambda g: g.users_first)),
        "cancel32": whole(
            each_good(scenario, lambda g: chance32(g.cancel * left(g.deposit, g.deposit_half)))
        ),
        "accessory_rate": real(each_good(scenario, lambda g: g.accessories)),
        "arrivals": whole(so_far_by_day(phases, len(days))),
        **{f"{name}32": chance32(getattr(given, name)) for name in chances},
        **{name: getattr(given, name) for name in same + weights},
        "rival_quality": real(path(given.rival_quality, given.rival_quality_change)),
        "rival_price": real(path(given.rival_price, given.rival_price_change)),
        "income_growth": real(path(1.0, given.income_change)),
        "g16": scenario.people_per_agent,
    }


def service(scenario: Any) -> Fields:
    """Return staff, the worth of their answers, who complains and who leaves."""
    given = scenario.service
    worth = [
        left(place, given.answer_half_life * WORTH_BINS)
        for place in range((given.patience + 1) * WORTH_BINS)
    ]
    hired = each(scenario, lambda c: agents(c.service_capacity, scenario))
    minutes = minutes_of(scenario)
    return {
        "service_capacity": whole(
            [n + int(m / given.minutes_per_answer) for n, m in zip(hired, minutes, strict=True)]
        ),
        "moderation": real(each(scenario, lambda c: c.moderation, 0.0)),
        "service_public": flags(each(scenario, lambda c: c.service_public)),
        "patience": given.patience,
        "answer32": chance32(given.answer_success),
        "answer_worth16": whole([factor16(value) for value in worth]),
        "answer_gain": given.answer_gain,
        "squeaky_wheel": given.squeaky_wheel,
        "complaint_rate": given.complaint,
        "lapse32": chance32(given.lapse),
        "churn32": whole([chance32(given.churn * stay) for stay in given.stay]),
        "lapsed_return": given.lapsed_return,
    }

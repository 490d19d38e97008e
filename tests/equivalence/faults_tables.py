"""Faults planted in the tables that the reference engine makes of a scenario.

A table that is wrong in both engines would make no difference between them; so the reference makes
its own from docs/model.md, section 8, and here is shown that a wrong one is noticed, in the
very fields that it spoils.
"""

from __future__ import annotations

from typing import NamedTuple


class TableFault(NamedTuple):
    """A wrong table.

    Attributes
    ----------
    fields : str
        The fields that it spoils, and no others.
    what : str
        What is wrong, in the words of the model.
    old, new : str
        Text that occurs exactly once in the module, and what takes its place.
    module : str
        Module of the reference engine.
    """

    fields: str
    what: str
    old: str
    new: str
    module: str = "tables"


HALF_LIVES = (
    "recovery16 engagement_decay novelty16 memory20 forget32 answer_worth16 lift_tell16 "
    "lift_visibility16"
)

# fmt: off
FAULTS_TABLES = (
    # conversions
    TableFault(HALF_LIVES, "the half-life taken for the mean life",
          "0.6931471805599453 / half_life", "1.0 / half_life"),
    TableFault("join_fatigue16 message_hazard repeat16", "powers from the first on",
          "found = [1.0]", "found = [factor]"),
    TableFault("meeting_cap", "agents rounded down",
          "max(1, int(found + 0.5))", "max(1, int(found))"),
    TableFault("reading_capacity", "more reports read than there can be",
          "        return most\n", "        return 2**31 - 1\n"),
    # segments
    TableFault("segments_differ", "segments that only leave more are taken for alike",
          "k.join == k.tell == k.leave == k.gain == 1", "k.join == k.tell == k.gain == 1",
          "people"),
    TableFault("segment_leave16", "the factor on leaving taken for one on staying",
          "whole([k.leave for k in kinds])", "whole([1.0 / k.leave for k in kinds])", "people"),
    # forgetting
    TableFault("forget32", "the share that is left taken for the one that goes",
          "chance32(1.0 - left(d, forgets))", "chance32(left(d, forgets))"),
    TableFault("forget32", "a week is six days",
          "for d in range(8)]", "for d in (*range(7), 6)]"),
    # seeds won by hand
    TableFault("seed_day", "the largest draw has the first turn",
          "sum(other < word for other in words)", "sum(other > word for other in words)", "people"),
    TableFault("seed_day", "people won a day taken for agents",
          "scenario.seeding.per_day / scenario.people_per_agent", "scenario.seeding.per_day",
          "people"),
    TableFault("by_hand", "all are there at the start whatever the staff can do",
          'int(scenario.seeding.per_day < float("inf"))', "0"),
    # products and nodes
    TableFault("reading_capacity", "complaints are not counted as reports",
          "(len(scenario.nodes) + 1)", "len(scenario.nodes)"),
    TableFault("scale_quality", "the scale of learning in people",
          "p.scale_quality / g", "p.scale_quality"),
    TableFault("product_taste", "what is for everybody made for the first taste group",
          "-1 if p.taste_group is None", "0 if p.taste_group is None"),
    TableFault("fix_rule", "the most severe takes the place of the loudest",
          '"loudest": 1, "severest": 2', '"loudest": 2, "severest": 1'),
    TableFault("backlog_on", "a backlog only where needs are open at the start",
          "p.needs or p.new_needs", "p.needs"),
    TableFault("join32", "simplicity helps the experts",
          "power_portable(node.simple, 1.0 - level / 127.0)",
          "power_portable(node.simple, level / 127.0)"),
    TableFault("join32", "the rate of joining not divided by w",
          "part.join * node.need * ease / part.online", "part.join * node.need * ease"),
    TableFault("join_fatigue16", "joining tires one join too early",
          "powers(part.join_fatigue, 256)", "powers(part.join_fatigue, 257)[1:]"),
    TableFault("node_content16", "simple nodes give the better reports",
          "1.0 - part.report_loss * n.simple", "1.0 - part.report_loss * (1.0 - n.simple)"),
    TableFault("story32", "rewards give the stories",
          "chance32(node.fun)", "chance32(node.rewarding)"),
    TableFault("node_channel", "channels numbered by the alphabet, from its end",
          "number_or_none(n.channel, scenario.channels)",
          "number_or_none(n.channel, sorted(scenario.channels, reverse=True))"),
    # users
    TableFault("channel_rank", "the shortest of the longer half-lives has the rank of the base",
          "return 1 + held.index", "return held.index"),
    TableFault("channel_rank engagement_decay", "channels that let go fast speed up the decay",
          "if c.half_life > base}", "if c.half_life != base}"),
    TableFault("engagement_decay", "the base half-life is the last",
          "(base, *held)]", "(*held, base)]"),
    TableFault("engagement_decay", "the first day does not count",
          "[left(d, life) for d", "[left(max(0, d - 1), life) for d"),
    TableFault("tier_keep", "a tier is lost as soon as its threshold is missed",
          "tier * loyalty.keep", "tier"),
    # telling
    TableFault("message_hazard", "the credibility of the wrong tier",
          "for tier in said.credibility]", "for tier in said.credibility[::-1]]"),
    TableFault("tell32", "the telling of the wrong tier",
          "for tier in said.tier_factor]", "for tier in said.tier_factor[::-1]]"),
    TableFault("message_hazard", "a waiting agent is believed as one who is paid to recruit",
          "said.relay_credibility, said.credibility[0]", "said.relay_credibility, belief[0]"),
    TableFault("tell32", "relays and rejecters exchanged",
          "said.relay, said.waiting, said.rejecter]", "said.rejecter, said.waiting, said.relay]"),
    TableFault("tell32", "the rate of telling not divided by w",
          "rate[kind] / w * 4294967296.0", "rate[kind] * 4294967296.0"),
    TableFault("tell32", "relays are rewarded too",
          "rate = [*rate, said.relay,",
          "rate = [*rate, said.relay * (1.0 + said.referral_tell * reward),"),
    TableFault("message_hazard", "the power of the hop off by one",
          "* kept[hop]", "* kept[min(hop + 1, HOPS - 1)]"),
    TableFault("message_hazard", "a probability taken for a hazard",
          "hazard_units(chance)", "int(chance * 4294967296.0)"),
    TableFault("message_hazard", "rewards do not taint stories",
          "node.authentic * (1.0 - taint * node.rewarding)", "node.authentic"),
    TableFault("message_hazard", "the story of a release is believed like plain words",
          "truth.append(1.0)", "truth.append(said.plain_authenticity)"),
    TableFault("repeat16", "the first telling is a repetition",
          "powers(said.repeat_fatigue, 256)", "powers(said.repeat_fatigue, 257)[1:]"),
    TableFault("negativity16", "bad news never weighs more than good",
          "factor16(said.negativity)", "factor16(min(1.0, said.negativity))"),
    TableFault("novelty16", "the floor of novelty ignored",
          "floor + (1.0 - floor) * left", "left"),
    TableFault("novelty16", "novelty a day older",
          "left(d, said.novelty_half_life)", "left(d + 1, said.novelty_half_life)"),
    TableFault("reply32", "replies only on days online",
          "chance32(c.reply)", "chance32(c.reply * w)"),
    TableFault("relay_days", "relays tell for as long as rejecters",
          "said.relay_days if said.relay > 0.0", "said.rejecter_days if said.relay > 0.0"),
    TableFault("waiting_sign", "praise and blame of the waiting exchanged",
          "1 if said.scarcity_valence >= 0.0", "1 if said.scarcity_valence < 0.0"),
    TableFault("waiting16", "blame of the waiting without force",
          "abs(said.scarcity_valence)", "max(0.0, said.scarcity_valence)"),
    # hearing
    TableFault("see_hazard", "the chance of being seen taken for a hazard",
          "int(hazard_units(channel.visibility))", "chance32(channel.visibility)"),
    TableFault("see_hazard attention16", "posts of boards seen as messages are",
          '            continue\n        see[c]', '            pass\n        see[c]'),
    TableFault("tie16", "the weakest tie carries nothing",
          "channel.tie_floor + (1.0 - channel.tie_floor) * o", "o"),
    TableFault("tie16", "rewards taint across the strongest ties",
          "said.referral_reward * (1.0 - o)", "said.referral_reward * o"),
    TableFault("attention16", "other messages do not compete",
          "arriving + channel.background_load", "arriving"),
    TableFault("attention16", "a message does not count itself",
          "load = max(arriving +", "load = max(max(0, arriving - 1) +"),
    TableFault("attention16", "all read as much as the first segment",
          "segment.reading_budget / load", "segments[0].reading_budget / load"),
    TableFault("memory20", "memory in units of 2^-16",
          "* 1048576.0", "* 65536.0"),
    TableFault("reading", "the limit of a feed is that of a board",
          'of_board("reading", float("inf"))', 'of_board("reading", 0.0)'),
    TableFault("join_board32", "those who join on adoption are those who do not",
          "chance32(c.join_on_adoption)", "chance32(1.0 - c.join_on_adoption)"),
    TableFault("lurk32", "lurkers are those who post",
          "chance32(c.lurkers)", "chance32(1.0 - c.lurkers)"),
    TableFault("register16", "interest on a day, online or not",
          "factor16(c.interest)", "factor16(c.interest / scenario.participation.online)"),
    TableFault("media_hazard", "a campaign convinces before it is seen",
          "hazard_units(m.persuasion)", "hazard_units(m.visibility * m.persuasion)"),
    TableFault("media_end", "a campaign without an end misses the last day",
          "scenario.ticks if m.end is None", "scenario.ticks - 1 if m.end is None"),
    # days
    TableFault("lift_tell16 lift_visibility16 event_gain event_saturation",
          "no lift on the last day of an event",
          "min(first + event.length, ticks)", "min(first + event.length - 1, ticks)"),
    TableFault("lift_tell16", "of events at the same time only the last lifts",
          "told[c, day] *= faded(", "told[c, day] = faded("),
    TableFault("lift_tell16 lift_visibility16", "a wave is a day old when it comes",
          "left(day - first, event.fade)", "left(day - first + 1, event.fade)"),
    TableFault("lift_tell16 lift_visibility16 ride16", "a wave fades to nothing, not to 1",
          "1.0 + (lift - 1.0) * kept", "lift * kept", "tables_content"),
    TableFault("press_on", "campaigns lead only where they follow",
          "m.follow > 0.0 or m.lead != 1.0", "m.follow > 0.0", "tables_content"),
    TableFault("media_lifted", "waves carry the campaigns that ask not to be",
          "int(m.lifted)", "int(not m.lifted)", "tables_content"),
    TableFault("appeal8", "the mean taken for the median",
          "a, b = low - sigma, high - sigma", "a, b = low, high", "tables_content"),
    TableFault("appeal8", "appeal cut, not rounded",
          "* 256.0 + 0.5)", "* 256.0)", "tables_content"),
    TableFault("ride16", "a wave is ridden as on its first day until it ends",
          "_left(since, event.fade)", "1.0", "tables_content"),
    TableFault("ride32 ride16", "a wave is ridden once",
          "if event.every > 0:", "if event.every < 0:", "tables_content"),
    TableFault("fidelity16", "nothing is lost by retelling",
          "[int(channel.fidelity * 65536.0) for channel in channels]",
          "[65536 for channel in channels]", "tables_content"),
    TableFault("amplify32", "all members see what is shown",
          "_chance32(channel.amplify_visibility)", "_chance32(1.0)", "tables_content"),
    TableFault("media_scale", "talk counted in agents",
          "scenario.people_per_agent", "1.0", "tables_content"),
    TableFault("event_gain event_saturation", "an event without a gain takes that of another away",
          "if event.gain > 0.0:", "if True:"),
    TableFault("lift_tell16 lift_visibility16 event_gain event_saturation meeting_at",
          "events happen once",
          "day + event.every if event.every else ticks", "ticks"),
    TableFault("meeting_at", "meetings numbered among all events",
          "at[day] = m", "at[day] = list(scenario.events.values()).index(event)"),
    TableFault("rival_cumulative", "the offers of the rival a day late",
          "        so_far += hazard\n        found.append(int(so_far * 67108864.0))\n",
          "        found.append(int(so_far * 67108864.0))\n        so_far += hazard\n"),
    TableFault("rival_cumulative", "a phase of the rival begins a day late",
          "if first <= day:", "if first < day:"),
    TableFault("units", "rounds of sales a day late",
          "since = day - given.start", "since = day - given.start - 1"),
    TableFault("units", "extra rounds in place of the regular ones",
          "for_sale += one.units", "for_sale = one.units"),
    TableFault("units", "units in people",
          "int(so_far / scenario.people_per_agent + 1e-9)", "int(so_far + 1e-9)"),
    TableFault("units", "each round rounded alone",
          "int(so_far / scenario.people_per_agent + 1e-9)",
          "before + int(for_sale / scenario.people_per_agent + 1e-9)"),
    TableFault("answer_worth16", "the half-life of an answer in bins",
          "given.answer_half_life * WORTH_BINS", "given.answer_half_life"),
    TableFault("answer_worth16", "an answer on the last day of patience has no worth",
          "range((given.patience + 1) * WORTH_BINS)", "range(given.patience * WORTH_BINS)"),
    TableFault("churn32", "fans leave as often as others",
          "chance32(given.churn * stay)", "chance32(given.churn)"),
    TableFault("churn32", "staying taken for the chance of leaving",
          "given.churn * stay)", "stay)"),
    # people
    TableFault("agent_class class_segment class_level class_pays class_taste class_enthusiast",
          "classes numbered as they are met",
          "kinds = sorted(set(found))", "kinds = list(dict.fromkeys(found))", "people"),
    TableFault("agent_class class_segment class_level class_pays class_taste class_enthusiast",
          "the price is paid by everybody",
          "product.price <= income and", "", "people"),
    TableFault("class_enthusiast", "newbies taken for enthusiasts",
          "segments[segment].enthusiast for", "not segments[segment].enthusiast for", "people"),
    TableFault("online_threshold", "everybody is online every day",
          "min(1.0, w * activity)", "min(1.0, activity)", "people"),
    TableFault("resist_reject", "to reject is as hard as to adopt",
          "int(exponential(DRAW_RESIST_REJECT, i) * scale)", "exponential(DRAW_RESIST_REJECT, i)",
          "people"),
    TableFault("resist_reject", "who is easily won easily rejects",
          "exponential(DRAW_RESIST_REJECT, i)", "exponential(DRAW_RESIST_ADOPT, i)", "people"),
    TableFault("initial_stage", "all others know of it",
          "< int(aware * 4294967296.0)", ">= int(aware * 4294967296.0)", "people"),
    TableFault("need", "a whole share of those heard rounded up to the next",
          " - 1e-9)", ")", "people"),
    TableFault("need", "the share of all in place of those heard",
          "reinforcement_share * heard[i]", "reinforcement_share * len(heard)", "people"),
)
# fmt: on

"""Tables of the reference engine for what is said and shown, and how money moves by the year.

`tables` puts all of them together.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np

from koubei_sim.core.codes import MAX_CHANNELS
from koubei_sim.core.draws import exp_neg_portable, log_portable
from koubei_sim.model.reference.conversions import (
    agents,
    chance32,
    each,
    each_good,
    factor16,
    left,
    real,
    whole,
)

CLASSES = 4096  # of patience with posts
INFINITY = float("inf")


def faded(lift: float, kept: float) -> float:
    """Return what has become of a lift of which so much is left."""
    return lift if kept == 1.0 else 1.0 + (lift - 1.0) * kept


def first_days(event: Any, ticks: int) -> Iterator[int]:
    """Yield the first day of each occurrence of an event."""
    day = event.start
    while day < ticks:
        yield day
        day = day + event.every if event.every else ticks


def running(scenario: Any, event: Any) -> Iterator[tuple[int, int]]:
    """Yield each day on which an event runs, and how many days ago it began."""
    for first in first_days(event, scenario.ticks):
        for day in range(first, min(first + event.length, scenario.ticks)):
            yield day, day - first


def yearly(change: float, day: int) -> float:
    """Return the factor that so large a change a year has become by a day."""
    if change == 0.0:
        return 1.0
    size = day / 365.0 * float(log_portable(1.0 + change))
    if change < 0.0:
        return float(exp_neg_portable(-size))
    return 1.0 / float(exp_neg_portable(size))


def for_honour(scenario: Any, gain: float) -> float:
    """Return what is left of a gain that no money brings, where recruiting is paid."""
    telling = scenario.telling
    return gain * float(exp_neg_portable(telling.referral_crowding * telling.referral_reward))


def surprises(scenario: Any) -> dict[str, Any]:
    """Return how many presents there are a day on each channel, and what they are worth."""
    a_day, gain = np.zeros(MAX_CHANNELS), np.zeros(MAX_CHANNELS)
    for c, channel in enumerate(scenario.channels.values()):
        a_day[c] = channel.surprises / scenario.people_per_agent
        gain[c] = channel.surprise_gain
    return {"surprises": a_day, "surprise_gain": gain}


def content(scenario: Any) -> dict[str, Any]:
    """Return all of it."""
    return {
        **press(scenario),
        **surprises(scenario),
        **votes(scenario),
        **accounts(scenario),
        **copying(scenario),
        **belonging(scenario),
        **appeal(scenario),
        **bonds(scenario),
        **contests(scenario),
        **news(scenario),
        **sharing(scenario),
        **hunters(scenario),
        **trials(scenario),
        **team(scenario),
    }


def votes(scenario: Any) -> dict[str, Any]:
    """Return which nodes are votes, and what it is worth to have voted."""
    return {
        "node_votes": np.array([int(node.vote) for node in scenario.nodes.values()], np.uint8),
        "vote_weight": scenario.buying.vote_weight,
    }


def bonds(scenario: Any) -> dict[str, Any]:
    """Return how bonds grow and fade, and what they are worth."""
    said, weight = scenario.telling, scenario.buying.bond_weight
    visits = [event.visit for event in scenario.events.values() if event.offline]
    grow = said.bond > 0.0 or any(visit > 0.0 for visit in visits)
    count = said.bond_gain > 0.0 or weight > 0.0
    return {
        "bonds_on": int(grow and count),
        "bond_growth": said.bond,
        "bond_left": real([left(d, said.bond_half_life) for d in range(scenario.ticks + 1)]),
        "bond_gain": said.bond_gain,
        "bond_weight": weight,
    }


def contests(scenario: Any) -> dict[str, Any]:
    """Return on which days the best of a channel win what, and what the others keep."""
    winners = np.zeros((MAX_CHANNELS, scenario.ticks), np.int64)
    prize = np.zeros((MAX_CHANNELS, scenario.ticks))
    kept = np.ones((MAX_CHANNELS, scenario.ticks))
    for event in scenario.events.values():
        c = list(scenario.channels).index(event.channel)
        for day, _ in running(scenario, event):
            if event.winners > 0.0:
                winners[c, day] = agents(event.winners, scenario)
                prize[c, day] = event.prize
                kept[c, day] = 1.0 - event.loss
    return {
        "contests_on": int(winners.max() > 0),
        "contest_winners": winners,
        "contest_prize": prize,
        "contest_kept": kept,
    }


def news(scenario: Any) -> dict[str, Any]:
    """Return how likely there is something new to tell, by channel and day."""
    chance = np.zeros((MAX_CHANNELS, scenario.ticks), np.int64)
    for event in scenario.events.values():
        c = list(scenario.channels).index(event.channel)
        for day, _ in running(scenario, event):
            chance[c, day] = max(int(chance[c, day]), chance32(event.talking_point))
    return {"news_on": int(chance.max() > 0), "news32": chance}


def sharing(scenario: Any) -> dict[str, Any]:
    """Return how often users share out of the product, and what a share is worth."""
    w = scenario.participation.online
    often = each(scenario, lambda c: min(1 << 40, int(c.share / w * 4294967296.0)))
    return {
        "share32": whole(often),
        "share16": whole(each(scenario, lambda c: factor16(c.share_force))),
    }


def hunters(scenario: Any) -> dict[str, Any]:
    """Return who joins each node for the reward alone."""
    found, hunting = [], scenario.participation.hunting
    for node in scenario.nodes.values():
        draw = 0.0
        if node.rewarding > 0.0:
            draw = hunting * node.rewarding / (node.rewarding + node.need)
        found.append(chance32(draw))
    return {"hunters32": whole(found)}


def trials(scenario: Any) -> dict[str, Any]:
    """Return which goods are handed out to be tried, and when."""
    return {
        "trials": whole(each_good(scenario, lambda g: agents(g.trials, scenario))),
        "trials_at": whole(each_good(scenario, lambda g: g.trials_at)),
        "trials_first": whole(each_good(scenario, lambda g: g.trials_to_enthusiasts)),
        "trials_gain": real(each_good(scenario, lambda g: g.trials_gain)),
    }


def minutes_of(scenario: Any) -> list[float]:
    """Return the minutes a day that staff have for each of the eight channels, by agents."""
    given = scenario.service
    minutes = given.staff * given.minutes / scenario.people_per_agent
    shares = [channel.staff_share for channel in scenario.channels.values()]
    total = 0.0
    for share in shares:
        total += share
    return each(scenario, lambda c: minutes * c.staff_share / total if total > 0.0 else 0.0, 0.0)


def team(scenario: Any) -> dict[str, Any]:
    """Return the minutes of the staff, and what becomes of what they do well."""
    given = scenario.service
    return {
        "staff_minutes": real(minutes_of(scenario)),
        "minutes_per_answer": given.minutes_per_answer,
        "minutes_per_reply": 0.0 if given.minutes_per_reply is None else given.minutes_per_reply,
        "deed32": chance32(given.deed_story),
        "deed_rate": given.deed_learning * scenario.people_per_agent / 1000.0,
    }


def press(scenario: Any) -> dict[str, Any]:
    """Return how much campaigns lead, and how they follow what people say."""
    media = list(scenario.media.values())
    names = ("lead", "follow", "forget", "notice")
    return {
        "press_on": 1 if any(m.follow > 0.0 or m.lead != 1.0 for m in media) else 0,
        **{f"media_{n}": np.array([getattr(m, n) for m in media], np.float64) for n in names},
        "media_scale": scenario.people_per_agent,
        "media_lifted": np.array([int(m.lifted) for m in media], np.int64),
    }


def accounts(scenario: Any) -> dict[str, Any]:
    """Return how often campaigns post, and who of those that see one leaves it."""
    media = list(scenario.media.values())
    unfollow32 = np.zeros((len(media), CLASSES), np.int64)
    for m, campaign in enumerate(media):
        for k in range(CLASSES if campaign.unfollow > 0.0 else 0):
            patience = -float(log_portable(1.0 - (k + 0.5) / 4096))
            beyond = max(0.0, campaign.posts - campaign.tolerance * patience)
            unfollow32[m, k] = chance32(campaign.unfollow * beyond)
    return {
        "unfollow_on": int(any(campaign.unfollow > 0.0 for campaign in media)),
        "media_posts": np.array([campaign.posts for campaign in media], np.float64),
        "unfollow32": unfollow32,
    }


def copying(scenario: Any) -> dict[str, Any]:
    """Return how much others crowd the channels, and how soon they follow."""
    half_life = scenario.market.copied_after
    return {
        "copied": scenario.market.copied,
        "copied_step": 1.0 if half_life == 0.0 else 1.0 - left(1, half_life),
    }


def belonging(scenario: Any) -> dict[str, Any]:
    """Return whose ties count, and what fans among them are worth."""
    loyalty, weight = scenario.loyalty, scenario.buying.tribe_weight
    counts = loyalty.belonging > 0.0 or loyalty.pull > 0.0 or weight > 0.0
    named = loyalty.tribe is not None and counts
    return {
        "tribe": list(scenario.channels).index(loyalty.tribe) if named else -1,
        "belonging": loyalty.belonging,
        "pull16": np.array([int((1.0 + loyalty.pull * (k / 255.0)) * 65536.0) for k in range(256)]),
        "tribe_weight": weight,
    }


def appeal(scenario: Any) -> dict[str, Any]:
    """Return how tellings differ in appeal, who rides events, and what is shown to all."""
    ride32 = np.zeros((MAX_CHANNELS, scenario.ticks), np.int64)
    ride16 = np.full((MAX_CHANNELS, scenario.ticks), 65536, np.int64)
    ridden = [event for event in scenario.events.values() if event.ride > 0.0]
    for event in ridden:
        c = list(scenario.channels).index(event.channel)
        for day, since in running(scenario, event):
            ride32[c, day] = chance32(event.ride)
            ride16[c, day] = factor16(faded(event.ride_lift, left(since, event.fade)))

    return {
        "appeal_on": int(scenario.telling.appeal_sigma > 0.0 or len(ridden) > 0),
        "appeal8": np.array(appeals(scenario.telling.appeal_sigma), np.int64),
        "fidelity16": whole(each(scenario, lambda c: factor16(c.fidelity), 65536)),
        "ride32": ride32,
        "ride16": ride16,
        "amplify": whole(each(scenario, lambda c: c.amplify)),
        "amplify32": whole(each(scenario, lambda c: chance32(c.amplify_visibility))),
    }


@cache
def appeals(sigma: float) -> list[int]:
    """Return the mean of a log-normal law in each of 4096 classes, in units of 1/256."""
    if sigma == 0.0:
        return [256] * 4096
    normal, found = NormalDist(), []
    bounds = [normal.inv_cdf(k / 4096) for k in range(1, 4096)]
    for low, high in zip([-INFINITY, *bounds], [*bounds, INFINITY], strict=True):
        a, b = low - sigma, high - sigma
        # From the tail that is nearer: differences of numbers near 1 lose their digits.
        share = normal.cdf(-a) - normal.cdf(-b) if a > 0.0 else normal.cdf(b) - normal.cdf(a)
        found.append(min(65535, int(float(f"{4096 * share:.12g}") * 256.0 + 0.5)))
    return found

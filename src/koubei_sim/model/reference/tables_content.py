"""Tables of the reference engine for what is said and shown, and how money moves by the year.

`tables` puts all of them together.
"""

from __future__ import annotations

from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np

from koubei_sim.core.codes import MAX_CHANNELS
from koubei_sim.core.draws import exp_neg_portable, log_portable

CLASSES = 4096  # of patience with posts
INFINITY = float("inf")


def faded(lift: float, kept: float) -> float:
    """Return what has become of a lift of which so much is left."""
    return lift if kept == 1.0 else 1.0 + (lift - 1.0) * kept


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
    }


def votes(scenario: Any) -> dict[str, Any]:
    """Return which nodes are votes, and what it is worth to have voted."""
    return {
        "node_votes": np.array([int(node.vote) for node in scenario.nodes.values()], np.uint8),
        "vote_weight": scenario.buying.vote_weight,
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
            unfollow32[m, k] = _chance32(campaign.unfollow * beyond)
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
        "copied_step": 1.0 if half_life == 0.0 else 1.0 - _left(1, half_life),
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
    channels = list(scenario.channels.values())
    ride32 = np.zeros((MAX_CHANNELS, scenario.ticks), np.int64)
    ride16 = np.full((MAX_CHANNELS, scenario.ticks), 65536, np.int64)
    ridden = [event for event in scenario.events.values() if event.ride > 0.0]
    for event in ridden:
        c = list(scenario.channels).index(event.channel)
        for day in range(event.start, scenario.ticks):
            since = day - event.start
            if event.every > 0:
                since %= event.every
            if since < event.length:
                ride32[c, day] = _chance32(event.ride)
                ride16[c, day] = int(faded(event.ride_lift, _left(since, event.fade)) * 65536.0)

    def each(values: list[int], nothing: int) -> Any:
        return np.array(values + [nothing] * (MAX_CHANNELS - len(values)), np.int64)

    return {
        "appeal_on": int(scenario.telling.appeal_sigma > 0.0 or len(ridden) > 0),
        "appeal8": np.array(appeals(scenario.telling.appeal_sigma), np.int64),
        "fidelity16": each([int(channel.fidelity * 65536.0) for channel in channels], 65536),
        "ride32": ride32,
        "ride16": ride16,
        "amplify": each([channel.amplify for channel in channels], 0),
        "amplify32": each([_chance32(channel.amplify_visibility) for channel in channels], 0),
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


def _chance32(probability: float) -> int:
    return min(1 << 32, int(probability * 4294967296.0))


def _left(days: int, half_life: float) -> float:
    if half_life == INFINITY:
        return 1.0
    return float(exp_neg_portable(days * (0.6931471805599453 / half_life)))

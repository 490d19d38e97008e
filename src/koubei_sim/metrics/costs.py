"""What it cost: money spent in each tick, by purpose.

Every lever of the scenario has a price (0 where nobody set one); spending is computed from the
daily table and the event log after the run and feeds back on nothing.  Pure functions of one
`History` and the scenario; called by `overview`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.metrics.forest import seeds_of
from koubei_sim.metrics.indices import adoptions
from koubei_sim.metrics.runs import block, takes_history
from koubei_sim.model.world.arrays import History

#: Purposes of spending, in the order of `spend`.
PURPOSES: Final = (
    "seeds",
    "staff",
    "answers",
    "design",
    "releases",
    "reports",
    "rewards",
    "events",
    "media",
    "units",
    "invites",
    "referral",
)

Money = NDArray[np.float64]


@takes_history
def spend(history: History, scenario: Any) -> dict[str, Money]:
    """Return the money spent in each tick, by purpose; every array has shape [T].

    ========  ==================================================================================
    seeds     ``seeding.recruit_cost`` for each seed, on tick 0
    staff     ``staff_cost`` of each open channel, each day
    answers   ``costs.per_answer`` for each complaint handled, with success or without
    design    ``design_cost`` of each node, on the tick it opens
    releases  ``costs.per_release`` for each release of each product
    reports   ``costs.per_report_read`` for each report read
    rewards   ``costs.per_join * rewarding`` of the node, for each join
    events    ``cost`` of each occurrence on its first tick; ``cost_per_head`` for each telling of
              a user on its channel while it runs, or for each attendee of a meeting
    media     ``cost_per_day`` while a campaign runs on an open channel, and ``cost_per_member``
    units     ``costs.per_unit`` for each adoption after the seeds
    invites   ``costs.per_invite`` for each invite used
    referral  ``costs.per_recruit * telling.referral_reward`` for each adoption recruited by a
              person
    ========  ==================================================================================

    Numbers of people are scaled by ``people_per_agent``.  Tellings under a placebo event (gain 0)
    cost what they cost under a real one.
    """
    ticks = history.table.shape[0]
    scale = float(getattr(scenario, "people_per_agent", 1))
    price, day = scenario.costs, np.arange(ticks)
    spent = {purpose: np.zeros(ticks) for purpose in PURPOSES}

    spent["seeds"][0] = scenario.seeding.recruit_cost * seeds_of(history) * scale
    for channel in scenario.channels.values():
        spent["staff"] += channel.staff_cost * (day >= channel.opens_at)
    handled = block(history, "answered").sum(axis=1) + block(history, "unhelped").sum(axis=1)
    spent["answers"] += price.per_answer * handled * scale
    for number, node in enumerate(scenario.nodes.values()):
        if node.opens_at < ticks:
            spent["design"][node.opens_at] += node.design_cost
        joins = block(history, "joins")[:, number]
        spent["rewards"] += price.per_join * node.rewarding * joins * scale
    for product in scenario.products.values():
        age = day - product.launch_at
        spent["releases"] += price.per_release * ((age > 0) & (age % product.release_interval == 0))
    spent["reports"] += price.per_report_read * block(history, "reports_read") * scale
    for event in scenario.events.values():
        spent["events"] += _event(event, history, scenario, scale)
    for campaign in scenario.media.values():
        spent["media"] += _campaign(campaign, history, scenario, scale)
    spent["units"] += price.per_unit * adoptions(history) * scale
    spent["invites"] += price.per_invite * block(history, "invited") * scale
    recruited = block(history, "adoptions_channel").sum(axis=1)
    reward = price.per_recruit * scenario.telling.referral_reward
    spent["referral"] += reward * recruited * scale
    return spent


def _occurrences(event: Any, ticks: int) -> Iterator[tuple[int, int]]:
    """Yield first tick and tick after the last of each occurrence inside the run."""
    starts = range(event.start, ticks, event.every) if event.every else [event.start]
    for start in starts:
        if start < ticks:
            yield start, min(ticks, start + event.length)


def _event(event: Any, history: History, scenario: Any, scale: float) -> Money:
    ticks = history.table.shape[0]
    spent = np.zeros(ticks)
    channel = list(scenario.channels).index(event.channel)
    told = (
        block(history, "tells_positive")[:, channel] + block(history, "tells_negative")[:, channel]
    )
    for start, end in _occurrences(event, ticks):
        spent[start] += event.cost
        if event.offline:
            heads = block(history, "meeting_attendees")[start]
            spent[start] += event.cost_per_head * heads * scale
        else:
            spent[start:end] += event.cost_per_head * told[start:end] * scale
    return spent


def _campaign(campaign: Any, history: History, scenario: Any, scale: float) -> Money:
    day = np.arange(history.table.shape[0])
    number = list(scenario.channels).index(campaign.channel)
    running = (day >= campaign.start) & (day >= scenario.channels[campaign.channel].opens_at)
    if campaign.end is not None:
        running &= day < campaign.end
    members = block(history, "members")[:, number] * scale
    return running * (campaign.cost_per_day + campaign.cost_per_member * members)


def cumulative(spent: dict[str, Money]) -> Money:
    """Return all money spent up to and including each tick, shape [T]."""
    if not isinstance(spent, Mapping):
        fix = "cumulative(spend(result.histories[0], result.scenario))"
        raise KoubeiError("cumulative", "not what `spend` gives", got=type(spent).__name__, fix=fix)
    return np.cumsum(np.sum(list(spent.values()), axis=0))

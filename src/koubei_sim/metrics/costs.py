"""What it cost: money spent in each tick, by purpose.

Every lever of the scenario has a price (0 where nobody set one), declared by its mechanism.
Spending is computed from the daily table and the event log after the run and feeds back on
nothing.  Pure functions of one `History` and the scenario; called by `overview`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from koubei_sim.errors import KoubeiError
from koubei_sim.metrics.forest import seeds_at_start
from koubei_sim.metrics.runs import block, takes_history
from koubei_sim.model.mechanisms import PRICES
from koubei_sim.model.mechanisms.declaration import Flows, Money
from koubei_sim.model.world.arrays import History

#: Purposes of spending, in the order of `spend`.
PURPOSES: Final = tuple(price.purpose for price in PRICES)


@takes_history
def spend(history: History, scenario: Any) -> dict[str, Money]:
    """Return the money spent in each tick, by purpose; every array has shape [T].

    =============  ===============================================================================
    seeds          ``seeding.recruit_cost`` for each seed, on the day it is won, at the earliest
                   tick 0
    staff          ``staff_cost`` of each open channel, each day
    answers        ``costs.per_answer`` for each complaint handled, with success or without
    design         ``design_cost`` of each node, on the tick it opens
    releases       ``costs.per_release`` for each release of each product
    reports        ``costs.per_report_read`` for each report read
    rewards        ``costs.per_join * rewarding`` of the node, for each join
    events         ``cost`` of each occurrence on its first tick; ``cost_per_head`` for each
                   telling of a user on its channel while it runs, or for each attendee of a
                   meeting
    media          ``cost_per_day`` while a campaign runs on an open channel, and
                   ``cost_per_member``
    units          ``costs.per_unit`` for each adoption after the seeds
    invites        ``costs.per_invite`` for each invite used
    referral       ``costs.per_recruit * telling.referral_reward`` for each adoption recruited by
                   a person
    goods          ``unit_cost`` of each good sold, as it falls
    amplification  ``channels.*.amplify_cost`` for each story shown
    =============  ===============================================================================

    Numbers of people are scaled by ``people_per_agent``.  Tellings under a placebo event (gain 0)
    cost what they cost under a real one.
    """
    flows = Flows(
        lambda name: block(history, name),
        seeds_at_start(history),
        np.arange(history.table.shape[0]),
        float(getattr(scenario, "people_per_agent", 1)),
    )
    spent = {price.purpose: np.zeros(flows.days.size) for price in PRICES}
    for price in PRICES:
        spent[price.purpose] += price.spend(scenario, flows)
    return spent


def cumulative(spent: dict[str, Money]) -> Money:
    """Return all money spent up to and including each tick, shape [T]."""
    if not isinstance(spent, Mapping):
        fix = "cumulative(spend(result.histories[0], result.scenario))"
        raise KoubeiError("cumulative", "not what `spend` gives", got=type(spent).__name__, fix=fix)
    return np.cumsum(np.sum(list(spent.values()), axis=0))

"""What happens on which day: events, meetings, own media, supply and the rival as arrays by tick.

Called by `build.build_rules`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from koubei_sim.core.codes import MAX_CHANNELS
from koubei_sim.core.draws import hazard_units
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.checks import occurrences
from koubei_sim.model.world.tables import MOST_LIFT16, scaled, threshold


def event_tables(scenario: Scenario) -> dict[str, Any]:
    """Return lifts and gains by channel and tick [8, T], and the offline meetings.

    Lifts of overlapping events multiply.  A meeting takes place on the first day of each
    occurrence of an offline event and has the number of that event among the offline ones.
    """
    ticks, names = scenario.ticks, list(scenario.channels)
    tell = np.ones((MAX_CHANNELS, ticks))
    visibility = np.ones((MAX_CHANNELS, ticks))
    gain = np.zeros((MAX_CHANNELS, ticks))
    saturation = np.ones((MAX_CHANNELS, ticks))
    meeting_at = np.full(ticks, -1, dtype=np.int64)
    meetings = [event for event in scenario.events.values() if event.offline]
    for event in scenario.events.values():
        c = names.index(event.channel)
        for start, end in occurrences(event, ticks):
            tell[c, start:end] *= event.lift_tell
            visibility[c, start:end] *= event.lift_visibility
            if event.gain > 0:
                gain[c, start:end] = event.gain
                saturation[c, start:end] = event.saturation
            if event.offline:
                meeting_at[start] = next(m for m, e in enumerate(meetings) if e is event)

    def lifts(values: np.ndarray) -> np.ndarray:
        return np.minimum(np.floor(values * 65536.0), MOST_LIFT16).astype(np.int64)

    def column(values: Any) -> np.ndarray:
        return np.array(list(values), dtype=np.int64)

    return {
        "lift_tell16": lifts(tell),
        "lift_visibility16": lifts(visibility),
        "event_gain": gain,
        "event_saturation": saturation,
        "meeting_at": meeting_at,
        "meeting_channel": column(names.index(e.channel) for e in meetings),
        "meeting_attend32": column(threshold(e.attend) for e in meetings),
        "meeting_cap": column(scaled(e.size_cap, scenario.people_per_agent) for e in meetings),
        "meeting_gain": np.array([e.meet_gain for e in meetings], dtype=np.float64),
        "meeting_ties": column(e.new_ties for e in meetings),
    }


def media_tables(scenario: Scenario) -> dict[str, Any]:
    """Return the campaigns: channel, product, first tick, tick after the last, hazards."""
    channels, products = list(scenario.channels), list(scenario.products)
    media = list(scenario.media.values())

    def column(values: Any) -> np.ndarray:
        return np.array(list(values), dtype=np.int64)

    return {
        "media_channel": column(channels.index(m.channel) for m in media),
        "media_product": column(
            0 if m.product is None else products.index(m.product) for m in media
        ),
        "media_start": column(m.start for m in media),
        "media_end": column(scenario.ticks if m.end is None else m.end for m in media),
        "media_hazard": column(hazard_units(m.hazard) for m in media),
        "media_awareness": column(hazard_units(m.awareness) for m in media),
    }


def supply_tables(scenario: Scenario) -> dict[str, Any]:
    """Return units by tick [T], invites and giving up.

    With `people_per_agent` g the units so far are divided by g and rounded down, so that no unit
    is lost or made by rounding each round alone.
    """
    supply, ticks = scenario.supply, scenario.ticks
    real = np.zeros(ticks)
    if supply.every > 0:
        real[supply.start :: supply.every] += supply.units
    elif supply.units > 0 and supply.start < ticks:
        real[supply.start] += supply.units
    for one in supply.rounds:
        if one.day < ticks:
            real[one.day] += one.units
    so_far = np.floor(np.cumsum(real) / scenario.people_per_agent + 1e-9).astype(np.int64)
    return {
        "supply_on": int(supply.enabled),
        "units": np.diff(so_far, prepend=0),
        "invite_grant": np.array(supply.invites, dtype=np.int64),
        "give_up32": threshold(supply.give_up),
        "give_up_rival32": threshold(supply.give_up_to_rival),
    }


def market_tables(scenario: Scenario) -> dict[str, Any]:
    """Return the rival's offers so far [T] (units of 2**-26), rejection and returns."""
    market, ticks = scenario.market, scenario.ticks
    hazard = np.zeros(ticks)
    for phase in market.rival:
        hazard[phase.day :] = phase.hazard
    cumulative = np.floor(np.cumsum(hazard) * 67108864.0).astype(np.int64)
    return {
        "rival_on": int(bool(cumulative.size) and int(cumulative[-1]) > 0),
        "rival_cumulative": cumulative,
        "replacement_days": market.replacement_days,
        "rejection_on": int(market.rejection),
        "rejected_return": market.rejected_return,
    }

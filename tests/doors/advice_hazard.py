"""What is advised about records of diffusion and hazards estimated from them."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.doors.advice_calls import Trial

import koubei_sim as kb

RING = kb.networks.ring(6, 2)
TIMES = [0, 1, 1, 3, None, None]
RECORD = kb.Diffusion(RING, TIMES, until=3)
SEASON = kb.cascades.Bass(0.1, 0.1, dt=1.0, schedule=[1.0, 0.0, 2.0])
PARTS = np.array([0.5, 1.0, 2.5, 3.0, np.nan, np.nan])


def without_record() -> Any:
    """A fit that kept no record."""
    from dataclasses import replace

    return replace(kb.hazard(RECORD, "constant"), record=None)


def long_record() -> kb.Diffusion:
    """Return a record of more periods than a calendar has base hazards."""
    net = kb.Network.from_edges([0, 1, 2], [1, 2, 3])
    return kb.Diffusion(net, [0, 900, 1800, None], until=2499)


TRIED: dict[str, Trial] = {
    "f'calendar(width={-(-d.periods // MOST_BINS)})'": (
        lambda: kb.hazard(long_record(), "calendar + ties(share)"),
        lambda: kb.hazard(long_record(), "calendar(width=3) + ties(share)"),
        "calendar(width=3)",
    ),
    "'a longer period='": (
        lambda: kb.Diffusion(RING, [0, 1, 2, 3, 4, 200_000]),
        lambda: kb.Diffusion(RING, [0, 1, 2, 3, 4, 200_000], period=10.0),
    ),
    "'period=1.0'": (
        lambda: kb.Diffusion(RING, PARTS),
        lambda: kb.Diffusion(RING, PARTS, period=1.0),
    ),
    "'a later until='": (
        lambda: kb.hazard(RECORD.replace(until=0, entered=1), "constant"),
        lambda: kb.hazard(RECORD.replace(until=3, entered=1, times=TIMES), "constant"),
    ),
    "'kb.Diffusion(network, times)'": (
        lambda: kb.hazard(RING, "constant"),
        lambda: kb.hazard(kb.Diffusion(RING, TIMES), "constant"),
    ),
    "'kb.evidence.Priors(0.1)'": (
        lambda: kb.hazard(RECORD, "calendar", link="logit", priors=kb.evidence.Priors(0.0)),
        lambda: kb.hazard(RECORD, "calendar", link="logit", priors=kb.evidence.Priors(0.1)),
    ),
    "'kb.hazard(d, fit.formula)'": (
        lambda: without_record().simulate(),
        lambda: kb.hazard(RECORD, without_record().formula).simulate(rng=1),
    ),
    "'fit.simulate(d)'": (
        lambda: kb.hazard(RECORD, "constant + crowd").to_rule(),
        lambda: kb.hazard(RECORD, "constant + crowd").simulate(RECORD),
    ),
    "\"'ties(share)'\"": (
        lambda: kb.evidence.thresholds(RECORD, "age"),
        lambda: kb.evidence.thresholds(RECORD, "ties(share)"),
    ),
    "\"by='people'\"": (
        lambda: kb.hazard(RECORD, "constant").bootstrap(5, rng=1),
        lambda: kb.hazard(RECORD, "constant").bootstrap(5, by="people", rng=1),
    ),
    "f'horizon={schedule.size * dt:g}'": (
        lambda: kb.cascade(RING, SEASON, [], 2, rng=1, horizon=4),
        lambda: kb.cascade(RING, SEASON, [], 2, rng=1, horizon=3),
    ),
    "\"'calendar + crowd + ties(share)'\"": (
        lambda: kb.hazard(RECORD, 3),  # type: ignore[arg-type]
        lambda: kb.hazard(RECORD, "calendar + crowd + ties(share)"),
    ),
}

"""Tables of the reference engine for what is said and shown; `tables` puts all of them together."""

from __future__ import annotations

from typing import Any

import numpy as np


def faded(lift: float, kept: float) -> float:
    """Return what has become of a lift of which so much is left."""
    return lift if kept == 1.0 else 1.0 + (lift - 1.0) * kept


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

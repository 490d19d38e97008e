"""Tiers by behaviour, beside the tiers by engagement that the model itself keeps.

A fan who is called one because a number passed a threshold proves nothing; these count what
people did.  Pure functions of one `History`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from koubei_sim.checks import whole
from koubei_sim.metrics.forest import Forest, recruitment_forest
from koubei_sim.metrics.runs import MOST_DAYS, takes_history
from koubei_sim.metrics.staying import spells
from koubei_sim.model.world.arrays import History


class BehaviourTiers(NamedTuple):
    """Persons (agents) by what they did in the whole run; each is counted once a line."""

    adopters: int  # ever a user
    recruiters: int  # brought at least one person
    strong_recruiters: int  # brought at least three
    observed: int  # adopted early enough to be seen for `day` days
    active: int  # of these, still in unbroken use on that day after some adoption
    active_recruiters: int  # both: the tier of true fans by behaviour


@takes_history
def behaviour_tiers(
    history: History, day: int = 90, strong: int = 3, forest: Forest | None = None
) -> BehaviourTiers:
    """Return how many agents adopted, recruited, and were still users on day `day`.

    Parameters
    ----------
    history : History
    day : int
        Days after adoption at which use is looked at.
    strong : int
        Recruits of a strong recruiter.
    forest : Forest, optional
        `recruitment_forest` of the history, where it is at hand.
    """
    day, strong = whole("day", day, 0, MOST_DAYS), whole("strong", strong, 1, MOST_DAYS)
    forest = recruitment_forest(history) if forest is None else forest
    recruiting = forest.agent[forest.parent[forest.parent >= 0]]
    who, brought = np.unique(recruiting, return_counts=True)
    found = spells(history)
    seen = found.start + day <= history.table.shape[0] - 1
    stayed = np.unique(found.agent[seen & ((found.length > day) | ~found.ended)])
    return BehaviourTiers(
        adopters=int(np.unique(forest.agent).size),
        recruiters=int(who.size),
        strong_recruiters=int((brought >= strong).sum()),
        observed=int(np.unique(found.agent[seen]).size),
        active=int(stayed.size),
        active_recruiters=int(np.intersect1d(stayed, who, assume_unique=True).size),
    )

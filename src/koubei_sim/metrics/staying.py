"""Who stays: the share of an adoption cohort that is still there after d days; fans by behaviour.

The model itself keeps tiers by engagement.  A fan who is called one because a number passed a
threshold proves nothing; `behaviour_tiers` counts what people did.

Pure functions of one `History`; called by `overview` and the figure of retention.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import whole
from koubei_sim.core.codes import LOG_ADOPT, LOG_LAPSE
from koubei_sim.metrics.forest import Forest, recruitment_forest
from koubei_sim.metrics.runs import MOST_DAYS, events_of, takes_history
from koubei_sim.model.world.arrays import History


class Spells(NamedTuple):
    """Unbroken times of use, one an adoption, in the order of the log."""

    agent: NDArray[np.int64]
    start: NDArray[np.int64]  # tick of adoption (-1: seeds)
    length: NDArray[np.int64]  # ticks until it lapsed, or until the end of the run
    ended: NDArray[np.bool_]  # False: still a user at the end


@takes_history
def spells(history: History) -> Spells:
    """Return the spells of use of one replicate: from an adoption to the same person's next lapse.

    A lapse with or without a reason in the model (churn) ends a spell; who comes back starts a
    new one.
    """
    ticks = history.table.shape[0]
    adopt, lapse = events_of(history, LOG_ADOPT), events_of(history, LOG_LAPSE)
    agent = history.log_agent[adopt].astype(np.int64)
    start = history.log_tick[adopt].astype(np.int64)
    span = ticks + 2
    gone = np.sort(history.log_agent[lapse].astype(np.int64) * span + history.log_tick[lapse] + 1)
    # First lapse of the same agent strictly after the adoption (who adopts in t acts from t + 1).
    place = np.searchsorted(gone, agent * span + start + 1, side="right")
    candidate = np.full(agent.size, -1, dtype=np.int64)
    inside = place < gone.size
    candidate[inside] = gone[place[inside]]
    ended = (candidate >= 0) & (candidate // span == agent)
    end = np.where(ended, candidate % span - 1, ticks - 1)
    return Spells(agent, start, end - start, ended)


class Retention(NamedTuple):
    """Retention by adoption cohort."""

    start: NDArray[np.int64]  # [cohorts] first tick; seeds stand in the first cohort
    adopters: NDArray[np.int64]  # [cohorts]
    days: NDArray[np.int64]  # [D]
    share: NDArray[np.float64]  # [cohorts, D]; NaN where not every member was seen that long


@takes_history
def retention(
    history: History, cohort: int = 90, days: NDArray[np.int64] | None = None
) -> Retention:
    """Return the share of each adoption cohort still in unbroken use d days after adopting.

    ``share(c, d) = (spells of cohort c longer than d days) / (spells of cohort c)``: a spell
    that ended on day d is gone on day d.  A cell is given only where the last member of the
    cohort could have been seen for d days, so no value mixes those who left with those not yet
    observed.

    Parameters
    ----------
    history : History
    cohort : int
        Width of a cohort in ticks.
    days : array of int, optional
        Days after adoption; 0, 1, .. up to the length of the run without it.
    """
    ticks, cohort = history.table.shape[0], whole("cohort", cohort, 1, MOST_DAYS)
    given = range(ticks) if days is None else np.atleast_1d(np.asarray(days)).tolist()
    after = np.array([whole("days", day, 0, MOST_DAYS) for day in given], dtype=np.int64)
    found = spells(history)
    number = -(-ticks // cohort)
    group = np.maximum(found.start, 0) // cohort
    adopters = np.bincount(group, minlength=number).astype(np.int64)
    share = np.full((number, after.size), np.nan)
    for c in range(number):
        mine = group == c
        if not adopters[c]:
            continue
        seen = after <= ticks - 1 - int(found.start[mine].max())
        # Lengths at which members left, sorted; those gone by day d are the first so many.
        left = np.sort(found.length[mine & found.ended])
        gone = np.searchsorted(left, after[seen], side="right")
        share[c, seen] = 1.0 - gone / adopters[c]
    return Retention(np.arange(number, dtype=np.int64) * cohort, adopters, after, share)


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

"""The funnel: how many take each step from knowing a product to buying again, in one replicate.

Five steps of the story: keep people, have them act, make them fans who recruit, meet their next
need, make them a community that takes their time.  Only what a run records is told.  When a single
person was online is not recorded, so there is no count of people active within 7 or 30 days, and no
online days by tier: `Funnel.kept` follows unbroken use instead, and `Funnel.online_days` are those
of the mean user.  Registered people are counted by board, and may be on several: ``members``.
Called by people.
"""

from __future__ import annotations

from math import nan
from typing import Final, NamedTuple

from koubei_sim.checks import whole
from koubei_sim.metrics.forest import adopters_of
from koubei_sim.metrics.indices import people_who_know
from koubei_sim.metrics.passes import facts_by_passes
from koubei_sim.metrics.runs import (
    MOST_DAYS,
    block,
    die_hard_and_core,
    loyal_and_above,
    takes_history,
    users,
)
from koubei_sim.model.world.arrays import History

MONTH: Final = 30


class Funnel(NamedTuple):
    """People (agents) by step at the end of a run; shares are NaN where they have no ground."""

    people: int
    know: int  # know the product
    adopted: int  # have ever used it
    kept: dict[int, float]  # share still in unbroken use after so many days, of those seen so long
    users: int
    loyal: int  # users who are loyal or above
    die_hard: int  # of these, die-hard or core
    recruited: int  # have brought at least one person since they first used it
    repeated: int  # purchases of a good by who had one already, not people
    online_days: float  # of a user in the last 30 days


@takes_history
def funnel(history: History, days: tuple[int, ...] = (7, 30, 90)) -> Funnel:
    """Return how many took each step, by the end of one replicate.

    A share of those kept counts people once, whatever came before or after, and only those who
    adopted early enough to be seen for that long; it says nothing of whether they were online.

    Parameters
    ----------
    history : History
    days : tuple of int
        Days after adoption at which use is looked at.

    Returns
    -------
    Funnel
        In agents; times ``scenario.people_per_agent`` in people.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> found = kb.metrics.funnel(kb.run("tiny", rng=7, ticks=60).histories[0])
    >>> found.people >= found.know >= found.adopted >= found.users >= found.loyal
    True
    >>> list(found.kept), found.recruited <= found.adopted
    ([7, 30, 90], True)
    """
    asked = [whole("days", day, 0, MOST_DAYS) for day in days]
    facts = {day: facts_by_passes(history, day) for day in asked or [0]}
    lately, before = block(history, "online_users")[-MONTH:], users(history)[-MONTH - 1 : -1]
    return Funnel(
        people=int(block(history, "stage")[-1].sum()),
        know=int(people_who_know(history)[-1]),
        adopted=adopters_of(history),
        kept={d: facts[d].active / facts[d].observed if facts[d].observed else nan for d in asked},
        users=int(users(history)[-1]),
        loyal=int(loyal_and_above(history)[-1]),
        die_hard=int(die_hard_and_core(history)[-1]),
        recruited=next(iter(facts.values())).recruiters,
        repeated=int(block(history, "repeated").sum()),
        online_days=float(MONTH * lately.sum() / before.sum()) if before.sum() else nan,
    )

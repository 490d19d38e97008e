"""Daily indices of a run: awareness, reputation, loyalty, activity, purity; take-off.

The three brand paths of the founders (知名度, 美誉度, 忠诚度) as shares that can be read off the
daily table.  All return float64 arrays of shape [T] (or [T, 4] by tier), NaN where undefined;
take-off and first days are one number a run.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import number
from koubei_sim.core.codes import UNAWARE
from koubei_sim.metrics.forest import NEVER, first_adopted, seeds_at_start, seeds_of
from koubei_sim.metrics.intervals import numbers
from koubei_sim.metrics.runs import block, loyal_and_above, takes_history, users
from koubei_sim.model.world.arrays import History


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    out = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    return np.divide(part, whole, out=out, where=whole > 0)


@takes_history
def awareness_index(history: History) -> NDArray[np.float64]:
    """Return the share of people who know the product, shape [T]: heard of it, and not forgot it.

    Those whom the rival took before they had heard of it do not know it.
    """
    return _ratio(people_who_know(history), block(history, "stage").sum(axis=1))


def people_who_know(history: History) -> NDArray[np.int64]:
    """Return how many people know the product at the end of each day, int64 [T]."""
    stage = block(history, "stage")
    taken = block(history, "rival_taken_unaware") - block(history, "returns_unaware")
    known: NDArray[np.int64] = stage.sum(axis=1) - stage[:, UNAWARE] - np.cumsum(taken)
    return known


@takes_history
def reputation_index(history: History) -> NDArray[np.float64]:
    """Return the balance of what is said at first hand, in -1 .. 1, shape [T].

    ``(P - M) / (P + M)``: P positive tellings of users in the tick, M negative tellings of users
    plus tellings of rejecters, all channels.  Relays and waiting agents are left out: they
    pass on what others felt.

    Notes
    -----
    It flatters, as what can be heard does, because survivors speak.  Who left is silent: an unhappy
    user counts until it lapses, and with the last of them blame ends, so the index rises by their
    leaving with nobody better pleased (`lapses` and `churns` say how many went).  A rejecter counts
    for `rejecter_days` only.  Tellings are counted, not people, and the loyal tell more often
    (``telling.tier_factor``), are online more and leave less.  A telling has one sign, so that who
    is barely content praises; `net_promoter_share` counts people, and these as passive.
    """
    positive = block(history, "tells_positive").sum(axis=1)
    negative = block(history, "tells_negative").sum(axis=1)
    negative = negative + block(history, "tells_rejecter").sum(axis=1)
    return _ratio(positive - negative, positive + negative)


@takes_history
def loyalty_index(history: History) -> NDArray[np.float64]:
    """Return the share of users who are loyal or above, shape [T]."""
    return _ratio(loyal_and_above(history), users(history))


@takes_history
def daily_active_share(history: History) -> NDArray[np.float64]:
    """Return users online in the tick over users at its start, shape [T].

    The start of tick 0 holds the seeds.  Pattern P7 (the share falls as the base grows) is read
    from this.
    """
    before = np.concatenate([[seeds_at_start(history)], users(history)[:-1]])
    return _ratio(block(history, "online_users"), before)


@takes_history
def net_promoter_share(history: History) -> NDArray[np.float64]:
    """Return promoters minus detractors over the users online, in -1 .. 1, shape [T].

    Modelled on the net promoter score (Reichheld 2003) and its three classes, read off the
    satisfaction s that is evaluated each day of being online: detractors s < 0, passives 0 <= s <
    ``loyalty.promoter``, promoters from there.  With that line at 0 nobody is passive, and the
    index is 1 as soon as nobody is unhappy.

    Notes
    -----
    Only users online are asked: not who left, and the active more often than the others, who are
    the more loyal.  So it flatters as a survey among customers does (see `reputation_index`).
    """
    promoters, detractors = block(history, "promoters_online"), block(history, "unhappy_online")
    return _ratio(promoters - detractors, block(history, "online_users"))


@takes_history
def purity_by_tier(history: History) -> NDArray[np.float64]:
    """Return the share of enthusiasts among the users of each tier, shape [T, 4]."""
    return _ratio(block(history, "enthusiast_tier"), block(history, "tier"))


@takes_history
def adoptions(history: History) -> NDArray[np.int64]:
    """Return adoptions in each tick, however they came about, shape [T].

    Seeds of the start are not counted, seeds won by hand are, on their day.
    """
    by_person = block(history, "adoptions_channel").sum(axis=1)
    by_media = block(history, "adoptions_media").sum(axis=1)
    return by_person + by_media + block(history, "bought_in") + block(history, "won_by_hand")


TAKE_OFF_SHARE: Final = 0.01  # of the population ...
TAKE_OFF_FOLD: Final = 10  # ... and so many times the seeds


@takes_history
def took_off(
    history: History,
    share: float = TAKE_OFF_SHARE,
    fold: float = TAKE_OFF_FOLD,
    day: int | None = None,
) -> bool:
    """Return whether a run took off, by the end or by the end of a day.

    It did when the people who ever adopted are at least `share` of the population *and* at least
    `fold` times the seeds (so that many seeds alone do not count as a take-off).

    Parameters
    ----------
    history : History
    share, fold : float
        The two thresholds; the law of the count is bimodal near the critical point only if
        extinction is possible, so look at it before trusting any threshold.
    day : int, optional
        Tick by the end of which; that of the run without it.
    """
    last = history.table.shape[0] if day is None else day
    return take_off_day(history, share, fold) <= last  # False where it is NaN


@takes_history
def take_off_day(
    history: History, share: float = TAKE_OFF_SHARE, fold: float = TAKE_OFF_FOLD
) -> float:
    """Return the tick by the end of which a run had taken off as `took_off` says; NaN: never.

    Parameters
    ----------
    history : History
    share, fold : float
        As in `took_off`.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> history = kb.run("tiny", rng=7, ticks=60).histories[0]
    >>> day = int(take_off_day(history))
    >>> took_off(history, day=day), took_off(history, day=day - 1)
    (True, False)
    """
    share, fold = number("share", share), number("fold", fold)
    first = first_adopted(history)
    need = max(share * first.size, fold * max(1, seeds_of(history)))
    if need <= 0.0:
        return 0.0
    if need > first.size:
        return math.nan
    day = int(np.partition(first, math.ceil(need) - 1)[math.ceil(need) - 1])
    return math.nan if day == NEVER else float(max(day, 0))


def first_day(counts: NDArray[Any], threshold: float) -> float:
    """Return the first tick with ``counts >= threshold``, NaN where it is never reached.

    Examples
    --------
    >>> first_day(np.array([1, 4, 9, 4]), 4)
    1.0
    >>> first_day(np.array([1, 4, 9, 4]), 10)
    nan
    """
    reached = np.flatnonzero(numbers("counts", counts) >= number("threshold", threshold))
    return float(reached[0]) if reached.size else float("nan")

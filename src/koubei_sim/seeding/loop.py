"""`maximise`: the people who reach most, with a proof of how near the best of any they come.

Seeds are chosen on one collection of reverse sets and judged on another, which had no part in the
choice; what no choice can exceed is bounded on the first.  Both double until the two bounds are
near enough (OPIM-C, Tang, Tang, Xiao and Yuan 2018), with the bound by duality of
`kernels.cover.dual_bound`.  docs/seeding.md 4 is the norm.

Called by users; what comes back is `result.Seeds`.
"""

from __future__ import annotations

import math
import time as clock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.rules.base import Rule, block
from koubei_sim.checks import Naming
from koubei_sim.checks import currency as currency_of
from koubei_sim.core.block import Block
from koubei_sim.core.draws import log_portable
from koubei_sim.networks.row_blocks import threads as network_threads
from koubei_sim.seeding.kernels.cover import UNIT, Limits, dual_bound, greedy, take
from koubei_sim.seeding.kernels.search import BATCH, Roots
from koubei_sim.seeding.limits import limits_of
from koubei_sim.seeding.pool import Pool, checked_law
from koubei_sim.seeding.question import Question, people_of, sampling_of
from koubei_sim.seeding.result import Reach, Seeds
from koubei_sim.seeding.rows import Law, heard
from koubei_sim.seeding.second import Second

MOST_PAIRS: Final = 1 << 28  # of both collections: 2.4 GiB
STEPS: Final = 100  # of the bound, in a round
NEAR: Final = 0.99  # how near the bound on the cover is thought to come, to skip hopeless rounds
NONE = np.empty(0, np.int64)


def lower(count: int, a: float) -> float:
    """Return what the mean number of hits exceeds but with probability e**-a, given the number."""
    root = math.sqrt(count + 2.0 * a / 9.0) - math.sqrt(a / 2.0)
    return max(0.0, root * root - a / 18.0) if root > 0.0 else 0.0


def upper(count: float, a: float) -> float:
    """Return what the mean number of hits does not exceed but with probability e**-a."""
    root = math.sqrt(count + a / 2.0) + math.sqrt(a / 2.0)
    return root * root


def most_cover(mean: float, a: float) -> float:
    """Return the number of hits up to which `upper` is at most `mean`; below 0 where none is."""
    root = math.sqrt(max(0.0, mean)) - math.sqrt(a / 2.0)
    return root * root - a / 2.0 if root > 0.0 else -1.0


def maximise(
    network: Any,
    rule: Rule,
    k: int | None = None,
    *,
    among: Any = None,
    audience: Any = None,
    given: Any = None,
    groups: Any = None,
    quotas: Any = None,
    costs: Any = None,
    budget: float | None = None,
    currency: str | None = None,
    horizon: float | None = None,
    target: float = 0.9,
    delta: float = 0.01,
    rng: Any = None,
    sets: int = 1 << 24,
    threads: int | None = None,
    by: Naming = "label",
) -> Seeds:
    """Choose the people who reach most, and prove how near the best choice they come.

    How many may be chosen, one of three says: `k`, or `groups` with `quotas`, or `costs` with
    `budget`.

    Parameters
    ----------
    network : Network, TemporalNetwork, or a graph of another library
        An arc ``u -> v`` means that the word of u reaches v.  Several layers are used together.
        Contacts with time stamps (`TemporalNetwork`) need `IndependentCascade`.
    rule : IndependentCascade, LinearThreshold, DelayedCascade, SIR, FractionalSIR, NegativeCascade
        Rules with live edges; others have no reverse sets and are refused.  Under `NegativeCascade`
        those whom good word reaches count.
    k : int, optional
        How many to choose, 0 to all who may be chosen.
    among : list of people, optional
        Who may be chosen; all without.
    audience : (n,) array, or values keyed by people, optional
        What reaching a person counts, at least 0; 1 for all without.
    given : list of people, optional
        Who starts anyway: people are chosen on top of them, and reach and bound count them too.
    groups : (n,) array, or values keyed by people, optional
        The group of each person: a name or a number.
    quotas : dict, optional
        How many to choose of each group, ``{"fan": 40, "newbie": 10}``, 0 to all of it who may be
        chosen.  Nobody is chosen of a group without a quota.
    costs : number, (n,) array, or values keyed by people or by group, optional
        What choosing a person costs, above 0 (at least 1e-12 of the budget): the same for all,
        one for each, or with `groups` one for each group.  No cost is assumed: who gives a budget
        gives the costs.
    budget : float, optional
        Most that all who are chosen cost together, in the unit of `costs`.
    currency : str, optional
        What this money is called, ``"CNY"``; shown beside amounts, never converted.
    horizon : float, optional
        Who is reached after this step or time does not count.
    target : float
        Sampling goes on until ``ratio`` is at least this, 0..1.
    delta : float
        Probability with which any of the bounds may fail, above 0 and below 1.
    rng : int, SeedSequence, Generator or None
        Source of the key of 64 bits; the same key gives the same bytes.
    sets : int
        Most sets in each of the two collections, 64 or more.  A target that they do not reach is
        said in the result.
    threads : int, optional
        How many threads make sets; all cores without.  No byte depends on it.
    by : {"label", "row"}
        How people are named, given and returned.

    Returns
    -------
    Seeds

    Raises
    ------
    KoubeiError
        In one line, before anything runs: people, numbers, or a rule that do not fit.

    Notes
    -----
    Source: Borgs, Brautbar, Chayes and Lucier 2014 (reverse sets); Tang, Tang, Xiao and Yuan 2018
    (two collections and their bounds); the bound by duality is ours.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> star = kb.Network.from_edges([0] * 9, list(range(1, 10)))
    >>> found = maximise(star, kb.IndependentCascade(0.5), 1, rng=1)
    >>> found.seeds.tolist(), found.ratio >= 0.9, found.reach.low <= 5.5 <= found.reach.high
    ([0], True, True)
    """
    started = clock.perf_counter()
    money = currency_of(currency, budget)
    arcs, labels = checked_law(network, rule, by)
    allowed, anyway, weights = people_of(arcs, among, given, audience)
    limits, cost = limits_of(
        arcs.network, allowed, k=k, groups=groups, quotas=quotas, costs=costs, budget=budget
    )
    sampling = sampling_of(target, delta, sets, rng)
    question = Question(arcs, limits, anyway, weights, **sampling)
    with network_threads(checks.threads(threads)):
        found = _choose(question, heard(rule, arcs, question.key, False, horizon))
    people = found.pop("rows")
    return Seeds(
        seeds=people.astype(np.int32) if labels is None else labels[people],
        target=question.target,
        delta=question.delta,
        key=question.key,
        rule=rule,
        horizon=horizon,
        seconds=clock.perf_counter() - started,
        costs=None if cost is None else cost[people],
        currency=money,
        **found,
    )


class Rounds:
    """The two collections of a question, which double from round to round.

    Parameters
    ----------
    q : Question
    law : Law
    failures : int
        How many bounds may fail in a round; together they do with a chance of at most `q.delta`.
    drops : bool
        Whether sets on which seeds are judged may go unkept.
    """

    def __init__(self, q: Question, law: Law, failures: int, drops: bool = True) -> None:
        mass, weighted, cut = float(q.arcs.n), NONE, NONE
        if (q.weights != 1.0).any():
            weighted = np.flatnonzero(q.weights > 0.0)
            sums = np.cumsum(q.weights[weighted])
            mass = float(sums[-1])
            cut = np.floor(sums / mass * 2.0**52).astype(np.int64)
            cut[-1] = 1 << 52
        chosen_on, judged_on = (
            Roots(np.uint64(q.key), collection, NONE, 0, weighted, cut) for collection in (0, 1)
        )
        self.ours, self.theirs = Pool(law, chosen_on), Second(law, judged_on, drops)
        self.mass, self.people = mass, q.arcs.n
        self.a = float(log_portable(failures * q.rounds / q.delta))
        self.sizes = [BATCH << i for i in range(q.rounds)]
        self.at = 0

    @property
    def number(self) -> int:
        """How many sets each collection has, once made."""
        return self.sizes[self.at]

    @property
    def pairs(self) -> int:
        """How many pairs both collections hold."""
        return self.ours.size + self.theirs.pool.size

    def _fits(self, times: float) -> bool:
        """Whether so many times the sets can be held, with half of them more for luck."""
        grows = self.ours.size + self.theirs.keeps * self.theirs.pool.size
        return self.pairs - grows + 1.5 * times * grows <= MOST_PAIRS

    @property
    def full(self) -> bool:
        """Whether there may be no further round."""
        return self.at + 1 == len(self.sizes) or not self._fits(2.0)

    @property
    def limit(self) -> str:
        """What ends the sampling where the target does not."""
        return "sets" if self.at + 1 == len(self.sizes) else "memory"

    def make(self) -> None:
        """Make the sets of the round, or of a later one where those are too few to begin with."""
        self.ours.grow(self.number)
        while self.ours.size < self.people // 4 and self.at + 1 < len(self.sizes):
            self.at += 1  # smaller rounds cost more in loops over people than in sets
            self.ours.grow(self.number)

    def next(self, count: int = 0, target: float = 0.0) -> None:
        """Go on to the next round, or the first in which so many hits could prove the target."""
        made = self.number
        self.at += 1
        while self.at + 1 < len(self.sizes) and _hopeless(
            count * self.number // made, self.a, target
        ):
            if not self._fits(2.0 * self.number / made):
                break
            self.at += 1


def _choose(q: Question, law: Law) -> dict[str, Any]:
    """Double the collections until the target is reached or there may be no more sets."""
    rounds = Rounds(q, law, 3)
    mass, a, limits = rounds.mass, rounds.a, block(q.limits)
    surely = math.fsum(q.weights[q.given])
    while True:
        rounds.make()
        number = rounds.number
        index, before, seeds, gains = choice(rounds.ours, q)
        cover = held(before) + int(gains.sum())
        own, met = rounds.theirs.hits(number, q.given, seeds)
        # Whom seeds reach includes themselves.
        least = law.surely * min(mass, surely + math.fsum(q.weights[seeds]))
        low = max(least, lower(own, a) * mass / number)
        # Where there is one choice, it is the best.
        only = not q.limits.quota.any() or seeds.size == q.limits.allowed.sum()
        high = mass if seeds.size or q.given.size else 0.0
        high = max(low, min(high, upper(own, a) * mass / number))
        at_most = high if only else mass
        need = min(number, most_cover(low / max(q.target, 1e-9) * number / mass, a))
        if not only and low < q.target * mass and (need >= cover or rounds.full):
            goal = math.floor(max(need, cover) * UNIT)
            bound = int(dual_bound(index, limits, before, seeds, cover, goal, STEPS))
            at_most = max(low, min(mass, upper(bound / UNIT, a) * mass / number))
        ratio = low / at_most if at_most > 0.0 else 1.0
        if ratio >= q.target or rounds.full:
            break
        rounds.next(own, q.target)
    mean = met * (mass / number)
    return {
        "rows": seeds,
        "reach": Reach(float(mean[-1]), low, high),
        "at_most": at_most,
        "ratio": ratio,
        "curve": mean,
        "stopped": "target" if ratio >= q.target else rounds.limit,
        "sets": 2 * number,
        "pairs": rounds.pairs,
    }


def _hopeless(count: int, a: float, target: float) -> bool:
    """Whether so many hits could not prove the target, even with a bound near the cover."""
    return lower(count, a) < target * upper(count / NEAR, a)


def choice(
    pool: Pool, q: Question
) -> tuple[Block, NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the index of a collection, the sets that hold `given`, seeds, and what each adds."""
    index = block(pool.index())
    before = np.zeros((pool.made + 63) >> 6, np.uint64)
    for v in q.given:
        take(index, v, before)
    seeds, gains = best_first(index, q.limits, before.copy())
    if q.limits.units.size:
        # A gain for a unit can be best where it is small: who gains most alone may be better.
        covered, any_price = before.copy(), np.minimum(q.limits.units, 1)
        one, alone = best_first(index, q.limits._replace(units=any_price), covered, 1)
        allowed = q.limits.allowed.copy()
        allowed[one] = False
        money = q.limits.budget - int(q.limits.units[one].sum())
        others, more = best_first(index, q.limits._replace(allowed=allowed, budget=money), covered)
        if alone.sum() + more.sum() > gains.sum():
            seeds, gains = np.concatenate([one, others]), np.concatenate([alone, more])
    return index, before, seeds, gains


def best_first(
    index: Block, limits: Limits, covered: NDArray[np.uint64], most: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return people by greedy, `most` at most, and how many sets each adds to those covered."""
    room = int(limits.quota.sum()) if most is None else most
    seeds, gains = np.empty(room, np.int64), np.empty(room, np.int64)
    found = int(greedy(index, block(limits), covered, seeds, gains))
    return seeds[:found], gains[:found]


def held(sets: NDArray[np.uint64]) -> int:
    """Return how many sets are marked."""
    return int(np.bitwise_count(sets).sum())

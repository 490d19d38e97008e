"""`fewest`: the fewest people who are proven to reach so many, and how many any choice needs.

The sets, the choice and the bounds are those of `maximise`; docs/seeding.md 9 is the norm and says
why neither the number of seeds nor the bound on it costs a union over numbers.

Called by users; what comes back is `result.Fewest`.
"""

from __future__ import annotations

import math
import time as clock
from bisect import bisect_left
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.rules.base import Rule, block
from koubei_sim.checks import Naming
from koubei_sim.networks.row_blocks import threads as network_threads
from koubei_sim.seeding.kernels.cover import UNIT, dual_bound
from koubei_sim.seeding.limits import so_many
from koubei_sim.seeding.loop import (
    STEPS,
    Rounds,
    choice,
    held,
    lower,
    most_cover,
    upper,
)
from koubei_sim.seeding.pool import checked_graph
from koubei_sim.seeding.question import Question, people_of, sampling_of
from koubei_sim.seeding.result import Fewest, Reach
from koubei_sim.seeding.rows import heard


def fewest(
    network: Any,
    rule: Rule,
    reach: float,
    *,
    among: Any = None,
    audience: Any = None,
    given: Any = None,
    target: float = 0.9,
    delta: float = 0.01,
    rng: Any = None,
    sets: int = 1 << 24,
    threads: int | None = None,
    by: Naming = "label",
) -> Fewest:
    """Find few people who are proven to reach `reach`, and how many any choice needs.

    Parameters
    ----------
    network : Network, or a graph of another library
        An arc ``u -> v`` means that the word of u reaches v.  Several layers are used together.
    rule : IndependentCascade or LinearThreshold
        Rules with live edges; others have no reverse sets and are refused.
    reach : float
        Expected number of people, or sum of what they count, to be reached: 0 to that of all.
    among : list of people, optional
        Who may be chosen; all without.
    audience : (n,) array, or values keyed by people, optional
        What reaching a person counts, at least 0; 1 for all without.
    given : list of people, optional
        Who starts anyway: people are chosen on top of them, and reach and bound count them too.
    target : float
        Sampling goes on until ``ratio``, the number that any choice needs over the number found,
        is at least this, 0..1.
    delta : float
        Probability with which any of the bounds may fail, above 0 and below 1.
    rng : int, SeedSequence, Generator or None
        Source of the key of 64 bits; the same key gives the same bytes.
    sets : int
        Most sets in each of the two collections, 64 or more.  A reach that they do not prove is
        said in the result: ``ratio`` is then 0, and all who may be chosen are handed back.
    threads : int, optional
        How many threads make sets; all cores without.  No byte depends on it.
    by : {"label", "row"}
        How people are named, given and returned.

    Returns
    -------
    Fewest

    Raises
    ------
    KoubeiError
        In one line, before anything runs: people, numbers, or a rule that do not fit.

    Notes
    -----
    Source: Goyal, Bonchi, Lakshmanan and Venkatasubramanian 2013 (greedy for the fewest seeds); the
    bound on the number is ours.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> stars = kb.Network.from_edges([0] * 9 + [10] * 9, [*range(1, 10), *range(11, 20)])
    >>> found = fewest(stars, kb.IndependentCascade(1.0), 15, rng=1)
    >>> found.seeds.tolist(), found.at_least
    ([0, 10], 2)
    """
    started = clock.perf_counter()
    arcs, labels = checked_graph(network, rule, by)
    allowed, anyway, weights = people_of(arcs, among, given, audience)
    wanted = checks.number("reach", reach, 0.0, math.fsum(weights))
    limits = so_many(allowed, int(allowed.sum()))
    q = Question(arcs, limits, anyway, weights, **sampling_of(target, delta, sets, rng))
    with network_threads(checks.threads(threads)):
        found = _search(q, wanted, heard(rule, arcs, q.key, False))
    people = found.pop("rows")
    return Fewest(
        seeds=people.astype(np.int32) if labels is None else labels[people],
        wanted=wanted,
        target=q.target,
        delta=q.delta,
        key=q.key,
        rule=rule,
        seconds=clock.perf_counter() - started,
        **found,
    )


def _search(q: Question, wanted: float, rows: Any) -> dict[str, Any]:
    """Double the collections until number and bound are near, or there may be no more sets."""
    rounds = Rounds(q, rows, 4, drops=False)
    mass, a, allowed = rounds.mass, rounds.a, q.limits.allowed
    while True:
        rounds.make()
        number = rounds.number
        index, before, seeds, gains = choice(rounds.ours, q)
        covers = held(before) + np.concatenate([[0], np.cumsum(gains)])
        met = rounds.theirs.hits(number, q.given, seeds)[1]
        surely = np.cumsum(np.concatenate([[math.fsum(q.weights[q.given])], q.weights[seeds]]))
        surely = np.minimum(surely, mass)

        def enough(k: int, met: NDArray[Any] = met, surely: NDArray[Any] = surely) -> bool:
            """Whether the first k are proven to reach what is wanted."""
            return max(surely[k], lower(int(met[k]), a) * mass / rounds.number) >= wanted

        def needed(k: int, parts: Any = (index, before, seeds, covers)) -> bool:
            """Whether no k people reach what is wanted: then more are needed."""
            index, before, seeds, covers = parts
            scale = mass / rounds.number
            if upper(int(covers[k]), a) * scale >= wanted:
                return False
            goal = math.floor(most_cover(wanted / scale, a) * UNIT) - 1
            limits = block(so_many(allowed, k))
            bound = int(dual_bound(index, limits, before, seeds[:k], int(covers[k]), goal, STEPS))
            return upper(bound / UNIT, a) * scale < wanted

        k = bisect_left(range(seeds.size + 1), True, key=enough)
        proven = k <= seeds.size
        near = math.ceil(q.target * k)
        if rounds.full or (proven and (near == 0 or needed(near - 1))):
            break
        rounds.next()
    at_least = bisect_left(range(min(k, seeds.size + 1)), True, key=lambda k: not needed(k))
    k = min(k, seeds.size)
    ratio = (at_least / k if k else 1.0) if proven else 0.0
    mean = met[: k + 1] * (mass / number)
    low = max(float(surely[k]), wanted if proven else lower(int(met[k]), a) * mass / number)
    high = mass if k or q.given.size else 0.0
    return {
        "rows": seeds[:k],
        "reach": Reach(
            float(mean[-1]), low, max(low, min(high, upper(int(met[k]), a) * mass / number))
        ),
        "at_least": at_least,
        "ratio": ratio,
        "curve": mean,
        "stopped": "target" if ratio >= q.target else rounds.limit,
        "sets": 2 * number,
        "pairs": rounds.pairs,
    }

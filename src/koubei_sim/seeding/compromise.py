"""`fair` and `robust`: one choice of seeds that must do for several groups, or under several rules.

Each group or rule (a *part*) has reverse sets of its own.  Seeds are chosen for the worst part, or
for a welfare that minds inequality; what no choice exceeds follows from weights of the parts and
the bound by duality of `kernels.several`.  docs/seeding.md (other aims) is the norm.

Called by users.
"""

from __future__ import annotations

import math
import time as clock
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs
from koubei_sim.cascades.rules.base import Rule, block
from koubei_sim.checks import Naming
from koubei_sim.core.block import Block
from koubei_sim.core.draws import log_portable
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look, wrapped
from koubei_sim.seeding.kernels.search import BATCH, Roots
from koubei_sim.seeding.kernels.several import greedy_worth, weighted_bound
from koubei_sim.seeding.limits import groups_of
from koubei_sim.seeding.loop import lower, maximise, upper
from koubei_sim.seeding.pool import Pool, checked_graph, index_of
from koubei_sim.seeding.question import people_of, sampling_of
from koubei_sim.seeding.result import Reach
from koubei_sim.seeding.rows import heard

if TYPE_CHECKING:
    import pandas as pd

CHOSEN_ON, JUDGED_ON = 3, 4  # collections; those of `maximise` are 0 and 1
MOST_PARTS: Final = 64
MOST_PAIRS: Final = 1 << 28  # of both collections
STEPS: Final = 60  # of the bound
ENOUGH: Final = 1 << 12  # sets of a part, before more are thought not to help
TURNS: Final = 40  # in which weights of the parts are learnt
CUTS: Final = 10  # levels at which parts are cut off
FINE: Final = 1 << 20  # unit of weights in the bound
WORTH: Final = float((1 << 32) - 1)  # of everything, in the tables
NONE = np.empty(0, np.int64)


@dataclass(frozen=True, eq=False, repr=False)
class Compromise(Look):
    """Seeds that have to do for several groups, or under several rules, with a proof.

    Parameters
    ----------
    seeds : (k,) array
        Labels where the network has them, or rows; in the order in which they were found.
    value : Reach
        What was asked for: the smallest share of a group that is reached (`fair`, maximin), the
        equally distributed equivalent share (welfare), or the smallest share of a rule's own best
        (`robust`); from sets that had no part in the choice, with bounds.
    at_most : float
        No `k` people who may be chosen have a larger value.
    ratio : float
        Proven share of the best: ``value.low / at_most``.
    each : dict
        Group, or number of the rule, to the share that is reached: a `Reach`.
    stopped : {"target", "gap", "sets", "memory"}
        Target reached; or more sets did not prove more (the best *mixture* of choices may be better
        than the best choice, and the bound is one on mixtures); or no more sets, or memory.
    sets, pairs : int
        How many sets were made, all collections together, and pairs of person and set.
    aim, target, delta, key
        As asked; all bounds together hold with probability 1 - delta.
    seconds : float
        Wall time.
    """

    seeds: NDArray[Any]
    value: Reach
    at_most: float
    ratio: float
    each: dict[Any, Reach]
    stopped: str
    sets: int
    pairs: int
    aim: str
    target: float
    delta: float
    key: int
    seconds: float

    def table(self) -> pd.DataFrame:
        """Return a row a group or rule: ``mean``, ``low`` and ``high`` of the share reached."""
        import pandas as pd

        from koubei_sim.looks.frames import Table

        index = pd.Index(list(self.each), name="part")
        return Table(list(self.each.values()), index=index)

    def __repr__(self) -> str:
        """Say value, bound and what is proven, in one line."""
        low, high = self.value.low, self.value.high
        short = "" if self.ratio >= self.target else f" (target {self.target:.0%} not reached)"
        return wrapped(
            f"Compromise({len(self.seeds)} people, {self.aim} {self.value.mean:.4g} in "
            f"{low:.4g}..{high:.4g}, none have more than {self.at_most:.4g}: "
            f"{self.ratio:.1%} proven{short})"
        )


@dataclass(frozen=True)
class Asked:
    """What is asked, checked."""

    arcs: Arcs
    k: int
    allowed: NDArray[np.bool_]
    target: float
    delta: float
    rounds: int
    key: int


def fair(
    network: Any,
    rule: Rule,
    k: int,
    *,
    groups: Any,
    aim: Literal["maximin", "welfare"] = "maximin",
    aversion: float = 0.5,
    among: Any = None,
    target: float = 0.9,
    delta: float = 0.01,
    rng: Any = None,
    sets: int = 1 << 18,
    by: Naming = "label",
) -> Compromise:
    """Choose `k` people so that every group is reached, and prove how near the best they come.

    Parameters
    ----------
    network : Network, or a graph of another library
    rule : IndependentCascade or LinearThreshold
        Rules with live edges.
    k : int
        How many to choose, at least 1.
    groups : (n,) array, or values keyed by people
        The group of each person: numbers or text, 2 to 64 of them.
    aim : {"maximin", "welfare"}
        *maximin*: the smallest of the shares u of the groups that are reached.  *welfare*: the
        equally distributed equivalent share,
        ``(sum_g n_g / n u_g**(1 - aversion))**(1 / (1 - aversion))``.
    aversion : float
        Aversion to inequality, 0 (reach alone counts) to .95; for *welfare* only.
    among : list of people, optional
        Who may be chosen.
    target, delta, rng, by
        As in `maximise`.
    sets : int
        Most sets in each of the two collections of a group, 64 or more.

    Returns
    -------
    Compromise

    Raises
    ------
    KoubeiError
        In one line, before anything runs.

    Notes
    -----
    The smallest share is not submodular: greedy proves nothing by itself.  Seeds come from greedy
    under weights of the groups that are learnt, and from greedy on shares that are cut off at a
    level (Krause, McMahan, Guestrin and Gupta 2008); the bound from the best weights by duality.
    Welfare: Rahmattalabi et al. 2021.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> two = kb.Network.from_edges([0] * 8 + [9] * 2, [*range(1, 9), 10, 11], n=12)
    >>> village = ["large"] * 9 + ["small"] * 3
    >>> found = fair(two, kb.IndependentCascade(0.5), 2, groups=village, rng=1)
    >>> sorted(found.seeds.tolist()), found.ratio >= 0.9
    ([0, 9], True)
    """
    started = clock.perf_counter()
    arcs, labels = checked_graph(network, rule, by)
    asked = asked_of(arcs, k, among, target, delta, rng, sets)
    names, group = _groups(groups, arcs)
    checks.word("aim", aim, ("maximin", "welfare"))
    power = 1.0 - checks.number("aversion", aversion, 0.0, 0.95)
    rows = heard(rule, arcs, asked.key, False)
    members = [np.flatnonzero(group == g) for g in range(len(names))]
    parts = [_Part(rows, asked.key, who) for who in members]
    share = np.array([who.size for who in members]) / arcs.n
    value: Maximin | Welfare = Welfare(share, power)
    if aim == "maximin":
        value = Maximin(np.ones(share.size), np.ones(share.size), np.ones(share.size))
    return _found(asked, parts, value, labels, names, aim, started)


def robust(
    network: Any,
    rules: Sequence[Rule],
    k: int,
    *,
    among: Any = None,
    target: float = 0.9,
    delta: float = 0.01,
    rng: Any = None,
    sets: int = 1 << 18,
    by: Naming = "label",
) -> Compromise:
    """Choose `k` people who do well whichever of several rules holds.

    Parameters
    ----------
    network : Network, or a graph of another library
    rules : list of rules
        2 to 64 rules with live edges; draws of a parameter are rules too.
    k : int
        How many to choose, at least 1.
    among, target, delta, rng, by
        As in `maximise`.
    sets : int
        Most sets in each of the two collections of a rule, 64 or more.

    Returns
    -------
    Compromise
        Its value is the smallest over the rules of the reach under it over that of the best k
        people for it alone.

    Raises
    ------
    KoubeiError
        In one line, before anything runs.

    Notes
    -----
    The best for each rule is not known but bounded, by `maximise`: a share is at least the lower
    bound of the reach over the upper bound of the best.  Source of the question: He and Kempe 2016;
    Chen, Lin, Tan, Zhao and Zhou 2016.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> star = kb.Network.from_edges([0] * 9, list(range(1, 10)))
    >>> rules = [kb.IndependentCascade(0.2), kb.IndependentCascade(0.8)]
    >>> robust(star, rules, 1, rng=1).seeds.tolist()
    [0]
    """
    started = clock.perf_counter()
    if isinstance(rules, Rule) or not isinstance(rules, Sequence) or len(rules) < 2:
        raise KoubeiError("rules", "not a list of two rules or more", got=checks.noted(rules))
    if len(rules) > MOST_PARTS:
        raise KoubeiError("rules", "too many", got=len(rules), allowed=f"2..{MOST_PARTS}")
    for rule in rules:
        arcs, labels = checked_graph(network, rule, by)
    asked = asked_of(arcs, k, among, target, delta, rng, sets)
    rows = [heard(rule, arcs, asked.key, False) for rule in rules]
    own = [
        maximise(
            network, rule, asked.k, among=among, target=math.sqrt(asked.target), by=by,
            rng=asked.key, delta=asked.delta / (2 * len(rules)),
        )
        for rule in rules
    ]  # fmt: skip
    parts = [_Part(one, asked.key, NONE) for one in rows]
    value = Maximin(
        arcs.n / np.array([one.at_most for one in own]),
        arcs.n / np.array([one.reach.mean for one in own]),
        arcs.n / np.array([one.reach.low for one in own]),
    )
    halved = Asked(**{**vars(asked), "delta": asked.delta / 2})
    found = _found(halved, parts, value, labels, list(range(len(rules))), "worst ratio", started)
    return Compromise(**{**vars(found), "delta": asked.delta})


def asked_of(arcs: Arcs, k: Any, among: Any, target: Any, delta: Any, rng: Any, sets: Any) -> Asked:
    """Check what all of these ask alike."""
    allowed = people_of(arcs, among, None, None)[0]
    most = checks.whole("k", k, 1, int(allowed.sum()))
    return Asked(arcs, most, allowed, **sampling_of(target, delta, sets, rng))


def _groups(groups: Any, arcs: Arcs) -> tuple[list[Any], NDArray[np.int64]]:
    """Return the names of the groups, sorted, and the number of that of each person."""
    found, place = groups_of(arcs.network, groups)
    if any(one is None or one != one for one in found):
        raise KoubeiError("groups", "somebody has none", allowed="a number or a text for each")
    if not 2 <= len(found) <= MOST_PARTS:
        raise KoubeiError("groups", "too few or many", got=len(found), allowed=f"2..{MOST_PARTS}")
    names = sorted(found, key=lambda one: (isinstance(one, str), one))
    return names, np.array([names.index(one) for one in found], np.int64)[place]


class _Part:
    """The two collections of a group or rule."""

    def __init__(self, rows: Any, key: int, members: NDArray[np.int64]) -> None:
        cut = NONE
        if members.size:
            cut = np.floor(np.arange(1, members.size + 1) / members.size * 2.0**52).astype(np.int64)
            cut[-1] = 1 << 52
        self.ours, self.theirs = (
            Pool(rows, Roots(np.uint64(key), collection, NONE, 0, members, cut))
            for collection in (CHOSEN_ON, JUDGED_ON)
        )

    def hits(self, seeds: NDArray[np.int64], n: int) -> int:
        """How many sets of the second collection hold one of the seeds."""
        rank = np.ones(n, np.int64)
        rank[seeds] = 0
        return int(self.theirs.hits(rank, 1)[0])


class Maximin:
    """The smallest of the shares of sets covered, each times a scale."""

    def __init__(
        self, low: NDArray[np.float64], mean: NDArray[np.float64], high: NDArray[np.float64]
    ) -> None:
        self.low, self.mean, self.high = low, mean, high

    def of(self, shares: NDArray[np.float64], scale: NDArray[np.float64]) -> float:
        """Return the value of shares of sets covered."""
        return float((shares * scale).min())

    def choose(self, s: Several) -> tuple[NDArray[np.int64], list[NDArray[np.float64]]]:
        """Return seeds, and weights of the parts for the bound.

        Weights are learnt by the multiplicative rule: parts that the last choices neglected count
        more.  Each choice is a candidate; so are those of greedy on shares cut off at a level.
        """
        scale = self.mean
        size = scale.size
        best, seeds = -1.0, np.empty(0, np.int64)
        weight = np.full(size, 1.0 / size)
        least, tight, total = math.inf, weight, np.zeros(size)
        rate = 2.0 * math.sqrt(float(log_portable(float(size))) / TURNS)
        for _ in range(TURNS):
            found, shares = s.greedy(s.line(weight * scale))
            value = self.of(shares, scale)
            if value > best:
                best, seeds = value, found
            mixed = float(weight @ (shares * scale))
            if mixed < least:
                least, tight = mixed, weight
            total = total + weight
            weight = weight * np.exp(-rate * shares * scale / max(mixed, 1e-300))
            weight = weight / weight.sum()
        low, high = best, least
        for _ in range(CUTS):
            level = (low + high) / 2.0
            if not level > 0.0:
                break
            found, shares = s.greedy(np.minimum(s.line(scale), level))
            value = self.of(shares, scale)
            if value > best:
                best, seeds = value, found
            if value >= level * (1.0 - 1e-9):
                low = level
            else:
                high = level
        return seeds, [tight * self.high, total / TURNS * self.high]

    def bound(self, s: Several, weight: NDArray[np.float64], covered: float, a: float) -> float:
        """Return what the value of no choice exceeds, from the weighted sets none cover more of."""
        total = float(weight.sum())
        return total * upper(covered / total, a) / s.each


class Welfare:
    """The equally distributed equivalent of the shares reached (Atkinson 1970)."""

    def __init__(self, share: NDArray[np.float64], power: float) -> None:
        self.share, self.power = share, power
        self.low = self.mean = self.high = np.ones(share.size)

    def of(self, shares: NDArray[np.float64], _: NDArray[np.float64]) -> float:
        """Return the value of shares reached."""
        return float((self.share @ shares**self.power) ** (1.0 / self.power))

    def choose(self, s: Several) -> tuple[NDArray[np.int64], list[NDArray[np.float64]]]:
        """Return seeds by greedy (the sum is submodular), and slopes of the bound there."""
        shares = np.arange(s.each + 1) / s.each
        seeds, shares = s.greedy(self.share[:, None] * shares**self.power)
        self._at = shares * s.each
        return seeds, [self._slopes(s)]

    def _slopes(self, s: Several) -> NDArray[np.float64]:
        root = np.sqrt(self._at + s.a / 2.0)
        top = (root + math.sqrt(s.a / 2.0)) ** 2
        rise = 1.0 + math.sqrt(s.a / 2.0) / root  # of `upper`, by the number of hits
        slopes: NDArray[np.float64] = (
            self.share * self.power * (top / s.each) ** (self.power - 1.0) * rise / s.each
        )
        return slopes

    def bound(self, s: Several, weight: NDArray[np.float64], covered: float, a: float) -> float:
        """Return what the value of no choice exceeds: tangents, since it is concave in the hits."""
        tops = np.array([upper(c, a) for c in self._at]) / s.each
        total = float(self.share @ tops**self.power) + covered - float(weight @ self._at)
        return float(total ** (1.0 / self.power))


class Several:
    """The sets that seeds are chosen on, all parts in one index."""

    def __init__(self, asked: Asked, pools: list[Pool], each: int, a: float) -> None:
        self.asked, self.each, self.size, self.a = asked, each, len(pools), a
        self.index: Block = block(index_of(pools))

    def line(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the worth of each number of covered sets, a weight times their share."""
        return weight[:, None] * (np.arange(self.each + 1) / self.each)

    def greedy(self, worth: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return seeds, and the share of the sets of each part that they cover."""
        units = np.floor(worth * (WORTH / max(float(worth[:, -1].sum()), 1e-300))).astype(np.int64)
        return self.taken(units)

    def taken(self, units: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the same for worth in whole numbers, below 2**32 in all."""
        seeds, counts = np.empty(self.asked.k, np.int64), np.zeros(self.size, np.int64)
        greedy_worth(self.index, self.each, units, self.asked.allowed, seeds, counts)
        return seeds, counts / self.each

    def most(self, weight: NDArray[np.float64], seeds: NDArray[np.int64]) -> float:
        """Return a bound on the weighted sets that any choice covers."""
        unit = float(weight.max()) / FINE
        units = np.ceil(weight / unit).astype(np.int64)  # upwards: the bound must hold
        found, shares = self.greedy(self.line(weight))
        cover = int(np.rint(shares * self.each).astype(np.int64) @ units)
        bound = weighted_bound(
            self.index, self.each, units, self.asked.allowed, found, cover, STEPS
        )
        return int(bound) * unit * (1.0 + 1e-12)  # rounding of the product


def _found(
    q: Asked, parts: list[_Part], value: Any, labels: Any, names: list[Any], aim: str,
    started: float,
) -> Compromise:  # fmt: skip
    """Double the collections until the target is proven or more sets do not help."""
    a = float(log_portable(3.0 * len(parts) * q.rounds / q.delta))
    at, before = 0, -1.0
    while True:
        each = BATCH << at
        for part in parts:
            part.ours.grow(each)
        some = sum(part.ours.size for part in parts)
        if some < q.arcs.n // 4 and at + 1 < q.rounds:
            at += 1  # smaller rounds cost more in loops over people than in sets
            continue
        for part in parts:
            part.theirs.grow(each)
        s = Several(q, [part.ours for part in parts], each, a)
        seeds, weights = value.choose(s)
        own = [part.hits(seeds, q.arcs.n) for part in parts]
        shares = np.array(own) / each
        lows = np.minimum(1.0, np.array([lower(h, a) for h in own]) / each)
        highs = np.minimum(1.0, np.array([upper(h, a) for h in own]) / each)
        covered = [s.most(weight, seeds) for weight in weights]
        bound, sure = (
            min(value.bound(s, w, c, error) for w, c in zip(weights, covered, strict=True))
            for error in (a, 0.0)
        )
        worth = Reach(
            value.of(shares, value.mean),
            value.of(lows, value.low),
            min(1.0, value.of(highs, value.high)),
        )
        at_most = max(worth.low, min(1.0, bound))
        ratio = worth.low / at_most if at_most > 0.0 else 1.0
        pairs = some + sum(part.theirs.size for part in parts)
        # What more sets could prove is what these say without their error.
        hope = value.of(shares, value.low) / min(1.0, sure) if sure > 0.0 else 1.0
        gap = each >= ENOUGH and hope < q.target and hope < before + 0.005
        full = at + 1 == q.rounds or 3 * pairs > MOST_PAIRS
        if ratio >= q.target or gap or full:
            break
        before = hope
        at += 1
    stopped = "target" if ratio >= q.target else "gap" if gap else "sets"
    if stopped == "sets" and at + 1 < q.rounds:
        stopped = "memory"
    triples = zip(shares * value.mean, lows * value.low, highs * value.high, strict=True)
    each_part = [Reach(float(m), float(lo), min(1.0, float(h))) for m, lo, h in triples]
    return Compromise(
        seeds=seeds.astype(np.int32) if labels is None else labels[seeds],
        value=worth,
        at_most=at_most,
        ratio=ratio,
        each=dict(zip(names, each_part, strict=True)),
        stopped=stopped,
        sets=2 * len(parts) * each,
        pairs=pairs,
        aim=aim,
        target=q.target,
        delta=q.delta,
        key=q.key,
        seconds=clock.perf_counter() - started,
    )

"""Independent cascade: who has just become active tries each of its arcs once."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs, for_people, per_arc, split, thresholds, weighted_split
from koubei_sim.cascades.kernels.competing import RANDOM
from koubei_sim.cascades.kernels.counted import counted_batch, counted_rule, counted_scratch
from koubei_sim.cascades.kernels.frame import Seeds, track_of
from koubei_sim.cascades.kernels.independent import (
    IndependentRule,
    claim,
    independent_batch,
    independent_scratch,
    reach,
)
from koubei_sim.cascades.rules.base import Prepared, Rule, block, last_step, rows_of
from koubei_sim.cascades.rules.competing import meeting_brands
from koubei_sim.core.block import Block
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import TemporalNetwork

SERIAL = 4096  # frontiers up to this length are not worth the threads


@dataclass(frozen=True, eq=False, repr=False)
class IndependentCascade(Rule):
    """Independent cascade: who has just become active tries each of its arcs once.

    Parameters
    ----------
    p : float, mapping, array or str
        Probability that a try succeeds, 0..1.  A float; a mapping from layer name to float; the
        name of an edge attribute of the graph; values keyed by pairs of people,
        ``{(u, v): p}`` or a frame of edges; an array, one value an arc in the order of
        `Network.arcs` (so each direction of a tie has its own); a square matrix by the
        kinds of source and target (with `kinds`); ``"weights"``: the weights of the network;
        ``"weighted"``: 1 / number of arcs into the target (weighted cascade); ``"trivalency"``:
        .1, .01 or .001 by chance, once and for all replicates of a key.
    kinds : (n,) array of int, optional
        Kind of each person, numbered from 0; used with a matrix `p` only.

    Notes
    -----
    Source: Goldenberg, Libai and Muller 2001; Kempe, Kleinberg and Tardos 2003.  Resolution of
    probabilities: 2**-32.

    Examples
    --------
    >>> IndependentCascade(0.1)
    IndependentCascade(p=0.1)
    """

    command: ClassVar[str] = "independent"

    p: Any = 0.1
    kinds: Any = None

    @property
    def goes_on(self) -> str:
        """Who is newly active tries; the others are spent."""
        return "new"

    @property
    def per_replicate(self) -> tuple[str, ...]:
        """What may be one number a replicate."""
        return ("p",)

    def __post_init__(self) -> None:
        """Check what can be checked without a network."""
        object.__setattr__(self, "p", checks.probability("p", self.p, checks.WORDS, matrix=True))
        kinds = checks.kinds_of(self.kinds, self.p)
        object.__setattr__(self, "kinds", kinds)

    def on_arcs(self, arcs: Arcs, key: int, horizon: float | None) -> Prepared:
        """Each arc of one who has just become active is tried, a step a round."""
        if isinstance(self.p, str) and self.p == "weighted":
            parts = weighted_split(arcs)
        else:
            parts = split(thresholds("p", per_arc("p", self.p, arcs, key, self.kinds)))
        return Prepared(
            batch=independent_batch,
            rows=rows_of(arcs),
            rule=block(IndependentRule(*parts, last_step(horizon))),
            scratch=lambda want, room: independent_scratch(arcs.n, want.forest),
            method="blocks",
            keeps=("starts", "visited"),
            wide=wide_cascade,
            counted=partial(self._counted, arcs, horizon),
        )

    def _counted(self, arcs: Arcs, horizon: float | None) -> Prepared:
        """Return the rule ready to run by counts of live arcs, which have one law in a row."""
        p = per_arc("p", self.p, arcs, 0) if isinstance(self.p, Mapping) else self.p
        if not isinstance(p, float):
            raise KoubeiError(
                "method",
                "'count' needs one probability for all arcs",
                got=f"p={checks.noted(self.p)}",
                fix="method='blocks'",
            )
        return Prepared(
            batch=counted_batch,
            rows=rows_of(arcs),
            rule=block(counted_rule(int(thresholds("p", p)), last_step(horizon))),
            scratch=lambda want, room: counted_scratch(arcs.n, want.forest),
            method="count",
            keeps=("starts", "visited"),
        )

    def on_contacts(self, network: TemporalNetwork, horizon: float | None) -> Prepared:
        """Each contact is a try: one brand that competes with none."""
        value = self.p
        if self.kinds is not None:
            kinds = for_people("kinds", self.kinds, network)
            value = self.p[kinds[network.source], kinds[network.target]]
        return meeting_brands(network, {"p": value}, RANDOM, 0, ("active",), horizon)


def wide_cascade(
    rows: Block,
    rule: Block,
    start: Seeds,
    n: int,
    threads: int,
    horizon: int,
) -> tuple[NDArray[np.int32], list[int]]:
    """Run one replicate on several threads; equal in every number to the run on one.

    Parameters
    ----------
    rows, rule : Block
        Blocks of `Rows` and `IndependentRule`.
    start : Seeds
        Of the one replicate.
    n, threads, horizon : int

    Returns
    -------
    order : (size,) int32
        People in order of their step.
    starts : list of int
        ``order[starts[t]:starts[t + 1]]`` became active at step t.
    """
    seeds = start.people
    visited = np.zeros((n + 63) >> 6, np.uint64)
    order = np.empty(n + 1, np.int32)
    order[: seeds.size] = seeds
    np.bitwise_or.at(visited, seeds >> 6, np.uint64(1) << (seeds.astype(np.uint64) & np.uint64(63)))
    scratch = [block(independent_scratch(n, False)) for _ in range(threads)]
    lists = [track_of(n, n + 1, False, False, ("starts", "visited")) for _ in range(threads)]
    tracks = [block(arrays) for arrays in lists]
    taken = [np.empty(n // threads + 129, np.int32) for _ in range(threads)]
    edges = [64 * (((n + 63) >> 6) * t // threads) for t in range(threads)] + [n]
    starts = [0, int(seeds.size)]

    with ThreadPoolExecutor(threads) as pool:
        while starts[-1] > starts[-2] and len(starts) - 2 < horizon:
            begin, end = starts[-2], starts[-1]
            parts = threads if end - begin > SERIAL else 1
            cuts = [begin + (end - begin) * t // parts for t in range(parts + 1)]

            def forward(t: int, cuts: list[int] = cuts) -> int:
                part = order[cuts[t] : cuts[t + 1]]
                args = (visited, start.key, start.first, part)
                return int(reach(rows, rule, scratch[t], tracks[t], *args))

            ends = list(pool.map(forward, range(parts)))
            found = [lists[t].order[cuts[t + 1] - cuts[t] : ends[t]] for t in range(parts)]

            def gather(t: int, found: list[NDArray[np.int32]] = found) -> int:
                have = 0
                for people in found:
                    have = claim(people, edges[t], edges[t + 1], visited, taken[t], have)
                return int(have)

            for t, have in enumerate(pool.map(gather, range(threads))):
                order[end : end + have] = taken[t][:have]
                end += have
            starts.append(end)
    if len(starts) > 2 and starts[-1] == starts[-2]:
        starts.pop()  # the step in which nothing happened any more
    return order[: starts[-1]].copy(), starts

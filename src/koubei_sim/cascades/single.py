"""One replicate of the independent cascade on all threads: for graphs where a single run is long.

Called by `run` where there are fewer replicates than threads on a large network.  Equal in
every number to the run on one thread.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.independent import independent_scratch
from koubei_sim.cascades.kernels.wide import claim, reach
from koubei_sim.core.block import Block

SERIAL = 4096  # frontiers up to this length are not worth the threads


def wide_cascade(
    rows: Block,
    rule: Block,
    seeds: NDArray[np.int32],
    n: int,
    key: int,
    replicate: int,
    threads: int,
    horizon: int,
) -> tuple[NDArray[np.int32], list[int]]:
    """Run one replicate on several threads.

    Parameters
    ----------
    rows, rule : Block
        Blocks of `Rows` and `IndependentRule`.
    seeds : (k,) int32
    n, key, replicate, threads, horizon : int

    Returns
    -------
    order : (size,) int32
        People in order of their step.
    starts : list of int
        ``order[starts[t]:starts[t + 1]]`` became active at step t.
    """
    word_key = np.uint64(key)
    visited = np.zeros((n + 63) >> 6, np.uint64)
    order = np.empty(n + 1, np.int32)
    order[: seeds.size] = seeds
    np.bitwise_or.at(visited, seeds >> 6, np.uint64(1) << (seeds.astype(np.uint64) & np.uint64(63)))
    scratch = [independent_scratch(n, False, False) for _ in range(threads)]
    blocks = [Block("IndependentScratch", arrays) for arrays in scratch]
    taken = [np.empty(n // threads + 129, np.int32) for _ in range(threads)]
    edges = [64 * (((n + 63) >> 6) * t // threads) for t in range(threads)] + [n]
    starts = [0, int(seeds.size)]

    with ThreadPoolExecutor(threads) as pool:
        while starts[-1] > starts[-2] and len(starts) - 2 < horizon:
            begin, end = starts[-2], starts[-1]
            parts = threads if end - begin > SERIAL else 1
            cuts = [begin + (end - begin) * t // parts for t in range(parts + 1)]

            def forward(t: int, cuts: list[int] = cuts) -> int:
                return int(
                    reach(
                        rows, rule, blocks[t], visited, word_key, replicate, order, cuts[t],
                        cuts[t + 1],
                    )
                )  # fmt: skip

            counts = list(pool.map(forward, range(parts)))

            def gather(t: int, counts: list[int] = counts) -> int:
                have = 0
                for source, count in enumerate(counts):
                    have = claim(
                        scratch[source].order, count, edges[t], edges[t + 1], visited, taken[t],
                        have,
                    )  # fmt: skip
                return int(have)

            for t, have in enumerate(pool.map(gather, range(threads))):
                order[end : end + have] = taken[t][:have]
                end += have
            starts.append(end)
    if len(starts) > 2 and starts[-1] == starts[-2]:
        starts.pop()  # the step in which nothing happened any more
    return order[: starts[-1]].copy(), starts

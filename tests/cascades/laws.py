"""Comparing many runs with an exact law: counts of outcomes by Pearson's statistic.

`assert_law` is the null hypothesis "the outcomes have this law", with probability `ERROR` of
failing under it before the key was chosen; keys are fixed, so a test passes or fails for good.
Outcomes that the law holds impossible fail at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

ERROR = 1e-6
KEY = 20100816
LEAST = 5.0  # expected count below which cells are pooled
IMPOSSIBLE = 1e-12


def assert_law(
    found: Iterable[Hashable], law: Mapping[Hashable, float], numbers: int = 1, name: str = ""
) -> None:
    """Fail where outcomes do not have the law.

    Parameters
    ----------
    found : iterable
        One outcome per independent run.
    law : mapping
        Probability of every possible outcome.
    numbers : int
        Comparisons that share the error rate.
    """
    counts = Counter(found)
    runs = sum(counts.values())
    assert abs(sum(law.values()) - 1.0) < 1e-9, "not a law"
    strange = [outcome for outcome in counts if law.get(outcome, 0.0) < IMPOSSIBLE]
    assert not strange, f"{name}: impossible outcomes {strange[:3]}"
    cells = [(runs * p, counts[outcome]) for outcome, p in law.items() if p >= IMPOSSIBLE]
    cells.sort()
    expected, seen, pool = [], [], [0.0, 0]
    for mean, count in cells:
        pool = [pool[0] + mean, pool[1] + count]
        if pool[0] >= LEAST:
            expected.append(pool[0])
            seen.append(pool[1])
            pool = [0.0, 0]
    if pool[0] > 0.0 and expected:
        expected[-1] += pool[0]
        seen[-1] += pool[1]
    if len(expected) < 2:
        return
    statistic = float(np.sum((np.array(seen) - np.array(expected)) ** 2 / np.array(expected)))
    chance = float(stats.chi2.sf(statistic, len(expected) - 1))
    assert chance > ERROR / numbers, f"{name}: chi-square {statistic:.1f}, {len(expected)} cells"


def by_word(row: ArrayLike) -> dict[Hashable, float]:
    """Turn a row of a `StateLaw` into a mapping for `assert_law`."""
    return {word: float(p) for word, p in enumerate(np.asarray(row)) if p > 0.0}


def limit_z(numbers: int = 1) -> float:
    """Largest |z| that one of `numbers` normal scores passes with probability ERROR in all."""
    return float(stats.norm.isf(ERROR / (2.0 * numbers)))

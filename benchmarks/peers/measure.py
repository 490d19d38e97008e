"""Samples of cascades with their CPU time, and whether two packages tell the same story.

A time is CPU time of the process per cascade (`time.process_time`), after a warm-up that is not
counted; packages are started with one thread.  Agreement is judged by the difference of means in
standard errors, and by the two-sample Kolmogorov-Smirnov test of the whole law.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sample:
    """Sizes of cascades (everybody ever active, seeds included) and milliseconds of one.

    `sizes` is (runs,), or (runs, times) where the whole curve is compared; or the people that were
    chosen, where seeds are.
    """

    sizes: NDArray[np.int64]
    milliseconds: float

    @property
    def mean(self) -> float:
        """Mean size, at the last time."""
        return float(self.last.mean())

    @property
    def error(self) -> float:
        """Standard error of the mean size."""
        if self.runs < 2:
            return 0.0
        return float(self.last.std(ddof=1) / np.sqrt(self.runs))

    @property
    def runs(self) -> int:
        """Number of cascades."""
        return int(self.sizes.shape[0])

    @property
    def last(self) -> NDArray[np.int64]:
        """Sizes at the last time, (runs,)."""
        return self.sizes if self.sizes.ndim == 1 else self.sizes[:, -1]


def each(runs: int, once: Callable[[int], int]) -> Sample:
    """Call ``once(run)`` for each run, which returns a size; the whole loop is timed."""
    sizes = np.empty(runs, np.int64)
    start = time.process_time()
    for run in range(runs):
        sizes[run] = once(run)
    return Sample(sizes, (time.process_time() - start) * 1e3 / runs)


def batch(runs: int, all_of_them: Callable[[], NDArray]) -> Sample:
    """Time one call that returns the sizes of all runs."""
    start = time.process_time()
    sizes = np.asarray(all_of_them(), np.int64)
    return Sample(sizes, (time.process_time() - start) * 1e3 / runs)


def joined(samples: list[Sample]) -> Sample:
    """Put the rounds of one package together: all sizes, the median of the times."""
    return Sample(
        np.concatenate([sample.sizes for sample in samples]),
        float(np.median([sample.milliseconds for sample in samples])),
    )


@dataclass(frozen=True)
class Agreement:
    """How far two samples are apart."""

    difference: float  # of the means, relative to the second
    z: float  # the same in standard errors
    p: float  # Kolmogorov-Smirnov, two-sided


def _columns_apart(one: NDArray, other: NDArray) -> Agreement:
    from scipy.stats import ks_2samp

    spread = max(one.std(), other.std())
    error = spread * np.sqrt(1 / one.size + 1 / other.size)
    mean = float(other.mean())
    gap = float(one.mean()) - mean
    return Agreement(
        gap / mean if mean else 0.0,
        gap / error if error else (0.0 if gap == 0 else np.inf),
        float(ks_2samp(one, other).pvalue),
    )


def agreement(ours: Sample, theirs: Sample) -> Agreement:
    """Compare two samples; the larger of their spreads stands for both.

    Sizes are far from normal (some cascades die at once, others are huge), so a handful of them
    easily misses one kind and looks far too even.  Where a run gives sizes at several times (one
    row a run), the time at which the means are furthest apart speaks, with the least p of all.
    """
    one, other = (np.atleast_2d(sample.sizes.T) for sample in (ours, theirs))
    if one.shape[0] != other.shape[0]:
        raise ValueError(f"sizes at {one.shape[0]} times against sizes at {other.shape[0]}")
    apart = [_columns_apart(a, b) for a, b in zip(one, other)]
    worst = max(apart, key=lambda column: abs(column.z))
    return Agreement(worst.difference, worst.z, min(column.p for column in apart))

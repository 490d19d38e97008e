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
    """Sizes of cascades (everybody ever active, seeds included) and milliseconds of one."""

    sizes: NDArray[np.int64]
    milliseconds: float

    @property
    def mean(self) -> float:
        """Mean size."""
        return float(self.sizes.mean())

    @property
    def error(self) -> float:
        """Standard error of the mean size."""
        if self.sizes.size < 2:
            return 0.0
        return float(self.sizes.std(ddof=1) / np.sqrt(self.sizes.size))


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


def agreement(ours: Sample, theirs: Sample) -> Agreement:
    """Compare two samples; the larger of their spreads stands for both.

    Sizes are far from normal (some cascades die at once, others are huge), so a handful of them
    easily misses one kind and looks far too even.
    """
    from scipy.stats import ks_2samp

    spread = max(ours.sizes.std(), theirs.sizes.std())
    error = spread * np.sqrt(1 / ours.sizes.size + 1 / theirs.sizes.size)
    gap = ours.mean - theirs.mean
    return Agreement(
        gap / theirs.mean if theirs.mean else 0.0,
        gap / error if error else 0.0,
        float(ks_2samp(ours.sizes, theirs.sizes).pvalue),
    )

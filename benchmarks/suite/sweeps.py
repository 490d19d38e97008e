"""Sweeps: what they add to each run, in threads and in processes of loky.

The runs are those of `bench_sweeps.py`: 300 people, ten days, a journal on disk.  Small is 100
runs, large 2,000.  One worker; CPU time of this process and of those of loky.
"""

from __future__ import annotations

import bench_sweeps

from . import sizes

RUNS = {sizes.SMALL: 100, sizes.LARGE: 2_000}


class Sweeps:
    """A sweep of short runs into a new folder."""

    params = (["threads", "loky"], sizes.SIZES)
    param_names = ("backend", "size")
    timer = staticmethod(sizes.cpu_of_family)
    repeat = sizes.REPEAT
    number = 1

    def setup(self, backend, size):
        """Start the worker and warm it up."""
        self.how = dict(backend=backend, workers=1)
        bench_sweeps.swept(bench_sweeps.SHORT, 20, 1, **self.how)

    def time_sweep(self, backend, size):
        """Sweep."""
        bench_sweeps.swept(bench_sweeps.SHORT, RUNS[size], 1, **self.how)

    def track_overhead(self, backend, size):
        """Milliseconds that the sweep adds to a run, over the same runs in a plain loop."""
        runs = RUNS[size]
        bare, whole = bench_sweeps.least(
            lambda: bench_sweeps.bare(bench_sweeps.SHORT, runs, 1),
            lambda: bench_sweeps.swept(bench_sweeps.SHORT, runs, 1, **self.how),
        )
        return 1e3 * (whole - bare) / runs

    track_overhead.unit = "ms/run"


class SweepMemory:
    """Memory of a sweep in this process."""

    params = (sizes.SIZES,)
    param_names = ("size",)
    quick = False

    def setup(self, size):
        """Warm up."""
        bench_sweeps.swept(bench_sweeps.SHORT, 20, 1, backend="threads", workers=1)

    def peakmem_sweep(self, size):
        """Sweep."""
        bench_sweeps.swept(bench_sweeps.SHORT, RUNS[size], 1, backend="threads", workers=1)

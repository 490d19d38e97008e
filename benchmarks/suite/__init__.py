"""Benchmarks in the form of asv: one file an idea, each with times, peak memory and rates.

A class has parameters of which the last is `size` (small, large, huge), a `setup` that is not
counted, and methods ``time_*`` (seconds), ``peakmem_*`` (bytes) and ``track_*`` (a rate, with its
unit).  asv runs them (`benchmarks/run_suite.py`), and `benchmarks/compare` runs the same classes
for two revisions in turn.  The workloads are those of the scripts beside this folder.

`docs/benchmarks.md` says what each is and how to add one.
"""

import sys
from pathlib import Path

# asv imports this package alone; `workloads` and `bench_sweeps` lie beside it.
_BESIDE = str(Path(__file__).resolve().parent.parent)
if _BESIDE not in sys.path:
    sys.path.insert(0, _BESIDE)

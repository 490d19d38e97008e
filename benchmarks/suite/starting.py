"""Starting: import of the library, the first call in a new process, and compilation.

Each sample is a new interpreter; its CPU time is counted, start of Python included.  Small is a
cascade on a thousand people, large a run of the pyramid with every module on (20,000 people).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import koubei_sim

from . import sizes

_BENCHMARKS = Path(__file__).resolve().parent.parent
WORK = {
    "import": "import koubei_sim",
    sizes.SMALL: (
        "import koubei_sim as kb\n"
        "net = kb.networks.configuration(n=1000, mean_degree=10, key=3)\n"
        "kb.cascade(net, kb.cascades.IndependentCascade(0.1), [0], 10, 7)"
    ),
    sizes.LARGE: (
        f"import sys; sys.path.insert(0, {str(_BENCHMARKS)!r})\n"
        "from workloads import w1\n"
        "import koubei_sim as kb\n"
        "kb.run(w1(full=True, n=20_000), rng=7)"
    ),
}


def fresh(work: str, **environment: str) -> None:
    """Run a few lines in a new interpreter that imports the library from where we have it."""
    source = str(Path(koubei_sim.__file__).resolve().parent.parent)
    found = {**os.environ, "PYTHONPATH": source, **environment}
    done = subprocess.run(
        [sys.executable, "-c", work], env=found, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])


class Import:
    """``import koubei_sim``."""

    params = ([sizes.SMALL],)
    param_names = ("size",)
    timer = staticmethod(sizes.cpu_of_children)
    repeat = (5, 10, 3.0)
    number = 1

    def setup(self, size):
        """Have the bytecode written."""
        fresh(WORK["import"])

    def time_import(self, size):
        """Import."""
        fresh(WORK["import"])


class FirstCall:
    """From the start of Python to the first result, compiled kernels in the cache."""

    params = (sizes.SIZES,)
    param_names = ("size",)
    timer = staticmethod(sizes.cpu_of_children)
    repeat = (3, 5, 5.0)
    number = 1

    def setup(self, size):
        """Have the kernels compiled."""
        fresh(WORK[size])

    def time_call(self, size):
        """Call once in a new process."""
        fresh(WORK[size])


class Compilation:
    """The same with an empty cache: what the first use after installation takes."""

    params = (sizes.SIZES,)
    param_names = ("size",)
    timer = staticmethod(sizes.cpu_of_children)
    repeat = (1, 2, 30.0)
    number = 1
    warmup_time = 0.0
    quick = False  # half a minute
    timeout = 600

    def time_compile(self, size):
        """Call once in a new process that has nothing compiled."""
        with tempfile.TemporaryDirectory(prefix="koubei-bench-") as folder:
            fresh(WORK[size], NUMBA_CACHE_DIR=folder)

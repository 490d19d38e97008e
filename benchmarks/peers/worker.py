"""One package in a process of its own: ``python -m benchmarks.peers.worker ADAPTER``.

Started by `turns` under the interpreter of the package's environment, which needs numpy and the
package, nothing of ours.  It reads one JSON object a line and answers with one: ``{"load": FILE}``
reads a graph, ``{"run": METHOD, "seeds": ..., "runs": ..., "key": ..., ...}`` does the work and
says sizes and milliseconds of CPU, measured here.  What packages print goes to stderr.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from .graphs import load
from .works import ADAPTERS


def releases(shows: str) -> str:
    """Return the releases of the package, numpy and Python."""
    try:
        told = f"{shows} {version(shows)}, "
    except PackageNotFoundError:
        told = ""
    return f"{told}numpy {np.__version__}, Python {platform.python_version()}"


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module, kind, _ = ADAPTERS[sys.argv[1]]
    adapter = None
    for line in sys.stdin:
        asked = json.loads(line)
        if "load" in asked:
            adapter = None  # the graph before it goes first
            start = time.process_time()
            adapter = getattr(import_module(f".{module}", __package__), kind)(load(asked["load"]))
            answer = {
                "seconds": time.process_time() - start,
                "releases": releases(asked["shows"]),
            }
        else:
            seeds = np.array(asked.pop("seeds"), np.int64)
            sample = getattr(adapter, asked.pop("run"))(seeds=seeds, **asked)
            answer = {"sizes": sample.sizes.tolist(), "milliseconds": sample.milliseconds}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()

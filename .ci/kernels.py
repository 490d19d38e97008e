"""Compile what most tests need, once, before several of them would do it side by side.

``python .ci/kernels.py pyramid`` and ``python .ci/kernels.py cascades``: two processes, for a
process compiles one thing at a time.  What they compile is kept where every test finds it
(`koubei_sim.core.store`).
"""

import sys

import koubei_sim as kb

kb.warmup(sys.argv[1])

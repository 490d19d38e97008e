"""Compile what most tests need, once, before several of them would do it side by side.

``python .ci/kernels.py pyramid`` runs the smallest preset, ``python .ci/kernels.py cascades`` each
rule of cascades: two processes, for a process compiles one thing at a time.  What they compile is
kept where every test finds it (`koubei_sim.core.store`).
"""

import sys

import koubei_sim as kb
from koubei_sim.cascades import RandomSeeds

RULES = (
    kb.Bass(),
    kb.DelayedCascade(0.5),
    kb.FractionalSIR(),
    kb.FractionalThreshold(),
    kb.IndependentCascade(0.5),
    kb.LinearThreshold(),
    kb.NegativeCascade(0.5),
    kb.Reinforcement(2),
    kb.SIR(0.5, 0.5),
    kb.SIS(0.5, 0.5),
)


def pyramid() -> None:
    """Run the smallest preset."""
    kb.run("tiny", 2, rng=1, ticks=40, threads=2)


def cascades() -> None:
    """Run each rule."""
    ring = kb.networks.small_world(200, 8, key=1)
    for rule in RULES:
        kb.cascade(ring, rule, RandomSeeds(3), 70, 1, horizon=20)
    kb.cascade(ring, kb.CompetingCascades({"a": 0.3, "b": 0.4}), {"a": [0], "b": [5]}, 70, 1)


{"pyramid": pyramid, "cascades": cascades}[sys.argv[1]]()

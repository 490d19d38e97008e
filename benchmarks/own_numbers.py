"""What numbers of its own cost a replicate: ``python benchmarks/own_numbers.py``.

For each rule on 1,000 people and 8,000 arcs, microseconds of a core a replicate: all with the same
numbers; each with its own (``parameters=``); each in a call of its own.  docs/evidence.md has them.
"""

from __future__ import annotations

import time
from typing import Any, Final

import numpy as np

import koubei_sim as kb
from koubei_sim.cascades.rules.base import Rule

PEOPLE, TIES, RUNS, ALONE = 1_000, 4_000, 1_000, 50
CASES: Final[list[tuple[Rule, float | None, dict[str, tuple[float, float]]]]] = [
    (kb.IndependentCascade(0.1), None, {"p": (0.05, 0.15)}),
    (kb.Bass(0.01, 0.3, dt=1.0), 20.0, {"p": (0.005, 0.015), "q": (0.2, 0.4)}),
    (kb.Bass(0.01, 0.3), 20.0, {"q": (0.2, 0.4)}),
    (kb.SIR(0.1, 0.5), None, {"beta": (0.05, 0.15)}),
    (kb.SIR(0.1, 0.5, steps=True), None, {"beta": (0.05, 0.15), "gamma": (0.3, 0.7)}),
    (kb.SIS(0.1, 0.5, steps=True), 20.0, {"beta": (0.05, 0.15)}),
    (kb.NegativeCascade(0.1), None, {"quality": (0.5, 0.9)}),
    (kb.DelayedCascade(0.1), None, {"p": (0.05, 0.15)}),
    (kb.FractionalThreshold(0.1), None, {"threshold": (0.05, 0.15)}),
]


def network() -> kb.Network:
    """A random network."""
    rng = np.random.default_rng(1)
    ends = rng.integers(0, PEOPLE, (TIES, 2))
    ends = ends[ends[:, 0] != ends[:, 1]]
    return kb.Network.from_edges(ends[:, 0], ends[:, 1], n=PEOPLE, directed=False)


def measured(net: kb.Network, rule: Rule, horizon: float | None, own: Any) -> list[float]:
    """Return microseconds of a replicate: same numbers, its own numbers, a call of its own."""
    how: dict[str, Any] = {"horizon": horizon, "threads": 1, "rng": 3}
    seeds = kb.RandomSeeds(3)
    kb.cascade(net, rule, seeds, 8, **how)  # compile
    clock = [time.process_time()]
    kb.cascade(net, rule, seeds, RUNS, **how)
    clock.append(time.process_time())
    kb.cascade(net, rule, seeds, parameters=own, **how)
    clock.append(time.process_time())
    for k in range(ALONE):
        kb.cascade(net, rule, seeds, 1, first=k, **how)
    clock.append(time.process_time())
    return [1e6 * s / n for s, n in zip(np.diff(clock), (RUNS, RUNS, ALONE), strict=True)]


def main() -> None:
    """Measure and print a line a rule."""
    net, rng = network(), np.random.default_rng(2)
    print(f"{'rule':<60} {'same':>7} {'own':>7} {'alone':>7}")
    for rule, horizon, spans in CASES:
        own = {name: rng.uniform(*span, RUNS) for name, span in spans.items()}
        same, each, alone = measured(net, rule, horizon, own)
        print(f"{rule!r:<60} {same:7.0f} {each:7.0f} {alone:7.0f}")


if __name__ == "__main__":
    main()

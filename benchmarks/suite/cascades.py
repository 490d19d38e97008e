"""Every rule of `cascade`, where few are reached and where many are.

The graph is that of `bench_cascades.py`: mutual ties, degree tail of exponent 2.5, mean ten; small
is a hundred thousand people, large a million.  *Sparse*: ten people start, and under one in fifty
is reached.  *Macroscopic*: one in twenty starts, and a quarter at least is reached.  One thread.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from koubei_sim import networks
from koubei_sim.cascades import (
    SIR,
    SIS,
    Bass,
    CompetingCascades,
    DelayedCascade,
    FractionalSIR,
    FractionalThreshold,
    IndependentCascade,
    LinearThreshold,
    NegativeCascade,
    Reinforcement,
    cascade,
)

from . import sizes

PEOPLE = {sizes.SMALL: 100_000, sizes.LARGE: 1_000_000}
SPARSE, MACROSCOPIC = "sparse", "macroscopic"
RUNS = {
    (SPARSE, sizes.SMALL): 100,
    (MACROSCOPIC, sizes.SMALL): 4,
    (SPARSE, sizes.LARGE): 200,
    (MACROSCOPIC, sizes.LARGE): 4,
}
HORIZON = {"bass": 10.0, "bass_ticks": 10.0, "sis": 5.0, "sis_steps": 10.0}
#: The rule where few are reached, and where many are.
RULES = {
    "independent": (IndependentCascade(0.02), IndependentCascade(0.1)),
    "weighted": (IndependentCascade("weighted"),) * 2,
    "threshold_choice": (LinearThreshold(),) * 2,
    "threshold_sum": (LinearThreshold(method="sum"),) * 2,
    "fractional": (FractionalThreshold(0.5), FractionalThreshold(0.1)),
    "reinforcement": (Reinforcement(2), Reinforcement(2)),
    "competing": (CompetingCascades(0.02), CompetingCascades(0.1)),
    "negative": (NegativeCascade(0.02), NegativeCascade(0.1)),
    "bass": (Bass(1e-4, 0.1), Bass()),
    "bass_ticks": (Bass(1e-4, 0.1, dt=0.5), Bass(dt=0.5)),
    "sir": (SIR(0.02, 1.0), SIR(0.1, 0.5)),
    "sir_steps": (SIR(0.01, 0.5, steps=True), SIR(0.05, 0.25, steps=True)),
    "fractional_sir": (FractionalSIR(0.5, 1.0), FractionalSIR(2.0, 1.0)),
    "sis": (SIS(0.02, 1.0), SIS(0.1, 0.5)),
    "sis_steps": (SIS(0.02, 0.9, steps=True), SIS(0.05, 0.25, steps=True)),
    "delayed": (DelayedCascade(0.02), DelayedCascade(0.1)),
}


@lru_cache(maxsize=1)
def people(n: int) -> networks.Network:
    """Return the network; kept, since many benchmarks of one process use it."""
    return networks.configuration(
        n=n, mean_degree=10, exponent=2.5, max_degree=int(np.sqrt(10 * n)), key=3
    )


class Cascades:
    """Replicates of a rule, in one call."""

    params = (list(RULES), [SPARSE, MACROSCOPIC], sizes.SIZES)
    param_names = ("rule", "regime", "size")
    timer = sizes.cpu
    repeat = sizes.REPEAT

    def setup(self, rule, regime, size):
        """Make the network and choose who starts."""
        self.network = people(PEOPLE[size])
        self.rule = RULES[rule][regime == MACROSCOPIC]
        self.horizon = HORIZON.get(rule)
        few = regime == SPARSE and rule.startswith("bass")  # it looks at everybody all the same
        self.runs = 10 if few else RUNS[regime, size]
        number = 10 if regime == SPARSE else PEOPLE[size] // 20
        # Every so manieth person: people are numbered without regard to their ties.
        seeds = np.linspace(0, PEOPLE[size] - 1, number).astype(np.int64)
        self.seeds = {"a": seeds[::2], "b": seeds[1::2]} if rule == "competing" else seeds

    def time_cascade(self, rule, regime, size):
        """Run the replicates."""
        self.result = cascade(
            self.network,
            self.rule,
            self.seeds,
            self.runs,
            sizes.KEY,
            horizon=self.horizon,
            threads=1,
        )

    def track_cascade(self, rule, regime, size):
        """People reached a second, seeds included."""
        seconds = sizes.least(lambda: self.time_cascade(rule, regime, size), 2)
        return self.result.sizes.sum() / seconds / 1e6

    track_cascade.unit = "M people/s"


class CascadeMemory:
    """Memory of a hundred cascades that reach a third, first times of all people kept."""

    params = (sizes.SIZES,)
    param_names = ("size",)

    def setup(self, size):
        """Make the network."""
        self.network = people(PEOPLE[size])
        self.rule = IndependentCascade(0.1)
        cascade(self.network, self.rule, [0], 1, sizes.KEY, record="times", threads=1)

    def peakmem_cascade(self, size):
        """Run a hundred replicates."""
        seeds = np.arange(10)
        self.result = cascade(
            self.network, self.rule, seeds, 100, sizes.KEY, record="times", threads=1
        )

"""Make the numbers and the picture of docs/sensitivity.md (some ten minutes on two cores).

``python docs/figures/sensitivity.py`` writes `sensitivity.png` beside this file and prints the
tables; ``python docs/figures/sensitivity.py luck`` only measures what common luck saves.
"""

import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import koubei_sim as kb
from koubei_sim import plots
from koubei_sim.studies import sensitivity
from koubei_sim.studies.sensitivity.indices import elementary_effects, morris_indices

KEY = 20100816
#: Strong and weak parameters, and one that cannot act: of an event after the last day.
LUCK = {
    "channels.wechat.persuasion": None,
    "channels.wechat.tell": None,
    "hearing.memory_half_life": None,
    "seeding.purity": None,
    "telling.relay": None,
    "events.late.lift_tell": (1.0, 6.0),
}


pd.set_option("display.width", 120, "display.max_columns", 20, "display.precision", 3)


def screened():
    """Screen all assumptions of the preset tiny, then share out the variance of the first six."""
    started = time.perf_counter()
    first = sensitivity("tiny", method="morris", points=10, replicates=5, rng=KEY)
    print(first, f"{time.perf_counter() - started:.0f} s", sep="\n")
    table = first.table()
    print(table[["from", "to", "mu_star", "mu_star_from", "mu_star_to", "mu", "sigma"]].head(12))
    print(table[["se_design", "se_luck"]].head(12))
    print((table["mu_star"] < 0.05 * table["mu_star"].iloc[0]).sum(), "below 5 % of the first")
    print((table["mu_star"] == 0.0).sum(), "exactly 0")
    print("take off:", first.values("take_off").mean())
    print(first.table("take_off")[["mu_star", "mu_star_from", "mu_star_to", "mu"]].head(6))
    print(first.noise)
    started = time.perf_counter()
    second = sensitivity(
        "tiny", table.index[:6].tolist(), method="sobol", points=256, replicates=3, rng=KEY
    )
    print(second, f"{time.perf_counter() - started:.0f} s", sep="\n")
    print(second.table().drop(columns=["from", "to"]))
    print(second.pairs().head(5))
    print(second.noise)
    figure, axes = plt.subplots(1, 2, figsize=(13, 4.6), layout="constrained")
    plots.tornado(first, ax=axes[0], most=10)
    plots.tornado(second, ax=axes[1])
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=75)


def luck(trajectories=10, replicates=10):
    """Run one Morris design with common luck and with luck of its own at every run."""
    late = {"channel": "forum", "start": 130, "length": 3, "lift_tell": 3.0}
    base = kb.Scenario.load("tiny").replace(shared_world=False, **{"events.late": late})
    found = sensitivity(
        base, LUCK, method="morris", points=trajectories, replicates=replicates, rng=KEY
    )
    columns, shares = found.design.columns, found.design.shares
    apart = np.array(
        [
            [
                kb.metrics.outcomes(
                    kb.run(
                        base.replace(**{path: column[point] for path, column in columns.items()}),
                        rng=1_000_000 + 1000 * point + replicate,
                    )
                )["users"][0]
                for replicate in range(replicates)
            ]
            for point in range(len(shares))
        ]
    )
    print(found.noise)
    print(f"{'parameter':30}{'mu*':>8}{'mu* apart':>11}{'noise':>8}{'apart':>8}{'ratio':>8}")
    both = [np.log1p(values) for values in (found.values(), apart)]
    noise = [elementary_effects(shares, logs).var(axis=1, ddof=1).mean(axis=0) for logs in both]
    stars = [morris_indices(shares, logs).mu_star.value for logs in both]
    for number, path in enumerate(found.ranges):
        one, other = noise[0][number], noise[1][number]
        ratio = other / one if one else np.inf
        print(
            f"{path:30}{stars[0][number]:8.2f}{stars[1][number]:11.2f}"
            f"{one**0.5:8.2f}{other**0.5:8.2f}{ratio:8.1f}"
        )
    print("all parameters:", noise[1].mean() / noise[0].mean())


if __name__ == "__main__":
    if "luck" not in sys.argv[1:]:
        screened()
    luck()

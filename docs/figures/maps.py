"""Make the picture and the numbers of docs/maps.md (some four minutes on one core).

``python docs/figures/maps.py`` writes `maps.png` beside this file and prints what the page quotes.
"""

import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import koubei_sim as kb
from koubei_sim import studies

KEY = 20100816
PERSUASION = ("channels.weibo.persuasion", 0.02, 0.4, "log")
DIFFICULTY = ("products.product.difficulty", 0.0, 1.0)

pd.set_option("display.width", 120, "display.max_columns", 20, "display.precision", 2)


def border():
    """Map the preset branching, whose border is known: R = 1."""
    base = kb.Scenario.load("branching").replace(n_agents=5000, ticks=40)
    found = kb.map(base, PERSUASION, DIFFICULTY, replicates=12, rng=KEY, cells=4, depth=2)
    print(found, "a full grid has", (found.grid.side + 1) ** 2, "points")
    return base, found


def reproduction(base, found):
    """Return R over the unit square of the map."""
    shares = np.linspace(0.0, 1.0, 13)
    x, y = found.axes
    return shares, [
        [
            kb.composites(base.replace(**{x.name: x.range.at(a), y.name: y.range.at(b)}))[
                "reproduction"
            ]
            for a in shares
        ]
        for b in shares
    ]


def arms():
    """Map which of two sets of seeds takes off, where newbies hardly fit the product."""
    base = kb.Scenario.load("branching").replace(
        n_agents=5000, ticks=40, **{"products.product.difficulty": 0.9}
    )
    return kb.map(
        base,
        ("seeding.number", 1, 16, "log"),
        ("channels.weibo.persuasion", 0.12, 0.4, "log"),
        arms={"newbies": {"seeding.purity": 0.0}, "enthusiasts": {"seeding.purity": 1.0}},
        replicates=24,
        rng=KEY,
        cells=4,
        depth=1,
    )


def tree():
    """Split worlds of the prior of tiny by their composites: do six seeds take off."""
    base = kb.Scenario.load("tiny").replace(**{"seeding.number": 6})
    points = kb.prior_sample(base, 600).points(base, KEY)
    features = pd.DataFrame(
        [kb.composites(base.replace(**points.at(k))) for k in range(points.number)]
    )
    swept = kb.sweep(base, points, rng=KEY, outcomes=["take_off"], random_numbers=0)
    print(studies.splitting_tree(features, swept.values("take_off")[:, 0], key=KEY))


if __name__ == "__main__":
    started = time.perf_counter()
    base, known = border()
    print(known.interaction().query("low > 0 or high < 0"))
    strata = arms()
    print(strata)
    print(strata.table().groupby("stratum")["sure"].agg(["size", "sum"]))
    print(strata.table()[list(strata.strata)].max())
    tree()
    figure, axes = plt.subplots(1, 2, figsize=(13, 5.2), layout="constrained")
    known.plot(axes[0])
    shares, r = reproduction(base, known)
    axes[0].contour(shares, shares, r, levels=[1.0], colors=["#D55E00"], linestyles="--")
    strata.plot(axes[1])
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=75)
    print(f"{time.perf_counter() - started:.0f} s")

"""The hysteresis loop of E10: advertising is raised step by step, then lowered again.

At each level of advertising the market gets some time; a market without memory has the same users
on the way up and on the way down.  A loop that closes when the steps are longer is mere slowness;
one that stays open is memory.  Two markets: the product learns, or it is good from the start and
learns nothing.  Writes loop.csv and loop.png beside this file:

    python experiments/E10/loop.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import koubei_sim as kb

HERE = Path(__file__).parent
LEVELS = np.linspace(0.0, 0.0015, 7)  # hazard a day of the advertising
DWELL = {"60 days a step": 60, "240 days a step": 240}
MARKETS = {
    "the product learns": {},
    "the product is good and learns nothing": {
        "products.miui.learn_quality": 0.0,
        "products.miui.learn_difficulty": 0.0,
        "products.miui.quality": 0.8,
        "products.miui.difficulty": 0.3,
    },
}
PEOPLE, REPLICATES, KEY, LAST = 5_000, 6, 20100816, 30


def ramp(dwell: int) -> tuple[np.ndarray, dict[str, dict[str, object]]]:
    """Return the level of each step, up and down again, and one campaign for each."""
    levels = np.concatenate([LEVELS, LEVELS[-2::-1]])
    campaigns: dict[str, dict[str, object]] = {
        f"step_{k:02d}": {
            "channel": "weibo",
            "start": k * dwell,
            "end": (k + 1) * dwell,
            "visibility": float(13.0 * level),  # as in the campaigns of market.toml
            "persuasion": 1.0 / 13.0,
        }
        for k, level in enumerate(levels)
    }
    return levels, campaigns


def table() -> pd.DataFrame:
    """Run both markets at both speeds: users over people in the last month of each step."""
    base = kb.Scenario.load(HERE / "market.toml").replace(n_agents=PEOPLE)
    rows = []
    for market, changes in MARKETS.items():
        for speed, dwell in DWELL.items():
            levels, campaigns = ramp(dwell)
            scenario = base.replace(**changes, media=campaigns, ticks=dwell * levels.size)
            users = kb.run(scenario, REPLICATES, KEY).data["users"].to_numpy() / PEOPLE
            for k, level in enumerate(levels):
                share = users[:, (k + 1) * dwell - LAST : (k + 1) * dwell].mean(axis=1)
                way = "up" if k < LEVELS.size else "down"
                row = [market, speed, way, level, share.mean(), share.min(), share.max()]
                rows.append([round(x, 6) if isinstance(x, float) else x for x in row])
    columns = ["market", "speed", "way", "hazard", "users", "least", "most"]
    return pd.DataFrame(rows, columns=columns)


def draw(found: pd.DataFrame) -> None:
    """Draw one panel a market: up in blue, down in orange; slow steps bold, fast ones thin."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with kb.plots.drawing():
        figure, axes = plt.subplots(1, 2, figsize=(9.0, 4.0), sharey=True)
        for ax, market in zip(axes, MARKETS, strict=True):
            for speed, width in zip(DWELL, (1.0, 2.6), strict=True):
                part = found[(found.market == market) & (found.speed == speed)]
                up, down = part[part.way == "up"], part[part.way == "down"]
                down = pd.concat([up.tail(1), down])
                for way, colour, name in ((up, "C0", "up"), (down, "C1", "down")):
                    label = f"{name}, {speed}"
                    ax.plot(
                        1e3 * way.hazard, way.users, color=colour, lw=width, marker="o", ms=3,
                        label=label,
                    )  # fmt: skip
            ax.set(title=market, xlabel="advertising, hazard a day in thousandths")
            ax.title.set_fontsize(11)
        axes[0].set(ylabel="users, share of the market", ylim=(0, None))
        axes[1].legend(frameon=False, fontsize=9)
        figure.savefig(HERE / "loop.png")


if __name__ == "__main__":
    loop = table()
    loop.to_csv(HERE / "loop.csv", index=False)
    draw(loop)
    at_zero = loop[(loop.hazard == 0.0) & (loop.way == "down")]
    print(at_zero[["market", "speed", "users", "least", "most"]].to_string(index=False))

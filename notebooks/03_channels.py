# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # Channels: a pool, a feed, and which one first
#
# A forum is a pool: a post waits there and members read it. Weibo, WeChat and Qzone are graphs:
# a message reaches those who listen to its teller. What of a channel's role is *structure*, and
# what is only a number that somebody assumed? Claim E2 (`experiments/E2`) asks this over many
# worlds; here is one world to look at. All numbers are assumptions.

# %%
import matplotlib.pyplot as plt
import numpy as np

import koubei_sim as kb
from koubei_sim import studies

CHANNELS = ("forum", "weibo", "wechat", "qzone")
market = kb.Scenario.load("xiaomi").replace(
    **{"n_agents": 8_000, "ticks": 540, "supply.enabled": False, "events": {}, "media": {}}
)

# %% [markdown]
# ## One message, worth the same everywhere
# Equal persuasion, telling, fidelity, holding power and replies. What is left: 60 readers a
# post or 15 to 20 listeners, one in ten people on the forum and all on the feeds, reading
# budgets, ties.

# %%
same = {"persuasion": 0.1, "tell": 0.03, "fidelity": 0.97, "half_life": 30.0, "reply": 0.2}
equal = market.replace(
    **{f"channels.{c}.{name}": value for c in CHANNELS for name, value in same.items()},
    **{f"channels.{c}.visibility": 0.3 for c in CHANNELS[1:]},
    **{"service.churn": 0.0005},
)


def first(scenario: kb.Scenario, home: str, months: int = 6) -> kb.Scenario:
    """Open one channel at once and the others later."""
    return scenario.replace(
        **{f"channels.{c}.opens_at": 0 if c == home else 30 * months for c in CHANNELS}
    )


found = studies.compare(
    {f"{c} first": first(equal, c) for c in CHANNELS}, replicates=6, rng=7, baseline="weibo first"
)


def draw(comparison, name, levels):
    """Draw the median over replicates of users in each run of a comparison."""
    with kb.plots.drawing():
        _, axes = plt.subplots()
        for scenario, run in comparison.runs.items():
            days = [levels(history) for history in run.histories]
            axes.plot(np.median(days, axis=0), label=scenario)
        axes.axvline(180, color="0.7", linewidth=1)
        axes.set(title="Which channel first", xlabel="day (the other channels open at the line)")
        axes.set(ylabel=name, yscale="log")
        axes.legend(frameon=False)
        plt.show()


draw(found, "users", kb.metrics.users)

# %% [markdown]
# Before the line only the forum moves: few people are there, but many of them are enthusiasts,
# and a post finds many readers. What remains of the head start after a year and a half? (Few
# replicates: look at the intervals.)

# %%
found.table("forum first").loc[["users", "loyal", "lapses", "cost_per_loyal"]]

# %% [markdown]
# ## Who recruits where
# The shares of adoptions by channel, with equal messages and with the preset's own numbers.

# %%
preset = market.replace(**{"channels.wechat.opens_at": 0})
shares = {}
for name, scenario in {"equal messages": equal, "preset": preset}.items():
    run = kb.run(scenario, replicates=6, rng=7)
    counts = [kb.metrics.measure(run, f"sum:adoptions_channel.{c}").mean() for c in CHANNELS]
    shares[name] = [count / sum(counts) for count in counts]

with kb.plots.drawing():
    _, axes = plt.subplots(figsize=(7, 3.6))
    for number, (name, values) in enumerate(shares.items()):
        axes.bar([x + 0.4 * number - 0.2 for x in range(4)], values, 0.38, label=name)
    axes.set_xticks(range(4), CHANNELS)
    axes.set(title="Who recruits where", ylabel="share of recruited adoptions")
    axes.legend(frameon=False)
    plt.show()

# %% [markdown]
# ## What the forum's reach is worth
# How many people read a post matters a good deal: the same order with fewer and
# with more.

# %%
readers = studies.sweep(
    first(equal, "forum"),
    {"channels.forum.readers_per_post": [10.0, 30.0, 60.0, 120.0]},
    replicates=4,
    rng=7,
    outcomes=["users@179", "users", "loyal"],
)
readers.summary("users@179")

# %% [markdown]
# ## What to try next
# - `koubei claim E2` runs the claim over its prior; `experiments/E2/README.md` has the verdict.
# - Put everybody on the forum: `segments.newbie.membership` with `{"forum": 1.0}`.
# - Give the forum a longer memory than the feeds (`channels.forum.half_life = 60`) and look at
#   `loyal`.

# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # Pure seeds: a lasting gain, a head start, or a loss?
#
# Xiaomi kept newbies out on purpose: no one-click tool, so that the first users were enthusiasts
# and the core stayed pure. Three different things are called purity here, and they are not the
# same: that of the **hundred seeds**, that of the **early inflow** (the gate), and that of the
# **population**. This notebook turns each one by itself; the luck is shared, so what differs is
# due to the lever.

# %%
import matplotlib.pyplot as plt
import numpy as np

import koubei_sim as kb
from koubei_sim.cascades import FractionalThreshold, RandomSeeds
from koubei_sim.theory import branching, degrees, threshold

market = kb.Scenario.load("xiaomi").replace(
    **{"n_agents": 10_000, "supply.enabled": False, "market.open_to_all": 0}
)


def play(**changes):
    return kb.run(market.replace(**changes), replicates=6, rng=7)


# %% [markdown]
# ## 1. The seeds: who remembers them?
# Left: users. Right: the share of enthusiasts among all users. The seeds differ as much as they
# can; watch whether the two years end where they began.

# %%
purities = {"all enthusiasts": 1.0, "half": 0.5, "all newbies": 0.0}
runs = {name: play(**{"seeding.purity": purity}) for name, purity in purities.items()}


def compare(runs, title):
    """Draw the median run of each setting: users, and how pure they are."""
    with kb.plots.drawing():
        _, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.8))
        for name, result in runs.items():
            data = result.data
            users = data["users"].to_numpy()
            fans = data["enthusiast_tier"].sum("tier").to_numpy()
            left.plot(np.median(users, axis=0), label=name)
            right.plot(np.median(fans / np.maximum(users, 1), axis=0), label=name)
        left.set(title=title, xlabel="day", ylabel="users", yscale="log")
        right.set(title="enthusiasts among users", xlabel="day", ylim=(0, 1))
        right.legend(frameon=False)
        plt.show()


compare(runs, "Seeds")

# %% [markdown]
# ## 2. What a branching process says
# While cascades are small and nothing is remembered, users win users of two kinds with a mean
# matrix. Whatever the seeds, growth and composition end at the same values; the kind of the seeds
# buys a *head start* and a better chance not to die out.

# %%
won = [[0.9, 1.2], [0.05, 0.9]]  # by an enthusiast, by a newbie: enthusiasts, newbies won
found = branching.growth(won)
extinct = branching.extinction(branching.poisson_pgf(won), 2)
print(f"growth {found.rate:.3f} a generation, {found.composition[0]:.0%} enthusiasts in the end")
print(f"head start of pure seeds: {branching.head_start(won):.1f} generations")
print(
    "take-off from five seeds:",
    f"enthusiasts {branching.take_off(extinct, [5, 0]):.0%},",
    f"newbies {branching.take_off(extinct, [0, 5]):.0%}",
)

# %% [markdown]
# Is the difference of the simulated markets of that kind? The day on which a market of pure and
# one of half-pure seeds first have so many users, and the gap in days. A head start is a gap that
# stays; a lasting effect grows; where it shrinks, the market is forgetting. (Newbies alone do
# not take off here: the product is too difficult for them, and they report too little.)

# %%
levels = [200, 400, 800, 1200]
table = {
    name: [np.median(kb.metrics.measure(result, f"day:users:{level}")) for level in levels]
    for name, result in runs.items()
}
gap = np.subtract(table["half"], table["all enthusiasts"])
for level, days in zip(levels, gap, strict=True):
    print(f"{level:5d} users: {days:+.0f} days")

# %% [markdown]
# ## 3. The gate
# Until the gate opens newbies find the product only a fifth as fitting. It keeps the early users
# pure, and it costs reach.

# %%
gates = {"no gate": 0, "half a year": 180, "a year": 365}
compare({name: play(**{"market.open_to_all": day}) for name, day in gates.items()}, "Gate")

# %% [markdown]
# ## 4. The population
# The same seeds, the same gate, another market: this is the purity that no founder can choose.


# %%
def people(share):
    return play(**{"segments.enthusiast.share": share, "segments.newbie.share": 1.0 - share})


compare({f"{share:.0%} enthusiasts": people(share) for share in (0.05, 0.1, 0.2)}, "Population")

# %% [markdown]
# ## 5. Where pure seeds hurt
# Now people who adopt when a *share* of their neighbours has: enthusiasts at a tenth, newbies at
# three tenths. The population tips at some share of enthusiasts. A seed is active whatever it is,
# so a seed among the enthusiasts uses up a person who would have been easy to win: the tipping
# share is higher, not lower. Lines: theory for an infinite random graph; dots: simulated.

# %%
people_in_graph, easy, hard, mean, seeds = 20_000, 0.1, 0.3, 6.0, 0.01
shares = np.linspace(0.08, 0.18, 21)
graph = kb.networks.erdos_renyi(people_in_graph, mean, key=7)
order = np.argsort(np.random.default_rng(7).random(people_in_graph))  # who is an enthusiast first
words = {"easy": "seeds enthusiasts", "random": "seeds anybody", "hard": "seeds newbies"}


def simulated(share, placed):
    fans = np.zeros(people_in_graph, dtype=bool)
    fans[order[: round(share * people_in_graph)]] = True
    among = {"random": None, "easy": np.flatnonzero(fans), "hard": np.flatnonzero(~fans)}[placed]
    rule = FractionalThreshold(np.array([hard, easy]), kinds=fans.astype(int))
    start = RandomSeeds(round(seeds * people_in_graph), among)
    return kb.cascade(graph, rule, start, replicates=4, rng=7).sizes.mean() / people_in_graph


with kb.plots.drawing():
    _, ax = plt.subplots()
    for (placed, word), colour in zip(words.items(), ("C0", "C1", "C2"), strict=True):
        line = [
            threshold.spread(
                degrees.poisson(mean), threshold.two_kinds(share, easy, hard, seeds, placed)
            ).adopters
            for share in shares
        ]
        ax.plot(shares, line, color=colour, label=word)
        ax.plot(shares[::2], [simulated(share, placed) for share in shares[::2]], "o", color=colour)
    ax.set(title="Tipping", xlabel="share of enthusiasts in the population", ylabel="adopters")
    ax.legend(frameon=False)
    plt.show()

# %% [markdown]
# ## What to try next
# - `market.neutral("learning")` or `market.neutral("tiers")` in part 1: what is left of the effect
#   of pure seeds when the product learns nothing, or when fans tell no more than others?
# - `experiments/E1`: the same question over the prior ranges of all doubtful parameters, with a
#   verdict.
# - `kb.seeding`: seeds chosen by degree, core, nomination or friendship instead of at random.

# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # Which fifty?
#
# You have a file of friendships and a table of people, and may start with fifty of them: send them
# a device, invite them to the forum, pay them a visit. Which fifty reach most? This notebook
# answers with a proof, says what it costs to take fans only, and what a sum of money buys. The
# people are made up here; put your own two files in their place.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import koubei_sim as kb
from koubei_sim.cascades import IndependentCascade, RandomSeeds

folder = Path(tempfile.mkdtemp())
random = np.random.default_rng(7)
family, given = "赵钱孙李周吴郑王冯陈", "伟芳娜敏静丽强磊军洋勇艳杰娟涛"
names = [a + b + c for a in family for b in given for c in given]
n, circles = 800, 20
names = random.permutation(names)[:n]
of_circle = np.arange(n) % circles
liveliness = random.lognormal(0.0, 0.8, n)  # few have many friends

# %%
ties = set()
while len(ties) < 3200:
    u = random.choice(n, p=liveliness / liveliness.sum())
    near = (of_circle == of_circle[u]) if random.random() < 0.8 else np.ones(n, bool)
    weight = liveliness * near
    weight[u] = 0.0
    v = random.choice(n, p=weight / weight.sum())
    ties.add((min(u, v), max(u, v)))
friends = pd.DataFrame(
    [(names[u], names[v]) for u, v in sorted(ties)], columns=["source", "target"]
)
friends.to_csv(folder / "friends.csv", index=False)

degree = np.bincount(np.array(list(ties)).ravel(), minlength=n)
people = pd.DataFrame(
    {
        "name": names,
        "kind": np.where(random.random(n) < 0.15, "fan", "newbie"),
        "price": 20 + 5 * degree,  # whoever is known by many asks for more
    }
)[degree > 0]
people.to_csv(folder / "people.csv", index=False)
people.head(3)

# %% [markdown]
# ## Who reaches most, proven
# The rule says how word travels: here every telling convinces a friend with the same chance. Names
# go in and come out. `found.ratio` is the share of the best that is *proven*: no fifty people,
# whoever they are, reach more than `found.at_most`.

# %%
net = kb.read_network(folder / "friends.csv", directed=False)
rule = IndependentCascade(0.07)
found = kb.seeding.maximise(net, rule, 50, rng=7)
print(found)
found.table().head(8).round(1)

# %%
kb.plots.seeds_curve(found)
plt.show()

# %% [markdown]
# The bounds come from sets that had no part in the choice. Simulating forwards must give the same
# reach, and shows what the fifty with most friends, or people at random, would have done. Most
# friends come near here, but only the proof says how little more was to be had.

# %%
starts = {
    "chosen": found.seeds,
    "most friends": kb.seeding.degree(net, 50, key=1),
    "random": RandomSeeds(50),
    "random, twice as many": RandomSeeds(100),
}
rows = {}
for name, seeds in starts.items():
    size = kb.cascade(net, rule, seeds, replicates=2000, rng=11).mean_size()
    rows[name] = {"reach": size.mean, "low": size.low, "high": size.high}
pd.DataFrame(rows).T.round(1)

# %% [markdown]
# ## What do fans cost?
# Fans tell with more conviction, stay longer and complain usefully; but they may not be the ones
# whom most people listen to. With quotas, each row is the best choice with so many fans among the
# fifty. Where what one row reaches *at most* lies below the *low* of another, the difference is
# proven: fifty fans reach less here than fifty others.

# %%
kind = people.set_index("name")["kind"]  # values by name, in any order
rows = {}
for fans in (0, 25, 40, 50):
    pure = kb.seeding.maximise(
        net, rule, groups=kind, quotas={"fan": fans, "newbie": 50 - fans}, rng=7
    )
    rows[fans] = {**pure.reach._asdict(), "at most": pure.at_most, "proven": pure.ratio}
purity = pd.DataFrame(rows).T.rename_axis("fans of 50")
purity.round(2)

# %% [markdown]
# ## What does a budget buy?
# Now people have prices, and those whom everybody knows are dear. Who is chosen, and how many, is
# left to the search.

# %%
price = people.set_index("name")["price"]
rows, bought = {}, {}
for budget in (500, 1000, 2000, 4000):
    best = kb.seeding.maximise(net, rule, costs=price, budget=budget, rng=7)
    bought[budget] = best
    reach, proven = best.reach, best.ratio
    rows[budget] = {"people": len(best.seeds), **reach._asdict(), "proven": proven}
pd.DataFrame(rows).T.rename_axis("budget").round(2)

# %%
with kb.plots.drawing():
    _, ax = plt.subplots()
    reach = np.array([best.reach for best in bought.values()])
    ax.plot(list(bought), reach[:, 0], marker="o", label="reached")
    ax.fill_between(list(bought), reach[:, 1], reach[:, 2], alpha=0.18, linewidth=0)
    ax.plot(list(bought), [best.at_most for best in bought.values()], "--", label="at most")
    ax.set(title="Reach by budget", xlabel="budget", ylabel="expected reach", ylim=(0, None))
    ax.legend(frameon=False)
    plt.show()

# %% [markdown]
# ## The list, to hand on
# One row a person, best first: the first ten are the choice if there is money for ten only.

# %%
best = bought[2000]
chosen = (
    best.table()
    .merge(people.drop(columns="price"), left_on="seed", right_on="name")
    .drop(columns="name")
)
chosen.to_csv(folder / "seeds.csv", index=False)
chosen.head(8).round(1)

# %% [markdown]
# The same from a shell, with a figure:
#
#     koubei seeds friends.csv --undirected --p 0.07 --rng 7 --people people.csv \
#         --costs price --budget 2000 --out seeds.csv --figure seeds.png
#
# ## What to try next
# - `among=`, `given=`, `audience=`: who may be chosen, who starts anyway, whom it matters to reach.
# - `kb.seeding.fewest(net, rule, 200)`: the other way round, how few reach so many.
# - `IndependentCascade("weighted")`, `LinearThreshold()`: other rules; the answer hangs on them.
# - docs/seeding.md says what is proven, and for which rules nothing is.

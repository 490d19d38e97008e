# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # A graph and people of one's own
#
# Everything runs on your graph and your people: cascades on the bare graph, and the whole model
# with a table that says who is who. Here a small school of classes is made up first, so that the
# notebook needs no data; put your own two files in its place.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import koubei_sim as kb
from koubei_sim.cascades import IndependentCascade, RandomSeeds, Reinforcement

folder = Path(tempfile.mkdtemp())
random = np.random.default_rng(7)
classes, size = 40, 25
n = classes * size
of_class = np.repeat(np.arange(classes), size)
inside = [(u, v) for u in range(n) for v in range(u + 1, n) if of_class[u] == of_class[v]]
inside = [inside[k] for k in np.flatnonzero(random.random(len(inside)) < 0.35)]
across = random.integers(0, n, (600, 2))
ties = pd.DataFrame([*inside, *across.tolist()], columns=["source", "target"])
ties.to_csv(folder / "ties.csv", index=False)
ties.head(3)

# %% [markdown]
# ## From arrays, or from a file
# `Network.from_edges` takes two arrays; `read_network` edge lists, CSV, parquet and GraphML. Ids
# that are names are kept as labels. Ties to oneself are dropped and repeated ones merged, and
# the notes say how many.

# %%
graph = kb.Network.from_edges(ties["source"], ties["target"], n=n, directed=False, name="school")
same = kb.read_network(folder / "ties.csv", directed=False, source="source", target="target", n=n)
print(graph)
print(graph.notes)
print("the same arcs:", bool((same.layer().indices == graph.layer().indices).all()))

# %% [markdown]
# networkx, igraph and scipy graphs can be handed over as they are: `kb.cascade(my_graph, ...)`, or
# `kb.as_network(my_graph)` once, where it is used again and again.

# %% [markdown]
# ## Cascades on it
# One telling is enough (independent cascade), or two are needed (reinforcement), from ten seeds who
# sit in one class, or anywhere.

# %%
one_class = np.flatnonzero(of_class == 0)
seeds = {"one class": RandomSeeds(10, one_class), "anywhere": RandomSeeds(10)}
rules = {"one telling (p = .1)": IndependentCascade(0.1), "two needed": Reinforcement(2)}
with kb.plots.drawing():
    _, axes = plt.subplots(1, 2, figsize=(9.0, 3.8), sharey=True)
    for ax, (what, rule) in zip(axes, rules.items(), strict=True):
        for where, start in seeds.items():
            result = kb.cascade(graph, rule, start, replicates=2000, rng=7)
            sizes = np.sort(result.sizes)
            ax.plot(sizes, 1.0 - np.arange(sizes.size) / sizes.size, label=where)
        ax.set(title=what, xlabel="people reached", xscale="log", xlim=(9, n))
    axes[0].set_ylabel("share of cascades at least so large")
    axes[0].legend(frameon=False)
    plt.show()

# %% [markdown]
# ## People of one's own
# A table with one row a person. Only `segment` is needed; `activity`, `expertise`, `income`,
# `taste` and `channels` are drawn where they are not given.

# %%
people = pd.DataFrame(
    {
        "segment": np.where(random.random(n) < 0.15, "enthusiast", "newbie"),
        "activity": random.lognormal(-0.125, 0.5, n).round(3),
    }
)
people["expertise"] = np.where(
    people["segment"] == "enthusiast", random.beta(6, 2, n), random.beta(2, 6, n)
).round(3)
people.to_csv(folder / "people.csv", index=False)
people.groupby("segment")[["activity", "expertise"]].mean().round(2)

# %% [markdown]
# ## The whole model on both
# A scenario says how people talk; `networks=` says to whom, for the channels you have a graph of
# (here WeChat), and `agents=` who they are. What you do not give is drawn as the scenario says.

# %%
scenario = kb.Scenario.load("tiny").replace(n_agents=n, ticks=180)
own = kb.run(
    scenario, replicates=6, rng=7, networks={"wechat": graph}, agents=folder / "people.csv"
)
drawn = kb.run(scenario, replicates=6, rng=7)
with kb.plots.drawing():
    _, ax = plt.subplots()
    for name, result in {"own graph and people": own, "drawn ones": drawn}.items():
        users = result.data["users"].to_numpy()
        (line,) = ax.plot(users.mean(axis=0), label=name)
        ax.fill_between(
            range(users.shape[1]), users.min(axis=0), users.max(axis=0),
            color=line.get_color(), alpha=0.15, linewidth=0,
        )  # fmt: skip
    ax.set(title="Users: mean and range of six runs", xlabel="day", ylabel="users")
    ax.legend(frameon=False)
    plt.show()

# %% [markdown]
# ## Back to one's own columns
# Agents keep their numbers, so results join with the table again: which classes had adopters, and
# how many? The event log has one line an adoption.

# %%
events = own.events.query("kind == 'adopt' and replicate == 0")
adopters = events.drop_duplicates("agent")["agent"].to_numpy()
by_class = np.bincount(of_class[adopters], minlength=classes)
with kb.plots.drawing():
    _, ax = plt.subplots(figsize=(7.0, 3.0))
    ax.bar(range(classes), np.sort(by_class)[::-1] / size)
    ax.set(title="Adopters by class", xlabel="class, in order", ylabel="share")
    plt.show()

# %% [markdown]
# ## What to try next
# - `kb.read_network("friends.graphml")`, `kb.networks.find_data(...)`: files of your own, or the
#   data sets in the folder that `KOUBEI_DATA` names.
# - `kb.seeding.kshell(graph, 10)`, `degree`, `nomination`, `community`: other seeds of a cascade.
# - `scenario.replace(**{"channels.wechat.network": {"kind": "file", "path": "ties.csv"}})`: the
#   graph in the scenario itself, so that a saved recipe names it.
# - `kb.read_contacts(...)`: ties that have a time.

# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # A mechanism of your own
#
# *People who got a gift tell twice as much for a week.* The library knows no gifts. Here they are
# written as one declaration and two functions, held to what every mechanism of the library is
# held to, and asked what they are worth. [docs/own-mechanisms.md](../docs/own-mechanisms.md) says
# what such a rule may touch.

# %%
import matplotlib.pyplot as plt

import koubei_sim as kb
from koubei_sim.core.codes import USER
from koubei_sim.core.draws import draw32, stream

# %% [markdown]
# ## The rule, twice
# Once to be read, person by person; once to be compiled. Both are written from the sentence above.


# %%
def readable(model, day, own):
    for i, person in enumerate(model.people):
        free = person.stage == USER and day.t > own.until[i]
        if free and model.coins.coin(own.draw_gift, day.t, 0, i) < own.share32:
            own.until[i] = day.t + own.days
            day.row[own.given] += 1
        if day.t <= own.until[i]:
            person.tell16 = person.tell16 * own.gain16 >> 16


def compiled(s, r, own, t, row):
    gift = stream(r.key, r.replicate, own.draw_gift, t, 0)
    for i in range(r.n):
        free = s.stage[i] == USER and t > own.until[i]
        if free and draw32(gift, i) < own.share32:
            own.until[i] = t + own.days
            row[own.given] += 1
        if t <= own.until[i]:
            s.tell16[i] = s.tell16[i] * own.gain16 >> 16


gifts = kb.Mechanism(
    "gifts",
    readable,
    compiled,
    parameters={
        "share": kb.parameter(
            0.02, "users given a gift a day", unit="1/day", neutral=0.0, low=0.0, high=1.0
        ),
        "gain": kb.parameter(2.0, "factor of telling", unit="1", neutral=1.0, low=0.0, high=9.0),
        "days": kb.parameter(7, "days it lasts", unit="days", neutral=None, low=1, high=99),
    },
    people={"until": ("int32", -1)},
    columns={"given": "gifts handed out"},
    draws=("gift",),
    description="users get gifts, and tell more for some days",
)

# %% [markdown]
# ## Is it what it says?
# Twenty small random worlds on both engines, at the neutral value, with one more person, on one,
# two and three threads. A wrong line in either function ends here, with the first day that differs.

# %%
kb.check_mechanism(gifts)

# %% [markdown]
# ## What are gifts worth?
# The same random numbers with and without them: twenty pairs of worlds, each pair alike but for the
# gifts.

# %%
scenario = kb.Scenario.load("tiny").with_mechanisms(gifts)
arms = {"no gifts": scenario.neutral("gifts"), "gifts": scenario}
found = kb.compare(arms, replicates=20, rng=7)
found.table().loc[["users", "adoptions", "loyal"], ["no gifts", "gifts", "effect", "low", "high"]]

# %%
swept = kb.sweep(scenario, {"gifts.share": [0.0, 0.02, 0.05, 0.1, 0.2]}, replicates=20, rng=7)
curve = swept.summary("adoptions")
with kb.plots.drawing():
    _, ax = plt.subplots(figsize=(7, 3.6))
    ax.fill_between(curve["gifts.share"], curve["low"], curve["high"], alpha=0.25, linewidth=0)
    ax.plot(curve["gifts.share"], curve["estimate"], marker="o")
    ax.set(title="Runs that took off, with 95 % intervals", ylabel="adoptions in 120 days")
    ax.set(xlabel="share of users given a gift a day")
    plt.show()

# %% [markdown]
# The world of this preset is small and half of it adopts: what gifts bring forward, others would
# have brought in part a little later. That they tell twice as much is an *assumption* put in by
# hand; what comes out is what it would be worth if it were so.

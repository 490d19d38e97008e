# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # Quick start: from a hundred users to a pyramid
#
# A scenario says who the people are, where they talk and what they can join. `run` plays it;
# the result keeps every day and every recruitment. Sizes here are small, so the notebook runs in
# seconds; use the preset `xiaomi` for the full market of one million.

# %%
import koubei_sim as kb

scenario = kb.Scenario.load("tiny")
result = kb.run(scenario, replicates=8, rng=7)
result

# %% [markdown]
# ## The pyramid over time

# %%
_ = kb.plots.pyramid(result)
# %%
result.pyramid(every="quarter")

# %% [markdown]
# ## Who recruited whom
# The event log has one line per adoption, with recruiter, channel and generation.

# %%
result.events.query("kind == 'adopt'").groupby("channel", observed=True).size()

# %%
_ = kb.plots.forest(result)
# %% [markdown]
# ## The same luck, other seeds
# Draws are addressed, so two scenarios share all the luck that they have in common: the
# difference below is due to the purity of the seeds and nothing else.

# %%
mixed = kb.run(scenario.replace(**{"seeding.purity": 0.3}), replicates=8, rng=7)
users = [r.data["users"].isel(tick=-1).to_numpy() for r in (result, mixed)]
(users[1] - users[0]).tolist()

# %% [markdown]
# ## What to try next
# - `print(scenario.describe())`: the scenario in plain words; `koubei params` lists every number
#   with its provenance.
# - `scenario.neutral("events", "rival")`: the same world without two of its mechanisms.
# - `kb.run("xiaomi", replicates=4, rng=1, threads=2)`: the full market, a minute.

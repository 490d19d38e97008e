# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # Calibration: the MIUI curve
#
# Six announced counts of MIUI users. A model with three free parameters sees those up to the end of
# 2013 and says what comes next; so do plain curves. The market here is 4,000 simulated people
# who stand for 125,000 each, so this takes seconds and its numbers are rough; `experiments/E12` is
# the same at a size that means something.

# %%
import koubei_sim as kb
from koubei_sim.studies.calibration import Targets, calibrate

dates = ["2012-12-15", "2013-07-01", "2013-12-15", "2014-05-15", "2014-06-30", "2015-02-13"]
users = [10e6, 20e6, 30e6, 50e6, 60e6, 100e6]
curve = Targets.series(dates, users, name="MIUI users", hold_out_after="2013-12-31")

scenario = kb.Scenario.load("xiaomi").replace(
    n_agents=4_000,
    people_per_agent=125_000,
    start_date="2011-08-16",  # the first phone
    ticks=1_278,  # to 2015-02-13
    **{
        "supply.enabled": False,
        "market.open_to_all": 0,
        "channels.wechat.opens_at": 0,
        "media.company_account.start": 0,
    },
)
ranges = {
    "seeding.number": (125_000, 2_500_000, "log"),  # people in use on that day
    "channels.forum.persuasion": (0.001, 0.17, "log"),
    "hearing.memory_half_life": (20, 800, "log"),
}
fit = calibrate(
    scenario,
    curve,
    ranges,
    particles=30,
    simulations=150,
    rng=20100816,
    baseline_start=("2010-08-16", 100),  # a point before the run, shown to the curves only
    wave_gap=727,  # days from the first phone to the first cheap one
)
_ = kb.plots.posterior_predictive(fit, number=40)

# %%
_ = kb.plots.marginals(fit)

# %% [markdown]
# ## What is known of the parameters
# `contraction` near 0: the counts say nothing about it. A correlation near 1 or -1: only a
# combination of two is known. Three counts cannot settle three parameters, and the report says so.

# %%
fit.identifiability()

# %%
fit.table()

# %% [markdown]
# ## The points that were held out
# Best first, whoever wins. A curve that needs more parameters than there are points is not fitted.
# The model stands there twice: the accepted runs continued, and new runs with fresh luck.

# %%
fit.holdout(40)[["title", "parameters", "points", "error", "percent", "coverage", "note"]]

# %%
fit.scorecard(40)

# %% [markdown]
# ## What to try next
# - Another free parameter in place of one of these: any path of `koubei params` can stand in
#   `ranges`; see whether `identifiability()` likes it better.
# - `method="optuna"`: one best point instead of a posterior, quicker and without intervals.
# - `rank_statistics(scenario, curve, ranges)`: whether such a fit finds parameters that are known.
# - `python experiments/E12/run.py`: the same with 25,000 people, and its verdict.

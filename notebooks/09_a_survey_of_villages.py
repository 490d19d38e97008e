# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # A survey of villages
#
# A thousand people in 25 villages were asked three things: *With whom do you talk about such
# matters? How long did you go to school? When did you begin?* Did they win each other, and how
# much of what happened was talk?
#
# The survey is made up in the next cell, so at the end we can look at the truth. Do not read that
# cell closely now: a real survey comes without it. If the real survey of Korean villages (Rogers
# and Kincaid 1981) lies in your data folder, the last section asks it the same.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import koubei_sim as kb

VILLAGES, SIZE, YEARS = 25, 40, 10
n = VILLAGES * SIZE
village = np.repeat(np.arange(VILLAGES), SIZE)
NEWS = [0.010, 0.015, 0.025, 0.040, 0.040, 0.050, 0.040, 0.050, 0.040, 0.030]


def people_and_ties(random):
    """Names, schooling, and whom each named: lively people, and people of like schooling."""
    mean = random.normal(6.0, 1.0, VILLAGES)[village]
    school = np.clip(np.round(random.normal(mean, 2.5)), 0, 12)
    lively = random.lognormal(0.0, 0.6, n)
    pairs = []
    for i in range(n):
        near = np.setdiff1d(np.flatnonzero(village == village[i]), [i])
        weight = lively[near] * np.exp(-0.4 * np.abs(school[near] - school[i]))
        size = min(1 + random.poisson(3), 8)
        chosen = random.choice(near, size, replace=False, p=weight / weight.sum())
        pairs += [(i, j) for j in chosen]
    return school, np.array(pairs)


def live(school, pairs, talk, patience):
    """Years of adoption; `patience` is each person's own, so worlds can be lived again."""
    asks, asked = pairs.T
    named = np.bincount(asks, minlength=n)
    known = np.log1p(named + np.bincount(asked, minlength=n))
    factor = np.exp(0.12 * (school - school.mean()) + 0.4 * (known - known.mean()))
    year, met = np.full(n, np.nan), np.zeros(n)
    for t in range(1, YEARS + 1):
        share = np.bincount(asks, year[asked] < t, n) / named
        met += factor * (NEWS[t - 1] + talk * share)
        year[np.isnan(year) & (met > patience)] = t
    return year


random = np.random.default_rng(1969)
school, pairs = people_and_ties(random)
patience = random.exponential(size=n)
TALK = 0.10
year = live(school, pairs, TALK, patience)

# %% [markdown]
# ## 1. Two files
# One line a person, one line a name that was given. Who had not begun has an empty year: that
# is an answer, not a gap. `A names B` means that B's word reaches A.

# %%
folder = Path(tempfile.mkdtemp())
name = np.array([f"v{v:02d}-{k:02d}" for v in range(VILLAGES) for k in range(SIZE)])
people = pd.DataFrame({"name": name, "village": village, "school": school, "year": year})
people["year"] = people["year"].astype("Int64")
people.to_csv(folder / "people.csv", index=False)
names = pd.DataFrame({"asks": name[pairs[:, 0]], "asked": name[pairs[:, 1]]})
names.to_csv(folder / "names.csv", index=False)
people.sample(4, random_state=1)

# %%
d = kb.read_diffusion(
    folder / "names.csv",
    folder / "people.csv",
    source="asks",
    target="asked",
    direction="names",
    time="year",
    start=1,
    until=YEARS,
    groups="village",
    covariates=["school"],
)
d

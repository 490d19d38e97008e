"""Worlds with known truth for estimates of contagion, and the plainest estimator of them.

People whose traits are alike name each other, a trait moves adoption, and word of mouth may or may
not act: whoever looks at such a world knows what an estimator should say.  Here too are the table
of person-periods (who had adopted before whom), a binary regression by Fisher's scoring, and the
files of two classic studies.  These are tools of replications, on purpose without the estimators
of the library: what is replicated should not be judged by the code that it tests.
Called by `thresholds`, `latent_homophily`, `matched_peers` and `shuffle_test`.
"""

from __future__ import annotations

import gzip
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import ndtri

from koubei_sim.cascades import Bass, cascade
from koubei_sim.core.draws import units_drawn
from koubei_sim.networks import Network, find_data

FloatArray = NDArray[np.float64]

#: Purposes of the draws of this file, after those of `graphs`.
FRIEND: Final = 304  # tick 0 is the tie of one's own kind, 1 with whom; i = person * ties + tie
PROXY: Final = 305  # noise of a measured trait; i = person


class World(NamedTuple):
    """People, whom they name, and the trait that they share with those."""

    network: Network  # arcs run from the person named to the one who named: the word goes that way
    listens: sparse.csr_array  # (n, n): row i holds 1 / (people named by i) for each of them
    trait: FloatArray  # (n,): mean 0, standard deviation 1


def homophilous(
    n: int, ties: int, own: float, key: int, replicate: int = 0, keener: float = 0.0
) -> World:
    """Draw a world in which a share of the ties goes to people of nearly the same trait.

    People are numbered in the order of their trait, normal quantiles, so nothing about the trait is
    left to luck.  A tie of one's own kind goes to one of the 2 n / 50 people nearest in rank, the
    others go to anybody; a tie drawn twice counts once.

    Parameters
    ----------
    n, ties : int
        People; people that each of them names, at most.
    own : float
        Chance that a tie stays among its own kind, 0..1.
    key, replicate : int
    keener : float
        Standard normal units by which those of one's own kind who are named lie above oneself.

    Examples
    --------
    >>> world = homophilous(1000, 8, 0.6, key=1)
    >>> friends = world.listens @ world.trait
    >>> bool(np.corrcoef(world.trait, friends)[0, 1] > 0.7)
    True
    """
    trait = ndtri((np.arange(n) + 0.5) / n)
    person = np.repeat(np.arange(n), ties)
    own_kind = units_drawn(n * ties, key, FRIEND, replicate, 0) < own
    where = units_drawn(n * ties, key, FRIEND, replicate, 1)
    centre = np.searchsorted(trait, trait[person] + keener)
    near = centre + np.rint((2.0 * where - 1.0) * (n / 50)).astype(np.int64)
    near = np.where(near < 0, -near, near)
    near = np.where(near >= n, 2 * (n - 1) - near, near).clip(0, n - 1)
    friend = np.where(own_kind, near, (where * n).astype(np.int64))
    pairs = np.unique(person * n + friend)
    who, named = pairs // n, pairs % n
    who, named = who[who != named], named[who != named]
    return World(Network.from_edges(named, who, n=n), shares(who, named, n), trait)


def shares(who: NDArray[Any], named: NDArray[Any], n: int) -> sparse.csr_array:
    """Return the (n, n) matrix whose row i gives each person that i named the same weight."""
    count = np.bincount(who, minlength=n)
    return sparse.csr_array((1.0 / count[who], (who, named)), shape=(n, n))


def adopted(
    world: World, p: FloatArray, q: float, periods: int, key: int, replicate: int
) -> FloatArray:
    """Return the period in which each person adopts, (n,), infinite where never.

    The hazard of a period is ``1 - exp(-(p + q share))``, `share` of those named who had adopted
    before it: Bass by ticks.  Two runs of one key and replicate share the luck of everybody.
    """
    result = cascade(
        world.network,
        Bass(p, q, dt=1.0),
        [],
        1,
        key,
        first=replicate,
        record="times",
        horizon=float(periods),
        threads=1,
    )
    assert result.outcome.times is not None
    times = result.outcome.times[0].astype(np.float64)
    return np.where(np.isnan(times), np.inf, times)


def exposures(listens: sparse.csr_array, times: FloatArray, periods: int) -> FloatArray:
    """Return the share of those named who had adopted before each period 1 .. T, (T, n)."""
    before = times[None, :] < np.arange(1, periods + 1)[:, None]
    return np.asarray((listens @ before.T.astype(np.float64)).T)


class Panel(NamedTuple):
    """One row for each person and period in which the person had not adopted before."""

    person: NDArray[np.int64]
    period: NDArray[np.int64]  # 1 .. T
    adopts: FloatArray  # 1 in the period of adoption, else 0
    exposure: FloatArray  # share of those named who had adopted before


def panel(listens: sparse.csr_array, times: FloatArray, periods: int) -> Panel:
    """Return the person-periods of a diffusion.

    Examples
    --------
    >>> one_names_other = shares(np.array([0]), np.array([1]), 2)
    >>> rows = panel(one_names_other, np.array([2.0, 1.0]), 3)
    >>> rows.person.tolist(), rows.period.tolist(), rows.exposure.tolist()
    ([0, 1, 0], [1, 1, 2], [0.0, 0.0, 1.0])
    """
    seen = exposures(listens, times, periods)
    period, person = np.nonzero(times[None, :] >= np.arange(1, periods + 1)[:, None])
    adopts = (times[person] == period + 1).astype(np.float64)
    return Panel(person, period + 1, adopts, seen[period, person])


def calendar(period: NDArray[np.int64]) -> FloatArray:
    """Return a column of 0 and 1 for each period that occurs: an intercept of its own."""
    return (period[:, None] == np.unique(period)[None, :]).astype(np.float64)


class Coefficients(NamedTuple):
    """Estimates of a binary regression, by maximum likelihood."""

    value: FloatArray  # (k,)
    error: FloatArray  # (k,) standard errors, from Fisher's information
    deviance: float


def regression(columns: FloatArray, outcome: FloatArray, link: str = "cloglog") -> Coefficients:
    """Fit P(outcome = 1) to columns by Fisher's scoring.

    Parameters
    ----------
    columns : (rows, k) array
    outcome : (rows,) array of 0 and 1
    link : {"cloglog", "logit"}
        ``log(-log(1 - P))``, the law of hazards that act at any time within a period, or the logit.

    Examples
    --------
    >>> heads = np.array([1.0, 1.0, 1.0, 0.0])
    >>> fit = regression(np.ones((4, 1)), heads, "logit")
    >>> round(float(fit.value[0]), 6), round(float(np.log(3.0)), 6)
    (1.098612, 1.098612)
    """
    mean = float(np.clip(outcome.mean(), 1e-6, 1.0 - 1e-6))
    level = np.log(-np.log1p(-mean)) if link == "cloglog" else np.log(mean / (1.0 - mean))
    # From the same chance for everybody: exact where some columns add up to one.
    value = np.linalg.solve(columns.T @ columns, columns.T @ np.full(outcome.size, level))
    for _ in range(60):
        linear = np.clip(columns @ value, -30.0, 5.0 if link == "cloglog" else 30.0)
        if link == "cloglog":
            rate = np.exp(linear)
            chance = -np.expm1(-rate)
            slope = rate * np.exp(-rate)
        else:
            chance = 1.0 / (1.0 + np.exp(-linear))
            slope = chance * (1.0 - chance)
        variance = np.maximum(chance * (1.0 - chance), 1e-12)
        information = (columns * (slope**2 / variance)[:, None]).T @ columns
        step = np.linalg.solve(information, columns.T @ (slope * (outcome - chance) / variance))
        value = value + step
        if np.abs(step).max() < 1e-8:
            break
    right = np.where(outcome > 0.0, chance, 1.0 - chance)
    deviance = -2.0 * float(np.log(np.maximum(right, 1e-300)).sum())
    return Coefficients(value, np.sqrt(np.diag(np.linalg.inv(information))), deviance)


def measured(trait: FloatArray, quality: float, key: int, replicate: int) -> FloatArray:
    """Return a noisy measure of a trait whose correlation with it is `quality`."""
    noise = ndtri(units_drawn(trait.size, key, PROXY, replicate))
    return quality * trait + np.sqrt(1.0 - quality**2) * noise


class Study(NamedTuple):
    """Who named whom and when they adopted, from a file."""

    listens: sparse.csr_array  # (n, n)
    times: NDArray[np.int64]  # (n,); the last period stands for those who never did
    censored: NDArray[np.bool_]  # (n,): had not adopted when the study ended
    group: NDArray[np.int64]  # (n,): city or village
    identity: NDArray[np.int64]  # (n,): number of the source, 1000 * group + person


def study(name: str, group: str) -> Study:
    """Read one of the two classic studies.

    In the file of the Korean villages the numbers of the women stand in the order of text (10002
    before 1002), their villages, times and censoring in the order of numbers; both orders are laid
    together here.  Where the two orders agree, as in the other file, nothing moves.

    Raises
    ------
    KoubeiError
        When a file is in none of the places where data is looked for.
    """
    edges_path, table_path = find_data(f"{name}.edges.gz"), find_data(f"{name}_adoption.csv")
    with gzip.open(edges_path, "rt", encoding="utf-8") as file:
        edges = np.loadtxt(file, dtype=np.int64, comments="#")
    table = pd.read_csv(table_path)
    identity = table["original_id"].to_numpy(np.int64)
    place = np.argsort(identity, kind="stable")
    columns = []
    for column in ("adoption_time", "censored", group):
        laid = np.empty(identity.size, np.int64)
        laid[place] = table[column].to_numpy().astype(np.int64)
        columns.append(laid)
    times, censored, groups = columns
    listens = shares(edges[:, 0], edges[:, 1], identity.size)
    return Study(listens, times, censored.astype(bool), groups, identity)

"""Synthetic likelihood: replicates say how statistics vary, a walk finds what is likely.

At each point the statistics of many replicates give a mean and a covariance, and what was observed
is as likely as the normal law with these says (Wood 2010).  Chains walk in shares of the prior,
turned back at its ends; each keeps the likelihood that it found where it stands.  Statistics are on
the scale of the targets (logarithms where they say ``log``); tolerances are not used but to keep
the covariance from being singular.  Called by `rule_fit`.

References
----------
Wood, S. N. (2010), Statistical inference for noisy nonlinear ecological dynamic systems, Nature
466, 1102-1104.
Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and Bürkner, P.-C. (2021), Rank-normalization,
folding, and localization: an improved R-hat, Bayesian Analysis 16, 667-718 (split chains).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.studies.calibration import luck

FloatArray = NDArray[np.float64]

#: Generations of the draws: those of the pilot, those of the walk.
PILOT, WALK = 0, 1
SMALLEST: Final = 1e-3  # of a tolerance: sd below which a statistic counts as constant


class Walked(NamedTuple):
    """What chains found.

    Attributes
    ----------
    shares : array, shape [steps, chains, parameters]
    loglik : array, shape [steps, chains]
    means : array, shape [steps, chains, targets]
        Mean statistics where each chain stands.
    luck : array of int, shape [steps, chains]
        Which luck each had.
    accepted : float
        Share of steps after the warm-up that were taken.
    simulated : int
        Points simulated in all.
    warm : int
        Steps that are left out.
    """

    shares: FloatArray
    loglik: FloatArray
    means: FloatArray
    luck: NDArray[np.int64]
    accepted: float
    simulated: int
    warm: int

    def rhat(self) -> FloatArray:
        """Return the split R-hat of each parameter: near 1 where the chains agree."""
        kept = self.shares[self.warm :]
        half = kept.shape[0] // 2
        if half < 2:
            return np.full(kept.shape[2], np.nan)
        parts = np.concatenate([kept[:half], kept[half : 2 * half]], axis=1)
        within = parts.var(axis=0, ddof=1).mean(axis=0)
        between = parts.mean(axis=0).var(axis=0, ddof=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.sqrt((half - 1) / half + between / within))


#: From shares of some points, a name and the number of the first luck to statistics on the scale of
#: the targets, [points, replicates, targets].
Scaled = Callable[[FloatArray, str, int], FloatArray]


def log_likelihood(scaled: FloatArray, observed: FloatArray, units: FloatArray) -> FloatArray:
    """Return the synthetic log-likelihood of points, shape [points]; -inf where a run failed.

    Parameters
    ----------
    scaled : array, shape [points, replicates, targets]
    observed : array, shape [targets]
    units : array, shape [targets]
        Tolerances on the same scale.

    Examples
    --------
    >>> runs = np.array([[[0.0], [2.0]]])  # mean 1, variance 2
    >>> log_likelihood(runs, np.array([1.0]), np.array([1e-9])).round(3).tolist()
    [-1.266]
    """
    found = np.full(scaled.shape[0], -np.inf)
    for k, runs in enumerate(scaled):
        if not np.isfinite(runs).all():
            continue
        centred = runs - runs.mean(axis=0)
        covariance = centred.T @ centred / (runs.shape[0] - 1)
        covariance[np.diag_indices_from(covariance)] += (SMALLEST * units) ** 2
        gap = observed - runs.mean(axis=0)
        root = np.linalg.cholesky(covariance)
        standard = np.linalg.solve(root, gap)
        found[k] = -0.5 * (standard @ standard) - np.log(np.diag(root)).sum()
        found[k] -= 0.5 * gap.size * np.log(2.0 * np.pi)
    return found


def walk(
    simulate: Scaled,
    observed: FloatArray,
    units: FloatArray,
    wide: int,
    key: int,
    sizes: tuple[int, int, int],
) -> Walked:
    """Walk with some chains from the better part of a pilot.

    Parameters
    ----------
    simulate : callable
    observed, units : array, shape [targets]
    wide : int
        Number of parameters.
    key : int
    sizes : (int, int, int)
        Points of the pilot, chains, steps; the first third of the steps is the warm-up, in which
        the proposal is fitted.

    Raises
    ------
    KoubeiError
        When no point of the pilot gives a likelihood.
    """
    pilot, chains, steps = sizes
    shares = luck.square(key, luck.DRAW_PRIOR, PILOT, 0, pilot, wide)
    runs = simulate(shares, "pilot", 0)
    loglik = log_likelihood(runs, observed, units)
    if not np.isfinite(loglik).any():
        raise KoubeiError(
            "fit_rule", "no draw of the prior gives finite statistics", got=f"0 of {pilot}",
            fix="other ranges, or log=False",
        )  # fmt: skip
    weights = _tempered(loglik, min(3.0 * wide + 3.0, pilot / 2.0))
    starts = luck.evenly(weights, chains, float(luck.shares(key, luck.DRAW_PARENT, 0, 0, 1)[0]))
    now, here = shares[starts], loglik[starts]
    means = runs.mean(axis=1)[starts]
    had = starts.astype(np.int64)
    root = _root(shares, weights)
    kept: list[tuple[FloatArray, FloatArray, FloatArray, NDArray[np.int64]]] = []
    taken = counted = 0
    warm = steps // 3
    for step in range(steps):
        if step and step <= warm and step % 20 == 0:
            # Of all chains, the second half of what they have walked.
            past = np.concatenate([one[0] for one in kept[len(kept) // 2 :]])
            root = _root(past, np.full(past.shape[0], 1.0 / past.shape[0]))
        proposed = _moved(now, root, key, step)
        place = pilot + step * chains
        runs = simulate(proposed, f"walk-{step:05d}", place)
        there = log_likelihood(runs, observed, units)
        dice = luck.shares(key, luck.DRAW_PARENT, WALK, step, chains)
        go = np.log(dice) < there - here
        now = np.where(go[:, None], proposed, now)
        here = np.where(go, there, here)
        means = np.where(go[:, None], runs.mean(axis=1), means)
        had = np.where(go, place + np.arange(chains), had)
        kept.append((now, here, means, had))
        if step >= warm:
            taken, counted = taken + int(go.sum()), counted + chains
    columns = [np.stack(part) for part in zip(*kept, strict=True)]
    return Walked(
        columns[0], columns[1], columns[2], columns[3], taken / max(counted, 1),
        pilot + steps * chains, warm,
    )  # fmt: skip


def _tempered(loglik: FloatArray, wanted: float) -> FloatArray:
    """Return weights ``exp(loglik * t)`` with the largest t <= 1 that leaves enough points."""
    top = loglik - loglik[np.isfinite(loglik)].max()

    def weights(t: float) -> FloatArray:
        found = np.where(np.isfinite(top), np.exp(np.maximum(t * top, -700.0)), 0.0)
        return np.asarray(found / found.sum())

    low, high = 0.0, 1.0
    if 1.0 / np.sum(weights(1.0) ** 2) >= wanted:
        return weights(1.0)
    for _ in range(60):
        middle = 0.5 * (low + high)
        if 1.0 / np.sum(weights(middle) ** 2) >= wanted:
            low = middle
        else:
            high = middle
    return weights(low)


def _root(shares: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the root of the covariance of proposals: 2.38**2 / d times that of the points."""
    centred = shares - weights @ shares
    covariance = (2.38**2 / shares.shape[1]) * (centred * weights[:, None]).T @ centred
    covariance[np.diag_indices_from(covariance)] += 1e-8
    return np.asarray(np.linalg.cholesky(covariance))


def _moved(now: FloatArray, root: FloatArray, key: int, step: int) -> FloatArray:
    """Return normal steps, turned back at the ends of the cube, so that they are symmetric."""
    from scipy.special import ndtri

    steps = ndtri(luck.square(key, luck.DRAW_STEP, WALK, step, *now.shape)) @ root.T
    folded = np.mod(now + steps, 2.0)
    return np.clip(np.where(folded > 1.0, 2.0 - folded, folded), 1e-12, 1.0 - 1e-12)

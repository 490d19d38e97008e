"""Approximate Bayesian computation: rejection, sequential Monte Carlo, regression adjustment.

All of it works in *shares*: parameter d of a particle is the share u_d in (0, 1) of its prior that
lies below it, so the prior is uniform on the unit cube, whatever the ranges are.  A simulator is
any function from shares to gaps (differences to the observed numbers in tolerances); this module
knows neither scenarios nor disks.  Called by `calibrate` and `ranks`.

References
----------
[1] Toni, T., Welch, D., Strelkowa, N., Ipsen, A. and Stumpf, M. P. H. (2009), Approximate Bayesian
computation scheme for parameter inference and model selection in dynamical systems, Journal of the
Royal Society Interface 6, 187-202.
[2] Beaumont, M. A., Cornuet, J.-M., Marin, J.-M. and Robert, C. P. (2009), Adaptive approximate
Bayesian computation, Biometrika 96, 983-990 (the kernel: twice the weighted covariance).
[3] Beaumont, M. A., Zhang, W. and Balding, D. J. (2002), Approximate Bayesian computation in
population genetics, Genetics 162, 2025-2035 (the regression).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.studies.calibration import luck

FloatArray = NDArray[np.float64]


class Batch(NamedTuple):
    """What is to be simulated: who, in which generation and turn, with which luck.

    `shares` has shape [particles, parameters]; particle i has replicates of its own that no other
    particle of the calibration has: the first is ``first_luck + i`` (times replicates).
    """

    shares: FloatArray
    generation: int
    turn: int
    first_luck: int


#: From a batch to gaps in tolerances, shape [particles, targets]; not finite where it failed.
Simulator = Callable[[Batch], FloatArray]
#: From gaps to distances, shape [particles]; inf where a gap is not finite.
Distance = Callable[[FloatArray], FloatArray]


class Particles(NamedTuple):
    """A weighted sample of the posterior.

    Attributes
    ----------
    shares : array, shape [particles, parameters]
    weights : array, shape [particles]
        Adding up to 1.
    gaps : array, shape [particles, targets]
    distances : array, shape [particles]
    tolerance : float
        Distance up to which particles were accepted.
    generation : int
    simulated : int
        Simulations so far, this generation included.
    luck : array of int, shape [particles]
        Which luck each had (`Batch`): with it the run of a particle can be continued.
    """

    shares: FloatArray
    weights: FloatArray
    gaps: FloatArray
    distances: FloatArray
    tolerance: float
    generation: int
    simulated: int
    luck: NDArray[np.int64]

    @property
    def effective(self) -> float:
        """Effective sample size, ``1 / sum(w**2)`` (Kish 1965)."""
        return float(1.0 / np.sum(self.weights**2))


def rejection(
    simulate: Simulator, distance: Distance, wide: int, key: int, number: int, keep: int
) -> Particles:
    """Simulate `number` draws of the prior and keep the `keep` nearest.

    Parameters
    ----------
    simulate, distance : callable
    wide : int
        Number of parameters.
    key : int
    number, keep : int

    Returns
    -------
    Particles
        With equal weights, nearest first.

    Raises
    ------
    KoubeiError
        When fewer than `keep` simulations gave finite numbers.
    """
    shares = luck.square(key, luck.DRAW_PRIOR, 0, 0, number, wide)
    gaps = simulate(Batch(shares, 0, 0, 0))
    return nearest_of(shares, gaps, distance(gaps), keep)


def nearest_of(shares: FloatArray, gaps: FloatArray, found: FloatArray, keep: int) -> Particles:
    """Return the `keep` particles with the smallest distances (ties: the earlier one)."""
    order = np.argsort(found, kind="stable")[:keep]
    if order.size < keep or not np.isfinite(found[order[-1]]):
        usable = int(np.isfinite(found).sum())
        raise KoubeiError(
            "calibrate",
            "too few simulations give finite distances",
            got=f"{usable} of {found.size}",
            allowed=f"at least {keep}",
            fix="other ranges",
        )
    weights = np.full(keep, 1.0 / keep)
    limit = float(found[order[-1]])
    return Particles(shares[order], weights, gaps[order], found[order], limit, 0, found.size, order)


def sequential(
    simulate: Simulator,
    distance: Distance,
    wide: int,
    key: int,
    number: int,
    generations: int = 4,
    quantile: float = 0.5,
    goal: float = 0.0,
    most: int = 100_000,
    first: int = 2,
) -> list[Particles]:
    """Sequential Monte Carlo [1] with the adaptive kernel of [2] and falling tolerances.

    Generation 0 keeps the nearest `number` of ``first * number`` draws of the prior.  Each later
    one draws parents by weight, moves them by a normal step whose covariance is twice the weighted
    covariance of the generation before, and accepts what is within the `quantile` of the distances
    before; weights are ``1 / sum_j w_j K(u | u_j)``, the prior being uniform.

    Parameters
    ----------
    simulate, distance, wide, key : see `rejection`
    number : int
        Particles of each generation.
    generations : int
        At most so many.
    quantile : float
        Of the distances of a generation: the tolerance of the next.
    goal : float
        Stop once the tolerance is no larger.
    most : int
        Simulations in all; a last generation that is cut short is kept where it has at least
        half of its particles.
    first : int
        Draws of the prior for each particle of generation 0.

    Returns
    -------
    list of Particles
        All generations; the last is the posterior.
    """
    now = rejection(simulate, distance, wide, key, first * number, number)
    found = [now]
    while len(found) < generations and now.tolerance > goal:
        limit = max(float(np.quantile(now.distances, quantile)), goal)
        after = _next(simulate, distance, key, now, limit, most)
        if after is None:
            break
        found.append(after)
        now = after
        if now.simulated >= most:
            break
    return found


def _next(
    simulate: Simulator, distance: Distance, key: int, before: Particles, limit: float, most: int
) -> Particles | None:
    """Make one generation; None where the simulations left do not give half of it."""
    number = before.shares.shape[0]
    generation, simulated = before.generation + 1, before.simulated
    root = _kernel(before)
    kept: list[tuple[Any, ...]] = []
    accepted = tried = turn = 0
    while accepted < number:
        # Enough for what is missing at the rate so far; whatever the number, particles keep
        # their addresses, and only the order of proposals decides who is kept.
        rate = max(accepted / tried, 0.05) if tried else 0.5
        wanted = min(int((number - accepted) / rate * 1.1) + 8, 4 * number, most - simulated)
        if wanted <= 0:
            break
        shares = propose(before, root, key, generation, turn, wanted)
        gaps = simulate(Batch(shares, generation, turn, simulated))
        places = simulated + np.arange(wanted)
        simulated, tried, turn = simulated + wanted, tried + wanted, turn + 1
        distances = distance(gaps)
        good = distances <= limit
        accepted += int(good.sum())
        kept.append((shares[good], gaps[good], distances[good], places[good]))
    # Those accepted before the simulations ran out are a sample too, only a smaller one.
    if 2 * accepted < number:
        return None
    parts = [np.concatenate(part)[:number] for part in zip(*kept)]
    weights = _weights(parts[0], before, root)
    return Particles(parts[0], weights, parts[1], parts[2], limit, generation, simulated, parts[3])


def _kernel(before: Particles) -> FloatArray:
    """Return the lower triangular root of twice the weighted covariance [2]."""
    centred = before.shares - before.weights @ before.shares
    covariance = 2.0 * (centred * before.weights[:, None]).T @ centred
    # A parameter on which all particles agree still moves a little.
    covariance[np.diag_indices_from(covariance)] += 1e-10
    return np.asarray(np.linalg.cholesky(covariance))


def propose(
    before: Particles, root: FloatArray, key: int, generation: int, turn: int, number: int
) -> FloatArray:
    """Return `number` moved particles inside the unit cube, shape [number, parameters].

    One that leaves the cube is drawn again, parent and step; the density of proposals is then that
    of the mixture cut to the cube, whose constant falls out of the weights.
    """
    from scipy.special import ndtri

    wide = before.shares.shape[1]
    found = np.empty((number, wide))
    missing = np.arange(number)
    attempt = 0
    while missing.size:
        place = 64 * turn + attempt  # an address of its own for each attempt
        parents = luck.shares(key, luck.DRAW_PARENT, generation, place, number)[missing]
        steps = luck.square(key, luck.DRAW_STEP, generation, place, number, wide)[missing]
        chosen = before.shares[luck.picked(before.weights, parents)]
        moved = chosen + ndtri(steps) @ root.T
        found[missing] = moved
        outside = ((moved <= 0.0) | (moved >= 1.0)).any(axis=1)
        missing = missing[outside]
        attempt += 1
        if attempt == 63:  # a kernel far wider than the cube: take the parents as they are
            found[missing] = chosen[outside]
            break
    return found


def _weights(shares: FloatArray, before: Particles, root: FloatArray) -> FloatArray:
    """Return ``1 / sum_j w_j K(u_i | u_j)``, adding up to 1."""
    from scipy.linalg import solve_triangular

    placed = solve_triangular(root, shares.T, lower=True).T
    centres = solve_triangular(root, before.shares.T, lower=True).T
    squares = ((placed[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
    density = np.exp(-0.5 * squares) @ before.weights
    weights = 1.0 / np.maximum(density, 1e-300)
    return np.asarray(weights / weights.sum())


def adjusted(particles: Particles) -> Particles:
    """Move particles to where they would be had they met the targets exactly [3].

    Local linear regression of the logits of the shares on the gaps, with Epanechnikov weights
    ``1 - (distance / largest)**2``; logits keep the particles inside the prior.  Left as they
    are where there are too few particles for the regression (fewer than twice its coefficients),
    and where it would move the mean of a parameter beyond all particles: with targets that
    no particle meets it extrapolates, at worst to the ends of the prior.
    """
    gaps = particles.gaps
    number, targets = gaps.shape
    if number < 2 * (targets + 1):
        return particles
    scale = float(particles.distances.max())
    kernel = 1.0 - (particles.distances / scale) ** 2 if scale > 0 else np.ones(number)
    weights = particles.weights * kernel
    if weights.sum() <= 0 or 1.0 / np.sum((weights / weights.sum()) ** 2) < targets + 2:
        return particles
    weights = weights / weights.sum()
    inner = np.clip(particles.shares, 1e-12, 1.0 - 1e-12)
    logits = np.log(inner / (1.0 - inner))
    terms = np.column_stack([np.ones(number), gaps])
    root = np.sqrt(weights)[:, None]
    slopes = np.linalg.lstsq(terms * root, logits * root, rcond=1e-10)[0][1:]
    moved = logits - gaps @ slopes
    middle = weights @ moved
    if ((middle < logits.min(axis=0)) | (middle > logits.max(axis=0))).any():
        return particles  # the targets lie so far off that the line leaves all that was tried
    shares = 1.0 / (1.0 + np.exp(-moved))
    return particles._replace(shares=np.clip(shares, 1e-12, 1.0 - 1e-12), weights=weights)

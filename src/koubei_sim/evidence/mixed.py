"""Random effects of groups: a fit in which groups differ for reasons that no term knows.

``h_i(t) = 1 - exp(-exp(x'c + u_g) (a(t) + sum b z))`` with ``u_g`` normal, mean 0; in links u_g
stands in the sum.  The likelihood of a group is an integral over u_g, taken by adaptive
Gauss-Hermite quadrature (Pinheiro and Bates 1995).  Called by `hazard` for ``groups(random)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from koubei_sim.core.codes import DRAW_HAZARD_RESAMPLE
from koubei_sim.core.draws import units_drawn
from koubei_sim.evidence.likelihood import (
    Height,
    Pulls,
    Rows,
    Top,
    chances,
    said,
    slopes_of,
    with_priors,
)

NODES: Final = 11
LEAST: Final = 1e-4  # the standard deviation of effects is at least this while it is sought
MOST: Final = 10.0
ROOT: Final = math.sqrt(2.0 * math.pi)
_POINTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(NODES)


class Marginal:
    """The likelihood of rows by group, with the effects integrated out."""

    def __init__(self, rows: Rows, group: NDArray[np.int64], groups: int, link: str) -> None:
        self.rows, self.group, self.groups, self.link = rows, group, groups, link
        self.modes = np.zeros(groups)
        self.points = np.zeros((NODES, groups))
        self.shares = np.zeros((NODES, groups))

    def sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return sums over the rows of each group."""
        return np.asarray(np.bincount(self.group, values, self.groups), np.float64)

    def _seek(self, theta: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
        """Move the modes to where each group is most likely; return the widths there."""
        modes, width = self.modes, np.full(self.groups, spread)
        for _ in range(50):
            says = said(theta, self.rows, self.link, modes[self.group])
            slope = self.sums(says.trait) - modes / spread**2
            bend = np.minimum(self.sums(says.two_traits), 0.0) - 1.0 / spread**2
            width = 1.0 / np.sqrt(-bend)
            step = np.clip(-slope / bend, -1.0, 1.0)
            modes = modes + step
            if np.abs(step).max() < 1e-8:
                break
        self.modes = modes
        return width

    def height(
        self, theta: NDArray[np.float64], spread: float
    ) -> tuple[float, NDArray[np.float64], float]:
        """Return the log-likelihood, its gradient, and its slope to the logarithm of `spread`."""
        width = self._seek(theta, spread)
        logs, slopes = np.empty((NODES, self.groups)), np.empty((NODES, self.groups))
        told = []
        for q, (point, weight) in enumerate(zip(_POINTS, _WEIGHTS)):
            u = self.modes + width * point
            says = said(theta, self.rows, self.link, u[self.group])
            normal = 0.5 * point * point - 0.5 * (u / spread) ** 2 - math.log(spread)
            logs[q] = self.sums(says.each) + normal + np.log(width * weight / ROOT)
            slopes[q] = (u / spread) ** 2 - 1.0
            told.append((says.push, says.trait))
        top = logs.max(axis=0)
        share = np.exp(logs - top)
        whole = share.sum(axis=0)
        share /= whole
        self.points, self.shares = self.modes + width * _POINTS[:, None], share
        push, trait = np.zeros(self.group.size), np.zeros(self.group.size)
        for q, (to_push, to_trait) in enumerate(told):
            by_row = share[q][self.group]
            push += to_push * by_row
            trait += to_trait * by_row
        rows = self.rows
        gradient = np.concatenate([
            np.bincount(rows.period, push, rows.bins) if rows.bins else np.empty(0),
            np.einsum("rk,r->k", rows.pushes, push), np.einsum("rk,r->k", rows.traits, trait),
        ])  # fmt: skip
        return float((np.log(whole) + top).sum()), gradient, float((share * slopes).sum())


@dataclass(frozen=True, eq=False)
class Effects:
    """What a fit with effects of groups climbs on; the last parameter is their spread.

    Parameters
    ----------
    marginal : Marginal
    pulls : Pulls
    codes : (groups,) int64 array
        Which group of the record each is.
    """

    marginal: Marginal
    pulls: Pulls
    codes: NDArray[np.int64]

    def height(self, theta: NDArray[np.float64]) -> tuple[float, float, NDArray[np.float64]]:
        """Return the log-likelihood with and without priors, and the gradient of the former."""
        spread = max(float(theta[-1]), LEAST)
        value, gradient, to_log = self.marginal.height(theta[:-1], spread)
        size = theta.size - 1
        bare = Height(value, gradient, np.zeros((size, size)))
        known = with_priors(bare, theta[:-1], self.marginal.link, self.pulls)
        return known.value, value, np.append(known.gradient, to_log / spread)

    def chances(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the chance of each row, averaged over what its group's effect may be."""
        of = self.marginal
        of.height(theta[:-1], max(float(theta[-1]), LEAST))
        points, shares = of.points[:, of.group], of.shares[:, of.group]
        parts = [
            share * chances(theta[:-1], of.rows, of.link, point)
            for point, share in zip(points, shares)
        ]
        return np.asarray(np.sum(parts, axis=0))

    def floor(self, size: int) -> NDArray[np.float64]:
        """Return the least that parameters can be."""
        low = np.full(size, -np.inf)
        rows = self.marginal.rows
        if self.marginal.link == "additive":
            low[: rows.bins + rows.pushes.shape[1]] = 0.0
            if self.pulls.calendar:
                low[: rows.bins] = 1e-12
        low[-1] = LEAST
        return low

    def climb(
        self, start: NDArray[np.float64], held: dict[int, float] | None = None,
        *, curved: bool = False,
    ) -> Top:  # fmt: skip
        """Return the top; `held` fixes parameters by place, `curved` asks for curvature."""
        low = self.floor(start.size)
        bounds: list[tuple[float | None, float | None]] = [
            (one if np.isfinite(one) else None, None) for one in low
        ]
        bounds[-1] = (LEAST, MOST)
        first = np.maximum(start, low)
        for place, value in (held or {}).items():
            given = max(value, float(low[place]))
            bounds[place], first[place] = (given, given), given
        says = said(first[:-1], self.marginal.rows, self.marginal.link)
        squares = (slopes_of(says, self.marginal.rows) ** 2).sum(axis=0)
        # About one standard error of each parameter, so that one step suits all.
        unit = np.append(np.clip(1.0 / np.sqrt(np.maximum(squares, 1e-12)), 1e-4, 10.0), 0.1)

        def lost(place: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            value, _, gradient = self.height(place * unit)
            return -value, -gradient * unit

        scaled = [
            tuple(None if end is None else end / one for end in pair)
            for pair, one in zip(bounds, unit)
        ]
        found = optimize.minimize(
            lost, first / unit, jac=True, bounds=scaled, method="L-BFGS-B",
            options={"maxiter": 500, "maxfun": 2000, "ftol": 1e-13, "gtol": 1e-5, "maxcor": 20},
        )  # fmt: skip
        theta = found.x * unit
        posterior, loglik, _ = self.height(theta)
        free = theta > low + 1e-9
        curvature = np.full((theta.size, theta.size), np.nan)
        if curved:
            curvature = self._bent(theta, np.minimum(unit * 1e-3, 1e-3))
        if theta[-1] <= LEAST:
            theta[-1] = 0.0
        return Top(theta, posterior, loglik, curvature, free, int(found.nit))

    def _bent(self, theta: NDArray[np.float64], step: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return second derivatives by differences of gradients."""
        bent = np.empty((theta.size, theta.size))
        for k in range(theta.size):
            up, down = theta.copy(), theta.copy()
            up[k] += step[k]
            down[k] = (
                max(theta[k] - step[k], 0.5 * theta[k]) if theta[k] > 0 else theta[k] - step[k]
            )
            bent[k] = (self.height(up)[2] - self.height(down)[2]) / (up[k] - down[k])
        return np.asarray(0.5 * (bent + bent.T))


def averaged(chance: Callable[[float], NDArray[np.float64]], spread: float) -> NDArray[np.float64]:
    """Return a chance averaged over effects with this standard deviation."""
    weights = _WEIGHTS / ROOT
    parts = [weight * chance(spread * point) for point, weight in zip(_POINTS, weights)]
    return np.asarray(np.sum(parts, axis=0))


def effects_drawn(spread: float, groups: int, worlds: int, key: int) -> NDArray[np.float64]:
    """Return an effect of each group in each world, (worlds, groups)."""
    found = [
        special.ndtri(units_drawn(groups, key, DRAW_HAZARD_RESAMPLE, r, 0, 1))
        for r in range(worlds)
    ]
    return spread * np.array(found)

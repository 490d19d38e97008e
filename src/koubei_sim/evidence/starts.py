"""What a climb needs beside its rows: priors as numbers, a start, and rows that tell enough.

Called by `hazard`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.design import Model
from koubei_sim.evidence.likelihood import Priors, Pulls, Rows, chances


def pulls_of(model: Model, rows: Rows, link: str, priors: Priors) -> Pulls:
    """Return priors as numbers; the mean hazard is that of all rows."""
    mean = -math.log1p(-min(rows.adopted.mean(), 0.999))
    centre = mean if link == "additive" else linked(rows.adopted.mean(), link)
    precision = np.where(np.isfinite(priors.traits), model.spreads / priors.traits, 0.0) ** 2
    strength = priors.calendar if model.calendar == "periods" else 0.0
    return Pulls(model.bins, strength, centre, precision)


def begin(model: Model, rows: Rows, link: str) -> NDArray[np.float64]:
    """Return where a climb begins: the mean hazard, shared out among base and pushes."""
    theta = np.zeros(len(model.names))
    share = rows.adopted.mean()
    k = rows.pushes.shape[1]
    if link != "additive":
        theta[: model.bins] = linked(share, link)
        return theta
    mean = -math.log1p(-min(share, 0.999))
    parts = k + (model.bins > 0)
    theta[: model.bins] = mean / parts
    felt = rows.pushes.mean(axis=0)
    theta[model.bins : model.bins + k] = mean / parts / np.maximum(felt, 1e-3)
    theta[model.bins : model.bins + k][felt == 0.0] = 0.0  # of what nobody felt rows say nothing
    return theta


def lifted(start: NDArray[np.float64], model: Model, rows: Rows, link: str) -> NDArray[np.float64]:
    """Return a start from which all that happened can happen: weights at 0 are lifted a little."""
    if link != "additive" or chances(start, rows, link)[rows.adopted].min() > 1e-100:
        return start
    count = model.bins + rows.pushes.shape[1]
    out = start.copy()
    out[:count] = np.maximum(out[:count], 0.01 * begin(model, rows, link)[:count])
    return out


def linked(share: float, link: str) -> float:
    """Return the sum of terms that has this chance."""
    share = min(max(float(share), 1e-9), 0.999)
    if link == "cloglog":
        return math.log(-math.log1p(-share))
    return float(special.logit(share) if link == "logit" else special.ndtri(share))


def determined(model: Model, rows: Rows, link: str, priors: Priors) -> None:
    """Refuse what the rows cannot tell: an empty period without a prior, columns that are sums."""
    if model.calendar == "periods" and not priors.calendar and link != "additive":
        counts = np.bincount(rows.period, rows.adopted, model.bins)
        empty = np.flatnonzero(counts == 0)
        if empty.size:
            raise KoubeiError(
                "calendar", "nobody adopts in a period", got=int(empty[0] + model.start),
                fix="kb.evidence.Priors(0.1)",
            )  # fmt: skip
    if link == "additive" and not model.bins:
        alone = int((rows.adopted & ~(rows.pushes > 0.0).any(axis=1)).sum())
        if alone:
            raise KoubeiError("formula", "somebody adopts whom nothing pushes", got=alone,
                              fix=f"'constant + {model.formula}'")  # fmt: skip
    columns = rows.traits if link == "additive" else np.hstack([rows.pushes, rows.traits])
    if not columns.shape[1]:
        return
    centred = columns - (columns.mean(axis=0) if model.bins else 0.0)
    size = np.sqrt((centred * centred).sum(axis=0))
    names = model.names[len(model.names) - columns.shape[1] :]
    blank = size == 0.0
    if np.isfinite(priors.traits):  # the prior says 0 of a trait of which the rows say nothing
        blank[columns.shape[1] - rows.traits.shape[1] :] = False
    if blank.any():
        raise KoubeiError("formula", "the same in all rows", got=names[int(np.argmax(blank))])
    if np.isinf(priors.traits):
        _, upper = linalg.qr(centred / size, mode="economic")[:2]
        weak = np.abs(np.diag(upper)) < 1e-9
        if weak.any():
            raise KoubeiError("formula", "a sum of other terms", got=names[int(np.argmax(weak))])

"""What it would be worth to know more before deciding.

To know the world would let one take another design in it.  How much that gains is counted in worlds
that had no part in finding out which design to take: a rule that reads a parameter and names a
design is fitted to four fifths of the worlds and paid in the last fifth.  So luck, which no
measurement tells, is not mistaken for knowledge, and an idle parameter is worth nothing.
Called by `decision`.

References
----------
Strong, Oakley and Brennan (2014), Medical Decision Making 34:311-326: value of partial information
by regression, whose fitted values are here read out of sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core import draws
from koubei_sim.metrics import Interval
from koubei_sim.studies.decide.designs import DRAW_ORDER_OF_WORLDS

FloatArray = NDArray[np.float64]

#: Parts of the worlds, each paid by rules fitted to the others, and how often they are parted anew.
PARTS: Final = 5
TIMES: Final = 4
#: What parts of the worlds have in common, in an interval over them: with 1/4, the share of worlds
#: left out over that kept, a planted value was held in .86 to .97 of 300 trials, with 1/3 in .91
#: (40 worlds) to .99.
SHARED: Final = 1.0 / 3.0
#: Fewer worlds than this fit no rule.
LEAST: Final = 8 * PARTS
#: Powers of a parameter that a rule may use.
POWERS: Final = 3
#: Penalties among which a fit chooses, by generalised cross-validation.
PENALTIES: Final = 10.0 ** np.arange(-3.0, 4.0)


def gain_of_luck(values: FloatArray) -> Interval:
    """Return what is gained a world by knowing it and its luck.

    Parameters
    ----------
    values : (D, W, R) array
        Outcome of each design in each replicate of each world.
    """
    return _gain(values.mean(axis=2), values.max(axis=0).mean(axis=1))


def gain_of_world(values: FloatArray) -> tuple[Interval, float]:
    """Return what is gained by knowing a world but not its luck: at least, and at most.

    At least: the design that is best in the other replicates of the world, paid in one.  At most:
    the best of the means over replicates, which still hold luck.  Needs two replicates.
    """
    replicates, worlds = values.shape[2], np.arange(values.shape[1])
    paid = np.zeros(values.shape[1])
    for one in range(replicates):
        others = np.delete(values, one, axis=2).mean(axis=2)
        paid += values[others.argmax(axis=0), worlds, one] / replicates
    means = values.mean(axis=2)
    return _gain(means, paid), _gain(means, means.max(axis=0)).mean


def gain_of_parameters(values: FloatArray, features: FloatArray) -> Interval:
    """Return what is gained a world by a rule that reads some parameters.

    Parameters
    ----------
    values : (D, W) array
        Outcome of each design in each world, the mean over replicates.
    features : (W, F) array
        What the rule reads, see `features_of`.

    Notes
    -----
    The rule takes the design whose outcome, regressed on the features by a ridge (penalty by
    generalised cross-validation), is fitted best; without it one takes the design with the best
    mean over the same worlds.  Both are paid where they were not fitted, so the mean is the value
    of a rule that one could use: at most the value of the parameters.  Below 0: a rule fitted to so
    few worlds misleads.
    """
    return _gain(values, None, features)


def _gain(
    values: FloatArray, paid: FloatArray | None, features: FloatArray | None = None
) -> Interval:
    """Return the mean gain over a design taken without knowledge, both paid in worlds left out.

    The interval is that of Nadeau and Bengio (2003, Machine Learning 52:239-281) for parts that
    share what was fitted, with `SHARED` in the place of 1/4.
    """
    from scipy.special import stdtrit

    found = []
    for inside, outside in _parted(values.shape[1]):
        usual = values[values[:, inside].mean(axis=1).argmax(), outside]
        if features is None:
            assert paid is not None
            gained = paid[outside] - usual
        else:
            fitted = _ridge(features[inside], values[:, inside].T, features[outside])
            gained = values[fitted.argmax(axis=1), outside] - usual
        found.append(gained.mean())
    parts = np.array(found)
    mean = float(parts.mean())
    arm = float(stdtrit(parts.size - 1, 0.975)) * float(
        np.sqrt((1.0 / parts.size + SHARED) * parts.var(ddof=1))
    )
    return Interval(mean, mean - arm, mean + arm, "parts")


def features_of(columns: Mapping[str, Sequence[object]], paths: Sequence[str]) -> FloatArray:
    """Return what a rule reads of parameters: powers of the rank of numbers, each choice of others.

    Returns
    -------
    (W, F) array
        Columns with mean 0 and variance 1; those that never vary are left out.
    """
    found: list[FloatArray] = []
    for path in paths:
        column = columns[path]
        numeric = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in column)
        if numeric:
            numbers = np.asarray(column, dtype=np.float64)
            rank = np.searchsorted(np.sort(numbers), numbers, side="left") + np.searchsorted(
                np.sort(numbers), numbers, side="right"
            )
            scaled = rank / len(column) - 1.0
            found += [scaled**power for power in range(1, POWERS + 1)]
        else:
            words = [repr(value) for value in column]
            found += [
                np.array([word == each for word in words], dtype=np.float64)
                for each in sorted(set(words))[1:]
            ]
    table = np.stack(found, axis=1) if found else np.zeros((len(next(iter(columns.values()))), 0))
    spread = table.std(axis=0)
    kept = table[:, spread > 0.0]
    return (kept - kept.mean(axis=0)) / spread[spread > 0.0]


def _parted(worlds: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Return the worlds inside and outside of each fit, `TIMES` times over all parts.

    Always the same parts of so many worlds, so that all values of information are comparable.
    """
    found = []
    for time in range(TIMES):
        order = np.argsort(draws.units_drawn(worlds, 0, DRAW_ORDER_OF_WORLDS, 1 + time, 0, 0))
        for part in range(PARTS):
            outside = np.sort(order[part::PARTS])
            found.append((np.setdiff1d(order, outside), outside))
    return found


def _ridge(features: FloatArray, wanted: FloatArray, asked: FloatArray) -> FloatArray:
    """Regress columns of `wanted` on features and return their fitted values at others."""
    centre, mean = features.mean(axis=0), wanted.mean(axis=0)
    left, size, right = np.linalg.svd(features - centre, full_matrices=False)
    along = left.T @ (wanted - mean)
    total = ((wanted - mean) ** 2).sum()
    best, chosen = np.inf, PENALTIES[-1]
    rows = features.shape[0]
    for penalty in PENALTIES:
        kept = size**2 / (size**2 + penalty * rows)
        missed = total - ((2.0 * kept - kept**2)[:, None] * along**2).sum()
        score = missed / max(rows - 1.0 - kept.sum(), 1e-9) ** 2
        if score < best:
            best, chosen = score, penalty
    weights = size / (size**2 + chosen * rows)
    return mean + (asked - centre) @ (right.T @ (weights[:, None] * along))

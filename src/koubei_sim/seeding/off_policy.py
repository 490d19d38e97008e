"""`off_policy`: what another way to pick seeds would have brought, from an experiment already run.

A field experiment seeds villages or chat groups by one random rule and sees what comes of each.
The sets that another random rule would have picked are among them, only at other frequencies: so
outcomes are weighted by how much likelier the other rule picks the same set (Chin, Eckles and
Ugander 2022).  docs/seeding.md is the norm.
Called by users.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs, for_people
from koubei_sim.checks import Naming
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import wrapped
from koubei_sim.metrics import Interval
from koubei_sim.metrics.intervals import skewness
from koubei_sim.seeding.pool import named_arcs

FloatArray = NDArray[np.float64]

#: Strategies that a network gives the weights of.
WORDS: Final = ("random", "degree", "nomination")
#: Effective experiments below which nothing is said.
LEAST_EFFECTIVE: Final = 10.0
#: Step of the sum over the logarithm of time, and its lower end; see `log_chances`.
STEP: Final = 0.1
FIRST: Final = -40.0


@dataclass(frozen=True, eq=False, repr=False)
class OffPolicy:
    """What a strategy would have brought, and how much of the experiment speaks of it.

    Attributes
    ----------
    value : Interval
        Mean outcome under the strategy, with its 95 % interval.
    usual : Interval
        Mean outcome under the design, which is that of the experiments.
    gain : Interval
        The one less the other, on the same experiments.
    weights : (M,) array
        How much likelier the strategy picks the seeds of each experiment than the design does.
    experiments : int
        M, their number.
    effective : float
        As many experiments under the strategy itself would say as much: ``sum(w)^2 / sum(w^2)``.
    """

    value: Interval
    usual: Interval
    gain: Interval
    weights: FloatArray

    @property
    def experiments(self) -> int:
        """Number of experiments."""
        return self.weights.size

    @property
    def effective(self) -> float:
        """Effective number of experiments (Kish)."""
        return effective_number(self.weights)

    def __repr__(self) -> str:
        """Say it in one line."""
        value, gain = self.value, self.gain
        return wrapped(
            f"OffPolicy(outcome {value.mean:.4g} (95 % {value.low:.4g} .. {value.high:.4g}), "
            f"{gain.mean:+.4g} ({gain.low:.4g} .. {gain.high:.4g}) against the design; "
            f"{self.experiments:,} experiments say as much as {self.effective:,.0f} of its own)"
        )


def off_policy(
    seeds: Iterable[Any],
    outcomes: Any,
    strategy: Any,
    design: Any = "random",
    *,
    network: Any,
    by: Naming = "label",
) -> OffPolicy:
    """Estimate what another random way to pick seeds would have brought, from an experiment.

    Parameters
    ----------
    seeds : list of lists of people, or (M, k) array
        Who was seeded in each experiment; the order means nothing.
    outcomes : (M,) array
        What came of each: 1 or 0 for a chance; a number of people, or its logarithm.
    strategy, design : {"random", "degree", "nomination"}, or weights of people
        The way that is asked about, and the one by which `seeds` were picked.  Either picks people
        one after the other, each with a chance in proportion to a weight among those not picked
        yet: the same for all; listeners; the chance to be named when a random person names one
        listener at random, asking on where that one is picked already.  Weights: (n,) array or
        values keyed by people, 0 or more.
    network : Network, or a graph of another library
        Who there is, and who listens to whom: an arc runs from who tells to who hears.
    by : {"label", "row"}
        How people are named.

    Returns
    -------
    OffPolicy

    Raises
    ------
    KoubeiError
        For seeds that the design cannot pick, a strategy that may pick whom the design never does,
        and where so few experiments speak of the strategy that no interval holds.

    Notes
    -----
    The estimate is that of Hajek, ``sum(w y) / sum(w)``, with ``w = q(S) / p(S)``, the chances of
    the very set under strategy and design; for its interval see `weighted_mean`.  Of outcomes that
    take off in some experiments and not in others it tells a mean over both: ask for the chance, or
    of a logarithm.

    The rule of a strategy must be random, since one that is sure of its seeds has hardly been tried
    by chance.  Source: Chin, Eckles and Ugander (2022), Management Science 68:1714-1736.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> ring = kb.Network.from_edges(list(range(60)), [*range(1, 60), 0])
    >>> tried = [kb.seeding.random(ring, 2, key=key) for key in range(200)]
    >>> found = off_policy(tried, [float(0 in one) for one in tried], "degree", network=ring)
    >>> found.effective, found.value == found.usual
    (200.0, True)
    """
    arcs, names = named_arcs(network, by)
    rows = _rows_of_experiments(seeds, arcs.n, names)
    measured = checks.values("outcomes", outcomes, -np.inf, np.inf)
    if measured.ndim != 1 or measured.size != len(rows):
        raise KoubeiError(
            "outcomes", "not one an experiment", got=measured.shape, allowed=f"({len(rows)},)"
        )
    asked = weights_of("strategy", strategy, arcs)
    known = weights_of("design", design, arcs)
    never = np.flatnonzero((asked > 0.0) & (known == 0.0))
    if never.size:
        who = names[never[0]] if names is not None else int(never[0])
        raise KoubeiError(
            "strategy", "may pick people whom the design never does, of whom nothing is known",
            got=f"{never.size} of them, {who!r} first", fix="weights of 0 for them",
        )  # fmt: skip
    chances = log_chances(rows, known)
    if not np.isfinite(chances).all():
        at = int(np.flatnonzero(~np.isfinite(chances))[0])
        raise KoubeiError(f"seeds[{at}]", "cannot have been picked by the design")
    ratios = log_chances(rows, asked) - chances
    top = float(ratios.max())
    weights = np.exp(ratios - top) if np.isfinite(top) else np.zeros(ratios.size)
    effective = effective_number(weights)
    if effective < LEAST_EFFECTIVE:
        raise KoubeiError(
            "seeds", "too few experiments speak of the strategy",
            got=f"as many as {effective:.3g} of its own, of {len(rows):,}",
            allowed=f"{LEAST_EFFECTIVE:g} or more",
            fix="more experiments, or a strategy nearer to the design",
        )  # fmt: skip
    value, moved = weighted_mean(measured, weights)
    usual, moved_usual = weighted_mean(measured, np.ones(weights.size))
    gain = skewed_interval(value.mean - usual.mean, moved - moved_usual, weights)
    return OffPolicy(value, usual, gain, np.exp(ratios))


def effective_number(weights: FloatArray) -> float:
    """Return how many equal weights say as much (Kish 1965); 0 where all are 0.

    Examples
    --------
    >>> effective_number(np.array([2.0, 2.0, 0.0]))
    2.0
    """
    square = float((weights**2).sum())
    return float(weights.sum()) ** 2 / square if square > 0.0 else 0.0


def weighted_mean(values: FloatArray, weights: FloatArray) -> tuple[Interval, FloatArray]:
    """Return a self-normalised mean with its 95 % interval, and what each value moves it by.

    What value i moves it by is the mean less that without it, ``w_i (y_i - mean) / (sum(w) - w_i)``
    (jackknife).

    Examples
    --------
    >>> found, _ = weighted_mean(np.array([1.0, 2.0, 3.0]), np.ones(3))
    >>> round(found.mean, 3), round(found.low, 3), round(found.high, 3)
    (2.0, -0.484, 4.484)
    """
    total = float(weights.sum())
    mean = float((weights * values).sum()) / total
    moved = weights * (values - mean) / (total - weights)
    return skewed_interval(mean, moved, weights), moved


def skewed_interval(mean: float, moved: FloatArray, weights: FloatArray) -> Interval:
    """Return the 95 % interval of a mean, from what each value moves it by.

    Few large weights make the error skewed and its variance ill known.  Student's t with as many
    degrees of freedom as *squared* weights are effective, less one, allows for the second, and
    Hall's transformation for the first (1992, Journal of the Royal Statistical Society B
    54:221-228): t is what makes ``t + a t^2 / 3 + a^2 t^3 / 27 + a / 6`` the quantile, with a the
    skewness over the root of the number.  docs/seeding.md 13 says what Student's t alone holds.
    """
    from scipy.special import stdtrit

    n = moved.size
    spread = float(np.sqrt((n - 1) / n * float((moved**2).sum())))
    if spread == 0.0:
        return Interval(mean, mean, mean, "exact")
    a = skewness(moved) / float(np.sqrt(n))
    top = float(stdtrit(max(effective_number(weights**2) - 1.0, 1.0), 0.975))
    ends = np.array([top, -top])
    if abs(a) > 1e-9:
        ends = 3.0 / a * (np.cbrt(1.0 + a * (ends - a / 6.0)) - 1.0)
    low, high = (mean - ends * spread).tolist()
    return Interval(mean, low, high, "weighted t")


def log_chances(rows: list[NDArray[np.int64]], weights: FloatArray) -> FloatArray:
    """Return the logarithm of the chance that people, picked by weight, are this very set.

    Parameters
    ----------
    rows : list of arrays of int
        Sets of people, whatever their order.
    weights : (n,) array
        0 or more.

    Notes
    -----
    Were person i to come forward after an exponential time of rate w_i, people would come in the
    order in which they are picked.  The set comes first where its last one is there before
    the first of the others, whose rates sum to R:  ``integral of R exp(-R t) prod(1 - exp(-w t))``.
    Over the logarithm of R t the integrand is analytic and falls off fast, so that equal steps of
    .1 sum it up to the last digits (trapezoids; Trefethen and Weideman 2014, SIAM Review 56).
    The sum over all orders, k! terms, is what the tests compare with.

    Examples
    --------
    >>> np.exp(log_chances([np.array([0, 1])], np.ones(5))).round(12).tolist()
    [0.1]
    """
    found = np.empty(len(rows))
    total, picked = float(weights.sum()), np.count_nonzero(weights)
    sizes = np.array([one.size for one in rows])
    for size in np.unique(sizes):
        which = np.flatnonzero(sizes == size)
        own = weights[np.array([rows[at] for at in which], dtype=np.int64)]
        if size == picked:
            found[which] = np.where((own > 0.0).all(axis=1), 0.0, -np.inf)
            continue
        at = np.arange(FIRST, np.log(60.0 + 12.0 * (size + 1)), STEP)
        time = np.exp(at)
        logs = np.tile(at - time, (which.size, 1))
        rates = own / (total - own.sum(axis=1, keepdims=True))
        for person in range(int(size)):
            with np.errstate(divide="ignore"):  # who has no weight is never picked
                logs += np.log(-np.expm1(-np.outer(rates[:, person], time)))
        top = logs.max(axis=1)
        shown = np.where(np.isfinite(top), top, 0.0)
        with np.errstate(divide="ignore"):
            found[which] = shown + np.log(np.exp(logs - shown[:, None]).sum(axis=1) * STEP)
    return found


def weights_of(where: str, given: Any, arcs: Arcs) -> FloatArray:
    """Return the weight by which each person is picked, (n,)."""
    network = arcs.network
    if isinstance(given, str):
        checks.word(where, given, WORDS)
        if given == "random":
            return np.ones(arcs.n)
        degree = np.diff(arcs.rows.indptr)
        if given == "degree":
            found = degree.astype(np.float64)
        else:
            named = np.repeat(1.0 / np.maximum(degree, 1), degree)
            found = np.bincount(arcs.rows.indices, named, minlength=arcs.n).astype(np.float64)
    else:
        value = checks.per_person(where, given, 0.0, np.inf)
        if isinstance(value, float):
            raise KoubeiError(where, "not one weight a person", got=value, fix="random")
        found = np.asarray(for_people(where, value, network), dtype=np.float64)
    if not found.any():
        raise KoubeiError(where, "picks nobody", allowed="some weight above 0")
    return found


def _rows_of_experiments(seeds: Any, n: int, names: Any) -> list[NDArray[np.int64]]:
    """Return the people of each experiment as rows."""
    if isinstance(seeds, (str, bytes)) or not isinstance(seeds, Iterable):
        raise KoubeiError("seeds", "not a list of lists of people", got=type(seeds).__name__)
    found = []
    for number, one in enumerate(seeds):
        rows = checks.rows_of(f"seeds[{number}]", one, n, names)
        if rows.size == 0 or np.unique(rows).size < rows.size:
            what = "nobody" if rows.size == 0 else "somebody twice"
            raise KoubeiError(f"seeds[{number}]", f"holds {what}")
        found.append(np.asarray(rows, dtype=np.int64))
    if not found:
        raise KoubeiError("seeds", "no experiments")
    return found

"""Threshold contagion on random graphs: who adopts once a share of the neighbours has.

The fixed point of Gleeson and Cahalane for any number of kinds of people, each with a share of
the population, a threshold and seeds of its own; the cascade window of Watts; and the share of
easily won people at which a population tips.
A person of degree k adopts when at least ``ceil(threshold k)`` neighbours (and at least one)
have: m/k >= threshold; or, where `strict` is set, when m/k > threshold.  The two conventions part
where the threshold is 1 / a whole number.
Called by the tests of the threshold limit and by studies of purity.

References
----------
[1] Watts, D. J. (2002), A simple model of global cascades on random networks, PNAS 99, 5766.
[2] Gleeson, J. P. and Cahalane, D. J. (2007), Seed size strongly affects cascades on random
networks, Physical Review E 75, 056103.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import betainc, pdtr

from koubei_sim.checks import number, word, yes_no
from koubei_sim.errors import KoubeiError
from koubei_sim.theory.checks import law, numbers, real

FloatArray = NDArray[np.float64]
MOST_ROUNDS = 1_000_000


class Kind(NamedTuple):
    """One kind of people."""

    share: float  # of the population
    threshold: float  # share of neighbours that must have adopted, above 0
    seeds: float  # share of this kind that adopts at the start


class Spread(NamedTuple):
    """The state in which a threshold contagion ends."""

    adopters: float  # rho: share of the population
    by_kind: FloatArray  # (K,) share of each kind
    reached: float  # q: probability that the far end of a tie has adopted without the near one


def need(degree: ArrayLike, threshold: float, strict: bool = False) -> NDArray[np.int64]:
    """Return how many neighbours must have adopted: ``max(1, ceil(threshold k))``.

    With `strict`, ``floor(threshold k) + 1``.  A billionth is taken off (or added), so that a
    product like 0.1 * 30 counts as 3.

    Examples
    --------
    >>> need([0, 3, 10, 30], 0.1).tolist(), need([0, 3, 10, 30], 0.1, strict=True).tolist()
    ([1, 1, 1, 3], [1, 1, 2, 4])
    """
    share = real("threshold", threshold, 0.0, 1.0) * numbers("degree", degree, 0.0, 2.0**53)
    strict = yes_no("strict", strict)
    asked = np.floor(share + 1e-9) + 1 if strict else np.ceil(share - 1e-9)
    return np.maximum(asked.astype(np.int64), 1)


def _at_least(least: NDArray[np.int64], trials: NDArray[np.int64], q: float) -> FloatArray:
    """``P(Bin(trials, q) >= least)`` for least >= 1."""
    possible = least <= trials
    safe = np.maximum(trials - least + 1, 1)
    return np.where(possible, betainc(least, safe, q), 0.0)


def spread(degrees: ArrayLike, kinds: Sequence[Kind], strict: bool = False) -> Spread:
    """Return the final share of adopters on a configuration graph [2].

    For kind i with threshold response F_i, ``q = sum_i a_i (s_i + (1 - s_i) sum_k (k p_k / z)
    sum_m Bin(m; k - 1, q) F_i(m / k))``, solved upward from the seeds, and adopters of kind i:
    ``s_i + (1 - s_i) sum_k p_k sum_m Bin(m; k, q) F_i(m / k)``.

    Parameters
    ----------
    degrees : (most + 1,) array
        Law of degrees (`theory.degrees`); kinds do not differ in degree and mix at random.
    kinds : sequence of Kind
        Shares sum to 1.
    strict : bool
        Whether m/k must exceed the threshold.

    Returns
    -------
    Spread

    Raises
    ------
    KoubeiError
        Wrong shares, thresholds or seeds.

    Examples
    --------
    >>> from koubei_sim.theory.degrees import poisson
    >>> found = spread(poisson(3.0), [Kind(1.0, 0.18, 1e-3)])
    >>> round(found.adopters, 4)
    0.9406
    """
    p, strict = law("degrees", degrees), yes_no("strict", strict)
    _check(kinds)
    k = np.arange(p.size)
    mean = float(p @ k)
    if mean == 0.0:
        seeded = np.array([kind.seeds for kind in kinds])
        return Spread(float(sum(i.share * i.seeds for i in kinds)), seeded, 0.0)
    at_tie = (k * p / mean)[1:]  # degree of the person at the end of a tie
    needs = [need(k, kind.threshold, strict) for kind in kinds]

    def next_reached(q: float) -> float:
        total = 0.0
        for kind, least in zip(kinds, needs):
            won = float(at_tie @ _at_least(least[1:], k[:-1], q))
            total += kind.share * (kind.seeds + (1.0 - kind.seeds) * won)
        return total

    reached = 0.0
    for _ in range(MOST_ROUNDS):
        value = next_reached(reached)
        if value - reached < 1e-14:
            break
        reached = value
    by_kind = np.array(
        [
            kind.seeds + (1.0 - kind.seeds) * float(p @ _at_least(least, k, reached))
            for kind, least in zip(kinds, needs)
        ]
    )
    return Spread(float(sum(i.share * rho for i, rho in zip(kinds, by_kind))), by_kind, reached)


def _check(kinds: Sequence[Kind]) -> None:
    if isinstance(kinds, Kind) or not isinstance(kinds, Sequence) or not kinds:
        raise KoubeiError("kinds", "not a list of kinds", got=repr(kinds), fix="[Kind(1, 0.2, 0)]")
    for entry in kinds:
        if not isinstance(entry, Kind):
            raise KoubeiError("kinds", "not a Kind", got=repr(entry), fix="Kind(1, 0.2, 0.001)")
        for name, value in zip(Kind._fields, entry):
            number(f"kinds.{name}", value)
    if abs(sum(kind.share for kind in kinds) - 1.0) > 1e-9:
        raise KoubeiError(
            "kinds", "the shares must add up to 1", got=round(sum(kind.share for kind in kinds), 12)
        )
    for place, kind in enumerate(kinds):
        real(f"kinds[{place}].share", kind.share, 0.0, 1.0)
        real(f"kinds[{place}].seeds", kind.seeds, 0.0, 1.0)
        if not 0.0 < kind.threshold <= 1.0:
            raise KoubeiError(
                f"kinds[{place}].threshold",
                "out of range",
                got=kind.threshold,
                allowed="above 0, at most 1",
            )


def two_kinds(
    share: float,
    easy: float,
    hard: float,
    seeds: float,
    placed: str = "random",
) -> tuple[Kind, Kind]:
    """Return the kinds of a mixed population with `seeds` of all people as seeds.

    Parameters
    ----------
    share : float
        Share of easily won people (enthusiasts).
    easy, hard : float
        Thresholds of the enthusiasts and of the newbies.
    seeds : float
        Seeds as a share of the whole population.
    placed : {"random", "easy", "hard"}
        Seeds are drawn from all people, from the enthusiasts, or from the newbies.  A seed
        adopts whatever its kind, so seeds among enthusiasts use enthusiasts up.

    Examples
    --------
    >>> round(two_kinds(0.1, 0.1, 0.3, 0.01, "easy")[0].seeds, 12)
    0.1
    """
    word("placed", placed, ("random", "easy", "hard"))
    share, seeds = real("share", share, 0.0, 1.0), real("seeds", seeds, 0.0, 1.0)
    easy, hard = real("easy", easy, 0.0, 1.0), real("hard", hard, 0.0, 1.0)
    first = second = seeds
    if placed != "random":
        within = share if placed == "easy" else 1.0 - share
        if not seeds <= within:
            raise KoubeiError(
                "seeds", "more seeds than people of that kind", got=seeds, allowed=f"0..{within:g}"
            )
        seeds = seeds / within if within else 0.0  # nobody of that kind, and no seed
        first, second = (seeds, 0.0) if placed == "easy" else (0.0, seeds)
    return Kind(share, easy, first), Kind(1.0 - share, hard, second)


def tipping_share(
    degrees: ArrayLike,
    kinds_at: Callable[[float], Sequence[Kind]],
    low: float = 0.0,
    high: float = 1.0,
    level: float = 0.5,
    strict: bool = False,
) -> float:
    """Return the smallest share of enthusiasts at which more than `level` of all people adopt.

    Found by halving the interval [low, high] until it is 1e-6 wide.

    Parameters
    ----------
    degrees : (most + 1,) array
    kinds_at : callable
        From a share of enthusiasts to the kinds, for example with `two_kinds`.
    low, high : float
        Shares below and above the tipping point.
    level : float
        What counts as tipped.
    strict : bool
        Whether m/k must exceed the threshold.

    Raises
    ------
    KoubeiError
        Where `low` is tipped already or `high` is not.
    """
    low, high = real("low", low, 0.0, 1.0), real("high", high, 0.0, 1.0)
    level = real("level", level, 0.0, 1.0)
    if not callable(kinds_at):
        raise KoubeiError(
            "kinds_at", "not a function", got=repr(kinds_at),
            fix="lambda share: two_kinds(share, 0.1, 0.3, 0.01)",
        )  # fmt: skip

    def tipped(share: float) -> bool:
        return spread(degrees, kinds_at(share), strict).adopters > level

    if tipped(low) or not tipped(high):
        raise KoubeiError("low", "no tipping point between low and high", got=f"{low:g}..{high:g}")
    while high - low > 1e-6:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if tipped(middle) else (middle, high)
    return 0.5 * (low + high)


def cascade_window(threshold: float, strict: bool = False) -> tuple[float, float]:
    """Return the mean degrees between which one seed can set off an Erdos-Renyi graph [1].

    The vulnerable people, won by one neighbour, have degrees up to K = floor(1/threshold), or with
    `strict` up to K = ceil(1/threshold) - 1: one less where 1/threshold is a whole number.  The
    condition ``sum_{k <= K} k (k - 1) p_k > z`` is ``z P(Poisson(z) <= K - 2) > 1``.

    Parameters
    ----------
    threshold : float
        Share of neighbours, above 0.
    strict : bool
        Whether the share of adopters must exceed the threshold.

    Returns
    -------
    (float, float)
        Lower and upper edge of z.

    Raises
    ------
    KoubeiError
        Where there is no such z (thresholds above 1/4, with `strict` from 1/4 on).

    Examples
    --------
    >>> [round(z, 4) for z in cascade_window(0.18)]
    [1.0207, 5.7647]
    >>> [round(z, 4) for z in cascade_window(0.2)], [round(z, 4) for z in cascade_window(0.2, True)]
    ([1.0207, 5.7647], [1.1141, 3.8631])
    """
    threshold, strict = real("threshold", threshold, 1e-6, 1.0), yes_no("strict", strict)
    vulnerable = np.ceil(1.0 / threshold - 1e-9) - 1 if strict else np.floor(1.0 / threshold + 1e-9)
    most = int(vulnerable) - 2

    def margin(z: float) -> float:
        return float(z * pdtr(most, z)) - 1.0 if most >= 0 else -1.0

    top = float(minimize_scalar(lambda z: -margin(z), bounds=(0.0, most + 3.0), method="bounded").x)
    if margin(top) <= 0:
        raise KoubeiError(
            "threshold",
            "no cascades at any mean degree",
            got=threshold,
            allowed="below 1/4" if strict else "up to 1/4",
        )
    return brentq(margin, 1e-9, top, xtol=1e-12), brentq(margin, top, 10.0 * (most + 3), xtol=1e-12)

"""What a model of people must beat: curves fitted to the same points, carried on to later ones.

Each baseline sees exactly the points of a series that a calibration may see.  A curve that needs
more parameters than there are points is not fitted, and its row says so.  Deterministic: fixed
starting points, no draws.  Called by `calibration` and by people.

References
----------
Srinivasan, V. and Mason, C. H. (1986), Marketing Science 5, 169-178 (Bass by nonlinear least
squares).
Meyer, P. S. (1994), Bi-logistic growth, Technological Forecasting and Social Change 47, 89-102.
Viboud, C., Simonsen, L. and Chowell, G. (2016), A generalized-growth model to characterize the
early ascending phase of infectious disease outbreaks, Epidemics 15, 27-37 (power laws of time).
Hyndman, R. J. and Athanasopoulos, G. (2021), Forecasting: principles and practice, 3rd ed., section
5.2 (drift).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import one_of
from koubei_sim.errors import KoubeiError
from koubei_sim.theory import bass
from koubei_sim.theory.fitting import fit_logs, logistic

FloatArray = NDArray[np.float64]
Curve = Callable[[FloatArray], FloatArray]


class Fitted(NamedTuple):
    """A baseline on one series.

    Attributes
    ----------
    name : str
    title : str
        In plain words.
    parameters : tuple of str
    values : tuple of float
        Estimates; empty where it was not fitted.
    points : int
        Points it was fitted to, those that it must pass through among them.
    freedom : int
        Points less parameters less points it must pass through; 0 is no test of the curve.
    error : float
        Root mean square of log10(curve / count) at these points; NaN where not fitted.
    note : str
        Why it was not fitted, or what to beware of.
    curve : callable or None
        From times to counts.
    """

    name: str
    title: str
    parameters: tuple[str, ...]
    values: tuple[float, ...]
    points: int
    freedom: int
    error: float
    note: str
    curve: Curve | None


class Beside(NamedTuple):
    """Another series that goes with the counts, such as units shipped beside users.

    Attributes
    ----------
    name : str
    times : array, shape [points]
        Days, rising, on the axis of the counts it stands beside.
    counts : array, shape [points]
        Cumulative, never falling; between two points they grow evenly.
    """

    name: str
    times: FloatArray
    counts: FloatArray

    def at(self, times: FloatArray) -> FloatArray:
        """Return counts at times; NaN where the series says nothing."""
        asked = np.asarray(times, np.float64)
        return np.interp(asked, self.times, self.counts, left=np.nan, right=np.nan)


#: Baseline -> (title, parameters, points that the curve must pass through).
BASELINES: Final[dict[str, tuple[str, tuple[str, ...], int]]] = {
    "bass": ("Bass", ("p", "q", "m"), 1),
    "two_logistic": ("two logistic waves", ("m1", "rate1", "middle1", "m2", "rate2", "middle2"), 0),
    "two_logistic_dated": (
        "two logistic waves, one rate, known gap", ("m1", "m2", "rate", "middle"), 0,
    ),
    "log_linear": ("log-linear trend", ("level", "growth"), 0),
    "log_quadratic": ("log-quadratic trend", ("level", "growth", "bend"), 0),
    "power": ("power of time", ("scale", "power"), 1),
    "drift": ("last growth carried on", ("growth",), 1),
    "beside": ("another series + constant", ("constant",), 0),
}  # fmt: skip


def fit_baselines(
    times: FloatArray,
    counts: FloatArray,
    gap: float | None = None,
    names: Any = None,
    beside: Beside | None = None,
) -> list[Fitted]:
    """Fit the baselines to the points of one series.

    Parameters
    ----------
    times : (T,) array
        Days since the first point, rising.
    counts : (T,) array
        Cumulative counts, above 0.
    gap : float, optional
        Days between the waves of `two_logistic_dated`, where something else says when the second
        began; that baseline is left out without it.
    names : sequence of str, optional
        Which of `BASELINES`; all without it.
    beside : Beside, optional
        Another series; the baseline of this name is that series and a constant, and is left out
        without it.  It knows the series on later days too: a curve that is told something, not a
        forecast of its own.

    Raises
    ------
    KoubeiError
        For an unknown name, times that do not rise, or counts that are not above 0.

    Examples
    --------
    >>> days = np.array([0.0, 100.0, 200.0, 300.0])
    >>> rows = fit_baselines(days, 5.0 * np.exp(0.01 * days), names=["log_linear", "two_logistic"])
    >>> [round(value, 6) for value in rows[0].values], rows[1].note
    ([5.0, 0.01], 'not enough points: 6 parameters, 4 points')
    """
    times, counts = np.asarray(times, np.float64), np.asarray(counts, np.float64)
    if times.ndim != 1 or times.shape != counts.shape or not (np.diff(times) > 0).all():
        raise KoubeiError("times", "must rise, one a count", got=str(times.tolist())[:50])
    if not (counts > 0).all():
        raise KoubeiError("counts", "must be above 0", got=str(counts.tolist())[:50])
    for name in names or ():
        one_of("baselines", name, BASELINES, "unknown baseline")
    given = {"two_logistic_dated": gap is not None, "beside": beside is not None}
    wanted = [name for name in names or BASELINES if given.get(name, True)]
    return [
        _besides(times, counts, beside)
        if name == "beside" and beside is not None
        else _fitted(name, times, counts, gap)
        for name in wanted
    ]


def _besides(times: FloatArray, counts: FloatArray, beside: Beside) -> Fitted:
    """Another series and a constant: least squares of logarithms, on the points it covers."""
    from scipy.optimize import least_squares

    _, parameters, _ = BASELINES["beside"]
    title, other = f"{beside.name} + constant", beside.at(times)
    covered = np.isfinite(other)
    points = int(covered.sum())
    if points < 1:
        note = "the other series covers none of the points"
        return Fitted("beside", title, parameters, (), 0, -1, np.nan, note, None)
    other, counts = other[covered], counts[covered]
    # Above minus the least of the series, so that the sum is never 0.
    floor = -float(other.min()) + 1e-9 * float(counts.min())

    def gap(constant: FloatArray) -> FloatArray:
        return np.asarray(np.log((other + constant[0]) / counts))

    start = max(float(np.mean(counts - other)), floor + 0.1 * float(counts.min()))
    found = least_squares(
        gap, [start], bounds=([floor], [np.inf]), x_scale=float(counts.max()), xtol=1e-12,
        ftol=1e-12, gtol=1e-12,
    )  # fmt: skip
    constant = float(found.x[0])

    def curve(t: FloatArray) -> FloatArray:
        return np.asarray(beside.at(t) + constant)

    error = float(np.sqrt(np.mean(gap(found.x) ** 2)) / np.log(10.0))
    note = "is told the other series on later days"
    if points < times.size:
        note += f"; it covers {points} of {times.size} points"
    return Fitted("beside", title, parameters, (constant,), points, points - 1, error, note, curve)


def _fitted(name: str, times: FloatArray, counts: FloatArray, gap: float | None) -> Fitted:
    title, parameters, through = BASELINES[name]
    free = counts.size - through - len(parameters)
    if free < 0:
        through_first = ", one of them its start" if through else ""
        note = (
            f"not enough points: {len(parameters)} parameters, {counts.size} points{through_first}"
        )
        return Fitted(name, title, parameters, (), counts.size, free, np.nan, note, None)
    if name == "drift":
        times, counts = times[-2:], counts[-2:]
    try:
        values, curve = _WAYS[name](times, counts, gap)
    except KoubeiError as refused:
        return Fitted(name, title, parameters, (), counts.size, free, np.nan, str(refused), None)
    error = float(np.sqrt(np.mean(np.log10(np.maximum(curve(times), 1e-300) / counts) ** 2)))
    note = "no degree of freedom" if free == 0 else ""
    if name == "drift":
        note, free = "the last two points only", 0
    return Fitted(
        name, title, parameters, tuple(float(v) for v in values), counts.size, free, error, note,
        curve,
    )  # fmt: skip


def _bass(times: FloatArray, counts: FloatArray, _: float | None) -> tuple[FloatArray, Curve]:
    """Bass from the first point on: increments ``m (F(t) - F(t - 1))``, least squares."""
    from scipy.optimize import least_squares

    sales, grown = np.diff(counts), float(counts[-1] - counts[0])
    days = times - times[0]
    scale = max(grown, 1e-12)

    def gap(logs: FloatArray) -> FloatArray:
        p, q, m = np.exp(logs)
        return np.asarray((m * np.diff(bass.cumulative(days, p, q)) - sales) / scale)

    span = float(days[-1])
    low = np.log([1e-9 / span, 1e-3 / span, 0.5 * scale])
    high = np.log([10.0 / span, 1e3 / span, 1e3 * scale])
    # p and q in units of the span: from linear growth to a take-off long after the start.
    starts = [
        np.log([p / span, q / span, m * scale])
        for p in (1e-5, 1e-3, 0.1, 1.0)
        for q in (1.0, 5.0, 20.0)
        for m in (1.2, 4.0)
    ]
    found = [
        least_squares(gap, start, bounds=(low, high), xtol=1e-12, ftol=1e-12, gtol=1e-12)
        for start in starts
    ]
    best = np.exp(min(found, key=lambda fit: float(fit.cost)).x)
    first, origin = float(counts[0]), float(times[0])

    def curve(t: FloatArray) -> FloatArray:
        later = np.maximum(np.asarray(t, np.float64) - origin, 0.0)
        return np.asarray(first + best[2] * bass.cumulative(later, best[0], best[1]))

    return np.asarray(best), curve


def _two_logistic(
    times: FloatArray, counts: FloatArray, _: float | None
) -> tuple[FloatArray, Curve]:
    """Two logistic waves, each with a size, a rate and a middle of its own."""
    top, span, shift = float(counts.max()), float(times[-1] - times[0]), times[0] - 1.0

    def waves(t: FloatArray, x: Any) -> FloatArray:
        since = t - shift
        return logistic(since, x[0], x[1], x[2]) + logistic(since, x[3], x[4], x[5])

    starts = [
        (share * top, rate / span, early * span, 2.0 * top, rate / span, late * span)
        for share in (0.3, 1.0)
        for rate in (5.0, 15.0)
        for early, late in ((0.4, 0.9), (0.6, 1.1), (0.8, 1.3))
    ]
    low = (1e-6 * top, 0.1 / span, 0.01 * span) * 2
    high = (100.0 * top, 200.0 / span, 5.0 * span) * 2
    best = fit_logs(waves, times, counts, starts, low, high)
    return best, lambda t: waves(np.asarray(t, np.float64), best)


def _two_logistic_dated(
    times: FloatArray, counts: FloatArray, gap: float | None
) -> tuple[FloatArray, Curve]:
    """Two logistic waves of one rate, the second `gap` days after the first."""
    top, span, shift = float(counts.max()), float(times[-1] - times[0]), times[0] - 1.0
    later = float(gap or 0.0)

    def waves(t: FloatArray, x: Any) -> FloatArray:
        since = t - shift
        return logistic(since, x[0], x[2], x[3]) + logistic(since, x[1], x[2], x[3] + later)

    starts = [
        (share * top, 2.0 * top, rate / span, middle * span)
        for share in (0.3, 1.0)
        for rate in (5.0, 15.0)
        for middle in (0.4, 0.7, 1.0)
    ]
    low = (1e-6 * top, 1e-6 * top, 0.1 / span, 0.01 * span)
    high = (100.0 * top, 100.0 * top, 200.0 / span, 5.0 * span)
    best = fit_logs(waves, times, counts, starts, low, high)
    return best, lambda t: waves(np.asarray(t, np.float64), best)


def _trend(degree: int) -> Callable[..., tuple[FloatArray, Curve]]:
    """A polynomial of time fitted to the logarithms, least squares."""

    def fit(times: FloatArray, counts: FloatArray, _: float | None) -> tuple[FloatArray, Curve]:
        terms = np.vander(times, degree + 1, increasing=True)
        found = np.linalg.lstsq(terms, np.log(counts), rcond=None)[0]

        def curve(t: FloatArray) -> FloatArray:
            exponent = np.vander(np.asarray(t, np.float64), degree + 1, increasing=True) @ found
            return np.asarray(np.exp(np.minimum(exponent, 700.0)))

        return np.append(np.exp(found[0]), found[1:]), curve

    return fit


def _power(times: FloatArray, counts: FloatArray, _: float | None) -> tuple[FloatArray, Curve]:
    """``first count + a (days since then)**b``, by regression of logarithms."""
    days, grown = times[1:] - times[0], counts[1:] - counts[0]
    if not (grown > 0).all():
        raise KoubeiError("counts", "must rise above the first one", got=str(counts.tolist())[:50])
    terms = np.column_stack([np.ones(days.size), np.log(days)])
    level, power = np.linalg.lstsq(terms, np.log(grown), rcond=None)[0]
    first, origin = float(counts[0]), float(times[0])

    def curve(t: FloatArray) -> FloatArray:
        later = np.maximum(np.asarray(t, np.float64) - origin, 0.0)
        return np.asarray(first + np.exp(level) * later**power)

    return np.array([np.exp(level), power]), curve


def _drift(times: FloatArray, counts: FloatArray, _: float | None) -> tuple[FloatArray, Curve]:
    """The growth between the last two points, for ever."""
    growth = float(np.log(counts[1] / counts[0]) / (times[1] - times[0]))
    last, origin = float(counts[1]), float(times[1])
    return np.array(
        [growth]
    ), lambda t: last * np.exp(np.minimum(growth * (np.asarray(t, np.float64) - origin), 700.0))


_WAYS: Final[dict[str, Callable[..., tuple[FloatArray, Curve]]]] = {
    "bass": _bass,
    "two_logistic": _two_logistic,
    "two_logistic_dated": _two_logistic_dated,
    "log_linear": _trend(1),
    "log_quadratic": _trend(2),
    "power": _power,
    "drift": _drift,
}

"""Target 19: finding p, q and m again from sales, by nonlinear least squares.

First from simulated sales, where the truth is known: recovered within 5 % once the data pass the
peak, and with a market that looks too small before it.  Then from US sales of room air conditioners
and colour televisions, beside the estimates that everybody quotes - those are from memory here, so
they get no verdict.
Called by the registry.
"""

from __future__ import annotations

import csv
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import Bass, cascade
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import complete, find_data
from koubei_sim.theory import bass
from koubei_sim.theory.fitting import fit_by_regression, fit_sales
from verification.verdict import (
    KEY,
    Check,
    Replication,
    absent,
    in_band,
    ordered,
    reported,
    sized,
    texts,
)

TITLE = "Fitting the Bass model: recovery of known parameters, and US durables"
SOURCE = "Srinivasan and Mason 1986 (estimator); Van den Bulte and Lilien 1997 (bias), from memory"
FILE: Final = "bass_durables_us.csv"
P, Q, MARKET = 0.03, 0.38, 2_000
YEARS: Final = 15

#: Ordinary least squares of Bass 1969 for room air conditioners: p, q, m in thousands.
_QUOTED: Final = (0.010399, 0.41861, 16_895.0)


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Recover known parameters, then fit the real series."""
    sales = _simulated(sized(scale, 40, 200), key)
    found = fit_sales(sales.mean(axis=0))
    rows: list[Check] = [
        in_band(f"recovered {name}", truth, value, 0.05 * truth, "C", "5 %, mean of the runs")
        for name, truth, value in zip("pqm", (P, Q, float(MARKET)), found)
    ]
    whole = [fit_sales(run_sales) for run_sales in sales]
    rows.append(
        in_band(
            "median recovered m of single runs",
            float(MARKET),
            float(np.median([fit.m for fit in whole])),
            0.05 * MARKET,
            "C",
        )
    )
    rows += _before_peak(sales)
    rows += _regression_bias(sales.mean(axis=0))
    series, more = _real()
    rows += more
    return Replication(
        "bass-fit", TITLE, SOURCE, tuple(rows), scale, key, draw=_drawn(series) if series else None
    )


def _simulated(runs: int, key: int) -> NDArray[np.float64]:
    """Yearly sales of simulated markets, (runs, YEARS)."""
    result = cascade(
        complete(MARKET), Bass(P, Q), [], runs, key, record="times", horizon=float(YEARS)
    )
    times = result.outcome.times
    assert times is not None
    edges = np.arange(YEARS + 1)
    return np.array([np.histogram(row[np.isfinite(row)], edges)[0] for row in times], float)


def _before_peak(sales: NDArray[np.float64]) -> list[Check]:
    """Data that end before the peak: m too small, q too large, on the whole."""
    last = int(bass.peak_time(P, Q))
    early = [fit_sales(run_sales[: last - 1]) for run_sales in sales]
    m, q = (float(np.median([getattr(fit, name) for fit in early])) for name in ("m", "q"))
    return [
        ordered(
            f"m from {last - 1} years, before the peak",
            "too small",
            texts([m], "{:,.0f}"),
            m < MARKET,
            "M",
            "median of single runs; truth 2,000",
        ),
        ordered(
            f"q from {last - 1} years, before the peak",
            "too large",
            texts([q], "{:.3f}"),
            q > Q,
            "M",
            "median of single runs; truth .38",
        ),
    ]


def _regression_bias(sales: NDArray[np.float64]) -> list[Check]:
    """The regression of 1969 on the same sales: off by the interval of a year."""
    found = fit_by_regression(sales)
    return [
        reported("the regression of 1969 on the same: p", found.p, P, "C"),
        reported("the regression of 1969 on the same: q", found.q, Q, "C"),
        ordered(
            "its error in p",
            "more than 5 %",
            f"{100 * (found.p / P - 1):+.0f} %",
            abs(found.p / P - 1.0) > 0.05,
            "M",
            "time-interval bias",
        ),
    ]


def _real() -> tuple[dict[str, NDArray[np.float64]], list[Check]]:
    """The series of the file, fitted; no verdict, since what is quoted is from memory."""
    try:
        path = find_data(FILE)
    except KoubeiError:
        return {}, [absent("US durables", f"needs {FILE}")]
    series: dict[str, list[float]] = {}
    with open(path, encoding="utf-8") as lines:
        for line in csv.DictReader(lines):
            number = float(line["new_adoptions_thousand_units"])
            series.setdefault(line["series"], []).append(number)
    rows = []
    for name, numbers in series.items():
        sales = np.array(numbers)
        both = {"least squares": fit_sales(sales), "regression": fit_by_regression(sales)}
        quoted = _QUOTED if name == "room_air_conditioners" else (None, None, None)
        for how, fit in both.items():
            title = f"{name.replace('_', ' ')}, {how}"
            for letter, value, other in zip("pqm", fit, quoted):
                note = "beside OLS of 1969, other years" if other is not None else ""
                rows.append(reported(f"{title}: {letter}", float(value), other, "M", note))
        rows.append(
            reported(f"{name.replace('_', ' ')}: rms error, thousands", both["least squares"].error)
        )
    return {name: np.array(numbers) for name, numbers in series.items()}, rows


def _drawn(series: dict[str, NDArray[np.float64]]) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.plots.style import PALETTE

        for (name, sales), colour in zip(series.items(), PALETTE):
            years = np.arange(1, sales.size + 1)
            fit = fit_sales(sales)
            curve = fit.m * np.diff(bass.cumulative(np.arange(sales.size + 1.0), fit.p, fit.q))
            ax.plot(years, curve, color=colour, lw=1.6, label=name.replace("_", " "))
            ax.plot(years, sales, color=colour, ls="none", marker="o", ms=5)
        ax.legend(frameon=False)
        ax.set_ylim(bottom=0)
        ax.set_title("US sales and the Bass model")
        ax.set_xlabel("year since the series begins (lines: fit, dots: sales)")
        ax.set_ylabel("thousand units")

    return draw

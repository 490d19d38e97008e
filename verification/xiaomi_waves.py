"""Target 20: Xiaomi's users and phones over time - growth that rises again, which one wave cannot.

MIUI users as the press reported them, 2010 to 2015, and phones by half-year.  Growth falls as the
base grows and rises again in early 2014, when a cheap model came.  The growth rate of one Bass
curve only ever falls, and so does the ratio of its sales from one period to the next, whatever its
parameters: the sign alone speaks against one wave.  Two waves come nearer, but with six counts
their parameters are not settled, and the best second wave does not begin where the cheap model did:
that is said too. This is face validity and nothing more: prices, rationed supply and the spread of
smartphones moved the same numbers, and nothing here says how pure the first users were.
Called by the registry.
"""

from __future__ import annotations

import csv
import itertools
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.networks import find_data
from koubei_sim.theory import bass
from koubei_sim.theory.fitting import fit_logs, one_wave, two_waves
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

TITLE = "MIUI users 2010-2015: growth that falls, rises again, and takes two waves"
SOURCE = "company announcements in the press, page by page in the data file"
FILE: Final = "miui_users_by_date.csv"
PHONES: Final = "xiaomi_smartphone_shipments.csv"
REDMI: Final = 35.9  # months from 2010-08-16 to the first sale of Redmi, 2013-08-12
MONTH: Final = 365.25 / 12.0

#: Growth per month between announcements, as computed elsewhere from dates rounded to months.
_RATES: Final = {
    ("2012-12", "2013-07"): 0.110,
    ("2013-07", "2013-12"): 0.067,
    ("2013-12", "2014-05"): 0.115,
    ("2014-05", "2015-02"): 0.077,
}


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Compute growth rates and fit one wave and two."""
    try:
        days, users = _series()
    except KoubeiError:
        rows: tuple[Check, ...] = (absent("MIUI users", f"needs {FILE}"),)
        return Replication("xiaomi-waves", TITLE, SOURCE, rows, scale, key)
    checks = _growth(days, users)
    checks += _phones()
    months = days / MONTH
    one = _fit(months, users, one_wave, [(0.001, 0.2, 200.0)])
    two = _fit(months, users, two_waves, _starts(sized(scale, 4, 24)))
    fixed = _fit(months, users, _after_redmi, [(p, 0.2, 60.0, 100.0) for p in (1e-5, 1e-3)])
    errors = [
        _error(months, users, wave, fit)
        for wave, fit in ((one_wave, one), (two_waves, two), (_after_redmi, fixed))
    ]
    checks += [
        ordered(
            "typical error of one wave, of two",
            "two at most half",
            texts(errors[:2], "{:.3f}"),
            errors[1] <= errors[0] / 2.0,
            "R",
            "3 and 5 parameters on 6 round numbers",
        ),
        in_band(
            "second wave begins, months after 2010-08",
            REDMI,
            float(two[4]),
            6.0,
            "R",
            "with so few counts its beginning is not settled",
            known=True,
        ),
        reported("error if it begins with Redmi", errors[2], errors[0], "R", "beside one wave"),
        reported("markets of the two waves, million", texts([two[2], two[3]], "{:.0f}", " and ")),
    ]
    draw = _drawn(months, users, one, two)
    return Replication("xiaomi-waves", TITLE, SOURCE, tuple(checks), scale, key, draw=draw)


def _series() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Days since the first count, and million users (not the monthly active ones)."""
    with open(find_data(FILE), encoding="utf-8") as lines:
        found = [
            (date.fromisoformat(line["date"]), float(line["count_million_users"]))
            for line in csv.DictReader(lines)
            if line["counted_as"] != "monthly_active_users"
        ]
    first = found[0][0]
    return (
        np.array([(day - first).days for day, _ in found], float),
        np.array([count for _, count in found]),
    )


def _growth(days: NDArray[np.float64], users: NDArray[np.float64]) -> list[Check]:
    """Growth per month between the announcements, and its turn in early 2014."""
    first = np.datetime64("2010-08-16")
    names = [str(date)[:7] for date in first + days.astype("m8[D]")]
    kept = [k for k, name in enumerate(names) if name != "2014-06"]  # two counts in six weeks
    pairs = list(itertools.pairwise(kept))
    spans = {(names[a], names[b]): float(days[b] - days[a]) / MONTH for a, b in pairs}
    rates = {
        (names[a], names[b]): float(np.log(users[b] / users[a])) / spans[names[a], names[b]]
        for a, b in pairs
    }
    rows = [
        # Days of announcements are known to a fortnight or so: a month on the whole span.
        in_band(
            f"growth a month, {a} to {b}",
            printed,
            rates[a, b],
            printed / spans[a, b],
            "R",
            "the span is known to a month",
        )
        for (a, b), printed in _RATES.items()
    ]
    early, late = rates["2013-07", "2013-12"], rates["2013-12", "2014-05"]
    rows.append(
        ordered(
            "growth in early 2014 against the months before",
            "higher",
            texts([late, early], "{:.3f}"),
            late > early,
            "R",
            "one Bass wave cannot: its rate only falls",
        )
    )
    worst = max(
        float(np.diff(_bass_rates(p, q)).max()) for p in (1e-5, 0.01, 0.1) for q in (0.02, 0.2, 1.0)
    )
    rows.append(
        ordered(
            "largest rise of the growth rate of one Bass curve",
            "none",
            f"{worst:.1g}",
            worst <= 0.0,
            "C",
            "f / F, nine pairs of p and q",
        )
    )
    rows.append(
        reported("growth a month, 2010-08 to 2012-12", rates[names[0], "2012-12"], None, "R")
    )
    return rows


def _phones() -> list[Check]:
    """Phones by half-year, company counts: each half-year against the one before."""
    try:
        path = find_data(PHONES)
    except KoubeiError:
        return [absent("phones by half-year", f"needs {PHONES}")]
    with open(path, encoding="utf-8") as lines:
        found = {
            (line["period_start"], line["period_kind"]): float(line["shipments_million_units"])
            for line in csv.DictReader(lines)
            if line["counted_by"] == "company"
        }
    halves = [found["2013-01-01", "half_year"], found["2013-07-01", "half_year"]]
    halves.append(found["2014-01-01", "half_year"])
    halves.append(found["2014-01-01", "year"] - halves[-1])
    ratios = [later / before for before, later in itertools.pairwise(halves)]
    worst = max(_rise_of_sales(p, q) for p in (1e-4, 0.01, 0.1) for q in (0.1, 0.5, 2.0))
    return [
        ordered(
            "phones, each half-year to the one before",
            "rises, then falls",
            texts(ratios, "{:.2f}", ", "),
            ratios[1] > ratios[0] > ratios[2],
            "R",
            "2013 II, 2014 I, 2014 II",
        ),
        ordered(
            "largest rise of that ratio in one Bass curve",
            "none",
            f"{worst:.1g}",
            worst <= 0.0,
            "C",
            "nine pairs of p and q",
        ),
    ]


def _rise_of_sales(p: float, q: float) -> float:
    """Largest change of the ratio of sales from period to period, up to 99 % of the market."""
    share = bass.cumulative(np.arange(0.0, bass.time_to(0.99, p, q), 0.5), p, q)
    sales = np.diff(share)
    return float(np.diff(sales[1:] / sales[:-1]).max())


def _bass_rates(p: float, q: float) -> NDArray[np.float64]:
    """Growth rate f / F of a Bass curve over time."""
    times = np.linspace(0.5, 80.0, 160)
    # 1 - F falls to nothing at the end, where only rounding is left: stop at 1e-9.
    share = bass.cumulative(times, p, q)
    rates = bass.rate(times, p, q) / share
    return np.asarray(rates[1.0 - share > 1e-9])


def _after_redmi(t: NDArray[np.float64], x: Any) -> NDArray[np.float64]:
    """Two waves of which the second begins with the first sale of Redmi: (p, q, m1, m2)."""
    return two_waves(t, (*x, REDMI))


def _starts(count: int) -> list[tuple[float, ...]]:
    """Points from which to look for two waves."""
    times = np.linspace(20.0, 44.0, max(2, count // 2))
    return [(p, 0.2, 60.0, 100.0, float(s)) for s in times for p in (1e-5, 1e-3)]


def _fit(t: Any, users: Any, wave: Any, starts: list[tuple[float, ...]]) -> NDArray[np.float64]:
    """Least squares of logarithms, the first count (100 testers at time 0) left out."""
    low = (1e-9, 0.01, 10.0, 10.0, 12.0)[: len(starts[0])]
    high = (0.5, 2.0, 1e4, 1e4, 54.0)[: len(starts[0])]
    return fit_logs(wave, t[1:], users[1:], starts, low, high)


def _error(t: Any, users: Any, wave: Any, fit: Any) -> float:
    return float(np.sqrt(np.mean(np.log(wave(t[1:], fit) / users[1:]) ** 2)))


def _drawn(t: Any, users: Any, one: Any, two: Any) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.plots.style import BLACK, BLUE, ORANGE

        grid = np.linspace(20.0, 58.0, 200)
        ax.set_yscale("log")
        ax.plot(grid, one_wave(grid, one), color=ORANGE, lw=1.6, label="one wave")
        ax.plot(grid, two_waves(grid, two), color=BLUE, lw=1.6, label="two waves")
        ax.plot(t[1:], users[1:], color=BLACK, ls="none", marker="o", ms=5, label="announced")
        ax.legend(frameon=False)
        ax.set_title("MIUI users, one wave or two")
        ax.set_xlabel("months after August 2010")
        ax.set_ylabel("million users")

    return draw

"""E12: what could the test have found?  Worlds in which a known curve is the truth.

``python experiments/E12/power.py`` (a minute or two) fits curves to all announcements, takes one
after the other for the truth, moves the days of announcements by a fortnight of luck, and lets all
curves forecast the later ones from the earlier ones as in the claim.  Writes `power.csv` and the
table between its marks in the README.
"""

from __future__ import annotations

import argparse
import datetime
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtri

from koubei_sim.core.draws import units_drawn
from koubei_sim.studies.calibration.baselines import Beside, Fitted, fit_baselines
from koubei_sim.studies.calibration.forecast import first_passage

HERE = Path(__file__).parent
KEY = 20100816
DAYS_MOVED = 199  # purpose of the draws: by how much an announcement is late; i = its number
FORTNIGHT = 15.0  # standard deviation of the day of an announcement
SEEN = 3
TRUTHS = ("bass", "power", "beside")
RIVALS = ("bass", "power", "drift", "log_linear", "log_quadratic")
TOLD = "beside"
GRID = np.arange(0.0, 12.0 * 365.0)
BEGIN, END = "<!-- power -->", "<!-- /power -->"


def announced() -> tuple[np.ndarray, np.ndarray, Beside]:
    """Return days since the testers, counts, and phones shipped, from the file of the claim."""
    plan = tomllib.loads((HERE / "claim.toml").read_text("utf-8"))["design"]["calibration"]
    series, start, phones = plan["series"][0], plan["baseline_start"], plan["beside"]

    def days(dates: list[datetime.date]) -> np.ndarray:
        return np.array([float((date - start["date"]).days) for date in dates])

    counts = np.array([float(start["count"]), *map(float, series["values"])])
    times = np.append(0.0, days(series["dates"]))
    return times, counts, Beside(phones["name"], days(phones["dates"]), np.array(phones["values"]))


def world(truth: Fitted, counts: np.ndarray, number: int) -> np.ndarray | None:
    """Return days on which the truth passes the counts, moved; None where it never passes one."""
    curve = np.asarray(truth.curve(GRID))
    days = np.array([first_passage(GRID, curve, count) for count in counts[1:]])
    if not np.isfinite(days).all():
        return None
    days = days + FORTNIGHT * ndtri(units_drawn(days.size, KEY, DAYS_MOVED, number))
    days = np.maximum.accumulate(days + 1e-3 * np.arange(days.size))
    return np.append(0.0, np.maximum(days, 1.0 + np.arange(days.size)))


def judged(times: np.ndarray, counts: np.ndarray, phones: Beside) -> dict[str, tuple[float, float]]:
    """Return the error of each curve on the later points: in log10, and in days."""
    seen = slice(0, SEEN + 1)
    fitted = fit_baselines(times[seen], counts[seen], names=[*RIVALS, TOLD], beside=phones)
    found = {}
    for fit in fitted:
        if fit.curve is None:
            continue
        later = np.asarray(fit.curve(times[SEEN + 1 :]))
        logs = np.log10(np.maximum(later, 1e-300) / counts[SEEN + 1 :])
        curve = np.asarray(fit.curve(GRID))
        late = [first_passage(GRID, curve, c) for c in counts[SEEN + 1 :]]
        found[fit.name] = (
            float(np.sqrt(np.mean(logs**2))),
            float(np.abs(np.array(late) - times[SEEN + 1 :]).mean()),
        )
    return found


def shares(truth: Fitted, counts: np.ndarray, phones: Beside, worlds: int) -> list[dict]:
    """Return how often each curve is best where `truth` is."""
    found = []
    for number in range(worlds):
        times = world(truth, counts, number)
        if times is not None:
            found.append(judged(times, counts, phones))
    rows = []
    for name in (*RIVALS, TOLD):
        own = np.array([one.get(name, (np.nan, np.nan)) for one in found])
        rival = [
            [min(one[other][k] for other in RIVALS if other in one) for one in found]
            for k in (0, 1)
        ]
        rows.append(
            {
                "truth": truth.name,
                "forecast": name,
                "worlds": len(found),
                "best": float(np.mean(own[:, 0] <= np.array(rival[0]))),
                "best_in_days": float(np.mean(own[:, 1] <= np.array(rival[1]))),
                "error": float(np.median(own[:, 0])),
                "days": float(np.median(own[:, 1])),
            }
        )
    return rows


def table_of(frame: pd.DataFrame) -> str:
    """Return the table of the README."""
    lines = [
        "| the truth is | " + " | ".join(RIVALS) + f" | {TOLD}, told |",
        "|---|" + "---|" * (len(RIVALS) + 1),
    ]
    for truth, part in frame.groupby("truth", sort=False):
        by = part.set_index("forecast")
        cells = [
            f"{by.loc[name, 'best']:.0%}, {by.loc[name, 'best_in_days']:.0%}"
            for name in (*RIVALS, TOLD)
        ]
        lines.append(f"| {truth} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Run the worlds; write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--out", type=Path, default=HERE)
    options = parser.parse_args()
    times, counts, phones = announced()
    truths = {
        fit.name: fit for fit in fit_baselines(times, counts, names=list(TRUTHS), beside=phones)
    }
    for fit in truths.values():
        print(fit.name, [f"{value:.4g}" for value in fit.values], f"error {fit.error:.4f}")
    print("the data:", judged(times, counts, phones))
    rows = [row for fit in truths.values() for row in shares(fit, counts, phones, options.worlds)]
    frame = pd.DataFrame(rows)
    frame.to_csv(options.out / "power.csv", index=False, float_format="%.4g")
    page = options.out / "README.md"
    if page.exists():
        before, _, rest = page.read_text("utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        page.write_text(f"{before}{BEGIN}\n{table_of(frame)}\n{END}{after}", "utf-8")
    print(frame.to_string())


if __name__ == "__main__":
    main()

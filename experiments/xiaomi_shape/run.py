"""Hold the worlds of the preset `xiaomi` against what was reported: dates, ratios, plausibility.

``python experiments/xiaomi_shape/run.py [--worlds 24]`` (four minutes on two cores) runs worlds of
`kb.ensemble("xiaomi", ...)` with luck that the calibration has not seen, and the same worlds with
nobody telling.  It writes `card.csv` (the ten ratios), `reached.csv`, `reported.csv` and
`plausible.csv` beside this file, and the tables of the README between its marks.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import koubei_sim as kb
from koubei_sim.metrics.measuring import FLOWS
from koubei_sim.metrics.runs import block
from koubei_sim.model.world.arrays import History
from koubei_sim.studies import Ensemble, Worlds

HERE = Path(__file__).parent
KEY = 20111216  # not that of the calibration
MONTH, DATED, YEAR = 31, 543, 365
BEGIN, END = "<!-- worlds -->", "<!-- /worlds -->"
#: Nobody who is won by nobody makes a pyramid: these go to nought.
SILENT = ("channels.forum.tell", "channels.weibo.tell", "channels.wechat.tell",
          "channels.qzone.tell")  # fmt: skip


class Ratio(NamedTuple):
    """One line of the card."""

    name: str
    value: float
    low: float
    high: float
    of: Callable[[History, kb.Scenario], float] | None  # None: needs what the model has not
    note: str = ""


def _forum(history: History, scenario: kb.Scenario) -> np.ndarray:
    return block(history, "members")[:, list(scenario.channels).index("forum")]


def _told(history: History, scenario: kb.Scenario, channel: str) -> np.ndarray:
    return FLOWS["tellings"](history)[:, list(scenario.channels).index(channel)]


def _week(values: np.ndarray, day: int) -> float:
    return float(values[max(0, day - 6) : day + 1].sum())


def _over(above: float, below: float) -> float:
    return above / below if below > 0.0 else np.nan


def visits(history: History, scenario: kb.Scenario, day: int) -> float:
    """Users online per registered on a day of the week that ends with `day`."""
    return _over(_week(FLOWS["online_users"](history), day), _week(_forum(history, scenario), day))


def dilution(history: History, scenario: kb.Scenario) -> float:
    """Visits per registered at the end, over those when a third of them had registered."""
    forum = _forum(history, scenario)
    before = int(np.searchsorted(forum, forum[-1] / 3.2))
    if forum[-1] < 2 * forum[0] or before < 7:
        return np.nan
    end = len(forum) - 1
    return _over(visits(history, scenario, end), visits(history, scenario, before))


CARD = (
    Ratio("forum registered on day 31", 110.0, 110 / 1.5, 110 * 1.5,
          lambda h, s: float(_forum(h, s)[MONTH]) * s.people_per_agent),
    Ratio("registered on day 543 over day 31", 20_000.0, 20_000 / 3, 60_000.0,
          lambda h, s: _over(float(_forum(h, s)[DATED]), float(_forum(h, s)[MONTH]))),
    Ratio("registered per phone sold, 2012-02-10", 2.0, 2 / 1.5, 3.0, None, "needs phones"),
    Ratio("daily visitors per registered", 0.11, 0.11 / 1.5, 0.165,
          lambda h, s: visits(h, s, DATED), "reported at 9 million registered"),
    Ratio("the same after 3.2 times as many", 0.64, 0.5, 0.8, dilution,
          "held out; reported from 9 to 29 million"),
    Ratio("posts per visitor and day", 0.05, 0.025, 0.1,
          lambda h, s: _over(_week(_told(h, s, "forum"), DATED),
                             _week(FLOWS["online_users"](h), DATED)), "held out"),
    Ratio("posts per registered and day", 0.0034, 0.0034 / 1.5, 0.0051,
          lambda h, s: _over(_week(_told(h, s, "forum"), DATED), _week(_forum(h, s), DATED))),
    Ratio("WeChat messages per follower and day", 0.014, 0.014 / 1.5, 0.021,
          lambda h, s: _over(_week(_told(h, s, "wechat"), DATED),
                             _week(block(h, "stage")[:, 3], DATED)),
          "here: tellings on WeChat per user"),
    Ratio("reservations over stock", 26.0, 13.0, 52.0, None, "needs phones"),
    Ratio("watch: orders per share", 6.2, 3.1, 12.4, None, "needs a product for an hour"),
)  # fmt: skip


def card(worlds: Worlds) -> pd.DataFrame:
    """Return each ratio as the median over worlds with its 90 % band, and whether it is near."""
    rows = []
    for one in CARD:
        row = {"ratio": one.name, "reported": one.value, "low": one.low, "high": one.high}
        values = np.full(worlds.replicates, np.nan)
        if one.of is not None:
            pairs = zip(worlds.histories, worlds.ensemble.scenarios, strict=True)
            values = np.array([one.of(history, scenario) for history, scenario in pairs])
        known = values[np.isfinite(values)]
        enough = 2 * known.size > values.size
        row["median"] = float(np.median(known)) if enough else np.nan
        for name, level in (("5 %", 0.05), ("95 %", 0.95)):
            row[name] = float(np.quantile(known, level)) if enough else np.nan
        row["near"] = bool(enough and one.low <= row["median"] <= one.high)
        rows.append({**row, "note": one.note})
    return pd.DataFrame(rows)


def plausible(worlds: Worlds) -> pd.DataFrame:
    """Return what somebody who knows the field would look at, a row a world."""
    rows = []
    for history, scenario in zip(worlds.histories, worlds.ensemble.scenarios, strict=True):
        scale = scenario.people_per_agent
        tiers = block(history, "tier")[:, 2:].sum(axis=1) * scale
        users = block(history, "stage")[:, 3].astype(float)
        complaints = block(history, "complaints").sum(axis=1)
        good = kb.metrics.reputation_index(history)[YEAR:]
        months = [slice(day, day + 30) for day in range(YEAR, len(users) - 29, 30)]
        monthly = [_over(float(complaints[m].sum()), float(users[m].mean())) for m in months]
        rows.append(
            {
                "days with fewer die-hard than seeds": int((tiers < scenario.seeding.number).sum()),
                "users at the end": users[-1] * scale,
                "reputation, least": float(np.nanmin(good)),
                "reputation, median": float(np.nanmedian(good)),
                "reputation, most": float(np.nanmax(good)),
                "complaints a user and month": float(np.mean(monthly)),
            }
        )
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown, numbers with three digits."""

    def cell(value: object) -> str:
        if isinstance(value, bool | np.bool_):
            return "yes" if value else "no"
        if isinstance(value, float | int | np.number):
            number = float(value)
            if not np.isfinite(number):
                return ""
            return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
        return str(value)

    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|" + "---|" * table.shape[1]]
    lines += ["| " + " | ".join(map(cell, row)) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines)


def main() -> None:
    """Run, tabulate, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=24)
    options = parser.parse_args()
    drawn = kb.ensemble("xiaomi", options.worlds)
    worlds = drawn.run(rng=KEY, threads=2)
    nobody = drawn.parameters.assign(**dict.fromkeys(SILENT, 0.0))
    silent = Ensemble(drawn.scenario, nobody).run(rng=KEY, threads=2)
    lively, quiet = card(worlds), card(silent)
    lively["near, nobody telling"] = quiet["near"]
    tables = {
        "reported": worlds.reported(),
        "reached": worlds.reached().reset_index(),
        "card": lively,
        "plausible": plausible(worlds).describe(percentiles=[0.05, 0.5, 0.95])
        .T[["5%", "50%", "95%"]].reset_index(names="in the second year"),
    }  # fmt: skip
    for name, table in tables.items():
        table.to_csv(HERE / f"{name}.csv", index=False, lineterminator="\n")
    near, near_silent = int(lively["near"].sum()), int(quiet["near"].sum())
    text = "\n\n".join(
        [f"{options.worlds} worlds, key {KEY}.", *map(markdown, tables.values()),
         f"Ratios near: {near} of 10; with nobody telling {near_silent}."]
    )  # fmt: skip
    page = HERE / "README.md"
    before, rest = page.read_text("utf-8").split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", "utf-8")
    print(text)


if __name__ == "__main__":
    main()

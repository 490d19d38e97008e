"""Who passes the word on: six simulated moments of 38 Indian villages.

``KOUBEI_DATA=... python experiments/microfinance/run.py`` (a minute or two; the first row
alone, ``--first``, 15 to 45 seconds) fits the information model of Banerjee et al. 2013 and writes
the tables between the marks of README.md, `moments.csv` and `figure.png`.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

import koubei_sim as kb
from koubei_sim.evidence import SimulatedMoments, TakeUp, Telling, simulated_moments
from koubei_sim.networks import find_data
from koubei_sim.plots.style import BLUE, GREY, ORANGE, drawing

HERE: Final = Path(__file__).parent
BEGIN, END = "<!-- microfinance -->", "<!-- /microfinance -->"
KEY, STEPS, REPLICATES = 13, 6, 40
TAKER: Final = [round(0.05 * k, 2) for k in range(1, 21)]
OTHER: Final = [
    0.0,
    *(round(0.005 * k, 3) for k in range(1, 13)),
    0.07,
    0.08,
    0.1,
    0.125,
    0.15,
    0.2,
]
PUBLISHED: Final = {"q_taker": 0.35, "q_other": 0.05, "ratio": 7.0, "share": 1 / 3}


class Villages(NamedTuple):
    """The data: households in the order of the network's rows."""

    network: kb.Network
    table: pd.DataFrame
    leader: NDArray[np.bool_]
    took: NDArray[np.int64]
    village: NDArray[np.int64]


def read() -> Villages:
    """Read the households and their ties; the nine without a row of their own are left out."""
    table = pd.read_csv(find_data("microfinance_households.csv"))
    whole = kb.read_network(find_data("microfinance_villages.edges.gz"), directed=False)
    network = whole.subgraph(table["node"].to_numpy(), by="row")
    return Villages(
        network, table, table["leader"].to_numpy() == 1, table["took_loan"].to_numpy(),
        table["village"].to_numpy(),
    )  # fmt: skip


def takes_by_household(seen: Villages) -> NDArray[np.float64]:
    """Return the chance that an informed household takes part: a logit fitted among leaders.

    All leaders were told, so what they did says who takes part when told.
    """
    t = seen.table
    columns = [np.ones(len(t)), t["religion"] == "hindu", t["electricity_code"] == 1,
               t["ownership"] == "OWNED", t["rooms_count"], t["beds_count"]]  # fmt: skip
    columns += [t["roof"] == kind for kind in ("tile", "stone", "sheet", "rcc", "thatch")]
    x = np.column_stack([np.asarray(c, np.float64) for c in columns])
    mine, took = x[seen.leader], seen.took[seen.leader]

    def loss(b: NDArray[np.float64]) -> float:
        z = mine @ b
        return float(np.logaddexp(0.0, z).sum() - z @ took)

    def slope(b: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(mine.T @ (expit(mine @ b) - took))

    return np.asarray(expit(x @ minimize(loss, np.zeros(x.shape[1]), jac=slope, method="BFGS").x))


def takes_by_village(seen: Villages) -> NDArray[np.float64]:
    """Return the share of leaders who took part, of each household's village."""
    frame = pd.DataFrame({"village": seen.village, "took": seen.took})
    rate = frame[seen.leader].groupby("village")["took"].mean()
    return np.asarray(frame["village"].map(rate), np.float64)


def fit(
    seen: Villages, takes: NDArray[np.float64], steps: int, replicates: int
) -> tuple[SimulatedMoments, dict[str, pd.Series], float]:
    """Return the fit, what it says of ratio and share, and the seconds of a core that it took."""
    began = time.process_time()
    leaders = np.flatnonzero(seen.leader)
    six = TakeUp(seen.network, seen.network.people(leaders), seen.village)
    totals: list[float] = []

    def moments(found: Any) -> NDArray[np.float64]:
        totals.append(float(found.sizes_by_kind[:, 1].mean()))
        return six(found)

    found = simulated_moments(
        seen.network, Telling(takes), leaders, six(seen.took)[0], moments,
        {"q_taker": TAKER, "q_other": OTHER}, replicates=replicates, rng=KEY, horizon=steps,
        by="row", names=six.names,
    )  # fmt: skip
    q_taker, q_other = found.points.T
    total = np.array(totals)
    alone = dict(zip(q_taker[q_other == 0.0], total[q_other == 0.0]))  # others say nothing
    share = 1.0 - np.array([alone[q] for q in q_taker]) / total
    with np.errstate(divide="ignore"):
        ratio = q_taker / q_other
    more = {
        "q_taker": found.of("q_taker", q_taker),
        "q_other": found.of("q_other", q_other),
        "ratio": found.of("ratio", ratio),
        "share": found.of("share", share),
    }
    return found, more, time.process_time() - began


def markdown(rows: list[tuple[str, SimulatedMoments, dict[str, pd.Series], float]]) -> str:
    """Return a line a variant, then the verdicts on the published numbers, then the moments."""
    lines = [
        "| who takes part when told | steps | q_P | q_N | ratio | through non-participants "
        "| J (4 df) | seconds of a core |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, found, more, seconds in rows:
        cells = [
            f"{m['best']:.3g} ({m['low']:.3g} .. {m['high']:.3g}; "
            f"{m['drawn_low']:.3g} .. {m['drawn_high']:.3g})"
            for m in more.values()
        ]
        lines.append(
            f"| {name} | {' | '.join(cells)} | {found.statistic:.0f} (p = {found.p_value:.1g}) "
            f"| {seconds:.0f} |"
        )
    _, found, more, _ = rows[0]
    lines += [
        "",
        "| published | value | in the region | in the interval over villages | quasi-posterior |",
        "|---|---|---|---|---|",
    ]
    for name, value in PUBLISHED.items():
        m = more[name]
        inside = "yes" if m["low"] <= value <= m["high"] else "no"
        drawn = "yes" if m["drawn_low"] <= value <= m["drawn_high"] else "no"
        held = "yes" if m["q025"] <= value <= m["q975"] else "no"
        ends = f"{held}: {m['q025']:.3g} .. {m['q975']:.3g}"
        lines.append(f"| {name} | {value:.3g} | {inside} | {drawn} | {ends} |")
    lines += ["", "| moment, mean over villages | observed | simulated | t |", "|---|---|---|---|"]
    for name, row in found.moments().iterrows():
        lines.append(
            f"| {name} | {row['observed']:.4f} | {row['simulated']:.4f} | {row['t']:+.1f} |"
        )
    return "\n".join(lines)


def draw(found: SimulatedMoments) -> None:
    """Draw the criterion over the grid, its region, and where the ratio is seven."""
    import matplotlib.pyplot as plt

    with drawing():
        _draw(found, plt)


def _draw(found: SimulatedMoments, plt: Any) -> None:
    shape = (len(TAKER), len(OTHER))
    figure, ax = plt.subplots(figsize=(6.4, 4.6))
    worse = (found.criterion - found.statistic).reshape(shape)
    levels = [0.0, 6.7, 20.0, 60.0, 200.0]  # 95 % for two numbers and 38 groups
    filled = ax.contourf(OTHER, TAKER, worse, levels, cmap="Blues_r", extend="max")
    figure.colorbar(filled, ax=ax, label="J above its smallest (95 % region below 6.7)")
    at = np.array([0.0, max(OTHER)])
    ax.plot(at, 7.0 * at, color=ORANGE, lw=1.5, label="seven times")
    ax.plot(found.best["q_other"], found.best["q_taker"], "o", color=BLUE, label="best")
    ax.plot(PUBLISHED["q_other"], PUBLISHED["q_taker"], "s", color=GREY, label="published")
    ax.set(xlim=(0, 0.12), ylim=(0.05, 1), xlabel="q of those who did not take part",
           ylabel="q of participants", title="Who passes the word on")  # fmt: skip
    ax.legend(loc="lower right")
    figure.savefig(HERE / "figure.png", dpi=110)
    plt.close(figure)


def main() -> None:
    """Run what is asked for and write tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--first", action="store_true", help="the first variant only, no files")
    first = parser.parse_args().first
    seen = read()
    household, village = takes_by_household(seen), takes_by_village(seen)
    variants = [("logit of the household", household, STEPS, REPLICATES)]
    if not first:
        variants += [("logit of the household", household, steps, 20) for steps in (4, 8)]
        variants += [("share of the village's leaders", village, STEPS, 20)]
    rows = []
    for name, takes, steps, replicates in variants:
        found, more, seconds = fit(seen, takes, steps, replicates)
        rows.append((f"{name} | {steps}", found, more, seconds))
        print(f"{name}, {steps} steps, {seconds:.0f} s of a core", found, sep="\n", flush=True)
    text = markdown(rows)
    print(text)
    if first:
        return
    rows[0][1].moments().to_csv(HERE / "moments.csv", lineterminator="\n", float_format="%.6g")
    draw(rows[0][1])
    page = HERE / "README.md"
    before, rest = page.read_text("utf-8").split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main()

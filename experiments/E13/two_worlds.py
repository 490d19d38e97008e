"""Two explanations of one sales curve, participation and price: what tells them apart.

``python experiments/E13/two_worlds.py`` takes a market in which word of mouth decides which phone
is bought, and looks for one in which only the price does and which sells as much in every quarter;
then it measures both, and says of each observable how well one run tells which of the two it is
from.  Writes `two_worlds.csv`, and the table between the marks of README.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize

import koubei_sim as kb

HERE = Path(__file__).parent
BEGIN, END = "<!-- two worlds -->", "<!-- /two worlds -->"
KEY, SECOND = 20110816, 20111216  # of the search, and of what is told of it
LAUNCH, CHANGE, TICKS = 365, 730, 1095
QUARTERS = [(day, day + 90) for day in range(LAUNCH, CHANGE, 91)]
SEARCHED, TOLD = 8, 24  # replicates

#: Word of mouth decides; the price is that of the rival's.
PARTICIPATION: Final = {
    "buying.word_weight": 4.0, "buying.link_weight": 1.0, "goods.phone.price": 2999.0,
}  # fmt: skip
#: Only the price does; the first values of what is searched for.
PRICE: Final = {
    "buying.word_weight": 0.0, "buying.link_weight": 0.0, "goods.phone.price": 2200.0,
}  # fmt: skip
START: Final = {"goods.phone.price": 2200.0, "goods.phone.price_change": -0.05,
                "buying.find": 0.1, "buying.wait_value": 0.3}  # fmt: skip

#: Changes on day 730, to see what sales answer to.
DEARER, SILENT = "a tenth dearer", "nobody tells any more"


def market() -> kb.Scenario:
    """Return the market of the claim, for three years."""
    return kb.Scenario.load(HERE / "market.toml").replace(ticks=TICKS)


def quarters(found: kb.Result) -> NDArray[np.float64]:
    """Return units sold by replicate and quarter of the first year on sale."""
    return np.array([kb.metrics.measure(found, f"sold@{a}..{b}") for a, b in QUARTERS]).T


def searched(base: kb.Scenario, wanted: NDArray[np.float64]) -> dict[str, float]:
    """Return the values at which a market of price alone sells what is wanted in each quarter.

    Least squares in the logarithm of mean sales, over four parameters; the search is on one key,
    what is told on another.
    """

    def values(point: NDArray[np.float64]) -> dict[str, float]:
        price, change, find, wait = point
        return {
            "goods.phone.price": float(np.clip(2200.0 * np.exp(price), 100.0, 20_000.0)),
            "goods.phone.price_change": float(np.clip(-0.05 + change, -0.9, 5.0)),
            "buying.find": float(1.0 / (1.0 + np.exp(-(-2.2 + 2.0 * find)))),
            "buying.wait_value": float(np.clip(0.3 + wait, -20.0, 20.0)),
        }

    def missed(point: NDArray[np.float64]) -> float:
        made = kb.run(base.replace(**(PRICE | values(point))), replicates=SEARCHED, rng=KEY)
        gap = np.log(quarters(made).mean(axis=0)) - np.log(wanted)
        return float((gap**2).mean())

    found = minimize(
        missed, np.zeros(4), method="Nelder-Mead",
        options={"maxfev": 90, "initial_simplex": 0.3 * np.eye(5, 4), "xatol": 0.01},
    )  # fmt: skip
    return values(found.x)


def _share(above: str, below: str) -> Callable[[kb.Result], NDArray[np.float64]]:
    return lambda found: kb.metrics.measure(found, above) / kb.metrics.measure(found, below)


LAST: Final = f"@{LAUNCH}..{CHANGE - 1}"
OBSERVED: Final[dict[str, Callable[[kb.Result], NDArray[np.float64]]]] = {
    "buyers who used the product before": lambda found: (
        1.0 - _share(f"sum:bought_in{LAST}", f"sum:sold{LAST}")(found)
    ),
    "users who are loyal": lambda found: (
        kb.metrics.measure(found, f"loyal@{CHANGE - 1}")
        / kb.metrics.measure(found, f"users@{CHANGE - 1}")
    ),
    "owners in need who stay with it": lambda found: (
        kb.metrics.measure(found, f"sum:repeated{LAST}")
        / (
            kb.metrics.measure(found, f"sum:repeated{LAST}")
            + kb.metrics.measure(found, f"sum:switched_away{LAST}")
        )
    ),
    "units to who had the rival's": _share(f"sum:switched_to{LAST}", f"sum:sold{LAST}"),
    "units given": _share(f"sum:gifts{LAST}", f"sum:sold{LAST}"),
}


def answers(found: kb.Result, change: dict[str, Any]) -> NDArray[np.float64]:
    """Return by how much a change on day 730 multiplies the sales of the year after, by run."""
    after = f"sold@{CHANGE}..{TICKS - 1}"
    changed = kb.fork(found, at=CHANGE, **change)
    scenario = found.scenario
    return np.array(
        [
            kb.metrics.dated_value(after, one, scenario)
            / kb.metrics.dated_value(after, other, scenario)
            for one, other in zip(changed.histories, found.histories, strict=True)
        ]
    )


def told(values: NDArray[np.float64]) -> str:
    """Return mean and spread over runs."""
    return f"{values.mean():.3f} ({values.min():.3f} .. {values.max():.3f})"


def apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the chance that a run of the one has more than a run of the other; half for equal."""
    return float((one[:, None] > other).mean() + 0.5 * (one[:, None] == other).mean())


def table(one: kb.Result, other: kb.Result) -> pd.DataFrame:
    """Return observables of both markets."""
    dearer = {"goods.phone.price": 1.1}
    silent = {f"channels.{name}.tell": 0.0 for name in one.scenario.channels}
    pairs = {name: (of(one), of(other)) for name, of in OBSERVED.items()}
    pairs[f"sales when it is {DEARER}"] = tuple(
        answers(found, {"goods.phone.price": found.scenario.goods["phone"].price
                        * dearer["goods.phone.price"]})
        for found in (one, other)
    )  # fmt: skip
    pairs[f"sales when {SILENT}"] = (answers(one, silent), answers(other, silent))
    rows = [
        {"observable": name, "participation": told(a), "price": told(b), "told apart": apart(a, b)}
        for name, (a, b) in pairs.items()
    ]
    return pd.DataFrame(rows)


def main() -> None:
    """Search, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    base = market()
    first = base.replace(**PARTICIPATION)
    wanted = quarters(kb.run(first, replicates=SEARCHED, rng=KEY)).mean(axis=0)
    found = searched(base, wanted)
    one = kb.run(first, replicates=TOLD, rng=SECOND)
    other = kb.run(base.replace(**(PRICE | found)), replicates=TOLD, rng=SECOND)
    sold = [quarters(each) for each in (one, other)]
    lines = ["| quarter | participation | price |", "|---|---|---|"]
    for k, (a, b) in enumerate(zip(sold[0].T, sold[1].T, strict=True)):
        lines.append(f"| {k + 1} | {a.mean():,.0f} ({a.min():,.0f} .. {a.max():,.0f}) "
                     f"| {b.mean():,.0f} ({b.min():,.0f} .. {b.max():,.0f}) |")  # fmt: skip
    gap = np.log(sold[1].mean(axis=0)) - np.log(sold[0].mean(axis=0))
    rows = table(one, other)
    rows.to_csv(HERE / "two_worlds.csv", index=False, lineterminator="\n", float_format="%.4g")
    words = ", ".join(f"`{path}` {value:.4g}" for path, value in found.items())
    text = "\n".join(
        [
            f"Found: {words}. Units sold by quarter, {TOLD} runs each on a key of their own (mean, "
            f"least .. most); the means are {np.sqrt((gap**2).mean()):.0%} apart:",
            "", *lines, "",
            "| observable | participation | price | told apart |", "|---|---|---|---|",
            *(f"| {row.observable} | {row.participation} | {row.price} | {row[3]:.2f} |"
              for row in rows.itertuples(index=False)),
        ]
    )  # fmt: skip
    print(text)
    readme = HERE / "README.md"
    before, rest = readme.read_text("utf-8").split(BEGIN)
    readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main()

"""Hold the worlds of the preset `xiaomi_phone` against what was reported, beside plain curves.

``python experiments/xiaomi_phone/run.py [--worlds 16]`` (some minutes on one core) runs worlds of
``kb.ensemble("xiaomi_phone", ...)`` with luck that the calibration has not seen: the same worlds
also with the capacity of 2013 for ever, and with nobody telling.  It writes `fitted.csv`,
`quarters.csv`, `users.csv`, `errors_of_phones.csv`, `errors_of_users.csv`, `card.csv`,
`plausible.csv`, `scale.csv` and `figure.png`
beside this file, and the tables of the README between its marks.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from calibrate import reservations_over_stock, targets
from numpy.typing import NDArray

import koubei_sim as kb
from koubei_sim import plots
from koubei_sim.metrics.measuring import FLOWS, STOCKS
from koubei_sim.metrics.runs import block
from koubei_sim.model.world.arrays import History
from koubei_sim.studies import Ensemble, Targets, Worlds
from koubei_sim.studies.calibration.baselines import fit_baselines

HERE = Path(__file__).parent
KEY = 20141231  # not that of the calibration
BEGIN, END = "<!-- worlds -->", "<!-- /worlds -->"
START = datetime.date(2011, 8, 16)
TICKS = 1278  # up to 2015-02-13, the day of a hundred million users
SILENT = ("channels.forum.tell", "channels.weibo.tell", "channels.wechat.tell",
          "channels.qzone.tell")  # fmt: skip
MILLION = 1e6
#: Millions of phones, by company figures: what the calibration was shown, then what it was not.
KNOWN = {
    "2011-12-31": 0.3, "2012-02-10": 1.0, "2012-12-31": 7.49, "2013-06-30": 14.52,
    "2013-12-31": 26.19,
}  # cumulative  # fmt: skip
HALVES = (7.03, 11.67)  # of 2013
QUARTERS = {
    "2014 Q1": ("2014-01-01", "2014-03-31", 11.0),
    "2014 Q2": ("2014-04-01", "2014-06-30", 15.1),
    "2014 Q3": ("2014-07-01", "2014-09-30", 18.0),
    "2014 Q4": ("2014-10-01", "2014-12-31", 17.02),
}
#: Millions of MIUI users, all held out from the model; curves see those of 2013 and before.
USERS = {
    "2012-12-15": 10.0, "2013-07-01": 20.0, "2013-12-15": 30.0, "2014-05-15": 50.0,
    "2014-06-30": 60.0, "2015-02-13": 100.0,
}  # fmt: skip
SEEN_USERS = 3
#: Cumulative phones shipped, millions, for the rule "phones + 4.3 million" (from shipments as they
#: were reported, 2015 by the half-year's rate).
SHIPPED = {
    "2011-08-16": 0.0, **KNOWN, "2014-03-31": 37.19, "2014-06-30": 52.29, "2014-09-30": 70.29,
    "2014-12-31": 87.31, "2015-06-30": 122.01,
}  # fmt: skip
BESIDE_PHONES = 4.3


def day(date: str) -> int:
    """Return the day of the run."""
    return (datetime.date.fromisoformat(date) - START).days


def phones(history: History, scenario: kb.Scenario) -> NDArray[np.float64]:
    """Return phones sold, by day, in millions."""
    return np.asarray(block(history, "sold").sum(axis=1) * scenario.people_per_agent / MILLION)


def stock(name: str, history: History, scenario: kb.Scenario) -> NDArray[np.float64]:
    """Return a stock by day in millions: ``adopted``, ``users``, ``members`` (of the forum)."""
    values = STOCKS[name](history)
    if values.ndim > 1:
        values = values[:, list(scenario.channels).index("forum")]
    return np.asarray(values * scenario.people_per_agent / MILLION)


def of_worlds(
    worlds: Worlds, what: Callable[[History, kb.Scenario], object]
) -> NDArray[np.float64]:
    """Return a measure of every world, worlds first."""
    pairs = zip(worlds.histories, worlds.ensemble.scenarios, strict=True)
    return np.array([what(history, scenario) for history, scenario in pairs], np.float64)


def band(values: NDArray[np.float64]) -> dict[str, float]:
    """Return the median over worlds with its 90 % band."""
    known = values[np.isfinite(values)]
    if 2 * known.size <= values.size:
        return dict.fromkeys(("median", "5 %", "95 %"), np.nan)
    low, middle, high = np.quantile(known, (0.05, 0.5, 0.95))
    return {"median": float(middle), "5 %": float(low), "95 %": float(high)}


def fitted(worlds: Worlds) -> pd.DataFrame:
    """Return the targets of the calibration beside new worlds with fresh luck."""
    given = Targets(targets())
    pairs = zip(worlds.histories, worlds.ensemble.scenarios, strict=True)
    values = np.array([[one.of(h, s) for one in given] for h, s in pairs])
    rows = []
    for k, one in enumerate(given):
        found = band(values[:, k])
        inside = bool(found["5 %"] <= one.value <= found["95 %"])
        rows.append({"target": one.name, "reported": one.value, **found, "inside": inside})
    return pd.DataFrame(rows)


def by_quarter(history: History, scenario: kb.Scenario) -> list[float]:
    """Return millions of phones in each quarter of 2014."""
    sold = phones(history, scenario)
    return [float(sold[day(a) : day(b) + 1].sum()) for a, b, _ in QUARTERS.values()]


def curves_of_phones() -> dict[str, list[float]]:
    """Return the quarters of 2014 by curves that see what the model was shown, and no more."""
    ends = [(day(a), day(b) + 1) for a, b, _ in QUARTERS.values()]
    half = [(day("2013-01-01"), day("2013-07-01")), (day("2013-07-01"), day("2014-01-01"))]
    # An exponential trend whose sums over the two halves are those that were sold.
    rate = float(np.log(HALVES[1] / HALVES[0]) / ((half[1][1] - half[0][0]) / 2.0))
    grown = [np.exp(rate * b) - np.exp(rate * a) for a, b in [*half, *ends]]
    level = sum(HALVES) / (grown[0] + grown[1])
    days = np.array([day(date) for date in KNOWN], np.float64)
    bass = fit_baselines(days - days[0], np.array(list(KNOWN.values())), names=["bass"])[0]
    assert bass.curve is not None
    edges = np.array([ends[0][0] - 1, *(b - 1 for _, b in ends)], np.float64) - days[0]
    return {
        "constant": [HALVES[1] / 2.0] * 4,
        "drift": [float(level * g) for g in grown[2:]],
        "Bass": [float(v) for v in np.diff(bass.curve(edges))],
    }


def curves_of_users() -> dict[str, list[float]]:
    """Return users on all dates by the rule and by curves that see the points up to 2013."""
    days = np.array([day(date) for date in USERS], np.float64)
    counts = np.array(list(USERS.values()))
    shipped = np.interp(days, [day(date) for date in SHIPPED], list(SHIPPED.values()))
    seen_days = np.append(0.0, days[:SEEN_USERS])
    seen = np.append(0.5, counts[:SEEN_USERS])
    found = {
        "phones shipped (given) + 4.3": (shipped + BESIDE_PHONES).tolist(),
        "constant": [float(min(c, seen[-1])) for c in counts],
    }
    for one in fit_baselines(seen_days, seen, names=["drift", "bass"]):
        if one.curve is not None:
            found["Bass" if one.name == "bass" else one.name] = one.curve(days).tolist()
    return found


def error(forecast: NDArray[np.float64], observed: NDArray[np.float64]) -> float:
    """Return the mean absolute natural logarithm of forecast over observed."""
    return float(np.mean(np.abs(np.log(forecast / observed))))


def judged(
    names: list[str],
    observed: NDArray[np.float64],
    models: dict[str, NDArray[np.float64]],
    curves: dict[str, list[float]],
    held: slice,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return forecasts by date with the bands of the models, and errors on what was held out."""
    rows: list[dict[str, object]] = []
    for k, name in enumerate(names):
        row: dict[str, object] = {"when": name, "reported": observed[k]}
        for model, values in models.items():
            found = band(values[:, k])
            row[model] = found["median"]
            row[f"{model}, 90 %"] = f"{found['5 %']:.3g} .. {found['95 %']:.3g}"
        rows.append({**row, **{name: values[k] for name, values in curves.items()}})
    errors: list[dict[str, object]] = []
    for model, values in models.items():
        each = [error(world[held], observed[held]) for world in values]
        inside = [
            np.quantile(values[:, k], 0.05) <= observed[k] <= np.quantile(values[:, k], 0.95)
            for k in range(len(names))[held]
        ]
        found = band(np.array(each))
        errors.append(
            {
                "forecast": model,
                "error": error(np.median(values, axis=0)[held], observed[held]),
                "of single worlds, 90 %": f"{found['5 %']:.2f} .. {found['95 %']:.2f}",
                "inside": f"{sum(inside)} of {len(inside)}",
            }
        )
    errors += [
        {"forecast": name, "error": error(np.array(values)[held], observed[held]),
         "of single worlds, 90 %": "", "inside": ""}
        for name, values in curves.items()
    ]  # fmt: skip
    return pd.DataFrame(rows), pd.DataFrame(errors).sort_values("error")


# ------------------------------------------------------------------ ratios


def week(values: NDArray[np.float64], at: int) -> float:
    """Return the sum over the week that ends on a day."""
    return float(values[max(0, at - 6) : at + 1].sum())


def ratios(history: History, scenario: kb.Scenario) -> list[float]:
    """Return, by the ratios of the card, what this preset can say; NaN where it cannot."""
    forum = stock("members", history, scenario)
    g = scenario.people_per_agent / MILLION
    online = FLOWS["online_users"](history) * g
    told = FLOWS["tellings"](history) * g
    posts = told[:, list(scenario.channels).index("forum")]
    wechat = told[:, list(scenario.channels).index("wechat")]
    users = stock("users", history, scenario)
    dated, sold = day("2012-02-10"), phones(history, scenario)
    nine, later = (int(np.searchsorted(forum, size)) for size in (9.0, 29.0))
    if later >= len(forum):
        return [np.nan] * 10
    visits = [week(online, at) / week(forum, at) for at in (nine, later)]
    return [
        np.nan,
        np.nan,
        float(forum[dated] / sold[: dated + 1].sum()),
        visits[0],
        visits[1] / visits[0],
        week(posts, later) / week(online, later),
        week(posts, later) / week(forum, later),
        week(wechat, later) / week(users, later),
        reservations_over_stock(history, scenario),
        np.nan,
    ]


#: Which preset can speak of a ratio: the one whose forum grows to the size it was reported at.
#: `xiaomi` ends with three million registered; the ratios of 9 and of 29 million are later.
SPEAKS = ("xiaomi", "xiaomi", "xiaomi_phone", "xiaomi_phone", "xiaomi_phone", "xiaomi_phone",
          "xiaomi_phone", "xiaomi_phone", "xiaomi_phone", "watch_launch")  # fmt: skip
#: How it came about: what was fitted or set by hand is no success of the model.
WAYS = ("fitted", "fitted", "fitted", "as xiaomi, by hand there", "held out", "held out",
        "as xiaomi, by hand there", "as xiaomi, by hand there", "fitted",
        "fitted there: two free parameters; not counted")  # fmt: skip


def card(worlds: Worlds, silent: Worlds) -> pd.DataFrame:
    """Return the ten ratios, each by the preset that can speak of it, and by the other one."""
    first = pd.read_csv(HERE.parent / "xiaomi_shape" / "card.csv")
    ours, quiet = of_worlds(worlds, ratios), of_worlds(silent, ratios)
    cells = pd.read_csv(HERE.parent / "watch_launch" / "cells.csv")
    rows = []
    for k, one in first.iterrows():
        found, by = band(ours[:, k]), SPEAKS[int(k)]
        row = {"ratio": one["ratio"], "reported": one["reported"], "low": one["low"],
               "high": one["high"], "by": by, "xiaomi": one["median"],
               "xiaomi_phone": found["median"],
               "90 %": f"{found['5 %']:.3g} .. {found['95 %']:.3g}"}  # fmt: skip
        value = found["median"] if by == "xiaomi_phone" else one["median"]
        row["near"] = bool(one["low"] <= value <= one["high"]) and by != "watch_launch"
        hushed = band(quiet[:, k])["median"]
        row["near, nobody telling"] = (
            bool(one["low"] <= hushed <= one["high"]) if by == "xiaomi_phone" else ""
        )
        rows.append({**row, "how": WAYS[int(k)]})
    assert len(cells) == 36  # the watch has an experiment of its own, which says what it is worth
    table = pd.DataFrame(rows)
    table.loc[~np.isfinite(table["xiaomi_phone"]), "90 %"] = ""
    return table


# ------------------------------------------------------------------ plausibility and scale


def looks(history: History, scenario: kb.Scenario) -> list[float]:
    """Return what somebody who knows the field would look at (`LOOKS`)."""
    g = scenario.people_per_agent / MILLION
    sold = block(history, "sold") * g
    asked, booked = block(history, "asked") * g, block(history, "booked").sum(axis=1) * g
    year = slice(day("2014-01-01"), day("2014-12-31") + 1)
    rival = block(history, "rival_sold") * g
    late = day("2014-12-31")
    return [
        float(asked[day("2011-09-05") : day("2011-09-05") + 2].sum()),
        float(booked[: day("2013-12-31") + 1].max()),
        float(rival[day("2012-01-01") : day("2012-12-31") + 1].sum()),
        float(rival[year].sum()),
        float(sold[year, 2].sum() / sold[year].sum()),
        float(STOCKS["aware"](history)[day("2012-12-31")] * g),
        float(STOCKS["aware"](history)[late] * g),
        float(stock("members", history, scenario)[day("2013-09-01")]),
        float(STOCKS["loyal"](history)[late] / STOCKS["users"](history)[late]),
    ]


#: name -> what is known of it.
LOOKS = {
    "booked on 2011-09-05 and 06, millions": ".3 in 34 hours",
    "most people waiting up to 2013, millions": "7.45 for the first of the second line",
    "phones of all others in 2012, millions": "about 200 (from memory)",
    "phones of all others in 2014, millions": "about 360 (from memory)",
    "second line, share of 2014": "more than half (from memory)",
    "know the make at the end of 2012, millions": "",
    "know the make at the end of 2014, millions": "",
    "registered in September 2013, millions": "more than 10",
    "loyal among users at the end": "",
}


def plausible(worlds: Worlds) -> pd.DataFrame:
    """Return medians and bands of `LOOKS`, beside what is known."""
    values = of_worlds(worlds, looks)
    return pd.DataFrame(
        [
            {"what": name, "known": known, **band(values[:, k])}
            for k, (name, known) in enumerate(LOOKS.items())
        ]
    )


def scale(runs: int, threads: int) -> pd.DataFrame:
    """Return the same market in half and in twice as many agents."""
    base, rows = kb.Scenario.load("xiaomi_phone"), []
    people = base.n_agents * base.people_per_agent
    for agents in (base.n_agents // 2, base.n_agents, base.n_agents * 2):
        sized = base.replace(n_agents=agents, people_per_agent=people / agents)
        found = kb.run(sized, replicates=runs, rng=KEY, threads=threads, progress=False)
        for name, what in {
            "phones, 2012": lambda h, s: phones(h, s)[day("2012-01-01") : 504].sum(),
            "phones, 2013, second half": lambda h, s: phones(h, s)[685:869].sum(),
            "phones, 2014": lambda h, s: phones(h, s)[869:].sum(),
            "ever users, end": lambda h, s: stock("adopted", h, s)[-1],
            "users, end": lambda h, s: stock("users", h, s)[-1],
            "registered, 2012-02-10": lambda h, s: stock("members", h, s)[178],
            "registered, end": lambda h, s: stock("members", h, s)[-1],
        }.items():
            values = np.array([what(history, sized) for history in found.histories])
            rows.append({"millions": name, "agents": agents, **band(values),
                         "spread": float(values.std(ddof=1) / values.mean())})  # fmt: skip
    return pd.DataFrame(rows).sort_values(["millions", "agents"], kind="stable")


# ------------------------------------------------------------------ output


def markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown, numbers with three digits."""

    def cell(value: object) -> str:
        if isinstance(value, bool | np.bool_):
            return "yes" if value else "no"
        if isinstance(value, float | int | np.number):
            number = float(value)
            if not np.isfinite(number):
                return ""
            return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"
        return str(value)

    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|" + "---|" * table.shape[1]]
    lines += ["| " + " | ".join(map(cell, row)) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines)


def figure(worlds: Worlds, path: Path) -> None:
    """Draw phones a quarter, users, registered and waiting, with what was reported."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    dates = [START + datetime.timedelta(days=t) for t in range(TICKS)]
    edges = [
        day(f"{year}-{month:02d}-01") for year in (2012, 2013, 2014) for month in (1, 4, 7, 10)
    ]
    edges.append(day("2015-01-01"))
    sold = of_worlds(worlds, phones)
    quarters = np.array([[w[a:b].sum() for a, b in itertools.pairwise(edges)] for w in sold])
    with plots.drawing():
        drawn = Figure(figsize=(12, 8))
        FigureCanvasAgg(drawn)
        axes = drawn.subplots(2, 2).ravel()
        low, middle, high = np.quantile(quarters, (0.05, 0.5, 0.95), axis=0)
        places = np.arange(len(middle))
        axes[0].bar(places, middle, color="C0", alpha=0.5, label="worlds: median, 5-95 %")
        axes[0].vlines(places, low, high, color="C0")
        told = [3.04, 3.99, 11.67 / 2, 11.67 / 2, *(v for _, _, v in QUARTERS.values())]
        axes[0].plot(places[:4], [7.19 / 4] * 4, "k_", ms=12)
        axes[0].plot(places[4:], told, "k_", ms=12, label="reported (2012 and late 2013: means)")
        axes[0].axvline(7.5, color="k", lw=0.8, ls=":")
        names = [f"{year} Q{quarter}" for year in (12, 13, 14) for quarter in (1, 2, 3, 4)]
        axes[0].set(title="phones a quarter, millions", xticks=places, xticklabels=names)
        axes[0].tick_params(axis="x", rotation=60)
        shown = (
            ("ever users of MIUI, millions", lambda h, s: stock("adopted", h, s), USERS),
            ("registered in the forum, millions", lambda h, s: stock("members", h, s),
             {"2012-02-10": 2.0, "2013-09-01": 10.0}),
            ("people with a booking, millions",
             lambda h, s: block(h, "booked").sum(axis=1) * s.people_per_agent / MILLION,
             {"2012-12-19": 1.3}),
        )  # fmt: skip
        for axis, (title, what, known) in zip(axes[1:], shown):
            low, middle, high = np.quantile(of_worlds(worlds, what), (0.05, 0.5, 0.95), axis=0)
            axis.fill_between(dates, low, high, color="C0", alpha=0.25, lw=0)
            axis.plot(dates, middle, color="C0", label="worlds: median, 5-95 %")
            axis.plot([datetime.date.fromisoformat(d) for d in known], list(known.values()), "ko",
                      ms=4, label="reported")  # fmt: skip
            axis.axvline(datetime.date(2014, 1, 1), color="k", lw=0.8, ls=":")
            axis.set(title=title)
        for axis in axes:
            axis.legend(fontsize=8, loc="upper left")
        drawn.savefig(path, dpi=100)


def main() -> None:
    """Run, tabulate, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    drawn = kb.ensemble("xiaomi_phone", options.worlds).replace(ticks=TICKS)
    goods = drawn.scenario.goods
    closed = {
        f"goods.{name}.rounds": [r.model_dump() for r in goods[name].rounds if r.units < 1e9]
        for name in ("mi1", "mi2")
    }
    nobody = drawn.parameters.assign(**dict.fromkeys(SILENT, 0.0))
    worlds = drawn.run(rng=KEY, threads=options.threads)
    capped = drawn.replace(**closed).run(rng=KEY, threads=options.threads)
    silent = Ensemble(drawn.scenario, nobody).run(rng=KEY, threads=options.threads)
    quarters, errors = judged(
        list(QUARTERS), np.array([v for _, _, v in QUARTERS.values()]),
        {"model": of_worlds(worlds, by_quarter),
         "model, capacity of 2013": of_worlds(capped, by_quarter)},
        curves_of_phones(), slice(0, None),
    )  # fmt: skip
    at = [day(date) for date in USERS]
    users, user_errors = judged(
        list(USERS), np.array(list(USERS.values())),
        {"model": of_worlds(worlds, lambda h, s: stock("adopted", h, s)[at]),
         "model, capacity of 2013": of_worlds(capped, lambda h, s: stock("adopted", h, s)[at])},
        curves_of_users(), slice(SEEN_USERS, None),
    )  # fmt: skip
    telling = of_worlds(silent, phones).sum(axis=1) / of_worlds(worlds, phones).sum(axis=1)
    ten = card(worlds, silent)
    tables = {
        "fitted": fitted(worlds),
        "quarters": quarters,
        "errors_of_phones": errors,
        "users": users,
        "errors_of_users": user_errors,
        "card": ten,
        "plausible": plausible(worlds),
        "scale": scale(12, options.threads),
    }
    titles = {
        "fitted": "What was fitted, in new worlds",
        "quarters": "Phones by quarter of 2014, millions (held out)",
        "errors_of_phones": "Error: mean absolute logarithm over the four quarters",
        "users": "MIUI users, millions (all held out from the model; curves see the first three)",
        "errors_of_users": "Error: mean absolute logarithm over the last three dates",
        "card": "The ten ratios",
        "plausible": "Plausible?",
        "scale": "The same market in half and in twice as many agents (12 runs each)",
    }
    parts = [f"{options.worlds} worlds, key {KEY}."]
    for name, table in tables.items():
        table.to_csv(HERE / f"{name}.csv", index=False, lineterminator="\n", float_format="%.5g")
        parts.append(f"**{titles[name]}**\n\n{markdown(table)}")
    said = band(telling)
    parts.append(
        f"Ratios near: {int(ten['near'].sum())} of 10. Phones with nobody telling, as a share of "
        f"those of the same worlds: {said['median']:.2f} ({said['5 %']:.2f} .. {said['95 %']:.2f})."
    )
    page = HERE / "README.md"
    before, rest = page.read_text("utf-8").split(BEGIN)
    after = rest.split(END)[1]
    text = "\n\n".join(parts)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", "utf-8")
    figure(worlds, HERE / "figure.png")
    print(text)


if __name__ == "__main__":
    main()

"""The tables a person reads first: outcomes with intervals, and the pyramid by quarter.

Gathers what the other metrics measure, one number a replicate, and puts intervals over
replicates on them.  Called by `Result.summary` and `Result.pyramid`, and by the command line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import whole
from koubei_sim.core.codes import CORE, REJECTED, RIVAL
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.metrics import costs, indices
from koubei_sim.metrics.intervals import Interval, mean_interval, ratio_values, wilson
from koubei_sim.metrics.passes import log_facts
from koubei_sim.metrics.runs import (
    Run,
    block,
    check_run,
    die_hard_and_core,
    loyal_and_above,
    scale_of,
    users,
)
from koubei_sim.model.world.arrays import History

if TYPE_CHECKING:
    import pandas as pd


FloatArray = NDArray[np.float64]

#: The two counts of the founders' story whose day is asked for.
DIE_HARD_GOAL: Final = 5_000
LOYAL_GOAL: Final = 100_000
#: Days at the end over which indices are averaged.
LAST_DAYS: Final = 28

#: Outcome -> what it is, in the order of the summary.
OUTCOMES: Final = {
    "users": "users at the end",
    "loyal": "loyal and above at the end",
    "die_hard": "die-hard and core at the end",
    "core": "core at the end",
    "adoptions": "adoptions in all, seeds too",
    "lapses": "lapses in all",
    "rejected": "in rejection at the end",
    "rival": "with the rival at the end",
    "aware_share": "share of people who know the product",
    "take_off": "share of replicates that took off",
    "day_die_hard_5000": "day of the 5,000th die-hard",
    "day_loyal_100000": "day of the 100,000th loyal fan",
    "purity_core": "share of enthusiasts in the core",
    "reputation": f"reputation, last {LAST_DAYS} days",
    "net_promoters": f"net promoter share, last {LAST_DAYS} days",
    "active_share": f"daily active share, last {LAST_DAYS} days",
    "recruiters": "people who recruited someone",
    "active_day_90": "people in use 90 days after adopting",
    "k_factor": "recruits in 30 days per adopter",
    "trees": "recruitment trees",
    "largest_tree": "adoptions in the largest tree",
    "largest_share": "its share of all adoptions",
    "single_share": "share of trees of one node",
    "tree_depth": "generations of the deepest tree",
    "virality": "structural virality of the largest tree",
    "cost": "cost in all",
    "cost_per_user": "cost per user at the end",
    "cost_per_loyal": "cost per loyal fan at the end",
}


#: Costs per head: outcome -> the two outcomes of whose totals it is the ratio.
RATIOS: Final = {"cost_per_user": ("cost", "users"), "cost_per_loyal": ("cost", "loyal")}


def outcomes(run: Run, wanted: Collection[str] = tuple(OUTCOMES)) -> dict[str, FloatArray]:
    """Return outcomes as one float64 array each with one value a replicate (NaN: undefined).

    Parameters
    ----------
    run : Run
    wanted : collection of str
        Names of outcomes, all without it.  The event log is read only where one is made of it.
    """
    check_run(run)
    logged = not _OF_LOG.isdisjoint(wanted)
    rows = [
        {**_of_table(history, run), **(_of_log(history, run) if logged else {})}
        for history in run.histories
    ]
    return {
        name: np.array([row[name] for row in rows], dtype=np.float64)
        for name in OUTCOMES
        if name in wanted
    }


#: Outcomes that are made of the event log.
_OF_LOG: Final = frozenset(
    {"adoptions", "recruiters", "active_day_90", "k_factor", "trees", "largest_tree",
     "largest_share", "single_share", "tree_depth", "virality"}
)  # fmt: skip


def _of_log(history: History, run: Run) -> dict[str, float]:
    scale = scale_of(run)
    facts = log_facts(history)
    shape = facts.forest
    return {
        "adoptions": shape.adoptions * scale,
        "recruiters": facts.recruiters * scale,
        "active_day_90": facts.active * scale if facts.observed else np.nan,
        "k_factor": facts.k_factor,
        "trees": float(shape.trees),
        "largest_tree": shape.largest * scale,
        "largest_share": shape.largest_share,
        "single_share": shape.single,
        "tree_depth": float(shape.depth),
        "virality": shape.virality,
    }


def _of_table(history: History, run: Run) -> dict[str, float]:
    scale = scale_of(run)
    stage, tier = block(history, "stage"), block(history, "tier")
    loyal, die_hard = loyal_and_above(history), die_hard_and_core(history)
    spent = float(sum(part.sum() for part in costs.spend(history, run.scenario).values()))
    final = float(users(history)[-1] * scale)
    return {
        "users": final,
        "loyal": loyal[-1] * scale,
        "die_hard": die_hard[-1] * scale,
        "core": tier[-1, CORE] * scale,
        "lapses": (block(history, "lapses").sum() + block(history, "churns").sum()) * scale,
        "rejected": stage[-1, REJECTED] * scale,
        "rival": stage[-1, RIVAL] * scale,
        "aware_share": indices.awareness_index(history)[-1],
        "take_off": float(indices.took_off(history)),
        "day_die_hard_5000": indices.first_day(die_hard * scale, DIE_HARD_GOAL),
        "day_loyal_100000": indices.first_day(loyal * scale, LOYAL_GOAL),
        "purity_core": indices.purity_by_tier(history)[-1, CORE],
        "reputation": _recent(indices.reputation_index(history)),
        "net_promoters": _recent(indices.net_promoter_share(history)),
        "active_share": _recent(indices.daily_active_share(history)),
        "cost": spent,
        "cost_per_user": spent / final if final else np.nan,
        "cost_per_loyal": spent / (loyal[-1] * scale) if loyal[-1] else np.nan,
    }


def _recent(daily: NDArray[np.float64]) -> float:
    last = daily[-LAST_DAYS:]
    last = last[np.isfinite(last)]
    return float(last.mean()) if last.size else float("nan")


def averaged(name: str, values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return what is averaged over replicates where an outcome is shown, one value a replicate.

    These are the values of the outcome, but for costs per head (`RATIOS`), of which the ratio of
    totals is shown: all the money over all the heads (`ratio_values`).

    Parameters
    ----------
    name : str
    values : mapping of str to array
        Values of the outcome, and of those in `RATIOS`, one a replicate.

    Notes
    -----
    Why not the mean of the ratios: costs hardly depend on whether a market takes off, fans do, so a
    replicate with three fans has a cost per fan of millions and alone decides a mean, while one
    without any has none and is left out, with its money.  The ratio of totals is what a fan costs
    who tries as often as there are replicates: failures are paid and win nobody.  It is also what
    studies of cost-effectiveness report (Stinnett and Paltiel 1997, Medical Decision Making
    17:483-489).  The median, the other candidate, says what a typical try costs; but near an even
    chance of take-off it jumps from one kind of replicate to the other, its interval needs six
    replicates, and medians of two scenarios have no difference that pairs.

    In 500 trials each of a market that takes off with chance .3 to .95 (fans then log-normal with
    sigma 1, else nearly none; the cost almost fixed) the interval held the truth in .85 to .96 with
    4, 8 and 20 replicates; that of the mean of ratios in .02 to .11 with 20.

    Shares and indices, which are bounded, stay means over replicates: each says something of one
    market, and none outweighs the others.
    """
    parts = RATIOS.get(name)
    return ratio_values(values[parts[0]], values[parts[1]]) if parts else values[name]


def interval_of(name: str, values: NDArray[np.float64], key: int) -> Interval:
    """Return the mean of a measure over replicates with the 95 % interval that is shown anywhere.

    `mean_interval`, kept within what the measure can be (counts and money are 0 or more, shares
    0..1); of the share of replicates that took off the interval of Wilson.

    Parameters
    ----------
    name : str
        A measure as `check_measure` writes it.
    values : array of float
        One value a replicate, as `averaged` gives them; NaN are left out.
    key : int
        Key of the run.

    Examples
    --------
    >>> interval_of("users", np.array([0.0, 10.0]), key=7).low
    0.0
    """
    if name == "take_off":
        finite = values[np.isfinite(values)]
        share = float(finite.mean()) if finite.size else np.nan
        return Interval(share, *wilson(int(finite.sum()), finite.size), "wilson")
    known = list(OUTCOMES)
    # Outcomes are resampled each for itself; other measures like the one after the last.
    number = known.index(name) if name in OUTCOMES else len(known)
    mean, low, high, method = mean_interval(values, key, number)
    signed = any(part.strip() in _SIGNED for part in name.split("/"))
    least, most = _BOUNDS.get(name, (-np.inf if signed else 0.0, np.inf))
    # Nothing lies outside, nor does a mean; NaN stay.
    return Interval(
        mean, float(np.clip(low, least, most)), float(np.clip(high, least, most)), method
    )


def check_observed(where: str, name: str, value: float, people: float) -> None:
    """Refuse an observed number that no run can give.

    Raises
    ------
    KoubeiError
        For a share outside 0..1 (a percentage?), or more people in use than there are.
    """
    stock = name.partition("@")[0].strip()
    least, most = _BOUNDS.get(name, (-np.inf, np.inf))
    most = 1.0 if name in SHARES else most
    if not least <= value <= most:
        raise KoubeiError(
            where, f"no run has such a {name}", got=value, allowed=f"{least:g}..{most:g}",
            fix=f"{value / 100.0:g} for {value:g} %" if value > 1.0 else None,
        )  # fmt: skip
    if stock in ("users", "loyal", "die_hard", "core", "aware") and value > people:
        raise KoubeiError(
            where, "more people than the market has", got=f"{value:,.0f}",
            allowed=f"up to {people:,.0f}", fix="a larger people_per_agent",
        )  # fmt: skip


def summary(run: Run) -> pd.DataFrame:
    """Return a table with one row an outcome (`OUTCOMES`).

    Columns: ``mean`` and the 95 % interval ``low``, ``high`` over replicates; of costs per head the
    ratio of totals, not a mean over replicates that took off and others that did not (`averaged`
    says why).  ``interval`` names the method: ``t``, ``bootstrap`` (skewed outcomes), ``wilson``
    (the share of replicates that took off), ``exact`` (no spread), ``none`` (one replicate).
    ``sd`` and quantiles ``q05 .. q95`` are of the values of single replicates; ``n``, the
    replicates in which the outcome is defined (a day that never came is not, nor is a cost per
    fan without fans); ``meaning``.
    """
    import pandas as pd

    check_run(run)
    rows = []
    found = outcomes(run)
    for name, values in found.items():
        finite = values[np.isfinite(values)]
        shown = averaged(name, found)
        mean, low, high, method = interval_of(name, shown, run.key)
        quantiles = np.quantile(finite, QUANTILES) if finite.size else np.full(5, np.nan)
        spread = float(finite.std(ddof=1)) if finite.size > 1 else np.nan
        rows.append([mean, spread, low, high, method, *quantiles, finite.size, OUTCOMES[name]])
    columns = ["mean", "sd", "low", "high", "interval"]
    columns += [f"q{round(100 * level):02d}" for level in QUANTILES] + ["n", "meaning"]
    return pd.DataFrame(rows, index=pd.Index(list(OUTCOMES), name="outcome"), columns=columns)


_SHARE: Final = (0.0, 1.0)
#: Where an outcome can lie; all others are at least 0.
_BOUNDS: Final = {
    "aware_share": _SHARE,
    "purity_core": _SHARE,
    "active_share": _SHARE,
    "largest_share": _SHARE,
    "single_share": _SHARE,
    "reputation": (-1.0, 1.0),
    "net_promoters": (-1.0, 1.0),
}
#: Outcomes that are shares.
SHARES: Final = ("take_off", *(name for name, bounds in _BOUNDS.items() if bounds == _SHARE))
#: Outcomes below 0, whose ratios have any sign.
_SIGNED: Final = tuple(name for name, (least, _) in _BOUNDS.items() if least < 0.0)
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)

_PERIODS: Final = {"week": ("W", 7), "month": ("M", 30), "quarter": ("Q", 91), "year": ("Y", 365)}


def period_ends(run: Run, every: str | int = "quarter") -> tuple[NDArray[np.int64], list[str]]:
    """Return the last tick of each period, and the periods' names.

    With a start date the periods are calendar weeks, months, quarters or years (the first and
    the last may be cut short); without one they are 7, 30, 91 or 365 ticks long.

    Raises
    ------
    KoubeiError
        When `every` is neither a known period nor a positive whole number of ticks.
    """
    check_run(run)
    ticks = run.histories[0].table.shape[0]
    start = getattr(run.scenario, "start_date", None)
    if isinstance(every, str) and every not in _PERIODS:
        raise KoubeiError(
            "every",
            "unknown period",
            got=repr(every),
            allowed=", ".join(_PERIODS) + " or ticks",
            fix=nearest(every, _PERIODS),
        )
    if not isinstance(every, str):
        every = whole("every", every, 1)
    if start is not None and isinstance(every, str):
        import pandas as pd

        days = pd.date_range(start, periods=ticks).to_period(_PERIODS[every][0])
        last = np.flatnonzero(np.append(days[1:] != days[:-1], True))
        shown = {"Q": lambda p: f"{p.year} Q{p.quarter}", "W": lambda p: str(p.end_time.date())}
        name = shown.get(_PERIODS[every][0], str)
        return last.astype(np.int64), [name(days[int(tick)]) for tick in last]
    width = _PERIODS[every][1] if isinstance(every, str) else every
    last = np.arange(width - 1, ticks, width)
    if not last.size or last[-1] != ticks - 1:
        last = np.append(last, ticks - 1)
    return last.astype(np.int64), [f"day {tick + 1}" for tick in last]


def pyramid(run: Run, every: str | int = "quarter") -> pd.DataFrame:
    """Return the pyramid at the end of each period: mean and 95 % interval over replicates.

    One row a period (index ``when``): ``tick``, and for ``die_hard`` (die-hard and core),
    ``loyal`` (loyal and above) and ``users`` the mean, ``_low`` and ``_high``.
    """
    import pandas as pd

    last, names = period_ends(run, every)
    levels = {"die_hard": die_hard_and_core, "loyal": loyal_and_above, "users": users}
    scale = scale_of(run)
    columns: dict[str, object] = {"tick": last}
    for level, count in levels.items():
        values = np.stack([count(history)[last] * scale for history in run.histories])
        found = [interval_of(level, column, run.key) for column in values.T]
        columns[level] = [interval.mean for interval in found]
        columns[f"{level}_low"] = [interval.low for interval in found]
        columns[f"{level}_high"] = [interval.high for interval in found]
    return pd.DataFrame(columns, index=pd.Index(names, name="when"))


def count_text(value: float) -> str:
    """Return a count as a person writes it: thousands separated, no false digits.

    Examples
    --------
    >>> count_text(1234567.0), count_text(12.5), count_text(float("nan"))
    ('1,234,567', '12.5', '-')
    """
    if not np.isfinite(value):
        return "-"
    if abs(value) >= 100 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.3g}"

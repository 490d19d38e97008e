"""The tables a person reads first: outcomes with intervals, and the pyramid by quarter.

Gathers what the other metrics measure, one number a replicate, and tells each as `hurdle` says: the
chance of take-off, and everything else given that.  Called by `Result.summary` and
`Result.pyramid`, by studies, and by the command line.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import whole
from koubei_sim.core.codes import CORE, REJECTED, RIVAL
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.metrics import costs, hurdle, indices
from koubei_sim.metrics.intervals import cut, mean_interval
from koubei_sim.metrics.passes import log_facts
from koubei_sim.metrics.runs import (
    Run,
    block,
    check_run,
    die_hard_and_core,
    loyal_and_above,
    people_of,
    scale_of,
    users,
)
from koubei_sim.model.world.arrays import History
from koubei_sim.reports.words import said

if TYPE_CHECKING:
    import pandas as pd


FloatArray = NDArray[np.float64]

#: The two counts of the founders' story whose day is asked for.
DIE_HARD_GOAL: Final = 5_000
LOYAL_GOAL: Final = 100_000
#: The outcome that is defined where a run took off.
DAY_OFF: Final = "day_take_off"
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
    "take_off": "chance of take-off",
    "day_take_off": "day of take-off, of those that took off",
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

#: What a summary adds to a day that did not come, in English, as it is kept, and Chinese.
NEVER: Final[dict[str, tuple[str, str]]] = {
    "all": (": never within {days:g} days", "：{days:g}天内从未达到"),
    "some": (
        ": not in {never} of {of}, which count as {days:g}",
        "：{of}次中有{never}次未达到，按{days:g}天计",
    ),
}


def outcomes(run: Run, wanted: Collection[str] = tuple(OUTCOMES)) -> dict[str, FloatArray]:
    """Return outcomes as one float64 array each with one value a replicate (NaN: undefined).

    Parameters
    ----------
    run : Run
    wanted : collection of str
        Names of outcomes, all without it.  The event log is read only where one is made of it, and
        so is the daily table.
    """
    check_run(run)
    logged = not _OF_LOG.isdisjoint(wanted)
    daily = not _OF_LOG.issuperset(wanted)
    rows = [
        {**(_of_table(history, run) if daily else {}), **(_of_log(history, run) if logged else {})}
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


def read_with(outcome: str) -> tuple[str, ...]:
    """Return the outcomes that are made of what this one is made of: one reading gives them all.

    Examples
    --------
    >>> "loyal" in read_with("users"), "trees" in read_with("users"), read_with("trees")[0]
    (True, False, 'adoptions')
    """
    return tuple(name for name in OUTCOMES if (name in _OF_LOG) == (outcome in _OF_LOG))


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
        "take_off": float(np.isfinite(day := indices.take_off_day(history))),
        "day_take_off": day,
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


class Told(NamedTuple):
    """What replicates say of one outcome: an estimate with its 95 % interval.

    `method`: ``log t`` (counts and money: geometric mean, Student's t on the log scale), ``t`` or
    ``bootstrap`` (shares, days and indices: mean), ``wilson`` or ``binomial`` (the chance of
    take-off), ``exact`` (no spread at all), ``few`` (too few replicates for an interval), ``none``
    (one or none).
    """

    estimate: float
    low: float
    high: float
    method: str
    of: str  # of which replicates: "taken off", "all", "none took off"
    n: int  # of these, in which the outcome is defined


def taken_of(run: Run) -> NDArray[np.bool_]:
    """Return which replicates took off, bool [R]."""
    return np.array([indices.took_off(history) for history in run.histories], dtype=bool)


def offset(outcome: str) -> float | None:
    """Return what is added to an outcome before its logarithm is taken; None where none is.

    1 for counts of people and money; days, shares and indices are no quantities that differ by
    factors, and what a function of a user's own gives may be anything.

    Examples
    --------
    >>> [offset(name) for name in ("users@60", "cost_per_loyal", "lapses / adoptions", "virality")]
    [1.0, 1.0, None, None]
    """
    if _of_a_function(outcome):
        return None
    if "/" in outcome or outcome in _NO_COUNT or outcome.startswith(("day:", "mean:")):
        return None
    return 1.0


def _of_a_function(name: str) -> bool:
    """Whether a name is that of a function of a user's own, whose numbers may be anything."""
    return name.isidentifier() and name not in OUTCOMES


def _is_day(name: str) -> bool:
    return name.startswith(_DAYS) and not _of_a_function(name)


def may_never_come(name: str) -> bool:
    """Return whether a measure is a day that counts as the horizon where it did not come.

    The day of take-off does not: whether it takes off is told by ``take_off``.

    Examples
    --------
    >>> may_never_come("day:users:9"), may_never_come("day_take_off"), may_never_come("users")
    (True, False, False)
    """
    return _is_day(name) and name != DAY_OFF


def with_horizon(
    name: str, values: NDArray[np.float64], horizon: float | None
) -> NDArray[np.float64]:
    """Return the values of a measure, a day that did not come as the horizon (None: as it is).

    A day after the horizon, seen in a longer run, did not come.  A day that came in none of them,
    within the horizon, is not known: NaN.

    Examples
    --------
    >>> with_horizon("day_loyal_100000", np.array([3.0, np.nan]), 90.0).tolist()
    [3.0, 90.0]
    >>> with_horizon("day_loyal_100000", np.array([np.nan, np.nan]), 90.0).tolist()
    [nan, nan]
    >>> with_horizon("day:users:9", np.array([90.0, 90.0]), 90.0).tolist()
    [nan, nan]
    >>> with_horizon("day:users:9", np.array([90.0, 66.0, 30.0]), 60.0).tolist()
    [60.0, 60.0, 30.0]
    """
    if horizon is None or not may_never_come(name):
        return values
    came = (values < horizon).any()  # `day:` gives the length of a run where it did not come
    return np.fmin(values, horizon) if came else np.full(values.shape, np.nan)


def luck_of(name: str) -> int:
    """Return the address at which a measure is resampled: each outcome has its own.

    Measures that are no outcomes share one.
    """
    known = [outcome for outcome in OUTCOMES if outcome != DAY_OFF]  # came later: keeps the others
    return len(known) + 1 if name == DAY_OFF else [*known, name].index(name)


def told(
    name: str,
    values: NDArray[np.float64],
    taken: NDArray[Any],
    key: int = 0,
    horizon: float | None = None,
    people: float | None = None,
) -> Told:
    """Return what replicates say of a measure, with the 95 % interval that is shown anywhere.

    The chance of take-off is told of all; every other measure of the replicates that took off,
    where any did: never as a mean over both kinds.  Counts and money are geometric means, the rest
    means.  Intervals end where the measure does (`bounds`).  A day that came in some counts as the
    horizon in the others; one that came in none is NaN.

    Parameters
    ----------
    name : str
        A measure as `check_measure` writes it.
    values : array of float, shape [R]
        One value a replicate; NaN where it is undefined.
    taken : array of bool, shape [R]
        Which replicates took off (`taken_of`); NaN of one that failed, which is left out.
    key : int
        Key of the run.
    horizon : float, optional
        Days of the run; without it a day that never came is left out.
    people : float, optional
        People of the market; without it their numbers have no upper bound.

    Examples
    --------
    >>> found = told("users", np.array([9.0, 99.0, 999.0, 2.0]), np.array([1, 1, 1, 0]))
    >>> round(found.estimate), found.of, found.n
    (99, 'taken off', 3)
    >>> told("take_off", np.array([1.0, 1.0, 1.0, 0.0]), np.array([1, 1, 1, 0])).estimate
    0.75
    """
    if name.startswith("take_off") and not _of_a_function(name):
        known = int(np.isfinite(values).sum())
        return Told(*hurdle.chance(values), "all", known)
    rows, of = hurdle.kept(taken)
    shown = with_horizon(name, values[rows], horizon)
    shown = shown[~np.isnan(np.asarray(taken, dtype=np.float64)[rows])]  # it failed: not known
    shown = shown[np.isfinite(shown)]
    plus = offset(name)
    if plus is None:
        found = mean_interval(shown, key, luck_of(name))
    else:
        found = hurdle.log_interval(shown, plus)
    mean, low, high, method = hurdle.enough(found, shown.size)
    least, most = bounds(name, horizon, people)
    return Told(mean, *cut(low, high, least, most), method, of, shown.size)


def bounds(
    name: str, horizon: float | None = None, people: float | None = None
) -> tuple[float, float]:
    """Return between which numbers a measure lies in every run, and so does its mean.

    An interval that is cut there holds the mean as often as the whole one.

    Parameters
    ----------
    name : str
    horizon, people : float, optional
        Days of the run, and people of the market.

    Examples
    --------
    >>> bounds("reputation"), bounds("users@60", people=9000.0), bounds("day:users:9", 90.0)
    ((-1.0, 1.0), (0.0, 9000.0), (0.0, 90.0))
    """
    own = _of_a_function(name)
    signed = own or any(part.strip() in _SIGNED for part in name.split("/"))
    least, most = _BOUNDS.get(name, (-np.inf if signed else 0.0, np.inf))
    if horizon is not None and _is_day(name):
        most = horizon
    counted = "" if own or "/" in name else name.partition("@")[0].strip()
    if people is not None and counted in _PEOPLE:
        most = people
    return least, most


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
    if stock in _PEOPLE and value > people:
        raise KoubeiError(
            where, "more people than the market has", got=f"{value:,.0f}",
            allowed=f"up to {people:,.0f}", fix="a larger people_per_agent",
        )  # fmt: skip


def summary(run: Run) -> pd.DataFrame:
    """Return a table with one row an outcome (`OUTCOMES`).

    Every outcome but ``take_off`` is told of the replicates that took off, where any did, never
    over both kinds (`told`).  Columns: ``estimate`` (the geometric mean of counts and money, the
    mean of the rest) and its 95 % interval ``low``, ``high``; ``interval``, the method; ``of``, of
    which replicates (``taken off``, ``all``, ``none took off``); ``n``, of these, in which the
    outcome is defined; quantiles ``q05 .. q95`` of single replicates among them; ``meaning``.  A
    day that came in some replicates counts as the number of days that were simulated in the others,
    and ``meaning`` says in how many; one that came in none is NaN.
    """
    import pandas as pd

    from koubei_sim.looks.frames import Table

    check_run(run)
    rows = []
    found, horizon = outcomes(run), float(run.histories[0].table.shape[0])
    taken = found["take_off"] == 1.0
    for name, values in found.items():
        row = told(name, values, taken, run.key, horizon, people_of(run))
        of = np.ones(taken.size, dtype=bool) if name == "take_off" else hurdle.kept(taken).rows
        shown, meaning = values[of], OUTCOMES[name]
        if name.startswith(_DAYS) and name != DAY_OFF:
            never = int(np.isnan(shown).sum())
            if never == shown.size:
                meaning += said(NEVER, "all", "en", days=horizon)
            elif never:
                meaning += said(NEVER, "some", "en", never=never, of=shown.size, days=horizon)
                shown = with_horizon(name, shown, horizon)
        shown = shown[np.isfinite(shown)]
        quantiles = np.quantile(shown, QUANTILES) if shown.size else np.full(5, np.nan)
        rows.append([*row, *quantiles, meaning])
    columns = ["estimate", "low", "high", "interval", "of", "n"]
    columns += [f"q{round(100 * level):02d}" for level in QUANTILES] + ["meaning"]
    table = Table(rows, index=pd.Index(list(OUTCOMES), name="outcome"), columns=columns)
    return table.told(["estimate", "low", "high", "n", "meaning"], _of_which(taken))


def _of_which(taken: NDArray[np.bool_]) -> str:
    """Say of which replicates a summary tells."""
    n, off = taken.size, int(taken.sum())
    if n == 1:
        return "of one replicate: no intervals"
    if off in (0, n):
        return f"of all {n} replicates: {'none' if not off else 'each'} took off"
    return f"of the {off} replicates of {n} that took off; take_off: of all {n}"


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
#: Numbers of people of the market, each counted once.
_PEOPLE: Final = frozenset(
    {"users", "loyal", "die_hard", "core", "aware", "rejected", "rival", "recruiters"}
)
#: Outcomes that are shares.
SHARES: Final = ("take_off", *(name for name, bounds in _BOUNDS.items() if bounds == _SHARE))
#: Outcomes below 0, whose ratios have any sign.
_SIGNED: Final = tuple(name for name, (least, _) in _BOUNDS.items() if least < 0.0)
#: Measures that are a day, which may never come.
_DAYS: Final = ("day_", "day:")
#: Outcomes that are days, shares, prices or indices: none of them differs by factors.
_NO_COUNT: Final = frozenset(
    {*SHARES, *_SIGNED, DAY_OFF, "day_die_hard_5000", "day_loyal_100000", "k_factor", "virality",
     "tree_depth"}
)  # fmt: skip
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
    """Return the pyramid at the end of each period, of the replicates that took off (`told`).

    One row a period (index ``when``): ``tick``, and for ``die_hard`` (die-hard and core),
    ``loyal`` (loyal and above) and ``users`` the geometric mean and its 95 % interval, ``_low`` and
    ``_high``.
    """
    import pandas as pd

    from koubei_sim.looks.frames import Table

    last, names = period_ends(run, every)
    levels = {"die_hard": die_hard_and_core, "loyal": loyal_and_above, "users": users}
    scale, people, taken = scale_of(run), people_of(run), taken_of(run)
    columns: dict[str, object] = {"tick": last}
    for level, count in levels.items():
        values = np.stack([count(history)[last] * scale for history in run.histories])
        found = [told(level, column, taken, run.key, None, people) for column in values.T]
        columns[level] = [one.estimate for one in found]
        columns[f"{level}_low"] = [one.low for one in found]
        columns[f"{level}_high"] = [one.high for one in found]
    table = Table(columns, index=pd.Index(names, name="when"))
    return table.told(list(table.columns)[1:], _of_which(taken))


def reported(scenario: Any) -> list[tuple[int, Any]]:
    """Return the milestones of a scenario that fall into its run and fit into its market.

    Each with its day, in the order of the scenario.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> [(day, one.count) for day, one in reported(kb.Scenario.load("xiaomi"))][:2]
    [(0, 100.0), (31, 110.0)]
    """
    people, found = scenario.n_agents * scenario.people_per_agent, []
    for one in scenario.milestones:
        day = one.day
        if one.date is not None and scenario.start_date is not None:
            day = (one.date - scenario.start_date).days
        if day is not None and 0 <= day < scenario.ticks and 0 < one.count <= people:
            found.append((int(day), one))
    return found

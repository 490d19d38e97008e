"""Measures with parameters: a small language for "one number of one run".

`overview.OUTCOMES` are the outcomes that everybody reads.  Studies ask for others: users on day 60,
the day of the thousandth user, negative tellings on Weibo during an event, complaints per
adoption.  A measure is written as text, so that it can stand in a sweep file, in a claim and in
the header of a table.  Called by `studies`.

What the world reports is dated: a *dated statistic* says what is counted and when, as
``users@2012-12-15`` or ``online_users/users@90``.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import digits, one_of
from koubei_sim.core.codes import STAGES, TIERS
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.metrics import costs
from koubei_sim.metrics.forest import seeds_at_start
from koubei_sim.metrics.indices import adoptions, people_who_know, took_off
from koubei_sim.metrics.overview import OUTCOMES, outcomes
from koubei_sim.metrics.runs import (
    Run,
    block,
    check_run,
    die_hard_and_core,
    loyal_and_above,
    scale_of,
    takes_history,
    users,
)
from koubei_sim.model.mechanisms import COLUMNS, TABLE
from koubei_sim.model.world.arrays import History

FloatArray = NDArray[np.float64]


def _adopted(history: History) -> NDArray[np.int64]:
    return seeds_at_start(history) + np.cumsum(adoptions(history))


def _told(history: History) -> NDArray[np.int64]:
    kinds = ("tells_positive", "tells_negative", "tells_relay", "tells_waiting", "tells_rejecter")
    return np.sum([block(history, kind) for kind in kinds], axis=0)


#: Stocks: people at the end of a day.
STOCKS: Final[dict[str, Callable[[History], NDArray[np.int64]]]] = {
    "users": users,
    "loyal": loyal_and_above,
    "die_hard": die_hard_and_core,
    "adopted": _adopted,  # adoptions so far, seeds among them: only ever rises
    "aware": people_who_know,
    "members": lambda history: block(history, "members"),
    "having": lambda history: block(history, "having"),  # people who have a good
}
#: Flows: acts of a day; over a period they are added up.
FLOWS: Final[dict[str, Callable[[History], NDArray[np.int64]]]] = {
    "adoptions": adoptions,
    "online_users": lambda history: block(history, "online_users"),
    "tellings": _told,
    "joins": lambda history: block(history, "joins"),
    "leavers": lambda history: block(history, "lapses") + block(history, "churns"),
    "sold": lambda history: block(history, "sold"),  # units of goods
}
#: Quantities of which there is one a channel, node or good: named after a colon, or added up.
_BY_NAME: Final = {
    "members": "channels", "tellings": "channels", "joins": "nodes", "having": "goods",
    "sold": "goods",
}  # fmt: skip
_FORM: Final = "users@2012-12-15, online_users/users@90, adoptions@2013-01-01..2013-06-30"
#: Forms of other measures that look alike (`measuring`).
_OTHERS: Final = ("sum:", "mean:", "day:", "cost@", "take_off@")
_LOOKS: Final = re.compile(r"^([^@\s/]*)(/[^@\s/]*)?@[^@\s/]*$")
#: Blanks around these mean nothing.
_SIGNS: Final = re.compile(r"\s*(/|@|:|\.\.)\s*")
_WHEN: Final = re.compile(r"^(\d{4}-\d\d-\d\d|\d+)(?:\.\.(\d{4}-\d\d-\d\d|\d+))?$")


class Dated(NamedTuple):
    """A dated statistic, read by `read_dated`.

    Attributes
    ----------
    text : str
        As it was written.
    above, below : str
        What is counted, and what it is divided by (empty: nothing).  A name after a colon picks a
        channel or node: ``members:forum``.
    first, last : date, int or None
        Date or day (tick, 0 the first); `last` is None where one day is meant.
    """

    text: str
    above: str
    below: str
    first: datetime.date | int
    last: datetime.date | int | None


def tidy(text: str) -> str:
    """Return a measure without the blanks that mean nothing.

    Examples
    --------
    >>> tidy(" adoptions / users @ 10"), tidy("users@1 .. 3")
    ('adoptions/users@10', 'users@1..3')
    """
    return _SIGNS.sub(r"\1", text.strip())


def is_dated(text: object) -> bool:
    """Say whether a text has the form of a dated statistic (it may still name nothing known).

    A day behind a ratio is the day of both, unless the first can have none: the outcome
    ``lapses`` is a number of the whole run.

    Examples
    --------
    >>> (
    ...     is_dated("user@90"),
    ...     is_dated("adoptions / users@90"),
    ...     is_dated("sum:joins@3..9"),
    ...     is_dated("cost@9"),
    ...     is_dated("users@3 / users"),
    ...     is_dated("lapses / users@3"),
    ... )
    (True, True, False, False, False, False)
    """
    if not isinstance(text, str):
        return False
    text = tidy(text)
    found = _LOOKS.match(text)
    if found is None or any(part.startswith(_OTHERS) for part in text.split("/")):
        return False
    name = found[1].partition(":")[0]
    return found[2] is None or name in STOCKS or name in FLOWS or name not in OUTCOMES


def read_dated(text: str) -> Dated:
    """Read ``quantity[:name][/quantity[:name]]@day[..day]``; blanks mean nothing.

    Quantities at the end of a day: users, loyal, die_hard, adopted (adoptions so far), aware,
    members (of a channel), having (a good).  Flows of a day, summed over a period: adoptions,
    online_users, tellings, joins, leavers, sold (units of goods).  Over a period a stock is its
    mean over the days, and a ratio is the ratio of the two sums.

    Raises
    ------
    KoubeiError
        For an unknown quantity or another form.

    Examples
    --------
    >>> read_dated("members:forum/adopted@2012-02-10").below
    'adopted'
    >>> read_dated("user@90")
    Traceback (most recent call last):
    ...
    koubei_sim.errors.KoubeiError: user@90: unknown quantity, got user, ..., try users
    """
    text = tidy(str(text))
    what, _, when = text.rpartition("@")
    found = _WHEN.match(when)
    if not what or found is None or what.count("/") > 1:
        raise KoubeiError(str(text), "not a dated statistic", fix=_FORM)
    above, _, below = what.partition("/")
    for part in (above, below) if "/" in what else (above,):
        name, colon, which = part.partition(":")
        known = (*STOCKS, *FLOWS)
        one_of(str(text), name, known, "unknown quantity")
        if colon and (name not in _BY_NAME or not which):
            raise KoubeiError(str(text), f"{name} has no part of that name", got=which or part)
    first = _moment(found[1], text)
    last = None if found[2] is None else _moment(found[2], text)
    if last is not None and (type(first) is not type(last) or last < first):  # type: ignore[operator]
        raise KoubeiError(str(text), "the period must end after its beginning", got=when)
    return Dated(str(text), above, below, first, last)


def _moment(text: str, where: str) -> datetime.date | int:
    if "-" not in text:
        return int(text)
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise KoubeiError(where, "no such date", got=text, allowed="2012-12-15") from None


@takes_history
def days_of(dated: Dated, scenario: Any) -> tuple[int, int]:
    """Return the first and the last tick of a statistic in a scenario.

    Raises
    ------
    KoubeiError
        Where the scenario has no start date, does not run so long, or lacks a named part.
    """
    if not isinstance(dated, Dated):
        dated = read_dated(dated)
    for part in (dated.above, dated.below):
        name, colon, which = part.partition(":")
        if colon:
            table = _BY_NAME[name]
            one_of(dated.text, which, getattr(scenario, table), f"no such entry in {table}")
    ends = [_tick(dated, dated.first, scenario)]
    ends.append(ends[0] if dated.last is None else _tick(dated, dated.last, scenario))
    if not 0 <= ends[0] <= ends[1] < scenario.ticks:
        raise KoubeiError(
            dated.text,
            "outside the run",
            got=f"day {ends[0] if ends[0] < 0 else ends[1]}",
            allowed=f"day 0..{scenario.ticks - 1}",
            fix=f"ticks = {ends[1] + 1}" if ends[0] >= 0 else None,
        )
    return ends[0], ends[1]


def _tick(dated: Dated, moment: datetime.date | int, scenario: Any) -> int:
    if isinstance(moment, int):
        return moment
    if scenario.start_date is None:
        raise KoubeiError(
            dated.text, "the scenario has no start date", fix="start_date in the scenario, or a day"
        )
    return int((moment - scenario.start_date).days)


@takes_history
def dated_value(text: str | Dated, history: History, scenario: Any) -> float:
    """Return a dated statistic of one history, in people (agents times ``people_per_agent``).

    NaN where it is divided by nothing.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> result = kb.run("tiny", rng=7, ticks=20)
    >>> found = [dated_value(f"adopted@{d}", result.histories[0], result.scenario) for d in (0, 19)]
    >>> found[0] <= found[1]
    True
    """
    dated = text if isinstance(text, Dated) else read_dated(text)
    first, last = days_of(dated, scenario)
    scale = float(scenario.people_per_agent)
    above = _total(dated.above, history, scenario, first, last)
    if not dated.below:
        name = dated.above.partition(":")[0]
        return scale * above / (last - first + 1 if name in STOCKS else 1)
    below = _total(dated.below, history, scenario, first, last)
    return above / below if below else float("nan")


def _total(part: str, history: History, scenario: Any, first: int, last: int) -> float:
    name, _, which = part.partition(":")
    daily = (STOCKS.get(name) or FLOWS[name])(history)[first : last + 1]
    if daily.ndim == 1:
        return float(daily.sum())
    used = list(getattr(scenario, _BY_NAME.get(name, "channels")))
    if which:
        daily = daily[:, used.index(which)]
    return float(daily.sum())


#: What a measure may look like, for error lines.
FORMS: Final = (
    "an outcome, QUANTITY@DAY or DATE, cost@DAY, take_off@DAY, day:QUANTITY:COUNT, "
    "sum:BLOCK[.COLUMN][@DAY..DAY], mean:BLOCK[.COLUMN][@DAY..DAY], or one / another"
)
_WIDTHS: Final = dict(TABLE)
#: Blocks of the daily table with one column a channel, a node, a segment.
_BY_CHANNEL: Final = frozenset(c.name for c in COLUMNS if c.along == "channel")
_BY_GOOD: Final = frozenset(c.name for c in COLUMNS if c.along == "good")
_BLOCK = re.compile(
    r"^(?P<how>sum|mean):(?P<block>\w+)(?:\.(?P<column>\w+))?(?:@(?P<low>\d+)\.\.(?P<high>\d+))?$"
)
_DAY = re.compile(r"^day:(?P<series>\w+):(?P<count>\d+(?:\.\d+)?)$")
_BY_DAY = re.compile(r"^(?P<name>cost|take_off)@(?P<day>\d+)$")
#: What can be reached on a day; "adoptions": so many have adopted.
REACHED: Final = {
    **{name: count for name, count in STOCKS.items() if name != "members"},
    "adoptions": STOCKS["adopted"],
}


class _Term(NamedTuple):
    """One measure without division."""

    text: str
    kind: str  # outcome, dated, day, by_day, block
    name: str
    how: str = ""
    column: str = ""
    low: float = 0.0
    high: float = -1.0


def check_measure(text: object, scenario: Any = None) -> str:
    """Return a measure as it is to be written, or refuse it.

    Parameters
    ----------
    text : str
        See `measure`.
    scenario : Scenario, optional
        Where given, days and columns are checked against it.

    Raises
    ------
    KoubeiError
        In one line, with the nearest name that exists.

    Examples
    --------
    >>> check_measure("users@60"), check_measure("lapses/adoptions")
    ('users@60', 'lapses / adoptions')
    >>> check_measure("user@60")
    Traceback (most recent call last):
    ...
    koubei_sim.errors.KoubeiError: user@60: unknown quantity, got user, ..., try users
    """
    terms = _read(text)
    if scenario is not None:
        for term in terms:
            _check_against(term, scenario)
    return " / ".join(term.text for term in terms)


def kept_measure(text: object, kept: Iterable[str]) -> str:
    """Return which of the measures that a study kept is meant; blanks mean nothing.

    Raises
    ------
    KoubeiError
        Where it is none of them.
    """
    names = {tidy(name): name for name in kept}
    if not isinstance(text, str) or tidy(text) not in names:
        raise KoubeiError(
            "outcome", "not kept in this study", got=repr(text), allowed=", ".join(names.values()),
            fix=nearest(str(text), names.values()),
        )  # fmt: skip
    return names[tidy(text)]


def measure(run: Run, text: str) -> NDArray[np.float64]:
    """Return one number for each replicate of a run.

    Parameters
    ----------
    run : Run
    text : str
        One of

        - an outcome of `OUTCOMES`, such as ``loyal``;
        - ``users@60``, ``adopted@2012-12-15``, ``online_users/users@30..59``: see `read_dated`;
        - ``cost@60``: money spent up to the end of day 60; ``take_off@60``: whether it has taken
          off by then;
        - ``day:users:1000``: the first day with so many; the length of the run, in days, where
          they are never reached (a mean restricted to the horizon);
        - ``sum:complaints``, ``mean:complaints``, over all days and columns of a block of the
          daily table; ``sum:adoptions_channel.weibo@100..130``: of one column (by name of the
          channel, node, segment, stage or tier, or by number), on days 100 to 130;
        - two of these with ``/`` between: NaN where the second is 0.  A day behind the second is
          the day of both where the first can have one, so ``adoptions / users@60`` are the
          adoptions of day 60 (all until then: ``adopted@60``).

        Blanks mean nothing.

    Returns
    -------
    (R,) float64 array
        Counts of people are scaled by ``people_per_agent``.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> r = kb.run("tiny", replicates=2, rng=1, n_agents=200, ticks=10)
    >>> bool((measure(r, "users@9") == measure(r, "users")).all())
    True
    >>> float(measure(r, "day:users:100000")[0])
    10.0
    """
    return measures(run, [text])[text]


def measures(run: Run, texts: Iterable[str]) -> dict[str, NDArray[np.float64]]:
    """Return several measures of a run by name; what they share is computed once."""
    check_run(run)
    given = [texts] if isinstance(texts, str) or not isinstance(texts, Iterable) else texts
    parsed = {text: _read(text) for text in given}
    for terms in parsed.values():
        for term in terms:
            _check_against(term, run.scenario)
    wanted = {t.name for terms in parsed.values() for t in terms if t.kind == "outcome"}
    known = outcomes(run, wanted) if wanted else {}
    found = {}
    for text, terms in parsed.items():
        values = [known[t.name] if t.kind == "outcome" else _value(run, t) for t in terms]
        if len(values) == 1:
            found[text] = values[0]
        else:
            out = np.full(values[0].shape, np.nan)
            found[text] = np.divide(values[0], values[1], out=out, where=values[1] != 0.0)
    return found


def _value(run: Run, term: _Term) -> NDArray[np.float64]:
    scale = scale_of(run)
    return np.array([_of_one(h, run.scenario, term, scale) for h in run.histories])


def _of_one(history: History, scenario: Any, term: _Term, scale: float) -> float:
    ticks = history.table.shape[0]
    if term.kind == "by_day" and term.name == "take_off":
        return float(took_off(history, day=int(term.low)))
    if term.kind == "by_day":
        spent = costs.cumulative(costs.spend(history, scenario))
        return float(spent[min(int(term.low), ticks - 1)])
    if term.kind == "dated":
        return dated_value(term.text, history, scenario)
    if term.kind == "day":
        reached = np.flatnonzero(REACHED[term.name](history) * scale >= term.low)
        return float(reached[0]) if reached.size else float(ticks)
    part = block(history, term.name)
    low, high = (0, ticks) if term.high < 0 else (int(term.low), min(int(term.high) + 1, ticks))
    part = part[low:high]
    if term.column:
        part = part[:, _column(term, scenario)]
    elif part.ndim == 2:
        part = part.sum(axis=1)
    days = max(high - low, 1) if term.how == "mean" else 1
    return float(part.sum()) * scale / days


# Reading --------------------------------------------------------------------------------------


def _read(text: object) -> tuple[_Term, ...]:
    terms = _parsed(tidy(text)) if isinstance(text, str) else None
    if terms is None:
        raise KoubeiError("outcome", "not a measure", got=repr(text), allowed=FORMS)
    return terms


@lru_cache(maxsize=4096)
def _parsed(text: str) -> tuple[_Term, ...] | None:
    if is_dated(text):  # a ratio on one day has its own slash
        return (_term(text),)
    parts = text.split("/")
    if not 1 <= len(parts) <= 2 or not all(parts):
        return None
    return tuple(_term(part) for part in parts)


def _term(text: str) -> _Term:
    if text in OUTCOMES:
        return _Term(text, "outcome", text)
    if found := _BY_DAY.match(text):
        return _Term(text, "by_day", found["name"], low=float(found["day"]))
    if found := _DAY.match(text):
        name = found["series"]
        one_of("outcome", name, REACHED, "unknown quantity")
        return _Term(text, "day", name, low=float(found["count"]))
    if is_dated(text):
        read_dated(text)
        return _Term(text, "dated", text)
    if found := _BLOCK.match(text):
        name = found["block"]
        one_of("outcome", name, _WIDTHS, "unknown block of the daily table")
        if found["column"] and _WIDTHS[name] == 1:
            raise KoubeiError("outcome", f"{name} has one column", got=text, fix=name)
        low, high = float(found["low"] or 0), float(found["high"] or -1)
        if found["high"] and low > high:
            raise KoubeiError("outcome", "no day between these", got=text, fix="@30..59")
        return _Term(text, "block", name, found["how"], found["column"] or "", low, high)
    raise KoubeiError(
        "outcome", "unknown outcome", got=text, allowed=f"{', '.join(OUTCOMES)}; or {FORMS}",
        fix=nearest(text, OUTCOMES),
    )  # fmt: skip


def _check_against(term: _Term, scenario: Any) -> None:
    """Refuse days after the end of a scenario, and columns that it does not have."""
    if term.kind == "dated":
        days_of(read_dated(term.text), scenario)
    if term.kind == "by_day" and term.low >= scenario.ticks:
        raise KoubeiError(
            "outcome", "a day after the end", got=term.text, allowed=f"0..{scenario.ticks - 1}"
        )
    if term.kind == "block":
        if max(term.low, term.high) >= scenario.ticks:
            raise KoubeiError(
                "outcome", "days after the end", got=term.text, allowed=f"0..{scenario.ticks - 1}"
            )
        if term.column:
            _column(term, scenario)


def _column(term: _Term, scenario: Any) -> int:
    """Return the number of a column from its name or number."""
    width = _WIDTHS[term.name]
    names = _column_names(term.name, scenario)
    if digits(term.column) and int(term.column) < (len(names) or width):
        return int(term.column)
    if term.column not in names:
        raise KoubeiError(
            "outcome", f"no such column of {term.name}", got=term.column,
            allowed=", ".join(names) or f"0..{width - 1}", fix=nearest(term.column, names),
        )  # fmt: skip
    return names.index(term.column)


def _column_names(name: str, scenario: Any) -> list[str]:
    if name in ("segment_users", "adoptions_segment"):
        return list(scenario.segments)
    if name == "joins":
        return list(scenario.nodes)
    if name in _BY_GOOD:
        return list(scenario.goods)
    if name == "stage":
        return list(STAGES)
    if name in ("tier", "enthusiast_tier"):
        return list(TIERS)
    return list(scenario.channels) if name in _BY_CHANNEL else []

"""Numbers of a run that are named by a text: ``users@2012-12-15``, ``online_users/users@90``.

An outcome of `OUTCOMES` is a number at the end of a run; what the world reports is dated.  A *dated
statistic* says what is counted and when, in a text that can stand in a file, in a column of a
table and in a journal.  Called by the sweeps of `studies`, by calibration targets and by people.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import one_of
from koubei_sim.core.codes import UNAWARE
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics.forest import seeds_of
from koubei_sim.metrics.indices import adoptions
from koubei_sim.metrics.overview import OUTCOMES
from koubei_sim.metrics.runs import block, die_hard_and_core, loyal_and_above, takes_history, users
from koubei_sim.model.world.arrays import History

FloatArray = NDArray[np.float64]


def _adopted(history: History) -> NDArray[np.int64]:
    return seeds_of(history) + np.cumsum(adoptions(history))


def _told(history: History) -> NDArray[np.int64]:
    kinds = ("tells_positive", "tells_negative", "tells_relay", "tells_waiting", "tells_rejecter")
    return np.sum([block(history, kind) for kind in kinds], axis=0)


def _aware(history: History) -> NDArray[np.int64]:
    stage = block(history, "stage")
    return np.asarray(stage.sum(axis=1) - stage[:, UNAWARE])


#: Stocks: people at the end of a day.
STOCKS: Final[dict[str, Callable[[History], NDArray[np.int64]]]] = {
    "users": users,
    "loyal": loyal_and_above,
    "die_hard": die_hard_and_core,
    "adopted": _adopted,  # adoptions so far, seeds among them: only ever rises
    "aware": _aware,
    "members": lambda history: block(history, "members"),
}
#: Flows: acts of a day; over a period they are added up.
FLOWS: Final[dict[str, Callable[[History], NDArray[np.int64]]]] = {
    "adoptions": adoptions,
    "online_users": lambda history: block(history, "online_users"),
    "tellings": _told,
    "joins": lambda history: block(history, "joins"),
    "leavers": lambda history: block(history, "lapses") + block(history, "churns"),
}
#: Quantities of which there is one a channel (or node): named after a colon, added up without.
_BY_NAME: Final = {"members": "channels", "tellings": "channels", "joins": "nodes"}
_FORM: Final = "users@2012-12-15, online_users/users@90, adoptions@2013-01-01..2013-06-30"
#: Forms of other measures that look alike (`measuring`).
_OTHERS: Final = ("sum:", "mean:", "day:", "cost@")
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
    members (of a channel).  Flows of a day, summed over a period: adoptions, online_users,
    tellings, joins, leavers.  Over a period a stock is its mean over the days, and a ratio is the
    ratio of the two sums.

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

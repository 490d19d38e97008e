"""Measures with parameters: a small language for "one number of one run".

`overview.OUTCOMES` are the outcomes that everybody reads.  Studies ask for others: users on day 60,
the day of the thousandth user, negative tellings on Weibo during an event, complaints per
adoption.  A measure is written as text, so that it can stand in a sweep file, in a claim and in
the header of a table.  Called by `studies`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import digits, one_of
from koubei_sim.core.codes import STAGES, TIERS
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.metrics import costs
from koubei_sim.metrics.dated import STOCKS, dated_value, days_of, is_dated, read_dated, tidy
from koubei_sim.metrics.overview import OUTCOMES, outcomes
from koubei_sim.metrics.runs import Run, block, check_run, scale_of
from koubei_sim.model.mechanisms import COLUMNS, TABLE
from koubei_sim.model.world.arrays import History

#: What a measure may look like, for error lines.
FORMS: Final = (
    "an outcome, QUANTITY@DAY or DATE, cost@DAY, day:QUANTITY:COUNT, "
    "sum:BLOCK[.COLUMN][@DAY..DAY], mean:BLOCK[.COLUMN][@DAY..DAY], or one / another"
)
_WIDTHS: Final = dict(TABLE)
#: Blocks of the daily table with one column a channel, a node, a segment.
_BY_CHANNEL: Final = frozenset(c.name for c in COLUMNS if c.along == "channel")
_BLOCK = re.compile(
    r"^(?P<how>sum|mean):(?P<block>\w+)(?:\.(?P<column>\w+))?(?:@(?P<low>\d+)\.\.(?P<high>\d+))?$"
)
_DAY = re.compile(r"^day:(?P<series>\w+):(?P<count>\d+(?:\.\d+)?)$")
_COST = re.compile(r"^cost@(?P<day>\d+)$")
#: What can be reached on a day; "adoptions": so many have adopted.
REACHED: Final = {
    **{name: count for name, count in STOCKS.items() if name != "members"},
    "adoptions": STOCKS["adopted"],
}


class _Term(NamedTuple):
    """One measure without division."""

    text: str
    kind: str  # outcome, dated, day, cost, block
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
        - ``cost@60``: money spent up to the end of day 60;
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
    known: dict[str, NDArray[np.float64]] = {}
    if any(term.kind == "outcome" for terms in parsed.values() for term in terms):
        known = outcomes(run)
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
    if term.kind == "cost":
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
    if found := _COST.match(text):
        return _Term(text, "cost", "cost", low=float(found["day"]))
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
    if term.kind == "cost" and term.low >= scenario.ticks:
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
    if name == "stage":
        return list(STAGES)
    if name in ("tier", "enthusiast_tier"):
        return list(TIERS)
    return list(scenario.channels) if name in _BY_CHANNEL else []

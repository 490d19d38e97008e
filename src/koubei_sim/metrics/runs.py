"""What a metric is computed from: the shape of a finished run, without its class.

Metrics sit below `results`, which shows some of them in its summary, so they cannot name the
class `Result`.  They ask only for what is written here; anything with these attributes will do.
Also the few array views that most metrics share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import signature
from typing import Any, Final, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import word
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms import TABLE, TABLE_OFFSET
from koubei_sim.model.world.arrays import History

_WIDTH = dict(TABLE)
_Measure = TypeVar("_Measure", bound=Callable[..., Any])
#: Days that a measure may be asked about.
MOST_DAYS: Final = 2**31 - 1
#: What a measure asks for -> attributes that it is known by, and the expression that gives one.
_KNOWN_BY: Final = {
    "history": (("table", "quality", "difficulty"), "result.histories[0]"),
    "forest": (("parent", "root", "below"), "recruitment_forest(result.histories[0])"),
    "scenario": (("costs", "channels", "ticks"), "result.scenario"),
}


class Run(Protocol):
    """A finished run: a scenario and one `History` for each replicate."""

    @property
    def scenario(self) -> Any:
        """The scenario, a `koubei_sim.model.scenario.Scenario`."""

    @property
    def histories(self) -> Sequence[History]:
        """One history a replicate."""

    @property
    def key(self) -> int:
        """Key of the run; addresses the resampling of intervals."""


def check_run(run: object) -> None:
    """Refuse what is no finished run (a scenario, a table, a path).

    Raises
    ------
    KoubeiError
    """
    if not (hasattr(run, "histories") and hasattr(run, "scenario")):
        raise KoubeiError(
            "run", "not a finished run", got=type(run).__name__, allowed="a Result or a Fork"
        )


def takes_history(measure: _Measure) -> _Measure:
    """Decorate a measure so that it refuses what is no history, or no forest, in one line.

    Looked at are the parameters called ``history``, ``forest`` and ``scenario``; None is one that
    is not given, where it may be left out.
    """
    given = signature(measure).parameters
    looked_at = [(one, list(given).index(one)) for one in _KNOWN_BY if one in given]
    left_out = {one for one in given if given[one].default is None}

    @wraps(measure)
    def checked(*words: Any, **named: Any) -> Any:
        for one, place in looked_at:
            if len(words) <= place and one not in named:
                continue  # Python says what is missing
            of = words[place] if len(words) > place else named[one]
            parts, source = _KNOWN_BY[one]
            if of is None and one in left_out:
                continue
            if isinstance(of, type) or not all(hasattr(of, part) for part in parts):
                where, got = f"{measure.__name__}, {one}", type(of).__name__
                raise KoubeiError(where, f"not a {one}", got=got, fix=source)
        return measure(*words, **named)

    return cast(_Measure, checked)


@takes_history
def block(history: History, name: str) -> NDArray[np.int64]:
    """Return the columns `name` of the daily table (`model.mechanisms.COLUMNS`).

    Parameters
    ----------
    history : History
        One replicate.
    name : str
        Name of a block, such as ``"stage"`` or ``"online_users"``.

    Returns
    -------
    array of int64
        Shape [T] where the block has one column, else [T, width].  A view; counts of agents.
    """
    word("name", name, tuple(TABLE_OFFSET))
    start, width = TABLE_OFFSET[name], _WIDTH[name]
    part = history.table[:, start : start + width]
    return part[:, 0] if width == 1 else part


@takes_history
def users(history: History) -> NDArray[np.int64]:
    """Return the number of users at the end of each tick, shape [T]."""
    return block(history, "tier").sum(axis=1)


@takes_history
def loyal_and_above(history: History) -> NDArray[np.int64]:
    """Return users of tier loyal, die-hard or core at the end of each tick, shape [T]."""
    return block(history, "tier")[:, 1:].sum(axis=1)


@takes_history
def die_hard_and_core(history: History) -> NDArray[np.int64]:
    """Return users of tier die-hard or core at the end of each tick, shape [T]."""
    return block(history, "tier")[:, 2:].sum(axis=1)


@takes_history
def events_of(history: History, kind: int) -> NDArray[np.int64]:
    """Return positions in the event log of the events of one kind, in the order of the log."""
    return np.flatnonzero(history.log_kind == kind)


def scale_of(run: Run) -> float:
    """Return persons per agent (1 where the scenario does not scale)."""
    return float(getattr(run.scenario, "people_per_agent", 1))


def people_of(run: Run) -> float:
    """Return how many people the market has."""
    return float(run.scenario.n_agents * scale_of(run))

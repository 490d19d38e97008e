"""`Start`: a diffusion that has been watched up to a time, from which a rule goes on.

Rules whose future hangs on who is active now, and not on how that came about, can go on from a
half-observed diffusion: who is active and can still pass the word starts, who is spent stays out.
Arcs into the spent lead back to where they come from, so that every arc keeps its number and with
it its coins: an independent cascade goes on with the very bytes of the run that was cut.  Called by
`run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs, for_people
from koubei_sim.cascades.outcome import Outcome
from koubei_sim.cascades.rules.base import Rule, going_on
from koubei_sim.errors import KoubeiError


@dataclass(frozen=True, eq=False)
class Start:
    """Who was active when, up to a time.

    Parameters
    ----------
    times : (n,) array, or mapping of people to times
        When each person became active; NaN (or not named) where it had not by `at`.  Times after
        `at` count as not yet.
    at : float
        The time up to which was watched: a step for rules by steps.
    until : (n,) array, or mapping, optional
        SIR: when each recovered; NaN or infinite where it had not by `at`.  Needed there.

    Notes
    -----
    What a rule does with those who are active says its `goes_on`, and docs/evidence.md for each.  A
    run of one's own that is cut goes on with its bytes under the same key where draws belong to
    arcs alone; where they belong to people and times take another key, as the past has used them.

    Examples
    --------
    >>> Start({0: 0, 1: 1}, at=1).at
    1.0
    """

    times: Any
    at: float
    until: Any = None

    def __post_init__(self) -> None:
        """Check the time."""
        object.__setattr__(self, "at", checks.number("start.at", self.at, 0.0, np.inf))


@dataclass(frozen=True)
class Started:
    """A start on a network: rows of people, and the arcs as they are from then on."""

    at: float
    times: NDArray[np.float64]  # (n,) NaN where not yet
    active: NDArray[np.int64]  # who starts
    spent: NDArray[np.int64]  # who was active and passes nothing any more
    arcs: Arcs


def started(rule: Rule, start: Any, arcs: Any) -> Started:
    """Return who starts and who is spent, for the rules that can go on.

    Raises
    ------
    KoubeiError
        Another rule, times that are none, recoveries missing.
    """
    if not isinstance(start, Start):
        raise KoubeiError(
            "start", "not a start", got=type(start).__name__, fix="Start(times, at=5)"
        )
    if not isinstance(arcs, Arcs):
        raise KoubeiError("start", "not for contacts with time stamps", fix="network.aggregate()")
    times = _each("start.times", start.times, arcs)
    with np.errstate(invalid="ignore"):
        on = times <= start.at
    times = np.where(on, times, np.nan)
    if rule.by_steps and (times[on] != np.floor(times[on])).any():
        raise KoubeiError("start.times", "the rule goes by steps", got=float(times[on].max()))
    if rule.goes_on == "new":
        if start.at != np.floor(start.at):
            raise KoubeiError("start.at", "the rule goes by steps", got=start.at)
        fresh = times == start.at
    elif rule.goes_on == "ill":
        if start.until is None:
            raise KoubeiError("start.until", "the rule must know who has recovered",
                              fix="Start(times, at=5, until=recovered)")  # fmt: skip
        until = _each("start.until", start.until, arcs)
        fresh = on & ~(until <= start.at)
    elif rule.goes_on == "active":
        fresh = on
    else:
        raise KoubeiError(
            "start", f"{rule!r} hangs on more than on who is active",
            allowed=", ".join(going_on()),
        )  # fmt: skip
    spent = np.flatnonzero(on & ~fresh)
    return Started(start.at, times, np.flatnonzero(fresh), spent, _without(arcs, spent))


def _each(where: str, values: Any, arcs: Arcs) -> NDArray[np.float64]:
    """Return one time a person, NaN where there is none."""
    n = arcs.n
    if isinstance(values, Mapping):
        rows = checks.rows_of(where, list(values), n, arcs.network.labels)
        found = np.full(n, np.nan)
        found[rows] = [checks.number(f"{where}[{who!r}]", t) for who, t in values.items()]
    else:
        try:
            found = np.array(values, np.float64)
        except (TypeError, ValueError):
            raise KoubeiError(where, "not numbers", got=type(values).__name__) from None
        for_people(where, found, arcs.network)
    with np.errstate(invalid="ignore"):
        if (found < 0.0).any():
            at = int(np.flatnonzero(found < 0.0)[0])
            raise KoubeiError(f"{where}[{at}]", "out of range", got=found[at], allowed="0 or more")
    return found


def _without(arcs: Arcs, spent: NDArray[np.int64]) -> Arcs:
    """Return the arcs with those into the spent turned back to their sources."""
    if not spent.size:
        return arcs
    out = np.zeros(arcs.n, bool)
    out[spent] = True
    indices = arcs.rows.indices
    turned = np.where(out[indices], arcs.sources(), indices).astype(indices.dtype)
    turned.flags.writeable = False  # as all rows: compiled functions meet one type
    other = Arcs(arcs.network, arcs.rows._replace(indices=turned), arcs.graph)
    other.__dict__["_into"] = arcs.into()  # people listen to as many as before
    return other


def placed(outcome: Outcome, begun: Started) -> Outcome:
    """Return the outcome with the clock of the diffusion and with those who are spent.

    Sizes, events and the first bin of the curves count everybody active by `at`; times are those
    of the diffusion.  The log begins at `at`: its roots are those who could still pass the word.
    """
    number, at = begun.spent.size, begun.at
    curve = outcome.curve.copy()
    curve[:, 0, 0] += number
    known = np.isfinite(begun.times)
    changes: dict[str, Any] = {
        "sizes": outcome.sizes + number,
        "events": outcome.events + number,
        "ends": outcome.ends + at,
        "time": outcome.time + at,
        "curve": curve,
    }
    if outcome.removed is not None:  # those who had recovered by then
        removed = outcome.removed.copy()
        removed[:, 0] += number
        changes["removed"] = removed
    if outcome.node_count is not None and outcome.node_time is not None:
        runs = outcome.sizes.size
        count = np.where(known, runs, outcome.node_count)
        changes["node_count"] = count
        changes["node_time"] = np.where(
            known, runs * np.nan_to_num(begun.times), outcome.node_time + at * outcome.node_count
        )
    if outcome.times is not None:
        times = outcome.times + np.float32(at)
        times[:, known] = begun.times[known].astype(np.float32)
        changes["times"] = times
    if outcome.kinds is not None:
        kinds = outcome.kinds.copy()
        kinds[:, begun.spent] = 0
        changes["kinds"] = kinds
    if outcome.activations is not None:
        log = outcome.activations
        changes["activations"] = log._replace(time=log.time + at, until=log.until + at)
    return replace(outcome, **changes)

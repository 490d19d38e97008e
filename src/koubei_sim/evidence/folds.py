"""What is held out, so that an estimate is judged on what it has not seen.

Groups, people drawn at random, or the last periods.  Everybody stays in the record; only some
are *at risk* in it: what others did is seen by all, one period later, as in the whole record.
Called by `judge`.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.core import draws
from koubei_sim.core.codes import DRAW_FOLDS
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.diffusion import NEVER, Diffusion

#: The future begins where this share of adoptions has been, unless said otherwise.
PAST: Final = 2 / 3
MOST_FOLDS: Final = 50


class Fold(NamedTuple):
    """A record to learn from and one to be judged on.

    Parameters
    ----------
    name : str
    train, test : Diffusion
        The same people; other people, or other periods, at risk.
    people : (n,) bool array
        Whose rows are held out.
    since : int or None
        Place of the first period held out, where it is the future.
    """

    name: str
    train: Diffusion
    test: Diffusion
    people: NDArray[np.bool_]
    since: int | None = None


class Held(Diffusion):
    """A record of which only some rows are looked at, though all people are seen by the others.

    `came` keeps the first period (its place) in which each could have adopted.
    """

    came: NDArray[np.int64]


def _held(d: Diffusion, **changed: Any) -> Held:
    other = object.__new__(Held)
    other.__dict__.update({"came": d.entered} | d.__dict__ | changed)
    return other


def only(d: Diffusion, chosen: NDArray[np.bool_]) -> Held:
    """Return the record in which only some people are at risk."""
    return _held(d, entered=np.where(chosen, d.entered, d.periods + 1))


def past(d: Diffusion, since: int) -> Held:
    """Return the record up to before a period (its place): what came later is not seen."""
    return _held(d, periods=since, until=np.minimum(d.until, since - 1),
                 at=np.where(d.at >= since, NEVER, d.at))  # fmt: skip


def future(d: Diffusion, since: int) -> Held:
    """Return the record in which people are at risk from a period (its place) on only."""
    return _held(d, entered=np.maximum(d.entered, since))


def everybody(d: Diffusion) -> Diffusion:
    """Return the record with all its rows."""
    return _held(d, entered=d.came) if isinstance(d, Held) else d


def folds_of(d: Diffusion, folds: Any, since: Any, key: int) -> list[Fold]:
    """Return the folds that are meant by "groups", a number, or "future".

    Groups are left out one by one; of more than 50, in 50 parts.
    """
    if since is not None and folds != "future":
        raise KoubeiError("since", "only with folds='future'", got=since)
    if isinstance(folds, str):
        checks.word("folds", folds, ("groups", "future"))
        if folds == "future":
            return [_future(d, since)]
        if len(d.groups) < 2:
            raise KoubeiError("folds", "there is one group only", got="groups", fix="folds=5")
        order = np.argsort(draws.drawn(len(d.groups), key, DRAW_FOLDS, tick=0, j=1), kind="stable")
        place = np.empty(len(d.groups), np.int64)
        place[order] = np.arange(len(d.groups))
        if len(d.groups) <= MOST_FOLDS:
            place = np.arange(len(d.groups))
        part, many = place[d.group] % MOST_FOLDS, min(len(d.groups), MOST_FOLDS)
        names = [str(one) for one in d.groups] if len(d.groups) <= MOST_FOLDS else None
    else:
        many = checks.whole("folds", folds, 2, d.n)
        order = np.argsort(draws.drawn(d.n, key, DRAW_FOLDS), kind="stable")
        part = np.empty(d.n, np.int64)
        part[order] = np.arange(d.n) % many
        names = None
    found = []
    for k in range(many):
        held = part == k
        test = only(d, held)
        if test.risk().person.size:
            name = str(k) if names is None else names[k]
            found.append(Fold(name, only(d, ~held), test, held))
    if len(found) < 2:
        raise KoubeiError("folds", "too few with anybody at risk", got=len(found), allowed="2 up")
    return found


def _future(d: Diffusion, since: Any) -> Fold:
    if since is None:
        curve = np.cumsum(d.curve())
        if not curve[-1]:
            raise KoubeiError("record", "nobody adopts while watched", got="0 adoptions")
        place = max(int(np.argmax(curve >= PAST * curve[-1])) + 1, 1)
        place = min(place, d.periods - 1)
    else:
        place = checks.whole("since", since, d.start + 1, d.start + d.periods - 1) - d.start
    if place < 1:
        raise KoubeiError("folds", "there is one period only", got="future", fix="folds=5")
    test = future(d, place)
    if not test.risk().person.size:
        raise KoubeiError("since", "nobody is at risk from then on", got=place + d.start)
    everybody = np.ones(d.n, bool)
    return Fold(f"from {place + d.start}", past(d, place), test, everybody, place)

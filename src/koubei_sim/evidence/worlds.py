"""Worlds in which a hazard is true: `simulate` plays a model on a record's people and ties.

Each person of a world has one resistance, drawn once, and adopts when the hazards it has met add up
to it (Sellke 1983).  So two worlds with the same key differ only by what was changed: *the same
world, everybody treated*.  The draws are those of `kb.cascade` for `Bass(dt=1)`.
Called by `Hazard.simulate`, `judge`, `power`, `bench` and `experiment`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.design import Model, model_of
from koubei_sim.evidence.diffusion import NEVER, Diffusion
from koubei_sim.evidence.kernels.resistance import resistances
from koubei_sim.evidence.likelihood import combined
from koubei_sim.evidence.terms import Felt, Push

UNIT: Final = 4294967296.0
FULL: Final = 40.0  # a hazard above every resistance
CELLS: Final = 1 << 23  # people times worlds played at a time


class Change(NamedTuple):
    """What a treatment adds to what pushes people; a last axis of length 1 stands for all worlds.

    Parameters
    ----------
    push : int or None
        Place of the push whose weight is changed; None: the base hazard.
    added : array
        What is added to the weight, (1,) or (worlds,); to the base hazard, (periods, 1 or worlds).
    teller, listener : (n, 1 or worlds) bool arrays, optional
        Whose adoptions are felt so, and who feels it; everybody unless given.
    when : (periods, 1 or worlds) bool array, optional
        In which periods; in all unless given.
    """

    push: int | None
    added: NDArray[np.float64]
    teller: NDArray[np.bool_] | None = None
    listener: NDArray[np.bool_] | None = None
    when: NDArray[np.bool_] | None = None

    def of(self, some: slice) -> Change:
        """Return the change in some of the worlds."""
        return self._replace(**{
            name: array if array is None or array.shape[-1] == 1 else array[..., some]
            for name, array in self._asdict().items() if name != "push"
        })  # fmt: skip


def simulate(
    model: Model,
    values: NDArray[np.float64],
    d: Diffusion,
    key: int,
    worlds: int = 1,
    *,
    first: int = 0,
    link: str = "additive",
    since: int | NDArray[np.int64] | None = None,
    scale: NDArray[np.float64] | None = None,
    changes: Sequence[Change] = (),
) -> NDArray[np.int64]:
    """Return the place of the period in which each person adopts in each world, (worlds, n).

    Parameters
    ----------
    model, values, link
        A fitted hazard, or one with values of one's own; values (P,), or (worlds, P) where each
        world has its own.
    d : Diffusion
        People, ties, groups, covariates, seeds and periods; its adoptions are not looked at, but
        for those before `since`.
    key : int
    worlds, first : int
        How many worlds, and the number of the first.
    since : int or (n,) int64 array, optional
        Place of the first period to be played, of all or of each: what the record says of earlier
        ones is kept.
    scale : (n,) or (worlds, n) array, optional
        Factor of the hazard of each person, 1 unless given.
    changes : sequence of Change
        What treatments add.

    Returns
    -------
    (worlds, n) int64 array
        `diffusion.NEVER` where somebody does not adopt, -1 for seeds.
    """
    if model.kind is not None or any("of" in term.options for term in model.push_terms):
        raise KoubeiError("formula", "products are estimated, not played", got=model.formula,
                          allowed="a formula without of=, no kind=")  # fmt: skip
    pushed = np.asarray(values)[..., : model.bins + len(model.push_terms)]
    if link == "additive" and pushed.size and pushed.min() < 0.0:
        name = model.names[int(np.argmin(np.atleast_2d(pushed).min(axis=0)))]
        raise KoubeiError(f"values.{name}", "below nothing", got=float(pushed.min()),
                          allowed="0 or more")  # fmt: skip
    out = np.empty((worlds, d.n), np.int64)
    opens = np.broadcast_to(np.asarray(0 if since is None else since, np.int64), (d.n,))
    at_once = max(1, CELLS // max(d.n, 1))
    theta = np.atleast_2d(values).T
    for begin in range(0, worlds, at_once):
        some = slice(begin, min(begin + at_once, worlds))
        factor = None
        if scale is not None:
            given = np.asarray(scale, np.float64)
            factor = given[:, None] if given.ndim == 1 else given[some].T
        now = theta if theta.shape[1] == 1 else theta[:, some]
        count = some.stop - some.start
        out[some] = _played(model, now, d, key, first + begin, count, link, opens, factor,
                            [change.of(some) for change in changes]).T  # fmt: skip
    return out


def _played(
    model: Model, values: NDArray[np.float64], d: Diffusion, key: int, first: int, count: int,
    link: str, since: NDArray[np.int64], factor: NDArray[np.float64] | None,
    changes: Sequence[Change],
) -> NDArray[np.int64]:  # fmt: skip
    bins, pushes = model.bins, model.pushes(d)
    base = np.zeros((d.periods, 1))
    if bins:
        base = values[:bins][model.bin_of(d, np.arange(d.periods))]
    weights = values[bins : bins + len(pushes)]
    trait = model.traits(d) @ values[bins + len(pushes) :]
    left = np.empty((d.n, count), np.int64)
    resistances(np.uint64(key), first, left)
    at = np.full((d.n, count), NEVER)
    before = (d.at >= 0) & (d.at < since) & (d.at != NEVER)
    at[d.seeded] = d.at[d.seeded][:, None]  # not at all, where its time lies beyond the record
    at[before] = d.at[before][:, None]
    felt = [push.begin(at == -1) for push in pushes]
    told = [_begun(change, pushes, at == -1) for change in changes]
    opens, first_played = np.maximum(d.entered, since), int(since.min(initial=NEVER))
    open_ = ~(d.seeded | before)[:, None] & np.ones((1, count), bool)
    for t in range(d.periods):
        if t >= first_played:
            pushed = np.repeat(np.broadcast_to(base[t], (1, count)), d.n, axis=0)
            for weight, push, state in zip(weights, pushes, felt, strict=True):
                if weight.any():
                    pushed += weight * push.apply(t, state.state)
            for change, heard in zip(changes, told, strict=True):
                pushed += _added(change, t, pushes, heard)
            hazard = _hazard(pushed, trait, link)
            if factor is not None:
                hazard = hazard * factor
            met = np.floor(np.minimum(hazard, FULL) * UNIT + 0.5).astype(np.int64)
            left -= np.where((opens <= t)[:, None], met, 0)
            new = open_ & (left < 0)
            at[new] = t
            open_ &= ~new
        now = at == t
        for state in felt:
            state.add(now)
        for change, heard in zip(changes, told, strict=True):
            if heard is not None:
                heard.add(_by(change.teller, now))
    late = (at != NEVER) & (at > d.until[:, None])
    at[late] = NEVER
    return at


def _begun(change: Change, pushes: Sequence[Push], seeds: NDArray[np.bool_]) -> Felt | None:
    return None if change.push is None else pushes[change.push].begin(_by(change.teller, seeds))


def _by(teller: NDArray[np.bool_] | None, now: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return those of the people who adopt whose telling is changed."""
    return now if teller is None else now & teller


def _added(
    change: Change, t: int, pushes: Sequence[Push], told: Felt | None
) -> NDArray[np.float64]:
    """Return what a change adds to the push on each person in period t, (n or 1, 1 or worlds)."""
    if told is None or change.push is None:
        found = change.added[t][None, :]
    else:
        found = change.added * pushes[change.push].apply(t, told.state)
    if change.listener is not None:
        found = found * change.listener
    return np.asarray(found if change.when is None else found * change.when[t])


def _hazard(
    pushed: NDArray[np.float64], trait: NDArray[np.float64], link: str
) -> NDArray[np.float64]:
    if link == "additive":
        return np.exp(trait) * pushed
    chance = combined(pushed, np.broadcast_to(trait, pushed.shape), link)
    return np.asarray(-np.log1p(-np.minimum(chance, 1.0 - 1e-16)))


def as_record(d: Diffusion, at: NDArray[np.int64]) -> Diffusion:
    """Return a record of the same people with the adoptions of a world, (n,)."""
    if at.shape != (d.n,):
        raise KoubeiError("at", "not one world", got=f"shape {at.shape}", allowed=f"({d.n},)")
    other = object.__new__(Diffusion)
    other.__dict__.update(d.__dict__)
    other.at = at.copy()
    other.kind, other.kind_names = None, []  # a world does not say what was adopted
    return other


def truth(d: Diffusion, formula: str, values: dict[str, Any]) -> tuple[Model, NDArray[np.float64]]:
    """Return a model with values of one's own, by name; a calendar may be one number or a list.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> d = kb.Diffusion(kb.Network.from_edges([0, 1], [1, 2]), [0, None, None], until=9, start=0)
    >>> model, theta = truth(d, "constant + ties(share)", {"constant": 0.1, "ties(share)": 0.5})
    >>> theta.tolist()
    [0.1, 0.5]
    """
    model = model_of(d, formula)
    if model.random:
        raise KoubeiError("formula", "effects of groups are estimated, not given",
                          got="groups(random)")  # fmt: skip
    theta = np.zeros(len(model.names))
    left = dict(values)
    if model.calendar == "periods":
        if "calendar" not in left:
            raise KoubeiError("values", "no value", got="calendar")
        theta[: model.bins] = _calendar(left.pop("calendar"), model.bins)
    for name, value in left.items():
        if name not in model.names:
            raise KoubeiError("values", "no such parameter", got=name,
                              allowed=", ".join(model.names[-8:]))  # fmt: skip
        theta[model.names.index(name)] = checks.number(f"values.{name}", value)
    return model, theta


def _calendar(given: Any, bins: int) -> NDArray[np.float64]:
    if np.ndim(given) == 0:
        return np.full(bins, checks.number("values.calendar", given))
    found = checks.values("values.calendar", given, -np.inf, np.inf)
    if found.shape != (bins,):
        raise KoubeiError("values.calendar", "not a number a period", got=f"shape {found.shape}",
                          allowed=f"({bins},)")  # fmt: skip
    return found

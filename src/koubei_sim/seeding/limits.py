"""Which choices there are: k people, so many of each group, or what a budget pays for.

What users hand in becomes the `kernels.cover.Limits` of the kernels.  Called by `seeding.question`
and `seeding.fewest_seeds`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import for_people
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.networks import Network, TemporalNetwork
from koubei_sim.seeding.kernels.cover import BUDGET, Limits

CHEAPEST: Final = 1e-12  # least cost as a share of the budget, so that units are numbers to go by
NONE = np.empty(0, np.int64)


def so_many(allowed: NDArray[np.bool_], k: int) -> Limits:
    """Return the limits of `k` people among those allowed.

    Parameters
    ----------
    allowed : (n,) bool array
    k : int

    Examples
    --------
    >>> so_many(np.array([True, False, True]), 1).quota.tolist()
    [1]
    """
    return Limits(allowed, np.zeros(allowed.size, np.int64), np.array([k], np.int64), NONE, 0)


def limits_of(
    network: Network | TemporalNetwork,
    allowed: NDArray[np.bool_],
    *,
    k: Any,
    groups: Any,
    quotas: Any,
    costs: Any,
    budget: Any,
) -> tuple[Limits, NDArray[np.float64] | None]:
    """Return the limits that are asked for, and the cost of each person where there are costs.

    Parameters
    ----------
    network : Network or TemporalNetwork
    allowed : (n,) bool array
        Who may be chosen, before limits.
    k, groups, quotas, costs, budget
        As handed to `maximise`.

    Raises
    ------
    KoubeiError
        None of the three, or more than one; groups, costs or numbers that do not fit.
    """
    if costs is not None and groups is not None and quotas is None:  # a cost a group, not a limit
        costs, groups = _costs_of_groups(network, groups, costs), None
    named = {"k": k, "groups": groups, "quotas": quotas, "costs": costs, "budget": budget}
    kinds = ("k",), ("groups", "quotas"), ("costs", "budget")
    asked = [kind for kind in kinds if any(named[name] is not None for name in kind)]
    if not asked:
        raise KoubeiError("k", "missing", allowed="k, groups and quotas, or costs and budget")
    if len(asked) > 1:
        first, second = asked[0][-1], asked[1][-1]
        raise KoubeiError(second, f"given beside {first}", allowed="one limit at a time")
    for name in asked[0]:
        if named[name] is None:
            other = next(one for one in asked[0] if one != name)
            raise KoubeiError(name, f"missing beside {other}")
    if k is not None:
        return so_many(allowed, checks.whole("k", k, 0, int(allowed.sum()))), None
    if groups is not None:
        return _by_group(network, allowed, groups, quotas), None
    return _by_cost(network, allowed, costs, budget)


def groups_of(
    network: Network | TemporalNetwork, groups: Any
) -> tuple[list[Any], NDArray[np.int64]]:
    """Return the groups there are, and the place of that of each person among them.

    Parameters
    ----------
    network : Network or TemporalNetwork
    groups : (n,) array or list, or values keyed by people
        A name or a number a person.

    Examples
    --------
    >>> net = Network.from_edges(["li", "wu"], ["wu", "he"], labels="auto")
    >>> net.labels.tolist()
    ['he', 'li', 'wu']
    >>> groups_of(net, {"wu": "new", "he": "fan", "li": "fan"})
    (['new', 'fan'], array([1, 1, 0]))
    """
    named = checks.by_name("groups", groups)
    if named is None and (isinstance(groups, str) or not hasattr(groups, "__getitem__")):
        raise KoubeiError("groups", "not one name or number a person", got=repr(groups))
    values = groups.tolist() if isinstance(groups, np.ndarray) else list(groups)
    values = values if named is None else list(named.values())
    place: dict[Any, int] = {}
    try:
        found: Any = np.array([place.setdefault(one, len(place)) for one in values], np.int64)
    except TypeError:
        raise KoubeiError("groups", "not one name or number a person") from None
    if named is not None:
        found = checks.aligned(
            "groups", dict(zip(named, found, strict=True)), network.n_nodes, network.labels
        )
    return list(place), np.asarray(for_people("groups", found, network), np.int64)


def _by_group(
    network: Network | TemporalNetwork, allowed: NDArray[np.bool_], groups: Any, quotas: Any
) -> Limits:
    if not isinstance(quotas, Mapping) or not quotas:
        raise KoubeiError(
            "quotas", "not one number a group", got=repr(quotas),
            fix="quotas={'fan': 40, 'newbie': 10}",
        )  # fmt: skip
    names, number = groups_of(network, groups)
    code = {name: at for at, name in enumerate(quotas)}
    group = np.array([code.get(name, -1) for name in names], np.int64)[number]
    allowed = allowed & (group >= 0)
    there = np.bincount(group[allowed], minlength=len(code))
    quota = np.empty(len(code), np.int64)
    for name, at in code.items():
        where = f"quotas[{name!r}]"
        if not (group == at).any() and checks.whole(where, quotas[name], 0) > 0:
            raise KoubeiError(where, "nobody is of this group", fix=_near(name, names))
        quota[at] = checks.whole(where, quotas[name], 0, int(there[at]))
    return Limits(allowed, np.maximum(group, 0), quota, NONE, 0)


def _costs_of_groups(
    network: Network | TemporalNetwork, groups: Any, costs: Any
) -> NDArray[np.float64]:
    """Return the cost of each person by that of its group."""
    if not isinstance(costs, Mapping) or not costs:
        raise KoubeiError(
            "costs", "not one cost a group", got=repr(costs), fix="costs={'fan': 50, 'star': 5000}"
        )
    names, number = groups_of(network, groups)
    for name in costs:
        if name not in names:
            where = f"costs[{name!r}]"
            raise KoubeiError(where, "nobody is of this group", fix=_near(name, names))
    without = [name for name in names if name not in costs]
    if without:
        raise KoubeiError(
            "costs", "no cost is invented, and this group has none", got=repr(without[0]),
            allowed=", ".join(map(repr, names)),
        )  # fmt: skip
    each = [checks.number(f"costs[{name!r}]", costs[name], 0.0) for name in names]
    return np.array(each)[number]


def _near(name: Any, values: Any) -> str | None:
    """Return the group whose name is like this one, if there is one."""
    words = sorted({one for one in values if isinstance(one, str)})
    return nearest(name, words) if isinstance(name, str) else None


def _by_cost(
    network: Network | TemporalNetwork, allowed: NDArray[np.bool_], costs: Any, budget: Any
) -> tuple[Limits, NDArray[np.float64]]:
    """Costs in units of 2**-50 of the budget, rounded down.

    Rounding down, by way of the float64 below the quotient, counts nobody dearer than they are:
    what is affordable is affordable in units, so a bound in units holds.
    """
    money = checks.positive("budget", budget)
    value = checks.per_person("costs", costs, 0.0, math.inf)
    if isinstance(value, float):  # one price for everybody
        value = np.full(network.n_nodes, value)
    cost = np.asarray(for_people("costs", value, network), np.float64)
    low = np.flatnonzero(allowed & (cost < money * CHEAPEST))
    if low.size:
        who = low[0] if network.labels is None else network.labels[low[0]]
        raise KoubeiError(
            f"costs[{who.item()!r}]", "too low", got=float(cost[low[0]]),
            allowed=f"above 0, at least {CHEAPEST:g} of the budget",
        )  # fmt: skip
    if allowed.any() and money < cost[allowed].min():
        least = f"{cost[allowed].min():g} or more"
        raise KoubeiError("budget", "pays for nobody", got=money, allowed=least)
    allowed = allowed & (cost <= money)
    share = np.where(allowed, np.minimum(cost / money, 1.0), 1.0)
    units = np.floor(np.nextafter(share, 0.0) * float(BUDGET)).astype(np.int64)
    count = np.array([int(allowed.sum())], np.int64)
    return Limits(allowed, np.zeros(cost.size, np.int64), count, units, BUDGET), cost

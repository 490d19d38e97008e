"""EoN's way of asking: one call, one epidemic, arrays of times and of the number in each state.

``import koubei_sim.compat.eon as EoN`` in place of ``import EoN``.  One call is one replicate, so
most of the time of a small epidemic goes into reading the networkx graph; a graph that was read
before (`koubei_sim.as_network`) can be passed in its place, and `koubei_sim.cascade` runs thousands
at once.

What is different, because it is a fault there (docs/coming-from.md): people who have recovered at
the start are counted in R; a seed named twice counts once; directions stay in percolation, which
runs.  ``return_full_data`` is refused: ``cascade(..., record="forest")`` keeps who infected whom,
and when.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import SIR, SIS, IndependentCascade, RandomSeeds, Rule, cascade
from koubei_sim.checks import number
from koubei_sim.compat.graphs import NamedGraph, items, key_of
from koubei_sim.errors import KoubeiError

__all__ = [
    "basic_discrete_SIR",
    "basic_discrete_SIS",
    "discrete_SIR",
    "fast_SIR",
    "fast_SIS",
    "percolation_based_discrete_SIR",
]

Counts = NDArray[np.int64]
Times = NDArray[Any]


class _Start:
    """Graph, seeds, people out of it, and key of one call."""

    def __init__(
        self,
        graph: Any,
        infecteds: Any,
        recovereds: Any,
        rho: float | None,
        tmin: float,
        tmax: float,
        rng: Any,
        full: bool,
    ) -> None:
        if full:
            raise KoubeiError(
                "return_full_data", "not known here", fix='cascade(..., record="forest")'
            )
        if rho is not None and infecteds is not None:
            raise KoubeiError("rho, initial_infecteds", "both given", fix="one of them")
        rho = None if rho is None else number("rho", rho, 0.0, 1.0)
        number("tmin", tmin)
        if tmax != math.inf:
            number("tmax", tmax)
        if not tmax >= tmin:
            raise KoubeiError("tmax", "before tmin", got=tmax, allowed=f"{tmin} or more")
        self.ties = NamedGraph(graph)
        self.key = key_of(rng)
        self.tmin = tmin
        self.span = None if math.isinf(tmax) else tmax - tmin
        none = np.empty(0, np.int64)
        out = none if recovereds is None else self.ties.start("initial_recovereds", recovereds)
        self.out = out
        if infecteds is None:
            count = 1 if rho is None else round(self.ties.n * rho)
            self.seeds: Any = RandomSeeds(count, np.setdiff1d(np.arange(self.ties.n), out))
        else:
            self.seeds = self.ties.start("initial_infecteds", infecteds)
            both = np.intersect1d(self.seeds, out)
            if both.size:
                name = self.ties.names[int(both[0])]
                raise KoubeiError("initial_recovereds", "also infected", got=repr(name))

    def run(
        self,
        rule: Rule,
        horizon: float | None,
        record: Any = (),
        tick: float | None = None,
    ) -> Any:
        """Run one replicate."""
        return cascade(
            self.ties.network, rule, self.seeds, 1, self.key, record=record, horizon=horizon,
            threads=1, tick=tick, by="row",
        )  # fmt: skip

    def by_steps(self, new: Counts) -> tuple[Times, Counts, Counts, Counts]:
        """Return t, S, I, R of an epidemic in which everybody is infectious for one step.

        A last row in which nobody is infectious is added, unless the time is up before.
        """
        new = np.trim_zeros(new, "b") if new.any() else new[:1]
        if new[-1] and (self.span is None or new.size - 1 < self.span):
            new = np.append(new, 0)
        ever = np.cumsum(new)
        steps = self.tmin + np.arange(new.size)
        removed = ever - new + self.out.size
        return steps, self.ties.n - self.out.size - ever, new, removed

    def by_events(self, rule: Rule, horizon: float | None) -> tuple[Times, Counts, Counts]:
        """Return times, +1 / 0 for an infection and +1 / 0 for a recovery, event by event."""
        # The curve is not used; a width of its bins saves the pilot that would find one.
        log = self.run(rule, horizon, ("forest",), tick=1.0).activations
        limit = math.inf if horizon is None else horizon
        ends = log.until[np.isfinite(log.until) & (log.until <= limit)]
        seeds = int((log.time <= 0.0).sum())
        starts = log.time[seeds:]  # the seeds are in the first row, which is no event
        times = np.concatenate((starts, ends))
        kinds = np.repeat(np.array([True, False]), (starts.size, ends.size))
        order = np.argsort(times, kind="stable")
        came = np.concatenate(([seeds], kinds[order])).astype(np.int64)
        left = np.concatenate(([False], ~kinds[order])).astype(np.int64)
        return self.tmin + np.concatenate(([0.0], times[order])), np.cumsum(came), np.cumsum(left)


def _rate(start: _Start, graph: Any, tau: float, weight: str | None) -> Any:
    if weight is None:
        return tau
    return tau * start.ties.attribute(graph, weight)


def fast_SIR(
    G: Any,
    tau: float,
    gamma: float,
    initial_infecteds: Any = None,
    initial_recovereds: Any = None,
    rho: float | None = None,
    tmin: float = 0,
    tmax: float = math.inf,
    transmission_weight: str | None = None,
    recovery_weight: str | None = None,
    *,
    rng: Any = None,
    return_full_data: bool = False,
    sim_kwargs: Any = None,
) -> tuple[Times, Counts, Counts, Counts]:
    """SIR in continuous time.

    Parameters
    ----------
    G : networkx graph, or anything `koubei_sim.as_network` takes
    tau, gamma : float
        Rate of transmission of a tie, of recovery of a person.
    initial_infecteds, initial_recovereds : node or iterable of nodes, optional
        One node at random, or the share `rho`, where no infecteds are given.
    tmin, tmax : float
    transmission_weight : str, optional
        Edge attribute by which `tau` is multiplied.
    recovery_weight
        Not known here.
    rng : int, SeedSequence or Generator, optional

    Returns
    -------
    t, S, I, R : arrays
        The state after each event, from `tmin` on.

    Examples
    --------
    >>> t, S, I, R = fast_SIR(([0, 1], [1, 2]), 1.0, 0.5, initial_infecteds=0, rng=1)
    >>> int(S[0]), int(I[0]), int(I[-1]), bool((S + I + R == 3).all())
    (2, 1, 0, True)
    """
    start = _Start(G, initial_infecteds, initial_recovereds, rho, tmin, tmax, rng, return_full_data)
    if recovery_weight is not None:
        raise KoubeiError("recovery_weight", "not known here", got=recovery_weight)
    beta = start.ties.shut(_rate(start, G, tau, transmission_weight), start.out)
    times, came, left = start.by_events(SIR(beta, gamma), start.span)
    return (
        times,
        start.ties.n - start.out.size - came,
        came - left,
        left + start.out.size,
    )


def fast_SIS(
    G: Any,
    tau: float,
    gamma: float,
    initial_infecteds: Any = None,
    rho: float | None = None,
    tmin: float = 0,
    tmax: float = 100,
    transmission_weight: str | None = None,
    recovery_weight: str | None = None,
    *,
    rng: Any = None,
    return_full_data: bool = False,
    sim_kwargs: Any = None,
) -> tuple[Times, Counts, Counts]:
    """SIS in continuous time, until `tmax`; arguments as in `fast_SIR`.

    Returns
    -------
    t, S, I : arrays
        The state after each event.
    """
    start = _Start(G, initial_infecteds, None, rho, tmin, tmax, rng, return_full_data)
    if recovery_weight is not None:
        raise KoubeiError("recovery_weight", "not known here", got=recovery_weight)
    beta = _rate(start, G, tau, transmission_weight)
    # Without recovery it is SI, which the SIR kernel does.
    rule: Rule = SIS(beta, gamma) if gamma else SIR(beta, 0.0)
    times, came, left = start.by_events(rule, start.span)
    ill = came - left
    return times, start.ties.n - ill, ill


def basic_discrete_SIR(
    G: Any,
    p: float,
    initial_infecteds: Any = None,
    initial_recovereds: Any = None,
    rho: float | None = None,
    tmin: float = 0,
    tmax: float = math.inf,
    *,
    rng: Any = None,
    return_full_data: bool = False,
    sim_kwargs: Any = None,
) -> tuple[Times, Counts, Counts, Counts]:
    """SIR by steps in which everybody is infectious for one step: the independent cascade.

    Arguments as in `fast_SIR`; `p` is the probability that a tie transmits.

    Returns
    -------
    t, S, I, R : arrays
        The state after each step; in the last row nobody is infectious.

    Examples
    --------
    >>> t, S, I, R = basic_discrete_SIR(([0, 1], [1, 2]), 1.0, 0)
    >>> t.tolist(), S.tolist(), I.tolist(), R.tolist()
    ([0, 1, 2, 3], [2, 1, 0, 0], [1, 1, 1, 0], [0, 1, 2, 3])
    """
    start = _Start(G, initial_infecteds, initial_recovereds, rho, tmin, tmax, rng, return_full_data)
    horizon = None if start.span is None else math.ceil(start.span)
    rule = IndependentCascade(start.ties.shut(p, start.out))
    return start.by_steps(start.run(rule, horizon).outcome.curve[0, 0])


#: Percolation first and then who is connected: the same law, one tie being tried once at most.
percolation_based_discrete_SIR = basic_discrete_SIR


def basic_discrete_SIS(
    G: Any,
    p: float,
    initial_infecteds: Any = None,
    rho: float | None = None,
    tmin: float = 0,
    tmax: float = 100,
    *,
    rng: Any = None,
    return_full_data: bool = False,
    sim_kwargs: Any = None,
) -> tuple[Times, Counts, Counts]:
    """SIS by steps in which everybody is infectious for one step; arguments as in `fast_SIS`."""
    start = _Start(G, initial_infecteds, None, rho, tmin, tmax, rng, return_full_data)
    if start.span is None:
        raise KoubeiError("tmax", "needed", got=tmax, fix="tmax=100")
    result = start.run(SIS(p, 1.0, steps=True), math.ceil(start.span))
    steps, _, ill, _ = start.by_steps(result.outcome.curve[0, 0])
    return steps, start.ties.n - ill, ill


def discrete_SIR(
    G: Any,
    test_transmission: Callable[..., bool],
    args: Sequence[Any] = (),
    initial_infecteds: Any = None,
    initial_recovereds: Any = None,
    rho: float | None = None,
    tmin: float = 0,
    tmax: float = math.inf,
    *,
    rng: Any = None,
    return_full_data: bool = False,
    sim_kwargs: Any = None,
) -> tuple[Times, Counts, Counts, Counts]:
    """SIR by steps with a test of one's own for each tie that is tried.

    ``test_transmission(u, v, *args)`` is called in Python for each arc from a person who has just
    been infected to one who is susceptible, so this is no faster than that function is.  Where the
    chance is a number, or a number an arc, `basic_discrete_SIR` or `koubei_sim.cascade` is the door
    to take.  Other arguments, and what is returned: as in `basic_discrete_SIR`.
    """
    start = _Start(G, initial_infecteds, initial_recovereds, rho, tmin, tmax, rng, return_full_data)
    if not callable(test_transmission):
        raise KoubeiError(
            "test_transmission", "not a function", got=repr(test_transmission),
            allowed="what is called with (u, v, *args)",
        )  # fmt: skip
    args = items("args", args, "a list of further arguments")
    ties, layer = start.ties, start.ties.network.layer()
    touched = np.zeros(ties.n, bool)
    touched[start.out] = True
    # An independent cascade with p = 0 does nothing but say who the seeds are.
    first = start.run(IndependentCascade(0.0), 0, ("forest",)).activations.person
    touched[first] = True
    frontier: Iterable[int] = first.tolist()
    new = [first.size]
    while new[-1] and (start.span is None or len(new) - 1 < start.span):
        reached = []
        for u in frontier:
            for v in layer.heard_by(u).tolist():
                if not touched[v] and test_transmission(ties.names[u], ties.names[v], *args):
                    touched[v] = True
                    reached.append(v)
        frontier = reached
        new.append(len(reached))
    return start.by_steps(np.array(new, np.int64))

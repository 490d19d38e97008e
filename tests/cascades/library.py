"""What the library makes of a case, in the form in which a twin returns it; and where they part.

`difference` compares logs of activations; `outputs_fault` asks whether sizes, curves, counts and
first times are those of the log.  Used by every test that compares library and twin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from tests.cascades.cases import Case
from tests.cascades.twins.graph import Activation
from tests.cascades.twins.run import activations, graph_of

from koubei_sim.cascades import cascade

Runs = list[list[Activation]]


def by_replicate(result: Any) -> Runs:
    """Return the log of a result as one list of activations a replicate."""
    outcome = result.outcome
    log = outcome.activations
    runs: dict[int, list[Activation]] = {int(r): [] for r in outcome.replicates}
    columns = (log.replicate, log.time, log.person, log.parent, log.kind, log.until)
    for replicate, *rest in zip(*(column.tolist() for column in columns), strict=True):
        runs[replicate].append(Activation(*rest))
    return list(runs.values())


def library(case: Case, run: Callable[..., Any] = cascade, **options: Any) -> Any:
    """Run a case through `cascade` (or another `run`), forest and all."""
    given: dict[str, Any] = dict(record=("forest",), threads=1, horizon=case.horizon)
    return run(
        case.network,
        case.rule,
        case.seeds,
        case.replicates,
        case.key,
        first=case.first,
        **(given | options),
    )


def twins(case: Case) -> Runs:
    """Run a case through its twin."""
    graph = graph_of(case.network)
    horizon = math.inf if case.horizon is None else case.horizon
    out = []
    for i in range(case.replicates):
        seeds = case.seeds
        if isinstance(seeds, list) and seeds and hasattr(seeds[0], "__len__"):
            seeds = seeds[i]  # a list for each replicate
        number = case.first + i
        out.append(activations(case.network, case.rule, seeds, case.key, number, horizon, graph))
    return out


def difference(one: Runs, other: Runs) -> str | None:
    """Return None where two lists of replicates are equal in every bit, else where they part."""
    if len(one) != len(other):
        return f"{len(one)} replicates != {len(other)}"
    for replicate, (a, b) in enumerate(zip(one, other)):
        for place, (x, y) in enumerate(zip(a, b)):
            if x != y:
                return f"replicate {replicate}, activation {place}: {x} != {y}"
        if len(a) != len(b):
            rest = (a if len(a) > len(b) else b)[min(len(a), len(b))]
            return f"replicate {replicate}: {len(a)} activations != {len(b)}, next {rest}"
    return None


def first_times(events: list[Activation]) -> dict[int, float]:
    """First time of everybody who was activated."""
    out: dict[int, float] = {}
    for event in sorted(events):
        out.setdefault(event.person, event.time)
    return out


def bins(times: Iterable[float], origin: float, tick: float) -> list[int]:
    """Bin w with ``tick (w - 1) < time - origin <= tick w``; exact where tick is a power of 2."""
    return [max(0, math.ceil((time - origin) / tick)) for time in times]


def outputs_fault(case: Case, run: Callable[..., Any] = cascade) -> str | None:
    """Return the name of an output that the log of activations does not tell, or None."""
    stepping = case.rule.by_steps and hasattr(case.network, "layers")
    tick = 1.0 if stepping else 0.25
    options: dict[str, Any] = {} if stepping else {"tick": tick}
    out = library(case, run, record=("forest", "people", "times", "kinds"), **options).outcome
    plain = library(case, run, record=(), **options).outcome
    for name in ("sizes", "events", "ends", "curve", "removed"):
        if not np.array_equal(getattr(out, name), getattr(plain, name)):
            return f"{name} depends on what is recorded"
    logs = by_replicate(library(case, run, **options))
    people, width, origin = case.network.n_nodes, len(out.time), float(out.time[0])
    while float(out.time[1]) - origin > 1.5 * tick:  # there are only so many bins
        tick *= 2.0
    count, total = np.zeros(people, np.int64), np.zeros(people)
    for r, events in enumerate(logs):
        first = first_times(events)
        curve = np.zeros_like(out.curve[r])
        for event, w in zip(events, bins([e.time for e in events], origin, tick)):
            curve[event.kind if len(curve) > 1 else 0, w] += 1
        times, kinds = np.full(people, np.nan, np.float32), np.full(people, -1)
        for event in sorted(events, reverse=True):
            times[event.person], kinds[event.person] = event.time, event.kind
        expected = {
            "sizes": len(first),
            "events": len(events),
            "ends": max((e.time for e in events), default=origin),
            "curve": curve,
            "times": times,
            "kinds": kinds,
        }
        if out.removed is not None:
            over = bins([e.until for e in events if e.until <= out.time[-1]], origin, tick)
            expected["removed"] = np.bincount(over, minlength=width)
        for name, value in expected.items():
            if not np.array_equal(getattr(out, name)[r], value, equal_nan=name == "times"):
                return name
        count[list(first)] += 1
        total[list(first)] += list(first.values())
    if not np.array_equal(out.node_count, count):
        return "node_count"
    close = np.allclose(out.node_time, total, rtol=0.0, atol=1e-5 * (1 + len(logs)))
    return None if close else "node_time"

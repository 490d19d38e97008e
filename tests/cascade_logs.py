"""Cascade results made by hand for tests: logs of random trees, and outcomes that fit them.

Loaded by path from the tests of cascade results; draws are addressed, so every log is the same in
every run.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from koubei_sim.cascades.outcome import Activations, Outcome
from koubei_sim.cascades.result import CascadeResult
from koubei_sim.core.draws import draw_many, stream


def uniforms(number: int, key: int) -> np.ndarray:
    """Return so many numbers in [0, 1) that depend on the key only."""
    bits = np.empty(number, np.uint64)
    draw_many(np.uint64(stream(np.uint64(key), 0, 251, 0, 0)), 0, bits)
    return (bits >> np.uint64(11)) * 2.0**-53


def log_of(*rows: tuple[int, int, int, float]) -> Activations:
    """Return a log from (replicate, person, parent, time)."""
    columns = list(zip(*rows)) if rows else [(), (), (), ()]
    time = np.array(columns[3], np.float64)
    return Activations(
        np.array(columns[0], np.int32),
        np.array(columns[1], np.int32),
        np.array(columns[2], np.int32),
        time,
        np.full(time.size, np.inf),
        np.zeros(time.size, np.int8),
    )


def random_log(replicates: int, n: int, seeds: int, key: int, first: int = 0) -> Activations:
    """Return a log of random recursive forests; time is the generation, as in cascades by steps."""
    parts = []
    for r in range(replicates):
        u = uniforms(2 * n + 1, key + 1000 * r)
        size = seeds + int(u[-1] * (n - seeds))
        person = np.argsort(u[:n], kind="stable")[:size]
        place = np.floor(u[n : n + size] * np.arange(size)).astype(int)  # an earlier one
        parent = np.where(np.arange(size) < seeds, -1, person[place])
        time = np.zeros(size)
        for k in range(seeds, size):
            time[k] = time[place[k]] + 1
        order = np.lexsort((person, time))
        parts += [
            (first + r, int(person[k]), int(parent[k]), float(time[k])) for k in order.tolist()
        ]
    return log_of(*parts)


def outcome_of(log: Activations, replicates: np.ndarray, n: int, **more: Any) -> Outcome:
    """Return the outcome by steps that belongs to a log, counted naively."""
    width = int(log.time.max(initial=0)) + 1
    kinds = int(log.kind.max(initial=0)) + 1
    curve = np.zeros((replicates.size, kinds, width), np.int64)
    ends = np.zeros(replicates.size)
    people: list[set[int]] = [set() for _ in replicates]
    index = {int(number): place for place, number in enumerate(replicates)}
    for r, person, _, time, _, kind in zip(*log):
        curve[index[int(r)], int(kind), int(time)] += 1
        ends[index[int(r)]] = max(ends[index[int(r)]], time)
        people[index[int(r)]].add(int(person))
    return Outcome(
        replicates=replicates.astype(np.int64),
        sizes=np.array([len(group) for group in people], np.int64),
        events=curve.sum(axis=(1, 2)),
        ends=ends,
        time=np.arange(width, dtype=np.float64),
        curve=curve,
        **{"activations": log} | more,
    )


def result_of(outcome: Outcome, n: int, **more: Any) -> CascadeResult:
    """Return a result round an outcome."""
    fields: dict[str, Any] = {
        "rule": "rule(p=0.1)",
        "kind_names": tuple("abcdefgh"[: outcome.curve.shape[1]]),
        "steps": True,
        "key": 2**63 + 7,
        "method": "by hand",
        "seconds": 0.5,
        "stopped": "replicates",
    }
    return CascadeResult(outcome=outcome, n=n, **fields | more)


def made(replicates: int = 12, n: int = 60, seeds: int = 3, key: int = 1, **more: Any) -> Any:
    """Return a result of random forests, replicates numbered from 5."""
    log = random_log(replicates, n, seeds, key, first=5)
    return result_of(outcome_of(log, 5 + np.arange(replicates), n), n, **more)

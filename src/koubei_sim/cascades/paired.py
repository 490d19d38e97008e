"""`paired`: many settings of a cascade on the same coins.

Two settings that are run with one key share every coin (docs/cascades.md 1), so their difference
varies far less than either.  Settings of the independent cascade are computed up to 64 at a time
in one walk over the graph (`cascades.kernels.paired`); others are run one after the other with
the same key.  The numbers are those that `cascade` gives for each setting alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs, per_arc, split, thresholds
from koubei_sim.cascades.kernels.paired import (
    PairedRule,
    PairedRuns,
    paired_batch,
    paired_scratch,
)
from koubei_sim.cascades.rules.base import Rule, block, last_step, rows_of
from koubei_sim.cascades.rules.independent import IndependentCascade
from koubei_sim.cascades.run import cascade
from koubei_sim.cascades.runner import SHORT, check_room
from koubei_sim.cascades.seeds import SeedPlan
from koubei_sim.checks import Naming
from koubei_sim.core.workers import Workers
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look, span_text, wrapped
from koubei_sim.metrics.intervals import Interval, mean_interval
from koubei_sim.networks import Network, TemporalNetwork, as_network

if TYPE_CHECKING:
    import pandas as pd

LANES = 64
PIECE = 64  # replicates that a thread takes at a time


@dataclass(frozen=True, eq=False)
class Difference:
    """What one setting gives more than another, on the same coins.

    Attributes
    ----------
    mean : Interval
        Mean difference of sizes with its 95 % interval, from the pairs.
    gain : float
        How many times more independent runs would be needed for the same interval: the sum of
        both variances over the variance of the difference (inf where it never varies).
    changed : float
        Share of the replicates in which the two sizes differ.
    """

    mean: Interval
    gain: float
    changed: float

    def __repr__(self) -> str:
        """Say the difference with its interval, and what the pairing saves."""
        ends = span_text(self.mean.low, self.mean.high)
        return (
            f"{self.mean.mean:+.4g} people" + (f" (95 % {ends})" if ends else "") + f"; "
            f"{100.0 * self.changed:.0f} % of pairs differ, pairing is worth {self.gain:.3g} times "
            "the runs"
        )


@dataclass(frozen=True, eq=False, repr=False)
class PairedCascades(Look):
    """Sizes of S settings in the same R replicates.

    Attributes
    ----------
    names : tuple of str
    sizes : (S, R) int64
        People reached.
    ends : (S, R) float64
        Time of the last activation.
    key : int
    """

    names: tuple[str, ...]
    sizes: NDArray[np.int64]
    ends: NDArray[np.float64]
    key: int

    def of(self, name: str) -> NDArray[np.int64]:
        """Return the sizes (R,) of one setting."""
        return self.sizes[self.names.index(checks.word("name", name, self.names))]

    def difference(self, name: str, baseline: str) -> Difference:
        """Compare two settings pair by pair."""
        one, other = self.of(name), self.of(baseline)
        gap = (one - other).astype(np.float64)
        apart = float(one.var() + other.var())
        together = float(gap.var())
        gain = apart / together if together > 0.0 else np.inf
        return Difference(mean_interval(gap), gain, float((gap != 0.0).mean()))

    def table(self, baseline: str | None = None) -> pd.DataFrame:
        """Return one row a setting: mean, and the difference from `baseline` (the first)."""
        from koubei_sim.looks.frames import Table

        base = self.names[0] if baseline is None else baseline
        rows = []
        for name in self.names:
            gap = self.difference(name, base)
            rows.append(
                {
                    "setting": name,
                    "mean": float(self.of(name).mean()),
                    "difference": gap.mean.mean,
                    "low": gap.mean.low,
                    "high": gap.mean.high,
                    "gain": gap.gain,
                    "changed": gap.changed,
                }
            )
        return Table(rows).set_index("setting")

    def __repr__(self) -> str:
        """Say how many settings and replicates, and the range of means."""
        means = self.sizes.mean(axis=1)
        return wrapped(
            f"PairedCascades({len(self.names)} settings x {self.sizes.shape[1]} replicates, "
            f"mean sizes {means.min():.6g} to {means.max():.6g})"
        )


def paired(
    network: Any,
    settings: Mapping[str, tuple[Rule, Any]],
    replicates: int = 1000,
    rng: Any = None,
    *,
    first: int = 0,
    horizon: float | None = None,
    threads: int | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
    by: Naming = "label",
) -> PairedCascades:
    """Run several settings on the same coins.

    Parameters
    ----------
    network : as in `cascade`
    settings : mapping of name to (rule, seed_agents)
        Any rules and seeds that `cascade` takes.
    replicates, rng, first, horizon, threads, progress, by
        As in `cascade`; progress counts the replicates of all settings.

    Returns
    -------
    PairedCascades

    Examples
    --------
    >>> import koubei_sim as kb
    >>> from koubei_sim.cascades import IndependentCascade, paired
    >>> ring = kb.networks.ring(100, 2)
    >>> runs = paired(
    ...     ring,
    ...     {"low": (IndependentCascade(0.5), [0]), "high": (IndependentCascade(0.6), [0])},
    ...     replicates=500,
    ...     rng=1,
    ... )
    >>> bool((runs.of("high") >= runs.of("low")).all())
    True
    """
    if not isinstance(settings, Mapping) or not settings:
        raise KoubeiError("settings", "none given", allowed="{name: (rule, seed_agents)}")
    for name, pair in settings.items():
        if not isinstance(pair, Sequence) or len(pair) != 2 or not isinstance(pair[0], Rule):
            raise KoubeiError(f"settings[{name}]", "not a pair", allowed="(rule, seed_agents)")
    count = checks.whole("replicates", replicates, 1)
    first = checks.whole("first", first, 0)
    workers = checks.threads(threads)
    key = checks.key(rng)
    graph = network if isinstance(network, (Network, TemporalNetwork)) else as_network(network)
    if checks.word("by", by, ("label", "row")) == "row":
        graph = replace(graph, labels=None)
    names = tuple(str(name) for name in settings)
    check_room(count, 16 * len(names))
    sizes = np.zeros((len(names), count), np.int64)
    ends = np.zeros((len(names), count), np.float64)
    together: list[Any] = []
    alone = list(range(len(names)))
    plans = [
        SeedPlan(start, graph.n_nodes, getattr(rule, "brands", ()), count, first, graph.labels)
        for rule, start in settings.values()
    ]
    if isinstance(graph, Network):
        arcs = Arcs.of(graph, network)
        together, alone = _groups([rule for rule, _ in settings.values()], arcs, key)
    pairs = list(settings.values())
    total, done = len(names) * count, 0
    with checks.told(progress, total) as tell:
        for limits, rule_arrays, members in together:
            job = _Lanes(arcs, limits, rule_arrays, [plans[k] for k in members], key, horizon)
            # Small enough to be done soon: nobody waits long for an interrupt.
            piece = max(1, min(PIECE, SHORT // (arcs.n + arcs.count)))
            spans = ((lo, min(piece, count - lo)) for lo in range(0, count, piece))

            def run(lo: int, number: int, job: _Lanes = job) -> tuple[int, Any, Any]:
                return lo, *job.run(first + lo, number)

            with Workers(min(workers, -(-count // piece))) as pool:
                for lo, size, step in pool.in_order(run, spans):
                    sizes[members, lo : lo + len(size)] = size[:, : len(members)].T
                    ends[members, lo : lo + len(size)] = step[:, : len(members)].T
                    done += len(size) * len(members)
                    if tell is not None:
                        tell(done, total)
        for k in alone:
            result = cascade(
                network, pairs[k][0], pairs[k][1], count, key, first=first, horizon=horizon,
                threads=workers, by=by,
                progress=tell and (lambda more, _, before=done: tell(before + more, total)),
            )  # fmt: skip
            sizes[k], ends[k] = result.outcome.sizes, result.outcome.ends
            done += count
    return PairedCascades(names, sizes, ends, key)


def _groups(rules: list[Rule], arcs: Arcs, key: int) -> tuple[list[Any], list[int]]:
    """Cut the settings into groups for one walk each, and those that go alone."""
    constant: list[tuple[int, int]] = []
    by_rule: dict[int, tuple[Any, list[int]]] = {}
    alone: list[int] = []
    for k, rule in enumerate(rules):
        if not isinstance(rule, IndependentCascade):
            alone.append(k)
            continue
        if id(rule) in by_rule:
            by_rule[id(rule)][1].append(k)
            continue
        t = thresholds("p", per_arc("p", rule.p, arcs, key, rule.kinds))
        if isinstance(t, int):
            constant.append((t, k))
        else:
            by_rule[id(rule)] = (split(t)[2:], [k])
    constant.sort()
    groups = []
    for lo in range(0, len(constant), LANES):
        part = constant[lo : lo + LANES]
        limits = np.zeros(LANES, np.int64)
        limits[: len(part)] = [t for t, _ in part]
        none = (np.empty(0, np.uint8), np.empty(0, np.uint32))
        groups.append((limits, none, [k for _, k in part]))
    for arrays, members in by_rule.values():
        for lo in range(0, len(members), LANES):
            groups.append((np.zeros(LANES, np.int64), arrays, members[lo : lo + LANES]))
    return groups, alone


class _Lanes:
    """Up to 64 settings of the independent cascade, one bit each."""

    def __init__(
        self,
        arcs: Arcs,
        limits: NDArray[np.int64],
        arrays: tuple[NDArray[np.uint8], NDArray[np.uint32]],
        plans: list[SeedPlan],
        key: int,
        horizon: float | None,
    ) -> None:
        self.arcs, self.plans, self.key = arcs, plans, key
        sure = np.zeros(256, np.uint64)
        maybe = np.zeros(256, np.uint64)
        lower = np.arange(256, dtype=np.int64) << 24
        for lane in range(len(plans)):
            bit = np.uint64(1 << lane)
            certain = limits[lane] >= lower + (1 << 24)
            sure[certain] |= bit
            maybe[~certain & (limits[lane] > lower)] |= bit
        self.rows = rows_of(arcs)
        self.rule = block(PairedRule(*arrays, limits, sure, maybe, last_step(horizon)))

    def _seeds(self, first: int, count: int) -> tuple[Any, Any, Any]:
        """People who start in any setting, and in which, replicate by replicate."""
        n = self.arcs.n
        addresses, bits = [], []
        for lane, plan in enumerate(self.plans):
            seeds = plan.arrays(self.key, first, count)
            replicate = np.repeat(np.arange(count, dtype=np.int64), np.diff(seeds.starts))
            addresses.append(replicate * n + seeds.people)
            bits.append(np.full(seeds.people.size, 1 << lane, np.uint64))
        unique, inverse = np.unique(np.concatenate(addresses), return_inverse=True)
        lanes = np.zeros(unique.size, np.uint64)
        np.bitwise_or.at(lanes, inverse, np.concatenate(bits))
        starts = np.searchsorted(unique, np.arange(count + 1, dtype=np.int64) * n)
        return starts.astype(np.int64), (unique % n).astype(np.int32), lanes

    def run(self, first: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Run replicates ``first .. first + count - 1``; return sizes and steps, (count, 64)."""
        sizes = np.zeros((count, LANES), np.int64)
        steps = np.zeros((count, LANES), np.int64)
        runs = PairedRuns(np.uint64(self.key), first, *self._seeds(first, count), sizes, steps)
        paired_batch(self.rows, self.rule, block(paired_scratch(self.arcs.n)), block(runs))
        return sizes, steps

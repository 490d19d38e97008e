"""`adaptive`: seeds in batches, each chosen after seeing whom those before have reached.

What is left after an observed reach is a rule of the same kind: arcs out of the people reached have
been tried, so only arcs between others still count.  docs/seeding.md (other aims) is the norm.

Called by users.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import per_arc, weights_of
from koubei_sim.cascades.rules import IndependentCascade, LinearThreshold
from koubei_sim.cascades.rules.base import Rule
from koubei_sim.cascades.run import cascade
from koubei_sim.checks import Naming
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import wrapped
from koubei_sim.metrics.intervals import Interval, mean_interval
from koubei_sim.seeding.loop import maximise
from koubei_sim.seeding.pool import checked_graph
from koubei_sim.seeding.question import people_of, sampling_of
from koubei_sim.seeding.result import Seeds
from koubei_sim.seeding.rows import heard


@dataclass(frozen=True, eq=False, repr=False)
class Simulated:
    """What seeding in batches brings over seeding at once, in the same worlds.

    Parameters
    ----------
    adaptive, at_once : (R,) int64 array
        People reached in each world by the batches, and by `maximise` with all seeds at once.
    gain : Interval
        Mean of their difference, paired, with its 95 % interval.
    """

    adaptive: NDArray[np.int64]
    at_once: NDArray[np.int64]
    gain: Interval

    def __repr__(self) -> str:
        """Say the gain in one line."""
        g = self.gain
        return wrapped(
            f"Simulated({self.adaptive.size} worlds: {g.mean:+.4g} people "
            f"({g.low:+.4g} .. {g.high:+.4g}) over {self.at_once.mean():.6g} reached at once)"
        )


class Adaptive:
    """A policy: who comes next, given who has been reached.  Made by `adaptive`.

    Attributes
    ----------
    seeds : (so far,) array
        Who has been chosen, best first within a batch.
    left : int
        How many are still to be chosen.
    last : Seeds or None
        The last batch as `maximise` found it: reach and bounds are of what it adds to the people
        reached before.
    """

    def __init__(self, graph: Any, labels: Any, rule: Any, sizes: list[int], asked: Any) -> None:
        self._graph, self._labels, self._rule = graph, labels, rule
        self._all = self._sizes = sizes
        self._asked = asked
        self._rows = np.empty(0, np.int64)
        self._reached = np.zeros(graph.n, np.bool_)
        self.last: Seeds | None = None

    @property
    def seeds(self) -> NDArray[Any]:
        """Who has been chosen so far."""
        return self._named(self._rows)

    def __repr__(self) -> str:
        """Say how many were chosen, and how many are left."""
        return f"Adaptive({self._rows.size} chosen, {self.left} left, {len(self._sizes)} batches)"

    @property
    def left(self) -> int:
        """How many are still to be chosen."""
        return sum(self._sizes)

    def _named(self, rows: NDArray[Any]) -> NDArray[Any]:
        return rows.astype(np.int32) if self._labels is None else self._labels[rows]

    def next(self, observed: Any = ()) -> NDArray[Any]:
        """Return the next batch.

        Parameters
        ----------
        observed : list of people
            Who has been reached by now (seeds count, named or not), when nothing more happens.

        Returns
        -------
        array
            Labels where the network has them, or rows; empty when all seeds have been given out or
            everybody who may be chosen has been reached.
        """
        names = self._graph.network.labels
        self._reached[checks.rows_of("observed", observed, self._graph.n, names)] = True
        self._reached[self._rows] = True
        allowed = self._asked["among"] & ~self._reached
        wanted = min(self._sizes[0] if self._sizes else 0, int(allowed.sum()))
        self._sizes = self._sizes[1:]
        if wanted == 0:
            return self._named(np.empty(0, np.int64))
        rule, audience = self._rule, None
        if self._reached.any():
            rule = remaining(rule, self._graph, self._reached, self._asked["rng"])
            audience = (~self._reached).astype(np.float64)
        options = {**self._asked, "among": np.flatnonzero(allowed), "audience": audience}
        self.last = maximise(self._graph.network, rule, wanted, by="row", **options)
        rows = self.last.seeds.astype(np.int64)
        self._rows = np.concatenate([self._rows, rows])
        return self._named(rows)

    def simulate(self, replicates: int = 100, rng: Any = None) -> Simulated:
        """Play the policy from its beginning, and seeding at once, in the same simulated worlds.

        Parameters
        ----------
        replicates : int
            How many worlds: replicates 0, 1, ... of `cascade`.
        rng : int, SeedSequence, Generator or None
            Source of the key of the worlds.

        Returns
        -------
        Simulated
            Expect little: most of what seeds reach is no news to who chose them (Peng and Chen
            2019).

        Examples
        --------
        >>> import koubei_sim as kb
        >>> stars = kb.Network.from_edges([0] * 6 + [7, 8], [1, 2, 3, 4, 5, 6, 9, 0])
        >>> policy = adaptive(stars, kb.IndependentCascade(0.5), 2, batches=2, rng=1)
        >>> policy.simulate(50, rng=2).gain.low >= -1.0
        True
        """
        checks.whole("replicates", replicates, 1)
        key = checks.key(rng)
        network, k = self._graph.network, sum(self._all)
        # Probabilities that hang on the key are those which the policy knows.
        nobody = np.zeros(self._graph.n, np.bool_)
        rule = remaining(self._rule, self._graph, nobody, self._asked["rng"])

        def run(rows: Any, many: int, first: int, record: Any = ()) -> Any:
            return cascade(
                network, rule, rows, many, key, first=first, record=record, threads=1, by="row"
            )

        found = np.empty(replicates, np.int64)
        for r in range(replicates):
            policy = Adaptive(self._graph, None, self._rule, self._all, self._asked)
            reached: Any = ()
            while policy.next(reached).size:
                times = run(policy.seeds, 1, r, ("times",)).outcome.times
                reached = np.flatnonzero(np.isfinite(times[0]))
            found[r] = len(reached)
        options = {**self._asked, "among": np.flatnonzero(self._asked["among"])}
        once = maximise(network, self._rule, k, by="row", **options).seeds
        sizes = np.asarray(run(once, replicates, 0).sizes, np.int64)
        return Simulated(found, sizes, mean_interval((found - sizes).astype(np.float64), key))


def adaptive(
    network: Any,
    rule: Rule,
    k: int,
    *,
    batches: int,
    among: Any = None,
    target: float = 0.9,
    delta: float = 0.01,
    rng: Any = None,
    sets: int = 1 << 20,
    by: Naming = "label",
) -> Adaptive:
    """Return a policy that chooses `k` people in batches, each after seeing what came of the last.

    Parameters
    ----------
    network : Network, or a graph of another library
    rule : IndependentCascade or LinearThreshold
        Rules with live edges.
    k : int
        How many to choose in all.
    batches : int
        In how many parts, 1 to `k`; the first are larger by one where they are not equal.
    among : list of people, optional
        Who may be chosen.
    target, delta, rng, sets, by
        As in `maximise`, for each batch.

    Returns
    -------
    Adaptive
        ``policy.next(observed)`` gives the next batch, `observed` being all who have been reached
        when nothing more happens; ``policy.simulate()`` says what watching is worth.

    Raises
    ------
    KoubeiError
        In one line, before anything runs.

    Notes
    -----
    Of those who are reached every arc has been tried (full-adoption feedback: Golovin and Krause
    2011), so what is left is the same rule among the others.  Under linear threshold a person who
    withstood weights of w has a threshold uniform on w..1: other weights are divided by 1 - w.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> stars = kb.Network.from_edges([0] * 6 + [7, 8], [1, 2, 3, 4, 5, 6, 9, 0])
    >>> policy = adaptive(stars, kb.IndependentCascade(0.5), 2, batches=2, rng=1)
    >>> policy.next().tolist()
    [0]
    >>> policy.next([0, 1, 2, 5]).tolist()
    [7]
    >>> policy.next().tolist(), policy.left
    ([], 0)
    """
    arcs, labels = checked_graph(network, rule, by)
    if not isinstance(rule, (IndependentCascade, LinearThreshold)):
        raise KoubeiError(
            "rule",
            "what is left of it among others is not known",
            got=type(rule).__name__,
            allowed="IndependentCascade, LinearThreshold",
        )
    allowed = people_of(arcs, among, None, None)[0]
    k = checks.whole("k", k, 1, int(allowed.sum()))
    batches = checks.whole("batches", batches, 1, k)
    sampling = sampling_of(target, delta, sets, rng)
    asked = {name: sampling[name] for name in ("target", "delta")}
    asked |= {"among": allowed, "sets": sets, "rng": sampling["key"]}
    heard(rule, arcs, sampling["key"], False)  # refuses what does not fit
    sizes = [k // batches + (b < k % batches) for b in range(batches)]
    return Adaptive(arcs, labels, rule, sizes, asked)


def remaining(rule: Any, arcs: Any, reached: NDArray[np.bool_], key: int) -> Rule:
    """Return the rule among people not reached yet, given that those reached did not reach them."""
    if arcs.count == 0:
        return rule  # type: ignore[no-any-return]
    target = arcs.rows.indices
    tried = reached[arcs.sources()]
    if isinstance(rule, IndependentCascade):
        p = per_arc("p", rule.p, arcs, key, rule.kinds)
        return IndependentCascade(np.where(tried, 0.0, p))
    if rule.weights is None:
        weights = (1.0 / np.maximum(arcs.into(), 1))[target]
    elif isinstance(rule.weights, str) and rule.weights == "weights":
        weights = weights_of("weights", arcs)
    else:
        weights = np.broadcast_to(per_arc("weights", rule.weights, arcs, key), target.shape)
    withstood = np.bincount(target[tried], weights[tried], minlength=arcs.n)
    left = np.maximum(1.0 - withstood, 1e-9)  # none is left where all that could reach them did
    return LinearThreshold(np.where(tried, 0.0, np.minimum(1.0, weights / left[target])))

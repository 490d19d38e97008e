"""CyNetDiff's way of asking: a model, `set_seeds`, then reset and advance, one cascade at a time.

``from koubei_sim.compat.cynetdiff import networkx_to_ic_model`` in place of ``from cynetdiff.utils
import ...``; the models stand here too, over row arrays.  Scripts for that package call
`reset_model` and `advance_until_completion` thousands of times, so sizes are computed ahead, in
batches that grow with the number of cascades asked for; who is active is worked out only when it
is asked for, by running that replicate again.

What is different, because it is a fault there (docs/coming-from.md): a seed named twice is one
seed; probabilities above 1 and targets that do not exist are refused, always; linear threshold
does not add in single precision.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koubei_sim.cascades import IndependentCascade, LinearThreshold, Rule, cascade
from koubei_sim.checks import number, whole
from koubei_sim.compat.graphs import NamedGraph, items, key_of
from koubei_sim.core.codes import DRAW_SEEDS_RANDOM
from koubei_sim.core.draws import draw32, stream
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Layer, Network

__all__ = [
    "IndependentCascadeModel",
    "LinearThresholdModel",
    "networkx_to_ic_model",
    "networkx_to_lt_model",
]

MOST_AHEAD = 1024  # cascades computed ahead
LONGEST_AHEAD = 0.2  # seconds: batches that take longer do not grow


def _numbers(where: str, given: Any) -> NDArray[np.float64]:
    """Return numbers as an array; text, None and one number are refused."""
    if isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype.kind in "iuf":
        return given.astype(np.float64)
    found = items(where, given, "a list of numbers")
    return np.array([number(where, one) for one in found], dtype=np.float64)


def _wholes(where: str, given: Any) -> NDArray[np.int64]:
    """Return whole numbers as an array; halves are none."""
    if isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype.kind in "iu":
        return given.astype(np.int64)
    return np.array([whole(where, one, 0, 2**31 - 1) for one in items(where, given)], np.int64)


def _rows(starts: ArrayLike, edges: ArrayLike) -> tuple[Network, NDArray[np.int64]]:
    """Return the network of row arrays, and the place that each of its arcs had there."""
    first, targets = _wholes("starts", starts), _wholes("edges", edges)
    n = first.size
    bounds = np.append(first, targets.size)
    if not n or first[0] != 0 or (np.diff(bounds) < 0).any():
        raise KoubeiError("starts", "not row starts", allowed="ascending, from 0 to len(edges)")
    if targets.size and not (targets.min() >= 0 and targets.max() < n):
        raise KoubeiError("edges", "no such node", got=int(targets.max()), allowed=f"0..{n - 1}")
    codes = np.repeat(np.arange(n, dtype=np.int64), np.diff(bounds)) * n + targets
    order = np.argsort(codes, kind="stable")
    if (np.diff(codes[order]) == 0).any():
        raise KoubeiError("edges", "a target twice in a row", fix="merge them")
    layer = Layer("ties", bounds, targets[order].astype(np.int32))
    return Network((layer,)), order


class _Model:
    """Seeds, and the cascades from them one after the other."""

    def __init__(self, network: Network, rule: Rule, payoffs: ArrayLike | None, rng: Any) -> None:
        self._network, self._rule = network, rule
        self._n = network.n_nodes
        self._payoffs = None if payoffs is None else _numbers("payoffs", payoffs)
        if self._payoffs is not None and self._payoffs.size != self._n:
            raise KoubeiError(
                "payoffs", "not one a node", got=self._payoffs.size, allowed=str(self._n)
            )
        self._seeds = np.empty(0, np.int64)
        self._chances: NDArray[np.float64] | None = None
        self.set_rng(rng)

    def set_rng(self, rng: Any = None) -> None:
        """Begin a new sequence of cascades: the same for the same `rng`."""
        self._key_now = key_of(rng)
        self._replicate = 0
        self._forget()

    def set_seeds(self, seeds: Iterable[int], seed_probs: Iterable[float] | None = None) -> None:
        """Say who starts, and with which probability each of them does; a reset belongs to it."""
        people = self._nodes("seeds", seeds)
        if seed_probs is None:
            self._seeds, self._chances = np.unique(people), None
        else:
            chances = _numbers("seed_probs", seed_probs)
            if chances.size != people.size or not ((chances >= 0) & (chances <= 1)).all():
                raise KoubeiError("seed_probs", "not one of 0..1 a seed", got=chances.tolist())
            if np.unique(people).size != people.size:
                raise KoubeiError("seeds", "names a node twice, with two probabilities")
            self._seeds, self._chances = people, chances
        self._forget()
        self.reset_model()

    def _nodes(self, where: str, given: Any) -> NDArray[np.int64]:
        people = _wholes(where, given)
        if people.size and not (people.min() >= 0 and people.max() < self._n):
            raise KoubeiError(
                where, "no such node", got=people.tolist(), allowed=f"0..{self._n - 1}"
            )
        return people

    # ---- cascades -----------------------------------------------------------------------------

    def _forget(self) -> None:
        """Drop what was computed ahead."""
        self._ahead = np.empty(0, np.int64)
        self._first, self._batch = self._replicate, 1
        self._step: int | None = 0  # None: at the end
        self._log: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None

    def _start(self, first: int, count: int) -> Any:
        """Seeds of some replicates, as `cascade` takes them."""
        if self._chances is None:
            return self._seeds
        limits = np.floor(self._chances * 2.0**32 + 0.5).astype(np.int64)
        rows = []
        for replicate in range(first, first + count):
            base = stream(np.uint64(self._key_now), replicate, DRAW_SEEDS_RANDOM, 0, 0)
            coins = [int(draw32(base, i)) for i in range(limits.size)]
            rows.append(self._seeds[np.array(coins, np.int64) < limits])
        return rows

    def _run(self, first: int, count: int, record: Any = (), start: Any = None) -> Any:
        start = self._start(first, count) if start is None else start
        return cascade(
            self._network, self._rule, start, count, self._key_now,
            first=first, record=record, threads=1, by="row",
        )  # fmt: skip

    def _size(self) -> int:
        """Size of the cascade of now, at its end."""
        place = self._replicate - self._first
        if place >= self._ahead.size:
            begun = time.perf_counter()
            self._ahead = self._run(self._replicate, self._batch).sizes
            if time.perf_counter() - begun < LONGEST_AHEAD:
                self._batch = min(2 * self._batch, MOST_AHEAD)
            self._first, place = self._replicate, 0
        return int(self._ahead[place])

    def _people(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """People of the cascade of now in order of activation, and their steps."""
        if self._log is None:
            log = self._run(self._replicate, 1, ("forest",)).activations
            self._log = log.person.astype(np.int64), log.time.astype(np.int64)
        return self._log

    def _active(self) -> NDArray[np.int64]:
        people, steps = self._people()
        return people if self._step is None else people[steps <= self._step]

    def reset_model(self) -> None:
        """Go back to the seeds; what follows is another cascade."""
        self._replicate += 1
        self._step, self._log = 0, None

    def advance_model(self) -> None:
        """Advance by one step."""
        if self._step is not None:
            self._step += 1

    def advance_until_completion(self) -> None:
        """Advance to the end."""
        self._step = None

    def get_num_activated_nodes(self) -> int:
        """Return how many are active."""
        return self._size() if self._step is None else int(self._active().size)

    def get_activated_nodes(self) -> Iterator[int]:
        """Yield those who are active."""
        yield from self._active().tolist()

    def get_newly_activated_nodes(self) -> Iterator[int]:
        """Yield those who became active in the last step; nobody after the end."""
        if self._step is not None:
            people, steps = self._people()
            yield from people[steps == self._step].tolist()

    def compute_payoffs(self) -> float:
        """Return the sum of the payoffs of those who are active (1 each, if none were given)."""
        if self._payoffs is None:
            return float(self.get_num_activated_nodes())
        return float(self._payoffs[self._active()].sum())

    def compute_marginal_gains(
        self, seed_set: Iterable[int], new_seeds: Sequence[int], num_trials: int
    ) -> list[float]:
        """Return the mean payoff of `seed_set`, and what each new seed adds to those before it.

        All are run on the same coins, so the differences are far less noisy than the means.
        """
        seeds = list(dict.fromkeys(self._nodes("seed_set", seed_set).tolist()))
        more_seeds = self._nodes("new_seeds", new_seeds).tolist()
        num_trials, worth = whole("num_trials", num_trials, 1), []
        if set(seeds) & set(more_seeds) or len(set(more_seeds)) != len(more_seeds):
            raise KoubeiError("new_seeds", "a seed is named twice", got=more_seeds)
        first = self._replicate + 1
        for more in range(len(more_seeds) + 1):
            start = np.array(seeds + more_seeds[:more], np.int64)
            result = self._run(
                first, num_trials, () if self._payoffs is None else ("people",), start
            )
            if self._payoffs is None:
                worth.append(float(result.sizes.mean()))
            else:
                worth.append(float(result.probability @ self._payoffs))
        self._replicate += num_trials
        self._forget()
        return [worth[0], *np.diff(worth).tolist()]


class IndependentCascadeModel(_Model):
    """Independent cascade over row arrays.

    Parameters
    ----------
    starts, edges : arrays of int
        Node u has the arcs to ``edges[starts[u]:starts[u + 1]]``; the last row ends with `edges`.
    activation_prob : float
        Probability of every arc, unless `activation_probs` gives one an arc.
    activation_probs : array of float, optional
    payoffs : array of float, optional
        What each node is worth when it is active.
    rng : int, list of int, SeedSequence, BitGenerator or Generator, optional

    Examples
    --------
    >>> model = IndependentCascadeModel([0, 1], [1, 2], activation_prob=1.0)
    Traceback (most recent call last):
    koubei_sim.errors.KoubeiError: edges: no such node, got 2, allowed 0..1
    >>> model = IndependentCascadeModel([0, 1, 2], [1, 2], activation_prob=1.0)
    >>> model.set_seeds([0])
    >>> model.advance_model()
    >>> sorted(model.get_activated_nodes())
    [0, 1]
    >>> model.advance_until_completion()
    >>> model.get_num_activated_nodes()
    3
    """

    def __init__(
        self,
        starts: ArrayLike,
        edges: ArrayLike,
        *,
        activation_prob: float = 0.1,
        activation_probs: ArrayLike | None = None,
        payoffs: ArrayLike | None = None,
        rng: Any = None,
    ) -> None:
        network, order = _rows(starts, edges)
        p: Any = activation_prob
        if activation_probs is not None:
            p = _by_arc("activation_probs", activation_probs, order)
        super().__init__(network, IndependentCascade(p), payoffs, rng)


class LinearThresholdModel(_Model):
    """Linear threshold over row arrays; `influence` is 1 / arcs into the target where not given."""

    def __init__(
        self,
        starts: ArrayLike,
        edges: ArrayLike,
        *,
        payoffs: ArrayLike | None = None,
        influence: ArrayLike | None = None,
        rng: Any = None,
    ) -> None:
        network, order = _rows(starts, edges)
        weights = None
        if influence is not None:
            weights = _within_one(network, _by_arc("influence", influence, order))
        super().__init__(network, LinearThreshold(weights), payoffs, rng)


def _by_arc(where: str, given: ArrayLike, order: NDArray[np.int64]) -> NDArray[np.float64]:
    values = _numbers(where, given)
    if values.size != order.size:
        raise KoubeiError(where, "not one an arc", got=values.size, allowed=str(order.size))
    return values[order]


def _within_one(network: Network, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale the weights into a person that add up to a hair more than 1 (they come as float32)."""
    layer = network.layer()
    total = np.bincount(layer.indices, weights, layer.n_nodes)
    over = (total > 1.0) & (total <= 1.0001)
    share = np.where(over, np.maximum(total, 1.0) * (1.0 + 1e-12), 1.0)
    return weights / share[layer.indices]


def _prepared(graph: Any) -> tuple[NamedGraph, NDArray[np.float64] | None]:
    """Number a networkx graph, and read its payoffs where it has them."""
    ties = NamedGraph(graph)
    values = [value for _, value in graph.nodes(data="payoff", default=None)]
    if all(value is None for value in values):
        return ties, None
    if any(value is None for value in values):
        raise KoubeiError("payoff", "missing on a node", got=repr(ties.names[values.index(None)]))
    return ties, np.array(values, dtype=np.float64)


def _has(graph: Any, label: str) -> bool:
    return any(value is not None for *_, value in graph.edges(data=label, default=None))


def _over(model: type[_Model], ties: NamedGraph, rule: Rule, payoffs: Any, rng: Any) -> Any:
    """Return a model over a network that is there already."""
    made = model.__new__(model)
    _Model.__init__(made, ties.network, rule, payoffs, rng)
    return made


def networkx_to_ic_model(
    graph: Any, *, activation_prob: float | None = None, rng: Any = None
) -> tuple[IndependentCascadeModel, dict[Any, int]]:
    """Return a model of a networkx graph, and the number of each node.

    Edges may have an attribute ``activation_prob`` and nodes one ``payoff``; without either
    `activation_prob`, it is .1.

    Raises
    ------
    KoubeiError
        `activation_prob` given twice; an attribute missing on some; values out of range.
    """
    ties, payoffs = _prepared(graph)
    p: Any = 0.1 if activation_prob is None else activation_prob
    if _has(graph, "activation_prob"):
        if activation_prob is not None:
            raise KoubeiError("activation_prob", "given, and on the edges too", fix="one of them")
        p = ties.attribute(graph, "activation_prob")
    model = _over(IndependentCascadeModel, ties, IndependentCascade(p), payoffs, rng)
    return model, ties.number


def networkx_to_lt_model(
    graph: Any, rng: Any = None
) -> tuple[LinearThresholdModel, dict[Any, int]]:
    """Return a linear threshold model of a networkx graph, and the number of each node.

    Edges may have an attribute ``influence``; those into one node must not add up to more than 1.
    """
    ties, payoffs = _prepared(graph)
    weights = None
    if _has(graph, "influence"):
        weights = _within_one(ties.network, ties.attribute(graph, "influence"))
    model = _over(LinearThresholdModel, ties, LinearThreshold(weights), payoffs, rng)
    return model, ties.number

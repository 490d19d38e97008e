"""Rankings of seeds known from the field: quick, and without a guarantee.

Each is a pure function of graph, numbers and key; ties and orders are keyed draws.  An arc ``u ->
v`` means that the word of ``u`` reaches ``v``, so what counts for a seed are its *listeners*; on
mutual ties each ranking is the one of its source.  The loops are in `ranking_loops`; `seeding`
hands all of this on as ``kb.seeding.NAME``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.checks import Naming
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import ranking_loops as loops
from koubei_sim.networks.choosing import Question, question, smallest, turned_round

__all__ = [
    "circle",
    "collective_influence",
    "degree_discount",
    "diffusion_centrality",
    "gossip",
    "irie",
    "pagerank",
    "single_discount",
    "vote_rank",
    "wide_bridges",
]


def degree_discount(
    network: Any,
    k: int,
    *,
    p: float = 0.01,
    layer: str | None = None,
    key: int = 0,
    by: Naming = "label",
) -> NDArray[Any]:
    """Return `k` people by degree discount: listeners whom the seeds before do not win anyway.

    With d listeners, s of them seeds already, and t seeds among those whom a person hears, its
    value is ``d - s - t - (d - s) t p``.  On mutual ties s = t, and this is the formula of the
    source, ``d - 2 t - (d - t) t p``.  Parallel arcs count one by one.  Made for the independent
    cascade with one small probability; time O((arcs of the seeds) log n).

    Parameters
    ----------
    network, k, layer, key, by
        As for `kb.seeding.degree`.
    p : float
        Probability of an arc, 0..1.

    Returns
    -------
    (k,) array
        Labels, or int32 rows, in the order of choice: the first j are the choice for j.

    Notes
    -----
    Source: Chen, Wang and Yang 2009, *Efficient influence maximization in social networks*.

    Examples
    --------
    Four of the five listeners of 0 are listeners of 1; 2 has three of its own.

    >>> from koubei_sim import Network
    >>> net = Network.from_edges([0] * 5 + [1] * 4 + [2] * 3, [1, 3, 4, 5, 6, 3, 4, 5, 6, 7, 8, 9])
    >>> degree_discount(net, 2).tolist()
    [0, 2]
    """
    return _discounted("degree_discount", network, k, p, layer, key, by)


def single_discount(
    network: Any, k: int, *, layer: str | None = None, key: int = 0, by: Naming = "label"
) -> NDArray[Any]:
    """Return `k` people with the most listeners who are not seeds already, one after the other.

    Arguments, source and time as for `degree_discount`; parallel arcs count one by one.
    """
    return _discounted("single_discount", network, k, 0.0, layer, key, by)


def irie(
    network: Any,
    k: int,
    *,
    p: Any = 0.01,
    alpha: float = 0.7,
    theta: float = 1.0 / 320.0,
    layer: str | None = None,
    key: int = 0,
    by: Naming = "label",
) -> NDArray[Any]:
    """Return `k` people by IRIE: influence ranks, less what the seeds before win.

    Before each choice ``r(u) = w(u) (1 + alpha * sum of p(u, v) r(v) over listeners v)`` is
    applied 20 times from r = 1; w(u) is the chance that none of the seeds before wins u.  It is
    estimated as a product over these seeds of 1 - (probability of the most probable path from the
    seed to u, past no seed before it, where that is at least `theta`).  Time O(20 k arcs).

    Parameters
    ----------
    network, k, layer, key, by
        As for `kb.seeding.degree`.
    p : float, array or "weighted"
        Probability of each arc, 0..1: one for all; one value an arc of the layer, in
        the order of its `indices`; or 1 / number of arcs into the listener (weighted cascade).
    alpha : float
        How much of the rank of a listener counts, 0..1.
    theta : float
        Paths less probable than this count as none, 0..1.

    Returns
    -------
    (k,) array
        Labels, or int32 rows, in the order of choice.

    Notes
    -----
    Source: Jung, Heo and Chen 2012, *IRIE: scalable and robust influence maximization in social
    networks*; alpha and theta are theirs.  They leave the estimate of w open; ours is that of the
    arborescences of Chen, Wang and Wang 2010, with seeds taken for independent.
    """
    asked = question("irie", network, k, layer, key, by)
    alpha = checks.number("alpha", alpha, 0.0, 1.0)
    theta = checks.number("theta", theta, 0.0, 1.0)
    chosen = np.empty(asked.k, dtype=np.int64)
    rows = asked.rows
    chance = _chances(p, asked)
    loops.influence_ranked(rows.indptr, rows.indices, chance, alpha, theta, 20, asked.draws, chosen)
    return asked.people(chosen)


def collective_influence(
    network: Any,
    k: int,
    *,
    ball: int = 2,
    layer: str | None = None,
    key: int = 0,
    by: Naming = "label",
) -> NDArray[Any]:
    """Return `k` people by collective influence, each taken out before the next is chosen.

    The value of a person is (listeners - 1) times the sum of (listeners - 1) over those who are
    exactly `ball` steps away along arcs; parallel arcs count once, and a factor below 0 (nobody
    listens; not on mutual ties) is 0.  It finds people between hubs who have few ties themselves,
    and counts a star whose leaves know nobody else for nothing.  Time O(sum over people of the
    arcs within their ball), and of the balls that change with each choice.

    Parameters
    ----------
    network, k, layer, key, by
        As for `kb.seeding.degree`.
    ball : {1, 2}
        Radius; beyond 2 a removal can raise somebody's value, and all would have to be
        recomputed.

    Returns
    -------
    (k,) array
        Labels, or int32 rows, in the order of choice.

    Notes
    -----
    Source: Morone and Makse 2015, *Influence maximization in complex networks through optimal
    percolation*.  Their reinsertion of people at the end is left out: it serves to take a network
    apart, not to rank.
    """
    asked = question("collective_influence", network, k, layer, key, by)
    ball = checks.whole("ball", ball, 1, 2)
    rows = asked.plain_rows(once=True)
    chosen = np.empty(asked.k, dtype=np.int64)
    loops.collectively(*rows, *turned_round(*rows), ball, asked.draws, chosen)
    return asked.people(chosen)


def pagerank(
    network: Any,
    k: int,
    *,
    damping: float = 0.85,
    steps: int = 100,
    layer: str | None = None,
    key: int = 0,
    by: Naming = "label",
) -> NDArray[Any]:
    """Return the `k` people with the highest PageRank on the arcs turned round, best first.

    Each person shares its rank equally among those whom it hears, so the rank flows to tellers.
    Where a person hears nobody its rank goes to all alike.  Power iteration, summed in the order
    of rows: the same bytes everywhere.  Time O(steps * arcs).

    Parameters
    ----------
    network, k, layer, key, by
        As for `kb.seeding.degree`.
    damping : float
        Share of the rank that flows along arcs, 0..1; the rest goes to all alike.
    steps : int
        Iterations, at least 1; what is left to change after them is below ``damping**steps``.

    Returns
    -------
    (k,) array
        Labels, or int32 rows.

    Notes
    -----
    Source: Brin and Page 1998.
    """
    asked = question("pagerank", network, k, layer, key, by)
    damping = checks.number("damping", damping, 0.0, 1.0)
    steps = checks.whole("steps", steps, 1)
    return asked.best(loops.rank_flow(*asked.plain_rows(), damping, steps))


def vote_rank(
    network: Any, k: int, *, layer: str | None = None, key: int = 0, by: Naming = "label"
) -> NDArray[Any]:
    """Return `k` people by VoteRank: elected by their listeners, who then can vote less.

    Each person votes for those whom it hears, with ability 1.  Who gets the most votes is
    elected and votes no more; each arc from it to a listener takes 1 / (mean number of listeners)
    off the ability of that listener, down to 0.  Counted in whole numbers, so ties are ties.
    Arguments as for `kb.seeding.degree`; time O((arcs two steps around the seeds) log n).

    Notes
    -----
    Source: Zhang, Chen, Dong and Zhao 2016, *Identifying a set of influential spreaders in complex
    networks*; arcs are used as in networkx (`voterank` of a directed graph).
    """
    asked = question("vote_rank", network, k, layer, key, by)
    rows = asked.plain_rows()
    chosen = np.empty(asked.k, dtype=np.int64)
    loops.voted(*rows, *turned_round(*rows), asked.draws, chosen)
    return asked.people(chosen)


def wide_bridges(
    network: Any,
    k: int,
    *,
    need: int = 2,
    steps: int = 1,
    layer: str | None = None,
    key: int = 0,
    by: Naming = "label",
) -> NDArray[Any]:
    """Return the `k` people whose circles have the most wide bridges out of them, best first.

    A circle is a person and its listeners.  Its value: how many people outside hear of at least
    `need` people in it and so would follow it, were it seeded; with more `steps`, those too who
    then hear of `need` of all these, and so on.  For behaviour that one teller does not pass on
    (`FractionalThreshold`, `Reinforcement`).  Seed circles, not their centres: `circle` with
    ``around=``.  Parallel arcs count once; time O(sum over people of the arcs of those reached).

    Parameters
    ----------
    network, k, layer, key, by
        As for `kb.seeding.degree`.
    need : int
        How many tellers it takes, at least 1.
    steps : int
        How often it is passed on, at least 1.

    Returns
    -------
    (k,) array
        Labels, or int32 rows: the centres.

    Notes
    -----
    Source: Centola and Macy 2007 (wide bridges); Guilbeault and Centola 2021, *Topological measures
    for identifying and predicting the spread of complex contagions*.  This counts people reached
    across sufficient bridges; it is not their mean length of complex paths.

    Examples
    --------
    The neighbours of 0 share two listeners, those of 5 none.

    >>> from koubei_sim import Network
    >>> net = Network.from_edges([0, 0, 1, 1, 2, 2, 5, 5, 5], [1, 2, 3, 4, 3, 4, 6, 7, 8])
    >>> wide_bridges(net, 1).tolist()
    [0]
    """
    asked = question("wide_bridges", network, k, layer, key, by)
    need = checks.whole("need", need, 1)
    steps = checks.whole("steps", steps, 1)
    return asked.best(loops.beyond_circles(*asked.plain_rows(once=True), need, steps))


def circle(
    network: Any,
    k: int,
    *,
    around: Any = None,
    layer: str | None = None,
    key: int = 0,
    by: Naming = "label",
) -> NDArray[Any]:
    """Return `k` people in circles: a person, its listeners, the next person, its listeners, ...

    Seeds that are neighbours win people who need several tellers.  `community` grows one circle
    over its rim; this begins the next one.  Time O(arcs).

    Parameters
    ----------
    network, k, layer, key, by
        As for `kb.seeding.degree`.
    around : list of people, optional
        The first centres, in this order, by label (by row with ``by="row"``); then, as without
        it, people in keyed order.

    Returns
    -------
    (k,) array
        Labels, or int32 rows, in the order of choice; listeners of one person in keyed order.

    Notes
    -----
    Source: Centola and Macy 2007; Guilbeault and Centola 2021 (seeds that are clustered).

    Examples
    --------
    >>> from koubei_sim import Network
    >>> star = Network.from_edges([0, 0, 4, 4], [1, 2, 5, 6])
    >>> sorted(circle(star, 3, around=[4]).tolist())
    [4, 5, 6]
    """
    asked = question("circle", network, k, layer, key, by)
    draws = asked.draws
    centres = np.argsort(draws, kind="stable").astype(np.int64)
    if around is not None:
        first = asked.network.index_of(around, by=by, where="around")
        centres = np.concatenate([first, centres])
    chosen = np.empty(asked.k, dtype=np.int64)
    loops.circles(*asked.plain_rows(once=True), centres, draws, chosen)
    return asked.people(chosen)


def diffusion_centrality(
    network: Any,
    k: int,
    *,
    q: float = 0.1,
    steps: int = 3,
    layer: str | None = None,
    key: int = 0,
    by: Naming = "label",
) -> NDArray[Any]:
    """Return the `k` people with the highest diffusion centrality, best first.

    The sum over t = 1 .. `steps` of q**t times the walks of t arcs that begin at a person: how
    often others would hear of it, were word passed on `steps` times with probability q.  One step
    is the degree.  Parallel arcs count one by one; time O(steps * arcs).

    Parameters
    ----------
    network, k, layer, key, by
        As for `kb.seeding.degree`.
    q : float
        Probability that word is passed along an arc, above 0 and up to 1.  The source takes
        1 / (largest eigenvalue of the network).
    steps : int
        How often, 1..30.  The source takes the diameter.

    Returns
    -------
    (k,) array
        Labels, or int32 rows.

    Notes
    -----
    Source: Banerjee, Chandrasekhar, Duflo and Jackson 2013, *The diffusion of microfinance*.
    """
    asked = question("diffusion_centrality", network, k, layer, key, by)
    return asked.best(loops.walks(*asked.plain_rows(), *_passed_on(q, steps)))


def gossip(
    network: Any,
    k: int,
    *,
    q: float = 0.1,
    steps: int = 3,
    layer: str | None = None,
    key: int = 0,
    by: Naming = "label",
) -> NDArray[Any]:
    """Return `k` people named by random people as the one of whom they hear most (gossips).

    People in keyed order each name the person whose word reaches them most often: the sum over t =
    1 .. `steps` of q**t times the walks of t arcs from it to them.  First named comes first; who is
    named by nobody comes last, in keyed order.  It takes no map of the network, only questions, as
    does `nomination` (one random listener: a friend of a random person).  Time O(arcs within
    `steps` of those asked).

    Parameters
    ----------
    network, k, layer, key, by
        As for `kb.seeding.degree`.
    q, steps
        As for `diffusion_centrality`.

    Returns
    -------
    (k,) array
        Labels, or int32 rows, first named first.

    Notes
    -----
    Source: Banerjee, Chandrasekhar, Duflo and Jackson 2019, *Using gossips to spread information*:
    those whom people name are those of high diffusion centrality.
    """
    asked = question("gossip", network, k, layer, key, by)
    back = turned_round(*asked.plain_rows())
    draws = asked.draws
    chosen = np.empty(asked.k, dtype=np.int64)
    named = loops.most_heard(
        *back, *_passed_on(q, steps), asked.address.base("gossip"), draws, chosen
    )
    others = np.setdiff1d(np.arange(draws.size), chosen[:named])
    chosen[named:] = smallest(np.zeros(draws.size), draws, others, asked.k - named)
    return asked.people(chosen)


def _passed_on(q: Any, steps: Any) -> tuple[float, int]:
    """Check how often, and how likely, word is passed on."""
    probability = checks.number("q", q, 0.0, 1.0)
    if probability == 0.0:
        raise KoubeiError("q", "nothing is passed on", got=0, allowed="above 0, up to 1")
    # So few that no sum over walks can be infinite: a row has fewer than 2**31 arcs.
    return probability, checks.whole("steps", steps, 1, 30)


def _discounted(
    strategy: str, network: Any, k: Any, p: Any, layer: str | None, key: Any, by: str
) -> NDArray[Any]:
    asked = question(strategy, network, k, layer, key, by)
    p = checks.number("p", p, 0.0, 1.0)
    rows = asked.plain_rows()
    chosen = np.empty(asked.k, dtype=np.int64)
    single = strategy == "single_discount"
    loops.discounted(*rows, *turned_round(*rows), p, single, asked.draws, chosen)
    return asked.people(chosen)


def _chances(p: Any, asked: Question) -> NDArray[np.float64]:
    """Return the probability of each arc; 0 for one that leads back to its own person."""
    sources, indices = asked.layer.sources(), asked.layer.indices
    if isinstance(p, str):
        checks.word("p", p, ("weighted",))
        chance = 1.0 / asked.layer.degrees("in")[indices]
    elif np.ndim(p) == 0:
        chance = np.full(indices.size, checks.number("p", p, 0.0, 1.0))
    else:
        chance = np.array(p, dtype=np.float64)
        if chance.shape != indices.shape:
            raise KoubeiError(
                "p", "not one value an arc", got=f"shape {chance.shape}", allowed=str(indices.shape)
            )
        wrong = ~((chance >= 0.0) & (chance <= 1.0))
        if wrong.any():
            raise KoubeiError("p", "out of range", got=float(chance[wrong][0]), allowed="0..1")
    return np.where(sources == indices, 0.0, chance)

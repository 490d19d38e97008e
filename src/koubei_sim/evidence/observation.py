"""`observe`: a simulated world as a survey or a log would show it, and real data degraded further.

What is known of a real diffusion is less than what happened: ties that nobody named, people who
were not asked, dates recalled wrongly, traits measured with error, a window.  Each loss is drawn by
person or by tie, so one more person, or one loss more, changes nothing else.
Called by people and by `bench`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from koubei_sim.cascades import CascadeResult, checks
from koubei_sim.core import draws
from koubei_sim.core.codes import DRAW_SEEN
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.diffusion import NEVER, Diffusion
from koubei_sim.evidence.kernels.seen import pairs_drawn
from koubei_sim.networks import Layer, Network, TemporalNetwork, as_network
from koubei_sim.runs.fork import Fork
from koubei_sim.runs.options import RunOptions
from koubei_sim.runs.result import Result

PEOPLE, RECALL, TRAIT, WORD, TIES = 0, 1, 2, 3, 16  # the tick of an address
#: Columns of `Result.people` that are no traits.
NO_TRAITS: Final = ("channels",)


@dataclass(frozen=True)
class Noisy:
    """How well a trait is measured; made by `noisy`."""

    share: float


def noisy(share: float) -> Noisy:
    """Say how well a trait is measured.

    Parameters
    ----------
    share : float
        Of numbers: correlation of what is seen with the truth, 0 .. 1 (mean and standard deviation
        stay).  Of words: share of right answers; the others are drawn among the other words.

    Examples
    --------
    >>> noisy(0.75)
    Noisy(share=0.75)
    """
    return Noisy(checks.number("noisy", share, 0.0, 1.0))


def observe(
    source: Any,
    *,
    network: Any = None,
    people: Any = 1.0,
    ties: float = 1.0,
    recall: float = 0.0,
    until: int | None = None,
    since: int | None = None,
    attributes: Any = None,
    groups: Any = None,
    replicate: int = 0,
    period: float = 1.0,
    rng: Any = None,
) -> Diffusion:
    """Look at a diffusion as a survey or a log would.

    Parameters
    ----------
    source : Result, Fork, CascadeResult or Diffusion
        What `kb.run` gave back (who became a user when, on the networks of the channels, a layer
        each), a cascade with ``record=["times"]``, or a record, real or simulated.
    network : Network or a graph of another library, optional
        Who hears whom: needed for cascades, and for results with networks of one's own.
    people : float, or list of people
        The chance that a person is seen at all, 0 .. 1; or who is.  Of the others neither
        adoptions nor ties are known.
    ties : float
        The chance that a tie is seen, 0 .. 1.  A mutual tie is seen or not as a whole; of contacts
        with time stamps, all of a pair.
    recall : float
        Standard deviation, in periods, of the error of a date: a rounded normal number is added.
        No date falls before the start or after the end of the record; seeds keep theirs.
    until, since : int, optional
        The last and the first period of the window.  Who adopted later has not adopted yet; who
        adopted before is active from the start.  A cascade is watched to its `horizon`; without one
        it died out by itself, and may be watched for longer.
    attributes : list of names, or mapping of name to `noisy` or None, optional
        Which traits are seen, and how; all of them, as they are, unless given.
    groups : (n,) array, values keyed by people, or name of a trait, optional
        Villages, cities, ...; those of a record stay unless given.
    replicate : int
        Which replicate of a result or cascade; of a record: the number that the draws go by.
    period : float
        Length of a period in ticks, units of time, or periods of the record.
    rng
        Source of the key.  Without losses nothing is drawn.

    Returns
    -------
    Diffusion

    Raises
    ------
    KoubeiError
        In one line: what holds no dates, people or traits that there are not, a share above 1.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> ring = kb.networks.watts_strogatz(200, 6, 0.1, key=1)
    >>> rule = kb.Bass(0.02, 0.3, dt=1.0)
    >>> played = kb.cascade(ring, rule, [], replicates=1, rng=7, record=["times"], horizon=20)
    >>> d = kb.observe(played, network=ring)
    >>> int(d.adopted.sum()) == int(played.sizes[0])
    True
    >>> half = kb.observe(d, ties=0.5, rng=7)
    >>> 0.4 < half.network.n_arcs / d.network.n_arcs < 0.6
    True
    """
    number = checks.whole("replicate", replicate)
    width = checks.positive("period", period)
    some = _share_or_people(people)
    chance = checks.number("ties", ties, 0.0, 1.0)
    spread = checks.number("recall", recall, 0.0, 1e6)
    losing = not isinstance(some, float) or some < 1.0 or chance < 1.0 or spread > 0.0
    noise = _seen_how(attributes)
    key = checks.key(rng) if losing or rng is not None or any(_is_noisy(noise)) else 0
    d = _record(source, network, number, width, until)
    if isinstance(groups, str):
        checks.word("groups", groups, sorted(d.covariates))
        groups = d.covariates[groups]
    changed: dict[str, Any] = {} if groups is None else {"groups": groups}
    if noise is not None:
        changed["covariates"] = _traits(d, noise, key, number)
    if chance < 1.0:
        changed["network"] = _fewer_ties(d.network, chance, key, number)
    if spread > 0.0:
        changed["times"] = _recalled(d, spread, key, number)
    if until is not None or since is not None:
        changed |= _window(d, until, since)
    if changed:
        d = d.replace(**changed)
    if isinstance(some, float):
        if some == 1.0:
            return d
        seen = draws.units_drawn(d.n, key, DRAW_SEEN, number, PEOPLE) < some
    else:
        seen = np.zeros(d.n, bool)
        seen[checks.rows_of("people", some, d.n, d.network.labels)] = True
    if not seen.any():
        raise KoubeiError("people", "nobody is seen", got=people, fix="a larger share")
    return d.people(seen)


def _share_or_people(people: Any) -> Any:
    if np.ndim(people) == 0 and not isinstance(people, (set, frozenset, Mapping)):
        return checks.number("people", people, 0.0, 1.0)
    return people


def _seen_how(attributes: Any) -> dict[str, Noisy | None] | None:
    if attributes is None:
        return None
    if isinstance(attributes, str) or not isinstance(attributes, Iterable):
        raise KoubeiError("attributes", "not names of traits", got=repr(attributes),
                          allowed="a list, or a mapping of name to noisy")  # fmt: skip
    found = dict(attributes) if isinstance(attributes, Mapping) else dict.fromkeys(attributes)
    for name, how in found.items():
        if how is not None and not isinstance(how, Noisy):
            raise KoubeiError(f"attributes.{name}", "not how it is measured", got=repr(how),
                              allowed="noisy(share) or None")  # fmt: skip
    return found


def _is_noisy(noise: dict[str, Noisy | None] | None) -> list[bool]:
    return [] if noise is None else [how is not None and how.share < 1.0 for how in noise.values()]


# From worlds to records -------------------------------------------------------------------------


def _record(source: Any, network: Any, replicate: int, period: float, until: Any) -> Diffusion:
    if isinstance(source, (Result, Fork)):
        return _of_result(source, network, replicate, period)
    if isinstance(source, CascadeResult):
        return _of_cascade(source, network, replicate, period, until)
    if not isinstance(source, Diffusion):
        raise KoubeiError("source", "no diffusion", got=type(source).__name__,
                          allowed="a Result, a CascadeResult or a Diffusion")  # fmt: skip
    if network is not None:
        raise KoubeiError("network", "a record has its own", fix="d.replace(network=network)")
    if period == 1.0:
        return source
    if isinstance(source.network, TemporalNetwork):
        raise KoubeiError("period", "contacts have their times", got=period, allowed="1")
    # Periods are joined from the start on, so that the first is as long as the others.
    first = int(np.ceil(source.start / period))
    times = source._given()
    own = source.adopted & (source.at >= 0)
    times[own] = source.at[own] // period + first
    times[source.at == -1] = first - 1
    return source.replace(
        times=times, start=first,
        until=(source.until // period).astype(np.int64) + first,
        entered=(source.entered // period).astype(np.int64) + first,
    )  # fmt: skip


def _of_result(source: Result | Fork, network: Any, replicate: int, period: float) -> Diffusion:
    count = len(source.histories)
    if replicate >= count:
        raise KoubeiError("replicate", "no such replicate", got=replicate,
                          allowed=f"0..{count - 1}")  # fmt: skip
    result = source if isinstance(source, Result) else Result(
        source.scenario, source.key, "compiled", source.histories, who=source.who
    )  # fmt: skip
    log = result.events_of(replicate)
    log = log[log.kind == "adopt"].drop_duplicates("agent")
    people = result.people.drop(columns=list(NO_TRAITS), errors="ignore")
    n = len(people)
    who = log.agent.to_numpy()
    times = np.full(n, np.nan)
    times[who] = np.floor(log.tick.to_numpy() / period)
    kinds = None
    if len(result.scenario.products) > 1:
        kinds = np.full(n, None, object)
        kinds[who] = log["product"].astype(str)
    graph = _channels(result, replicate) if network is None else _graph(network, n)
    known = people.columns[people.notna().all()]
    return Diffusion(
        graph, times, int((result.scenario.ticks - 1) // period), start=0, kinds=kinds,
        covariates={name: people[name].to_numpy() for name in known},
    )  # fmt: skip


def _channels(result: Result, replicate: int) -> Network:
    """Return the graphs of the channels of a replicate, drawn again, a layer each."""
    if result.supplied:
        raise KoubeiError("network", "the run had networks or people of one's own",
                          fix="network=network")  # fmt: skip
    parts = RunOptions(result.key).simulation(result.scenario).parts(replicate)
    layers = []
    for name, start, reached in zip(
        result.scenario.channels, parts.graphs.indptr, parts.graphs.indices, strict=False
    ):
        if start.size > 1:
            layer = Layer(name, start, reached)
            layers.append(replace(layer, directed=not _mutual(layer)))
    if not layers:
        raise KoubeiError("network", "no channel has a graph", fix="network=network")
    return Network(tuple(layers), result.labels)


def _mutual(layer: Layer) -> bool:
    """Whether each arc has its counterpart, as among friends."""
    source, target = layer.sources().astype(np.int64), layer.indices.astype(np.int64)
    n = layer.n_nodes
    return bool(np.array_equal(source * n + target, np.sort(target * n + source)))


def _graph(network: Any, n: int) -> Any:
    graph = network if isinstance(network, (Network, TemporalNetwork)) else as_network(network)
    if graph.n_nodes != n:
        raise KoubeiError("network", "other people", got=graph.n_nodes, allowed=str(n))
    return graph


def _of_cascade(
    source: CascadeResult, network: Any, replicate: int, period: float, until: Any
) -> Diffusion:
    if network is None:
        raise KoubeiError("network", "a cascade does not keep it", fix="network=network")
    times = source.outcome.times
    if times is None:
        raise KoubeiError("source", "a cascade without times", fix='record=["times"]')
    row = np.flatnonzero(source.outcome.replicates == replicate)
    if not row.size:
        raise KoubeiError("replicate", "no such replicate", got=replicate,
                          allowed=f"one of {source.outcome.replicates.size}")  # fmt: skip
    # Times are single precision: what lies a rounding above the end of a period belongs to it.
    place = _ends_of(times[row[0]].astype(np.float64) / period)
    last = max(int(np.nanmax(np.append(place, source.outcome.time[-1] / period))), 1)
    if source.horizon is None:
        # It died out by itself: nothing happens later.  Of contacts nobody knows later ones.
        if until is not None and not isinstance(network, TemporalNetwork):
            last = max(last, checks.whole("until", until, 1, 100_000))
    elif np.isfinite(source.horizon):
        last = max(last, int(_ends_of(np.array([source.horizon / period]))[0]))
    return Diffusion(_graph(network, source.n), place, last, start=1)


def _ends_of(found: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.ceil(found - 1e-6 * np.maximum(found, 1.0))


# Losses -----------------------------------------------------------------------------------------


def _fewer_ties(network: Any, chance: float, key: int, replicate: int) -> Any:
    if isinstance(network, TemporalNetwork):
        kept = _kept(network.source, network.target, network.directed, chance, key, replicate, TIES)
        weights = None if network.weights is None else network.weights[kept]
        return replace(network, source=network.source[kept], target=network.target[kept],
                       time=network.time[kept], weights=weights)  # fmt: skip
    layers = []
    for number, layer in enumerate(network.layers):
        source = layer.sources()
        kept = _kept(source, layer.indices, layer.directed, chance, key, replicate, TIES + number)
        starts = np.concatenate([[0], np.cumsum(kept)])[layer.indptr]
        weights = None if layer.weights is None else layer.weights[kept]
        layers.append(replace(layer, indptr=starts, indices=layer.indices[kept], weights=weights))
    return replace(network, layers=tuple(layers))


def _kept(
    source: NDArray[Any], target: NDArray[Any], directed: bool, chance: float, key: int,
    replicate: int, tick: int,
) -> NDArray[np.bool_]:  # fmt: skip
    one, other = source.astype(np.int64), target.astype(np.int64)
    if not directed:
        one, other = np.minimum(one, other), np.maximum(one, other)
    bits = np.empty(one.size, np.uint64)
    pairs_drawn(np.uint64(key), replicate, DRAW_SEEN, tick, one, other, bits)
    return (bits >> np.uint64(32)) < np.uint64(round(chance * 2.0**32))


def _recalled(d: Diffusion, spread: float, key: int, replicate: int) -> NDArray[np.float64]:
    shift = np.floor(spread * _normal(d.n, key, replicate, RECALL, 0) + 0.5)
    times = d._given()
    own = (d.at >= 0) & (d.at != NEVER) & ~d.seeded
    moved = np.clip(times + shift, d.start + d.entered, d.start + d.until)
    return np.where(own, moved, times)


def _normal(n: int, key: int, replicate: int, tick: int, j: int) -> NDArray[np.float64]:
    # Rounded, so that the last digit of a table of the normal law does not matter.
    return np.round(special.ndtri(draws.units_drawn(n, key, DRAW_SEEN, replicate, tick, j)), 9)


def _traits(
    d: Diffusion, noise: Mapping[str, Noisy | None], key: int, replicate: int
) -> dict[str, NDArray[Any]]:
    found = {}
    for name, how in noise.items():
        if name not in d.covariates:
            raise KoubeiError("attributes", "the record has no such trait", got=repr(name),
                              allowed=", ".join(d.covariates) or "none")  # fmt: skip
        column = d.covariates[name]
        if how is None or how.share == 1.0:
            found[name] = column
            continue
        own = zlib.crc32(name.encode())
        if column.dtype.kind == "f":
            found[name] = _blurred(column, how.share, _normal(d.n, key, replicate, TRAIT, own))
        else:
            luck = draws.units_drawn(d.n, key, DRAW_SEEN, replicate, TRAIT, own)
            other = draws.units_drawn(d.n, key, DRAW_SEEN, replicate, WORD, own)
            found[name] = _mistaken(column, luck >= how.share, other)
    return found


def _blurred(
    column: NDArray[np.float64], share: float, noise: NDArray[np.float64]
) -> NDArray[np.float64]:
    middle, spread = column.mean(), column.std()
    truth = (column - middle) / (spread if spread > 0.0 else 1.0)
    return np.asarray(middle + spread * (share * truth + np.sqrt(1.0 - share * share) * noise))


def _mistaken(
    column: NDArray[Any], wrong: NDArray[np.bool_], luck: NDArray[np.float64]
) -> NDArray[Any]:
    words, code = np.unique(column, return_inverse=True)
    if words.size < 2:
        return column
    step = 1 + np.floor(luck * (words.size - 1)).astype(np.int64)
    return words[np.where(wrong, (code + step) % words.size, code)]


def _window(d: Diffusion, until: Any, since: Any) -> dict[str, Any]:
    first = d.start if since is None else checks.whole("since", since, d.start)
    last = d.start + d.periods - 1
    ends = last if until is None else checks.whole("until", until, first, last)
    if first > ends:
        raise KoubeiError("since", "after the last period", got=first, allowed=f"{ends} or less")
    return {"start": first, "until": np.minimum(d.until + d.start, ends)}

"""Controls of contagion: the same record with what ties say destroyed.

*rewired*: ties swapped, so that everybody keeps how many they named and by how many they were
named, all within groups: who has ties to whom no longer counts.  *contacts*: only how many each
named is kept; whom is drawn from the same group.  *times shuffled*: among the adopters of a group
the times are dealt anew (Anagnostopoulos, Kumar and Mahdian 2008): whom one is tied to is kept,
who came first is lost.  What of an estimate is left in a control is not contagion.
Called by `judge`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core import draws
from koubei_sim.core.codes import DRAW_CONTROLS
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.design import Model, exposures, model_of, rows_of
from koubei_sim.evidence.diffusion import NEVER, Diffusion
from koubei_sim.evidence.fading import sought, with_fading
from koubei_sim.evidence.hazard import Hazard, fitted
from koubei_sim.evidence.kernels.rewiring import others_met, swapped
from koubei_sim.evidence.likelihood import Rows
from koubei_sim.evidence.worlds import as_record
from koubei_sim.networks import Network
from koubei_sim.networks.layer import Layer

CONTROLS: Final = ("rewired", "times shuffled", "contacts")
SWAPS: Final = 10  # proposals a tie
REWIRED, MET, SHUFFLED = 0, 1, 2


class Controlled(NamedTuple):
    """A statistic of the record beside what it is in the draws of a control.

    Parameters
    ----------
    value, gain : float
        Coefficient of the ties and what they add to the log-likelihood.  The coefficient is NaN
        where there are several terms, and where their fading is estimated: it is another measure
        for each fading.
    values, gains : (m,) float64 arrays
        The same in the draws.
    """

    value: float
    gain: float
    values: NDArray[np.float64]
    gains: NDArray[np.float64]

    @property
    def p(self) -> float:
        """``(1 + #{draws at least as large}) / (1 + m)`` of the coefficient, else of the gain."""
        seen, drawn = (self.value, self.values) if np.isfinite(self.value) else (
            self.gain, self.gains)  # fmt: skip
        if not np.isfinite(seen):
            return np.nan
        # A hair of rounding must not make equal draws smaller.
        many = int((drawn >= seen - 1e-9 * max(1.0, abs(seen))).sum())
        return (1 + many) / (1 + drawn.size)

    @property
    def left(self) -> float:
        """Mean of the coefficient in the draws, as a share of that in the record."""
        return float(self.values.mean()) / self.value if self.value > 0.0 else np.nan


def drawn(d: Diffusion, control: str, key: int, number: int) -> Diffusion:
    """Return the record as it is in one draw of a control.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> d = kb.Diffusion(kb.Network.from_edges([0, 1, 2], [1, 2, 3]), [0, 2, 1, None], until=3)
    >>> sorted(drawn(d, "times shuffled", 7, 0).times.tolist())[:3]
    [0.0, 1.0, 2.0]
    """
    if control == "times shuffled":
        return as_record(d, shuffled(d, key, number))
    if not isinstance(d.network, Network):
        raise KoubeiError("controls", "not of contacts with times", got=control,
                          fix="controls='times shuffled'")  # fmt: skip
    other = object.__new__(type(d))
    other.__dict__.update(d.__dict__)
    other.network = rewired(d.network, d.group, key, number, keep_named=control == "rewired")
    return other


def shuffled(d: Diffusion, key: int, number: int) -> NDArray[np.int64]:
    """Return times dealt anew among the adopters of each group who were watched alike."""
    who = np.flatnonzero((d.at >= 0) & (d.at != NEVER) & ~d.seeded)
    _, alike = np.unique(
        np.stack([d.group[who], d.entered[who], d.until[who]]), axis=1, return_inverse=True
    )
    luck = draws.drawn(d.n, key, DRAW_CONTROLS, number, SHUFFLED)[who]
    at = d.at.copy()
    at[who[np.argsort(alike, kind="stable")]] = d.at[who[np.lexsort((luck, alike))]]
    return at


def rewired(
    network: Network, group: NDArray[np.int64], key: int, number: int, *, keep_named: bool
) -> Network:
    """Return the network with its ties drawn anew within pairs of groups, layer by layer."""
    layers = []
    for place, layer in enumerate(network.layers):
        # Seen from the listener: row i of the transpose holds those whom i listens to.
        own, tip, indptr, weights = _listeners(layer)
        tick = REWIRED if keep_named else MET
        base = np.uint64(draws.stream(np.uint64(key), number, DRAW_CONTROLS, tick, place))
        if keep_named:
            twin = np.empty(0, np.int64) if layer.directed else _twins(own, tip, layer.n_nodes)
            block = group[own] * (int(group.max()) + 1) + group[tip]
            order = np.argsort(block, kind="stable")
            _, first, count = np.unique(block[order], return_index=True, return_counts=True)
            code = np.searchsorted(block[order][first], block)
            pool = np.stack([first[code], count[code], np.arange(tip.size)]).astype(np.int64)
            if tip.size:
                swapped(base, SWAPS * tip.size, indptr, own, tip, twin, order, pool)
            weights = None if weights is None else weights[pool[2]]
        else:
            members = np.argsort(group, kind="stable")
            starts = np.searchsorted(group[members], np.arange(int(group.max()) + 2))
            others_met(base, indptr, own, tip, group, members, starts)
        layers.append(_layer(layer, own, tip, weights, layer.directed or not keep_named))
    return replace(network, layers=tuple(layers))


def _listeners(layer: Layer) -> Any:
    source = np.repeat(np.arange(layer.n_nodes), np.diff(layer.indptr))
    order = np.argsort(layer.indices, kind="stable")
    own = layer.indices[order].astype(np.int64)
    indptr = np.searchsorted(own, np.arange(layer.n_nodes + 1)).astype(np.int64)
    weights = None if layer.weights is None else layer.weights[order]
    return own, source[order].astype(np.int64), indptr, weights


def _twins(own: NDArray[np.int64], tip: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return the place of the same tie seen from the other end."""
    forward, back = own * n + tip, tip * n + own
    order = np.argsort(forward, kind="stable")
    return np.asarray(order[np.searchsorted(forward[order], back)])


def _layer(layer: Layer, own: Any, tip: Any, weights: Any, directed: bool) -> Layer:
    order = np.lexsort((own, tip))
    indptr = np.searchsorted(tip[order], np.arange(layer.n_nodes + 1))
    return Layer(layer.name, indptr, own[order].astype(np.int32),
                 None if weights is None else weights[order], directed)  # fmt: skip


# A formula under controls -----------------------------------------------------------------------


def without_ties(model: Model) -> str | None:
    """Return the formula without its ties; None where nothing that makes adopt is left."""
    left = [term for term in model.terms if term.name != "ties"]
    pushes = [term for term in left if term.name in ("calendar", "constant", "crowd", "wave")]
    return " + ".join(map(str, left)) if pushes else None


def controlled(fit: Hazard, control: str, key: int, number: int) -> Controlled:
    """Return what ties are worth in a record, and in so many draws of a control.

    A fading that was estimated is sought again in each draw: what ties add would else be the best
    of many fadings in the record, and that of one in the draws.
    """
    d = fit.record
    assert d is not None
    model, place = fit.model, fit.faded
    ties = [k for k, term in enumerate(model.push_terms) if term.name == "ties"]
    plain = without_ties(model)
    small = None if plain is None else model_of(d, plain, model.kind)
    # The fading of another push (a wave) is sought in the formula without ties too.
    rest = None
    if place is not None and small is not None and model.terms[place] in small.terms:
        rest = small.terms.index(model.terms[place])
    base = None if small is None else _best(fit, small, rest, lambda m: rows_of(m, d), None)
    base_now = base
    single = len(ties) == 1
    if place is not None and model.terms[place].name == "ties" and small is not None:
        single = False
    value = float(fit.values[model.bins + ties[0]]) if single else np.nan
    values, gains = np.full(number, np.nan), np.full(number, np.nan)
    for m in range(number):
        other = drawn(d, control, key, m)
        lay = _layout(fit, other, ties, control)
        if control == "times shuffled" and small is not None:
            base_now = _best(fit, small, rest, lay, base)
        now = _best(fit, model, place, lay, fit)
        if single:
            values[m] = now.values[model.bins + ties[0]]
        if base_now is not None:
            gains[m] = now.posterior - base_now.posterior
    gain = np.nan if base is None else fit.posterior - base.posterior
    return Controlled(value, gain, values, gains)


Layout = Callable[[Model], tuple[Rows, Any]]


def _layout(fit: Hazard, other: Diffusion, ties: list[int], control: str) -> Layout:
    """Return how a model is laid on a draw: where only ties are other, all else is kept."""
    if control == "times shuffled":
        return lambda model: rows_of(model, other)
    return lambda model: (_with_ties(fit, model, other, ties), fit.risk)


def _with_ties(fit: Hazard, model: Model, other: Diffusion, ties: list[int]) -> Rows:
    """Return the rows of a fit with exposures to other ties; all else, degrees too, is kept."""
    pushes = fit.rows.pushes.copy()
    some = ties if fit.faded is None else list(range(len(model.push_terms)))
    terms = tuple(model.push_terms[k] for k in some)
    felt = exposures(replace(model, push_terms=terms), other)
    pushes[:, some] = felt[fit.risk.person, fit.risk.period]
    return fit.rows._replace(pushes=pushes)


def _best(fit: Hazard, model: Model, place: int | None, lay: Layout, near: Hazard | None) -> Hazard:
    """Return a fit, of the best fading where one is to be estimated."""
    d = fit.record
    if place is None or d is None:
        return _fit(fit, model, *lay(model), near)

    def of(fading: float) -> Hazard:
        other = model_of(d, with_fading(model, place, fading), model.kind)
        return _fit(fit, other, *lay(other), near)

    return sought(of)


def _fit(fit: Hazard, model: Model, rows: Rows, risk: Any, near: Hazard | None) -> Hazard:
    start = None if near is None else _inside(near, model)
    return fitted(model, rows, risk, fit.link, fit.priors, fit.record, start)


def _inside(near: Hazard, model: Model) -> NDArray[np.float64]:
    """Return where to begin: the values of a fit, weights a little above 0."""
    start = near.values[: len(model.names)].copy()  # the spread of random effects starts anew
    if near.link == "additive":
        first = model.bins
        weights = start[first : first + len(model.push_terms)]
        start[first : first + len(model.push_terms)] = np.maximum(weights, 1e-4)
    return start

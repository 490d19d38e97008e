"""Competing cascades, and negative word of mouth: what convinces decides what one becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs, per_arc, per_contact, split_brands, thresholds
from koubei_sim.cascades.kernels.competing import (
    NEGATIVE,
    PRIORITY,
    RANDOM,
    CompetingRule,
    competing_batch,
    competing_scratch,
)
from koubei_sim.cascades.kernels.contacts import (
    ContactsCompetingRule,
    contacts_competing_batch,
    contacts_scratch,
)
from koubei_sim.cascades.rules.base import (
    Prepared,
    Rule,
    block,
    contacts_of,
    last_step,
    last_time,
    rows_of,
)
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import TemporalNetwork

_MODES = {"random": RANDOM, "priority": PRIORITY}
_SIGNS = ("positive", "negative")


@dataclass(frozen=True, eq=False, repr=False)
class CompetingCascades(Rule):
    """Competing cascades: brands spread side by side, and a person takes the first that convinces.

    Parameters
    ----------
    p : mapping of brand to probability, or probability
        As `p` of `IndependentCascade` (without kinds), for each brand or for all.
    brands : sequence of str, optional
        Names of the brands, at most 8, where `p` is no mapping.
    tie : {"random", "priority"}
        Who wins where several brands convince in one step: one of the convincing arcs at random,
        or the brand that is named first.

    Notes
    -----
    Source: Bharathi, Kempe and Salek 2007; Carnes et al. 2007.
    """

    command: ClassVar[str] = "competing"
    sequences: ClassVar[tuple[str, ...]] = ("brands",)

    p: Any = 0.1
    brands: tuple[str, ...] = ("a", "b")
    tie: Literal["random", "priority"] = "random"

    @property
    def per_replicate(self) -> tuple[str, ...]:
        """What may be one number a replicate."""
        return ("p",)

    def __post_init__(self) -> None:
        """Check brands and probabilities."""
        brands = tuple(self.brands)
        if isinstance(self.p, Mapping):
            brands = tuple(str(name) for name in self.p)
            value: Any = {
                name: checks.probability(f"p[{name}]", one, checks.WORDS)
                for name, one in zip(brands, self.p.values(), strict=True)
            }
        else:
            value = checks.probability("p", self.p, checks.WORDS)
        if not 1 <= len(brands) <= 8 or len(set(brands)) != len(brands):
            raise KoubeiError("brands", "wrong names", got=brands, allowed="1 to 8 different names")
        object.__setattr__(self, "p", value)
        object.__setattr__(self, "brands", brands)
        checks.word("tie", self.tie, ("random", "priority"))

    def _values(self) -> dict[str, Any]:
        """What `p` is for each brand, by the name of the argument."""
        each = isinstance(self.p, Mapping) and set(self.p) == set(self.brands)
        return {f"p[{name}]": self.p[name] if each else self.p for name in self.brands}

    def on_arcs(self, arcs: Arcs, key: int, horizon: float | None) -> Prepared:
        """Step by step, as the independent cascade, with a winner for each person."""
        return _on_arcs(arcs, self._values(), _MODES[self.tie], 0, self.brands, key, horizon)

    def on_contacts(self, network: TemporalNetwork, horizon: float | None) -> Prepared:
        """Contact by contact, with a winner for each person and moment."""
        return meeting_brands(network, self._values(), _MODES[self.tie], 0, self.brands, horizon)


@dataclass(frozen=True, eq=False, repr=False)
class NegativeCascade(Rule):
    """Independent cascade with negative word of mouth (IC-N).

    Parameters
    ----------
    p : as in `IndependentCascade`
    quality : float
        Probability that a person convinced by good word, or a seed, is pleased, 0..1.  One who
        is not speaks badly, and whoever hears it first speaks badly too.

    Notes
    -----
    Source: Chen et al. 2011, *Influence maximization in social networks when negative opinions may
    emerge and propagate*.
    """

    command: ClassVar[str] = "negative"

    p: Any = 0.1
    quality: float = 0.9

    @property
    def per_replicate(self) -> tuple[str, ...]:
        """What may be one number a replicate."""
        return ("p", "quality")

    def __post_init__(self) -> None:
        """Check the probabilities."""
        object.__setattr__(self, "p", checks.probability("p", self.p, checks.WORDS))
        object.__setattr__(self, "quality", checks.number("quality", self.quality, 0.0, 1.0))

    def on_arcs(self, arcs: Arcs, key: int, horizon: float | None) -> Prepared:
        """Good word and bad word are two brands, and who convinces decides which."""
        quality = int(thresholds("quality", self.quality))
        return _on_arcs(arcs, {"p": self.p}, NEGATIVE, quality, _SIGNS, key, horizon)

    def on_contacts(self, network: TemporalNetwork, horizon: float | None) -> Prepared:
        """The same, contact by contact."""
        quality = int(thresholds("quality", self.quality))
        return meeting_brands(network, {"p": self.p}, NEGATIVE, quality, _SIGNS, horizon)


def _on_arcs(
    arcs: Arcs,
    values: Mapping[str, Any],
    mode: int,
    quality: int,
    names: tuple[str, ...],
    key: int,
    horizon: float | None,
) -> Prepared:
    """Brands on the arcs of a network; `values` is `p` of each by the name of the argument."""
    each = [thresholds(name, per_arc(name, p, arcs, key)) for name, p in values.items()]
    rule = CompetingRule(*split_brands(each, arcs.count), mode, quality, last_step(horizon))
    return Prepared(
        batch=competing_batch,
        rows=rows_of(arcs),
        rule=block(rule),
        scratch=lambda want, room: competing_scratch(arcs.n),
        method="brands",
        keeps=("kind", "visited"),
        kind_names=names,
    )


def meeting_brands(
    network: TemporalNetwork,
    values: Mapping[str, Any],
    mode: int,
    quality: int,
    names: tuple[str, ...],
    horizon: float | None,
) -> Prepared:
    """Brands on contacts; one alone is an independent cascade."""
    each = [per_contact(name, p, network) for name, p in values.items()]
    top, rest, tops, rests = split_brands(each, network.n_contacts)
    bounds = tops.max(axis=0) if tops.size else np.empty(0, np.uint8)
    rule = ContactsCompetingRule(
        top, rest, tops, rests, int(top.max()), bounds, mode, quality, last_time(horizon)
    )
    return Prepared(
        batch=contacts_competing_batch,
        rule=block(rule),
        scratch=lambda want, room: contacts_scratch(network.n_nodes, room),
        keeps=("kind", "visited"),
        kind_names=names,
        **contacts_of(network),
    )

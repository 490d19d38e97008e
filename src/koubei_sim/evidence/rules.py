"""A fitted hazard as a rule of cascades: `rule_of`.

What `Bass` by ticks can express: a calendar, the share of ties that had adopted, traits.  The rest
(crowds, waves, fadings, links) only `Hazard.simulate` plays.  Called by `Hazard.to_rule`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import Bass
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.design import Model
from koubei_sim.evidence.diffusion import Diffusion
from koubei_sim.evidence.terms import Term
from koubei_sim.networks import TemporalNetwork


def rule_of(model: Model, values: NDArray[np.float64], link: str, d: Diffusion) -> Bass:
    """Return the rule whose ticks are the periods of the record.

    Raises
    ------
    KoubeiError
        What `Bass` cannot express, in one line.
    """
    if link != "additive":
        raise _beyond("an additive hazard", f"link={link}")
    for term in model.push_terms:
        if not _plain(term):
            raise _beyond("ties(share)", str(term))
    if len(model.push_terms) > 1:
        raise _beyond("one push of ties", " + ".join(map(str, model.push_terms)))
    if isinstance(d.network, TemporalNetwork):
        raise _beyond("a network without times", "contacts")
    if model.kind is not None:
        raise _beyond("one product", str(model.kind))
    open_ = ~d.seeded
    if (d.entered[open_] > 0).any():
        raise _beyond("people who can adopt from the start", "late entries")
    if (d.seeded & (d.at != -1)).any():
        raise _beyond("seeds that are active from the start", "seeds with a time of their own")
    pushes = len(model.push_terms)
    factor = np.exp(model.traits(d) @ values[model.bins + pushes :])
    same = not model.trait_terms
    q = float(values[model.bins]) if pushes else 0.0
    own: Any = 1.0 if same else factor
    periods = np.arange(d.periods)
    base = values[model.bin_of(d, periods)] if model.bins else np.zeros(d.periods)
    return Bass(own, q if same else q * factor, dt=1.0, schedule=base)


def _plain(term: Term) -> bool:
    options = dict(term.options)
    usual = {"lag": 1, "fading": 1.0, "side": "named", "weighted": "no"}
    return (
        term.name == "ties"
        and term.word in (None, "share")
        and all(name in usual and value == usual[name] for name, value in options.items())
    )


def _beyond(allowed: str, got: str) -> KoubeiError:
    return KoubeiError(
        "rule", "more than Bass can express", got=got, allowed=allowed, fix="fit.simulate(d)"
    )

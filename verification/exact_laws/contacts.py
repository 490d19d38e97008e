"""The exact law of a cascade over contacts with time stamps.

Each contact (time, u, v) is one try of u to win v.  Contacts of one stamp are tried together
against the state before them, so who is won acts in later stamps only; seeds act from the first.
Called by the tests of the kernels of temporal networks.

References
----------
Holme, P. and Saramaki, J. (2012), Temporal networks, Physics Reports 519, 97-125 (who can be
reached along contacts that follow each other in time).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from koubei_sim.checks import number, whole
from koubei_sim.errors import KoubeiError
from verification.exact_laws.cascades import ONE
from verification.exact_laws.chains import (
    MOST_WORDS,
    StateLaw,
    few_people,
    ids,
    on_arcs,
    people_of,
)


def _contacts(given: Any) -> list[tuple[float, int, int]]:
    """Return contacts as Python's numbers."""
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise KoubeiError("contacts", "not a list", got=repr(given), fix="[(0.0, 0, 1)]")
    found = []
    for contact in given:
        if isinstance(contact, str) or np.shape(contact) != (3,):
            raise KoubeiError(
                "contacts", "not a contact", got=repr(contact), allowed="(time, teller, listener)"
            )
        ends = [whole("contacts", person) for person in contact[1:]]
        found.append((number("contacts", contact[0]), ends[0], ends[1]))
    return found


def contact_law(
    n: int,
    contacts: Sequence[tuple[float, int, int]],
    p: ArrayLike,
    seeds: Sequence[int],
) -> StateLaw:
    """Return the law of who has been won after every time stamp.

    An inactive person stays so in a stamp with probability ``prod (1 - p_c)`` over its contacts c
    with people active before the stamp.

    Parameters
    ----------
    n : int
        People, up to 14.
    contacts : sequence of (time, teller, listener)
        In any order, finite times; a meeting that works both ways is two contacts.
    p : float or (contacts,) array
        Probability of each contact, in [0, 1], in the order given.
    seeds : sequence of int
        Active before the first contact.

    Returns
    -------
    StateLaw
        Letters "inactive" and "active"; times: the different stamps in order; row s: after the
        contacts of stamp s.

    Raises
    ------
    KoubeiError
        No contacts, ids, times or probabilities out of range, or too many people.

    Examples
    --------
    >>> found = contact_law(3, [(5.0, 1, 2), (1.0, 0, 1), (1.0, 1, 2)], 0.5, [0])
    >>> found.times.tolist(), found.mean("active").tolist()
    ([1.0, 5.0], [1.5, 1.75])
    """
    n, seeds, contacts = few_people(n), ids("seeds", seeds), _contacts(contacts)
    people_of(n, seeds)
    chance = on_arcs("p", n, [(u, v) for _, u, v in contacts], p)
    times = np.array([time for time, _, _ in contacts], dtype=np.float64)
    if times.size == 0 or not np.isfinite(times).all():
        raise KoubeiError("contacts", "no contacts or no times", allowed="finite times")
    if 1 << n > MOST_WORDS:
        raise KoubeiError("n", "too many states", got=f"2**{n}", allowed=f"up to {MOST_WORDS}")
    stamps = np.unique(times)
    law = np.zeros((stamps.size, 1 << n))
    now = np.zeros(1 << n)
    now[sum(1 << s for s in set(seeds))] = 1.0
    for row, stamp in enumerate(stamps):
        own = [(u, v, a) for (time, u, v), a in zip(contacts, chance) if time == stamp]
        then = np.zeros(1 << n)
        for state in np.flatnonzero(now):
            escape: dict[int, float] = {}
            for u, v, a in own:
                if state >> u & 1 and not state >> v & 1:
                    escape[v] = escape.get(v, 1.0) * (1.0 - a)
            for won in itertools.product((0, 1), repeat=len(escape)):
                weight, target = float(now[state]), int(state)
                for (v, stays), outcome in zip(escape.items(), won):
                    weight *= 1.0 - stays if outcome else stays
                    target |= outcome << v
                then[target] += weight
        now = then
        law[row] = now
    return StateLaw(ONE, n, stamps, law)

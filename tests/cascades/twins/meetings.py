"""Twins of the rules on contacts with time stamps (docs/cascades.md 4).

All contacts of one stamp are evaluated against the state before them.
"""

from __future__ import annotations

from tests.cascades.twins.arrivals import quotient
from tests.cascades.twins.graph import Activation, Contacts
from tests.cascades.twins.luck import Luck, units
from tests.cascades.twins.stepping import sign_of

from koubei_sim.core import codes


def start_of(contacts: Contacts) -> float:
    """The time of the seeds: that of the first contact (0 where there is none)."""
    return min(contacts.time, default=0.0)


def independent(
    contacts: Contacts, luck: Luck, seeds: dict[int, int], chance: list[int], horizon: float
) -> list[Activation]:
    """Independent cascade: each contact is one try."""
    return competing(contacts, luck, dict.fromkeys(seeds, 0), [chance], "random", horizon)


def competing(
    contacts: Contacts,
    luck: Luck,
    seeds: dict[int, int],
    chance: list[list[int]],
    tie: str,
    horizon: float,
) -> list[Activation]:
    """Competing cascades: each contact is one try for the brand of its source."""
    start = start_of(contacts)
    active = {person: Activation(start, person, -1, brand) for person, brand in seeds.items()}
    for time, stamp in contacts.moments():
        if time > horizon:
            break
        convincing: dict[int, list[int]] = {}
        for contact in stamp:
            u, v = contacts.source[contact], contacts.target[contact]
            acts = u in active and (u in seeds or active[u].time < time)
            if not acts or v in active:
                continue
            if luck.coin(contacts, contact) < chance[active[u].kind][contact]:
                convincing.setdefault(v, []).append(contact)
        for person, live in convincing.items():
            brands = {contact: active[contacts.source[contact]].kind for contact in live}
            if tie == "priority":
                live = [contact for contact in live if brands[contact] == min(brands.values())]
            first = luck.first_among_equals(live)
            active[person] = Activation(time, person, contacts.source[first], brands[first])
    return list(active.values())


def negative(
    contacts: Contacts,
    luck: Luck,
    seeds: dict[int, int],
    chance: list[int],
    quality: float,
    horizon: float,
) -> list[Activation]:
    """Negative word of mouth: the cascade of the independent cascade, with signs handed on."""
    sign: dict[int, int] = {}
    out = []
    # The seeds first: one who is convinced in the first contact has their time.
    events = independent(contacts, luck, seeds, chance, horizon)
    for event in sorted(events, key=lambda event: (event.parent >= 0, event.time)):
        spoilt = event.parent >= 0 and sign[event.parent] == 1
        sign[event.person] = 1 if spoilt else sign_of(luck, event.person, quality)
        out.append(event._replace(kind=sign[event.person]))
    return out


def infection(
    contacts: Contacts,
    luck: Luck,
    seeds: list[int],
    beta: list[float],
    gamma: float,
    constant: bool,
    again: bool,
    horizon: float,
) -> list[Activation]:
    """SIR, or SIS where people can be infected `again`; `beta` is the chance of one contact."""
    start = start_of(contacts)
    events: list[Activation] = []
    last: dict[int, Activation] = {}

    def infect(person: int, time: float, parent: int) -> None:
        n = last[person].kind + 1 if person in last else 0
        x = 1.0 if constant else luck.exponential(codes.DRAW_DURATION, n, 0, person)
        last[person] = Activation(time, person, parent, n, time + quotient(x, gamma))
        events.append(last[person])

    for person in seeds:
        infect(person, start, -1)
    for time, stamp in contacts.moments():
        if time > horizon:
            break
        reached: dict[int, list[int]] = {}
        for contact in stamp:
            u, v = contacts.source[contact], contacts.target[contact]
            acts = u in last and (last[u].parent < 0 or last[u].time < time)
            acts = acts and time <= last[u].until
            susceptible = v not in last or (again and time > last[v].until)
            if acts and susceptible and luck.coin(contacts, contact) < units(beta[contact]):
                reached.setdefault(v, []).append(contact)
        for person, used in reached.items():
            infect(person, time, contacts.source[luck.first_among_equals(used)])
    return events


def reinforcement(
    contacts: Contacts,
    luck: Luck,
    seeds: list[int],
    need: list[float],
    window: float | None,
    horizon: float,
) -> list[Activation]:
    """Reinforcement: the `need`-th contact with an active person convinces."""
    start = start_of(contacts)
    active = {person: Activation(start, person) for person in seeds}
    heard: dict[int, list[float]] = {}
    for time, stamp in contacts.moments():
        if time > horizon:
            break
        news: dict[int, list[int]] = {}
        for contact in stamp:
            u, v = contacts.source[contact], contacts.target[contact]
            if u in active and (u in seeds or active[u].time < time) and v not in active:
                news.setdefault(v, []).append(contact)
                heard.setdefault(v, []).append(time)
        for person, used in news.items():
            counted = [t for t in heard[person] if window is None or t > time - window]
            if len(counted) >= need[person]:
                parent = contacts.source[luck.first_among_equals(used)]
                active[person] = Activation(time, person, parent)
    return list(active.values())

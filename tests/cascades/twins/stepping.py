"""Twins of the rules in which who is new tries each of its arcs once, step by step.

Independent cascade, competing cascades and negative word of mouth (docs/cascades.md 2).
"""

from __future__ import annotations

from tests.cascades.twins.graph import Activation, Arcs
from tests.cascades.twins.luck import Luck, units

from koubei_sim.core import codes


def independent(
    arcs: Arcs, luck: Luck, seeds: list[int], chance: list[int], horizon: float
) -> list[Activation]:
    """Independent cascade; `chance` holds T(e) of each arc."""
    active = {person: Activation(0.0, person) for person in seeds}
    new, step = list(seeds), 0
    while new and step < horizon:
        step += 1
        convincing: dict[int, list[int]] = {}
        for person in new:
            for arc in arcs.out[person]:
                if arcs.target[arc] not in active and luck.coin(arcs, arc) < chance[arc]:
                    convincing.setdefault(arcs.target[arc], []).append(arc)
        for person, live in convincing.items():
            parent = arcs.source[luck.first_among_equals(live)]
            active[person] = Activation(float(step), person, parent)
        new = list(convincing)
    return list(active.values())


def competing(
    arcs: Arcs,
    luck: Luck,
    seeds: dict[int, int],
    chance: list[list[int]],
    tie: str,
    horizon: float,
) -> list[Activation]:
    """Competing cascades; `seeds` maps people to brands, ``chance[b][e]`` is T_b(e)."""
    active = {person: Activation(0.0, person, -1, brand) for person, brand in seeds.items()}
    new, step = list(seeds), 0
    while new and step < horizon:
        step += 1
        convincing: dict[int, list[int]] = {}
        for person in new:
            brand = active[person].kind
            for arc in arcs.out[person]:
                if arcs.target[arc] not in active and luck.coin(arcs, arc) < chance[brand][arc]:
                    convincing.setdefault(arcs.target[arc], []).append(arc)
        chosen = {}
        for person, live in convincing.items():
            brands = {arc: active[arcs.source[arc]].kind for arc in live}
            if tie == "priority":
                live = [arc for arc in live if brands[arc] == min(brands.values())]
            first = luck.first_among_equals(live)
            chosen[person] = Activation(float(step), person, arcs.source[first], brands[first])
        active.update(chosen)
        new = list(chosen)
    return list(active.values())


def sign_of(luck: Luck, person: int, quality: float) -> int:
    """0 where the product pleases a person, else 1."""
    return 0 if luck.bits32(codes.DRAW_SIGN, 0, 0, person) < units(quality) else 1


def negative(
    arcs: Arcs, luck: Luck, seeds: list[int], chance: list[int], quality: float, horizon: float
) -> list[Activation]:
    """Negative word of mouth: the cascade of the independent cascade, with signs handed on."""
    sign: dict[int, int] = {}
    out = []
    for event in sorted(independent(arcs, luck, seeds, chance, horizon)):
        spoilt = event.parent >= 0 and sign[event.parent] == 1
        sign[event.person] = 1 if spoilt else sign_of(luck, event.person, quality)
        out.append(event._replace(kind=sign[event.person]))
    return out

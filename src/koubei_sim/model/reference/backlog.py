"""backlog: what users miss in a product, votes that bring it up, releases that meet and break.

Called by the schedule in the morning and in the evening, by release and by satisfaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from koubei_sim.core.codes import USER
from koubei_sim.core.draws import exp_neg_portable, log_portable, unit_open
from koubei_sim.model.mechanisms.backlog import (
    DRAW_FIX,
    DRAW_HAS_NEED,
    DRAW_NEED,
    DRAW_NEW_NEEDS,
    DRAW_VOTE,
    KIND,
    LOUD,
    REGRESS,
    RULES,
    SEVERITY,
    SHARE,
    T_NEEDS_MET,
    T_NEEDS_NEW,
    T_NEEDS_OPEN,
)
from koubei_sim.model.reference.coins import pick
from koubei_sim.model.reference.state import Need

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid

ONE = 4294967296.0


def morning(model: Pyramid, day: Day) -> None:
    """Let the needs of the day come up."""
    rules, t = model.rules, day.t
    if not rules.backlog_on:
        return
    for k in range(rules.n_products):
        if t == rules.launch[k]:
            for _ in range(rules.needs[k]):
                come_up(model, day, k)
        elif t > rules.launch[k]:
            whole = int(rules.new_needs[k])
            rest = int((rules.new_needs[k] - float(whole)) * ONE)
            one_more = model.coins.coin(DRAW_NEW_NEEDS, t, k, 0) < rest
            for _ in range(whole + int(one_more)):
                come_up(model, day, k)


def come_up(model: Pyramid, day: Day, k: int) -> None:
    """Let a new need come up in the first free slot; where there is none it goes unnoticed."""
    slots, rules = model.needs[k], model.rules
    if None not in slots:
        return
    number = model.needs_so_far[k]
    exponent = rules.need_exponent[k]
    tail = float(exp_neg_portable(exponential(model, k, number, SHARE) / exponent))
    share = min(1.0, rules.need_share[k] * (exponent - 1.0) / exponent / tail)
    slots[slots.index(None)] = Need(
        number=number,
        share32=int(share * ONE),
        expert=property_of(model, k, number, KIND) >> 32 < rules.expert_needs32[k],
        loss=rules.need_severity[k] * exponential(model, k, number, SEVERITY),
    )
    model.needs_so_far[k] += 1
    day.row[T_NEEDS_NEW] += 1


def property_of(model: Pyramid, k: int, number: int, which: int) -> int:
    """Return 64 bits that belong to a need."""
    return model.coins.word(DRAW_NEED, number, 4 * which + k, 0)


def exponential(model: Pyramid, k: int, number: int, which: int) -> float:
    """Return an Exp(1) variable that belongs to a need."""
    return -float(log_portable(unit_open(np.uint64(property_of(model, k, number, which)))))


def needs_of(model: Pyramid, k: int, person: Person) -> list[tuple[int, Need]]:
    """Return the open needs of a product that a person has, with their slots."""
    return [
        (slot, need)
        for slot, need in enumerate(model.needs[k])
        if need is not None
        and model.coins.coin(DRAW_HAS_NEED, need.number, k, person.number)
        < need.limit(person.level)
    ]


def missed(model: Pyramid, k: int, person: Person) -> float:
    """Return the satisfaction that a person loses by what it misses."""
    lost = 0.0
    for _, need in needs_of(model, k, person):
        lost += need.loss
    return lost


def missed_on_average(model: Pyramid, k: int, level: int) -> float:
    """Return what people of a level of expertise miss on average."""
    lost = 0.0
    for need in model.needs[k]:
        if need is not None:
            lost += need.loss * (min(need.limit(level), 1 << 32) / ONE)
    return lost


def votes_of(model: Pyramid, t: int, k: int, authors: list[Person]) -> list[int]:
    """Return the slot of which each report speaks, one of the author's needs, or -1; count it."""
    found = []
    for author in authors:
        own = needs_of(model, k, author)
        if not own:
            found.append(-1)
            continue
        slot, need = own[pick(model.coins.coin(DRAW_VOTE, t, k, author.number), len(own))]
        loud = RULES[model.rules.fix_rule[k]] == "loudest" and author.stage == USER
        need.votes += LOUD[author.tier] if loud else 1
        found.append(slot)
    return found


def meet_needs(model: Pyramid, day: Day, k: int) -> set[int]:
    """Meet the most urgent needs that were asked for; return their slots.

    One after the other: what a fix breaks may take the slot that has just become free, and has no
    votes yet.
    """
    rules, slots = model.rules, model.needs[k]
    met: set[int] = set()
    for _ in range(rules.fixes[k]):
        asked = [(slot, need) for slot, need in enumerate(slots) if need and need.votes > 0]
        if not asked:
            break
        slot, need = max(asked, key=lambda pair: urgency(model, day.t, k, pair[1]))  # first wins
        met.add(slot)
        slots[slot] = None
        day.row[T_NEEDS_MET] += 1
        if property_of(model, k, need.number, REGRESS) >> 32 < rules.regressions32[k]:
            come_up(model, day, k)
    return met


def urgency(model: Pyramid, t: int, k: int, need: Need) -> float:
    """Return by what the needs that were asked for are put in order."""
    rule = RULES[model.rules.fix_rule[k]]
    if rule in ("most_asked", "loudest"):
        return float(need.votes)
    if rule == "severest":
        return need.loss
    return float(model.coins.coin(DRAW_FIX, need.number, k, t))


def evening(model: Pyramid, day: Day) -> None:
    """Count the open needs."""
    day.row[T_NEEDS_OPEN] = sum(need is not None for slots in model.needs for need in slots)

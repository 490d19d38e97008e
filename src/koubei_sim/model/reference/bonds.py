"""bonds: replies, answers and visits tie people to the place; who is tied convinces and buys more.

Called by tell, serve, meetings and goods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import USER

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid

FULL = 1.0


def bond_now(model: Pyramid, t: int, person: Person) -> float:
    """Return what is left of a bond at tick t, between 0 and 1; 0.0 where bonds are off."""
    if not model.rules.bonds_on:
        return 0.0
    return person.bond * model.rules.bond_left[t - person.bound_at]


def move(model: Pyramid, t: int, person: Person, share: float, level: float) -> None:
    """Move a bond this share of its way to a level; a share of 0.0 leaves what is stored."""
    if not model.rules.bonds_on or share == 0.0:
        return
    bond = bond_now(model, t, person)
    person.bond = bond + share * (level - bond)
    person.bound_at = t


def bind(model: Pyramid, t: int, user: Person) -> None:
    """Tie a user whom somebody has replied to, or whom an answer has helped."""
    move(model, t, user, model.rules.bond_growth, FULL)


def visit(model: Pyramid, day: Day, m: int) -> None:
    """Let those present at meeting m who are still users see what the product is worth to them."""
    for visitor in day.attendees:
        if visitor.stage == USER:
            worth = model.fit16[visitor.product][visitor.person_class] / 65536.0
            move(model, day.t, visitor, model.rules.meeting_visit[m], worth)


def bound_word(model: Pyramid, t: int, user: Person, hazard: int) -> int:
    """Return the hazard of what a contented user says: the more it is tied, the larger."""
    factor = 1.0 + model.rules.bond_gain * bond_now(model, t, user)
    return hazard * int(factor * 65536.0) >> 16


def wanted_by_bound(model: Pyramid, t: int, person: Person) -> float:
    """Return the utility that a good of ours has for one who is tied."""
    return model.rules.bond_weight * bond_now(model, t, person)

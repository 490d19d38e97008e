"""goods: people need a device, choose one, and get it at once or when there is stock.

Called when people are made, by the schedule (in the morning, after serve and in the evening) and by
age.  Only where `goods_on`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from koubei_sim.core.codes import AWARE, RECRUITER_GOODS, REJECTED, RIVAL, UNAWARE, USER
from koubei_sim.core.draws import RESISTANCE_BITS, exp_neg_portable, log_portable, unit_open
from koubei_sim.model.mechanisms.goods import (
    DRAW_ACCESSORY,
    DRAW_CANCEL,
    DRAW_FIND,
    DRAW_GIFT,
    DRAW_GOODS_CHOICE,
    DRAW_GOODS_LOT,
    DRAW_HAS_AT_START,
    DRAW_NEED_ARISES,
    DRAW_SWITCH,
    NOTHING,
    RIVALS,
    T_ACCESSORIES,
    T_ASKED,
    T_BOOKED,
    T_BOUGHT_IN,
    T_CANCELLED,
    T_GIFTS,
    T_HAVING,
    T_PUT_OFF,
    T_REPEATED,
    T_REVENUE,
    T_RIVAL_SOLD,
    T_SOLD,
    T_SPENT,
    T_SWITCHED_AWAY,
    T_SWITCHED_TO,
    WAIT,
)
from koubei_sim.model.mechanisms.hearing import T_NEWLY_AWARE
from koubei_sim.model.mechanisms.leaving import T_LAPSES
from koubei_sim.model.reference.adoption import adopt
from koubei_sim.model.reference.belonging import wanted_among_fans
from koubei_sim.model.reference.bonds import wanted_by_bound
from koubei_sim.model.reference.engagement import present_engagement
from koubei_sim.model.reference.leaving import lapse
from koubei_sim.model.reference.returns import exponential
from koubei_sim.model.reference.state import NEVER
from koubei_sim.model.reference.votes import wanted_by_voters

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid

ONE = 4294967296.0
CENTS = 100.0
DAYS_OF_ACCESSORIES = 7.0  # they are bought once a week, for the week


# ------------------------------------------------------------------ needs


def first_needs(model: Pyramid) -> None:
    """Give some people the rival's, and let everybody's first need be known."""
    if not model.rules.goods_on:
        return
    for person in model.people:
        if model.coins.coin(DRAW_HAS_AT_START, 0, 0, person.number) < model.rules.has_at_start32:
            person.has = RIVALS
            person.device_at = after_days(model, NEVER, person, model.rules.life_days)
        else:
            person.device_at = first_device(model, person)


def first_device(model: Pyramid, person: Person) -> int:
    """Return the tick on which one who has never had a device needs one, or never."""
    hazard = max(1, luck_of_need(model, person))
    for t, so_far in enumerate(model.rules.arrivals):
        if so_far >= hazard:
            return t
    return NEVER


def next_need(model: Pyramid, t: int, person: Person, mean_days: int) -> None:
    """Let a further need be known on tick t: a replacement, or one that was put off."""
    person.device_need += 1
    person.device_at = after_days(model, t, person, mean_days)


def after_days(model: Pyramid, t: int, person: Person, mean_days: int) -> int:
    """Return the tick of a need that is known on tick t, or never where the run ends before."""
    tick = t + 1 + (luck_of_need(model, person) * mean_days >> RESISTANCE_BITS)
    return tick if tick < model.rules.ticks else NEVER


def luck_of_need(model: Pyramid, person: Person) -> int:
    """Return the Exp(1) variable of a need, in units of 2**-26."""
    return exponential(model.coins.word(DRAW_NEED_ARISES, person.device_need, 0, person.number))


# ------------------------------------------------------------------ morning and evening


def morning(model: Pyramid, day: Day) -> None:
    """Let deliveries arrive, and make the prices of the day."""
    rules, t = model.rules, day.t
    for g in range(rules.n_goods):
        if rules.stocked[g]:
            model.good_stock[g] += rules.good_units[g][t]
        cost = rules.unit_cost[g]
        if rules.curve[g] != 0.0:
            made = model.good_sold[g] * rules.g16
            doublings = float(log_portable(1.0 + made / rules.first_units[g]))
            cost = cost * float(exp_neg_portable(rules.curve[g] * doublings))
        model.good_cost[g] = cost
        model.good_price[g] = rules.list_price[g][t]
        if rules.cost_plus[g]:
            model.good_price[g] = cost * (1.0 + rules.markup[g])


def evening(model: Pyramid, day: Day) -> None:
    """Sell what is in stock, then count who has what, and who has a booking."""
    sell_stock(model, day)
    for g in range(model.rules.n_goods):
        day.row[T_HAVING + g] = sum(person.has == g for person in model.people)
        day.row[T_BOOKED + g] = sum(person.booking == g for person in model.people)


# ------------------------------------------------------------------ choice


def buy(model: Pyramid, day: Day) -> None:
    """Let some bookings be given up, then let those choose who need a device today."""
    rules, t = model.rules, day.t
    if not rules.goods_on:
        return
    for person in model.people:
        g = person.booking
        if g == NOTHING:
            continue
        if model.coins.coin(DRAW_CANCEL, t, 0, person.number) < rules.cancel32[g]:
            person.booking = NOTHING
            next_need(model, t, person, rules.wait_days)
            day.row[T_CANCELLED + g] += 1
    for person in model.people:
        if person.device_at == t:
            person.device_at = NEVER
            if person.given:
                person.given = False
                next_need(model, t, person, rules.life_days)
            else:
                take(model, day, person, choice(model, t, person))


def choice(model: Pyramid, t: int, person: Person) -> int:
    """Return the option of the largest score: a good, the rival's or to wait."""
    found = scores(model, t, person)
    return min(found, key=lambda option: (-found[option], option))


def scores(model: Pyramid, t: int, person: Person) -> dict[int, float]:
    """Return the score of each option that a person sees, luck included."""
    rules = model.rules
    income = max(1e-9, person.income * rules.income_growth[t])
    weight = rules.quality_weight * (1.0 + rules.expert_weight * person.expertise)
    found: dict[int, float] = {}
    if sees_goods(model, person):
        for g in range(rules.n_goods):
            if t >= rules.good_launch[g]:
                found[g] = (
                    weight * rules.good_quality[g]
                    - rules.price_weight * (model.good_price[g] / income)
                    + rules.word_weight * heard(model, t, person)
                    + rules.link_weight * float(is_linked(model, person, g))
                    + wanted_among_fans(model, person)
                    + wanted_by_voters(model, person)
                    + wanted_by_bound(model, t, person)
                    + gumbel(model, person, g)
                )
    found[RIVALS] = (
        weight * rules.rival_quality[t]
        - rules.price_weight * (rules.rival_price[t] / income)
        + rules.link_weight * float(person.has == RIVALS)
        + gumbel(model, person, RIVALS)
    )
    found[WAIT] = rules.wait_value + gumbel(model, person, WAIT)
    return found


def sees_goods(model: Pyramid, person: Person) -> bool:
    """Say whether goods are among the options: known, or found by one who never heard of them."""
    if person.stage == UNAWARE:
        coin = model.coins.coin(DRAW_FIND, person.device_need, 0, person.number)
        return coin < model.rules.find32
    return person.stage not in (REJECTED, RIVAL)


def heard(model: Pyramid, t: int, person: Person) -> float:
    """Return what word of mouth says of the goods to a person: its own engagement, or hearsay."""
    if person.stage == USER:
        e = present_engagement(model, t, person)
        return e / (1.0 + e)
    return max(-1.0, min(1.0, person.hazard / ONE))


def is_linked(model: Pyramid, person: Person, g: int) -> bool:
    """Say whether a person uses the product of a good, or has a good of that product."""
    product = model.rules.good_product[g]
    return (person.stage == USER and person.product == product) or has_good_of(
        model, person, product
    )


def has_good_of(model: Pyramid, person: Person, product: int) -> bool:
    """Say whether a person has a good of a product."""
    return has_good(person) and model.rules.good_product[person.has] == product


def has_good(person: Person) -> bool:
    """Say whether a person has any of the goods."""
    return person.has not in (NOTHING, RIVALS)


def gumbel(model: Pyramid, person: Person, option: int) -> float:
    """Return the luck of an option: a standard Gumbel variable that belongs to this need."""
    bits = model.coins.word(DRAW_GOODS_CHOICE, person.device_need, option, person.number)
    return -float(log_portable(-log_portable(unit_open(np.uint64(bits)))))


def take(model: Pyramid, day: Day, person: Person, option: int) -> None:
    """Let a person do what it has chosen."""
    if option == WAIT:
        next_need(model, day.t, person, model.rules.wait_days)
        day.row[T_PUT_OFF] += 1
    elif option == RIVALS:
        take_the_rivals(model, day, person)
    else:
        day.row[T_ASKED + option] += 1
        if model.rules.stocked[option]:
            person.booking = option
        else:
            purchase(model, day, person, option)


def take_the_rivals(model: Pyramid, day: Day, person: Person) -> None:
    """Give a person the rival's; who used the product of the good that it had may leave that."""
    t = day.t
    day.row[T_RIVAL_SOLD] += 1
    day.row[T_SWITCHED_AWAY] += int(has_good(person))
    leaves = (
        person.stage == USER
        and has_good_of(model, person, person.product)
        and model.coins.coin(DRAW_SWITCH, t, 0, person.number) < model.rules.switch32
    )
    person.has = RIVALS
    next_need(model, t, person, model.rules.life_days)
    if leaves:
        lapse(model, day, person)
        day.row[T_LAPSES] += 1


# ------------------------------------------------------------------ getting


def sell_stock(model: Pyramid, day: Day) -> None:
    """Sell what is in stock to those who booked, users first where that is so, else by lot."""
    rules, t = model.rules, day.t
    for g in range(rules.n_goods):
        if not rules.stocked[g]:
            continue
        line = [person for person in model.people if person.booking == g]
        line.sort(key=lambda person: model.coins.word(DRAW_GOODS_LOT, t, g, person.number))
        if rules.users_first[g]:
            line.sort(key=lambda person: person.stage != USER)
        for person in line[: min(model.good_stock[g], served(model, g, len(line)))]:
            if model.good_stock[g] > 0:  # gifts may have taken the last ones
                purchase(model, day, person, g)


def served(model: Pyramid, g: int, wanting: int) -> int:
    """Return how many the shop can serve of so many; it breaks where more want than it can."""
    most, breakage = model.rules.orders[g], model.rules.breakage[g]
    if breakage <= 0.0 or wanting <= most:
        return most
    return int(most * float(exp_neg_portable(breakage * log_portable(wanting / most))) + 0.5)


def purchase(model: Pyramid, day: Day, person: Person, g: int) -> None:
    """Let a person get the good that it chose, and perhaps a second one as a gift."""
    rules, t = model.rules, day.t
    get(model, day, person, g)
    person.booking = NOTHING
    next_need(model, t, person, rules.life_days)
    if model.coins.coin(DRAW_GIFT, t, 0, person.number) < rules.gift32:
        to = relative(model, person)
        if to is not None and (model.good_stock[g] > 0 or not rules.stocked[g]):
            get(model, day, to, g)
            to.given = True
            day.row[T_GIFTS + g] += 1


def get(model: Pyramid, day: Day, person: Person, g: int) -> None:
    """Hand a good over: money, stock, and the first step into its product."""
    day.row[T_SOLD + g] += 1
    day.row[T_REVENUE + g] += int(model.good_price[g] * CENTS)
    day.row[T_SPENT + g] += int(model.good_cost[g] * CENTS)
    model.good_sold[g] += 1
    if model.rules.stocked[g]:
        model.good_stock[g] -= 1
    day.row[T_SWITCHED_TO] += int(person.has == RIVALS)
    day.row[T_REPEATED] += int(has_good(person))
    person.has = g
    if person.stage in (UNAWARE, AWARE):
        day.row[T_BOUGHT_IN] += 1
        day.row[T_NEWLY_AWARE] += int(person.stage == UNAWARE)
        person.recruiter, person.channel = RECRUITER_GOODS, -1
        person.product = model.rules.good_product[g]
        adopt(model, day, person)


def relative(model: Pyramid, person: Person) -> Person | None:
    """Return who of the household, going round, has no good and is waiting for none."""
    size = model.rules.household
    first = person.number - person.number % size
    members = range(first, min(first + size, model.rules.n))
    after = [i for i in members if i > person.number]
    before = [i for i in members if i < person.number]
    for i in after + before:
        other = model.people[i]
        if not has_good(other) and other.booking == NOTHING:
            return other
    return None


# ------------------------------------------------------------------ accessories


def accessories(model: Pyramid, day: Day) -> None:
    """Let users who have a good buy something for it, the more the more they are bound."""
    rules, t = model.rules, day.t
    if not rules.goods_on:
        return
    for person in model.people:
        if person.stage != USER or not has_good(person):
            continue
        g, e = person.has, present_engagement(model, t, person)
        chance = min(1.0, rules.accessory_rate[g] * DAYS_OF_ACCESSORIES * (e / (1.0 + e)))
        if model.coins.coin(DRAW_ACCESSORY, t, 0, person.number) < int(chance * ONE):
            day.row[T_ACCESSORIES + g] += 1

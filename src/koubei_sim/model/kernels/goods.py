"""goods: needs for a device arise by a calendar; a choice by score; stock, gifts, accessories."""

from __future__ import annotations

import numpy as np
from numba import njit

from koubei_sim.core.bits import ONE, insert, lowest_bit, remove
from koubei_sim.core.codes import AWARE, RECRUITER_GOODS, REJECTED, RIVAL, UNAWARE, USER
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import (
    draw,
    draw32,
    exp_neg_portable,
    exponential_units,
    log_portable,
    stream,
    unit_open,
)
from koubei_sim.model.kernels.adoption import adopt
from koubei_sim.model.kernels.belonging import wanted
from koubei_sim.model.kernels.bonds import bound
from koubei_sim.model.kernels.engagement import present
from koubei_sim.model.kernels.leaving import leave
from koubei_sim.model.kernels.sets import smallest, thinned
from koubei_sim.model.kernels.trials import hand_out
from koubei_sim.model.kernels.votes import committed
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

NEW = 0  # days until a need: of who has no device; for others the mean is given


@part
def schedule_need(s, r, i, after, mean):
    """Put the next need of agent `i` into the calendar: `mean` days, or `NEW`: as they arrive."""
    base = stream(r.key, r.replicate, DRAW_NEED_ARISES, s.need_count[i], 0)
    wait = exponential_units(draw(base, i))
    if mean == NEW:
        level = max(1, wait) + (r.arrivals[after] if after >= 0 else 0)
        day, high = 0, r.ticks
        while day < high:  # first tick by which so much has arrived
            middle = (day + high) >> 1
            if r.arrivals[middle] < level:
                day = middle + 1
            else:
                high = middle
    else:
        day = after + 1 + ((wait * mean) >> 26)
    if day < r.ticks:
        s.need_next[i] = s.need_head[day]
        s.need_head[day] = i


@part
def first_needs(s, r, after):
    """Say who has the rival's, and fill the calendar, on tick `after` (-1: before the first)."""
    if r.goods_on == 0:
        return
    owns = stream(r.key, r.replicate, DRAW_HAS_AT_START, 0, 0)
    for i in range(s.first, s.last):
        if draw32(owns, i) < r.has_at_start32:
            s.has[i] = RIVALS
            schedule_need(s, r, i, after, r.life_days)
        else:
            schedule_need(s, r, i, after, NEW)


@part
def arrive_anew(s, r, at):
    """Put the first needs that have not fallen before `at` on their new days, in a run changed."""
    owns = stream(r.key, r.replicate, DRAW_HAS_AT_START, 0, 0)
    for day in range(at, r.ticks):
        i = s.need_head[day]
        s.need_head[day] = -1
        while i >= 0:
            following = s.need_next[i]
            if s.need_count[i] > 0 or draw32(owns, i) < r.has_at_start32:
                s.need_next[i] = s.need_head[day]
                s.need_head[day] = i
            i = following
    for i in range(s.first, s.last):
        if s.need_count[i] == 0 and draw32(owns, i) >= r.has_at_start32:
            schedule_need(s, r, i, -1, NEW)


@part
def morning(s, r, t):
    """Deliver what is due, and reckon costs and prices."""
    for g in range(r.n_goods):
        if r.stocked[g] == 1:
            s.good_stock[g] += r.good_units[g, t]
        cost = r.unit_cost[g]
        if r.curve[g] > 0.0:
            made = np.float64(s.sold_so_far[g]) * r.g16
            cost *= exp_neg_portable(r.curve[g] * log_portable(1.0 + made / r.first_units[g]))
        s.cost_now[g] = cost
        s.price_now[g] = cost * (1.0 + r.markup[g]) if r.cost_plus[g] == 1 else r.list_price[g, t]


@part
def get(s, r, t, i, g, row):
    """Hand good `g` to agent `i`, who becomes a user where it could have been won."""
    row[T_SOLD + g] += 1
    row[T_REVENUE + g] += np.int64(s.price_now[g] * 100.0)
    row[T_SPENT + g] += np.int64(s.cost_now[g] * 100.0)
    if r.stocked[g] == 1:
        s.good_stock[g] -= 1
    had = s.has[i]
    if had == RIVALS:
        row[T_SWITCHED_TO] += 1
    elif had != NOTHING:
        row[T_REPEATED] += 1
        row[T_HAVING + had] -= 1
    s.has[i] = g
    row[T_HAVING + g] += 1
    if s.stage[i] in (UNAWARE, AWARE):
        row[T_BOUGHT_IN] += 1
        row[T_NEWLY_AWARE] += np.int64(s.stage[i] == UNAWARE)
        claim = s.bought[0]
        claim.agent = i
        claim.recruiter = RECRUITER_GOODS
        claim.channel = -1
        claim.product = r.good_product[g]
        adopt(s, r, t, claim, row)


@part
def buy(s, r, t, i, g, row):
    """Let agent `i` get good `g`, perhaps another one for the household, and need one later."""
    get(s, r, t, i, g, row)
    schedule_need(s, r, i, t, r.life_days)
    if draw32(stream(r.key, r.replicate, DRAW_GIFT, t, 0), i) >= r.gift32:
        return
    if r.stocked[g] == 1 and s.good_stock[g] <= 0:
        return
    home = i - i % r.household
    for step in range(1, r.household):
        j = home + (i - home + step) % r.household
        if j < r.n and (s.has[j] == NOTHING or s.has[j] == RIVALS) and s.booking[j] == NOTHING:
            get(s, r, t, j, g, row)
            row[T_GIFTS + g] += 1
            s.given[j] = 1
            return


@part
def line_up(s, g):
    """Write who has booked good `g` into `s.buyers`, users first; return all and the users."""
    count, users = 0, 0
    for w in range(s.first >> 6, (s.last + 63) >> 6):
        word = s.in_line[w]
        while word != 0:
            i = (w << 6) + lowest_bit(word)
            word &= word - ONE
            if s.booking[i] == g:
                s.buyers[count] = i
                if s.stage[i] == USER:
                    s.buyers[count] = s.buyers[users]
                    s.buyers[users] = i
                    users += 1
                count += 1
    return count, users


@part
def can_serve(r, g, wanting):
    """Return how many bookings of good `g` the shop serves when so many want to be."""
    limit = r.orders[g]
    if r.breakage[g] == 0.0 or wanting <= limit:
        return limit
    crowd = log_portable(np.float64(wanting) / np.float64(limit))
    return np.int64(np.float64(limit) * exp_neg_portable(r.breakage[g] * crowd) + 0.5)


@part
def sell_stock(s, r, t, row):
    """Sell what is in stock to those who have booked, by lot; users first where that is so."""
    for g in range(r.n_goods):
        if r.stocked[g] == 0 or s.good_stock[g] <= 0:
            continue
        count, users = line_up(s, g)
        if r.users_first[g] == 0:
            users = 0
        served = min(count, s.good_stock[g], can_serve(r, g, count))
        base = stream(r.key, r.replicate, DRAW_GOODS_LOT, t, g)
        first = min(users, served)
        smallest(s.buyers, users, first, base, s.sort_keys)
        if served > first:
            smallest(s.buyers[users:], count - users, served - first, base, s.sort_keys)
        for k in range(served):
            if s.good_stock[g] <= 0:
                break
            i = s.buyers[k]
            s.booking[i] = NOTHING
            remove(s.in_line, i)
            row[T_BOOKED + g] -= 1
            buy(s, r, t, i, g, row)


@njit(cache=True, inline="always")
def luck(base, i):
    """Return a Gumbel variable."""
    return -log_portable(-log_portable(unit_open(draw(base, i))))


@part
def choose(s, r, t, i):
    """Return what agent `i`, who needs a device, takes: a good, the rival's, or none for now."""
    a, e, stage, had = s.actor[i], s.need_count[i], s.stage[i], s.has[i]
    x = np.float64(r.class_level[a.agent_class]) / 127.0
    income = max(1e-9, s.income[i] * r.income_growth[t])
    weight = r.quality_weight * (1.0 + r.expert_weight * x)
    knows = stage not in (UNAWARE, REJECTED, RIVAL)
    if stage == UNAWARE:
        knows = draw32(stream(r.key, r.replicate, DRAW_FIND, e, 0), i) < r.find32
    best, most = WAIT, 0.0
    first = True
    if knows:
        if stage == USER:
            engaged = present(a, r, t)
            told = engaged / (1.0 + engaged)
        else:
            told = max(-1.0, min(1.0, np.float64(s.listener[i].hazard) / 4294967296.0))
        for g in range(r.n_goods):
            if t < r.good_launch[g]:
                continue
            product = r.good_product[g]
            linked = 0.0
            if stage == USER and a.product == product:
                linked = 1.0
            if had not in (NOTHING, RIVALS) and r.good_product[had] == product:
                linked = 1.0
            score = (
                weight * r.good_quality[g]
                - r.price_weight * (s.price_now[g] / income)
                + r.word_weight * told
                + r.link_weight * linked
                + wanted(s, r, i)
                + committed(s, r, i)
                + r.bond_weight * bound(s, r, i, t)
                + luck(stream(r.key, r.replicate, DRAW_GOODS_CHOICE, e, g), i)
            )
            if first or score > most:
                best, most, first = g, score, False
    score = (
        weight * r.rival_quality[t]
        - r.price_weight * (r.rival_price[t] / income)
        + r.link_weight * (1.0 if had == RIVALS else 0.0)
        + luck(stream(r.key, r.replicate, DRAW_GOODS_CHOICE, e, RIVALS), i)
    )
    if first or score > most:
        best, most = RIVALS, score
    if r.wait_value + luck(stream(r.key, r.replicate, DRAW_GOODS_CHOICE, e, WAIT), i) > most:
        best = WAIT
    return best


@part
def take_rivals(s, r, t, i, row):
    """Let agent `i` have the rival's; a user may leave with the good."""
    had = s.has[i]
    row[T_RIVAL_SOLD] += 1
    s.has[i] = RIVALS
    schedule_need(s, r, i, t, r.life_days)
    if had in (NOTHING, RIVALS):
        return
    row[T_SWITCHED_AWAY] += 1
    row[T_HAVING + had] -= 1
    leaves = draw32(stream(r.key, r.replicate, DRAW_SWITCH, t, 0), i) < r.switch32
    if leaves and s.stage[i] == USER and s.actor[i].product == r.good_product[had]:
        row[T_LAPSES] += 1
        leave(s, r, i, t)


@part
def cancel(s, r, t, row):
    """Let some of those give up who have a booking."""
    base = stream(r.key, r.replicate, DRAW_CANCEL, t, 0)
    for w in range(s.first >> 6, (s.last + 63) >> 6):
        word = s.in_line[w]
        while word != 0:
            i = (w << 6) + lowest_bit(word)
            word &= word - ONE
            g = s.booking[i]
            if draw32(base, i) < r.cancel32[g]:
                s.booking[i] = NOTHING
                remove(s.in_line, i)
                row[T_CANCELLED + g] += 1
                row[T_BOOKED + g] -= 1
                schedule_need(s, r, i, t, r.wait_days)


@part
def go_shopping(s, r, t, row):
    """Let those whose need falls today choose, and those with a booking give it up."""
    if r.goods_on == 0:
        return
    cancel(s, r, t, row)
    count = 0
    i = s.need_head[t]
    while i >= 0:
        s.buyers[count] = i
        count += 1
        i = s.need_next[i]
    s.buyers[:count].sort()  # who gives and who is given hang on it
    for k in range(count):
        i = s.buyers[k]
        if s.given[i] == 1:
            s.given[i] = 0
            s.need_count[i] += 1
            schedule_need(s, r, i, t, r.life_days)
            continue
        taken = choose(s, r, t, i)
        s.need_count[i] += 1
        if taken == WAIT:
            row[T_PUT_OFF] += 1
            schedule_need(s, r, i, t, r.wait_days)
        elif taken == RIVALS:
            take_rivals(s, r, t, i, row)
        else:
            row[T_ASKED + taken] += 1
            if r.stocked[taken] == 1:
                s.booking[i] = taken
                insert(s.in_line, i)
                row[T_BOOKED + taken] += 1
            else:
                buy(s, r, t, i, taken, row)


@part
def sell_accessories(s, r, t, row):
    """Let owners who are users buy what goes with their device, once a week."""
    if r.goods_on == 0 or (t + 1) % 7 != 0:
        return
    base = stream(r.key, r.replicate, DRAW_ACCESSORY, t, 0)
    most = np.int64(min(1.0, r.accessory_rate.max() * 7.0) * 4294967296.0)
    for w in range(s.first >> 6, (s.last + 63) >> 6):
        word = thinned(s.talkers[w], base, w, most)
        while word != 0:
            i = (w << 6) + lowest_bit(word)
            word &= word - ONE
            g, coin = s.has[i], draw32(base, i)
            if coin >= most or s.stage[i] != USER or g in (NOTHING, RIVALS):
                continue
            engaged = present(s.actor[i], r, t)
            chance = min(1.0, r.accessory_rate[g] * 7.0 * (engaged / (1.0 + engaged)))
            row[T_ACCESSORIES + g] += np.int64(coin < np.int64(chance * 4294967296.0))


@part
def evening(s, r, t, row):
    """Hand out what is to be tried, sell what is in stock; turn changes into stocks."""
    hand_out(s, r, t, row)
    sell_stock(s, r, t, row)
    for g in range(r.n_goods):
        s.sold_so_far[g] += row[T_SOLD + g]
        s.owners[g] += row[T_HAVING + g]
        s.in_line_of[g] += row[T_BOOKED + g]
        row[T_HAVING + g] = s.owners[g]
        row[T_BOOKED + g] = s.in_line_of[g]

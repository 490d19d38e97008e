"""supply: units are short; the invited are served first, lots are drawn for the rest."""

from __future__ import annotations

from koubei_sim.core.bits import ONE, has, insert, lowest_bit, remove
from koubei_sim.core.codes import AWARE, LOG_GIVE_UP, USER, WAITING
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import draw32, stream
from koubei_sim.model.kernels.adoption import adopt
from koubei_sim.model.kernels.returns import back_to_market
from koubei_sim.model.kernels.rival import go_to_rival
from koubei_sim.model.kernels.sets import keyed_order, log_event, set_stage, smallest
from koubei_sim.model.mechanisms.supply import (
    DRAW_GIVE_UP,
    DRAW_GIVE_UP_RIVAL,
    DRAW_INVITE,
    DRAW_LOTTERY,
    T_GIVE_UPS,
    T_GIVE_UPS_RIVAL,
    T_INVITED,
    T_LOTTERY,
    T_STOCK,
    T_WAITS,
)


@part
def sell(s, r, t, i, row):
    """Hand a unit to waiting agent `i`."""
    row[T_INVITED if has(s.invited, i) else T_LOTTERY] += 1
    remove(s.invited, i)
    remove(s.waiting, i)
    claim = s.sale[0]
    claim.agent = i
    claim.recruiter = s.wait_recruiter[i]
    claim.channel = s.wait_channel[i]
    claim.product = s.actor[i].product
    adopt(s, r, t, claim, row)


@part
def wait_for_supply(s, r, t, claim, row):
    """Put a claimed agent into the queue for a unit."""
    i = claim.agent
    set_stage(s, i, WAITING)
    s.wait_since[i] = t
    s.wait_recruiter[i] = claim.recruiter
    s.wait_channel[i] = claim.channel
    s.actor[i].product = claim.product
    remove(s.hearing, i)
    insert(s.waiting, i)
    insert(s.talkers, i)
    s.waiters[s.n_waiters[0]] = i
    s.n_waiters[0] += 1
    row[T_WAITS] += 1


@part
def adopt_or_wait(s, r, t, claim, row):
    """Let a claimed agent adopt, where units are not short."""
    if r.supply_on == 1:
        wait_for_supply(s, r, t, claim, row)
    else:
        adopt(s, r, t, claim, row)


@part
def list_waiting(s):
    """Write the ids of all waiting agents into `s.waiters`, ascending; return their number."""
    count = 0
    for w in range(s.first >> 6, (s.last + 63) >> 6):
        word = s.waiting[w]
        while word != 0:
            s.waiters[count] = (w << 6) + lowest_bit(word)
            word &= word - ONE
            count += 1
    return count


@part
def hand_out_invites(s, r, t):
    """Let recruiters who have an invite left give it to those they won today, in keyed order."""
    count = s.n_waiters[0]
    if count > 0:
        keyed_order(s.waiters, count, stream(r.key, r.replicate, DRAW_INVITE, t, 0), s.sort_keys)
        for k in range(count):
            i = s.waiters[k]
            recruiter = s.wait_recruiter[i]
            if recruiter >= 0 and s.stage[recruiter] == USER and s.actor[recruiter].invites > 0:
                s.actor[recruiter].invites -= 1
                insert(s.invited, i)


@part
def draw_lots(s, r, t, stock):
    """Put those who get a unit today to the front of `waiters`; return their number.

    The invited come first, then the others, by lot among themselves.
    """
    count = list_waiting(s)
    invited = 0
    for k in range(count):
        i = s.waiters[k]
        if has(s.invited, i):
            s.waiters[k] = s.waiters[invited]
            s.waiters[invited] = i
            invited += 1
    base = stream(r.key, r.replicate, DRAW_LOTTERY, t, 0)
    first = min(invited, stock)
    smallest(s.waiters, invited, first, base, s.sort_keys)
    then = min(count - invited, stock - first)
    if then > 0:
        smallest(s.waiters[invited:], count - invited, then, base, s.sort_keys)
    return first + then


@part
def invite_and_draw(s, r, t):
    """Hand out invites and draw lots; who has won is sold to later (`sell_to_winners`)."""
    if r.supply_on == 0:
        return
    hand_out_invites(s, r, t)
    s.change[T_STOCK] += r.units[t]
    stock = s.stocks[T_STOCK]
    s.n_winners[0] = draw_lots(s, r, t, stock) if stock > 0 else 0


@part
def sell_to_winners(s, r, t, row):
    """Sell to the first of `waiters`, as many as have won."""
    winners = s.n_winners[0]
    for k in range(winners):
        sell(s, r, t, s.waiters[k], row)
    s.change[T_STOCK] -= winners


@part
def lose_patience(s, r, t, row):
    """Some of those who still wait give up."""
    if r.supply_on == 0 or r.give_up32 == 0:
        return
    leave = stream(r.key, r.replicate, DRAW_GIVE_UP, t, 0)
    where = stream(r.key, r.replicate, DRAW_GIVE_UP_RIVAL, t, 0)
    count = list_waiting(s)
    for k in range(count):
        i = s.waiters[k]
        if s.wait_since[i] == t or draw32(leave, i) >= r.give_up32:
            continue
        remove(s.waiting, i)
        remove(s.invited, i)
        product = s.actor[i].product
        if draw32(where, i) < r.give_up_rival32:
            row[T_GIVE_UPS_RIVAL] += 1
            go_to_rival(s, r, i, t, product)
        else:
            back_to_market(s, r, i, t, AWARE)
            row[T_GIVE_UPS] += 1
            log_event(s, t, i, LOG_GIVE_UP, -1, -1, product, 0)

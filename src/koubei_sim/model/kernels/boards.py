"""hear, on boards: members read so many posts.

A board is a pool: a post reaches `readers_per_post` people, whatever the size of the board, so
the chance that a member sees one falls with membership.  How many of today's posts a member reads
is drawn once (binomial: each is seen or not), and it reads them in a row from a drawn place on.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from koubei_sim.core.bits import ONE, lowest_bit, number_of_bits
from koubei_sim.core.codes import AWARE
from koubei_sim.core.compiling import part
from koubei_sim.core.draws import HAZARD_CAP, coins_below, draw, draw32, pick, stream
from koubei_sim.core.prefetch import prefetch
from koubei_sim.model.kernels.belonging import pulled
from koubei_sim.model.kernels.copying import crowded
from koubei_sim.model.kernels.events import lifted
from koubei_sim.model.kernels.hearing import claim, hears_positive, notice, touch
from koubei_sim.model.kernels.reinforcement import count_source, fetch_sources, needed
from koubei_sim.model.kernels.rejection import hears_negative
from koubei_sim.model.kernels.sets import MANY
from koubei_sim.model.mechanisms.boards import DRAW_BOARD_PICK, DRAW_READ
from koubei_sim.model.mechanisms.channels import T_MEMBERS
from koubei_sim.model.mechanisms.hearing import BLOCK

UNIT32 = 1 << 32
SOURCES_AHEAD = 16
LOW32 = np.uint64(0xFFFFFFFF)
RARE = 2.0**-40  # numbers of posts that are less likely than this, against the likeliest, are none
BLAME = 32  # address of blame, behind those of praise


@part
def collect_posts(s, c, negative, product):
    """List the posters of one sign (and product, where positive), and add up their hazards."""
    count, total = 0, np.int64(0)
    for k in range(s.told[negative, c]):
        m = s.messages[negative, c, k]
        if negative == 0 and m.product != product:
            continue
        s.posters[count] = m.teller
        s.posted[count] = total
        count += 1
        total += m.hazard
    s.posted[count] = total
    return count


@part
def reading_table(s, posts, seen):
    """Prepare how many of `posts` posts a member reads, each with probability `seen`.

    Returns the least and the greatest number; `read32[n]` is the chance of reading at most n, as a
    threshold.  Binomial weights go down and up from the likeliest number, whose weight is 1.
    """
    if seen >= 1.0:
        return posts, posts
    weights, read32 = s.weights, s.read32
    odds = seen / (1.0 - seen)
    likeliest = np.int64(np.float64(posts + 1) * seen)
    weights[likeliest] = 1.0
    low = likeliest
    while low > 0:
        weight = weights[low] * (np.float64(low) / np.float64(posts - low + 1)) / odds
        if weight < RARE:
            break
        low -= 1
        weights[low] = weight
    high = likeliest
    while high < posts:
        weight = weights[high] * (np.float64(posts - high) / np.float64(high + 1)) * odds
        if weight < RARE:
            break
        high += 1
        weights[high] = weight
    total = 0.0
    for n in range(low, high + 1):
        total += weights[n]
    sum_so_far = 0.0
    for n in range(low, high):
        sum_so_far += weights[n]
        read32[n] = np.int64(sum_so_far / total * 4294967296.0)
    read32[high] = UNIT32
    return low, high


@njit(cache=True, inline="always")
def number_read(read32, low, high, coin):
    """Return how many posts a member reads: the least number whose threshold is above its coin."""
    while low < high:
        middle = (low + high) >> 1
        if coin < read32[middle]:
            high = middle
        else:
            low = middle + 1
    return low


@njit(cache=True, inline="always")
def hazard_of_page(posted, count, start, n):
    """Return the hazard of `n` posts in a row from `start` on, beginning anew after the last."""
    end = start + n
    if end <= count:
        total = posted[end] - posted[start]
    else:
        total = posted[count] - posted[start] + posted[end - count]
    return min(total, HAZARD_CAP)


@part
def next_seers(s, c, w, base, least):
    """Collect members of `c` who hear and whose coin is at least `least`, from word `w` on.

    Returns the word to go on from and the number collected; their records are prefetched, and
    `block_coin` holds their draws.
    """
    members, hearing, block, coins = s.members[c], s.hearing, s.block_listener, s.block_coin
    records, width = s.listener.ctypes.data, np.uintp(s.listener.itemsize)
    count = 0
    end = (s.last + 63) >> 6
    while w < end and count + 64 <= BLOCK:
        word = members[w] & hearing[w]
        if number_of_bits(word) > MANY:
            word &= ~coins_below(base, w << 6, least)
        while word != 0:
            i = (w << 6) + lowest_bit(word)
            word &= word - ONE
            bits = draw(base, i)
            if np.int64(bits >> np.uint64(32)) >= least:
                prefetch(records + np.uintp(i) * width)
                block[count] = i
                coins[count] = np.int64(bits)
                count += 1
        w += 1
    return w, count


@part
def page_of(s, k, count, low, high):
    """Return the first post and the number of posts that the k-th collected member reads."""
    bits = np.uint64(s.block_coin[k])
    start = pick(bits & LOW32, count)
    return start, number_read(s.read32, low, high, np.int64(bits >> np.uint64(32)))


@part
def expose(s, r, t, seers, product, reading, bit, row):
    """Let the collected members see praise of `product`; return how many are won.

    Places of the won in the block stand at the front of `block_message`.  `reading` is the number
    of posts with the least and greatest number read, or, without posts, the hazard of a campaign;
    `bit` is the mark under which a board or a campaign counts as one teller, the first time.
    """
    listener, block, won = s.listener, s.block_listener, s.block_message
    fit16 = s.fit16[product]
    memory_leak, memory20 = r.memory_leak == 1, r.memory20
    reinforcement, need = needed(s, r)
    count, low, high, hazard = reading
    mark = np.uint16(1 << bit)
    winners = 0
    for k in range(seers):
        if reinforcement and k + SOURCES_AHEAD < seers:
            fetch_sources(s, block[k + SOURCES_AHEAD])
        i = block[k]
        v = listener[i]
        if v.stage > AWARE:
            continue
        touch(v, t, memory_leak, memory20)
        notice(s, r, i, v, t, product << 4, row)
        if reinforcement:
            count_source(s, i, v, mark)
        if count > 0:
            start, n = page_of(s, k, count, low, high)
            hazard = hazard_of_page(s.posted, count, start, n)
        fit = np.int64(fit16[v.agent_class])
        if hears_positive(v, pulled(s, r, i, (hazard * fit) >> 16), fit, reinforcement, need, i):
            won[winners] = k
            winners += 1
    return winners


@part
def warn(s, r, t, seers, reading, row):
    """Let the collected members read the bad news of a board."""
    count, low, high, _ = reading
    for k in range(seers):
        i = s.block_listener[k]
        v = s.listener[i]
        if v.stage > AWARE:
            continue
        touch(v, t, r.memory_leak == 1, r.memory20)
        notice(s, r, i, v, t, 1 << 6, row)
        start, n = page_of(s, k, count, low, high)
        hears_negative(s, r, i, v, hazard_of_page(s.posted, count, start, n), -1)


@part
def recruiter_on_page(s, k, reading, base):
    """Return who won the k-th collected member: a poster that it read, not itself, or -1."""
    count, low, high, _ = reading
    i = s.block_listener[k]
    start, n = page_of(s, k, count, low, high)
    place = pick(draw32(base, i), n)
    poster = s.posters[(start + place) % count]
    if poster == i:  # nobody is won by a post of its own
        if n == 1:
            return np.int64(-1)
        poster = s.posters[(start + (place + 1) % n) % count]
    return np.int64(poster)


@part
def board(s, r, t, c, negative, product, row):
    """Let the members of board `c` read today's posts of one sign (and product)."""
    count = collect_posts(s, c, negative, product)
    members = s.stocks[T_MEMBERS + c]
    if count == 0 or members == 0:
        return
    posts = s.told[0, c] + s.told[1, c]
    readers = r.readers_per_post[c] * (np.float64(crowded(s, lifted(r, 65536, c, t))) / 65536.0)
    seen = min(1.0, readers / np.float64(members))
    if not np.isinf(r.reading[c]):
        seen = min(seen, r.reading[c] / np.float64(posts))
    low, high = reading_table(s, count, seen)
    reading = (count, low, high, np.int64(0))
    least = s.read32[0] if low == 0 else np.int64(0)
    address = BLAME + c if negative == 1 else 4 * c + product
    base = stream(r.key, r.replicate, DRAW_READ, t, address)
    pick_base = stream(r.key, r.replicate, DRAW_BOARD_PICK, t, address)
    w = s.first >> 6
    while w < (s.last + 63) >> 6:
        w, seers = next_seers(s, c, w, base, least)
        if negative == 1:
            warn(s, r, t, seers, reading, row)
            continue
        for winner in range(expose(s, r, t, seers, product, reading, c, row)):
            k = s.block_message[winner]
            poster = recruiter_on_page(s, k, reading, pick_base)
            if poster >= 0:
                claim(s, s.block_listener[k], poster, c, product)

"""Ties drawn anew: ends swapped so that everybody keeps numbers of ties, or others met at random.

Called by `controls`.
"""

from __future__ import annotations

from koubei_sim.core.compiling import kernel
from koubei_sim.core.draws import draw32, pick


@kernel
def swapped(base, proposals, indptr, own, tip, twin, order, pool):
    """Swap the tips of two ties, so many times, where no tie would be double or to oneself.

    A tie ``h`` of row ``own[h]`` leads to ``tip[h]``; ``twin[h]`` is the same tie seen from the
    other end, where ties are mutual (else `twin` is empty).  Only ties of one block are swapped:
    `order` lists them block by block, ``pool[0, h]`` is where the block of h begins there and
    ``pool[1, h]`` how many it has.  ``pool[2, h]`` is the tie whose weight h bears: that of the
    end that was picked goes along, on both sides of a mutual tie.  The count of swaps is returned.
    """
    done = 0
    mutual = twin.size > 0
    for t in range(proposals):
        h = pick(draw32(base, 2 * t), tip.size)
        k = order[pool[0, h] + pick(draw32(base, 2 * t + 1), pool[1, h])]
        a, b, v, w = own[h], own[k], tip[h], tip[k]
        if a in (b, w) or v in (b, w):
            continue
        free = True
        for s in range(indptr[a], indptr[a + 1]):
            if tip[s] == w:
                free = False
        for s in range(indptr[b], indptr[b + 1]):
            if tip[s] == v:
                free = False
        if not free:
            continue
        tip[h], tip[k] = w, v
        if mutual:
            there, here = twin[h], twin[k]
            tip[there], tip[here] = b, a
            twin[h], twin[k] = here, there
            twin[here], twin[there] = h, k
            pool[2, here], pool[2, there] = pool[2, h], pool[2, k]
        done += 1
    return done


@kernel
def others_met(base, indptr, own, tip, group, members, starts):
    """Replace every tip by somebody of the same group at random, no one twice, never oneself.

    ``members[starts[g]:starts[g + 1]]`` are the people of group g.  Who has more ties into a group
    than it has others keeps those that are left over.
    """
    for h in range(tip.size):
        g = group[tip[h]]
        size = starts[g + 1] - starts[g]
        begin = indptr[own[h]]
        kept = tip[h]
        for attempt in range(64):
            other = members[starts[g] + pick(draw32(base, 64 * h + attempt), size)]
            fits = other != own[h]
            for s in range(begin, h):
                if tip[s] == other:
                    fits = False
            if fits:
                kept = other
                break
        tip[h] = kept

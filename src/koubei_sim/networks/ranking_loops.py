"""Loops of the rankings of seeds: each gives scores, or the chosen in their order.

Called by `rankings`, which says what each ranking means and where it comes from.  Rows are
compressed: the word of ``u`` reaches ``indices[indptr[u]:indptr[u + 1]]``; `back_ptr`, `back` are
the same arcs turned round.  Where the value of a few people changes after every choice, the best
is kept by a *tournament*: a binary tree whose leaves are people and whose inner nodes hold the
better of two, so that a change costs the logarithm of the number of people.
"""

from __future__ import annotations

import heapq

import numpy as np

from koubei_sim.core.compiling import kernel, part
from koubei_sim.core.draws import draw


@part
def better(value, draws, a, b):
    """Return the better of two people (-1: nobody); ties go to the smaller draw."""
    if a < 0:
        return b
    if b < 0:
        return a
    if value[a] != value[b]:
        return a if value[a] > value[b] else b
    return a if draws[a] < draws[b] else b


@part
def tournament(value, draws):
    """Return a tree with the best person in ``tree[1]``."""
    n = value.size
    size = 1
    while size < n:
        size *= 2
    tree = np.full(2 * size, -1, dtype=np.int64)
    for v in range(n):
        tree[size + v] = v
    for at in range(size - 1, 0, -1):
        tree[at] = better(value, draws, tree[2 * at], tree[2 * at + 1])
    return tree


@part
def play(tree, value, draws, v):
    """Let a person play again whose value has changed."""
    at = (tree.size // 2 + v) >> 1
    while at > 0:
        before = tree[at]
        tree[at] = better(value, draws, tree[2 * at], tree[2 * at + 1])
        if tree[at] == before and before != v:
            break  # v has not won here before and does not now: nothing changes above
        at >>= 1


@kernel
def discounted(indptr, indices, back_ptr, back, p, single, draws, chosen):
    """Fill `chosen` by degree discount, or by single discount (docs of `rankings`)."""
    n = indptr.size - 1
    listeners = np.diff(indptr)
    heard = np.zeros(n, dtype=np.int64)  # arcs from v to those chosen
    hears = np.zeros(n, dtype=np.int64)  # arcs from those chosen to v
    value = listeners.astype(np.float64)
    tree = tournament(value, draws)
    for step in range(chosen.size):
        u = tree[1]
        chosen[step] = u
        value[u] = -np.inf
        play(tree, value, draws, u)
        for side in range(2):
            if side == 1 and single:
                break
            starts, ends = (back_ptr, back) if side == 0 else (indptr, indices)
            for k in range(starts[u], starts[u + 1]):
                v = ends[k]
                if side == 0:
                    heard[v] += 1
                else:
                    hears[v] += 1
                if value[v] == -np.inf:
                    continue
                left = listeners[v] - heard[v]
                value[v] = np.float64(left - hears[v]) - np.float64(left * hears[v]) * p
                play(tree, value, draws, v)


@kernel
def voted(indptr, indices, back_ptr, back, draws, chosen):
    """Fill `chosen` by VoteRank; votes are counted in whole units of 1 / number of arcs."""
    n = indptr.size - 1
    full = np.int64(indices.size)
    ability = np.full(n, full, dtype=np.int64)
    votes = full * np.diff(indptr)
    tree = tournament(votes, draws)
    for step in range(chosen.size):
        u = tree[1]
        chosen[step] = u
        votes[u] = -1
        play(tree, votes, draws, u)
        for k in range(indptr[u] - 1, indptr[u + 1]):
            own = k < indptr[u]  # first u itself, who votes no more, then its listeners
            v = u if own else np.int64(indices[k])
            less = ability[v] if own else min(np.int64(n), ability[v])
            if less == 0:
                continue
            ability[v] -= less
            for m in range(back_ptr[v], back_ptr[v + 1]):
                w = back[m]
                if votes[w] >= 0:
                    votes[w] -= less
                    play(tree, votes, draws, w)


@part
def collective(indptr, indices, left, gone, ball, scratch, stamp, u):
    """Return (listeners of u - 1) * the sum of the same over those `ball` steps away."""
    marks, queue = scratch
    marks[u] = stamp
    queue[0] = u
    start, size = 0, 1
    for _ in range(ball):
        end = size
        for at in range(start, end):
            w = queue[at]
            for k in range(indptr[w], indptr[w + 1]):
                v = indices[k]
                if marks[v] != stamp and not gone[v]:
                    marks[v] = stamp
                    queue[size] = v
                    size += 1
        start = end
    total = np.int64(0)
    for at in range(start, size):
        total += max(left[queue[at]] - 1, 0)
    return max(left[u] - 1, 0) * total


@kernel
def collectively(indptr, indices, back_ptr, back, ball, draws, chosen):
    """Fill `chosen` by collective influence, each taken away before the next is chosen.

    Up to ball 2 nobody's value rises when somebody is taken away (who is one step away stays so,
    who is two steps away can only come to be further), so old values are upper bounds: the best
    is recomputed until it is up to date.
    """
    n = indptr.size - 1
    left = np.diff(indptr)
    gone = np.zeros(n, dtype=np.bool_)
    scratch = (np.full(n, -1, dtype=np.int64), np.empty(n, dtype=np.int64))  # marks, queue
    value = np.empty(n, dtype=np.int64)
    stamp = np.int64(0)
    for u in range(n):
        value[u] = collective(indptr, indices, left, gone, ball, scratch, stamp, u)
        stamp += 1
    made = np.zeros(n, dtype=np.int64)  # before which choice the value was computed
    tree = tournament(value, draws)
    for step in range(chosen.size):
        while made[tree[1]] < step:
            u = tree[1]
            value[u] = collective(indptr, indices, left, gone, ball, scratch, stamp, u)
            stamp += 1
            made[u] = step
            play(tree, value, draws, u)
        u = tree[1]
        chosen[step] = u
        gone[u] = True
        value[u] = -1
        play(tree, value, draws, u)
        for k in range(back_ptr[u], back_ptr[u + 1]):
            left[back[k]] -= 1


@kernel
def influence_ranked(indptr, indices, chance, alpha, theta, steps, draws, chosen):
    """Fill `chosen` by IRIE: ranks by sums over listeners, discounted by earlier choices."""
    n = indptr.size - 1
    free = np.ones(n)  # chance that v is not won by those chosen
    taken = np.zeros(n, dtype=np.bool_)
    rank = np.empty(n)
    fresh = np.empty(n)
    best = np.zeros(n)
    met = np.empty(n, dtype=np.int64)
    for step in range(chosen.size):
        rank[:] = 1.0
        for _ in range(steps):
            for u in range(n):
                total = 0.0
                for k in range(indptr[u], indptr[u + 1]):
                    total += chance[k] * rank[indices[k]]
                fresh[u] = free[u] * (1.0 + alpha * total)
            rank, fresh = fresh, rank
        first = -1
        for u in range(n):
            if not taken[u]:
                first = better(rank, draws, first, u)
        chosen[step] = first
        taken[first] = True
        # The most probable path from the new one to each person, past none of those chosen.
        size = 0
        heap = [(-1.0, np.int64(first))]
        while len(heap) > 0:
            minus, w = heapq.heappop(heap)
            if w != first and -minus < best[w]:
                continue
            for k in range(indptr[w], indptr[w + 1]):
                v = np.int64(indices[k])
                through = -minus * chance[k]
                if through >= theta and not taken[v] and through > best[v]:
                    if best[v] == 0.0:
                        met[size] = v
                        size += 1
                    best[v] = through
                    heapq.heappush(heap, (-through, v))
        for at in range(size):
            free[met[at]] *= 1.0 - best[met[at]]
            best[met[at]] = 0.0
        free[first] = 0.0


@kernel
def rank_flow(indptr, indices, damping, steps):
    """Return PageRank on the arcs turned round: each listener shares its rank among its tellers."""
    n = indptr.size - 1
    tellers = np.zeros(n, dtype=np.int64)
    for k in range(indices.size):
        tellers[indices[k]] += 1
    rank = np.full(n, 1.0 / n)
    share = np.empty(n)
    for _ in range(steps):
        lost = 0.0
        for v in range(n):
            if tellers[v] == 0:
                lost += rank[v]
                share[v] = 0.0
            else:
                share[v] = rank[v] / tellers[v]
        base = (1.0 - damping) / n + damping * lost / n
        for u in range(n):
            total = 0.0
            for k in range(indptr[u], indptr[u + 1]):
                total += share[indices[k]]
            rank[u] = base + damping * total
    return rank


@kernel
def walks(indptr, indices, q, steps):
    """Return the sum over t = 1 .. steps of q**t * walks of t arcs out of each person."""
    n = indptr.size - 1
    ends = np.ones(n)
    more = np.empty(n)
    out = np.zeros(n)
    for _ in range(steps):
        for u in range(n):
            total = 0.0
            for k in range(indptr[u], indptr[u + 1]):
                total += ends[indices[k]]
            more[u] = q * total
            out[u] += more[u]
        ends, more = more, ends
    return out


@kernel
def most_heard(back_ptr, back, q, steps, order_base, draws, chosen):
    """Fill `chosen` with whom people name, asked in keyed order; return how many were named.

    Each names the person of whom it hears most: most walks of up to `steps` arcs to the one who
    is asked, a walk of t arcs counting q**t.
    """
    n = back_ptr.size - 1
    order = np.empty(n, dtype=np.uint64)
    for u in range(n):
        order[u] = draw(order_base, u)
    now, then = np.zeros(n), np.zeros(n)
    heard = np.zeros(n)
    front, after = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    met = np.empty(n, dtype=np.int64)
    listed = np.zeros(n, dtype=np.bool_)
    known = np.zeros(n, dtype=np.bool_)
    named = np.zeros(n, dtype=np.bool_)
    found = 0
    for u in np.argsort(order):
        if found == chosen.size:
            break
        now[u] = 1.0
        front[0] = u
        size, all_met = 1, 0
        for _ in range(steps):
            count = 0
            for at in range(size):
                v = front[at]
                for k in range(back_ptr[v], back_ptr[v + 1]):
                    w = back[k]
                    if not listed[w]:
                        listed[w] = True
                        after[count] = w
                        count += 1
                    then[w] += now[v]
            for at in range(size):
                now[front[at]] = 0.0
            for at in range(count):
                w = after[at]
                listed[w] = False
                then[w] *= q
                heard[w] += then[w]
                if not known[w]:
                    known[w] = True
                    met[all_met] = w
                    all_met += 1
            now, then = then, now
            front, after = after, front
            size = count
        for at in range(size):
            now[front[at]] = 0.0
        most = -1
        for at in range(all_met):
            if met[at] != u:
                most = better(heard, draws, most, met[at])
        for at in range(all_met):
            heard[met[at]] = 0.0
            known[met[at]] = False
        if most >= 0 and not named[most]:
            named[most] = True
            chosen[found] = most
            found += 1
    return found


@kernel
def beyond_circles(indptr, indices, need, steps):
    """Return how many outside a person's circle hear of `need` people in it, and so on."""
    n = indptr.size - 1
    heard = np.zeros(n, dtype=np.int64)
    active = np.zeros(n, dtype=np.bool_)
    queue = np.empty(n, dtype=np.int64)
    touched = np.empty(n, dtype=np.int64)
    out = np.zeros(n, dtype=np.int64)
    for u in range(n):
        queue[0] = u
        active[u] = True
        size = 1
        for k in range(indptr[u], indptr[u + 1]):
            queue[size] = indices[k]
            active[indices[k]] = True
            size += 1
        circle = size
        start, told = 0, 0
        for _ in range(steps):
            end = size
            for at in range(start, end):
                w = queue[at]
                for k in range(indptr[w], indptr[w + 1]):
                    v = indices[k]
                    if active[v]:
                        continue
                    if heard[v] == 0:
                        touched[told] = v
                        told += 1
                    heard[v] += 1
                    if heard[v] == need:
                        queue[size] = v
                        size += 1
            for at in range(end, size):
                active[queue[at]] = True
            start = end
            if size == end:
                break
        out[u] = size - circle
        for at in range(size):
            active[queue[at]] = False
        for at in range(told):
            heard[touched[at]] = 0
    return out


@kernel
def circles(indptr, indices, centres, draws, chosen):
    """Fill `chosen`: each centre, then its listeners by their draws, until there are enough."""
    taken = np.zeros(indptr.size - 1, dtype=np.bool_)
    size = 0
    for u in centres:
        row = indices[indptr[u] : indptr[u + 1]]
        order = np.argsort(draws[row])
        for at in range(-1, order.size):
            if size == chosen.size:
                return
            v = np.int64(u) if at < 0 else np.int64(row[order[at]])
            if not taken[v]:
                taken[v] = True
                chosen[size] = v
                size += 1

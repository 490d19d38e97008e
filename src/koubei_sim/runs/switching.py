"""Handing the state of a running world over to other rules, between two ticks.

The state of the compiled engine is sized by the rules: a mechanism that is off has arrays of one
element.  `switch` makes the state that the new rules ask for, carries over all that the old one
knows, and puts right what is stored in terms of the old rules: what leaks or decays lazily, the
rank of a half-life, the rival's calendar and that of first needs, the pool of reports.  Where the
rules in question did not change it touches nothing, so a switch between equal rules is exact to the
byte.
Called by `fork`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Block
from koubei_sim.model.compiled import CompiledRun, allocate
from koubei_sim.model.compiled.allocation import ARRAYS
from koubei_sim.model.compiled.own import OwnMechanisms
from koubei_sim.model.kernels.goods import arrive_anew, first_needs
from koubei_sim.model.kernels.release import fit_table
from koubei_sim.model.kernels.rival import first_offers
from koubei_sim.model.mechanisms import State
from koubei_sim.model.world.arrays import Rules, World

#: Arrays of the state that are not copied: those of the world, views of `counts`, and two pools.
_LEFT: Final = {
    "graph_at",
    "graph_size",
    "fit16",
    "reports",
    "ties",
    "attention",
    "left",
    *(name for name, array in ARRAYS.items() if array.world or array.count),
    "daily",
}


def switch(run: CompiledRun, world: World) -> None:
    """Let `run` go on under the rules of `world`, from its next tick on.

    Parameters
    ----------
    run : CompiledRun
        Stopped between two ticks, after the first.
    world : World
        The same people and graphs, as many ticks, other rules.
    """
    run._drain()
    at, old_rules = run.tick, run.world.rules
    rules = _spliced(old_rules, world.rules, at)
    world = world._replace(rules=rules)
    if run._own is not None:
        run._own = OwnMechanisms(world, run._own)
    old, new = run._state, allocate(world)
    _settle(old, old_rules, rules, at)
    new = _carry(old, new)
    new.listener["agent_class"] = world.people.agent_class
    new.actor["agent_class"] = world.people.agent_class
    if rules.tribe != old_rules.tribe:
        new.heard_there[:] = -1  # whom one hears there is counted anew
    new = _with_reports(old, new, rules)
    new = new._replace(ties=_ties(old, new))
    _remember(old.attention, new.attention, old_rules, rules)
    if old_rules.unfollow_on and rules.unfollow_on:
        _remember(old.left, new.left, old_rules, rules)
    run.world, run._state = world, new
    run._block, run._rules = Block("state", new), Block("rules", rules)
    _rival(run, old_rules, rules, at)
    _goods(run, old_rules, rules, at)
    fit_table(run._block, run._rules, at)


def _spliced(old: Rules, new: Rules, at: int) -> Rules:
    """Return the new rules with the rival's offers, and needs, so far taken from the old ones.

    Equal rules before `at` give equal sums, so the splice of equal rules is the identity.
    """

    def spliced(before: NDArray[np.int64], after: NDArray[np.int64]) -> NDArray[np.int64]:
        total = after.copy()
        total[at:] += before[at - 1] - total[at - 1]
        total[:at] = before[:at]
        return total

    offers = spliced(old.rival_cumulative, new.rival_cumulative)
    if old.goods_on and new.goods_on:
        arrivals = spliced(old.arrivals, new.arrivals)
        new = new._replace(arrivals=arrivals, has_at_start32=old.has_at_start32)
    return new._replace(rival_cumulative=offers, rival_on=int(offers[-1] > 0))


def _carry(old: State, new: State) -> State:
    """Copy every array that both have; keep those that only the old rules needed."""
    kept: dict[str, Any] = {}
    for name in State._fields:
        before, after = getattr(old, name), getattr(new, name)
        if isinstance(after, int):
            continue
        if name in _LEFT:
            continue
        if before.shape == after.shape:
            after[...] = before
        elif before.size > after.size:  # a mechanism now off: what it knew may be asked for
            kept[name] = before
    return new._replace(**kept)


def _settle(state: State, old: Rules, new: Rules, at: int) -> None:
    """Bring what decays lazily up to the evening before `at`, where its law changes."""
    now = at - 1
    if _differ(old, new, "memory_leak", "memory20"):
        v = state.listener
        since = now - v["touched"].astype(np.int64)
        late = since > 0
        if old.memory_leak:
            v["hazard"][late] = (v["hazard"][late] * old.memory20[since[late]]) >> 20
        v["touched"][late] = now  # so nobody forgets the product for what is left of the week
    if _differ(old, new, "engagement_decay", "channel_rank"):
        a = state.actor
        a["engagement"] *= old.engagement_decay[a["rank"], now - a["engaged"].astype(np.int64)]
        a["engaged"] = now
        # A rank stands for a half-life; who had it now has that of the stickiest such channel.
        rank = np.zeros(int(old.channel_rank.max(initial=0)) + 1, dtype=np.uint8)
        for before, after in zip(old.channel_rank, new.channel_rank, strict=True):
            if before > 0:
                rank[before] = max(rank[before], after)
        a["rank"] = rank[a["rank"]]

    if old.bonds_on and new.bonds_on and _differ(old, new, "bond_left"):
        state.bond[:] *= old.bond_left[now - state.bound_at]
        state.bound_at[:] = now


def _differ(old: Rules, new: Rules, *names: str) -> bool:
    return any(not np.array_equal(getattr(old, name), getattr(new, name)) for name in names)


def _with_reports(old: State, new: State, rules: Rules) -> State:
    """Carry the reports over: those of the smallest priorities, as many as can be read."""
    for k in range(rules.n_products):
        size = int(old.n_reports[k])
        most = min(int(rules.reading_capacity[k]), new.reports.shape[1])
        pile = old.reports[k, :size]
        chosen = pile[np.argsort(pile["priority"])][:most]
        new.reports[k, : chosen.size] = chosen[::-1]  # falling priorities are a max-heap
        new.n_reports[k] = chosen.size
    return new


def _ties(old: State, new: State) -> NDArray[Any]:
    """Return the ties made at meetings so far, with room for those to come."""
    made = old.ties[: int(old.n_ties[0])]
    return np.concatenate([made, new.ties])


def _remember(old: NDArray[Any], new: NDArray[Any], old_rules: Rules, rules: Rules) -> None:
    """Copy what is kept of each campaign, known by where and when it began; of others nothing."""
    known: dict[tuple[int, ...], list[Any]] = {}
    for campaign, value in zip(_campaigns(old_rules), old):
        known.setdefault(campaign, []).append(value)
    for m, campaign in enumerate(_campaigns(rules)):
        new[m] = known[campaign].pop(0) if known.get(campaign) else 0


def _campaigns(rules: Rules) -> list[tuple[int, ...]]:
    places = (rules.media_channel, rules.media_product, rules.media_start)
    return list(zip(*(place.tolist() for place in places), strict=True))


def _rival(run: CompiledRun, old: Rules, new: Rules, at: int) -> None:
    """Put the next offer of the rival to everybody on its new day."""
    if not new.rival_on:
        return
    state = run._state
    if not old.rival_on:
        # The sum is 0 up to `at`, so nobody's first offer can fall before it.
        first_offers(run._block, run._rules)
        return
    if not _differ(old, new, "rival_cumulative"):
        return
    # Everybody has one offer ahead of him; at most one a day, so one that is due comes at `at`.
    day = np.maximum(np.searchsorted(new.rival_cumulative, state.rival_level, side="left"), at)
    order = np.argsort(day, kind="stable").astype(np.int32)
    order = order[day[order] < new.ticks]
    days = day[order]
    state.rival_head[:] = -1
    state.rival_next[order] = -1
    follows = np.flatnonzero(days[1:] == days[:-1])
    state.rival_next[order[follows]] = order[follows + 1]
    first = np.flatnonzero(np.diff(days, prepend=-1))
    state.rival_head[days[first]] = order[first]


def _goods(run: CompiledRun, old: Rules, new: Rules, at: int) -> None:
    """Let needs arise from `at` on where there were no goods, or as they arrive now.

    Needs that do not arrive (replacements, what was put off) stay where they are.
    """
    if new.goods_on and not old.goods_on:
        run._state.need_head[:] = -1
        first_needs(run._block, run._rules, at - 1)
    elif new.goods_on and _differ(old, new, "arrivals"):
        arrive_anew(run._block, run._rules, at)

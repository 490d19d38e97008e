"""The state of a run before its first tick: every array, made as its mechanism declares it.

Lists are sized for the worst case but only touched, and so only occupy memory, as needed.
Called by the compiled engine and by `runs.switching`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from koubei_sim.core.codes import MAX_CHANNELS
from koubei_sim.core.draws import draw_many, stream
from koubei_sim.model.mechanisms import ACTOR, LISTENER, MECHANISMS, STOCKS, State, arrays_of
from koubei_sim.model.mechanisms.channels import T_MEMBERS
from koubei_sim.model.mechanisms.declaration import WORDS, Array, Slot
from koubei_sim.model.mechanisms.observe import LOG
from koubei_sim.model.mechanisms.population import T_STAGE
from koubei_sim.model.mechanisms.registration import DRAW_MEMBER_AT_START
from koubei_sim.model.world.arrays import People, Rules, World

_CACHE_LINE = 64
#: Arrays of a state and how they are declared, by name.
ARRAYS: Final = dict(arrays_of(State))
#: What everybody must know in the morning.
NEWS: Final = [name for name, array in ARRAYS.items() if array.news]
#: Lists that people fill in a day, and who counts their lines.
LISTS: Final = {name: array.counter for name, array in ARRAYS.items() if array.counter}


def aligned_zeros(count: int, dtype: Any) -> np.ndarray:
    """Return `count` zeroed records whose first begins a cache line.

    numpy aligns to 16 bytes only; a record that straddles two lines costs two cache misses,
    measured as half of the speed of hearing.
    """
    size = count * np.dtype(dtype).itemsize
    raw = np.zeros(size + _CACHE_LINE, np.uint8)
    start = -raw.ctypes.data % _CACHE_LINE
    records: np.ndarray = raw[start : start + size].view(dtype)
    return records


def _sizes(rules: Rules, people: int) -> dict[str, int]:
    """Return what the words in the shapes of arrays stand for."""
    return {
        "people": people,
        WORDS: (people + 63) // 64,
        "ticks": rules.ticks,
        "products": max(1, rules.n_products),
        "classes": rules.class_level.size,
        "used channels": max(1, rules.n_channels),
        "stocks": STOCKS,
    }


def _shape(array: Array, rules: Rules, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """Return the shape of an array; all ones where the rules do not use it."""
    if not array.is_needed(rules):
        return (1,) * len(array.shape)
    found = tuple(size(rules) if callable(size) else sizes.get(size, size) for size in array.shape)
    return (math.prod(found),) if array.flat else found


def make(names: Iterable[str], rules: Rules, people: int) -> dict[str, np.ndarray]:
    """Return arrays of the state by name, for so many people."""
    sizes, found = _sizes(rules, people), {}
    for name in names:
        array = ARRAYS[name]
        shape = _shape(array, rules, sizes)
        if array.fill is None:
            found[name] = np.empty(shape, array.dtype)
        elif array.fill == 0:
            found[name] = np.zeros(shape, array.dtype)
        else:
            found[name] = np.full(shape, array.fill, array.dtype)
    return found


def counters() -> dict[str, np.ndarray]:
    """Return the array of all counters, and each as a view of it; the daily ones come first.

    They lie on lines of the cache that nobody else writes to: each part has its own.
    """
    ordered = sorted(
        ((name, array) for name, array in ARRAYS.items() if array.count),
        key=lambda entry: entry[1].lasting,
    )
    sizes = [math.prod(array.shape) for _, array in ordered]
    counts = aligned_zeros(-(-sum(sizes) // 8) * 8, np.int64)
    daily = sum(size for size, (_, array) in zip(sizes, ordered) if not array.lasting)
    found, at = {"counts": counts, "daily": counts[:daily]}, 0
    for size, (name, array) in zip(sizes, ordered):
        found[name] = counts[at : at + size].reshape(array.shape)
        at += size
    return found


def _records(dtype: np.dtype[Any], slots: Iterator[Slot], people: People, own: slice) -> np.ndarray:
    """Return a record for each person, with what the world says of it."""
    records = aligned_zeros(people.agent_class.size, dtype)
    for slot in slots:
        known = getattr(people, slot.name, None)
        if known is not None:
            records[slot.name][own] = known[own]
        elif slot.start:
            records[slot.name][own] = slot.start
    return records


def _first_members(
    outside: np.ndarray, rules: Rules, c: int, first: int, belongs: np.ndarray
) -> np.ndarray:
    """Return which of those who belong on board `c` are there on the first day; note the others."""
    coins = np.empty(belongs.size, np.uint64)
    draw_many(stream(rules.key, rules.replicate, DRAW_MEMBER_AT_START, 0, c), first, coins)
    member = belongs & ((coins >> np.uint64(32)) < np.uint64(rules.start32[c]))
    _fill(outside, belongs & ~member)
    return member


def _fill(words: np.ndarray, found: np.ndarray) -> None:
    """Write a set: one bit a person."""
    bits = np.packbits(found, bitorder="little")
    words.view(np.uint8)[: bits.size] = bits


def _sets(n: int) -> dict[str, np.ndarray]:
    """Return all sets of people, in one piece.

    At millions of people it is large enough for huge pages, and the set of those who hear is met at
    random once an arc.
    """
    kept = {name: a.shape[:-1] for name, a in ARRAYS.items() if a.shape[-1:] == (WORDS,)}
    words = (n + 63) // 64
    sets = aligned_zeros(sum(math.prod(many) for many in kept.values()) * words, np.uint64)
    found, at = {}, 0
    for name, many in kept.items():
        size = math.prod(many) * words
        found[name] = sets[at : at + size].reshape(*many, words)
        at += size
    return found


def allocate(world: World, first: int = 0, last: int | None = None) -> State:
    """Make the state of a world before its seeds are placed.

    Parameters
    ----------
    world : World
    first, last : int, optional
        The people whose state is filled in, all without them; `first` is a multiple of 64.  The
        memory of the others is reserved, but not taken until somebody writes to it.

    Returns
    -------
    State
    """
    people, rules, graphs = world.people, world.rules, world.graphs
    n = rules.n
    last = n if last is None else last
    own, own_words = slice(first, last), slice(first // 64, (last + 63) // 64)

    listener = _records(LISTENER, (s for m in MECHANISMS for s in m.listener), people, own)
    listener["stage"][own] = people.initial_stage[own]
    stage = np.zeros(n, np.uint8)
    stage[own] = people.initial_stage[own]
    sets = _sets(n)
    sets["hearing"][own_words] = ~np.uint64(0)
    if last % 64 and last > first:
        sets["hearing"][last // 64] = np.uint64((1 << (last % 64)) - 1)
    plain = [name for name, a in ARRAYS.items() if not (a.count or a.world or name in sets)]
    arrays = {
        **make(plain, rules, n),
        **{name: getattr(people, name) for name, array in ARRAYS.items() if array.world},
        **sets,
        **counters(),
        "stage": stage,
    }
    actor = _records(ACTOR, (s for m in MECHANISMS for s in m.actor), people, own)
    stocks = arrays["stocks"]
    for c in range(rules.n_channels):
        belongs = (people.channels[own] >> c) & 1
        if rules.is_board[c] and rules.start32[c] < 1 << 32:
            belongs = _first_members(sets["outside"][c, own_words], rules, c, first, belongs)
            actor["channels"][own] &= ~((1 - belongs) << c)
        _fill(sets["members"][c, own_words], belongs)
        stocks[T_MEMBERS + c] = int(belongs.sum(dtype=np.int64))
    stages = np.bincount(people.initial_stage[own], minlength=7)
    stocks[T_STAGE : T_STAGE + 7] = stages[:7]

    for name in ("quality", "difficulty"):
        arrays[name][: rules.n_products] = getattr(rules, name)
    return State(
        first=first,
        last=last,
        listener=listener,
        actor=actor,
        outbox=arrays["messages"],
        graph_at=np.array(
            [[a[c].ctypes.data for a in graphs] for c in range(MAX_CHANNELS)], np.uint64
        ),
        graph_size=np.array([[a[c].size for a in graphs] for c in range(MAX_CHANNELS)]),
        change=stocks,
        log=np.empty(2 * n + 4096, LOG),
        **arrays,
    )

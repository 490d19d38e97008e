"""Bass diffusion by ticks: everybody adds to an exposure and adopts when it exceeds a resistance.

Two kernels give the same ticks.  The *sweep* goes over all people in every tick: one subtraction
each, eight people an instruction, so it is bound by memory (0.5 ns a person and tick).  The
*prediction* divides what is left of a resistance by the hazard to know the tick in which it will
be used up, again whenever a source adopts, and keeps people in a wheel by that tick: the number
of ticks costs nothing, but each arc costs a division.  `sweeps` of the rule chooses by
the size of the problem alone.

Measured on one core of a Zen 5 class machine at 100 k people and 1 M arcs: 50 ticks 7 ms by sweep
and 18 by prediction; 1,000 ticks 46 and 20; at 1 M people and 10 M arcs 50 ticks 115 and 350,
1,000 ticks 480 and 210.

Where p follows a schedule, people are swept: what a person adds by itself is made anew each tick.

Hazards are integers (docs/cascades.md 2), so neither the order of additions nor the choice of the
kernel changes a bit.  Called by `koubei_sim.cascades.rules.bass`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from koubei_sim.cascades.kernels.frame import run_batch
from koubei_sim.cascades.kernels.queue import NEVER, SLOT_CHUNK, enter, open_wheel, wheel_arrays
from koubei_sim.core.codes import DRAW_RESISTANCE
from koubei_sim.core.draws import RESISTANCE_SHIFT, draw, exponential_units, stream
from koubei_sim.core.prefetch import prefetch

LEFT, HAZARD, BUMP, DUE = 0, 1, 2, 3  # columns of `state` in the prediction
SLOTS: Final = 4096  # ticks in the window of the wheel
UNIT: Final = 4294967296.0  # hazards are counted in parts of 1 / UNIT
BUFFER: Final = 256  # arcs whose targets are asked for before the first is changed
BLOCK: Final = 32  # people swept before anybody looks whether one of them adopted
FAR: Final = 16  # adopters ahead of which row starts are asked for
NEAR: Final = 6  # and rows


class BassTicksRule(NamedTuple):
    """Hazards in units of 2**-32 a tick, each below 2**52."""

    own: NDArray[np.int64]  # A: (n,), or (1,) where it is one number
    word: NDArray[np.int64]  # B: (n,), of each arc from an adopter
    dt: float  # length of a tick
    horizon: int  # last tick
    sweep: int  # 1: sweep, 0: predict
    alone: NDArray[np.float64]  # p dt of each person, as `own`, where there is a schedule
    schedule: NDArray[np.float64]  # (ticks,): factor of p in each tick; (0,) where p is constant


class BassTicksScratch(NamedTuple):
    """What one thread needs: `slack` to `bump` for the sweep, `state` to `wheel` to predict."""

    slack: NDArray[np.int64]  # (n,): resistance less exposure; NEVER for adopters
    rate: NDArray[np.int64]  # (n,): hazard now; 0 for adopters
    bump: NDArray[np.int64]  # (n,): copy of `word`; 0 for adopters
    state: NDArray[np.int64]  # (n, 4): LEFT, HAZARD, BUMP, DUE (-1 for adopters)
    head: NDArray[np.int32]  # of the wheel, as all to `wheel`
    full: NDArray[np.int32]
    chunk: NDArray[np.int32]
    wheel: NDArray[np.int64]
    buffer: NDArray[np.int32]  # (BUFFER,)


def bass_ticks_scratch(n: int, sweep: bool) -> BassTicksScratch:
    """Make scratch space for n people and the kernel that will run."""
    swept, predicted = (n, 0) if sweep else (0, n)
    return BassTicksScratch(
        slack=np.empty(swept, np.int64),
        rate=np.empty(swept, np.int64),
        bump=np.empty(swept, np.int64),
        state=np.empty((predicted, 4), np.int64),
        **wheel_arrays(predicted, SLOTS)._asdict(),
        buffer=np.empty(BUFFER, np.int32),
    )


@njit(cache=True, nogil=True)
def resistance(base, v):
    """Resistance of person `v` in units of 2**-32."""
    return exponential_units(draw(base, v)) << RESISTANCE_SHIFT


@njit(cache=True, nogil=True)
def _add_buffer(s, filled):
    rate, bump, buffer = s.rate, s.bump, s.buffer
    for i in range(filled):
        v = buffer[i]
        rate[v] += bump[v]


@njit(cache=True, nogil=True)
def _tell_swept(rows, s, t, begin, end):
    """Raise the hazards of all whom the adopters ``order[begin:end]`` reach."""
    indptr, indices, order, buffer = rows.indptr, rows.indices, t.order, s.buffer
    at_rows, at_targets = indptr.ctypes.data, indices.ctypes.data
    at_rate, at_bump = s.rate.ctypes.data, s.bump.ctypes.data
    for k in range(begin, end):
        s.rate[order[k]] = 0
        s.bump[order[k]] = 0
    filled = 0
    for k in range(begin, end):
        if k + FAR < end:
            prefetch(np.uint64(at_rows + 8 * np.int64(order[k + FAR])))
        if k + NEAR < end:
            prefetch(np.uint64(at_targets + 4 * indptr[order[k + NEAR]]))
        u = order[k]
        for e in range(indptr[u], indptr[u + 1]):
            v = indices[e]
            prefetch(np.uint64(at_rate + 8 * np.int64(v)))
            prefetch(np.uint64(at_bump + 8 * np.int64(v)))
            buffer[filled] = v
            filled += 1
            if filled == BUFFER:
                _add_buffer(s, filled)
                filled = 0
    _add_buffer(s, filled)


@njit(cache=True, nogil=True)
def _reschedule(rule, s, tick):
    """Put what people add by themselves in `tick` in the place of what they added before."""
    alone, slack, rate = rule.alone, s.slack, s.rate
    for v in range(rate.size):
        p = alone[v] if alone.size == rate.size else alone[0]
        now = np.int64(np.floor(p * rule.schedule[tick - 1] * UNIT + 0.5))
        before = np.int64(0)
        if tick > 1:
            before = np.int64(np.floor(p * rule.schedule[tick - 2] * UNIT + 0.5))
        if slack[v] != NEVER:
            rate[v] += now - before


@njit(cache=True, nogil=True)
def _sweep(rows, rule, s, t, base, count):
    """Run a replicate whose `count` seeds stand in ``t.order``; return the number of adopters."""
    n = rows.n
    slack, rate, bump, order, time = s.slack, s.rate, s.bump, t.order, t.time
    for v in range(n):
        slack[v] = resistance(base, v)
    for v in range(n):
        rate[v] = rule.own[v] if rule.own.size == n else rule.own[0]
        bump[v] = rule.word[v]
    for k in range(count):
        slack[order[k]] = NEVER
    _tell_swept(rows, s, t, 0, count)
    tick = 0
    moving = True  # whether somebody may still be exposed
    while tick < rule.horizon and count < n and moving:
        tick += 1
        if rule.schedule.size > 0:
            _reschedule(rule, s, tick)
        before = count
        for lo in range(0, n, BLOCK):
            hi = min(lo + BLOCK, n)
            sign = np.int64(0)
            for v in range(lo, hi):
                x = slack[v] - rate[v]
                slack[v] = x
                sign |= x
            if sign < 0:
                for v in range(lo, hi):
                    order[count] = v
                    count += np.int64(slack[v] < 0)
        now = np.float64(tick) * rule.dt
        for k in range(before, count):
            slack[order[k]] = NEVER
            time[k] = now
        if count > before:
            _tell_swept(rows, s, t, before, count)
        else:
            hazard = np.int64(0)
            for v in range(n):
                hazard |= rate[v]
            moving = hazard != 0 or rule.schedule.size > 0
    return count


@njit(cache=True, nogil=True)
def _refill(s, tick):
    """Open the wheel at the first tick after `tick` in which somebody is due; return that tick."""
    state = s.state
    n = state.shape[0]
    soonest = np.int64(NEVER)
    for v in range(n):
        if tick < state[v, DUE] < soonest:
            soonest = state[v, DUE]
    open_wheel(s, soonest)
    if soonest < NEVER:
        for v in range(n):
            if state[v, DUE] > tick:
                enter(s, v, state[v, DUE])
    return soonest


@njit(cache=True, nogil=True)
def _hear(s, filled, tick, turning):
    """Raise the hazards of those in the buffer and predict anew; `turning`: enter them."""
    state, buffer = s.state, s.buffer
    for i in range(filled):
        v = buffer[i]
        due = state[v, DUE]
        if due < 0 or state[v, BUMP] == 0:
            continue
        hazard = state[v, HAZARD] + state[v, BUMP]
        # LEFT is the resistance less all exposure but hazard * tick, so that people are touched
        # only when their hazard changes.  It may wrap around; the difference does not.
        left = state[v, LEFT] + state[v, BUMP] * tick
        state[v, HAZARD] = hazard
        state[v, LEFT] = left
        rest = left - hazard * tick
        # The quotient by float64, four times as fast: rest < 2**38 and hazard < 2**53 are exact,
        # and a quotient below an integer is further from it than the rounding reaches.
        new = tick + np.int64(np.float64(rest) / np.float64(hazard)) + 1
        if new < due:
            state[v, DUE] = new
            if turning and not enter(s, v, new):
                start = s.wheel[0]
                open_wheel(s, start)
                for w in range(state.shape[0]):
                    if state[w, DUE] > tick:
                        enter(s, w, state[w, DUE])


@njit(cache=True, nogil=True)
def _tell_predicted(rows, s, t, begin, end, tick, turning):
    """Let the adopters ``order[begin:end]`` of `tick` be heard."""
    indptr, indices, order, buffer = rows.indptr, rows.indices, t.order, s.buffer
    at_rows, at_targets, at_state = indptr.ctypes.data, indices.ctypes.data, s.state.ctypes.data
    filled = 0
    for k in range(begin, end):
        if k + FAR < end:
            prefetch(np.uint64(at_rows + 8 * np.int64(order[k + FAR])))
        if k + NEAR < end:
            prefetch(np.uint64(at_targets + 4 * indptr[order[k + NEAR]]))
        u = order[k]
        for e in range(indptr[u], indptr[u + 1]):
            v = indices[e]
            prefetch(np.uint64(at_state + 32 * np.int64(v)))
            buffer[filled] = v
            filled += 1
            if filled == BUFFER:
                _hear(s, filled, tick, turning)
                filled = 0
    _hear(s, filled, tick, turning)


@njit(cache=True, nogil=True)
def _predict(rows, rule, s, t, base, count):
    """`_sweep` by prediction."""
    n = rows.n
    state, order, time = s.state, t.order, t.time
    at_state = state.ctypes.data
    for v in range(n):
        left = resistance(base, v)
        own = rule.own[v] if rule.own.size == n else rule.own[0]
        state[v, LEFT] = left
        state[v, HAZARD] = own
        state[v, BUMP] = rule.word[v]
        state[v, DUE] = left // own + 1 if own > 0 else NEVER
    for k in range(count):
        state[order[k], DUE] = -1
    _tell_predicted(rows, s, t, 0, count, 0, False)
    tick = np.int64(0)
    while True:
        start = _refill(s, tick)
        if start > rule.horizon:  # NEVER is beyond any horizon
            return count
        for place in range(s.head.size):
            at = s.head[place]
            if at < 0:
                continue
            tick = start + place
            if tick > rule.horizon:
                return count
            now = np.float64(tick) * rule.dt
            before = count
            filled = s.full[place]
            while at >= 0:
                after = s.chunk[at, 0]
                if after >= 0:
                    for j in range(1, SLOT_CHUNK + 1):
                        prefetch(np.uint64(at_state + 32 * np.int64(s.chunk[after, j])))
                for j in range(1, filled + 1):
                    v = s.chunk[at, j]
                    if state[v, DUE] == tick:
                        state[v, DUE] = -1
                        order[count] = v
                        time[count] = now
                        count += 1
                at = after
                filled = SLOT_CHUNK
            _tell_predicted(rows, s, t, before, count, tick, True)


@njit(cache=True, nogil=True)
def spread(rows, rule, s, t, key, replicate, n):
    """Run one replicate of `n` seeds; see `frame`."""
    base = stream(key, replicate, DRAW_RESISTANCE, 0, 0)
    if rule.sweep != 0:
        n = _sweep(rows, rule, s, t, base, n)
    else:
        n = _predict(rows, rule, s, t, base, n)
    return n, n, -1


@njit(cache=True, nogil=True)
def bass_ticks_batch(rows, rule, s, t, seeds, out, lo, hi):
    """Run a batch; see `frame.run_batch`."""
    return run_batch(spread, rows, rule, s, t, seeds, out, (lo, hi))

"""Addressed random draws: every number is a pure function of where it is used.

An address is ``(key, replicate, purpose, tick, j, i)``.  Each field in turn picks one output of
a SplitMix64 generator (Steele, Lea and Flood 2014, *Fast splittable pseudorandom number
generators*, OOPSLA) seeded with the output that the field before it picked; the last field, the
person ``i``, is a plain counter, so a loop over people is one addition and one finaliser each
and the compiler can do eight of them at once.  There are no streams to advance: any replicate
alone, any engine, any number of threads sees the same bits, and two scenarios share every draw
that they have in common.

The module also holds the only logarithm and exponential that the tick loop may use.  They are
made of + - * / in a fixed order, so they give the same bits on every processor; the maths
library of the machine does not.

Used by both engines, by the network generators and by seeding.  Imports nothing of ours.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import float64, int64, njit, uint64, void
from numpy.typing import NDArray

from koubei_sim.core.compiling import kernel, part

GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, the SplitMix64 increment
_M1: Final = np.uint64(0xBF58476D1CE4E5B9)  # finaliser constants of SplitMix64 (Stafford mix 13)
_M2: Final = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)
_ONE = np.uint64(1)
_S32, _S12 = np.uint64(32), np.uint64(12)

UNIT: Final = 1 << 32  # hazards: integer units of 2**-32
RESISTANCE_BITS: Final = 26  # resistances are kept in units of 2**-26 ...
RESISTANCE_SHIFT: Final = 32 - RESISTANCE_BITS  # ... and compared after this left shift
HAZARD_ONE: Final = 40 * UNIT  # the hazard of probability 1: above every resistance (at most 37.5)
HAZARD_CAP: Final = 1 << 42  # accumulated hazards saturate here (1024 in natural units)


@njit(uint64(uint64), cache=True, inline="always")
def mix64(z):
    """The SplitMix64 finaliser: a bijection of 64-bit words with full avalanche."""
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@kernel(uint64(uint64, int64, int64, int64, int64))
def stream(key, replicate, purpose, tick, j):
    """Return the base of all draws that share an address up to the person.

    Parameters
    ----------
    key : int
        The key of the run, a 64-bit word.
    replicate, purpose, tick, j : int
        Address fields, each at least 0 (`purpose` is a constant of `core.codes`).

    Returns
    -------
    uint64
        Pass it to `draw` with the person's number.
    """
    s = np.uint64(key)
    s = mix64(s + GOLDEN * (np.uint64(replicate) + _ONE))
    s = mix64(s + GOLDEN * (np.uint64(purpose) + _ONE))
    s = mix64(s + GOLDEN * (np.uint64(tick) + _ONE))
    return mix64(s + GOLDEN * (np.uint64(j) + _ONE))


@kernel(uint64(uint64, int64))
def draw(base, i):
    """Return 64 random bits: output number `i` of SplitMix64 seeded with `base`."""
    return mix64(np.uint64(base) + GOLDEN * (np.uint64(i) + _ONE))


@kernel(int64(uint64, int64))
def draw32(base, i):
    """Return the upper 32 bits of `draw`, as int64 in ``[0, 2**32)``; coins compare these."""
    return np.int64(draw(base, i) >> _S32)


@part
def coins_below(base, first, limit):
    """Return which of 64 coins are below `limit`: bit b says it of ``draw32(base, first + b)``.

    The compiler does several at a time, so that 64 take as long as 10 to 25 one by one.
    """
    below = np.uint64(0)
    for b in range(64):
        below |= np.uint64(draw32(base, first + b) < limit) << np.uint64(b)
    return below


@kernel([void(uint64, int64, uint64[::1]), void(uint64, int64, uint64[:])])
def draw_many(base, start, out):
    """Fill ``out[k] = draw(base, start + k)`` (uint64 array): the vector form, equal in bits."""
    for k in range(out.size):
        out[k] = draw(base, start + k)


@kernel
def pick(bits32, n):
    """Map 32 random bits to ``0 .. n-1`` by multiply and shift (bias below n / 2**32)."""
    return (np.int64(bits32) * np.int64(n)) >> 32


@kernel(float64(uint64))
def unit_open(bits):
    """Map 64 random bits to a float64 in the open interval (0, 1): (upper 52 bits + 1/2) 2**-52.

    With 53 bits the sum would need 54, and the largest would be rounded up to 1.
    """
    return (np.float64(np.int64(bits >> _S12)) + 0.5) * 2.220446049250313e-16


@kernel
def log_portable(x):
    """Natural logarithm of a positive normal float64, equal in bits on every processor.

    Argument reduction to [sqrt(1/2), sqrt(2)) and the odd series of ``log((1+s)/(1-s))`` with
    the minimax coefficients of FDLIBM ``e_log.c`` (Sun Microsystems 1993).  Error under 1 ulp.
    """
    bits = np.float64(x).view(np.int64)
    k = (bits >> 52) - 1023
    m = np.int64((bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000).view(np.float64)
    if m > 1.4142135623730951:
        m = m * 0.5
        k += 1
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    t1 = w * (0.3999999999940941908 + w * (0.2222219843214978396 + w * 0.1531383769920937332))
    t2 = z * (
        0.6666666666666735130
        + w * (0.2857142874366239149 + w * (0.1818357216161805012 + w * 0.1479819860511658591))
    )
    r = t2 + t1
    half = 0.5 * f * f
    dk = np.float64(k)
    return dk * 6.93147180369123816490e-01 - (
        (half - (s * (half + r) + dk * 1.90821492927058770002e-10)) - f
    )


@kernel
def exp_neg_portable(x):
    """Return ``exp(-x)`` for ``x >= 0``, equal in bits on every processor (0 beyond x = 700).

    Reduction by multiples of log 2 and a Taylor polynomial of degree 13 on [-0.35, 0.35];
    relative error under 4e-16.
    """
    if x > 700.0:
        return 0.0
    k = np.int64(x * 1.4426950408889634 + 0.5)
    dk = np.float64(k)
    r = (dk * 6.93147180369123816490e-01 - x) + dk * 1.90821492927058770002e-10
    p = 1.0
    for n in range(13, 0, -1):
        p = 1.0 + p * r / np.float64(n)
    scale = np.int64((1023 - k) << 52).view(np.float64)
    return p * scale


@kernel
def power_portable(base, exponent):
    """Return ``base ** exponent`` for a base in [0, 1] and an exponent of at least 0."""
    if exponent == 0.0 or base == 1.0:
        return 1.0
    if base <= 0.0:
        return 0.0
    return exp_neg_portable(-exponent * log_portable(base))


@kernel(int64(uint64))
def exponential_units(bits):
    """Map 64 random bits to an Exp(1) variable in integer units of 2**-26 (below 37 * 2**26)."""
    return np.int64(-log_portable(unit_open(bits)) * 67108864.0)


@kernel
def hazard_units(p):
    """Return ``-log(1 - p)`` in units of 2**-32; probability 1 gives `HAZARD_ONE`.

    Adding these for independent exposures and comparing with one Exp(1) draw converts with
    exactly the probability that one of the exposures succeeds (Sellke 1983).
    """
    if p >= 1.0:
        return np.int64(HAZARD_ONE)
    if p <= 0.0:
        return np.int64(0)
    q = 1.0 - p
    h = -log_portable(q)
    # For small p, 1 - p has lost the low bits of p; put them back to first order.
    h = h + (p - (1.0 - q)) / q
    return min(np.int64(HAZARD_ONE), np.int64(h * 4294967296.0))


def drawn(
    number: int, key: int, purpose: int, replicate: int = 0, tick: int = 0, j: int = 0
) -> NDArray[np.uint64]:
    """Return the draws of the first `number` people at an address, shape [number]."""
    bits = np.empty(number, dtype=np.uint64)
    draw_many(np.uint64(stream(np.uint64(key), replicate, purpose, tick, j)), 0, bits)
    return bits


def units_drawn(number: int, *address: int) -> NDArray[np.float64]:
    """Return the same as numbers in (0, 1); draw i is the same for any number."""
    return ((drawn(number, *address) >> _S12).astype(np.float64) + 0.5) * 2.0**-52


def key_from(rng: object) -> int:
    """Turn `rng` (int, numpy SeedSequence or Generator, or None) into a 64-bit key (SPEC 7).

    An int below 2**64 is used as it is, so that a key read from a result repeats the run.

    Examples
    --------
    >>> key_from(7)
    7
    """
    if rng is None:
        rng = np.random.SeedSequence()
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool):
        if not 0 <= int(rng) < 1 << 64:
            raise ValueError(f"rng: out of range, got {int(rng)}, allowed 0..2**64-1, try rng=7")
        return int(rng)
    if isinstance(rng, np.random.SeedSequence):
        return int(rng.generate_state(1, np.uint64)[0])
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(0, 1 << 64, dtype=np.uint64))
    raise TypeError(
        f"rng: wrong type, got {type(rng).__name__}, "
        "allowed int, SeedSequence, Generator or None, try rng=7"
    )

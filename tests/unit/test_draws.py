"""The addressed draws: published vectors, a plain-Python twin, portability of log and exp, keys.

The twin below is written from the paper (Steele, Lea and Flood 2014) with Python's big integers
and knows nothing of numpy or numba.
"""

from __future__ import annotations

import hashlib
import math
import threading
from decimal import Decimal, localcontext

import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from koubei_sim.core import draws
from koubei_sim.model.kernels import sets

MASK = (1 << 64) - 1
WORDS = st.integers(0, MASK)
FIELDS = st.integers(0, (1 << 31) - 1)

# First five outputs for the seed 1234567: the vector commonly published for SplitMix64.
PUBLISHED_SEED = 1234567
PUBLISHED = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]


# ---------------------------------------------------------------- the twin


def twin_finaliser(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def twin_outputs(seed: int, count: int) -> list[int]:
    """SplitMix64 as published: a state that is advanced, one output after the other."""
    state, out = seed, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        out.append(twin_finaliser(state))
    return out


def twin_output(seed: int, number: int) -> int:
    return twin_finaliser((seed + 0x9E3779B97F4A7C15 * (number + 1)) & MASK)


def twin_stream(key: int, *fields: int) -> int:
    base = key
    for field in fields:
        base = twin_output(base, field)
    return base


# ---------------------------------------------------------------- known answers


def test_published_vector() -> None:
    """Catches a wrong constant, shift or increment: the outputs of seed 1234567 as published."""
    got = [int(draws.draw(np.uint64(PUBLISHED_SEED), i)) for i in range(5)]
    assert got == PUBLISHED
    assert twin_outputs(PUBLISHED_SEED, 5) == PUBLISHED  # the twin is held to it as well


@pytest.mark.parametrize("seed", [0, 1, MASK, 0x9E3779B97F4A7C15, 1 << 63])
def test_seeds_at_the_edges_against_the_sequential_twin(seed: int) -> None:
    """Catches sign extension and overflow: a state advanced 1000 times against the counter form."""
    out = np.empty(1000, np.uint64)
    draws.draw_many(np.uint64(seed), 0, out)
    assert out.tolist() == twin_outputs(seed, 1000)


@given(WORDS)
def test_the_finaliser_is_the_published_one(word: int) -> None:
    """Catches a signed shift: words with the top bit set must be shifted as unsigned."""
    assert int(draws.mix64(np.uint64(word))) == twin_finaliser(word)


@given(WORDS, FIELDS, FIELDS, FIELDS, FIELDS, FIELDS)
@example(MASK, 0, 0, 0, 0, 0)
@example(0, 0, 0, 0, 0, (1 << 31) - 1)
def test_an_address_against_the_twin(
    key: int, replicate: int, purpose: int, tick: int, j: int, i: int
) -> None:
    """Catches fields swapped, skipped or mixed in another order than documented."""
    base = draws.stream(np.uint64(key), replicate, purpose, tick, j)
    assert int(base) == twin_stream(key, replicate, purpose, tick, j)
    bits = twin_stream(key, replicate, purpose, tick, j, i)
    assert int(draws.draw(base, i)) == bits
    assert int(draws.draw32(base, i)) == bits >> 32


@pytest.mark.parametrize("kind", [int, np.int32, np.int64, np.uint8, np.uint64])
def test_the_type_of_a_field_does_not_matter(kind: type) -> None:
    """Catches a field of another integer type that changes the draw (int32 person, int64 tick)."""
    base = draws.stream(np.uint64(7), kind(3), kind(5), kind(200), kind(2))
    assert int(base) == twin_stream(7, 3, 5, 200, 2)
    assert int(draws.draw(base, kind(99))) == twin_stream(7, 3, 5, 200, 2, 99)


@pytest.mark.parametrize("key", [0, 7, (1 << 63) - 1, 1 << 63, MASK])
def test_a_key_as_a_python_int_equals_the_word(key: int) -> None:
    """Catches words of 2**63 and more refused or cut on their way into compiled code.

    Compiled functions give plain ints back to Python, so the reference engine passes such words
    on; whether they are accepted must not depend on which type was compiled first.
    """
    assert int(draws.stream(7, 1, 2, 3, 4)) == twin_stream(7, 1, 2, 3, 4)
    assert int(draws.stream(key, 1, 2, 3, 4)) == twin_stream(key, 1, 2, 3, 4)
    for base in (7, key):
        bits = twin_output(base, 5)
        assert int(draws.draw(base, 5)) == bits
        assert int(draws.draw32(base, 5)) == bits >> 32
    for bits in (7, key):
        assert draws.unit_open(bits) == draws.unit_open(np.uint64(bits))
        assert draws.exponential_units(bits) == draws.exponential_units(np.uint64(bits))


# ---------------------------------------------------------------- one bit pattern everywhere


def test_the_vector_form_equals_the_scalar_form() -> None:
    """Catches a vectorised loop that numbers people differently (start, stride, length 0)."""
    base = draws.stream(np.uint64(11), 0, 1, 2, 3)
    for start, size in [(0, 1), (0, 1003), (5, 64), (999_983, 17), (3, 0)]:
        out = np.empty(size, np.uint64)
        draws.draw_many(base, start, out)
        assert out.tolist() == [int(draws.draw(base, start + k)) for k in range(size)]


@pytest.mark.parametrize("limit", [0, 1, 1 << 27, 1 << 31, (1 << 32) - 1, 1 << 32])
def test_64_coins_at_once_are_those_tossed_one_by_one(limit: int) -> None:
    """Catches people numbered from another place or backwards, and a coin at the limit itself."""
    base = draws.stream(np.uint64(11), 0, 1, 2, 3)
    for first in (0, 64, 1 << 20):
        coins = [draws.draw32(base, first + b) for b in range(64)]
        for least in {limit, *coins[:3]}:
            below = [coin < least for coin in coins]
            found = draws.coins_below(base, first, least)
            assert found == sum(1 << b for b in range(64) if below[b])


@pytest.mark.parametrize("limit", [0, 1 << 28, 1 << 31, 1 << 32])
def test_a_set_is_thinned_by_the_coins_of_its_own_people(limit: int) -> None:
    """Catches coins of another word, and a set that is thinned the wrong way round."""
    base, w = draws.stream(np.uint64(12), 0, 1, 2, 3), 5
    few, full = 0x8001_0000_0180_0001, 0xFFFF_0F0F_FFFF_3333
    fall = sum(1 << b for b in range(64) if draws.draw32(base, 64 * w + b) < limit)
    assert sets.thinned(np.uint64(few), base, w, limit) == few
    assert sets.thinned(np.uint64(full), base, w, limit) == full & fall


@numba.njit(parallel=True)
def fill_in_parallel(base, out):
    for i in numba.prange(out.size):
        out[i] = draws.draw(base, i)


def test_one_and_two_compiled_threads_give_the_same_bits() -> None:
    """Catches hidden state: a draw that depends on which thread asks, or when."""
    base = draws.stream(np.uint64(5), 1, 1, 1, 1)
    expected = np.empty(100_001, np.uint64)
    draws.draw_many(base, 0, expected)
    before = numba.get_num_threads()
    try:
        for threads in {1, min(2, numba.config.NUMBA_NUM_THREADS)}:
            numba.set_num_threads(threads)
            got = np.zeros_like(expected)
            fill_in_parallel(base, got)
            assert np.array_equal(got, expected)
    finally:
        numba.set_num_threads(before)


def test_two_python_threads_give_the_same_bits() -> None:
    """Catches state shared between replicates that run side by side in threads."""
    size, halves = 50_000, 2
    base = draws.stream(np.uint64(5), 1, 1, 1, 2)
    expected = np.empty(size, np.uint64)
    draws.draw_many(base, 0, expected)
    got = np.zeros_like(expected)

    def fill(part: int) -> None:
        for start in range(part * 1000, size, halves * 1000):
            draws.draw_many(base, start, got[start : start + 1000])

    workers = [threading.Thread(target=fill, args=(part,)) for part in range(halves)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert np.array_equal(got, expected)


# ---------------------------------------------------------------- maps from bits


@given(WORDS)
@example(0)
@example(MASK)
@example(1 << 63)
def test_unit_open_is_open_at_both_ends_and_symmetric(bits: int) -> None:
    """Catches a 0 or a 1 (their logarithms are no numbers) and a lean to one side."""
    u = draws.unit_open(np.uint64(bits))
    assert 0.0 < u < 1.0
    assert draws.unit_open(np.uint64(MASK - bits)) == 1.0 - u
    assert abs(u - bits / 2**64) < 2.0**-51


def test_pick_covers_its_range_and_no_more() -> None:
    """Catches an off-by-one at either end of `pick`, and overflow at the largest n."""
    top = (1 << 32) - 1
    for n in (1, 2, 7, 1000, (1 << 31) - 1):
        assert draws.pick(0, n) == 0
        assert draws.pick(top, n) == n - 1
    assert [int(draws.pick(k << 30, 4)) for k in range(4)] == [0, 1, 2, 3]


def test_exponential_units_stay_within_their_range() -> None:
    """Catches a resistance that is negative, or that even the hazard of probability 1 misses."""
    most = draws.exponential_units(np.uint64(0))
    assert 36 * 2**draws.RESISTANCE_BITS < most <= 37.5 * 2**draws.RESISTANCE_BITS
    assert draws.exponential_units(np.uint64(MASK)) == 0
    assert draws.exponential_units(np.uint64(1 << 63)) == math.floor(math.log(2) * 2**26)
    assert most << draws.RESISTANCE_SHIFT < draws.HAZARD_ONE < draws.HAZARD_CAP


@given(WORDS, WORDS)
def test_exponential_units_fall_as_the_bits_rise(one: int, other: int) -> None:
    """Catches a logarithm that is not monotone: order of draws must be the order of resistances."""
    low, high = sorted((one, other))
    at_low = draws.exponential_units(np.uint64(low))
    assert at_low >= draws.exponential_units(np.uint64(high)) >= 0


# ---------------------------------------------------------------- logarithm and exponential


def log_uniform(count: int, low: float, high: float) -> list[float]:
    """Numbers spread evenly in the logarithm between two positive bounds, from addressed draws."""
    base = twin_stream(3, 1, 4, 1, 5)
    span = math.log(high) - math.log(low)
    middle = math.sqrt(low) * math.sqrt(high)
    return [middle * math.exp(span * (twin_output(base, k) / 2**64 - 0.5)) for k in range(count)]


def test_log_portable_is_within_one_ulp_of_the_exact_value() -> None:
    """Catches a wrong coefficient: 60-digit arithmetic is the reference, 600 points the sample."""
    points = log_uniform(300, 1e-300, 1e300) + log_uniform(300, 0.5, 2.0)
    with localcontext() as context:
        context.prec = 60
        for x in points:
            exact = Decimal(x).ln()
            error = abs(Decimal(draws.log_portable(x)) - exact)
            assert error < Decimal(math.ulp(float(exact))), x


@given(st.floats(2.2250738585072014e-308, 1.7976931348623157e308))
@example(1.0)
@example(math.sqrt(2))
@example(math.nextafter(math.sqrt(2), 2))
@example(math.sqrt(0.5))
@example(math.nextafter(1, 0))
@example(math.nextafter(1, 2))
@example(2.0**-54)
def test_log_portable_against_the_machine(x: float) -> None:
    """Catches a slip at the seams of the argument reduction: under 2 ulp from the maths library."""
    reference = math.log(x)
    assert abs(draws.log_portable(x) - reference) < 2 * math.ulp(reference)


def test_exp_neg_portable_is_within_its_stated_error() -> None:
    """Catches a short polynomial or a bad reduction: relative error 4e-16 against 60 digits."""
    points = [0.0, 1e-300, *log_uniform(200, 1e-12, 1.0), *log_uniform(400, 1.0, 700.0), 700.0]
    with localcontext() as context:
        context.prec = 60
        for x in points:
            exact = (-Decimal(x)).exp()
            assert abs(Decimal(draws.exp_neg_portable(x)) / exact - 1) < Decimal("4e-16"), x
    assert draws.exp_neg_portable(0.0) == 1.0
    assert draws.exp_neg_portable(700.0001) == 0.0
    assert draws.exp_neg_portable(math.inf) == 0.0


@given(st.floats(2.0**-54, 1e6), st.floats(0.0, 800.0))
def test_log_and_exp_have_the_bits_of_plain_float64(x: float, y: float) -> None:
    """Catches fused or reordered arithmetic: compiled bits against the same lines interpreted."""
    assert draws.log_portable(x) == draws.log_portable.py_func(np.float64(x))
    assert draws.exp_neg_portable(y) == draws.exp_neg_portable.py_func(np.float64(y))


def test_bits_of_log_and_exp_that_every_machine_must_give() -> None:
    """Catches a processor or compiler on which results would differ: stored bit patterns."""
    assert draws.log_portable(0.1).hex() == "-0x1.26bb1bbb55515p+1"
    assert draws.log_portable(3.0).hex() == "0x1.193ea7aad030ap+0"
    assert draws.exp_neg_portable(1.0).hex() == "0x1.78b56362cef38p-2"
    assert draws.exp_neg_portable(0.01).hex() == "0x1.fae7cfd2b9cfep-1"
    words = twin_outputs(20100816, 20_000)
    points = [(word >> 11) * 2.0**-43 + 2.0**-60 for word in words]  # 2**-60 .. 1024
    for function, digest in [
        (draws.log_portable, "1f30075f7861a86c"),
        (draws.exp_neg_portable, "2abcc4d1a0e381e8"),
    ]:
        values = np.array([function(x) for x in points], "<f8")
        assert hashlib.sha256(values.tobytes()).hexdigest()[:16] == digest


# ---------------------------------------------------------------- hazards


@given(st.floats(0.0, 1.0, exclude_max=True))
@example(1e-12)
@example(2.0**-32)
@example(2.0**-33)
@example(0.5)
@example(1 - 2.0**-53)
@example(5e-324)
def test_hazard_units_against_log1p(p: float) -> None:
    """Catches low bits lost for small p: at most one unit of 2**-32 from ``-log1p(-p)``."""
    exact = -math.log1p(-p) * 2**32
    got = draws.hazard_units(p)
    assert exact - 1.0 - 1e-15 * exact <= got <= exact * (1 + 1e-15)


def test_hazard_units_at_and_beyond_the_ends() -> None:
    """Catches certainty that does not certainly convert, and negative hazards."""
    assert draws.hazard_units(0.0) == 0
    assert draws.hazard_units(-0.25) == 0
    assert draws.hazard_units(1.0) == draws.HAZARD_ONE
    assert draws.hazard_units(1.5) == draws.HAZARD_ONE
    assert draws.hazard_units(math.nextafter(1.0, 0.0)) < draws.HAZARD_ONE


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_more_probability_is_never_less_hazard(one: float, other: float) -> None:
    """Catches a step back: raising a persuasion must never delay anyone, draw for draw."""
    low, high = sorted((one, other))
    assert draws.hazard_units(low) <= draws.hazard_units(high)


@pytest.mark.parametrize("p", [0.001, 0.03, 0.5, 0.9])
def test_independent_exposures_add_up(p: float) -> None:
    """Catches a hazard on another scale: k exposures add to that of 1 - (1-p)^k.

    Allowed: one unit each for the rounding down, and what float64 loses in ``1 - (1-p)^k``.
    """
    for k in (2, 5, 10):
        left = (1 - p) ** k
        together = draws.hazard_units(1 - left)
        allowed = k + 1 + 2**32 * 2.0**-52 / left
        assert abs(k * draws.hazard_units(p) - together) <= allowed


# ---------------------------------------------------------------- keys


def test_an_int_is_its_own_key() -> None:
    """Catches a key that is hashed again when it is read back from a result and used once more."""
    for number in (0, 7, (1 << 63) + 5, MASK):
        assert draws.key_from(number) == number
        assert draws.key_from(draws.key_from(number)) == number
    assert draws.key_from(np.int32(7)) == draws.key_from(np.uint64(7)) == 7
    assert type(draws.key_from(np.int64(7))) is int


def test_a_seed_sequence_gives_the_same_key_each_time() -> None:
    """Catches a key that changes although the SeedSequence is the same; children must differ."""
    sequence = np.random.SeedSequence(42)
    key = draws.key_from(sequence)
    assert key == draws.key_from(np.random.SeedSequence(42))
    assert key == draws.key_from(sequence)
    assert len({key, *map(draws.key_from, sequence.spawn(20))}) == 21


def test_a_generator_gives_one_word_and_moves_on() -> None:
    """Catches two runs in a row from one Generator that silently repeat each other."""
    generator = np.random.default_rng(1)
    first, second = draws.key_from(generator), draws.key_from(generator)
    assert first != second
    assert first == draws.key_from(np.random.default_rng(1))
    assert 0 <= first <= MASK


def test_no_rng_means_fresh_entropy() -> None:
    """Catches a hidden default key: two unkeyed runs would be the same run."""
    assert len({draws.key_from(None) for _ in range(10)}) == 10


@pytest.mark.parametrize("wrong", [-1, 1 << 64, np.int64(-5)])
def test_a_key_out_of_range_is_refused(wrong: object) -> None:
    """Catches a key that is cut to 64 bits, so that two different keys give the same run."""
    with pytest.raises(ValueError, match=r"rng: out of range, got -?\d+, allowed 0\.\.2\*\*64-1"):
        draws.key_from(wrong)


@pytest.mark.parametrize("wrong", [True, 1.0, "7", [1, 2], np.random.RandomState, b"7"])
def test_a_key_of_another_type_is_refused(wrong: object) -> None:
    """Catches a truth value or a text that is taken for a key."""
    with pytest.raises(TypeError, match="rng: wrong type, got"):
        draws.key_from(wrong)

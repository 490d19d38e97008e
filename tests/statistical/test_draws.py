"""The addressed draws as random numbers: uniform, and independent across every field of an address.

Null of every test here: the draws at distinct addresses are independent uniform words of 64 bits.
The key is fixed, so each test passes or fails for good; before the key was chosen, each had
probability 1e-6 of failing under the null (`ERROR`, shared among the parts of one test).
"""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest
from scipy import stats

from koubei_sim.core import draws

ERROR = 1e-6
KEY = np.uint64(0x6B6F75626569)
N = 200_000
FIELDS = ("key", "replicate", "purpose", "tick", "j", "i")
WIDTH = {"key": 64, "replicate": 20, "purpose": 8, "tick": 15, "j": 12, "i": 31}


@numba.njit
def draw_at(addresses, out):
    """Fill out[r] with the draw at row r of `addresses` (uint64, columns as in FIELDS)."""
    for r in range(out.size):
        a = addresses[r]
        base = draws.stream(a[0], np.int64(a[1]), np.int64(a[2]), np.int64(a[3]), np.int64(a[4]))
        out[r] = draws.draw(base, np.int64(a[5]))


def draws_at(addresses: np.ndarray) -> np.ndarray:
    out = np.empty(len(addresses), np.uint64)
    draw_at(np.ascontiguousarray(addresses, dtype=np.uint64), out)
    return out


def grid(**ranges: int) -> np.ndarray:
    """All addresses with the named fields counting from 0, the others 0, under KEY."""
    axes = [np.arange(ranges.get(name, 1), dtype=np.uint64) for name in FIELDS]
    axes[0] = KEY + axes[0]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(FIELDS))


def scattered(n: int, stream: int) -> np.ndarray:
    """`n` addresses all over the realistic range of each field (numpy's own generator)."""
    rng = np.random.default_rng([20100816, stream])
    columns = [rng.integers(0, 1 << WIDTH[f], n, dtype=np.uint64) for f in FIELDS[1:]]
    return np.stack([rng.integers(0, 1 << 64, n, dtype=np.uint64), *columns], axis=-1)


def chi_square_p(counts: np.ndarray) -> float:
    """Two-sided p-value of equal cells: too uneven and too even are both faults."""
    expected = counts.sum() / counts.size
    assert expected >= 50
    statistic = float(((counts - expected) ** 2 / expected).sum())
    upper = stats.chi2.sf(statistic, counts.size - 1)
    return 2.0 * float(min(upper, 1.0 - upper))


def normal_p(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2.0))


def cells(bits: np.ndarray, part: str, number: int) -> np.ndarray:
    """Cut words into 2**number cells by their highest or lowest bits, or the middle ones."""
    shift = {"high": 64 - number, "middle": 30, "low": 0}[part]
    return ((bits >> np.uint64(shift)) & np.uint64((1 << number) - 1)).astype(np.int64)


GRIDS = {
    "people": dict(i=N),
    "ticks": dict(tick=2000, i=100),
    "ticks of one person": dict(tick=30_000, j=8),
    "replicates": dict(replicate=N),
    "keys": dict(key=N),
    "purposes": dict(purpose=200, tick=1000),
    "all small": dict(key=5, replicate=8, purpose=10, tick=10, j=5, i=10),
}


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("part", ["high", "middle", "low"])
def test_draws_over_neighbouring_addresses_are_uniform(name: str, part: str) -> None:
    """Catches a lean in any part of the word: chi-square over 1024 cells, n of about 2e5.

    The lower 32 bits matter too: a word may be cut into fields.
    """
    bits = draws_at(grid(**GRIDS[name]))
    counts = np.bincount(cells(bits, part, 10), minlength=1024)
    assert chi_square_p(counts) > ERROR


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("step", [1, 2, 7, "top"])
def test_draws_at_neighbouring_values_of_a_field_are_independent(
    field: str, step: int | str
) -> None:
    """Catches a field that is mixed in too weakly: 2e5 pairs that differ in that field only.

    Four parts share the error rate: correlation of the values, the two-dimensional chi-square
    (32 x 32) of the highest and of the lowest bits, and the chi-square (256) of the difference.
    """
    one = scattered(N, 1)
    other = one.copy()
    column = FIELDS.index(field)
    if step == "top":
        other[:, column] ^= np.uint64(1 << (WIDTH[field] - 1))
    else:
        other[:, column] += np.uint64(step)
    x, y = draws_at(one), draws_at(other)
    u, v = x / 2.0**64 - 0.5, y / 2.0**64 - 0.5
    p_values = [normal_p(12.0 * float((u * v).sum()) / math.sqrt(N))]
    for part in ("high", "low"):
        table = np.bincount(cells(x, part, 5) * 32 + cells(y, part, 5), minlength=1024)
        p_values.append(chi_square_p(table))
    p_values.append(chi_square_p(np.bincount(cells(y - x, "high", 8), minlength=256)))
    assert min(p_values) > ERROR / len(p_values)


@pytest.mark.parametrize(
    "pair", [("tick", "j"), ("j", "i"), ("tick", "i"), ("replicate", "purpose")]
)
def test_swapped_fields_are_independent(pair: tuple[str, str]) -> None:
    """Catches fields that are summed before mixing: (3, 5) and (5, 3) must not be alike.

    Correlation and 32 x 32 chi-square over 2e5 pairs whose two values are swapped.
    """
    one = scattered(N, 2) & np.uint64(0x7F)  # values below 128, so that swapped ones are in range
    one[:, 0] = KEY + np.arange(N, dtype=np.uint64)
    first, second = (FIELDS.index(name) for name in pair)
    one = one[one[:, first] != one[:, second]]
    other = one.copy()
    other[:, [first, second]] = one[:, [second, first]]
    x, y = draws_at(one), draws_at(other)
    n = len(x)
    correlation = 12.0 * float(((x / 2.0**64 - 0.5) * (y / 2.0**64 - 0.5)).sum()) / math.sqrt(n)
    table = np.bincount(cells(x, "high", 5) * 32 + cells(y, "high", 5), minlength=1024)
    assert min(normal_p(correlation), chi_square_p(table)) > ERROR / 2


@pytest.mark.parametrize("lag", [1, 2, 3, 64, 1000])
def test_people_in_a_row_are_uncorrelated(lag: int) -> None:
    """Catches the weakness of counters: serial correlation along the person, n = 1e6."""
    bits = draws_at(grid(i=1_000_000))
    u = bits / 2.0**64 - 0.5
    n = u.size - lag
    assert normal_p(12.0 * float((u[:-lag] * u[lag:]).sum()) / math.sqrt(n)) > ERROR


def test_each_bit_is_balanced() -> None:
    """Catches a stuck or leaning bit: 64 counts of ones among 2.6e5 draws, binomial (1/2)."""
    n = 1 << 18
    bits = draws_at(grid(tick=512, i=512))
    ones = np.array([int(((bits >> np.uint64(b)) & np.uint64(1)).sum()) for b in range(64)])
    z = (ones - n / 2) / math.sqrt(n / 4)
    assert min(normal_p(float(value)) for value in z) > ERROR / 64


@pytest.mark.parametrize("field", FIELDS)
def test_each_input_bit_flips_half_of_the_output_bits(field: str) -> None:
    """Catches poor avalanche: each output bit flips with probability 1/2, for each input bit.

    4000 addresses for each pair of bits; the normal limit of the binomial, whose tail at this
    n and error rate is within a factor 2 of exact, shared over 64 x width pairs.
    """
    n, width = 4000, WIDTH[field]
    one = scattered(n, 3)
    before = draws_at(one)
    column = FIELDS.index(field)
    worst = 0.0
    for bit in range(width):
        other = one.copy()
        other[:, column] ^= np.uint64(1 << bit)
        flipped = (before ^ draws_at(other)).astype("<u8")
        ones = np.unpackbits(flipped.view(np.uint8).reshape(n, 8), axis=1).sum(axis=0)
        worst = max(worst, float(np.abs(ones - n / 2).max()) / math.sqrt(n / 4))
    assert normal_p(worst) > ERROR / (64 * width)


@numba.njit
def fill_bases(key, replicates, purposes, ticks, channels, out):
    k = 0
    for r in range(replicates):
        for p in range(purposes):
            for t in range(ticks):
                for j in range(channels):
                    out[k] = draws.stream(key, r, p, t, j)
                    k += 1


def test_bases_collide_no_more_than_by_chance() -> None:
    """Catches addresses that share a stream: 1.46 million bases of a realistic experiment.

    Whole words: 6e-8 collisions expected, none allowed. Halves of 32 bits: as many as a Poisson
    variable of mean n^2 / 2^33 (about 248) allows, two-sided, each half with half the error.
    """
    shape = (50, 20, 365, 4)  # replicates, purposes, ticks, channels
    n = math.prod(shape)
    bases = np.empty(n, np.uint64)
    fill_bases(KEY, *shape, bases)
    assert np.unique(bases).size == n
    # Exact mean of n minus the number of distinct values among 2**32 cells.
    mean = n - 2.0**32 * -math.expm1(n * math.log1p(-(2.0**-32)))
    for half in (bases >> np.uint64(32), bases & np.uint64(0xFFFFFFFF)):
        repeats = n - np.unique(half).size
        p = 2.0 * min(stats.poisson.sf(repeats - 1, mean), stats.poisson.cdf(repeats, mean))
        assert p > ERROR / 2


def test_no_two_bases_run_into_each_other() -> None:
    """Catches streams that overlap: person i of one being person i' of another, i, i' < 1e6.

    The counters of two bases meet when their difference is a small multiple of the increment.
    Divided by the increment (it is odd), bases are points on a circle; the closest two of 29,200
    (one replicate of a year) are nearer than 1e6 with probability n^2 1e6 / 2^64 = 4.6e-5, and
    nearer than 2e4 with 9.2e-7: that is what is asked of the draws.
    """
    shape = (1, 20, 365, 4)
    n = math.prod(shape)
    bases = np.empty(n, np.uint64)
    fill_bases(KEY, *shape, bases)
    inverse = np.uint64(pow(int(draws.GOLDEN), -1, 1 << 64))
    points = np.sort(bases * inverse)
    gaps = np.diff(points, append=points[:1])  # modulo 2**64, once round the circle
    assert int(gaps.min()) > 20_000


def test_resistances_are_exponential() -> None:
    """Catches a wrong logarithm or scale: Kolmogorov-Smirnov against Exp(1), n = 2e5."""
    bits = draws_at(grid(i=N))
    values = np.array([draws.exponential_units(b) for b in bits]) / 2.0**draws.RESISTANCE_BITS
    # Values are cut to the unit below; half a unit back removes the lean of 7e-9.
    assert stats.kstest(values + 2.0**-27, "expon").pvalue > ERROR


def test_resistances_have_an_exponential_tail() -> None:
    """Catches a tail cut short: counts above 8 and above 11 among 4e6, Poisson."""
    n = 4_000_000
    bits = draws_at(grid(i=n // 4, j=4))
    for level in (8.0, 11.0):
        # value > level exactly when u < exp(-level); the bits decide, without the logarithm
        count = int((bits < np.uint64(int(math.exp(-level) * 2**64))).sum())
        mean = n * math.exp(-level)
        p = 2.0 * min(stats.poisson.sf(count - 1, mean), stats.poisson.cdf(count, mean))
        assert p > ERROR / 2
        smallest = bits[bits < np.uint64(int(math.exp(-level) * 2**64))]
        units = np.array([draws.exponential_units(b) for b in smallest])
        assert units.min() >= math.floor(level * 2**draws.RESISTANCE_BITS)


@pytest.mark.parametrize("n", [2, 3, 7, 100, 1000])
def test_pick_is_uniform(n: int) -> None:
    """Catches a lean of `pick` to low or high numbers: chi-square over n cells, 2e5 picks."""
    bits = draws_at(grid(tick=n, i=N // n))
    picked = np.array([draws.pick(int(b) >> 32, n) for b in bits])
    assert chi_square_p(np.bincount(picked, minlength=n)) > ERROR


@pytest.mark.parametrize("p", [0.5, 0.02, 0.0005])
def test_coins_fall_with_their_probability(p: float) -> None:
    """Catches a threshold that is off: heads among 2e6 coins ``draw32 < floor(p 2**32)``."""
    n = 2_000_000
    bits = draws_at(grid(tick=2, i=n // 2))
    heads = int(((bits >> np.uint64(32)) < np.uint64(int(p * 2**32))).sum())
    assert stats.binomtest(heads, n, p).pvalue > ERROR


def test_an_accumulated_hazard_converts_with_the_stated_probability() -> None:
    """Catches a mismatch of scales between hazards and resistances (Sellke 1983).

    Three exposures of p = 0.1, 0.25 and 0.4 against the resistances of 2e5 people convert with
    probability 1 - 0.9 * 0.75 * 0.6 = 0.595; binomial.
    """
    total = sum(int(draws.hazard_units(p)) for p in (0.1, 0.25, 0.4))
    bits = draws_at(grid(i=N))
    resistances = np.array([draws.exponential_units(b) for b in bits])
    converted = int((total >= resistances << draws.RESISTANCE_SHIFT).sum())
    assert stats.binomtest(converted, N, 0.595).pvalue > ERROR

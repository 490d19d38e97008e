"""The numbers of a claim (effects, verdicts, scores, splits) against loops and known laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koubei_sim.core.draws import draw_many, stream
from koubei_sim.metrics import chance
from koubei_sim.studies.claims.effects import (
    MOST_WORLDS,
    chance_level,
    effects,
    interval,
    judge_share,
    side,
    splits,
)
from koubei_sim.studies.claims.models import branching_values, threshold_values
from koubei_sim.theory import branching


def units(number: int, j: int = 0) -> np.ndarray:
    """Return addressed draws in (0, 1)."""
    bits = np.empty(number, dtype=np.uint64)
    draw_many(np.uint64(stream(np.uint64(11), 0, 150, 0, j)), 0, bits)
    return (bits >> np.uint64(11)).astype(float) * 2.0**-53


def plainly(claimed, others, kind, better, plus):
    """Effects by loops, from the words of docs/claims.md."""
    found = []
    for world in range(claimed.shape[0]):
        each = []
        for other in others:
            pairs = []
            for a, b in zip(claimed[world], other[world]):
                if not (math.isfinite(a) and math.isfinite(b)):
                    continue
                if kind == "difference":
                    pairs.append(a - b if better == "more" else b - a)
                elif a + plus > 0 and b + plus > 0:
                    pairs.append(math.log((a + plus) / (b + plus)))
                else:  # a zero: none of both is 1, none of one a factor of a thousand
                    pairs.append(math.log(1000.0) * (float(a + plus > 0) - float(b + plus > 0)))
            if not pairs:
                continue
            mean = sum(pairs) / len(pairs)
            if kind == "ratio":
                mean = math.exp(mean) - 1 if better == "more" else 1 - math.exp(mean)
            each.append(mean)
        found.append(min(each) if each else math.nan)
    return np.array(found)


@pytest.mark.parametrize("kind", ["ratio", "difference"])
@pytest.mark.parametrize("better", ["more", "less"])
@pytest.mark.parametrize("plus", [0.0, 1.0])
def test_effects_equal_plain_loops(kind: str, better: str, plus: float) -> None:
    """Catches a sign turned twice, a mean of ratios for a ratio of means, the wrong best arm."""
    shape = (40, 3)
    arms = [np.floor(50 * units(120, j).reshape(shape)) for j in range(4)]
    arms[0][3, 1] = np.nan
    arms[2][5] = np.nan  # an arm without any value leaves the others to compare with
    arms[1][7], arms[2][7], arms[3][7] = np.nan, np.nan, np.nan
    found = effects(arms[0], arms[1:], kind, better, plus)
    np.testing.assert_allclose(found.effect, plainly(arms[0], arms[1:], kind, better, plus))
    assert np.isnan(found.effect[7])


@given(
    st.lists(st.floats(0.1, 1e6), min_size=2, max_size=6),
    st.floats(0.01, 100.0),
)
def test_a_ratio_knows_no_unit(values: list[float], times: float) -> None:
    """Catches an effect that depends on whether people or thousands are counted."""
    one, other = np.array([values]), np.array([values[::-1]]) * 1.5
    before = effects(one, [other], "ratio", "more").effect
    after = effects(one * times, [other * times], "ratio", "more").effect
    np.testing.assert_allclose(before, after, rtol=1e-9, atol=1e-12)


def test_equal_arms_have_no_effect_and_endless_gain() -> None:
    """Catches noise where two arms are the same runs."""
    same = np.floor(100 * units(30).reshape(10, 3))
    found = effects(same, [same.copy()], "ratio", "more", 1.0)
    assert (found.effect == 0.0).all()
    assert math.isinf(found.gain)


def test_gain_is_the_variance_saved() -> None:
    """Catches a gain that forgets one of the two arms; shared and own luck are known."""
    shared, own, other = (units(20_000, j).reshape(100, 200) for j in (1, 2, 3))
    a, b = shared + 0.1 * own, shared + 0.1 * other
    gain = effects(a, [b], "difference", "more").gain
    expected = 2 * (1 + 0.01) / (2 * 0.01)  # variances in units of a uniform's
    assert gain == pytest.approx(expected, rel=0.05)


def test_verdict_by_the_rule() -> None:
    """Catches point shares in the place of intervals, and effects that just reach what matters."""

    def judged(holds: int, of: int) -> str:
        return judge_share(np.array([0.2] * holds + [0.1] * (of - holds)), 0.1, 0.75, 0.25).verdict

    assert judged(29, 30) == "supported" and judged(1, 30) == "rejected"
    assert judged(9, 10) == "undecided" and judged(1, 10) == "undecided"  # too few to be sure
    assert judged(50, 100) == "differs" and judged(3, 4) == "undecided"
    assert judge_share(np.array([np.nan]), 0.1, 0.75, 0.25)[0] == "undecided"
    found = judge_share(np.array([0.2] * 9 + [0.1]), 0.1, 0.75, 0.25)
    assert (found.low, found.high) == chance(9, 10)[1:3]
    more = np.array([0.2] * 9 * 10 + [0.1] * 10)
    assert found.more > 0 and judge_share(more, 0.1, 0.75, 0.25).verdict == "supported"
    on_the_line = judge_share(np.array([0.2] * 75 + [0.1] * 25), 0.1, 0.75, 0.25)
    assert on_the_line.more == MOST_WORLDS
    assert (side(0.8, 0.75, 0.25), side(0.5, 0.75, 0.25), side(0.2, 0.75, 0.25)) == (1, 0, -1)


def test_only_pairs_that_live_count() -> None:
    """Catches effects over pairs of which one is dead, or all of a world with one dead pair."""
    one, other = np.array([[20.0, 1.0], [5.0, 5.0]]), np.array([[10.0, 50.0], [1.0, 1.0]])
    live = np.array([[True, False], [False, False]])
    found = effects(one, [other], "ratio", "more", 0.0, [live])
    assert found.effect[0] == pytest.approx(1.0) and np.isnan(found.effect[1])


def test_the_best_of_several_wins_by_luck_alone() -> None:
    """Catches a placebo that is not one: with k equal rivals the share is that of pure luck.

    Arms of independent luck, sigma 1 in the logarithm: P(a > 1.1 max of k others) is about
    1 / (k + 1), a little less; 400 worlds, key fixed, four standard errors.
    """
    values = np.exp(np.sqrt(12.0) * (units(400 * 6).reshape(400, 6) - 0.5))
    for k in (1, 3):
        holds, of = chance_level([values] * k, "ratio", "more", 0.1)
        share = holds / of
        assert of == 400 and share < 1.0 / (k + 1) + 4.0 * math.sqrt(0.25 / 400)
        assert share > 0.6 / (k + 1)
    assert chance_level([values[:, :1]], "ratio", "more", 0.1) == (0, 0)


def test_the_share_of_luck_is_found() -> None:
    """Catches noise that counts worlds with one pair, or that forgets how many there are."""
    worlds = units(300, 5)[:, None] * 2.0
    pairs = worlds + (units(1200, 6).reshape(300, 4) - 0.5)
    noise = effects(pairs, [np.zeros_like(pairs)], "difference", "more").noise
    wanted = (1.0 / 12.0 / 4.0) / (4.0 / 12.0 + 1.0 / 12.0 / 4.0)
    assert noise == pytest.approx(wanted, rel=0.25)


def test_splits_find_what_decides_and_nothing_else() -> None:
    """Catches uncorrected tests: of 150 parameters that decide nothing, none may be named.

    Null: no parameter decides.  150 parameters, 60 worlds, key fixed; Holm at 5 % for the family.
    """
    columns = {f"p{j}": units(60, j) for j in range(150)}
    outcome = units(60, 900) - 0.5
    assert splits(columns, outcome, 0.0) == []
    decided = np.where(columns["p17"] > 0.4, 1.0, -1.0)
    decided[::10] *= -1.0
    found = splits(columns, decided, 0.0)
    assert [split.path for split in found] == ["p17"]
    assert found[0].above > 0.8 > 0.2 > found[0].below
    assert found[0].at == pytest.approx(0.4, abs=0.05)


def test_intervals_turn_with_the_sign() -> None:
    """Catches bounds in the wrong order where less is better."""
    pairs = np.log(np.array([1.1, 1.2, 1.3, 1.25]))
    for better in ("more", "less"):
        mean, low, high = interval(pairs, "ratio", better, 1, 1)
        assert low < mean < high


# Other models ----------------------------------------------------------------------------------


def test_branching_is_the_closed_form() -> None:
    """Catches a mean matrix with kinds the wrong way round: the head start is that of theory."""
    p = {"homophily": 0.4, "voice": 3.0, "persuasion": 0.2, "reach": 12.0, "enthusiasts": 0.2}
    shares = np.array([0.2, 0.8])
    arcs = 12.0 * np.array([[3.0], [1.0]]) * (0.4 * np.eye(2) + 0.6 * shares)
    matrix = branching.mean_matrix(arcs, 0.2, [0.8, 0.4])
    pure = branching_values({**p, "purity": 1.0}, "head_start", range(2), 0)["head_start"]
    none = branching_values({**p, "purity": 0.0}, "head_start", range(2), 0)["head_start"]
    assert pure[0] - none[0] == pytest.approx(branching.head_start(matrix))
    grown = branching.growth(matrix)
    late = branching_values({**p, "purity": 1.0}, "enthusiasts@200", range(1), 0)
    assert late["enthusiasts@200"][0] == pytest.approx(grown.composition[0])


def test_pure_seeds_hurt_in_the_threshold_model() -> None:
    """Catches seeds of the wrong kind: at 13 % enthusiasts pure seeds use the easy ones up.

    The tipping share is .1352 for pure seeds and .1252 for seeds among the others (theory, tests
    of `theory.threshold`), so at .13 the two end on either side of the jump; 100,000 people.
    """
    p = {"people": 100_000, "enthusiasts": 0.13}
    pure = threshold_values({**p, "purity": 1.0}, "reached", range(2), 20)["reached"]
    hard = threshold_values({**p, "purity": 0.0}, "reached", range(2), 20)["reached"]
    assert pure.max() < 0.2 < 0.9 < hard.min()


def test_a_ratio_with_zeros_is_judged_and_not_dropped() -> None:
    """Catches the best possible outcome (none against some) being left out as undefined."""
    none, some = np.array([[0.0, 0.0]]), np.array([[5.0, 4.0]])
    assert effects(none, [some], "ratio", "less").effect[0] > 0.99
    assert effects(some, [none], "ratio", "less").effect[0] < -100.0
    assert effects(none, [some], "ratio", "more").effect[0] < -0.99
    assert effects(none, [none], "ratio", "less").effect[0] == 0.0
    undefined = np.array([[np.nan, np.nan]])
    assert np.isnan(effects(undefined, [some], "ratio", "less").effect[0])

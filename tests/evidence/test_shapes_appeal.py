"""Messages that differ: the law, its draws, trees that are grown, and the fit where truth is known.

Each test says what it would catch; statistical ones state null, n and error rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import koubei_sim as kb
from koubei_sim import Appeal, KoubeiError
from koubei_sim.cascades import SIR, IndependentCascade, RandomSeeds, cascade
from koubei_sim.evidence import appeal_fit as fitting
from koubei_sim.evidence import fit_appeal, read_weibo_reposts, shape_distance, trees_of
from koubei_sim.evidence.growing import Telling, audiences, grow, grow_on
from koubei_sim.theory import branching

LAWS = ("lognormal", "gamma", "beta")
END = {"lognormal": math.inf, "gamma": math.inf, "beta": 1.0}
KEY = 20120531
ALMOST_NEVER = 1e-6  # how often a statistical test may fail where all is right


# The law ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(("mean", "spread"), [(0.4, 0.8), (0.02, 0.3), (0.6, 0.05)])
def test_classes_have_the_two_numbers_of_the_law(law: str, mean: float, spread: float) -> None:
    """Catches a law with another mean, a spread that is the deviation or sigma of the logarithm,
    and classes that are quantiles (whose mean is too small)."""
    found = Appeal(mean, spread, law, most=END[law])
    values = found.classes()
    assert (np.diff(values) >= 0.0).all() and values[0] >= 0.0
    assert values.mean() == pytest.approx(mean, rel=1e-9)
    assert values.std() / mean == pytest.approx(spread, rel=2e-3)
    # Each class lies within its part of the law.
    below = found.cdf(values)
    at = np.arange(values.size) / values.size
    assert (below >= at - 1e-6).all() and (below <= at + 1.0 / values.size + 1e-6).all()


@pytest.mark.parametrize("law", LAWS)
def test_numbers_are_drawn_from_the_law(law: str) -> None:
    """Catches draws that are not uniform over the classes.

    Null: the law; n = 20,000; error rate 1e-6 (Kolmogorov-Smirnov).
    """
    found = Appeal(0.3, 0.7, law, most=END[law])
    drawn = found.drawn(KEY, 0, 20_000)
    assert stats.kstest(drawn, found.cdf).pvalue > ALMOST_NEVER


@pytest.mark.parametrize("number", [0, 1])
def test_draws_have_the_address_of_the_page(number: int) -> None:
    """Catches another address or another class than docs/cascades.md 8 says (a twin of it)."""

    def mix(z: int) -> int:
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    found = Appeal(0.1, 0.5)
    for replicate in (0, 1, 999):
        state = KEY
        for field in (0, 78, 0, number, replicate):
            state = mix((state + 0x9E3779B97F4A7C15 * (field + 1)) % 2**64)
        (one,) = found.drawn(KEY, replicate, 1, number)
        assert one == found.classes()[state >> 52]


def test_sigma_is_that_of_the_logarithm() -> None:
    """Catches another link to `telling.appeal_sigma`."""
    found = Appeal(0.3, 0.7, most=math.inf)
    assert found.sigma == pytest.approx(np.log(found.classes()).std(), rel=1e-3)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Appeal(0.0), "mean"),
        (lambda: Appeal(0.1, -1.0), "spread"),
        (lambda: Appeal(0.1, math.inf), "spread"),
        (lambda: Appeal(0.1, 0.5, "normal"), "law"),
        (lambda: Appeal(1.0, 0.1, "beta"), "mean: of a beta law"),
        (lambda: Appeal(0.5, 0.1, "beta", math.inf), "mean: of a beta law"),
        (lambda: Appeal(0.05, 1.0, "beta", 0.1), "spread: of a beta law"),
        (lambda: Appeal(0.5, 1.0, "beta"), "spread: of a beta law, got 1.0, allowed below 1"),
        (lambda: Appeal(0.5, 0.1, most=0.0), "most"),
    ],
)
def test_laws_that_are_none_are_refused(make: Callable[[], object], said: str) -> None:
    """Catches numbers without a law."""
    with pytest.raises(KoubeiError, match=said):
        make()


# In cascades ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def net() -> kb.Network:
    return kb.networks.follow_graph(500, mean_degree=8, exponent=2.3, key=1)


@pytest.mark.parametrize(
    ("rule", "law", "named"),
    [
        (IndependentCascade(0.1), {"p": Appeal(0.1)}, {}),
        (IndependentCascade(0.1), {"p": Appeal(0.1)}, {"method": "count"}),
        (SIR(0.1, 0.5, steps=True), {"beta": Appeal(0.1)}, {"horizon": 20}),
    ],
)
def test_without_spread_nothing_changes(net: Any, rule: Any, law: Any, named: Any) -> None:
    """Catches a neutral value that changes a byte."""
    runs = [
        cascade(net, rule, RandomSeeds(2), 50, rng=3, record="forest", threads=1, **more, **named)
        for more in ({}, {"parameters": law})
    ]
    np.testing.assert_array_equal(runs[0].sizes, runs[1].sizes)
    for one, other in zip(runs[0].activations, runs[1].activations, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_replicate_alone_has_its_own_number(net: Any) -> None:
    """Catches a number that depends on where the call begins, or on the threads."""
    law = {"p": Appeal(0.1, 0.9)}
    whole = cascade(net, IndependentCascade(), RandomSeeds(1), 60, rng=5, parameters=law)
    for first in (0, 17, 59):
        one = cascade(
            net, IndependentCascade(), RandomSeeds(1), 1, rng=5, first=first, parameters=law,
            threads=1,
        )  # fmt: skip
        assert one.sizes[0] == whole.sizes[first]
        assert one.parameters["p"][0] == whole.parameters["p"][first]
    assert len(np.unique(whole.parameters["p"])) > 50


def test_two_laws_are_drawn_apart(net: Any) -> None:
    """Catches two numbers of a replicate that are one and the same draw.

    Null: independent; n = 1,000; error rate 1e-6.
    """
    found = cascade(
        net, SIR(steps=True), RandomSeeds(1), 1000, rng=5, horizon=3,
        parameters={"beta": Appeal(0.1, 0.5), "gamma": Appeal(0.3, 0.5)},
    ).parameters  # fmt: skip
    assert stats.spearmanr(found["beta"], found["gamma"]).pvalue > ALMOST_NEVER


def test_sizes_on_a_star_are_a_mixed_binomial_law() -> None:
    """Catches a probability that is drawn anew for each arc, which leaves the mean as it is.

    ``E = 1 + n m`` and ``Var = n m (1 - m) + n (n - 1) s**2 m**2``; null: these; 4,000 replicates;
    error rate 1e-6.
    """
    n, law = 400, Appeal(0.1, 0.6, "gamma")
    star = kb.Network.from_edges([0] * n, list(range(1, n + 1)))
    sizes = cascade(
        star, IndependentCascade(), [0], 4000, rng=9, parameters={"p": law}, threads=1
    ).sizes - 1.0  # fmt: skip
    wanted = n * 0.1 * 0.9 + n * (n - 1) * (0.6 * 0.1) ** 2
    five = stats.norm.isf(ALMOST_NEVER / 2)
    assert abs(sizes.mean() - n * 0.1) < five * math.sqrt(wanted / 4000)
    error = sizes.var() * math.sqrt((stats.kurtosis(sizes) + 2.0) / 4000)
    assert abs(sizes.var() - wanted) < five * error


def test_numbers_above_the_top_are_the_top(net: Any) -> None:
    """Catches a probability above 1 that is refused in the middle of a run."""
    found = cascade(
        net, IndependentCascade(), RandomSeeds(1), 300, rng=2, parameters={"p": Appeal(0.5, 2.0)}
    )
    assert found.parameters["p"].max() == 1.0
    with pytest.raises(KoubeiError, match=r"parameters\[r\]: not a number of IndependentCascade"):
        cascade(net, IndependentCascade(), [0], 3, parameters={"r": Appeal(0.5)})


# Trees that are grown ---------------------------------------------------------------------------


def test_without_a_tail_trees_have_the_closed_law_of_their_sizes() -> None:
    """Catches a number of offspring that is not Poisson, a root that is not counted, and trees that
    are dropped at an end of the window.

    Null: the Borel law of theory, 200,000 trees; error rate 1e-6 (chi-square).
    """
    told = 200_000
    grown = grow(np.array([0.6]), audiences(None), 0.0, Telling((1, 60), 10**9, told, KEY))
    sizes = np.bincount(grown.trees["size"], minlength=61)[1:].astype(float)
    assert grown.told.tolist() == [told]
    law = np.asarray(branching.borel_pmf(np.arange(1, 61), 0.6)) * told
    seen, wanted = np.append(sizes, told - sizes.sum()), np.append(law, told - law.sum())
    rare = wanted < 10
    seen, wanted = (np.append(x[~rare], x[rare].sum()) for x in (seen, wanted))
    assert stats.chisquare(seen, wanted * seen.sum() / wanted.sum()).pvalue > ALMOST_NEVER
    assert grown.alone[0] == pytest.approx(sizes[0] / told)
    assert sizes[0] == (grown.trees["depth"] == 0).sum()


def test_audiences_differ_as_they_should() -> None:
    """Catches a first teller who is drawn like all others, or others like the first.

    Chance that nobody passes on: ``E exp(-R w)`` over first tellers; of trees beyond one degree
    ``1 - E f(w)``; null: these; error rate 1e-6.
    """
    told, r = 300_000, 0.3
    five = stats.norm.isf(ALMOST_NEVER / 2)
    for teller in ("followers", "anybody"):
        first, others = audiences(2.3, teller)
        grown = grow(np.array([r]), (first, others), 0.0, Telling((2, 50), 10**9, told, KEY))
        alone = np.exp(-r * first).mean()
        childless = np.exp(-r * others).mean()
        deeper = 1.0 - np.exp(-r * first * (1.0 - childless)).mean()
        for seen, wanted in ((grown.alone[0], alone), (grown.deeper[0], deeper)):
            assert abs(seen - wanted) < five * math.sqrt(wanted * (1 - wanted) / told)
    assert audiences(2.3)[0].mean() > 50 * audiences(2.3, "anybody")[0].mean()


def test_a_tree_is_a_function_of_key_level_and_number() -> None:
    """Catches a tree that depends on how many were told at a time."""
    law = audiences(2.3)
    one = grow(np.array([0.4]), law, 0.0, Telling((20, 99), 10, 100_000, KEY)).trees
    many = grow(np.array([0.4]), law, 0.0, Telling((20, 99), 500, 100_000, KEY)).trees
    assert len(many) > len(one)
    pd.testing.assert_frame_equal(one, many.iloc[: len(one)])
    other = grow(np.array([0.4]), law, 0.0, Telling((20, 99), 10, 100_000, KEY + 1)).trees
    assert not one.equals(other.iloc[: len(one)])


def test_comments_hang_on_the_first_message() -> None:
    """Catches comments below others, and a share that is not that of all messages.

    With R = 0 a tree is its root and ``Poisson(c / (1 - c))`` comments; error rate 1e-6.
    """
    told, share = 50_000, 0.4
    grown = grow(np.array([1e-12]), audiences(2.3), share, Telling((2, 50), 10**9, told, KEY)).trees
    assert (grown["depth"] == 1).all()
    assert (grown["broadcast_share"] == (grown["size"] - 1) / grown["size"]).all()
    mean = (grown["size"] - 1).sum() / told
    wanted = share / (1 - share)
    assert abs(mean - wanted) < stats.norm.isf(ALMOST_NEVER / 2) * math.sqrt(wanted / told)


def test_trees_on_a_network_are_its_cascades() -> None:
    """Catches another chance than level over mean degree, and tellers that are all alike.

    Star of 200: a story told by followers begins at the hub, whose ``1 + Binomial(199, R / m)`` has
    a known mean; error rate 1e-6.
    """
    star = kb.Network.from_edges([0] * 199, list(range(1, 200)))
    mean = star.degrees().mean()
    grown = grow_on(star, np.array([0.2]), "followers", Telling((2, 200), 10**6, 20_000, KEY))
    p = 0.2 / mean
    five = stats.norm.isf(ALMOST_NEVER / 2)
    sizes = grown.trees["size"] - 1
    assert abs(sizes.mean() - 199 * p) < five * math.sqrt(199 * p * (1 - p) / grown.told[0])
    anybody = grow_on(star, np.array([0.2]), "anybody", Telling((2, 200), 10**6, 20_000, KEY))
    assert anybody.alone[0] > 0.98 > 0.01 > grown.alone[0]
    with pytest.raises(KoubeiError, match="network: too few arcs"):
        fit_appeal(_known(0.4, 0.8), network=star)


# The fit ----------------------------------------------------------------------------------------


def _known(mean: float, spread: float, law: str = "lognormal", stories: int = 2500) -> pd.DataFrame:
    """Trees of stories each of which has an R of its own, drawn from the law."""
    appeal = Appeal(mean, spread, law, most=END[law])
    levels = np.sort(appeal.drawn(KEY, 0, 150))
    telling = Telling((100, 999), 10**6, stories, KEY + 7)
    return grow(levels, audiences(2.3), 0.0, telling).trees.drop(columns="level")


@pytest.fixture(scope="module")
def known() -> pd.DataFrame:
    return _known(0.4, 0.8)


def test_a_known_law_is_found_again(known: pd.DataFrame) -> None:
    """Catches levels that are weighed wrongly (by trees in place of stories), halves that are not
    apart, and distances of something else."""
    found = fit_appeal(known, law="lognormal", splits=8, rng=1)
    assert found.appeal.mean == pytest.approx(0.4, abs=0.12)
    assert found.appeal.spread == pytest.approx(0.8, abs=0.25)
    table = found.table()
    floor = table.loc["the other half", "unseen"]
    assert table.loc["lognormal", "unseen"] < floor + 0.03
    assert table.loc["one R", "unseen"] > 0.15
    assert (table["low"] <= table["unseen"]).all() and (table["unseen"] <= table["high"]).all()
    assert found.trees == len(known)


def test_trees_of_one_reproduction_number_need_no_spread() -> None:
    """Catches a fit that finds messages to differ where all are alike."""
    same = grow(np.array([0.5]), audiences(2.3), 0.0, Telling((100, 999), 600, 10**6, 11)).trees
    found = fit_appeal(same.drop(columns="level"), splits=4, rng=1)
    assert found.appeal.spread < 0.3
    table = found.table()["unseen"]
    assert table["one R"] < table["the other half"] + 0.06


def test_the_same_key_gives_the_same_numbers(known: pd.DataFrame) -> None:
    """Catches a generator of its own."""
    runs = [fit_appeal(known, splits=2, enough=50, most=20_000, rng=k) for k in (1, 1, 2)]
    pd.testing.assert_frame_equal(runs[0].splits, runs[1].splits)
    assert not runs[0].splits.equals(runs[2].splits)


def test_distances_are_those_of_kolmogorov_and_smirnov(known: pd.DataFrame) -> None:
    """Catches a gap that is looked for on one side of a value only (an oracle: scipy)."""
    names = ("virality", "depth", "broadcast_share")
    one, other = known.iloc[::2], known.iloc[1::3]
    points = fitting._points(known.iloc[np.r_[0 : len(known) : 1]], names)
    found = fitting._distances(
        fitting._counted(one, points) / len(one), fitting._counted(other, points) / len(other),
        points,
    )  # fmt: skip
    wanted = shape_distance(one, other)
    few = len(known) <= fitting.POINTS
    np.testing.assert_allclose(found, wanted[list(names)], atol=1e-12 if few else 2e-3)
    for name in names:
        assert wanted[name] == pytest.approx(
            stats.ks_2samp(one[name], other[name], method="asymp").statistic
        )
    assert wanted["mean"] == pytest.approx(wanted[list(names)].mean())
    assert shape_distance(one, one).tolist() == [0.0] * 4


def test_a_mixture_of_levels_is_that_of_stories() -> None:
    """Catches a law that weighs trees alike whatever their level's chance to be in the window."""
    below = np.array([[[0.1, 0.1], [0.0, 0.3]]])  # (1 bin, 2 levels, 2 points), per story
    there = np.array([[0.2, 0.3]])
    found = fitting._weighed(np.array([[0.5, 0.5]]), below, there, np.ones(1))
    np.testing.assert_allclose(found, [[0.05 / 0.25, 0.2 / 0.25]])


@pytest.mark.parametrize("law", LAWS)
def test_weights_of_levels_are_those_of_the_law(law: str) -> None:
    """Catches weights that do not sum to the law up to the highest level."""
    appeal = Appeal(0.3, 0.6, law, most=END[law])
    weights = fitting._weights(appeal)
    top = fitting.LEVELS[-1] * math.sqrt(fitting.LEVELS[1] / fitting.LEVELS[0])
    assert weights.sum() == pytest.approx(float(appeal.cdf(top)))
    assert weights @ fitting.LEVELS == pytest.approx(0.3, rel=0.03)


def test_the_fit_goes_back_into_a_cascade(known: pd.DataFrame, net: Any) -> None:
    """Catches an R that is taken for the probability of an arc, and an end of the law that is."""
    degree = net.degrees().mean()
    for name, most in (("gamma", 1.0), ("beta", 1.0 / degree)):
        found = fit_appeal(known, law=name, splits=1, enough=50, most=20_000)
        law = found.on(net)
        assert law.mean * degree == pytest.approx(found.appeal.mean)
        assert law.spread == found.appeal.spread and law.law == name
        assert law.most == pytest.approx(most)
        run = cascade(net, IndependentCascade(), RandomSeeds(1), 20, rng=1, parameters={"p": law})
        assert run.replicates == 20
        assert f"R {name} of mean" in repr(found)


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"law": "normal"}, "law"),
        ({"sizes": "all"}, "sizes"),
        ({"teller": "me"}, "teller"),
        ({"statistics": ()}, "statistics: none"),
        ({"statistics": ("depth", "depth")}, "one twice"),
        ({"statistics": ("size", "depth")}, "sizes='model' to compare sizes"),
        ({"exponent": 2.0}, "exponent: audiences without a mean"),
        ({"comments": 1.0}, "comments"),
        ({"window": (5000, 6000)}, "too few of 5000 to 6000 messages, got 0"),
        ({"window": (1, 5)}, "window"),
        ({"splits": 0}, "splits"),
    ],
)
def test_wrong_calls_are_refused_before_any_work(known: Any, named: Any, said: str) -> None:
    """Catches an argument that is found out after the trees are grown, or never."""
    with pytest.raises(KoubeiError, match=said):
        fit_appeal(known, **named)


def test_what_is_no_table_of_trees_is_refused() -> None:
    """Catches columns that are guessed."""
    with pytest.raises(KoubeiError, match="trees: no trees, got list"):
        fit_appeal([1, 2])
    with pytest.raises(KoubeiError, match="no column 'virality'"):
        fit_appeal(pd.DataFrame({"size": [200]}))
    with pytest.raises(KoubeiError, match="too few"):
        fit_appeal(trees_of([-1, 0, 0]))


def test_repost_trees_are_those_of_messages_that_differ(
    data_file: Callable[[str], Path],
) -> None:
    """Catches a fit that is worse than published here: two numbers at most .10 from unseen trees,
    one R about .25, halves of the data about .04."""
    trees = read_weibo_reposts(data_file("weibo_repost_trees.csv.gz"))
    table = fit_appeal(trees, splits=10).table()["unseen"]
    assert all(table[law] < 0.10 for law in LAWS)
    assert 0.18 < table["one R"] < 0.30
    assert 0.025 < table["the other half"] < 0.06

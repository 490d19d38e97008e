"""`kb.bench`: worlds have the truth that they name, and the grid tells what estimators do there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.evidence.controls import drawn
from koubei_sim.evidence.diffusion import NEVER
from koubei_sim.evidence.estimators import (
    USUAL,
    Estimate,
    estimator_of,
    matched,
)
from koubei_sim.evidence.known import World, hump

SMALL: dict[str, Any] = {"people": 400}
ALIKE = World(homophily=0.8, people=2000)
LOOSE = World(homophily=0.0, people=2000)


def over_ties(d: kb.Diffusion, name: str) -> float:
    """Correlation of a covariate over ties."""
    layer, column = d.network.layer(), d.covariates[name]
    return float(np.corrcoef(column[layer.sources()], column[layer.indices])[0, 1])


def test_homophily_is_the_correlation_over_ties() -> None:
    """Catches homophily that is stronger or weaker than it says, or left where there is none."""
    alike, loose = ALIKE.record(7), LOOSE.record(7)
    ties = alike.network.n_arcs / 2
    assert abs(over_ties(alike, "trait") - 0.8) < 0.05
    assert abs(over_ties(loose, "trait")) < 5.0 / np.sqrt(ties)
    assert (
        abs(np.corrcoef(alike.covariates["trait"], alike.covariates["proxy"])[0, 1] - 0.75) < 0.05
    )
    # Merged double ties cost some; nobody gains any.
    assert 6.5 < alike.network.n_arcs / alike.n <= 8.0
    loose.network.check()


def test_worlds_of_one_key_share_their_luck() -> None:
    """Catches a change of contagion that changes people, and one world that hangs on another."""
    one, more = World(**SMALL).record(7, 3), World(contagion=0.3, **SMALL).record(7, 3)
    assert np.array_equal(one.covariates["trait"], more.covariates["trait"])
    assert np.array_equal(one.network.layer().indices, more.network.layer().indices)
    assert (more.at <= one.at).all() and (more.at < one.at).any()  # contagion only hastens
    again = World(contagion=0.3, **SMALL).record(7, 3)
    assert np.array_equal(again.at, more.at)
    assert not np.array_equal(World(**SMALL).record(7, 4).at, one.at)
    assert not np.array_equal(World(**SMALL).record(8, 3).at, one.at)


def test_a_world_without_trait_and_contagion_has_its_calendar() -> None:
    """Catches a base hazard that is another one: 5 standard errors."""
    world = World(trait=0.0, people=20_000, periods=5, calendar=[0.05, 0.1, 0.2, 0.1, 0.05])
    d = world.record(1)
    left = d.n - np.concatenate([[0], np.cumsum(d.curve())[:-1]])
    for t, hazard in enumerate(world.base):
        chance = 1.0 - np.exp(-hazard)
        error = np.sqrt(chance * (1.0 - chance) / left[t])
        assert abs(d.curve()[t] / left[t] - chance) < 5.0 * error
    assert np.isclose(np.mean(hump(20, 0.02)), 0.02)


def test_what_is_known_is_found() -> None:
    """Catches a bench that lays truths and estimates side by side wrongly.

    Naive estimators must be fooled by homophily and the one that knows the trait must not: with 6
    replicates all or none of them, in this key.
    """
    worlds = {"alike": {"homophily": 0.8, "people": 800},
              "told": {"contagion": 0.3, "people": 800}}  # fmt: skip
    found = kb.bench(worlds, ["calendar", "calendar + trait"], [{}, {"ties": 0.5}], 6, rng=7)
    table = found.table()
    assert table.loc[("alike", "all seen", "calendar"), "found"] == 1.0
    assert table.loc[("alike", "all seen", "calendar"), "covered"] == 0.0
    assert table.loc[("alike", "all seen", "calendar + trait"), "found"] < 0.5
    whole = table.loc[("told", "all seen", "calendar + trait")]
    half = table.loc[("told", "ties=0.5", "calendar + trait")]
    assert abs(whole["bias_share"]) < 0.15 and whole["found"] == 1.0
    assert -0.7 < half["bias_share"] < -0.35
    assert whole["estimate_low"] < whole["estimate"] < whole["estimate_high"]
    assert table.truth.tolist() == [0.0] * 4 + [0.3] * 4


def test_the_table_is_made_of_the_cells() -> None:
    """Catches means, shares or intervals that are computed of something else."""
    calls = iter([0.1, 0.3, 0.2, 0.4])

    def own(d: kb.Diffusion) -> dict[str, float]:
        x = next(calls)
        return {"estimate": x, "low": x - 0.15, "high": x + 0.15}

    found = kb.bench({"told": {"contagion": 0.2, **SMALL}}, {"own": own}, replicates=4, rng=1)
    row = found.table().iloc[0]
    assert np.isclose(row["estimate"], 0.25) and np.isclose(row["bias"], 0.05)
    assert np.isclose(row["bias_share"], 0.25)
    assert np.isclose(row["error"], np.sqrt(np.mean([0.01, 0.01, 0.0, 0.04])))
    assert row["covered"] == 0.75 and row["found"] == 0.75
    low, high = kb.metrics.intervals.wilson(3, 4)
    assert (row["covered_low"], row["covered_high"]) == (low, high)


def test_the_same_key_gives_the_same_bytes() -> None:
    """Catches luck that is not addressed, and replicates that hang on each other."""
    worlds = {"a": {"homophily": 0.5, **SMALL}}
    words = (worlds, ["calendar", "times shuffled", "ties rewired"], [{"people": 0.6}])
    one = kb.bench(*words, replicates=2, rng=5).cells
    assert one.equals(kb.bench(*words, replicates=2, rng=5).cells)
    more = kb.bench(*words, replicates=3, rng=5).cells
    assert more[more.replicate < 2].reset_index(drop=True).equals(one)
    assert not one.estimate.equals(kb.bench(*words, replicates=2, rng=6).cells.estimate)


def test_shuffled_times_keep_who_and_when() -> None:
    """Catches a control that changes more than the order of the times."""
    d = World(contagion=0.2, **SMALL).record(7)
    d = d.replace(groups=np.arange(d.n) % 3, seeds=[1, 2])
    other = drawn(d, "times shuffled", 1, 0)
    assert np.array_equal(other.adopted, d.adopted)
    assert np.array_equal(other.at[d.seeded], d.at[d.seeded])
    assert not np.array_equal(other.at, d.at)
    for group in range(3):
        own = d.group == group
        assert np.array_equal(np.sort(other.at[own]), np.sort(d.at[own]))
    assert np.array_equal(drawn(d, "times shuffled", 1, 0).at, other.at)
    assert not np.array_equal(drawn(d, "times shuffled", 1, 1).at, other.at)
    assert (d.at != NEVER).any()


def test_rewired_ties_keep_degrees_and_lose_homophily() -> None:
    """Catches a control that leaves ties among those who are alike, or changes degrees."""
    d = ALIKE.record(7)
    other = drawn(d, "rewired", 1, 0)
    assert abs(over_ties(other, "trait")) < 0.06 < over_ties(d, "trait")
    degree, new = d.network.degrees(), other.network.degrees()
    assert (np.abs(degree - new) <= 3).all() and (degree == new).mean() > 0.9
    other.network.check()
    arrows = kb.Diffusion(kb.Network.from_edges([0, 1, 2, 3], [1, 2, 3, 0]), [1, 2, 3, 4])
    turned = drawn(arrows, "rewired", 1, 0).network
    assert all(layer.directed for layer in turned.layers)


def test_matching_compares_those_who_are_alike() -> None:
    """Catches matches that are not the nearest, and exposure that is not the reason.

    With a trait that is all there is, matching must remove at least half of what the plain
    comparison finds; without anything it must find nothing: 4 standard errors.
    """
    from koubei_sim.evidence.estimators import _nearest

    near = _nearest(np.array([0.0, 1.0, 5.0]), np.array([-3.0, 0.4, 0.6, 2.9, 3.1, 9.0]))
    assert near.tolist() == [0, 0, 1, 1, 2, 2]
    assert _nearest(np.array([2.0]), np.array([1.0, 3.0])).tolist() == [0, 0]
    d = ALIKE.record(3)
    plain = d.replace(covariates={"trait": (np.arange(d.n) * 7919 % d.n).astype(float)})
    assert matched(d, 0).estimate < 0.5 * matched(plain, 0).estimate
    nothing = matched(LOOSE.record(3), 0)
    error = (nothing.high - nothing.low) / (2 * 1.96)
    assert abs(nothing.estimate) < 4.0 * error


def test_an_estimator_of_ones_own_is_one_function() -> None:
    """Catches an answer that is read otherwise than it was given."""
    full = estimator_of("own", lambda d: {"estimate": 1, "low": 0.5, "high": 2, "p": 0.1})
    record = World(**SMALL).record(1)
    assert full(record, 0) == Estimate(1.0, 0.5, 2.0, 0.1)
    assert estimator_of("own", lambda d: 0.25)(record, 0).estimate == 0.25
    for name in USUAL:
        assert np.isfinite(estimator_of(name, name)(record, 1).estimate), name
    faded = estimator_of("faded", "calendar + ties(share, fading=?)")(record, 0)
    assert np.isfinite(faded.estimate)


def test_a_world_of_ones_own_is_one_function() -> None:
    """Catches a truth that is not the one that the function says."""

    def own(key: int, replicate: int) -> tuple[kb.Diffusion, float]:
        return World(**SMALL).record(key, replicate), 0.5

    found = kb.bench({"own": own}, [lambda d: 0.75], replicates=2, rng=1).table()
    assert found["bias"].tolist() == [0.25]


def test_records_without_an_answer_are_counted() -> None:
    """Catches a world in which nobody adopts that ends the whole bench, or counts as 0."""
    still = World(people=50, calendar=0.0, trait=0.0)
    found = kb.bench({"still": still}, ["naive"], replicates=2, rng=1).table()
    assert found["failed"].tolist() == [2] and np.isnan(found["estimate"].iloc[0])


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"worlds": {}}, "worlds: not worlds by name"),
        ({"worlds": {"a": 3}}, "worlds.a: no world"),
        ({"worlds": {"a": {"homofily": 0.5}}}, "worlds.a"),
        ({"worlds": {"a": {"homophily": 1.5}}}, "world.homophily: out of range"),
        ({"worlds": {"a": {"ties": 7}}}, "world.ties: not an even number"),
        ({"worlds": {"a": {"calendar": [0.1]}}}, "world.calendar: not one a period"),
        ({"worlds": {"a": lambda key, r: 3}}, "worlds.a: gave back no record"),
        ({"estimators": []}, "estimators: none given"),
        ({"estimators": ["naif"]}, "estimators"),
        ({"estimators": "naive"}, "estimators: not a list"),
        ({"estimators": ["calendar + trait + degree"]}, "estimators.calendar + trait + degree"),
        ({"estimators": [3]}, "estimators"),
        ({"estimators": ["naive", "naive"]}, "estimators: two of one name"),
        ({"estimators": {"own": lambda d: {"value": 3}}}, "estimators.own: gave back something"),
        ({"estimators": {"own": lambda d: "high"}}, "estimators.own: gave back no estimate"),
        ({"observe": [{"tie": 0.5}]}, "observe.tie=0.5"),
        ({"observe": "ties"}, "observe: not ways to observe"),
        ({"observe": [{"ties": 2.0}]}, "observe.ties: out of range"),
        ({"replicates": 0}, "replicates: out of range"),
    ],
)  # fmt: skip
def test_wrong_words_are_refused(words: dict[str, Any], text: str) -> None:
    """Catches input that is taken although it means nothing; one line says which."""
    usual: dict[str, Any] = {"worlds": {"a": SMALL}, "estimators": ["naive"], "replicates": 1,
                             "rng": 1}  # fmt: skip
    with pytest.raises(kb.KoubeiError) as error:
        kb.bench(**usual | words)
    assert str(error.value).startswith(text)
    assert "\n" not in str(error.value)

"""What the replications of tests for contagion stand on: their worlds, tables and regression.

Null in each: a plain loop over people and periods, another package where it is installed, and the
verdicts of the replications, which planted faults must turn.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from verification import (
    adoption,
    latent_homophily,
    matched_peers,
    replicate,
    shuffle_test,
    thresholds,
    tree_shapes,
    watch_launch,
)
from verification.verdict import MISSED


def _small(key: int) -> tuple[adoption.World, np.ndarray]:
    world = adoption.homophilous(200, 5, 0.5, key)
    times = adoption.adopted(world, np.full(200, 0.05), 0.4, 6, key, 0)
    return world, times


def _failed(name: str) -> set[str]:
    found = replicate(name)
    assert found.verdict == MISSED
    return {row.what for row in found.failures}


# ---------------------------------------------------------------- worlds and tables


def test_person_periods_are_those_of_a_plain_loop(key: int) -> None:
    """Catches an exposure of the same period, rows after adoption, and ties turned round."""
    world, times = _small(key)
    rows = adoption.panel(world.listens, times, 6)
    dense = world.listens.toarray()
    expected = []
    for t in range(1, 7):
        for i in range(200):
            if times[i] >= t:
                seen = sum(dense[i, j] for j in range(200) if times[j] < t)
                expected.append((i, t, float(times[i] == t), seen))
    found = list(zip(rows.person, rows.period, rows.adopts, rows.exposure))
    assert np.allclose(np.array(found), np.array(expected), atol=1e-12)
    assert 0 < rows.adopts.sum() == np.isfinite(times).sum()


def test_the_word_goes_from_the_named_to_who_named(key: int) -> None:
    """Catches a world whose cascade runs along the ties the other way than its exposure."""
    world, _ = _small(key)
    layer = world.network.layer()
    arcs = set(zip(layer.indices.tolist(), layer.sources().tolist()))
    who, named = world.listens.nonzero()
    assert arcs == set(zip(who.tolist(), named.tolist()))
    assert np.allclose(world.listens.sum(axis=1)[np.unique(who)], 1.0)


def test_ties_stay_among_their_own_kind_as_often_as_said(key: int) -> None:
    """Catches a share of own ties that is not the share asked for, and a trait that is not one."""
    for own in (0.0, 0.6):
        world = adoption.homophilous(5_000, 8, own, key)
        assert abs(world.trait.mean()) < 1e-12
        assert abs(world.trait.std() - 1.0) < 0.01
        who, named = world.listens.nonzero()
        near = float((np.abs(who - named) <= 5_000 / 50).mean())
        anybody = 2.0 / 50
        assert abs(near - (own + (1.0 - own) * anybody)) < 0.02
    # Keener ones: those of one's own kind lie above oneself.
    keener = adoption.homophilous(5_000, 8, 1.0, key, keener=0.5)
    who, named = keener.listens.nonzero()
    middle = np.abs(keener.trait[who]) < 1.0
    assert abs((keener.trait[named] - keener.trait[who])[middle].mean() - 0.5) < 0.05


@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_the_regression_is_that_of_another_package(key: int, link: str) -> None:
    """Catches a wrong weight, link or standard error."""
    models = pytest.importorskip("statsmodels.api")
    world, times = _small(key)
    rows = adoption.panel(world.listens, times, 6)
    columns = np.column_stack(
        [rows.exposure, world.trait[rows.person], adoption.calendar(rows.period)]
    )
    found = adoption.regression(columns, rows.adopts, link)
    links = models.families.links
    family = models.families.Binomial(links.Logit() if link == "logit" else links.CLogLog())
    other = models.GLM(rows.adopts, columns, family=family).fit(tol=1e-12)
    assert np.allclose(found.value, other.params, atol=1e-6)
    assert np.allclose(found.error, other.bse, atol=1e-6)
    assert abs(found.deviance - other.deviance) < 1e-6


def test_the_two_orders_of_the_korean_file_are_laid_together(data_file) -> None:
    """Catches times of other women: no tie leaves its village, and friends adopt alike."""
    for suffix in (".edges.gz", "_adoption.csv"):
        data_file(thresholds.KOREAN + suffix)
    women = adoption.study(thresholds.KOREAN, "village")
    assert (women.group == women.identity // 1000).all()
    who, named = women.listens.nonzero()
    assert (women.group[who] == women.group[named]).all()


def test_the_showcase_regression_reads_a_table_of_the_package(data_file) -> None:
    """Catches a table joined in its own order, or answers that are missing and kept."""
    for suffix in (".edges.gz", "_adoption.csv"):
        data_file(thresholds.MEDICAL + suffix)
    doctors = adoption.study(thresholds.MEDICAL, "city")
    n = doctors.identity.size
    # An answer that goes with its doctor's time: early with a high belief.
    belief = 4.0 - doctors.times / 6.0 + np.arange(n) * 5 % 7 / 2.0
    age = 1.0 + (np.arange(n) * 7 % 5)
    table = pd.DataFrame(
        {"id": doctors.identity % 1000, "city": doctors.group, "belief": belief, "proage": age}
    )
    found = thresholds.showcase_regression(doctors, table)
    assert found.value[1] > 3.0 * found.error[1]
    mixed = table.sample(frac=1.0, random_state=1)
    again = thresholds.showcase_regression(doctors, mixed)
    assert np.allclose(found.value, again.value, atol=1e-9)
    table.loc[3, "belief"] = np.nan
    fewer = thresholds.showcase_regression(doctors, table)
    assert not np.allclose(fewer.value, found.value, atol=1e-9)


# ---------------------------------------------------------------- planted faults


def test_exposure_of_the_same_period_turns_the_thresholds(monkeypatch, data_file) -> None:
    """Catches checks of thresholds that any convention passes."""
    for name in (thresholds.MEDICAL, thresholds.KOREAN):
        data_file(name + "_adoption.csv")
    right = thresholds.thresholds
    monkeypatch.setattr(thresholds, "thresholds", lambda found, lag: right(found, 1 - lag))
    failed = _failed("thresholds")
    assert {"mean exposure at adoption, doctors", "doctors, all: mean threshold"} <= failed


def test_rows_in_the_order_of_the_file_turn_the_thresholds(monkeypatch, data_file) -> None:
    """Catches women who are given the times of other women."""
    for name in (thresholds.MEDICAL, thresholds.KOREAN):
        data_file(name + "_adoption.csv")
    right = thresholds.study

    def wrong(name: str, group: str):
        found = right(name, group)
        place = np.argsort(found.identity, kind="stable")
        return found._replace(
            times=found.times[place], censored=found.censored[place], group=found.group[place]
        )

    monkeypatch.setattr(thresholds, "study", wrong)
    failed = _failed("thresholds")
    assert {"mean exposure at adoption, women", "Korean ties that leave the village"} <= failed


@pytest.mark.slow
def test_a_trait_without_pull_turns_latent_homophily(monkeypatch) -> None:
    """Catches false alarms that have another cause than the trait."""
    monkeypatch.setattr(latent_homophily, "PULL", 0.0)
    assert "alike, b = 0: share of worlds, naive" in _failed("latent-homophily")


@pytest.mark.slow
def test_a_calendar_forgotten_turns_the_campaign(monkeypatch) -> None:
    """Catches a control that is no control: the campaign is said to have been level."""
    right = latent_homophily._strength

    def without(columns, rows, which=0):
        # Only the regressions of the campaign have three columns, the second its spending.
        keep = [columns[0], columns[2]] if len(columns) == 3 and columns[1].max() > 1.0 else columns
        return right(keep, rows, which)

    monkeypatch.setattr(latent_homophily, "_strength", without)
    assert "a campaign, b = 0: with the campaign controlled" in _failed("latent-homophily")


def test_matching_that_does_not_match_turns_the_verdict(monkeypatch) -> None:
    """Catches a removal that is there whatever is laid beside the exposed."""
    monkeypatch.setattr(
        matched_peers, "_matched", lambda rows, exposed, seen: matched_peers._naive(rows, exposed)
    )
    failed = _failed("matched-peers")
    assert "matching on the trait itself removes of the excess" in failed


@pytest.mark.slow
def test_a_shuffle_that_leaves_everything_turns_the_verdict(monkeypatch) -> None:
    """Catches a test that finds influence whatever the shuffles give."""
    monkeypatch.setattr(
        shuffle_test, "units_drawn", lambda number, *address: (np.arange(number) + 0.5) / number
    )
    failed = _failed("shuffle-test")
    assert {"b = .25: power", "ties given to others, b = 0: fooled"} <= failed


def test_trees_with_another_parent_have_another_shape(data_file) -> None:
    """Catches parents read one row off, and roots that count as reposts."""
    data_file(tree_shapes.WEIBO)
    path = data_file(tree_shapes.WEIBO)
    table = pd.read_csv(path).head(20_000)
    found = tree_shapes.weibo_trees(table)
    assert found.size.sum() == len(table) + table["cascade"].nunique()
    flat = tree_shapes.weibo_trees(table.assign(parent=0))
    assert (flat.depth == 1).all()
    assert found.depth.max() > 1
    # A star of n has structural virality 2 - 2 / n.
    assert np.allclose(flat.virality, 2.0 - 2.0 / flat.size)


def test_a_share_that_reaches_two_groups_turns_the_watch(monkeypatch) -> None:
    """Catches a branching law that holds for any number of groups a share."""
    right = watch_launch.kb.group_launch
    monkeypatch.setattr(watch_launch, "QUICK", ())
    monkeypatch.setattr(
        watch_launch.kb, "group_launch", lambda *a, **options: right(*a, **{**options, "into": 2})
    )
    assert "groups of 50 without overlap: shares, branching process" in _failed("watch-launch")

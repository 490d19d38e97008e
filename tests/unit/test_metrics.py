"""Measures against numbers on paper, on histories written by hand (tests/synthetic.py)."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from koubei_sim import metrics
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics.intervals import mean_interval, skewness, wilson
from koubei_sim.model.scenario import Scenario


def _synthetic():
    if "koubei_synthetic" not in sys.modules:
        path = Path(__file__).resolve().parents[1] / "synthetic.py"
        spec = importlib.util.spec_from_file_location("koubei_synthetic", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["koubei_synthetic"] = module
        spec.loader.exec_module(module)
    return sys.modules["koubei_synthetic"]


synthetic = _synthetic()
history_of, set_block = synthetic.history_of, synthetic.set_block


class FakeRun:
    """What metrics ask of a result."""

    def __init__(self, scenario, histories, key=7):
        self.scenario, self.histories, self.key = scenario, histories, key
        self.replicates, self.engine = len(histories), "compiled"


# The forest ---------------------------------------------------------------------------------


def star(n):
    return history_of([(-1, 0, -1)] + [(0, i, 0) for i in range(1, n)])


def path(n):
    return history_of([(-1, 0, -1)] + [(i - 1, i, i - 1) for i in range(1, n)], ticks=n)


@pytest.mark.parametrize("n", [2, 3, 10, 57])
def test_structural_virality_of_star_and_path(n):
    """Catches a wrong identity: star 2 - 2/n and path (n + 1)/3 are exact."""
    for history, expected, depth in ((star(n), 2 - 2 / n, 1), (path(n), (n + 1) / 3, n - 1)):
        found = metrics.trees(metrics.recruitment_forest(history))
        assert found.size.tolist() == [n]
        assert found.virality[0] == pytest.approx(expected, rel=1e-14)
        assert found.depth.tolist() == [depth]


def test_structural_virality_against_all_pairs_distances():
    """Catches subtree sizes that leak between trees: a random forest against networkx."""
    history = synthetic.growing(3, ticks=60, people=400)
    forest = metrics.recruitment_forest(history)
    found = metrics.trees(forest)
    graph = nx.Graph()
    graph.add_nodes_from(range(forest.parent.size))
    graph.add_edges_from((i, p) for i, p in enumerate(forest.parent.tolist()) if p >= 0)
    assert found.size.sum() == forest.parent.size
    assert (found.size > 1).sum() >= 3
    for root, size, virality in zip(found.root, found.size, found.virality):
        tree = graph.subgraph(nx.node_connected_component(graph, int(root)))
        assert len(tree) == size
        if size == 1:
            assert np.isnan(virality)
        else:
            assert virality == pytest.approx(nx.average_shortest_path_length(tree), rel=1e-12)


def test_parent_is_the_latest_adoption_of_the_recruiter():
    """Catches taking the first adoption of somebody who left and came back."""
    history = history_of(
        [(-1, 0, -1), (1, 1, 0), (4, 0, 1), (6, 2, 0), (2, 3, 0)], lapses=[(3, 0)], ticks=10
    )
    forest = metrics.recruitment_forest(history)
    node = {(int(a), int(t)): i for i, (a, t) in enumerate(zip(forest.agent, forest.tick))}
    assert forest.parent[node[2, 6]] == node[0, 4]
    assert forest.parent[node[3, 2]] == node[0, -1]
    assert forest.depth[node[2, 6]] == 3  # 0 -> 1 -> 0 again -> 2
    assert metrics.trees(forest).size.tolist() == [5]


def test_recruited_by_one_who_had_not_adopted_is_a_root():
    """Catches relays and waiting tellers becoming parents, by a later adoption or by accident."""
    history = history_of([(-1, 0, -1), (3, 1, 8), (5, 8, 0), (5, 4, 8), (6, 2, 8), (7, 3, 99)])
    forest = metrics.recruitment_forest(history)
    node = {int(a): i for i, a in enumerate(forest.agent)}
    assert forest.parent[node[1]] == -1  # 8 adopted only on day 5
    assert forest.parent[node[2]] == node[8]
    assert forest.parent[node[3]] == -1
    assert forest.parent[node[4]] == -1  # on the day on which 8 adopted: it told before that
    assert forest.agent[forest.by_other].tolist() == [1, 4, 3]
    assert not forest.by_media.any()


def test_media_adoptions_are_roots_and_nothing_breaks_without_events():
    """Catches media (-2) and goods (-3) being taken for agents or each other, and empty logs."""
    forest = metrics.recruitment_forest(history_of([(-1, 0, -1), (2, 5, -2, 1), (3, 6, 5)]))
    assert forest.parent.tolist() == [-1, -1, 1]
    assert forest.by_media.tolist() == [False, True, False]
    bought = metrics.recruitment_forest(history_of([(-1, 0, -1), (2, 5, -3, -1), (3, 6, 5)]))
    assert bought.parent.tolist() == [-1, -1, 1]
    assert not (bought.by_media | bought.by_other).any()
    empty = metrics.forest_summary(history_of([]))
    assert (empty.trees, empty.adoptions) == (0, 0)
    assert np.isnan(empty.largest_share)


# Recruits, retention, tiers -------------------------------------------------------------------


def test_reproduction_number_by_cohort():
    """Catches counting recruits in the cohort of the child instead of the parent."""
    history = history_of([(-1, 0, -1), (0, 1, 0), (1, 2, 0), (8, 3, 1), (9, 4, 3)], ticks=14)
    found = metrics.reproduction_number(history, cohort=7)
    assert found.adopters.tolist() == [3, 2]
    assert found.recruits.tolist() == [3, 1]
    np.testing.assert_allclose(found.number, [1.0, 0.5])
    assert found.complete.tolist() == [False, False]
    short = metrics.reproduction_number(history, cohort=7, window=2)
    assert short.recruits.tolist() == [2, 1]  # 8 - 0 is beyond the window
    assert short.complete.tolist() == [True, False]  # day 6 + 2 was seen, day 13 + 2 was not


def test_k_factor_counts_only_those_seen_long_enough():
    """Catches dividing by adopters whose window reaches past the end of the run."""
    history = history_of([(-1, 0, -1), (0, 1, 0), (1, 2, 0), (8, 3, 1), (9, 4, 3)], ticks=10)
    # Window 3: seen are seeds (-1), 1 (tick 0), 2 (tick 1); recruits within 3 days: 1, 2 of 0.
    assert metrics.k_factor(history, days=3) == pytest.approx(2 / 3)
    assert np.isnan(metrics.k_factor(history, days=30))


def test_retention_curve_by_cohort():
    """Catches off-by-one days, other people's lapses, and cells that were never observed."""
    history = history_of(
        [(-1, 0, -1), (0, 1, 0), (0, 2, 0), (2, 3, 0), (7, 4, 0)], lapses=[(3, 1), (5, 3)], ticks=10
    )
    found = metrics.retention(history, cohort=5)
    assert found.adopters.tolist() == [4, 1]
    # Lifetimes 3 (agent 1) and 3 (agent 3); the last member joined on 2, so 7 days are seen.
    np.testing.assert_allclose(found.share[0, :8], [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5])
    assert np.isnan(found.share[0, 8:]).all()
    np.testing.assert_allclose(found.share[1, :3], 1.0)
    assert np.isnan(found.share[1, 3:]).all()


def test_spell_ends_at_the_next_lapse_of_the_same_person():
    """Catches joining a second spell to the first lapse, and counting an unended one as ended."""
    found = metrics.spells(history_of([(-1, 0, -1), (5, 0, 0 + 1), (0, 1, 0)], [(3, 0)], ticks=9))
    by = {(int(a), int(s)): (int(n), bool(e)) for a, s, n, e in zip(*found)}
    assert by == {(0, -1): (4, True), (0, 5): (3, False), (1, 0): (8, False)}
    # A lapse on the day of an adoption ends the spell before it, not the new one.
    found = metrics.spells(history_of([(-1, 0, -1), (4, 0, 0)], [(4, 0)], ticks=9))
    assert (found.length.tolist(), found.ended.tolist()) == ([5, 4], [True, False])


def test_behaviour_tiers():
    """Catches counting adoption events instead of people."""
    history = history_of(
        [(-1, 0, -1), (0, 1, 0), (1, 2, 0), (2, 3, 0), (4, 4, 3)], lapses=[(2, 1)], ticks=10
    )
    found = metrics.behaviour_tiers(history, day=5)
    assert found.adopters == 5
    assert (found.recruiters, found.strong_recruiters) == (2, 1)
    assert (found.observed, found.active, found.active_recruiters) == (5, 4, 2)


# Over replicates: the living and the dead ---------------------------------------------------


# Indices, take-off, costs ---------------------------------------------------------------------


def test_indices():
    """Catches swapped numerators: each index from a table row written by hand."""
    history = history_of([(-1, 0, -1), (-1, 1, -1)], ticks=2)
    set_block(history, "stage", 1, [40, 30, 0, 30, 0, 0, 0])
    set_block(history, "tier", 1, [18, 6, 4, 2])
    set_block(history, "enthusiast_tier", 1, [9, 3, 1, 2])
    set_block(history, "tells_positive", 1, [6, 3])
    set_block(history, "tells_negative", 1, [1, 1])
    set_block(history, "tells_rejecter", 1, [1])
    set_block(history, "tells_relay", 1, [50])
    set_block(history, "online_users", 1, 10)
    set_block(history, "unhappy_online", 1, 2)
    set_block(history, "promoters_online", 1, 5)
    assert metrics.awareness_index(history)[1] == pytest.approx(0.6)
    assert metrics.loyalty_index(history)[1] == pytest.approx(12 / 30)
    assert metrics.reputation_index(history)[1] == pytest.approx((9 - 3) / 12)
    assert np.isnan(metrics.reputation_index(history)[0])
    np.testing.assert_allclose(metrics.purity_by_tier(history)[1], [0.5, 0.5, 0.25, 1.0])
    assert metrics.daily_active_share(history).tolist() == [1.0, 5.0]
    assert metrics.net_promoter_share(history)[1] == pytest.approx((5 - 2) / 10)


def test_take_off_needs_both_a_share_and_a_multiple_of_the_seeds():
    """Catches many seeds counting as a take-off, and lapsed people not counting as adopters."""
    seeds = [(-1, a, -1) for a in range(5)]
    assert not metrics.took_off(history_of(seeds, people=100))
    grown = seeds + [(1, a, 0) for a in range(5, 50)]
    assert metrics.took_off(history_of(grown, people=100))
    assert metrics.took_off(history_of(grown, [(3, a) for a in range(5, 50)], people=100))
    assert not metrics.took_off(history_of(grown, people=100_000))


def test_costs_of_every_lever():
    """Catches a lever without a price or on the wrong day; the sum is added up by hand."""
    scenario = Scenario().replace(
        **{
            "ticks": 10,
            "people_per_agent": 2.0,
            "seeding.recruit_cost": 7.0,
            "channels.forum.staff_cost": 3.0,
            "channels.weibo.opens_at": 4,
            "channels.weibo.staff_cost": 1.0,
            "costs.per_answer": 0.5,
            "costs.per_release": 20.0,
            "costs.per_report_read": 0.25,
            "costs.per_unit": 9.0,
            "costs.per_recruit": 6.0,
            "telling.referral_reward": 0.5,
            "events": {
                "online": {
                    "channel": "forum",
                    "start": 2,
                    "length": 2,
                    "every": 5,
                    "cost": 11.0,
                    "cost_per_head": 0.1,
                },
                "party": {
                    "channel": "forum",
                    "start": 5,
                    "offline": True,
                    "cost": 50.0,
                    "cost_per_head": 4.0,
                },
            },
            "media": {
                "blog": {
                    "channel": "forum",
                    "start": 8,
                    "cost_per_day": 2.0,
                    "cost_per_member": 0.01,
                }
            },
        }
    )
    history = history_of([(-1, 0, -1), (3, 1, 0), (4, 2, -2, 0)], ticks=10)
    set_block(history, "answered", 6, [3])
    set_block(history, "unhelped", 6, [1])
    set_block(history, "reports_read", 7, 40)
    set_block(history, "tells_positive", 3, [8])
    set_block(history, "tells_negative", 3, [2])
    set_block(history, "tells_positive", 5, [100])
    set_block(history, "meeting_attendees", 5, 6)
    spent = metrics.spend(history, scenario)
    assert list(spent) == list(metrics.PURPOSES)
    assert spent["seeds"].tolist() == [14.0] + [0.0] * 9
    assert spent["staff"].tolist() == [3.0] * 4 + [4.0] * 6
    assert (spent["answers"][6], spent["answers"].sum()) == (4.0, 4.0)
    assert np.flatnonzero(spent["releases"]).tolist() == [7]
    assert spent["reports"][7] == 20.0
    assert spent["units"].tolist() == [0, 0, 0, 18.0, 18.0, 0, 0, 0, 0, 0]
    assert spent["referral"].sum() == 6.0  # one recruit, of two people, by a person
    np.testing.assert_allclose(
        spent["events"], [0, 0, 11, 10 * 0.1 * 2, 0, 50 + 6 * 4 * 2, 0, 11, 0, 0]
    )
    np.testing.assert_allclose(spent["media"], [0] * 8 + [2 + 0.01 * 100 * 2] * 2)
    assert metrics.cumulative(spent)[-1] == pytest.approx(sum(s.sum() for s in spent.values()))


# Intervals and tables -------------------------------------------------------------------------


def test_wilson_against_a_published_value():
    """Catches a wrong score interval: 81 of 263 gives .2553 to .3662 (Newcombe 1998, method 3)."""
    low, high = wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 5)[0] == 0.0
    assert wilson(5, 5)[1] == 1.0
    assert np.isnan(wilson(0, 0)[0])


def test_interval_methods_and_bootstrap_repeats():
    """Catches t on skewed outcomes, intervals that change from call to call, and NaN spreading."""
    skewed = np.array([1.0, 1, 1, 2, 2, 2, 3, 3, 4, 90])
    first, second = mean_interval(skewed, key=3, outcome=1), mean_interval(skewed, key=3, outcome=1)
    assert first == second
    assert first.method == "bootstrap"
    assert skewness(skewed) > 1
    assert first.low < first.mean < first.high
    assert first.high - first.mean > first.mean - first.low  # accelerated: longer to the right
    assert mean_interval(skewed, key=3, outcome=2) != first
    assert mean_interval(np.array([1.0, np.nan, 3.0])).mean == 2.0
    assert mean_interval(np.array([4.0, 4.0])).method == "exact"
    assert mean_interval(np.array([np.nan])).method == "none"


@pytest.mark.statistical
def test_bootstrap_interval_covers():
    """Null: the interval of an exponential mean, n = 40, covers in 92 % of cases or more.

    Catches swapped ends, a lost bias correction with the wrong sign, a percentile off by ten.
    Nominal 95 %; 400 repetitions; at a coverage of .92 the chance of fewer than 337 hits is
    below 1e-6; fixed key.
    """
    rng = np.random.default_rng(5)
    hits = 0
    for repeat in range(400):
        low, high = _bootstrap(rng.exponential(size=40), repeat)
        hits += low <= 1.0 <= high
    assert hits >= 337


def _bootstrap(values, key):
    from koubei_sim.metrics.intervals import _accelerated_bootstrap

    return _accelerated_bootstrap(values, key, 0)


def test_summary_has_every_outcome_with_its_method():
    """Catches an outcome that vanished or a day that never came counting as a number."""
    histories = [synthetic.growing(r) for r in range(4)]
    scenario = Scenario().replace(**{"n_agents": 3000, "ticks": 120})
    table = metrics.summary(FakeRun(scenario, histories))
    assert list(table.index) == list(metrics.OUTCOMES)
    final = np.array([metrics.users(h)[-1] for h in histories])
    assert table.loc["users", "estimate"] == pytest.approx(np.expm1(np.log1p(final).mean()))
    assert table.loc["take_off", "interval"] == "binomial"
    assert table.loc["day_loyal_100000", "n"] == 0
    assert np.isnan(table.loc["day_loyal_100000", "estimate"])  # never is no day
    assert table.loc["day_loyal_100000", "meaning"].endswith(": never within 120 days")
    scaled = metrics.summary(FakeRun(scenario.replace(people_per_agent=1000.0), histories))
    typical = np.expm1(np.log1p(1000.0 * final).mean())
    assert scaled.loc["users", "estimate"] == pytest.approx(typical)
    assert scaled.loc["day_loyal_100000", "estimate"] < 120.0


def test_pyramid_at_calendar_quarters():
    """Catches rows that are not the last day of a quarter, and a lost last row."""
    scenario = Scenario().replace(n_agents=3000, ticks=120, start_date="2010-08-16")
    table = metrics.pyramid(FakeRun(scenario, [synthetic.growing(r) for r in range(3)]))
    assert list(table.index) == ["2010 Q3", "2010 Q4"]
    assert table["tick"].tolist() == [45, 119]  # 30 September, and the end of the run
    assert (table["users_low"] <= table["users"]).all()
    assert (table["die_hard"] <= table["loyal"]).all()
    plain = scenario.replace(start_date=None)
    run = FakeRun(plain, [synthetic.growing()])
    assert metrics.pyramid(run, 50).index.tolist() == ["day 50", "day 100", "day 120"]
    with pytest.raises(KoubeiError, match="every: unknown period, got 'fortnight'"):
        metrics.pyramid(run, "fortnight")

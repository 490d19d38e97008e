"""Comparisons: pairs that share their luck, what they save, and the people behind a difference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.synthetic import history_of

import koubei_sim as kb
from koubei_sim.core.codes import LOG_ADOPT
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.reports.page import Table
from koubei_sim.runs.archive import history_digest
from koubei_sim.runs.fork import fork
from koubei_sim.studies.compare.compare import COLUMNS, compare
from koubei_sim.studies.compare.comparison import Comparison
from koubei_sim.studies.compare.programme import (
    CHANGES,
    changed_people,
    first_adoptions,
    programme_value,
)
from koubei_sim.studies.compare.strata import effect

TINY = Scenario.load("tiny").replace(n_agents=500, ticks=30)
MORE = TINY.replace(**{"media.account.start": 3, "media.account.visibility": 0.1})


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare({"as it is": TINY, "advertised": MORE}, replicates=12, rng=11)


def test_each_scenario_is_run_as_it_would_be_alone(found: Comparison) -> None:
    """Catches lanes that number replicates otherwise than `run`, or share state."""
    for name, scenario in (("as it is", TINY), ("advertised", MORE)):
        alone = kb.run(scenario, replicates=12, rng=11)
        assert history_digest(found.runs[name].histories) == alone.digest()


def test_effects_are_taken_pair_by_pair(found: Comparison) -> None:
    """Catches pairs out of step, a ratio turned round, a gain upside down."""
    one, other = (
        np.log1p(kb.metrics.outcomes(kb.run(s, replicates=12, rng=11))["users"])
        for s in (MORE, TINY)
    )
    gap = found.effect("users", "advertised")
    assert gap.estimate == pytest.approx(np.exp((one - other).mean()), abs=1e-12)
    assert gap.gain == pytest.approx((one.var() + other.var()) / (one - other).var())
    assert gap.n == 12 and gap.changed == (one != other).mean()
    table = found.table()
    assert table.loc["users", "effect"] == gap.estimate
    assert table.loc["users", "advertised"] == pytest.approx(np.expm1(one.mean()))
    assert table.index[0] == "take_off" and table.loc["users", "of"] == "neither takes off"


def test_strata_come_from_who_took_off_in_both_worlds() -> None:
    """Catches strata swapped, an effect inside the wrong one, and a mean over all pairs.

    At 300 people with a lower bar, some of 16 worlds take off with a campaign, some without.
    """
    base = Scenario.load("tiny").replace(n_agents=300, ticks=60, **{"seeding.number": 3})
    more = base.replace(**{"media.account.start": 2, "media.account.visibility": 0.02})
    found = compare({"plain": base, "more": more}, replicates=16, rng=5)
    taken = {name: found.taken(name) for name in ("plain", "more")}
    kinds = {
        "both": taken["more"] & taken["plain"],
        "only more": taken["more"] & ~taken["plain"],
        "only plain": ~taken["more"] & taken["plain"],
        "neither": ~taken["more"] & ~taken["plain"],
    }
    table = found.strata("users")
    assert list(table.index) == list(kinds) and table["pairs"].sum() == 16
    assert 0 < kinds["both"].sum() < 16 and kinds["only more"].sum() > 0
    for name, rows in kinds.items():
        assert table.loc[name, "pairs"] == rows.sum()
        if rows.sum() < 3:
            assert np.isnan(table.loc[name, "low"])
            continue
        logs = [np.log1p(found.values("users", each)[rows]) for each in ("more", "plain")]
        assert table.loc[name, "effect"] == pytest.approx(np.exp((logs[0] - logs[1]).mean()))
        assert table.loc[name, "low"] <= table.loc[name, "effect"] <= table.loc[name, "high"]
    rows = kinds["both"]
    assert found.effect("loyal").n == rows.sum()
    gap = found.effect("take_off")
    assert gap.n == 16
    assert gap.estimate == pytest.approx(taken["more"].mean() - taken["plain"].mean())
    assert "both" in repr(found) and "takes off in" in repr(found)
    with pytest.raises(KoubeiError, match="stratum"):
        found.effect("users", stratum="all")


def test_equal_scenarios_differ_by_exactly_nothing() -> None:
    """Catches luck that depends on the name or the place of a scenario."""
    same = compare({"a": TINY, "b": TINY, "c": TINY}, replicates=3, rng=2)
    for name in "bc":
        gap = same.effect("adoptions", name)
        assert gap[:4] == (1.0, 1.0, 1.0, "exact") and gap.gain == np.inf and gap.changed == 0.0
        assert same.effect("reputation", name).estimate == 0.0
        assert len(same.people(name)) == 0


def test_the_gain_of_independent_numbers_is_one() -> None:
    """Catches a gain that is not 1 where nothing is shared.

    Null: independent normal samples, n = 20,000; ``1 - 1 / gain`` is about their correlation,
    standard error 1 / sqrt(n); error rate 1e-6 (4.89 standard errors); fixed key.
    """
    rng = np.random.Generator(np.random.PCG64(8))
    one, other = rng.normal(size=(2, 20_000))
    assert abs(1.0 - 1.0 / effect("virality", one, other).gain) < 4.89 / np.sqrt(20_000)


def test_pairs_save_runs_against_other_keys(found: Comparison) -> None:
    """Catches scenarios that do not share their luck: then the gain is about 1.

    Here, in these 12 pairs with a fixed key, it is above 2, and that of runs under two keys lies
    below it.
    """
    other = kb.metrics.outcomes(kb.run(TINY, replicates=12, rng=12))["adoptions"]
    one, base = (found.values("adoptions", name) for name in ("advertised", "as it is"))
    gain = effect("adoptions", one, base).gain
    assert gain > 2.0 and gain > effect("adoptions", one, other).gain


def test_undefined_pairs_are_left_out() -> None:
    """Catches NaN in a mean, or pairs closed up one against the wrong other."""
    gap = effect("virality", np.array([1.0, np.nan, 5.0, 9.0]), np.array([0.0, 2.0, np.nan, 5.0]))
    assert (gap.n, gap.estimate, gap.changed) == (2, 2.5, 1.0)
    assert effect("virality", np.array([np.nan]), np.array([1.0])).n == 0


def test_over_time_ends_with_the_final_difference(found: Comparison) -> None:
    """Catches days out of step, and adoptions that are not summed up."""
    users, adoptions = found.over_time("users"), found.over_time("adoptions")
    assert users.effect.iloc[-1] == pytest.approx(found.effect("users").estimate)
    final = found.effect("adoptions").estimate
    assert adoptions.effect.iloc[-1] == pytest.approx(final)
    assert (users.effect.iloc[:3] == 1).all()  # the campaign starts on day 3
    assert (users.low <= users.effect).all() and (users.effect <= users.high).all()
    total = found.over_time("tells_positive")
    told = found.runs["as it is"].histories
    each = [np.log1p(kb.metrics.block(h, "tells_positive").sum(axis=1)) for h in told]
    assert np.allclose(total["as it is"], np.expm1(np.mean(each, axis=0)))


def test_counts_are_people_where_an_agent_stands_for_several() -> None:
    """Catches agents and people mixed up in the effect by day or in the value."""
    ten = {"people_per_agent": 10.0, "seeding.number": 200, "supply.enabled": False}
    found = compare({"a": TINY.replace(**ten), "b": MORE.replace(**ten)}, replicates=2, rng=3)
    effect = found.over_time("users").effect.iloc[-1]
    assert effect == pytest.approx(found.effect("users").estimate)
    adopters = found.programme_value(discount=0.0).value
    assert np.all(adopters % 10 == 0) and adopters.max() > 0


# The value of a programme -----------------------------------------------------------------------


def test_acceleration_and_expansion_add_up_to_the_value(found: Comparison) -> None:
    """Catches people counted in both parts or in none; the value is computed without the split.

    Libai, Muller and Peres 2013: an identity, here to 1e-9 of the largest sum.
    """
    split = found.programme_value(discount=0.1)
    assert np.abs(split.value - split.acceleration - split.expansion).max() < 1e-9
    assert (split.lost <= 0.0).all() and (split.value > 0).all()
    one = kb.run(MORE, replicates=12, rng=11).histories
    other = kb.run(TINY, replicates=12, rng=11).histories
    for r in range(12):
        npv = []
        for history in (one[r], other[r]):
            rows = history.log_kind == LOG_ADOPT
            first: dict[int, int] = {}
            for agent, tick in zip(history.log_agent[rows], history.log_tick[rows], strict=True):
                first.setdefault(int(agent), int(tick))
            npv.append(sum(np.exp(-0.1 * max(tick, 0) / 365.0) for tick in first.values()))
        assert split.value[r] == pytest.approx(npv[0] - npv[1], abs=1e-9)


def test_the_split_of_random_times_by_hand() -> None:
    """Catches the sign of the lost, and never-adopters who count."""
    rng = np.random.Generator(np.random.PCG64(3))
    for _ in range(50):
        one, other = (
            np.where(rng.random(40) < 0.4, np.nan, rng.integers(-1, 90, 40)) for _ in "ab"
        )
        value, sooner, wider, lost = programme_value(one, other, 0.3, margin=7.0)

        def v(t: float) -> float:
            return 7.0 * float(np.exp(-0.3 * max(t, 0.0) / 365.0))

        both = [v(a) - v(b) for a, b in zip(one, other, strict=True) if a == a and b == b]
        won = [v(a) for a, b in zip(one, other, strict=True) if a == a and b != b]
        gone = [v(b) for a, b in zip(one, other, strict=True) if a != a and b == b]
        assert sooner == pytest.approx(sum(both), abs=1e-9)
        assert wider == pytest.approx(sum(won) - sum(gone), abs=1e-9)
        assert lost == pytest.approx(-sum(gone), abs=1e-9)
        assert abs(value - sooner - wider) < 1e-9


def test_more_time_turns_expansion_into_acceleration() -> None:
    """Catches a split that does not depend on who adopts anyway."""
    without = history_of([(-1, 0, -1), (8, 1, 0)], ticks=10)
    with_it = history_of([(-1, 0, -1), (2, 1, 0)], ticks=10)
    short = programme_value(
        first_adoptions(with_it), np.where(np.arange(100) == 0, -1.0, np.nan), 0.1
    )
    long = programme_value(first_adoptions(with_it), first_adoptions(without), 0.1)
    assert short[1] == 0.0 and short[2] > 0.99
    assert long[1] > 0.0 and long[2] == 0.0


# Whom, and through whom -------------------------------------------------------------------------


def test_chains_on_paper() -> None:
    """Catches a chain that ends too early, or is read in the wrong world.

    Without: 0 is a seed, brings 1 on day 5; 1 brings 2 on day 8; 9 adopts by media on day 3.
    With: a campaign wins 4 on day 1, who brings 1 on day 2, who brings 2 on day 4; 5 is brought
    by 2 on day 6; 9 is lost.
    """
    without = history_of([(-1, 0, -1), (5, 1, 0), (8, 2, 1), (3, 9, -2, 1)])
    with_it = history_of([(-1, 0, -1), (1, 4, -2, 2), (2, 1, 4), (4, 2, 1, 3), (6, 5, 2)])
    got = changed_people(with_it, without)
    rows = list(zip(*(column.tolist() for column in got), strict=True))
    named = [(a, CHANGES[c], r, ch, o, s) for a, c, _, _, r, ch, o, s in rows]
    assert named == [
        (1, "earlier", 4, 0, 4, 1),
        (2, "earlier", 1, 3, 4, 2),
        (4, "won", -2, 2, 4, 0),
        (5, "won", 2, 0, 4, 3),
        (9, "lost", -2, 1, 9, 0),
    ]


def test_a_chain_through_somebody_who_came_back() -> None:
    """Catches a chain that ends at a recruiter who had left and adopted again.

    With: 4 is won by media on day 1, leaves, adopts again on day 5 and brings 1 on day 7.
    """
    without = history_of([(-1, 0, -1), (9, 1, 0)])
    with_it = history_of([(-1, 0, -1), (1, 4, -2, 2), (5, 4, 0), (7, 1, 4)], [(3, 4)])
    got = changed_people(with_it, without)
    assert got.agent.tolist() == [1, 4]
    assert got.origin.tolist() == [4, 4] and got.steps.tolist() == [1, 0]
    assert got.recruiter.tolist() == [4, -2] and got.tick_with.tolist() == [7, 1]


def naive_chain(history: Any, agent: int, wanted: set[int]) -> tuple[int, int]:
    """Origin and steps by walking up first adoptions, one person at a time."""
    first: dict[int, tuple[int, int]] = {}
    for row in np.flatnonzero(history.log_kind == LOG_ADOPT):
        who = int(history.log_agent[row])
        first.setdefault(who, (int(history.log_tick[row]), int(history.log_recruiter[row])))
    steps = 0
    while True:
        tick, recruiter = first[agent]
        if recruiter not in wanted or recruiter not in first or first[recruiter][0] >= tick:
            return agent, steps
        agent, steps = recruiter, steps + 1


def test_chains_in_real_runs(found: Comparison) -> None:
    """Catches chains through later adoptions of people who came back, against a naive walk."""
    table = found.people()
    assert set(table.change.unique()) >= {"earlier", "won"} and table.steps.max() >= 1
    runs = [found.runs[name].histories for name in ("advertised", "as it is")]
    for replicate, part in table.groupby("replicate"):
        one, other = (first_adoptions(histories[replicate]) for histories in runs)
        same = (one == other) | (np.isnan(one) & np.isnan(other))
        assert set(part.agent) == set(np.flatnonzero(~same))
        for history, names in ((runs[0], ("earlier", "won")), (runs[1], ("later", "lost"))):
            rows = part[part.change.isin(names)]
            wanted = set(rows.agent.tolist())
            for row in rows.itertuples():
                chain = naive_chain(history[replicate], row.agent, wanted)
                assert chain == (row.origin, row.steps)


def test_through_counts_everybody_once(found: Comparison) -> None:
    """Catches people who are in two columns or in none."""
    table, people = found.through(), found.people()
    assert table["all"].sum() * found.replicates == pytest.approx(len(people))
    direct = people[(people.recruiter == -2) & (people.steps == 0)]
    assert table["media"].sum() * found.replicates == pytest.approx(len(direct))
    assert table.loc["won", "media"] > 0 and table["changed"].sum() > 0


def test_through_knows_who_got_a_good() -> None:
    """Catches people who bought taken for recruits of the unchanged, and a column of noughts where
    nothing is sold."""
    selling = {"buying.arrivals": [{"day": 0, "rate": 0.05}], "goods.phone": {}}
    small = TINY.replace(n_agents=150, ticks=15)
    arms = {"as it is": small, "selling": small.replace(**selling, **{"buying.find": 1.0})}
    runs = {n: kb.run(s, replicates=2, rng=3, engine="reference") for n, s in arms.items()}
    found = compare(runs)
    table, people = found.through(), found.people()
    direct = people[(people.recruiter == -3) & (people.steps == 0)]
    assert table["goods"].sum() * 2 == pytest.approx(len(direct)) and len(direct) > 5
    assert table["all"].sum() * 2 == pytest.approx(len(people))
    assert "goods" not in compare({"a": runs["as it is"], "b": runs["as it is"]}).through()


# Stopping ---------------------------------------------------------------------------------------


def test_replicates_are_added_until_the_precision_is_reached() -> None:
    """Catches a stop on the wrong outcome, and replicates that are run twice or skipped."""
    found = compare(
        {"a": TINY, "b": MORE}, 10, rng=4, precision=0.08, outcome="adoptions", at_most=200
    )
    assert found.stopped == "precision" and 10 < found.replicates < 200
    assert found.effect("adoptions").half_width <= 0.08
    whole = kb.run(MORE, replicates=found.replicates, rng=4)
    assert history_digest(found.runs["b"].histories) == whole.digest()
    first = compare({"a": TINY, "b": MORE}, 10, rng=4).effect("adoptions")
    assert first.half_width > 0.08  # so that it did have to go on


def test_the_limit_is_kept_and_said() -> None:
    """Catches a loop that never ends where the precision cannot be had."""
    found = compare({"a": TINY, "b": MORE}, 10, rng=4, precision=1e-6, at_most=23)
    assert (found.stopped, found.replicates) == ("at_most", 23)


# Finished runs and wrong use --------------------------------------------------------------------


def test_a_branch_beside_the_run_it_left() -> None:
    """Catches an effect before the day of the branch."""
    first = kb.run(TINY, replicates=6, rng=3)
    left = fork(first, 15, **{"media.account.visibility": 0.5, "media.account.start": 0})
    found = compare({"as it was": first, "advertised": left})
    effect = found.over_time("adoptions").effect
    assert (effect[:15] == 1).all() and effect.iloc[-1] > 1
    assert "takes off" in repr(found) and found.programme_value().value.mean() > 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"scenarios": {"a": TINY}}, "scenarios: too few"),
        ({"baseline": "c"}, "baseline: unknown, got 'c'"),
        ({"outcome": "usrs"}, "outcome: unknown outcome, got usrs"),
        ({"precision": 0.0}, "precision: out of range"),
        ({"precision": 1.0, "replicates": 5}, "replicates: too few to judge"),
        ({"precision": 1.0, "at_most": 5}, "at_most: fewer than the first look"),
        ({"replicates": 0}, "replicates: out of range, got 0"),
        ({"rng": -1}, "rng: out of range"),
        ({"scenarios": {"a": TINY, "b": 3}}, "scenarios.b: wrong type"),
        ({"scenarios": {"a": TINY, "b": "no such preset"}}, "no such preset"),
        ({"scenarios": {"low": TINY, "high": MORE}}, "a name that is a column of the tables, got"),
        ({"scenarios": [TINY, MORE.replace(name="effect")]}, "got effect, try 'scenario effect'"),
    ],
)
def test_wrong_use_is_one_line(arguments: dict[str, Any], says: str) -> None:
    """Catches wrong arguments that are found out after the runs, or by a traceback."""
    given: dict[str, Any] = {"scenarios": {"a": TINY, "b": MORE}, "replicates": 10, "rng": 1}
    with pytest.raises(KoubeiError) as error:
        compare(**{**given, **arguments})
    assert says in str(error.value) and "\n" not in str(error.value)


def test_scenarios_are_no_ends_of_an_interval() -> None:
    """Catches ``price_low`` and ``price_high`` shown as one column, from one to the other."""
    pair = compare({"price_low": TINY, "price_high": MORE}, replicates=2, rng=1)
    for table in (pair.table(), pair.strata(), pair.over_time(ticks=[3, 9])):
        assert "price_high" in repr(table) and "price low" not in repr(table)
        assert "low .. high" in repr(table) and ">price_high<" in table._repr_html_()


def test_no_column_is_named_as_a_scenario(found: Comparison) -> None:
    """Catches a new column that the name of a scenario would overwrite, in tables and pages."""
    tables = [found.table(), found.strata(), found.over_time("users")]
    columns = {str(word) for table in tables for word in (*table.columns, table.index.name)}
    heads = [[c.name for c in t.columns] for t in found._page("en").blocks(Table)]
    page = {head for row in heads if found.names[1] in row for head in row}
    assert {"low", "of"} <= columns and "meaning" in page
    assert (columns | page) - set(found.names) <= COLUMNS


def test_finished_runs_must_share_their_key() -> None:
    """Catches a paired interval of runs that are no pairs."""
    a, b, c = (kb.run(TINY, replicates=n, rng=k) for n, k in ((2, 1), (2, 2), (3, 1)))
    for other, says in ((b, "another key"), (c, "another number of replicates")):
        with pytest.raises(KoubeiError, match=says):
            compare({"a": a, "b": other})
    with pytest.raises(KoubeiError, match="some are finished"):
        compare({"a": a, "b": TINY})
    more = kb.run(TINY.replace(n_agents=501), replicates=2, rng=1)
    with pytest.raises(KoubeiError, match="n_agents: people can only"):
        compare({"a": a, "b": more}).people()

"""What people read: one estimate in all places, the day of take-off, the recipe, words, forecasts.

Small runs of the scenario ``tiny``; each is a second at most.
"""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import koubei_sim as kb
from koubei_sim import metrics
from koubei_sim.cascades.outcome import Outcome
from koubei_sim.cascades.result import CascadeResult, SavedRule
from koubei_sim.cli import lookup
from koubei_sim.looks import count_text
from koubei_sim.metrics import chance, dated_value, hurdle, take_off_day, took_off
from koubei_sim.model import mechanisms
from koubei_sim.model.scenario import parameter_table
from koubei_sim.studies import Targets

TINY = kb.Scenario.load("tiny").replace(n_agents=300, ticks=40)
LEVELS = {"users": "users", "loyal": "loyal and above", "die_hard": "die-hard and core"}


def small(replicates: int, key: int, **changes: Any) -> kb.Result:
    return kb.run(TINY, replicates=replicates, rng=key, threads=1, **changes)


@settings(max_examples=12, deadline=None)
@given(
    st.integers(1, 9), st.integers(0, 2**32), st.sampled_from([10, 60]), st.floats(0.0, 0.3),
    st.sampled_from([1.0, 7.5]),
)  # fmt: skip
def test_one_result_has_one_interval(
    replicates: int, key: int, seeds: int, tell: float, scale: float
) -> None:
    """Catches an interval made twice: repr, summary, pyramid and notebook then differ, and a sweep
    or a comparison of the same runs says a third thing.  Also an interval below nobody."""
    changes = {"seeding.number": seeds * scale, "channels.weibo.tell": tell,
               "people_per_agent": scale}  # fmt: skip
    result = small(replicates, key, **changes)
    summary, last = result.summary(), result.pyramid().iloc[-1]
    compared = kb.studies.Comparison({"a": result, "b": result}, "a")
    text, page = repr(result), result._repr_html_()
    for outcome, name in LEVELS.items():
        row = summary.loc[outcome]
        ends = (last[outcome], last[f"{outcome}_low"], last[f"{outcome}_high"])
        np.testing.assert_array_equal(row[["estimate", "low", "high"]].astype(float), ends)
        alone = compared.told(outcome, "a")
        np.testing.assert_array_equal(ends, alone[:3])
        assert not ends[1] < 0.0
        line = next(line for line in text.splitlines() if line.strip().startswith(name))
        assert line.split(name)[1].split()[0] == count_text(ends[0])
        if math.isfinite(ends[1]) and ends[2] > ends[1]:
            span = f"{count_text(ends[1])} .. {count_text(ends[2])}"
            assert span in line and span in page
    took = summary.loc["take_off", ["estimate", "low", "high"]].astype(float)
    np.testing.assert_array_equal(took, chance(compared.taken("a"))[:3])


def test_sweeps_and_comparisons_say_what_results_say() -> None:
    """Catches another interval of the same runs in a study."""
    result = small(5, 3)
    swept = kb.sweep(TINY, {"seeding.purity": [0.5]}, replicates=5, rng=3, threads=1,
                     outcomes=["users", "reputation", "day_take_off"])  # fmt: skip
    alone = small(5, 3, **{"seeding.purity": 0.5})
    for outcome in ("users", "reputation", "day_take_off"):
        row = swept.summary(outcome).iloc[0]
        told = alone.summary().loc[outcome]
        np.testing.assert_array_equal(
            row[["estimate", "low", "high"]].astype(float),
            told[["estimate", "low", "high"]].astype(float),
        )
    compared = kb.compare({"a": TINY, "b": TINY.replace(ticks=39)}, replicates=5, rng=3, threads=1)
    for outcome in ("take_off", "users", "virality"):
        np.testing.assert_array_equal(
            compared.told(outcome, "a")[:3],
            result.summary().loc[outcome, ["estimate", "low", "high"]].astype(float),
        )
    assert "(0." in repr(compared) and "low" not in repr(compared)


def cascade_of(sizes: list[int], kinds: int = 1) -> CascadeResult:
    count = len(sizes)
    curve = np.zeros((count, kinds, 2), np.int64)
    curve[:, 0, 0] = 1
    curve[:, kinds - 1, 1] = np.array(sizes) - 1
    outcome = Outcome(
        replicates=np.arange(count), time=np.arange(2.0), sizes=np.array(sizes),
        events=np.array(sizes), ends=np.ones(count), curve=curve,
    )  # fmt: skip
    return CascadeResult(
        outcome=outcome, n=500, rule=SavedRule("rule"), kind_names=("one", "two")[:kinds],
        steps=True, key=11, method="by hand", seconds=float("nan"), stopped="replicates",
    )  # fmt: skip


@given(st.lists(st.integers(1, 500), min_size=1, max_size=12), st.sampled_from([1, 2]))
def test_one_cascade_has_one_interval(sizes: list[int], kinds: int) -> None:
    """Catches intervals of `mean_size`, summary, repr and notebook that differ or begin below 0."""
    result = cascade_of(sizes, kinds)
    table = result.summary()
    rows = [("size", result.mean_size())]
    rows += [(f"size {kind}", result.mean_size(kind)) for kind in result.kind_names if kinds > 1]
    for name, found in rows:
        told = table.loc[name, ["mean", "low", "high"]].astype(float)
        np.testing.assert_array_equal(told, found[:3])
        assert not found.low < 0.0
        if math.isfinite(found.low) and found.high > found.low:
            span = f"95 % {count_text(found.low)} .. {count_text(found.high)}"
            assert span in repr(result) and span in result._repr_html_()
    share = table.loc["share", ["mean", "low", "high"]].astype(float)
    np.testing.assert_allclose(share, np.array(rows[0][1][:3]) / 500, rtol=1e-12)
    took = table.loc["take_off", ["mean", "low", "high"]].astype(float)
    np.testing.assert_array_equal(took, chance(result.took_off())[:3])


# The day of take-off ---------------------------------------------------------------------------


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.0, 0.2), st.floats(0.0, 12.0))
def test_take_off_has_a_day(key: int, share: float, fold: float) -> None:
    """Catches a day that is not the first on which `took_off` holds, and one of a run without."""
    history = small(1, key).histories[0]
    day = take_off_day(history, share, fold)
    held = [took_off(history, share, fold, day=t) for t in range(40)]
    first = held.index(True) if any(held) else math.nan
    np.testing.assert_equal(day, first)


def test_replicates_that_never_take_off_are_not_averaged_in() -> None:
    """Catches the horizon, or a mean over both kinds, as the day of take-off."""
    result = small(12, 5, **{"seeding.number": 6})
    days = metrics.measure(result, "day_take_off")
    off = metrics.measure(result, "take_off") == 1.0
    assert 0 < off.sum() < 12  # some do and some do not, or nothing is tried here
    assert np.array_equal(np.isfinite(days), off)
    row = result.summary().loc["day_take_off"]
    assert row["n"] == off.sum() and row["of"] == "taken off"
    assert row["estimate"] == pytest.approx(days[off].mean())
    assert row["q95"] <= days[off].max() < 40
    assert f"{off.sum()} replicates of 12 that took off" in repr(result.summary())
    never = (
        small(3, 5, **{"seeding.number": 60, "seeding.purity": 0.3}).summary().loc["day_take_off"]
    )
    assert never["n"] == 0 and math.isnan(never["estimate"]) and math.isnan(never["high"])


def test_the_new_outcome_moves_no_other_interval() -> None:
    """Catches addresses of resampling that an outcome between the others has shifted."""
    names = [name for name in metrics.OUTCOMES if name != "day_take_off"]
    assert [metrics.luck_of(name) for name in names] == list(range(28))
    assert metrics.luck_of("lapses / adoptions") == 28
    values = np.array([1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 60.0])
    told = metrics.told("virality", values, np.ones(8), 7)
    assert told[:3] == metrics.mean_interval(values, 7, names.index("virality"))[:3]
    assert hurdle.LEAST == 3 and told.method == "bootstrap"


# The recipe ------------------------------------------------------------------------------------


def test_tables_carry_their_recipe(tmp_path: Path) -> None:
    """Catches tables in a file of another tool that no longer say how they were made."""
    result = small(2, 2**63 + 5, **{"seeding.purity": 0.9})
    held = result.data.attrs
    assert kb.Scenario.from_dict(tomllib.loads(held["scenario"])) == result.scenario
    assert held["key"] == str(2**63 + 5) and '"seeding.purity": 0.9' in held["changes"]
    assert str(tmp_path) not in str(held) and "seconds" not in held["recipe"]
    result.data.to_netcdf(tmp_path / "elsewhere.nc")
    with xr.open_dataset(tmp_path / "elsewhere.nc") as stored:
        assert kb.run(stored, threads=1).digest() == result.digest()
    assert kb.run(kb.load(tmp_path / "elsewhere.nc"), threads=1).digest() == result.digest()
    folders = [small(2, 7).save(tmp_path / name) for name in ("a", "b")]
    one, other = ((folder / "data.nc").read_bytes() for folder in folders)
    assert one == other
    assert kb.load(folders[0]).data.attrs == small(2, 7).data.attrs
    changed = result.data.assign_attrs(recipe=held["recipe"].replace("0.9", "0.8"))
    with pytest.raises(kb.KoubeiError, match="was edited after"):
        kb.run(changed)
    with pytest.raises(kb.KoubeiError, match="not the recipe of a result"):
        kb.run(result.data.assign_attrs(recipe="[1]"))
    assert "recipe" not in result.fork(at=9, **{"market.admission": 0.5}).data.attrs


# Words -----------------------------------------------------------------------------------------

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"


def page() -> list[tuple[str, str, str]]:
    rows = [line.split("|")[1:-1] for line in GLOSSARY.read_text("utf-8").splitlines()
            if line.startswith("|")]  # fmt: skip
    cells = [[cell.strip() for cell in row] for row in rows if len(row) == 4]
    return [(c[0], c[1].replace("`", ""), c[3]) for c in cells
            if c[0] != "in the field" and set(c[0]) != {"-"}]  # fmt: skip


@pytest.mark.skipif(not GLOSSARY.is_file(), reason="the pages are not beside the tests")
def test_the_words_of_the_field_are_those_of_the_page() -> None:
    """Catches a row of the glossary that `koubei describe` does not know, or knows otherwise."""
    assert lookup.glossary() == page() and len(page()) > 100


def test_everything_with_a_name_is_found_by_it() -> None:
    """Catches a module, parameter, outcome, column or word that nobody can look up."""
    entries = lookup.entries()
    assert len(entries) > 500
    names = [*mechanisms.MODULES, *metrics.OUTCOMES, *(row.path for row in parameter_table())]
    names += [row.path.rpartition(".")[2] for row in parameter_table()]
    names += [word.strip() for field, _, _ in lookup.glossary() for word in field.split(",")]
    lost = [
        name for name in dict.fromkeys(names) if lookup.plain(name) and not lookup.looked_up(name)
    ]
    assert not lost
    for name in mechanisms.MODULES:
        assert lookup.looked_up(name)[0].kind == "module", name
    found = [entry.name for entry in lookup.looked_up("gate")]
    assert found[:3] == ["gate", "market.open_to_all", "market.admission"]
    assert all(len(line) <= 79 for line in lookup.told("tie").splitlines())


def test_a_word_that_is_none_gets_the_nearest() -> None:
    """Catches a refusal that leaves a slip of the pen alone."""
    for given_, meant in (("gaet", "gate"), ("tinny", "tiny"), ("seeding.purty", "seeding.purity")):
        with pytest.raises(kb.KoubeiError) as caught:
            lookup.told(given_)
        assert caught.value.fix == meant
    said = TINY.replace(**{"market.open_to_all": 30, "market.admission": 0.2})
    assert "The gate: newbies are kept out before day 30" in said.describe()
    assert "30 天前" in said.describe("zh")
    assert "The gate" not in said.replace(**{"market.admission": 1.0}).describe()


# Forecasts -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fitted() -> Any:
    seen = Targets.series([20, 30], [60, 90])
    return kb.calibrate(TINY, seen, {"telling.relay": (0.1, 0.6)}, method="abc", particles=6,
                        simulations=8, rng=1, threads=1)  # fmt: skip


def test_a_fit_foretells_days_without_targets_on_them(fitted: Any) -> None:
    """Catches other runs than those that the same fit is checked by, days in another order, and a
    median of other days."""
    found = fitted.forecast([39, 20, 30, 20], number=8)
    assert found.index.tolist() == ["20", "30", "39"]
    runs = fitted.continued(8)
    for row, column in zip(found.itertuples(), runs.values.T, strict=False):
        assert row.low <= row.median <= row.high
        assert row.low == column.min() and row.high == column.max()  # 8 runs: 5 % is the least
    fresh = fitted.forecast("2010-09-05", "adopted", 8, fresh=True)
    shares, first, _ = fitted._drawn(8, fresh=True)
    assert first > 10**8 and fresh.index.tolist() == ["2010-09-05"]
    wanted = Targets([kb.studies.Target("x", 1.0, 1.0, "adopted@20", "macro-face")])
    values = fitted.model.statistics(shares, wanted, "again", first)
    assert fresh["high"].iloc[0] == values.max()
    assert "8 runs with fresh luck" in repr(fresh)
    ratio = fitted.forecast([5, 30], "users / adopted", 8)  # both of the day
    assert ratio["high"].between(0.3, 1.0).all() and ratio["low"].gt(0.0).all()


def test_forecasts_are_refused_in_one_line(fitted: Any) -> None:
    """Catches days outside the run, no days, or an unknown quantity that reach the runs."""
    for dates, quantity, said in (
        ([40], "users", "try ticks = 41"), ([], "users", "none given"),
        (["2010-09-05", 3], "users", "dates beside days"), (3, "userz", "try users"),
        (3, "cost/users", "unknown quantity, got cost"), (3, "lapses / users", "got lapses"),
        ("soon", "users", "neither a date"), (3, "members:nowhere", "no such entry"),
    ):  # fmt: skip
        with pytest.raises(kb.KoubeiError, match=said):
            fitted.forecast(dates, quantity)


def test_predictive_prints_as_a_table(fitted: Any) -> None:
    """Catches ``<Predictive object at 0x..>``, and targets without what was observed."""
    runs = fitted.predictive(8)
    text = repr(runs)
    assert "8 runs at draws of the posterior" in text and "observed" in text and "90" in text
    table = runs.summary()
    inside = (table["low"] <= table["observed"]) & (table["observed"] <= table["high"])
    assert inside.tolist() == table["inside"].tolist()
    assert "<table>" in runs._repr_html_()


def test_a_fitted_rule_foretells_times() -> None:
    """Catches a rule whose forecast needs a target, times beyond the horizon, shares in people."""
    ring = kb.networks.ring(60, k=4)
    seen = kb.studies.RuleTarget("adopters by 10", 30, 0.1, "size@10")
    found = kb.fit_rule(ring, kb.Bass(0.01, 0.3, dt=1.0), [], [seen], {"q": (0.05, 1.0)},
                        method="abc", particles=6, simulations=12, horizon=10, rng=7,
                        threads=1)  # fmt: skip
    table = found.forecast([10, 2], number=20)
    assert table.index.tolist() == ["2", "10"]
    assert (table["median"].diff().dropna() >= 0).all() and table["high"].max() <= 60
    np.testing.assert_allclose(found.forecast([2, 10], "share", 20), table / 60)
    for bad, said in ((11, "later than the horizon"), ([], "none given"), ("x", "not a number")):
        with pytest.raises(kb.KoubeiError, match=said):
            found.forecast(bad)


# Money -----------------------------------------------------------------------------------------


def test_seeds_are_bought() -> None:
    """Catches costs by group that go to other people, money without its name, and gains per 1,000
    that are not gains by cost."""
    net = kb.networks.follow_graph(200, mean_degree=6, exponent=2.3, key=1)
    rule, kinds = kb.IndependentCascade(0.1), ["fan" if i % 3 else "star" for i in range(200)]
    found = kb.seeding.maximise(net, rule, costs={"fan": 50, "star": 500}, groups=kinds,
                                budget=900, currency="CNY", rng=1)  # fmt: skip
    table = found.table()
    prices = [500.0 if row % 3 == 0 else 50.0 for row in found.seeds.tolist()]
    assert table["cost"].tolist() == prices and found.cost == sum(prices) <= 900
    np.testing.assert_allclose(table["per_1000"], 1000.0 * table["gain"] / table["cost"])
    assert "900 CNY" in repr(found) and "in CNY" in repr(table)
    one = kb.seeding.maximise(net, rule, costs=100, budget=450, rng=1)
    assert len(one.seeds) == 4 and one.currency == "" and "for 400," in repr(one)
    same = kb.seeding.maximise(net, rule, costs=np.full(200, 100.0), budget=450, rng=1)
    assert same.seeds.tolist() == one.seeds.tolist()


def test_no_price_is_invented() -> None:
    """Catches a budget that everything keeps within because nothing has a price, a group without a
    cost, and counts beside money."""
    net, rule = kb.Network.from_edges([0, 1, 2], [1, 2, 3]), kb.IndependentCascade(0.5)
    kinds = ["fan", "star"] * 2
    for words, said in (
        ({"costs": {"fan": 5}, "groups": kinds, "budget": 9}, "no cost is invented.*got 'star'"),
        ({"costs": {"fan": 5, "sta": 6}, "groups": kinds, "budget": 9}, "try star"),
        ({"budget": 9}, "costs: missing beside budget"),
        ({"k": 2, "budget": 9}, "given beside k"),
        ({"k": 2, "currency": "CNY"}, "no money to count"),
        ({"costs": 5, "budget": 9, "currency": "a b"}, "not the name of money"),
    ):
        with pytest.raises(kb.KoubeiError, match=said):
            kb.seeding.maximise(net, rule, rng=1, **words)


def test_plans_say_what_was_given_and_what_a_thousand_brings() -> None:
    """Catches a plan that does not say whose prices it has, and a marginal value of other rows."""
    seeds = {"number": 2, "purity": 0.5}
    free = kb.Scenario.from_dict({"n_agents": 60, "ticks": 3, "seeding": seeds})
    levers = {"seeding.number": [2, 4, 8]}
    with pytest.raises(kb.KoubeiError, match="none is invented"):
        kb.plan(free, levers, 4, outcome="users", budget=900.0, rng=1, threads=1)
    found = kb.plan(free, levers, 4, outcome="users", budget=600.0, currency="CNY", rng=1,
                    prices={"seeding.recruit_cost": 100.0}, threads=1)  # fmt: skip
    assert found.currency == "CNY" and list(found.over_budget) == ["number 8"]
    text = repr(found)
    assert "600 CNY" in text and "prices given by the user: seeding.recruit_cost = 100.0" in text
    frontier = found.frontier()
    assert frontier["outlay"].tolist() == [200.0, 400.0]
    rise = frontier["value"].iloc[1] - frontier["value"].iloc[0]
    assert frontier["per_1000"].iloc[1] == pytest.approx(1000.0 * rise / 200.0)


def test_dated_values_of_forecasts_are_those_of_runs() -> None:
    """Catches a forecast that counts something else than `metrics.dated_value`."""
    history = small(1, 3).histories[0]
    users = dated_value("users@39", history, TINY)
    assert users == metrics.users(history)[39]

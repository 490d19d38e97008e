"""`attribution`: the effect of one scenario against another, with modules off in both arms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.neutral import active
from koubei_sim.runs.fork import fork
from koubei_sim.studies import attribution, compare
from koubei_sim.studies.compare.attribution import Attribution
from koubei_sim.studies.sweep.engine import Cells

TINY = Scenario.load("tiny").replace(n_agents=300, ticks=20)
MORE = TINY.replace(**{"media.account.start": 2, "media.account.visibility": 0.5})
NAMES = ["relays", "media", "events"]


def outcome_of(scenario: Scenario, replicates: int = 3, key: int = 6) -> np.ndarray:
    return kb.metrics.outcomes(kb.run(scenario, replicates=replicates, rng=key))["adoptions"]


@pytest.fixture(scope="module")
def comparison() -> Any:
    return compare({"as it is": TINY, "advertised": MORE}, replicates=3, rng=6)


@pytest.fixture(scope="module")
def found(comparison: Any) -> Attribution:
    return attribution(comparison, NAMES, "adoptions")


def test_effects_are_differences_of_runs_at_neutral_values(found: Attribution) -> None:
    """Catches a module that is off in one arm only, other luck, a sign, a rung that forgets."""
    assert (found.name, found.baseline) == ("advertised", "as it is")
    assert np.array_equal(found.whole, [outcome_of(MORE), outcome_of(TINY)])
    for at, module in enumerate(NAMES):
        alone = [outcome_of(arm.neutral(module)) for arm in (MORE, TINY)]
        assert np.array_equal(found.alone[at], alone)
        off = NAMES[: at + 1]
        assert np.array_equal(
            found.ladder[at], [outcome_of(arm.neutral(*off)) for arm in (MORE, TINY)]
        )
    assert not np.array_equal(found.alone[0], found.whole)  # relays do matter here


def test_the_module_that_is_the_programme_carries_it_all(found: Attribution) -> None:
    """Catches arms that are not the same scenario once their only difference is off."""
    table = found.table()
    assert np.array_equal(found.alone[1, 0], found.alone[1, 1])
    assert np.array_equal(found.ladder[1:, 0], found.ladder[1:, 1])
    assert table.loc["media", "share"] == 1.0
    whole, alone = (np.log1p(arms[0]) - np.log1p(arms[1]) for arms in (found.whole, found.alone[0]))
    assert found.effect.estimate == pytest.approx(np.exp(whole.mean()))  # nothing takes off here
    assert table.loc["media", "carried"] == pytest.approx(found.effect.estimate)
    assert table.step.prod() == pytest.approx(found.effect.estimate)
    lost = (whole - alone).mean()
    assert table.loc["relays", "carried"] == pytest.approx(np.exp(lost))
    assert table.loc["relays", "share"] == pytest.approx(lost / whole.mean())
    assert "without media: take-off +0.00" in " ".join(
        repr(found).split()
    ) and "adoptions x 1 (95 %" in " ".join(repr(found).split())


def test_two_scenarios_and_a_function_give_the_same(found: Attribution) -> None:
    """Catches a second door that means something else, and a function told the wrong scenario."""
    seen = []

    def adoptions(history: Any, scenario: Scenario) -> float:
        seen.append(scenario)
        return float(kb.metrics.adoptions(history).sum() * scenario.people_per_agent)

    same = attribution({"a": TINY, "b": MORE}, NAMES, adoptions, replicates=3, rng=6)
    for part in ("whole", "alone", "ladder"):  # the function leaves out the seeds
        assert np.array_equal(*(np.diff(getattr(each, part), axis=-2) for each in (same, found)))
    assert set(same.table()["kind"]) == {"difference"}
    assert MORE.neutral("relays") in seen and TINY in seen
    # 2 whole, 2 without relays, 1 without media, 2 without events; rungs: 1 and 1 more.
    assert len(seen) == 3 * 9


def test_more_replicates_than_the_comparison_has(comparison: Any, found: Attribution) -> None:
    """Catches replicates that are numbered from 0 again, or the first ones run anew."""
    more = attribution(comparison, ["media"], "adoptions", replicates=5)
    assert np.array_equal(more.whole, [outcome_of(MORE, 5), outcome_of(TINY, 5)])
    fewer = attribution(comparison, ["media"], "adoptions", replicates=2)
    assert np.array_equal(fewer.whole, found.whole[:, :2])


@pytest.mark.slow
def test_all_active_modules_without_names(comparison: Any) -> None:
    """Catches a module that is on in one arm only being left out."""
    quiet = TINY.neutral("media")
    some = attribution({"a": quiet, "b": MORE}, outcome="adoptions", replicates=1, rng=6)
    assert set(some.modules) == {m for m, on in active(MORE).items() if on}
    assert not active(quiet)["media"] and "media" in some.modules


def test_undefined_outcomes_are_left_out_pair_by_pair() -> None:
    """Catches a day that never came counted as a number, or taking the whole row with it."""

    def day(history: Any, scenario: Scenario) -> float:
        return np.nan if history.table[-1, 0] % 2 and scenario == MORE else 3.0

    made = attribution({"a": TINY, "b": MORE}, ["relays"], day, replicates=6, rng=6)
    row = made.table().iloc[0]
    assert row["n"] == np.isfinite(made.whole).all(axis=0).sum()
    assert row["left"] == 0.0 and np.isnan(row["share"])


def test_runs_that_do_not_come_out_again_are_refused(comparison: Any) -> None:
    """Catches an effect explained in another world than the one that it was seen in."""
    graph = kb.networks.small_world(300, 8.0, key=3)
    gone = {"channels.wechat": None, "events.meeting": None, "seeding.channel": None}
    one, other = (arm.replace(**gone) for arm in (TINY, MORE))
    own = {"weibo": graph}
    made = compare({"a": one, "b": other}, replicates=2, rng=6, networks=own)
    with pytest.raises(KoubeiError, match=r"does not come out again.*same networks"):
        attribution(made, ["relays"])
    alone = attribution(made, ["media"], networks=own).alone
    assert np.array_equal(alone[0, 0], alone[0, 1])
    first = comparison.runs["as it is"]
    result = kb.run(first.scenario, replicates=3, rng=6)
    changed = fork(result, 10, **{"telling.relay": 0.0})
    with pytest.raises(KoubeiError, match="a fork has no one scenario"):
        attribution(compare({"a": result, "b": changed}), ["relays"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"modules": ["relais"]}, "unknown module, got relais"),
        ({"modules": []}, "modules: none given"),
        ({"modules": ["relays", "relays"]}, "stands there twice"),
        ({"outcome": "user"}, "outcome: unknown outcome"),
        ({"name": "advertized"}, "try advertised"),
        ({"replicates": 0}, "replicates: out of range"),
        ({"rng": 3}, "a comparison has its key"),
    ],
)
def test_wrong_words_are_refused_before_anything_runs(
    comparison: Any, words: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches a mistake found after an hour of runs."""
    monkeypatch.setattr(Cells, "do", lambda *_: pytest.fail("something ran"))
    with pytest.raises(KoubeiError, match=says):
        attribution(comparison, **words)


def test_what_is_no_comparison_is_refused() -> None:
    """Catches one scenario, or three, taken for an effect."""
    for given in (TINY, {"a": TINY}, {"a": TINY, "b": MORE, "c": MORE}):
        with pytest.raises(KoubeiError, match="comparison: not a comparison"):
            attribution(given)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "first",
    [
        "koubei_sim.studies.compare.compare",
        "koubei_sim.studies.compare.attribution",
        "koubei_sim.runs.simulate",
    ],
)
def test_doors_are_functions_whatever_was_imported_before(first: str, fresh_python: Any) -> None:
    """Catches a module that takes the place of the function of the same name."""
    code = (
        f"import {first}\n"
        "import koubei_sim as kb\nfrom koubei_sim import studies\n"
        "names = ['break_even', 'compare', 'ensemble', 'explain', 'fork', 'knock_out',"
        " 'shapley', 'sweep']\n"
        "print([n for n in names if not callable(getattr(studies, n))"
        " or getattr(kb, n) is not getattr(studies, n)])"
    )
    assert fresh_python(code).strip() == "[]"

"""Mechanisms of a user's own: the same bytes on both engines, everywhere a scenario goes."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.own.gifts import compiled, gifts, readable

import koubei_sim as kb
from koubei_sim.core.codes import USER
from koubei_sim.core.draws import draw32, stream
from koubei_sim.errors import KoubeiError

SMALL = {"n_agents": 300, "ticks": 25}


@pytest.fixture(scope="module")
def scenario() -> kb.Scenario:
    return kb.Scenario.load("tiny").replace(**SMALL).with_mechanisms(gifts)


def too_early(s, r, own, t, row):
    """A planted fault: who has a gift today may be given another."""
    gift = stream(r.key, r.replicate, own.draw_gift, t, 0)
    for i in range(r.n):
        if s.stage[i] == USER and t >= own.until[i] and draw32(gift, i) < own.share32:
            own.until[i] = t + own.days
            row[own.given] += 1
        if t <= own.until[i]:
            s.tell16[i] = s.tell16[i] * own.gain16 >> 16


def test_its_checks_pass() -> None:
    """Catches engines, neutral values, threads or one more person that tell its two rules apart."""
    found = kb.check_mechanism(gifts, worlds=8)
    assert found.busy == 8
    assert "the same bytes in 8 worlds" in repr(found)


def test_a_fault_in_the_compiled_rule_is_named() -> None:
    """Catches a check that cannot fail: the tick and what differs there must be named."""
    wrong = dataclasses.replace(gifts, compiled=too_early)
    with pytest.raises(KoubeiError, match=r"compiled != readable, tick \d+: gifts_given"):
        kb.check_mechanism(wrong)


def test_the_first_event_that_differs_is_named() -> None:
    """Catches a report of columns only, where the wrong rule moves people."""
    from numba import njit

    inner = njit(compiled)

    def loud(s, r, own, t, row):
        inner(s, r, own, t, row)
        for i in range(r.n):
            if t <= own.until[i]:
                s.tell16[i] = s.tell16[i] * own.gain16 * own.gain16 * own.gain16 >> 48

    wrong = dataclasses.replace(gifts, compiled=loud)
    with pytest.raises(
        KoubeiError, match=r"first event that differs: tick \d+, log (nothing != )?\("
    ):
        kb.check_mechanism(wrong)


def test_a_neutral_value_that_is_none_is_refused() -> None:
    """Catches a mechanism that works on although it is switched off."""

    def always(s, r, own, t, row):
        row[own.given] += 1

    def always_readable(model, day, own):
        day.row[own.given] += 1

    wrong = dataclasses.replace(gifts, compiled=always, readable=always_readable)
    with pytest.raises(KoubeiError, match="neutral value: world 0: it still counts"):
        kb.check_mechanism(wrong)


def test_one_more_person_who_moves_others_is_refused() -> None:
    """Catches draws that are addressed by a running number instead of the person."""

    def running(s, r, own, t, row):
        gift = stream(r.key, r.replicate, own.draw_gift, t, 0)
        for i in range(r.n):
            if s.stage[i] == USER and draw32(gift, r.n - i) < own.share32:
                s.tell16[i] = s.tell16[i] * own.gain16 >> 16

    def running_readable(model, day, own):
        n = len(model.people)
        for i, person in enumerate(model.people):
            coin = model.coins.coin(own.draw_gift, day.t, 0, n - i)
            if person.stage == USER and coin < own.share32:
                person.tell16 = person.tell16 * own.gain16 >> 16

    wrong = dataclasses.replace(gifts, compiled=running, readable=running_readable)
    with pytest.raises(KoubeiError, match=r"one more person: world \d+: \(tick, agent, kind"):
        kb.check_mechanism(wrong)


def test_a_mechanism_that_does_nothing_shows_nothing() -> None:
    """Catches a check that is passed by doing nothing at all."""

    def idle(s, r, own, t, row):
        pass

    def idle_readable(model, day, own):
        pass

    asleep = dataclasses.replace(gifts, compiled=idle, readable=idle_readable)
    with pytest.raises(KoubeiError, match="it acts in only 0 of 3 worlds"):
        kb.check_mechanism(asleep, worlds=3)


def test_engines_and_threads_agree(scenario: kb.Scenario) -> None:
    """Catches own columns or carried values that only one engine has."""
    one = kb.run(scenario, 3, rng=5)
    assert one.digest() == kb.run(scenario, 3, rng=5, engine="reference").digest()
    assert one.digest() == kb.run(scenario, 3, rng=5, threads=3).digest()
    plain = kb.run("tiny", 3, rng=5, **SMALL)
    assert one.digest() == kb.run("tiny", 3, rng=5, mechanisms=[gifts], **SMALL).digest()
    assert one.data["gifts_given"].attrs["long_name"] == "gifts handed out"
    assert (one.data["gifts_given"].sum("tick") >= 5).all()
    assert not (one.data["tells"] == plain.data["tells"]).all()


def test_switched_off_it_is_not_there(scenario: kb.Scenario) -> None:
    """Catches a mechanism whose presence alone moves a draw of the library."""
    off = kb.run(scenario.neutral("gifts"), 2, rng=5)
    plain = kb.run("tiny", 2, rng=5, **SMALL)
    assert off.events.equals(plain.events)
    for name in plain.data:
        assert off.data[name].equals(plain.data[name]), name


def test_its_parameters_are_parameters(scenario: kb.Scenario) -> None:
    """Catches ranges, units and paths of a user's own that the scenario does not know."""
    assert scenario.replace(**{"gifts.share": 0.5}).gifts.share == 0.5
    with pytest.raises(KoubeiError, match=r"gifts.share: out of range, got 2.0, allowed 0..1"):
        scenario.replace(**{"gifts.share": 2.0})
    with pytest.raises(KoubeiError, match=r"gifts.shar: unknown parameter.*try share"):
        scenario.replace(**{"gifts.shar": 2.0})
    from koubei_sim.model.scenario import parameter_table

    row = next(row for row in parameter_table(scenario) if row.path == "gifts.gain")
    assert (row.unit, row.range, row.value) == ("1", "0..9", 2.0)
    other = dataclasses.replace(gifts, compiled=too_early)
    assert scenario.digest() != scenario.with_mechanisms(other).digest()  # another text, another
    assert pickle.loads(pickle.dumps(scenario)).digest() == scenario.digest()


def test_studies_take_it_along(scenario: kb.Scenario, tmp_path: Path) -> None:
    """Catches sweeps, sensitivities, comparisons and knock-outs that drop the mechanism."""
    scenario = scenario.neutral("registration", "lurkers")  # with them too few adopt
    found = kb.sweep(scenario, {"gifts.share": [0.0, 0.5]}, replicates=3, rng=2)
    table = found.table()
    tells = [table.loc[table["gifts.share"] == share, "adoptions"].sum() for share in (0.0, 0.5)]
    assert tells[1] > tells[0]
    one = kb.run(scenario.replace(**{"gifts.share": 0.5}), 3, rng=2)
    own = table.loc[table["gifts.share"] == 0.5, "adoptions"]
    assert own.tolist() == kb.metrics.outcomes(one)["adoptions"].tolist()
    compared = kb.compare({"with": scenario, "without": scenario.neutral("gifts")}, 3, rng=2)
    row = compared.table().loc["adoptions"]
    with_them, without = (
        kb.metrics.outcomes(kb.run(s, 3, rng=2)) for s in (scenario, scenario.neutral("gifts"))
    )
    kinds = np.column_stack([with_them["take_off"], without["take_off"]])
    both = kinds.all(axis=1) if kinds.any() else np.ones(3, dtype=bool)
    for name, made in (("with", with_them), ("without", without)):
        typical = np.expm1(np.log1p(made["adoptions"][both]).mean())
        assert row[name] == pytest.approx(typical)
    assert row["with"] != row["without"]
    knocked = kb.knock_out(scenario, ["gifts"], "adoptions", replicates=3, rng=2)
    assert knocked.alone[0].tolist() == without["adoptions"].tolist()
    for _ in range(2):  # into a folder, and out of it
        words = {"replicates": 3, "rng": 2, "out": tmp_path / "parts"}
        again = kb.knock_out(scenario, ["gifts"], "adoptions", **words)
        assert (again.alone == knocked.alone).all() and (again.whole == knocked.whole).all()


PROCESSES = """
import koubei_sim as kb
from tests.own.gifts import gifts
scenario = kb.Scenario.load("tiny").replace(n_agents=300, ticks=25).with_mechanisms(gifts)
space, words = {"gifts.share": [0.1, 0.5]}, {"replicates": 2, "rng": 2}
one = kb.sweep(scenario, space, **words).table()["adoptions"]
two = kb.sweep(scenario, space, backend="loky", workers=2, **words).table()["adoptions"]
assert one.tolist() == two.tolist(), (one, two)
"""


def test_a_sweep_in_processes_takes_it_along(fresh_python) -> None:
    """Catches workers that get the scenario without its mechanism."""
    fresh_python(PROCESSES)


def test_results_are_kept_and_found_again(scenario: kb.Scenario, tmp_path) -> None:
    """Catches columns lost on disk, and a result opened without what it was made with."""
    made = kb.run(scenario, 2, rng=5, out=tmp_path / "run")
    again = kb.load(tmp_path / "run", mechanisms=[gifts])
    assert again.digest() == made.digest()
    assert np.array_equal(again.data["gifts_given"], made.data["gifts_given"])
    with pytest.raises(KoubeiError, match=r"mechanisms of the user's own \(gifts\).*try mechani"):
        kb.load(tmp_path / "run")
    assert kb.run(tmp_path / "run", mechanisms=[gifts]).digest() == made.digest()
    assert kb.run(made).digest() == made.digest()


def test_a_run_goes_on_with_it(scenario: kb.Scenario) -> None:
    """Catches gifts forgotten at the day from which a run goes on."""
    made = kb.run(scenario, 2, rng=5)
    assert made.fork(at=10).digest() == made.digest()
    more = made.fork(at=10, **{"gifts.share": 1.0})
    assert (more.data["gifts_given"][:, :10] == made.data["gifts_given"][:, :10]).all()
    assert more.data["gifts_given"].sum() > made.data["gifts_given"].sum()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "Gifts 2"}, "one word in small letters without digits, got Gifts 2"),
        ({"columns": {"share": "x"}}, "two things have one name, got share"),
        ({"name": "rival"}, "a module of the model has this name, got rival"),
        ({"name": "meeting", "columns": {"attendees": "x"}}, "got meeting_attendees"),
        ({"name": "die", "columns": {"hard": "x"}}, "results have a variable.*got die_hard"),
        ({"when": "noon"}, "when.*noon"),
        ({"compiled": None}, "compiled: must be a function"),
        ({"parameters": {"share": 0.1}}, "share: must be declared with a default"),
        ({"people": {"until": ("string", 0)}}, "until: must be a numpy type and the value"),
        ({"people": {"until": ("uint8", -1)}}, "until: must be a numpy type and the value"),
        ({"readable": lambda model: None}, r"takes other arguments, allowed \(model, day, own\)"),
        (
            {"parameters": {"gain": kb.parameter(5.0, "x", unit="1", neutral=1.0, low=0, high=1)}},
            r"gain: out of range, got 5.0, allowed 0..1",
        ),
    ],
)
def test_wrong_declarations_are_refused(changes: dict[str, Any], said: str) -> None:
    """Catches a mistake in a declaration that is seen only when a run is over."""
    with pytest.raises(KoubeiError, match=said):
        dataclasses.replace(gifts, **changes)


def test_a_name_of_the_library_is_refused() -> None:
    """Catches a mechanism that takes the place of a part of the scenario."""
    mine = dataclasses.replace(gifts, name="telling")
    with pytest.raises(KoubeiError, match="a part of the scenario has this name, got telling"):
        kb.run("tiny", mechanisms=[mine])
    with pytest.raises(KoubeiError, match="two of one name"):
        kb.run("tiny", mechanisms=[gifts, dataclasses.replace(gifts, when="evening")])
    two = [
        dataclasses.replace(gifts, name="a", columns={"b_given": "x"}),
        dataclasses.replace(gifts, name="a_b", columns={"given": "x"}),
    ]
    with pytest.raises(KoubeiError, match="two count under one name, got a_b_given"):
        kb.run("tiny", mechanisms=two)
    with pytest.raises(KoubeiError, match="not a mechanism"):
        kb.run("tiny", mechanisms=[readable])


def test_machines_refuse_it(scenario: kb.Scenario) -> None:
    """Catches a partitioned run that leaves the mechanism out without a word."""
    with pytest.raises(KoubeiError, match="mechanisms of the user's own"):
        kb.run_partitioned(scenario, rng=1, shards=2)

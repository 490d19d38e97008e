"""Knock-outs, attribution, Shapley shares and sensitivity in markets of two humps.

The runs are real and tiny; how large a market gets, and whether it takes off, is planted: a market
of two states, dead (some 20 people) or alive (thousands), whose chances and sizes are known.
"""

from __future__ import annotations

import math
import re
from itertools import chain
from typing import Any

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.metrics import mean_interval
from koubei_sim.metrics.hurdle import mean_of_gaps
from koubei_sim.studies import attribution, knock_out, sensitivity, shapley
from koubei_sim.studies.compare.attribution import KnockOut
from koubei_sim.studies.compare.strata import parts, told_rows
from koubei_sim.studies.sweep.engine import Study
from koubei_sim.studies.sweep.result import SweepResult

BASE = kb.Scenario.load("tiny").replace(n_agents=60, ticks=3, **{"seeding.number": 5})
N = 40
LUCK = np.random.Generator(np.random.PCG64(3)).random((2, N))


def market(chance: float, size: float) -> np.ndarray:
    """Take-off and size of each replicate: alive with a chance, on common luck, else 20 people."""
    alive = LUCK[0] < chance
    return np.array([alive, np.where(alive, size * np.exp(LUCK[1]) - 1.0, 20.0)])


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give runs of scenarios by name the outcomes of markets, in place of the engine."""

    def plant(of: Any) -> None:
        def outcomes(self: Any, scenarios: Any, replicates: int, wanted: Any, asked: Any = None):
            assert replicates == N and wanted[0] == "take_off"
            return {name: market(*of(name)) for name in scenarios}

        monkeypatch.setattr(Study, "outcomes", outcomes)

    return plant


def test_a_module_that_only_decides_whether_makes_nothing_larger(planted: Any) -> None:
    """Catches a mean over the dead and the living, by which relays would bring thousands of users.

    Relays bring the chance from .3 to .7 and change no size; events make the living twice as many
    and change no chance.
    """

    def of(name: str) -> tuple[float, float]:
        return 0.3 if "relays" in name else 0.7, 2000.0 if "events" in name else 4000.0

    planted(of)
    found = knock_out(BASE, ["relays", "events"], "users", N, rng=1)
    table = found.table()
    relays, events = table.loc["relays"], table.loc["events"]
    alive = (LUCK[0] < 0.7).sum(), (LUCK[0] < 0.3).sum()
    assert relays["effect_take_off"] == pytest.approx((alive[0] - alive[1]) / N)
    assert relays["effect_take_off_low"] > 0.1 and relays["kind"] == "times"
    assert (relays["effect"], relays["n"]) == (1.0, alive[1])
    assert events["effect_take_off"] == 0.0 and events["effect"] == pytest.approx(2.0)
    assert events["n"] == alive[0] and events["effect_low"] <= 2.0 <= events["effect_high"] + 1e-9
    assert events["step"] == pytest.approx(2.0)  # without relays as well
    old = mean_interval(found.whole - found.alone[0])
    assert old.low > 500.0  # what used to be the headline of relays
    assert "relays: take-off +0.38" in repr(found) and "users x 1 " in repr(found)
    assert repr(found).index("relays") < repr(found).index("events")


def test_an_effect_on_take_off_is_carried_apart_from_one_on_sizes(planted: Any) -> None:
    """Catches an effect that is attributed in users of living and dead markets taken together.

    The programme brings the chance from .3 to .6 through relays, and twice the users, of which
    events carry a factor of 1.6.
    """

    def of(name: str) -> tuple[float, float]:
        if name.startswith("plain"):
            return 0.3, 2000.0
        return 0.3 if "relays" in name else 0.6, 2500.0 if "events" in name else 4000.0

    planted(of)
    arms = {"plain": BASE, "programme": BASE.replace(**{"media.account.start": 2})}
    found = attribution(arms, ["relays", "events"], "users", replicates=N, rng=1)
    table, alive = found.table(), [(LUCK[0] < chance).sum() for chance in (0.3, 0.6)]
    gain = (alive[1] - alive[0]) / N
    assert found.effect.estimate == pytest.approx(2.0) and found.effect.n == alive[0]
    assert found.take_off.estimate == pytest.approx(gain)
    assert table.loc["relays", "left"] == pytest.approx(2.0)
    assert table.loc["relays", "carried"] == pytest.approx(1.0)
    assert table.loc["relays", "share"] == pytest.approx(0.0)
    assert table.loc["relays", "carried_take_off"] == pytest.approx(gain)
    assert table.loc["relays", "share_take_off"] == 1.0
    assert table.loc["events", "left"] == pytest.approx(1.25)
    assert table.loc["events", "carried"] == pytest.approx(1.6)
    assert table.loc["events", "share"] == pytest.approx(math.log(1.6) / math.log(2.0))
    assert table.loc["events", "carried_take_off"] == 0.0
    assert table.loc["events", "step_take_off"] == 0.0 and found.effect.kind == "times"


@pytest.mark.parametrize("players", [2, 7])
def test_shares_of_chances_and_of_sizes_add_up_apart(planted: Any, players: int) -> None:
    """Catches shares of a mean over the dead and the living, in which who brings the take-off gets
    the users as well; shares on a scale on which they do not add up; runs of some subsets only.

    The first player brings the take-off, from .4 to .8; the second makes the living three times as
    many; the others do nothing.  Sizes are told where all subsets take off.
    """
    names = ["first", "second", *"cdefg"][:players]
    paths = [f"channels.{c}.{what}" for c in ("forum", "weibo") for what in ("tell", "persuasion")]
    paths += ["telling.relay", "seeding.purity", "telling.waiting"]
    groups = {name: {path: 0.1} for name, path in zip(names, paths)}
    planted(lambda on: (0.8 if "first" in on else 0.4, 3000.0 if "second" in on else 1000.0))
    found = shapley(BASE, groups, "users", N, rng=1, orders=2)
    table, alive = found.table(), [(LUCK[0] < chance).sum() for chance in (0.4, 0.8)]
    assert found.exact == (players == 2) and found.dropped == N - alive[0]
    assert table.loc["first", "take_off"] == pytest.approx((alive[1] - alive[0]) / N)
    assert table.loc["second", "take_off"] == 0.0 and table.loc["second", "take_off_part"] == 0.0
    assert table.loc["first", "share"] == 1.0 and table.loc["first", "n"] == alive[0]
    assert table.loc["second", "share"] == pytest.approx(3.0)
    assert table.loc["all", "share"] == pytest.approx(3.0)
    assert table.share[:-1].prod() == pytest.approx(3.0) and table.part[:-1].sum() == pytest.approx(
        1
    )
    assert np.abs(found.shares.sum(axis=0) - found.effect).max() < 1e-12
    assert np.abs(found.chances.sum(axis=0) - found.chance).max() < 1e-12
    said = re.sub(r" \(95 % [^)]*\)", "", repr(found))
    assert "first: take-off +0." in said and "second: take-off +0.00; users x 3" in said
    assert repr(found).count("(95 % ") >= 4  # each with its interval


def test_too_few_that_all_take_off_are_said_with_how_many_more(planted: Any) -> None:
    """Catches an interval of two runs, and nothing said of what is missing."""
    two = float(np.sort(LUCK[0])[1:3].mean())  # two replicates are below
    planted(lambda name: (two if "relays" in name or name == "none" else 1.0, 1000.0))
    found = knock_out(BASE, ["relays"], "users", N, rng=1)
    row = found.table().loc["relays"]
    assert row["n"] == 2
    assert "too few replicates" not in repr(found)  # two equal pairs: exactly nothing
    found = KnockOut(("relays",), "users", np.array([[[1.0] * 4, [9.0, 5.0, 3.0, 2.0]],
                     [[1, 1, 0, 0], [8.0, 2.0, 1.0, 1.0]]]), 3.0, 1)  # fmt: skip
    row = found.table().loc["relays"]
    assert row["n"] == 2 and np.isnan(row["effect_low"]) and row["effect"] > 1.0
    assert "2 pairs, too few replicates (2 more)" in repr(found)
    shares = shapley(BASE, {"relays": {"telling.relay": 0.1}}, "users", N, rng=1)
    assert "2 of them told" in repr(shares) and "too few replicates (20 more)" in repr(shares)


def test_one_at_a_time_tells_whether_and_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a tornado in users of dead and living markets, where purity, which only decides about
    take-off, would be the longest bar by far; and a parameter lost that decides it everywhere."""
    paths = {
        "seeding.purity": (0.1, 0.9),
        "telling.relay": (0.1, 0.5),
        "telling.waiting": (0.1, 0.9),
    }
    points = [(0.6, 3000.0), (0.3, 3000.0), (0.8, 3000.0), (0.6, 2000.0), (0.6, 4000.0),
              (0.0, 3000.0), (1.0, 3000.0)]  # fmt: skip
    seen = np.array([market(*point) for point in points])
    found = sensitivity(BASE, paths, outcome="users", replicates=N, rng=1)
    which = ("take_off", "users")
    monkeypatch.setattr(SweepResult, "values", lambda self, name: seen[:, which.index(name)])
    assert found.outcomes == ("users", "take_off")
    table, chances = found.table(), found.table("take_off")
    alive = {chance: (LUCK[0] < chance).sum() for chance in (0.3, 0.6, 0.8)}
    purity, relay, waiting = (table.loc[path] for path in paths)
    assert purity["take_off"] == pytest.approx((alive[0.8] - alive[0.3]) / N)
    assert (purity["difference"], purity["at_low"], purity["n"]) == (1.0, 1.0, alive[0.3])
    assert relay["take_off"] == 0.0 and relay["difference"] == pytest.approx(2.0)
    assert relay["at_low"] == pytest.approx(2.0 / 3.0) and relay["n"] == alive[0.6]
    assert waiting["take_off"] == 1.0 and waiting["n"] == 0 and np.isnan(waiting["difference"])
    assert table.index[0] == "telling.waiting"  # what decides most is on top, though it has no size
    assert chances.loc["seeding.purity", "at_high"] == pytest.approx((alive[0.8] - alive[0.6]) / N)
    assert np.isnan(table["elasticity"]).all()


@pytest.mark.slow
def test_indices_are_of_logarithms_and_of_take_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches indices of raw sizes: then the unit in which the living are counted decides which
    parameter comes first, and a parameter of take-off hides all that act on sizes.

    All numbers of people times a hundred: mu* of log(1 + users) stays within one per cent.
    """
    paths = {"seeding.purity": (0.1, 0.9), "telling.relay": (0.1, 0.5)}
    found = sensitivity(
        BASE, paths, method="morris", points=4, outcome="users", replicates=N, rng=1
    )
    share = found.design.shares
    seen = np.array([market(0.3 + 0.4 * one, 2000.0 * 2.0**two) for one, two in share])
    stars = []
    for scale in (1.0, 100.0):
        values = {"take_off": seen[:, 0], "users": scale * (seen[:, 1] + 1.0)}
        monkeypatch.setattr(SweepResult, "values", lambda self, name, of=values: of[name])
        found._values.clear()
        stars.append(found.table("users")["mu_star"][list(paths)].to_numpy())
    np.testing.assert_allclose(stars[0], stars[1], rtol=0.01)
    assert (stars[0] < 10.0).all()  # logarithms, no people
    chances = found.table("take_off")["mu_star"]
    assert chances["seeding.purity"] > 0.2 and chances["telling.relay"] == 0.0
    assert "mu_star of log users" in repr(found)


def test_a_function_is_told_of_all_runs() -> None:
    """Catches a profit told only of the launches that went well, or a chance of one's own given
    take-off, which is 1."""

    def enough(history: Any, scenario: Any) -> float:
        return float(history.table[-1, 0])

    taken, values = market(0.5, 1000.0)[0], np.array([LUCK[1] < 0.6, LUCK[1] < 0.2]) * 1.0
    found = parts(enough, values, np.array([taken, taken]))
    assert found.of == "all" and found.given.n == N and found.given.kind == "difference"
    assert found.given.estimate == pytest.approx((values[0] - values[1]).mean())
    assert found.given.method == "paired shares"


def test_runs_of_which_all_or_none_take_off() -> None:
    """Catches a run that failed, or a subset that was not run, counted as one that died."""
    taken = np.array([[1.0, 1.0, 0.0], [1.0, np.nan, 1.0]])
    assert told_rows("users", taken)[0].tolist() == [True, True, False]
    assert told_rows("users", np.zeros((3, 2))) == (
        pytest.approx([True, True]),
        "neither takes off",
    )
    assert told_rows("take_off@2", taken)[0].all()
    failed = np.array([[1.0, np.nan, 1.0, 1.0], [0.0, 1.0, 1.0, 1.0]])
    found = parts("users", failed * 9.0, failed)
    assert found.chance.n == 3 and found.chance.estimate == pytest.approx(1.0 / 3.0)
    assert found.given.n == 2


@pytest.mark.parametrize("n", (8, 12, 20, 32))
def test_compared_and_shared_chances_cover_92_percent(n: int) -> None:
    """Catches the interval of single differences (reach 1) for two of them: there .72 at n = 12.

    Differences of differences are -2 .. 2, shares of two players halves; 20,000 trials each with a
    fixed key, at least .92 less four standard errors.
    """
    rng = np.random.Generator(np.random.PCG64(n))
    chances = [
        (0.0, 0.0, 0.8, 0.0, 0.2), (0.05, 0.1, 0.85, 0.0, 0.0), (0.0, 0.0, 0.9, 0.0, 0.1),
        (0.0, 0.0, 0.85, 0.1, 0.05), (0.1, 0.2, 0.3, 0.3, 0.1), (0.0, 0.3, 0.7, 0.0, 0.0),
    ]  # fmt: skip
    for chance, reach in chain(((c, 2.0) for c in chances), ((c, 1.0) for c in chances)):
        values = np.array([-2.0, -1.0, 0.0, 1.0, 2.0]) * reach / 2.0
        truth = float(np.dot(chance, values))
        counts, weights = np.unique(rng.multinomial(n, chance, 20_000), axis=0, return_counts=True)
        held = 0
        for count, weight in zip(counts, weights, strict=True):
            found = mean_of_gaps(np.repeat(values, count), reach)
            held += weight * (found.low <= truth + 1e-12 <= found.high + 2e-12)
        assert held / 20_000 >= 0.92 - 4.0 * math.sqrt(0.08 * 0.92 / 20_000), (chance, reach)


def test_values_that_differ_by_rounding_have_an_interval() -> None:
    """Catches 0 / 0 in the bootstrap: leaving one out changes nothing that a float holds."""
    values = np.full(20, 0.1)
    values[0] = np.nextafter(0.1, 1.0)
    found = mean_interval(values)
    assert found.low == found.mean == found.high

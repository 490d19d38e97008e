"""Forecasts of fitted hazards: how many will have adopted later, where the answer is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence import playing_on
from koubei_sim.evidence.diffusion import NEVER
from koubei_sim.evidence.worlds import as_record, simulate, truth

END, LATER = 5, 12
FORMULA = "constant + ties(share)"
NET = kb.networks.watts_strogatz(300, 6, 0.1, key=1)
EMPTY = kb.Diffusion(NET, [None] * 300, until=LATER, start=0, seeds=list(range(5)))
MODEL, VALUES = truth(EMPTY, FORMULA, {"constant": 0.01, "ties(share)": 0.25})


def seen(at: Any, empty: kb.Diffusion = EMPTY) -> kb.Diffusion:
    """What is known of a world at the end of period `END`."""
    return as_record(empty, at).replace(until=END)


def test_nine_of_ten_worlds_go_on_as_foretold() -> None:
    """Catches a forecast that begins anew, one period off, or sure of its parameters.

    Null: 90 % intervals hold nine of ten worlds; 60 worlds, fewer than 41 inside have a chance of
    8e-7.  With the estimates for the truth 36 are inside, so that the fault is seen.
    """
    worlds = simulate(MODEL, VALUES, EMPTY, 11, 60)
    inside = 0
    for number, at in enumerate(worlds):
        found = kb.hazard(seen(at), FORMULA).forecast(LATER, 200, rng=number).loc[LATER]
        inside += found["low"] <= (at <= LATER).sum() <= found["high"]
    assert inside >= 41


def test_a_word_that_nobody_spread_goes_on_as_foretold() -> None:
    """Catches weights at 0 drawn by the slope there alone, and a base that stays as it was.

    Null: 90 % intervals; 60 worlds without contagion, fewer than 47 inside have a chance of 1e-3.
    With an exponential law of the slope 43 are inside, and draws reach to 1.28 where the profile
    ends at .054.
    """
    rng, n = np.random.default_rng(1), 300
    source, target = rng.integers(0, n, 1500), rng.integers(0, n, 1500)
    apart = source != target
    net = kb.Network.from_edges(source[apart], target[apart], n=n)
    empty = kb.Diffusion(net, [None] * n, until=19, start=0)
    model, values = truth(empty, FORMULA, {"constant": 0.02, "ties(share)": 0.0})
    inside, rested = 0, 0
    for number, at in enumerate(simulate(model, values, empty, 11, 60)):
        fit = kb.hazard(as_record(empty, at).replace(until=7), FORMULA)
        found = fit.forecast(15, 200, rng=number).loc[15]
        inside += found["low"] <= (at <= 15).sum() <= found["high"]
        if fit.values[1] > 0.0 or rested == 3:
            continue
        rested += 1
        drawn = playing_on.drawn_values(fit, 4000, 1, 0)
        assert 0.5 < np.quantile(drawn[:, 1], 0.95) / fit.interval("ties(share)")[1] < 1.7
        # Of independent draws: 0, with a standard error of .016.
        assert np.corrcoef(drawn.T)[0, 1] < -0.07 and drawn[:, 0].mean() < fit.values[0]
    assert inside >= 47 and rested == 3


def test_the_law_of_weights_that_rest_at_0() -> None:
    """Catches another law than the likelihood has there, by its mean, alone and in pairs.

    Null: sums over a fine grid; 40,000 draws, 5 standard errors (6e-7 each).
    """
    n = 40_000
    units = np.random.default_rng(1).random((playing_on.SWEEPS, n, 2))
    grid = np.arange(0.0005, 6.0, 0.005)
    x, y = np.meshgrid(grid, grid, indexing="ij")
    slope, bend = np.array([-0.5, -2.0]), np.array([[3.0, -1.2], [-1.2, 2.0]])
    height = slope[0] * x + slope[1] * y - 1.5 * x * x + 1.2 * x * y - y * y
    chance = np.exp(height) / np.exp(height).sum()
    pair = playing_on._above(slope, bend, units)
    for drawn, value in ((pair[:, 0], x), (pair[:, 1], y), (pair[:, 0] * pair[:, 1], x * y)):
        expected = (chance * value).sum()
        assert abs(drawn.mean() - expected) < 5.0 * drawn.std() / math.sqrt(n) + 0.003 * expected
    for curve in (0.0, 1e-9, 1e-4, -1.0):  # no bend to speak of: an exponential law, mean 1/4
        alone = playing_on._above(np.array([-4.0]), np.array([[curve]]), units[:1, :, :1])
        assert abs(alone.mean() - 0.25) < 5.0 * 0.25 / math.sqrt(n) and alone.min() >= 0.0


def test_the_law_of_those_who_are_played_on() -> None:
    """Catches people played from another period than the end of their own watch.

    Null: the chance 1 - exp(-h k) of who is played for k periods; 20,000 people, |z| < 5 each
    (6e-7).
    """
    n, h = 40_000, 0.05
    empty = kb.Diffusion(kb.Network.from_edges([0], [1], n=n), [None] * n, until=9, start=0)
    model, values = truth(empty, "constant", {"constant": h})
    since = np.where(np.arange(n) < n // 2, 3, 8)
    adopted = simulate(model, values, empty, 5, since=since)[0] <= 9
    for some, periods in ((slice(None, n // 2), 7), (slice(n // 2, None), 2)):
        chance = 1.0 - math.exp(-h * periods)
        share = adopted[some].mean()
        assert abs(share - chance) < 5.0 * math.sqrt(chance * (1.0 - chance) / (n // 2))
    lost = np.where(np.arange(300) < 150, 2, END)  # half are lost early: no more is known of them
    d = as_record(EMPTY, simulate(MODEL, VALUES, EMPTY, 11)[0]).replace(until=lost)
    fit = kb.hazard(d, FORMULA)
    more = fit.forecast(END + 1, 200, rng=1).loc[END + 1] - d.adopted.sum()
    assert more["low"] > 10 and more["median"] > 20  # one period for half of them alone: 9


def test_the_same_key_gives_the_same_forecast() -> None:
    """Catches draws that hang on what else is asked, and counts that leave out who is known."""
    d = seen(simulate(MODEL, VALUES, EMPTY, 11)[0])
    fit = kb.hazard(d, FORMULA)
    found = fit.forecast([LATER, END + 1, 9], 50, rng=7)
    assert found.index.tolist() == [END + 1, 9, LATER]
    assert found.to_csv() == fit.forecast([9, END + 1, LATER], 50, rng=7).to_csv()
    assert found.to_csv() != fit.forecast([9, END + 1, LATER], 50, rng=8).to_csv()
    assert fit.forecast(np.int64(9), 50, rng=7).loc[9].tolist() == found.loc[9].tolist()
    assert (np.diff(found.to_numpy(), axis=0) >= 0).all()
    assert d.adopted.sum() <= found.to_numpy().min() and found.to_numpy().max() <= d.n
    assert fit.forecast(400, 20, rng=7)["low"].item() == d.n


def test_who_has_adopted_by_the_end_of_a_period(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches the adoptions of the period itself or of seeds left out, and periods from 0."""
    times = [1998, 2001, 2003, None, None, None]
    d = kb.Diffusion(kb.networks.ring(6, 2), times, until=2004, start=2000)
    played = np.array([[-1, 1, 3, 5, 7, NEVER]] * 20)
    monkeypatch.setattr(playing_on, "simulate", lambda *_, **__: played)
    found = kb.hazard(d, "constant").forecast([2005, 2006, 2007], 20, rng=1)
    assert found["median"].tolist() == [4, 4, 5] and (found["low"] == found["high"]).all()
    assert found.index.tolist() == [2005, 2006, 2007]


def test_groups_go_on_as_they_began() -> None:
    """Catches effects of groups drawn without what each has shown, or left out."""
    n = 200
    net = kb.Network.from_edges(range(n), [*range(1, n), 0])
    groups = [i // 50 for i in range(n)]
    busy = [0 if i < 50 and i % 2 else None for i in range(n)]
    times = [i % 5 if time is not None or i % 10 == 0 else None for i, time in enumerate(busy)]
    d = kb.Diffusion(net, times, until=END, start=0, groups=groups)
    fit = kb.hazard(d, "constant + groups(random)")
    assert fit.value("groups(random)") > 0.2
    factors = playing_on._factors(fit, d, 400, 3)
    means = np.log(factors).mean(axis=0)[::50]
    assert means[0] > 0.5 and (means[1:] < 0.0).all()
    spread = np.log(factors[:, 0]).std()
    assert 0.02 < spread < fit.value("groups(random)")
    found = fit.forecast([END + 1, LATER], 50, rng=3)
    assert (found["low"] <= found["median"]).all() and found.loc[LATER, "median"] > d.adopted.sum()


@pytest.mark.slow
def test_groups_that_differ_must_be_in_the_formula() -> None:
    """Catches effects of groups that do not go into a forecast: docs/evidence.md, 2.6.

    Null: 90 % intervals; 40 worlds, fewer than 25 inside have a chance of 6e-7.  Without effects
    fewer are inside.
    """
    rng, size, worlds = np.random.default_rng(3), 20, 40
    n = 12 * size
    near = [(i, i // size * size + j) for i in range(n)
            for j in rng.choice(size, 4, replace=False) if j != i % size]  # fmt: skip
    net = kb.Network.from_edges(*zip(*near), n=n)
    groups = np.arange(n) // size
    empty = kb.Diffusion(net, [None] * n, until=LATER, start=0, groups=groups.tolist())
    model, values = truth(empty, FORMULA, {"constant": 0.02, "ties(share)": 0.2})
    factors = np.exp(0.8 * rng.standard_normal((worlds, 12)))[:, groups]
    inside = {FORMULA: 0, f"{FORMULA} + groups(random)": 0}
    for number, at in enumerate(simulate(model, values, empty, 11, worlds, scale=factors)):
        for formula in inside:
            found = kb.hazard(seen(at, empty), formula).forecast(LATER, rng=number).loc[LATER]
            inside[formula] += found["low"] <= (at <= LATER).sum() <= found["high"]
    plain, effects = inside.values()
    assert plain < 25 <= effects


def test_worlds_that_no_memory_holds_or_no_interval_has() -> None:
    """Catches a process killed for memory, and 90 % of a handful of worlds: their extremes."""
    fit = kb.hazard(RECORD, FORMULA)
    most = playing_on.CELLS // 300
    for worlds in (10**9, most + 1, 19, 0):
        with pytest.raises(KoubeiError, match=f"worlds: out of range.*20..{most}"):
            fit.forecast(LATER, worlds, rng=1)
    for worlds in (10**9, most + 1, 0):
        with pytest.raises(KoubeiError, match=f"worlds: out of range.*1..{most}"):
            fit.simulate(worlds=worlds, rng=1)
    assert fit.forecast(LATER, 20, rng=1)["low"].item() > 0
    assert fit.simulate(worlds=1, rng=1).shape == (1, 300)


def contacts(last: float) -> kb.Hazard:
    """A fit on contacts of which the last is in this period."""
    times = [0.0, 1.0, 2.0, 3.0, last]
    net = kb.TemporalNetwork.from_contacts([0, 1, 2, 3, 4], [1, 2, 3, 4, 0], times, n=6)
    return kb.hazard(kb.Diffusion(net, [0, 1, 2, None, None, 3], until=3), "constant + ties(count)")


def products() -> kb.Hazard:
    d = kb.Diffusion(NET, [i % 5 for i in range(300)], kinds=["A", "B"] * 150, start=0)
    return kb.hazard(d, "constant", kind="A")


def apart(link: Any, formula: str = FORMULA, priors: Any = None) -> kb.Hazard:
    """A fit to people of whom nobody with ties to adopters adopts, nor anybody with the trait x."""
    times = [i % 5 if i % 20 == 0 else None for i in range(300)]
    x = np.isin(np.arange(300), np.arange(7, 47)) & (np.arange(300) % 20 > 0)
    d = kb.Diffusion(NET, times, until=END, start=0, covariates={"x": x.astype(float)})
    return kb.hazard(d, formula, link=link, priors=priors)


@pytest.mark.parametrize("link", ["cloglog", "logit", "probit"])
def test_weights_that_run_away_are_refused(link: Any) -> None:
    """Catches draws from a finite error that is no measure of anything: half of them adopt at once.

    The same people with an additive hazard, or without the weight, are foretold.
    """
    fit = apart(link)
    assert fit.errors[1] > 1e3 * fit.errors[0]  # finite
    with pytest.raises(KoubeiError, match=r"values: .*got ties\(share\) -") as error:
        fit.forecast(LATER, rng=1)
    assert "\n" not in str(error.value)
    for sound in (
        apart(link, "constant"),
        apart("additive"),
        kb.hazard(RECORD, FORMULA, link=link),
    ):
        found = sound.forecast(END + 1, rng=1)
        assert found["high"].item() < sound.record.adopted.sum() + 40


@pytest.mark.parametrize("link", ["additive", "cloglog"])
def test_traits_without_a_prior_that_run_away_are_refused(link: Any) -> None:
    """Catches a trait that nobody who adopts has, where only the weights of ties are looked at."""
    formula = "constant + x"
    assert apart(link, formula).forecast(LATER, rng=1)["high"].item() < 80
    with pytest.raises(KoubeiError, match=r"values: .*got x -"):
        apart(link, formula, kb.evidence.Priors(0.1, math.inf)).forecast(LATER, rng=1)


CALENDAR = r"formula: a calendar knows no later periods, got calendar.*, try constant in place"
RECORD = seen(simulate(MODEL, VALUES, EMPTY, 11)[0])


@pytest.mark.parametrize(
    ("of", "periods", "said"),
    [
        (lambda: kb.hazard(RECORD, FORMULA), END, r"periods: out of range, got 5, allowed 6"),
        (lambda: kb.hazard(RECORD, FORMULA), "2012-12-15", "periods: "),
        (lambda: kb.hazard(RECORD, FORMULA), 7.5, "periods: "),
        (lambda: kb.hazard(RECORD, FORMULA), [], "periods: none given"),
        (lambda: kb.hazard(RECORD, FORMULA), 10**7, "periods: out of range"),
        (lambda: kb.hazard(RECORD, "calendar"), [7, 12], CALENDAR),
        (lambda: kb.hazard(RECORD, "calendar(width=4) + ties(share)"), 6, CALENDAR),
        (lambda: contacts(4.0), 5, "periods: the contacts end before, got 5, allowed up to 4"),
        (products, 7, "products are estimated, not played"),
    ],
)
def test_what_cannot_be_foretold_is_refused(of: Any, periods: Any, said: str) -> None:
    """Catches a forecast of what nobody knows, or a traceback."""
    fit = of()
    with pytest.raises(KoubeiError, match=said) as error:
        fit.forecast(periods, rng=1)
    assert "\n" not in str(error.value)

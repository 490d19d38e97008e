"""Worlds in which a hazard is true: against plain loops, `kb.cascade`, and themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evidence.twin import drawn, world

import koubei_sim as kb
from koubei_sim.cascades import Bass
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.diffusion import NEVER
from koubei_sim.evidence.worlds import as_record, simulate, truth

LAWS: list[dict[str, Any]] = [{}, {"lag": 2}, {"fading": 0.5}, {"window": 2}, {"side": "both"},
                              {"measure": "count"}]  # fmt: skip


def places(played: Any, worlds: int, n: int) -> Any:
    """Place of the period of each adoption: tick 1 of a cascade is the first period."""
    log, at = played.activations, np.full((worlds, n), NEVER)
    at[log.replicate, log.person] = log.time.astype(np.int64) - 1
    return at


@given(st.integers(0, 10_000), st.sampled_from(LAWS),
       st.sampled_from(["additive", "cloglog", "logit", "probit"]), st.booleans())  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_worlds_are_those_of_plain_loops(
    number: int, law: dict[str, Any], link: str, contacts: bool
) -> None:
    """Catches people who hear in the period of the news, enter early, or are seen after the end."""
    one = drawn(number, contacts=contacts)
    d = one.make()
    rng = np.random.default_rng(number)
    options = [law.get("measure", "share"), *(f"{k}={v}" for k, v in law.items() if k != "measure")]
    term = f"ties({', '.join(options)})"
    if link == "additive":
        base, weight = rng.uniform(0.0, 0.2, d.periods), 0.6
    else:
        base, weight = rng.normal(-1.8, 0.3, d.periods), 0.9
    model, theta = truth(
        d, f"calendar + {term} + age", {"calendar": base, term: weight, "age": 0.3}
    )
    at = simulate(model, theta, d, 77, 2, link=link)
    for number_ in range(2):
        by_hand = world(one, list(base), weight, 0.3, 77, number_, link, **law)
        found = [None if x == NEVER else int(x) for x in at[number_]]
        assert found == by_hand


@pytest.mark.parametrize("seeds", [[], [0, 5]])
def test_a_fit_plays_as_a_cascade_plays(seeds: list[int]) -> None:
    """Catches another draw, another rounding or a period off by one beside Bass by ticks."""
    net = kb.networks.erdos_renyi(300, 6, key=3)
    d = kb.Diffusion(net, np.full(300, np.nan), until=19, start=0, seeds=seeds)
    model, theta = truth(d, "constant + ties(share)", {"constant": 0.02, "ties(share)": 0.4})
    at = simulate(model, theta, d, 9, 5)
    rule = Bass(0.02, 0.4, dt=1.0)
    played = kb.cascade(net, rule, seeds, replicates=5, horizon=20, rng=9, record=["forest"])
    assert np.array_equal(at, places(played, 5, 300))


@pytest.mark.parametrize("formula", [
    "calendar + ties(share) + age", "calendar + ties(share)", "constant + ties(share) + age",
    "calendar + age", "constant", "constant + ties(share, lag=1)",
])  # fmt: skip
def test_a_fit_is_a_rule(formula: str) -> None:
    """Catches a schedule a tick off, a trait that is lost, and a share over other ties."""
    net = kb.networks.erdos_renyi(400, 6, key=3)
    rng = np.random.default_rng(5)
    times = np.where(rng.random(400) < 0.5, rng.integers(0, 15, 400), np.nan)
    times[7] = np.nan  # a seed from the start
    d = kb.Diffusion(net, times, until=14, start=0, seeds=[7],
                     covariates={"age": rng.normal(size=400)})  # fmt: skip
    fit = kb.hazard(d, formula)
    rule = fit.to_rule()
    played = kb.cascade(net, rule, [7], replicates=20, horizon=d.periods, rng=9, record=["forest"])
    assert np.array_equal(places(played, 20, 400), played_by(fit))
    assert played.sizes.mean() > 20


def played_by(fit: Any) -> Any:
    at = fit.simulate(worlds=20, rng=9)
    found = np.nan_to_num(at).astype(np.int64)
    found[np.isnan(at)] = NEVER
    return found


def test_a_schedule_of_ones_changes_nothing() -> None:
    """Catches a schedule that rounds otherwise than p alone, by either kernel."""
    net = kb.networks.erdos_renyi(500, 6, key=3)
    for ticks in (20, 2000):  # swept, predicted
        p, q = 1.0 / ticks, 4.0 / ticks
        plain = kb.cascade(net, Bass(p, q, dt=1.0), [3], 5, rng=2, horizon=ticks)
        same = Bass(p, q, dt=1.0, schedule=np.ones(ticks))
        assert kb.cascade(net, same, [3], 5, rng=2, horizon=ticks).digest() == plain.digest()


@pytest.mark.parametrize(
    ("formula", "link"),
    [("calendar + crowd", "additive"), ("calendar + ties(count)", "additive"),
     ("calendar + ties(fading=.5)", "additive"), ("calendar + ties(side=both)", "additive"),
     ("calendar + ties(lag=2)", "additive"), ("calendar + ties", "cloglog"),
     ("calendar + wave", "additive"), ("calendar + ties + ties(any)", "additive")],
)  # fmt: skip
def test_what_is_no_rule_of_bass_is_refused(formula: str, link: str) -> None:
    """Catches a rule that plays something else than the fit."""
    d = kb.Diffusion(kb.networks.erdos_renyi(60, 4, key=1), [i % 5 for i in range(60)], until=6)
    with pytest.raises(KoubeiError, match="more than Bass can express") as caught:
        kb.hazard(d, formula, link=link).to_rule()
    assert caught.value.fix == "fit.simulate(d)"


def test_records_that_are_no_cascade_are_refused() -> None:
    """Catches late entries and seeds with a time that would be played from the start."""
    net = kb.networks.erdos_renyi(60, 4, key=1)
    times = [i % 5 for i in range(60)]
    for more in ({"entered": [i % 2 for i in range(60)]}, {"seeds": [3]}):
        fit = kb.hazard(kb.Diffusion(net, times, until=6, **more), "constant + ties(share)")
        with pytest.raises(KoubeiError, match="more than Bass can express"):
            fit.to_rule()
    met = kb.hazard(drawn(3, contacts=True).make(), "constant + ties(share)")
    with pytest.raises(KoubeiError, match="more than Bass can express"):
        met.to_rule(drawn(3, contacts=True).make())


def test_the_same_key_is_the_same_world() -> None:
    """Catches worlds that depend on how many are played, and a factor that changes who is lucky."""
    d = drawn(5, n=60).make()
    model, theta = truth(d, "constant + ties(share)", {"constant": 0.1, "ties(share)": 0.5})
    many = simulate(model, theta, d, 4, 7)
    assert np.array_equal(simulate(model, theta, d, 4, 3, first=2), many[2:5])
    assert not np.array_equal(simulate(model, theta, d, 5, 7), many)
    same = simulate(model, theta, d, 4, 7, scale=np.ones(d.n))
    assert np.array_equal(same, many)
    more = simulate(model, theta, d, 4, 7, scale=np.full((7, d.n), 2.0))
    assert (more <= many).all() and (more < many).any()  # same resistances, more hazard: earlier


def test_what_has_been_seen_is_kept() -> None:
    """Catches a forecast that plays the past again, or forgets who was active."""
    one = drawn(8, n=80)
    d = one.make()
    fit = kb.hazard(d, "constant + ties(share)")
    since = d.start + 4
    later = fit.simulate(worlds=50, rng=1, since=since)
    before = d.adopted & (d.times < since)
    assert (later[:, before] == d.times[before]).all()
    assert np.nanmin(later[:, ~before & ~d.seeded]) >= since
    whole = fit.simulate(worlds=2, rng=1)
    assert np.array_equal(fit.simulate(worlds=2, rng=1, since=d.start), whole, equal_nan=True)


def test_a_seed_beyond_the_record_moves_nobody() -> None:
    """Catches a seed that is active from the start although its time lies beyond the end."""
    line = kb.Network.from_edges([0, 1], [1, 2])
    d = kb.Diffusion(line, [9, None, None], until=4, start=0, seeds=[0])
    model, theta = truth(d, "constant + ties(share)", {"constant": 0.0, "ties(share)": 9.0})
    for same in (d, d.replace(), d.people([0, 1, 2]), d.replace().people([0, 1, 2])):
        assert (simulate(model, theta, same, 1, 5) == NEVER).all()
        assert same.risk().person.min() == 1


def test_a_world_becomes_a_record_and_is_estimated() -> None:
    """Catches a record of a world that keeps the adoptions of another."""
    net = kb.networks.erdos_renyi(2000, 8, key=1)
    d = kb.Diffusion(net, np.full(2000, np.nan), until=11, start=0)
    model, theta = truth(d, "constant + ties(share)", {"constant": 0.03, "ties(share)": 0.3})
    seen = as_record(d, simulate(model, theta, d, 3)[0])
    fit = kb.hazard(seen, "constant + ties(share)")
    for name, value in (("constant", 0.03), ("ties(share)", 0.3)):
        low, high = fit.interval(name)
        assert low < value < high and high - low < 0.15
    assert d.curve().sum() == 0 < seen.curve().sum()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda d: truth(d, "calendar + age", {"age": 1.0}), "values: no value, got calendar"),
        (lambda d: truth(d, "constant", {"ties": 1.0}), "values: no such parameter"),
        (lambda d: as_record(d, np.zeros((2, d.n), np.int64)), "at: not one world"),
    ],
)
def test_what_is_no_truth_is_refused(call: Any, says: str) -> None:
    """Catches a parameter that is silently left at 0."""
    with pytest.raises(KoubeiError) as caught:
        call(drawn(1).make())
    assert str(caught.value).startswith(says)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Bass(0.1, 0.1, schedule=[1.0]), "schedule: needs ticks"),
        (lambda: Bass(0.1, 0.1, dt=1, schedule=[-1.0]), "schedule[0]: out of range"),
        (lambda: Bass(0.1, 0.1, dt=1, schedule=[[1.0]]), "schedule: has too many dimensions"),
        (lambda: Bass(0.1, 0.1, dt=1, schedule=[]), "schedule: no values"),
        (lambda: kb.cascade(kb.networks.ring(4, 2), Bass(1.0, 0.0, dt=1, schedule=[2.0**20]), [],
                            1, rng=1, horizon=1), "p schedule dt: too large"),
        (lambda: kb.cascade(kb.networks.ring(4, 2), Bass(1.0, 0.0, dt=0.5, schedule=[1.0] * 3), [],
                            1, rng=1, horizon=2), "schedule: ends before the horizon"),
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(call: Any, says: str) -> None:
    """Catches a schedule that is read in another unit, or ends without a word."""
    with pytest.raises(KoubeiError) as caught:
        call()
    assert str(caught.value).startswith(says)

"""Controls, fadings, moments and keys that once said too much, each with what it must say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.evidence.test_judge import record

import koubei_sim as kb
from koubei_sim.cascades import IndependentCascade
from koubei_sim.evidence import growing, simulated_moments
from koubei_sim.evidence.controls import Controlled, controlled, drawn, rewired
from koubei_sim.evidence.estimators import FORMULAS, estimator_of
from koubei_sim.evidence.known import World

CHANCE = record(groups=4, tie=0.0, key=11)


def test_a_fading_is_sought_in_each_draw() -> None:
    """Catches controls with the fading of the record: what ties add is then too small there."""
    fit = kb.hazard(CHANCE, "constant + ties(share, fading=?)")
    held = kb.hazard(CHANCE, fit.formula)
    assert fit.posterior == held.posterior
    for control in ("rewired", "times shuffled"):
        open_, fixed = controlled(fit, control, 7, 12), controlled(held, control, 7, 12)
        assert (open_.gains >= fixed.gains - 1e-6).all(), control
        assert open_.gains.mean() > fixed.gains.mean() + 0.05, control
        assert open_.gain == pytest.approx(fixed.gain, abs=1e-6)
        # Weights of different fadings are different measures: what ties add is compared.
        assert np.isnan(open_.value) and np.isfinite(fixed.value)
        assert open_.p == (1 + (open_.gains >= open_.gain).sum()) / 13


def test_the_fading_of_a_wave_is_sought_without_ties_too() -> None:
    """Catches ties that are credited with what another fading of the wave would tell."""
    d = record(groups=4, tie=0.5, key=11)
    fit = kb.hazard(d, "constant + wave(fading=?) + ties(share)")
    found = controlled(fit, "times shuffled", 7, 3)
    plain = kb.hazard(d, "constant + wave(fading=?)")
    assert plain.formula not in fit.formula  # the wave fades otherwise where ties are left out
    assert found.value == fit.value("ties(share)") and np.isfinite(found.values).all()
    assert found.gain == pytest.approx(fit.posterior - plain.posterior, abs=1e-6)
    for m in range(3):
        other = drawn(d, "times shuffled", 7, m)
        both = kb.hazard(other, "constant + wave(fading=?) + ties(share)")
        one = kb.hazard(other, "constant + wave(fading=?)")
        assert found.gains[m] == pytest.approx(both.posterior - one.posterior, abs=0.01)


def test_a_push_whose_fading_was_estimated_has_no_p_value() -> None:
    """Catches a law of the ratio where there is none, and a missing p of what has one."""
    d = record(groups=4, tie=0.5, key=11)
    fit = kb.hazard(d, "constant + age + ties(share, fading=?)")
    name = next(name for name in fit.names if name.startswith("ties"))
    assert fit.faded == 2 and fit.profiled == 1
    assert np.isnan(fit.p_value(name)) and np.isnan(fit.table().loc[name, "p"])
    assert np.isnan(fit.robust("people").loc[name, "p"])
    held = kb.hazard(d, fit.formula)
    assert np.isfinite(held.p_value(name)) and held.faded is None
    assert fit.p_value("age") == held.p_value("age")
    assert np.isfinite(fit.robust("people").loc["age", "p"])
    assert np.isfinite(held.robust("people").loc[name, "p"])


def test_nothing_to_compare_has_no_p_value() -> None:
    """Catches the smallest of all p-values where neither weight nor gain is known."""
    none = np.full(19, np.nan)
    assert np.isnan(Controlled(np.nan, np.nan, none, none).p)


def test_controls_of_bench_are_those_of_judge() -> None:
    """Catches a second shuffler or rewirer: groups, late entry and ends of watches must count."""
    d = World(contagion=0.2, people=300).record(7)
    late = np.where(np.arange(d.n) % 2, 0, np.minimum(d.at, 3))
    d = d.replace(groups=np.arange(d.n) % 3, entered=np.maximum(late, 0))
    for name, control in (("ties rewired", "rewired"), ("times shuffled", "times shuffled")):
        found = controlled(kb.hazard(d, FORMULAS["calendar"]), control, 5, 19)
        said = estimator_of(name, name)(d, 5)
        assert said.p == found.p
        assert said.estimate == found.value - found.values.mean()


def test_weights_go_with_mutual_ties() -> None:
    """Catches a mutual tie with two weights after a swap, and weights lost or doubled."""
    rng = np.random.default_rng(4)
    source, target = rng.integers(0, 40, 160), rng.integers(0, 40, 160)
    ends = np.unique(np.sort(np.stack([source, target]), axis=0)[:, source != target], axis=1)
    weight = np.arange(1.0, ends.shape[1] + 1)
    net = kb.Network.from_edges(*ends, n=40, directed=False, weight=weight)
    made = rewired(net, np.zeros(40, np.int64), 7, 0, keep_named=True)
    made.check()
    layer = made.layer()
    assert layer.weights is not None
    a, b = layer.sources(), layer.indices
    there = dict(zip(zip(a.tolist(), b.tolist()), layer.weights.tolist()))
    assert all(there[v, u] == w for (u, v), w in there.items())
    assert sorted(there.values()) == sorted([*weight, *weight])
    before = set(zip(*ends.tolist()))
    assert len(before & set(there)) < 0.5 * len(before)


def fit_of(moments: Any, observed: np.ndarray) -> Any:
    pairs = kb.Network.from_edges(range(0, 20, 2), range(1, 20, 2))
    return simulated_moments(
        pairs, IndependentCascade(0.1), range(0, 20, 2), observed, moments,
        {"p": [0.1, 0.3, 0.5, 0.7]}, replicates=100, rng=1, threads=1,
    )  # fmt: skip


def test_moments_that_say_the_same_count_once() -> None:
    """Catches degrees of freedom for a moment that is told twice or never differs: p too large."""
    heard = np.array([[1.0], [0.0]] * 5)

    def second(found: Any) -> np.ndarray:
        return (found.outcome.kinds[:, 1::2, None] == 0).astype(float)

    def thrice(found: Any) -> np.ndarray:
        one = second(found)
        return np.concatenate([one, 2.0 * one, np.ones_like(one)], axis=2)

    seen = np.concatenate([heard, 2.0 * heard, np.ones_like(heard)], axis=1)
    plain, same = fit_of(second, heard), fit_of(thrice, seen)
    assert plain.df == 0 and np.isnan(plain.p_value)
    assert same.rank == 1 and same.df == 0 and np.isnan(same.p_value)
    assert same.statistic == pytest.approx(plain.statistic, abs=1e-9)
    assert "nan" in repr(same)


def test_levels_of_neighbouring_keys_share_no_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a level addressed by key + level: level 1 of a key would be level 0 of the next."""
    keys: list[int] = []
    real = growing.cascade

    def noted(*given: Any, **named: Any) -> Any:
        keys.append(given[4])
        return real(*given, **named)

    monkeypatch.setattr(growing, "cascade", noted)
    star = kb.Network.from_edges([0] * 30, range(1, 31), n=31, directed=False)
    for key in (7, 8):
        growing.grow_on(star, np.array([0.2, 0.3]), "anybody",
                        growing.Telling((2, 30), 10**6, 20_000, key))  # fmt: skip
    assert len(keys) == 4 == len(set(keys))

"""``cascade(.., parameters=)``: replicate r is, byte for byte, that of a call with its numbers.

Each test says what it would catch.  Every rule with numbers of its own is in `CASES`; a rule that
gains some is found by `test_every_number_is_tried`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import koubei_sim as kb
from koubei_sim.cascades import (
    SIR,
    SIS,
    Bass,
    CompetingCascades,
    DelayedCascade,
    FractionalSIR,
    FractionalThreshold,
    IndependentCascade,
    LinearThreshold,
    NegativeCascade,
    RandomSeeds,
    Reinforcement,
    cascade,
)
from koubei_sim.cascades.rules.base import Rule, _kinds
from koubei_sim.errors import KoubeiError

R = 24
ROWS = (0, 1, 7, 8, 23)
UNIT = np.linspace(0.0, 1.0, R)
STEP = np.repeat([0.3, 0.05, 0.2], R // 3)  # runs of equal numbers

CASES: list[tuple[Rule, dict[str, Any], dict[str, Any]]] = [
    (IndependentCascade(0.1), {"p": 0.3 * UNIT}, {}),
    (IndependentCascade(0.1), {"p": STEP}, {"method": "count"}),
    (IndependentCascade(0.1), {"p": STEP}, {"method": "wide", "record": ()}),
    (Bass(0.01, 0.3, dt=1.0), {"p": 0.05 * UNIT, "q": UNIT[::-1]}, {"horizon": 20}),
    (Bass(0.01, 0.3), {"q": STEP}, {"horizon": 20, "tick": 0.5}),
    (SIR(0.1, 0.5), {"beta": 0.3 * UNIT, "gamma": UNIT}, {"horizon": 30, "tick": 0.5}),
    (SIR(0.1, 0.5, steps=True), {"beta": 0.3 * UNIT, "gamma": UNIT}, {"horizon": 30}),
    (SIR(0.1, 0.5, duration="constant"), {"gamma": 0.1 + STEP}, {"tick": 0.5}),
    (FractionalSIR(0.1, 0.5), {"beta": 5 * UNIT}, {"tick": 0.5}),
    (SIS(0.1, 0.5), {"beta": STEP, "gamma": UNIT}, {"horizon": 10, "tick": 0.5}),
    (SIS(0.1, 0.5, steps=True), {"beta": STEP, "gamma": UNIT}, {"horizon": 10}),
    (FractionalThreshold(0.1), {"threshold": 0.3 * UNIT}, {}),
    (Reinforcement(2), {"need": np.arange(R) % 4}, {}),
    (DelayedCascade(0.1), {"p": 0.3 * UNIT, "latency": 0.5 + UNIT}, {"tick": 0.5}),
    (DelayedCascade(0.1, 1.0), {"latency": 0.5 + UNIT}, {"tick": 0.5}),
    (NegativeCascade(0.2), {"p": 0.4 * UNIT, "quality": UNIT}, {}),
    (CompetingCascades(0.1), {"p": 0.4 * UNIT}, {}),
]


@pytest.fixture(scope="module")
def net() -> kb.Network:
    """A random network of 120 people, undirected."""
    rng = np.random.default_rng(5)
    pairs = np.unique(np.sort(rng.integers(0, 120, (420, 2)), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return kb.Network.from_edges(pairs[:, 0], pairs[:, 1], n=120, directed=False)


def seeds_for(rule: Rule) -> Any:
    """Random seeds, of each brand where there are brands."""
    if isinstance(rule, CompetingCascades):
        return {name: RandomSeeds(2) for name in rule.brands}
    return RandomSeeds(3)


def fault(one: Any, all_: Any, row: int) -> str:
    """What of replicate `row` differs from the one of a call for itself; "" where nothing does."""
    a, b = one.outcome, all_.outcome
    for name in ("sizes", "events", "ends"):
        if getattr(a, name)[0] != getattr(b, name)[row]:
            return name
    width = min(a.curve.shape[2], b.curve.shape[2])
    for name in ("curve", "removed"):
        x, y = getattr(a, name), getattr(b, name)
        if x is None:
            continue
        if not (x[0][..., :width] == y[row][..., :width]).all():
            return name
        if x[0][..., width:].any() or y[row][..., width:].any():
            return name + " beyond"
    for name in ("times", "kinds"):
        x, y = getattr(a, name), getattr(b, name)
        if x is not None and not np.array_equal(x[0], y[row], equal_nan=name == "times"):
            return name
    if a.activations is not None:
        mine = b.activations.replicate == b.replicates[row]
        for name, x, y in zip(a.activations._fields, a.activations, b.activations, strict=True):
            if not np.array_equal(x, y[mine]):
                return f"log {name}"
    return ""


@pytest.mark.parametrize("number", range(len(CASES)))
def test_bytes_of_a_call_alone(net: kb.Network, number: int) -> None:
    """Catches numbers of another replicate, numbers kept from the one before, scratch not renewed.

    Times, kinds and the log of who convinced whom are compared, on one thread and on two.
    """
    rule, columns, options = CASES[number]
    asked: dict[str, Any] = {"record": ("times", "kinds", "forest"), "rng": 11} | options
    seeds = seeds_for(rule)
    runs = [
        cascade(net, rule, seeds, R, first=40, parameters=columns, threads=threads, **asked)
        for threads in (1, 2)
    ]
    assert runs[0].digest() == runs[1].digest()
    for row in ROWS:
        own = rule.with_numbers({name: column[row].item() for name, column in columns.items()})
        alone = cascade(net, own, seeds, 1, first=40 + row, threads=1, **asked)
        assert fault(alone, runs[0], row) == "", row


def test_every_number_is_tried() -> None:
    """Catches a rule that offers numbers which no case of this file looks at."""
    tried = {(type(rule).__name__, name) for rule, columns, _ in CASES for name in columns}
    own = [kind for kind in _kinds(Rule) if kind.__module__.startswith("koubei_sim.cascades")]
    for kind in own:
        if kind.command:
            for name in kind().per_replicate:
                heirs = {k.__name__ for k in own if issubclass(k, kind) or issubclass(kind, k)}
                assert any((heir, name) in tried for heir in heirs), (kind.__name__, name)


def test_lists_of_seeds_go_with_them(net: kb.Network) -> None:
    """Catches seeds and numbers that are counted from different replicates."""
    lists = [[k, (3 * k + 1) % 120] for k in range(R)]
    found = cascade(net, Bass(0.0, 0.3, dt=1.0), lists, R, 3, first=9, horizon=8,
                    parameters={"q": UNIT}, record="times", threads=1)  # fmt: skip
    for row in ROWS:
        one = cascade(net, Bass(0.0, float(UNIT[row]), dt=1.0), [lists[row]], 1, 3, first=9 + row,
                      horizon=8, record="times", threads=1)  # fmt: skip
        assert fault(one, found, row) == ""


def test_contacts_with_times(net: kb.Network) -> None:
    """Catches rules on contacts that are made ready with the first numbers only."""
    rng = np.random.default_rng(3)
    meetings = kb.TemporalNetwork.from_contacts(
        rng.integers(0, 60, 900), rng.integers(60, 120, 900), np.sort(rng.random(900) * 50), n=120
    )
    for rule, columns in (
        (IndependentCascade(0.5), {"p": UNIT}),
        (SIR(0.5, 0.1), {"beta": UNIT, "gamma": STEP}),
        (Reinforcement(2), {"need": np.arange(R) % 3}),
    ):
        found = cascade(meetings, rule, RandomSeeds(4), R, 2, parameters=columns, tick=1.0,
                        record="times", threads=1)  # fmt: skip
        for row in ROWS:
            own = rule.with_numbers({name: each[row].item() for name, each in columns.items()})
            one = cascade(meetings, own, RandomSeeds(4), 1, 2, first=row, tick=1.0,
                          record="times", threads=1)  # fmt: skip
            assert fault(one, found, row) == ""


def test_numbers_are_kept(net: kb.Network, tmp_path: Any) -> None:
    """Catches numbers that are lost on the way into the dataset, the table or the folder."""
    found = cascade(net, IndependentCascade(0.1), [0], rng=1, parameters={"p": STEP}, threads=1)
    assert found.replicates == R
    assert found.to_xarray()["rule.p"].dims == ("replicate",)
    assert (found.to_pandas()["rule.p"].to_numpy() == STEP).all()
    again = kb.load(found.save(tmp_path / "run"))
    assert again.parameters is not None and found.parameters is not None
    assert list(again.parameters) == ["p"] and (again.parameters["p"] == STEP).all()
    assert "p 0.05 .. 0.3" in repr(found)
    plain = cascade(net, IndependentCascade(0.1), [0], 3, rng=1, threads=1)
    assert kb.load(plain.save(tmp_path / "plain")).parameters is None


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"rule": Bass(), "parameters": {"beta": UNIT}}, "parameters[beta]: not a number of Bass"),
    ({"rule": LinearThreshold(), "parameters": {"x": UNIT}}, "allowed none"),
    ({"rule": Bass(), "parameters": {"q": UNIT[:5]}}, "got 5, allowed 24"),
    ({"rule": Bass(), "parameters": {"q": 0.3}}, "parameters[q]: not one number a replicate"),
    ({"rule": Bass(), "parameters": {"q": ["a"] * R}}, "parameters[q]: not one number"),
    ({"rule": Bass(), "parameters": [UNIT]}, "not a mapping"),
    ({"rule": Bass(), "parameters": {"q": np.where(np.arange(R) == 7, -1.0, UNIT)}},
     "parameters[q][7]: out of range, got -1.0"),
    ({"rule": Bass(), "parameters": {"p": np.where(np.arange(R) == 3, np.nan, UNIT)}},
     "parameters[p][3]"),
    ({"rule": Bass(dt=1.0), "parameters": {"q": np.where(np.arange(R) == 9, 1e9, UNIT)}},
     "parameters[q][9]: too large"),
    ({"rule": Reinforcement(2), "parameters": {"need": UNIT}}, "parameters[need][1]"),
    ({"rule": Bass(), "parameters": {"q": UNIT}, "until": kb.cascades.Budget(1.0),
      "replicates": None}, "parameters: given, but `until` decides"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_wrong_numbers_are_refused(net: kb.Network, number: int) -> None:
    """Catches numbers that run although the rule has no such number, or does not take them."""
    options, said = WRONG[number]
    options = {"replicates": R, "horizon": 5, "rng": 1} | options
    with pytest.raises(KoubeiError) as error:
        cascade(net, seed_agents=[0], **options)
    assert said in str(error.value) and "\n" not in str(error.value)

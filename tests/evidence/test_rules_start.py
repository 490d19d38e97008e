"""``cascade(.., start=)``: going on from a diffusion that was watched up to a time.

Where draws belong to arcs and not to time, the cut run goes on with its own bytes; else in law,
against a plain simulation from the same state.  Each test says what it would catch.
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
    DelayedCascade,
    FractionalThreshold,
    IndependentCascade,
    LinearThreshold,
    RandomSeeds,
    Reinforcement,
    Start,
    cascade,
)
from koubei_sim.errors import KoubeiError

N = 90


@pytest.fixture(scope="module")
def net() -> kb.Network:
    """A random network, undirected."""
    rng = np.random.default_rng(5)
    pairs = np.unique(np.sort(rng.integers(0, N, (260, 2)), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return kb.Network.from_edges(pairs[:, 0], pairs[:, 1], n=N, directed=False)


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        (IndependentCascade(0.25), {}),
        (IndependentCascade("weighted"), {}),
        (IndependentCascade(0.25), {"horizon": 4}),
        (FractionalThreshold(0.3), {}),
        (Reinforcement(2), {}),
    ],
)
def test_a_cut_run_goes_on_with_its_bytes(
    net: kb.Network, rule: Any, options: dict[str, Any]
) -> None:
    """Catches spent people who try again, arcs with the coins of others, a clock that is off."""
    seeds = RandomSeeds(8 if isinstance(rule, Reinforcement) else 3)
    how: dict[str, Any] = {"record": ("times", "people", "kinds"), "threads": 1} | options
    for replicate in range(12):
        whole = cascade(net, rule, seeds, 1, 7, first=replicate, **how)
        assert whole.outcome.times is not None
        times = whole.outcome.times[0].astype(float)
        for at in (0, 1, 2, 3):
            cut = cascade(net, rule, None, 1, 7, first=replicate, start=Start(times, at), **how)
            assert np.array_equal(cut.outcome.times, whole.outcome.times, equal_nan=True)
            assert cut.sizes[0] == whole.sizes[0]
            assert cut.outcome.events[0] == whole.outcome.events[0]
            assert np.array_equal(cut.outcome.kinds, whole.outcome.kinds)
            assert np.allclose(cut.first_passage, whole.first_passage, equal_nan=True)
            late = whole.outcome.curve[0, 0, at + 1 :]
            found = cut.outcome.curve[0, 0, 1:]
            width = min(late.size, found.size)
            assert (late[:width] == found[:width]).all()
            assert cut.outcome.curve[0, 0, 0] == (times <= at).sum()
            if (times > at).any():
                assert cut.outcome.ends[0] == whole.outcome.ends[0]


def test_the_spent_do_not_try_again(net: kb.Network) -> None:
    """Catches a second chance of arcs, which the bytes of one run cannot show: coins fall alike."""
    found = cascade(net, IndependentCascade(1.0), None, 3, 1, start=Start({0: 0, 1: 1}, 2))
    assert found.sizes.tolist() == [2, 2, 2] and (found.outcome.ends == 2.0).all()
    one = cascade(net, IndependentCascade(1.0), None, 1, 1, horizon=2, start=Start({0: 0, 1: 1}, 1))
    source, target = net.arcs()
    assert one.sizes[0] == 2 + np.setdiff1d(target[source == 1], [0]).size


def test_log_begins_where_it_was_cut(net: kb.Network) -> None:
    """Catches parents who are spent, and times of the wrong clock in the log."""
    whole = cascade(net, IndependentCascade(0.25), [0, 1], 1, 7, record=("times", "forest"))
    assert whole.outcome.times is not None
    start = Start(whole.outcome.times[0], 2)
    cut = cascade(net, IndependentCascade(0.25), None, 1, 7, start=start, record="forest")
    full, part = whole.activations, cut.activations
    later = full.time > 2
    assert later.any()
    mine = part.time > 2
    for name in ("person", "parent", "time"):
        assert (getattr(full, name)[later] == getattr(part, name)[mine]).all(), name
    assert (part.parent[~mine] == -1).all() and (part.time[~mine] == 2).all()


def going_on(net: kb.Network, rule: Any, active: Any, gone: Any, steps: int, runs: int) -> Any:
    """Sizes of a plain simulation, step by step, from who is active and who is gone."""
    rng = np.random.default_rng(3)
    source, target = net.arcs()
    into = np.bincount(target, minlength=N)
    sizes = np.empty(runs)
    for r in range(runs):
        on, out = active.copy(), gone.copy()
        ever = on | out
        for _ in range(steps):
            if isinstance(rule, Bass):
                near = np.bincount(target[on[source]], minlength=N) / np.maximum(into, 1)
                hit = rng.random(N) < 1 - np.exp(-(rule.p + rule.q * near))
            else:
                tries = on[source] & (rng.random(source.size) < rule.beta)
                hit = np.bincount(target[tries], minlength=N) > 0
                over = on & (rng.random(N) < rule.gamma)
                on, out = on & ~over, out | over
            new = hit & ~ever
            on, ever = on | new, ever | new
        sizes[r] = ever.sum()
    return sizes


@pytest.mark.parametrize(
    "rule", [Bass(0.01, 0.4, dt=1.0), SIR(0.08, 0.3, steps=True)], ids=["bass", "sir"]
)
def test_law_of_what_comes_after(net: kb.Network, rule: Any) -> None:
    """Catches people who were active and are forgotten, and recovered ones who tell again.

    Null: equal means; n = 20,000 against 4,000; error rate 1e-6.
    """
    whole = cascade(net, rule, [0, 1, 2, 3, 4], 1, 21, horizon=4, record="forest")
    log = whole.activations
    times, until = np.full(N, np.nan), np.full(N, np.nan)
    times[log.person], until[log.person] = log.time, log.until
    start = Start(times, 4, until=until)
    found = cascade(net, rule, None, 20_000, 5, horizon=9, start=start).sizes
    gone = until <= 4
    active = np.isfinite(times) & ~gone
    if isinstance(rule, SIR):
        assert gone.any() and active.any()
    plain = going_on(net, rule, active, gone, 5, 4000)
    spread = np.sqrt(found.var() / found.size + plain.var() / plain.size)
    assert abs(found.mean() - plain.mean()) < 5.0 * spread


def test_exact_time_and_numbers_of_replicates(net: kb.Network) -> None:
    """Catches a start that is lost with `parameters`, and times before the cut in what follows."""
    times = {0: 0.0, 5: 1.5, 9: 2.0, 11: 7.0}
    q = np.linspace(0.1, 0.9, 10)
    found = cascade(net, Bass(0.01, 0.3), None, rng=3, start=Start(times, 2.0), horizon=6, tick=0.5,
                    parameters={"q": q}, record="times")  # fmt: skip
    kept = found.outcome.times
    assert kept is not None and found.outcome.time[0] == 2.0
    assert (kept[:, [0, 5, 9]] == [0.0, 1.5, 2.0]).all()
    later = np.delete(kept, [0, 5, 9], axis=1)
    assert np.nanmin(later) > 2.0 and np.nanmax(later) <= 6.0
    one = cascade(net, Bass(0.01, float(q[4])), None, 1, 3, first=4, start=Start(times, 2.0),
                  horizon=6, tick=0.5, record="times")  # fmt: skip
    assert np.array_equal(one.outcome.times[0], kept[4], equal_nan=True)  # type: ignore[index]


def test_labels_name_people() -> None:
    """Catches rows taken for labels."""
    named = kb.as_network(__import__("networkx").Graph([("li", "wang"), ("wang", "zhao")]))
    found = cascade(named, IndependentCascade(1.0), None, 1, 1, start=Start({"wang": 3}, 3))
    assert found.sizes.tolist() == [3] and found.outcome.ends.tolist() == [4.0]


WRONG = [
    (IndependentCascade(0.1), {"start": 5}, "not a start"),
    (LinearThreshold(), {}, "hangs on more than on who is active"),
    (DelayedCascade(0.1), {}, "hangs on more than on who is active"),
    (SIS(0.1, 0.5, steps=True), {"horizon": 9}, "hangs on more than on who is active"),
    (SIR(0.1, 0.5, duration="constant"), {}, "hangs on more than on who is active"),
    (SIR(0.1, 0.5), {}, "must know who has recovered"),
    (Bass(), {"horizon": 1}, "horizon: out of range"),
    (IndependentCascade(0.1), {"seed_agents": [0]}, "given beside `start`"),
    (IndependentCascade(0.1), {"start": Start({0: 0.5}, 2)}, "goes by steps"),
    (IndependentCascade(0.1), {"start": Start([0.0], 2)}, "not one value a person"),
    (IndependentCascade(0.1), {"start": Start({0: -1}, 2)}, "out of range"),
    (IndependentCascade(0.1), {"start": Start({500: 1}, 2)}, "start.times"),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_wrong_starts_are_refused(net: kb.Network, number: int) -> None:
    """Catches a rule that goes on although its state is not known."""
    rule, options, said = WRONG[number]
    call: dict[str, Any] = {"start": Start({0: 0, 1: 2}, 2), "replicates": 1, "rng": 1} | options
    with pytest.raises(KoubeiError) as error:
        cascade(net, rule, **call)
    assert said in str(error.value) and "\n" not in str(error.value)

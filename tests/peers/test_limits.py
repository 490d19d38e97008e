"""Arithmetic of the benchmarks: limits of the machine, fits of the scaling law."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
limits, machine, scaling = (importlib.import_module(n) for n in ("limits", "machine", "scaling"))
sys.path.pop(0)

from koubei_sim import Network  # noqa: E402
from koubei_sim.cascades import IndependentCascade, LinearThreshold  # noqa: E402

RATES = machine.Machine(copy=5e9, random=1e8, draws=1e9, stream=1e10)


def test_limits_add_up_in_turn_and_take_the_largest_at_once(monkeypatch):
    """Would catch a part left out, lines counted as bytes, or a bound above the sum."""
    monkeypatch.setattr(limits, "seconds_of", lambda count, size: count * size * 1e-12)
    work = limits.Least(lines=((1e6, 1000.0), (2e6, 500.0)), streamed=1e8, draws=5e7)
    assert work.bytes == 64 * 3e6 + 1e8
    assert work.parts(RATES, limits.seconds_of) == pytest.approx((2e-3, 1e-2, 5e-2))
    monkeypatch.setattr(limits.Least.parts, "__defaults__", (limits.seconds_of,))
    assert work.in_turn(RATES) == pytest.approx(6.2e-2)
    assert work.at_once(RATES) == pytest.approx(5e-2)


def test_lines_between_powers_of_two_lie_between_their_rates(monkeypatch):
    """Would catch rounding up to a slower table, which makes a limit that can be beaten."""
    monkeypatch.setattr(machine, "lines", lambda size, huge=True: 2.0 ** (30 - size))
    assert machine.seconds_a_line(1 << 20) == pytest.approx(2.0**-10)
    assert machine.seconds_a_line(1.5 * (1 << 20)) == pytest.approx(1.5 * 2.0**-10)
    assert machine.seconds_of(8, 1 << 20) == pytest.approx(2.0**-7)


def test_what_a_cascade_cannot_avoid_is_counted_by_hand():
    """Would catch lines of dead arcs, bytes of the wrong table, or draws that nobody shares.

    A star whose middle reaches 39 people, p = 1: all arcs are live and all people are reached.
    """
    star = Network.from_edges([0] * 39, list(range(1, 40)))
    walk = limits.Walk.of(star, IndependentCascade(1.0), np.array([0]), 3, 1)
    assert (walk.people, walk.arcs) == (40.0, 39.0)
    bounds, rows, state = walk.least.lines
    assert bounds == (40.0, 8 * 40)
    # 156 bytes are 2.4 lines of the middle's row, all touched; the others have one at most
    assert rows == (pytest.approx(39 * 4 / 64), 4 * 39)
    assert state == (39.0, 40 / 8)
    assert (walk.least.streamed, walk.least.draws) == (160.0, 39 / 8)
    chosen = limits.Walk.of(star, LinearThreshold(), np.array([0]), 3, 1)
    assert chosen.least.draws == 39.0 and chosen.least.lines[2][0] == 0.0


def test_what_the_pyramid_cannot_avoid_is_counted_from_its_table():
    """Would catch arcs told and heard exchanged, or the coins of a turn forgotten."""
    from workloads import w1

    from koubei_sim.model.compiled import CompiledRun
    from koubei_sim.model.world.build import build_world

    world = build_world(w1(full=False, n=2_000).replace(ticks=60), key=7)
    run = CompiledRun(world)
    run.advance()
    table = run.history().table
    work = limits.of_pyramid(world, table)
    told = limits.column(table, "arcs_told")
    heard, rows = work.lines[0][0], work.lines[1][0]
    assert 0 < heard < told and 0 < rows < told
    assert work.streamed == 4 * told
    assert work.lines[0][1] == 32 * 2_000
    assert work.lines[2][1] == 4 * sum(array.size for array in world.graphs.indices)
    turns = limits.column(table, "online_users")
    assert turns > 0 and work.draws > 3 * turns


def test_a_planted_exponent_is_recovered_with_an_honest_interval():
    """Would catch a fit of the wrong logarithm, or an interval too narrow or too wide.

    n = 2,000 fits of seven points with noise of 5 %; coverage of a 95 % interval within 4.9
    standard errors (error rate 1e-6), key 3.
    """
    x = np.array([1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7])
    exact = scaling.power_law(x, 3.0 * x**1.17)
    assert exact.exponent == pytest.approx(1.17) and exact.factor == pytest.approx(3.0)
    assert exact.low == pytest.approx(1.17) and exact.high == pytest.approx(1.17)
    random, covered = np.random.default_rng(3), 0
    for _ in range(2_000):
        law = scaling.power_law(x, x**1.17 * np.exp(random.normal(0.0, 0.05, x.size)))
        covered += law.low <= 1.17 <= law.high
    assert abs(covered / 2_000 - 0.95) < 4.9 * np.sqrt(0.95 * 0.05 / 2_000)
    assert scaling.power_law(x[:2], x[:2]).high == float("inf")
    with pytest.raises(ValueError, match="two points or more"):
        scaling.power_law(x[:1], x[:1])


def test_costs_of_arcs_and_turns_are_told_apart():
    """Would catch a marginal cost that holds the turns too: 7 ns an arc, 90 ns a turn planted."""
    rates = {"20": 1e9, "22": 5e8}

    def run(arcs, turns):
        seconds = 7e-9 * arcs + 90e-9 * turns
        lines = [[arcs / 2, 2.0**21], [0.0, 1.0]]
        return {
            "arcs": arcs, "turns": turns, "seconds": seconds, "lines": lines,
            "people": 1000.0, "ticks": 10.0,
        }  # fmt: skip

    kept = {"huge": rates, "small": {"20": 1e9, "22": 1e9}}
    cost = scaling.Cost.of(run(2e6, 1e5), run(1e6, 1e5), kept)
    assert cost.arc == pytest.approx(7.0) and cost.turn == pytest.approx(90.0)
    assert cost.mixed == pytest.approx(7.0 + 4.5)
    assert cost.agent_tick == pytest.approx(1e9 * (14e-3 + 9e-3) / 1e4)
    # half a line an arc; 2 MiB lies in the middle of 1 and 4 MiB on a log scale
    assert cost.huge == pytest.approx(0.5 * np.sqrt(2.0)) and cost.small == pytest.approx(0.5)

"""The least that a kernel must do, and the least time that this takes on a machine.

A kernel's unavoidable work is counted from what a run did, not from how the code does it: cache
lines that have to be touched at random (with the size of the table they lie in), bytes read or
written in order, and draws.  Two times follow from the rates of `machine`: with everything *in
turn* (the sum), which the tables of docs/performance.md call limit or floor, and with all of it at
once (the largest part alone), which nothing can beat.  Called by `bench_cascades`,
`bench_pyramid` and `roofline`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from machine import LINE, Machine, seconds_of

from koubei_sim.cascades import SIR, LinearThreshold, Rule, cascade
from koubei_sim.model.mechanisms import TABLE_OFFSET
from koubei_sim.model.world.arrays import World
from koubei_sim.networks import Network

RECORD = 32  # bytes of what a listener's mind needs: persuasion, resistance


@dataclass(frozen=True)
class Least:
    """What cannot be avoided."""

    lines: tuple[tuple[float, float], ...]  # touched at random: how many, bytes of their table
    streamed: float  # bytes in order
    draws: float

    @property
    def bytes(self) -> float:
        """Bytes that have to move, a whole line for each random touch."""
        return LINE * sum(count for count, _ in self.lines) + self.streamed

    def parts(
        self, machine: Machine, random: Callable[[float, float], float] = seconds_of
    ) -> tuple[float, float, float]:
        """Return the least seconds for lines, bytes in order and draws, each alone."""
        return (
            sum(random(count, size) for count, size in self.lines if count),
            self.streamed / machine.stream,
            self.draws / machine.draws,
        )

    def in_turn(self, machine: Machine) -> float:
        """Return the seconds with one after the other."""
        return sum(self.parts(machine))

    def at_once(self, machine: Machine) -> float:
        """Return the seconds where all goes on at once: a bound that nothing beats."""
        return max(self.parts(machine))


def column(table: np.ndarray, name: str) -> int:
    """Sum of one column of the daily table."""
    return int(table[:, TABLE_OFFSET[name]].sum())


def tellings(table: np.ndarray) -> int:
    """Number of all tellings of a run."""
    start = TABLE_OFFSET["tells_hop"]
    return int(table[:, start : start + 16].sum())


def of_pyramid(world: World, table: np.ndarray) -> Least:
    """Count a run of the pyramid model from its daily table.

    A heard arc is one random record, a telling two random lines (bounds and arcs of its row)
    beyond the four bytes of each of its arcs; every talker draws once a day, and everybody online
    the coins of a turn.
    """
    rules = world.rules
    n, rows = rules.n, tellings(table)
    arcs = sum(targets.nbytes for targets in world.graphs.indices)
    talkers = int(table[:, TABLE_OFFSET["stage"] + 3].sum())
    per_turn = 2 * rules.n_nodes + 2 * rules.n_channels + 3
    return Least(
        lines=((column(table, "arcs_heard"), RECORD * n), (rows, 8 * n), (rows, arcs)),
        streamed=4.0 * column(table, "arcs_told"),
        draws=talkers + per_turn * column(table, "online_users"),
    )


@dataclass(frozen=True)
class Walk:
    """What a cascade did on average, and the least that it had to do."""

    people: float
    arcs: float  # of the people reached
    least: Least

    @classmethod
    def of(cls, network: Network, rule: Rule, seeds: np.ndarray, runs: int, key: int) -> Walk:
        """Count with the same key as the timed run."""
        layer = network.layer()
        result = cascade(network, rule, seeds, runs, key, record="people", threads=1)
        often = result.people_counts[0] / runs
        degree = layer.degrees()
        arcs = float(often @ degree)
        share, width, coin_arcs, state = nature(rule, layer)
        # Lines of a row, of which those are touched that hold a live arc.
        row_lines = np.maximum(1.0, degree * width / LINE)
        per_line = degree / row_lines
        touched = float(often @ (row_lines * (1.0 - (1.0 - share) ** per_line)))
        live = float(often @ (degree * share)) if state else 0.0
        people = float(often.sum())
        least = Least(
            lines=(
                (people, 8 * network.n_nodes),
                (touched, width * network.n_arcs),
                (live, state * network.n_nodes),
            ),
            streamed=4 * people,
            draws=arcs / coin_arcs,
        )
        return cls(people, arcs, least)


def nature(rule: Rule, layer) -> tuple[np.ndarray | float, int, float, float]:
    """Share of live arcs (by source), bytes an arc, arcs a draw, bytes of state a person."""
    if isinstance(rule, LinearThreshold):
        return 1.0, 8, 1.0, 0.0  # all words of a row; only who is picked is reached: no state
    if isinstance(rule, SIR):
        b, g = rule.beta, rule.gamma
        live = b / (b + g) if not rule.steps else 1 - g * (1 - b) / (1 - (1 - g) * (1 - b))
        return live, 4, 8.0, 8.0
    if rule.p == "weighted":
        into = 1.0 / np.maximum(layer.degrees("in"), 1)
        total = np.add.reduceat(np.append(into[layer.indices], 0.0), layer.indptr[:-1])
        return (
            np.where(layer.degrees() > 0, total / np.maximum(layer.degrees(), 1), 0.0),
            4,
            8.0,
            1 / 8,
        )
    return rule.p, 4, 8.0, 1 / 8


def of_rows(n: int, arcs: int) -> Least:
    """Count edges in any order that become rows: both ends read, targets and bounds written."""
    return Least(lines=(), streamed=12.0 * arcs + 8.0 * n, draws=0.0)


def of_generation(n: int, arcs: int) -> Least:
    """Count a random network: a draw an arc, targets and bounds written."""
    return Least(lines=(), streamed=4.0 * arcs + 8.0 * n, draws=float(arcs))

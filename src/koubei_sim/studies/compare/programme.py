"""What a programme is worth, and whom it changes: two worlds on the same luck, person by person.

Who adopts earlier in one of two worlds, who adopts only there, and who brought him.  The value of a
programme splits over these people exactly (Libai, Muller and Peres 2013, Journal of Marketing
Research 50:161-176).  Called by `Comparison`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.codes import LOG_ADOPT
from koubei_sim.looks import count_text, span_text
from koubei_sim.metrics import Interval, mean_interval
from koubei_sim.metrics.forest import recruitment_forest
from koubei_sim.model.world.arrays import History

#: What a change can do to a person's first adoption.
CHANGES: Final = ("earlier", "won", "later", "lost")
YEAR: Final = 365.0  # ticks


class ProgrammeValue(NamedTuple):
    """The discounted value of a programme in each of R replicates, and its parts.

    ``value = acceleration + expansion``, up to rounding; `lost` is the negative part of
    `expansion`.
    """

    value: NDArray[np.float64]  # [R] value of all adopters with, minus without
    acceleration: NDArray[np.float64]  # [R] of those who adopt in both worlds
    expansion: NDArray[np.float64]  # [R] of those who adopt in one world only
    lost: NDArray[np.float64]  # [R] of these, who adopt only without the programme; 0 or less

    def intervals(self, key: int = 0) -> dict[str, Interval]:
        """Return mean and 95 % interval of each part."""
        return {
            name: mean_interval(part, key, number)
            for number, (name, part) in enumerate(self._asdict().items())
        }

    def __repr__(self) -> str:
        """Say value and parts with their intervals."""
        lines = [f"ProgrammeValue of {self.value.size} replicates"]
        for name, found in self.intervals().items():
            ends = span_text(found.low, found.high)
            lines.append(
                f"  {name:<14}{count_text(found.mean):>12}{'   95 % ' if ends else ''}{ends}"
            )
        return "\n".join(lines)

    @property
    def share_of_expansion(self) -> float:
        """Expansion as a share of the value, both summed over replicates."""
        total = float(self.value.sum())
        return float(self.expansion.sum()) / total if total else float("nan")


def first_adoptions(history: History) -> NDArray[np.float64]:
    """Return the tick of the first adoption of each agent, shape [N]; NaN where there is none.

    Seeds adopt before tick 0, at -1.
    """
    times = np.full(int(history.table[0, :7].sum()), np.nan)
    rows = np.flatnonzero(history.log_kind == LOG_ADOPT)[::-1]
    times[history.log_agent[rows]] = history.log_tick[rows]  # the earliest is written last
    return times


def programme_value(
    with_it: NDArray[np.float64], without: NDArray[np.float64], rate: float, margin: float = 1.0
) -> tuple[float, float, float, float]:
    """Split the value of a programme in one replicate.

    Parameters
    ----------
    with_it, without : (N,) float arrays
        Tick of the first adoption in the two worlds, NaN where never.
    rate : float
        Discount rate a year, continuous; the value of a first adoption on tick t is
        ``margin exp(-rate max(t, 0) / 365)``.
    margin : float
        Value of an adopter on tick 0.

    Returns
    -------
    tuple of float
        Value, acceleration, expansion, lost.  The value is the difference of two sums over
        everybody, computed without the split.

    Examples
    --------
    >>> import numpy as np
    >>> programme_value(np.array([0.0, 5.0, np.nan]), np.array([0.0, np.nan, 9.0]), rate=0.0)
    (0.0, 0.0, 0.0, -1.0)
    """
    here, there = np.isfinite(with_it), np.isfinite(without)
    one, other = (
        np.where(known, margin * np.exp(-rate / YEAR * np.maximum(np.nan_to_num(t), 0.0)), 0.0)
        for t, known in ((with_it, here), (without, there))
    )
    both = here & there
    lost = 0.0 - float(other[there & ~here].sum())
    return (
        float(one.sum()) - float(other.sum()),
        float((one[both] - other[both]).sum()),
        float(one[here & ~there].sum()) + lost,
        lost,
    )


class Changed(NamedTuple):
    """The people of one replicate whose first adoption differs, in the order of their numbers.

    `recruiter`, `channel`, `origin` and `steps` are read in the world in which the person adopts
    first (or at all): with the programme for ``earlier`` and ``won``, without it for ``later``
    and ``lost``.
    """

    agent: NDArray[np.int64]
    change: NDArray[np.int64]  # number in `CHANGES`
    tick_with: NDArray[np.float64]  # NaN: never
    tick_without: NDArray[np.float64]
    recruiter: NDArray[np.int64]  # agent; -1 seed, -2 own media, -3 got a good
    channel: NDArray[np.int64]  # -1 for seeds and who got a good
    origin: NDArray[np.int64]  # the changed person with whom the chain of changed people began
    steps: NDArray[np.int64]  # links from there; 0: reached by the change itself


def changed_people(with_it: History, without: History) -> Changed:
    """Return who adopts at another time, and through whom.

    A chain goes from a changed person to the one who recruited him, and on, as long as that
    one is changed in the same world; where it ends, the programme itself did something: a new
    seed, a campaign, or an unchanged person who told more.
    """
    one, other = first_adoptions(with_it), first_adoptions(without)
    here, there = np.isfinite(one), np.isfinite(other)
    change = np.full(one.size, -1)
    change[here & there & (one < other)] = 0
    change[here & ~there] = 1
    change[here & there & (one > other)] = 2
    change[~here & there] = 3
    people = np.flatnonzero(change >= 0)
    columns = np.full((4, one.size), -1, dtype=np.int64)
    for history, wanted in ((with_it, (change == 0) | (change == 1)), (without, change >= 2)):
        columns[:, wanted] = _chains(history, wanted)[:, wanted]
    recruiter, channel, origin, steps = columns[:, people]
    return Changed(
        people, change[people], one[people], other[people], recruiter, channel, origin, steps
    )


def _chains(history: History, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return recruiter, channel, origin and steps of the first adoption of each agent, [4, N]."""
    forest = recruitment_forest(history)
    rows = np.flatnonzero(history.log_kind == LOG_ADOPT)
    nodes = forest.agent.size
    first = np.zeros(nodes, dtype=bool)
    first[np.unique(forest.agent, return_index=True)[1]] = True  # the log is in order of time
    part = first & wanted[forest.agent]
    origin, steps = forest.agent.copy(), np.zeros(nodes, dtype=np.int64)
    # A recruiter who has come back links by a later adoption of his; his first one counts.
    home = np.zeros(wanted.size, dtype=np.int64)
    home[forest.agent[first]] = np.flatnonzero(first)
    parent = np.where(forest.parent >= 0, home[forest.agent[forest.parent]], -1)
    linked = part & (parent >= 0) & part[parent]
    order = np.flatnonzero(linked)  # parents adopt earlier, so they come earlier in the log
    for node in order.tolist():
        above = parent[node]
        origin[node], steps[node] = origin[above], steps[above] + 1
    out = np.full((4, wanted.size), -1, dtype=np.int64)
    who = forest.agent[first]
    out[0, who] = history.log_recruiter[rows][first]
    out[1, who], out[2, who], out[3, who] = forest.channel[first], origin[first], steps[first]
    return out

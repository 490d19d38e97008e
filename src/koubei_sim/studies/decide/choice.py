"""`Choice`: which policy was chosen, against which it was confirmed, and what is left open.

Made by `choose`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.looks import Look, wrapped
from koubei_sim.metrics import Interval, chance
from koubei_sim.studies.compare.criterion import paired_interval
from koubei_sim.studies.decide.decision import expected
from koubei_sim.studies.decide.racing import Halving

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Choice(Look):
    """The policy chosen of many, and how surely it is the better of the last two.

    Attributes
    ----------
    policies : dict of str to dict
        Changes of each by its name, in the order of the arrays.
    values, taken : (D, W) arrays
        Outcome, and whether it took off (1 or 0), of each policy in each world; NaN: not run.
    outlay : (D,) array
        Money that each spends whatever people do.
    over_budget : dict of str to float
        Policies that were left out, with their outlay.
    outcome, take_off : str
        What is decided by, and what counts as take-off: the same for all policies.
    shares : bool or None
        Whether the outcome happens or not; None of a function, where the values say it.
    race : Halving
        Rounds, when each was dropped, and what the worlds say against it.
    key : int
    """

    policies: dict[str, dict[str, Any]]
    values: FloatArray
    taken: FloatArray
    outlay: FloatArray
    over_budget: dict[str, float]
    outcome: str
    take_off: str
    shares: bool | None
    race: Halving
    key: int

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the policies."""
        return tuple(self.policies)

    @property
    def _two(self) -> tuple[int, int]:
        """The two of the last round, the better one first: by all worlds, which both were run in.

        The interval of their difference needs no part of this: whichever stands first, it is that
        of the same two in fresh worlds.
        """
        one, other = np.flatnonzero(self.race.running).tolist()
        swap = self.values[other].sum() > self.values[one].sum()
        return (other, one) if swap else (one, other)

    @property
    def name(self) -> str:
        """Name of the policy chosen."""
        return self.names[self._two[0]]

    @property
    def policy(self) -> dict[str, Any]:
        """The policy chosen: its changes, by dotted path."""
        return self.policies[self.name]

    @property
    def runner_up(self) -> str:
        """Name of the policy that it was confirmed against."""
        return self.names[self._two[1]]

    @property
    def difference(self) -> Interval:
        """What the one chosen brings more than the runner-up, of fresh worlds only, with 95 %."""
        one, other = (self.values[at, self.race.fresh] for at in self._two)
        return paired_interval(one - other, self.key, 0, self.shares)

    @property
    def decided(self) -> bool:
        """Whether fresh worlds say that the one chosen is the better of the last two."""
        return self.difference.low > 0.0

    @property
    def runs(self) -> int:
        """Number of runs that were done."""
        return int(np.isfinite(self.taken).sum())

    def table(self) -> pd.DataFrame:
        """Return one row a policy, the one chosen first, then those that stayed longest.

        Returns
        -------
        DataFrame
            Index ``policy``.  ``outlay``; ``worlds`` it was run in; ``seen``: its mean over them,
            which leans (those are dropped that had bad luck); ``take_off, take_off_low,
            take_off_high``: `metrics.chance`, of the same worlds.  Of the last two, from fresh
            worlds: ``fresh`` of them, ``value`` with its 95 % interval ``low, high`` (NaN: too few
            take-offs), and ``behind, behind_low, behind_high``: what the one chosen brings more, by
            pairs.  ``may_be_best``: no bet against it says otherwise (with the error of the race;
            always true where the outcome has no bounds).
        """
        from koubei_sim.looks.frames import Table

        first, second = self._two
        ruled_out = self.race.evidence >= 1.0 / self.race.error
        rows = {}
        for at, name in enumerate(self.names):
            run = np.isfinite(self.values[at])
            took = chance(self.taken[at])
            row = {
                "outlay": self.outlay[at], "worlds": int(run.sum()),
                "seen": float(self.values[at, run].mean()),
                "take_off": took.mean, "take_off_low": took.low, "take_off_high": took.high,
                "fresh": 0, "value": np.nan, "low": np.nan, "high": np.nan,
                "behind": np.nan, "behind_low": np.nan, "behind_high": np.nan,
                "may_be_best": not ruled_out[at],
            }  # fmt: skip
            if at in (first, second):
                fresh = self.race.fresh
                row["fresh"] = fresh.stop - fresh.start
                told = expected(self.values[at, fresh], self.taken[at, fresh])
                row["value"], row["low"], row["high"] = told[:3]
            if at == second:
                row["behind"], row["behind_low"], row["behind_high"] = self.difference[:3]
            rows[name] = row
        frame = Table.from_dict(rows, orient="index").rename_axis("policy")
        order = np.lexsort((-frame["seen"], -frame["worlds"]))
        rest = [at for at in order if at not in (first, second)]
        return frame.iloc[[first, second, *rest]]

    def __repr__(self) -> str:
        """Say in one line what was chosen and what fresh worlds say of it."""
        gap, fresh = self.difference, self.race.fresh
        sure = "better than" if self.decided else "not told apart from"
        return wrapped(
            f"Choice({self.name!r} of {len(self.names)} policies, {sure} {self.runner_up!r}: "
            f"{self.outcome} {gap.mean:+.4g} (95 % {gap.low:.4g} .. {gap.high:.4g}) in "
            f"{fresh.stop - fresh.start} fresh worlds; {self.runs:,} runs)"
        )

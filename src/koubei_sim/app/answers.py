"""`Answer`: what the runs of two designs say, as `kb.compare` and `kb.plan` would say it.

The numbers are those of the library: this file only hands it runs that were done one by one, and
leaves out what costs time and is not shown.
Made by `desk`; `show` puts it into words and pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from koubei_sim.app.design import FIRST, SECOND, Settings
from koubei_sim.errors import KoubeiError
from koubei_sim.runs.options import options_from
from koubei_sim.runs.result import Result
from koubei_sim.studies import Comparison, Plan
from koubei_sim.studies.compare.strata import Effect, told_of
from koubei_sim.studies.decide.question import question_from
from koubei_sim.studies.decide.racing import Race

if TYPE_CHECKING:
    import pandas as pd

#: Outcomes that are shown, all of the daily table: quick to read.
SHOWN: Final = ("take_off", "users", "loyal", "die_hard", "cost")
#: Error with which `kb.plan` says that a design is surely not the best.
_ERROR: Final = 0.05


@dataclass(frozen=True)
class Finding:
    """One outcome of both designs: estimates, effect, and the pairs that are told of."""

    outcome: str
    first: float
    second: float
    effect: Effect
    of: str


class Answer:
    """What is known after some pairs of worlds.

    Parameters
    ----------
    settings : Settings
    runs : dict of str to Result
        By name of the design; one alone where both are the same.
    """

    def __init__(self, settings: Settings, runs: dict[str, Result]) -> None:
        self.settings = settings
        self.runs = runs

    @property
    def done(self) -> int:
        """Pairs of worlds so far."""
        return next(iter(self.runs.values())).replicates

    @property
    def complete(self) -> bool:
        """Whether these are all that were asked for."""
        return self.done == self.settings.worlds

    @property
    def second(self) -> Result:
        """The runs of the visitor's design."""
        return self.runs.get(SECOND, self.runs[FIRST])

    @cached_property
    def comparison(self) -> Comparison | None:
        """Both designs; None where they are one."""
        return None if self.settings.same else Comparison(dict(self.runs), FIRST)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The outcomes that are shown; none where both designs are one."""
        found = self.comparison
        if found is None:
            return ()
        _, of = told_of(found._kinds(SECOND, FIRST))
        rows = []
        for outcome in SHOWN:
            first, second = (self._typical(found, outcome, name) for name in (FIRST, SECOND))
            told = "all" if outcome == "take_off" else of
            rows.append(Finding(outcome, first, second, found.effect(outcome), told))
        return tuple(rows)

    @staticmethod
    def _typical(found: Comparison, outcome: str, name: str) -> float:
        rows = np.ones(found.replicates, dtype=bool)
        if outcome != "take_off":
            rows, _ = told_of(found._kinds(SECOND, FIRST))
        return found._typical(outcome, name, rows)

    @cached_property
    def plan(self) -> Plan | None:
        """Both designs as `kb.plan` judges them, whatever the budget; None where they are one."""
        s, found = self.settings, self.comparison
        if found is None:
            return None
        designs = {FIRST: s.changes(s.first), SECOND: s.changes(s.second)}
        asked = question_from(
            s.base, designs, options_from(s.key), s.value_per_user, None, None, None, None
        )
        spend, users, adopted = (
            np.stack([found.values(outcome, name) for name in designs])
            # All who adopted, of the daily table: as `adoptions`, which reads the log.
            for outcome in ("cost", "users", f"adopted@{s.days - 1}")
        )
        values = s.value_per_user * users - spend
        race = None if asked.bounds is None else Race(len(designs), *asked.bounds, _ERROR)
        if race is not None:
            try:
                race.take(values.T)
            except KoubeiError:  # outside the usual bounds: nothing is said about how sure it is
                race = None
        return Plan(
            asked.designs,
            {},
            values[:, :, None],
            spend[:, :, None],
            asked.take_off.values(adopted)[:, :, None],
            asked.outlay,
            {},
            asked.outcome,
            asked.bar,
            None,
            race,
            s.key,
            asked=asked.words,
        )

    def over_budget(self, name: str) -> bool:
        """Return whether a design spends more than the budget, whatever people do."""
        plan, budget = self.plan, self.settings.budget
        if plan is None or budget == 0.0:
            return False
        return bool(plan.outlay[plan.names.index(name)] > budget)

    def table(self) -> pd.DataFrame:
        """Return what is shown, one row an outcome: columns as in `Comparison.table`."""
        import pandas as pd

        if not self.findings:
            return self.second.summary()
        rows = {
            found.outcome: {
                FIRST: found.first, SECOND: found.second,
                "effect": found.effect.estimate, "low": found.effect.low,
                "high": found.effect.high, "kind": found.effect.kind, "n": found.effect.n,
                "of": found.of,
            }
            for found in self.findings
        }  # fmt: skip
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("outcome")

"""`Comparison`: what scenarios that were run under one key say about each other.

Draws have addresses, so scenarios that are run with one key share the luck of every person: of each
pair of worlds it is known whether the change decides about take-off (`strata`), and its effect
varies far less than either outcome.  Here: strata, effects with intervals, what the pairing saves,
the effect day by day, the value of a programme and whom it changed (`programme`).
Made by `compare`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import number, whole, word
from koubei_sim.core.codes import RECRUITER_GOODS, RECRUITER_MEDIA, RECRUITER_SEED
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look, count_text, span_text, wrapped
from koubei_sim.metrics import (
    OUTCOMES,
    Told,
    block,
    check_measure,
    die_hard_and_core,
    hurdle,
    loyal_and_above,
    measure,
    measuring,
    outcomes,
    people_of,
    read_with,
    told,
    users,
)
from koubei_sim.model.mechanisms import TABLE
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import History
from koubei_sim.reports.door import Reported
from koubei_sim.reports.page import Page
from koubei_sim.reports.words import said
from koubei_sim.runs.options import outcome_from
from koubei_sim.runs.simulation import Outcome
from koubei_sim.runs.simulation import measure as of_one
from koubei_sim.studies.compare.programme import (
    CHANGES,
    ProgrammeValue,
    changed_people,
    first_adoptions,
    programme_value,
)
from koubei_sim.studies.compare.strata import Effect, effect, told_of
from koubei_sim.studies.compare.strata import strata as strata_of
from koubei_sim.studies.compare.unlike import NOTES, unlike

if TYPE_CHECKING:
    import pandas as pd

#: A yearly discount rate above this is taken for a percentage.
MOST_DISCOUNT: Final = 2.0


@dataclass(frozen=True, eq=False)
class Made:
    """A scenario and its replicates so far."""

    scenario: Scenario
    key: int
    histories: Sequence[History]
    supplied: Mapping[str, str] = field(default_factory=dict)

    @property
    def replicates(self) -> int:
        """Number of replicates so far; figures of one scenario ask for it."""
        return len(self.histories)


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Look, Reported):
    """Scenarios that were run under one key.

    Attributes
    ----------
    runs : dict of str to run
        Each with `scenario`, `key` and `histories`.
    baseline : str
        The one that others are compared with where nothing else is said.
    stopped : str
        ``"replicates"`` (as many as asked for), ``"precision"`` (the differences are known well
        enough) or ``"at_most"`` (they are not, and the limit was reached).
    """

    runs: dict[str, Any]
    baseline: str
    stopped: str = "replicates"
    _outcomes: dict[str, dict[str, NDArray[np.float64]]] = field(default_factory=dict)

    @property
    def replicates(self) -> int:
        """Number of replicates of each scenario."""
        return len(self.runs[self.baseline].histories)

    @property
    def key(self) -> int:
        """The common key."""
        return int(self.runs[self.baseline].key)

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known before the differences are read: one sentence each, none mostly."""
        found = [said(NOTES, "one_pair", "en")] if self.replicates == 1 else []
        base = self.runs[self.baseline]
        for name in self.names[1:]:
            found += unlike(name, self.runs[name], self.baseline, base)
        return tuple(found)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the scenarios, the baseline first."""
        others = tuple(name for name in self.runs if name != self.baseline)
        return (self.baseline, *others)

    def values(self, outcome: Outcome, name: str | None = None) -> NDArray[np.float64]:
        """Return an outcome of each replicate of one scenario, shape [R].

        Parameters
        ----------
        outcome : str or callable
            A measure (`metrics.measure`), or a function of a `Result` of one replicate, or of
            (history, scenario).
        name : str, optional
            The first scenario beside the baseline without it.
        """
        name, outcome = self._other(name), outcome_from(outcome)
        if not isinstance(outcome, str):
            run = self.runs[name]
            return np.array([of_one(h, run.scenario, run.key, outcome) for h in run.histories])
        kept = self._outcomes.setdefault(name, {})
        if outcome not in kept:  # most questions are of the daily table, which is quick to read
            run = self.runs[name]
            known = outcome in OUTCOMES
            kept |= outcomes(run, read_with(outcome)) if known else {outcome: measure(run, outcome)}
        return kept[outcome]

    def taken(self, name: str | None = None) -> NDArray[np.bool_]:
        """Return which replicates of a scenario took off, bool [R]."""
        return self.values("take_off", name) == 1.0

    def effect(
        self,
        outcome: Outcome = "users",
        name: str | None = None,
        baseline: str | None = None,
        stratum: str | None = None,
    ) -> Effect:
        """Return what `name` does to an outcome against `baseline`, with its 95 % interval.

        The effect on the chance of take-off is over all pairs.  That on anything else is inside
        one stratum of pairs: those in which both take off (where nothing takes off anywhere, all),
        or the one asked for.  A day is one of those that both were run: later ones did not come.

        Parameters
        ----------
        outcome : str or callable
            A measure (`metrics.measure`), or a function as in `values`, whose effect is told of
            all pairs.
        name, baseline : str, optional
            The first scenario beside the baseline, and the baseline, without them.
        stratum : str, optional
            A row of `strata`.

        Returns
        -------
        Effect
            ``times`` (a ratio of geometric means, pair by pair) for counts and money, a
            ``difference`` for the rest.
        """
        name, base = self._other(name), self.baseline if baseline is None else baseline
        outcome = outcome_from(outcome)
        one, other = self.values(outcome, name), self.values(outcome, base)
        kinds = self._kinds(name, base)
        rows = np.ones(one.size, dtype=bool)
        if stratum is not None:
            names = _strata_names(name, base)
            rows = kinds == names.index(word("stratum", stratum, names))
        elif isinstance(outcome, str) and not outcome.startswith("take_off"):
            rows, _ = told_of(kinds)
        return effect(outcome, one[rows], other[rows], self.key, self._horizon(name, base))

    def strata(
        self, outcome: str = "users", name: str | None = None, baseline: str | None = None
    ) -> pd.DataFrame:
        """Return the four kinds of pairs, how frequent each is, and the effect inside it.

        Because both potential outcomes of a world are seen, it is known of each pair whether the
        change decides about take-off.

        Parameters
        ----------
        outcome : str
            Whose effect is told in each.
        name, baseline : str, optional

        Returns
        -------
        DataFrame
            Index ``stratum``: ``both``, ``only NAME``, ``only BASELINE``, ``neither``.  ``pairs``;
            ``share`` of all with its 95 % interval ``share_low, share_high``; geometric means (or
            means) of the outcome in the two scenarios, under their names; ``effect, low, high`` as
            in `effect`, and its ``kind``.
        """
        from koubei_sim.looks.frames import Table

        name, base = self._other(name), self.baseline if baseline is None else baseline
        kinds, outcome = self._kinds(name, base), check_measure(outcome)
        rows = {}
        for kind, stratum in enumerate(_strata_names(name, base)):
            share = hurdle.chance(kinds == kind)
            found = self.effect(outcome, name, base, stratum)
            rows[stratum] = {
                "pairs": int((kinds == kind).sum()),
                "share": share.mean, "share_low": share.low, "share_high": share.high,
                base: self._typical(outcome, base, kinds == kind),
                name: self._typical(outcome, name, kinds == kind),
                "effect": found.estimate, "low": found.low, "high": found.high,
                "kind": found.kind,
            }  # fmt: skip
        shown = ["pairs", "share", "share_low", "share_high", base, name, "effect", "low", "high"]
        return (
            Table.from_dict(rows, orient="index")
            .rename_axis("stratum")
            .told(shown, apart=(base, name))
        )

    def _kinds(self, name: str, base: str) -> NDArray[np.int64]:
        return strata_of(self.taken(name), self.taken(base))

    def _horizon(self, *names: str) -> float:
        """Days that all of them were run: a day that never came counts as this."""
        return float(min(self.runs[name].histories[0].table.shape[0] for name in names))

    def told(self, outcome: str = "users", name: str | None = None) -> Told:
        """Return an outcome of one scenario alone with its 95 % interval, as `Result.summary`."""
        name, outcome = self._other(name), check_measure(outcome)
        values, taken = self.values(outcome, name), self.taken(name)
        people = people_of(self.runs[name])
        return told(outcome, values, taken, self.key, self._horizon(name), people)

    def _shown(self) -> pd.DataFrame:
        """Return one row a scenario: whether it takes off, users, and the effects on both."""
        from koubei_sim.looks.frames import Table

        rows = {}
        for name in self.names:
            row: dict[str, str] = {}
            for outcome, word_ in (("take_off", "takes off"), ("users", "users")):
                found = self.told(outcome, name)
                ends = span_text(found.low, found.high)
                row[word_] = count_text(found.estimate) + (f" ({ends})" if ends else "")
                same = name == self.baseline
                row[f"effect on {outcome}"] = "" if same else str(self.effect(outcome, name))
            rows[name] = row
        return Table.from_dict(rows, orient="index").rename_axis("scenario")

    def _typical(self, outcome: str, name: str, rows: NDArray[np.bool_]) -> float:
        """Return the estimate of one scenario over the given pairs."""
        values = self.values(outcome, name)[rows]
        ones = np.ones(values.size, dtype=bool)
        return told(outcome, values, ones, self.key, self._horizon(name)).estimate

    def table(self, name: str | None = None) -> pd.DataFrame:
        """Return one row an outcome: both scenarios, the effect with interval, and the gain.

        Returns
        -------
        DataFrame
            The first row, ``take_off``, is over all pairs: both chances and their difference.  All
            others are of the pairs in which both take off: estimates under the two names, the
            ``effect`` with ``low, high`` and its ``kind`` (``times`` or ``difference``),
            ``interval`` (the method), ``gain`` of pairing, share ``changed`` of the pairs that
            differ at all, ``n``, and ``of``, the pairs that are told of.
        """
        from koubei_sim.looks.frames import Table

        name = self._other(name)
        rows, kept = {}, told_of(self._kinds(name, self.baseline))
        for outcome in ("take_off", *(each for each in OUTCOMES if each != "take_off")):
            which, of = kept if outcome != "take_off" else (np.ones(self.replicates, bool), "all")
            gap = self.effect(outcome, name)
            rows[outcome] = {
                self.baseline: self._typical(outcome, self.baseline, which),
                name: self._typical(outcome, name, which),
                "effect": gap.estimate, "low": gap.low, "high": gap.high, "kind": gap.kind,
                "interval": gap.method, "gain": gap.gain, "changed": gap.changed, "n": gap.n,
                "of": of,
            }  # fmt: skip
        table = Table.from_dict(rows, orient="index").rename_axis("outcome")
        shown = [self.baseline, name, "effect", "low", "high", "n"]
        note = f"of the pairs: {kept[1]}; take_off: of all"
        return table.told(shown, note, apart=(self.baseline, name))

    def over_time(
        self,
        series: str = "users",
        name: str | None = None,
        ticks: Sequence[int] | NDArray[np.int64] | None = None,
    ) -> pd.DataFrame:
        """Return the effect day by day, in the pairs in which both take off.

        Parameters
        ----------
        series : str
            ``"users"``, ``"loyal"``, ``"die_hard"``, ``"adoptions"`` (so far) or a block of the
            daily table, summed over its columns.
        name : str, optional
            The scenario compared with the baseline.
        ticks : sequence of int, optional
            Only these days: an interval for each day of a long run takes its time.

        Returns
        -------
        DataFrame
            Index ``tick``; geometric means of people in both, ``effect`` (times, as in `effect`)
            and its 95 % interval ``low``, ``high`` (of each day alone).
        """
        import pandas as pd

        from koubei_sim.looks.frames import Table

        name = self._other(name)
        rows, _ = told_of(self._kinds(name, self.baseline))
        one, other = (self._daily(series, which)[rows] for which in (name, self.baseline))
        days = np.arange(one.shape[1]) if ticks is None else _days(ticks, one.shape[1])
        one, other = one[:, days], other[:, days]
        found = [effect("users", one[:, t], other[:, t]) for t in range(days.size)]
        logs = [np.log1p(each) for each in (other, one)]
        typical = [np.expm1(each.mean(axis=0)) if each.size else each.sum(axis=0) for each in logs]
        return Table(
            {
                self.baseline: typical[0],
                name: typical[1],
                "effect": [each.estimate for each in found],
                "low": [each.low for each in found],
                "high": [each.high for each in found],
            },
            index=pd.Index(days, name="tick"),
        ).told(apart=(self.baseline, name))

    def _daily(self, series: str, name: str) -> NDArray[np.float64]:
        makers = {
            "users": users,
            "loyal": loyal_and_above,
            "die_hard": die_hard_and_core,
            "adoptions": measuring.STOCKS["adopted"],
        }
        known = [*makers, *dict(TABLE)]
        word("series", series, known)
        run, daily = self.runs[name], makers.get(series)
        rows = []
        for history in run.histories:
            row = daily(history) if daily else block(history, series)
            rows.append(row if row.ndim == 1 else row.sum(axis=1))
        shortest = min(r.histories[0].table.shape[0] for r in self.runs.values())
        return np.array(rows)[:, :shortest] * float(run.scenario.people_per_agent)

    def programme_value(
        self, name: str | None = None, discount: float = 0.1, margin: float = 1.0
    ) -> ProgrammeValue:
        """Return the value of the programme that `name` has and the baseline has not.

        Parameters
        ----------
        name : str, optional
        discount : float
            Discount rate a year, continuous: 0.1 for 10 %.
        margin : float
            Value of an adopter on tick 0.

        Returns
        -------
        ProgrammeValue
            Value, acceleration and expansion of each replicate; costs are not taken off (they
            stand in `table`).
        """
        discount = number("discount", discount, 0.0)
        if discount > MOST_DISCOUNT:
            raise KoubeiError(
                "discount", "a rate a year, not a percentage", got=discount,
                allowed=f"0..{MOST_DISCOUNT:g}", fix=f"{discount / 100.0:g} for {discount:g} %",
            )  # fmt: skip
        margin = number("margin", margin)
        scale = float(self._same_people(name).scenario.people_per_agent)
        parts = [
            programme_value(first_adoptions(one), first_adoptions(other), discount, margin * scale)
            for one, other in self._pairs(name)
        ]
        return ProgrammeValue(*np.array(parts).T)

    def people(self, name: str | None = None) -> pd.DataFrame:
        """Return the people whose first adoption differs, and through whom.

        Returns
        -------
        DataFrame
            ``replicate, agent, change`` (earlier, won, later, lost), ``tick_with, tick_without``
            (NaN: never), ``recruiter`` (-1 seed, -2 own media, -3 got a good), ``channel``,
            ``origin`` and ``steps``: the changed person with whom the chain of changed recruiters
            began, and the links from there.  See `koubei_sim.studies.compare.programme.Changed`.
        """
        import pandas as pd

        names = list(self._same_people(name).scenario.channels)
        frames = []
        for replicate, (one, other) in enumerate(self._pairs(name)):
            found = changed_people(one, other)
            frame = pd.DataFrame(found._asdict())
            frame.insert(0, "replicate", replicate)
            for column, codes, known in (
                ("change", found.change, list(CHANGES)),
                ("channel", found.channel, names),
            ):
                labels = pd.Index(known, dtype=object)
                frame[column] = pd.Categorical.from_codes(codes.astype(np.int8), labels)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def through(self, name: str | None = None) -> pd.DataFrame:
        """Return how many people a replicate were changed, by the kind of who recruited them.

        Rows: the four changes.  Columns: ``seed``, ``media``, ``goods`` (who got one; only where
        there are goods), ``unchanged`` (recruited by somebody who did not change), ``changed`` (by
        one who did), ``all``; agents, means over replicates.
        """
        import pandas as pd

        people = self.people(name)
        kind = np.select(
            [
                people.steps > 0,
                people.recruiter == RECRUITER_SEED,
                people.recruiter == RECRUITER_MEDIA,
                people.recruiter == RECRUITER_GOODS,
            ],
            ["changed", "seed", "media", "goods"],
            "unchanged",
        )
        kinds = ["seed", "media", "goods", "unchanged", "changed"]
        if not any(run.scenario.goods for run in self.runs.values()):
            kinds.remove("goods")
        table = pd.crosstab(people["change"].astype(str), kind)
        table = table.reindex(index=list(CHANGES), columns=kinds, fill_value=0) / self.replicates
        return table.assign(all=table.sum(axis=1)).rename_axis("change").rename_axis(None, axis=1)

    def _page(self, lang: str) -> Page:
        from koubei_sim.studies.compare.page import page_of

        return page_of(self, lang)

    def _other(self, name: str | None) -> str:
        return self.names[1] if name is None else word("name", name, list(self.runs))

    def _same_people(self, name: str | None) -> Any:
        run, base = self.runs[self._other(name)], self.runs[self.baseline]
        if (run.scenario.n_agents, run.scenario.people_per_agent) != (
            base.scenario.n_agents,
            base.scenario.people_per_agent,
        ):
            raise KoubeiError(
                "n_agents",
                "people can only be compared where there are as many",
                got=run.scenario.n_agents,
                allowed=str(base.scenario.n_agents),
            )
        return run

    def _pairs(self, name: str | None) -> list[tuple[History, History]]:
        run, base = self.runs[self._other(name)], self.runs[self.baseline]
        return list(zip(run.histories, base.histories, strict=True))

    def __repr__(self) -> str:
        """Say how often each takes off, and the effect on users where both do."""
        lines = [
            f"Comparison of {len(self.runs)} scenarios with {self.baseline}, "
            f"{self.replicates} pairs, key {self.key}"
        ]
        for name in self.names[1:]:
            found, gap = self.strata(name=name), self.effect("take_off", name)
            chances = [self.told("take_off", which) for which in (name, self.baseline)]
            said = [f"{c.estimate:.2f} ({c.low:.2f} .. {c.high:.2f})" for c in chances]
            lines.append(f"  {name}: takes off in {said[0]}, {self.baseline} in {said[1]}: {gap}")
            shares = ", ".join(f"{row} {share:.2f}" for row, share in found["share"].items())
            lines.append(f"    {shares}")
            users_, (_, of) = self.effect("users", name), told_of(self._kinds(name, self.baseline))
            if users_.n:
                lines.append(f"    where {of}: users {users_}, {users_.n} pairs")
        lines += [f"  note: {note}" for note in self.notes]
        return wrapped("\n".join(lines))


def _days(ticks: Any, shortest: int) -> NDArray[np.int64]:
    """Return days that all scenarios were run."""
    given = ticks.tolist() if hasattr(ticks, "tolist") else ticks
    return np.array([whole("ticks", tick, 0, shortest - 1) for tick in given], dtype=np.int64)


def _strata_names(name: str, base: str) -> list[str]:
    return ["both", f"only {name}", f"only {base}", "neither"]

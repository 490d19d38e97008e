"""What a run gives back: `Result`.

A result keeps the bare histories of all replicates together with the recipe that makes them
again; tables with names on, data frames, summaries and files are made from these when asked for.
Made by `simulate.run`; used by everybody upstairs.
"""

from __future__ import annotations

import json
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import count_text, html_look, html_table, span_text
from koubei_sim.metrics import overview as tables
from koubei_sim.metrics.hurdle import more
from koubei_sim.metrics.overview import Told, taken_of, told
from koubei_sim.metrics.runs import (
    Run,
    die_hard_and_core,
    loyal_and_above,
    people_of,
    scale_of,
    users,
)
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import History, events_in, is_stored
from koubei_sim.model.world.population import (
    Who,
    draw_population,
    people_frame,
    population_from_table,
)
from koubei_sim.reports.door import Reported
from koubei_sim.reports.page import Page
from koubei_sim.runs import archive, dataset
from koubei_sim.storage import provenance

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


class Result(Reported):
    """One scenario, run in one or more replicates.

    Made by `koubei_sim.run`, or by `koubei_sim.load` from a saved folder; not by hand.

    Attributes
    ----------
    scenario : Scenario
        The scenario that was run, changes included.
    key : int
        The 64-bit key from which all randomness of the run follows.
    engine : str
        ``"compiled"`` or ``"reference"``; both give the same bytes.
    histories : tuple of History
        Daily table and event log of each replicate, as bare arrays, in agents (not scaled).  Where
        the log stays on disk they are `runs.archive.StoredHistory`, with the same attributes.
    seconds : float
        Wall time of the run; NaN where unknown.  Not part of the recipe.
    supplied : dict of str to str
        Digests of networks or of an agent table that were handed over as objects; to repeat
        such a result they must be supplied again.

    who : Who
        What people are called, and the table of people they came from, if any.
    notes : tuple of str
        What was guessed or rounded, a line each.

    Notes
    -----
    Where the scenario says that an agent stands for several people (``people_per_agent``), all
    counts in `data`, `summary` and `pyramid` are people: agents times ``people_per_agent``.
    `events` and `histories` list agents.
    """

    def __init__(
        self,
        scenario: Scenario,
        key: int,
        engine: str,
        histories: Sequence[History],
        *,
        supplied: dict[str, str] | None = None,
        who: Who | None = None,
        notes: Sequence[str] = (),
        seconds: float = float("nan"),
    ) -> None:
        self.scenario = scenario
        self.key = key
        self.engine = engine
        self.histories = tuple(histories)
        self.supplied = dict(supplied or {})
        self.who = Who() if who is None else who
        self.notes = tuple(notes)
        self.seconds = seconds

    @property
    def replicates(self) -> int:
        """Number of replicates."""
        return len(self.histories)

    @cached_property
    def data(self) -> xr.Dataset:
        """Daily tables of all replicates, an xarray Dataset with named coordinates.

        Dimensions ``replicate``, ``tick`` and, by variable, ``stage``, ``tier``, ``segment``,
        ``channel``, ``node``, ``product``, ``sign``, ``hop``; coordinate ``date`` along ``tick``
        where the scenario has a start date.  Counts are people.

        Its attributes hold the recipe: they stay with the tables in netCDF and Zarr files, and
        `koubei_sim.run` takes such a Dataset to make the run again.
        """
        found = dataset.dataset_from(self.histories, self.scenario)
        return found.assign_attrs(dataset.attributes_from(self._recipe(None), self.scenario))

    @property
    def stored(self) -> Path | None:
        """The folder in which the event log stays (of a streamed run); None: it is in memory."""
        found = _files_of(self.histories)
        return found[0].path.parent if found else None

    @cached_property
    def events(self) -> pd.DataFrame:
        """Event logs of all replicates, one row an event.

        Columns ``replicate, tick, [date,] agent, kind, recruiter, channel, product,
        generation``; see `koubei_sim.runs.dataset.events_from`.

        Raises
        ------
        KoubeiError
            When a log on disk would not fit into memory: see `events_of` and `event_batches`.
        """
        if self.stored is None:
            return _lines(dataset.events_from(self.histories, self.scenario, names=self.labels))
        return self.events_of()

    def events_of(
        self, replicate: int | None = None, ticks: tuple[int, int] | None = None
    ) -> pd.DataFrame:
        """Return the events of one replicate, of a span of days, or both.

        Of a log on disk only the row groups that hold some are read.

        Parameters
        ----------
        replicate : int, optional
            All of them without it.
        ticks : (int, int), optional
            The first and the last tick (seeds adopt on tick -1).

        Returns
        -------
        DataFrame
            With the columns of `events`, numbered from 0.

        Raises
        ------
        KoubeiError
            For a replicate that there is not, or events that would not fit into memory.

        Examples
        --------
        >>> import koubei_sim as kb
        >>> r = kb.run("tiny", replicates=2, rng=7, ticks=20, n_agents=300)
        >>> set(r.events_of(replicate=1, ticks=(-1, -1)).kind)
        {'adopt'}
        """
        import pandas as pd

        parts, rows = [], 0
        for part in self.event_batches(replicate, ticks):
            parts.append(part)
            rows += len(part)
            if self.stored is not None:
                archive.check_room(rows, "events", "event_batches(), or fewer ticks")
        if not parts:
            return _lines(dataset.events_from([], self.scenario, names=self.labels))
        return _lines(parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True))

    def event_batches(
        self, replicate: int | None = None, ticks: tuple[int, int] | None = None
    ) -> Iterator[pd.DataFrame]:
        """Walk through the events, a million or fewer at a time.

        Parameters
        ----------
        replicate, ticks : optional
            As in `events_of`.

        Yields
        ------
        DataFrame
            With the columns of `events`; never empty, in order.

        Examples
        --------
        >>> import koubei_sim as kb
        >>> r = kb.run("tiny", rng=7, ticks=20, n_agents=300)
        >>> sum(len(batch) for batch in r.event_batches()) == len(r.events)
        True
        """
        chosen: Sequence[int] = range(self.replicates)
        if replicate is not None:
            chosen = (checks.whole("replicate", replicate),)
            if chosen[0] >= self.replicates:
                allowed = f"0..{self.replicates - 1}"
                raise KoubeiError("replicate", "no such replicate", got=chosen[0], allowed=allowed)
        span = None if ticks is None else _span(ticks)
        return dataset.batches_from(self.histories, self.scenario, chosen, span, self.labels)

    def in_memory(self) -> Result:
        """Return the same result with its log in memory (itself, where that is so already).

        Raises
        ------
        KoubeiError
            When it would not fit.
        """
        if self.stored is None:
            return self
        stored: Any = self.histories
        archive.check_room(sum(map(events_in, stored)), "events", "event_batches()")
        return Result(
            self.scenario,
            self.key,
            self.engine,
            [history.in_memory() for history in stored],
            supplied=self.supplied,
            who=self.who,
            notes=self.notes,
            seconds=self.seconds,
        )

    def frame(self, variables: str | Sequence[str] | None = None) -> pd.DataFrame:
        """Return the daily tables in tidy long form: one row a number.

        Parameters
        ----------
        variables : str or list of str, optional
            Variables of `data`; all of them without it.

        Returns
        -------
        DataFrame
            ``replicate, tick, [date,] variable``, a column for each dimension that one of the
            variables has (missing where a variable has it not), ``value``.

        Raises
        ------
        KoubeiError
            For an unknown variable, or a frame that would not fit into memory: see
            `frame_batches`.

        Examples
        --------
        >>> import koubei_sim as kb
        >>> r = kb.run("tiny", rng=7, ticks=20, n_agents=300)
        >>> list(r.frame(["users", "members"]).columns)
        ['replicate', 'tick', 'date', 'variable', 'channel', 'value']
        """
        return dataset.tidy_frame(self.data, variables)

    def frame_batches(self, variables: str | Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Walk through `frame`, about two million rows at a time.

        Examples
        --------
        >>> import koubei_sim as kb
        >>> r = kb.run("tiny", rng=7, ticks=20, n_agents=300)
        >>> sum(len(part) for part in r.frame_batches("users"))
        20
        """
        return dataset.tidy_batches(self.data, variables)

    @property
    def labels(self) -> NDArray[Any] | None:
        """What people are called, by row; None where rows are their names."""
        return self.who.names

    @cached_property
    def people(self) -> pd.DataFrame:
        """The people, one row each: what the model knows of them and what their table says.

        The index holds their labels, or rows where there are none; columns ``segment, channels,
        activity, income, expertise, taste`` and the further ones of the table of people.  Where
        every replicate draws its own people (``shared_world = false``) only the table counts.
        """
        population = None
        if self.scenario.shared_world:
            if self.who.table is None:
                population = draw_population(self.scenario, self.key)
            else:
                population = population_from_table(self.scenario, self.who.table, self.key)
        return people_frame(self.scenario, population, self.who.names, self.who.table)

    def adopted_by(self, by: Any) -> pd.DataFrame:
        """Return how many people of each group ever adopted, one row a replicate and group.

        Parameters
        ----------
        by : str or Series
            A column of `people`, or a value for each of them.

        Returns
        -------
        DataFrame
            ``replicate``, the group, ``people``, ``adopted`` (seeds too) and ``share``.

        Examples
        --------
        >>> import koubei_sim as kb
        >>> ages = {"segment": ["enthusiast", "newbie"] * 150, "age": [20, 30, 40] * 100}
        >>> r = kb.run("tiny", rng=7, ticks=20, n_agents=300, agents=ages)
        >>> r.adopted_by("age").people.tolist()
        [100, 100, 100]
        """
        scale = dataset.scale_of(self.scenario)
        return dataset.groups_from(self.histories, self.people, by, scale)

    def summary(self) -> pd.DataFrame:
        """Return every outcome with its 95 % interval: the chance of take-off, the rest given that.

        See `koubei_sim.metrics.summary` for the columns and `koubei_sim.metrics.OUTCOMES` for
        the rows.
        """
        return self._summary.copy()

    @cached_property
    def _summary(self) -> pd.DataFrame:
        return tables.summary(self)

    def pyramid(self, every: str | int = "quarter") -> pd.DataFrame:
        """Return die-hard, loyal and users with intervals at the end of each period.

        Parameters
        ----------
        every : str or int
            ``"week"``, ``"month"``, ``"quarter"``, ``"year"``, or a number of ticks.
        """
        return tables.pyramid(self, every)

    def digest(self) -> str:
        """Return the SHA-256 over tables and logs: equal where every number is equal."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        return archive.history_digest(self.histories)

    def recipe(self) -> dict[str, Any]:
        """Return how to make this result again, as plain data; `koubei_sim.run` takes it."""
        return self._recipe(self.digest())

    def _recipe(self, digest: str | None) -> dict[str, Any]:
        return provenance.recipe(
            scenario=json.loads(self.scenario.canonical()),
            key=self.key,
            replicates=self.replicates,
            engine=self.engine,
            networks=self.supplied.get("networks"),
            agents=self.supplied.get("agents"),
            digest=digest,
            notes=self.notes,
        )

    def save(self, path: str | Path) -> Path:
        """Write the result as a folder, whole or not at all, and return its path.

        The folder holds ``data.nc``, ``events.parquet``, ``recipe.json`` and ``timing.json``.
        The first three have the same bytes whenever the same run is repeated with the same
        versions.  A result already there is replaced; anything else is refused.

        Raises
        ------
        KoubeiError
            When it cannot be written; then nothing is left behind.
        """
        goal = checks.path("path", path)
        archive.write_result(
            goal,
            self.data,
            self.histories,
            dataset.rows_of(self.scenario, self.labels),
            self.recipe(),
            self._timing(),
            self.who,
        )
        return goal

    def _timing(self) -> dict[str, Any]:
        return {
            "seconds": self.seconds,
            "streamed": self.stored is not None,
            "versions": provenance.all_versions(),
        }

    def settle(self, partial: Path) -> None:
        """Write what belongs beside the log of a streamed run (called by `simulate.run`)."""
        archive.write_tables(partial, self.data, self.recipe(), self._timing(), self.who)

    def fork(self, at: int, **words: Any) -> Any:
        """Continue this run from day `at` on with changes: `koubei_sim.fork`, which see.

        Parameters
        ----------
        at : int
            The first tick of the new rules, 1 .. ticks.
        **words
            What `koubei_sim.fork` takes; values at dotted paths, as in `Scenario.replace`.

        Returns
        -------
        Fork

        Examples
        --------
        >>> import koubei_sim as kb
        >>> first = kb.run("tiny", rng=7, ticks=20, n_agents=300)
        >>> first.fork(at=10).digest() == first.digest()
        True
        """
        # Forking stands above results, and must not be imported here.  A result therefore goes
        # out by the front door, as a person would who writes `kb.fork(result)`: the face is there
        # whenever this module is, and opens the room when it is asked to.
        face: Any = import_module(__name__.partition(".")[0])
        return face.fork(self, at, **words)

    def _page(self, lang: str) -> Page:
        from koubei_sim.runs.page import page_of

        return page_of(self, lang)

    def branch(self, at: int, **words: Any) -> Any:
        """Do what `fork` does, under its old name."""
        warnings.warn("Result.branch is Result.fork now", DeprecationWarning, stacklevel=2)
        return self.fork(at, **words)

    def __repr__(self) -> str:
        """Return a few lines: what was run, and the pyramid at the end."""
        first, second = _head(self)
        lines = [f"Result: {first}"[:79], f"  {second}"[:79]]
        for name, found in final_rows(self):
            if name == "takes off" and self.replicates == 1:
                continue
            line = f"  {name:<18}{count_text(found.estimate):>14}"
            if np.isfinite(found.low) and found.high > found.low:
                line += f"   95 % {span_text(found.low, found.high)}"
            elif found.method in ("few", "none") and self.replicates > 1:
                line += f"   too few replicates ({more(self.replicates, found.n)} more)"
            if found.of == "taken off":
                line += f"   ({found.n} that took off)"
            lines.append(line[:79])
        for note in self.notes:
            lines += textwrap.wrap(note, 79, initial_indent="  note: ", subsequent_indent="    ")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the same for a notebook, with a curve."""
        rows = [
            (name, count_text(found.estimate), span_text(found.low, found.high), found.of)
            for name, found in final_rows(self)
        ]
        table = html_table(["", "at the end", "95 % interval", "of"], rows)
        return html_look("Result", _head(self), table + _sparkline(self), self.notes)


# Looks -------------------------------------------------------------------------------------------
#
# A few lines in a terminal, a small table with a curve in a notebook.  Cheap by design (daily
# tables only, no forest), because a notebook shows it unasked.

_LEVELS = (
    ("users", users, "#0072B2"),
    ("loyal and above", loyal_and_above, "#E69F00"),
    ("die-hard and core", die_hard_and_core, "#D55E00"),
)


def _lines(events: pd.DataFrame) -> pd.DataFrame:
    """Return events as a table that prints whole; the tick says the date."""
    from koubei_sim.looks.frames import Table

    return Table(events).told([str(name) for name in events if name != "date"])


def final_rows(run: Run) -> list[tuple[str, Told]]:
    """Return what `summary` says of the end of the run: chance of take-off, then the levels."""
    scale, taken = scale_of(run), taken_of(run)
    rows = [("takes off", told("take_off", taken.astype(float), taken, run.key))]
    for (name, count, _), outcome in zip(_LEVELS, ("users", "loyal", "die_hard"), strict=True):
        values = np.array([count(history)[-1] * scale for history in run.histories], dtype=float)
        found = told(outcome, values, taken, run.key, people=people_of(run))
        rows.append((name, found))
    return rows


def _head(run: Any) -> tuple[str, str]:
    scenario = run.scenario
    people = count_text(people_of(run))
    ticks = run.histories[0].table.shape[0]
    plural = "" if run.replicates == 1 else "s"
    return (
        f"{scenario.name}, {people} people, {ticks} day{'' if ticks == 1 else 's'}",
        f"{run.replicates} replicate{plural}, {run.engine} engine, key {run.key}",
    )


def _sparkline(run: Run, width: int = 320, height: int = 80) -> str:
    """Median curves of the three levels over time, counts on a log scale, as inline SVG."""
    scale = scale_of(run)
    curves = [
        np.median([count(history) for history in run.histories], axis=0) * scale
        for _, count, _ in _LEVELS
    ]
    top = max(float(np.log10(max(10.0, curve.max()))) for curve in curves)
    shapes = "".join(
        f"<polyline fill='none' stroke='{colour}' stroke-width='1.5' "
        f"points='{_points(curve, top, width, height)}'><title>{name}</title></polyline>"
        for curve, (name, _, colour) in zip(curves, _LEVELS)
    )
    return (
        f"<svg role='img' aria-label='users, loyal and die-hard over time, log scale' "
        f"width='{width}' height='{height}' viewBox='0 0 {width} {height}' "
        f"style='background:#fafafa'>{shapes}</svg>"
    )


def _points(curve: NDArray[np.float64], top: float, width: int, height: int) -> str:
    # At most 160 points: the curve is an inch high.
    at = np.unique(np.linspace(0, curve.size - 1, min(curve.size, 160)).astype(int))
    x = at / max(1, curve.size - 1) * (width - 4) + 2
    y = height - 2 - np.log10(np.maximum(1.0, curve[at])) / top * (height - 4)
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y))


def _span(ticks: Any) -> tuple[int, int]:
    """Return the first and the last tick of a span."""
    if isinstance(ticks, str) or not hasattr(ticks, "__len__") or len(ticks) != 2:
        fix = f"({ticks}, {ticks})" if isinstance(ticks, int) else None
        raise KoubeiError(
            "ticks", "not a span", got=checks.shown(ticks), allowed="(first, last)", fix=fix
        )
    first, last = (checks.whole("ticks", tick, -1) for tick in ticks)
    if first > last:
        raise KoubeiError("ticks", "not a span", got=str(ticks), allowed="(first, last)")
    return first, last


def _files_of(histories: Sequence[Any]) -> list[archive.EventFile]:
    return [history.file for history in histories if is_stored(history)]

"""What a run gives back: `Result`, and `load_result` for one that was saved.

A result keeps the bare histories of all replicates together with the recipe that makes them
again; tables with names on, data frames, summaries and files are made from these when asked for.
Made by `simulate.run`; used by everybody upstairs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from koubei_sim import archive, dataset, display, provenance
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import overview as tables
from koubei_sim.spec import Scenario
from koubei_sim.world import History, events_in, is_stored

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


class Result:
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
        the log stays on disk they are `koubei_sim.archive.StoredHistory`, with the same attributes.
    seconds : float
        Wall time of the run; NaN where unknown.  Not part of the recipe.
    supplied : dict of str to str
        Digests of networks or of an agent table that were handed over as objects; to repeat
        such a result they must be supplied again.

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
        seconds: float = float("nan"),
    ) -> None:
        self.scenario = scenario
        self.key = key
        self.engine = engine
        self.histories = tuple(histories)
        self.supplied = dict(supplied or {})
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
        """
        return dataset.dataset_from(self.histories, self.scenario)

    @property
    def stored(self) -> Path | None:
        """The folder in which the event log stays (of a streamed run); None: it is in memory."""
        found = _files_of(self.histories)
        return found[0].path.parent if found else None

    @cached_property
    def events(self) -> pd.DataFrame:
        """Event logs of all replicates, one row an event.

        Columns ``replicate, tick, [date,] agent, kind, recruiter, channel, product,
        generation``; see `koubei_sim.dataset.events_from`.

        Raises
        ------
        KoubeiError
            When a log on disk would not fit into memory: see `events_of` and `event_batches`.
        """
        if self.stored is None:
            return dataset.events_from(self.histories, self.scenario)
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
            return dataset.events_from([], self.scenario)
        return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)

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
        if replicate is not None and replicate not in range(self.replicates):
            raise KoubeiError(
                "replicate", "no such replicate", got=replicate, allowed=f"0..{self.replicates - 1}"
            )
        if ticks is not None and not (len(ticks) == 2 and ticks[0] <= ticks[1]):
            raise KoubeiError("ticks", "not a span", got=ticks, allowed="(first, last)")
        chosen = range(self.replicates) if replicate is None else (replicate,)
        return dataset.batches_from(self.histories, self.scenario, chosen, ticks)

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
            seconds=self.seconds,
        )

    def summary(self) -> pd.DataFrame:
        """Return every outcome with mean, sd, 95 % interval over replicates and quantiles.

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
        return provenance.history_digest(self.histories)

    def recipe(self) -> dict[str, Any]:
        """Return how to make this result again, as plain data; `koubei_sim.run` takes it."""
        return provenance.recipe(
            scenario=json.loads(self.scenario.canonical()),
            key=self.key,
            replicates=self.replicates,
            engine=self.engine,
            networks=self.supplied.get("networks"),
            agents=self.supplied.get("agents"),
            digest=self.digest(),
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
        goal = Path(path).expanduser()
        archive.write_result(
            goal,
            self.data,
            self.histories,
            dataset.rows_of(self.scenario),
            self.recipe(),
            self._timing(),
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
        archive.write_tables(partial, self.data, self.recipe(), self._timing())

    def branch(
        self,
        at: int,
        *,
        networks: object = None,
        agents: str | Path | pd.DataFrame | None = None,
        threads: int = 1,
        **changes: Any,
    ) -> Any:
        """Continue this run from day `at` on with changes: `koubei_sim.branch`, which see.

        Parameters
        ----------
        at : int
            The first tick of the new rules, 1 .. ticks.
        networks, agents : optional
            What this result was made with, where that was handed over as objects.
        threads : int
            Replicates run side by side.
        **changes
            Values at dotted paths, as in `Scenario.replace`.

        Returns
        -------
        Branch

        Examples
        --------
        >>> import koubei_sim as kb
        >>> first = kb.run("tiny", rng=7, ticks=20, n_agents=300)
        >>> first.branch(at=10).digest() == first.digest()
        True
        """
        # Branching belongs to a room above this one, which must not be imported here.  A result
        # therefore goes out by the front door, as a person would who writes `kb.branch(result)`:
        # the face is there whenever this module is, and opens the room when it is asked to.
        face: Any = import_module(__name__.partition(".")[0])
        return face.branch(self, at, networks=networks, agents=agents, threads=threads, **changes)

    def __repr__(self) -> str:
        """Return a few lines: what was run, and the pyramid at the end."""
        return display.text(self)

    def _repr_html_(self) -> str:
        """Return the same for a notebook, with a curve."""
        return display.page(self)


def load_result(path: str | Path, stream: bool | None = None) -> Result:
    """Read a result that `Result.save` wrote, or a streamed run.

    Parameters
    ----------
    path : str or Path
        The folder, or a file in it.
    stream : bool, optional
        True leaves the event log on disk, from where the result takes what it is asked for; False
        reads it into memory.  Without it, as the result was made.

    Raises
    ------
    KoubeiError
        When there is none, a file is damaged, or the numbers are not those the recipe promises;
        also when a log that is asked for would not fit into memory.
    """
    recipe = archive.read_recipe(path)
    scenario = scenario_of(recipe, str(path))
    timing = archive.read_timing(path)
    file = archive.folder_of(path) / archive.EVENTS
    result = stored_result(
        scenario,
        int(recipe["key"]),
        str(recipe["engine"]),
        dataset.tables_from(archive.read_data(path), scenario),
        file,
        supplied=recipe.get("supplied"),
        seconds=float(timing.get("seconds", float("nan"))),
    )
    if not (timing.get("streamed", False) if stream is None else stream):
        result = result.in_memory()
    if recipe.get("digest") not in (None, result.digest()):
        raise KoubeiError(
            str(path), "the files do not hold the result of their recipe", fix="koubei run on it"
        )
    return result


def stored_result(
    scenario: Scenario,
    key: int,
    engine: str,
    tables: Sequence[tuple[Any, Any, Any]],
    events: Path,
    *,
    supplied: dict[str, str] | None = None,
    seconds: float = float("nan"),
    digest: str | None = None,
) -> Result:
    """Return a result whose log stays in its file.

    Parameters
    ----------
    scenario, key, engine, supplied, seconds
        As in `Result`.
    tables : sequence of (array, array, array)
        Table, quality and difficulty of each replicate.
    events : Path
        The parquet file.
    digest : str, optional
        That of the result, where it is known.
    """
    file = archive.EventFile(events, len(tables))
    histories: Any = [
        archive.StoredHistory(*arrays, file, replicate) for replicate, arrays in enumerate(tables)
    ]
    result = Result(scenario, key, engine, histories, supplied=supplied, seconds=seconds)
    if digest is not None:
        result.__dict__["_digest"] = digest  # as if it had been asked for already
    return result


def _files_of(histories: Sequence[Any]) -> list[archive.EventFile]:
    return [history.file for history in histories if is_stored(history)]


def scenario_of(recipe: dict[str, Any], where: str) -> Scenario:
    """Return the scenario of a recipe.

    Raises
    ------
    KoubeiError
        When this version of the library cannot read it.
    """
    parts = dict(recipe["scenario"])
    orders = parts.pop("order", {})
    try:
        # JSON is kept sorted; the order of channels, nodes and products addresses draws.
        for name, order in orders.items():
            parts[name] = {entry: parts[name][entry] for entry in order}
        return Scenario.from_dict(parts)
    except (KoubeiError, KeyError, TypeError) as error:
        raise KoubeiError(where, f"its scenario cannot be read ({error})") from None

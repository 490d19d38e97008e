"""What a run gives back: `Result`, and `load_result` for one that was saved.

A result keeps the bare histories of all replicates together with the recipe that makes them
again; tables with names on, data frames, summaries and files are made from these when asked for.
Made by `simulate.run`; used by everybody upstairs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from koubei_sim import archive, dataset, display, provenance
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import overview as tables
from koubei_sim.spec import Scenario
from koubei_sim.world import History

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
        Daily table and event log of each replicate, as bare arrays, in agents (not scaled).
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

    @cached_property
    def events(self) -> pd.DataFrame:
        """Event logs of all replicates, one row an event.

        Columns ``replicate, tick, [date,] agent, kind, recruiter, channel, product,
        generation``; see `koubei_sim.dataset.events_from`.
        """
        return dataset.events_from(self.histories, self.scenario)

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
            dataset.events_from(self.histories, self.scenario, numbers=True),
            self.recipe(),
            {"seconds": self.seconds, "versions": provenance.all_versions()},
        )
        return goal

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


def load_result(path: str | Path) -> Result:
    """Read a result that `Result.save` wrote.

    Parameters
    ----------
    path : str or Path
        The folder, or a file in it.

    Raises
    ------
    KoubeiError
        When there is none, a file is damaged, or the numbers are not those the recipe promises.
    """
    recipe = archive.read_recipe(path)
    scenario = scenario_of(recipe, str(path))
    histories = dataset.histories_from(archive.read_data(path), archive.read_log(path), scenario)
    result = Result(
        scenario,
        int(recipe["key"]),
        str(recipe["engine"]),
        histories,
        supplied=recipe.get("supplied"),
        seconds=float(archive.read_timing(path).get("seconds", float("nan"))),
    )
    if recipe.get("digest") not in (None, result.digest()):
        raise KoubeiError(
            str(path), "the files do not hold the result of their recipe", fix="koubei run on it"
        )
    return result


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

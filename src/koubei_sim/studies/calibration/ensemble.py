"""`ensemble`: the posterior of a calibrated preset as worlds that can be run.

A calibrated preset comes with the weighted particles of its posterior.  One set of parameters says
what the preset does; worlds drawn from the posterior say how much of that the data decide.
Called by people, by ``koubei demo`` and, as a design, by `sweep`.
"""

from __future__ import annotations

import csv
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, overload

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.core.draws import key_from
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import Look, count_text, span_text, wrapped
from koubei_sim.metrics import first_day, overview, period_ends
from koubei_sim.metrics.measuring import STOCKS
from koubei_sim.metrics.runs import scale_of
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.parameters import together
from koubei_sim.model.world.arrays import History
from koubei_sim.reports.door import Reported
from koubei_sim.reports.page import Page
from koubei_sim.runs.progress import Meter, Progress, in_turn
from koubei_sim.runs.simulation import Simulation
from koubei_sim.storage import check_goal, whole_file
from koubei_sim.studies.design.points import Points, checked

if TYPE_CHECKING:
    import pandas as pd

#: Ending of the file of particles beside a preset.
ENDING: Final = ".posterior.csv"
#: Quantiles: the 90 % band and its middle.
BAND: Final = (0.05, 0.5, 0.95)
#: Worlds from which on a band is told: of fewer its ends are those of single worlds.
ENOUGH: Final = 5
#: Levels whose days are told: a pyramid is reached when these are.
LEVELS: Final = {"users": 1_000_000.0, "loyal": 100_000.0, "die_hard": 5_000.0}
#: Names of the tables that `Worlds.save` writes.
TABLES: Final = ("worlds", "pyramid", "reached", "reported")


def ensemble(preset: str, number: int = 16) -> Ensemble:
    """Return worlds drawn from the posterior of a calibrated preset.

    Parameters
    ----------
    preset : str
        A preset that comes with a posterior: ``xiaomi``, ``xiaomi_phone``.
    number : int
        Worlds.  They stand at even steps of the summed weights of the particles, so that the same
        number gives the same worlds, and no two are alike where there are particles enough.

    Returns
    -------
    Ensemble

    Raises
    ------
    KoubeiError
        For a preset without a posterior, or no world.

    Examples
    --------
    >>> worlds = ensemble("xiaomi", 8)
    >>> len(worlds.parameters)
    8
    >>> worlds.scenario.people_per_agent
    5.0
    """
    import pandas as pd

    folder = resources.files("koubei_sim.model.scenario") / "presets"
    known = sorted(
        entry.name.removesuffix(ENDING) for entry in folder.iterdir() if entry.name.endswith(ENDING)
    )
    if preset not in known:
        raise KoubeiError(
            "preset", "has no posterior", got=repr(preset), allowed=", ".join(known), fix=known[0]
        )
    number = checks.whole("number", number, 1)
    with (folder / (preset + ENDING)).open("r", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    # Exactly as written, which the fast reader of pandas does not promise.
    particles = pd.DataFrame({path: [float(row[path]) for row in rows] for path in rows[0]})
    weights = particles.pop("weight").to_numpy()
    steps = (np.arange(number) + 0.5) / number
    chosen = np.searchsorted(np.cumsum(weights) / weights.sum(), steps)
    drawn = particles.iloc[np.minimum(chosen, len(particles) - 1)].reset_index(drop=True)
    return Ensemble(Scenario.load(preset), drawn)


@dataclass(frozen=True)
class Ensemble:
    """Worlds: a scenario, and what takes the place of its doubtful parameters in each.

    As a design it can be handed to `sweep`.

    Attributes
    ----------
    scenario : Scenario
    parameters : DataFrame
        One row a world, one column a dotted path.
    """

    scenario: Scenario
    parameters: pd.DataFrame

    def points(self, scenario: Scenario, key: int) -> Points:
        """Return the worlds as points of a sweep over `scenario`."""
        return checked({str(path): column.tolist() for path, column in self.parameters.items()})

    @cached_property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenario of each world."""
        points = self.points(self.scenario, 0)
        return tuple(self.scenario.replace(**points.at(k)) for k in range(points.number))

    @overload
    def replace(self, changes: Mapping[str, Any], **more: Any) -> Ensemble: ...

    @overload
    def replace(self, **more: Any) -> Ensemble: ...

    def replace(self, changes: Mapping[str, Any] | None = None, **more: Any) -> Ensemble:
        """Return the same worlds in a changed scenario; changes as in `Scenario.replace`.

        Raises
        ------
        KoubeiError
            For a parameter in which the worlds differ, or what `Scenario.replace` refuses.
        """
        changes = together(changes, more)
        for path in changes:
            if path in self.parameters:
                raise KoubeiError(
                    path, "differs from world to world", fix="ensemble.scenarios, one by one"
                )
        return Ensemble(self.scenario.changed(changes), self.parameters)

    def __repr__(self) -> str:
        """Say how many worlds there are, and in what they differ."""
        worlds, paths = len(self.parameters), ", ".join(map(str, self.parameters.columns))
        return wrapped(
            f"Ensemble({worlds} worlds of {self.scenario.name}, which differ in {paths})"
        )

    def run(
        self, rng: object = None, threads: int | None = None,
        progress: bool | Progress | None = None,
    ) -> Worlds:  # fmt: skip
        """Run every world once, each with luck of its own.

        World k has the luck of replicate k.  People and graphs are drawn once where the scenario
        shares them (``shared_world``) and the worlds do not differ in them.

        Parameters
        ----------
        rng, threads, progress : see `run`

        Returns
        -------
        Worlds
        """
        checks.progress(progress)
        key, begun = key_from(rng), time.perf_counter()
        first = Simulation(self.scenarios[0], key, threads=threads)
        first.check_memory(len(self.scenarios))
        side_by_side, within = first.shared_out(len(self.scenarios))
        # Shared people and graphs are there for the next world, however large they are.
        held: deque[Simulation] = deque(maxlen=side_by_side)

        def one(k: int) -> History:
            simulation = Simulation(self.scenarios[k], key, first.inputs, threads=within)
            held.append(simulation)
            return simulation.play(simulation.world(k), meter.callback(), threads=within)

        number = len(self.scenarios)
        with Meter(progress) as meter:
            meter.announce(number * self.scenario.ticks, number)
            histories = in_turn(one, range(number), side_by_side)
        return Worlds(self, tuple(histories), key, time.perf_counter() - begun)


@dataclass(frozen=True)
class Worlds(Look, Reported):
    """Runs of all worlds of an ensemble; figures and metrics take it as they take a `Result`.

    Attributes
    ----------
    ensemble : Ensemble
    histories : tuple of History
        One a world.
    key : int
    seconds : float
        What the runs took.
    """

    ensemble: Ensemble
    histories: tuple[History, ...]
    key: int
    seconds: float

    @property
    def scenario(self) -> Scenario:
        """The scenario in which the worlds stand."""
        return self.ensemble.scenario

    @property
    def replicates(self) -> int:
        """Number of worlds."""
        return len(self.histories)

    @property
    def banded(self) -> bool:
        """Whether there are worlds enough for a band, whose ends are single worlds otherwise."""
        return self.replicates >= ENOUGH

    def _page(self, lang: str) -> Page:
        from koubei_sim.studies.calibration.page import page_of

        return page_of(self, lang)

    def series(self, name: str) -> NDArray[np.float64]:
        """Return people by world and day: ``users``, ``loyal``, ``die_hard``, ...

        Examples
        --------
        >>> ensemble("xiaomi", 2).replace(n_agents=2000, ticks=3).run(rng=1).series("users").shape
        (2, 3)
        """
        counts = np.stack([STOCKS[name](history) for history in self.histories])
        return counts.astype(np.float64) * scale_of(self)

    def pyramid(self, every: str | int = "quarter") -> pd.DataFrame:
        """Return the pyramid at the end of each period: median and 90 % band over worlds.

        One row a period (index ``when``): ``tick``, and for ``die_hard``, ``loyal`` and ``users``
        the median, ``_low`` and ``_high``.
        """
        import pandas as pd

        from koubei_sim.looks.frames import Table

        last, names = period_ends(self, every)
        columns: dict[str, Any] = {"tick": last}
        for level in ("die_hard", "loyal", "users"):
            low, middle, high = np.quantile(self.series(level)[:, last], BAND, axis=0)
            columns |= {level: middle, f"{level}_low": low, f"{level}_high": high}
        return Table(columns, index=pd.Index(names, name="when"))

    def _shown(self) -> pd.DataFrame:
        return self.pyramid()

    def __repr__(self) -> str:
        """Say how many worlds, and the pyramid at their end: median and 90 % band."""
        people = self.scenario.n_agents * self.scenario.people_per_agent
        lines = [
            f"Worlds of {self.scenario.name}: {self.replicates} worlds of {people:,.0f} people, "
            f"{self.scenario.ticks} days, key {self.key}"
        ]
        last = self.pyramid().iloc[-1]
        for level in ("users", "loyal", "die_hard"):
            band = "median of all worlds"
            if self.banded:
                ends = span_text(last[f"{level}_low"], last[f"{level}_high"])
                band += f"; 90 % of them {ends}"
            lines.append(f"  {level:<10}{count_text(last[level]):>12}   {band}")
        return wrapped("\n".join(lines))

    def save(self, folder: str | Path) -> list[Path]:
        """Write the tables as CSV into a folder, each whole or not at all; return their paths.

        ``worlds.csv`` (parameters), ``pyramid.csv`` (by month), ``reached.csv``, ``reported.csv``.
        What an earlier call wrote there is replaced.

        Raises
        ------
        KoubeiError
            For a folder that holds something else, or that cannot be written.
        """
        paths = table_paths(folder)
        tables = (
            self.ensemble.parameters.rename_axis("world").reset_index(),
            self.pyramid("month").reset_index(),
            self.reached().reset_index(),
            self.reported(),
        )
        for path, table in zip(paths, tables, strict=True):
            with whole_file(path) as file:
                file.write(table.to_csv(index=False, lineterminator="\n").encode())
        return paths

    def reached(self) -> pd.DataFrame:
        """Return when the levels of the pyramid are reached: median and 90 % band in days.

        One row a level (index: level): ``day``, ``low``, ``high`` (NaN where fewer worlds reach it
        than the quantile asks for: worlds that never do count as later than all others), and
        ``worlds``, the number of worlds that do.
        """
        from koubei_sim.looks.frames import Table

        rows = {}
        for name, level in LEVELS.items():
            days = np.array([first_day(one, level) for one in self.series(name)])
            late = np.where(np.isnan(days), np.inf, days)
            low, day, high = np.quantile(late, BAND, method="nearest")
            rows[f"{level:,.0f} {name}"] = {
                "day": day, "low": low, "high": high, "worlds": int(np.isfinite(days).sum()),
            }  # fmt: skip
        found = Table.from_dict(rows, orient="index")
        return found.replace(np.inf, np.nan).rename_axis("level")

    def reported(self) -> pd.DataFrame:
        """Return counts reported in the world beside the band of the worlds on their day.

        One row a milestone of the scenario that falls into the run and into its market: ``label``,
        ``day``, ``reported``, ``low``, ``median``, ``high`` (90 % band) and ``inside``.
        Registrations are held against members of boards, users against users.
        """
        from koubei_sim.looks.frames import Table

        scenario, rows = self.scenario, []
        boards = [c for c, one in enumerate(scenario.channels.values()) if one.medium == "board"]
        for day, one in overview.reported(scenario):
            measure = _held_against(one.label)
            if not measure or (measure == "members" and not boards):
                continue
            values = self.series(measure)
            if measure == "members":  # of the largest board
                values = values[:, :, boards].max(axis=-1)
            low, middle, high = np.quantile(values[:, day], BAND)
            rows.append(
                {
                    "label": one.label,
                    "day": day,
                    "reported": one.count,
                    "low": low,
                    "median": middle,
                    "high": high,
                    "inside": bool(low <= one.count <= high),
                }
            )
        return Table(rows)


def table_paths(folder: str | Path) -> list[Path]:
    """Return where `Worlds.save` writes into a folder, or refuse the folder; touches nothing.

    Raises
    ------
    KoubeiError
        For a folder that holds something else, or that cannot be written.
    """
    goal = checks.path("folder", folder)
    paths = [goal / f"{name}.csv" for name in TABLES]
    if not all(path.is_file() for path in paths):
        check_goal(goal)
    return paths


def _held_against(label: str) -> str:
    """Return the stock that a reported count is one of; phones are none."""
    words = label.casefold()
    if "registration" in words:
        return "members"
    return "users" if "user" in words and "phone" not in words else ""

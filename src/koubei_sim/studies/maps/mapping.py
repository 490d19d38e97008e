"""`map`: what comes out over two levers, or over a split among three, refined where it changes.

A coarse lattice is run first; a cell whose corners differ by more than luck is cut in four, and so
on, so that runs go to the border between answers.  All points share their luck, run by run, so that
neighbours can be compared.  What the runs say stands in `atlas`.
Called by people.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import Backend, Engine, whole
from koubei_sim.checks import number as number_of
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import took_off
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import History
from koubei_sim.runs.options import options_from, outcome_from, scenario_from, texts
from koubei_sim.runs.progress import Progress as Told
from koubei_sim.runs.simulation import Outcome, measure
from koubei_sim.studies.design.points import design_of
from koubei_sim.studies.maps import lattice
from koubei_sim.studies.maps.atlas import LEAST, Map, place
from koubei_sim.studies.maps.axes import Axis, axis_of
from koubei_sim.studies.maps.lattice import Cell, Lattice, Point
from koubei_sim.studies.sweep.engine import Study, Tell, execution_from, kept_key

FloatArray = NDArray[np.float64]

#: Splits of a cell, one after the other, and cells along a side at most.
MOST_DEPTH: Final = 8
MOST_CELLS: Final = 64


def map(
    scenario: Any,
    x: Any = None,
    y: Any = None,
    *,
    split: Sequence[str] | None = None,
    total: float = 1.0,
    outcome: Outcome = "take_off",
    arms: Mapping[str, Any] | None = None,
    via: Mapping[str, str] | None = None,
    worlds: Any = None,
    replicates: int | None = None,
    rng: object = None,
    cells: int = 4,
    depth: int = 2,
    most_runs: int | None = None,
    networks: object = None,
    agents: Any = None,
    engine: Engine = "compiled",
    threads: int | None = None,
    out: str | Path | None = None,
    backend: Backend | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool | Tell | Told | None = None,
) -> Map:
    """Run a scenario over two axes, or over a split among three, most where the answer changes.

    Parameters
    ----------
    scenario : Scenario, preset name or path
    x, y : (name, low, high) or (name, low, high, "log")
        Two axes: dotted paths of numbers, or composites (`koubei_sim.composites`), each of which
        `via` names the parameter that is set until the composite has its value.
    split : three paths
        In place of `x` and `y`: parameters among which `total` is shared out, 0 to all of it each.
    total : float
    outcome : str or callable
        ``"take_off"``: the chance of it.  Another measure (`metrics.measure`): its value given
        take-off.  A function of (history, scenario): its mean; NaN leaves a run out.
    arms : mapping of two names to changes, optional
        Two ways to go about it, as values at dotted paths ({} for the scenario as it is).  The map
        then shows in which share of runs both take off, only one of them, or neither.
    worlds : design or list of Scenario, optional
        Every point is run once in each of these worlds, such as `prior_sample` draws, which all
        have luck of their own.  What is drawn and cannot be is left out and counted.  Without it in
        the one world of the scenario.
    replicates : int, optional
        Runs at each point without `worlds`, 6 or more (fewer could not tell none from all); 16
        without it.
    rng : int, SeedSequence or Generator, optional
    cells, depth : int
        Cells along a side at first, 1..64, and how often one may be cut in four, 0..8.
    most_runs : int, optional
        Runs in all at most.  Where they do not suffice, those cells are cut that differ most.
    networks, agents, engine, threads, out, backend, workers, scheduler, progress
        As in `sweep`; `out` holds a journal for each stage, so the same call goes on.  How many
        runs it takes is known at the end only.

    Returns
    -------
    Map

    Raises
    ------
    KoubeiError
        Before anything runs, but for a composite that cannot be reached at a point of a later
        stage.

    Notes
    -----
    Two corners differ where their 95 % intervals lie apart.  What changes and changes back inside a
    cell of the first lattice is not seen.  Neighbours share their luck but for the effect of the
    axes, so borders are smoother than single intervals say.

    Examples
    --------
    >>> found = map(
    ...     "tiny",
    ...     ("seeding.purity", 0.0, 1.0),
    ...     ("telling.relay", 0.0, 1.0),
    ...     replicates=6,
    ...     rng=1,
    ...     cells=1,
    ...     depth=0,
    ... )
    >>> found.table()[["seeding.purity", "telling.relay", "n"]].shape
    (4, 3)
    """
    execution = execution_from(out, backend, workers, scheduler, threads, progress)
    options = options_from(kept_key(rng, execution.out), networks, agents, engine)
    own = options.own_people
    base = scenario_from("scenario", scenario, own)
    measured = outcome_from(outcome)
    grid = Lattice(
        whole("cells", cells, 1, MOST_CELLS),
        whole("depth", depth, 0, MOST_DEPTH),
        split is not None,
    )
    axes = _axes(x, y, split, total, via or {}, base)
    changes = _arms(arms, axes, measured)
    several, impossible = _worlds(base, worlds, options.key, own)
    runs = (
        len(several)
        if several
        else whole("replicates", 16 if replicates is None else replicates, LEAST)
    )
    if several and replicates is not None:
        raise KoubeiError(
            "replicates", "every world is run once", got=replicates, fix="worlds alone"
        )
    each, most = runs * len(changes), None
    first = _corners(grid.first())
    if most_runs is not None and (most := whole("most_runs", most_runs, 1)) < len(first) * each:
        raise KoubeiError(
            "most_runs", "not enough for the first lattice", got=most,
            allowed=f"{len(first) * each:,} or more", fix="fewer cells",
        )  # fmt: skip

    made: dict[Point, list[list[Scenario]]] = {}

    def scenarios(point: Point) -> list[list[Scenario]]:
        """Return the scenarios of a point, by arm and world."""
        if point not in made:
            placed = [put(axes, grid, point, world, own) for world in several or [base]]
            made[point] = [
                [s.changed(c, own) if c else s for s in placed] for c in changes.values()
            ]
        return made[point]

    def values(study: Study, points: Sequence[Point]) -> dict[Point, FloatArray]:
        """Return what the runs of points give, [arms, runs]."""
        named = {
            f"{point} {arm} {world}": one
            for point in points
            for arm, row in enumerate(scenarios(point))
            for world, one in enumerate(row)
        }
        # World w has the luck of replicate w, in all points and arms alike.
        asked = [(name, int(name.rsplit(" ", 1)[1])) for name in named] if several else None
        found = study.values(named, runs, _function(measured), asked)
        return {
            point: np.array([
                [found[f"{point} {arm} {world}"][world] for world in range(runs)]
                if several else found[f"{point} {arm} 0"]
                for arm in range(len(changes))
            ])
            for point in points
        }  # fmt: skip

    for point in first:
        scenarios(point)  # what cannot be is refused before anything runs
    atlas = Map(axes, tuple(changes) if arms else (), measured, grid, options.key, base.name,
                len(several), impossible)  # fmt: skip
    with Study(options, execution, several=True) as study:
        refine(atlas, lambda points: values(study, points), None if most is None else most // each)
    return atlas


def refine(
    atlas: Map, values: Callable[[Sequence[Point]], dict[Point, FloatArray]], most: int | None
) -> None:
    """Fill a map: run the corners of cells, cut those whose corners differ, and so on.

    Parameters
    ----------
    atlas : Map
        Empty.
    values : callable
        From points to what their runs give, [arms, runs] each.
    most : int, optional
        Points at most.
    """
    now = atlas.grid.first()
    todo = atlas.new(_corners(now))
    for level in range(atlas.grid.depth + 1):
        atlas.take(todo, values(todo) if todo else {})
        gaps = {cell: atlas.gap(cell) for cell in now} if level < atlas.grid.depth else {}
        differ = sorted((cell for cell in gaps if gaps[cell] > 0.0), key=lambda cell: -gaps[cell])
        cut: list[Cell] = []
        todo = []
        for cell in differ:
            more = atlas.new(_corners(lattice.split(cell)), todo)
            if most is None or len(atlas.values) + len(todo) + len(more) <= most:
                cut.append(cell)
                todo += more
        atlas.uncut += len(differ) - len(cut)
        atlas.cells += [cell for cell in now if cell not in set(cut)]
        now = [part for cell in cut for part in lattice.split(cell)]


def put(
    axes: Sequence[Axis], grid: Lattice, point: Point, world: Scenario, own_people: bool
) -> Scenario:
    """Return a world with the axes at a point."""
    values = place(axes, grid, point)
    for axis, value in zip(axes, values):
        world = axis.put(world, value, own_people)
    for axis, value in zip(axes, values):
        axis.check(world, value)
    return world


def _corners(cells: Sequence[Cell]) -> list[Point]:
    return sorted({corner for cell in cells for corner in cell})


def _function(measured: Outcome) -> Outcome:
    """Return what is kept of a run: of a measure its value given take-off."""
    if callable(measured) or measured.startswith("take_off"):
        return measured
    return partial(given_take_off, measured)


def given_take_off(measured: str, history: History, scenario: Scenario) -> float:
    """Return a measure of a run that took off, NaN of another."""
    return measure(history, scenario, 0, measured) if took_off(history) else math.nan


def _axes(
    x: Any, y: Any, split: Any, total: Any, via: Mapping[str, str], base: Scenario
) -> tuple[Axis, ...]:
    """Return two axes, or the three of a split."""
    if split is None:
        found = tuple(axis_of(name, given, via, base) for name, given in (("x", x), ("y", y)))
        if found[0].via == found[1].via:
            raise KoubeiError("y", "sets what x sets", got=found[1].via, fix="another parameter")
        return found
    if x is not None or y is not None:
        raise KoubeiError(
            "split", "in place of x and y, not beside them", fix="leaving out x and y"
        )
    amount = number_of("total", total, 0.0)
    paths = texts("split", split)
    if len(paths) != 3 or not amount:
        raise KoubeiError("split", "needs three parameters and something to share out",
                          got=f"{len(paths)} and {amount:g}")  # fmt: skip
    shared = tuple(axis_of("split", (path, 0.0, amount), {}, base) for path in paths)
    counted = next((axis.name for axis in shared if axis.range.whole), None)
    if counted is not None:
        raise KoubeiError(counted, "counts in whole numbers, which cannot be shared out at will")
    return shared


def _arms(arms: Any, axes: Sequence[Axis], measured: Outcome) -> dict[str, Mapping[str, Any]]:
    """Return the changes of each arm by name; one without any where there are no arms."""
    if arms is None:
        return {"": {}}
    if not isinstance(arms, Mapping) or len(arms) != 2:
        raise KoubeiError("arms", "needs two names with changes", got=repr(arms),
                          allowed="a mapping of two names to values by dotted path")  # fmt: skip
    if callable(measured) or not measured.startswith("take_off"):
        raise KoubeiError("arms", "say in which runs each takes off, and nothing else",
                          got=f"outcome {measured}", fix="outcome='take_off'")  # fmt: skip
    for name, changes in arms.items():
        if not isinstance(changes, Mapping):
            raise KoubeiError(f"arms: {name}", "not changes", got=repr(changes),
                              allowed="values by dotted path; {} for none")  # fmt: skip
        both = next((axis.via for axis in axes if axis.via in changes), None)
        if both is not None:
            raise KoubeiError(f"arms: {name}", "sets what an axis sets", got=both)
    return {str(name): changes for name, changes in arms.items()}


def _worlds(base: Scenario, worlds: Any, key: int, own_people: bool) -> tuple[list[Scenario], int]:
    """Return the worlds of each point, none where it is the scenario alone, and how many fell out.

    A design may draw what no scenario can have, such as tiers that fall.
    """
    if worlds is None:
        return [], 0
    if isinstance(worlds, (list, tuple)) and all(isinstance(each, Scenario) for each in worlds):
        found, drawn = list(worlds), len(worlds)
    else:
        points = design_of(worlds).points(base, key)
        found, drawn = [], points.number
        for world in range(drawn):
            with suppress(KoubeiError):
                found.append(base.changed(points.at(world), own_people))
    if len(found) < LEAST:
        raise KoubeiError("worlds", "too few to tell none from all", got=len(found),
                          allowed=f"{LEAST} or more that can be")  # fmt: skip
    return found, drawn - len(found)

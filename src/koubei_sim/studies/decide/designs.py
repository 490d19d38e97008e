"""What is decided between, and in which worlds: designs, worlds, and what designs cost beforehand.

Called by `plan`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

import numpy as np

from koubei_sim.checks import shown, whole
from koubei_sim.core import draws
from koubei_sim.errors import KoubeiError
from koubei_sim.model.mechanisms import PRICES, TABLE
from koubei_sim.model.mechanisms.declaration import Flows
from koubei_sim.model.scenario import Scenario
from koubei_sim.studies.design.points import Points, Table, design_of
from koubei_sim.studies.design.values import plain

#: Purpose of the draws that put worlds into an order, and into parts.
DRAW_ORDER_OF_WORLDS: Final = 199
_WIDTH: Final = dict(TABLE)


def designs_from(base: Scenario, given: Any, key: int) -> dict[str, dict[str, Any]]:
    """Return the changes that each design makes, by its name.

    Parameters
    ----------
    base : Scenario
    given : mapping, design or table
        Names -> changes by dotted path; or dotted paths -> levels (every combination), or whatever
        else `sweep` takes for points, whose designs are named by their values.
    key : int

    Raises
    ------
    KoubeiError
        For fewer than two, or two that are alike.

    Examples
    --------
    >>> levels = {"seeding.purity": [0.1, 1.0], "seeding.number": [50]}
    >>> list(designs_from(Scenario.load("tiny"), levels, 7))
    ['purity 0.1, number 50', 'purity 1.0, number 50']
    """
    if isinstance(given, Mapping) and given and all(isinstance(v, Mapping) for v in given.values()):
        found = {name: dict(changes) for name, changes in given.items()}
        wrong = next((name for name in found if not isinstance(name, str) or not name), None)
        if wrong is not None:
            raise KoubeiError("designs", "a name must be text", got=repr(wrong))
    else:
        points = design_of(given).points(base, key)
        short = [path.rpartition(".")[2] for path in points.columns]
        said = short if len(set(short)) == len(short) else list(points.columns)
        found = {}
        for point in range(points.number):
            changes = points.at(point)
            name = ", ".join(f"{word} {shown(v)}" for word, v in zip(said, changes.values()))
            if name in found:
                raise KoubeiError("designs", "two are alike", got=name, fix="leaving one out")
            found[name] = changes
    if len(found) < 2:
        raise KoubeiError(
            "designs", "nothing to decide between", got=len(found), allowed="2 or more"
        )
    return found


class WorldsAsked(NamedTuple):
    """Worlds in the order in which they are run: drawn, so that the first are like all."""

    number: int
    columns: dict[str, tuple[Any, ...]]  # dotted path -> value in each; empty: luck alone


def worlds_from(base: Scenario, given: Any, key: int) -> WorldsAsked:
    """Return the worlds that an argument stands for.

    Parameters
    ----------
    base : Scenario
    given : int, or design
        A number of worlds that differ in luck alone; or points over what is not known, as
        `prior_sample` and `ensemble` make them.
    key : int
    """
    if isinstance(given, (int, np.integer)) and not isinstance(given, bool):
        return WorldsAsked(whole("worlds", given, 2), {})
    points = design_of(given).points(base, key)
    if points.number < 2:
        raise KoubeiError("worlds", "too few", got=points.number, allowed="2 or more")
    order = np.argsort(draws.units_drawn(points.number, key, DRAW_ORDER_OF_WORLDS, 0, 0, 0))
    columns = {path: tuple(column[w] for w in order) for path, column in points.columns.items()}
    return WorldsAsked(points.number, columns)


def as_given(columns: Mapping[str, Sequence[Any]], key: int) -> dict[str, list[Any]]:
    """Return worlds in the order in which `worlds_from` was given them."""
    number = len(next(iter(columns.values()), ()))
    order = np.argsort(draws.units_drawn(number, key, DRAW_ORDER_OF_WORLDS, 0, 0, 0))
    back = np.argsort(order)
    return {path: [column[w] for w in back] for path, column in columns.items()}


def every_design_in_every_world(
    base: Scenario, designs: Mapping[str, Mapping[str, Any]], worlds: WorldsAsked
) -> Points:
    """Return the points of a sweep, the worlds of the first design first.

    A design that leaves out what another one sets has the value of the scenario.

    Raises
    ------
    KoubeiError
        Where designs and worlds set the same, or the scenario has no such value.
    """
    paths = list(dict.fromkeys(path for changes in designs.values() for path in changes))
    for path in paths:
        for other in worlds.columns:
            if path == other or path.startswith(f"{other}.") or other.startswith(f"{path}."):
                raise KoubeiError(
                    "worlds", f"{other} differs from world to world, and designs set {path}",
                    fix="leaving it to one of them",
                )  # fmt: skip
    columns: dict[str, list[Any]] = {}
    for path in paths:
        some = [name for name, changes in designs.items() if path not in changes]
        usual = _present(base, path, some) if some else None
        every = [plain(path, changes.get(path, usual)) for changes in designs.values()]
        columns[path] = [value for value in every for _ in range(worlds.number)]
    for path, column in worlds.columns.items():
        columns[path] = [value for _ in designs for value in column]
    if not columns:
        raise KoubeiError("designs", "change nothing", fix="{'pure': {'seeding.purity': 1.0}}")
    return Table(columns).points(base, 0)


def _present(base: Scenario, path: str, without: list[str]) -> Any:
    """Return the value that a scenario has at a path."""
    found: Any = base.to_dict()
    for step in path.split("."):
        if isinstance(found, (list, tuple)) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        elif isinstance(found, Mapping) and step in found:
            found = found[step]
        else:
            break
    else:
        return plain(path, found)
    with suppress(KoubeiError):  # what is not set at all, such as a campaign without an end
        if base.changed({path: None}).digest() == base.digest():
            return None
    raise KoubeiError(
        f"designs.{without[0]}", f"leaves out {path}, which the scenario does not have either",
        fix="setting it in every design",
    )  # fmt: skip


def outlay(scenario: Scenario) -> float:
    """Return the money that a scenario spends whatever people do.

    Every price with nobody adopting, telling or asking: seeds, staff, nodes, releases, days of
    media, dates of events.  What success costs (units, rewards, answers, referrals, heads at an
    event) comes on top of it.

    Examples
    --------
    >>> tiny = Scenario.load("tiny")
    >>> outlay(tiny.replace(**{"seeding.number": 30})) - outlay(tiny)
    1000.0
    """

    def nobody(name: str) -> np.ndarray:
        width = _WIDTH[name]
        return np.zeros(
            (scenario.ticks,) if width == 1 else (scenario.ticks, width), dtype=np.int64
        )

    flows = Flows(
        nobody,
        scenario.seed_agents,
        np.arange(scenario.ticks),
        float(scenario.people_per_agent),
    )
    return float(sum(price.spend(scenario, flows).sum() for price in PRICES))

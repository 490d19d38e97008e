"""An axis of a map: a parameter, or a composite that is reached through a parameter.

Called by `mapping`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.scenario import Scenario, composites, parameter_table
from koubei_sim.studies.design.priors import limits
from koubei_sim.studies.design.values import Range, range_of

#: How near a composite must come, of the width of its axis.
NEAR: Final = 1e-6


@dataclass(frozen=True)
class Axis:
    """What a map varies along one side.

    Attributes
    ----------
    name : str
        A dotted path, or a composite (`koubei_sim.composites`).
    range : Range
    via : str
        The path that is set: `name` itself, or the one through which the composite is reached.
    """

    name: str
    range: Range
    via: str

    def put(self, scenario: Scenario, value: Any, own_people: bool) -> Scenario:
        """Return the scenario with this value on the axis.

        Raises
        ------
        KoubeiError
            Where a composite does not come to the value over the whole range of its parameter.
        """
        if self.via == self.name:
            return scenario.changed({self.via: value}, own_people)
        low, high = self._ends(scenario)

        def gap(at: float) -> float:
            return self.of(scenario.changed({self.via: at}, own_people)) - float(value)

        below, above = gap(low), gap(high)
        if not below * above <= 0.0:
            raise KoubeiError(
                self.name, f"not reached through {self.via}", got=value,
                allowed=f"{below + value:.4g} to {above + value:.4g} in this world",
            )  # fmt: skip
        from scipy.optimize import brentq

        at = float(brentq(gap, low, high, xtol=1e-12 * (high - low)))
        reached = scenario.changed({self.via: at}, own_people)
        self.check(reached, value)
        return reached

    def of(self, scenario: Scenario) -> float:
        """Return where a scenario lies on an axis that is a composite."""
        return composites(scenario, self.name)[self.name]

    def check(self, scenario: Scenario, value: Any) -> None:
        """Refuse a composite that is not where it was put: it jumps, or the other axis moves it."""
        found = self.of(scenario) if self.via != self.name else value
        if abs(found - value) > NEAR * (float(self.range.high) - float(self.range.low)):
            raise KoubeiError(
                self.name, "does not stay where it was put: it jumps, or the other axis moves it",
                got=f"{found:.6g} for {value:.6g}", fix="the axes the other way round",
            )  # fmt: skip

    def _ends(self, scenario: Scenario) -> tuple[float, float]:
        row = next((row for row in parameter_table(scenario) if row.path == self.via), None)
        ends = None if row is None else limits(row.range)
        if ends is None or not all(map(math.isfinite, ends)):
            got = "unknown" if row is None else row.range
            raise KoubeiError(self.via, "has no finite range to look in", got=got)
        return ends


def axis_of(where: str, given: Any, via: Mapping[str, str], scenario: Scenario) -> Axis:
    """Return the axis that ``(name, low, high)`` or ``(name, low, high, "log")`` stands for.

    Raises
    ------
    KoubeiError
    """
    if not isinstance(given, (tuple, list)) or len(given) not in (3, 4):
        raise KoubeiError(
            where, "not an axis", got=repr(given),
            allowed='(path, low, high) or (path, low, high, "log")',
            fix=f"{where}=('seeding.purity', 0.0, 1.0)",
        )  # fmt: skip
    name, ends = str(given[0]), tuple(given[1:])
    rows = {row.path: row.value for row in parameter_table(scenario)}
    if name in rows:
        present = rows[name]
        if isinstance(present, bool) or not isinstance(present, (int, float)):
            raise KoubeiError(name, "not a number, so it makes no axis", got=repr(present))
        return Axis(name, range_of(name, ends, isinstance(present, int)), name)
    known = composites(scenario)
    if name not in known:
        raise KoubeiError(
            where, "neither a parameter nor a composite", got=name,
            fix=nearest(name, [*rows, *known]),
        )  # fmt: skip
    if name not in via:
        raise KoubeiError(
            where, "a composite is set through a parameter", got=name,
            fix=f"via={{'{name}': 'products.{next(iter(scenario.products))}.bar'}}",
        )  # fmt: skip
    path = via[name]
    if not isinstance(rows.get(path), float):
        raise KoubeiError(f"via: {name}", "not a parameter that is a number", got=path,
                          fix=nearest(str(path), rows))  # fmt: skip
    return Axis(name, range_of(name, ends), path)

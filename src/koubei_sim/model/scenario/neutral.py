"""Switching mechanisms off exactly: each module of the model and the parameters it hangs on.

A module at its neutral value leaves a run as if the module did not exist.  Which parameters belong
to a module, and their neutral values, is declared by the mechanisms.  Called by `Scenario.neutral`
and by knock-out studies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from koubei_sim import checks
from koubei_sim.core.codes import TIERS
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model import mechanisms
from koubei_sim.model.mechanisms.fields import STRUCTURE
from koubei_sim.model.scenario.parameters import Row, parameter_table, set_paths

if TYPE_CHECKING:
    from koubei_sim.model.scenario.content import Content

#: The parameters of each module that can be switched off, by its name.
MODULES: Final[dict[str, tuple[str, ...]]] = {
    name: module.parameters for name, module in mechanisms.MODULES.items()
}


def neutral_paths(
    scenario: Content, modules: Iterable[str], rows: Mapping[str, Row] | None = None
) -> dict[str, Any]:
    """Return dotted paths and neutral values of the named modules for this scenario.

    `rows` are those of its parameters by path, where they are at hand: making them takes its time.

    Raises
    ------
    KoubeiError
        For a module that does not exist.
    """
    rows = {row.path: row for row in parameter_table(scenario)} if rows is None else rows
    changes: dict[str, Any] = {}
    own = {mechanism.name: mechanism for mechanism in scenario.mechanisms}
    for module in modules:
        if module in own:
            changes |= own[module].neutral
            continue
        if module not in MODULES:
            raise KoubeiError(
                "neutral",
                "unknown module",
                got=module,
                allowed=", ".join([*MODULES, *own]),
                fix=nearest(module, [*MODULES, *own]),
            )
        for pattern in MODULES[module]:
            if pattern in ("events", "goods", "media"):
                changes[pattern] = {}
                continue
            if pattern == "market.rival":
                changes[pattern] = ()
                continue
            for path, row in rows.items():
                if _matches(path, pattern) and row.neutral != STRUCTURE:
                    changes[path] = row.neutral
    emptied = [f"{name}." for name in ("events", "goods", "media") if name in changes]
    return {path: value for path, value in changes.items() if not path.startswith(tuple(emptied))}


def kept_paths(
    scenario: Content, modules: Iterable[str], weights: Sequence[float]
) -> dict[str, Any]:
    """Return dotted paths and values that make all alike in the named modules, at the level of now.

    Raises
    ------
    KoubeiError
        For a module that has no such value, or weights that are not those of four tiers.
    """
    able = [name for name, module in mechanisms.MODULES.items() if module.kept]
    if not hasattr(weights, "__len__") or len(weights) != len(TIERS):
        raise KoubeiError(
            "weights", "one for each tier", got=checks.shown(weights), allowed="four numbers"
        )
    weights = [checks.number("weights", weight, 0.0) for weight in weights]
    if not sum(weights):
        raise KoubeiError("weights", "nobody to take a mean of", got=str(weights))
    changes: dict[str, Any] = {}
    for module in modules:
        checks.one_of("neutral", module, able, "no value of its own keeps its level")
        kept = mechanisms.MODULES[module].kept
        assert kept is not None
        changes |= kept(scenario, weights)
    return changes


def active(scenario: Content) -> dict[str, bool]:
    """Return, for each module, whether it can have any effect in this scenario.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> active(Scenario())["rival"]
    False
    """
    modules = [*MODULES, *(mechanism.name for mechanism in scenario.mechanisms)]
    rows = {row.path: row for row in parameter_table(scenario)}

    def without(module: str) -> Content:
        return scenario.from_dict(set_paths(scenario, neutral_paths(scenario, [module], rows)))

    return {module: without(module) != scenario for module in modules}


def _matches(path: str, pattern: str) -> bool:
    steps, wanted = path.split("."), pattern.split(".")
    return len(steps) == len(wanted) and all(w in ("*", s) for s, w in zip(steps, wanted))

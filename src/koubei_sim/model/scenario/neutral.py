"""Switching mechanisms off exactly: each module of the model and the parameters it hangs on.

A module at its neutral value leaves a run as if the module did not exist.  The neutral values
themselves stand at the parameters (`fields.parameter`); here is only which parameters belong to
a module.  Called by `Scenario.neutral` and by knock-out studies.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.model.scenario.fields import STRUCTURE

if TYPE_CHECKING:
    from koubei_sim.model.scenario.scenario import Scenario

MODULES: Final[dict[str, tuple[str, ...]]] = {
    "activity": ("segments.*.activity_sigma", "participation.online"),
    "attention": ("segments.*.reading_budget", "channels.*.background_load"),
    "awareness": ("market.aware_at_start",),
    "churn": ("service.churn",),
    "complaints": ("service.complaint",),
    "decay": ("channels.*.half_life", "loyalty.base_half_life"),
    "effort": ("products.*.effort",),
    "events": ("events",),
    "fatigue": ("telling.repeat_fatigue", "participation.join_fatigue"),
    "fidelity": ("channels.*.fidelity",),
    "gate": ("market.open_to_all", "market.admission"),
    "homophily": ("channels.*.network.homophily",),
    "honour": ("loyalty.honour_gain", "loyalty.release_story"),
    "lapse": ("service.lapse",),
    "leak": ("hearing.memory_half_life", "hearing.awareness_half_life"),
    "learning": ("products.*.learn_quality", "products.*.learn_difficulty"),
    "loyalty": ("loyalty.bonus",),
    "media": ("media",),
    "meetings": ("events.*.offline",),
    "negativity": ("telling.negativity",),
    "novelty": ("telling.novelty_half_life",),
    "participation": ("participation.join",),
    "price": ("products.*.price",),
    "referral": ("telling.referral_reward",),
    "reinforcement": ("segments.*.reinforcement", "segments.*.reinforcement_share"),
    "rejection": ("market.rejection",),
    "relays": ("telling.relay",),
    "replies": ("channels.*.reply",),
    "returns": ("market.rejected_return", "market.replacement_days", "service.lapsed_return"),
    "rival": ("market.rival",),
    "service": ("channels.*.service_capacity",),
    "stories": ("nodes.*.fun", "loyalty.release_story"),
    "supply": ("supply.enabled",),
    "taint": ("participation.reward_taint", "participation.report_loss"),
    "taste": ("market.taste_sd", "market.off_taste"),
    "tiers": ("telling.tier_factor", "telling.credibility"),
    "ties": ("channels.*.tie", "channels.*.tie_floor"),
    "waiting": ("telling.waiting",),
}


def neutral_paths(scenario: Scenario, modules: Iterable[str]) -> dict[str, Any]:
    """Return dotted paths and neutral values of the named modules for this scenario.

    Raises
    ------
    KoubeiError
        For a module that does not exist.
    """
    from koubei_sim.model.scenario.parameters import parameter_table

    rows = {row.path: row for row in parameter_table(scenario)}
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
            if pattern in ("events", "media"):
                changes[pattern] = {}
                continue
            if pattern == "market.rival":
                changes[pattern] = ()
                continue
            for path, row in rows.items():
                if _matches(path, pattern) and row.neutral != STRUCTURE:
                    changes[path] = row.neutral
    emptied = [f"{name}." for name in ("events", "media") if name in changes]
    return {path: value for path, value in changes.items() if not path.startswith(tuple(emptied))}


def active(scenario: Scenario) -> dict[str, bool]:
    """Return, for each module, whether it can have any effect in this scenario.

    Examples
    --------
    >>> from koubei_sim.model.scenario import Scenario
    >>> active(Scenario())["rival"]
    False
    """
    modules = [*MODULES, *(mechanism.name for mechanism in scenario.mechanisms)]
    return {module: scenario.neutral(module) != scenario for module in modules}


def _matches(path: str, pattern: str) -> bool:
    steps, wanted = path.split("."), pattern.split(".")
    return len(steps) == len(wanted) and all(w in ("*", s) for s, w in zip(steps, wanted))

"""What a plan file may say: a plan as TOML, every word checked before anything runs.

Called by ``koubei plan`` and by people.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, model_validator

from koubei_sim.checks import path as path_of
from koubei_sim.errors import KoubeiError
from koubei_sim.studies.design.priors import prior_sample
from koubei_sim.studies.design.study_file import Flat, OfScenario, Real, Whole, YesNo, entry, flat
from koubei_sim.studies.design.study_file import table as table_of
from koubei_sim.studies.sweep.sweep import Ensemble


def _named(value: Any) -> dict[str, dict[str, Any]]:
    """Return the changes of each design by dotted path."""
    return {str(name): flat(table_of(changes)) for name, changes in table_of(value).items()}


Designs = Annotated[dict[str, dict[str, Any]], BeforeValidator(_named)]


class PlanFile(OfScenario):
    """What a plan file may say."""

    designs: Designs | None = entry(None, "Name -> changes at dotted paths")
    levers: Flat | None = entry(None, "Levels by dotted path: every combination is a design")
    worlds: Whole | None = entry(None, "How many worlds, that differ in luck alone", low=2)
    prior: Ensemble | None = entry(None, "Worlds over the prior of the assumptions")
    value_per_user: Real | None = entry(None, "Money that a user at the end is worth", low=0.0)
    prices: Flat = entry({}, "Prices by dotted path")
    budget: Real | None = entry(None, "Money at most", low=0.0)
    currency: str | None = entry(None, "What money is called")
    outcome: str | None = entry(None, "What decides in the place of the profit")
    replicates: Whole = entry(1, "Runs of each design in each world", low=1)
    racing: YesNo = entry(False, "Whether designs that are surely not the best are dropped")
    error: Real = entry(0.05, "Chance at most that the best is dropped", high=0.5, above=0.0)
    bounds: tuple[float, float] | None = entry(None, "Least and most that the outcome can be")
    rng: Whole | None = entry(None, "The one key of all worlds", low=0)

    @model_validator(mode="after")
    def _one_of_two(self) -> PlanFile:
        for one, other in (("designs", "levers"), ("worlds", "prior")):
            if (getattr(self, one) is None) == (getattr(self, other) is None):
                raise KoubeiError(
                    "",
                    f"needs either {one} or {other}",
                    got="neither" if getattr(self, one) is None else "both",
                    fix=f"[{one}]" if one == "designs" else "worlds = 64",
                )
        return self


def read_plan(file: str | Path) -> dict[str, Any]:
    """Read a plan file.

    Parameters
    ----------
    file : path
        TOML; the path of the scenario in it is relative to it.

    Returns
    -------
    dict
        Arguments of `plan`.

    Raises
    ------
    KoubeiError
        One line for the first thing that is wrong.
    """
    path = path_of("file", file)
    asked = PlanFile.read(path)
    base = asked.base(path)
    designs: Any = asked.levers if asked.designs is None else asked.designs
    worlds: Any = asked.worlds
    if asked.prior is not None:
        prior = asked.prior
        chosen = prior.paths if prior.ranges is None else prior.ranges
        worlds = prior_sample(base, prior.points, chosen, prior.spread, cast(Any, prior.method))
    return {
        "scenario": base,
        "designs": designs,
        "worlds": worlds,
        "value_per_user": asked.value_per_user,
        "prices": asked.prices or None,
        "budget": asked.budget,
        "currency": asked.currency,
        "outcome": asked.outcome,
        "replicates": asked.replicates,
        "racing": asked.racing,
        "error": asked.error,
        "bounds": asked.bounds,
        "rng": asked.rng,
    }

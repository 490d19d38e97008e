"""The attributes of daily tables: where they come from, and the recipe that makes them again.

They travel with the tables into files of other tools (netCDF, Zarr) and back.  No clock and no
path stands in them, so the same run gives the same bytes.  Called by `result` and `simulate`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.changes import differences

#: The attribute that `koubei_sim.run` reads.
RECIPE: Final = "recipe"


def attributes_from(recipe: Mapping[str, Any], scenario: Scenario) -> dict[str, Any]:
    """Return attributes for a Dataset: plain text and numbers, as all its formats can hold them.

    ``title``, ``source`` (this library and its version), ``key`` (as text: it has 64 bits),
    ``replicates``, ``engine``, ``scenario`` (TOML), ``changes`` (JSON, by dotted path: what is not
    as in the preset of that name; only where there is one), ``recipe`` (JSON, all of it).
    """
    people = scenario.n_agents * scenario.people_per_agent
    found = {
        "title": f"{scenario.name}: {people:,.0f} people, {scenario.ticks} days",
        "source": f"koubei_sim {recipe['versions']['koubei_sim']}",
        "key": str(recipe["key"]),
        "replicates": recipe["replicates"],
        "engine": recipe["engine"],
        "scenario": scenario.to_toml(),
        RECIPE: _text(recipe),
    }
    if scenario.name in Scenario.presets():
        gap = differences(Scenario.load(scenario.name), scenario)
        found["changes"] = _text({path: ours for path, (_, ours) in gap.items()})
    return found


def _text(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)


def recipe_in(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the recipe that the attributes of a Dataset hold.

    Raises
    ------
    KoubeiError
        Where it was changed into something else.
    """
    try:
        found = json.loads(attributes[RECIPE])
        if not {"scenario", "key"} <= set(found):
            raise ValueError("no scenario and key")
    except (TypeError, ValueError) as error:
        raise KoubeiError("recipe", f"not the recipe of a result ({error})") from None
    return dict(found)

"""Who the people are: drawn from the segments of a scenario, or told by a table of people.

`drawing` draws them; `reading` takes tables from files and other libraries; `naming` finds which
row of a table is whom; `columns` makes people of a table.  Called by `build` and `results`.
"""

from __future__ import annotations

from koubei_sim.model.world.population.columns import people_frame, population_from_table
from koubei_sim.model.world.population.drawing import (
    Population,
    draw_population,
    level_thresholds,
    lognormal_classes,
    normal_classes,
    population_replicate,
)
from koubei_sim.model.world.population.naming import Who, match
from koubei_sim.model.world.population.reading import as_table, notes_of_table, read_agents

__all__ = [
    "Population",
    "Who",
    "as_table",
    "draw_population",
    "level_thresholds",
    "lognormal_classes",
    "match",
    "normal_classes",
    "notes_of_table",
    "people_frame",
    "population_from_table",
    "population_replicate",
    "read_agents",
]

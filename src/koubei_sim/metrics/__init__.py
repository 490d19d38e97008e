"""Measures of a finished run: pure functions of histories, nothing else.

Most take one `model.world.arrays.History` (``result.histories[r]``) and return arrays or a named
tuple; `summary` and `pyramid` take a whole `Result` and put intervals over replicates on them.
May import the numbers shared by the engines and the errors; must not know `results`, which shows
some of these measures.

Called by `results`, `plots` and the command line, and by people.
"""

from koubei_sim.metrics.costs import PURPOSES, cumulative, spend
from koubei_sim.metrics.forest import (
    Forest,
    ForestSummary,
    Reproduction,
    Trees,
    children,
    forest_summary,
    k_factor,
    offspring_counts,
    recruitment_forest,
    reproduction_number,
    seeds_of,
    trees,
)
from koubei_sim.metrics.hurdle import chance, log_interval, paired_chances
from koubei_sim.metrics.indices import (
    adoptions,
    awareness_index,
    daily_active_share,
    first_day,
    loyalty_index,
    net_promoter_share,
    purity_by_tier,
    reputation_index,
    take_off_day,
    took_off,
)
from koubei_sim.metrics.intervals import Interval, mean_interval, wilson
from koubei_sim.metrics.measuring import (
    Dated,
    check_measure,
    dated_value,
    days_of,
    is_dated,
    kept_measure,
    measure,
    measures,
    read_dated,
)
from koubei_sim.metrics.overview import (
    OUTCOMES,
    Told,
    check_observed,
    luck_of,
    offset,
    outcomes,
    period_ends,
    pyramid,
    summary,
    taken_of,
    told,
    with_horizon,
)
from koubei_sim.metrics.runs import block, die_hard_and_core, loyal_and_above, users
from koubei_sim.metrics.staying import (
    BehaviourTiers,
    Retention,
    Spells,
    behaviour_tiers,
    retention,
    spells,
)
from koubei_sim.metrics.steps import Funnel, funnel

__all__ = [
    "OUTCOMES",
    "PURPOSES",
    "BehaviourTiers",
    "Dated",
    "Forest",
    "ForestSummary",
    "Funnel",
    "Interval",
    "Reproduction",
    "Retention",
    "Spells",
    "Told",
    "Trees",
    "adoptions",
    "awareness_index",
    "behaviour_tiers",
    "block",
    "chance",
    "check_measure",
    "check_observed",
    "children",
    "cumulative",
    "daily_active_share",
    "dated_value",
    "days_of",
    "die_hard_and_core",
    "first_day",
    "forest_summary",
    "funnel",
    "is_dated",
    "k_factor",
    "kept_measure",
    "log_interval",
    "loyal_and_above",
    "loyalty_index",
    "luck_of",
    "mean_interval",
    "measure",
    "measures",
    "net_promoter_share",
    "offset",
    "offspring_counts",
    "outcomes",
    "paired_chances",
    "period_ends",
    "purity_by_tier",
    "pyramid",
    "read_dated",
    "recruitment_forest",
    "reproduction_number",
    "reputation_index",
    "retention",
    "seeds_of",
    "spells",
    "spend",
    "summary",
    "take_off_day",
    "taken_of",
    "told",
    "took_off",
    "trees",
    "users",
    "wilson",
    "with_horizon",
]

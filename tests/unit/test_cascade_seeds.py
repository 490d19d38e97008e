"""Seeds of several brands: those named come before those drawn."""

from __future__ import annotations

import numpy as np
import pytest

from koubei_sim.cascades import RandomSeeds
from koubei_sim.cascades.seeds import SeedPlan
from koubei_sim.errors import KoubeiError


@pytest.mark.parametrize("drawn", ["a", "b"])
def test_drawn_seeds_keep_off_the_lists_of_the_other_brand(drawn: str) -> None:
    """Catches random seeds of an earlier brand that take a person named for a later one."""
    lists = [[k % 4, 4 + k % 2] for k in range(50)]
    other = "b" if drawn == "a" else "a"
    plan = SeedPlan({drawn: RandomSeeds(2), other: lists}, 6, ("a", "b"), 50, 0)
    seeds = plan.arrays(7, 0, 50)
    for k in range(50):
        people = seeds.people[seeds.starts[k] : seeds.starts[k + 1]]
        kinds = seeds.kinds[seeds.starts[k] : seeds.starts[k + 1]]
        assert np.unique(people).size == 4
        assert sorted(people[kinds == "ab".index(other)].tolist()) == sorted(lists[k])


def test_a_person_named_for_two_brands_is_refused_in_either_order() -> None:
    """Catches a list for all that is not compared with a list for each."""
    for brands in (("a", "b"), ("b", "a")):
        plan = SeedPlan({"a": [1], "b": [[1], [2]]}, 6, brands, 2, 0)
        with pytest.raises(KoubeiError, match="two brands"):
            plan.arrays(7, 0, 2)

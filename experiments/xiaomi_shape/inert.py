"""Count the doubtful parameters of the preset `xiaomi` that change no byte of a run.

``python experiments/xiaomi_shape/inert.py`` (a minute on two cores) moves each parameter
of `prior_sample("xiaomi", ...)` to both ends of its range, under the same draws, and prints those
whose daily table and event log stay as they were.  A parameter that never acts is no assumption.
"""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor

import koubei_sim as kb

#: Enough for every mechanism to act: a tenth of the people, in a world that takes off.
SMALL = {"n_agents": 100_000, "people_per_agent": 5.0}
KEY = 20100816
#: Prices never act on people; what they are spent on does.
PRICES = ("costs.", "cost", "recruit_cost")


def main() -> None:
    """Run both ends of every range, and print what did not matter."""
    warnings.simplefilter("ignore")
    base = kb.Scenario.load("xiaomi").replace(**SMALL)
    ranges = kb.prior_sample(base, 2).ranges
    acting = {
        path: found
        for path, found in ranges.items()
        if not path.startswith(PRICES[0]) and not path.split(".")[-1].startswith(PRICES[1:])
        and not path.endswith("cost") and "cost_per" not in path
    }  # fmt: skip
    neutral = kb.run(base, rng=KEY, progress=False, threads=1).digest()

    def moved(path: str) -> bool:
        for end in (acting[path].low, acting[path].high):
            changed = base.replace(**{path: end})
            if kb.run(changed, rng=KEY, progress=False, threads=1).digest() != neutral:
                return True
        return False

    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(acting, pool.map(moved, acting), strict=True))
    still = [path for path, acted in found.items() if not acted]
    print(f"{len(ranges)} doubtful parameters, {len(ranges) - len(acting)} of them prices")
    print(f"exactly inert: {len(still)} of {len(acting)}")
    for path in still:
        print(f"  {path} = {acting[path].low:g} .. {acting[path].high:g}")


if __name__ == "__main__":
    main()

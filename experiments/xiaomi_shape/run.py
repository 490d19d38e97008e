"""Run the preset `xiaomi` and write the shape of its pyramid after two years.

``python experiments/xiaomi_shape/run.py [--replicates 24]`` writes `shape.csv` (one row a
replicate) beside this file and prints the summary quoted in the README.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

import koubei_sim as kb
from koubei_sim.model.mechanisms import TABLE_OFFSET

HERE = Path(__file__).parent


def main() -> None:
    """Run, tabulate, summarise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=24)
    options = parser.parse_args()
    result = kb.run("xiaomi", replicates=options.replicates, rng=20100816, threads=2)
    stage, tier = TABLE_OFFSET["stage"], TABLE_OFFSET["tier"]
    rows = []
    for replicate, history in enumerate(result.histories):
        users = history.table[:, stage + 3]
        tiers = history.table[-1, tier : tier + 4]
        adopted = np.flatnonzero(users >= 10_000)
        rows.append(
            {
                "replicate": replicate,
                "users_day_30": users[30],
                "users_day_365": users[365],
                "users_day_729": users[-1],
                "loyal_and_above": tiers[1:].sum(),
                "die_hard_and_above": tiers[2:].sum(),
                "day_of_10000_users": adopted[0] if adopted.size else -1,
            }
        )
    table = pd.DataFrame(rows)
    table.to_csv(HERE / "shape.csv", index=False)
    print(table.to_string(index=False))
    grown = table[table.day_of_10000_users >= 0]
    print(f"reached 10,000 users: {len(grown)} of {len(table)}")
    if len(grown):
        late = grown[grown.day_of_10000_users <= 550]
        print(
            f"of {len(late)} that did by day 550, users : loyal : die-hard = 100 : "
            f"{100 * (late.loyal_and_above / late.users_day_729).mean():.2f} : "
            f"{100 * (late.die_hard_and_above / late.users_day_729).mean():.3f}"
        )


if __name__ == "__main__":
    main()

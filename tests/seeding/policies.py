"""A stored table of what 24 seeding policies bring in preset `tiny`, and how it is made anew.

``python -m tests.seeding.policies`` (three minutes) writes ``policies.csv``: loyal fans on day 60
of each policy (a column) in each of 160 replicates (a row) of key 16.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import koubei_sim as kb

FILE = Path(__file__).with_suffix(".csv")
OUTCOME = "loyal@60"
LEVERS: dict[str, list[Any]] = {
    "seeding.strategy": ["random", "degree", "kshell", "nomination", "community", "staff_friends"],
    "seeding.purity": [0.1, 0.5, 0.9, 1.0],
}


def made(replicates: int) -> pd.DataFrame:
    """Return the first rows of the table, run now."""
    found = kb.sweep("tiny", LEVERS, replicates=replicates, outcomes=[OUTCOME], rng=16, threads=1)
    names = [" ".join(map(str, levels)) for levels in product(*LEVERS.values())]
    return pd.DataFrame(found.values(OUTCOME).T.astype(np.int64), columns=names)


if __name__ == "__main__":
    made(160).to_csv(FILE, index=False, lineterminator="\n")

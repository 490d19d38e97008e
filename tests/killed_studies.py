"""Small studies of every kind, each to the bytes of what it found, for processes that are killed.

``python -m tests.killed_studies FOLDER NAME...`` runs some, each into a folder of its own and with
a file for each run, so that there are many moments to kill it; one that has its bytes already
is left out.  Called by `tests/studies/test_studies_killed.py`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import koubei_sim as kb
from koubei_sim.metrics import adoptions, spend
from koubei_sim.runs.archive import history_digest
from koubei_sim.studies.claims import claim
from koubei_sim.studies.sweep import backends

TINY = kb.Scenario.load("tiny").replace(n_agents=300, ticks=15, **{"seeding.number": 10})
CAMPAIGN = {"media.account.start": 2, "media.account.visibility": 0.5}
MORE = TINY.replace(**CAMPAIGN)
ARMS = {"as it is": TINY, "advertised": MORE}
SEVEN = ["relays", "events", "media", "replies", "fatigue", "novelty", "negativity"]
CLAIM = """
id = "K1"
title = "Own media bring people"
statement = "Own media bring people."
source = "a test"
[market]
scenario = "tiny"
[market.set]
n_agents = 300
ticks = 15
seeding.number = 10
[prior]
points = 6
given = "all"
[null]
off = ["relays"]
[ladder]
modules = ["relays", "events"]
replicates = 4
[stability]
agents = [200]
worlds = [3]
[arms.with]
media.account.visibility = 0.9
media.account.start = 2
[arms.without]
media.account.visibility = 0.0
[[tests]]
id = "users"
main = true
statement = "more users"
outcome = "users"
smallest = 0.1
claimed = "with"
"""


def profit(history: Any, scenario: kb.Scenario) -> float:
    """A hundred for each adopter, less what was spent."""
    spent = sum(part.sum() for part in spend(history, scenario).values())
    return 100.0 * float(adoptions(history).sum()) - float(spent)


def compared(**how: Any) -> bytes:
    found = kb.compare(ARMS, 12, rng=7, precision=0.1, at_most=24, **how)
    return "".join(history_digest(run.histories) for run in found.runs.values()).encode()


def knocked(**how: Any) -> bytes:
    found = kb.knock_out(TINY, ["relays", "events", "media"], "adoptions", 8, rng=7, **how)
    return numbers(found.whole, found.alone, found.ladder)


def knocked_by_function(**how: Any) -> bytes:
    found = kb.knock_out(TINY, ["relays", "events"], profit, 6, rng=7, **how)
    return numbers(found.whole, found.alone, found.ladder)


def shared(**how: Any) -> bytes:
    found = kb.shapley(TINY, ["relays", "events", "media"], "users", 6, rng=7, **how)
    return numbers(found.shares, found.effect)


def shared_by_orders(**how: Any) -> bytes:
    found = kb.shapley(TINY, SEVEN, "adoptions", 3, rng=7, orders=2, **how)
    return numbers(found.shares, found.effect)


def attributed(**how: Any) -> bytes:
    found = kb.attribution(ARMS, ["relays", "media"], "adoptions", replicates=8, rng=7, **how)
    return numbers(found.whole, found.alone, found.ladder)


def broken_even(**how: Any) -> bytes:
    found = kb.break_even(
        TINY, CAMPAIGN, "media.account.cost_per_day", 0.0, 4000.0, profit, 4, rng=7,
        tolerance=200.0, **how,
    )  # fmt: skip
    every = [numbers(np.array([value]), effect) for value, effect in sorted(found.effects.items())]
    return numbers(np.array([found.value, found.low, found.high])) + b"".join(every)


def sensitive(**how: Any) -> bytes:
    paths = ["seeding.purity", "telling.relay", "channels.forum.tell"]
    found = kb.sensitivity(TINY, paths, outcome=["users", "adoptions"], rng=7, **how)
    return numbers(found.values("users"), found.values("adoptions"))


def claimed(out: Path | None = None, **how: Any) -> bytes:
    if out is None:
        raise ValueError("a claim needs a folder")
    out.mkdir(exist_ok=True)
    (out / "claim.toml").write_text(CLAIM, encoding="utf-8")
    found = claim(out, out=out / "outputs", **how)
    kept = {name: values.tobytes().hex() for name, values in found.worlds.items()}
    return json.dumps([found.content, kept], sort_keys=True).encode()


def numbers(*arrays: Any) -> bytes:
    return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)


STUDIES: dict[str, Callable[..., bytes]] = {
    "compare": compared,
    "knock_out": knocked,
    "knock_out by a function": knocked_by_function,
    "shapley": shared,
    "shapley by orders": shared_by_orders,
    "attribution": attributed,
    "break_even": broken_even,
    "sensitivity": sensitive,
    "claim": claimed,
}

if __name__ == "__main__":
    backends.MOST_RUNS = 1
    for study in sys.argv[2:]:
        goal = Path(sys.argv[1]) / study
        if not goal.with_suffix(".bytes").is_file():
            made = STUDIES[study](out=goal, threads=2)
            goal.with_suffix(".bytes").write_bytes(made)

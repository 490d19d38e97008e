"""What is advised about tables of people, held-out groups, controls and power."""

from __future__ import annotations

from typing import Any

from tests.doors.advice_calls import Trial, said, write

import koubei_sim as kb

NAMED = [("b", "a"), ("c", "b"), ("d", "b")]
PEOPLE = {"id": list("abcd"), "time": [1, 2, None, 3]}
TABLE = {"who": [1, 2, 3, 4], "id": list("abcd"), "time": [1, 2, None, 3]}
RECORD = kb.Diffusion(
    kb.networks.ring(12, 2), [0, 1, 1, 3, None, None, 2, 1, 0, 3, None, 2], until=3
)
MEETINGS = kb.TemporalNetwork.from_contacts([0, 1, 2], [1, 2, 3], [0.0, 1.0, 2.0], 4)
MET = kb.Diffusion(MEETINGS, [0, 1, 2, None], until=3, groups=[0, 0, 1, 1])
FORMULA = "constant + ties(share)"


def listed(**ends: str) -> Any:
    """Ties in a frame whose columns have names of their own."""
    import pandas as pd

    frame = pd.DataFrame(NAMED, columns=["asked", "friend"])
    return kb.read_diffusion(frame, PEOPLE, **ends)  # type: ignore[arg-type]


def from_files(*words: str) -> None:
    write("asked,friend\nb,a\nc,b\n", "ties.csv")
    write("id,time\na,1\nb,2\nc,\n", "people.csv")
    said("hazard", "ties.csv", "people.csv", "--formula", FORMULA, *words)


def met(controls: str) -> Any:
    return kb.judge(MET, FORMULA, 2, controls=controls, draws=2, worlds=20, rivals=[], rng=1)


TRIED: dict[str, Trial] = {
    "'--ends from,to'": (
        lambda: from_files("--ends", "asked"),
        lambda: from_files("--ends", "asked,friend"),
    ),
    "\"controls='times shuffled'\"": (lambda: met("rewired"), lambda: met("times shuffled")),
    "'folds=5'": (
        lambda: kb.judge(RECORD, FORMULA, rivals=[], worlds=20, rng=1),
        lambda: kb.judge(RECORD, FORMULA, folds=5, rivals=[], worlds=20, rng=1),
    ),
    "'values=[0, 0.1]'": (
        lambda: kb.power(RECORD, FORMULA),
        lambda: kb.power(RECORD, FORMULA, values=[0, 0.1], worlds=2),
    ),
    "\"{'ties(share)': 0.1}\"": (
        lambda: kb.power(RECORD, FORMULA, {"ties(share)": 0.1, "constant": 0.1}),
        lambda: kb.power(RECORD, FORMULA, {"ties(share)": 0.1}, worlds=2),
    ),
    "'another column of names (id=)'": (
        lambda: kb.read_diffusion([(11, 12)], TABLE, id="who"),
        lambda: kb.read_diffusion(NAMED, TABLE, id="id"),
    ),
    "'source= and target=, the two columns of people'": (
        listed,
        lambda: listed(source="asked", target="friend"),
    ),
    "\"strangers='drop'\"": (
        lambda: kb.read_diffusion([*NAMED, ("a", "x")], PEOPLE),
        lambda: kb.read_diffusion([*NAMED, ("a", "x")], PEOPLE, strangers="drop"),
    ),
}

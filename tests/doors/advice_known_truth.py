"""What is advised about records of worlds, experiments and last touch."""

from __future__ import annotations

import numpy as np
from tests.doors.advice_calls import MEETINGS, PATH, Trial, ran

import koubei_sim as kb

RECORD = kb.Diffusion(PATH, [1, 2, None], until=3)
BASS = kb.Bass(0.1, 0.2)
RING = kb.networks.ring(40, 4)
TIMED = ran(PATH, kb.Bass(0.1, 0.2, dt=1.0), record=["times"], horizon=3)
BARE = ran(PATH, kb.Bass(0.1, 0.2, dt=1.0), horizon=3)


def tried(**named: object) -> kb.evidence.Experiment:
    words: dict[str, object] = {"network": RING, "rule": BASS, "change": {"q": 2.0}, "worlds": 2,
                                "estimators": ["difference"], "rng": 1}  # fmt: skip
    return kb.experiment(**words | named)  # type: ignore[arg-type]


TRIED: dict[str, Trial] = {
    "'d.replace(network=network)'": (
        lambda: kb.observe(RECORD, network=MEETINGS),
        lambda: kb.observe(RECORD.replace(network=MEETINGS)),
    ),
    "'network=network'": (
        lambda: kb.observe(TIMED),
        lambda: kb.observe(TIMED, network=PATH),
    ),
    "'record=[\"times\"]'": (
        lambda: kb.observe(BARE, network=PATH),
        lambda: kb.observe(TIMED, network=PATH),
    ),
    "'d.replace(seeds=seeds)'": (
        lambda: tried(network=RECORD, seeds=[0]),
        lambda: tried(network=RECORD.replace(seeds=[0])),
    ),
    "'on=\"listener\"'": (
        lambda: tried(change={"p": 2.0}, on="teller"),
        lambda: tried(change={"p": 2.0}, on="listener"),
    ),
    "'kb.clusters(network, size=20)'": (
        lambda: tried(assign=[np.zeros(40, int)]),
        lambda: tried(assign=[kb.clusters(RING, size=10)]),
    ),
    "'kb.run(\"tiny\")'": (
        lambda: kb.evidence.last_touch("tiny"),  # type: ignore[arg-type]
        lambda: kb.evidence.last_touch(kb.run("tiny", rng=1, ticks=60, n_agents=300)),
    ),
}

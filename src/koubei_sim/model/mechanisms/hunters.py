"""hunters: some of those who join a node are there for the reward alone."""

from __future__ import annotations

from dataclasses import dataclass

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    Column,
    IntArray,
    Made,
    Mechanism,
    Module,
    Purpose,
)
from koubei_sim.model.mechanisms.fields import Part, Real, fraction
from koubei_sim.model.mechanisms.numbers import threshold, whole

DRAW_HUNTER = Purpose(127, "0, node")
T_HUNTED = Column(322, "hunted", "participations for the reward alone")


class Hunters(Part):
    """Of participation: people who are there for the reward alone."""

    hunting: Real = fraction(
        0.0,
        "how far those who join are there for the reward: their share at a node is this times "
        "rewarding / (rewarding + need)",
    )


@dataclass(frozen=True)
class HunterRules(Record):
    """Who is there for the reward."""

    hunters32: IntArray  # [J]


def numbers(made: Made) -> HunterRules:
    """Return who is there for the reward."""
    hunting = made.scenario.participation.hunting
    return HunterRules(
        hunters32=whole(
            threshold(hunting * n.rewarding / (n.rewarding + n.need)) if n.rewarding > 0 else 0
            for n in made.scenario.nodes.values()
        )
    )


HUNTERS = Mechanism(
    "hunters",
    numbers=numbers,
    columns=(T_HUNTED,),
    purposes=(DRAW_HUNTER,),
    modules=(
        Module("hunters", ("participation.hunting",), "some join for the reward", "为奖而来的人"),
    ),
)

"""registration: who becomes a member of a board, and when; many who are never post."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.core.codes import MAX_CHANNELS
from koubei_sim.model.mechanisms.declaration import (
    Bits,
    Column,
    IntArray,
    Made,
    Mechanism,
    Module,
    Purpose,
    arrays,
    set_of_people,
)
from koubei_sim.model.mechanisms.fields import Part, Real, fraction
from koubei_sim.model.mechanisms.numbers import fixed16, threshold

DRAW_JOIN_BOARD = Purpose(13, "0, channel")
DRAW_MEMBER_AT_START = Purpose(53, "0, channel")
DRAW_REGISTER = Purpose(54, "tick, channel")
DRAW_LURK = Purpose(55, "0, channel")
T_REGISTERS = Column(192, "registers", "members by interest, before any use", "channel")


class Registration(Part):
    """Of a channel: becoming a member (boards)."""

    join_on_adoption: Real = fraction(0.0, "probability that a new user becomes a member (boards)")
    members_at_start: Real = fraction(
        1.0,
        "share of those who belong there that are members on the first day (boards)",
        neutral=1.0,
    )
    interest: Real = fraction(
        0.0,
        "probability that one who belongs there, and is aware, registers on a day online (boards)",
    )
    lurkers: Real = fraction(0.0, "share of members who never post (boards)")


@dataclass(frozen=True)
class RegistrationRules(Record):
    """Who is a member at first, who becomes one, who posts."""

    start32: IntArray  # [8] of those who belong there
    register16: IntArray  # [8] on a day online
    join_board32: IntArray  # [8]
    lurk32: IntArray  # [8]


@arrays
class RegistrationState(Record):
    """Bit i of board c: belongs there, and was no member at the start."""

    outside: Bits = set_of_people(MAX_CHANNELS)


def numbers(made: Made) -> RegistrationRules:
    """Return who is a member at first, who becomes one, who posts."""
    by = made.by_channel
    return RegistrationRules(
        start32=by(np.int64, lambda c: threshold(c.members_at_start)),
        register16=by(np.int64, lambda c: fixed16(c.interest)),
        join_board32=by(np.int64, lambda c: threshold(c.join_on_adoption)),
        lurk32=by(np.int64, lambda c: threshold(c.lurkers)),
    )


REGISTRATION = Mechanism(
    "registration",
    numbers=numbers,
    state=RegistrationState,
    columns=(T_REGISTERS,),
    purposes=(DRAW_JOIN_BOARD, DRAW_MEMBER_AT_START, DRAW_REGISTER, DRAW_LURK),
    modules=(
        Module(
            "registration",
            ("channels.*.members_at_start", "channels.*.interest"),
            "members of a board register one by one",
            "论坛成员逐个注册",
        ),
        Module("lurkers", ("channels.*.lurkers",), "many members never post", "许多成员只看不发"),
    ),
)

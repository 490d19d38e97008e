"""registration: members of a board at the start, by interest and as they become users; lurkers.

Called when people are made, by decide, adoption and tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import AWARE
from koubei_sim.model.mechanisms.registration import (
    DRAW_JOIN_BOARD,
    DRAW_LURK,
    DRAW_MEMBER_AT_START,
    DRAW_REGISTER,
    T_REGISTERS,
)

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid

CERTAIN = 1 << 32


def first_members(model: Pyramid) -> None:
    """Leave on each board only those members who are there on the first day."""
    rules = model.rules
    for person in model.people:
        for c in person.belongs:
            if rules.is_board[c] and rules.start32[c] < CERTAIN:
                coin = model.coins.coin(DRAW_MEMBER_AT_START, 0, c, person.number)
                if coin >= rules.start32[c]:
                    person.channels.remove(c)


def open_boards(model: Pyramid, t: int, person: Person) -> list[int]:
    """Return the open boards that a person is no member of."""
    rules = model.rules
    return [
        c
        for c in range(rules.n_channels)
        if rules.is_board[c] and c not in person.channels and t >= rules.channel_opens[c]
    ]


def join_boards(model: Pyramid, t: int, person: Person) -> None:
    """Let a new user join open boards; the coin is the same whenever it adopts."""
    for c in open_boards(model, t, person):
        coin = model.coins.coin(DRAW_JOIN_BOARD, 0, c, person.number)
        if coin < model.rules.join_board32[c]:
            person.channels.add(c)


def register(model: Pyramid, day: Day) -> None:
    """Let those who are aware register where they belong, on a day online as it were."""
    for person in model.people:
        if person.stage != AWARE:
            continue
        for c in open_boards(model, day.t, person):
            limit = (person.online_threshold + 1) * model.rules.register16[c] >> 16
            coin = model.coins.coin(DRAW_REGISTER, day.t, c, person.number)
            if c in person.belongs and coin < limit:
                person.channels.add(c)
                day.row[T_REGISTERS + c] += 1


def lurks(model: Pyramid, person: Person, c: int) -> bool:
    """Say whether a member of a board never posts there."""
    rules = model.rules
    coin = model.coins.coin(DRAW_LURK, 0, c, person.number)
    return bool(rules.is_board[c]) and coin < rules.lurk32[c]

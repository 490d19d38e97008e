"""contests: the best of what was told on a channel wins a prize, and the others lose heart.

Called by age, after the meeting of the day and before events give their gain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.core.codes import USER
from koubei_sim.model.mechanisms.contests import DRAW_CONTEST, T_WINNERS
from koubei_sim.model.reference.engagement import (
    add_engagement,
    present_engagement,
    store_engagement,
)

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day, Telling
    from koubei_sim.model.reference.state import Pyramid


def settle_contests(model: Pyramid, day: Day) -> None:
    """Settle the contest of each channel that has one today."""
    if not model.rules.contests_on:
        return
    for c in range(model.rules.n_channels):
        if model.rules.contest_winners[c][day.t] > 0:
            settle(model, day, c)


def settle(model: Pyramid, day: Day, c: int) -> None:
    """Give the best on channel c their prize, and let the others lose a share of engagement.

    Tellers of all kinds compete; only those who are users now win or lose anything.
    """
    rules, t = model.rules, day.t
    entries = [x for x in day.tellings if x.channel == c and x.sign > 0]
    entries.sort(key=lambda entry: place(model, t, entry))
    best = entries[: rules.contest_winners[c][t]]
    for entry in entries:  # each is of another teller: in which order they come does not matter
        user = entry.teller
        if user.stage != USER:
            continue
        # Whoever stands no lower than the last of the best is one of them.
        if place(model, t, entry) <= place(model, t, best[-1]):
            day.row[T_WINNERS + c] += 1
            add_engagement(model, t, user, rules.contest_prize[c][t])
            user.last_story = t
        elif rules.contest_kept[c][t] != 1.0:
            kept = present_engagement(model, t, user) * rules.contest_kept[c][t]
            store_engagement(t, user, kept)


def place(model: Pyramid, t: int, entry: Telling) -> tuple[int, int]:
    """Return by what entries are ranked, the smallest first: appeal, then the coin of the day."""
    coin = model.coins.coin(DRAW_CONTEST, t, entry.channel, entry.teller.number)
    return -entry.appeal, coin

"""participate: users take part in what the maker opens to them (participation nodes).

Joining binds (reward, stickiness), informs (a report) and gives something to tell (a story).
Second step of the schedule, once per online user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from koubei_sim.model.mechanisms.hunters import DRAW_HUNTER, T_HUNTED
from koubei_sim.model.mechanisms.participation import DRAW_JOIN, DRAW_STORY, T_JOINS
from koubei_sim.model.reference.engagement import add_engagement, stick
from koubei_sim.model.reference.release import file_report
from koubei_sim.model.reference.segments import joins_as
from koubei_sim.model.reference.votes import note_vote

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid

MOST_JOINS = 255  # size of the table of fatigue


def participate(model: Pyramid, day: Day, user: Person) -> None:
    """Let one online user join nodes, in the order of their numbers."""
    for j in range(model.rules.n_nodes):
        if can_join(model, day, user, j) and joins(model, day, user, j):
            join(model, day, user, j)


def can_join(model: Pyramid, day: Day, user: Person, j: int) -> bool:
    """Say whether node j is open and lives where the user is (or nowhere in particular)."""
    rules = model.rules
    lives_on = rules.node_channel[j]
    return day.t >= rules.node_opens[j] and (lives_on < 0 or lives_on in user.channels)


def joins(model: Pyramid, day: Day, user: Person, j: int) -> bool:
    """Toss the coin of joining; every time before makes it less likely (fatigue)."""
    rules = model.rules
    fatigue16 = rules.join_fatigue16[user.joined[j]]
    threshold = (rules.join32[j][user.level] * fatigue16) >> 16
    threshold = joins_as(model, user, threshold)
    threshold = threshold * user.join16 >> 16
    return model.coins.coin(DRAW_JOIN, day.t, j, user.number) < threshold


def hunts(model: Pyramid, user: Person, j: int) -> bool:
    """Say whether a user joins node j for the reward alone: the same every time."""
    return model.coins.coin(DRAW_HUNTER, 0, j, user.number) < model.rules.hunters32[j]


def join(model: Pyramid, day: Day, user: Person, j: int) -> None:
    """Join node j: reward, stickiness, report, story, in this order."""
    rules, t = model.rules, day.t
    user.joined[j] = min(MOST_JOINS, user.joined[j] + 1)
    day.row[T_JOINS + j] += 1
    if hunts(model, user, j):  # is there for the reward alone
        day.row[T_HUNTED] += 1
        return
    note_vote(model, user, j)
    add_engagement(model, t, user, rules.node_reward[j])
    if rules.node_channel[j] >= 0:
        stick(model, t, user, rules.node_channel[j])
    if rules.node_reports[j]:
        file_report(model, day, user, j, rules.node_content16[j])
    if model.coins.coin(DRAW_STORY, t, j, user.number) < rules.story32[j]:
        user.story = j
        user.story_until = t + rules.story_life
        user.last_story = t

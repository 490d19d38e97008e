"""The phases of a tick one by one, for runs in several parts.

`schedule.advance` holds the same functions in one piece; a run of one part compiles nothing here.
Called by `model.compiled.parts` and by `partition`.
"""

from __future__ import annotations

from koubei_sim.core.compiling import kernel
from koubei_sim.model.kernels import age, decide, hear, online, release, schedule, serve, supply


@kernel
def begin_day(s, r, t, row):
    """For all: prepare the coins of the day, release what is due."""
    schedule.begin_day(s, r, t, row)


@kernel
def begin_part(s, r, t):
    """For a part whose products are released elsewhere: prepare lists and coins."""
    schedule.clear_lists(s)
    online.tick_bases(s, r, t)


@kernel
def take_turns(s, r, t, row):
    """For a part: who is online acts."""
    schedule.take_part_turns(s, r, t, row)


@kernel
def file_reports(s, r, product, lines):
    """For all: offer reports that a part collected to the pool of `product`."""
    release.file_reports(s, r, product, lines)


@kernel
def hear_all(s, r, t, row):
    """For a part: its people hear what all have told."""
    hear.hear(s, r, t, row)


@kernel
def finish_day(s, r, t, quality, difficulty, row):
    """For all: everything after hearing."""
    schedule.finish_day(s, r, t, quality, difficulty, row)


@kernel
def close_day(s, r, t, row):
    """For all: everything after hearing, but for writing it down."""
    schedule.close_day(s, r, t, row)


@kernel
def queue_up(s, r, t, row):
    """For all: choose who comes to the meeting, let complaints join their queues."""
    online.choose_attendees(s, r, t, row)
    serve.queue_up(s, r, t)


@kernel
def who_leaves_queues(s, r, t, out):
    """For all: list whom `answer_queues` will take out of the queues; return their number."""
    return serve.who_leaves_queues(s, r, t, out)


@kernel
def settle_claims(s, r, t, row):
    """For all: the claimed adopt or wait, invites are used, lots are drawn; return the winners."""
    decide.settle_claims(s, r, t, row)
    if r.supply_on == 1:
        supply.sell_on_invites(s, r, t, row)
        return supply.draw_lots(s, r, t)
    return 0


@kernel
def sell_and_answer(s, r, t, winners, row):
    """For all: sell to the winners, answer complaints."""
    if r.supply_on == 1:
        supply.sell_to_winners(s, r, t, winners, row)
    serve.answer_queues(s, r, t, row)


@kernel
def go_separate_ways(s, r, t, row):
    """For a part: some turn away, give up or leave, others return."""
    schedule.go_separate_ways(s, r, t, row)


@kernel
def grow_older(s, r, t):
    """For a part: meetings and events leave their mark, tiers are looked at again."""
    age.meet(s, r, t)
    age.reward_participants(s, r, t)
    age.review(s, r, t)


@kernel
def end_day(s, r, t, quality, difficulty, row):
    """For all: write the day down."""
    schedule.end_day(s, r, t, quality, difficulty, row)

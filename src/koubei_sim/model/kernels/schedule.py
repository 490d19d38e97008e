"""The schedule: the steps of a tick in the fixed order of docs/model.md, said once.

A tick is cut where people meet.  What nobody else's turn can change may be done for each part of
the people by itself; what depends on everybody is done once, for all.  One thread runs `advance`,
which has all steps in one piece (to call them one by one from Python costs a small world half as
much again); threads (`compiled.parts`) and machines (`runs.partition`) walk `SCHEDULE`.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from koubei_sim.core.compiling import kernel, part
from koubei_sim.model.kernels import (
    age,
    backlog,
    belonging,
    contests,
    copying,
    decide,
    dilution,
    events,
    forgetting,
    goods,
    leaving,
    meetings,
    online,
    press,
    registration,
    rejection,
    relays,
    release,
    returns,
    rival,
    seeding,
    serve,
    supply,
    surprises,
)
from koubei_sim.model.kernels.hear import hear
from koubei_sim.model.kernels.observe import observe


@part
def begin_part(s, r, t):
    """Forget yesterday's work lists and prepare the coins; log, reports and ties live longer."""
    for k in range(s.daily.size):
        s.daily[k] = 0
    s.n_log_before[0] = s.n_log[0]
    online.tick_bases(s, r, t)


@part
def begin_day(s, r, t, row):
    """Release what is due."""
    begin_part(s, r, t)
    dilution.look_back(s, r)
    backlog.morning(s, r, t, row)
    goods.morning(s, r, t)
    serve.on_duty(s, r, t)
    surprises.wrap(s, r, t)
    copying.look(s, r)
    belonging.look_around(s, r, t)
    released = release.release(s, r, t, row)
    if released or t in (0, r.open_to_all) or r.backlog_on == 1 or release.opens(r, t):
        release.fit_table(s, r, t)
    else:
        for k in range(r.n_products):
            if r.launch[k] == t:
                release.fit_table(s, r, t)


@part
def take_turns(s, r, t, row):
    """Online: people act, each for itself."""
    online.who_is_online(s, r)
    online.take_turns(s, r, t, row)


@part
def queue_up(s, r, t, row):
    """Choose who comes to the meeting; complaints join their queues."""
    meetings.choose_attendees(s, r, t, row)
    serve.queue_up(s, r, t)


@part
def settle_claims(s, r, t, row):
    """Let the claimed adopt, or wait; invites are used and lots drawn."""
    decide.settle_claims(s, r, t, row)
    supply.invite_and_draw(s, r, t)


@part
def sell_and_answer(s, r, t, row):
    """Sell to the winners, answer complaints."""
    supply.sell_to_winners(s, r, t, row)
    serve.answer_queues(s, r, t, row)


@part
def go_separate_ways(s, r, t, row):
    """Let those go who turn away, give up or leave, come back who return, and be won who is due."""
    rejection.turn_away(s, r, t, row)
    relays.begin_to_relay(s, r, t)
    rival.offer(s, r, t, row)
    returns.come_back(s, r, t, row)
    registration.register(s, r, t, row)
    supply.lose_patience(s, r, t, row)
    leaving.let_leavers_go(s, r, t, row)
    seeding.win_by_hand(s, r, t, row)
    goods.go_shopping(s, r, t, row)


@part
def grow_older(s, r, t, row):
    """Let meetings and events leave their mark, look at tiers again, and let people forget."""
    meetings.meet(s, r, t)
    contests.judge(s, r, t, row)
    events.reward_participants(s, r, t)
    events.forget_recruits(s)
    age.review(s, r, t)
    forgetting.forget(s, r, t, row)
    goods.sell_accessories(s, r, t, row)


@part
def end_day(s, r, t, row):
    """Write the day down."""
    dilution.remember(s, r, t, row)
    backlog.evening(s, r, row)
    goods.evening(s, r, t, row)
    press.evening(s, r, t, row)
    observe(s, r, t, row)


ALL, EACH, OWN = "all", "each part", "the user's own"


class Step(NamedTuple):
    """One step of a tick.

    Parameters
    ----------
    run : function or None
        ``run(s, r, t, row)``, compiled; None where mechanisms of the user's own are called.
    scope : str
        `ALL`: once, for everybody.  `EACH`: may be done for each part of the people by itself.
    holds : tuple of str
        The submodels of docs/model.md in it, or the moment of the user's own.
    long : bool
        Takes long enough for threads to be worth their start.
    """

    run: Any
    scope: str
    holds: tuple[str, ...]
    long: bool = False


SCHEDULE: Final = (
    Step(begin_day, ALL, ("release",)),
    Step(None, OWN, ("morning",)),
    Step(take_turns, EACH, ("participate", "tell"), long=True),
    Step(hear, EACH, ("hear",), long=True),
    Step(queue_up, ALL, ("serve",)),
    Step(settle_claims, ALL, ("decide", "supply")),
    Step(sell_and_answer, ALL, ("supply", "serve")),
    Step(go_separate_ways, EACH, ("decide", "supply", "serve")),
    Step(grow_older, EACH, ("age",)),
    Step(None, OWN, ("evening",)),
    Step(end_day, ALL, ("observe",)),
)


@kernel
def advance(s, r, table, begin, until):
    """Run ticks `begin` .. `until` - 1 of a run of one part: the steps of `SCHEDULE` in order.

    Stops early when the log should be emptied.  Returns the next tick to run.
    """
    for t in range(begin, until):
        if s.log.size - s.n_log[0] < r.n:
            return t
        row = table[t]
        begin_day(s, r, t, row)
        take_turns(s, r, t, row)
        hear(s, r, t, row)
        queue_up(s, r, t, row)
        settle_claims(s, r, t, row)
        sell_and_answer(s, r, t, row)
        go_separate_ways(s, r, t, row)
        grow_older(s, r, t, row)
        end_day(s, r, t, row)
    return until

"""A mechanism of a user's own, as a user would write it: gifts, after which people tell more."""

from __future__ import annotations

import koubei_sim as kb
from koubei_sim.core.codes import USER
from koubei_sim.core.draws import draw32, stream


def readable(model, day, own):
    for i, person in enumerate(model.people):
        free = person.stage == USER and day.t > own.until[i]
        if free and model.coins.coin(own.draw_gift, day.t, 0, i) < own.share32:
            own.until[i] = day.t + own.days
            day.row[own.given] += 1
        if day.t <= own.until[i]:
            person.tell16 = person.tell16 * own.gain16 >> 16


def compiled(s, r, own, t, row):
    gift = stream(r.key, r.replicate, own.draw_gift, t, 0)
    for i in range(r.n):
        free = s.stage[i] == USER and t > own.until[i]
        if free and draw32(gift, i) < own.share32:
            own.until[i] = t + own.days
            row[own.given] += 1
        if t <= own.until[i]:
            s.tell16[i] = s.tell16[i] * own.gain16 >> 16


gifts = kb.Mechanism(
    "gifts",
    readable,
    compiled,
    parameters={
        "share": kb.parameter(
            0.02, "users given a gift a day", unit="1/day", neutral=0.0, low=0.0, high=1.0
        ),
        "gain": kb.parameter(2.0, "factor of telling", unit="1", neutral=1.0, low=0.0, high=9.0),
        "days": kb.parameter(7, "days it lasts", unit="days", neutral=None, low=1, high=99),
    },
    people={"until": ("int32", -1)},
    columns={"given": "gifts handed out"},
    draws=("gift",),
    description="users get gifts, and tell more for some days",
)

"""observe: the daily table and the event log.

The last step of the schedule counts stocks and closes the row of the day; flows have been
counted where they happened.  `remember` is called wherever somebody changes stage for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from koubei_sim.core.codes import LOG_ADOPT, USER
from koubei_sim.model.mechanisms.channels import T_MEMBERS
from koubei_sim.model.mechanisms.loyalty import T_ENTHUSIAST_TIER, T_TIER
from koubei_sim.model.mechanisms.population import T_SEGMENT_USERS, T_STAGE
from koubei_sim.model.reference.state import LogRow
from koubei_sim.model.world.arrays import History, canonical

if TYPE_CHECKING:
    from koubei_sim.model.reference.day import Day
    from koubei_sim.model.reference.state import Person, Pyramid


def remember(
    model: Pyramid, t: int, kind: int, person: Person, product: int = 0, generation: int = 0
) -> None:
    """Write an event into the log; only an adoption names who won the person, and where."""
    adopted = kind == LOG_ADOPT
    recruiter = person.recruiter if adopted else -1
    channel = person.channel if adopted else -1
    model.log.append(LogRow(t, person.number, kind, recruiter, channel, product, generation))


def observe(model: Pyramid, day: Day) -> None:
    """Count the stocks at the end of the tick and close its row."""
    row = day.row
    for person in model.people:
        row[T_STAGE + person.stage] += 1
        for c in person.channels:
            row[T_MEMBERS + c] += 1
        if person.stage == USER:
            row[T_TIER + person.tier] += 1
            row[T_SEGMENT_USERS + person.segment] += 1
            if person.enthusiast:
                row[T_ENTHUSIAST_TIER + person.tier] += 1
    model.table.append(row)
    model.quality_path.append(list(model.quality))
    model.difficulty_path.append(list(model.difficulty))


def history(model: Pyramid) -> History:
    """Return what has happened so far as arrays, the log in canonical order.

    Returns
    -------
    History
        ``table`` int64[ticks run, columns], ``quality`` and ``difficulty``
        float64[ticks run, K], and the log.
    """
    ticks, products = len(model.table), model.rules.n_products
    columns = np.array(model.log, dtype=np.int64).reshape(len(model.log), len(LogRow._fields)).T
    tick, agent, kind, recruiter, channel, product, generation = columns
    return canonical(
        History(
            table=np.array(model.table, dtype=np.int64).reshape(ticks, model.width),
            quality=np.array(model.quality_path, dtype=np.float64).reshape(ticks, products),
            difficulty=np.array(model.difficulty_path, dtype=np.float64).reshape(ticks, products),
            log_tick=tick.astype(np.int32),
            log_agent=agent.astype(np.int32),
            log_kind=kind.astype(np.uint8),
            log_recruiter=recruiter.astype(np.int32),
            log_channel=channel.astype(np.int8),
            log_product=product.astype(np.uint8),
            log_generation=generation.astype(np.int32),
        )
    )

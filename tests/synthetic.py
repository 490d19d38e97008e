"""Small histories written by hand, so that measures can be checked against numbers on paper.

Used by the unit tests of metrics, results, plots and the command line.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from koubei_sim.core.codes import LOG_ADOPT, LOG_LAPSE
from koubei_sim.model.mechanisms import TABLE_OFFSET, TABLE_WIDTH
from koubei_sim.model.world.arrays import History, canonical

# (tick, agent, recruiter) or (tick, agent, recruiter, channel, generation)
Adoption = tuple[int, ...]


def history_of(
    adoptions: Iterable[Adoption],
    lapses: Iterable[tuple[int, int]] = (),
    *,
    ticks: int = 10,
    people: int = 100,
    channels: int = 4,
    products: int = 1,
) -> History:
    """A history whose log holds exactly these events and whose table agrees with them.

    Users are all casual and all are online; seeds stand on tick -1 with recruiter -1.
    """
    rows = []
    generation: dict[int, int] = {}
    for entry in sorted(adoptions):
        tick, agent, recruiter = entry[:3]
        channel = entry[3] if len(entry) > 3 else (-1 if recruiter == -1 else 0)
        generation[agent] = 0 if recruiter == -1 else 1 + generation.get(recruiter, 0)
        rows.append((tick, agent, LOG_ADOPT, recruiter, channel, 0, generation[agent]))
    for tick, agent in lapses:
        rows.append((tick, agent, LOG_LAPSE, -1, -1, 0, 0))
    log = np.array(rows, dtype=np.int64).reshape(-1, 7)
    table = np.zeros((ticks, TABLE_WIDTH), dtype=np.int64)
    users = int(((log[:, 2] == LOG_ADOPT) & (log[:, 0] < 0)).sum())
    for tick in range(ticks):
        now = log[log[:, 0] == tick]
        came, left = now[now[:, 2] == LOG_ADOPT], now[now[:, 2] == LOG_LAPSE]
        table[tick, TABLE_OFFSET["online_users"]] = users
        users += len(came) - len(left)
        table[tick, TABLE_OFFSET["stage"]] = people - users
        table[tick, TABLE_OFFSET["stage"] + 3] = users
        table[tick, TABLE_OFFSET["tier"]] = users
        table[tick, TABLE_OFFSET["lapses"]] = len(left)
        for row in came:
            block = "adoptions_media" if row[3] == -2 else "adoptions_channel"
            table[tick, TABLE_OFFSET[block] + row[4]] += 1
        table[tick, TABLE_OFFSET["members"] : TABLE_OFFSET["members"] + channels] = people
    return canonical(
        History(
            table=table,
            quality=np.linspace(0.5, 0.9, ticks)[:, None].repeat(products, axis=1),
            difficulty=np.linspace(0.6, 0.2, ticks)[:, None].repeat(products, axis=1),
            log_tick=log[:, 0].astype(np.int32),
            log_agent=log[:, 1].astype(np.int32),
            log_kind=log[:, 2].astype(np.uint8),
            log_recruiter=log[:, 3].astype(np.int32),
            log_channel=log[:, 4].astype(np.int8),
            log_product=log[:, 5].astype(np.uint8),
            log_generation=log[:, 6].astype(np.int32),
        )
    )


def set_block(history: History, name: str, tick: int, values: object) -> None:
    """Write into the table of a synthetic history (a scalar for blocks of one column)."""
    start = TABLE_OFFSET[name]
    values = np.atleast_1d(np.asarray(values))
    history.table[tick, start : start + values.size] = values


def growing(replicate: int = 0, ticks: int = 120, people: int = 3000) -> History:
    """A plausible S-shaped run with tiers, several channels and trees, for figures and files."""
    rng = np.random.default_rng(replicate)
    events: list[Adoption] = [(-1, a, -1) for a in range(10)]
    lapses: list[tuple[int, int]] = []
    active = list(range(10))
    fresh = 10
    for tick in range(ticks):
        number = rng.poisson(0.08 * len(active) * (1 - fresh / people))
        chosen = rng.choice(active, size=min(number, people - fresh))
        for recruiter in chosen:
            channel = int(rng.integers(0, 4))
            by_media = rng.random() < 0.05
            events.append((tick, fresh, -2 if by_media else int(recruiter), channel))
            fresh += 1
        newest = list(range(fresh - len(chosen), fresh))
        if tick > 5 and rng.random() < 0.7:
            gone = int(rng.choice(active))
            active.remove(gone)
            lapses.append((tick, gone))
        active += newest
    history = history_of(events, lapses, ticks=ticks, people=people)
    users = history.table[:, TABLE_OFFSET["tier"]].copy()
    die_hard, loyal = users // 40, users // 8
    at = TABLE_OFFSET["tier"]
    history.table[:, at : at + 4] = np.stack(
        [users - loyal - die_hard, loyal, die_hard - die_hard // 4, die_hard // 4], axis=1
    )
    pure = TABLE_OFFSET["enthusiast_tier"]
    history.table[:, pure : pure + 4] = history.table[:, at : at + 4] // 2
    told = TABLE_OFFSET["tells_positive"]
    history.table[:, told : told + 4] = users[:, None] // np.array([5, 8, 12, 20])
    history.table[:, TABLE_OFFSET["tells_negative"]] = users // 50
    history.table[:, TABLE_OFFSET["unhappy_online"]] = users // 10
    history.table[:, TABLE_OFFSET["promoters_online"]] = users // 2
    aware = users // 2
    stage = TABLE_OFFSET["stage"]
    history.table[:, stage + 1] = np.minimum(aware, history.table[:, stage])
    history.table[:, stage] -= history.table[:, stage + 1]
    return history

"""observe: the daily table and the log of events; stocks are kept as they change."""

from __future__ import annotations

from typing import Any

import numpy as np

from koubei_sim.core.block import Record
from koubei_sim.model.mechanisms.declaration import (
    Bits,
    IntArray,
    Mechanism,
    array,
    arrays,
    by_person,
    count,
)

LOG = np.dtype(
    [
        ("tick", "i4"),
        ("agent", "i4"),
        ("recruiter", "i4"),
        ("generation", "i4"),
        ("kind", "u1"),
        ("channel", "i1"),
        ("product", "u1"),
    ],
    align=True,
)


@arrays
class ObserveState(Record):
    """Stocks, log, and room for sorting; in a run of one part `change` is `stocks`."""

    stocks: IntArray = array(np.int64, "stocks", fill=0, news=True)
    change: IntArray  # [stock columns] what is added to the stocks
    log: Any  # [2 N + slack] LOG
    n_log: IntArray = count(lasting=True)
    n_log_before: IntArray = count(lasting=True)  # length of the log when the tick began
    sort_keys: Bits = by_person(np.uint64)


OBSERVE = Mechanism("observe", state=ObserveState)

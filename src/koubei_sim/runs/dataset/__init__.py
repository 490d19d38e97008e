"""Histories with names on: daily tables (`tables`), logs and groups of people (`events`).

`guarded` keeps the daily tables from being spread over every combination of their names.
Called by `results` and `simulate`.
"""

from __future__ import annotations

from koubei_sim.runs.dataset.events import (
    batches_from,
    events_from,
    frame_from,
    groups_from,
    rows_of,
)
from koubei_sim.runs.dataset.tables import _blocks as _blocks
from koubei_sim.runs.dataset.tables import (
    dataset_from,
    dates_of,
    names_of,
    scale_of,
    tables_from,
    tidy_batches,
    tidy_frame,
)

__all__ = [
    "batches_from",
    "dataset_from",
    "dates_of",
    "events_from",
    "frame_from",
    "groups_from",
    "names_of",
    "rows_of",
    "scale_of",
    "tables_from",
    "tidy_batches",
    "tidy_frame",
]

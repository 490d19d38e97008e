"""A result on disk: a folder that is written whole or not at all.

``data.nc`` (daily tables, netCDF 4), ``events.parquet`` (event log), ``recipe.json`` (how to make
it again) and ``timing.json`` (wall time, kept apart so that the other three have the same bytes
whenever the same run is made again with the same versions).

`folders` makes the folder whole; `files` writes and reads what is in it; `writing` puts event
logs into their file piece by piece, `streams` while several replicates run; `reading` takes
columns, windows and pieces out of it again, and `stored` makes a history of them.  Called by
`results` and `simulate`.
"""

from __future__ import annotations

from koubei_sim.runs.archive.files import (
    read_data,
    read_recipe,
    write_result,
    write_tables,
)
from koubei_sim.runs.archive.people import read_people
from koubei_sim.runs.archive.reading import EventFile
from koubei_sim.runs.archive.stored import StoredHistory, check_room
from koubei_sim.runs.archive.streams import EventStream
from koubei_sim.runs.archive.writing import EventWriter, Frame
from koubei_sim.storage.disk import Disk, DiskFile, lock
from koubei_sim.storage.folders import (
    DATA,
    EVENTS,
    RECIPE,
    TIMING,
    check_goal,
    clear_left_overs,
    folder_of,
    is_result,
    whole_folder,
)

__all__ = [
    "DATA",
    "EVENTS",
    "RECIPE",
    "TIMING",
    "Disk",
    "DiskFile",
    "EventFile",
    "EventStream",
    "EventWriter",
    "Frame",
    "StoredHistory",
    "check_goal",
    "check_room",
    "clear_left_overs",
    "folder_of",
    "is_result",
    "lock",
    "read_data",
    "read_people",
    "read_recipe",
    "read_timing",
    "whole_folder",
    "write_result",
    "write_tables",
]

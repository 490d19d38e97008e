"""The disk: what is written is written whole and flushed, or not at all (`disk`).

Knows nothing of what is in the files.  Event logs are in `events`, which is opened by its own name:
the command line loads this room, and must not load numpy.  Called by whoever saves.
"""

from __future__ import annotations

from koubei_sim.storage.disk import (
    DATA,
    EVENTS,
    PARTIAL,
    PEOPLE,
    RECIPE,
    TIMING,
    CannotWrite,
    Disk,
    DiskFile,
    WholeFile,
    cannot_read,
    check_goal,
    clear_left_overs,
    folder_of,
    is_result,
    read_data,
    read_recipe,
    read_timing,
    take,
    taken,
    whole_file,
    whole_folder,
    write_tables,
)

__all__ = [
    "DATA",
    "EVENTS",
    "PARTIAL",
    "PEOPLE",
    "RECIPE",
    "TIMING",
    "CannotWrite",
    "Disk",
    "DiskFile",
    "WholeFile",
    "cannot_read",
    "check_goal",
    "clear_left_overs",
    "folder_of",
    "is_result",
    "read_data",
    "read_recipe",
    "read_timing",
    "take",
    "taken",
    "whole_file",
    "whole_folder",
    "write_tables",
]

"""The disk: what is written is written whole, flushed and under a lock (`disk`, `folders`).

Knows nothing of what is in the files.  Called by whoever saves.
"""

from __future__ import annotations

from koubei_sim.storage.disk import Disk, DiskFile, lock
from koubei_sim.storage.folders import (
    DATA,
    EVENTS,
    PEOPLE,
    RECIPE,
    TIMING,
    check_goal,
    clear_left_overs,
    folder_of,
    is_result,
    read_timing,
    whole_folder,
)

__all__ = [
    "DATA",
    "EVENTS",
    "PEOPLE",
    "RECIPE",
    "TIMING",
    "Disk",
    "DiskFile",
    "check_goal",
    "clear_left_overs",
    "folder_of",
    "is_result",
    "lock",
    "read_timing",
    "whole_folder",
]

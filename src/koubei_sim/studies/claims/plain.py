"""A verdict as plain data, as JSON can hold it.

Called by `report`, which writes it, and by `page`, which shows it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def plain_of(value: Any) -> Any:
    """Return content as JSON can hold it, floats to nine digits, NaN as null."""
    if isinstance(value, Mapping):
        return {name: plain_of(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_of(entry) for entry in value]
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return float(f"{value:.9g}") if math.isfinite(value) else str(value)
    return value.item() if hasattr(value, "item") else value

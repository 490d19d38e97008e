"""Every code of the model under one name: those of `core.codes`, and what mechanisms declare."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from koubei_sim.core import codes
from koubei_sim.model import mechanisms


def __getattr__(name: str) -> Any:
    if not name.isupper():
        raise AttributeError(name)
    for place in (codes, mechanisms, *_FILES):
        if hasattr(place, name):
            return getattr(place, name)
    raise AttributeError(name)


_FILES = [
    importlib.import_module(f"{mechanisms.__name__}.{found.name}")
    for found in pkgutil.iter_modules(mechanisms.__path__)
]

"""Copies of the cascade kernels with one planted fault, loaded beside the real ones.

A fault is a change of the text of one module below `koubei_sim.kernels.cascades` or
`koubei_sim.cascades`.  The copy lives in memory: that module and those that (through others) import
it are read again under other names; everything else is shared, compiled kernels included, so only
what the fault touches is compiled.  The files of the library are never touched.
Used by `test_planted`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import koubei_sim

FOLDER = Path(koubei_sim.__file__).parent
ROOMS = ("kernels.cascades", "cascades")
PREFIX = "planted"
SHARED = {"RandomSeeds"}


@cache
def modules() -> tuple[str, ...]:
    """Return the dotted names (below the library's own) of all modules that can be copied."""
    return tuple(
        f"{room}.{path.stem}"
        for room in ROOMS
        for path in sorted((FOLDER / room.replace(".", "/")).glob("*.py"))
        if path.stem != "__init__"
    )


@cache
def source(module: str) -> str:
    """Return the text of a module, such as ``"kernels.cascades.coins"``."""
    return (FOLDER / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")


@cache
def imports(module: str) -> frozenset[str]:
    """Return which of `modules` a module imports, anywhere in its text."""
    found = set()
    for node in ast.walk(ast.parse(source(module))):
        if isinstance(node, ast.ImportFrom) and node.module:
            below = node.module.partition("koubei_sim.")[2]
            found |= {below, *(f"{below}.{alias.name}" for alias in node.names)}
    return frozenset(found & set(modules()))


def touched(module: str) -> set[str]:
    """Return the module and all that import it, directly or through others."""
    out = {module}
    while more := {m for m in modules() if imports(m) & out} - out:
        out |= more
    return out


@contextmanager
def planted(module: str, text: str) -> Iterator[Callable[..., Any]]:
    """Give a `cascade` whose `module` reads `text`.

    Yields
    ------
    callable
    """
    names = touched(module)
    assert "cascades.run" in names, f"nothing that runs cascades uses {module}"
    pattern = re.compile(
        r"\bkoubei_sim\.(" + "|".join(re.escape(n) for n in sorted(names)) + r")(?=[\s,]|$)", re.M
    )
    loaded: list[str] = []

    def load(name: str) -> ModuleType:
        fullname = f"{PREFIX}_{name.replace('.', '_')}"
        if fullname in sys.modules:
            return sys.modules[fullname]
        content = text if name == module else source(name)
        for other in imports(name) & names:
            load(other)
        content = pattern.sub(lambda m: f"{PREFIX}_{m.group(1).replace('.', '_')}", content)
        content = content.replace("cache=True", "cache=False")
        made = ModuleType(fullname)
        made.__file__ = f"<{fullname}>"
        sys.modules[fullname] = made
        loaded.append(fullname)
        exec(compile(content, f"<{fullname}>", "exec"), made.__dict__)
        for shared in SHARED & set(made.__dict__):  # callers bring objects of the real class
            setattr(made, shared, getattr(import_module(f"koubei_sim.{name}"), shared))
        return made

    try:
        yield load("cascades.run").cascade
    finally:
        for fullname in loaded:
            del sys.modules[fullname]


def original() -> Callable[..., Any]:
    """Return the real `cascade`."""
    assert find_spec("koubei_sim.cascades.run") is not None
    return import_module("koubei_sim.cascades.run").cascade

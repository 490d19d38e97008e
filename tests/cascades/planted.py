"""Copies of the cascade kernels with one planted fault, loaded beside the real ones.

A fault is a change of the text of one module below `koubei_sim.cascades`, its `rules` or `kernels`.
The copy lives in memory: that module and those that (through others) import it are read again
under other names; everything else is shared, compiled kernels included, so only what the fault
touches is compiled.  A rule is run as an object of the copy's class.  The files of the library are
never touched.  Used by `test_planted`.
"""

from __future__ import annotations

import ast
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
ROOMS = ("cascades.kernels", "cascades.rules", "cascades")
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
    """Return the text of a module, such as ``"cascades.kernels.coins"``."""
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


def renamed(module: str) -> str:
    """Return the name of the copy of a module."""
    return f"{PREFIX}_{module.replace('.', '_')}"


class Redirected(ast.NodeTransformer):
    """Turns imports of copied modules into imports of their copies."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt]:
        below = (node.module or "").partition("koubei_sim.")[2]
        if below in self.names:
            node.module = renamed(below)
            return [node]
        out: list[ast.stmt] = []
        for alias in node.names:
            deeper = f"{below}.{alias.name}"
            if deeper in self.names:
                alone = ast.Import([ast.alias(renamed(deeper), alias.asname or alias.name)])
            else:
                alone = ast.ImportFrom(node.module, [alias], node.level)
            out.append(ast.copy_location(alone, node))
        return [ast.fix_missing_locations(stmt) for stmt in out]


@contextmanager
def planted(module: str, text: str) -> Iterator[Callable[..., Any]]:
    """Give a `cascade` whose `module` reads `text`.

    Yields
    ------
    callable
    """
    names = touched(module)
    used = "cascades.run" in names or any(name.startswith("cascades.rules.") for name in names)
    assert used, f"nothing that runs cascades uses {module}"
    loaded: list[str] = []

    def load(name: str) -> ModuleType:
        fullname = renamed(name)
        if fullname in sys.modules:
            return sys.modules[fullname]
        made = ModuleType(fullname)
        made.__file__ = f"<{fullname}>"
        sys.modules[fullname] = made
        loaded.append(fullname)
        for other in imports(name) & names:
            load(other)
        content = text if name == module else source(name)
        tree = Redirected(names).visit(ast.parse(content.replace("cache=True", "cache=False")))
        exec(compile(tree, made.__file__, "exec"), made.__dict__)
        for shared in SHARED & set(made.__dict__):  # callers bring objects of the real class
            setattr(made, shared, getattr(import_module(f"koubei_sim.{name}"), shared))
        return made

    def copied(rule: Any) -> Any:
        """Return a rule as an object of the copy of its class, where there is one."""
        name = type(rule).__module__.partition("koubei_sim.")[2]
        if name not in names:
            return rule
        twin = object.__new__(getattr(load(name), type(rule).__name__))
        twin.__dict__.update(vars(rule))
        return twin

    try:
        run = load("cascades.run").cascade if "cascades.run" in names else original()
        yield lambda network, rule, *rest, **named: run(network, copied(rule), *rest, **named)
    finally:
        for fullname in loaded:
            del sys.modules[fullname]


def original() -> Callable[..., Any]:
    """Return the real `cascade`."""
    assert find_spec("koubei_sim.cascades.run") is not None
    return import_module("koubei_sim.cascades.run").cascade

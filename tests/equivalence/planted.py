"""A copy of the reference engine with one planted fault, loaded beside the real one.

The copy lives in memory under another package name with its imports rewritten, so the engine's
own files are never touched and any number of copies can be made.  Used by `test_mutations.py` and
`test_tables.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType

import koubei_sim.model.reference as original

FOLDER = Path(original.__file__).parent
NAME = "planted_reference"
MODULES = tuple(sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__"))


@cache
def source(module: str) -> str:
    """Return the text of a module of the reference engine ("__init__" for the package)."""
    return (FOLDER / f"{module}.py").read_text(encoding="utf-8")


@cache
def copied(module: str, text: str) -> CodeType:
    """Compile a module of the copy, which imports its neighbours from the copy."""
    return compile(text.replace(original.__name__, NAME), f"<{NAME}.{module}>", "exec")


class Copy(MetaPathFinder, Loader):
    """Finds and loads the modules of the copy; `changed` is the one with the fault."""

    def __init__(self, changed: str = "", text: str = "") -> None:
        self.texts = {changed: text} if changed else {}

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != NAME:
            return None
        return spec_from_loader(fullname, self, is_package=fullname == NAME)

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave the making of the module to the import system."""

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__.partition(".")[2] or "__init__"
        exec(copied(name, self.texts.get(name, source(name))), module.__dict__)


@contextmanager
def copy_of_reference(changed: str = "", text: str = "") -> Iterator[ModuleType]:
    """Give a fresh copy of the engine, in which the module `changed` reads `text`.

    Yields
    ------
    module
        With `run_reference` and `make_tables`.
    """
    finder = Copy(changed, text)
    sys.meta_path.insert(0, finder)
    try:
        yield import_module(NAME)
    finally:
        sys.meta_path.remove(finder)
        for name in [n for n in sys.modules if n.partition(".")[0] == NAME]:
            del sys.modules[name]

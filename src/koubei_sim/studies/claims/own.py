"""Code of one's own in a claim: functions that its tests measure, and the script that judges it.

A test may name a function of a Python file beside the claim (``outcome = "measures.py:NAME"``), or
one that is handed over in Python.  A file is run when the claim is run, never when it is only read,
so only claims that one trusts should be run, as with a Makefile.  It may import libraries and the
Python files beside it, whose bytes are part of the claim, but no module from elsewhere: the folder
alone must give the verdict again.
Called by `claim_file`, which reads, and `judge`, which runs.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any, Final

from koubei_sim.errors import KoubeiError
from koubei_sim.runs.options import outcome_from
from koubei_sim.studies.design.functions import is_library, outcomes_from

#: A function of a file beside the claim.
_OF_A_FILE: Final = re.compile(r"([\w-]+\.py):([^\W\d]\w*)")
#: Modules of different claims have the same names, so that one file is run at a time.
_RUNNING: Final = RLock()


def of_file(outcome: str) -> tuple[str, str] | None:
    """Return file and name of a function of a file, None for any other outcome.

    Examples
    --------
    >>> of_file("measures.py:last_week"), of_file("day:users:1000")
    (('measures.py', 'last_week'), None)
    """
    found = _OF_A_FILE.fullmatch(outcome)
    return None if found is None else (found[1], found[2])


def handed_over(given: object) -> dict[str, Any]:
    """Return functions by name, checked.

    Raises
    ------
    KoubeiError
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(callable(one) for one in given.values()):
        raise KoubeiError(
            "outcomes", "not functions by name", got=repr(given),
            allowed="a mapping of names to functions",
        )  # fmt: skip
    outcomes_from(given)
    return {str(name): one for name, one in given.items()}


def loaded(
    folder: Path, outcomes: Mapping[str, str], functions: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, Any]]:
    """Run the files whose functions tests measure.

    Parameters
    ----------
    folder : Path
        Of the claim.
    outcomes : mapping of str to str
        Test -> outcome as its file says it.
    functions : mapping of str to callable
        Those that were handed over.

    Returns
    -------
    dict, dict
        Test -> measure or name of a function; all functions by name.

    Raises
    ------
    KoubeiError
        Where a file cannot be run or lacks a function, or two functions have one name.
    """
    names, found, modules = dict(outcomes), dict(functions), dict[str, ModuleType]()
    for test, outcome in outcomes.items():
        if (place := of_file(outcome)) is None:
            continue
        file, name = place
        path = folder / file
        if file not in modules:
            try:
                modules[file] = module_of(path, f"claim_{path.stem}")
            except KoubeiError:
                raise
            except Exception as error:  # whatever the program of a user raises
                raise _not_run(path, error) from None
        function = getattr(modules[file], name, None)
        if not callable(function):
            raise KoubeiError(str(path), "has no function of that name", got=name)
        if found.setdefault(name, function) is not function:
            raise KoubeiError(str(path), "two functions of one name", got=name)
        outcome_from(function)
        names[test] = name
    outcomes_from(found or None)  # their names, once for all
    return names, found


def _not_run(path: Path, error: Exception) -> KoubeiError:
    said = " ".join(f"{type(error).__name__}: {error}".split())
    return KoubeiError(str(path), f"cannot be run ({said})")


def module_of(path: Path, name: str) -> ModuleType:
    """Run a Python file as a module that nobody can import.

    Raises
    ------
    KoubeiError
        For what is no Python file, and where it imports a module from elsewhere.
    """
    if path.suffix != ".py":
        raise KoubeiError(str(path), "not a Python file")
    spec = _spec(name, path)
    module = importlib.util.module_from_spec(spec)
    with _RUNNING, _importable(files_beside(path)):
        sys.modules[name] = module  # dataclasses look for their module there
        try:
            spec.loader.exec_module(module)  # type: ignore[union-attr]
        finally:
            del sys.modules[name]
    files_beside(path)  # again, where it has changed the path by which modules are found
    return module


class _Source(SourceFileLoader):
    """Runs what stands in the file now; what Python keeps may be of a file of the same second."""

    def get_code(self, fullname: str) -> Any:
        return self.source_to_code(self.get_data(self.path), self.path)


def _spec(name: str, path: Path) -> ModuleSpec:
    found = importlib.util.spec_from_file_location(name, path, loader=_Source(name, str(path)))
    assert found is not None  # a loader was given
    return found


def files_beside(path: Path) -> dict[str, Path]:
    """Return the files beside a file that it imports, and that these import, by name.

    Raises
    ------
    KoubeiError
        Where one imports a module of a user's own from elsewhere.
    """
    found: dict[str, Path] = {}
    todo = [path]
    while todo:
        file = todo.pop()
        for name in sorted(_imports(file)):
            one, library = path.with_name(f"{name}.py"), is_library(name)
            if one.is_file() and library:
                raise KoubeiError(str(one), "has the name of a library", fix="another name")
            if one.is_file() and name not in found:
                found[name] = one
                todo.append(one)
            elif library is False and name not in found:
                raise KoubeiError(
                    str(file), "imports what is neither a library nor a file beside it", got=name,
                    fix=f"a copy of it, {name}.py, beside it",
                )  # fmt: skip
    return found


def _imports(file: Path) -> set[str]:
    """Return the modules that a file imports, wherever it does so, without their submodules."""
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError) as error:
        raise _not_run(file, error) from None
    names = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(str(node.module).partition(".")[0])
    return names


@contextmanager
def _importable(files: Mapping[str, Path]) -> Iterator[None]:
    """Let these files be imported, and nobody find them afterwards: other claims have others."""

    class Finder:
        @staticmethod
        def find_spec(name: str, *_: object) -> ModuleSpec | None:
            return _spec(name, files[name]) if name in files else None

    hidden = {name: sys.modules.pop(name) for name in files if name in sys.modules}
    sys.meta_path.insert(0, Finder)  # type: ignore[arg-type]
    try:
        yield
    finally:
        sys.meta_path.remove(Finder)  # type: ignore[arg-type]
        for name in files:
            sys.modules.pop(name, None)
        sys.modules.update(hidden)

"""Code of one's own in a claim: functions that its tests measure, and the script that judges it.

A test may name a function of a Python file beside the claim (``outcome = "measures.py:NAME"``), or
one that is handed over in Python.  A file is run when the claim is run, never when it is only read,
so only claims that one trusts should be run, as with a Makefile.
Called by `claim_file`, which reads, and `judge`, which runs.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from koubei_sim.errors import KoubeiError
from koubei_sim.runs.options import outcome_from
from koubei_sim.studies.design.functions import outcomes_from

#: A function of a file beside the claim.
_OF_A_FILE: Final = re.compile(r"([\w-]+\.py):([^\W\d]\w*)")


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
            except Exception as error:  # whatever the program of a user raises
                said = " ".join(f"{type(error).__name__}: {error}".split())
                raise KoubeiError(str(path), f"cannot be run ({said})") from None
        function = getattr(modules[file], name, None)
        if not callable(function):
            raise KoubeiError(str(path), "has no function of that name", got=name)
        if found.setdefault(name, function) is not function:
            raise KoubeiError(str(path), "two functions of one name", got=name)
        outcome_from(function)
        names[test] = name
    outcomes_from(found or None)  # their names, once for all
    return names, found


def module_of(path: Path, name: str) -> ModuleType:
    """Run a Python file as a module that nobody can import.

    Raises
    ------
    KoubeiError
        For what is no Python file.
    """
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise KoubeiError(str(path), "not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

"""Outcomes that are functions of a user's own: their names, and what tells one from another.

A sweep on disk must not mix the numbers of two functions.  A measure is its text; a function is
known by its code, by what it closes over and by the globals that it uses, all the way down; a
library by name and version; a module of one's own by what is used of it (``helpers.mean``).  What
cannot be looked into that way, such as an object with a state of its own, or what fetches things
while it runs, such as a file, may be used in memory only.
Called by `plan` and, for a sweep on disk, by `engine`.
"""

from __future__ import annotations

import dataclasses
import dis
import functools
import hashlib
import importlib
import importlib.util
import inspect
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import OUTCOMES, check_measure
from koubei_sim.runs.options import outcome_from, texts

#: Plain values, whose text is what they are.
_PLAIN: Final = (type(None), type(...), bool, int, float, complex, str, bytes, np.generic)
#: Roots of libraries that are not looked into: their functions are known by name.
_THEIRS: Final = frozenset(sys.stdlib_module_names - {"__main__"}) | {
    "koubei_sim", "numpy", "pandas", "scipy", "xarray",
}  # fmt: skip
#: Modules whose functions (ufuncs) do not say where they are from.
_NAMELESS: Final = ("builtins", "numpy", "scipy.special")
#: What fetches, while it runs, things that the code does not show: by name, modules and files.
_FETCHES: Final = frozenset({
    "__builtins__", "__dict__", "__globals__", "__import__", "compile", "environ", "eval", "exec",
    "fromfile", "genfromtxt", "getenv", "globals", "import_module", "load", "loadtxt", "memmap",
    "modules", "open", "open_dataset", "popen", "read_bytes", "read_csv", "read_excel", "read_json",
    "read_parquet", "read_text", "run_module", "run_path", "urlopen",
})  # fmt: skip
#: Attributes that any class has, or that say what `_class` says of a dataclass.
_OF_EVERY_CLASS: Final = frozenset({
    "__annotate_func__", "__annotations__", "__annotations_cache__", "__dataclass_fields__",
    "__dataclass_params__", "__dict__", "__doc__", "__firstlineno__", "__match_args__",
    "__module__", "__qualname__", "__static_attributes__", "__weakref__",
})  # fmt: skip
#: Instructions that read a global, and those that only prepare for others.
_GLOBAL: Final = ("LOAD_GLOBAL", "LOAD_NAME")
_IDLE: Final = ("EXTENDED_ARG", "PUSH_NULL", "CACHE", "NOP")
#: Folders of installed libraries, whose modules are known by name and version.
_INSTALLED: Final = frozenset({"site-packages", "dist-packages"})


class Own(NamedTuple):
    """A function that is an outcome.

    Attributes
    ----------
    digest : str
        What tells it from others; empty where it cannot be told.
    call : callable or None
        Of a `Result` of one replicate, or of (history, scenario); None where only the plan of a
        folder is at hand.
    """

    digest: str
    call: Callable[..., float] | None = None


def outcomes_from(given: Any) -> tuple[tuple[str, ...], dict[str, Own]]:
    """Return the outcomes to keep by name, and those of them that are functions, which come last.

    Parameters
    ----------
    given : None, name, function, sequence of these, or mapping of names to these
        None: all of `OUTCOMES`.  ``take_off`` is always kept: whatever else there is, is told of
        the runs that took off.

    Raises
    ------
    KoubeiError

    Examples
    --------
    >>> names, own = outcomes_from({"users": "users", "last": lambda r: r.data.users[0, -1]})
    >>> names, list(own)
    (('users', 'take_off', 'last'), ['last'])
    """
    if given is None:
        return tuple(OUTCOMES), {}
    if callable(given):
        given = [given]
    if isinstance(given, Mapping):
        named = {str(name): one for name, one in given.items()}
        for name, one in named.items():
            if not callable(one) and (not isinstance(one, str) or check_measure(one) != name):
                raise KoubeiError(
                    "outcomes", f"{name} is neither a function nor the measure of that name",
                    got=repr(one), fix=one if isinstance(one, str) else None,
                )  # fmt: skip
        listed, functions = list(named), {n: one for n, one in named.items() if callable(one)}
    else:
        each = [given] if isinstance(given, str) or not hasattr(given, "__iter__") else list(given)
        functions = {_name(one): one for one in each if callable(one)}
        listed = texts("outcomes", [_name(one) if callable(one) else one for one in each])
    measures = [check_measure(name) for name in listed if name not in functions]
    if not listed or len(set(measures)) < len(measures):
        raise KoubeiError(
            "outcomes", "none, or one twice", got=measures, allowed="names, each once"
        )
    measures += [] if "take_off" in measures else ["take_off"]
    for name in functions:
        if name in OUTCOMES or name in _COLUMNS or name.startswith(_TAKEN):
            raise KoubeiError("outcomes", "a function under a name that is taken", got=repr(name))
        if not name.isidentifier():  # as measures are written, which are told in other ways
            raise KoubeiError(
                "outcomes", "the name of a function is one word", got=repr(name),
                allowed="letters, digits and _, such as net_gain",
            )  # fmt: skip
    own = {name: Own(digest_of(one), outcome_from(one)) for name, one in functions.items()}  # type: ignore[arg-type]
    return (*measures, *own), own


#: How outcomes begin that are a chance or a day.
_TAKEN: Final = ("take_off", "day_")
#: Columns of a tidy table that are not outcomes.
_COLUMNS: Final = ("run", "point", "replicate", "failed", "message", "run_key")


def _name(function: Any) -> str:
    name = getattr(function, "__name__", "")
    if not name.isidentifier():
        raise KoubeiError(
            "outcomes", "a function without a name", got=repr(function),
            fix="a mapping of names to functions",
        )  # fmt: skip
    return str(name)


def digest_of(function: Any) -> str:
    """Return what tells a function from another one, empty where that cannot be known.

    Examples
    --------
    >>> one, other = (digest_of(lambda r, k=k: k * r.key) for k in (1, 2))
    >>> one == other, len(one)
    (False, 64)
    """
    found = hashlib.sha256()
    try:
        for text in _parts(function, set()):
            found.update(f"{len(text)} {text}\n".encode())
    except (TypeError, ValueError, ImportError, AttributeError, RecursionError):
        return ""
    return found.hexdigest()


def refuse_untold(where: str, digests: Mapping[str, str]) -> None:
    """Refuse functions, for a folder, whose digest is empty: it could not tell them from others.

    Raises
    ------
    KoubeiError
    """
    untold = [name for name, digest in digests.items() if not digest]
    if untold:
        raise KoubeiError(
            where, "a function that a folder could not tell from another one",
            got=", ".join(untold), allowed="functions of plain values",
            fix="from MODULE import NAME for a module of yours, or no folder",
        )  # fmt: skip


def refuse_unsent(backend: str, functions: Mapping[str, Any]) -> None:
    """Refuse functions that cannot go to the processes of a backend, before one is begun.

    Raises
    ------
    KoubeiError
    """
    for name, function in functions.items() if backend != "threads" else ():
        try:
            importlib.import_module("cloudpickle").dumps(function)  # as loky and dask send it
        except Exception as error:  # whatever the things that it uses raise
            said = " ".join(f"{type(error).__name__}: {error}".split())
            raise KoubeiError(
                "backend", f"a function that cannot be sent to other processes ({said})",
                got=f"{backend}, {name}", fix='backend="threads"',
            ) from None  # fmt: skip


def _parts(thing: Any, seen: set[int]) -> Any:
    """Yield texts that say what a thing is; TypeError where nothing does."""
    if isinstance(thing, _PLAIN):
        yield f"{type(thing).__name__} {thing!r}"
    elif isinstance(thing, types.ModuleType):
        yield _module(thing.__name__)
    elif isinstance(thing, np.ndarray) and not thing.dtype.hasobject:
        yield f"array {thing.dtype.str} {thing.shape} "
        yield hashlib.sha256(np.ascontiguousarray(thing).tobytes()).hexdigest()
    elif _theirs(thing):
        yield f"of {getattr(thing, '__module__', '')} {getattr(thing, '__qualname__', thing)}"
    elif id(thing) in seen:
        yield "again"
    else:
        yield from _made_of(thing, seen | {id(thing)})


def is_library(name: str) -> bool | None:
    """Whether a module is of an installed library, not of a user's own; None: there is none."""
    root = name.partition(".")[0]
    if root in _THEIRS:
        return True
    try:
        found = importlib.util.find_spec(root) if root else None
    except ValueError:  # made by hand, such as __main__
        return False
    return None if found is None else bool(_INSTALLED & set(Path(found.origin or "").parts))


def _module(name: str) -> str:
    """Return name and version of a library; TypeError for a module of one's own."""
    root = name.partition(".")[0]
    if root in _THEIRS:
        return f"module {name} {getattr(sys.modules.get(name), '__version__', '')}"
    if not is_library(name):
        raise TypeError(name)
    version = getattr(importlib.import_module(root), "__version__", None)
    if version is None:
        raise TypeError(name)
    return f"module {name} {version}"


def _is_own(thing: Any) -> bool:
    """Whether it is a module that no name and version tell from another."""
    if not isinstance(thing, types.ModuleType):
        return False
    try:
        _module(thing.__name__)
    except (TypeError, ValueError, ImportError):
        return True
    return False


def _steps(code: types.CodeType) -> list[dis.Instruction]:
    """Return the instructions of code that do something."""
    return [one for one in dis.get_instructions(code) if one.opname not in _IDLE]


def _imported(code: types.CodeType, seen: set[int]) -> Iterator[str]:
    """Yield what code imports when it runs, beside modules of `_THEIRS`."""
    steps = _steps(code)
    for at, step in enumerate(steps):
        if step.opname == "IMPORT_NAME":
            names = steps[at - 1].argval
            if steps[at - 2].argval != 0:  # from where it stands: a module of one's own
                raise TypeError(str(step.argval))
            if str(step.argval).partition(".")[0] in _THEIRS:
                continue
            module = importlib.import_module(str(step.argval))
            if not _is_own(module):
                yield _module(str(step.argval))
            elif not names or "*" in names:  # the module itself, of which anything may be used
                raise TypeError(str(step.argval))
            else:
                for name in names:
                    yield f"{step.argval}.{name}"
                    yield from _parts(getattr(module, name), seen)


def _used(module: types.ModuleType, name: str, code: types.CodeType) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of a module of one's own, a global of this name, that code uses."""
    steps = _steps(code)
    for at, step in enumerate(steps):
        if step.opname in _GLOBAL and step.argval == name:
            found: Any = module
            path = name
            for attribute in steps[at + 1 :]:
                if not _is_own(found) or attribute.opname not in ("LOAD_ATTR", "LOAD_METHOD"):
                    break  # a module that is handed on or written to is one still: `_parts` refuses
                path = f"{path}.{attribute.argval}"
                found = getattr(found, attribute.argval, None)
            yield path, found
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _used(module, name, constant)


def _theirs(thing: Any) -> bool:
    """Whether a class or function is what a library has under its name; TypeError if it fetches.

    A name alone proves nothing: `functools.wraps` and `numpy.frompyfunc` give any function another.
    """
    name = str(getattr(thing, "__qualname__", getattr(thing, "__name__", "")))
    if not callable(thing) or not name:
        return False
    module = getattr(thing, "__module__", None)
    for place in _NAMELESS if module is None else (str(module),):
        if place.partition(".")[0] in _THEIRS and _is_named(thing, place, name):
            if name in _FETCHES:
                raise TypeError(name)
            return True
    return False


def _is_named(thing: Any, module: str, name: str) -> bool:
    first, *rest = name.split(".")
    # What stands in the module, and not what it makes or warns of when it is asked.
    found: Any = getattr(sys.modules.get(module), "__dict__", {}).get(first)
    for step in rest:
        found = getattr(found, step, None)
    return found is thing or getattr(found, "__func__", None) is thing  # a method of a class


def _made_of(thing: Any, seen: set[int]) -> Any:
    if isinstance(thing, types.FunctionType):
        yield from _parts(thing.__code__, seen)
        yield from _parts(thing.__defaults__, seen)
        yield from _parts(thing.__kwdefaults__, seen)
        if thing.__dict__:  # what it may read of itself, and what it wraps
            yield from _parts(thing.__dict__, seen)
        for cell in thing.__closure__ or ():
            yield from _parts(cell.cell_contents, seen)
        for name in sorted(_names_in(thing.__code__) & set(thing.__globals__)):
            value = thing.__globals__[name]
            used = _used(value, name, thing.__code__) if _is_own(value) else [(name, value)]
            for path, part in used:
                yield path
                yield from _parts(part, seen)
    elif isinstance(thing, types.MethodType):
        yield from _parts(thing.__func__, seen)
        yield from _parts(thing.__self__, seen)
    elif isinstance(thing, types.BuiltinMethodType):
        yield f"method {thing.__name__}"
        yield from _parts(thing.__self__, seen)
    elif type(thing) is type:  # of another metaclass, such as an enumeration: not known
        yield from _class(thing, seen)
    elif isinstance(thing, (staticmethod, classmethod)):
        yield type(thing).__name__
        yield from _parts(thing.__func__, seen)
    elif isinstance(thing, property):
        yield from _parts([thing.fget, thing.fset, thing.fdel], seen)
    elif isinstance(thing, types.MemberDescriptorType):
        yield f"slot {thing.__name__}"
    elif isinstance(thing, functools.partial):
        for part in (thing.func, thing.args, thing.keywords):
            yield from _parts(part, seen)
    elif isinstance(thing, types.CodeType):
        if fetching := _FETCHES.intersection(thing.co_names):
            raise TypeError(", ".join(fetching))
        yield from _imported(thing, seen)
        yield from _parts(thing.co_code, seen)
        yield from _parts([thing.co_consts, thing.co_names, thing.co_varnames], seen)
    elif isinstance(thing, (list, tuple)):
        yield f"{type(thing).__name__} of {len(thing)}"
        for entry in thing:
            yield from _parts(entry, seen)
    elif isinstance(thing, (dict, types.MappingProxyType)):
        yield f"mapping of {len(thing)}"
        for name, entry in thing.items():
            yield from _parts(name, seen)
            yield from _parts(entry, seen)
    elif isinstance(thing, (set, frozenset)):
        yield f"set of {len(thing)}"
        for entry in sorted(thing, key=repr):
            yield from _parts(entry, seen)
    else:
        raise TypeError(type(thing).__name__)


def _class(thing: type, seen: set[int]) -> Iterator[str]:
    """Yield what a class of one's own is: bases, attributes, methods, fields of a dataclass."""
    yield f"class {thing.__qualname__}"
    yield from _parts(thing.__bases__, seen)
    of_fields = dataclasses.fields(thing) if dataclasses.is_dataclass(thing) else ()
    for field in of_fields:
        yield f"{field.name} {field.type!r} {field.init} {field.compare} {field.kw_only}"
        for default in (field.default, field.default_factory):
            if default is not dataclasses.MISSING:
                yield from _parts(default, seen)
    if dataclasses.is_dataclass(thing):
        yield repr(thing.__dataclass_params__)  # type: ignore[attr-defined]
    for name, value in vars(thing).items():
        if name in _OF_EVERY_CLASS or (of_fields and _is_written(name, value)):
            continue
        yield name
        yield from _parts(value, seen)


def _is_written(name: str, value: Any) -> bool:
    """Whether a method was written by `dataclasses`, out of the fields."""
    if not isinstance(value, types.FunctionType) or not name.startswith("__"):
        return False
    made = inspect.unwrap(value)
    return made.__code__.co_qualname.startswith("__create_fn__.") or _is_named(
        made, "dataclasses", made.__name__
    )


def _names_in(code: types.CodeType) -> set[str]:
    """Return the globals that a function and those inside it look up."""
    every = dis.get_instructions(code)
    found = {str(one.argval) for one in every if one.opname in _GLOBAL}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _names_in(constant)
    return found

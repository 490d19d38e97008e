"""How kernels are compiled: `kernel` for what Python calls, `part` for what only kernels call.

A first run has to compile some hundred functions, and a plain ``njit`` compiles each of them as
if Python might call it with any types: with wrappers for Python and for C, optimised and turned
into machine code on its own, stored on disk, and once more for every width of integer and every
constant that some caller passes; then all of it again inside each caller.  Measured for the first
run of the preset ``tiny``, 32 s became 16 s by four things, none of which changes what a kernel
computes:

- a part takes integers as int64 whatever their width, so it is compiled once (202 compilations
  became 160);
- it has no wrappers and is not stored: the kernel that uses it is stored with it inside;
- it gets no machine code of its own: its instructions are linked into its callers as they are,
  and optimised there, as a C compiler does with the functions of a file;
- the flags that key numba's tables of overloads compare quickly, and only by what can change an
  overload (without this a fifth of the time went into comparing them).

Used in place of ``njit`` by all that a run of a scenario compiles (cascades keep ``njit``).
Functions with ``inline="always"`` stay plain ``njit``: they are never compiled alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

import numba
from numba import njit, types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, Flags
from numba.core.registry import CPUDispatcher

from koubei_sim.core import store

store.install()  # every file that compiles something imports this one, most through `draws`

#: Releases of numba in which the insides used here were tried.  In any other, and where the
#: environment asks for it, both decorators are a plain ``njit``: slower to compile, the same bytes.
TRIED: Final = ("0.68.",)
PLAIN: Final = not numba.__version__.startswith(TRIED) or bool(os.environ.get("KOUBEI_PLAIN_NUMBA"))

#: Flags that say what is made around a function, not what is in it.
_AROUND = dict.fromkeys(
    ("no_cpython_wrapper", "no_cfunc_wrapper", "no_compile", "release_gil"), False
)
_DEFAULTS = {name: option.default for name, option in getattr(Flags, "options", {}).items()}
_HASH = hash(Flags())  # of the names of the options only, so all flags share it


class _QuickFlags(Flags):
    """Compiler flags that compare in one merge of dictionaries, without `_AROUND`."""

    def values(self) -> dict[str, Any]:
        return {**_DEFAULTS, **self._values, **_AROUND}

    def __hash__(self) -> int:
        return _HASH

    def __eq__(self, other: object) -> bool:
        return self.values() == other.values() if isinstance(other, Flags) else NotImplemented


class _KernelCompiler(Compiler):
    """numba's own pipeline with quick flags."""

    def __init__(self, typing_context: Any, target_context: Any, library: Any, *rest: Any) -> None:
        args, return_type, flags, names = rest
        given = (library, args, return_type, _QuickFlags(flags), names)
        super().__init__(typing_context, target_context, *given)


class _PartLibrary(JITCodeLibrary):
    """Code to be linked into callers: neither optimised nor given to the machine by itself."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


class _PartCompiler(_KernelCompiler):
    """The pipeline of parts: ends with instructions, not with something that can be called."""

    def __init__(self, typing_context: Any, target_context: Any, library: Any, *rest: Any) -> None:
        if library is None:
            library = _PartLibrary(target_context.codegen(), "part")
            library.enable_object_caching()
        rest[2].no_compile = True  # the flags
        super().__init__(typing_context, target_context, library, *rest)


class _Handle:
    """Stands for a compiled part where numba looks functions up; there is nothing to call."""


def _wide(kind: types.Type) -> types.Type:
    """Return the type as which a part takes an argument: any narrow integer as int64."""
    kind = types.unliteral(kind)
    if isinstance(kind, types.Integer) and kind.bitwidth < 64:
        return types.int64
    return kind


class _Part(CPUDispatcher):
    """A function for kernels.  Called from Python it is compiled anew, as a kernel of its own."""

    _twin: Any = None

    def get_call_template(self, args: Any, kws: Any) -> Any:
        return super().get_call_template(tuple(_wide(kind) for kind in args), kws)

    def add_overload(self, compiled: Any) -> None:
        compiled = compiled._replace(entry_point=_Handle())
        self.targetctx.insert_user_function(
            compiled.entry_point, compiled.fndesc, [compiled.library]
        )
        self.overloads[tuple(compiled.signature.args)] = compiled

    def _compile_for_args(self, *args: Any, **kws: Any) -> Any:
        if self._twin is None:
            self._twin = kernel(self.py_func)
        return self._twin


def kernel(*signatures: Any, **options: Any) -> Any:
    """Compile a function that Python calls; a decorator, with or without arguments.

    It is stored on disk and releases the interpreter lock.

    Parameters
    ----------
    *signatures : numba signatures, optional
        Compile for these types only, on import.
    **options
        Passed on to ``numba.njit``.
    """
    if not PLAIN:
        options["pipeline_class"] = _KernelCompiler
    return njit(*signatures, cache=True, nogil=True, **options)


def part(function: Callable[..., Any]) -> Any:
    """Compile a function that only kernels and other parts call; a decorator."""
    if PLAIN:
        return njit(cache=True)(function)
    wrappers = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return _Part(
        function, targetoptions={"nopython": True, **wrappers}, pipeline_class=_PartCompiler
    )

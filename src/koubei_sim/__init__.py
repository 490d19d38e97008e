"""koubei_sim: word-of-mouth diffusion on social graphs, from seed users to a fan pyramid.

This is the face of the package: the names a person uses, and nothing else.  Each stands once, in
the stub ``__init__.pyi`` beside this file, with the room it comes from; it is loaded when it is
first asked for, so ``import koubei_sim`` costs a few milliseconds and brings in none of mesa,
matplotlib, networkx, xarray or pandas.  Nothing inside the library imports this file; the rooms
import each other by their full names, downward only.

Examples
--------
>>> import koubei_sim as kb
>>> kb.__version__.count(".")
2
>>> "Scenario" in dir(kb)
True
"""

from importlib import import_module

from koubei_sim._version import __version__ as __version__
from koubei_sim.errors import old_names

# Name -> room, from lines ``from .room import name as name``: parsing the stub as Python brings in
# `ast`, which takes longer than all the rest.
with open(f"{__file__}i", encoding="utf-8") as _stub:
    _ROOMS = {line.split()[3]: line.split()[1] for line in _stub if line.startswith("from ")}
__all__ = list(_ROOMS)
#: Names of the last release -> where to find them now; each goes with the next release.
OLD_NAMES = {
    "branch": "koubei_sim.fork",
    "explain": "koubei_sim.attribution",
    "partition": "koubei_sim.runs.partition",
    "simulate": "koubei_sim.runs.simulate",
}
_old = old_names(__name__, OLD_NAMES, __all__)


def __getattr__(name: str) -> object:
    """Load a name of the face from its room, once."""
    if name not in _ROOMS:
        return _old(name)
    if _ROOMS[name] == ".":
        value: object = import_module(f".{name}", __name__)
    else:
        value = getattr(import_module(_ROOMS[name], __name__), name)
    globals()[name] = value  # the next look-up does not come here
    return value


def __dir__() -> list[str]:
    """List the names of the face, loaded or not."""
    return sorted({*globals(), *__all__})

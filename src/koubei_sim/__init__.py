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

import lazy_loader

from koubei_sim._version import __version__ as __version__
from koubei_sim.errors import old_names

_named, _, __all__ = lazy_loader.attach_stub(__name__, __file__)
#: Names of the last release -> where to find them now; each goes with the next release.
OLD_NAMES = {
    "branch": "koubei_sim.fork",
    "ensemble": "koubei_sim.prior_sample",
    "explain": "koubei_sim.attribution",
    "partition": "koubei_sim.runs.partition",
    "simulate": "koubei_sim.runs.simulate",
}
_old = old_names(__name__, OLD_NAMES, __all__)


def __getattr__(name: str) -> object:
    """Load a name of the face from its room, once."""
    return _named(name) if name in __all__ else _old(name)


def __dir__() -> list[str]:
    """List the names of the face, loaded or not."""
    return sorted({*globals(), *__all__})

"""koubei_sim: word-of-mouth diffusion on social graphs, from seed users to a fan pyramid.

This is the face of the package: the names a person uses, and nothing else.  A name is loaded
from its room when it is first asked for (PEP 562), so ``import koubei_sim`` costs a few
milliseconds and brings in none of mesa, matplotlib, networkx, xarray or pandas.  Nothing inside
the library imports this file; the rooms import each other by their full names, downward only.

Examples
--------
>>> import koubei_sim as kb
>>> kb.__version__.count(".")
2
>>> "Scenario" in dir(kb)
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from koubei_sim._version import __version__

if TYPE_CHECKING:  # what `__getattr__` below gives, told to type checkers and editors
    from koubei_sim import cascades, metrics, networks, plots, studies, theory
    from koubei_sim.cascades import cascade
    from koubei_sim.errors import KoubeiError
    from koubei_sim.model.scenario import Scenario
    from koubei_sim.networks import (
        Network,
        TemporalNetwork,
        as_network,
        read_contacts,
        read_network,
        seeding,
    )
    from koubei_sim.runs import partition, simulate
    from koubei_sim.runs.fork import branch, fork
    from koubei_sim.runs.loading import load_result as load
    from koubei_sim.runs.mesa_model import KoubeiModel
    from koubei_sim.runs.partition import run_partitioned
    from koubei_sim.runs.result import Result
    from koubei_sim.runs.simulate import run
    from koubei_sim.studies.calibration.calibrate import calibrate
    from koubei_sim.studies.claims import claim
    from koubei_sim.studies.compare.attribution import explain, knock_out
    from koubei_sim.studies.compare.breakeven import break_even
    from koubei_sim.studies.compare.compare import compare
    from koubei_sim.studies.compare.shapley import shapley
    from koubei_sim.studies.design.priors import ensemble
    from koubei_sim.studies.sensitivity.sensitivity import sensitivity
    from koubei_sim.studies.sweep.sweep import sweep

# name on the face -> (module below koubei_sim, name there; empty: the module itself)
_ROOMS: dict[str, tuple[str, str]] = {
    "KoubeiError": ("errors", "KoubeiError"),
    "KoubeiModel": ("runs.mesa_model", "KoubeiModel"),
    "Network": ("networks", "Network"),
    "Result": ("runs.result", "Result"),
    "Scenario": ("model.scenario", "Scenario"),
    "TemporalNetwork": ("networks", "TemporalNetwork"),
    "as_network": ("networks", "as_network"),
    "branch": ("runs.fork", "branch"),  # the old name of `fork`
    "break_even": ("studies", "break_even"),
    "calibrate": ("studies", "calibrate"),
    "cascade": ("cascades", "cascade"),
    "cascades": ("cascades", ""),
    "claim": ("studies.claims", "claim"),
    "compare": ("studies", "compare"),
    "ensemble": ("studies", "ensemble"),
    "explain": ("studies", "explain"),
    "fork": ("runs.fork", "fork"),
    "knock_out": ("studies", "knock_out"),
    "load": ("runs.loading", "load_result"),
    "metrics": ("metrics", ""),
    "networks": ("networks", ""),
    "partition": ("runs.partition", ""),
    "plots": ("plots", ""),
    "read_contacts": ("networks", "read_contacts"),
    "read_network": ("networks", "read_network"),
    "run": ("runs.simulate", "run"),
    "run_partitioned": ("runs.partition", "run_partitioned"),
    "seeding": ("networks.seeding", ""),
    "sensitivity": ("studies", "sensitivity"),
    "shapley": ("studies", "shapley"),
    "simulate": ("runs.simulate", ""),
    "studies": ("studies", ""),
    "sweep": ("studies", "sweep"),
    "theory": ("theory", ""),
}

__all__ = [
    "KoubeiError",
    "KoubeiModel",
    "Network",
    "Result",
    "Scenario",
    "TemporalNetwork",
    "__version__",
    "as_network",
    "branch",
    "break_even",
    "calibrate",
    "cascade",
    "cascades",
    "claim",
    "compare",
    "ensemble",
    "explain",
    "fork",
    "knock_out",
    "load",
    "metrics",
    "networks",
    "partition",
    "plots",
    "read_contacts",
    "read_network",
    "run",
    "run_partitioned",
    "seeding",
    "sensitivity",
    "shapley",
    "simulate",
    "studies",
    "sweep",
    "theory",
]


def __getattr__(name: str) -> object:
    """Load a name of the face from its room, once."""
    if name not in _ROOMS:
        from koubei_sim.errors import nearest

        near = None if name.startswith("_") else nearest(name, __all__)
        hint = f", try {near}" if near else ""
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
    module_name, attribute = _ROOMS[name]
    module = import_module(f"{__name__}.{module_name}")
    value: object = getattr(module, attribute) if attribute else module
    globals()[name] = value  # the next look-up does not come here
    return value


def __dir__() -> list[str]:
    """List the names of the face, loaded or not."""
    return sorted({*globals(), *__all__})

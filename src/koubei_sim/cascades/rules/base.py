"""What every family of rules has: `Rule`, and `Prepared`, a rule on a graph as its kernel sees it.

A family is one file beside this one: the class of the rule with its arguments, checked when made;
the numbers that its kernel takes; how both are put together (`on_arcs`, `on_contacts`); what the
rule is called on the command line.  Where an argument is an array, its length is that of the arcs
(all layers one row after another, `koubei_sim.networks.union_rows`) or of the people.  What each
rule does, to the last bit, stands in docs/cascades.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from koubei_sim.cascades import checks
from koubei_sim.cascades.arcs import Arcs
from koubei_sim.cascades.kernels.frame import Contacts
from koubei_sim.core.block import Block
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import TemporalNetwork

FOREVER = 1 << 62  # horizon of rules by steps that have none


def block(record: NamedTuple) -> Block:
    """Return a record as a kernel takes it."""
    return Block(type(record).__name__, record)


@dataclass(frozen=True)
class Wanted:
    """What is to be kept of single people."""

    forest: bool
    people: bool


@dataclass(frozen=True)
class Prepared:
    """A rule on a network, or on contacts, as its kernel sees it."""

    batch: Callable[..., int]
    rows: Block
    rule: Block
    scratch: Callable[[Wanted, int], Any]  # (what is kept, room for activations) -> named tuple
    method: str
    keeps: tuple[str, ...] = ()  # of `kernels.frame.Track`
    kind_names: tuple[str, ...] = ("active",)
    removal: bool = False  # people recover, at `until`
    tick: float | None = 1.0  # width of the bins of curves; None: to be found from a pilot
    origin: float = 0.0
    repeats: bool = False  # people can be activated again
    spare: int = 1  # room in the track beyond one activation a person
    wide: Callable[..., Any] | None = None  # runs one replicate on several threads
    counted: Callable[[], Prepared] | None = None  # the same rule by counts of live arcs
    holds: bool = False  # clean scratch space holds numbers of the rule


@dataclass(frozen=True, eq=False, repr=False)
class Rule:
    """A rule of diffusion; made by its subclasses."""

    command: ClassVar[str] = ""  # its name on the command line
    sequences: ClassVar[tuple[str, ...]] = ()  # arguments that take a pair, or names, not an array
    needs_horizon: ClassVar[bool] = False  # but on contacts, which end by themselves

    @property
    def per_replicate(self) -> tuple[str, ...]:
        """Arguments that may be one number a replicate (`cascade`, `parameters`)."""
        return ()

    @property
    def goes_on(self) -> str:
        """Who can still pass the word of a diffusion that was cut (`start`): "new" for those who
        became active at the cut, "active" for all, "ill" for those not recovered; "" where the
        future hangs on more than on who is active.
        """
        return ""

    def with_numbers(self, values: Mapping[str, float]) -> Rule:
        """Return the rule with other numbers, checked as those of a new one."""
        return replace(self, **values)

    @property
    def by_steps(self) -> bool:
        """Whether time counts steps (else it is continuous)."""
        return True

    def prepare(self, graph: Arcs | TemporalNetwork, key: int, horizon: float | None) -> Prepared:
        """Return the rule ready to run.

        Raises
        ------
        KoubeiError
            Arguments of the rule that do not fit the graph; a rule that is not defined on contacts.
        """
        if isinstance(graph, TemporalNetwork):
            return self.on_contacts(graph, horizon)
        return self.on_arcs(graph, key, horizon)

    def on_arcs(self, arcs: Arcs, key: int, horizon: float | None) -> Prepared:
        """Return the rule ready to run on the arcs of a network."""
        raise KoubeiError(
            "rule", "not a rule of cascades", got=type(self).__name__, fix="kb.cascades.rules"
        )

    def on_contacts(self, network: TemporalNetwork, horizon: float | None) -> Prepared:
        """Return the rule ready to run on contacts; rules of all sources at once refuse."""
        raise KoubeiError(
            "rule",
            "not defined on contacts with time stamps",
            got=type(self).__name__,
            allowed=", ".join(kind.__name__ for kind in _kinds(Rule) if _meets(kind)),
            fix="network.aggregate()",
        )

    def describe(self) -> dict[str, Any]:
        """Return name and arguments as plain data; arrays as a note of their shape and mean."""
        out: dict[str, Any] = {"rule": type(self).__name__}
        for item in fields(self):
            out[item.name] = checks.noted(getattr(self, item.name))
        return out

    def __repr__(self) -> str:
        """Say the name and the arguments."""
        parts = []
        for name, value in self.describe().items():
            if name != "rule" and value is not None and value is not False:
                parts.append(
                    f"{name}={value!r}" if not isinstance(value, str) else f"{name}={value}"
                )
        return f"{type(self).__name__}({', '.join(parts)})"


def _kinds(kind: type[Rule]) -> Iterator[type[Rule]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds(below)


def _meets(kind: type[Rule]) -> bool:
    """Whether a rule is defined on contacts."""
    return bool(kind.command) and kind.on_contacts is not Rule.on_contacts


def going_on() -> list[str]:
    """Return the names of the rules that can go on from a start."""
    return [kind.__name__ for kind in _kinds(Rule) if kind.command and kind().goes_on]


# Graphs and horizons --------------------------------------------------------------------------


def rows_of(arcs: Arcs) -> Block:
    """Return the rows of a network as a block."""
    return arcs.block


def contacts_of(network: TemporalNetwork) -> dict[str, Any]:
    """Return what all rules on contacts are prepared with."""
    meetings = Contacts(network.n_nodes, network.source, network.target, network.time)
    origin = float(network.start) if network.n_contacts else 0.0
    return {"rows": block(meetings), "origin": origin, "method": "contacts", "tick": None}


def one_or_each(value: Any, dtype: type) -> tuple[Any, Any]:
    """Return a number and an array of which one says it all: size 0, or the number not used."""
    if isinstance(value, np.ndarray):
        return 0, np.ascontiguousarray(value, dtype)
    return value, np.empty(0, dtype)


def last_step(horizon: float | None) -> int:
    """Return the horizon of a rule by steps as an int."""
    return FOREVER if horizon is None else int(np.floor(horizon))


def last_time(horizon: float | None) -> float:
    """Return the horizon of a rule in continuous time."""
    return math.inf if horizon is None else horizon

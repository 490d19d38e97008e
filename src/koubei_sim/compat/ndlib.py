"""NDlib's way of asking: configuration, model, `iteration_bunch`, dictionaries by node.

``import koubei_sim.compat.ndlib as ep`` in place of ``ndlib.models.epidemics``, and again as ``mc``
in place of ``ndlib.models.ModelConfig``.  A model computes a whole run at its first iteration and
then hands it out step by step, so an iteration costs what changed in it, not a copy of everybody.

What is different, because it is a fault there (docs/coming-from.md): a tie without a probability
has the default of .1 and the others keep theirs; both directions of a mutual tie may have one; each
model has randomness of its own, so a model made with one `rng` gives the same sequence of runs
(`reset` goes to the next) whatever else is made or run beside it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import (
    SIR,
    SIS,
    FractionalThreshold,
    IndependentCascade,
    RandomSeeds,
    Rule,
    cascade,
)
from koubei_sim.checks import number, whole
from koubei_sim.compat.graphs import NamedGraph, items, key_of
from koubei_sim.errors import KoubeiError, nearest

__all__ = [
    "Configuration",
    "IndependentCascadesModel",
    "SIModel",
    "SIRModel",
    "SISModel",
    "ThresholdModel",
]

FIRST_HORIZON = 64  # steps of SIS computed at first; then twice as many, of the same run


class Configuration:
    """What a model is to run with: parameters of the model, of nodes, of edges; who starts.

    Examples
    --------
    >>> config = Configuration()
    >>> config.add_model_parameter("beta", 0.1)
    >>> config.get_model_parameters()
    {'beta': 0.1}
    """

    def __init__(self) -> None:
        self.config: dict[str, dict[Any, Any]] = {
            "nodes": {},
            "edges": {},
            "model": {},
            "status": {},
        }

    def get_nodes_configuration(self) -> dict[str, dict[Any, Any]]:
        """Return parameter -> node -> value."""
        return self.config["nodes"]

    def get_edges_configuration(self) -> dict[str, dict[Any, Any]]:
        """Return parameter -> edge -> value."""
        return self.config["edges"]

    def get_model_parameters(self) -> dict[str, Any]:
        """Return parameter -> value."""
        return self.config["model"]

    def get_model_configuration(self) -> dict[str, Any]:
        """Return status -> nodes that start with it."""
        return self.config["status"]

    def add_model_parameter(self, param_name: str, param_value: Any) -> None:
        """Set a parameter of the model."""
        self.config["model"][param_name] = param_value

    def add_model_initial_configuration(self, status_name: str, nodes: Iterable[Any]) -> None:
        """Say who starts with a status."""
        self.config["status"][status_name] = nodes

    def add_node_configuration(self, param_name: str, node_id: Any, param_value: Any) -> None:
        """Set a parameter of one node."""
        self.config["nodes"].setdefault(param_name, {})[node_id] = param_value

    def add_node_set_configuration(self, param_name: str, node_to_value: Mapping[Any, Any]) -> None:
        """Set a parameter of several nodes."""
        self.config["nodes"].setdefault(param_name, {}).update(node_to_value)

    def add_edge_configuration(self, param_name: str, edge: Any, param_value: Any) -> None:
        """Set a parameter of one edge."""
        self.config["edges"].setdefault(param_name, {})[tuple(edge)] = param_value

    def add_edge_set_configuration(self, param_name: str, edge_to_value: Mapping[Any, Any]) -> None:
        """Set a parameter of several edges."""
        for edge, value in edge_to_value.items():
            self.add_edge_configuration(param_name, edge, value)


class _Model:
    """What the models share: the start, the run behind the iterations, the dictionaries."""

    name = ""
    available_statuses: ClassVar[dict[str, int]] = {"Susceptible": 0, "Infected": 1, "Removed": 2}
    model_parameters: tuple[str, ...] = ()  # all needed, but tp_rate
    repeats = False  # people are infected again, so the run has no end of its own

    def __init__(self, graph: Any, seed: Any = None, *, rng: Any = None) -> None:
        """Take a networkx graph; `seed` is NDlib's word for `rng`."""
        if seed is not None and rng is not None:
            raise KoubeiError("seed, rng", "both given", fix="rng")
        self.graph = graph
        self.actual_iteration = 0
        self.params: dict[str, dict[str, Any]] = {
            "nodes": {}, "edges": {}, "model": {}, "status": {}
        }  # fmt: skip
        self._ties = NamedGraph(graph)
        self._key = key_of(seed if rng is None else rng)
        self._replicate = 0
        self._rule: Rule | None = None
        self._seeds: Any = None
        self._removed = np.empty(0, np.int64)
        self._forget()

    # ---- what a model says of itself ----------------------------------------------------------

    def get_name(self) -> str:
        """Return the name of the model."""
        return self.name

    def get_status_map(self) -> dict[str, int]:
        """Return status -> code."""
        return self.available_statuses

    def get_info(self) -> dict[str, Any]:
        """Return the parameters of the model."""
        return self.params["model"]

    @property
    def status(self) -> dict[Any, int]:
        """Code of the status of every node, at the iteration handed out last."""
        return dict(zip(self._ties.names, self._codes.tolist(), strict=True))

    # ---- the start ----------------------------------------------------------------------------

    def _make_rule(self) -> Rule:
        raise KoubeiError("model", "not a model that can run", fix="SIRModel")

    def set_initial_status(self, configuration: Configuration) -> None:
        """Take parameters and who starts.

        Raises
        ------
        KoubeiError
            Parameters missing, unknown or out of range; nodes and edges that are not there.
        """
        if not hasattr(configuration, "get_model_parameters"):
            got = type(configuration).__name__
            raise KoubeiError("configuration", "of another kind", got=got, allowed="Configuration")
        model = dict(configuration.get_model_parameters())
        known = (*self.model_parameters, "fraction_infected", "percentage_infected", "tp_rate")
        for label in model:
            if label not in known:
                raise KoubeiError(
                    label, "unknown parameter", allowed=", ".join(known), fix=nearest(label, known)
                )
        for label in self.model_parameters:
            if label not in model:
                raise KoubeiError(label, "missing", fix=f"add_model_parameter({label!r}, 0.1)")
        if model.get("tp_rate", 1) != 1:
            raise KoubeiError("tp_rate", "only 1 is known here", got=model["tp_rate"])
        start = configuration.get_model_configuration()
        for label in start:
            if label not in self.available_statuses:
                raise KoubeiError(
                    label, "unknown status", allowed=", ".join(self.available_statuses)
                )
        self.params["model"] |= model
        self.params["nodes"] |= configuration.get_nodes_configuration()
        self.params["edges"] |= configuration.get_edges_configuration()
        self.params["status"] |= start
        self._removed = self._ties.numbers("Removed", start.get("Removed", ()))
        self._seeds = self._start(start)
        self._rule = self._make_rule()
        self._forget()

    def _start(self, start: Mapping[str, Any]) -> Any:
        if "Infected" in start:
            return self._ties.numbers("Infected", start["Infected"])
        model, n = self.params["model"], self._ties.n
        share = model.get("percentage_infected", model.get("fraction_infected"))
        if share is None:
            warnings.warn("nobody is infected at the start: 5 % at random", stacklevel=3)
            share = 0.05
        share = number("fraction_infected", share, 0.0, 1.0)
        open_people = np.setdiff1d(np.arange(n), self._removed)
        return RandomSeeds(max(1, int(n * share)), open_people)

    def reset(self, infected_nodes: Iterable[Any] | None = None) -> _Model:
        """Go back to iteration 0 of another run, from the same start or from the nodes given."""
        if infected_nodes is not None:
            self._seeds = self._ties.numbers("infected_nodes", infected_nodes)
        self._replicate += 1
        self._forget()
        return self

    # ---- the run ------------------------------------------------------------------------------

    def _forget(self) -> None:
        self.actual_iteration = 0
        self._horizon = -1  # nothing is computed yet
        self._codes = np.zeros(self._ties.n, np.int8)
        self._counts = dict.fromkeys(self.available_statuses.values(), 0)

    def _compute(self, iterations: int) -> None:
        """See that the changes up to a number of iterations are known."""
        if self._rule is None:
            raise KoubeiError("model", "has no start", fix="set_initial_status(config)")
        if self._horizon >= iterations:
            return
        horizon = None
        self._horizon = np.iinfo(np.int64).max
        if self.repeats:
            self._horizon = horizon = max(FIRST_HORIZON, 2 * iterations)
        log = cascade(
            self._ties.network, self._rule, self._seeds, 1, self._key, first=self._replicate,
            record="forest", horizon=horizon, threads=1, by="row",
        ).activations  # fmt: skip
        until = self._until(log)
        over = np.isfinite(until)
        steps = np.concatenate((log.time, until[over])).astype(np.int64)
        who = np.concatenate((log.person, log.person[over]))
        after = 0 if self.repeats else 2
        what = np.repeat(np.array([1, after], np.int8), (log.time.size, int(over.sum())))
        order = np.lexsort((who, steps))
        self._steps, self._who, self._what = steps[order], who[order], what[order]

    def _until(self, log: Any) -> NDArray[np.float64]:
        """Step at which each infection is over; inf: never."""
        until: NDArray[np.float64] = log.until
        return until

    def iteration(self, node_status: bool = True) -> dict[str, Any]:
        """Return the next iteration.

        Returns
        -------
        dict
            ``iteration``; ``status``: node -> code, of everybody at iteration 0 and then of those
            who changed; ``node_count``: code -> number of nodes; ``status_delta``: code -> change.
        """
        step = self.actual_iteration
        self._compute(step)
        low, high = np.searchsorted(self._steps, (step, step + 1))
        who, what = self._who[low:high], self._what[low:high]
        if step == 0:
            self._codes[self._removed] = self.available_statuses.get("Removed", 0)
        self._codes[who] = what
        counted = np.bincount(self._codes, minlength=3)
        counts = {code: int(counted[code]) for code in self.available_statuses.values()}
        before = counts if step == 0 else self._counts
        changed: dict[Any, int] = {}
        if node_status and step == 0:
            changed = self.status
        elif node_status:
            names = self._ties.names
            changed = {names[v]: code for v, code in zip(who.tolist(), what.tolist())}
        self._counts = counts
        self.actual_iteration += 1
        return {
            "iteration": step,
            "status": changed,
            "node_count": counts,
            "status_delta": {code: counts[code] - before[code] for code in counts},
        }

    def iteration_bunch(
        self, bunch_size: int, node_status: bool = True, progress_bar: bool = False
    ) -> list[dict[str, Any]]:
        """Return the next `bunch_size` iterations (`progress_bar` is taken and not needed)."""
        bunch_size = whole("bunch_size", bunch_size)
        if bunch_size > 0:
            self._compute(self.actual_iteration + bunch_size - 1)
        return [self.iteration(node_status) for _ in range(bunch_size)]

    def build_trends(self, iterations: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the counts and changes of each status over iterations."""
        rows = items("iterations", iterations, "what iteration_bunch gives")
        return [
            {
                "trends": {
                    what: {
                        code: [row[what][code] for row in rows]
                        for code in self.available_statuses.values()
                    }
                    for what in ("node_count", "status_delta")
                }
            }
        ]


class IndependentCascadesModel(_Model):
    """Independent cascade; edge parameter ``threshold``: probability of a tie, .1 where not given.

    Whoever is infected tries each tie in the next step, and is removed then.

    Examples
    --------
    >>> model = IndependentCascadesModel(([0, 0, 1], [1, 2, 3]), rng=1)
    >>> config = Configuration()
    >>> config.add_model_initial_configuration("Infected", [0])
    >>> config.add_edge_set_configuration("threshold", {(0, 1): 1.0, (0, 2): 0.0, (1, 3): 1.0})
    >>> model.set_initial_status(config)
    >>> [step["status"] for step in model.iteration_bunch(4)]
    [{0: 1, 1: 0, 2: 0, 3: 0}, {0: 2, 1: 1}, {1: 2, 3: 1}, {3: 2}]
    """

    name = "Independent Cascades"

    def _make_rule(self) -> Rule:
        given = self.params["edges"].get("threshold")
        p = self._ties.values(given, 0.1, "threshold") if given else 0.1
        return IndependentCascade(self._ties.shut(p, self._removed))

    def _until(self, log: Any) -> NDArray[np.float64]:
        after: NDArray[np.float64] = log.time + 1.0
        return after


class ThresholdModel(_Model):
    """Fractional threshold; node parameter ``threshold``: share of the neighbours, .1 by default.

    Thresholds stay as they are over `reset` (so did NDlib's; for new ones, set them again, or use
    `koubei_sim.cascades.LinearThreshold`, which draws them for every run).
    """

    name = "Threshold"
    available_statuses: ClassVar[dict[str, int]] = {"Susceptible": 0, "Infected": 1}

    def _make_rule(self) -> Rule:
        given = self.params["nodes"].get("threshold")
        values = np.full(self._ties.n, 0.1)
        if given:
            missing = [name for name in self._ties.names if name not in given]
            if missing:
                raise KoubeiError("threshold", "a node has none", got=repr(missing[0]))
            values = np.array([number("threshold", given[name]) for name in self._ties.names])
        # Nobody to listen to: never convinced, also by a threshold of 0.
        values[self._ties.network.layer().degrees("in") == 0] = 1.0
        return FractionalThreshold(values)


class SIRModel(_Model):
    """SIR by steps; model parameters ``beta`` (a tie and step) and ``gamma`` (a step)."""

    name = "SIR"
    model_parameters = ("beta", "gamma")

    def _make_rule(self) -> Rule:
        model = self.params["model"]
        beta = self._ties.shut(number("beta", model["beta"]), self._removed)
        return SIR(beta, model["gamma"], steps=True)


class SIModel(_Model):
    """SI by steps; model parameter ``beta``."""

    name = "SI"
    available_statuses: ClassVar[dict[str, int]] = {"Susceptible": 0, "Infected": 1}
    model_parameters = ("beta",)

    def _make_rule(self) -> Rule:
        return SIR(self.params["model"]["beta"], 0.0, steps=True)


class SISModel(_Model):
    """SIS by steps; model parameters ``beta`` and ``lambda`` (chance to recover in a step)."""

    name = "SIS"
    available_statuses: ClassVar[dict[str, int]] = {"Susceptible": 0, "Infected": 1}
    model_parameters = ("beta", "lambda")
    repeats = True

    def _make_rule(self) -> Rule:
        return SIS(self.params["model"]["beta"], self.params["model"]["lambda"], steps=True)

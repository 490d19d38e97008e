"""Other models that a claim can be put to, beside the pyramid, where theory says what comes out.

`branching`: two kinds of people while cascades are small against the population, exact.
`threshold`: people who adopt when a share of their neighbours has, on random or real graphs.
Their parameters are few and have ranges here; a claim names which of them are doubtful.
Called by `claim_file` (to check) and `design` (to run).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import one_of
from koubei_sim.core.draws import drawn
from koubei_sim.errors import KoubeiError
from koubei_sim.studies.design.values import range_of
from koubei_sim.theory import branching

#: Purpose of the draws that give kinds and pick seeds; j: 0 kinds, 1 seeds.
DRAW_KINDS: Final = 188
#: A run of these models has taken off as one of the pyramid has (`metrics.took_off`).
_SHARE, _FOLD = 0.01, 10.0

Values = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Parameter:
    """A number of a model: its default and the range it may have."""

    default: Any
    low: float
    high: float
    meaning: str


@dataclass(frozen=True)
class Model:
    """A model that is a function of a few parameters."""

    name: str
    parameters: Mapping[str, Parameter]
    outcomes: str
    pattern: re.Pattern[str]
    run: Callable[[Mapping[str, Any], str, range, int], Values]

    def check_outcome(self, where: str, outcome: str) -> None:
        """Refuse an outcome that the model does not have."""
        if not self.pattern.match(outcome):
            raise KoubeiError(
                f"{where}: outcome", f"no outcome of {self.name}", got=outcome,
                allowed=self.outcomes,
            )  # fmt: skip

    def check(
        self,
        where: str,
        settings: Mapping[str, Any],
        arms: Mapping[str, Mapping[str, Any]],
        **doubtful: Mapping[str, Any],
    ) -> None:
        """Refuse unknown parameters and values out of range, in settings, arms and ranges."""
        for place, given in (("set", settings), *((f"arm {k}", a) for k, a in arms.items())):
            for name, value in given.items():
                self._check_one(f"{where}, {place}", name, value)
        for place, ranges in doubtful.items():
            for name, entry in ranges.items():
                around = range_of(f"{where}, {place}: {name}", entry)
                for bound in around.choices or (around.low, around.high):
                    self._check_one(f"{where}, {place}", name, bound)
                for arm, changes in arms.items():
                    if name in changes:
                        raise KoubeiError(f"{where}, {place}: {name}", f"is set by the arm {arm}")

    def _check_one(self, where: str, name: str, value: Any) -> None:
        one_of(where, name, self.parameters, f"no parameter of {self.name}")
        known = self.parameters[name]
        if isinstance(known.default, str):
            if not isinstance(value, str):
                raise KoubeiError(f"{where}: {name}", "must be text", got=value)
            return
        fine = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not fine or not known.low <= value <= known.high:
            raise KoubeiError(
                f"{where}: {name}", "out of range", got=value, allowed=f"{known.low}..{known.high}"
            )

    def complete(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return all parameters: those given, defaults for the rest."""
        return {name: given.get(name, known.default) for name, known in self.parameters.items()}


# Two kinds of people, exact --------------------------------------------------------------------


def branching_values(given: Mapping[str, Any], outcome: str, replicates: range, key: int) -> Values:
    """Return an outcome of two-type branching; every replicate has the same, exact number.

    ``M[a, b] = reach * voice_a * mix(a, b) * (1 - (1 - persuasion)**fit_b)`` with
    ``mix(a, b) = homophily [a = b] + (1 - homophily) share_b`` (kind 0: enthusiasts).

    Examples
    --------
    >>> pure = branching_values({"purity": 1.0}, "enthusiasts@0", range(1), 0)
    >>> float(pure["enthusiasts@0"][0])
    1.0
    """
    p = MODELS["branching"].complete(given)
    shares = np.array([p["enthusiasts"], 1.0 - p["enthusiasts"]])
    mix = p["homophily"] * np.eye(2) + (1.0 - p["homophily"]) * shares[None, :]
    arcs = p["reach"] * np.array([[p["voice"]], [1.0]]) * mix
    matrix = branching.mean_matrix(arcs, p["persuasion"], [p["fit_enthusiast"], p["fit_newbie"]])
    seeds = p["seeds"] * np.array([p["purity"], 1.0 - p["purity"]])
    grown = branching.growth(matrix)
    extinct = branching.extinction(branching.poisson_pgf(matrix), 2)
    chance = branching.take_off(extinct, seeds)
    name, _, at = outcome.partition("@")
    if name == "take_off":
        value = chance
    elif name == "head_start":
        mixed = p["seeds"] * shares
        value = (
            float(np.log(seeds @ grown.value / (mixed @ grown.value)) / np.log(grown.rate))
            if grown.rate > 1.0
            else np.nan
        )
    else:
        counts = branching.expected_counts(matrix, seeds, int(at))
        if name == "enthusiasts":
            value = float(counts[-1, 0] / counts[-1].sum()) if counts[-1].sum() > 0 else np.nan
        else:
            value = float(counts[-1].sum() if name == "users" else counts.sum())
    ones = np.ones(len(replicates))
    return {"take_off": (grown.rate > 1.0) * ones, outcome: value * ones}


# Thresholds on a graph -------------------------------------------------------------------------


def threshold_values(given: Mapping[str, Any], outcome: str, replicates: range, key: int) -> Values:
    """Return an outcome of fractional thresholds, one graph, placing and seeds a replicate.

    A share `enthusiasts` of the people adopts when a share `easy` of their neighbours has, the
    others at `hard`; `purity` of the seeds are enthusiasts (-1: seeds are anybody).  Arms that
    differ in purity alone have the same graphs and the same kinds.

    Examples
    --------
    >>> small = {"people": 500, "enthusiasts": 0.3, "seeds": 0.02}
    >>> found = threshold_values(small, "reached", range(2), 7)
    >>> bool((found["reached"] >= 0.02).all())
    True
    """
    from koubei_sim.cascades import FractionalThreshold, cascade

    p = MODELS["threshold"].complete(given)
    rows: list[tuple[float, float, float]] = []
    fixed = None if p["graph"] == "erdos_renyi" else _file_graph(str(p["graph"]))
    for replicate in replicates:
        graph = fixed if fixed is not None else _random_graph(p, key, replicate)
        n = graph.n_nodes
        fans = np.zeros(n, dtype=np.int64)
        fans[_order(key, replicate, 0, n)[: round(p["enthusiasts"] * n)]] = 1
        seeds = _seeds(fans, max(1, round(p["seeds"] * n)), float(p["purity"]), key, replicate)
        rule = FractionalThreshold(np.array([p["hard"], p["easy"]]), kinds=fans)
        reached = float(cascade(graph, rule, seeds, 1, key, first=replicate).sizes[0])
        taken = reached >= _SHARE * n and reached >= _FOLD * seeds.size
        rows.append((reached / n, (reached - seeds.size) / n, float(taken)))
    table = np.array(rows).reshape(-1, 3)
    every = {"reached": table[:, 0], "won": table[:, 1], "take_off": table[:, 2]}
    return {name: every[name] for name in dict.fromkeys((outcome, "take_off"))}


def _seeds(
    fans: NDArray[np.int64], count: int, purity: float, key: int, replicate: int
) -> NDArray[np.int64]:
    """Return the people who start: the first of a keyed order, of each kind as many as asked."""
    order = _order(key, replicate, 1, fans.size)
    if purity < 0.0:
        return np.sort(order[:count])
    pure = min(round(purity * count), int(fans.sum()))
    easy, hard = order[fans[order] == 1], order[fans[order] == 0]
    return np.sort(np.concatenate([easy[:pure], hard[: count - pure]]))


def _order(key: int, replicate: int, j: int, n: int) -> NDArray[np.int64]:
    return np.argsort(drawn(n, key, DRAW_KINDS, replicate, j=j), kind="stable")


def _random_graph(p: Mapping[str, Any], key: int, replicate: int) -> Any:
    from koubei_sim.networks import erdos_renyi

    return erdos_renyi(int(p["people"]), float(p["mean_degree"]), key=key, replicate=replicate)


def _file_graph(name: str) -> Any:
    from koubei_sim.networks import read_network
    from koubei_sim.networks.files.readers import find_data

    return read_network(find_data(name), directed=False)


MODELS: Final[dict[str, Model]] = {
    "branching": Model(
        "branching",
        {
            "purity": Parameter(1.0, 0.0, 1.0, "share of enthusiasts among the seeds"),
            "seeds": Parameter(100, 1, 1e9, "seeds, people"),
            "enthusiasts": Parameter(0.1, 1e-6, 1.0 - 1e-6, "share of the population"),
            "reach": Parameter(15.0, 0.0, 1e6, "listeners of a newbie, people"),
            "voice": Parameter(2.0, 0.0, 1e3, "listeners of an enthusiast, times those"),
            "homophily": Parameter(0.3, 0.0, 1.0 - 1e-9, "share of ties within one's kind"),
            "persuasion": Parameter(0.1, 0.0, 1.0, "chance that one message convinces"),
            "fit_enthusiast": Parameter(0.8, 0.0, 1.0, "fit of the product"),
            "fit_newbie": Parameter(0.4, 0.0, 1.0, "fit of the product"),
        },
        "users@G, total@G, enthusiasts@G (in generation G), head_start, take_off",
        re.compile(r"^(?:(?:users|total|enthusiasts)@\d{1,3}|head_start|take_off)$"),
        branching_values,
    ),
    "threshold": Model(
        "threshold",
        {
            "purity": Parameter(-1.0, -1.0, 1.0, "share of enthusiasts among the seeds; -1: any"),
            "people": Parameter(20_000, 10, 1e8, "people of a random graph"),
            "graph": Parameter("erdos_renyi", 0, 0, "erdos_renyi, or a data file"),
            "mean_degree": Parameter(6.0, 0.0, 1e4, "of a random graph"),
            "enthusiasts": Parameter(0.13, 0.0, 1.0, "share of the population"),
            "seeds": Parameter(0.01, 0.0, 1.0, "share of the population"),
            "easy": Parameter(0.1, 0.0, 1.0, "threshold of enthusiasts"),
            "hard": Parameter(0.3, 0.0, 1.0, "threshold of the others"),
        },
        "reached (share of people), won (without seeds), take_off",
        re.compile(r"^(?:reached|won|take_off)$"),
        threshold_values,
    ),
}

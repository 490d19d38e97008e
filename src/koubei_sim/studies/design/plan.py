"""What a sweep is: a base scenario, points, replicates and a key - and nothing about how it is run.

`Sweep` numbers its runs point by point (run = point * replicates + replicate), checks every point
before anything runs, and has a digest, so that a folder can tell whether it holds this sweep.
All points share one key: their differences are paired (common random numbers), unless the plan
gives points or runs luck of their own.
Called by `sweep` and `journal`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from koubei_sim._version import __version__
from koubei_sim.checks import Engine, whole
from koubei_sim.core.draws import draw, stream
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.looks import wrapped
from koubei_sim.metrics import OUTCOMES, check_measure
from koubei_sim.model.scenario import Scenario
from koubei_sim.runs.fitting import check_memory
from koubei_sim.runs.inputs import Inputs
from koubei_sim.runs.options import RunOptions, options_from, scenario_from
from koubei_sim.studies.design.functions import Own, outcomes_from
from koubei_sim.studies.design.kept_curves import COLUMN, NO_CURVES, Kept, kept_from
from koubei_sim.studies.design.points import MOST_POINTS, Points, checked, design_of
from koubei_sim.studies.design.values import kind_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

#: Layout of the plan and the shards; raised when an old reader could misread them.
FORMAT: Final = 1
#: Checked scenarios kept for the runs (some 40 kB each); those of later points are made again.
KEPT: Final = 4_096
#: Numbers of replicates beyond this do not fit into a journal, with the runs after them.
MOST_LUCK: Final = 2**62
#: Whether points share their luck.
LUCK: Final = ("common", "own")
#: Purpose of the draw that gives a point a key of its own; agent: the point.
DRAW_POINT_KEY: Final = 194
#: Columns of the tidy table before those of the points, and after the outcomes.
FIRST_COLUMNS: Final = ("run", "point", "replicate")
LAST_COLUMNS: Final = ("failed", "message", "run_key")


@dataclass(frozen=True)
class Sweep:
    """A plan of runs.

    Attributes
    ----------
    scenario : Scenario
        What the points change.
    points : Points
        Values by dotted path.
    replicates : int
        Replicates of each point, numbered from 0.
    key : int
        The one key of all points.
    engine : str
        ``"compiled"`` or ``"reference"``.
    outcomes : tuple of str
        Measures (`koubei_sim.metrics.measure`), such as names from `OUTCOMES`.
    version : str
        Version of the library that runs it.
    luck : str, int or tuple of int
        ``"common"``: one key for all points; ``"own"``: a key for each, see `point_key`, so that
        points are worlds that share nothing.  A number k: run i of the sweep is replicate k + i, so
        that no two runs share luck, but shared worlds stay shared; several numbers: the first
        replicate of each point.
    supplied : dict of str to str
        Digests of networks and of people that were handed over.
    variants : tuple of Scenario
        Whole scenarios in place of changes, one a point: what a study compares.
    keep : bool
        Whether the journal holds the history of each run beside its outcomes.
    functions : dict of str to Own
        Those outcomes that are functions, the last ones, by name.
    curves : Kept
        Which daily curves are kept beside the outcomes.
    given : Inputs or None
        These themselves; a plan that was read from a folder has only their digests.
    """

    scenario: Scenario
    points: Points
    replicates: int = 1
    key: int = 0
    engine: Engine = "compiled"
    outcomes: tuple[str, ...] = tuple(OUTCOMES)
    version: str = field(default=__version__)
    luck: str | int | tuple[int, ...] = "common"
    supplied: Mapping[str, str] = field(default_factory=dict)
    variants: tuple[Scenario, ...] = field(default=(), repr=False)
    keep: bool = False
    functions: Mapping[str, Own] = field(default_factory=dict)
    curves: Kept = NO_CURVES
    given: Inputs | None = field(default=None, compare=False, repr=False)

    def __repr__(self) -> str:
        """Say how many runs of what are planned."""
        paths = ", ".join(self.points.columns) or "whole scenarios"
        return wrapped(
            f"Sweep({self.scenario.name}: {self.points.number} points x {self.replicates} "
            f"replicates over {paths}; key {self.key})"
        )

    @property
    def measures(self) -> tuple[str, ...]:
        """The outcomes that are measures by name."""
        return self.outcomes[: len(self.outcomes) - len(self.functions)]

    @property
    def runs(self) -> int:
        """Number of runs."""
        return self.points.number * self.replicates

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Kind of the values of each path (`values.kind_of`)."""
        return {path: kind_of(path, values) for path, values in self.points.columns.items()}

    def place(self, run: int) -> tuple[int, int]:
        """Return point and replicate of a run."""
        point, replicate = divmod(run, self.replicates)
        if isinstance(self.luck, tuple):
            return point, self.luck[point] + replicate
        return point, replicate if isinstance(self.luck, str) else self.luck + run

    def plan(self) -> dict[str, Any]:
        """Return the sweep as plain data; `from_plan` reads it back."""
        # A plan without networks of one's own has the digest that it always had.
        supplied = {"supplied": dict(self.supplied)} if self.supplied else {}
        return {
            **supplied,
            "format": FORMAT,
            "version": self.version,
            "engine": self.engine,
            "key": self.key,
            "replicates": self.replicates,
            "outcomes": list(self.outcomes),
            "paths": list(self.points.columns),
            "points": {path: [_jsonable(v) for v in c] for path, c in self.points.columns.items()},
            "scenario": json.loads(self.scenario.canonical()),
            # Left out where it is the default, so that sweeps begun before it existed resume.
            **({} if self.luck == "common" else {"luck": _plain_luck(self.luck)}),
            **({"variants": self._differences()} if self.variants else {}),
            **({"keep": "histories"} if self.keep else {}),
            **(
                {"functions": {n: of.digest for n, of in self.functions.items()}}
                if self.functions
                else {}
            ),
            **(
                {"curves": {"names": list(self.curves.names), "every": self.curves.every}}
                if self.curves.names
                else {}
            ),
        }

    def _differences(self) -> list[dict[str, Any]]:
        """Return the parts of each variant that are not those of the scenario."""
        base = json.loads(self.scenario.canonical())
        every = [json.loads(variant.canonical()) for variant in self.variants]
        return [
            {name: part for name, part in variant.items() if part != base.get(name)}
            for variant in every
        ]

    def scenario_at(self, point: int) -> Scenario:
        """Return the scenario of a point, checked."""
        if self.variants:
            return self.variants[point]
        return self.scenario.changed(self.points.at(point), "agents" in self.supplied)

    def digest(self) -> str:
        """Return the SHA-256 of the plan, 64 hexadecimal digits."""
        return plan_digest(self.plan())

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any], where: str = "sweep") -> Sweep:
        """Return the sweep of a stored plan."""
        from koubei_sim.runs.loading import scenario_of

        columns = {path: [_from_json(v) for v in plan["points"][path]] for path in plan["paths"]}
        return cls(
            scenario_of(dict(plan), where),
            checked(columns),
            int(plan["replicates"]),
            int(plan["key"]),
            cast(Engine, str(plan["engine"])),
            tuple(plan["outcomes"]),
            str(plan["version"]),
            supplied=dict(plan.get("supplied", {})),
            variants=tuple(
                scenario_of({**plan, "scenario": {**plan["scenario"], **parts}}, where)
                for parts in plan.get("variants", ())
            ),
            keep="keep" in plan,
            functions={n: Own(str(of)) for n, of in plan.get("functions", {}).items()},
            curves=Kept.from_plan(plan.get("curves")),
            luck=tuple(luck) if isinstance(luck := plan.get("luck", "common"), list) else luck,
        )

    def with_given(self, given: Inputs | None) -> Sweep:
        """Return the same plan with the networks and people that it was made with.

        Raises
        ------
        KoubeiError
            Where these are missing, or others.
        """
        missing = sorted(set(self.supplied) - set(given.digests if given else {}))
        if missing:
            words = " and ".join(missing)
            raise KoubeiError(
                missing[0],
                f"the sweep was planned with {words} of your own, which a plan does not hold",
                fix=f"giving the same {words} again",
            )
        for name, digest in (given.digests if given else {}).items():
            if self.supplied.get(name) != digest:
                raise KoubeiError(
                    name,
                    "not what the sweep was planned with",
                    got=f"digest {digest[:12]}",
                    allowed=f"digest {self.supplied[name][:12]}" if self.supplied else "none",
                )
        return dataclasses.replace(self, given=given)

    def schema(self, curves: bool = False) -> pa.Schema:
        """Return the columns of the tidy table with their types, those of curves where wanted."""
        import pyarrow as pa

        types = {"truth": pa.bool_(), "whole": pa.int64(), "real": pa.float64()}
        fields = [pa.field(name, pa.int64()) for name in FIRST_COLUMNS]
        for path, kind in self.kinds.items():
            fields.append(pa.field(path, types.get(kind, pa.string())))
        fields += [pa.field(name, pa.float64()) for name in self.outcomes]
        fields += [pa.field(name, pa.string()) for name in LAST_COLUMNS]
        if curves:
            row = pa.list_(pa.float64())
            fields += [pa.field(COLUMN + name, row) for name in self.curves.names]
        return pa.schema(fields)

    def check(self, side_by_side: int = 1) -> dict[int, Scenario]:
        """Make every point's scenario, refuse the first that cannot be, and return the first ones.

        Parameters
        ----------
        side_by_side : int
            Runs at the same time, for the memory that they need.

        Returns
        -------
        dict of int to Scenario
            The scenarios of the first `KEPT` points by point.

        Raises
        ------
        KoubeiError
            Naming path and point; also where the largest point would not fit into memory.
        """
        kept: dict[int, Scenario] = {}
        special = [name for name in self.measures if name not in OUTCOMES]
        self.curves.check(self.scenario)
        largest = self.scenario
        for point in range(self.points.number):
            try:
                scenario = self.scenario_at(point)
            except KoubeiError as error:
                what = error.what if point == 0 else f"{error.what} (point {point})"
                raise KoubeiError(
                    error.where, what, got=error.got, allowed=error.allowed, fix=error.fix
                ) from None
            self.curves.check_same(self.scenario, scenario)
            for name in special:
                if check_measure(name, scenario) != name:  # of a folder of an earlier version
                    raise KoubeiError(
                        name, "is written otherwise now, where a day may be that of both",
                        fix=f"a new folder, with {check_measure(name)}",
                    )  # fmt: skip
            if point < KEPT:
                kept[point] = scenario
            if scenario.n_agents > largest.n_agents:
                largest = scenario
        check_memory(largest, side_by_side, side_by_side)
        if self.given is not None:
            self.given.check(kept[0])
        return kept


def make_sweep(
    scenario: Scenario | Mapping[str, Any] | str | Path,
    points: Any,
    replicates: int = 1,
    rng: object = None,
    engine: Engine = "compiled",
    outcomes: Any = None,
    networks: object = None,
    agents: str | Path | pd.DataFrame | None = None,
    luck: str | int | Sequence[int] = "common",
    keep: Any = None,
    every: Any = None,
) -> Sweep:
    """Return the plan that arguments of `sweep` stand for.

    Raises
    ------
    KoubeiError
        For anything wrong with them but the values of single points, see `Sweep.check`.
    """
    options = options_from(rng, networks, agents, engine)
    base = scenario_from("scenario", scenario, options.own_people)
    replicates = whole("replicates", replicates, 1)
    found = design_of(points).points(base, options.key)
    if found.number * replicates > MOST_POINTS:
        raise KoubeiError(
            "replicates",
            "too many runs",
            got=f"{found.number * replicates:,}",
            allowed=f"up to {MOST_POINTS:,}",
        )
    shared = _luck(luck, found.number)
    names, functions = outcomes_from(outcomes)
    if taken := next((name for name in functions if name in found.columns), None):
        raise KoubeiError("outcomes", "a function under the name of what is varied", got=taken)
    curves = kept_from(keep, every)
    curves.check(base)
    given = options.inputs
    return Sweep(
        base,
        found,
        replicates,
        options.key,
        options.engine,
        names,
        supplied=dict(given.digests),
        functions=functions,
        curves=curves,
        given=given or None,
        luck=shared,
    )


def variants_sweep(
    variants: Mapping[str, Scenario],
    replicates: int,
    options: RunOptions,
    outcomes: tuple[str, ...] = (),
    keep: bool = False,
) -> Sweep:
    """Return the plan of whole scenarios side by side.

    Parameters
    ----------
    variants : mapping of str to Scenario
    replicates : int
        Replicates of each, at most: a study may ask for fewer.
    options : RunOptions
        Key, engine, networks and people.
    outcomes : tuple of str
        Measures to keep.
    keep : bool
        Whether the journal holds histories.
    """
    inputs = options.inputs
    return Sweep(
        next(iter(variants.values())),
        checked({"variant": list(variants)}),
        replicates,
        options.key,
        options.engine,
        outcomes,
        supplied=dict(inputs.digests),
        given=inputs or None,
        variants=tuple(variants.values()),
        keep=keep,
    )


def plan_digest(plan: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a plan."""
    text = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def difference(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Say in a few words in what two plans differ."""
    for name in ("version", "engine", "key", "luck", "replicates", "outcomes", "paths", "curves"):
        if stored.get(name) != wanted.get(name):
            return f"{name} {stored.get(name)} there, {wanted.get(name)} here"
    parts = [
        name
        for name in ("points", "scenario", "supplied", "variants", "functions")
        if stored.get(name) != wanted.get(name)
    ]
    words = {"supplied": "networks or agents", "variants": "scenarios",
             "functions": "functions as outcomes"}  # fmt: skip
    return f"other {words.get(parts[0], parts[0])}" if parts else "another layout"


def _luck(given: object, points: int) -> str | int | tuple[int, ...]:
    """Return how points share luck, checked."""
    if isinstance(given, str) and given in LUCK:
        return given
    fix = LUCK[0]
    if isinstance(given, str):
        fix = nearest(given, LUCK) or fix
    elif isinstance(given, Iterable) and np.ndim(given) == 1:  # type: ignore[arg-type]
        numbers = tuple(whole("random_numbers", number, 0, MOST_LUCK) for number in given)
        if len(numbers) == points:
            return numbers
    elif given is not None:
        return whole("random_numbers", given, 0, MOST_LUCK)
    raise KoubeiError(
        "random_numbers", "unknown", got=repr(given), fix=fix,
        allowed=f"{', '.join(LUCK)}, a replicate from 0 on, or one for each of {points} points",
    )  # fmt: skip


def _plain_luck(luck: str | int | tuple[int, ...]) -> Any:
    return list(luck) if isinstance(luck, tuple) else luck


def point_key(key: int, point: int) -> int:
    """Return the key of a point whose luck is its own.

    Examples
    --------
    >>> point_key(7, 0) != point_key(7, 1)
    True
    """
    return int(draw(stream(np.uint64(key), 0, DRAW_POINT_KEY, 0, 0), point))


def run_key(
    scenario: str,
    key: int,
    replicate: int,
    engine: str,
    version: str,
    supplied: Mapping[str, str] | None = None,
) -> str:
    """Return what names a run wherever it is done, 32 hexadecimal digits.

    Parameters
    ----------
    scenario : str
        Digest of the canonical scenario.
    key, replicate : int
    engine, version : str
    supplied : mapping of str to str, optional
        Digests of networks and people that were handed over.
    """
    text = f"{scenario}|{key}|{replicate}|{engine}|{version}"
    for name, digest in sorted((supplied or {}).items()):
        text += f"|{name}={digest}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _jsonable(value: Any) -> Any:
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value


def _from_json(value: Any) -> Any:
    return float(value) if value in ("inf", "-inf") else value

"""`KoubeiModel`: the compiled engine as a Mesa model, so that any Mesa tool works on it.

One `step` is one day.  The people are rows of arrays, not Mesa agents; everything a Mesa
`DataCollector`, `batch_run` or a browser page needs is a property of the model.  For a model of
one Mesa agent a person see `koubei_sim.model.reference`.

Importing Mesa 3.3 sets the start method of multiprocessing for the whole process, so this module
is loaded only when it is asked for (the package face does so).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mesa
import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.checks import Engine
from koubei_sim.core import codes
from koubei_sim.errors import KoubeiError
from koubei_sim.model.compiled import CompiledRun
from koubei_sim.model.mechanisms import TABLE, TABLE_OFFSET
from koubei_sim.model.mechanisms.returns import T_RETURNS_UNAWARE
from koubei_sim.model.mechanisms.rival import T_RIVAL_TAKEN_UNAWARE
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.scenario.parameters import together
from koubei_sim.runs.options import options_from, refused, scenario_from
from koubei_sim.runs.progress import apart

#: People from which on a day is long enough for somebody to be tired of it.
LARGE = 100_000
REPORTERS = (
    "users",
    "loyal",
    "die_hard",
    "core",
    "aware",
    "waiting",
    "lapsed",
    "adoptions",
    "quality",
    "difficulty",
)


class KoubeiModel(mesa.Model):
    """One replicate of a scenario, a day a step.

    Parameters
    ----------
    scenario : Scenario or str
        A scenario, the name of a preset or the path of a TOML file.
    rng : int, SeedSequence or Generator, optional
        Source of the key of all randomness, as in `koubei_sim.run`; the replicate `r` of a run
        with the same key has the same numbers.
    seed : int, optional
        Mesa's name for the same; `batch_run` and Mesa's pages pass it.  Not both.
    replicate : int
        Number of the replicate.
    networks, agents, threads : optional
        As in `koubei_sim.run`.
    engine : {"compiled"}
        The other engine has a Mesa model of its own, `koubei_sim.model.reference`.
    changes : mapping of str to object, optional
        Values to change in the scenario, by dotted path.
    **kwargs
        The same as words; where a dot cannot be written, two underscores stand for it:
        ``seeding__purity=0.3`` is ``seeding.purity``.

    Attributes
    ----------
    running : bool
        False after the last day.
    key : int
        The 64-bit key.
    scenario_spec : Scenario
        The scenario, changes included.
    datacollector : mesa.DataCollector
        Collects the properties named in `REPORTERS` after each day; put another in its place
        to collect something else (every property of the model can be named).

    Examples
    --------
    >>> model = KoubeiModel("tiny", rng=7, ticks=30, seeding__purity=0.5)
    >>> model.step()
    >>> model.tick, model.users > 0
    (1, True)
    """

    def __init__(
        self,
        scenario: Scenario | str = "tiny",
        rng: Any = None,
        *,
        seed: Any = None,
        replicate: int = 0,
        networks: Any = None,
        agents: Any = None,
        engine: Engine = "compiled",
        threads: int | None = None,
        changes: Mapping[str, Any] | None = None,
        **kwargs: Any,  # Mesa's pages know this name for "any other"
    ) -> None:
        if rng is not None and seed is not None:
            raise KoubeiError("rng", "given twice, as rng and as seed", fix="rng alone")
        refused(
            "engine", engine, "compiled", "a Mesa model of arrays is of the compiled engine",
            "koubei_sim.model.reference, a Mesa agent a person",
        )  # fmt: skip
        options = options_from(seed if rng is None else rng, networks, agents, engine, threads)
        self.key = options.key
        # Mesa's own generator is never drawn from; it gets the key so that nothing is unseeded.
        super().__init__(rng=self.key % 2**32)
        own = options.own_people
        spec = scenario_from("scenario", scenario, own)
        kwargs = together(changes, {name.replace("__", "."): v for name, v in kwargs.items()})
        if kwargs:
            spec = spec.changed(kwargs, own)
        self.scenario_spec = spec
        self.replicate = checks.whole("replicate", replicate, 0, 2**62)
        simulation = options.simulation(spec)
        world = apart(simulation.world, self.replicate)
        self._scale = spec.people_per_agent
        self._run = CompiledRun(world, threads=simulation.shared_out(1)[1])
        self.running = True
        self.datacollector = mesa.DataCollector(model_reporters={name: name for name in REPORTERS})

    def __repr__(self) -> str:
        """Say what it runs, and how far it is."""
        spec = self.scenario_spec
        return (
            f"KoubeiModel({spec.name}: day {self.tick} of {spec.ticks}, {self.users:,} users, "
            f"replicate {self.replicate}, key {self.key})"
        )

    def step(self) -> None:
        """Run one day; after the last one `running` is False and nothing happens."""
        if self._run.tick < self.scenario_spec.ticks:
            self._advance()
            self.datacollector.collect(self)
        self.running = self._run.tick < self.scenario_spec.ticks

    def _advance(self) -> None:
        until = self._run.tick + 1
        if self.scenario_spec.n_agents < LARGE:
            self._run.advance(until)
        else:
            apart(self._run.advance, until)

    @property
    def tick(self) -> int:
        """Days run so far."""
        return int(self._run.tick)

    def column(self, name: str) -> NDArray[np.int64]:
        """Return a block of the daily table (`model.mechanisms.COLUMNS`) after the last day run.

        All zero before the first day.

        Raises
        ------
        KoubeiError
            For an unknown name.
        """
        if not isinstance(name, str) or name not in TABLE_OFFSET:
            from koubei_sim.errors import nearest

            raise KoubeiError(
                "column", "unknown block", got=name, fix=nearest(str(name), TABLE_OFFSET)
            )
        start = TABLE_OFFSET[name]
        width = dict(TABLE)[name]
        if not self._run.tick:
            return np.zeros(width, dtype=np.int64)
        return np.array(self._run.row(self._run.tick - 1)[start : start + width])

    def _people(self, agents: int) -> float:
        scaled = agents * self._scale
        return int(scaled) if float(scaled).is_integer() else scaled

    def _tiers(self, at_least: int) -> float:
        if not self._run.tick:  # before the first day there are the seeds, all of them core
            return self._people(self._stage(codes.USER))
        return self._people(int(self.column("tier")[at_least:].sum()))

    @property
    def users(self) -> float:
        """Users (people)."""
        return self._tiers(codes.CASUAL)

    @property
    def loyal(self) -> float:
        """Users who are loyal or above."""
        return self._tiers(codes.LOYAL)

    @property
    def die_hard(self) -> float:
        """Users who are die-hard or core."""
        return self._tiers(codes.DIE_HARD)

    @property
    def core(self) -> float:
        """Core users."""
        return self._tiers(codes.CORE)

    def _stage(self, stage: int) -> int:
        if not self._run.tick:
            return int((self._run.stage == stage).sum())
        return int(self.column("stage")[stage])

    @property
    def aware(self) -> float:
        """People who know the product: have heard of it, and not forgotten it."""
        rows = self._run.rows
        gone = rows[:, T_RIVAL_TAKEN_UNAWARE] - rows[:, T_RETURNS_UNAWARE]
        known = self.scenario_spec.n_agents - self._stage(codes.UNAWARE) - int(gone.sum())
        return self._people(known)

    @property
    def waiting(self) -> float:
        """People who wait for a unit."""
        return self._people(self._stage(codes.WAITING))

    @property
    def lapsed(self) -> float:
        """People who used it and left."""
        return self._people(self._stage(codes.LAPSED))

    @property
    def adoptions(self) -> float:
        """Adoptions of the last day run."""
        ways = ("adoptions_channel", "adoptions_media", "bought_in", "won_by_hand")
        return self._people(sum(int(self.column(way).sum()) for way in ways))

    @property
    def quality(self) -> float:
        """Quality of the first product, now."""
        return float(self._run.quality[0])

    @property
    def difficulty(self) -> float:
        """Difficulty of the first product, now."""
        return float(self._run.difficulty[0])

    @property
    def stage(self) -> NDArray[np.uint8]:
        """Stage of every agent now, shape [N] (a view, not to be written to)."""
        stages: NDArray[np.uint8] = self._run.stage
        return stages

    def engagement(self) -> NDArray[np.float64]:
        """Return the present engagement of every agent, shape [N]."""
        return self._run.engagement()

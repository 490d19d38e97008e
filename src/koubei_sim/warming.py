"""`warmup`: compile everything that a person will use, once, before it is needed.

Each part is a list of small calls through the doors that people use, so that what is compiled is
what they will ask for; what it computes is thrown away.  It stands above all rooms, because it
calls most of them.
Called by people and by ``koubei warmup``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from koubei_sim import checks
from koubei_sim.core.progress import progress_bar

#: A step: what it is called, and what is done.
Step = tuple[str, Callable[[], object]]


def warmup(
    parts: str | Sequence[str] | None = None,
    progress: bool | Callable[[str, float], None] | None = None,
) -> dict[str, float]:
    """Compile kernels and keep them on disk, so that the first call of each kind answers at once.

    Parameters
    ----------
    parts : str or sequence of str, optional
        Of ``"pyramid"`` (runs of scenarios), ``"cascades"`` (each rule of cascades, on networks and
        on contacts), ``"seeding"`` (whom to seed), ``"evidence"`` (estimates from adoption data);
        all of them without it.
    progress : bool or callable, optional
        True for a bar, None for one where somebody watches; a callable is told what was compiled
        and the seconds that it took, step by step.

    Returns
    -------
    dict of str to float
        Seconds of each part; next to nothing where all of it came from disk.

    Raises
    ------
    KoubeiError
        For a part that there is not, or one that stands there twice.

    Notes
    -----
    What is compiled stays on disk until the library, its compilers or Python change;
    ``koubei info`` names the folder.

    Examples
    --------
    >>> warmup("radio")
    Traceback (most recent call last):
    ...
    koubei_sim.errors.KoubeiError: parts: unknown, got 'radio', allowed 'pyramid', ...
    """
    from koubei_sim.runs.options import texts

    asked = texts("parts", PARTS if parts is None else parts)
    wanted = [checks.word("parts", part, tuple(PARTS)) for part in asked]
    checks.progress(progress)
    found = dict.fromkeys(wanted, 0.0)
    steps = [(part, *step) for part in found for step in PARTS[part]()]
    with progress_bar(progress, len(steps), "step") as bar:
        for done, (part, name, step) in enumerate(steps):
            if bar is not None:
                bar.say(name)
            begun = time.perf_counter()
            step()
            took = time.perf_counter() - begun
            found[part] += took
            if bar is not None:
                bar.move(done + 1)
            elif callable(progress):
                progress(name, took)
    return found


def _pyramid() -> Iterator[Step]:
    """Runs: those of one thread, and the parts of a large run on several threads."""
    from koubei_sim.model.compiled import CompiledRun
    from koubei_sim.model.scenario import Scenario
    from koubei_sim.runs.options import options_from
    from koubei_sim.runs.simulate import run

    short = Scenario.load("tiny").replace(ticks=30)
    yield "the fan pyramid", lambda: run(short, 1, rng=1, progress=False)

    def in_parts() -> None:
        large = CompiledRun(options_from(1).simulation(short).world(0), parts=2)
        large.advance(short.ticks)

    yield "the fan pyramid on several threads", in_parts
    for name in ("xiaomi", "xiaomi_phone"):  # their graphs and goods, in small
        yield f"the preset {name}", partial(run, name, 1, rng=1, n_agents=10_000, ticks=3)


def _cascades() -> Iterator[Step]:
    """Each rule on a network, with people kept, and on contacts; settings on the same coins."""
    from koubei_sim import cascades, networks
    from koubei_sim.cascades.rules import FAMILIES
    from koubei_sim.cascades.rules.base import Rule

    ring = networks.small_world(200, 8, key=1)
    follow = networks.follow_graph(300, mean_degree=6, key=1)
    times = networks.TemporalNetwork.from_contacts([0, 5, 1], [1, 2, 3], [1.0, 2.0, 3.0])
    few: dict[str, Any] = {"rng": 1, "horizon": 20, "progress": False}
    for family in FAMILIES:
        rule, seeds = _rule(family)
        name = f"{family.__name__} cascades"

        def on_networks(rule: Any = rule, seeds: Any = seeds) -> None:
            for graph in (ring, follow):
                cascades.cascade(graph, rule, seeds, 70, **few)
                cascades.cascade(graph, rule, seeds, 3, record="times", **few)
                cascades.cascade(graph, rule, seeds, 3, record="forest", **few)

        yield name, on_networks
        if family.on_contacts is not Rule.on_contacts:
            yield (
                f"{name} on contacts",
                partial(cascades.cascade, times, rule, seeds, 3, rng=1),
            )
    independent, threshold = cascades.IndependentCascade(0.5), cascades.LinearThreshold()
    pair = {name: (rule, [0]) for name, rule in (("a", independent), ("b", threshold))}
    yield "settings on the same coins", lambda: cascades.paired(ring, pair, 70, rng=1)


def _rule(family: Any) -> tuple[Any, Any]:
    """Return a rule of a family, and whom to start with."""
    from koubei_sim.cascades import CompetingCascades, RandomSeeds

    if family is CompetingCascades:
        return CompetingCascades({"a": 0.3, "b": 0.4}), {"a": [0], "b": [5]}
    given = {"SIR": (0.5, 0.5), "SIS": (0.5, 0.5), "Reinforcement": (2,)}
    usual = {"Bass": (), "FractionalSIR": (), "FractionalThreshold": (), "LinearThreshold": ()}
    return family(*{**given, **usual}.get(family.__name__, (0.5,))), RandomSeeds(3)


def _seeding() -> Iterator[Step]:
    """Whom to seed: proven on several rules, and by rankings."""
    from koubei_sim import cascades, networks, seeding

    graph = networks.follow_graph(300, mean_degree=6, key=1)
    for rule in (cascades.IndependentCascade(0.1), cascades.LinearThreshold()):
        yield (
            f"whom to seed under {type(rule).__name__}",
            partial(seeding.maximise, graph, rule, 3, rng=1),
        )
    timed: list[tuple[Any, float]] = [
        (cascades.IndependentCascade(0.1), 3.0), (cascades.SIR(0.3, 1.0), 3.0),
        (cascades.DelayedCascade(0.1), 3.0),
    ]  # fmt: skip
    for rule, horizon in timed:
        yield (
            f"whom to seed in time under {type(rule).__name__}",
            partial(seeding.maximise, graph, rule, 3, horizon=horizon, rng=1),
        )
    yield "few seeds", lambda: seeding.fewest(graph, cascades.IndependentCascade(0.1), 20, rng=1)
    yield "rankings", lambda: [seeding.degree(graph, 3, key=1), seeding.kshell(graph, 3, key=1)]


def _evidence() -> Iterator[Step]:
    """Hazards of a small record, played again, and strengths learnt from cascades."""
    from koubei_sim import evidence
    from koubei_sim.networks import Network

    ring = Network.from_edges(range(40), [*range(1, 40), 0])
    adopted = [0 if i % 10 == 0 else i % 10 for i in range(40)]
    made: list[Any] = []

    def record() -> Any:
        groups = [i // 10 for i in range(40)]
        return evidence.Diffusion(ring, adopted, until=9, groups=groups)

    def fit() -> None:
        made.append(evidence.hazard(record(), "constant + ties(share)"))

    yield "hazards", fit
    yield "worlds in which a hazard is true", lambda: made[0].simulate(worlds=2, rng=1)
    log = ([0, 0, 1, 1], [0, 1, 0, 2])
    yield "strength of ties", lambda: evidence.credit(None, evidence.CascadeLog(*log))


PARTS: Final[dict[str, Callable[[], Iterator[Step]]]] = {
    "pyramid": _pyramid, "cascades": _cascades, "seeding": _seeding, "evidence": _evidence,
}  # fmt: skip

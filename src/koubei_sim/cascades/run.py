"""`cascade`: run a rule of diffusion many times and keep what was asked for.

Here the arguments are checked, before anything runs; the rule makes itself ready for its kernel,
`runner` runs the replicates, and `result` is what comes back.
"""

from __future__ import annotations

import math
import time as clock
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

from koubei_sim.cascades import checks
from koubei_sim.cascades.appeal import with_drawn
from koubei_sim.cascades.arcs import Arcs
from koubei_sim.cascades.result import CascadeResult
from koubei_sim.cascades.rules.base import Rule, last_step
from koubei_sim.cascades.runner import Job, Runner
from koubei_sim.cascades.seeds import SeedPlan
from koubei_sim.cascades.start import Start, placed, started
from koubei_sim.cascades.statistics import Budget, Precision
from koubei_sim.cascades.stream import ActivationWriter
from koubei_sim.cascades.varied import Varied, columns_of
from koubei_sim.checks import Naming
from koubei_sim.errors import KoubeiError
from koubei_sim.networks import Network, TemporalNetwork, as_network

Record = Literal["forest", "people", "times", "kinds"]
RECORDS: Final[tuple[Record, ...]] = get_args(Record)
HUGE = 20_000_000  # arcs from which a single replicate is worth several threads


def cascade(
    network: Any,
    rule: Rule,
    seed_agents: Any = None,
    replicates: int | None = None,
    rng: Any = None,
    *,
    first: int = 0,
    record: Record | Iterable[Record] = (),
    horizon: float | None = None,
    tick: float | None = None,
    until: Precision | Budget | None = None,
    log: str | Path | None = None,
    threads: int | None = None,
    method: str = "auto",
    progress: bool | Callable[[int, int | None], None] | None = None,
    by: Naming = "label",
    parameters: Mapping[str, Any] | None = None,
    start: Start | None = None,
) -> CascadeResult:
    """Run a rule of diffusion on a network, many times.

    Parameters
    ----------
    network : Network, TemporalNetwork, or a graph of another library
        An arc ``u -> v`` means that the word of u reaches v.  Several layers are used together.
    rule : Rule
        For example ``IndependentCascade(0.1)``; see `koubei_sim.cascades.rules`.
    seed_agents : list of people, list of lists, `RandomSeeds`, or mapping
        Who is active at the start: the same people in all replicates, one list for each
        replicate, people at random, or (competing cascades) a mapping of brand to one of these.
        People are named by their labels where the network has labels (nodes of a networkx graph,
        ids of a file), else by their rows 0..n-1; lists, sets, ranges, arrays, series.
    replicates : int, optional
        How many, at least 1 (1,000 unless `until` decides).
    rng : int, SeedSequence, Generator or None
        Source of the key of 64 bits; the same key gives the same bytes.
    first : int
        Number of the first replicate: replicate 17 can be run alone with ``first=17,
        replicates=1``.
    record : iterable of {"people", "times", "kinds", "forest"}
        What to keep of single people beside sizes and curves: per-person counts and mean
        first-passage times; the first times of all replicates (R, n); their kinds; and who
        convinced whom.
    horizon : float, optional
        Nothing happens after this step or time.  Bass and SIS must have one (but on contacts with
        time stamps, which end by themselves).
    tick : float, optional
        Width of the bins of curves in continuous time (found from a pilot otherwise).
    until : Precision or Budget, optional
        Go on until the mean size is known well enough, or until the time is up.
    log : path, optional
        Write who convinced whom to this parquet file as the run goes on (for logs larger than
        memory), in place of keeping it.
    threads : int, optional
        Threads to use, all cores unless given; results do not depend on it.
    method : str
        How to compute it: ``"blocks"`` (replicates side by side), ``"wide"`` (each replicate on all
        threads; independent cascade without records of people), or ``"auto"``, which takes *wide*
        for fewer replicates than threads on 20 million arcs or more.  The bytes are the same.
        ``"count"`` (independent cascade with one p for all arcs) draws how many arcs of a row are
        live, then which: the same law, faster, but not the coins that runs with another p share.
    progress : bool or callable, optional
        True for a bar, None for one on a terminal and in a notebook; a callable is told
        (replicates done, replicates in all or None).
    by : {"label", "row"}
        "row": people are named by their rows although the network has labels, in `seed_agents`
        and in values keyed by people (`kinds`, `thresholds`, ...) alike.
    parameters : mapping of str to (replicates,) array or `Appeal`, optional
        Numbers of the rule that each replicate has for itself, in place of those in `rule`: ``{"q":
        array}``.  Replicate r is byte for byte that of a call with its numbers alone (in
        continuous time give `tick`, as the bins of curves are found from the first replicates
        otherwise).  Which numbers a rule has: ``rule.per_replicate``.  An `Appeal` is a law
        from which each replicate draws: messages that differ.
    start : Start, optional
        A diffusion watched up to a time, from which the rule goes on, in place of `seed_agents`.
        `horizon` and all times of the result are those of the diffusion.

    Returns
    -------
    CascadeResult

    Raises
    ------
    KoubeiError
        In one line, before anything runs: seeds, rule, or options that do not fit.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> from koubei_sim.cascades import IndependentCascade, cascade
    >>> star = kb.Network.from_edges([0] * 9, list(range(1, 10)))
    >>> result = cascade(star, IndependentCascade(0.5), [0], replicates=4000, rng=1, threads=1)
    >>> abs(float(result.sizes.mean()) - 5.5) < 0.2
    True
    """
    job = _job(
        network, rule, seed_agents, replicates, rng, first, record, horizon, tick, until, log,
        threads, method, by, parameters, start,
    )  # fmt: skip
    began = clock.perf_counter()
    writer: AbstractContextManager[ActivationWriter | None]
    writer = nullcontext() if job.log is None else ActivationWriter(job.log, job.labels)
    total = job.replicates if until is None else None
    with checks.told(progress, total) as tell, writer as sink:
        try:
            runner = Runner(job, sink)
            stopped = runner.run_all(tell, began)
            outcome = runner.outcome()
            if job.begun is not None:
                outcome = placed(outcome, job.begun)
        except MemoryError:
            raise KoubeiError(
                "replicates", "memory ran out", got=repr(job.replicates), fix="fewer, or threads=1"
            ) from None
    return CascadeResult(
        outcome=outcome,
        n=job.seeds.n,
        rule=rule,
        kind_names=job.prepared.kind_names,
        steps=job.prepared.tick is not None and rule.by_steps,
        key=job.key,
        method=job.method,
        seconds=clock.perf_counter() - began,
        stopped=stopped,
        labels=job.labels,
        log_path=job.log,
        asked=job.tick,
        parameters=None if job.varied is None else job.varied.columns,
        horizon=None if horizon is None else float(horizon),
    )


def _records(record: Any) -> frozenset[str]:
    """Return what is to be kept, as a set of words."""
    words = [record] if isinstance(record, str) else record
    if not isinstance(words, Iterable):
        raise KoubeiError("record", "not a list of words", got=repr(record), allowed=repr(RECORDS))
    return frozenset([checks.word("record", word, RECORDS) for word in words])


def _job(
    network: Any,
    rule: Rule,
    seed_agents: Any,
    replicates: int | None,
    rng: Any,
    first: int,
    record: Record | Iterable[Record],
    horizon: float | None,
    tick: float | None,
    until: Precision | Budget | None,
    log: str | Path | None,
    threads: int | None,
    method: str,
    by: str,
    parameters: Any,
    start: Any,
) -> Job:
    if not isinstance(rule, Rule):
        raise KoubeiError(
            "rule", "not a rule", got=type(rule).__name__, fix="IndependentCascade(0.1)"
        )
    temporal = isinstance(network, TemporalNetwork)
    checks.word("by", by, ("label", "row"))
    graph = network if isinstance(network, (Network, TemporalNetwork)) else as_network(network)
    labels = graph.labels
    if by == "row":
        graph = replace(graph, labels=None)
    wanted = _records(record)
    if horizon is not None:
        low = -math.inf if temporal else 0.0
        horizon = checks.number("horizon", horizon, low, math.inf)
    elif rule.needs_horizon and not temporal:
        raise KoubeiError("horizon", f"{type(rule).__name__} needs one", fix="horizon=50")
    if tick is not None:
        if rule.by_steps and not temporal:
            raise KoubeiError("tick", "given, but the rule goes by steps")
        tick = checks.positive("tick", tick)
    if until is not None and not isinstance(until, (Precision, Budget)):
        raise KoubeiError("until", "not a stopping rule", got=until, allowed="Precision, Budget")
    key = checks.key(rng)
    drawn = with_drawn(parameters, rule.per_replicate, key, first, replicates)
    columns = columns_of(rule, drawn, replicates)
    if columns is not None:
        if until is not None:
            raise KoubeiError("parameters", "given, but `until` decides how many replicates")
        replicates = next(iter(columns.values())).size
    if replicates is None:
        count = 1000
    else:
        count = checks.whole("replicates", replicates, 1)
        if until is not None:
            raise KoubeiError("replicates", "given, but `until` decides", got=count)
    logged = log is not None or "forest" in wanted
    # The log holds numbers of replicates in 32 bits, the addresses of draws in 63.
    top = (1 << 31 if logged else 1 << 62) - 1
    first = checks.whole("first", first, 0, max(0, top - count))
    brands = getattr(rule, "brands", ())
    size = graph.n_contacts if isinstance(graph, TemporalNetwork) else graph.n_arcs
    laid = graph if isinstance(graph, TemporalNetwork) else Arcs.of(graph, network)
    begun = None
    if start is not None:
        if seed_agents is not None or log is not None:
            other = "seed_agents" if seed_agents is not None else "log"
            raise KoubeiError(other, "given beside `start`")
        begun = started(rule, start, laid)
        if horizon is not None:
            horizon = checks.number("horizon", horizon, begun.at, math.inf) - begun.at
        seeds = SeedPlan(begun.active, graph.n_nodes, brands, count, first)
        laid = begun.arcs
    else:
        seeds = SeedPlan(seed_agents, graph.n_nodes, brands, count, first, graph.labels)
    varied = None if columns is None else Varied(rule, columns, laid, key, horizon)
    prepared = rule.prepare(laid, key, horizon) if varied is None else varied.prepared(0)
    used = checks.threads(threads)
    can = prepared.wide is not None and not wanted and log is None
    ways = {"wide": can, "count": prepared.counted is not None}
    allowed = ("auto", prepared.method, *(way for way, there in ways.items() if there))
    if checks.word("method", method, allowed) == "count" and prepared.counted is not None:
        prepared = prepared.counted()
        if varied is not None:
            varied.counted = True
    huge = can and until is None and count < used and size >= HUGE
    return Job(
        prepared=prepared,
        seeds=seeds,
        key=key,
        first=first,
        replicates=count,
        until=until,
        record=wanted,
        tick=tick,
        threads=used,
        arcs=size,
        method="wide" if method == "wide" or (method == "auto" and huge) else prepared.method,
        last=last_step(horizon) if rule.by_steps else 0,
        labels=labels,
        log=None if log is None else checks.path_of("log", log, ".parquet"),
        varied=varied,
        begun=begun,
    )

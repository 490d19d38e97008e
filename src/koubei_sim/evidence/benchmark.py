"""`bench`: estimators of contagion tried in worlds with known truth.

A grid of worlds (homophily, contagion), ways to observe them, and estimators; each cell tells how
far off the estimates are, how often an interval covers the truth, and how often contagion is found:
false alarms where there is none, power where there is some.  Called by people.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from koubei_sim.cascades import checks
from koubei_sim.core import draws
from koubei_sim.core.codes import DRAW_WORLD_PEOPLE
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.diffusion import Diffusion
from koubei_sim.evidence.estimators import USUAL, Estimate, estimator_of
from koubei_sim.evidence.known import World
from koubei_sim.evidence.observation import observe
from koubei_sim.looks import Look, wrapped
from koubei_sim.metrics.intervals import mean_interval, wilson

if TYPE_CHECKING:
    import pandas as pd

#: Contagion is found where the p-value is at most this, or the interval lies above 0.
LEVEL: Final = 0.05
LUCK = 16  # the tick of the address of the keys of controls
WHOLE: Final = "all seen"


@dataclass(frozen=True, eq=False, repr=False)
class Bench(Look):
    """Estimates of each estimator in each world, seen in each way; made by `bench`.

    Parameters
    ----------
    cells : DataFrame
        A row a world, way to observe, estimator and replicate: ``truth``, ``estimate``, ``low``,
        ``high``, ``p``, ``failed`` (why there is no estimate, else empty).
    replicates : int
    key : int
    """

    cells: pd.DataFrame
    replicates: int
    key: int

    def table(self) -> pd.DataFrame:
        """Return a row a world, way to observe and estimator.

        Returns
        -------
        DataFrame
            ``truth``; ``estimate``, its mean with a 95 % interval (``estimate_low``,
            ``estimate_high``); ``bias``, its mean less the truth, and ``bias_share``, that over the
            truth (NaN for truth 0); ``error``, the root of the mean square error; ``found``, the
            share of replicates in which contagion is found (false alarms where ``truth`` is 0,
            else power), and ``covered``, that in which the interval holds the truth, each with a
            95 % interval of Wilson; ``failed``, replicates without an estimate, left out.
        """
        from koubei_sim.looks.frames import Table

        rows = []
        order = ["world", "observed", "estimator"]
        for place, cell in self.cells.groupby(order, sort=False):
            rows.append(dict(zip(order, place, strict=True)) | _told(cell, self.key))
        return Table(rows).set_index(order)

    def __repr__(self) -> str:
        """Say how large the grid is."""
        count = [self.cells[name].nunique() for name in ("world", "observed", "estimator")]
        return wrapped(
            f"Bench({count[0]} worlds, {count[1]} ways to observe, {count[2]} estimators, "
            f"{self.replicates} replicates, key {self.key})"
        )


def _told(cell: pd.DataFrame, key: int) -> dict[str, Any]:
    good = cell[cell.failed == ""]
    truth = float(cell.truth.iloc[0])
    values = good.estimate.to_numpy()
    mean = mean_interval(values, key)
    bias = mean.mean - truth
    square = float(np.sqrt(np.mean((values - truth) ** 2))) if values.size else math.nan
    tested = good[good.p.notna() | good.low.notna()]
    found = np.where(tested.p.notna(), tested.p <= LEVEL, tested.low > 0.0)
    spans = good[good.low.notna() & good.high.notna()]
    covered = (spans.low <= truth) & (truth <= spans.high)
    return {
        "truth": truth, "estimate": mean.mean, "estimate_low": mean.low,
        "estimate_high": mean.high, "bias": bias,
        "bias_share": bias / truth if truth else math.nan, "error": square,
        **_share("found", int(found.sum()), len(tested)),
        **_share("covered", int(covered.sum()), len(spans)),
        "failed": len(cell) - len(good),
    }  # fmt: skip


def _share(name: str, some: int, number: int) -> dict[str, float]:
    low, high = wilson(some, number)
    share = some / number if number else math.nan
    return {name: share, f"{name}_low": low, f"{name}_high": high}


def bench(
    worlds: Mapping[str, Any],
    estimators: Mapping[str, Any] | Iterable[Any] = USUAL,
    observe: Mapping[str, Mapping[str, Any]] | Iterable[Mapping[str, Any]] = (),
    replicates: int = 50,
    rng: Any = None,
    *,
    progress: bool | Callable[[int, int], None] | None = None,
) -> Bench:
    """Try estimators of contagion in worlds with known truth.

    Parameters
    ----------
    worlds : mapping of name to world
        Each an `evidence.World`, a mapping of its fields
        (``{"homophily": 0.6, "contagion": 0.25}``), or a function of one's own,
        ``f(key, replicate) -> (Diffusion, truth)``.
    estimators : list, or mapping of name to estimator
        Names: *naive* (a constant and ties), *calendar*, *calendar + trait*, *calendar + noisy
        proxy*, *ties rewired* and *times shuffled* (controls: the weight of ties against that in 19
        changed records), *matching* (on the trait).  Formulas of `hazard` with ``ties`` in them.
        Functions of one's own: ``f(d) -> {"estimate":, "low":, "high":, "p":}``, or a number.
    observe : list of mappings, or mapping of name to mapping
        Words of `kb.observe`, such as ``{"ties": 0.5}``; all is seen unless given.
    replicates : int
        Records of each world; all worlds share their luck.
    rng
        Source of the key.
    progress : bool or callable, optional
        True for a bar; a callable is told (done, in all).

    Returns
    -------
    Bench

    Raises
    ------
    KoubeiError
        In one line: what is no world, no estimator, no way to observe.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> small = {"homophily": 0.6, "contagion": 0.0, "people": 300}
    >>> found = kb.bench({"alike": small}, ["calendar"], replicates=2, rng=7)
    >>> found
    Bench(1 worlds, 1 ways to observe, 1 estimators, 2 replicates, key 7)
    """
    made = _worlds(worlds)
    tried = {name: estimator_of(name, given) for name, given in _named(estimators).items()}
    ways = _ways(observe)
    number = checks.whole("replicates", replicates, 1)
    key = checks.key(rng)
    rows: list[tuple[Any, ...]] = []
    total = len(made) * number
    with checks.told(progress, total) as tell:
        for world, make in made.items():
            for r in range(number):
                record, truth = make(key, r)
                luck = int(draws.stream(np.uint64(key), r, DRAW_WORLD_PEOPLE, LUCK, 0))
                for way, words in ways.items():
                    d, why = _look(record, words, r, key)
                    for name, estimator in tried.items():
                        found, failed = _try(estimator, d, luck, why)
                        rows.append((world, way, name, r, truth, *found, failed))
                if tell is not None:
                    tell(len(rows) // (len(ways) * len(tried)), total)
    import pandas as pd

    columns = ["world", "observed", "estimator", "replicate", "truth", *Estimate._fields, "failed"]
    return Bench(pd.DataFrame(rows, columns=columns), number, key)


def _look(
    record: Diffusion, words: Mapping[str, Any], replicate: int, key: int
) -> tuple[Diffusion | None, str]:
    try:
        return look(record, **({"replicate": replicate, "rng": key} | dict(words))), ""
    except KoubeiError as error:
        if error.where in ("people",):
            return None, str(error)
        raise error.within("observe.") from None


def _try(estimator: Any, d: Diffusion | None, key: int, why: str) -> tuple[Estimate, str]:
    """Return an estimate, or why a record has none: nobody adopts, nobody is at risk."""
    if d is None:
        return Estimate(math.nan), why
    try:
        return estimator(d, key), ""
    except KoubeiError as error:
        if error.where in ("record", "estimators.matching", "calendar"):
            return Estimate(math.nan), str(error)
        raise


#: The function, where `observe` is a word of `bench`.
look = observe


def _worlds(given: Any) -> dict[str, Callable[[int, int], tuple[Diffusion, float]]]:
    if not isinstance(given, Mapping) or not given:
        raise KoubeiError("worlds", "not worlds by name", got=type(given).__name__,
                          allowed="a mapping of name to evidence.World")  # fmt: skip
    return {str(name): _world(str(name), one) for name, one in given.items()}


def _world(name: str, given: Any) -> Callable[[int, int], tuple[Diffusion, float]]:
    if isinstance(given, Mapping):
        known = [field for field in World.__dataclass_fields__ if field != "base"]
        for word in given:
            checks.word(f"worlds.{name}", word, known)
        given = World(**given)
    if isinstance(given, World):
        world = given
        return lambda key, r: (world.record(key, r), world.truth)
    if not callable(given):
        raise KoubeiError(f"worlds.{name}", "no world", got=type(given).__name__,
                          allowed="an evidence.World, its fields, or a function")  # fmt: skip

    def own(key: int, r: int) -> tuple[Diffusion, float]:
        found = given(key, r)
        if not (isinstance(found, tuple) and len(found) == 2 and isinstance(found[0], Diffusion)):
            raise KoubeiError(f"worlds.{name}", "gave back no record and truth",
                              got=type(found).__name__, allowed="(Diffusion, number)")  # fmt: skip
        return found[0], checks.number(f"worlds.{name}", found[1], -np.inf, np.inf)

    return own


def _named(given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping):
        found = {str(name): one for name, one in given.items()}
    elif isinstance(given, str) or not isinstance(given, Iterable):
        raise KoubeiError("estimators", "not a list", got=repr(given))
    else:
        listed = list(given)
        found = {
            one if isinstance(one, str) else getattr(one, "__name__", f"own {k}"): one
            for k, one in enumerate(listed)
        }
        if len(found) != len(listed):
            raise KoubeiError("estimators", "two of one name", got=", ".join(found),
                              fix="a mapping of name to estimator")  # fmt: skip
    if not found:
        raise KoubeiError("estimators", "none given")
    return found


def _ways(given: Any) -> dict[str, Mapping[str, Any]]:
    if isinstance(given, Mapping):
        found = {str(name): one for name, one in given.items()}
    elif isinstance(given, str) or not isinstance(given, Iterable):
        raise KoubeiError("observe", "not ways to observe", got=repr(given))
    else:
        found = {}
        for one in given:
            words = one if isinstance(one, Mapping) else {}
            found[", ".join(f"{k}={v}" for k, v in words.items()) or WHOLE] = one
    for name, words in found.items():
        if not isinstance(words, Mapping):
            raise KoubeiError(f"observe.{name}", "not words of observe", got=repr(words),
                              allowed="a mapping such as ties = 0.5")  # fmt: skip
        for word in words:
            checks.word(f"observe.{name}", word, WORDS)
    return found or {WHOLE: {}}


WORDS: Final = ("people", "ties", "recall", "until", "since", "attributes", "groups", "period")

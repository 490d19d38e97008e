"""What replicates of a cascade rule say: sizes with honest intervals, curves, people, trees.

`Replicates` keeps the bare arrays of a run (`Outcome`) and makes everything else from them when it
is asked for.  `result.CascadeResult` adds tables, files and looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks
from koubei_sim.cascades import statistics, stream, trees
from koubei_sim.cascades.outcome import Activations, Outcome
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics.indices import TAKE_OFF_FOLD, TAKE_OFF_SHARE
from koubei_sim.metrics.intervals import Interval

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@dataclass(frozen=True, eq=False, repr=False)
class Replicates:
    """Replicates of one cascade rule on one network.

    Attributes
    ----------
    outcome : Outcome
        The bare arrays, one row a replicate.
    n : int
        People in the network.
    rule : object
        The rule that was run; after loading, its text.
    kind_names : tuple of str
        Names of the K kinds of activation (brands, signs); one name where there is one kind.
    steps : bool
        True: time counts steps; False: time in the unit of the rule.
    key : int
        The 64-bit key from which all randomness follows.
    method : str
        The kernel that ran it.
    seconds : float
        Wall time; no part of the result.
    stopped : str
        Why no more replicates were run: "replicates", "precision" or "seconds".
    labels : (n,) array or None
        What the people are called in the network they come from.
    log_path : Path or None
        Where the log of activations lies, when it was written to a file.
    parameters : dict of str to (R,) array, or None
        Numbers of the rule that the replicates had for themselves.
    horizon : float or None
        After which nothing was played; None: it ended by itself.  NaN: not known (folders saved
        before it was kept).
    """

    outcome: Outcome
    n: int
    rule: object
    kind_names: tuple[str, ...]
    steps: bool
    key: int
    method: str
    seconds: float
    stopped: str
    labels: NDArray[Any] | None = None
    log_path: Path | None = None
    asked: float | None = None  # width of bins that was asked for
    parameters: dict[str, NDArray[Any]] | None = None
    horizon: float | None = None

    # Sizes ------------------------------------------------------------------------------------

    @property
    def replicates(self) -> int:
        """Number of replicates R."""
        return int(self.outcome.sizes.size)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Different people who were ever active, seeds included, int64 (R,)."""
        return self.outcome.sizes

    @property
    def share(self) -> NDArray[np.float64]:
        """The same as a share of all people, float64 (R,)."""
        return self.outcome.sizes / self.n

    @property
    def sizes_by_kind(self) -> NDArray[np.int64]:
        """Activations of each kind, int64 (R, K)."""
        return self.outcome.curve.sum(axis=2)

    @property
    def seeds(self) -> NDArray[np.int64]:
        """Seeds of each replicate, int64 (R,)."""
        return self.outcome.curve[:, :, 0].sum(axis=1)

    def mean_size(self, kind: str | int | None = None) -> Interval:
        """Return the mean size with a 95 % interval: ``mean, low, high, method``.

        `method` is "t", or "bootstrap" where the sizes are so skewed that the normal interval is
        doubtful; see also `notes`.

        With `kind`, the name or number of a kind: its activations only.
        """
        if kind is None:
            return self._mean_size
        number = self.kind_number(kind)
        return statistics.size_interval(self.sizes_by_kind[:, number], self.key, 6001 + number)

    @cached_property
    def _mean_size(self) -> Interval:
        return statistics.size_interval(self.sizes, self.key, 6000, self.n)

    def kind_number(self, kind: str | int) -> int:
        """Return the number of a kind given by name or number.

        Raises
        ------
        KoubeiError
            When there is no such kind.
        """
        if isinstance(kind, str):
            return self.kind_names.index(checks.word("kind", kind, self.kind_names))
        return checks.whole("kind", kind, 0, len(self.kind_names) - 1)

    def quantiles(self, q: Sequence[float] | float = (0.05, 0.25, 0.5, 0.75, 0.95)) -> pd.DataFrame:
        """Return quantiles of the sizes with 95 % intervals that assume no law.

        Parameters
        ----------
        q : float or sequence of float
            In 0..1.

        Returns
        -------
        pandas.DataFrame
            Index ``q``; columns ``size, low, high``, NaN where so few replicates say nothing.
        """
        import pandas as pd

        from koubei_sim.looks.frames import Table

        given = [q] if np.ndim(q) == 0 else list(q)  # type: ignore[arg-type]
        levels = np.array([checks.number("q", level, 0.0, 1.0) for level in given])
        rows = [statistics.quantile_interval(self.sizes, float(level)) for level in levels]
        index = pd.Index(levels, name="q")
        return Table(rows, index=index, columns=["size", "low", "high"])

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the mean size must know about its tail; empty where all is well."""
        return statistics.notes(self.sizes, self.asked, self.outcome.time)

    def took_off(
        self, share: float = TAKE_OFF_SHARE, fold: float = TAKE_OFF_FOLD
    ) -> NDArray[np.bool_]:
        """Return which replicates took off, bool (R,).

        They did when they reached at least `share` of the people *and* `fold` times the seeds.
        Look at the law of the sizes before trusting a threshold (`plots.cascade_sizes`).
        """
        share = checks.number("share", share, 0.0, 1.0)
        fold = checks.number("fold", fold, 0.0)
        return (self.sizes >= share * self.n) & (self.sizes >= fold * np.maximum(1, self.seeds))

    # Time -------------------------------------------------------------------------------------

    @property
    def new(self) -> xr.DataArray:
        """New activations, dimensions ``replicate, kind, time``.

        At ``time[w]`` stand those in ``(time[w-1], time[w]]``, at the first point the seeds.
        """
        return self._labelled(self.outcome.curve, "new activations")

    @property
    def curve(self) -> xr.DataArray:
        """Activations so far (the adoption curve), dimensions ``replicate, kind, time``."""
        return self._labelled(self.outcome.curve.cumsum(axis=2), "activations so far")

    @property
    def prevalence(self) -> xr.DataArray:
        """People active (infectious) at each point of time, dimensions ``replicate, time``.

        Raises
        ------
        KoubeiError
            For a rule without recovery, where `curve` says who is active.
        """
        if self.outcome.removed is None:
            raise KoubeiError("prevalence", "this rule knows no recovery", fix="curve")
        came = self.outcome.curve.sum(axis=1).cumsum(axis=1)
        return self._labelled(came - self.outcome.removed.cumsum(axis=1), "active")

    def _labelled(self, values: NDArray[Any], name: str) -> xr.DataArray:
        import xarray as xr

        dims = ("replicate", "kind", "time") if values.ndim == 3 else ("replicate", "time")
        coords: dict[str, Any] = {"replicate": self.outcome.replicates, "time": self.outcome.time}
        if values.ndim == 3:
            coords["kind"] = list(self.kind_names)
        return xr.DataArray(values, coords, dims, name=name)

    # People -----------------------------------------------------------------------------------

    @property
    def probability(self) -> NDArray[np.float64]:
        """Share of replicates in which each person was active, float64 (n,).

        Raises
        ------
        KoubeiError
            When the run kept nothing of single people.
        """
        return self.people_counts[0] / self.replicates

    def probability_interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the 95 % score intervals of `probability`: low, high, each (n,)."""
        return statistics.wilson_intervals(self.people_counts[0], self.replicates)

    @property
    def first_passage(self) -> NDArray[np.float64]:
        """Mean time of first activation over the replicates with one, float64 (n,); else NaN."""
        count, total = self.people_counts
        return np.divide(total, count, out=np.full(self.n, np.nan), where=count > 0)

    @cached_property
    def people_counts(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Replicates in which each person was active, and the sum of the first times, each (n,)."""
        found = self.outcome
        if found.node_count is None and found.times is None and not self.has_log:
            raise KoubeiError(
                "people", "the run kept nothing of single people", fix='record="people"'
            )
        return statistics.people_counts(found, self._parts, self.n)

    # Who convinced whom -----------------------------------------------------------------------

    @property
    def has_log(self) -> bool:
        """Whether the log of activations was kept."""
        return self.outcome.activations is not None or self.log_path is not None

    @cached_property
    def activations(self) -> Activations:
        """The log: who became active when, and through whom; read from its file when it has one.

        Raises
        ------
        KoubeiError
            When the run kept none, or its file is gone or damaged.
        """
        if self.outcome.activations is not None:
            return self.outcome.activations
        return stream.read_activations(self._log_file())

    def _log_file(self) -> Path:
        if self.log_path is None:
            raise KoubeiError("activations", "the run kept no log", fix='record="forest"')
        return self.log_path

    def _parts(self) -> Iterator[Activations]:
        """Yield the log, whole replicates at a time, without holding a long one in memory."""
        if self.outcome.activations is not None:
            yield self.outcome.activations
        elif "activations" in self.__dict__:  # read before
            yield self.activations
        else:
            yield from stream.activation_parts(self._log_file())

    def log_of(self, replicate: int) -> Activations:
        """Return the log of one replicate; from a file only that is read.

        Raises
        ------
        KoubeiError
            When there is no such replicate or no log.
        """
        if replicate not in self.outcome.replicates:
            known = self.outcome.replicates
            allowed = f"{known.min()}..{known.max()}" if known.size else "none"
            raise KoubeiError("replicate", "not in the result", got=replicate, allowed=allowed)
        if self.outcome.activations is None and "activations" not in self.__dict__:
            return stream.read_activations(self._log_file(), replicate)
        return stream.one_replicate(self.activations, replicate)

    def forest(self, replicate: int | None = None) -> trees.CascadeForest:
        """Return the log with its tree structure, of one replicate or of all."""
        log = self.activations if replicate is None else self.log_of(replicate)
        return trees.forest_of(log, self.n)

    def trees(self, replicate: int | None = None) -> pd.DataFrame:
        """Return one row a tree: everybody convinced, directly or through others, by one root.

        Returns
        -------
        pandas.DataFrame
            Of one replicate or of all.  Columns ``replicate, root, time`` (of the root), ``size,
            depth`` (generations below the root), ``breadth`` (largest generation), ``broadcast``
            (most people convinced directly by one) and ``virality`` (structural virality, the mean
            distance of two people of the tree; NaN for a single one).  `root` is a row; where there
            are labels, `root_label` is what the person is called.
        """
        from koubei_sim.looks.frames import Table

        logs = self._parts() if replicate is None else iter([self.log_of(replicate)])
        found = [trees.trees_of(trees.forest_of(log, self.n)) for log in logs]
        if not found:
            found = [trees.trees_of(trees.forest_of(stream.empty_log(), self.n))]
        columns = [np.concatenate(column) for column in zip(*found)]
        table = Table(dict(zip(trees.CascadeTrees._fields, columns)))
        if self.labels is not None:
            table.insert(2, "root_label", self.labels[table["root"].to_numpy()])
        return table

    def generations(self) -> pd.DataFrame:
        """Return the sizes of generations and the reproduction number by generation.

        Returns
        -------
        pandas.DataFrame
            Index ``generation`` (0: roots); columns ``mean, low, high`` (mean size over
            replicates), ``reached`` (share of replicates that have the generation), ``R, R_low,
            R_high`` (people convinced per person of the generation).  Intervals are 95 %; see
            `koubei_sim.cascades.trees.generation_table`.
        """
        from koubei_sim.looks.frames import Table

        sums = trees.NO_GENERATIONS
        for log in self._parts():
            sums = sums + trees.generation_sums(trees.forest_of(log, self.n))
        table = Table(trees.generation_table(sums, self.replicates))
        table.index.name = "generation"
        return table

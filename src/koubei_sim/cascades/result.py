"""What a run of a cascade rule gives back: `CascadeResult`, and `read_cascade` for a saved one.

The replicates with their tables, labelled arrays, files, graphs and looks.  No file is ever
unpickled.  Made by the driver of cascades; used by people, figures and the command line.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim import checks, storage
from koubei_sim.cascades import stream
from koubei_sim.cascades.checks import called, row_of
from koubei_sim.cascades.outcome import Activations, Outcome
from koubei_sim.cascades.page import page_of
from koubei_sim.cascades.replicates import Replicates
from koubei_sim.cascades.statistics import size_interval
from koubei_sim.cascades.varied import described
from koubei_sim.checks import Naming
from koubei_sim.errors import KoubeiError
from koubei_sim.looks import count_text, html_look, html_table, wrapped
from koubei_sim.metrics.hurdle import chance
from koubei_sim.metrics.intervals import Interval
from koubei_sim.metrics.overview import QUANTILES
from koubei_sim.networks.files.writers import write_tree
from koubei_sim.networks.labelling import as_labels
from koubei_sim.reports.door import Reported
from koubei_sim.storage.provenance import array_digest, versions

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from koubei_sim.cascades.trees import CascadeForest

#: Layout of the folder; raised when an old reader could misread it.
FORMAT: Final = 1
#: Field of `Outcome` -> (name in the dataset, dimensions).
_NAMES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "sizes": ("size", ("replicate",)),
    "events": ("events", ("replicate",)),
    "ends": ("end", ("replicate",)),
    "curve": ("new", ("replicate", "kind", "time")),
    "removed": ("removed", ("replicate", "time")),
    "node_count": ("reached", ("person",)),
    "node_time": ("time_sum", ("person",)),
    "times": ("first_time", ("replicate", "person")),
    "kinds": ("first_kind", ("replicate", "person")),
}


#: Before the name of a number that each replicate had for itself.
_OWN: Final = "rule."


@dataclass(frozen=True, slots=True, repr=False)
class SavedRule:
    """The text of a rule whose result was loaded from disk."""

    text: str

    def __repr__(self) -> str:
        """Return the text."""
        return self.text


# Tables ---------------------------------------------------------------------------------------


def _replicates(result: Replicates) -> pd.DataFrame:
    import pandas as pd

    found = result.outcome
    columns: dict[str, Any] = {
        "size": found.sizes,
        "share": result.share,
        "seeds": result.seeds,
        "events": found.events,
        "end": found.ends,
    }
    if len(result.kind_names) > 1:
        by_kind = result.sizes_by_kind
        columns |= {name: by_kind[:, k] for k, name in enumerate(result.kind_names)}
    columns |= {_OWN + name: each for name, each in (result.parameters or {}).items()}
    return pd.DataFrame(columns, index=pd.Index(found.replicates, name="replicate"))


def _curve(result: Replicates) -> pd.DataFrame:
    import pandas as pd

    found = result.outcome
    replicates, kinds, points = found.curve.shape
    columns = {
        "replicate": np.repeat(found.replicates, kinds * points),
        "kind": np.tile(np.repeat(np.array(result.kind_names), points), replicates),
        "time": np.tile(found.time, replicates * kinds),
        "new": found.curve.ravel(),
        "cumulative": found.curve.cumsum(axis=2).ravel(),
    }
    if found.removed is not None and kinds == 1:
        columns["active"] = result.prevalence.to_numpy().ravel()
    return pd.DataFrame(columns)


def _people(result: Replicates) -> pd.DataFrame:
    import pandas as pd

    low, high = result.probability_interval()
    columns: dict[str, Any] = {} if result.labels is None else {"label": result.labels}
    columns |= {"probability": result.probability, "low": low, "high": high}
    columns["first_passage"] = result.first_passage
    return pd.DataFrame(columns, index=pd.RangeIndex(result.n, name="person"))


def _activations(result: Replicates) -> pd.DataFrame:
    import pandas as pd

    log = result.activations
    columns: dict[str, Any] = dict(log._asdict())
    if result.labels is not None:
        columns |= {"label": called(log.person, result.labels)}
        columns |= {"parent_label": called(log.parent, result.labels)}
    return pd.DataFrame(columns)


TABLES: Final[dict[str, Callable[[Any], Any]]] = {
    "replicates": _replicates,
    "curve": _curve,
    "people": _people,
    "activations": _activations,
    "trees": lambda result: result.trees(),
    "generations": lambda result: result.generations(),
}


def _outcomes(result: Replicates) -> dict[str, tuple[NDArray[np.float64], str]]:
    """Every outcome, one float a replicate (NaN: undefined), and what it is."""
    found = result.outcome
    last = "step" if result.steps else "time"
    rows: dict[str, tuple[NDArray[Any], str]] = {
        "size": (result.sizes, "people ever active, seeds too"),
        "share": (result.share, "share of all people"),
    }
    if len(result.kind_names) > 1:
        by_kind = result.sizes_by_kind
        for k, name in enumerate(result.kind_names):
            rows[f"size {name}"] = (by_kind[:, k], f"activations of kind {name}")
    if (found.events > found.sizes).any():
        rows["events"] = (found.events, "activations, again and again")
    rows["end"] = (found.ends, f"{last} of the last activation")
    off = result.took_off()
    rows["take_off"] = (off, "share of replicates that took off")
    rows["size_off"] = (np.where(off, result.sizes, np.nan), "people ever active in those")
    if found.activations is not None:
        shape = result.trees()
        place = np.searchsorted(found.replicates, shape["replicate"].to_numpy())
        # Trees sorted by size: the largest of each replicate is written last.
        order = np.argsort(shape["size"].to_numpy(), kind="stable")
        count = np.bincount(place, minlength=result.replicates)
        rows["trees"] = (count, "trees (roots)")
        meaning = {
            "size": "activations in the largest tree",
            "depth": "its generations below the root",
            "breadth": "its largest generation",
            "virality": "its structural virality",
        }
        for name, says in meaning.items():
            values = np.full(result.replicates, np.nan)
            values[place[order]] = shape[name].to_numpy()[order]
            rows["largest_tree" if name == "size" else name] = (values, says)
    return {name: (np.asarray(values, np.float64), says) for name, (values, says) in rows.items()}


# Files ----------------------------------------------------------------------------------------


def _digest(outcome: Outcome) -> str:
    """Return the SHA-256 over all arrays but the log."""
    parts = [getattr(outcome, field.name) for field in fields(outcome)]
    return array_digest(*(part for part in parts if isinstance(part, np.ndarray)))


def _read(path: str | Path) -> dict[str, Any]:
    """Return the fields of a saved `CascadeResult`; see `read_cascade`."""
    folder = storage.folder_of(checks.path("path", path))
    recipe = storage.read_recipe(folder, FORMAT)
    if recipe.get("what") != "cascade":
        raise KoubeiError(str(folder / storage.RECIPE), "not a cascade", fix="koubei_sim.load")
    data = storage.read_data(folder)
    try:
        arrays: dict[str, Any] = {
            field: data[name].to_numpy() for field, (name, _) in _NAMES.items() if name in data
        }
        outcome = Outcome(
            replicates=data["replicate"].to_numpy(), time=data["time"].to_numpy(), **arrays
        )
        parts = {
            "outcome": outcome,
            "n": int(recipe["people"]),
            "rule": SavedRule(recipe["rule"]),
            "kind_names": tuple(recipe["kinds"]),
            "steps": bool(recipe["steps"]),
            "key": int(recipe["key"]),
            "method": str(recipe["method"]),
            "seconds": float(storage.read_timing(folder).get("seconds", "nan")),
            "stopped": str(recipe["stopped"]),
            "labels": as_labels(data["label"].to_numpy()) if "label" in data.coords else None,
            "log_path": folder / storage.EVENTS if recipe["log"] else None,
            "asked": recipe.get("tick"),
            "horizon": recipe.get("horizon", np.nan),
            "parameters": {
                str(name).removeprefix(_OWN): data[name].to_numpy()
                for name in data.coords
                if str(name).startswith(_OWN)
            }
            or None,
        }
    except (ValueError, KeyError, TypeError) as error:
        raise storage.cannot_read(folder, error) from None
    if _digest(outcome) != recipe.get("digest"):
        raise KoubeiError(str(folder), "the files do not hold the result of their recipe")
    return parts


def rows_of_tree(result: Replicates, forest: CascadeForest, root: Any, by: str) -> NDArray[Any]:
    """Return the numbers of the trees of which a person is the root, or refuse it."""
    log = forest.activations
    row = row_of("root", root, result.n, result.labels, by)
    mine = np.flatnonzero(log.person[forest.roots] == row)
    if not mine.size:
        some = log.person[forest.roots[:5]]
        if result.labels is not None and by == "label":
            some = result.labels[some]
        raise KoubeiError(
            "root", "not the root of a tree", got=repr(getattr(root, "item", lambda: root)()),
            allowed=f"such as {', '.join(map(repr, some.tolist()))}",
        )  # fmt: skip
    return mine


def _identifiers(log: Activations, rows: NDArray[np.int64]) -> list[str]:
    """The number of each person; from the second infection on with the number of the row."""
    person = log.person[rows]
    first = np.zeros(rows.size, dtype=bool)
    first[np.unique(person, return_index=True)[1]] = True
    return [
        str(who) if once else f"{who}.{row}"
        for who, once, row in zip(person.tolist(), first.tolist(), rows.tolist())
    ]


# Looks -----------------------------------------------------------------------------------------
#
# Cheap by design (sizes and curves only, no forest), because a notebook shows them unasked.


def _lines(result: Replicates) -> tuple[str, str, list[tuple[str, str, str]]]:
    """Two lines on what was run, and rows of (name, mean, remark)."""
    plural = "" if result.replicates == 1 else "s"
    head = f"{result.rule!r}, {result.n:,} people"
    if result.parameters:
        head += f", {described(result.parameters)}"
    own = " (luck of its own)" if result.method == "count" else ""
    run = f"{result.replicates:,} replicate{plural}, {result.method}{own}, key {result.key}"
    if np.isfinite(result.seconds):
        run += f", {result.seconds:.3g} s"
    if result.stopped != "replicates":
        run += f", stopped by {result.stopped}"
    if not result.replicates:
        return head, run, []
    rows = []
    names = result.kind_names if len(result.kind_names) > 1 else ()
    for name, found in [("size", result.mean_size())] + [(k, result.mean_size(k)) for k in names]:
        remark = ""
        if np.isfinite(found.low) and found.high > found.low:
            remark = f"95 % {count_text(found.low)} .. {count_text(found.high)}"
            remark += " (bootstrap)" if found.method == "bootstrap" else ""
        rows.append((name, count_text(found.mean), remark))
    if result.replicates > 1:
        low, middle, high = np.quantile(result.sizes, [0.05, 0.5, 0.95], method="inverted_cdf")
        remark = f"5-95 % {count_text(low)} .. {count_text(high)}"
        rows.append(("median size", count_text(middle), f"{remark}, largest {max(result.sizes):,}"))
    word = "last step" if result.steps else "last time"
    ends = result.outcome.ends
    rows.append((word, count_text(float(ends.mean())), f"at most {count_text(float(ends.max()))}"))
    return head, run, rows


def _sparkline(result: Replicates, width: int = 320, height: int = 80) -> str:
    """The mean of activations so far over time, as inline SVG."""
    curve = result.outcome.curve
    if not curve.size:
        return ""
    mean = curve.sum(axis=1).mean(axis=0).cumsum()
    at = np.unique(np.linspace(0, mean.size - 1, min(mean.size, 160)).astype(int))
    x = at / max(1, mean.size - 1) * (width - 4) + 2
    y = height - 2 - mean[at] / max(1.0, mean[-1]) * (height - 4)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y))
    return (
        f"<svg role='img' aria-label='mean activations so far' width='{width}' height='{height}' "
        f"viewBox='0 0 {width} {height}' style='background:#fafafa'><polyline fill='none' "
        f"stroke='#0072B2' stroke-width='1.5' points='{points}'/></svg>"
    )


class CascadeResult(Replicates, Reported):
    """Replicates of one cascade rule on one network, with tables, files and looks.

    Made by `koubei_sim.cascade`, or by `read_cascade` from a saved folder; not by hand.  Its
    fields are those of `Replicates`.
    """

    _page = page_of

    # Tables and files -------------------------------------------------------------------------

    def summary(self) -> pd.DataFrame:
        """Return every outcome with mean, sd, 95 % interval over replicates and quantiles.

        Rows ``size, share, [one for each kind], [events], end, take_off, size_off`` and, where
        the log is in memory, ``trees, largest_tree, depth, breadth, virality`` (the last three of
        the largest tree).  Columns as in `koubei_sim.metrics.summary`.
        """
        import pandas as pd

        from koubei_sim.looks.frames import Table

        rows, names = [], []
        for number, (name, (values, meaning)) in enumerate(_outcomes(self).items()):
            finite = values[np.isfinite(values)]
            mean, low, high, method = self._told(name, values, number)
            quantiles = np.quantile(finite, QUANTILES) if finite.size else np.full(5, np.nan)
            spread = float(finite.std(ddof=1)) if finite.size > 1 else np.nan
            rows.append([mean, spread, low, high, method, *quantiles, finite.size, meaning])
            names.append(name)
        columns = ["mean", "sd", "low", "high", "interval"]
        columns += [f"q{round(100 * level):02d}" for level in QUANTILES] + ["n", "meaning"]
        shown = ["mean", "low", "high", "n", "meaning"]
        found = Table(rows, index=pd.Index(names, name="outcome"), columns=columns)
        return found.told(shown)

    def _told(self, name: str, values: NDArray[np.float64], number: int) -> Interval:
        """Return an outcome with its interval: what `mean_size` says of sizes, in all places."""
        if name == "take_off":
            return chance(values)
        if name in ("size", "share"):
            found, people = self.mean_size(), 1.0 if name == "size" else float(max(self.n, 1))
            ends = (found.mean / people, found.low / people, found.high / people)
            return Interval(*ends, found.method)
        if name.startswith("size ") and len(self.kind_names) > 1:
            return self.mean_size(name.removeprefix("size "))
        most = float(self.n) if name == "size_off" else math.inf
        return size_interval(values, self.key, 6000 + 50 * number, most)

    def to_xarray(self) -> xr.Dataset:
        """Return everything but the log as an xarray Dataset with named dimensions."""
        import xarray as xr

        found = self.outcome
        variables = {
            name: (dims, getattr(found, field))
            for field, (name, dims) in _NAMES.items()
            if getattr(found, field) is not None
        }
        own = (self.parameters or {}).items()
        coords: dict[str, Any] = {
            **{_OWN + name: ("replicate", each) for name, each in own},
            "replicate": found.replicates,
            "kind": np.array(self.kind_names, dtype=np.str_),
            "time": found.time,
        }
        if self.labels is not None:
            coords["label"] = ("person", np.asarray(self.labels))
        attributes = {
            "rule": repr(self.rule),
            "people": self.n,
            "time_unit": "step" if self.steps else "time",
            "method": self.method,
            "stopped": self.stopped,
            "key": str(self.key),  # 64 bits do not fit the signed numbers of netCDF
        }
        return xr.Dataset(variables, coords, attributes)

    def to_pandas(self, table: str = "replicates") -> pd.DataFrame:
        """Return one of the tables ``replicates, curve, people, activations, trees, generations``.

        Raises
        ------
        KoubeiError
            For another name, or when the run did not keep what the table needs.
        """
        checks.word("table", table, list(TABLES))
        return TABLES[table](self)

    def to_parquet(self, path: str | Path, table: str = "replicates") -> Path:
        """Write one of the tables of `to_pandas` as a parquet file, and return its path."""
        import pyarrow as pa
        from pyarrow import parquet

        goal = checks.path("path", path)
        if not goal.parent.is_dir():
            raise KoubeiError(str(goal), "no such folder", got=str(goal.parent))
        frame = self.to_pandas(table)
        if frame.index.name is not None:
            frame = frame.reset_index()
        content = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
        with storage.whole_file(goal) as file:
            parquet.write_table(content, file, compression="zstd")
        return goal

    def save(self, path: str | Path) -> Path:
        """Write the result as a folder, whole or not at all, and return its path.

        The folder holds ``data.nc``, ``recipe.json``, ``timing.json`` and, where a log was kept,
        ``events.parquet``.  A result already there is replaced; anything else is refused.

        Raises
        ------
        KoubeiError
            When it cannot be written; then nothing is left behind.
        """
        goal = checks.path("path", path)
        first = self.outcome.replicates[:1].tolist()
        recipe = {
            "format": FORMAT,
            "what": "cascade",
            "rule": repr(self.rule),
            "key": self.key,
            "replicates": self.replicates,
            "first": first[0] if first else 0,
            "people": self.n,
            "kinds": list(self.kind_names),
            "steps": self.steps,
            "method": self.method,
            "stopped": self.stopped,
            "log": self.has_log,
            "digest": self.digest(),
            "versions": versions(),
            **({} if self.asked is None else {"tick": self.asked}),
            **({} if self.horizon != self.horizon else {"horizon": self.horizon}),
        }
        with storage.whole_folder(goal) as partial:
            if self.outcome.activations is not None:
                with stream.ActivationWriter(partial / storage.EVENTS, self.labels) as log:
                    log.append(self.outcome.activations)
            elif self.log_path is not None:
                shutil.copyfile(self.log_path, partial / storage.EVENTS)
            storage.write_tables(partial, self.to_xarray(), recipe, {"seconds": self.seconds})
        return goal

    def to_gephi(
        self,
        path: str | Path,
        replicate: int | None = None,
        root: Any = None,
        *,
        by: Naming = "label",
    ) -> Path:
        """Write who convinced whom in one replicate as a graph for Gephi, and return the path.

        Nodes are people with ``person, time, kind, generation, tree_size`` (and ``until`` where
        people recover); edges run from who convinced to who was convinced.

        Parameters
        ----------
        path : str or Path
            Suffix ``.graphml`` or ``.gexf``.
        replicate : int, optional
            Number of the replicate; the first of the result without it.
        root : label or row, optional
            Person at the root of a tree: only this tree; without it the whole forest.
        by : {"label", "row"}
            "row": `root` is a row although there are labels.

        Raises
        ------
        KoubeiError
            Another suffix, no log, or no such replicate or root.
        """
        path = checks.path("path", path)
        if replicate is None:
            replicate = int(self.outcome.replicates[0])
        forest = self.forest(replicate)
        log = forest.activations
        rows = np.arange(log.person.size)
        if root is not None:
            rows = np.flatnonzero(np.isin(forest.tree, rows_of_tree(self, forest, root, by)))
        place = np.full(log.person.size + 1, -1, np.int64)  # the last: -1 stays -1
        place[rows] = np.arange(rows.size)
        person = log.person[rows]
        columns: dict[str, NDArray[Any]] = {
            "person": person.astype(np.int64),
            "time": log.time[rows],
        }
        if np.isfinite(log.until).any():
            columns["until"] = log.until[rows]
        columns["kind"] = log.kind[rows].astype(np.int64)
        if len(self.kind_names) > 1:
            columns["kind"] = np.array(self.kind_names, dtype=np.str_)[log.kind[rows]]
        columns["generation"] = forest.generation[rows].astype(np.int64)
        columns["tree_size"] = forest.below[forest.roots[forest.tree[rows]]].astype(np.int64)
        labels = person if self.labels is None else np.asarray(self.labels)[person]
        return write_tree(path, _identifiers(log, rows), place[forest.above[rows]], columns, labels)

    def digest(self) -> str:
        """Return the SHA-256 over all arrays but the log: equal where every number is equal."""
        return _digest(self.outcome)

    def __repr__(self) -> str:
        """Return a few lines: what was run, how many people it reached, and what to mind."""
        head, run, rows = _lines(self)
        lines = [f"CascadeResult: {head}", f"  {run}"]
        lines += [f"  {name:<14}{mean:>12}   {remark}".rstrip() for name, mean, remark in rows]
        lines += [f"  note: {note}" for note in self.notes]
        return wrapped("\n".join(lines), "    ")

    def _repr_html_(self) -> str:
        """Return the same for a notebook, with the mean curve."""
        head, run, rows = _lines(self)
        table = html_table(["", "mean", ""], rows)
        return html_look("CascadeResult", [head, run], table + _sparkline(self), self.notes)


def read_cascade(path: str | Path) -> CascadeResult:
    """Read a result that `CascadeResult.save` wrote.

    Parameters
    ----------
    path : str or Path
        The folder, or a file in it.

    Returns
    -------
    CascadeResult
        Its `rule` is the text of the rule; its log is read from the folder when asked for.

    Raises
    ------
    KoubeiError
        When there is none, a file is damaged, or the numbers are not those the recipe promises.

    Examples
    --------
    >>> read_cascade("nowhere")
    Traceback (most recent call last):
    koubei_sim.errors.KoubeiError: nowhere: no such folder, try the folder given to save() or --out
    """
    return CascadeResult(**_read(path))

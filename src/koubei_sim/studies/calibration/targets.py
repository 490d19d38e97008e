"""What a model is held against: observed numbers with tolerances, and how far a run is from them.

A `Target` is one number of the world, the statistic of a run that should equal it, and how near is
near enough.  `Targets` is several of them; those marked `hold_out` are never shown to a fit.
Called by `calibrate`, `scorecard` and by people.

References
----------
Grimm, V. et al. (2005), Pattern-oriented modeling of agent-based complex systems, Science 310,
987-991.
Rand, W. and Rust, R. T. (2011), Agent-based modeling in marketing: guidelines for rigor,
International Journal of Research in Marketing 28, 181-193 (the four levels).
"""

from __future__ import annotations

import contextlib
import datetime
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import number, whole, word, yes_no
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.metrics import check_measure, check_observed, days_of, is_dated, read_dated
from koubei_sim.model.scenario import Scenario
from koubei_sim.model.world.arrays import History
from koubei_sim.runs.options import outcome_from
from koubei_sim.runs.simulation import Outcome, measure
from koubei_sim.studies.design.functions import digest_of, refuse_untold

FloatArray = NDArray[np.float64]

#: The four levels of validation of Rand and Rust 2011, from the inside to the outside.
LEVELS: Final = ("micro-face", "macro-face", "empirical-input", "empirical-output")
#: A statistic that is a parameter of the scenario, not a measure of a run.
PARAMETER: Final = "scenario:"
#: A tolerance above this on a log scale (a factor of 6) is taken for a percentage.
MOST_TOLERANCE: Final = 5.0
#: Days before the start of the run that a day may lie (a point that only curves are shown).
EARLIEST: Final = 1_000_000


@dataclass(frozen=True)
class Target:
    """One observed number, and which number of a run it is held against.

    Parameters
    ----------
    name : str
    value : float
        What was observed; above 0 where `log`.
    tolerance : float
        How near is near enough, above 0.  With `log` a relative distance: 0.1 means within a
        factor of 1.1 either way.  Else in units of the statistic.
    statistic : str or callable
        An outcome (`metrics.OUTCOMES`), a dated statistic (``"users@2012-12-15"``, see
        `metrics.read_dated`), a parameter (``"scenario:seeding.number"``), or a function of a
        `Result` of one replicate or of (history, scenario).
    level : {"micro-face", "macro-face", "empirical-input", "empirical-output"}
        Which kind of validity it speaks for (Rand and Rust 2011).
    weight : float
        Weight of its squared distance among the others; 0 shows it without fitting it.
    log : bool
        Whether distances are those of logarithms.
    source : str
        Where the number stands.
    hold_out : bool
        Never shown to a fit: kept to say how well the fit predicts.

    Examples
    --------
    >>> target = Target("users", 1e6, 0.1, "users@2012-12-15", "empirical-output")
    >>> round(float(target.gap(1.21e6)), 3)
    2.0
    """

    name: str
    value: float
    tolerance: float
    statistic: Outcome
    level: str
    weight: float = 1.0
    log: bool = True
    source: str = ""
    hold_out: bool = False
    series: str = ""

    def __post_init__(self) -> None:
        where = f"targets.{self.name}"
        if not isinstance(self.name, str) or not self.name:
            raise KoubeiError("targets", "a target needs a name", got=repr(self.name))
        for part in ("value", "tolerance", "weight"):
            object.__setattr__(self, part, number(f"{where}.{part}", getattr(self, part)))
        if self.tolerance <= 0:
            raise KoubeiError(f"{where}.tolerance", "out of range", got=self.tolerance,
                              allowed="above 0", fix="0.1")  # fmt: skip
        if self.log and self.tolerance > MOST_TOLERANCE:
            raise KoubeiError(
                f"{where}.tolerance", "a share on a log scale, not a percentage",
                got=self.tolerance, allowed=f"up to {MOST_TOLERANCE:g}",
                fix=f"{self.tolerance / 100.0:g} for {self.tolerance:g} %, or log=False",
            )  # fmt: skip
        if self.weight < 0:
            raise KoubeiError(
                f"{where}.weight", "out of range", got=self.weight, allowed="0 or more"
            )
        for part in ("log", "hold_out"):
            object.__setattr__(self, part, yes_no(f"{where}.{part}", getattr(self, part)))
        for part in ("source", "series"):
            if not isinstance(getattr(self, part), str):
                raise KoubeiError(f"{where}.{part}", "must be text", got=repr(getattr(self, part)))
        if self.log and self.value <= 0:
            raise KoubeiError(
                f"{where}.value", "must be above 0 on a log scale", got=self.value, fix="log=False"
            )
        word(f"{where}.level", self.level, LEVELS)
        self.check_statistic(where)

    def check_statistic(self, where: str) -> None:
        """Refuse a statistic that no run can give; those of rules are others (`RuleTarget`)."""
        _check_statistic(where, self.statistic)

    @property
    def dated(self) -> bool:
        """Whether the statistic is a dated one."""
        return is_dated(self.statistic)

    @property
    def said(self) -> str:
        """The statistic as text that differs from another: of a function, name and digest."""
        if isinstance(self.statistic, str):
            return self.statistic
        return f"{getattr(self.statistic, '__name__', 'function')} {digest_of(self.statistic)}"

    def scaled(self, values: Any) -> FloatArray:
        """Return values on the scale of distances: logarithms where `log` (-inf at 0)."""
        numbers = np.asarray(values, dtype=np.float64)
        if not self.log:
            return numbers
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(numbers))

    def gap(self, values: Any) -> FloatArray:
        """Return the distance of simulated values in tolerances, with its sign."""
        unit = math.log1p(self.tolerance) if self.log else float(self.tolerance)
        return np.asarray((self.scaled(values) - self.scaled(self.value)) / unit)

    def of(self, history: History, scenario: Scenario, key: int = 0) -> float:
        """Return the statistic of one history."""
        if isinstance(self.statistic, str) and self.statistic.startswith(PARAMETER):
            return parameter(scenario, self.statistic)
        if self.dated:
            from koubei_sim.metrics import dated_value

            return dated_value(str(self.statistic), history, scenario)
        return measure(history, scenario, key, self.statistic)


def _check_statistic(where: str, statistic: object) -> None:
    if callable(statistic):
        try:
            outcome_from(statistic)
        except KoubeiError as error:
            raise KoubeiError(
                f"{where}.statistic", error.what, got=error.got, allowed=error.allowed,
                fix=error.fix,
            ) from None  # fmt: skip
        return
    if is_dated(statistic):
        read_dated(str(statistic))
        return
    if isinstance(statistic, str) and statistic.startswith(PARAMETER):
        return
    try:
        check_measure(statistic)
    except KoubeiError as error:
        raise KoubeiError(
            f"{where}.statistic", error.what, got=error.got,
            allowed=f"{error.allowed}; scenario:path; or a function",
            fix=error.fix or "users@2012-12-15",
        ) from None  # fmt: skip


def parameter(scenario: Scenario, text: str) -> float:
    """Return the parameter that ``scenario:path`` names.

    Raises
    ------
    KoubeiError
        For an unknown path, or one whose value is no number.
    """
    from koubei_sim.model.scenario import parameter_table

    path = text.removeprefix(PARAMETER)
    rows = {row.path: row.value for row in parameter_table(scenario)}
    if path not in rows:
        raise KoubeiError(text, "unknown parameter", fix=nearest(path, rows))
    if isinstance(rows[path], bool) or not isinstance(rows[path], (int, float)):
        raise KoubeiError(text, "is no number", got=str(rows[path]))
    return float(rows[path])


@dataclass(frozen=True)
class Targets:
    """Several targets, in order; names are unique.

    Parameters
    ----------
    entries : sequence of Target

    Examples
    --------
    >>> curve = Targets.series(
    ...     ["2012-12-15", "2013-07-01", "2014-05-15"],
    ...     [10e6, 20e6, 50e6],
    ...     name="MIUI users",
    ...     tolerance=0.1,
    ...     hold_out_after="2013-12-31",
    ... )
    >>> [target.hold_out for target in curve], len(curve.seen)
    ([False, False, True], 2)
    """

    entries: tuple[Target, ...]

    def __init__(self, entries: Sequence[Target]) -> None:
        found = tuple(_several("targets", entries))
        for entry in found:
            if not isinstance(entry, Target):
                raise KoubeiError("targets", "not a target", got=type(entry).__name__)
        names = [entry.name for entry in found]
        if not names:
            raise KoubeiError("targets", "none given", fix="Target(...)")
        for name in names:
            if names.count(name) > 1:
                raise KoubeiError(f"targets.{name}", "a name stands twice")
        object.__setattr__(self, "entries", found)

    @classmethod
    def series(
        cls,
        dates: Sequence[Any],
        values: Sequence[float],
        *,
        name: str = "series",
        quantity: str = "users",
        tolerance: float | Sequence[float] = 0.1,
        level: str = "empirical-output",
        hold_out_after: Any = None,
        weight: float = 1.0,
        log: bool = True,
        source: str = "",
    ) -> Targets:
        """Return one target a date of a series.

        Parameters
        ----------
        dates : sequence of date, ISO text or int
            Dates, or days since the start of the run.
        values : sequence of float
        quantity : str
            What is counted (`metrics.read_dated`): ``users`` for people in use at that time,
            ``adopted`` for all adoptions so far.
        tolerance : float, or one a date
        hold_out_after : date, ISO text or int, optional
            Later points are held out.

        Raises
        ------
        KoubeiError
            For lengths that differ, or anything wrong with a single target.
        """
        moments = [moment_from(date) for date in _several(f"targets.{name}.dates", dates)]
        numbers = _several(f"targets.{name}.values", values)
        alone = isinstance(tolerance, (int, float, str)) or np.ndim(tolerance) == 0
        widths = [tolerance] * len(moments) if alone else list(tolerance)  # type: ignore[arg-type]
        if not len(moments) == len(numbers) == len(widths):
            shown = f"{len(moments)} dates, {len(numbers)} values, {len(widths)} tolerances"
            raise KoubeiError(f"targets.{name}", "lengths differ", got=shown)
        numbers = [number(f"targets.{name}.values", entry) for entry in numbers]
        widths = [number(f"targets.{name}.tolerance", entry) for entry in widths]
        if len({type(moment) for moment in moments}) > 1:
            raise KoubeiError(f"targets.{name}.dates", "dates beside days", got=repr(dates))
        for before, after in pairwise(sorted(zip(moments, numbers, strict=True))):
            if quantity == "adopted" and after[1] < before[1]:
                raise KoubeiError(
                    f"targets.{name}", "adoptions so far never fall",
                    got=f"{before[1]:g} on {before[0]}, {after[1]:g} on {after[0]}",
                    fix="quantity='users' for people in use",
                )  # fmt: skip
        limit = None if hold_out_after is None else moment_from(hold_out_after)
        if limit is not None and any(type(m) is not type(limit) for m in moments):
            raise KoubeiError(
                f"targets.{name}", "hold_out_after must be like the dates", got=str(limit)
            )
        return cls(
            [
                Target(
                    f"{name} {moment}", value, width, f"{quantity}@{moment}", level,
                    weight, log, source, limit is not None and moment > limit, name,
                )
                for moment, value, width in zip(moments, numbers, widths, strict=True)
            ]
        )  # fmt: skip

    @property
    def seen(self) -> Targets:
        """The targets that a fit may see: not held out, with a weight."""
        return Targets([entry for entry in self.entries if not entry.hold_out and entry.weight])

    @property
    def held_out(self) -> tuple[Target, ...]:
        """The targets kept from the fit."""
        return tuple(entry for entry in self.entries if entry.hold_out)

    def __add__(self, other: Targets) -> Targets:
        return Targets([*self.entries, *other.entries])

    def __iter__(self) -> Iterator[Target]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def gaps(self, values: FloatArray) -> FloatArray:
        """Return signed distances in tolerances, shape like `values` [.., targets]."""
        return np.stack([t.gap(values[..., k]) for k, t in enumerate(self.entries)], axis=-1)

    def distance(self, values: FloatArray) -> FloatArray:
        """Return the weighted root mean square of the gaps; inf where one is not finite."""
        weights = np.array([entry.weight for entry in self.entries])
        with np.errstate(invalid="ignore"):
            squares = (self.gaps(values) ** 2) @ (weights / weights.sum())
        return np.where(np.isfinite(squares), np.sqrt(squares), np.inf)

    def check_values(self, scenario: Scenario) -> None:
        """Refuse observed numbers that this scenario can never give, beside those held out.

        Raises
        ------
        KoubeiError
        """
        people = float(scenario.n_agents * scenario.people_per_agent)
        for entry in self.entries:
            if not entry.hold_out and entry.weight and isinstance(entry.statistic, str):
                where = f"targets.{entry.name}.value"
                check_observed(where, entry.statistic, float(entry.value), people)

    def check(self, scenario: Scenario) -> None:
        """Refuse statistics that this scenario cannot give.

        Raises
        ------
        KoubeiError
        """
        for entry in self.entries:
            if entry.dated:
                days_of(read_dated(str(entry.statistic)), scenario)
            elif isinstance(entry.statistic, str) and entry.statistic.startswith(PARAMETER):
                parameter(scenario, entry.statistic)
            elif isinstance(entry.statistic, str):
                check_measure(entry.statistic, scenario)


def check_told(targets: Targets, folder: object) -> None:
    """Refuse, with a folder, a function that the folder could not tell from another one.

    Raises
    ------
    KoubeiError
    """
    for entry in targets if folder is not None else ():
        if callable(entry.statistic):
            refuse_untold(
                f"targets.{entry.name}.statistic", {entry.name: digest_of(entry.statistic)}
            )


def _several(where: str, given: Any) -> list[Any]:
    """Return the entries of a list, a column or an array."""
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise KoubeiError(where, "not a list", got=repr(given), fix=f"[{given!r}]")
    try:
        plain = np.ndim(given) <= 1  # type: ignore[arg-type]
    except ValueError:  # lists of several lengths
        plain = False
    if not plain:
        raise KoubeiError(where, "not one column", got=type(given).__name__)
    return list(given)


def moments_from(where: str, given: Any) -> list[Any]:
    """Return one date or day, or a list of them, rising in time, each once.

    Raises
    ------
    KoubeiError
        For none, for what is no date, or for dates beside days.
    """
    alone = isinstance(given, (str, bytes)) or not isinstance(given, Iterable)
    found = [moment_from(date, where) for date in ([given] if alone else _several(where, given))]
    if not found:
        raise KoubeiError(where, "none given", allowed="dates, or days since the start of the run")
    if len({type(moment) for moment in found}) > 1:
        raise KoubeiError(where, "dates beside days", got=repr(given))
    return sorted(set(found))


def moment_from(given: Any, where: str = "targets") -> Any:
    """Return a date or a day as such; a time of the day is left out, in its own time zone.

    Examples
    --------
    >>> import numpy as np
    >>> (
    ...     moment_from(np.datetime64("2012-12-15T08:00")),
    ...     moment_from("2012-12-15 08:00"),
    ...     moment_from(3),
    ... )
    (datetime.date(2012, 12, 15), datetime.date(2012, 12, 15), 3)
    """
    if isinstance(given, np.datetime64) and not np.isnat(given):
        given = given.astype("datetime64[D]").item()
    missing = type(given).__name__ in ("NaTType", "NAType")
    if isinstance(given, datetime.datetime) and not missing:
        return given.date()
    if isinstance(given, datetime.date) and not missing:
        return given
    if isinstance(given, str):
        for kind in (datetime.date, datetime.datetime):
            with contextlib.suppress(ValueError):
                found = kind.fromisoformat(given.strip())
                return found.date() if isinstance(found, datetime.datetime) else found
    elif (not missing and hasattr(given, "__index__")) or isinstance(given, float):
        with contextlib.suppress(KoubeiError):
            return whole(where, given, -EARLIEST)
    parts = {"Period": "end_time", "Timedelta": "days", "timedelta": "days"}
    part = parts.get(type(given).__name__)
    fix = f"[date.{part} for date in dates]" if part else "'2012-12-15', or a day"
    raise KoubeiError(where, "neither a date nor a day", got=repr(given), fix=fix)


def targets_from(given: Any) -> Targets:
    """Return targets from targets, a sequence of them, or one.

    Raises
    ------
    KoubeiError
    """
    if isinstance(given, Targets):
        return given
    if isinstance(given, Target):
        return Targets([given])
    if isinstance(given, Sequence) and not isinstance(given, (str, bytes, Mapping)):
        return Targets(given)
    raise KoubeiError(
        "targets", "wrong type", got=type(given).__name__,
        allowed="Targets, a Target or a list of them",
    )  # fmt: skip


#: What a target in a file may say, in the order of the class.
WORDS: Final = tuple(field.name for field in fields(Target))

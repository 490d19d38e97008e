"""What a rule of cascades is held against: `RuleTarget`, a number with a statistic of replicates.

A statistic is a word (``size``, ``share``, ``end``, ``peak``, ``peak_time``, ``events``; ``size@5``
and ``share@5`` for who was active by then; ``size:KIND`` for one kind), or a function from a
`CascadeResult` to one number a replicate.  Called by `rule_model`; made by people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import CascadeResult
from koubei_sim.checks import number
from koubei_sim.errors import KoubeiError
from koubei_sim.studies.calibration.targets import Target, Targets

FloatArray = NDArray[np.float64]
OfRuns = Callable[[CascadeResult], Any]

WORDS: Final = ("size", "share", "end", "events", "peak", "peak_time")
BY_TIME: Final = ("size", "share")


@dataclass(frozen=True)
class RuleTarget(Target):
    """One observed number, and which number of a replicate it is held against.

    Parameters
    ----------
    name, value, tolerance, weight, log, source, hold_out
        As in `Target`.
    statistic : str or callable
        ``size``, ``share``, ``end`` (time of the last activation), ``peak`` (most new activations
        in a step or bin), ``peak_time``, ``events``; ``size@T``, ``share@T``: activations up to
        time T, in numbers or as a share of all people; ``size:KIND``: activations of a kind.  Or a
        function from a `CascadeResult` to (replicates,) numbers; what it needs recorded stands in
        its attribute ``record``.

    Examples
    --------
    >>> target = RuleTarget("adopters in year 5", 120, 0.1, "size@5")
    >>> target.level
    'empirical-output'
    """

    level: str = "empirical-output"
    column: int = field(default=-1)

    def check_statistic(self, where: str) -> None:
        """Refuse a word that is none of ours."""
        if callable(self.statistic):
            return
        parse(f"{where}.statistic", self.statistic)

    @property
    def said(self) -> str:
        """The statistic as text that differs from another, with the column of its own."""
        return super().said if self.column < 0 else f"{super().said} {self.column}"

    @property
    def needs_curve(self) -> bool:
        """Whether bins of time matter."""
        return callable(self.statistic) or self.statistic.startswith(("peak", "size@", "share@"))

    @property
    def record(self) -> tuple[str, ...]:
        """What of single people the statistic needs."""
        return tuple(getattr(self.statistic, "record", ()))

    def of_runs(self, found: CascadeResult, made: dict[int, FloatArray]) -> FloatArray:
        """Return the statistic of every replicate, (R,); `made` keeps what a function gave."""
        if isinstance(self.statistic, str):
            return of_word(self.statistic, found)
        function: Any = self.statistic
        if id(function) not in made:
            made[id(function)] = np.asarray(function(found), np.float64)
        values = made[id(function)]
        if self.column >= 0 and values.ndim == 2 and self.column < values.shape[1]:
            values = values[:, self.column]
        if values.shape != (found.replicates,):
            raise KoubeiError(
                f"targets.{self.name}.statistic", "not one number a replicate",
                got=f"array of shape {values.shape}", allowed=f"({found.replicates},)",
            )  # fmt: skip
        return values


def several(
    function: Any, values: Mapping[str, tuple[float, float]], **options: Any
) -> list[RuleTarget]:
    """Return one target for each column that a function makes of a run.

    Parameters
    ----------
    function : callable
        From a `CascadeResult` to (replicates, k) numbers.
    values : mapping of str to (value, tolerance)
        Names of the k columns, in order, with what was observed.
    **options
        Further arguments of `RuleTarget`.

    Examples
    --------
    >>> two = several(lambda found: found.outcome.curve[:, 0, :2], {"a": (9, 1), "b": (3, 1)})
    >>> [target.column for target in two]
    [0, 1]
    """
    return [
        RuleTarget(name, *pair, function, column=k, **options)
        for k, (name, pair) in enumerate(values.items())
    ]


def group_share(rows: Sequence[int] | NDArray[Any]) -> OfRuns:
    """Return the statistic "share of these people who were ever active", people by row.

    Examples
    --------
    >>> group_share([0, 1]).record
    ('times',)
    """
    mine = np.asarray(rows, np.int64)

    def share(found: CascadeResult) -> FloatArray:
        assert found.outcome.times is not None
        return np.asarray(np.isfinite(found.outcome.times[:, mine]).mean(axis=1))

    share.record = ("times",)  # type: ignore[attr-defined]
    return share


def parse(where: str, text: Any) -> tuple[str, float | str | None]:
    """Return the word of a statistic, and its time or kind."""
    allowed = f"{', '.join(WORDS)}; size@T, share@T, size:KIND; or a function"
    if not isinstance(text, str):
        raise KoubeiError(where, "not a statistic", got=repr(text), allowed=allowed)
    word, at, when = text.partition("@")
    if at and word in BY_TIME:
        try:
            return word, number(where, float(when))
        except ValueError:
            raise KoubeiError(where, "no time", got=when, allowed="size@5") from None
    word, colon, kind = text.partition(":")
    if colon and word == "size":
        return word, kind
    if text not in WORDS:
        raise KoubeiError(where, "unknown statistic", got=repr(text), allowed=allowed)
    return text, None


def of_word(text: str, found: CascadeResult) -> FloatArray:
    """Return a statistic by its word, float64 (R,).

    Examples
    --------
    >>> import koubei_sim as kb
    >>> line = kb.Network.from_edges([0, 1, 2], [1, 2, 3])
    >>> run = kb.cascade(line, kb.IndependentCascade(1.0), [0], 2, 1)
    >>> [of_word(word, run)[0].item() for word in ("size", "share", "end", "peak", "size@1")]
    [4.0, 1.0, 3.0, 1.0, 2.0]
    """
    word, more = parse("statistic", text)
    outcome = found.outcome
    curve = outcome.curve
    if isinstance(more, str):
        return found.sizes_by_kind[:, found.kind_number(more)].astype(np.float64)
    if more is not None:
        values = curve[:, :, outcome.time <= more].sum(axis=(1, 2)).astype(np.float64)
        return values / found.n if word == "share" else values
    if word in ("peak", "peak_time"):
        new = curve.sum(axis=1)
        new[:, 0] = 0  # seeds are no news
        if word == "peak":
            return new.max(axis=1).astype(np.float64)
        return np.asarray(outcome.time[new.argmax(axis=1)], np.float64)
    if word == "share":
        return found.share
    fields = {"size": outcome.sizes, "end": outcome.ends, "events": outcome.events}
    return fields[word].astype(np.float64)


def rule_targets_from(given: Any) -> Targets:
    """Return targets from targets or a sequence of them; all must be `RuleTarget`."""
    entries = [given] if isinstance(given, Target) else given
    found = entries if isinstance(entries, Targets) else Targets(entries)
    for entry in found:
        if not isinstance(entry, RuleTarget):
            raise KoubeiError(
                f"targets.{entry.name}", "a target of scenarios, not of rules",
                fix="RuleTarget(name, value, tolerance, 'size')",
            )  # fmt: skip
    return found

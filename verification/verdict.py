"""The form of a replication: a table of checks, each with a verdict, and a figure.

A check holds a number or a word that was expected, what was found, how far off it may be and where
the expectation comes from.  The allowed error is written where the check is made, beside the
source, and is nowhere widened.  A target that is known to be out of reach stays in the table, with
its figure and the verdict "not reproduced", and a remark that says why; it does not make the
replication fail.

Called by every file of this folder and by the command line.

Provenance letters: R read in a public page or file that is named; C computed from a formula; S
simulated with an independent program; M from memory, without a source that could be opened here -
such a number is never called published.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    import pandas as pd

REPRODUCED: Final = "reproduced"
MISSED: Final = "not reproduced"
ABSENT: Final = "not run (data absent)"
REPORTED: Final = "reported"  # a figure without a target
MOST_Z: Final = 4.0  # exact formulas: |z| below this, at a fixed key
KEY: Final = 20100816


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a verdict table.

    Attributes
    ----------
    what : str
        The quantity, in a few words.
    expected, found : float, str or None
        Numbers, or words where the claim is an ordering.
    allowed : float or None
        Largest distance of the two (for ``by="z"``: 4 standard errors).
    by : str
        "z" (Monte Carlo error against an exact formula), "band", "exact", "order" or "".
    provenance : str
        R, C, S or M; see the top of this file.
    verdict : str
    z : float or None
        Distance in standard errors, where ``by="z"``.
    note : str
    known : bool
        Whether a miss is known and explained in the note.
    """

    what: str
    expected: float | str | None
    found: float | str | None
    allowed: float | None
    by: str
    provenance: str
    verdict: str
    z: float | None = None
    note: str = ""
    known: bool = False

    @property
    def failed(self) -> bool:
        """Whether it should have been reproduced and was not."""
        return self.verdict == MISSED and not self.known


def _verdict(good: bool) -> str:
    return REPRODUCED if good else MISSED


def by_z(
    what: str, expected: float, found: float, error: float, provenance: str = "C", note: str = ""
) -> Check:
    """Compare a Monte Carlo mean with an exact number; `error` is the standard error.

    Examples
    --------
    >>> by_z("mean", 2.0, 2.03, 0.01).verdict, by_z("mean", 2.0, 2.05, 0.01).verdict
    ('reproduced', 'not reproduced')
    """
    gap = found - expected
    z = gap / error if error > 0.0 else (0.0 if gap == 0.0 else math.inf)
    good = abs(z) < MOST_Z
    return Check(what, expected, found, MOST_Z * error, "z", provenance, _verdict(good), z, note)


def mean_by_z(
    what: str, expected: float, values: ArrayLike, provenance: str = "C", note: str = ""
) -> Check:
    """Compare the mean of independent values with an exact number, by their own spread."""
    found = np.asarray(values, dtype=np.float64)
    error = float(found.std(ddof=1)) / math.sqrt(found.size)
    return by_z(what, expected, float(found.mean()), error, provenance, note)


def share_by_z(
    what: str, expected: float, hits: int, trials: int, provenance: str = "C", note: str = ""
) -> Check:
    """Compare a share with an exact probability, by the binomial error of that probability."""
    error = math.sqrt(expected * (1.0 - expected) / trials)
    return by_z(what, expected, hits / trials, error, provenance, note)


def in_band(
    what: str,
    expected: float,
    found: float,
    band: float,
    provenance: str,
    note: str = "",
    known: bool = False,
) -> Check:
    """Compare within a band that was fixed beforehand, ``|found - expected| <= band``.

    Examples
    --------
    >>> in_band("share", 0.5, 0.508, 0.01, "C").verdict
    'reproduced'
    """
    good = abs(found - expected) <= band
    return Check(
        what, expected, float(found), band, "band", provenance, _verdict(good), None, note, known
    )


def exactly(
    what: str, expected: float | str, found: float | str, provenance: str = "C", note: str = ""
) -> Check:
    """Ask for equality, of numbers or of words."""
    return Check(
        what, expected, found, 0.0, "exact", provenance, _verdict(found == expected), None, note
    )


def ordered(
    what: str, expected: str, found: str, good: bool, provenance: str, note: str = ""
) -> Check:
    """Ask for a sign or an ordering: words on both sides, and whether it holds."""
    return Check(what, expected, found, None, "order", provenance, _verdict(good), None, note)


def reported(
    what: str,
    found: float | str,
    expected: float | str | None = None,
    provenance: str = "",
    note: str = "",
) -> Check:
    """Give a figure on which no verdict is passed, perhaps with another beside it."""
    return Check(what, expected, found, None, "", provenance, REPORTED, None, note)


def absent(what: str, note: str, expected: float | None = None, provenance: str = "") -> Check:
    """Say that a check could not be made because its data is not here."""
    return Check(what, expected, None, None, "", provenance, ABSENT, None, note)


@dataclass(frozen=True, slots=True)
class Replication:
    """A published or computed result made again.

    Attributes
    ----------
    name : str
    title : str
        The claim, in one line.
    source : str
        Where the claim comes from.
    rows : tuple of Check
    scale : str
        "quick" or "full".
    key : int
    seconds : float
        Wall time; no part of the result.
    draw : callable or None
        Draws the figure on matplotlib Axes; None where there is nothing to draw.
    """

    name: str
    title: str
    source: str
    rows: tuple[Check, ...]
    scale: str = "quick"
    key: int = KEY
    seconds: float = math.nan
    draw: Callable[[Any], Any] | None = field(default=None, repr=False, compare=False)

    @property
    def verdict(self) -> str:
        """The verdict on the whole: missed if a check that should hold did not."""
        if any(row.failed for row in self.rows):
            return MISSED
        if all(row.verdict == ABSENT for row in self.rows):
            return ABSENT
        return REPRODUCED

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that should have been reproduced and were not."""
        return tuple(row for row in self.rows if row.failed)

    def counts(self) -> dict[str, int]:
        """Return how many checks have each verdict."""
        words = (REPRODUCED, MISSED, ABSENT, REPORTED)
        return {word: sum(row.verdict == word for row in self.rows) for word in words}

    def table(self) -> pd.DataFrame:
        """Return the checks as a table, one row each."""
        import pandas as pd

        return pd.DataFrame([asdict(row) for row in self.rows])

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the figure as plain data, for JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "source": self.source,
            "scale": self.scale,
            "key": self.key,
            "verdict": self.verdict,
            "counts": self.counts(),
            "seconds": self.seconds,
            "checks": [asdict(row) for row in self.rows],
        }

    def figure(self, ax: Any = None) -> Any:
        """Draw the figure and return its matplotlib Axes; None where there is none."""
        if self.draw is None:
            return None
        from koubei_sim.plots.style import axes_for, drawing

        with drawing():
            ax = axes_for(ax)
            self.draw(ax)
        return ax


def sized(scale: str, quick: int, full: int) -> int:
    """Return the number that goes with a scale."""
    return full if scale == "full" else quick


def texts(values: Sequence[float], form: str = "{:.3g}", between: str = " > ") -> str:
    """Return numbers as one text, for orderings.

    Examples
    --------
    >>> texts([3.0, 2.5])
    '3 > 2.5'
    """
    return between.join(form.format(value) for value in values)

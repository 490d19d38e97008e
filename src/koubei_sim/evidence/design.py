"""From a record and a formula to the rows of a likelihood.

`Model` is a formula made fit for a record: which periods share a bin of the calendar, what pushes
and traits there are, and around which values traits are centred.  The same model is laid on
other records (held-out groups, simulated worlds) by `rows_of`.
Called by `hazard`, `judge` and `worlds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.diffusion import Diffusion, Risk
from koubei_sim.evidence.likelihood import Rows
from koubei_sim.evidence.terms import PLAIN, Push, Term, parsed, push_of, traits_of

PUSHES = ("crowd", "ties", "wave")
MOST_BINS = 1000  # of a calendar: its second derivatives are a matrix


@dataclass(frozen=True, eq=False)
class Model:
    """A formula made fit for records of one kind.

    Parameters
    ----------
    terms : tuple of Term
    calendar : {"periods", "one", "none"}
        A base hazard for each period, one for all, or none.
    push_terms, trait_terms : tuple of Term
    names : tuple of str
        Of all parameters: calendar, pushes, traits.
    centres, spreads : (J,) float64 arrays
        Mean and standard deviation of each trait over people; traits enter less their mean.
    start, periods : int
        First period and number of periods of the record that it was made for.
    kind : str, optional
        The product whose adoption is looked at.
    width : int
        Periods that share a base hazard.
    """

    terms: tuple[Term, ...]
    calendar: str
    push_terms: tuple[Term, ...]
    trait_terms: tuple[Term, ...]
    names: tuple[str, ...]
    centres: NDArray[np.float64]
    spreads: NDArray[np.float64]
    start: int
    periods: int
    kind: Any = None
    width: int = 1

    @property
    def bins(self) -> int:
        """Number of bins of the calendar."""
        wide = -(-self.periods // self.width)
        return {"periods": wide, "one": 1, "none": 0}[self.calendar]

    @property
    def random(self) -> bool:
        """Whether groups have effects of their own, drawn from a normal law."""
        return any(term.name == "groups" and term.word == "random" for term in self.terms)

    @property
    def formula(self) -> str:
        """The formula as read."""
        return " + ".join(str(term) for term in self.terms)

    def pushes(self, d: Diffusion) -> list[Push]:
        """Return the pushes as they are on a record."""
        return [push_of(term, d) for term in self.push_terms]

    def traits(self, d: Diffusion) -> NDArray[np.float64]:
        """Return the traits of the people of a record, centred as when the model was made."""
        if not self.trait_terms:
            return np.empty((d.n, 0))
        try:
            names, columns = traits_of(self.trait_terms, d, every=True)
        except KoubeiError as error:
            if error.what != "unknown term":
                raise
            raise KoubeiError("record", "lacks a trait of the model", got=error.got) from None
        wanted = list(self.names[len(self.names) - self.centres.size :])
        return _matched(wanted, names, columns) - self.centres

    def bin_of(self, d: Diffusion, period: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the bin of the calendar of periods of a record.

        Raises
        ------
        KoubeiError
            A period that the model was not fitted to: a calendar says nothing of the future.
        """
        if self.calendar != "periods":
            return np.zeros(period.size, np.int64)
        place = period + d.start - self.start
        if place.size and (place.min() < 0 or place.max() >= self.periods):
            worst = place.max() if place.max() >= self.periods else place.min()
            raise KoubeiError(
                "calendar", "a period that was not fitted", got=int(worst + self.start),
                allowed=f"{self.start}..{self.start + self.periods - 1}",
                fix="constant in place of calendar",
            )  # fmt: skip
        return place // self.width


def _matched(
    wanted: Sequence[str], names: Sequence[str], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Columns as the model has them; a word that nobody of the record has is nobody's."""
    out = np.zeros((columns.shape[0], len(wanted)))
    for j, name in enumerate(wanted):
        if name in names:
            out[:, j] = columns[:, names.index(name)]
        elif not name.endswith("]"):
            raise KoubeiError("record", "lacks a trait of the model", got=name)
    return out


def model_of(d: Diffusion, formula: Any, kind: Any = None) -> Model:
    """Return a formula made fit for a record.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> d = kb.Diffusion(kb.Network.from_edges([0, 1], [1, 2]), [0, 1, None], until=3)
    >>> model_of(d, "constant + ties(share)").names
    ('constant', 'ties(share)')
    """
    terms = parsed(formula)
    words = [term.name for term in terms]
    if "calendar" in words and "constant" in words:
        raise KoubeiError("formula", "calendar and constant", allowed="one of them")
    width = next((term.options.get("width", 1) for term in terms if term.name == "calendar"), 1)
    if "calendar" in words and d.periods > MOST_BINS * width:
        raise KoubeiError("calendar", "too many periods", got=d.periods,
                          allowed=f"{MOST_BINS} or fewer",
                          fix=f"calendar(width={-(-d.periods // MOST_BINS)})")  # fmt: skip
    pushes = tuple(term for term in terms if term.name in PUSHES)
    traits = tuple(term for term in terms if term.name not in (*PUSHES, "calendar", "constant"))
    calendar = "periods" if "calendar" in words else "one" if "constant" in words else "none"
    names, columns = traits_of(traits, d)
    if calendar == "none" and not pushes:
        raise KoubeiError("formula", "nothing that makes anybody adopt", got=str(formula),
                          fix=f"'constant + {formula}'")  # fmt: skip
    if calendar == "periods":
        base = [f"calendar[{t + d.start}]" for t in range(0, d.periods, width)]
    else:
        base = ["constant"] if calendar == "one" else []
    spreads = columns.std(axis=0)
    return Model(
        tuple(terms), calendar, pushes, traits,
        (*base, *(str(term) for term in pushes), *names),
        columns.mean(axis=0), np.where(spreads > 0.0, spreads, 1.0), d.start, d.periods, kind,
        width,
    )  # fmt: skip


def exposures(model: Model, d: Diffusion) -> NDArray[np.float64]:
    """Return each push on each person in each period, (n, periods, K)."""
    found = [push.along(d.at, d.periods) for push in model.pushes(d)]
    return np.stack(found, axis=2) if found else np.empty((d.n, d.periods, 0))


def rows_of(model: Model, d: Diffusion, risk: Risk | None = None) -> tuple[Rows, Risk]:
    """Return the rows of a likelihood and whom each is about."""
    if not isinstance(d, Diffusion):
        raise KoubeiError("record", "not a Diffusion", got=type(d).__name__,
                          fix="kb.Diffusion(network, times)")  # fmt: skip
    rows = d.risk(model.kind) if risk is None else risk
    pushed = exposures(model, d)
    traits = model.traits(d)
    return Rows(
        rows.adopted,
        model.bin_of(d, rows.period),
        model.bins,
        np.ascontiguousarray(pushed[rows.person, rows.period]),
        np.ascontiguousarray(traits[rows.person]),
    ), rows


__all__ = ["PLAIN", "Model", "exposures", "model_of", "rows_of"]

"""What may move an adoption, as written in a formula: ``"calendar + crowd + ties(share) + age"``.

A *push* adds to the hazard and is never negative: the calendar, the crowd of one's group, the
adopters among one's ties, the recent wave of the group.  A *trait* multiplies it: degree,
covariates, treatments.  A push that comes from others is one thing, `Push`: a linear operator on
who has adopted, with a lag, a fading and a window; the same operator is applied to the record
(`along`) and, period by period, to simulated worlds (`worlds`), so the two cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from koubei_sim.cascades import checks
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.evidence.diffusion import NEVER, Diffusion
from koubei_sim.networks import Network, TemporalNetwork
from koubei_sim.networks.layer import union_rows

MEASURES: Final = ("share", "count", "any")
SIDES: Final = ("named", "naming", "both")
TERM: Final = re.compile(r"\s*([^\W\d]\w*)\s*(?:\(([^()]*)\))?\s*\Z")
PLAIN: Final = ("calendar", "constant", "crowd", "ties", "wave", "degree", "covariates",
                "treatments", "groups")  # fmt: skip
OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "calendar": ("width",),
    "ties": ("lag", "fading", "window", "side", "of", "weighted", "layer"),
    "crowd": ("lag", "fading", "window", "of"),
    "wave": ("lag", "fading", "of"),
    "degree": ("side",),
    "groups": (),
}


class Term(NamedTuple):
    """One term of a formula: its name, a word in brackets, its options."""

    name: str
    word: str | None
    options: dict[str, Any]

    def __str__(self) -> str:
        """Return the term as it is written."""
        inside = [self.word] if self.word else []
        inside += [f"{key}={value}" for key, value in self.options.items()]
        return f"{self.name}({', '.join(inside)})" if inside else self.name


def parsed(formula: Any) -> list[Term]:
    """Return the terms of a formula.

    Raises
    ------
    KoubeiError
        In one line: what is no term, an unknown option, a term written twice.

    Examples
    --------
    >>> [str(term) for term in parsed("calendar + ties(share, fading=.5) + age")]
    ['calendar', 'ties(share, fading=0.5)', 'age']
    """
    if not isinstance(formula, str) or not formula.strip():
        raise KoubeiError("formula", "not text", got=repr(formula),
                          fix="'calendar + crowd + ties(share)'")  # fmt: skip
    found: list[Term] = []
    for text in formula.split("+"):
        match = TERM.match(text)
        if match is None:
            raise KoubeiError("formula", "no term", got=repr(text.strip()),
                              allowed="terms with + between")  # fmt: skip
        found.append(_term(match[1], match[2]))
    written = [str(term) for term in found]
    for k, one in enumerate(written):
        if one in written[:k]:
            raise KoubeiError("formula", "a term twice", got=one)
    return found


def listed_words(where: str, given: Any) -> list[Any]:
    """Return one word, or a list of words, as a list."""
    if isinstance(given, str):
        return [given]
    if not isinstance(given, Iterable):
        raise KoubeiError(where, "not a list of words", got=repr(given))
    return list(given)


def _term(name: str, inside: str | None) -> Term:
    word, options = None, {}
    for part in (inside or "").split(","):
        text = part.strip()
        if not text:
            continue
        if "=" not in text:
            if word is not None:
                raise KoubeiError(f"formula.{name}", "two words", got=f"{word}, {text}")
            word = text
            continue
        key, value = (piece.strip() for piece in text.split("=", 1))
        checks.word(f"formula.{name}", key, OPTIONS.get(name, ()))
        options[key] = _option(name, key, value)
    return _checked(Term(name, word, options))


def _option(name: str, key: str, value: str) -> Any:
    if key in ("of", "layer"):
        return value
    if key == "side":
        return checks.word(f"formula.{name}.side", value, SIDES)
    if key == "weighted":
        return checks.word(f"formula.{name}.weighted", value, ("yes", "no"))
    if key == "fading" and value == "?":
        return value
    try:
        number = float(value)
    except ValueError:
        raise KoubeiError(f"formula.{name}.{key}", "not a number", got=value) from None
    if key in ("lag", "window", "width"):
        return checks.whole(f"formula.{name}.{key}", number, 1)
    return checks.number(f"formula.{name}.{key}", number, 0.0, 1.0)


def _checked(term: Term) -> Term:
    allowed = {"ties": MEASURES, "crowd": ("share", "count"), "wave": ("share", "count"),
               "groups": ("fixed", "random"), "degree": ("log", "count")}  # fmt: skip
    if term.word is not None:
        if term.name not in allowed:
            raise KoubeiError(f"formula.{term.name}", "takes no word", got=term.word,
                              allowed=f"one in {', '.join(allowed)}")  # fmt: skip
        checks.word(f"formula.{term.name}", term.word, allowed[term.name])
    if "window" in term.options and "fading" in term.options:
        raise KoubeiError(f"formula.{term.name}", "window and fading", allowed="one of them")
    return term


# Pushes that come from others -------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Push:
    """A linear operator on who has adopted: exposure of each person to others.

    Parameters
    ----------
    name : str
        As written in the formula.
    lag : int
        How many periods pass before an adoption is felt, at least 1.
    fading : float
        What is left of a push after a period more, 0 .. 1; 1: adopters push for ever.
    window : int, optional
        For how many periods an adoption is felt.
    apply : callable
        ``apply(period, felt)``: the exposure (n, R) of everybody to what is felt, (n, R).
    among : (n,) bool array, optional
        Whose adoptions count (who took a certain product); all unless given.
    """

    name: str
    lag: int
    fading: float
    window: int | None
    apply: Callable[[int, NDArray[Any]], NDArray[Any]]
    among: NDArray[np.bool_] | None = None
    memory: dict[str, Any] = field(default_factory=dict)

    def along(self, at: NDArray[np.int64], periods: int) -> NDArray[np.float64]:
        """Return the exposure of each person in each period of a record, (n, periods)."""
        out = np.empty((at.size, periods))
        felt = self.begin(at[:, None] == -1)
        for t in range(periods):
            out[:, t] = self.apply(t, felt.state)[:, 0]
            felt.add(at[:, None] == t)
        return out

    def begin(self, seeds: NDArray[np.bool_]) -> Felt:
        """Return what is felt in the first period: that of seeds."""
        felt = Felt(self, np.zeros(seeds.shape))
        felt.add(seeds)
        for _ in range(self.lag - 1):
            felt.add(np.zeros_like(seeds))
        return felt


class Felt:
    """What is felt of the adoptions so far, (n, R): moved on by a period with each `add`."""

    def __init__(self, push: Push, state: NDArray[np.float64]) -> None:
        self.push, self.state = push, state
        self.coming: list[Any] = []
        self.going: list[Any] = []

    def add(self, new: NDArray[np.bool_]) -> None:
        """Add those who adopted in the period that ends."""
        push = self.push
        if push.among is not None:
            new = new & push.among[:, None]
        self.coming.append(new)
        if push.fading != 1.0:
            self.state *= push.fading
        if len(self.coming) < push.lag:
            return
        arrives = self.coming.pop(0)
        self.state += arrives
        if push.window is not None:
            self.going.append(arrives)
            if len(self.going) > push.window:
                self.state -= self.going.pop(0)


def push_of(term: Term, d: Diffusion) -> Push:
    """Return a term of a formula as the operator that it means on a record."""
    options = term.options
    if options.get("fading") == "?":
        raise KoubeiError(f"formula.{term.name}.fading", "estimated by kb.hazard only", got="?")
    measure = term.word or "share"
    if term.name == "ties":
        apply = _ties(d, measure, options)
    else:
        apply = _crowd(d, measure)
    fading = options.get("fading", 0.5 if term.name == "wave" else 1.0)
    among = d.kind_of(options["of"]) if "of" in options else None
    lag = min(options.get("lag", 1), d.periods + 1)  # later than the record is never
    return Push(str(term), lag, fading, options.get("window"), apply, among)


def _crowd(d: Diffusion, measure: str) -> Callable[[int, NDArray[Any]], NDArray[Any]]:
    """Of one's group: the share (or number) of the others."""
    groups = len(d.groups)
    members = sparse.csr_array(
        (np.ones(d.n), (d.group, np.arange(d.n))), shape=(groups, d.n)
    )  # fmt: skip
    size = np.bincount(d.group, minlength=groups)
    over = np.maximum(size - 1, 1)[:, None] if measure == "share" else np.ones((groups, 1))

    def apply(period: int, felt: NDArray[Any]) -> NDArray[Any]:
        return np.asarray((members @ felt) / over)[d.group]

    return apply


def _ties(
    d: Diffusion, measure: str, options: dict[str, Any]
) -> Callable[[int, NDArray[Any]], NDArray[Any]]:
    side, weighted = options.get("side", "named"), options.get("weighted") == "yes"
    if isinstance(d.network, TemporalNetwork):
        if "layer" in options or weighted:
            raise KoubeiError("formula.ties", "contacts have neither layers nor weights here")
        return _meetings(d, measure, side)
    rows = _rows(d.network, options.get("layer"))
    matrix = arcs_into(rows, side, weighted)
    if measure == "share":
        total = np.asarray(matrix.sum(axis=1)).ravel()
        matrix = sparse.diags_array(1.0 / np.where(total > 0.0, total, 1.0)) @ matrix
    matrix = sparse.csr_array(matrix)

    def apply(period: int, felt: NDArray[Any]) -> NDArray[Any]:
        found = np.asarray(matrix @ felt)
        return (found > 0.0).astype(np.float64) if measure == "any" else found

    return apply


def _rows(network: Network, layer: str | None) -> Any:
    if layer is None:
        return union_rows(network)
    return network.layer(layer)


def arcs_into(rows: Any, side: str, weighted: bool = False) -> Any:
    """Return a sparse matrix whose row i holds those whom person i listens to, by `side`.

    *named*: the sources of the arcs into i (those whom i named); *naming*: those whom the word of
    i reaches; *both*: either, each once.
    """
    n = rows.indptr.size - 1
    weights = rows.weights if weighted and rows.weights is not None else None
    data = np.ones(rows.indices.size) if weights is None else weights.astype(np.float64)
    out = sparse.csr_array((data, rows.indices, rows.indptr), shape=(n, n))
    if side == "naming":
        return out
    if side == "named":
        return sparse.csr_array(out.T)
    both = out + out.T
    if weights is None:
        both = sparse.csr_array(both)
        both.data = np.minimum(both.data, 1.0)
    return both


def _meetings(d: Diffusion, measure: str, side: str) -> Callable[[int, NDArray[Any]], NDArray[Any]]:
    """Of the contacts in a period: with how many (what share) of those who had adopted before."""
    network = d.network
    if not network.directed:
        side = "named"  # both ways are listed already
    place = np.floor(network.time).astype(np.int64) - d.start
    kept: dict[int, Any] = {}

    def of_period(period: int) -> Any:
        if period not in kept:
            these = np.flatnonzero(place == period)
            source, target = network.source[these], network.target[these]
            pairs = {"named": (target, source), "naming": (source, target)}
            if side == "both":
                ends = (np.concatenate([source, target]), np.concatenate([target, source]))
            else:
                ends = pairs[side]
            matrix = sparse.csr_array((np.ones(ends[0].size), ends), shape=(d.n, d.n))
            if measure == "share":
                total = np.asarray(matrix.sum(axis=1)).ravel()
                matrix = sparse.diags_array(1.0 / np.where(total > 0.0, total, 1.0)) @ matrix
            kept[period] = sparse.csr_array(matrix)
        return kept[period]

    def apply(period: int, felt: NDArray[Any]) -> NDArray[Any]:
        found = np.asarray(of_period(period) @ felt)
        return (found > 0.0).astype(np.float64) if measure == "any" else found

    return apply


# Traits of people -------------------------------------------------------------------------------


def traits_of(
    terms: Sequence[Term], d: Diffusion, every: bool = False
) -> tuple[list[str], NDArray[np.float64]]:
    """Return the columns of all traits that the terms name, (n, J), and their names.

    With `every`, of words all levels have a column, the first one too, and what is the same for
    everybody is no fault: how a record is seen by a model that was made for another one.
    """
    names: list[str] = []
    columns: list[NDArray[Any]] = []
    for term in terms:
        for name, column in _trait(term, d, every):
            if name in names:
                raise KoubeiError("formula", "a trait twice", got=name)
            names.append(name)
            columns.append(column)
    return names, np.column_stack(columns) if columns else np.empty((d.n, 0))


def _trait(term: Term, d: Diffusion, every: bool) -> list[tuple[str, NDArray[Any]]]:
    if term.name == "degree":
        return [(str(term), _degree(term, d))]
    if term.name == "groups":
        if term.word == "random":
            return []
        return coded("groups", np.array([str(one) for one in d.groups])[d.group], every)
    if term.name in ("covariates", "treatments"):
        table = d.covariates if term.name == "covariates" else d.treatments
        if not table:
            raise KoubeiError("formula", f"the record has no {term.name}", got=term.name)
        return [pair for name, column in table.items() for pair in coded(name, column, every)]
    table = d.covariates | d.treatments
    if term.name not in table:
        known = [*PLAIN, *table]
        raise KoubeiError("formula", "unknown term", got=term.name, allowed=", ".join(known),
                          fix=nearest(term.name, known))  # fmt: skip
    return coded(term.name, table[term.name], every)


def coded(name: str, column: NDArray[Any], every: bool = False) -> list[tuple[str, NDArray[Any]]]:
    """Return a column as numbers; words as one column for each (but the first in order).

    Examples
    --------
    >>> [(name, x.tolist()) for name, x in coded("city", np.array(["b", "a", "c"]))]
    [('city[b]', [1.0, 0.0, 0.0]), ('city[c]', [0.0, 0.0, 1.0])]
    """
    levels = np.unique(column)
    if levels.size == 1 and not every:
        raise KoubeiError(f"formula.{name}", "the same for everybody", got=str(levels[0]))
    if column.dtype.kind == "f":
        return [(name, column)]
    chosen = levels if every else levels[1:]
    return [(f"{name}[{one}]", (column == one).astype(np.float64)) for one in chosen]


def _degree(term: Term, d: Diffusion) -> NDArray[np.float64]:
    side = term.options.get("side", "both")
    if isinstance(d.network, TemporalNetwork):
        named = np.bincount(d.network.target, minlength=d.n)
        naming = np.bincount(d.network.source, minlength=d.n)
        count = {"named": named, "naming": naming, "both": named + naming}[side]
    else:
        matrix = arcs_into(union_rows(d.network), side)
        count = np.asarray(matrix.sum(axis=1)).ravel()
    numbers = np.asarray(count, np.float64)
    return numbers if term.word == "count" else np.log1p(numbers)


__all__ = ["NEVER", "Felt", "Push", "Term", "arcs_into", "coded", "parsed", "push_of", "traits_of"]

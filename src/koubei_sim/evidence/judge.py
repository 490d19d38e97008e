"""`judge`: estimates on what they have not seen, beside the plainest rivals and under controls.

A coefficient that differs from zero is no evidence yet: degree, the calendar or the group may
say as much.  Here every formula, and any estimator of a user's own, is fitted without the held-out
groups (people, periods) and judged on them.  Called by people and by ``koubei judge``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import checks
from koubei_sim.core.codes import DRAW_FOLDS
from koubei_sim.core.draws import drawn as addressed
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence import scores
from koubei_sim.evidence.controls import CONTROLS, Controlled, controlled, drawn, without_ties
from koubei_sim.evidence.design import model_of
from koubei_sim.evidence.diffusion import Diffusion
from koubei_sim.evidence.folds import Fold, folds_of
from koubei_sim.evidence.hazard import hazard
from koubei_sim.evidence.likelihood import LINKS, Link, Priors
from koubei_sim.evidence.page import page_of_judgement
from koubei_sim.evidence.rivals import estimators
from koubei_sim.evidence.scores import Span
from koubei_sim.evidence.terms import listed_words, parsed
from koubei_sim.looks import Look, wrapped
from koubei_sim.reports.door import Reported

if TYPE_CHECKING:
    import pandas as pd

#: Worlds played for each held-out curve; its band holds 90 % of them.
WORLDS: Final = 200
BAND: Final = (0.05, 0.95)
#: Draws of a control whose held-out gain is looked at too.
FEW: Final = 10


class Seen(NamedTuple):
    """What one estimator said of the held-out rows, and of the held-out curves.

    Parameters
    ----------
    chance : (rows,) float64 array
    error, inside, periods : (curves,) float64 arrays
        Of each curve (a group in a fold): the sum over periods of the distance of the share adopted
        from the mean of the worlds, the number of periods inside the band, and of all.
    """

    chance: NDArray[np.float64]
    error: NDArray[np.float64]
    inside: NDArray[np.float64]
    periods: NDArray[np.float64]


def judge(
    d: Diffusion,
    formulas: Any = ("calendar + ties(share)", "calendar + crowd + degree + ties(share)"),
    folds: Any = "groups",
    *,
    controls: Any = (),
    draws: int = 200,
    rivals: Any = None,
    rng: Any = None,
    since: int | None = None,
    worlds: int = WORLDS,
    link: Link = "additive",
    priors: Priors | None = None,
) -> Judgement:
    """Judge formulas and estimators on held-out data, beside plain rivals and under controls.

    Parameters
    ----------
    d : Diffusion
    formulas : str, list, or mapping of name to formula
        Formulas of `hazard`, and estimators: functions ``fit(d)`` that return an object with
        ``predict(d)``, a chance for each row of ``d.risk()``, and perhaps
        ``simulate(d, worlds, rng, since=)``, the times in (worlds, n).
    folds : {"groups", "future"} or int
        *groups*: one group after the other is held out (in 50 parts where there are more).  A
        number: people, drawn at random, in so many parts.  *future*: the last periods.  What
        others did in earlier periods is seen, held out or not.
    controls : list of {"rewired", "times shuffled", "contacts"}
        See `Judgement.controls`; a p-value of the ties of each formula that has any.
    draws : int
        Draws of each control.
    rivals : list, optional
        Of calendar, Bass (``constant + crowd``), Hawkes (``constant + wave(fading=?)``), degree,
        popularity (by how many one is named) and persistence (the hazard of the last period in the
        group); all unless given.
    rng
        Source of the key.
    since : int, optional
        The first period held out, with ``folds="future"``; after two thirds of adoptions unless
        given.
    worlds : int
        Worlds played for each held-out curve.
    link, priors
        As for `hazard`.

    Returns
    -------
    Judgement

    Raises
    ------
    KoubeiError
        In one line: one group only, nobody at risk or nobody adopts, an estimator that returns no
        chances.

    Notes
    -----
    With ``folds="groups"`` a calendar fitted to other groups is laid on the same periods.  Of the
    future a calendar says nothing: ``constant`` stands in its place there, and is what gains are
    measured against.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> ring = kb.Network.from_edges(range(40), [*range(1, 40), 0])
    >>> d = kb.Diffusion(ring, [0 if i % 10 == 0 else i % 10 for i in range(40)], until=9,
    ...                  groups=[i // 10 for i in range(40)])
    >>> found = kb.judge(d, "calendar + ties(share)", rng=7)
    >>> found.table().loc["calendar", "gain"]
    np.float64(0.0)
    """  # fmt: skip
    if not isinstance(d, Diffusion):
        raise KoubeiError("record", "not a Diffusion", got=type(d).__name__,
                          fix="kb.Diffusion(network, times)")  # fmt: skip
    checks.word("link", link, LINKS)
    key = checks.key(rng)
    asked = listed_words("controls", controls)
    asked = [checks.word("controls", one, CONTROLS) for one in asked]
    many, worlds = checks.whole("draws", draws, 1), checks.whole("worlds", worlds, 20)
    if not d.risk().adopted.any():
        raise KoubeiError("record", "nobody adopts while watched", got="0 adoptions")
    parts = folds_of(d, folds, since, key)
    ahead = parts[0].since is not None
    given = estimators(formulas, rivals)
    base = "constant" if ahead else "calendar"
    named: dict[str, Any] = {base: base} | given
    if ahead and named.get("calendar") == "calendar":
        del named["calendar"]

    def fit_of(formula: Any) -> Callable[[Diffusion], Any]:
        if not isinstance(formula, str):
            return formula  # type: ignore[no-any-return]
        text = future_of(formula) if ahead else formula
        return lambda record: hazard(record, text, link=link, priors=priors)

    for formula in given.values():
        if isinstance(formula, str):
            model_of(d, future_of(formula) if ahead else formula)
    plain = {name: _beside(d, formula) for name, formula in named.items()}
    ran = _Held(d, parts, key, worlds)
    seen, bare = {}, {}
    for name, formula in named.items():
        seen[name] = ran.judged(name, fit_of(formula))
    for text in dict.fromkeys(one for one in plain.values() if one is not None):
        same = next((name for name, formula in named.items() if formula == text), None)
        bare[text] = (seen[same] if same is not None
                      else ran.judged(text, fit_of(text), curves=False)).chance  # fmt: skip
    tested = {}
    for name, formula in named.items():
        if plain[name] is None or not asked:
            continue
        fit = hazard(d, formula, link=link, priors=priors)
        for control in asked:
            found = controlled(fit, control, key, many)
            degrees = any(one.name == "degree" for one in fit.model.terms)
            if control == "contacts" and degrees:  # these would be drawn anew too
                tested[name, control] = (found, np.nan)
                continue
            few = [
                _Held(other, folds_of(other, folds, since, key), key, worlds)
                for other in (drawn(d, control, key, m) for m in range(min(FEW, many)))
            ]
            known = None if control == "times shuffled" else seen[base].chance
            gains = [one.gain(fit_of(formula), fit_of(base), known) for one in few]
            tested[name, control] = (found, float(np.mean(gains)))
    beside = {name: bare[text] for name, text in plain.items() if text is not None}
    return Judgement(d, str(folds), base, key, ran, seen, beside, tested)


def future_of(formula: str) -> str:
    """Return a formula that can speak of the future: ``constant`` in place of the calendar.

    Examples
    --------
    >>> future_of("calendar + ties(share)")
    'constant + ties(share)'
    """
    terms = parsed(formula)
    return " + ".join("constant" if term.name == "calendar" else str(term) for term in terms)


def _beside(d: Diffusion, formula: Any) -> str | None:
    """Return the formula without its ties, where it has some and something else."""
    if not isinstance(formula, str) or "ties" not in formula:
        return None
    model = model_of(d, formula)
    return without_ties(model) if any(one.name == "ties" for one in model.terms) else None


class _Held:
    """Held-out rows of all folds in one order, and what is said of them."""

    def __init__(self, d: Diffusion, parts: list[Fold], key: int, worlds: int) -> None:
        self.d, self.parts, self.key, self.worlds = d, parts, key, worlds
        risks = [part.test.risk() for part in parts]
        self.sizes = [risk.person.size for risk in risks]
        self.person = np.concatenate([risk.person for risk in risks])
        self.period = np.concatenate([risk.period for risk in risks])
        self.adopted = np.concatenate([risk.adopted for risk in risks])
        self.judged_people = np.unique(self.person).size
        by_group = len(d.groups) > 1
        self.cluster = d.group[self.person] if by_group else self.person
        self.clusters = len(d.groups) if by_group else d.n
        # Chances of two folds are of two fits: who held out more adopters says less of the rest.
        fold = np.repeat(np.arange(len(parts)), self.sizes)
        self.stratum = (fold * len(d.groups) + d.group[self.person]) * d.periods + self.period
        people = np.unique(self.person)
        of = d.group[people] if by_group else people
        self.people_in = np.bincount(of, minlength=self.clusters).astype(np.float64)

    def judged(self, name: str, fit: Callable[[Diffusion], Any], curves: bool = True) -> Seen:
        """Fit without each part and say what it says of that."""
        chances, error, inside, periods = [], [], [], []
        for number, part in enumerate(self.parts):
            try:
                found = fit(part.train)
                chances.append(_chances(name, found, part.test, self.sizes[number]))
                if curves:
                    for one in self._curves(found, part, number):
                        error.append(one[0])
                        inside.append(one[1])
                        periods.append(one[2])
            except KoubeiError as refused:
                raise refused.within(f"{name}, held out {part.name}: ") from None
        return Seen(np.concatenate(chances), np.array(error), np.array(inside), np.array(periods))

    def gain(
        self, fit: Callable[[Diffusion], Any], base: Callable[[Diffusion], Any],
        same: NDArray[np.float64] | None,
    ) -> float:  # fmt: skip
        """Return the held-out gain in log score a person (`same`: what the base says, if known)."""
        chance = self.judged("control", fit, curves=False).chance
        against = self.judged("control", base, curves=False).chance if same is None else same
        one = scores.log_scores(self.adopted, chance)
        return float((one - scores.log_scores(self.adopted, against)).sum()) / self.judged_people

    def _curves(self, found: Any, part: Fold, number: int) -> list[tuple[float, float, float]]:
        """Play held-out groups from their start, or all from the last period seen."""
        d, first = self.d, part.since or 0
        whole = [(d.group[part.people] == g).sum() == (d.group == g).sum()
                 for g in np.unique(d.group[part.people])]  # fmt: skip
        if not hasattr(found, "simulate") or not all(whole):
            return []
        record = d if part.since is not None else d.people(part.people)
        luck = int(addressed(number + 1, self.key, DRAW_FOLDS, tick=1)[number])
        since = None if part.since is None else part.since + d.start
        played = np.asarray(found.simulate(record, self.worlds, luck, since=since))
        out = []
        for g in np.unique(record.group):
            these = record.group == g
            seen = scores.curve_of(record.times[None, these], record.start, record.periods, first)
            told = scores.curve_of(played[:, these], record.start, record.periods, first)
            low, high = np.quantile(told, BAND, axis=0)
            away = np.abs(seen[0] - told.mean(axis=0))
            fits = (seen[0] >= low - 1e-12) & (seen[0] <= high + 1e-12)
            out.append((float(away.sum()), float(fits.sum()), float(fits.size)))
        return out


def _chances(name: str, found: Any, test: Diffusion, size: int) -> NDArray[np.float64]:
    if not hasattr(found, "predict"):
        raise KoubeiError(name, "returned what has no predict", got=type(found).__name__)
    try:
        chance = np.asarray(found.predict(test), np.float64)
    except (TypeError, ValueError) as error:
        if isinstance(error, KoubeiError):
            raise
        raise KoubeiError(name, f"predict failed ({error})") from None
    if chance.shape != (size,):
        raise KoubeiError(name, "not a chance for each row at risk", got=f"shape {chance.shape}",
                          allowed=f"({size},)")  # fmt: skip
    if not ((chance >= 0.0) & (chance <= 1.0)).all():
        wrong = chance[~((chance >= 0.0) & (chance <= 1.0))][0]
        raise KoubeiError(name, "no chance", got=float(wrong), allowed="0..1")
    return chance


@dataclass(frozen=True, eq=False, repr=False)
class Judgement(Look, Reported):
    """Who won on what was held out.

    Parameters
    ----------
    record : Diffusion
    folds : str
    base : str
        What gains are measured against: the calendar, or a constant for the future.
    key : int
    held
        The held-out rows: ``person``, ``period``, ``adopted``.
    seen : mapping of name to Seen
        What each said of them.
    bare : mapping of name to (rows,) float64 arrays
        What formulas with ties say without them.
    tested : mapping of (name, control) to (Controlled, float)
        Ties under controls, and the mean held-out gain there.
    """

    record: Diffusion
    folds: str
    base: str
    key: int
    held: Any
    seen: dict[str, Seen]
    bare: dict[str, NDArray[np.float64]]
    tested: dict[tuple[str, str], tuple[Controlled, float]]

    _page = page_of_judgement

    def gain(self, name: str, over: str | None = None) -> Span:
        """Return the gain in log score over the base (or another one), nats a person.

        Sums over all held-out people; the interval is that of a ratio of sums over groups (over
        people where there is one group).
        """
        checks.word("name", name, tuple(self.seen))
        against = self.seen[checks.word("over", over or self.base, tuple(self.seen))].chance
        return self._gain(self.seen[name].chance, against)

    def ties_add(self, name: str) -> Span:
        """Return what the ties of a formula add to the formula without them, nats a person."""
        checks.word("name", name, tuple(self.bare))
        return self._gain(self.seen[name].chance, self.bare[name])

    def _gain(self, chance: NDArray[np.float64], against: NDArray[np.float64]) -> Span:
        held = self.held
        more = scores.log_scores(held.adopted, chance) - scores.log_scores(held.adopted, against)
        return scores.ratio(np.bincount(held.cluster, more, held.clusters), held.people_in)

    def auc(self, name: str) -> Span:
        """Return who is next: the share of pairs put in the right order.

        A pair is one who adopted and one who did not, of one group and one period.
        """
        checks.word("name", name, tuple(self.seen))
        held, d = self.held, self.record
        right, pairs = scores.concordance(self.seen[name].chance, held.adopted, held.stratum)
        place = np.arange(right.size)
        of = place // d.periods % len(d.groups)
        if len(d.groups) < 2:  # no groups: the periods are the clusters
            of = place % d.periods
        return scores.ratio(np.bincount(of, right), np.bincount(of, pairs))

    def brier(self, name: str) -> float:
        """Return the mean squared distance of chances from what happened, over rows."""
        checks.word("name", name, tuple(self.seen))
        away = self.seen[name].chance - self.held.adopted
        return float((away * away).mean())

    def calibration(self, name: str, bins: int = 10) -> pd.DataFrame:
        """Return predicted and observed shares of held-out rows, in bins of equal size.

        Returns
        -------
        DataFrame
            ``predicted``, ``observed`` with its Wilson interval ``low`` and ``high``, ``rows``.
        """
        checks.word("name", name, tuple(self.seen))
        return scores.calibrated(self.seen[name].chance, self.held.adopted,
                                 checks.whole("bins", bins, 1))  # fmt: skip

    def table(self) -> pd.DataFrame:
        """Return all that was judged, one row each.

        Returns
        -------
        DataFrame
            ``gain``, ``low``, ``high``: log score over the base, nats a person, with its 95 %
            interval; ``ties_add``, ``ties_low``, ``ties_high``: over the same formula without its
            ties; ``auc`` with ``auc_low``, ``auc_high``: who is next within group and period;
            ``brier``; ``slope`` of calibration (1 is right); ``curve_error``: mean distance of the
            share adopted from that of the worlds; ``coverage``: share of periods in which it lies
            in the band of 90 % of worlds; ``p (CONTROL)`` for each control.
        """
        from koubei_sim.looks.frames import Table

        rows = []
        for name, one in self.seen.items():
            gain, auc = self.gain(name), self.auc(name)
            add = self.ties_add(name) if name in self.bare else Span(*[np.nan] * 3)
            periods = float(one.periods.sum())
            row = {
                "name": name, "gain": gain.value, "low": gain.low, "high": gain.high,
                "ties_add": add.value, "ties_low": add.low, "ties_high": add.high,
                "auc": auc.value, "auc_low": auc.low, "auc_high": auc.high,
                "brier": self.brier(name), "slope": scores.slope(one.chance, self.held.adopted),
                "curve_error": one.error.sum() / periods if periods else np.nan,
                "coverage": one.inside.sum() / periods if periods else np.nan,
            }  # fmt: skip
            for control in dict.fromkeys(control for _, control in self.tested):
                found = self.tested.get((name, control))
                row[f"p ({control})"] = np.nan if found is None else found[0].p
            rows.append(row)
        return Table(rows).set_index("name")

    def controls(self) -> pd.DataFrame:
        """Return ties under controls: one row a formula and control.

        Returns
        -------
        DataFrame
            ``ties``: the coefficient; ``control`` its mean in the draws; ``left`` the one over the
            other; ``p``: the share of draws (the record among them) in which it is as large;
            ``loglik``, ``loglik_control``: what ties add to the log-likelihood; ``gain_control``:
            the mean held-out gain of the formula over the base in the draws (the first ten; NaN
            where a control would draw the degrees of the formula anew).
        """
        from koubei_sim.looks.frames import Table

        columns = ["formula", "control", "ties", "ties_control", "left", "p", "loglik",
                   "loglik_control", "gain_control", "draws"]  # fmt: skip
        rows = [
            (name, control, one.value, one.values.mean(), one.left, one.p, one.gain,
             one.gains.mean(), gain, one.values.size)
            for (name, control), (one, gain) in self.tested.items()
        ]  # fmt: skip
        return Table(rows, columns=columns).set_index(["formula", "control"])

    def __repr__(self) -> str:
        """Say what was held out and who gained most."""
        best = max(self.seen, key=lambda name: self.gain(name).value)
        gain = self.gain(best)
        return wrapped(
            f"Judgement({len(self.held.parts)} folds of {self.folds}, "
            f"{self.held.judged_people} people, {self.held.adopted.size} rows, "
            f"{int(self.held.adopted.sum())} adoptions; most: {best}, "
            f"{gain.value:+.3f} ({gain.low:+.3f} .. {gain.high:+.3f}) nats a person over "
            f"{self.base})"
        )

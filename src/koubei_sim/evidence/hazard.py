"""`hazard`: what moved adoption, estimated from a record; `Hazard`: the estimate.

Discrete-time hazards by maximum likelihood with priors.  Called by people, `judge` and `bench`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from koubei_sim.cascades import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.evidence.design import Model, model_of, rows_of
from koubei_sim.evidence.diffusion import NEVER, Diffusion, Risk
from koubei_sim.evidence.fading import sought, with_fading
from koubei_sim.evidence.likelihood import (
    LINKS,
    Link,
    Priors,
    Pulls,
    Rows,
    Top,
    additive,
    chances,
    climb,
    with_priors,
)
from koubei_sim.evidence.mixed import Effects, Marginal, averaged, effects_drawn
from koubei_sim.evidence.page import page_of_hazard
from koubei_sim.evidence.playing_on import changed, foretold, worlds_of
from koubei_sim.evidence.profiles import HALF, NORMAL, crossing
from koubei_sim.evidence.resampling import (
    Bootstrap,
    resampled,
    robust_table,
    sandwich,
    units_of,
)
from koubei_sim.evidence.rules import rule_of
from koubei_sim.evidence.starts import begin, determined, lifted, pulls_of
from koubei_sim.evidence.worlds import simulate
from koubei_sim.looks import Look, wrapped
from koubei_sim.reports.door import Reported

if TYPE_CHECKING:
    import pandas as pd

    from koubei_sim.cascades import Bass

SPREAD: Final = "groups(random)"
#: Adoptions a base hazard below which many rest at 0, and pushes come out too small.
THIN: Final = 8


def hazard(
    d: Diffusion,
    formula: str,
    *,
    link: Link = "additive",
    priors: Priors | None = None,
    kind: Any = None,
) -> Hazard:
    """Estimate a discrete-time hazard of adoption.

    Parameters
    ----------
    d : Diffusion
    formula : str
        Terms with ``+`` between.  What pushes: ``calendar`` (a base hazard for each period) or
        ``constant``; ``crowd`` (share of one's group that had adopted); ``ties(share)`` (share of
        those one listens to; also ``count`` and ``any``, with ``lag=``, ``fading=``, ``window=``,
        ``side=naming`` or ``both``, ``of=`` a product, ``weighted=yes``, ``layer=``); ``wave``
        (recent adoptions in the group, a Hawkes process by periods, ``fading=``).  What
        multiplies: ``degree``, names of covariates or treatments, ``covariates`` (all of them),
        ``groups`` (each its own factor), ``groups(random)`` (factors exp(u) with u normal, whose
        standard deviation is estimated).  ``fading=?`` is estimated;
        that push then has no p-value, and errors and intervals take the fading as known.
    link : {"additive", "cloglog", "logit", "probit"}
        *additive*: ``h = 1 - exp(-exp(x'c) (a(t) + sum b z))`` with a and b at least 0: pushes
        add up, as risks from several sources do.  The others are generalised linear models in
        which all terms stand in one sum.
    priors : Priors, optional
        ``Priors(calendar=.1, traits=3.)`` unless given; ``Priors(0, float("inf"))`` for none.
    kind : optional
        The product whose adoption is looked at, where the record has several.

    Returns
    -------
    Hazard

    Raises
    ------
    KoubeiError
        In one line: a formula, a term or a link that is none; nobody at risk; nobody adopts.

    Examples
    --------
    >>> import koubei_sim as kb
    >>> ring = kb.Network.from_edges(range(40), [*range(1, 40), 0])
    >>> d = kb.Diffusion(ring, [0 if i < 4 else i // 4 for i in range(40)], until=9)
    >>> fit = kb.hazard(d, "constant + ties(share)")
    >>> fit.names
    ('constant', 'ties(share)')
    """
    if not isinstance(d, Diffusion):
        got, fix = type(d).__name__, "kb.Diffusion(network, times)"
        raise KoubeiError("record", "not a Diffusion", got=got, fix=fix)
    checks.word("link", link, LINKS)
    believed = Priors() if priors is None else priors
    if not isinstance(believed, Priors):
        raise KoubeiError("priors", "not priors", got=repr(priors), fix="kb.evidence.Priors(0.1)")
    model = model_of(d, formula, kind)
    asked = [k for k, term in enumerate(model.terms) if term.options.get("fading") == "?"]
    if asked:
        return _faded(d, model, asked, link, believed, kind)
    rows, risk = rows_of(model, d)
    return fitted(model, rows, risk, link, believed, d)


def fitted(
    model: Model,
    rows: Rows,
    risk: Risk,
    link: Link,
    priors: Priors,
    d: Diffusion | None = None,
    start: NDArray[np.float64] | None = None,
) -> Hazard:
    """Return a fit to rows that are laid out already (`start`: the values of a fit near by)."""
    if not risk.person.size:
        raise KoubeiError("record", "nobody is at risk", got="0 rows", fix="a later until=")
    if not rows.adopted.any():
        raise KoubeiError("record", "nobody adopts while watched", got="0 adoptions")
    pulls = pulls_of(model, rows, link, priors)
    determined(model, rows, link, priors)
    first = begin(model, rows, link) if start is None else lifted(start, model, rows, link)
    top = climb(first, rows, link, pulls)
    if not model.random:
        return Hazard(model, link, priors, top, rows, pulls, risk, d)
    if d is None or len(d.groups) < 2:
        raise KoubeiError("formula", "one group only", got="groups(random)",
                          allowed="two groups or more")  # fmt: skip
    codes, group = np.unique(d.group[risk.person], return_inverse=True)
    effects = Effects(Marginal(rows, group, codes.size, link), pulls, codes)
    top = effects.climb(np.append(top.theta, 0.3), curved=True)
    return Hazard(model, link, priors, top, rows, pulls, risk, d, 0, effects)


def _faded(
    d: Diffusion, model: Model, asked: list[int], link: Link, priors: Priors, kind: Any
) -> Hazard:
    if len(asked) > 1:
        raise KoubeiError("formula", "several fadings to be estimated", allowed="one ?")

    def of(fading: float) -> Hazard:
        text = with_fading(model, asked[0], fading)
        return hazard(d, text, link=link, priors=priors, kind=kind)

    return replace(sought(of), profiled=1, faded=asked[0])


@dataclass(frozen=True, eq=False, repr=False)
class Hazard(Look, Reported):
    """A fitted hazard.

    Parameters
    ----------
    model : Model
    link, priors
    top : Top
        Where the likelihood is highest.
    rows, risk
        What it was fitted to.
    pulls, record
    profiled : int
        Parameters estimated outside (a fading), counted in `aic`.
    effects : Effects or None
        Of groups, where the formula has ``groups(random)``: their standard deviation is the last
        parameter.
    faded : int or None
        Place in ``model.terms`` of the push whose fading was estimated.
    """

    model: Model
    link: Link
    priors: Priors
    top: Top
    rows: Rows
    pulls: Pulls
    risk: Risk
    record: Diffusion | None = None
    profiled: int = 0
    effects: Effects | None = None
    faded: int | None = None

    _page = page_of_hazard

    @property
    def formula(self) -> str:
        """The formula as read."""
        return self.model.formula

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return self.model.names if self.effects is None else (*self.model.names, SPREAD)

    @property
    def values(self) -> NDArray[np.float64]:
        """Estimates, in the order of `names`."""
        return self.top.theta

    def value(self, name: str) -> float:
        """Return an estimate by its name."""
        return float(self.top.theta[self.names.index(checks.word("name", name, self.names))])

    @property
    def loglik(self) -> float:
        """Log-likelihood at the estimate, without priors."""
        return self.top.loglik

    @property
    def posterior(self) -> float:
        """Log-likelihood with what the priors add: what was made as high as possible."""
        return self.top.posterior

    @property
    def aic(self) -> float:
        """Akaike's criterion: ``2 k - 2 loglik``."""
        return 2.0 * (len(self.names) + self.profiled) - 2.0 * self.loglik

    @cached_property
    def covariance(self) -> NDArray[np.float64]:
        """Inverse of the observed information; NaN for weights that rest at 0."""
        out = np.full((self.values.size,) * 2, np.nan)
        free = np.ix_(self.top.free, self.top.free)
        with suppress(linalg.LinAlgError):
            out[free] = linalg.inv(-self.top.curvature[free])
        return out

    @property
    def errors(self) -> NDArray[np.float64]:
        """Standard errors; NaN for weights that rest at 0."""
        variance = np.diag(self.covariance)
        return np.sqrt(np.where(variance > 0.0, variance, np.nan))

    def without(self, name: str, value: float = 0.0) -> Top:
        """Return the climb with one parameter held."""
        place = self.names.index(checks.word("name", name, self.names))
        start = self.values.copy()
        start[place] = value
        if self.effects is not None:
            return self.effects.climb(start, {place: value})
        start = lifted(start, self.model, self.rows, self.link)
        start[place] = value
        return climb(start, self.rows, self.link, self.pulls, np.arange(start.size) == place)

    def p_value(self, name: str) -> float:
        """Return the p-value of a parameter being 0, by the ratio of likelihoods.

        A push of an additive hazard cannot be below 0, so half of the mass lies at 0 (Self and
        Liang 1987).  NaN for a push whose fading was estimated: at 0 no fading is better than
        another, so that no law of the ratio is known; ask `judge` for its controls.
        """
        if self.faded is not None and name == str(self.model.terms[self.faded]):
            return np.nan
        ratio = max(2.0 * (self.posterior - self.without(name).posterior), 0.0)
        tail = float(special.chdtrc(1.0, ratio))
        pushes = self.names[self.model.bins : self.model.bins + self.rows.pushes.shape[1]]
        if name != SPREAD and (self.link != "additive" or name not in pushes):
            return tail
        return 0.5 * tail if ratio > 1e-9 else 1.0

    def interval(self, name: str) -> tuple[float, float]:
        """Return the 95 % interval of a parameter by the profile of the likelihood."""
        place = self.names.index(checks.word("name", name, self.names))
        best = float(self.values[place])
        error = float(self.errors[place])

        def short(value: float) -> float:
            return self.posterior - self.without(name, value).posterior - HALF

        pushes = self.model.bins + self.rows.pushes.shape[1]
        push = name == SPREAD or (self.link == "additive" and place < pushes)
        step = error if np.isfinite(error) and error > 0.0 else max(abs(best), 0.01)
        if push and not np.isfinite(error):
            # A weight at 0: the slope there says how fast the likelihood falls.
            slope = -self._slope(place)
            step = min(HALF / slope, 1e3) if slope > 0.0 else 0.01
        return (
            0.0 if push and (best <= 0.0 or short(0.0) <= 0.0) else crossing(
                short, best, -step, 0.0 if push else -math.inf),
            crossing(short, best, step, math.inf),
        )  # fmt: skip

    def _slope(self, place: int) -> float:
        if self.effects is not None:
            return float(self.effects.height(self.values)[2][place])
        height = with_priors(additive(self.values, self.rows), self.values, self.link, self.pulls)
        return float(height.gradient[place])

    def table(self, *, calendar: bool = False) -> pd.DataFrame:
        """Return estimates with standard errors, intervals and p-values.

        Parameters
        ----------
        calendar : bool
            Also the base hazards of periods (their intervals by standard errors).

        Returns
        -------
        DataFrame
            Columns ``estimate``, ``error``, ``low``, ``high`` (95 %, profile of the likelihood),
            ``p``; for what multiplies, ``ratio`` is ``exp(estimate)``, the factor of the hazard for
            one unit more.
        """
        from koubei_sim.looks.frames import Table

        first = 0 if self.model.bins <= 1 else self.model.bins
        found = []
        if calendar and first:
            for k in range(first):
                value, error = self.values[k], self.errors[k]
                span = (value - NORMAL * error, value + NORMAL * error)
                low = max(span[0], 0.0) if self.link == "additive" else span[0]
                found.append((self.names[k], value, error, low, span[1], np.nan, np.nan))
        traits = self.model.bins + self.rows.pushes.shape[1]
        for k in range(first, len(self.names)):
            name = self.names[k]
            low, high = self.interval(name)
            many = k >= traits and self.link != "probit" and name != SPREAD
            ratio = math.exp(self.values[k]) if many else np.nan
            p = np.nan if name == "constant" and self.link == "additive" else self.p_value(name)
            found.append((name, self.values[k], self.errors[k], low, high, p, ratio))
        columns = ["term", "estimate", "error", "low", "high", "p", "ratio"]
        return Table(found, columns=columns).set_index("term")

    def bootstrap(
        self, resamples: int = 200, by: Literal["groups", "people"] = "groups", rng: Any = None
    ) -> Bootstrap:
        """Refit on groups or people drawn with replacement; exposures stay as they were.

        Parameters
        ----------
        resamples : int
        by : {"groups", "people"}
            What is drawn: people of a group may be alike in ways that no term knows.
        rng
            Source of the key; the same key draws the same.

        Returns
        -------
        Bootstrap
            With `table`, `interval`, `errors` and `values`.

        Examples
        --------
        >>> import koubei_sim as kb
        >>> ring = kb.Network.from_edges(range(40), [*range(1, 40), 0])
        >>> times = [0 if i < 4 else i // 4 for i in range(40)]
        >>> d = kb.Diffusion(ring, times, until=9, groups=[i // 5 for i in range(40)])
        >>> kb.hazard(d, "constant + ties(share)").bootstrap(50, rng=1)
        Bootstrap(50 resamples of 8 groups)
        """
        count = checks.whole("resamples", resamples, 2)
        self._plain()
        unit, units = units_of(by, self.record, self.risk)

        def refit(rows: Rows) -> Top:
            start = lifted(self.values, self.model, rows, self.link)
            return climb(start, rows, self.link, self.pulls)

        values = resampled(self.rows, unit, units, refit, count, checks.key(rng))
        first = self.model.bins if self.model.bins > 1 else 0
        return Bootstrap(self.names, self.values, values, by, units, first)

    def robust(self, by: Literal["groups", "people"] = "groups") -> pd.DataFrame:
        """Return estimates with standard errors that allow people of a group to go together.

        Parameters
        ----------
        by : {"groups", "people"}

        Returns
        -------
        DataFrame
            Columns ``estimate``, ``error`` (sandwich; Liang and Zeger 1986), ``low``, ``high``,
            ``p`` (two-sided, by the normal law; NaN as in `p_value`); few groups make errors too
            small.
        """
        self._plain()
        unit, units = units_of(by, self.record, self.risk)
        found = sandwich(self.values, self.rows, self.link, self.top, unit, units)
        floor = np.full(self.values.size, -np.inf)
        if self.link == "additive":
            floor[: self.model.bins + self.rows.pushes.shape[1]] = 0.0
        first = self.model.bins if self.model.bins > 1 else 0
        table = robust_table(self.names, self.values, found, first, floor)
        if self.faded is not None:
            table.loc[str(self.model.terms[self.faded]), "p"] = np.nan
        return table

    def predict(self, d: Diffusion | None = None) -> NDArray[np.float64]:
        """Return the chance to adopt of each row at risk (of the record of the fit by default).

        With effects of groups: given what each group of the fit did; averaged over all effects for
        another record.
        """
        rows = self.rows if d is None else rows_of(self.model, d)[0]
        return self._chances(rows)

    def _chances(self, rows: Rows) -> NDArray[np.float64]:
        """Of rows; averaged over effects: those likely for groups of the fit, all for others."""
        if self.effects is None:
            return chances(self.values, rows, self.link)
        if rows is self.rows:
            return self.effects.chances(self.values)
        theta = self.values[:-1]
        return averaged(lambda u: chances(theta, rows, self.link, u), float(self.values[-1]))

    def score(self, d: Diffusion | None = None) -> NDArray[np.float64]:
        """Return the log score of each row at risk: ``log h`` where it adopted, ``log(1 - h)``."""
        rows = self.rows if d is None else rows_of(self.model, d)[0]
        chance = np.clip(self._chances(rows), 1e-12, 1.0 - 1e-12)
        return np.where(rows.adopted, np.log(chance), np.log1p(-chance))

    def residuals(self, kind: Literal["martingale", "deviance"] = "martingale") -> NDArray[Any]:
        """Return a residual of each person of the record, (n,); NaN for who was never at risk.

        Parameters
        ----------
        kind : {"martingale", "deviance"}
            *martingale*: adoptions seen less those expected, the sum of chances met; mean near 0.
            *deviance*: with the sign of that, the root of twice the log score lost.
        """
        checks.word("kind", kind, ("martingale", "deviance"))
        n = self._of(None).n
        person = self.risk.person
        left = np.bincount(person, self.rows.adopted - self.predict(), n)
        if kind == "deviance":
            left = np.sign(left) * np.sqrt(-2.0 * np.bincount(person, self.score(), n))
        return np.where(np.bincount(person, minlength=n) > 0, left, np.nan)

    def simulate(
        self, d: Diffusion | None = None, worlds: int = 100, rng: Any = None, *,
        since: int | None = None, change: Mapping[str, float] | None = None,
    ) -> NDArray[np.float64]:  # fmt: skip
        """Play the fit on the people and ties of a record, as if it were true.

        Parameters
        ----------
        d : Diffusion, optional
            That of the fit unless given; its seeds start, its adoptions are not looked at.
        worlds : int
        rng
            Source of the key; the same key gives the same worlds.
        since : int, optional
            The first period to be played; what the record says of earlier ones is kept.
        change : mapping of name to value, optional
            Parameters with another value.  With the same `rng`, each world is the same world but
            for that.

        Returns
        -------
        (worlds, n) float64 array
            The period in which each person adopts, NaN for never.

        Examples
        --------
        >>> import koubei_sim as kb
        >>> ring = kb.Network.from_edges(range(40), [*range(1, 40), 0])
        >>> d = kb.Diffusion(ring, [0 if i < 4 else i // 4 for i in range(40)], until=9)
        >>> fit = kb.hazard(d, "constant + ties(share)")
        >>> told = fit.simulate(worlds=50, rng=7)
        >>> silent = fit.simulate(worlds=50, rng=7, change={"ties(share)": 0.0})
        >>> bool((np.isfinite(told) | ~np.isfinite(silent)).all())  # nobody is lost to talk
        True
        """
        record = self._of(d)
        place = None
        if since is not None:
            last = record.start + record.periods - 1
            place = checks.whole("since", since, record.start, last) - record.start
        key = checks.key(rng)
        count, scale, values = worlds_of(worlds, record.n), None, changed(self, change)
        if self.effects is not None:
            if self.link not in ("additive", "cloglog"):
                raise KoubeiError("link", "effects of groups are not played", got=self.link,
                                  allowed="additive, cloglog")  # fmt: skip
            drawn = effects_drawn(float(values[-1]), len(record.groups), count, key)
            values = values[:-1]
            scale = np.exp(drawn)[:, record.group]
        at = simulate(self.model, values, record, key, count, link=self.link, since=place,
                      scale=scale)  # fmt: skip
        return np.where(at == NEVER, np.nan, at + record.start)

    def forecast(self, periods: Any, worlds: int = 100, rng: Any = None) -> pd.DataFrame:
        """Say how many will have adopted by the end of later periods, played on from the record.

        Whoever was seen to adopt has done so; everybody else is played on from the end of their
        own watch.  Each world has luck of its own and parameters drawn from what the data leave
        open: a normal law around the estimates, cut at 0 where nothing can be below (a fading that
        was estimated is taken as known).  Effects of groups are drawn from what is known of each.

        Parameters
        ----------
        periods : int, or a list of them
            Periods after the last one of the record.
        worlds : int, 20 or more
        rng
            Source of the key; the same key gives the same numbers.

        Returns
        -------
        DataFrame
            Index ``when``; people who have adopted by the end of that period, seeds among them:
            ``median`` and the ends ``low, high`` of 90 % of the worlds.

        Raises
        ------
        KoubeiError
            A period of the record; a calendar; contacts that end before; a weight that ran away.

        Examples
        --------
        >>> import koubei_sim as kb
        >>> ring = kb.Network.from_edges(range(40), [*range(1, 40), 0])
        >>> d = kb.Diffusion(ring, [0 if i < 4 else i // 4 for i in range(40)], until=6)
        >>> fit = kb.hazard(d, "constant + ties(share)")
        >>> found = fit.forecast([7, 12], rng=7)
        >>> found.index.tolist(), bool((found["median"] > d.adopted.sum()).all())
        ([7, 12], True)
        """
        return foretold(self, self._of(None), periods, worlds, rng)

    def to_rule(self, d: Diffusion | None = None) -> Bass:
        """Return the fit as a rule of cascades, so that it can be run, seeded and compared.

        Parameters
        ----------
        d : Diffusion, optional
            Whose people, with their traits; that of the fit unless given.

        Returns
        -------
        Bass
            By ticks: tick 1 is the first period of the record.  ``kb.cascade(d.network, rule,
            seeds, horizon=d.periods)`` plays what `simulate` plays.

        Raises
        ------
        KoubeiError
            In one line: what Bass cannot express (crowds, waves, lags and fadings, links).

        Examples
        --------
        >>> import koubei_sim as kb
        >>> ring = kb.Network.from_edges(range(40), [*range(1, 40), 0])
        >>> d = kb.Diffusion(ring, [0 if i < 4 else i // 4 for i in range(40)], until=9)
        >>> rule = kb.hazard(d, "calendar + ties(share)").to_rule()
        >>> rule.schedule.size, rule.dt
        (10, 1.0)
        >>> kb.cascade(d.network, rule, [], 100, rng=1, horizon=d.periods).sizes.mean() > 20
        np.True_
        """
        self._plain()
        return rule_of(self.model, self.values, self.link, self._of(d))

    def _plain(self) -> None:
        if self.effects is not None:
            raise KoubeiError("formula", "groups differ in the fit already", got=SPREAD,
                              allowed="a fit without effects of groups")  # fmt: skip

    def _of(self, d: Diffusion | None) -> Diffusion:
        record = self.record if d is None else d
        if record is None:
            raise KoubeiError("record", "the fit kept none", fix="kb.hazard(d, fit.formula)")
        if not isinstance(record, Diffusion):
            raise KoubeiError("record", "not a Diffusion", got=type(record).__name__,
                              fix="kb.Diffusion(network, times)")  # fmt: skip
        return record

    def __repr__(self) -> str:
        """Say the formula, what it was fitted to and how well."""
        adopted = int(self.rows.adopted.sum())
        each = adopted / max(self.model.bins, 1)
        thin = self.model.bins > 1 and each < THIN and self.rows.pushes.shape[1]
        return wrapped(
            f"Hazard({self.formula}; {self.link}, {self.rows.adopted.size} rows, "
            f"{adopted} adoptions, loglik {self.loglik:.2f})"
            + (f"; {each:.1f} adoptions a base hazard: pushes come out too small" if thin else "")
        )

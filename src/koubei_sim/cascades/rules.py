"""The rules that `cascade` runs: small frozen classes, checked when made.

A rule says how the word passes from one person to another and nothing about who starts, how
often, or on which graph.  What each does, to the last bit, stands in docs/cascades.md.  Numbers
that hold for every arc are floats; where an argument also takes an array, its length is that of
the arcs (all layers one row after another, `koubei_sim.networks.union_rows`) or of the people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from koubei_sim.cascades import checks
from koubei_sim.errors import KoubeiError

__all__ = [
    "SIR",
    "SIS",
    "Bass",
    "CompetingCascades",
    "DelayedCascade",
    "FractionalSIR",
    "FractionalThreshold",
    "IndependentCascade",
    "LinearThreshold",
    "NegativeCascade",
    "Reinforcement",
    "Rule",
]


@dataclass(frozen=True, eq=False, repr=False)
class Rule:
    """A rule of diffusion; made by its subclasses."""

    @property
    def by_steps(self) -> bool:
        """Whether time counts steps (else it is continuous)."""
        return True

    def describe(self) -> dict[str, Any]:
        """Return name and arguments as plain data; arrays as a note of their shape and mean."""
        out: dict[str, Any] = {"rule": type(self).__name__}
        for item in fields(self):
            out[item.name] = checks.noted(getattr(self, item.name))
        return out

    def __repr__(self) -> str:
        """Say the name and the arguments."""
        parts = []
        for name, value in self.describe().items():
            if name != "rule" and value is not None and value is not False:
                parts.append(
                    f"{name}={value!r}" if not isinstance(value, str) else f"{name}={value}"
                )
        return f"{type(self).__name__}({', '.join(parts)})"


@dataclass(frozen=True, eq=False, repr=False)
class IndependentCascade(Rule):
    """Independent cascade: who has just become active tries each of its arcs once.

    Parameters
    ----------
    p : float, mapping, array or str
        Probability that a try succeeds, 0..1.  A float; a mapping from layer name to float; the
        name of an edge attribute of the graph; values keyed by pairs of people,
        ``{(u, v): p}`` or a frame of edges; an array, one value an arc in the order of
        `Network.arcs` (so each direction of a tie has its own); a square matrix by the
        kinds of source and target (with `kinds`); ``"weights"``: the weights of the network;
        ``"weighted"``: 1 / number of arcs into the target (weighted cascade); ``"trivalency"``:
        .1, .01 or .001 by chance, once and for all replicates of a key.
    kinds : (n,) array of int, optional
        Kind of each person, numbered from 0; used with a matrix `p` only.

    Notes
    -----
    Source: Goldenberg, Libai and Muller 2001; Kempe, Kleinberg and Tardos 2003.  Resolution of
    probabilities: 2**-32.

    Examples
    --------
    >>> IndependentCascade(0.1)
    IndependentCascade(p=0.1)
    """

    p: Any = 0.1
    kinds: Any = None

    def __post_init__(self) -> None:
        """Check what can be checked without a network."""
        object.__setattr__(self, "p", checks.probability("p", self.p, checks.WORDS, matrix=True))
        kinds = checks.kinds_of(self.kinds, self.p)
        object.__setattr__(self, "kinds", kinds)


@dataclass(frozen=True, eq=False, repr=False)
class LinearThreshold(Rule):
    """Linear threshold: convinced when the weights of active sources reach a person's threshold.

    Parameters
    ----------
    weights : None, "weights", array, name of an edge attribute, or values keyed by pairs
        Weight of each arc: 1 / number of arcs into the target; the weights of the network; one
        value an arc, as for `IndependentCascade`.  Those into one person must not add up to more
        than 1.
    thresholds : (lo, hi) or (n,) array
        Drawn uniformly from the interval for every person and replicate, or fixed, 0..1.
    method : {"choice", "sum"}
        How it is computed: every person picks at most one arc and follows its source (fast), or
        weights are added up.  Equal in law at every step for thresholds on 0..1, the only
        case that *choice* can do; not equal in bits.

    Notes
    -----
    Source: Kempe, Kleinberg and Tardos 2003 (claim 2.6 for the equality).
    """

    weights: Any = None
    thresholds: Any = (0.0, 1.0)
    method: str | None = None

    def __post_init__(self) -> None:
        """Check, and settle the method."""
        if isinstance(self.weights, str) or checks.by_pair(self.weights):
            weights = checks.probability("weights", self.weights, ("weights",))
            object.__setattr__(self, "weights", weights)
        elif self.weights is not None:
            object.__setattr__(self, "weights", checks.values("weights", self.weights, 0.0, 1.0))
        limits = self.thresholds
        if isinstance(limits, tuple) and len(limits) == 2:
            low = checks.number("thresholds[0]", limits[0], 0.0, 1.0)
            high = checks.number("thresholds[1]", limits[1], low, 1.0)
            object.__setattr__(self, "thresholds", (low, high))
        elif np.ndim(limits) == 0 and not isinstance(limits, Mapping):
            raise KoubeiError(
                "thresholds",
                "one number for all",
                got=repr(limits),
                fix=f"({limits!r}, {limits!r})",
            )
        else:
            object.__setattr__(
                self, "thresholds", checks.per_person("thresholds", limits, 0.0, 1.0)
            )
        whole = isinstance(self.thresholds, tuple) and self.thresholds == (0.0, 1.0)
        method = self.method or ("choice" if whole else "sum")
        checks.word("method", method, ("choice", "sum"))
        if method == "choice" and not whole:
            raise KoubeiError(
                "method", "choice needs thresholds on 0..1", got=self.thresholds, fix="method='sum'"
            )
        object.__setattr__(self, "method", method)


@dataclass(frozen=True, eq=False, repr=False)
class FractionalThreshold(Rule):
    """Fractional threshold: convinced when a share of those one listens to is active.

    Parameters
    ----------
    threshold : float, (n,) array, or sequence by kind
        Share of the arcs into a person, 0..1.
    strict : bool
        More than the threshold is needed (False: at least).  The two differ where the
        threshold is a fraction that can be met exactly, such as 1/5.
    kinds : (n,) array of int, optional
        Kind of each person; then `threshold` has one value a kind.

    Notes
    -----
    Source: Watts 2002; Granovetter 1978 on a complete graph.
    """

    threshold: Any = 0.18
    strict: bool = False
    kinds: Any = None

    def __post_init__(self) -> None:
        """Check thresholds and kinds."""
        object.__setattr__(self, "strict", checks.yes_no("strict", self.strict))
        value = checks.per_person("threshold", self.threshold, 0.0, 1.0)
        object.__setattr__(self, "threshold", value)
        object.__setattr__(self, "kinds", checks.kinds_of(self.kinds, value))


@dataclass(frozen=True, eq=False, repr=False)
class Reinforcement(Rule):
    """k-reinforcement (complex contagion): convinced by `need` active sources.

    Parameters
    ----------
    need : int, (n,) array, or sequence by kind
        Number of arcs from active people that convinces; 0: adopts at step 1 without a seed.
    window : float, optional
        On contacts with time stamps: only contacts less than this ago count.
    kinds : (n,) array of int, optional

    Notes
    -----
    Source: Centola and Macy 2007.
    """

    need: Any = 2
    window: float | None = None
    kinds: Any = None

    def __post_init__(self) -> None:
        """Check needs and kinds."""
        value = checks.whole_per_person("need", self.need)
        object.__setattr__(self, "need", value)
        if self.window is not None:
            object.__setattr__(self, "window", checks.positive("window", self.window))
        object.__setattr__(self, "kinds", checks.kinds_of(self.kinds, value))


@dataclass(frozen=True, eq=False, repr=False)
class CompetingCascades(Rule):
    """Competing cascades: brands spread side by side, and a person takes the first that convinces.

    Parameters
    ----------
    p : mapping of brand to probability, or probability
        As `p` of `IndependentCascade` (without kinds), for each brand or for all.
    brands : sequence of str, optional
        Names of the brands, at most 8, where `p` is no mapping.
    tie : {"random", "priority"}
        Who wins where several brands convince in one step: one of the convincing arcs at random,
        or the brand that is named first.

    Notes
    -----
    Source: Bharathi, Kempe and Salek 2007; Carnes et al. 2007.
    """

    p: Any = 0.1
    brands: tuple[str, ...] = ("a", "b")
    tie: str = "random"

    def __post_init__(self) -> None:
        """Check brands and probabilities."""
        brands = tuple(self.brands)
        if isinstance(self.p, Mapping):
            brands = tuple(str(name) for name in self.p)
            value: Any = {
                name: checks.probability(f"p[{name}]", one, checks.WORDS)
                for name, one in zip(brands, self.p.values(), strict=True)
            }
        else:
            value = checks.probability("p", self.p, checks.WORDS)
        if not 1 <= len(brands) <= 8 or len(set(brands)) != len(brands):
            raise KoubeiError("brands", "wrong names", got=brands, allowed="1 to 8 different names")
        object.__setattr__(self, "p", value)
        object.__setattr__(self, "brands", brands)
        checks.word("tie", self.tie, ("random", "priority"))


@dataclass(frozen=True, eq=False, repr=False)
class NegativeCascade(Rule):
    """Independent cascade with negative word of mouth (IC-N).

    Parameters
    ----------
    p : as in `IndependentCascade`
    quality : float
        Probability that a person convinced by good word, or a seed, is pleased, 0..1.  One who
        is not speaks badly, and whoever hears it first speaks badly too.

    Notes
    -----
    Source: Chen et al. 2011, *Influence maximization in social networks when negative opinions may
    emerge and propagate*.
    """

    p: Any = 0.1
    quality: float = 0.9

    def __post_init__(self) -> None:
        """Check the probabilities."""
        object.__setattr__(self, "p", checks.probability("p", self.p, checks.WORDS))
        object.__setattr__(self, "quality", checks.number("quality", self.quality, 0.0, 1.0))


@dataclass(frozen=True, eq=False, repr=False)
class Bass(Rule):
    """Bass diffusion on a network: hazard p + q times the active share of one's sources.

    Parameters
    ----------
    p, q : float or (n,) array
        Innovation and imitation, per unit of time, at least 0.
    dt : float, optional
        Length of a tick: all adoptions of a tick see the state at its beginning.  Without it,
        time is exact (event by event).  Against the continuous formula, a tick of 1 year at
        p = .03, q = .38 is off by 7 to 8 points, one of .05 by less than one.

    Notes
    -----
    Source: Bass 1969; on networks Fibich and Gibori 2010.  Needs a horizon.
    """

    p: Any = 0.03
    q: Any = 0.38
    dt: float | None = None

    def __post_init__(self) -> None:
        """Check the rates."""
        object.__setattr__(self, "p", checks.per_person("p", self.p, 0.0, np.inf))
        object.__setattr__(self, "q", checks.per_person("q", self.q, 0.0, np.inf))
        if self.dt is not None:
            object.__setattr__(self, "dt", checks.positive("dt", self.dt))

    @property
    def by_steps(self) -> bool:
        """Ticks are counted, but time is in units of the rates."""
        return False


@dataclass(frozen=True, eq=False, repr=False)
class _Infection(Rule):
    """What SIR, SIS and fractional SIR have in common."""

    beta: Any = 0.1
    gamma: Any = 1.0
    steps: bool = False

    def __post_init__(self) -> None:
        """Check rates (or probabilities per step)."""
        object.__setattr__(self, "steps", checks.yes_no("steps", self.steps))
        top = 1.0 if self.steps else np.inf
        beta = checks.probability("beta", self.beta, ("weights",), top=top)
        object.__setattr__(self, "beta", beta)
        object.__setattr__(self, "gamma", checks.number("gamma", self.gamma, 0.0, top))

    @property
    def by_steps(self) -> bool:
        """Whether time counts steps."""
        return self.steps


@dataclass(frozen=True, eq=False, repr=False)
class SIR(_Infection):
    """Susceptible, infected, recovered: interest that fades.

    Parameters
    ----------
    beta : float, mapping, array or "weights"
        Rate of passing on along an arc, per unit of time (with `steps`: probability per step).
    gamma : float
        Rate of recovery per unit of time (probability per step); 0: never.
    steps : bool
        Discrete steps in place of continuous time.
    duration : {"exponential", "constant"}
        Law of the infectious period, of mean 1 / gamma (steps: geometric, or 1 / gamma rounded).
    """

    duration: str = "exponential"

    def __post_init__(self) -> None:
        """Check the law of the duration."""
        super().__post_init__()
        checks.word("duration", self.duration, ("exponential", "constant"))


@dataclass(frozen=True, eq=False, repr=False)
class FractionalSIR(SIR):
    """SIR under competition for attention: the rate of an arc is beta / arcs into the target.

    Notes
    -----
    Source: Feng et al. 2015 (FSIR).  Restores a finite threshold on heavy-tailed graphs.
    """


@dataclass(frozen=True, eq=False, repr=False)
class SIS(_Infection):
    """Susceptible, infected, susceptible again.  Needs a horizon.

    Parameters
    ----------
    beta, gamma, steps
        As in `SIR`.
    """


@dataclass(frozen=True, eq=False, repr=False)
class DelayedCascade(Rule):
    """Independent cascade in which the word takes time along each arc.

    Parameters
    ----------
    p : as in `IndependentCascade`
    latency : float, array, name of an edge attribute, values keyed by pairs, or (law, mean)
        Constant; one value an arc (all above 0), as for `IndependentCascade`;
        ``("exponential", mean)``; ``("geometric", mean)`` with a mean of at least 1.
    kinds : (n,) array of int, optional

    Notes
    -----
    Source: Saito et al. 2010; Gomez-Rodriguez et al. 2011 for exponential delays.
    """

    p: Any = 0.1
    latency: Any = ("exponential", 1.0)
    kinds: Any = field(default=None)

    def __post_init__(self) -> None:
        """Check probabilities and latencies."""
        object.__setattr__(self, "p", checks.probability("p", self.p, checks.WORDS, matrix=True))
        object.__setattr__(self, "kinds", checks.kinds_of(self.kinds, self.p))
        value = self.latency
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
            checks.word("latency[0]", value[0], ("exponential", "geometric"))
            if value[0] == "geometric":
                value = (value[0], checks.number("latency[1]", value[1], 1.0, np.inf))
            else:
                value = (value[0], checks.positive("latency[1]", value[1]))
        elif isinstance(value, str) or checks.by_pair(value):
            value = checks.probability("latency", value, (), top=np.inf)
        elif np.ndim(value) == 0:
            value = checks.positive("latency", value)
        else:
            value = checks.values("latency", value, 0.0, np.inf)
            if not (value > 0.0).all():
                raise KoubeiError("latency", "must be above 0 on every arc", got=0.0)
        object.__setattr__(self, "latency", value)

    @property
    def by_steps(self) -> bool:
        """Time is continuous."""
        return False

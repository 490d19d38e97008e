"""`NextJudgement`: who comes next in unseen cascades, by credit and by plainer rivals.

Made by `credit.Credit.judge`.  The score is the logarithm of the chance that a model gave to the
person who came next, among all who were not in yet; the gain is over popularity, by cascade.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.core.block import Block
from koubei_sim.core.codes import DRAW_RULE_FIT
from koubei_sim.core.draws import units_drawn
from koubei_sim.evidence.kernels.credit import Logs, Weights, next_shares
from koubei_sim.evidence.logs import RESAMPLE, CascadeLog
from koubei_sim.looks import Look, wrapped

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]

GIVEN: Final = "given ties"
CREDIT: Final = "credit"
CONTROLS: Final = ("order shuffled", "order reversed", "ties rewired")
TUNING: Final = 0.8  # share of the cascades learnt from that the mixture does not see
PRIOR: Final = (0.01, 0.03, 0.1, 0.3, 1.0)  # times taken part that everybody is given on top


@dataclass(frozen=True, eq=False, repr=False)
class NextJudgement(Look):
    """Scores of models on unseen cascades.

    Attributes
    ----------
    names : tuple of str
        Models.
    scores : (models, cascades) array
        Sums over the places of each cascade of the log chance, less that of popularity.
    places : (cascades,) array
        Places that were scored.
    base : float
        Mean log chance by popularity.
    mixture : (models,) array
        Share of word in each model.
    reached : (models,) array
        Share of places at which word had reached anybody.
    drawn : (draws, models) array
        Gains with cascades drawn anew.
    """

    names: tuple[str, ...]
    scores: FloatArray
    places: NDArray[np.int64]
    base: float
    mixture: FloatArray
    reached: FloatArray
    drawn: FloatArray

    def table(self) -> pd.DataFrame:
        """Return a row a model: ``gain, low, high`` (nats a participant), ``mixture, reached``.

        The last rows say what is left of the gain of credit over each control: ``over order
        shuffled`` and so on.  Intervals are 95 %, by cascade.
        """
        from koubei_sim.looks.frames import Table

        gains = self.scores.sum(axis=1) / self.places.sum()
        rows = [
            self._row(name, float(gains[k]), self.drawn[:, k], k)
            for k, name in enumerate(self.names)
        ]
        if CREDIT in self.names:
            own = self.names.index(CREDIT)
            for k, name in enumerate(self.names):
                if name in CONTROLS:
                    part = self.drawn[:, own] - self.drawn[:, k]
                    rows.append(self._row(f"over {name}", float(gains[own] - gains[k]), part, None))
        return Table(rows).set_index("model")

    def _row(self, name: str, gain: float, drawn: FloatArray, k: int | None) -> dict[str, Any]:
        low, high = np.quantile(drawn, (0.025, 0.975))
        return {
            "model": name, "gain": gain, "low": float(low), "high": float(high),
            "mixture": np.nan if k is None else float(self.mixture[k]),
            "reached": np.nan if k is None else float(self.reached[k]),
        }  # fmt: skip

    def __repr__(self) -> str:
        """Say the gains over popularity."""
        lines = [
            f"<NextJudgement: {self.places.size:,} cascades, {self.places.sum():,} participants, "
            f"popularity {self.base:.3f} nats"
        ]
        for name, row in self.table().iterrows():
            ends = f"{row['low']:+.3f} .. {row['high']:+.3f}"
            lines.append(f"  {name:<20} {row['gain']:+.3f}  ({ends})")
        return wrapped("\n".join(lines) + ">")


def judged(
    found: Any,
    held_out: CascadeLog,
    key: int,
    draws: int,
    variant: Callable[[Any, CascadeLog, str, int], Any],
) -> NextJudgement:
    """Learn each variant, fit its mixture inside what was learnt from, score it outside.

    Parameters
    ----------
    found : Credit
    held_out : CascadeLog
    key, draws : int
    variant : callable
        From (credit, log, kind, key) to the credit of a control.
    """
    learnt, tuning = found.log.split(TUNING, key)
    prior = _prior(learnt, tuning)
    n = found.log.n
    kinds = [CREDIT, *CONTROLS[:2]]
    if found.given:
        kinds = [GIVEN, *kinds, CONTROLS[2]]
    names = ["popularity", *kinds]
    popular = found.log.counts() + prior
    popular_inside = learnt.counts() + prior
    rows, mixture, reached = [], [0.0], [0.0]
    base: FloatArray = np.empty(0)
    for kind in kinds:
        inside = variant(found, learnt, kind, key)
        outside = found if kind in (CREDIT, GIVEN) else variant(found, found.log, kind, key)
        ties = kind == GIVEN
        share = _mixture(*_shares(inside, tuning, popular_inside, ties))
        heard, plain = _shares(outside, held_out, popular, ties)
        rows.append(_log_chance(heard, plain, share) - np.log(plain))
        base = np.log(plain)
        mixture.append(share)
        reached.append(float((heard >= 0.0).mean()))
    assert n is not None
    which = held_out.cascade[_scored(held_out)]
    number = held_out.number
    scores = np.array([np.zeros(number), *(
        np.bincount(which, weights=row, minlength=number) for row in rows
    )])  # fmt: skip
    places = np.bincount(which, minlength=number)
    shares = units_drawn(draws * number, key, DRAW_RULE_FIT, RESAMPLE, 0).reshape(draws, number)
    chosen = (shares * number).astype(np.int64)
    drawn = np.empty((draws, len(names)))
    for k, who in enumerate(chosen):
        drawn[k] = scores[:, who].sum(axis=1) / max(1, places[who].sum())
    return NextJudgement(
        tuple(names), scores, places, float(base.mean()), np.array(mixture), np.array(reached),
        drawn,
    )  # fmt: skip


def _scored(log: CascadeLog) -> NDArray[np.bool_]:
    """Which places are scored: all but the first of each cascade."""
    found = np.ones(log.person.size, bool)
    found[log.starts[:-1]] = False
    return found


def _shares(
    found: Any, log: CascadeLog, popular: FloatArray, ties: bool
) -> tuple[FloatArray, FloatArray]:
    """Return the shares of word and of popularity at the scored places."""
    heard, plain = np.empty(log.person.size), np.empty(log.person.size)
    strength = np.ones(found.p.size) if ties else None
    logs = Block("Logs", Logs(log.starts, log.person, log.time))
    next_shares(logs, found.weights(popular, strength), heard, plain)
    keep = _scored(log)
    return heard[keep], plain[keep]


def _log_chance(heard: FloatArray, plain: FloatArray, share: float) -> FloatArray:
    """Return the log chance of a mixture; popularity alone where word has reached nobody."""
    mixed = (1.0 - share) * plain + share * np.maximum(heard, 0.0)
    return np.asarray(np.log(np.where(heard < 0.0, plain, mixed)))


def _mixture(heard: FloatArray, plain: FloatArray) -> float:
    """Return the share of word with the largest likelihood, 0 .. .999."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda share: -float(_log_chance(heard, plain, share).sum()),
        bounds=(0.0, 0.999), method="bounded", options={"xatol": 1e-4},
    )  # fmt: skip
    return float(found.x) if -found.fun > float(np.log(plain).sum()) else 0.0


def _prior(learnt: CascadeLog, tuning: CascadeLog) -> float:
    """Return the count that everybody is given on top under which popularity foretells best."""
    logs = Block("Logs", Logs(tuning.starts, tuning.person, tuning.time))
    heard, plain = np.empty(tuning.person.size), np.empty(tuning.person.size)
    counts = learnt.counts()
    none = np.zeros(counts.size + 1, np.int64)
    best = (-np.inf, PRIOR[0])
    for prior in PRIOR:
        popular = np.asarray(counts + prior, np.float64)
        ties = Weights(none, np.empty(0, np.int32), np.empty(0), popular, np.inf)
        next_shares(logs, Block("Weights", ties), heard, plain)
        best = max(best, (float(np.log(plain[_scored(tuning)]).sum()), prior))
    return best[1]

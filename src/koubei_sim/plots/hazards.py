"""Figures of hazards estimated from records: by period, calibration, residuals, thresholds.

Take anything with the parts of `koubei_sim.evidence.Hazard`, `Diffusion` or `Thresholds`, whose
room this one does not know.  Called by people.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import Lang
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics.intervals import wilson
from koubei_sim.plots.style import (
    BLUE,
    GREY,
    ORANGE,
    axes_for,
    drawing,
    headline,
    label_ends,
    subtitle,
    takes,
)
from koubei_sim.reports.words import said

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "curve": ("Hazard of adoption by period", "各期采纳风险率"),
    "calibration": ("Predicted and observed chances", "预测概率与实际比例"),
    "residuals": ("What the fit leaves over", "拟合的残差"),
    "thresholds": ("Thresholds of adopters", "采纳者的阈值"),
    "period": ("period", "时期"),
    "hazard": ("share of those at risk who adopt", "当期采纳者占在险者的比例"),
    "bars": ("bars: 95 % intervals; {rows:,} person-periods, {adopted:,} adoptions",
             "竖线为95%区间;{rows:,}个人期,{adopted:,}次采纳"),
    "observed": ("observed", "实际"),
    "fitted": ("fitted", "拟合"),
    "predicted": ("predicted chance of a period", "每期预测概率"),
    "share": ("share that adopts", "实际采纳比例"),
    "tenths": ("tenths of person-periods by predicted chance; bars: 95 % intervals",
               "按预测概率分十组;竖线为95%区间"),
    "standard": ("(seen - expected) / standard deviation", "(实际-期望)/标准差"),
    "within": ("within the lines in 95 % of cases where the fit is right",
               "若模型正确,95%的点落在虚线之间"),
    "fifths": ("{name} (mean of each fifth)", "{name}(五等分组均值)"),
    "exposure": ("exposure when adopting", "采纳时的暴露度"),
    "mean": ("mean of the period", "当期均值"),
    "dots": ("{adopters:,} adopters, mean {mean:.2f}; grey: mean and standard deviation of time",
             "{adopters:,}位采纳者,均值{mean:.2f};灰线为采纳时间的均值与标准差"),
}  # fmt: skip


_say = partial(said, _WORDS)


def _intervals(seen: NDArray[Any], of: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return shares, and the lengths of bars below and above."""
    share = seen / np.maximum(of, 1)
    ends = np.array([wilson(int(k), int(n)) for k, n in zip(seen, of)])
    return share, np.array([share - ends[:, 0], ends[:, 1] - share]).clip(0.0)


def _bars(ax: Any, x: Any, share: Any, bars: Any) -> None:
    ax.errorbar(x, share, bars, color=BLUE, lw=0, elinewidth=1.4, marker="o", ms=5)


def _whole(ax: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


@takes("record or fitted hazard", "kb.hazard(...)", "risk")
def hazard_curve(of: Any, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the share of those at risk who adopt, by period, and what a fit expects.

    Parameters
    ----------
    of : Diffusion or Hazard
        A record alone shows what was observed.
    ax : matplotlib Axes, optional
        Where to draw; a new figure without it.
    lang : {"en", "zh"}

    Returns
    -------
    matplotlib.axes.Axes
    """
    fitted = not callable(of.risk)
    risk = of.risk if fitted else of.risk()
    start = of.model.start if fitted else of.start
    count = np.bincount(risk.period)
    there = np.flatnonzero(count)
    seen = np.bincount(risk.period, risk.adopted)[there]
    share, bars = _intervals(seen, count[there])
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        x = there + start
        _bars(ax, x, share, bars)
        ends = [(float(x[-1]), float(share[-1]), _say("observed", spoken), BLUE)]
        top = float((share + bars[1]).max())
        if fitted:
            expected = np.bincount(risk.period, of.predict())[there] / count[there]
            ax.plot(x, expected, color=ORANGE)
            ends.append((float(x[-1]), float(expected[-1]), _say("fitted", spoken), ORANGE))
            top = max(top, float(expected.max()))
        ax.set_xlim(x[0] - 0.4, x[-1] + 0.4)
        ax.set_ylim(0.0, max(top, 1e-9) * 1.06)
        _whole(ax)
        headline(ax, _say("curve", spoken))
        ax.set_xlabel(_say("period", spoken))
        ax.set_ylabel(_say("hazard", spoken))
        subtitle(ax, _say("bars", spoken, rows=risk.period.size, adopted=int(seen.sum())))
        label_ends(ax, ends)
    return ax


@takes("fitted hazard", "kb.hazard(...)", "risk", "predict", "rows")
def hazard_calibration(fit: Any, d: Any = None, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw predicted chances against the shares that adopted, by tenths of the rows at risk.

    Parameters
    ----------
    fit : Hazard
    d : Diffusion, optional
        A record that was not fitted to; that of the fit unless given.
    ax : matplotlib Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    matplotlib.axes.Axes
    """
    chance = fit.predict() if d is None else fit.predict(d)
    adopted = fit.rows.adopted if d is None else d.risk(fit.model.kind).adopted
    order = np.argsort(chance, kind="stable")
    parts = [part for part in np.array_split(order, 10) if part.size]
    x = np.array([chance[part].mean() for part in parts])
    seen = np.array([adopted[part].sum() for part in parts])
    share, bars = _intervals(seen, np.array([part.size for part in parts]))
    with drawing(lang) as spoken:
        ax = axes_for(ax, (5.2, 4.8))
        top = max(float(x.max()), float((share + bars[1]).max())) * 1.06
        ax.plot([0.0, top], [0.0, top], color=GREY, lw=1.2, ls="--", zorder=1)
        _bars(ax, x, share, bars)
        ax.set_xlim(0.0, top)
        ax.set_ylim(0.0, top)
        headline(ax, _say("calibration", spoken))
        ax.set_xlabel(_say("predicted", spoken))
        ax.set_ylabel(_say("share", spoken))
        subtitle(ax, _say("tenths", spoken))
    return ax


@takes("fitted hazard", "kb.hazard(...)", "risk", "predict", "rows", "model")
def hazard_residuals(
    fit: Any, by: str = "period", ax: Axes | None = None, lang: Lang = "en"
) -> Axes:
    """Draw adoptions seen less those expected, in standard deviations.

    Parameters
    ----------
    fit : Hazard
    by : str
        ``"period"``, or the name of a push or trait of the fit: then by fifths of it (who has none
        of a push stands apart).
    ax : matplotlib Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    matplotlib.axes.Axes
    """
    names = list(fit.names[fit.model.bins :])
    if by not in ("period", *names):
        raise KoubeiError("by", "not in the fit", got=by, allowed=", ".join(["period", *names]))
    chance, adopted = fit.predict(), fit.rows.adopted
    if by == "period":
        value = fit.risk.period + fit.model.start
        part = fit.risk.period
    else:
        value = np.hstack([fit.rows.pushes, fit.rows.traits])[:, names.index(by)]
        edges = np.unique(np.quantile(value, [0.2, 0.4, 0.6, 0.8]))
        part = np.searchsorted(edges, value, side="left")
    there = np.unique(part)
    x = np.array([value[part == one].mean() for one in there])
    left = [
        (adopted - chance)[part == one].sum()
        / np.sqrt(max(float((chance * (1.0 - chance))[part == one].sum()), 1e-12))
        for one in there
    ]
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        ax.axhline(0.0, color=GREY, lw=1.0, zorder=1)
        for line in (-1.96, 1.96):
            ax.axhline(line, color=GREY, lw=1.0, ls="--", zorder=1)
        ax.vlines(x, 0.0, left, color=BLUE, lw=1.4)
        ax.plot(x, left, color=BLUE, lw=0, marker="o", ms=6)
        most = max(2.4, 1.1 * float(np.abs(left).max()))
        ax.set_ylim(-most, most)
        if by == "period":
            _whole(ax)
        headline(ax, _say("residuals", spoken))
        ax.set_xlabel(_say("period", spoken) if by == "period" else _say("fifths", spoken, name=by))
        ax.set_ylabel(_say("standard", spoken))
        subtitle(ax, _say("within", spoken))
    return ax


@takes("set of thresholds", "kb.evidence.thresholds(...)", "times", "exposure", "mean")
def thresholds(found: Any, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the exposure of each adopter when adopting, by period (Valente 1996).

    Parameters
    ----------
    found : Thresholds
        What `koubei_sim.evidence.thresholds` gives.
    ax : matplotlib Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    matplotlib.axes.Axes
    """
    known = np.isfinite(found.exposure)
    pairs = np.column_stack([found.times[known], np.round(found.exposure[known], 2)])
    places, count = np.unique(pairs, axis=0, return_counts=True)
    mean = np.array([
        found.exposure[known & (found.times == t)].mean() for t in np.unique(found.times[known])
    ])  # fmt: skip
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        centre, spread = found.times.mean(), found.times.std(ddof=1) if found.times.size > 1 else 0
        for line, style in ((centre - spread, ":"), (centre, "-"), (centre + spread, ":")):
            ax.axvline(line, color=GREY, lw=1.0, ls=style, zorder=0)
        size = 14.0 + 400.0 * count / max(int(count.max()), 12)
        ax.scatter(places[:, 0], places[:, 1], s=size, color=BLUE, alpha=0.45, linewidth=0)
        ax.plot(np.unique(found.times[known]), mean, color=ORANGE)
        ax.set_xlim(found.times.min() - 0.6, found.times.max() + 0.6)
        ax.set_ylim(-0.06, max(1.06, float(places[:, 1].max()) * 1.06))
        _whole(ax)
        headline(ax, _say("thresholds", spoken))
        ax.set_xlabel(_say("period", spoken))
        ax.set_ylabel(_say("exposure", spoken))
        subtitle(ax, _say("dots", spoken, adopters=found.times.size, mean=found.mean))
        end = (float(found.times.max()), float(mean[-1]), _say("mean", spoken), ORANGE)
        label_ends(ax, [end])
    return ax

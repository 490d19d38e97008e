"""Figures of a calibration: what it predicts beside what was seen, and what it has learnt.

Both take a `Calibration` by its shape only (this room lies below the studies):
`posterior_predictive` shows model, baselines and observed points, those held out as open circles;
`marginals` shows each parameter's posterior on the scale of its prior.
Called by people, by ``koubei calibrate`` and by the experiments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.checks import Lang
from koubei_sim.errors import KoubeiError
from koubei_sim.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    RED,
    SKY,
    axes_for,
    date_ticks,
    drawing,
    headline,
    label_ends,
    subtitle,
    takes,
    thousands,
)
from koubei_sim.plots.words import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colours of the baselines; the model is blue.
_COLOURS: Final = {
    "bass": ORANGE,
    "two_logistic": PINK,
    "two_logistic_dated": PINK,
    "log_linear": "#7F6A00",
    "log_quadratic": GREEN,
    "power": RED,
    "drift": SKY,
    "beside": BLACK,
}


@takes("Calibration", "calibrate(...)", "forecasts", "identifiability")
def posterior_predictive(
    calibration: Any,
    ax: Axes | None = None,
    lang: Lang = "en",
    series: str | None = None,
    number: int = 100,
    fresh: bool = False,
) -> Axes:
    """Draw the model's fan with observed points and baselines, on a log scale.

    Parameters
    ----------
    calibration : Calibration
    ax : matplotlib Axes, optional
        A new figure without it.
    lang : {"en", "zh"}
    series : str, optional
        Which series; the first without it.
    number : int
        Runs.
    fresh : bool
        Whether the fan is made of runs begun anew with fresh luck (`Calibration.predictive`); else
        of the accepted runs, continued (`Calibration.continued`), where there are any.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    KoubeiError
        When the targets hold no such series.
    """
    table = calibration.forecasts(number)
    names = list(dict.fromkeys(table["series"]))
    name = names[0] if series is None else series
    if name not in names:
        raise KoubeiError("series", "no such series", got=name, allowed=", ".join(names))
    part = table[table["series"] == name]
    fresh = fresh or "model" not in table  # one best point: there are no accepted runs
    runs = calibration.predictive(number) if fresh else calibration.continued(number)
    days, counts = runs.curves[name]
    fitted = calibration.baselines()[name]
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        x = _moments(calibration.model.scenario, days)
        _fan(ax, x, counts)
        seen = (part["use"] == "fitted").to_numpy()
        at = _moments(calibration.model.scenario, _days_of(calibration, name))
        observed = part["observed"].to_numpy(dtype=float)
        style: dict[str, Any] = {"mec": BLACK, "mew": 1.4, "ms": 6.5, "zorder": 6, "clip_on": False}
        ax.plot(at[seen], observed[seen], "o", mfc=BLACK, **style)
        ax.plot(at[~seen], observed[~seen], "o", mfc="white", **style)
        ax.set_yscale("log")
        positive = counts[counts > 0]
        low = min(float(np.quantile(positive, 0.02)) if positive.size else 1.0, observed.min())
        top = max(float(observed.max()), float(np.quantile(counts[:, -1], 0.95)))
        ax.set_ylim(low / 2.0, top * 6.0)
        middle = np.median(counts, axis=0)
        ends = [(x[-1], float(middle[-1]), say("model", spoken), BLUE)]
        ends += _baselines(ax, x, days, part, fitted, calibration, spoken, top)
        if not seen.all():
            _line_of_sight(ax, at[seen][-1], at[~seen][0], spoken)
        ax.set_xlim(x[0], x[-1])
        ax.set_ylabel(say("people_log", spoken))
        _time(ax, x, spoken)
        thousands(ax)
        headline(ax, say("posterior_predictive" if fresh else "continued", spoken))
        subtitle(ax, say("fan", spoken, number=len(counts)))
        label_ends(ax, ends)
    return ax


def _fan(ax: Any, x: NDArray[Any], counts: NDArray[np.float64]) -> None:
    """Draw median and bands of 50 and 90 %."""
    levels = np.quantile(counts, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    levels = np.where(levels > 0, levels, np.nan)
    floor = np.nanmin(levels) if np.isfinite(levels).any() else 1.0
    for low, high, alpha in ((0, 4, 0.15), (1, 3, 0.25)):
        bottom = np.where(np.isfinite(levels[low]), levels[low], floor)
        ax.fill_between(x, bottom, levels[high], color=BLUE, alpha=alpha, lw=0)
    ax.plot(x, levels[2], color=BLUE, lw=2.2, zorder=4)


def _baselines(
    ax: Any, x: NDArray[Any], days: NDArray[np.float64], part: Any, fitted: Any,
    calibration: Any, lang: str, top: float,
) -> list[tuple[Any, float, str, str]]:  # fmt: skip
    """Draw the baselines that were fitted; return their ends."""
    ends = []
    shift = float(calibration.baseline_shift(str(part["series"].iloc[0])))
    for fit in fitted:
        if fit.curve is None:
            continue
        colour = _COLOURS.get(fit.name, GREY)
        curve = fit.curve(days + shift)
        inside = (curve > 0) & (days + shift >= 0) & (curve < 6.0 * top)
        if not inside.any():
            continue
        ax.plot(x[inside], curve[inside], color=colour, lw=1.3, ls="--", zorder=3)
        end = min(float(curve[inside][-1]), 4.0 * top)
        ends.append((x[-1], end, say(f"baseline_{fit.name}", lang), colour))
    return ends


def _time(ax: Any, x: NDArray[Any], lang: str) -> None:
    """Set up the axis of days or dates."""
    if x.dtype.kind != "M":
        ax.set_xlabel(say("day", lang))
    else:
        date_ticks(ax, bool((x[-1] - x[0]).astype(int) > 120))


def _days_of(calibration: Any, name: str) -> NDArray[np.float64]:
    return np.asarray(calibration.series(name).days, dtype=float)


def _moments(scenario: Any, days: NDArray[np.float64]) -> NDArray[Any]:
    """Return dates where the scenario has them, else days."""
    if scenario.start_date is None:
        return days
    first = np.datetime64(scenario.start_date.isoformat(), "D")
    return np.asarray(first + np.asarray(days).astype("m8[D]"))


def _line_of_sight(ax: Any, last: Any, first: Any, lang: str) -> None:
    """Mark where the fit stopped seeing."""
    between = last + (first - last) / 2
    ax.axvline(between, color=GREY, lw=0.9, ls=":", zorder=1)
    ax.annotate(
        say("held_out", lang),
        (between, 0.02),
        xycoords=("data", "axes fraction"),
        xytext=(4, 0),
        textcoords="offset points",
        color=GREY,
        fontsize=9.5,
        ha="left",
        va="bottom",
    )


@takes("Calibration", "calibrate(...)", "forecasts", "identifiability")
def marginals(calibration: Any, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the posterior of each parameter on the scale of its prior, a row each.

    The grey bar is the prior, from its low to its high end; the thick line holds the middle 50 %
    of the posterior, the thin one 90 %, the dot is the median, the cross the best point.  At the
    right stands how much the variance has contracted.

    Parameters
    ----------
    calibration, ax, lang : see `posterior_predictive`
    """
    table = calibration.table()
    contraction = calibration.identifiability()["contraction"].to_numpy()
    levels = calibration.shares_at((0.05, 0.25, 0.5, 0.75, 0.95))
    best = calibration.best_shares
    with drawing(lang) as spoken:
        ax = axes_for(ax)
        for k, row in enumerate(table.itertuples()):
            y = len(table) - 1 - k
            ax.plot([0, 1], [y, y], color="#DDDDDD", lw=9, solid_capstyle="butt", zorder=1)
            ax.plot(levels[k, [0, 4]], [y, y], color=BLUE, lw=1.6, zorder=2)
            ax.plot(levels[k, [1, 3]], [y, y], color=BLUE, lw=5, solid_capstyle="butt", zorder=3)
            ax.plot(levels[k, 2], y, "o", color="white", mec=BLUE, mew=1.6, ms=7, zorder=4)
            ax.plot(best[k], y, "x", color=RED, ms=7, mew=1.8, zorder=5)
            for share, value, side in ((0, row.prior_low, "left"), (1, row.prior_high, "right")):
                ax.text(share, y - 0.28, f"{value:,.4g}", ha=side, color=GREY, fontsize=9)
            ax.text(0.5, y + 0.24, row.parameter, ha="center", fontsize=10.5, color=BLACK)
            ax.text(1.03, y, f"{contraction[k]:.2f}", va="center", color=BLACK, fontsize=10.5)
        ax.text(1.03, len(table) - 0.5, say("contraction", spoken), color=GREY, fontsize=9.5)
        ax.set_xlim(-0.02, 1.02)
        ax.set_ylim(-0.6, len(table) - 0.4)
        ax.spines["left"].set_visible(False)
        ax.set_yticks([])
        ax.set_xlabel(say("share_of_prior", spoken))
        headline(ax, say("marginals", spoken))
        subtitle(ax, say("marginals_note", spoken))
    return ax

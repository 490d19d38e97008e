"""Where to begin: Bass's p and q by nonlinear least squares, as parameters of a scenario.

In the Bass limit of the model (one board that everybody reads, own media) own media win a share
``1 - exp(-p)`` of the others each day and a message persuades with ``1 - exp(-q)``; elsewhere the
two are a place to begin a search or a prior, no more.
Called by people, before `calibrate`.

References
----------
Srinivasan, V. and Mason, C. H. (1986), Marketing Science 5, 169-178.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from koubei_sim.checks import number
from koubei_sim.errors import KoubeiError, nearest
from koubei_sim.runs.options import scenario_from
from koubei_sim.studies.calibration.baselines import fit_baselines
from koubei_sim.studies.calibration.forecast import series_of
from koubei_sim.studies.calibration.targets import targets_from
from koubei_sim.studies.priors import check_spread
from koubei_sim.studies.values import Range


def bass_start(scenario: Any, targets: Any, media: str, channel: str) -> dict[str, float]:
    """Return start values for a medium and a channel from the points that a fit may see.

    Parameters
    ----------
    scenario : Scenario, preset name, path or mapping
    targets : Targets or sequence of Target
        The first series among them is taken; points held out are not looked at.
    media, channel : str
        Names of the medium that stands for outside influence and of the channel that stands for
        imitation.

    Returns
    -------
    dict of str to float
        ``media.<media>.hazard`` and ``channels.<channel>.persuasion``.

    Raises
    ------
    KoubeiError
        For unknown names, or fewer than four points.

    Examples
    --------
    >>> import numpy as np
    >>> from koubei_sim.studies.calibration import Targets
    >>> from koubei_sim.theory import bass
    >>> days = np.arange(0, 400, 40)
    >>> curve = Targets.series(days, 1.0 + 20_000 * bass.cumulative(days, 0.0015, 0.019))
    >>> found = bass_start("bass", curve, "advertising", "market")
    >>> {path: round(value, 6) for path, value in found.items()}
    {'media.advertising.hazard': 0.001499, 'channels.market.persuasion': 0.018821}
    """
    base = scenario_from("scenario", scenario)
    for name, table in ((media, "media"), (channel, "channels")):
        if name not in getattr(base, table):
            known = list(getattr(base, table))
            raise KoubeiError(
                table, "no such entry", got=name, allowed=", ".join(known), fix=nearest(name, known)
            )
    series = series_of(targets_from(targets).seen, base)
    if not series:
        raise KoubeiError("targets", "no series among them", fix="Targets.series")
    days, counts = series[0].days, series[0].counts
    (fit,) = fit_baselines(days - days[0], counts, names=["bass"])
    if fit.curve is None:
        raise KoubeiError("targets", f"Bass cannot be fitted, {fit.note}")
    p, q, _ = fit.values
    return {
        f"media.{media}.hazard": -math.expm1(-p),
        f"channels.{channel}.persuasion": -math.expm1(-q),
    }


def ranges_around(start: Mapping[str, float], spread: float = 5.0) -> dict[str, Range]:
    """Return priors around start values: uniform in the logarithm, a factor `spread` either way.

    Cut at 1, since start values are probabilities.

    Examples
    --------
    >>> ranges_around({"media.advertising.hazard": 0.01})["media.advertising.hazard"]
    Range(low=0.002, high=0.05, log=True, whole=False, choices=())
    """
    spread = check_spread(spread)
    return {
        path: Range(value / spread, min(1.0, value * spread), True) for path, value in start.items()
    }


def share_of(path: str, found: Range, value: Any) -> float:
    """Return the share of a range that lies below a value: the inverse of `Range.at`.

    Raises
    ------
    KoubeiError
        For a value outside the range.

    Examples
    --------
    >>> round(share_of("x", Range(1.0, 100.0, log=True), 10.0), 9)
    0.5
    """
    value = number(f"start: {path}", value)
    if not found.low <= value <= found.high:
        raise KoubeiError(
            f"start: {path}", "outside its range", got=value, allowed=f"{found.low}..{found.high}"
        )
    low, high = float(found.low), float(found.high)
    if found.whole:
        low, high = low - 0.5, high + 0.5
    if found.log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)

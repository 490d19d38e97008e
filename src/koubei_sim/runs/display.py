"""How a result looks: a few lines in a terminal, a small table with a curve in a notebook.

Cheap by design (daily tables only, no forest), because a notebook shows it unasked.  Called by
results; the bar by whatever may take long.
"""

from __future__ import annotations

import html
import textwrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.metrics.overview import count_text, interval_of
from koubei_sim.metrics.runs import (
    Run,
    die_hard_and_core,
    loyal_and_above,
    scale_of,
    users,
)

_LEVELS = (
    ("users", users, "#0072B2"),
    ("loyal and above", loyal_and_above, "#E69F00"),
    ("die-hard and core", die_hard_and_core, "#D55E00"),
)


def final_rows(run: Run) -> list[tuple[str, float, float, float]]:
    """Return (level, mean, low, high) at the end of the run."""
    scale = scale_of(run)
    rows = []
    for (name, count, _), outcome in zip(_LEVELS, ("users", "loyal", "die_hard"), strict=True):
        values = np.array([count(history)[-1] * scale for history in run.histories], dtype=float)
        found = interval_of(outcome, values, run.key)  # the one of `summary`
        rows.append((name, found.mean, found.low, found.high))
    return rows


def _head(run: Any) -> tuple[str, str]:
    scenario = run.scenario
    people = count_text(scenario.n_agents * scale_of(run))
    ticks = run.histories[0].table.shape[0]
    plural = "" if run.replicates == 1 else "s"
    return (
        f"{scenario.name}, {people} people, {ticks} days",
        f"{run.replicates} replicate{plural}, {run.engine} engine, key {run.key}",
    )


def text(run: Any) -> str:
    """Return the plain form, at most 79 columns wide."""
    first, second = _head(run)
    lines = [f"Result: {first}"[:79], f"  {second}"[:79]]
    for name, mean, low, high in final_rows(run):
        line = f"  {name:<18}{count_text(mean):>14}"
        if np.isfinite(low) and high > low:
            line += f"   95 % {count_text(low)} .. {count_text(high)}"
        lines.append(line[:79])
    for note in run.notes:
        lines += textwrap.wrap(note, 79, initial_indent="  note: ", subsequent_indent="    ")
    return "\n".join(lines)


def page(run: Any) -> str:
    """Return the HTML form: a table and a curve drawn inline, nothing loaded from elsewhere."""
    first, second = (html.escape(line) for line in _head(run))
    cells = "".join(
        f"<tr><th style='text-align:left;color:{colour}'>{name}</th>"
        f"<td style='text-align:right'>{count_text(mean)}</td>"
        f"<td style='text-align:right'>{count_text(low)} .. {count_text(high)}</td></tr>"
        for (name, mean, low, high), (_, _, colour) in zip(final_rows(run), _LEVELS)
    )
    notes = "".join(f"<br><small>{html.escape(note)}</small>" for note in run.notes)
    return (
        f"<div><b>Result</b> {first}<br><small>{second}</small>"
        "<table><thead><tr><th></th><th>at the end</th><th>95 % interval</th></tr></thead>"
        f"<tbody>{cells}</tbody></table>{_sparkline(run)}{notes}</div>"
    )


def _sparkline(run: Run, width: int = 320, height: int = 80) -> str:
    """Mean curves of the three levels over time, counts on a log scale, as inline SVG."""
    scale = scale_of(run)
    curves = [
        np.mean([count(history) for history in run.histories], axis=0) * scale
        for _, count, _ in _LEVELS
    ]
    top = max(float(np.log10(max(10.0, curve.max()))) for curve in curves)
    shapes = "".join(
        f"<polyline fill='none' stroke='{colour}' stroke-width='1.5' "
        f"points='{_points(curve, top, width, height)}'><title>{name}</title></polyline>"
        for curve, (name, _, colour) in zip(curves, _LEVELS)
    )
    return (
        f"<svg role='img' aria-label='users, loyal and die-hard over time, log scale' "
        f"width='{width}' height='{height}' viewBox='0 0 {width} {height}' "
        f"style='background:#fafafa'>{shapes}</svg>"
    )


def _points(curve: NDArray[np.float64], top: float, width: int, height: int) -> str:
    # At most 160 points: the curve is an inch high.
    at = np.unique(np.linspace(0, curve.size - 1, min(curve.size, 160)).astype(int))
    x = at / max(1, curve.size - 1) * (width - 4) + 2
    y = height - 2 - np.log10(np.maximum(1.0, curve[at])) / top * (height - 4)
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y))

"""How a cascade result looks: a few lines in a terminal, a small table with a curve in a notebook.

Cheap by design (sizes and curves only, no forest), because a notebook shows it unasked.  Called by
`result` only.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np

from koubei_sim.metrics.overview import count_text

if TYPE_CHECKING:
    from koubei_sim.cascades.result import CascadeResult


def _lines(result: CascadeResult) -> tuple[str, str, list[tuple[str, str, str]]]:
    """Two lines on what was run, and rows of (name, mean, remark)."""
    plural = "" if result.replicates == 1 else "s"
    head = f"{result.rule!r}, {result.n:,} people"
    run = f"{result.replicates:,} replicate{plural}, {result.method}, key {result.key}"
    if np.isfinite(result.seconds):
        run += f", {result.seconds:.3g} s"
    if result.stopped != "replicates":
        run += f", stopped by {result.stopped}"
    if not result.replicates:
        return head, run, []
    rows = []
    names = result.kind_names if len(result.kind_names) > 1 else ()
    for name, found in [("size", result.mean_size())] + [(k, result.mean_size(k)) for k in names]:
        remark = ""
        if np.isfinite(found.low) and found.high > found.low:
            remark = f"95 % {count_text(max(found.low, 0.0))} .. {count_text(found.high)}"
            remark += " (bootstrap)" if found.method == "bootstrap" else ""
        rows.append((name, count_text(found.mean), remark))
    if result.replicates > 1:
        low, middle, high = np.quantile(result.sizes, [0.05, 0.5, 0.95], method="inverted_cdf")
        remark = f"5-95 % {count_text(low)} .. {count_text(high)}"
        rows.append(("median size", count_text(middle), f"{remark}, largest {max(result.sizes):,}"))
    word = "last step" if result.steps else "last time"
    ends = result.outcome.ends
    rows.append((word, count_text(float(ends.mean())), f"at most {count_text(float(ends.max()))}"))
    return head, run, rows


def text(result: CascadeResult) -> str:
    """Return the plain form, at most 100 columns wide."""
    head, run, rows = _lines(result)
    lines = [f"CascadeResult: {head}", f"  {run}"]
    lines += [f"  {name:<14}{mean:>12}   {remark}".rstrip() for name, mean, remark in rows]
    lines += [f"  note: {note}" for note in result.notes]
    return "\n".join(line if len(line) <= 100 else line[:97] + "..." for line in lines)


def page(result: CascadeResult) -> str:
    """Return the HTML form: a table and the mean curve drawn inline, nothing loaded."""
    head, run, rows = _lines(result)
    cells = "".join(
        f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
        f"<td style='text-align:right'>{mean}</td><td>{remark}</td></tr>"
        for name, mean, remark in rows
    )
    notes = "".join(f"<br><small>{html.escape(note)}</small>" for note in result.notes)
    return (
        f"<div><b>CascadeResult</b> {html.escape(head)}<br><small>{html.escape(run)}</small>"
        f"<table>{cells}</table>{_sparkline(result)}{notes}</div>"
    )


def _sparkline(result: CascadeResult, width: int = 320, height: int = 80) -> str:
    """The mean of activations so far over time, as inline SVG."""
    curve = result.outcome.curve
    if not curve.size:
        return ""
    mean = curve.sum(axis=1).mean(axis=0).cumsum()
    at = np.unique(np.linspace(0, mean.size - 1, min(mean.size, 160)).astype(int))
    x = at / max(1, mean.size - 1) * (width - 4) + 2
    y = height - 2 - mean[at] / max(1.0, mean[-1]) * (height - 4)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y))
    return (
        f"<svg role='img' aria-label='mean activations so far' width='{width}' height='{height}' "
        f"viewBox='0 0 {width} {height}' style='background:#fafafa'><polyline fill='none' "
        f"stroke='#0072B2' stroke-width='1.5' points='{points}'/></svg>"
    )

"""Lines of the comparison: printed, kept as JSON, laid out as a table and drawn.

A *line* is one package in one row of work: sizes, verdict, CPU time, and, only where the verdict
allows it, the ratios to the textbook kernel and to koubei_sim.  Called by ``__main__``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .gate import OTHER_LAWS, YARDSTICK, Verdict, believed, verdicts
from .measure import Sample, joined
from .works import ADAPTERS, OURS, WORKS, Work

BEGIN, END = "<!-- table of python -m benchmarks.peers: begin -->", "<!-- end of the table -->"


def ratio(one: list[Sample], other: list[Sample]) -> float:
    """Return the median over rounds of the time of one package over that of another."""
    return float(np.median([a.milliseconds / b.milliseconds for a, b in zip(one, other)]))


def lines_of(work: Work, samples: dict[str, list[Sample]]) -> list[dict[str, Any]]:
    """Judge a row; return its lines."""
    together = {name: joined(rounds) for name, rounds in samples.items()}
    found = verdicts(work.key, together)
    return [
        _line(work, name, together[name], verdict, found, samples)
        for name, verdict in found.items()
    ]


def _line(
    work: Work,
    name: str,
    sample: Sample,
    verdict: Verdict,
    found: dict[str, Verdict],
    samples: dict[str, list[Sample]],
) -> dict[str, Any]:
    line: dict[str, Any] = {
        "work": work.key, "package": name, "runs": sample.runs, "mean": sample.mean,
        "error": sample.error, "milliseconds": sample.milliseconds, "verdict": verdict.word,
        "against": verdict.against,
    }  # fmt: skip
    if name != YARDSTICK:
        line |= {"difference": verdict.difference, "z": verdict.z, "ks": verdict.p}
    for label, base in (("ratio", YARDSTICK), ("ours", OURS)):
        if base in found and believed(name, base, found):
            line[label] = ratio(samples[name], samples[base])
    return line


def print_line(line: dict[str, Any]) -> None:
    """Print one line."""
    told = [
        f"{line[label]:9.2f} x {word}" if label in line else f"{'disagrees':>9}   {word}"
        for label, word in (("ratio", "textbook"), ("ours", "ours"))
    ]
    judged = (
        f"{line['difference']:+8.2%} z={line['z']:+5.1f} KS p={line['ks']:.3g} {line['verdict']}"
        if "z" in line
        else ""
    )
    if line["verdict"] == "other law":
        judged += f" ({line['against']})"
    print(
        f"  {line['package']:20}{line['milliseconds']:12.4f} ms {told[0]} {told[1]} "
        f"{line['runs']:7d} runs, size {line['mean']:12.1f} +- {line['error']:8.1f} {judged}",
        flush=True,
    )


def rounded(value: float, places: int = 2) -> str:
    """Return a figure to two digits (or `places`), one more where it begins with a one.

    Examples
    --------
    >>> rounded(0.00634), rounded(13_712.0), rounded(8.96), rounded(41.7)
    ('0.0063', '13,700', '9.0', '42')
    >>> rounded(34_760.1, 3), rounded(96.02, 3)
    ('34,800', '96.0')
    """
    if not value > 0:
        return "0"
    leading = int(f"{value:.6e}"[0])
    if leading == 1 and value >= 100:
        places += 1
    digits = places - 1 - int(np.floor(np.log10(value)))
    number = round(value, digits)
    return f"{number:,.{max(digits, 0)}f}"


def cell(line: dict[str, Any] | None) -> str:
    """Return what the table says of one package in one row: how many times our time, or why not."""
    if line is None:
        return ""
    if "ours" not in line:
        return "disagrees" if line["verdict"] == "disagrees" else "no ratio"
    return rounded(line["ours"]) + (" *" if line["verdict"] == "other law" else "")


def markdown(lines: list[dict[str, Any]]) -> str:
    """Return the table, packages that no row has left out."""
    by_cell = {(line["work"], line["package"]): line for line in lines}
    packages = [
        name for name in ADAPTERS if name != OURS and any(line["package"] == name for line in lines)
    ]
    table = [
        "| work | mean size | koubei_sim, ms | " + " | ".join(packages) + " |",
        "|---" * (3 + len(packages)) + "|",
    ]
    notes = []
    for work in WORKS:
        own = by_cell.get((work.key, OURS))
        if own is None:
            continue
        cells = [cell(by_cell.get((work.key, name))) for name in packages]
        size = rounded(own["mean"], 3)
        table.append(
            f"| {work.label}, {work.graph} | {size} | {rounded(own['milliseconds'])} | "
            + " | ".join(cells)
            + " |"
        )
        notes += [
            f"\\* {name}: {why}; its sizes agree with a kernel of that law ("
            f"{line['z']:+.1f} standard errors)."
            for (row, name), (_, why) in OTHER_LAWS.items()
            if row == work.key
            and (line := by_cell.get((row, name))) is not None
            and line["verdict"] == "other law"
        ]
    return "\n".join([*table, *(["", *notes] if notes else [])])


def put_table(page: Path, text: str) -> None:
    """Replace what stands between the marks of a page."""
    old = page.read_text()
    if old.count(BEGIN) != 1 or old.count(END) != 1:
        raise SystemExit(f"{page.name}: the marks of the table, got none or several, put one pair")
    before, rest = old.split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}")


def draw(lines: list[dict[str, Any]], path: Path) -> None:
    """Draw all ratios: a row a work, a dot a package, times our time on a log axis."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [work for work in WORKS if any(line["work"] == work.key for line in lines)]
    shown = [name for name in STYLE if any(line["package"] == name for line in lines)]
    figure, axes = pyplot.subplots(figsize=(11, 1.4 + 0.52 * len(rows)), layout="constrained")
    height = {work.key: -place for place, work in enumerate(rows)}
    for name in shown:
        marker, colour = STYLE[name]
        found = [line for line in lines if line["package"] == name and "ours" in line]
        axes.scatter(
            [line["ours"] for line in found],
            [height[line["work"]] for line in found],
            s=110, marker=marker, color=colour, label=name, zorder=3, linewidths=1.5,
            edgecolors="white" if marker not in "x+" else None,
        )  # fmt: skip
    for work in rows:
        out = [
            line["package"]
            for line in lines
            if line["work"] == work.key and line["verdict"] == "disagrees"
        ]
        if out:
            axes.annotate(
                f"sizes disagree: {', '.join(out)}", (1.0, height[work.key]),
                xycoords=("axes fraction", "data"), ha="right", va="center", fontsize=10,
            )  # fmt: skip
    axes.axvline(1.0, color="#222222", lw=2, zorder=2)
    axes.annotate("koubei_sim", (1.07, 0.5), ha="left", va="bottom", fontsize=12, weight="bold")
    axes.set_xscale("log")
    axes.set_yticks(
        list(height.values()), [f"{work.short}, {work.graph}" for work in rows], fontsize=12
    )
    axes.set_ylim(min(height.values()) - 0.6, 1.1)
    axes.set_xlabel("times as long as koubei_sim (CPU time of one cascade, log scale)", fontsize=13)
    axes.tick_params(axis="x", labelsize=12)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axes.grid(axis="x", color="#dddddd", lw=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.legend(
        loc="outside lower center", ncols=min(5, len(shown)), frameon=False, fontsize=12,
    )  # fmt: skip
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


# Hand-written kernels in greys, packages in colours that people with few cones tell apart.
STYLE = {
    "textbook numba": ("D", "#999999"),
    "geometric skip": ("v", "#555555"),
    "CyNetDiff": ("o", "#0072B2"),
    "EoN": ("s", "#E69F00"),
    "NDlib": ("^", "#D55E00"),
    "epiworld": ("P", "#009E73"),
    "Mesa": ("X", "#CC79A7"),
    "mesa-frames": ("p", "#56B4E9"),
}

"""Target 2: the Bass model with people - everybody with everybody, circles, pairs - and its ticks.

The hazard of a person is p + q times the share of its sources that have adopted.  Among
everybody the share of adopters follows the curve of Bass; on a circle and in pairs it has closed
forms too, and every other network lies between the pairs and everybody.  Deciding once a year
instead of at any time is off by 7 to 8 points: the bias of synchronous ticks.
Called by the registry.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from koubei_sim.cascades import Bass, cascade
from koubei_sim.networks import Network, complete, lattice, ring, watts_strogatz
from koubei_sim.theory import bass
from verification.verdict import (
    KEY,
    Check,
    Replication,
    in_band,
    mean_by_z,
    ordered,
    sized,
    texts,
)

TITLE = "Bass diffusion on networks, and what a tick of a year does to it"
SOURCE = "Bass 1969; Fibich and Gibori 2010; Fibich and Levin 2023, arXiv 2312.05450 (bounds)"
YEARS: Final = np.array([1.0, 5.0, 10.0, 15.0, 20.0])
BAND: Final = 0.01
EVERYBODY: Final = 1_000

#: (p, q): printed shares at `YEARS` - everybody, circle, pairs.
_TABLE: Final = {
    (0.03, 0.38): (
        (0.03576, 0.33120, 0.81280, 0.97161, 0.99626),
        (0.03502, 0.24846, 0.55826, 0.78985, 0.91667),
        (0.03440, 0.20672, 0.40557, 0.55876, 0.67301),
    ),
    (0.01, 0.40): (
        (0.01221, 0.14168, 0.59139, 0.91941, 0.98886),
        (0.01192, 0.09442, 0.25435, 0.43916, 0.61296),
        (0.01168, 0.07526, 0.16070, 0.24024, 0.31250),
    ),
    (0.002, 0.40): (
        (0.00246, 0.03115, 0.21393, 0.67355, 0.93914),
        (0.00240, 0.01977, 0.05799, 0.11229, 0.17954),
        (0.00235, 0.01555, 0.03447, 0.05352, 0.07225),
    ),
}
_FORMS: Final = {"everybody": bass.cumulative, "circle": bass.circle, "pairs": bass.two_node}
#: Share at 5, 10, 15, 20 with one decision a year, of another program.
_YEARLY: Final = (0.26218, 0.73080, 0.95312, 0.99340)


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Run the Bass rule in exact time and by ticks."""
    runs = sized(scale, 40, 400)
    graphs = {"everybody": complete(EVERYBODY), "circle": ring(20_000), "pairs": _pairs(20_000)}
    rows: list[Check] = []
    kept: dict[str, NDArray[np.float64]] = {}
    for (p, q), printed in _TABLE.items():
        for (where, form), values in zip(_FORMS.items(), printed):
            theory = form(YEARS, p, q)
            worst = int(np.argmax(np.abs(theory - values)))
            what = f"p = {p:g}, q = {q:g}, {where}"
            rows.append(
                in_band(f"{what}: formula", values[worst], float(theory[worst]), 5.1e-6, "C")
            )
            shares = _shares(graphs[where], Bass(p, q), runs, key)
            kept.setdefault(where, shares.mean(axis=0))
            rows += _against(what, theory, shares, finite=where == "everybody", rates=(p, q))
    rows += _ticks(graphs["everybody"], runs, key)
    rows += _bounds(kept, key)
    return Replication("bass-curves", TITLE, SOURCE, tuple(rows), scale, key, draw=_drawn(kept))


def _against(
    what: str,
    theory: NDArray[np.float64],
    shares: NDArray[np.float64],
    finite: bool,
    rates: tuple[float, float],
) -> list[Check]:
    """Shares at 5, 10 and 20 by the limit, and where everybody is finite by the exact chain."""
    rows = []
    law = birth_chain(EVERYBODY, *rates, YEARS) if finite else theory
    for at in (1, 2, 4):
        year, found = f"{what}: share at {YEARS[at]:g}", shares[:, at]
        rows.append(mean_by_z(year, float(law[at]), found, note="birth chain" if finite else ""))
        if finite:
            # Where the chain is off by half of the band, 1,000 people are too few for the limit.
            few = abs(float(law[at] - theory[at])) > BAND / 2.0
            note = f"the chain of {EVERYBODY:,} people gives {law[at]:.4f}" if few else ""
            mean = float(found.mean())
            rows.append(
                in_band(f"{year}, limit", float(theory[at]), mean, BAND, "C", note, known=few)
            )
    return rows


def birth_chain(n: int, p: float, q: float, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean share of adopters at some times when n people all hear each other, exactly.

    From k adopters the next comes at rate ``(n - k) (p + q k / (n - 1))``.  By uniformisation: as
    many steps as a Poisson clock of the largest rate has ticks, each a step up or none.

    Parameters
    ----------
    n : int
    p, q : float
    times : (T,) array
        Ascending.

    Examples
    --------
    >>> float(birth_chain(2, 0.03, 0.38, np.array([10.0]))[0].round(4))
    0.4056
    """
    adopters = np.arange(n + 1)
    up = (n - adopters) * (p + q * adopters / max(1, n - 1))
    clock = float(up.max())
    chance = up / clock
    law, now, out = np.zeros(n + 1), 0.0, []
    law[0] = 1.0
    for time in times:
        # Poisson weights of an interval of at most 400 expected ticks, against underflow.
        pieces = max(1, int(np.ceil(clock * (time - now) / 400.0)))
        mean = clock * (time - now) / pieces
        for _ in range(pieces):
            weight, total, ticks = np.exp(-mean), np.zeros(n + 1), 0
            step = law
            while ticks < mean or weight > 1e-14:
                total += weight * step
                moved = step * chance
                step = step - moved
                step[1:] += moved[:-1]
                ticks += 1
                weight *= mean / ticks
            law = total
        now = float(time)
        out.append(float(law @ adopters) / n)
    return np.array(out)


def _pairs(n: int) -> Network:
    return Network.from_edges(np.arange(0, n, 2), np.arange(1, n, 2), n=n, directed=False)


def _shares(graph: Network, rule: Bass, runs: int, key: int) -> NDArray[np.float64]:
    """Share of adopters at `YEARS`, one row a run."""
    result = cascade(graph, rule, [], runs, key, record="times", horizon=20.0)
    times = result.outcome.times
    assert times is not None
    return np.column_stack([(times <= year).mean(axis=1) for year in YEARS])


def _ticks(everybody: Network, runs: int, key: int) -> list[Check]:
    """Decisions once a year, and twenty times a year, against recursion and curve."""
    rows = []
    p, q = 0.03, 0.38
    yearly = _shares(everybody, Bass(p, q, 1.0), runs, key).mean(axis=0)
    recursion = bass.discrete(p, q, 1.0, 20)[YEARS.astype(int)]
    for at, other in zip(range(1, 5), _YEARLY):
        year = f"once a year, share at {YEARS[at]:g}"
        rows.append(
            in_band(f"{year}: recursion", float(recursion[at]), float(yearly[at]), BAND, "C")
        )
        rows.append(in_band(f"{year}: other program", other, float(yearly[at]), BAND, "S"))
    bias = 100.0 * float(bass.cumulative(10.0, p, q) - yearly[2])
    rows.append(in_band("once a year: points short of the curve at 10", 8.0, bias, 1.0, "S"))
    often = _shares(everybody, Bass(p, q, 0.05), runs, key).mean(axis=0)
    rows.append(
        in_band(
            "20 times a year, share at 10",
            float(bass.cumulative(10.0, p, q)),
            float(often[2]),
            BAND,
            "C",
            "tolerance of the curve, ticks included",
        )
    )
    euler = bass.discrete(p, q, 1.0, 10, euler=True)[-1]
    rows.append(
        in_band("Euler by years, share at 10", 0.78264, float(euler), 5.1e-6, "C", "theory")
    )
    return rows


def _bounds(kept: dict[str, NDArray[np.float64]], key: int) -> list[Check]:
    """Every network lies between pairs and everybody; a grid and a small world above the circle."""
    rule = Bass(0.03, 0.38)
    for where, graph in (
        ("small world", watts_strogatz(20_000, 4, 0.1, key=key)),
        ("grid", lattice(141, 141, moore=False, wrap=True)),
    ):
        kept[where] = _shares(graph, rule, 4, key).mean(axis=0)
    rows = []
    for where in ("small world", "grid"):
        order = ("pairs", "circle", where, "everybody")
        values = np.array([kept[name][1:4] for name in order])
        good = bool((np.diff(values, axis=0) > 0).all())
        rows.append(
            ordered(
                f"shares at 5, 10, 15: {where}",
                "pairs < circle < it < everybody",
                texts([float(v) for v in values[:, 1]], "{:.3f}", " < "),
                good,
                "R",
            )
        )
    return rows


def _drawn(kept: dict[str, NDArray[np.float64]]) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.plots.style import GREY, PALETTE, label_ends

        grid = np.linspace(0.0, 20.0, 101)
        ends = []
        for (where, shares), colour in zip(kept.items(), PALETTE):
            if where in _FORMS:
                ax.plot(grid, _FORMS[where](grid, 0.03, 0.38), color=colour, lw=1.5)
            else:
                ax.plot(YEARS, shares, color=GREY, lw=0.8, ls=":")
            ax.plot(YEARS, shares, color=colour, ls="none", marker="o", ms=5)
            ends.append((20.0, float(shares[-1]), where, colour))
        ax.set_xlim(0, 20)
        ax.set_ylim(0, 1.03)
        ax.set_title("Bass diffusion on networks, p = .03, q = .38")
        ax.set_xlabel("years (lines: formula, dots: simulated)")
        ax.set_ylabel("share of adopters")
        label_ends(ax, ends)

    return draw

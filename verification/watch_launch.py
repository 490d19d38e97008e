"""The watch launched in chat groups: three reported numbers, two fitted, one left to fail.

Ten posts stand in groups of g people; a reader shares on into its other group with one chance and
orders with another.  The first is fitted to the shares and the second to the orders of eleven
hours, so one number is left: how many groups the story reached.  It is asked for all sizes of a
group and for all numbers of groups that there may be.  Without overlap it needs no run at all: each
share reaches one more group, so 3,000 shares reach 3,010.
Called by the registry.  The assumptions beside (who opens a group, open or closed circles) are
varied in experiments/watch_launch.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

import koubei_sim as kb
from verification.verdict import (
    KEY,
    Check,
    Replication,
    in_band,
    mean_by_z,
    ordered,
    reported,
    sized,
)

TITLE = "A watch launched in chat groups: the number of groups is left to fail"
SOURCE = "10 posts, about 100 groups, over 3,000 shares, 18,698 orders in 11 hours (press report)"
POSTS, GROUPS, SHARES, ORDERS, HOURS = 10, 100, 3_000, 18_698, 11
NEAR: Final = 1.0  # doublings: a prediction within a factor of two is met
OPENS: Final = 0.8  # of the members open a group at all, half of those within an hour
FITTED: Final = 6  # replicates
HALVINGS: Final = 7
QUICK: Final = ((100, 1_000), (200, 100), (500, 100), (500, 300), (500, 1_000))
SIZES: Final = (50, 100, 150, 200, 300, 500)
THERE: Final = (100, 200, 300, 1_000, 3_000)


class Cell(NamedTuple):
    """What is predicted where groups have one size and so many are there."""

    size: int
    there: int
    share: float  # chance fitted to the shares; NaN where no chance gives so many
    order: float  # chance fitted to the orders; above 1 where there are too few readers
    groups: tuple[float, float, float]  # reached: median, 5 and 95 % quantiles

    @property
    def doublings(self) -> float:
        """Of the reported groups that lead to those predicted."""
        return float(np.log2(self.groups[0] / GROUPS))

    @property
    def met(self) -> bool:
        """Whether all three numbers are met by chances that can be."""
        return abs(self.doublings) <= NEAR and self.order <= 1.0


def run(scale: str = "quick", key: int = KEY) -> Replication:
    """Fit two chances to two numbers, and predict the third."""
    runs = sized(scale, 20, 200)
    wanted = [(g, n) for g in SIZES for n in THERE] if scale == "full" else list(QUICK)
    cells = [_cell(g, n, runs, key) for g, n in wanted]
    rows: list[Check] = [_no_overlap(sized(scale, 200, 2_000), key)]
    rows.append(
        in_band(
            "doublings from 100 groups to those reached, no overlap",
            0.0,
            float(np.log2((POSTS + SHARES) / GROUPS)),
            NEAR,
            "R",
            "each share reaches one more group, whatever g and the two chances: 3,010",
            known=True,
        )
    )
    for cell in cells:
        rows += _beside(cell)
    met = [f"{cell.size} x {cell.there}" for cell in cells if cell.met]
    apart = [cell for cell in cells if cell.there >= 3 * GROUPS]
    rows.append(
        ordered(
            "sizes x groups there are at which all three numbers are met",
            "only where there are hardly any other groups",
            ", ".join(met) or "none",
            not any(cell.met for cell in apart),
            "C",
            "the story is refused but where the reported number is all there are",
        )
    )
    return Replication("watch-launch", TITLE, SOURCE, tuple(rows), scale, key, draw=_drawn(cells))


def _waiting() -> list[float]:
    left = 0.5 ** np.arange(HOURS + 1)
    return [float(chance) for chance in OPENS * (left[:-1] - left[1:])]


def _launched(
    table: kb.Groups, share: float, runs: int, key: int, hours: int = HOURS
) -> kb.GroupLaunch:
    return kb.group_launch(
        table, POSTS, order=0.0, share=share, waiting=_waiting(), hours=hours, replicates=runs,
        rng=key, threads=1,
    )  # fmt: skip


def _table(size: int, there: int, key: int) -> kb.Groups:
    """Everybody in two groups on average; who is in one cannot share it on."""
    return kb.random_groups(size * there // 2, 2.0, key, least=size, most=size, exponent=0.0)


def _cell(size: int, there: int, runs: int, key: int) -> Cell:
    table = _table(size, there, key)

    def shares_at(chance: float) -> float:
        return float(np.median(_launched(table, chance, FITTED, key + 1).shares.sum(axis=1)))

    # From where a share would bring half a share, doubled until they are enough, then halved.
    high = 0.5 / (size * OPENS)
    while shares_at(high) < SHARES:
        if high >= 1.0:
            return Cell(size, there, np.nan, np.nan, (np.nan,) * 3)
        high = min(1.0, 2.0 * high)
    low = 0.5 * high
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if shares_at(middle) < SHARES else (low, middle)
    share = 0.5 * (low + high)
    found = _launched(table, share, runs, key + 2)
    readers = float(np.median(found.readers.sum(axis=1)))
    q = np.quantile(found.groups.sum(axis=1), (0.5, 0.05, 0.95))
    return Cell(size, there, share, ORDERS / readers, (q[0], q[1], q[2]))


def _beside(cell: Cell) -> list[Check]:
    name = f"{cell.there:,} groups of {cell.size}"
    if not np.isfinite(cell.share):
        return [reported(f"{name}: 3,000 shares", "by no chance to share", "", "C")]
    middle, low, high = cell.groups
    possible = "possible" if cell.order <= 1.0 else "impossible: too few readers"
    return [
        in_band(
            f"{name}: doublings from 100 to those reached",
            0.0,
            cell.doublings,
            NEAR,
            "R",
            f"{middle:,.0f} reached ({low:,.0f} .. {high:,.0f})",
            known=True,
        ),
        reported(f"{name}: chance that a reader orders", cell.order, None, "", possible),
    ]


def _no_overlap(runs: int, key: int) -> Check:
    """Shares of a story that dies out among groups that hardly overlap: a branching process."""
    size, share = 50, 0.5 / (49 * OPENS)
    found = _launched(_table(size, 5_000, key + 3), share, runs, key + 4, hours=60)
    opened = sum(_waiting())
    r = (size - 1) * opened * share
    expected = POSTS * size * opened * share * (1.0 - ALONE) / (1.0 - r * (1.0 - ALONE))
    return mean_by_z(
        "groups of 50 without overlap: shares, branching process",
        expected,
        found.shares.sum(axis=1),
        "C",
        "members drawn at random: some are in one group only and share nothing",
    )


#: Chance that a member of a group is in no other: number of the others is Poisson with mean 2.
ALONE: Final = float(np.exp(-2.0))


def _drawn(cells: list[Cell]) -> Any:
    def draw(ax: Any) -> None:
        from koubei_sim.plots.style import BLUE, GREY, ORANGE, RED

        for possible, colour, word in ((True, BLUE, "orders possible"),
                                       (False, RED, "more orders than readers")):  # fmt: skip
            part = [c for c in cells if np.isfinite(c.share) and (c.order <= 1.0) == possible]
            if not part:
                continue
            middle, low, high = np.array([c.groups for c in part]).T
            ax.errorbar([c.there for c in part], middle, yerr=[middle - low, high - middle],
                        color=colour, fmt="o", ms=5, label=word)  # fmt: skip
            for c in part:
                ax.annotate(f" {c.size}", (c.there, c.groups[0]), fontsize=8, color=GREY)
        ax.axhspan(GROUPS / 2, GROUPS * 2, color=ORANGE, alpha=0.2, lw=0)
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.legend(frameon=False)
        ax.set_title("Groups reached by 3,000 shares")
        ax.set_xlabel("groups there are (numbers: people in each; band: reported)")
        ax.set_ylabel("groups reached, 5 to 95 %")

    return draw

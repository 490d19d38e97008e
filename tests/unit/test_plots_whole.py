"""Labels of all figures are whole: in the figure, off each other, at any size, in both languages.

What is measured is what matplotlib draws: every text, with the box that it has when it is drawn.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from tests import gallery

from koubei_sim import plots
from koubei_sim.plots import style

SIZES = (*gallery.SIZES, None)
CASES = list(itertools.product(gallery.FIGURES, SIZES, ("en", "zh")))
#: One case of each figure; all of them together see each size and language several times.
QUICK = [(name, SIZES[k % 4], ("en", "zh")[(k // 2) % 2]) for k, name in enumerate(gallery.FIGURES)]
CHINESE = pytest.mark.skipif(style.chinese_font() is None, reason="needs a Chinese font")


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    plt.close("all")


def named(case: tuple[str, Any, str]) -> str:
    name, size, lang = case
    return f"{name}-{'own' if size is None else size[0]}-{lang}"


def texts(figure: Any) -> list[tuple[str, Any]]:
    """Draw, and return every text that was drawn with its box in pixels."""
    found: list[tuple[str, Any]] = []
    draw = Text.draw

    def noting(self: Text, renderer: Any) -> None:
        if self.get_visible() and self.get_text().strip():
            found.append((self.get_text(), Text.get_window_extent(self, renderer)))
        draw(self, renderer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", noting)
        figure.draw_without_rendering()
    return found


def faults(figure: Any) -> list[str]:
    """Return what is cut, and what lies on something else."""
    found, edge = texts(figure), figure.bbox
    said = [
        f"cut: {words!r}"
        for words, box in found
        if box.x0 < edge.x0 - 0.5 or box.x1 > edge.x1 + 0.5
        or box.y0 < edge.y0 - 0.5 or box.y1 > edge.y1 + 0.5
    ]  # fmt: skip
    for (one, a), (other, b) in itertools.combinations(found, 2):
        wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        if wide > 1.0 and high > 1.0:
            said.append(f"on each other: {one!r}, {other!r}")
    return said


def check(name: str, size: Any, lang: str) -> None:
    figure = gallery.drawn(name, size, lang)
    assert not faults(figure)
    title = figure.axes[0].get_title(loc="left")
    assert any(ord(sign) > 0x2E00 for sign in title) == (lang == "zh" and "claim" not in name)


@CHINESE
@pytest.mark.sampled(3)
@pytest.mark.parametrize("case", QUICK, ids=named)
def test_labels_are_whole(case: tuple[str, Any, str]) -> None:
    """Catches labels cut at the edge of a figure, and labels on each other."""
    check(*case)


@pytest.mark.slow
@CHINESE
@pytest.mark.parametrize("case", [case for case in CASES if case not in QUICK], ids=named)
def test_labels_are_whole_at_every_size(case: tuple[str, Any, str]) -> None:
    """Catches what one size or language of a figure gets wrong."""
    check(*case)


@pytest.mark.parametrize("name", ["E1", "E3"])
def test_the_figure_of_a_claim_is_whole(name: str) -> None:
    """Catches labels of the worlds under the title of the ladder."""
    assert not faults(plots.claim(gallery.verdict(name)))


def test_every_figure_is_measured() -> None:
    """Catches a new figure that no test has looked at."""
    others = {"FIGURES", "save_all", "drawing", "claim"}
    assert {name.partition("-")[0] for name in gallery.FIGURES} == set(plots.__all__) - others


def test_the_measure_sees_what_is_wrong() -> None:
    """Catches a measure that finds every figure whole."""
    figure = Figure((3.0, 2.0))
    ax = figure.subplots()
    ax.set_ylabel("a long name of the axis that has no room")
    ax.text(0.5, 0.5, "one")
    ax.text(0.5, 0.5, "two")
    said = " ".join(faults(figure))
    assert "cut: 'a long name" in said
    assert "on each other: 'one', 'two'" in said


def test_every_figure_takes_and_gives_the_same() -> None:
    """Catches a figure without `ax` or `lang`, without types, or that gives something else."""
    for name in {name.partition("-")[0] for name in gallery.FIGURES} | {"claim"}:
        draw = getattr(plots, name)
        signature = inspect.signature(draw)
        assert all(
            each.annotation != inspect.Parameter.empty for each in signature.parameters.values()
        )
        assert signature.parameters["lang"].default == "en"
        assert signature.parameters["lang"].annotation == "Lang"
        if name != "claim":  # which draws two sets of axes
            assert signature.parameters["ax"].default is None
            assert signature.parameters["ax"].annotation == "Axes | None"
            assert signature.return_annotation == "Axes"
    for name, draw in gallery.FIGURES.items():
        if name in ("growth", "heatmap", "activation_tree", "tornado-morris"):
            ax = plt.subplots()[1]
            assert draw(ax, "en") is ax


def test_a_person_may_change_the_figure_afterwards() -> None:
    """Catches a layout that takes back titles, sizes, margins and layouts of the person."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
    gallery.FIGURES["growth"](left, "en")
    gallery.FIGURES["tornado-morris"](right, "en")
    figure.canvas.draw()
    assert not faults(figure)
    left.set_title("My own words, which are long enough to be broken here", loc="left")
    right.set_ylabel("parameters", fontsize=15)
    figure.canvas.draw()
    assert left.get_title(loc="left").replace("\n", " ").startswith("My own words, which are")
    assert right.yaxis.label.get_fontsize() == 15
    figure.subplots_adjust(left=0.3)
    figure.canvas.draw()
    assert left.get_position().x0 == pytest.approx(0.3)
    figure.tight_layout()
    figure.canvas.draw()
    left.clear()
    left.plot([1, 2])
    right.remove()
    figure.canvas.draw()
    figure.set_size_inches(3, 2)
    figure.canvas.draw()


def test_a_resized_figure_is_whole_again() -> None:
    """Catches labels that were placed once, for the size that the figure had."""
    for name in ("channels-preset", "stages-preset", "tornado-sobol"):
        figure = gallery.drawn(name, (12.0, 7.0), "en")
        assert not faults(figure)
        figure.set_size_inches(4.0, 3.0)
        assert not faults(figure)

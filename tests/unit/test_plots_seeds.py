"""The figure of seeds: the numbers of the choice on it, both languages, small choices."""

from __future__ import annotations

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from koubei_sim import plots
from koubei_sim.errors import KoubeiError
from koubei_sim.plots import seeds, style
from koubei_sim.seeding import Reach

FOUND = SimpleNamespace(
    curve=np.array([2.0, 30.0, 45.0, 52.0]), reach=Reach(52.0, 48.0, 57.0), at_most=60.0, ratio=0.8
)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def _texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_the_curve_its_bounds_and_the_bound_are_drawn():
    """Catches a curve that begins at one seed, and bounds that are drawn the wrong way."""
    ax = plots.seeds_curve(FOUND)
    x, y = ax.lines[0].get_data()
    assert (x.tolist(), y.tolist()) == ([0, 1, 2, 3], FOUND.curve.tolist())
    (bar,) = ax.containers[0].lines[2]
    np.testing.assert_allclose(bar.get_segments()[0], [(3, 48.0), (3, 57.0)])
    dashed = next(line for line in ax.lines if line.get_linestyle() == "--")
    assert set(dashed.get_ydata()) == {60.0}
    assert {"these 3: 52", "any choice: at most 60"} <= set(_texts(ax))
    assert any(text.startswith("80.0% of the best is proven") for text in _texts(ax))
    assert ax.get_ylim()[0] == 0 < 60 < ax.get_ylim()[1]


def test_small_choices_and_seeds_who_count_themselves():
    """Catches a figure that needs seeds, and an estimate below what is sure."""
    none = SimpleNamespace(curve=np.zeros(1), reach=Reach(0.0, 0.0, 0.0), at_most=0.0, ratio=1.0)
    sure = SimpleNamespace(
        curve=np.array([0.0, 0.9]), reach=Reach(0.9, 1.0, 1.2), at_most=1.2, ratio=0.9
    )
    for found in (none, sure):
        plots.seeds_curve(found).figure.canvas.draw()


def test_another_result_is_refused():
    """Catches a traceback for what has no proven bound, such as rankings."""
    with pytest.raises(KoubeiError, match="draws a choice of seeds, got ndarray, try what kb"):
        plots.seeds_curve(np.arange(3))


def test_words_exist_in_both_languages(monkeypatch):
    """Catches a label in one language only."""
    for english, chinese in seeds._WORDS.values():
        assert english.isascii()
        assert any(ord(sign) > 0x2E00 for sign in chinese)
    monkeypatch.setattr(style, "chinese_font", lambda: "DejaVu Sans")
    ax = plots.seeds_curve(FOUND, lang="zh")
    assert ax.get_title(loc="left") == "种子人数与预期触达"
    assert "所选3人:52" in _texts(ax)

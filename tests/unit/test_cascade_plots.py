"""Figures of cascades: the right numbers on them, all people of a tree, both languages."""

from __future__ import annotations

import importlib.util
import string
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from koubei_sim import plots
from koubei_sim.errors import KoubeiError
from koubei_sim.plots import cascades, style


def _logs():
    if "koubei_cascade_logs" not in sys.modules:
        path = Path(__file__).resolve().parents[1] / "cascade_logs.py"
        spec = importlib.util.spec_from_file_location("koubei_cascade_logs", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["koubei_cascade_logs"] = module
        spec.loader.exec_module(module)
    return sys.modules["koubei_cascade_logs"]


logs = _logs()


@pytest.fixture(scope="module")
def result():
    return logs.made(replicates=30)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def _texts(ax):
    return [text.get_text() for text in ax.texts]


def test_sizes_fall_from_one_and_meet_the_theory(result):
    """Catches a distribution drawn from the wrong end, and a theory at other sizes."""
    asked = []
    ax = plots.cascade_sizes(result, theory=lambda s: asked.append(s) or 1.0 / s)
    x, y = ax.lines[0].get_data()
    assert y[0] == 1.0
    for size, share in zip(x, y):
        assert share == pytest.approx((result.sizes >= size).mean())
    assert (asked[0] == np.rint(asked[0])).all()
    assert (asked[0][0], asked[0][-1]) == (result.sizes.min(), result.sizes.max())
    assert {"simulated", "theory"} <= set(_texts(ax))
    # Between two sizes the share of at least s is that of the larger.
    assert ax.lines[0].get_drawstyle() == "steps-pre"


def test_curves_are_means_of_the_replicates(result):
    """Catches new activations drawn as the curve, and one kind drawn as another."""
    ax = plots.cascade_curve(result)
    np.testing.assert_allclose(
        ax.lines[0].get_ydata(), result.outcome.curve[:, 0].cumsum(axis=1).mean(axis=0)
    )
    assert ax.get_xlabel() == "step"
    removed = np.zeros((30, result.outcome.time.size), np.int64)
    removed[:, 1] = 3
    sick = replace(result, outcome=replace(result.outcome, removed=removed), steps=False)
    ax = plots.cascade_curve(sick, what="prevalence")
    np.testing.assert_allclose(ax.lines[0].get_ydata(), sick.prevalence.mean("replicate"))
    assert ax.get_xlabel() == "time"
    with pytest.raises(
        KoubeiError, match="what: unknown, got 'new', allowed 'curve', 'prevalence'"
    ):
        plots.cascade_curve(result, what="new")


def test_generations_show_sizes_and_numbers(result):
    """Catches bars of other generations, and a number on the wrong bar."""
    table = result.generations()
    ax = plots.cascade_generations(result)
    heights = [bar.get_height() for bar in ax.patches]
    np.testing.assert_allclose(heights, table["mean"][: len(heights)])
    numbers = {text.xy[0]: text.get_text() for text in ax.texts if hasattr(text, "xy")}
    for generation, number in numbers.items():
        assert number == f"{table['R'][generation]:.2f}"
    few = table.index[table["reached"] * 30 < 10]
    assert few.size
    assert not set(few) & set(numbers)


def test_the_histogram_of_people_counts_everybody(result):
    """Catches people lost at 0 or at 1."""
    ax = plots.cascade_probability(result)
    assert sum(bar.get_height() for bar in ax.patches) == 60
    share = np.unique(result.probability, return_counts=True)
    bars = {bar.get_x() + bar.get_width() / 2: bar.get_height() for bar in ax.patches}
    bars = {middle: high for middle, high in bars.items() if high}
    np.testing.assert_allclose(sorted(bars), share[0])  # one bar a share, none split in two
    np.testing.assert_array_equal([bars[middle] for middle in sorted(bars)], share[1])
    few = plots.cascade_probability(result, bins=4)
    assert sum(bar.get_height() for bar in few.patches) == 60 and len(few.patches) <= 4
    always = int((result.probability == 1).sum())
    assert any(f"{always} always" in text for text in _texts(ax))


def test_the_tree_has_every_person_and_edge(result):
    """Catches lost people, edges to people who are not drawn, and trees of other replicates."""
    shapes = result.trees(9)
    largest = shapes.loc[shapes["size"].idxmax()]
    for root, size in ((None, largest["size"]), (int(largest["root"]), largest["size"])):
        ax = plots.activation_tree(result, root, replicate=9)
        assert _drawn(ax) == (size, size - 1)
        assert any(f"{largest['virality']:.1f}" in text for text in _texts(ax))
    ax = plots.activation_tree(result, replicate=9, most=5)
    assert _drawn(ax) == (5, 4)
    assert any("first 5 shown" in text for text in _texts(ax))
    with pytest.raises(KoubeiError, match=r"root: no such person, got 999, allowed 0\.\.59"):
        plots.activation_tree(result, 999, replicate=9)
    with pytest.raises(KoubeiError, match="replicate: not in the result"):
        plots.activation_tree(result, replicate=0)


def _drawn(ax):
    points = sum(len(c.get_offsets()) for c in ax.collections if hasattr(c, "get_sizes"))
    lines = next(c for c in ax.collections if hasattr(c, "get_segments"))
    return points, len(lines.get_segments())


def test_without_a_number_the_largest_drawable_replicate_is_taken(result):
    """Catches a tree of half a million dots by default."""
    most = int(np.median(result.sizes))
    ax = plots.activation_tree(result, most=most)
    fit = result.sizes[result.sizes <= most].max()
    wanted = 5 + int(np.flatnonzero(result.sizes == fit)[0])
    assert any(text.startswith(f"replicate {wanted}:") for text in _texts(ax))
    ax = plots.activation_tree(result, most=1)
    smallest = 5 + int(np.argmin(result.sizes))
    assert any(text.startswith(f"replicate {smallest}:") for text in _texts(ax))


def test_kinds_have_their_colours_and_names():
    """Catches the colour of one brand on the people of the other."""
    found = logs.made(replicates=1)
    log = found.activations
    log = log._replace(kind=(log.person % 2).astype(np.int8))
    outcome = logs.outcome_of(log, found.outcome.replicates, 60)
    ax = plots.activation_tree(logs.result_of(outcome, 60, kind_names=("mi", "rival")))
    ax.figure.canvas.draw()
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["root", "mi", "rival"]
    for kind, handle in enumerate(legend.legend_handles[1:]):
        assert handle.get_markerfacecolor() == style.PALETTE[kind]
    assert len(plots.cascade_curve(logs.result_of(outcome, 60)).lines) == 2


def test_small_results_can_be_drawn():
    """Catches figures that need spread, several replicates, or anybody active at all."""
    one = logs.made(replicates=1, n=1, seeds=1)
    nobody = logs.result_of(logs.outcome_of(logs.log_of(), np.arange(2), 5), 5)
    for found in (one, nobody):
        for draw in (
            plots.cascade_sizes,
            plots.cascade_curve,
            plots.cascade_generations,
            plots.cascade_probability,
        ):
            draw(found).figure.canvas.draw()
    plots.activation_tree(one).figure.canvas.draw()
    with pytest.raises(KoubeiError, match="nobody became active"):
        plots.activation_tree(nobody)


def test_words_exist_in_both_languages(result, monkeypatch):
    """Catches a label in one language only, or with other values put in."""
    for word, (english, chinese) in cascades._WORDS.items():
        names = [{f for _, f, _, _ in string.Formatter().parse(t) if f} for t in (english, chinese)]
        assert names[0] == names[1], word
        assert any(ord(sign) > 0x2E00 for sign in chinese), word
    monkeypatch.setattr(style, "chinese_font", lambda: "DejaVu Sans")
    assert plots.cascade_sizes(result, lang="zh").get_title(loc="left") == "传播规模的分布"


def test_settings_of_the_person_are_untouched(result):
    """Catches a figure that changes matplotlib for everything drawn after it."""
    before = dict(mpl.rcParams)
    plots.cascade_sizes(result)
    plots.cascade_generations(result)
    assert dict(mpl.rcParams) == before

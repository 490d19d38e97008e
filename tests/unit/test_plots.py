"""Figures: the right numbers on them, the person's settings left alone, files whole."""

from __future__ import annotations

import importlib.util
import itertools
import shutil
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from koubei_sim import metrics, plots
from koubei_sim.core.codes import STAGES
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import Scenario
from koubei_sim.plots import style, words
from koubei_sim.runs import simulate
from koubei_sim.runs.result import Result


def _synthetic():
    if "koubei_synthetic" not in sys.modules:
        path = Path(__file__).resolve().parents[1] / "synthetic.py"
        spec = importlib.util.spec_from_file_location("koubei_synthetic", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["koubei_synthetic"] = module
        spec.loader.exec_module(module)
    return sys.modules["koubei_synthetic"]


synthetic = _synthetic()


@pytest.fixture(scope="module")
def result():
    scenario = Scenario().replace(
        n_agents=3000,
        ticks=100,
        start_date="2010-08-16",
        people_per_agent=100.0,
        milestones=[
            {"date": "2010-09-16", "count": 9000, "label": "a"},
            {"date": "2010-10-16", "count": 300_001, "label": "more than there are people"},
            {"date": "2019-01-01", "count": 10**9, "label": "outside"},
        ],
    )
    return Result(scenario, 7, "compiled", [synthetic.growing(k, ticks=100) for k in range(3)])


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def _texts(ax):
    return [text.get_text() for text in ax.texts]


def test_pyramid_shows_the_numbers_of_the_result(result):
    """Catches a wrong tier on a line, a lost scale, milestones outside run or market."""
    ax = plots.pyramid(result)
    assert ax.get_yscale() == "log"
    expected = {
        "users": np.median([metrics.users(h)[-1] for h in result.histories]) * 100,
        "loyal and above": np.median([metrics.loyal_and_above(h)[-1] for h in result.histories])
        * 100,
        "die-hard and core": np.median([metrics.die_hard_and_core(h)[-1] for h in result.histories])
        * 100,
    }
    curves = [line for line in ax.lines if len(line.get_xdata()) == 100]
    found = sorted(float(line.get_ydata()[-1]) for line in curves)
    np.testing.assert_allclose(found, sorted(expected.values()))
    assert set(expected) <= set(_texts(ax))
    markers = [line for line in ax.lines if line.get_marker() == "o"]
    assert [float(y) for y in markers[0].get_ydata()] == [9000.0]


def _middle(result):
    """The replicate with the median number of adoptions; all of these take off."""
    assert all(metrics.took_off(h) for h in result.histories)
    total = [metrics.adoptions(h).sum() for h in result.histories]
    return sorted(range(len(total)), key=lambda k: (total[k], k))[(len(total) - 1) // 2]


def _threads(ax):
    return [c for c in ax.collections if hasattr(c, "get_segments")]


def test_channels_end_at_all_adoptions(result):
    """Catches channels under each other's name, and a bold line that no replicate has."""
    ax = plots.channels(result)
    ends = {line.get_color(): float(line.get_ydata()[-1]) for line in ax.lines}
    table = metrics.block(result.histories[_middle(result)], "adoptions_channel").sum(axis=0)
    for number, name in enumerate(result.scenario.channels):
        assert ends[style.PALETTE[number]] == pytest.approx(100 * table[number])
        label = next(text for text in ax.texts if text.get_text() == name)
        assert label.get_color() == style.PALETTE[number]
    assert [len(each.get_segments()) for each in _threads(ax)] == [3] * len(ends)


def test_growth_is_bold_where_a_replicate_is(result):
    """Catches means and medians of each week: waves that no replicate has."""
    ax = plots.growth(result)
    came = [metrics.adoptions(h)[:98].reshape(14, 7).sum(axis=1) * 100 for h in result.histories]
    bold = ax.lines[0].get_ydata()
    np.testing.assert_allclose(bold, came[_middle(result)])
    assert not np.allclose(bold, np.median(came, axis=0))
    thin = [path[:, 1] for path in _threads(ax)[0].get_segments()]
    np.testing.assert_allclose(thin, came)


def test_the_hurdle_is_said_with_its_interval(result):
    """Catches a figure that hides replicates in which nothing happened, or counts them wrong."""
    dead = synthetic.history_of([(-1, 0, -1)], ticks=100)
    some = Result(result.scenario, 7, "compiled", [dead, *result.histories])
    low, high = metrics.wilson(3, 4)
    for draw in (plots.pyramid, plots.growth, plots.channels, plots.stages):
        (note,) = [text for text in _texts(draw(some)) if "took off" in text and "4" in text]
        assert f"took off: 3 of 4 (chance {100 * low:.0f}-{100 * high:.0f} %)" in note
    # The dead replicate is not the median of those that took off.
    growth = plots.growth(some)
    np.testing.assert_allclose(
        growth.lines[0].get_ydata(), plots.growth(result).lines[0].get_ydata()
    )
    alone = Result(result.scenario, 7, "compiled", result.histories[:1])
    assert not any("took off" in text for text in _texts(plots.growth(alone)))


def test_reported_counts_are_named(result):
    """Catches circles of which nobody knows what was counted."""
    ax = plots.pyramid(result)
    assert "9,000 a" in _texts(ax)
    assert any("circles: counts reported" in text for text in _texts(ax))


def test_every_stage_that_is_seen_has_its_name(result):
    """Catches areas without a name, and a name at the height of another area."""
    ax = plots.stages(result)
    ax.figure.canvas.draw()
    count = metrics.block(result.histories[_middle(result)], "stage")
    share = count / count.sum(axis=1, keepdims=True)
    order = [stage for stage in (3, 2, 1, 4, 5, 6, 0) if share[:, stage].max() >= 0.004]
    assert len(order) > 2
    names = [words.say(STAGES[stage], "en") for stage in order]
    heights = {t.get_text(): t.xy[1] for t in ax.texts if t.get_text() in names}
    assert sorted(heights, key=heights.__getitem__) == names
    assert heights["users"] == pytest.approx(share[-1, 3] / 2, abs=0.05)


def test_cohorts_are_named_at_the_ends_of_their_lines(result):
    """Catches names at the edge of the figure, far from short lines."""
    ax = plots.retention(result)
    named = {t.get_color(): t for t in ax.texts if t.get_text().startswith("from day")}
    assert len(named) == len(ax.lines) > 2
    for line in ax.lines:
        text = named[line.get_color()]
        assert text.xy == (line.get_xdata()[-1], line.get_ydata()[-1])


def test_the_legend_of_a_tree_has_its_channels(result):
    """Catches a tree whose colours are not explained, or under the name of another channel."""
    ax = plots.cascade_tree(result)
    ax.figure.canvas.draw()
    drawn = {tuple(c.get_facecolor()[0]) for c in ax.collections if hasattr(c, "get_sizes")}
    legend = ax.get_legend()
    for text, handle in zip(legend.get_texts()[1:], legend.legend_handles[1:]):
        number = list(result.scenario.channels).index(text.get_text())
        assert handle.get_markerfacecolor() == style.PALETTE[number]
        assert mpl.colors.to_rgba(style.PALETTE[number]) in drawn
    assert legend.get_texts()[0].get_text() in ("seed", "root")


def test_reproduction_says_its_window(result):
    """Catches a note about thirty days under any window, and means that are medians."""
    texts = _texts(plots.reproduction(result, window=12))
    assert any("followed for 12 days" in t and "median" in t for t in texts)


def test_forest_is_a_decreasing_tail_from_one(result):
    """Catches a cumulative distribution drawn from the wrong end."""
    ax = plots.forest(result)
    x, y = ax.lines[0].get_data()
    assert (x[0], y[0]) == (1, 1.0)
    assert (np.diff(y) < 0).all()
    sizes = np.concatenate(
        [metrics.trees(metrics.recruitment_forest(h)).size for h in result.histories]
    )
    assert y[-1] == pytest.approx((sizes == sizes.max()).mean())


@pytest.mark.parametrize("layout", ["radial", "spring"])
def test_cascade_tree_draws_every_person_of_the_tree(result, layout):
    """Catches lost people or edges, and a cut that leaves children without parents."""
    found = metrics.trees(metrics.recruitment_forest(result.histories[0]))
    size = int(min(found.size.max(), 80))
    ax = plots.cascade_tree(result, most=80, layout=layout)
    points = sum(
        len(c.get_offsets())
        for c in ax.collections
        if len(c.get_offsets()) and hasattr(c, "get_sizes")
    )
    lines = next(c for c in ax.collections if hasattr(c, "get_segments"))
    assert points == size
    assert len(lines.get_segments()) == size - 1


@pytest.mark.parametrize("ticks", [1, 9])
def test_a_tree_of_few_people_has_room(ticks):
    """Catches axes of no width, where all people of a tree lie in one line."""
    few = simulate.run("tiny", rng=3, ticks=ticks)
    ax = plots.cascade_tree(few, layout="radial")
    ax.figure.canvas.draw()
    box = ax.get_window_extent()
    plt.close(ax.figure)
    assert box.width == pytest.approx(box.height) and box.width > 100


def test_wrong_trees_are_refused(result):
    """Catches tracebacks for a root that is none."""
    with pytest.raises(KoubeiError, match="not the root of a tree"):
        plots.cascade_tree(result, root=10**6)
    with pytest.raises(KoubeiError, match=r"replicate: out of range, got 3, allowed 0\.\.2"):
        plots.cascade_tree(result, replicate=3)
    with pytest.raises(KoubeiError, match="unknown product"):
        plots.product(result, which="phone")


def test_settings_of_the_person_are_untouched(result):
    """Catches a figure that changes matplotlib for everything drawn after it."""
    before = dict(mpl.rcParams)
    plots.pyramid(result)
    plots.retention(result)
    assert dict(mpl.rcParams) == before


def test_labels_at_the_ends_do_not_overlap():
    """Catches labels on top of each other where lines end together, or far from their line."""
    figure, ax = plt.subplots()
    ax.set_ylim(0, 1)
    style.label_ends(
        ax, [(1, 0.99, str(k), "black") for k in range(5)] + [(1, 0.1, "low", "black")]
    )
    figure.canvas.draw()
    boxes = sorted((text.get_window_extent() for text in ax.texts), key=lambda box: box.y0)
    assert all(low.y1 <= high.y0 for low, high in itertools.pairwise(boxes))
    assert boxes[-1].y1 <= ax.get_window_extent().y1 + 0.5
    assert next(t for t in ax.texts if t.get_text() == "low").xy[1] == pytest.approx(0.1)


def test_a_font_installed_since_is_found(tmp_path, monkeypatch):
    """Catches English labels for ever, because matplotlib once noted that there was no font."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    of = next(font.fname for font in manager.ttflist if font.name == "STIXGeneral")
    others = [font for font in manager.ttflist if font.name != "STIXGeneral"]
    monkeypatch.setattr(manager, "ttflist", others)
    monkeypatch.setattr(
        font_manager, "findSystemFonts", lambda: [str(f) for f in tmp_path.iterdir()]
    )
    monkeypatch.setattr(style, "CHINESE_FONTS", ("STIXGeneral",))
    monkeypatch.setattr(style, "_LOOKED_AT", set())
    assert style.chinese_font() is None
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    shutil.copy(of, tmp_path / "installed.ttf")
    assert style.chinese_font() == "STIXGeneral"
    (tmp_path / "installed.ttf").unlink()  # and taken away again
    assert style.chinese_font() is None


def test_chinese_falls_back_with_one_line(result, monkeypatch, capsys):
    """Catches boxes instead of signs, and a warning for every figure."""
    monkeypatch.setattr(style, "chinese_font", lambda: None)
    style._warn_once.cache_clear()
    ax = plots.growth(result, lang="zh")
    plots.stages(result, lang="zh")
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "no Chinese font found" in said
    assert ax.get_title(loc="left") == "New users and leavers per week"
    monkeypatch.setattr(style, "chinese_font", lambda: "DejaVu Sans")
    assert plots.growth(result, lang="zh").get_title(loc="left") == "每周新增与流失用户"
    with pytest.raises(KoubeiError, match=r"lang: unknown, got .fr., allowed"):
        plots.growth(result, lang="fr")


def test_every_word_has_both_languages():
    """Catches a label that exists in one language only, or with other values put in."""
    import string

    for word, (english, chinese) in words._WORDS.items():
        fields = [
            {f for _, f, _, _ in string.Formatter().parse(t) if f} for t in (english, chinese)
        ]
        assert fields[0] == fields[1], word
        assert any(ord(sign) > 0x2E00 for sign in chinese), word


def test_save_all_writes_whole_files(tmp_path, result, monkeypatch):
    """Catches missing figures, temporary files left behind, and a disk error with a traceback."""
    written = plots.save_all(result, tmp_path / "figures")
    assert [path.stem for path in written] == list(plots.FIGURES)
    assert sorted(p.name for p in (tmp_path / "figures").iterdir()) == sorted(
        p.name for p in written
    )
    for path in written:
        assert path.read_bytes()[:4] == b"\x89PNG"
        image = plt.imread(path)
        assert image[..., :3].std() > 0.02  # something is drawn

    from matplotlib.figure import Figure

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    with pytest.raises(KoubeiError, match="No space left"):
        plots.save_all(result, tmp_path / "other")
    assert list((tmp_path / "other").iterdir()) == []
    with pytest.raises(KoubeiError, match="unknown format"):
        plots.save_all(result, tmp_path, format="gif")


def test_a_run_in_which_nothing_happens_can_be_drawn(tmp_path):
    """Catches figures that need adopters, more than a week, or more than one replicate."""
    nothing = synthetic.history_of([], ticks=3)
    scenario = Scenario().replace(n_agents=100, ticks=3, **{"seeding.number": 1})
    written = plots.save_all(Result(scenario, 1, "compiled", [nothing]), tmp_path / "none")
    assert "forest" not in {path.stem for path in written}
    seeds = synthetic.history_of([(-1, 0, -1)], ticks=3)
    written = plots.save_all(Result(scenario, 1, "compiled", [seeds]), tmp_path / "seed")
    assert len(written) == len(plots.FIGURES)

"""Figures of studies: the numbers of the tables on them, in order, and refusals."""

from __future__ import annotations

from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from koubei_sim import plots, studies
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics import OUTCOMES
from koubei_sim.metrics.words import CHINESE, outcome_in
from koubei_sim.model.scenario import Scenario
from koubei_sim.plots import words

SMALL = Scenario.load("tiny").replace(n_agents=300, ticks=15, **{"seeding.number": 10})
PATHS = {"telling.relay": None, "seeding.number": (5, 20), "telling.relay_days": None}


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module", params=["oat", "morris", "sobol"])
def study(request):
    points = {"oat": None, "morris": 4, "sobol": 8}[request.param]
    return studies.sensitivity(
        SMALL, PATHS, method=request.param, points=points, outcome=["users", "adoptions"],
        replicates=3, rng=3,
    )  # fmt: skip


def widths(ax) -> list[float]:
    return sorted(bar.get_width() for bar in ax.patches)


def texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_tornado_shows_the_table(study) -> None:
    """Catches bars of another column, and labels that belong to another row."""
    ax = plots.tornado(study, "adoptions")
    table = study.table("adoptions")
    columns = {"oat": ["at_low", "at_high"], "morris": ["mu_star"], "sobol": ["ST", "S1"]}
    if study.method == "oat":  # ratios, on an axis of logarithms
        ratios = [f"{end}{word}" for end in columns["oat"] for word in ("", "_from", "_to")]
        table[ratios] = np.log(table[ratios])
        assert all(tick.get_text().startswith("x ") for tick in ax.get_xticklabels())
        assert any(tick.get_text() == "x 1" for tick in ax.get_xticklabels())
    wanted = table[columns[study.method]].to_numpy().ravel()
    np.testing.assert_allclose(widths(ax), np.sort(wanted))
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == table.index.tolist()[::-1]  # the first row on top
    top = max(ax.patches, key=lambda bar: bar.get_y())
    assert any(top.get_width() == pytest.approx(table[c].iloc[0]) for c in columns[study.method])
    assert "adoptions in all" in ax.get_title(loc="left")
    drawn = {tuple(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2}
    for column in columns[study.method]:
        for _, row in table.iterrows():
            ends = (row[f"{column}_from"], row[f"{column}_to"])
            assert ends in drawn or not ends[1] > ends[0]
    if study.method == "morris":
        circles = next(line for line in ax.lines if line.get_marker() == "o")
        np.testing.assert_array_equal(circles.get_xdata(), table["sigma"].to_numpy()[::-1])


def test_a_cut_tornado_says_so(study) -> None:
    """Catches parameters that are silently left out."""
    ax = plots.tornado(study, most=2)
    assert len(ax.get_yticks()) == 2
    assert any("1 more not shown" in text for text in texts(ax))
    with pytest.raises(KoubeiError, match="most: out of range, got 0"):
        plots.tornado(study, most=0)


def test_a_range_is_written_at_its_own_end() -> None:
    """Catches the value of the low end at the bar of the high one."""
    found = studies.sensitivity(SMALL, {"seeding.number": (5, 20)}, replicates=3, rng=3)
    row = found.table().iloc[0]
    assert row["at_low"] < 1.0 < row["at_high"]
    ax = plots.tornado(found)
    placed = {t.get_text(): t.xy[0] for t in ax.texts if t.get_text() in ("5", "20")}
    assert placed["5"] < 0.0 < placed["20"]


def test_interactions(study) -> None:
    """Catches pairs under another pair's name; a method that cannot tell drawing something."""
    if study.method == "oat":
        with pytest.raises(KoubeiError, match=r"interactions: this study does not tell.*got oat"):
            plots.interactions(study)
        return
    ax = plots.interactions(study)
    if study.method == "morris":
        table = study.table()
        points = next(line for line in ax.lines if line.get_marker() == "o")
        np.testing.assert_array_equal(points.get_xdata(), table["mu_star"])
        np.testing.assert_array_equal(points.get_ydata(), table["sigma"])
        assert table.index[0] in texts(ax)
        return
    shown = np.asarray(ax.images[0].get_array().filled(np.nan))
    matrix = study.interactions()
    rows = [label.get_text() for label in ax.get_yticklabels()]
    columns = [label.get_text().replace("\n", "") for label in ax.get_xticklabels()]
    for (at, other), value in np.ndenumerate(shown):
        if at >= other:
            assert value == matrix.loc[rows[at], columns[other]]
        else:
            assert np.isnan(value)
    np.testing.assert_array_equal(matrix.to_numpy(), matrix.to_numpy().T)


def test_bold_is_what_leaves_out_zero() -> None:
    """Catches certainty read off the wrong bound, or off the sign."""
    import pandas as pd

    pairs = pd.DataFrame(
        {
            "first": ["a", "a", "b"],
            "second": ["b", "c", "c"],
            "S2": [0.4, -0.2, 0.1],
            "S2_from": [0.1, -0.3, -0.1],
            "S2_to": [0.7, -0.1, 0.3],
        }
    )
    fake = SimpleNamespace(
        method="sobol", outcomes=("users",), ranges={"a": 0, "b": 0, "c": 0}, pairs=lambda _: pairs
    )
    ax = plots.interactions(fake)
    weight = {t.get_text(): t.get_fontweight() for t in ax.texts}
    assert (weight["0.40"], weight["-0.20"], weight["0.10"]) == ("bold", "bold", "normal")


def test_heatmap_puts_estimates_where_they_belong() -> None:
    """Catches rows and columns exchanged, and levels in the order in which they were given."""
    grid = {"seeding.number": [20, 5], "telling.relay": [0.0, 0.5, 0.2]}
    swept = studies.sweep(SMALL, grid, replicates=2, rng=1)
    ax = plots.heatmap(swept, "adoptions")
    cells = np.asarray(ax.images[0].get_array())
    table = swept.summary("adoptions").set_index(["telling.relay", "seeding.number"])["estimate"]
    table = table.sort_index()
    np.testing.assert_allclose(cells, table.unstack().to_numpy())
    assert [t.get_text() for t in ax.get_xticklabels()] == ["5", "20"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["0", "0.2", "0.5"]
    assert ax.get_xlabel() == "seeding.number"
    turned = plots.heatmap(swept, "adoptions", x="telling.relay")
    np.testing.assert_allclose(np.asarray(turned.images[0].get_array()), cells.T)
    assert f"{cells[0, 0]:.3g}" in texts(ax)


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ({"ticks": [5]}, "heatmap: needs two paths, got ticks"),
        ([{"ticks": 5, "telling.relay": 0.1}, {"ticks": 6, "telling.relay": 0.2}], "no grid"),
    ],
)
def test_heatmap_refuses_what_is_no_grid(points, said) -> None:
    """Catches a picture with holes, or one that hides a third path."""
    swept = studies.sweep(SMALL, points, rng=1)
    with pytest.raises(KoubeiError, match=said):
        plots.heatmap(swept)


def test_compare_shows_the_table() -> None:
    """Catches an effect with the wrong sign, and shares of the wrong mean."""
    found = studies.compare(
        {"as it is": SMALL, "more": SMALL.replace(**{"seeding.number": 20})}, replicates=4, rng=2
    )
    ax = plots.compare(found)
    table = found.over_time("users")
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), table["effect"])
    assert table["effect"].iloc[-1] > 1.0 and "more" in texts(ax)
    ax = plots.compare(found, outcomes=["users", "adoptions"])
    rows = found.table()
    dots = next(line for line in ax.lines if line.get_marker() == "o")
    np.testing.assert_allclose(dots.get_xdata(), rows.loc[["users", "adoptions"], "effect"])
    assert [t.get_text() for t in ax.get_yticklabels()] == [
        OUTCOMES["users"],
        OUTCOMES["adoptions"],
    ]
    with pytest.raises(KoubeiError, match="outcomes: unknown outcome, got user"):
        plots.compare(found, outcomes=["user"])
    with pytest.raises(KoubeiError, match="outcomes: none given"):
        plots.compare(found, outcomes=[])
    with pytest.raises(KoubeiError, match="outcomes: its effect is a difference, no ratio"):
        plots.compare(found, outcomes=["take_off"])


def test_bars_of_strata_are_their_shares() -> None:
    """Catches bars of the wrong kind of pairs, or of shares that do not add up to all."""
    found = studies.compare(
        {"as it is": SMALL, "more": SMALL.replace(**{"seeding.number": 20})}, replicates=4, rng=2
    )
    ax = plots.strata(found)
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, found.strata()["share"])
    assert sum(widths) == pytest.approx(1.0)


def test_every_outcome_has_a_chinese_name() -> None:
    """Catches a new outcome that would fail on a slide in Chinese."""
    assert set(CHINESE) == set(OUTCOMES)
    assert all(outcome_in("zh", o) != outcome_in("en", o) for o in OUTCOMES)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_settings_are_left_alone_in_both_languages(lang, study, capsys) -> None:
    """Catches a word that is missing in one language, and settings that leak."""
    before = dict(mpl.rcParams)
    plots.tornado(study, lang=lang)
    if study.method != "oat":
        plots.interactions(study, lang=lang)
    assert dict(mpl.rcParams) == before
    for word in ("tornado_oat", "tornado_morris", "tornado_sobol"):
        assert "3" in words.say(word, lang, replicates=3)

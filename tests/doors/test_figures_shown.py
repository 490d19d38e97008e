"""Figures are shown where people look at them, and leave matplotlib as they found it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import matplotlib
import matplotlib.pyplot as plt
import pytest

import koubei_sim as kb

ROOT = Path(__file__).parents[2]
#: Pictures that each notebook must show, by its name.
PICTURES = {
    "01_quickstart": 2,
    "02_seed_purity": 4,
    "03_channels": 2,
    "04_interaction_design": 2,
    "05_calibration_miui": 2,
    "06_bring_your_own_graph": 3,
    "07_your_own_mechanism": 1,
    "08_which_fifty": 2,
    "09_a_survey_of_villages": 5,
    "10_ab_test_of_a_referral_programme": 2,
}


@pytest.fixture(scope="module")
def notebooks() -> ModuleType:
    """What `make notebooks` runs."""
    spec = importlib.util.spec_from_file_location("notebooks", ROOT / ".ci" / "notebooks.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def result() -> kb.Result:
    return kb.run("tiny", rng=7, ticks=20)


def test_every_figure_of_a_session_is_shown(notebooks: ModuleType, tmp_path: Path) -> None:
    """Catches a style that takes back what shows figures: only the first one was seen."""
    cells = [
        'import koubei_sim as kb; r = kb.run("tiny", rng=7, ticks=9)',
        "kb.plots.pyramid(r);",
        "kb.plots.growth(r);",
        "import matplotlib.pyplot as plt; plt.plot([1, 2]);",
        "with kb.plots.drawing():\n    plt.plot([2, 1])",
        "print(plt.isinteractive(), plt.get_fignums())",
    ]
    shown = notebooks.pictures(notebooks.execute(cells, tmp_path))
    assert [len(each) for each in shown] == [0, 1, 1, 1, 1, 0]
    assert len({bytes(each[0]) for each in shown[1:5]}) == 4


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    "notebook", sorted((ROOT / "notebooks").glob("*.py")), ids=lambda p: p.stem
)
def test_notebook_runs_and_shows_its_figures(
    notebooks: ModuleType, notebook: Path, tmp_path: Path
) -> None:
    """Catches a notebook that fails, warns, or loses a figure where people read it."""
    pytest.importorskip("nbconvert", reason="nbconvert is not installed")
    book = notebooks.execute(notebook, tmp_path)
    assert sum(len(each) for each in notebooks.pictures(book)) == PICTURES[notebook.stem]
    assert notebooks.said_aside(book) == []
    page = notebooks.page(book, notebook.stem)
    shown = re.findall(r'<img[^>]* src="data:image/png', page)
    assert page.count("<img") == len(shown) == PICTURES[notebook.stem]
    assert not re.findall(r"""(?:src|href)=["']?https?://""", re.sub(r"<a [^>]*>", "", page))


def test_what_a_cell_says_aside_is_seen(notebooks: ModuleType, tmp_path: Path) -> None:
    """Catches a check of warnings that sees none."""
    book = notebooks.execute(["import warnings; warnings.warn('a fault')"], tmp_path)
    assert "UserWarning: a fault" in "".join(notebooks.said_aside(book))


def test_settings_stay_the_persons(result: kb.Result) -> None:
    """Catches a look that stays, and a look that takes back what was set while it drew."""
    before = dict(matplotlib.rcParams)
    kb.plots.pyramid(result)
    with kb.plots.drawing():
        assert matplotlib.rcParams["font.size"] == 11
        plt.ion()
        matplotlib.rcParams["axes.titlesize"] = 5.0
    try:
        assert plt.isinteractive()
        assert matplotlib.rcParams["axes.titlesize"] == 5.0
    finally:
        plt.ioff()
        matplotlib.rcParams["axes.titlesize"] = before["axes.titlesize"]
    assert dict(matplotlib.rcParams) == before
    with pytest.raises(ZeroDivisionError), kb.plots.drawing():
        raise ZeroDivisionError
    assert dict(matplotlib.rcParams) == before
    plt.close("all")


WRONG = ["data", "summary", "list", "text", "none", "class"]


@pytest.mark.parametrize(
    "name", ["pyramid", "growth", "channels", "product", "reproduction", "retention", "stages"]
)
@pytest.mark.parametrize("what", WRONG)
def test_figures_of_a_run_refuse_what_they_cannot_draw(
    result: kb.Result, name: str, what: str
) -> None:
    """Catches AttributeError from ``plots.pyramid(r.data)``, a list of results, no result."""
    wrong = {
        "data": result.data,
        "summary": result.summary(),
        "list": [result, result],
        "text": "tiny",
        "none": None,
        "class": kb.Result,
    }[what]
    with pytest.raises(kb.KoubeiError, match=rf"{name}: draws a Result, got \w+, try what run"):
        getattr(kb.plots, name)(wrong)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("heatmap", "SweepResult"),
        ("compare", "Comparison"),
        ("tornado", "Sensitivity"),
        ("interactions", "Sensitivity"),
        ("phase", "Map"),
        ("posterior_predictive", "Calibration"),
        ("marginals", "Calibration"),
        ("claim", "Verdict"),
        ("claim_worlds", "Verdict"),
        ("claim_ladder", "Verdict"),
    ],
)
def test_figures_of_studies_refuse_a_run(result: kb.Result, name: str, kind: str) -> None:
    """Catches AttributeError from a figure of a study that is given a run."""
    with pytest.raises(kb.KoubeiError, match=f"{name}: draws a {kind}, got Result"):
        getattr(kb.plots, name)(result)


def test_where_to_draw(result: kb.Result) -> None:
    """Catches AttributeError for a figure, or the row of ``plt.subplots(1, 2)``, as axes."""
    figure, row = plt.subplots(1, 2)
    for wrong, said in ((figure, "Figure"), (row, "ndarray"), ("left", "str")):
        with pytest.raises(kb.KoubeiError, match=f"ax: not matplotlib Axes, got {said}"):
            kb.plots.pyramid(result, ax=wrong)
    assert kb.plots.pyramid(result=result, ax=row[1]) is row[1]
    plt.close("all")


def test_no_window_where_there_is_none(
    result: kb.Result, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Catches ImportError where a window is asked for on a machine without a screen."""

    def headless(**_: object) -> None:
        raise ImportError("Cannot load backend 'TkAgg', as 'headless' is currently running.")

    monkeypatch.setattr(plt, "subplots", headless)
    with pytest.raises(kb.KoubeiError, match=r"running, try MPLBACKEND=Agg in the environment$"):
        kb.plots.pyramid(result)
    assert len(kb.plots.save_all(result, tmp_path)) > 3  # files need no window


def test_no_chinese_font(
    result: kb.Result, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Catches a warning for every sign that a font lacks."""
    from koubei_sim.plots import style

    monkeypatch.setattr(style, "chinese_font", lambda: None)
    style._warn_once.cache_clear()
    for name in ("pyramid", "growth", "stages"):
        ax = getattr(kb.plots, name)(result, lang="zh")
        ax.figure.canvas.draw()
    assert capfd.readouterr().err.count("\n") == 1
    plt.close("all")

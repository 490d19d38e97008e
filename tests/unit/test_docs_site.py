"""The documentation site: its pages, links and tables, and a build that must fail on a fault."""

from __future__ import annotations

import re
import sys
import warnings
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import pytest

import koubei_sim as kb

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "docs" / "site"
pytestmark = pytest.mark.skipif(
    not (ROOT / "experiments" / "README.md").is_file(), reason="the site is made in a checkout"
)
PAGES = sorted([*(ROOT / "docs").glob("[!_]*.md"), ROOT / "CHANGELOG.md"])


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function name -> module of docs/site."""
    monkeypatch.syspath_prepend(str(SITE))

    def load(name: str) -> ModuleType:
        module = import_module(name)
        assert Path(str(module.__file__)).parent == SITE
        return module

    yield load
    for path in SITE.glob("*.py"):
        sys.modules.pop(path.stem, None)


# ---------------------------------------------------------------- pages


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_each_page_begins_with_what_a_reader_can_do_after_it(path: Path) -> None:
    """Catches a page that begins with how it was made."""
    title, first = path.read_text("utf-8").split("\n\n")[:2]
    assert title.startswith("# ") and first.startswith("After this page you "), path.name


def test_every_step_of_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a step that fails, needs what an earlier step has not made, or draws no picture."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
    steps = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(steps) > 9
    names: dict[str, Any] = {}
    for number, step in enumerate(steps):
        exec(compile(step, f"docs/tutorial.md, step {number}", "exec"), names)
    assert names["again"].data.equals(names["result"].data)
    assert names["friends"].n_nodes == 7
    assert (tmp_path / "first-sweep" / "sweep.json").is_file()


def test_the_page_of_pictures_names_what_there_is() -> None:
    """Catches a picture on the page that the library has lost."""
    text = (ROOT / "docs" / "pictures.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| a ") or "| chosen" in line]
    names = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert len(names) > 20 and names <= set(kb.plots.__all__)


# ---------------------------------------------------------------- links


def test_links_that_leave_the_docs_are_turned(site: Any) -> None:
    """Catches a link that works on a forge and is dead on the site, or is turned wrongly."""
    stage = site("stage")
    asked = []

    def wanted(path: Path) -> Path:
        asked.append(path)
        return path.relative_to("docs") if path.parts[0] == "docs" else path

    def turned(text: str, page: str) -> str:
        return stage.turned(text, Path(page), wanted)

    assert turned("[a](../CHANGELOG.md)", "docs/plan.md") == "[a](CHANGELOG.md)"
    assert turned("[a](studies.md#sweep)", "docs/plan.md") == "[a](studies.md#sweep)"
    assert turned("[E1](E1/)", "experiments/README.md") == "[E1](E1/README.md)"
    there = turned("[c](../../docs/claims.md)", "experiments/E1/README.md")
    assert there == "[c](../../claims.md)"
    notebook = turned("[n](../notebooks/01_quickstart.py)", "docs/plan.md")
    assert notebook == "[n](notebooks/01_quickstart.ipynb)"
    assert turned("[h](../README.md)", "docs/plan.md") == "[h](index.md)"
    assert asked == []
    assert turned("![p](figures/peers.png)", "docs/peers.md") == "![p](figures/peers.png)"
    assert turned("[t](../pyproject.toml)", "docs/plan.md") == "[t](pyproject.toml)"
    assert asked == [Path("docs/figures/peers.png"), Path("pyproject.toml")]
    for alone in (
        "[x](https://example.org/a.md)", "[x](#here)", "[x](gone.md)", "```\n[a](../README.md)\n```"
    ):  # fmt: skip
        assert turned(alone, "docs/plan.md") == alone


def test_dead_links_and_foreign_addresses_are_found(site: Any, tmp_path: Path) -> None:
    """Catches a check that sees no dead link, missing anchor, or thing loaded from elsewhere."""
    check = site("check")
    good = (
        '<h1 id="top">a</h1><a href="b.html#part">b</a><a href="#top">t</a>'
        '<a href="https://example.org">e</a><link rel="canonical" href="https://example.org/">'
        '<img src="data:image/png;base64,AA=="><a href="mailto:somebody@example.org">m</a>'
    )
    (tmp_path / "a.html").write_text(good)
    (tmp_path / "b.html").write_text('<p id="part"></p><script src="b.js"></script>')
    (tmp_path / "b.js").write_text("")
    assert check.faults(tmp_path) == []
    assert check.outside(tmp_path) == ["https://example.org"]
    planted = {
        '<a href="gone.html">x</a>': "dead link: gone.html",
        '<img src="gone.png">': "dead link: gone.png",
        '<a href="b.html#gone">x</a>': "no such anchor: b.html#gone",
        '<a href="#gone">x</a>': "no such anchor: #gone",
        '<a href="../a.html">x</a>': "dead link: ../a.html",
        '<a href="http://nowhere">x</a>': "not an address: http://nowhere",
        '<script src="https://cdn.example.org/x.js"></script>': "loads from another host",
        '<link rel="stylesheet" href="//fonts.example.org/x.css">': "loads from another host",
        '<p style="background: url(https://example.org/x.png)">': "loads from another host",
    }
    for text, fault in planted.items():
        (tmp_path / "a.html").write_text(good + text)
        (found,) = check.faults(tmp_path)
        assert found.startswith("a.html: ") and fault in found
    (tmp_path / "a.html").write_text(good)
    (tmp_path / "look.css").write_text("@import 'https://fonts.example.org/x.css';")
    assert len(check.faults(tmp_path)) == 1


@pytest.fixture
def small_site(site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function text of a page -> exit status of the build, in a checkout of three pages."""
    pytest.importorskip("sphinx", reason="sphinx is not installed (make docs)")
    for needed in ("myst_nb", "pydata_sphinx_theme", "sphinx_copybutton", "jupytext"):
        pytest.importorskip(needed, reason=f"{needed} is not installed (make docs)")
    make_site, stage = site("make_site"), site("stage")
    checkout = tmp_path / "checkout"
    (checkout / "docs").mkdir(parents=True)
    (checkout / "experiments").mkdir()
    (checkout / "docs" / "index.md").write_text(
        "# Home\n\n[p](page.md), [e](../experiments/README.md)\n\n"
        "```{toctree}\nhow-to\npage\nexperiments/README\n```\n"
    )
    (checkout / "docs" / "how-to.md").write_text("# How to\n\nNothing yet.\n")
    (checkout / "experiments" / "README.md").write_text("# Experiments\n")
    (checkout / "experiments" / "E1").mkdir()
    (checkout / "experiments" / "E1" / "README.md").write_text("# E1\n")
    monkeypatch.setattr(stage, "ROOT", checkout)
    monkeypatch.setattr(stage, "STANDS_FOR", {})
    monkeypatch.setattr(make_site, "BUILD", tmp_path / "built")
    monkeypatch.setattr(make_site, "made", lambda execute: {})

    def status(text: str) -> int:
        (checkout / "docs" / "page.md").write_text(f"# Page\n\n{text}\n")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Sphinx and its extensions say to each other
            return int(make_site.main(["--quick"]))

    return status


@pytest.mark.slow
def test_a_planted_dead_link_or_warning_ends_the_check(small_site: Any, capsys: Any) -> None:
    """Catches a build that passes over a dead link of Markdown, of HTML, or a warning of Sphinx."""
    assert small_site("[home](index.md) and [one](../experiments/E1/)") == 0
    assert "0 faults" in capsys.readouterr().out
    assert small_site("[gone](gone.md)") == 1
    assert small_site("[gone](index.md#no-such-part)") == 1
    assert small_site("```{no-such-directive}\n```") == 1
    assert small_site('<a href="gone.html">gone</a>') == 1
    assert "page.html: dead link: gone.html" in capsys.readouterr().err
    assert small_site('<img src="https://example.org/counter.png">') == 1
    assert "loads from another host" in capsys.readouterr().err
    assert small_site("All is well again.") == 0


# ---------------------------------------------------------------- made from the code


def test_the_reference_has_every_public_name(site: Any) -> None:
    """Catches a room or a name of the face without a page, and a name that stands twice."""
    reference = site("reference")
    text = "\n".join(reference.pages().values())
    documented = re.findall(
        r"^\.\. (?:auto|py:)(?:class|function|data):: (\S+)$", text, re.MULTILINE
    )
    assert len(documented) == len(set(documented)) > 400
    found = {id(entry.thing) for entry in reference.entries()}
    for name in kb.__all__:
        thing = getattr(kb, name)
        if not isinstance(thing, (ModuleType, str)):
            assert id(thing) in found, name
            assert f"kb.{name} <" in text
    asked = {path for _, _, modules in reference.ROOMS.values() for path in modules}
    for module in iter_modules(kb.__path__, "koubei_sim."):
        room = import_module(module.name) if module.ispkg else None
        if getattr(room, "__all__", None) and module.name not in reference.INSIDE:
            assert any(path.startswith(module.name) for path in asked), module.name


def test_the_model_document_has_what_the_registries_have(site: Any) -> None:
    """Catches a parameter, mechanism, replication or claim that the document leaves out."""
    from koubei_sim.model.mechanisms import MECHANISMS, MODULES
    from koubei_sim.model.scenario import parameter_table

    document = site("model_document")
    page, parameters = document.page(), document.parameters()
    from verification import NAMES

    for row in parameter_table():
        assert f"\n| `{row.path}` | {row.description} | {row.unit} |" in parameters, row.path
    for name in [*NAMES, *(one.name for one in MECHANISMS), *MODULES, *kb.Scenario.presets()]:
        assert f"`{name}`" in page, name
    claims = sorted(path.parent.name for path in (ROOT / "experiments").glob("E*/claim.toml"))
    assert len(claims) == 20
    for claim in claims:
        assert f"(experiments/{claim}/README.md)" in page
    assert page.count("## ODD ") == 7 and page.count("## TRACE ") == 8


def test_a_module_without_a_design_concept_ends_the_build(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches a new module that the model document passes over, and one that is named twice."""
    document = site("model_document")
    meaning, names = document.CONCEPTS["Prediction"]
    monkeypatch.setitem(document.CONCEPTS, "Prediction", (meaning, names.replace("supply", "")))
    with pytest.raises(kb.KoubeiError, match="supply"):
        document.concepts()
    monkeypatch.setitem(document.CONCEPTS, "Prediction", (meaning, f"{names} supply"))
    with pytest.raises(kb.KoubeiError, match="supply"):
        document.concepts()


def test_a_notebook_is_run_again_only_where_something_has_changed(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches pictures of an old library, and a build that executes everything every time."""
    pytest.importorskip("nbclient", reason="nbclient is not installed (make docs)")
    stage, gallery = site("stage"), site("gallery")
    (tmp_path / "src").mkdir()
    code, notebook = tmp_path / "src" / "a.py", tmp_path / "one.py"
    code.write_text("A = 1\n")
    notebook.write_text("# %% [markdown]\n# # One\n#\n# First words. More.\n\n# %%\n1 + 1\n")
    monkeypatch.setattr(stage, "ROOT", tmp_path)
    kept = tmp_path / "kept"
    content, done = gallery.executed(Path("one.py"), kept, execute=False)
    assert not done and gallery.first_words(content) == ("One", "First words. More.")
    content, done = gallery.executed(Path("one.py"), kept, execute=True)
    assert done and content.cells[1].outputs[0]["data"]["text/plain"] == "2"
    (first,) = kept.iterdir()
    assert gallery.executed(Path("one.py"), kept, execute=False)[1]  # kept from before
    code.write_text("A = 2\n")
    assert not gallery.executed(Path("one.py"), kept, execute=False)[1]
    code.write_text("A = 1\n")
    notebook.write_text(notebook.read_text() + "\n# %%\n2 + 2\n")
    gallery.executed(Path("one.py"), kept, execute=True)
    (second,) = kept.iterdir()
    assert second != first

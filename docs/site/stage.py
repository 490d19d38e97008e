"""Lay out the sources of the site: pages as they are in the checkout, links that leave turned.

The pages stay where a forge shows them (docs/, experiments/, CHANGELOG.md).  Here they are copied
under build/docs/source, docs/ becoming the root; a link to another page becomes a link inside the
site, a link to any other file of the checkout a copy to download, and a link to nothing stays as it
is, so that Sphinx names it.  Called by `make_site.py`.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Folders and files of the checkout that are pages of the site.
PAGES = ("docs/*.md", "CHANGELOG.md", "tests/README.md", "experiments/**/README.md")
#: Pages that are run: what their code shows stands under it.
RUN = ("docs/tutorial.md", "notebooks/*.py")
#: What of the checkout a page of the site stands for, though it is made otherwise.
STANDS_FOR = {
    Path("README.md"): Path("index.md"),
    Path("CONTRIBUTING.md"): Path("contributing.md"),
    Path("notebooks"): Path("gallery.md"),
    Path("src/koubei_sim/__init__.pyi"): Path("api/index.rst"),
    Path("docs/site/model_document.py"): Path("model-document.md"),
    Path("src/koubei_sim/model/scenario/parameters.py"): Path("parameters.md"),
}

_LINK = re.compile(r"(\[(?:[^\[\]]|\[[^\]]*\])*\])\(([^()\s]+)\)")
_FENCE = re.compile(r"^(```+|~~~+).*?^\1[ \t]*$", re.DOTALL | re.MULTILINE)


def pages() -> dict[Path, Path]:
    """Return page in the checkout -> page in the site, both relative to their roots."""
    found = {
        path.relative_to(ROOT): _moved(path.relative_to(ROOT))
        for pattern in PAGES
        for path in sorted(ROOT.glob(pattern))
        if not path.name.startswith("_")
    }
    found |= {path: _moved(path).with_suffix(".ipynb") for path in notebooks()}
    return found | STANDS_FOR


def notebooks() -> list[Path]:
    """Return the pages that are run, in order."""
    return [path.relative_to(ROOT) for one in RUN for path in sorted(ROOT.glob(one))]


def _moved(path: Path) -> Path:
    """Return where a file of the checkout stands in the site."""
    return path.relative_to("docs") if path.parts[0] == "docs" else path


def turned(text: str, page: Path, wanted: Callable[[Path], Path]) -> str:
    """Return the text of a page with its links turned.

    Parameters
    ----------
    text : str
    page : Path
        Where the text stands in the checkout.
    wanted : function
        Takes a file of the checkout that is linked and is no page, says where the site has it.

    Examples
    --------
    >>> turned("[a](../CHANGELOG.md#new)", Path("docs/plan.md"), lambda path: path)
    '[a](CHANGELOG.md#new)'
    """
    here = pages()[page].parent
    known = pages()

    def link(match: re.Match[str]) -> str:
        target, mark, anchor = match[2].partition("#")
        if not target or re.match(r"[a-z][a-z+.-]*:", target):
            return match[0]
        path = Path(os.path.normpath(page.parent / target))
        if (ROOT / path).is_dir() and path not in known:
            path /= "README.md"
        if path in known:
            goal = known[path]
        elif (ROOT / path).is_file():
            goal = wanted(path)
        else:
            return match[0]
        return f"{match[1]}({os.path.relpath(goal, here)}{mark}{anchor})"

    out, at = [], 0
    for fence in _FENCE.finditer(text):
        out += [_LINK.sub(link, text[at : fence.start()]), fence[0]]
        at = fence.end()
    return "".join([*out, _LINK.sub(link, text[at:])])


def lay_out(target: Path, made: Mapping[str, str | bytes]) -> None:
    """Write all sources of the site under `target`, leaving alone what has not changed.

    Parameters
    ----------
    target : Path
    made : mapping
        What is made from the code or by running: name in the site -> text, or a picture.
    """
    files: dict[Path, Path] = {}

    def wanted(path: Path) -> Path:
        files[_moved(path)] = path
        return _moved(path)

    texts = {Path(name): text for name, text in made.items() if isinstance(text, str)}
    others = {Path(name): content for name, content in made.items() if isinstance(content, bytes)}
    for page, goal in pages().items():
        if goal.suffix == ".md" and page not in STANDS_FOR:
            texts[goal] = turned((ROOT / page).read_text("utf-8"), page, wanted)
    _complete(texts)
    for goal, text in texts.items():
        _write(target / goal, text.encode())
    others |= {goal: (ROOT / path).read_bytes() for goal, path in files.items()}
    for goal, content in others.items():
        _write(target / goal, content)
    _remove_others(target, {*texts, *others})


def _complete(texts: dict[Path, str]) -> None:
    """Give a place in the table of contents to pages that no page names: claims, new pages."""
    texts[Path("experiments/README.md")] += _contents(":glob:", "", "*/README")
    named = set(re.findall(r"^[\w/-]+$", "\n".join(texts.values()), re.MULTILINE))
    rest = [str(goal.with_suffix("")) for goal in texts if len(goal.parts) == 1]
    rest = [name for name in rest if name not in named and name != "index"]
    if rest:
        texts[Path("how-to.md")] += _contents(":caption: More", "", *rest)


def _contents(*lines: str) -> str:
    """Return a table of contents that is not shown on the page itself."""
    return "\n".join(["", "```{toctree}", ":hidden:", *lines, "```", ""])


def _write(path: Path, content: bytes) -> None:
    """Write a file where it is not there or says something else."""
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _remove_others(target: Path, kept: Iterable[Path]) -> None:
    """Remove what an earlier build has left."""
    wanted = {target / path for path in kept}
    for path in sorted(target.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            shutil.rmtree(path)
        elif path.is_file() and path not in wanted:
            path.unlink()

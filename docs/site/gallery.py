"""Notebooks of the site: executed once for each version of notebook and library, then kept.

A notebook is run by nbclient in an empty folder and kept under build/docs/notebooks with its
outputs, under a name that says of which sources it was made.  Called by `make_site.py`.
"""

from __future__ import annotations

import base64
import hashlib
import re
import tempfile
from pathlib import Path
from typing import Any

import jupytext
import nbformat

import stage

SECONDS = 1200  # the most that one cell may take
_HANDLE = re.compile(r"(array\()?[\[(\s]*<(Axes|Figure|matplotlib)")


def digest(notebook: Path) -> str:
    """Return what a notebook and the library say, in 16 signs: other sources, other outputs."""
    found = hashlib.sha256((stage.ROOT / notebook).read_bytes())
    for path in sorted((stage.ROOT / "src").rglob("*")):
        if path.suffix in (".py", ".pyi", ".toml"):
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


def executed(notebook: Path, kept: Path, execute: bool) -> tuple[Any, bool]:
    """Return a notebook, with its outputs where it was executed, and whether it was.

    Parameters
    ----------
    notebook : Path
        Relative to the checkout.
    kept : Path
        Folder of notebooks with outputs.
    execute : bool
        Run it where these very sources were not run before.
    """
    path = kept / f"{notebook.stem}-{digest(notebook)}.ipynb"
    if path.is_file():
        return nbformat.read(path, as_version=4), True
    content = jupytext.read(stage.ROOT / notebook)
    content.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    for number, cell in enumerate(content.cells):
        cell.id = f"cell-{number}"  # random ones would make every build another
    if not execute:
        return content, False
    from nbclient import NotebookClient

    print(f"docs: executing {notebook}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        where = {"metadata": {"path": folder}}
        NotebookClient(content, timeout=SECONDS, kernel_name="python3", resources=where).execute()
    kept.mkdir(parents=True, exist_ok=True)
    for old in kept.glob(f"{notebook.stem}-*.ipynb"):
        old.unlink()
    nbformat.write(content, path)
    return content, True


def pictures(content: Any) -> list[bytes]:
    """Return the pictures of an executed notebook (PNG), in order."""
    return [
        base64.b64decode(output["data"]["image/png"])
        for cell in content.cells
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", ())
    ]


def first_words(content: Any) -> tuple[str, str]:
    """Return title and first two sentences of a notebook."""
    text = content.cells[0].source
    title, _, rest = text.partition("\n")
    paragraph = " ".join(rest.strip().split("\n\n")[0].split())
    sentences = re.findall(r".*?[.?!:](?=\s|$)", paragraph)
    return title.lstrip("# "), "".join(sentences[:2]).strip().replace("|", "\\|")


def without_handles(content: Any) -> Any:
    """Return a notebook without the lines that Python prints of a picture beside the picture."""
    for cell in content.cells:
        cell_outputs = cell.get("outputs", [])
        said = [output.get("data", {}).get("text/plain", "") for output in cell_outputs]
        drawn = any("image/png" in output.get("data", ()) for output in cell_outputs)
        for output, text in zip(list(cell_outputs), said):
            if drawn and "image/png" not in output.get("data", ()) and _HANDLE.match(text):
                cell_outputs.remove(output)
    return content


def pages(kept: Path, execute: bool) -> dict[str, str | bytes]:
    """Return the gallery: name in the site -> text of a page, or the picture beside one."""
    found: dict[str, str | bytes] = {}
    rows, entries = [], []
    for notebook in stage.notebooks():
        content, done = executed(notebook, kept, execute)
        content = without_handles(content)
        name = str(stage.pages()[notebook])
        for cell in content.cells:
            if cell.cell_type == "markdown":
                cell.source = stage.turned(cell.source, notebook, lambda path: path)
        found[name] = nbformat.writes(content)
        if notebook.parts[0] != "notebooks":
            continue
        title, words = first_words(content)
        state = "" if done else "not executed in this build"
        if pictures(content):
            shown = str(Path(name).with_suffix(".png"))
            found[shown] = pictures(content)[0]
            state = f"![First picture of: {title}]({shown}){{width=240px}}"
        rows.append(f"| {state} | **[{title}]({name})** {words} |")
        entries.append(name.removesuffix(".ipynb"))
    found["gallery.md"] = "\n".join(
        [
            "# Gallery of notebooks",
            "",
            "After this page you can choose a worked example and run it yourself: each notebook "
            "stands in the folder `notebooks` of a checkout, as a plain Python file.",
            "",
            "| | notebook |",
            "|---|---|",
            *rows,
            "",
            "```{toctree}",
            ":hidden:",
            "",
            *entries,
            "```",
            "",
        ]
    )
    return found

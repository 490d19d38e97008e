"""Execute notebooks as a reader would: a fresh kernel each, its figures and messages kept.

``python .ci/notebooks.py [NAME ...]`` writes ``build/notebooks/NAME.html`` for all of
``notebooks/*.py`` (`make notebooks`) and says how many pictures each shows; it fails where a cell
raises, or says anything on stderr.  `tests/doors/test_figures_shown.py` calls `execute`.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
#: Seconds for one cell; the longest takes a minute on one busy core.
LIMIT = 600


def execute(source: str | Path | list[str], folder: Path) -> Any:
    """Execute a notebook (or cells of code) in a kernel of this very Python; return it.

    Parameters
    ----------
    source : path or list of str
        A notebook that jupytext reads, or cells of code.
    folder : Path
        Where the kernel runs and keeps its files.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries that run notebooks
        import jupytext
        import nbformat
        from nbclient import NotebookClient

        if isinstance(source, list):
            cells = [nbformat.v4.new_code_cell(cell) for cell in source]
            book = nbformat.v4.new_notebook(cells=cells)
        else:
            book = jupytext.read(source)
        kernel = {"name": "python3", "display_name": "python3", "language": "python"}
        book.metadata["kernelspec"] = kernel
        # Whatever kernels the machine knows; no backend of matplotlib is told.
        place = folder / "kernels" / "python3"
        place.mkdir(parents=True, exist_ok=True)
        words = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        given = {"PYTHONPATH": str(ROOT / "src"), "IPYTHONDIR": str(folder / "ipython")}
        (place / "kernel.json").write_text(
            json.dumps({"argv": words, "display_name": "python3", "env": given})
        )
        kept = {name: os.environ.get(name) for name in ("MPLBACKEND", "JUPYTER_PATH")}
        os.environ.pop("MPLBACKEND", None)
        os.environ["JUPYTER_PATH"] = str(folder)
        try:
            NotebookClient(book, timeout=LIMIT, kernel_name="python3").execute(cwd=str(folder))
        finally:
            for name, value in kept.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value
    return book


def _outputs(book: Any) -> list[list[Any]]:
    return [cell.get("outputs", []) for cell in book.cells if cell.cell_type == "code"]


def pictures(book: Any) -> list[list[bytes]]:
    """Return the pictures that each cell of code has shown."""
    return [
        [base64.b64decode(o["data"]["image/png"]) for o in each if "image/png" in o.get("data", {})]
        for each in _outputs(book)
    ]


def said_aside(book: Any) -> list[str]:
    """Return what cells wrote to stderr: warnings, for the most part."""
    return [o["text"] for each in _outputs(book) for o in each if o.get("name") == "stderr"]


def page(book: Any, title: str) -> str:
    """Return an executed notebook as one page of HTML that asks nothing of other hosts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nbconvert import HTMLExporter

        exporter = HTMLExporter()
        for address in ("mathjax_url", "require_js_url", "jquery_url", "mermaid_js_url"):
            setattr(exporter, address, "")
        html, _ = exporter.from_notebook_node(book, {"metadata": {"name": title}})
    return str(html)


def main(names: list[str]) -> int:
    """Write the pages; return the number of notebooks with something on stderr."""
    out, faults = ROOT / "build" / "notebooks", 0
    out.mkdir(parents=True, exist_ok=True)
    books = sorted((ROOT / "notebooks").glob("*.py"))
    for path in [book for book in books if not names or book.stem in names]:
        with tempfile.TemporaryDirectory() as folder:
            book = execute(path, Path(folder))
        (out / f"{path.stem}.html").write_text(page(book, path.stem), encoding="utf-8")
        aside = said_aside(book)
        faults += bool(aside)
        print(f"{path.stem}: {sum(map(len, pictures(book)))} pictures", *aside, flush=True)
    return faults


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Build the documentation site: `make docs` and `make docs-check`.

``python docs/site/make_site.py`` lays out the sources (`stage`), makes the reference and the model
document from the code (`reference`, `model_document`), executes the notebooks (`gallery`), runs
Sphinx with warnings as errors and looks for dead links (`check`).  ``--quick`` takes notebooks as
they were executed before, or without their outputs.  Everything lies under build/docs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sphinx.cmd.build import build_main

import check
import gallery
import model_document
import reference
import stage

HERE = Path(__file__).resolve().parent
BUILD = stage.ROOT / "build" / "docs"


def made(execute: bool) -> dict[str, str | bytes]:
    """Return what no hand writes: name in the site -> text of a page, or a picture."""
    pages = {f"api/{name}.rst": text for name, text in reference.pages().items()}
    pages["model-document.md"] = model_document.page()
    pages["parameters.md"] = model_document.parameters()
    return {**pages, **gallery.pages(BUILD / "notebooks", execute)}


def main(arguments: list[str] | None = None) -> int:
    """Build the site; return the exit status, 1 where a warning or a dead link is found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="execute no notebook")
    asked = parser.parse_args(arguments)
    source, html = BUILD / "source", BUILD / "html"
    stage.lay_out(source, made(execute=not asked.quick))
    options = ["-q", "-W", "--keep-going", "-c", str(HERE), "-d", str(BUILD / "doctrees")]
    status = build_main([*options, "-b", "html", str(source), str(html)])
    if status:
        print("docs: Sphinx has warnings (above)", file=sys.stderr)
        return 1
    faults = check.faults(html)
    for fault in faults:
        print(f"docs: {fault}", file=sys.stderr)
    print(check.summary(html, faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

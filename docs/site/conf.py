"""Settings of Sphinx for the documentation site; read by Sphinx, which `make_site.py` starts.

Nothing is loaded from another host: no fonts, no scripts, no mathematics from a network.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import koubei_sim
import reference

project = "koubei_sim"
author = "koubei_sim contributors"
copyright = author
version = release = koubei_sim.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
root_doc = "index"
exclude_patterns: list[str] = []
nitpicky = False

# Markdown: anchors as a forge makes them; no dollar signs for mathematics, prices are written so.
myst_heading_anchors = 4
myst_enable_extensions = ["attrs_inline", "colon_fence"]

# Notebooks are executed by `make_site.py`, which keeps what they show.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, Any] = {}

# `name` in a docstring is a link where it is a public name, else code.
default_role = "py:obj"
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
add_module_names = False
toc_object_entries_show_parents = "hide"
python_maximum_signature_line_length = 88

html_static_path = ["static"]
html_css_files = ["site.css"]
html_theme = "pydata_sphinx_theme"
html_title = f"koubei_sim {version}"
html_copy_source = False
html_show_sourcelink = False
html_search_scorer = str(Path(__file__).with_name("scorer.js"))
html_context = {"default_mode": "auto"}  # light or dark, as the reader's machine has it
html_sidebars: dict[str, list[str]] = {"index": [], "tutorial": []}  # one page each
html_theme_options: dict[str, Any] = {
    "show_toc_level": 2,
    "secondary_sidebar_items": {"**": ["page-toc"], "parameters": [], "limits": [], "gallery": []},
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
}


def setup(app: Any) -> None:
    """Tell Sphinx of links by short names."""
    app.connect("doctree-read", reference.exactly)
    app.connect("missing-reference", reference.resolve)

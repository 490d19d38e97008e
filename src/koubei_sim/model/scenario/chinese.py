"""Chinese beside the English texts of parameters and of the scenarios of the library.

The texts are data (``chinese.toml``), read when somebody asks for them.  What is not there, as of a
mechanism or a scenario of a user's own, is said as it is written.
Called by `parameters`, `describe`, and by pages that show the title of a scenario.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from koubei_sim import checks


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Return all Chinese texts, by section of the file."""
    source = files("koubei_sim.model.scenario").joinpath("chinese.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def text_in(lang: str, section: str, name: str, english: str | None = None) -> str:
    """Return a text in a language, the English one where there is no other.

    Parameters
    ----------
    lang : {"en", "zh"}
    section : {"parameters", "provenance", "units", "ranges", "scenarios"}
    name : str
        Under which it stands: the path of a parameter with stars, else the English text itself.
    english : str, optional
        The English text, where `name` is not.

    Examples
    --------
    >>> text_in("zh", "units", "days"), text_in("zh", "scenarios", "my market")
    ('天', 'my market')
    """
    english = name if english is None else english
    return english if checks.lang(lang) == "en" else texts()[section].get(name, english)

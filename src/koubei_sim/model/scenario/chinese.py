"""Chinese beside the English texts of parameters and of the scenarios of the library.

The texts are data (``chinese.toml``), read when somebody asks for them.  What is not there, as of a
mechanism or a scenario of a user's own, is said as it is written.
Called by `parameters`, `describe`, and by pages that show the title of a scenario.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

from koubei_sim import checks
from koubei_sim.reports.words import retold


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
    section : str
        Of the file: "parameters", "units" and so on.
    name : str
        Under which it stands: the path of a parameter with stars, the name of a column or of a
        composite, else the English text itself.
    english : str, optional
        The English text, where `name` is not.

    Examples
    --------
    >>> text_in("zh", "units", "days"), text_in("zh", "scenarios", "my market")
    ('天', 'my market')
    >>> text_in("zh", "ranges", "above 0, at most 7")
    '大于0，至多7'
    """
    english = name if english is None else english
    if checks.lang(lang) == "en":
        return english
    if section == "ranges":
        return retold(name, lang, _ranges())
    return texts()[section].get(name, english)


def named_in(lang: str, path: str) -> str:
    """Return the name of a parameter or composite, in Chinese with what it is.

    Examples
    --------
    >>> named_in("zh", "channels.weibo.tell")
    'channels.weibo.tell（活跃度为1的普通用户每天的发言次数）'
    >>> named_in("en", "reach.weibo"), named_in("zh", "gifts.share")
    ('reach.weibo', 'gifts.share')
    """
    if checks.lang(lang) == "en":
        return path
    known = {**texts()["parameters"], **texts()["composites"]}
    # The longest pattern has the fewest stars for several steps.
    fitting = [name for name in known if fnmatchcase(path, name)]
    found = max(fitting, key=len, default=path.partition(".")[0])
    return f"{path}（{known[found]}）" if found in known else path


@cache
def _ranges() -> Mapping[str, tuple[str, str]]:
    return {english: (english, chinese) for english, chinese in texts()["ranges"].items()}

"""Values as they are typed behind a ``=``: TOML, and numbers as people write them.

Called by every command that takes ``name=value``.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any


def value_of(text: str) -> Any:
    """Return a value: TOML where it reads as such, ``none``, else the text itself.

    Unlike in TOML ``.9`` and ``5.`` are numbers.

    Examples
    --------
    >>> value_of("0.1"), value_of("none"), value_of("weights"), value_of("{ours = 0.2}")
    (0.1, None, 'weights', {'ours': 0.2})
    >>> value_of(".9"), value_of("[.1, -.2, 5.]"), value_of("v.1")
    (0.9, [0.1, -0.2, 5.0], 'v.1')
    """
    text = text.strip()
    if text == "none":
        return None
    ways = [text]
    if not re.search("[\"']", text):
        whole = re.sub(r"(?<![\w.])\.(?=\d)", "0.", text)
        ways.append(re.sub(r"(?<![\w.])(\d+)\.(?![\w.])", r"\1.0", whole))
    for way in ways:
        try:
            return tomllib.loads(f"value = {way}")["value"]
        except tomllib.TOMLDecodeError:
            continue
    return text

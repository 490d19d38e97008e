"""Numbers as a person reads them: no false digits, a sign where it matters, a dash for nothing.

The script of a page (``assets/report.js``) shows numbers of charts by the same rules.
Called by `html`, `dots` and by the rooms that write sentences.
"""

from __future__ import annotations

import math
from typing import Any, Final

NOTHING: Final = "\N{EN DASH}"
_MINUS: Final = "\N{MINUS SIGN}"
#: (English, Chinese): yes, no, between the ends of an interval, points of per cent.
_YES: Final = {"en": "yes", "zh": "是"}
_NO: Final = {"en": "no", "zh": "否"}
_TO: Final = {"en": "to", "zh": "至"}
_POINTS: Final = {"en": "points", "zh": "个百分点"}


def shown(value: Any, kind: str = "number", lang: str = "en") -> str:
    """Return a value as text.

    Parameters
    ----------
    value : object
        Numbers of any kind; NaN and None become a dash.
    kind : str
        ``count`` (people, money), ``share`` (per cent), ``times`` (a factor), ``difference`` (with
        its sign), ``points`` (a difference of shares), ``number`` (four digits), ``plain`` (as
        it is), ``text``.
    lang : {"en", "zh"}

    Examples
    --------
    >>> shown(1234567.0, "count"), shown(12.345, "count"), shown(0.0345, "share")
    ('1,234,567', '12.3', '3.5 %')
    >>> shown(1.2345, "times"), shown(0.031, "difference"), shown(0.125, "points")
    ('× 1.23', '+0.031', '+12.5 points')
    >>> shown(float("nan"), "count"), shown(True, "text", "zh")
    ('–', '是')
    """
    if value is None:
        return NOTHING
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return (_YES if value else _NO)[lang]
    if isinstance(value, str) or kind in ("text", "plain"):
        if isinstance(value, float):
            return NOTHING if math.isnan(value) else f"{value:.6g}"
        return str(value)
    number = float(value)
    if math.isnan(number):
        return NOTHING
    if math.isinf(number):
        return "∞" if number > 0 else f"{_MINUS}∞"
    if kind == "share":
        text = f"{_percent(number)} %"
    elif kind == "points":
        text = f"{_signed(100.0 * number, '.3g')} {_POINTS[lang]}"
    elif kind == "times":
        text = f"× {number:,.0f}" if number >= 100 else f"× {number:#.3g}".rstrip(".")
    elif kind == "difference":
        text = _signed(number, ".3g")
    elif kind == "count":
        text = _digits(number)
    else:
        text = f"{number:,.0f}" if abs(number) >= 1e4 else f"{number:.4g}"
    return text.replace("-", _MINUS)


def _percent(share: float) -> str:
    value = 100.0 * share
    if 0.0 < abs(value) < 9.95:
        return f"{value:.1f}"
    # As near to all as near to nothing: 399 of 400 is not all.
    return f"{value:.1f}" if 99.0 < abs(value) < 99.95 else f"{value:.0f}"


def _digits(number: float) -> str:
    if abs(number) >= 100 or number.is_integer():
        return f"{number:,.0f}"
    return f"{number:.3g}"


def _signed(number: float, form: str) -> str:
    if abs(number) >= 1000:
        return f"{number:+,.0f}"
    return "0" if number == 0.0 else f"{number:+{form}}"


def known(low: Any, high: Any) -> bool:
    """Return whether there is an interval: both ends are numbers, infinite ones too."""
    ends = (low, high)
    return not any(end is None or math.isnan(float(end)) for end in ends)


def interval(low: Any, high: Any, kind: str = "number", lang: str = "en") -> str:
    """Return an interval as text, nothing where there is none.

    Examples
    --------
    >>> interval(1200.0, 3400.0, "count"), interval(float("nan"), 1.0)
    ('1,200 to 3,400', '')
    >>> interval(0.9, 1.2, "times"), interval(-0.1, 0.2, "points", "zh")
    ('× 0.900 to 1.20', '−10 至 +20 个百分点')
    """
    if not known(low, high):
        return ""
    first, last = (shown(end, kind, lang) for end in (low, high))
    # The unit stands once.
    if kind == "points":
        first = first.removesuffix(f" {_POINTS[lang]}")
    elif kind == "share":
        first = first.removesuffix(" %")
    elif kind == "times":
        last = last.removeprefix("× ")
    return f"{first} {_TO[lang]} {last}"


def told(value: Any, low: Any, high: Any, kind: str = "number", lang: str = "en") -> str:
    """Return an estimate with its 95 % interval.

    Examples
    --------
    >>> told(0.75, 0.19, 0.95, "share")
    '75 % (95 %: 19 to 95 %)'
    """
    ends = interval(low, high, kind, lang)
    said = shown(value, kind, lang)
    if not ends:
        return said
    return f"{said} (95 %: {ends})" if lang == "en" else f"{said}（95%区间：{ends}）"

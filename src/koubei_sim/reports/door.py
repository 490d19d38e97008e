"""The two doors of every result that has a page: `to_html` and `to_excel`.

A kind of result inherits from `Reported` and says in `_page` what its page holds; everything
else is the same everywhere.  Called by people and by ``koubei report``.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from koubei_sim import checks
from koubei_sim.errors import KoubeiError
from koubei_sim.reports.page import Page
from koubei_sim.storage import whole_file


class Reported(ABC):
    """What can be told on a page."""

    __slots__ = ()

    @abstractmethod
    def _page(self, lang: str) -> Page:
        """Return the page in a language."""

    def to_html(
        self, path: str | Path | None = None, *, lang: str = "en", title: str | None = None
    ) -> str | Path:
        """Return or write a report: one HTML file that opens without a network.

        It holds findings with intervals, charts to read off and zoom, tables to copy, the
        assumptions with their provenance, and the recipe that makes the result again.  The same
        result gives the same bytes.

        Parameters
        ----------
        path : str or Path, optional
            An ``.html`` file to write, whole or not at all; without it the text is returned.
        lang : {"en", "zh"}
        title : str, optional
            In the place of the result's own.

        Returns
        -------
        str or Path
            The text, or the file that was written.

        Raises
        ------
        KoubeiError
            For an unknown language, or a file that cannot be written.
        """
        goal = None if path is None else checks.path_of("path", path, ".html")
        text = self._titled(lang, title)
        if goal is None:
            return text
        goal = goal if goal.suffix else goal.with_suffix(".html")
        with whole_file(goal) as file:
            file.write(text.encode("utf-8"))
        return goal

    def _titled(self, lang: str, title: str | None) -> str:
        from koubei_sim.reports import html

        lang = checks.lang(lang)
        if title is not None and not isinstance(title, str):
            raise KoubeiError("title", "not text", got=checks.shown(title))
        page = self._page(lang)
        return html.text_of(page if title is None else dataclasses.replace(page, title=title))

    def to_excel(self, path: str | Path, *, lang: str = "en") -> Path:
        """Write the tables of the report as a workbook: a sheet each, and one with the recipe.

        Parameters
        ----------
        path : str or Path
            An ``.xlsx`` file, written whole or not at all.
        lang : {"en", "zh"}

        Returns
        -------
        Path

        Raises
        ------
        KoubeiError
            Where openpyxl is not installed, or the file cannot be written.
        """
        from koubei_sim.reports import workbook

        workbook.check()
        goal = checks.path_of("path", path, ".xlsx")
        goal = goal if goal.suffix else goal.with_suffix(".xlsx")
        content = workbook.bytes_of(self._page(checks.lang(lang)))
        with whole_file(goal) as file:
            file.write(content)
        return goal


class Paged(Reported):
    """A page by itself, for what is kept as plain numbers on the disk.

    Parameters
    ----------
    make : callable of str
        Gives the page in a language.
    """

    def __init__(self, make: Callable[[str], Page]) -> None:
        self._make = make

    def _page(self, lang: str) -> Page:
        return self._make(lang)

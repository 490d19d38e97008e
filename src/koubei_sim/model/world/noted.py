"""What must be known of the people of a run: notes of results, in English and Chinese.

They are made in English and kept so with a result; a page says them in its language
(`reports.words.retold`).  Called by `who`, `population`, and `runs`, whose notes are here as well.
"""

from __future__ import annotations

from typing import Any, Final

from koubei_sim.reports.words import said

NOTES: Final[dict[str, tuple[str, str]]] = {
    "without_ties": (
        "{name}: {missing:,} people do not stand in the file, without ties",
        "{name}：有{missing:,}人不在文件中，没有联系",
    ),
    "by_index": (
        "{where}: people are named by its index; agents_by= says otherwise",
        "{where}：按索引识别各人；如需另行指定，请用agents_by=",
    ),
    "by_column": (
        "{where}: people are named by its column {column!r}; agents_by= says otherwise",
        "{where}：按{column}列识别各人；如需另行指定，请用agents_by=",
    ),
    "read_as": ("{where} is read as GB18030", "{where}按GB18030编码读取"),
    "nowhere": (
        "{where}: {nowhere:,} people are on no channel, their cells are empty",
        "{where}：有{nowhere:,}人不在任何渠道，其单元格为空",
    ),
    "rounded": (
        "{where} = {wanted:,g} people become {become:,g}: an agent is {each:,g} people",
        "{where} = {wanted:,g}人按{become:,g}人模拟：一个个体代表{each:,g}人",
    ),
    "each_of_ids": (
        "seeding.ids: each of them is {each:,g} people",
        "seeding.ids：其中每一个代表{each:,g}人",
    ),
}


def note(word: str, **values: Any) -> str:
    """Return a note as it is kept.

    Examples
    --------
    >>> note("read_as", where="people.csv")
    'people.csv is read as GB18030'
    """
    return said(NOTES, word, "en", **values)

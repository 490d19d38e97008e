"""The words around every report in English and Chinese, and how all rooms say theirs.

A room has its table word -> (English, Chinese) beside it and says one word of it with `said`, a
page through `Words`; a word that is missing in one language is a fault of ours and fails in the
tests.  Called by `html`, `workbook`, and whatever speaks in the rooms above: descriptions, pages,
figures, the live page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from koubei_sim import checks


def said(table: Mapping[str, tuple[str, str]], word: str, lang: str, /, **values: object) -> str:
    """Return a word of a table word -> (English, Chinese) in a language, with values put in.

    Examples
    --------
    >>> said({"hello": ("hello {name}", "{name}，你好")}, "hello", "zh", name="Li")
    'Li，你好'
    """
    return table[word][checks.LANGUAGES.index(checks.lang(lang))].format(**values)


class Words:
    """A table of words in one language.

    Parameters
    ----------
    tables : sequence of mappings
        Word -> (English, Chinese), with places for values; the first that has a word says it.
    lang : {"en", "zh"}

    Examples
    --------
    >>> say = Words("zh", {"hello": ("hello {name}", "{name}，你好")})
    >>> say("hello", name="Li"), say("copy")
    ('Li，你好', '复制')
    """

    def __init__(self, lang: str, *tables: Mapping[str, tuple[str, str]]) -> None:
        self.lang = checks.lang(lang)
        self._tables = (*tables, FURNITURE)

    def __call__(self, word: str, /, **values: object) -> str:
        """Return a word with values put in."""
        table = next(table for table in self._tables if word in table)
        return said(table, word, self.lang, **values)


#: What stands on every page.
FURNITURE: Final[dict[str, tuple[str, str]]] = {
    "copy": ("Copy", "复制"),
    "copied": ("Copied", "已复制"),
    "not_copied": ("Select the text and copy it by hand", "请手动选择文本并复制"),
    "csv": ("CSV", "CSV"),
    "csv_of": ("Save as CSV: {title}", "另存为CSV：{title}"),
    "copy_of": ("Copy: {title}", "复制：{title}"),
    "filter": ("Show rows with", "只显示包含以下文字的行"),
    "zoom_in": ("Zoom in", "放大"),
    "zoom_out": ("Zoom out", "缩小"),
    "whole": ("Whole", "全部"),
    "log": ("Log scale", "对数坐标"),
    "chart_of": ("Chart: {title}", "图：{title}"),
    "read_at": ("Read the chart at day", "读数所在的天"),
    "lines": ("Lines of the chart", "图中的线"),
    "show_line": ("Show or hide: {title}", "显示或隐藏：{title}"),
    "day": ("day", "天"),
    "at_day": ("day {day}", "第{day}天"),
    "how_to_use": (
        "Point at a chart to read it, drag over it to zoom in, double-click for the whole.",
        "将鼠标移到图上可读数，拖动可放大，双击可还原。",
    ),
    "no_script": (
        "The charts need JavaScript. All numbers stand in the tables.",
        "图需要JavaScript。所有数字都在表格中。",
    ),
    "rows_shown": (
        "The first {shown:,} of {rows:,} rows; `to_excel` and the tables in Python have all.",
        "仅列出前{shown:,}行，共{rows:,}行；`to_excel`与Python中的表格含全部内容。",
    ),
    "dots_shown": (
        "The first {shown:,} of {rows:,}; `to_excel` has all.",
        "仅画出前{shown:,}个，共{rows:,}个；`to_excel`含全部。",
    ),
    "lines_shown": (
        "The first {shown:,} of {lines:,} lines; `to_excel` has all.",
        "仅列出前{shown:,}行，共{lines:,}行；`to_excel`含全部。",
    ),
    "blocks_shown": (
        "The first {shown:,} of {blocks:,} parts; `to_excel` has all.",
        "仅列出前{shown:,}部分，共{blocks:,}部分；`to_excel`含全部。",
    ),
    "sampled": (
        "{shown:,} of {days:,} moments are drawn, at even steps, from the first to the last.",
        "在{days:,}个时刻中等间隔画出{shown:,}个，首尾在内。",
    ),
    "contents": ("Contents", "目录"),
    "made_with": ("Made with koubei_sim {version}.", "由koubei_sim {version}生成。"),
    "licence": (
        "Charts by uPlot 1.6.32, which is part of this file. Its licence:",
        "图由本文件内含的uPlot 1.6.32绘制。其许可证：",
    ),
    "estimate_of": ("estimate", "估计"),
    # sections that several kinds of results have
    "findings": ("Findings", "主要发现"),
    "mind": ("Mind", "请注意"),
    "charts": ("Charts", "图"),
    "tables": ("Tables", "表格"),
    "simulated": ("What was simulated", "模拟了什么"),
    "assumptions": ("Assumptions", "假设"),
    "recipe": ("Make it again", "如何重做"),
    "reading": ("How to read this page", "如何阅读本页"),
    # heads of tables
    "outcome": ("outcome", "结果"),
    "meaning": ("meaning", "含义"),
    "estimate": ("estimate", "估计"),
    "low": ("95 % from", "95%区间自"),
    "high": ("to", "至"),
    "interval": ("method", "方法"),
    "of": ("of", "所指重复"),
    "n": ("n", "个数"),
    "quantile": ("{share} % of replicates below", "{share}%的重复低于此"),
    "parameter": ("parameter", "参数"),
    "value": ("value", "值"),
    "unit": ("unit", "单位"),
    "range": ("allowed", "允许范围"),
    "neutral": ("switched off at", "关闭时的值"),
    "provenance": ("where the value comes from", "取值来源"),
    "description": ("what it is", "说明"),
    "name": ("name", "名称"),
    "setting": ("setting", "设定"),
    # of a recipe
    "code": ("In Python", "Python代码"),
    "command": ("In a terminal", "终端命令"),
    "scenario_file": ("The scenario: {name}", "情景文件：{name}"),
    "versions": ("Made by", "版本"),
    "key": ("key of all randomness", "随机数钥匙"),
    "digest": ("digest of all numbers (SHA-256)", "全部数字的摘要（SHA-256）"),
    "replicates": ("replicates", "重复次数"),
    "engine": ("engine", "引擎"),
    "times": ("times", "倍数"),
    "difference": ("difference", "差值"),
    "not_reached": ("not reached", "未达到"),
}

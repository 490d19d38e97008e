"""What the report of a verdict holds: in how many worlds a claim holds, and on what it hangs.

Made of the numbers in ``verdict.json`` alone: a stored verdict gives the page of a fresh one.
Called by `Verdict._page` and by ``koubei report``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Any, Final

from koubei_sim.checks import shown
from koubei_sim.errors import KoubeiError
from koubei_sim.metrics.words import outcome_in, shown_as
from koubei_sim.model.mechanisms import MODULES
from koubei_sim.model.scenario.chinese import named_in
from koubei_sim.model.scenario.files import read_toml
from koubei_sim.reports import numbers
from koubei_sim.reports.page import (
    Block,
    Cell,
    Column,
    Dot,
    Dots,
    Figures,
    Listing,
    Page,
    Section,
    Sentences,
    Table,
)
from koubei_sim.reports.words import Words, retold
from koubei_sim.runs import page_parts as parts
from koubei_sim.runs.page_words import WORDS as RUN_WORDS
from koubei_sim.studies.claims.claim_file import FILE
from koubei_sim.studies.claims.plain import plain_of

#: Texts of a claim in Chinese, beside its file.
CHINESE: Final = "chinese.toml"

WORDS: Final[dict[str, tuple[str, str]]] = {
    "lead": ("Claim {id}: {statement}", "论断{id}：{statement}"),
    "verdict": ("verdict", "判定"),
    "holds": ("holds in so many worlds", "成立的世界"),
    "effect": ("effect, median of worlds", "效应（各世界的中位数）"),
    "of_worlds": ("{ends}, of {worlds:,} worlds", "{ends}，共{worlds:,}个世界"),
    "range_of_worlds": ("5 to 95 % of worlds: {ends}", "5%至95%的世界：{ends}"),
    "supported": ("supported", "支持"),
    "rejected": ("rejected", "否定"),
    "differs": ("differs from world to world", "因世界而异"),
    "wired": ("wired: holds in the null model too", "内置：在零模型中也成立"),
    "undecided": ("undecided", "未决"),
    "absent": ("not run: data absent", "未运行：缺少数据"),
    "said": ("Verdict: {verdict}.", "判定：{verdict}。"),
    "by": ("What tells worlds apart: {path}.", "区分世界的参数：{path}。"),
    "main_holds": (
        "The main test ({statement}) holds in {share} of {worlds:,} worlds that count.",
        "主检验（{statement}）在{worlds:,}个计入的世界中成立于{share}。",
    ),
    "no_world": ("No world counts for the main test.", "主检验没有计入的世界。"),
    "main_effect": (
        "Its effect is {median} in the median world; 90 % of worlds: {ends}. From {smallest} on it "
        "would matter.",
        "效应在中位世界中为{median}；90%的世界介于{ends}。自{smallest}起才有意义。",
    ),
    "luck": ("By luck alone it would hold in {share}.", "仅凭运气它会成立于{share}。"),
    "second": ("On the second key it holds in {share}.", "用第二把钥匙，它成立于{share}。"),
    "null": (
        "In the null model, where it should not, it holds in {share}.",
        "在本不应成立的零模型中，它成立于{share}。",
    ),
    "posterior": (
        "In worlds of the calibrated ensemble it holds in {share}.",
        "在校准集合的世界中，它成立于{share}。",
    ),
    "not_confirmed": (
        "The second key does not agree with the first; both are judged together.",
        "第二把钥匙与第一把不一致；合并判定。",
    ),
    "more_worlds": ("About {more:,} more worlds would decide it.", "约再需{more:,}个世界可判定。"),
    "quick": (
        "A quick run of a handful of worlds: no verdict to be quoted.",
        "仅少数世界的快速运行：不可引用为判定。",
    ),
    "language": (
        "The statements stand in the language of the claim file: its folder has no chinese.toml.",
        "论断文字保持论断文件的原文（其文件夹中没有chinese.toml）。",
    ),
    "shares": ("Worlds in which each test holds", "各检验成立的世界比例"),
    "shares_note": ("Lines: 95 % intervals.", "线段为95%区间。"),
    "ratios": ("Effects that are factors", "以倍数表示的效应"),
    "differences": ("Effects that are differences: {outcome}", "以差值表示的效应：{outcome}"),
    "effects_note": (
        "Dot: the median world; line: from 5 to 95 % of worlds; dashed: no effect.",
        "点为中位世界；线段为5%至95%的世界；虚线为无效应。",
    ),
    "strata": ("Whether it takes off, main test", "是否起飞（主检验）"),
    "both": ("in both arms", "两臂都起飞"),
    "only_claimed": ("only in the claimed arm", "仅所称方案"),
    "only_other": ("only in the other", "仅另一方案"),
    "neither": ("in neither", "都不起飞"),
    "tests": ("All tests", "全部检验"),
    "test": ("test", "检验"),
    "share": ("holds in", "成立于"),
    "worlds": ("worlds", "世界"),
    "median_effect": ("effect, median", "效应中位数"),
    "q05": ("5 % of worlds", "5%的世界"),
    "q95": ("95 %", "95%"),
    "smallest": ("matters from", "有意义自"),
    "better": ("better is", "更好为"),
    "more": ("more", "更多"),
    "less": ("less", "更少"),
    "nothing_off": ("(none)", "（全部开启）"),
    "ladder": ("Without each mechanism", "逐一关闭机制"),
    "ladder_note": ("At the centre of the prior; 95 % intervals.", "在先验中心；95%区间。"),
    "module": ("switched off", "关闭"),
    "without": ("effect without it", "关闭后的效应"),
    "stability": ("Markets of other sizes", "其他规模的市场"),
    "agents": ("people", "人数"),
    "splits": ("What the tests hang on", "检验取决于什么"),
    "below": ("holds below", "低于时成立于"),
    "above": ("holds above", "高于时成立于"),
    "at": ("limit", "界值"),
    "p": ("p, after Holm", "p（Holm校正）"),
    "tree": ("What tells worlds apart, main test", "区分世界的树（主检验）"),
    "script_said": ("What the script of the claim says", "论断脚本的说明"),
    "claim_file": ("The claim: {name}", "论断文件：{name}"),
    "runs": ("runs", "运行次数"),
    "failed": ("failed", "失败"),
    "read_worlds": (
        "A claim is tried in many worlds drawn over what is not known. It is supported where it "
        "surely holds in most of them, rejected where it surely holds in few, and differs where "
        "something tells apart the worlds in which it holds.",
        "论断在对未知参数抽取的许多世界中检验。确定在多数世界成立则支持，确定只在少数世界成立则否定，"
        "若有参数能区分成立与不成立的世界则为因世界而异。",
    ),
}  # fmt: skip

#: Lines of a tree of worlds.
TREE: Final[dict[str, tuple[str, str]]] = {
    "variance": (
        "{share} of the variance on worlds left out, {folds} folds",
        "留出的世界（{folds}折）：解释方差的{share}",
    ),
    "score": ("{score} on worlds left out, {folds} folds", "留出的世界（{folds}折）：{score}"),
    "all": ("all: {known} of {n}, {share}", "全部：{n}个中有{known}个，{share}"),
    "part": ("{part}: {known} of {n}, {share}", "{part}：{n}个中有{known}个，{share}"),
    "all_mean": ("all: {mean} in {n}", "全部：{mean}，{n}个"),
    "part_mean": ("{part}: {mean} in {n}", "{part}：{mean}，{n}个"),
}


def page_of(given: Mapping[str, Any], folder: Path, lang: str) -> Page:
    """Return the page of a verdict.

    Parameters
    ----------
    given : mapping
        As in ``verdict.json``.
    folder : Path
        That of the claim: its file is shown, and `CHINESE` says its texts in Chinese.
    lang : str
    """
    say = Words(lang, WORDS, RUN_WORDS)
    texts = {} if lang == "en" else chinese_of(folder / CHINESE)
    content = _in(lang, plain_of(given), texts)
    file = folder / FILE
    claim_file = file.read_text(encoding="utf-8") if file.is_file() else ""
    tests = content["tests"]
    main = next((test for test in tests if test.get("main")), tests[0])
    minded = [say("quick")] if content.get("quick") else []
    minded += [] if lang == "en" or texts else [say("language")]
    findings: list[Block] = [
        Sentences(minded, True),
        _figures(content, main, say),
        Sentences(_findings(content, main, say)),
    ]
    charts = [one for one in _charts(tests, main, say) if one.dots]
    sections = [Section(say("findings"), findings)]
    if charts:
        sections.append(Section(say("charts"), charts))
    sections.append(Section(say("tables"), _tables(content, tests, main, say)))
    sections += [
        Section(say("recipe"), _recipe(content, claim_file, say), folded=True),
        Section(say("reading"), [Sentences([say("read_worlds"), say("read_model")])]),
    ]
    lead = say("lead", id=content["id"], statement=content.get("statement", ""))
    return Page(str(content["title"]), lead, lang, sections)


def chinese_of(path: Path) -> dict[str, tuple[str, str]]:
    """Return the texts of a claim in both languages, by the English ones; none without a file.

    Texts with numbers that are not known yet are templates: ``error {error}``.

    Raises
    ------
    KoubeiError
        For what is no text, or a template with places that the other language has not.
    """
    if not path.is_file():
        return {}
    found = {}
    for english, chinese in read_toml(path).items():
        try:
            names = [{name for _, name, *_ in Formatter().parse(t)} for t in (english, chinese)]
        except (TypeError, ValueError):
            names = []
        if len(names) != 2 or names[0] - {None} != names[1] - {None}:
            raise KoubeiError(
                str(path), "not the same text in Chinese", got=shown(chinese),
                allowed="text, with the places in braces of the English one",
            )  # fmt: skip
        found[english] = (english, chinese)
    return found


def _in(
    lang: str, content: Mapping[str, Any], texts: Mapping[str, tuple[str, str]]
) -> dict[str, Any]:
    """Return a verdict with its texts in a language, as far as there are any."""

    def said(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
        return {name: retold(str(row[name]), lang, texts) for name in names if row.get(name)}

    found = {**content, **said(content, "title", "statement")}
    found["tests"] = [
        {**test, **said(test, "statement", "outcome", "note")} for test in content["tests"]
    ]
    if content.get("markdown"):
        found["markdown"] = _by_line(str(content["markdown"]), lang, texts)
    return found


def _by_line(text: str, lang: str, table: Mapping[str, tuple[str, str]]) -> str:
    return "\n".join(retold(line, lang, table) for line in text.splitlines())


def _verdict(row: Mapping[str, Any], say: Words) -> str:
    name = str(row.get("verdict", ""))
    return say(name) if name in WORDS else name


def _size(row: Mapping[str, Any], name: str) -> Cell:
    """Return an effect as a factor or a difference, with how it is shown."""
    value = row.get(name)
    if row.get("effect_kind", row.get("effect")) != "ratio":
        share = shown_as(str(row.get("outcome", ""))) == "share"
        return Cell(value, "points" if share else "difference")
    return Cell(None if value is None else 1.0 + value, "times")


def _shown(cell: Cell, say: Words) -> str:
    return numbers.shown(cell.value, cell.kind, say.lang)


def _share(row: Mapping[str, Any], say: Words) -> str:
    ends = (row.get("share"), row.get("share_low"), row.get("share_high"))
    return numbers.told(*ends, "share", say.lang)


def _figures(content: Mapping[str, Any], main: Mapping[str, Any], say: Words) -> Figures:
    entries = [(say("verdict"), _verdict(content, say), "")]
    if main.get("share") is not None:
        ends = numbers.interval(main["share_low"], main["share_high"], "share", say.lang)
        remark = say("of_worlds", ends=say("ends", ends=ends), worlds=main["worlds"])
        entries.append((say("holds"), numbers.shown(main["share"], "share"), remark))
    if main.get("effect_median") is not None:
        entries.append(
            (say("effect"), _shown(_size(main, "effect_median"), say),
             say("range_of_worlds", ends=_range(main, say)))
        )  # fmt: skip
    return Figures(entries)


def _range(row: Mapping[str, Any], say: Words) -> str:
    low, high = _size(row, "effect_q05"), _size(row, "effect_q95")
    return numbers.interval(low.value, high.value, low.kind, say.lang)


def _findings(content: Mapping[str, Any], main: Mapping[str, Any], say: Words) -> list[str]:
    said = [say("said", verdict=_verdict(content, say))]
    if content.get("verdict") == "differs" and main.get("by"):
        said.append(say("by", path=named_in(say.lang, str(main["by"]))))
    if main.get("share") is not None:
        share = _share(main, say)
        said.append(
            say("main_holds", statement=main["statement"], share=share, worlds=main["worlds"])
        )
    elif "markdown" not in content:
        said.append(say("no_world"))
    if main.get("effect_median") is not None:
        median, smallest = (_shown(_size(main, n), say) for n in ("effect_median", "smallest"))
        ends = _range(main, say)
        said.append(say("main_effect", median=median, ends=ends, smallest=smallest))
    if main.get("placebo_worlds"):
        share, low, high = main["placebo"]
        said.append(say("luck", share=numbers.told(share, low, high, "share", say.lang)))
    for phase in ("second", "null", "posterior"):
        found = main.get(phase)
        if isinstance(found, Mapping) and found.get("share") is not None:
            said.append(say(phase, share=_share(found, say)))
    if main.get("confirmed") is False:
        said.append(say("not_confirmed"))
    if content.get("verdict") == "undecided" and main.get("more"):
        said.append(say("more_worlds", more=int(main["more"])))
    if main.get("note"):
        said.append(str(main["note"]))
    return said


def _charts(tests: Any, main: Mapping[str, Any], say: Words) -> list[Dots]:
    held = [test for test in tests if test.get("share") is not None]
    shares = [
        Dot(str(test["statement"]), test["share"], test["share_low"], test["share_high"],
            _share(test, say))
        for test in held
    ]  # fmt: skip
    charts = [Dots("shares", say("shares"), shares, "share", note=say("shares_note"))]
    # Factors share one scale; of differences each outcome has a unit of its own.
    by_scale: dict[str, list[Dot]] = {}
    for test in held:
        cells = [_size(test, f"effect_{end}") for end in ("median", "q05", "q95")]
        if any(cell.value is None for cell in cells):
            continue
        label, outcome = str(test["statement"]), outcome_in(say.lang, str(test["outcome"]))
        factor = cells[0].kind == "times"
        label = f"{label} ({outcome})" if factor else label
        said = f"{_shown(cells[0], say)} ({_range(test, say)})"
        middle, low, high = (float(cell.value) for cell in cells)
        dot = Dot(label, middle, low, high, said)
        by_scale.setdefault("" if factor else outcome, []).append(dot)
    for outcome, dots in by_scale.items():
        title = say("differences", outcome=outcome) if outcome else say("ratios")
        kind = "number" if outcome else "times"
        reference = 0.0 if outcome else 1.0
        name = f"differences {outcome}" if outcome else "factors"
        charts.append(Dots(name, title, dots, kind, reference, not outcome, say("effects_note")))
    strata = main.get("strata") or {}
    dots = [
        Dot(say(name), share, low, high, numbers.told(share, low, high, "share", say.lang))
        for name, (share, low, high) in strata.items()
        if name in WORDS
    ]
    return [*charts, Dots("strata", say("strata"), dots, "share")]


def _tables(
    content: Mapping[str, Any], tests: Any, main: Mapping[str, Any], say: Words
) -> list[Any]:
    rows = [
        [test["statement"], _verdict(test, say), test.get("share"), test.get("share_low"),
         test.get("share_high"), test.get("worlds"), _size(test, "effect_median"),
         _size(test, "effect_q05"), _size(test, "effect_q95"), _size(test, "smallest"),
         outcome_in(say.lang, str(test.get("outcome", ""))), _better(test, say)]
        for test in tests
    ]  # fmt: skip
    columns = _columns(
        say, "test", "verdict", "share:share", "low:share", "high:share", "worlds:count",
        "median_effect:number", "q05:number", "q95:number", "smallest:number", "outcome", "better",
    )  # fmt: skip
    blocks: list[Any] = [Table("tests", say("tests"), columns, rows)]
    if content.get("ladder"):
        rows = [
            [_off(str(row["module"]), say),
             *(_size({**main, "effect_kind": main["effect"], **row}, name)
               for name in ("effect", "low", "high"))]
            for row in content["ladder"]
        ]  # fmt: skip
        columns = _columns(say, "module", "without:number", "low:number", "high:number")
        blocks.append(Table("ladder", say("ladder"), columns, rows, say("ladder_note")))
    if content.get("stability"):
        rows = [
            [str(row["agents"]), row.get("share"), row.get("share_low"), row.get("share_high"),
             row.get("worlds"), _size({**main, **row}, "effect_median")]
            for row in content["stability"]
        ]  # fmt: skip
        columns = _columns(
            say, "agents", "share:share", "low:share", "high:share", "worlds:count",
            "median_effect:number",
        )  # fmt: skip
        blocks.append(Table("stability", say("stability"), columns, rows))
    rows = [
        [
            test["statement"],
            named_in(say.lang, str(split["path"])),
            split["at"],
            split["below"],
            split["above"],
            split["p"],
        ]
        for test in tests
        for split in test.get("splits", ())
    ]
    if rows:
        columns = _columns(
            say, "test", "parameter", "at:number", "below:share", "above:share", "p:number"
        )
        blocks.append(Table("splits", say("splits"), columns, rows))
    if main.get("tree"):
        blocks.append(Listing("tree", say("tree"), _by_line(str(main["tree"]), say.lang, TREE)))
    if content.get("markdown"):
        blocks.append(Listing("said", say("script_said"), str(content["markdown"])))
    return blocks


def _better(test: Mapping[str, Any], say: Words) -> str:
    word = test.get("better")
    return say(word) if word in ("more", "less") else ""


def _off(module: str, say: Words) -> str:
    """Return what is switched off: its name, in Chinese after what it is."""
    if module == "(none)":
        return say("nothing_off")
    known = MODULES.get(module)
    return module if say.lang == "en" or known is None else f"{known.zh}（{module}）"


def _columns(say: Words, *names: str) -> list[Column]:
    found = []
    for name in names:
        word, _, kind = name.partition(":")
        found.append(Column(word, say(word), kind or "text"))
    return found


def _recipe(content: Mapping[str, Any], claim_file: str, say: Words) -> list[Any]:
    name = str(content["id"])
    handed = ", ".join(f"{one!r}: {one}" for one in content.get("handed", ()))
    asked = f"{name!r}, outcomes={{{handed}}}" if handed else repr(name)
    code = f"import koubei_sim as kb\n\nfound = kb.claim({asked})  # in a checkout\nprint(found)"
    blocks: list[Any] = [Listing("code", say("code"), code)]
    if not handed:  # the command has only what the folder holds
        blocks.insert(0, Listing("command", say("command"), f"koubei claim {parts.quoted(name)}"))
    first = {word: content[word] for word in ("key", "runs", "failed") if word in content}
    rows = [[say(word), str(value)] for word, value in first.items()]
    rows.append(["koubei_sim", str(content.get("version", ""))])
    blocks.append(Table("versions", say("versions"), _columns(say, "setting", "value"), rows))
    if claim_file:
        blocks.append(Listing("claim", say("claim_file", name=FILE), claim_file))
    return blocks

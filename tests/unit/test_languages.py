"""Languages: one name for the choice, one list of them, one check, wherever something speaks.

A word of the choice that differs from door to door, or a list that forgets a language, would be
found by users only.
"""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import pytest

from koubei_sim import checks
from koubei_sim.app.words import CHOICE
from koubei_sim.cli import lookup
from koubei_sim.cli.options import Lang
from koubei_sim.errors import KoubeiError
from koubei_sim.reports.words import said
from koubei_sim.studies.claims import read_claim


def test_the_choice_of_a_language_is_called_lang_at_every_door(root: Path) -> None:
    """Catches a door that calls it otherwise: `to_html(language=)` beside `describe(lang=)`."""
    found = []
    for path in (root / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.arg, ast.keyword)) and node.arg == "language":
                found.append(f"{path.name}:{node.lineno}")
    # The live page, a marimo file, calls the control itself so.
    assert [place for place in found if not place.startswith("page.py")] == []


def test_languages_are_listed_once(root: Path) -> None:
    """Catches a second list, which a new language would not reach."""
    found = []
    for path in (root / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
                words = {each.value for each in node.elts if isinstance(each, ast.Constant)}
                if {"en", "zh"} <= words:
                    found.append(path.name)
    assert found == ["checks.py"]
    assert tuple(Lang) == tuple(CHOICE.values()) == checks.LANGUAGES


@pytest.mark.parametrize("wrong", ["fr", "EN", None, 1])
def test_what_is_no_language_is_refused_where_a_word_is_said(wrong: object) -> None:
    """Catches a word of any language given for one that is not known."""
    with pytest.raises(KoubeiError, match="lang: unknown"):
        said({"hello": ("hello", "你好")}, "hello", wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "meant"),
    [("cn", "zh"), ("ZH", "zh"), ("zh-CN", "zh"), ("zh_TW", "zh"), ("中文", "zh"),
     ("Chinese", "zh"), ("EN", "en"), ("en-GB", "en"), ("english", "en"), ("fr", None)],
)  # fmt: skip
def test_a_wrong_language_is_answered_with_the_one_that_is_meant(
    given: str, meant: str | None
) -> None:
    """Catches `cn` answered with `en`, which has a letter in common, and `ZH` with nothing."""
    with pytest.raises(KoubeiError) as caught:
        checks.lang(given)
    assert caught.value.fix == meant
    assert str(caught.value).startswith("lang: unknown, got ")


def test_words_that_read_wrongly_in_chinese_do_not_come_back(root: Path) -> None:
    """Catches 代数 (algebra) for generations, 不支持 (not offered) for rejected, two of quality."""
    wrong, found = ("的代数", "不支持", "(?<!竞)品质"), []
    for folder, ends in (("src", ("py", "toml")), ("experiments", ("toml",))):
        for path in (path for end in ends for path in (root / folder).rglob(f"*.{end}")):
            text = path.read_text("utf-8")
            found += [f"{path.name}: {word}" for word in wrong if re.search(word, text)]
    assert found == []


def test_what_a_claim_is_called_in_chinese_is_no_part_of_it(root: Path, tmp_path: Path) -> None:
    """Catches a verdict that is stale because a translation of its texts was mended."""
    copy = Path(shutil.copytree(root / "experiments" / "E1", tmp_path / "E1"))
    shutil.copy(root / "experiments" / "market.toml", tmp_path)
    before = read_claim(copy / "claim.toml").digest
    (copy / "chinese.toml").write_text('"a" = "b"\n', "utf-8")
    assert read_claim(copy / "claim.toml").digest == before


def test_what_is_looked_up_in_chinese_says_what_is_english() -> None:
    """Catches English passed off as Chinese, and `False` beside `true或false`."""
    texts = [lookup.told(word, "zh") for word in ("take_off", "promoters")]
    assert any("领域用语，解释为英文" in text for text in texts)
    rows = [entry for entry in lookup.entries("zh") if entry.kind == "parameter"]
    said_of = " ".join(more for entry in rows for more in entry.more)
    assert "默认false" in said_of and "False" not in said_of and "True" not in said_of

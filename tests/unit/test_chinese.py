"""Chinese pages are Chinese: every text of the library has its other one, and no page forgets it.

What was written by others stays as it is: names of a scenario, mechanisms of a user's own, titles
of papers.
"""

from __future__ import annotations

import importlib
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests import reports
from tests.own.gifts import gifts

import koubei_sim as kb
from koubei_sim import KoubeiError
from koubei_sim.cli.lookup import looked_up
from koubei_sim.metrics import OUTCOMES
from koubei_sim.metrics.words import CHINESE
from koubei_sim.model import mechanisms
from koubei_sim.model.scenario import parameter_table
from koubei_sim.model.scenario.chinese import named_in, text_in, texts
from koubei_sim.reports.page import Curves, Dots, Figures, Listing, Page, Sentences, Table
from koubei_sim.reports.words import Words, retold
from koubei_sim.runs import page_parts
from koubei_sim.runs.page_words import WORDS
from koubei_sim.studies.claims.page import chinese_of
from koubei_sim.studies.claims.report import paged
from koubei_sim.studies.compare.comparison import Comparison

HAN = re.compile("[\u4e00-\u9fff]")
#: Four words in a row: fewer may be a name, as of authors; words with commas are allowed values.
ENGLISH = re.compile(r"[A-Za-z]+(?: [A-Za-z]+){3,}")
CLAIMS = tuple(sorted(path.parent.name for path in reports.EXPERIMENTS.glob("E*/verdict.json")))
#: Tables of sentences that are kept in English and retold by pages.
TOLD = (
    ("model.world.noted", "NOTES"), ("cascades.words", "NOTES"), ("cascades.words", "MEANINGS"),
    ("studies.compare.unlike", "NOTES"), ("studies.decide.noted", "NOTES"),
    ("metrics.overview", "NEVER"), ("metrics.words", "CELLS"),
    ("studies.calibration.page", "LEVELS"), ("studies.sensitivity.page", "TABLE"),
    ("evidence.page", "TABLE"), ("studies.claims.page", "TREE"),
)  # fmt: skip


def said_on(page: Page) -> Iterator[str]:
    """Every text of a page that is read; code and files are copied, not read."""
    yield from (page.title, page.lead)
    for section in page.sections:
        yield section.title
        for block in section.blocks:
            yield from _said(block)


def _said(block: Any) -> Iterator[str]:
    if isinstance(block, Table):
        yield from (block.title, block.note, *(column.title for column in block.columns))
        yield from (cell for row in block.rows for cell in row if isinstance(cell, str))
    elif isinstance(block, Curves):
        yield from (block.title, block.y_title, block.alternative, block.note, block.x_title)
        yield from (line.title for line in block.lines)
    elif isinstance(block, Dots):
        yield from (block.title, block.note)
        yield from (text for dot in block.dots for text in (dot.label, dot.said))
    elif isinstance(block, Figures):
        yield from (text for entry in block.entries for text in entry)
    elif isinstance(block, Sentences):
        yield from block.texts
    elif isinstance(block, Listing):
        yield block.title
        if block.name in ("description", "tree", "said"):
            yield block.text


def english_on(page: Page) -> list[str]:
    return [text for text in said_on(page) if ENGLISH.search(text)]


# The texts -------------------------------------------------------------------------------------


def test_every_text_of_a_scenario_is_there_in_chinese_and_no_other() -> None:
    """A parameter, a source, a unit that was added or written anew in English alone."""
    rows = parameter_table()
    presets = [kb.Scenario.load(name) for name in kb.Scenario.presets()]
    wanted = {
        "parameters": {row.path for row in rows},
        "provenance": {row.provenance for row in rows},
        "units": {row.unit for row in rows} - {"1", "name", "choice"},
        "columns": {column.variable for column in mechanisms.COLUMNS},
        "composites": {one.name for one in mechanisms.COMPOSITES},
        "scenarios": {
            text
            for one in presets
            for text in (
                one.title,
                one.description,
                *(t for each in one.milestones for t in (each.label, each.source)),
            )
            if text
        },
    }
    for section, names in wanted.items():
        assert set(texts()[section]) == names, section
    worded = [row.range for row in rows if not re.fullmatch(r"[\w.+-]*(, \w+)*", row.range)]
    assert worded
    assert all(text_in("zh", "ranges", text) != text for text in worded)
    assert set(CHINESE) == set(OUTCOMES)
    for section in texts().values():
        same = [name for name, text in section.items() if not HAN.search(text)]
        assert not any(ENGLISH.search(name) for name in same), same  # names of papers and sites


def test_rows_are_chinese_by_whatever_name_they_go() -> None:
    """A channel of the scenario whose texts are looked up under its own name."""
    rows = {row.path: row for row in parameter_table(kb.Scenario.load("tiny"), "zh")}
    assert rows["channels.weibo.network.homophily"].description.startswith("在同类人群内部")
    assert rows["supply.rounds.0.units"].description == "发售的件数"
    assert rows["seeding.purity"].provenance == "假设（没有资料给出最初用户的纯度）"
    english = {row.path: row for row in parameter_table(kb.Scenario.load("tiny"))}
    assert english["seeding.purity"].provenance.startswith("assumption (no source")
    assert all(rows[path].value == row.value for path, row in english.items())


def test_a_mechanism_of_a_users_own_is_told_in_its_own_words() -> None:
    """A text that is missing in Chinese, and fails or is made up."""
    rows = {r.path: r for r in parameter_table(kb.Scenario().with_mechanisms(gifts), "zh")}
    assert rows["gifts.gain"].description == "factor of telling"
    assert rows["gifts.days"].provenance == "假设"
    assert text_in("zh", "scenarios", "my own market") == "my own market"


# Sentences that are kept in English -------------------------------------------------------------


@pytest.mark.parametrize(("room", "name"), TOLD)
def test_what_is_kept_in_english_is_retold(room: str, name: str) -> None:
    """Places that differ, a sentence that another one catches, a value that is lost."""
    table = getattr(importlib.import_module(f"koubei_sim.{room}"), name)
    for english, chinese in table.values():
        places = {
            field: spec for _, field, spec, _ in string.Formatter().parse(english) if field
        }  # fmt: skip
        values: dict[str, Any] = {
            field: (k + 3) * 1234 if spec else f"它{k}"
            for k, (field, spec) in enumerate(places.items())
        }
        told = retold(english.format(**values), "zh", table)
        shown = {f: format(v, places[f]) if places[f] else repr(v) if f"{{{f}!r}}" in english
                 else v for f, v in values.items()}  # fmt: skip
        bare = re.sub(r"(\{\w+)(?:![rs])?(?::[^}]*)?\}", r"\1}", chinese)
        assert told == bare.format(**shown)
        assert retold(english.format(**values), "en", table) == english.format(**values)


def test_notes_of_results_are_told_in_the_language_of_the_page() -> None:
    """Notes that are made from other sentences than the table has: they would stay English."""
    coarse = reports.base().replace(people_per_agent=1000.0, ticks=5)
    people = {"name": [f"p{k}" for k in range(400)], "segment": ["enthusiast", "newbie"] * 200}
    table = pd.DataFrame({**people, "channels": [""] + ["forum; weibo"] * 399})
    found = kb.run(coarse, agents=table, replicates=1, rng=1, threads=1)
    assert len(found.notes) >= 3
    runs = {"one": found, "two": kb.run(reports.base(), replicates=1, rng=1, threads=1)}
    both = Comparison(runs, "one")
    assert len(both.notes) >= 4
    plan: Any = reports.made("plan")
    assert plan.notes
    for each in (found, both, plan):
        assert not any(HAN.search(note) for note in each.notes)
        warned = next(block for block in each._page("zh").blocks(Sentences) if block.warning)
        assert len(warned.texts) >= len(each.notes)
        assert all(HAN.search(text) for text in warned.texts), warned.texts


# Pages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", tuple(reports.KINDS))
def test_no_page_has_an_english_sentence(kind: str) -> None:
    """A description, source, note, head or alternative text that was forgotten."""
    made = reports.made(kind)
    assert english_on(made._page("zh")) == []
    assert len(english_on(made._page("en"))) >= 4  # or the check would see nothing


@pytest.mark.parametrize("preset", kb.Scenario.presets())
def test_presets_are_described_and_assumed_in_chinese(preset: str) -> None:
    """A preset with a unit, a source or a title that the small one has not."""
    scenario, say = kb.Scenario.load(preset), Words("zh", WORDS)
    blocks = [page_parts.in_words(scenario, say), *page_parts.assumptions(scenario, say)]
    assert [t for block in blocks for t in _said(block) if ENGLISH.search(t)] == []
    assert HAN.search(page_parts.title_of(scenario, say))
    table = blocks[-1]
    assert isinstance(table, Table)
    assert all(HAN.search(str(row[-1])) and HAN.search(str(row[-2])) for row in table.rows)
    lines = scenario.describe("zh").splitlines()
    assert not any(line.lstrip().startswith(tuple("。，；：、）")) for line in lines)


def test_a_name_in_a_finding_comes_with_what_it_is() -> None:
    """A path alone, or with the text of another one that its pattern fits as well."""
    for row in parameter_table(kb.Scenario.load("xiaomi_phone"), "zh"):
        assert named_in("zh", row.path) == f"{row.path}（{row.description}）"
    assert named_in("zh", "newbie_margin").startswith("newbie_margin（平均水平的小白")
    said = " ".join(said_on(reports.made("sensitivity")._page("zh")))
    assert "seeding.purity（种子用户中发烧友的比例（纯度））最重要" in said
    assert "（平均水平的小白" in " ".join(said_on(paged(reports.EXPERIMENTS / "E11")._page("zh")))


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_twenty_claims_are_stated_in_chinese(claim: str) -> None:
    """A claim that was restated, or a test that was added, without its Chinese text."""
    page = paged(reports.EXPERIMENTS / claim)._page("zh")
    assert english_on(page) == []
    content = json.loads((reports.EXPERIMENTS / claim / "verdict.json").read_text("utf-8"))
    known = chinese_of(reports.EXPERIMENTS / claim / "chinese.toml")
    for test in content["tests"]:
        assert HAN.search(retold(test["statement"], "zh", known))


def test_a_claim_without_chinese_texts_says_so(tmp_path: Path) -> None:
    """A page that mixes languages and does not say why; texts with places of their own."""
    source = reports.EXPERIMENTS / "E20"
    (tmp_path / "verdict.json").write_bytes((source / "verdict.json").read_bytes())
    text = " ".join(said_on(paged(tmp_path)._page("zh")))
    assert "论断文字保持论断文件的原文" in text
    assert "论断文字" not in " ".join(said_on(paged(source)._page("zh")))
    for wrong in ('"a {b}" = "甲"', '"a" = 3', '"a {" = "甲 {"'):
        (tmp_path / "chinese.toml").write_text(wrong, encoding="utf-8")
        with pytest.raises(KoubeiError, match=r"chinese\.toml: not the same text in Chinese"):
            paged(tmp_path)._page("zh")


# The command -----------------------------------------------------------------------------------


def test_words_are_found_by_their_chinese_texts() -> None:
    """A look-up that knows the English texts only."""
    assert "seeding.purity" in [entry.name for entry in looked_up("纯度", "zh")]
    assert [entry.name for entry in looked_up("gate", "zh")][:2] == ["gate", "market.open_to_all"]
    ours = [entry for entry in looked_up("users", "zh") if entry.kind != "in the field"]
    assert ours
    assert all(HAN.search(entry.text) for entry in ours)
